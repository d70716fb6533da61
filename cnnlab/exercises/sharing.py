"""What a learner's class sees of them, if they let it: counts, places and choices.

No code, no text, nothing of the tests before and after the course. It is written anew after every
answer, into the folder that the hub has made for it, and removed as soon as the learner says so.
Progress does not depend on it: what goes wrong here is a sentence on the map of the course.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnlab.errors import DataError
from cnnlab.exercises import consent
from cnnlab.exercises.lesson import Item
from cnnlab.exercises.progress import CHAPTERS, COLUMNS
from cnnlab.exercises.store import STORE, Entry, whole

__all__ = ["FILE", "VERSION", "Sharing", "publish", "share", "summary"]

FILE = "summary.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Sharing:
    """What was chosen; prints as a sentence.

    Attributes
    ----------
    way : str
        "off", "on" or "anonymous".
    alias : str
        The letters in place of the name.
    note : str
        What the class sees, or why it sees nothing.
    """

    way: str
    alias: str
    note: str

    def __repr__(self) -> str:
        return self.note


def share(way: str) -> Sharing:
    """Let the class see how far you are, or no longer.

    Parameters
    ----------
    way : str
        "on", "anonymous" (three letters stand for your name) or "off" (what it saw is removed).

    Returns
    -------
    Sharing

    Raises
    ------
    DataError
        If it is none of those, or the choice cannot be kept.

    Examples
    --------
    >>> share("off")
    This is no server of a class: there is nobody to show your progress to.
    """
    if way not in consent.WAYS:
        raise DataError(f"there is no way {way!r} to share; try one of {', '.join(consent.WAYS)}")
    chosen = consent.read().turned(way)
    try:
        consent.keep(chosen)
    except OSError as error:
        raise DataError(f"cannot keep what you chose: {error.strerror or error}") from None
    trouble = publish()
    none = "This is no server of a class: there is nobody to show your progress to."
    return Sharing(chosen.way, chosen.alias, trouble or consent.words() or none)


def publish(key: str = "") -> str:
    """Bring what the class sees up to date.

    Parameters
    ----------
    key : str
        What the learner works at; by default what it was before.

    Returns
    -------
    str
        Why that failed, in a sentence; empty if it did not.
    """
    target = consent.drop()
    if target is None:
        return ""
    try:
        while True:  # another notebook may change the choice meanwhile: the last word holds
            chosen = consent.read()
            if chosen.way == "off":
                for file in target.glob("summary*"):
                    file.unlink(missing_ok=True)
            else:
                file = target / FILE
                content = summary(STORE.entries(), chosen, key or _last(file))
                consent.replace(file, content, 0o640)
            if consent.read() == chosen:
                return ""
    except Exception as error:  # whatever it is, it must not stop a lesson
        return f"The class board cannot be reached ({error}); your progress is kept all the same."


def summary(entries: Mapping[str, Entry], chosen: consent.Consent, key: str) -> dict[str, Any]:
    """Say how far a learner is, in plain values.

    Parameters
    ----------
    entries : mapping of str -> dict
        What the progress store holds.
    chosen : Consent
    key : str
        What the learner works at; if that is not known, the last item with an answer.

    Returns
    -------
    dict
        ``done`` counts the items of each kind with an answer, by chapter; ``picks`` has the first
        choice in predictions and quizzes, by key; ``tries`` those of an unsolved task.
    """
    begun = {known.partition(".")[0] for known in entries}
    done, picks, last = {}, {}, ""
    for chapter in CHAPTERS:
        lesson = chapter.lesson() if chapter.stem in begun else None
        if lesson is None:
            continue
        answered = [item for item in lesson.items if _answered(item, entries.get(item.key, {}))]
        done[chapter.stem] = [sum(item.kind == kind for item in answered) for kind in COLUMNS]
        for item in answered:
            last = item.key
            if item.kind in {"predicted", "quiz"}:
                picks[item.key] = entries[item.key]["picked"][0]
    place = key or last
    at = entries.get(place, {})
    return {
        "version": VERSION,
        "named": chosen.way == "on",
        "alias": chosen.alias,
        "at": place,
        "tries": 0 if at.get("solved") else whole(at, "attempts"),
        "done": done,
        "picks": picks,
    }


def _answered(item: Item, entry: Entry) -> bool:
    """Whether there is an answer, right or wrong; what is right may take long to compute."""
    if item.kind == "solved":
        return bool(entry.get("solved"))
    picked = entry.get("picked")
    return isinstance(picked, list) and bool(picked) and type(picked[0]) is int


def _last(file: Path) -> str:
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


STORE.watchers.append(publish)
