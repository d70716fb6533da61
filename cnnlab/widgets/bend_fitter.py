"""BendFitter: a row of bends, each a ReLU somewhere along a line, adds up to any curve drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from cnnlab import display
from cnnlab.checks import numbers, whole
from cnnlab.errors import DataError, ShapeError
from cnnlab.widgets.shared.traits import Array, shortest
from cnnlab.widgets.shared.widget import Reply, Request, Widget

__all__ = ["BendFitter"]

_MOST_BENDS = 32
_SAMPLES = 101  # from -1 to 1, so that a bend at a whole hundredth of two lies on one of them
_CUT = 1e-7  # bends that lie on each other but for the rounding of float32 count as one
_REACH = 1.5  # a curve stays between minus this and this
_BACKGROUND, _INK, _FAINT, _BOLD, _WISH = "white", "#888888", "#bbbbbb", "#1565c0", "#b45309"

_X = np.linspace(-1, 1, _SAMPLES)

_CURVES: Mapping[str, tuple[str, str]] = {
    "sine": ("Sine", "np.sin(np.pi * x)"),
    "step": ("Step", "np.where(x < 0, -0.8, 0.8)"),
    "hat": ("Hat", "np.maximum(0, 1 - 2 * np.abs(x))"),
    "abs": ("|x|", "np.abs(x)"),
    "wave": ("Two waves", "np.sin(2 * np.pi * x) * (1 - 0.5 * x)"),
}
"""What the page calls a curve, and how it is written in NumPy."""


class BendFitter(Widget, stem="bend_fitter"):
    """Draw a curve; a row of bends and a straight line, added up, follow it.

    Each bend is a ReLU: zero up to its position, then a slope, its weight. Without bends a sum of
    straight lines is a straight line. The weights follow the curve by least squares
    (`numpy.linalg.lstsq`), or are set by hand.

    Parameters
    ----------
    bends : int
        How many, 0 to 32; spread evenly unless `positions` says where.
    curve : str, callable or array_like of shape (samples,)
        "sine", "step", "hat", "abs" or "wave", a function of ``fitter.x``, or numbers spread
        evenly from x = -1 to x = 1. Kept at 101 places, between -1.5 and 1.5.
    positions : array_like of shape (bends,), optional
        Where each bend is, from -1 to 1.
    facing : array_like of shape (bends,), optional
        1 for a bend that rises to the right of its position, ``relu(x - position)``, -1 for one
        that rises to the left, ``relu(position - x)``; all 1 by default.
    units : array_like of shape (bends, 2), optional
        Position and facing of each bend, instead of the three above.
    by_hand : array_like of shape (bends + 2,), optional
        Offset and slope of the line and the weight of each bend, set by hand; by default they are
        fitted.

    Raises
    ------
    DataError, ShapeError
        If a setting makes no sense.
    TypeError
        If an option is not known.

    Examples
    --------
    >>> fitter = BendFitter(curve="abs", positions=[0, 0], facing=[1, -1])
    >>> fitter.weights.round(3), fitter.gap < 1e-6
    (array([1., 1.]), True)
    >>> BendFitter(0, curve="hat")
    BendFitter(0 bends, largest gap 0.752)
    """

    curve = Array("_read_curve", "sine")
    units = Array("_read_units", [])
    by_hand = Array("_read_by_hand", [])

    def __init__(
        self,
        bends: int | None = None,
        *,
        curve: str | Callable[[Any], Any] | ArrayLike | None = None,
        positions: ArrayLike | None = None,
        facing: ArrayLike | None = None,
        **options: Any,
    ) -> None:
        self._solved: dict[str, Any] = {}
        if "units" not in options:
            options["units"] = _units(bends, positions, facing)
        elif bends is not None or positions is not None or facing is not None:
            raise DataError("units says where the bends are; leave out bends, positions and facing")
        super().__init__(curve="sine" if curve is None else curve, **options)

    # -- settings -----------------------------------------------------------------------------

    def _read_curve(self, value: Any) -> NDArray[np.float64]:
        if isinstance(value, str):
            if value not in _CURVES:
                raise DataError(f"there is no curve {value!r}; try one of {', '.join(_CURVES)}")
            value = _preset(value)
        elif callable(value):
            value = value(self.x)
        points = numbers(value, "curve").astype(np.float64)
        if points.ndim != 1 or points.size < 2 or not np.isfinite(points).all():
            raise DataError(
                f"a curve is two finite numbers or more in a row, got an array of shape "
                f"{points.shape}{'' if np.isfinite(points).all() else ' with nan or inf'}; "
                f"try curve='sine' or curve=np.sin(4 * fitter.x)"
            )
        spread = np.interp(_X, np.linspace(-1, 1, points.size), points)
        return np.clip(spread if points.size != _SAMPLES else points, -_REACH, _REACH)

    def _read_units(self, value: Any) -> NDArray[np.float64]:
        units = numbers(value, "units").astype(np.float64)
        units = units.reshape(0, 2) if not units.size else units
        if units.ndim != 2 or units.shape[1] != 2 or len(units) > _MOST_BENDS:
            raise ShapeError(
                f"units are up to {_MOST_BENDS} rows of position and facing, got an array of shape "
                f"{units.shape}; try [[0, 1], [0.5, -1]]"
            )
        if not (np.abs(units[:, 0]) <= 1).all():
            raise DataError(
                f"a bend is between -1 and 1, where the curve is, got positions "
                f"{units[:, 0].tolist()}; try np.clip(positions, -1, 1)"
            )
        if not np.isin(units[:, 1], (-1, 1)).all():
            raise DataError(
                f"a bend is facing 1, to the right, or -1, to the left, got "
                f"{units[:, 1].tolist()}; try np.sign(facing)"
            )
        return units

    def _read_by_hand(self, value: Any) -> NDArray[np.float64]:
        given = numbers(value, "by_hand").astype(np.float64)
        if given.ndim != 1 or not np.isfinite(given).all():
            raise DataError(
                f"by_hand is offset, slope and one finite weight for each bend, or [] to fit them, "
                f"got {given.tolist()!r}; try [0, 0, 1, 1] for two bends"
            )
        if given.size not in {0, len(self.units) + 2}:
            raise ShapeError(
                f"by_hand is offset, slope and one weight for each of {len(self.units)} bends, got "
                f"{given.size} numbers; try {[0.0] * (len(self.units) + 2)}, or [] to fit them"
            )
        return given

    def _settings_changed(self) -> None:
        self._solved = {}

    @property
    def bends(self) -> int:
        """How many bends there are; set it to spread so many evenly and fit them."""
        return len(self.units)

    @bends.setter
    def bends(self, number: int) -> None:
        self._set_units(_units(number, None, None))

    @property
    def positions(self) -> NDArray[np.float32]:
        """Where each bend is, of shape (bends,); set it to say where, and how many."""
        positions: NDArray[np.float32] = self.units[:, 0]
        return positions

    @positions.setter
    def positions(self, places: ArrayLike) -> None:
        places = numbers(places, "positions")
        facing = self.facing if places.size == self.bends else None
        self._set_units(_units(None, places, facing))

    @property
    def facing(self) -> NDArray[np.float32]:
        """The side to which each bend rises, of shape (bends,): 1 is right, -1 is left."""
        facing: NDArray[np.float32] = self.units[:, 1]
        return facing

    @facing.setter
    def facing(self, sides: ArrayLike) -> None:
        self._set_units(_units(None, self.positions, sides))

    def _set_units(self, units: NDArray[np.float64]) -> None:
        with self._lock, self._as_one():
            self.units = units

    @traitlets.observe("units")
    def _on_units(self, _change: Any) -> None:
        """Keep weights by hand only if there are as many bends as before."""
        with self._lock:
            if self.by_hand.size not in {0, self.bends + 2}:
                self.by_hand = []

    # -- what comes out -----------------------------------------------------------------------

    @property
    def x(self) -> NDArray[np.float64]:
        """The 101 places from -1 to 1 where the curve is compared."""
        return _X.copy()

    @property
    def parts(self) -> NDArray[np.float64]:
        """What is multiplied and added up: 1, x and each bend, of shape (101, bends + 2)."""
        positions, facing = self.units.T.astype(np.float64)
        bent = np.maximum(facing * (_X[:, None] - positions), 0)
        return np.column_stack([np.ones_like(_X), _X, bent])

    @property
    def weights(self) -> NDArray[np.float64]:
        """The weight of each bend, of shape (bends,): its slope where it rises; set it by hand."""
        return self._numbers()[2:]

    @weights.setter
    def weights(self, weights: ArrayLike) -> None:
        self.by_hand = np.concatenate([self.line, np.atleast_1d(numbers(weights, "weights"))])

    @property
    def line(self) -> NDArray[np.float64]:
        """Offset and slope of the straight line, of shape (2,); set it by hand."""
        return self._numbers()[:2]

    @line.setter
    def line(self, line: ArrayLike) -> None:
        self.by_hand = np.concatenate([np.atleast_1d(numbers(line, "line")), self.weights])

    @property
    def fit(self) -> NDArray[np.float64]:
        """The sum of line and bends at `x`, of shape (101,)."""
        return self.parts @ self._numbers()

    @property
    def gap(self) -> float:
        """The largest difference between curve and sum."""
        return float(np.abs(self.curve - self.fit).max())

    def _numbers(self) -> NDArray[np.float64]:
        """Give offset, slope and weights, as set by hand or fitted."""
        by_hand = self.by_hand.astype(np.float64)
        return by_hand if by_hand.size else self._fitted()

    def _fitted(self) -> NDArray[np.float64]:
        with self._lock:
            if "fitted" not in self._solved:
                curve = self.curve.astype(np.float64)
                self._solved["fitted"] = np.linalg.lstsq(self.parts, curve, rcond=_CUT)[0]
            fitted: NDArray[np.float64] = self._solved["fitted"].copy()
            return fitted

    # -- answers to the page ------------------------------------------------------------------

    def answer_frame(self, _request: Request) -> Reply:
        """Tell the numbers, the sum, the gap, and the gap that least squares would leave."""
        fitted = self.parts @ self._fitted()
        answer = {
            "numbers": self._numbers().tolist(), "fit": self.fit.tolist(), "gap": self.gap,
            "best": float(np.abs(self.curve - fitted).max()),
        }  # fmt: skip
        return answer, [display.levels(self.fit, limit=_REACH).tobytes()]

    def _page_facts(self) -> dict[str, Any]:
        curves = [
            [name, title, shortest(np.float32(_preset(name)))]
            for name, (title, _) in _CURVES.items()
        ]
        return {
            **super()._page_facts(), "curves": curves, "mostBends": _MOST_BENDS, "reach": _REACH,
        }  # fmt: skip

    # -- in words -----------------------------------------------------------------------------

    def code(self) -> str:
        """Write the Python that gives these very numbers.

        Returns
        -------
        str
            Lines that end with ``fit``, an array of shape (101,), and ``gap``.
        """
        with self._lock:
            named = [n for n in _CURVES if np.array_equal(self.curve, np.float32(_preset(n)))]
            curve = (
                [f"curve = np.float32({_CURVES[named[0]][1]})"]
                if named
                else [f"curve = np.float32({shortest(self.curve)})"]
            )
            if self.by_hand.size:
                solved = [f"solution = np.float32({shortest(self.by_hand)})  # by hand"]
            else:
                solved = [
                    f"solution = np.linalg.lstsq(parts, curve.astype(float), rcond={_CUT})[0]"
                ]
            lines = [
                "import numpy as np", "", f"x = np.linspace(-1, 1, {_SAMPLES})", *curve,
                f"positions = np.float32({shortest(self.positions)})",
                f"facing = np.float32({shortest(self.facing)})",
                "bends = np.maximum(facing * (x[:, None] - positions.astype(float)), 0)",
                "parts = np.column_stack([np.ones_like(x), x, bends])",
                *solved,
                "offset, slope, *weights = solution",
                "fit = parts @ solution",
                "gap = np.abs(curve - fit).max()",
            ]  # fmt: skip
            return "\n".join(lines) + "\n"

    def _still(self) -> NDArray[np.uint8]:
        from PIL import Image, ImageDraw

        width, height = 480, 320
        picture = Image.new("RGB", (width, height), _BACKGROUND)
        draw = ImageDraw.Draw(picture)
        across = (_X + 1) / 2 * (width - 1)

        def trace(values: NDArray[Any], colour: str, thick: int) -> None:
            up = (1 - np.clip(values / _REACH, -1, 1)) / 2 * (height - 1)
            draw.line(list(zip(across.tolist(), up.tolist(), strict=True)), colour, thick)

        trace(np.zeros(_SAMPLES), _INK, 1)
        for part in (self.parts * self._numbers())[:, 2:].T:
            trace(part, _FAINT, 1)
        trace(self.curve, _WISH, 3)
        trace(self.fit, _BOLD, 3)
        return np.asarray(picture)

    def _still_text(self) -> str:
        weights = ", ".join(f"{weight:.4g}" for weight in self.weights)
        offset, slope = self.line
        return f"{self!r}: line {offset:.4g} + {slope:.4g}x, weights [{weights}]"

    def __repr__(self) -> str:
        with self._lock:
            bends = f"{self.bends} bend{'' if self.bends == 1 else 's'}"
            how = " by hand" if self.by_hand.size else ""
            return f"BendFitter({bends}{how}, largest gap {self.gap:.3g})"


def _preset(name: str) -> NDArray[np.float64]:
    """Compute a curve from the very words that the code shows; they are ours."""
    curve: NDArray[np.float64] = eval(_CURVES[name][1], {"np": np, "x": _X})  # noqa: S307 - ours
    return curve


def _units(bends: Any, positions: Any, facing: Any) -> NDArray[np.float64]:
    """Put positions and facing side by side; evenly spread, with none at the ends, if not given."""
    if positions is None:
        number = whole(4 if bends is None else bends, "bends", least=0)
        if number > _MOST_BENDS:
            raise DataError(f"bends can be 0 to {_MOST_BENDS} here, got {number}; try bends=16")
        positions = -1 + 2 * np.arange(1, number + 1) / (number + 1)
    places = np.atleast_1d(numbers(positions, "positions"))
    if bends is not None and places.shape != (bends,):
        raise ShapeError(
            f"positions must name the place of each of {bends} bends, got an array of shape "
            f"{places.shape}; leave out bends, or give as many"
        )
    sides = np.ones(places.shape) if facing is None else np.atleast_1d(numbers(facing, "facing"))
    if places.ndim != 1 or sides.shape != places.shape:
        raise ShapeError(
            f"positions and facing are two rows of as many numbers, got shapes {places.shape} and "
            f"{sides.shape}; try positions=[-0.5, 0.5], facing=[1, 1]"
        )
    return np.column_stack([places, sides]).astype(np.float64)
