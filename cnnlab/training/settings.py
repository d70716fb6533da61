"""What a training is told, and what each setting must be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, NoReturn

from cnnlab.augmentation import Augmentation
from cnnlab.checks import shown, whole
from cnnlab.errors import DataError
from cnnlab.losses import LOSSES, Loss, softmax_cross_entropy
from cnnlab.optimizers import OPTIMIZERS, SCHEDULES, SGD, Optimizer

__all__ = ["Settings", "check_function"]

# What a setting must be, and what to offer instead of something else.
_WANTED: dict[str, tuple[str, list[str]]] = {
    "optimizer": ("one of cnnlab.optimizers", [f"optimizers.{name}()" for name in OPTIMIZERS]),
    "loss": (
        "one of cnnlab.losses, or a function like them",
        [f"losses.{name}" for name in LOSSES],
    ),
    "schedule": (
        "one of the schedules of cnnlab.optimizers, or a function like them",
        [f"optimizers.{name}()" for name in SCHEDULES],
    ),
    "augment": (
        "one or several of cnnlab.augmentation, or functions like them",
        [f"augmentation.{name}()" for name in ("Shift", "Flip", "Crop", "Noise")],
    ),
    "callbacks": ("functions of a snapshot", ["[callbacks.History()]"]),
}


@dataclass(frozen=True)
class Settings:
    """What a training is told besides the network and the images; the same give the same bits.

    A recipe holds them, and ``run(net, train_data, **vars(settings))`` follows them.

    Parameters
    ----------
    epochs, optimizer, batch_size, seed, loss, schedule
        As in `run`.
    augment : tuple of callable

    Raises
    ------
    DataError
        If one of them makes no sense.
    """

    epochs: int = 3
    optimizer: Optimizer = SGD(0.05, momentum=0.9)
    batch_size: int = 64
    seed: int = 0
    loss: Loss = softmax_cross_entropy
    augment: tuple[Augmentation, ...] = ()
    schedule: Callable[[float], float] | None = None

    def __post_init__(self) -> None:
        for name, least in [("epochs", 1), ("batch_size", 1), ("seed", 0)]:
            object.__setattr__(self, name, whole(getattr(self, name), name, least))
        object.__setattr__(self, "augment", _several(self.augment))
        if not isinstance(self.optimizer, Optimizer):
            _refuse("optimizer", self.optimizer)
        check_function("loss", self.loss)
        if self.schedule is not None:
            check_function("schedule", self.schedule)
        for stage in self.augment:
            check_function("augment", stage)

    def as_json(self) -> dict[str, Any]:
        """Say them in plain values: a training is resumed with the same, in whatever process."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


def check_function(name: str, value: Any) -> None:
    """Refuse a setting that is to be called and cannot be."""
    if not callable(value) or isinstance(value, type):
        _refuse(name, value)


def _refuse(name: str, got: Any) -> NoReturn:
    """Say what was wanted; of a class or a name, what was probably meant."""
    wanted, offers = _WANTED[name]
    if isinstance(got, type):
        offers = [f"{got.__name__}()"]
    elif isinstance(got, str):
        asked = got.lower()
        offers = [each for each in offers if f".{asked}" in each.lower()] or offers
    remedies = " or ".join(f"{name}={offer}" for offer in offers)
    raise DataError(f"{name} must be {wanted}, got {shown(got)}; try {remedies}")


def _several(augment: Any) -> tuple[Augmentation, ...]:
    return tuple(augment) if isinstance(augment, list | tuple) else (augment,)


def _plain(setting: Any) -> Any:
    """Turn a setting into plain values, naming functions so that the next process agrees."""
    if setting is None or isinstance(setting, int):
        return setting
    if isinstance(setting, tuple):
        return [_plain(each) for each in setting]
    if is_dataclass(setting):
        return repr(setting)
    return getattr(setting, "__qualname__", type(setting).__qualname__)
