"""The dense kernels beside their plain twins, and the twins beside central differences."""

import inspect

import numpy as np
import pytest

from cnnlab.kernels import _threads, dense
from cnnlab.naive import dense as plain


def random_layer(rng, batch, features, units):
    return [
        rng.standard_normal(shape).astype(np.float32)
        for shape in ((batch, features), (features, units), (units,), (batch, units))
    ]


@pytest.mark.parametrize("name", plain.__all__)
def test_twins_take_the_same_parameters(name):
    of_kernel = inspect.signature(getattr(dense, name)).parameters
    of_twin = inspect.signature(getattr(plain, name)).parameters
    assert [key for key in of_kernel if key != "out"] == list(of_twin)
    assert dense.__all__ == plain.__all__


@pytest.mark.parametrize("batch", [1, 2, 5, 6, 7])
@pytest.mark.parametrize(("features", "units"), [(1, 1), (3, 33), (37, 31), (1030, 3)])
def test_kernels_agree_with_their_twins_in_double_precision(batch, features, units):
    arrays = random_layer(np.random.default_rng(batch), batch, features, units)
    inputs, weights, bias, grad_output = arrays
    exact = [array.astype(np.float64) for array in arrays]
    np.testing.assert_allclose(
        dense.dense(inputs, weights, bias), plain.dense(*exact[:3]), rtol=0, atol=1e-4
    )
    np.testing.assert_allclose(
        dense.dense(inputs, weights), plain.dense(*exact[:2]), rtol=0, atol=1e-4
    )
    for ours, theirs in zip(
        dense.dense_backward(grad_output, inputs, weights),
        plain.dense_backward(exact[3], *exact[:2]),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-5)


def test_the_twins_gradients_are_slopes():
    rng = np.random.default_rng(26)
    leaves = [rng.standard_normal(shape) for shape in ((3, 4), (4, 5), (5,))]
    grad_output = rng.standard_normal((3, 5))
    gradients = plain.dense_backward(grad_output, *leaves[:2])
    for which, gradient in enumerate(gradients):
        slopes = np.empty_like(gradient)
        for place in np.ndindex(gradient.shape):
            sides = []
            for step in (1e-5, -1e-5):
                nudged = [leaf.copy() for leaf in leaves]
                nudged[which][place] += step
                sides.append((grad_output * plain.dense(*nudged)).sum())
            slopes[place] = (sides[0] - sides[1]) / 2e-5
        np.testing.assert_allclose(gradient, slopes, atol=1e-8)


@pytest.mark.parametrize("batch", [1, 9])
def test_two_threads_compute_what_one_does(batch):
    rng = np.random.default_rng(27)
    inputs, weights, bias, grad_output = random_layer(rng, batch, 3000, 401)
    results = []
    for count in (1, 2, 3):
        with _threads.threads(count):
            results.append([
                dense.dense(inputs, weights, bias),
                *dense.dense_backward(grad_output, inputs, weights),
            ])  # fmt: skip
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-6, atol=1e-5)
