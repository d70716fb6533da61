"""Occlusion: a map of importance without a gradient, by covering the image piece by piece.

Maps are (row, column), as large as the image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike

from cnnlab.checks import numbers, shown
from cnnlab.errors import ShapeError
from cnnlab.features._checks import Of, checked_of, checked_target, one_image
from cnnlab.features.cutting import without_softmax
from cnnlab.features.sweep import Sweep, batch_of
from cnnlab.layers import Array
from cnnlab.network import Network, checked_network
from cnnlab.shapes import IntPair, pair

__all__ = ["OcclusionSweep", "occlusion"]


def occlusion(
    net: Network,
    image: ArrayLike,
    target: int | None = None,
    window: IntPair = 5,
    stride: IntPair = 1,
    *,
    fill: ArrayLike | None = None,
    of: Of = "probability",
) -> Array:
    """Cover the image piece by piece, and map what each piece costs a class.

    Parameters
    ----------
    net, image, target
        As in `input_gradient`.
    window : int or (int, int)
        Rows and columns of the cover.
    stride : int or (int, int)
        From one place of the cover to the next; the last place always touches the rim.
    fill : float or array_like of shape (channels,), optional
        Brightness of the cover; by default the mean of each channel of the image.
    of : "probability" or "score"
        Whether the class's probability is watched, or its score before a final softmax.

    Returns
    -------
    ndarray of shape (height, width), float32
        For each pixel, by how much the probability or score falls, averaged over all places that
        cover it: above zero where the network needs the pixel, below where it does better without.

    Raises
    ------
    ShapeError
        As in `input_gradient`, or if the cover is larger than the image.

    Notes
    -----
    Zeiler and Fergus 2014, *Visualizing and understanding convolutional networks*, section 4.2.
    """
    sweep = OcclusionSweep(net, image, target, window, stride, fill=fill, of=of)
    sweep.advance()
    return sweep.map


class OcclusionSweep(Sweep):
    """Cover an image piece by piece, some places at a time.

    Parameters
    ----------
    net, image, target, window, stride, fill, of
        As in `occlusion`.

    Attributes
    ----------
    done, count : int
        Places covered so far, and of how many.

    Raises
    ------
    ShapeError
        As in `occlusion`.

    Examples
    --------
    >>> from cnnlab import zoo
    >>> sweep = OcclusionSweep(zoo.pretrained("digits_net"), np.zeros((8, 8)), 3, window=4)
    >>> sweep.count, sweep.advance(), sweep.map.shape
    (25, True, (8, 8))
    """

    def __init__(
        self,
        net: Network,
        image: ArrayLike,
        target: int | None = None,
        window: IntPair = 5,
        stride: IntPair = 1,
        *,
        fill: ArrayLike | None = None,
        of: Of = "probability",
    ) -> None:
        self._picture = one_image(net, image)
        _, height, width, _ = self._picture.shape
        rows, columns = self._window = pair(window, "window")
        down, across = pair(stride, "stride")
        if rows > height or columns > width:
            raise ShapeError(
                f"a cover of {rows}x{columns} is larger than the image of {height}x{width}; "
                "try a smaller window"
            )
        self._answers, self._batch = _answering(net, of), batch_of(net)
        before = self._answers(self._picture)[0]
        self._target = checked_target(before, target)
        self._before, self._cover = before[self._target], _cover(self._picture, fill)
        self._corners = [
            (top, left)
            for top in _places(height, rows, down)
            for left in _places(width, columns, across)
        ]
        self._loss, self._times = np.zeros((2, height, width))
        self.done, self.count = 0, len(self._corners)

    def _take_some(self) -> None:
        batch = self._corners[self.done : self.done + self._batch]
        rows, columns = self._window
        covered = np.repeat(self._picture, len(batch), axis=0)
        for copy, (top, left) in zip(covered, batch, strict=True):
            copy[top : top + rows, left : left + columns] = self._cover
        drops = self._before - self._answers(covered)[:, self._target]
        for drop, (top, left) in zip(drops, batch, strict=True):
            self._loss[top : top + rows, left : left + columns] += drop
            self._times[top : top + rows, left : left + columns] += 1
        self.done += len(batch)

    @property
    def map(self) -> Array:
        """What the places covered so far cost: (height, width), float32; 0 where none was."""
        # A stride longer than the cover leaves pixels out: nothing is known of them.
        loss, times = self._loss, self._times
        costs = np.divide(loss, times, out=np.zeros_like(loss), where=times > 0)
        return costs.astype(np.float32)


def _answering(net: Network, of: Of) -> Callable[[Array], Array]:
    """Give what scores many images, or gives their probabilities."""
    checked_network(net)
    return net.probabilities if checked_of(of) == "probability" else without_softmax(net).predict


def _cover(picture: Array, fill: ArrayLike | None) -> Array:
    """Bring what covers to one number a channel."""
    if fill is None:
        mean: Array = picture.mean(axis=(1, 2), keepdims=True)
        return mean
    tones, channels = numbers(fill, "fill"), picture.shape[3]
    if tones.shape not in {(), (channels,)} or not np.isfinite(tones).all():
        raise ShapeError(
            f"fill must be one finite number, or one for each of {channels} channels, "
            f"got {shown(fill)}; try fill=0.5"
        )
    return tones.astype(np.float32)


def _places(size: int, window: int, stride: int) -> Iterator[int]:
    yield from range(0, size - window, stride)
    yield size - window
