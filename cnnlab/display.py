"""Numbers as colours: one meaning of colour for plots, widgets and pictures in a page.

Axes: row, column, then red-green-blue. A feature map is painted in two steps, so that a picture can
travel as one byte a pixel: `levels` turns numbers into steps of a palette, a palette turns steps
into colours. What is left out: figures with axes and titles (see `plots`).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.checks import numbers, real, shown
from cnnlab.errors import DataError, ShapeError

__all__ = [
    "NAN_LEVEL",
    "PALETTES",
    "Palette",
    "jpeg",
    "levels",
    "limit_of",
    "paint",
    "photograph",
]

STEPS = 255
"""Steps of a palette: an odd number, so that zero has a colour of its own in the middle."""

NAN_LEVEL = 255
"""The level of a pixel that is not a number."""

_NAN_COLOUR = (0, 158, 115)  # a green that no palette holds
_SAMPLES = 4096
_SHARE_INSIDE = 0.99
_FAINTEST, _STRONGEST = 1e-30, 1e30  # limits: float32 ends not far beyond


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """Colours for numbers from ``-limit`` to ``limit``, or for grey from 0 to ``limit``.

    Attributes
    ----------
    name, title : str
        For programs and for people.
    signed : bool
        Whether the middle stands for zero; otherwise the first step does, and what is negative
        looks like zero.
    colours : ndarray of shape (256, 3), uint8
        One row a level; the last is for what is not a number.
    source : str
        Who chose the colours.
    """

    name: str
    title: str
    signed: bool
    colours: NDArray[np.uint8]
    source: str


def _palette(name: str, title: str, signed: bool, anchors: str, source: str) -> Palette:
    """Spread a few colours evenly over the steps, straight lines between them."""
    corners = np.array([list(bytes.fromhex(anchor)) for anchor in anchors.split()], np.float64)
    positions = np.linspace(0, len(corners) - 1, STEPS)
    steps = np.stack(
        [np.interp(positions, np.arange(len(corners)), channel) for channel in corners.T], axis=1
    )
    colours = np.vstack([np.rint(steps), _NAN_COLOUR]).astype(np.uint8)
    colours.setflags(write=False)
    return Palette(name, title, signed, colours, source)


_ALL_PALETTES = [
    _palette(
        "blue_red",
        "Blue to red",
        True,
        "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f",
        "Brewer 2003, ColorBrewer.org, RdBu reversed",
    ),
    _palette(
        "night",
        "Night",
        True,
        "9eb0ff 62a6e0 3280a6 20526a 112732 190c09 371000 61200b 964a36 ca7b71 ffadad",
        "Crameri 2018, Scientific colour maps, berlin",
    ),
    _palette("grey", "Grey", False, "000000 ffffff", "Black is zero, white is the limit"),
]

PALETTES: Mapping[str, Palette] = MappingProxyType({entry.name: entry for entry in _ALL_PALETTES})
"""Every palette by name. The signed ones tell minus from plus to colour-blind eyes too."""


def limit_of(values: ArrayLike) -> float:
    """Find the number that gets the strongest colour: 99 in 100 pixels are no further from zero.

    A few extreme pixels would otherwise leave all others pale. A map of fewer than a hundred
    pixels keeps its largest. Large maps are judged by about 4,096 pixels spread over them.

    Parameters
    ----------
    values : array_like of any shape
        Numbers; those that are not finite do not count.

    Returns
    -------
    float
        Above zero; 1 if every number is zero.

    Raises
    ------
    ShapeError, DataError
        If the values are no numbers.

    Examples
    --------
    >>> limit_of([[0, -3], [2, 1]])
    3.0
    """
    flat = _float32(values, "values").reshape(-1)
    # An odd step, so that the pixels looked at do not all lie in a few columns.
    sizes = np.abs(flat[:: (flat.size // _SAMPLES) | 1])
    sizes = sizes[np.isfinite(sizes)]
    if not sizes.size:
        return 1.0
    rank = int(np.ceil(_SHARE_INSIDE * (sizes.size - 1)))
    limit = float(np.partition(sizes, rank)[rank])
    if limit == 0:
        limit = float(sizes.max())
    return limit if limit > _FAINTEST else 1.0


def levels(
    values: ArrayLike, palette: str = "blue_red", limit: float | None = None
) -> NDArray[np.uint8]:
    """Turn numbers into steps of a palette, 0 to 254; 255 is not a number.

    Parameters
    ----------
    values : array_like of any shape
        Numbers; beyond the limit they take the last step, infinity too.
    palette : str
        One of `PALETTES`.
    limit : float, optional
        The number with the strongest colour; by default `limit_of` the values.

    Returns
    -------
    ndarray of the shape of `values`, uint8

    Raises
    ------
    DataError
        If the values are no numbers, there is no such palette, or the limit is not above zero.

    Examples
    --------
    >>> levels([-1, 0, 0.5, 2], limit=1)
    array([  0, 127, 191, 254], dtype=uint8)
    """
    signed = _named(palette).signed
    pixels = _float32(values, "values")
    limit = limit_of(pixels) if limit is None else _checked_limit(limit)
    # All in float32: the browser repeats these operations one by one and gets the same bytes.
    steps = np.asarray(
        pixels * np.float32((STEPS // 2 if signed else STEPS - 1) / np.float32(limit))
    )
    steps += np.float32(STEPS / 2 if signed else 0.5)
    if np.isnan(steps).any():
        steps = np.where(np.isnan(steps), np.float32(NAN_LEVEL), np.clip(steps, 0, STEPS - 1))
    else:
        np.clip(steps, 0, STEPS - 1, out=steps)
    return steps.astype(np.uint8)


def paint(
    values: ArrayLike, palette: str = "blue_red", limit: float | None = None
) -> NDArray[np.uint8]:
    """Paint a feature map or a filter.

    Parameters
    ----------
    values, palette, limit
        As in `levels`.

    Returns
    -------
    ndarray of the shape of `values` + (3,), uint8
        Red, green, blue.

    Raises
    ------
    DataError
        As in `levels`.

    Examples
    --------
    >>> paint([[-1, 0, 1]])[0].tolist()
    [[5, 48, 97], [247, 247, 247], [103, 0, 31]]
    """
    return _named(palette).colours[levels(values, palette, limit)]


def photograph(image: ArrayLike, white: float = 1.0) -> NDArray[np.uint8]:
    """Paint an image as it is: 0 is black, 1 is white.

    Parameters
    ----------
    image : array_like of shape (height, width) or (height, width, 3)
        Pixels; those outside the range are painted as the nearer end of it.
    white : float
        The number that is painted white.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8

    Raises
    ------
    ShapeError, DataError
        If it is no image, or `white` is not above zero.

    Examples
    --------
    >>> photograph([[0, 0.5, 1]])[0].tolist()
    [[0, 0, 0], [128, 128, 128], [255, 255, 255]]
    """
    pixels, white = _float32(image, "image"), _checked_limit(white, "white")
    if pixels.ndim not in {2, 3} or (pixels.ndim == 3 and pixels.shape[2] != 3):
        raise ShapeError(
            f"a photograph is (height, width) or (height, width, 3), got shape {pixels.shape}; "
            "take one image of a batch, or one channel of a volume"
        )
    pixels = np.nan_to_num(pixels, nan=0, posinf=white, neginf=0)
    steps = pixels * np.float32(255 / np.float32(white)) + np.float32(0.5)
    inside = np.clip(steps, 0, 255).astype(np.uint8)
    return np.repeat(inside[..., None], 3, axis=-1) if inside.ndim == 2 else inside


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Write painted pixels as a JPEG file: nearly the same, in a tenth of the bytes and the time.

    Parameters
    ----------
    pixels : ndarray of shape (height, width, 3), uint8

    Returns
    -------
    bytes

    Raises
    ------
    ShapeError, DataError
        If they are not painted pixels.
    """
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or not pixels.size:
        raise DataError(
            f"pixels must be painted ones, got {shown(pixels)}; try display.paint(image)"
        )
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ShapeError(
            f"pixels must be (height, width, 3), got {pixels.shape}; try display.paint(image)"
        )
    from PIL import Image  # most uses of colours write no file

    buffer = io.BytesIO()
    # Without optimize: Pillow's buffer for that is too small for pure noise.
    Image.fromarray(pixels).save(buffer, "JPEG", quality=70, subsampling=0)
    return buffer.getvalue()


def _checked_limit(limit: float, name: str = "limit") -> float:
    return min(max(real(limit, name, 1, above=0), _FAINTEST), _STRONGEST)


def _float32(values: ArrayLike, name: str) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # what is too large for float32 is painted as infinity
        return np.asarray(numbers(values, name), np.float32)


def _named(palette: str) -> Palette:
    if not isinstance(palette, str) or palette not in PALETTES:
        raise DataError(f"there is no palette {shown(palette)}; try one of {', '.join(PALETTES)}")
    return PALETTES[palette]
