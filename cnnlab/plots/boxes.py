"""Pictures of networks, to scale: a box for each volume, a bar for each flat vector."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from cnnlab.checks import kind_of, real
from cnnlab.errors import ShapeError
from cnnlab.plots.picture import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    Picture,
    bare,
    captioned,
    headline,
    worded,
)

if TYPE_CHECKING:
    from cnnlab.sequential import Sequential

__all__ = ["volumes"]

_MOST_NETWORKS = 12

# A box in cabinet projection: depth goes up and to the right at half its length.
_SLANT = 0.5 * math.cos(math.pi / 6), 0.5 * math.sin(math.pi / 6)
_TALLEST, _TALL, _LEAST = 2.8, 1.9, 1.1  # inches of the largest side: alone, usually, crowded
_STEP = 0.05  # inches: how finely a height is looked for
_GAP = 0.18  # inches between boxes
_LETTER, _SMALL_LETTER = 0.068, 0.058  # inches, of a size and of a name
_PAGE = 11.0  # inches
_LONGEST = 1.25  # the longest flat vector, in heights of the largest box
_THIN = 0.09  # inches: the width of a flat vector
_CAPTION = 0.9  # inches for size and name, above and below alike


def volumes(
    networks: Sequential | Mapping[str, Sequential], title: str = "", *, channels: float = 0.5
) -> Picture:
    """Draw what flows through a network: a box for each volume, a bar for each flat vector.

    Heights and widths of all boxes are to one scale, and so are their depths. Bars of flat vectors
    grow with the logarithm of their length: a true one would not fit on the page. Layers that leave
    the shape as it is (activations, dropout) are passed over. A small network is drawn large; one
    that is too long for the page is first drawn smaller, and then on several lines of like width.

    Parameters
    ----------
    networks : Sequential, or dict of Sequential
        Several are drawn below each other under their names: a convolutional network and an
        ordinary one, for example.
    title : str
    channels : float
        Depth of one channel, in pixels of height; if that makes a box deeper than the highest is
        high, all are made shallower alike.

    Returns
    -------
    Picture

    Examples
    --------
    >>> from cnnlab.layers import Conv2D, Dense, Flatten
    >>> from cnnlab import Sequential
    >>> volumes(Sequential([Conv2D(8), Flatten(), Dense(10)], (8, 8, 1)))
    Volumes, to scale: 8x8x1 input, 6x6x8 conv2d_1, 288 flatten_1, 10 dense_1
    """
    given = networks if isinstance(networks, Mapping) else {"": networks}
    named = {worded(name, "a name"): network for name, network in given.items()}
    title, channels = worded(title), real(channels, "channels", 0.5, above=0)
    if not 0 < len(named) <= _MOST_NETWORKS:
        raise ShapeError(
            f"{len(named)} networks cannot be drawn below each other, 1 to {_MOST_NETWORKS} can; "
            'try {"a name": network}'
        )
    stages = {name: _stages(network) for name, network in named.items()}
    alt = "; ".join(
        f"{name or title or 'Volumes'}, to scale: "
        + ", ".join(f"{'x'.join(map(str, shape))} {label}" for label, shape in row)
        for name, row in stages.items()
    )
    scale = _fitting(list(stages.values()), channels)
    lines = [
        (name if not place else "", line)
        for name, row in stages.items()
        for place, line in enumerate(_lines(row, scale))
    ]
    width = max(line.width for _, line in lines)
    heights = [line.height for _, line in lines]
    figure = Picture(width, sum(heights), alt)
    panels = figure.subplots(len(lines), 1, squeeze=False, height_ratios=heights).ravel()
    for panel, (name, line) in zip(panels, lines, strict=True):
        for (label, shape), left in line.boxes:
            _draw_stage(panel, label, shape, left, scale)
        panel.set_xlim(-0.1, width)
        panel.set_ylim(-line.height / 2, line.height / 2)
        panel.set_aspect("equal")
        bare(panel, framed=False)
        captioned(panel, name)
    headline(figure, title)
    return figure


class _Scale:
    """How many inches a pixel, a channel and a vector take."""

    def __init__(self, shapes: Sequence[tuple[int, ...]], channels: float, tall: float) -> None:
        boxes = [shape for shape in shapes if len(shape) == 3]
        largest = max((max(shape[:2]) for shape in boxes), default=1)
        deepest = max((shape[2] for shape in boxes), default=1)
        self.pixel = tall / largest
        self.channel = min(channels * self.pixel, tall / deepest)
        self.line = _LONGEST * tall
        self.longest = max((shape[0] for shape in shapes if len(shape) == 1), default=1)

    def vector(self, count: int) -> float:
        return self.line * math.log(1 + count) / math.log(1 + self.longest)

    def extent(self, shape: tuple[int, ...]) -> tuple[float, float]:
        """Width and height on the page, in inches."""
        if len(shape) == 1:
            return _THIN, self.vector(shape[0])
        rows, columns, depth = shape
        return (
            columns * self.pixel + depth * self.channel * _SLANT[0],
            rows * self.pixel + depth * self.channel * _SLANT[1],
        )


Stage = tuple[str, tuple[int, ...]]


class _Line(NamedTuple):
    """Stages beside each other, each with its left edge, and the room they take in inches."""

    boxes: list[tuple[Stage, float]]
    width: float
    height: float


def _stages(network: Sequential) -> list[Stage]:
    from cnnlab.sequential import Sequential  # the first lesson draws no network

    stack = kind_of(network, Sequential, "networks", "net.sequential")
    kept: list[Stage] = [("input", stack.input_shape)]
    for row in stack.rows:
        if row.output_shape != kept[-1][1] or row.parameters:
            kept.append((row.name, row.output_shape))
    return kept


def _fitting(rows: Sequence[Sequence[Stage]], channels: float) -> _Scale:
    """Find the largest scale at which the drawing takes the fewest lines that it can take."""
    shapes = [shape for row in rows for _, shape in row]
    most = _TALLEST if len(rows) == 1 else _TALL
    heights = np.arange(most, _LEAST - _STEP / 2, -_STEP).tolist()
    scales = [_Scale(shapes, channels, tall) for tall in heights]
    counts = [sum(len(_broken(row, scale, _PAGE)) for row in rows) for scale in scales]
    fewest = min(counts)
    # A drawing of several lines is high enough without the largest boxes.
    allowed = _TALLEST if fewest == 1 else _TALL
    return next(
        scale
        for scale, count, tall in zip(scales, counts, heights, strict=True)
        if count == fewest and tall <= allowed
    )


def _room(stage: Stage, scale: _Scale) -> float:
    """Width of a stage, never narrower than what is written under it."""
    label, shape = stage
    size = "x".join(map(str, shape))
    return max(scale.extent(shape)[0], _LETTER * len(size), _SMALL_LETTER * len(label))


def _broken(stages: Sequence[Stage], scale: _Scale, page: float) -> list[list[Stage]]:
    """Break a row of stages where a page of that width ends."""
    lines: list[list[Stage]] = [[]]
    left = 0.0
    for stage in stages:
        room = _room(stage, scale)
        if lines[-1] and left + room > page:
            lines.append([])
            left = 0.0
        lines[-1].append(stage)
        left += room + _GAP
    return lines


def _lines(stages: Sequence[Stage], scale: _Scale) -> Iterator[_Line]:
    """Put the stages beside each other, on lines of like width: none is left alone on the last."""
    fewest = len(_broken(stages, scale, _PAGE))
    page = _PAGE
    while len(_broken(stages, scale, page - _STEP)) == fewest and page > _STEP:
        page -= _STEP
    for line in _broken(stages, scale, page):
        boxes: list[tuple[Stage, float]] = []
        left = 0.0
        for stage in line:
            room = _room(stage, scale)
            boxes.append((stage, left + (room - scale.extent(stage[1])[0]) / 2))
            left += room + _GAP
        tallest = max(scale.extent(shape)[1] for _, shape in line)
        yield _Line(boxes, left, tallest + _CAPTION)


def _draw_stage(
    panel: Axes, label: str, shape: tuple[int, ...], left: float, scale: _Scale
) -> None:
    width, height = scale.extent(shape)
    bottom = -height / 2
    if len(shape) == 1:
        colour = ORANGE
        faces = [_rectangle(left, bottom, width, height)]
    else:
        colour = BLUE
        front = shape[1] * scale.pixel, shape[0] * scale.pixel
        over = tuple(shape[2] * scale.channel * slant for slant in _SLANT)
        faces = _box(left, bottom, front, (over[0], over[1]))
    for corners, strength in zip(faces, (0.38, 0.22, 0.55), strict=False):
        panel.add_patch(
            Polygon(corners, facecolor=_lightened(colour, strength), edgecolor=colour, lw=1.0)
        )
    middle = left + width / 2
    size = "x".join(map(str, shape)) if len(shape) == 3 else f"{shape[0]:,}"
    panel.text(middle, bottom - 0.08, size, ha="center", va="top", fontsize=8.5, color=INK)
    panel.text(middle, bottom - 0.26, label, ha="center", va="top", fontsize=7.5, color=MUTED)


def _rectangle(left: float, bottom: float, width: float, height: float) -> NDArray[np.float64]:
    right, top = left + width, bottom + height
    return np.array([[left, bottom], [right, bottom], [right, top], [left, top]])


def _box(
    left: float, bottom: float, front: tuple[float, float], over: tuple[float, float]
) -> list[NDArray[np.float64]]:
    """Find the three visible faces: front, top, right side."""
    near = _rectangle(left, bottom, *front)
    far = near + np.array(over)
    return [
        near,
        np.array([near[3], near[2], far[2], far[3]]),
        np.array([near[1], far[1], far[2], near[2]]),
    ]


def _lightened(colour: str, strength: float) -> tuple[float, ...]:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return tuple(1 - strength * (1 - channel) for channel in channels)
