"""Dropout: which units a training step leaves out, checked."""

from functools import cache
from operator import index
from types import ModuleType

import numpy as np

from cnnlab.buffers import empty
from cnnlab.errors import DataError, ShapeError
from cnnlab.functional._checks import Float32, checked_out

__all__ = ["dropout_mask"]


@cache
def _kernels() -> ModuleType:
    """Load the compiled kernels when they are first needed: Numba takes a moment to import."""
    from cnnlab.kernels import dropout

    return dropout


def dropout_mask(
    shape: tuple[int, ...],
    rate: float,
    rng: np.random.Generator,
    *,
    out: Float32 | None = None,
) -> Float32:
    """Roll a die for each unit: 0 leaves it out, ``1 / (1 - rate)`` keeps it.

    Multiply by the mask on the way forward and on the way back. Those that stay make up for those
    that do not, so that nothing need be scaled after training.

    Parameters
    ----------
    shape : tuple of int
        One entry of the mask for each unit.
    rate : float
        The share of units to leave out: at least 0 and below 1.
    rng : numpy.random.Generator
        64 random bits are drawn from it.
    out : ndarray of shape `shape`, float32, optional
        Where to write the mask.

    Returns
    -------
    ndarray of shape `shape`, float32

    Raises
    ------
    ShapeError
        If `shape` is none.
    DataError
        If `rate` is no such share or `rng` is not a generator.

    Notes
    -----
    Srivastava et al. 2014, *Dropout: a simple way to prevent neural networks from overfitting*;
    scaled while training ("inverted").

    Examples
    --------
    >>> dropout_mask((6,), 0.5, np.random.default_rng(1))
    array([...], dtype=float32)
    """
    try:
        sizes = tuple(index(size) for size in shape)
    except TypeError:
        sizes = ()
    if not sizes or min(sizes) < 1:
        raise ShapeError(
            f"shape must be one or more whole numbers above 0, got {shape!r}; "
            f"try the shape of the array to be masked"
        )
    if not isinstance(rate, int | float | np.number) or not 0 <= rate < 1:  # NaN is refused too
        raise DataError(
            f"rate must be a number, at least 0 and below 1, got {rate!r}; "
            f"try rate=0.5, which leaves out every second unit"
        )
    if not isinstance(rng, np.random.Generator):
        raise DataError(
            f"rng must be a numpy.random.Generator, got {type(rng).__name__}; "
            f"try numpy.random.default_rng(0)"
        )
    out = empty(sizes) if out is None else checked_out(out, sizes)
    seed = int(rng.integers(2**64, dtype=np.uint64))
    _kernels().dropout_mask(out.size, float(rate), seed, out=out)
    return out
