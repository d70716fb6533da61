"""The pooling kernels beside their plain twins, and the twins beside central differences."""

import inspect

import numpy as np
import pytest

from cnnlab.kernels import _threads, pooling
from cnnlab.naive import pooling as plain

KINDS = ["max", "avg"]


def random_case(rng, *, ties=False):
    """Draw small images, a window, strides, and padding that differs on all four sides."""
    batch, channels = rng.integers(1, 3), rng.choice([1, 2, 5, 33])
    height, width = (int(n) for n in rng.integers(1, 8, size=2))
    top, bottom, left, right = (int(p) for p in rng.integers(0, 5, size=4))
    window = (
        int(rng.integers(1, height + top + bottom + 1)),
        int(rng.integers(1, width + left + right + 1)),
    )
    stride = tuple(int(s) for s in rng.integers(1, 5, size=2))
    shape = (batch, height, width, channels)
    images = rng.integers(-2, 3, shape) if ties else rng.standard_normal(shape)
    return images.astype(np.float32), window, stride, ((top, bottom), (left, right))


def pooled(kind, images, window, stride, padding):
    """Call a compiled pooling, and count for it what it will write."""
    sides = zip(images.shape[1:3], window, stride, padding, strict=True)
    height, width = ((size + sum(zeros) - w) // step + 1 for size, w, step, zeros in sides)
    out = np.empty((images.shape[0], height, width, images.shape[3]), np.float32)
    return getattr(pooling, f"{kind}_pool2d")(images, window, stride, padding, out=out)


@pytest.mark.parametrize("name", plain.__all__)
def test_twins_take_the_same_parameters(name):
    of_kernel = inspect.signature(getattr(pooling, name)).parameters
    of_twin = inspect.signature(getattr(plain, name)).parameters
    assert [key for key in of_kernel if key != "out"] == list(of_twin)
    assert pooling.__all__ == plain.__all__


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ties", [False, True])
def test_kernels_agree_with_their_twins_in_double_precision(kind, ties):
    rng = np.random.default_rng(20)
    for _ in range(40):
        images, *geometry = random_case(rng, ties=ties)
        exact = images.astype(np.float64)
        expected = getattr(plain, f"{kind}_pool2d")(exact, *geometry)
        output = pooled(kind, images, *geometry)
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-6)
        grad_output = rng.standard_normal(expected.shape).astype(np.float32)
        given, given_exact = (images, exact) if kind == "max" else (images.shape, exact.shape)
        gradient = getattr(pooling, f"{kind}_pool2d_backward")(grad_output, given, *geometry)
        expected = getattr(plain, f"{kind}_pool2d_backward")(
            grad_output.astype(np.float64), given_exact, *geometry
        )
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rarity", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", KINDS)
def test_nan_and_infinity_go_the_way_of_the_twins(kind, rarity):
    rng = np.random.default_rng(21)
    for _ in range(30):
        images, *geometry = random_case(rng)
        images[rng.random(images.shape) < 0.3] = rarity
        output = pooled(kind, images, *geometry)
        expected = getattr(plain, f"{kind}_pool2d")(images, *geometry)
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-6)
        if kind == "max":
            grad_output = rng.standard_normal(output.shape).astype(np.float32)
            np.testing.assert_allclose(
                pooling.max_pool2d_backward(grad_output, images, *geometry),
                plain.max_pool2d_backward(grad_output, images, *geometry),
                rtol=1e-5,
                atol=1e-5,
            )


@pytest.mark.parametrize("kind", KINDS)
def test_the_twins_gradients_are_slopes(kind):
    rng = np.random.default_rng(22)
    forward = getattr(plain, f"{kind}_pool2d")
    for _ in range(6):
        _, *geometry = random_case(rng)
        geometry = ((2, 3), geometry[1], ((1, 0), (1, 1)))
        images = rng.permutation(24).reshape(1, 4, 3, 2) / 10  # no ties, nor any within a step
        grad_output = rng.standard_normal(forward(images, *geometry).shape)
        slopes = np.empty_like(images)
        for place in np.ndindex(images.shape):
            nudge = np.zeros_like(images)
            nudge[place] = 1e-3
            rise = forward(images + nudge, *geometry) - forward(images - nudge, *geometry)
            slopes[place] = (grad_output * rise).sum() / 2e-3
        given = images if kind == "max" else images.shape
        gradient = getattr(plain, f"{kind}_pool2d_backward")(grad_output, given, *geometry)
        np.testing.assert_allclose(gradient, slopes, atol=1e-8)


@pytest.mark.parametrize(("window", "stride"), [((2, 2), (2, 2)), ((3, 3), (2, 2))])
def test_two_threads_compute_what_one_does(window, stride):
    rng = np.random.default_rng(23)
    images = rng.standard_normal((9, 70, 71, 33), dtype=np.float32)
    geometry = window, stride, ((1, 0), (0, 1))
    results = []
    for count in (1, 2, 3):
        with _threads.threads(count):
            output = pooled("max", images, *geometry)
            average = pooled("avg", images, *geometry)
            results.append([
                output,
                average,
                pooling.max_pool2d_backward(output, images, *geometry),
                pooling.avg_pool2d_backward(average, images.shape, *geometry),
            ])  # fmt: skip
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, two)
