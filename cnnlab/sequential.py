"""A stack of layers, counted before a byte is spent on it.

Shapes leave out the batch. Costs are for one input: multiply-adds of the forward pass, bytes of all
outputs as float32. Layers in a row only: no branches, no skip connections.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from cnnlab.checks import listed, numbers, shown
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import (
    Array,
    Conv2D,
    Dense,
    Layer,
    Shape,
    Softmax,
)
from cnnlab.layers.base import WindowSide
from cnnlab.layers.pattern import pattern
from cnnlab.shapes import receptive_field, whole

__all__ = ["Row", "Sequential", "checked_input", "checked_parameters"]

_HEAD = ("Layer (type)", "Output Shape", "Param #")
_GAP = 2  # spaces between two columns of the summary


@dataclass(frozen=True)
class Row:
    """One layer in its place: one row of the table.

    Attributes
    ----------
    name : str
        As ``conv2d_1``: unique within its network.
    layer : Layer
    input_shape, output_shape : tuple of int
        Without the batch.
    parameter_shapes : dict of tuple of int
    parameters, non_trainable : int
        Numbers to learn and to keep; how many of them no gradient changes.
    multiply_adds : int
        For one input, forward.
    activation_bytes : int
        Of this layer's output, for one input.
    receptive_field : (int, int)
        Rows and columns of the image that one unit of the output depends on.
    """

    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    parameter_shapes: dict[str, Shape]
    parameters: int
    non_trainable: int
    multiply_adds: int
    activation_bytes: int
    receptive_field: tuple[int, int]


@dataclass(frozen=True)
class Sequential:
    """Layers, one after the other, on inputs of one shape.

    Parameters
    ----------
    layers : iterable of Layer
        From the input on.
    input_shape : tuple of int
        ``(height, width, channels)``, or ``(numbers,)`` for a flat input.

    Raises
    ------
    ShapeError
        If a layer does not fit on the one before; the message names both.

    Examples
    --------
    >>> from cnnlab.layers import Flatten
    >>> small = Sequential([Conv2D(4), Flatten(), Dense(10)], input_shape=(8, 8, 1))
    >>> small.num_parameters
    1490
    >>> [row.name for row in small.rows]
    ['conv2d_1', 'flatten_1', 'dense_1']
    """

    layers: tuple[Layer, ...]
    input_shape: Shape
    rows: tuple[Row, ...] = field(init=False, repr=False, compare=False)

    def __init__(self, layers: Iterable[Layer], input_shape: Iterable[int]) -> None:
        object.__setattr__(self, "layers", listed(layers, "layers", "[Flatten(), Dense(10)]"))
        object.__setattr__(self, "input_shape", checked_input(input_shape))
        object.__setattr__(self, "rows", tuple(_rows(self.layers, self.input_shape)))

    @classmethod
    def pattern(
        cls,
        input_shape: Iterable[int],
        classes: int,
        N: int = 2,  # noqa: N803 - as in the pattern
        M: int = 3,  # noqa: N803 - as the pattern is written
        K: int = 1,  # noqa: N803 - as the pattern is written
        pool: bool = True,
        filters: int = 32,
        units: int = 512,
    ) -> Sequential:
        """Build ``INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC``.

        Every convolution is 3x3 with "same" padding, so that any N fits. Every pooling halves the
        sides; with it, each block has twice the filters of the block before.

        Parameters
        ----------
        input_shape : tuple of int
            ``(height, width, channels)``.
        classes : int
            Units of the last dense layer.
        N, M, K : int
            Convolutions in a block, blocks, hidden dense layers.
        pool : bool
            Whether a 2x2 max pooling ends each block.
        filters : int
            Filters of each convolution in the first block.
        units : int
            Units of each hidden dense layer.

        Returns
        -------
        Sequential

        Raises
        ------
        ShapeError
            If a number makes no sense, or pooling leaves no pixel.

        Notes
        -----
        Karpathy, *CS231n: Convolutional neural networks for visual recognition*, layer patterns.

        Examples
        --------
        >>> network = Sequential.pattern((32, 32, 3), classes=10, N=1, M=2, K=0)
        >>> [row.name for row in network.rows if row.parameters]
        ['conv2d_1', 'conv2d_2', 'dense_1']
        """
        return cls(pattern(classes, N, M, K, pool, filters, units), input_shape)

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def row(self, name: str) -> Row:
        """Find a layer by its name.

        Raises
        ------
        DataError
            If there is none; the message lists the names.
        """
        for row in self.rows:
            if isinstance(name, str) and row.name == name:
                return row
        raise DataError(
            f"there is no layer {shown(name)}; "
            f"try one of {', '.join(row.name for row in self.rows)}"
        )

    @property
    def output_shape(self) -> Shape:
        """Shape of what comes out, without the batch."""
        return self.rows[-1].output_shape

    @property
    def gives_probabilities(self) -> bool:
        """Whether softmax comes last: as a layer of its own, or carried by the last layer."""
        last = self.layers[-1]
        carried = last.activation if isinstance(last, Conv2D | Dense) else None
        return carried == "softmax" or isinstance(last, Softmax)

    @cached_property
    def num_parameters(self) -> int:
        """How many numbers the network learns and keeps."""
        return sum(row.parameters for row in self.rows)

    @cached_property
    def num_non_trainable(self) -> int:
        """How many of its parameters no gradient changes."""
        return sum(row.non_trainable for row in self.rows)

    @cached_property
    def multiply_adds(self) -> int:
        """How many multiplications, each followed by an addition, one input takes."""
        return sum(row.multiply_adds for row in self.rows)

    @cached_property
    def activation_bytes(self) -> int:
        """How many bytes the outputs of all layers take for one input; training keeps them."""
        return sum(row.activation_bytes for row in self.rows)

    @property
    def receptive_field(self) -> tuple[int, int]:
        """Rows and columns that one unit of the last feature maps depends on.

        The dense layers that follow see the whole image.
        """
        maps = [row.receptive_field for row in self.rows if len(row.output_shape) == 3]
        return maps[-1] if maps else (1, 1)

    def table(self) -> str:
        """Write the table that `summary` prints.

        Examples
        --------
        >>> from cnnlab.layers import Flatten
        >>> print(Sequential([Flatten(), Dense(10)], input_shape=(8, 8, 1)).table())
        __________________________________________
        Layer (type)         Output Shape  Param #
        ==========================================
        flatten_1 (Flatten)  (None, 64)    0
        __________________________________________
        dense_1 (Dense)      (None, 10)    650
        ==========================================
        Total params: 650
        Trainable params: 650
        Non-trainable params: 0
        __________________________________________
        """
        lines = [
            (f"{row.name} ({row.layer.kind})", _with_batch(row.output_shape), str(row.parameters))
            for row in self.rows
        ]
        first, second, third = (max(map(len, column)) for column in zip(_HEAD, *lines, strict=True))
        first, second = first + _GAP, second + _GAP
        thin, thick = ("_" * (first + second + third), "=" * (first + second + third))

        def line(cells: tuple[str, str, str]) -> str:
            return f"{cells[0]:<{first}}{cells[1]:<{second}}{cells[2]}"

        return "\n".join([
            thin,
            line(_HEAD),
            thick,
            f"\n{thin}\n".join(map(line, lines)),
            thick,
            f"Total params: {self.num_parameters:,}",
            f"Trainable params: {self.num_parameters - self.num_non_trainable:,}",
            f"Non-trainable params: {self.num_non_trainable:,}",
            thin,
        ])  # fmt: skip

    def summary(self) -> None:
        """Print layers, output shapes and parameter counts, as in the table of the deck."""
        print(self.table())  # noqa: T201 - printing is what it is for


def _with_batch(shape: Shape) -> str:
    return f"({', '.join(['None', *map(str, shape)])})"


def checked_input(input_shape: Iterable[int]) -> Shape:
    """Check the shape of one input of a network.

    Raises
    ------
    ShapeError
        If it is neither that of a volume nor that of a vector.
    """
    try:
        shape = tuple(whole(size, "a size of input_shape") for size in input_shape)
    except (ShapeError, TypeError):
        shape = ()
    if len(shape) not in {1, 3}:
        raise ShapeError(
            f"input_shape must be (height, width, channels) or (numbers,), "
            f"got {shown(input_shape)}; a grey 28x28 image is (28, 28, 1)"
        )
    return shape


def checked_parameters(
    stack: Sequential, parameters: Mapping[str, ArrayLike], *, copy: bool = True
) -> dict[str, Array]:
    """Check the parameters of a network: their names, their shapes, and that they are numbers.

    Parameters
    ----------
    stack : Sequential
    parameters : dict of array_like
        By name, as ``Network.parameters``.
    copy : bool
        Whether arrays that are right already are copied.

    Raises
    ------
    DataError
        If a name is missing or unknown, or an array does not hold real numbers.
    ShapeError
        If an array has the wrong shape.
    """
    expected = {
        f"{row.name}.{key}": shape
        for row in stack.rows
        for key, shape in row.parameter_shapes.items()
    }
    if not isinstance(parameters, Mapping):
        raise DataError(
            f"parameters must be a dict of arrays, got {shown(parameters)}; try net.parameters"
        )
    for problem, names in [
        ("missing", expected.keys() - parameters.keys()),
        ("not in this network", parameters.keys() - expected.keys()),
    ]:
        if names:
            raise DataError(
                f"{problem}: {', '.join(sorted(map(str, names)))}; "
                f"give exactly {', '.join(expected) or 'nothing'}"
            )
    arrays = {
        name: np.array(numbers(parameters[name], name), np.float32, order="C", copy=copy or None)
        for name in expected
    }
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise ShapeError(
                f"{name} must have shape {shape}, got {arrays[name].shape}; "
                "was it made for another network?"
            )
    return arrays


def _rows(layers: tuple[Layer, ...], input_shape: Shape) -> Iterator[Row]:
    """Lay the layers out one after the other, resolving every size."""
    if not layers:
        raise ShapeError("a network needs at least one layer; try [Flatten(), Dense(10)]")
    counts: dict[str, int] = {}
    down: list[WindowSide] = []
    across: list[WindowSide] = []
    whole = input_shape[:2] if len(input_shape) == 3 else (input_shape[0], 1)
    sees_all = False
    shape, before = input_shape, "the input"
    for number, layer in enumerate(layers, start=1):
        if not isinstance(layer, Layer):
            raise DataError(
                f"layer {number} is {shown(layer)}, which is not a layer; "
                "try Dense(10), or inherit from cnnlab.layers.Layer"
            )
        counts[layer.stem] = counts.get(layer.stem, 0) + 1
        name = f"{layer.stem}_{counts[layer.stem]}"
        try:
            output_shape = layer.output_shape(shape)
            parameter_shapes = layer.parameter_shapes(shape)
            sliding = layer.sliding_window(shape)
        except ShapeError as error:
            raise ShapeError(
                f"{name} ({layer.kind}), layer {number}, does not fit on {before}, "
                f"which gives {shape}: {error}"
            ) from error
        if sliding is not None:
            down.append(sliding[0])
            across.append(sliding[1])
        sees_all = sees_all or isinstance(layer, Dense)
        yield Row(
            name=name,
            layer=layer,
            input_shape=shape,
            output_shape=output_shape,
            parameter_shapes=parameter_shapes,
            parameters=layer.num_parameters(shape),
            non_trainable=sum(prod(parameter_shapes[key]) for key in layer.non_trainable),
            multiply_adds=layer.multiply_adds(shape),
            activation_bytes=4 * prod(output_shape),
            receptive_field=whole if sees_all else (receptive_field(down), receptive_field(across)),
        )
        shape, before = output_shape, name
