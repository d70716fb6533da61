import threading

import numpy as np
import pytest

from cnnlab import Network, Sequential, losses, plan, zoo
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU, Softmax
from tests.layers.twins import apply, leaf


def small(seed=0):
    layers = [Conv2D(4, 3), BatchNorm(), ReLU(), MaxPool2D(2), Dropout(0.5), Flatten(), Dense(3)]
    return Network(Sequential(layers, (8, 8, 2)), seed=seed)


def images(count=5, shape=(8, 8, 2), seed=0):
    return np.random.default_rng(seed).random((count, *shape), np.float32)


@pytest.mark.parametrize(("name", "batch"), [("lenet5", 8), ("deck_network", 2)])
def test_all_gradients_of_a_whole_network_agree_with_pytorch(name, batch):
    torch = pytest.importorskip("torch", reason="PyTorch is the referee (pip install torch)")
    net = Network(zoo.build(name), seed=3)
    x = images(batch, net.sequential.input_shape)
    labels = np.arange(batch) % 10
    loss, gradients = net.gradients(x, labels)

    leaves = {key: leaf(torch, array) for key, array in net.parameters.items()}
    out = torch.from_numpy(x)
    for row in net.sequential:
        own = {key: leaves[f"{row.name}.{key}"] for key in row.parameter_shapes}
        out = apply(torch, row.layer, own, out)
    expected = torch.nn.functional.cross_entropy(out, torch.from_numpy(labels))
    expected.backward()
    assert abs(loss - expected.item()) <= 1e-5
    assert gradients.keys() == leaves.keys()
    for key, gradient in gradients.items():
        theirs = leaves[key].grad.numpy()
        assert np.linalg.norm(gradient - theirs) <= 1e-4 * np.linalg.norm(theirs), key


def test_the_same_seed_gives_the_same_weights():
    first, second, third = (small(seed).parameters for seed in (0, 0, 1))
    assert all((first[name] == second[name]).all() for name in first)
    assert (first["conv2d_1.filters"] != third["conv2d_1.filters"]).any()


def test_forward_gives_every_output_and_predict_the_last():
    net = small()
    outputs = net.forward(images())
    assert list(outputs) == [row.name for row in net.sequential]
    assert outputs["max_pooling2d_1"].shape == (5, 3, 3, 4)
    np.testing.assert_array_equal(outputs["dense_1"], net.predict(images()))


def test_predicting_many_images_is_predicting_each():
    net = small()
    many = images(600)
    np.testing.assert_allclose(net.predict(many)[577:578], net.predict(many[577:578]), rtol=1e-5)


@pytest.mark.parametrize("end", [[Dense(3), Softmax()], [Dense(3, activation="softmax")]])
def test_probabilities_sum_to_one_with_or_without_a_softmax(end):
    plain = Network(Sequential([Flatten(), Dense(3)], (8, 8, 2)))
    ending = Network(Sequential([Flatten(), *end], (8, 8, 2)))
    ending.parameters = plain.parameters
    np.testing.assert_allclose(plain.probabilities(images()).sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(plain.probabilities(images()), ending.probabilities(images()))


def test_whole_numbers_and_other_layouts_are_accepted():
    net = small()
    pixels = np.random.default_rng(0).integers(0, 256, (3, 2, 8, 8)).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(net.predict(pixels), net.predict(pixels.astype(np.float32)))


def test_parameters_can_be_replaced_as_a_whole():
    net, other = small(0), small(1)
    net.parameters = {name: array.tolist() for name, array in other.parameters.items()}
    np.testing.assert_array_equal(net.predict(images()), other.predict(images()))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            lambda p: p.pop("dense_1.bias"),
            DataError,
            "missing: dense_1.bias; give exactly conv2d_1",
        ),
        (lambda p: p.update(x=1), DataError, "not in this network: x"),
        (
            lambda p: p.update({"dense_1.bias": np.zeros(4)}),
            ShapeError,
            r"dense_1.bias must have shape \(3,\), got \(4,\); was it made for another network",
        ),
    ],
)
def test_parameters_that_do_not_belong_are_refused_and_nothing_changes(change, error, message):
    net = small()
    before, wrong = net.parameters, net.parameters
    change(wrong)
    with pytest.raises(error, match=message):
        net.parameters = wrong
    assert all(net.parameters[name] is before[name] for name in before)


def test_the_arrays_of_others_are_copied():
    net = small()
    mine = {name: array.copy() for name, array in net.parameters.items()}
    net.parameters = mine
    mine["dense_1.bias"][:] = 99
    assert (net.parameters["dense_1.bias"] == 0).all()


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (
            np.zeros((8, 8, 2)),
            ShapeError,
            r"\(batch, 8, 8, 2\), got .*; one image is images\[None\]",
        ),
        (np.zeros((1, 9, 8, 2)), ShapeError, "resize them, or build the network for their shape"),
        (np.zeros((0, 8, 8, 2)), ShapeError, "this network takes images of shape"),
        (
            np.zeros((1, 8, 8, 2), complex),
            DataError,
            "images must hold real numbers, got complex numbers",
        ),
    ],
)
def test_images_that_do_not_fit_are_refused(wrong, error, message):
    with pytest.raises(error, match=message):
        small().predict(wrong)


def test_the_gradient_by_the_images_is_what_a_nudge_of_a_pixel_does():
    net = small()
    x = images(2).astype(np.float32)
    ask = np.zeros((2, 3), np.float32)
    ask[:, 1] = 1  # what moves the score of class 1
    gradients = net.output_gradients(net.trace(x), ask)
    assert list(gradients) == ["dense_1", "flatten_1", "dropout_1", "max_pooling2d_1", "relu_1",
                               "batch_normalization_1", "conv2d_1", "input"]  # fmt: skip
    assert gradients["input"].shape == x.shape
    assert gradients["conv2d_1"].shape == net.forward(x)["conv2d_1"].shape
    direction = np.random.default_rng(5).standard_normal(x.shape).astype(np.float32)
    step = np.float32(1e-3)
    up, down = (net.predict(x + sign * step * direction)[:, 1].sum() for sign in (1, -1))
    assert (up - down) / 2e-3 == pytest.approx(np.vdot(gradients["input"], direction), rel=1e-2)
    with pytest.raises(ShapeError, match=r"the shape of the scores, \(2, 3\), got \(3,\)"):
        net.output_gradients(net.trace(x), ask[0])


def test_differentiating_changes_nothing_and_reports_new_running_averages():
    net = small()
    before = {name: array.copy() for name, array in net.parameters.items()}
    rng = np.random.default_rng(0)
    found = net.differentiate(images(), [0, 1, 2, 0, 1], losses.hinge, rng=rng)
    assert all((net.parameters[name] == before[name]).all() for name in before)
    assert set(found.running_averages[1]) == {"running_mean", "running_variance"}
    assert set(found.gradients[1]) == {"scale", "shift"}


def test_predictions_in_other_threads_never_mix_two_sets_of_parameters():
    """While weights are replaced again and again, every answer belongs to one set or the other."""
    net, other = small(0), small(1)
    x = images(3)
    sets = net.layer_parameters, other.layer_parameters
    answers = [net.predict(x), other.predict(x)]
    wrong, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            scores = net.predict(x)
            if not any((scores == answer).all() for answer in answers):
                wrong.append(scores)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(300):
        net.replace(sets[turn % 2])
        net.predict(x)
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong


def by_hand(net, x):
    """Push images through one layer after another, as the list of layers says."""
    for row, arrays in zip(net.sequential, net.layer_parameters, strict=True):
        x = row.layer.forward(arrays, x)[0]
    return x


@pytest.mark.parametrize(
    "layers",
    [
        [Conv2D(4), ReLU(), MaxPool2D(), Conv2D(5), ReLU(), Flatten(), Dense(3)],
        [Conv2D(4, activation="relu"), MaxPool2D(3, stride=2), Flatten(), Dense(3)],
        [Conv2D(4), BatchNorm(), ReLU(), MaxPool2D(2, padding=1), Flatten(), Dense(3)],
        [ReLU(), MaxPool2D(), ReLU(), Conv2D(4, activation="tanh"), ReLU(), MaxPool2D()],
    ],
)
def test_the_plan_gives_what_the_layers_give_one_by_one(layers):
    net = Network(Sequential(layers, (12, 12, 2)), seed=1)
    x = images(shape=(12, 12, 2)) - np.float32(0.5)
    np.testing.assert_array_equal(net.predict(x), by_hand(net, x))


@pytest.mark.parametrize("pool", [MaxPool2D(2), MaxPool2D(3, stride=2), MaxPool2D(2, padding=1)])
def test_the_plan_gives_the_gradients_of_the_layers_one_by_one(pool):
    net = Network(Sequential([Conv2D(4), ReLU(), pool, Flatten(), Dense(3)], (9, 9, 2)), seed=1)
    x, labels = images(shape=(9, 9, 2)) - np.float32(0.5), [0, 1, 2, 0, 1]
    trace = net.trace(x)
    _, grad = losses.softmax_cross_entropy(trace.outputs["dense_1"], labels)
    expected = {}
    for row, arrays, cache in list(
        zip(net.sequential, trace.parameters, trace.caches, strict=True)
    )[::-1]:
        grad, found = row.layer.backward(arrays, cache, grad)
        expected |= {f"{row.name}.{key}": array for key, array in found.items()}
    _, gradients = net.gradients(x, labels)
    assert gradients.keys() == expected.keys()
    for key, gradient in gradients.items():
        np.testing.assert_allclose(gradient, expected[key], rtol=1e-6, atol=1e-7, err_msg=key)


def test_what_comes_out_is_never_the_array_that_went_in():
    net = Network(Sequential([Dropout(0.5), Flatten()], (2, 2, 1)))
    x = images(shape=(2, 2, 1))
    net.predict(x)[:] = 7
    assert (x < 1).all()


def test_large_maps_go_through_in_groups():
    net = Network(Sequential([Conv2D(64, 1), ReLU(), MaxPool2D(20)], (300, 300, 1)), seed=1)
    x = images(6, (300, 300, 1))
    np.testing.assert_array_equal(net.predict(x), by_hand(net, x))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_one_image_alone_gets_the_scores_it_gets_among_others(activation):
    layers = [
        Conv2D(6, 5, padding=2, activation=activation), MaxPool2D(2), Dropout(0.5),
        Conv2D(8, 3, bias=False), ReLU(), Flatten(), Dense(7, activation=activation), Dense(3),
    ]  # fmt: skip
    net = Network(Sequential(layers, (12, 14, 1)), seed=0)
    assert (plan.chain(net.sequential) is not None) == (activation == "relu")
    images = np.random.default_rng(0).random((4, 12, 14, 1), np.float32)
    for _ in range(2):  # then with other parameters
        alone = np.concatenate([net.predict(image[None]) for image in images])
        np.testing.assert_allclose(alone, net.predict(images), rtol=1e-4, atol=1e-6)
        net.parameters = {name: 0.5 * array for name, array in net.parameters.items()}


def test_one_image_alone_gets_to_the_bit_the_scores_that_forward_shows():
    net = Network(zoo.lenet5(), seed=2)
    for image in images(20, (28, 28, 1)):
        *_, shown = net.forward(image[None]).values()
        np.testing.assert_array_equal(net.predict(image[None]), shown)


def test_one_image_gives_maps_where_a_network_ends_in_maps():
    net = Network(Sequential([Conv2D(6, 3), ReLU()], (8, 9, 1)), seed=0)
    images = np.random.default_rng(0).random((2, 8, 9, 1), np.float32)
    np.testing.assert_allclose(net.predict(images[:1]), net.predict(images)[:1], rtol=1e-5)
