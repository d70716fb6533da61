"""Chapter 02, stride and padding: its predictions and its quiz.

The tasks are in ``stride_and_padding``. A number such as 02.1 beside a question names the belief
that it starts from, in the course's list of what learners get wrong.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import filters, shapes
from cnnlab import functional as F
from cnnlab.exercises.question import Prediction, Question

ROW = np.arange(1, 8)
ONES = np.ones(3, dtype=np.int64)
DARK, BRIGHT = 0.2, 0.8
_SIZE = 240


def _stripes(height: int, width: int) -> NDArray[np.float32]:
    """Draw stripes one pixel wide, dark and bright in turn."""
    line = np.where(np.arange(width) % 2, BRIGHT, DARK).astype(np.float32)
    return np.tile(line, (height, 1))


def _rings(size: int) -> NDArray[np.float32]:
    """Draw one set of rings around the middle, the finer the further out."""
    across = np.arange(size) - (size - 1) / 2
    return ((1 + np.cos(np.pi * (across**2 + across[:, None] ** 2) / size)) / 2).astype(np.float32)


def _seen_through(stride: int) -> tuple[float, float]:
    """Give the darkest and the brightest number of the map of the stripes, copied in steps."""
    found = filters.apply(_stripes(9, 9), filters.CATALOGUE["identity"], stride)
    return round(float(found.min()), 6), round(float(found.max()), 6)


def sums_along(row: ArrayLike, stride: int, before: int = 0, after: int = 0) -> tuple[int, ...]:
    """Slide three ones along a row with zeros before and after it."""
    padded = np.pad(np.asarray(row), (before, after))
    return tuple(int(one) for one in filters.apply(padded[None, :], ONES[None, :], stride)[0])


def _both_rulers() -> int:
    """Count the places at which TensorFlow's and symmetric "same" agree: x = 1 to 6, stride 2."""
    row = ROW[:6]
    tensorflow = sums_along(row, 2, *shapes.same_padding(6, 3, stride=2))
    return sum(
        one == other for one, other in zip(tensorflow, sums_along(row, 2, 1, 1), strict=True)
    )


def _weights_and_reach(window: int, dilation: int) -> tuple[int, int]:
    """Count the weights of a square filter, and the pixels across that it spans."""
    impulse = np.zeros((1, 31, 31, 1))
    impulse[0, 15, 15] = 1
    answer = F.conv2d(impulse, np.ones((window, window, 1, 1)), padding=15, dilation=dilation)[0]
    columns = np.nonzero(answer.any(axis=(0, 2)))[0]
    return int(np.count_nonzero(answer)), int(np.ptp(columns)) + 1


def _blurred_corner() -> float:
    white = np.full((5, 5), 0.9)
    return round(float(filters.apply(white, filters.CATALOGUE["box_blur_3"], padding=1)[0, 0]), 4)


class StrideAndPaddingQuestions:
    """What chapter 02 shows, and the questions with choices."""

    STRIPES = _stripes(66, 98)
    RINGS = _rings(_SIZE)
    WALL = np.full((24, 32), BRIGHT, dtype=np.float32)
    for _picture in (STRIPES, RINGS, WALL):
        _picture.setflags(write=False)

    # -- predictions, locked before the learner looks -----------------------------------------

    # The chapter's moment. The belief that a step averages what it jumps over is the third choice.
    stripes = Prediction(
        "A picture has stripes one pixel wide: a dark column of 0.2, a bright one of 0.8, and so "
        "on. A filter that copies its middle pixel moves over it, two pixels at a time. What does "
        "the map show?",
        answer=lambda: _seen_through(2),
        choices={
            (DARK, BRIGHT): (
                "The same stripes, half as many",
                "That would take a dark and a bright column in turn. But two pixels on from a "
                "bright column comes the next bright one.",
            ),
            (BRIGHT, BRIGHT): (
                "No stripes at all: everything is 0.8",
                "Every step jumps over one dark column and lands on the next bright one. The "
                "stripes were there, and nobody looked.",
            ),
            (0.5, 0.5): (
                "No stripes at all: everything is 0.5, the mean",
                "A step mixes nothing. What it jumps over is not looked at; only the weights of a "
                "filter can mix, and these copy one pixel.",
            ),
        },
    )

    # 02.8
    long_row = Prediction(
        "A window of three ones slides over the row 1 2 3 4 5 6 7, two pixels at a time. What "
        "comes out?",
        answer=lambda: sums_along(ROW, 2),
        choices={
            (6, 9, 12): (
                "6, 9, 12",
                "There are three numbers, that is right. But these windows start at pixels 0, 1 "
                "and 2: that is a stride of 1. Place number 1 starts at pixel 2.",
            ),
            (6, 12, 18): (
                "6, 12, 18",
                "1 + 2 + 3, then two pixels further 3 + 4 + 5, then 5 + 6 + 7. Place number h "
                "starts at pixel h times 2.",
            ),
            (6, 15): (
                "6, 15",
                "These windows stand side by side: a stride of 3. With a stride of 2 the windows "
                "overlap by one pixel.",
            ),
        },
    )

    # 02.1
    odd_one_out = Prediction(
        "A window of 3 slides over 8 pixels with stride 2. (8 - 3) / 2 is two and a half. How many "
        "places does it have?",
        answer=lambda: shapes.output_size(8, 3, stride=2),
        choices={
            3.5: (
                "3.5: so this stride is not allowed",
                "It is allowed. The window stops where its next step would lead over the edge, and "
                "the pixel that is left over is never looked at.",
            ),
            4: (
                "4: half a step still counts",
                "The fourth window would start at pixel 6 and need pixel 8. The last pixel is "
                "number 7.",
            ),
            3: (
                "3",
                "It starts at pixels 0, 2 and 4 and sees pixels 0 to 6. Pixel 7 is dropped: two "
                "and a half is rounded down, and the first place comes on top.",
            ),
        },
    )

    # 02.4
    one_ring = Prediction(
        "One ring of zeros is laid around a 5x5 picture. A 3x3 filter slides over it with stride "
        "1. How large is the map?",
        answer=lambda: shapes.output_size(5, 3, padding=1),
        choices={
            3: (
                "3x3: zero-padding means padding 0",
                "Zero-padding means padding *with* zeros. Here there is one ring of them, so the "
                "padding is 1, and the filter finds more room.",
            ),
            5: (
                "5x5",
                "With the ring it is 7 wide, and 7 - 3 + 1 is 5: one ring is just what a 3x3 "
                "filter loses.",
            ),
            7: (
                "7x7: the zeros count as picture",
                "With its ring the picture is 7x7, that is right. The filter then loses two again, "
                "as in any picture; the ring is counted once, not twice.",
            ),
        },
    )

    # 02.6
    two_rulers = Prediction(
        'The row 1 2 3 4 5 6, a window of three ones, stride 2, and "same". One program lays a '
        "zero on each side. Another lays none before the row and one behind it. Both get three "
        "numbers. How many of them agree?",
        answer=_both_rulers,
        choices={
            3: (
                "All three: same is the same everywhere",
                "The sizes are the same. But the windows of one program start a pixel earlier than "
                "those of the other, and with stride 2 they never meet.",
            ),
            2: (
                "Two: only the rim differs",
                "With stride 1 it would be so. With stride 2 the windows of one program stand "
                "where the other never looks.",
            ),
            0: (
                "None",
                "One starts at pixel -1, 1, 3, the other at 0, 2, 4. Weights trained in one "
                "program meet other pixels in the other.",
            ),
        },
    )

    # -- the quiz -----------------------------------------------------------------------------

    # 02.2
    quiz_formula = Question(
        "7 pixels, a window of 3, one zero on each side, stride 2. How many places?",
        answer=lambda: shapes.output_size(7, 3, stride=2, padding=1),
        choices={
            2: (
                "2: six divided by three",
                "The room is 7 + 2 - 3 = 6, that is right. It is divided by the stride, 2, and "
                "then 1 is added: the bracket stands elsewhere.",
            ),
            3.5: (
                "3.5: seven divided by two",
                "The pixels alone do not say it. The window takes room, and the zeros give some.",
            ),
            3: (
                "3: six divided by two",
                "So often the window jumps. The place where it starts counts too.",
            ),
            4: ("4", "7 + 2 - 3 = 6, three jumps of 2, and the first place."),
        },
    )

    # 02.5
    quiz_even = Question(
        "8 pixels, a window of 4, stride 1. Which zeros keep the size?",
        answer=lambda: shapes.same_padding(8, 4),
        choices={
            (2, 2): (
                "2 before and 2 behind: half the window",
                "That gives 8 + 4 - 4 + 1 = 9. Half the window on both sides is right for an odd "
                "window only, rounded down.",
            ),
            (1, 2): (
                "1 before and 2 behind",
                "The window loses 3, an odd number, so the zeros must be lopsided. A window of 4 "
                "has no pixel in its middle.",
            ),
            (1, 1): (
                "1 before and 1 behind",
                "That gives 8 + 2 - 4 + 1 = 7: one too few. A window of 4 loses 3.",
            ),
        },
    )

    # 02.7
    quiz_same = Question(
        '7 pixels, a window of 3, stride 2, padding "same". How many places?',
        answer=lambda: shapes.output_size(7, 3, stride=2, padding="same"),
        choices={
            7: (
                "7: same keeps the size",
                "Only with stride 1. Otherwise it means: one place for every stride, and the last "
                "may be a shorter one.",
            ),
            4: ("4", "7 / 2, rounded up. No pixel is dropped."),
            3: (
                "3: 7 / 2 rounded down",
                'That is what comes out without zeros. "same" adds as many as are needed for '
                "the last window.",
            ),
        },
    )

    # 02.9
    quiz_dilated = Question(
        "32 pixels, a window of 3, one zero on each side, dilation 2. How many places?",
        answer=lambda: shapes.output_size(32, 3, padding=1, dilation=2),
        choices={
            32: (
                "32: dilation changes no size",
                "One zero on each side makes up for a window that spans 3 pixels. Pulled apart, "
                "it spans 5.",
            ),
            30: ("30", "The window spans 2 * (3 - 1) + 1 = 5, and 32 + 2 - 5 + 1 is 30."),
            29: (
                "29: it spans 3 * 2 = 6",
                "Between three weights there are two gaps, and only they are pulled apart: the "
                "window spans 2 * 2 + 1 = 5.",
            ),
        },
    )

    # 02.9
    quiz_weights = Question(
        "A 3x3 filter gets dilation 4. How many weights does it have, and how many pixels across "
        "does it span?",
        answer=lambda: _weights_and_reach(3, 4),
        choices={
            (81, 9): (
                "81 weights, 9 pixels",
                "It spans 9 pixels, that is right. But no weight was added: between its nine it "
                "looks at nothing.",
            ),
            (9, 3): (
                "9 weights, 3 pixels",
                "The weights stay nine. But they lie 4 pixels apart now, so they reach further.",
            ),
            (9, 9): (
                "9 weights, 9 pixels",
                "4 * (3 - 1) + 1. The same nine multiplications, and a wider view.",
            ),
            (9, 12): (
                "9 weights, 12 pixels",
                "From the first of three weights to the last there are two gaps of 4, not three.",
            ),
        },
    )

    # 02.4, and the dark rim of the lecture notes
    quiz_corner = Question(
        "A picture is 0.9 everywhere. It is blurred by nine times 1/9, with one ring of zeros "
        "around it. What does the map say in its corner?",
        answer=_blurred_corner,
        choices={
            0.9: (
                "0.9: a uniform area stays as it is",
                "Inside, yes. In the corner the filter also sees zeros that are not in the "
                "picture.",
            ),
            0.4: ("0.4", "Four of the nine pixels are picture and five are zeros: 4 * 0.9 / 9."),
            0.6: (
                "0.6",
                "That is the rim between the corners: three of the nine are zeros there. In the "
                "corner there are five.",
            ),
            0.0: (
                "0: nothing is there",
                "The middle of the filter lies on the corner pixel itself. Four of its nine "
                "weights meet the picture.",
            ),
        },
    )
