"""Chapter 08, what networks see: its tasks, beside the questions of ``seeing_questions``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.exercises.cases import lopsided
from cnnlab.exercises.chapters.seeing_questions import (
    CELLS,
    PIXELS,
    SEED,
    SHUFFLED_CELLS,
    WEIGHTS,
    SeeingQuestions,
    combined,
    mark_of,
)
from cnnlab.exercises.compare import numbers
from cnnlab.exercises.lesson import Lesson
from cnnlab.exercises.task import Mistake, Task
from cnnlab.exercises.trial import called

Float64 = NDArray[np.float64]
Score = Callable[[Float64], float]

SIDE = 25  # of the faces, in pixels
_NEAR = 2  # pixels beside the mark that still count as found
_MOST_SEED = 2**53  # up to here every whole number is exact in 64 bits

_FIRST, _SECOND = (3, 0), (1, 2)  # two maps of two places
_CAM_WEIGHTS = (1, -2)


# -- The hunt -------------------------------------------------------------------------------------


def _judged_as_place(answer: Any) -> str | None:
    """Say what is wrong with a seed, a row and a column."""
    where = numbers(answer, "my_seed, a row and a column")
    if isinstance(where, str):
        return where
    if where.shape != (3,):
        return "expected my_seed, a row and a column: three numbers"
    seed, row, column = where.astype(np.float64)
    if not (0 <= seed <= _MOST_SEED and seed == int(seed)):
        return "leave my_seed as it is: it says which mark you are after"
    if not (0 <= row < SIDE and 0 <= column < SIDE):
        return f"the picture has rows and columns 0 to {SIDE - 1}"
    if _near(seed, row, column):
        return None
    return (
        "it is not there: cover that place, and the score of 'face' hardly falls. Slide the cover "
        "along all four sides, and stop where it falls most"
    )


def _near(seed: float, row: float, column: float) -> bool:
    """Say whether a place lies in the mark of a seed, or close beside it."""
    top, left, bottom, right = mark_of(int(seed)).box
    return top - _NEAR <= row < bottom + _NEAR and left - _NEAR <= column < right + _NEAR


def _swapped(where: Float64) -> bool:
    seed, row, column = where
    return _near(seed, column, row)


def _upside_down(where: Float64) -> bool:
    seed, row, column = where
    return _near(seed, SIDE - 1 - row, column)


def _central(where: Float64) -> bool:
    return bool((np.abs(where[1:] - SIDE // 2) <= SIDE // 5).all())


# -- Arithmetic -----------------------------------------------------------------------------------


def _hidden(images: Float64, top: int, left: int, bottom: int, right: int) -> Float64:
    _, height, width, _ = images.shape
    rows, columns = np.arange(height)[:, None], np.arange(width)
    inside = (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
    return np.where(inside[None, ..., None], 0.5, images)


def _occluded(score: Score, image: Float64, size: int, fill: float) -> Float64:
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size), (0, 1))
    drops = np.empty(windows.shape[:2])
    for row, column in np.ndindex(drops.shape):
        covered = image.copy()
        covered[row : row + size, column : column + size] = fill
        drops[row, column] = score(image) - score(covered)
    return drops


def _bent(image: Float64) -> float:
    """Score a picture so that every pixel counts differently, and not in proportion."""
    weights = np.cos(np.arange(image.size)).reshape(image.shape)
    return float((weights * image + 0.3 * weights**2 * image**2).sum())


def _drops_seen(function: Any) -> Mapping[str, Any] | None:
    """Cover two pictures with a function: a flat one, and one with channels."""
    if not callable(function):
        return None
    cases: dict[str, tuple[Float64, int, float]] = {
        "a picture of 3x5 under a cover of 2x2": (2 * lopsided(3, 5), 2, 0.5),
        "a picture of 6x4 with 2 channels under a cover of 3x3": (lopsided(6, 4, 2), 3, -1.3),
    }
    seen = {
        name: called(function, _bent, image.copy(), size, fill)
        for name, (image, size, fill) in cases.items()
    }
    return {name: ["nothing"] if found is None else found for name, found in seen.items()}


def _strongest_channel(slopes: Float64) -> Float64:
    largest: Float64 = np.max(np.maximum(slopes, -slopes), axis=2)
    return largest


def _on_one_scale(maps: Float64) -> Float64:
    positive = np.clip(maps, 0, None)
    return positive / (positive.max() or 1.0)


def _stepped(image: Float64, slopes: Float64, epsilon: Float64) -> Float64:
    moved = np.where(slopes > 0, image - epsilon, np.where(slopes < 0, image + epsilon, image))
    return np.clip(moved, 0, 1)


_COVER = "covered[row : row + size, column : column + size] = fill"
_SCALE = """positive = np.maximum(0, maps)
largest = positive.max()
return positive / largest if largest > 0 else positive"""


def _indented(code: str) -> str:
    return code.replace("\n", "\n" + " " * 16)


class Seeing(SeeingQuestions, Lesson, chapter="08_what_networks_see"):
    """What chapter 08 shows and asks."""

    SEED = SEED
    WEIGHTS, PIXELS = WEIGHTS, PIXELS
    CELLS, SHUFFLED_CELLS = CELLS, SHUFFLED_CELLS
    FIRST, SECOND, CAM_WEIGHTS = _FIRST, _SECOND, _CAM_WEIGHTS

    # -- tasks: from a place to a whole function ----------------------------------------------

    found = Task(  # 08.11: a network that is right need not look where we look
        "Say where the network looks: a row and a column, counted from 0.",
        given=lambda: {"my_seed": SEED, "mark": mark_of(SEED)},
        cell="where = my_seed, <<mark.top>>, <<mark.left>>",
        answer=lambda: (SEED, mark_of(SEED).top, mark_of(SEED).left),
        judge=_judged_as_place,
        wrong={
            ("mark.left", "mark.top"): Mistake(
                "Row and column have changed places. The row comes first: how far down, then how "
                "far to the right.",
                sign=_swapped,
            ),
            ("24 - mark.top", None): Mistake(
                "You counted the rows from below. Row 0 is at the top.",
                sign=_upside_down,
            ),
            ("12", "12"): Mistake(
                "That is the middle of the face, where you would look. Cover it: the score hardly "
                "falls. This network looks elsewhere.",
                sign=_central,
            ),
        },
        hints=(
            "Choose the class 'face' and watch its score, not its probability. Start at the top "
            "left, and slide the cover once round along the sides.",
            "Where the score falls by several points, make the cover smaller, and see where it "
            "still falls. hunt.cover says at which row and column it stands.",
            "The place is kept in mark: mark.top and mark.left.",
        ),
        praise="There it is, and no face is anywhere near. It has never looked at one.",
    )

    hidden = Task(  # 08.9
        "Write the repair: paint the place grey, on all images.",
        cell='''
            def hidden(images, top, left, bottom, right):
                """Give copies of all images, with 0.5 in rows top to bottom - 1 and so on."""
                copies = images.copy()
                rows, columns = slice(top, bottom), <<slice(left, right)>>
                <<copies[:, rows, columns] = 0.5>>
                return copies
            ''',
        answer=lambda: _hidden,
        calls=[
            (lopsided(1, 3, 4, 1), 1, 2, 3, 4),
            (2 * lopsided(3, 6, 5, 2) - 0.3, 0, 1, 5, 3),
            (lopsided(2, 5, 7, 1) + 0.4, 2, 0, 4, 6),
        ],
        wrong={
            ("slice(left, right + 1)", None): "One column too many: a slice ends before its second "
            "number.",
            ("slice(left, right - left)", None): "A slice goes from one column to another. It does "
            "not want to know how many there are.",
            (None, "copies[rows, columns] = 0.5"): "The first axis counts the images. Begin with a "
            "colon, for all of them.",
            (None, "copies[:, columns, rows] = 0.5"): "Rows and columns have changed places: the "
            "axes are image, row, column, channel.",
            (None, "copies[0, rows, columns] = 0.5"): "Only the first image has been repaired. A "
            "colon stands for all of them.",
            (None, "copies[:, rows, columns] *= 0.5"): "That makes the mark half as bright, and "
            "half a mark gives the class away as well. Put 0.5 in its place.",
            (None, "copies[:, rows, columns] = 0"): "That is black. Grey, 0.5, is asked for: it is "
            "nearer to most of what it hides.",
        },
        hints=(
            "slice(2, 5) stands for the rows or columns 2, 3 and 4.",
            "The axes are image, row, column, channel. A colon alone stands for all of an axis.",
            "slice(left, right), and copies[:, rows, columns] = 0.5",
        ),
        praise="On faces and on all other things alike, so that it tells nothing.",
    )

    occluded = Task(  # 08.9: the tone of the cover is a choice, so it is a parameter
        "Write the occlusion map: every place of the cover, one after the other.",
        cell=f'''
            def occluded(score, image, size, fill):
                """Cover a square at every place, and map by how much the score falls."""
                rows = image.shape[0] - size + 1
                columns = <<image.shape[1] - size + 1>>
                drops = np.zeros((rows, columns))
                for row, column in np.ndindex(rows, columns):
                    covered = image.copy()
                    {_COVER}
                    drops[row, column] = <<score(image) - score(covered)>>
                return drops
            ''',
        answer=lambda: _occluded,
        seen=_drops_seen,
        wrong={
            ("image.shape[1] - size", None): "One column is missing. A cover as wide as the "
            "picture has one place: add 1.",
            ("rows", None): "There are as many columns as rows in yours. That holds for square "
            "pictures only: use shape[1].",
            (None, "score(covered) - score(image)"): "The sign is the other way round: what the "
            "network needs comes out below 0. A fall is before minus after.",
            (None, "score(covered)"): "That is the score with the cover. What it costs is the "
            "difference from the score without.",
            (None, "abs(score(image) - score(covered))"): "Without its sign, a place that speaks "
            "against the class looks like one that speaks for it.",
            (None, "score(image) / score(covered)"): "A score can be 0 or below, so a quotient "
            "means nothing. Take the difference.",
        },
        hints=(
            "The line above says how many rows of places there are. Columns work the same way.",
            "By how much has something fallen? What it was before, less what it is now.",
            "image.shape[1] - size + 1, and score(image) - score(covered)",
        ),
        praise="No look inside was needed. This works with every network, and with everything else "
        "that gives a score.",
    )

    saliency_map = Task(
        "Make a map of slopes: of each pixel the largest size among its channels.",
        cell='''
            def saliency_map(slopes):
                """Give one number a pixel, from slopes of shape (rows, columns, channels)."""
                return <<np.abs(slopes).max(axis=2)>>
            ''',
        answer=lambda: _strongest_channel,
        calls=[
            (lopsided(2, 3, 2),),
            (2 * lopsided(4, 3, 3) - 0.4,),
            (-lopsided(3, 5, 1),),
        ],
        wrong={
            "slopes.max(axis=2)": "The sign is still there. A pixel that could pull the score down "
            "matters as much: take the size first.",
            "np.abs(slopes.max(axis=2))": "The size has to be taken before the largest: -3 is "
            "larger than 1 here.",
            "np.abs(slopes).sum(axis=2)": "You added the channels up. Then a coloured picture has "
            "stronger maps than a grey one. Take the largest.",
            "np.abs(slopes).mean(axis=2)": "You averaged over the channels. The largest of them is "
            "asked for.",
            "np.abs(slopes.mean(axis=2))": "A plus in one channel and a minus in another cancel in "
            "yours. Take the size of each, then the largest.",
            "np.abs(slopes).max(axis=0)": "Axis 0 counts the rows. The channels are the last of "
            "the three axes.",
        },
        hints=(
            "np.abs gives the size of every number.",
            "The axes are row, column, channel: the channels are axis 2.",
            "np.abs(slopes).max(axis=2)",
        ),
        praise="How much a pixel *could* do, in either direction, if it changed a little.",
    )

    two_maps = Task(  # 08.7
        "Put the two maps together with the weights 1 and -2, and keep what counts for the class.",
        given=lambda: {"first": np.array(_FIRST), "second": np.array(_SECOND)},
        cell="heat = <<np.maximum(0, 1 * first - 2 * second)>>",
        answer=lambda: combined(
            np.stack([_FIRST, _SECOND], axis=1)[None].astype(np.float64),
            np.array([[_CAM_WEIGHTS] * 2], np.float64),
        )[0].astype(np.int64),
        wrong={
            "1 * first - 2 * second": "That is the sum, 1 and -4. The second place counts against "
            "the class: ReLU makes it 0.",
            "np.abs(1 * first - 2 * second)": "Without its sign the -4 becomes the strongest place "
            "of all, and it is the one that counts against the class. ReLU, not the size.",
            "np.maximum(0, 1 * first) + np.maximum(0, -2 * second)": "You cut each map by itself. "
            "First the sum, so that the second map can take something away from the first; then "
            "ReLU.",
            "1 * first + 2 * second": "The second weight is -2: its map counts against the class.",
            "np.maximum(0, first - second)": "The weights are 1 and -2. The second map counts "
            "twice.",
        },
        hints=(
            "Multiply each map by its weight and add up, place by place.",
            "np.maximum(0, ...) is ReLU: what is below 0 becomes 0.",
            "np.maximum(0, 1 * first - 2 * second)",
        ),
        praise="One place counts for the class. The other counts against it, and is left out.",
    )

    my_cam = Task(  # 08.7
        "Write Grad-CAM: weights, sum, ReLU.",
        cell='''
            def my_cam(maps, slopes):
                """Combine maps by their mean slopes; both have rows, columns and channels."""
                weights = <<slopes.mean(axis=(0, 1))>>
                heat = <<(maps * weights).sum(axis=2)>>
                return <<np.maximum(0, heat)>>
            ''',
        answer=lambda: combined,
        calls=[
            (lopsided(1, 2, 2), lopsided(1, 2, 2)[:, ::-1]),
            (3 * lopsided(3, 4, 2), lopsided(3, 4, 2)[::-1] + 2.2),
            (2 * lopsided(4, 2, 5) + 0.1, lopsided(2, 4, 5).transpose(1, 0, 2) - 0.3),
        ],
        wrong={
            ("slopes.sum(axis=(0, 1))", None, None): "You added the slopes up. Their mean is asked "
            "for: a large map shall not weigh more than a small one.",
            ("slopes.mean(axis=2, keepdims=True)", None, None): "That is a mean over the channels. "
            "Each channel gets one weight: the mean over all its places, axes 0 and 1.",
            ("slopes", None, None): "You weighed each place by its own slope. Grad-CAM gives each "
            "map one weight: the mean of its slopes.",
            (None, "(maps * weights).mean(axis=2)", None): "You averaged over the maps. They are "
            "added up.",
            (None, "maps.sum(axis=2) * weights.sum()", None): "Maps and weights were added up "
            "apart. Each map has to meet its own weight first.",
            (None, None, "heat"): "What counts against the class is still there, below 0. ReLU "
            "takes it out: np.maximum(0, ...).",
            (None, None, "np.abs(heat)"): "The size turns what counts against the class into what "
            "counts for it. ReLU, not the size.",
        },
        hints=(
            "Each channel has one weight. It is the mean of its slopes over rows and columns.",
            "maps * weights meets every channel with its weight; then add up the channels, axis 2.",
            "slopes.mean(axis=(0, 1)), (maps * weights).sum(axis=2) and np.maximum(0, heat)",
        ),
        praise="Three lines, and a map for any class of any network with convolutions.",
    )

    one_scale = Task(  # 08.4, 08.5
        "Write what makes maps fit to be compared, from the description alone.",
        cell=f'''
            def one_scale(maps):
                """Prepare several maps, of shape (maps, rows, columns), for one scale of colours.

                What is below 0 becomes 0. Then all are divided by the one largest number, so that
                equal colours mean equal numbers. Where nothing is above 0 in any map, give zeros:
                no positive evidence.
                """
                <<{_indented(_SCALE)}>>
            ''',
        answer=lambda: _on_one_scale,
        calls=[
            (np.array([[[-2.0, -1.0]]]),),
            (np.array([[[0.9, 0.2]], [[0.0009, -3.0]]]),),
            (2 * lopsided(3, 2, 4) - 0.5,),
            (-lopsided(2, 3, 1) - 1.5,),
        ],
        wrong={
            _SCALE.replace(".max()", ".max(axis=(1, 2), keepdims=True)").replace(
                "positive / largest if largest > 0 else positive",
                "positive / np.where(largest > 0, largest, 1)",
            ): "Each map was stretched by itself. Then 0.0009 looks as strong as 0.9: divide all "
            "by the one largest number.",
            _SCALE.replace(
                "positive / largest if largest > 0 else positive", "positive / largest"
            ): "Where nothing is above 0 you divide 0 by 0, and get no number at all. Give zeros "
            "there.",
            _SCALE.replace("np.maximum(0, maps)", "np.abs(maps)"): "Without their signs, numbers "
            "that count against the class look like evidence for it. What is below 0 becomes 0.",
            _SCALE.replace("np.maximum(0, maps)", "maps - maps.min()"): "You moved all numbers up "
            "until the smallest is 0. Then nothing at all is shown as 'some', and the strongest "
            "'against' as 'none'. Zero stays zero.",
            _SCALE.replace("np.maximum(0, maps)", "maps"): "What is below 0 is still there. First "
            "ReLU, then divide.",
        },
        hints=(
            "np.maximum(0, maps) is ReLU for all maps at once.",
            "Look at the largest number before you divide by it.",
            _SCALE,
        ),
        praise="Equal colours, equal numbers; and nothing stays nothing.",
    )

    step_away = Task(  # 08.10
        "Write the step: every pixel by epsilon, so that the score falls.",
        cell='''
            def step_away(image, slopes, epsilon):
                """Move every pixel by epsilon against its slope; stay between 0 and 1."""
                moved = <<image - epsilon * np.sign(slopes)>>
                return <<np.clip(moved, 0, 1)>>
            ''',
        answer=lambda: _stepped,
        calls=[
            (np.array([[0.5, 0.98]]), np.array([[2.0, -0.1]]), np.array(0.1)),
            (np.abs(lopsided(3, 4)), 3 * lopsided(4, 3).T, np.array(0.2)),
            (np.abs(lopsided(2, 5)), np.round(lopsided(5, 2).T), np.array(1.5)),
        ],
        wrong={
            ("image + epsilon * np.sign(slopes)", None): "That makes the score rise. Against the "
            "slope: minus.",
            ("image - epsilon * slopes", None): "Pixels with steep slopes move far in yours, and "
            "most hardly at all. Each moves by the same epsilon: take the sign of the slope.",
            ("image - np.sign(slopes)", None): "Every pixel moved by 1, from black to white. The "
            "step is epsilon times the sign.",
            ("image - epsilon", None): "That makes the whole picture darker. Each pixel goes its "
            "own way: epsilon times the sign of its slope.",
            (None, "moved"): "Some pixels are darker than black or brighter than white now, and no "
            "camera takes such a picture: np.clip(moved, 0, 1).",
            (None, "np.clip(moved, -1, 1)"): "Black is 0, and nothing is darker. Clip to 0 and 1.",
        },
        hints=(
            "np.sign gives 1, 0 or -1.",
            "The slope says which way the score rises. Go the other way, by epsilon.",
            "image - epsilon * np.sign(slopes), and np.clip(moved, 0, 1)",
        ),
        praise="One line, the same slopes as for a map, and here they are used against the "
        "network.",
    )
