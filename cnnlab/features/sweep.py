"""Looking that takes its time: many images go through a network, some at a time."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

import numpy as np

from cnnlab.checks import real
from cnnlab.network import Network

__all__ = ["Sweep", "batch_of"]

_BATCH = 256  # images pushed through at once, and of a large network so many that
_BATCH_WORK = 1_000_000_000  # multiply-adds are not exceeded: tens of milliseconds


class Sweep(ABC):
    """Work that can be done some pieces at a time.

    Attributes
    ----------
    done, count : int
        Pieces done so far, and of how many.
    """

    done: int
    count: int

    def advance(self, seconds: float | None = None) -> bool:
        """Do further pieces, at least some.

        Parameters
        ----------
        seconds : float, optional
            After how long to stop; by default when all are done.

        Returns
        -------
        bool
            Whether all are done.
        """
        limit = np.inf if seconds is None else real(seconds, "seconds", 0.1, least=0)
        began = time.monotonic()
        while self.done < self.count:
            self._take_some()
            if time.monotonic() - began >= limit:
                break
        return self.done == self.count

    @abstractmethod
    def _take_some(self) -> None:
        """Do the next pieces, and count them."""


def batch_of(net: Network) -> int:
    """Say how many images are pushed through at once."""
    return max(1, min(_BATCH, _BATCH_WORK // max(1, net.sequential.multiply_adds)))
