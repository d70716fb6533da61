"""Where answers are rehearsed: nothing that is done there shows, is asked, or stays.

A forked copy of the kernel hides what it prints. A fresh Python (`serve`) does the same, and
changes no files either: neither the learner's nor the progress, which would count a try twice.
"""

from __future__ import annotations

import builtins
import faulthandler
import io
import os
import pickle
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, NoReturn

__all__ = ["BEAT", "LISTENS", "LOADS", "OVER", "UNREAD", "Order", "hide_output", "serve"]

LOADS, LISTENS, OVER, UNREAD = b"\1", b"\2", b"\3", b"\4"
"""What is told of the work; no text that Python prints at its start holds them."""

Order = tuple[list[str], str, int, bytes]
"""Work, after where it is to be done: the path of modules, the folder, the depth of recursion.

It is read first, and done when it is told to by None instead of an order.
"""

BEAT = 0.1
"""Seconds between two signs that Python still listens."""

_ABANDONED = 20.0  # seconds without such a sign after which a fresh Python ends itself

_LOADERS = ("importlib.", "numba.")  # the modules whose functions run meanwhile
_DEEP = 1000  # functions that call each other

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_CHANGES = frozenset(
    {
        "os.chmod", "os.exec", "os.fork", "os.forkpty", "os.link", "os.mkdir", "os.posix_spawn",
        "os.remove", "os.rename", "os.rmdir", "os.spawn", "os.startfile", "os.symlink", "os.system",
        "os.truncate", "os.utime", "subprocess.Popen",
    }
)  # fmt: skip
"""What changes files, or starts processes that could: by the names of Python's audit events."""


def hide_output() -> None:
    """Let this process show nothing, and ask nothing, from now on."""
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


def serve(modules: Sequence[str]) -> NoReturn:
    """Do in a fresh Python what comes in, one piece of work after the other, until nobody is there.

    Parameters
    ----------
    modules : sequence of str
        What the work will need; the first piece should not have to wait for it.
    """
    orders, telling = os.fdopen(os.dup(0), "rb"), os.dup(1)
    hide_output()
    if sys.platform == "win32":
        import msvcrt

        msvcrt.SetErrorMode(msvcrt.SEM_NOGPFAULTERRORBOX)  # no window that says what crashed
    try:
        for name in modules:
            import_module(name)
        sys.addaudithook(partial(_audited, telling))
        os.write(telling, OVER)
        work: list[Callable[[], Any]] = []
        while True:
            order = pickle.load(orders)  # noqa: S301 - from our own kernel
            act = work.pop() if order is None else partial(_read, order, work)
            _finish(act, telling)
            os.write(telling, OVER if order is None or work else UNREAD)
    finally:  # nobody sends work any more, or listens to what becomes of it
        os._exit(0)


def _read(order: Order, work: list[Callable[[], Any]]) -> None:
    """Read a piece of work, and go where it is to be done."""
    sys.path[:], folder, depth, packed = order
    sys.setrecursionlimit(depth)  # the kernel's: with a high one, recursion crashes Python
    with suppress(OSError):
        os.chdir(folder)
    work[:] = [pickle.loads(packed)]  # noqa: S301 - from our own kernel


def _audited(telling: int, event: str, given: tuple[Any, ...]) -> None:
    """Refuse what changes files; tell of an import before Python's lock is taken for it."""
    if event == "import":
        os.write(telling, LOADS)
    if event in _CHANGES or (event == "open" and given[2] & _WRITES):
        raise PermissionError("nothing is changed in a rehearsal")


def _finish(act: Callable[[], Any], telling: int) -> None:
    """Act in a thread, as the kernel will, while this one tells that it can.

    Raises
    ------
    BrokenPipeError
        If the kernel is gone.
    """

    def run() -> None:
        with suppress(BaseException):  # it will be met again where the work is done
            act()

    thread = threading.Thread(target=run, name="cnnlab-check", daemon=True)
    # Needs neither Python's lock nor the kernel: a call without end does not outlive it long.
    faulthandler.dump_traceback_later(_ABANDONED, exit=True, file=1)
    thread.start()
    while thread.is_alive():
        thread.join(BEAT)
        os.write(telling, LOADS if _loads(thread) else LISTENS)
        faulthandler.dump_traceback_later(_ABANDONED, exit=True, file=1)
    faulthandler.cancel_dump_traceback_later()


def _loads(thread: threading.Thread) -> bool:
    """Whether a thread imports or compiles something just now: what is done once, here as there."""
    frame = sys._current_frames().get(thread.ident or 0)
    for _ in range(_DEEP):
        if frame is None:
            break
        if frame.f_globals.get("__name__", "").startswith(_LOADERS):
            return True
        frame = frame.f_back
    return False
