"""Chapter 04, pooling: its worked examples and tasks; the questions are in ``pooling_questions``.

Example B and its pooled map with the wrong corner come from the lecture notes that the course grew
from.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnlab import filters
from cnnlab.exercises.cases import grid, lopsided
from cnnlab.exercises.chapters import filters as chapter_01
from cnnlab.exercises.chapters.pooling_questions import (
    Grid,
    PoolingQuestions,
    avg_pool,
    avg_pool_backward,
    max_pool,
    max_pool_backward,
    photograph_of_a_cat,
)
from cnnlab.exercises.lesson import Lesson
from cnnlab.exercises.task import Task


def _pooled_cats() -> dict[str, Grid]:
    cat = photograph_of_a_cat()
    return {
        "before": max_pool(cat, 2, 2),
        "after": max_pool(np.roll(cat, -1, axis=1), 2, 2),
    }


def _moved(before: Grid, after: Grid) -> tuple[float, float]:
    return float((after != before).mean()), float(np.abs(after - before).mean())


def _two_maps() -> NDArray[np.int64]:
    return np.dstack([Pooling.NUMBERS[:2, :3], 10 * Pooling.NUMBERS[2:, 3:]])


_AVERAGE = """rows = (image.shape[0] - window) // stride + 1
columns = (image.shape[1] - window) // stride + 1
output = np.zeros((rows, columns))
for row, column in np.ndindex(rows, columns):
    top, left = row * stride, column * stride
    output[row, column] = image[top : top + window, left : left + window].mean()
return output"""

_SHARES = """gradient = np.zeros(image.shape)
for row, column in np.ndindex(upstream.shape):
    top, left = row * stride, column * stride
    share = upstream[row, column] / window**2
    gradient[top : top + window, left : left + window] += share
return gradient"""

_UNDER = "image[top : top + window, left : left + window]"


class Pooling(PoolingQuestions, Lesson, chapter="04_pooling"):
    """What chapter 04 shows and asks."""

    NUMBERS = grid("1 3 2 -1 0 4 / -4 6 6 8 1 0 / -3 -1 2 -5 7 2 / -1 -2 -2 -4 5 3")
    IMAGE_B = chapter_01.Filters.IMAGE_B
    SLIDE_POOLED = grid("4 3 / 3 3")  # as printed, from the slide's wrong map

    # -- tasks: from one blank to a whole function --------------------------------------------

    one_cell = Task(  # 04.9
        "Work out the bottom left number of the pooled map.",
        given=lambda: {"numbers": Pooling.NUMBERS},
        cell="""
            window = numbers[2:4, 0:2]
            number = <<window.max()>>
            """,
        answer=lambda: max_pool(Pooling.NUMBERS, 2, 2)[1, 0],
        wrong={
            "window.sum()": "You added the numbers up, as a filter does. Pooling adds nothing: it "
            "keeps one of them.",
            "window.mean()": "That is average pooling. Here the largest of the four is kept.",
            "abs(window).max()": "That is the size of the number farthest from zero. The largest "
            "number is asked for, and -1 is larger than -3.",
            "max(0, window.max())": "A number below zero may win: where all four are below zero, "
            "the largest of them is too.",
            "numbers[2, 0:4].max()": "You compared four numbers in a row. The window is a square: "
            "two rows, two columns.",
            "numbers[0:2, 0:2].max()": "That is the top left number. Use the window of this cell.",
            "window.argmax()": "That is the place of the largest number, counted through the "
            "window. Here the number itself is asked for.",
        },
        hints=(
            "Which of the four numbers in the window is the largest?",
            "An array has a method that finds its largest number: .max().",
            "window.max()",
        ),
        praise="Of four numbers one stays. There is nothing to multiply and nothing to learn.",
    )

    slide_again = Task(  # seed row 15
        "Pool the map of example B by hand: window 2x2, stride 1, the largest of four.",
        given=lambda: {"map_b": filters.apply(Pooling.IMAGE_B, chapter_01.LAPLACIAN)},
        cell="pooled = <<[[3, 3], [3, 3]]>>",
        answer=lambda: max_pool(filters.apply(Pooling.IMAGE_B, chapter_01.LAPLACIAN), 2, 1),
        wrong={
            "[[4, 3], [3, 3]]": "That is what the slide says. Its 4 comes from the wrong corner of "
            "its map: look for a 4 in the map above.",
            "[[3]]": "That is one window. The stride is 1, so the window has two places across and "
            "two down, and they lie over each other.",
            "[[3, -1], [-3, 3]]": "Those are the corners of the map. Each window holds four "
            "numbers: keep the largest.",
            "[[0.25, -1], [0, 1.25]]": "Those are the averages of the windows. Keep the largest "
            "number of each.",
        },
        hints=(
            "The first window holds 3, -3, -2 and 3.",
            "The second window starts one column further on: -3, -1, 3 and -3.",
            "Every one of the four windows holds a 3, and nothing larger.",
        ),
        praise="All four are 3. One misread pixel made a wrong number in the map, and pooling, "
        "which keeps what is largest, passed it on.",
    )

    max_pool = Task(  # 04.4, and the window that starts at the wrong place
        "Write max pooling, for any window and any stride.",
        cell=f'''
            def max_pool(image, window, stride):
                """Keep the largest number under each window."""
                rows = (image.shape[0] - window) // stride + 1
                columns = <<(image.shape[1] - window) // stride + 1>>
                output = np.zeros((rows, columns))
                for row in range(rows):
                    for column in range(columns):
                        top = row * stride
                        left = <<column * stride>>
                        output[row, column] = <<{_UNDER}.max()>>
                return output
            ''',
        answer=lambda: max_pool,
        calls=[
            (np.array([[1, 2], [3, 4]]), 2, 2),
            (NUMBERS, 2, 2),
            (NUMBERS, 2, 1),
            (lopsided(5, 8) - 0.5, 2, 1),
            (lopsided(7, 5), 3, 2),
            (lopsided(6, 9) - 2, 2, 3),
        ],
        wrong={
            ("rows", None, None): "There are as many columns as rows. That holds for square images "
            "only: use image.shape[1].",
            ("(image.shape[1] - window) // stride", None, None): "One column is missing. That is "
            "how often the window can move, and its starting place counts too: add 1.",
            ("image.shape[1] // stride", None, None): "The last windows hang over the right edge. "
            "Only image.shape[1] - window pixels are left for the window to move.",
            (None, "column", None): "Your window moves on by one pixel whatever the stride. It "
            "starts at column * stride.",
            (None, "column * window", None): "Your window moves on by its own width. It does that "
            "only where the stride is as large as the window; where windows overlap, the stride "
            "is smaller.",
            (None, None, f"{_UNDER}.mean()"): "That is average pooling. Keep the largest number.",
            (None, None, f"{_UNDER}.sum()"): "You added up, as a filter does. Keep the largest "
            "number.",
            (None, None, f"max(0, {_UNDER}.max())"): "Nothing below zero comes out. A map may be "
            "below zero everywhere, and then the largest number is too.",
            (None, None, "image[top : top + stride, left : left + stride].max()"): "Your window is "
            "as large as the stride. The stride says where it starts, the window how much it sees.",
        },
        hints=(
            "The line for rows shows how to count; the one for top shows where a window starts.",
            "The window reaches from row top to top + window, and from column left to left + "
            "window.",
            f"{_UNDER}.max()",
        ),
        praise="Count the places, find the corner, keep the largest. The same lines serve windows "
        "that lie apart, side by side or over each other.",
    )

    avg_pool = Task(
        "Write average pooling, from its description alone.",
        cell=f'''
            def avg_pool(image, window, stride):
                """Average the numbers under each window.

                image is an array of shape (height, width); window and stride are whole numbers.
                Gives back an array with one average for every place of the window.
                """
                <<{_AVERAGE.replace(chr(10), chr(10) + " " * 16)}>>
            ''',
        answer=lambda: avg_pool,
        calls=[
            (np.array([[1, 2], [3, 4]]), 2, 2),
            (NUMBERS, 2, 2),
            (NUMBERS, 2, 1),
            (lopsided(5, 8), 3, 1),
            (lopsided(7, 5) - 1, 3, 2),
            (lopsided(6, 9), 2, 3),
        ],
        wrong={
            _AVERAGE.replace(".mean()", ".max()"): "This is max pooling still. Every number under "
            "the window counts here, the same for all.",
            _AVERAGE.replace(
                ".mean()", ".sum()"
            ): "The sum is there. Divide it by how many numbers were added up.",
            _AVERAGE.replace(".mean()", ".sum() / 4"): "You divide by 4. That is right for a 2x2 "
            "window only: a 3x3 window holds 9 numbers.",
            _AVERAGE.replace("column * stride", "column"): "Your window moves to the right by one "
            "pixel whatever the stride. It starts at column * stride.",
            _AVERAGE.replace("row * stride, column * stride", "row * window, column * window"): (
                "Your window moves on by its own size. The stride says how far."
            ),
            _AVERAGE.replace("np.zeros((rows, columns))", "np.zeros((rows, columns), dtype=int)"): (
                "Your output holds whole numbers only, so every average was cut off. Make it with "
                "np.zeros((rows, columns))."
            ),
        },
        hints=(
            "Start from your max_pool. Only one step is different.",
            "An array has a method for the average of its numbers: .mean().",
            f"output[row, column] = {_UNDER}.mean()",
        ),
        praise="One word changed. Whatever a window does with its numbers, where it stands is "
        "worked out in the same way.",
    )

    what_moved = Task(  # 04.7: both, how many and by how much
        "Measure what the cat's step changed in the pooled map: the share of cells that are not "
        "what they were, and by how much a cell changed on average.",
        given=_pooled_cats,
        cell="share, size = <<(after != before).mean()>>, <<abs(after - before).mean()>>",
        answer=lambda: _moved(**_pooled_cats()),
        wrong={
            ("(after != before).sum()", None): "That is how many cells changed. Their share is the "
            "mean: a True counts as 1, a False as 0.",
            ("(after == before).mean()", None): "That is the share of cells that stayed the same. "
            "Use != for those that differ.",
            ("(after > before).mean()", None): "Those are the cells that got brighter. Those that "
            "got darker have changed too.",
            (None, "(after - before).mean()"): "What got brighter and what got darker cancel out. "
            "Take the size of each change first: abs(...).",
            (None, "abs(after - before).max()"): "That is the largest change of all. The average "
            "is asked for.",
        },
        hints=(
            "after != before is an array of True and False, one for each cell.",
            "The mean of True and False is the share of True.",
            "(after != before).mean(), and abs(after - before).mean()",
        ),
        praise="Two questions, two numbers: most cells change, and most of them by very little.",
    )

    global_average = Task(  # 04.8
        "Shrink each map to its average: one number for each channel.",
        given=lambda: {"maps": _two_maps()},
        cell="pooled = <<maps.mean(axis=(0, 1))>>",
        answer=lambda: _two_maps().mean(axis=(0, 1)),
        wrong={
            "maps.mean()": "That is one number for all maps together. Each map keeps its own: "
            "average over rows and columns, not over channels.",
            "maps.mean(axis=2)": "You averaged over the channels, place by place. It is the places "
            "that go, and the channels that stay.",
            "maps.max(axis=(0, 1))": "That is global max pooling: the largest of each map. Here "
            "the average is asked for.",
            "maps.mean(axis=0)": "You averaged over the rows alone. The columns have to go too.",
            "maps.reshape(2, -1).mean(axis=1)": "reshape only cuts the numbers into two halves, in "
            "the order in which they lie; the maps are mixed up. Say which axes go: axis=(0, 1).",
        },
        hints=(
            "The axes are rows, columns, channels: numbers 0, 1 and 2.",
            "The mean takes several axes at once: axis=(0, 1).",
            "maps.mean(axis=(0, 1))",
        ),
        praise="One number for each map, wherever in the map its pixels lay: this is what global "
        "average pooling does.",
    )

    max_pool_backward = Task(  # 04.3
        "Send the gradient back through max pooling: all of it to the winner, and to the first one "
        "where several are equal.",
        cell=f'''
            def max_pool_backward(upstream, image, window, stride):
                """Hand each gradient from above to the pixel that won."""
                gradient = np.zeros(image.shape)
                for row, column in np.ndindex(upstream.shape):
                    top, left = row * stride, column * stride
                    under = {_UNDER}
                    i, j = np.unravel_index(<<under.argmax()>>, under.shape)
                    <<gradient[top + i, left + j] += upstream[row, column]>>
                return gradient
            ''',
        answer=lambda: max_pool_backward,
        calls=[
            (np.array([[4]]), np.array([[1, 5], [2, 3]]), 2, 2),
            (np.array([[3, 4]]), np.array([[1, 9, 2], [0, 0, 0]]), 2, 1),
            (lopsided(2, 3), NUMBERS, 2, 2),
            (lopsided(2, 2), np.full((3, 3), 7), 2, 1),
            (np.array([[2]]), np.array([[0.5, 0.50001], [0, 0]]), 2, 2),
            (lopsided(4, 7), lopsided(5, 8), 2, 1),
            (lopsided(3, 2), lopsided(7, 5) - 2, 3, 2),
            (lopsided(2, 3), lopsided(6, 9), 2, 3),
        ],
        wrong={
            (
                None,
                "gradient[top + i, left + j] = upstream[row, column]",
            ): "Where two windows share "
            "a winner, the second gradient wipes out the first. Both are owed to it: use +=.",
            (None, "gradient[top + i, left + j] += 1"): "The winner gets 1 whatever comes from "
            "above. It gets what comes to its window: upstream[row, column].",
            (None, "gradient[i, j] += upstream[row, column]"): "i and j count from the corner of "
            "the window. In the image the winner lies at row top + i, column left + j.",
            (
                None,
                "gradient[top : top + window, left : left + window] += upstream[row, column]",
            ): "All pixels under the window got the gradient. The losers had no say in what came "
            "out, so they get nothing.",
            (
                None,
                "gradient[top : top + window, left : left + window][under == under.max()] += "
                "upstream[row, column]",
            ): "Where several are equally large, each got all of it, and there is more gradient "
            "than came from above. Here the first one gets it.",
            ("under.size - 1 - under[::-1, ::-1].argmax()", None): "Where several are equally "
            "large, yours goes to the last one. Here the first one gets it, row by row.",
            ("under.argmin()", None): "Your gradient goes to the smallest number. The largest one "
            "came through.",
        },
        hints=(
            "argmax counts through the window row by row, and gives the place of the largest "
            "number, the first one if several are equal. unravel_index turns it into row and "
            "column.",
            "The winner lies at top + i, left + j. It may win in several windows.",
            "under.argmax(), and gradient[top + i, left + j] += upstream[row, column]",
        ),
        praise="Each window hands its gradient to its winner, and a pixel that won twice is paid "
        "twice. What went in comes out: the sums are equal.",
    )

    avg_pool_backward = Task(  # 04.2
        "Send the gradient back through average pooling, from the description alone.",
        cell=f'''
            def avg_pool_backward(upstream, image, window, stride):
                """Share each gradient from above among the pixels that were averaged.

                upstream has one number for each window, image is what was averaged, going
                forward. Gives back an array of the shape of image. Where windows overlap, the
                shares of a pixel add up.
                """
                <<{_SHARES.replace(chr(10), chr(10) + " " * 16)}>>
            ''',
        answer=lambda: avg_pool_backward,
        calls=[
            (np.array([[8]]), np.array([[1, 5], [2, 3]]), 2, 2),
            (np.array([[3, 4]]), np.array([[1, 9, 2], [0, 0, 0]]), 2, 1),
            (lopsided(2, 3), NUMBERS, 2, 2),
            (lopsided(4, 7), lopsided(5, 8), 2, 1),
            (lopsided(3, 2), lopsided(7, 5), 3, 2),
            (lopsided(2, 3), lopsided(6, 9), 2, 3),
        ],
        wrong={
            _SHARES.replace(
                "upstream[row, column] / window**2", "1 / window**2"
            ): "Your shares are "
            "the same whatever comes from above. Share out upstream[row, column].",
            _SHARES.replace(" / window**2", ""): "Each pixel got all of it. Of a window with four "
            "pixels each has a fourth of the say, and gets a fourth.",
            _SHARES.replace("window**2", "4"): "You divide by 4. That is right for a 2x2 window "
            "only.",
            _SHARES.replace("+= share", "= share"): "Where windows overlap, the last one wipes out "
            "what the others gave. The shares of a pixel add up: use +=.",
            _SHARES.replace("column * stride", "column"): "Going backward, the window stands where "
            "it stood going forward: at column * stride.",
        },
        hints=(
            "Start from your max_pool_backward. There is no winner now: all pixels under the "
            "window get the same.",
            "A window holds window * window pixels, and each gets that part of upstream[row, "
            "column].",
            "gradient[top : top + window, left : left + window] += upstream[row, column] / "
            "window**2",
        ),
        praise="The average lets every pixel have a small say, so every pixel gets a small share.",
    )
