"""Chapter 05, activations: its predictions and its quiz; the tasks are in ``activations``."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import filters
from cnnlab import functional as F
from cnnlab.exercises.question import Prediction, Question
from cnnlab.layers import Dense

SMOOTH, CHANGE = (1, 2, 1), (1, 0, -1)
_BLUR = filters.CATALOGUE["box_blur_3"]
_FAR = 1e6


def squashing() -> list[str]:
    """Name the six functions that stay between two bounds, by trying numbers far from 0."""
    far = np.array([-_FAR, _FAR])
    found = {function.__name__: function(far) for function in SIX}
    return [name for name, values in found.items() if np.abs(values).max() < _FAR / 100]


def _two_lines(x: ArrayLike) -> NDArray[np.float32]:
    """Maxout of two lines: one goes up, one goes down."""
    lines = np.stack([np.asarray(x), 1 - 0.5 * np.asarray(x)], axis=-1)
    return F.maxout(lines)[..., 0]


_two_lines.__name__ = "maxout"

SIX = (F.sigmoid, F.tanh, F.relu, F.leaky_relu, F.elu, _two_lines)


def _to_three(numbers: ArrayLike) -> tuple[float, ...]:
    return tuple(round(float(number), 3) for number in np.ravel(numbers))


def _loss(scores: ArrayLike) -> float:
    return round(float(F.cross_entropy(np.asarray(scores)[None], [0])[0][0]), 3)


def _orders_that_differ(numbers: ArrayLike) -> str:
    """Say for which pooling it matters whether ReLU comes before or after."""
    window = np.asarray(numbers, np.float32).reshape(1, 2, 2, 1)
    differing = [
        name
        for name, pool in {"max": F.max_pool2d, "mean": F.avg_pool2d}.items()
        if not np.array_equal(F.relu(pool(window, 2)), pool(F.relu(window), 2))
    ]
    return " and ".join(differing) or "neither"


def _passed_back(sums: ArrayLike, upstream: ArrayLike) -> tuple[float, ...]:
    return tuple(F.relu_backward(upstream, F.relu(sums)).tolist())


def _sure_or_always() -> str:
    """Whether softmax of a single number depends on that number."""
    single = {float(F.softmax([[score]])[0, 0]) for score in (3.2, 0.0, -3.2)}
    return "always" if single == {1.0} else "sure"


def _other_falls(last: str) -> bool:
    """Whether one class loses probability when another one's score rises."""
    function = {"softmax": F.softmax, "sigmoid": F.sigmoid}[last]
    return bool(function([[3, 4, -2]])[0, 0] < function([[3, 3, -2]])[0, 0])


class ActivationQuestions:
    """What chapter 05 asks with choices to pick from."""

    # -- predictions, locked before the learner looks -----------------------------------------

    two_filters = Prediction(  # 05.2
        "A row of pixels goes through the filter [1, 2, 1], and what comes out goes through "
        "[1, 0, -1]. Which single filter gives the same result at once?",
        answer=lambda: tuple(filters.merge([SMOOTH], [CHANGE]).ravel().astype(int).tolist()),
        choices={
            "none": (
                "None: two layers can do what one filter cannot",
                "Both filters only multiply and add. Multiplying and adding what was already "
                "multiplied and added is still multiplying and adding: one filter can do it.",
            ),
            (2, 2, 0): (
                "[2, 2, 0]: add them weight by weight",
                "That filter adds the two maps of filters that both look at the picture. Here the "
                "second one looks at the map of the first.",
            ),
            (1, 0, -1): (
                "[1, 0, -1]: multiply them weight by weight",
                "The second filter reads three numbers, and each of them saw three pixels. "
                "Together they see five pixels, so three weights are too few.",
            ),
            (1, 2, 0, -2, -1): (
                "[1, 2, 0, -2, -1]",
                "Once the first filter, and two places further on the first filter again, times "
                "-1. Five pixels are seen, so it has five weights.",
            ),
        },
    )

    bend = Prediction(  # 05.1
        "ReLU keeps a number above 0 and turns every other number into 0. Call it f. What are "
        "f(-1) + f(1), and f(-1 + 1)?",
        answer=lambda: (int(F.relu([-1, 1]).sum()), int(F.relu([-1 + 1])[0])),
        choices={
            (0, 0): (
                "0 and 0: it is made of straight lines, so adding first changes nothing",
                "f(-1) is not -1: it is 0. So the first sum is 0 + 1. Two straight pieces with a "
                "bend between them are not a straight line.",
            ),
            (2, 0): (
                "2 and 0",
                "You took away the sign of -1. ReLU does not: it puts 0 in its place.",
            ),
            (1, 1): (
                "1 and 1: adding first changes nothing",
                "f(-1) + f(1) is 0 + 1. But -1 + 1 is 0, and f(0) is 0.",
            ),
            (1, 0): (
                "1 and 0",
                "Whether you add before or after makes a difference. For a filter it never does. "
                "This difference is the whole chapter.",
            ),
        },
    )

    squash = Prediction(  # the lecture notes' sentence, seed 003
        "The lecture notes say that an activation function squashes a value into a range. How many "
        "of the six keep every result between two bounds?",
        answer=lambda: len(squashing()),
        choices={
            6: (
                "All six, as the notes say",
                "Give ReLU a million: it gives a million back. Four of the six have no upper "
                "bound. A sentence in notes can be measured.",
            ),
            4: (
                "Four: all but ReLU and leaky ReLU",
                "Above 0 ELU is as straight as ReLU, and a maxout unit follows its largest line "
                "as far as that line goes.",
            ),
            3: (
                "Three: sigmoid, tanh and ELU",
                "ELU has a lower bound, -1. Above 0 it gives back what it got, a million for a "
                "million.",
            ),
            2: (
                "Two: sigmoid and tanh",
                "Sigmoid stays between 0 and 1, tanh between -1 and 1. The other four let large "
                "numbers through.",
            ),
        },
    )

    silent = Prediction(  # 05.4
        "A unit multiplies its input by 1, adds a bias of -1, and ReLU follows. It meets the "
        "inputs -1, 0 and 2, and for two of the three it gives 0. Is it dead?",
        answer=lambda: "alive" if (F.relu(np.array([-1, 0, 2]) - 1) > 0).any() else "dead",
        choices={
            "dead": (
                "Yes: it gives 0",
                "A 0 is an answer too: nothing to see here. For the input 2 its sum is 1, so it "
                "speaks up, and there it has a slope and learns.",
            ),
            "partly": (
                "It is two thirds dead, and will die completely",
                "Nothing follows from being silent for some inputs. A good detector is silent "
                "nearly everywhere, and learns from the places where it is not.",
            ),
            "alive": (
                "No: it speaks up for one of them",
                "Dead means 0 for every input there is. This one gives 1 for the input 2.",
            ),
        },
    )

    swap = Prediction(  # 05.3
        "The four numbers -3, 1, -2 and 2 go through ReLU and through 2x2 pooling. For which kind "
        "of pooling does it matter which of the two comes first?",
        answer=lambda: _orders_that_differ([-3, 1, -2, 2]),
        choices={
            "max and mean": (
                "For both",
                "Not for max: the largest number wins before ReLU and after it, for ReLU never "
                "changes who is larger. Both orders give 2.",
            ),
            "max": (
                "For max pooling only",
                "The largest number wins before ReLU and after it: 2 both times. But the mean is "
                "-0.5 before ReLU and 0.75 after it.",
            ),
            "mean": (
                "For mean pooling only",
                "The mean of the four is -0.5, and ReLU makes it 0. ReLU first leaves 0, 1, 0 and "
                "2, with the mean 0.75. The largest is 2 either way.",
            ),
            "neither": (
                "For neither",
                "True for max. But in the mean the negative numbers count, unless ReLU has "
                "removed them before.",
            ),
        },
    )

    twice = Prediction(  # 05.6
        "A network tells ten digits apart. For the right one its score is 4, for the others 0, and "
        "the loss, which has softmax built in, is 0.153. Somebody adds one more softmax at the end "
        "of the network. What is the loss now?",
        answer=lambda: _loss(F.softmax([[4] + [0] * 9])[0]),
        choices={
            0.153: (
                "0.153: what are probabilities already stay as they are",
                "Softmax does not know that it was given probabilities. It takes 0.858 and 0.016 "
                "as scores, and scores that close together mean: no idea.",
            ),
            0.306: (
                "0.306: twice as much",
                "The loss is not counted twice. Softmax takes 0.858 and 0.016 as scores, nearly "
                "alike, and spreads the probability out again.",
            ),
            0.0: (
                "Nearly 0: the second softmax makes it surer",
                "The other way round. Scores 4 apart become probabilities less than 1 apart, and "
                "taken as scores those are nearly alike.",
            ),
            1.584: (
                "1.584: ten times as much",
                "Probabilities are never more than 1 apart. Taken as scores, that is close to no "
                "difference at all.",
            ),
        },
    )

    # -- the quiz -----------------------------------------------------------------------------

    quiz_three_filters = Question(  # 05.2
        "Three 3x3 filters follow each other, with nothing between them. What does the same?",
        answer=lambda: len(filters.merge(filters.merge(_BLUR, _BLUR), _BLUR)),
        choices={
            3: (
                "One 3x3 filter",
                "Each filter looks one pixel further to all sides. A 3x3 filter cannot see what "
                "three of them see together.",
            ),
            7: (
                "One 7x7 filter",
                "The first sees 3 pixels across, and each further one adds 2: 3 + 2 + 2.",
            ),
            9: (
                "One 9x9 filter",
                "The windows overlap: each further filter adds only 2 pixels across, not 3.",
            ),
            "none": (
                "Nothing less than three layers",
                "With a bend between them that would be true. Without one they merge.",
            ),
        },
    )

    quiz_mask = Question(  # 05.5
        "ReLU was given -1, 0 and 2. From above, the gradient 5, -7, 3 comes back to it. What does "
        "it hand on?",
        answer=lambda: _passed_back([-1, 0, 2], [5, -7, 3]),
        choices={
            (5.0, 0.0, 3.0): (
                "5, 0, 3",
                "You let through what is positive in the gradient. What counts is whether the unit "
                "answered: the sign of what ReLU was given.",
            ),
            (0.0, -7.0, 3.0): (
                "0, -7, 3",
                "At exactly 0 the unit gave 0, and its slope is taken to be 0: the mask is > 0, "
                "not >= 0.",
            ),
            (0.0, 0.0, 3.0): (
                "0, 0, 3",
                "Only the third unit answered. Its slope is 1, so the 3 goes through as it is.",
            ),
            (0.0, 0.0, 2.0): (
                "0, 0, 2",
                "That is ReLU itself, forward. Backward it is the gradient that goes through.",
            ),
        },
    )

    quiz_dead = Question(  # 05.4
        "A unit with weight 1 and bias -3 meets the inputs -1, 0 and 2, and ReLU follows. Can "
        "training on these inputs wake it?",
        answer=lambda: any(_passed_back(np.array([-1, 0, 2]) - 3, [1, 1, 1])),
        choices={
            False: (
                "No: no gradient reaches it",
                "Its sums are -4, -3 and -1: all below 0. There the slope of ReLU is 0, so "
                "neither weight nor bias ever moves.",
            ),
            True: (
                "Yes: training raises the bias until it answers",
                "Training raises a bias only by its gradient. On the way back that is multiplied "
                "by the slope of ReLU, which is 0 for every one of these inputs.",
            ),
            "alive": (
                "It is not dead: the input 2 is above 0",
                "What counts is the sum, not the input: 1 times 2, minus 3, is below 0.",
            ),
        },
    )

    quiz_maxout = Question(  # 05.10
        "A maxout unit with two pieces looks at two inputs. How many parameters does it have?",
        answer=lambda: sum(map(math.prod, Dense(units=2).parameter_shapes((2,)).values())),
        choices={
            0: (
                "None: it takes the largest, as max pooling does",
                "Max pooling takes the largest input. Maxout takes the largest of several sums, "
                "and each sum has weights and a bias of its own.",
            ),
            3: (
                "3: a weight for each input, and a bias",
                "That is one piece. The unit has two, and each has weights and a bias of its own.",
            ),
            6: (
                "6",
                "Two pieces, each with two weights and a bias: twice as many as a plain unit. "
                "That is its price.",
            ),
        },
    )

    quiz_axis = Question(  # 05.8
        "Two pictures, two classes: the scores are [[2, 0], [0, 0]], a row for each picture. What "
        "are the probabilities of the first picture?",
        answer=lambda: _to_three(F.softmax([[2, 0], [0, 0]])[0]),
        choices={
            (0.881, 0.5): (
                "0.881 and 0.5",
                "These add up to 1.381. They were shared out among the pictures, down the columns. "
                "It is the classes of one picture that compete.",
            ),
            (0.881, 0.119): (
                "0.881 and 0.119",
                "The classes of one picture compete with each other: its row adds up to 1.",
            ),
            (0.711, 0.096): (
                "0.711 and 0.096",
                "Here all four numbers share one whole. Each picture has a whole of its own.",
            ),
        },
    )

    quiz_one_output = Question(  # 05.7
        "A network says with a single number whether it sees a cat, and softmax is applied to it. "
        "For one picture the number is 3.2. What comes out?",
        answer=_sure_or_always,
        choices={
            "sure": (
                "1: the network is very sure of the cat",
                "It gives 1 for -3.2 as well. A share of a whole that nobody else has a share in "
                "is always the whole.",
            ),
            0.961: (
                "0.961",
                "That is what sigmoid gives, and sigmoid is what belongs here. Softmax shares a "
                "whole out among the outputs, and there is only one.",
            ),
            "always": (
                "1, whatever the number is",
                "A single output gets everything. For a single yes or no take sigmoid, which "
                "gives 0.961.",
            ),
        },
    )

    quiz_several = Question(  # 05.9
        "A photograph shows a cat and a dog. The scores for cat, dog and bird are 3, 3 and -2, and "
        "the network should find both animals. What belongs at its end?",
        answer=lambda: (_other_falls("softmax"), _other_falls("sigmoid")),
        choices={
            (True, True): (
                "Softmax: it turns scores into probabilities",
                "It gives 0.498, 0.498 and 0.003: it has to share one whole between cat and dog. "
                "If the dog's score rises, the cat's probability falls.",
            ),
            (True, False): (
                "Sigmoid for each: several may be true",
                "It gives 0.953, 0.953 and 0.119. Each answers a yes or no of its own, so a "
                "stronger dog takes nothing from the cat.",
            ),
            (False, False): (
                "Either: both give numbers between 0 and 1",
                "With softmax the three must add up to 1. Two animals can never both be above one "
                "half.",
            ),
        },
    )
