from fractions import Fraction

import numpy as np
import pytest

from cnnlab.exercises import difference


@pytest.mark.parametrize("answer", [262_144, 262_144.0, np.float32(262_144), Fraction(262_144)])
def test_a_count_may_be_any_kind_of_number(answer):
    assert difference(answer, 262_144) is None


@pytest.mark.parametrize("answer", [262_143, 262_145, 262_144.001, 10**400, -262_144])
def test_a_count_is_compared_exactly(answer):
    assert difference(answer, 262_144).startswith("you have ")


def test_other_numbers_are_compared_to_five_digits():
    assert difference(0.333333, 1 / 3) is None
    assert difference(0.3333, 1 / 3) == "you have 0.3333"
    assert difference([[0.5, float("nan")]], [[0.5, float("nan")]]) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("9", "expected one number, got text"),
        (b"9", "expected one number, got text"),
        (np.array("9"), "expected one number, got text"),
        (["9"], "expected one number, got text"),
        (None, "expected one number, got None, which is nothing"),
        ([None], "expected one number, got None"),
        (True, "expected one number, got a bool"),
        ({}, "expected one number, got a dict"),
        (1j, "expected one number, got a complex"),
        (lambda: 9, "expected one number, got a function"),
        (float("nan"), "you have nan"),
        ([9], "expected one number, got a row of 1 numbers"),
        (np.ones((2, 2)), r"expected one number, got an array of shape (2, 2)"),
        ([[1], [2, 3]], "expected one number, got rows of different lengths"),
        ([], "expected one number, got a row of 0 numbers"),
    ],
)
def test_what_is_no_such_number_is_named(answer, message):
    assert difference(answer, 9).startswith(message)


def test_the_place_of_the_first_difference_is_told():
    assert difference([[1, 2]], [[1, 3]]) == "at row 0, column 1 you have 2"
    assert difference([1, 2], [1, 3]) == "at position 1 you have 2"
    assert difference([[[1.5]]], [[[1.25]]]) == "at position 0, 0, 0 you have 1.5"


def test_no_message_gives_the_right_number_away():
    assert "3" not in difference([[1, 2]], [[1, 3]])


def test_truths_are_compared_with_truths():
    assert difference([True, False], np.array([True, False])) is None
    assert difference([1, 0], np.array([True, False])).startswith("expected a row of 2")
