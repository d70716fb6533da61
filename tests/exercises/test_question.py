import numpy as np
import pytest

from cnnlab.errors import DataError
from cnnlab.exercises import Question
from cnnlab.exercises.store import STORE


def question(answer=lambda: 2 + 2):
    return Question(
        "Two and two?",
        choices={3: ("three", "Count again."), 4: ("four", "Yes: 2 + 2.")},
        answer=answer,
        key="99_test.sum",
    )


def test_the_right_choice_is_the_one_that_is_computed():
    assert question().right == 1
    assert question(lambda: 3).right == 0


def test_a_question_without_one_right_choice_is_itself_wrong():
    with pytest.raises(DataError, match=r"'99_test.sum' has 0 choices that claim 5"):
        _ = question(lambda: 5).right


def test_the_first_answer_is_kept_for_good():
    question().commit(0)
    question().commit(np.int64(1))
    assert question().picked == [0, 1]


@pytest.mark.parametrize("place", [-1, 2, "a", None, 1.0, np.float64(0), True, [0]])
def test_a_choice_that_is_not_there_or_no_whole_number_is_refused(place):
    with pytest.raises(DataError, match=r"there is no choice .* try 0 to 1"):
        question().commit(place)
    assert STORE.entries() == {}


def test_an_answer_that_could_not_be_kept_anywhere_is_refused():
    with pytest.raises(DataError, match=r"stands in no lesson needs a key, such as 'mine.sum'"):
        Question("Two?", choices={2: ("two", "Yes.")}, answer=lambda: 2).commit(0)


@pytest.mark.parametrize("stored", [None, "01", 3, {"0": 1}, [None, "a", 1.0, True, 7, -1, 0]])
def test_stored_answers_of_another_kind_do_no_harm(stored):
    STORE.change("99_test.sum", lambda _: {"picked": stored, "revealed": None})
    assert question().picked == ([0] if isinstance(stored, list) else [])
    assert not question().revealed
    question().commit(1)
    assert question().picked[-1] == 1


def test_it_prints_with_its_choices():
    assert repr(question()) == "Two and two?\n  a) three\n  b) four"
