"""What is rehearsed in a fresh Python: the way of macOS, Windows and PyTorch, forced everywhere."""

import _thread
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numba
import numpy as np
import psutil
import pytest
from nbclient import NotebookClient

from cnnlab.exercises import CHAPTERS, rehearsal, standby, trial, watch
from cnnlab.exercises import filters as lesson
from cnnlab.exercises.store import STORE

TASKS = [
    item
    for chapter in CHAPTERS
    if chapter.module
    for item in chapter.lesson().items
    if item.kind == "solved"
]

ABANDONED = 25  # seconds: so long a call without end may outlive its kernel


def descendants():
    return psutil.Process().children(recursive=True)


def lives(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(autouse=True, scope="module")
def killed_kernel():
    """A kernel that is killed while its standby is in a call without end; looked at by the last."""
    code = """if True:
        from cnnlab.exercises import filters as lesson, rehearsal, trial
        rehearsal._LEFT_BEHIND = ("numpy",)
        trial.SECONDS = 60
        print("here", flush=True)
        lesson.loops.check(lambda image, weights: sum(range(10**12)))
    """
    kernel = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert kernel.stdout.readline() == "here\n"
    found = []
    deadline = time.monotonic() + 60
    while not any(one.cpu_times().user > 1.5 for one in found):
        assert time.monotonic() < deadline
        found = psutil.Process(kernel.pid).children()
        time.sleep(0.05)
    kernel.kill()
    kernel.wait()
    kernel.stdout.close()
    yield SimpleNamespace(standby=found[0], since=time.monotonic())
    standby.end()


@pytest.fixture(autouse=True)
def _forced(monkeypatch):
    monkeypatch.setattr(rehearsal, "_LEFT_BEHIND", ("numpy",))
    monkeypatch.setattr(standby, "_PATIENCE", 60)  # of tests side by side
    trial.within_limits(int)  # the time of a test is without that in which a standby comes up
    monkeypatch.setattr(trial, "SECONDS", 1.0)


@pytest.fixture
def rehearsed(monkeypatch):
    """What standbys were given, and whether it came to an end there."""
    ends = []
    watch = standby._Standby._watch

    def noted(one, seconds):
        ends.append(False)
        watch(one, seconds)
        ends[-1] = True

    monkeypatch.setattr(standby._Standby, "_watch", noted)
    return ends


def judged(function):
    began = time.monotonic()
    verdict = lesson.loops.check(function)
    assert time.monotonic() - began < 15
    assert verdict.passed is False
    return verdict.message


def hostile():
    """What learners may write, by name, and what is said of it."""

    def endless(image, weights):
        while True:
            pass

    def floods(image, weights):
        while True:
            print("window", end=" ")  # noqa: T201 - as a learner may

    def deeper(image, weights):
        return deeper(image, weights)

    return {
        "sum": (lambda image, weights: sum(range(10**12)), "within 1 seconds, and nothing stops"),
        "power": (lambda image, weights: 10**10**10, "and nothing stops it"),
        "list": (lambda image, weights: [0] * 10**15, "stopped with MemoryError"),
        "crash": (lambda image, weights: ctypes.string_at(0), "crashed Python"),
        "end": (lambda image, weights: os._exit(0), "ended Python without a word"),
        "exit": (lambda image, weights: sys.exit(), "wanted to end the whole program (exit)"),
        "loop": (endless, "your function did not come to an end within 1 seconds"),
        "print": (floods, "printed or showed far too much"),
        "deep": (deeper, "called itself again and again"),
    }


@pytest.mark.parametrize(("function", "words"), hostile().values(), ids=hostile())
def test_what_hangs_or_crashes_is_a_verdict(function, words, rehearsed):
    assert words in judged(function)
    assert rehearsed


def test_recursion_is_as_deep_there_as_here():
    def fall(image, weights):
        return sorted([0], key=lambda _: fall(image, weights))

    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(10**9)
    try:
        assert "crashed Python" in judged(fall)
    finally:
        sys.setrecursionlimit(usual)


def test_memory_without_end_is_a_verdict(monkeypatch):
    monkeypatch.setattr(watch, "_SPARE", 40_000_000)
    monkeypatch.setattr(watch, "free_memory", lambda: 20_000_000)

    def grows(image, weights):
        kept = []
        while True:
            kept.append(np.ones(10**6))
            time.sleep(0.002)

    assert "of memory and wanted more" in judged(grows)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.key)
def test_every_solution_is_rehearsed_and_passes(task, rehearsed):
    assert task.check(task.value(task.solution_code)).passed
    assert set(rehearsed) == {True}


def test_what_takes_long_there_is_not_refused(monkeypatch, rehearsed):
    here = os.getpid()

    def slow(image, weights):
        while os.getpid() != here:  # such as Numba, that has to compile once more
            pass
        return lesson.loops.answer()(image, weights)

    assert lesson.loops.check(slow).passed
    assert rehearsed == [False]


def test_the_time_to_load_something_there_does_not_count(tmp_path, monkeypatch, rehearsed):
    (tmp_path / "takes_long_to_load.py").write_text("import time\ntime.sleep(1.5)")
    monkeypatch.syspath_prepend(tmp_path)

    def loads(image, weights):
        import takes_long_to_load

        return takes_long_to_load and lesson.loops.answer()(image, weights)

    loads(*lesson.loops.calls[0])
    assert lesson.loops.check(loads).passed
    assert rehearsed == [True]


def test_a_function_that_its_learner_has_compiled_passes(rehearsed):
    from cnnlab.exercises import speed

    own_map = lesson.loops.value(lesson.loops.solution_code)
    task = speed.in_strips
    answer = task.cell.value(task.solution_code, {**task.given(), "fast_map": numba.njit(own_map)})
    for call in task.calls:  # as its learner has done by now
        answer(*call)
    assert task.check(answer).passed
    assert len(rehearsed) == 1


@pytest.mark.parametrize("thing", [threading.Lock(), Path(os.devnull).open("w"), (n for n in "")])  # noqa: SIM115
def test_what_cannot_be_sent_is_done_without(thing, rehearsed):
    def uses(image, weights):
        return thing and lesson.loops.answer()(image, weights)

    assert lesson.loops.check(uses).passed
    assert rehearsed == []


def test_what_never_ends_as_it_is_written_down_is_stopped():
    class Endless:
        def __reduce__(self):
            while True:
                pass

    assert lesson.finder.check(Endless()).passed is False


def test_a_standby_leaves_no_trace(tmp_path, capfd, rehearsed):
    diary, seen = tmp_path / "diary.txt", []

    def notes(image, weights):
        seen.append(1)
        from cnnlab.exercises.store import STORE

        STORE.change("99_test.mine", lambda entry: {"count": entry.get("count", 0) + 1})
        print("once")  # noqa: T201 - as a learner may
        with diary.open("a") as file:
            file.write("once\n")
        return lesson.loops.answer()(image, weights)

    assert lesson.loops.check(notes).passed
    assert rehearsed == [True]
    assert len(seen) == len(lesson.loops.calls) == STORE.read("99_test.mine")["count"]
    assert capfd.readouterr().out.count("once") == len(seen)
    assert diary.read_text() == "once\n" * len(seen)


def test_no_copy_is_made_of_a_process_whose_libraries_would_wait_in_it(monkeypatch):
    made = []
    monkeypatch.setattr(os, "fork", lambda: made.append(1) or 1)
    assert trial.within_limits(lambda: 1) == 1
    assert not made


def test_there_is_one_standby_and_it_is_kept_until_it_has_to_be_replaced():
    right = lesson.loops.answer()
    assert lesson.loops.check(right).passed
    (first,) = descendants()
    assert lesson.loops.check(right).passed
    assert descendants() == [first]
    if sys.platform != "win32":
        first.send_signal(signal.SIGINT)  # a notebook interrupts all processes of its kernel
        assert lesson.loops.check(right).passed
        assert descendants() == [first]
    judged(lambda image, weights: os._exit(0))
    (second,) = descendants()
    assert second != first
    second.kill()
    second.wait()
    assert lesson.loops.check(right).passed
    (third,) = descendants()
    assert third != second


def test_a_standby_is_used_however_long_it_has_stood_by(monkeypatch, rehearsed):
    standby.end()
    standby.prepare()
    while standby._standby[0]._signs.empty():
        time.sleep(0.05)
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + 3600)
    assert lesson.loops.check(lesson.loops.answer()).passed
    assert rehearsed == [True]


def test_an_interrupt_interrupts_and_leaves_nothing_behind(monkeypatch):
    monkeypatch.setattr(trial, "SECONDS", 30)
    lesson.loops.check(lesson.loops.answer())
    tries = STORE.read(lesson.loops.key)["attempts"]
    (before,) = descendants()
    threading.Timer(0.3, _thread.interrupt_main).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        lesson.loops.check(lambda image, weights: sum(range(10**12)))
    assert time.monotonic() - began < 5
    assert before not in descendants()
    assert STORE.read(lesson.loops.key)["attempts"] == tries
    assert lesson.loops.check(lesson.loops.answer()).passed


def test_where_no_python_can_be_started_answers_are_judged_all_the_same(monkeypatch, tmp_path):
    standby.end()
    monkeypatch.setattr(standby, "_failures", [])
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))  # there is none
    for _ in range(3):
        assert lesson.loops.check(lesson.loops.answer()).passed
    assert not descendants()


def test_a_lesson_starts_a_standby_only_where_no_copy_can_be_made():
    code = """if True:
        import psutil
        from cnnlab.exercises import rehearsal
        from cnnlab.exercises import filters
        print(len(psutil.Process().children()))
        rehearsal._LEFT_BEHIND = ("numpy",)
        from cnnlab.exercises import pooling
        print(len(psutil.Process().children()))
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["0" if sys.platform == "linux" else "1", "1"]
    assert run.stderr == ""


def test_in_a_jupyter_kernel_with_pytorch_right_answers_pass_and_a_hog_ends():
    pytest.importorskip("torch", reason='pip install -e ".[peers]"')
    setup = "import torch\nfrom cnnlab.exercises import learning as lesson"
    right = """\
def by_torch(scores, labels):
    leaf = torch.tensor(scores, requires_grad=True)
    torch.nn.functional.cross_entropy(leaf, torch.tensor(labels)).backward()
    return leaf.grad.numpy()

lesson.score_gradient.check(by_torch)"""
    hog = "lesson.score_gradient.check(lambda scores, labels: torch and sum(range(10**12)))"
    ids = "import psutil\n[one.pid for one in psutil.Process().children()]"
    cells = [nbformat.v4.new_code_cell(code) for code in (setup, right, ids, hog, ids)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60).execute()
    passed, before, held, after = (cell.outputs[-1].data["text/plain"] for cell in cells[1:])
    assert passed.startswith("Right.")
    assert "nothing stops it" in held
    assert len(json.loads(before)) == len(json.loads(after)) == 1
    assert before != after


def test_a_kernel_that_is_killed_leaves_no_standby_behind(killed_kernel):
    while lives(killed_kernel.standby):
        assert time.monotonic() - killed_kernel.since < ABANDONED
        time.sleep(0.2)
