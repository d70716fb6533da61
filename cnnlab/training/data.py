"""The images and labels of a training, checked once, so that no step has to."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cnnlab.checks import numbers
from cnnlab.errors import DataError
from cnnlab.layers import Array, BatchNorm
from cnnlab.network import Network

__all__ = ["Data", "check_batches", "checked_data"]


class Data(Protocol):
    """Images and their labels; `datasets.Dataset` is one."""

    @property
    def images(self) -> NDArray[np.float32]:
        """Shape (images, height, width, channels), pixels in [0, 1]."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """Shape (images,): the class of each, counted from 0."""


def checked_data(net: Network, data: Data) -> tuple[Array, NDArray[np.int64]]:
    """Check images and labels once, so that no step has to."""
    if not (hasattr(data, "images") and hasattr(data, "labels")):
        kind = type(data).__name__
        if hasattr(data, "train") and hasattr(data, "test"):
            raise DataError(
                f"one set of data is wanted, got a {kind}, which has two; "
                "try split.train to train on, and split.test for the validation"
            )
        raise DataError(
            f"data with images and labels are wanted, got a {kind}; "
            "try datasets.Dataset(images, labels, class_names)"
        )
    images = np.ascontiguousarray(numbers(data.images, "images"), np.float32)
    labels = numbers(data.labels, "labels")
    if not images.ndim or not labels.ndim or len(images) != len(labels) or not len(images):
        raise DataError(
            f"every image needs a label, got images of shape {images.shape} and labels of shape "
            f"{labels.shape}; "
            "try labels of shape (images,)"
        )
    net.predict(images[:1])  # says so if the images are not of the network's shape
    classes = net.sequential.output_shape[0]
    if labels.dtype.kind in "iu" and not 0 <= labels.min() <= labels.max() < classes:
        raise DataError(
            f"labels from {labels.min()} to {labels.max()} do not go with {classes} scores; "
            f"end the network in Dense({int(labels.max()) + 1})"
        )
    return images, labels


def check_batches(net: Network, images: int, size: int) -> None:
    """Find a batch that has no variance before the first step, and not at the end of an epoch."""
    if (images % size or size) > 1:
        return
    for row in net.sequential.rows:
        if isinstance(row.layer, BatchNorm) and math.prod(row.input_shape[:-1]) == 1:
            fitting = (some for some in range(2, images + 1) if images % some != 1)
            remedy = (
                f"batch_size={min(fitting, key=lambda some: abs(some - size))}"
                if images > 1
                else "two images or more"
            )
            raise DataError(
                f"{images} images by {size} leave a batch of one image, and {row.name} "
                f"({row.layer.kind}) cannot learn from that: one number has no variance; "
                f"try {remedy}"
            )
