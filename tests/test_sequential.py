import tracemalloc

import numpy as np
import pytest

from cnnlab import Sequential, zoo
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import BatchNorm, Conv2D, Dense, Flatten, GlobalAvgPool2D, MaxPool2D, ReLU

# Layer, shape and count as the source deck prints them (note 004); numbers restart at 1.
DECK = [
    ("conv2d_1 (Conv2D)", "(None, 148, 148, 32)", "320"),
    ("max_pooling2d_1 (MaxPooling2D)", "(None, 74, 74, 32)", "0"),
    ("conv2d_2 (Conv2D)", "(None, 72, 72, 32)", "9248"),
    ("max_pooling2d_2 (MaxPooling2D)", "(None, 36, 36, 32)", "0"),
    ("conv2d_3 (Conv2D)", "(None, 34, 34, 64)", "18496"),
    ("conv2d_4 (Conv2D)", "(None, 32, 32, 64)", "36928"),
    ("max_pooling2d_3 (MaxPooling2D)", "(None, 16, 16, 64)", "0"),
    ("dropout_1 (Dropout)", "(None, 16, 16, 64)", "0"),
    ("flatten_1 (Flatten)", "(None, 16384)", "0"),
    ("dense_1 (Dense)", "(None, 512)", "8389120"),
    ("dropout_2 (Dropout)", "(None, 512)", "0"),
    ("dense_2 (Dense)", "(None, 10)", "5130"),
]


def test_the_summary_of_the_deck_network_is_the_table_of_the_deck(capsys):
    assert zoo.deck_network().summary() is None
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.strip("_=")]
    cells = [tuple(cell.strip() for cell in row.split("  ") if cell.strip()) for row in rows]
    assert cells[0] == ("Layer (type)", "Output Shape", "Param #")
    assert cells[1:13] == DECK
    assert rows[13:] == [
        "Total params: 8,459,242",
        "Trainable params: 8,459,242",
        "Non-trainable params: 0",
    ]


def test_running_averages_are_counted_as_not_trainable():
    stack = Sequential([Conv2D(4, bias=False), BatchNorm(), Flatten(), Dense(2)], (6, 6, 1))
    assert stack.num_parameters == 36 + 16 + 130
    assert stack.num_non_trainable == 8
    assert "Non-trainable params: 8" in stack.table()
    assert "batch_normalization_1 (BatchNormalization)" in stack.table()


def test_counting_vgg16_allocates_next_to_nothing():
    tracemalloc.start()
    stack = zoo.vgg16()
    counts = stack.num_parameters, stack.multiply_adds, stack.activation_bytes
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert counts[0] == 138_357_544
    assert counts[1] == 15_470_264_320  # the 15.5 G of the literature
    assert peak < 1_000_000  # the weights alone would be 553 MB


def test_costs_follow_from_the_shapes():
    stack = Sequential([Conv2D(2, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(5)], (6, 6, 1))
    assert stack.multiply_adds == 4 * 4 * 2 * 9 + 8 * 5
    assert stack.activation_bytes == 4 * (32 + 32 + 8 + 8 + 5)
    assert [row.multiply_adds for row in stack] == [288, 0, 0, 0, 40]


def test_the_receptive_field_grows_with_filters_and_faster_behind_strides():
    stack = Sequential(
        [Conv2D(2, 3), MaxPool2D(2), Conv2D(2, (3, 1)), Flatten(), Dense(2)], (9, 9, 1)
    )
    assert [row.receptive_field for row in stack] == [(3, 3), (4, 4), (8, 4), (8, 4), (9, 9)]
    assert stack.receptive_field == (8, 4)
    assert Sequential([GlobalAvgPool2D()], (9, 8, 1)).rows[0].receptive_field == (9, 8)


class TestPattern:
    def test_lays_the_layers_out_as_the_formula_says(self):
        stack = Sequential.pattern((32, 32, 3), classes=10, N=2, M=3, K=1)
        kinds = [row.layer.kind for row in stack]
        block = ["Conv2D", "ReLU", "Conv2D", "ReLU", "MaxPooling2D"]
        assert kinds == [*block * 3, "Flatten", "Dense", "ReLU", "Dense"]
        assert [row.output_shape for row in stack][4::5][:3] == [
            (16, 16, 32), (8, 8, 64), (4, 4, 128),
        ]  # fmt: skip
        assert stack.output_shape == (10,)

    def test_without_pooling_nothing_shrinks_and_nothing_doubles(self):
        stack = Sequential.pattern((8, 8, 1), classes=3, N=1, M=4, K=0, pool=False, filters=5)
        assert {row.output_shape for row in stack.rows[:8]} == {(8, 8, 5)}
        assert [row.name for row in stack.rows[8:]] == ["flatten_1", "dense_1"]

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"N": 0}, "N must be at least 1"),
            ({"M": 0}, "M must be at least 1"),
            ({"K": -1}, "K must be at least 0"),
            ({"M": 6}, "max_pooling2d_6 .* does not fit on relu_12, which gives"),
        ],
    )
    def test_says_which_number_does_not_work(self, settings, message):
        with pytest.raises(ShapeError, match=message):
            Sequential.pattern((32, 32, 3), classes=10, **settings)


@pytest.mark.parametrize(
    ("layers", "shape", "message"),
    [
        (
            [MaxPool2D(2), Conv2D(4, 3)],
            (4, 4, 1),
            r"conv2d_1 \(Conv2D\), layer 2, does not fit on max_pooling2d_1, which gives "
            r"\(2, 2, 1\): a 3x3 filter does not fit in a 2x2 image; use padding >= 1",
        ),
        ([Dense(3)], (4, 4, 1), r"does not fit on the input, .* put Flatten\(\) before it"),
        ([], (4, 4, 1), "at least one layer"),
        ([Flatten()], (4, 4), r"a grey 28x28 image is \(28, 28, 1\)"),
        ([Flatten()], (4, 0, 1), r"got \(4, 0, 1\)"),
        ([Flatten()], 28, "input_shape must be"),
    ],
)
def test_a_layer_that_does_not_fit_is_named(layers, shape, message):
    with pytest.raises(ShapeError, match=message):
        Sequential(layers, shape)


def test_a_pattern_of_a_million_layers_is_refused_before_the_first_is_made():
    with pytest.raises(ShapeError, match="1000000 convolutions in each of 3 blocks"):
        Sequential.pattern((32, 32, 3), classes=10, N=10**6)
    with pytest.raises(ShapeError, match=r"are more than the 1,000 layers allowed; try N=2, M=3"):
        Sequential.pattern((32, 32, 3), classes=10, N=1000)


def test_a_switch_is_true_or_false_and_no_array():
    with pytest.raises(
        DataError, match=r"pool must be True or False, got an array of shape \(1,\)"
    ):
        Sequential.pattern((32, 32, 3), classes=10, pool=np.ones(1))


def test_something_that_is_no_layer_is_refused():
    with pytest.raises(DataError, match="layer 2 is 'relu', which is not a layer; try Dense"):
        Sequential([Flatten(), "relu"], (4, 4, 1))


def test_a_layer_is_found_by_its_name():
    stack = zoo.lenet5()
    assert stack.row("conv2d_2").output_shape == (10, 10, 16)
    with pytest.raises(
        DataError, match="no layer 'conv2d_3'; try one of conv2d_1, max_pooling2d_1"
    ):
        stack.row("conv2d_3")


def test_networks_compare_by_their_layers_and_input():
    assert zoo.lenet5() == zoo.lenet5()
    assert zoo.lenet5() != zoo.digits_net()


def test_sizes_may_be_small_integers_of_numpy():
    stack = Sequential([Flatten(), Dense(np.int8(100))], (np.int8(100), np.uint8(100), np.int64(3)))
    assert stack.input_shape == (100, 100, 3)
    assert all(type(size) is int for size in stack.input_shape)
    assert stack.num_parameters == 3_000_100
    small, plain = (
        Sequential.pattern((64, 64, 1), n(10), N=n(1), M=n(3), filters=n(64), units=n(100))
        for n in (np.int8, int)
    )
    assert small == plain
    assert small.num_parameters == plain.num_parameters


@pytest.mark.parametrize("wrong", [(28.0, 28, 1), ("28", "28", "1"), (True, 28, 1), "abc", None])
def test_an_input_shape_is_of_whole_numbers(wrong):
    with pytest.raises(ShapeError, match=r"input_shape must be .* a grey 28x28 image is"):
        Sequential([Flatten()], wrong)
