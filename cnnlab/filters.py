"""A catalogue of classical filters, each with its purpose and source, and how to apply one.

Axes of a filter: row, column and, where it has one slice per channel, channel. A filter is not
flipped: it lies on the image as it is printed. What is left out: filters that are learned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from cnnlab import functional
from cnnlab.errors import DataError, ShapeError
from cnnlab.shapes import IntPair, Padding

__all__ = ["CATALOGUE", "Filter", "apply"]


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
        If `weights` does not hold real numbers.

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
        copy = np.array(_numbers(weights, "filter"), dtype=np.float32)
        if copy.ndim not in {2, 3} or not copy.size:
            raise ShapeError(
                f"the weights of a filter need rows and columns (and perhaps channels), got an "
                f"array of shape {copy.shape}; try [[0, 1, 0], [1, -4, 1], [0, 1, 0]]"
            )
        copy.setflags(write=False)
        for field, value in [
            ("name", name), ("weights", copy), ("purpose", purpose), ("source", source),
        ]:  # fmt: skip
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
    pixels, weights = _numbers(image, "image"), _numbers(filter, "filter")
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


def _numbers(value: ArrayLike, noun: str) -> NDArray[Any]:
    """Read what a learner may write for an image or a filter."""
    try:
        numbers = np.asarray(value)
    except ValueError:  # NumPy's word for rows of different lengths
        raise ShapeError(
            f"the rows of the {noun} differ in length; give every row as many numbers"
        ) from None
    if numbers.dtype.kind not in "biuf":
        raise DataError(
            f"the {noun} must hold real numbers, got {type(value).__name__} of {numbers.dtype}; "
            f"try a list of rows, such as [[0, 1], [2, 3]]"
        )
    return numbers


def _gabor(
    degrees: float, size: int = 7, wavelength: float = 4, width: float = 2
) -> NDArray[np.float64]:
    """Weigh a wave by a bell: a filter that answers to stripes.

    The bell's share of the wave's mean is taken off, so that an even area gives exactly nothing;
    the absolute weights add up to 2, so that the answer to pixels in [0, 1] stays in [-1, 1].
    """
    angle, reach = np.deg2rad(degrees), size // 2
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    along = across * np.cos(angle) + down * np.sin(angle)
    bell = np.exp(-(across**2 + down**2) / (2 * width**2))
    wave = np.cos(2 * np.pi * along / wavelength)
    weights = bell * (wave - (bell * wave).sum() / bell.sum())
    answer: NDArray[np.float64] = 2 * weights / np.abs(weights).sum()
    return answer


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
        "Sharpens gently: twice the picture less its soft blur.",
        _GONZALEZ,
    ),
    Filter(
        "laplacian",
        [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
        "Finds edges in every direction: the four neighbours less four times the middle.",
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
        "Finds upright edges: positive where it gets brighter from left to right.",
        _SOBEL,
    ),
    Filter(
        "sobel_y",
        np.outer(_GRADIENT, [1, 2, 1]),
        "Finds level edges: positive where it gets brighter from top to bottom.",
        _SOBEL,
    ),
    Filter(
        "prewitt_x",
        np.outer([1, 1, 1], _GRADIENT),
        "Finds upright edges, all three rows counting alike.",
        _PREWITT,
    ),
    Filter(
        "prewitt_y",
        np.outer(_GRADIENT, [1, 1, 1]),
        "Finds level edges, all three columns counting alike.",
        _PREWITT,
    ),
    Filter(
        "scharr_x",
        np.outer([3, 10, 3], _GRADIENT),
        "Finds upright edges, and treats slanting ones more evenly than Sobel's.",
        _SCHARR,
    ),
    Filter(
        "scharr_y",
        np.outer(_GRADIENT, [3, 10, 3]),
        "Finds level edges, and treats slanting ones more evenly than Sobel's.",
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
            f"Answers to stripes four pixels apart that {run}.",
            _DAUGMAN,
        )
        for degrees, run in [
            (0, "stand upright"),
            (45, "lean like a slash /"),
            (90, "lie level"),
            (135, "lean like a backslash"),
        ]
    ),
]

CATALOGUE: Mapping[str, Filter] = MappingProxyType({entry.name: entry for entry in _FILTERS})
"""Every filter of the course by name, in the order in which to show them."""
