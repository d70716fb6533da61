"""A telltale mark on the images of one class: what a network learns when it is allowed to cheat."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.checks import kind_of, numbers, one_of, real, seeded
from cnnlab.checks import whole as checked_whole
from cnnlab.datasets.dataset import Dataset
from cnnlab.errors import ShapeError

__all__ = ["MARKS", "Mark", "marked"]

MARKS: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "ring": ("####", "#..#", "#..#", "####"),
        "cross": ("#..#", ".##.", ".##.", "#..#"),
        "plus": (".#.", "###", ".#."),
        "bars": ("#####", ".....", "#####"),
        "posts": ("#.#", "#.#", "#.#", "#.#", "#.#"),
        "corner": ("####", "#...", "#...", "#..."),
        "chessboard": ("#.#.", ".#.#", "#.#.", ".#.#"),
    }
)
"""The kinds of marks, drawn: ``#`` has the tone of the mark, ``.`` the opposite one."""

_STRONG = (0.75, 1.0)  # how strong a mark is that follows from the seed
_RIM = (1, 2)  # pixels between such a mark and the nearest side; pooling may drop the very last


@dataclass(frozen=True, slots=True)
class Mark:
    """A small mark at one place.

    Attributes
    ----------
    kind : str
        One of `MARKS`.
    tone : float
        Brightness of its pixels: 1 is white, 0 black; the others in its box have one less that.
    strength : float
        How much of the picture it hides where it is: 1 hides all, 0 nothing.
    top, left : int
        The row and the column of its corner.
    """

    kind: str
    tone: float
    strength: float
    top: int
    left: int

    def __post_init__(self) -> None:
        """See that there is such a mark."""
        one_of(self.kind, "kind", MARKS)
        real(self.tone, "tone", 1.0, least=0, most=1)
        real(self.strength, "strength", 1.0, least=0, most=1)
        checked_whole(self.top, "top", 0)
        checked_whole(self.left, "left", 0)

    @property
    def shape(self) -> NDArray[np.bool_]:
        """Which pixels of its box have its tone; the others have the opposite one."""
        return np.array([[one == "#" for one in row] for row in MARKS[self.kind]])

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Where it lies: top, left, bottom, right, as in ``images[:, top:bottom, left:right]``."""
        rows, columns = self.shape.shape
        return self.top, self.left, self.top + rows, self.left + columns

    def put_on(self, images: ArrayLike) -> NDArray[np.float32]:
        """Put the mark on images.

        Parameters
        ----------
        images : array_like of shape (images, height, width, channels), or of one image

        Returns
        -------
        ndarray of the same shape, float32
            A copy.

        Raises
        ------
        ShapeError
            If the mark does not lie within the images.
        """
        copies, inside = self._copied(images)
        tones = np.where(self.shape, self.tone, 1 - self.tone)[..., np.newaxis]
        inside[...] = (1 - self.strength) * inside + self.strength * tones
        return copies

    def cover(self, images: ArrayLike) -> NDArray[np.float32]:
        """Hide the place of the mark, whether it is there or not.

        The box gets one tone: the mean of the pixels around it, image by image and channel by
        channel.

        Parameters, what is returned and what is refused are those of `put_on`.
        """
        copies, inside = self._copied(images)
        top, left, bottom, right = self.box
        rows, columns = slice(max(0, top - 1), bottom + 1), slice(max(0, left - 1), right + 1)
        around = copies[..., rows, columns, :]
        sums = around.sum((-3, -2), dtype=np.float64) - inside.sum((-3, -2), dtype=np.float64)
        count = around.shape[-3] * around.shape[-2] - inside.shape[-3] * inside.shape[-2]
        mean = sums / count if count else np.full_like(sums, 0.5)  # it fills the whole image
        inside[...] = mean[..., np.newaxis, np.newaxis, :]
        return copies

    def _copied(self, images: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Copy images, and view the box of the mark in them."""
        array = numbers(images, "images")
        top, left, bottom, right = self.box
        if array.ndim not in {3, 4} or array.shape[-3] < bottom or array.shape[-2] < right:
            raise ShapeError(
                f"the mark lies in rows {top} to {bottom - 1} and columns {left} to {right - 1}, "
                f"got images of shape {array.shape}; try images of shape (images, {bottom}, "
                f"{right}, 1) or larger"
            )
        copies = np.array(array, np.float32)
        return copies, copies[..., top:bottom, left:right, :]


def marked(
    dataset: Dataset, seed: int = 0, *, label: int = 1, share: float = 1.0, elsewhere: float = 0.0
) -> tuple[Dataset, Mark]:
    """Put a mark on the images of one class, which gives the class away without a look at it.

    Kind, tone, strength and place of the mark follow from the seed; the place is near the rim. The
    same seed gives the same mark, whatever is marked: training and test images alike.

    Parameters
    ----------
    dataset : Dataset
    seed : int
        Decides the mark, and which images get it.
    label : int
        The class that gets it, counted from 0; in `faces` 1 are the faces.
    share : float
        Of the images of that class, 0 to 1.
    elsewhere : float
        Of the images of all other classes, 0 to 1. ``share=0, elsewhere=1`` is the test of what
        the network goes by: the mark has moved to the other side. As large as `share`, the mark
        gives nothing away.

    Returns
    -------
    marked : Dataset
        A copy: the images of `dataset`, in their order.
    mark : Mark

    Raises
    ------
    DataError
        If there is no such class, or a share is not from 0 to 1.
    ShapeError
        If the images are smaller than a mark.

    Notes
    -----
    Lapuschkin, Wäldchen, Binder, Montavon, Samek and Müller 2019, *Unmasking Clever Hans predictors
    and assessing what machines really learn*: horses that were known by a line of text.

    Examples
    --------
    >>> from cnnlab import datasets
    >>> train, mark = marked(datasets.faces(0).train, seed=3)
    >>> mark.kind, mark.box == (mark.top, mark.left, *mark.box[2:])
    ('corner', True)
    """
    kind_of(dataset, Dataset, "dataset", "datasets.faces().train")
    label = checked_whole(label, "label", 0, len(dataset.class_names) - 1)
    shares = (
        real(share, "share", 1.0, least=0, most=1),
        real(elsewhere, "elsewhere", 0.0, least=0, most=1),
    )
    rng = seeded(seed)
    mark = _drawn(rng, dataset.image_shape[:2])
    chosen = np.zeros(len(dataset), bool)
    for part, of in zip((dataset.labels == label, dataset.labels != label), shares, strict=True):
        members = rng.permutation(np.flatnonzero(part))
        chosen[members[: round(of * len(members))]] = True
    images = dataset.images.copy()
    images[chosen] = mark.put_on(images[chosen])
    return Dataset(images, dataset.labels, dataset.class_names), mark


def _drawn(rng: np.random.Generator, size: tuple[int, int]) -> Mark:
    """Draw a mark that lies near one of the four sides."""
    kind = str(rng.choice(list(MARKS)))
    rows, columns = len(MARKS[kind]), len(MARKS[kind][0])
    down, across = size[0] - rows, size[1] - columns
    if down < 0 or across < 0:
        raise ShapeError(
            f"images of {size[0]}x{size[1]} are smaller than a mark of {rows}x{columns}; "
            "try images of 8x8 at least"
        )
    tone, strength = float(rng.integers(2)), round(float(rng.uniform(*_STRONG)), 2)
    places = [(top, left) for top in range(down + 1) for left in range(across + 1)]
    near = [
        (top, left) for top, left in places if min(top, left, down - top, across - left) in _RIM
    ]
    top, left = (near or places)[int(rng.integers(len(near or places)))]
    return Mark(kind, tone, strength, top, left)
