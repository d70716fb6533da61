"""Numbers to ask with: grids that are easy to read, and arrays that give a mistake away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["grid", "lopsided"]


def grid(text: str) -> NDArray[np.int64]:
    """Read a grid of whole numbers; read-only.

    Examples
    --------
    >>> grid("3 5 2 / 9 7 5").tolist()
    [[3, 5, 2], [9, 7, 5]]
    """
    rows = np.array([[int(word) for word in row.split()] for row in text.split("/")])
    rows.setflags(write=False)
    return rows


def lopsided(*shape: int) -> NDArray[np.float64]:
    """Make numbers of which no two are alike: positive, negative, none of them whole.

    Examples
    --------
    >>> lopsided(1, 3).round(2).tolist()
    [[0.84, -0.76, 0.41]]
    """
    count = int(np.prod(shape))
    return np.sin(np.arange(1, count + 1, dtype=np.float64) ** 2).reshape(shape)
