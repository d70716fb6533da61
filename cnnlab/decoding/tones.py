"""From numbers to tones in [0, 1]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["unit_range"]


def unit_range(numbers: NDArray[np.generic], white: int | None = None) -> NDArray[np.float32]:
    """Bring numbers into [0, 1].

    Parameters
    ----------
    numbers : ndarray
    white : int, optional
        The number that is white, if black is zero.

    Returns
    -------
    ndarray of the same shape, float32
        Without `white`, what lies within [0, 1] as it is, and all else spread from its
        own smallest number to its own largest; what is no number is black.

    Examples
    --------
    >>> unit_range(np.array([128, 4095], np.uint16), 4095).round(3)
    array([0.031, 1.   ], dtype=float32)
    >>> unit_range(np.array([-10, 0, 10]))
    array([0. , 0.5, 1. ], dtype=float32)
    """
    if white is not None:
        shares: NDArray[np.float32] = np.divide(numbers, np.float32(white), dtype=np.float32)
        return shares
    spread = numbers.astype(np.float64)
    finite = spread[np.isfinite(spread)]
    if not finite.size:
        return np.zeros(numbers.shape, np.float32)
    low, high = finite.min(), finite.max()
    np.nan_to_num(spread, copy=False, nan=low, posinf=high, neginf=low)
    if low >= 0 and high <= 1:
        return spread.astype(np.float32)
    with np.errstate(over="ignore"):
        span = high - low
    if not np.isfinite(span) or not span:
        return np.zeros(numbers.shape, np.float32)
    spread -= low
    spread /= span
    return spread.astype(np.float32)
