"""Try a learner's code without being taken along: loops without end, exits, floods of output.

The code runs in a thread of its own, and the caller waits for it. When the time is over, or when
the learner interrupts, the thread is told to stop by an exception raised inside it, again and again
until it does; the caller goes on in any case. What could not be stopped so has been met before,
outside the kernel (`rehearsal`).
"""

from __future__ import annotations

import contextvars
import io
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO, TypeVar

import numpy as np

from cnnlab.exercises.endings import EndlessError, FatalError, StoppedError, finish
from cnnlab.exercises.rehearsal import rehearse

__all__ = [
    "CHARACTERS",
    "SECONDS",
    "Failure",
    "StoppedError",
    "called",
    "settled",
    "within_limits",
]

T = TypeVar("T")

SECONDS = 3.0
"""How long an answer may take altogether."""

CHARACTERS = 20_000
"""How much an answer may print altogether."""

_BEGINNING = 500  # characters
_DISPLAY = 500  # characters that one picture counts for

_KNOWN = 1 / 3  # of the time is enough for an answer that came to no end in a rehearsal of it


class OutputError(StoppedError):
    """Raised where a learner's code prints too much."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What happened instead of a result.

    Attributes
    ----------
    words : str
        They follow "your function".
    final : bool
        Whether a limit was met, so that no further call is worth its time.
    """

    words: str
    final: bool = False


def within_limits(work: Callable[[], T]) -> T:
    """Do some work that calls a learner's code, and nothing that could not be stopped half-way.

    Parameters
    ----------
    work : callable

    Returns
    -------
    object
        What `work` returns.

    Raises
    ------
    StoppedError
        If it takes longer than `SECONDS`, or would take Python along; the message follows
        "your answer".
    BaseException
        Whatever `work` raises, and the learner's own interrupt.
    """
    seconds = SECONDS
    try:
        rehearse(work, seconds)
    except EndlessError:
        seconds *= _KNOWN
    except FatalError as error:
        raise StoppedError(str(error)) from None
    results: list[T] = []
    errors: list[BaseException] = []
    left = [CHARACTERS]
    context = contextvars.copy_context()  # such as NumPy's settings for errors

    def run() -> None:
        try:
            _count_displays(left)
            results.append(context.run(work))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="cnnlab-check", daemon=True)
    with _captured_output(thread, left):
        finish(thread, seconds)
    if results:
        return results[0]
    if errors and not isinstance(errors[0], StoppedError):
        raise errors[0]
    raise StoppedError(_too_long())


def called(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a learner's function once, inside `within_limits`.

    Returns
    -------
    object
        The result, or a `Failure` that says what happened instead.
    """
    try:
        result = settled(function(*map(_copied, arguments)))
    except OutputError:
        words = "printed or showed far too much: does a loop in it never end?"
        return Failure(words, final=True)
    except StoppedError:
        return Failure(_too_long(), final=True)
    except SystemExit:
        return Failure("wanted to end the whole program (exit): use return to give a result back")
    except RecursionError:
        return Failure("called itself again and again without an end (RecursionError)")
    except Exception as error:  # the learner's own code may fail in any way
        return Failure(f"stopped with {type(error).__name__}: {error}")
    return result


def _copied(argument: Any) -> Any:
    return np.copy(argument) if isinstance(argument, np.ndarray) else argument


def settled(answer: Any) -> Any:
    """Turn what holds numbers into an array of its own, while the limits still hold.

    An object can run any code when it is read as numbers. What is no numbers stays as it is.
    """
    if answer is None or callable(answer) or isinstance(answer, str | bytes | int | float):
        return answer
    try:
        numbers = np.array(answer)
    except Exception:  # it is said later what is wrong with it
        return answer
    return answer if numbers.dtype == object else numbers


def _too_long() -> str:
    return f"did not come to an end within {SECONDS:g} seconds: does a loop in it never end?"


def _count_displays(left: list[int]) -> None:
    """Let what this thread displays in a notebook count as characters too."""
    ipython: Any = sys.modules.get("IPython")
    publisher: Any = getattr(ipython and ipython.get_ipython(), "display_pub", None)

    def count(message: Any) -> Any:
        if left[0] <= 0:
            raise OutputError
        left[0] -= _DISPLAY
        return message

    if hasattr(publisher, "register_hook"):  # a hook of this thread alone
        publisher.register_hook(count)


class _Output(io.TextIOBase):
    """Stands in for a stream: one thread writes to a page of limited length, others as before."""

    def __init__(self, stream: TextIO, thread: threading.Thread, left: list[int]) -> None:
        super().__init__()
        self.stream, self.thread, self.left = stream, thread, left
        self.page: list[str] = []

    def write(self, text: str) -> int:
        if threading.get_ident() != self.thread.ident:
            return self.stream.write(text)
        if self.left[0] <= 0:
            raise OutputError
        self.page.append(text[: self.left[0]])
        self.left[0] -= len(text)
        return len(text)

    def flush(self) -> None:
        self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def _captured_output(thread: threading.Thread, left: list[int]) -> Iterator[None]:
    """Hold back what a thread prints, up to the limit, and print it afterwards from here."""
    streams = {name: _Output(getattr(sys, name), thread, left) for name in ("stdout", "stderr")}
    for name, output in streams.items():
        setattr(sys, name, output)
    try:
        yield
    finally:
        for name, output in streams.items():
            if getattr(sys, name) is output:
                setattr(sys, name, output.stream)
            page = "".join(output.page)
            if page and left[0] <= 0:  # a flood: its beginning tells enough
                page = f"{page[:_BEGINNING]} ...\n"
            if page:
                output.stream.write(page)
