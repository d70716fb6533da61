"""FilterTrainer from Python: found by gradient descent, gradients by SciPy. No browser here."""

import json

import numpy as np
import pytest
from scipy.signal import correlate2d

from cnnlab import filters
from cnnlab.errors import DataError, ShapeError
from cnnlab.widgets import FilterTrainer

NOISE = np.random.default_rng(3).random((12, 15)).astype(np.float32)
WISH = [[1, -2], [0.5, 3]]


def test_nine_random_numbers_become_sobel_on_the_photograph():
    trainer = FilterTrainer("camera", "sobel_x", seed=7)
    assert abs(trainer.filter).max() <= 1
    trainer.step(600)
    np.testing.assert_allclose(trainer.filter, filters.CATALOGUE["sobel_x"].weights, atol=0.02)
    assert trainer.steps == len(trainer.losses) == 600
    assert trainer.loss < 1e-4 * trainer.losses[0]


def test_map_loss_and_gradient_are_those_of_scipy():
    trainer = FilterTrainer(NOISE, WISH, size=2, filter=[[1, 0], [2, -1]])
    output = correlate2d(NOISE, [[1, 0], [2, -1]], "valid")
    difference = output - correlate2d(NOISE, WISH, "valid")
    np.testing.assert_allclose(trainer.output, output, atol=1e-5)
    assert trainer.loss == pytest.approx((difference**2).mean(), rel=1e-5)
    slope = correlate2d(NOISE, 2 * difference / difference.size, "valid")
    np.testing.assert_allclose(trainer.gradient, slope, atol=1e-5)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_filter_of_another_size_learns_from_the_pixels_under_the_middle_of_the_wish(size):
    wish = filters.CATALOGUE["sobel_x"].weights
    trainer = FilterTrainer(NOISE, wish, filter=np.zeros((size, size)))
    rows, columns = trainer.output.shape
    assert (rows, columns) == (12 - max(3, size) + 1, 15 - max(3, size) + 1)
    trainer.step(2000)
    if size >= 3:  # what is around the wish has to become zero
        pad = (size - 3) // 2
        np.testing.assert_allclose(trainer.filter, np.pad(wish, pad), atol=2e-2)
    else:  # least squares finds the best there is
        top = 1  # the middle of three, and of two the first
        columns_of = [
            NOISE[top + i : top + i + rows, top + j : top + j + columns].ravel()
            for i, j in np.ndindex(size, size)
        ]
        target = correlate2d(NOISE, wish, "valid").ravel()
        best = np.linalg.lstsq(np.stack(columns_of, 1), target, rcond=None)[0]
        np.testing.assert_allclose(trainer.filter.ravel(), best, atol=2e-2)


def test_a_change_by_hand_stands_still_first_and_keeps_the_losses():
    trainer = FilterTrainer(NOISE, WISH, size=2)
    trainer.step(3)
    trainer.filter = [[0, 0], [0, 0]]
    before, slope = trainer.filter.copy(), trainer.gradient
    trainer.learning_rate = 0.25
    trainer.step()
    np.testing.assert_allclose(trainer.filter, before - 0.25 * slope, atol=1e-6)
    assert trainer.steps == 4


def test_a_painted_wish_is_met_as_closely_as_least_squares_can():
    painted = np.zeros((4, 6))
    painted[1:3, 2:5] = [[1, 1, -1], [0.5, 1, -1]]
    trainer = FilterTrainer(NOISE, painted=painted, learning_rate=None)
    wish = np.array(
        [[painted[row * 4 // 10, column * 6 // 13] for column in range(13)] for row in range(10)]
    )
    windows = np.lib.stride_tricks.sliding_window_view(NOISE, (3, 3)).reshape(130, 9)
    best, (least,), *_ = np.linalg.lstsq(windows.astype(float), wish.ravel(), rcond=None)
    trainer.step(3000)
    np.testing.assert_allclose(trainer.filter.ravel(), best, atol=1e-3)
    assert trainer.loss == pytest.approx(least / 130, rel=1e-4)
    assert "wish painted" in repr(trainer)
    trainer.painted = []
    assert "wish sobel_x" in repr(trainer)


def test_restart_draws_the_numbers_of_the_seed_and_forgets_the_losses():
    trainer = FilterTrainer(NOISE, WISH, size=2, seed=4)
    first = trainer.filter.copy()
    trainer.step(2)
    trainer.restart()
    assert (trainer.seed, trainer.steps, trainer.losses) == (5, 0, [])
    assert not np.array_equal(trainer.filter, first)
    trainer.restart(4)
    np.testing.assert_array_equal(trainer.filter, first)


def test_numbers_that_run_away_are_told_and_the_best_ones_stay():
    trainer = FilterTrainer(NOISE, WISH, size=2, learning_rate=50)
    first = trainer.loss
    with pytest.raises(DataError, match=r"ran away at step \d+.*try 0\.\d+"):
        trainer.step(1000)
    assert np.isfinite(trainer.filter).all()
    assert trainer.loss <= first


def test_state_and_code_say_the_same_again():
    trainer = FilterTrainer(NOISE, "sobel_y", size=5, seed=2)
    trainer.step(3)
    again = FilterTrainer.from_state(json.dumps(trainer.state()))
    np.testing.assert_array_equal(again.filter, trainer.filter)
    assert again.loss == trainer.loss
    painted = FilterTrainer(NOISE, painted=[[0, 1, 0.5], [-1, 0, 0]], size=2)
    for one in (trainer, FilterTrainer("coins", "gaussian_5", size=2), painted):
        said = {"trainer": one}
        exec(one.code(), said)  # noqa: S102 - running it is the test
        np.testing.assert_allclose(said["gradient"], one.gradient, atol=1e-6)
        assert said["loss"] == pytest.approx(one.loss)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"wish": "sobel"}, DataError, "there is no filter 'sobel'"),
        ({"size": 9}, DataError, "size"),
        ({"painted": [[2, 0]]}, DataError, "between -1 and 1"),
        ({"painted": np.zeros((65, 2))}, ShapeError, r"painted\[:64, :64\]"),
        ({"learning_rate": 0}, DataError, "above 0, got 0; try learning_rate = 0.1"),
        ({"learning_rate": "fast"}, DataError, "a finite number, got 'fast'"),
        ({"seed": -1}, DataError, "seed"),
        ({"colour": True}, DataError, "as grey"),
        ({"rate": 1}, TypeError, "no option 'rate'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(options, error, words):
    with pytest.raises(error, match=words):
        FilterTrainer(NOISE, **options)


def test_a_picture_without_anything_to_learn_and_one_too_small_are_refused_as_steps_begin():
    with pytest.raises(DataError, match="black"):
        FilterTrainer(np.zeros((5, 5))).step()
    with pytest.raises(ShapeError, match="fit"):
        FilterTrainer(np.ones((2, 2))).step()


def test_a_step_that_was_asked_for_before_a_new_start_is_not_taken_after_it(page):
    trainer = FilterTrainer(NOISE, "sobel_x", seed=3)
    before = {"filter": trainer.filter.tolist()}
    page(trainer, "steps", times=2, pictures=0, run=1, have=0, revision=0, settings=before)
    trainer.restart(4)
    begun = trainer.filter.copy()
    for pictures in (0, 3):
        late = page(
            trainer, "steps", times=2, pictures=pictures, run=1, have=2, revision=0, settings=before
        )
        assert (late[0]["losses"], late[0]["before"], len(late[1])) == ([], [], 3)
        np.testing.assert_array_equal(np.float32(late[0]["filter"]), begun)
    assert trainer.steps == 0
    np.testing.assert_array_equal(trainer.filter, begun)
    page(trainer, "steps", times=2, pictures=0, run=2, have=0, revision=1)
    assert trainer.steps == 2


def test_a_page_that_paints_hears_of_each_picture_in_numbers(page):
    trainer, twin = (FilterTrainer(NOISE, "sobel_x", seed=3) for _ in range(2))
    answer, out = page(trainer, "steps", times=2, pictures=3, run=1, have=0)
    assert out == []
    for number, told in enumerate([*answer["before"], answer]):
        twin.step(2)
        assert told["from"] == 2 * number
        assert told["losses"] == twin.losses[-2:]
        assert told["loss"] == twin.loss
        np.testing.assert_array_equal(np.float32(told["filter"]), twin.filter)
        np.testing.assert_array_equal(np.float32(told["gradient"]), twin.gradient)
    answer, out = page(trainer, "steps", times=1, pictures=0, run=1, have=6)
    assert (answer["before"], len(out), answer["from"]) == ([], 3, 6)  # maps
    trainer.learning_rate = 50
    answer, out = page(trainer, "steps", times=60, pictures=4, run=1, have=7)
    assert "ran away" in answer["stopped"]
    assert len(out) == 3  # what stays is painted by the kernel
