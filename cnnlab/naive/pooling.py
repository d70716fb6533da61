"""Pooling, forward and backward: no weights, fewer numbers.

Axes: b batch, y x output row and column, c channel. Padding is given in rows and columns,
((top, bottom), (left, right)), and never stored. Left out: ceil mode, dilation.
"""

import numpy as np

__all__ = ["avg_pool2d", "avg_pool2d_backward", "max_pool2d", "max_pool2d_backward"]


def max_pool2d(images, window, stride, padding):
    """Keep the largest number under each position of the window.

    Padding never wins: it counts as minus infinity, and a window over nothing but padding yields
    that. NaN wins over everything, so that a broken number stays visible.

    Parameters
    ----------
    images : ndarray of shape (batch, in_height, in_width, channels)
    window : (int, int)
        Rows and columns of the pooling window.
    stride : (int, int)
        Pixels from one position to the next, down and across.
    padding : ((int, int), (int, int))
        Rows of padding above and below, columns left and right.

    Returns
    -------
    ndarray of shape (batch, out_height, out_width, channels)

    Examples
    --------
    >>> edges = np.array([[3.0, -3.0, -1.0], [-2.0, 3.0, -3.0], [-3.0, 2.0, 3.0]])
    >>> max_pool2d(edges.reshape(1, 3, 3, 1), (2, 2), (1, 1), ((0, 0), (0, 0)))[0, :, :, 0]
    array([[3., 3.],
           [3., 3.]])
    """
    output = np.full(_output_shape(images.shape, window, stride, padding), -np.inf, images.dtype)
    for b, y, x, c in np.ndindex(output.shape):
        for row, column in _pixels_under(y, x, images.shape, window, stride, padding):
            output[b, y, x, c] = np.maximum(output[b, y, x, c], images[b, row, column, c])
    return output


def max_pool2d_backward(grad_output, images, window, stride, padding):
    """Hand each gradient back to the pixel that won; the first one, row by row, if several tie.

    Parameters
    ----------
    grad_output : ndarray of shape (batch, out_height, out_width, channels)
        Slope of the loss with respect to every output of `max_pool2d`.
    images, window, stride, padding
        As given to `max_pool2d`.

    Returns
    -------
    ndarray of shape (batch, in_height, in_width, channels)
        Zero where a pixel won nowhere; the sum where it won in several windows.
    """
    grad_images = np.zeros_like(images)
    for b, y, x, c in np.ndindex(grad_output.shape):
        winner, largest = None, -np.inf
        for row, column in _pixels_under(y, x, images.shape, window, stride, padding):
            value = images[b, row, column, c]
            if winner is None or value > largest or (np.isnan(value) and not np.isnan(largest)):
                winner, largest = (b, row, column, c), value
        if winner is not None:  # else there was nothing but padding
            grad_images[winner] += grad_output[b, y, x, c]
    return grad_images


def avg_pool2d(images, window, stride, padding, count_padding=True):
    """Average what lies under each position of the window.

    Parameters
    ----------
    images, window, stride, padding
        As for `max_pool2d`.
    count_padding : bool
        Whether padding counts as zeros, so that every sum is divided by the size of the window.
        Else only by the pixels of the image under it, at least one of which there must be.

    Returns
    -------
    ndarray of shape (batch, out_height, out_width, channels)

    Examples
    --------
    >>> edges = np.array([[3.0, -3.0, -1.0], [-2.0, 3.0, -3.0], [-3.0, 2.0, 3.0]])
    >>> avg_pool2d(edges.reshape(1, 3, 3, 1), (2, 2), (1, 1), ((0, 0), (0, 0)))[0, :, :, 0]
    array([[ 0.25, -1.  ],
           [ 0.  ,  1.25]])
    """
    output = np.zeros(_output_shape(images.shape, window, stride, padding), images.dtype)
    for b, y, x, c in np.ndindex(output.shape):
        pixels = _pixels_under(y, x, images.shape, window, stride, padding)
        for row, column in pixels:
            output[b, y, x, c] += images[b, row, column, c]
        output[b, y, x, c] /= window[0] * window[1] if count_padding else len(pixels)
    return output


def avg_pool2d_backward(grad_output, shape, window, stride, padding, count_padding=True):
    """Share each gradient out equally among the pixels that were averaged.

    Parameters
    ----------
    grad_output : ndarray of shape (batch, out_height, out_width, channels)
        Slope of the loss with respect to every output of `avg_pool2d`.
    shape : (int, int, int, int)
        That of the images: what was in them does not matter.
    window, stride, padding, count_padding
        As given to `avg_pool2d`.

    Returns
    -------
    ndarray of shape (batch, in_height, in_width, channels)
    """
    grad_images = np.zeros(shape, grad_output.dtype)
    for b, y, x, c in np.ndindex(grad_output.shape):
        pixels = _pixels_under(y, x, shape, window, stride, padding)
        averaged = window[0] * window[1] if count_padding else len(pixels)
        for row, column in pixels:
            grad_images[b, row, column, c] += grad_output[b, y, x, c] / averaged
    return grad_images


def _output_shape(shape, window, stride, padding):
    """Count the positions of the window down and across: ``floor((n + p - f) / s) + 1``."""
    batch, in_height, in_width, channels = shape
    out_height = (in_height + sum(padding[0]) - window[0]) // stride[0] + 1
    out_width = (in_width + sum(padding[1]) - window[1]) // stride[1] + 1
    return batch, out_height, out_width, channels


def _pixels_under(y, x, shape, window, stride, padding):
    """List the pixels under the window at output position (y, x), row by row, without padding."""
    _, in_height, in_width, _ = shape
    top, left = y * stride[0] - padding[0][0], x * stride[1] - padding[1][0]
    return [
        (row, column)
        for row in range(top, top + window[0])
        for column in range(left, left + window[1])
        if 0 <= row < in_height and 0 <= column < in_width
    ]
