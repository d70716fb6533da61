"""Quiz: the questions at a chapter's end, each with feedback at once."""

from __future__ import annotations

from collections.abc import Sequence

from cnnlab.exercises import Question, Verdict
from cnnlab.widgets.shared.questions import QuestionWidget, place_of

__all__ = ["Quiz"]


class Quiz(QuestionWidget, stem="quiz"):
    """Questions one after another; first answers count, and any can be tried again.

    Of a question that is sealed, as those of the tests before and after the course are, the answer
    is noted and nothing is said of it.

    Parameters
    ----------
    questions : sequence of Question or str
        Questions, or their names in the course.

    Examples
    --------
    >>> from cnnlab.exercises import filters as lesson
    >>> quiz = Quiz(lesson.quiz)
    >>> len(quiz.questions)
    5
    """

    def __init__(self, questions: Sequence[Question | str]) -> None:
        super().__init__(questions)

    @property
    def score(self) -> int:
        """How many first answers were right, of the questions that are not sealed."""
        return sum(
            question.picked[:1] == [question.right]
            for question in self.questions
            if not question.sealed
        )

    def commit(self, number: int, choice: int | str) -> Verdict:
        """Answer a question, as a click on the page does.

        Parameters
        ----------
        number : int
            Of the question, counted from 1.
        choice : str or int
            Its letter, or its place counted from 0.

        Returns
        -------
        Verdict

        Raises
        ------
        DataError
            If there is no such question or choice.
        """
        question = self._numbered(number)
        place = place_of(choice, question)
        self._commit(question, place)
        if question.sealed:
            return Verdict(None, "Your answer is noted. What is right is told after the last test.")
        return self._verdict(question, place)

    def _reveals(self, question: Question) -> bool:
        return bool(question.picked) and not question.sealed

    def __repr__(self) -> str:
        answered = sum(bool(question.picked) for question in self.questions)
        words = f"Quiz. {len(self.questions)} questions, {answered} answered"
        if any(question.sealed for question in self.questions):
            return f"{words}."
        return f"{words}, {self.score} right first time."
