"""A feature map as the page gets it, and as a still picture where no page is alive."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import display
from cnnlab.shapes import Window
from cnnlab.widgets.shared.assets import NUMBERS_UP_TO

__all__ = [
    "at_still_size",
    "ends",
    "finite",
    "message",
    "numbers",
    "one_below_another",
    "preview",
    "side_by_side",
]

_STILL_HEIGHT, _GAP = 320, 16  # pixels


def message(
    output: NDArray[np.float32], palette: str, limit: float | None
) -> tuple[dict[str, Any], list[Any]]:
    """Write a map as one byte a pixel, and what the numbers are.

    Parameters
    ----------
    output : ndarray of shape (height, width), float32
    palette : str
        One of `display.PALETTES`.
    limit : float, optional
        The number with the strongest colour; by default it follows the map.

    Returns
    -------
    dict
        Size, least and largest number, limit; all numbers of a small map.
    list of bytes
        The steps of the palette.
    """
    limit = display.limit_of(output) if limit is None else limit
    about = {
        "height": output.shape[0], "width": output.shape[1],
        **ends(output), "limit": limit,
    }  # fmt: skip
    if output.size <= NUMBERS_UP_TO**2:
        about["numbers"] = [finite(number) for number in output.reshape(-1)]
    return about, [display.levels(output, palette, limit).tobytes()]


def preview(
    image: NDArray[np.float32],
    weights: NDArray[np.float32],
    window: Window,
    pad_value: np.float32 = np.float32(0),  # noqa: B008 - a number, which nobody can change
) -> NDArray[np.float32]:
    """Compute a map for a still picture, by NumPy alone.

    A cell shows its widget when the still picture is ready. Numba takes a third of a second to
    load, and seconds where nothing has been compiled yet; the page paints meanwhile. All else, what
    the page is told included, is computed by `functional`.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, 3), float32
    weights : ndarray of shape (filter_height, filter_width) or (filter_height, filter_width, 3)
    window : Window
        The filter laid over the image.
    pad_value : float32
        What lies around the image where the window has padding.

    Returns
    -------
    ndarray of shape (out_height, out_width), float32
        Without bias and activation.
    """
    volume, bank = (part[..., None] if part.ndim == 2 else part for part in (image, weights))
    sides = ((window.top, window.bottom), (window.left, window.right), (0, 0))
    padded = np.pad(volume, sides, constant_values=pad_value)
    (down, across), (lower, further) = window.stride, window.dilation
    output = np.zeros((window.out_height, window.out_width), np.float32)
    for row, column, channel in np.ndindex(bank.shape):
        top, left = row * lower, column * further
        under = padded[
            top : top + down * window.out_height : down,
            left : left + across * window.out_width : across,
            channel,
        ]
        output += bank[row, column, channel] * under
    return output


def finite(number: Any) -> float | None:
    """Write a number as JSON can: what is not finite becomes null."""
    return float(number) if np.isfinite(number) else None


def ends(output: NDArray[np.float32]) -> dict[str, float | None]:
    """Give the least and the largest number of a map as ``low`` and ``high``, as JSON can."""
    low, high = np.fmin.reduce(output, axis=None), np.fmax.reduce(output, axis=None)
    return {"low": finite(low), "high": finite(high)}


def side_by_side(*pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay painted pictures beside each other, for where no page is alive.

    Parameters
    ----------
    *pictures : ndarray of shape (height, width, 3), uint8
        Those lower than the others stand in the middle.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    height = max(pixels.shape[0] for pixels in pictures)
    gap = np.full((height, _GAP, 3), 255, np.uint8)
    parts: list[NDArray[np.uint8]] = []
    for pixels in pictures:
        above = (height - pixels.shape[0]) // 2
        column = np.full((height, pixels.shape[1], 3), 255, np.uint8)
        column[above : above + pixels.shape[0]] = pixels
        parts += [column, gap]
    return np.hstack(parts[:-1])


def one_below_another(*pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay painted pictures below each other.

    Parameters
    ----------
    *pictures : ndarray of shape (height, width, 3), uint8
        Those narrower than the others stand in the middle.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    return side_by_side(*(pixels.swapaxes(0, 1) for pixels in pictures)).swapaxes(0, 1)


def at_still_size(pixels: NDArray[np.uint8], height: int = _STILL_HEIGHT) -> NDArray[np.uint8]:
    """Bring painted pixels to the height of a still: averaged if large, in squares if small.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns, 3), uint8
    height : int

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    from PIL import Image

    rows, columns = pixels.shape[:2]
    size = max(1, round(columns * height / rows)), height
    how = Image.Resampling.BOX if rows > height else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(pixels).resize(size, how))


def numbers(
    grid: NDArray[np.float32], palette: str, limit: float | None = None
) -> NDArray[np.uint8]:
    """Paint a small grid of numbers, each on its colour.

    Parameters
    ----------
    grid : ndarray of shape (rows, columns), float32
    palette : str
        A signed one of `display.PALETTES`.
    limit : float, optional
        The number with the strongest colour; by default the largest.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    from PIL import Image, ImageDraw, ImageFont

    side = max(24, min(44, 200 // max(grid.shape)))
    limit = float(np.abs(grid).max()) or 1 if limit is None else limit
    colours = display.paint(grid, palette, limit)
    squares = np.repeat(np.repeat(colours, side, axis=0), side, axis=1)
    squares[::side] = squares[:, ::side] = 255
    picture = Image.fromarray(squares)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(side // 3)
    for (row, column), number in np.ndenumerate(grid):
        light = colours[row, column] @ np.array([0.2126, 0.7152, 0.0722]) > 128
        middle = (column * side + side / 2, row * side + side / 2)
        ink = (0, 0, 0) if light else (255, 255, 255)
        digits = ".0f" if 100 <= abs(number) < 1e4 else ".2g"
        draw.text(middle, f"{number:{digits}}", ink, font, anchor="mm")
    return np.asarray(picture)
