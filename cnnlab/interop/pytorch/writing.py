"""From layers and their parameters to the modules of a torch.nn.Sequential."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import layers
from cnnlab.checks import kind_of
from cnnlab.errors import DataError
from cnnlab.interop.assembly import Named
from cnnlab.interop.pytorch.order import Order, load_torch
from cnnlab.layers import Layer, Shape
from cnnlab.layers.activation import activation_named
from cnnlab.sequential import Sequential, checked_parameters
from cnnlab.shapes import Window

__all__ = ["to_torch"]


def to_torch(sequential: Sequential, parameters: Mapping[str, NDArray[np.float32]]) -> Any:
    """Build the same network in PyTorch, with a copy of the weights.

    Parameters
    ----------
    sequential : Sequential
    parameters : dict of ndarray
        By name, as ``Network.parameters``.

    Returns
    -------
    torch.nn.Sequential
        In evaluation mode; it takes images as (batch, channels, height, width).

    Raises
    ------
    DataError
        If PyTorch is not installed, or a layer has no counterpart there.
    """
    torch = load_torch()
    stack = kind_of(sequential, Sequential, "sequential", "net.sequential")
    given = checked_parameters(stack, parameters)
    writer = _Writer(torch)
    for row in stack.rows:
        arrays = {name: given[f"{row.name}.{name}"] for name in row.parameter_shapes}
        writer.write(row.name, row.layer, row.input_shape, arrays)
    writer.check_order("the end of the network")
    return torch.nn.Sequential(*writer.modules).eval()


class _Writer(Order):
    """Turn layers into modules of PyTorch, one after the other."""

    def __init__(self, torch: Any) -> None:
        self.torch = torch
        self.modules: list[Any] = []
        self.name = ""  # of the layer that is being written

    def write(self, name: str, layer: Layer, shape: Shape, parameters: Named) -> None:
        self.name = name
        write = _WRITE.get(type(layer))
        if write is None:
            raise DataError(
                f"{name} ({type(layer).__name__}) has no counterpart in PyTorch; "
                f"try one of {', '.join(sorted(kind.__name__ for kind in _WRITE))}"
            )
        write(self, layer, shape, parameters)

    def convolution(self, layer: Any, shape: Shape, parameters: Named) -> None:
        window = Window.over(
            (shape[0], shape[1]), layer.kernel_size, layer.stride, layer.padding, layer.dilation
        )
        module = self.torch.nn.Conv2d(
            shape[2],
            layer.filters,
            (window.height, window.width),
            stride=window.stride,
            padding=self.padding(window, fill=0.0),
            dilation=window.dilation,
            bias=layer.bias,
        )
        self.copy(module.weight, parameters["filters"].transpose(3, 2, 0, 1))
        self.finish(module, layer, parameters)

    def dense(self, layer: Any, shape: Shape, parameters: Named) -> None:
        weights = parameters["weights"]
        if self.order is not None:
            weights = weights[np.argsort(self.order)]
        self.order = None
        module = self.torch.nn.Linear(shape[0], layer.units, bias=layer.bias)
        self.copy(module.weight, weights.T)
        self.finish(module, layer, parameters)

    def finish(self, module: Any, layer: Any, parameters: Named) -> None:
        if layer.bias:
            self.copy(module.bias, parameters["bias"])
        self.modules.append(module)
        if layer.activation is not None:
            self.write(layer.activation, activation_named(layer.activation), (), {})

    def batch_norm(self, layer: Any, shape: Shape, parameters: Named) -> None:
        if self.order is not None:
            parameters = {name: array[np.argsort(self.order)] for name, array in parameters.items()}
        kind = self.torch.nn.BatchNorm2d if len(shape) == 3 else self.torch.nn.BatchNorm1d
        module = kind(shape[-1], eps=layer.epsilon, momentum=1 - layer.momentum)
        self.copy(module.weight, parameters["scale"])
        self.copy(module.bias, parameters["shift"])
        self.copy(module.running_mean, parameters["running_mean"])
        self.copy(module.running_var, parameters["running_variance"])
        self.modules.append(module)

    def max_pool(self, layer: Any, shape: Shape, _: Named) -> None:
        window = Window.pooling((shape[0], shape[1]), layer.window, layer.stride, layer.padding)
        self.modules.append(
            self.torch.nn.MaxPool2d(
                (window.height, window.width), window.stride, self.padding(window, fill=-np.inf)
            )
        )

    def average_pool(self, layer: Any, shape: Shape, _: Named) -> None:
        window = Window.pooling((shape[0], shape[1]), layer.window, layer.stride, layer.padding)
        if not layer.count_padding and not _balanced(window):
            raise DataError(
                f"{self.name} leaves out of its averages padding that is not alike on both sides, "
                "which PyTorch cannot; try count_padding=True, or padding in whole numbers"
            )
        self.modules.append(
            self.torch.nn.AvgPool2d(
                (window.height, window.width),
                window.stride,
                self.padding(window, fill=0.0),
                count_include_pad=layer.count_padding,
            )
        )

    def rescaling(self, layer: Any, shape: Shape, _: Named) -> None:
        # PyTorch has none; a filter of one weight is the same thing, on every channel by itself.
        nn = self.torch.nn
        if len(shape) == 3:
            self.modules.append(nn.Conv2d(shape[2], shape[2], 1, groups=shape[2]))
        else:
            self.modules += [nn.Unflatten(1, (1, shape[0])), nn.Conv1d(1, 1, 1)]
        module = self.modules[-1].requires_grad_(False)
        module.weight.fill_(layer.scale)
        module.bias.fill_(layer.offset)
        if len(shape) == 1:
            self.modules.append(nn.Flatten())

    def global_pool(self, _layer: Any, _shape: Shape, _: Named) -> None:
        self.modules += [self.torch.nn.AdaptiveAvgPool2d(1), self.torch.nn.Flatten()]

    def flatten_layer(self, _layer: Any, shape: Shape, _: Named) -> None:
        self.flatten(self.name, shape)
        self.modules.append(self.torch.nn.Flatten())

    def maxout(self, layer: Any, shape: Shape, _: Named) -> None:
        self.check_order(self.name)
        # PyTorch has none; pooling along the channels is the same thing. It takes the batch for
        # the channels of a single image, which pooling leaves apart just as well.
        pool = self.torch.nn.MaxPool3d((layer.pieces, 1, 1))
        self.modules.append(pool if len(shape) == 3 else self.torch.nn.MaxPool1d(layer.pieces))

    def padding(self, window: Window, *, fill: float) -> tuple[int, int]:
        """Give the padding for PyTorch's layer, or have a layer in front add what it cannot."""
        if _balanced(window):
            return window.top, window.left
        sides = (window.left, window.right, window.top, window.bottom)
        self.modules.append(self.torch.nn.ConstantPad2d(sides, fill))
        return 0, 0

    def copy(self, tensor: Any, array: NDArray[np.float32]) -> None:
        with self.torch.no_grad():
            tensor.copy_(self.torch.from_numpy(np.array(array, dtype=np.float32)))


def _balanced(window: Window) -> bool:
    return window.top == window.bottom and window.left == window.right


def _activation(
    name: str, settings: Callable[[Any], dict[str, Any]] = lambda _: {}
) -> Callable[[_Writer, Any, Shape, Named], None]:
    def write(writer: _Writer, layer: Any, _shape: Shape, _: Named) -> None:
        writer.modules.append(getattr(writer.torch.nn, name)(**settings(layer)))

    return write


_WRITE: dict[type[Layer], Callable[[_Writer, Any, Shape, Named], None]] = {
    layers.AvgPool2D: _Writer.average_pool,
    layers.BatchNorm: _Writer.batch_norm,
    layers.Conv2D: _Writer.convolution,
    layers.Dense: _Writer.dense,
    layers.Dropout: _activation("Dropout", lambda layer: {"p": layer.rate}),
    layers.ELU: _activation("ELU", lambda layer: {"alpha": layer.alpha}),
    layers.Flatten: _Writer.flatten_layer,
    layers.GlobalAvgPool2D: _Writer.global_pool,
    layers.LeakyReLU: _activation("LeakyReLU", lambda layer: {"negative_slope": layer.slope}),
    layers.MaxPool2D: _Writer.max_pool,
    layers.Maxout: _Writer.maxout,
    layers.ReLU: _activation("ReLU"),
    layers.Rescaling: _Writer.rescaling,
    layers.Sigmoid: _activation("Sigmoid"),
    layers.Softmax: _activation("Softmax", lambda _: {"dim": 1}),
    layers.Tanh: _activation("Tanh"),
}
