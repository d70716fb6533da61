"""Questions with choices: predictions to lock before looking, and the quiz at a chapter's end.

Which choice is right is computed, not typed. Every choice has feedback of its own: a wrong one is
told which idea leads there. The first answer is kept for good; trying again adds to it.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from cnnlab.errors import DataError
from cnnlab.exercises._base import STORE
from cnnlab.exercises._store import Entry

__all__ = ["Choice", "Question"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers to pick from.

    Attributes
    ----------
    text : str
        What the learner reads.
    value : hashable
        What it claims; the right choice claims what the question's `answer` computes.
    feedback : str
        For the right choice why, for a wrong one the idea that leads there.
    """

    text: str
    value: Hashable
    feedback: str


@dataclass(frozen=True, kw_only=True, repr=False)
class Question:
    """A question with choices.

    Attributes
    ----------
    chapter, name : str
        Which notebook it belongs to, and what it is called.
    prompt : str
    choices : tuple of Choice
    answer : callable
        Computes the value of the right choice.
    """

    chapter: str
    name: str
    prompt: str
    choices: tuple[Choice, ...]
    answer: Callable[[], Hashable]

    def __repr__(self) -> str:
        lines = [self.prompt]
        lines += [
            f"  {letter}) {choice.text}"
            for letter, choice in zip("abcdefgh", self.choices, strict=False)
        ]
        return "\n".join(lines)

    @property
    def key(self) -> str:
        """Under which the answers are kept."""
        return f"{self.chapter}.{self.name}"

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
    def picked(self) -> list[int]:
        """The places picked so far, the first one first."""
        picked = STORE.read(self.key).get("picked", [])
        return [place for place in picked if place in range(len(self.choices))]

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
        if place not in range(len(self.choices)):
            raise DataError(
                f"there is no choice {place!r} in {self.key!r}; try 0 to {len(self.choices) - 1}"
            )

        def added(entry: Entry) -> Entry:
            return {**entry, "picked": [*entry.get("picked", []), place]}

        STORE.change(self.key, added)
