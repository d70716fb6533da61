"""What one filter does to an image: slid over it, as a matrix, and two filters as one.

Axes of a filter: row, column and, where it has one slice per channel, channel. It is not flipped.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import functional, shapes
from cnnlab.buffers import refuse_beyond_memory
from cnnlab.checks import numbers
from cnnlab.errors import ShapeError
from cnnlab.filters.definition import Filter
from cnnlab.shapes import IntPair, Padding, Window

__all__ = ["apply", "matrix", "merge"]

_MOST_PRODUCTS = 10**10  # of a merge: some seconds


def apply(
    image: ArrayLike,
    filter: ArrayLike | Filter,  # noqa: A002 - the word of the course for it
    stride: IntPair = 1,
    padding: Padding = 0,
) -> NDArray[np.float32]:
    """Slide one filter over one image.

    A filter of rows and columns looks at one channel at a time: a grey image gives one feature
    map, and a colour image gives a picture in colour, each channel filtered by itself. A filter
    with a slice per channel, as in a convolutional layer, adds the channels up: one feature map.

    Parameters
    ----------
    image : array_like of shape (height, width) or (height, width, channels)
        Pixels, usually in [0, 1].
    filter : Filter or array_like of shape (filter_height, filter_width) or (..., channels)
        The weights; not flipped.
    stride : int or (int, int)
        Pixels from one position to the next.
    padding : int or (int, int) or "same" or "valid"
        Zeros added on each side.

    Returns
    -------
    ndarray of shape (out_height, out_width) or (out_height, out_width, channels), float32
        With channels only for a colour image under a filter without.

    Raises
    ------
    ShapeError
        If the image or the filter has another number of axes, if their channels differ, or if
        the filter does not fit in the padded image.
    DataError
        If the image or the filter does not hold real numbers.

    Examples
    --------
    >>> apply([[3, 5, 2], [9, 7, 5], [2, 0, 6]], [[1, 0, 0], [1, 1, 0], [0, 0, 1]])
    array([[25.]], dtype=float32)
    """
    pixels, weights = numbers(image, "image"), numbers(filter, "filter")
    if pixels.ndim not in {2, 3}:
        raise ShapeError(
            f"an image is (height, width) or (height, width, channels), got an array of shape "
            f"{pixels.shape}; for a whole batch use functional.conv2d"
        )
    if weights.ndim not in {2, 3}:
        raise ShapeError(
            f"a filter is (height, width) or (height, width, channels), got an array of shape "
            f"{weights.shape}; for a bank of filters use functional.conv2d"
        )
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if weights.ndim == 3:
        if weights.shape[2] != channels:
            raise ShapeError(
                f"the filter has {weights.shape[2]} slices and the image {channels} "
                f"channel{'s' if channels > 1 else ''}; give the filter one slice for each channel"
            )
        volume = pixels.reshape(1, *pixels.shape[:2], channels)
        output = functional.conv2d(volume, weights[..., None], stride=stride, padding=padding)
        return output[0, ..., 0]
    # The channels of one image, as a batch of images with one channel each.
    batch = np.moveaxis(np.atleast_3d(pixels), 2, 0)[..., None]
    output = functional.conv2d(batch, weights[..., None, None], stride=stride, padding=padding)
    maps = np.ascontiguousarray(np.moveaxis(output[..., 0], 0, 2))
    return maps if pixels.ndim == 3 else maps[..., 0]


def merge(first: ArrayLike | Filter, second: ArrayLike | Filter) -> NDArray[np.float32]:
    """Find the one filter that does the work of two, one applied after the other.

    Sliding is linear: the second filter adds up pixels of the first map, each of which adds up
    pixels of the image, so that each pixel of the image is counted with a sum of products of two
    weights. With anything bent between the two, such as a ReLU, there is no such filter.

    Parameters
    ----------
    first : Filter or array_like of shape (filter_height, filter_width) or (..., channels)
        Applied to the image; not flipped.
    second : Filter or array_like of shape (filter_height, filter_width) or (..., channels)
        Applied to what the first makes of the image. Slices have one of them at the most: what the
        first adds up to one map has no channels left.

    Returns
    -------
    ndarray of shape (height + second_height - 1, width + second_width - 1) or (..., channels)
        float32. Where no padding is involved, ``apply(apply(image, first), second)`` and
        ``apply(image, merge(first, second))`` are the same map up to rounding.

    Raises
    ------
    ShapeError
        If a filter has another number of axes, both have slices, or they are too large.
    DataError
        If a filter does not hold real numbers.

    Notes
    -----
    In signal processing this is the *full convolution* of the two, ``convolve2d(first, second)`` of
    SciPy: one of them slides flipped. Neither is flipped in the result, and their order does not
    matter. Gonzalez and Woods 2018, section 3.4.

    Examples
    --------
    >>> merge([[1, 2, 1]], [[1, 0, -1]])
    array([[ 1.,  2.,  0., -2., -1.]], dtype=float32)
    """
    grids = [
        numbers(weights, name)
        for weights, name in ((first, "first filter"), (second, "second filter"))
    ]
    for grid, name in zip(grids, ("first", "second"), strict=True):
        if grid.ndim not in {2, 3} or not grid.size:
            raise ShapeError(
                f"the {name} filter needs rows and columns (and perhaps channels), got an array of "
                f"shape {grid.shape}; try [[1, 2, 1]]"
            )
    if grids[0].ndim == grids[1].ndim == 3:
        raise ShapeError(
            f"both filters have slices, of shapes {grids[0].shape} and {grids[1].shape}, but the "
            f"first one leaves one map, without channels; try a second filter of rows and columns"
        )
    slices = max(grid.shape[2:] for grid in grids)
    (height, width), (rows, columns) = grids[0].shape[:2], grids[1].shape[:2]
    size = (height + rows - 1, width + columns - 1, *slices)
    sizes = f"{height}x{width} and {rows}x{columns} filters"
    refuse_beyond_memory(12 * prod(size), f"the merger of {sizes}", "try smaller ones")
    if prod((height, width, rows, columns, *slices)) > _MOST_PRODUCTS:
        raise ShapeError(
            f"to merge {sizes} takes more than {_MOST_PRODUCTS:.0e} products; try smaller ones"
        )
    # Sums of exact products in float64: the only rounding that counts is the last one.
    one, other = (grid.astype(np.float64) for grid in grids)
    if one.ndim < other.ndim:
        one = one[..., None]
    elif other.ndim < one.ndim:
        other = other[..., None]
    if one.shape[0] * one.shape[1] > other.shape[0] * other.shape[1]:
        one, other = other, one  # the loop goes over the smaller
    merged = np.zeros(size)
    with np.errstate(invalid="ignore", over="ignore"):  # what is too large becomes infinite
        for row, column in np.ndindex(*one.shape[:2]):
            across = slice(column, column + other.shape[1])
            merged[row : row + other.shape[0], across] += one[row, column] * other
        return merged.astype(np.float32)


def matrix(
    filter: ArrayLike | Filter,  # noqa: A002 - the word of the course for it
    height: int,
    width: int,
    stride: IntPair = 1,
    padding: Padding = 0,
) -> NDArray[np.float32]:
    """Write the convolution of an image with one filter as a matrix: a fully connected layer.

    A row for each output, a column for each number of the image, both row by row. Where the filter
    lies over a pixel stands its weight, everywhere else zero: the same few weights again in every
    row, further along (a Toeplitz matrix, of blocks that are Toeplitz themselves).

    Parameters
    ----------
    filter : Filter or array_like of shape (filter_height, filter_width) or (..., channels)
        The weights; not flipped.
    height, width : int
        Of the image, in pixels.
    stride : int or (int, int)
        Pixels from one position to the next.
    padding : int or (int, int) or "same" or "valid"
        Zeros added on each side; they have no columns.

    Returns
    -------
    ndarray of shape (out_height * out_width, height * width * channels), float32
        ``matrix(filter, height, width) @ image.ravel()`` is ``apply(image, filter).ravel()``.

    Raises
    ------
    ShapeError
        If the filter has another number of axes or does not fit in the padded image, or the matrix
        would not fit in memory.
    DataError
        If the filter does not hold real numbers.

    Notes
    -----
    Goodfellow, Bengio and Courville 2016, Deep Learning, section 9.1.

    Examples
    --------
    >>> matrix([[1, 2]], height=1, width=4)
    array([[1., 2., 0., 0.],
           [0., 1., 2., 0.],
           [0., 0., 1., 2.]], dtype=float32)
    """
    weights = numbers(filter, "filter")
    if weights.ndim not in {2, 3}:
        raise ShapeError(
            f"a filter is (height, width) or (height, width, channels), got an array of shape "
            f"{weights.shape}; for each filter of a bank take one matrix"
        )
    bank = weights[..., None] if weights.ndim == 2 else weights
    size = shapes.whole(height, "height"), shapes.whole(width, "width")
    window = Window.over(size, (bank.shape[0], bank.shape[1]), stride, padding)
    rows, columns = window.out_height * window.out_width, size[0] * size[1] * bank.shape[2]
    refuse_beyond_memory(
        4 * rows * columns,
        f"a matrix of {rows}x{columns}",
        "try a smaller image or a larger stride",
    )
    blocks = np.zeros((window.out_height, window.out_width, *size, bank.shape[2]), np.float32)
    for i, j in np.ndindex(bank.shape[:2]):
        y = np.arange(window.out_height) * window.stride[0] - window.top + i
        x = np.arange(window.out_width) * window.stride[1] - window.left + j
        down, across = (y >= 0) & (y < size[0]), (x >= 0) & (x < size[1])
        places = np.ix_(np.flatnonzero(down), np.flatnonzero(across))
        blocks[*places, *np.ix_(y[down], x[across])] = bank[i, j]
    return blocks.reshape(rows, columns)
