"""Chapter 03, convolutional layers: its predictions and its quiz.

The tasks are in ``convolutional_layers``. The numbers in the comments (03.1 and so on) are beliefs
that learners really hold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import banks, images, layers
from cnnlab import functional as F
from cnnlab.exercises.question import Prediction, Question


def volume(*rows: str) -> NDArray[np.int64]:
    """Read channels written one below the other, each as rows; the channel comes last."""
    planes = [[[int(word) for word in line.split()] for line in row.split("/")] for row in rows]
    stacked = np.moveaxis(np.array(planes), 0, 2)
    stacked.setflags(write=False)
    return stacked


def answer_to(pixel: Any, *desks: Any, bias: float = 0) -> tuple[float, ...]:
    """Lay 1x1 filters on one pixel."""
    bank = np.array(desks, np.float64).T[None, None]
    image = np.array(pixel, np.float64)[None, None, None]
    return tuple(F.conv2d(image, bank, np.full(len(desks), bias)).ravel().tolist())


def count(size: int, channels: int, number: int, *, bias: bool = True) -> int:
    """Count the numbers of a layer: `number` filters of size x size on so many channels."""
    layer = layers.Conv2D(number, size, bias=bias)
    return layer.num_parameters((28, 28, channels))


def _last_channel_alone() -> int:
    """Try it: a total that is begun anew with every channel."""
    for number, weight in zip((2, 3, 5), (1, 0, 2), strict=True):
        total = number * weight
    return total + 1


def _silenced_by_grey() -> int:
    """Count the filters of the bank that give nothing but zeros for a picture in grey."""
    grey = np.repeat(images.sample("camera")[:30, :30, None], 3, axis=2)
    maps = F.conv2d(grey[None], banks.stack(banks.SIXTEEN))[0]
    return int((np.abs(maps).max(axis=(0, 1)) < 1e-6).sum())


def _first_plane_of_a_reshape() -> tuple[tuple[int, ...], ...]:
    picture = ConvolutionalLayerQuestions.FOUR_PIXELS
    return tuple(map(tuple, picture.reshape(3, 2, 2)[0].tolist()))


class ConvolutionalLayerQuestions:
    """What chapter 03 asks with choices."""

    FOUR_PIXELS = volume("1 2/3 4", "11 12/13 14", "21 22/23 24")

    # -- predictions, locked before the learner looks -----------------------------------------

    in_grey = Prediction(  # 03.1, 03.5: what a slice of its own for each channel is good for
        "Sixteen filters look at a photograph in colour. Now the photograph turns grey: red, green "
        "and blue become equal in every pixel. How many of the sixteen maps go blank, all 0?",
        answer=_silenced_by_grey,
        choices={
            0: (
                "None: what is in the picture is still there",
                "Shapes are still there, and half of the filters go on. The other half compares "
                "channels, and there is nothing left to compare.",
            ),
            8: (
                "8: those that compare channels",
                "Their three slices add up to zero. Where red, green and blue are equal, that "
                "leaves zero, as a uniform area did in chapter 01.",
            ),
            16: (
                "All 16: they were made for colour",
                "A filter with three equal slices does not ask for colour. It sees light and dark "
                "as before.",
            ),
        },
    )

    one_number = Prediction(  # 03.1, 03.7
        "One pixel: red 2, green 3, blue 5. A filter of a single pixel with the weights 1 for red, "
        "0 for green, 2 for blue, and a bias of 1. What comes out?",
        answer=lambda: answer_to((2, 3, 5), (1, 0, 2), bias=1),
        choices={
            (3.0, 1.0, 11.0): (
                "Three numbers: 3, 1 and 11",
                "The channels are added up: a filter makes one number at each place, however many "
                "channels it looks at. And the bias is added once.",
            ),
            (13.0,): (
                "13",
                "2·1 + 3·0 + 5·2 = 12, and the bias once: 13. Three channels went in, one number "
                "came out.",
            ),
            (5.0,): (
                "5: the mean of the three products, plus 1",
                "The products are added, not averaged. Nothing divides by three.",
            ),
            (11.0,): (
                "11",
                "That is blue alone, 5·2 + 1. Red and green have to be in the sum as well.",
            ),
        },
    )

    two_filters = Prediction(  # 03.1, 03.2; seed row 11
        "A volume of 6x6x3 (6 rows, 6 columns, 3 channels) meets two filters of 3x3x3. Nothing is "
        "padded. What size comes out?",
        answer=lambda: layers.Conv2D(2, 3).output_shape((6, 6, 3)),
        choices={
            (4, 4, 6): (
                "4x4x6: three maps for each of the two filters",
                "A filter does not make a map for each channel. It adds its channels up: one map "
                "for each filter.",
            ),
            (4, 4, 3): (
                "4x4x3: the three channels stay",
                "The channels of the input are gone, added up. The channels that come out are the "
                "filters' maps, and there are two filters.",
            ),
            (4, 4, 2): (
                "4x4x2",
                "6 - 3 + 1 = 4 places down and across, and one map for each filter.",
            ),
            (4, 4, 1): (
                "4x4x1: everything is added up",
                "Channels are added up, filters are not: each has a map of its own.",
            ),
        },
    )

    ten_filters = Prediction(  # 03.2, 03.8
        "A layer of ten 3x3 filters looks at a picture in colour. How many numbers does it have, "
        "biases included?",
        answer=lambda: count(3, 3, 10),
        choices={
            100: (
                "100: ten times 9 weights and a bias",
                "A filter is as deep as what it looks at. Here it has three slices of 9 weights.",
            ),
            270: (
                "270: ten times 27 weights",
                "Those are all the weights. Each filter has a bias too.",
            ),
            280: (
                "280: ten times 27 weights and a bias",
                "3·3·3 = 27 weights, one bias, ten times.",
            ),
            300: (
                "300: thirty times 9 weights and a bias",
                "There are thirty slices, but a bias belongs to a filter, not to a slice: it is "
                "added once, to the sum.",
            ),
        },
    )

    reshaped = Prediction(  # 03.6
        "A picture of 2x2 pixels in colour: red is 1, 2, 3, 4, green 11 to 14, blue 21 to 24. Its "
        "array has the shape (2, 2, 3). What is the first plane of picture.reshape(3, 2, 2)?",
        answer=_first_plane_of_a_reshape,
        choices={
            ((1, 2), (3, 4)): (
                "The red channel: 1 2 / 3 4",
                "So one would hope. But reshape never moves a number: it reads them in the order "
                "in which they lie, and there the channels of a pixel lie side by side.",
            ),
            ((1, 11), (21, 2)): (
                "A mixture: 1 11 / 21 2",
                "The numbers lie pixel by pixel: 1, 11, 21, then 2, 12, 22. Reshape only cuts that "
                "row anew, and takes the first four.",
            ),
            ((1, 3), (2, 4)): (
                "Red on its side: 1 3 / 2 4",
                "That would have to move numbers, and reshape moves none.",
            ),
        },
    )

    # -- the quiz -----------------------------------------------------------------------------

    quiz_deep = Question(  # 03.2
        "A layer takes 4 channels and gives 6, with filters of 3x3 and biases. How many numbers "
        "does it have?",
        answer=lambda: count(3, 4, 6),
        choices={
            60: ("60", "That is (3·3 + 1)·6: flat filters. They are as deep as their input, 4."),
            216: ("216", "Those are the weights, 3·3·4·6. Six biases are missing."),
            222: ("222", "(3·3·4 + 1)·6. The 4 is how deep a filter is, the 6 how many there are."),
            240: ("240", "That is a bias for every slice. A filter has one, added to the sum."),
        },
    )

    quiz_bias = Question(  # 03.4
        "32 filters of 5x5 on a picture in colour give maps of 28x28. How many numbers does the "
        "layer have, biases included?",
        answer=lambda: count(5, 3, 32),
        choices={
            2432: (
                "2,432: 32 biases",
                "5·5·3·32 = 2,400 weights, and one bias for each filter, the same at every place.",
            ),
            2496: (
                "2,496: a bias for each channel of each filter",
                "The channels are added up first. One bias is added to the sum.",
            ),
            4800: (
                "4,800: a bias for each weight",
                "All those biases would only ever be added up: a single one does the same.",
            ),
            27488: (
                "27,488: a bias for each place of each map",
                "The bias moves a whole map up or down. It does not know where it is.",
            ),
        },
    )

    quiz_desk = Question(  # 03.5
        "A pixel (2, 3, 5) meets two filters of 1x1: (1, 1, 0) and (0, -1, 1). What comes out?",
        answer=lambda: answer_to((2, 3, 5), (1, 1, 0), (0, -1, 1)),
        choices={
            ((2.0, 3.0, 0.0), (0.0, -3.0, 5.0)): (
                "(2, 3, 0) and (0, -3, 5)",
                "Those are the products. Each filter adds its own up: a number each.",
            ),
            (5.0, 2.0): (
                "5 and 2",
                "2 + 3, and 5 - 3. A filter of 1x1 mixes the channels of its pixel.",
            ),
            (7.0,): (
                "7",
                "That adds the two filters up as well. They make two channels.",
            ),
        },
    )

    quiz_slices = Question(  # 03.8
        "A layer has ten filters of 3x3 and looks at three channels. What is right?",
        answer=lambda: (layers.Conv2D(10, 3).output_shape((28, 28, 3))[2], count(3, 3, 10)),
        choices={
            (30, 300): (
                "30 maps and 300 parameters: there are 30 slices",
                "Thirty slices there are, three to a filter. But the three are added up: ten maps.",
            ),
            (10, 280): (
                "10 maps and 280 parameters",
                "Ten filters of three slices each: 27 weights and a bias, ten times.",
            ),
            (10, 300): (
                "10 maps and 300 parameters",
                "Ten maps are right. A bias belongs to a filter, not to a slice: 280.",
            ),
            (3, 280): (
                "3 maps and 280 parameters: one for each channel",
                "280 are right. The maps are counted by filters, not by channels.",
            ),
        },
    )

    quiz_tool = Question(  # 03.9
        "8 filters of 3x3 on a grey picture. You count 80 parameters, a tool prints 72. What has "
        "happened?",
        answer=lambda: (count(3, 1, 8), count(3, 1, 8, bias=False)),
        choices={
            (80, 80): (
                "The tool is wrong",
                "It may be right about another layer. Eight are missing: as many as filters.",
            ),
            (72, 72): (
                "You counted wrong",
                "(3·3·1 + 1)·8 is 80. The eight that are missing are as many as there are filters.",
            ),
            (80, 72): (
                "Its layer has the bias switched off",
                "80 with, 72 without: eight biases. Layers in front of batch normalisation often "
                "go without. Ask a tool what it counts before doubting either.",
            ),
        },
    )

    quiz_loop = Question(  # 03.7
        "A loop over the channels gives 11 where 13 is right: pixel (2, 3, 5), filter (1, 0, 2), "
        "bias 1. What is wrong with it?",
        answer=lambda: "last" if _last_channel_alone() == 11 else "other",
        choices={
            "mean": ("It takes the mean of the channels", "That would give 12 / 3 + 1 = 5."),
            "bias": ("It adds the bias to every channel", "That would give 12 + 3 = 15."),
            "last": (
                "It begins its total anew with every channel",
                "Only blue is left: 5·2 + 1 = 11. A running total must not be reset.",
            ),
        },
    )
