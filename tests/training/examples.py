"""A small training, and what it learns from."""

from types import SimpleNamespace

import numpy as np

from cnnlab import Sequential
from cnnlab.augmentation import Noise, Shift
from cnnlab.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU
from cnnlab.optimizers import AdamW, Cosine

STACK = Sequential(
    [
        Conv2D(4, 3, bias=False),
        BatchNorm(),
        ReLU(),
        MaxPool2D(2),
        Dropout(0.2),
        Flatten(),
        Dense(16, activation="relu"),
        Dense(3),
    ],
    (8, 8, 1),
)


def data(count=90, shape=(8, 8, 1), classes=3, seed=0):
    """Bright in the left, the middle or the right: easy to tell apart."""
    rng = np.random.default_rng(seed)
    images = 0.5 * rng.random((count, *shape), np.float32)
    labels = rng.integers(0, classes, count)
    width = shape[1] // classes
    for image, label in zip(images, labels, strict=True):
        image[:, label * width : (label + 1) * width] += 0.3
    return SimpleNamespace(images=images, labels=labels)


def everything(**changes):
    """A training in which all that can be random is random."""
    settings = {
        "epochs": 3,
        "batch_size": 16,
        "seed": 5,
        "optimizer": AdamW(0.01),
        "schedule": Cosine(warmup=0.1),
        "augment": (Shift(1), Noise(0.05)),
    }
    return settings | changes


def assert_same(net, other):
    for name, array in net.parameters.items():
        np.testing.assert_array_equal(array, other.parameters[name], err_msg=name)
