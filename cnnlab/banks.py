"""Filters for colour, and filters side by side as a layer takes them.

Axes of a bank: row, column, channel (red, green, blue), filter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.checks import listed, shown
from cnnlab.errors import DataError, ShapeError
from cnnlab.filters import CATALOGUE, Filter

__all__ = ["COLOURS", "SIXTEEN", "stack"]

_CHANNELS = 3


def _mixed(plane: ArrayLike, colours: Sequence[float]) -> NDArray[np.float64]:
    """Give each colour the same plane of weights, times a number of its own."""
    return np.multiply.outer(np.asarray(plane, np.float64), np.asarray(colours, np.float64))


_POINT = CATALOGUE["identity"].weights
_SOBEL_X, _SOBEL_Y = CATALOGUE["sobel_x"].weights, CATALOGUE["sobel_y"].weights
_RED_GREEN, _BLUE_YELLOW = [1, -1, 0], [-0.5, -0.5, 1]

_HERING = "Hering 1878, Zur Lehre vom Lichtsinne: colours in pairs, each the other's opposite"
_CELLS = "Livingstone and Hubel 1984, Anatomy and physiology of a color system: double opponency"

_FILTERS = [
    Filter(
        "redness",
        _mixed(_POINT, [1, -0.5, -0.5]),
        "Finds red: positive where there is more red than green and blue on average.",
        _HERING,
    ),
    Filter(
        "greenness",
        _mixed(_POINT, [-0.5, 1, -0.5]),
        "Finds green: positive where there is more green than red and blue on average.",
        _HERING,
    ),
    Filter(
        "blueness",
        _mixed(_POINT, _BLUE_YELLOW),
        "Finds blue: positive where there is more blue than yellow, which is red and green.",
        _HERING,
    ),
    Filter(
        "red_or_green",
        _mixed(_POINT, _RED_GREEN),
        "Tells red from green: positive for red, negative for green, whatever the blue.",
        _HERING,
    ),
    Filter(
        "red_green_x",
        _mixed(_SOBEL_X, _RED_GREEN),
        "Finds vertical edges of colour: positive where it turns from green to red, going right.",
        _CELLS,
    ),
    Filter(
        "red_green_y",
        _mixed(_SOBEL_Y, _RED_GREEN),
        "Finds horizontal edges of colour: positive where it turns from green to red, going down.",
        _CELLS,
    ),
    Filter(
        "blue_yellow_x",
        _mixed(_SOBEL_X, _BLUE_YELLOW),
        "Finds vertical edges of colour: positive where it turns from yellow to blue, going right.",
        _CELLS,
    ),
    Filter(
        "blue_yellow_y",
        _mixed(_SOBEL_Y, _BLUE_YELLOW),
        "Finds horizontal edges of colour: positive where it turns from yellow to blue, going "
        "down.",
        _CELLS,
    ),
]

COLOURS: Mapping[str, Filter] = MappingProxyType({entry.name: entry for entry in _FILTERS})
"""Filters with a slice of their own for red, green and blue, by name. The slices add up to zero,
so that grey, where the three are equal, gives nothing."""

SIXTEEN: tuple[str, ...] = (
    *("identity", "gaussian_3", "sharpen", "emboss"),
    *("sobel_x", "sobel_y", "laplacian", "outline"),
    *COLOURS,
)
"""Eight filters that see light and dark, and eight that see colour: a layer to play with."""


def stack(filters: Sequence[str | Filter | ArrayLike]) -> NDArray[np.float32]:
    """Lay filters side by side as a layer for colour pictures takes them.

    Parameters
    ----------
    filters : sequence of str, Filter or array_like of shape (height, width) or (height, width, 3)
        Names of `filters.CATALOGUE` or of `COLOURS`, or weights. A filter of rows and columns gets
        the same slice for every channel; a small one gets zeros around it.

    Returns
    -------
    ndarray of shape (filter_height, filter_width, 3, filters), float32
        For `functional.conv2d`.

    Raises
    ------
    DataError
        If there is none, or a name is unknown.
    ShapeError
        If one of them is not (height, width) or (height, width, 3).

    Examples
    --------
    >>> stack(["sobel_x", "redness", [[1, -1]]]).shape
    (3, 3, 3, 3)
    """
    found = [_deep(one) for one in listed(filters, "filters", '["sobel_x", "redness"]')]
    if not found:
        raise DataError('a bank needs at least one filter, got none; try ["sobel_x", "redness"]')
    height, width = (max(one.shape[axis] for one in found) for axis in (0, 1))
    bank = np.zeros((height, width, _CHANNELS, len(found)), np.float32)
    for number, one in enumerate(found):
        rows, columns = one.shape[:2]
        top, left = (height - rows) // 2, (width - columns) // 2
        bank[top : top + rows, left : left + columns, :, number] = one
    return bank


def _deep(value: Any) -> NDArray[np.float32]:
    """Read one filter as three slices."""
    if isinstance(value, str):
        known = {**CATALOGUE, **COLOURS}
        if value not in known:
            raise DataError(f"there is no filter {value!r}; try one of {', '.join(known)}")
        value = known[value]
    weights = value.weights if isinstance(value, Filter) else Filter("", value).weights
    if weights.ndim == 2 or weights.shape[2] == 1:
        flat = weights.reshape(*weights.shape[:2], 1)
        return np.repeat(flat, _CHANNELS, axis=2)
    if weights.shape[2] != _CHANNELS:
        raise ShapeError(
            f"a filter for colour has three slices, red, green and blue, got one of shape "
            f"{shown(weights.shape)}; try weights[..., :3]"
        )
    return weights
