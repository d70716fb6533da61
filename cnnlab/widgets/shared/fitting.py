"""The learner's own pictures, whatever they come as, brought to one square size."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import images
from cnnlab.checks import numbers, path_of, shown
from cnnlab.errors import DataError
from cnnlab.widgets.shared.photo import Photo

__all__ = ["fitted", "opened"]


def opened(pictures: Any) -> list[NDArray[np.float32]]:
    """Open an array of pictures, a file, a folder of them, or a list of files and arrays.

    Parameters
    ----------
    pictures : array_like of shape (pictures, height, width, channels), path, or list

    Returns
    -------
    list of ndarray of shape (height, width) or (height, width, 3), float32

    Raises
    ------
    DataError, ShapeError
        If there are none, or one cannot be read.
    """
    return [Photo.read(one).source for one in _listed(pictures)]


def _listed(pictures: Any) -> list[Any]:
    if isinstance(pictures, str | os.PathLike):
        source = path_of(pictures, "images", "pictures/fist").expanduser()
        if not source.is_dir():
            return [source]
        found = sorted(one for one in source.iterdir() if one.suffix.lower() in images.SUFFIXES)
        if not found:
            raise DataError(f"there is no picture in {source}; put PNG or JPEG files there")
        return found
    if isinstance(pictures, list | tuple) and pictures:
        return list(pictures)
    array = numbers(pictures, "images", "an array of pictures, a folder, or a list of files")
    if array.ndim != 4 or not len(array):
        raise DataError(
            "images are (pictures, height, width, channels), a folder or a list of pictures, got "
            f"{shown(pictures)}; try [image] for one picture, images[..., None] for grey ones"
        )
    return list(array)


def fitted(image: NDArray[np.float32], shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Cut a picture to a square about its middle, and bring it to a size.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, 3), float32
        Pixels in [0, 1].
    shape : (int, int, int)

    Returns
    -------
    ndarray of that shape, uint8

    Raises
    ------
    DataError
        If pixels lie outside the range.
    """
    low, high = image.min(), image.max()
    if not (low >= 0 and high <= 1):
        raise DataError(
            f"pixels lie from 0 to 1, or 0 to 255 as uint8, got {low:g} to {high:g}; "
            "try (image - image.min()) / (image.max() - image.min())"
        )
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = image[top : top + side, left : left + side]
    channels = square if square.ndim == 3 else square[..., None]
    pixels = channels if channels.shape == shape else images.fit(square, shape)
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
