"""Kernels on several threads: equal results, and nothing aborts, hangs or is left behind."""

import os
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from cnnlab import functional as F
from cnnlab.kernels import _threads
from cnnlab.kernels._threads import PARALLEL_WORK, launch

LARGE = PARALLEL_WORK

# Large enough for helpers to be asked, and every way of computing a convolution.
CASES = """
import numpy as np
from cnnlab import functional as F

rng = np.random.default_rng(0)
CASES = [
    [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    for shapes in [
        ((1, 400, 400, 1), (5, 5, 1, 1)),
        ((2, 100, 100, 1), (3, 3, 1, 32)),
        ((4, 30, 30, 8), (4, 4, 8, 40)),
        ((2, 40, 40, 32), (3, 3, 32, 32)),
        ((1, 20, 20, 64), (3, 3, 64, 160)),
    ]
]

def compute():
    results = []
    for images, filters in CASES:
        output = F.conv2d(images, filters, padding=1)
        results += [output, *F.conv2d_backward(output, images, filters, padding=1)]
    return results

def same(some, others):
    return all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))
"""


def python(script, **environment):
    """Run a script in a process of its own, two threads unless told otherwise."""
    return subprocess.run(
        [sys.executable, "-c", CASES + textwrap.dedent(script)],
        env={**os.environ, "NUMBA_NUM_THREADS": "2", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_results_are_the_same_on_one_two_and_three_threads():
    space = {}
    exec(CASES, space)  # noqa: S102 - the very cases that the subprocesses run
    results = []
    for count in (1, 2, 3):
        with F.threads(count):
            results.append(space["compute"]())
    assert space["same"](results[0], results[1])
    assert space["same"](results[0], results[2])


@pytest.mark.parametrize("layer", ["default", "workqueue", "omp", "tbb"])
def test_four_python_threads_at_once_compute_what_one_computes(layer):
    finished = python(
        """
        from threading import Thread

        expected = compute()
        wrong = []

        def check():
            for _ in range(5):
                if not same(compute(), expected):
                    wrong.append(1)

        callers = [Thread(target=check) for _ in range(4)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        print("wrong", len(wrong))
        """,
        NUMBA_THREADING_LAYER=layer,
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "wrong 0\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_computes_with_helpers_of_its_own():
    finished = python(
        """
        import os, threading, warnings

        warnings.simplefilter("ignore", DeprecationWarning)  # Python's: fork in a threaded process
        expected = compute()
        child = os.fork()
        if child == 0:
            right = same(compute(), expected)
            helpers = [t for t in threading.enumerate() if t.name == "cnnlab-helper"]
            os._exit(0 if right and len(helpers) == 1 else 1)
        _, status = os.waitpid(child, 0)
        print("child", status, "parent", same(compute(), expected))
        """
    )
    assert (finished.stdout, finished.stderr) == ("child 0 parent True\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent the POSIX way")
def test_an_interrupt_at_any_moment_leaves_later_results_right():
    finished = python(
        """
        import os, random, signal, threading, time

        images, filters = CASES[0]
        expected = F.conv2d(images, filters)
        random.seed(0)
        interrupted = 0
        for _ in range(200):
            killer = threading.Timer(
                random.uniform(0.0002, 0.004), os.kill, (os.getpid(), signal.SIGINT))
            try:
                killer.start()
                while True:
                    F.conv2d(images, filters)
            except KeyboardInterrupt:
                interrupted += 1
            killer.join()
            assert same([F.conv2d(images, filters)], [expected])
        helpers = [t for t in threading.enumerate() if t.name == "cnnlab-helper"]
        print(interrupted, len(helpers), all(t.is_alive() for t in helpers))
        """
    )
    assert (finished.stdout, finished.stderr) == ("200 1 True\n", "")


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_number_of_threads_is_the_environments(count):
    finished = python(
        """
        import threading
        compute()
        helpers = [t for t in threading.enumerate() if t.name == "cnnlab-helper"]
        print(F.get_num_threads(), len(helpers))
        """,
        NUMBA_NUM_THREADS=str(count),
    )
    assert finished.stdout == f"{count} {count - 1}\n", finished.stderr


# ---- the launch itself, with Python functions in the place of kernels ----------------------------


def drawing(done):
    """Make a stand-in for a kernel that notes which thread took which job."""
    lock = threading.Lock()

    def kernel(tickets, jobs):
        while True:
            with lock:
                job = int(tickets[0])
                tickets[0] += 1
            if job >= jobs:
                return
            done.append((job, threading.current_thread().name))
            time.sleep(0.001)

    return kernel


def test_every_job_is_done_once_and_helpers_take_part():
    done = []
    with F.threads(3):
        launch(drawing(done), 200, LARGE)
    assert sorted(job for job, _ in done) == list(range(200))
    assert "cnnlab-helper" in {name for _, name in done}


def test_little_work_stays_in_the_calling_thread():
    done = []
    with F.threads(3):
        launch(drawing(done), 20, LARGE - 1)
    assert {name for _, name in done} == {threading.current_thread().name}


def test_a_second_caller_does_not_wait_for_a_busy_helper():
    helper_is_in, release = threading.Event(), threading.Event()

    def stuck(tickets, _jobs):
        tickets[0] += 1
        if threading.current_thread().name == "cnnlab-helper":
            helper_is_in.set()
            release.wait(30)
        else:
            helper_is_in.wait(30)

    with F.threads(len(_threads._team.helpers) + 2):
        helpers = F.get_num_threads() - 1
        first = threading.Thread(target=launch, args=(stuck, helpers + 1, LARGE))
        first.start()
        assert helper_is_in.wait(30)
        done = []
        launch(drawing(done), 10, LARGE)
        assert sorted(job for job, _ in done) == list(range(10))
        assert first.is_alive()
        release.set()
        first.join(30)
        assert not first.is_alive()


def test_a_helper_stays_out_while_the_caller_compiles():
    entered = []

    def compiled_first(tickets, jobs):
        entered.append((threading.current_thread().name, int(tickets[0])))
        if threading.current_thread().name != "cnnlab-helper":
            time.sleep(0.05)  # the compiler: no job has been drawn
        tickets[0] += jobs

    with F.threads(2):
        for _ in range(5):
            launch(compiled_first, 2, LARGE)
    assert [drawn for name, drawn in entered if name == "cnnlab-helper" and drawn == 0] == []
    assert len(entered) >= 5


def test_the_bell_can_be_heard_before_there_is_anybody_to_listen():
    finished = python(
        """
        from cnnlab.kernels import _threads

        grown = []

        class Helper:
            def __init__(self, **_):
                grown.append(bool(_threads._listen.signatures))

            def start(self):
                pass

        _threads.Thread = Helper
        _threads._Team().grow(1)
        print(grown)
        """
    )
    assert finished.stdout == "[True]\n", finished.stderr


def test_an_error_in_a_helper_reaches_the_caller():
    met = threading.Event()

    def failing(tickets, _jobs):
        tickets[0] += 1
        if threading.current_thread().name == "cnnlab-helper":
            met.set()
            raise MemoryError("no room for the scratch")
        met.wait(30)

    with F.threads(2), pytest.raises(MemoryError, match="no room for the scratch"):
        launch(failing, 2, LARGE)


def test_no_threads_at_all_is_refused():
    with pytest.raises(ValueError, match="at least 1 thread, got 0; try 1"):
        F.set_num_threads(0)


def test_the_number_of_threads_comes_back_after_an_error():
    before = F.get_num_threads()
    with pytest.raises(ZeroDivisionError), F.threads(before + 1):
        raise ZeroDivisionError
    assert F.get_num_threads() == before
