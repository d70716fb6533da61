"""Settings: traits that say their range, once, to Python and to the page.

A widget declares what the learner can set as class attributes, in the order in which they are to be
set. Each refuses what makes no sense, in words, and tells the page in `facts` what its control
offers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from cnnlab import display, shapes
from cnnlab.errors import DataError

__all__ = [
    "Amount",
    "Array",
    "Count",
    "Numbers",
    "OneOf",
    "PaddingOf",
    "Palette",
    "Positive",
    "Setting",
    "Step",
    "StrideOf",
    "Switch",
    "shortest",
]  # fmt: skip


def shortest(array: NDArray[np.float32] | np.float32) -> Any:
    """Write float32 numbers with the fewest digits that mean them: 0.1, not 0.10000000149."""
    if isinstance(array, np.ndarray) and array.ndim:
        return [shortest(part) for part in array]
    return float(str(array))


class Setting(traitlets.TraitType[Any, Any]):
    """The base of all settings: a trait that JSON and the page can read."""

    def as_json(self, value: Any) -> Any:
        """Write a value as JSON."""
        return value

    def facts(self) -> dict[str, Any]:
        """Tell the page what its control offers."""
        return {}


class Count(Setting):
    """A whole number.

    Parameters
    ----------
    default, least, most : int
        What it is at first, and its range.
    """

    info_text = "a whole number"

    def __init__(self, default: int, *, least: int = 1, most: int = 8) -> None:
        super().__init__(default)
        self.least, self.most = least, most

    def validate(self, obj: Any, value: Any) -> int:
        """Refuse what is no whole number of the range."""
        return _whole_number(value, str(self.name), self.least, self.most)

    def facts(self) -> dict[str, Any]:
        """Tell the page the range."""
        return {"least": self.least, "most": self.most}


class StrideOf(Setting):
    """Pixels from one pooling window to the next; None, the default, is as many as the window has.

    Parameters
    ----------
    most : int
        How far at the most.
    """

    info_text = "a whole number, or None for that of the window"

    def __init__(self, *, most: int = 8) -> None:
        super().__init__(None)
        self.most = most

    def validate(self, obj: Any, value: Any) -> int | None:
        """Refuse what is no stride."""
        return None if value is None else _whole_number(value, str(self.name), 1, self.most)

    def facts(self) -> dict[str, Any]:
        """Tell the page the choices."""
        numbers = [[number, str(number)] for number in range(1, self.most + 1)]
        return {"options": [[None, "as the window"], *numbers]}


def _whole_number(value: Any, name: str, least: int, most: int) -> int:
    number = shapes.pair(value, name, least=least)[0]
    if number > most:
        raise DataError(f"{name} can be {least} to {most} here, got {number}; try {name}={most}")
    return number


class Step(Setting):
    """How many steps are done as the page begins; None, the default, shows all at once."""

    info_text = "a whole number, or None for all"

    def __init__(self) -> None:
        super().__init__(None)

    def validate(self, obj: Any, value: Any) -> int | None:
        """Refuse what is no number of steps."""
        return None if value is None else shapes.pair(value, str(self.name), least=0)[0]


class Amount(Setting):
    """Any finite number.

    Parameters
    ----------
    default : float
    least : float, optional
        What it may not go below.
    """

    info_text = "a number"

    def __init__(self, default: float = 0.0, *, least: float | None = None) -> None:
        super().__init__(default)
        self.least = least

    def validate(self, obj: Any, value: Any) -> float:
        """Refuse what is no finite number, or too small."""
        number = _finite_number(value, str(self.name))
        if self.least is not None and number < self.least:
            raise DataError(
                f"{self.name} must be {self.least:g} or more, got {number:g}; "
                f"try {self.name} = {self.default_value}"
            )
        return number

    def facts(self) -> dict[str, Any]:
        """Tell the page the least, if any."""
        return {"least": self.least}


class Positive(Setting):
    """A number above zero; None, the default, follows what is shown.

    Parameters
    ----------
    example : float
        Offered instead of what makes no sense.
    follows : str
        What None is good for, in words that go on from it.
    """

    info_text = "a number above 0, or None"

    def __init__(self, example: float, follows: str) -> None:
        super().__init__(None)
        self.example, self.follows = example, follows

    def validate(self, obj: Any, value: Any) -> float | None:
        """Refuse zero, less, and what is no number."""
        if value is None:
            return None
        number = _finite_number(value, str(self.name))
        if number <= 0:
            raise DataError(
                f"{self.name} must be above 0, got {value!r}; "
                f"try {self.name} = {self.example}, or None {self.follows}"
            )
        return number


def _finite_number(value: Any, name: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number) or isinstance(value, str):
        raise DataError(f"{name} must be a finite number, got {value!r}; try 0.5")
    return number


class Switch(Setting):
    """Yes or no."""

    info_text = "True or False"

    def __init__(self, default: bool = False) -> None:
        super().__init__(default)

    def validate(self, obj: Any, value: Any) -> bool:
        """Refuse what is neither."""
        if not isinstance(value, bool | np.bool):
            raise DataError(f"{self.name} is True or False, got {value!r}")
        return bool(value)


class OneOf(Setting):
    """One of a few words.

    Parameters
    ----------
    **options
        The words, and what the page calls them; the first is the default.
    """

    info_text = "one of a few words"

    def __init__(self, **options: str) -> None:
        super().__init__(next(iter(options)))
        self.options: Mapping[str, str] = options

    def validate(self, obj: Any, value: Any) -> str:
        """Refuse other words."""
        if not isinstance(value, str) or value not in self.options:
            raise DataError(f"{self.name} is one of {', '.join(self.options)}; got {value!r}")
        return value

    def facts(self) -> dict[str, Any]:
        """Tell the page the words, in order."""
        return {"options": [[name, words] for name, words in self.options.items()]}


class Palette(OneOf):
    """One of the palettes of `display`, or ``"auto"``: on a dark page zero is dark, else light."""

    def __init__(self) -> None:
        named = {entry.name: entry.title for entry in display.PALETTES.values()}
        super().__init__(auto="Automatic", **named)

    @staticmethod
    def named(palette: str) -> str:
        """Name the palette that Python paints with, which sees no page."""
        return "blue_red" if palette == "auto" else palette


class PaddingOf(Setting):
    """Zeros per side, or ``"same"`` or ``"valid"`` where the words are offered.

    Parameters
    ----------
    most : int
        How many the page offers; Python may set more.
    words : bool
        Whether ``"same"`` and ``"valid"`` are offered.
    strict : bool
        Whether Python may set no more than the page offers.
    """

    info_text = "a whole number, 'same' or 'valid'"

    def __init__(self, *, most: int = 6, words: bool = True, strict: bool = False) -> None:
        super().__init__(0)
        self.most, self.words, self.strict = most, words, strict

    def validate(self, obj: Any, value: Any) -> int | str:
        """Refuse what is no padding."""
        if isinstance(value, str) and self.words:
            shapes.output_size(1, 1, padding=value)  # refuses any other word
            return value
        if self.strict:
            return _whole_number(value, "padding", 0, self.most)
        return shapes.pair(value, "padding", least=0)[0]

    def facts(self) -> dict[str, Any]:
        """Tell the page the choices."""
        zeros = [
            [number, str(number) if number else "0 (valid)"] for number in range(self.most + 1)
        ]
        return {"options": [*zeros, ["same", "same"]] if self.words else zeros}


class Array(Setting):
    """A read-only array that counts as changed only if its numbers are.

    Parameters
    ----------
    read : callable of (widget, value) -> array, or the name of a method of the widget
        Turns what was set into an array.
    default : array_like
        What is read at first.
    """

    info_text = "an array"

    def __init__(self, read: str | Callable[[Any, Any], NDArray[Any]], default: Any) -> None:
        super().__init__(default)
        self.read = read

    def validate(self, obj: Any, value: Any) -> NDArray[np.float32]:
        """Keep a copy that nobody can change behind the widget's back."""
        read = (
            getattr(obj, self.read)(value) if isinstance(self.read, str) else self.read(obj, value)
        )
        array = np.array(read, dtype=np.float32, order="C")
        array.setflags(write=False)
        return array

    def set(self, obj: Any, value: Any) -> None:
        """Notify nobody when an equal array is set.

        The widget is locked until all who follow the array have: a picture in colour is never seen
        with a filter for grey, whichever thread looks.
        """
        with obj._lock:
            new: Any = self._validate(obj, value)
            old: Any = obj._trait_values.get(self.name)
            same = isinstance(old, np.ndarray) and np.array_equal(old, new, equal_nan=True)
            if not same:
                obj._trait_values[self.name] = new
                obj._notify_trait(self.name, old, new)

    def as_json(self, value: Any) -> Any:
        """Write rows of numbers."""
        return shortest(value)


class Numbers(Array):
    """A grid of finite numbers that the hand can change.

    Parameters
    ----------
    default : array_like of shape (rows, columns)
    most : int
        Rows and columns at the most.
    rows : int, optional
        Rows at the most, where they may be fewer.
    """

    def __init__(self, default: Any, *, most: int = 12, rows: int | None = None) -> None:
        super().__init__(self._grid, default)
        self.most, self.rows = most, most if rows is None else rows

    def _grid(self, _obj: Any, value: Any) -> NDArray[Any]:
        try:
            grid = np.asarray(value, dtype=np.float32)
        except (TypeError, ValueError):
            grid = np.empty(0, np.float32)
        if grid.ndim != 2 or not grid.size or not np.isfinite(grid).all():
            raise DataError(
                f"{self.name} must be rows of finite numbers, got {value!r}; try [[1, 2], [3, 4]]"
            )
        if grid.shape[0] > self.rows or grid.shape[1] > self.most:
            size = f"{self.most} rows and columns"
            if self.rows != self.most:
                size = f"{self.rows} rows of {self.most} columns"
            raise DataError(
                f"{self.name} can have {size} at the most, got "
                f"{grid.shape[0]}x{grid.shape[1]}; try a part of it, such as "
                f"[:{self.rows}, :{self.most}]"
            )
        return grid

    def facts(self) -> dict[str, Any]:
        """Tell the page how large it may grow."""
        return {"most": self.most, "rows": self.rows}
