"""Flatten: from a volume to a vector. Row by row, pixel by pixel, channel by channel."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from cnnlab.layers.base import Array, Layer, Parameters, Shape, checked_shape

__all__ = ["Flatten"]


@dataclass(frozen=True)
class Flatten(Layer):
    """Line all numbers up, so that a dense layer can follow. Nothing is computed or copied.

    The channels of a pixel stay neighbours. PyTorch flattens channel by channel instead: its dense
    weights behind a flatten have their rows in another order.

    Examples
    --------
    >>> Flatten().output_shape((16, 16, 64))
    (16384,)
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        return (prod(checked_shape(input_shape)),)

    def forward(
        self,
        parameters: Parameters,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        del parameters, training, rng
        return x.reshape(len(x), -1), x.shape

    def backward(
        self, parameters: Parameters, cache: Any, grad_output: Array
    ) -> tuple[Array, dict[str, Array]]:
        del parameters
        return grad_output.reshape(cache), {}
