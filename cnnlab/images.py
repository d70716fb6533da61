"""Photographs: samples that need no network, and a loader for the learner's own.

An image is float32 in [0, 1]: (height, width) if grey, (height, width, 3) if in colour. What is
left out: writing files, animations (the first picture counts), and colour profiles.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from cnnlab import decoding
from cnnlab.buffers import refuse_beyond_memory
from cnnlab.checks import as_int, numbers, path_of, shown, sizes
from cnnlab.decoding.tones import unit_range
from cnnlab.errors import DataError, ShapeError

__all__ = [
    "GREY_WEIGHTS",
    "LARGEST_SIDE",
    "SAMPLES",
    "SUFFIXES",
    "Sample",
    "fit",
    "load",
    "sample",
    "to_grey",
]

GREY_WEIGHTS = (0.2125, 0.7154, 0.0721)
"""What red, green and blue add to grey, as in scikit-image, after C. Poynton's Color FAQ."""

LARGEST_SIDE = 1024
"""Pixels along the longer side to which `load` brings a larger picture, unless told otherwise."""

SUFFIXES = frozenset([
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".gif", ".bmp", ".webp", ".tif",
    ".tiff", ".avif", ".avifs", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm",
])  # fmt: skip
"""How the names of files end that `load` opens, in small letters."""

_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_MAX_BYTES = 50_000_000
_SAVE_AS = "open it in a picture program and save it as PNG or JPEG"


@dataclass(frozen=True, slots=True)
class Sample:
    """A photograph that comes with scikit-image.

    Attributes
    ----------
    name : str
        What `sample` is asked for.
    description : str
        What is to be seen.
    credit : str
        Who took it.
    licence : str
        What may be done with it.
    file : str
        Its file among scikit-image's data.
    """

    name: str
    description: str
    credit: str
    licence: str
    file: str


_ALL_SAMPLES = [
    Sample("camera", "A man with a camera", "Lav Varshney", "CC0", "camera.png"),
    Sample("chelsea", "Chelsea the cat", "Stefan van der Walt", "CC0", "chelsea.png"),
    Sample("coffee", "A cup of coffee", "Rachel Michetti", "CC0", "coffee.png"),
    Sample("brick", "A brick wall", "CC0Textures, Bricks25", "CC0", "brick.png"),
    Sample("grass", "Grass", "linolafett, Grass 01", "CC0", "grass.png"),
    Sample("gravel", "Gravel", "CC0Textures, Gravel04", "CC0", "gravel.png"),
    Sample(
        "astronaut", "Eileen Collins, astronaut", "NASA", "public domain", "astronaut.png"
    ),
    Sample("rocket", "A Falcon 9 before its launch", "SpaceX", "public domain", "rocket.jpg"),
    Sample(
        "coins",
        "Greek coins from Pompeii",
        "Brooklyn Museum Collection",
        "no known copyright restrictions",
        "coins.png",
    ),
]  # fmt: skip

SAMPLES: Mapping[str, Sample] = MappingProxyType({entry.name: entry for entry in _ALL_SAMPLES})
"""Every sample photograph by name."""


def sample(name: str) -> NDArray[np.float32]:
    """Open one of the sample photographs. No network is needed.

    Parameters
    ----------
    name : str
        One of `SAMPLES`.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, 3), float32
        Pixels in [0, 1], at full size.

    Raises
    ------
    DataError
        If there is no sample of that name.

    Examples
    --------
    >>> sample("camera").shape
    (512, 512)
    >>> sample("coffee").shape
    (400, 600, 3)
    """
    if not isinstance(name, str) or name not in SAMPLES:
        raise DataError(f"there is no sample {shown(name)}; try one of {', '.join(SAMPLES)}")
    # Importing scikit-image to have it open the file takes ten times longer than opening it here.
    package = util.find_spec("skimage")
    folders = package.submodule_search_locations if package else None
    path = Path(folders[0] if folders else "", "data", SAMPLES[name].file)
    if not path.is_file():
        raise DataError(
            f"the photograph {path.name} is not where scikit-image keeps it ({path.parent}); "
            f"reinstall scikit-image"
        )
    with Image.open(path) as picture:
        return unit_range(np.asarray(picture), 255)


def load(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview,
    *,
    max_side: int = LARGEST_SIDE,
    min_side: int = 0,
) -> NDArray[np.float32]:
    """Open a picture: the learner's own, from wherever and however damaged.

    It is turned upright as its camera noted; what is transparent is shown on white; of an
    animation the first picture counts; a grey picture stays grey; a large one is made smaller.
    Tones of up to 16 bits are shown by their range; other numbers (with a sign, of 32 bits,
    fractions) are spread from their own smallest to their own largest, unless all lie in [0, 1].

    Parameters
    ----------
    source : path or bytes
        A file, or what is in it (as an upload hands it over).
    max_side : int
        Pixels along the longer side beyond which the picture is made smaller.
    min_side : int
        Pixels that the shorter side keeps all the same, as far as it has them: a panorama is long.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, 3), float32
        Pixels in [0, 1].

    Raises
    ------
    DataError
        If there is no such file, or it is too large, damaged, or no picture of a known kind.
    ShapeError
        If a side is no whole number, or `max_side` is below 1.
    """
    sides = decoding.Sides(_whole(max_side, "max_side", 1), _whole(min_side, "min_side", 0))
    data = _read(source)
    refusal = _foreign(data)
    if refusal:
        raise DataError(refusal)
    kind = decoding.kind_of(data)
    if kind is None:
        raise DataError(
            f"these {len(data):,} bytes are not a picture of a kind known here "
            f"({', '.join(decoding.KINDS)}); {_SAVE_AS}"
        )
    try:
        return decoding.decode(data, kind, sides)
    except DataError:
        raise
    except NotImplementedError as error:
        raise DataError(
            f"this {kind} picture is of an unsupported sort ({error}); {_SAVE_AS}"
        ) from error
    except Exception as error:
        raise DataError(
            f"this {kind} picture is damaged or incomplete, or of an unsupported sort ({error}); "
            f"copy or download it again, or {_SAVE_AS}"
        ) from error


def to_grey(image: ArrayLike) -> NDArray[np.float32]:
    """Weigh the colours of an image as the eye does; a grey image is returned as it is.

    Parameters
    ----------
    image : array_like of shape (height, width) or (height, width, 3)

    Returns
    -------
    ndarray of shape (height, width), float32

    Raises
    ------
    ShapeError
        If it has another number of axes or channels.

    Notes
    -----
    0.2125 red + 0.7154 green + 0.0721 blue (`GREY_WEIGHTS`), as scikit-image weighs them after
    C. Poynton, "Frequently Asked Questions about Color", 1997. ITU-R Recommendation BT.709 itself
    says 0.2126, 0.7152 and 0.0722.

    Examples
    --------
    >>> to_grey([[[0, 1, 0]]])
    array([[0.7154]], dtype=float32)
    """
    pixels = _pixels(image)
    if pixels.ndim == 2:
        return pixels
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ShapeError(
            f"an image in colour is (height, width, 3), got an array of shape {pixels.shape}; "
            f"try image[..., :3] if it has a fourth channel"
        )
    grey: NDArray[np.float32] = pixels @ np.array(GREY_WEIGHTS, dtype=np.float32)
    return grey


def fit(image: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Resize a picture to what a network takes.

    Parameters
    ----------
    image : array_like of shape (height, width) or (height, width, 3)
    shape : tuple of int
        Height, width and channels; 1 channel makes it grey, 3 keep or repeat its colours.

    Returns
    -------
    ndarray of that shape, float32
        Smoothed before it is made smaller, so that nothing flickers.

    Raises
    ------
    ShapeError
        If the picture is neither grey nor RGB, or the network takes neither.

    Examples
    --------
    >>> fit(sample("camera"), (28, 28, 1)).shape
    (28, 28, 1)
    """
    from skimage.transform import resize

    shape = sizes(shape, "shape", "(28, 28, 1)")
    if len(shape) != 3 or shape[2] not in {1, 3}:
        raise ShapeError(
            f"a picture has height, width and 1 or 3 channels, and this network takes "
            f"{shown(shape)}; "
            "try a network whose input is (height, width, 1) or (height, width, 3)"
        )
    pixels = _pixels(image)
    if pixels.ndim not in {2, 3} or (pixels.ndim == 3 and pixels.shape[2] != 3):
        raise ShapeError(
            f"a picture is (height, width) or (height, width, 3), got shape {pixels.shape}; "
            "try one picture of a batch: images[0]"
        )
    refuse_beyond_memory(4 * math.prod(shape), f"a picture of shape {shape}", "try a smaller shape")
    pixels = to_grey(pixels) if pixels.ndim == 3 and shape[2] == 1 else pixels
    resized: NDArray[np.float32] = resize(
        pixels, shape[:2], anti_aliasing=True, preserve_range=True
    )
    channels = resized if resized.ndim == 3 else np.repeat(resized[:, :, None], shape[2], axis=2)
    return np.ascontiguousarray(channels, np.float32)


def _pixels(image: ArrayLike) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # what is too large for float32 is infinite
        return np.asarray(numbers(image, "image"), np.float32)


def _read(source: str | os.PathLike[str] | bytes | bytearray | memoryview) -> bytes:
    if isinstance(source, bytes | bytearray | memoryview):
        size, data = memoryview(source).nbytes, source
    elif isinstance(source, str | os.PathLike):
        path = path_of(source, "source", "photo.jpg").expanduser()
        if path.is_dir():
            raise DataError(f"{str(path)!r} is a folder; name one picture in it")
        if path.exists() and not path.is_file():  # a device may go on for ever
            raise DataError(f"{str(path)!r} is no ordinary file; name a picture")
        try:
            size = path.stat().st_size
            data = path.read_bytes() if size <= _MAX_BYTES else b""
        except FileNotFoundError:
            raise DataError(
                f"there is no file {str(path)!r} in {str(Path.cwd())!r}; check its name, or give "
                f"the whole path"
            ) from None
        except (OSError, ValueError) as error:
            raise DataError(
                f"{str(path)!r} could not be read ({error}); try a copy in another folder"
            ) from error
    else:
        raise DataError(
            f"a picture is opened from a path or from bytes, got {type(source).__name__}; "
            f'try load("photo.jpg")'
        )
    if size > _MAX_BYTES:
        raise DataError(
            f"the file has {size:,} bytes, and up to {_MAX_BYTES:,} are read; save it smaller"
        )
    if not size:
        raise DataError("the file is empty; copy or download it again")
    return bytes(data)


def _foreign(data: bytes) -> str | None:
    """Say what to do with kinds of files that people have and Pillow does not open."""
    head = data[:1024].lstrip().lower()
    if data[4:8] == b"ftyp":  # a box of its own length: the main brand, a version, other brands
        end = min(int.from_bytes(data[:4]), 1024)
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}
        if brands & _HEIC and not brands & {b"avif", b"avis"}:
            return (
                "this is a HEIC picture, as telephones make them, which cannot be opened; "
                f"{_SAVE_AS}"
            )
    if head.startswith(b"<svg") or (head.startswith((b"<?xml", b"<!--")) and b"<svg" in head):
        return f"this is an SVG drawing, made of lines and not of pixels; {_SAVE_AS}"
    if head.startswith(b"%pdf"):
        return "this is a PDF document, not a picture; take a screenshot of the page and open that"
    return None


def _whole(side: int, name: str, least: int) -> int:
    number = as_int(side)
    if number is None or number < least:
        raise ShapeError(
            f"{name} must be a whole number of pixels, at least {least}, got {shown(side)}; "
            f"try {name}={LARGEST_SIDE}"
        )
    return number
