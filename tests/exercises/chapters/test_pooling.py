"""Chapter 04: its numbers by hand and by NumPy, and what it claims of pictures and of networks."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from cnnlab import Network, Sequential, datasets, filters, images, optimizers, training
from cnnlab.exercises import pooling as lesson
from cnnlab.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU

WAYS = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]


def windows(image, window, stride):
    return sliding_window_view(image, (window, window))[::stride, ::stride]


# -- Numbers known from elsewhere -----------------------------------------------------------------


def test_the_slides_pooled_map_comes_from_its_wrong_corner():
    map_b = filters.apply(lesson.IMAGE_B, filters.CATALOGUE["laplacian"])
    assert windows(map_b, 2, 1).max((2, 3)).tolist() == [[3, 3], [3, 3]]
    map_b[0, 0] = 4
    assert windows(map_b, 2, 1).max((2, 3)).tolist() == lesson.SLIDE_POOLED.tolist()


@pytest.mark.parametrize(
    ("question", "claim"),
    [
        ("lone_dot", 3),
        ("cat_shifts", 0),
        ("window_of_three", 2),
        ("beside_a_pad", -1),
        ("who_gets", (0, 4, 0, 0)),
        ("quiz_parameters", 0),
        ("quiz_rounding", (2, 3)),
        ("quiz_average_back", 0.5),
        ("quiz_shared_winner", (0, 7, 0)),
        ("quiz_global", (2.5, 25)),
        ("quiz_invariant", (3, 0)),
    ],
)
def test_a_question_is_answered_as_the_misconceptions_were_recomputed(question, claim):
    asked = getattr(lesson, question)
    assert asked.choices[asked.right].value == claim


def test_the_worked_map_has_a_winner_below_zero_and_two_that_are_equal():
    under = windows(lesson.NUMBERS, 2, 2)
    assert under.max((2, 3)).tolist() == [[6, 8, 4], [-1, 2, 7]]
    assert (under[1, 0] == -1).sum() == 2


def test_the_cats_step_is_measured_as_numpy_measures_it():
    cat = images.to_grey(images.sample("chelsea"))
    before, after = (windows(one, 2, 2).max((2, 3)) for one in (cat, np.roll(cat, -1, axis=1)))
    share, size = (before != after).mean(), np.abs(after - before).mean()
    assert lesson.what_moved.check(share, size).passed
    assert 0.77 < share < 0.79  # most cells
    assert size < np.abs(np.roll(cat, -1, axis=1) - cat).mean()  # by less than a pixel
    assert lesson.what_moved.check(size, share).passed is False


# -- What is accepted, and what is told -----------------------------------------------------------


def by_windows(image, window, stride):
    return windows(image, window, stride).max((2, 3))


def by_scatter(upstream, image, window, stride):
    gradient = np.zeros(image.shape)
    for row, column in np.ndindex(upstream.shape):
        part = image[row * stride :, column * stride :][:window, :window]
        i, j = divmod(int(part.argmax()), window)
        gradient[row * stride + i, column * stride + j] += upstream[row, column]
    return gradient


def test_other_ways_of_writing_it_are_accepted():
    assert lesson.max_pool.check(by_windows).passed
    assert lesson.avg_pool.check(lambda *how: windows(*how).mean((2, 3))).passed
    assert lesson.max_pool_backward.check(by_scatter).passed
    maps = lesson.global_average.given()["maps"]
    assert lesson.global_average.check([maps[..., 0].mean(), maps[..., 1].mean()]).passed


def test_a_slip_without_a_name_is_told_where_it_shows():
    message = lesson.max_pool.check(lambda *how: by_windows(*how) + 1).message
    assert message.startswith("Called with arrays of 2x2, and then 2, 2, at row 0, ")


def test_a_half_that_is_right_does_not_hide_the_other():
    share, _ = lesson.what_moved.answer()
    before, after = (lesson.what_moved.given()[name] for name in ("before", "after"))
    message = lesson.what_moved.check(share, (after - before).mean()).message
    assert "cancel out" in message


# -- What the chapter claims ----------------------------------------------------------------------


def test_a_filter_passes_a_shift_on():
    cat = images.to_grey(images.sample("chelsea"))
    edges = filters.CATALOGUE["sobel_x"]
    moved = filters.apply(np.roll(cat, -1, axis=1), edges)
    assert np.array_equal(moved[:, :-1], filters.apply(cat, edges)[:, 1:])


def test_pooling_helps_a_network_with_shifts_and_does_not_make_it_indifferent():
    digits = datasets.digits()
    shares = []
    for pool in ([], [MaxPool2D(2)], [MaxPool2D(3, stride=2)]):
        layers = [Conv2D(16, 3, padding="same"), ReLU(), *pool, Flatten(), Dense(10)]
        network = Network(Sequential(layers, input_shape=(8, 8, 1)), seed=0)
        descent = optimizers.SGD(0.05, momentum=0.9)
        for _ in training.run(
            network, digits.train, epochs=8, optimizer=descent, batch_size=32, seed=0
        ):
            pass
        right = [
            (network.predict(moved).argmax(1) == digits.test.labels).mean()
            for moved in (np.roll(digits.test.images, way, (1, 2)) for way in [(0, 0), *WAYS])
        ]
        assert right[0] > 0.95
        shares.append(np.mean(right[1:]))
    assert 0.25 < shares[0] < shares[1] - 0.03 < shares[2] - 0.1 < 0.6
