import numpy as np
import pytest

from cnnlab import filters, images
from cnnlab.exercises import filters as lesson


@pytest.mark.parametrize("name", ["sobel_x", "prewitt_x", "scharr_x"])
def test_the_famous_edge_finders_are_accepted_as_designs(name):
    assert lesson.vertical_edges.check(filters.CATALOGUE[name].weights).passed


@pytest.mark.parametrize("row", [[-1, 0, 1], [-1, 1], [-1, -1, 0, 0, 1, 1], [-0.25, 0.25]])
def test_small_and_wide_edge_finders_are_accepted(row):
    assert lesson.vertical_edges.check([row]).passed
    assert lesson.vertical_edges.check(np.array([row, row])).passed


@pytest.mark.parametrize(
    ("weights", "hint"),
    [
        ([[1, 0, -1]] * 3, "The sign is the other way round"),
        ([[-1, -1, -1], [0, 0, 0], [1, 1, 1]], "horizontal ones: it compares top and bottom"),
        ([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], "in both directions"),
        ([[1, 2, 3]] * 3, "do not add up to zero"),
        ([[0, 0, 0]] * 3, "All weights are 0"),
        ([[1, -2, 1]], "finds lines, not edges"),
        ([[-1, 2, -1]] * 3, "finds lines, not edges"),
        ([[1, -1], [-1, 1]], "nowhere above 0 where a picture gets brighter"),
        ([-1, 0, 1], r"up to 7x7, got one of shape (3,)"),
        ([[-1, 0, 0, 0, 0, 0, 0, 1]], r"up to 7x7, got one of shape (1, 8)"),
        ([[-1, 0, float("inf")]], "not a finite number"),
        ([["-1", "0", "1"]], "got text: leave out the quotation marks"),
    ],
)
def test_other_designs_are_told_what_they_do(weights, hint):
    verdict = lesson.vertical_edges.check(weights)
    assert verdict.passed is False
    assert hint in verdict.message


def test_a_slip_without_a_name_is_told_where_it_shows():
    code = lesson.loops.cell.filled(None, "(window * weights).mean()")
    message = lesson.loops.check(lesson.loops.value(code)).message
    assert message.startswith("Called with arrays of 1x3 and 1x2, at row 0, column 0 you have 10.5")


def test_the_puzzle_has_one_answer_and_each_other_pixel_is_told_why_not():
    for row in range(5):
        for column in range(5):
            verdict = lesson.puzzle.check(row, column)
            assert verdict.passed is ((row, column) == (1, 0))
    assert "does not change" in lesson.puzzle.check(4, 4).message
    assert "corner smaller" in lesson.puzzle.check(1, 1).message
    assert "count from one" in lesson.puzzle.check(2, 1).message


def test_the_finder_finds_the_coin_and_the_raw_piece_does_not():
    coins = images.sample("coins")
    piece = coins[lesson.COIN]
    for weights, found in [(piece - piece.mean(), True), (piece, False)]:
        answers = filters.apply(coins, weights)
        place = np.unravel_index(answers.argmax(), answers.shape)
        assert (place == (lesson.COIN[0].start, lesson.COIN[1].start)) is found


@pytest.mark.parametrize("answer", ["262144", 262_143, 262_146, 262_144.5, None, True])
def test_the_number_of_pixels_is_counted_exactly(answer):
    from cnnlab.exercises import start

    assert start.pixels.check(answer).passed is False
