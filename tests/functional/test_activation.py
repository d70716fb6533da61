"""Activations through the public rim, against PyTorch, float64 and what they are known to do."""

import warnings

import numpy as np
import pytest

from cnnlab import functional as F
from cnnlab.errors import DataError, ShapeError

CONFIGURATIONS = 500
TOLERANCE = 2e-5

# name: (forward, backward, keywords to draw from, the same function in PyTorch)
ELEMENTWISE = {
    "relu": (F.relu, F.relu_backward, [{}], lambda torch, x: torch.relu(x)),
    "leaky_relu": (
        F.leaky_relu,
        F.leaky_relu_backward,
        [{}, {"slope": 0.0}, {"slope": 0.01}, {"slope": 1.5}],
        lambda torch, x, slope=0.1: torch.nn.functional.leaky_relu(x, slope),
    ),
    "elu": (
        F.elu,
        F.elu_backward,
        [{}, {"alpha": 0.0}, {"alpha": 0.3}, {"alpha": 2.5}],
        lambda torch, x, alpha=1.0: torch.nn.functional.elu(x, alpha),
    ),
    "sigmoid": (F.sigmoid, F.sigmoid_backward, [{}], lambda torch, x: torch.sigmoid(x)),
    "tanh": (F.tanh, F.tanh_backward, [{}], lambda torch, x: torch.tanh(x)),
    "softmax": (F.softmax, F.softmax_backward, [{}], lambda torch, x: torch.softmax(x, -1)),
}
ANY_SHAPE = [name for name in ELEMENTWISE if name != "softmax"]


def random_shape(rng):
    return tuple(int(n) for n in rng.integers(1, 34, size=rng.integers(1, 4)))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activations_and_their_slopes_agree_with_pytorch(name):
    torch = pytest.importorskip("torch", reason="PyTorch is the referee (pip install torch)")
    forward, backward, keywords, theirs = ELEMENTWISE[name]
    rng = np.random.default_rng(2)
    for trial in range(CONFIGURATIONS):
        options = keywords[trial % len(keywords)]
        x = rng.standard_normal(random_shape(rng), dtype=np.float32) * rng.choice([0.1, 1, 20])
        x = x.astype(np.float32)
        grad_output = rng.standard_normal(x.shape, dtype=np.float32)
        leaf = torch.from_numpy(x).requires_grad_()
        expected = theirs(torch, leaf, **options)
        expected.backward(torch.from_numpy(grad_output))
        output = forward(x, **options)
        np.testing.assert_allclose(output, expected.detach().numpy(), TOLERANCE, TOLERANCE)
        gradient = backward(grad_output, output, **options)
        np.testing.assert_allclose(gradient, leaf.grad.numpy(), TOLERANCE, TOLERANCE)


def test_maxout_and_its_gradient_agree_with_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is the referee (pip install torch)")
    rng = np.random.default_rng(5)
    for _ in range(CONFIGURATIONS):
        pieces = int(rng.integers(1, 6))
        units = random_shape(rng)
        x = rng.standard_normal((*units[:-1], units[-1] * pieces), dtype=np.float32)
        grad_output = rng.standard_normal(units, dtype=np.float32)
        leaf = torch.from_numpy(x).requires_grad_()
        expected = leaf.reshape(*units, pieces).max(-1).values
        expected.backward(torch.from_numpy(grad_output))
        np.testing.assert_array_equal(F.maxout(x, pieces), expected.detach().numpy())
        gradient = F.maxout_backward(grad_output, x, pieces)
        np.testing.assert_array_equal(gradient, leaf.grad.numpy())


EXACT = {
    "sigmoid": (F.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    "tanh": (F.tanh, np.tanh),
    "elu": (F.elu, lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))),
}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("reach", [1e-3, 1, 20, 80])
def test_the_polynomials_are_within_three_ten_millionths_of_the_function(name, reach):
    ours, exact = EXACT[name]
    x = np.linspace(-reach, reach, 100_001, dtype=np.float32)
    np.testing.assert_allclose(ours(x), exact(x.astype(np.float64)), rtol=3e-7, atol=1e-37)


@pytest.mark.parametrize(
    ("function", "at_minus_infinity", "at_zero", "at_infinity"),
    [
        (F.relu, 0, 0, np.inf),
        (F.leaky_relu, -np.inf, 0, np.inf),
        (F.elu, -1, 0, np.inf),
        (F.sigmoid, 0, 0.5, 1),
        (F.tanh, -1, 0, 1),
    ],
)
def test_infinity_goes_to_the_limit_and_nan_stays(
    function, at_minus_infinity, at_zero, at_infinity
):
    for copies in (1, 40):  # one number alone, and enough of them to fill vectors
        x = np.repeat(np.array([-np.inf, -3e38, 0, 3e38, np.inf, np.nan], np.float32), copies)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            y = function(x)[::copies]
        assert y[0] == at_minus_infinity
        assert y[2] == at_zero
        assert y[4] == at_infinity
        assert np.isnan(y[5])


def test_who_squashes_and_who_does_not():
    far = np.array([-100, 100], np.float32)
    assert F.relu(far).tolist() == [0, 100]
    assert F.leaky_relu(far).tolist() == [-10, 100]
    assert F.elu(far).tolist() == [-1, 100]
    assert F.maxout(far).tolist() == [100]
    assert F.tanh(far).tolist() == [-1, 1]
    assert F.sigmoid(far).tolist() == pytest.approx([0, 1])


def test_tanh_keeps_the_sign_of_zero():
    assert np.signbit(F.tanh(np.float32([-0.0, 0.0]))).tolist() == [True, False]


def test_a_unit_that_is_exactly_zero_passes_no_gradient_through_relu():
    assert F.relu_backward([1, 1, 1], F.relu([-1, 0, 1])).tolist() == [0, 0, 1]


def test_maxout_takes_the_larger_of_two_neighbours_and_keeps_nan():
    assert F.maxout([[1, 5, -2, -3]]).tolist() == [[5, -2]]
    assert np.isnan(F.maxout([[1, np.nan, np.nan, 2]])).all()


def test_a_tie_in_maxout_sends_the_gradient_to_the_first_piece():
    assert F.maxout_backward([10], [4, 4, 4], pieces=3).tolist() == [10, 0, 0]
    assert F.maxout_backward([10], [-np.inf, -np.inf]).tolist() == [10, 0]
    assert F.maxout_backward([10], [1, np.nan, np.nan], pieces=3).tolist() == [0, 10, 0]


def test_softmax_is_stable_for_large_scores():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert F.softmax([1e38, 1e38]).tolist() == [0.5, 0.5]
        assert F.softmax([-1e38, 0]).tolist() == [0, 1]
        assert F.softmax([-np.inf, 0, 0]).tolist() == [0, 0.5, 0.5]
        assert np.isnan(F.softmax([np.inf, 0])).any()
        assert np.isnan(F.softmax([np.nan, 0, 1])).all()


def test_softmax_sums_to_one_over_the_last_axis():
    scores = np.random.default_rng(6).standard_normal((3, 5, 1000), dtype=np.float32) * 10
    np.testing.assert_allclose(F.softmax(scores).sum(-1), 1, rtol=1e-6)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activations_work_in_place(name):
    forward, backward, _, _ = ELEMENTWISE[name]
    rng = np.random.default_rng(7)
    x = rng.standard_normal((3, 67), dtype=np.float32)
    grad_output = rng.standard_normal(x.shape, dtype=np.float32)
    expected = forward(x)
    expected_gradient = backward(grad_output, expected)
    output = x.copy()
    assert forward(output, out=output) is output
    np.testing.assert_array_equal(output, expected)
    gradient = grad_output.copy()
    assert backward(gradient, output, out=gradient) is gradient
    np.testing.assert_array_equal(gradient, expected_gradient)
    assert backward(grad_output, output, out=output) is output
    np.testing.assert_array_equal(output, expected_gradient)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activations_leave_what_they_are_given_alone(name):
    forward, backward, _, _ = ELEMENTWISE[name]
    x = np.random.default_rng(8).standard_normal((4, 50), dtype=np.float32)
    before = x.copy()
    output = forward(x)
    kept = output.copy()
    backward(before, output)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(output, kept)


@pytest.mark.parametrize("name", ANY_SHAPE)
def test_every_shape_and_view_is_taken(name):
    forward = ELEMENTWISE[name][0]
    x = np.random.default_rng(9).standard_normal((6, 7, 8))
    whole = forward(x)
    np.testing.assert_array_equal(forward(x[::-2, :, 1:5]), whole[::-2, :, 1:5])
    np.testing.assert_array_equal(forward(x.T), whole.T)
    assert forward(1.0).shape == ()
    assert forward([True, False]).dtype == np.float32


# ---- what is refused, and in which words ---------------------------------------------------------


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_empty_arrays_and_complex_numbers_are_refused(name):
    forward, backward, _, _ = ELEMENTWISE[name]
    with pytest.raises(ShapeError, match=r"x must not be empty, got shape \(0,\)"):
        forward([])
    with pytest.raises(DataError, match="x must hold real numbers, got complex"):
        forward(np.array([1j]))
    with pytest.raises(DataError, match="grad_output must hold real numbers, got text"):
        backward(["steep"], [1])


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_gradient_of_another_shape_is_refused(name):
    message = r"grad_output has shape \(2,\), output has \(3,\); pass what the function returned"
    with pytest.raises(ShapeError, match=message):
        ELEMENTWISE[name][1]([1, 2], [1, 2, 3])


@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf, "steep", None])
def test_a_slope_or_alpha_below_zero_is_refused(value):
    for function in (F.leaky_relu, lambda x, s: F.leaky_relu_backward(x, x, s)):
        with pytest.raises(DataError, match=r"slope must be .*0 or more, got .*; try slope=0\.1"):
            function([1.0], value)
    for function in (F.elu, lambda x, a: F.elu_backward(x, x, a)):
        with pytest.raises(DataError, match=r"alpha must be .*0 or more, got .*; try alpha=1\.0"):
            function([1.0], value)


@pytest.mark.parametrize("pieces", [0, -1, 1.5, "two"])
def test_pieces_that_are_no_number_of_channels_are_refused(pieces):
    with pytest.raises(ShapeError, match=r"pieces must be a whole number.*got .*; try pieces=2"):
        F.maxout([1, 2], pieces)


def test_channels_that_do_not_divide_into_groups_are_refused():
    message = r"groups of 2 channels, but 3 channels of shape \(1, 3\) do not divide.*; try"
    with pytest.raises(ShapeError, match=message):
        F.maxout([[1, 2, 3]])
    with pytest.raises(ShapeError, match=r"has shape \(3,\), but maxout of \(4,\).* gives \(2,\)"):
        F.maxout_backward([1, 2, 3], [1, 2, 3, 4])
    with pytest.raises(ShapeError, match="do not divide"):
        F.maxout(5.0)


def test_a_single_number_has_no_softmax():
    with pytest.raises(ShapeError, match=r"softmax needs an axis of scores.*; try softmax\(\["):
        F.softmax(1.0)


def test_an_output_half_over_the_input_is_refused():
    memory = np.zeros(12, np.float32)
    with pytest.raises(DataError, match="out shares memory with an input"):
        F.relu(memory[:10], out=memory[2:])
    with pytest.raises(DataError, match="out shares memory with an input"):
        F.relu_backward(memory[:10], np.ones(10), out=memory[2:])
    with pytest.raises(ShapeError, match=r"out has shape \(3,\), the result has \(2,\)"):
        F.tanh([1, 2], out=np.empty(3, np.float32))
