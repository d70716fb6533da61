"""Tasks: an answer is compared with what the package itself computes, never with a typed key.

A wrong answer is compared with the typical mistakes too, and gets the hint that names the one it
shows. A blank left open (``...``) is no mistake: the verdict says "not yet".
"""

from __future__ import annotations

import ast
import dis
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from textwrap import dedent
from types import CodeType, FunctionType
from typing import Any, ClassVar

import numpy as np

from cnnlab.exercises.cell import Cell
from cnnlab.exercises.compare import (
    Arguments,
    difference,
    difference_of_calls,
    difference_of_parts,
    named,
    outcomes,
)
from cnnlab.exercises.lesson import Item
from cnnlab.exercises.store import STORE, Entry, whole
from cnnlab.exercises.trial import StoppedError, settled, within_limits
from cnnlab.exercises.verdict import Text, Verdict

__all__ = ["Mistake", "Task"]

Seen = Callable[[Any], Mapping[str, Any] | None]
"""Uses an answer, and gives what came out, by name; None if the answer is of no use at all."""

_LONGEST_SOURCE = 4000  # characters


@dataclass(frozen=True, slots=True)
class Mistake:
    """A typical wrong answer that many answers show, not one alone.

    Attributes
    ----------
    hint : str
        Names what went wrong.
    sign : callable of answer -> bool, optional
        Whether an answer shows this mistake; by default, whether it does what the example does.
    """

    hint: str
    sign: Callable[[Any], bool] | None = None


class Task(Item):
    """A cell with blanks for the learner to fill in.

    Parameters
    ----------
    prompt : str
        What is asked.
    cell : str
        The solved cell, ``<<...>>`` around what is left blank (see `Cell`). Its last statement sets
        what is checked.
    answer : callable
        Computes the right answer: a number, an array, several numbers, or a function.
    wrong : mapping of str -> str or Mistake
        What learners write in the blank, and the hint that names what went wrong. Where there are
        several blanks the key is a tuple, with None for a blank that is filled in rightly.
    hints : sequence of str
        From a nudge to nearly everything.
    praise : str
        What a right answer shows: the principle, in a sentence.
    given : callable, optional
        Gives by name what the cells above this one have set.
    calls : sequence of tuple of ndarray or int
        For a function: the arguments to call it with, arrays first; the smallest case first, and
        lopsided ones among them.
    judge : callable of answer -> str or None, optional
        For a design, of which many are right: says what is wrong with it.
    seen : callable of answer -> dict, optional
        For what is used in several ways, such as a layer: what came out of each, by its name.
    kept_as : str, optional
        The name it had when learners' progress was first kept.

    Attributes
    ----------
    mistakes : tuple of (str, Mistake)
        The cell with each mistake in it, and what is said of it.
    """

    kind: ClassVar[str] = "solved"

    def __init__(
        self,
        prompt: str,
        *,
        cell: str,
        answer: Callable[[], Any],
        wrong: Mapping[str | tuple[str | None, ...], str | Mistake],
        hints: Sequence[str],
        praise: str,
        given: Callable[[], Mapping[str, Any]] = dict,
        calls: Sequence[Arguments] = (),
        judge: Callable[[Any], str | None] | None = None,
        seen: Seen | None = None,
        kept_as: str = "",
    ) -> None:
        self.prompt, self.praise, self.hints = prompt, praise, tuple(hints)
        self.cell, self.answer, self.given = Cell(cell), answer, given
        self.calls, self.judge, self.seen, self.kept_as = calls, judge, seen, kept_as
        self.mistakes = tuple(
            (
                self.cell.filled(*([texts] if isinstance(texts, str) else texts)),
                said if isinstance(said, Mistake) else Mistake(said),
            )
            for texts, said in wrong.items()
        )

    def __repr__(self) -> str:
        return f"{self.prompt}\nlesson.{self.name}: check(...), hint(), solution()"

    # -- the notebook's side ------------------------------------------------------------------

    @property
    def notebook_cell(self) -> str:
        """The cell as it stands in the notebook: the skeleton and the line that checks it."""
        return self.cell.checked_by(f"lesson.{self.name}.check")

    @property
    def solution_code(self) -> str:
        """The cell with its blanks filled in."""
        return self.cell.solution

    def value(self, code: str) -> Any:
        """Run a version of the cell, and give what is checked."""
        return self.cell.value(code, self.given())

    # -- the learner's side -------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """Whether it has been answered rightly once."""
        return bool(STORE.read(self.key).get("solved", False))

    @property
    def tried(self) -> bool:
        """Whether an answer has been given, right or wrong."""
        return whole(STORE.read(self.key), "attempts") > 0

    @property
    def hints_given(self) -> int:
        """How many hints have been asked for."""
        return min(whole(STORE.read(self.key), "hints"), len(self.hints))

    def check(self, *answers: Any) -> Verdict:
        """Judge an answer; nothing in it can raise an error or go on for ever.

        Parameters
        ----------
        *answers
            One value, or as many as the task asks for.

        Returns
        -------
        Verdict
        """
        answer = answers[0] if len(answers) == 1 else answers
        passed, message = self._judged(answer)
        if passed is not None:
            source = _source(answer) if passed and self.calls else ""
            STORE.change(self.key, lambda entry: _with_attempt(entry, passed, source))
        return Verdict(passed, message, None if passed else self, STORE.news())

    def hint(self) -> Text:
        """Give the next hint; each call goes one further, and the last one stays."""
        total = len(self.hints)
        entry = STORE.change(
            self.key, lambda entry: {**entry, "hints": min(whole(entry, "hints") + 1, total)}
        )
        number = entry["hints"]
        text = f"Hint {number} of {total}. {self.hints[number - 1]}"
        return Text(
            f"{text} (lesson.{self.name}.solution() shows one.)" if number == total else text
        )

    def solution(self) -> Text:
        """Show code that solves the task, and remember that it was looked at."""
        STORE.change(self.key, lambda entry: {**entry, "solution_seen": True})
        return Text(self.solution_code)

    def finished(self, answer: Any) -> Any:
        """Give the learner's answer back if it is right, and otherwise what the solution makes.

        So that a page goes on with the learner's own work, and runs to its end without it too.
        """
        return answer if self._judged(answer)[0] else self.value(self.solution_code)

    def own(self) -> tuple[Any, str]:
        """Give the function with which the learner solved it last, and how it is written.

        For a later chapter that goes on with it. Where none is kept, or it no longer runs by
        itself, it is the solution's.
        """
        kept = STORE.read(self.key).get("source")
        if isinstance(kept, str) and kept:
            try:
                function = self.value(kept)
            except (Exception, SystemExit):  # it may have leant on what stood elsewhere on its page
                function = ...
            if self._judged(function)[0]:
                return function, kept
        return self.value(self.solution_code), self.solution_code

    # -- judging ------------------------------------------------------------------------------

    def _judged(self, answer: Any) -> tuple[bool | None, str]:
        """Judge an answer: what it does is found out within limits, all else is trusted code."""
        if self.calls and not callable(answer) and answer is not Ellipsis:
            return False, f"Expected a function, got {named(answer)}."
        try:
            if _open_blank(answer):
                return None, "Put your answer where the ... is, and run this cell again."
            right = self._right()  # first, so that what is compiled for it is compiled by now
            shown = within_limits(partial(_shown, answer, self.seen, self.calls))
            found = self.judge(shown) if self.judge else self._difference(shown, right)
        except StoppedError as stopped:
            return False, f"Your answer {stopped}"
        except (Exception, SystemExit) as error:  # an answer can be any object at all
            return False, f"This could not be checked ({type(error).__name__}: {error})."
        if not found:
            return True, self.praise
        if any(map(_has_open_blank, _functions(answer))):
            kind = "class" if isinstance(answer, type) else "function"
            return None, f"There is still a ... to replace in your {kind}."
        for code, mistake in self.mistakes:
            if self._is(mistake, code, shown):
                return False, mistake.hint
        return False, f"{found[0].upper()}{found[1:]}{'' if found.endswith('?') else '.'}"

    def _right(self) -> Any:
        return None if self.judge else _shown(self.answer(), self.seen, self.calls)

    def _difference(self, shown: Any, right: Any) -> str | None:
        if self.calls:
            return difference_of_calls(shown, right, self.calls)
        if self.seen:
            return difference_of_parts(shown, right)
        return difference(shown, right)

    def _is(self, mistake: Mistake, code: str, shown: Any) -> bool:
        if mistake.sign is None:
            made = _shown(self.value(code), self.seen, self.calls)
            return self._difference(shown, made) is None
        try:
            return bool(mistake.sign(shown))
        except Exception:  # a sign may expect another kind of object
            return False


def _shown(answer: Any, seen: Seen | None, calls: Sequence[Arguments]) -> Any:
    """Give what there is to see of an answer: of a function what it does, else its numbers."""
    if seen:
        used = seen(answer)
        return settled(answer) if used is None else used
    return outcomes(answer, calls) if calls else settled(answer)


def _open_blank(answer: Any) -> bool:
    if isinstance(answer, list | tuple):
        return any(_open_blank(part) for part in answer)
    if isinstance(answer, np.ndarray) and answer.dtype == object:
        return any(part is Ellipsis for part in answer.flat)
    return answer is Ellipsis


def _functions(answer: Any) -> list[FunctionType]:
    """Find the functions in which a blank may be left open: of a class, its methods.

    Those with a name such as ``__init__`` may be made by a decorator, and have no source.
    """
    parts = {"": answer}
    if isinstance(answer, type):
        parts = {name: part for name, part in vars(answer).items() if not name.startswith("__")}
    return [part for part in parts.values() if isinstance(part, FunctionType)]


def _has_open_blank(function: FunctionType) -> bool:
    """Whether a ``...`` stands where a value belongs; as an index, ``image[..., 0]``, it may."""
    try:
        tree = ast.parse(dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):  # no source: look at what was compiled
        return _holds_ellipsis(function.__code__) or _does_nothing(function.__code__)
    inside = {id(part) for node in ast.walk(tree) for part in _index_parts(node)}
    return any(
        isinstance(node, ast.Constant) and node.value is Ellipsis and id(node) not in inside
        for node in ast.walk(tree)
    )


def _index_parts(node: ast.AST) -> list[ast.AST]:
    return list(ast.walk(node.slice)) if isinstance(node, ast.Subscript) else []


def _holds_ellipsis(code: CodeType) -> bool:
    return any(
        part is Ellipsis or (isinstance(part, CodeType) and _holds_ellipsis(part))
        for part in code.co_consts
    )


def _does_nothing(code: CodeType) -> bool:
    """Whether a function only gives None back: the compiler drops a ``...`` that stands alone."""
    idle = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
    return (
        code.co_consts[-1:] == (None,)
        and {step.opname for step in dis.get_instructions(code)} <= idle
    )


def _source(function: Any) -> str:
    """Read how a function is written; nothing where that is not known, or very long."""
    try:
        source = dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return ""
    return source if len(source) <= _LONGEST_SOURCE else ""


def _with_attempt(entry: Entry, passed: bool, source: str) -> Entry:
    attempts = whole(entry, "attempts") + 1
    kept = {"source": source} if source else {}
    solved = bool(entry.get("solved", False) or passed)
    return {**entry, **kept, "attempts": attempts, "solved": solved}
