"""Spread a kernel over the processor's cores: the calling thread and its helpers draw job numbers.

A kernel that can be shared is an ordinary serial function that draws numbers until none is left::

    @kernel
    def scale(tickets, jobs, rows, factor):
        job = begin(tickets)
        while job < jobs:
            ...  # row number `job`
            job = draw(tickets, jobs)

    launch(scale, jobs, work, rows, factor)

`launch` calls it. `begin` draws the first number and, if the work is worth it, puts the call on a
*board*: where the kernel is, and its arguments. Every helper that reads this makes the same call.
All draw from one counter, so a thread that is held up simply draws less. When no number is left,
`draw` takes the call off the board and waits for the helpers that are inside, so that a kernel
returns when all is done. Between `begin` and the last `draw` a kernel must not raise.

Numba's own parallel loops are not used: depending on what is installed they abort the process when
two Python threads start one at once, or hang after a fork. Here nobody needs Python's lock to share
work, and nobody waits for a helper that has not come:

- The board holds one call. Who finds it taken computes alone.
- A helper says that it is inside, and only then looks whether the call still stands; the caller
  takes the call off, and only then looks whether somebody is inside. So no helper can read
  arguments that are gone.
- Of the tickets a helper is given the counter alone; from this `begin` and `draw` know it.
- A helper without work looks at the board for a moment, then goes to sleep on a lock, and says so.
  Who puts a call on the board opens the locks of those who sleep.

An interrupt cannot fall into compiled code, so no launch is left half done. Helpers are told to
leave before the interpreter ends. All this leans on Numba's insides. Where a new Numba no longer
compiles what the helpers run, there are none: everything is computed on the calling thread, with
the same results.
"""

import atexit
import ctypes
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import ceil
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config
from numba.core import cgutils, types
from numba.extending import intrinsic

from cnnlab.kernels._atomics import (
    acquire,
    add,
    closed_lock,
    nap,
    pause,
    read,
    release,
    replace,
    write,
)
from cnnlab.kernels._jit import inlined, kernel

__all__ = ["begin", "draw", "get_num_threads", "launch", "prepare", "set_num_threads", "threads"]

HELPER_WORK = 1_500_000  # multiply-adds that make it worth while to ask one helper more
_MOST_HELPERS = 255
_PATIENCE = 25_000  # looks at the board before a helper sleeps: some 0.5 ms
_HASTE = 1_000  # looks before a caller naps while a helper finishes its last job
_NAP = 50  # microseconds: long enough to give the processor to a helper that lacks one

# The words of a call. Arguments follow: one word each, an array has one for every field.
_NEXT, _BOARD, _SEATS, _ON_BOARD, _ENTRY, _FAILED, _ARGUMENTS = range(7)
_ROOM = 256
_SIZE = 2  # which of them says how many tickets there are: the third field of the first argument

# The words of a board, each in a cache line of its own, and then two lines for every helper. The
# pillow is a lock that stays closed. A caller who waits for helpers to finish sleeps on it, some
# microseconds at a time: to wait for a lock is the one way to sleep that every system has, and that
# compiled code can take.
_LINE = 64
_CALL, _NUMBER, _FREE_SEATS, _INSIDE, _STOP, _PILLOW, _HELPERS = (_LINE * n for n in range(7))
_LOCK, _ASLEEP = 0, _LINE  # in a helper's lines

_FREE, _RESERVED = 0, 1  # the call on a board is an address, or one of these

_WORD = ir.IntType(64)
_WORDS = _WORD.as_pointer()


@intrinsic
def begin(_typing, tickets):
    """Take the first job number. Who gets number 0 puts the call on the board, if it has one."""

    def generate(context, builder, signature, arguments):
        words, size, job = _next(context, builder, signature, arguments)
        first = builder.icmp_signed("==", job, _constant(0))
        with builder.if_then(builder.and_(first, _is_owner(builder, size)), likely=False):
            _write_down(builder, words)
            _compiled(context, builder, _publish, words)
        return job

    return types.int64(tickets), generate


@intrinsic
def draw(_typing, tickets, _jobs):
    """Take the next job number. When none is left, who began takes the call off the board."""

    def generate(context, builder, signature, arguments):
        words, size, job = _next(context, builder, signature, arguments)
        last = builder.icmp_signed(">=", job, arguments[1])
        with builder.if_then(builder.and_(last, _is_owner(builder, size)), likely=False):
            _compiled(context, builder, _withdraw, words)
        return job

    return types.int64(tickets, types.int64), generate


def _next(context, builder, signature, arguments):
    """Give the words of a call, how many there are to be seen, and the next job number."""
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    job = builder.atomic_rmw("add", array.data, _constant(1), "monotonic")
    return array.data, array.nitems, job


def _is_owner(builder, size):
    """Tell whether more can be seen than the counter."""
    return builder.icmp_signed(">", size, _constant(1))


def _compiled(context, builder, function, words):
    """Call a function that takes the address of a call."""
    address = builder.ptrtoint(words, _WORD)
    context.compile_internal(builder, function, types.void(types.int64), [address])


def _constant(number):
    return ir.Constant(_WORD, number)


def _write_down(builder, words):
    """Note the kernel that is being written, and the arguments it was called with."""
    kernel = builder.function
    arguments = kernel.args[2:]  # the first two take what it returns and raises
    if arguments[_SIZE].type != _WORD:
        raise TypeError(f"the tickets must be the first argument of {kernel.name}")
    if _ARGUMENTS + len(arguments) > _ROOM:
        raise ValueError(f"a call has room for {_ROOM - _ARGUMENTS} words, got {len(arguments)}")
    for place, argument in enumerate(arguments, _ARGUMENTS):
        slot = _word(builder, words, place)
        builder.store(argument, builder.bitcast(slot, argument.type.as_pointer()))
    entry = builder.ptrtoint(_entry(builder.module, kernel), _WORD)
    builder.store(entry, _word(builder, words, _ENTRY))


def _entry(module, kernel):
    """Write a function that makes a call which was written down; it gives 0 if all went well."""
    entry = ir.Function(module, ir.FunctionType(_WORD, [_WORDS]), module.get_unique_name("entry"))
    entry.linkage = "internal"
    builder = ir.IRBuilder(entry.append_basic_block())
    arguments = [
        builder.load(builder.bitcast(_word(builder, entry.args[0], place), kind.as_pointer()))
        for place, kind in enumerate(kernel.function_type.args[2:], _ARGUMENTS)
    ]
    arguments[_SIZE] = _constant(1)  # of the tickets, a helper sees the counter
    returned, raised = (
        cgutils.alloca_once(builder, kind.pointee) for kind in kernel.function_type.args[:2]
    )
    status = builder.call(kernel, [returned, raised, *arguments])
    builder.ret(builder.zext(status, _WORD))
    return entry


def _word(builder, words, number):
    return builder.gep(words, [_constant(number)])


@intrinsic
def _make(_typing, call):
    """Make a call that is on the board; give 0 if all went well."""

    def generate(_context, builder, _signature, arguments):
        words = builder.inttoptr(arguments[0], _WORDS)
        entry = builder.load(_word(builder, words, _ENTRY))
        kind = ir.FunctionType(_WORD, [_WORDS])
        return builder.call(builder.inttoptr(entry, kind.as_pointer()), [words])

    return types.int64(call), generate


@inlined
def _wake(board, seats):
    """Wake those of the first helpers who sleep."""
    for seat in range(seats):
        lines = board + _HELPERS + 2 * _LINE * seat
        if replace(lines + _ASLEEP, 1, 0):
            release(read(lines + _LOCK))


def _publish(call):
    """Put a call on the board, if there is room, and wake the helpers it may need."""
    board, seats = read(call + 8 * _BOARD), read(call + 8 * _SEATS)
    if replace(board + _CALL, _FREE, _RESERVED):
        write(call + 8 * _ON_BOARD, 1)
        write(board + _FREE_SEATS, seats)
        add(board + _NUMBER, 1)
        write(board + _CALL, call)
        _wake(board, seats)


def _withdraw(call):
    """Take a call off the board, if it is there, and wait for the helpers that are inside."""
    if read(call + 8 * _ON_BOARD) == 1:
        board = read(call + 8 * _BOARD)
        write(board + _CALL, _RESERVED)
        looks = 0
        while read(board + _INSIDE) > 0:
            looks += 1
            if looks % _HASTE > 0:
                pause()
            else:
                nap(read(board + _PILLOW), _NAP)
        write(board + _CALL, _FREE)


@kernel
def _dismiss(board, helpers):
    """Tell the helpers to leave."""
    write(board + _STOP, 1)
    _wake(board, helpers)


@kernel
def _help(board, seat):
    """Make the calls that are written on the board, each once, until told to stop."""
    lines = board + _HELPERS + 2 * _LINE * seat
    made, looks = 0, 0
    while read(board + _STOP) == 0:
        call = read(board + _CALL)
        if call > _RESERVED and read(board + _NUMBER) != made:
            add(board + _INSIDE, 1)
            if read(board + _CALL) == call:  # it will stand until this helper has left
                made = read(board + _NUMBER)
                if add(board + _FREE_SEATS, -1) > 0 and _make(call) != 0:
                    write(call + 8 * _FAILED, 1)
            add(board + _INSIDE, -1)
            looks = 0
        elif looks < _PATIENCE:
            looks += 1
            pause()
        else:
            looks = 0
            write(lines + _ASLEEP, 1)
            news = read(board + _STOP) == 1 or (
                read(board + _CALL) > _RESERVED and read(board + _NUMBER) != made
            )
            if not (news and replace(lines + _ASLEEP, 1, 0)):
                acquire(read(lines + _LOCK))


class _Team:
    """The helper threads, and the board they look at."""

    def __init__(self) -> None:
        size = _HELPERS + 2 * _LINE * _MOST_HELPERS
        self._memory = np.zeros((size + _LINE) // 8, np.int64)
        start: int = self._memory.ctypes.data
        self.board = -(-start // _LINE) * _LINE
        self._words = self._memory[(self.board - start) // 8 :]
        self._words[_PILLOW // 8] = closed_lock()
        self._kept_off: list[int | None] = []  # the processor that each helper must not use
        self._growing = Lock()
        self.helpers: list[Thread] = []

    def grow(self, helpers: int) -> bool:
        """Have so many helpers at least, and say so: not where they do not compile."""
        with self._growing:
            if not self.helpers and not self._compiled():
                return False
            while len(self.helpers) < helpers:
                seat = len(self.helpers)
                self._words[(_HELPERS + 2 * _LINE * seat + _LOCK) // 8] = closed_lock()
                helper = Thread(
                    target=_help, args=(self.board, seat), name="cnnlab-helper", daemon=True
                )
                self._kept_off.append(None)
                self.helpers.append(helper)
                helper.start()
        return True

    def _compiled(self) -> bool:
        """Make ready here what helpers run: one must not be in the compiler when Python ends."""
        try:
            _dismiss(self.board, 0)
            _help(self.board, 0)
        except Exception as error:  # whatever another Numba makes of its own insides
            _work_alone(error)
            return False
        self._words[_STOP // 8] = 0
        return True

    def keep_apart(self, seats: int) -> None:
        """Keep the helpers off the processor of the caller, who is not going to leave it.

        Some systems put both on one, to save a processor's waking up: virtual machines above all.
        """
        here = _processor() if _processor is not None else None
        for seat in range(seats):
            helper = self.helpers[seat].native_id
            if self._kept_off[seat] != here and helper is not None:
                self._kept_off[seat] = here
                elsewhere = os.sched_getaffinity(0) - {here}
                if elsewhere:
                    with suppress(OSError):  # not allowed, or the processor has just gone
                        os.sched_setaffinity(helper, elsewhere)

    def dismiss(self) -> None:
        """Let the helpers leave: compiled code is about to go."""
        if self.helpers:
            _dismiss(self.board, len(self.helpers))
            for helper in self.helpers:
                helper.join(timeout=1)


_team = _Team()
_processor = (
    getattr(ctypes.CDLL(None), "sched_getcpu", None) if hasattr(os, "sched_setaffinity") else None
)
_SHARE = Path("/sys/fs/cgroup/cpu.max")  # microseconds a container may compute in so many


def _cores() -> int:
    """Count the processors that this process may use at a time.

    More threads than that would take turns, and those who wait in a kernel keep those who work off.
    """
    pinned = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if pinned else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # there is no such file, or it says "max"
        share, period = map(int, _SHARE.read_text().split())
        cores = min(cores, ceil(share / period))
    return max(1, cores)


_num_threads = max(1, min(config.NUMBA_NUM_THREADS, _cores()))
_helpers_compile = True


def _work_alone(error: Exception) -> None:
    """Use one thread from now on, and say why."""
    global _helpers_compile, _num_threads
    _helpers_compile, _num_threads = False, 1
    problem = str(error).partition("\n")[0]
    warnings.warn(
        f"cnnlab computes on one thread: its helper threads do not compile with this Numba "
        f"({type(error).__name__}: {problem}). Results are the same; for more speed try "
        f"pip install --upgrade --force-reinstall cnnlab, which brings a Numba that fits",
        RuntimeWarning,
        stacklevel=2,
    )


def _forget_helpers() -> None:
    """Threads do not survive a fork: the child starts its own when it needs them."""
    global _team  # noqa: PLW0603 - a fork replaces it
    _team = _Team()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_helpers)


def _dismiss_helpers() -> None:
    """Compiled code goes when the interpreter ends: nobody may be in it then."""
    _team.dismiss()


atexit.register(_dismiss_helpers)


def prepare() -> None:
    """Compile what helpers run, also where there is no core for one yet."""
    _team.grow(0)


def get_num_threads() -> int:
    """Count the threads a large kernel is spread over, the calling one included."""
    return _num_threads


def set_num_threads(count: int) -> None:
    """Spread large kernels over `count` threads from now on.

    Parameters
    ----------
    count : int
        At least 1; more than there are cores are not used. The default is ``NUMBA_NUM_THREADS``,
        else one a core.
    """
    global _num_threads  # noqa: PLW0603 - a setting of the process
    if count < 1:
        raise ValueError(f"a kernel needs at least 1 thread, got {count}; try 1")
    _num_threads = min(int(count), _cores()) if _helpers_compile else 1


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
        Multiply-adds of all jobs together: decides how many helpers are asked.
    *arguments
        What else the kernel needs.

    Raises
    ------
    MemoryError
        If a helper found no memory for what it has to note down; jobs may be missing then.
    """
    if work < HELPER_WORK or _num_threads == 1 or jobs < 2:
        kernel(np.zeros(1, np.int64), jobs, *arguments)
        return
    helpers = min(_num_threads - 1, jobs - 1, int(work / HELPER_WORK), _MOST_HELPERS)
    team = _team
    if len(team.helpers) < helpers and not team.grow(helpers):
        kernel(np.zeros(1, np.int64), jobs, *arguments)
        return
    team.keep_apart(helpers)
    call = np.zeros(_ROOM, np.int64)
    call[_BOARD], call[_SEATS] = team.board, helpers
    kernel(call, jobs, *arguments)
    if call[_FAILED]:
        raise MemoryError(
            f"a helper thread of {kernel.__name__} ran out of memory; "
            "try a smaller batch, or close other programs"
        )
