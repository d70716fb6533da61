"""Schedules: how the learning rate changes, by how far the training has come."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from cnnlab.checks import as_float, real
from cnnlab.optimizers.checks import check_above_0, check_from_0, check_share, refuse

__all__ = ["Constant", "Cosine", "Exponential", "OneCycle", "Schedule", "Steps"]


class Schedule(ABC):
    """A factor for the learning rate, by how far the training has come."""

    @abstractmethod
    def __call__(self, progress: float) -> float:
        """Give the factor.

        Parameters
        ----------
        progress : float
            Steps done, as a share of all steps: 0 in the first, just below 1 in the last.
        """


@dataclass(frozen=True)
class Constant(Schedule):
    """The same learning rate all along."""

    def __call__(self, progress: float) -> float:
        """Give 1."""
        _share(progress)
        return 1.0


@dataclass(frozen=True)
class Steps(Schedule):
    """Multiply by a factor at given points.

    Parameters
    ----------
    at : tuple of float
        Shares of the training.
    factor : float

    Examples
    --------
    >>> schedule = Steps(at=(0.5, 0.75), factor=0.1)
    >>> [round(schedule(progress), 3) for progress in (0, 0.6, 0.9)]
    [1.0, 0.1, 0.01]
    """

    at: tuple[float, ...] = (0.5, 0.75)
    factor: float = 0.1

    def __post_init__(self) -> None:
        check_from_0(self.factor, "factor", "factor=0.1")
        points = self.at if isinstance(self.at, list | tuple) else (math.nan,)
        if not all(0 <= as_float(point) <= 1 for point in points):
            refuse(self.at, "at", "shares of the training from 0 to 1", "at=(0.5, 0.75)")
        object.__setattr__(self, "at", tuple(points))

    def __call__(self, progress: float) -> float:
        """Give `factor` to the power of the points passed."""
        return float(self.factor ** sum(_share(progress) >= point for point in self.at))


@dataclass(frozen=True)
class Exponential(Schedule):
    """Fall by the same share in every step.

    Parameters
    ----------
    final : float
        The factor that is reached at the end.

    Examples
    --------
    >>> round(Exponential(final=0.01)(0.5), 6)
    0.1
    """

    final: float = 0.01

    def __post_init__(self) -> None:
        check_above_0(self.final, "final", "final=0.01")

    def __call__(self, progress: float) -> float:
        """Give ``final ** progress``."""
        return float(self.final ** _share(progress))


@dataclass(frozen=True)
class Cosine(Schedule):
    """Fall along half a cosine wave: slowly, quickly, slowly.

    Parameters
    ----------
    final : float
        The factor that is reached at the end.
    warmup : float
        Share of the training in which the rate first climbs from 0.

    Notes
    -----
    Loshchilov and Hutter 2017, *SGDR: stochastic gradient descent with warm restarts*, equation 5,
    one period.

    Examples
    --------
    >>> [Cosine()(progress) for progress in (0, 0.5)]
    [1.0, 0.5]
    """

    final: float = 0.0
    warmup: float = 0.0

    def __post_init__(self) -> None:
        check_from_0(self.final, "final", "final=0")
        check_share(self.warmup, "warmup", 0.1)

    def __call__(self, progress: float) -> float:
        """Give the height of the wave."""
        progress = _share(progress)
        if progress < self.warmup:
            return progress / self.warmup
        fallen = (progress - self.warmup) / (1 - self.warmup)
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * fallen)) / 2


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Climb in a straight line to the full rate, then fall in a straight line to nothing.

    Parameters
    ----------
    peak : float
        Share of the training at which the full rate is reached.
    start : float
        The factor at the beginning.

    Notes
    -----
    Smith 2018, *A disciplined approach to neural network hyper-parameters: part 1*, section 4.

    Examples
    --------
    >>> [round(OneCycle(peak=0.5, start=0.1)(progress), 2) for progress in (0, 0.5, 0.75)]
    [0.1, 1.0, 0.5]
    """

    peak: float = 0.3
    start: float = 0.1

    def __post_init__(self) -> None:
        check_share(self.peak, "peak", 0.3)
        check_from_0(self.start, "start", "start=0.1")

    def __call__(self, progress: float) -> float:
        """Give the height of the two lines."""
        progress = _share(progress)
        if progress < self.peak:
            return self.start + (1 - self.start) * progress / self.peak
        return (1 - progress) / (1 - self.peak)


def _share(progress: Any) -> float:
    """Check how far a training is, as a share of all its steps."""
    return real(progress, "progress", 0.5, least=0, most=1)
