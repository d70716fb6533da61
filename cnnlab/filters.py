"""A catalogue of classical filters, each with its purpose and source, and how to apply one.

Axes of a filter: row, column and, where it has one slice per channel, channel. A filter is not
flipped: it lies on the image as it is printed. What is left out: filters that are learned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from cnnlab import functional, shapes
from cnnlab.buffers import refuse_beyond_memory
from cnnlab.checks import numbers, real, shown, text, whole
from cnnlab.errors import DataError, ShapeError
from cnnlab.shapes import IntPair, Padding, Window

__all__ = ["CATALOGUE", "Explanation", "Filter", "apply", "explain", "matrix", "merge"]

_MOST_PRODUCTS = 10**10  # of a merge: some seconds


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Filter:
    """A filter with a name: its weights, what it is for, and where it comes from.

    Parameters
    ----------
    name : str
        As in the catalogue.
    weights : array_like of shape (filter_height, filter_width) or (..., channels)
        Kept as a read-only float32 copy.
    purpose : str
        One sentence: what it does to a picture.
    source : str
        Who described it, and where.

    Raises
    ------
    ShapeError
        If `weights` has not two or three axes, one of them is empty, or rows differ in length.
    DataError
        If `weights` does not hold real numbers, or another argument is no text.

    Examples
    --------
    >>> Filter("shift", [[1, 0, 0]], "Moves the picture one pixel to the right.")
    Filter 'shift', 1x3: Moves the picture one pixel to the right.
      1  0  0
    """

    name: str
    weights: NDArray[np.float32]
    purpose: str
    source: str

    def __init__(self, name: str, weights: ArrayLike, purpose: str = "", source: str = "") -> None:
        copy = np.array(numbers(weights, "filter"), dtype=np.float32)
        if copy.ndim not in {2, 3} or not copy.size:
            raise ShapeError(
                f"the weights of a filter need rows and columns (and perhaps channels), got an "
                f"array of shape {copy.shape}; try [[0, 1, 0], [1, -4, 1], [0, 1, 0]]"
            )
        copy.setflags(write=False)
        words = {"name": name, "purpose": purpose, "source": source}
        words = {field: text(value, field) for field, value in words.items()}
        for field, value in {**words, "weights": copy}.items():
            object.__setattr__(self, field, value)

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[np.float32]:
        """Let NumPy, and every function that takes an array, read the weights."""
        return np.array(self.weights, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        size = "x".join(map(str, self.weights.shape))
        heading = f"Filter {self.name!r}, {size}"
        slices = self.weights[..., None] if self.weights.ndim == 2 else self.weights
        grids = [_grid(slices[..., channel]) for channel in range(slices.shape[-1])]
        return "\n".join([f"{heading}: {self.purpose}" if self.purpose else heading, *grids])


def _grid(weights: NDArray[np.float32]) -> str:
    words = [[f"{weight:.4g}" for weight in row] for row in weights.tolist()]
    width = max(len(word) for row in words for word in row)
    return "\n".join("  " + "  ".join(word.rjust(width) for word in row) for row in words)


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


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """One pixel of a feature map taken apart.

    Attributes
    ----------
    row, column : int
        Of the pixel, counted from 0.
    top, left : int
        Where the filter lies on the image; negative above or left of it, where there is padding.
    pixels : ndarray of shape (filter_height, filter_width, channels), float64
        What lies under the filter; zero in the padding.
    inside : ndarray of shape (filter_height, filter_width), bool
        Which of them belong to the image; the others are zeros of the padding.
    weights, products : ndarray of shape (filter_height, filter_width, channels), float64
    sums : ndarray of shape (channels,), float64
    bias, result : float
        The result is the number in the feature map before any activation.
    """

    row: int
    column: int
    top: int
    left: int
    pixels: NDArray[np.float64]
    inside: NDArray[np.bool_]
    weights: NDArray[np.float64]
    bias: float

    @property
    def products(self) -> NDArray[np.float64]:
        """Each pixel multiplied by its weight."""
        return self.pixels * self.weights

    @property
    def sums(self) -> NDArray[np.float64]:
        """The products of each channel, added up."""
        sums: NDArray[np.float64] = self.products.sum(axis=(0, 1))
        return sums

    @property
    def result(self) -> float:
        """All sums and the bias."""
        return float(self.sums.sum() + self.bias)

    def __repr__(self) -> str:
        lines = [f"row {self.row}, column {self.column}"]
        for channel in range(self.sums.size):
            pairs = zip(
                self.pixels[..., channel].flat, self.weights[..., channel].flat, strict=True
            )
            terms = " + ".join(f"{pixel:.4g}*{weight:.4g}" for pixel, weight in pairs)
            lines.append(f"  {terms} = {self.sums[channel]:.4g}")
        total = " + ".join(f"{part:.4g}" for part in [*self.sums, self.bias])
        return "\n".join([*lines, f"  {total} = {self.result:.4g}"])


def explain(
    image: ArrayLike,
    filter: ArrayLike | Filter,  # noqa: A002 - the word of the course for it
    row: int,
    column: int,
    *,
    bias: float = 0.0,
    stride: IntPair = 1,
    padding: Padding = 0,
    dilation: IntPair = 1,
) -> Explanation:
    """Take one pixel of a feature map apart: pixels under the filter, products, sums, bias.

    Parameters
    ----------
    image : array_like of shape (height, width) or (height, width, channels)
    filter : Filter or array_like of shape (filter_height, filter_width) or (..., channels)
        With as many slices as the image has channels.
    row, column : int
        Of the pixel of the feature map, counted from 0.
    bias : float
        Added to the sum of the products.
    stride, padding, dilation
        As in `functional.conv2d`.

    Returns
    -------
    Explanation

    Raises
    ------
    ShapeError
        If the axes do not fit each other, or the filter does not fit in the padded image.
    DataError
        If there is no such pixel, or the numbers are not real.

    Examples
    --------
    >>> explain([[3, 5, 2], [9, 7, 5]], [[1, 0], [1, 1]], 0, 1, bias=0.5)
    row 0, column 1
      5*1 + 2*0 + 7*1 + 5*1 = 17
      17 + 0.5 = 17.5
    """
    pixels, weights = numbers(image, "image"), numbers(filter, "filter")
    volume, bank = (part[..., None] if part.ndim == 2 else part for part in (pixels, weights))
    if volume.ndim != 3 or bank.ndim != 3 or volume.shape[2] != bank.shape[2]:
        raise ShapeError(
            f"an image of shape {pixels.shape} and a filter of shape {weights.shape} do not belong "
            f"together; give the filter one slice for each channel of the image"
        )
    height, width = volume.shape[:2]
    window = Window.over((height, width), (bank.shape[0], bank.shape[1]), stride, padding, dilation)
    row, column = whole(row, "row", least=0), whole(column, "column", least=0)
    if row >= window.out_height or column >= window.out_width:
        raise DataError(
            f"there is no pixel in row {shown(row)}, column {shown(column)} of a map of "
            f"{window.out_height}x{window.out_width}; count from 0"
        )
    top, left = row * window.stride[0] - window.top, column * window.stride[1] - window.left
    rows = top + window.dilation[0] * np.arange(window.height)
    columns = left + window.dilation[1] * np.arange(window.width)
    inside = np.outer((rows >= 0) & (rows < height), (columns >= 0) & (columns < width))
    under = volume[np.ix_(rows.clip(0, height - 1), columns.clip(0, width - 1))]
    return Explanation(
        row, column, int(top), int(left), np.where(inside[..., None], under, 0).astype(np.float64),
        inside, bank.astype(np.float64), real(bias, "bias", 0),
    )  # fmt: skip


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


def _gabor(
    degrees: float, size: int = 7, wavelength: float = 4, width: float = 2
) -> NDArray[np.float64]:
    """Multiply a wave by a bell: a filter that responds to stripes.

    The bell, times the wave's mean under it, is subtracted, so that a uniform area gives exactly 0;
    the absolute weights add up to 2, so that the response to pixels in [0, 1] stays in [-1, 1].
    """
    angle, reach = np.deg2rad(degrees), size // 2
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    along = across * np.cos(angle) + down * np.sin(angle)
    bell = np.exp(-(across**2 + down**2) / (2 * width**2))
    wave = np.cos(2 * np.pi * along / wavelength)
    weights = bell * (wave - (bell * wave).sum() / bell.sum())
    scaled: NDArray[np.float64] = 2 * weights / np.abs(weights).sum()
    return scaled


_IDENTITY_5 = np.pad([[1.0]], 2)
_BINOMIAL_3 = np.outer([1, 2, 1], [1, 2, 1]) / 16
_BINOMIAL_5 = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
_GRADIENT = [-1, 0, 1]

_HARALICK = "Haralick and Shapiro 1992, Computer and Robot Vision, volume 1, chapter 7"
_BURT = "Burt 1981, Fast filter transforms for image processing: weights from Pascal's triangle"
_GONZALEZ = "Gonzalez and Woods 2018, Digital Image Processing, section 3.6"
_SOBEL = "Sobel and Feldman 1968, A 3x3 isotropic gradient operator for image processing"
_PREWITT = "Prewitt 1970, Object enhancement and extraction"
_SCHARR = "Scharr 2000, Optimale Operatoren in der Digitalen Bildverarbeitung, integer weights"
_DAUGMAN = "Daugman 1985, Uncertainty relation for resolution in space, frequency, orientation"
_GIMP = "The GIMP manual, chapter Convolution Matrix"

_FILTERS = [
    Filter(
        "identity",
        np.pad([[1.0]], 1),
        "Leaves the picture as it is: each pixel is its own answer.",
        "The neutral element of convolution",
    ),
    Filter(
        "box_blur_3",
        np.full((3, 3), 1 / 9),
        "Blurs: each pixel becomes the mean of a 3x3 square.",
        _HARALICK,
    ),
    Filter(
        "box_blur_5",
        np.full((5, 5), 1 / 25),
        "Blurs more: each pixel becomes the mean of a 5x5 square.",
        _HARALICK,
    ),
    Filter("gaussian_3", _BINOMIAL_3, "Blurs softly: near pixels count more than far ones.", _BURT),
    Filter(
        "gaussian_5",
        _BINOMIAL_5,
        "Blurs softly and more: a bell five pixels wide.",
        _BURT,
    ),
    Filter(
        "sharpen",
        [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
        "Sharpens: adds to each pixel what sets it apart from its four neighbours.",
        _GONZALEZ,
    ),
    Filter(
        "unsharp",
        2 * _IDENTITY_5 - _BINOMIAL_5,
        "Sharpens gently: twice the picture minus its soft blur.",
        _GONZALEZ,
    ),
    Filter(
        "laplacian",
        [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
        "Finds edges in every direction: the four neighbours minus four times the middle.",
        _GONZALEZ,
    ),
    Filter(
        "laplacian_8",
        [[1, 1, 1], [1, -8, 1], [1, 1, 1]],
        "Finds edges in every direction, the diagonals included.",
        _GONZALEZ,
    ),
    Filter(
        "sobel_x",
        np.outer([1, 2, 1], _GRADIENT),
        "Finds vertical edges: positive where it gets brighter from left to right.",
        _SOBEL,
    ),
    Filter(
        "sobel_y",
        np.outer(_GRADIENT, [1, 2, 1]),
        "Finds horizontal edges: positive where it gets brighter from top to bottom.",
        _SOBEL,
    ),
    Filter(
        "prewitt_x",
        np.outer([1, 1, 1], _GRADIENT),
        "Finds vertical edges, all three rows counting alike.",
        _PREWITT,
    ),
    Filter(
        "prewitt_y",
        np.outer(_GRADIENT, [1, 1, 1]),
        "Finds horizontal edges, all three columns counting alike.",
        _PREWITT,
    ),
    Filter(
        "scharr_x",
        np.outer([3, 10, 3], _GRADIENT),
        "Finds vertical edges, and treats slanting ones more fairly than Sobel's.",
        _SCHARR,
    ),
    Filter(
        "scharr_y",
        np.outer(_GRADIENT, [3, 10, 3]),
        "Finds horizontal edges, and treats slanting ones more fairly than Sobel's.",
        _SCHARR,
    ),
    Filter(
        "emboss",
        [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
        "Lights the picture from the top left, as if it were pressed into paper.",
        _GIMP,
    ),
    Filter(
        "outline",
        [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
        "Draws outlines: positive where a pixel is brighter than its eight neighbours.",
        _GIMP,
    ),
    Filter(
        "motion_blur",
        np.eye(7) / 7,
        "Smears along a diagonal, like a camera that moved.",
        "The mean along a line; Gonzalez and Woods 2018, section 5.6",
    ),
    *(
        Filter(
            f"gabor_{degrees}",
            _gabor(degrees),
            f"Responds to stripes four pixels apart that {run}.",
            _DAUGMAN,
        )
        for degrees, run in [
            (0, "run vertically"),
            (45, "lean like a slash /"),
            (90, "run horizontally"),
            (135, "lean like a backslash"),
        ]
    ),
]

CATALOGUE: Mapping[str, Filter] = MappingProxyType({entry.name: entry for entry in _FILTERS})
"""Every filter of the course by name, in the order in which to show them."""
