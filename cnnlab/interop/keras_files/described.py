"""The layers of a model as a file of Keras describes them, in their order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from cnnlab.errors import DataError
from cnnlab.layers import Shape

__all__ = ["MODELS", "REBUILD", "Described", "input_shape", "layers_of"]

MODELS = {"Sequential", "Functional", "Model"}  # Keras 2 said Model too
REBUILD = "try keras.Sequential(model.layers) if the layers simply follow each other"

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


class Described(NamedTuple):
    """A layer, or a model, as the file describes it."""

    kind: str
    name: str
    config: dict[str, Any]
    calls: list[Any]  # what it was called with, in a Functional model
    folder: str  # where its arrays are in a .keras archive
    depth: int  # how many models it lies in

    @classmethod
    def read(cls, entry: dict[str, Any], folder: str = "", depth: int = 0) -> Described:
        """Read one entry of the JSON; a class that is not of Keras is refused."""
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
        """Whether it does nothing when a network answers."""
        if self.kind == "Activation":
            return bool(self.config["activation"] == "linear")
        return self.kind in _ONLY_IN_TRAINING

    def refuse_unless(self, fine: bool, what: str, hint: str) -> None:
        """Refuse the layer for what it has that nothing here has."""
        if not fine:
            raise DataError(f"{self} with {what} has no counterpart here; {hint}")

    def channels_last(self) -> None:
        """Refuse a layer for images whose channels come first."""
        given = self.config.get("data_format") or "channels_last"
        self.refuse_unless(given == "channels_last", given, "save it with channels_last")


def layers_of(model: Described) -> Iterator[Described]:
    """List the layers of a model in their order, those of inner models included."""
    counts: dict[str, int] = {}
    layers_inside: list[Described] = []
    for entry in model.config["layers"]:
        stem = _snake_case(entry["class_name"])
        before = counts.get(stem, 0)
        counts[stem] = before + 1
        folder = (
            f"{model.folder}layers/{stem}_{before}/" if before else f"{model.folder}layers/{stem}/"
        )
        layers_inside.append(Described.read(entry, folder, model.depth + 1))
    if model.kind != "Sequential":
        layers_inside = _followed(model, layers_inside)
    for layer in layers_inside:
        if layer.kind in MODELS:
            yield from layers_of(layer)
        elif layer.kind != "InputLayer" or layer.depth == 1:
            yield layer


def _followed(model: Described, layers_inside: list[Described]) -> list[Described]:
    """Put the layers of a Functional model in their order, from its input to its output."""
    (start,), (end,) = (
        _ends(model, model.config[key]) for key in ("input_layers", "output_layers")
    )
    behind: dict[str, Described] = {}
    for layer in layers_inside:
        if layer.kind != "InputLayer":
            before = _source(layer)
            other = behind.setdefault(before, layer)
            layer.refuse_unless(other is layer, f"{other.name} beside it behind {before}", REBUILD)
    chain = [{layer.name: layer for layer in layers_inside}[start]]
    while chain[-1].name != end and chain[-1].name in behind:
        chain.append(behind.pop(chain[-1].name))
    for layer in layers_inside:
        layer.refuse_unless(layer in chain, "a branch of its own", REBUILD)
    return chain


def _ends(model: Described, given: list[Any]) -> list[str]:
    """Read the names of the layers where a model begins or ends."""
    ends = given if isinstance(given[0], list) else [given]
    model.refuse_unless(len(ends) == 1, f"{len(ends)} inputs or outputs", REBUILD)
    return [end[0] for end in ends]


def _source(layer: Described) -> str:
    """Say which layer feeds this one, the only one, in the only place where it is used."""
    layer.refuse_unless(len(layer.calls) == 1, f"{len(layer.calls)} places in the model", REBUILD)
    call = layer.calls[0]
    if isinstance(call, dict):  # Keras 3
        tensors, options = call["args"], dict(call["kwargs"])
        options.pop("training", None)  # model.predict passes its own
        fine = len(tensors) == 1 and isinstance(tensors[0], dict)
        layer.refuse_unless(fine, "more than one input", REBUILD)
        name, *place = tensors[0]["config"]["keras_history"]
    else:
        layer.refuse_unless(len(call) == 1, "more than one input", REBUILD)
        name, *place = call[0][:3]
        options = call[0][3] if len(call[0]) > 3 else {}
    layer.refuse_unless(place == [0, 0], "more than one output before it", REBUILD)
    given = {key: value for key, value in options.items() if value not in (None, False)}
    layer.refuse_unless(not given, f"the call {given}", "try calling it on its input alone")
    return str(name)


def input_shape(config: dict[str, Any], found: list[Described]) -> Shape:
    """Read what the model takes: (height, width, channels) or (numbers,)."""
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


def _snake_case(name: str) -> str:
    """Write ``LeakyReLU`` as ``leaky_re_lu``, as Keras does."""
    parted = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", parted).lower()
