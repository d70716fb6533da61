"""A filter with a name: its weights, what it is for, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from cnnlab.checks import numbers, text
from cnnlab.errors import ShapeError

__all__ = ["Filter"]


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Filter:
    """A filter with a name: its weights, what it is for, and where it comes from.

    Parameters
    ----------
    name : str
        As in the catalogue.
    weights : array_like of shape (filter_height, filter_width) or (..., channels)
        Kept as a read-only float32 copy.
    purpose : str
        One sentence: what it does to a picture.
    source : str
        Who described it, and where.

    Raises
    ------
    ShapeError
        If `weights` has not two or three axes, one of them is empty, or rows differ in length.
    DataError
        If `weights` does not hold real numbers, or another argument is no text.

    Examples
    --------
    >>> Filter("shift", [[1, 0, 0]], "Moves the picture one pixel to the right.")
    Filter 'shift', 1x3: Moves the picture one pixel to the right.
      1  0  0
    """

    name: str
    weights: NDArray[np.float32]
    purpose: str
    source: str

    def __init__(self, name: str, weights: ArrayLike, purpose: str = "", source: str = "") -> None:
        copy = np.array(numbers(weights, "filter"), dtype=np.float32)
        if copy.ndim not in {2, 3} or not copy.size:
            raise ShapeError(
                f"the weights of a filter need rows and columns (and perhaps channels), got an "
                f"array of shape {copy.shape}; try [[0, 1, 0], [1, -4, 1], [0, 1, 0]]"
            )
        copy.setflags(write=False)
        words = {"name": name, "purpose": purpose, "source": source}
        words = {field: text(value, field) for field, value in words.items()}
        for field, value in {**words, "weights": copy}.items():
            object.__setattr__(self, field, value)

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[np.float32]:
        """Let NumPy, and every function that takes an array, read the weights."""
        return np.array(self.weights, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        size = "x".join(map(str, self.weights.shape))
        heading = f"Filter {self.name!r}, {size}"
        slices = self.weights[..., None] if self.weights.ndim == 2 else self.weights
        grids = [_grid(slices[..., channel]) for channel in range(slices.shape[-1])]
        return "\n".join([f"{heading}: {self.purpose}" if self.purpose else heading, *grids])


def _grid(weights: NDArray[np.float32]) -> str:
    words = [[f"{weight:.4g}" for weight in row] for row in weights.tolist()]
    width = max(len(word) for row in words for word in row)
    return "\n".join("  " + "  ".join(word.rjust(width) for word in row) for row in words)
