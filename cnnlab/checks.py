"""What public functions ask of what they are given: each question in one place, asked at the door.

Every check gives the value back as the rest of the function needs it, or raises an error that
names the argument, says what was got, and what to try.
"""

from __future__ import annotations

import math
import os
import reprlib
from collections.abc import Collection, Sequence
from numbers import Real
from operator import index
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.buffers import refuse_beyond_memory
from cnnlab.errors import DataError, ShapeError

__all__ = [
    "as_float",
    "as_int",
    "class_numbers",
    "flag",
    "generator",
    "kind_of",
    "listed",
    "numbers",
    "one_of",
    "path_of",
    "real",
    "seeded",
    "shown",
    "sizes",
    "text",
    "whole",
]

Kind = TypeVar("Kind")

_MOST_AXES = 32
_LONGEST_NAME = 4096  # bytes of a path, where systems end it
_CONTENTS = {
    "c": "complex numbers",
    "O": "Python objects",
    "U": "text",
    "S": "bytes",
    "V": "records",
    "M": "dates",
    "m": "spans of time",
}

_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = 80


def shown(value: object) -> str:
    """Write what was got in a few words, however large or odd it is.

    Examples
    --------
    >>> shown([0] * 1000), shown(np.zeros((3, 4)))
    ('[0, 0, 0, 0, 0, 0, ...]', 'an array of shape (3, 4)')
    """
    if isinstance(value, type):
        return f"the class {value.__name__}"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        noun = "an array" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
        return f"{noun} of shape {_short.repr(tuple(shape))}"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 256:
        return f"a whole number of {value.bit_length()} bits"
    return _short.repr(value)


def kind_of(value: object, kind: type[Kind], name: str, attempt: str) -> Kind:
    """Ask for an object of a certain class.

    Parameters
    ----------
    value : object
    kind : type
    name : str
        What the argument is called.
    attempt : str
        What to try, as code.

    Raises
    ------
    DataError
        If it is something else.

    Examples
    --------
    >>> kind_of(None, dict, "parameters", "net.parameters")
    Traceback (most recent call last):
    cnnlab.errors.DataError: parameters must be a dict, got None; try net.parameters
    """
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise DataError(
            f"{name} must be {article} {kind.__name__}, got {shown(value)}; try {attempt}"
        )
    return value


def whole(
    value: object,
    name: str,
    least: int = 1,
    most: int | None = None,
    *,
    error: type[ValueError] = DataError,
) -> int:
    """Read a whole number, NumPy's kinds too, as an int: small kinds would overflow in a formula.

    Parameters
    ----------
    value : int
    name : str
        What the number is called in a message.
    least, most : int
        The bounds, both allowed.
    error : type
        `ShapeError` for a size or a place.

    Raises
    ------
    DataError
        Or the error wanted, if it is no whole number, or out of bounds.

    Examples
    --------
    >>> whole(np.int8(100), "filters") * 2
    200
    """
    number, attempt = as_int(value), least
    if number is None:
        fault = "a whole number"
    elif number < least:
        fault = f"at least {least}"
    elif most is not None and number > most:
        fault, attempt = f"at most {most:,}", most
    else:
        return number
    raise error(f"{name} must be {fault}, got {shown(value)}; try {name}={attempt}")


def as_int(value: object) -> int | None:
    """Give a whole number as an int; None for anything else, also for true and false."""
    if isinstance(value, bool):
        return None
    try:
        return index(value)  # type: ignore[arg-type]  # that is the question
    except TypeError:
        return None


def real(
    value: object,
    name: str,
    attempt: float,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
) -> float:
    """Ask for a finite number within bounds, of any kind that is one.

    Parameters
    ----------
    value : object
    name : str
    attempt : float
        A number that makes sense.
    least, above, most : float, optional
        `least` and `most` are allowed, `above` is not.

    Raises
    ------
    DataError
        If it is no number, not finite, or out of bounds.

    Examples
    --------
    >>> real(np.float16(0.5), "share", 0.8, above=0, most=1)
    0.5
    """
    number = as_float(value)
    fine = math.isfinite(number)
    fine = fine and (least is None or number >= least) and (above is None or number > above)
    if not fine or (most is not None and number > most):
        bounds = [
            f"{word} {bound:g}"
            for word, bound in [("of at least", least), ("above", above), ("at most", most)]
            if bound is not None
        ]
        raise DataError(
            f"{name} must be a number{' ' if bounds else ''}{' and '.join(bounds)}, "
            f"got {shown(value)}; try {name}={attempt:g}"
        )
    return number


def as_float(value: object) -> float:
    """Give a real number as a float; NaN for anything else, also for true and false.

    No comparison holds for NaN: ``0 <= as_float(rate) < 1`` refuses it with all out of range.
    """
    if type(value) is float:
        return value
    if isinstance(value, bool) or not isinstance(value, Real):
        return math.nan
    try:
        return float(value)
    except OverflowError:  # a whole number that is too long
        return math.inf


def flag(value: object, name: str) -> bool:
    """Ask for True or False; an array or a text is neither.

    Raises
    ------
    DataError
        If it is neither.
    """
    if not isinstance(value, bool | np.bool_):
        raise DataError(f"{name} must be True or False, got {shown(value)}; try {name}=True")
    return bool(value)


def text(value: object, name: str) -> str:
    """Ask for a text.

    Raises
    ------
    DataError
        If it is something else.
    """
    if not isinstance(value, str):
        raise DataError(f'{name} must be a text, got {shown(value)}; try {name}="..."')
    return value


def one_of(value: object, name: str, choices: Collection[str]) -> str:
    """Ask for one of a few words.

    Raises
    ------
    DataError
        If it is another; the message lists them.
    """
    if not isinstance(value, str) or value not in choices:
        raise DataError(
            f"{name} must be one of {', '.join(choices)}, got {shown(value)}; "
            f'try "{next(iter(choices))}"'
        )
    return value


def listed(value: Any, name: str, attempt: str) -> tuple[Any, ...]:
    """Ask for several things: anything that can be gone through, but for a text.

    Raises
    ------
    DataError
        If it cannot be gone through.

    Examples
    --------
    >>> listed("cat", "class_names", '["cat", "dog"]')
    Traceback (most recent call last):
    cnnlab.errors.DataError: class_names must be a list, got 'cat'; try ["cat", "dog"]
    """
    try:
        if not isinstance(value, str | bytes):
            return tuple(value)
    except TypeError:
        pass
    raise DataError(f"{name} must be a list, got {shown(value)}; try {attempt}")


def generator(rng: object, name: str = "rng") -> np.random.Generator:
    """Ask for a source of random numbers.

    Raises
    ------
    DataError
        If it is none.
    """
    if not isinstance(rng, np.random.Generator):
        raise DataError(
            f"{name} must be a numpy.random.Generator, got {shown(rng)}; "
            "try numpy.random.default_rng(0)"
        )
    return rng


def seeded(seed: object) -> np.random.Generator:
    """Make a source of random numbers from a seed.

    The one place where a seed is read: NumPy takes lists as well, and ends the process if one
    contains itself.

    Raises
    ------
    DataError
        If the seed is no whole number, or below 0.
    """
    number = as_int(seed)
    if number is None or number < 0:
        raise DataError(f"seed must be a whole number, 0 or more, got {shown(seed)}; try seed=0")
    return np.random.default_rng(number)


def path_of(value: object, name: str, attempt: str = "net.safetensors") -> Path:
    """Ask for the name of a file or folder, whether or not there is one.

    Raises
    ------
    DataError
        If it is neither a text nor a path, or no file can have such a name.
    """
    try:
        path = Path(value)  # type: ignore[arg-type]  # that is the question
        name_in_bytes = os.fsencode(path)
        fine = len(name_in_bytes) <= _LONGEST_NAME and b"\0" not in name_in_bytes
    except (TypeError, UnicodeError):
        fine = False
    if not fine:
        raise DataError(
            f'{name} must name a file or folder, got {shown(value)}; try {name}="{attempt}"'
        )
    return path


def sizes(shape: object, name: str = "shape", attempt: str = "(3, 3, 1, 8)") -> tuple[int, ...]:
    """Ask for a shape: one or more whole numbers above 0.

    Raises
    ------
    ShapeError
        If it is none.

    Examples
    --------
    >>> sizes([3, 3, 1, 8])
    (3, 3, 1, 8)
    """
    given = tuple(shape) if isinstance(shape, Sequence) else ()
    found = tuple(size for size in map(as_int, given[: _MOST_AXES + 1]) if size is not None)
    if not 0 < len(given) == len(found) <= _MOST_AXES or min(found) < 1:
        raise ShapeError(
            f"{name} must be 1 to {_MOST_AXES} whole numbers above 0, got {shown(shape)}; "
            f"try {name}={attempt}"
        )
    return found


def numbers(
    value: ArrayLike, name: str, attempt: str = "a list or array of numbers"
) -> NDArray[Any]:
    """Read anything that holds real numbers as a plain array, of the type of number it has.

    Lists, matrices, half floats and tensors of PyTorch come out alike, as ``numpy.ndarray``.

    Raises
    ------
    ShapeError
        If rows differ in length, or lists are nested without end.
    DataError
        If it does not hold real numbers.

    Examples
    --------
    >>> numbers([[1, 2], [3, 4]], "matrix").shape
    (2, 2)
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        deep = "number of dimension" in str(error)  # NumPy's word for more than 64 axes
        fault = "it is nested too deeply" if deep else "its rows differ in length"
        raise ShapeError(
            f"{name} must be a regular block of numbers, but {fault}; "
            f"try rows with the same number of values"
        ) from error
    except (RuntimeError, TypeError) as error:  # what a tensor says that has no array to give
        raise DataError(
            f"{name} must hold real numbers, got a {type(value).__name__} that cannot be read "
            f"({error}); try an array or a list"
        ) from error
    if array.dtype.kind not in "biuf":
        content = _CONTENTS.get(array.dtype.kind, str(array.dtype)) if array.shape else shown(value)
        remedy = f"{name}.real or abs({name})" if array.dtype.kind == "c" else attempt
        raise DataError(f"{name} must hold real numbers, got {content}; try {remedy}")
    if not array.flags.forc:  # a view that repeats a few numbers can be larger than all memory
        what = f"{name} of shape {array.shape}"
        refuse_beyond_memory(8 * array.size, what, "try fewer rows and columns")
    return array


def class_numbers(
    value: ArrayLike, count: int, classes: int, name: str = "labels"
) -> NDArray[np.int64]:
    """Read one class number an image, counted from 0.

    Raises
    ------
    ShapeError
        If there are not `count` of them in one row.
    DataError
        If one is no whole number, or no class.
    """
    array = numbers(value, name)
    if array.shape != (count,):
        raise ShapeError(
            f"{count} rows of scores need as many labels, got {name} of shape {array.shape}; "
            "give one class number an image"
        )
    if array.dtype.kind not in "iu":
        raise DataError(f"{name} must be whole numbers, got {array.dtype}; try {name}.astype(int)")
    if array.size and (array.min() < 0 or array.max() >= classes):
        raise DataError(
            f"{name} must lie between 0 and {classes - 1} for {classes} scores, "
            f"got {array.min()} to {array.max()}; give the last Dense layer one unit a class"
        )
    return np.require(array, np.int64, ["C", "A", "W"])
