"""Compare answers: numbers with numbers, functions by what they return; say where they differ.

Whole numbers are compared exactly, others to five digits. Text is no number, and neither is
nothing. The right number is never given away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.exercises.trial import Failure, called

__all__ = [
    "Arguments",
    "Outcomes",
    "difference",
    "difference_of_calls",
    "difference_of_parts",
    "named",
    "numbers",
    "outcomes",
]

Arguments = tuple[NDArray[Any] | int, ...]
"""What a function is called with: arrays, then whole numbers such as a stride."""

Outcomes = list[Any]
"""What became of each call: a result, or a `Failure`."""


def difference(answer: Any, right: ArrayLike) -> str | None:
    """Say where numbers differ.

    Parameters
    ----------
    answer : object
    right : number or array_like
        The answer is equal if it has the same shape and the same numbers: exactly where these are
        whole numbers, to five digits otherwise.

    Returns
    -------
    str or None
        None if they are equal. The right number is not given away.

    Examples
    --------
    >>> difference([[1, 2]], [[1, 3]])
    'at row 0, column 1 you have 2'
    >>> difference(262143, 262144)
    'you have 262143'
    """
    expected = np.asarray(right)
    found = numbers(answer, _sized(expected), truths=expected.dtype.kind == "b")
    if isinstance(found, str):
        return found
    if found.shape != expected.shape:
        return f"expected {_sized(expected)}, got {_sized(found)}"
    exact = expected.dtype.kind != "f"
    if exact:
        wrong = np.asarray(found != expected, dtype=bool)
    else:
        given = np.vectorize(_as_float, otypes=[np.float64])(found) if found.size else found
        wrong = ~np.isclose(given, expected, rtol=1e-5, atol=1e-6, equal_nan=True)
    if not wrong.any():
        return None
    place = tuple(int(index) for index in np.argwhere(wrong)[0])
    value = f"you have {_as_float(found[place]):.{15 if exact else 6}g}"
    if len(place) == 2:
        return f"at row {place[0]}, column {place[1]} {value}"
    return f"at position {', '.join(map(str, place))} {value}" if place else value


def numbers(answer: Any, wanted: str, *, truths: bool = False) -> NDArray[Any] | str:
    """Read an answer as numbers, or say what is `wanted` and what it is instead."""
    if answer is None:
        return f"expected {wanted}, got None, which is nothing: what only prints gives nothing back"
    try:
        given = np.asarray(answer)
    except Exception as error:  # an answer can be any object at all
        if isinstance(answer, list | tuple):
            return f"expected {wanted}, got rows of different lengths"
        return f"expected {wanted}, got {named(answer)} ({type(error).__name__})"
    if given.dtype.kind in ("b" if truths else "iuf"):
        return given
    for part in given.flat:
        plain = part.item() if isinstance(part, np.generic) else part
        if isinstance(plain, str | bytes):
            return f"expected {wanted}, got text: leave out the quotation marks"
        if not isinstance(plain, Real) or isinstance(plain, bool) is not truths:
            return f"expected {wanted}, got {named(answer if given.ndim == 0 else plain)}"
    return given


def _as_float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number of more than 308 digits
        return float("inf")


def _sized(array: NDArray[Any]) -> str:
    if array.ndim == 0:
        return "one number"
    if array.ndim == 1:
        return f"a row of {array.size} numbers"
    return f"an array of shape {array.shape}"


def named(answer: Any) -> str:
    """Name the kind of an object, with its article."""
    if answer is None:
        return "None"
    kind = type(answer).__name__
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def outcomes(function: Callable[..., Any], calls: Sequence[Arguments]) -> Outcomes:
    """Call a function with copies of the arguments; a call beyond a limit is the last."""
    found: Outcomes = []
    for arguments in calls:
        found.append(called(function, *arguments))
        if isinstance(found[-1], Failure) and found[-1].final:
            break
    return found


def difference_of_calls(given: Outcomes, right: Outcomes, calls: Sequence[Arguments]) -> str | None:
    """Say which call, the first of all, came out differently, and how."""
    for outcome, expected, arguments in zip(given, right, calls, strict=False):
        found = _difference_of_outcomes(outcome, expected)
        if found:
            return f"called with {_worded(arguments)}, {found}"
    return None


def difference_of_parts(given: Any, right: Any) -> str | None:
    """Say which part of what was seen, the first of all, came out differently, and how.

    Parameters
    ----------
    given, right : dict of outcomes by name
        What is no dict was of no use at all, and is named as such.
    """
    if not isinstance(given, Mapping) or not isinstance(right, Mapping):
        if given is right:
            return None
        what = "None, which is nothing" if given is None else named(given)
        return f"expected something that can be used, got {what}"
    stopped = [{k: v for k, v in one.items() if isinstance(v, Failure)} for one in (given, right)]
    if stopped[0] != stopped[1]:
        return next((f"{name} {one.words}" for name, one in stopped[0].items()), "it works")
    for name, expected in right.items():
        if not isinstance(expected, Failure) and (found := difference(given.get(name), expected)):
            return f"{name}: {found}"
    return None


def _worded(arguments: Arguments) -> str:
    sizes = ["x".join(map(str, np.shape(part))) for part in arguments if np.ndim(part)]
    counts = [str(part) for part in arguments if not np.ndim(part)]
    arrays = f"arrays of {' and '.join(sizes)}"
    return f"{arrays}, and then {', '.join(counts)}" if counts else arrays


def _difference_of_outcomes(outcome: Any, expected: Any) -> str | None:
    if isinstance(outcome, Failure):
        same = isinstance(expected, Failure) and outcome == expected
        return None if same else f"your function {outcome.words}"
    if isinstance(expected, Failure):
        return "your function came to an end"
    if outcome is None:
        return "your function gave nothing back: is its return missing, or does it only print?"
    return difference(outcome, expected)
