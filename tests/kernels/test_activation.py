"""The activation kernels beside their plain twins, and the twins beside central differences."""

import inspect

import numpy as np
import pytest

from cnnlab.kernels import _threads, activation
from cnnlab.naive import activation as plain

BY_OUTPUT = {  # what the slope is read from the output of, with its parameters
    "relu": (),
    "leaky_relu": (0.2,),
    "elu": (1.5,),
    "sigmoid": (),
    "tanh": (),
    "softmax": (),
}


@pytest.mark.parametrize("name", plain.__all__)
def test_twins_take_the_same_parameters(name):
    of_kernel = inspect.signature(getattr(activation, name)).parameters
    of_twin = inspect.signature(getattr(plain, name)).parameters
    assert [key for key in of_kernel if key != "out"] == list(of_twin)
    assert [of_kernel[key].default for key in of_twin] == [
        parameter.default for parameter in of_twin.values()
    ]
    assert activation.__all__ == plain.__all__


@pytest.mark.parametrize("name", BY_OUTPUT)
@pytest.mark.parametrize("size", [1, 31, 33, 16_384, 16_385, 40_001])
def test_kernels_agree_with_their_twins_in_double_precision(name, size):
    rng = np.random.default_rng(size)
    x = (rng.standard_normal((2, size)) * 5).astype(np.float32)
    grad_output = rng.standard_normal(x.shape).astype(np.float32)
    parameters = BY_OUTPUT[name]
    output = getattr(activation, name)(x, *parameters)
    expected = getattr(plain, name)(x.astype(np.float64), *parameters)
    # exp is as exact as its argument, and the difference of two scores rounds
    tolerance = 1e-5 if name == "softmax" else 2e-6
    np.testing.assert_allclose(output, expected, rtol=tolerance, atol=1e-30)
    gradient = getattr(activation, f"{name}_backward")(grad_output, output, *parameters)
    expected = getattr(plain, f"{name}_backward")(
        grad_output.astype(np.float64), output.astype(np.float64), *parameters
    )
    np.testing.assert_allclose(gradient, expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", BY_OUTPUT)
def test_nan_and_infinity_go_the_way_of_the_twins(name):
    x = np.array([1, np.nan, np.inf, -np.inf, -0.0, 0.0, -1e30, 1e30, 1e-40] * 9, np.float32)
    with np.errstate(all="ignore"):
        expected = getattr(plain, name)(x)
        np.testing.assert_allclose(getattr(activation, name)(x), expected, rtol=1e-6, atol=1e-37)
        np.testing.assert_allclose(
            getattr(activation, f"{name}_backward")(np.ones_like(x), expected),
            getattr(plain, f"{name}_backward")(np.ones_like(x), expected),
            rtol=1e-6,
            atol=1e-6,
        )


@pytest.mark.parametrize("pieces", [1, 2, 3, 5])
def test_maxout_agrees_with_its_twin_ties_and_nan_included(pieces):
    rng = np.random.default_rng(pieces)
    x = rng.integers(-2, 3, (3, 7, 40 * pieces)).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    x[rng.random(x.shape) < 0.2] = -np.inf
    expected = plain.maxout(x, pieces)
    np.testing.assert_array_equal(activation.maxout(x, pieces), expected)
    grad_output = rng.standard_normal(expected.shape).astype(np.float32)
    np.testing.assert_array_equal(
        activation.maxout_backward(grad_output, x, pieces),
        plain.maxout_backward(grad_output, x, pieces),
    )


@pytest.mark.parametrize("name", [*BY_OUTPUT, "maxout"])
def test_the_twins_gradients_are_slopes(name):
    rng = np.random.default_rng(24)
    parameters = BY_OUTPUT.get(name, (2,))
    x = rng.permutation(np.linspace(-2.05, 2, 30)).reshape(5, 6)  # away from the kink at 0
    forward = getattr(plain, name)
    output = forward(x, *parameters)
    grad_output = rng.standard_normal(output.shape)
    slopes = np.empty_like(x)
    for place in np.ndindex(x.shape):
        nudge = np.zeros_like(x)
        nudge[place] = 1e-5
        rise = forward(x + nudge, *parameters) - forward(x - nudge, *parameters)
        slopes[place] = (grad_output * rise).sum() / 2e-5
    known = x if name == "maxout" else output
    gradient = getattr(plain, f"{name}_backward")(grad_output, known, *parameters)
    np.testing.assert_allclose(gradient, slopes, atol=1e-8)


@pytest.mark.parametrize("name", [*BY_OUTPUT, "maxout"])
def test_two_threads_compute_what_one_does(name):
    rng = np.random.default_rng(25)
    x = rng.standard_normal((300, 1000), dtype=np.float32)
    results = []
    for count in (1, 2, 3):
        with _threads.threads(count):
            output = getattr(activation, name)(x)
            known = x if name == "maxout" else output
            gradient = getattr(activation, f"{name}_backward")(output, known)
            results.append((output, gradient))
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, two)
