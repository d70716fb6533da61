"""Try outside the kernel what could take the kernel along.

A single call into C that keeps Python's lock, such as ``sum(range(10**12))``, cannot be stopped
from Python, and a crash ends everything. Another process can be ended from outside. So an answer is
rehearsed in one, and only what came to an end there, or could be stopped, is done here.

A forked copy of the kernel is exact, quick and costs no memory. Where it is no safe thing to make
(macOS forbids it to a process with threads, Windows knows none, a library would wait in it for
threads of its own) the work is sent to a fresh Python that stands by.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from cnnlab.exercises import forked, standby

__all__ = ["prepare", "rehearse"]

_LEFT_BEHIND = ("tensorflow", "torch")
"""Libraries whose threads do not come along: in a copy a right answer could wait for ever."""


def prepare() -> None:
    """Get ready, where that takes a while, before the first answer comes."""
    if not _can_fork():
        standby.prepare()


def rehearse(work: Callable[[], Any], seconds: float) -> None:
    """Do some work in another process, which shows and keeps nothing.

    Parameters
    ----------
    work : callable
    seconds : float
        How long it may take.

    Raises
    ------
    EndlessError
        If it took longer, but can be stopped half-way.
    FatalError
        If nothing could stop it, or it would take the kernel along.
    """
    way = forked if _can_fork() else standby
    way.rehearse(work, seconds)


def _can_fork() -> bool:
    return sys.platform == "linux" and not any(name in sys.modules for name in _LEFT_BEHIND)
