"""The learner's own pictures: one folder a class, every picture brought to one size."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnlab import images
from cnnlab.checks import flag, path_of
from cnnlab.datasets.dataset import Dataset
from cnnlab.datasets.resampling import resample
from cnnlab.errors import DataError
from cnnlab.shapes import IntPair, pair

__all__ = ["from_folder"]

_OF_THE_SYSTEM = {"thumbs.db", "desktop.ini"}  # Windows leaves them; nobody means them
_LARGEST = 1 << 28  # values of the whole set: one gigabyte


def from_folder(folder: str | Path, size: IntPair = 64, *, grey: bool = False) -> Dataset:
    """Read pictures sorted into folders: ``pets/cat/1.jpg``, ``pets/dog/7.png``.

    Each picture is cut to the proportions of `size` about its middle, and brought to that size.

    Parameters
    ----------
    folder : str or Path
        Holds one folder a class, named like the class. Hidden files are passed over; so are, with
        a warning that counts them, files whose names do not end as in `images.SUFFIXES`.
    size : int or (int, int)
        Rows and columns of every picture.
    grey : bool
        One channel instead of three.

    Returns
    -------
    Dataset
        Classes and pictures in alphabetical order; divide them with `Dataset.split`.

    Raises
    ------
    DataError
        If there is no such folder, it holds no folders with pictures, a picture cannot be read
        (the message says which), or all together are larger than a gigabyte.
    """
    root = path_of(folder, "folder", "pets").expanduser()
    grey = flag(grey, "grey")
    if not root.is_dir():
        raise DataError(f"there is no folder {root}; name one that holds a folder for each class")
    rows, columns = pair(size, "size")
    folders = [entry for entry in _visible(root) if entry.is_dir()]
    found = {folder.name: _visible(folder) for folder in folders}
    classes = {name: list(filter(_is_picture, files)) for name, files in found.items()}
    empty = [name for name, files in classes.items() if not files]
    if not classes or empty:
        where = f"the folder {empty[0]} of {root}" if empty else f"{root}, which has no folders"
        there = f" (it holds {_counted(found[empty[0]])})" if empty and found[empty[0]] else ""
        raise DataError(
            f"there are no pictures in {where}{there}; put the pictures of each class into a "
            "folder named like the class, as PNG or JPEG"
        )
    others = [entry for entries in found.values() for entry in entries if not _is_picture(entry)]
    if others:
        warnings.warn(
            f"passed over, as no pictures of a kind known here: {_counted(others)}; if they are "
            "pictures, save them as PNG or JPEG in the folder of their class",
            stacklevel=2,
        )
    count = sum(map(len, classes.values()))
    channels = 1 if grey else 3
    if count * rows * columns * channels > _LARGEST:
        raise DataError(
            f"{count} pictures of {rows}x{columns}x{channels} take more than a gigabyte; "
            "try a smaller size or fewer pictures"
        )
    stack = np.empty((count, rows, columns, channels), dtype=np.float32)
    labels = np.repeat(np.arange(len(classes)), [len(files) for files in classes.values()])
    for place, file in enumerate(file for files in classes.values() for file in files):
        stack[place] = _fitted(_opened(file, rows, columns), rows, columns, grey)
    return Dataset(stack, labels, list(classes))


def _visible(folder: Path) -> list[Path]:
    return [
        entry
        for entry in sorted(folder.iterdir())
        if not entry.name.startswith(".") and entry.name.lower() not in _OF_THE_SYSTEM
    ]


def _is_picture(entry: Path) -> bool:
    return entry.suffix.lower() in images.SUFFIXES and not entry.is_dir()


def _counted(entries: Iterable[Path]) -> str:
    """Say how many there are of each kind: ``12 .heic, 1 folder``."""
    kinds = Counter(
        "folder" if entry.is_dir() else entry.suffix.lower() or "without ending"
        for entry in entries
    )
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def _opened(file: Path, rows: int, columns: int) -> NDArray[np.float32]:
    try:
        # A long picture is cut about its middle: what is left must not have been made too small.
        return images.load(file, min_side=max(rows, columns))
    except DataError as error:
        raise DataError(
            f"{file.parent.name}/{file.name}: {error}; or take it out of the folder"
        ) from error


def _fitted(image: NDArray[np.float32], rows: int, columns: int, grey: bool) -> NDArray[np.float32]:
    height, width = image.shape[:2]
    scale = min(height / rows, width / columns)
    # Rounding may put a side a hair's breadth beyond the picture.
    high, wide = min(height, rows * scale), min(width, columns * scale)
    top, left = (height - high) / 2, (width - wide) / 2
    box = (top, left, min(height, top + high), min(width, left + wide))
    if grey:
        image = images.to_grey(image)
    fitted = np.clip(resample(image, box, rows, columns), 0, 1)
    return fitted[..., None] if fitted.ndim == 2 else fitted
