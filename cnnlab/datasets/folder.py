"""The learner's own pictures: one folder a class, every picture brought to one size."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnlab import images
from cnnlab.datasets.dataset import Dataset
from cnnlab.datasets.resampling import resample
from cnnlab.errors import DataError
from cnnlab.shapes import IntPair, pair

__all__ = ["from_folder"]

_SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".avif", ".ppm"}
_LARGEST = 1 << 28  # values of the whole set: one gigabyte


def from_folder(folder: str | Path, size: IntPair = 64, *, grey: bool = False) -> Dataset:
    """Read pictures sorted into folders: ``pets/cat/1.jpg``, ``pets/dog/7.png``.

    Each picture is cut to the proportions of `size` about its middle, and brought to that size.

    Parameters
    ----------
    folder : str or Path
        Holds one folder a class, named like the class. Hidden files and files that are not
        pictures are passed over.
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
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise DataError(f"there is no folder {root}; name one that holds a folder for each class")
    rows, columns = pair(size, "size")
    classes = {
        entry.name: list(_pictures(entry))
        for entry in sorted(root.iterdir())
        if entry.is_dir() and not entry.name.startswith(".")
    }
    empty = [name for name, files in classes.items() if not files]
    if not classes or empty:
        where = f"the folder {empty[0]} of {root}" if empty else f"{root}, which has no folders"
        raise DataError(
            f"there are no pictures in {where}; put the pictures of each class into a folder "
            "named like the class, as PNG or JPEG"
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
        stack[place] = _fitted(_opened(file), rows, columns, grey)
    return Dataset(stack, labels, list(classes))


def _pictures(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in _SUFFIXES and not path.name.startswith("."):
            yield path


def _opened(file: Path) -> NDArray[np.float32]:
    try:
        return images.load(file)
    except DataError as error:
        raise DataError(
            f"{file.parent.name}/{file.name}: {error}; or take it out of the folder"
        ) from error


def _fitted(image: NDArray[np.float32], rows: int, columns: int, grey: bool) -> NDArray[np.float32]:
    height, width = image.shape[:2]
    scale = min(height / rows, width / columns)
    top, left = (height - rows * scale) / 2, (width - columns * scale) / 2
    box = (top, left, top + rows * scale, left + columns * scale)
    if grey:
        image = images.to_grey(image)
    fitted = np.clip(resample(image, box, rows, columns), 0, 1)
    return fitted[..., None] if fitted.ndim == 2 else fitted
