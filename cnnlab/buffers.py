"""Memory that is used again: large arrays for work that repeats, such as the steps of a training.

A fresh large array is slow to write to: the operating system hands its memory over page by page, at
the first touch, and takes it back when the array goes. A step of training makes the same arrays
again and again. Inside ``with pool:`` the functions of this package take large results from
the pool, and the memory goes back there when nobody holds the array, or any view of it, any more.
Nothing is ever taken from somebody who still has it. When the pool goes, so does its memory.
"""

import ctypes
import weakref
from math import inf, prod
from threading import local
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pool", "empty"]

_LEAST = 1 << 18  # bytes: below, new memory costs less than keeping account

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

    def __enter__(self) -> "Pool":
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
            memory = np.empty(size, np.float32)
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
        return np.empty(shape, np.float32)
    return pools[-1].take(shape)
