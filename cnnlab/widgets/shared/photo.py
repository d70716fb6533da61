"""The picture that a widget shows: a value that knows where it came from.

A `Photo` is what was opened; whether it is seen in colour or as grey is the widget's own setting.
"""

from __future__ import annotations

import base64
import binascii
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cnnlab import display, images
from cnnlab.errors import DataError, ShapeError
from cnnlab.widgets.shared import code
from cnnlab.widgets.shared.assets import NUMBERS_UP_TO

__all__ = ["Photo"]

_LARGEST_SIDE = 2048
_KINDS: Mapping[str, type[np.generic]] = {"uint8": np.uint8, "float32": np.float32}


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture and its origin.

    Attributes
    ----------
    source : ndarray of shape (height, width) or (height, width, 3), float32
        As it was opened; read-only.
    origin : dict
        ``{"sample": name}``, ``{"file": name}``, ``{"pattern": name}`` for a small picture that a
        widget knows by its name, or nothing.
    """

    source: NDArray[np.float32]
    origin: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep a copy that nobody can change."""
        source = np.array(self.source, np.float32, order="C")
        source.setflags(write=False)
        object.__setattr__(self, "source", source)

    @classmethod
    def read(cls, value: Any) -> Self:
        """Open a sample, a file or what is in it, or take pixels as they are.

        Parameters
        ----------
        value : Photo, str, path, bytes or array_like of shape (height, width) or (height, width, 3)
            uint8 counts from 0 to 255, anything else is taken as it is.

        Raises
        ------
        DataError, ShapeError
            If it cannot be opened, or is no picture.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, str) and value in images.SAMPLES:
            return cls._sample(value)
        if isinstance(value, str | os.PathLike):
            return cls(images.load(value), {"file": os.fspath(value)})
        if isinstance(value, bytes | bytearray | memoryview):
            return cls(images.load(value))
        return cls(_pixels(value))

    @classmethod
    @cache
    def _sample(cls, name: str) -> Self:
        """Open a sample once, for all widgets: nobody can change it."""
        return cls(images.sample(name), {"sample": name})

    @classmethod
    def from_page(cls, about: Mapping[str, Any], data: Any) -> Self:
        """Take a picture that a page drew, filmed or went back to.

        Parameters
        ----------
        about : dict
            A sample's name, or the picture's size and the kind of its numbers.
        data : bytes
            Its pixels, row by row.

        Raises
        ------
        DataError
            If the bytes are not those of such a picture.
        """
        if about.get("sample") in images.SAMPLES:
            return cls.read(about["sample"])
        try:
            height, width, channels = (int(about[key]) for key in ("height", "width", "channels"))
            kind = np.dtype(_KINDS[about["kind"]])
            pixels = np.frombuffer(data, kind)
            if channels not in {1, 3} or pixels.size != height * width * channels:
                raise ValueError(f"{len(bytes(data))} bytes for {height}x{width}x{channels}")
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"the page sent no picture that can be read ({type(error).__name__}: {error}); "
                f"reload the page and try again"
            ) from None
        origin = {kind: str(about[kind]) for kind in ("file", "pattern") if kind in about}
        return cls(_pixels(pixels.reshape(height, width, channels)), origin)

    @classmethod
    def from_state(cls, picture: Any) -> Self:
        """Read the picture of a state; nothing in it is trusted.

        Raises
        ------
        DataError
            If there is none.
        """
        try:
            if "sample" in picture:
                if picture["sample"] not in images.SAMPLES:
                    raise ValueError(f"there is no sample {picture['sample']!r}")
                return cls.read(picture["sample"])
            shape = tuple(int(side) for side in picture["shape"])
            size = 4
            for side in shape:
                size *= max(0, side)  # Python's own numbers: nothing overflows
            if len(shape) not in {2, 3} or not 0 < size <= 4 * 3 * _LARGEST_SIDE**2:
                raise ValueError(f"a picture of shape {shape}")
            packed = base64.b64decode(picture["float32"], validate=True)
            data = zlib.decompressobj().decompress(packed, size + 1)
            origin = {"pattern": str(picture["pattern"])} if "pattern" in picture else {}
            return cls(_pixels(np.frombuffer(data, np.float32).reshape(shape)), origin)
        except (KeyError, TypeError, ValueError, binascii.Error, zlib.error) as error:
            raise DataError(
                f"the picture in this state cannot be read ({type(error).__name__}: {error}); pass "
                f"what the widget's state() returned, unchanged"
            ) from None

    @property
    def channels(self) -> int:
        """1 or 3."""
        return channels_of(self.source)

    @property
    def name(self) -> str:
        """What the picture is called in a sentence."""
        known = next(iter(self.origin.values()), None)
        return repr(known) if known else f"{self.source.shape[0]}x{self.source.shape[1]} picture"

    def seen(self, *, colour: bool) -> NDArray[np.float32]:
        """Give the pixels in colour, or as grey."""
        return self.source if colour else images.to_grey(self.source)

    def packed(self) -> tuple[dict[str, Any], bytes]:
        """Hand the page the picture in as few bytes as tell it exactly.

        Returns
        -------
        dict
            Its size, the kind of its numbers, the number to paint white, and its origin.
        bytes
        """
        source = self.source
        bytes_ = display.photograph(source)[..., : self.channels]
        exact = np.array_equal(bytes_.reshape(source.shape) / np.float32(255), source)
        about = {
            "height": source.shape[0], "width": source.shape[1], "channels": self.channels,
            "kind": "uint8" if exact else "float32", "white": white_of(source), **self.origin,
        }  # fmt: skip
        return about, (bytes_ if exact else source).tobytes()

    def as_state(self) -> dict[str, Any]:
        """Write the picture down as JSON: a sample's name, or all its pixels."""
        if "sample" in self.origin:
            return {"sample": self.origin["sample"]}
        packed = base64.b64encode(zlib.compress(self.source.tobytes())).decode()
        pattern = {"pattern": self.origin["pattern"]} if "pattern" in self.origin else {}
        return {"shape": list(self.source.shape), "float32": packed, **pattern}

    def code(self, *, colour: bool, widget: str) -> list[str]:
        """Write the Python that opens the picture as ``image``.

        Parameters
        ----------
        colour : bool
            Whether it is seen in colour.
        widget : str
            What the widget is called where the picture has to be taken from it.
        """
        grey = ["image = images.to_grey(image)"] if self.channels == 3 and not colour else []
        if "sample" in self.origin:
            return [f'image = images.sample("{self.origin["sample"]}")', *grey]
        if "file" in self.origin:
            return [f"image = images.load({self.origin['file']!r})", *grey]
        if self.source.size <= NUMBERS_UP_TO**2:
            return [*code.array("image", self.source), *grey]
        return [f"image = {widget}.image  # the picture in this widget"]


def channels_of(image: NDArray[np.float32]) -> int:
    """Count the channels of a picture: 1 or 3."""
    return 3 if image.ndim == 3 else 1


def white_of(image: NDArray[np.float32]) -> float:
    """Give the number that is painted white: 1, or the largest of a picture of larger numbers."""
    finite = image[np.isfinite(image)]
    return max(1.0, float(finite.max())) if finite.size else 1.0


def _pixels(value: Any) -> NDArray[np.float32]:
    try:
        pixels = np.asarray(value)
    except ValueError:  # rows of unequal length
        pixels = np.empty(0, object)
    if pixels.dtype.kind not in "buif":
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
            f"a widget shows pictures of up to {_LARGEST_SIDE} pixels a side, got "
            f"{pixels.shape[0]}x{pixels.shape[1]}; try picture[::2, ::2]"
        )
    return pixels.astype(np.float32) / np.float32(255 if pixels.dtype == np.uint8 else 1)
