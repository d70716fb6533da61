"""The strongest patches of a unit."""

import numpy as np
import pytest

from cnnlab import features
from cnnlab.errors import DataError, ShapeError
from tests.features.examples import SHAPE, classifier


def test_the_strongest_patches_are_found_one_an_image(data):
    net = classifier()
    patches = features.strongest_patches(net, data, "conv2d_2", unit=2, count=5)
    answers = net.forward(data.images)["conv2d_2"][..., 2].reshape(300, -1)
    order = np.argsort(-answers.max(axis=1))[:5]
    assert [patch.image for patch in patches] == order.tolist()
    np.testing.assert_allclose(
        [patch.activation for patch in patches], answers.max(axis=1)[order], rtol=1e-5
    )
    for patch in patches:
        place = answers[patch.image].argmax()
        top, left, bottom, right = patch.box
        assert patch.box == features.receptive_field(net, "conv2d_2", place // 2, place % 2)
        np.testing.assert_array_equal(
            patch.pixels, data.images[patch.image, top:bottom, left:right]
        )


def test_a_unit_of_a_dense_layer_likes_whole_images(data):
    (patch,) = features.strongest_patches(classifier(), data, "dense_1", unit=1, count=1)
    assert patch.pixels.shape == SHAPE


def test_a_unit_that_is_not_there_is_refused(data):
    with pytest.raises(ShapeError, match="conv2d_2 has 4 units, counted from 0, got 4"):
        features.strongest_patches(classifier(), data, "conv2d_2", unit=4)


def test_a_search_in_pieces_finds_what_one_look_finds_and_says_how_far_it_is(data):
    net, search = classifier(), features.PatchSearch(classifier(), data, "conv2d_2")
    assert (search.done, search.count) == (0, 300)
    assert search.strongest(0) == []
    assert not search.advance(0)
    assert 0 < search.done < 300
    assert max(patch.image for patch in search.strongest(1, 300)) < search.done
    while not search.advance(0):
        pass
    for unit in (3, 0):
        for one, other in zip(
            search.strongest(unit, 4),
            features.strongest_patches(net, data, "conv2d_2", unit, 4),
            strict=True,
        ):
            assert one[:3] == other[:3]
    with pytest.raises(DataError, match=r"looks for unit 2 only, got unit=1"):
        features.PatchSearch(net, data, "conv2d_2", 2).strongest(1)
