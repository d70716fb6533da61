"""Sizes: how large an output is, what padding adds, what a stride drops, how far a pixel sees.

One home for every size formula of the course; layers, summaries, widgets and exercises call it.
Sizes are whole pixels; padding is zeros per side. No ceil mode: rows that do not fill a window
are dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, SupportsIndex

from cnnlab import checks
from cnnlab.checks import as_int, flag, listed, shown
from cnnlab.errors import ShapeError

__all__ = [
    "IntPair",
    "Padding",
    "Window",
    "conv2d_parameters",
    "dense_parameters",
    "dropped",
    "output_size",
    "pair",
    "receptive_field",
    "same_padding",
    "untouched",
    "whole",
    "whole_or_pair",
    "zeros_per_side",
]

IntPair = int | tuple[int, int]
Padding = IntPair | Literal["same", "valid"]


_BEYOND = 1 << 31  # no image has so many pixels along a side, and products of two still fit


def whole(value: SupportsIndex, name: str, least: int = 1) -> int:
    """Read a whole number, NumPy's kinds too, as an int: small kinds would overflow in a formula.

    Parameters
    ----------
    value : int
    name : str
        What the number is called in a message.
    least : int
        The smallest value that makes sense.

    Raises
    ------
    ShapeError
        If it is no whole number, or below `least`.

    Examples
    --------
    >>> import numpy as np
    >>> whole(np.int8(100), "filters") * 2
    200
    """
    return checks.whole(value, name, least, error=ShapeError)


def pair(value: IntPair, name: str, least: int = 1) -> tuple[int, int]:
    """Read ``3`` as ``(3, 3)``: one number for both directions, or one for each.

    Parameters
    ----------
    value : int or (int, int)
        Down and across.
    name : str
        What the number is called in a message.
    least : int
        The smallest value that makes sense.

    Raises
    ------
    ShapeError
        If it is not one or two whole numbers, or one of them is below `least`, or beyond all sizes
        of images.

    Examples
    --------
    >>> pair(2, "stride")
    (2, 2)
    """
    if type(value) is int and least <= value < _BEYOND:  # by far the most
        return value, value
    given = value if isinstance(value, tuple | list) else (value, value)
    numbers = [number for number in map(as_int, given) if number is not None]
    if not len(given) == len(numbers) == 2:
        raise ShapeError(
            f"{name} must be a whole number or a pair (down, across), got {shown(value)}; "
            f"try {name}={least}"
        )
    if min(numbers) < least:
        raise ShapeError(f"{name} must be at least {least}, got {shown(value)}; try {name}={least}")
    if max(numbers) >= _BEYOND:
        raise ShapeError(f"{name} must be below {_BEYOND}, got {shown(value)}; try {name}={least}")
    return numbers[0], numbers[1]


def whole_or_pair(value: IntPair, name: str, least: int = 1) -> IntPair:
    """Check as `pair` does, but leave one number one number.

    Examples
    --------
    >>> whole_or_pair(3, "stride"), whole_or_pair([2, 1], "stride")
    (3, (2, 1))
    """
    if type(value) is int and least <= value < _BEYOND:
        return value
    both = pair(value, name, least)
    return both if isinstance(value, tuple | list) else both[0]


def zeros_per_side(padding: Padding) -> Padding:
    """Check a padding: ``"same"``, ``"valid"``, or zeros per side as `whole_or_pair` takes them.

    Raises
    ------
    ShapeError
        If it is none of these.
    """
    if isinstance(padding, str):
        return _zeros_named(padding)
    return whole_or_pair(padding, "padding", 0)


def _zeros_named(padding: str) -> Literal["same", "valid"]:
    if padding == "same":
        return "same"
    if padding == "valid":
        return "valid"
    raise ShapeError(
        f'padding must be "same", "valid" or a number of zeros per side, '
        f'got {shown(padding)}; try padding="same"'
    )


def same_padding(size: int, window: int, stride: int = 1, dilation: int = 1) -> tuple[int, int]:
    """Zeros to add before and after, so that the output has ``ceil(size / stride)`` pixels.

    With stride 1 the size is kept. An odd number of zeros puts the extra one after.

    Parameters
    ----------
    size, window, stride, dilation : int
        As in `output_size`.

    Returns
    -------
    (int, int)

    Examples
    --------
    >>> same_padding(512, 3)
    (1, 1)
    >>> same_padding(5, 2)
    (0, 1)
    """
    size, window = whole(size, "size"), whole(window, "window")
    stride, dilation = whole(stride, "stride"), whole(dilation, "dilation")
    outputs = -(-size // stride)
    total = max(0, (outputs - 1) * stride + dilation * (window - 1) + 1 - size)
    return total // 2, total - total // 2


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of an image with a window sliding along it, every number resolved."""

    size: int
    window: int
    stride: int
    before: int
    after: int
    dilation: int

    @classmethod
    def of(cls, size: int, window: int, stride: int, padding: int | str, dilation: int) -> _Side:
        if padding == "same":
            before, after = same_padding(size, window, stride, dilation)
        else:
            before = after = 0 if isinstance(padding, str) else padding
        return cls(size, window, stride, before, after, dilation)

    @property
    def padded(self) -> int:
        return self.before + self.size + self.after

    @property
    def reach(self) -> int:
        """Pixels from the first to the last weight of the (dilated) window."""
        return self.dilation * (self.window - 1) + 1

    @property
    def outputs(self) -> int:
        return (self.padded - self.reach) // self.stride + 1

    @property
    def missing(self) -> int:
        """Zeros per side that would make the window fit; 0 if it does."""
        return max(0, -(-(self.reach - self.padded) // 2))


def _checked_side(size: int, window: int, stride: int, padding: int | str, dilation: int) -> _Side:
    side = _Side.of(
        whole(size, "size"),
        whole(window, "window"),
        whole(stride, "stride"),
        _zeros_named(padding) if isinstance(padding, str) else whole(padding, "padding", least=0),
        whole(dilation, "dilation"),
    )
    if side.missing:
        raise ShapeError(
            f"a window of {side.reach} pixels does not fit in {side.padded} pixels; "
            f"use padding >= {side.before + side.missing} or a smaller window"
        )
    return side


def output_size(
    size: int, window: int, stride: int = 1, padding: int | str = 0, dilation: int = 1
) -> int:
    """Count the positions of a window along one side: ``floor((n + 2p - d(f-1) - 1) / s) + 1``.

    Parameters
    ----------
    size : int
        Pixels along the side, n.
    window : int
        Filter or pooling window, f.
    stride : int
        Pixels from one position to the next, s.
    padding : int or "same" or "valid"
        Zeros added on *each* end, p.
    dilation : int
        Distance between neighbouring weights, d; 1 is a dense filter.

    Returns
    -------
    int

    Raises
    ------
    ShapeError
        If the window does not fit, or a number makes no sense.

    Notes
    -----
    Dumoulin and Visin 2016, *A guide to convolution arithmetic for deep learning*, section 2.

    Examples
    --------
    >>> output_size(7, 3, stride=2)
    3
    """
    return _checked_side(size, window, stride, padding, dilation).outputs


def dropped(
    size: int, window: int, stride: int = 1, padding: int | str = 0, dilation: int = 1
) -> int:
    """Count the padded pixels at the far end that no window position reaches.

    Parameters
    ----------
    size, window, stride, padding, dilation
        As in `output_size`.

    Returns
    -------
    int

    Examples
    --------
    >>> dropped(6, 3, stride=2)
    1
    """
    side = _checked_side(size, window, stride, padding, dilation)
    return side.padded - ((side.outputs - 1) * side.stride + side.reach)


_LISTED = 100_000  # pixels


def untouched(
    size: int, window: int, stride: int = 1, padding: int | str = 0, dilation: int = 1
) -> list[int]:
    """List the pixels that no weight stands on at any position of the window, from 0.

    They lie at the far end (see `dropped`), between windows that stand further apart than they
    are wide, and in the holes of dilated windows.

    Parameters
    ----------
    size, window, stride, padding, dilation
        As in `output_size`.

    Returns
    -------
    list of int
        Without the padding.

    Raises
    ------
    ShapeError
        As in `output_size`, and for more than 100,000 pixels.

    Examples
    --------
    >>> untouched(8, 3, stride=2), untouched(7, 2, stride=3)
    ([7], [2, 5, 6])
    """
    side = _checked_side(size, window, stride, padding, dilation)
    if side.size > _LISTED:
        raise ShapeError(
            f"the untouched among {side.size:,} pixels would be a list too long to use; try up to "
            f"{_LISTED:,} pixels"
        )
    touched = bytearray(side.size)
    for tap in range(side.window):
        first = tap * side.dilation - side.before
        last = first + (side.outputs - 1) * side.stride
        first += max(0, -(first // side.stride)) * side.stride
        places = range(first, max(0, min(last + 1, side.size)), side.stride)
        touched[places.start : places.stop : places.step] = bytes([1]) * len(places)
    return [pixel for pixel, seen in enumerate(touched) if not seen]


@dataclass(frozen=True, slots=True)
class Window:
    """A window sliding over an image, every number resolved: all that a kernel needs to know.

    Attributes
    ----------
    height, width : int
        Rows and columns of the filter or pooling window, undilated.
    stride, dilation : (int, int)
        Down and across.
    top, bottom, left, right : int
        Rows and columns of zeros added.
    out_height, out_width : int
        Positions down and across.
    """

    height: int
    width: int
    stride: tuple[int, int]
    dilation: tuple[int, int]
    top: int
    bottom: int
    left: int
    right: int
    out_height: int
    out_width: int

    @classmethod
    def over(
        cls,
        image: tuple[int, int],
        window: IntPair,
        stride: IntPair = 1,
        padding: Padding = 0,
        dilation: IntPair = 1,
        *,
        noun: str = "filter",
    ) -> Window:
        """Lay a window over an image of ``(height, width)`` pixels.

        Parameters
        ----------
        image : (int, int)
            Height and width in pixels.
        window, stride, dilation : int or (int, int)
            Down and across.
        padding : int or (int, int) or "same" or "valid"
            Zeros per side, down and across.
        noun : str
            What the window is called in a message.

        Returns
        -------
        Window

        Raises
        ------
        ShapeError
            If the window does not fit in the padded image; the message says by how much.

        Examples
        --------
        >>> window = Window.over((7, 7), 3, stride=2)
        >>> window.out_height, window.out_width
        (3, 3)
        """
        size, steps, spread = pair(window, noun), pair(stride, "stride"), pair(dilation, "dilation")
        padding, pixels = zeros_per_side(padding), pair(image, "image")
        zeros = (padding, padding) if isinstance(padding, str) else pair(padding, "padding", 0)
        down, across = (
            _Side.of(pixels[axis], size[axis], steps[axis], zeros[axis], spread[axis])
            for axis in (0, 1)
        )
        if down.missing or across.missing:
            zeros_needed = max(side.before + side.missing for side in (down, across))
            largest = [max(0, (side.padded - 1) // side.dilation + 1) for side in (down, across)]
            message = f"a {size[0]}x{size[1]} {noun}"
            if max(spread) > 1:
                message += f" with dilation {spread[0]}x{spread[1]}"
            message += f" does not fit in a {pixels[0]}x{pixels[1]} image"
            if (down.padded, across.padded) != pixels:
                message += f" padded to {down.padded}x{across.padded}"
            message += f"; use padding >= {zeros_needed}"
            if min(largest):
                message += f" or a {noun} of {largest[0]}x{largest[1]} or less"
            raise ShapeError(message)
        return cls(
            *size, steps, spread, down.before, down.after, across.before, across.after,
            down.outputs, across.outputs,
        )  # fmt: skip

    @classmethod
    def pooling(
        cls,
        image: tuple[int, int],
        window: IntPair,
        stride: IntPair | None = None,
        padding: Padding = 0,
    ) -> Window:
        """Lay a pooling window over an image.

        Parameters
        ----------
        image, window, padding
            As in `over`.
        stride : int or (int, int), optional
            As far as the window is large, unless given.

        Returns
        -------
        Window

        Raises
        ------
        ShapeError
            If the window does not fit, or the padding is more than half of it: some windows would
            lie in nothing but padding, where there is no largest pixel and no average.

        Examples
        --------
        >>> window = Window.pooling((7, 7), 3, stride=2, padding=1)
        >>> window.out_height, window.out_width
        (4, 4)
        """
        laid = cls.over(
            image, window, window if stride is None else stride, padding, noun="pooling window"
        )
        if 2 * laid.top > laid.height or 2 * laid.left > laid.width:
            raise ShapeError(
                f"a padding of {laid.top}x{laid.left} is more than half of the "
                f"{laid.height}x{laid.width} pooling window, so that some windows would lie in "
                f"nothing but padding; use a padding of at most "
                f"{laid.height // 2}x{laid.width // 2}"
            )
        return laid


def conv2d_parameters(
    filter_height: int, filter_width: int, in_channels: int, filters: int, *, bias: bool = True
) -> int:
    """Count the weights and biases of a convolutional layer: ``(f * f * n_c_prev + 1) * n_c``.

    Parameters
    ----------
    filter_height, filter_width, in_channels, filters : int
        Size of one filter and how many there are.
    bias : bool
        Whether each filter has a bias.

    Returns
    -------
    int

    Examples
    --------
    >>> conv2d_parameters(3, 3, in_channels=3, filters=10)
    280
    """
    weights = whole(filter_height, "filter_height") * whole(filter_width, "filter_width")
    return (weights * whole(in_channels, "in_channels") + flag(bias, "bias")) * whole(
        filters, "filters"
    )


def dense_parameters(inputs: int, units: int, *, bias: bool = True) -> int:
    """Count the weights and biases of a dense layer.

    Parameters
    ----------
    inputs, units : int
        Numbers in, numbers out.
    bias : bool
        Whether each unit has a bias.

    Returns
    -------
    int

    Examples
    --------
    >>> dense_parameters(16384, 512)
    8389120
    """
    return (whole(inputs, "inputs") + flag(bias, "bias")) * whole(units, "units")


def receptive_field(windows: Iterable[tuple[int, int] | tuple[int, int, int]]) -> int:
    """Count the input pixels, along one side, that one output pixel of a stack of layers sees.

    Parameters
    ----------
    windows : iterable of (window, stride) or (window, stride, dilation)
        The layers from the input on.

    Returns
    -------
    int

    Notes
    -----
    Araujo, Norris and Sim 2019, *Computing receptive fields of convolutional neural networks*:
    ``1 + sum(d (f - 1) * product of the strides before)``.

    Examples
    --------
    >>> receptive_field([(3, 1), (2, 2), (3, 1)])
    8
    """
    field, jump = 1, 1
    for given in listed(windows, "windows", "[(3, 1), (2, 2)]"):
        if not isinstance(given, tuple | list) or len(given) not in {2, 3}:
            raise ShapeError(
                "windows must be (window, stride) or (window, stride, dilation) each, "
                f"got {shown(given)}; try [(3, 1), (2, 2)]"
            )
        window, stride, *dilation = given
        spread = whole(dilation[0], "dilation") if dilation else 1
        field += spread * (whole(window, "window") - 1) * jump
        jump *= whole(stride, "stride")
    return field
