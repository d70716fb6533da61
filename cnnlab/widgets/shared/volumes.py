"""Volumes of a few numbers, set by hand; their last axes may be left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.checks import shown
from cnnlab.errors import DataError
from cnnlab.widgets.shared.traits import Array, shortest

__all__ = ["Volume", "finite", "resized", "times", "within"]

Float32 = NDArray[np.float32]


class Volume(Array):
    """An array with a largest shape, whose last axes may be left out where they are of length one.

    Parameters
    ----------
    read, default
        As for `Array`.
    most : tuple of int
        The largest shape, with all axes that there can be.
    """

    def __init__(
        self,
        read: str | Callable[[Any, Any], NDArray[Any]],
        default: Any,
        most: tuple[int, ...],
    ) -> None:
        super().__init__(read, default)
        self.most = most

    def as_json(self, value: Any) -> Any:
        """Write the numbers with all axes: the page need not ask which were left out."""
        missing = len(self.most) - value.ndim
        return shortest(value.reshape(*value.shape, *(1,) * missing))

    def facts(self) -> dict[str, Any]:
        """Tell the page how large it may grow."""
        return {"most": list(self.most)}


def finite(value: Any, name: str, axes: tuple[int, ...], attempt: str) -> Float32:
    """Read an array of finite numbers.

    Parameters
    ----------
    value : array_like
    name : str
        What it is called.
    axes : tuple of int
        How many axes it may have.
    attempt : str
        What to try, as code.

    Raises
    ------
    DataError
        If it is something else.
    """
    try:
        with np.errstate(over="ignore"):
            array = np.asarray(value, dtype=np.float32)
    except (TypeError, ValueError):
        array = np.full((), np.nan, np.float32)
    if array.ndim not in axes or not array.size or not np.isfinite(array).all():
        *some, last = map(str, axes)
        raise DataError(
            f"{name} must be finite numbers with {', '.join(some)} or {last} axes, got "
            f"{shown(value)}; try {attempt}"
        )
    return array


def within(shape: tuple[int, ...], most: tuple[int, ...], name: str) -> None:
    """Refuse a shape that is longer on an axis than there is room.

    Raises
    ------
    DataError
        With a part that would fit.
    """
    if any(size > limit for size, limit in zip(shape, most, strict=False)):
        part = ", ".join(f":{limit}" for limit in most[: len(shape)])
        raise DataError(
            f"{name} can be {times(most)} here at the most, got {times(shape)}; try a part of "
            f"it, such as [{part}]"
        )


def times(shape: tuple[int, ...]) -> str:
    """Write a shape as 12x12x3."""
    return "x".join(map(str, shape))


def resized(array: Float32, shape: tuple[int, ...], otherwise: float = 0) -> Float32:
    """Cut or extend an array on every axis; `otherwise` is what is new."""
    fitted = np.full(shape, otherwise, np.float32)
    both = tuple(slice(min(old, new)) for old, new in zip(array.shape, shape, strict=True))
    fitted[both] = array[both]
    return fitted
