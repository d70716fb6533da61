"""Convolution (cross-correlation: the filter is not flipped), forward and backward, checked.

Left out: groups, transposed convolution, padding modes other than zeros.
"""

from __future__ import annotations

from functools import lru_cache

from numpy.typing import ArrayLike

from cnnlab.buffers import empty
from cnnlab.checks import flag
from cnnlab.errors import ShapeError
from cnnlab.functional._checks import Float32, as_float32, checked_out
from cnnlab.functional._kernels import loaded
from cnnlab.shapes import IntPair, Padding, Window, whole_or_pair, zeros_per_side

__all__ = ["conv2d", "conv2d_backward", "conv2d_relu"]

_Shape4 = tuple[int, int, int, int]


@lru_cache(maxsize=1024)
def _checked_window(
    images: _Shape4, filters: _Shape4, stride: IntPair, padding: Padding, dilation: IntPair
) -> Window:
    """Fit the filters over the images, or say why they do not; remembered for the next call."""
    if images[3] != filters[2]:
        raise ShapeError(
            f"images have {images[3]} channels, but the filters expect {filters[2]}; "
            f"try filters of shape {(filters[0], filters[1], images[3], filters[3])}"
        )
    return Window.over(images[1:3], filters[:2], stride, padding, dilation)


def _prepared(
    images: ArrayLike, filters: ArrayLike, stride: IntPair, padding: Padding, dilation: IntPair
) -> tuple[Float32, Float32, Window]:
    images = as_float32(images, "images", 4)
    filters = as_float32(filters, "filters", 4)
    window = _checked_window(
        images.shape,
        filters.shape,
        whole_or_pair(stride, "stride"),
        zeros_per_side(padding),
        whole_or_pair(dilation, "dilation"),
    )
    return images, filters, window


def _checked_bias(bias: ArrayLike | None, out_channels: int) -> Float32 | None:
    if bias is None:
        return None
    bias = as_float32(bias, "bias", 1)
    if bias.size != out_channels:
        raise ShapeError(
            f"bias has {bias.size} values for {out_channels} filters; "
            f"try one value per filter, shape ({out_channels},)"
        )
    return bias


def conv2d(
    images: ArrayLike,
    filters: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: IntPair = 1,
    padding: Padding = 0,
    dilation: IntPair = 1,
    out: Float32 | None = None,
) -> Float32:
    """Slide every filter over every image (cross-correlation: the filter is not flipped).

    Parameters
    ----------
    images : array_like of shape (batch, in_height, in_width, in_channels)
        Pixels; converted to float32 if they are not.
    filters : array_like of shape (filter_height, filter_width, in_channels, out_channels)
        One weight for every pixel and channel a filter sees.
    bias : array_like of shape (out_channels,), optional
        Added to every pixel of a filter's map.
    stride : int or (int, int)
        Pixels from one position to the next, down and across.
    padding : int or (int, int) or "same" or "valid"
        Zero pixels added on *each* side, down and across.
    dilation : int or (int, int)
        Pixels between neighbouring weights; 1 is a dense filter.
    out : ndarray of shape (batch, out_height, out_width, out_channels), float32, optional
        Where to write the result, as in NumPy: a new array costs time on large pictures.

    Returns
    -------
    ndarray of shape (batch, out_height, out_width, out_channels), float32
        `out`, if it was given.

    Raises
    ------
    ShapeError
        If ranks or channels do not fit together, or the filter is larger than the padded image;
        the message says by how much.
    DataError
        If the values are not real numbers, or `out` cannot take the result.

    Notes
    -----
    LeCun et al. 1998, *Gradient-based learning applied to document recognition*, section II.A.
    NaN and infinity spread as in NumPy. 3x3 filters with stride 1 and at least 16 channels take
    Winograd's way (Lavin and Gray 2016), which rounds to about 1e-5 of the largest output; others
    to about 1e-6.

    Examples
    --------
    >>> import numpy as np
    >>> edges = np.reshape([0, 1, 0, 1, -4, 1, 0, 1, 0], (3, 3, 1, 1))
    >>> picture = np.zeros((1, 4, 4, 1))
    >>> picture[0, 1, 1, 0] = 1
    >>> conv2d(picture, edges)[0, :, :, 0]
    array([[-4.,  1.],
           [ 1.,  0.]], dtype=float32)
    """
    return _forward(images, filters, bias, stride, padding, dilation, out, relu=False)


def conv2d_relu(
    images: ArrayLike,
    filters: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: IntPair = 1,
    padding: Padding = 0,
    dilation: IntPair = 1,
    out: Float32 | None = None,
) -> Float32:
    """Compute ``relu(conv2d(...))`` in one go: negative sums never reach memory.

    Parameters
    ----------
    images, filters, bias, stride, padding, dilation, out
        As in `conv2d`.

    Returns
    -------
    ndarray of shape (batch, out_height, out_width, out_channels), float32
        Not negative; NaN stays NaN.

    Raises
    ------
    ShapeError, DataError
        As `conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> conv2d_relu(np.ones((1, 2, 2, 1)), np.full((2, 2, 1, 1), -1.0))
    array([[[[0.]]]], dtype=float32)
    """
    return _forward(images, filters, bias, stride, padding, dilation, out, relu=True)


def _forward(
    images: ArrayLike,
    filters: ArrayLike,
    bias: ArrayLike | None,
    stride: IntPair,
    padding: Padding,
    dilation: IntPair,
    out: Float32 | None,
    *,
    relu: bool,
) -> Float32:
    images, filters, window = _prepared(images, filters, stride, padding, dilation)
    bias = _checked_bias(bias, filters.shape[3])
    shape = (images.shape[0], window.out_height, window.out_width, filters.shape[3])
    if out is None:
        out = empty(shape)
    else:
        inputs = (images, filters) if bias is None else (images, filters, bias)
        out = checked_out(out, shape, *inputs)
    loaded("convolution").conv2d(
        images,
        filters,
        bias,
        window.stride,
        ((window.top, window.bottom), (window.left, window.right)),
        window.dilation,
        out=out,
        relu=relu,
    )
    return out


def conv2d_backward(
    grad_output: ArrayLike,
    images: ArrayLike,
    filters: ArrayLike,
    *,
    stride: IntPair = 1,
    padding: Padding = 0,
    dilation: IntPair = 1,
    images_gradient: bool = True,
) -> tuple[Float32 | None, Float32, Float32]:
    """Hand the gradient of every output pixel back to the pixels, weights and biases that made it.

    Parameters
    ----------
    grad_output : array_like of shape (batch, out_height, out_width, out_channels)
        Slope of the loss with respect to every output of `conv2d`.
    images, filters, stride, padding, dilation
        As given to `conv2d`.
    images_gradient : bool
        Whether the gradient to the images is wanted; the first layer of a network needs none.

    Returns
    -------
    grad_images : ndarray of shape (batch, in_height, in_width, in_channels), float32, or None
    grad_filters : ndarray, float32, shaped as `filters`
    grad_bias : ndarray of shape (out_channels,), float32
        Sums over the batch.

    Raises
    ------
    ShapeError
        If the shapes do not fit together.
    DataError
        If the values are not real numbers.

    Notes
    -----
    Each product ``pixel * weight`` was added to one output. So its weight collects ``pixel * g``
    and its pixel collects ``weight * g``, with g the gradient of that output. Goodfellow, Bengio
    and Courville 2016, *Deep Learning*, section 9.5.

    Examples
    --------
    >>> import numpy as np
    >>> picture, ones = np.arange(9.0).reshape(1, 3, 3, 1), np.ones((2, 2, 1, 1))
    >>> grad_picture, grad_filter, grad_bias = conv2d_backward(
    ...     np.ones((1, 2, 2, 1)), picture, ones)
    >>> grad_picture[0, :, :, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]], dtype=float32)
    """
    images, filters, window = _prepared(images, filters, stride, padding, dilation)
    grad_output = as_float32(grad_output, "grad_output", 4)
    shape = (images.shape[0], window.out_height, window.out_width, filters.shape[3])
    if grad_output.shape != shape:
        raise ShapeError(
            f"grad_output has shape {grad_output.shape}, but conv2d's output has {shape}; "
            f"try the same stride, padding and dilation as forward"
        )
    gradients: tuple[Float32 | None, Float32, Float32] = loaded("convolution").conv2d_backward(
        grad_output,
        images,
        filters,
        window.stride,
        ((window.top, window.bottom), (window.left, window.right)),
        window.dilation,
        images_gradient=flag(images_gradient, "images_gradient"),
    )
    return gradients
