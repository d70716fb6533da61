"""FilterLab: change a filter, watch the feature map of a photograph follow the hand."""

import base64
import binascii
import os
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from cnnlab import display, filters, functional, images, shapes
from cnnlab.errors import DataError, ShapeError
from cnnlab.widgets._base import Array, Widget, shortest

__all__ = ["FilterLab"]

_LARGEST_FILTER = 7
_LARGEST_SIDE = 2048
_NUMBERS_SHOWN = 400
_STILL_HEIGHT = 160


class FilterLab(Widget, stem="filter_lab"):
    """A laboratory for one filter: its weights at hand, input and feature map side by side.

    Everything can be set by hand and from Python, two ways: what is changed on the page can be
    read here, and what is set here shows on the page at once. The numbers are those of
    `cnnlab.functional`.

    Parameters
    ----------
    image : str, path, bytes or array_like of shape (height, width) or (height, width, 3)
        A sample photograph (`images.SAMPLES`), a file or what is in it, or pixels: uint8 counts
        from 0 to 255, anything else is taken as it is.
    filter : str, Filter or array_like of shape (filter_height, filter_width) or (..., 3)
        A name of `filters.CATALOGUE` or weights, 1x1 to 7x7. For a colour picture a filter of rows
        and columns is laid on every channel.
    bias : float
        Added to every pixel of the feature map.
    stride, dilation : int
        Pixels from one window to the next; pixels from one weight to the next.
    padding : int or "same" or "valid"
        Zeros on each side.
    activation : "none" or "relu"
        What becomes of each sum.
    palette : str
        One of `display.PALETTES`.
    limit : float, optional
        The number that gets the strongest colour; by default it follows the map.
    colour : bool
        Whether a colour picture is taken as three channels or as grey.

    Raises
    ------
    DataError, ShapeError
        If the picture cannot be opened or the filter does not fit it.
    TypeError
        If an option is not known.

    Examples
    --------
    >>> lab = FilterLab([[3, 5, 2], [9, 7, 5], [2, 0, 6]], filter=[[1, 0, 0], [1, 1, 0], [0, 0, 1]])
    >>> lab.output
    array([[25.]], dtype=float32)
    >>> lab.padding = "same"
    >>> lab
    FilterLab(3x3 picture, 3x3 filter, 3x3 feature map)
    """

    settings: ClassVar[tuple[str, ...]] = (
        "colour", "filter", "bias", "stride", "padding", "dilation", "activation", "palette",
        "limit",
    )  # fmt: skip
    contents: ClassVar[tuple[str, ...]] = ("image",)

    image = Array("_read_image")
    colour = traitlets.Bool(False)
    filter = Array("_read_filter")
    bias = traitlets.Float(0.0)
    stride = traitlets.Int(1, min=1, max=8)
    padding = traitlets.Any(0)
    dilation = traitlets.Int(1, min=1, max=8)
    activation = traitlets.Enum(["none", "relu"], "none")
    palette = traitlets.Enum(list(display.PALETTES), "blue_red")
    limit = traitlets.Float(None, allow_none=True)

    # What the page is told about the picture, and its pixels. They are not echoed: a megabyte that
    # came from the page need not travel back to it.
    _picture = traitlets.Dict().tag(sync=True, no_echo=True)
    _pixels = traitlets.Bytes().tag(sync=True, no_echo=True)
    _choices = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        image: str | os.PathLike[str] | bytes | ArrayLike = "camera",
        *,
        filter: str | filters.Filter | ArrayLike = "identity",  # noqa: A002 - the course's word
        **options: Any,
    ) -> None:
        self._output: NDArray[np.float32] | None = None
        self._source: NDArray[np.float32] = self.image
        self._origin: dict[str, str] = {}
        self._origin_read: dict[str, str] = {}
        self._switching = False
        self._pictures = 0
        self._newest_picture: dict[str, int] = {}
        super().__init__(image=image, filter=filter, **options)
        self._first = (self._source, self._origin)
        self._choices = _choices()

    # -- the picture --------------------------------------------------------------------------

    @traitlets.default("image")
    def _default_image(self) -> NDArray[np.float32]:
        return np.zeros((1, 1), np.float32)

    def _read_image(self, value: Any) -> NDArray[np.float32]:
        """Open a sample, a file or its bytes, or take pixels as they are; note where from."""
        self._origin_read = {}
        if isinstance(value, str | os.PathLike | bytes | bytearray | memoryview):
            if isinstance(value, str) and value in images.SAMPLES:
                self._origin_read = {"sample": value}
                return images.sample(value)
            if isinstance(value, str | os.PathLike):
                self._origin_read = {"file": os.fspath(value)}
            return images.load(value)
        pixels = np.asarray(value)
        if pixels.dtype == object or np.iscomplexobj(pixels) or pixels.dtype.kind in "USV":
            raise DataError(
                f"a picture is made of real numbers, got an array of {pixels.dtype}; "
                f"try images.sample('camera')"
            )
        if pixels.ndim == 3 and pixels.shape[2] == 1:
            pixels = pixels[..., 0]
        if pixels.ndim not in {2, 3} or pixels.shape[2:] not in {(), (3,)} or not pixels.size:
            raise ShapeError(
                f"a picture is (height, width) or (height, width, 3), got an array of shape "
                f"{pixels.shape}; try picture[..., :3] if it has a fourth channel"
            )
        if max(pixels.shape) > _LARGEST_SIDE:
            raise ShapeError(
                f"the lab shows pictures of up to {_LARGEST_SIDE} pixels a side, got "
                f"{pixels.shape[0]}x{pixels.shape[1]}; try picture[::2, ::2]"
            )
        scale = 255 if pixels.dtype == np.uint8 else 1
        return pixels.astype(np.float32) / np.float32(scale)

    @traitlets.observe("image")
    def _on_image(self, change: Any) -> None:
        with self._lock:
            self._output = None
            if self._switching:  # between grey and colour of one and the same source
                return
            self._source, self._origin = change["new"], self._origin_read
            # A page that films goes on in grey if that is what it shows; else colours are welcome.
            self.colour = self._source.ndim == 3 and (self.colour or not self._from_page)
            self._show_source()
            if not self._from_page:
                self._publish_picture()

    @traitlets.validate("colour")
    def _checked_colour(self, proposal: Any) -> bool:
        if proposal["value"] and self._source.ndim == 2:
            raise DataError(
                "this picture is grey, so there are no colours to take; try lab.image = 'astronaut'"
            )
        return bool(proposal["value"])

    @traitlets.observe("colour")
    def _on_colour(self, _change: Any) -> None:
        with self._lock:
            self._show_source()

    def _show_source(self) -> None:
        """Take the source in colour or as grey, and a filter with as many slices."""
        self._switching = True
        self.image = self._source if self.colour else images.to_grey(self._source)
        self._switching = False
        self._fit_filter()

    def _reset_contents(self) -> None:
        source, origin = self._first
        if source is not self._source:
            self.image = source
            self._origin = origin
            self._publish_picture()

    def _publish_picture(self) -> None:
        """Hand the page the source in as few bytes as tell it exactly."""
        bytes_ = display.photograph(self._source)[..., : self._channels_of(self._source)]
        exact = np.array_equal(bytes_.reshape(self._source.shape) / np.float32(255), self._source)
        self._pictures += 1
        self._pixels = (bytes_ if exact else self._source).tobytes()
        self._picture = {
            "revision": self._pictures,
            "height": self._source.shape[0],
            "width": self._source.shape[1],
            "channels": self._channels_of(self._source),
            "kind": "uint8" if exact else "float32",
            "white": _white(self._source),
            **self._origin,
        }

    def _on_stored_picture(self, change: Any) -> None:
        """Take over a picture that the page drew, filmed, or went back to."""
        about = change["new"]
        with self._lock:
            # One of the page's requests may have brought this picture, or a newer one, before.
            newest = self._newest_picture.get(about.get("from", ""), 0)
            if "from" in about and about.get("seq", 0) >= newest:
                self._take_picture(about, self._pixels)

    def _take_picture(self, picture: Mapping[str, Any], data: Any) -> None:
        with self._changed_by_page():
            if picture.get("sample") in images.SAMPLES:
                self.image = picture["sample"]
                return
            height, width, channels = (int(picture[key]) for key in ("height", "width", "channels"))
            kind = np.dtype({"uint8": np.uint8, "float32": np.float32}[picture["kind"]])
            if len(bytes(data)) != height * width * channels * kind.itemsize:
                raise DataError(
                    f"the page sent {len(bytes(data))} bytes for a {height}x{width}x{channels} "
                    f"picture of {kind}; reload the page and try again"
                )
            self.image = np.frombuffer(data, kind).reshape(height, width, channels)
            self._origin = {key: str(picture[key]) for key in ("file",) if key in picture}

    @staticmethod
    def _channels_of(image: NDArray[np.float32]) -> int:
        return 3 if image.ndim == 3 else 1

    # -- the filter ---------------------------------------------------------------------------

    @traitlets.default("filter")
    def _default_filter(self) -> NDArray[np.float32]:
        return filters.CATALOGUE["identity"].weights

    def _read_filter(self, value: Any) -> NDArray[np.float32]:
        if isinstance(value, str):
            if value not in filters.CATALOGUE:
                raise DataError(
                    f"there is no filter {value!r}; try one of {', '.join(filters.CATALOGUE)}"
                )
            value = filters.CATALOGUE[value]
        weights = filters.Filter("", value).weights
        if max(weights.shape[:2]) > _LARGEST_FILTER:
            raise ShapeError(
                f"the lab edits filters of 1x1 to {_LARGEST_FILTER}x{_LARGEST_FILTER}, got "
                f"{weights.shape[0]}x{weights.shape[1]}; for larger ones use filters.apply"
            )
        channels = self._channels_of(self.image)
        if weights.ndim == 3 and weights.shape[2] == 1:
            weights = weights[..., 0]
        if weights.ndim == 3 and weights.shape[2] != channels:
            raise ShapeError(
                f"the filter has {weights.shape[2]} slices and the picture {channels} "
                f"channel{'s' if channels > 1 else ''}; give one slice of weights for each "
                f"channel, or set lab.colour"
            )
        return np.stack([weights] * 3, axis=2) if weights.ndim < channels else weights

    def _fit_filter(self) -> None:
        """Keep the look of the filter when the picture turns from grey to colour or back."""
        if self.filter.ndim == 3 and self.image.ndim == 2:
            self.filter = self.filter.mean(axis=2)
        else:
            self.filter = self.filter  # read anew: a slice for each channel

    @traitlets.validate("padding")
    def _checked_padding(self, proposal: Any) -> int | str:
        value: int | str = proposal["value"]
        if not isinstance(value, str):
            return shapes.pair(value, "padding", least=0)[0]
        shapes.output_size(1, 1, padding=value)  # refuses any word but "same" and "valid"
        return value

    @traitlets.validate("limit")
    def _checked_limit(self, proposal: Any) -> float | None:
        value: float | None = proposal["value"]
        if value is not None and not 0 < value < np.inf:
            raise DataError(
                f"the limit of the colours must be above 0, got {value}; try lab.limit = 1, or "
                f"None to follow the map"
            )
        return value

    # -- what comes out -----------------------------------------------------------------------

    def _settings_changed(self) -> None:
        self._output = None

    @property
    def output(self) -> NDArray[np.float32]:
        """The feature map, of shape (out_height, out_width), float32; read-only.

        Raises
        ------
        ShapeError
            If the filter does not fit in the padded picture.
        """
        with self._lock:
            if self._output is None:
                volume, bank = self._volume_and_bank()
                output = functional.conv2d(
                    volume, bank, [self.bias], stride=self.stride, padding=self.padding,
                    dilation=self.dilation,
                )  # fmt: skip
                if self.activation == "relu":
                    output = functional.relu(output)
                self._output = output[0, ..., 0]
                self._output.setflags(write=False)
            return self._output

    @property
    def painted(self) -> NDArray[np.uint8]:
        """The picture of the feature map, of shape (out_height, out_width, 3), uint8."""
        with self._lock:
            return display.paint(self.output, self.palette, self.limit)

    def _volume_and_bank(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give image and filter the axes of a layer: one image, one filter."""
        height, width = self.image.shape[:2]
        return (
            self.image.reshape(1, height, width, -1),
            self.filter.reshape(*self.filter.shape[:2], -1, 1),
        )

    def _window(self) -> shapes.Window:
        rows, columns = self.filter.shape[:2]
        return shapes.Window.over(
            self.image.shape[:2], (rows, columns), self.stride, self.padding, self.dilation
        )

    # -- answers to the page ------------------------------------------------------------------

    def _answer_frame(
        self, request: Mapping[str, Any], buffers: Sequence[Any]
    ) -> tuple[dict[str, Any], list[Any]]:
        """Paint the map for these settings: one byte a pixel, and what the numbers are."""
        if "picture" in request:
            self._take_picture(request["picture"], buffers[0] if buffers else b"")
            self._newest_picture[request["client"]] = request["seq"]
        self._adopt(request["settings"])
        output = self.output
        limit = display.limit_of(output) if self.limit is None else self.limit
        steps = display.levels(output, self.palette, limit)
        reply = {
            "height": output.shape[0],
            "width": output.shape[1],
            "low": _finite(np.fmin.reduce(output, axis=None)),
            "high": _finite(np.fmax.reduce(output, axis=None)),
            "limit": limit,
        }
        if output.size <= _NUMBERS_SHOWN:
            reply["numbers"] = [_finite(number) for number in output.reshape(-1)]
        return reply, [steps.tobytes()]

    def _answer_pixel(
        self, request: Mapping[str, Any], _buffers: Sequence[Any]
    ) -> tuple[dict[str, Any], list[Any]]:
        """Take one output pixel apart: pixels under the filter, products, sums, bias, result."""
        self._adopt(request["settings"])
        window, output = self._window(), self.output
        row, column = int(request["row"]), int(request["column"])
        if not (0 <= row < output.shape[0] and 0 <= column < output.shape[1]):
            raise DataError(
                f"there is no pixel in row {row}, column {column} of a map of "
                f"{output.shape[0]}x{output.shape[1]}; count from 0"
            )
        volume, bank = self._volume_and_bank()
        top, left = row * self.stride - window.top, column * self.stride - window.left
        rows = top + self.dilation * np.arange(window.height)
        columns = left + self.dilation * np.arange(window.width)
        height, width = self.image.shape[:2]
        inside = np.outer((rows >= 0) & (rows < height), (columns >= 0) & (columns < width))
        patch = volume[0][np.ix_(rows.clip(0, height - 1), columns.clip(0, width - 1))]
        channels, result = [], float(self.bias)
        for channel in range(volume.shape[-1]):
            pixels = np.where(inside, patch[..., channel], 0).astype(np.float64)
            products = pixels * bank[..., channel, 0]
            channels.append(
                {
                    "pixels": [
                        [
                            _finite(pixel) if known else None
                            for pixel, known in zip(*line, strict=True)
                        ]
                        for line in zip(pixels, inside, strict=True)
                    ],
                    "products": [[_finite(product) for product in line] for line in products],
                    "sum": _finite(products.sum()),
                }
            )
            result += products.sum()
        reply = {
            "row": row, "column": column, "top": top, "left": left, "channels": channels,
            "bias": self.bias, "result": _finite(result), "activated": _finite(output[row, column]),
        }  # fmt: skip
        return reply, []

    def _answer_open(
        self, request: Mapping[str, Any], buffers: Sequence[Any]
    ) -> tuple[dict[str, Any], list[Any]]:
        """Open a sample by its name or a file by its bytes; the page then gets the picture."""
        if "sample" in request:
            self.image = str(request["sample"])
        else:
            self.image = bytes(buffers[0])
            self._origin = {"file": str(request.get("file", "picture"))}
            self._publish_picture()
        return {}, []

    def _answer_code(
        self, _request: Mapping[str, Any], _buffers: Sequence[Any]
    ) -> tuple[dict[str, Any], list[Any]]:
        return {"code": self.code()}, []

    # -- in words -----------------------------------------------------------------------------

    def code(self) -> str:
        """Write the Python that makes this very picture.

        Returns
        -------
        str
            Lines that end with ``picture``, an array of shape (height, width, 3), uint8. A picture
            that was drawn, filmed or handed over as an array is taken from ``lab``.
        """
        with self._lock:
            lines = ["import numpy as np", "", "from cnnlab import display, filters, images"]
            lines += ["from cnnlab import functional as F", "", *self._image_code()]
            lines += self._filter_code()
            colour = self.image.ndim == 3
            lines += [
                "output = F.conv2d(",
                "    image[None],  # one image"
                if colour
                else "    image[None, :, :, None],  # one image, one channel",
                "    weights[..., None],  # one filter"
                if colour
                else "    weights[..., None, None],  # one channel, one filter",
                f"    bias=[{shortest(np.float32(self.bias))!r}],",
                f"    stride={self.stride},",
                f"    padding={self.padding!r},",
                f"    dilation={self.dilation},",
                ")[0, ..., 0]",
            ]
            if self.activation == "relu":
                lines.append("output = F.relu(output)")
            limit = "" if self.limit is None else f", limit={self.limit!r}"
            lines.append(f'picture = display.paint(output, "{self.palette}"{limit})')
            return "\n".join(lines) + "\n"

    def _image_code(self) -> list[str]:
        if "sample" in self._origin:
            line = f'image = images.sample("{self._origin["sample"]}")'
        elif "file" in self._origin:
            line = f"image = images.load({self._origin['file']!r})"
        elif self.image.size <= _NUMBERS_SHOWN:
            return _array_code("image", self.image)
        else:
            return ["image = lab.image  # the picture in this lab"]
        grey = self._source.ndim == 3 and self.image.ndim == 2
        return [line, "image = images.to_grey(image)"] if grey else [line]

    def _filter_code(self) -> list[str]:
        flat = self.filter if self.filter.ndim == 2 else self.filter[..., 0]
        same = self.filter.ndim == 2 or bool((self.filter == flat[..., None]).all())
        for entry in filters.CATALOGUE.values():
            if same and np.array_equal(entry.weights, flat):
                line = f'weights = filters.CATALOGUE["{entry.name}"].weights'
                break
        else:
            return _array_code("weights", self.filter)
        if self.filter.ndim == 2:
            return [line]
        return [line, "weights = np.stack([weights] * 3, axis=2)  # the same for every channel"]

    def state(self) -> dict[str, Any]:
        """Write down the situation, picture included, to hand it out or to come back to it.

        Returns
        -------
        dict
            Plain JSON; `from_state` reads it.
        """
        with self._lock:
            if "sample" in self._origin:
                picture: dict[str, Any] = {"sample": self._origin["sample"]}
            else:
                packed = base64.b64encode(zlib.compress(self._source.tobytes())).decode()
                picture = {"shape": list(self._source.shape), "float32": packed}
            return {**super().state(), "picture": picture}

    @classmethod
    def _options_of(cls, state: Mapping[str, Any]) -> dict[str, Any]:
        return {"image": _unpacked(state.get("picture")), **super()._options_of(state)}

    def _still(self) -> NDArray[np.uint8] | None:
        try:
            self._window()
        except ShapeError:  # there is no map to show
            return None
        painted = [display.photograph(self.image, white=_white(self.image)), self.painted]
        left, right = (_at_height(pixels, _STILL_HEIGHT) for pixels in painted)
        gap = np.full((_STILL_HEIGHT, 12, 3), 255, np.uint8)
        return np.hstack([left, gap, right])

    def _still_text(self) -> str:
        low, high = self.output.min(), self.output.max()
        return f"{self!r}: the picture, and its feature map from {low:.3g} to {high:.3g}"

    def __repr__(self) -> str:
        with self._lock:
            name = self._origin.get("sample") or self._origin.get("file")
            height, width = self.image.shape[:2]
            picture = repr(name) if name else f"{height}x{width} picture"
            rows, columns = self.filter.shape[:2]
            try:
                size = "x".join(map(str, self.output.shape)) + " feature map"
            except ShapeError:
                size = "which does not fit"
            return f"FilterLab({picture}, {rows}x{columns} filter, {size})"


def _choices() -> dict[str, Any]:
    """List what the page offers: filters with their purpose, sample photographs."""
    return {
        "filters": [
            {"name": entry.name, "weights": shortest(entry.weights), "purpose": entry.purpose}
            for entry in filters.CATALOGUE.values()
        ],
        "samples": [
            {"name": entry.name, "description": entry.description}
            for entry in images.SAMPLES.values()
        ],
    }


def _white(image: NDArray[np.float32]) -> float:
    """Give the number that is painted white: 1, or the largest of a picture of larger numbers."""
    finite = image[np.isfinite(image)]
    return max(1.0, float(finite.max())) if finite.size else 1.0


def _finite(number: Any) -> float | None:
    """Write a number as JSON can: what is not finite becomes null."""
    return float(number) if np.isfinite(number) else None


def _array_code(name: str, array: NDArray[np.float32]) -> list[str]:
    rows = [f"        {row!r}," for row in shortest(array)]
    return [f"{name} = np.array(", "    [", *rows, "    ],", "    dtype=np.float32,", ")"]


def _at_height(pixels: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    """Bring painted pixels to a height: small ones in squares, large ones by picking pixels."""
    rows, columns = pixels.shape[:2]
    width = max(1, round(columns * height / rows))
    down = np.arange(height) * rows // height
    across = np.arange(width) * columns // width
    return pixels[np.ix_(down, across)]


def _unpacked(picture: Any) -> Any:
    """Read the picture of a state; nothing in it is trusted."""
    try:
        if "sample" in picture:
            return str(picture["sample"])
        shape = tuple(int(side) for side in picture["shape"])
        size = int(np.prod(shape)) * 4
        if len(shape) not in {2, 3} or not 0 < size <= 4 * 3 * _LARGEST_SIDE**2:
            raise ValueError(f"a picture of shape {shape}")
        packed = base64.b64decode(picture["float32"], validate=True)
        data = zlib.decompressobj().decompress(packed, size + 1)
        return np.frombuffer(data, np.float32).reshape(shape)
    except (KeyError, TypeError, ValueError, binascii.Error, zlib.error) as error:
        raise DataError(
            f"the picture in this state cannot be read ({type(error).__name__}: {error}); pass "
            f"what FilterLab.state() returned, unchanged"
        ) from None
