"""Nine random numbers walk to the filter that made a map; two referees hold the gradients."""

import numpy as np
import pytest

from cnnlab import filters, images
from cnnlab.errors import DataError, ShapeError
from cnnlab.gradients import central_difference
from cnnlab.widgets.shared.filter_training import FilterTraining, pace_of

CAMERA = images.sample("camera")[100:228, 180:290]  # higher than wide
SOBEL = filters.CATALOGUE["sobel_x"].weights


def wished(image=CAMERA, weights=SOBEL):
    return filters.apply(image, weights)


@pytest.mark.parametrize("seed", range(10))
def test_random_numbers_find_sobel(seed):
    training = FilterTraining(CAMERA, wished(), seed=seed)
    assert abs(training.filter - SOBEL).max() > 0.5
    for _ in range(450):
        training.step()
    np.testing.assert_allclose(training.filter, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], atol=0.05)
    assert training.losses[-1] < 1e-3 * training.losses[0]


def test_the_gradient_is_that_of_central_differences():
    rng = np.random.default_rng(3)
    image, weights = rng.random((9, 12)), rng.normal(size=(2, 3))
    training = FilterTraining(np.float32(image), wished(np.float32(image), weights))
    wish, start = np.float64(training.wish), np.float64(training.filter)

    def loss(given):
        views = np.lib.stride_tricks.sliding_window_view(image, (2, 3))
        return np.square(np.einsum("rcij,ij->rc", views, given) - wish).mean()

    _, told, gradient = training.look()
    assert told == pytest.approx(loss(start), rel=1e-5)
    np.testing.assert_allclose(gradient, central_difference(loss, start), rtol=1e-4, atol=1e-5)


def test_ten_steps_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    training = FilterTraining(CAMERA, wished(), learning_rate=0.1, momentum=0.7, seed=4)
    weights = torch.tensor(training.filter[None, None], requires_grad=True)
    image, wish = torch.tensor(CAMERA[None, None]), torch.tensor(training.wish[None, None])
    rule = torch.optim.SGD([weights], lr=0.1, momentum=0.7)
    for _ in range(10):
        rule.zero_grad()
        loss = torch.nn.functional.mse_loss(torch.nn.functional.conv2d(image, weights), wish)
        loss.backward()
        np.testing.assert_allclose(training.look()[2], weights.grad[0, 0], rtol=1e-3, atol=1e-5)
        rule.step()
        training.step()
        assert training.losses[-1] == pytest.approx(float(loss.detach()), rel=1e-4)
    np.testing.assert_allclose(training.filter, weights.detach()[0, 0], rtol=1e-4, atol=1e-5)


def test_one_pixel_gives_a_pace_that_can_be_worked_out_by_hand():
    # One weight on pixels 1 and 3: the loss is 5 (w - 2)^2, so its curvature is 10.
    image = np.float32([[1, 3]])
    training = FilterTraining(image, 2 * image, momentum=0)
    assert training.pace.learning_rate == pytest.approx(0.1)
    assert training.pace.momentum == 0
    assert training.pace.largest_rate == pytest.approx(0.2)
    training.step()
    assert training.filter.item() == pytest.approx(2)


def test_a_rate_above_the_largest_runs_away_and_the_best_numbers_stay():
    largest = pace_of(CAMERA, 3, 3).largest_rate
    training = FilterTraining(CAMERA, wished(), seed=1)
    for _ in range(20):
        training.step()
    training.learning_rate = 1.5 * largest

    def run():
        while training.steps < 3000:
            training.step()

    with pytest.raises(DataError, match=r"ran away at step \d+: .* try 0\.\d+ \(from \d\.\d+ on"):
        run()
    assert max(training.losses) > 1e6
    assert training.look()[1] == min(training.losses) < training.losses[0]
    assert not training.velocity.any()
    training = FilterTraining(CAMERA, wished(), learning_rate=0.9 * largest)
    for _ in range(200):
        training.step()
    assert training.losses[-1] < training.losses[0]


def test_a_restart_draws_the_same_numbers_for_the_same_seed():
    training = FilterTraining(CAMERA, wished(), seed=2)
    first = training.filter
    training.step()
    training.restart(2)
    assert (training.filter == first).all()
    assert training.steps == 0
    assert not training.velocity.any()
    training.restart(3)
    assert (training.filter != first).all()


@pytest.mark.parametrize(
    ("image", "wish", "kind", "words"),
    [
        (CAMERA[:5, :5], CAMERA[:6, :5], ShapeError, "6x5 is larger than the picture of 5x5"),
        (np.zeros((6, 6), np.float32), CAMERA[:4, :4], DataError, "black.*try image='camera'"),
        (CAMERA[:5, :5], np.full((3, 3), np.nan), DataError, "no filter reaches.*nan_to_num"),
    ],
)
def test_what_teaches_nothing_is_refused_in_words(image, wish, kind, words):
    with pytest.raises(kind, match=words):
        FilterTraining(image, wish)


def test_a_filter_larger_than_the_picture_is_refused():
    with pytest.raises(ShapeError, match="7x7 filter does not fit in a 5x5 picture"):
        pace_of(CAMERA[:5, :5], 7, 7)
