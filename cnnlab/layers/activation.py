"""Activation layers: a function of every number on its own; maxout and softmax look sideways.

Their slopes follow from their outputs, so that the output is all that `forward` keeps (maxout's
output does not tell who won: it keeps the input). `ACTIVATIONS` names those that a convolutional
or dense layer can carry with it.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from cnnlab import functional as F
from cnnlab.checks import as_float, shown
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers.base import Array, Layer, Parameters, Shape, checked_shape, settle
from cnnlab.shapes import whole

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "Activation",
    "LeakyReLU",
    "Maxout",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "activation_named",
]


def _not_below_zero(value: float, name: str, usual: float) -> float:
    number = as_float(value)
    if not 0 <= number < math.inf:
        raise DataError(
            f"{name} must be a number, 0 or more, got {shown(value)}; try {name}={usual}"
        )
    return number


class Activation(Layer):
    """A function without parameters whose slope can be read off its output."""

    @abstractmethod
    def apply(self, x: Array) -> Array:
        """Compute the function; the shape stays."""

    @abstractmethod
    def apply_backward(self, grad_output: Array, output: Array, out: Array | None = None) -> Array:
        """Multiply the gradient by the slope, given what `apply` returned.

        `out`, if given, takes the result; it may be `grad_output` itself.
        """

    def forward(
        self,
        parameters: Parameters,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        del parameters, training, rng
        output = self.apply(x)
        return output, output

    def backward(
        self, parameters: Parameters, cache: Any, grad_output: Array
    ) -> tuple[Array, dict[str, Array]]:
        del parameters
        return self.apply_backward(grad_output, cache), {}

    def backward_in_place(
        self, parameters: Parameters, cache: Any, grad_output: Array, *, inputs: bool = True
    ) -> tuple[Array | None, dict[str, Array]]:
        del parameters, inputs
        return self.apply_backward(grad_output, cache, out=grad_output), {}


@dataclass(frozen=True)
class ReLU(Activation):
    """Rectify: ``max(0, x)``.

    Examples
    --------
    >>> output, _ = ReLU().forward({}, np.array([[-2, 3]], np.float32))
    >>> output
    array([[0., 3.]], dtype=float32)
    """

    def apply(self, x: Array) -> Array:
        return F.relu(x)

    def apply_backward(self, grad_output: Array, output: Array, out: Array | None = None) -> Array:
        return F.relu_backward(grad_output, output, out=out)


@dataclass(frozen=True)
class LeakyReLU(Activation):
    """Rectify, but let a little through: ``max(slope * x, x)``.

    Parameters
    ----------
    slope : float
        Slope below zero.
    """

    slope: float = 0.1

    def __post_init__(self) -> None:
        settle(self, slope=_not_below_zero(self.slope, "slope", 0.1))

    def apply(self, x: Array) -> Array:
        return F.leaky_relu(x, self.slope)

    def apply_backward(self, grad_output: Array, output: Array, out: Array | None = None) -> Array:
        return F.leaky_relu_backward(grad_output, output, self.slope, out=out)


@dataclass(frozen=True)
class ELU(Activation):
    """Bend smoothly towards ``-alpha``: ``alpha * (exp(x) - 1)`` below zero.

    Parameters
    ----------
    alpha : float
        How far below zero the output can go.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        settle(self, alpha=_not_below_zero(self.alpha, "alpha", 1.0))

    def apply(self, x: Array) -> Array:
        return F.elu(x, self.alpha)

    def apply_backward(self, grad_output: Array, output: Array, out: Array | None = None) -> Array:
        return F.elu_backward(grad_output, output, self.alpha, out=out)


@dataclass(frozen=True)
class Sigmoid(Activation):
    """Squash into (0, 1): ``1 / (1 + exp(-x))``."""

    def apply(self, x: Array) -> Array:
        return F.sigmoid(x)

    def apply_backward(self, grad_output: Array, output: Array, out: Array | None = None) -> Array:
        return F.sigmoid_backward(grad_output, output, out=out)


@dataclass(frozen=True)
class Tanh(Activation):
    """Squash into (-1, 1): the hyperbolic tangent."""

    def apply(self, x: Array) -> Array:
        return F.tanh(x)

    def apply_backward(self, grad_output: Array, output: Array, out: Array | None = None) -> Array:
        return F.tanh_backward(grad_output, output, out=out)


@dataclass(frozen=True)
class Softmax(Activation):
    """Turn scores along the last axis into probabilities.

    A network trained with `losses.softmax_cross_entropy` ends *without* this layer: the loss takes
    plain scores, which is faster, and exact for large ones too.
    """

    def apply(self, x: Array) -> Array:
        return F.softmax(x)

    def apply_backward(self, grad_output: Array, output: Array, out: Array | None = None) -> Array:
        return F.softmax_backward(grad_output, output, out=out)


@dataclass(frozen=True)
class Maxout(Layer):
    """Keep the largest of every `pieces` neighbouring channels.

    After ``Dense(units=2 * n)`` this is the maxout unit ``max(w1.x + b1, w2.x + b2)``, n times.

    Parameters
    ----------
    pieces : int
        How many channels compete for one output.

    Notes
    -----
    Goodfellow et al. 2013, *Maxout networks*, section 3.

    Examples
    --------
    >>> Maxout(pieces=2).output_shape((8, 8, 6))
    (8, 8, 3)
    """

    pieces: int = 2

    def __post_init__(self) -> None:
        settle(self, pieces=whole(self.pieces, "pieces"))

    def output_shape(self, input_shape: Shape) -> Shape:
        *before, channels = checked_shape(input_shape)
        if channels % self.pieces:
            raise ShapeError(
                f"{channels} channels do not divide into groups of {self.pieces}; "
                f"give the layer before a multiple of {self.pieces}"
            )
        return (*before, channels // self.pieces)

    def forward(
        self,
        parameters: Parameters,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        del parameters, training, rng
        return F.maxout(x, self.pieces), x

    def backward(
        self, parameters: Parameters, cache: Any, grad_output: Array
    ) -> tuple[Array, dict[str, Array]]:
        del parameters
        return F.maxout_backward(grad_output, cache, self.pieces), {}


ACTIVATIONS: MappingProxyType[str, Activation] = MappingProxyType(
    {
        "relu": ReLU(),
        "leaky_relu": LeakyReLU(),
        "elu": ELU(),
        "sigmoid": Sigmoid(),
        "tanh": Tanh(),
        "softmax": Softmax(),
    }
)


def activation_named(name: str) -> Activation:
    """Look up the activation that a layer carries with it.

    Raises
    ------
    DataError
        If there is none of that name; the message lists them.
    """
    try:
        return ACTIVATIONS[name]
    except (KeyError, TypeError):
        raise DataError(
            f"there is no activation {shown(name)}; try one of {', '.join(ACTIVATIONS)}, or None"
        ) from None
