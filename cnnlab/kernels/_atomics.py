"""Words of memory that several threads read and write, and locks, both without Python's own lock.

A word is a whole number of 64 bits, named by its address. What is done to words here is done in one
piece, and seen by every thread in the same order (*sequentially consistent*: the simplest promise,
and none of this is done often enough for a weaker one to pay).

The locks are those that Python's `threading` is made of: they exist on every system, and a thread
needs not hold the interpreter to wait for one.
"""

import ctypes

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

__all__ = ["acquire", "add", "closed_lock", "nap", "pause", "read", "release", "replace", "write"]

_WORD = ir.IntType(64)
_ORDER = "seq_cst"

int64 = types.int64


def _at(builder, address):
    return builder.inttoptr(address, _WORD.as_pointer())


@intrinsic
def read(_typing, _word):
    """Read a word."""

    def generate(_context, builder, _signature, arguments):
        return builder.load_atomic(_at(builder, arguments[0]), _ORDER, 8)

    return int64(int64), generate


@intrinsic
def write(_typing, _word, _value):
    """Write a word."""

    def generate(context, builder, _signature, arguments):
        builder.store_atomic(arguments[1], _at(builder, arguments[0]), _ORDER, 8)
        return context.get_dummy_value()

    return types.void(int64, int64), generate


@intrinsic
def add(_typing, _word, _value):
    """Add to a word, and give what it was before."""

    def generate(_context, builder, _signature, arguments):
        return builder.atomic_rmw("add", _at(builder, arguments[0]), arguments[1], _ORDER)

    return int64(int64, int64), generate


@intrinsic
def replace(_typing, _word, _old, _new):
    """Write the new value if the word is the old one, and tell whether it was."""

    def generate(_context, builder, _signature, arguments):
        word, old, new = arguments
        found = builder.cmpxchg(_at(builder, word), old, new, _ORDER, _ORDER)
        return builder.extract_value(found, 1)

    return types.boolean(int64, int64, int64), generate


@intrinsic
def pause(_typing):
    """Let the processor rest for a moment in a loop that waits."""

    def generate(context, builder, _signature, _arguments):
        if "x86" in context.codegen().magic_tuple()[0]:
            _call(builder, "llvm.x86.sse2.pause", ir.VoidType())
        return context.get_dummy_value()

    return types.void(), generate


# ---- locks --------------------------------------------------------------------------------------


def closed_lock():
    """Make a lock, closed; it lives as long as the process. Give its address."""
    python = ctypes.pythonapi
    python.PyThread_allocate_lock.restype = ctypes.c_void_p
    lock = python.PyThread_allocate_lock()
    if not lock:
        raise MemoryError("the system has no lock left to give; close other programs and try again")
    python.PyThread_acquire_lock(ctypes.c_void_p(lock), 1)
    return lock


@intrinsic
def acquire(_typing, _lock):
    """Close a lock; if it is closed already, sleep until somebody opens it."""

    def generate(context, builder, _signature, arguments):
        wait = ir.Constant(ir.IntType(32), 1)
        _call(builder, "PyThread_acquire_lock", ir.IntType(32), arguments[0], wait)
        return context.get_dummy_value()

    return types.void(int64), generate


@intrinsic
def release(_typing, _lock):
    """Open a lock; whoever sleeps on it wakes."""

    def generate(context, builder, _signature, arguments):
        _call(builder, "PyThread_release_lock", ir.VoidType(), arguments[0])
        return context.get_dummy_value()

    return types.void(int64), generate


@intrinsic
def nap(_typing, _lock, _microseconds):
    """Give the processor away: sleep on a lock that nobody opens."""

    def generate(context, builder, _signature, arguments):
        uninterrupted = ir.Constant(ir.IntType(32), 0)
        _call(builder, "PyThread_acquire_lock_timed", ir.IntType(32), *arguments, uninterrupted)
        return context.get_dummy_value()

    return types.void(int64, int64), generate


def _call(builder, name, result, *arguments):
    """Call a function of the C library, of Python's C interface or of LLVM."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)
