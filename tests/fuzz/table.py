"""What is called, and with what it answers: one right value for every parameter there is.

A parameter is looked up as ``module.function.parameter``, then as ``module.parameter``, then by its
name alone. What is public is found in `__all__`; what has no right value here fails the test.
"""

import inspect
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import cnnlab
from cnnlab import (
    Network,
    Sequential,
    checkpoints,
    datasets,
    layers,
    optimizers,
    recipes,
    rungs,
    timing,
    training,
    zoo,
)

# `naive` checks nothing, on purpose: it is what is read, and the yardstick.
LEFT_OUT = {"__version__", "errors", "exercises", "naive", "widgets"}
MODULES = sorted(set(cnnlab.__all__) - LEFT_OUT)

# Nothing to get wrong, or nothing to get right without a network.
NOT_CALLED = {
    "datasets.cifar10", "datasets.fashion_mnist", "datasets.mnist",
    "layers.Activation", "layers.Layer", "optimizers.Optimizer", "optimizers.Schedule",
    "training.Data", "training.Settings.loss", "training.Run", "callbacks.ProgressBar",
    "Network.replace",  # unchecked by its own word
    "timing.calls",  # hands whatever it gets to a function
    # They hold what they are given; who reads them checks.
    "checkpoints.Progress", "datasets.Split", "features.Patch", "recipes.Recipe", "recipes.Record",
    "display.Palette", "filters.Explanation", "timing.Roof", "timing.Timing", "shapes.Window",
    "training.DivergedError",
    "training.Evaluation", "training.Snapshot", "images.Sample",
    "plots.Picture",  # matplotlib's figure
}  # fmt: skip

# Rightly refused here: a whole model of Keras is made in `tests/interop`.
REFUSED = {"Network.from_keras", "interop.from_keras"}

# What is handed over here is called, and may fail in words of its own: no functions, then.
CALLED = {"loss", "augment", "schedule", "callbacks"}

# The words of those who call a check: names and bounds, which no learner hands over.
WORDS = {
    f"shapes.{check}.{word}"
    for check in ("pair", "whole", "whole_or_pair")
    for word in ("name", "least")
}

# The protocol between a network and its layers and optimisers, which the network keeps, is below
# the rim: arrays come as it made them. The rest of a layer is attacked.
PROTOCOL = {
    "forward",
    "backward",
    "backward_in_place",
    "running_averages",
    "apply",
    "apply_backward",
    "update",
}


def _random(*shape: int) -> Any:
    return np.random.default_rng(0).random(shape, np.float32)


def _deck() -> Sequential:
    return Sequential(
        [
            layers.Conv2D(2, activation="relu"),
            layers.MaxPool2D(),
            layers.Flatten(),
            layers.Dense(3),
        ],
        (8, 8, 1),
    )


def _net() -> Network:
    return Network(_deck())


def _data() -> datasets.Dataset:
    return datasets.Dataset(_random(6, 8, 8, 1), [0, 1, 2, 0, 1, 2], ["a", "b", "c"])


@cache
def _snapshots() -> list[training.Snapshot]:
    return list(training.run(_net(), _data(), validation=_data(), epochs=2))


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp())
    checkpoints.save(_net(), folder / "net.safetensors")
    trained = training.run(_net(), _data(), epochs=1, checkpoint=folder / "training.safetensors")
    list(trained)
    from PIL import Image

    for name in ("cat", "dog"):
        (folder / "pictures" / name).mkdir(parents=True)
        Image.fromarray((255 * _random(9, 7)).astype(np.uint8)).save(
            folder / "pictures" / name / "1.png"
        )
    return folder


def _record() -> recipes.Record:
    return recipes.Record("train", "a recipe", 0, "digits", ("a", "b", "c"), {}, "today", "1")


def _torch_module() -> Any:
    torch = import_module("torch")
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3))


RIGHT: dict[str, Callable[[], Any]] = {
    # arrays
    "images": lambda: _random(2, 8, 8, 1),
    "image": lambda: _random(8, 8),
    "labels": lambda: [0, 2],
    "scores": lambda: _random(2, 3),
    "predicted": lambda: [0, 1],
    "confusion": lambda: [[1, 2], [3, 4]],
    "matrix": lambda: [[1, 2], [3, 4]],
    "weights": lambda: _random(3, 3, 1, 2),
    "values": lambda: _random(8, 8),
    "pixels": lambda: _random(8, 8, 3),
    "x": lambda: _random(2, 6),
    "output": lambda: _random(2, 6),
    "inputs": lambda: _random(2, 6),
    "grad_output": lambda: _random(2, 6),
    "grad_scores": lambda: _random(2, 3),
    "out": lambda: None,
    "bias": lambda: None,
    "heat": lambda: _random(8, 8),
    "array": lambda: _random(4, 5),
    "maps": lambda: _random(6, 6, 3),
    "pictures": lambda: [_random(8, 8), _random(6, 7)],
    "parameters": lambda: _random(2, 3),
    "gradients": lambda: _random(2, 3),
    "filter": lambda: _random(3, 3),
    # sizes
    "shape": lambda: (3, 3, 1, 4),
    "input_shape": lambda: (8, 8, 1),
    "window": lambda: 2,
    "stride": lambda: 1,
    "padding": lambda: 0,
    "dilation": lambda: 1,
    "size": lambda: 9,
    "filters": lambda: 4,
    "kernel_size": lambda: 3,
    "units": lambda: 3,
    "classes": lambda: 3,
    "count": lambda: 2,
    "pieces": lambda: 2,
    "columns": lambda: 4,
    "top": lambda: 2,
    "unit": lambda: 1,
    "target": lambda: 1,
    "row": lambda: 1,
    "column": lambda: 1,
    "least": lambda: 1,
    "value": lambda: 3,
    "which": lambda: 1,
    "box": lambda: (0, 1, 4, 5),
    "mark": lambda: (0, 0, 2, 2),
    "N": lambda: 1,
    "M": lambda: 2,
    "K": lambda: 1,
    "crops": lambda: 3,
    "step": lambda: 1,
    "steps": lambda: 2,
    "epochs": lambda: 1,
    "batch_size": lambda: 4,
    "every": lambda: 1,
    "checkpoint_every": lambda: None,
    "patience": lambda: 2,
    "jitter": lambda: 1,
    "in_channels": lambda: 2,
    "filter_height": lambda: 3,
    "filter_width": lambda: 3,
    "windows": lambda: [(3, 1), (2, 2)],
    "max_side": lambda: 64,
    "min_side": lambda: 1,
    # numbers
    "seed": lambda: 1,
    "rng": lambda: np.random.default_rng(0),
    "rate": lambda: 0.5,
    "scale": lambda: 2.0,
    "offset": lambda: 0.5,
    "slope": lambda: 0.1,
    "alpha": lambda: 1.0,
    "margin": lambda: 1.0,
    "limit": lambda: 1.0,
    "white": lambda: 1.0,
    "fill": lambda: 0.5,
    "share": lambda: 0.8,
    "elsewhere": lambda: 0.2,
    "tone": lambda: 1.0,
    "strength": lambda: 0.9,
    "left": lambda: 2,
    "seconds": lambda: 0.1,
    "label": lambda: 1,
    "deviation": lambda: 0.1,
    "channels": lambda: 0.5,
    "step_size": lambda: 0.02,
    "decay": lambda: 0.01,
    "learning_rate": lambda: 0.1,
    "momentum": lambda: 0.9,
    "weight_decay": lambda: 0.01,
    "epsilon": lambda: 1e-5,
    "beta": lambda: 0.9,
    "beta1": lambda: 0.9,
    "beta2": lambda: 0.99,
    "final": lambda: 0.1,
    "warmup": lambda: 0.1,
    "peak": lambda: 0.3,
    "start": lambda: 0.1,
    "at": lambda: (0.5,),
    "factor": lambda: 0.1,
    "progress": lambda: 0.5,
    "fractions": lambda: 0.5,
    "width": lambda: 3.0,
    "height": lambda: 3.0,
    # words
    "name": lambda: "digits_net",
    "title": lambda: "a title",
    "titles": lambda: ["one", "two"],
    "class_names": lambda: ["cat", "dog", "owl"],
    "purpose": lambda: "Blurs.",
    "source": lambda: "A book",
    "palette": lambda: "blue_red",
    "held_out": lambda: "fifth",
    "part": lambda: "test",
    "of": lambda: "score",
    "monitor": lambda: "accuracy",
    "noun": lambda: "filter",
    "layer": lambda: "conv2d_1",
    "activation": lambda: "relu",
    "initializer": lambda: "he_normal",
    "dtype": lambda: None,
    # switches
    "copy": lambda: True,
    "nesterov": lambda: False,
    "pool": lambda: True,
    "count_padding": lambda: True,
    "grey": lambda: True,
    "signed": lambda: True,
    "training": lambda: True,
    "resume": lambda: False,
    "images_gradient": lambda: True,
    # things of ours
    "net": _net,
    "network": _net,
    "sequential": _deck,
    "networks": _deck,
    "data": _data,
    "dataset": _data,
    "train_data": _data,
    "validation": _data,
    "loss": lambda: cnnlab.losses.hinge,
    "optimizer": lambda: optimizers.SGD(0.1),
    "schedule": optimizers.Cosine,
    "augment": lambda: [cnnlab.augmentation.Flip()],
    "snapshot": lambda: _snapshots()[-1],
    "runs": _snapshots,
    "layers": lambda: [layers.Flatten(), layers.Dense(3)],
    "description": lambda: checkpoints.describe(_deck()),
    "callbacks": lambda: [cnnlab.callbacks.History()],
    # files
    "path": lambda: _folder() / "net.safetensors",
    "folder": lambda: _folder() / "pictures",
    "checkpoint": lambda: None,
    # where a name alone does not say it
    "Network.from_parameters.parameters": lambda: _net().parameters,
    "Network.from_torch.module": _torch_module,
    "Network.from_torch.input_shape": lambda: (8, 8, 1),
    "Network.from_keras.model": lambda: _folder() / "net.keras",
    "Network.output_gradients.trace": lambda: _net().trace(_random(2, 8, 8, 1)),
    "Sequential.row.name": lambda: "dense_1",
    "augmentation.Shift.pixels": lambda: 2,
    "augmentation.Brightness.amount": lambda: 0.2,
    "callbacks.SaveBest.path": lambda: _folder() / "best.safetensors",
    "banks.stack.filters": lambda: ["sobel_x", _random(3, 3, 3)],
    "checkpoints.save.path": lambda: _folder() / "saved.safetensors",
    "checkpoints.save.progress": lambda: None,
    "checkpoints.load_progress.path": lambda: _folder() / "training.safetensors",
    "checkpoints.layers": tuple,
    "datasets.Dataset.labels": lambda: [0, 2],
    "datasets.Mark.kind": lambda: "plus",
    "features.shuffled.layers": lambda: 1,
    "features.rank_correlation.one": lambda: _random(4, 5),
    "features.rank_correlation.other": lambda: _random(4, 5),
    "display.photograph.image": lambda: _random(8, 8, 3),
    "display.jpeg.pixels": lambda: np.zeros((4, 4, 3), np.uint8),
    "filters.Filter.weights": lambda: _random(3, 3),
    "filters.Filter.name": lambda: "mine",
    "filters.explain.bias": lambda: 0.5,
    "filters.matrix.height": lambda: 6,
    "filters.matrix.width": lambda: 5,
    "filters.merge.first": lambda: _random(3, 2),
    "filters.merge.second": lambda: _random(2, 4, 3),
    "functional.image_shape": lambda: (2, 8, 8, 1),
    "gradients.central_difference.loss": lambda: lambda x: float((x**2).sum()),
    "gradients.central_difference.at": lambda: _random(2, 3),
    "gradients.central_difference.step": lambda: 1e-3,
    "gradients.relative_error.one": lambda: _random(2, 3),
    "gradients.relative_error.other": lambda: _random(2, 3),
    "functional.conv2d.filters": lambda: _random(3, 3, 1, 2),
    "functional.conv2d_relu.filters": lambda: _random(3, 3, 1, 2),
    "functional.conv2d_backward.filters": lambda: _random(3, 3, 1, 2),
    "functional.conv2d_backward.grad_output": lambda: _random(2, 6, 6, 2),
    "functional.dense.weights": lambda: _random(6, 3),
    "functional.dense_backward.out": lambda: (None, None, None),
    "functional.dense_backward.weights": lambda: _random(6, 3),
    "functional.dense_backward.grad_output": lambda: _random(2, 3),
    "functional.max_pool2d_backward.grad_output": lambda: _random(2, 7, 7, 1),
    "functional.avg_pool2d_backward.grad_output": lambda: _random(2, 7, 7, 1),
    "functional.maxout_backward.grad_output": lambda: _random(2, 3),
    "functional.velocity": lambda: _random(2, 3),
    "functional.mean": lambda: _random(2, 3),
    "functional.square": lambda: _random(2, 3),
    "functional.momenta": lambda: _random(2, 3),
    "functional.decoupled": lambda: True,
    "images.fit.shape": lambda: (6, 6, 1),
    "images.load.source": lambda: _folder() / "pictures" / "cat" / "1.png",
    "images.sample.name": lambda: "camera",
    "images.to_grey.image": lambda: _random(8, 8, 3),
    "initializers.get.name": lambda: "he_normal",
    "interop.from_torch.module": _torch_module,
    "interop.from_keras.model": lambda: _folder() / "net.keras",
    "interop.to_torch.parameters": lambda: _net().parameters,
    "layers.Conv2D.bias": lambda: True,
    "layers.Dense.bias": lambda: True,
    **{
        f"layers.Dense.{method}.input_shape": lambda: (5,)
        for method in (
            "initialize",
            "num_parameters",
            "output_shape",
            "parameter_shapes",
            "multiply_adds",
        )
    },
    "layers.Maxout.output_shape.input_shape": lambda: (8, 8, 2),
    "layers.BatchNorm.momentum": lambda: 0.9,
    "plots.bins.counts": lambda: {"training": 6, "test": 2},
    "plots.bins.sealed": lambda: "test",
    "plots.confusion.class_names": lambda: ["cat", "dog"],
    "plots.curves.x": lambda: [0, 1, 2],
    "plots.curves.lines": lambda: {"squares": [0, 1, 4]},
    "plots.curves.across": lambda: "x",
    "plots.filters.columns": lambda: 3,
    "plots.patches.pictures": lambda: [_random(5, 5), _random(5, 5)],
    "recipes.class_names.path": lambda: zoo.weights_file("digits_net"),
    "recipes.measure.chosen": lambda: recipes.recipe("digits_net"),
    "recipes.measure.net": lambda: zoo.pretrained("digits_net"),
    "recipes.measure.split": datasets.digits,
    "recipes.save.record": _record,
    "recipes.save.path": lambda: _folder() / "recipe.safetensors",
    "recipes.train.progress": lambda: False,
    "recipes.train.callbacks": lambda: [lambda snapshot: True],
    "training.fit.callbacks": lambda: [lambda snapshot: True],
    "plots.roofline.roof": lambda: timing.Roof(100e9, 20e9, 80e9, 2),
    "plots.roofline.timings": lambda: [timing.Timing("tile", 1e-3, 10**7, 10**6)],
    "plots.search.across": lambda: "rate",
    "plots.search.log": lambda: True,
    "plots.search.plans": lambda: {"grid": [[0.1, 4], [1, 8]]},
    "plots.search.up": lambda: "filters",
    "plots.strip_plot.across": lambda: "score",
    "plots.strip_plot.error": lambda: 0.01,
    "plots.strip_plot.groups": lambda: {"seeds": [0.9, 0.92]},
    "plots.strip_plot.log": lambda: False,
    "plots.strip_plot.truth": lambda: 0.9,
    "plots.times.mark": lambda: "loop",
    "plots.times.seconds": lambda: {"loop": 1.5, "tile": 0.001},
    "rungs.filters": lambda: _random(3, 3, 1, 2),
    "rungs.image": lambda: _random(5, 6, 1),
    "timing.filters": lambda: _random(3, 3, 1, 2),
    "timing.image": lambda: _random(5, 6, 1),
    "timing.in_a_child.code": lambda: "print(1)",
    "timing.measure.functions": lambda: {"im2col": rungs.im2col},
    "timing.measure.patience": lambda: 0.001,
    "rungs.one_channel.function": lambda: np.multiply,
    "timing.Roof.over.intensity": lambda: 2.0,
    "timing.roof.fresh": lambda: False,
    "shapes.conv2d_parameters.bias": lambda: True,
    "shapes.dense_parameters.bias": lambda: True,
    "shapes.dense_parameters.inputs": lambda: 5,
    "shapes.Window.over.image": lambda: (8, 8),
    "training.ProgressBar.done": lambda: 0,
    "training.fit.progress": lambda: False,
    "training.fit.settings": lambda: 1,
    "zoo.pretrained.name": lambda: "digits_net",
}


@dataclass(frozen=True)
class Public:
    """Something public that can be called, under its name."""

    name: str
    function: Callable[..., Any]
    of: type | None = None  # called on a fresh instance of this class

    def parameters(self) -> list[inspect.Parameter]:
        """All that it takes and that can be got wrong."""
        kept = list(inspect.signature(self.function).parameters.values())
        return kept[1:] if self.of else kept

    def right(self, parameter: str) -> Any:
        module = self.name.partition(".")[0]
        for key in (f"{self.name}.{parameter}", f"{module}.{parameter}", parameter):
            if key in RIGHT:
                return RIGHT[key]()
        raise LookupError(
            f"tests/fuzz/table.py has no right value for {self.name}.{parameter}; add one to RIGHT"
        )

    def instance(self) -> Any:
        if self.of is None:
            return None
        return self.of(**_arguments(Public(self.name.rpartition(".")[0], self.of)))

    def call(self, wrong: dict[str, Any]) -> Any:
        """Call with right values, but for those that are given; use up what comes lazily."""
        given = _arguments(self) | wrong
        many = given.pop("fractions", ...)
        if "settings" in given:
            given |= {"epochs": given.pop("settings")}
        places = [] if many is ... else [many]
        itself = [self.instance()] if self.of else []
        answer = self.function(*itself, *places, **given)
        if isinstance(answer, training.Run):
            next(answer, None)
        if isinstance(answer, cnnlab.plots.Picture):
            answer.encoded()
        return answer


def _arguments(public: Public) -> dict[str, Any]:
    return {parameter.name: public.right(parameter.name) for parameter in public.parameters()}


def everything() -> list[Public]:
    """Find all that is public and takes something."""
    found = []
    for module in MODULES:
        owner = getattr(cnnlab, module)
        names = {module: owner}
        if inspect.ismodule(owner):
            names = {f"{module}.{name}": getattr(owner, name) for name in owner.__all__}
        for name, thing in names.items():
            if name in NOT_CALLED or not (inspect.isfunction(thing) or inspect.isclass(thing)):
                continue
            if (
                type(thing) is not type
                and not inspect.isfunction(thing)
                and not isinstance(thing, type)
            ):
                continue
            found.append(Public(name, thing))
            if inspect.isclass(thing):
                found += _methods(name, thing)
    return [public for public in found if public.parameters()]


def _methods(name: str, kind: type) -> list[Public]:
    found = []
    # What it has from a class that is public is called there.
    known = getattr(getattr(cnnlab, name.partition(".")[0]), "__all__", ())
    hidden = [
        one for one in reversed(kind.__mro__[1:])
        if one.__module__.startswith("cnnlab.") and one.__name__ not in known
    ]  # fmt: skip
    members = {key: member for one in (*hidden, kind) for key, member in vars(one).items()}
    for key, member in members.items():
        full = f"{name}.{key}"
        shown = not key.startswith("_") or key in {"__call__", "__getitem__", "__iter__"}
        if not shown or full in NOT_CALLED or key in PROTOCOL:
            continue
        if isinstance(member, classmethod):
            found.append(Public(full, getattr(kind, key)))
        elif inspect.isfunction(member):
            found.append(Public(full, member, kind))
    return found
