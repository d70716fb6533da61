"""The networks of the comparison, written once as data; every side builds its own from the list.

Shapes are (height, width, channels), filters HWIO, dense weights (inputs, units). Dropout stands in
the lists where the network has it; it costs time in training and nothing in prediction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Conv:
    filters: int
    size: int
    stride: int = 1
    padding: int = 0


@dataclass(frozen=True)
class MaxPool:
    window: int
    stride: int


@dataclass(frozen=True)
class Relu:
    pass


@dataclass(frozen=True)
class Flatten:
    pass


@dataclass(frozen=True)
class Dropout:
    rate: float


@dataclass(frozen=True)
class Dense:
    units: int


Layer = Conv | MaxPool | Relu | Flatten | Dropout | Dense


@dataclass(frozen=True)
class Architecture:
    """A list of layers on an input, and what follows from it."""

    input_shape: tuple[int, int, int]
    layers: tuple[Layer, ...]

    def sizes(self) -> Iterator[tuple[Layer, tuple[int, ...], tuple[int, ...]]]:
        """Walk the layers with their input and output shapes."""
        shape: tuple[int, ...] = self.input_shape
        for layer in self.layers:
            after = _output_shape(layer, shape)
            yield layer, shape, after
            shape = after

    def weight_shapes(self) -> list[tuple[int, ...]]:
        """Weights and bias of every layer that has them, in order."""
        shapes: list[tuple[int, ...]] = []
        for layer, before, after in self.sizes():
            if isinstance(layer, Conv):
                shapes += [(layer.size, layer.size, before[-1], layer.filters), after[-1:]]
            elif isinstance(layer, Dense):
                shapes += [(before[0], layer.units), after]
        return shapes

    def weights(self, seed: int) -> Iterator[NDArray[np.float32]]:
        """Draw the arrays of `weight_shapes`, one at a time: VGG-16's fill half a gigabyte."""
        rng = np.random.default_rng(seed)
        for shape in self.weight_shapes():
            fan_in = int(np.prod(shape[:-1]))
            spread = np.float32(np.sqrt(2 / fan_in) if len(shape) > 1 else 0.05)
            yield rng.standard_normal(shape, dtype=np.float32) * spread

    def multiply_adds(self) -> tuple[int, int]:
        """Count the multiply-adds of one image: all layers, and the first layer alone."""
        counts = []
        for layer, before, after in self.sizes():
            if isinstance(layer, Conv):
                counts.append(int(np.prod(after)) * layer.size**2 * before[-1])
            elif isinstance(layer, Dense):
                counts.append(before[0] * layer.units)
        return sum(counts), counts[0]

    def without_dropout(self) -> "Architecture":
        """Drop the dropout: two random number generators cannot draw the same mask."""
        kept = tuple(layer for layer in self.layers if not isinstance(layer, Dropout))
        return Architecture(self.input_shape, kept)


def _output_shape(layer: Layer, shape: tuple[int, ...]) -> tuple[int, ...]:
    match layer:
        case Conv(filters, size, stride, padding):
            height, width = ((n + 2 * padding - size) // stride + 1 for n in shape[:2])
            return height, width, filters
        case MaxPool(window, stride):
            height, width = ((n - window) // stride + 1 for n in shape[:2])
            return height, width, shape[2]
        case Flatten():
            return (int(np.prod(shape)),)
        case Dense(units):
            return (units,)
        case _:
            return shape


def _conv_relu(filters: int, size: int, stride: int = 1, padding: int = 0) -> list[Layer]:
    return [Conv(filters, size, stride, padding), Relu()]


def _head(*units: int, dropout: float = 0.0) -> list[Layer]:
    """Flatten, then dense layers with ReLU between them."""
    layers: list[Layer] = [Flatten()]
    for width in units[:-1]:
        layers += [Dense(width), Relu()]
        if dropout:
            layers.append(Dropout(dropout))
    return [*layers, Dense(units[-1])]


def _vgg_blocks(*blocks: Sequence[int]) -> list[Layer]:
    layers: list[Layer] = []
    for block in blocks:
        for filters in block:
            layers += _conv_relu(filters, 3, padding=1)
        layers.append(MaxPool(2, 2))
    return layers


_POOL = MaxPool(2, 2)
_OVERLAPPING_POOL = MaxPool(3, 2)

ARCHITECTURES = {
    # LeCun et al. 1998, with ReLU and max pooling as it is written today: 61,706 parameters.
    "lenet5": Architecture(
        (32, 32, 1),
        (*_conv_relu(6, 5), _POOL, *_conv_relu(16, 5), _POOL, *_head(120, 84, 10)),
    ),
    # The network of the course's source deck: 8,459,242 parameters.
    "deck": Architecture(
        (150, 150, 1),
        (
            *(*_conv_relu(32, 3), _POOL, *_conv_relu(32, 3), _POOL),
            *(*_conv_relu(64, 3), *_conv_relu(64, 3), _POOL, Dropout(0.25)),
            *_head(512, 10, dropout=0.5),
        ),
    ),
    # Simonyan and Zisserman 2015, configuration D: 138,357,544 parameters.
    "vgg16": Architecture(
        (224, 224, 3),
        (
            *_vgg_blocks([64] * 2, [128] * 2, [256] * 3, [512] * 3, [512] * 3),
            *_head(4096, 4096, 1000),
        ),
    ),
    # Krizhevsky et al. 2012 in one tower, on 227x227: 62,378,344 parameters.
    "alexnet": Architecture(
        (227, 227, 3),
        (
            *(*_conv_relu(96, 11, stride=4), _OVERLAPPING_POOL),
            *(*_conv_relu(256, 5, padding=2), _OVERLAPPING_POOL),
            *_conv_relu(384, 3, padding=1),
            *_conv_relu(384, 3, padding=1),
            *(*_conv_relu(256, 3, padding=1), _OVERLAPPING_POOL),
            *_head(4096, 4096, 1000),
        ),
    ),
}
