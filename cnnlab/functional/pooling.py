"""Pooling, forward and backward, checked. Left out: ceil mode, dilation."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from cnnlab.buffers import empty
from cnnlab.checks import flag
from cnnlab.errors import ShapeError
from cnnlab.functional._checks import Float32, as_float32, checked_out
from cnnlab.functional._kernels import loaded
from cnnlab.shapes import IntPair, Padding, Window, whole, whole_or_pair, zeros_per_side

__all__ = ["avg_pool2d", "avg_pool2d_backward", "max_pool2d", "max_pool2d_backward"]

_Sides = tuple[tuple[int, int], tuple[int, int]]
_Geometry = tuple[tuple[int, int], tuple[int, int], _Sides]


def max_pool2d(
    images: ArrayLike,
    window: IntPair = 2,
    stride: IntPair | None = None,
    padding: Padding = 0,
    *,
    out: Float32 | None = None,
) -> Float32:
    """Keep the largest number under each position of a window, channel by channel.

    Parameters
    ----------
    images : array_like of shape (batch, in_height, in_width, channels)
        Feature maps; converted to float32 if they are not.
    window : int or (int, int)
        Rows and columns of the pooling window.
    stride : int or (int, int), optional
        Pixels from one position to the next, down and across; as many as the window has unless
        given.
    padding : int or (int, int) or "same" or "valid"
        Pixels added on *each* side, down and across; at most half the window, so that every window
        sees some of the image. They never win: they count as minus infinity.
    out : ndarray of shape (batch, out_height, out_width, channels), float32, optional
        Where to write the result, as in NumPy.

    Returns
    -------
    ndarray of shape (batch, out_height, out_width, channels), float32
        `out`, if it was given. A window with a NaN in it yields NaN.

    Raises
    ------
    ShapeError
        If the window does not fit in the padded images, or the padding is more than half of it;
        the message says by how much.
    DataError
        If the values are not real numbers, or `out` cannot take the result.

    Examples
    --------
    >>> edges = [[[[3], [-3], [-1]], [[-2], [3], [-3]], [[-3], [2], [3]]]]
    >>> max_pool2d(edges, 2, stride=1)[0, :, :, 0]
    array([[3., 3.],
           [3., 3.]], dtype=float32)
    """
    images = as_float32(images, "images", 4)
    shape, geometry = _fitted(images.shape, window, stride, padding)
    out = empty(shape) if out is None else checked_out(out, shape, images)
    loaded("pooling").max_pool2d(images, *geometry, out=out)
    return out


def avg_pool2d(
    images: ArrayLike,
    window: IntPair = 2,
    stride: IntPair | None = None,
    padding: Padding = 0,
    *,
    count_padding: bool = True,
    out: Float32 | None = None,
) -> Float32:
    """Average what lies under each position of a window, channel by channel.

    Parameters
    ----------
    images, window, stride, out
        As in `max_pool2d`.
    padding : int or (int, int) or "same" or "valid"
        Pixels added on *each* side, down and across; at most half the window.
    count_padding : bool
        Whether they count as zeros: then the sum is always divided by the size of the window, as
        PyTorch does by default. Else by the pixels of the image under it, as Keras does.

    Returns
    -------
    ndarray of shape (batch, out_height, out_width, channels), float32
        `out`, if it was given.

    Raises
    ------
    ShapeError, DataError
        As `max_pool2d`.

    Examples
    --------
    >>> edges = [[[[3], [-3], [-1]], [[-2], [3], [-3]], [[-3], [2], [3]]]]
    >>> avg_pool2d(edges, 2, stride=1)[0, :, :, 0]
    array([[ 0.25, -1.  ],
           [ 0.  ,  1.25]], dtype=float32)
    """
    images = as_float32(images, "images", 4)
    shape, geometry = _fitted(images.shape, window, stride, padding)
    out = empty(shape) if out is None else checked_out(out, shape, images)
    loaded("pooling").avg_pool2d(images, *geometry, flag(count_padding, "count_padding"), out=out)
    return out


def max_pool2d_backward(
    grad_output: ArrayLike,
    images: ArrayLike,
    window: IntPair = 2,
    stride: IntPair | None = None,
    padding: Padding = 0,
    *,
    out: Float32 | None = None,
) -> Float32:
    """Hand each gradient back to the pixel that won: the first one, row by row, if several tie.

    Parameters
    ----------
    grad_output : array_like of shape (batch, out_height, out_width, channels)
        Slope of the loss with respect to every output of `max_pool2d`.
    images, window, stride, padding
        As given to `max_pool2d`.
    out : ndarray of the shape of `images`, float32, optional
        Where to write the result.

    Returns
    -------
    ndarray of the shape of `images`, float32
        Zero where a pixel won nowhere; the sum where it won in several windows.

    Raises
    ------
    ShapeError
        If the shapes do not belong to one pooling.
    DataError
        As `max_pool2d`.

    Examples
    --------
    >>> tied = [[[[7], [7]], [[7], [7]]]]
    >>> max_pool2d_backward([[[[5]]]], tied)[0, :, :, 0]
    array([[5., 0.],
           [0., 0.]], dtype=float32)
    """
    images = as_float32(images, "images", 4)
    shape, geometry = _fitted(images.shape, window, stride, padding)
    grad_output = _checked_gradient(grad_output, shape)
    if out is None:
        out = empty(images.shape)
    else:
        out = checked_out(out, images.shape, grad_output, images)
    loaded("pooling").max_pool2d_backward(grad_output, images, *geometry, out=out)
    return out


def avg_pool2d_backward(
    grad_output: ArrayLike,
    images: ArrayLike | tuple[int, int, int, int],
    window: IntPair = 2,
    stride: IntPair | None = None,
    padding: Padding = 0,
    *,
    count_padding: bool = True,
    out: Float32 | None = None,
) -> Float32:
    """Share each gradient out equally among the pixels that were averaged.

    Parameters
    ----------
    grad_output : array_like of shape (batch, out_height, out_width, channels)
        Slope of the loss with respect to every output of `avg_pool2d`.
    images : array_like or (int, int, int, int)
        The images given to `avg_pool2d`, or only their shape: what was in them does not matter, so
        a network need not keep them.
    window, stride, padding, count_padding
        As given to `avg_pool2d`.
    out : ndarray of the shape of `images`, float32, optional
        Where to write the result.

    Returns
    -------
    ndarray of the shape of `images`, float32

    Raises
    ------
    ShapeError
        If the shapes do not belong to one pooling.
    DataError
        As `avg_pool2d`.

    Examples
    --------
    >>> avg_pool2d_backward([[[[8]]]], (1, 2, 2, 1))[0, :, :, 0]
    array([[2., 2.],
           [2., 2.]], dtype=float32)
    """
    if isinstance(images, tuple) and len(images) == 4 and not any(map(np.ndim, images)):
        in_shape = tuple(whole(size, "a size of images", least=0) for size in images)
        if not all(in_shape):
            raise ShapeError(
                f"images must have at least one element along each axis, got shape {in_shape}; "
                f"try the shape of the images that were pooled"
            )
    else:
        in_shape = as_float32(images, "images", 4).shape
    shape, geometry = _fitted(in_shape, window, stride, padding)
    grad_output = _checked_gradient(grad_output, shape)
    out = empty(in_shape) if out is None else checked_out(out, in_shape, grad_output)
    loaded("pooling").avg_pool2d_backward(
        grad_output, in_shape, *geometry, flag(count_padding, "count_padding"), out=out
    )
    return out


def _fitted(
    in_shape: tuple[int, ...], window: IntPair, stride: IntPair | None, padding: Padding
) -> tuple[tuple[int, int, int, int], _Geometry]:
    """Lay the window over the images, or say why it does not fit."""
    window = whole_or_pair(window, "pooling window")
    stride = window if stride is None else whole_or_pair(stride, "stride")
    return _remembered(in_shape, window, stride, zeros_per_side(padding))


@lru_cache(maxsize=1024)
def _remembered(
    in_shape: tuple[int, ...], window: IntPair, stride: IntPair, padding: Padding
) -> tuple[tuple[int, int, int, int], _Geometry]:
    """Resolve the sizes; a network asks for the same ones in every step."""
    batch, in_height, in_width, channels = in_shape
    laid = Window.pooling((in_height, in_width), window, stride, padding)
    sides = (laid.top, laid.bottom), (laid.left, laid.right)
    shape = (batch, laid.out_height, laid.out_width, channels)
    return shape, ((laid.height, laid.width), laid.stride, sides)


def _checked_gradient(grad_output: ArrayLike, shape: tuple[int, ...]) -> Float32:
    grad_output = as_float32(grad_output, "grad_output", 4)
    if grad_output.shape != shape:
        raise ShapeError(
            f"grad_output has shape {grad_output.shape}, but pooling these images gives {shape}; "
            f"pass the window, stride and padding that were used forward"
        )
    return grad_output
