"""The dense (fully connected) layer. A flat vector of inputs, a flat vector of units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnlab import functional as F
from cnnlab import initializers
from cnnlab.checks import flag, shown
from cnnlab.errors import ShapeError
from cnnlab.layers.activation import activation_named
from cnnlab.layers.base import Array, Layer, Parameters, Shape, checked_shape, filled, settle
from cnnlab.shapes import dense_parameters, whole

__all__ = ["Dense"]


@dataclass(frozen=True)
class Dense(Layer):
    """Connect every input with every unit, each connection with a weight of its own.

    Parameters
    ----------
    units : int
        Numbers out.
    activation : str, optional
        Applied to the sums within this layer: one of `activation.ACTIVATIONS`. None leaves it to a
        layer of its own.
    bias : bool
        Whether each unit has one.
    initializer : str
        One of `initializers.INITIALIZERS`.

    Examples
    --------
    >>> Dense(units=512).num_parameters((16384,))
    8389120
    """

    units: int
    activation: str | None = None
    bias: bool = True
    initializer: str = "glorot_uniform"

    def __post_init__(self) -> None:
        settle(self, units=whole(self.units, "units"), bias=flag(self.bias, "bias"))
        initializers.get(self.initializer)
        if self.activation is not None:
            activation_named(self.activation)

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(checked_shape(input_shape)) != 1:
            raise ShapeError(
                f"Dense needs a flat vector, got {shown(input_shape)}; put Flatten() before it"
            )
        return (self.units,)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        self.output_shape(input_shape)
        shapes: dict[str, Shape] = {"weights": (input_shape[0], self.units)}
        if self.bias:
            shapes["bias"] = (self.units,)
        return shapes

    def num_parameters(self, input_shape: Shape) -> int:
        self.output_shape(input_shape)
        return dense_parameters(input_shape[0], self.units, bias=self.bias)

    def multiply_adds(self, input_shape: Shape) -> int:
        self.output_shape(input_shape)
        return input_shape[0] * self.units

    def initialize(self, input_shape: Shape, rng: np.random.Generator) -> dict[str, Array]:
        shapes = self.parameter_shapes(input_shape)
        parameters = {"weights": initializers.get(self.initializer)(shapes["weights"], rng)}
        if self.bias:
            parameters["bias"] = filled(shapes["bias"])
        return parameters

    def forward(
        self,
        parameters: Parameters,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        del training, rng
        output = F.dense(x, parameters["weights"], parameters.get("bias"))
        if self.activation is not None:
            output = activation_named(self.activation).apply(output)
        return output, (x, output)

    def backward(
        self, parameters: Parameters, cache: Any, grad_output: Array
    ) -> tuple[Array, dict[str, Array]]:
        return self._gradients(parameters, cache, grad_output, out=None)

    def backward_in_place(
        self, parameters: Parameters, cache: Any, grad_output: Array, *, inputs: bool = True
    ) -> tuple[Array | None, dict[str, Array]]:
        del inputs
        return self._gradients(parameters, cache, grad_output, out=grad_output)

    def _gradients(
        self, parameters: Parameters, cache: Any, grad_output: Array, *, out: Array | None
    ) -> tuple[Array, dict[str, Array]]:
        """Go back; the gradient by the sums, before the activation, is written to `out`."""
        x, output = cache
        if self.activation is not None:
            activation = activation_named(self.activation)
            grad_output = activation.apply_backward(grad_output, output, out)
        grad_x, grad_weights, grad_bias = F.dense_backward(grad_output, x, parameters["weights"])
        gradients = {"weights": grad_weights}
        if self.bias:
            gradients["bias"] = grad_bias
        return grad_x, gradients
