"""Memory that is used again: large arrays for work that repeats, such as the steps of a training.

A fresh large array is slow to write to: the operating system hands its memory over page by page, at
the first touch, and takes it back when the array goes. A step of training makes the same arrays
again and again. Inside ``with pool:`` the functions of this package take large results from
the pool, and the memory goes back there when nobody holds the array, or any view of it, any more.
Nothing is ever taken from somebody who still has it. When the pool goes, so does its memory.

What would not fit is refused before it is allocated. Most systems grant more than they have, and
end the whole process later, at the first touch.
"""

from __future__ import annotations

import ctypes
import weakref
from math import inf, prod
from pathlib import Path
from threading import local
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import ShapeError

__all__ = ["Pool", "empty", "free_memory", "fresh", "in_words", "refuse_beyond_memory"]

_LEAST = 1 << 18  # bytes: below, new memory costs less than keeping account
_LEAST_ASKED = 1 << 26  # bytes: below, nobody asks the system how much is free
_CONTROL_GROUP = Path("/sys/fs/cgroup")  # where Linux tells a container what it may use

_current = local()


class Pool:
    """Memory to be used again by whatever runs in this thread inside a ``with`` block.

    Parameters
    ----------
    most : float
        Bytes lent and kept, about: where several threads take at once, the account may be a little
        off. Beyond that, an array is an ordinary one.

    Examples
    --------
    >>> with Pool():
    ...     first = empty((1024, 1024))
    ...     address = first.ctypes.data
    ...     del first
    ...     empty((1024, 1024)).ctypes.data == address
    True
    """

    def __init__(self, most: float = inf) -> None:
        self._most = most
        self._known = 0  # bytes, in use and free
        self._free: dict[int, list[NDArray[np.float32]]] = {}
        self._leases: dict[int, _Lease] = {}
        self._ended: list[_Lease] = []

    def __enter__(self) -> Pool:
        _current.pools = (*_opened(), self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _current.pools = _opened()[:-1]

    def take(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Give an array of the shape, with anything in it.

        Parameters
        ----------
        shape : tuple of int

        Returns
        -------
        ndarray, float32
        """
        self._take_back()
        size = prod(shape)
        try:
            memory = self._free[size].pop()
        except LookupError:
            memory = fresh((size,), shape)
            if self._known + memory.nbytes > self._most:  # of sizes needed once: begin anew
                self._known -= sum(array.nbytes for some in self._free.values() for array in some)
                self._free = {}
            if self._known + memory.nbytes > self._most:
                return memory.reshape(shape)
            self._known += memory.nbytes
        # NumPy makes every view hold on to the lender, so its end is the end of them all. What is
        # called then is not Python: an interrupt that fell into it would be lost.
        lender = (ctypes.c_float * size).from_buffer(memory.data)
        lease = _Lease(lender, self._ended.append)
        lease.memory = memory
        self._leases[id(lease)] = lease
        return np.frombuffer(memoryview(lender), np.float32).reshape(shape)

    def _take_back(self) -> None:
        """Note which arrays nobody holds any more."""
        while self._ended:
            try:
                lease = self._ended.pop()
            except IndexError:  # another thread was quicker
                return
            del self._leases[id(lease)]
            self._free.setdefault(lease.memory.size, []).append(lease.memory)


class _Lease(weakref.ref["ctypes.Array[ctypes.c_float]"]):
    """Notices when nobody holds an array any more, and knows its memory."""

    __slots__ = ("memory",)

    memory: NDArray[np.float32]


def _opened() -> tuple[Pool, ...]:
    """Give the pools that this thread has opened, the innermost last."""
    pools: tuple[Pool, ...] = getattr(_current, "pools", ())
    return pools


def empty(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Give a float32 array with anything in it, as ``np.empty``; from the pool if there is one.

    Parameters
    ----------
    shape : tuple of int

    Returns
    -------
    ndarray, float32
    """
    pools = _opened()
    if not pools or 4 * prod(shape) < _LEAST:
        return fresh(shape)
    return pools[-1].take(shape)


def fresh(shape: tuple[int, ...], called: tuple[int, ...] | None = None) -> NDArray[np.float32]:
    """Give a new float32 array with anything in it, never from a pool.

    Parameters
    ----------
    shape : tuple of int
    called : tuple of int, optional
        Its shape in a message, if that is another.

    Returns
    -------
    ndarray, float32

    Raises
    ------
    ShapeError
        If it would not fit in memory.
    """
    size = 4 * prod(shape)
    if size < _LEAST_ASKED:
        return np.empty(shape, np.float32)
    what = f"an array of shape {called or shape}"
    instead = "try fewer or smaller images, less padding or a larger stride"
    refuse_beyond_memory(size, what, instead)
    try:
        return np.empty(shape, np.float32)
    except MemoryError as error:  # somebody was quicker, or there is a limit that we do not know
        raise ShapeError(
            f"{what} takes {in_words(size)}, and this computer does not give them; {instead}"
        ) from error


def refuse_beyond_memory(size: int, what: str, instead: str) -> None:
    """Refuse what would not fit.

    Parameters
    ----------
    size : int
        Bytes that are about to be allocated, all together.
    what, instead : str
        What they are for, and what to try, for the message.

    Raises
    ------
    ShapeError
        If there is not as much free memory.
    """
    if size >= _LEAST_ASKED and size > (free := free_memory()):
        raise ShapeError(
            f"{what} takes {in_words(size)}, and about {in_words(free)} are free here; {instead}"
        )


def free_memory() -> int:
    """Say how many bytes can still be had: of this computer, or of the container we are in.

    Returns
    -------
    int
    """
    import psutil

    free = int(psutil.virtual_memory().available + psutil.swap_memory().free)
    try:
        most = int((_CONTROL_GROUP / "memory.max").read_text())
        used = int((_CONTROL_GROUP / "memory.current").read_text())
        counts = (_CONTROL_GROUP / "memory.stat").read_text().split()
    except (OSError, ValueError):  # no container, or one without a limit: "max"
        return free
    # Files that were read count as used, but give way.
    kept = dict(zip(counts[::2], counts[1::2], strict=True))
    return min(free, most - used + int(kept.get("inactive_file", 0)))


def in_words(size: float) -> str:
    """Write a number of bytes as people say it.

    Examples
    --------
    >>> in_words(553_430_176), in_words(3.2e15)
    ('553 MB', '3.2 PB')
    """
    units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"]
    while size >= 1000 and len(units) > 1:
        size /= 1000
        del units[0]
    return f"{size:.{1 if units[0] in ('GB', 'TB', 'PB', 'EB') else 0}f} {units[0]}"
