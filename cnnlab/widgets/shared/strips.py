"""Windows over a strip of pixels, and volumes one after the other, as still pictures.

What no page is alive for: a saved notebook where no widgets run. Axes: row, column, red-green-blue.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import shapes
from cnnlab.errors import ShapeError

__all__ = ["chain", "costs", "window"]

_WIDTH, _ROW, _GAP = 640, 18, 14  # pixels
_PAPER, _INK, _LINE = (255, 255, 255), (31, 35, 40), (184, 189, 199)
_WRONG = (180, 35, 24)
_COSTS = ("Layer (type)", "Output shape", "Parameters", "Multiply-adds")
_PIXEL, _PAD, _BAR, _LOST = (225, 236, 248), (252, 228, 196), (25, 118, 210), (150, 150, 150)


def window(*sides: tuple[int, int, int, Any, int]) -> NDArray[np.uint8]:
    """Draw each side as a strip of cells, below it a bar for each place of the window.

    Parameters
    ----------
    *sides : (size, window, stride, padding, dilation)
        As `shapes.output_size` takes them.

    Returns
    -------
    ndarray of shape (height, 640, 3), uint8
    """
    from PIL import Image, ImageDraw

    heights = [_ROW * (1 + _lanes(side)) + _GAP for side in sides]
    picture = Image.new("RGB", (_WIDTH, sum(heights)), _PAPER)
    draw = ImageDraw.Draw(picture)
    for top, side in zip(np.cumsum([0, *heights]).tolist(), sides, strict=False):
        _draw_side(draw, top, side)
    return np.asarray(picture)


def _lanes(side: tuple[int, int, int, Any, int]) -> int:
    """Rows of bars, so that none lies over another."""
    _, size, stride, _, dilation = side
    return min((dilation * (size - 1) + 1) // stride + 1, 12)


def _draw_side(draw: Any, top: int, side: tuple[int, int, int, Any, int]) -> None:
    size, width, stride, padding, dilation = side
    before, after = padding, padding
    if isinstance(padding, str):
        same = padding == "same"
        before, after = shapes.same_padding(size, width, stride, dilation) if same else (0, 0)
    try:
        outputs, lost = shapes.output_size(*side), shapes.untouched(*side)
    except ShapeError:
        outputs, lost = 0, []
    cell = (_WIDTH - 1) / (before + size + after)
    edge = _LINE if cell >= 4 else None
    for place in range(-before, size + after):
        left = (place + before) * cell
        colour = _PIXEL if 0 <= place < size else _PAD
        draw.rectangle((left, top, left + cell, top + _ROW), colour, edge)
        if place in lost:
            draw.line((left, top + _ROW, left + cell, top), _LOST, 2)
        if cell >= 20 and 0 <= place < size:
            draw.text((left + cell / 2, top + _ROW / 2), str(place), _INK, anchor="mm")
    reach, lanes = dilation * (width - 1) + 1, _lanes(side)
    for place in range(outputs):
        left, below = place * stride * cell, top + _ROW * (1 + place % lanes)
        middle = below + _ROW / 2
        draw.line((left + 2, middle, left + reach * cell - 2, middle), _BAR, 2)
        for tap in range(width):
            at = left + tap * dilation * cell
            draw.rectangle((at + 2, below + 5, at + cell - 2, below + _ROW - 5), _BAR)


def chain(volumes: list[tuple[int, ...]]) -> NDArray[np.uint8]:
    """Draw what goes from layer to layer: a bar as long as the side is wide, its size beside it.

    Parameters
    ----------
    volumes : list of tuple of int
        (height, width, channels), or (numbers,) where it is flat.

    Returns
    -------
    ndarray of shape (height, 640, 3), uint8
    """
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (_WIDTH, _ROW * len(volumes) + _GAP), _PAPER)
    draw = ImageDraw.Draw(picture)
    for number, volume in enumerate(volumes):
        top = number * _ROW + _GAP / 2
        draw.text((4, top + _ROW / 2), " x ".join(map(str, volume)), _INK, anchor="lm")
        if len(volume) == 3:
            length = (_WIDTH - 160) * volume[1] / volumes[0][1]
            draw.rectangle((150, top + 3, 150 + length, top + _ROW - 3), _PIXEL, _LINE)
    return np.asarray(picture)


def costs(lines: list[tuple[str, str, int, int]], error: str = "") -> NDArray[np.uint8]:
    """Draw a table of layers with a pair of bars each: parameters, and multiply-adds.

    Parameters
    ----------
    lines : list of (name, shape, parameters, multiply_adds)
    error : str
        Why the layer behind them does not fit.

    Returns
    -------
    ndarray of shape (height, 640, 3), uint8
    """
    from PIL import Image, ImageDraw

    height = _ROW * (len(lines) + 1 + bool(error)) + _GAP
    picture = Image.new("RGB", (_WIDTH, height), _PAPER)
    draw = ImageDraw.Draw(picture)
    most = [max([1, *counts]) for counts in zip(*(line[2:] for line in lines), strict=True)]
    tops = [_GAP / 2 + (number + 0.5) * _ROW for number in range(len(lines) + 1)]
    columns = (4, 210, 310, 480)
    for left, words in zip(columns, _COSTS, strict=True):
        draw.text((left, tops[0]), words, _INK, anchor="lm")
    for middle, (name, shape, *counts) in zip(tops[1:], lines, strict=True):
        for left, count, largest in zip(columns[2:], counts, most, strict=True):
            if count:
                long = max(1, 150 * count / largest)
                draw.rectangle((left, middle - 7, left + long, middle + 7), _PIXEL, _LINE)
        written = (name, shape, *(f"{count:,}" for count in counts))
        for left, words in zip(columns, written, strict=True):
            draw.text((left, middle), words, _INK, anchor="lm")
    if error:
        draw.text((4, height - _GAP / 2 - _ROW / 2), error, _WRONG, anchor="lm")
    return np.asarray(picture)
