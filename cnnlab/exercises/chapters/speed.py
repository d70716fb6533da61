"""Chapter 09, making it fast: its data and tasks; the questions are in ``speed_questions``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cnnlab import filters
from cnnlab.exercises.cases import lopsided
from cnnlab.exercises.chapters import filters as chapter_01
from cnnlab.exercises.chapters.speed_questions import (
    SpeedQuestions,
    added_up,
    moved_once,
    one_map,
    turned,
    windows_copied,
)
from cnnlab.exercises.lesson import Lesson
from cnnlab.exercises.task import Task
from cnnlab.exercises.trial import called

_IMAGE, _WEIGHTS = lopsided(5, 7), lopsided(2, 3) - 0.3


def _loop() -> Callable[..., Any]:
    loop: Callable[..., Any] = chapter_01.Filters.loops.value(
        chapter_01.Filters.loops.solution_code
    )
    return loop


def _compiled_loop() -> Any:
    import numba

    return numba.njit(nogil=True)(_loop())


def _numba_and_the_loop() -> dict[str, Any]:
    import numba

    return {"numba": numba, "own_map": _loop()}


def _seen_of_compiled(answer: Any) -> Mapping[str, Any] | None:
    """Look at what Numba made of a function, and at what the function does; None if it is none.

    It is not compiled here: that may take longer than an answer may. What Numba compiles is known
    by its type, which no function written in Python has, and what it does by the lines it is
    compiled from.
    """
    from numba.core.dispatcher import Dispatcher

    if not callable(answer) or isinstance(answer, type):
        return None
    made = isinstance(answer, Dispatcher)
    options = answer.targetoptions if made else {}
    lines = answer.py_func if made else answer
    return {
        "its map of 5x7 numbers": called(lines, _IMAGE, _WEIGHTS),
        "1 if Numba compiles it, 0 if Python still reads it": int(made),
        "1 if no line of it is left to Python": int(
            bool(options.get("nopython")) and not options.get("forceobj")
        ),
        "1 if it runs without Python's lock": int(bool(options.get("nogil"))),
    }


def _partial_sums(numbers: NDArray[Any], threads: int) -> Any:
    return np.array([numbers[thread::threads].sum() for thread in range(threads)])


_SUMS = """sums = np.zeros(threads)

def work(thread):
    for number in numbers[thread::threads]:
        sums[thread] += number

with ThreadPoolExecutor(threads) as pool:
    list(pool.map(work, range(threads)))
return sums"""


class Speed(SpeedQuestions, Lesson, chapter="09_making_it_fast"):
    """What chapter 09 shows and asks."""

    MAPS = np.dstack([np.arange(1, 5).reshape(2, 2), 10 * np.arange(1, 5).reshape(2, 2)])

    @staticmethod
    def own_loop() -> tuple[Callable[..., Any], str]:
        """Give the loop of chapter 01 as the learner wrote it, or its solution, and its lines."""
        function, source = chapter_01.Filters.loops.own()
        return function, source

    # -- tasks: from one blank to a whole function --------------------------------------------

    counts = Task(  # 09.2
        "A filter of 5x5 slides over 28x28 numbers. How many numbers does im2col write down, and "
        "how many products are there to add up?",
        cell="values, products = <<24 * 24 * 5 * 5>>, <<24 * 24 * 5 * 5>>",
        answer=lambda: (windows_copied(28, 5), windows_copied(28, 5)),
        wrong={
            ("28 * 28", None): "That is the picture itself. Each of the 24x24 windows is written "
            "down whole, and most pixels lie in 25 of them.",
            ("28 * 28 * 5 * 5", None): "A window of 5x5 has no place at every pixel: 28 - 5 + 1 "
            "across, and as many down.",
            (None, "24 * 24"): "That is one product for each window. Each has 25: a weight for "
            "every one of its numbers.",
            (None, "28 * 28"): "Nothing is saved: every window meets every weight, as in the loop.",
        },
        hints=(
            "How often does a window of 5 fit into 28 numbers in a row?",
            "24x24 windows. Each becomes a row of 25 numbers.",
            "24 * 24 * 5 * 5, twice",
        ),
        praise="14,400 numbers from 784, and 14,400 products as before: no work is saved, and "
        "memory is spent. What is won is the order.",
    )

    im2col_map = Task(  # 09.3
        "Write im2col for an image with channels: bring the axes of the windows into the order of "
        "the weights, then multiply once.",
        given=lambda: {"sliding_window_view": sliding_window_view},
        cell='''
            def im2col_map(image, weights):
                """Slide one filter, as deep as the image, by one matrix product."""
                windows = sliding_window_view(image, weights.shape[:2], axis=(0, 1))
                rows, columns = windows.shape[:2]
                in_order = <<windows.transpose(0, 1, 3, 4, 2)>>
                patches = in_order.reshape(rows * columns, weights.size)
                return (patches @ <<weights.ravel()>>).reshape(rows, columns)
            ''',
        answer=lambda: one_map,
        calls=[
            (np.array([[[1, 10], [2, 20]], [[3, 30], [4, 40]]]), np.array([[[0, 1]], [[0, 0]]])),
            (lopsided(4, 6, 2), lopsided(3, 2, 2)),
            (lopsided(5, 4, 3) - 0.4, lopsided(2, 3, 3)),
            (lopsided(3, 7, 1), lopsided(2, 4, 1)),
        ],
        wrong={
            ("windows", None): "NumPy puts the channel before the rows and columns of the window, "
            "the weights have it last: numbers meet weights that are not theirs. With one channel "
            "nobody notices.",
            ("windows.transpose(0, 1, 4, 3, 2)", None): "Rows and columns of the window have "
            "changed places: the filter is mirrored at its diagonal.",
            ("windows.transpose(1, 0, 3, 4, 2)", None): "Rows and columns of the map have changed "
            "places. Those two axes, 0 and 1, stay as they are.",
            (None, "weights.transpose(2, 0, 1).ravel()"): "Now the weights lie channel by channel "
            "and the windows do not. Turn one of the two, not both.",
            (None, "weights.sum(axis=2).repeat(weights.shape[2])"): "Every channel has a weight of "
            "its own. Lay the weights out as they are: .ravel().",
        },
        hints=(
            "The axes of windows are row, column, channel, row in the window, column in it.",
            "The weights have row, column, channel: of the five axes 3, 4 and 2 in this order.",
            "windows.transpose(0, 1, 3, 4, 2), and weights.ravel()",
        ),
        praise="Windows and weights in the same order: then one matrix product does what six loops "
        "did.",
    )

    tally = Task(  # 09.4
        "Add each value to the number at its place; a place may come several times.",
        cell='''
            def tally(places, values, count):
                """Add values[k] to output[places[k]], for every k."""
                output = np.zeros(count)
                pay_in = <<np.add.at>>
                pay_in(output, places, values)
                return output
            ''',
        answer=lambda: added_up,
        calls=[
            (np.array([0, 1, 1, 2]), np.array([1, 1, 1, 1]), 3),
            (np.array([3, 0, 3, 3, 1]), lopsided(5), 5),
            (np.array([2, 2, 4, 0, 4, 2, 6]), lopsided(7) - 0.5, 8),
        ],
        wrong={
            "np.put": "A place that comes twice keeps the value that came last, as with "
            "output[places] = values. np.add.at adds one after another.",
            "np.maximum.at": "The largest value at each place stays, and nothing below zero. They "
            "have to add up.",
            "np.subtract.at": "Each value is taken away: the signs are the wrong way round.",
        },
        hints=(
            "Try output[[0, 1, 1, 2]] += 1 on three zeros, and look at the 1 in the middle.",
            "NumPy's additions can be told to go place by place: np.add has such a form.",
            "np.add.at",
        ),
        praise="One after another, none forgotten: so the gradient of an image is put together "
        "from windows that overlap.",
    )

    strides = Task(  # 09.9
        "How many bytes lie between neighbours along each axis, after the transpose?",
        given=lambda: {"x": np.zeros((1, 10, 10, 6))},
        cell="strides = <<(4800, 8, 480, 48)>>",
        answer=lambda: turned().strides,
        wrong={
            "(4800, 800, 80, 8)": "Those are the strides of a copy in the new order. A transpose "
            "copies nothing: the steps change places, and the numbers stay.",
            "(4800, 480, 48, 8)": "Those are the steps before the transpose. They change places as "
            "the axes do: 0, 3, 1, 2.",
            "(600, 1, 60, 6)": "You counted numbers. A stride counts bytes, and each number here "
            "has 8.",
        },
        hints=(
            "Before: 8 bytes to the next channel, 6 * 8 to the next column, 10 * 6 * 8 to the "
            "next row.",
            "The transpose puts the last axis in second place, and its step goes with it.",
            "(4800, 8, 480, 48)",
        ),
        praise="Only the steps were dealt out anew. Who walks along such an array jumps through "
        "memory.",
    )

    compile_it = Task(
        "Compile your loop, so that it runs without Python's lock.",
        given=_numba_and_the_loop,
        cell="fast_map = <<numba.njit(nogil=True)(own_map)>>",
        answer=_compiled_loop,
        seen=_seen_of_compiled,
        wrong={
            "own_map": "This is your loop as it was. numba.njit makes a compiled one of it.",
            "numba.njit(own_map)": "Compiled, yes. But while it runs it keeps Python's lock, and "
            "every other thread waits: say nogil=True.",
            "numba.njit(nogil=True)": "This is the compiler, and nothing to compile yet. Hand it "
            "your loop, in a second pair of brackets.",
            "numba.jit(forceobj=True)(own_map)": "forceobj lets Python go on reading line by line. "
            "njit leaves not one line to it.",
        },
        hints=(
            "numba.njit takes a function and gives back one that is compiled.",
            "Its settings come first, in brackets of their own, and then the function.",
            "numba.njit(nogil=True)(own_map)",
        ),
        praise="Not a line has changed. At its first call with a kind of numbers it is translated "
        "for the processor; from then on no Python is left in it.",
    )

    in_strips = Task(
        "Cut the picture into strips, one for each thread, and put the maps together again.",
        given=lambda: {"fast_map": filters.apply, "ThreadPoolExecutor": ThreadPoolExecutor},
        cell='''
            def in_strips(image, weights, threads):
                """Slide the weights over the image, several threads at the same time."""
                height = weights.shape[0]
                rows = image.shape[0] - height + 1
                edges = [rows * number // threads for number in range(threads + 1)]
                def strip(number):
                    first, last = edges[number], edges[number + 1]
                    return fast_map(image[first : <<last + height - 1>>], weights)

                with ThreadPoolExecutor(threads) as pool:
                    maps = list(pool.map(strip, range(threads)))
                return <<np.concatenate(maps)>>
            ''',
        answer=lambda: lambda image, weights, _threads: filters.apply(image, weights),
        calls=[
            (np.array([[1.0, 2], [3, 5], [8, 4]]), np.array([[1.0, 10]]), 1),
            (lopsided(11, 5), lopsided(3, 2), 2),
            (lopsided(13, 4) - 0.5, lopsided(2, 3), 3),
            (lopsided(23, 6), lopsided(4, 1), 4),
        ],
        wrong={
            ("last", None): "Rows are missing wherever two strips meet. The last window of a strip "
            "reaches height - 1 rows further down, into the next one.",
            ("last + height", None): "Each strip sees one row too many, and the maps overlap: the "
            "last row of the map needs height - 1 rows below it.",
            (None, "sum(maps)"): "The strips lie below each other. Adding them lays them on top of "
            "each other.",
            (None, "maps[0]"): "That is the map of the first strip. Put all of them together.",
            (None, "np.concatenate(maps[::-1])"): "The strips are upside down: pool.map gives them "
            "in the order in which they were asked for.",
        },
        hints=(
            "A filter 3 rows high needs how many rows for 1 row of the map? And for 10?",
            "rows of the map + height - 1. And np.concatenate joins arrays below each other.",
            "last + height - 1, and np.concatenate(maps)",
        ),
        praise="Every thread reads what it likes and writes where nobody else does. So nobody has "
        "to wait, and nothing gets lost.",
    )

    partial_sums = Task(  # 09.7
        "Let several threads add up numbers, without a race.",
        given=lambda: {"ThreadPoolExecutor": ThreadPoolExecutor},
        cell=f'''
            def partial_sums(numbers, threads):
                """Add up numbers with several threads, each in a cell of its own.

                Thread t takes numbers[t], numbers[t + threads], numbers[t + 2 * threads] and so
                on. Gives back an array with one sum for each thread; who wants the sum of all
                adds these few up, when all threads are done.
                """
                <<{_SUMS.replace(chr(10), chr(10) + " " * 16)}>>
            ''',
        answer=lambda: _partial_sums,
        calls=[
            (np.array([1, 3, 2, 4]), 2),
            (lopsided(7), 3),
            (lopsided(10) - 0.3, 4),
        ],
        wrong={
            _SUMS.replace("sums[thread] +=", "sums[0] +="): "All threads write to the same cell. "
            "That is the race: give each one a cell of its own, sums[thread].",
            _SUMS.replace("sums[thread] +=", "sums[thread] ="): "The last number of each thread "
            "wipes out the ones before it. Add it: +=.",
            _SUMS.replace("numbers[thread::threads]", "numbers"): "Every thread adds up all the "
            "numbers. Share them out: numbers[thread::threads].",
        },
        hints=(
            "Begin with sums = np.zeros(threads), and a function work(thread) for what one does.",
            "The share of a thread is numbers[thread::threads], its cell sums[thread].",
            "with ThreadPoolExecutor(threads) as pool: list(pool.map(work, range(threads)))",
        ),
        praise="One cell for each, added up at the end. The gradients of filters are added up so, "
        "in this package and in others.",
    )

    reuse = Task(  # 09.8
        "A depthwise convolution slides one slice of 3x3 over each of 128 maps of 56x56, with "
        "padding. How many products are there for each number that has to be moved?",
        cell="""
            products = 56 * 56 * 128 * 3 * 3
            moved = <<56 * 56 * 128 + 128 * 3 * 3 + 56 * 56 * 128>>
            reuse = <<products / moved>>
            """,
        answer=lambda: moved_once()[1],
        wrong={
            ("56 * 56 * 128", None): "Those are the numbers that come in. The weights have to come "
            "in too, and the maps have to go out.",
            ("56 * 56 * 128 + 128 * 3 * 3", None): "What comes out has to be moved as well: as "
            "many numbers as came in.",
            ("56 * 56 * 128 * 3 * 3", None): "Each number is needed nine times, and moved once: "
            "the processor may keep it.",
            (None, "moved / products"): "Upside down: that is numbers moved for each product.",
            (None, "products - moved"): "For each one: divide.",
        },
        hints=(
            "What comes in: the maps, and the weights. What goes out: as many maps.",
            "The maps have 56 * 56 * 128 numbers, the weights 128 * 3 * 3.",
            "56 * 56 * 128 + 128 * 3 * 3 + 56 * 56 * 128, and products / moved",
        ),
        praise="Four or five products for each number that is fetched or put away. A processor "
        "could do far more in that time: it waits.",
    )
