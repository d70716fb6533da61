"""Chapter 04, pooling: its predictions and its quiz; the tasks are in ``pooling``.

The numbers in the comments (04.1 and so on) are beliefs that learners really hold.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import functional as F
from cnnlab import images, layers, shapes
from cnnlab.exercises.cases import grid
from cnnlab.exercises.question import Prediction, Question

Grid = NDArray[np.float32]

_NEIGHBOURS = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]


def _volume(image: Any) -> Grid:
    return np.asarray(image, np.float32)[None, :, :, None]


def max_pool(image: Any, window: int, stride: int) -> Grid:
    """Keep the largest number under each window of one image."""
    return F.max_pool2d(_volume(image), window, stride)[0, ..., 0]


def avg_pool(image: Any, window: int, stride: int) -> Grid:
    """Average the numbers under each window of one image."""
    return F.avg_pool2d(_volume(image), window, stride)[0, ..., 0]


def max_pool_backward(upstream: Any, image: Any, window: int, stride: int) -> Grid:
    """Hand each gradient to the pixel that won."""
    found = F.max_pool2d_backward(_volume(upstream), _volume(image), window, stride)
    return found[0, ..., 0]


def avg_pool_backward(upstream: Any, image: Any, window: int, stride: int) -> Grid:
    """Share each gradient among the pixels that were averaged."""
    found = F.avg_pool2d_backward(_volume(upstream), _volume(image), window, stride)
    return found[0, ..., 0]


def _harmless(picture: Any) -> int:
    """Count the one-pixel shifts, of eight, after which the pooled map is exactly the same."""
    before = max_pool(picture, 2, 2)
    moved = (max_pool(np.roll(picture, way, (0, 1)), 2, 2) for way in _NEIGHBOURS)
    return sum(np.array_equal(before, after) for after in moved)


def _dot() -> Grid:
    picture = np.zeros((8, 8), np.float32)
    picture[2, 2] = 1
    return picture


def photograph_of_a_cat() -> Grid:
    """Open the photograph that the chapter moves about."""
    return images.to_grey(images.sample("chelsea"))


def _worded(rows: Any) -> tuple[float, ...]:
    return tuple(float(number) for number in np.asarray(rows).ravel())


class PoolingQuestions:
    """What chapter 04 asks with choices."""

    # -- predictions, locked before the learner looks -----------------------------------------

    lone_dot = Prediction(  # 04.7
        "One bright dot on a dark picture of 8x8 pixels goes through 2x2 max pooling. Then the "
        "picture moves by one pixel; there are eight ways, up, down, aslant and so on. After how "
        "many of the eight is the pooled map exactly what it was?",
        answer=lambda: _harmless(_dot()),
        choices={
            8: (
                "All 8: pooling does not care about a pixel more or less",
                "It does not care as long as the dot stays under its window. Most ways out of a "
                "2x2 window lead into the next one, and then two numbers of the map change.",
            ),
            4: (
                "4: half of them",
                "Count the other places inside the 2x2 window. A window of four pixels has three "
                "others, so three ways stay inside.",
            ),
            3: (
                "3",
                "The 2x2 window has three other places for the dot. The three ways that lead there "
                "change nothing; the other five lead into another window.",
            ),
            0: (
                "None: something always changes",
                "The picture always changes. But a window says only how bright its brightest pixel "
                "is, not where it lies: inside its window the dot can move unseen.",
            ),
        },
    )

    cat_shifts = Prediction(  # 04.7
        "Now the photograph of the cat, 300x451 pixels, and the same 2x2 max pooling. After how "
        "many of the eight shifts is the pooled map exactly what it was?",
        answer=lambda: _harmless(photograph_of_a_cat()),
        choices={
            8: (
                "All 8",
                "For that, every one of 33,750 windows would have to keep its largest number.",
            ),
            3: (
                "3, as for the dot",
                "The three ways that are safe for a dot depend on where in its window it lies. A "
                "photograph has a brightest pixel in every window, in all four places: no way is "
                "safe for all of them.",
            ),
            0: (
                "None",
                "Each window has its own brightest pixel. Whichever way the picture moves, some of "
                "them leave their window.",
            ),
        },
    )

    window_of_three = Prediction(  # 04.4
        "A map of 8x8 numbers goes through MaxPool2D(3): a window of 3x3, and nothing is said "
        "about the stride. How many rows come out?",
        answer=lambda: layers.MaxPool2D(3).output_shape((8, 8, 1))[0],
        choices={
            6: (
                "6: the window moves on by one, as a filter does",
                "That is the habit of convolution. In pooling the stride is as many pixels as the "
                "window has, unless you say otherwise: 3.",
            ),
            3: (
                "3: it is 2 and two thirds, rounded up",
                "Windows start at rows 0 and 3. A third would need rows 6, 7 and 8, and there is "
                "no row 8: here it is left out.",
            ),
            2: (
                "2",
                "Without a word about the stride it is that of the window, 3. Windows start at "
                "rows 0 and 3, and the last two rows are dropped.",
            ),
        },
    )

    beside_a_pad = Prediction(  # 04.6
        "A max pooling window lies at the left rim, half outside. Under it are a padded place and "
        "the numbers -2 and -1. What comes out?",
        answer=lambda: float(
            F.max_pool2d(_volume([[-2, -1]]), window=(1, 3), stride=1, padding=(0, 1))[0, 0, 0, 0]
        ),
        choices={
            0.0: (
                "0: padding is zeros, and 0 is the largest",
                "In a convolution padding is zeros. Here a zero that nobody measured would win "
                "over every negative number, so it counts as minus infinity: it never wins.",
            ),
            -1.0: (
                "-1",
                "The pad never wins, and of the real numbers -1 is the largest.",
            ),
            -2.0: (
                "-2: the number with the largest size",
                "The largest number is asked for, not the one farthest from zero: -1 is larger "
                "than -2.",
            ),
        },
    )

    who_gets = Prediction(  # 04.1
        "Going forward, a window saw 1 and 5 above, 2 and 3 below, and the 5 won. Going backward, "
        "a gradient of 4 comes to this window. What do the four numbers get?",
        answer=lambda: _worded(max_pool_backward([[4]], [[1, 5], [2, 3]], 2, 2)),
        choices={
            (0.0, 0.0, 0.0, 0.0): (
                "0 0 / 0 0: pooling has no weights, so there is nothing to learn here",
                "It has no weights of its own, but the layers before it do, and their gradient has "
                "to pass through. Cut it off here and they never learn.",
            ),
            (1.0, 1.0, 1.0, 1.0): (
                "1 1 / 1 1: shared out equally",
                "That is average pooling. Here the 1, the 2 and the 3 had no say: a little more or "
                "less of them would have changed nothing.",
            ),
            (0.0, 4.0, 0.0, 0.0): (
                "0 4 / 0 0: all of it goes to the winner",
                "Only the 5 came through. A little more of it, and a little more comes out; so it "
                "gets all of the 4.",
            ),
            (0.0, 1.0, 0.0, 0.0): (
                "0 1 / 0 0: the derivative of the winner is 1",
                "The slope of the pooling itself is 1 at the winner. It multiplies what comes from "
                "above, and that is 4.",
            ),
        },
    )

    # -- the quiz -----------------------------------------------------------------------------

    quiz_parameters = Question(  # seed row 15, 04.1
        "A max pooling layer with a 2x2 window takes 148x148x32 numbers. How many weights does it "
        "learn?",
        answer=lambda: sum(
            math.prod(shape)
            for shape in layers.MaxPool2D(2).parameter_shapes((148, 148, 32)).values()
        ),
        choices={
            0: (
                "None",
                "It compares, and that is all. In a table of layers it stands with 0 parameters.",
            ),
            4: (
                "4: one for each place of the window",
                "A filter has weights, for it multiplies. Pooling keeps the largest number as it "
                "is.",
            ),
            128: (
                "128: four for each channel",
                "Each channel is pooled by itself, but nothing is multiplied, so nothing is "
                "learnt.",
            ),
        },
    )

    quiz_rounding = Question(  # 04.5
        "A map of 6x6 numbers goes through pooling with a 3x3 window and stride 2. The windows "
        "start at columns 0 and 2; one that starts at column 4 would hang over the edge. How many "
        "columns come out?",
        answer=lambda: (shapes.output_size(6, 3, stride=2), math.ceil((6 - 3) / 2) + 1),
        choices={
            (2, 2): (
                "2, in every library",
                "Here, in PyTorch and in Keras it is 2 unless you ask for more. Caffe, from which "
                "many older networks come, lets the last window hang over: 3.",
            ),
            (3, 3): (
                "3, in every library",
                "Caffe lets the last window hang over the edge and gets 3. Here, in PyTorch and in "
                "Keras it is left out unless you ask for it.",
            ),
            (2, 3): (
                "2 here, in PyTorch and in Keras; 3 in Caffe",
                "Rounding down drops the window that does not fit, rounding up lets it hang over. "
                "Whoever carries a network from one library to another meets it.",
            ),
        },
    )

    quiz_average_back = Question(  # 04.2
        "A 2x2 window of average pooling gets a gradient of 2 from above. What does each of its "
        "four pixels get?",
        answer=lambda: float(avg_pool_backward([[2]], np.ones((2, 2)), 2, 2)[0, 0]),
        choices={
            0.25: (
                "0.25",
                "That is the share of one pixel, a fourth. It is a fourth of what comes from "
                "above, and that is 2.",
            ),
            0.5: (
                "0.5",
                "A fourth of 2 each. Four times 0.5 is 2 again: nothing is lost.",
            ),
            2.0: (
                "2",
                "Then 8 would flow out where 2 flowed in. Each pixel has a fourth of the say.",
            ),
        },
    )

    quiz_shared_winner = Question(  # 04.3
        "Numbers 1, 9, 2 in a row; a max pooling window two wide, stride 1. Both windows see the "
        "9. From above come 3 for the first window and 4 for the second. What does the row get?",
        answer=lambda: _worded(
            F.max_pool2d_backward(_volume([[3, 4]]), _volume([[1, 9, 2]]), (1, 2), 1)
        ),
        choices={
            (0.0, 7.0, 0.0): (
                "0, 7, 0",
                "The 9 won in both windows, so it gets both: 3 + 4.",
            ),
            (0.0, 4.0, 0.0): (
                "0, 4, 0",
                "That comes out if the second gradient is written over the first, = instead of "
                "+=. With windows that do not overlap nobody notices.",
            ),
            (3.0, 0.0, 4.0): (
                "3, 0, 4",
                "The gradient goes to the pixel that won, and that is the 9 in both windows.",
            ),
        },
    )

    quiz_global = Question(  # 04.8
        "Two maps: one holds 1, 2, 3, 4, the other 10, 20, 30, 40. What does global average "
        "pooling make of them?",
        answer=lambda: _worded(
            layers.GlobalAvgPool2D().forward(
                {}, np.dstack([grid("1 2 / 3 4"), grid("10 20 / 30 40")])[None].astype(np.float32)
            )[0]
        ),
        choices={
            (13.75,): (
                "13.75",
                "That is the average of everything. Each map keeps a number of its own.",
            ),
            (2.5, 25.0): (
                "2.5 and 25",
                "Each map shrinks to its own average. Where in the map a number stood no longer "
                "counts, and which map it stood in still does.",
            ),
            (5.5, 11.0, 16.5, 22.0): (
                "5.5, 11, 16.5, 22",
                "Those are averages over the two maps, place by place. It is the places that go, "
                "and the maps that stay.",
            ),
        },
    )

    quiz_invariant = Question(  # 04.7
        "Somebody says: max pooling makes a network indifferent to shifts. What does the shift "
        "test say?",
        answer=lambda: (_harmless(_dot()), _harmless(photograph_of_a_cat())),
        choices={
            (8, 8): (
                "True: a shift by a pixel changes nothing",
                "You have seen it change: 5 of 8 shifts change the map of a dot, all 8 that of the "
                "cat.",
            ),
            (3, 0): (
                "It forgives a shift inside one window, and the rest only in part",
                "Most numbers of a photograph's map change, but by less than its pixels did. Only "
                "pooling over the whole picture forgives every shift.",
            ),
            (0, 0): (
                "False: it makes no difference",
                "Inside a window the dot moved unseen, and the cat's pooled map changed less than "
                "its pixels did. It helps, a little.",
            ),
        },
    )
