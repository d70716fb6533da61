"""Questions with choices: predictions to lock before looking, and the quiz at a chapter's end.

Which choice is right is computed, not typed. Every choice has feedback of its own: a wrong one is
told which idea leads there. The first answer is kept for good; trying again adds to it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cnnlab.errors import DataError
from cnnlab.exercises.lesson import Item
from cnnlab.exercises.store import STORE, Entry

__all__ = ["Choice", "Prediction", "Probe", "Question"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers to pick from.

    Attributes
    ----------
    value : hashable
        What it claims; the right choice claims what the question's `answer` computes.
    text : str
        What the learner reads.
    feedback : str
        For the right choice why, for a wrong one the idea that leads there.
    """

    value: Hashable
    text: str
    feedback: str


class Question(Item):
    """A question with choices; in a `Lesson`, one of its quiz.

    Parameters
    ----------
    prompt : str
    choices : mapping of hashable -> (str, str)
        What each choice claims, and then what the learner reads and what is said of it.
    answer : callable
        Computes the claim of the right choice.
    key : str, optional
        Under which the answers are kept, for a question that stands in no lesson.

    Examples
    --------
    >>> question = Question(
    ...     "Two and two?",
    ...     choices={3: ("three", "Count again."), 4: ("four", "Yes: 2 + 2.")},
    ...     answer=lambda: 2 + 2,
    ...     key="mine.sum",
    ... )
    >>> question.right
    1
    """

    kind: ClassVar[str] = "quiz"

    def __init__(
        self,
        prompt: str,
        *,
        choices: Mapping[Any, tuple[str, str]],
        answer: Callable[[], Hashable],
        key: str = "",
    ) -> None:
        self.prompt = prompt
        self.choices = tuple(Choice(value, *texts) for value, texts in choices.items())
        self.answer = answer
        self.key = key

    def __repr__(self) -> str:
        lines = [self.prompt]
        lines += [
            f"  {letter}) {choice.text}"
            for letter, choice in zip("abcdefgh", self.choices, strict=False)
        ]
        return "\n".join(lines)

    @property
    def right(self) -> int:
        """The place of the right choice.

        Raises
        ------
        DataError
            If not exactly one choice claims what is computed: the question itself is wrong.
        """
        value = self.answer()
        places = [place for place, choice in enumerate(self.choices) if choice.value == value]
        if len(places) != 1:
            raise DataError(
                f"question {self.key!r} has {len(places)} choices that claim {value!r}; "
                f"it needs exactly one"
            )
        return places[0]

    @property
    def done(self) -> bool:
        """Whether the first answer was right."""
        first = self.picked[:1]
        return bool(first) and first == [self.right]  # what is right may take time to compute

    @property
    def picked(self) -> list[int]:
        """The places picked so far, the first one first."""
        known = range(len(self.choices))
        return [
            place for place in _picks(STORE.read(self.key)) if type(place) is int and place in known
        ]

    @property
    def sealed(self) -> bool:
        """Whether nothing may be said of an answer yet."""
        return False

    @property
    def revealed(self) -> bool:
        """Whether the learner has asked what is right."""
        return bool(STORE.read(self.key).get("revealed", False))

    def reveal(self) -> None:
        """Note that the feedback was asked for. Nothing is revealed before an answer is locked."""
        if self.picked:
            STORE.change(self.key, lambda entry: {**entry, "revealed": True})

    def commit(self, place: int) -> None:
        """Lock an answer: it can be added to, not changed.

        Parameters
        ----------
        place : int
            Of the choice, counted from 0.

        Raises
        ------
        DataError
            If there is no such choice.
        """
        if not self.key:
            raise DataError("a question that stands in no lesson needs a key, such as 'mine.sum'")
        if not _is_whole(place) or place not in range(len(self.choices)):
            raise DataError(
                f"there is no choice {place!r} in {self.key!r}; try 0 to {len(self.choices) - 1}"
            )
        chosen = operator.index(place)
        STORE.change(self.key, lambda entry: {**entry, "picked": [*_picks(entry), chosen]})


class Prediction(Question):
    """A question to commit to before looking, where a chapter comes to it."""

    kind: ClassVar[str] = "predicted"

    @property
    def done(self) -> bool:
        """Whether an answer is locked, right or wrong."""
        return bool(self.picked)


class Probe(Question):
    """A question of the test before the course, or of the one after it.

    It is answered once, and nothing is said of the answer until both tests are done: what one
    remembers of the first would be part of what the second measures.

    Parameters
    ----------
    prompt, choices, answer, key
        As of a `Question`.
    opens : callable
        Says whether both tests are done.
    """

    kind: ClassVar[str] = "probed"

    def __init__(
        self,
        prompt: str,
        *,
        choices: Mapping[Any, tuple[str, str]],
        answer: Callable[[], Hashable],
        opens: Callable[[], bool],
        key: str = "",
    ) -> None:
        super().__init__(prompt, choices=choices, answer=answer, key=key)
        self.opens = opens

    @property
    def sealed(self) -> bool:
        """Whether nothing may be said of an answer yet."""
        return not self.opens()

    def commit(self, place: int) -> None:
        """Note the one answer.

        Parameters
        ----------
        place : int
            Of the choice, counted from 0.

        Raises
        ------
        DataError
            If there is no such choice, or an answer is noted and the tests are not done.
        """
        if self.sealed and self.picked:
            raise DataError(
                "an answer to this question is noted already, and a test takes one; what is right "
                "is told when the test at the end of the course is done"
            )
        super().commit(place)


def _picks(entry: Entry) -> list[Any]:
    picked = entry.get("picked")
    return picked if isinstance(picked, list) else []


def _is_whole(number: object) -> bool:
    try:
        operator.index(number)  # type: ignore[arg-type]  # this is what is asked
    except TypeError:
        return False
    return not isinstance(number, bool)
