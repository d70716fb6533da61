"""The same network in PyTorch.

Axes there: image, channel, row, column; filters are (filter, channel, row, column), dense weights
(unit, input). So filters and weights are transposed, and the inputs of a dense layer behind a
flatten are put in another order: PyTorch lines up channel by channel, this package pixel by pixel.
Only `torch.nn.Sequential` with the layers of the course; no groups, no ceil mode.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import layers
from cnnlab.errors import DataError
from cnnlab.interop.assembly import Assembly, Named
from cnnlab.layers import Layer, Shape
from cnnlab.layers.activation import activation_named
from cnnlab.sequential import Sequential
from cnnlab.shapes import Window, pair

__all__ = ["from_torch", "to_torch"]

Order = NDArray[np.intp]


def from_torch(module: Any, input_shape: Shape | None = None) -> tuple[Sequential, Named]:
    """Take over a network from PyTorch, weights and all.

    Parameters
    ----------
    module : torch.nn.Sequential
        May hold further ones. It is not changed.
    input_shape : tuple of int, optional
        ``(height, width, channels)`` of the images: PyTorch does not store it. Not needed if the
        first layer is linear.

    Returns
    -------
    sequential : Sequential
    parameters : dict of ndarray
        By name, as ``Network.parameters``.

    Raises
    ------
    DataError
        If a layer has no counterpart here; the message names it and says what to try.
    ShapeError
        If the layers do not fit on such an input.
    """
    found = list(_modules(module))
    reader = _Reader(_input_shape(found, input_shape))
    for name, part in found:
        reader.read(name, part)
    reader.check_order("the end of the network")
    return reader.assembly.finished()


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
    try:
        import torch
    except ImportError as error:
        raise DataError("PyTorch is not installed; try pip install torch") from error
    writer = _Writer(torch)
    for row in sequential.rows:
        arrays = {name: parameters[f"{row.name}.{name}"] for name in row.parameter_shapes}
        writer.write(row.name, row.layer, row.input_shape, arrays)
    writer.check_order("the end of the network")
    return torch.nn.Sequential(*writer.modules).eval()


class _Order:
    """In which order the numbers of a flat vector come in the other world.

    After a flatten, number `j` here is number `order[j]` there, until a dense layer has mixed
    them all.
    """

    order: Order | None = None

    def flatten(self, shape: Shape) -> None:
        if len(shape) == 3:
            height, width, channels = shape
            there = np.arange(height * width * channels).reshape(channels, height, width)
            order = there.transpose(1, 2, 0).ravel()
            # With one pixel or one channel both worlds agree.
            self.order = None if np.array_equal(order, np.sort(order)) else order

    def check_order(self, where: str) -> None:
        if self.order is not None:
            raise DataError(
                f"between a flatten and {where} there is no dense layer, and PyTorch lines the "
                "numbers up in another order; end the network with a dense layer, "
                "or pool to a single pixel before the flatten"
            )


class _Reader(_Order):
    """Turn the modules of PyTorch into layers, one after the other."""

    def __init__(self, input_shape: Shape) -> None:
        self.assembly = Assembly(input_shape)

    def read(self, name: str, module: Any) -> None:
        source = f"layer {name} ({module})"
        kind = type(module)
        read = _READ.get(kind.__name__)
        # A class of the learner's own may compute something else under the same name.
        if read is None or not kind.__module__.startswith("torch.nn.modules."):
            hint = _INSTEAD.get(kind.__name__, f"try one of {', '.join(sorted(_READ))}")
            raise DataError(f"{source} has no counterpart here; {hint}")
        read(self, source, module)

    def refuse_unless(self, fine: bool, source: str, hint: str) -> None:
        if not fine:
            raise DataError(f"{source} has no counterpart here; {hint}")

    def plain(self, source: str, layer: Layer) -> None:
        self.assembly.add(layer, source)

    def convolution(self, source: str, module: Any) -> None:
        self.refuse_unless(module.groups == 1, source, "try groups=1")
        self.refuse_unless(module.padding_mode == "zeros", source, 'try padding_mode="zeros"')
        layer = layers.Conv2D(
            filters=module.out_channels,
            kernel_size=module.kernel_size,
            stride=module.stride,
            padding=module.padding,
            dilation=module.dilation,
            bias=module.bias is not None,
        )
        parameters = {"filters": _array(module.weight).transpose(2, 3, 1, 0)}
        self.assembly.add(layer, source, **parameters, **_bias(module))

    def linear(self, source: str, module: Any) -> None:
        weights = _array(module.weight).T
        if self.order is not None and len(self.order) == len(weights):
            weights = weights[self.order]
        self.order = None
        layer = layers.Dense(module.out_features, bias=module.bias is not None)
        self.assembly.add(layer, source, weights=weights, **_bias(module))

    def batch_norm(self, source: str, module: Any) -> None:
        self.refuse_unless(module.track_running_stats, source, "try track_running_stats=True")
        self.refuse_unless(module.momentum is not None, source, "try momentum=0.1")
        count = module.num_features
        parameters = {
            "scale": _array(module.weight) if module.affine else np.ones(count, np.float32),
            "shift": _array(module.bias) if module.affine else np.zeros(count, np.float32),
            "running_mean": _array(module.running_mean),
            "running_variance": _array(module.running_var),
        }
        if self.order is not None:
            parameters = {name: array[self.order] for name, array in parameters.items()}
        layer = layers.BatchNorm(momentum=1 - module.momentum, epsilon=module.eps)
        self.assembly.add(layer, source, **parameters)

    def max_pool(self, source: str, module: Any) -> None:
        self.refuse_unless(not module.ceil_mode, source, "try ceil_mode=False")
        self.refuse_unless(pair(module.dilation, "dilation") == (1, 1), source, "try dilation=1")
        self.refuse_unless(not module.return_indices, source, "try return_indices=False")
        self.plain(source, layers.MaxPool2D(module.kernel_size, module.stride, module.padding))

    def average_pool(self, source: str, module: Any) -> None:
        self.refuse_unless(not module.ceil_mode, source, "try ceil_mode=False")
        self.refuse_unless(not module.divisor_override, source, "try divisor_override=None")
        padded = any(pair(module.padding, "padding", least=0))
        self.refuse_unless(
            module.count_include_pad or not padded, source, "try count_include_pad=True"
        )
        self.plain(source, layers.AvgPool2D(module.kernel_size, module.stride, module.padding))

    def global_pool(self, source: str, module: Any) -> None:
        fine = module.output_size in {1, (1, 1)} and len(self.assembly.shape) == 3
        self.refuse_unless(fine, source, "only an output size of 1 on a volume is known")
        self.plain(source, layers.AvgPool2D((self.assembly.shape[0], self.assembly.shape[1])))

    def flatten_module(self, source: str, module: Any) -> None:
        whole = (module.start_dim, module.end_dim) == (1, -1)
        self.refuse_unless(whole, source, "try Flatten()")
        self.flatten(self.assembly.shape)
        self.plain(source, layers.Flatten())

    def softmax(self, source: str, module: Any) -> None:
        self.refuse_unless(module.dim == 1, source, "try dim=1")
        self.plain(source, layers.Softmax())


def _array(tensor: Any) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().cpu().float().numpy().copy()
    return array


def _bias(module: Any) -> Named:
    return {} if module.bias is None else {"bias": _array(module.bias)}


_READ: dict[str, Callable[[_Reader, str, Any], None]] = {
    "AdaptiveAvgPool2d": _Reader.global_pool,
    "AvgPool2d": _Reader.average_pool,
    "BatchNorm1d": _Reader.batch_norm,
    "BatchNorm2d": _Reader.batch_norm,
    "Conv2d": _Reader.convolution,
    "Dropout": lambda reader, source, module: reader.plain(source, layers.Dropout(module.p)),
    "ELU": lambda reader, source, module: reader.plain(source, layers.ELU(module.alpha)),
    "Flatten": _Reader.flatten_module,
    "Identity": lambda reader, source, module: None,  # noqa: ARG005 - it does nothing
    "LeakyReLU": lambda reader, source, module: reader.plain(
        source, layers.LeakyReLU(module.negative_slope)
    ),
    "Linear": _Reader.linear,
    "MaxPool2d": _Reader.max_pool,
    "ReLU": lambda reader, source, _: reader.plain(source, layers.ReLU()),
    "Sigmoid": lambda reader, source, _: reader.plain(source, layers.Sigmoid()),
    "Softmax": _Reader.softmax,
    "Tanh": lambda reader, source, _: reader.plain(source, layers.Tanh()),
}
_INSTEAD = {
    "Dropout2d": "try Dropout",
    "GELU": "try ELU or ReLU",
    "LogSoftmax": "try Softmax(dim=1), or leave it out: the losses here take plain scores",
    "ReLU6": "try ReLU",
    "ZeroPad2d": "give the padding to the convolution that follows",
}


def _modules(module: Any) -> Iterator[tuple[str, Any]]:
    """List the layers of a torch.nn.Sequential, those of inner ones included."""
    if type(module).__name__ != "Sequential" or not hasattr(module, "named_children"):
        raise DataError(
            f"only a torch.nn.Sequential can be taken over, got {type(module).__name__}; "
            "try torch.nn.Sequential(*module.children()) if its layers simply follow each other"
        )
    for name, child in module.named_children():
        if type(child).__name__ == "Sequential":
            yield from ((f"{name}.{inner}", part) for inner, part in _modules(child))
        else:
            yield name, child


def _input_shape(found: list[tuple[str, Any]], given: Shape | None) -> Shape:
    if given is not None:
        return tuple(given)
    if found and type(found[0][1]).__name__ == "Linear":
        return (int(found[0][1].in_features),)
    raise DataError(
        "PyTorch does not store how large the images are; "
        "try input_shape=(28, 28, 1), which is (height, width, channels)"
    )


class _Writer(_Order):
    """Turn layers into modules of PyTorch, one after the other."""

    def __init__(self, torch: Any) -> None:
        self.torch = torch
        self.modules: list[Any] = []

    def write(self, name: str, layer: Layer, shape: Shape, parameters: Named) -> None:
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
        window = _pooling_window(layer, shape)
        self.modules.append(
            self.torch.nn.MaxPool2d(
                (window.height, window.width),
                window.stride,
                # More than half a window of padding is refused there: then it comes before.
                self.padding(window, fill=-np.inf, half_at_most=True),
            )
        )

    def average_pool(self, layer: Any, shape: Shape, _: Named) -> None:
        window = _pooling_window(layer, shape)
        self.modules.append(
            self.torch.nn.AvgPool2d(
                (window.height, window.width),
                window.stride,
                self.padding(window, fill=0.0, half_at_most=True),
            )
        )

    def global_pool(self, _layer: Any, _shape: Shape, _: Named) -> None:
        self.modules += [self.torch.nn.AdaptiveAvgPool2d(1), self.torch.nn.Flatten()]

    def flatten_layer(self, _layer: Any, shape: Shape, _: Named) -> None:
        self.flatten(shape)
        self.modules.append(self.torch.nn.Flatten())

    def maxout(self, layer: Any, shape: Shape, _: Named) -> None:
        self.check_order("maxout")
        # PyTorch has none; pooling along the channels is the same thing. It takes the batch for
        # the channels of a single image, which pooling leaves apart just as well.
        pool = self.torch.nn.MaxPool3d((layer.pieces, 1, 1))
        self.modules.append(pool if len(shape) == 3 else self.torch.nn.MaxPool1d(layer.pieces))

    def padding(
        self, window: Window, *, fill: float, half_at_most: bool = False
    ) -> tuple[int, int]:
        """Give the padding for PyTorch's layer, or have a layer in front add what it cannot."""
        balanced = window.top == window.bottom and window.left == window.right
        small = 2 * window.top <= window.height and 2 * window.left <= window.width
        if balanced and (small or not half_at_most):
            return window.top, window.left
        sides = (window.left, window.right, window.top, window.bottom)
        self.modules.append(self.torch.nn.ConstantPad2d(sides, fill))
        return 0, 0

    def copy(self, tensor: Any, array: NDArray[np.float32]) -> None:
        with self.torch.no_grad():
            tensor.copy_(self.torch.from_numpy(np.array(array, dtype=np.float32)))


def _pooling_window(layer: Any, shape: Shape) -> Window:
    stride = layer.window if layer.stride is None else layer.stride
    return Window.over((shape[0], shape[1]), layer.window, stride, layer.padding)


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
    layers.Sigmoid: _activation("Sigmoid"),
    layers.Softmax: _activation("Softmax", lambda _: {"dim": 1}),
    layers.Tanh: _activation("Tanh"),
}
