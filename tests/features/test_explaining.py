"""What holds however a network is explained."""

import numpy as np
import pytest

from cnnlab import Network, Sequential, features
from cnnlab import functional as F
from cnnlab.errors import DataError, ShapeError
from cnnlab.features.sweep import batch_of
from cnnlab.layers import Conv2D, Dense, GlobalAvgPool2D, ReLU, Softmax
from tests.features.examples import SHAPE, classifier, network, picture


def test_feature_maps_are_what_every_layer_gives():
    net = classifier()
    maps = features.feature_maps(net, picture())
    assert list(maps) == [row.name for row in net.sequential.rows]
    np.testing.assert_array_equal(maps["dense_1"], net.predict(picture()[None]))
    batch = np.stack([picture(1), picture(2)])
    assert features.feature_maps(net, batch)["conv2d_2"].shape == (2, 3, 2, 4)


def test_a_grey_image_needs_no_channel():
    net = network(Conv2D(2), shape=(5, 5, 1))
    image = picture(shape=(5, 5))
    np.testing.assert_array_equal(
        features.feature_maps(net, image)["conv2d_1"],
        features.feature_maps(net, image[None, ..., None])["conv2d_1"],
    )


@pytest.mark.parametrize("explain", [features.grad_cam, features.saliency, features.occlusion])
def test_layers_without_weights_explain_nothing(explain):
    with pytest.raises(
        DataError, match=r"a Sequential has no weights; try Network\(sequential, seed=0\)"
    ):
        explain(classifier().sequential, np.zeros((12, 10, 2)))


@pytest.mark.parametrize("explain", [features.saliency, features.occlusion, features.grad_cam])
def test_without_a_target_the_class_with_the_highest_score_is_explained(explain):
    net = classifier()
    best = int(net.predict(picture()[None]).argmax())
    np.testing.assert_array_equal(explain(net, picture()), explain(net, picture(), best))


@pytest.mark.parametrize("explain", [features.saliency, features.occlusion, features.grad_cam])
def test_what_cannot_be_explained_is_refused(explain):
    with pytest.raises(ShapeError, match="there are 3 classes, counted from 0, got target=3"):
        explain(classifier(), picture(), 3)
    with pytest.raises(ShapeError, match=r"takes one image of shape \(12, 10, 2\)"):
        explain(classifier(), np.zeros((4, *SHAPE)))
    with pytest.raises(ShapeError, match=r"takes flat vectors of 6 numbers, not images"):
        explain(network(Dense(3), shape=(6,)), np.zeros(6))
    with pytest.raises(ShapeError, match="and no class scores; end it with Flatten"):
        explain(network(Conv2D(3)), picture())


@pytest.mark.parametrize("last", [[Softmax()], [Dense(3, activation="softmax")]])
def test_without_softmax_a_network_gives_what_its_softmax_was_given(last):
    net = classifier(*last)
    plain, batch = features.without_softmax(net), picture()[None]
    np.testing.assert_allclose(F.softmax(plain.predict(batch)), net.predict(batch), atol=1e-6)
    assert not np.allclose(plain.predict(batch).sum(), 1)
    assert features.without_softmax(plain) is plain


def test_of_a_large_network_few_images_are_pushed_through_at_once():
    small, large = classifier(), Network(Sequential([Conv2D(64, 9, padding=4)], (400, 300, 3)))
    assert batch_of(small) == 256
    assert batch_of(large) == 1


def test_nothing_in_the_network_is_changed(data):
    net = classifier(Softmax())
    before = {name: array.copy() for name, array in net.parameters.items()}
    features.saliency(net, picture())
    features.grad_cam(net, picture())
    features.occlusion(net, picture(), stride=4)
    features.strongest_patches(net, data, "conv2d_1", 0)
    features.activation_maximisation(net, "conv2d_1", 0, steps=2)
    for name, array in net.parameters.items():
        np.testing.assert_array_equal(array, before[name])
    assert len(net.sequential) == 8


def test_a_network_that_ends_in_averages_is_explained_too():
    net = network(Conv2D(4), ReLU(), GlobalAvgPool2D(), Dense(3))
    assert features.grad_cam(net, picture()).shape == SHAPE[:2]
