"""Pictures of pixels: photographs, feature maps, small arrays with their numbers, marked places.

Axes: row, column, then red-green-blue if there is colour. Colours mean what they mean in the
widgets (see `cnnlab.display`): blue below zero, red above, white zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from cnnlab import display
from cnnlab.checks import listed, one_of, real, shown, whole
from cnnlab.checks import numbers as numbers_of
from cnnlab.errors import ShapeError
from cnnlab.images import to_grey
from cnnlab.plots.picture import (
    INK,
    ORANGE,
    Picture,
    as_numbers,
    as_picture,
    bare,
    captioned,
    dimensions,
    grid,
    headline,
    named,
    worded,
)

__all__ = ["image", "numbers", "overlay", "patches", "receptive_field", "side_by_side"]

Box = tuple[int, int, int, int]

_MOST_CELLS = 24  # along a side of a table of numbers
_CELL = 0.42  # inches
_MINUS = "\N{MINUS SIGN}"
_FAR = 10_000  # pixels, in which a frame can still be seen
_DIMMED = 0.35  # of the brightness of what is outside a receptive field


def image(
    pixels: ArrayLike, title: str = "", *, palette: str | None = None, limit: float | None = None
) -> Picture:
    """Show one picture: a photograph as it is, a feature map in colours.

    Parameters
    ----------
    pixels : array_like of shape (height, width) or (height, width, 3)
    title : str
    palette : str, optional
        One of `display.PALETTES`. By default whatever lies in [0, 1] is taken for a photograph,
        and anything else for a feature map in blue and red.
    limit : float, optional
        The number with the strongest colour.

    Returns
    -------
    Picture

    Raises
    ------
    ShapeError
        If it is not one picture.

    Examples
    --------
    >>> image(np.eye(3), "a diagonal")
    a diagonal: 3x3 pixels from 0 to 1
    """
    return side_by_side([pixels], [worded(title)], palette=palette, limit=limit)


def side_by_side(
    pictures: Mapping[str, ArrayLike] | Sequence[ArrayLike],
    titles: Sequence[str] | None = None,
    *,
    palette: str | None = None,
    limit: float | None = None,
    columns: int | None = None,
) -> Picture:
    """Show several pictures beside each other, each with its title.

    Parameters
    ----------
    pictures : dict of array_like, or sequence of array_like
        Photographs and feature maps, as `image` takes them.
    titles : sequence of str, optional
        One for each; not needed for a dict, whose keys are the titles.
    palette, limit
        As in `image`, for all of them.
    columns : int, optional
        How many beside each other.

    Returns
    -------
    Picture

    Examples
    --------
    >>> side_by_side({"before": np.zeros((4, 6)), "after": -np.ones((2, 4))})
    before: 4x6 pixels from 0 to 0; after: 2x4 feature map from -1 to -1
    """
    _checked_palette(palette)
    panels = [(title, as_picture(pixels)) for title, pixels in named(pictures, titles)]
    maps = [_is_map(pixels, palette) for _, pixels in panels]
    alt = "; ".join(
        _described(title, pixels, "feature map" if signed else "pixels")
        for (title, pixels), signed in zip(panels, maps, strict=True)
    )
    side = 4.2 if len(panels) == 1 else 3.3
    tallest = max(pixels.shape[0] / pixels.shape[1] for _, pixels in panels)
    figure, axes = grid(
        len(panels),
        (side, side * min(1.5, max(0.4, tallest)) + 0.3),
        alt,
        columns=min(3, len(panels)) if columns is None else columns,
    )
    for panel, (title, pixels), signed in zip(axes, panels, maps, strict=True):
        if signed:
            scale = _show_map(panel, pixels, palette or "blue_red", limit)
            _colour_bar(figure, panel, scale)
        else:
            panel.imshow(display.photograph(pixels))
        bare(panel)
        captioned(panel, title)
    return figure


def numbers(
    array: ArrayLike | Mapping[str, ArrayLike],
    title: str = "",
    *,
    palette: str = "blue_red",
    limit: float | None = None,
    mark: Box | None = None,
) -> Picture:
    """Show small arrays with their values printed, blue below zero and red above.

    Parameters
    ----------
    array : array_like of shape (height, width), or dict of them
        Up to 24 numbers along a side. A dict shows several beside each other under their names.
    title : str
        Above a single array.
    palette : str
        One of `display.PALETTES`.
    limit : float, optional
        The number with the strongest colour; by default the largest of each array.
    mark : (top, left, bottom, right), optional
        Cells of the first array to draw a frame around: a window.

    Returns
    -------
    Picture

    Raises
    ------
    ShapeError
        If an array has not two axes, or is too large to print.

    Examples
    --------
    >>> numbers([[0, 1, 0], [1, -4, 1], [0, 1, 0]], "Laplacian")
    Laplacian: 3x3 numbers [[0 1 0] [1 −4 1] [0 1 0]]
    """
    title = worded(title)
    _checked_palette(palette)
    mark = None if mark is None else _checked_box(mark, "mark")
    tables = dict(array) if isinstance(array, Mapping) else {title: array}
    cells = {worded(name, "a name"): _checked_table(values) for name, values in tables.items()}
    if not 0 < len(cells) <= _MOST_CELLS:
        raise ShapeError(
            f"{len(cells)} arrays cannot be printed beside each other, 1 to {_MOST_CELLS} can; "
            'try {"a name": array}'
        )
    alt = "; ".join(
        f"{name or 'an array'}: {dimensions(values)} numbers [{_written_out(values)}]"
        for name, values in cells.items()
    )
    heights, widths = zip(*(values.shape for values in cells.values()), strict=True)
    figure = Picture(sum(widths) * _CELL + 0.4 * len(widths), max(heights) * _CELL + 0.4, alt)
    axes = figure.subplots(1, len(cells), squeeze=False, width_ratios=widths).ravel()
    for panel, (name, values) in zip(axes, cells.items(), strict=True):
        _print_table(panel, values, palette, limit)
        captioned(panel, name)
    if mark is not None:
        axes[0].add_patch(_frame(mark))
    return figure


def overlay(
    pixels: ArrayLike, heat: ArrayLike, title: str = "", *, limit: float | None = None
) -> Picture:
    """Lay a map of what mattered over the picture it is about, in grey.

    Saliency, occlusion and Grad-CAM give such maps: red counts for the class, blue against it, and
    the stronger the colour, the more it matters.

    Parameters
    ----------
    pixels : array_like of shape (height, width) or (height, width, 3)
        The picture.
    heat : array_like of shape (height, width)
        A number for each of its pixels.
    title : str
    limit : float, optional
        The number with the strongest colour.

    Returns
    -------
    Picture

    Raises
    ------
    ShapeError
        If the map is not as large as the picture.
    """
    title = worded(title)
    picture, strength = as_picture(pixels), as_numbers(heat, "heat")
    if strength.shape != picture.shape[:2]:
        raise ShapeError(
            f"a map of shape {strength.shape} does not cover a picture of "
            f"{picture.shape[0]}x{picture.shape[1]} pixels; give one number for each pixel"
        )
    limit = display.limit_of(strength) if limit is None else real(limit, "limit", 1, above=0)
    palette = display.PALETTES["blue_red"].colours / np.float32(255)
    grey = np.repeat(np.clip(to_grey(picture), 0, 1)[..., None], 3, axis=2)
    colour = np.where((strength < 0)[..., None], palette[30], palette[display.STEPS - 31])
    share = np.clip(np.abs(np.nan_to_num(strength)) / limit, 0, 1)[..., None] * 0.85
    alt = _described(title, picture, "pixels") + " under " + _described("a", strength, "map")
    tallest = picture.shape[0] / picture.shape[1]
    figure, (panel,) = grid(1, (4.2, 4.2 * min(1.5, max(0.4, tallest)) + 0.3), alt)
    panel.imshow(display.photograph((1 - share) * grey + share * colour))
    bare(panel)
    captioned(panel, title)
    _colour_bar(figure, panel, _scale("blue_red", limit))
    return figure


def receptive_field(pixels: ArrayLike, box: Box, title: str = "") -> Picture:
    """Show which part of a picture one number of a feature map depends on.

    Parameters
    ----------
    pixels : array_like of shape (height, width) or (height, width, 3)
    box : (top, left, bottom, right)
        As `features.receptive_field` gives it; it may reach beyond the picture.
    title : str

    Returns
    -------
    Picture

    Examples
    --------
    >>> receptive_field(np.ones((8, 8)), (0, 2, 5, 7))
    8x8 pixels from 1 to 1; rows 0 to 4, columns 2 to 6 are framed
    """
    title, picture = worded(title), as_picture(pixels)
    top, left, bottom, right = box = _checked_box(box, "box")
    inside = np.zeros(picture.shape[:2], dtype=bool)
    inside[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = True
    lit = inside if picture.ndim == 2 else inside[..., None]
    alt = _described(title, picture, "pixels")
    alt += f"; rows {top} to {bottom - 1}, columns {left} to {right - 1} are framed"
    tallest = picture.shape[0] / picture.shape[1]
    figure, (panel,) = grid(1, (4.2, 4.2 * min(1.5, max(0.4, tallest)) + 0.3), alt)
    panel.imshow(display.photograph(np.where(lit, picture, _DIMMED * picture)))
    panel.add_patch(_frame(box))
    # What the padding adds belongs to the field: leave room for it.
    panel.set_xlim(min(0, left) - 0.5, max(picture.shape[1], right) - 0.5)
    panel.set_ylim(max(picture.shape[0], bottom) - 0.5, min(0, top) - 0.5)
    bare(panel)
    captioned(panel, title)
    return figure


def patches(
    pictures: Sequence[ArrayLike],
    titles: Sequence[str] | None = None,
    *,
    title: str = "",
    columns: int = 8,
) -> Picture:
    """Show many small pictures in rows: the patches a unit responds to most strongly, a data set.

    Parameters
    ----------
    pictures : sequence of array_like of shape (height, width) or (height, width, channels)
    titles : sequence of str, optional
        A word or a number above each.
    title : str
        Above all of them.
    columns : int
        How many beside each other.

    Returns
    -------
    Picture

    Examples
    --------
    >>> patches([np.zeros((5, 5))] * 3, ["0.9", "0.7", "0.2"], title="Unit 4")
    Unit 4: 3 small pictures: 0.9, 0.7, 0.2
    """
    title = worded(title)
    small = [(caption, as_picture(pixels)) for caption, pixels in named(pictures, titles)]
    captions = [caption for caption, _ in small if caption]
    alt = f"{title or 'Patches'}: {len(small)} small pictures"
    alt += f": {', '.join(captions)}" if captions else ""
    figure, axes = grid(len(small), (1.05, 1.05 + 0.22 * bool(captions)), alt, columns=columns)
    for panel, (caption, pixels) in zip(axes, small, strict=True):
        panel.imshow(display.photograph(pixels), interpolation="nearest")
        bare(panel)
        captioned(panel, caption, size=9)
    headline(figure, title)
    return figure


def _checked_palette(palette: str | None) -> None:
    if palette is not None:
        one_of(palette, "palette", display.PALETTES)


def _checked_box(box: Box, name: str) -> Box:
    """Check four whole numbers, in the right order, near enough to be drawn."""
    sides = listed(box, name, f"{name}=(0, 0, 5, 5)")
    if len(sides) != 4:
        raise ShapeError(
            f"{name} must be (top, left, bottom, right), got {shown(box)}; try {name}=(0, 0, 5, 5)"
        )
    top, left, bottom, right = (whole(side, f"a side of {name}", -_FAR, _FAR) for side in sides)
    if top > bottom or left > right:
        raise ShapeError(
            f"{name} must go from top left to bottom right, got {shown(box)}; "
            f"try {name}=(0, 0, 5, 5)"
        )
    return top, left, bottom, right


def _is_map(pixels: NDArray[np.float32], palette: str | None) -> bool:
    if pixels.ndim == 3:
        return False
    return palette is not None or not (pixels.min() >= 0 and pixels.max() <= 1)


def _described(title: str, pixels: NDArray[np.float32], noun: str) -> str:
    name = f"{title}: " if title else ""
    size = f"{pixels.shape[0]}x{pixels.shape[1]}"
    return f"{name}{size} {noun} from {pixels.min():.3g} to {pixels.max():.3g}"


def _scale(palette: str, limit: float) -> ScalarMappable:
    chosen = display.PALETTES[palette]
    colours = ListedColormap(chosen.colours[: display.STEPS] / 255)
    return ScalarMappable(Normalize(-limit if chosen.signed else 0, limit), colours)


def _show_map(
    panel: Axes, values: NDArray[np.float32], palette: str, limit: float | None
) -> ScalarMappable:
    limit = display.limit_of(values) if limit is None else limit
    panel.imshow(display.paint(values, palette, limit))
    return _scale(palette, limit)


def _colour_bar(figure: Picture, panel: Axes, scale: ScalarMappable) -> None:
    bar = figure.colorbar(scale, ax=panel, shrink=0.75, aspect=18, pad=0.02)
    low, high = scale.get_clim()
    bar.set_ticks([low, 0, high] if low else [0, high])
    bar.ax.set_yticklabels([_written(tick) for tick in bar.get_ticks()])
    bar.ax.tick_params(labelsize=8, labelcolor=INK, length=2)
    bar.outline.set_visible(False)


def _checked_table(values: ArrayLike) -> NDArray[np.float64]:
    table = numbers_of(values, "an array").astype(np.float64)
    if table.ndim != 2 or not table.size:
        raise ShapeError(
            f"numbers are printed in rows and columns, got an array of shape {table.shape}; "
            "take one channel, for example volume[..., 0]"
        )
    if max(table.shape) > _MOST_CELLS:
        raise ShapeError(
            f"a table of {dimensions(table)} numbers is too large to read, "
            f"{_MOST_CELLS} along a side is the most; try plots.image, or a part of it"
        )
    return table


def _print_table(
    panel: Axes, table: NDArray[np.float64], palette: str, limit: float | None
) -> None:
    limit = (np.abs(table[np.isfinite(table)]).max(initial=0) or 1.0) if limit is None else limit
    colours = display.paint(table, palette, limit)
    panel.imshow(colours)
    heights, widths = table.shape
    panel.set_xticks(np.arange(widths + 1) - 0.5, minor=True)
    panel.set_yticks(np.arange(heights + 1) - 0.5, minor=True)
    panel.grid(which="minor", color="white", linewidth=1.5)
    panel.tick_params(which="both", length=0)
    bare(panel, framed=False)
    size = 11 if max(len(_written(number)) for number in table.flat) <= 3 else 8.5
    for (row, column), number in np.ndenumerate(table):
        panel.text(
            column,
            row,
            _written(number),
            ha="center",
            va="center",
            fontsize=size,
            color=_readable_on(colours[row, column]),
        )


def _readable_on(colour: NDArray[np.uint8]) -> str:
    """Choose black or white print, whichever stands out more.

    Luminance as in the Web Content Accessibility Guidelines 2.2; at 0.179 both have the same
    contrast, 4.6.
    """
    channels = colour / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return "black" if linear @ [0.2126, 0.7152, 0.0722] > 0.179 else "white"


def _written(number: float) -> str:
    """Write a number as short as it can be read, with a true minus sign."""
    number = float(number) + 0.0  # no minus in front of zero
    whole = number.is_integer() or abs(number) >= 100
    return (f"{number:.0f}" if whole and abs(number) < 1e5 else f"{number:.2g}").replace(
        "-", _MINUS
    )


def _written_out(table: NDArray[np.float64]) -> str:
    return " ".join(f"[{' '.join(map(_written, row))}]" for row in table)


def _frame(box: Box) -> Rectangle:
    top, left, bottom, right = box
    return Rectangle(
        (left - 0.5, top - 0.5),
        right - left,
        bottom - top,
        fill=False,
        edgecolor=ORANGE,
        linewidth=2.5,
        zorder=3,
    )
