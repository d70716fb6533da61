import numpy as np
import pytest

from cnnlab import initializers
from cnnlab.errors import DataError, ShapeError

SHAPE = (3, 3, 64, 96)
VARIANCES = {"glorot": 2 / (9 * 64 + 9 * 96), "he": 2 / (9 * 64), "lecun": 1 / (9 * 64)}


@pytest.mark.parametrize("name", initializers.INITIALIZERS)
def test_weights_have_mean_zero_and_the_variance_of_the_paper(name):
    weights = initializers.get(name)(SHAPE, np.random.default_rng(0))
    variance = VARIANCES[name.partition("_")[0]]
    assert weights.shape == SHAPE
    assert weights.dtype == np.float32
    assert weights.var() == pytest.approx(variance, rel=0.02)
    assert abs(weights.mean()) < 0.02 * variance**0.5
    largest = abs(weights).max() / variance**0.5
    assert largest <= 3**0.5 + 1e-6 if "uniform" in name else largest > 3.5


def test_he_weights_keep_the_size_of_a_signal_through_many_rectified_layers():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 300), np.float32)
    for _ in range(20):
        x = np.maximum(0, x @ initializers.he_normal((300, 300), rng))
    assert 0.3 < np.square(x).mean() < 3


def test_a_filter_sums_over_its_window_and_its_channels():
    assert initializers.fans((5, 5, 6, 16)) == (150, 400)
    assert initializers.fans((120, 84)) == (120, 84)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(DataError, match="no initializer 'xavier'; try one of glorot_normal, "):
        initializers.get("xavier")


@pytest.mark.parametrize("name", initializers.INITIALIZERS)
@pytest.mark.parametrize(
    ("shape", "error", "message"),
    [
        ((10**12,), ShapeError, r"shape \(1000000000000,\) takes 4.0 TB, and about .* are free"),
        ((10**6, 10**6), ShapeError, r"shape \(1000000, 1000000\) takes 4.0 TB"),
        ((), ShapeError, r"whole numbers above 0, got \(\); try shape=\(3, 3, 1, 8\)"),
        ((3, 0), ShapeError, r"got \(3, 0\)"),
        (None, ShapeError, "got None"),
        ((2.0, 2.0), ShapeError, r"got \(2.0, 2.0\)"),
    ],
)
def test_shapes_that_make_no_sense_or_do_not_fit_are_refused(name, shape, error, message):
    with pytest.raises(error, match=message):
        initializers.get(name)(shape, np.random.default_rng(0))


def test_random_numbers_come_from_a_generator():
    with pytest.raises(DataError, match=r"rng must be a numpy.random.Generator, got 0; try numpy"):
        initializers.he_normal((3, 3), 0)
