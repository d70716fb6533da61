"""A layer of the learner's own, used as a network does: what comes out of it, and what should."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from cnnlab import functional as F
from cnnlab.exercises.trial import called
from cnnlab.layers import Array, Conv2D, Layer, Parameters, Shape
from cnnlab.sequential import Sequential

__all__ = ["Mix", "mix_backward", "seen_of_backward", "seen_of_layer"]


def _lopsided(*shape: int) -> NDArray[np.float64]:
    """Numbers of which no two are alike: positive, negative, none of them whole."""
    return 2.3 * np.cos(np.arange(1, np.prod(shape) + 1, dtype=np.float64) ** 2).reshape(shape)


# Two images of 3x5 pixels with 4 channels, and 6 filters: no two sizes are alike.
_FILTERS, _INPUT_SHAPE = 6, (3, 5, 4)
_X, _SLOPES = _lopsided(2, *_INPUT_SHAPE), _lopsided(2, 3, 5, _FILTERS)
_WEIGHTS, _BIAS = _lopsided(4, _FILTERS) - 0.3, _lopsided(_FILTERS) + 0.4


def mix_backward(x: Array, weights: Array, grad_output: Array) -> tuple[Array, dict[str, Array]]:
    """Go back through a convolution of 1x1, as `functional` does."""
    grad_x, grad_filters, grad_bias = F.conv2d_backward(grad_output, x, weights[None, None])
    return cast(Array, grad_x), {"weights": grad_filters[0, 0], "bias": grad_bias}


@dataclass(frozen=True)
class Mix(Layer):
    """A convolution of 1x1, by way of `functional`."""

    filters: int

    def output_shape(self, input_shape: Shape) -> Shape:
        """Say what shape comes out."""
        return Conv2D(self.filters, 1).output_shape(input_shape)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Name what there is to learn."""
        return {"weights": (input_shape[2], self.filters), "bias": (self.filters,)}

    def forward(
        self,
        parameters: Parameters,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Mix the channels of every pixel."""
        del training, rng
        return F.conv2d(x, parameters["weights"][None, None], parameters["bias"]), x

    def backward(
        self, parameters: Parameters, cache: Any, grad_output: Array
    ) -> tuple[Array, dict[str, Array]]:
        """Go back by way of `functional` too."""
        return mix_backward(cache, parameters["weights"], grad_output)


def seen_of_backward(answer: Any) -> Mapping[str, Any] | None:
    """Call a backward function once, and lay out what it returned; None if it is no function."""
    if not callable(answer) or isinstance(answer, type):
        return None
    return _parts("your function", lambda: _gradients(answer(_X, _WEIGHTS, _SLOPES)))


def seen_of_layer(answer: Any) -> Mapping[str, Any] | None:
    """Ask a layer for its shapes, and push a batch forward and back; None if it is no layer."""
    if not (isinstance(answer, type) and issubclass(answer, Layer)):
        return None
    made: Callable[[int], Layer] = answer
    parameters = {"weights": _WEIGHTS, "bias": _BIAS}

    def shapes() -> dict[str, Any]:
        stack = Sequential([made(_FILTERS)], _INPUT_SHAPE)
        needed = stack.rows[0].parameter_shapes
        return {
            f"output_shape({_INPUT_SHAPE})": stack.output_shape,
            "the shape of the weights": needed["weights"],
            "the shape of the bias": needed["bias"],
        }

    def passes() -> dict[str, Any]:
        layer: Any = made(_FILTERS)
        output, cache = layer.forward(parameters, _X)
        return {"forward": output, **_gradients(layer.backward(parameters, cache, _SLOPES))}

    return {**_parts("your layer", shapes), **_parts("your layer, used,", passes)}


def _gradients(returned: Any) -> dict[str, Any]:
    grad_x, named = returned
    return {
        "the gradient by the weights": named["weights"],
        "the gradient by the bias": named["bias"],
        "the gradient by the input": grad_x,
    }


def _parts(name: str, use: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Use something that gives parts by name; where it stops, that is all there is to see."""
    parts: list[dict[str, Any]] = []
    outcome = called(lambda: parts.append(use()))
    return parts[0] if parts else {name: outcome}
