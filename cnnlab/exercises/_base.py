"""Exercises: an answer is compared with what the package itself computes, never with a typed key.

A wrong answer is compared with the typical mistakes too, and gets the hint that names the one it
shows. A blank left open (``...``) is no mistake: the verdict says "not yet".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.exercises._store import Entry, Store

__all__ = ["STORE", "Exercise", "Mistake", "Verdict", "difference", "same_results"]

STORE = Store()
"""Where this kernel keeps the learner's progress."""

Compare = Callable[[Any, Any], str | None]
"""Says how an answer differs from the right one; None if it does not."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of an answer.

    Attributes
    ----------
    passed : bool or None
        None if there is no answer yet.
    message : str
        What is right about it, or what to look at.
    """

    passed: bool | None
    message: str

    def __repr__(self) -> str:
        opening = {True: "Right.", False: "Not quite.", None: "Not yet."}[self.passed]
        return f"{opening} {self.message}"

    def _repr_html_(self) -> str:
        colour = {True: "success", False: "warn", None: "info"}[self.passed]
        opening, _, rest = repr(self).partition(". ")
        return (
            f'<div style="border-left: 4px solid var(--jp-{colour}-color1, gray); '
            f'padding: 0.2em 0.8em"><b>{opening}.</b> {escape(rest)}</div>'
        )


@dataclass(frozen=True, slots=True)
class Text:
    """A text to read, such as a hint."""

    text: str

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Mistake:
    """A typical wrong answer and the hint that names what went wrong.

    Attributes
    ----------
    hint : str
    example : callable
        Gives such an answer, computed.
    sign : callable of answer -> bool, optional
        Whether an answer shows this mistake; by default, whether it equals the example.
    """

    hint: str
    example: Callable[[], Any]
    sign: Callable[[Any], bool] | None = None


def difference(answer: Any, right: Any) -> str | None:
    """Say where numbers differ.

    Parameters
    ----------
    answer, right : number or array_like
        Equal if they have one shape and agree to five digits.

    Returns
    -------
    str or None
        None if they are equal. The right number is not given away.

    Examples
    --------
    >>> difference([[1, 2]], [[1, 3]])
    'at row 0, column 1 you have 2'
    """
    expected = np.asarray(right, dtype=np.float64)
    try:
        given = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        return f"numbers are wanted, and this is {_named(answer)}"
    if given.shape != expected.shape:
        return f"{_sized(expected)} is wanted, and this is {_sized(given)}"
    wrong = ~np.isclose(given, expected, rtol=1e-5, atol=1e-6, equal_nan=True)
    if not wrong.any():
        return None
    place = tuple(int(index) for index in np.argwhere(wrong)[0])
    value = f"{given[place]:.6g}"
    if not place:
        return f"you have {value}"
    if len(place) == 2:
        return f"at row {place[0]}, column {place[1]} you have {value}"
    return f"at position {', '.join(map(str, place))} you have {value}"


def _sized(array: NDArray[Any]) -> str:
    if array.ndim == 0:
        return "one number"
    if array.ndim == 1:
        return f"a row of {array.size} numbers"
    return f"an array of shape {array.shape}"


def _named(answer: Any) -> str:
    kind = type(answer).__name__
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def same_results(cases: Sequence[tuple[NDArray[Any], ...]]) -> Compare:
    """Compare functions by what they return.

    Parameters
    ----------
    cases : sequence of tuple
        Arrays to call them with, the smallest case first.

    Returns
    -------
    callable
        To be the `compare` of an `Exercise`.
    """

    def compare(answer: Any, right: Any) -> str | None:
        if not callable(answer):
            return f"a function is wanted, and this is {_named(answer)}"
        for case in cases:
            expected = right(*case)
            told = " and ".join("x".join(map(str, np.shape(argument))) for argument in case)
            try:
                found = difference(answer(*(np.copy(argument) for argument in case)), expected)
            except Exception as error:  # the learner's own code may fail in any way
                found = f"your function stopped with {type(error).__name__}: {error}"
            if found:
                return f"called with arrays of {told}, {found}"
        return None

    return compare


@dataclass(frozen=True, kw_only=True, repr=False)
class Exercise:
    """A question answered by writing code.

    Attributes
    ----------
    chapter, name : str
        Which notebook it belongs to, and what it is called in `lesson`.
    prompt : str
        What is asked.
    answer : callable
        Computes the right answer: a number, an array, several numbers, or a function.
    solution_code : str
        Code that a learner could have written, as it stands in the notebook's cell.
    hints : tuple of str
        From a nudge to nearly everything.
    mistakes : tuple of Mistake
    praise : str
        What a right answer shows: the principle, in a sentence.
    compare : callable
        Says how an answer differs from the right one.
    """

    chapter: str
    name: str
    prompt: str
    answer: Callable[[], Any]
    solution_code: str
    hints: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    praise: str
    compare: Compare = field(default=difference)

    def __repr__(self) -> str:
        return f"{self.prompt}\nlesson.{self.name}: check(...), hint(), solution()"

    @property
    def key(self) -> str:
        """Under which the progress is kept."""
        return f"{self.chapter}.{self.name}"

    @property
    def solved(self) -> bool:
        """Whether it has been answered rightly once."""
        return bool(STORE.read(self.key).get("solved", False))

    def check(self, *answers: Any) -> Verdict:
        """Judge an answer; nothing in it can raise an error.

        Parameters
        ----------
        *answers
            One value, or as many as the exercise asks for.

        Returns
        -------
        Verdict
        """
        answer = answers[0] if len(answers) == 1 else answers
        if _open_blank(answer):
            return Verdict(None, "Put your answer where the ... is, and run this cell again.")
        found = self._difference(answer, self.answer())
        if found and isinstance(answer, FunctionType) and Ellipsis in answer.__code__.co_consts:
            return Verdict(None, "There is still a ... to replace in your function.")
        STORE.change(self.key, lambda entry: _with_attempt(entry, passed=not found))
        if not found:
            return Verdict(True, self.praise)
        for mistake in self.mistakes:
            if self._shows(answer, mistake):
                return Verdict(False, mistake.hint)
        found = found[0].upper() + found[1:]
        return Verdict(False, f"{found}. For a hint: lesson.{self.name}.hint()")

    def hint(self) -> Text:
        """Give the next hint; each call goes one further, and the last one stays."""
        total = len(self.hints)
        entry = STORE.change(
            self.key, lambda entry: {**entry, "hints": min(entry.get("hints", 0) + 1, total)}
        )
        number = entry["hints"]
        text = f"Hint {number} of {total}. {self.hints[number - 1]}"
        return Text(
            f"{text} (lesson.{self.name}.solution() shows one.)" if number == total else text
        )

    def solution(self) -> Text:
        """Show code that solves the exercise, and remember that it was looked at."""
        STORE.change(self.key, lambda entry: {**entry, "solution_seen": True})
        return Text(self.solution_code)

    def _difference(self, answer: Any, right: Any) -> str | None:
        try:
            return self.compare(answer, right)
        except Exception as error:  # an answer can be any object at all
            return f"this could not be checked ({type(error).__name__}: {error})"

    def _shows(self, answer: Any, mistake: Mistake) -> bool:
        if mistake.sign is None:
            return self._difference(answer, mistake.example()) is None
        try:
            return bool(mistake.sign(answer))
        except Exception:  # a sign may expect another kind of object
            return False


def _open_blank(answer: Any) -> bool:
    if isinstance(answer, list | tuple):
        return any(_open_blank(part) for part in answer)
    if isinstance(answer, np.ndarray) and answer.dtype == object:
        return any(part is Ellipsis for part in answer.flat)
    return answer is Ellipsis


def _with_attempt(entry: Entry, *, passed: bool) -> Entry:
    attempts = entry.get("attempts", 0) + 1
    return {**entry, "attempts": attempts, "solved": bool(entry.get("solved", False) or passed)}
