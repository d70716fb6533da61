"""How many threads large operations are spread over; the results are the same to rounding.

The default is ``NUMBA_NUM_THREADS``, else one thread for every core.
"""

from contextlib import AbstractContextManager
from types import ModuleType

__all__ = ["get_num_threads", "set_num_threads", "threads"]


def _threads() -> ModuleType:
    from cnnlab.kernels import _threads as module

    return module


def get_num_threads() -> int:
    """Count the threads a large operation is spread over, the calling one included.

    Returns
    -------
    int
    """
    return int(_threads().get_num_threads())


def set_num_threads(count: int) -> None:
    """Spread large operations over `count` threads from now on.

    Parameters
    ----------
    count : int
        At least 1; more than the machine has cores rarely helps.

    Raises
    ------
    ValueError
        If `count` is below 1.
    """
    _threads().set_num_threads(count)


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
    block: AbstractContextManager[None] = _threads().threads(count)
    return block
