"""Pictures of everyday, which Pillow opens: upright, laid on white, grey where they are grey."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

from cnnlab.decoding.sizes import Sides
from cnnlab.decoding.tones import unit_range

__all__ = ["read", "without_notes"]

_GREY_MODES = {"1", "L", "LA"}
_NOTES = {b"tEXt", b"zTXt", b"iTXt", b"iCCP"}


def read(picture: ImageFile.ImageFile, data: bytes, sides: Sides) -> NDArray[np.float32]:
    """Turn what Pillow opened into what is meant to be seen.

    Parameters
    ----------
    picture : ImageFile
        Open, and not yet loaded.
    data : bytes
        Its whole file.
    sides : Sides
        How large it may be.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, 3), float32
        Pixels in [0, 1]; what is transparent is shown on white.
    """
    longer = sides.longer(picture.size)
    # Decode a large JPEG at a half, a quarter or an eighth; no other kind can.
    picture.draft(picture.mode, (2 * longer, 2 * longer))
    # How the numbers lie in a PNG: asked before it is loaded, its mode does not tell.
    layout = str(picture.tile[0].args) if picture.format == "PNG" else ""
    picture.load()
    if picture.mode in {"I", "F"} or picture.mode.startswith("I;16"):
        return sides.shrink(_deep(_upright(picture)))
    grey = picture.mode in _GREY_MODES or layout == "LA;16B" or _has_grey_palette(picture)
    _find_key(picture, layout, data)
    upright = _upright(picture)
    if upright.has_transparency_data:
        # What is under transparent pixels was never meant to be seen: lay them on white.
        upright = upright.convert("RGBA")
        white = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(white, upright)
    flat = upright.convert("RGB")  # by way of RGB: LAB has no direct road to grey
    if grey:
        flat = flat.convert("L")
    flat.thumbnail((longer, longer), Image.Resampling.LANCZOS)
    return unit_range(np.asarray(flat), 255)


def without_notes(png: bytes) -> bytes:
    """Leave texts and the colour profile out of a PNG."""
    kept, start = [png[:8]], 8
    while start < len(
        png
    ):  # a piece is its length, its kind, its content, and a check of four bytes
        end = start + 12 + int.from_bytes(png[start : start + 4])
        if png[start + 4 : start + 8] not in _NOTES:
            kept.append(png[start:end])
        start = end
    return b"".join(kept)


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # the camera's notes are damaged, which is no reason to refuse its picture
        return picture


def _has_grey_palette(picture: Image.Image) -> bool:
    colours = np.array((picture.mode == "P" and picture.getpalette()) or [0, 1, 2]).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())


def _find_key(picture: ImageFile.ImageFile, layout: str, data: bytes) -> None:
    """Find the colour that a PNG calls transparent: it is said in the depth of the file."""
    key = picture.info.get("transparency")
    if key is None or layout not in {"L;2", "L;4", "RGB;16B"}:
        return
    if layout == "RGB;16B":
        with Image.open(io.BytesIO(data), formats=["PNG"]) as low_bytes:  # the other half
            low_bytes.tile = [tile._replace(args="RGB;16L") for tile in low_bytes.tile]
            halves = np.stack([np.asarray(picture), np.asarray(low_bytes)], axis=-1)
        other = (halves != np.array([divmod(number, 256) for number in key])).any((2, 3))
        picture.putalpha(Image.fromarray(other))
        del picture.info["transparency"]
    else:
        top = 2 ** int(layout[-1]) - 1
        picture.info["transparency"] = (key & top) * 255 // top


def _deep(picture: Image.Image) -> NDArray[np.float32]:
    """Bring the grey of a PNG, PGM or PFM of more than 8 bits into [0, 1]."""
    pixels = np.asarray(picture)
    if picture.mode == "F":
        return unit_range(pixels)
    grey = unit_range(pixels, 65535)  # Pillow brings whatever depth a plain PGM has to 16 bits
    if "transparency" in picture.info:
        grey[pixels == picture.info["transparency"]] = 1
    return grey
