import numpy as np
import pytest

from cnnlab import Network, losses, zoo
from cnnlab.errors import DataError


@pytest.mark.parametrize(
    ("name", "parameters", "input_shape", "classes"),
    [
        ("lenet5", 61_706, (28, 28, 1), 10),
        ("alexnet", 62_378_344, (227, 227, 3), 1000),
        ("vgg16", 138_357_544, (224, 224, 3), 1000),
        ("deck_network", 8_459_242, (150, 150, 1), 10),
        ("digits_net", 38_282, (8, 8, 1), 10),
        ("face_net", 10_258, (25, 25, 1), 2),
    ],
)
def test_each_network_has_the_parameters_of_its_source(name, parameters, input_shape, classes):
    stack = zoo.build(name)
    assert stack.num_parameters == parameters
    assert stack.input_shape == input_shape
    assert stack.output_shape == (classes,)


def test_the_deep_convnet_shrinks_while_its_channels_grow():
    shapes = [row.output_shape for row in zoo.deep_convnet()]
    assert shapes == [(37, 37, 10), (17, 17, 20), (7, 7, 40), (1960,), (10,)]


@pytest.mark.parametrize(
    "name", ["lenet5", "deck_network", "deep_convnet", "digits_net", "face_net"]
)
def test_each_network_runs_forward_and_backward(name):
    stack = zoo.build(name)
    rng = np.random.default_rng(0)
    net = Network(stack, seed=0)
    images = rng.random((2, *stack.input_shape), np.float32)
    found = net.differentiate(images, [0, 1], losses.softmax_cross_entropy, rng=rng)
    assert np.isfinite(found.loss)
    for row, gradients in zip(stack, found.gradients, strict=True):
        assert {key: array.shape for key, array in gradients.items()} == row.parameter_shapes
        assert all(np.isfinite(array).all() and array.any() for array in gradients.values())


@pytest.mark.parametrize("name", ["alexnet", "vgg16"])
def test_the_large_networks_run_forward_and_backward_too(name):
    """With few units in the dense layers, which hold most of the weights and no surprises."""
    large = zoo.build(name)
    from cnnlab import Sequential
    from cnnlab.layers import Dense

    layers = [
        Dense(8, activation="relu") if isinstance(layer, Dense) else layer for layer in large.layers
    ]
    stack = Sequential(layers, large.input_shape)
    net = Network(stack, seed=0)
    rng = np.random.default_rng(0)
    images = rng.random((1, *stack.input_shape), np.float32)
    found = net.differentiate(images, [1], losses.softmax_cross_entropy, rng=rng)
    assert np.isfinite(found.loss)
    assert found.gradients[0]["filters"].shape == stack.rows[0].parameter_shapes["filters"]


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(DataError, match="no network 'lenet' in the zoo; try one of lenet5, "):
        zoo.build("lenet")
    with pytest.raises(DataError, match="no weights ship for 'vgg16'; there are some for lenet5"):
        zoo.pretrained("vgg16")
