"""Saliency and Grad-CAM, held against central differences and PyTorch."""

from dataclasses import replace

import numpy as np
import pytest

from cnnlab import Network, Sequential, features
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import Conv2D, Dense, Flatten, GlobalAvgPool2D, Softmax
from tests.features.examples import SHAPE, classifier, network, picture


def test_the_gradient_is_that_of_central_differences():
    net, image, target = classifier(), picture(), 1
    found = features.input_gradient(net, image, target)
    step = np.float32(1e-2)
    for place in [(0, 0, 0), (5, 4, 1), (6, 7, 0), (9, 7, 1)]:
        up, down = image.copy(), image.copy()
        up[place] += step
        down[place] -= step
        scores = net.predict(np.stack([up, down]))[:, target]
        assert found[place] == pytest.approx((scores[0] - scores[1]) / (2 * step), abs=2e-3)


def test_saliency_is_that_of_pytorch():
    torch = pytest.importorskip("torch", reason='no PyTorch; try pip install -e ".[peers]"')
    net, image = classifier(), picture()
    module = net.to_torch()
    pixels = torch.tensor(image.transpose(2, 0, 1)[None].copy(), requires_grad=True)
    scores = module(pixels)[0]
    scores[scores.argmax()].backward()
    expected = pixels.grad[0].abs().max(dim=0).values.numpy()
    np.testing.assert_allclose(features.saliency(net, image), expected, rtol=1e-4, atol=1e-6)


def test_a_probability_is_explained_as_pytorch_does():
    torch = pytest.importorskip("torch", reason='no PyTorch; try pip install -e ".[peers]"')
    net, image = classifier(), picture()
    pixels = torch.tensor(image.transpose(2, 0, 1)[None].copy(), requires_grad=True)
    torch.softmax(net.to_torch()(pixels)[0], dim=0)[1].backward()
    expected = pixels.grad[0].permute(1, 2, 0).numpy()
    found = features.input_gradient(net, image, 1, of="probability")
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)
    np.testing.assert_array_equal(
        features.saliency(net, image, 1, of="probability"), np.abs(found).max(axis=2)
    )


def test_of_a_sure_probability_nothing_is_left_and_of_its_score_all():
    net = classifier()
    net.parameters = {
        name: array + 200 * np.float32([0, 1, 0]) if name == "dense_1.bias" else array
        for name, array in net.parameters.items()
    }
    for explain in (features.saliency, features.grad_cam, features.occlusion):
        assert not explain(net, picture(), 1, of="probability").any()
        assert explain(net, picture(), 1, of="score").any()
    with pytest.raises(DataError, match="of must be one of score, probability, got 'logit'"):
        features.saliency(net, picture(), of="logit")


@pytest.mark.parametrize("carried", [False, True])
def test_a_final_softmax_changes_no_explanation_by_gradients(carried):
    plain, sure = classifier(), classifier(Softmax())
    if carried:
        *before, last = plain.sequential.layers
        layers = [*before, replace(last, activation="softmax")]
        sure = Network(Sequential(layers, plain.sequential.input_shape))
    sure.parameters = plain.parameters
    for explain in (features.input_gradient, features.saliency, features.grad_cam):
        np.testing.assert_array_equal(explain(sure, picture(), 2), explain(plain, picture(), 2))


@pytest.mark.parametrize(("layer", "place"), [(None, 4), ("conv2d_1", 0), ("max_pooling2d_1", 2)])
def test_grad_cam_is_that_of_pytorch(layer, place):
    torch = pytest.importorskip("torch", reason='no PyTorch; try pip install -e ".[peers]"')
    net, image, target = classifier(), picture(), 2
    module = net.to_torch()
    x = torch.tensor(image.transpose(2, 0, 1)[None].copy())
    for number, part in enumerate(module):
        x = part(x)
        if number == place:
            maps = x
            maps.retain_grad()
    x[0, target].backward()
    weights = maps.grad.mean(dim=(2, 3), keepdim=True)
    heat = torch.relu((weights * maps).sum(dim=1, keepdim=True))
    expected = torch.nn.functional.interpolate(heat, SHAPE[:2], mode="bilinear")[0, 0]
    found = features.grad_cam(net, image, target, layer)
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-4, atol=1e-6)
    assert found.max() > 0


def test_before_its_relu_grad_cam_keeps_what_counts_against_the_class():
    # Weights 1 and -2, maps [3, 0] and [1, 2]: 3 - 2 = 1 and 0 - 4 = -4.
    net = Network(Sequential([Conv2D(2, 1, bias=False), GlobalAvgPool2D(), Dense(2)], (1, 2, 2)))
    net.parameters = {
        "conv2d_1.filters": np.eye(2).reshape(1, 1, 2, 2),
        "dense_1.weights": [[2, 0], [-4, 0]], "dense_1.bias": [0, 0],
    }  # fmt: skip
    image = np.float32([[[3, 1], [0, 2]]])
    np.testing.assert_allclose(features.grad_cam(net, image, 0, signed=True), [[1, -4]])
    np.testing.assert_allclose(features.grad_cam(net, image, 0), [[1, 0]])


def test_grad_cam_on_a_flat_layer_is_refused():
    with pytest.raises(ShapeError, match=r"flatten_1 gives a flat vector.*try layer='tanh_1'"):
        features.grad_cam(classifier(), picture(), layer="flatten_1")


def test_grad_cam_without_a_convolution_is_refused():
    with pytest.raises(DataError, match="has no convolution"):
        features.grad_cam(network(Flatten(), Dense(3)), picture())
