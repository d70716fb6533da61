"""First weights: random, small, and of a size that lets signals through many layers.

A shape is ``(filter_height, filter_width, in_channels, out_channels)`` or ``(inputs, units)``: the
last axis counts outputs, all axes before it are what one output sums over (its *fan-in*).
Random numbers come from an explicit generator. No orthogonal or data-dependent schemes.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod, sqrt

import numpy as np
from numpy.typing import NDArray

from cnnlab.buffers import fresh
from cnnlab.checks import generator, shown, sizes
from cnnlab.errors import DataError

__all__ = [
    "INITIALIZERS",
    "Initializer",
    "fans",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
]

Initializer = Callable[[tuple[int, ...], np.random.Generator], NDArray[np.float32]]


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Count the numbers one output sums over, and the outputs one input takes part in.

    Parameters
    ----------
    shape : tuple of int
        Of a filter bank or a weight matrix.

    Returns
    -------
    (int, int)
        Fan-in and fan-out.

    Raises
    ------
    ShapeError
        If `shape` is not one or more whole numbers above 0.

    Examples
    --------
    >>> fans((3, 3, 32, 64))
    (288, 576)
    >>> fans((400, 120))
    (400, 120)
    """
    shape = sizes(shape)
    window = prod(shape[:-2])
    return prod(shape[:-1]), window * shape[-1]


def _normal(
    shape: tuple[int, ...], variance: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    weights = fresh(sizes(shape))
    generator(rng).standard_normal(dtype=np.float32, out=weights)
    weights *= np.float32(sqrt(variance))
    return weights


def _uniform(
    shape: tuple[int, ...], variance: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    limit = sqrt(3 * variance)  # a uniform variable in [-limit, limit] has variance limit² / 3
    weights = fresh(sizes(shape))
    generator(rng).random(dtype=np.float32, out=weights)
    weights *= np.float32(2 * limit)
    weights -= np.float32(limit)
    return weights


def glorot_normal(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw normal weights of variance ``2 / (fan_in + fan_out)``: for tanh and sigmoid.

    Parameters
    ----------
    shape : tuple of int
        The last axis counts outputs.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of the given shape, float32

    Raises
    ------
    ShapeError
        If `shape` is not one or more whole numbers above 0, or would not fit in memory.
    DataError
        If `rng` is no generator.

    Notes
    -----
    Glorot and Bengio 2010, *Understanding the difficulty of training deep feedforward neural
    networks*, equation 12; not truncated.
    """
    return _normal(shape, 2 / sum(fans(shape)), rng)


def glorot_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw uniform weights of variance ``2 / (fan_in + fan_out)``: a safe default.

    Parameters
    ----------
    shape, rng
        As in `glorot_normal`.

    Notes
    -----
    Glorot and Bengio 2010, equation 16.

    Examples
    --------
    >>> weights = glorot_uniform((3, 3, 1, 8), np.random.default_rng(0))
    >>> bool(abs(weights).max() <= (6 / (9 + 72)) ** 0.5)
    True
    """
    return _uniform(shape, 2 / sum(fans(shape)), rng)


def he_normal(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw normal weights of variance ``2 / fan_in``: for ReLU, which zeroes half its input.

    Parameters
    ----------
    shape, rng
        As in `glorot_normal`.

    Notes
    -----
    He et al. 2015, *Delving deep into rectifiers*, equation 10.
    """
    return _normal(shape, 2 / fans(shape)[0], rng)


def he_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw uniform weights of variance ``2 / fan_in``; otherwise as `he_normal`."""
    return _uniform(shape, 2 / fans(shape)[0], rng)


def lecun_normal(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw normal weights of variance ``1 / fan_in``, which keeps the variance of a linear sum.

    Parameters
    ----------
    shape, rng
        As in `glorot_normal`.

    Notes
    -----
    LeCun et al. 1998, *Efficient BackProp*, section 4.6.
    """
    return _normal(shape, 1 / fans(shape)[0], rng)


def lecun_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw uniform weights of variance ``1 / fan_in``; otherwise as `lecun_normal`."""
    return _uniform(shape, 1 / fans(shape)[0], rng)


INITIALIZERS: dict[str, Initializer] = {
    function.__name__: function
    for function in (
        glorot_normal, glorot_uniform, he_normal, he_uniform, lecun_normal, lecun_uniform,
    )
}  # fmt: skip


def get(name: str) -> Initializer:
    """Look an initialiser up by its name.

    Raises
    ------
    DataError
        If there is none of that name; the message lists them.
    """
    if not isinstance(name, str) or name not in INITIALIZERS:
        raise DataError(
            f"there is no initializer {shown(name)}; try one of {', '.join(INITIALIZERS)}"
        )
    return INITIALIZERS[name]
