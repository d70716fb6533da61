"""Chapter 01, filters: its worked examples, predictions, tasks and quiz.

The examples A and B, and the map with the wrong corner, come from the lecture notes that the
course grew from.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import filters, images, shapes
from cnnlab.exercises.cases import grid, lopsided
from cnnlab.exercises.compare import numbers
from cnnlab.exercises.lesson import Lesson
from cnnlab.exercises.question import Prediction, Question
from cnnlab.exercises.task import Mistake, Task

LAPLACIAN = filters.CATALOGUE["laplacian"]
_NOTHING = (0.0, 0.0)


def _slide_map(row: int, column: int) -> NDArray[np.float32]:
    """Give the map of image B with one pixel changed from 0 to 1 or back."""
    changed = np.array(Filters.IMAGE_B)
    changed[row, column] = 1 - changed[row, column]
    return filters.apply(changed, LAPLACIAN)


def _culprit() -> tuple[int, int]:
    return next(
        (row, column)
        for row, column in np.ndindex(Filters.IMAGE_B.shape)
        if np.array_equal(_slide_map(row, column), Filters.SLIDE_MAP_B)
    )


def _raises_the_corner(answer: Any) -> float:
    """Say by how much a changed pixel raises the corner of the map."""
    return float(_slide_map(*answer)[0, 0] - filters.apply(Filters.IMAGE_B, LAPLACIAN)[0, 0])


def _responses(weights: ArrayLike) -> tuple[tuple[float, float], ...]:
    """Give the lowest and highest response to a uniform area, a vertical step, a horizontal one.

    The vertical step is dark on the left and bright on the right, the horizontal one dark above.
    Responses are measured in units of all weights together; what is nothing but rounding is 0.
    """
    vertical = np.zeros((15, 15))
    vertical[:, 7:] = 1
    grid = np.asarray(weights, dtype=np.float64)
    unit = float(np.abs(grid).sum()) or 1.0
    maps = [filters.apply(picture, grid) for picture in (np.ones((7, 7)), vertical, vertical.T)]
    shares = [np.where(np.abs(found) < 1e-4 * unit, 0, found / unit) for found in maps]
    return tuple((float(share.min()), float(share.max())) for share in shares)


def _judged_as_vertical_edges(answer: Any) -> str | None:
    grid = numbers(answer, "a grid of weights")
    if isinstance(grid, str):
        return grid
    if grid.ndim != 2 or not grid.size or max(grid.shape) > 7:
        return f"expected a grid of weights, up to 7x7, got one of shape {grid.shape}"
    if not np.isfinite(grid.astype(np.float64)).all():
        return "one of these weights is not a finite number"
    uniform, vertical, horizontal = _responses(grid)
    if uniform == horizontal == _NOTHING and vertical[0] == 0 < vertical[1]:
        return None
    return "its map is nowhere above 0 where a picture gets brighter from left to right"


def _only_symmetric_filter(*names: str) -> str:
    weights = {name: filters.CATALOGUE[name].weights for name in names}
    return next(name for name in names if np.array_equal(weights[name], np.flip(weights[name])))


def _coin() -> NDArray[np.float32]:
    return images.sample("coins")[Filters.COIN]


def _where_the_detector_responds() -> str:
    """Try it: a filter cut from a small picture, over a dark, a bright and an equal place."""
    piece = np.array([[0.2, 0.9, 0.2], [0.2, 0.9, 0.2], [0.2, 0.9, 0.2]])
    places = {"dark": np.zeros((3, 3)), "bright": np.ones((3, 3)), "alike": piece}
    weights = piece - piece.mean()
    return max(places, key=lambda name: float(filters.apply(places[name], weights)[0, 0]))


class Filters(Lesson, chapter="01_filters"):
    """What chapter 01 shows and asks."""

    IMAGE_A = grid("3 5 2 8 1 / 9 7 5 4 3 / 2 0 6 1 6 / 6 3 7 9 2 / 1 4 9 5 1")
    WEIGHTS_A = grid("1 0 0 / 1 1 0 / 0 0 1")
    IMAGE_B = grid("0 1 0 1 1 / 0 0 1 1 0 / 1 1 0 1 0 / 0 1 0 0 1 / 0 0 1 1 0")
    SLIDE_MAP_B = grid("4 -3 -1 / -2 3 -3 / -3 2 3")  # as printed, with its wrong corner
    COIN = (slice(170, 217), slice(189, 238))  # where one of the coins lies in the photograph

    # -- predictions, locked before the learner looks -----------------------------------------

    even_sky = Prediction(
        "A filter has -4 in the middle, 1 above, below, left and right of it, and 0 in the "
        "corners. It slides over a sky where every pixel is 0.8. What does the feature map say "
        "there?",
        answer=lambda: float(filters.apply(np.full((3, 3), 0.8), LAPLACIAN)[0, 0]),
        choices={
            0.8: (
                "0.8: the sky stays as it is",
                "Only a filter with a single 1 in the middle copies the picture. This one adds "
                "four neighbours and subtracts four times the middle.",
            ),
            -3.2: (
                "-3.2: minus four times 0.8",
                "That is the middle alone. The four neighbours are added as well, and each is 0.8.",
            ),
            0.0: (
                "0: nothing",
                "Four neighbours of 0.8 make 3.2, and four times the middle subtracts 3.2. The "
                "weights add up to zero, so a uniform area gives zero. Only change is left.",
            ),
            3.2: (
                "3.2: four times 0.8",
                "Those are the four neighbours alone. The middle counts too, with weight -4.",
            ),
        },
    )

    map_size = Prediction(
        "A 3x3 filter slides over a 5x5 image and never hangs over the edge. How large is its "
        "feature map?",
        answer=lambda: shapes.output_size(5, 3),
        choices={
            5: (
                "5x5: one number for every pixel",
                "The filter cannot be centred on a pixel of the rim: a part of it would hang over "
                "the edge. So the rim gets no numbers.",
            ),
            4: (
                "4x4",
                "Count the columns where the left side of the filter can stand: 0, 1 and 2. At "
                "column 3 its right side would be outside.",
            ),
            3: (
                "3x3",
                "The left side of the filter can stand at columns 0, 1 and 2: 5 - 3 + 1.",
            ),
            2: (
                "2x2: 5 - 3",
                "Nearly: 5 - 3 is how many times it can move, and its starting place counts too.",
            ),
        },
    )

    # -- tasks: one blank, two blanks, none ---------------------------------------------------

    one_number = Task(
        "Work out the top right number of the map of example A.",
        given=lambda: {"image_a": Filters.IMAGE_A, "weights_a": Filters.WEIGHTS_A},
        cell="""
            window = image_a[0:3, 2:5]
            number = <<(window * weights_a).sum()>>
            """,
        answer=lambda: filters.apply(Filters.IMAGE_A, Filters.WEIGHTS_A)[0, 2],
        wrong={
            "(image_a[0:3, 0:3] * weights_a).sum()": "That is the top left number, from the window "
            "at columns 0 to 2. Use the window of this cell.",
            "window.sum()": "You added up the window itself. Each pixel is first multiplied by its "
            "weight.",
            "window * weights_a": "These are the nine products. One thing is missing: add them up.",
            "(window @ weights_a).sum()": "This is what @ gives, the product of matrices. Here "
            "each pixel meets only its own weight: use *.",
            "(window * np.flip(weights_a)).sum()": "You flipped the filter. Here it lies on the "
            "window just as it is printed.",
            "(image_a[2:5, 0:3] * weights_a).sum()": "This is the bottom left number. The first "
            "index counts rows, the second columns.",
        },
        hints=(
            "Two grids of the same size can be multiplied with *: number by number.",
            "The products have to be added up: an array has a method for that, .sum().",
            "(window * weights_a).sum()",
        ),
        praise="Multiply each pixel by its weight, add up: that is all a filter ever does.",
    )

    loops = Task(
        "Write the loop that slides a filter over an image.",
        cell='''
            def feature_map(image, weights):
                """Slide the weights over the image."""
                height, width = weights.shape
                rows = image.shape[0] - height + 1
                columns = <<image.shape[1] - width + 1>>
                output = np.zeros((rows, columns))
                for row in range(rows):
                    for column in range(columns):
                        window = image[row : row + height, column : column + width]
                        output[row, column] = <<(window * weights).sum()>>
                return output
            ''',
        answer=lambda: filters.apply,
        calls=[
            (np.array([[1, 2, 3]]), np.array([[1, 10]])),
            (np.arange(9).reshape(3, 3), np.array([[1, 2], [3, 5]])),
            (IMAGE_A, WEIGHTS_A),
            (IMAGE_A[:3], WEIGHTS_A),
            (lopsided(4, 6), lopsided(3, 2)),
            (lopsided(6, 3), lopsided(1, 3) - 0.4),
        ],
        wrong={
            ("image.shape[1] - width", None): "One column is missing. The filter moves (image "
            "width - filter width) times, and its starting place counts too: add 1.",
            ("rows", None): "There are as many columns as rows. That holds for square images "
            "only: use image.shape[1] and width.",
            ("image.shape[1]", None): "The window runs over the right edge of the image. There "
            "are fewer places for the filter than columns: how many?",
            (None, "window * weights"): "A whole grid of products does not fit into one pixel of "
            "the map. Add them up.",
            (None, "(window @ weights).sum()"): "This is what @ gives, the product of matrices. "
            "Each pixel meets only its own weight: use *.",
            (None, "(window * np.flip(weights)).sum()"): "Your filter is flipped. Here it lies on "
            "the window just as it is printed.",
            (None, "abs((window * weights).sum())"): "The sum can be negative, and the map keeps "
            "its sign. Leave the sum as it is.",
        },
        hints=(
            "The line above says how many rows there are. Columns work the same way.",
            "image.shape[1] is the width of the image, and width that of the filter.",
            "The last blank is the line you wrote for one number.",
            "columns = image.shape[1] - width + 1, and (window * weights).sum()",
        ),
        praise="Two loops find the window, one line does the work. The same weights serve every "
        "place of the image.",
    )

    puzzle = Task(
        "Which single pixel of image B, changed, gives exactly the map on the slide?",
        cell="row, column = <<1>>, <<0>>",
        answer=_culprit,
        wrong={
            ("2", "1"): "You seem to count from one. Here the first row and the first column are "
            "number 0.",
            ("0", "1"): Mistake(
                "That pixel would make the corner smaller. The slide has it larger, by 1: a pixel "
                "under a positive weight has to turn from 0 to 1.",
                sign=lambda answer: _raises_the_corner(answer) < 0,
            ),
            ("0", "0"): Mistake(
                "The corner of the map does not change with that pixel: it lies outside the "
                "corner's 3x3 window, or under a weight of 0.",
                sign=lambda answer: _raises_the_corner(answer) == 0,
            ),
        },
        hints=(
            "Only the corner of the map differs, by 1. Which pixels does the corner look at?",
            "A pixel under a weight of 1 that turns from 0 to 1 raises the corner by 1.",
            "The four pixels under a 1 are at (0, 1), (1, 0), (1, 2) and (2, 1). Which of them is "
            "0?",
        ),
        praise="That zero must have been read as a one when the slide was made. It lies at the "
        "left rim, so only the corner of the map sees it under a weight that counts.",
    )

    vertical_edges = Task(
        "Design a filter that is positive where a picture gets brighter from left to right, never "
        "negative there, and 0 in uniform areas and at steps from top to bottom.",
        cell="""
            weights = <<[
                [-1, 0, 1],
                [-1, 0, 1],
                [-1, 0, 1],
            ]>>
            """,
        answer=lambda: filters.CATALOGUE["prewitt_x"].weights,
        judge=_judged_as_vertical_edges,
        wrong={
            "np.zeros((3, 3))": Mistake(
                "All weights are 0, so the map is 0 everywhere, edges included.",
                sign=lambda answer: np.ndim(answer) == 2 and not np.any(answer),
            ),
            "[[0, 0, 1], [0, 0, 1], [0, 0, 1]]": Mistake(
                "Your weights do not add up to zero, so a uniform area does not give 0. Balance "
                "what is positive with what is negative.",
                sign=lambda answer: _responses(answer)[0] != _NOTHING,
            ),
            "[[-1, -1, -1], [0, 0, 0], [1, 1, 1]]": Mistake(
                "Your filter finds edges, but horizontal ones: it compares top and bottom. Turn "
                "it by a quarter.",
                sign=lambda answer: _responses(answer)[1] == _NOTHING != _responses(answer)[2],
            ),
            "[[0, 1, 0], [1, -4, 1], [0, 1, 0]]": Mistake(
                "Your filter responds to steps in both directions. Make all rows alike: then "
                "nothing changes from top to bottom.",
                sign=lambda answer: _responses(answer)[2] != _NOTHING,
            ),
            "[[1, 0, -1], [1, 0, -1], [1, 0, -1]]": Mistake(
                "The sign is the other way round: yours is negative where it gets brighter. Swap "
                "left and right.",
                sign=lambda answer: _responses(answer)[1][0] < 0 == _responses(answer)[1][1],
            ),
            "[[1, -2, 1], [1, -2, 1], [1, -2, 1]]": Mistake(
                "Your filter finds lines, not edges: at a step from dark to bright it is positive "
                "on one side and negative on the other. Put minus on the left and plus on the "
                "right, and never turn back.",
                sign=lambda answer: _responses(answer)[1][0] < 0 < _responses(answer)[1][1],
            ),
        },
        hints=(
            "Compare: what is on the right, minus what is on the left.",
            "Pixels on the right get positive weights, those on the left the same but negative.",
            "One row, -1 0 1, does it already. Three equal rows are calmer: they average out "
            "noise.",
        ),
        praise="Right minus left: where nothing changes, nothing is left. Prewitt and Sobel found "
        "the same some fifty years ago.",
        kept_as="upright_edges",
    )

    finder = Task(
        "Make a filter from the piece, such that a uniform area gives 0, however bright.",
        given=lambda: {"piece": _coin()},
        cell="weights = <<piece - piece.mean()>>",
        answer=lambda: _coin() - _coin().mean(),
        wrong={
            "piece": "This is the piece as it is. All its weights are positive, so a bright place "
            "gives a large number whatever it shows. Subtract something.",
            "piece - piece.min()": "You subtracted the darkest pixel. All weights are still 0 or "
            "more: subtract the mean.",
            "piece / piece.mean()": "Dividing makes the weights larger or smaller together, and "
            "they stay positive. Subtract instead.",
            "np.flip(piece - piece.mean())": "You flipped the piece. A filter lies on the picture "
            "as it is: the coin would have to be upside down to be found.",
        },
        hints=(
            "The weights have to add up to zero. What can you subtract from every pixel to get "
            "there?",
            "If the mean of all is subtracted from every number, the new mean is zero, and so is "
            "the sum.",
            "piece.mean() is the mean.",
        ),
        praise="Weights that add up to zero do not care how bright a place is, only what it looks "
        "like.",
    )

    # -- the quiz -----------------------------------------------------------------------------

    quiz_bright_blur = Question(
        "In the 3x3 blur, somebody writes 1 instead of 1/9 in all nine places. What becomes of a "
        "uniform area of 0.1?",
        answer=lambda: round(float(filters.apply(np.full((3, 3), 0.1), np.ones((3, 3)))[0, 0]), 6),
        choices={
            0.1: ("It stays 0.1", "It would with 1/9: then the weights add up to 1."),
            0.9: (
                "It becomes 0.9",
                "Nine pixels of 0.1 are added up and nothing divides by nine: the weights add up "
                "to 9, so everything is nine times as bright.",
            ),
            0.0: (
                "It becomes 0",
                "That takes weights that add up to zero, with some of them negative.",
            ),
        },
    )

    quiz_negative = Question(
        "Sobel's filter for vertical edges, sobel_x, gives -2 somewhere. What is there?",
        answer=lambda: bool(filters.apply([[1, 1, 0]] * 3, filters.CATALOGUE["sobel_x"])[0, 0] < 0),
        choices={
            "mistake": (
                "A mistake: a picture has no negative numbers",
                "The picture has none. A feature map is not a picture, and weights can be "
                "negative.",
            ),
            False: (
                "An edge, dark on the left and bright on the right",
                "There the right side, which counts plus, is brighter, and the number is positive.",
            ),
            True: (
                "An edge, bright on the left and dark on the right",
                "The right side counts plus, the left side minus. If the left is brighter, minus "
                "wins: the sign tells which way the edge goes.",
            ),
        },
    )

    quiz_flip = Question(
        "For which of these filters do correlation and convolution give the same map?",
        answer=lambda: _only_symmetric_filter("sobel_x", "box_blur_3", "emboss"),
        choices={
            "sobel_x": (
                "sobel_x",
                "Flipped, its left and right side swap, and with them plus and minus.",
            ),
            "box_blur_3": (
                "box_blur_3",
                "Flipped it looks the same, so it does not matter whether it was.",
            ),
            "emboss": (
                "emboss",
                "Flipped, its light comes from the bottom right instead of the top left.",
            ),
        },
    )

    quiz_size = Question(
        "A 5x5 filter slides over a 28x28 image, and never hangs over the edge. How large is the "
        "map?",
        answer=lambda: shapes.output_size(28, 5),
        choices={
            28: ("28x28", "Only if zeros are added around the image: that is chapter 02."),
            26: (
                "26x26",
                "That is right for a 3x3 filter, which loses one pixel on each side. This one "
                "loses two.",
            ),
            24: ("24x24", "28 - 5 + 1: as many places as the left side of the filter has."),
            23: ("23x23", "28 - 5 is how many times it can move. Its starting place counts too."),
        },
    )

    quiz_detector = Question(
        "A filter was cut out of a photograph and its mean subtracted. To what does it respond "
        "most strongly?",
        answer=_where_the_detector_responds,
        choices={
            "alike": (
                "To places that are bright and dark where the filter is",
                "There bright pixels meet positive weights and dark ones negative weights: nearly "
                "everything adds to the sum. This is why a filter is called a feature detector.",
            ),
            "bright": (
                "To the brightest places",
                "That is what happens if the mean is not subtracted. Weights that add up to zero "
                "give 0 in every uniform area, the brightest too.",
            ),
            "dark": (
                "To the darkest places",
                "Pixels near 0 add next to nothing to the sum, whatever the weights are.",
            ),
        },
    )
