"""Networks out of files that Keras wrote, read without TensorFlow or Keras.

A ``.keras`` file is a zip archive: the layers as JSON, the weights in HDF5. The older ``.h5`` file
holds both in HDF5. Axes there are the same as here. Nothing in a file is ever run: what is not in
the list of known layers is refused. Only layers in a row: `keras.Sequential`, and Functional models
without branches; channels last. What only acts in training, such as noise and random flips, is left
out.
"""

from __future__ import annotations

import io
import json
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlab import layers
from cnnlab.buffers import in_words, refuse_beyond_memory
from cnnlab.checks import path_of
from cnnlab.errors import DataError, ShapeError
from cnnlab.interop.assembly import Assembly, Named
from cnnlab.layers import Layer, Shape
from cnnlab.sequential import Sequential

__all__ = ["from_keras"]

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_LARGEST_CONFIG = 10_000_000  # bytes
_PACKED_AT_MOST = 20  # times the archive's size: Keras does not pack, and weights hardly can be
_REBUILD = "try keras.Sequential(model.layers) if the layers simply follow each other"


def from_keras(model: Any) -> tuple[Sequential, Named]:
    """Take over a network from a file that Keras saved.

    Parameters
    ----------
    model : str or Path, or keras.Model
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
        If h5py is missing, the file is damaged or no such file, its arrays would not fit, or a
        layer has no counterpart here; the message names it and says what to try.
    ShapeError
        If the weights do not fit the layers.
    """
    try:
        import h5py
    except ImportError as error:
        raise DataError(
            'files of Keras need h5py, which is not installed; try pip install "cnnlab[keras]"'
        ) from error
    if hasattr(type(model), "save"):
        with tempfile.TemporaryDirectory() as folder:
            file_name = str(Path(folder, "model.keras"))
            model.save(file_name)
            return from_keras(file_name)
    path = path_of(model, "model", "model.keras").expanduser()
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                config = _member(archive, _CONFIG, _LARGEST_CONFIG)
                weights = _member(archive, _WEIGHTS, _PACKED_AT_MOST * path.stat().st_size)
            with h5py.File(io.BytesIO(weights), "r") as file:
                return _assembled(json.loads(config), _KerasWeights(file, len(weights)))
        _refuse_beyond_memory(path.stat().st_size, path.name)
        with h5py.File(path, "r") as file:
            weights_inside = _LegacyWeights(file, path.stat().st_size)
            return _assembled(json.loads(_legacy_config(file)), weights_inside)
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
    _refuse_beyond_memory(2 * size, f"{name} in this archive")  # the file, and its arrays
    return archive.read(name)


def _refuse_beyond_memory(size: int, what: str) -> None:
    try:
        refuse_beyond_memory(size, what, "try a smaller network, or a computer with more memory")
    except ShapeError as error:
        raise DataError(str(error)) from error


def _legacy_config(file: Any) -> str:
    config = file.attrs.get("model_config")
    if config is None:
        raise DataError(
            "this HDF5 file holds weights but no network; save the whole model with "
            'model.save("model.keras")'
        )
    return config.decode() if isinstance(config, bytes) else str(config)


class _Described(NamedTuple):
    """A layer, or a model, as the file describes it."""

    kind: str
    name: str
    config: dict[str, Any]
    calls: list[Any]  # what it was called with, in a Functional model
    folder: str  # where its arrays are in a .keras archive
    depth: int  # how many models it lies in

    @classmethod
    def read(cls, entry: dict[str, Any], folder: str = "", depth: int = 0) -> _Described:
        kind, config = entry["class_name"], entry["config"]
        name = config.get("name", kind)
        layer = cls(kind, name, config, entry.get("inbound_nodes", []), folder, depth)
        # The class of somebody's own may have the name of one of Keras', and compute anything.
        module = str(entry.get("module", "keras")).partition(".")[0]
        registered = entry.get("registered_name")
        layer.refuse_unless(
            module in {"keras", "tf_keras"} and registered in {None, kind},
            "a class of its own",
            "try the layer of Keras that computes the same",
        )
        return layer

    def __str__(self) -> str:
        return f"layer {self.name} ({self.kind})"

    @property
    def changes_nothing(self) -> bool:
        if self.kind == "Activation":
            return bool(self.config["activation"] == "linear")
        return self.kind in _ONLY_IN_TRAINING

    def refuse_unless(self, fine: bool, what: str, hint: str) -> None:
        if not fine:
            raise DataError(f"{self} with {what} has no counterpart here; {hint}")

    def channels_last(self) -> None:
        given = self.config.get("data_format") or "channels_last"
        self.refuse_unless(given == "channels_last", given, "save it with channels_last")


def _assembled(model: dict[str, Any], weights: _Weights) -> tuple[Sequential, Named]:
    described = _Described.read(model)
    if described.kind not in _MODELS:
        raise DataError(
            "only a keras.Sequential, or a Functional model without branches, can be taken over, "
            f"got {described.kind}; {_REBUILD}"
        )
    found = list(_layers_of(described))
    assembly = Assembly(_input_shape(described.config, found))
    for layer in found:
        try:
            _add(assembly, layer, weights)
        except (DataError, ShapeError) as error:
            if str(layer) in str(error):
                raise
            raise type(error)(f"{layer} has no counterpart here: {error}") from error
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise DataError(
                f"{layer} is not described as Keras does ({error!r}); "
                'save it again with model.save("model.keras")'
            ) from error
    return assembly.finished()


def _layers_of(model: _Described) -> Iterator[_Described]:
    """List the layers of a model in their order, those of inner models included."""
    counts: dict[str, int] = {}
    layers_inside: list[_Described] = []
    for entry in model.config["layers"]:
        stem = _snake_case(entry["class_name"])
        before = counts.get(stem, 0)
        counts[stem] = before + 1
        folder = (
            f"{model.folder}layers/{stem}_{before}/" if before else f"{model.folder}layers/{stem}/"
        )
        layers_inside.append(_Described.read(entry, folder, model.depth + 1))
    if model.kind != "Sequential":
        layers_inside = _followed(model, layers_inside)
    for layer in layers_inside:
        if layer.kind in _MODELS:
            yield from _layers_of(layer)
        elif layer.kind != "InputLayer" or layer.depth == 1:
            yield layer


def _followed(model: _Described, layers_inside: list[_Described]) -> list[_Described]:
    """Put the layers of a Functional model in their order, from its input to its output."""
    (start,), (end,) = (
        _ends(model, model.config[key]) for key in ("input_layers", "output_layers")
    )
    behind: dict[str, _Described] = {}
    for layer in layers_inside:
        if layer.kind != "InputLayer":
            before = _source(layer)
            other = behind.setdefault(before, layer)
            layer.refuse_unless(other is layer, f"{other.name} beside it behind {before}", _REBUILD)
    chain = [{layer.name: layer for layer in layers_inside}[start]]
    while chain[-1].name != end and chain[-1].name in behind:
        chain.append(behind.pop(chain[-1].name))
    for layer in layers_inside:
        layer.refuse_unless(layer in chain, "a branch of its own", _REBUILD)
    return chain


def _ends(model: _Described, given: list[Any]) -> list[str]:
    """Read the names of the layers where a model begins or ends."""
    ends = given if isinstance(given[0], list) else [given]
    model.refuse_unless(len(ends) == 1, f"{len(ends)} inputs or outputs", _REBUILD)
    return [end[0] for end in ends]


def _source(layer: _Described) -> str:
    """Say which layer feeds this one, the only one, in the only place where it is used."""
    layer.refuse_unless(len(layer.calls) == 1, f"{len(layer.calls)} places in the model", _REBUILD)
    call = layer.calls[0]
    if isinstance(call, dict):  # Keras 3
        tensors, options = call["args"], dict(call["kwargs"])
        options.pop("training", None)  # model.predict passes its own
        fine = len(tensors) == 1 and isinstance(tensors[0], dict)
        layer.refuse_unless(fine, "more than one input", _REBUILD)
        name, *place = tensors[0]["config"]["keras_history"]
    else:
        layer.refuse_unless(len(call) == 1, "more than one input", _REBUILD)
        name, *place = call[0][:3]
        options = call[0][3] if len(call[0]) > 3 else {}
    layer.refuse_unless(place == [0, 0], "more than one output before it", _REBUILD)
    given = {key: value for key, value in options.items() if value not in (None, False)}
    layer.refuse_unless(not given, f"the call {given}", "try calling it on its input alone")
    return str(name)


def _input_shape(config: dict[str, Any], found: list[_Described]) -> Shape:
    first = found[0].config if found else {}
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
    sizes = tuple(shape[1:])
    computed = [layer.kind for layer in found if layer.kind != "InputLayer"]
    if len(sizes) == 2 and computed[:1] == ["Flatten"]:  # grey, and without an axis to say so
        return (*sizes, 1)
    return sizes


def _add(assembly: Assembly, layer: _Described, weights: _Weights) -> None:
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


def _convolution(layer: _Described, _: Shape) -> Converted:
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


def _dense(layer: _Described, shape: Shape) -> Converted:
    layer.refuse_unless(
        len(shape) == 1,
        f"an input of {shape}",
        "put Flatten before it, or try Conv2D(units, 1), which computes the same",
    )
    bias = bool(layer.config["use_bias"])
    carried, separate = _own_activation(layer)
    dense = layers.Dense(layer.config["units"], activation=carried, bias=bias)
    return [dense, *separate], ["weights", "bias"][: 1 + bias]


def _batch_norm(layer: _Described, shape: Shape) -> Converted:
    config = layer.config
    axis = config["axis"][0] if isinstance(config["axis"], list) else config["axis"]
    layer.refuse_unless(axis in {-1, len(shape)}, f"axis {axis}", "try axis=-1")
    names = [*(["scale"] if config["scale"] else []), *(["shift"] if config["center"] else [])]
    converted = layers.BatchNorm(momentum=config["momentum"], epsilon=config["epsilon"])
    return [converted], [*names, "running_mean", "running_variance"]


def _max_pool(layer: _Described, _: Shape) -> Converted:
    layer.channels_last()
    config = layer.config
    window, stride = _pair(config["pool_size"]), _pair(config["strides"])
    return [layers.MaxPool2D(window, stride, config["padding"])], []


def _average_pool(layer: _Described, _: Shape) -> Converted:
    layer.channels_last()
    config = layer.config
    window, stride = _pair(config["pool_size"]), _pair(config["strides"])
    if config["padding"] == "valid":
        return [layers.AvgPool2D(window, stride)], []
    return [layers.AvgPool2D(window, stride, config["padding"], count_padding=False)], []


def _global_average(layer: _Described, shape: Shape) -> Converted:
    layer.channels_last()
    if layer.config.get("keepdims"):
        return [layers.AvgPool2D((shape[0], shape[1]))], []
    return [layers.GlobalAvgPool2D()], []


def _global_max(layer: _Described, shape: Shape) -> Converted:
    layer.channels_last()
    pool = layers.MaxPool2D((shape[0], shape[1]))
    return [pool] if layer.config.get("keepdims") else [pool, layers.Flatten()], []


def _flatten(layer: _Described, _: Shape) -> Converted:
    layer.channels_last()
    return [layers.Flatten()], []


def _rescaling(layer: _Described, _: Shape) -> Converted:
    scale, offset = layer.config["scale"], layer.config["offset"]
    numbers = all(isinstance(value, int | float) for value in (scale, offset))
    layer.refuse_unless(numbers, "a scale for each channel", "try one number for all of them")
    return [layers.Rescaling(scale, offset)], []


def _relu(layer: _Described, _: Shape) -> Converted:
    config = layer.config
    layer.refuse_unless(config["max_value"] is None, "max_value", "try max_value=None")
    layer.refuse_unless(not config["threshold"], "threshold", "try threshold=0")
    slope = config["negative_slope"] or 0.0
    return [layers.LeakyReLU(slope) if slope else layers.ReLU()], []


def _leaky_relu(layer: _Described, _: Shape) -> Converted:
    config = layer.config
    slope = config["negative_slope" if "negative_slope" in config else "alpha"]
    return [layers.LeakyReLU(slope)], []


def _softmax(layer: _Described, shape: Shape) -> Converted:
    axis = layer.config["axis"]
    layer.refuse_unless(axis in (-1, len(shape)), f"axis {axis}", "try axis=-1")
    return [layers.Softmax()], []


def _activation(layer: _Described, _: Shape) -> Converted:
    name = _activation_name(layer)
    return [_SEPARATE.get(name) or layers.ACTIVATIONS[name]], []


_MODELS = {"Sequential", "Functional", "Model"}  # Keras 2 said Model too
_KNOWN: dict[str, Callable[[_Described, Shape], Converted]] = {
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
# What Keras does while training and never when a network answers; it is left out.
_ONLY_IN_TRAINING = {
    "ActivityRegularization", "AlphaDropout", "AugMix", "CutMix", "GaussianDropout",
    "GaussianNoise", "Identity", "MixUp", "RandAugment", "RandomBrightness",
    "RandomColorDegeneration", "RandomColorJitter", "RandomContrast", "RandomElasticTransform",
    "RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomGrayscale", "RandomHue",
    "RandomInvert", "RandomPerspective", "RandomPosterization", "RandomRotation",
    "RandomSaturation", "RandomSharpness", "RandomShear", "RandomTranslation", "RandomZoom",
    "SpatialDropout2D",
}  # fmt: skip
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


def _activation_name(layer: _Described) -> str:
    name = layer.config["activation"] or "linear"
    if isinstance(name, str) and (name == "linear" or name in _CARRIED or name in _SEPARATE):
        return name
    raise DataError(
        f"{layer} with the activation {name!r} has no counterpart here; "
        f"try one of {', '.join(sorted(_CARRIED | _SEPARATE.keys()))}"
    )


def _own_activation(layer: _Described) -> tuple[str | None, list[Layer]]:
    """Give the activation that the layer carries here, and what must come behind it."""
    name = _activation_name(layer)
    return (name if name in _CARRIED else None), [_SEPARATE[name]] if name in _SEPARATE else []


def _pair(value: int | list[int]) -> tuple[int, int]:
    down, across = value if isinstance(value, list) else (value, value)
    return down, across


class _Weights:
    """Arrays in an HDF5 file, found by layer.

    Parameters
    ----------
    file : h5py.File
    size : int
        Bytes of the file. Keras does not compress, so its arrays cannot be larger together.
    """

    def __init__(self, file: Any, size: int) -> None:
        self.file = file
        self.size = size
        self.taken = 0  # bytes

    def places(self, layer: _Described) -> list[str]:
        """Say where in the file the arrays of a layer are, in their order."""
        raise NotImplementedError

    def take(self, layer: _Described, names: list[tuple[str, Shape | None]]) -> Named:
        places = self.places(layer)
        if len(places) != len(names):
            raise DataError(
                f"{layer} takes {len(names)} arrays, the file has {len(places)}; "
                'save it again with model.save("model.keras")'
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
        self.taken += stored.nbytes
        if self.taken > self.size:
            raise DataError(
                f"up to {layer} the arrays take {in_words(self.taken)}, more than the whole file, "
                f"which has {in_words(self.size)}; do not trust it"
            )
        array: NDArray[np.float32] = stored[()].astype(np.float32)
        return array


class _KerasWeights(_Weights):
    """In a .keras archive: under the class of the layer and how many of them came before."""

    def places(self, layer: _Described) -> list[str]:
        folder = f"{layer.folder}vars"
        return [f"{folder}/{key}" for key in sorted(self.file.get(folder, ()), key=int)]


class _LegacyWeights(_Weights):
    """In an .h5 file: under the name of the layer, in the order of a list beside them.

    Those of a model within the model are not told apart there.
    """

    def places(self, layer: _Described) -> list[str]:
        folder = f"model_weights/{layer.name}"
        if folder not in self.file or layer.depth > 1:
            return []
        names = self.file[folder].attrs["weight_names"]
        texts = [name.decode() if isinstance(name, bytes) else str(name) for name in names]
        return [f"{folder}/{text}" for text in texts]


def _snake_case(name: str) -> str:
    """Write ``LeakyReLU`` as ``leaky_re_lu``, as Keras does."""
    parted = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", parted).lower()
