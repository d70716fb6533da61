"""NetworkBuilder from Python: networks in and out, sums from papers, what does not fit."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from cnnlab import Sequential, zoo
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU
from cnnlab.widgets import NetworkBuilder
from cnnlab.widgets.shared.printed import PRINTED
from tests.layers.own import Own

# -- A network in, a network out ------------------------------------------------------------------


@pytest.mark.parametrize("name", zoo.NETWORKS)
def test_every_network_of_the_zoo_goes_in_and_comes_out(name):
    builder = NetworkBuilder(name)
    assert builder.network == zoo.build(name)
    other = NetworkBuilder()
    other.network = zoo.build(name)
    assert other.network == builder.network
    other.network = "deck"
    assert other.network == zoo.deck_network()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("deck", 8_459_242), ("lenet5", 61_706), ("alexnet", 62_378_344), ("vgg16", 138_357_544)],
)
def test_the_sums_are_those_of_the_papers(name, parameters):
    assert NetworkBuilder(name).network.num_parameters == parameters


def test_the_decks_table_comes_out_row_for_row(page):
    rows = page(NetworkBuilder("deck"), "frame")[0]["rows"]
    counted = [(tuple(row["shape"]), row["parameters"]) for row in rows]
    assert counted == [
        ((148, 148, 32), 320), ((74, 74, 32), 0), ((72, 72, 32), 9_248), ((36, 36, 32), 0),
        ((34, 34, 64), 18_496), ((32, 32, 64), 36_928), ((16, 16, 64), 0), ((16, 16, 64), 0),
        ((16384,), 0), ((512,), 8_389_120), ((512,), 0), ((10,), 5_130),
    ]  # fmt: skip


def test_vgg16_holds_its_parameters_in_dense_layers_and_works_in_convolutions():
    builder = NetworkBuilder("vgg16")
    network = builder.network
    dense = sum(row.parameters for row in network if isinstance(row.layer, Dense))
    products = sum(row.multiply_adds for row in network if isinstance(row.layer, Conv2D))
    assert round(100 * dense / network.num_parameters) == 89
    assert round(100 * products / network.multiply_adds) == 99
    assert builder.activation_values == 15_237_608  # the course prints 24 million


def test_without_a_network_it_is_the_pattern():
    builder = NetworkBuilder(input_shape=(28, 20, 1), classes=7, N=1, M=2, K=2, pool=False)
    assert builder.network == Sequential.pattern((28, 20, 1), 7, 1, 2, 2, pool=False)
    builder.K = 0
    builder.filters = 5
    assert builder.network == Sequential.pattern((28, 20, 1), 7, 1, 2, 0, pool=False, filters=5)


def test_pattern_and_layers_are_both_kept():
    builder = NetworkBuilder("lenet5", N=1)
    builder.mode = "pattern"
    assert builder.network == Sequential.pattern((28, 28, 1), 10, N=1)
    builder.mode = "layers"
    assert builder.network == zoo.lenet5()


def test_input_and_classes_of_a_network_can_be_others():
    builder = NetworkBuilder("vgg16", input_shape=(64, 64, 3), classes=5)
    assert builder.network.output_shape == (5,)
    assert builder.network.rows[0].output_shape == (64, 64, 64)
    flat = NetworkBuilder(Sequential([Dense(3), ReLU()], input_shape=(8,)))
    assert flat.network.num_parameters == 27


# -- What does not fit ----------------------------------------------------------------------------


def test_an_impossible_layer_is_named_and_nothing_is_lost(page):
    layers = [Conv2D(8, 3), MaxPool2D(2), Dense(10), ReLU()]
    builder = NetworkBuilder(layers=layers)
    with pytest.raises(ShapeError, match=r"dense_1 \(Dense\), layer 3.*put Flatten\(\) before it"):
        _ = builder.network
    answer = page(builder, "frame")[0]
    assert [row["shape"] for row in answer["rows"]] == [[30, 30, 8], [15, 15, 8]]
    assert answer["unfit"] == "Dense needs a flat vector, got (15, 15, 8); put Flatten() before it"
    assert builder.layers == tuple(layers)
    assert repr(builder) == "NetworkBuilder(4 layers: 32x32x3 -> ?, layer 3 does not fit)"
    assert builder.code().startswith("# This raises a ShapeError: Dense needs a flat vector")
    builder.layers = [*layers[:2], Flatten(), *layers[2:]]
    assert builder.network.output_shape == (10,)


def test_a_pattern_that_pools_too_often_says_so(page):
    builder = NetworkBuilder(input_shape=(4, 4, 1))
    assert "does not fit in a 1x1 image" in page(builder, "frame")[0]["unfit"]
    builder.M = 2
    assert page(builder, "frame")[0]["unfit"] == ""


# -- Budgets and ledgers --------------------------------------------------------------------------


def test_budgets_tell_by_how_much_they_are_exceeded():
    builder = NetworkBuilder("lenet5", parameter_budget=61_706, work_budget=416_519)
    assert builder.over_budget == {"multiply_adds": 1}
    builder.parameter_budget, builder.work_budget = 61_705, None
    assert builder.over_budget == {"parameters": 1}


def test_what_is_printed_has_a_line_for_each_layer_and_the_sums_of_its_source():
    for name, ledger in PRINTED.items():
        assert len(ledger.rows) == len(zoo.build(name)), name
    lenet = PRINTED["lenet5"]
    assert sum(filter(None, lenet.rows)) == lenet.total == 60_000
    ours = [row.activation_bytes // 4 for row in zoo.alexnet()]
    printed = PRINTED["alexnet"].rows
    differs = [k for k, one in enumerate(printed) if one not in {None, ours[k]}]
    assert differs == [0]
    assert (ours[0], printed[0]) == (290_400, 253_440)


# -- Settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("network", "resnet", r"there is no network 'resnet' in the zoo; try one of lenet5"),
        ("network", 3, r"network must be a Sequential or a name of the zoo, got 3"),
        ("input_shape", (3, 3), r"input_shape must be \(height, width, channels\) or \(numbers,\)"),
        ("input_shape", (2000, 3, 3), r"each number of input_shape can be 1 to 1024 here"),
        ("classes", 0, r"classes must be at least 1"),
        ("N", 9, r"N can be 1 to 5 here, got 9"),
        ("K", -1, r"K must be at least 0"),
        ("pool", 1, r"pool is True or False"),
        ("layers", [Own()], r"layers can hold the layers of cnnlab.layers"),
        ("layers", [ReLU()] * 81, r"layers can hold 80 layers at the most, got 81"),
        ("parameter_budget", 0, r"parameter_budget must be at least 1, got 0"),
        ("work_budget", "much", r"work_budget must be a whole number"),
        ("mode", "both", r"mode is one of pattern, layers"),
    ],
)
def test_what_makes_no_sense_is_refused(setting, value, message):
    with pytest.raises((DataError, ShapeError), match=message):
        NetworkBuilder(**{setting: value})


def test_a_situation_is_handed_on_and_a_page_sets_everything(page):
    wanted = NetworkBuilder("alexnet", parameter_budget=10**6, bars="running", printed=True)
    again = NetworkBuilder.from_state(json.dumps(wanted.state(), allow_nan=False))
    assert again.state() == wanted.state()
    assert again.network == zoo.alexnet()
    builder = NetworkBuilder()
    answer, _ = page(builder, "frame", settings=wanted.state()["settings"])
    assert builder.network == zoo.alexnet()
    assert answer.items() >= wanted.answer_frame(None)[0].items()
    builder.reset()
    assert builder.network == Sequential.pattern((32, 32, 3), 10)


# -- In words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "builder",
    [
        NetworkBuilder("vgg16"),
        NetworkBuilder(N=1, M=2, K=2, pool=False, classes=3),
        NetworkBuilder("lenet5", classes=4),
        NetworkBuilder(layers=[Conv2D(4, (3, 2), bias=False), BatchNorm(), Dropout(0.2)]),
    ],
)
def test_the_code_builds_this_very_network(builder, capsys):
    made = {}
    exec(builder.code(), made)  # noqa: S102 - running it is the test
    assert made["network"] == builder.network
    assert f"Total params: {builder.network.num_parameters:,}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("builder", "words"),
    [
        (NetworkBuilder("deck"), "conv2d_2 72x72x32"),
        (NetworkBuilder(layers=[Dense(3)]), "put Flatten() before it"),
        (NetworkBuilder(layers=[]), "NetworkBuilder(0 layers: 32x32x3)"),
    ],
)
def test_without_a_page_there_is_a_still_picture_and_text(builder, words):
    data, metadata = builder._repr_mimebundle_() or ({}, {})
    assert data["text/plain"] == repr(builder)
    assert words in metadata["image/jpeg"]["alt"]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))))
    assert picture.shape[1] == 640
    assert picture.std() > 5
