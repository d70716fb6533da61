"""What a process uses in which an answer is rehearsed: time of the processor, and memory."""

from __future__ import annotations

import psutil

from cnnlab.buffers import free_memory, in_words
from cnnlab.exercises.endings import FatalError

__all__ = ["Watch"]

_SPARE = 1_000_000_000  # bytes that any answer may take


class Watch:
    """Looks from outside at a process, which may be gone at any time.

    Parameters
    ----------
    number : int
        Of the process.
    """

    def __init__(self, number: int) -> None:
        self._process = psutil.Process(number)
        self._taken = self._bytes()

    def computed(self) -> float:
        """Say how many seconds the processor has spent on it so far."""
        try:
            used = self._process.cpu_times()
        except psutil.Error:
            return 0.0
        return float(used.user + used.system)

    def refuse_hunger(self) -> None:
        """Refuse what has taken more memory than it has left to all others.

        Raises
        ------
        FatalError
        """
        taken = self._bytes() - self._taken
        if taken > max(_SPARE, free_memory()):
            raise FatalError(
                f"took {in_words(taken)} of memory and wanted more: is a list or an array in it "
                f"far too long?"
            )

    def _bytes(self) -> int:
        try:
            return int(self._process.memory_info().rss)
        except psutil.Error:
            return 0
