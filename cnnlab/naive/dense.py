"""Dense (fully connected) layers. Axes: batch b, input k, unit n.

Left out: anything but one flat vector of inputs an example.
"""

import numpy as np

__all__ = ["dense", "dense_backward"]


def dense(inputs, weights, bias=None):
    """Weigh all inputs of an image for every unit, and add the unit's bias.

    Parameters
    ----------
    inputs : ndarray of shape (batch, inputs)
    weights : ndarray of shape (inputs, units)
    bias : ndarray of shape (units,), optional

    Returns
    -------
    ndarray of shape (batch, units)

    Examples
    --------
    >>> dense(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([0.5]))
    array([[11.5]])
    """
    batch, units = len(inputs), weights.shape[1]
    output = np.empty((batch, units), inputs.dtype)
    for b, n in np.ndindex(batch, units):
        total = inputs.dtype.type(0) if bias is None else bias[n]
        for k in range(len(weights)):
            total += inputs[b, k] * weights[k, n]
        output[b, n] = total
    return output


def dense_backward(grad_output, inputs, weights):
    """Hand the gradient back: to the inputs, to the weights, to the biases.

    Every product ``inputs[b, k] * weights[k, n]`` of the forward pass went into output ``[b, n]``:
    either factor receives the gradient there, times the other one.

    Parameters
    ----------
    grad_output : ndarray of shape (batch, units)
    inputs : ndarray of shape (batch, inputs)
    weights : ndarray of shape (inputs, units)

    Returns
    -------
    grad_inputs : ndarray of shape (batch, inputs)
    grad_weights : ndarray of shape (inputs, units)
        Summed over the batch, like the next.
    grad_bias : ndarray of shape (units,)
    """
    grad_inputs = np.zeros_like(inputs)
    grad_weights = np.zeros_like(weights)
    grad_bias = np.zeros_like(weights[0])
    for b, n in np.ndindex(grad_output.shape):
        for k in range(len(weights)):
            grad_inputs[b, k] += grad_output[b, n] * weights[k, n]
            grad_weights[k, n] += grad_output[b, n] * inputs[b, k]
        grad_bias[n] += grad_output[b, n]
    return grad_inputs, grad_weights, grad_bias
