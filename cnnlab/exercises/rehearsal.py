"""Try in a copy of this process what could take the process along.

A single call into C that keeps Python's lock, such as ``sum(range(10**12))``, cannot be stopped
from Python, and a crash ends everything. A forked copy can be ended from outside, and its end costs
the learner nothing. So an answer is rehearsed in a copy, and only what came to an end there, or
could be stopped, is done here. Where a copy is no safe thing to make (macOS forbids it to a process
with threads, Windows knows none, a library would wait in it for threads of its own) there is no
rehearsal.
"""

from __future__ import annotations

import builtins
import faulthandler
import io
import os
import select
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

__all__ = ["EndlessError", "FatalError", "rehearse"]

_BEAT = 0.1  # seconds between two signs that Python still listens
_DEAF = 1.0  # seconds without a sign after which it does not
_LOOKS = 10  # at a copy that does not listen: does it compute, or wait for what only we have?

_LEFT_BEHIND = ("tensorflow", "torch")
"""Libraries whose threads do not come along: in a copy a right answer could wait for ever."""

_CRASHES = {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL"}  # by name: Windows has not all of them
"""Ends that our own process would meet too; others, such as OpenMP's of a fork, it would not."""

_SIGN, _END = b".", b"e"


class EndlessError(Exception):
    """Raised where the work came to no end, but can be stopped half-way."""


class FatalError(Exception):
    """Raised where the work must not be done here; says why, in words that follow "your answer"."""


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
    if sys.platform != "linux" or any(name in sys.modules for name in _LEFT_BEHIND):
        return
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
        heard = _listen(listening, time.monotonic() + seconds)
        computes = heard is None and _computes(copy)
    finally:
        os.close(listening)
        os.kill(copy, signal.SIGKILL)  # it may be gone, but is not forgotten before the next line
        _, status = os.waitpid(copy, 0)
    if heard == _SIGN:
        raise EndlessError
    if computes:
        raise FatalError(f"did not come to an end within {seconds:g} seconds, and nothing stops it")
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
        _hide_output()
        os.set_blocking(telling, False)
        signal.signal(signal.SIGALRM, lambda *_: os.write(telling, _SIGN))
        signal.setitimer(signal.ITIMER_REAL, _BEAT, _BEAT)
        with suppress(BaseException):  # it will be met again where the work is done
            work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.write(telling, _END)
        os._exit(0)


def _hide_output() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    sys.stdout, sys.stderr = _Nowhere(), _Nowhere()
    builtins.input = _no_input
    ipython: Any = sys.modules.get("IPython")
    publisher: Any = getattr(ipython and ipython.get_ipython(), "display_pub", None)
    if hasattr(publisher, "register_hook"):
        publisher.register_hook(lambda _message: None)


class _Nowhere(io.TextIOBase):
    """A stream that keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)


def _no_input(*_: Any) -> NoReturn:
    raise EOFError


def _listen(listening: int, deadline: float) -> bytes | None:
    """Wait for the end of a copy.

    Returns
    -------
    bytes or None
        `_END`, or nothing if it ended without saying so; `_SIGN` if it lives and listens when its
        time is over, None if it does not listen.
    """
    last = time.monotonic()
    while True:
        until = max(deadline, last + _DEAF)
        ready = select.select([listening], [], [], max(0.0, until - time.monotonic()))[0]
        if not ready:
            return None
        heard = os.read(listening, 4096)
        last = time.monotonic()
        if not heard or heard.endswith(_END):
            return _END if heard else b""
        if last > deadline:
            return _SIGN


def _computes(copy: int) -> bool:
    """Whether a process wants the processor (it may not get it on a busy machine)."""
    stat = Path(f"/proc/{copy}/stat")
    for _ in range(_LOOKS):
        if stat.read_text().rpartition(")")[2].split()[0] == "R":
            return True
        time.sleep(_BEAT / _LOOKS)
    return False


def _raise_crash(status: int) -> None:
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        if name not in _CRASHES:
            return
        how = f"crashed Python ({name})"
    else:
        how = "ended Python without a word"
    raise FatalError(f"{how}. It was tried in a copy of the kernel: nothing of yours is lost")
