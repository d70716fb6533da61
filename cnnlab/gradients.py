"""Gradients, checked: the slope of a loss measured by moving each number a little, up and down.

No automatic differentiation: this is the slow way that holds the quick ones to account.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.checks import numbers, real, shown
from cnnlab.errors import DataError, ShapeError

__all__ = ["central_difference", "relative_error"]


def central_difference(
    loss: Callable[[NDArray[np.float64]], float], at: ArrayLike, step: float = 1e-5
) -> NDArray[np.float64]:
    """Measure a slope by every number: ``(loss(x + step) - loss(x - step)) / (2 * step)``.

    Parameters
    ----------
    loss : callable of (array) -> float
        Called twice for every number, with an array of the shape of `at`.
    at : array_like
        Where the slope is wanted.
    step : float
        How far each number is moved. 1e-5 suits a loss computed in float64; for one in float32 take
        1e-2, or the rounding is larger than the difference.

    Returns
    -------
    ndarray of the shape of `at`, float64

    Raises
    ------
    DataError
        If the loss gives no single real number, or an argument makes no sense.

    Notes
    -----
    The error of the formula shrinks with ``step ** 2``, that of the rounding grows with
    ``1 / step``. Near a kink, such as that of ReLU at 0, it measures something in between.

    Examples
    --------
    >>> central_difference(lambda x: float((x**2).sum()), [1.0, -3.0]).round(6).tolist()
    [2.0, -6.0]
    """
    if not callable(loss):
        raise DataError(
            f"loss must be a function of an array, got {shown(loss)}; try loss=lambda x: x.sum()"
        )
    step = real(step, "step", 1e-5, above=0)
    moved = np.array(numbers(at, "at"), dtype=np.float64)
    slope = np.zeros_like(moved)
    for place in np.ndindex(moved.shape):
        before = moved[place]
        found = []
        for way in (step, -step):
            moved[place] = before + way
            value = np.asarray(numbers(loss(moved.copy()), "what the loss gives"))
            if value.size != 1:
                raise DataError(
                    f"loss must give one number, got {shown(value)}; add up what it gives, such as "
                    f"float(output.sum())"
                )
            found.append(float(value.item()))
        moved[place] = before
        slope[place] = (found[0] - found[1]) / (2 * step)
    return slope


def relative_error(one: ArrayLike, other: ArrayLike) -> float:
    """Tell how far two gradients are apart, as a share of both: ``|a - b| / (|a| + |b|)``.

    Parameters
    ----------
    one, other : array_like of the same shape

    Returns
    -------
    float
        The largest of all numbers; 0 where both are 0. Under 1e-6 in float64 the gradient is right;
        0.3 is no rounding.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DataError
        If the numbers are not real.

    Examples
    --------
    >>> round(relative_error([0.30], [0.60]), 2)
    0.33
    """
    first, second = (np.asarray(numbers(part, name), np.float64)
                     for part, name in ((one, "one"), (other, "other")))  # fmt: skip
    if first.shape != second.shape:
        raise ShapeError(
            f"the gradients have shapes {first.shape} and {second.shape}; compare gradients of "
            f"the same numbers"
        )
    sizes = np.abs(first) + np.abs(second)
    share = np.abs(first - second) / np.where(sizes == 0, 1, sizes)
    return float(share.max(initial=0))
