"""Chapter 05 against referees that are not ours, and the wrong numbers that name a belief."""

import numpy as np
import pytest
import scipy.signal
import scipy.special

from cnnlab.exercises import activations as lesson

RNG = np.random.default_rng(5)


def right(question):
    return question.choices[question.right].value


def elu(x):
    return np.where(x > 0, x, scipy.special.expm1(x)), np.where(x > 0, 1, np.exp(np.minimum(x, 0)))


def leaky_relu(x):
    return np.where(x < 0, x / 10, x), np.heaviside(x, 0) * 0.9 + 0.1


def tanh(x):
    return np.tanh(x), 1 / np.cosh(x) ** 2


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("merge", scipy.signal.convolve2d),
        ("absolute", np.abs),
        ("tanh", tanh),
        ("leaky_relu", leaky_relu),
        ("elu", elu),
        ("relu_backward", lambda upstream, x: np.heaviside(x, 0) * upstream),
        ("dead", lambda sums: sums.reshape(-1, sums.shape[-1]).max(axis=0) <= 0),
        (
            "maxout",
            lambda x, weights, biases: np.fmax.reduce(np.einsum("pi,i->p", weights, x) + biases),
        ),
        ("softmax", lambda scores: scipy.special.softmax(scores, axis=1)),
    ],
)
def test_another_way_to_the_same_numbers_is_right(name, function):
    assert getattr(lesson, name).check(function).passed


def test_merging_by_hand_is_scipys_full_convolution():
    merged = scipy.signal.convolve(lesson.SMOOTH, lesson.CHANGE)
    assert lesson.merged.check(merged).passed
    assert right(lesson.two_filters) == tuple(merged)
    assert lesson.merged.check([1.0, 2.0, 0.0, -2.0, -1.0]).passed


def test_the_hat_passes_its_three_points_and_is_level_outside():
    weights = lesson.hat.value(lesson.hat.solution_code)
    x = np.array([-2, 0, 0.5, 1, 2, 3, 10])
    bends = np.maximum(0, x[:, None] - np.array(lesson.BENDS))
    np.testing.assert_allclose(bends @ weights, [0, 0, 1, 2, 1, 0, 0])


def test_two_of_the_six_squash_and_their_values_are_scipys():
    assert right(lesson.squash) == 2
    x = RNG.normal(size=20, scale=3)
    sigmoid, tanh, relu, leaky, exponential, maxout = (one(x) for one in lesson.SIX)
    np.testing.assert_allclose(sigmoid, scipy.special.expit(x), rtol=1e-5)
    np.testing.assert_allclose(tanh, np.tanh(x), rtol=1e-5)
    np.testing.assert_allclose(relu, np.maximum(x, 0), rtol=1e-5)
    np.testing.assert_allclose(leaky, np.maximum(x / 10, x), rtol=1e-5)
    np.testing.assert_allclose(exponential, elu(x)[0], rtol=1e-5)
    np.testing.assert_allclose(maxout, np.maximum(x, 1 - x / 2), rtol=1e-5)


def test_what_is_right_is_what_the_misconceptions_say():
    assert right(lesson.bend) == (1, 0)
    assert right(lesson.silent) == "alive"
    assert right(lesson.swap) == "mean"
    assert right(lesson.quiz_three_filters) == 7
    assert right(lesson.quiz_mask) == (0, 0, 3)
    assert right(lesson.quiz_dead) is False
    assert right(lesson.quiz_maxout) == 6
    assert right(lesson.quiz_one_output) == "always"
    assert right(lesson.quiz_several) == (True, False)


def test_losses_and_probabilities_are_scipys():
    scores = np.array([4.0] + [0.0] * 9)
    once, twice = scipy.special.log_softmax(scores), scipy.special.softmax(scores)
    twice = scipy.special.log_softmax(twice)
    assert right(lesson.twice) == round(-twice[0], 3)
    assert round(-once[0], 3) in {choice.value for choice in lesson.twice.choices}
    first, _ = scipy.special.softmax([[2, 0], [0, 0]], axis=1).round(3)
    assert right(lesson.quiz_axis) == tuple(first)
    every = scipy.special.softmax([[2, 0], [0, 0]], axis=0).round(3)[0]
    whole = scipy.special.softmax([[2, 0], [0, 0]]).round(3)[0]
    wrong = {choice.value for choice in lesson.quiz_axis.choices}
    assert {tuple(every), tuple(whole)} < wrong


@pytest.mark.parametrize(
    ("task", "answer", "hint"),
    [
        ("merged", [1, 2, 0, -2], "Expected a row of 5 numbers, got a row of 4 numbers"),
        ("hat", [2, -3, 1.5], "At position 2 you have 1.5"),
        ("softmax", lambda scores: scores, "at row 0, column 0 you have 2"),
        ("elu", lambda x: (x, x), "at row 0, column 0 you have -2.1"),
        ("dead", lambda sums: sums.max(axis=(0, 1, 2)), "got a float"),
    ],
)
def test_a_slip_without_a_name_is_told_where_it_shows(task, answer, hint):
    verdict = getattr(lesson, task).check(answer)
    assert verdict.passed is False
    assert hint in verdict.message
