"""The same network here and in PyTorch gives the same answers."""

import importlib
import re
import warnings

import numpy as np
import pytest

from cnnlab import Network, Sequential, interop, zoo
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
    Layer,
    LeakyReLU,
    Maxout,
    MaxPool2D,
    ReLU,
    Rescaling,
    Sigmoid,
    Softmax,
    Tanh,
)

torch = pytest.importorskip("torch", reason='no PyTorch; get it with: pip install -e ".[peers]"')
nn = torch.nn
prune = importlib.import_module("torch.nn.utils.prune")


def pictures(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).random((3, *shape), dtype=np.float32)


def answers_of(module, images: np.ndarray) -> np.ndarray:
    if images.ndim == 4:
        images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    with torch.no_grad():
        output = module.eval()(torch.from_numpy(images)).numpy()
    return output.transpose(0, 2, 3, 1) if output.ndim == 4 else output


def lively(module):
    """Give the module weights of its own, the running averages included."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for tensor in [*module.parameters(), *module.buffers()]:
            if tensor.is_floating_point():
                positive = 0.1 + 0.3 * torch.rand(tensor.shape, generator=generator)
                signed = 0.4 * torch.randn(tensor.shape, generator=generator)
                tensor.copy_(signed if tensor.ndim > 1 else positive)
    return module


def assert_taken_over(module, image_shape, **given):
    net = Network.from_parameters(*interop.from_torch(lively(module), **given))
    images = pictures(*image_shape)
    np.testing.assert_allclose(net.predict(images), answers_of(module, images), rtol=0, atol=1e-5)
    return net


def test_a_network_with_every_layer_of_the_course_is_taken_over():
    module = nn.Sequential(
        nn.Conv2d(2, 6, (3, 5), padding=(1, 2), bias=False),
        nn.BatchNorm2d(6, eps=1e-3, momentum=0.2),
        nn.LeakyReLU(0.2),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.Sequential(nn.Conv2d(6, 4, 3, dilation=2, padding="same"), nn.ELU(0.7), nn.Identity()),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.BatchNorm1d(4 * 3 * 2),
        nn.Tanh(),
        nn.Linear(4 * 3 * 2, 7),
        nn.Sigmoid(),
        nn.Linear(7, 5, bias=False),
        nn.ReLU(),
        nn.Softmax(dim=1),
    )
    net = assert_taken_over(module, (12, 9, 2), input_shape=(12, 9, 2))
    assert net.parameters["conv2d_1.filters"].shape == (3, 5, 2, 6)


def test_the_settings_of_batch_normalisation_go_there_and_back():
    module = lively(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3, eps=1e-3, momentum=0.25)))
    net = Network.from_torch(module)
    assert net.sequential.layers[1] == BatchNorm(momentum=0.75, epsilon=1e-3)
    assert net.to_torch()[1].momentum == 0.25
    assert net.to_torch()[1].eps == 1e-3


@pytest.mark.parametrize("pool", [MaxPool2D(3, 2, "same"), MaxPool2D(2, 3, padding=(1, 0))])
def test_padding_never_wins_against_numbers_below_zero(pool):
    net = random_network([pool])
    images = -1 - pictures(11, 10, 2)
    np.testing.assert_array_equal(answers_of(net.to_torch(), images), net.predict(images))


def test_the_numbers_behind_a_flatten_are_put_in_our_order():
    module = nn.Sequential(nn.Flatten(), nn.Linear(2 * 3 * 4, 5))
    assert_taken_over(module, (3, 4, 2), input_shape=(3, 4, 2))


def test_a_network_on_flat_vectors_needs_no_shape():
    module = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2))
    assert_taken_over(module, (6,))


def test_pooling_to_one_pixel_is_taken_over():
    module = nn.Sequential(nn.Conv2d(1, 3, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert_taken_over(module, (7, 6, 1), input_shape=(7, 6, 1))


def test_double_precision_becomes_single():
    module = nn.Sequential(nn.Linear(3, 2)).double()
    assert interop.from_torch(module)[1]["dense_1.weights"].dtype == np.float32


def test_what_is_taken_over_is_a_copy():
    module = nn.Sequential(nn.Linear(3, 2))
    _, parameters = interop.from_torch(module)
    before = parameters["dense_1.weights"].copy()
    with torch.no_grad():
        module[0].weight.zero_()
    np.testing.assert_array_equal(parameters["dense_1.weights"], before)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Conv2d(2, 4, 3, groups=2), "layer 0 (Conv2d(2, 4,.* try groups=1"),
        (nn.Conv2d(2, 4, 3, padding=1, padding_mode="reflect"), 'try padding_mode="zeros"'),
        (nn.MaxPool2d(2, ceil_mode=True), "try ceil_mode=False"),
        (nn.MaxPool2d(2, dilation=2), "try dilation=1"),
        (nn.MaxPool2d(2, return_indices=True), "try return_indices=False"),
        (nn.AvgPool2d(2, ceil_mode=True), "try ceil_mode=False"),
        (nn.AvgPool2d(2, divisor_override=3), "try divisor_override=None"),
        (nn.AdaptiveAvgPool2d(3), "8x8 pixels do not divide into 3x3; try an output size that"),
        (nn.AdaptiveMaxPool2d(2, return_indices=True), "try return_indices=False"),
        (nn.BatchNorm2d(2, track_running_stats=False), "try track_running_stats=True"),
        (nn.BatchNorm2d(2, momentum=None), "try momentum=0.1"),
        (nn.Flatten(2), "try Flatten()"),
        (nn.Flatten(0), "try Flatten()"),
        (nn.Softmax(dim=-1), "try dim=1"),  # across each row of a map
        (nn.Softmax(dim=5), "layer 0 (Softmax(dim=5)) cannot be read"),
        (nn.Dropout(1.0), "layer 0 (Dropout(p=1.0.* below 1, got 1.0"),
        (nn.BatchNorm2d(2, momentum=0.0), "layer 0 (BatchNorm2d(2.* momentum must be"),
        (nn.BatchNorm1d(2), "layer 0 (BatchNorm1d(2.* does not fit on (8, 8, 2)"),
        (nn.MaxPool2d(2, padding=2), "layer 0 (MaxPool2d(.* more than half of the 2x2"),
        (nn.ConstantPad2d(1, 3.0), "layer 0 (ConstantPad2d(.* comes last"),
        (nn.Sequential(nn.Flatten(), nn.ZeroPad2d(1)), "layer 0.1 (ZeroPad2d(.* no counterpart"),
        (
            nn.Sequential(nn.ZeroPad2d(1), nn.AdaptiveMaxPool2d(1)),
            "layer 0.0 (ZeroPad2d(.* in front",
        ),
        (nn.ReflectionPad2d(1), "layer 0 (ReflectionPad2d(.* try ZeroPad2d"),
        (nn.Conv2d(2, 1, 1, device="meta"), "layer 0 (Conv2d(2, 1.* cannot be read"),
        (nn.Linear(2, 3), "layer 0 (Linear(.* put Flatten() before it"),
        (nn.GELU(), "GELU.* try ELU or ReLU"),
        (nn.PReLU(), "PReLU.* try one of AdaptiveAvgPool2d, Adaptive"),
    ],
    ids=str,
)
def test_a_layer_without_counterpart_is_named(module, message):
    literal = re.escape(message).replace(re.escape(".*"), ".*")
    with pytest.raises((DataError, ShapeError), match=literal):
        interop.from_torch(nn.Sequential(module), (8, 8, 2))


def test_a_class_of_the_learners_own_is_not_mistaken_for_the_one_it_inherits_from():
    class ReLU(nn.ReLU):
        def forward(self, x):
            return -super().forward(x)

    with pytest.raises(DataError, match=r"layer 0 .* has no counterpart here"):
        interop.from_torch(nn.Sequential(ReLU()), (8, 8, 2))


class Doubled(nn.Sequential):
    def forward(self, x):
        return super().forward(super().forward(x))


class Turned(nn.Sequential):
    def __iter__(self):
        return reversed(list(super().__iter__()))


class Block(nn.Sequential):
    """Only a constructor of its own: its layers simply follow each other."""

    def __init__(self):
        super().__init__(nn.Conv2d(2, 3, 3), nn.ReLU())


def hooked(module, kind="forward"):
    getattr(module, f"register_{kind}_hook")(lambda *_: None)
    return module


def normed():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return nn.utils.weight_norm(nn.Linear(3, 2))


def replaced():
    module = nn.ReLU()
    module.forward = torch.neg
    return module


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            Doubled(nn.ReLU()),
            r"^this Doubled has a forward of its own.* a plain torch.nn.Sequential",
        ),
        (nn.Sequential(nn.Tanh(), Turned(nn.ReLU())), r"^layer 1 \(Turned\) has a __iter__ of its"),
        (nn.Sequential(hooked(nn.ReLU())), r"^layer 0 \(ReLU\) has a forward hook.* take it off"),
        (hooked(nn.Sequential(nn.ReLU()), "forward_pre"), r"^this Sequential has a forward hook"),
        (
            nn.Sequential(nn.Sequential(hooked(nn.ReLU()))),
            r"^layer 0.0 \(ReLU\) has a forward hook",
        ),
        (nn.Sequential(normed()), r"^layer 0 \(Linear\) has a forward hook, as weight_norm"),
        (
            nn.Sequential(prune.l1_unstructured(nn.Linear(3, 2), "weight", 0.5)),
            r"^layer 0 \(Linear\) has a forward hook, .*prune",
        ),
        (
            nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))),
            r"^layer 0 \(Parametrized.*remove_parametrizations",
        ),
        (nn.Sequential(replaced()), r"^layer 0 \(ReLU\) has a .*forward of its own"),
    ],
    ids=str,
)
def test_what_may_compute_something_else_is_refused(module, message):
    with pytest.raises(DataError, match=f"(?s){message}"):
        interop.from_torch(module, (3,))


def test_a_hook_for_every_module_is_noticed():
    handle = nn.modules.module.register_module_forward_hook(lambda *_: None)
    try:
        with pytest.raises(DataError, match="this Sequential has a forward hook"):
            interop.from_torch(nn.Sequential(nn.ReLU()), (3,))
    finally:
        handle.remove()


def test_a_module_that_is_used_twice_comes_twice():
    relu, linear = nn.ReLU(), nn.Linear(3, 3)
    net = assert_taken_over(nn.Sequential(relu, linear, relu, linear, nn.Tanh(), linear), (3,))
    assert [row.name for row in net.sequential.rows][-1] == "dense_3"


def test_shared_weights_come_twice():
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    net = assert_taken_over(nn.Sequential(first, nn.Tanh(), second), (3,))
    weights = [net.parameters[f"dense_{n}.weights"] for n in (1, 2)]
    np.testing.assert_array_equal(*weights)


def test_a_sequential_with_a_constructor_of_its_own_is_a_sequential():
    module = nn.Sequential(Block(), nn.Flatten(), nn.Linear(3 * 4 * 3, 2))
    assert_taken_over(module, (6, 5, 2), input_shape=(6, 5, 2))


@pytest.mark.parametrize(
    "module",
    [
        nn.BatchNorm2d(2, affine=False),
        lively(nn.BatchNorm2d(2)),
        nn.AdaptiveAvgPool2d([1, 1]),
        nn.AdaptiveAvgPool2d((2, None)),
        nn.AdaptiveAvgPool2d((3, 4)),
        nn.AdaptiveMaxPool2d(2),
        nn.AvgPool2d(3, 2, padding=1, count_include_pad=False),
        nn.Dropout2d(0.3),
        nn.AlphaDropout(0.3),
        nn.Softmax2d(),
        nn.Softmax(dim=-3),
        nn.Sequential(nn.ZeroPad2d((1, 1, 2, 2)), nn.Conv2d(2, 3, 3, padding=1)),
        nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(2, 3, 3, stride=2)),
        nn.Sequential(nn.ConstantPad2d((0, 1, 0, 1), 0.0), nn.AvgPool2d(2, stride=1)),
        nn.Sequential(nn.ZeroPad2d(1), nn.AdaptiveAvgPool2d(1)),
        nn.Sequential(nn.ZeroPad2d((2, 2, 0, 0)), nn.AdaptiveAvgPool2d((3, 1))),
        nn.Sequential(nn.ConstantPad2d((0, 1, 0, 1), -np.inf), nn.MaxPool2d(2, stride=1)),
        nn.Flatten(1, 3),
        nn.Flatten(-3),
        nn.LeakyReLU(1.5),
    ],
    ids=str,
)
def test_what_can_be_said_in_our_layers_is_taken_over(module):
    network = nn.Sequential(module, nn.Flatten(), nn.LazyLinear(3))
    network(torch.zeros(1, 2, 6, 8))
    assert_taken_over(network, (6, 8, 2), input_shape=(6, 8, 2))


@pytest.mark.parametrize("setting", [{"affine": True, "bias": False}, {"affine": False}])
def test_batch_normalisation_may_lack_a_bias(setting):
    try:
        module = nn.BatchNorm2d(2, **setting)
    except TypeError:
        pytest.skip("this PyTorch knows no such setting")
    assert_taken_over(nn.Sequential(module), (6, 8, 2), input_shape=(6, 8, 2))


def test_a_softmax_over_the_last_axis_of_a_vector_is_taken_over():
    assert_taken_over(nn.Sequential(nn.Linear(4, 3), nn.Softmax(-1)), (4,))


def test_an_input_shape_that_is_none_is_refused():
    for wrong in [(28, 28), 28, (28.0, 28, 1)]:
        with pytest.raises(ShapeError, match="input_shape must be"):
            interop.from_torch(nn.Sequential(nn.ReLU()), wrong)
    net = Network.from_torch(nn.Sequential(nn.Conv2d(1, 2, 3)), np.array([8, 8, 1], np.int8))
    assert net.sequential.input_shape == (8, 8, 1)


def test_a_module_that_is_no_sequential_is_told_what_to_try():
    with pytest.raises(DataError, match=r"got Linear; try torch.nn.Sequential\(\*module"):
        interop.from_torch(nn.Linear(3, 2))


def test_a_missing_image_size_is_asked_for():
    with pytest.raises(DataError, match=r"does not store .*input_shape=\(28, 28, 1\)"):
        interop.from_torch(nn.Sequential(nn.Conv2d(1, 2, 3)))


def test_a_wrong_image_size_is_noticed():
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 5))
    with pytest.raises(ShapeError, match=r"layer 1 .*weights of shape \(49, 5\).*input_shape"):
        interop.from_torch(module, (7, 7, 1))


def test_a_flatten_that_no_dense_layer_follows_is_refused():
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten())
    with pytest.raises(
        DataError, match=r"between layer 1 \(Flatten.* and the end .* lines the numbers up"
    ):
        interop.from_torch(module, (8, 8, 1))


def test_an_empty_network_is_refused():
    with pytest.raises(DataError, match="there are no layers"):
        interop.from_torch(nn.Sequential(nn.Identity()), (8, 8, 1))


OURS = {
    "strides and dilation": [Conv2D(3, (3, 2), stride=(2, 1), padding=1, dilation=(1, 2))],
    "same padding, one zero more after": [Conv2D(3, 4, padding="same"), Conv2D(2, 3, 2, "same")],
    "without bias": [Conv2D(3, bias=False), Flatten(), Dense(4, bias=False)],
    "carried activations": [Conv2D(3, activation="leaky_relu"), Flatten(), Dense(4, "softmax")],
    "max pooling, padded": [Conv2D(3), MaxPool2D(3, 2, "same"), MaxPool2D(2, 1, 1)],
    "max pooling, padded by half": [Conv2D(3), MaxPool2D(2, 3, padding=(1, 0))],
    "average pooling, padded": [Conv2D(3), AvgPool2D(3, 2, "same"), AvgPool2D(2, 1, 1)],
    "average pooling that leaves padding out": [AvgPool2D(3, 2, 1, count_padding=False)],
    "another scale": [Rescaling(1 / 255, -0.5), Conv2D(3), Flatten(), Rescaling(3), Dense(4)],
    "one number a map": [Conv2D(3), GlobalAvgPool2D(), Dense(4)],
    "behind a flatten": [Conv2D(3), Flatten(), BatchNorm(), Dropout(), Tanh(), Dense(5)],
    "batch normalisation": [Conv2D(3), BatchNorm(epsilon=0.01), ReLU()],
    "maxout on maps": [Conv2D(6), Maxout(3)],
    "maxout on vectors": [Flatten(), Dense(12), Maxout(4), Dense(3)],
    "activations": [Conv2D(3), LeakyReLU(0.3), ELU(0.5), Sigmoid(), Softmax()],
}


def random_network(layers: list[Layer]) -> Network:
    net = Network(Sequential(layers, (11, 10, 2)), seed=1)
    rng = np.random.default_rng(2)
    net.parameters = {
        name: rng.normal(0, 0.4, array.shape)
        if array.ndim > 1
        else rng.uniform(0.1, 0.4, array.shape)
        for name, array in net.parameters.items()
    }
    return net


@pytest.mark.parametrize("layers", OURS.values(), ids=OURS)
def test_a_network_of_ours_answers_alike_in_pytorch(layers):
    net = random_network(layers)
    module = interop.to_torch(net.sequential, net.parameters)
    images = pictures(11, 10, 2) - 0.5
    np.testing.assert_allclose(answers_of(module, images), net.predict(images), rtol=0, atol=1e-5)


def test_lenet_comes_back_as_it_left():
    net = Network(zoo.lenet5(), seed=4)
    shape = net.sequential.input_shape
    back = Network.from_torch(net.to_torch(), shape)
    images = pictures(*shape)
    np.testing.assert_allclose(back.predict(images), net.predict(images), rtol=0, atol=1e-6)


def test_what_is_built_there_is_a_copy_in_evaluation_mode():
    net = Network(Sequential([Flatten(), Dense(3)], (4, 4, 1)), seed=0)
    module = interop.to_torch(net.sequential, net.parameters)
    before = net.predict(np.ones((1, 4, 4, 1)))
    with torch.no_grad():
        module[1].weight.zero_()
    assert not module.training
    np.testing.assert_array_equal(net.predict(np.ones((1, 4, 4, 1))), before)


def test_a_layer_of_the_learners_own_has_no_counterpart_there():
    class Double(ReLU):
        """A ReLU by inheritance, but not the one PyTorch has."""

    with pytest.raises(DataError, match=r"double_1 \(Double\) has no counterpart in PyTorch"):
        interop.to_torch(Sequential([Double()], (4, 4, 1)), {})


def test_an_average_that_leaves_uneven_padding_out_has_no_counterpart_there():
    stack = Sequential([AvgPool2D(2, 1, "same", count_padding=False)], (5, 5, 1))
    with pytest.raises(
        DataError, match=r"average_pooling2d_1 leaves out .* try count_padding=True"
    ):
        interop.to_torch(stack, {})


def test_uneven_padding_comes_back_as_it_left():
    layers = [Conv2D(3, 4, padding="same"), MaxPool2D(2, 1, "same"), AvgPool2D(2, 1, "same")]
    net = random_network(layers)
    back = Network.from_torch(net.to_torch(), (11, 10, 2))
    assert [layer.padding for layer in back.sequential.layers] == ["same"] * 3
    images = pictures(11, 10, 2) - 0.5
    np.testing.assert_allclose(back.predict(images), net.predict(images), rtol=0, atol=1e-6)


def test_maxout_right_behind_a_flatten_is_refused():
    with pytest.raises(DataError, match="between flatten_1 and maxout_1 there is no dense layer"):
        interop.to_torch(Sequential([Flatten(), Maxout(2)], (4, 4, 2)), {})
