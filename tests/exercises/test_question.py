import pytest

from cnnlab.errors import DataError
from cnnlab.exercises import Choice, Question


@pytest.fixture(autouse=True)
def _fresh_home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path))


def question(answer=lambda: 2 + 2):
    return Question(
        chapter="99_test",
        name="sum",
        prompt="Two and two?",
        choices=(Choice("three", 3, "Count again."), Choice("four", 4, "Yes: 2 + 2.")),
        answer=answer,
    )


def test_the_right_choice_is_the_one_that_is_computed():
    assert question().right == 1
    assert question(lambda: 3).right == 0


def test_a_question_without_one_right_choice_is_itself_wrong():
    with pytest.raises(DataError, match=r"'99_test.sum' has 0 choices that claim 5"):
        _ = question(lambda: 5).right


def test_the_first_answer_is_kept_for_good():
    question().commit(0)
    question().commit(1)
    assert question().picked == [0, 1]


@pytest.mark.parametrize("place", [-1, 2, "a", None])
def test_a_choice_that_is_not_there_is_refused(place):
    with pytest.raises(DataError, match=r"there is no choice .* try 0 to 1"):
        question().commit(place)
    assert question().picked == []


def test_it_prints_with_its_choices():
    assert repr(question()) == "Two and two?\n  a) three\n  b) four"
