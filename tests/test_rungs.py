"""The rungs: equal to the naive twin and to SciPy; what they refuse; the roof and the times."""

import numpy as np
import pytest
from scipy.signal import correlate

from cnnlab import rungs
from cnnlab.errors import ShapeError
from cnnlab.naive.convolution import conv2d

NONE = ((0, 0), (0, 0))
EVERY = {**rungs.RUNGS, "SciPy": rungs.peers()["SciPy"]}


def drawn(shape, filters, seed=0):
    rng = np.random.default_rng(seed)
    image, weights = rng.standard_normal(shape), rng.standard_normal(filters)
    return image.astype(np.float32), weights.astype(np.float32)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    ("shape", "filters"),
    [((6, 9, 1), (3, 3, 1, 1)), ((7, 5, 2), (2, 4, 2, 3)), ((4, 6, 3), (4, 1, 3, 5))],
)
def test_a_rung_is_equal_to_the_naive_twin_and_to_scipy(name, shape, filters):
    image, weights = drawn(shape, filters)
    found = EVERY[name](image, weights)
    bias = np.zeros(filters[3])
    plain = conv2d(image[None], weights, bias, (1, 1), NONE, (1, 1))[0]
    foreign = [correlate(image, weights[..., o], "valid")[..., 0] for o in range(filters[3])]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, plain, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found, np.stack(foreign, axis=-1), rtol=1e-4, atol=1e-5)


def test_pytorch_does_the_same_where_it_is_installed():
    pytest.importorskip("torch", reason="PyTorch is not installed")
    image, weights = drawn((7, 5, 2), (2, 4, 2, 3))
    found, own = rungs.peers()["PyTorch"](image, weights), rungs.array_loop(image, weights)
    np.testing.assert_allclose(found, own, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rung", rungs.RUNGS.values(), ids=list(rungs.RUNGS))
@pytest.mark.parametrize(
    ("shape", "filters", "words"),
    [
        ((5, 5), (3, 3, 1, 1), r"shapes \(5, 5\) and \(3, 3, 1, 1\); try image\[:, :, None\]"),
        ((5, 5, 2), (3, 3, 3, 1), "got 3 channels for an image of 2"),
        ((5, 5, 1), (3, 6, 1, 1), "a filter of 3x6 does not fit in an image of 5x5"),
    ],
)
def test_what_does_not_fit_is_refused(rung, shape, filters, words):
    with pytest.raises(ShapeError, match=words):
        rung(np.ones(shape), np.ones(filters))


def test_a_loop_for_grey_pictures_stands_beside_the_rungs():
    image, weights = drawn((6, 9, 1), (3, 2, 1, 1))
    loop = rungs.one_channel(lambda picture, filter_: correlate(picture, filter_, "valid"))
    np.testing.assert_allclose(
        loop(image, weights), rungs.array_loop(image, weights), rtol=1e-4, atol=1e-5
    )
    with pytest.raises(ShapeError, match="one channel and one filter"):
        loop(*drawn((6, 9, 2), (3, 2, 2, 1)))
