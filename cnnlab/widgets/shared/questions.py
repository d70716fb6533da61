"""What Predict and Quiz share: questions with choices, shown on the page and kept in the store.

The page is never told which choice is right before it may show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import traitlets

from cnnlab import exercises
from cnnlab.errors import DataError
from cnnlab.exercises import Question, Verdict
from cnnlab.widgets.shared.assets import LETTERS
from cnnlab.widgets.shared.traits import Setting
from cnnlab.widgets.shared.widget import Reply, Request, Widget

__all__ = ["QuestionWidget", "place_of"]


class _Questions(Setting):
    """Questions, or their names in the course."""

    def validate(self, obj: Any, value: Any) -> tuple[Question, ...]:
        return tuple(
            part if isinstance(part, Question) else exercises.question(part) for part in value
        )

    def as_json(self, value: Any) -> Any:
        return [question.key for question in value]


class QuestionWidget(Widget):
    """The base of the widgets that ask.

    Parameters
    ----------
    questions : sequence of Question or str
        Questions, or their names in the course, such as ``"01_filters.even_sky"``.
    """

    questions = _Questions(())
    _shown: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(self, questions: Sequence[Question | str]) -> None:
        super().__init__(questions=questions)

    def _settings_changed(self) -> None:
        self._show()

    def _reveals(self, question: Question) -> bool:
        """Whether the page may show what is right."""
        return question.revealed

    def _numbered(self, number: int) -> Question:
        """Find a question by its number, counted from 1."""
        total = len(self.questions)
        if type(number) is not int or not 1 <= number <= total:
            raise DataError(f"there is no question {number!r}; try 1 to {total}")
        found: Question = self.questions[number - 1]
        return found

    def _commit(self, question: Question, place: int) -> None:
        with self._lock:
            question.commit(place)
            self._show()

    @traitlets.default("_shown")
    def _told(self) -> list[dict[str, Any]]:
        return [self._on_page(question) for question in self.questions]

    def _show(self) -> None:
        self._shown = self._told()

    def _on_page(self, question: Question) -> dict[str, Any]:
        picked, revealed = question.picked, self._reveals(question)
        return {
            "prompt": question.prompt,
            "choices": [choice.text for choice in question.choices],
            "picked": picked,
            "revealed": revealed,
            "sealed": question.sealed,
            "done": revealed and question.right in picked,
            "feedback": (
                {str(place): question.choices[place].feedback for place in picked}
                if revealed
                else {}
            ),
        }

    def _verdict(self, question: Question, place: int) -> Verdict:
        return Verdict(place == question.right, question.choices[place].feedback)

    # -- answers to the page ------------------------------------------------------------------

    def answer_commit(self, request: Request) -> Reply:
        """Lock the answer that was chosen on the page."""
        self._commit(self._numbered(request["question"] + 1), request["place"])
        return {}, []

    def answer_reveal(self, request: Request) -> Reply:
        """Show what is right, once an answer is locked."""
        self._numbered(request["question"] + 1).reveal()
        self._show()
        return {}, []

    # -- as text ------------------------------------------------------------------------------

    def _as_text(self, question: Question) -> str:
        """Write a question with what has been answered so far."""
        lines = [repr(question)]
        for place in question.picked:
            said = f"Locked: {LETTERS[place]}."
            if self._reveals(question):
                said = f"Answered {LETTERS[place]}. {self._verdict(question, place)}"
            lines.append(said)
        return "\n".join(lines)


def place_of(choice: int | str, question: Question) -> int:
    """Read a choice as Python users give it: a letter, or a place counted from 0."""
    if isinstance(choice, str):
        if len(choice) != 1 or choice not in LETTERS[: len(question.choices)]:
            raise DataError(
                f"there is no choice {choice!r}; try one of "
                f"{', '.join(LETTERS[: len(question.choices)])}"
            )
        return LETTERS.index(choice)
    return choice
