"""Lines of Python that make what a widget shows."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import filters
from cnnlab.layers import Layer
from cnnlab.widgets.shared.traits import shortest

__all__ = ["array", "layer", "stack", "weights"]

_ALWAYS = {"filters", "kernel_size", "window", "units", "rate"}


def array(name: str, values: NDArray[np.float32]) -> list[str]:
    """Write an array with all its numbers."""
    # What is not finite has a name in NumPy only.
    named = re.compile(r"\b(nan|inf)\b")
    rows = [named.sub(r"np.\1", f"        {row!r},") for row in shortest(values)]
    return [f"{name} = np.array(", "    [", *rows, "    ],", "    dtype=np.float32,", ")"]


def layer(made: Layer) -> str:
    """Write a layer with its size, and else with what is not as by default.

    Examples
    --------
    >>> from cnnlab.layers import Conv2D, MaxPool2D
    >>> layer(Conv2D(8, stride=2)), layer(MaxPool2D())
    ('Conv2D(filters=8, kernel_size=3, stride=2)', 'MaxPool2D(window=2)')
    """
    one: Any = made
    said = [
        f"{field.name}={getattr(made, field.name)!r}".replace("'", '"')
        for field in dataclasses.fields(one)
        if field.name in _ALWAYS or getattr(made, field.name) != field.default
    ]
    return f"{type(made).__name__}({', '.join(said)})"


def stack(
    layers: Iterable[Layer], input_shape: tuple[int, ...], called: str = "network"
) -> list[str]:
    """Write a `Sequential` and what it needs to be imported."""
    layers = list(layers)
    names = ", ".join(sorted({type(one).__name__ for one in layers}))
    return [
        "from cnnlab import Sequential",
        *([f"from cnnlab.layers import {names}"] if names else []),
        "",
        f"{called} = Sequential(",
        "    [",
        *(f"        {layer(one)}," for one in layers),
        "    ],",
        f"    input_shape={input_shape},",
        ")",
    ]


def weights(values: NDArray[np.float32], called: str = "weights") -> list[str]:
    """Write a filter as ``weights``, by its name in the catalogue where it has one.

    Parameters
    ----------
    values : ndarray of shape (filter_height, filter_width) or (filter_height, filter_width, 3)
    called : str
        What the code calls it.
    """
    flat = values if values.ndim == 2 else values[..., 0]
    same = values.ndim == 2 or bool((values == flat[..., None]).all())
    names = [e.name for e in filters.CATALOGUE.values() if np.array_equal(e.weights, flat)]
    if not same or not names:
        return array(called, values)
    line = f'{called} = filters.CATALOGUE["{names[0]}"].weights'
    if values.ndim == 2:
        return [line]
    return [line, f"{called} = np.stack([{called}] * 3, axis=2)  # the same for every channel"]
