import json

import pytest

from cnnlab.errors import DataError
from cnnlab.exercises import Question
from cnnlab.exercises import filters as lesson
from cnnlab.widgets import Predict, Quiz


@pytest.fixture(autouse=True)
def _fresh_home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path))


@pytest.fixture
def page(monkeypatch):
    """Stands in for the browser: sends what it would send, and keeps what Python answers."""

    class Page:
        def __init__(self):
            self.answers = []
            self.sequence = 0

        def send(self, widget, **message):
            monkeypatch.setattr(
                widget, "send", lambda content, _buffers=None: self.answers.append(content)
            )
            self.sequence += 1
            content = {"client": "page", "seq": self.sequence, **message}
            widget._on_message(widget, content, [])
            return self.answers[-1]

    return Page()


def sent_to_page(widget):
    return json.dumps(widget.get_state())


def test_the_page_is_not_told_what_is_right_before_it_may_show_it(page):
    prediction = Predict(lesson.map_size)
    feedback = [choice.feedback for choice in lesson.map_size.choices]
    assert not any(text in sent_to_page(prediction) for text in feedback)
    page.send(prediction, kind="commit", question=0, place=0)
    assert not any(text in sent_to_page(prediction) for text in feedback)
    assert prediction._shown[0]["picked"] == [0]
    assert not prediction._shown[0]["done"]
    page.send(prediction, kind="reveal", question=0)
    assert [text in sent_to_page(prediction) for text in feedback] == [True, False, False, False]


def test_revealing_before_an_answer_is_locked_reveals_nothing(page):
    prediction = Predict(lesson.map_size)
    page.send(prediction, kind="reveal", question=0)
    assert not prediction._shown[0]["revealed"]
    assert repr(prediction.reveal()).startswith("Not yet. Lock an answer first")


def test_trying_again_keeps_the_first_answer():
    prediction = Predict(lesson.map_size)
    prediction.commit("a")
    assert prediction.reveal().passed is False
    prediction.commit("c")
    assert prediction.reveal().passed
    assert Predict("01_filters.map_size").question.picked == [0, 2]


def test_a_prediction_is_still_there_in_the_next_kernel():
    Predict(lesson.map_size).commit("b")
    assert Predict(lesson.map_size)._shown[0]["picked"] == [1]


def test_a_prediction_prints_with_what_was_answered():
    prediction = Predict(lesson.map_size)
    assert repr(prediction).splitlines()[-1] == "  d) 2x2: 5 - 3"
    prediction.commit(1)
    assert repr(prediction).splitlines()[-1] == "Locked: b."
    prediction.reveal()
    assert repr(prediction).splitlines()[-1].startswith("Answered b. Not quite. Count the columns")


@pytest.mark.parametrize("choice", ["e", "", "ab", "A", 4, -1])
def test_a_choice_that_is_not_there_is_refused(choice):
    with pytest.raises(DataError, match=r"there is no choice .*; try (one of a, b, c, d|0 to 3)"):
        Predict(lesson.map_size).commit(choice)


def test_a_page_that_asks_for_nonsense_is_answered_with_an_error(page):
    prediction = Predict(lesson.map_size)
    assert (
        "there is no choice 9" in page.send(prediction, kind="commit", question=0, place=9)["error"]
    )
    assert "error" in page.send(prediction, kind="commit", question=3, place=0)
    assert prediction.question.picked == []


def test_an_unknown_question_is_answered_with_the_known_ones():
    with pytest.raises(DataError, match=r"no question '01.sky'; try one of 00_start_here"):
        Predict("01.sky")


def test_a_situation_can_be_written_down_and_handed_out():
    for widget in (Predict(lesson.even_sky), Quiz(lesson.quiz)):
        twin = type(widget).from_state(json.dumps(widget.state()))
        assert twin.questions == widget.questions


def test_a_question_of_ones_own_needs_no_place_in_the_course():
    mine = Question(
        "Two and two?",
        choices={3: ("three", "Count again."), 4: ("four", "Yes.")},
        answer=lambda: 4,
        key="mine.sum",
    )
    prediction = Predict(mine)
    prediction.commit("b")
    assert prediction.reveal().passed


def test_where_no_widget_is_shown_the_question_is_there_as_text():
    data, _ = Predict(lesson.even_sky)._repr_mimebundle_()
    assert "a) 0.8: the sky stays as it is" in data["text/plain"]
    assert "image/jpeg" not in data


def test_the_quiz_gives_feedback_at_once_and_counts_first_answers(page):
    quiz = Quiz(lesson.quiz)
    assert repr(quiz) == "Quiz. 5 questions, 0 answered, 0 right first time."
    assert quiz.commit(1, "b").passed
    assert quiz.commit(2, "a").passed is False
    assert quiz.commit(2, "c").passed
    assert repr(quiz) == "Quiz. 5 questions, 2 answered, 1 right first time."
    page.send(quiz, kind="commit", question=2, place=1)
    assert quiz._shown[2]["done"]
    assert list(quiz._shown[2]["feedback"]) == ["1"]
    assert quiz.score == 2


@pytest.mark.parametrize("number", [0, -1, 6, 1.0, True, "1", None])
def test_a_question_that_is_not_there_is_refused_and_nothing_is_kept(number):
    quiz = Quiz(lesson.quiz)
    with pytest.raises(DataError, match=r"there is no question .*; try 1 to 5"):
        quiz.commit(number, "a")
    assert not any(question.picked for question in quiz.questions)


@pytest.mark.parametrize(("question", "place"), [(-1, 0), (5, 0), (0, -1), (0, 1.0), (0, True)])
def test_a_page_that_answers_what_was_not_asked_is_refused(page, question, place):
    quiz = Quiz(lesson.quiz)
    reply = page.send(quiz, kind="commit", question=question, place=place)
    assert "there is no" in reply["error"]
    assert not any(question.picked for question in quiz.questions)
