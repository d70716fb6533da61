"""Optimisers: from gradients to the next parameters. Schedules: how the learning rate changes.

An optimiser holds settings and nothing that changes: the averages it keeps go in and come out as
*slots*, arrays of the shape of the parameters, so that a training can be saved and taken up again
to the bit. Schedules are functions of how far the training has come, from 0 at its first step
towards 1 after its last; they give a factor for the learning rate.
No per-layer learning rates, no gradient clipping.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy as np
from numpy.typing import NDArray

from cnnlab import functional as F
from cnnlab.checks import as_float, flag, real, shown
from cnnlab.errors import DataError

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "Exponential",
    "OneCycle",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "Steps",
]

Array = NDArray[np.float32]


class Optimizer(ABC):
    """Makes new parameters from old ones and their gradients.

    Attributes
    ----------
    learning_rate : float
        Before the schedule.
    """

    learning_rate: float

    @property
    @abstractmethod
    def slots(self) -> tuple[str, ...]:
        """Names of the arrays kept for each parameter array; all begin as zeros."""

    @abstractmethod
    def update(
        self,
        parameters: Array,
        gradients: Array,
        slots: tuple[Array, ...],
        *,
        step: int,
        learning_rate: float,
    ) -> tuple[Array, tuple[Array, ...], float]:
        """Take one step for one array of parameters. Nothing that goes in is written to.

        Parameters
        ----------
        parameters, gradients : ndarray of the same shape, float32
        slots : tuple of ndarray of that shape, float32
            In the order of `slots`.
        step : int
            Counted from 1.
        learning_rate : float
            After the schedule.

        Returns
        -------
        new_parameters : ndarray of that shape, float32
        new_slots : tuple of ndarray of that shape, float32
        squared_norm : float
            Sum of the squares of `gradients`: not finite if any of them is not.
        """


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent, with or without momentum.

    Parameters
    ----------
    learning_rate : float
    momentum : float
        Share of the velocity that survives a step; 0 for none.
    nesterov : bool
        Look one roll ahead.
    weight_decay : float
        ``weight_decay * parameter`` is added to the gradient.

    Notes
    -----
    Sutskever et al. 2013, *On the importance of initialization and momentum in deep learning*.

    Examples
    --------
    >>> weights, slope = np.ones(2, np.float32), np.array([1, -1], np.float32)
    >>> SGD(0.1).update(weights, slope, (), step=1, learning_rate=0.1)[0]
    array([0.9, 1.1], dtype=float32)
    """

    learning_rate: float = 0.05
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _check(self.learning_rate, self.weight_decay)
        _check_share(self.momentum, "momentum", 0.9)
        if flag(self.nesterov, "nesterov") and not self.momentum:
            raise DataError("Nesterov's step looks ahead along the momentum; try momentum=0.9")

    @property
    def slots(self) -> tuple[str, ...]:
        """``velocity``, if there is momentum."""
        return ("velocity",) if self.momentum else ()

    def update(
        self,
        parameters: Array,
        gradients: Array,
        slots: tuple[Array, ...],
        *,
        step: int,
        learning_rate: float,
    ) -> tuple[Array, tuple[Array, ...], float]:
        """Take one step; see `Optimizer.update`."""
        del step
        new, velocity, squared_norm = F.sgd_step(
            parameters,
            gradients,
            *slots,
            learning_rate=learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=self.weight_decay,
        )
        return new, () if velocity is None else (velocity,), squared_norm


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Slopes divided by their usual size, so that steep and flat directions step alike.

    Parameters
    ----------
    learning_rate : float
    beta : float
        Share of the running average of the squared slope that survives a step.
    momentum : float
        Share of the velocity that survives a step; 0 for none.
    epsilon : float
    weight_decay : float
        ``weight_decay * parameter`` is added to the gradient.

    Notes
    -----
    Hinton, Srivastava and Swersky 2012, *Neural networks for machine learning*, lecture 6e.
    """

    learning_rate: float = 0.001
    beta: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _check(self.learning_rate, self.weight_decay)
        _check_share(self.beta, "beta", 0.9)
        _check_share(self.momentum, "momentum", 0.9)
        _check_epsilon(self.epsilon)

    @property
    def slots(self) -> tuple[str, ...]:
        """``square``, an average of the squared slope, and with momentum ``velocity``."""
        return ("square", "velocity") if self.momentum else ("square",)

    def update(
        self,
        parameters: Array,
        gradients: Array,
        slots: tuple[Array, ...],
        *,
        step: int,
        learning_rate: float,
    ) -> tuple[Array, tuple[Array, ...], float]:
        """Take one step; see `Optimizer.update`."""
        del step
        new, square, velocity, squared_norm = F.rmsprop_step(
            parameters,
            gradients,
            *slots,
            learning_rate=learning_rate,
            beta=self.beta,
            momentum=self.momentum,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
        )
        return new, (square,) if velocity is None else (square, velocity), squared_norm


@dataclass(frozen=True)
class Adam(Optimizer):
    """A step of its own size for every parameter.

    Parameters
    ----------
    learning_rate : float
    beta1, beta2 : float
        Shares of the running averages of the slope and of its square that survive a step.
    epsilon : float
    weight_decay : float
        ``weight_decay * parameter`` is added to the gradient; `AdamW` does it otherwise.

    Notes
    -----
    Kingma and Ba 2015, *Adam: a method for stochastic optimization*.
    """

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    decoupled: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _check(self.learning_rate, self.weight_decay)
        _check_share(self.beta1, "beta1", 0.9)
        _check_share(self.beta2, "beta2", 0.999)
        _check_epsilon(self.epsilon)

    @property
    def slots(self) -> tuple[str, ...]:
        """``mean`` and ``square``: running averages of the slope and of its square."""
        return ("mean", "square")

    def update(
        self,
        parameters: Array,
        gradients: Array,
        slots: tuple[Array, ...],
        *,
        step: int,
        learning_rate: float,
    ) -> tuple[Array, tuple[Array, ...], float]:
        """Take one step; see `Optimizer.update`."""
        new, mean, square, squared_norm = F.adam_step(
            parameters,
            gradients,
            *slots,
            step=step,
            learning_rate=learning_rate,
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
            decoupled=self.decoupled,
        )
        return new, (mean, square), squared_norm


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters themselves, whatever their slopes.

    Parameters
    ----------
    learning_rate, beta1, beta2, epsilon
        As `Adam`.
    weight_decay : float
        Each step takes the share ``learning_rate * weight_decay`` off every parameter.

    Notes
    -----
    Loshchilov and Hutter 2019, *Decoupled weight decay regularization*.
    """

    weight_decay: float = 0.01

    decoupled: ClassVar[bool] = True


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
        _check_from_0(self.factor, "factor", "factor=0.1")
        points = self.at if isinstance(self.at, list | tuple) else (math.nan,)
        if not all(0 <= as_float(point) <= 1 for point in points):
            _refuse(self.at, "at", "shares of the training from 0 to 1", "at=(0.5, 0.75)")
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
        _check_above_0(self.final, "final", "final=0.01")

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
        _check_from_0(self.final, "final", "final=0")
        _check_share(self.warmup, "warmup", 0.1)

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
        _check_share(self.peak, "peak", 0.3)
        _check_from_0(self.start, "start", "start=0.1")

    def __call__(self, progress: float) -> float:
        """Give the height of the two lines."""
        progress = _share(progress)
        if progress < self.peak:
            return self.start + (1 - self.start) * progress / self.peak
        return (1 - progress) / (1 - self.peak)


# What a checkpoint may name.
OPTIMIZERS: dict[str, type[Optimizer]] = {
    kind.__name__: kind for kind in (SGD, RMSprop, Adam, AdamW)
}
SCHEDULES: dict[str, type[Schedule]] = {
    kind.__name__: kind for kind in (Constant, Steps, Exponential, Cosine, OneCycle)
}


def checked_rate(value: Any) -> float:
    """Check a learning rate.

    Raises
    ------
    DataError
        If it is not a finite number above 0.
    """
    _check_above_0(value, "learning_rate", "0.05 for SGD, 0.001 for Adam")
    return float(value)


def _check(learning_rate: Any, weight_decay: Any) -> None:
    checked_rate(learning_rate)
    _check_from_0(weight_decay, "weight_decay", "0.0005")


def _check_share(value: Any, name: str, usual: float) -> None:
    if not 0 <= as_float(value) < 1:
        _refuse(value, name, "at least 0 and below 1", f"{name}={usual}")


def _check_epsilon(epsilon: Any) -> None:
    _check_above_0(epsilon, "epsilon", "epsilon=1e-8")


def _check_above_0(value: Any, name: str, remedy: str) -> None:
    if not 0 < as_float(value) < math.inf:
        _refuse(value, name, "a number above 0", remedy)


def _check_from_0(value: Any, name: str, remedy: str) -> None:
    if not 0 <= as_float(value) < math.inf:
        _refuse(value, name, "0 or more", remedy)


def _refuse(value: Any, name: str, wanted: str, remedy: str) -> NoReturn:
    raise DataError(f"{name} must be {wanted}, got {shown(value)}; try {remedy}")


def _share(progress: Any) -> float:
    """Check how far a training is, as a share of all its steps."""
    return real(progress, "progress", 0.5, least=0, most=1)
