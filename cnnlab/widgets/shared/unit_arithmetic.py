"""One number of a network taken apart: what it was computed from, layer by layer kind.

Axes: row, column, channel; everything counts from 0. A layer by somebody else shows its number
only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import features
from cnnlab.layers import (
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    MaxPool2D,
)
from cnnlab.layers.activation import Activation, Softmax
from cnnlab.layers.rescaling import Rescaling
from cnnlab.network import Network
from cnnlab.sequential import Row
from cnnlab.shapes import Window
from cnnlab.widgets.shared.maps import finite

__all__ = ["explained", "traced"]

_EACH_BY_ITSELF = (
    Activation, AvgPool2D, BatchNorm, Dropout, GlobalAvgPool2D, MaxPool2D, Rescaling,
)  # fmt: skip
"""Layers that look at no other map than their own."""

Float32 = NDArray[np.float32]
Place = tuple[int, int]

_MOST_SLICES = 6  # of a filter that are printed; of more, those that count most
_MOST_TERMS = 24  # of a dense unit
_MOST_SQUARE = 11  # rows of a window that can be printed


def explained(
    row: Row,
    parameters: dict[str, Float32],
    x: Float32,
    output: Float32,
    unit: int,
    place: Place | None,
) -> dict[str, Any]:
    """Take one number of a layer's output apart.

    Parameters
    ----------
    row : Row
        The layer in its place.
    parameters : dict of ndarray
        Its own.
    x, output : ndarray, float32
        What went in and what came out, without the batch.
    unit : int
        Which map, or which number of a vector.
    place : (row, column), optional
        Where in the map; None for a vector.

    Returns
    -------
    dict
        ``kind`` says how the page prints it, ``value`` what came out. Plain JSON.
    """
    where = (*place, unit) if place else (unit,)
    about = {"unit": unit, "place": place and list(place), "value": finite(output[where])}
    for kind, explain in _KINDS.items():
        if isinstance(row.layer, kind):
            return about | explain(row, parameters, x, unit, place or (0, 0))
    return about | {"kind": "other", "name": row.layer.kind}


def traced(
    network: Network, number: int, unit: int, place: Place | None
) -> tuple[dict[str, features.Box], dict[str, int]]:
    """Trace a number down: the places that count, and the map where only one does.

    Parameters
    ----------
    network : Network
    number : int
        Of the layer.
    unit, place
        As in `explained`.

    Returns
    -------
    fields : dict of (top, left, bottom, right)
        As `features.receptive_fields` gives them.
    only : dict of int
        Which map counts, by the name of its layer, where others do not.
    """
    rows = network.sequential.rows
    fields = features.receptive_fields(network, rows[number].name, *(place or (0, 0)))
    only: dict[str, int] = {}
    for k in range(number, -1, -1):
        row, below = rows[k], rows[k - 1].name if k else "input"
        if isinstance(row.layer, Flatten) and len(row.input_shape) == 3:
            down, across, unit = map(int, np.unravel_index(unit, row.input_shape))
            box = {"input": (down, across, down + 1, across + 1)}
            if k:
                box = features.receptive_fields(network, below, down, across)
            fields |= box
        elif not isinstance(row.layer, _EACH_BY_ITSELF) or isinstance(row.layer, Softmax):
            break
        only[below] = unit
    return fields, only


def _convolution(
    row: Row, parameters: dict[str, Float32], x: Float32, unit: int, place: Place
) -> dict[str, Any]:
    layer: Any = row.layer
    weights = parameters["filters"][..., unit]
    size = (weights.shape[0], weights.shape[1])
    window = Window.over(
        (x.shape[0], x.shape[1]), size, layer.stride, layer.padding, layer.dilation
    )
    patch = _under(x, window, place)
    products = np.nan_to_num(patch) * weights.astype(np.float64)
    sums = products.sum(axis=(0, 1))
    strongest = np.sort(np.argsort(-np.abs(sums), kind="stable")[:_MOST_SLICES])
    bias = float(parameters["bias"][unit]) if "bias" in parameters else 0.0
    grids = max(size) <= _MOST_SQUARE
    slices = [
        {
            "channel": int(c), "sum": finite(sums[c]),
            "pixels": _plain(patch[..., c]) if grids else None,
            "weights": _plain(weights[..., c]) if grids else None,
            "products": _plain(np.where(np.isnan(patch[..., c]), np.nan, products[..., c]))
            if grids else None,
        }
        for c in strongest
    ]  # fmt: skip
    shown = sums[strongest].sum()
    return {
        "kind": "convolution", "slices": slices, "bias": finite(bias),
        "others": len(sums) - len(strongest), "rest": finite(sums.sum() - shown),
        "largestPixel": finite(np.nanmax(np.abs(patch), initial=1e-6)),
        "largestWeight": finite(np.abs(weights).max(initial=1e-6)),
        "sum": finite(sums.sum() + bias), "activation": layer.activation,
    }  # fmt: skip


def _dense(
    row: Row, parameters: dict[str, Float32], x: Float32, unit: int, _place: Place
) -> dict[str, Any]:
    layer: Any = row.layer
    weights = parameters["weights"][:, unit].astype(np.float64)
    products = x * weights
    chosen = np.argsort(-np.abs(products), kind="stable")[:_MOST_TERMS]
    bias = float(parameters["bias"][unit]) if "bias" in parameters else 0.0
    terms = [
        {"input": int(k), "factors": [finite(x[k]), finite(weights[k])],
         "value": finite(products[k])}
        for k in chosen
    ]  # fmt: skip
    return {
        "kind": "dense", "terms": terms, "bias": finite(bias), "others": len(x) - len(chosen),
        "rest": finite(products.sum() - products[chosen].sum()),
        "sum": finite(products.sum() + bias), "activation": layer.activation,
    }  # fmt: skip


def _pooling(
    row: Row, _parameters: dict[str, Float32], x: Float32, unit: int, place: Place
) -> dict[str, Any]:
    layer: Any = row.layer
    window = Window.pooling((x.shape[0], x.shape[1]), layer.window, layer.stride, layer.padding)
    patch = _under(x[..., unit : unit + 1], window, place)[..., 0]
    size, inside = patch.size, int(np.count_nonzero(~np.isnan(patch)))
    pixels = _plain(patch) if max(patch.shape) <= _MOST_SQUARE else None
    found = {
        "kind": "average" if isinstance(layer, AvgPool2D) else "largest",
        "pixels": pixels, "numbers": inside,
        "largestPixel": finite(np.nanmax(np.abs(patch), initial=1e-6)),
    }  # fmt: skip
    if isinstance(layer, AvgPool2D):
        total = float(np.nansum(patch, dtype=np.float64))
        return found | {"sum": total, "of": size if layer.count_padding else inside}
    if inside:
        i, j = divmod(int(np.nanargmax(patch)), patch.shape[1])
        (down, across), (row_, column) = window.stride, place
        found["winner"] = [row_ * down - window.top + i, column * across - window.left + j]
    return found


def _global(
    row: Row, _parameters: dict[str, Float32], x: Float32, unit: int, _place: Place
) -> dict[str, Any]:
    del row
    chosen = x[..., unit]
    total = finite(chosen.sum(dtype=np.float64))
    return {"kind": "average", "pixels": None, "numbers": chosen.size, "of": chosen.size,
            "sum": total}  # fmt: skip


def _activation(
    row: Row, _parameters: dict[str, Float32], x: Float32, unit: int, place: Place
) -> dict[str, Any]:
    if isinstance(row.layer, Softmax):
        numbers = (x if x.ndim == 1 else x[place]).astype(np.float64)
        powers = np.exp(numbers - numbers.max())
        return {"kind": "softmax", "input": finite(numbers[unit]),
                "largest": finite(numbers.max()), "power": finite(powers[unit]),
                "sum": finite(powers.sum())}  # fmt: skip
    return {"kind": "function", "name": row.layer.kind, "input": _same(x, unit, place)}


def _flatten(
    _row: Row, _parameters: dict[str, Float32], x: Float32, unit: int, _place: Place
) -> dict[str, Any]:
    return {"kind": "taken", "from": [int(k) for k in np.unravel_index(unit, x.shape)]}


def _dropout(
    row: Row, _parameters: dict[str, Float32], x: Float32, unit: int, place: Place
) -> dict[str, Any]:
    layer: Any = row.layer
    return {"kind": "dropout", "rate": layer.rate, "input": _same(x, unit, place)}


def _normalization(
    row: Row, parameters: dict[str, Float32], x: Float32, unit: int, place: Place
) -> dict[str, Any]:
    layer: Any = row.layer
    names = ("running_mean", "running_variance", "scale", "shift")
    mean, variance, scale, shift = (finite(parameters[name][unit]) for name in names)
    return {"kind": "normalization", "input": _same(x, unit, place), "mean": mean,
            "variance": variance, "epsilon": layer.epsilon, "scale": scale,
            "shift": shift}  # fmt: skip


def _rescaling(
    row: Row, _parameters: dict[str, Float32], x: Float32, unit: int, place: Place
) -> dict[str, Any]:
    layer: Any = row.layer
    scale, shift = layer.scale, layer.offset
    return {"kind": "rescaling", "input": _same(x, unit, place), "scale": scale, "shift": shift}


_KINDS: dict[type, Callable[[Row, dict[str, Float32], Float32, int, Place], dict[str, Any]]] = {
    Conv2D: _convolution,
    Dense: _dense,
    MaxPool2D: _pooling,
    AvgPool2D: _pooling,
    GlobalAvgPool2D: _global,
    Activation: _activation,
    Flatten: _flatten,
    Dropout: _dropout,
    BatchNorm: _normalization,
    Rescaling: _rescaling,
}


def _same(x: Float32, unit: int, place: Place) -> float | None:
    """Give the number of the input at the same place."""
    return finite(x[unit] if x.ndim == 1 else x[(*place, unit)])


def _under(x: Float32, window: Window, place: Place) -> NDArray[np.float64]:
    """Cut out what lies under a window; nan stands for padding."""
    (down, across), (lower, further) = window.stride, window.dilation
    rows = place[0] * down - window.top + lower * np.arange(window.height)
    columns = place[1] * across - window.left + further * np.arange(window.width)
    patch = np.full((len(rows), len(columns), x.shape[2]), np.nan)
    within = np.ix_((rows >= 0) & (rows < x.shape[0]), (columns >= 0) & (columns < x.shape[1]))
    inside_rows = rows[(rows >= 0) & (rows < x.shape[0])]
    inside_columns = columns[(columns >= 0) & (columns < x.shape[1])]
    patch[within] = x[np.ix_(inside_rows, inside_columns)]
    return patch


def _plain(grid: NDArray[Any]) -> list[list[float | None]]:
    """Write a grid as JSON can: null for padding."""
    return [[finite(number) for number in line] for line in grid]
