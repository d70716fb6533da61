"""The same network in PyTorch.

Axes there: image, channel, row, column; filters are (filter, channel, row, column), dense weights
(unit, input). So filters and weights are transposed, and the inputs of a dense layer behind a
flatten are put in another order: PyTorch lines up channel by channel, this package pixel by pixel.
Only `torch.nn.Sequential` with the layers of the course; no groups, no ceil mode. What only acts in
training, such as the dropping of whole maps, is left out. A module that is used twice comes twice,
each time with a copy of its weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import layers
from cnnlab.buffers import refuse_beyond_memory
from cnnlab.checks import kind_of
from cnnlab.errors import DataError, ShapeError
from cnnlab.interop.assembly import Assembly, Named
from cnnlab.layers import Layer, Shape
from cnnlab.layers.activation import activation_named
from cnnlab.sequential import Sequential, checked_parameters
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
    nn = _torch().nn
    found = list(_leaves(nn, "", module))
    reader = _Reader(nn, _input_shape(found, input_shape))
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
    torch = _torch()
    stack = kind_of(sequential, Sequential, "sequential", "net.sequential")
    given = checked_parameters(stack, parameters)
    writer = _Writer(torch)
    for row in stack.rows:
        arrays = {name: given[f"{row.name}.{name}"] for name in row.parameter_shapes}
        writer.write(row.name, row.layer, row.input_shape, arrays)
    writer.check_order("the end of the network")
    return torch.nn.Sequential(*writer.modules).eval()


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise DataError("PyTorch is not installed; try pip install torch") from error
    return torch


class _Order:
    """In which order the numbers of a flat vector come in the other world.

    After a flatten, number `j` here is number `order[j]` there, until a dense layer has mixed
    them all.
    """

    order: Order | None = None
    flattened = ""  # by which layer

    def flatten(self, source: str, shape: Shape) -> None:
        if len(shape) == 3:
            height, width, channels = shape
            refuse_beyond_memory(
                8 * height * width * channels,
                f"the order of the numbers of a volume of shape {shape}",
                "check input_shape, which is (height, width, channels)",
            )
            there = np.arange(height * width * channels).reshape(channels, height, width)
            order = there.transpose(1, 2, 0).ravel()
            # With one pixel or one channel both worlds agree.
            self.order = None if np.array_equal(order, np.sort(order)) else order
            self.flattened = source

    def check_order(self, where: str) -> None:
        if self.order is not None:
            raise DataError(
                f"between {self.flattened} and {where} there is no dense layer, and PyTorch lines "
                "the numbers up in another order; end the network with a dense layer, "
                "or pool to a single pixel before the flatten"
            )


class _Reader(_Order):
    """Turn the modules of PyTorch into layers, one after the other."""

    def __init__(self, nn: Any, input_shape: Shape) -> None:
        self.nn = nn
        self.assembly = Assembly(input_shape)

    @property
    def shape(self) -> Shape:
        return self.assembly.shape

    def read(self, name: str, module: Any) -> None:
        source = f"layer {name} ({module})"
        kind = type(module)
        read = _READ.get(kind.__name__)
        # A class of the learner's own may compute something else under the same name.
        if read is None or kind is not getattr(self.nn, kind.__name__):
            hint = _INSTEAD.get(kind.__name__, f"try one of {', '.join(sorted(_READ))}")
            if kind.__name__.startswith("Parametrized"):
                hint = "try torch.nn.utils.parametrize.remove_parametrizations"
            raise DataError(f"{source} has no counterpart here; {hint}")
        try:
            read(self, source, module)
        except (DataError, ShapeError) as error:
            if source in str(error):
                raise
            raise type(error)(f"{source} has no counterpart here: {error}") from error
        except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise DataError(
                f"{source} cannot be read ({error!r}); is it as PyTorch made it?"
            ) from error

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
        fine = module.track_running_stats and module.running_mean is not None
        self.refuse_unless(fine, source, "try track_running_stats=True")
        self.refuse_unless(module.momentum is not None, source, "try momentum=0.1")
        axes = 3 if type(module) is self.nn.BatchNorm2d else 1
        self.refuse_unless(len(self.shape) == axes, source, f"it does not fit on {self.shape}")
        count = module.num_features
        weight, bias = module.weight, module.bias
        parameters = {
            "scale": np.ones(count, np.float32) if weight is None else _array(weight),
            "shift": np.zeros(count, np.float32) if bias is None else _array(bias),
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
        layer = layers.AvgPool2D(
            module.kernel_size,
            module.stride,
            module.padding,
            count_padding=module.count_include_pad,
        )
        self.plain(source, layer)

    def adaptive_pool(self, source: str, module: Any) -> None:
        """Pool to a number of rows and columns, by a window that says the same if they divide."""
        self.refuse_unless(len(self.shape) == 3, source, "try it in front of Flatten()")
        self.refuse_unless(
            not getattr(module, "return_indices", False), source, "try return_indices=False"
        )
        size, wanted = self.shape[:2], module.output_size
        both = wanted if isinstance(wanted, tuple | list) else (wanted, wanted)
        counts = [n if count is None else count for n, count in zip(size, both, strict=True)]
        self.refuse_unless(
            all(n % count == 0 for n, count in zip(size, counts, strict=True)),
            source,
            f"{size[0]}x{size[1]} pixels do not divide into {counts[0]}x{counts[1]}; "
            "try an output size that divides them, such as 1",
        )
        window = size[0] // counts[0], size[1] // counts[1]
        average = type(module) is self.nn.AdaptiveAvgPool2d
        self.plain(source, (layers.AvgPool2D if average else layers.MaxPool2D)(window))

    def pad(self, source: str, module: Any) -> None:
        left, right, top, bottom = module.padding
        self.assembly.pad(source, top, bottom, left, right, float(getattr(module, "value", 0)))

    def flatten_module(self, source: str, module: Any) -> None:
        axes = range(len(self.shape) + 1)  # the batch is one of them
        whole = [axes[module.start_dim], axes[module.end_dim]] == [1, axes[-1]]
        self.refuse_unless(whole, source, "try Flatten()")
        self.flatten(source, self.shape)
        self.plain(source, layers.Flatten())

    def softmax(self, source: str, module: Any) -> None:
        axes = range(len(self.shape) + 1)
        fine = module.dim is None or axes[module.dim] == 1
        self.refuse_unless(fine, source, "try dim=1")
        self.plain(source, layers.Softmax())

    def softmax_2d(self, source: str, _: Any) -> None:
        self.refuse_unless(len(self.shape) == 3, source, "try Softmax(dim=1)")
        self.plain(source, layers.Softmax())

    def nothing(self, source: str, module: Any) -> None:
        """Leave out what does nothing when a network answers."""


def _array(tensor: Any) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().cpu().float().numpy().copy()
    return array


def _bias(module: Any) -> Named:
    return {} if module.bias is None else {"bias": _array(module.bias)}


_READ: dict[str, Callable[[_Reader, str, Any], None]] = {
    "AdaptiveAvgPool2d": _Reader.adaptive_pool,
    "AdaptiveMaxPool2d": _Reader.adaptive_pool,
    "AlphaDropout": _Reader.nothing,
    "AvgPool2d": _Reader.average_pool,
    "BatchNorm1d": _Reader.batch_norm,
    "BatchNorm2d": _Reader.batch_norm,
    "ConstantPad2d": _Reader.pad,
    "Conv2d": _Reader.convolution,
    "Dropout": lambda reader, source, module: reader.plain(source, layers.Dropout(module.p)),
    "Dropout2d": _Reader.nothing,
    "ELU": lambda reader, source, module: reader.plain(source, layers.ELU(module.alpha)),
    "Flatten": _Reader.flatten_module,
    "FeatureAlphaDropout": _Reader.nothing,
    "Identity": _Reader.nothing,
    "LeakyReLU": lambda reader, source, module: reader.plain(
        source, layers.LeakyReLU(module.negative_slope)
    ),
    "Linear": _Reader.linear,
    "MaxPool2d": _Reader.max_pool,
    "ReLU": lambda reader, source, _: reader.plain(source, layers.ReLU()),
    "Sigmoid": lambda reader, source, _: reader.plain(source, layers.Sigmoid()),
    "Softmax": _Reader.softmax,
    "Softmax2d": _Reader.softmax_2d,
    "Tanh": lambda reader, source, _: reader.plain(source, layers.Tanh()),
    "ZeroPad2d": _Reader.pad,
}
_INSTEAD = {
    "GELU": "try ELU or ReLU",
    "LogSoftmax": "try Softmax(dim=1), or leave it out: the losses here take plain scores",
    "ReLU6": "try ReLU",
    "ReflectionPad2d": "try ZeroPad2d",
    "ReplicationPad2d": "try ZeroPad2d",
}
# Modules that leave the length of a vector as it is.
_ALIKE = {
    "AlphaDropout", "BatchNorm1d", "Dropout", "ELU", "Identity", "LeakyReLU", "ReLU", "Sigmoid",
    "Softmax", "Tanh",
}  # fmt: skip


def _leaves(nn: Any, name: str, module: Any) -> Iterator[tuple[str, Any]]:
    """List the layers of a torch.nn.Sequential, those of inner ones included.

    A module that stands at several places is listed at each.
    """
    kind = type(module)
    if not name and not isinstance(module, nn.Sequential):
        raise DataError(
            f"only a torch.nn.Sequential can be taken over, got {kind.__name__}; "
            "try torch.nn.Sequential(*module.children()) if its layers simply follow each other"
        )
    _refuse_hooks(nn, name, module)
    if not isinstance(module, nn.Sequential):
        yield name, module
        return
    for method in ("forward", "__call__", "__iter__"):
        if getattr(kind, method) is not getattr(nn.Sequential, method):
            raise DataError(
                f"{_called(name, module)} has a {method} of its own, so its layers may not simply "
                "follow each other; put them into a plain torch.nn.Sequential if they do"
            )
    for path, child in module.named_modules(remove_duplicate=False):
        if path and "." not in path:
            yield from _leaves(nn, f"{name}.{path}" if name else path, child)


def _called(name: str, module: Any) -> str:
    return f"layer {name} ({type(module).__name__})" if name else f"this {type(module).__name__}"


def _refuse_hooks(nn: Any, name: str, module: Any) -> None:
    """Refuse a module whose answers something from outside may change."""
    everywhere = nn.modules.module
    hooks = (
        module._forward_hooks,
        module._forward_pre_hooks,
        everywhere._global_forward_hooks,
        everywhere._global_forward_pre_hooks,
    )
    if any(hooks) or "forward" in vars(module):
        raise DataError(
            f"{_called(name, module)} has a forward hook, as weight_norm, spectral_norm and prune "
            "put there, or a forward of its own: it may compute something else; take it off, as "
            "torch.nn.utils.remove_weight_norm and torch.nn.utils.prune.remove do"
        )


def _input_shape(found: list[tuple[str, Any]], given: Shape | None) -> Shape:
    if given is not None:
        return given
    for _, module in found:
        if type(module).__name__ == "Linear":
            return (int(module.in_features),)
        if type(module).__name__ not in _ALIKE:
            break
    raise DataError(
        "PyTorch does not store how large the images are; "
        "try input_shape=(28, 28, 1), which is (height, width, channels)"
    )


class _Writer(_Order):
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
