"""Convolution (cross-correlation: the filter is not flipped), forward and backward.

Axes: b batch, y x output row and column, o output channel, i j filter row and column, c input
channel. Padding is given in rows and columns of zeros, ((top, bottom), (left, right)), and never
stored: what lies outside the image is skipped. Left out: groups, transposed convolution.
"""

import numpy as np

__all__ = ["conv2d", "conv2d_backward"]


def conv2d(images, filters, bias, stride, padding, dilation):
    """Slide every filter over every image and add up the products.

    Parameters
    ----------
    images : ndarray of shape (batch, in_height, in_width, in_channels)
    filters : ndarray of shape (filter_height, filter_width, in_channels, out_channels)
    bias : ndarray of shape (out_channels,)
    stride : (int, int)
        Pixels from one position to the next, down and across.
    padding : ((int, int), (int, int))
        Rows of zeros above and below, columns of zeros left and right.
    dilation : (int, int)
        Pixels between neighbouring weights, down and across.

    Returns
    -------
    ndarray of shape (batch, out_height, out_width, out_channels)

    Notes
    -----
    LeCun et al. 1998, *Gradient-based learning applied to document recognition*, section II.A.

    Examples
    --------
    >>> image, ones = np.arange(9.0).reshape(1, 3, 3, 1), np.ones((2, 2, 1, 1))
    >>> conv2d(image, ones, np.zeros(1), (1, 1), ((0, 0), (0, 0)), (1, 1))[0, :, :, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    batch, in_height, in_width, in_channels = images.shape
    filter_height, filter_width, _, out_channels = filters.shape
    out_height, out_width = _output_size(images, filters, stride, padding, dilation)
    output = np.empty((batch, out_height, out_width, out_channels), np.result_type(images, filters))
    for b in range(batch):
        for y in range(out_height):
            for x in range(out_width):
                for o in range(out_channels):
                    total = bias[o]
                    for i in range(filter_height):
                        for j in range(filter_width):
                            row = y * stride[0] + i * dilation[0] - padding[0][0]
                            column = x * stride[1] + j * dilation[1] - padding[1][0]
                            if 0 <= row < in_height and 0 <= column < in_width:
                                for c in range(in_channels):
                                    total += images[b, row, column, c] * filters[i, j, c, o]
                    output[b, y, x, o] = total
    return output


def conv2d_backward(grad_output, images, filters, stride, padding, dilation):
    """Hand the gradient of every output pixel back to the pixels and weights that made it.

    Parameters
    ----------
    grad_output : ndarray of shape (batch, out_height, out_width, out_channels)
        Slope of the loss with respect to every output of `conv2d`.
    images, filters, stride, padding, dilation
        As given to `conv2d`.

    Returns
    -------
    grad_images, grad_filters, grad_bias : ndarray
        Shaped as `images`, `filters` and the bias.

    Notes
    -----
    Each product ``image * weight`` was added to one output. So its weight collects ``image * g``
    and its pixel collects ``weight * g``, with g the gradient of that output.

    Examples
    --------
    >>> image, ones = np.arange(9.0).reshape(1, 3, 3, 1), np.ones((2, 2, 1, 1))
    >>> valid = (1, 1), ((0, 0), (0, 0)), (1, 1)
    >>> grad_image, grad_filter, grad_bias = conv2d_backward(
    ...     np.ones((1, 2, 2, 1)), image, ones, *valid)
    >>> grad_image[0, :, :, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    batch, in_height, in_width, in_channels = images.shape
    filter_height, filter_width, _, out_channels = filters.shape
    _, out_height, out_width, _ = grad_output.shape
    grad_images = np.zeros_like(images)
    grad_filters = np.zeros_like(filters)
    grad_bias = np.zeros(out_channels, filters.dtype)
    for b in range(batch):
        for y in range(out_height):
            for x in range(out_width):
                for o in range(out_channels):
                    g = grad_output[b, y, x, o]
                    grad_bias[o] += g
                    for i in range(filter_height):
                        for j in range(filter_width):
                            row = y * stride[0] + i * dilation[0] - padding[0][0]
                            column = x * stride[1] + j * dilation[1] - padding[1][0]
                            if 0 <= row < in_height and 0 <= column < in_width:
                                for c in range(in_channels):
                                    grad_images[b, row, column, c] += filters[i, j, c, o] * g
                                    grad_filters[i, j, c, o] += images[b, row, column, c] * g
    return grad_images, grad_filters, grad_bias


def _output_size(images, filters, stride, padding, dilation):
    """Count the filter's positions down and across: ``floor((n + p - d(f-1) - 1) / s) + 1``."""
    return [
        (size + sum(zeros) - spread * (window - 1) - 1) // step + 1
        for size, window, step, zeros, spread in zip(
            images.shape[1:3], filters.shape[:2], stride, padding, dilation, strict=True
        )
    ]
