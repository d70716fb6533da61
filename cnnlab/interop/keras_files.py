"""Networks out of files that Keras wrote, read without TensorFlow or Keras.

A ``.keras`` file is a zip archive: the layers as JSON, the weights in HDF5. The older ``.h5`` file
holds both in HDF5. Axes there are the same as here. Nothing in a file is ever run: what is not in
the list of known layers is refused. Only `keras.Sequential`; channels last.
"""

import io
import json
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlab import layers
from cnnlab.errors import DataError, ShapeError
from cnnlab.interop.assembly import Assembly, Named
from cnnlab.layers import Layer, Shape
from cnnlab.sequential import Sequential
from cnnlab.shapes import Window

__all__ = ["from_keras"]

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_LARGEST_CONFIG = 10_000_000  # bytes
_LARGEST_WEIGHTS = 4_000_000_000  # bytes
_REBUILD = "try keras.Sequential(model.layers) if the layers simply follow each other"


def from_keras(model: Any) -> tuple[Sequential, Named]:
    """Take over a network from a file that Keras saved.

    Parameters
    ----------
    model : str or Path, or keras.Sequential
        What ``model.save("model.keras")`` wrote, or an older ``.h5`` file of a whole model. Where
        Keras is installed, the model itself will do: it is saved to a temporary file.

    Returns
    -------
    sequential : Sequential
    parameters : dict of ndarray
        By name, as ``Network.parameters``.

    Raises
    ------
    DataError
        If h5py is missing, the file is damaged or no such file, or a layer has no counterpart
        here; the message names it and says what to try.
    ShapeError
        If the weights do not fit the layers.
    """
    try:
        import h5py
    except ImportError as error:
        raise DataError(
            'files of Keras need h5py, which is not installed; try pip install "cnnlab[keras]"'
        ) from error
    if hasattr(model, "save"):
        with tempfile.TemporaryDirectory() as folder:
            file_name = str(Path(folder, "model.keras"))
            model.save(file_name)
            return from_keras(file_name)
    path = Path(model).expanduser()
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                config = _member(archive, _CONFIG, _LARGEST_CONFIG)
                weights = io.BytesIO(_member(archive, _WEIGHTS, _LARGEST_WEIGHTS))
            with h5py.File(weights, "r") as file:
                return _assembled(json.loads(config), _KerasWeights(file))
        with h5py.File(path, "r") as file:
            return _assembled(json.loads(_legacy_config(file)), _LegacyWeights(file))
    except (DataError, ShapeError):
        raise
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path.name} cannot be read ({error}); save it again") from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # What random changes to a good file have been seen to end in.
        raise DataError(
            f"{path.name} does not describe a network as Keras does ({error!r}); "
            'save it again with model.save("model.keras")'
        ) from error


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    if name not in archive.namelist():
        raise DataError(
            f"there is no {name} in this archive, so Keras did not write it; "
            'save the network with model.save("model.keras")'
        )
    size = archive.getinfo(name).file_size
    if size > most:
        raise DataError(f"{name} claims {size:,} bytes, {most:,} are the most; save it again")
    return archive.read(name)


def _legacy_config(file: Any) -> str:
    config = file.attrs.get("model_config")
    if config is None:
        raise DataError(
            "this HDF5 file holds weights but no network; save the whole model with "
            'model.save("model.keras")'
        )
    return config.decode() if isinstance(config, bytes) else str(config)


def _assembled(model: dict[str, Any], weights: "_Weights") -> tuple[Sequential, Named]:
    if model["class_name"] != "Sequential":
        raise DataError(
            f"only a keras.Sequential can be taken over, got {model['class_name']}; {_REBUILD}"
        )
    config = model["config"]
    described = [
        _Described(entry["class_name"], entry["config"]["name"], entry["config"])
        for entry in config["layers"]
    ]
    assembly = Assembly(_input_shape(config, described))
    for layer in described:
        if layer.kind == "InputLayer" or layer.changes_nothing:
            continue
        convert = _KNOWN.get(layer.kind)
        if convert is None:
            hint = _INSTEAD.get(layer.kind, f"try one of {', '.join(sorted(_KNOWN))}")
            raise DataError(f"{layer} has no counterpart here; {hint}")
        converted, names = convert(layer, assembly.shape)
        expected = converted.parameter_shapes(assembly.shape)
        stored = weights.take(layer, [(name, expected.get(name)) for name in names])
        for name, shape in expected.items():
            if name not in stored and layer.kind == "BatchNormalization":
                # Saved without scale or without center: then it changes nothing.
                stored[name] = np.full(shape, float(name == "scale"), np.float32)
        assembly.add(converted, str(layer), **stored)
        _add_activation(assembly, layer)
    return assembly.finished()


class _Described(NamedTuple):
    """A layer as the file describes it."""

    kind: str
    name: str
    config: dict[str, Any]

    def __str__(self) -> str:
        return f"layer {self.name} ({self.kind})"

    @property
    def changes_nothing(self) -> bool:
        return self.kind == "Activation" and self.config["activation"] == "linear"

    def refuse_unless(self, fine: bool, what: str, hint: str) -> None:
        if not fine:
            raise DataError(f"{self} with {what} has no counterpart here; {hint}")

    def channels_last(self) -> None:
        given = self.config.get("data_format") or "channels_last"
        self.refuse_unless(given == "channels_last", given, "save it with channels_last")


def _input_shape(config: dict[str, Any], described: list[_Described]) -> Shape:
    first = described[0].config if described else {}
    shape = (
        first.get("batch_shape")
        or first.get("batch_input_shape")
        or config.get("build_input_shape")
    )
    if not shape or None in shape[1:]:
        raise DataError(
            f"the file does not say how large the images are, only {shape}; "
            "begin the model with keras.Input((28, 28, 1)) and save it again"
        )
    return tuple(int(size) for size in shape[1:])


Converted = tuple[Layer, list[str]]


def _convolution(layer: _Described, _: Shape) -> Converted:
    config = layer.config
    layer.channels_last()
    layer.refuse_unless(config.get("groups", 1) == 1, "groups", "try groups=1")
    bias = bool(config["use_bias"])
    return layers.Conv2D(
        filters=config["filters"],
        kernel_size=_pair(config["kernel_size"]),
        stride=_pair(config["strides"]),
        padding=config["padding"],
        dilation=_pair(config.get("dilation_rate", 1)),
        activation=_own_activation(layer),
        bias=bias,
    ), ["filters", "bias"][: 1 + bias]


def _dense(layer: _Described, _: Shape) -> Converted:
    bias = bool(layer.config["use_bias"])
    converted = layers.Dense(layer.config["units"], activation=_own_activation(layer), bias=bias)
    return converted, ["weights", "bias"][: 1 + bias]


def _batch_norm(layer: _Described, shape: Shape) -> Converted:
    config = layer.config
    axis = config["axis"][0] if isinstance(config["axis"], list) else config["axis"]
    layer.refuse_unless(axis in {-1, len(shape)}, f"axis {axis}", "try axis=-1")
    names = [*(["scale"] if config["scale"] else []), *(["shift"] if config["center"] else [])]
    converted = layers.BatchNorm(momentum=config["momentum"], epsilon=config["epsilon"])
    return converted, [*names, "running_mean", "running_variance"]


def _max_pool(layer: _Described, _: Shape) -> Converted:
    layer.channels_last()
    config = layer.config
    window, stride = _pair(config["pool_size"]), _pair(config["strides"])
    return layers.MaxPool2D(window, stride, config["padding"]), []


def _average_pool(layer: _Described, shape: Shape) -> Converted:
    layer.channels_last()
    config = layer.config
    window, stride = _pair(config["pool_size"]), _pair(config["strides"])
    placed = Window.over((shape[0], shape[1]), window, stride, config["padding"])
    padded = any((placed.top, placed.bottom, placed.left, placed.right))
    # Keras leaves padded pixels out of the average, here they count as zeros.
    layer.refuse_unless(not padded, 'padding="same"', 'try padding="valid"')
    return layers.AvgPool2D(window, stride), []


def _global_pool(layer: _Described, _: Shape) -> Converted:
    layer.channels_last()
    layer.refuse_unless(not layer.config.get("keepdims"), "keepdims", "try keepdims=False")
    return layers.GlobalAvgPool2D(), []


def _flatten(layer: _Described, _: Shape) -> Converted:
    layer.channels_last()
    return layers.Flatten(), []


def _relu(layer: _Described, _: Shape) -> Converted:
    config = layer.config
    layer.refuse_unless(config.get("max_value") is None, "max_value", "try max_value=None")
    layer.refuse_unless(not config.get("threshold"), "threshold", "try threshold=0")
    slope = config.get("negative_slope") or 0.0
    return (layers.LeakyReLU(slope) if slope else layers.ReLU()), []


def _leaky_relu(layer: _Described, _: Shape) -> Converted:
    config = layer.config
    return layers.LeakyReLU(config["negative_slope" if "negative_slope" in config else "alpha"]), []


def _softmax(layer: _Described, shape: Shape) -> Converted:
    axis = layer.config.get("axis", -1)
    layer.refuse_unless(axis in {-1, len(shape)}, f"axis {axis}", "try axis=-1")
    return layers.Softmax(), []


def _activation(layer: _Described, _: Shape) -> Converted:
    name = _activation_name(layer)
    return _SEPARATE.get(name) or layers.ACTIVATIONS[name], []


_KNOWN: dict[str, Callable[[_Described, Shape], Converted]] = {
    "Activation": _activation,
    "AveragePooling2D": _average_pool,
    "BatchNormalization": _batch_norm,
    "Conv2D": _convolution,
    "Dense": _dense,
    "Dropout": lambda layer, _: (layers.Dropout(layer.config["rate"]), []),
    "ELU": lambda layer, _: (layers.ELU(layer.config["alpha"]), []),
    "Flatten": _flatten,
    "GlobalAveragePooling2D": _global_pool,
    "LeakyReLU": _leaky_relu,
    "MaxPooling2D": _max_pool,
    "ReLU": _relu,
    "Softmax": _softmax,
}
_INSTEAD = {
    "Functional": _REBUILD,
    "Lambda": "a file is never allowed to run code; replace it by a layer",
    "Rescaling": "divide the images by 255 yourself, and save the model without it",
    "Sequential": "put the inner layers into one keras.Sequential",
    "SpatialDropout2D": "try Dropout",
    "ZeroPadding2D": 'try padding="same" in the layer that follows',
}
# Activations that Keras' layers can carry; those in `_SEPARATE` become layers of their own here.
# Softmax is one of those, so that what explains a network can find the scores before it.
_CARRIED = {"relu", "sigmoid", "tanh", "elu"}
_SEPARATE: dict[str, Layer] = {
    "leaky_relu": layers.LeakyReLU(0.2),  # the slope that Keras gives it
    "softmax": layers.Softmax(),
}


def _activation_name(layer: _Described) -> str:
    name = layer.config.get("activation") or "linear"
    if isinstance(name, str) and (name == "linear" or name in _CARRIED or name in _SEPARATE):
        return name
    raise DataError(
        f"{layer} with the activation {name!r} has no counterpart here; "
        f"try one of {', '.join(sorted(_CARRIED | _SEPARATE.keys()))}"
    )


def _own_activation(layer: _Described) -> str | None:
    name = _activation_name(layer)
    return name if name in _CARRIED else None


def _add_activation(assembly: Assembly, layer: _Described) -> None:
    if layer.kind in {"Conv2D", "Dense"} and _activation_name(layer) in _SEPARATE:
        assembly.add(_SEPARATE[_activation_name(layer)], str(layer))


def _pair(value: int | list[int]) -> tuple[int, int]:
    down, across = value if isinstance(value, list) else (value, value)
    return down, across


class _Weights:
    """Arrays in an HDF5 file, found by layer."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def places(self, layer: _Described) -> list[str]:
        """Say where in the file the arrays of a layer are, in their order."""
        raise NotImplementedError

    def take(self, layer: _Described, names: list[tuple[str, Shape | None]]) -> Named:
        places = self.places(layer)
        if len(places) != len(names):
            raise DataError(
                f"{layer} takes {len(names)} arrays, the file has {len(places)}; save it again"
            )
        return {
            name: self._array(layer, place, shape)
            for (name, shape), place in zip(names, places, strict=True)
        }

    def _array(self, layer: _Described, place: str, shape: Shape | None) -> NDArray[np.float32]:
        import h5py

        # A link can point into other files of this computer: only what lies in this one is read.
        steps = place.split("/")
        links = ("/".join(steps[: count + 1]) for count in range(len(steps)))
        if not all(isinstance(self.file.get(link, getlink=True), h5py.HardLink) for link in links):
            raise DataError(f"{layer}: {place} points out of the file; do not trust it")
        stored = self.file[place]
        if not isinstance(stored, h5py.Dataset) or stored.external or stored.is_virtual:
            raise DataError(f"{layer}: {place} is not an array in this file; do not trust it")
        if stored.shape != shape or stored.dtype.kind != "f":
            raise DataError(
                f"{layer} needs numbers of shape {shape}, the file has {stored.dtype} of shape "
                f"{stored.shape}; save it again"
            )
        array: NDArray[np.float32] = stored[()].astype(np.float32)
        return array


class _KerasWeights(_Weights):
    """In a .keras archive: under the class of the layer and how many of them came before."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self.count: dict[str, int] = {}

    def places(self, layer: _Described) -> list[str]:
        stem = _snake_case(layer.kind)
        before = self.count.get(stem, 0)
        self.count[stem] = before + 1
        folder = f"layers/{stem}_{before}/vars" if before else f"layers/{stem}/vars"
        return [f"{folder}/{key}" for key in sorted(self.file.get(folder, ()), key=int)]


class _LegacyWeights(_Weights):
    """In an .h5 file: under the name of the layer, in the order of a list beside them."""

    def places(self, layer: _Described) -> list[str]:
        folder = f"model_weights/{layer.name}"
        if folder not in self.file:
            return []
        names = self.file[folder].attrs["weight_names"]
        texts = [name.decode() if isinstance(name, bytes) else str(name) for name in names]
        return [f"{folder}/{text}" for text in texts]


def _snake_case(name: str) -> str:
    """Write ``LeakyReLU`` as ``leaky_re_lu``, as Keras does."""
    parted = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", parted).lower()
