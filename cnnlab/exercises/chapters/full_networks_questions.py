"""Chapter 06, full networks: its predictions and its quiz; the tasks are in ``full_networks``.

The numbers in the comments (06.1 and so on) are beliefs that learners really hold.
"""

from __future__ import annotations

import math
from collections.abc import Hashable

from cnnlab import shapes, zoo
from cnnlab.exercises.question import Prediction, Question
from cnnlab.layers import Conv2D, Flatten, MaxPool2D
from cnnlab.sequential import Sequential

_VALUE = 4  # bytes of a float32


def parameters_of_old_lenet() -> dict[str, int]:
    """Count LeNet-5 as it was in 1998, layer by layer under the names of the paper.

    LeCun et al. 1998, section II.B and table I.
    """
    seen = 6 * 3 + 9 * 4 + 1 * 6  # maps of S2 that the sixteen maps of C3 see
    return {
        "C1": 6 * (5 * 5 + 1),
        "S2": 6 * 2,
        "C3": seen * 5 * 5 + 16,
        "S4": 16 * 2,
        "C5": 120 * (5 * 5 * 16 + 1),
        "F6": 84 * (120 + 1),
    }


def _width_of_the_first_dense() -> int:
    block = [Conv2D(32, 5, padding=2), MaxPool2D(2)]
    return math.prod(Sequential([*block, *block, Flatten()], (28, 28, 1)).output_shape)


def _leaders() -> tuple[str, str]:
    """Name the kind of layer with most parameters in VGG-16, and the one with most work."""
    rows = zoo.vgg16().rows
    kinds = ("Conv2D", "Dense")
    parameters = {
        kind: sum(row.parameters for row in rows if row.layer.kind == kind) for kind in kinds
    }
    work = {
        kind: sum(row.multiply_adds for row in rows if row.layer.kind == kind) for kind in kinds
    }
    return max(kinds, key=parameters.__getitem__), max(kinds, key=work.__getitem__)


def _first_dense(*, flat: bool) -> int:
    """Count AlexNet's first dense layer, on the flat vector or on the map as it is."""
    return shapes.dense_parameters(6 * 6 * 256 if flat else 256, 4096)


def _values_of_vgg16() -> int:
    """Count what is kept for one picture; Flatten and Dropout hand on what they get."""
    network, handed_on = zoo.vgg16(), {"Flatten", "Dropout"}
    kept = [row.output_shape for row in network if row.layer.kind not in handed_on]
    return math.prod(network.input_shape) + sum(map(math.prod, kept))


def _megabytes(values: float) -> Hashable:
    return round(values * _VALUE / 1e6, 1)


class FullNetworkQuestions:
    """What chapter 06 asks with choices."""

    # -- predictions, locked before the learner looks -----------------------------------------

    one_neuron = Prediction(  # seed row 2
        "A neuron that is connected to every number of a picture of 32x32 pixels in colour has "
        "3,072 weights. How many has it if the picture is 200x200 pixels, in colour?",
        answer=lambda: 200 * 200 * 3,
        choices={
            3072: (
                "3,072: it is the same neuron",
                "That would be true of a filter, which is as large as it is, whatever it looks at. "
                "This neuron has a weight of its own for every number of the picture.",
            ),
            19200: (
                "19,200: the side is 6.25 times as long",
                "The side is 6.25 times as long, and so is the other side. The number of pixels "
                "grows by 6.25 twice.",
            ),
            40000: (
                "40,000: one for each pixel",
                "A pixel in colour is three numbers, red, green and blue, and each has its weight.",
            ),
            120000: (
                "120,000",
                "200 x 200 x 3. And that is one neuron; a layer has hundreds.",
            ),
        },
    )

    flat_width = Prediction(  # 06.2
        "A picture of 28x28x1 goes through two blocks: 32 filters of 5x5 with padding 2, then "
        "pooling with 2x2. Then it is flattened. How long is the vector?",
        answer=_width_of_the_first_dense,
        choices={
            32: (
                "32: one number for each map",
                "That is what global pooling would make. Flattening throws nothing away: each map "
                "still has rows and columns.",
            ),
            25088: (
                "25,088: 28 x 28 x 32",
                "That is before the poolings. Each of them halves both sides: 28, 14, 7.",
            ),
            1568: (
                "1,568: 7 x 7 x 32",
                "The padding keeps the sides, the poolings halve them twice, and the second block "
                "has 32 maps. Nobody needs to guess: the shape stands in the table.",
            ),
            50176: (
                "50,176: 7 x 7 x 32 x 32",
                "The second block does not make 32 maps of each map. Its filters are 32 deep, and "
                "each makes one map: 32 together.",
            ),
        },
    )

    work_or_weights = Prediction(  # 06.7
        "VGG-16 has 13 convolutional layers and then 3 dense ones. Which kind has most of its "
        "parameters, and which kind does most of its multiplying?",
        answer=_leaders,
        choices={
            ("Dense", "Dense"): (
                "Dense layers lead in both",
                "A weight of a dense layer is used once. A weight of a filter is used at every "
                "place of its map: few weights, much work.",
            ),
            ("Conv2D", "Conv2D"): (
                "Convolutions lead in both: there are 13 of them",
                "Thirteen, and small ones: the weights of a 3x3 filter are shared by all places. "
                "One dense layer behind the last map has more than all of them.",
            ),
            ("Dense", "Conv2D"): (
                "Dense layers have the parameters, convolutions do the work",
                "Nearly nine tenths of the parameters are dense, and 99 of 100 multiplications are "
                "in the convolutions. Sharing is the reason for both.",
            ),
            ("Conv2D", "Dense"): (
                "Convolutions have the parameters, dense layers do the work",
                "It is the other way round. A shared weight is one number to keep, and it is used "
                "at every place.",
            ),
        },
    )

    three_in_a_row = Prediction(  # 06.8
        "Three convolutions of 3x3, stride 1, one after the other. How many pixels wide is the "
        "part of the picture that one number of the third map depends on?",
        answer=lambda: shapes.receptive_field([(3, 1)] * 3),
        choices={
            3: (
                "3: the filters are 3 wide",
                "That is what it sees of the second map. But each number of that map has seen 3 of "
                "the map before it.",
            ),
            7: (
                "7",
                "3, then 5, then 7: each layer adds one pixel on either side, for the windows lie "
                "over each other.",
            ),
            9: (
                "9: three times 3",
                "That would be windows side by side. They move on by one pixel and share most of "
                "what they see.",
            ),
        },
    )

    alexnet_first = Prediction(  # 06.4
        "AlexNet's paper says: pictures of 224x224, filters of 11x11, stride 4; and its figure "
        "has 55 columns behind them. How many columns come out, if nothing is padded?",
        answer=lambda: shapes.output_size(224, 11, stride=4),
        choices={
            55: (
                "55: it is printed",
                "Work it out: 224 - 11 is 213, and 4 goes 53 times into it. With the first place "
                "that makes 54. Something in the paper is not what they ran.",
            ),
            54: (
                "54",
                "53 steps and the first place. With 227 pixels it would be 55.",
            ),
            53: (
                "53",
                "That is how often the filter can move. Its first place counts too.",
            ),
            56: (
                "56: a fourth of 224",
                "The filter is 11 wide and stays inside: 224 - 11 pixels are left to move over.",
            ),
        },
    )

    # -- the quiz -----------------------------------------------------------------------------

    quiz_first_layer = Question(  # 06.6
        "A layer of 64 filters of 7x7 on a colour picture. How many parameters?",
        answer=lambda: shapes.conv2d_parameters(7, 7, 3, 64),
        choices={
            9472: (
                "9,472",
                "7 x 7 x 3 weights and a bias, 148 for each filter, and 64 filters.",
            ),
            9408: (
                "9,408",
                "Those are the weights. Each filter has a bias besides: 64 more.",
            ),
            2700: (
                "About 2,700",
                "A number like this was once printed in a forum and believed. Do the product: 7 x "
                "7 x 3 is 147, and there are 64 of them.",
            ),
            3200: (
                "3,200",
                "Your filters are one layer thin. A filter is as deep as its input, and a colour "
                "picture has three channels.",
            ),
        },
    )

    quiz_no_flatten = Question(  # 06.3
        "AlexNet flattens 6x6x256 numbers and puts a dense layer of 4,096 on them. How many "
        "parameters has that layer?",
        answer=lambda: _first_dense(flat=True),
        choices={
            1052672: (
                "1,052,672",
                "That is 256 x 4,096 and the biases: a dense layer on each place by itself, which "
                "is a 1x1 convolution. It comes of a missing Flatten, and no error says so.",
            ),
            37752832: (
                "37,752,832",
                "9,216 numbers, each with a weight for each of 4,096 units, and 4,096 biases. More "
                "than half of the whole network.",
            ),
            9216: (
                "9,216",
                "That is how many numbers go in. Each unit has a weight for each of them.",
            ),
        },
    )

    quiz_lenet = Question(  # 06.5
        "Somebody says that LeNet-5 has 61,706 parameters, somebody else that it has 60,000. Who "
        "is right?",
        answer=lambda: (sum(parameters_of_old_lenet().values()), zoo.lenet5().num_parameters),
        choices={
            (61706, 61706): (
                "61,706: it can be counted",
                "It can be counted in the copies of today. In 1998 most maps of the second "
                "convolution saw only some of the six before it, and the pooling was trained.",
            ),
            (60000, 60000): (
                "60,000: it is in the paper",
                "It is, for the network of the paper. The copies of today connect all maps and "
                "have a last dense layer of ten units.",
            ),
            (60000, 61706): (
                "Both: the old one has 60,000, its modern copy 61,706",
                "The name is the same, and the network is not. A count belongs to a list of "
                "layers, never to a name.",
            ),
        },
    )

    quiz_field = Question(  # 06.8
        "A convolution of 3x3, pooling of 2x2, another convolution of 3x3. How many pixels wide is "
        "what one number at the end depends on?",
        answer=lambda: shapes.receptive_field([(3, 1), (2, 2), (3, 1)]),
        choices={
            6: (
                "6",
                "You added as if nothing had been pooled. Behind the pooling a step of one is a "
                "step of two pixels, so the last filter adds 4.",
            ),
            8: (
                "8",
                "3, then 4; and the last filter, whose steps are two pixels wide by now, adds two "
                "times 2.",
            ),
            18: (
                "18: 3 x 2 x 3",
                "Windows lie over each other, so what they see does not multiply. Each layer adds "
                "its own width less one, in steps of the strides before it.",
            ),
        },
    )

    quiz_values = Question(  # 06.6
        "A well-known course adds up how many numbers VGG-16 keeps for one picture, the picture "
        "included, and prints 24 million. How many are they, by the layers it lists?",
        answer=lambda: round(_values_of_vgg16() / 1e6, 2),
        choices={
            24.0: (
                "24 million: it is a good course",
                "It is, and its sum is wrong all the same: its own lines add up to 15.24 million. "
                "Let the machine add.",
            ),
            15.24: (
                "15.24 million, 58 MiB",
                "Its lines are right and its sum is not. You have seen the running total.",
            ),
            138.36: (
                "138.36 million",
                "Those are the parameters. They are kept once; the values are new for each "
                "picture.",
            ),
        },
    )

    quiz_stored = Question(  # 06.9
        "LeNet-5 reads digits after 60,000 pictures of 28x28 pixels. Does it keep the pictures "
        "somewhere? Its weights take four bytes each, a pixel takes one.",
        answer=lambda: (_megabytes(zoo.lenet5().num_parameters), round(60000 * 28 * 28 / 1e6)),
        choices={
            (47, 47): (
                "Yes: 47 MB of pictures are in its weights",
                "61,706 weights of four bytes are a quarter of a megabyte. The pictures would not "
                "fit in, not even a hundredth of them.",
            ),
            (0.2, 47): (
                "It cannot: a quarter of a megabyte of weights, 47 MB of pictures",
                "It keeps what the pictures have in common. A larger network may learn some of its "
                "pictures by heart; this one has not the room.",
            ),
            (0.2, 0.2): (
                "Yes: the pictures are small, and they fit",
                "28 x 28 bytes each, 60,000 times: 47 million bytes.",
            ),
        },
    )
