"""How many threads large operations are spread over; the results are the same to rounding.

The default is ``NUMBA_NUM_THREADS``, else one thread for every core; more than there are cores are
not used.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from cnnlab.checks import whole
from cnnlab.functional._kernels import loaded

__all__ = ["get_num_threads", "set_num_threads", "threads"]


def get_num_threads() -> int:
    """Count the threads a large operation is spread over, the calling one included.

    Returns
    -------
    int
    """
    return int(loaded("_threads").get_num_threads())


def set_num_threads(count: int) -> None:
    """Spread large operations over `count` threads from now on.

    Parameters
    ----------
    count : int
        At least 1. More than there are cores are not used: they would keep one another waiting.

    Raises
    ------
    ValueError
        If `count` is below 1.
    """
    loaded("_threads").set_num_threads(whole(count, "count"))


def threads(count: int) -> AbstractContextManager[None]:
    """Spread large operations over `count` threads inside a ``with`` block.

    Parameters
    ----------
    count : int
        At least 1.

    Returns
    -------
    context manager

    Examples
    --------
    >>> with threads(1):
    ...     get_num_threads()
    1
    """
    block: AbstractContextManager[None] = loaded("_threads").threads(whole(count, "count"))
    return block
