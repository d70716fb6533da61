"""What a training has reached, kept in a file, and taken up again."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cnnlab import checkpoints
from cnnlab.errors import DataError
from cnnlab.layers import Array
from cnnlab.network import LayerArrays, Network
from cnnlab.optimizers import Optimizer
from cnnlab.training.settings import Settings

__all__ = ["Reached", "read", "told", "write"]

LayerSlots = tuple[dict[str, tuple[Array, ...]], ...]  # what the optimiser keeps, layer by layer


@dataclass(frozen=True)
class Reached:
    """What a training has reached: parameters and slots belong together."""

    step: int
    parameters: LayerArrays
    slots: LayerSlots

    @classmethod
    def nothing(cls, net: Network, optimizer: Optimizer) -> Self:
        """Begin with the network as it is, and zeros for everything the optimiser keeps."""
        slots = tuple(
            {
                key: tuple(np.zeros_like(array) for _ in optimizer.slots)
                for key, array in arrays.items()
                if key not in row.layer.non_trainable
            }
            for row, arrays in zip(net.sequential.rows, net.layer_parameters, strict=True)
        )
        return cls(0, net.layer_parameters, slots)

    @property
    def finite(self) -> bool:
        """Whether all parameters are finite; to ask takes about a hundredth of a step."""
        return all(
            np.isfinite(array).all() for arrays in self.parameters for array in arrays.values()
        )


def told(settings: Settings, images: Array, labels: NDArray[np.int64]) -> dict[str, Any]:
    """Say what must be the same when a training is resumed, in plain values."""
    return {
        **settings.as_json(),
        "images": len(images),
        "labels": zlib.crc32(labels.tobytes()),
        "slots": list(settings.optimizer.slots),
    }


def write(
    path: str | os.PathLike[str],
    net: Network,
    reached: Reached,
    settings: Mapping[str, Any],
    learning_rate: float,
) -> None:
    """Write a network and the state of its training, with the settings that `told` gave."""
    slots = {
        slot: {
            f"{row.name}.{key}": kept[place]
            for row, layer in zip(net.sequential.rows, reached.slots, strict=True)
            for key, kept in layer.items()
        }
        for place, slot in enumerate(settings["slots"])
    }
    state = {**settings, "step": reached.step, "learning_rate": learning_rate}
    frozen = Network.from_parameters(net.sequential, net.parameters, copy=False)
    checkpoints.save(frozen, path, checkpoints.Progress(state, slots))


def read(
    path: str | os.PathLike[str], net: Network, settings: Mapping[str, Any], steps: int
) -> tuple[Reached, float]:
    """Read where a training was left, and its learning rate; another training is refused."""
    kept, progress = checkpoints.load_progress(
        path, {type(layer) for layer in net.sequential.layers}
    )
    if kept.sequential != net.sequential:
        raise DataError(f"{path} holds the training of another network; start a new one")
    for name, now in settings.items():
        then = progress.settings.get(name)
        if then != now:
            raise DataError(
                f"{path} holds a training with {name}={then}, but this one has {name}={now}; "
                "give the same settings, or start a new training"
            )
    step, rate = progress.settings.get("step"), progress.settings.get("learning_rate")
    if not isinstance(step, int) or not 0 <= step <= steps:
        raise DataError(f"{path} says it is at step {step!r} of {steps}; start a new training")
    if not isinstance(rate, float):
        raise DataError(f"{path} says its learning rate is {rate!r}; start a new training")
    slots = tuple(
        {
            key: tuple(progress.slots[slot][f"{row.name}.{key}"] for slot in progress.slots)
            for key in row.parameter_shapes
            if key not in row.layer.non_trainable
        }
        for row in kept.sequential.rows
    )
    return Reached(step, kept.layer_parameters, slots), rate
