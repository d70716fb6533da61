"""One pixel of a feature map taken apart: pixels under the filter, products, sums, bias."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.checks import numbers, real, shown, whole
from cnnlab.errors import DataError, ShapeError
from cnnlab.filters.definition import Filter
from cnnlab.shapes import IntPair, Padding, Window

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """One pixel of a feature map taken apart.

    Attributes
    ----------
    row, column : int
        Of the pixel, counted from 0.
    top, left : int
        Where the filter lies on the image; negative above or left of it, where there is padding.
    pixels : ndarray of shape (filter_height, filter_width, channels), float64
        What lies under the filter; zero in the padding.
    inside : ndarray of shape (filter_height, filter_width), bool
        Which of them belong to the image; the others are zeros of the padding.
    weights, products : ndarray of shape (filter_height, filter_width, channels), float64
    sums : ndarray of shape (channels,), float64
    bias, result : float
        The result is the number in the feature map before any activation.
    """

    row: int
    column: int
    top: int
    left: int
    pixels: NDArray[np.float64]
    inside: NDArray[np.bool_]
    weights: NDArray[np.float64]
    bias: float

    @property
    def products(self) -> NDArray[np.float64]:
        """Each pixel multiplied by its weight."""
        return self.pixels * self.weights

    @property
    def sums(self) -> NDArray[np.float64]:
        """The products of each channel, added up."""
        sums: NDArray[np.float64] = self.products.sum(axis=(0, 1))
        return sums

    @property
    def result(self) -> float:
        """All sums and the bias."""
        return float(self.sums.sum() + self.bias)

    def __repr__(self) -> str:
        lines = [f"row {self.row}, column {self.column}"]
        for channel in range(self.sums.size):
            pairs = zip(
                self.pixels[..., channel].flat, self.weights[..., channel].flat, strict=True
            )
            terms = " + ".join(f"{pixel:.4g}*{weight:.4g}" for pixel, weight in pairs)
            lines.append(f"  {terms} = {self.sums[channel]:.4g}")
        total = " + ".join(f"{part:.4g}" for part in [*self.sums, self.bias])
        return "\n".join([*lines, f"  {total} = {self.result:.4g}"])


def explain(
    image: ArrayLike,
    filter: ArrayLike | Filter,  # noqa: A002 - the word of the course for it
    row: int,
    column: int,
    *,
    bias: float = 0.0,
    stride: IntPair = 1,
    padding: Padding = 0,
    dilation: IntPair = 1,
) -> Explanation:
    """Take one pixel of a feature map apart: pixels under the filter, products, sums, bias.

    Parameters
    ----------
    image : array_like of shape (height, width) or (height, width, channels)
    filter : Filter or array_like of shape (filter_height, filter_width) or (..., channels)
        With as many slices as the image has channels.
    row, column : int
        Of the pixel of the feature map, counted from 0.
    bias : float
        Added to the sum of the products.
    stride, padding, dilation
        As in `functional.conv2d`.

    Returns
    -------
    Explanation

    Raises
    ------
    ShapeError
        If the axes do not fit each other, or the filter does not fit in the padded image.
    DataError
        If there is no such pixel, or the numbers are not real.

    Examples
    --------
    >>> explain([[3, 5, 2], [9, 7, 5]], [[1, 0], [1, 1]], 0, 1, bias=0.5)
    row 0, column 1
      5*1 + 2*0 + 7*1 + 5*1 = 17
      17 + 0.5 = 17.5
    """
    pixels, weights = numbers(image, "image"), numbers(filter, "filter")
    volume, bank = (part[..., None] if part.ndim == 2 else part for part in (pixels, weights))
    if volume.ndim != 3 or bank.ndim != 3 or volume.shape[2] != bank.shape[2]:
        raise ShapeError(
            f"an image of shape {pixels.shape} and a filter of shape {weights.shape} do not belong "
            f"together; give the filter one slice for each channel of the image"
        )
    height, width = volume.shape[:2]
    window = Window.over((height, width), (bank.shape[0], bank.shape[1]), stride, padding, dilation)
    row, column = whole(row, "row", least=0), whole(column, "column", least=0)
    if row >= window.out_height or column >= window.out_width:
        raise DataError(
            f"there is no pixel in row {shown(row)}, column {shown(column)} of a map of "
            f"{window.out_height}x{window.out_width}; count from 0"
        )
    top, left = row * window.stride[0] - window.top, column * window.stride[1] - window.left
    rows = top + window.dilation[0] * np.arange(window.height)
    columns = left + window.dilation[1] * np.arange(window.width)
    inside = np.outer((rows >= 0) & (rows < height), (columns >= 0) & (columns < width))
    under = volume[np.ix_(rows.clip(0, height - 1), columns.clip(0, width - 1))]
    return Explanation(
        row, column, int(top), int(left), np.where(inside[..., None], under, 0).astype(np.float64),
        inside, bank.astype(np.float64), real(bias, "bias", 0),
    )  # fmt: skip
