"""MNIST and Fashion-MNIST: 70,000 grey pictures of 28x28, in the same four files each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnlab.datasets import idx
from cnnlab.datasets.dataset import Dataset, Split
from cnnlab.datasets.sources import Source
from cnnlab.errors import DataError

__all__ = ["fashion_mnist", "mnist"]

_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_TOPS = ("T-shirt", "trousers", "pullover", "dress", "coat")
_CLOTHES = (*_TOPS, "sandal", "shirt", "sneaker", "bag", "boot")
_MNIST = Source(
    folder="mnist",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    sha256=dict(
        zip(
            _FILES,
            (
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
            strict=True,
        )
    ),
)
_FASHION = Source(
    folder="fashion_mnist",
    mirrors=(
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ),
    sha256=dict(
        zip(
            _FILES,
            (
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
            strict=True,
        )
    ),
)


def mnist() -> Split:
    """Return MNIST: 60,000 handwritten digits to train on, 10,000 to test on, 28x28, grey.

    Returns
    -------
    Split

    Raises
    ------
    DataError
        If the files are neither in `CNNLAB_DATA`/mnist nor to be fetched, or are broken.

    Notes
    -----
    LeCun, Bottou, Bengio and Haffner 1998, *Gradient-based learning applied to document
    recognition*. Fetched files are kept in the user's cache folder.
    """
    return _read(_MNIST, [str(digit) for digit in range(10)])


def fashion_mnist() -> Split:
    """Return Fashion-MNIST: pictures of clothes, as many and as large as MNIST's digits.

    Returns
    -------
    Split

    Raises
    ------
    DataError
        If the files are neither in `CNNLAB_DATA`/fashion_mnist nor to be fetched, or are broken.

    Notes
    -----
    Xiao, Rasul and Vollgraf 2017, *Fashion-MNIST*. MIT licence.
    """
    return _read(_FASHION, _CLOTHES)


def _read(source: Source, class_names: Sequence[str]) -> Split:
    # All four are found before the first is read: whoever is offline is told at once.
    files = {name: source.locate(name) for name in source.sha256}

    def part(prefix: str) -> Dataset:
        images = idx.read(files[f"{prefix}-images-idx3-ubyte.gz"])
        labels = idx.read(files[f"{prefix}-labels-idx1-ubyte.gz"])
        if images.ndim != 3 or labels.ndim != 1:
            raise DataError(
                f"images of {source.folder} need 3 axes and labels 1, got {images.ndim} and "
                f"{labels.ndim}; check that the files have not been exchanged"
            )
        return Dataset(images[..., None] / np.float32(255), labels, class_names)

    return Split(part("train"), part("t10k"))
