"""What the tests before and after the course say: of one learner, or of a class.

The gain is the share of what was not known before that is known afterwards (Hake 1998, "Interactive
engagement versus traditional methods", American Journal of Physics 66). It says something of a
class; of one learner, with twelve questions, it is a rough figure.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnlab.checks import path_of
from cnnlab.errors import DataError
from cnnlab.exercises.progress import CHAPTERS
from cnnlab.exercises.question import Question
from cnnlab.exercises.store import STORE, Entry, entries_of

__all__ = ["Result", "Results", "results"]

_HEAD = ("learner", "before", "after", "of", "gain")


@dataclass(frozen=True, slots=True)
class Result:
    """The two tests of one learner.

    Attributes
    ----------
    learner : str
        The name of the file, or "you".
    before, after : tuple of (bool or None)
        Whether each question was answered rightly; None where it was not answered.
    """

    learner: str
    before: tuple[bool | None, ...]
    after: tuple[bool | None, ...]

    @property
    def gain(self) -> float | None:
        """What was learned of what was to be learned; None before both tests are done."""
        if None in (*self.before, *self.after) or not self.before or not self.after:
            return None
        missing = len(self.before) - sum(map(bool, self.before))
        if not missing:
            return None
        return (sum(map(bool, self.after)) - sum(map(bool, self.before))) / missing

    @property
    def row(self) -> tuple[str, ...]:
        """The line of the table."""
        gain = "" if self.gain is None else f"{self.gain:.2f}"
        return (
            self.learner,
            _right(self.before),
            _right(self.after),
            str(len(self.before)),
            gain,
        )


@dataclass(frozen=True, slots=True)
class Results:
    """Both tests of some learners; prints as a table.

    Attributes
    ----------
    learners : tuple of Result
    questions : tuple of str
        The names of the questions of the first test.
    """

    learners: tuple[Result, ...]
    questions: tuple[str, ...]

    @property
    def gain(self) -> float | None:
        """The mean gain of those who have done both tests; None if nobody has."""
        known = [one.gain for one in self.learners if one.gain is not None]
        return sum(known) / len(known) if known else None

    def __repr__(self) -> str:
        table = [_HEAD, *(one.row for one in self.learners)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        if self.gain is not None and len(self.learners) > 1:
            lines.append(f"mean gain {self.gain:.2f}")
        return "\n".join(lines)

    def as_csv(self) -> str:
        """Write a line a learner: the counts, the gain, and 1 or 0 for every question."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        afterwards = [name.replace("before", "after", 1) for name in self.questions]
        writer.writerow([*_HEAD, *self.questions, *afterwards])
        for one in self.learners:
            answers = [*one.before, *(one.after or [None] * len(one.before))]
            marks = ["" if mark is None else int(mark) for mark in answers]
            writer.writerow([*one.row, *marks])
        return text.getvalue()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `as_csv` into a file.

        Parameters
        ----------
        path : path_like

        Raises
        ------
        DataError
            If there is such a file already, or it cannot be written.
        """
        file = path_of(path, "path")
        try:
            with file.open("x", encoding="utf-8") as opened:
                opened.write(self.as_csv())
        except FileExistsError:
            raise DataError(f"{file} already exists; name another file") from None
        except OSError as error:
            raise DataError(f"cannot write {file}: {error.strerror or error}") from None


def results(*files: str | os.PathLike[str]) -> Results:
    """Say how the tests before and after the course came out.

    Parameters
    ----------
    *files : path_like
        Files that learners have exported, one each; without any, what is kept on this machine.

    Returns
    -------
    Results

    Raises
    ------
    DataError
        If a file holds no progress.
    """
    first, second = _tests()
    kept = {Path(file).stem: entries_of(path_of(file, "file")) for file in files}
    if not files:
        kept = {"you": STORE.entries()}
    learners = tuple(
        Result(name, _marks(entries, first), _marks(entries, second))
        for name, entries in kept.items()
    )
    return Results(learners, tuple(question.name for question in first))


def _tests() -> tuple[Sequence[Question], Sequence[Question]]:
    """Find the questions of both tests; none where a chapter is still to come."""
    lessons = [lesson for chapter in CHAPTERS if (lesson := chapter.lesson())]
    found: list[list[Question]] = [
        [item for item in lesson.test if isinstance(item, Question)] for lesson in lessons
    ]
    first, second = [*filter(None, found), [], []][:2]
    return first, second


def _marks(entries: dict[str, Entry], questions: Sequence[Question]) -> tuple[bool | None, ...]:
    def mark(question: Question) -> bool | None:
        picked = entries.get(question.key, {}).get("picked")
        if not isinstance(picked, list) or not picked:
            return None
        return bool(picked[0] == question.right)

    return tuple(map(mark, questions))


def _right(marks: Sequence[bool | None]) -> str:
    if not marks or all(mark is None for mark in marks):
        return ""
    return str(sum(map(bool, marks)))
