"""Predict: commit to an answer before looking, then find out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnlab.exercises import Question, Verdict
from cnnlab.widgets.shared.questions import QuestionWidget, place_of

__all__ = ["Predict"]


class Predict(QuestionWidget, stem="predict"):
    """A prediction: locked first, revealed afterwards, kept in the learner's progress.

    If you commit to an answer before looking, you see more and remember it longer, right or wrong
    (Crouch and others 2004). So the first answer stays; trying again adds to it.

    Parameters
    ----------
    question : Question or str
        A question, or its name in the course.

    Examples
    --------
    >>> from cnnlab.exercises import filters as lesson
    >>> prediction = Predict(lesson.map_size)
    >>> print(prediction)
    Predict. A 3x3 filter slides over a 5x5 image and never hangs over the edge. ...
      a) 5x5: one number for every pixel
      b) 4x4
      c) 3x3
      d) 2x2: 5 - 3
    """

    def __init__(self, question: Question | str) -> None:
        super().__init__([question])

    @classmethod
    def _options_of(cls, state: Mapping[str, Any]) -> dict[str, Any]:
        return {"question": state["settings"]["questions"][0]}

    @property
    def question(self) -> Question:
        """What is asked."""
        found: Question = self.questions[0]
        return found

    def commit(self, choice: int | str) -> None:
        """Lock an answer, as the button on the page does.

        Parameters
        ----------
        choice : str or int
            Its letter, or its place counted from 0.

        Raises
        ------
        DataError
            If there is no such choice.
        """
        self._commit(self.question, place_of(choice, self.question))

    def reveal(self) -> Verdict:
        """Show what is right, once an answer is locked.

        Returns
        -------
        Verdict
        """
        if not self.question.picked:
            return Verdict(None, "Lock an answer first: a guess is as good as a reason here.")
        self.question.reveal()
        self._show()
        return self._verdict(self.question, self.question.picked[-1])

    def __repr__(self) -> str:
        return f"Predict. {self._as_text(self.question)}"
