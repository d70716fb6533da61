import numpy as np
import pytest

from cnnlab import filters, images
from cnnlab.exercises import Exercise
from cnnlab.exercises import filters as lesson

PARTS = [getattr(lesson, name) for name in lesson.__all__]
EXERCISES = [part for part in PARTS if isinstance(part, Exercise)]
GIVEN = {
    "one_number": "image_a, weights_a = lesson.IMAGE_A, lesson.WEIGHTS_A",
    "finder": "piece = images.sample('coins')[lesson.COIN]",
}
ASKED = {
    "one_number": "number", "loops": "feature_map", "puzzle": "(row, column)",
    "upright_edges": "weights", "finder": "weights",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh_home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path))


def run(code, wanted):
    names = {"np": np, "lesson": lesson, "images": images}
    exec(code, names)  # noqa: S102 - the solutions of the course
    return eval(wanted, names)  # noqa: S307 - likewise


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_the_solution_passes(exercise):
    code = f"{GIVEN.get(exercise.name, '')}\n{exercise.solution_code}"
    assert exercise.check(run(code, ASKED[exercise.name])).passed
    assert exercise.solved


@pytest.mark.parametrize("name", ["sobel_x", "prewitt_x", "scharr_x"])
def test_the_famous_edge_finders_are_accepted_as_designs(name):
    assert lesson.upright_edges.check(filters.CATALOGUE[name].weights).passed
    assert lesson.upright_edges.check([[-1, 0, 1]]).passed
    assert lesson.upright_edges.check([[-1, 1]]).passed


@pytest.mark.parametrize(
    ("weights", "hint"),
    [
        ([[1, 0, -1]] * 3, "The sign is the other way round"),
        ([[-1, -1, -1], [0, 0, 0], [1, 1, 1]], "from top to bottom. Turn it by a quarter"),
        ([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], "in both directions"),
        ([[1, 2, 3]] * 3, "do not add up to zero"),
        ([[0, 0, 0]] * 3, "All weights are 0"),
    ],
)
def test_other_designs_are_told_what_they_do(weights, hint):
    assert hint in lesson.upright_edges.check(weights).message


def test_learners_loops_with_the_usual_slips_get_the_hint_for_them():
    source = lesson.loops.solution_code
    slips = {
        "image.shape[1] - width + 1": {
            "image.shape[1] - width": "One column is missing",
            "image.shape[1]": "runs over the right edge",
            "rows": "as many columns as rows",
        },
        "(window * weights).sum()": {
            "window * weights": "Add them up",
            "(window * np.flip(weights)).sum()": "turned round",
            "(window * weights).mean()": "For a hint: lesson.loops.hint()",
        },
    }
    for right, wrongs in slips.items():
        for wrong, hint in wrongs.items():
            verdict = lesson.loops.check(run(source.replace(right, wrong), "feature_map"))
            assert verdict.passed is False
            assert hint in verdict.message, verdict


def test_the_finished_loop_is_the_solution_that_is_shown():
    theirs = run(lesson.loops.solution_code, "feature_map")
    image, weights = np.random.default_rng(0).random((2, 6, 7))
    np.testing.assert_array_equal(
        lesson.feature_map(image, weights[:3, :2]), theirs(image, weights[:3, :2])
    )


def test_the_puzzle_has_one_answer_and_each_other_pixel_is_told_why_not():
    for row in range(5):
        for column in range(5):
            verdict = lesson.puzzle.check(row, column)
            assert verdict.passed is ((row, column) == (1, 0))
    assert "lowers" not in lesson.puzzle.check(4, 4).message
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
