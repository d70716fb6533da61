"""Chapter 03, convolutional layers: its small volume and its tasks.

The questions are in ``convolutional_layers_questions``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import filters, layers
from cnnlab import functional as F
from cnnlab.exercises.cases import lopsided
from cnnlab.exercises.chapters import own_layer
from cnnlab.exercises.chapters.convolutional_layers_questions import (
    ConvolutionalLayerQuestions,
    answer_to,
    count,
    volume,
)
from cnnlab.exercises.lesson import Lesson
from cnnlab.exercises.task import Task

Array = NDArray[Any]


def _one_map(image: Array, weights: Array) -> Array:
    return filters.apply(image, weights)


def _many_maps(image: Array, bank: Array, biases: Array) -> Array:
    maps: Array = F.conv2d(image[None], bank, biases)[0]
    return maps


def _loss_of_one_weight() -> dict[str, Any]:
    here = np.array([[0.5, -1.0], [2.0, 0.25]])

    def loss(changed: Array) -> float:
        return float((changed**3).sum())

    up, down = here.copy(), here.copy()
    up[1, 0], down[1, 0] = up[1, 0] + 0.1, down[1, 0] - 0.1
    return {"loss": loss, "here": here, "up": up, "down": down, "step": 0.1}


def _measured_slope() -> float:
    given = _loss_of_one_weight()
    loss, step = given["loss"], given["step"]
    return float((loss(given["up"]) - loss(given["down"])) / (2 * step))


class ConvolutionalLayers(ConvolutionalLayerQuestions, Lesson, chapter="03_convolutional_layers"):
    """What chapter 03 shows and asks."""

    PIXEL = np.array([2, 3, 5])  # red, green, blue
    DESK = np.array([1, 0, 2])
    SMALL = volume("1 2 3 4/5 6 7 8", "10 20 30 40/50 60 70 80", "-1 -2 -3 -4/-5 -6 -7 -8")
    VOLUME = volume(
        "1 0 2 3 1 0/0 4 1 0 2 1/3 1 0 2 0 5/2 2 1 0 1 0/0 1 3 1 4 2/1 0 0 2 1 1",
        "0 2 1 1 0 3/1 0 0 2 4 0/2 1 3 0 1 1/0 0 1 5 0 2/4 1 0 0 2 0/1 3 2 1 0 1",
        "2 1 0 0 1 4/0 3 1 1 0 2/1 0 5 0 2 0/0 1 1 3 0 1/2 0 0 1 1 3/0 2 4 0 1 0",
    )
    TWO_FILTERS = np.stack(
        [
            volume("1 0 -1/1 0 -1/1 0 -1", "0 0 0/0 2 0/0 0 0", "-1 0 0/0 0 0/0 0 1"),
            volume("0 1 0/0 0 0/0 -1 0", "1 0 0/0 -1 0/0 0 0", "0 0 0/1 0 -1/0 0 2"),
        ],
        axis=3,
    )

    mix = Task(  # 03.1, 03.4, 03.7
        "What does the filter make of this pixel? Add the bias.",
        given=lambda: {"pixel": ConvolutionalLayers.PIXEL, "weights": ConvolutionalLayers.DESK},
        cell="""
            bias = 1
            number = <<(pixel * weights).sum() + bias>>
            """,
        answer=lambda: answer_to((2, 3, 5), (1, 0, 2), bias=1)[0],
        wrong={
            "pixel * weights + bias": "These are three numbers. Add the products up first, then "
            "the bias: the channels become one.",
            "(pixel * weights + bias).sum()": "The bias came in three times, once a channel. A "
            "filter has one, and it is added after the sum.",
            "(pixel * weights).mean() + bias": "You took the mean of the products. They are added "
            "up: nothing divides by the number of channels.",
            "pixel[2] * weights[2] + bias": "That is the last channel alone. All three belong into "
            "the sum.",
            "(pixel * weights).sum()": "The bias is missing.",
        },
        hints=(
            "As in chapter 01: multiply each number by its weight, and add the products up.",
            "pixel * weights are the three products. Then .sum(), and then the bias.",
            "(pixel * weights).sum() + bias",
        ),
        praise="Three products drop into one number, and the bias is added once.",
    )

    one_map = Task(  # 03.7, 03.1
        "Write the loop over the channels: each slice of the filter slides over its own channel, "
        "and all of them together make one map.",
        given=lambda: {"filters": filters},
        cell='''
            def one_map(image, weights):
                """Slide a filter, as deep as the image, over it: one map."""
                total = 0
                for channel in range(<<image.shape[2]>>):
                    part = filters.apply(image[:, :, channel], weights[:, :, channel])
                    total = <<total + part>>
                return total
            ''',
        answer=lambda: _one_map,
        calls=[
            (PIXEL[None, None], DESK[None, None]),
            (np.arange(18).reshape(3, 3, 2), np.arange(8).reshape(2, 2, 2)),
            (VOLUME, TWO_FILTERS[..., 0]),
            (lopsided(4, 6, 5), lopsided(3, 2, 5)),
            (lopsided(5, 3, 2) - 0.4, lopsided(1, 3, 2)),
        ],
        wrong={
            (None, "part"): "Each channel overwrites the one before, and the last one alone is "
            "left. Add the new part to the total.",
            (None, "total + part / image.shape[2]"): "You average the channels. They are added up "
            "as they are.",
            ("3", None): "There are three channels in a picture, but deeper in a network there are "
            "many, or two. Ask the image how many it has.",
            ("image.shape[2] - 1", None): "The last channel is left out: range stops one before "
            "its number.",
            (None, "total * part"): "The parts are multiplied, and everything stays 0. Add them.",
        },
        hints=(
            "image.shape is (rows, columns, channels). range(n) counts from 0 to n - 1.",
            "A running total: what it was, plus the new part.",
            "range(image.shape[2]), and total + part",
        ),
        praise="However deep the image, its channels end in one map: the filter is as deep as what "
        "it looks at.",
    )

    many_maps = Task(  # 03.4, 03.8; seed row 12
        "Write the layer: every filter makes its map and gets its bias, and the maps are stacked "
        "as the channels of what comes out.",
        given=lambda: {"one_map": _one_map},
        cell='''
            def layer(image, bank, biases):
                """Lay every filter of the bank over the image: a channel for each filter."""
                maps = []
                for number in range(<<bank.shape[3]>>):
                    maps.append(<<one_map(image, bank[:, :, :, number]) + biases[number]>>)
                return <<np.stack(maps, axis=2)>>
            ''',
        answer=lambda: _many_maps,
        calls=[
            (PIXEL[None, None], np.array([[1, 0], [1, -1], [0, 1]])[None, None], np.array([1, 7])),
            (VOLUME, TWO_FILTERS, np.array([-3, 0.5])),
            (lopsided(4, 6, 2), lopsided(3, 2, 2, 5), lopsided(5)),
            (lopsided(5, 3, 4), lopsided(1, 3, 4, 1), np.array([-0.25])),
        ],
        wrong={
            ("image.shape[2]", None, None): "There are not as many maps as the image has channels, "
            "but as many as there are filters: the last axis of the bank.",
            (None, "one_map(image, bank[:, :, :, number])", None): "The bias is missing.",
            (None, "one_map(image, bank[:, :, :, number]) + biases.sum()", None): "Every map got "
            "all the biases. Each filter has its own: biases[number].",
            (None, None, "np.stack(maps)"): "The maps are stacked along the first axis. In this "
            "course the channel comes last.",
            (None, None, "sum(maps)"): "You added the maps of the filters up. Channels are added "
            "up, within a filter; maps stand side by side.",
        },
        hints=(
            "The axes of a bank: rows, columns, channels, filters.",
            "one_map makes the map of one filter. Its bias is biases[number].",
            "np.stack(maps, axis=2) puts the maps where the channels belong.",
        ),
        praise="That is a convolutional layer: a volume in, a volume out, a channel for each "
        "filter.",
    )

    counts = Task(  # 03.2, 03.3, 03.5, 03.9; seed row 13
        "Count the numbers, biases included, of three layers: 100 filters of 5x5 on a picture in "
        "colour; 6 filters of 3x3 on 4 channels; 16 filters of 1x1 on 64 channels.",
        cell="""
            counts = [
                <<(5 * 5 * 3 + 1) * 100>>,  # 100 filters of 5x5 on a picture in colour
                <<(3 * 3 * 4 + 1) * 6>>,  # 6 filters of 3x3 on 4 channels
                <<(1 * 1 * 64 + 1) * 16>>,  # 16 filters of 1x1 on 64 channels
            ]
            """,
        answer=lambda: (count(5, 3, 100), count(3, 4, 6), count(1, 64, 16)),
        wrong={
            ("(5 * 5 + 1) * 100", None, None): "The first is 2,600 only if a filter is flat. On a "
            "picture in colour it has three slices.",
            ("(5 * 5 + 1) * 3 * 100", None, None): "You gave each slice a bias. It belongs to the "
            "filter: add 1 after multiplying by the channels.",
            ("5 * 5 * 3 * 100", None, None): "Those are the weights of the first layer. The biases "
            "are missing, one for each filter.",
            (None, "(3 * 3 + 1) * 6", None): "The second is 60 only if a filter is flat. It is as "
            "deep as its input: four slices.",
            (None, "(3 * 3 * 6 + 1) * 4", None): "In the second, 6 and 4 have changed places: the "
            "depth of a filter is that of its input, and there are 6 filters.",
            (None, None, "2 * 16"): "The third is 32 only if a 1x1 filter looked at one channel. "
            "It has a weight for each of the 64.",
        },
        hints=(
            "Weights of one filter: rows times columns times channels of the input.",
            "One bias for each filter: add 1, then multiply by the number of filters.",
            "(f * f * channels + 1) * filters",
        ),
        praise="(f · f · channels + 1) · filters: the size of the picture does not come into it.",
    )

    desk = Task(  # 03.5
        "Make a mixing desk with two outputs: the first is the mean of the three channels, the "
        "second is red minus the mean of green and blue.",
        cell="""
            desk = <<[
                [1 / 3, 1],
                [1 / 3, -1 / 2],
                [1 / 3, -1 / 2],
            ]>>
            """,
        answer=lambda: np.array([[1 / 3, 1], [1 / 3, -1 / 2], [1 / 3, -1 / 2]]),
        wrong={
            "[[1 / 3, 1 / 3, 1 / 3], [1, -1 / 2, -1 / 2]]": "Your rows are the outputs. Here each "
            "row is a channel, and each column an output: turn the table on its side.",
            "[[1, 1], [1, -1 / 2], [1, -1 / 2]]": "Your first output is the sum of the channels, "
            "three times too bright. The mean is a third of it.",
            "[[1 / 3, 1], [1 / 3, -1], [1 / 3, -1]]": "Your second output subtracts green and "
            "blue whole. Their mean takes half of each, and then grey gives 0.",
            "[[1 / 3, 1], [1 / 3, 0], [1 / 3, 0]]": "Your second output is red as it is. White is "
            "full of red too: subtract the mean of green and blue.",
            "[[1, 0, 0], [0, -1 / 2, 0], [0, 0, -1 / 2]]": "This one makes each channel stronger "
            "or weaker by itself. A desk mixes: an output takes from several channels.",
        },
        hints=(
            "Three rows, for red, green and blue; two columns, for the two outputs.",
            "The first column says what goes into the first output: a third of each channel.",
            "The second column is 1, -1/2, -1/2.",
        ),
        praise="A 1x1 filter does not look around. It mixes: each output takes from every channel "
        "what its weights say.",
    )

    planes = Task(  # 03.6
        "Some programs want the channel first: (channels, rows, columns). Bring the picture into "
        "that order.",
        given=lambda: {"picture": ConvolutionalLayers.SMALL},
        cell="planes = <<np.moveaxis(picture, 2, 0)>>",
        answer=lambda: np.stack([ConvolutionalLayers.SMALL[:, :, c] for c in range(3)]),
        wrong={
            "picture.reshape(3, 2, 4)": "The shape is right and the picture is not: reshape moves "
            "no number, so the channels are mixed up. Move the axis.",
            "picture.T": "All axes are turned round, so each plane lies on its side too. Only the "
            "channel is to move.",
            "picture": "The channel is still the last axis.",
            "np.moveaxis(picture, 0, 2)": "You moved the rows to the end. It is axis 2, the "
            "channel, that has to become axis 0.",
        },
        hints=(
            "reshape cuts the row of numbers anew, and moves none. An axis has to be moved.",
            "np.moveaxis(array, source, destination)",
            "np.moveaxis(picture, 2, 0)",
        ),
        praise="The right shape is no proof. Whether the numbers moved, a picture shows at once.",
    )

    backward = Task(  # 03.4: one bias, used at every place
        "Write the way back through the desk: how the loss changes with every weight, every bias, "
        "and every number that came in.",
        cell='''
            def mix_backward(x, weights, grad_output):
                """Turn the slopes of the outputs into those of weights, bias and input."""
                pixels = x.reshape(-1, x.shape[3])  # a pixel a row
                slopes = grad_output.reshape(-1, grad_output.shape[3])
                grad_weights = <<pixels.T @ slopes>>
                grad_bias = <<slopes.sum(axis=0)>>
                grad_x = <<(slopes @ weights.T).reshape(x.shape)>>
                return grad_x, {"weights": grad_weights, "bias": grad_bias}
            ''',
        answer=lambda: own_layer.mix_backward,
        seen=own_layer.seen_of_backward,
        wrong={
            ("slopes.T @ pixels", None, None): "The gradient by the weights lies on its side: its "
            "rows have to be the channels, its columns the filters.",
            ("pixels.T @ slopes / len(pixels)", None, None): "You averaged over the pixels. A "
            "weight is used at every pixel, and its slopes are added up.",
            (None, "slopes.sum()", None): "There is one bias for each filter, and so one slope for "
            "each. Add up over the pixels only: axis=0.",
            (None, "slopes.mean(axis=0)", None): "A bias is added at every pixel, so its slopes "
            "are added up, not averaged.",
            (None, None, "(slopes @ weights.T)"): "The numbers are right. Give them the shape of "
            "x again.",
            (None, None, "(slopes @ weights).reshape(x.shape)"): "What flowed forward along the "
            "weights flows back along the same weights, from filters to channels: weights.T.",
        },
        hints=(
            "Each weight was multiplied by a number of x, at every pixel: multiply by the slope "
            "there and add up. That is what the product of matrices does.",
            "The shapes tell: weights are (channels, filters), pixels (n, channels), slopes (n, "
            "filters).",
            "pixels.T @ slopes; slopes.sum(axis=0); (slopes @ weights.T).reshape(x.shape)",
        ),
        praise="A weight that is shared collects a slope from every place where it was used.",
    )

    layer = Task(  # seed row 18
        "Complete the layer: what shape comes out, what shape its weights have, and what it "
        "computes.",
        given=lambda: {
            "dataclass": dataclass,
            "Layer": layers.Layer,
            "mix_backward": own_layer.mix_backward,
        },
        cell="""
            @dataclass(frozen=True)
            class Mix(Layer):
                filters: int

                def output_shape(self, input_shape):
                    return <<(input_shape[0], input_shape[1], self.filters)>>
                def parameter_shapes(self, input_shape):
                    return {"weights": <<(input_shape[2], self.filters)>>, "bias": (self.filters,)}
                def forward(self, parameters, x, *, training=False, rng=None):
                    return <<x @ parameters["weights"] + parameters["bias"]>>, x
                def backward(self, parameters, cache, grad_output):
                    return mix_backward(cache, parameters["weights"], grad_output)
            """,
        answer=lambda: own_layer.Mix,
        seen=own_layer.seen_of_layer,
        wrong={
            ("input_shape", None, None): "As many channels as went in would come "
            "out. There is one for each filter.",
            (
                "(input_shape[0] - 2, input_shape[1] - 2, self.filters)",
                None,
                None,
            ): "A filter of 1x1 has a place on every pixel: no row is lost.",
            (
                None,
                "(self.filters, input_shape[2])",
                None,
            ): "Your weights lie on their side: a row for "
            "each channel that comes in, a column for each filter.",
            (None, None, 'x @ parameters["weights"]'): "The bias is missing.",
            (None, None, 'x * parameters["weights"] + parameters["bias"]'): "* multiplies number "
            "by number. To mix channels, multiply and add up: the product of matrices, @.",
        },
        hints=(
            "input_shape is (rows, columns, channels). As many rows and columns come out, and a "
            "channel for each filter.",
            "x @ weights takes the last axis of x, the channels, and mixes them for every pixel.",
            "(input_shape[0], input_shape[1], self.filters); (input_shape[2], self.filters); "
            'x @ parameters["weights"] + parameters["bias"]',
        ),
        praise="Four functions, and it is a layer like any other: it can be stacked, counted and "
        "trained.",
    )

    slope = Task(
        "Measure a slope instead of deriving it: up and down are the weights with one of them "
        "raised and lowered by step.",
        given=_loss_of_one_weight,
        cell="measured = <<(loss(up) - loss(down)) / (2 * step)>>",
        answer=_measured_slope,
        wrong={
            "(loss(up) - loss(down)) / step": "From down to up it is two steps, so this is twice "
            "the slope.",
            "loss(up) - loss(down)": "That is how much the loss rises. The slope is the rise "
            "divided by how far it went.",
            "(loss(up) - loss(here)) / step": "That is the slope to one side, which is less "
            "exact where the loss bends. Go from down to up.",
            "(loss(down) - loss(up)) / (2 * step)": "The sign is the other way round: minus where "
            "the loss rises.",
        },
        hints=(
            "Slope is rise over run.",
            "The rise is loss(up) - loss(down). How far is it from down to up?",
            "Divide by 2 * step.",
        ),
        praise="Nothing was derived here, so it can judge what was. This is how every gradient in "
        "this course was checked.",
    )
