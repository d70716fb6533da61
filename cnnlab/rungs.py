"""From loops to a tile: the same convolution written six times, each faster than the one before.

Every rung takes one image (row, column, channel) and filters (row, column, channel, filter), and
gives the maps (row, column, filter): stride 1, no padding, no bias, float32. Each body is a few
lines to be read; what is asked of the arguments stands in one place. Beside them: the same
work by other libraries where they are installed. How long each takes says `timing`. Left out:
batches, strides, gradients (see `functional`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, wraps
from importlib.util import find_spec
from typing import Any, cast

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from cnnlab import functional as F
from cnnlab.checks import numbers
from cnnlab.errors import DataError, ShapeError

__all__ = [
    "PEERS",
    "RUNGS",
    "array_loop",
    "compiled",
    "im2col",
    "list_loop",
    "numpy_windows",
    "one_channel",
    "peers",
    "tile",
]

Maps = NDArray[np.float32]
Apply = Callable[[Maps, Maps], Maps]


def _rung(body: Apply) -> Callable[[ArrayLike, ArrayLike], Maps]:
    """Ask at the door what the lines inside rely on, so that they can be read without it."""

    @wraps(body)
    def checked(image: ArrayLike, filters: ArrayLike) -> Maps:
        return body(*fitting(image, filters))

    return checked


def fitting(image: ArrayLike, filters: ArrayLike) -> tuple[Maps, Maps]:
    pixels = np.ascontiguousarray(numbers(image, "image"), np.float32)
    weights = np.ascontiguousarray(numbers(filters, "filters"), np.float32)
    if pixels.ndim != 3 or weights.ndim != 4 or not weights.size:
        raise ShapeError(
            "a rung takes an image (row, column, channel) and filters (row, column, channel, "
            f"filter), got shapes {pixels.shape} and {weights.shape}; "
            "try image[:, :, None] and weights[:, :, None, None]"
        )
    if pixels.shape[2] != weights.shape[2]:
        raise ShapeError(
            f"a filter is as deep as its image, got {weights.shape[2]} channels for an image of "
            f"{pixels.shape[2]}; try filters of shape (3, 3, {pixels.shape[2]}, 8)"
        )
    if weights.shape[0] > pixels.shape[0] or weights.shape[1] > pixels.shape[1]:
        raise ShapeError(
            f"a filter of {weights.shape[0]}x{weights.shape[1]} does not fit in an image of "
            f"{pixels.shape[0]}x{pixels.shape[1]}; try a smaller filter"
        )
    return pixels, weights


# -- the rungs ------------------------------------------------------------------------------------


@_rung
def array_loop(image: Maps, filters: Maps) -> Maps:
    """Take one number after another out of the arrays: six loops in the order of the formula."""
    height, width, channels, count = filters.shape
    rows, columns = image.shape[0] - height + 1, image.shape[1] - width + 1
    output = np.empty((rows, columns, count), np.float32)
    for y in range(rows):
        for x in range(columns):
            for o in range(count):
                total = 0.0
                for i in range(height):
                    for j in range(width):
                        for c in range(channels):
                            total += image[y + i, x + j, c] * filters[i, j, c, o]
                output[y, x, o] = total
    return output


@_rung
def list_loop(image: Maps, filters: Maps) -> Maps:
    """Loop in the same way over lists: a list holds Python's numbers ready made."""
    height, width, channels, count = filters.shape
    rows, columns = image.shape[0] - height + 1, image.shape[1] - width + 1
    pixels, weights, output = image.tolist(), filters.tolist(), []
    for y in range(rows):
        for x in range(columns):
            for o in range(count):
                total = 0.0
                for i in range(height):
                    for j in range(width):
                        for c in range(channels):
                            total += pixels[y + i][x + j][c] * weights[i][j][c][o]
                output.append(total)
    return np.reshape(output, (rows, columns, count)).astype(np.float32)


@_rung
def numpy_windows(image: Maps, filters: Maps) -> Maps:
    """Look at all windows at once, without copying one, and let NumPy add up."""
    windows = sliding_window_view(image, filters.shape[:2], axis=(0, 1))  # (y, x, c, i, j)
    maps: Maps = np.einsum("yxcij,ijco->yxo", windows, filters)
    return maps


@_rung
def im2col(image: Maps, filters: Maps) -> Maps:
    """Copy every window into a row, in the order of the weights; then one matrix product."""
    height, width, channels, count = filters.shape
    windows = sliding_window_view(image, (height, width), axis=(0, 1))  # (y, x, c, i, j)
    rows, columns = windows.shape[:2]
    patches = windows.transpose(0, 1, 3, 4, 2).reshape(rows * columns, height * width * channels)
    return (patches @ filters.reshape(-1, count)).reshape(rows, columns, count)


@cache
def _compiled_loop() -> Apply:
    from numba import njit

    body: Any = array_loop
    loops: Any = njit(body.__wrapped__)  # set by `wraps`
    return cast(Apply, loops)


@_rung
def compiled(image: Maps, filters: Maps) -> Maps:
    """Run the lines of `array_loop` compiled by Numba, not one of them changed: ``njit``.

    The first call compiles, and takes a second or so.
    """
    return _compiled_loop()(image, filters)


@_rung
def tile(image: Maps, filters: Maps) -> Maps:
    """Call the kernels of this package: sums that stay in registers, vectors, every core.

    `cnnlab/kernels/tile.py` explains them with a drawing.
    """
    output: Maps = F.conv2d(image[None], filters)[0]
    return output


RUNGS: Mapping[str, Callable[[ArrayLike, ArrayLike], Maps]] = {
    "array loop": array_loop,
    "list loop": list_loop,
    "NumPy windows": numpy_windows,
    "im2col": im2col,
    "compiled": compiled,
    "tile": tile,
}
"""All rungs by name, in the order in which the course climbs them."""


def one_channel(function: Callable[[Any, Any], Any]) -> Callable[[ArrayLike, ArrayLike], Maps]:
    """Let a function of a grey picture and one filter stand beside the rungs.

    Parameters
    ----------
    function : callable of (height, width), (filter_height, filter_width) -> (rows, columns)
        Such as the loop of chapter 01.

    Returns
    -------
    callable
        Takes an image of one channel and a single filter, as a rung does.

    Raises
    ------
    DataError
        If it cannot be called.
    """
    if not callable(function):
        raise DataError("function must be one that can be called; try one_channel(feature_map)")

    def apply(image: ArrayLike, filters: ArrayLike) -> Maps:
        pixels, weights = fitting(image, filters)
        if weights.shape[2:] != (1, 1):
            raise ShapeError(
                f"this function takes one channel and one filter, got filters of {weights.shape}; "
                "try weights[:, :, None, None]"
            )
        found = function(np.ascontiguousarray(pixels[..., 0]), weights[:, :, 0, 0].copy())
        return np.asarray(found, np.float32)[..., None]

    return apply


PEERS = ("SciPy", "PyTorch")
"""Other libraries that do the same work; see `peers`."""


def peers() -> dict[str, Callable[[ArrayLike, ArrayLike], Maps]]:
    """Give the same convolution by other libraries, those of `PEERS` that are installed.

    Returns
    -------
    dict of callable
        By name; each takes what a rung takes. Nothing is imported before it is called.
    """
    packages = {"SciPy": ("scipy", _by_scipy), "PyTorch": ("torch", _by_torch)}
    return {name: _rung(by) for name, (package, by) in packages.items() if find_spec(package)}


def _by_scipy(image: Maps, filters: Maps) -> Maps:
    from scipy.signal import correlate2d

    channels, count = filters.shape[2:]
    maps = [
        sum(correlate2d(image[..., c], filters[..., c, o], "valid") for c in range(channels))
        for o in range(count)
    ]
    return np.stack(maps, axis=-1)


def _by_torch(image: Maps, filters: Maps) -> Maps:
    import torch

    # PyTorch warns of memory that it must not write to, though here it only reads.
    image, filters = (one if one.flags.writeable else one.copy() for one in (image, filters))
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None]
    weights = torch.from_numpy(filters).permute(3, 2, 0, 1)
    maps: Maps = torch.nn.functional.conv2d(pixels, weights)[0].permute(1, 2, 0).numpy()
    return maps
