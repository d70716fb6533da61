"""Filters that a widget lets the learner edit: read from whatever names or holds one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import filters
from cnnlab.errors import DataError, ShapeError
from cnnlab.widgets.shared.traits import shortest

__all__ = ["named", "presets", "read"]


def named(value: Any) -> Any:
    """Find a filter of the catalogue by its name; what is no name comes back as it is.

    Raises
    ------
    DataError
        If there is none of that name.
    """
    if not isinstance(value, str):
        return value
    if value not in filters.CATALOGUE:
        raise DataError(f"there is no filter {value!r}; try one of {', '.join(filters.CATALOGUE)}")
    return filters.CATALOGUE[value]


def read(value: Any, largest: int) -> NDArray[np.float32]:
    """Read a filter.

    Parameters
    ----------
    value : str, Filter or array_like of shape (filter_height, filter_width) or (..., channels)
        A name of `filters.CATALOGUE`, or weights.
    largest : int
        Rows and columns at the most.

    Returns
    -------
    ndarray of shape (filter_height, filter_width) or (..., channels), float32

    Raises
    ------
    ShapeError
        If it is too large, or no filter.
    DataError
        If there is none of that name, or its weights are not finite numbers.
    """
    weights = filters.Filter("", named(value)).weights
    if max(weights.shape[:2]) > largest:
        raise ShapeError(
            f"the lab edits filters of 1x1 to {largest}x{largest}, got "
            f"{weights.shape[0]}x{weights.shape[1]}; for larger ones use filters.apply"
        )
    if not np.isfinite(weights).all():
        raise DataError(
            "the weights of a filter in the lab must be finite, and this one has nan or inf; "
            "try np.nan_to_num(weights)"
        )
    return weights


def presets(largest: int) -> list[dict[str, Any]]:
    """List what the catalogue has up to a size, as the page gets it."""
    return [
        {"name": entry.name, "weights": shortest(entry.weights), "purpose": entry.purpose}
        for entry in filters.CATALOGUE.values()
        if max(entry.weights.shape[:2]) <= largest
    ]
