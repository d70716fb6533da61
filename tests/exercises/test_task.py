import re

import numpy as np
import pytest

from cnnlab.exercises import Lesson, Mistake, Task
from cnnlab.exercises.store import STORE


class Sums(Lesson, chapter="99_test"):
    square = Task(
        "What is three squared?",
        cell="number = <<3**2>>",
        answer=lambda: 9,
        wrong={
            "3 * 2": "You doubled it.",
            "-9": Mistake("It cannot be negative.", sign=lambda answer: answer < 0),
        },
        hints=("Multiply.", "3 * 3"),
        praise="A number times itself.",
    )
    double = Task(
        "Write a function that doubles.",
        cell="""
            def double(number):
                return <<2>> * <<number>>
            """,
        answer=lambda: lambda number: 2 * number,
        calls=[(np.array([2]),), (np.arange(6).reshape(2, 3) - 2.5,)],
        wrong={("number", None): "You squared it."},
        hints=("Twice.",),
        praise="Twice is twice.",
    )


SQUARE, DOUBLE = Sums.square, Sums.double


def test_a_right_answer_is_praised_with_its_principle():
    assert repr(SQUARE.check(9)) == "Right. A number times itself."
    assert SQUARE.check(np.float32(9)).passed
    assert SQUARE.done


def test_a_blank_left_open_is_not_yet_and_counts_for_nothing():
    for blank in (..., [1, ...], np.array([..., 2], dtype=object)):
        assert repr(SQUARE.check(blank)).startswith("Not yet. Put your answer where the ... is")
    assert SQUARE.check(1, ...).passed is None
    assert not SQUARE.done
    assert not SQUARE.tried


def test_a_function_with_an_open_blank_is_not_yet():
    def unfinished(number):
        return number * ...

    def unused(_number):
        output = ...  # noqa: F841 - a learner's line
        return 0

    def inside(number):
        return [... for _ in number]

    for function in (unfinished, unused, inside):
        verdict = DOUBLE.check(function)
        assert verdict.passed is None
        assert "still a ... to replace" in verdict.message


def test_an_ellipsis_as_an_index_is_no_open_blank():
    def first(image):
        return image[..., 0]

    def all_of_it(image):
        return image[...]

    def some(image):
        place = 0
        return image[..., place]

    for function in (first, all_of_it, some):
        assert DOUBLE.check(function).passed is False
    assert DOUBLE.check(lambda number: 2 * number[..., :]).passed


def test_a_blank_is_seen_where_the_source_is_not_at_hand():
    names = {}
    exec("def double(number):\n    return ... * number", names)  # noqa: S102 - an answer
    assert DOUBLE.check(names["double"]).passed is None


def test_a_whole_body_left_open_is_a_blank_too():
    names = {}
    exec('def double(number):\n    """Twice the number."""\n    ...', names)  # noqa: S102 - an answer
    assert DOUBLE.check(names["double"]).passed is None
    exec("def double(number):\n    print(number)", names)  # noqa: S102 - an answer
    assert "gave nothing back" in DOUBLE.check(names["double"]).message


def test_a_typical_mistake_is_named():
    assert repr(SQUARE.check(6)) == "Not quite. You doubled it."
    assert SQUARE.check(-3).message == "It cannot be negative."
    assert DOUBLE.check(lambda number: number * number).message == "You squared it."


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (7, "You have 7."),
        ([9, 9], "Expected one number, got a row of 2 numbers."),
        ("9", "Expected one number, got text: leave out the quotation marks."),
        (None, "Expected one number, got None, which is nothing: what only prints gives nothing"),
    ],
)
def test_any_other_answer_is_told_how_it_differs(answer, message):
    verdict = SQUARE.check(answer)
    assert verdict.passed is False
    assert verdict.message.startswith(message)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (3, "Expected a function, got an int"),
        (lambda number: number + 1, "Called with arrays of 1, at position 0 you have 3"),
        (lambda number: number.nonsense, "your function stopped with AttributeError"),
        (lambda: 1, "your function stopped with TypeError"),
        (lambda number: number[:0], "expected a row of 1 numbers, got a row of 0"),
        (lambda number: 2 * number[:1], "Called with arrays of 2x3"),
        (lambda number: None, "your function gave nothing back: is its return missing"),
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


def test_a_function_that_hands_out_the_same_array_again_is_judged_by_what_it_gave():
    kept = np.zeros((2, 3))

    def reuses(number):
        if number.ndim == 1:
            return 2 * number
        np.multiply(number, 2, out=kept)
        return kept

    assert DOUBLE.check(reuses).passed


def test_an_object_that_cannot_be_looked_at_is_a_verdict_too():
    class Hostile:
        def __array__(self, *_options, **_named):
            raise SystemExit

    assert re.search("could not be checked", SQUARE.check(Hostile()).message)
    assert SQUARE.check(Hostile()).passed is False


def test_hints_come_one_at_a_time_and_the_last_stays():
    assert SQUARE.hints_given == 0
    assert repr(SQUARE.hint()) == "Hint 1 of 2. Multiply."
    assert repr(SQUARE.hint()) == "Hint 2 of 2. 3 * 3 (lesson.square.solution() shows one.)"
    assert repr(SQUARE.hint()).startswith("Hint 2 of 2.")
    assert SQUARE.hints_given == 2


def test_the_solution_is_code_and_looking_at_it_is_noted():
    assert repr(DOUBLE.solution()) == "def double(number):\n    return 2 * number"
    assert STORE.read("99_test.double") == {"solution_seen": True}


def test_once_solved_stays_solved():
    SQUARE.check(9)
    SQUARE.check(8)
    assert SQUARE.done


def test_a_task_prints_what_it_asks():
    assert repr(SQUARE).startswith("What is three squared?\nlesson.square: check(...)")


def test_a_page_goes_on_with_the_learners_function_or_else_with_the_solution():
    def mine(number):
        return number + number

    assert DOUBLE.finished(mine) is mine
    assert DOUBLE.finished(lambda number: ...)(21) == 42
    assert SQUARE.finished(...) == 9
    assert not DOUBLE.tried


def test_a_later_chapter_goes_on_with_the_function_that_was_kept():
    def double(number):
        return number + number  # mine

    assert DOUBLE.own()[1] == DOUBLE.solution_code
    assert DOUBLE.check(double).passed
    assert DOUBLE.check(lambda number: number).passed is False
    function, source = DOUBLE.own()
    assert "# mine" in source
    assert function(21) == 42


@pytest.mark.parametrize("kept", ["raise SystemExit", "def double(number):\n    return 3", "(", 5])
def test_what_was_kept_and_no_longer_works_gives_way_to_the_solution(kept):
    STORE.change("99_test.double", lambda entry: {**entry, "source": kept})
    function, source = DOUBLE.own()
    assert source == DOUBLE.solution_code
    assert function(21) == 42


@pytest.mark.parametrize("nothing", [None, "three", 1.5, True, [3]])
def test_progress_with_fields_that_hold_something_else_counts_anew(nothing):
    fields = {"attempts": nothing, "hints": nothing, "solved": None}
    STORE.change("99_test.square", lambda _: fields)
    assert SQUARE.hints_given == 0
    assert not SQUARE.done
    assert repr(SQUARE.hint()).startswith("Hint 1 of 2")
    assert SQUARE.check(9).passed
    assert STORE.read("99_test.square") == {"attempts": 1, "hints": 1, "solved": True}


def test_what_is_wrong_with_the_progress_file_is_said_once(tmp_path):
    (tmp_path / "progress.json").write_text("{")
    assert "was damaged. It is kept as" in repr(SQUARE.check(9))
    assert SQUARE.check(9).note == ""
