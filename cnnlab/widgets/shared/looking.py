"""A network looked into: maps computed as far as they are looked at, packed as bytes.

Axes of a map: row, column. Of an answer to the page the first bytes are the least and the largest
number of every map (float32), then come steps of a palette, one byte a pixel, map after map.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import display
from cnnlab.network import Network
from cnnlab.widgets.shared.photo import white_of

__all__ = ["Packing", "Pass", "reduced"]

Float32 = NDArray[np.float32]

_MAPS, _NUMBERS, _THUMBNAIL = 64, 512, 32  # of a layer to choose from; pixels a side


class Pass:
    """What a network makes of one image, computed layer by layer, no further than is asked for.

    All layers meet the parameters that the network had at the beginning, whoever trains it
    meanwhile.

    Parameters
    ----------
    net : Network
    image : ndarray of shape `net.sequential.input_shape`, float32
    """

    def __init__(self, net: Network, image: Float32) -> None:
        self.rows = net.sequential.rows
        self.parameters = net.layer_parameters
        self.image = image
        self.outputs: list[Float32] = []

    @property
    def done(self) -> int:
        """How many layers have been computed."""
        return len(self.outputs)

    def advance(self, layers: int, seconds: float = np.inf) -> None:
        """Compute up to so many layers, but no further layer once the time is over."""
        ends = perf_counter() + seconds
        while self.done < min(layers, len(self.rows)):
            x = self.outputs[-1] if self.outputs else self.image
            row, arrays = self.rows[self.done], self.parameters[self.done]
            output, _ = row.layer.forward(arrays, x[None], training=False)
            self.outputs.append(output[0])
            if perf_counter() > ends:
                return

    def output(self, number: int) -> Float32:
        """Give what a layer makes; the image for -1."""
        self.advance(number + 1)
        return self.image if number < 0 else self.outputs[number]


class Packing:
    """Maps of several layers, packed for one message.

    Parameters
    ----------
    palette : str
        One of `display.PALETTES`.
    each : bool
        Whether every map has colours of its own; else those of a layer have them in common.
    """

    def __init__(self, palette: str, *, each: bool) -> None:
        self.palette, self.each = palette, each
        self.parts: list[dict[str, Any]] = []
        self._ranges: list[Float32] = []
        self._steps: list[NDArray[np.uint8]] = []

    def add(
        self,
        number: int,
        output: Float32,
        first: int,
        count: int,
        most: int,
        *,
        limit: float | None = None,
        palette: str | None = None,
    ) -> dict[str, Any]:
        """Pack some maps of a layer, or numbers of a vector.

        Parameters
        ----------
        number : int
            Of the layer.
        output : ndarray of shape (height, width, maps) or (numbers,), float32
        first, count : int
            Which of them.
        most : int
            Pixels a side that a map may have; larger ones are averaged.
        limit : float, optional
            The number with the strongest colour; by default it follows the layer.
        palette : str, optional
            By default that of the packing.
        """
        palette = palette or self.palette
        flat = output.reshape(1, 1, -1) if output.ndim == 1 else output
        chosen = flat[..., first : first + count]
        ranges = np.stack([np.fmin.reduce(chosen, (0, 1)), np.fmax.reduce(chosen, (0, 1))], 1)
        small = reduced(chosen, most)
        limit = display.limit_of(output) if limit is None else limit
        if self.each and output.ndim == 3:
            limits = [display.limit_of(one) for one in small]
            pairs = zip(small, limits, strict=True)
            steps = np.stack([display.levels(one, palette, most_) for one, most_ in pairs])
        else:
            steps = display.levels(small, palette, limit)
        part = {
            "layer": number, "first": first, "count": len(small), "limit": limit,
            "height": small.shape[1], "width": small.shape[2],
        }  # fmt: skip
        self.parts.append(part)
        self._ranges.append(ranges)
        self._steps.append(steps)
        return part

    def add_thumbnails(self, number: int, output: Float32) -> None:
        """Pack all that a layer makes, up to a number, small: to choose from."""
        most = _MAPS if output.ndim == 3 else _NUMBERS
        self.add(number, output, 0, most, _THUMBNAIL)

    def add_input(self, image: Float32, most: int) -> None:
        """Pack the image as a photograph, one byte a channel."""
        small = np.moveaxis(reduced(image, most), 0, 2)
        if small.shape[2] != 3:
            small = small[..., 0]
        painted = display.photograph(small, white=white_of(small))
        channels = 3 if small.ndim == 3 else 1
        self.parts.append({
            "layer": -1, "first": 0, "count": 1, "channels": channels,
            "height": small.shape[0], "width": small.shape[1],
        })  # fmt: skip
        low, high = np.fmin.reduce(image, None), np.fmax.reduce(image, None)
        self._ranges.append(np.array([[low, high]], np.float32))
        self._steps.append(np.ascontiguousarray(painted[..., :channels]))

    def packed(self) -> bytes:
        """Write the numbers of all parts, in their order: first all ranges, then all steps."""
        ranges = (np.ascontiguousarray(one, np.float32).tobytes() for one in self._ranges)
        return b"".join([*ranges, *(one.tobytes() for one in self._steps)])


def reduced(maps: Float32, most: int) -> Float32:
    """Average maps down to a size, by whole squares of pixels.

    Parameters
    ----------
    maps : ndarray of shape (height, width, maps), float32
    most : int
        Pixels a side at the most.

    Returns
    -------
    ndarray of shape (maps, rows, columns), float32
    """
    height, width, _ = maps.shape
    factor = -(-max(height, width) // most)
    if factor > 1:
        for axis, size in enumerate((height, width)):
            starts = np.arange(0, size, factor)
            counts = np.diff(np.append(starts, size)).astype(np.float32)
            shape = [1, 1, 1]
            shape[axis] = len(counts)
            sums: Float32 = np.add.reduceat(maps, starts, axis=axis)
            maps = sums / counts.reshape(shape)
    return np.ascontiguousarray(np.moveaxis(maps, 2, 0), np.float32)
