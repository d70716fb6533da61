"""The sheet that every plot is drawn on: a matplotlib figure that can describe itself.

No pyplot: nothing here is global, so a plot may be drawn in a widget's callback while a cell
draws another.
"""

from __future__ import annotations

import io
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from cnnlab import display
from cnnlab.checks import listed, numbers, shown, text, whole
from cnnlab.errors import DataError, ShapeError

__all__ = [
    "BLUE",
    "COLOURS",
    "INK",
    "LINE",
    "MUTED",
    "ORANGE",
    "Picture",
    "as_numbers",
    "as_picture",
    "bare",
    "captioned",
    "dimensions",
    "grid",
    "headline",
    "literal",
    "named",
    "worded",
]

INK, MUTED, LINE = "#1f2328", "#59636e", "#d0d7de"
# Okabe and Ito 2008, Color universal design: told apart by every kind of colour vision.
BLUE, ORANGE = "#0072b2", "#d55e00"
# For lines; without their yellow, which is too light on white.
COLOURS = (BLUE, ORANGE, "#009e73", "#cc79a7", "#56b4e9", "#e69f00")

_DPI = 96
_SHARPNESS = 1.25  # pixels in the file for one on an ordinary screen
_LARGEST_PNG = 60_000  # bytes
_MARGIN = 0.08  # inches
_COLUMNS = 6  # tiles beside each other
_WIDEST = 10.0  # inches
_MOST_TILES = 400
_LONGEST_TITLE = 200
_LARGEST = 1 << 25  # pixels: beyond those of any camera


class Picture(Figure):
    """A figure that shows itself in a notebook, small as a file, and described in words.

    Attributes
    ----------
    alt : str
        What is to be seen, for those who cannot see it; stored with the picture.
    """

    def __init__(self, width: float, height: float, alt: str) -> None:
        super().__init__(figsize=(width, height), dpi=_DPI, layout="constrained", facecolor="white")
        self.alt = alt

    def __repr__(self) -> str:
        return self.alt

    __str__ = __repr__

    def encoded(self) -> tuple[str, bytes]:
        """Draw the figure, cut away its empty rim, and make a file of it.

        Returns
        -------
        kind : str
            ``"image/png"``, exact, for diagrams; ``"image/jpeg"`` where photographs would make
            that a large file.
        file : bytes
        """
        drawn = io.BytesIO()
        self.savefig(
            drawn,
            format="png",
            dpi=_DPI * _SHARPNESS,
            bbox_inches="tight",
            pad_inches=_MARGIN,
            metadata={"Description": self.alt},
            pil_kwargs={"optimize": True},
        )
        if drawn.tell() <= _LARGEST_PNG:
            return "image/png", drawn.getvalue()
        with Image.open(drawn) as picture:
            return "image/jpeg", display.jpeg(np.asarray(picture.convert("RGB")))

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Show the picture at its size on an ordinary screen, with its description."""
        del include, exclude
        kind, file = self.encoded()
        with Image.open(io.BytesIO(file)) as picture:
            width, height = (round(side / _SHARPNESS) for side in picture.size)
        about = {"alt": self.alt, "width": width, "height": height}
        return {kind: file, "text/plain": self.alt}, {kind: about}


def grid(
    count: int, tile: tuple[float, float], alt: str, *, columns: int | None = None
) -> tuple[Picture, list[Axes]]:
    """Make a picture with a number of tiles, as many rows as it takes.

    Parameters
    ----------
    count : int
        Tiles.
    tile : (float, float)
        Width and height of one, in inches; less if they would not fit beside each other.
    alt : str
        See `Picture`.
    columns : int, optional
        Tiles beside each other.

    Raises
    ------
    ShapeError
        If there are too many tiles to see, or `columns` is no whole number above 0.
    """
    if count > _MOST_TILES:
        raise ShapeError(
            f"{count:,} pictures are too many to see at once, {_MOST_TILES} are the most; "
            f"try the first {_MOST_TILES}"
        )
    columns = min(count, _COLUMNS if columns is None else whole(columns, "columns"))
    rows = math.ceil(count / columns)
    width, height = tile
    shrink = min(1.0, _WIDEST / (columns * width))
    picture = Picture(columns * width * shrink, rows * height * shrink, alt)
    panels = picture.subplots(rows, columns, squeeze=False).ravel().tolist()
    for spare in panels[count:]:
        spare.remove()
    return picture, panels[:count]


def bare(axes: Axes, *, framed: bool = True) -> None:
    """Take the ticks away; keep a thin frame, so that white pixels have an edge."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(framed)
        spine.set_color(LINE)


def captioned(axes: Axes, title: str, *, size: float = 10.5) -> None:
    """Write a title above a panel, if there is one."""
    if title:
        axes.set_title(literal(title), fontsize=size, color=INK, pad=5)


def headline(figure: Picture, title: str) -> None:
    """Write a title above the whole picture, if there is one."""
    if title:
        figure.suptitle(literal(title), fontsize=10.5, color=INK)


def literal(words: str) -> str:
    """Mark dollar signs as such: what stands between two, Matplotlib reads as a formula."""
    return words.replace("$", r"\$")


def worded(title: object, name: str = "title") -> str:
    """Ask for a text that can be drawn, or a number to be written as one.

    Raises
    ------
    DataError
        If it is neither, too long for a title, or has characters that no font has.
    """
    words = str(title) if isinstance(title, int | float | np.number) else text(title, name)
    if len(words) > _LONGEST_TITLE or not words.replace("\n", " ").isprintable():
        raise DataError(
            f"{name} must be at most {_LONGEST_TITLE} characters that can be drawn, "
            f"got {len(words):,}: {shown(words)}; try a few words"
        )
    return words


def dimensions(array: NDArray[Any]) -> str:
    """Write a shape in words: ``512x512x3``."""
    return "x".join(map(str, array.shape))


def as_picture(image: ArrayLike) -> NDArray[np.float32]:
    """Bring what may be drawn to (height, width) or (height, width, 3).

    Raises
    ------
    ShapeError
        If it is neither, nor a volume of one channel.
    """
    pixels = as_numbers(image, "a picture")
    if pixels.ndim == 4 and len(pixels) == 1:
        pixels = pixels[0]
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if pixels.ndim not in {2, 3} or (pixels.ndim == 3 and pixels.shape[2] != 3) or not pixels.size:
        raise ShapeError(
            f"one picture is (height, width) or (height, width, 3), got {pixels.shape}; "
            "try plots.feature_maps for a volume, or take one image of a batch"
        )
    return pixels


def as_numbers(array: ArrayLike, name: str, most: int = _LARGEST) -> NDArray[np.float32]:
    """Read what is to be drawn; what is too large for float32 is drawn as infinity.

    Raises
    ------
    ShapeError, DataError
        If it does not hold real numbers, or more than can be drawn.
    """
    read = numbers(array, name)
    if read.size > most:
        raise ShapeError(
            f"{name} of {dimensions(read)} numbers is too large to draw, {most:,} are the most; "
            "try every tenth row and column: [::10, ::10]"
        )
    with np.errstate(over="ignore"):
        return read.astype(np.float32)


def named(
    arrays: Mapping[str, ArrayLike] | Sequence[ArrayLike] | NDArray[Any],
    titles: Sequence[str] | None,
) -> Iterator[tuple[str, ArrayLike]]:
    """Pair pictures with their titles, however they came.

    Raises
    ------
    ShapeError
        If there are none, or not as many titles.
    DataError
        If they cannot be gone through one by one.
    """
    if isinstance(arrays, Mapping):
        titles = list(arrays) if titles is None else titles
        arrays = list(arrays.values())
    arrays = listed(arrays, "pictures", "[picture]")
    titles = [""] * len(arrays) if titles is None else listed(titles, "titles", '["a title"]')
    titles = [worded(title, "a title") for title in titles]
    if len(arrays) == 0 or len(arrays) != len(titles):
        raise ShapeError(
            f"each picture takes one title, got {len(arrays)} pictures and {len(titles)} titles; "
            'try {"title": picture, ...}'
        )
    return zip(titles, arrays, strict=True)
