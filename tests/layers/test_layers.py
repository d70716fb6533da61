"""Every layer, held against PyTorch and against differences of its own output."""

import dataclasses
import json

import numpy as np
import pytest

from cnnlab import layers
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import (
    ELU,
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    LeakyReLU,
    Maxout,
    MaxPool2D,
    ReLU,
    Rescaling,
    Sigmoid,
    Softmax,
    Tanh,
)
from tests.layers.twins import apply, close, leaf

CASES = [
    (Conv2D(5, 3), (7, 6, 2)),
    (Conv2D(4, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), (9, 8, 3)),
    (Conv2D(3, 5, padding="same", activation="relu"), (6, 6, 1)),
    (Conv2D(3, 4, padding="same", activation="tanh", bias=False), (6, 5, 2)),
    (Conv2D(3, 3, activation="leaky_relu"), (5, 5, 2)),
    (Dense(7), (11,)),
    (Dense(6, activation="relu"), (9,)),
    (Dense(6, activation="elu", bias=False), (9,)),
    (Dense(6, activation="sigmoid"), (9,)),
    (Dense(6, activation="softmax"), (9,)),
    (MaxPool2D(2), (6, 7, 3)),
    (MaxPool2D(3, stride=2, padding=1), (7, 8, 2)),
    (AvgPool2D(2), (6, 7, 3)),
    (AvgPool2D(3, stride=(1, 2), padding=1), (7, 8, 2)),
    (AvgPool2D(3, stride=2, padding=1, count_padding=False), (7, 8, 2)),
    (GlobalAvgPool2D(), (5, 4, 3)),
    (Rescaling(1 / 127.5, -1), (4, 3, 2)),
    (Rescaling(3), (5,)),
    (Flatten(), (3, 4, 2)),
    (Dropout(0.5), (3, 4, 2)),
    (BatchNorm(), (4, 3, 2)),
    (BatchNorm(), (6,)),
    (ReLU(), (4, 3, 2)),
    (LeakyReLU(0.2), (4, 3, 2)),
    (ELU(0.7), (4, 3, 2)),
    (Sigmoid(), (4, 3, 2)),
    (Tanh(), (4, 3, 2)),
    (Softmax(), (6,)),
    (Maxout(3), (4, 3, 6)),
]


def named(case):
    layer, shape = case
    return f"{layer} on {shape}"


def prepared(layer, shape, seed=0):
    rng = np.random.default_rng(seed)
    parameters = layer.initialize(shape, rng)
    for name, array in parameters.items():
        if array.ndim == 1:  # zeros and ones would hide a mistake
            parameters[name] = (0.5 + rng.random(array.shape)).astype(np.float32)
    x = rng.standard_normal((3, *shape), np.float32)
    slope = rng.standard_normal((3, *layer.output_shape(shape)), np.float32)
    return parameters, x, slope


@pytest.mark.parametrize("case", CASES, ids=named)
def test_outputs_and_gradients_agree_with_pytorch(case):
    torch = pytest.importorskip("torch", reason="PyTorch is the referee (pip install torch)")
    layer, shape = case
    parameters, x, slope = prepared(layer, shape)

    output, cache = layer.forward(parameters, x, training=False)
    grad_x, gradients = layer.backward(parameters, cache, slope)

    leaves = {name: leaf(torch, array) for name, array in parameters.items()}
    for name in layer.non_trainable:
        leaves[name] = leaves[name].detach()
    images = leaf(torch, x)
    expected = apply(torch, layer, leaves, images)
    expected.backward(torch.from_numpy(slope))
    assert close(output, expected)
    assert close(grad_x, images.grad)
    assert gradients.keys() == parameters.keys() - set(layer.non_trainable)
    for name, gradient in gradients.items():
        assert close(gradient, leaves[name].grad), name


@pytest.mark.parametrize("case", CASES, ids=named)
def test_gradients_agree_with_central_differences(case):
    """No other library: nudge a number, see what becomes of the output."""
    layer, shape = case
    parameters, x, slope = prepared(layer, shape, seed=1)
    grad_x, gradients = layer.backward(parameters, layer.forward(parameters, x)[1], slope)
    rng = np.random.default_rng(2)

    def charged(arrays, images):
        output = layer.forward(arrays, images)[0]
        return float(np.vdot(output.astype(float), slope.astype(float)))

    for name, gradient in [("", grad_x), *gradients.items()]:
        # Along a random direction, away from the kinks of rectifiers and of maxima.
        direction = rng.standard_normal(gradient.shape).astype(np.float32)
        found = []
        for step in (1e-3, -1e-3):
            arrays, images = dict(parameters), x
            if name:
                arrays[name] = parameters[name] + np.float32(step) * direction
            else:
                images = x + np.float32(step) * direction
            found.append(charged(arrays, images))
        size = np.linalg.norm(gradient) * np.linalg.norm(direction)
        difference = (found[0] - found[1]) / 2e-3 - float(np.vdot(gradient, direction))
        assert abs(difference) <= 5e-3 * size, name or "input"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_what_goes_in_is_not_written_to(case):
    layer, shape = case
    parameters, x, slope = prepared(layer, shape)
    copies = {name: array.copy() for name, array in parameters.items()}, x.copy(), slope.copy()
    _, cache = layer.forward(parameters, x, training=True, rng=np.random.default_rng(0))
    layer.backward(parameters, cache, slope)
    layer.running_averages(parameters, cache)
    assert all((parameters[name] == copies[0][name]).all() for name in parameters)
    assert (x == copies[1]).all()
    assert (slope == copies[2]).all()


@pytest.mark.parametrize("case", CASES, ids=named)
def test_shapes_are_declared_as_they_come_out(case):
    layer, shape = case
    parameters, x, _ = prepared(layer, shape)
    assert layer.forward(parameters, x)[0].shape == (3, *layer.output_shape(shape))
    declared = {name: array.shape for name, array in parameters.items()}
    assert layer.parameter_shapes(shape) == declared
    assert layer.num_parameters(shape) == sum(array.size for array in parameters.values())


@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_sparing_way_back_gives_the_same_gradients(case):
    layer, shape = case
    parameters, x, slope = prepared(layer, shape)
    _, cache = layer.forward(parameters, x, training=True, rng=np.random.default_rng(0))
    grad_x, gradients = layer.backward(parameters, cache, slope)
    same_x, same = layer.backward_in_place(parameters, cache, slope.copy())
    np.testing.assert_array_equal(same_x, grad_x)
    only = layer.backward_in_place(parameters, cache, slope.copy(), inputs=False)[1]
    assert gradients.keys() == same.keys() == only.keys()
    for name, gradient in gradients.items():
        np.testing.assert_array_equal(same[name], gradient)
        np.testing.assert_array_equal(only[name], gradient)


def test_a_first_convolution_leaves_the_gradient_by_the_images_out():
    layer = Conv2D(4, 3, activation="relu")
    parameters, x, slope = prepared(layer, (6, 6, 2))
    cache = layer.forward(parameters, x)[1]
    assert layer.backward_in_place(parameters, cache, slope, inputs=False)[0] is None


def test_every_layer_is_frozen_and_compares_by_its_settings():
    for layer, _ in CASES:
        assert layer == dataclasses.replace(layer)
        for field in dataclasses.fields(layer):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(layer, field.name, None)
    assert set(layers.LAYERS.values()) == {type(layer) for layer, _ in CASES}


def test_a_layer_written_in_a_lesson_needs_forward_and_backward_only():
    class Double(layers.Layer):
        def forward(self, parameters, x, *, training=False, rng=None):
            return 2 * x, None

        def backward(self, parameters, cache, grad_output):
            return 2 * grad_output, {}

    layer = Double()
    assert layer.output_shape((4, 4, 1)) == (4, 4, 1)
    assert layer.num_parameters((4, 4, 1)) == 0
    assert (layer.kind, layer.stem) == ("Double", "double")
    with pytest.raises(DataError, match=r"put @dataclass\(frozen=True\) above the class"):
        layer.settings()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2D(0), "filters must be at least 1, got 0; try filters=1"),
        (lambda: Conv2D(4, activation="rely"), "no activation 'rely'; try one of relu, "),
        (lambda: Dense(4, initializer="zeros"), "no initializer 'zeros'; try one of glorot_"),
        (lambda: Dropout(1.0), "at least 0 and below 1, got 1.0; 0.5 leaves out every second"),
        (lambda: LeakyReLU(-0.1), r"slope must be a number, 0 or more, got -0.1; try slope=0.1"),
        (lambda: BatchNorm(momentum=1), "below 1, got 1; try momentum=0.9"),
        (lambda: BatchNorm(epsilon=0), "above 0, got 0; try epsilon=1e-5"),
        (lambda: Dense(3).output_shape((4, 4, 2)), r"put Flatten\(\) before it"),
        (lambda: Conv2D(3).output_shape((16,)), r"put it before Flatten\(\)"),
        (lambda: Maxout(2).output_shape((4, 4, 3)), "3 channels do not divide into groups of 2"),
        (
            lambda: MaxPool2D(3).output_shape((2, 2, 1)),
            "a 3x3 pooling window does not fit in a 2x2",
        ),
        (
            lambda: Dropout().forward({}, np.ones((1, 2), np.float32), training=True),
            r"pass rng=numpy.random.default_rng\(0\)",
        ),
        (
            lambda: BatchNorm().forward(
                prepared(BatchNorm(), (4,))[0], np.ones((1, 4), np.float32), training=True
            ),
            "use a batch of 2 or more",
        ),
    ],
)
def test_messages_say_what_to_try(make, message):
    with pytest.raises((ShapeError, DataError), match=message):
        make()


class TestDropout:
    def test_drops_its_share_and_keeps_the_mean(self):
        x = np.ones((100, 1000), np.float32)
        rng = np.random.default_rng(0)
        output, cache = Dropout(0.25).forward({}, x, training=True, rng=rng)
        assert abs((output == 0).mean() - 0.25) < 0.01
        assert abs(output.mean() - 1) < 0.01
        slopes = Dropout(0.25).backward({}, cache, x)[0]
        assert (slopes == output).all()  # what was dropped learns nothing

    def test_draws_anew_each_time_and_the_same_from_the_same_seed(self):
        x = np.ones((4, 100), np.float32)
        rng = np.random.default_rng(0)
        first, second = (Dropout().forward({}, x, training=True, rng=rng)[0] for _ in range(2))
        again = Dropout().forward({}, x, training=True, rng=np.random.default_rng(0))[0]
        assert (first != second).any()
        assert (first == again).all()


class TestBatchNorm:
    @pytest.mark.parametrize("shape", [(4, 3, 2), (6,)])
    def test_in_training_agrees_with_pytorch(self, shape):
        torch = pytest.importorskip("torch", reason="PyTorch is the referee (pip install torch)")
        layer = BatchNorm(momentum=0.8, epsilon=1e-3)
        parameters, x, slope = prepared(layer, shape)
        output, cache = layer.forward(parameters, 3 * x + 5, training=True)
        grad_x, gradients = layer.backward(parameters, cache, slope)
        new = layer.running_averages(parameters, cache)

        kind = torch.nn.BatchNorm2d if len(shape) == 3 else torch.nn.BatchNorm1d
        twin = kind(shape[-1], eps=1e-3, momentum=0.2)
        for name, array in [
            ("weight", "scale"), ("bias", "shift"),
            ("running_mean", "running_mean"), ("running_var", "running_variance"),
        ]:  # fmt: skip
            getattr(twin, name).data = torch.from_numpy(parameters[array].copy())
        images = leaf(torch, 3 * x + 5)
        expected = twin(images.permute(0, 3, 1, 2) if len(shape) == 3 else images)
        expected = expected.permute(0, 2, 3, 1) if len(shape) == 3 else expected
        expected.backward(torch.from_numpy(slope))
        assert close(output, expected)
        assert close(grad_x, images.grad, 1e-4)
        assert close(gradients["scale"], twin.weight.grad)
        assert close(gradients["shift"], twin.bias.grad)
        assert close(new["running_mean"], twin.running_mean)
        assert close(new["running_variance"], twin.running_var)

    def test_has_nothing_new_to_remember_outside_training(self):
        layer = BatchNorm()
        parameters, x, _ = prepared(layer, (4, 3, 2))
        assert layer.running_averages(parameters, layer.forward(parameters, x)[1]) == {}


WHOLE = [
    Conv2D,
    lambda n: Conv2D(2, n),
    lambda n: Conv2D(2, (n, 3)),
    lambda n: Conv2D(2, stride=n),
    lambda n: Conv2D(2, padding=(n, n)),
    lambda n: Conv2D(2, dilation=[n, 1]),
    Dense,
    MaxPool2D,
    lambda n: AvgPool2D(3, stride=(n, n)),
    lambda n: MaxPool2D(4, padding=n),
    Maxout,
]


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64])
@pytest.mark.parametrize("make", WHOLE)
def test_whole_numbers_of_numpy_become_pythons(make, kind):
    layer = make(kind(2))
    assert layer == make(2)
    json.dumps(layer.settings())  # it can be saved
    numbers = [number for value in layer.settings().values() for number in np.atleast_1d(value)]
    assert not any(type(value).__module__ == "numpy" for value in layer.settings().values())
    assert numbers


@pytest.mark.parametrize("wrong", [2.0, (2.0, 2.0), "2", True, (2, 2, 2)])
@pytest.mark.parametrize("make", WHOLE)
def test_what_is_no_whole_number_is_always_refused(make, wrong):
    for _ in range(2):  # whatever was called before
        make(2)
        with pytest.raises(ShapeError, match=r"must be (a )?\(?(whole number|\"same\")"):
            make(wrong)


SHARES = {
    "scale": (Rescaling, 0.5),
    "offset": (lambda n: Rescaling(1, n), 0.5),
    "rate": (Dropout, 0.5),
    "slope": (LeakyReLU, 0.25),
    "alpha": (ELU, 0.5),
    "momentum": (lambda n: BatchNorm(momentum=n), 0.5),
    "epsilon": (lambda n: BatchNorm(epsilon=n), 0.5),
}


@pytest.mark.parametrize("name", SHARES)
def test_numbers_of_numpy_become_pythons(name):
    make, value = SHARES[name]
    assert make(np.float32(value)) == make(value)
    assert type(make(np.float32(value)).settings()[name]) is float


@pytest.mark.parametrize("wrong", ["0.5", None, True, (0.5,), float("nan"), float("inf"), 1j])
@pytest.mark.parametrize("name", SHARES)
def test_what_is_no_number_is_always_refused(name, wrong):
    with pytest.raises(DataError, match=rf"{name} must be .*, got .*; "):
        SHARES[name][0](wrong)
