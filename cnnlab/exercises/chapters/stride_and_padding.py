"""Chapter 02, stride and padding: its tasks; predictions and quiz are in a module beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import filters, shapes
from cnnlab import functional as F
from cnnlab.exercises.cases import lopsided
from cnnlab.exercises.chapters import filters as chapter_01
from cnnlab.exercises.chapters.stride_and_padding_questions import (
    ROW,
    StrideAndPaddingQuestions,
    sums_along,
)
from cnnlab.exercises.lesson import Lesson
from cnnlab.exercises.task import Task

_BODY = """image = np.pad(image, padding)
height, width = weights.shape
down = dilation * (height - 1) + 1
across = dilation * (width - 1) + 1
rows = (image.shape[0] - down) // stride + 1
columns = (image.shape[1] - across) // stride + 1
output = np.zeros((rows, columns))
for row in range(rows):
    for column in range(columns):
        top, left = row * stride, column * stride
        window = image[top : top + down : dilation, left : left + across : dilation]
        output[row, column] = (window * weights).sum()
return output"""


def _slip(*changes: tuple[str, str]) -> str:
    """Write the body with something changed in it."""
    body = _BODY
    for right, wrong in changes:
        body = body.replace(right, wrong)
    return body


def _map_shape(image: ArrayLike, weights: ArrayLike, stride: int, padding: int) -> list[int]:
    sizes = zip(np.shape(image), np.shape(weights), strict=True)
    return [shapes.output_size(size, window, stride, padding) for size, window in sizes]


def _feature_map(
    image: ArrayLike, weights: ArrayLike, stride: int, padding: int, dilation: int
) -> NDArray[np.float32]:
    volume, bank = np.asarray(image)[None, ..., None], np.asarray(weights)[..., None, None]
    how = {"stride": stride, "padding": padding, "dilation": dilation}
    return F.conv2d(volume, bank, **how)[0, ..., 0]  # type: ignore[arg-type]  # all are whole


class StrideAndPadding(StrideAndPaddingQuestions, Lesson, chapter="02_stride_and_padding"):
    """What chapter 02 asks to be done."""

    IMAGE_B = chapter_01.Filters.IMAGE_B
    ROW = ROW

    # -- tasks: one blank, two, three, a whole function ---------------------------------------

    # 02.8
    long_steps = Task(
        "Say where each window of the row starts.",
        cell="starts = [<<place * 2>> for place in range(3)]",
        answer=lambda: [place * 2 for place in range(len(sums_along(ROW, 2)))],
        wrong={
            "place": "These windows start at 0, 1 and 2: a stride of 1. The right number of "
            "numbers is no proof. Place number 1 starts at pixel 2.",
            "place + 2": "Your windows start at 2, 3 and 4. Place number 0 starts at pixel 0, and "
            "each further place two pixels on.",
            "place * 3": "Your windows stand side by side, a stride of 3, and for the last one "
            "only one pixel is left. The stride is 2.",
            "place * 2 + 1": "You seem to count pixels from one. The first window starts at "
            "pixel 0.",
        },
        hints=(
            "Write down where the three windows start: 0, then two pixels on, then two more.",
            "Place 0 starts at 0, place 1 at 2, place 2 at 4. What do you do with the place?",
            "place * 2",
        ),
        praise="A place of the map times the stride is where its window starts in the picture.",
    )

    # 02.3
    keep_size = Task(
        "How many zeros per side keep an 8x8 picture at 8x8 under a 5x5 filter?",
        cell="padding = <<(5 - 1) // 2>>",
        answer=lambda: shapes.same_padding(8, 5)[0],
        wrong={
            "4": "That gives a map of 12x12. All in all 4 columns are needed, and padding counts "
            "those of one side.",
            "1": "That gives 6x6. One ring is right for a 3x3 filter; a 5x5 filter loses two "
            "pixels on each side.",
            "5": "That gives 14x14. The filter loses 4 columns all in all, not 5: its own place "
            "counts too.",
            "0": "That gives 4x4: without zeros the filter loses 4 columns.",
            "3": "That gives 10x10: half the filter, but rounded up.",
        },
        hints=(
            "Without zeros 8 - 5 + 1 = 4 places are left. How many columns are missing?",
            "Four columns are missing. Padding is counted per side.",
            "2",
        ),
        praise="Two on each side, four in all. When a book or a program says padding, ask first: "
        "per side, or in all?",
    )

    # 02.3, 02.4
    padded = Task(
        "Write the function that lays zeros around a picture.",
        cell='''
            def padded(image, padding):
                """Lay so many zeros on each side of an image."""
                height, width = image.shape
                rows = <<height + 2 * padding>>
                columns = <<width + 2 * padding>>
                output = np.zeros((rows, columns))
                output[padding : padding + height, padding : padding + width] = image
                return output
            ''',
        answer=lambda: np.pad,
        calls=[
            (np.array([[1, 2, 3]]), 1),
            (lopsided(2, 3), 2),
            (lopsided(3, 1), 0),
            (lopsided(4, 2), 3),
        ],
        wrong={
            ("height + padding", "width + padding"): "There is room for the zeros of one side "
            "only. Padding is per side: it comes twice.",
            ("height", "width"): "Padding 1 is not zero-padding of 0: the picture needs more room "
            "than its own size.",
            ("height + 2", "width + 2"): "That is one ring, whatever the padding is.",
            (None, "rows"): "There are as many columns as rows. That holds for square pictures "
            "only: use width.",
        },
        hints=(
            "One ring of zeros makes a picture two rows taller: one above, one below.",
            "The number of rows is the height and twice the padding.",
            "rows = height + 2 * padding, and columns the same with width",
        ),
        praise="The picture lies in the middle of its zeros. From here on they are pixels like all "
        "others.",
    )

    # 02.1, 02.2, 02.3
    map_shape = Task(
        "Write the formula for the size of a map.",
        cell='''
            def map_shape(image, weights, stride, padding):
                """Count the rows and columns of a feature map."""
                sizes = []
                for size, window in zip(image.shape, weights.shape):
                    room = <<size + 2 * padding - window>>
                    sizes.append(<<room // stride + 1>>)
                return sizes
            ''',
        answer=lambda: _map_shape,
        calls=[
            (np.ones((1, 8)), np.ones((1, 3)), 1, 0),
            (np.ones((7, 9)), np.ones((3, 2)), 2, 0),
            (lopsided(8, 7), lopsided(3, 3), 2, 0),
            (lopsided(7, 12), lopsided(3, 5), 2, 1),
            (lopsided(5, 9), lopsided(4, 1), 3, 2),
        ],
        wrong={
            ("size + padding - window", None): "You counted the zeros of one side. Padding is per "
            "side: it comes twice.",
            ("size - window", None): "The zeros give room too: add them, on both sides.",
            (None, "room // stride"): "So often the window jumps. The place where it starts counts "
            "too: add 1.",
            (None, "room / stride + 1"): "A map has no half columns. What is left over is dropped: "
            "divide with //.",
            (None, "-(-room // stride) + 1"): "You rounded up. The last window would lead over the "
            "edge: round down.",
            (None, "(room + 1) // stride"): "The bracket stands in the wrong place: first divide "
            "the room by the stride, then add 1.",
            (None, "room // (stride + 1) + 1"): "Divide by the stride itself. The + 1 is added at "
            "the end: it is the first place.",
            (None, "size // stride"): "The size alone does not say it: the window takes room, and "
            "the zeros give some.",
        },
        hints=(
            "Room is how far the window can move: the size, the zeros of both sides, minus the "
            "window itself.",
            "Count the jumps: the room divided by the stride, rounded down. Then add the first "
            "place.",
            "room = size + 2 * padding - window, and room // stride + 1",
        ),
        praise="floor((n + 2p - f) / s) + 1: jumps, rounded down, and the first place.",
    )

    # 02.2, 02.8
    strided = Task(
        "Write the stride into the loop.",
        cell='''
            def strided(image, weights, stride):
                """Slide the weights over the image, in steps of `stride` pixels."""
                height, width = weights.shape
                rows = (image.shape[0] - height) // stride + 1
                columns = <<(image.shape[1] - width) // stride + 1>>
                output = np.zeros((rows, columns))
                for row in range(rows):
                    for column in range(columns):
                        top, left = <<row * stride>>, <<column * stride>>
                        window = image[top : top + height, left : left + width]
                        output[row, column] = (window * weights).sum()
                return output
            ''',
        answer=lambda: filters.apply,
        calls=[
            (np.arange(1, 8)[None, :], np.array([[1, 10, 100]]), 2),
            (np.arange(12).reshape(3, 4), np.array([[1, 2], [3, 5]]), 1),
            (lopsided(6, 9), lopsided(3, 2), 2),
            (lopsided(8, 5), lopsided(2, 3), 3),
            (lopsided(7, 7) - 0.4, lopsided(1, 4), 3),
        ],
        wrong={
            (None, "row", "column"): "The shape is right and the numbers are not: your windows "
            "move by one pixel. A window starts at its place times the stride.",
            (None, None, "column"): "Down you take steps of the stride, across you do not.",
            (None, "row + stride", "column + stride"): "Your first window starts at the stride "
            "instead of 0, and the others one pixel further each. Multiply.",
            (None, "row * height", "column * width"): "Your windows stand side by side. The stride "
            "says how far they move, not the size of the filter.",
            ("(image.shape[1] - width + 1) // stride", None, None): "The bracket stands in the "
            "wrong place: first divide the room by the stride, then add 1.",
            ("image.shape[1] // stride", None, None): "That counts places from which the window "
            "would hang over the right edge, or has none left.",
            ("rows", None, None): "There are as many columns as rows. That holds for square "
            "pictures and filters only.",
        },
        hints=(
            "Columns are counted like rows, with image.shape[1] and width.",
            "In the row of seven numbers, place number 1 started at pixel 2.",
            "top, left = row * stride, column * stride",
        ),
        praise="The map is smaller, and its places are still those of the picture: multiply by the "
        "stride to get back.",
    )

    # 02.5, 02.6, 02.7
    same_zeros = Task(
        'Count the zeros that "same" lays around a row.',
        cell='''
            def same_zeros(row, weights, stride):
                """Count the zeros before and behind a row, as TensorFlow does for "same"."""
                size, window = len(row), len(weights)
                places = <<-(-size // stride)>>
                missing = <<(places - 1) * stride + window - size>>
                total = max(0, missing)
                before = <<total // 2>>
                return before, total - before
            ''',
        answer=lambda: (
            lambda row, weights, stride: shapes.same_padding(len(row), len(weights), stride)
        ),
        calls=[
            (np.arange(1, 7), np.ones(3), 2),
            (lopsided(8), lopsided(4), 1),
            (lopsided(7), lopsided(3), 2),
            (lopsided(7), lopsided(6), 3),
            (lopsided(8), lopsided(2), 4),
            (lopsided(5), lopsided(5), 2),
        ],
        wrong={
            ("size", None, None): "That is right for stride 1. With a longer stride there is one "
            "place for every stride.",
            ("size // stride", None, None): "You rounded down. The pixels that are left over get a "
            "window too: round up.",
            (None, "window - 1", None): "That is what is missing with stride 1. The last window "
            "starts at (places - 1) * stride; where does it end?",
            (None, "places * stride + window - size", None): "The last place is number places - 1: "
            "it starts at (places - 1) * stride.",
            (None, None, "window // 2"): "Half the window on both sides is symmetric padding, and "
            "right for odd windows and stride 1 only. Here half of the total comes first.",
            (None, None, "(total + 1) // 2"): "Where the total is odd, TensorFlow lays the extra "
            "zero behind the row.",
        },
        hints=(
            "One place for every stride, the last one too if it is shorter: size / stride, "
            "rounded up. In Python -(-7 // 2) is 4.",
            "The last window starts at (places - 1) * stride and takes up the window. What reaches "
            "over the size is missing.",
            "before = total // 2: where the total is odd, the extra zero comes behind.",
        ),
        praise="An even window, or a stride, makes the zeros lopsided. PyTorch pads the same on "
        "both sides, so the same layer looks at other pixels.",
    )

    # 02.3, 02.8, 02.9
    whole = Task(
        "Write the whole function, from what it promises.",
        cell=f'''
            def feature_map(image, weights, stride, padding, dilation):
                """Slide weights over an image; both have two axes. Gives a feature map.

                First so many zeros as `padding` are laid on each side. Neighbouring weights
                lie `dilation` pixels apart, neighbouring windows `stride` pixels.
                """
                <<{_BODY.replace(chr(10), chr(10) + " " * 16)}>>
            ''',
        answer=lambda: _feature_map,
        calls=[
            (np.arange(1, 8)[None, :], np.array([[1, 10, 100]]), 2, 0, 1),
            (np.arange(12).reshape(3, 4), np.array([[1, 2], [3, 5]]), 1, 1, 1),
            (lopsided(6, 9), lopsided(3, 2), 1, 0, 2),
            (lopsided(5, 8), lopsided(3, 4), 2, 1, 1),
            (lopsided(7, 6), lopsided(2, 3), 3, 2, 3),
        ],
        wrong={
            _slip(("row * stride", "row"), ("column * stride", "column")): "Your windows move by "
            "one pixel. A window starts at its place times the stride.",
            _slip(("np.pad(image, padding)", "np.pad(image, (padding + 1) // 2)")): "You took the "
            "padding for both sides together. It is per side.",
            _slip(("np.pad(image, padding)", "image")): "The zeros are missing: your map is too "
            "small wherever the padding is not 0.",
            _slip(("* (height - 1) + 1", "* height"), ("* (width - 1) + 1", "* width")): "Your "
            "window spans too much: between three weights there are only two gaps to pull apart.",
            _slip((" : dilation", ""), ("dilation * ", "")): "The dilation changes nothing in your "
            "function. Take every pixel number `dilation` of the window.",
            _slip((") // stride + 1", " + 1) // stride")): "The bracket stands in the wrong place: "
            "first divide the room by the stride, then add 1.",
        },
        hints=(
            "Begin with np.pad(image, padding): from there on, zeros are pixels like all others.",
            "A window of 3 with dilation 2 spans 5 pixels: dilation * (3 - 1) + 1. Use that span "
            "where the loop had height and width.",
            "The window is image[top : top + down : dilation, ...]: a slice with a step. Stride "
            "and sizes are as in your loop.",
        ),
        praise="Stride, padding, dilation: this is what every library computes, element for "
        "element.",
    )
