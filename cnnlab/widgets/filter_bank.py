"""FilterBank: up to sixteen filters look at one picture, and all their maps are seen at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import banks, display, functional, shapes
from cnnlab.errors import DataError, ShapeError
from cnnlab.filters import CATALOGUE, Filter
from cnnlab.widgets.shared import code, maps
from cnnlab.widgets.shared.photo import white_of
from cnnlab.widgets.shared.photo_widget import PhotoWidget
from cnnlab.widgets.shared.traits import Array, OneOf, Palette, shortest
from cnnlab.widgets.shared.widget import Reply, Request

__all__ = ["FilterBank"]

_MOST = 16  # filters
_LARGEST_FILTER = 7
_LARGEST_SIDE = 180  # pixels: sixteen maps of such a picture follow the hand
_COLUMNS = 4  # of the still picture, and of the page
_STILL_HEIGHT = 480  # pixels


class _Bank(Array):
    """Filters as a layer has them; to the page they go one after another."""

    def as_json(self, value: Any) -> Any:
        return shortest(np.moveaxis(value, 3, 0))

    def facts(self) -> dict[str, Any]:
        return {"least": 1, "most": _MOST}


class FilterBank(PhotoWidget, stem="filter_bank"):
    """One picture, several filters, as many feature maps: a convolutional layer to touch.

    Every filter has three slices, for red, green and blue; a grey picture has the same number in
    all three channels. A picture of more than 180 pixels a side is averaged to fewer, so that all
    maps follow the hand. Everything can be set on the page and in Python, and each follows the
    other. The maps are those of `cnnlab.functional`.

    Parameters
    ----------
    image : str, path, bytes or array_like of shape (height, width) or (height, width, 3)
        A sample photograph (`images.SAMPLES`), a file or what is in it, or pixels: uint8 counts
        from 0 to 255, anything else is taken as it is.
    filters : sequence of str, Filter or array_like, or ndarray of (height, width, 3, filters)
        Names of `filters.CATALOGUE` or `banks.COLOURS`, or weights, as `banks.stack` takes them;
        or a bank that is stacked already. 1 to 16 filters of 1x1 to 7x7; `banks.SIXTEEN` if they
        are not given.
    bias : float or array_like of shape (filters,)
        Added to every pixel of a map, a number for each.
    activation : "none" or "relu"
        What becomes of each sum.
    scale : "own" or "shared"
        Whether the largest number of each map has the strongest colour, or that of all of them.
    palette : str
        One of `display.PALETTES`, or "auto": on a dark page zero is dark, else light.
    colour : bool
        Whether a colour picture is taken in colour or as grey.

    Raises
    ------
    DataError, ShapeError
        If the picture cannot be opened or the filters make no bank.
    TypeError
        If an option is not known.

    Examples
    --------
    >>> bank = FilterBank([[1, 2, 4]], filters=[[[-1, 1]], [[0, 1]]], bias=[0, 0.5])
    >>> bank.maps.shape
    (1, 2, 2)
    >>> bank
    FilterBank(1x3 picture, 2 filters of 1x2x3, 2 maps of 1x2, 14 parameters)
    """

    filters = _Bank("_read_filters", banks.SIXTEEN)
    bias = Array("_read_bias", 0.0)
    activation = OneOf(none="None", relu="ReLU")
    scale = OneOf(own="one for each map", shared="one for all maps")
    palette = Palette()

    def __init__(
        self,
        image: str | os.PathLike[str] | bytes | ArrayLike = "astronaut",
        filters: Sequence[str | Filter | ArrayLike] | NDArray[Any] | None = None,
        **options: Any,
    ) -> None:
        self._small: NDArray[np.float32] | None = None
        self._maps: NDArray[np.float32] | None = None
        filters = banks.SIXTEEN if filters is None else filters
        super().__init__(image, filters=filters, **{"bias": 0.0, **options})

    # -- filters and bias ---------------------------------------------------------------------

    def _read_filters(self, value: Any) -> NDArray[np.float32]:
        stacked = isinstance(value, np.ndarray) and value.ndim == 4
        if stacked and value.shape[2] != 3:
            raise ShapeError(
                f"a bank for colour is (height, width, 3, filters), got an array of shape "
                f"{value.shape}; try banks.stack with a list of filters"
            )
        parts = [value[..., k] for k in range(value.shape[3])] if stacked else value
        bank = banks.stack(parts)
        rows, columns, _, count = bank.shape
        if count > _MOST or max(rows, columns) > _LARGEST_FILTER:
            raise ShapeError(
                f"a bank holds up to {_MOST} filters of up to {_LARGEST_FILTER}x{_LARGEST_FILTER}, "
                f"got {count} of {rows}x{columns}; for more use functional.conv2d"
            )
        if not np.isfinite(bank).all():
            raise DataError(
                "the weights of a bank must be finite, and this one has nan or inf; "
                "try np.nan_to_num(weights)"
            )
        return bank

    def _read_bias(self, value: Any) -> NDArray[np.float32]:
        count = self.filters.shape[3]
        try:
            bias = np.asarray(value, dtype=np.float32)
        except (TypeError, ValueError):
            bias = np.array(np.nan, np.float32)
        if not np.isfinite(bias).all() or bias.shape not in {(), (count,)}:
            raise DataError(
                f"a bias is one finite number, or {count}, one for each filter; got {value!r}, try "
                f"bias = 0.5"
            )
        return np.broadcast_to(bias, (count,))

    def _settings_changed(self) -> None:
        """Forget the maps; a bias goes with its filter, and a new filter begins with none."""
        self._maps = None
        missing = self.filters.shape[3] - len(self.bias)
        if missing:
            kept = np.pad(self.bias, (0, max(0, missing)))[: self.filters.shape[3]]
            with self._changed_by_page():  # the page hears of it with the filters
                self.bias = kept

    # -- what goes in, and what comes out ------------------------------------------------------

    def _photo_changed(self) -> None:
        self._small = None
        super()._photo_changed()

    def rest(self) -> None:
        """Forget what can be computed again; nobody sees the widget now, and it goes on as ever."""
        with self._lock:
            self._small = None
        super().rest()

    @property
    def image(self) -> NDArray[np.float32]:
        """The picture as the filters see it, of shape (height, width, 3), at most 180 a side."""
        volume = self._volume
        if volume.shape[2] == 1:
            volume = np.repeat(volume, 3, axis=2)
            volume.setflags(write=False)
        return volume

    @image.setter
    def image(self, value: Any) -> None:
        PhotoWidget.image.fset(self, value)  # type: ignore[attr-defined] # a property

    @property
    def _seen(self) -> NDArray[np.float32]:
        seen: NDArray[np.float32] = PhotoWidget.image.fget(self)  # type: ignore[attr-defined] # a property
        return seen

    @property
    def _volume(self) -> NDArray[np.float32]:
        """The picture in few pixels, of shape (height, width, 1 or 3)."""
        with self._lock:
            if self._small is None:
                volume, factor = np.atleast_3d(self._seen), _factor(self._seen.shape)
                if factor > 1:
                    volume = functional.avg_pool2d(volume[None], factor)[0]
                self._small = volume
                self._small.setflags(write=False)
            return self._small

    @property
    def maps(self) -> NDArray[np.float32]:
        """All feature maps, of shape (out_height, out_width, filters), float32; read-only.

        Raises
        ------
        ShapeError
            If the filters do not fit in the picture.
        """
        with self._lock:
            if self._maps is None:
                volume, bank = self._volume, self.filters
                if volume.shape[2] == 1:  # slices that cancel out give zero, and not its rounding
                    bank = bank.sum(axis=2, keepdims=True)
                found = functional.conv2d(volume[None], bank, self.bias)
                if self.activation == "relu":
                    found = functional.relu(found)
                self._maps = found[0]
                self._maps.setflags(write=False)
            return self._maps

    @property
    def num_parameters(self) -> int:
        """How many numbers the bank has: all weights, and a bias for each filter."""
        return shapes.conv2d_parameters(*self.filters.shape)

    # -- answers to the page ------------------------------------------------------------------

    def answer_frame(self, _request: Request) -> Reply:
        """Paint all maps, one after another."""
        found = np.moveaxis(self.maps, 2, 0)
        limits = [display.limit_of(one) for one in found]
        if self.scale == "shared":
            limits = [max(limits)] * len(limits)
        palette = Palette.named(self.palette)
        parts = [
            maps.message(one, palette, limit) for one, limit in zip(found, limits, strict=True)
        ]
        about = [{name: one[name] for name in ("low", "high", "limit")} for one, _ in parts]
        size = {"height": found.shape[1], "width": found.shape[2]}
        return {**size, "maps": about}, [b"".join(steps for _, (steps,) in parts)]

    def _page_facts(self) -> dict[str, Any]:
        presets = [
            {"name": entry.name, "weights": shortest(entry.weights), "purpose": entry.purpose}
            for entry in (*CATALOGUE.values(), *banks.COLOURS.values())
        ]
        return {
            **super()._page_facts(), "filters": presets, "stock": list(banks.SIXTEEN),
            "largestFilter": _LARGEST_FILTER, "largestSide": _LARGEST_SIDE,
        }  # fmt: skip

    # -- in words -----------------------------------------------------------------------------

    def code(self) -> str:
        """Write the Python that makes these very maps.

        Returns
        -------
        str
            Lines that end with ``maps``, of shape (out_height, out_width, filters). A picture that
            was drawn, filmed or handed over as an array is taken from ``bank``.
        """
        with self._lock:
            opened = self._photo.code(colour=self.colour, widget="bank")
            own, listed = [], []
            for number in range(self.filters.shape[3]):
                weights = self.filters[..., number]
                name = _name_of(weights)
                if name is None:
                    own += code.array(f"own_{number}", weights)
                listed.append(f"    own_{number}," if name is None else f'    "{name}",')
            lines = [
                "import numpy as np", "", "from cnnlab import banks, images",
                "from cnnlab import functional as F", "",
                *opened, *self._made_small("bank.image" in opened[-1]), *own,
                "filters = banks.stack([", *listed, "])", *self._made_grey(),
                _bias_code(self.bias),
                "maps = F.conv2d(image[None], filters, bias)[0]",
                *(["maps = F.relu(maps)"] if self.activation == "relu" else []),
            ]  # fmt: skip
            return "\n".join(lines) + "\n"

    def _made_small(self, small: bool) -> list[str]:
        """Write what becomes of the picture before the filters see it."""
        grey, factor = self._seen.ndim == 2, _factor(self._seen.shape)
        if small:
            return ["image = image[..., :1]  # grey"] if grey else []
        return [
            *(["image = image[..., None]"] if grey else []),
            *([f"image = F.avg_pool2d(image[None], {factor})[0]  # fewer pixels"] * (factor > 1)),
        ]

    def _made_grey(self) -> list[str]:
        """Write what becomes of the filters where all channels are equal."""
        grey = "filters = filters.sum(axis=2, keepdims=True)  # grey: three equal channels"
        return [grey] if self._seen.ndim == 2 else []

    def _window(self) -> shapes.Window | None:
        """Lay the filters over the picture; None if they do not fit."""
        try:
            return shapes.Window.over(_size(self._seen), self.filters.shape[:2], 1, 0)
        except ShapeError:
            return None

    def _still(self) -> NDArray[np.uint8] | None:
        window, image = self._window(), _averaged(self._seen)
        if window is None:
            return None
        grey = image.ndim == 2
        palette, painted = Palette.named(self.palette), []
        for number, bias in enumerate(self.bias):
            weights = self.filters[..., number]
            weights = weights.sum(axis=2) if grey else weights
            output = maps.preview(image, weights, window) + bias
            output = np.maximum(output, 0) if self.activation == "relu" else output
            painted.append(np.pad(display.paint(output, palette), ((3, 3), (3, 3), (0, 0)), "edge"))
        painted += [np.full_like(painted[0], 255)] * (-len(painted) % _COLUMNS)
        lines = [painted[k : k + _COLUMNS] for k in range(0, len(painted), _COLUMNS)]
        gallery = np.vstack([np.hstack(line) for line in lines])
        photograph = display.photograph(image, white=white_of(image))
        height = _STILL_HEIGHT * len(lines) // _COLUMNS
        return maps.side_by_side(
            maps.at_still_size(photograph), maps.at_still_size(gallery, height)
        )

    def __repr__(self) -> str:
        with self._lock:
            rows, columns, channels, count = self.filters.shape
            window, size = self._window(), "which do not fit"
            plural = "" if count == 1 else "s"
            if window:
                size = f"{count} map{plural} of {window.out_height}x{window.out_width}"
            return (
                f"FilterBank({self._photo.name}, {count} filter{plural} of "
                f"{rows}x{columns}x{channels}, {size}, {self.num_parameters} parameters)"
            )


def _bias_code(bias: NDArray[np.float32]) -> str:
    if (bias == bias[0]).all():
        return f"bias = np.full({len(bias)}, {shortest(bias[0])!r}, np.float32)  # one a filter"
    return f"bias = np.array({shortest(bias)!r}, np.float32)  # one a filter"


def _factor(shape: tuple[int, ...]) -> int:
    """How many pixels a side become one."""
    height, width = shape[:2]
    return min(-(-max(height, width) // _LARGEST_SIDE), height, width)


def _size(seen: NDArray[np.float32]) -> tuple[int, int]:
    factor = _factor(seen.shape)
    return seen.shape[0] // factor, seen.shape[1] // factor


def _averaged(seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring a picture to fewer pixels by NumPy alone: a still does not wait for Numba."""
    factor, (height, width) = _factor(seen.shape), _size(seen)
    part = seen[: height * factor, : width * factor]
    small: NDArray[np.float32] = part.reshape(
        height, factor, width, factor, *seen.shape[2:]
    ).mean(axis=(1, 3))  # fmt: skip
    return small


def _name_of(weights: NDArray[np.float32]) -> str | None:
    """Name a filter as `banks.stack` knows it, if it is one of those, with zeros around or not."""
    for name, entry in {**CATALOGUE, **banks.COLOURS}.items():
        if max(entry.weights.shape[:2]) <= min(weights.shape[:2]):
            both = banks.stack([name, np.zeros(weights.shape[:2])])
            if np.array_equal(both[..., 0], weights):
                return name
    return None
