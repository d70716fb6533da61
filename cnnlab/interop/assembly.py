"""Layers collected one by one, with the shape that has been reached so far."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import AvgPool2D, Conv2D, Layer, MaxPool2D, Shape
from cnnlab.sequential import Sequential, checked_input
from cnnlab.shapes import Window

__all__ = ["Assembly", "Named"]

Named = dict[str, NDArray[np.float32]]


class _Frame(NamedTuple):
    """Rows and columns to be laid round the images, and what they are filled with."""

    top: int
    bottom: int
    left: int
    right: int
    value: float
    source: str
    inside: Shape  # of what they are laid round


class Assembly:
    """A network under construction.

    Parameters
    ----------
    input_shape : tuple of int
        Without the batch.

    Attributes
    ----------
    shape : tuple of int
        What the last layer so far gives.
    """

    def __init__(self, input_shape: Shape) -> None:
        self.input_shape = self.shape = checked_input(input_shape)
        self._layers: list[tuple[Layer, Named]] = []
        self._frame: _Frame | None = None

    def pad(
        self, source: str, top: int, bottom: int, left: int, right: int, value: float = 0.0
    ) -> None:
        """Lay rows and columns round the images, which the next layer must take for its padding.

        Parameters
        ----------
        source : str
            As in `add`.
        top, bottom, left, right : int
        value : float
            What they are filled with: 0, or minus infinity in front of max pooling.

        Raises
        ------
        DataError
            If there are some already, or fewer than none, or there is no image.
        """
        fine = len(self.shape) == 3 and min(top, bottom, left, right) >= 0
        if self._frame is not None or not fine:
            raise DataError(
                f"{source} on {self.shape} has no counterpart here; "
                "try one layer that adds zeros to maps"
            )
        self._frame = _Frame(top, bottom, left, right, value, source, self.shape)
        height, width, channels = self.shape
        self.shape = (top + height + bottom, left + width + right, channels)

    def add(self, layer: Layer, source: str, **parameters: NDArray[np.float32]) -> None:
        """Put a layer on top.

        Parameters
        ----------
        layer : Layer
        source : str
            What it was in the other world, for messages.
        **parameters : ndarray
            By the names this layer uses.

        Raises
        ------
        ShapeError
            If the layer does not fit, or a parameter has another shape than it needs.
        DataError
            If the layer cannot take the padding that stands in front of it.
        """
        if self._frame is not None:
            layer = _framed(layer, self._frame, self.shape, source)
            self.shape, self._frame = self._frame.inside, None
        try:
            output_shape = layer.output_shape(self.shape)
            expected = layer.parameter_shapes(self.shape)
        except ShapeError as error:
            raise ShapeError(f"{source} does not fit on {self.shape}: {error}") from error
        for name, shape in expected.items():
            got = parameters[name].shape if name in parameters else None
            if got != shape:
                raise ShapeError(
                    f"{source} on an input of {self.shape} needs {name} of shape {shape}, "
                    f"got {got}; check input_shape, which is {self.input_shape}"
                )
        self._layers.append((layer, parameters))
        self.shape = output_shape

    def finished(self) -> tuple[Sequential, Named]:
        """Give the network and its parameters by name, as `Network` takes them.

        Raises
        ------
        DataError
            If there is no layer, or padding comes last.
        """
        if self._frame is not None:
            raise DataError(
                f"{self._frame.source} comes last, and has no counterpart here; take it away"
            )
        if not self._layers:
            raise DataError("there are no layers in this model; add one before taking it over")
        sequential = Sequential([layer for layer, _ in self._layers], self.input_shape)
        parameters = {
            f"{row.name}.{name}": np.ascontiguousarray(array, dtype=np.float32)
            for row, (_, arrays) in zip(sequential.rows, self._layers, strict=True)
            for name, array in arrays.items()
        }
        return sequential, parameters


def _framed(layer: Layer, frame: _Frame, padded_shape: Shape, source: str) -> Layer:
    """Give a layer the padding that stands in front of it, if it can say the same by its own."""
    filling = -np.inf if isinstance(layer, MaxPool2D) else 0.0
    if isinstance(layer, Conv2D | MaxPool2D | AvgPool2D) and frame.value == filling:
        own = _window(layer, padded_shape)
        # What lies below and to the right shows in the size of the output alone.
        wanted = frame.top + own.top, frame.left + own.left, own.out_height, own.out_width
        padded: Conv2D | MaxPool2D | AvgPool2D
        for padding in ((wanted[0], wanted[1]), "same"):
            if not isinstance(layer, AvgPool2D):
                padded = replace(layer, padding=padding)
            elif layer.count_padding or not (own.top or own.bottom or own.left or own.right):
                padded = replace(layer, padding=padding, count_padding=True)
            else:
                break
            with suppress(ShapeError):
                laid = _window(padded, frame.inside)
                if (laid.top, laid.left, laid.out_height, laid.out_width) == wanted:
                    return padded
    raise DataError(
        f"{frame.source} in front of {source} has no counterpart here; "
        "try as many zeros on every side, right in front of a convolution"
    )


def _window(layer: Conv2D | MaxPool2D | AvgPool2D, shape: Shape) -> Window:
    image = shape[0], shape[1]
    if isinstance(layer, Conv2D):
        return Window.over(image, layer.kernel_size, layer.stride, layer.padding, layer.dilation)
    return Window.pooling(image, layer.window, layer.stride, layer.padding)
