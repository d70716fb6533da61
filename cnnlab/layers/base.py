"""What a layer is: four functions, and nothing remembered between calls.

Shapes leave out the batch: ``(height, width, channels)`` for a volume, ``(numbers,)`` for a flat
vector. A layer holds its settings and never its weights: those are passed in, so that one layer
can be counted, drawn, shared between threads and compared without a byte of memory.
No autograd: every `backward` is written by hand.
"""

from __future__ import annotations

import dataclasses
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from cnnlab import initializers
from cnnlab.buffers import fresh
from cnnlab.checks import shown, sizes
from cnnlab.errors import DataError, ShapeError

__all__ = [
    "Array",
    "Layer",
    "Parameters",
    "Shape",
    "WindowSide",
    "checked_shape",
    "filled",
    "settle",
    "volume",
]

Array = NDArray[np.float32]
Parameters = Mapping[str, Array]
Shape = tuple[int, ...]
WindowSide = tuple[int, int, int]  # window, stride, dilation along one side


class Layer(ABC):
    """One step of a network: an array in, an array out, differentiable.

    To add a layer, inherit and write `forward` and `backward`; also `output_shape` if the shape
    changes, and `parameter_shapes` if there is something to learn. A frozen dataclass can be
    saved in a checkpoint as well.

    Attributes
    ----------
    kind : str
        What `Sequential.summary` prints in parentheses; the name of the class unless set.
    non_trainable : tuple of str
        Parameters that no gradient changes (see `running_averages`).
    random : bool
        Whether `forward` draws random numbers while training.

    Notes
    -----
    LeCun et al. 1998, *Gradient-based learning applied to document recognition*, section VII
    (multi-module systems): a module needs a forward and a backward function, and no more.

    Examples
    --------
    >>> class Double(Layer):
    ...     def forward(self, parameters, x, *, training=False, rng=None):
    ...         return 2 * x, None
    ...     def backward(self, parameters, cache, grad_output):
    ...         return 2 * grad_output, {}
    >>> Double().output_shape((4, 4, 1))
    (4, 4, 1)
    """

    kind: ClassVar[str] = ""
    non_trainable: ClassVar[tuple[str, ...]] = ()
    random: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "kind" not in cls.__dict__:
            cls.kind = cls.__name__

    # The protocol.

    def output_shape(self, input_shape: Shape) -> Shape:
        """Say what shape comes out; the same that went in, unless overridden.

        Parameters
        ----------
        input_shape : tuple of int
            Without the batch.

        Raises
        ------
        ShapeError
            If the layer does not fit on such an input.
        """
        return input_shape

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Name the arrays this layer needs, with their shapes; none, unless overridden."""
        del input_shape
        return {}

    @abstractmethod
    def forward(
        self,
        parameters: Parameters,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Compute the output, and keep what `backward` will need.

        Parameters
        ----------
        parameters : dict of ndarray, float32
            As named by `parameter_shapes`. Never written to.
        x : ndarray of shape (batch, *input_shape), float32
        training : bool
            Dropout and batch normalisation behave differently while training.
        rng : numpy.random.Generator, optional
            Where a random layer draws from.

        Returns
        -------
        output : ndarray of shape (batch, *output_shape), float32
        cache : object
            For `backward`, and for nobody else.
        """

    @abstractmethod
    def backward(
        self, parameters: Parameters, cache: Any, grad_output: Array
    ) -> tuple[Array, dict[str, Array]]:
        """Turn the gradient of the loss by the output into gradients by input and parameters.

        Parameters
        ----------
        parameters : dict of ndarray, float32
            The same as in `forward`.
        cache : object
            What `forward` returned.
        grad_output : ndarray of shape (batch, *output_shape), float32

        Returns
        -------
        grad_input : ndarray of shape (batch, *input_shape), float32
        grad_parameters : dict of ndarray, float32
            One for each trainable parameter, summed over the batch.
        """

    # What a network asks besides; every answer has a default.

    def backward_in_place(
        self, parameters: Parameters, cache: Any, grad_output: Array, *, inputs: bool = True
    ) -> tuple[Array | None, dict[str, Array]]:
        """Go back as `backward` does, but sparing: this is what a step of training calls.

        Parameters
        ----------
        parameters, cache
            As in `backward`.
        grad_output : ndarray of shape (batch, *output_shape), float32
            Nobody needs it afterwards: it may be written over.
        inputs : bool
            Whether the gradient by the input is wanted; the first layer of a network needs none.

        Returns
        -------
        grad_input : ndarray of shape (batch, *input_shape), float32, or None
        grad_parameters : dict of ndarray, float32
        """
        del inputs
        return self.backward(parameters, cache, grad_output)

    def running_averages(self, parameters: Parameters, cache: Any) -> dict[str, Array]:
        """Give new values for the `non_trainable` parameters after a forward pass in training.

        `forward` itself changes nothing: whoever trains puts these in place together with the
        step of the optimiser, so that a step is either done or not done.
        """
        del parameters, cache
        return {}

    def initialize(self, input_shape: Shape, rng: np.random.Generator) -> dict[str, Array]:
        """Allocate the first parameters: Glorot uniform for weights, zeros for vectors."""
        return {
            name: initializers.glorot_uniform(shape, rng) if len(shape) > 1 else filled(shape)
            for name, shape in self.parameter_shapes(input_shape).items()
        }

    def multiply_adds(self, input_shape: Shape) -> int:
        """Count the multiplications followed by an addition for one input; comparisons are free."""
        del input_shape
        return 0

    def sliding_window(self, input_shape: Shape) -> tuple[WindowSide, WindowSide] | None:
        """Give (window, stride, dilation) down and across; None for a layer without a window."""
        del input_shape
        return None

    @property
    def stem(self) -> str:
        """What the layer is called before its number: ``conv2d`` in ``conv2d_1``."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", self.kind).lower()

    def num_parameters(self, input_shape: Shape) -> int:
        """Count the numbers in all parameter arrays."""
        return sum(prod(shape) for shape in self.parameter_shapes(input_shape).values())

    def settings(self) -> dict[str, Any]:
        """Give the settings as plain values, ready for JSON.

        Raises
        ------
        DataError
            If the class is not a dataclass.
        """
        layer: Any = self
        if not dataclasses.is_dataclass(layer):
            raise DataError(
                f"{type(self).__name__} is not a dataclass, so its settings cannot be saved; "
                "put @dataclass(frozen=True) above the class"
            )
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(layer)}


def checked_shape(input_shape: Shape) -> Shape:
    """Read a shape, without the batch, of whole numbers above 0.

    Raises
    ------
    ShapeError
        If it is none.
    """
    return sizes(input_shape, "input_shape", "(28, 28, 1)")


def filled(shape: Shape, value: float = 0) -> Array:
    """Allocate parameters that begin alike.

    Raises
    ------
    ShapeError
        If they would not fit in memory.
    """
    array = fresh(shape)
    array.fill(value)
    return array


def volume(input_shape: Shape, noun: str) -> tuple[int, int, int]:
    """Read a shape as (height, width, channels).

    Raises
    ------
    ShapeError
        If it is flat; the message names the layer, `noun`.
    """
    shape = checked_shape(input_shape)
    if len(shape) != 3:
        raise ShapeError(
            f"{noun} needs a volume (height, width, channels), got {shown(shape)}; "
            "put it before Flatten()"
        )
    height, width, channels = shape
    return height, width, channels


def settle(layer: Layer, **settings: Any) -> None:
    """Put checked settings in the place of those given, in ``__post_init__`` of a frozen layer."""
    for name, value in settings.items():
        object.__setattr__(layer, name, value)
