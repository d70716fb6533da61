"""Chapter 01, filters: its worked examples, predictions, exercises and quiz.

The examples A and B, and the map with the wrong corner, come from the lecture notes that the
course grew from. Imported in the notebook as ``lesson``.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import filters, images, shapes
from cnnlab.exercises._base import Exercise, Mistake, difference, same_results
from cnnlab.exercises._question import Choice, Question

__all__ = [
    "COIN",
    "IMAGE_A",
    "IMAGE_B",
    "SLIDE_MAP_B",
    "WEIGHTS_A",
    "even_sky",
    "feature_map",
    "finder",
    "loops",
    "map_size",
    "one_number",
    "puzzle",
    "quiz",
    "upright_edges",
]

_CHAPTER = "01_filters"
_LAPLACIAN = filters.CATALOGUE["laplacian"]


def _grid(text: str) -> NDArray[np.int64]:
    numbers = np.array([[int(word) for word in row.split()] for row in text.split("/")])
    numbers.setflags(write=False)
    return numbers


IMAGE_A = _grid("3 5 2 8 1 / 9 7 5 4 3 / 2 0 6 1 6 / 6 3 7 9 2 / 1 4 9 5 1")
WEIGHTS_A = _grid("1 0 0 / 1 1 0 / 0 0 1")
IMAGE_B = _grid("0 1 0 1 1 / 0 0 1 1 0 / 1 1 0 1 0 / 0 1 0 0 1 / 0 0 1 1 0")
SLIDE_MAP_B = _grid("4 -3 -1 / -2 3 -3 / -3 2 3")
"""What the slide prints for image B under the Laplacian. Its corner is wrong."""

COIN = (slice(170, 217), slice(189, 238))
"""Where one of the coins lies in the sample photograph."""


def feature_map(image: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    """Slide the weights over the image."""
    height, width = weights.shape
    rows = image.shape[0] - height + 1
    columns = image.shape[1] - width + 1
    output = np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            window = image[row : row + height, column : column + width]
            output[row, column] = (window * weights).sum()
    return output


# ---- Predictions, locked before the learner looks ------------------------------------------------

even_sky = Question(
    chapter=_CHAPTER,
    name="even_sky",
    prompt=(
        "A filter has -4 in the middle, 1 above, below, left and right of it, and 0 in the "
        "corners. It slides over a sky where every pixel is 0.8. What does the feature map say "
        "there?"
    ),
    choices=(
        Choice(
            "0.8: the sky stays as it is",
            0.8,
            "Only a filter with a single 1 in the middle copies the picture. This one adds four "
            "neighbours and takes four times the middle away.",
        ),
        Choice(
            "-3.2: minus four times 0.8",
            -3.2,
            "That is the middle alone. The four neighbours are added as well, and each is 0.8.",
        ),
        Choice(
            "0: nothing",
            0.0,
            "Four neighbours of 0.8 make 3.2, and four times the middle takes 3.2 away. The "
            "weights add up to zero, so what is even gives zero. Only change is left.",
        ),
        Choice(
            "3.2: four times 0.8",
            3.2,
            "Those are the four neighbours alone. The middle counts too, with weight -4.",
        ),
    ),
    answer=lambda: float(filters.apply(np.full((3, 3), 0.8), _LAPLACIAN)[0, 0]),
)

map_size = Question(
    chapter=_CHAPTER,
    name="map_size",
    prompt="A 3x3 filter slides over a 5x5 image and never hangs over the edge. How large is "
    "the map of its answers?",
    choices=(
        Choice(
            "5x5: one answer for every pixel",
            5,
            "The filter cannot be centred on a pixel of the rim: a part of it would hang over the "
            "edge. So the rim gets no answers.",
        ),
        Choice(
            "4x4",
            4,
            "Count the columns where the left side of the filter can stand: 0, 1 and 2. At "
            "column 3 its right side would be outside.",
        ),
        Choice(
            "3x3",
            3,
            "The left side of the filter can stand at columns 0, 1 and 2: 5 - 3 + 1.",
        ),
        Choice(
            "2x2: five less three",
            2,
            "Nearly. Five less three is how often the filter can move on; it also has an answer "
            "where it starts.",
        ),
    ),
    answer=lambda: shapes.output_size(5, 3),
)

# ---- Exercises: one blank, two blanks, none ------------------------------------------------------

_FLIPPED_A = np.flip(WEIGHTS_A)

one_number = Exercise(
    chapter=_CHAPTER,
    name="one_number",
    prompt="Work out the top right number of the map of example A.",
    answer=lambda: filters.apply(IMAGE_A, WEIGHTS_A)[0, 2],
    solution_code="""\
window = image_a[0:3, 2:5]
number = (window * weights_a).sum()""",
    hints=(
        "Two grids of the same size can be multiplied with *: number by number.",
        "The products have to be added up: an array has a method for that, .sum().",
        "(window * weights_a).sum()",
    ),
    mistakes=(
        Mistake(
            "That is the top left number, from the window at columns 0 to 2. Use the window of "
            "this cell.",
            lambda: filters.apply(IMAGE_A, WEIGHTS_A)[0, 0],
        ),
        Mistake(
            "You added up the window itself. Each pixel is first multiplied with its weight.",
            IMAGE_A[0:3, 2:5].sum,
        ),
        Mistake(
            "These are the nine products. One thing is missing: add them up.",
            lambda: IMAGE_A[0:3, 2:5] * WEIGHTS_A,
        ),
        Mistake(
            "This is what @ gives, the product of matrices. Here each pixel meets only its own "
            "weight: use *.",
            (IMAGE_A[0:3, 2:5] @ WEIGHTS_A).sum,
        ),
        Mistake(
            "You turned the filter round. Here it lies on the window just as it is printed.",
            lambda: filters.apply(IMAGE_A, _FLIPPED_A)[0, 2],
        ),
        Mistake(
            "This is the bottom left number. The first index counts rows, the second columns.",
            lambda: filters.apply(IMAGE_A, WEIGHTS_A)[2, 0],
        ),
    ),
    praise="Multiply each pixel with its weight, add up: that is all a filter ever does.",
)


def _one_column_short(image: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    return feature_map(image[:, :-1], weights)


def _as_many_columns_as_rows(image: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    rows = image.shape[0] - weights.shape[0] + 1
    return feature_map(image, weights)[:, :rows]


def _over_the_edge(image: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    output = np.zeros(image.shape)
    for column in range(image.shape[1]):
        window = image[: weights.shape[0], column : column + weights.shape[1]]
        output[0, column] = (window * weights).sum()
    return output


def _without_the_sum(image: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    output = np.zeros((1, 1))
    output[0, 0] = image[: weights.shape[0], : weights.shape[1]] * weights
    return output


def _matrix_product(image: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    windows = np.lib.stride_tricks.sliding_window_view(image, weights.shape)
    product: NDArray[Any] = (windows @ weights).sum(axis=(2, 3))
    return product


def _stops_with(words: str) -> Any:
    def sign(answer: Any) -> bool:
        try:
            answer(IMAGE_A, WEIGHTS_A)
        except (TypeError, ValueError) as error:
            return words in str(error)
        return False

    return sign


loops = Exercise(
    chapter=_CHAPTER,
    name="loops",
    prompt="Write the loop that slides a filter over an image.",
    answer=lambda: filters.apply,
    compare=same_results(
        [
            (np.array([[1, 2, 3]]), np.array([[1, 10]])),
            (np.arange(9).reshape(3, 3), np.array([[1, 2], [3, 5]])),
            (IMAGE_A, WEIGHTS_A),
            (IMAGE_A[:3], WEIGHTS_A),
        ]
    ),
    solution_code='''\
def feature_map(image, weights):
    """Slide the weights over the image."""
    height, width = weights.shape
    rows = image.shape[0] - height + 1
    columns = image.shape[1] - width + 1
    output = np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            window = image[row : row + height, column : column + width]
            output[row, column] = (window * weights).sum()
    return output''',
    hints=(
        "The line above says how many rows there are. Columns work the same way.",
        "image.shape[1] is the width of the image, and width that of the filter.",
        "The last blank is the line you wrote for one number.",
        "columns = image.shape[1] - width + 1, and (window * weights).sum()",
    ),
    mistakes=(
        Mistake(
            "One column is missing. The filter moves (image width - filter width) times, and it "
            "has an answer before the first move too: add 1.",
            lambda: _one_column_short,
        ),
        Mistake(
            "There are as many columns as rows. That holds for square images only: use "
            "image.shape[1] and width.",
            lambda: _as_many_columns_as_rows,
        ),
        Mistake(
            "The window runs over the right edge of the image. There are fewer places for the "
            "filter than columns: how many?",
            lambda: _over_the_edge,
            _stops_with("could not be broadcast"),
        ),
        Mistake(
            "A whole grid of products does not fit into one pixel of the map. Add them up.",
            lambda: _without_the_sum,
            _stops_with("setting an array element"),
        ),
        Mistake(
            "This is what @ gives, the product of matrices. Each pixel meets only its own weight: "
            "use *.",
            lambda: _matrix_product,
            lambda answer: (
                difference(answer(IMAGE_A, WEIGHTS_A), _matrix_product(IMAGE_A, WEIGHTS_A)) is None
            ),
        ),
        Mistake(
            "Your filter is turned round. Here it lies on the window just as it is printed.",
            lambda: lambda image, weights: feature_map(image, np.flip(weights)),
        ),
    ),
    praise="Two loops find the window, one line does the work. The same nine weights serve every "
    "place of the image.",
)


def _explains_the_slide(row: int, column: int) -> NDArray[np.float32]:
    """Give the map of image B with one pixel changed from 0 to 1 or back."""
    changed = np.array(IMAGE_B)
    changed[row, column] = 1 - changed[row, column]
    return filters.apply(changed, _LAPLACIAN)


def _culprit() -> tuple[int, int]:
    rows, columns = IMAGE_B.shape
    return next(
        (row, column)
        for row in range(rows)
        for column in range(columns)
        if np.array_equal(_explains_the_slide(row, column), SLIDE_MAP_B)
    )


def _leaves_the_corner(answer: Any) -> bool:
    return bool(_explains_the_slide(*answer)[0, 0] == filters.apply(IMAGE_B, _LAPLACIAN)[0, 0])


def _lowers_the_corner(answer: Any) -> bool:
    return bool(_explains_the_slide(*answer)[0, 0] < filters.apply(IMAGE_B, _LAPLACIAN)[0, 0])


puzzle = Exercise(
    chapter=_CHAPTER,
    name="puzzle",
    prompt="Which single pixel of image B, changed, gives exactly the map on the slide?",
    answer=_culprit,
    solution_code="row, column = 1, 0",
    hints=(
        "Only the corner of the map differs, by 1. Which pixels does the corner look at?",
        "A pixel under a weight of 1 that turns from 0 to 1 raises the corner by 1.",
        "The four pixels under a 1 are at (0, 1), (1, 0), (1, 2) and (2, 1). Which of them is 0?",
    ),
    mistakes=(
        Mistake(
            "You seem to count from one. Here the first row and the first column are number 0.",
            lambda: tuple(place + 1 for place in _culprit()),
        ),
        Mistake(
            "That pixel would make the corner smaller. The slide has it larger, by 1: a pixel "
            "under a positive weight has to turn from 0 to 1.",
            lambda: (0, 1),
            _lowers_the_corner,
        ),
        Mistake(
            "The corner of the map does not change with that pixel: it lies outside the corner's "
            "3x3 window, or under a weight of 0.",
            lambda: (0, 0),
            _leaves_the_corner,
        ),
    ),
    praise="That zero must have been read as a one when the slide was made. It lies at the left "
    "rim, so only the corner of the map sees it under a weight that counts.",
)


def _steps() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw a step from dark to bright, left to right, and the same from top to bottom."""
    across = np.zeros((15, 15), dtype=np.float32)
    across[:, 7:] = 1
    return across, across.T


def _answers(weights: ArrayLike) -> tuple[float, float, float]:
    """Give the strongest answers to an even area, an upright step and a level one."""
    across, down = _steps()
    maps = [filters.apply(picture, weights) for picture in (np.ones((7, 7)), across, down)]
    even, upright, level = (float(found.flat[np.abs(found).argmax()]) for found in maps)
    return even, upright, level


def _is_an_upright_edge_finder(answer: Any, _: Any) -> str | None:
    weights = np.asarray(answer, dtype=np.float32)
    if weights.ndim != 2 or max(weights.shape) > 7:
        return f"a grid of weights, up to 7x7, is wanted, and this has shape {weights.shape}"
    even, upright, level = _answers(weights)
    small = 1e-4 * float(np.abs(weights).sum())
    if abs(even) <= small and abs(level) <= small < upright:
        return None
    return (
        f"to an even area it answers {even:.3g}, to a step from dark (left) to bright (right) "
        f"{upright:.3g}, to a step from top to bottom {level:.3g}; wanted are 0, more than 0, 0"
    )


upright_edges = Exercise(
    chapter=_CHAPTER,
    name="upright_edges",
    prompt="Design a filter that is positive where a picture gets brighter from left to right, and "
    "says 0 to even areas and to steps from top to bottom.",
    answer=lambda: filters.CATALOGUE["prewitt_x"].weights,
    compare=_is_an_upright_edge_finder,
    solution_code="""\
weights = [
    [-1, 0, 1],
    [-1, 0, 1],
    [-1, 0, 1],
]""",
    hints=(
        "Compare: what is on the right, less what is on the left.",
        "Pixels on the right get positive weights, those on the left the same but negative.",
        "One row, -1 0 1, does it already. Three equal rows are calmer: they average out noise.",
    ),
    mistakes=(
        Mistake(
            "All weights are 0, so the answer is 0 everywhere, edges included.",
            lambda: np.zeros((3, 3)),
            lambda answer: not np.any(answer),
        ),
        Mistake(
            "Your weights do not add up to zero, so an even area gets an answer too. Balance what "
            "is positive with what is negative.",
            lambda: [[0, 0, 1], [0, 0, 1], [0, 0, 1]],
            lambda answer: abs(np.sum(answer)) > 1e-4 * np.abs(answer).sum(),
        ),
        Mistake(
            "Your filter finds edges, but from top to bottom. Turn it by a quarter.",
            lambda: filters.CATALOGUE["prewitt_y"].weights,
            lambda answer: abs(_answers(answer)[1]) < 1e-4 * np.abs(answer).sum(),
        ),
        Mistake(
            "Your filter answers to steps in both directions. Make all rows alike: then nothing "
            "changes from top to bottom.",
            lambda: _LAPLACIAN.weights,
            lambda answer: abs(_answers(answer)[2]) > 1e-4 * np.abs(answer).sum(),
        ),
        Mistake(
            "The sign is the other way round: yours is positive where it gets darker. Swap left "
            "and right.",
            lambda: -filters.CATALOGUE["sobel_x"].weights,
            lambda answer: _answers(answer)[1] < 0,
        ),
    ),
    praise="Right less left: where nothing changes it says nothing. Prewitt and Sobel found "
    "the same some fifty years ago.",
)


def _coin() -> NDArray[np.float32]:
    return images.sample("coins")[COIN]


finder = Exercise(
    chapter=_CHAPTER,
    name="finder",
    prompt="Make a filter from the piece, such that an even area gets 0, however bright.",
    answer=lambda: _coin() - _coin().mean(),
    solution_code="weights = piece - piece.mean()",
    hints=(
        "The weights have to add up to zero. What can you take off every pixel to get there?",
        "If every number is lowered by the mean of all, the new mean is zero, and so is the sum.",
        "piece.mean() is the mean.",
    ),
    mistakes=(
        Mistake(
            "This is the piece as it is. All its weights are positive, so a bright place gets a "
            "strong answer whatever it shows. Take something off.",
            _coin,
        ),
        Mistake(
            "You took the darkest pixel off. All weights are still 0 or more: take the mean off.",
            lambda: _coin() - _coin().min(),
        ),
        Mistake(
            "Dividing makes the weights larger or smaller together, and they stay positive. "
            "Subtract instead.",
            lambda: _coin() / _coin().mean(),
        ),
        Mistake(
            "You turned the piece round. A filter lies on the picture as it is: the coin would "
            "have to be upside down to be found.",
            lambda: np.flip(_coin() - _coin().mean()),
        ),
    ),
    praise="Weights that add up to zero do not care how bright a place is, only what it looks "
    "like.",
)

# ---- The quiz ------------------------------------------------------------------------------------


def _only_symmetric_filter() -> str:
    names = ["sobel_x", "box_blur_3", "emboss"]
    return next(
        name
        for name in names
        if np.array_equal(filters.CATALOGUE[name].weights, np.flip(filters.CATALOGUE[name].weights))
    )


def _where_the_finder_answers() -> str:
    """Try it: a filter cut from a small picture, over a dark, a bright and an equal place."""
    piece = np.array([[0.2, 0.9, 0.2], [0.2, 0.9, 0.2], [0.2, 0.9, 0.2]])
    places = {"dark": np.zeros((3, 3)), "bright": np.ones((3, 3)), "alike": piece}
    found = {
        name: float(filters.apply(place, piece - piece.mean())[0, 0])
        for name, place in places.items()
    }
    return max(found, key=lambda name: found[name])


quiz = (
    Question(
        chapter=_CHAPTER,
        name="quiz_bright_blur",
        prompt="In the 3x3 blur, somebody writes 1 instead of 1/9 in all nine places. What becomes "
        "of an even area of 0.1?",
        choices=(
            Choice("It stays 0.1", 0.1, "It would with 1/9: then the weights add up to 1."),
            Choice(
                "It becomes 0.9",
                0.9,
                "Nine pixels of 0.1 are added up and nothing divides by nine: the weights add up "
                "to 9, so everything is nine times as bright.",
            ),
            Choice(
                "It becomes 0",
                0.0,
                "That takes weights that add up to zero, with some of them negative.",
            ),
        ),
        answer=lambda: round(float(filters.apply(np.full((3, 3), 0.1), np.ones((3, 3)))[0, 0]), 6),
    ),
    Question(
        chapter=_CHAPTER,
        name="quiz_negative",
        prompt="Sobel's filter for upright edges, sobel_x, says -2 somewhere. What is there?",
        choices=(
            Choice(
                "A mistake: a picture has no negative numbers",
                "mistake",
                "The picture has none. A feature map is not a picture but a page of answers, and "
                "weights can be negative.",
            ),
            Choice(
                "An edge, dark on the left and bright on the right",
                "brighter",
                "There the right side, which counts plus, is brighter, and the answer is positive.",
            ),
            Choice(
                "An edge, bright on the left and dark on the right",
                "darker",
                "The right side counts plus, the left side minus. If the left is brighter, minus "
                "wins: the sign tells which way the edge goes.",
            ),
        ),
        answer=lambda: (
            "darker"
            if filters.apply([[1, 1, 0]] * 3, filters.CATALOGUE["sobel_x"])[0, 0] < 0
            else "brighter"
        ),
    ),
    Question(
        chapter=_CHAPTER,
        name="quiz_flip",
        prompt="For which of these filters do correlation and convolution give the same map?",
        choices=(
            Choice(
                "sobel_x",
                "sobel_x",
                "Turned round, its left and right side swap, and with them plus and minus.",
            ),
            Choice(
                "box_blur_3",
                "box_blur_3",
                "Turned by half a turn it looks the same, so it does not matter whether it was.",
            ),
            Choice(
                "emboss",
                "emboss",
                "Turned round, its light comes from the bottom right instead of the top left.",
            ),
        ),
        answer=_only_symmetric_filter,
    ),
    Question(
        chapter=_CHAPTER,
        name="quiz_size",
        prompt="A 5x5 filter slides over a 28x28 image, and never hangs over the edge. How large "
        "is the map?",
        choices=(
            Choice("28x28", 28, "Only if zeros are added around the image: that is chapter 02."),
            Choice(
                "26x26",
                26,
                "That is right for a 3x3 filter, which loses one pixel on each side. This one "
                "loses two.",
            ),
            Choice("24x24", 24, "28 - 5 + 1: as many places as the left side of the filter has."),
            Choice("23x23", 23, "28 - 5 is how often it can move on. Its first place counts too."),
        ),
        answer=lambda: shapes.output_size(28, 5),
    ),
    Question(
        chapter=_CHAPTER,
        name="quiz_detector",
        prompt="A filter was cut out of a photograph and its mean taken off. Where does it give "
        "its strongest answers?",
        choices=(
            Choice(
                "Where the picture is bright and dark in the same places as the filter",
                "alike",
                "There bright pixels meet positive weights and dark ones negative weights: nearly "
                "everything adds to the sum. This is why a filter is called a feature detector.",
            ),
            Choice(
                "Where the picture is brightest",
                "bright",
                "That is what happens if the mean is not taken off. Weights that add up to zero "
                "give 0 to every even area, the brightest too.",
            ),
            Choice(
                "Where the picture is darkest",
                "dark",
                "Pixels near 0 add next to nothing to the sum, whatever the weights are.",
            ),
        ),
        answer=_where_the_finder_answers,
    ),
)
