"""Rehearse an answer in a forked copy of the kernel, which has all that the kernel has.

The copy can be ended from outside, and its end costs the learner nothing. It is made anew for each
answer, in a few milliseconds.
"""

from __future__ import annotations

import faulthandler
import os
import select
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from cnnlab.exercises.endings import EndlessError, ended, unstoppable
from cnnlab.exercises.stage import BEAT, hide_output
from cnnlab.exercises.watch import Watch

__all__ = ["rehearse"]

_DEAF = 1.0  # seconds without a sign after which Python does not listen
_LOOKS = 10  # at a copy that does not listen: does it compute, or wait for what only we have?

_CRASHES = {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL"}  # by name: Windows has not all of them
"""Ends that our own process would meet too; others, such as OpenMP's of a fork, it would not."""

_SIGN, _END = b".", b"e"


def rehearse(work: Callable[[], Any], seconds: float) -> None:
    """Do some work in a copy of this process, which shows and keeps nothing.

    Parameters
    ----------
    work : callable
    seconds : float
        How long it may take.

    Raises
    ------
    EndlessError
    FatalError
    """
    listening, telling = os.pipe()
    with _interrupts_held() as pass_on, warnings.catch_warnings():
        # Other threads may hold locks: a copy that waits for one is told from one that computes.
        warnings.simplefilter("ignore", DeprecationWarning)
        copy = os.fork()
        if not copy:
            _act(work, telling)
    os.close(telling)
    try:
        pass_on()
        heard = _listen(listening, time.monotonic() + seconds, Watch(copy))
        computes = heard is None and _computes(copy)
    finally:
        os.close(listening)
        os.kill(copy, signal.SIGKILL)  # it may be gone, but is not forgotten before the next line
        _, status = os.waitpid(copy, 0)
    if heard == _SIGN:
        raise EndlessError
    if computes:
        raise unstoppable(seconds)
    if heard == b"":
        _raise_crash(status)


@contextmanager
def _interrupts_held() -> Iterator[Callable[[], None]]:
    """Keep an interrupt for later: what Python calls around a fork would swallow it.

    Yields
    ------
    callable
        Raises what has come meanwhile.
    """
    held: list[tuple[int, FrameType | None]] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None  # no interrupt comes here
        return
    usual = signal.signal(signal.SIGINT, lambda *given: held.append(given))

    def pass_on() -> None:
        if held and callable(usual):
            usual(*held[0])

    try:
        yield pass_on
    finally:
        signal.signal(signal.SIGINT, usual)


def _act(work: Callable[[], Any], telling: int) -> NoReturn:
    """Do the work in the copy: its signs of life and its end are all that others see of it."""
    try:
        faulthandler.disable()  # a crash is told in our own words
        signal.set_wakeup_fd(-1)  # that of the process whose copy this is
        hide_output()
        os.set_blocking(telling, False)
        signal.signal(signal.SIGALRM, lambda *_: os.write(telling, _SIGN))
        signal.setitimer(signal.ITIMER_REAL, BEAT, BEAT)
        with suppress(BaseException):  # it will be met again where the work is done
            work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.write(telling, _END)
        os._exit(0)


def _listen(listening: int, deadline: float, watch: Watch) -> bytes | None:
    """Wait for the end of a copy, or until it has taken too much memory.

    Returns
    -------
    bytes or None
        `_END`, or nothing if it ended without saying so; `_SIGN` if it lives and listens when its
        time is over, None if it does not listen.
    """
    last = time.monotonic()
    while True:
        left = max(deadline, last + _DEAF) - time.monotonic()
        if left <= 0:
            return None
        if select.select([listening], [], [], min(left, 2 * BEAT))[0]:
            heard = os.read(listening, 4096)
            last = time.monotonic()
            if not heard or heard.endswith(_END):
                return _END if heard else b""
            if last > deadline:
                return _SIGN
        watch.refuse_hunger()


def _computes(copy: int) -> bool:
    """Whether a process wants the processor (it may not get it on a busy machine)."""
    stat = Path(f"/proc/{copy}/stat")
    for _ in range(_LOOKS):
        if stat.read_text().rpartition(")")[2].split()[0] == "R":
            return True
        time.sleep(BEAT / _LOOKS)
    return False


def _raise_crash(status: int) -> None:
    if os.WIFSIGNALED(status) and signal.Signals(os.WTERMSIG(status)).name not in _CRASHES:
        return
    raise ended(os.waitstatus_to_exitcode(status))
