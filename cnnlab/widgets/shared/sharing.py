"""One small layer in three ways, as matrices: convolution, locally connected, fully connected.

Rows of a matrix are the numbers of the output, columns the pixels, both row by row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnlab import filters, shapes
from cnnlab.shapes import Window

__all__ = ["KINDS", "Cost", "Counts", "Moved", "connected", "costs", "learned", "moved", "shifted"]

KINDS: Mapping[str, str] = {
    "convolution": "Convolution",
    "local": "Locally connected",
    "dense": "Fully connected",
}
"""The three ways, and what the page calls them."""

_ROUNDING = 1e-5  # of the largest number of a map


@dataclass(frozen=True, slots=True)
class Counts:
    """What a matrix holds.

    Attributes
    ----------
    connections : int
        Entries that join a pixel with an output, whatever their weight.
    weights : int
        Numbers to learn; a weight that is shared counts once.
    zeros : int
        Entries that join nothing.
    """

    connections: int
    weights: int
    zeros: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What has to be learnt for a picture of real size.

    Attributes
    ----------
    neuron : int
        Weights of one number of the output, without its bias.
    weights, biases : int
        Of a whole feature map.
    """

    neuron: int
    weights: int
    biases: int

    @property
    def parameters(self) -> int:
        """Weights and biases of the map."""
        return self.weights + self.biases


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of a shift: how many numbers of the output moved along.

    Attributes
    ----------
    along, places : int
        How many stand now where a map that moves along has them, and of how many; a zero that
        is where a zero should be does not count.
    """

    along: int
    places: int


def connected(kind: str, size: tuple[int, int], window: Window) -> NDArray[np.bool_]:
    """Tell which pixel is joined with which output.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    size : (int, int)
        Height and width of the image.
    window : Window
        The filter laid over it.

    Returns
    -------
    ndarray of shape (outputs, pixels), bool
    """
    rows = window.out_height * window.out_width
    if kind == "dense":
        return np.ones((rows, size[0] * size[1]), bool)
    ones = np.ones((window.height, window.width), np.float32)
    return filters.matrix(ones, *size, window.stride, (window.top, window.left)) > 0


def learned(
    joined: NDArray[np.bool_], image: NDArray[np.float32], target: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Find the smallest weights that give a map for one image: what training on it alone gives.

    Gradient descent that starts from zero changes only weights of pixels that are not zero, each in
    proportion to its pixel: it ends at the solution of least squares with the smallest norm.

    Parameters
    ----------
    joined : ndarray of shape (outputs, pixels), bool
    image : ndarray of shape (height, width), float32
    target : ndarray of shape (outputs,), float64

    Returns
    -------
    ndarray of shape (outputs, pixels), float32
    """
    under = np.where(joined, image.reshape(-1).astype(np.float64), 0)
    squares = (under**2).sum(1, keepdims=True)
    share = np.divide(target[:, None], squares, out=np.zeros_like(squares), where=squares > 0)
    weights: NDArray[np.float32] = (share * under).astype(np.float32)
    return weights


def shifted(numbers: NDArray[np.float32], down: int, right: int) -> NDArray[np.float32]:
    """Move rows and columns; zeros come in."""
    height, width = numbers.shape
    moved = np.zeros_like(numbers)
    if abs(down) < height and abs(right) < width:
        to, source = (
            (slice(max(0, way), size + min(0, way)) for way, size in ((d, height), (r, width)))
            for d, r in ((down, right), (-down, -right))
        )
        moved[tuple(to)] = numbers[tuple(source)]
    return moved


def moved(
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    shift: tuple[int, int],
    stride: int,
) -> Moved:
    """Compare a map with where it should be once the picture has been shifted.

    Parameters
    ----------
    before : ndarray of shape (out_height, out_width), float32
        The feature map where nothing is shifted.
    after : ndarray of shape (out_height, out_width), float32
    shift : (int, int)
        Of the picture: pixels down and right.
    stride : int
        A shift that it does not divide leads between two places: none can be compared.

    Returns
    -------
    Moved
    """
    if any(part % stride for part in shift):
        return Moved(0, 0)
    down, right = (part // stride for part in shift)
    expected = shifted(before, down, right)
    inside = shifted(np.ones_like(before), down, right) > 0
    near = _ROUNDING * (float(np.abs(before).max()) or 1)
    told = inside & (np.maximum(np.abs(after), np.abs(expected)) > near)
    along = told & (np.abs(after - expected) <= near)
    return Moved(int(along.sum()), int(told.sum()))


def costs(side: int, channels: int, window: Window) -> dict[str, Cost]:
    """Count what the three layers have to learn on a square picture.

    Parameters
    ----------
    side, channels : int
        Of the picture.
    window : Window
        The filter laid over it.

    Returns
    -------
    dict of str to Cost
        By the names of `KINDS`.
    """
    places = window.out_height * window.out_width
    inputs = side * side * channels
    one = shapes.conv2d_parameters(window.height, window.width, channels, 1, bias=False)
    full = shapes.dense_parameters(inputs, places, bias=False)
    return {
        "convolution": Cost(one, one, 1),
        "local": Cost(one, places * one, places),
        "dense": Cost(inputs, full, places),
    }
