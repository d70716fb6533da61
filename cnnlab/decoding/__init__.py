"""From the bytes of a picture to tones in [0, 1], whatever wrote them.

Pillow opens the pictures of everyday; what their numbers mean is seen to here: which are white,
which transparent, which way is up. TIFFs of other numbers go to tifffile. What is left out:
animations (the first picture counts) and colour profiles.
"""

from __future__ import annotations

import io
import re
import warnings
from contextlib import nullcontext

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from cnnlab.decoding import everyday, pnm, sizes, tiff
from cnnlab.decoding.sizes import Sides
from cnnlab.errors import DataError

__all__ = ["KINDS", "Sides", "decode", "kind_of"]

# How the files of each kind begin. Pillow keeps such a list too, and forgets it when it fails.
KINDS = {
    "PNG": rb"\x89PNG",
    "JPEG": rb"\xff\xd8\xff",
    "GIF": rb"GIF8[79]a",
    "BMP": rb"BM",
    "WEBP": rb"RIFF....WEBP",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "AVIF": rb"....ftyp(?:avif|avis|mif1|msf1)",
    "PPM": rb"P[1-7Ff]\s",
}


def kind_of(data: bytes) -> str | None:
    """Tell by its first bytes what kind of picture a file is.

    Examples
    --------
    >>> kind_of(b"GIF89a...")
    'GIF'
    """
    for kind, beginning in KINDS.items():
        if re.match(beginning, data, re.DOTALL):
            return kind
    return None


def decode(data: bytes, kind: str, sides: Sides) -> NDArray[np.float32]:
    """Open a picture.

    Parameters
    ----------
    data : bytes
        A whole file.
    kind : str
        One of `KINDS`.
    sides : Sides
        How large it may be.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, 3), float32
        Pixels in [0, 1].

    Raises
    ------
    DataError
        If it is too large; the message says how large.
    NotImplementedError
        If it is of a sort that cannot be opened. Any other error means that it is damaged: Pillow's
        decoders raise OSError, SyntaxError, TypeError, and more.
    """
    # Pillow warns of odd metadata in files that open well, and of size, which is judged here.
    with warnings.catch_warnings(), tiff.quiet() if kind == "TIFF" else nullcontext():
        warnings.simplefilter("ignore")
        try:
            return _decoded(data, kind, sides)
        except DataError:
            raise
        except ValueError:
            # Pillow refuses long notes, which a picture program writes and nobody here reads.
            bare = everyday.without_notes(data) if kind == "PNG" else data
            if len(bare) == len(data):
                raise
            return _decoded(bare, kind, sides)
        except Image.DecompressionBombError:
            limit = 2 * (Image.MAX_IMAGE_PIXELS or 0)
            raise sizes.too_many_pixels(f"more than {limit:,} pixels") from None


def _decoded(data: bytes, kind: str, sides: Sides) -> NDArray[np.float32]:
    deep = pnm.read(data)
    if deep is not None:
        return sides.shrink(deep)
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as picture:
            sizes.check(*picture.size)
            if not (kind == "TIFF" and _holds_numbers(picture)):
                return everyday.read(picture, data, sides)
    except UnidentifiedImageError:
        if kind != "TIFF":
            raise ValueError("its header cannot be read") from None
    return sides.shrink(tiff.read(data))


def _holds_numbers(picture: Image.Image) -> bool:
    """Tell which TIFFs Pillow opens, but not as they are meant."""
    tags = picture.tag_v2  # type: ignore[attr-defined]  # this is a TiffImageFile
    return bool(
        max(tags.get(258, (1,))) > 8  # bits of a number
        or set(tags.get(339, (1,))) != {1}  # some have a sign, or are fractions
        or (tags.get(284) == 2 and 338 in tags)  # each channel apart, and one of them is alpha
        or picture.mode == "La"  # grey multiplied by its alpha
    )
