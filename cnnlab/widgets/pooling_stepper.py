"""PoolingStepper: a window steps over a few numbers; who wins, and where the gradient goes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import functional, shapes
from cnnlab.errors import ShapeError
from cnnlab.naive import pooling as naive
from cnnlab.widgets.shared import code, maps
from cnnlab.widgets.shared.traits import Count, Numbers, OneOf, Palette, StrideOf, Switch
from cnnlab.widgets.shared.widget import Reply, Request, Widget

__all__ = ["PoolingStepper"]

_EXAMPLE = [[1, 3, 2, 1, 0, 4], [4, 6, 6, 8, 1, 0], [3, 1, 1, 0, 7, 2], [1, 2, 2, 4, 5, 3]]


class PoolingStepper(Widget, stem="pooling_stepper"):
    """Pooling step by step: edit the numbers, move the window, shift the image, go backward.

    Everything can be set on the page and in Python, and each follows the other. The results are
    those of `cnnlab.functional`.

    Parameters
    ----------
    numbers : array_like of shape (height, width)
        The image, or a part cut out of one; 12x12 at the most.
    kind : "max" or "average"
        Which pooling.
    window : int
        Rows and columns of the pooling window, 1 to 4.
    stride : int, optional
        Pixels from one window to the next, 1 to 4. None, the default, is as many as the window has
        and follows it, as in PyTorch and Keras; a stride of 1 has to be said.
    padding : int
        Pixels added on each side, half the window at the most. For max they never win, they count
        as minus infinity; for average they count as zeros.
    mode : "forward" or "backward"
        What the page shows: the output, or the gradient flowing back.
    upstream : array_like of shape (rows, columns)
        What comes back to each output, the slope of the loss; 1 wherever no number is given.
    wrap : bool
        Whether what a shift pushes out comes in again on the other side; else zeros come in.
    palette : str
        One of `display.PALETTES`, or "auto": on a dark page zero is dark, else light.

    Raises
    ------
    DataError, ShapeError
        If a setting makes no sense.
    TypeError
        If an option is not known.

    Examples
    --------
    >>> stepper = PoolingStepper([[1, 9, 2]], window=1, upstream=[[3, 4, 5]])
    >>> stepper
    PoolingStepper(1x3 numbers, max pooling, 1x1 window, stride 1, 1x3 output)
    >>> PoolingStepper([[1, 5], [2, 3]], kind="average", upstream=[[4]]).gradient
    array([[1., 1.],
           [1., 1.]], dtype=float32)
    """

    numbers = Numbers(_EXAMPLE)
    kind = OneOf(max="Maximum", average="Average")
    window = Count(2, most=4)
    stride = StrideOf(most=4)
    padding = Count(0, least=0, most=2)
    mode = OneOf(forward="Forward", backward="Backward")
    upstream = Numbers([[1]], most=13)  # 12 pixels, 2 of padding on each side, a window of 4
    wrap = Switch(True)
    palette = Palette()

    def __init__(self, numbers: ArrayLike = _EXAMPLE, **options: Any) -> None:
        self._results: dict[str, NDArray[np.float32]] = {}
        super().__init__(numbers=numbers, **options)

    # -- what comes out -----------------------------------------------------------------------

    def _settings_changed(self) -> None:
        self._results = {}

    @property
    def output(self) -> NDArray[np.float32]:
        """What is left of the numbers, of shape (out_height, out_width), float32; read-only.

        Raises
        ------
        ShapeError
            If the window does not fit in the padded image, or the padding is more than half of it.
        """
        with self._lock:
            if "output" not in self._results:
                self._size()
                pool = functional.max_pool2d if self.kind == "max" else functional.avg_pool2d
                self._results["output"] = _plain(pool(_volume(self.numbers), *self._how))
            return self._results["output"]

    @property
    def gradient(self) -> NDArray[np.float32]:
        """What flows back to each of the numbers, of their shape, float32; read-only.

        Raises
        ------
        ShapeError
            As for `output`.
        """
        with self._lock:
            if "gradient" not in self._results:
                back = (
                    functional.max_pool2d_backward
                    if self.kind == "max"
                    else functional.avg_pool2d_backward
                )
                upstream = _volume(self._fitted_upstream())
                gradient = back(upstream, _volume(self.numbers), *self._how)
                self._results["gradient"] = _plain(gradient)
            return self._results["gradient"]

    def shift(self, down: int = 0, right: int = 0) -> int:
        """Shift the numbers, in a circle if `wrap` is set.

        Parameters
        ----------
        down, right : int
            How many pixels; less than zero is up and left.

        Returns
        -------
        int
            How many numbers of the output changed.

        Raises
        ------
        ShapeError
            As for `output`; nothing is shifted then.

        Examples
        --------
        >>> lone = PoolingStepper([[0, 0, 9, 0, 0, 0, 0, 0]] * 2)
        >>> lone.shift(right=1), lone.shift(right=1)
        (0, 2)
        """
        with self._lock:
            before, moved = self.output, np.roll(self.numbers, (down, right), (0, 1))
            if not self.wrap:
                height, width = moved.shape
                inside = [
                    (first >= 0) & (first < len(first))
                    for first in (np.arange(height) - down, np.arange(width) - right)
                ]
                moved = np.where(np.logical_and.outer(*inside), moved, 0)
            self.numbers = moved
            return int((self.output != before).sum())

    @property
    def _how(self) -> tuple[int, int | None, int]:
        return self.window, self.stride, self.padding

    def _size(self) -> tuple[int, int]:
        """Count the rows and columns that come out, or say why there are none."""
        if self.padding > self.window // 2:
            raise ShapeError(
                f"padding can be half the window at the most, or a window may lie over nothing but "
                f"padding; got padding={self.padding} with a {self.window}x{self.window} window, "
                f"try padding={self.window // 2} or window={2 * self.padding}"
            )
        stride = self.stride or self.window
        laid = shapes.Window.over(
            self.numbers.shape, self.window, stride, self.padding, noun="pooling window"
        )
        return laid.out_height, laid.out_width

    def _fitted_upstream(self) -> NDArray[np.float32]:
        """Cut what comes back to the size of the output; where there is nothing, it is 1."""
        size = self._size()
        fitted = np.ones(size, np.float32)
        part = self.upstream[: size[0], : size[1]]
        fitted[: part.shape[0], : part.shape[1]] = part
        return fitted

    def _given(self) -> NDArray[np.float32]:
        """Give what goes into the map that the page shows."""
        return self._fitted_upstream() if self.mode == "backward" else self.numbers

    # -- answers to the page ------------------------------------------------------------------

    def answer_frame(self, _request: Request) -> Reply:
        """Paint the output, or in backward mode the gradient of the numbers."""
        shown = self.gradient if self.mode == "backward" else self.output
        return maps.message(shown, Palette.named(self.palette), _limit(self._given(), shown))

    # -- in words -----------------------------------------------------------------------------

    def code(self) -> str:
        """Write the Python that gives these very numbers.

        Returns
        -------
        str
            Lines that end with ``output``, in backward mode with ``gradient``.
        """
        with self._lock:
            name = "max_pool2d" if self.kind == "max" else "avg_pool2d"
            stride = "as the window, unless given" if self.stride is None else "given"
            how = [
                f"    window={self.window},",
                f"    stride={self.stride},  # {stride}",
                f"    padding={self.padding},",
                ")[0, ..., 0]",
            ]
            lines = [
                "import numpy as np", "", "from cnnlab import functional as F", "",
                *code.array("numbers", self.numbers),
                "images = numbers[None, :, :, None]  # one image, one channel",
                f"output = F.{name}(", "    images,", *how,
            ]  # fmt: skip
            if self.mode == "backward":
                lines += [
                    *code.array("upstream", self._fitted_upstream()),
                    f"gradient = F.{name}_backward(", "    upstream[None, :, :, None],",
                    "    images,", *how,
                ]  # fmt: skip
            return "\n".join(lines) + "\n"

    def _previewed(self) -> NDArray[np.float32]:
        """Compute the map by the plain loops: a still picture does not wait for Numba."""
        back = "_backward" if self.mode == "backward" else ""
        pool = getattr(naive, ("max_pool2d" if self.kind == "max" else "avg_pool2d") + back)
        image, stride, pads = _volume(self.numbers), self.stride or self.window, (self.padding,) * 2
        what = [image if self.kind == "max" or not back else image.shape]
        if back:
            what.insert(0, _volume(self._given()))
        return _plain(pool(*what, (self.window,) * 2, (stride,) * 2, (pads, pads)))

    def _still(self) -> NDArray[np.uint8] | None:
        try:
            self._size()
        except ShapeError:
            return None
        palette = Palette.named(self.palette)
        parts = self._given(), self._previewed()
        return maps.side_by_side(*(maps.numbers(part, palette) for part in parts))

    def _still_text(self) -> str:
        return f"{self!r}: {self._previewed().tolist()}"

    def __repr__(self) -> str:
        with self._lock:
            (height, width), window = self.numbers.shape, self.window
            try:
                size = "{}x{} output".format(*self._size())
            except ShapeError:
                size = "which does not fit"
            return (
                f"PoolingStepper({height}x{width} numbers, {self.kind} pooling, "
                f"{window}x{window} window, stride {self.stride or window}, {size})"
            )


def _limit(*parts: NDArray[np.float32]) -> float:
    """Find the number with the strongest colour: equal numbers have equal colours in all parts."""
    return max(float(np.abs(part).max()) for part in parts) or 1.0


def _volume(grid: NDArray[np.float32]) -> NDArray[np.float32]:
    return grid[None, :, :, None]


def _plain(volume: NDArray[np.float32]) -> NDArray[np.float32]:
    grid = volume[0, ..., 0]
    grid.setflags(write=False)
    return grid
