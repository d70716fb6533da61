"""Augmentation: training images that were not taken, made from those that were.

Axes: batch, row, column, channel. Each augmentation is a function of a batch and a generator, and
gives a new batch of the same shape; every image of the batch gets its own random numbers. It
must not change what is to be seen: a digit may be shifted, and not mirrored.
No rotation, no changes of hue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import ArrayLike, NDArray

from cnnlab.checks import generator, real, shown
from cnnlab.errors import ShapeError
from cnnlab.functional._checks import as_float32
from cnnlab.shapes import whole

__all__ = ["Augmentation", "Brightness", "Crop", "Flip", "Noise", "Shift"]

Images = NDArray[np.float32]
Augmentation = Callable[[Images, np.random.Generator], Images]


@dataclass(frozen=True)
class Shift:
    """Move each image, by up to so many pixels each way; zeros move in.

    Parameters
    ----------
    pixels : int

    Examples
    --------
    >>> dot = np.zeros((1, 5, 5, 1), np.float32)
    >>> dot[0, 2, 2] = 1
    >>> moved = Shift(2)(dot, np.random.default_rng(0))
    >>> np.argwhere(moved).tolist()
    [[0, 0, 1, 0]]
    """

    pixels: int = 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", whole(self.pixels, "pixels"))

    def __call__(self, images: ArrayLike, rng: np.random.Generator) -> Images:
        """Shift a batch.

        Parameters
        ----------
        images : array_like of shape (batch, height, width, channels)
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of the same shape, float32

        Raises
        ------
        ShapeError, DataError
            If they are not images, or `rng` is no generator.
        """
        images, rng = as_float32(images, "images", 4), generator(rng)
        batch, height, width, channels = images.shape
        reach = self.pixels
        if reach >= max(height, width):
            raise ShapeError(
                f"a shift by up to {shown(reach)} pixels moves images of {height}x{width} out of "
                "sight; try Shift(2)"
            )
        framed = np.zeros((batch, height + 2 * reach, width + 2 * reach, channels), np.float32)
        framed[:, reach : reach + height, reach : reach + width] = images
        # Every window of the frame, without copying: one pick an image is then the whole shift.
        image_step, row_step, column_step, channel_step = framed.strides
        windows = as_strided(
            framed,
            (batch, 2 * reach + 1, 2 * reach + 1, height, width, channels),
            (image_step, row_step, column_step, row_step, column_step, channel_step),
            writeable=False,
        )
        down, across = rng.integers(0, 2 * reach + 1, (2, batch))
        shifted: Images = windows[np.arange(batch), down, across]
        return shifted


@dataclass(frozen=True)
class Flip:
    """Mirror every second image, on average, from left to right."""

    def __call__(self, images: ArrayLike, rng: np.random.Generator) -> Images:
        """Flip a batch.

        Parameters
        ----------
        images : array_like of shape (batch, height, width, channels)
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of the same shape, float32

        Raises
        ------
        ShapeError, DataError
            If they are not images, or `rng` is no generator.
        """
        images, rng = as_float32(images, "images", 4), generator(rng)
        chosen = rng.random(len(images)) < 0.5
        return np.where(chosen[:, np.newaxis, np.newaxis, np.newaxis], images[:, :, ::-1], images)


@dataclass(frozen=True)
class Crop:
    """Cut a random piece out of each image, and stretch it to the size of the whole.

    Parameters
    ----------
    share : float
        Side of the smallest piece, as a share of the side of the image.

    Notes
    -----
    Rows and columns of the piece are read between pixels by linear interpolation.
    """

    share: float = 0.8

    def __post_init__(self) -> None:
        object.__setattr__(self, "share", real(self.share, "share", 0.8, above=0, most=1))

    def __call__(self, images: ArrayLike, rng: np.random.Generator) -> Images:
        """Crop a batch.

        Parameters
        ----------
        images : array_like of shape (batch, height, width, channels)
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of the same shape, float32

        Raises
        ------
        ShapeError, DataError
            If they are not images, or `rng` is no generator.
        """
        images, rng = as_float32(images, "images", 4), generator(rng)
        batch, height, width, _ = images.shape
        size = self.share + (1 - self.share) * rng.random((batch,))
        corner = rng.random((2, batch)) * (1 - size)
        rows = _along(images, corner[0] * (height - 1), size, height, axis=1)
        return _along(rows, corner[1] * (width - 1), size, width, axis=2)


@dataclass(frozen=True)
class Noise:
    """Add a random number to every pixel.

    Parameters
    ----------
    deviation : float
        Standard deviation, in units of the pixels. Nothing is clipped.
    """

    deviation: float = 0.05

    def __post_init__(self) -> None:
        object.__setattr__(self, "deviation", real(self.deviation, "deviation", 0.05, least=0))

    def __call__(self, images: ArrayLike, rng: np.random.Generator) -> Images:
        """Add noise to a batch.

        Parameters
        ----------
        images : array_like of shape (batch, height, width, channels)
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of the same shape, float32

        Raises
        ------
        ShapeError, DataError
            If they are not images, or `rng` is no generator.
        """
        images, rng = as_float32(images, "images", 4), generator(rng)
        noisy = rng.standard_normal(images.shape, np.float32)
        noisy *= np.float32(self.deviation)
        noisy += images
        return noisy


@dataclass(frozen=True)
class Brightness:
    """Make each image darker or brighter: all its pixels are multiplied by one random factor.

    Parameters
    ----------
    amount : float
        The factors lie from ``1 - amount`` to ``1 + amount``. Nothing is clipped.

    Examples
    --------
    >>> grey = np.full((1, 1, 2, 1), 0.5, np.float32)
    >>> Brightness(0.2)(grey, np.random.default_rng(0)).ravel()
    array([0.5273923, 0.5273923], dtype=float32)
    """

    amount: float = 0.2

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", real(self.amount, "amount", 0.2, least=0, most=1))

    def __call__(self, images: ArrayLike, rng: np.random.Generator) -> Images:
        """Change the brightness of a batch.

        Parameters
        ----------
        images : array_like of shape (batch, height, width, channels)
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of the same shape, float32

        Raises
        ------
        ShapeError, DataError
            If they are not images, or `rng` is no generator.
        """
        images, rng = as_float32(images, "images", 4), generator(rng)
        factors = 1 + self.amount * (2 * rng.random((len(images), 1, 1, 1)) - 1)
        return images * factors.astype(np.float32)


def _along(
    images: Images, start: NDArray[np.float64], step: NDArray[np.float64], count: int, axis: int
) -> Images:
    """Read `count` rows (axis 1) or columns (axis 2) at ``start + step * 0, 1, 2, ...`` each."""
    places = start[:, np.newaxis] + step[:, np.newaxis] * np.arange(count)
    first = np.minimum(places.astype(np.intp), count - 1)
    second = np.minimum(first + 1, count - 1)
    shape = [len(images), 1, 1, 1]
    shape[axis] = count
    weight = (places - first).astype(np.float32).reshape(shape)
    low = np.take_along_axis(images, first.reshape(shape), axis)
    low += weight * (np.take_along_axis(images, second.reshape(shape), axis) - low)
    return low
