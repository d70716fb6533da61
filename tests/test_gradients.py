"""Central differences: against slopes known by hand, PyTorch's, and mistakes that must be seen."""

import numpy as np
import pytest

from cnnlab import functional as F
from cnnlab import gradients
from cnnlab.errors import DataError, ShapeError
from cnnlab.naive import convolution as naive

VALID = (1, 1), ((0, 0), (0, 0)), (1, 1)


def test_the_slope_of_a_convolution_is_measured():
    """w = (1, 2, 5), upstream (1, 10): [1, 12, 25, 50] and [21, 32, 43]."""
    x, w = np.reshape([1.0, 2, 3, 4], (1, 1, 4, 1)), np.reshape([1.0, 2, 5], (1, 3, 1, 1))

    def loss(images, filters):
        return (naive.conv2d(images, filters, [0], *VALID).ravel() * [1, 10]).sum()

    by_image = gradients.central_difference(lambda images: loss(images, w), x)
    by_filter = gradients.central_difference(lambda filters: loss(x, filters), w)
    assert by_image.shape == x.shape
    assert gradients.relative_error(by_image.ravel(), [1, 12, 25, 50]) < 1e-8
    assert gradients.relative_error(by_filter.ravel(), [21, 32, 43]) < 1e-8
    assert gradients.relative_error(by_image.ravel(), [5, 52, 21, 10]) > 0.3  # the flipped one


def test_a_loss_in_float32_wants_a_larger_step():
    x = np.random.default_rng(0).normal(size=(1, 4, 4, 2))
    weights = np.random.default_rng(1).normal(size=(3, 2, 2, 3))
    right = F.conv2d_backward(np.ones((1, 2, 3, 3)), x, weights)[0]

    def error(step):
        found = gradients.central_difference(lambda x: F.conv2d(x, weights).sum(), x, step)
        return gradients.relative_error(found, right)

    assert error(1e-2) < 1e-3 < error(1e-5)


def test_the_array_of_the_caller_stays_as_it_is():
    at = np.array([1.0, 2.0])

    def loss(x):
        x[:] = 0
        return 1.0

    assert gradients.central_difference(loss, at).tolist() == [0, 0]
    assert at.tolist() == [1, 2]


def test_a_relative_error_is_a_share_of_both():
    assert gradients.relative_error(0.3, 0.6) == pytest.approx(1 / 3)
    assert gradients.relative_error([0, 1], [0, 1]) == 0
    assert gradients.relative_error([0, 1], [1e-9, 1]) == 1
    assert gradients.relative_error([1, -1], [1, 1]) == 1


def test_what_makes_no_sense_is_refused():
    with pytest.raises(DataError, match=r"loss must be a function of an array, got 3; try loss="):
        gradients.central_difference(3, [1.0])
    with pytest.raises(DataError, match=r"one number, got an array of shape \(2,\); add up"):
        gradients.central_difference(lambda x: x, [1.0, 2.0])
    with pytest.raises(DataError, match=r"step must be .*above 0"):
        gradients.central_difference(lambda x: x.sum(), [1.0], step=0)
    with pytest.raises(ShapeError, match=r"shapes \(2,\) and \(3,\); compare gradients of"):
        gradients.relative_error([1, 2], [1, 2, 3])
