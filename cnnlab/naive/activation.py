"""Activations: what a unit makes of its sum. Element by element, but for maxout and softmax.

The slope of every function that keeps its shape can be read off its *output*, so that a network
keeps one array and not two: each ``*_backward`` but maxout's takes that. NaN stays NaN.
"""

import numpy as np

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


def relu(x):
    """Rectify: ``max(0, x)``. It squashes nothing; it has no upper bound.

    Parameters
    ----------
    x : ndarray

    Returns
    -------
    ndarray of the shape of `x`

    Examples
    --------
    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """
    return np.where(x <= 0, x.dtype.type(0), x)


def relu_backward(grad_output, output):
    """Let the gradient through where the unit answered.

    Parameters
    ----------
    grad_output, output : ndarray
        `output` is what `relu` returned.

    Returns
    -------
    ndarray of the shape of `output`
    """
    return np.where(output <= 0, output.dtype.type(0), grad_output)


def leaky_relu(x, slope=0.1):
    """Rectify, but let a little through: ``max(slope * x, x)`` for a slope below 1.

    Parameters
    ----------
    x : ndarray
    slope : float
        Not negative.

    Returns
    -------
    ndarray of the shape of `x`

    Examples
    --------
    >>> leaky_relu(np.array([-2.0, 0.0, 3.0]))
    array([-0.2,  0. ,  3. ])
    """
    return np.where(x <= 0, x * x.dtype.type(slope), x)


def leaky_relu_backward(grad_output, output, slope=0.1):
    """Let the gradient through where the unit answered, `slope` of it elsewhere.

    Parameters
    ----------
    grad_output, output : ndarray
        `output` is what `leaky_relu` returned.
    slope : float
        Not negative.

    Returns
    -------
    ndarray of the shape of `output`
    """
    return np.where(output <= 0, grad_output * output.dtype.type(slope), grad_output)


def elu(x, alpha=1.0):
    """Bend smoothly towards ``-alpha``: ``x`` above zero, ``alpha * (exp(x) - 1)`` below.

    Parameters
    ----------
    x : ndarray
    alpha : float
        Not negative.

    Returns
    -------
    ndarray of the shape of `x`

    Notes
    -----
    Clevert, Unterthiner and Hochreiter 2016, *Fast and accurate deep network learning by
    exponential linear units*, section 3.

    Examples
    --------
    >>> elu(np.array([-np.inf, 0.0, 3.0]))
    array([-1.,  0.,  3.])
    """
    return np.where(x <= 0, x.dtype.type(alpha) * np.expm1(np.minimum(x, 0)), x)


def elu_backward(grad_output, output, alpha=1.0):
    """Multiply by the slope: 1 above zero, ``alpha * exp(x) = output + alpha`` below.

    Parameters
    ----------
    grad_output, output : ndarray
        `output` is what `elu` returned.
    alpha : float
        Not negative.

    Returns
    -------
    ndarray of the shape of `output`
    """
    return np.where(output <= 0, grad_output * (output + output.dtype.type(alpha)), grad_output)


def sigmoid(x):
    """Squash into (0, 1): ``1 / (1 + exp(-x))``.

    Parameters
    ----------
    x : ndarray

    Returns
    -------
    ndarray of the shape of `x`

    Examples
    --------
    >>> sigmoid(np.array([-np.inf, 0.0, np.inf]))
    array([0. , 0.5, 1. ])
    """
    # exp of a number that is never positive cannot overflow: 1 / (1 + e^-x) = e^x / (e^x + 1).
    small = np.exp(-np.abs(x))
    return np.where(x <= 0, small, x.dtype.type(1)) / (1 + small)


def sigmoid_backward(grad_output, output):
    """Multiply by the slope ``output * (1 - output)``: at most 1/4, and next to 0 at both ends.

    Parameters
    ----------
    grad_output, output : ndarray
        `output` is what `sigmoid` returned.

    Returns
    -------
    ndarray of the shape of `output`
    """
    return grad_output * (output * (1 - output))


def tanh(x):
    """Squash into (-1, 1): the hyperbolic tangent.

    Parameters
    ----------
    x : ndarray

    Returns
    -------
    ndarray of the shape of `x`

    Examples
    --------
    >>> tanh(np.array([-np.inf, 0.0, np.inf]))
    array([-1.,  0.,  1.])
    """
    return np.tanh(x)


def tanh_backward(grad_output, output):
    """Multiply by the slope ``1 - output ** 2``.

    Parameters
    ----------
    grad_output, output : ndarray
        `output` is what `tanh` returned.

    Returns
    -------
    ndarray of the shape of `output`
    """
    return grad_output * (1 - output * output)


def maxout(x, pieces=2):
    """Keep the largest of every `pieces` neighbouring channels.

    After a layer with ``units * pieces`` outputs this is ``max(w1.x + b1, w2.x + b2)``.

    Parameters
    ----------
    x : ndarray of shape (..., units * pieces)
    pieces : int

    Returns
    -------
    ndarray of shape (..., units)

    Notes
    -----
    Goodfellow et al. 2013, *Maxout networks*, section 3.

    Examples
    --------
    >>> maxout(np.array([1.0, 5.0, -2.0, -3.0]))
    array([ 5., -2.])
    """
    return x.reshape(*x.shape[:-1], -1, pieces).max(axis=-1)


def maxout_backward(grad_output, x, pieces=2):
    """Hand each gradient back to the channel that won; to the first one if several tie.

    Parameters
    ----------
    grad_output : ndarray of shape (..., units)
    x : ndarray of shape (..., units * pieces)
        What `maxout` was given: its output does not tell who won.
    pieces : int

    Returns
    -------
    ndarray of shape (..., units * pieces)
    """
    groups = x.reshape(*grad_output.shape, pieces)
    winner = groups.argmax(axis=-1)[..., np.newaxis]
    grad_x = np.where(np.arange(pieces) == winner, grad_output[..., np.newaxis], x.dtype.type(0))
    return grad_x.reshape(x.shape)


def softmax(x):
    """Turn the scores along the last axis into probabilities: ``exp(x) / sum(exp(x))``.

    Parameters
    ----------
    x : ndarray of shape (..., classes)

    Returns
    -------
    ndarray of shape (..., classes)

    Examples
    --------
    >>> softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    # One number subtracted from every score changes no probability, and exp does not overflow.
    with np.errstate(invalid="ignore"):  # inf - inf is NaN: an infinite score has no probability
        powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def softmax_backward(grad_output, output):
    """Multiply by the slopes ``output_i * ([i = j] - output_j)``.

    Parameters
    ----------
    grad_output, output : ndarray of shape (..., classes)
        `output` is what `softmax` returned.

    Returns
    -------
    ndarray of shape (..., classes)
    """
    common = (grad_output * output).sum(axis=-1, keepdims=True)
    return output * (grad_output - common)
