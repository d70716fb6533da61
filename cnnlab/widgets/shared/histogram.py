"""How often which numbers occur: a map and what became of it, counted over one range."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["BINS", "common_range", "counts"]

BINS = 64


def common_range(*arrays: NDArray[np.float32]) -> tuple[float, float]:
    """Find the least and the largest finite number of all arrays together; never an empty range.

    Parameters
    ----------
    *arrays : ndarray of any shape, float32

    Returns
    -------
    (float, float)
        (0, 1) if no number is finite.
    """
    finite = [array[np.isfinite(array)] for array in arrays]
    finite = [array for array in finite if array.size]
    if not finite:
        return 0.0, 1.0
    low = min(float(array.min()) for array in finite)
    high = max(float(array.max()) for array in finite)
    return (low, high) if low < high else (low, low + 1)


def counts(values: NDArray[np.float32], low: float, high: float) -> list[int]:
    """Count the numbers in each of `BINS` bins of one width; what is not finite is left out.

    Parameters
    ----------
    values : ndarray of any shape, float32
    low, high : float
        Where the first bin begins and the last one ends; `high` itself is in the last one.
    """
    finite = values[np.isfinite(values)].astype(np.float64)
    bins = ((finite - low) * (BINS / (high - low))).astype(np.int64)
    found: list[int] = np.bincount(np.clip(bins, 0, BINS - 1), minlength=BINS).tolist()
    return found
