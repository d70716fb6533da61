"""Dropout: which units a training step leaves out, checked."""

from __future__ import annotations

import numpy as np

from cnnlab.buffers import empty
from cnnlab.checks import as_float, generator, shown, sizes
from cnnlab.errors import DataError
from cnnlab.functional._checks import Float32, checked_out
from cnnlab.functional._kernels import loaded

__all__ = ["dropout_mask"]


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
    shape, rng = sizes(shape), generator(rng)
    if not 0 <= as_float(rate) < 1:  # NaN is refused too
        raise DataError(
            f"rate must be a number, at least 0 and below 1, got {shown(rate)}; "
            f"try rate=0.5, which leaves out every second unit"
        )
    out = empty(shape) if out is None else checked_out(out, shape)
    seed = int(rng.integers(2**64, dtype=np.uint64))
    loaded("dropout").dropout_mask(out.size, float(rate), seed, out=out)
    return out
