"""What a learner of a class shares, read from what their own kernel wrote.

Only what a summary can hold is taken from it: the letters in place of a name, counts no larger than
the course, places that a question has.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cnnlab.exercises import CHAPTERS, Item, Question
from cnnlab.exercises.progress import COLUMNS
from cnnlab.exercises.sharing import FILE, VERSION

__all__ = ["Learner", "item_of", "items", "learner_in", "totals"]

_LARGEST = 100_000  # bytes; a whole course is some 5,000
_ALIAS = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Learner:
    """What one learner shares.

    Attributes
    ----------
    name : str
        Or the letters in its place.
    alias : str
        The letters.
    at : str
        The key of what was worked at last; empty if that is not known.
    tries : int
        How often that was tried, as long as it is not solved.
    when : float
        Of the last answer, in seconds since 1970.
    done : mapping of str -> tuple of int
        How many predictions, tasks and quiz questions have an answer, by chapter.
    picks : mapping of str -> int
        The place of the first choice, by key.
    """

    name: str
    alias: str
    at: str
    tries: int
    when: float
    done: Mapping[str, tuple[int, ...]]
    picks: Mapping[str, int]

    @property
    def chapter(self) -> str:
        """The stem of the chapter that was worked at last."""
        return self.at.partition(".")[0]


def learner_in(place: Path) -> Learner | None:
    """Read the summary in a learner's folder; None where there is none, or something else."""
    try:
        text, when = _contents(place / FILE)
        told = json.loads(text)
        if told["version"] != VERSION or not _ALIAS.fullmatch(told["alias"]):
            return None
        alias = str(told["alias"])
        return Learner(
            name=place.name if told["named"] is True else alias,
            alias=alias,
            at=told["at"] if item_of(told["at"]) else "",
            tries=_count(told["tries"], 10_000),
            when=when,
            done={
                stem: _counts(told["done"][stem], stem) for stem in _stems() & told["done"].keys()
            },
            picks=dict(_picks(told["picks"])),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _contents(file: Path) -> tuple[str, float]:
    """Read a small, ordinary file: no link to another's, and no pipe that never ends."""
    handle = os.open(
        file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    )
    with os.fdopen(handle, "rb") as opened:
        known = os.fstat(handle)
        if not stat.S_ISREG(known.st_mode) or known.st_size > _LARGEST:
            raise ValueError("no summary")
        return opened.read(_LARGEST).decode("utf-8"), known.st_mtime


def _count(value: object, most: int) -> int:
    if type(value) is not int:
        raise TypeError("a count is a whole number")
    return min(max(value, 0), most)


def _counts(values: Any, stem: str) -> tuple[int, ...]:
    most = zip(values, totals(stem), strict=True)
    return tuple(_count(value, total) for value, total in most)


def _picks(picks: Mapping[str, object]) -> Iterator[tuple[str, int]]:
    for key, place in picks.items():
        item = item_of(key)
        if not isinstance(item, Question) or item.kind not in COLUMNS or type(place) is not int:
            continue
        if place in range(len(item.choices)):
            yield key, place


# -- what the course asks -----------------------------------------------------------------------


def _stems() -> set[str]:
    return {chapter.stem for chapter in CHAPTERS}


@cache
def items(stem: str) -> dict[str, Item]:
    """Find what a chapter asks, by key."""
    chapter = next((one for one in CHAPTERS if one.stem == stem), None)
    lesson = chapter.lesson() if chapter else None
    return {item.key: item for item in lesson.items} if lesson else {}


def item_of(key: object) -> Item | None:
    """Find what a key of the course stands for; None where it stands for nothing."""
    return items(key.partition(".")[0]).get(key) if isinstance(key, str) else None


@cache
def totals(stem: str) -> tuple[int, ...]:
    """Count what a chapter asks, by the columns of the progress."""
    kinds = [item.kind for item in items(stem).values()]
    return tuple(kinds.count(kind) for kind in COLUMNS)
