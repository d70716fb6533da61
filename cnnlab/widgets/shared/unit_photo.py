"""The base of widgets in which one unit of a network is chosen: a layer, a map, a place in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets

from cnnlab.checks import shown
from cnnlab.errors import DataError, ShapeError
from cnnlab.widgets.shared.network_photo import NetworkPhoto
from cnnlab.widgets.shared.traits import Setting

__all__ = ["Chosen", "LayerOf", "UnitPhoto", "within"]


class LayerOf(Setting):
    """The name of a layer of the network, or None for all of them."""

    info_text = "the name of a layer, or None"

    def __init__(self) -> None:
        super().__init__(None)

    def validate(self, obj: Any, value: Any) -> str | None:
        """Refuse a name that the network does not have."""
        if value is None:
            return None
        if not isinstance(value, str):
            raise DataError(
                f"layer is the name of one, got {shown(value)}; "
                f"try layer={obj.network.sequential.rows[0].name!r}"
            )
        return str(obj.network.sequential.row(value).name)


class Chosen(Setting):
    """Whole numbers that count from 0 in what is chosen, or None."""

    info_text = "whole numbers from 0, or None"

    def __init__(self) -> None:
        super().__init__(None)

    def validate(self, obj: Any, value: Any) -> Any:
        """Ask the widget, which knows what is chosen."""
        return None if value is None else getattr(obj, f"_read_{self.name}")(value)

    def as_json(self, value: Any) -> Any:
        """Write a list."""
        return list(value) if isinstance(value, tuple) else value


def within(value: Any, count: int, owner: str, noun: str) -> int:
    """Read a whole number that counts what something has, from 0."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise DataError(f"a whole number is needed, got {shown(value)}; try 0")
    if not 0 <= value < count:
        raise ShapeError(
            f"{owner} {count} {noun}, counted from 0 to {count - 1}, got {value}; try {count - 1}"
        )
    return int(value)


class UnitPhoto(NetworkPhoto):
    """A widget that looks at one unit: `layer` and `unit` are settings, and where in its map, `at`.

    Another layer lets go of the unit, another unit of the place.
    """

    layer = LayerOf()
    unit = Chosen()
    at = Chosen()

    @property
    def place(self) -> tuple[int, int] | None:
        """Row and column that are taken apart: `at`, or where the map responds most strongly."""
        with self._lock:
            shape = self._chosen_shape()
            if self.unit is None or len(shape) != 3:
                return None
            if self.at is not None:
                return tuple(self.at)
            run, number = self._current(), self._number()
            chosen = np.nan_to_num(np.abs(run.output(number)[..., self.unit]))
            row, column = divmod(int(chosen.argmax()), shape[1])
            return row, column

    def _chosen_unit(self) -> tuple[str, int]:
        """Give the layer and its unit."""
        if self.layer is None or self.unit is None:
            raise DataError("no unit is chosen; try explorer.layer = ..., explorer.unit = 0")
        return self.layer, self.unit

    # -- what is set --------------------------------------------------------------------------

    def _number(self) -> int:
        names = [row.name for row in self._network.sequential.rows]
        return names.index(self.layer) if self.layer else -1

    def _chosen_shape(self) -> tuple[int, ...]:
        rows = self._network.sequential.rows
        return rows[self._number()].output_shape if self.layer else ()

    def _read_unit(self, value: Any) -> int:
        shape = self._chosen_shape()
        if not shape:
            raise DataError(f"unit={shown(value)} needs a layer; try layer='conv2d_1', unit=0")
        return within(value, shape[-1], f"{self.layer} has", "maps" if shape[1:] else "numbers")

    def _read_at(self, value: Any) -> tuple[int, int]:
        shape = self._chosen_shape()
        if self.unit is None or len(shape) != 3:
            raise DataError("at needs a unit with a map; try layer='conv2d_1', unit=0, at=(0, 0)")
        try:
            row, column = value
        except (TypeError, ValueError):
            raise DataError(f"at is (row, column), got {shown(value)}; try at=(0, 0)") from None
        return (
            within(row, shape[0], "its map has", "rows"),
            within(column, shape[1], "its map has", "columns"),
        )

    @traitlets.observe("layer")
    def _on_layer(self, _change: Any) -> None:
        self.at = self.unit = None

    @traitlets.observe("unit")
    def _on_unit(self, _change: Any) -> None:
        self.at = None
