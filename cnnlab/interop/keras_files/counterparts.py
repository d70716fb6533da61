"""What each layer of Keras is here, and which arrays it takes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cnnlab import layers
from cnnlab.errors import DataError
from cnnlab.interop.assembly import Assembly
from cnnlab.interop.keras_files.described import Described
from cnnlab.interop.keras_files.weights import Weights
from cnnlab.layers import Layer, Shape

__all__ = ["add"]


def add(assembly: Assembly, layer: Described, weights: Weights) -> None:
    """Put the counterpart of a layer on top."""
    if layer.kind == "InputLayer" or layer.changes_nothing:
        return
    if layer.kind == "ZeroPadding2D":
        layer.channels_last()
        (top, bottom), (left, right) = layer.config["padding"]
        assembly.pad(str(layer), top, bottom, left, right)
        return
    convert = _KNOWN.get(layer.kind)
    if convert is None:
        hint = _INSTEAD.get(layer.kind, f"try one of {', '.join(sorted(_KNOWN))}")
        raise DataError(f"{layer} has no counterpart here; {hint}")
    (first, *more), names = convert(layer, assembly.shape)
    expected = first.parameter_shapes(assembly.shape)
    stored = weights.take(layer, [(name, expected.get(name)) for name in names])
    for name, shape in expected.items():
        if name not in stored and layer.kind == "BatchNormalization":
            # Saved without scale or without center: then it changes nothing.
            stored[name] = np.full(shape, float(name == "scale"), np.float32)
    assembly.add(first, str(layer), **stored)
    for further in more:
        assembly.add(further, str(layer))


# The layers that say the same, and the names of the arrays that the first one takes, in order.
Converted = tuple[list[Layer], list[str]]


def _convolution(layer: Described, _: Shape) -> Converted:
    config = layer.config
    layer.channels_last()
    layer.refuse_unless(config.get("groups", 1) == 1, "groups", "try groups=1")
    bias = bool(config["use_bias"])
    carried, separate = _own_activation(layer)
    convolution = layers.Conv2D(
        filters=config["filters"],
        kernel_size=_pair(config["kernel_size"]),
        stride=_pair(config["strides"]),
        padding=config["padding"],
        dilation=_pair(config.get("dilation_rate", 1)),
        activation=carried,
        bias=bias,
    )
    return [convolution, *separate], ["filters", "bias"][: 1 + bias]


def _dense(layer: Described, shape: Shape) -> Converted:
    layer.refuse_unless(
        len(shape) == 1,
        f"an input of {shape}",
        "put Flatten before it, or try Conv2D(units, 1), which computes the same",
    )
    bias = bool(layer.config["use_bias"])
    carried, separate = _own_activation(layer)
    dense = layers.Dense(layer.config["units"], activation=carried, bias=bias)
    return [dense, *separate], ["weights", "bias"][: 1 + bias]


def _batch_norm(layer: Described, shape: Shape) -> Converted:
    config = layer.config
    axis = config["axis"][0] if isinstance(config["axis"], list) else config["axis"]
    layer.refuse_unless(axis in {-1, len(shape)}, f"axis {axis}", "try axis=-1")
    names = [*(["scale"] if config["scale"] else []), *(["shift"] if config["center"] else [])]
    converted = layers.BatchNorm(momentum=config["momentum"], epsilon=config["epsilon"])
    return [converted], [*names, "running_mean", "running_variance"]


def _max_pool(layer: Described, _: Shape) -> Converted:
    layer.channels_last()
    config = layer.config
    window, stride = _pair(config["pool_size"]), _pair(config["strides"])
    return [layers.MaxPool2D(window, stride, config["padding"])], []


def _average_pool(layer: Described, _: Shape) -> Converted:
    layer.channels_last()
    config = layer.config
    window, stride = _pair(config["pool_size"]), _pair(config["strides"])
    if config["padding"] == "valid":
        return [layers.AvgPool2D(window, stride)], []
    return [layers.AvgPool2D(window, stride, config["padding"], count_padding=False)], []


def _global_average(layer: Described, shape: Shape) -> Converted:
    layer.channels_last()
    if layer.config.get("keepdims"):
        return [layers.AvgPool2D((shape[0], shape[1]))], []
    return [layers.GlobalAvgPool2D()], []


def _global_max(layer: Described, shape: Shape) -> Converted:
    layer.channels_last()
    pool = layers.MaxPool2D((shape[0], shape[1]))
    return [pool] if layer.config.get("keepdims") else [pool, layers.Flatten()], []


def _flatten(layer: Described, _: Shape) -> Converted:
    layer.channels_last()
    return [layers.Flatten()], []


def _rescaling(layer: Described, _: Shape) -> Converted:
    scale, offset = layer.config["scale"], layer.config["offset"]
    numbers = all(isinstance(value, int | float) for value in (scale, offset))
    layer.refuse_unless(numbers, "a scale for each channel", "try one number for all of them")
    return [layers.Rescaling(scale, offset)], []


def _relu(layer: Described, _: Shape) -> Converted:
    config = layer.config
    layer.refuse_unless(config["max_value"] is None, "max_value", "try max_value=None")
    layer.refuse_unless(not config["threshold"], "threshold", "try threshold=0")
    slope = config["negative_slope"] or 0.0
    return [layers.LeakyReLU(slope) if slope else layers.ReLU()], []


def _leaky_relu(layer: Described, _: Shape) -> Converted:
    config = layer.config
    slope = config["negative_slope" if "negative_slope" in config else "alpha"]
    return [layers.LeakyReLU(slope)], []


def _softmax(layer: Described, shape: Shape) -> Converted:
    axis = layer.config["axis"]
    layer.refuse_unless(axis in (-1, len(shape)), f"axis {axis}", "try axis=-1")
    return [layers.Softmax()], []


def _activation(layer: Described, _: Shape) -> Converted:
    name = _activation_name(layer)
    return [_SEPARATE.get(name) or layers.ACTIVATIONS[name]], []


_KNOWN: dict[str, Callable[[Described, Shape], Converted]] = {
    "Activation": _activation,
    "AveragePooling2D": _average_pool,
    "BatchNormalization": _batch_norm,
    "Conv2D": _convolution,
    "Dense": _dense,
    "Dropout": lambda layer, _: ([layers.Dropout(layer.config["rate"])], []),
    "ELU": lambda layer, _: ([layers.ELU(layer.config["alpha"])], []),
    "Flatten": _flatten,
    "GlobalAveragePooling2D": _global_average,
    "GlobalMaxPooling2D": _global_max,
    "LeakyReLU": _leaky_relu,
    "MaxPooling2D": _max_pool,
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "Softmax": _softmax,
}
_INSTEAD = {
    "CenterCrop": "crop the images before they go in, and save the model without it",
    "Lambda": "a file is never allowed to run code; replace it by a layer",
    "Normalization": "try Rescaling",
    "RandomCrop": "crop the images before they go in, and save the model without it",
    "Resizing": "resize the images before they go in, and save the model without it",
}
# Activations that Keras' layers can carry; those in `_SEPARATE` become layers of their own here.
# Softmax is one of those, so that what explains a network can find the scores before it.
_CARRIED = {"relu", "sigmoid", "tanh", "elu"}
_SEPARATE: dict[str, Layer] = {
    "leaky_relu": layers.LeakyReLU(0.2),  # the slope that Keras gives it
    "softmax": layers.Softmax(),
}


def _activation_name(layer: Described) -> str:
    name = layer.config["activation"] or "linear"
    if isinstance(name, str) and (name == "linear" or name in _CARRIED or name in _SEPARATE):
        return name
    raise DataError(
        f"{layer} with the activation {name!r} has no counterpart here; "
        f"try one of {', '.join(sorted(_CARRIED | _SEPARATE.keys()))}"
    )


def _own_activation(layer: Described) -> tuple[str | None, list[Layer]]:
    """Give the activation that the layer carries here, and what must come behind it."""
    name = _activation_name(layer)
    return (name if name in _CARRIED else None), [_SEPARATE[name]] if name in _SEPARATE else []


def _pair(value: int | list[int]) -> tuple[int, int]:
    down, across = value if isinstance(value, list) else (value, value)
    return down, across
