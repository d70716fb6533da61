"""Rescaling: a fixed change of scale in front of a network, such as from 0 .. 255 to 0 .. 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnlab.checks import as_float, shown
from cnnlab.errors import DataError
from cnnlab.layers.base import Array, Layer, Parameters, settle

__all__ = ["Rescaling"]


@dataclass(frozen=True)
class Rescaling(Layer):
    """Multiply every number by a scale, and add an offset; neither is learned.

    Parameters
    ----------
    scale : float
        1/255 brings pixels that are bytes to 0 .. 1.
    offset : float

    Examples
    --------
    >>> Rescaling(1 / 127.5, offset=-1).forward({}, np.array([[0, 255]], np.float32))[0]
    array([[-1.,  1.]], dtype=float32)
    """

    scale: float
    offset: float = 0.0

    def __post_init__(self) -> None:
        for name, value in [("scale", self.scale), ("offset", self.offset)]:
            if not math.isfinite(as_float(value)):
                raise DataError(f"{name} must be a finite number, got {shown(value)}; try {name}=1")
        settle(self, scale=as_float(self.scale), offset=as_float(self.offset))

    def forward(
        self,
        parameters: Parameters,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        del parameters, training, rng
        return x * np.float32(self.scale) + np.float32(self.offset), None

    def backward(
        self, parameters: Parameters, cache: Any, grad_output: Array
    ) -> tuple[Array, dict[str, Array]]:
        del parameters, cache
        return grad_output * np.float32(self.scale), {}
