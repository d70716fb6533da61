"""The convolutional layer. Volumes: height, width, channels. No groups, no transposing."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, cast

import numpy as np

from cnnlab import functional as F
from cnnlab import initializers
from cnnlab.checks import flag
from cnnlab.layers.activation import activation_named
from cnnlab.layers.base import Array, Layer, Parameters, Shape, WindowSide, filled, settle, volume
from cnnlab.shapes import (
    IntPair,
    Padding,
    Window,
    conv2d_parameters,
    pair,
    whole,
    whole_or_pair,
    zeros_per_side,
)

__all__ = ["Conv2D"]


@dataclass(frozen=True)
class Conv2D(Layer):
    """Slide a bank of filters over a volume: one feature map for each filter.

    Every filter is as deep as the volume. Its sums get the filter's bias, then the activation.

    Parameters
    ----------
    filters : int
        How many, and so the number of output channels.
    kernel_size : int or (int, int)
        Rows and columns of a filter.
    stride, dilation : int or (int, int)
    padding : int or (int, int) or "same" or "valid"
        Zeros per side.
    activation : str, optional
        Applied to the sums within this layer, as in the table of the deck: one of
        `activation.ACTIVATIONS`. None leaves it to a layer of its own.
    bias : bool
        Whether each filter has one; switch it off in front of `BatchNorm`.
    initializer : str
        One of `initializers.INITIALIZERS`.

    Notes
    -----
    LeCun et al. 1998, *Gradient-based learning applied to document recognition*, section II.A.

    Examples
    --------
    >>> layer = Conv2D(filters=10, kernel_size=3)
    >>> layer.output_shape((39, 39, 3))
    (37, 37, 10)
    >>> layer.num_parameters((39, 39, 3))
    280
    """

    filters: int
    kernel_size: IntPair = 3
    stride: IntPair = 1
    padding: Padding = "valid"
    dilation: IntPair = 1
    activation: str | None = None
    bias: bool = True
    initializer: str = "glorot_uniform"

    def __post_init__(self) -> None:
        settle(
            self,
            filters=whole(self.filters, "filters"),
            kernel_size=whole_or_pair(self.kernel_size, "kernel_size"),
            stride=whole_or_pair(self.stride, "stride"),
            padding=zeros_per_side(self.padding),
            dilation=whole_or_pair(self.dilation, "dilation"),
            bias=flag(self.bias, "bias"),
        )
        initializers.get(self.initializer)
        if self.activation is not None:
            activation_named(self.activation)

    def _over(self, input_shape: Shape) -> Window:
        height, width, _ = volume(input_shape, "Conv2D")
        return Window.over(
            (height, width), self.kernel_size, self.stride, self.padding, self.dilation
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        window = self._over(input_shape)
        return window.out_height, window.out_width, self.filters

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        channels = volume(input_shape, "Conv2D")[2]
        shapes: dict[str, Shape] = {
            "filters": (*pair(self.kernel_size, "kernel_size"), channels, self.filters)
        }
        if self.bias:
            shapes["bias"] = (self.filters,)
        return shapes

    def num_parameters(self, input_shape: Shape) -> int:
        channels = volume(input_shape, "Conv2D")[2]
        return conv2d_parameters(
            *pair(self.kernel_size, "kernel_size"), channels, self.filters, bias=self.bias
        )

    def multiply_adds(self, input_shape: Shape) -> int:
        window = self._over(input_shape)
        return (
            window.out_height
            * window.out_width
            * prod(self.parameter_shapes(input_shape)["filters"])
        )

    def sliding_window(self, input_shape: Shape) -> tuple[WindowSide, WindowSide] | None:
        window = self._over(input_shape)
        return (
            (window.height, window.stride[0], window.dilation[0]),
            (window.width, window.stride[1], window.dilation[1]),
        )

    def initialize(self, input_shape: Shape, rng: np.random.Generator) -> dict[str, Array]:
        shapes = self.parameter_shapes(input_shape)
        parameters = {"filters": initializers.get(self.initializer)(shapes["filters"], rng)}
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
        convolve = F.conv2d_relu if self.activation == "relu" else F.conv2d
        output = convolve(
            x,
            parameters["filters"],
            parameters.get("bias"),
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
        )
        if self.activation not in {None, "relu"}:
            output = activation_named(self.activation).apply(output)
        return output, (x, output)

    def backward(
        self, parameters: Parameters, cache: Any, grad_output: Array
    ) -> tuple[Array, dict[str, Array]]:
        grad_x, gradients = self._gradients(parameters, cache, grad_output, inputs=True, out=None)
        return cast(Array, grad_x), gradients

    def backward_in_place(
        self, parameters: Parameters, cache: Any, grad_output: Array, *, inputs: bool = True
    ) -> tuple[Array | None, dict[str, Array]]:
        return self._gradients(parameters, cache, grad_output, inputs=inputs, out=grad_output)

    def _gradients(
        self,
        parameters: Parameters,
        cache: Any,
        grad_output: Array,
        *,
        inputs: bool,
        out: Array | None,
    ) -> tuple[Array | None, dict[str, Array]]:
        """Go back; the gradient by the sums, before the activation, is written to `out`."""
        x, output = cache
        if self.activation is not None:
            activation = activation_named(self.activation)
            grad_output = activation.apply_backward(grad_output, output, out)
        grad_x, grad_filters, grad_bias = F.conv2d_backward(
            grad_output,
            x,
            parameters["filters"],
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            images_gradient=inputs,
        )
        gradients = {"filters": grad_filters}
        if self.bias:
            gradients["bias"] = grad_bias
        return grad_x, gradients
