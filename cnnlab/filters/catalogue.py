"""Every filter of the course, with its purpose and source. Left out: filters that are learned."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from cnnlab.filters.definition import Filter

__all__ = ["CATALOGUE"]


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
