"""From the modules of a torch.nn.Sequential to layers and their parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import layers
from cnnlab.errors import DataError, ShapeError
from cnnlab.interop.assembly import Assembly, Named
from cnnlab.interop.pytorch.order import Order, load_torch
from cnnlab.layers import Layer, Shape
from cnnlab.sequential import Sequential
from cnnlab.shapes import pair

__all__ = ["from_torch"]


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
    nn = load_torch().nn
    found = list(_leaves(nn, "", module))
    reader = _Reader(nn, _input_shape(found, input_shape))
    for name, part in found:
        reader.read(name, part)
    reader.check_order("the end of the network")
    return reader.assembly.finished()


class _Reader(Order):
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
