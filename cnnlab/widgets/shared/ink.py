"""A drawing brought to what a network of digits was trained on: white ink, scaled and centred."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnlab.datasets.resampling import resample

__all__ = ["centred", "share_of"]

_FAINT = 0.15  # of the strongest ink: less is paper
_MNIST = 20 / 28


def centred(image: NDArray[np.float32], side: tuple[int, int], share: float) -> NDArray[np.float32]:
    """Scale what is drawn and put its centre of mass into the middle, as MNIST does.

    Parameters
    ----------
    image : ndarray of shape (height, width), float32
        Ink on paper, whichever of them is lighter: paper is what the rim shows most.
    side : (int, int)
        Rows and columns of the result.
    share : float
        How much of it the longer side of what is drawn takes.

    Returns
    -------
    ndarray of shape `side`, float32
        White on black, in [0, 1].

    Notes
    -----
    LeCun, Cortes and Burges, *The MNIST database of handwritten digits*: scaled to 20x20 pixels,
    then centred in 28x28 by the centre of mass.
    """
    finite = np.nan_to_num(image, nan=0, posinf=1, neginf=0)
    rim = np.concatenate([finite[0], finite[-1], finite[:, 0], finite[:, -1]])
    ink = np.abs(finite - np.median(rim)).astype(np.float32)
    strongest = float(ink.max())
    picture = np.zeros(side, np.float32)
    if strongest <= 0:
        return picture
    ink /= strongest
    rows, columns = (np.flatnonzero((ink > _FAINT).any(axis)) for axis in (1, 0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    scale = min(share * side[0] / (bottom - top), share * side[1] / (right - left))
    height = min(side[0], max(1, round((bottom - top) * scale)))
    width = min(side[1], max(1, round((right - left) * scale)))
    small = np.clip(resample(ink, (top, left, bottom, right), height, width), 0, 1)
    small /= max(float(small.max()), 1e-6)
    weights = small.sum() or 1
    places = []
    for axis, (length, whole) in enumerate(zip(small.shape, side, strict=True)):
        mass = small.sum(axis=1 - axis) @ (np.arange(length) + 0.5) / weights
        places.append(int(np.clip(round(whole / 2 - float(mass)), 0, whole - length)))
    down, across = places
    picture[down : down + height, across : across + width] = small
    return picture


def share_of(images: NDArray[np.float32] | None, side: int) -> float:
    """Say how much of a picture its digit takes, as a data set has them.

    Parameters
    ----------
    images : ndarray of shape (images, rows, columns, 1), float32, optional
        White on black. Without any, MNIST's 20 of 28, or all of a picture too small for a rim.
    side : int
        Rows of the network's input.
    """
    if images is None:
        return _MNIST if side >= 20 else 1.0
    shares = []
    for image in images[:200, ..., 0]:
        ink = np.abs(image) > _FAINT * max(float(np.abs(image).max()), 1e-6)
        longest = [np.flatnonzero(ink.any(axis)) for axis in (1, 0)]
        if len(longest[0]):
            sides = zip(longest, ink.shape, strict=True)
            shares.append(max((part[-1] - part[0] + 1) / size for part, size in sides))
    return float(np.mean(shares)) if shares else 1.0
