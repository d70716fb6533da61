"""Dense (fully connected) layers, forward and backward, checked."""

from __future__ import annotations

from numpy.typing import ArrayLike

from cnnlab.buffers import empty
from cnnlab.checks import shown
from cnnlab.errors import ShapeError
from cnnlab.functional._checks import Float32, as_float32, checked_out
from cnnlab.functional._kernels import loaded

__all__ = ["dense", "dense_backward"]


def dense(
    inputs: ArrayLike,
    weights: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    out: Float32 | None = None,
) -> Float32:
    """Weigh all inputs of an example for every unit, and add the unit's bias.

    Parameters
    ----------
    inputs : array_like of shape (batch, features)
        Converted to float32 if they are not.
    weights : array_like of shape (features, units)
    bias : array_like of shape (units,), optional
    out : ndarray of shape (batch, units), float32, optional
        Where to write the result, as in NumPy.

    Returns
    -------
    ndarray of shape (batch, units), float32
        `out`, if it was given.

    Raises
    ------
    ShapeError
        If the sizes do not fit together.
    DataError
        If the values are not real numbers, or `out` cannot take the result.

    Examples
    --------
    >>> dense([[1, 2]], [[3], [4]], [0.5])
    array([[11.5]], dtype=float32)
    """
    inputs, weights = _matched(inputs, weights)
    units = weights.shape[1]
    reads = [inputs, weights]
    if bias is not None:
        bias = as_float32(bias, "bias", 1)
        if bias.size != units:
            raise ShapeError(
                f"bias has {bias.size} values for {units} units; "
                f"try one value per unit, shape ({units},)"
            )
        reads.append(bias)
    shape = (len(inputs), units)
    out = empty(shape) if out is None else checked_out(out, shape, *reads)
    loaded("dense").dense(inputs, weights, bias, out=out)
    return out


def dense_backward(
    grad_output: ArrayLike,
    inputs: ArrayLike,
    weights: ArrayLike,
    *,
    out: tuple[Float32 | None, Float32 | None, Float32 | None] = (None, None, None),
) -> tuple[Float32, Float32, Float32]:
    """Hand the gradient back: to the inputs, to the weights, to the biases.

    Parameters
    ----------
    grad_output : array_like of shape (batch, units)
        Slope of the loss with respect to every output of `dense`.
    inputs, weights
        As given to `dense`.
    out : (ndarray or None, ndarray or None, ndarray or None)
        Where to write the three results; None makes a new array, which costs time for large
        weights.

    Returns
    -------
    grad_inputs : ndarray of shape (batch, features), float32
    grad_weights : ndarray of shape (features, units), float32
        Summed over the batch, like the next.
    grad_bias : ndarray of shape (units,), float32

    Raises
    ------
    ShapeError
        If the sizes do not fit together.
    DataError
        As `dense`.

    Examples
    --------
    >>> grad_inputs, grad_weights, grad_bias = dense_backward([[10]], [[1, 2]], [[3], [4]])
    >>> grad_inputs
    array([[30., 40.]], dtype=float32)
    >>> grad_weights
    array([[10.],
           [20.]], dtype=float32)
    """
    inputs, weights = _matched(inputs, weights)
    grad_output = as_float32(grad_output, "grad_output", 2)
    shape = (len(inputs), weights.shape[1])
    if grad_output.shape != shape:
        raise ShapeError(
            f"grad_output has shape {grad_output.shape}, but dense gives {shape} here; "
            f"pass the inputs and weights that were used forward"
        )
    shapes = inputs.shape, weights.shape, (shape[1],)
    if not isinstance(out, tuple | list) or len(out) != len(shapes):
        raise ShapeError(
            f"out must be three arrays or None, for inputs, weights and bias, got {shown(out)}; "
            f"try out=(None, grad_weights, None)"
        )
    reads = grad_output, inputs, weights
    grads = tuple(
        empty(size) if given is None else checked_out(given, size, *reads)
        for given, size in zip(out, shapes, strict=True)
    )
    loaded("dense").dense_backward(*reads, out=grads)
    return grads[0], grads[1], grads[2]


def _matched(inputs: ArrayLike, weights: ArrayLike) -> tuple[Float32, Float32]:
    inputs, weights = as_float32(inputs, "inputs", 2), as_float32(weights, "weights", 2)
    if inputs.shape[1] != len(weights):
        raise ShapeError(
            f"inputs have {inputs.shape[1]} features, but the weights expect {len(weights)}; "
            f"try weights of shape {(inputs.shape[1], weights.shape[1])}"
        )
    return inputs, weights
