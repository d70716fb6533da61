"""In which order the numbers of a flat vector come in PyTorch, and whether it is there at all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.buffers import refuse_beyond_memory
from cnnlab.errors import DataError
from cnnlab.layers import Shape

__all__ = ["Order", "load_torch"]


def load_torch() -> Any:
    """Give PyTorch, or say how to get it."""
    try:
        import torch
    except ImportError as error:
        raise DataError("PyTorch is not installed; try pip install torch") from error
    return torch


class Order:
    """In which order the numbers of a flat vector come in the other world.

    After a flatten, number `j` here is number `order[j]` there, until a dense layer has mixed
    them all.
    """

    order: NDArray[np.intp] | None = None
    flattened = ""  # by which layer

    def flatten(self, source: str, shape: Shape) -> None:
        """Note that a volume became a vector, by the layer called `source`."""
        if len(shape) == 3:
            height, width, channels = shape
            refuse_beyond_memory(
                8 * height * width * channels,
                f"the order of the numbers of a volume of shape {shape}",
                "check input_shape, which is (height, width, channels)",
            )
            there = np.arange(height * width * channels).reshape(channels, height, width)
            order = there.transpose(1, 2, 0).ravel()
            # With one pixel or one channel both worlds agree.
            self.order = None if np.array_equal(order, np.sort(order)) else order
            self.flattened = source

    def check_order(self, where: str) -> None:
        """Refuse to go on where the order counts and is another there."""
        if self.order is not None:
            raise DataError(
                f"between {self.flattened} and {where} there is no dense layer, and PyTorch lines "
                "the numbers up in another order; end the network with a dense layer, "
                "or pool to a single pixel before the flatten"
            )
