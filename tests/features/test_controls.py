"""Shuffled weights, and rank correlation against SciPy's."""

import numpy as np
import pytest

from cnnlab import features
from cnnlab.errors import DataError, ShapeError
from tests.features.examples import classifier


def test_shuffled_weights_are_the_same_numbers_in_another_order_from_the_top_on():
    net = classifier()
    before = net.parameters
    for count in (0, 1, 2, 3):
        control = features.shuffled(net, count, seed=5).parameters
        learned = ["dense_1.weights", "conv2d_2.filters", "conv2d_1.filters"]
        for name, array in before.items():
            moved = name in learned[:count]
            assert np.array_equal(control[name], array) != moved
            np.testing.assert_array_equal(np.sort(control[name], None), np.sort(array, None))
        # What a lower count shuffled is shuffled alike.
        if count > 1:
            one = features.shuffled(net, 1, seed=5).parameters[learned[0]]
            np.testing.assert_array_equal(control[learned[0]], one)
    assert all(net.parameters[name] is array for name, array in before.items())
    every = features.shuffled(net, seed=5).parameters
    assert all(np.array_equal(every[name], array) for name, array in control.items())
    with pytest.raises(DataError, match="layers must be at most 3, got 4"):
        features.shuffled(net, 4)


def test_rank_correlation_is_that_of_scipy():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(1)
    for levels in (3, 1000):  # with and without equal numbers
        one, other = rng.integers(0, levels, (2, 9, 7))
        expected = spearmanr(one.ravel(), other.ravel()).statistic
        assert features.rank_correlation(one, other) == pytest.approx(expected, abs=1e-9)
    assert features.rank_correlation([1, 2, 5], [3, 1, 0]) == -1
    assert np.isnan(features.rank_correlation([1, 2, 5], [3, 3, 3]))
    with pytest.raises(ShapeError, match=r"got \(2,\) and \(3,\)"):
        features.rank_correlation([1, 2], [1, 2, 3])
