"""Images that a unit likes, dreamt up."""

import numpy as np
import pytest

from cnnlab import features
from cnnlab.errors import DataError
from tests.features.examples import SHAPE, classifier


@pytest.mark.parametrize(("layer", "unit"), [("conv2d_2", 1), ("dense_1", 2)])
def test_the_dreamt_image_excites_its_unit_more_than_any_of_many_others(layer, unit, data):
    net = classifier()
    image = features.activation_maximisation(net, layer, unit, steps=60)
    assert image.shape == SHAPE
    assert image.min() >= 0
    assert image.max() <= 1

    def answers(images):
        maps = net.forward(images)[layer][..., unit]
        return maps.reshape(len(images), -1).mean(axis=1)

    assert answers(image[None])[0] > answers(data.images).max()


def test_dreams_follow_their_seed():
    net = classifier()
    first, again, other = (
        features.activation_maximisation(net, "dense_1", 0, steps=5, seed=seed)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_dream_that_would_take_all_day_is_refused_before_it_starts():
    with pytest.raises(DataError, match="steps must be at most 10,000, got 1000000000"):
        features.activation_maximisation(classifier(), "conv2d_1", 0, steps=10**9)
