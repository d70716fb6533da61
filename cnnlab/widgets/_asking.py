"""What Predict and Quiz share: questions with choices, shown on the page and kept in the store.

The page is never told which choice is right before it may show it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import anywidget
import traitlets

from cnnlab import exercises
from cnnlab.errors import DataError
from cnnlab.exercises import Question, Verdict
from cnnlab.widgets._base import Widget

__all__ = ["LETTERS", "Asking"]

LETTERS = "abcdefgh"


class Asking(Widget):
    """The base of the widgets that ask.

    Parameters
    ----------
    questions : sequence of Question or str
        Questions, or their names in the course, such as ``"01_filters.even_sky"``.
    """

    settings: ClassVar[tuple[str, ...]] = ("questions",)

    questions = traitlets.Any()
    _shown: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(self, questions: Sequence[Question | str]) -> None:
        super().__init__(questions=questions)
        self._show()

    @traitlets.validate("questions")
    def _checked_questions(self, proposal: Any) -> tuple[Question, ...]:
        return tuple(
            part if isinstance(part, Question) else exercises.question(part)
            for part in proposal["value"]
        )

    def _setting_as_json(self, name: str) -> Any:
        return [question.key for question in getattr(self, name)]

    def _settings_changed(self) -> None:
        self._show()

    def _reveals(self, question: Question) -> bool:
        """Whether the page may show what is right."""
        return question.revealed

    def _commit(self, question: Question, place: int) -> None:
        with self._lock:
            question.commit(place)
            self._show()

    def _show(self) -> None:
        self._shown = [self._on_page(question) for question in self.questions]

    def _on_page(self, question: Question) -> dict[str, Any]:
        picked, revealed = question.picked, self._reveals(question)
        return {
            "prompt": question.prompt,
            "choices": [choice.text for choice in question.choices],
            "picked": picked,
            "revealed": revealed,
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

    def _answer_commit(
        self, request: Mapping[str, Any], _buffers: Sequence[Any]
    ) -> tuple[dict[str, Any], list[Any]]:
        self._commit(self.questions[request["question"]], request["place"])
        return {}, []

    def _answer_reveal(
        self, request: Mapping[str, Any], _buffers: Sequence[Any]
    ) -> tuple[dict[str, Any], list[Any]]:
        self.questions[request["question"]].reveal()
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

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        # A question needs no picture: where no widget can be shown, its text is the fallback.
        bundle: tuple[dict[str, Any], dict[str, Any]] | None = (
            anywidget.AnyWidget._repr_mimebundle_(self, **options)
        )
        if bundle is not None:
            bundle[0]["text/plain"] = repr(self)
        return bundle


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
