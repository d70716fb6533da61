"""Spread a kernel over the processor's cores: the calling thread and its helpers draw job numbers.

A kernel that can be shared is an ordinary serial function that draws numbers until none is left::

    @kernel
    def scale(tickets, jobs, rows, factor):
        job = draw(tickets)
        while job < jobs:
            ...  # row number `job`
            job = draw(tickets)

    launch(scale, jobs, work, rows, factor)

`launch` runs it in the calling thread and in one helper thread for every further core. All of them
draw from the same counter, so a thread that is held up simply draws less. Numba's own parallel
loops are not used: depending on what is installed they abort the process when two Python threads
start one at once, or hang after a fork.

Nothing waits for a helper that is busy elsewhere. Each launch puts one *gate* (a lock) a helper
into the queue. A helper that gets there passes the gate and holds it while it computes; the
caller, when no number is left, closes the launch, so that a late helper turns back, and passes
every gate once, which waits for those inside. So a second caller finds the helpers busy and
computes alone, and an interrupt at any moment leaves nothing behind that a later launch could trip
over: there is no shared state but the queue.

A helper never compiles, nor loads what was compiled: a thread that is inside the compiler when the
process ends would take it down. So it joins only when the first job has been drawn, which the
caller can do only once the kernel is ready for just these arguments.

Waking a sleeping thread takes as long as filtering a photograph. So a helper that has just worked
stays awake for a moment, listening for a bell outside Python; the kernel itself rings it when it
draws its first job, by when the caller has let go of Python's lock and the helper can have it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config
from numba.core import cgutils, types
from numba.extending import intrinsic

from cnnlab.kernels._jit import kernel

__all__ = ["draw", "get_num_threads", "launch", "set_num_threads", "threads"]

PARALLEL_WORK = 3_000_000  # multiply-adds below which asking a helper costs more than it saves
_PATIENCE = 10_000  # looks at a bell: about 0.1 ms

_NO_MORE = np.iinfo(np.int64).max // 2


@intrinsic
def draw(_typing, tickets):
    """Take the next job number; no two threads get the same one. The first one rings the bell."""

    def generate(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        one = ir.Constant(ir.IntType(64), 1)
        job = builder.atomic_rmw("add", array.data, one, "monotonic")
        bell = builder.load(builder.gep(array.data, [one]))
        nothing = ir.Constant(ir.IntType(64), 0)
        first = builder.and_(
            builder.icmp_signed("==", job, nothing), builder.icmp_signed("!=", bell, nothing)
        )
        with builder.if_then(first, likely=False):
            address = builder.inttoptr(bell, ir.IntType(64).as_pointer())
            builder.atomic_rmw("add", address, one, "monotonic")
        return job

    return types.int64(tickets), generate


@intrinsic
def _look(_typing, bell):
    """Read what another thread may be writing, and give way to it for a moment."""

    def generate(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        if "x86" in context.codegen().magic_tuple()[0]:
            pause = ir.FunctionType(ir.VoidType(), [])
            builder.call(
                cgutils.get_or_insert_function(builder.module, pause, "llvm.x86.sse2.pause"), []
            )
        return builder.load_atomic(array.data, "acquire", 8)

    return types.int64(bell), generate


@kernel
def _listen(bell, silent):
    """Wait, awake, until `bell` differs from `silent`, but only for a moment."""
    looks = 0
    while _look(bell) == silent and looks < _PATIENCE:
        looks += 1


class _Launch:
    """One kernel call that helpers may join."""

    __slots__ = ("arguments", "closed", "error", "finished", "inside", "kernel", "tickets")

    def __init__(self, kernel: Callable[..., None], arguments: tuple[Any, ...], bell: int) -> None:
        self.kernel = kernel
        self.arguments = arguments
        self.tickets = np.array([0, bell], np.int64)  # the next job, and where the bell is
        self.finished = np.zeros(1, np.int64)  # helpers that have left
        self.inside = 0  # helpers that have come
        self.closed = False
        self.error: BaseException | None = None

    def begun(self) -> bool:
        """Tell whether a job has been drawn; wait a moment for a caller who is about to."""
        if self.tickets[0] == 0:
            _listen(self.tickets, 0)
        return bool(self.tickets[0] > 0)


class _Team:
    """The helper threads, the queue they wait at, and the bell they listen for."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[tuple[_Launch, Lock]] = SimpleQueue()
        self.bell = np.zeros(1, np.int64)
        self.bell_address: int = self.bell.ctypes.data
        self.helpers: list[Thread] = []

    def grow(self, helpers: int) -> None:
        if not self.helpers:
            _listen(self.bell, -1)  # compiled here, not in a helper; it does not ring -1
        while len(self.helpers) < helpers:
            helper = Thread(target=self._help, name="cnnlab-helper", daemon=True)
            self.helpers.append(helper)
            helper.start()

    def _help(self) -> None:
        heard = 0
        while True:
            try:
                launch, gate = self.queue.get_nowait()
            except Empty:
                _listen(self.bell, heard)
                heard = int(self.bell[0])
                launch, gate = self.queue.get()
            with gate:
                if launch.begun() and not launch.closed:
                    launch.inside += 1
                    try:
                        launch.kernel(launch.tickets, *launch.arguments)
                    except BaseException as error:  # handed to the caller
                        launch.error = error
                    launch.finished[0] += 1
            del launch, gate  # the arrays are the caller's: keep none alive while waiting


_team = _Team()
_num_threads = max(1, config.NUMBA_NUM_THREADS)


def _forget_helpers() -> None:
    """Threads do not survive a fork: the child starts its own when it needs them."""
    global _team  # noqa: PLW0603 - a fork replaces it
    _team = _Team()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_helpers)


def get_num_threads() -> int:
    """Count the threads a large kernel is spread over, the calling one included."""
    return _num_threads


def set_num_threads(count: int) -> None:
    """Spread large kernels over `count` threads from now on.

    Parameters
    ----------
    count : int
        At least 1. The default is ``NUMBA_NUM_THREADS``, else one a core.
    """
    global _num_threads  # noqa: PLW0603 - a setting of the process
    if count < 1:
        raise ValueError(f"a kernel needs at least 1 thread, got {count}; try 1")
    _num_threads = int(count)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Spread large kernels over `count` threads inside a ``with`` block."""
    before = get_num_threads()
    set_num_threads(count)
    try:
        yield
    finally:
        set_num_threads(before)


def launch(kernel: Callable[..., None], jobs: int, work: float, *arguments: Any) -> None:
    """Run ``kernel(tickets, jobs, *arguments)`` until every job is done.

    Parameters
    ----------
    kernel : callable
        Draws job numbers from `tickets` as long as they are below `jobs`.
    jobs : int
    work : float
        Multiply-adds of all jobs together: decides whether helpers are asked.
    *arguments
        What else the kernel needs.
    """
    helpers = min(_num_threads, jobs) - 1 if work >= PARALLEL_WORK else 0
    if helpers <= 0:
        kernel(np.zeros(2, np.int64), jobs, *arguments)
        return
    team = _team
    team.grow(helpers)
    call = _Launch(kernel, (jobs, *arguments), team.bell_address)
    gates = [Lock() for _ in range(helpers)]
    interrupt = None
    try:
        for gate in gates:
            team.queue.put((call, gate))
        kernel(call.tickets, jobs, *arguments)
    finally:
        call.closed = True
        call.tickets[0] = _NO_MORE  # after an interrupt: a helper stops at its next job
        for gate in gates:
            waiting = True
            while waiting:
                try:
                    left = int(call.finished[0])
                    if call.inside > left:
                        _listen(call.finished, left)
                    with gate:  # open again once the helper inside has left
                        waiting = False
                except KeyboardInterrupt as raised:
                    interrupt = raised
    if interrupt is not None:
        raise interrupt
    if call.error is not None:
        raise call.error
