import _thread
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

import nbformat
import pytest
from nbclient import NotebookClient

from cnnlab.exercises import filters as lesson
from cnnlab.exercises import trial

only_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="no copy of the process is made here"
)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(trial, "SECONDS", 1.0)


@pytest.fixture(autouse=True, scope="module")
def _compiled():
    lesson.loops.answer()(*lesson.loops.calls[0])


def judged(function):
    began = time.monotonic()
    verdict = lesson.loops.check(function)
    assert time.monotonic() - began < 8
    assert verdict.passed is False
    return verdict.message


def test_an_endless_loop_ends_as_a_verdict():
    def endless(image, weights):
        while True:
            pass

    assert "arrays of 1x3 and 1x2, your function did not come to an end" in judged(endless)


def test_an_endless_loop_that_catches_everything_is_left_behind_and_ends_soon():
    def step():
        pass

    def stubborn(image, weights):
        while True:
            try:
                step()
                step()
            except:  # noqa: E722, S110 - what learners write
                pass

    assert "did not come to an end" in judged(stubborn)
    time.sleep(0.2)
    assert not [one for one in threading.enumerate() if one.name == "cnnlab-check"]


@only_linux
def test_one_call_that_keeps_pythons_lock_for_ever_ends_as_a_verdict():
    def holds(image, weights):
        return sum(range(10**12))

    message = judged(holds)
    assert message == "Your answer did not come to an end within 1 seconds, and nothing stops it"


@only_linux
def test_a_crash_ends_as_a_verdict():
    message = judged(lambda image, weights: ctypes.string_at(0))
    assert "crashed Python (SIGSEGV)" in message
    assert "nothing of yours is lost" in message


@only_linux
def test_ending_python_at_once_ends_as_a_verdict():
    assert "ended Python without a word" in judged(lambda image, weights: os._exit(0))


@only_linux
def test_a_copy_that_neither_computes_nor_listens_decides_nothing():
    def deaf(image, weights):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        time.sleep(10)

    assert "does a loop in it never end?" in judged(deaf)  # found out here


def test_what_is_rehearsed_leaves_no_trace(capfd):
    seen = []

    def notes(image, weights):
        seen.append(1)
        print("once")  # noqa: T201 - as a learner may
        return lesson.loops.answer()(image, weights)

    assert lesson.loops.check(notes).passed
    assert len(seen) == len(lesson.loops.calls)
    assert capfd.readouterr().out.count("once") == len(seen)


def test_sleeping_does_not_hold_up_the_notebook():
    def sleeps(image, weights):
        time.sleep(10)

    assert "did not come to an end" in judged(sleeps)


def test_endless_output_is_stopped_and_its_beginning_shown(capsys):
    def floods(image, weights):
        while True:
            print("window", end=" ")  # noqa: T201 - as a learner may

    assert "printed or showed far too much" in judged(floods)
    shown = capsys.readouterr().out
    assert shown.startswith("window window ")
    assert shown.endswith(" ...\n")
    assert len(shown) < 1000


def test_errors_printed_without_end_are_stopped_too(capsys):
    def floods(image, weights):
        while True:
            print("oh", file=sys.stderr)  # noqa: T201 - as a learner may

    assert "printed or showed far too much" in judged(floods)
    assert capsys.readouterr().err.startswith("oh\n")


def test_what_a_function_prints_is_shown(capsys):
    def prints(image, weights):
        print("rows:", image.shape[0])  # noqa: T201 - as a learner may
        return image

    judged(prints)
    assert capsys.readouterr().out.splitlines()[:2] == ["rows: 1", "rows: 3"]


def test_what_others_print_meanwhile_is_not_held_back(capsys):
    seen = []

    def meanwhile(image, weights):
        other = threading.Thread(target=lambda: sys.stdout.write("other"))
        other.start()
        other.join()
        seen.append(capsys.readouterr().out)
        return image

    judged(meanwhile)
    assert seen[0] == "other"


@pytest.mark.parametrize("leave", [sys.exit, _thread.exit])
def test_leaving_the_program_ends_as_a_verdict(leave):
    assert "wanted to end the whole program (exit)" in judged(lambda image, weights: leave())


def test_deep_recursion_ends_as_a_verdict():
    def deeper(image, weights):
        return deeper(image, weights)

    assert "called itself again and again without an end" in judged(deeper)


def test_an_interrupt_by_the_learner_still_interrupts(monkeypatch):
    monkeypatch.setattr(trial, "SECONDS", 30)

    def endless(image, weights):
        while True:
            pass

    threading.Timer(0.2, _thread.interrupt_main).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        lesson.loops.check(endless)
    assert time.monotonic() - began < 10
    assert sys.stdout.__class__.__name__ != "_Output"
    assert not lesson.loops.tried


@pytest.mark.skipif(sys.platform != "linux", reason="answers are rehearsed in a copy on Linux only")
def test_an_interrupt_while_the_copy_is_made_is_not_lost():
    """Python swallows what is raised by the functions that it calls around a fork."""
    forking = [True]

    def interrupt():
        if forking:
            forking.clear()
            _thread.interrupt_main()
            for _ in range(1000):  # here it would be raised
                pass

    os.register_at_fork(after_in_parent=interrupt)
    with pytest.raises(KeyboardInterrupt):
        trial.within_limits(lambda: 1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert trial.within_limits(lambda: 1) == 1


def test_settings_for_errors_reach_the_learners_code():
    import numpy as np

    with np.errstate(divide="raise"):
        found = trial.within_limits(lambda: trial.called(lambda: np.ones(1) / 0))
    assert "FloatingPointError" in found.words


def test_in_a_kernel_that_has_computed_nothing_yet_the_limits_are_the_learners_alone():
    """What is compared with is loaded and compiled first, however long that takes."""
    code = """if True:
        from cnnlab.exercises import filters as lesson, trial
        trial.SECONDS = 0.2
        def endless(image, weights):
            while True:
                pass
        print(lesson.loops.check(endless))
        print(lesson.vertical_edges.check([[-1, 0, 1]]))
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = run.stdout.splitlines()
    assert "your function did not come to an end within 0.2 seconds" in first
    assert second.startswith("Right.")


def test_in_a_jupyter_kernel_floods_and_hogs_end_and_an_interrupt_interrupts():
    setup = "import os, signal, threading\nfrom cnnlab.exercises import filters as lesson, trial"
    flood = "def flood(image, weights):\n    while True: display(1)\n\nlesson.loops.check(flood)"
    hog = "def hog(image, weights):\n    return sum(range(10**12))\n\nlesson.loops.check(hog)"
    endless = """\
trial.SECONDS = 30
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
def endless(image, weights):
    while True: pass

lesson.loops.check(endless)"""
    cells = [nbformat.v4.new_code_cell(code) for code in (setup, flood, hog, endless, "6 * 7")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=20, allow_errors=True).execute()
    _, flooded, held, interrupted, after = (cell.outputs for cell in cells)
    assert 20 < len(flooded) < 100
    assert "printed or showed far too much" in flooded[-1].data["text/plain"]
    assert "nothing stops it" in held[-1].data["text/plain"]
    assert interrupted[-1].ename == "KeyboardInterrupt"
    assert after[-1].data["text/plain"] == "42"


def test_an_object_that_is_read_as_numbers_for_ever_is_stopped():
    class Endless:
        def __array__(self, *_options, **_named):
            while True:
                pass

    assert "Your answer did not come to an end" in lesson.finder.check(Endless()).message
    assert "your function did not come to an end" in judged(lambda image, weights: Endless())
