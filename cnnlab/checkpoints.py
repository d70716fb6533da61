"""Checkpoints: a network in one file, its architecture with it, and if wanted its training's state.

The format is that of `number_files`. The architecture stands in the header as JSON: it names layers
of this package (or ones that the caller passes), with settings that the layers check. What is in
the file is held against what that architecture must have.
Left out: optimiser state of other packages, quantised weights, files in several parts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnlab import __version__, number_files
from cnnlab.checks import kind_of, listed, path_of, shown
from cnnlab.errors import DataError
from cnnlab.layers import LAYERS, Array, Layer
from cnnlab.network import Network, checked_network
from cnnlab.sequential import Sequential

__all__ = ["Progress", "describe", "load", "load_progress", "rebuild", "save"]

_FORMAT = "1"
_LAYER_LIMIT = 1000
_NO_NETWORK = (
    "it does not say what network it belongs to; for the weights of another package, "
    "build the network there and use Network.from_torch"
)


@dataclass(frozen=True)
class Progress:
    """How far a training has come.

    Attributes
    ----------
    settings : dict
        Plain values: the step, and what the training was told.
    slots : dict of dict of ndarray
        What the optimiser keeps, by slot and then by the name of the parameter.
    """

    settings: dict[str, Any]
    slots: dict[str, dict[str, Array]]


def describe(sequential: Sequential) -> dict[str, Any]:
    """Say in plain values what a network is made of; `rebuild` turns it back.

    Parameters
    ----------
    sequential : Sequential

    Returns
    -------
    dict
        Ready for JSON.

    Raises
    ------
    DataError
        If a layer is not a dataclass, so that its settings are not known.

    Examples
    --------
    >>> from cnnlab.layers import Flatten
    >>> describe(Sequential([Flatten()], input_shape=(8, 8, 1)))
    {'input_shape': [8, 8, 1], 'layers': [{'layer': 'Flatten'}]}
    """
    kind_of(sequential, Sequential, "sequential", "net.sequential")
    return {
        "input_shape": list(sequential.input_shape),
        "layers": [
            {"layer": type(layer).__name__, **layer.settings()} for layer in sequential.layers
        ],
    }


def rebuild(description: Any, layers: Iterable[type[Layer]] = ()) -> Sequential:
    """Build the network that `describe` described.

    Parameters
    ----------
    description : dict
        From anywhere: it is not trusted.
    layers : iterable of Layer classes
        Layers of your own that it may name.

    Returns
    -------
    Sequential

    Raises
    ------
    DataError
        If it is no description, names a layer that is not known, or the layers do not fit.
    """
    known = LAYERS | {layer.__name__: layer for layer in _classes(layers)}
    try:
        entries, input_shape = description["layers"], description["input_shape"]
        if len(entries) > _LAYER_LIMIT:
            raise DataError(f"{len(entries)} layers are more than the {_LAYER_LIMIT} allowed")
        return Sequential([_layer(entry, known) for entry in entries], input_shape)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise DataError(f"this is not the architecture of a network: {error}") from error


def _classes(layers: Iterable[type[Layer]]) -> tuple[type[Layer], ...]:
    """Check that what is named as layers of one's own are classes of layers."""
    classes = listed(layers, "layers", "layers=[MyLayer]")
    for layer in classes:
        if not isinstance(layer, type) or not issubclass(layer, Layer):
            raise DataError(
                "layers must be classes that inherit from cnnlab.layers.Layer, "
                f"got {shown(layer)}; try layers=[MyLayer]"
            )
    return classes


def _layer(entry: Mapping[str, Any], known: Mapping[str, type[Layer]]) -> Layer:
    settings: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()
    }
    name = settings.pop("layer")
    if name not in known:
        raise DataError(
            f"the layer {name!r} is not known here; if it is your own, pass layers=[{name}]"
        )
    return known[name](**settings)


def save(net: Network, path: str | os.PathLike[str], progress: Progress | None = None) -> None:
    """Write a network to a file; a file already there is replaced in one go.

    Parameters
    ----------
    net : Network
    path : path_like
        Ends in ``.safetensors`` by custom.
    progress : Progress, optional
        The state of its training, to take it up again; see `training.run`.

    Raises
    ------
    DataError
        If the file cannot be written, or a layer cannot be described.
    """
    arrays, path = checked_network(net).parameters, path_of(path, "path")
    header = {
        "format": _FORMAT,
        "cnnlab": __version__,
        "architecture": json.dumps(describe(net.sequential)),
    }
    if progress is not None:
        kind_of(progress, Progress, "progress", "training.run(net, data, checkpoint=path)")
        header["progress"] = json.dumps(progress.settings)
        for slot, kept in progress.slots.items():
            arrays |= {f"{slot}/{name}": array for name, array in kept.items()}
    number_files.write(path, arrays, header)


def load(path: str | os.PathLike[str], layers: Iterable[type[Layer]] = ()) -> Network:
    """Read a network from a file.

    Parameters
    ----------
    path : path_like
        Written by `save`. It is not trusted.
    layers : iterable of Layer classes
        Layers of your own that the file may name.

    Returns
    -------
    Network

    Raises
    ------
    DataError
        If the file is missing, cut short, changed, or something else altogether.
    """
    return _read(path_of(path, "path"), layers)[0]


def load_progress(
    path: str | os.PathLike[str], layers: Iterable[type[Layer]] = ()
) -> tuple[Network, Progress]:
    """Read a network together with the state of its training.

    Parameters
    ----------
    path, layers
        As in `load`.

    Returns
    -------
    Network
    Progress

    Raises
    ------
    DataError
        As `load`; also if the file holds a network only.
    """
    net, progress = _read(path_of(path, "path"), layers)
    if progress is None:
        raise DataError(
            f"{path} holds a network, but not the state of a training; start a new one from it"
        )
    return net, progress


def _read(path: Path, layers: Iterable[type[Layer]]) -> tuple[Network, Progress | None]:
    refuse = number_files.Refusal(path, "a usable checkpoint")

    def told(header: number_files.Header) -> tuple[Sequential, Any]:
        sequential = rebuild(
            number_files.json_of(refuse, header, "architecture", _NO_NETWORK), layers
        )
        if "progress" not in header:
            return sequential, None
        return sequential, number_files.json_of(refuse, header, "progress", "")

    header, arrays = number_files.read(refuse, lambda header: _expected(*told(header)))
    sequential, settings = told(header)
    net = Network.from_parameters(
        sequential, {name: arrays[name] for name in parameter_shapes(sequential)}, copy=False
    )
    if settings is None:
        return net, None
    slots = {
        slot: {
            name.partition("/")[2]: array
            for name, array in arrays.items()
            if name.startswith(f"{slot}/")
        }
        for slot in settings["slots"]
    }
    return net, Progress(settings, slots)


def parameter_shapes(sequential: Sequential) -> dict[str, tuple[int, ...]]:
    """Name every array of a network, with its shape."""
    return {
        f"{row.name}.{key}": shape
        for row in sequential.rows
        for key, shape in row.parameter_shapes.items()
    }


def _expected(sequential: Sequential, settings: Any) -> number_files.Expected:
    """Name every array the file must hold, with its type and shape."""
    shapes = parameter_shapes(sequential)
    if settings is not None:
        shapes |= _slot_shapes(sequential, settings)
    return {name: ("F32", shape) for name, shape in shapes.items()}


def _slot_shapes(sequential: Sequential, settings: Any) -> dict[str, tuple[int, ...]]:
    slots = settings.get("slots") if isinstance(settings, dict) else None
    if not isinstance(slots, list) or not all(isinstance(slot, str) for slot in slots):
        raise DataError("the state of the training in this file does not name its slots")
    trainable = {
        f"{row.name}.{key}": shape
        for row in sequential.rows
        for key, shape in row.parameter_shapes.items()
        if key not in row.layer.non_trainable
    }
    return {f"{slot}/{name}": shape for slot in slots for name, shape in trainable.items()}
