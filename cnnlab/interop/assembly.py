"""Layers collected one by one, with the shape that has been reached so far."""

import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import Layer, Shape
from cnnlab.sequential import Sequential

__all__ = ["Assembly", "Named"]

Named = dict[str, NDArray[np.float32]]


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
        self.input_shape = self.shape = input_shape
        self._layers: list[tuple[Layer, Named]] = []

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
        """
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
            If there is no layer.
        """
        if not self._layers:
            raise DataError("there are no layers in this model; add one before taking it over")
        sequential = Sequential([layer for layer, _ in self._layers], self.input_shape)
        parameters = {
            f"{row.name}.{name}": np.ascontiguousarray(array, dtype=np.float32)
            for row, (_, arrays) in zip(sequential.rows, self._layers, strict=True)
            for name, array in arrays.items()
        }
        return sequential, parameters
