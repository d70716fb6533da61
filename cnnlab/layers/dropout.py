"""Dropout: while training, leave units out at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cnnlab import functional as F
from cnnlab.checks import as_float, shown
from cnnlab.errors import DataError
from cnnlab.layers.base import Array, Layer, Parameters, settle

__all__ = ["Dropout"]


@dataclass(frozen=True)
class Dropout(Layer):
    """Set a share of the numbers to zero while training, and scale up the others to make up for it.

    Nothing happens outside training: what comes in goes out.

    Parameters
    ----------
    rate : float
        The share to drop: at least 0 and below 1.

    Notes
    -----
    Srivastava et al. 2014, *Dropout: a simple way to prevent neural networks from overfitting*;
    scaled while training instead of afterwards ("inverted").

    Examples
    --------
    >>> ones = np.ones((1, 6), np.float32)
    >>> Dropout(0.5).forward({}, ones)[0]
    array([[1., 1., 1., 1., 1., 1.]], dtype=float32)
    """

    random: ClassVar[bool] = True

    rate: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= as_float(self.rate) < 1:
            raise DataError(
                f"a dropout rate must be at least 0 and below 1, got {shown(self.rate)}; "
                "0.5 leaves out every second number"
            )
        settle(self, rate=as_float(self.rate))

    def forward(
        self,
        parameters: Parameters,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        del parameters
        if not training or self.rate == 0:
            return x, None
        if rng is None:
            raise DataError(
                "Dropout needs random numbers while training; pass rng=numpy.random.default_rng(0)"
            )
        mask = F.dropout_mask(x.shape, self.rate, rng)
        return x * mask, mask

    def backward(
        self, parameters: Parameters, cache: Any, grad_output: Array
    ) -> tuple[Array, dict[str, Array]]:
        del parameters
        return (grad_output if cache is None else grad_output * cache), {}

    def backward_in_place(
        self, parameters: Parameters, cache: Any, grad_output: Array, *, inputs: bool = True
    ) -> tuple[Array | None, dict[str, Array]]:
        del parameters, inputs
        return (grad_output if cache is None else np.multiply(grad_output, cache, grad_output)), {}
