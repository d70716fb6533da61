"""ShapeCalculator from Python: sizes by hand and by PyTorch, chains, settings, code."""

import base64
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cnnlab import Sequential, shapes, zoo
from cnnlab.errors import ShapeError
from cnnlab.layers import Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU
from cnnlab.widgets import ShapeCalculator
from tests.layers.own import Own

# -- Numbers known from elsewhere -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"size": 8, "window": 3, "stride": 2}, 3),  # not 3.5, not 4
        ({"size": 7, "window": 3, "stride": 2, "padding": 1}, 4),  # the first window, then jumps
        ({"size": 8, "window": 5, "padding": 2}, 8),  # two on each side
        ({"size": 8, "window": 5, "padding": 4}, 12),
        ({"size": 5, "window": 3, "padding": 1}, 5),  # one ring of zeros
        ({"size": 8, "window": 4, "padding": "same"}, 8),  # not 9
        ({"size": 7, "window": 3, "stride": 2, "padding": "same"}, 4),  # not 7
        ({"size": 32, "window": 3, "dilation": 2, "padding": 1}, 30),  # not 32, not 29
        ({"size": 8, "window": 3, "stride": 3}, 2),  # a pooling whose stride is not said
        ({"size": 6, "window": 3, "stride": 2}, 2),  # Caffe's poolings say 3
    ],
)
def test_the_questions_that_learners_get_wrong_come_out_right(settings, expected):
    assert ShapeCalculator(**settings).output_size == (expected, expected)


def test_an_odd_number_of_zeros_is_lopsided():
    settings = ShapeCalculator(8, 4, padding="same").answer_frame(None)[0]["axes"][1]
    assert settings["zeros"] == [1, 2]


def test_tensorflows_same_and_the_symmetric_one_agree_on_not_one_number():
    calculator = ShapeCalculator(6, 3, stride=2, padding="same")
    assert calculator.sums.tolist() == [6, 12, 11]
    assert calculator.symmetric_sums.tolist() == [3, 9, 15]


def test_a_window_starts_where_the_stride_says():
    assert ShapeCalculator(7, 3, stride=2).sums.tolist() == [6, 12, 18]  # not [6, 9, 12]


def test_what_is_dropped_is_counted_and_named():
    calculator = ShapeCalculator((8, 7), 3, stride=2)
    assert calculator.dropped == (1, 0)
    axes = calculator.answer_frame(None)[0]["axes"]
    assert [axis["untouched"] for axis in axes] == [[7], []]


def test_any_window_gives_the_sums_of_pytorch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    for _ in range(80):
        size, window, stride, dilation = rng.integers(1, (20, 6, 4, 4)).tolist()
        padding, row = int(rng.integers(4)), rng.integers(-9, 10, size).astype(np.float32)
        how = {"stride": stride, "padding": padding, "dilation": dilation}
        calculator = ShapeCalculator(size, window, row=row, **how)
        tensor, ones = torch.tensor(row)[None, None], torch.ones(1, 1, window)
        try:
            expected = torch.nn.functional.conv1d(tensor, ones, **how)[0, 0].numpy()
        except RuntimeError:
            with pytest.raises(ShapeError, match="does not fit"):
                _ = calculator.output_size
            continue
        assert calculator.output_size == (len(expected), len(expected))
        np.testing.assert_allclose(calculator.sums, expected, atol=1e-5)


def test_the_padding_has_a_value_and_the_row_numbers_of_its_own():
    calculator = ShapeCalculator(4, 3, padding=1, pad_value=-2, row=[0.5, 7])
    assert calculator.sums.tolist() == [5.5, 10.5, 14, 5]  # -2 0.5 7 3 4 -2
    calculator.size = 2
    assert calculator.sums.tolist() == [5.5, 5.5]
    calculator.size = 3
    assert calculator.row.tolist() == [0.5, 7]  # what a smaller size hides is not lost


# -- Height and width -----------------------------------------------------------------------------


def test_height_and_width_may_differ_in_everything():
    calculator = ShapeCalculator(
        (20, 9), (5, 2), stride=(3, 1), padding=(1, 0), dilation=(2, 4), column=np.zeros(20)
    )
    assert calculator.output_size == (
        shapes.output_size(20, 5, 3, 1, 2),
        shapes.output_size(9, 2, 1, 0, 4),
    )
    axes = calculator.answer_frame(None)[0]["axes"]
    assert set(axes[0]["sums"]) == {0}
    assert axes[1]["sums"] == [6, 8, 10, 12, 14]  # 1 + 5, 2 + 6, ...
    assert calculator.state()["settings"]["size"] == [20, 9]
    assert calculator.stride == (3, 1)


# -- Chains ---------------------------------------------------------------------------------------


def test_the_decks_network_comes_out_row_for_row():
    network = zoo.deck_network()
    chain = ShapeCalculator(150, layers=network.layers)
    assert chain.view == "chain"
    assert chain.output_shapes == [
        (148, 148, 32), (74, 74, 32), (72, 72, 32), (36, 36, 32), (34, 34, 64), (32, 32, 64),
        (16, 16, 64), (16, 16, 64), (16384,), (512,), (512,), (10,),
    ]  # fmt: skip
    fields = [entry["field"][0] for entry in chain.answer_frame(None)[0]["chain"]]
    assert fields == [3, 4, 8, 10, 18, 26, 30, 30, 30, 150, 150, 150]
    assert chain.receptive_field == (150, 150)


def test_the_deep_convnet_of_the_notes_comes_out():
    chain = ShapeCalculator(39, channels=3, layers=zoo.deep_convnet().layers)
    assert chain.output_shapes == [(37, 37, 10), (17, 17, 20), (7, 7, 40), (1960,), (10,)]
    chain.layers = chain.layers[:3]
    assert chain.receptive_field == (15, 15)  # 1 + 2 + 4 + 2 * 4


def test_layers_are_read_back_as_they_were_set():
    layers = [Conv2D(4, (3, 5), stride=(2, 1), activation="relu"), MaxPool2D(3, 2), Dropout(0.1)]
    chain = ShapeCalculator(30, layers=layers)
    assert chain.layers == tuple(layers)
    chain.layers = [ReLU()]
    assert chain.output_shapes == [(30, 30, 1)]
    chain.layers = []
    assert (chain.output_shapes, chain.receptive_field) == ([], (1, 1))


def test_the_first_layer_that_does_not_fit_is_named_and_all_before_it_is_kept(page):
    chain = ShapeCalculator(6, layers=[Conv2D(2, 3), MaxPool2D(2), Conv2D(2, 5), Flatten()])
    with pytest.raises(ShapeError, match=r"layer 3, Conv2D, .*a 5x5 filter does not fit in a 2x2"):
        _ = chain.output_shapes
    entries = page(chain, "frame")[0]["chain"]
    assert [entry.get("shape") for entry in entries] == [[4, 4, 2], [2, 2, 2], None]
    assert "use padding >= 2" in entries[-1]["error"]
    assert repr(chain) == "ShapeCalculator(6x6x1 -> 4x4x2 -> 2x2x2 -> ?)"
    chain.layers = [Conv2D(2, 3), Dense(3)]
    with pytest.raises(ShapeError, match="put Flatten"):
        _ = chain.receptive_field


# -- Settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("size", 0, r"size must be at least 1, got 0"),
        ("size", 600, r"size can be 1 to 512 here, got 600; try size=512"),
        ("window", (3, 40), r"window can be 1 to 32 here, got \(3, 40\)"),
        ("stride", 1.5, r"stride must be a whole number or a pair"),
        ("padding", "full", r'padding must be "same", "valid" or a number of zeros per side'),
        ("padding", -1, r"padding must be at least 0"),
        ("row", [[1, 2]], r"row must be a line of finite numbers"),
        ("row", [np.nan], r"row must be a line of finite numbers"),
        ("row", "abc", r"row must be a line of finite numbers"),
        ("column", np.zeros(65), r"column can have 64 numbers at the most, got 65"),
        ("pad_value", np.inf, r"pad_value must be a finite number"),
        ("layers", 3, r"layers must be a list, got 3"),
        ("layers", ["conv"], r"layers must be layers, got 'conv'; try layers=\[Conv2D"),
        ("layers", [Own()], r"layers can hold the layers of cnnlab.layers, got"),
        ("layers", [ReLU()] * 41, r"layers can hold 40 layers at the most, got 41"),
        ("layers", [{"layer": "Conv2D", "size": 3}], r"Conv2D cannot be made of"),
        ("view", "both", r"view is one of window, chain"),
    ],
)
def test_what_makes_no_sense_is_refused(setting, value, message):
    with pytest.raises(ValueError, match=message):
        ShapeCalculator(**{setting: value})


def test_a_window_that_does_not_fit_is_said_in_words(page):
    calculator = ShapeCalculator((9, 3), 5)
    with pytest.raises(ShapeError, match="a window of 5 pixels does not fit in 3 pixels; use padd"):
        _ = calculator.output_size
    axes = page(calculator, "frame")[0]["axes"]
    assert axes[0]["outputs"] == 5
    assert "does not fit in 3 pixels" in axes[1]["error"]
    assert repr(calculator).endswith("dilation 1: it does not fit)")
    assert "does not fit" in calculator._still_text()


def test_a_situation_is_handed_on():
    calculator = ShapeCalculator(
        (9, 8), 3, padding=(1, 0), row=[1.5], pad_value=0.1, layers=zoo.lenet5().layers
    )
    again = ShapeCalculator.from_state(json.dumps(calculator.state(), allow_nan=False))
    assert again.state() == calculator.state()
    assert again.layers == calculator.layers
    calculator.padding = "valid"
    assert ShapeCalculator.from_state(calculator.state()).padding == "valid"
    calculator.reset()
    assert calculator.padding == (1, 0)


def test_a_page_sets_everything_and_is_answered_with_it(page):
    calculator = ShapeCalculator()
    wanted = ShapeCalculator(
        (30, 28), (5, 3), stride=2, padding="same", dilation=(1, 2), layers=[Conv2D(3, 5)]
    )
    answer, _ = page(calculator, "frame", settings=wanted.state()["settings"])
    assert calculator.state() == wanted.state()
    assert calculator.layers == (Conv2D(3, 5),)
    assert answer.items() >= wanted.answer_frame(None)[0].items()


def test_the_presets_are_networks_of_the_zoo():
    presets = {one["title"]: one for one in ShapeCalculator()._page_facts()["presets"]}
    assert presets["LeNet-5, 28x28"]["size"] == 28
    for one in presets.values():
        chain = ShapeCalculator(
            one["size"], channels=one["channels"], layers=one["layers"], view="chain"
        )
        expected = Sequential(chain.layers, (*shapes.pair(one["size"], "size"), one["channels"]))
        assert chain.output_shapes == [row.output_shape for row in expected]


# -- In words -------------------------------------------------------------------------------------


@pytest.mark.parametrize("padding", [0, 2, "same", "valid", (0, 1)])
def test_the_code_gives_the_same_numbers(padding):
    calculator = ShapeCalculator(
        (9, 8), (4, 3), stride=(1, 2), padding=padding, row=[5, -1], pad_value=2
    )
    made = {}
    exec(calculator.code(), made)  # noqa: S102 - running it is the test
    assert (made["rows"], made["columns"]) == calculator.output_size
    assert made["dropped"] == calculator.dropped
    assert (made["sums"] == calculator.sums).all()


def test_the_code_of_a_chain_gives_the_same_sizes():
    chain = ShapeCalculator(
        (20, 31), channels=2, layers=[Conv2D(3, (3, 2), padding="same"), ReLU()]
    )
    made = {}
    exec(chain.code(), made)  # noqa: S102 - running it is the test
    assert made["sizes"] == chain.output_shapes
    assert made["fields"][-1] == chain.receptive_field
    chain.layers = ()
    exec(chain.code(), made)  # noqa: S102 - running it is the test
    assert made["sizes"] == []


def test_without_a_page_there_is_a_still_picture_and_text():
    for calculator, words in (
        (ShapeCalculator(8, 3, stride=2), "no window reaches pixel 7"),
        (ShapeCalculator((8, 5), 3, padding="same"), "down: a window reaches every pixel"),
        (ShapeCalculator(3, 5), "does not fit"),
        (ShapeCalculator(28, layers=zoo.lenet5().layers), "one number sees 5x5, 6x6"),
        (ShapeCalculator(28, layers=[]), "28x28x1"),
    ):
        data, metadata = calculator._repr_mimebundle_() or ({}, {})
        assert data["text/plain"] == repr(calculator)
        assert words in metadata["image/jpeg"]["alt"]
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))))
        assert picture.shape[1] == 640
        assert picture.std() > 5


def test_a_cell_shows_its_widget_before_numba_is_loaded():
    code = (
        "import sys; from cnnlab import widgets, zoo\n"
        "widgets.ShapeCalculator(6, padding='same')._repr_mimebundle_()\n"
        "widgets.ShapeCalculator(28, layers=zoo.lenet5().layers)._repr_mimebundle_()\n"
        "print(sys.modules.keys() & {'numba', 'scipy', 'matplotlib'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
