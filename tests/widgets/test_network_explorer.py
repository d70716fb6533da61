"""NetworkExplorer from Python: maps against PyTorch, numbers taken apart, what is sent and when."""

import json

import numpy as np
import pytest

from cnnlab import Network, Sequential, datasets, display, features, layers, zoo
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import (
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    MaxPool2D,
    ReLU,
    Softmax,
)
from cnnlab.layers.rescaling import Rescaling
from cnnlab.widgets import NetworkExplorer
from cnnlab.widgets.shared import ink, looking

DIGITS = datasets.digits().test


@pytest.fixture(scope="module")
def lenet():
    return zoo.pretrained("lenet5")


def noise(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def unpacked(about, packed):
    """Read the bytes of an answer as its docstring has them: ranges first, then steps."""
    data, at, read = bytes(packed), 0, []
    for part in about["parts"]:
        ranges = np.frombuffer(data, np.float32, 2 * part["count"], at).reshape(-1, 2)
        read.append([part, ranges])
        at += 8 * part["count"]
    for one in read:
        part = one[0]
        shape = (part["count"], part["height"], part["width"], part.get("channels", 1))
        one.append(np.frombuffer(data, np.uint8, int(np.prod(shape)), at).reshape(shape))
        at += int(np.prod(shape))
    assert at == len(data)
    return read


# -- Maps -----------------------------------------------------------------------------------------


def test_every_map_of_lenet_is_that_of_forward_and_of_pytorch(lenet):
    torch = pytest.importorskip("torch")
    image = noise((28, 28, 1)) / 8
    explorer = NetworkExplorer(lenet, image)
    forward = lenet.forward(image[None])
    foreign, x = [], torch.tensor(image.transpose(2, 0, 1)[None])
    for module in lenet.to_torch():
        x = module(x)
        # A layer with its activation is two modules there: the later one counts.
        if isinstance(module, torch.nn.ReLU):
            foreign.pop()
        found = x.detach().numpy()[0]
        foreign.append(found.transpose(1, 2, 0) if found.ndim == 3 else found)
    ours = explorer.maps
    assert list(ours) == list(forward)
    named = dict(zip(ours, foreign, strict=True))
    for name, maps in ours.items():
        assert np.array_equal(maps, forward[name][0]), name
        if name != "flatten_1":  # numbered the other way round there
            np.testing.assert_allclose(maps, named[name], atol=1e-4, err_msg=name)
    assert np.array_equal(np.sort(ours["flatten_1"]), np.sort(ours["max_pooling2d_2"].ravel()))
    np.testing.assert_allclose(explorer.scores, foreign[-1], atol=1e-4)
    softmax = torch.softmax(torch.tensor(foreign[-1]), 0).numpy()
    np.testing.assert_allclose(explorer.probabilities, softmax, atol=1e-5)


def test_a_network_from_pytorch_is_looked_into_layer_by_layer(page):
    torch = pytest.importorskip("torch")
    torch.manual_seed(5)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, stride=2, padding=1), torch.nn.BatchNorm2d(4), torch.nn.ReLU(),
        torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(4 * 4 * 3, 6),
    ).eval()  # fmt: skip
    image = noise((16, 12, 3))
    explorer = NetworkExplorer(Network.from_torch(module, (16, 12, 3)), image)
    x = torch.tensor(image.transpose(2, 0, 1)[None])
    np.testing.assert_allclose(explorer.scores, module(x).detach()[0], atol=1e-5)
    maps = module[:3](x).detach().numpy()[0].transpose(1, 2, 0)
    explorer.layer, explorer.unit, explorer.at = "max_pooling2d_1", 3, (1, 2)
    assert explorer.explain()["value"] == pytest.approx(maps[2:4, 4:6, 3].max(), abs=1e-5)
    assert page(explorer, "frame")[0]["scores"]["of"] == 6


@pytest.mark.parametrize("colours", ["layer", "map"])
def test_one_answer_brings_all_maps_as_bytes(lenet, page, colours):
    explorer = NetworkExplorer(lenet, noise((28, 28)), colours=colours)
    about, (packed,) = page(explorer, "frame")
    assert about["done"] == len(lenet.sequential)
    parts = unpacked(about, packed)
    assert [part["layer"] for part, *_ in parts] == list(range(-1, 8))
    for (part, ranges, steps), (name, maps) in zip(parts[1:], explorer.maps.items(), strict=True):
        volume = maps if maps.ndim == 3 else maps[None, None]
        assert part["count"] == volume.shape[2], name
        for k in range(part["count"]):
            each = colours == "map" and maps.ndim == 3
            limit = display.limit_of(volume[..., k]) if each else display.limit_of(maps)
            expected = display.levels(volume[..., k], "blue_red", limit)
            assert np.array_equal(steps[k, ..., 0], expected), (name, k)
            assert ranges[k].tolist() == [volume[..., k].min(), volume[..., k].max()]


def test_large_maps_come_averaged_and_one_by_one_as_they_are(page):
    net = Network(Sequential([Conv2D(3, 3)], (66, 40, 1)), seed=1)
    explorer = NetworkExplorer(net, noise((66, 40)))
    about, (packed,) = page(explorer, "frame")
    ((_, _, steps),) = unpacked(about, packed)[1:]
    maps = explorer.maps["conv2d_1"]  # 64x38: two by two pixels
    averages = maps.reshape(32, 2, 19, 2, 3).mean((1, 3))
    expected = display.levels(averages[..., 2], "blue_red", display.limit_of(maps))
    assert np.abs(steps[2, ..., 0].astype(int) - expected).max() <= 1
    explorer.layer, explorer.unit = "conv2d_1", 2
    about, (packed,) = page(explorer, "frame", token=about["token"], have=1, seq=2)
    ((part, _, steps),) = unpacked(about, packed)
    assert (part["height"], part["width"], part["first"]) == (64, 38, 2)
    whole = display.levels(maps[..., 2], "blue_red", display.limit_of(maps))
    assert np.array_equal(steps[0, ..., 0], whole)


def test_uneven_squares_are_averages_too():
    maps = noise((5, 3, 2))
    small = looking.reduced(maps, 2)
    assert small.shape == (2, 2, 1)
    np.testing.assert_allclose(small[1, 0, 0], maps[:3, :, 1].mean(), atol=1e-6)
    np.testing.assert_allclose(small[1, 1, 0], maps[3:, :, 1].mean(), atol=1e-6)


def test_a_large_network_answers_layer_by_layer(page, monkeypatch):
    monkeypatch.setattr("cnnlab.widgets.NetworkExplorer._moment", 0)
    net = Network(Sequential([Conv2D(4), Conv2D(4), MaxPool2D()], (12, 12, 3)))
    explorer = NetworkExplorer(net, noise((12, 12, 3)))
    explorer.image = noise((12, 12, 3), 1)
    done, token = 0, None
    for seq in (1, 2, 3):
        about, _ = page(explorer, "frame", token=token, have=done, seq=seq)
        assert (about["begin"], about["done"]) == (done, seq)
        done, token = about["done"], about["token"]
    explorer.image = noise((12, 12, 3), 2)  # what the page has belongs to another picture
    about, _ = page(explorer, "frame", token=token, have=done, seq=4)
    assert (about["begin"], about["done"]) == (0, 1)


def test_weights_that_change_are_looked_at_anew(page):
    net = Network(Sequential([Flatten(), Dense(2)], (2, 2, 1)))
    explorer = NetworkExplorer(net, np.ones((2, 2)))
    before = explorer.scores
    token = page(explorer, "frame")[0]["token"]
    net.parameters = {name: 2 * array for name, array in net.parameters.items()}
    np.testing.assert_allclose(explorer.scores, 2 * before, rtol=1e-6)
    about, _ = page(explorer, "frame", token=token, have=2, seq=2)
    assert about["begin"] == 0


def test_a_page_of_a_wide_layer_brings_the_maps_that_are_seen(page):
    net = Network(Sequential([Conv2D(80)], (6, 6, 1)))
    explorer = NetworkExplorer(net, noise((6, 6)), layer="conv2d_1")
    about, (packed,) = page(explorer, "frame", page=64)
    overview, shown = unpacked(about, packed)[1:]
    assert (overview[0]["count"], shown[0]["first"], shown[0]["count"]) == (64, 64, 16)
    assert np.array_equal(shown[1][:, 1], explorer.maps["conv2d_1"][..., 64:].max((0, 1)))


# -- One number taken apart -----------------------------------------------------------------------

ALL = Sequential(
    [
        Rescaling(0.5, offset=-0.25),
        Conv2D(3, (3, 2), stride=(2, 1), padding=(2, 1), activation="elu"),
        BatchNorm(), ReLU(), AvgPool2D(2, stride=1, padding=1), MaxPool2D(3, stride=2, padding=1),
        Conv2D(8, 1, bias=False), Dropout(0.5), Flatten(), Dense(5, activation="tanh"), Dense(4),
        Softmax(),
    ],
    (11, 9, 3),
)  # fmt: skip


@pytest.fixture(scope="module")
def net():
    made = Network(ALL, seed=3)
    rng = np.random.default_rng(4)
    made.parameters = {
        name: array + rng.uniform(0.1, 0.4, array.shape) for name, array in made.parameters.items()
    }
    return made


def result(told, layer):
    """Do the arithmetic that is told, by other means than the widget's."""
    match told["kind"]:
        case "convolution":
            slices = sum(one["sum"] for one in told["slices"])
            for one in told["slices"]:
                pixels = [0 if x is None else x for row in one["pixels"] for x in row]
                weights = [w for row in one["weights"] for w in row]
                assert one["sum"] == pytest.approx(np.dot(pixels, weights), abs=1e-5)
            total = slices + told["rest"] + told["bias"]
        case "dense":
            for one in told["terms"]:
                assert one["value"] == pytest.approx(np.prod(one["factors"]), abs=1e-6)
            total = sum(one["value"] for one in told["terms"]) + told["rest"] + told["bias"]
        case "largest":
            return max(x for row in told["pixels"] for x in row if x is not None)
        case "average":
            return told["sum"] / told["of"]
        case "function":
            return max(0, told["input"])
        case "softmax":
            return np.exp(told["input"] - told["largest"]) / told["sum"]
        case "normalization":
            deviation = np.sqrt(told["variance"] + told["epsilon"])
            return (told["input"] - told["mean"]) / deviation * told["scale"] + told["shift"]
        case "rescaling":
            return told["input"] * told["scale"] + told["shift"]
        case "dropout":
            return told["input"]
        case "taken":
            return None
    assert total == pytest.approx(told["sum"], abs=1e-4)
    functions = {"elu": lambda x: x if x > 0 else np.expm1(x), "tanh": np.tanh, None: lambda x: x}
    return functions[layer.activation](total)


def test_every_kind_of_layer_is_taken_apart_so_that_the_sum_is_right(net):
    explorer = NetworkExplorer(net, noise((11, 9, 3)))
    outputs = net.forward(explorer.network_input[None])
    kinds = set()
    for row in ALL:
        explorer.layer = row.name
        shape = row.output_shape
        for unit in {0, 1, shape[-1] - 1}:
            explorer.unit = unit
            places = (
                [(0, 0), (shape[0] - 1, 0), (shape[0] // 2, shape[1] - 1)] if shape[2:] else [None]
            )
            for place in places:
                explorer.at = place
                told = explorer.explain()
                where = (*place, unit) if place else (unit,)
                assert told["value"] == pytest.approx(outputs[row.name][0][where], abs=1e-6)
                expected = result(told, row.layer)
                if expected is not None:
                    assert told["value"] == pytest.approx(expected, abs=1e-4), (row.name, where)
                kinds.add(told["kind"])
                json.dumps(told, allow_nan=False)
    assert len(kinds) == 10


def test_what_a_number_does_not_depend_on_changes_nothing(net):
    image = noise((11, 9, 3))
    explorer = NetworkExplorer(net, image, layer="conv2d_2", unit=4, at=(1, 1))
    before, told = explorer.explain()["value"], explorer.explain()
    top, left, bottom, right = told["fields"]["input"]
    outside = np.ones(image.shape, bool)
    outside[top:bottom, left:right] = False
    assert outside.any()
    other = np.where(outside, 5 * noise(image.shape, 8), image)
    explorer.image = other
    explorer.at = (1, 1)
    assert explorer.explain()["value"] == before
    explorer.image = np.where(outside, image, 5 * noise(image.shape, 8))
    explorer.at = (1, 1)
    assert explorer.explain()["value"] != before


def test_a_number_of_a_flat_vector_is_traced_to_the_one_place_it_came_from(net):
    shape = ALL.row("dropout_1").output_shape
    place = (2, 1, 5)
    explorer = NetworkExplorer(
        net, noise((11, 9, 3)), layer="flatten_1", unit=int(np.ravel_multi_index(place, shape))
    )
    told = explorer.explain()
    assert told["from"] == list(place)
    assert told["value"] == explorer.maps["dropout_1"][place]
    assert told["only"] == {"dropout_1": 5, "conv2d_2": 5}
    expected = features.receptive_fields(net, "conv2d_2", 2, 1)
    assert {
        name: tuple(box) for name, box in told["fields"].items() if name in expected
    } == expected


def test_below_a_pooling_one_map_counts(lenet):
    explorer = NetworkExplorer(lenet, layer="max_pooling2d_2", unit=7)
    assert explorer.explain()["only"] == {"conv2d_2": 7}


def test_a_layer_by_somebody_else_shows_its_number():
    class Double(layers.Layer):
        def forward(self, parameters, x, *, training=False, rng=None):
            return 2 * x, None

        def backward(self, parameters, cache, grad_output):
            return 2 * grad_output, {}

    net = Network(Sequential([Double()], (3, 4, 1)))
    explorer = NetworkExplorer(
        net, np.arange(12).reshape(3, 4), layer="double_1", unit=0, at=(1, 2)
    )
    told = explorer.explain()
    assert (told["kind"], told["value"], told["name"]) == ("other", 12, "Double")


def test_without_a_place_it_is_the_strongest_of_the_map(lenet):
    explorer = NetworkExplorer(lenet, layer="conv2d_2", unit=3)
    maps = explorer.maps["conv2d_2"][..., 3]
    assert explorer.place == np.unravel_index(np.abs(maps).argmax(), maps.shape)
    explorer.at = (1, 2)
    assert explorer.place == (1, 2)
    explorer.unit = 4
    assert explorer.at is None
    explorer.layer = "dense_1"
    assert explorer.unit is explorer.place is None


def test_global_averages_and_vectors_without_a_softmax_of_classes():
    net = Network(Sequential([Conv2D(2), GlobalAvgPool2D()], (5, 4, 1)))
    explorer = NetworkExplorer(net, noise((5, 4)), layer="global_average_pooling2d_1", unit=1)
    told = explorer.explain()
    assert told["value"] == pytest.approx(told["sum"] / 6, abs=1e-6)
    assert told["only"] == {"conv2d_1": 1}


# -- Pictures -------------------------------------------------------------------------------------


def test_a_drawing_is_scaled_and_centred_as_mnist_does(lenet):
    drawing = np.zeros((128, 128), np.float32)
    drawing[10:70, 90:100] = drawing[60:70, 70:100] = 1  # a hook, high up on the right
    explorer = NetworkExplorer(lenet, drawing)
    made = explorer.network_input[..., 0]
    rows = np.flatnonzero((made > 0.2).any(1))
    assert np.ptp(rows) + 1 == 20
    assert abs((made.sum(1) @ np.arange(28)) / made.sum() - 13.5) <= 0.6
    assert abs((made.sum(0) @ np.arange(28)) / made.sum() - 13.5) <= 0.6
    dark = NetworkExplorer(lenet, 1 - drawing).network_input  # ink on paper
    np.testing.assert_allclose(dark[..., 0], made, atol=1e-5)
    explorer.fitting = "whole"
    assert np.nonzero(explorer.network_input[..., 0] > 0.2)[0].max() < 16


def test_nothing_drawn_is_an_empty_input(lenet):
    assert not NetworkExplorer(lenet, np.zeros((128, 128))).network_input.any()


def test_the_share_of_a_picture_that_ink_takes_is_that_of_the_data():
    assert ink.share_of(DIGITS.images, 8) == pytest.approx(1, abs=0.02)
    framed = np.zeros((3, 20, 20, 1), np.float32)
    framed[:, 5:15, 8:12] = 1
    assert ink.share_of(framed, 20) == pytest.approx(0.5)


def test_an_image_of_the_networks_size_is_taken_as_it_is(lenet):
    image = noise((28, 28, 1)) * 3
    assert np.array_equal(NetworkExplorer(lenet, image).network_input, image)
    assert np.array_equal(NetworkExplorer(lenet, image[None]).network_input, image)


def test_a_photograph_comes_in_colour_or_grey_as_the_network_takes_it():
    deep = Network(zoo.deep_convnet())
    assert NetworkExplorer(deep, "astronaut").network_input.shape == (39, 39, 3)
    face = NetworkExplorer(zoo.pretrained("face_net"), "astronaut")
    assert face.network_input.shape == (25, 25, 1)
    assert face.class_names == ("other", "face")


def test_a_data_set_is_leafed_through_class_by_class(page):
    explorer = NetworkExplorer(zoo.pretrained("digits_net"), data=DIGITS)
    assert np.array_equal(explorer.network_input, DIGITS.images[0])
    sevens = np.flatnonzero(DIGITS.labels == 7).tolist()
    numbers, at = [], 0
    for seq, step in enumerate([1, 1, -1, -1], 1):
        at = page(explorer, "example", seq=seq, step=step, label=7, number=at)[0]["number"]
        numbers.append(at)
        assert np.array_equal(explorer.network_input, DIGITS.images[at])
    assert numbers == [sevens[0], sevens[1], sevens[0], sevens[-1]]
    answer = page(explorer, "example", seq=9, step=1, label=None, number=358)[0]
    assert answer["number"] == 0


# -- In and out -----------------------------------------------------------------------------------


def test_its_state_comes_back(lenet):
    explorer = NetworkExplorer(lenet, noise((28, 28)), layer="conv2d_1", unit=4, at=(3, 7))
    again = NetworkExplorer.from_state(json.dumps(explorer.state()))
    assert again.state() == explorer.state()
    assert again.explain() == explorer.explain()
    own = NetworkExplorer(Network(zoo.digits_net(), seed=1))
    with pytest.raises(DataError, match=r"does not ship; try NetworkExplorer.from_state\(state, n"):
        NetworkExplorer.from_state(own.state())
    assert NetworkExplorer.from_state(own.state(), own.network).network is own.network


@pytest.mark.parametrize("image", ["camera", None])
def test_its_code_computes_what_is_shown(image):
    explorer = NetworkExplorer(zoo.pretrained("face_net"), image, layer="conv2d_2", unit=9)
    names = {"explorer": explorer}
    exec(explorer.code(), names)  # noqa: S102 - our own code
    np.testing.assert_allclose(names["maps"], explorer.maps["conv2d_2"][..., 9], atol=1e-5)
    told = explorer.explain()
    assert names["value"] == pytest.approx(told["value"], abs=1e-5)
    assert list(names["field"]["input"]) == told["fields"]["input"]


def test_what_a_page_without_a_kernel_finds_holds_every_map(lenet):
    explorer = NetworkExplorer(lenet)
    parts = unpacked(explorer._kept, explorer._maps)
    assert [part["layer"] for part, *_ in parts] == list(range(-1, 8))
    assert len(explorer._maps) < 20_000
    assert explorer._kept["scores"]["best"] == explorer.scores.argmax()


def test_nothing_large_is_run_as_the_widget_is_made():
    class Never(layers.Layer):
        def multiply_adds(self, input_shape):
            return 10**9

        def forward(self, parameters, x, *, training=False, rng=None):
            raise AssertionError

        def backward(self, parameters, cache, grad_output):
            raise AssertionError

    explorer = NetworkExplorer(Network(Sequential([Never()], (4, 4, 1))), np.ones((4, 4)))
    assert not explorer._maps
    assert explorer._still().shape[2] == 3


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"layer": "conv9"}, DataError, "conv9"),
        ({"layer": 3}, DataError, "layer is the name of one, got 3; try layer='conv2d_1'"),
        ({"unit": 3}, DataError, "unit=3 needs a layer; try layer='conv2d_1', unit=0"),
        ({"layer": "conv2d_1", "unit": 6}, ShapeError, "conv2d_1 has 6 maps, .* got 6; try 5"),
        ({"layer": "dense_1", "unit": -1}, ShapeError, "dense_1 has 120 numbers"),
        ({"layer": "conv2d_1", "unit": 1.5}, DataError, "a whole number is needed, got 1.5"),
        ({"layer": "conv2d_1", "at": (0, 0)}, DataError, "at needs a unit with a map"),
        ({"layer": "conv2d_1", "unit": 0, "at": (0, 28)}, ShapeError, "28 columns, .* got 28"),
        ({"layer": "conv2d_1", "unit": 0, "at": 5}, DataError, r"at is \(row, column\), got 5"),
        ({"class_names": ["a"]}, DataError, "class_names has 1 names and the network gives 10"),
        ({"data": datasets.digits().test}, ShapeError, "8x8x1 and the network takes 28x28x1"),
        ({"units": 1}, TypeError, "did you mean 'unit'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(lenet, options, error, words):
    with pytest.raises(error, match=words):
        NetworkExplorer(lenet, **options)


def test_a_network_that_takes_no_picture_is_refused():
    with pytest.raises(ShapeError, match="which is no picture; NetworkExplorer needs an input"):
        NetworkExplorer(Network(Sequential([Dense(2)], (5,))))
    with pytest.raises(DataError, match="net"):
        NetworkExplorer("lenet5")


def test_its_still_and_its_words_tell_the_answer(lenet):
    explorer = NetworkExplorer(lenet)
    assert repr(explorer) == "NetworkExplorer(8 layers: 28x28x1 -> 10)"
    best = explorer.class_names[explorer.scores.argmax()]
    assert f": {best}, " in explorer._still_text()
    assert explorer._still().dtype == np.uint8
