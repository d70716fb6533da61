"""TIFF files of numbers: deep, signed, fractions, planes apart. Axes: row, column, channel.

Pillow opens the TIFFs of everyday, whose tones have 8 bits; measuring instruments and picture
programs write others, which tifffile reads (it comes with scikit-image). What is left out: palettes
and Lab of more than 8 bits, YCbCr, JPEG inside TIFF beyond what Pillow opens, and all pages but the
first.
"""

from __future__ import annotations

import io
import logging
import math
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnnlab.decoding import sizes
from cnnlab.decoding.tones import unit_range
from cnnlab.errors import DataError

if TYPE_CHECKING:
    from tifffile import TiffPage

__all__ = ["quiet", "read"]

_LARGEST = 160_000_000  # bytes of numbers: 26 million pixels in colour of 16 bits
_LARGEST_TILE = 4_000_000  # bytes, if it is larger than the picture
_MOST_PIECES = 100_000  # each takes its time, however small
_MOST_USES = 4  # of a byte, by pieces that lie over one another
_WHITE_IS_ZERO, _CMYK = 0, 5
_CHANNELS = {_WHITE_IS_ZERO: 1, 1: 1, 2: 3, _CMYK: 4}  # by the number of the colour space
_PREMULTIPLIED, _ALPHA = 1, 2
_PLAIN = 1
_PACKED = {5, 8, 32773, 32946, 34925, 50000}  # LZW, deflate, PackBits, deflate, LZMA, Zstandard
_WHOLE = {8, 16, 32, 64}  # bits of a number that needs no unpacking
_SILENT = logging.NullHandler()
_QUIET = threading.Lock()


def read(data: bytes) -> NDArray[np.float32]:
    """Open the first page as it is meant to be seen.

    Parameters
    ----------
    data : bytes
        A whole file.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, 3), float32
        Pixels in [0, 1]; what is transparent is shown on white.

    Raises
    ------
    DataError
        If it has too many pixels, or its numbers would take too much memory.
    NotImplementedError
        If it is of a sort that cannot be opened; any other error means that it is damaged.
    """
    import tifffile  # not at the top: few pictures need it

    logging.getLogger("tifffile").addHandler(_SILENT)  # what is odd about a file is said once, here
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        # A damaged file may have a text here, and a text times a number fills the memory.
        for name in ("imagewidth", "imagelength", "samplesperpixel", "compression", "photometric"):
            index(getattr(page, name))
        sizes.check(page.imagewidth, page.imagelength)
        bits, colours = page.bitspersample, _CHANNELS.get(page.photometric, 0)
        numbers = _numbers(page, _checked_type(page, colours), data)
    has_range = numbers.dtype.kind in "bu" and bits <= 16
    seen = unit_range(numbers[..., :colours], 2**bits - 1 if has_range else None)
    if page.photometric == _WHITE_IS_ZERO:
        seen = 1 - seen
    elif page.photometric == _CMYK:
        seen = (1 - seen[..., :3]) * (1 - seen[..., 3:])
    kind = _alpha_kind(page, colours)
    if kind:
        alpha = _share(numbers[..., colours : colours + 1], bits)
        seen = (seen if kind == _PREMULTIPLIED else seen * alpha) + 1 - alpha
    upright = _upright(seen[..., 0] if seen.shape[2] == 1 else seen, page.tags.valueof(274))
    return np.ascontiguousarray(upright, np.float32).clip(0, 1)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep libtiff from writing to the terminal, or into a notebook: it does so by itself.

    What is wrong with a file is said in an error. Threads wait for each other, lest one takes the
    other's silence for what is to be put back.
    """
    with _QUIET:
        try:
            kept = os.dup(2)
        except OSError:  # a program with a window may have no such stream
            yield
            return
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 2)
        os.close(silence)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _checked_type(page: TiffPage, colours: int) -> np.dtype[np.generic]:
    """Find the type of its numbers, or say what stands against opening it."""
    bits, kind = page.bitspersample, "" if page.dtype is None else page.dtype.kind
    if not colours:
        raise NotImplementedError(f"its colours are {_name(page.photometric)}")
    if page.compression != _PLAIN and (page.compression not in _PACKED or page.fillorder != 1):
        raise NotImplementedError(f"its compression is {_name(page.compression)}")
    if page.dtype is None or bits not in (_WHOLE if kind in "if" else _WHOLE | set(range(1, 17))):
        raise NotImplementedError(f"its numbers have {bits} bits")
    if kind not in "buif":
        raise NotImplementedError(f"its numbers are {page.dtype}")
    if page.imagedepth != 1:
        raise NotImplementedError(f"it is {page.imagedepth} pictures deep")
    if page.samplesperpixel < colours:
        raise NotImplementedError(f"a pixel has {page.samplesperpixel} of {colours} numbers")
    size = page.imagewidth * page.imagelength * page.samplesperpixel * page.dtype.itemsize
    if size > _LARGEST:
        raise DataError(
            f"the picture claims to hold {size:,} bytes of numbers, and up to {_LARGEST:,} are "
            "opened; save it smaller"
        )
    return page.dtype


def _name(code: int) -> str:
    return str(getattr(code, "name", code))


def _numbers(page: TiffPage, number_type: np.dtype[np.generic], data: bytes) -> NDArray[np.generic]:
    """Put strips or tiles together: (height, width, numbers of a pixel)."""
    bits, packing = page.bitspersample, page.compression
    # From here on the page stands for what is handed to it: unpacked, in whole bytes.
    page.compression = _PLAIN
    page.bitspersample = bits if bits in _WHOLE else 8 * number_type.itemsize
    stored = np.dtype(page.parent.byteorder + number_type.char)
    numbers = np.zeros(page.shaped, number_type)  # plane, depth, row, column, channel
    pieces = math.prod(page.chunked)
    if not 0 < pieces == len(page.dataoffsets) == len(page.databytecounts):
        raise ValueError(f"{len(page.dataoffsets)} of {pieces} pieces are there")
    claimed = sum(min(length, len(data)) for length in page.databytecounts)
    if pieces > _MOST_PIECES or claimed > _MOST_USES * len(data):
        raise ValueError(f"{pieces:,} pieces claim to hold {claimed:,} bytes of {len(data):,}")
    for piece, start in enumerate(page.dataoffsets):
        _, _, (_, rows, columns, channels) = page.decode(None, piece)
        row_bytes = -(-columns * channels * bits // 8)
        if rows * row_bytes > max(numbers.nbytes, _LARGEST_TILE):
            raise ValueError(f"a tile claims to hold {rows * row_bytes:,} bytes")
        content = data[start : start + page.databytecounts[piece]]
        if packing != _PLAIN:
            content = _unpacked(content, packing, rows * row_bytes)
        if bits not in _WHOLE:
            content = b"".join(
                _widened(content[at : at + row_bytes], columns * channels, bits, stored)
                for at in range(0, rows * row_bytes, row_bytes)
            )
        decoded: Any
        decoded, (plane, _, top, left, _), _ = page.decode(content, piece)
        place = numbers[plane, 0, top : top + rows, left : left + columns]
        place[...] = decoded[0, : place.shape[0], : place.shape[1]]
    return np.moveaxis(numbers[:, 0], 0, -1).reshape(page.imagelength, page.imagewidth, -1)


def _unpacked(packed: bytes, compression: int, size: int) -> bytes:
    """Have Pillow's libtiff unpack a piece, as if it were one row of a grey picture.

    It knows more kinds than tifffile does alone, and stops where the row ends: a few bytes
    cannot unfold into gigabytes.
    """
    tags = {256: size, 257: 1, 258: 8, 259: compression, 262: 1, 273: 110, 278: 1, 279: len(packed)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    header = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4)
    with Image.open(io.BytesIO(header + packed), formats=["TIFF"]) as row:
        return row.tobytes()


def _widened(row: bytes, count: int, bits: int, stored: np.dtype[np.generic]) -> bytes:
    """Give numbers that share bytes (12 bits each, as from a microscope) bytes of their own."""
    digits = np.unpackbits(np.frombuffer(row, np.uint8))
    values = digits[: count * bits].reshape(count, bits) @ (1 << np.arange(bits)[::-1])
    return values.astype(stored).tobytes()


def _alpha_kind(page: TiffPage, colours: int) -> int:
    if page.samplesperpixel == colours:
        return 0
    if not page.extrasamples:  # an old file, which does not say: as Pillow takes it
        return _ALPHA if page.samplesperpixel == colours + 1 == 4 else 0
    return page.extrasamples[0] if page.extrasamples[0] in {_PREMULTIPLIED, _ALPHA} else 0


def _share(alpha: NDArray[np.generic], bits: int) -> NDArray[np.float32]:
    """Read how much is covered: of whole numbers by their range, of fractions as it stands."""
    most = {"f": 1, "i": 2 ** (bits - 1) - 1}.get(alpha.dtype.kind, 2**bits - 1)
    return np.nan_to_num(unit_range(alpha, most)).clip(0, 1)


def _upright(image: NDArray[np.float32], orientation: object) -> NDArray[np.float32]:
    if orientation in {5, 6, 7, 8}:  # its rows are columns
        image = image.swapaxes(0, 1)
    if orientation in {3, 4, 7, 8}:
        image = image[::-1]
    if orientation in {2, 3, 6, 7}:
        image = image[:, ::-1]
    return image
