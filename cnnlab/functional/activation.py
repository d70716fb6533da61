"""Activations and their slopes, checked.

Every ``*_backward`` takes the gradient and the *output* of its function, from which the slope can
be read, so that a network keeps one array and not two. Only `maxout_backward` takes what `maxout`
was given: its output does not tell who won. All but maxout work in place: ``relu(x, out=x)``, or
``relu_backward(grad, output, out=grad)``. NaN stays NaN.

All raise `ShapeError` for an empty array, and `DataError` for values that are not real numbers or
an `out` that cannot take the result; a function's own section tells what else it refuses.
"""

from __future__ import annotations

import math
from operator import index
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cnnlab.buffers import empty
from cnnlab.checks import as_float, shown
from cnnlab.errors import DataError, ShapeError
from cnnlab.functional._checks import Float32, as_float32, checked_out
from cnnlab.functional._kernels import loaded

__all__ = [
    "elu",
    "elu_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "maxout",
    "maxout_backward",
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "tanh",
    "tanh_backward",
]


def relu(x: ArrayLike, *, out: Float32 | None = None) -> Float32:
    """Rectify: 0 where ``x <= 0``, else ``x``. It has no upper bound.

    Parameters
    ----------
    x : array_like
        Any shape; converted to float32 if it is not.
    out : ndarray of the shape of `x`, float32, optional
        Where to write the result; may be `x` itself.

    Returns
    -------
    ndarray of the shape of `x`, float32
        `out`, if it was given.

    Raises
    ------
    ShapeError
        If `x` is empty or `out` has another shape.
    DataError
        If the values are not real numbers, or `out` cannot take the result.

    Examples
    --------
    >>> relu([-2, 0, 3])
    array([0., 0., 3.], dtype=float32)
    """
    x = as_float32(x, "x")
    out = _place(out, x)
    loaded("activation").relu(x, out=out)
    return out


def relu_backward(
    grad_output: ArrayLike, output: ArrayLike, *, out: Float32 | None = None
) -> Float32:
    """Let the gradient through where the unit answered, nothing elsewhere.

    Parameters
    ----------
    grad_output : array_like
        Slope of the loss with respect to every output.
    output : array_like of the shape of `grad_output`
        What `relu` returned.
    out : ndarray of the shape of `output`, float32, optional
        Where to write the result; may be `grad_output` or `output` itself.

    Returns
    -------
    ndarray of the shape of `output`, float32
        `out`, if it was given.

    Raises
    ------
    ShapeError
        If the shapes differ.

    Examples
    --------
    >>> relu_backward([5, 5, 5], relu([-2, 0, 3]))
    array([0., 0., 5.], dtype=float32)
    """
    grad_output, output = _pair(grad_output, output)
    out = _place(out, output, grad_output)
    loaded("activation").relu_backward(grad_output, output, out=out)
    return out


def leaky_relu(x: ArrayLike, slope: float = 0.1, *, out: Float32 | None = None) -> Float32:
    """Rectify, but let a little through: ``slope * x`` where ``x <= 0``, else ``x``.

    Parameters
    ----------
    x, out
        As in `relu`.
    slope : float
        Slope below zero; not negative.

    Returns
    -------
    ndarray of the shape of `x`, float32

    Raises
    ------
    DataError
        If `slope` is negative.

    Examples
    --------
    >>> leaky_relu([-2, 0, 3])
    array([-0.2,  0. ,  3. ], dtype=float32)
    """
    x, slope = as_float32(x, "x"), _not_negative(slope, "slope", 0.1)
    out = _place(out, x)
    loaded("activation").leaky_relu(x, slope, out=out)
    return out


def leaky_relu_backward(
    grad_output: ArrayLike, output: ArrayLike, slope: float = 0.1, *, out: Float32 | None = None
) -> Float32:
    """Let the gradient through where the unit answered, `slope` of it elsewhere.

    Parameters
    ----------
    grad_output, output, out
        As in `relu_backward`, after `leaky_relu`.
    slope : float
        As given to `leaky_relu`.

    Returns
    -------
    ndarray of the shape of `output`, float32

    Examples
    --------
    >>> leaky_relu_backward([5, 5], leaky_relu([-2, 3]))
    array([0.5, 5. ], dtype=float32)
    """
    grad_output, output = _pair(grad_output, output)
    slope = _not_negative(slope, "slope", 0.1)
    out = _place(out, output, grad_output)
    loaded("activation").leaky_relu_backward(grad_output, output, slope, out=out)
    return out


def elu(x: ArrayLike, alpha: float = 1.0, *, out: Float32 | None = None) -> Float32:
    """Bend smoothly towards ``-alpha``: ``alpha * (exp(x) - 1)`` where ``x <= 0``, else ``x``.

    Parameters
    ----------
    x, out
        As in `relu`.
    alpha : float
        How far below zero the output can go; not negative.

    Returns
    -------
    ndarray of the shape of `x`, float32

    Raises
    ------
    DataError
        If `alpha` is negative.

    Notes
    -----
    Clevert, Unterthiner and Hochreiter 2016, *Fast and accurate deep network learning by
    exponential linear units*, section 3.

    Examples
    --------
    >>> elu([-100, 0, 3])
    array([-1.,  0.,  3.], dtype=float32)
    """
    x, alpha = as_float32(x, "x"), _not_negative(alpha, "alpha", 1.0)
    out = _place(out, x)
    loaded("activation").elu(x, alpha, out=out)
    return out


def elu_backward(
    grad_output: ArrayLike, output: ArrayLike, alpha: float = 1.0, *, out: Float32 | None = None
) -> Float32:
    """Multiply by the slope: ``alpha * exp(x) = output + alpha`` below zero, 1 above.

    Parameters
    ----------
    grad_output, output, out
        As in `relu_backward`, after `elu`.
    alpha : float
        As given to `elu`.

    Returns
    -------
    ndarray of the shape of `output`, float32

    Examples
    --------
    >>> elu_backward([5, 5], elu([-100, 3]))
    array([0., 5.], dtype=float32)
    """
    grad_output, output = _pair(grad_output, output)
    alpha = _not_negative(alpha, "alpha", 1.0)
    out = _place(out, output, grad_output)
    loaded("activation").elu_backward(grad_output, output, alpha, out=out)
    return out


def sigmoid(x: ArrayLike, *, out: Float32 | None = None) -> Float32:
    """Squash into (0, 1): ``1 / (1 + exp(-x))``.

    Parameters
    ----------
    x, out
        As in `relu`.

    Returns
    -------
    ndarray of the shape of `x`, float32
        Within 3e-7 of the exact value, relatively.

    Examples
    --------
    >>> sigmoid([-100, 0, 100])
    array([0. , 0.5, 1. ], dtype=float32)
    """
    x = as_float32(x, "x")
    out = _place(out, x)
    loaded("activation").sigmoid(x, out=out)
    return out


def sigmoid_backward(
    grad_output: ArrayLike, output: ArrayLike, *, out: Float32 | None = None
) -> Float32:
    """Multiply by the slope ``output * (1 - output)``: at most 1/4, next to 0 at both ends.

    Parameters
    ----------
    grad_output, output, out
        As in `relu_backward`, after `sigmoid`.

    Returns
    -------
    ndarray of the shape of `output`, float32

    Examples
    --------
    >>> sigmoid_backward([1, 1], sigmoid([0, 100]))
    array([0.25, 0.  ], dtype=float32)
    """
    grad_output, output = _pair(grad_output, output)
    out = _place(out, output, grad_output)
    loaded("activation").sigmoid_backward(grad_output, output, out=out)
    return out


def tanh(x: ArrayLike, *, out: Float32 | None = None) -> Float32:
    """Squash into (-1, 1): the hyperbolic tangent.

    Parameters
    ----------
    x, out
        As in `relu`.

    Returns
    -------
    ndarray of the shape of `x`, float32
        Within 3e-7 of the exact value, relatively.

    Examples
    --------
    >>> tanh([-100, 0, 100])
    array([-1.,  0.,  1.], dtype=float32)
    """
    x = as_float32(x, "x")
    out = _place(out, x)
    loaded("activation").tanh(x, out=out)
    return out


def tanh_backward(
    grad_output: ArrayLike, output: ArrayLike, *, out: Float32 | None = None
) -> Float32:
    """Multiply by the slope ``1 - output ** 2``.

    Parameters
    ----------
    grad_output, output, out
        As in `relu_backward`, after `tanh`.

    Returns
    -------
    ndarray of the shape of `output`, float32

    Examples
    --------
    >>> tanh_backward([1, 1], tanh([0, 100]))
    array([1., 0.], dtype=float32)
    """
    grad_output, output = _pair(grad_output, output)
    out = _place(out, output, grad_output)
    loaded("activation").tanh_backward(grad_output, output, out=out)
    return out


def maxout(x: ArrayLike, pieces: int = 2, *, out: Float32 | None = None) -> Float32:
    """Keep the largest of every `pieces` neighbouring channels.

    After a layer with ``units * pieces`` outputs this is ``max(w1.x + b1, w2.x + b2)``.

    Parameters
    ----------
    x : array_like of shape (..., units * pieces)
        Converted to float32 if it is not.
    pieces : int
        How many channels compete for one output.
    out : ndarray of shape (..., units), float32, optional
        Where to write the result.

    Returns
    -------
    ndarray of shape (..., units), float32

    Raises
    ------
    ShapeError
        If the channels do not divide into groups of `pieces`.
    DataError
        As `relu`.

    Notes
    -----
    Goodfellow et al. 2013, *Maxout networks*, section 3.

    Examples
    --------
    >>> maxout([[1, 5, -2, -3]])
    array([[ 5., -2.]], dtype=float32)
    """
    x = as_float32(x, "x")
    shape = _grouped(x.shape, pieces)
    out = empty(shape) if out is None else checked_out(out, shape, x)
    loaded("activation").maxout(x, index(pieces), out=out)
    return out


def maxout_backward(
    grad_output: ArrayLike, x: ArrayLike, pieces: int = 2, *, out: Float32 | None = None
) -> Float32:
    """Hand each gradient back to the channel that won; to the first one if several tie.

    Parameters
    ----------
    grad_output : array_like of shape (..., units)
        Slope of the loss with respect to every output of `maxout`.
    x : array_like of shape (..., units * pieces)
        What `maxout` was given: its output does not tell who won.
    pieces : int
        As given to `maxout`.
    out : ndarray of the shape of `x`, float32, optional
        Where to write the result; may be `x` itself.

    Returns
    -------
    ndarray of the shape of `x`, float32

    Raises
    ------
    ShapeError
        If the shapes do not belong together.

    Examples
    --------
    >>> maxout_backward([[10, 20]], [[1, 5, -2, -3]])
    array([[ 0., 10., 20.,  0.]], dtype=float32)
    """
    grad_output, x = as_float32(grad_output, "grad_output"), as_float32(x, "x")
    shape = _grouped(x.shape, pieces)
    if grad_output.shape != shape:
        raise ShapeError(
            f"grad_output has shape {grad_output.shape}, but maxout of {x.shape} in groups of "
            f"{pieces} gives {shape}; pass what was given to maxout, and the same pieces"
        )
    out = _place(out if out is None else checked_out(out, x.shape, grad_output), x)
    loaded("activation").maxout_backward(grad_output, x, index(pieces), out=out)
    return out


def softmax(x: ArrayLike, *, out: Float32 | None = None) -> Float32:
    """Turn the scores along the last axis into probabilities: ``exp(x) / sum(exp(x))``.

    Parameters
    ----------
    x : array_like of shape (..., classes)
        Scores of any size: the largest one is subtracted first.
    out : ndarray of the shape of `x`, float32, optional
        Where to write the result; may be `x` itself.

    Returns
    -------
    ndarray of shape (..., classes), float32

    Examples
    --------
    >>> softmax([1000, 1000])
    array([0.5, 0.5], dtype=float32)
    """
    x = _with_classes(as_float32(x, "x"))
    out = _place(out, x)
    loaded("activation").softmax(x, out=out)
    return out


def softmax_backward(
    grad_output: ArrayLike, output: ArrayLike, *, out: Float32 | None = None
) -> Float32:
    """Multiply by the slopes ``output_i * ([i = j] - output_j)``.

    Parameters
    ----------
    grad_output, output, out
        As in `relu_backward`, after `softmax`.

    Returns
    -------
    ndarray of shape (..., classes), float32

    Examples
    --------
    >>> softmax_backward([1, 0], softmax([0, 0]))
    array([ 0.25, -0.25], dtype=float32)
    """
    grad_output, output = _pair(grad_output, output)
    _with_classes(output)
    out = _place(out, output, grad_output)
    loaded("activation").softmax_backward(grad_output, output, out=out)
    return out


def _pair(grad_output: ArrayLike, output: ArrayLike) -> tuple[Float32, Float32]:
    grad_output, output = as_float32(grad_output, "grad_output"), as_float32(output, "output")
    if grad_output.shape != output.shape:
        raise ShapeError(
            f"grad_output has shape {grad_output.shape}, output has {output.shape}; "
            f"pass what the function returned, and the gradient of just that"
        )
    return grad_output, output


def _place(out: Any, *inputs: Float32) -> Float32:
    """Find room for a result of the shape of the first input; any of them may be overwritten."""
    shape = inputs[0].shape
    if out is None:
        return empty(shape)
    # In place every number is read before it is written; half over another array it would not be.
    return checked_out(out, shape, *(array for array in inputs if not _same(array, out)))


def _same(array: Float32, out: Any) -> bool:
    return array is out or (
        isinstance(out, np.ndarray)
        and array.__array_interface__["data"] == out.__array_interface__["data"]
    )


def _not_negative(value: float, name: str, usual: float) -> float:
    number = as_float(value)
    if not 0 <= number < math.inf:  # NaN is refused too
        raise DataError(
            f"{name} must be a number, 0 or more, got {shown(value)}; try {name}={usual}"
        )
    return number


def _grouped(shape: tuple[int, ...], pieces: int) -> tuple[int, ...]:
    """Divide the last axis into groups, or say why it does not divide."""
    try:
        count = index(pieces)
    except TypeError:
        count = 0
    if count < 1:
        raise ShapeError(
            f"pieces must be a whole number, 1 or more, got {shown(pieces)}; try pieces=2"
        )
    if not shape or shape[-1] % count:
        channels = shape[-1] if shape else "single"
        raise ShapeError(
            f"maxout takes groups of {count} channels, but {channels} channels of shape {shape} "
            f"do not divide into them; try a number of pieces that divides the last axis"
        )
    return (*shape[:-1], shape[-1] // count)


def _with_classes(x: Float32) -> Float32:
    if x.ndim == 0:
        raise ShapeError("softmax needs an axis of scores, got a single number; try softmax([...])")
    return x
