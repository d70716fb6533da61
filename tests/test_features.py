"""What a network looks at: held against brute force, central differences and PyTorch."""

from dataclasses import replace

import numpy as np
import pytest

from cnnlab import Network, Sequential, features
from cnnlab import functional as F
from cnnlab.datasets import Dataset
from cnnlab.errors import DataError, ShapeError
from cnnlab.features.sweep import batch_of
from cnnlab.layers import (
    AvgPool2D,
    Conv2D,
    Dense,
    Flatten,
    GlobalAvgPool2D,
    MaxPool2D,
    ReLU,
    Softmax,
    Tanh,
)

SHAPE = (12, 10, 2)


def network(*layers, shape=SHAPE, seed=3) -> Network:
    net = Network(Sequential(layers, shape), seed=seed)
    rng = np.random.default_rng(seed)
    net.parameters = {
        name: array + 0.05 * rng.standard_normal(array.shape)  # biases that are not zero
        for name, array in net.parameters.items()
    }
    return net


def classifier(*ending) -> Network:
    return network(Conv2D(5), ReLU(), MaxPool2D(), Conv2D(4), Tanh(), Flatten(), Dense(3), *ending)


def picture(seed=0, shape=SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


# Feature maps.


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


# Receptive fields.

FIELDS = {
    "convolutions": [Conv2D(2), Conv2D(2, 5)],
    "rectangles": [Conv2D(2, (1, 4)), Conv2D(2, (3, 2))],
    "strides": [Conv2D(2, 3, stride=2), Conv2D(2, 2, stride=(1, 2))],
    "padding": [Conv2D(2, 3, padding=2), Conv2D(2, 3, padding=(0, 1))],
    "same padding": [Conv2D(2, 4, padding="same"), AvgPool2D(3, 2, "same"), Conv2D(2, 2, 2)],
    "dilation": [Conv2D(2, 3, dilation=2), Conv2D(2, 2, dilation=(3, 1))],
    "pooling": [Conv2D(2), AvgPool2D(2), Conv2D(2, 3, padding=1), AvgPool2D(2)],
}  # fmt: skip


def brute_force(net: Network, layer: str, row: int, column: int) -> tuple[int, ...]:
    """Change the image pixel by pixel, and see which changes arrive."""
    image = picture()
    height, width, _ = image.shape
    changed = np.repeat(image[None], height * width, axis=0)
    for place in range(height * width):
        changed[place, place // width, place % width] += 1
    before = features.feature_maps(net, image)[layer][0, row, column]
    after = features.feature_maps(net, changed)[layer][:, row, column]
    arrived = (after != before).any(axis=1).reshape(height, width)
    rows, columns = np.flatnonzero(arrived.any(axis=1)), np.flatnonzero(arrived.any(axis=0))
    return rows[0], columns[0], rows[-1] + 1, columns[-1] + 1


@pytest.mark.parametrize("layers", FIELDS.values(), ids=FIELDS)
def test_a_receptive_field_is_exactly_what_a_changed_pixel_reaches(layers):
    net = network(*layers)
    for target in net.sequential.rows:
        rows, columns, _ = target.output_shape
        for row, column in {(0, 0), (rows // 2, columns // 2), (rows - 1, columns - 1)}:
            box = features.receptive_field(net, target.name, row, column)
            assert box == brute_force(net, target.name, row, column), (target.name, row, column)


@pytest.mark.parametrize("layers", FIELDS.values(), ids=FIELDS)
def test_the_fields_on_the_way_down_are_those_of_the_layers_above_by_themselves(layers):
    net = network(*layers)
    rows = net.sequential.rows
    target = rows[-1]
    place = target.output_shape[0] - 1, target.output_shape[1] // 2
    fields = features.receptive_fields(net, target.name, *place)
    assert list(fields) == [row.name for row in reversed(rows)] + ["input"]
    assert fields["input"] == features.receptive_field(net, target.name, *place)
    for k in range(1, len(rows)):
        above = Sequential([row.layer for row in rows[k:]], rows[k].input_shape)
        expected = features.receptive_field(above, above.rows[-1].name, *place)
        assert fields[rows[k - 1].name] == expected


def test_a_flat_vector_is_traced_to_all_of_the_maps_below_it():
    stack = Sequential([Conv2D(4), MaxPool2D(), Flatten(), Dense(3)], (12, 10, 1))
    fields = features.receptive_fields(stack, "dense_1", 0, 0)
    assert fields == {
        "max_pooling2d_1": (0, 0, 5, 4), "conv2d_1": (0, 0, 10, 8), "input": (0, 0, 12, 10)
    }  # fmt: skip


def test_a_receptive_field_needs_no_weights():
    stack = Sequential([Conv2D(64, 3), MaxPool2D(), Conv2D(64, 3)], (224, 224, 3))
    assert features.receptive_field(stack, "conv2d_2", 10, 20) == (20, 40, 28, 48)


def test_a_dense_layer_sees_the_whole_image():
    assert features.receptive_field(classifier(), "dense_1", 0, 0) == (0, 0, 12, 10)


def test_a_place_that_sees_only_padding_has_an_empty_field():
    stack = Sequential([Conv2D(1, 2, padding=3)], (8, 8, 1))
    assert features.receptive_field(stack, "conv2d_1", 0, 0) == (0, 0, 0, 0)


@pytest.mark.parametrize(("row", "column"), [(10, 0), (0, 8)])
def test_a_place_outside_the_maps_is_refused(row, column):
    with pytest.raises(ShapeError, match=r"conv2d_1 has 10x8 places, got row \d+, column \d"):
        features.receptive_field(classifier(), "conv2d_1", row, column)


def test_a_place_is_counted_from_nought():
    with pytest.raises(ShapeError, match="row must be at least 0, got -1; try row=0"):
        features.receptive_field(classifier(), "conv2d_1", -1, 0)


@pytest.mark.parametrize("explain", [features.grad_cam, features.saliency, features.occlusion])
def test_layers_without_weights_explain_nothing(explain):
    with pytest.raises(
        DataError, match=r"a Sequential has no weights; try Network\(sequential, seed=0\)"
    ):
        explain(classifier().sequential, np.zeros((12, 10, 2)))


def test_a_dream_that_would_take_all_day_is_refused_before_it_starts():
    with pytest.raises(DataError, match="steps must be at most 10,000, got 1000000000"):
        features.activation_maximisation(classifier(), "conv2d_1", 0, steps=10**9)


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(DataError, match="there is no layer 'conv9'; try one of conv2d_1"):
        features.receptive_field(classifier(), "conv9", 0, 0)


# Strongest patches.


@pytest.fixture
def data() -> Dataset:
    images = np.random.default_rng(8).random((300, *SHAPE))  # more than one batch
    return Dataset(images, np.zeros(300, dtype=int), ["noise"])


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


# Saliency.


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


# Occlusion.


@pytest.mark.parametrize(
    ("window", "stride", "fill"), [(3, 1, 0.0), ((4, 2), (3, 2), None), (5, 7, 1.0)]
)
def test_occlusion_is_what_a_plain_loop_finds(window, stride, fill):
    net, image, target = classifier(), picture(), 0
    rows, columns = window if isinstance(window, tuple) else (window, window)
    down, across = stride if isinstance(stride, tuple) else (stride, stride)
    tops = sorted({*range(0, 12 - rows + 1, down), 12 - rows})
    lefts = sorted({*range(0, 10 - columns + 1, across), 10 - columns})
    before = net.probabilities(image[None])[0, target]
    drops = [[[] for _ in range(10)] for _ in range(12)]
    for top in tops:
        for left in lefts:
            covered = image.copy()
            cover = image.mean(axis=(0, 1)) if fill is None else fill
            covered[top : top + rows, left : left + columns] = cover
            drop = before - net.probabilities(covered[None])[0, target]
            for row in range(top, top + rows):
                for column in range(left, left + columns):
                    drops[row][column].append(drop)
    expected = [[np.mean(cell) if cell else 0 for cell in line] for line in drops]
    found = features.occlusion(net, image, target, window, stride, fill=fill)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_a_sweep_in_slices_ends_where_the_map_is():
    net, image = classifier(), picture()
    sweep = features.OcclusionSweep(net, image, 2, window=1, fill=0.5, of="score")
    assert (sweep.done, sweep.count) == (0, 120)
    sweep._batch = 50  # as of a network so large that no more fit in a slice
    assert not sweep.advance(0)
    assert sweep.done == 50
    whole = features.occlusion(net, image, 2, window=1, fill=0.5, of="score")
    np.testing.assert_allclose(sweep.map[:5], whole[:5], rtol=1e-4, atol=1e-6)
    assert not sweep.map[5:].any()  # nothing is known of these yet
    while not sweep.advance(0):
        pass
    np.testing.assert_allclose(sweep.map, whole, rtol=1e-4, atol=1e-6)


def test_of_a_large_network_few_images_are_pushed_through_at_once():
    small, large = classifier(), Network(Sequential([Conv2D(64, 9, padding=4)], (400, 300, 3)))
    assert batch_of(small) == 256
    assert batch_of(large) == 1


@pytest.mark.parametrize("last", [[Softmax()], [Dense(3, activation="softmax")]])
def test_without_softmax_a_network_gives_what_its_softmax_was_given(last):
    net = classifier(*last)
    plain, batch = features.without_softmax(net), picture()[None]
    np.testing.assert_allclose(F.softmax(plain.predict(batch)), net.predict(batch), atol=1e-6)
    assert not np.allclose(plain.predict(batch).sum(), 1)
    assert features.without_softmax(plain) is plain


def test_a_cover_has_a_tone_for_each_channel_and_the_score_may_be_watched():
    net, image = classifier(Softmax()), picture()
    plain = classifier()
    plain.parameters = net.parameters
    covered = image.copy()
    found = features.occlusion(net, image, 1, (12, 10), fill=[0.25, 1], of="score")
    covered[:] = [0.25, 1]
    before, after = plain.predict(np.stack([image, covered]))[:, 1]
    np.testing.assert_allclose(found, before - after, rtol=1e-4)
    with pytest.raises(ShapeError, match="one for each of 2 channels"):
        features.occlusion(net, image, fill=[1, 2, 3])


def test_a_cover_larger_than_the_image_is_refused():
    with pytest.raises(ShapeError, match="a cover of 11x11 is larger than the image of 12x10"):
        features.occlusion(classifier(), picture(), window=11)


# Grad-CAM.


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


# The control.


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


# Activation maximisation.


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
