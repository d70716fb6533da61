"""Kernels on several threads: equal results, and nothing aborts, hangs or is left behind."""

import ctypes
import os
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from numba import njit

from cnnlab import functional as F
from cnnlab.kernels import _threads
from cnnlab.kernels._atomics import pause, read
from cnnlab.kernels._threads import HELPER_WORK, begin, draw, launch

LARGE = 1000 * HELPER_WORK  # enough for as many helpers as there may be
UNTIL_ONE_COMES = 1_000_000_000  # looks: half a minute, for a machine that is busy with others

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


# In a process of its own a test has as many cores as it likes, too.
MANY_CORES = """
import os
from cnnlab.kernels import _threads

_threads._cores = lambda: 8
F.set_num_threads(int(os.environ["NUMBA_NUM_THREADS"]))
"""


def python(script, *, cores=MANY_CORES, **environment):
    """Run a script in a process of its own, two threads unless told otherwise."""
    return subprocess.run(
        [sys.executable, "-c", CASES + cores + textwrap.dedent(script)],
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


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_the_number_of_threads_is_the_environments_and_at_most_that_of_the_cores(count):
    finished = python(
        """
        import threading
        compute()
        helpers = [t for t in threading.enumerate() if t.name == "cnnlab-helper"]
        print(F.get_num_threads(), len(helpers))
        """,
        cores="",
        NUMBA_NUM_THREADS=str(count),
    )
    free = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    used = min(count, free)
    assert finished.stdout == f"{used} {used - 1}\n", finished.stderr


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system pins no process")
def test_a_process_on_one_core_has_one_thread(monkeypatch):
    monkeypatch.undo()  # of the many cores
    before, core = os.sched_getaffinity(0), min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    try:
        with F.threads(2):
            assert F.get_num_threads() == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize(
    ("share", "cores"),
    [("50000 100000", 1), ("100000 100000", 1), ("110000 100000", 2), ("max 100000", None)],
)
def test_a_container_that_may_use_few_cores_has_few_threads(monkeypatch, tmp_path, share, cores):
    monkeypatch.undo()
    monkeypatch.setattr(_threads.os, "sched_getaffinity", lambda _process: set(range(64)))
    (tmp_path / "cpu.max").write_text(f"{share}\n")
    monkeypatch.setattr(_threads, "_SHARE", tmp_path / "cpu.max")
    with F.threads(1000):
        assert F.get_num_threads() == (cores or 64)


def test_where_the_helpers_do_not_compile_one_thread_computes_and_it_is_said_once(tmp_path):
    finished = python(
        """
        import warnings
        from numba import njit
        from cnnlab.kernels._threads import begin, draw, launch

        _threads._make = "what another Numba no longer understands"

        @njit(nogil=True)
        def count(tickets, jobs, times):
            job = begin(tickets)
            while job < jobs:
                times[job] += 1
                job = draw(tickets, jobs)

        times = np.zeros(20, np.int64)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            for threads in (2, 3):
                F.set_num_threads(threads)
                launch(count, 20, 1e12, times)
        print(times.min(), times.max(), F.get_num_threads(), *(w.message for w in said), sep="; ")
        """,
        NUMBA_CACHE_DIR=str(tmp_path),  # a cache would hold what compiled once
    )
    assert finished.stdout.startswith(
        "2; 2; 1; cnnlab computes on one thread: its helper threads do not compile with this Numba "
        "(TypingError: "
    ), finished.stderr
    assert finished.stdout.count("computes on one thread") == 1
    assert "for more speed try pip install --upgrade --force-reinstall cnnlab" in finished.stdout


# ---- the launch itself, with kernels that note what happens --------------------------------------

PYTHON_IDENT = ctypes.cast(ctypes.pythonapi.PyThread_get_thread_ident, ctypes.c_void_p).value
ident = ctypes.CFUNCTYPE(ctypes.c_ulong)(PYTHON_IDENT)


@njit(nogil=True)
def note_who(tickets, jobs, who, times, patience):
    """Write down who does each job, and how often. A job lasts until somebody draws the next one.

    Or until a thread has looked for that as often as its `patience` allows.
    """
    looks = 0
    job = begin(tickets)
    while job < jobs:
        who[job] = ident()
        times[job] += 1
        while read(tickets.ctypes.data) < job + 2 and looks < patience:
            looks += 1
            pause()
        job = draw(tickets, jobs)


@njit(nogil=True)
def meet(tickets, jobs, caller, met, leave):
    """Return when told; say whether a helper has come."""
    job = begin(tickets)
    while job < jobs:
        if ident() == caller:
            while read(met.ctypes.data) == 0:
                pass
        else:
            met[0] = 1
            while read(leave.ctypes.data) == 0:
                pass
        job = draw(tickets, jobs)


@njit(nogil=True)
def fail_in_a_helper(tickets, jobs, caller, met):
    if ident() != caller:
        met[0] = 1
        raise MemoryError
    job = begin(tickets)
    while job < jobs:
        while read(met.ctypes.data) == 0:
            pass
        job = draw(tickets, jobs)


@njit(nogil=True)
def tickets_last(jobs, tickets):
    job = begin(tickets)
    while job < jobs:
        job = draw(tickets, jobs)


@njit(nogil=True)
def too_much_to_write_down(tickets, jobs, a, b):
    begin(tickets)


def noted(jobs, work, threads, patience=20_000):
    """Launch `note_who`; say who took part. Every job must have been done once."""
    who, times = np.zeros(jobs, np.int64), np.zeros(jobs, np.int64)
    with F.threads(threads):
        launch(note_who, jobs, work, who, times, patience)
    assert times.tolist() == [1] * jobs
    return set(who.tolist())


def helpers():
    return {helper.ident for helper in _threads._team.helpers}


def test_every_job_is_done_once_and_helpers_take_part():
    met = noted(200, LARGE, threads=3, patience=UNTIL_ONE_COMES)
    assert threading.get_ident() in met
    assert met & helpers()
    assert met <= helpers() | {threading.get_ident()}


def test_a_helper_that_slept_comes_again():
    for _ in range(20):
        assert noted(200, LARGE, threads=2, patience=UNTIL_ONE_COMES) & helpers()
        time.sleep(0.01)  # far longer than a helper looks around


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs a system that says which processor a thread may run on, and two processors",
)
def test_a_helper_that_slept_may_wake_on_any_processor_but_the_callers():
    noted(2, LARGE, threads=2)
    time.sleep(0.05)
    every = os.sched_getaffinity(0)
    noted(200, LARGE, threads=2)
    allowed = os.sched_getaffinity(_threads._team.helpers[0].native_id)
    assert allowed < every
    assert len(allowed) == len(every) - 1
    assert os.sched_getaffinity(0) == every  # the caller's own business


def test_ten_thousand_launches_in_a_row_do_every_job_once():
    noted(10, LARGE, threads=3)
    who, times = np.zeros(5, np.int64), np.zeros(5, np.int64)
    with F.threads(3):
        for _ in range(10_000):
            launch(note_who, 5, LARGE, who, times, 10)
    assert times.tolist() == [10_000] * 5


def test_little_work_stays_in_the_calling_thread():
    assert noted(20, HELPER_WORK - 1, threads=3) == {threading.get_ident()}


def test_one_helper_is_asked_for_every_share_of_work():
    for _ in range(50):
        assert len(noted(5000, 1.5 * HELPER_WORK, threads=4)) <= 2


def test_a_second_caller_does_not_wait_for_busy_helpers():
    met, leave, threads = np.zeros(1, np.int64), np.zeros(1, np.int64), 2

    def first_caller():
        launch(meet, threads, LARGE, threading.get_ident(), met, leave)

    with F.threads(threads):
        first = threading.Thread(target=first_caller)
        first.start()
        while not met[0]:
            time.sleep(0.001)
        assert noted(10, LARGE, threads) == {threading.get_ident()}
        assert first.is_alive()
        leave[0] = 1
        first.join(30)
        assert not first.is_alive()


def test_a_helper_starts_when_all_that_it_runs_is_compiled():
    finished = python(
        """
        from cnnlab.kernels import _threads

        ready = []

        class Helper:
            def __init__(self, **_):
                ready.append(bool(_threads._help.signatures and _threads._dismiss.signatures))

            def start(self):
                pass

        _threads.Thread = Helper
        _threads._Team().grow(1)
        print(ready)
        """
    )
    assert finished.stdout == "[True]\n", finished.stderr


@pytest.mark.parametrize("pause", [0, 0.05], ids=["awake", "asleep"])
def test_a_process_ends_whatever_its_helpers_are_at(pause):
    finished = python(f"import time; compute(); time.sleep({pause}); print('done')")
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "done\n", "")


def test_a_helper_without_memory_is_an_error_of_the_caller():
    met = np.zeros(1, np.int64)
    with (
        F.threads(2),
        pytest.raises(MemoryError, match="fail_in_a_helper ran out of memory; try a"),
    ):
        launch(fail_in_a_helper, 2, LARGE, threading.get_ident(), met)
    assert noted(2, LARGE, threads=2, patience=UNTIL_ONE_COMES) & helpers()  # and it is there again


def test_the_tickets_come_first():
    with pytest.raises(TypeError, match=r"tickets must be the first argument of .*tickets_last"):
        tickets_last(1, np.zeros(1, np.int64))


def test_a_kernel_with_too_many_arguments_is_refused_when_compiled():
    many = (0,) * 200
    with pytest.raises(ValueError, match="a call has room for 250 words, got 408"):
        too_much_to_write_down(np.zeros(1, np.int64), 1, many, many)


def test_no_threads_at_all_is_refused():
    with pytest.raises(ValueError, match="count must be at least 1, got 0; try count=1"):
        F.set_num_threads(0)


def test_the_number_of_threads_comes_back_after_an_error():
    before = F.get_num_threads()
    with pytest.raises(ZeroDivisionError), F.threads(before + 1):
        raise ZeroDivisionError
    assert F.get_num_threads() == before
