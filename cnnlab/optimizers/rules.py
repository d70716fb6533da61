"""Optimisers: from gradients to the next parameters. No per-layer rates, no gradient clipping."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cnnlab import functional as F
from cnnlab.checks import flag
from cnnlab.errors import DataError
from cnnlab.optimizers.checks import check_epsilon, check_rates, check_share

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop"]

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
        check_rates(self.learning_rate, self.weight_decay)
        check_share(self.momentum, "momentum", 0.9)
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
        check_rates(self.learning_rate, self.weight_decay)
        check_share(self.beta, "beta", 0.9)
        check_share(self.momentum, "momentum", 0.9)
        check_epsilon(self.epsilon)

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
        check_rates(self.learning_rate, self.weight_decay)
        check_share(self.beta1, "beta1", 0.9)
        check_share(self.beta2, "beta2", 0.999)
        check_epsilon(self.epsilon)

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
