import gc
import threading
import tracemalloc

import numpy as np

from cnnlab import buffers

SHAPE = (600, 600)


def address(array):
    return array.ctypes.data


def test_memory_is_used_again_once_nobody_holds_the_array():
    with buffers.Pool():
        first = buffers.empty(SHAPE)
        place = address(first)
        del first
        assert address(buffers.empty(SHAPE)) == place


def test_memory_is_not_taken_from_somebody_who_holds_a_view():
    with buffers.Pool():
        first = buffers.empty(SHAPE)
        corner = first[10:, ::2][3:]
        corner[:] = 7
        place = address(first)
        del first
        second = buffers.empty(SHAPE)
        second[:] = 1
        assert address(second) != place
        assert (corner == 7).all()


def test_arrays_outlive_their_pool():
    pool = buffers.Pool()
    with pool:
        kept = buffers.empty(SHAPE)
    kept[:] = 3
    del pool
    gc.collect()
    assert kept.sum(dtype=float) == 3 * 600 * 600


def test_outside_a_pool_and_for_small_arrays_there_is_nothing_but_numpy():
    assert buffers.empty(SHAPE).base is None
    with buffers.Pool():
        assert buffers.empty((10, 10)).base is None
        assert buffers.empty(SHAPE).base is not None
    assert buffers.empty(SHAPE).base is None


def test_a_pool_serves_the_thread_that_opened_it():
    seen = []
    with buffers.Pool():
        other = threading.Thread(target=lambda: seen.append(buffers.empty(SHAPE).base))
        other.start()
        other.join()
    assert seen == [None]


def test_pools_nest():
    with buffers.Pool() as outer, buffers.Pool():
        pass
    with outer:
        array = outer.take(SHAPE)
    assert array.dtype == np.float32
    assert array.shape == SHAPE
    assert array.flags.carray


def test_a_pool_keeps_no_more_than_it_may():
    most = 3 * 4 * 600 * 600
    pool = buffers.Pool(most)
    tracemalloc.start()
    try:
        first, second = pool.take(SHAPE), pool.take((1200, 600))
        del first, second
        assert tracemalloc.get_traced_memory()[0] > 0.9 * most
        for rows in (1100, 700, 500, 2400):  # together, and the last one alone, too many
            pool.take((rows, 600))
            assert tracemalloc.get_traced_memory()[0] < 1.01 * most
    finally:
        tracemalloc.stop()
