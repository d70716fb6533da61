"""Chapter 06, full networks: its tasks, beside the questions of ``full_networks_questions``."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from cnnlab import filters, shapes, zoo
from cnnlab.exercises.cases import grid, lopsided
from cnnlab.exercises.chapters.full_networks_questions import (
    FullNetworkQuestions,
    parameters_of_old_lenet,
)
from cnnlab.exercises.lesson import Lesson
from cnnlab.exercises.task import Task
from cnnlab.layers import Conv2D

_Integers = NDArray[np.int64]


def _small_layer() -> tuple[int, int]:
    """Count, in the matrix of a 2x3 filter on 5x7 pixels, what is connected and what is learnt."""
    numbered = filters.matrix(np.arange(1, 7).reshape(2, 3), 5, 7)
    return int(np.count_nonzero(numbered)), np.unique(numbered[numbered != 0]).size


def _head_of_the_deck() -> tuple[int, int]:
    network = zoo.deck_network()
    return network.row("flatten_1").output_shape[0], network.row("dense_1").parameters


def _channels_last(
    weights: NDArray[np.float64], height: int, width: int, channels: int
) -> NDArray[np.float64]:
    places = np.arange(channels * height * width).reshape(channels, height, width)
    return weights[np.moveaxis(places, 0, -1).ravel()]


def _conv_costs(shape: _Integers, window: int, count: int) -> tuple[int, int]:
    layer, given = Conv2D(count, window, padding="same"), tuple(shape.tolist())
    return layer.num_parameters(given), layer.multiply_adds(given)


def _field(layers: _Integers) -> int:
    return shapes.receptive_field([(int(window), int(stride)) for window, stride in layers])


def _count_network(layers: _Integers, side: int, channels: int) -> tuple[int, int]:
    parameters = work = 0
    for window, stride, padding, count in layers.tolist():
        side = shapes.output_size(side, window, stride, padding)
        if count:
            parameters += shapes.conv2d_parameters(window, window, channels, count)
            work += side**2 * window**2 * channels * count
            channels = count
    return parameters, work


_VGG_BLOCKS = [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]
_LAYERS = {
    "LeNet-5": grid("5 1 2 6 / 2 2 0 0 / 5 1 0 16 / 2 2 0 0 / 5 1 0 120 / 1 1 0 84 / 1 1 0 10"),
    "AlexNet": grid(
        "11 4 0 96 / 3 2 0 0 / 5 1 2 256 / 3 2 0 0 / 3 1 1 384 / 3 1 1 384 / 3 1 1 256 / 3 2 0 0 / "
        "6 1 0 4096 / 1 1 0 4096 / 1 1 0 1000"
    ),
    "VGG-16": grid(
        " / ".join(
            [" / ".join([f"3 1 1 {count}"] * times + ["2 2 0 0"]) for times, count in _VGG_BLOCKS]
            + ["7 1 0 4096 / 1 1 0 4096 / 1 1 0 1000"]
        )
    ),
}

_RECEPTIVE = """field, step = 1, 1
for window, stride in layers:
    field += (window - 1) * step
    step *= stride
return field"""

_COUNTING = """parameters, work = 0, 0
for window, stride, padding, filters in layers:
    side = (side + 2 * padding - window) // stride + 1
    if filters > 0:
        weights = window * window * channels * filters
        parameters += weights + filters
        work += side * side * weights
        channels = filters
return parameters, work"""


class FullNetworks(FullNetworkQuestions, Lesson, chapter="06_full_networks"):
    """What chapter 06 shows and asks."""

    OLD_LENET5 = MappingProxyType(parameters_of_old_lenet())
    LAYERS = MappingProxyType(_LAYERS)  # window, stride, padding, filters; no filters: a pooling
    GROUPED = (2, 4, 5)  # AlexNet's convolutions that see half of the channels each
    MAPS = np.dstack([grid("1 2 / 3 4"), grid("10 20 / 30 40")])
    WEIGHTS = grid("1 1 1 1 0 0 0 0")[0]

    # -- tasks: from one blank to a whole function --------------------------------------------

    shared = Task(  # seed row 20
        "Now a picture of 5x7 pixels (five rows) and one filter of 2x3. How many connections has "
        "the layer, and how many weights does it learn?",
        cell="connections, weights = <<4 * 5 * 6>>, <<6>>",
        answer=_small_layer,
        wrong={
            ("35 * 20", None): "That is the whole matrix: every pixel joined with every number of "
            "the map. Most of its entries are empty. Count 6 for each of the 20 rows.",
            ("35 * 6", None): "There are not as many rows as pixels. The filter has 4 places down "
            "and 5 across.",
            ("6", None): "That is one row of the matrix. There is a row for each place of the "
            "filter.",
            (None, "4 * 5 * 6"): "So many weights it would have if each place had a filter of its "
            "own. All places share one filter.",
            (None, "20"): "That is how many numbers come out. The weights are those of the filter.",
        },
        hints=(
            "A filter of 2x3 has 4 places down and 5 across. Each gives one row of the matrix.",
            "Each row has six entries that are not empty, and they are the six weights of the "
            "filter.",
            "4 * 5 * 6, and 6",
        ),
        praise="120 connections, and only 6 numbers to learn. Few connections, and the same "
        "weights everywhere: that is all a convolution is.",
    )

    second_layer = Task(  # 06.6, seed row 23
        "Work out the parameters of conv2d_2: 32 filters of 3x3, on 32 maps.",
        cell="parameters = <<3 * 3 * 32 * 32 + 32>>",
        answer=lambda: zoo.deck_network().row("conv2d_2").parameters,
        wrong={
            "3 * 3 * 32 + 32": "That is conv2d_1, on one channel. Here 32 maps come in, and a "
            "filter is as deep as its input.",
            "3 * 3 * 32 * 32": "Those are the weights. Each of the 32 filters has a bias besides.",
            "3 * 3 * 32 * 32 + 1": "There is a bias for each filter, not one for the layer.",
            "3 * 3 * 32 + 1": "That is one filter with its bias. There are 32 of them.",
            "3 * 3 * 32 * 32 + 32 * 32": "There is one bias for each filter, not one for each "
            "slice of it.",
            "72 * 72 * 32 * (3 * 3 * 32 + 1)": "That would be a filter of its own at every place. "
            "All places share the 32 filters, so the size of the map is not in it.",
        },
        hints=(
            "How many numbers has one filter, if it is 3 high, 3 wide and as deep as its input?",
            "3 x 3 x 32 weights and a bias, for each of 32 filters.",
            "3 * 3 * 32 * 32 + 32",
        ),
        praise="9,248, as the deck prints it. Not one of these numbers is the size of the picture.",
    )

    head = Task(  # 06.2, seed row 23
        "How long is the flat vector behind 16x16x64, and how many parameters has a dense layer of "
        "512 units on it?",
        cell="flat, dense = <<16 * 16 * 64>>, <<16 * 16 * 64 * 512 + 512>>",
        answer=_head_of_the_deck,
        wrong={
            ("64", None): "That is one number for each map. Flattening keeps every number of every "
            "map.",
            ("16 * 16", None): "That is one map. There are 64, and all of them go in.",
            (None, "16 * 16 * 64 * 512"): "Those are the weights. Each of the 512 units has a bias "
            "besides.",
            (None, "64 * 512 + 512"): "That is a dense layer on each place by itself, without "
            "flattening. Behind Flatten each unit has a weight for every number of every map.",
            (None, "(16 * 16 * 64 + 512) * 512"): "Each unit has one bias. You gave it 512.",
        },
        hints=(
            "Flattening writes the numbers one behind the other. None is lost.",
            "Each of the 512 units has a weight for each number of the vector, and a bias.",
            "16 * 16 * 64, and 16 * 16 * 64 * 512 + 512",
        ),
        praise="8,389,120 parameters in one layer. Now you know where the eight millions sit.",
    )

    reordered = Task(  # 06.1
        "The rows of weights were learnt for a vector that lists map after map. Put them in the "
        "order that Flatten has here: place after place, and at each place all channels.",
        cell='''
            def reordered(weights, height, width, channels):
                """Carry the weights of a dense layer from channels first to channels last."""
                maps = weights.reshape(<<channels, height, width, -1>>)
                return maps.transpose(<<1, 2, 0, 3>>).reshape(weights.shape)
            ''',
        answer=lambda: _channels_last,
        calls=[
            (3 * lopsided(8, 1), 2, 2, 2),
            (3 * lopsided(12, 3), 2, 3, 2),
            (3 * lopsided(24, 2), 4, 2, 3),
            (3 * lopsided(5, 4), 1, 1, 5),
        ],
        wrong={
            ("height, width, channels, -1", "2, 0, 1, 3"): "That is the way back, from channels "
            "last to channels first. These weights lie map after map: the channel is the first "
            "axis.",
            ("height, width, channels, -1", None): "You read the rows as if the channel were the "
            "last axis. They lie map after map: channels, height, width.",
            (
                None,
                "2, 1, 0, 3",
            ): "Rows and columns have changed places besides: each map is turned "
            "over. Say which old axis comes first: 1 is the height.",
            (None, "2, 0, 1, 3"): "The order of the axes says which old axis comes where. You put "
            "the width first, and the height last.",
            (None, "0, 1, 2, 3"): "Nothing moved. The channel, axis 0, has to come behind height "
            "and width.",
        },
        hints=(
            "The rows of weights are numbered map by map, in each map row by row. As an array that "
            "is (channels, height, width), and one more axis for the units.",
            "transpose lists the old axes in their new order. Height is axis 1 and width axis 2.",
            "channels, height, width, -1 and 1, 2, 0, 3",
        ),
        praise="Whoever carries a trained network from one library to another needs these two "
        "lines, and gets nonsense without them: no error, only wrong answers.",
    )

    old_lenet = Task(  # 06.5
        "Work out C3 as it was in 1998: of its 16 filters, 6 saw three of the maps before, 9 saw "
        "four, and 1 saw all six. How many slices of 5x5 are that, and how many parameters, with "
        "one bias for each filter?",
        cell="slices, c3 = <<6 * 3 + 9 * 4 + 1 * 6>>, <<60 * 5 * 5 + 16>>",
        answer=lambda: (
            (parameters_of_old_lenet()["C3"] - 16) // 25,
            parameters_of_old_lenet()["C3"],
        ),
        wrong={
            ("16 * 6", None): "That is the copy of today, in which every filter sees all six maps.",
            ("6 + 9 + 1", None): "Those are the filters. Six of them have three slices each, nine "
            "have four, one has six.",
            ("3 + 4 + 6", None): "There are six filters of the first kind, nine of the second and "
            "one of the third.",
            (None, "60 * 5 * 5"): "Those are the weights. Each of the 16 filters has a bias "
            "besides.",
            (None, "60 * (5 * 5 + 1)"): "One bias for each slice is too many: a filter has one, "
            "however deep it is.",
            (None, "16 * 6 * 5 * 5 + 16"): "That is the copy of today: 96 slices. In 1998 there "
            "were fewer.",
        },
        hints=(
            "Six filters have three slices each. Add up the other two kinds.",
            "6 * 3 + 9 * 4 + 1 * 6 slices are 60, of 25 weights each; and there are 16 biases.",
            "6 * 3 + 9 * 4 + 1 * 6, and 60 * 5 * 5 + 16",
        ),
        praise="1,516 instead of 2,416. Computers were slow, and filters that see different maps "
        "learn different things.",
    )

    conv_costs = Task(  # 06.7
        'Count what a convolution with "same" padding and stride 1 costs: the numbers it learns, '
        "and the multiplications for one picture.",
        cell='''
            def conv_costs(shape, window, filters):
                """Count parameters and multiplications of a layer of window x window filters."""
                height, width, channels = shape
                parameters = <<(window * window * channels + 1) * filters>>
                work = <<height * width * window * window * channels * filters>>
                return parameters, work
            ''',
        answer=lambda: _conv_costs,
        calls=[
            (np.array([4, 4, 1]), 3, 1),
            (np.array([57, 51, 63]), 3, 61),
            (np.array([5, 8, 2]), 3, 7),
            (np.array([7, 4, 3]), 5, 2),
            (np.array([9, 6, 5]), 1, 3),
        ],
        wrong={
            ("window * window * channels * filters", None): "The biases are missing: one for each "
            "filter.",
            ("window * window * filters + filters", None): "Your filters are one channel deep. A "
            "filter is as deep as its input.",
            ("window * window * channels * filters + 1", None): "There is a bias for each filter, "
            "not one for the layer.",
            (None, "window * window * channels * filters"): "That is the work for one place. With "
            "same padding there are height x width places.",
            (None, "height * width * window * window * filters"): "At each place a filter "
            "multiplies all channels: window x window x channels numbers.",
            (None, "height * width * window * window * channels"): "That is the work of one "
            "filter. All of them go over the picture.",
            (None, "height * width * channels * filters"): "That is a 1x1 filter. Under a window "
            "lie window x window numbers of each channel.",
            (None, "height * width * parameters"): "A bias is added, not multiplied. Leave the "
            "biases out of the work.",
        },
        hints=(
            "One filter has window x window x channels weights, and a bias.",
            "Each weight is used once at each place, and there are height x width places.",
            "(window * window * channels + 1) * filters, and height * width * window * window * "
            "channels * filters",
        ),
        praise="The size of the map is in the work and not in the parameters. That is what sharing "
        "does.",
    )

    field = Task(  # 06.8
        "Write how many pixels wide the receptive field is, from the description alone.",
        cell=f'''
            def field(layers):
                """Count the pixels, along one side, that one number at the end depends on.

                layers is an array with one row for each layer, from the picture on: how wide its
                window is, and its stride.
                """
                <<{_RECEPTIVE.replace(chr(10), chr(10) + " " * 16)}>>
            ''',
        answer=lambda: _field,
        calls=[
            (np.array([[3, 1]]),),
            (np.array([[3, 1], [3, 1], [3, 1]]),),
            (np.array([[3, 2], [3, 2]]),),
            (np.array([[3, 1], [2, 2], [3, 1]]),),
            (np.array([[5, 3], [4, 2], [3, 1], [7, 1]]),),
            (np.array([[1, 2], [1, 3], [2, 1]]),),
            (np.array([[11, 4], [5, 4], [7, 6], [9, 5], [31, 1]]),),
        ],
        wrong={
            _RECEPTIVE.replace("    step *= stride\n", ""): "You left the strides out. Behind a "
            "stride of 2, a step of the next window is a step of two pixels.",
            _RECEPTIVE.replace("step *= stride", "step = stride"): "You look at one stride only. "
            "Strides multiply: behind two strides of 2 a step is four pixels.",
            _RECEPTIVE.replace("step *= stride", "step += stride"): "Strides multiply: behind two "
            "strides of 3 a step is nine pixels.",
            _RECEPTIVE.replace("(window - 1) * step", "window * step"): "Windows lie over each "
            "other. The first pixel is seen already: a window of 3 adds two steps.",
            "field = 1\nfor window, stride in layers:\n    field *= window\nreturn field": "You "
            "multiplied. That would hold if no two windows shared a pixel.",
            "return layers[-1, 0]": "That is what the last layer sees of the map before it. That "
            "map has seen more of the picture.",
            "field, step = 1, 1\nfor window, stride in layers:\n    step *= stride\n    field += "
            "(window - 1) * step\nreturn field": "A layer's own stride says how far its window "
            "moves, not how wide it sees. It counts for the layers behind it.",
        },
        hints=(
            "One number of the picture sees one pixel: begin with 1. Each layer adds something.",
            "A window of 3 adds two steps. A step is one pixel at first, and stride times as many "
            "behind each layer.",
            "field += (window - 1) * step, and then step *= stride",
        ),
        praise="Small windows, one behind the other, come to see far; and pooling and strides make "
        "them see farther sooner.",
    )

    count_network = Task(  # 06.6, 06.7
        "Count a whole network, from the description alone.",
        cell=f'''
            def count_network(layers, side, channels):
                """Count the parameters and the multiplications of a network for one picture.

                layers is an array with one row for each layer: window, stride, padding on each
                side, and filters. Where filters is 0 the layer is a pooling. The picture is
                square, side x side, with so many channels. Gives back both counts.
                """
                <<{_COUNTING.replace(chr(10), chr(10) + " " * 16)}>>
            ''',
        answer=lambda: _count_network,
        calls=[
            (np.array([[3, 1, 0, 2]]), 5, 1),
            (np.array([[3, 1, 1, 4], [2, 2, 0, 0]]), 6, 3),
            (np.array([[3, 2, 1, 4], [3, 2, 0, 0], [5, 1, 2, 3], [2, 1, 0, 7]]), 14, 2),
            (np.array([[11, 4, 0, 5], [3, 2, 0, 0], [2, 3, 1, 6], [1, 1, 0, 10]]), 47, 3),
            (np.array([[3, 1, 1, 1], [1, 1, 0, 2049], [2, 2, 0, 0], [3, 1, 1, 3]]), 9, 2),
            (_LAYERS["LeNet-5"], 28, 1),
        ],
        wrong={
            _COUNTING.replace("        channels = filters\n", ""): "Your filters stay as deep as "
            "the picture. Each layer makes as many maps as it has filters: that deep is the next.",
            _COUNTING.replace("weights + filters", "weights"): "The biases are missing: one for "
            "each filter.",
            _COUNTING.replace("2 * padding", "padding"): "The padding stands on both sides: add "
            "it twice.",
            _COUNTING.replace(" // stride + 1", " // stride"): "One place is missing: where the "
            "window stands at first.",
            _COUNTING.replace(
                "work += side * side * weights", "work += weights"
            ): "That is the work for one place. Each weight is used at side x side places.",
            _COUNTING.replace(
                "work += side * side * weights", "work += side * side * (weights + filters)"
            ): "A bias is added, not multiplied. Leave the biases out of the work.",
            _COUNTING.replace(
                "window * window * channels * filters", "window * channels * filters"
            ): ("A window has two sides: window x window numbers."),
        },
        hints=(
            "Go through the layers as through the table: how large is the map behind this one?",
            "A pooling changes the side and nothing else. A convolution has window * window * "
            "channels * filters weights, each used at every place, and then there are as many "
            "channels as filters.",
            "side = (side + 2 * padding - window) // stride + 1; weights = window * window * "
            "channels * filters; work += side * side * weights; channels = filters",
        ),
        praise="Ten lines, and no network is too large for them: nothing has been computed, only "
        "counted.",
    )
