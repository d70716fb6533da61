"""Chapter 09, making it fast: its predictions and its quiz; the tasks are in ``speed``.

The numbers in the comments (09.1 and so on) are beliefs that learners really hold. No time is an
answer: where one is measured, it says in which order things come, or how many noughts there are.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cnnlab import layers, rungs, shapes, timing
from cnnlab.exercises.chapters import filters as chapter_01
from cnnlab.exercises.question import Prediction, Question
from cnnlab.naive import convolution as naive


@cache
def _noughts() -> int:
    """How many noughts the ratio of the two ends of the ladder has: 1, 2, or 3 and more."""
    loop = rungs.one_channel(chapter_01.Filters.loops.value(chapter_01.Filters.loops.solution_code))
    weights = np.ones((3, 3, 1, 1))
    (slow,) = timing.measure({"loop": loop}, np.ones((66, 66, 1)), weights, patience=0.03)
    (fast,) = timing.measure({"tile": rungs.tile}, np.ones((514, 514, 1)), weights, patience=0.1)
    return min(max(int(math.log10(fast.rate / slow.rate)), 1), 3)


@cache
def _slowest_first() -> tuple[str, ...]:
    ladder = {"array": rungs.array_loop, "list": rungs.list_loop, "whole": rungs.numpy_windows}
    # Calls so short that some of them are never interrupted, however busy the machine.
    image, weights = np.ones((14, 12, 1)), np.ones((3, 3, 1, 1))
    found = timing.measure(ladder, image, weights, patience=0.05)
    return tuple(one.name for one in sorted(found, key=lambda one: -one.seconds))


def windows_copied(size: int, window: int) -> int:
    """Count the numbers of all windows of a square picture."""
    return int(sliding_window_view(np.zeros((size, size)), (window, window)).size)


def added_up(places: NDArray[np.int64], values: NDArray[Any], count: int) -> Any:
    """Add each value at its place."""
    return np.bincount(places, values, minlength=count)


def one_map(image: NDArray[Any], weights: NDArray[Any]) -> Any:
    """Slide one filter over an image with channels, as `naive` does."""
    plain: Any = naive.conv2d  # twins carry no annotations
    none = ((0, 0), (0, 0))
    maps = plain(image[None], weights[..., None], np.zeros(1), (1, 1), none, (1, 1))
    return maps[0, :, :, 0]


def turned() -> NDArray[np.float64]:
    """Look at an array with its channels in second place."""
    return np.zeros((1, 10, 10, 6)).transpose(0, 3, 1, 2)


def moved_once() -> tuple[float, float]:
    """Products for each number moved: of a whole convolution, of a depthwise one."""
    maps, weights = 56 * 56 * 128, 3 * 3 * 128
    whole = layers.Conv2D(128, 3, padding="same").multiply_adds((56, 56, 128))
    return whole / (2 * maps + weights * 128), maps * 9 / (2 * maps + weights)


def _fewer() -> float:
    """How many times fewer products a separable convolution has."""
    whole = layers.Conv2D(128, 3, padding="same").multiply_adds((56, 56, 128))
    mixing = layers.Conv2D(128, 1).multiply_adds((56, 56, 128))
    return round(whole / (56 * 56 * 128 * 9 + mixing), 1)


def _raises() -> tuple[bool, bool]:
    """Whether NumPy, and Numba unless it is told to, stop at a place that is not there."""
    import numba

    try:
        np.zeros(10)[10]
    except IndexError:
        numpy_raises = True
    else:
        numpy_raises = False
    compiled = numba.njit(lambda numbers, place: numbers[place])
    return numpy_raises, bool(compiled.targetoptions.get("boundscheck"))


def _in_order() -> float:
    image = np.dstack([np.arange(1.0, 5).reshape(2, 2), 10 * np.arange(1.0, 5).reshape(2, 2)])
    weights = np.zeros((2, 2, 2))
    weights[0, 0, 1] = 1
    return float(one_map(image, weights)[0, 0])


def _fancy() -> tuple[float, ...]:
    output = np.zeros(3)
    output[[0, 1, 1, 2]] += 1
    return tuple(output.tolist())


class SpeedQuestions:
    """What chapter 09 asks, with choices."""

    # -- predictions --------------------------------------------------------------------------

    how_much = Prediction(
        "The same filter, the same photograph, the same result: how many times faster than your "
        "loop is the package, on this machine?",
        answer=_noughts,
        choices={
            1: (
                "Some ten times: it is the same work",
                "The work is the same, each product of it. But your loop spends nearly all of its "
                "time on other things than multiplying.",
            ),
            2: (
                "Some hundred times: a compiled language is that much faster",
                "That is about what compiling alone can bring. It is half of the way, counted in "
                "noughts.",
            ),
            3: (
                "A thousand times, or more",
                "A thousand at least. No single trick does that: several do, one on top of the "
                "other, and this chapter climbs them.",
            ),
        },
    )

    slowest = Prediction(  # 09.1
        "Six loops, one number at a time: once over NumPy arrays, once over plain lists. And once "
        "NumPy does all of it in one call. Which order, slowest first?",
        answer=_slowest_first,
        choices={
            ("list", "array", "whole"): (
                "Lists, arrays, one call",
                "A list holds numbers that Python can use at once. Out of an array each has to be "
                "taken, wrapped up and thrown away: the loop over the array is the slowest.",
            ),
            ("array", "list", "whole"): (
                "Arrays, lists, one call",
                "Each number that is taken out of an array is wrapped into an object first. Arrays "
                "are fast where Python does not look inside.",
            ),
            ("list", "whole", "array"): (
                "Lists, one call, arrays",
                "The array does not make a loop fast. It is NumPy's own loop, inside the call, "
                "that is.",
            ),
        },
    )

    less_work = Prediction(  # 09.2
        "im2col copies each window of 5x5 out of a picture of 28x28, and multiplies once. What "
        "does it save?",
        answer=lambda: (
            windows_copied(28, 5) < 28 * 28,
            windows_copied(28, 5) < shapes.output_size(28, 5) ** 2 * 25,
        ),
        choices={
            (False, True): (
                "Products: each pixel is multiplied only once",
                "Every window still meets every weight: 14,400 products, as in the loop.",
            ),
            (True, False): (
                "Memory: the windows lie side by side",
                "14,400 numbers are written down where 784 were: over 18 times as many.",
            ),
            (False, False): (
                "Neither",
                "As many products, and far more memory. What it wins is one large matrix product, "
                "for which others have found the fastest order.",
            ),
        },
    )

    beyond = Prediction(  # 09.6
        "An array has ten numbers, and your code reads the eleventh, numbers[10]. What happens?",
        answer=_raises,
        choices={
            (True, True): (
                "An IndexError, compiled or not",
                "NumPy looks at each place first. Compiled code does not, unless it is told to: "
                "it reads whatever lies there.",
            ),
            (True, False): (
                "An IndexError in NumPy; compiled, some number comes back",
                "Nobody looks whether the place is there, and what lies behind the array is read "
                "as if it were a number.",
            ),
            (False, False): (
                "0 comes back, compiled or not",
                "Nothing is filled in for you. NumPy refuses, and compiled code reads what lies "
                "behind the array.",
            ),
        },
    )

    two_writers = Prediction(  # 09.7
        "Two threads add to one cell that holds 0: the first 1 + 2, the second 3 + 4. Both read "
        "the cell before either has written. What can be in it at the end?",
        answer=lambda: tuple(sorted({1 + 2, 3 + 4})),
        choices={
            (10,): (
                "10",
                "Both started from 0. Whoever writes last wipes out what the other has written; "
                "10 comes out only if they take turns, or have a cell each.",
            ),
            (3, 7): (
                "3 or 7",
                "The one that writes last wins, and the work of the other is lost. Nothing is "
                "raised, and the number looks like any other.",
            ),
            (0,): (
                "0: the second one stops with an error",
                "Nothing stops. The processor does not know that the cell is shared.",
            ),
        },
    )

    fewer = Prediction(  # 09.8
        "128 maps of 56x56, filters of 3x3, 128 filters: 462 million products. Split in two, first "
        "each map by itself and then all mixed by 1x1, it takes 55 million: 8.4 times fewer. How "
        "much faster is it?",
        answer=lambda: _fewer() == 8.4 and moved_once()[1] < moved_once()[0] / 100,
        choices={
            False: (
                "8.4 times",
                "If products were all that takes time. In the first half each number that is moved "
                "serves for 4.5 products, not for 487.",
            ),
            True: (
                "Less than that: the first half waits for memory",
                "It does 4.5 products for each number that it moves; the whole convolution does "
                "487. Fewer products, and each of them waits longer.",
            ),
            None: (
                "It is slower: two steps instead of one",
                "Two steps need not be slower than one. It does have fewer products; it just does "
                "not gain all that they promise.",
            ),
        },
    )

    # -- the quiz -----------------------------------------------------------------------------

    quiz_order = Question(  # 09.3
        "Two maps of 2x2: 1 2 3 4, and 10 20 30 40. A filter of 2x2x2 has a 1 at the top left of "
        "the second map, and zeros elsewhere. What comes out?",
        answer=_in_order,
        choices={
            10.0: ("10", "The top left number of the second map."),
            2.0: (
                "2",
                "That comes out if windows are laid out channel by channel and weights are not: "
                "the second weight then meets the second number of the first map.",
            ),
            11.0: (
                "11",
                "The weight for the first map is 0. Each channel has weights of its own.",
            ),
        },
    )

    quiz_fancy = Question(  # 09.4
        "output = np.zeros(3), and then output[[0, 1, 1, 2]] += 1. What does it hold?",
        answer=_fancy,
        choices={
            (1.0, 2.0, 1.0): (
                "1, 2, 1",
                "That takes np.add.at. Here the place 1 is read once, and written twice with the "
                "same number.",
            ),
            (1.0, 1.0, 1.0): (
                "1, 1, 1",
                "All places are read, 1 is added, and all are written: place 1 twice, each time "
                "with 0 + 1.",
            ),
            (1.0, 4.0, 1.0): (
                "1, 4, 1",
                "Nothing is added that often. Place 1 stands there twice.",
            ),
        },
    )

    quiz_first_call = Question(  # 09.5
        "A compiled function took 0.33 seconds at its first call, and 0.0000067 seconds at its "
        "second. How long does it take?",
        answer=lambda: min(0.33, 6.7e-6),
        choices={
            0.33: (
                "0.33 seconds: that is what was measured first",
                "In that time it was compiled, which happens once. What you pay for each call is "
                "the second number.",
            ),
            6.7e-6: (
                "0.0000067 seconds, and 0.33 once",
                "Compiling happens once, at the first call with a kind of numbers.",
            ),
            0.165: (
                "0.165 seconds: the mean of both",
                "The mean of a thing that happens once and a thing that happens each time says "
                "nothing about either.",
            ),
        },
    )

    quiz_transpose = Question(  # 09.9
        "x has the shape (1, 10, 10, 6), 8 bytes a number. x.transpose(0, 3, 1, 2) puts the "
        "channels second. What are its strides?",
        answer=lambda: turned().strides,
        choices={
            (4800, 800, 80, 8): (
                "4800, 800, 80, 8",
                "Those are the strides of a copy. The transpose moves no number.",
            ),
            (4800, 8, 480, 48): (
                "4800, 8, 480, 48",
                "The same numbers in the same places; only the steps changed theirs. To the next "
                "column it is now a jump of 48 bytes.",
            ),
            (4800, 480, 48, 8): (
                "4800, 480, 48, 8",
                "So it was before. A step goes where its axis goes.",
            ),
        },
    )

    quiz_race = Question(  # 09.7
        "1 + 2 + 3 + 4 in two threads, each with a cell of its own that starts from 0. What is in "
        "the two cells together?",
        answer=lambda: sum([1 + 2, 3 + 4]),
        choices={
            10: (
                "10",
                "3 in the one and 7 in the other. Nobody writes where another writes, so nothing "
                "is lost.",
            ),
            7: (
                "7: the last one to write",
                "That is what happens in a cell that both share. Here each has its own.",
            ),
            3: (
                "3: the first one to write",
                "Nobody waits for anybody, and nobody wipes out anything: each has its own cell.",
            ),
        },
    )

    quiz_roof = Question(  # 09.8
        "A layer does 4 products for each byte that it moves, and this processor could do 5 in the "
        "time that a byte takes. What makes the layer faster?",
        answer=lambda: timing.Roof(5.0, 1.0, 1.0, 1).over(4.0) < 5.0,
        choices={
            False: (
                "Multiplying faster",
                "The processor already waits: it could do 5, and has only 4 to do.",
            ),
            True: (
                "Moving fewer bytes",
                "It stands under the slope of the roof. There a product more costs nothing, and a "
                "byte more does.",
            ),
            None: (
                "Nothing: it is at its limit",
                "At a limit of the memory. Keep numbers in the processor for longer, and it gets "
                "faster.",
            ),
        },
    )
