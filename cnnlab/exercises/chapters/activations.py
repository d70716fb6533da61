"""Chapter 05, activations: its tasks, beside the questions of ``activation_questions``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import filters
from cnnlab import functional as F
from cnnlab.exercises.cases import lopsided
from cnnlab.exercises.chapters.activation_questions import (
    CHANGE,
    SIX,
    SMOOTH,
    ActivationQuestions,
)
from cnnlab.exercises.lesson import Lesson
from cnnlab.exercises.task import Task

_BOTH = tuple[NDArray[np.float32], NDArray[np.float32]]
_NUMBERS = [
    (np.array([-2.1, -0.5, 0.0, 0.3, 3.0]),),
    (np.array([[-1.4, 0.25, 2.0], [4.3, -3.0, 0.0]]),),
]


def _with_slope(name: str) -> Any:
    """Give a function of numbers that returns what an activation makes of them, and its slopes."""
    function, backward = getattr(F, name), getattr(F, f"{name}_backward")

    def both(x: NDArray[np.float64]) -> _BOTH:
        value = function(x)
        return value, backward(np.ones_like(value), value)

    return both


def _weights_of_the_hat() -> NDArray[np.float64]:
    """Solve for the weights: the three bends together have to pass three points."""
    points, heights = np.array([1.0, 3.0, 4.0]), np.array([2.0, 0.0, 0.0])
    return np.linalg.solve(F.relu(points[:, None] - np.array(Activations.BENDS)), heights)


def _dead(sums: NDArray[np.float64]) -> NDArray[np.bool_]:
    largest: NDArray[np.float32] = F.relu(sums).max(axis=(0, 1, 2))
    return np.equal(largest, 0)


def _maxout(
    x: NDArray[np.float64], weights: NDArray[np.float64], biases: NDArray[np.float64]
) -> float:
    return float(F.maxout(F.dense(x[None], weights.T, biases), len(biases))[0, 0])


def _sums_of_four_units() -> NDArray[np.float64]:
    """Two pictures of 2x3 and four units: one is below 0, one at 0 or below."""
    sums = 3 * lopsided(2, 2, 3, 4)
    sums[..., 0] = -np.abs(sums[..., 0])
    sums[..., 2] = np.minimum(sums[..., 2], 0)
    sums[0, ..., 3] = -np.abs(sums[0, ..., 3])  # it speaks up in the second picture alone
    sums[1, 0, 0, 3] = 0.5
    return sums


class Activations(ActivationQuestions, Lesson, chapter="05_activations"):
    """What chapter 05 shows and asks."""

    SMOOTH, CHANGE = SMOOTH, CHANGE
    SIX = SIX
    BENDS = (0, 1, 3)  # where the three ReLUs of the hat begin

    merged = Task(  # 05.2
        "Merge [1, 2, 1] and then [1, 0, -1] into one filter, by hand.",
        cell="merged = <<[1, 2, 0, -2, -1]>>",
        answer=lambda: filters.merge([SMOOTH], [CHANGE]).ravel().astype(int),
        wrong={
            "[1, 0, -1]": "You multiplied weight by weight. The second filter reads three numbers, "
            "and each saw three pixels: together five, so five weights.",
            "[2, 2, 0]": "You added weight by weight: that is what two filters do side by side. "
            "Here the second one reads what the first one made, and sees five pixels.",
            "[1, 2, 1, 1, 0, -1]": "You wrote one filter behind the other. Lay a copy of the first "
            "on each weight of the second, and add up where they overlap.",
            "[-1, -2, 0, 2, 1]": "The signs are the other way round: you flipped the second "
            "filter. Its left weight is 1, so the copy on the left counts plus.",
            "[1, 2, 2, 2, 1]": "Both copies count plus in yours. The weight on the right is -1.",
        },
        hints=(
            "The second filter has three weights. Write a copy of [1, 2, 1] for each, the second "
            "one place further to the right, the third two places.",
            "The copy on the 0 vanishes, the copy on the -1 changes all its signs.",
            "1  2  1  0  0\nplus\n0  0 -1 -2 -1",
        ),
        praise="Five weights see what two filters in a row see. Nothing is lost and nothing won.",
    )

    merge = Task(  # 05.2
        "Write the function that merges two filters of rows and columns.",
        cell='''
            def merge(first, second):
                """Give the one filter that does what first and then second do."""
                height, width = first.shape
                rows = height + second.shape[0] - 1
                columns = <<width + second.shape[1] - 1>>
                merged = np.zeros((rows, columns))
                for row in range(second.shape[0]):
                    for column in range(second.shape[1]):
                        copy = <<second[row, column] * first>>
                        merged[row : row + height, column : column + width] += copy
                return merged
            ''',
        answer=lambda: filters.merge,
        calls=[
            (np.array([[1, 1]]), np.array([[1, -1]])),
            (np.array([SMOOTH]), np.array([CHANGE])),
            (lopsided(3, 2), lopsided(2, 4)),
            (lopsided(1, 3), lopsided(3, 1) - 0.4),
            (lopsided(2, 3), lopsided(1, 2)),
        ],
        wrong={
            ("width + second.shape[1]", None): "One column too many. The copies overlap: the first "
            "weight of the second filter adds no column of its own. Subtract 1.",
            ("width", None): "The merged filter sees more than the first alone: every further "
            "weight of the second filter moves the copy one column on.",
            ("rows", None): "There are as many columns as rows. That holds for square filters "
            "only: use width and second.shape[1].",
            (None, "first"): "Your copies are all alike. Each is as strong as the weight of the "
            "second filter it lies on: multiply by it.",
            (None, "second[row, column]"): "That is one number, laid on a whole window. Multiply "
            "the first filter by it.",
            (None, "second[row, column] * np.flip(first)"): "Your copies are flipped. The first "
            "filter is laid down just as it is.",
            (None, "second[row, column] + first"): "A weight multiplies. Where it is 0, nothing of "
            "its copy must be left.",
        },
        hints=(
            "The line above says how many rows there are. Columns work the same way.",
            "A copy is the first filter, multiplied by the weight it lies on.",
            "columns = width + second.shape[1] - 1, and second[row, column] * first",
        ),
        praise="Lay down copies, add up. It works for any two filters, and that is the trouble: "
        "without something between them, a second layer brings nothing new.",
    )

    absolute = Task(  # 05.1
        "Make |x| from two ReLUs.",
        given=lambda: {"F": F},
        cell='''
            def absolute(x):
                """Give the numbers x without their signs."""
                return <<F.relu(x) + F.relu(-x)>>
            ''',
        answer=lambda: np.abs,
        calls=_NUMBERS,
        wrong={
            "F.relu(x)": "The negative numbers have become 0. A second ReLU can catch them: what "
            "must it be given?",
            "F.relu(-x)": "Now the negative numbers are there, and the positive ones are gone. Add "
            "both.",
            "F.relu(x) - F.relu(-x)": "This is x again, as it was: what one ReLU took, the other "
            "gave back with its sign. Add instead.",
            "F.relu(x) + F.relu(x)": "Both ReLUs see the same side. Show the second one -x.",
            "F.relu(x) + F.relu(x - 1)": "The second ReLU should see what is below 0. Turn x "
            "round: -x.",
        },
        hints=(
            "One ReLU for the numbers above 0, one for those below.",
            "ReLU keeps what is above 0. For -x that is where x is below 0.",
            "F.relu(x) + F.relu(-x)",
        ),
        praise="Two bends, and no filter can do it: for a filter, what x and -x give always adds "
        "up to 0.",
    )

    hat = Task(  # 05.1
        "Give the weights of three ReLUs that begin at 0, 1 and 3, so that their sum makes the "
        "hat.",
        cell="weights = <<[2, -3, 1]>>",
        answer=_weights_of_the_hat,
        wrong={
            "[2, -1, 0]": "These are the slopes themselves. A ReLU that has begun never stops: "
            "each weight says by how much the slope changes at its bend.",
            "[2, -3, 0]": "It goes down and never stops. The last bend has to turn the slope from "
            "-1 back to 0.",
            "[0, 2, 0]": "These are the heights at 0, 1 and 3. A weight is no height: it says by "
            "how much the slope changes at its bend.",
            "[2, -2, 0]": "From 1 on yours is level. It has to go down by 1 with every step.",
            "[2, 3, 1]": "The second bend must turn the line down: its weight is negative.",
        },
        hints=(
            "Write down the slope of each of the four pieces: before 0, then from 0 to 1, from 1 "
            "to 3, and after 3.",
            "The slopes are 0, 2, -1 and 0. What changes at each bend?",
            "At 0 the slope rises by 2, at 1 it falls by 3. And at 3?",
        ),
        praise="A weight is a change of slope. With enough bends you can follow any curve you "
        "draw.",
    )

    tanh = Task(
        "Give the slope of tanh, from its value.",
        cell='''
            def tanh(x):
                """Give the values of tanh at the numbers x, and its slopes there."""
                value = np.tanh(x)
                slope = <<1 - value**2>>
                return value, slope
            ''',
        answer=lambda: _with_slope("tanh"),
        calls=_NUMBERS,
        wrong={
            "value * (1 - value)": "That is the slope of sigmoid. At 0 tanh has the value 0, and "
            "there it is at its steepest.",
            "1 - value": "The square is missing. At -2 yours gives nearly 2, and tanh is nearly "
            "level there.",
            "1 - x**2": "The slope is 1 minus the square of the value. At 3 yours is -8, and "
            "tanh never goes down.",
            "(1 - value)**2": "You squared the whole. Only the value is squared.",
        },
        hints=(
            "The sentence above the cell says it in words. In Python a square is written **2.",
            "The value stands in the line above: value.",
            "1 - value**2",
        ),
        praise="As with sigmoid, the value alone tells the slope. A network need not keep x.",
    )

    leaky_relu = Task(
        "Write leaky ReLU and its slope.",
        cell='''
            def leaky_relu(x):
                """Give max(0.1 x, x) at the numbers x, and the slopes there: at 0 it is 0.1."""
                value = <<np.maximum(0.1 * x, x)>>
                slope = <<np.where(x > 0, 1, 0.1)>>
                return value, slope
            ''',
        answer=lambda: _with_slope("leaky_relu"),
        calls=_NUMBERS,
        wrong={
            ("np.maximum(0, x)", None): "That is ReLU. The leaky one lets a tenth through below 0.",
            ("0.1 * x", None): "A tenth of everything. Above 0 it is x itself that comes out.",
            ("np.maximum(-0.1 * x, x)", None): "Below 0 yours comes out positive. The leak keeps "
            "the sign: 0.1 * x.",
            ("max(0.1 * x, x)", None): "max asks which of two whole arrays is larger, and there is "
            "no answer. np.maximum compares number by number.",
            (None, "np.where(x > 0, 1, 0)"): "That is the slope of ReLU. Here the left side rises "
            "too, a little.",
            (None, "np.where(x >= 0, 1, 0.1)"): "At exactly 0 there are two slopes to choose from. "
            "The line in quotation marks says which one is taken.",
            (None, "np.where(x > 0, x, 0.1 * x)"): "That is the value again. The slope says how "
            "steep it is: the same number all along a straight piece.",
        },
        hints=(
            "np.maximum(a, b) compares two arrays number by number.",
            "np.where(x > 0, a, b) takes a where x is above 0, and b elsewhere.",
            "np.maximum(0.1 * x, x), and the slopes are 1 and 0.1.",
        ),
        praise="A tenth gets through on the left. You will see what that is good for.",
    )

    elu = Task(
        "Write ELU and its slope, from the docstring alone.",
        cell='''
            def elu(x):
                """Give the values of ELU at the numbers x, and its slopes there.

                Where x is above 0, ELU is x. Elsewhere it is exp(x) - 1.
                """
                <<value = np.where(x > 0, x, np.exp(x) - 1)
                slope = np.where(x > 0, 1, np.exp(x))
                return value, slope>>
            ''',
        answer=lambda: _with_slope("elu"),
        calls=_NUMBERS,
        wrong={
            "return np.where(x > 0, x, np.exp(x) - 1)": "These are the values. The slopes are "
            "asked for as well: return value, slope.",
            """value = np.where(x > 0, x, np.exp(x))
            slope = np.where(x > 0, 1, np.exp(x))
            return value, slope""": "Your values jump at 0: exp(0) is 1. Subtract 1 below 0.",
            """value = np.where(x > 0, x, np.exp(x) - 1)
            slope = np.where(x > 0, 1, np.exp(x) - 1)
            return value, slope""": "Your slopes below 0 are negative, but ELU never goes down. "
            "The -1 moves the curve, it does not tilt it: the slope of exp(x) - 1 is exp(x).",
            """value = np.where(x > 0, x, np.exp(x) - 1)
            slope = np.where(x > 0, 1, 0)
            return value, slope""": "That is the slope of ReLU. Below 0 ELU still rises, less and "
            "less: its slope there is exp(x).",
            """value = np.where(x > 0, x, np.exp(x) - 1)
            slope = np.where(x > 0, x, np.exp(x))
            return value, slope""": "Above 0 your slope grows with x. A straight line has the same "
            "slope everywhere: here 1.",
        },
        hints=(
            "You have two values for two cases, as in leaky ReLU: np.where.",
            "np.exp(x) is its own slope, and subtracting 1 changes no slope.",
            "slope = np.where(x > 0, 1, np.exp(x))",
        ),
        praise="Below 0 it bends softly towards -1, and even there its slope never becomes quite "
        "0.",
    )

    relu_backward = Task(  # 05.5
        "Hand a gradient back through ReLU.",
        cell='''
            def relu_backward(upstream, x):
                """Give the slope of the loss by x; upstream is its slope by relu(x)."""
                return <<np.where(x > 0, upstream, 0)>>
            ''',
        answer=lambda: lambda upstream, x: F.relu_backward(upstream, F.relu(x)),
        calls=[
            (np.array([5, -7, 3]), np.array([-1, 0, 2])),
            (lopsided(2, 3), np.array([[0.5, -1, 2], [-0.25, 3, 0]])),
            (10 * lopsided(4), lopsided(5)[1:]),
        ],
        wrong={
            "np.where(upstream > 0, upstream, 0)": "You look at the sign of the gradient. What "
            "counts is whether the unit answered: look at x.",
            "np.where(x >= 0, upstream, 0)": "At exactly 0 the unit gave 0, and the slope there is "
            "taken to be 0: use > instead of >=.",
            "np.where(x > 0, x, 0)": "That is ReLU itself, forward. What is handed back is the "
            "gradient.",
            "np.where(x > 0, 1, 0)": "These are the slopes of ReLU. The gradient from above has to "
            "be multiplied by them.",
            "upstream": "Everything gets through in yours. Where the unit gave 0, its slope is 0.",
        },
        hints=(
            "The slope of ReLU is 1 where x is above 0, and 0 elsewhere. Multiply.",
            "np.where(x > 0, a, b) takes a where x is above 0, and b elsewhere.",
            "np.where(x > 0, upstream, 0)",
        ),
        praise="What answered on the way up learns on the way down. All else gets nothing.",
    )

    dead = Task(  # 05.4
        "Find the dead units.",
        cell='''
            def dead(sums):
                """Say for each channel whether ReLU makes 0 of it in all pictures, at all places.

                The axes of sums are picture, row, column, channel.
                """
                return <<(sums <= 0).all(axis=(0, 1, 2))>>
            ''',
        answer=lambda: _dead,
        calls=[(_sums_of_four_units(),), (lopsided(3, 1, 2, 2) - 0.7,), (lopsided(1, 3, 4, 1),)],
        wrong={
            "(sums <= 0).any(axis=(0, 1, 2))": "One 0 is no death. A unit is dead if it gives 0 "
            "everywhere: all, not any.",
            "(sums[0] <= 0).all(axis=(0, 1))": "You looked at the first picture only. A unit that "
            "is silent there may speak up in the next.",
            "(sums <= 0).all()": "This is one answer for all units together. Each channel needs an "
            "answer of its own: name the other axes.",
            "(sums <= 0).all(axis=0)": "This is an answer for every place. A unit is the same at "
            "all places, so rows and columns go together too: axis=(0, 1, 2).",
            "(sums == 0).all(axis=(0, 1, 2))": "These are the sums before ReLU. It makes 0 of "
            "everything that is 0 or below.",
            "(sums < 0).all(axis=(0, 1, 2))": "A sum of exactly 0 gives 0 too, and has no slope.",
        },
        hints=(
            "Where does ReLU make 0 of a sum? That is an array of True and False.",
            ".all() asks whether all are True. With axis=(0, 1) it asks along the first two axes, "
            "and leaves the others.",
            "(sums <= 0).all(axis=...), along pictures, rows and columns.",
        ),
        praise="Silent for all pictures at all places: only then is a unit dead.",
    )

    maxout = Task(  # 05.10
        "Write a maxout unit, from the docstring alone.",
        cell='''
            def maxout(x, weights, biases):
                """Give the answer of one maxout unit: a single number.

                x has the inputs. Each row of weights is a piece: multiply the inputs by it, add up,
                and add the piece's own bias. The largest of these sums is the answer.
                """
                <<return (weights @ x + biases).max()>>
            ''',
        answer=lambda: _maxout,
        calls=[
            (np.array([1, 2]), np.array([[2, 0], [1, 1]]), np.array([0, 0])),
            (np.array([1.5, -2, 0.5]), lopsided(2, 3), np.array([-3, -2.5])),
            (np.array([-1, 0.25]), lopsided(4, 2)[1:], np.array([0.5, -0.5, 0.25])),
        ],
        wrong={
            "return x.max()": "That is max pooling: the largest input. Here sums compete, each "
            "with weights of its own.",
            "return (weights @ x).max()": "The biases are missing. Each piece adds its own, and "
            "that can change who wins.",
            "return (weights @ x).max() + biases.max()": "You chose sum and bias separately. A "
            "piece keeps its own bias: add first, then take the largest.",
            "return weights @ x + biases": "These are the sums of all pieces. The largest of them "
            "is the answer.",
            "return (weights @ x + biases).sum()": "Added up, the pieces make one plain sum "
            "again, and no bend. Take the largest.",
            "return max(0, (weights @ x + biases).max())": "There is no 0 in this race: if all "
            "sums are negative, so is the answer.",
        },
        hints=(
            "For one piece: (weights[0] * x).sum() + biases[0].",
            "For all pieces at once: weights @ x is the row of their sums.",
            "(weights @ x + biases).max()",
        ),
        praise="The upper edge of several lines. With the pieces 0 and x it would be ReLU.",
    )

    softmax = Task(  # 05.8
        "Write a softmax that bears large scores, and runs along the right axis.",
        cell='''
            def softmax(scores):
                """Turn scores into probabilities: a row for each picture, and each adds up to 1."""
                largest = <<scores.max(axis=1, keepdims=True)>>
                powers = np.exp(scores - largest)
                return powers / <<powers.sum(axis=1, keepdims=True)>>
            ''',
        answer=lambda: F.softmax,
        calls=[
            (np.array([[2, 0], [0, 0]]),),
            (np.array([[1000, 999.5], [0, -1.5], [-2, 3]]),),
            (np.array([[1000, -1000], [-1000, -999], [0, 0.5]]),),
            (4 * lopsided(2, 5),),
        ],
        wrong={
            ("0", None): "exp(1000) is too large for any computer. Subtract the largest score of "
            "the row first: then no power is above 1.",
            ("scores.max()", None): "This is the largest of all pictures. A row far below it "
            "becomes 0 divided by 0. Each row needs its own largest: axis=1.",
            ("scores.max(axis=0)", None): "This is the largest of each column: other numbers are "
            "subtracted from each class, and that changes who wins. Take each row: axis=1.",
            (None, "powers.sum(axis=0)"): "Your columns add up to 1: the pictures compete. It is "
            "the classes of one picture that should: axis=1.",
            (None, "powers.sum()"): "All numbers together add up to 1. Each picture should have a "
            "whole of its own: axis=1.",
            (None, "powers.sum(axis=1)"): "Nearly. Without keepdims=True the sums lie down as a "
            "row, and do not stand beside the rows they belong to.",
        },
        hints=(
            "A row is a picture. The classes of a row compete, so both blanks go along axis 1.",
            "keepdims=True keeps the sums standing in a column, beside their rows.",
            "scores.max(axis=1, keepdims=True), and the same with powers and sum.",
        ),
        praise="Subtracting one number from a whole row changes no probability, and exp never "
        "gets too large.",
    )
