"""A set of labelled pictures, and its division into parts.

Axes of images: image, row, column, channel. No transformations, no lazy loading: a data set is
two arrays and the names of its classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, SupportsIndex, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.checks import listed, numbers, real, seeded, shown, whole
from cnnlab.errors import DataError

__all__ = ["Dataset", "Split"]

_NAMES = '["cat", "dog"]'


def _checked_images(images: ArrayLike) -> NDArray[np.float32]:
    array = numbers(images, "images")
    if array.ndim != 4:
        raise DataError(
            "images need four axes (image, row, column, channel), "
            f"got an array of shape {array.shape}; "
            "grey images of shape (images, rows, columns) become that with images[..., None]"
        )
    if 0 in array.shape:
        raise DataError(f"there are no pixels in images of shape {array.shape}; pass at least one")
    if not np.issubdtype(array.dtype, np.floating):
        raise DataError(
            f"images must be fractions from 0 to 1, got whole numbers or objects ({array.dtype}); "
            "for bytes try images / 255"
        )
    low, high = array.min(), array.max()
    if not (low >= 0 and high <= 1):  # also catches NaN, which compares false with everything
        raise DataError(
            f"images must lie from 0 to 1, got values from {low:g} to {high:g}; "
            "try (images - images.min()) / (images.max() - images.min())"
        )
    return np.ascontiguousarray(array, dtype=np.float32)


def _checked_labels(labels: ArrayLike, images: int, classes: int) -> NDArray[np.int64]:
    array = numbers(labels, "labels", "the position of each name in class_names")
    if array.shape != (images,):
        raise DataError(
            f"{images} images need {images} labels in one row, got labels of shape {array.shape}; "
            "give one class number for each image"
        )
    if not np.issubdtype(array.dtype, np.integer):
        raise DataError(
            f"labels are class numbers, got {array.dtype}; "
            "try labels.astype(int), or the position of each name in class_names"
        )
    if array.min() < 0 or array.max() >= classes:
        raise DataError(
            f"labels must count from 0 to {classes - 1}, one for each of the {classes} class "
            f"names, got labels from {array.min()} to {array.max()}; add the missing class names"
        )
    return np.ascontiguousarray(array, dtype=np.int64)


def _checked_name(name: object) -> str:
    if not isinstance(name, str | int | np.integer):
        raise DataError(f"a class name is a text, got {shown(name)}; try class_names={_NAMES}")
    return str(name)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dataset:
    """Pictures, the class number of each, and what the classes are called.

    Parameters
    ----------
    images : ndarray of shape (images, rows, columns, channels), float32
        Pixels in [0, 1].
    labels : ndarray of shape (images,), int64
        Class numbers, counted from 0.
    class_names : sequence of str
        One for each class.

    Raises
    ------
    DataError
        If the arrays do not fit together or hold anything but fractions and class numbers.

    Examples
    --------
    >>> data = Dataset(np.zeros((4, 8, 8, 1)), [0, 1, 1, 1], ["cat", "dog"])
    >>> data
    Dataset(4 images of 8x8x1; 2 classes: cat 1, dog 3)
    >>> data[1:3]
    Dataset(2 images of 8x8x1; 2 classes: cat 0, dog 2)
    >>> image, label = data[0]
    >>> image.shape, data.class_names[label]
    ((8, 8, 1), 'cat')
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]

    def __init__(self, images: ArrayLike, labels: ArrayLike, class_names: Sequence[str]) -> None:
        names = tuple(_checked_name(name) for name in listed(class_names, "class_names", _NAMES))
        if not names or len(set(names)) != len(names):
            raise DataError(
                f"every class needs a name of its own, got {shown(list(names))}; "
                "give one different name for each class"
            )
        checked = _checked_images(images)
        # A frozen dataclass sets its own fields through object, once.
        object.__setattr__(self, "images", checked)
        object.__setattr__(self, "labels", _checked_labels(labels, len(checked), len(names)))
        object.__setattr__(self, "class_names", names)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels of one image."""
        rows, columns, channels = self.images.shape[1:]
        return rows, columns, channels

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """How many images there are of each class."""
        return np.bincount(self.labels, minlength=len(self.class_names)).astype(np.int64)

    def __len__(self) -> int:
        return len(self.labels)

    @overload
    def __getitem__(self, which: int) -> tuple[NDArray[np.float32], int]: ...
    @overload
    def __getitem__(self, which: slice | Sequence[int] | NDArray[Any]) -> Dataset: ...
    def __getitem__(self, which: Any) -> tuple[NDArray[np.float32], int] | Dataset:
        """Take one image and its label by a number, or a smaller data set by anything else."""
        if isinstance(which, slice | Sequence | np.ndarray):
            chosen = self._chosen(which)
            images, labels = self.images[chosen], self.labels[chosen]
            if not len(labels):
                raise DataError(
                    f"nothing is left of {len(self)} images; a data set keeps at least one"
                )
            return Dataset(images, labels, self.class_names)
        position = whole(which, "the number of an image", -len(self), len(self) - 1)
        return self.images[position], int(self.labels[position])

    def __iter__(self) -> Iterator[tuple[NDArray[np.float32], int]]:
        """Go through the images, each with its label."""
        return zip(self.images, self.labels.tolist(), strict=True)

    def _chosen(self, which: Any) -> NDArray[np.int64]:
        """Resolve a slice, positions, or a true or false for each image, to positions."""
        if isinstance(which, slice):
            bounds = [which.start, which.stop, which.step]
            if not all(bound is None or isinstance(bound, SupportsIndex) for bound in bounds):
                raise DataError(f"a slice takes whole numbers, got {which}; try data[:100]")
            return np.arange(len(self))[which]
        places = numbers(which, "the positions of images")
        if places.dtype.kind == "b" and places.shape == (len(self),):
            return np.flatnonzero(places)
        if places.ndim != 1 or (places.size and places.dtype.kind not in "iu"):
            raise DataError(
                "images are picked by a list of whole numbers, or one True or False for each of "
                f"the {len(self)}, got {shown(which)}; try data[[0, 1]]"
            )
        if places.size and not -len(self) <= places.min() <= places.max() < len(self):
            raise DataError(
                f"images are counted from 0 to {len(self) - 1}, got {places.min()} to "
                f"{places.max()}; try data[[0, 1]]"
            )
        return places.astype(np.int64)

    def __repr__(self) -> str:
        rows, columns, channels = self.image_shape
        counts = [
            f"{name} {count}"
            for name, count in zip(self.class_names, self.class_counts, strict=True)
        ]
        shown = counts if len(counts) <= 12 else [*counts[:10], f"... {len(counts) - 10} more"]
        return (
            f"Dataset({len(self)} images of {rows}x{columns}x{channels}; "
            f"{len(counts)} classes: {', '.join(shown)})"
        )

    def split(self, *fractions: float, seed: int = 0) -> tuple[Dataset, ...]:
        """Deal the images into parts at random, every class in the same proportion (stratified).

        The order of the images within a part stays as it was.

        Parameters
        ----------
        *fractions : float
            The share of each part. What is missing to 1 is left out.
        seed : int
            The same seed deals the same parts.

        Returns
        -------
        tuple of Dataset
            As many as there are fractions; no image is in two of them.

        Raises
        ------
        DataError
            If a share is not positive, if they exceed 1 together, if a part would be empty, or if
            the seed is no whole number of at least 0.

        Examples
        --------
        >>> data = Dataset(np.zeros((100, 8, 8, 1)), [0] * 50 + [1] * 50, ["cat", "dog"])
        >>> train, validation, test = data.split(0.6, 0.2, 0.2)
        >>> test
        Dataset(20 images of 8x8x1; 2 classes: cat 10, dog 10)
        """
        shares = [real(share, "a share", 0.8) for share in fractions]
        if not shares or min(shares) <= 0 or sum(shares) > 1 + 1e-9:
            raise DataError(
                f"shares must be above 0 and add up to 1 at most, got {shown(fractions)}; "
                "try split(0.8, 0.2)"
            )
        rng = seeded(seed)
        quantile = np.empty(len(self))
        for label, count in enumerate(self.class_counts):
            members = np.flatnonzero(self.labels == label)
            quantile[rng.permutation(members)] = (np.arange(count) + 0.5) / count
        part = np.searchsorted(np.cumsum(shares), quantile)
        parts = [np.flatnonzero(part == number) for number in range(len(shares))]
        empty = [share for share, chosen in zip(shares, parts, strict=True) if not len(chosen)]
        if empty:
            raise DataError(
                f"a share of {empty[0]:g} of {len(self)} images in {len(self.class_names)} classes "
                "is no image at all; use a larger share or more images"
            )
        return tuple(self[chosen] for chosen in parts)


class Split(NamedTuple):
    """Images to learn from, and images to be examined on.

    Examples
    --------
    >>> from cnnlab import datasets
    >>> train, test = datasets.digits()
    >>> len(train), len(test)
    (1438, 359)
    """

    train: Dataset
    test: Dataset
