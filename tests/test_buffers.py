import gc
import subprocess
import sys
import textwrap
import threading
import tracemalloc
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from cnnlab import Network, Sequential, buffers, zoo
from cnnlab import functional as F
from cnnlab.errors import ShapeError
from cnnlab.layers import Conv2D, Dense, Flatten

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


class TestWhatDoesNotFit:
    """Refused before it is allocated: the system would grant it, and end the kernel later."""

    @pytest.mark.parametrize(
        ("compute", "message"),
        [
            (
                lambda: F.conv2d(np.zeros((1, 28, 28, 1)), np.zeros((3, 3, 1, 2)), padding=10**7),
                r"shape \(1, 20000026, 20000026, 2\) takes 3\.2 PB, .* free here; try .*padding",
            ),
            (
                lambda: F.dense(np.ones((10**6, 1)), np.ones((1, 10**6))),
                r"takes 4\.0 TB, and about",
            ),
            (lambda: F.dropout_mask((10**13,), 0.5, np.random.default_rng(0)), r"takes 40\.0 TB"),
            (
                lambda: Network(Sequential([Flatten(), Dense(10**9)], (100, 100, 1))),
                r"a network of 10,001,000,000,000 parameters takes 40\.0 TB, .* filters or units",
            ),
            (
                lambda: Network(Sequential([Conv2D(1, 3, padding=10**7)], (8, 8, 1))).predict(
                    np.zeros((2, 8, 8, 1))
                ),
                r"takes 3\.2 PB",
            ),
        ],
        ids=["conv2d", "dense", "dropout_mask", "Network", "predict"],
    )
    def test_is_refused_with_the_size_in_words(self, compute, message):
        with pytest.raises(ShapeError, match=message):
            compute()

    @pytest.fixture
    def small_machine(self, monkeypatch):
        free = SimpleNamespace(available=300_000_000, free=0)
        monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
        monkeypatch.setattr(psutil, "swap_memory", lambda: free)

    def test_vgg16_is_refused_on_a_small_machine_and_lenet_is_not(self, small_machine):
        with pytest.raises(ShapeError, match=r"138,357,544 parameters takes 553 MB, and about 300"):
            Network(zoo.vgg16())
        Network(zoo.lenet5())

    def test_a_pool_asks_before_it_takes_more(self, small_machine):
        with buffers.Pool(), pytest.raises(ShapeError, match="takes 400 MB, and about 300 MB"):
            buffers.empty((10_000, 10_000))

    def test_the_limit_of_a_container_counts(self, monkeypatch, tmp_path):
        monkeypatch.setattr(buffers, "_CONTROL_GROUP", tmp_path)
        before = buffers.free_memory()
        (tmp_path / "memory.max").write_text("max\n")
        assert buffers.free_memory() == pytest.approx(before, rel=0.2)
        (tmp_path / "memory.max").write_text("2000000\n")
        (tmp_path / "memory.current").write_text("1500000\n")
        (tmp_path / "memory.stat").write_text("anon 7\ninactive_file 100000\n")
        assert buffers.free_memory() == 600_000

    def test_memory_that_the_system_refuses_is_put_in_the_same_words(self):
        resource = pytest.importorskip("resource", reason="a limit needs a system that sets one")
        code = """
            import resource
            from cnnlab import buffers
            resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))
            try:
                buffers.empty((30_000, 30_000))
            except buffers.ShapeError as error:
                print(error)
        """
        del resource
        run = [sys.executable, "-c", textwrap.dedent(code)]
        said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
        assert "an array of shape (30000, 30000) takes 3.6 GB, and" in said
