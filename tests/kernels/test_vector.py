"""The vector layer: what it lets in, and that each operation does to a lane what NumPy does."""

import numpy as np
import pytest
from numba.core.errors import TypingError

from cnnlab.kernels import vector
from cnnlab.kernels._jit import inlined
from cnnlab.kernels.vector import HALF, NARROW, WIDE, load, load_first, store, store_first

SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, -2.0]


@inlined
def copy_wide(array, out):
    store(out, 0, load(WIDE, array, 0))


@inlined
def copy_first(array, out, count):
    store_first(out, 0, load_first(NARROW, array, 0, count), count)


@pytest.fixture
def pairs():
    """Every pair of special numbers, as many as there are lanes."""
    pairs = np.array([(a, b) for a in SPECIAL for b in SPECIAL], np.float32)
    rows = np.resize(pairs, (-(-len(pairs) // WIDE.lanes) * WIDE.lanes, 2))
    return np.ascontiguousarray(rows.T)


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("add", np.add),
        ("subtract", np.subtract),
        ("multiply", np.multiply),
        ("divide", np.divide),
        ("maximum", np.maximum),
        ("minimum", np.minimum),
    ],
)
def test_arithmetic_is_numpys_for_nan_and_infinity_too(name, reference, pairs):
    operation = getattr(vector, name)

    @inlined
    def lane_by_lane(left, right, out):
        for i in range(0, left.size, vector.lanes(WIDE)):
            store(out, i, operation(load(WIDE, left, i), load(WIDE, right, i)))

    out = np.empty_like(pairs[0])
    lane_by_lane(*pairs, out)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(out, reference(*pairs))


def test_relu_keeps_nan_and_cuts_what_is_not_positive(pairs):
    @inlined
    def cut(array, out):
        for i in range(0, array.size, vector.lanes(WIDE)):
            store(out, i, vector.relu(load(WIDE, array, i)))

    out = np.empty_like(pairs[0])
    cut(pairs[0], out)
    np.testing.assert_array_equal(out, np.maximum(pairs[0], 0))


@pytest.mark.parametrize(("name", "reference"), [("equal", np.equal), ("greater", np.greater)])
def test_a_comparison_with_nan_is_false(name, reference, pairs):
    comparison = getattr(vector, name)

    @inlined
    def compare(left, right, out):
        yes, no = vector.splat(WIDE, 1), vector.zeros(WIDE)
        for i in range(0, left.size, vector.lanes(WIDE)):
            mask = comparison(load(WIDE, left, i), load(WIDE, right, i))
            store(out, i, vector.select(mask, yes, no))

    out = np.empty_like(pairs[0])
    compare(*pairs, out)
    np.testing.assert_array_equal(out.astype(bool), reference(*pairs))


@pytest.mark.parametrize("place", [0, WIDE.lanes - 1, None])
def test_one_lane_is_enough_for_any_and_none_is_not(place):
    @inlined
    def broken(array):
        return vector.any_lane(vector.is_nan(load(WIDE, array, 0)))

    array = np.ones(WIDE.lanes, np.float32)
    if place is not None:
        array[place] = np.nan
    assert broken(array) == (place is not None)


def test_fetching_ahead_changes_nothing_and_may_point_anywhere():
    @inlined
    def fetch(array):
        vector.prefetch(array, 1 << 40)
        vector.prefetch(array, -1)

    array = np.ones(WIDE.lanes, np.float32)
    fetch(array)
    assert (array == 1).all()


def test_a_total_adds_up_the_lanes():
    @inlined
    def add_up(array):
        return vector.total(load(WIDE, array, 0))

    assert add_up(np.arange(WIDE.lanes, dtype=np.float32)) == sum(range(WIDE.lanes))


@pytest.mark.parametrize("count", [-3, 0, 1, 2, NARROW.lanes, NARROW.lanes + 5])
def test_the_first_lanes_are_copied_and_no_more(count):
    array = np.arange(1, 2 * NARROW.lanes, dtype=np.float32)
    out = np.zeros_like(array)
    copy_first(array, out, count)
    copied = min(max(count, 0), NARROW.lanes)
    np.testing.assert_array_equal(out, np.where(np.arange(array.size) < copied, array, 0))


def test_thirds_are_the_colours_of_pixels():
    @inlined
    def split(array, out):
        for i, colour in enumerate(vector.load_thirds(WIDE, array, 0)):
            store(out, i * vector.lanes(WIDE), colour)

    pixels = np.arange(3 * WIDE.lanes, dtype=np.float32)
    out = np.empty_like(pixels)
    split(pixels, out)
    np.testing.assert_array_equal(out.reshape(3, -1), pixels.reshape(-1, 3).T)


def test_zipped_lanes_alternate_and_come_apart_again():
    @inlined
    def there_and_back(left, right, out):
        both = vector.zipped(load(NARROW, left, 0), load(NARROW, right, 0))
        store(out, 0, both)
        store(out, 2 * vector.lanes(NARROW), vector.evens(both))
        store(out, 3 * vector.lanes(NARROW), vector.odds(both))

    left, right = np.arange(2 * NARROW.lanes, dtype=np.float32).reshape(2, -1)
    out = np.empty(4 * NARROW.lanes, np.float32)
    there_and_back(left, right, out)
    np.testing.assert_array_equal(out[: 2 * NARROW.lanes], np.stack([left, right], 1).ravel())
    np.testing.assert_array_equal(out[2 * NARROW.lanes :], np.concatenate([left, right]))


def test_two_neighbours_fill_a_vector_in_turns():
    @inlined
    def fill(array, out):
        store(out, 0, vector.splat_two(NARROW, array, 1))

    out = np.empty(NARROW.lanes, np.float32)
    fill(np.array([5, 6, 7], np.float32), out)
    np.testing.assert_array_equal(out, np.resize([6, 7], NARROW.lanes))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((8, 8), np.float32).T[1:],
        np.zeros(64, np.float32)[::2],
        np.zeros(64, np.float64),
        np.zeros(64, np.int32),
    ],
    ids=["not contiguous", "strided", "float64", "integers"],
)
def test_what_a_flat_index_would_misread_is_refused_when_compiling(array):
    with pytest.raises(TypingError, match="C-contiguous float32 arrays only"):
        copy_wide(array, np.zeros(64, np.float32))


def test_a_read_only_array_is_not_written():
    frozen = np.zeros(64, np.float32)
    frozen.flags.writeable = False
    with pytest.raises(TypingError, match="cannot store into a read-only array"):
        copy_wide(np.zeros(64, np.float32), frozen)


def test_a_narrow_vector_is_half_a_wide_one():
    assert WIDE.lanes in {8, 16, 32}
    assert 2 * NARROW.lanes == WIDE.lanes
    assert 2 * HALF.lanes == NARROW.lanes
