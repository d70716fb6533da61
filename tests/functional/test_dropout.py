"""The dropout mask: its shares, its dependence on the generator, what is refused."""

import numpy as np
import pytest

from cnnlab import functional as F
from cnnlab.errors import DataError, ShapeError


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.25, 0.5, 0.9, 0.999])
def test_the_mask_drops_its_share_and_makes_up_for_it(rate):
    count = 200_000
    mask = F.dropout_mask((count,), rate, np.random.default_rng(0))
    assert mask.dtype == np.float32
    kept = np.float32(1 / (1 - rate))
    assert set(np.unique(mask)) <= {np.float32(0), kept}
    spread = 5 * np.sqrt(rate * (1 - rate) / count)  # five standard deviations
    assert abs((mask == 0).mean() - rate) <= spread


def test_neighbours_are_dropped_independently():
    mask = F.dropout_mask((400, 500), 0.5, np.random.default_rng(1)) - 1
    for down, across in [(0, 1), (1, 0), (1, 1), (0, 2), (0, 8), (0, 32)]:
        together = (mask[down:, across:] * mask[: 400 - down, : 500 - across]).mean()
        assert abs(together) < 5 / np.sqrt(mask.size)


def test_the_same_generator_state_gives_the_same_mask():
    masks = [F.dropout_mask((7, 11), 0.5, np.random.default_rng(42)) for _ in range(2)]
    np.testing.assert_array_equal(*masks)


def test_a_generator_used_twice_gives_two_masks():
    rng = np.random.default_rng(42)
    first, second = (F.dropout_mask((50, 50), 0.5, rng) for _ in range(2))
    assert 0.4 < (first == second).mean() < 0.6


def test_a_mask_can_be_written_into_an_array_at_hand():
    out = np.full((5, 7), np.nan, np.float32)
    assert F.dropout_mask((5, 7), 0.5, np.random.default_rng(3), out=out) is out
    np.testing.assert_array_equal(out, F.dropout_mask((5, 7), 0.5, np.random.default_rng(3)))


@pytest.mark.parametrize("rate", [1.0, -0.1, 1.5, float("nan"), "half"])
def test_a_rate_that_is_no_share_is_refused(rate):
    with pytest.raises(DataError, match=r"rate must be .* at least 0 and below 1, got .*try"):
        F.dropout_mask((3,), rate, np.random.default_rng(0))


def test_a_seed_in_place_of_a_generator_is_refused():
    with pytest.raises(DataError, match=r"rng must be .*Generator, got 0.*default_rng\(0\)"):
        F.dropout_mask((3,), 0.5, 0)


def test_a_shape_that_is_none_is_refused():
    with pytest.raises(ShapeError, match=r"shape must be .*got \(3, -1\).*try"):
        F.dropout_mask((3, -1), 0.5, np.random.default_rng(0))
