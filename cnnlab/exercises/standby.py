"""Rehearse an answer in a fresh Python that stands by, where no copy of the kernel can be made.

There is at most one. It is started before it is needed, kept for the next answer, and replaced
where it had to be ended. It ends with the kernel, however that ends: what it waits for is a pipe.

The work is sent by cloudpickle, which writes down what a notebook has defined, with the globals it
uses. What cannot be written down, such as an open file, is not left out: half an answer may do what
the whole one does not, and a right answer must not be refused for that. So such an answer is done
without a rehearsal, and likewise where a standby does not come up, or cannot read what was sent.

It is fresh: what the kernel has loaded or compiled by now may have to be loaded or compiled there.
Meanwhile the clock stands still.
"""

from __future__ import annotations

import atexit
import io
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any, cast

from cnnlab.exercises.endings import EndlessError, StoppedError, ended, finish, unstoppable
from cnnlab.exercises.stage import BEAT, LOADS, OVER, UNREAD
from cnnlab.exercises.watch import Watch

__all__ = ["end", "prepare", "rehearse"]

_PATIENCE = 20.0  # seconds a learner may wait for a standby to come up, or to load what work needs
_STUCK = 60.0  # seconds after which it never will
_DEAF = 1.0  # seconds without a sign after which Python does not listen, if it computed meanwhile
_SILENT = 10.0  # likewise, whatever it loaded, or a busy machine computed instead
_WRITING = 3.0  # seconds to write an answer down
_LARGEST = 100_000_000  # bytes of an answer with all that it uses
_LOOK = 0.05  # seconds: so often the caller looks whether an interrupt has come (Windows needs it)
_FAILURES = 2  # after so many in a row no more standbys are started

_GONE = b""


def prepare() -> None:
    """Start a standby, if there is none: it is up when the first answer comes."""
    with _ONE:
        _start()


def rehearse(work: Callable[[], Any], seconds: float) -> None:
    """Do some work in a standby, which shows and keeps nothing.

    Parameters
    ----------
    work : callable
    seconds : float
        How long it may take, without what it has to load.

    Raises
    ------
    EndlessError
    FatalError
    """
    packed = _packed(work)
    if packed is None:
        return
    with _ONE:
        standby = _start()
        if standby is None:
            return
        try:
            standby.does(packed, seconds)
            _failures.clear()
        except _UselessError as error:
            _failures.append(error)
            end()
            _start()
        except BaseException:
            end()
            _start()
            raise


@atexit.register
def end() -> None:
    """End the standby, if there is one."""
    while _standby:
        _standby.pop().end()


class _UselessError(Exception):
    """Raised where a standby says nothing about an answer: it did not even begin."""


_ONE = threading.Lock()  # held by whoever starts, uses or ends the standby
_standby: list[_Standby] = []
_failures: list[object] = []


def _start() -> _Standby | None:
    """Give the standby, a new one where there is none; None where there can be none."""
    if _standby and not _standby[0].alive:
        end()
    if not _standby and len(_failures) < _FAILURES:
        try:
            _standby.append(_Standby())
        except OSError as error:
            _failures.append(error)
    return _standby[0] if _standby else None


def _packed(work: Callable[[], Any]) -> bytes | None:
    """Write some work down, and where it is to be done; None where that does not go.

    An object may run any code when it is written down, so that is done as an answer is: in a
    thread that can be stopped.
    """
    import cloudpickle

    packed: list[bytes] = []

    def pack() -> None:
        with suppress(Exception, StoppedError):
            parcel = _Parcel()
            cloudpickle.dump(work, parcel)
            place = (list(sys.path), str(Path.cwd()), sys.getrecursionlimit())
            packed.append(pickle.dumps((*place, parcel.getvalue())))

    finish(threading.Thread(target=pack, name="cnnlab-packing", daemon=True), _WRITING)
    return packed[0] if packed else None


class _Parcel(io.BytesIO):
    """Bytes, but not without end."""

    def write(self, data: Any) -> int:
        if self.tell() + memoryview(data).nbytes > _LARGEST:
            raise ValueError
        return super().write(data)


class _Standby:
    """A Python that waits for work: its process, and the signs it gives.

    Raises
    ------
    OSError
        If no process can be started here.
    """

    def __init__(self) -> None:
        lessons = [name for name in sys.modules if name.startswith("cnnlab.exercises.chapters.")]
        program = (
            "import signal, sys\n"
            "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"  # the kernel's, sent to its group
            f"sys.path[:] = {list(sys.path)!r}\n"
            "from cnnlab.exercises.stage import serve\n"
            f"serve({lessons!r})"
        )
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "MPLBACKEND": "agg"},  # no window
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._orders = cast(IO[bytes], self._process.stdin)
        self._told = cast(IO[bytes], self._process.stdout)
        self._signs: SimpleQueue[bytes] = SimpleQueue()
        self._busy_since, self._busy = time.monotonic(), True
        self._ear = threading.Thread(target=self._listen, name="cnnlab-standby", daemon=True)
        self._ear.start()

    @property
    def alive(self) -> bool:
        """Whether there still is such a process."""
        return self._process.poll() is None

    def does(self, packed: bytes, seconds: float) -> None:
        """Let it do some work, if it can begin in time. After an error it is of no more use.

        Raises
        ------
        EndlessError, FatalError
        _UselessError
            If it will never begin.
        """
        if self._free():
            self._send(packed)
            if self._free() == OVER:
                self._send(pickle.dumps(None))
                self._watch(seconds)

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._ear.join(1.0)
        for pipe in (self._orders, self._told):
            with suppress(OSError):  # what was not read is of no use any more
                pipe.close()

    def _listen(self) -> None:
        while heard := os.read(self._told.fileno(), 4096):
            for sign in heard:
                self._signs.put(bytes([sign]))
        self._signs.put(_GONE)

    def _hear(self, seconds: float) -> bytes | None:
        """Wait for a sign: nothing in it means that the process is gone, None that none came."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            try:
                return self._signs.get(timeout=max(0.0, min(_LOOK, left)))
            except Empty:
                if left < _LOOK:
                    return None

    def _send(self, packed: bytes) -> None:
        self._busy_since, self._busy = time.monotonic(), True
        try:
            self._orders.write(packed)
            self._orders.flush()
        except OSError:
            raise _UselessError from None

    def _free(self) -> bytes | None:
        """Wait until it has come up, or has read what was sent: one day it will.

        Returns
        -------
        bytes or None
            `OVER` or `UNREAD`; None if it takes too long this time.

        Raises
        ------
        _UselessError
        """
        deadline = self._busy_since + _PATIENCE
        while self._busy:
            sign = self._hear(deadline - time.monotonic())
            if sign in {OVER, UNREAD}:
                self._busy = False
                return sign
            if sign == _GONE or time.monotonic() > self._busy_since + _STUCK:
                raise _UselessError
            if sign is None:
                return None
        return OVER

    def _watch(self, seconds: float) -> None:
        """Wait for the end of work that has begun; raises as `does`."""
        watch = Watch(self._process.pid)
        begun = heard = time.monotonic()
        latest = begun + seconds + _PATIENCE
        computed, loads = watch.computed(), False
        while True:
            sign = self._hear(2 * BEAT)
            if sign == OVER:
                self._busy = False
                return
            if sign == _GONE:
                raise ended(self._process.wait())
            watch.refuse_hunger()
            now = time.monotonic()
            if sign is not None:
                loads = sign == LOADS
                begun = now if loads else begun
                if now > min(begun + seconds, latest):
                    raise EndlessError
                heard, computed = now, watch.computed()
                continue
            computes = not loads and watch.computed() > computed + _DEAF / 2
            if now > max(begun + seconds, heard + (_DEAF if computes else _SILENT)):
                raise unstoppable(seconds)
