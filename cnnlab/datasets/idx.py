"""IDX, the file format of MNIST: a magic number, the sizes, then the values.

Bytes 0 and 1 are zero, byte 2 names the type, byte 3 the number of axes; each size is a big-endian
32-bit number; the values follow in row-major order. Types that MNIST's family does not use are
refused. Compressed (gzip) files are read as they are.
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import DataError

__all__ = ["LARGEST", "read"]

LARGEST = 1 << 28  # values; MNIST's largest file has 47 million
_UNSIGNED_BYTE = 0x08
_MOST_AXES = 4
_PIECE = 1 << 20  # bytes


def read(path: str | Path) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, plain or compressed.

    Parameters
    ----------
    path : str or Path
        The file, for example ``train-images-idx3-ubyte.gz``.

    Returns
    -------
    ndarray of uint8
        With the shape the file states.

    Raises
    ------
    DataError
        If the file is not IDX, holds another type, states sizes beyond reason, is cut short or
        goes on after its last value. Sizes are checked before any memory is taken for values.

    Notes
    -----
    LeCun, Cortes and Burges, *The MNIST database*, section "File formats".
    """
    path = Path(path)
    try:
        with path.open("rb") as plain:
            compressed = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            if not compressed:
                return _parse(plain, path.name)
            with gzip.open(plain) as stream:
                return _parse(stream, path.name)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path.name} cannot be read ({error}); delete {path} and fetch it again"
        ) from error


def _parse(stream: io.BufferedIOBase, name: str) -> NDArray[np.uint8]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataError(
            f"{name} is not an IDX file: it begins with the bytes {magic.hex(' ') or 'of nothing'} "
            "instead of 00 00 08; check that it is the right file"
        )
    kind, axes = magic[2], magic[3]
    if kind != _UNSIGNED_BYTE:
        raise DataError(
            f"{name} holds values of IDX type {kind:#04x}, not unsigned bytes (0x08); "
            "pixels and labels of MNIST are bytes, so check that it is the right file"
        )
    if not 1 <= axes <= _MOST_AXES:
        raise DataError(
            f"{name} claims {axes} axes, images have 3 and labels 1; "
            "check that it is the right file"
        )
    header = stream.read(4 * axes)
    if len(header) < 4 * axes:
        raise DataError(f"{name} ends within its list of sizes; fetch it again")
    shape = struct.unpack(f">{axes}I", header)
    count = math.prod(shape)
    sizes = "x".join(map(str, shape))
    if not 0 < count <= LARGEST:
        raise DataError(
            f"{name} claims {sizes} values, outside 1 to {LARGEST}; check that it is the right file"
        )
    values = bytearray()
    # In pieces, so that memory grows with what the file holds and not with what it claims; one
    # more byte is asked for than there should be, to see that nothing follows.
    while chunk := stream.read(min(_PIECE, count + 1 - len(values))):
        values += chunk
    if len(values) != count:
        fault = f"ends after {len(values)}" if len(values) < count else "goes on after that"
        raise DataError(f"{name} claims {sizes} values and {fault}; fetch it again")
    return np.frombuffer(values, dtype=np.uint8).reshape(shape)
