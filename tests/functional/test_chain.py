"""A small network in one call computes what its operations compute one after the other."""

import numpy as np
import pytest

from cnnlab import functional as F
from cnnlab.errors import ShapeError
from cnnlab.functional.chain import Chain, Link


def one_by_one(links, image, parameters):
    """Compute the links through the rim."""
    x, parameters = image, iter(parameters)
    for link in links:
        if link.does == "max_pool2d":
            x = F.max_pool2d(x, link.size, link.stride)
        elif link.does == "dense":
            x = F.dense(x.reshape(1, -1), *next(parameters))
        else:
            x = F.conv2d(x, *next(parameters), stride=link.stride, padding=link.padding)
        x = F.relu(x) if link.relu else x
    return x.reshape(1, -1)


def weights_for(links, shape, rng):
    """Draw weights and biases for every link that has them."""
    drawn, x = [], np.zeros((1, *shape), np.float32)
    for link in links:
        if link.does == "max_pool2d":
            x = F.max_pool2d(x, link.size, link.stride)
            continue
        if link.does == "dense":
            x = x.reshape(1, -1)
            size = (x.shape[1], link.channels)
        else:
            size = (*np.broadcast_to(link.size, 2), x.shape[3], link.channels)
        weights = rng.standard_normal(size).astype(np.float32)
        drawn.append((weights, rng.standard_normal(link.channels).astype(np.float32)))
        if link.does == "dense":
            x = F.dense(x, weights)
        else:
            x = F.conv2d(x, weights, stride=link.stride, padding=link.padding)
    return drawn


CHAINS = {
    "LeNet-5": (
        (28, 28, 1),
        [
            Link("conv2d", 6, 5, padding=2),
            Link("max_pool2d", 6, 2, 2, relu=True),
            Link("conv2d", 16, 5),
            Link("max_pool2d", 16, 2, 2, relu=True),
            Link("dense", 120, relu=True),
            Link("dense", 84, relu=True),
            Link("dense", 10),
        ],
    ),
    "strides and colours": (
        (17, 20, 3),
        [
            Link("conv2d", 40, (3, 2), (2, 1), padding="same", relu=True),
            Link("max_pool2d", 40, 3, 2),
            Link("conv2d", 7, 1),
        ],
    ),
    "many filters": ((12, 11, 1), [Link("conv2d", 33, 3), Link("conv2d", 3, 3, relu=True)]),
    "few filters": ((9, 10, 1), [Link("conv2d", 2, 3, padding=1, relu=True), Link("dense", 3)]),
    "dense alone": ((2, 3, 4), [Link("dense", 50)]),
}


@pytest.mark.parametrize(("shape", "links"), CHAINS.values(), ids=CHAINS)
def test_a_chain_gives_what_its_links_give_one_by_one(shape, links):
    rng = np.random.default_rng(0)
    chain, parameters = Chain(links, shape), weights_for(links, shape, rng)
    joined = chain.joined(parameters)
    for _ in range(3):
        image = rng.standard_normal((1, *shape)).astype(np.float32)
        expected = one_by_one(links, image, parameters)
        np.testing.assert_allclose(
            chain(image, joined), expected, rtol=0, atol=2e-5 * np.abs(expected).max()
        )


def test_nan_goes_through_to_the_scores():
    shape, links = CHAINS["LeNet-5"]
    chain = Chain(links, shape)
    joined = chain.joined(weights_for(links, shape, np.random.default_rng(0)))
    assert np.isnan(chain(np.full((1, *shape), np.nan, np.float32), joined)).all()


def test_a_link_without_biases_has_zeros_for_them():
    chain = Chain([Link("dense", 2)], (1, 1, 2))
    joined = chain.joined([(np.eye(2, dtype=np.float32), None)])
    image = np.array([3, 4], np.float32).reshape(1, 1, 1, 2)
    np.testing.assert_array_equal(chain(image, joined), [[3, 4]])


def test_what_does_not_fit_is_refused():
    chain = Chain([Link("dense", 2)], (1, 1, 2))
    with pytest.raises(ShapeError, match="a 5x5 filter does not fit"):
        Chain([Link("conv2d", 2, 5)], (4, 4, 1))
    with pytest.raises(ShapeError, match="1 links have weights, got 0 pairs of arrays; try one"):
        chain.joined([])
    with pytest.raises(ShapeError, match="4 weights and 2 biases got 6 and 0; try the arrays"):
        chain.joined([(np.zeros((3, 2), np.float32), None)])
    with pytest.raises(ShapeError, match="takes 2 pixels and 6 weights, got 3 and 6; try an image"):
        chain(np.zeros((1, 1, 1, 3), np.float32), np.zeros(6, np.float32))
