"""Photographs: samples that need no network, and a loader for the learner's own.

An image is float32 in [0, 1]: (height, width) if grey, (height, width, 3) if in colour. What is
left out: writing files, animations (the first picture counts), and colour profiles.
"""

import io
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from cnnlab.errors import DataError, ShapeError

__all__ = ["SAMPLES", "Sample", "fit", "load", "sample", "to_grey"]

_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "PPM")
_MAX_BYTES = 50_000_000
_MAX_PIXELS = 40_000_000
_MAX_SIDE = 1024
_SAVE_AS = "open it in a picture program and save it as PNG or JPEG"
_GREY_MODES = {"1", "L", "LA", "La"}


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
    if name not in SAMPLES:
        raise DataError(f"there is no sample {name!r}; try one of {', '.join(SAMPLES)}")
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
        return _float32(np.asarray(picture), 255)


def load(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview, *, max_side: int = _MAX_SIDE
) -> NDArray[np.float32]:
    """Open a picture: the learner's own, from wherever and however damaged.

    It is turned upright as its camera noted; what is transparent is shown on white; of an
    animation the first picture counts; a grey picture stays grey; a large one is made smaller.

    Parameters
    ----------
    source : path or bytes
        A file, or what is in it (as an upload hands it over).
    max_side : int
        Pixels along the longer side beyond which the picture is made smaller.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, 3), float32
        Pixels in [0, 1].

    Raises
    ------
    DataError
        If there is no such file, or it is too large, damaged, or no picture of a known kind.
    """
    data = _read(source)
    refusal = _foreign(data)
    if refusal:
        raise DataError(refusal)
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd metadata in files that open well, and of size, judged below.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                width, height = picture.size
                if width * height > _MAX_PIXELS:
                    raise _too_many_pixels(f"{width}x{height} pixels")
                return _decoded(picture, max_side)
    except DataError:
        raise
    except Image.DecompressionBombError:
        raise _too_many_pixels(f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels") from None
    except UnidentifiedImageError:
        raise DataError(
            f"these {len(data):,} bytes are not a picture of a kind known here "
            f"({', '.join(_FORMATS)}); {_SAVE_AS}"
        ) from None
    except Exception as error:  # its decoders raise OSError, SyntaxError, TypeError, and more
        raise DataError(
            f"the picture is damaged or incomplete ({error}); copy or download it again, "
            f"or {_SAVE_AS}"
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
    ITU-R Recommendation BT.709: 0.2125 red + 0.7154 green + 0.0721 blue.

    Examples
    --------
    >>> to_grey([[[0, 1, 0]]])
    array([[0.7154]], dtype=float32)
    """
    pixels = np.asarray(image, dtype=np.float32)
    if pixels.ndim == 2:
        return pixels
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ShapeError(
            f"an image in colour is (height, width, 3), got an array of shape {pixels.shape}; "
            f"try image[..., :3] if it has a fourth channel"
        )
    grey: NDArray[np.float32] = pixels @ np.array([0.2125, 0.7154, 0.0721], dtype=np.float32)
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

    if len(shape) != 3 or shape[2] not in {1, 3}:
        raise ShapeError(
            f"a picture has height, width and 1 or 3 channels, and this network takes {shape}; "
            "try a network whose input is (height, width, 1) or (height, width, 3)"
        )
    pixels = np.asarray(image, np.float32)
    pixels = to_grey(pixels) if pixels.ndim == 3 and shape[2] == 1 else pixels
    resized: NDArray[np.float32] = resize(  # type: ignore[no-untyped-call]  # it has no types
        pixels, shape[:2], anti_aliasing=True, preserve_range=True
    )
    channels = resized if resized.ndim == 3 else np.repeat(resized[:, :, None], shape[2], axis=2)
    return np.ascontiguousarray(channels, np.float32)


def _read(source: str | os.PathLike[str] | bytes | bytearray | memoryview) -> bytes:
    if isinstance(source, bytes | bytearray | memoryview):
        size, data = memoryview(source).nbytes, source
    elif isinstance(source, str | os.PathLike):
        path = Path(source).expanduser()
        if path.is_dir():
            raise DataError(f"{str(path)!r} is a folder; name one picture in it")
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
    if data[4:8] == b"ftyp" and data[8:12] in {b"heic", b"heix", b"hevc", b"mif1", b"msf1"}:
        return (
            f"this is a HEIC picture, as telephones make them, which cannot be opened; {_SAVE_AS}"
        )
    if head.startswith(b"<svg") or (head.startswith((b"<?xml", b"<!--")) and b"<svg" in head):
        return f"this is an SVG drawing, made of lines and not of pixels; {_SAVE_AS}"
    if head.startswith(b"%pdf"):
        return "this is a PDF document, not a picture; take a screenshot of the page and open that"
    return None


def _too_many_pixels(got: str) -> DataError:
    return DataError(
        f"the picture claims to have {got}, and up to {_MAX_PIXELS:,} are opened; save it smaller"
    )


def _decoded(picture: Image.Image, max_side: int) -> NDArray[np.float32]:
    if picture.format == "JPEG":  # decode a large photograph at a half, a quarter or an eighth
        picture.draft(picture.mode, (2 * max_side, 2 * max_side))
    picture.load()
    upright = ImageOps.exif_transpose(picture)
    if upright.mode in {"I", "F"} or upright.mode.startswith("I;16"):
        flat = Image.fromarray(_unit_range(upright))
    else:
        grey = upright.mode in _GREY_MODES
        if upright.has_transparency_data:
            # What is under transparent pixels was never meant to be seen: lay them on white.
            upright = upright.convert("RGBA")
            white = Image.new("RGBA", upright.size, "white")
            upright = Image.alpha_composite(white, upright)
        flat = upright.convert("RGB")  # by way of RGB: LAB has no direct road to grey
        if grey:
            flat = flat.convert("L")
    flat.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    scale = 1 if flat.mode == "F" else 255
    return _float32(np.asarray(flat), scale).clip(0, 1)


def _float32(values: NDArray[np.generic], scale: int) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = np.divide(values, np.float32(scale), dtype=np.float32)
    return scaled


def _unit_range(picture: Image.Image) -> NDArray[np.float32]:
    """Bring deep grey into [0, 1]: 16 bits by their range, others by their own extremes."""
    pixels = np.asarray(picture).astype(np.float64)
    if picture.mode.startswith("I;16"):
        return (pixels / 65535).astype(np.float32)
    pixels = np.nan_to_num(pixels)
    low, high = pixels.min(), pixels.max()
    span = high - low
    if not np.isfinite(span) or not span:
        return np.zeros_like(pixels, dtype=np.float32)
    spread: NDArray[np.float32] = ((pixels - low) / span).astype(np.float32)
    return spread
