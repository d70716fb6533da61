"""What is asked of an image, a unit and a class before anything is computed."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import checks
from cnnlab.checks import numbers, shown
from cnnlab.errors import ShapeError
from cnnlab.layers import Array
from cnnlab.network import Network, checked_network
from cnnlab.sequential import Sequential
from cnnlab.shapes import whole

__all__ = ["Of", "checked_of", "checked_target", "checked_unit", "image_size", "one_image"]

Of = Literal["score", "probability"]  # what of a class is watched


def image_size(stack: Sequential) -> tuple[int, int]:
    """Give height and width of what a network takes; flat vectors are refused."""
    if len(stack.input_shape) != 3:
        raise ShapeError(
            f"this network takes flat vectors of {stack.input_shape[0]} numbers, not images; "
            "begin it with input_shape=(height, width, channels) and Flatten()"
        )
    height, width, _ = stack.input_shape
    return height, width


def one_image(net: Network, image: ArrayLike) -> Array:
    """Bring one image to a batch of one."""
    shape = checked_network(net).sequential.input_shape
    image_size(net.sequential)
    array = numbers(image, "image")
    if array.shape == (1, *shape):
        array = array[0]
    if array.shape == shape[:2] and shape[2] == 1:
        array = array[..., np.newaxis]
    if array.shape != shape:
        raise ShapeError(
            f"this network takes one image of shape {shape}, got an array of shape "
            f"{array.shape}; resize it, or take one image of a batch: images[0]"
        )
    return np.ascontiguousarray(array[np.newaxis], dtype=np.float32)


def checked_unit(net: Network, layer: str, unit: int) -> int:
    """Read which channel or number of the last layer of `net`, called `layer`, is meant."""
    units, number = net.sequential.output_shape[-1], whole(unit, "unit", least=0)
    if number >= units:
        raise ShapeError(
            f"{layer} has {units} units, counted from 0, got {shown(unit)}; try unit=0"
        )
    return number


def checked_of(of: Of) -> str:
    """Read whether the score or the probability is watched."""
    return checks.one_of(of, "of", ("score", "probability"))


def checked_target(scores: NDArray[np.float32], target: int | None) -> int:
    """Read which class of one image's scores is meant; None is the one with the highest."""
    if scores.ndim != 1:
        raise ShapeError(
            f"this network gives maps of shape {scores.shape} and no class scores; "
            "end it with Flatten() and Dense()"
        )
    if target is None:
        return int(scores.argmax())
    if not 0 <= whole(target, "target", least=0) < len(scores):
        raise ShapeError(
            f"there are {len(scores)} classes, counted from 0, got target={shown(target)}; "
            "leave it out for the class with the highest score"
        )
    return int(target)
