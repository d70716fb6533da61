"""Deep PGM and PPM files, which Pillow takes one number at a time. Axes: row, column, channel."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from cnnlab.decoding import sizes
from cnnlab.decoding.tones import unit_range

__all__ = ["read"]

# Colour or grey; width, height and the number that is white, with comments between; one space.
_HEADER = re.compile(rb"P([56])" + 3 * rb"(?:\s|#[^\r\n]*[\r\n])+(\d{1,10})" + rb"\s")


def read(data: bytes) -> NDArray[np.float32] | None:
    """Open a PGM or PPM whose white is not 255.

    Parameters
    ----------
    data : bytes
        A whole file.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, 3), float32, or None
        Pixels in [0, 1]; None if it is something else, or its header makes no sense.

    Raises
    ------
    DataError
        If it has too many pixels.
    ValueError
        If some are missing.
    """
    header = _HEADER.match(data)
    kind, width, height, white = map(int, header.groups()) if header else (0, 0, 0, 0)
    if not header or not width * height or white == 255 or not 0 < white < 65536:
        return None
    sizes.check(width, height)
    shape = (height, width, 3) if kind == 6 else (height, width)
    number_type = ">u2" if white > 255 else "u1"
    numbers = np.frombuffer(data, number_type, math.prod(shape), header.end()).reshape(shape)
    return unit_range(numbers, white).clip(0, 1)
