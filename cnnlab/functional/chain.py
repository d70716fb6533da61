"""A small network for one image, in one compiled call.

What a network computes for a single image may take less time than calling its layers one after the
other: LeNet-5 answers in a quarter of the time. A `Chain` is told once what follows what, checks
that it fits together, and from then on goes from an image to the scores without a look at Python.
Left out: see `Link`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from cnnlab.buffers import empty
from cnnlab.errors import ShapeError
from cnnlab.functional._checks import Float32
from cnnlab.functional._kernels import loaded
from cnnlab.shapes import IntPair, Padding, Window

__all__ = ["Chain", "Link"]

MOST_WORK = 1_000_000  # multiply-adds: beyond, the calls are no burden and two threads a help

Volume = tuple[int, int, int]


class Link(NamedTuple):
    """One operation of a chain: a convolution, max pooling, or a dense layer.

    Attributes
    ----------
    does : str
        ``"conv2d"``, ``"max_pool2d"`` or ``"dense"``.
    channels : int
        Filters or units; what pooling takes it gives.
    size, stride : int or (int, int)
        Of the filters or of the pooling window.
    padding : int or (int, int) or "same" or "valid"
        Of a convolution.
    relu : bool
        Whether the result is rectified.
    """

    does: str
    channels: int
    size: IntPair = 1
    stride: IntPair = 1
    padding: Padding = 0
    relu: bool = False


class Chain:
    """Links from one image to its scores.

    Parameters
    ----------
    links : sequence of Link
    input_shape : (int, int, int)
        Height, width and channels of the image.

    Attributes
    ----------
    weights : int
        How many numbers `joined` gives.

    Raises
    ------
    ShapeError
        If a window does not fit.

    Examples
    --------
    >>> halves = Chain([Link("max_pool2d", 1, size=2, stride=2)], (2, 2, 1))
    >>> halves(np.array([1, 2, 3, 4], np.float32).reshape(1, 2, 2, 1), halves.joined([]))
    array([[4.]], dtype=float32)
    """

    def __init__(self, links: Sequence[Link], input_shape: Volume) -> None:
        rows: list[Any] = []  # of kernels.chain.Row
        shape, self.weights = input_shape, 0
        self._sizes: list[tuple[int, int]] = []  # of the weights and biases of each link
        for link in links:
            shape = self._add(rows, link, shape)
        self._program = np.array(rows, np.int64)
        self._room = 2 * max(row.out_height * row.out_width * row.out_channels for row in rows)
        self._image_size = int(np.prod(input_shape))
        self._scores = int(np.prod(shape))

    def _add(self, rows: list[Any], link: Link, shape: Volume) -> Volume:
        """Append the rows of a link to the program, and give its output shape."""
        kernels = loaded("chain")
        row, relu = kernels.Row, int(link.relu)
        if link.does == "dense":
            features = int(np.prod(shape))
            weights, bias = self._place(features * link.channels, link.channels)
            before, after = (1, 1, features), (1, 1, link.channels)
            rows.append(row(kernels.DENSE, relu, *before, *after, weights=weights, bias=bias))
            return after
        channels = shape[2]
        window = Window.over(shape[:2], link.size, link.stride, link.padding)
        after = (window.out_height, window.out_width, link.channels)
        sizes = [window.height, window.width, *window.stride]
        if link.does == "max_pool2d":
            rows.append(row(kernels.POOL, relu, *shape, *after, *sizes))
            return after
        filters = (window.height, window.width, channels, link.channels)
        weights, bias = self._place(int(np.prod(filters)), link.channels)
        if window.top or window.bottom or window.left or window.right:
            framed = (
                shape[0] + window.top + window.bottom,
                shape[1] + window.left + window.right,
                channels,
            )
            rows.append(row(kernels.FRAME, 0, *shape, *framed, window.top, window.left))
            shape = framed
        by = kernels.convolution_by(filters, after, window.stride)
        rows.append(row(by, relu, *shape, *after, *sizes, weights, bias))
        return after

    def _place(self, weights: int, biases: int) -> tuple[int, int]:
        """Reserve room for the weights of a link, and say where they and the biases begin."""
        first = self.weights
        self._sizes.append((weights, biases))
        self.weights += weights + biases
        return first, first + weights

    def joined(self, parameters: Sequence[tuple[Float32, Float32 | None]]) -> Float32:
        """Copy all weights and biases into one array, for any number of calls.

        Parameters
        ----------
        parameters : sequence of (ndarray, ndarray or None)
            Filters or weights, and biases, of every link that has them.

        Returns
        -------
        ndarray, float32

        Raises
        ------
        ShapeError
            If there are more or fewer numbers than the links take.
        """
        together = np.zeros(self.weights, np.float32)
        if len(parameters) != len(self._sizes):
            raise ShapeError(
                f"{len(self._sizes)} links have weights, got {len(parameters)} pairs of arrays; "
                f"try one pair a link"
            )
        first = 0
        for (weights, bias), (count, biases) in zip(parameters, self._sizes, strict=True):
            if weights.size != count or (bias is not None and bias.size != biases):
                raise ShapeError(
                    f"a link with {count} weights and {biases} biases got "
                    f"{weights.size} and {0 if bias is None else bias.size}; "
                    f"try the arrays of the layer it stands for"
                )
            together[first : first + count] = weights.ravel()
            if bias is not None:
                together[first + count : first + count + biases] = bias
            first += count + biases
        return together

    def __call__(self, image: Float32, weights: Float32) -> Float32:
        """Compute the scores of one image.

        Parameters
        ----------
        image : ndarray of shape (1, height, width, channels), float32
        weights : ndarray, float32
            From `joined`.

        Returns
        -------
        ndarray of shape (1, scores), float32

        Raises
        ------
        ShapeError
            If the image or the weights are not of the size that the chain takes.
        """
        if image.size != self._image_size or weights.size != self.weights:
            raise ShapeError(
                f"this chain takes {self._image_size} pixels and {self.weights} weights, "
                f"got {image.size} and {weights.size}; try an image of the shape it was made for"
            )
        scores = empty((1, self._scores))
        loaded("chain").run(self._program, image, weights, empty((self._room,)), scores)
        return scores
