"""How large a picture may be, and how it is made smaller. Axes: row, column, channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnnlab.errors import DataError

__all__ = ["MAX_PIXELS", "Sides", "check", "too_many_pixels"]

MAX_PIXELS = 40_000_000


@dataclass(frozen=True, slots=True)
class Sides:
    """The size that a picture is brought to if it is larger.

    Attributes
    ----------
    most : int
        Pixels of the longer side.
    least : int
        Pixels that the shorter side keeps all the same, as far as it has them.
    """

    most: int
    least: int

    def longer(self, size: tuple[int, int]) -> int:
        """Work out how long the longer side of a picture of that size may be."""
        return max(self.most, -(-self.least * max(size) // max(1, min(size))))

    def shrink(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Make a picture smaller if it is too large; its values stay within [0, 1]."""
        height, width = pixels.shape[:2]
        longer = self.longer((width, height))
        if max(height, width) <= longer:
            return pixels
        if pixels.ndim == 3:
            return np.stack([self.shrink(plane) for plane in np.moveaxis(pixels, -1, 0)], axis=-1)
        plane = Image.fromarray(np.ascontiguousarray(pixels))
        plane.thumbnail((longer, longer), Image.Resampling.LANCZOS)
        return np.asarray(plane).clip(0, 1)


def check(width: int, height: int) -> None:
    """Refuse a picture of too many pixels, before it is unpacked.

    Raises
    ------
    DataError
        With its size.
    """
    if width * height > MAX_PIXELS:
        raise too_many_pixels(f"{width}x{height} pixels")


def too_many_pixels(got: str) -> DataError:
    """Say how many there may be."""
    return DataError(
        f"the picture claims to have {got}, and up to {MAX_PIXELS:,} are opened; save it smaller"
    )
