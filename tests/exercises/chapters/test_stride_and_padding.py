"""Chapter 02: its numbers against SciPy and PyTorch's rule, and what a learner's slip is told."""

import numpy as np
import pytest
from scipy import ndimage, signal

from cnnlab import filters
from cnnlab.exercises import stride_and_padding as lesson

# The answers of the list of beliefs that the chapter starts from, worked out by hand.
RIGHT = {
    "long_row": (6, 12, 18),
    "odd_one_out": 3,
    "one_ring": 5,
    "two_rulers": 0,
    "quiz_formula": 4,
    "quiz_even": (1, 2),
    "quiz_same": 4,
    "quiz_dilated": 30,
    "quiz_weights": (9, 9),
    "quiz_corner": 0.4,
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_computed_is_what_comes_out_by_hand(name):
    question = getattr(lesson, name)
    assert question.choices[question.right].value == RIGHT[name]


def test_stripes_vanish_with_stride_2_and_false_ones_come_with_3():
    line = lesson.STRIPES[1, 1:-1]
    changes = [np.count_nonzero(np.diff(line[::stride])) for stride in (1, 2, 3)]
    assert changes == [95, 0, 31]
    assert lesson.stripes.choices[lesson.stripes.right].value == pytest.approx((0.8, 0.8))


def test_a_blur_takes_the_false_rings_away_and_leaves_the_real_ones():
    smooth = ndimage.uniform_filter(lesson.RINGS, 3)[1::3, 1::3]
    plain = lesson.RINGS[1::3, 1::3]
    middle, corner = np.s_[35:46, 35:46], np.s_[8:19, 8:19]
    assert plain[corner].std() == pytest.approx(plain[middle].std(), rel=0.05)
    assert smooth[corner].std() < plain[corner].std() / 20
    assert smooth[middle].std() > 0.9 * plain[middle].std()


def test_the_example_of_the_lecture_notes_with_stride_2():
    """Seed of the course, note 004: the slide has 4 in the corner, which is wrong."""
    map_b = filters.apply(lesson.IMAGE_B, filters.CATALOGUE["laplacian"], stride=2)
    assert map_b.tolist() == [[3, -1], [-3, 3]]


def test_seven_by_seven_under_three_by_three_in_steps_of_two():
    sizes = lesson.map_shape.value(lesson.map_shape.solution_code)
    assert sizes(np.zeros((7, 7)), np.zeros((3, 3)), 2, 0) == [3, 3]


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 2), (3, 2, 1)])
def test_the_whole_function_is_that_of_scipy(stride, padding, dilation):
    rng = np.random.default_rng(3)
    image, weights = rng.normal(size=(9, 11)), rng.normal(size=(3, 2))
    spread = np.zeros((dilation * 2 + 1, dilation + 1))
    spread[::dilation, ::dilation] = weights
    padded = np.pad(image, padding)
    expected = signal.correlate2d(padded, spread, mode="valid")[::stride, ::stride]
    found = lesson.whole.value(lesson.whole.solution_code)(
        image, weights, stride, padding, dilation
    )
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_other_ways_to_write_it_are_as_right():
    namespace = {"np": np}
    code = """
def feature_map(image, weights, stride, padding, dilation):
    spread = np.kron(weights, np.eye(1, dilation ** 2).reshape(dilation, dilation))
    spread = spread[: 1 - dilation or None, : 1 - dilation or None]
    image = np.pad(image, [(padding, padding)] * 2)
    windows = np.lib.stride_tricks.sliding_window_view(image, spread.shape)
    return np.einsum("ijkl,kl", windows[::stride, ::stride], spread)
"""
    exec(code, namespace)  # noqa: S102 - a learner's answer
    assert lesson.whole.check(namespace["feature_map"]).passed
    assert lesson.long_steps.check([0, 2, 4]).passed
    assert lesson.same_zeros.check(
        lambda row, weights, stride: (
            (total := max(0, (-(-len(row) // stride) - 1) * stride + len(weights) - len(row))) // 2,
            total - total // 2,
        )
    ).passed


@pytest.mark.parametrize(
    ("padding", "hint"),
    [(4, "12x12"), (1, "6x6"), (3, "10x10"), (0, "4x4"), (5, "14x14"), (2.5, "you have 2.5")],
)
def test_each_wrong_padding_is_told_the_size_that_it_gives(padding, hint):
    message = lesson.keep_size.check(padding).message
    assert hint.lower() in message.lower()
    if padding != 2.5:
        size = 8 + 2 * padding - 5 + 1
        assert f"{size}x{size}" in message


def test_a_slip_without_a_name_is_told_the_call_that_shows_it():
    code = lesson.strided.cell.filled(None, None, "column * stride + 1")
    message = lesson.strided.check(lesson.strided.value(code)).message
    assert message.startswith(
        "Called with arrays of 1x7 and 1x3, and then 2, your function stopped"
    )
    code = lesson.map_shape.cell.filled("size + 2 * padding - window + 1", None)
    message = lesson.map_shape.check(lesson.map_shape.value(code)).message
    assert message == "Called with arrays of 1x8 and 1x3, and then 1, 0, at position 0 you have 2."
