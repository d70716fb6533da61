"""NetworkBuilder: a network put together by hand, with all that it costs before it is run."""

from __future__ import annotations

import dataclasses
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import zoo
from cnnlab.checks import shown
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import (
    ACTIVATIONS,
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    Layer,
    MaxPool2D,
    ReLU,
)
from cnnlab.layers.pattern import pattern
from cnnlab.sequential import Row, Sequential
from cnnlab.widgets.shared import code, strips
from cnnlab.widgets.shared.printed import PRINTED
from cnnlab.widgets.shared.sizes import Budget, InputShape, Layers
from cnnlab.widgets.shared.traits import Count, OneOf, Switch
from cnnlab.widgets.shared.widget import Reply, Request, Widget

__all__ = ["NetworkBuilder"]

_KINDS = {
    "Convolution": Conv2D(32, 3),
    "Max pooling": MaxPool2D(2),
    "Average pooling": AvgPool2D(2),
    "Global average": GlobalAvgPool2D(),
    "Flatten": Flatten(),
    "Dense": Dense(10),
    "ReLU": ReLU(),
    "Dropout": Dropout(0.5),
    "Batch norm": BatchNorm(),
}
_TITLES = {
    "lenet5": "LeNet-5",
    "alexnet": "AlexNet",
    "vgg16": "VGG-16",
    "deck_network": "The deck's network",
    "deep_convnet": "A deep ConvNet",
    "digits_net": "The digits net",
    "face_net": "The face net",
}
_SHORT = {"deck": "deck_network"}
_PATTERN = ("N", "M", "K", "pool", "filters", "units")
_HANDED_ON = (Flatten, Dropout)  # what goes in comes out, outside training
_MOST_LAYERS, _MOST_CLASSES = 80, 4096


class NetworkBuilder(Widget, stem="network_builder"):
    """Put a network together; see its volumes, its table and its costs before anything is run.

    A pattern with N, M, K and pooling, or any list of layers. Everything can be set on the page and
    in Python, and each follows the other.

    Parameters
    ----------
    network : Sequential or str, optional
        What to begin with: a network, or the name of one of the zoo (``"lenet5"``, ``"alexnet"``,
        ``"vgg16"``, ``"deck"``, ...). Without one, the pattern.
    input_shape : tuple of int
        (height, width, channels), or (numbers,). That of the network, if one is given.
    classes : int
        Units of the last dense layer; those of the network, if one is given.
    parameter_budget, work_budget : int, optional
        How many parameters, and multiply-adds for one input, there may be: lines in the bars.
    N, M, K : int
        Convolutions in a block, blocks, hidden dense layers of the pattern.
    pool : bool
        Whether a pooling ends each block.
    filters, units : int
        Filters of a convolution in the first block, units of a hidden dense layer.
    layers : list of Layer
        Layers put together one by one.
    mode : "pattern" or "layers"
        Which of the two counts. The other is kept.
    bars : "each" or "running"
        Whether the bars show each layer, or the sum up to it.
    scale : "linear" or "log"
        How the sides of the volumes are drawn.
    printed : bool
        Whether what papers print stands beside what comes out, where it is known.

    Raises
    ------
    DataError, ShapeError
        If a setting makes no sense.
    TypeError
        If an option is not known.

    Notes
    -----
    Karpathy, *CS231n: Convolutional neural networks for visual recognition*, layer patterns.

    Examples
    --------
    >>> builder = NetworkBuilder("deck", parameter_budget=1_000_000)
    >>> builder
    NetworkBuilder(12 layers: 150x150x1 -> 10, 8,459,242 parameters, 121,533,952 multiply-adds)
    >>> builder.over_budget
    {'parameters': 7459242}
    >>> builder.network.row("conv2d_2").output_shape
    (72, 72, 32)
    """

    input_shape = InputShape((32, 32, 3), most=1024)
    classes = Count(10, most=_MOST_CLASSES)
    N = Count(2, most=5)
    M = Count(3, most=6)
    K = Count(1, least=0, most=4)
    pool = Switch(True)
    filters = Count(32, most=1024)
    units = Count(512, most=8192)
    layers = Layers((), _KINDS, most=_MOST_LAYERS)
    mode = OneOf(pattern="Pattern", layers="Layer by layer")
    parameter_budget = Budget()
    work_budget = Budget()
    bars = OneOf(each="each layer", running="running total")
    scale = OneOf(linear="sides to scale", log="each doubling alike")
    printed = Switch(False)

    def __init__(self, network: Sequential | str | None = None, **options: Any) -> None:
        if network is not None:
            built = _read(network)
            layers = list(built.layers)
            last = layers[-1]
            given: dict[str, Any] = {
                "input_shape": built.input_shape,
                "layers": layers,
                "mode": "layers",
            }
            if isinstance(last, Dense):
                layers[-1] = dataclasses.replace(last, units=options.get("classes", last.units))
                given["classes"] = min(last.units, _MOST_CLASSES)
            given["layers"] = layers
            options = given | options
        elif "layers" in options:
            options = {"mode": "layers", **options}
        super().__init__(**options)

    # -- what is built ------------------------------------------------------------------------

    @property
    def network(self) -> Sequential:
        """The network as it is set now; setting one, or a name of the zoo, shows it.

        Raises
        ------
        ShapeError
            If a layer does not fit on the one before; the message names both.
        """
        with self._lock:
            return Sequential(self._stack(), self.input_shape)

    @network.setter
    def network(self, network: Sequential | str) -> None:
        built = _read(network)
        with self._lock, self._as_one():
            self.input_shape = built.input_shape
            self.layers = built.layers
            self.mode = "layers"

    @property
    def activation_values(self) -> int:
        """Numbers that one input makes: itself and what comes out of each layer.

        What Flatten and Dropout hand on is not counted again.
        """
        network = self.network
        return prod(network.input_shape) + sum(map(_values, network))

    @property
    def over_budget(self) -> dict[str, int]:
        """By how much a budget is exceeded: of ``"parameters"``, of ``"multiply_adds"``."""
        network = self.network
        found = {
            "parameters": (network.num_parameters, self.parameter_budget),
            "multiply_adds": (network.multiply_adds, self.work_budget),
        }
        return {
            name: count - budget
            for name, (count, budget) in found.items()
            if budget is not None and count > budget
        }

    def _stack(self) -> list[Layer]:
        if self.mode == "layers":
            return list(self.layers)
        return pattern(self.classes, **{name: getattr(self, name) for name in _PATTERN})

    def _rows(self) -> tuple[list[Row], str]:
        """Lay the layers out as far as they fit, and say why the next one does not."""
        shape, fitting, why = self.input_shape, list[Layer](), ""
        for layer in self._stack():
            try:
                shape = layer.output_shape(shape)
            except ShapeError as error:
                why = str(error)
                break
            fitting.append(layer)
        return list(Sequential(fitting, self.input_shape)) if fitting else [], why

    # -- answers to the page ------------------------------------------------------------------

    def _page_facts(self) -> dict[str, Any]:
        """Add the networks of the zoo, and what a layer can carry with it."""
        trait: Any = self.traits()["layers"]
        presets = []
        for name in zoo.NETWORKS:
            network = zoo.build(name)
            size = " \N{MULTIPLICATION SIGN} ".join(map(str, network.input_shape))
            ledger = PRINTED.get(name)
            presets.append({
                "title": f"{_TITLES.get(name, name)}, {size}",
                "input_shape": list(network.input_shape),
                "layers": trait.as_json(network.layers),
                "printed": ledger and ledger.facts(),
            })  # fmt: skip
        more = {"presets": presets, "activations": list(ACTIVATIONS)}
        return {**super()._page_facts(), **more}

    def answer_frame(self, _request: Request) -> Reply:
        """Give all numbers that the page shows."""
        rows, error = self._rows()
        return {"rows": [_told(row) for row in rows], "unfit": error}, []

    # -- in words -----------------------------------------------------------------------------

    def code(self) -> str:
        """Write the Python that builds this network.

        Returns
        -------
        str
            Lines that set ``network``, and print its table and costs.
        """
        with self._lock:
            lines = self._building()
            why = self._rows()[1]
        if why:
            lines = [f"# This raises a ShapeError: {why}", *lines]
        else:
            lines += ["network.summary()", "print(network.multiply_adds, network.activation_bytes)"]
        return "\n".join(lines) + "\n"

    def _building(self) -> list[str]:
        if self.mode == "pattern":
            said = ", ".join(f"{name}={getattr(self, name)!r}" for name in ("classes", *_PATTERN))
            return [
                "from cnnlab import Sequential", "",
                f"network = Sequential.pattern({self.input_shape}, {said})",
            ]  # fmt: skip
        for name in zoo.NETWORKS:
            one = zoo.build(name)
            if (one.layers, one.input_shape) == (self.layers, self.input_shape):
                return ["from cnnlab import zoo", "", f"network = zoo.{name}()"]
        if not self.layers:
            return ["# No layer yet: this raises a ShapeError.", *code.stack((), self.input_shape)]
        return code.stack(self.layers, self.input_shape)

    def _still(self) -> NDArray[np.uint8]:
        rows, error = self._rows()
        lines = [
            (
                f"{row.name} ({row.layer.kind})",
                " x ".join(map(str, row.output_shape)),
                row.parameters,
                row.multiply_adds,
            )
            for row in rows
        ]
        return strips.costs(lines, error)

    def _still_text(self) -> str:
        rows, error = self._rows()
        told = [f"{row.name} {'x'.join(map(str, row.output_shape))}" for row in rows]
        return "; ".join([repr(self), *told, *([error] if error else [])])

    def __repr__(self) -> str:
        with self._lock:
            rows, error = self._rows()
            count = len(self._stack())
            first = "x".join(map(str, self.input_shape))
            start = f"NetworkBuilder({count} layers: {first}"
            if error:
                return f"{start} -> ?, layer {len(rows) + 1} does not fit)"
            if not rows:
                return f"{start})"
            last = "x".join(map(str, rows[-1].output_shape))
            return (
                f"{start} -> {last}, {sum(row.parameters for row in rows):,} parameters, "
                f"{sum(row.multiply_adds for row in rows):,} multiply-adds)"
            )


def _read(network: Sequential | str) -> Sequential:
    if isinstance(network, Sequential):
        return network
    if isinstance(network, str):
        return zoo.build(_SHORT.get(network, network))
    raise DataError(
        f"network must be a Sequential or a name of the zoo, got {shown(network)}; "
        f"try {', '.join(zoo.NETWORKS)}, or net.sequential of a Network"
    )


def _values(row: Row) -> int:
    return 0 if isinstance(row.layer, _HANDED_ON) else prod(row.output_shape)


def _told(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.layer.kind,
        "shape": list(row.output_shape),
        "parameters": row.parameters,
        "nonTrainable": row.non_trainable,
        "multiplyAdds": row.multiply_adds,
        "values": _values(row),
        "field": list(row.receptive_field),
    }
