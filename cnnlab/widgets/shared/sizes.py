"""Settings for sizes: one number or two, a line of numbers, an input, a budget, layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import shapes
from cnnlab.checks import listed, shown
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import LAYERS, Layer
from cnnlab.sequential import checked_input
from cnnlab.widgets.shared.traits import Array, Setting

__all__ = ["Budget", "InputShape", "Layers", "Line", "Sides", "ZerosPerSide"]


class Sides(Setting):
    """A whole number for both axes, or a pair (down, across).

    Parameters
    ----------
    default, least, most : int
        What it is at first, and its range.
    """

    info_text = "a whole number or a pair (down, across)"

    def __init__(self, default: int, *, least: int = 1, most: int) -> None:
        super().__init__(default)
        self.least, self.most = least, most

    def validate(self, obj: Any, value: Any) -> shapes.IntPair:
        """Refuse what is no size of the range."""
        sides = shapes.whole_or_pair(value, str(self.name), self.least)
        largest = sides if isinstance(sides, int) else max(sides)
        if largest > self.most:
            raise DataError(
                f"{self.name} can be {self.least} to {self.most} here, got {shown(value)}; "
                f"try {self.name}={self.most}"
            )
        return sides

    def as_json(self, value: Any) -> Any:
        """Write a pair as a list."""
        return list(value) if isinstance(value, tuple) else value

    def facts(self) -> dict[str, Any]:
        """Tell the page the range."""
        return {"least": self.least, "most": self.most}


class ZerosPerSide(Sides):
    """Zeros per side, one number or one for each axis, or ``"same"`` or ``"valid"``."""

    info_text = "a whole number, a pair (down, across), 'same' or 'valid'"

    def __init__(self, *, most: int) -> None:
        super().__init__(0, least=0, most=most)

    def validate(self, obj: Any, value: Any) -> Any:
        """Refuse what is no padding."""
        if isinstance(value, str):
            return shapes.zeros_per_side(value)  # type: ignore[arg-type] # refuses any other word
        return super().validate(obj, value)


class Line(Array):
    """Finite numbers one after the other; none are those that the widget takes by itself.

    Parameters
    ----------
    most : int
        How many at the most.
    """

    def __init__(self, *, most: int) -> None:
        super().__init__(self._line, ())
        self.most = most

    def _line(self, _obj: Any, value: Any) -> NDArray[Any]:
        try:
            line = np.asarray(value, dtype=np.float32)
        except (TypeError, ValueError):
            line = np.full(1, np.nan, np.float32)
        if line.ndim != 1 or not np.isfinite(line).all():
            raise DataError(
                f"{self.name} must be a line of finite numbers, got {shown(value)}; "
                f"try {self.name}=[3, 1, 2]"
            )
        if len(line) > self.most:
            raise DataError(
                f"{self.name} can have {self.most} numbers at the most, got {len(line)}; "
                f"try the first ones, [:{self.most}]"
            )
        return line

    def facts(self) -> dict[str, Any]:
        """Tell the page how long it may grow."""
        return {"most": self.most}


class InputShape(Setting):
    """The shape of one input of a network: (height, width, channels), or (numbers,).

    Parameters
    ----------
    default : tuple of int
    most : int
        Of each number; a flat input may have as many numbers as such an image.
    """

    info_text = "(height, width, channels), or (numbers,)"

    def __init__(self, default: tuple[int, ...], *, most: int) -> None:
        super().__init__(default)
        self.most = most

    def validate(self, obj: Any, value: Any) -> tuple[int, ...]:
        """Refuse what is no shape, or too large to draw."""
        shape = checked_input(value)
        if len(shape) == 3 and max(shape) > self.most:
            raise DataError(
                f"each number of {self.name} can be 1 to {self.most} here, got {shown(value)}; "
                f"try {self.name}=(224, 224, 3)"
            )
        return shape

    def as_json(self, value: Any) -> Any:
        """Write a list."""
        return list(value)

    def facts(self) -> dict[str, Any]:
        """Tell the page the range."""
        return {"least": 1, "most": self.most}


class Budget(Setting):
    """How much there may be of something, or None."""

    info_text = "a whole number, or None"

    def __init__(self) -> None:
        super().__init__(None)

    def validate(self, obj: Any, value: Any) -> int | None:
        """Refuse what is no whole number above zero."""
        return None if value is None else shapes.whole(value, str(self.name))


class Layers(Setting):
    """Layers one after the other, of the kinds that `cnnlab.layers` knows.

    Parameters
    ----------
    default : tuple of Layer
    kinds : dict of str to Layer
        What the page offers to add: what it is called, and how it is at first.
    most : int
        How many at the most.
    """

    info_text = "a list of layers"

    def __init__(
        self, default: tuple[Layer, ...], kinds: Mapping[str, Layer], *, most: int = 40
    ) -> None:
        super().__init__(default)
        self.kinds, self.most = kinds, most

    def validate(self, obj: Any, value: Any) -> tuple[Layer, ...]:
        """Read layers, or what `as_json` wrote of them."""
        given = listed(value, str(self.name), "layers=[Conv2D(8, 3)]")
        if len(given) > self.most:
            raise DataError(
                f"{self.name} can hold {self.most} layers at the most, got {len(given)}; "
                f"try a part of them, [:{self.most}]"
            )
        return tuple(self._layer(one) for one in given)

    def _layer(self, one: Any) -> Layer:
        if isinstance(one, Layer):
            if type(one) is not LAYERS.get(type(one).__name__):
                raise DataError(
                    f"{self.name} can hold the layers of cnnlab.layers, got {shown(one)}; "
                    f"for layers of your own ask Sequential(layers, input_shape).summary()"
                )
            return one
        name = one.get("layer") if isinstance(one, Mapping) else None
        if name not in LAYERS:
            raise DataError(
                f"{self.name} must be layers, got {shown(one)}; try layers=[Conv2D(8, 3)]"
            )
        settings = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in one.items()
            if key != "layer"
        }
        try:
            return LAYERS[name](**settings)
        except TypeError as error:
            raise ShapeError(f"{name} cannot be made of {shown(settings)}: {error}") from None

    def as_json(self, value: Any) -> Any:
        """Write each layer as its name and its settings, as checkpoints do."""
        return [
            {
                "layer": type(layer).__name__,
                **{
                    key: list(one) if isinstance(one, tuple) else one
                    for key, one in layer.settings().items()
                },
            }
            for layer in value
        ]

    def facts(self) -> dict[str, Any]:
        """Tell the page how many there may be, and what can be added."""
        entries = self.as_json(self.kinds.values())
        kinds = [
            {"title": title, "entry": entry}
            for title, entry in zip(self.kinds, entries, strict=True)
        ]
        return {"most": self.most, "kinds": kinds}
