"""CIFAR-10: 60,000 colour photographs of 32x32 in ten classes, from the binary archive.

The archive with pickled files is never read: unpickling a file runs what its author wrote in it.
"""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path

import numpy as np

from cnnlab.datasets.dataset import Dataset, Split
from cnnlab.datasets.sources import Source
from cnnlab.errors import DataError

__all__ = ["cifar10", "read_archive"]

_SIDE = 32
_RECORD = 1 + 3 * _SIDE * _SIDE  # the label, then the red, the green and the blue plane
_MOST_RECORDS = 10_000
_ANIMALS = ("bird", "cat", "deer", "dog", "frog", "horse")
_CLASS_NAMES = ("airplane", "automobile", *_ANIMALS, "ship", "truck")
_TRAIN = [f"data_batch_{number}.bin" for number in range(1, 6)]
_TEST = ["test_batch.bin"]
_ARCHIVE = "cifar-10-binary.tar.gz"
_SOURCE = Source(
    folder="cifar10",
    mirrors=(
        "https://www.cs.toronto.edu/~kriz/",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
    ),
    sha256={_ARCHIVE: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
)


def cifar10() -> Split:
    """Return CIFAR-10: 50,000 small photographs to train on, 10,000 to test on, 32x32x3.

    Returns
    -------
    Split

    Raises
    ------
    DataError
        If the archive is neither in `CNNLAB_DATA`/cifar10 nor to be fetched, or is broken.

    Notes
    -----
    Krizhevsky 2009, *Learning multiple layers of features from tiny images*. The archive takes
    170 MB on disk, the pictures 740 MB of memory.
    """
    return read_archive(_SOURCE.locate(_ARCHIVE))


def read_archive(path: Path) -> Split:
    """Read the binary archive of CIFAR-10; nothing is unpacked to disk.

    Parameters
    ----------
    path : Path
        ``cifar-10-binary.tar.gz``.

    Returns
    -------
    Split

    Raises
    ------
    DataError
        If it is not such an archive, a file is missing or of a wrong length, or a label is
        not from 0 to 9.
    """
    batches: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r|*") as archive:  # as a stream: the archive is read only once
            for member in archive:
                name = member.name.rpartition("/")[2]
                if name in (*_TRAIN, *_TEST):
                    batches[name] = _read_member(archive, member)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path.name} cannot be read ({error}); delete {path} and fetch it again"
        ) from error
    missing = [name for name in (*_TRAIN, *_TEST) if name not in batches]
    if missing:
        raise DataError(
            f"{path.name} lacks {', '.join(missing)}; "
            f"it must be the binary version, {_ARCHIVE}, not the one for Python"
        )
    return Split(
        _dataset([batches[name] for name in _TRAIN]), _dataset([batches[name] for name in _TEST])
    )


def _read_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    if stream is None or member.size % _RECORD or not 0 < member.size <= _MOST_RECORDS * _RECORD:
        raise DataError(
            f"{member.name} has {member.size} bytes, expected records of {_RECORD} bytes, "
            f"{_MOST_RECORDS} at most; fetch the archive again"
        )
    with stream:
        return stream.read()


def _dataset(batches: list[bytes]) -> Dataset:
    records = np.frombuffer(b"".join(batches), dtype=np.uint8).reshape(-1, _RECORD)
    labels, planes = records[:, 0], records[:, 1:].reshape(-1, 3, _SIDE, _SIDE)
    if labels.max() >= len(_CLASS_NAMES):
        raise DataError(
            f"a label of CIFAR-10 is {labels.max()}, expected 0 to 9; fetch the archive again"
        )
    images = np.empty((len(records), _SIDE, _SIDE, 3), dtype=np.float32)
    np.divide(planes.transpose(0, 2, 3, 1), np.float32(255), out=images)
    return Dataset(images, labels, _CLASS_NAMES)
