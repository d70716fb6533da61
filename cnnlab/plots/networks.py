"""Pictures of what a network holds: its filters and feature maps, as tiles.

Axes of filters: row, column, input channel, filter. Axes of maps: row, column, channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import display
from cnnlab.checks import numbers
from cnnlab.errors import ShapeError
from cnnlab.plots.picture import (
    Picture,
    as_numbers,
    bare,
    captioned,
    dimensions,
    grid,
    headline,
    worded,
)

if TYPE_CHECKING:
    pass

__all__ = ["feature_maps", "filters"]

_MOST_TILES = 64
_CHANNELS_SHOWN = 8


def filters(
    weights: ArrayLike, title: str = "", *, limit: float | None = None, columns: int = 8
) -> Picture:
    """Show the filters of a convolutional layer, all in the same colours.

    Filters of one channel are single tiles. Of deeper filters, each row is one filter and each
    tile the slice for one input channel, 8 at most.

    Parameters
    ----------
    weights : array_like of shape (filter_height, filter_width, in_channels, filters)
        For example ``net.parameters["conv2d_1.filters"]``; 64 tiles at most are shown.
    title : str
    limit : float, optional
        The weight with the strongest colour; by default the largest of all.
    columns : int
        Tiles beside each other, if there is one input channel.

    Returns
    -------
    Picture

    Raises
    ------
    ShapeError
        If there are not four axes.

    Examples
    --------
    >>> filters(np.ones((3, 3, 1, 4)), "first layer")
    first layer: 4 of 4 filters of 3x3x1, weights from 1 to 1
    """
    title, array = worded(title), as_numbers(weights, "filters")
    if array.ndim != 4 or not array.size:
        raise ShapeError(
            "filters have four axes (row, column, input channel, filter), "
            f"got an array of shape {array.shape}; try filters[:, :, None, None] for a single one"
        )
    depth, count = array.shape[2:]
    slices = min(depth, _CHANNELS_SHOWN)
    shown = min(count, _MOST_TILES // slices)
    if limit is None:
        limit = float(np.abs(array[np.isfinite(array)]).max(initial=0)) or 1.0
    alt = f"{title or 'Filters'}: {shown} of {count} filters of {dimensions(array[..., 0])}"
    alt += f", weights from {array.min():.3g} to {array.max():.3g}"
    figure, panels = grid(
        shown * slices, (0.95, 1.12), alt, columns=columns if slices == 1 else slices
    )
    for place, panel in enumerate(panels):
        number, channel = divmod(place, slices)
        panel.imshow(display.paint(array[:, :, channel, number], "blue_red", limit))
        bare(panel)
        if channel == 0:
            captioned(panel, f"filter {number}", size=8.5)
    headline(figure, title)
    return figure


def feature_maps(
    maps: ArrayLike | Mapping[str, ArrayLike],
    title: str = "",
    *,
    limit: float | None = None,
    columns: int = 8,
) -> Picture:
    """Show feature maps: of one layer all, of several layers a row of 8 each.

    Parameters
    ----------
    maps : array_like of shape (height, width, channels), or dict of them
        A dict as `features.feature_maps` and `Network.forward` give it; vectors are left out, and
        of a batch the first image is shown. 64 maps at most.
    title : str
    limit : float, optional
        The number with the strongest colour; by default each layer has its own.
    columns : int
        Maps beside each other, if there is one layer.

    Returns
    -------
    Picture

    Raises
    ------
    ShapeError
        If there is no volume to show.

    Examples
    --------
    >>> feature_maps({"conv2d_1": np.zeros((1, 6, 6, 3)), "dense_1": np.zeros((1, 10))})
    Feature maps: conv2d_1 3 of 3 maps of 6x6
    """
    title = worded(title)
    layers = {
        worded(name, "a name"): _volume_of(values)
        for name, values in (maps if isinstance(maps, Mapping) else {"": maps}).items()
        if numbers(values, f"maps {name}".strip()).ndim >= 3
    }
    if not layers:
        raise ShapeError(
            "there are no volumes (height, width, channels) to show; flat vectors have no maps"
        )
    single = len(layers) == 1
    shown = {
        name: min(values.shape[2], _MOST_TILES if single else _CHANNELS_SHOWN)
        for name, values in layers.items()
    }
    described = (
        f"{name} {shown[name]} of {values.shape[2]} maps of {values.shape[0]}x{values.shape[1]}"
        for name, values in layers.items()
    )
    alt = f"{title or 'Feature maps'}: {', '.join(described).strip()}"
    across = columns if single else max(shown.values())
    tiles = [
        (name, channel if channel < shown[name] else None)
        for name in layers
        for channel in range(shown[name] if single else across)
    ]
    figure, panels = grid(len(tiles), (1.15, 1.15 + 0.2), alt, columns=across)
    for panel, (name, channel) in zip(panels, tiles, strict=True):
        if channel is None:
            panel.remove()
            continue
        values = layers[name]
        strongest = display.limit_of(values) if limit is None else limit
        panel.imshow(display.paint(values[..., channel], "blue_red", strongest))
        bare(panel)
        captioned(panel, f"{name} {channel}".strip() if channel == 0 else f"{channel}", size=8.5)
    headline(figure, title)
    return figure


def _volume_of(values: ArrayLike) -> NDArray[np.float32]:
    array = as_numbers(values, "maps")
    if array.ndim == 4 and len(array):
        array = array[0]
    if array.ndim != 3 or not array.size:
        raise ShapeError(
            f"feature maps are (height, width, channels), got an array of shape {array.shape}; "
            "try maps[..., None] for a single one"
        )
    return array
