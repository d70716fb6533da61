"""Pictures to learn from: two sets that ship, three that are fetched, and the learner's own.

Axes of images: image, row, column, channel. Values lie in [0, 1]. Nothing is loaded before a
function here is called.
"""

from __future__ import annotations

from cnnlab.datasets.cifar import cifar10
from cnnlab.datasets.dataset import Dataset, Split
from cnnlab.datasets.folder import from_folder
from cnnlab.datasets.marks import MARKS, Mark, marked
from cnnlab.datasets.mnist_like import fashion_mnist, mnist
from cnnlab.datasets.shipped import digits, faces, photograph_crops

__all__ = [
    "MARKS",
    "Dataset",
    "Mark",
    "Split",
    "cifar10",
    "digits",
    "faces",
    "fashion_mnist",
    "from_folder",
    "marked",
    "mnist",
    "photograph_crops",
]
