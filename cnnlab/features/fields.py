"""Receptive fields: the pixels, and the places in every layer, that one place depends on.

Axes: row, column of one image or map.
"""

from __future__ import annotations

from cnnlab.errors import ShapeError
from cnnlab.features._checks import image_size
from cnnlab.network import Network, checked_network
from cnnlab.sequential import Row, Sequential
from cnnlab.shapes import Window, whole

__all__ = ["Box", "receptive_field", "receptive_fields"]

Box = tuple[int, int, int, int]  # top, left, bottom, right: rows top to bottom - 1


def receptive_field(network: Network | Sequential, layer: str, row: int, column: int) -> Box:
    """Find the pixels of the image that one place in a layer's feature maps depends on.

    Zeros that padding adds are not pixels of the image: near the rim the field is smaller. Where
    strides leave pixels out, the field is the smallest box around all that count.

    Parameters
    ----------
    network : Network or Sequential
    layer : str
        Its name, as in the summary.
    row, column : int
        The place in its maps, from 0. For a layer that gives a flat vector they do not matter: it
        sees the whole image.

    Returns
    -------
    (top, left, bottom, right)
        Rows `top` to ``bottom - 1``: ``image[top:bottom, left:right]``. Empty, ``(0, 0, 0, 0)``,
        if the place sees nothing but padding.

    Raises
    ------
    DataError
        If there is no such layer.
    ShapeError
        If there is no such place, or the network does not take images.

    Examples
    --------
    >>> from cnnlab.layers import Conv2D, MaxPool2D
    >>> stack = Sequential([Conv2D(4), MaxPool2D(), Conv2D(4)], input_shape=(32, 32, 1))
    >>> receptive_field(stack, "conv2d_2", 0, 5)
    (0, 10, 8, 18)
    """
    return receptive_fields(network, layer, row, column)["input"]


def receptive_fields(
    network: Network | Sequential, layer: str, row: int, column: int
) -> dict[str, Box]:
    """Trace what one place depends on down through every layer, to the image.

    Parameters
    ----------
    network, layer, row, column
        As in `receptive_field`.

    Returns
    -------
    dict of (top, left, bottom, right)
        By the names of the layers, from this one down, and ``"input"`` for the image: the places in
        their maps that count. Flat vectors, which have no places, are left out.

    Raises
    ------
    DataError, ShapeError
        As in `receptive_field`.

    Examples
    --------
    >>> from cnnlab.layers import Conv2D, MaxPool2D
    >>> stack = Sequential([Conv2D(4), MaxPool2D(), Conv2D(4)], input_shape=(32, 32, 1))
    >>> receptive_fields(stack, "max_pooling2d_1", 0, 5)
    {'max_pooling2d_1': (0, 5, 1, 6), 'conv2d_1': (0, 10, 2, 12), 'input': (0, 10, 4, 14)}
    """
    stack = network if isinstance(network, Sequential) else checked_network(network).sequential
    height, width = image_size(stack)
    target = stack.row(layer)
    shape, fields = target.output_shape, dict[str, Box]()
    box: Box | None = None  # of a flat vector: all of what it was made of
    if len(shape) == 3:
        row = whole(row, "row", least=0)
        column = whole(column, "column", least=0)
        if not (0 <= row < shape[0] and 0 <= column < shape[1]):
            raise ShapeError(
                f"{layer} has {shape[0]}x{shape[1]} places, got row {row}, column {column}; "
                "rows and columns count from 0"
            )
        box = row, column, row + 1, column + 1
    below = stack.rows[: stack.rows.index(target) + 1]
    for number in reversed(range(len(below))):
        one = below[number]
        if box is not None:
            fields[one.name] = box
        if len(one.input_shape) != 3:
            continue
        rows, columns, _ = one.input_shape
        box = (0, 0, rows, columns) if box is None else _seen(one, box)
    return {**fields, "input": box or (0, 0, height, width)}


def _seen(row: Row, box: Box) -> Box:
    """Say which places of its input a box in a layer's maps depends on."""
    window, (height, width, _) = _window(row), row.input_shape
    top, left, bottom, right = box
    if top >= bottom or left >= right:
        return 0, 0, 0, 0  # nothing but padding, further down neither
    if window is None:
        # Neighbours are not mixed, except where all of a map becomes one number.
        return box if row.output_shape[:2] == (height, width) else (0, 0, height, width)
    first, last = _span(
        top, bottom - 1, window.stride[0], window.top, window.height, window.dilation[0], height
    )
    nearest, furthest = _span(
        left, right - 1, window.stride[1], window.left, window.width, window.dilation[1], width
    )
    if first > last or nearest > furthest:
        return 0, 0, 0, 0
    return first, nearest, last + 1, furthest + 1


def _window(row: Row) -> Window | None:
    """Resolve the window of a layer, padding included; None for a layer without one."""
    sides = row.layer.sliding_window(row.input_shape)
    if sides is None or len(row.input_shape) != 3:
        return None
    (rows, down, spread_down), (columns, across, spread_across) = sides
    return Window.over(
        (row.input_shape[0], row.input_shape[1]),
        (rows, columns),
        (down, across),
        getattr(row.layer, "padding", "valid"),
        (spread_down, spread_across),
    )


def _span(
    first: int, last: int, stride: int, before: int, window: int, dilation: int, size: int
) -> tuple[int, int]:
    """Say which input pixels a run of outputs sees, cut off at the rim of the input."""
    nearest = first * stride - before
    furthest = last * stride - before + dilation * (window - 1)
    return max(0, nearest), min(size - 1, furthest)
