"""FilterLab: change a filter, watch the feature map of a photograph follow the hand."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import display, filters, functional, shapes
from cnnlab.errors import ShapeError
from cnnlab.widgets.shared import code, maps
from cnnlab.widgets.shared.filtered_photo import FilteredPhoto
from cnnlab.widgets.shared.photo import white_of
from cnnlab.widgets.shared.traits import (
    Amount,
    Count,
    OneOf,
    PaddingOf,
    Palette,
    Positive,
    shortest,
)  # fmt: skip
from cnnlab.widgets.shared.widget import Reply, Request

__all__ = ["FilterLab"]


class FilterLab(FilteredPhoto, stem="filter_lab"):
    """A laboratory for one filter: edit its weights, see input and feature map side by side.

    Everything can be set on the page and in Python, and each follows the other. The numbers are
    those of `cnnlab.functional`.

    Parameters
    ----------
    image : str, path, bytes or array_like of shape (height, width) or (height, width, 3)
        A sample photograph (`images.SAMPLES`), a file or what is in it, or pixels: uint8 counts
        from 0 to 255, anything else is taken as it is.
    filter : str, Filter or array_like of shape (filter_height, filter_width) or (..., 3)
        A name of `filters.CATALOGUE` or weights, 1x1 to 7x7. For a colour picture a filter of rows
        and columns is laid on every channel.
    bias : float
        Added to every pixel of the feature map.
    stride, dilation : int
        Pixels from one window to the next; pixels from one weight to the next.
    padding : int or "same" or "valid"
        Zeros on each side.
    pad_value : float
        What is laid around the picture in the place of zeros.
    activation : "none" or "relu"
        What becomes of each sum.
    palette : str
        One of `display.PALETTES`, or "auto": on a dark page zero is dark, else light.
    limit : float, optional
        The number that gets the strongest colour; by default it follows the map.
    colour : bool
        Whether a colour picture is taken as three channels or as grey.

    Raises
    ------
    DataError, ShapeError
        If the picture cannot be opened or the filter does not fit it.
    TypeError
        If an option is not known.

    Examples
    --------
    >>> lab = FilterLab([[3, 5, 2], [9, 7, 5], [2, 0, 6]], filter=[[1, 0, 0], [1, 1, 0], [0, 0, 1]])
    >>> lab.output
    array([[25.]], dtype=float32)
    >>> lab.padding = "same"
    >>> lab
    FilterLab(3x3 picture, 3x3 filter, 3x3 feature map)
    """

    bias = Amount()
    stride = Count(1)
    padding = PaddingOf()
    pad_value = Amount()
    dilation = Count(1)
    activation = OneOf(none="None", relu="ReLU")
    palette = Palette()
    limit = Positive(1, "to follow the map")

    def __init__(
        self,
        image: str | os.PathLike[str] | bytes | ArrayLike = "camera",
        *,
        filter: str | filters.Filter | ArrayLike = "identity",  # noqa: A002 - the course's word
        **options: Any,
    ) -> None:
        self._output: NDArray[np.float32] | None = None
        super().__init__(image, filter=filter, **options)

    # -- what comes out -----------------------------------------------------------------------

    def _settings_changed(self) -> None:
        self._output = None

    @property
    def output(self) -> NDArray[np.float32]:
        """The feature map, of shape (out_height, out_width), float32; read-only.

        Raises
        ------
        ShapeError
            If the filter does not fit in the padded picture.
        """
        with self._lock:
            if self._output is None:
                image, padding = self._laid_around()
                output = functional.conv2d(
                    image.reshape(1, *image.shape[:2], -1),
                    self.filter.reshape(*self.filter.shape[:2], -1, 1),
                    [self.bias], stride=self.stride, padding=padding, dilation=self.dilation,
                )  # fmt: skip
                if self.activation == "relu":
                    output = functional.relu(output)
                self._output = output[0, ..., 0]
                self._output.setflags(write=False)
            return self._output

    def _laid_around(self) -> tuple[NDArray[np.float32], shapes.Padding]:
        """Give the picture with the value of the pad around it, and the zeros still to add."""
        sides = self._sides()
        if not sides:
            return self.image, self.padding
        return np.pad(self.image, sides, constant_values=np.float32(self.pad_value)), 0

    def _sides(self) -> list[tuple[int, int]]:
        """Count what is laid around the picture, for each axis; nothing where zeros serve."""
        window = self._window()
        if window is None or not self.pad_value:
            return []
        sides = [(window.top, window.bottom), (window.left, window.right)]
        return [*sides, *[(0, 0)] * (self.image.ndim - 2)] if np.any(sides) else []

    @property
    def painted(self) -> NDArray[np.uint8]:
        """The picture of the feature map, of shape (out_height, out_width, 3), uint8."""
        with self._lock:
            return display.paint(self.output, Palette.named(self.palette), self.limit)

    # -- answers to the page ------------------------------------------------------------------

    def answer_frame(self, request: Request) -> Reply:
        """Paint the map; take a pixel apart too where one is pointed at and still there."""
        about, steps = maps.message(self.output, Palette.named(self.palette), self.limit)
        point = request.content.get("point")
        if point and point["row"] < about["height"] and point["column"] < about["width"]:
            about["pixel"] = self._explained(**point)
        return about, steps

    def answer_pixel(self, request: Request) -> Reply:
        """Take one pixel of the map apart: pixels under the filter, products, sums, bias."""
        return {"pixel": self._explained(**request["point"])}, []

    def _explained(self, row: int, column: int) -> dict[str, Any]:
        place, pixel = (
            filters.explain(
                image, self.filter, int(row), int(column), bias=self.bias, stride=self.stride,
                padding=padding, dilation=self.dilation,
            )
            for image, padding in [(self.image, self.padding), self._laid_around()]
        )  # fmt: skip
        under = np.where(place.inside[..., None], pixel.pixels, np.nan)
        grids = (np.moveaxis(grid, 2, 0).tolist() for grid in (under, pixel.products))
        channels = [
            {"pixels": _plain(pixels), "products": _plain(products), "sum": maps.finite(total)}
            for pixels, products, total in zip(*grids, pixel.sums, strict=True)
        ]
        return {
            "row": place.row, "column": place.column, "top": place.top, "left": place.left,
            "channels": channels, "bias": self.bias, "result": maps.finite(pixel.result),
            "activated": maps.finite(self.output[row, column]),
        }  # fmt: skip

    # -- in words -----------------------------------------------------------------------------

    def code(self) -> str:
        """Write the Python that makes this very picture.

        Returns
        -------
        str
            Lines that end with ``picture``, an array of shape (height, width, 3), uint8. A picture
            that was drawn, filmed or handed over as an array is taken from ``lab``.
        """
        with self._lock:
            colour = self.image.ndim == 3
            axes = ("None", "..., None") if colour else ("None, :, :, None", "..., None, None")
            limit = "" if self.limit is None else f", limit={self.limit!r}"
            sides, padding = self._sides(), self._laid_around()[1]
            value = shortest(np.float32(self.pad_value))
            pad = [f"image = np.pad(image, {sides}, constant_values={value!r})"] if sides else []
            lines = [
                "import numpy as np", "", "from cnnlab import display, filters, images",
                "from cnnlab import functional as F", "",
                *self._photo.code(colour=colour, widget="lab"), *code.weights(self.filter),
                *pad, "output = F.conv2d(",
                f"    image[{axes[0]}],  # one image{'' if colour else ', one channel'}",
                f"    weights[{axes[1]}],  # {'' if colour else 'one channel, '}one filter",
                f"    bias=[{shortest(np.float32(self.bias))!r}],",
                f"    stride={self.stride},",
                f"    padding={padding!r},",
                f"    dilation={self.dilation},",
                ")[0, ..., 0]",
                *(["output = F.relu(output)"] if self.activation == "relu" else []),
                f'picture = display.paint(output, "{Palette.named(self.palette)}"{limit})',
            ]  # fmt: skip
            return "\n".join(lines) + "\n"

    def _window(self) -> shapes.Window | None:
        """Lay the filter over the picture; None if it does not fit."""
        size, (rows, columns) = self.image.shape[:2], self.filter.shape[:2]
        try:
            return shapes.Window.over(
                size, (rows, columns), self.stride, self.padding, self.dilation
            )
        except ShapeError:
            return None

    def _still(self) -> NDArray[np.uint8] | None:
        window = self._window()
        if window is None:
            return None
        value = np.float32(self.pad_value)
        output = maps.preview(self.image, self.filter, window, value) + np.float32(self.bias)
        if self.activation == "relu":
            output = np.maximum(output, 0)
        photograph = display.photograph(self.image, white=white_of(self.image))
        slices = self.filter[..., None] if self.filter.ndim == 2 else self.filter
        palette = Palette.named(self.palette)
        signed = palette if display.PALETTES[palette].signed else "blue_red"
        grids = [maps.numbers(slices[..., c], signed) for c in range(slices.shape[2])]
        if (slices == slices[..., :1]).all():
            grids = grids[:1]
        return maps.side_by_side(
            maps.at_still_size(photograph),
            *grids,
            maps.at_still_size(display.paint(output, palette, self.limit)),
        )

    def __repr__(self) -> str:
        with self._lock:
            rows, columns = self.filter.shape[:2]
            window, size = self._window(), "which does not fit"
            if window:
                size = f"{window.out_height}x{window.out_width} feature map"
            return f"FilterLab({self._photo.name}, {rows}x{columns} filter, {size})"


def _plain(grid: list[list[float]]) -> list[list[float | None]]:
    """Write numbers as JSON can: null for a zero of the padding, and for what is not finite."""
    return [[maps.finite(number) for number in line] for line in grid]
