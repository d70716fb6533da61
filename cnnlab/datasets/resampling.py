"""Pictures of another size. Axes: row, column, and channel if there is colour."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["resample"]


def resample(
    image: NDArray[np.float32], box: tuple[float, float, float, float], rows: int, columns: int
) -> NDArray[np.float32]:
    """Cut a box out of an image and bring it to a size.

    Pixels are averaged when there are fewer of them afterwards, so that nothing flickers
    (no aliasing); values stay within the range they had.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, channels), float32
    box : (top, left, bottom, right)
        In pixels of the image.
    rows, columns : int
        Size of the result.

    Returns
    -------
    ndarray of shape (rows, columns) or (rows, columns, channels), float32

    Examples
    --------
    >>> stripes = np.tile(np.float32([0, 1]), (8, 4))
    >>> resample(stripes, (0, 0, 8, 8), 1, 1).round(3)
    array([[0.5]], dtype=float32)
    """
    if image.ndim == 3:
        channels = np.moveaxis(image, -1, 0)
        return np.stack([resample(channel, box, rows, columns) for channel in channels], axis=-1)
    top, left, bottom, right = box
    # Whole pixels are cut first: resizing would look beyond the box for its averages.
    first_row, first_column = math.floor(top), math.floor(left)
    cut = image[first_row : math.ceil(bottom), first_column : math.ceil(right)]
    resized = Image.fromarray(np.ascontiguousarray(cut)).resize(
        (columns, rows),
        Image.Resampling.BILINEAR,
        box=(left - first_column, top - first_row, right - first_column, bottom - first_row),
    )
    return np.array(resized, dtype=np.float32)
