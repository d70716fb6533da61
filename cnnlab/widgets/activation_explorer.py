"""ActivationExplorer: what a unit makes of its sum, on a curve and on every pixel of a picture."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import display, filters, functional, shapes
from cnnlab.checks import numbers
from cnnlab.errors import DataError, ShapeError
from cnnlab.naive import activation as naive
from cnnlab.widgets.shared import activating, code, histogram, maps
from cnnlab.widgets.shared.filtered_photo import FilteredPhoto
from cnnlab.widgets.shared.photo import white_of
from cnnlab.widgets.shared.traits import (
    Amount,
    Array,
    Count,
    Numbers,
    OneOf,
    Palette,
    Switch,
    shortest,
)  # fmt: skip
from cnnlab.widgets.shared.widget import Reply, Request

__all__ = ["ActivationExplorer"]

Map = NDArray[np.float32]

_SWEEPS = (10.0, 100.0, 10_000.0)  # how far from zero inputs go as ranges are measured
_MOST_LINES = 4
_ROUNDING = 1e-6  # of the largest sum


class ActivationExplorer(FilteredPhoto, stem="activation_explorer"):
    """Activation functions: value and slope on a curve, the same on a feature map, softmax as bars.

    Everything can be set on the page and in Python, and each follows the other. The numbers are
    those of `cnnlab.functional`.

    Parameters
    ----------
    function : str
        "sigmoid", "tanh", "relu", "leaky_relu", "elu", "maxout" or "softmax".
    image : str, path, bytes or array_like of shape (height, width) or (height, width, 3)
        A sample photograph (`images.SAMPLES`), a file or what is in it, or pixels.
    filter : str, Filter or array_like of shape (filter_height, filter_width) or (..., 3)
        A name of `filters.CATALOGUE` or weights, 1x1 to 7x7: it makes the map that the function is
        then applied to.
    bias : float
        Added to every pixel of the map before the function.
    slope : float
        Of leaky ReLU below zero; not negative.
    alpha : float
        How far ELU goes below zero; not negative.
    lines : array_like of shape (pieces, 2)
        Slope and height at zero of each of maxout's lines, 1 to 4 of them.
    x, upstream : float
        The input that is looked at on the curve, and the gradient that comes back to its output.
    view : "output" or "slopes"
        What is painted of the map after the function.
    logits : array_like of shape (examples, classes)
        Scores for softmax, 3 examples of 10 classes at the most.
    axis : "classes" or "batch"
        Over what softmax makes the sums 1; over the batch is a mistake to be seen.
    twice : bool
        Whether a second softmax follows the first, a mistake too.
    right : int
        The class that is right for every example, counted from 0; it gives the loss.
    palette : str
        One of `display.PALETTES`, or "auto": on a dark page zero is dark, else light.

    Raises
    ------
    DataError, ShapeError
        If a setting makes no sense, the picture cannot be opened or the filter does not fit it.
    TypeError
        If an option is not known.

    Examples
    --------
    >>> unit = ActivationExplorer("relu", [[-1, 0, 2]], filter=[[1]], bias=-1)
    >>> unit.output, round(unit.dead_share, 2)
    (array([[0., 0., 1.]], dtype=float32), 0.67)
    >>> unit.bias = -3
    >>> unit.dead_share
    1.0
    >>> unit
    ActivationExplorer(relu, 1x3 picture, 1x1 filter, bias -3, 1x3 feature map)
    """

    function = OneOf(
        sigmoid="Sigmoid", tanh="Tanh", relu="ReLU", leaky_relu="Leaky ReLU", elu="ELU",
        maxout="Maxout", softmax="Softmax",
    )  # fmt: skip
    bias = Amount()
    slope = Amount(0.1, least=0)
    alpha = Amount(1.0, least=0)
    lines = Array("_read_lines", [[-0.5, 0], [1, -1]])
    x = Amount(1.0)
    upstream = Amount(1.0)
    view = OneOf(output="Output", slopes="Slope")
    logits = Numbers([[2, 1, 0, -1]], most=10, rows=3)
    axis = OneOf(classes="Over the classes", batch="Over the batch")
    twice = Switch()
    right = Count(0, least=0, most=9)
    palette = Palette()

    def __init__(
        self,
        function: str = "relu",
        image: str | os.PathLike[str] | bytes | ArrayLike = "camera",
        *,
        filter: str | filters.Filter | ArrayLike = "sobel_x",  # noqa: A002 - the course's word
        **options: Any,
    ) -> None:
        self._results: dict[str, Any] = {}
        super().__init__(image, function=function, filter=filter, **options)

    def _read_lines(self, value: Any) -> NDArray[Any]:
        try:
            lines = np.asarray(value, dtype=np.float32)
        except (TypeError, ValueError):
            lines = np.empty(0, np.float32)
        pieces = lines.shape[0] if lines.ndim == 2 else 0
        if lines.shape != (pieces, 2) or not 1 <= pieces <= _MOST_LINES:
            raise ShapeError(
                f"lines are 1 to {_MOST_LINES} pairs of a slope and a height at zero, got "
                f"{value!r}; try [[-1, 0], [1, 0]]"
            )
        if not np.isfinite(lines).all():
            raise DataError(f"lines must be finite numbers, got {value!r}; try [[-1, 0], [1, 0]]")
        return lines

    # -- one function -------------------------------------------------------------------------

    def _activated(self, function: str | None = None) -> activating.Activated:
        return activating.Activated(function or self.function, self.slope, self.alpha, self.lines)

    def curve(self, x: ArrayLike) -> tuple[Map, Map]:
        """Apply the function to any numbers.

        Parameters
        ----------
        x : array_like of any shape

        Returns
        -------
        values, slopes : ndarray of the shape of `x`, float32

        Raises
        ------
        DataError
            For softmax, which takes scores together, or if `x` is no numbers.

        Examples
        --------
        >>> ActivationExplorer("leaky_relu", slope=0.25).curve([-4, 2])
        (array([-1.,  2.], dtype=float32), array([0.25, 1.  ], dtype=float32))
        """
        with self._lock:
            return self._activated()(np.asarray(numbers(x, "x"), np.float32))

    @property
    def ranges(self) -> dict[str, tuple[tuple[float, float], ...]]:
        """Least and largest output of each of the six, for inputs up to 100 and to 10,000.

        Who squashes gives the same range both times.
        """
        with self._lock:
            return activating.ranges([self._activated(name) for name in activating.SIX], _SWEEPS)

    # -- on a map -----------------------------------------------------------------------------

    def _settings_changed(self) -> None:
        self._results = {}

    @property
    def before(self) -> Map:
        """The map that goes into the function, of shape (out_height, out_width); read-only.

        What rounding leaves of a sum that is 0 is set to 0: else chance would say which pixels of
        a uniform area are dead.

        Raises
        ------
        ShapeError
            If the filter does not fit in the picture.
        """
        with self._lock:
            if "before" not in self._results:
                height, width = self.image.shape[:2]
                bank = self.filter.reshape(*self.filter.shape[:2], -1, 1)
                pixels = self.image.reshape(1, height, width, -1)
                output = functional.conv2d(pixels, bank, [self.bias])[0, ..., 0]
                output[np.abs(output) <= self._noise()] = 0
                self._results["before"] = _locked(output)
            before: Map = self._results["before"]
            return before

    def _noise(self) -> float:
        """Say up to what size a sum may be rounding and nothing else."""
        largest = float(np.abs(self.filter).sum()) * white_of(self.image) + abs(self.bias)
        return float(f"{_ROUNDING * largest:.2g}")

    @property
    def output(self) -> Map:
        """What the function makes of the map, or softmax of the logits; float32, read-only.

        Raises
        ------
        ShapeError
            If the filter does not fit in the picture.
        """
        with self._lock:
            if "output" not in self._results:
                if self.function == "softmax":
                    self._results["output"] = _locked(self._shares()(functional.softmax))
                else:
                    _ = self.slopes
            output: Map = self._results["output"]
            return output

    @property
    def slopes(self) -> Map:
        """The slope of the function at every pixel: what each lets of a gradient through.

        Raises
        ------
        DataError
            For softmax, which has no map.
        """
        with self._lock:
            if "slopes" not in self._results:
                both = map(_locked, self._activated()(self.before))
                self._results |= zip(("output", "slopes"), both, strict=True)
            slopes: Map = self._results["slopes"]
            return slopes

    @property
    def dead_share(self) -> float:
        """The share of the pixels whose slope is exactly 0; at 1 the unit is dead on all."""
        return float((self.slopes == 0).mean())

    @property
    def zero_share(self) -> float:
        """The share of the pixels whose output is exactly 0."""
        with self._lock:
            _ = self.slopes
            return float((self.output == 0).mean())

    # -- softmax ------------------------------------------------------------------------------

    def _shares(self) -> activating.Shares:
        return activating.Shares(self.logits, self.axis, self.twice)

    @property
    def loss(self) -> Map:
        """Minus the logarithm of the probability of the right class, for each example.

        Raises
        ------
        DataError
            For a function other than softmax.

        Examples
        --------
        >>> ActivationExplorer("softmax", logits=[[4] + 9 * [0]]).loss.round(3)
        array([0.153], dtype=float32)
        """
        with self._lock:
            if self.function != "softmax":
                raise DataError(
                    f"a loss is taken of probabilities, and {self.function} gives none here; "
                    f"set function to softmax"
                )
            right = min(self.right, self.logits.shape[1] - 1)
            return np.asarray(-np.log(self.output[:, right]))

    # -- answers to the page ------------------------------------------------------------------

    def answer_frame(self, _request: Request) -> Reply:
        """Paint the map before and after the function, and count; or the probabilities."""
        palette = Palette.named(self.palette)
        if self.function == "softmax":
            about, steps = maps.message(self.output, palette, 1.0)
            about["numbers"] = [float(one) for one in self.output.reshape(-1)]
            return about, steps
        before, output, slopes = self.before, self.output, self.slopes
        limit = max(display.limit_of(before), display.limit_of(output))
        shown = (output, limit) if self.view == "output" else (slopes, None)
        about, steps = maps.message(shown[0], palette, shown[1])
        about["before"], steps_before = maps.message(before, palette, limit)
        low, high = histogram.common_range(before, output)
        about["histogram"] = {
            "low": low, "high": high,
            "before": histogram.counts(before, low, high),
            "after": histogram.counts(output, low, high),
        }  # fmt: skip
        about["zero"], about["dead"] = self.zero_share, self.dead_share
        about["slopes"] = [maps.finite(np.fmin.reduce(slopes, axis=None)),
                           maps.finite(np.fmax.reduce(slopes, axis=None))]  # fmt: skip
        return about, [*steps, *steps_before]

    def _page_facts(self) -> dict[str, Any]:
        own = {
            "six": activating.SIX, "sweeps": _SWEEPS, "mostLines": _MOST_LINES,
            "bins": histogram.BINS, "rounding": _ROUNDING,
        }  # fmt: skip
        return {**super()._page_facts(), **own}

    # -- in words -----------------------------------------------------------------------------

    def code(self) -> str:
        """Write the Python that makes these very numbers.

        Returns
        -------
        str
            Lines that end with ``picture``, an array of shape (height, width, 3), uint8, or for
            softmax with ``probabilities``. A picture that was drawn, filmed or handed over as an
            array is taken from ``explorer``.
        """
        with self._lock:
            lines = self._shares().code() if self.function == "softmax" else self._map_code()
            return "\n".join(lines) + "\n"

    def _map_code(self) -> list[str]:
        colour = self.image.ndim == 3
        axes = ("None", "..., None") if colour else ("None, :, :, None", "..., None, None")
        shown, limit = "slopes", ""
        if self.view == "output":
            shown = "output"
            limit = ", max(display.limit_of(before), display.limit_of(output))"
        return [
            "import numpy as np", "", "from cnnlab import display, filters, images",
            "from cnnlab import functional as F", "",
            *self._photo.code(colour=colour, widget="explorer"), *code.weights(self.filter),
            "before = F.conv2d(",
            f"    image[{axes[0]}],  # one image{'' if colour else ', one channel'}",
            f"    weights[{axes[1]}],  # {'' if colour else 'one channel, '}one filter",
            f"    bias=[{shortest(np.float32(self.bias))!r}],",
            ")[0, ..., 0]",
            f"before[np.abs(before) <= {self._noise()!r}] = 0  # rounding is no sum",
            *activating.code_of(self._activated()),
            "dead_share = (slopes == 0).mean()",
            f'picture = display.paint({shown}, "{Palette.named(self.palette)}"{limit})',
        ]  # fmt: skip

    def _window(self) -> shapes.Window | None:
        """Lay the filter over the picture; None if it does not fit."""
        try:
            return shapes.Window.over(self.image.shape[:2], self.filter.shape[:2])
        except ShapeError:
            return None

    def _previewed(self, window: shapes.Window) -> tuple[Map, Map]:
        """Compute the map before and after by NumPy alone: a still does not wait for Numba."""
        before = maps.preview(self.image, self.filter, window) + np.float32(self.bias)
        return before, activating.preview(self._activated(), before)

    def _still(self) -> NDArray[np.uint8] | None:
        palette = Palette.named(self.palette)
        if self.function == "softmax":
            signed = palette if display.PALETTES[palette].signed else "blue_red"
            grids = self.logits, self._shares()(naive.softmax)
            return maps.side_by_side(*(maps.numbers(grid, signed) for grid in grids))
        window = self._window()
        if window is None:
            return None
        before, after = self._previewed(window)
        limit = max(display.limit_of(before), display.limit_of(after))
        painted = (display.paint(one, palette, limit) for one in (before, after))
        return maps.side_by_side(*map(maps.at_still_size, painted))

    def __repr__(self) -> str:
        with self._lock:
            if self.function == "softmax":
                examples, classes = self.logits.shape
                return f"ActivationExplorer(softmax, {examples}x{classes} logits)"
            rows, columns = self.filter.shape[:2]
            window, size = self._window(), "which does not fit"
            if window:
                size = f"{window.out_height}x{window.out_width} feature map"
            return (
                f"ActivationExplorer({self.function}, {self._photo.name}, {rows}x{columns} filter, "
                f"bias {self.bias:g}, {size})"
            )


def _locked(array: Map) -> Map:
    array.setflags(write=False)
    return array
