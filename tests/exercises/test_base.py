import re

import numpy as np
import pytest

from cnnlab.exercises import Exercise, Mistake, Verdict, difference, same_results


@pytest.fixture(autouse=True)
def _fresh_home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path))


def double(number):
    return 2 * number


SQUARE = Exercise(
    chapter="99_test",
    name="square",
    prompt="What is three squared?",
    answer=lambda: 9,
    solution_code="number = 3**2",
    hints=("Multiply.", "3 * 3"),
    mistakes=(
        Mistake("You doubled it.", lambda: 6),
        Mistake("It cannot be negative.", lambda: -9, lambda answer: answer < 0),
    ),
    praise="A number times itself.",
)
DOUBLE = Exercise(
    chapter="99_test",
    name="double",
    prompt="Write a function that doubles.",
    answer=lambda: double,
    compare=same_results([(np.array([2]),), (np.arange(6).reshape(2, 3),)]),
    solution_code="def double(number):\n    return 2 * number",
    hints=("Twice.",),
    mistakes=(Mistake("You squared it.", lambda: lambda number: number**2),),
    praise="Twice is twice.",
)


def test_a_right_answer_is_praised_with_its_principle():
    assert repr(SQUARE.check(9)) == "Right. A number times itself."
    assert SQUARE.check(np.float32(9)).passed
    assert SQUARE.solved


def test_a_blank_left_open_is_not_yet_and_counts_for_nothing():
    for blank in (..., [1, ...], np.array([..., 2], dtype=object)):
        assert repr(SQUARE.check(blank)).startswith("Not yet. Put your answer where the ... is")
    assert SQUARE.check(1, ...).passed is None
    assert not SQUARE.solved


def test_a_function_with_an_open_blank_is_not_yet():
    def unfinished(number):
        return number * ...

    def unused(_number):
        output = ...  # noqa: F841 - a learner's line
        return 0

    for function in (unfinished, unused):
        verdict = DOUBLE.check(function)
        assert verdict.passed is None
        assert "still a ... to replace" in verdict.message


def test_a_finished_function_may_use_an_ellipsis():
    assert DOUBLE.check(lambda number: 2 * number[..., :]).passed


def test_a_typical_mistake_is_named():
    assert repr(SQUARE.check(6)) == "Not quite. You doubled it."
    assert SQUARE.check(-3).message == "It cannot be negative."
    assert DOUBLE.check(lambda number: number * number).message == "You squared it."


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (7, r"You have 7\. For a hint: lesson\.square\.hint\(\)"),
        ([9, 9], "One number is wanted, and this is a row of 2 numbers"),
        (np.ones((2, 2)), r"and this is an array of shape \(2, 2\)"),
        ("nine", "Numbers are wanted, and this is a str"),
        (None, "You have nan"),
        ({}, "Numbers are wanted, and this is a dict"),
        (float("nan"), "You have nan"),
        (1j, "Numbers are wanted, and this is a complex"),
    ],
)
def test_any_other_answer_is_told_how_it_differs_and_raises_nothing(answer, message):
    verdict = SQUARE.check(answer)
    assert verdict.passed is False
    assert re.search(message, verdict.message), verdict


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (3, "A function is wanted, and this is an int"),
        (lambda number: number + 1, "Called with arrays of 1, at position 0 you have 3"),
        (lambda number: number.nonsense, "your function stopped with AttributeError"),
        (lambda: 1, "your function stopped with TypeError"),
        (lambda number: number[:0], "a row of 1 numbers is wanted, and this is a row of 0"),
        (lambda number: 2 * number[:1], "Called with arrays of 2x3"),
    ],
)
def test_a_wrong_function_is_told_the_smallest_case_that_shows_it(answer, message):
    verdict = DOUBLE.check(answer)
    assert verdict.passed is False
    assert message in verdict.message


def test_a_function_that_changes_its_argument_does_no_harm():
    def careless(number):
        number *= 2
        return number

    assert DOUBLE.check(careless).passed
    assert DOUBLE.check(careless).passed


def test_no_message_gives_the_right_number_away():
    assert "3" not in difference([[1, 2]], [[1, 3]])


def test_hints_come_one_at_a_time_and_the_last_stays():
    assert repr(SQUARE.hint()) == "Hint 1 of 2. Multiply."
    assert repr(SQUARE.hint()) == "Hint 2 of 2. 3 * 3 (lesson.square.solution() shows one.)"
    assert repr(SQUARE.hint()).startswith("Hint 2 of 2.")


def test_the_solution_is_code():
    assert repr(DOUBLE.solution()) == "def double(number):\n    return 2 * number"


def test_once_solved_stays_solved():
    SQUARE.check(9)
    SQUARE.check(8)
    assert SQUARE.solved


def test_an_exercise_prints_what_it_asks():
    assert repr(SQUARE).startswith("What is three squared?\nlesson.square: check(...)")


def test_the_rich_verdict_shows_the_same_words_and_escapes_them():
    html = Verdict(False, "use <, not >")._repr_html_()
    assert "<b>Not quite.</b> use &lt;, not &gt;" in html
