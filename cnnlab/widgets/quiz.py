"""Quiz: the questions at a chapter's end, each with feedback at once."""

from collections.abc import Sequence

from cnnlab.exercises import Question, Verdict
from cnnlab.widgets._asking import Asking, place_of
from cnnlab.widgets.predict import Predict

__all__ = ["Quiz"]


class Quiz(Asking, stem="quiz"):
    """Questions one after another; first answers count, and any can be tried again.

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
        """How many first answers were right."""
        return sum(question.picked[:1] == [question.right] for question in self.questions)

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
            If there is no such choice.
        """
        question = self.questions[number - 1]
        place = place_of(choice, question)
        self._commit(question, place)
        return self._verdict(question, place)

    def _reveals(self, question: Question) -> bool:
        return bool(question.picked)

    def __repr__(self) -> str:
        answered = sum(bool(question.picked) for question in self.questions)
        total = len(self.questions)
        return f"Quiz. {total} questions, {answered} answered, {self.score} right at once."


Quiz._css = Predict._css  # the same cards
