"""ShiftTest: a picture is dragged by whole pixels; how much changes after pooling."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from cnnlab import display, functional, shapes
from cnnlab.errors import DataError
from cnnlab.widgets.shared import maps
from cnnlab.widgets.shared.photo import Photo, white_of
from cnnlab.widgets.shared.photo_widget import PhotoWidget
from cnnlab.widgets.shared.traits import Count, OneOf, Palette, StrideOf
from cnnlab.widgets.shared.widget import Reply, Request

__all__ = ["Change", "ShiftTest"]

_NEIGHBOURS = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]  # row by row
_NOTHING = 1e-6  # of the largest pixel: below it is rounding, as of an average


def _dot() -> NDArray[np.float32]:
    picture = np.zeros((8, 8), np.float32)
    picture[2, 2] = 1
    return picture


def _noise() -> NDArray[np.float32]:
    return (np.random.default_rng(0).integers(0, 256, (8, 8)) / 255).astype(np.float32)


_PATTERNS = {"dot": ("One bright dot", _dot), "noise": ("Random numbers", _noise)}


@dataclass(frozen=True, slots=True)
class Change:
    """What a shift changed.

    Attributes
    ----------
    right, down : int
        The shift, in pixels.
    changed, cells : int
        How many numbers differ, and of how many.
    by : float
        By how much a number differs, on average over all of them.
    """

    right: int
    down: int
    changed: int
    cells: int
    by: float

    @property
    def share(self) -> float:
        """The part of all numbers that differs, 0 to 1."""
        return self.changed / self.cells

    def __str__(self) -> str:
        return (
            f"right {self.right}, down {self.down}: {self.changed} of {self.cells} changed "
            f"({100 * self.share:.1f} %), by {self.by:.4f} on average"
        )


class ShiftTest(PhotoWidget, stem="shift_test"):
    """The shift test: drag a picture by single pixels, and see what changes after pooling.

    What leaves the picture on one side comes in on the other. The numbers are those of
    `cnnlab.functional`; each setting can be made on the page and in Python.

    Parameters
    ----------
    image : str, path, bytes or array_like of shape (height, width)
        ``"dot"``, one bright dot among 8x8 pixels; ``"noise"``, 8x8 random numbers; a sample
        photograph (`images.SAMPLES`), a file or what is in it, or pixels: uint8 counts from 0 to
        255, anything else is taken as it is. A picture in colour is seen as grey.
    kind : "max" or "average"
        Which pooling.
    window : int
        Rows and columns of the pooling window, 1 to 16.
    stride : int, optional
        Pixels from one window to the next, 1 to 16. None, the default, is as many as the window
        has and follows it.
    right, down : int
        By how many pixels the picture is shifted; less than zero is left and up. A new picture
        begins unshifted.
    palette : str
        The colours of the changes: one of `display.PALETTES`, or "auto".

    Raises
    ------
    DataError, ShapeError
        If the picture cannot be opened or has numbers that are not finite.
    TypeError
        If an option is not known.

    Examples
    --------
    >>> test = ShiftTest("dot", right=1)
    >>> test.cells.changed, ShiftTest("dot", right=2).cells.changed
    (0, 2)
    >>> [change.changed for change in test.one_pixel_shifts].count(0)
    3
    """

    grey_only: ClassVar[bool] = True

    kind = OneOf(max="Maximum", average="Average")
    window = Count(2, most=16)
    stride = StrideOf(most=16)
    right = Count(0, least=-2048, most=2048)
    down = Count(0, least=-2048, most=2048)
    palette = Palette()

    def __init__(
        self, image: str | os.PathLike[str] | bytes | ArrayLike = "dot", **options: Any
    ) -> None:
        self._kept: dict[str, Any] = {}  # what is known of the picture, the window and the shift
        self._eight: tuple[Change, ...] = ()  # it does not depend on the shift
        super().__init__(image, **options)

    # -- the picture --------------------------------------------------------------------------

    def _opened(self, value: Any) -> Photo:
        if isinstance(value, str) and value in _PATTERNS:
            return Photo(_PATTERNS[value][1](), {"pattern": value})
        photo = super()._opened(value)
        if not np.isfinite(photo.source).all():
            raise DataError(
                "the shift test compares numbers, and this picture has nan or inf; try "
                "np.nan_to_num(image)"
            )
        return photo

    def _take(self, photo: Photo) -> None:
        """Show another picture, and from its own place."""
        with self._as_one():
            super()._take(photo)
            self.right = self.down = 0

    def _settings_changed(self) -> None:
        self._kept = {}
        self._eight = ()

    def _on_setting(self, change: Any) -> None:
        eight = self._eight
        super()._on_setting(change)
        if change["name"] in {"right", "down", "palette"}:
            self._eight = eight

    # -- what comes out -----------------------------------------------------------------------

    @property
    def shifted(self) -> NDArray[np.float32]:
        """The picture as it stands now, of shape (height, width), float32; read-only."""
        with self._lock:
            if "shifted" not in self._kept:
                self._kept["shifted"] = _shifted(self.image, self.down, self.right)
            found: NDArray[np.float32] = self._kept["shifted"]
            return found

    @property
    def before(self) -> NDArray[np.float32]:
        """The unshifted picture after pooling, (out_height, out_width), float32; read-only.

        Raises
        ------
        ShapeError
            If the window does not fit in the picture.
        """
        return self._pooled("before", lambda: self.image)

    @property
    def after(self) -> NDArray[np.float32]:
        """The shifted picture after pooling, (out_height, out_width), float32; read-only.

        Raises
        ------
        ShapeError
            If the window does not fit in the picture.
        """
        return self._pooled("after", lambda: self.shifted)

    @property
    def change(self) -> NDArray[np.float32]:
        """After less before, of shape (out_height, out_width), float32."""
        with self._lock:
            return self.after - self.before

    @property
    def changed(self) -> NDArray[np.bool_]:
        """Which cells changed by more than rounding, of shape (out_height, out_width)."""
        with self._lock:
            return np.abs(self.change) > self._threshold()

    @property
    def pixels(self) -> Change:
        """What the shift changed in the picture itself."""
        with self._lock:
            return self._compared(self.image, self.shifted, (self.down, self.right))

    @property
    def cells(self) -> Change:
        """What the shift changed after pooling."""
        with self._lock:
            return self._compared(self.before, self.after, (self.down, self.right))

    @property
    def whole(self) -> Change:
        """What the shift changed after global pooling: one window over the whole picture."""
        with self._lock:
            ends = (self._globally(self.image), self._globally(self.shifted))
            return self._compared(*ends, (self.down, self.right))

    @property
    def one_pixel_shifts(self) -> tuple[Change, ...]:
        """What each of the eight shifts by one pixel changes after pooling, from above left on."""
        with self._lock:
            if not self._eight:
                self._eight = tuple(
                    self._compared(self.before, self._pool(_shifted(self.image, *way)), way)
                    for way in _NEIGHBOURS
                )
            return self._eight

    def _pooled(self, name: str, picture: Any) -> NDArray[np.float32]:
        with self._lock:
            if name not in self._kept:
                self._kept[name] = self._pool(picture())
            found: NDArray[np.float32] = self._kept[name]
            return found

    def _pool(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        pool = functional.max_pool2d if self.kind == "max" else functional.avg_pool2d
        output = pool(picture[None, :, :, None], self.window, self.stride)[0, ..., 0]
        output.setflags(write=False)
        return output

    def _globally(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        # In float64: the order in which many pixels are added up then leaves no trace.
        whole = picture.max() if self.kind == "max" else picture.mean(dtype=np.float64)
        return np.array([[whole]], np.float32)

    def _compared(
        self, before: NDArray[np.float32], after: NDArray[np.float32], way: tuple[int, int]
    ) -> Change:
        apart = np.abs(after - before)
        changed = int((apart > self._threshold()).sum())
        return Change(way[1], way[0], changed, apart.size, float(apart.mean(dtype=np.float64)))

    def _threshold(self) -> float:
        return _NOTHING * self._limit()

    def _limit(self) -> float:
        """Find the largest pixel: it gets the strongest colour, whatever the shift."""
        if "limit" not in self._kept:
            self._kept["limit"] = float(np.abs(self.image).max()) or 1.0
        return float(self._kept["limit"])

    # -- answers to the page ------------------------------------------------------------------

    def answer_frame(self, _request: Request) -> Reply:
        """Paint the change, and count it."""
        about, steps = maps.message(self.change, Palette.named(self.palette), self._limit())
        about["counts"] = {
            "pixels": _counted(self.pixels), "cells": _counted(self.cells),
            "whole": _counted(self.whole), "eight": list(map(_counted, self.one_pixel_shifts)),
        }  # fmt: skip
        return about, steps

    def answer_open(self, request: Request) -> Reply:
        """Open one of the small pictures too."""
        if request.content.get("sample") not in _PATTERNS:
            return super().answer_open(request)
        self.image = request["sample"]
        return {}, []

    def _page_facts(self) -> dict[str, Any]:
        facts = super()._page_facts()
        patterns = {name: picture().tolist() for name, (_, picture) in _PATTERNS.items()}
        small = [[name, title] for name, (title, _) in _PATTERNS.items()]
        return {
            **facts, "samples": [*small, *facts["samples"]], "patterns": patterns,
            "nothing": _NOTHING,
        }  # fmt: skip

    # -- in words -----------------------------------------------------------------------------

    def code(self) -> str:
        """Write the Python that gives these very numbers.

        Returns
        -------
        str
            Lines that end with ``changed``, how many cells changed, and ``by``, by how much a cell
            changed on average. A picture that was drawn, filmed or handed over as a large array is
            taken from ``test``.
        """
        with self._lock:
            name = "max_pool2d" if self.kind == "max" else "avg_pool2d"
            how = f"window={self.window}, stride={self.stride}"
            lines = [
                "import numpy as np", "", "from cnnlab import functional as F",
                "from cnnlab import images", "",
                *self._photo.code(colour=False, widget="test"),
                f"way = {self.down}, {self.right}  # down, right",
                "shifted = np.roll(image, way, axis=(0, 1))",
                f"before = F.{name}(image[None, :, :, None], {how})[0, ..., 0]",
                f"after = F.{name}(shifted[None, :, :, None], {how})[0, ..., 0]",
                "apart = np.abs(after - before)",
                f"rounding = {_NOTHING} * np.abs(image).max()",
                "changed = int((apart > rounding).sum())",
                "by = float(apart.mean(dtype=float))",
            ]  # fmt: skip
            return "\n".join(lines) + "\n"

    def _previewed(self) -> list[NDArray[np.float32]]:
        """Pool both pictures by NumPy alone: a still picture does not wait for Numba."""
        step = self.stride or self.window
        found = []
        for picture in (self.image, _shifted(self.image, self.down, self.right)):
            under = sliding_window_view(picture, (self.window, self.window))[::step, ::step]
            found.append(under.max((2, 3)) if self.kind == "max" else under.mean((2, 3)))
        return found

    def _fits(self) -> bool:
        return bool(min(self.image.shape) >= self.window)

    def _still(self) -> NDArray[np.uint8] | None:
        if not self._fits():
            return None
        before, after = self._previewed()
        white, palette = white_of(self.image), Palette.named(self.palette)
        shown = (_shifted(self.image, self.down, self.right), before, after)
        return maps.side_by_side(
            *(maps.at_still_size(display.photograph(one, white=white)) for one in shown),
            maps.at_still_size(display.paint(after - before, palette, self._limit())),
        )

    def _still_text(self) -> str:
        before, after = self._previewed()
        return f"{self!r}: {self._compared(before, after, (self.down, self.right))}"

    def __repr__(self) -> str:
        with self._lock:
            window, step, size = self.window, self.stride or self.window, "which does not fit"
            if self._fits():
                laid = shapes.Window.over(self.image.shape, window, step, noun="pooling window")
                size = f"{laid.out_height}x{laid.out_width} cells"
            return (
                f"ShiftTest({self._photo.name}, {self.kind} pooling, {window}x{window} window, "
                f"stride {step}, {size}, right {self.right}, down {self.down})"
            )


def _shifted(picture: NDArray[np.float32], down: int, right: int) -> NDArray[np.float32]:
    moved = np.roll(picture, (down, right), (0, 1))
    moved.setflags(write=False)
    return moved


def _counted(change: Change) -> dict[str, float]:
    return {"changed": change.changed, "cells": change.cells, "by": change.by}
