"""How work comes to its end: the errors that say so, and a thread that is made to end."""

from __future__ import annotations

import ctypes
import signal
import threading
import time

__all__ = ["EndlessError", "FatalError", "StoppedError", "ended", "finish", "unstoppable"]

_LOOK = 0.05  # seconds: so often the caller looks whether an interrupt has come (Windows needs it)


class StoppedError(SystemExit):
    """Raised in a learner's code that went beyond a limit.

    It is no `Exception`, so that ``except Exception`` lets it pass, and a kind of exit, so that a
    thread that ends with it says nothing.
    """


class EndlessError(Exception):
    """Raised where the work came to no end, but can be stopped half-way."""


class FatalError(Exception):
    """Raised where the work must not be done here; says why, in words that follow "your answer"."""


def finish(thread: threading.Thread, seconds: float) -> None:
    """Start a thread and wait for its end; make it end when its time is over, or at an interrupt.

    Parameters
    ----------
    thread : Thread
        A daemon: it may live on where nothing helps.
    seconds : float
    """
    thread.start()
    deadline = time.monotonic() + seconds
    try:
        while thread.is_alive() and time.monotonic() < deadline:
            thread.join(_LOOK)
    finally:
        _stop(thread)


def _stop(thread: threading.Thread) -> None:
    """Raise `StoppedError` in a thread until it ends, for a second; then leave it alone.

    After the first time the thread has a moment to say where it was stopped. The others are for
    code that catches everything: sooner or later one falls between two of its tries.
    """
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    for pause in (0.3, *[0.01] * 70):
        if not thread.is_alive():
            return
        raise_in(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(StoppedError))
        thread.join(pause)


def ended(code: int) -> FatalError:
    """Say how a process has ended that should have lived on.

    Parameters
    ----------
    code : int
        As `subprocess` gives it: below zero for a signal; Windows counts its crashes from 2^31.
    """
    how = "ended Python without a word"
    if code < 0:
        how = f"crashed Python ({signal.Signals(-code).name})"
    elif code >= 2**31:
        how = f"crashed Python ({code:#x})"
    return FatalError(f"{how}. It was tried outside the kernel: nothing of yours is lost")


def unstoppable(seconds: float) -> FatalError:
    """Say that nothing but the end of its process ends some work.

    Parameters
    ----------
    seconds : float
        How long it was given.
    """
    return FatalError(f"did not come to an end within {seconds:g} seconds, and nothing stops it")
