"""The rows of the kernel table: what is computed, on which numbers, and the speed to be reached.

A target is the time of the named peer divided by ours, at one and at two threads. PyTorch counts in
the best of its three configurations. Every side draws its arrays from here, so that all compute the
same thing, and their answers are compared before anything is timed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .networks import ARCHITECTURES

Array = NDArray[np.float32]

DIRECT = 2e-5  # largest relative error: sums of a few hundred products in float32
NETWORK = 5e-4  # several such layers, one after another


@dataclass(frozen=True)
class Convolution:
    """Forward convolution of `images` (NHWC) with `filters` (HWIO); into a kept array if asked."""

    images: tuple[int, int, int, int]
    filters: tuple[int, int, int, int]
    stride: int = 1
    padding: int = 0
    keep_output: bool = False


@dataclass(frozen=True)
class Pooling:
    """``max`` or ``average`` pooling, or the way back (max only), on `images` (NHWC)."""

    kind: str
    window: int
    stride: int
    backward: bool = False
    images: tuple[int, int, int, int] = (32, 72, 72, 32)


@dataclass(frozen=True)
class Activation:
    """One function applied to every number of a volume."""

    function: str
    images: tuple[int, int, int, int] = (32, 72, 72, 32)


@dataclass(frozen=True)
class Prediction:
    """Class scores of `batch` images."""

    network: str
    batch: int


@dataclass(frozen=True)
class TrainingStep:
    """Scores, softmax cross-entropy, gradients, and plain gradient descent on `batch` images."""

    network: str
    batch: int
    learning_rate: float = 0.01


@dataclass(frozen=True)
class Epoch:
    """Once through `images` pictures in shuffled batches, a training step for each batch."""

    network: str
    batch: int
    images: int


Task = Convolution | Pooling | Activation | Prediction | TrainingStep | Epoch


@dataclass(frozen=True)
class Workload:
    """One row of the table."""

    name: str
    title: str
    task: Task
    tolerance: float
    targets: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    peak_share: float | None = None
    memory_ratio: float = 1.0

    def multiply_adds(self) -> int | None:
        """Count what direct convolution multiplies; Winograd does less and is credited in full."""
        match self.task:
            case Convolution(images, filters, stride, padding):
                heights = [
                    (images[axis] + 2 * padding - filters[axis - 1]) // stride + 1
                    for axis in (1, 2)
                ]
                return int(images[0] * np.prod(heights) * np.prod(filters))
            case Prediction(network, batch):
                return batch * ARCHITECTURES[network].multiply_adds()[0]
            case TrainingStep(network, batch):
                # Forward, gradient to the weights, gradient to the inputs: but none to the images.
                forward, first = ARCHITECTURES[network].multiply_adds()
                return batch * (3 * forward - first)
            case Epoch(network, _, images):
                forward, first = ARCHITECTURES[network].multiply_adds()
                return images * (3 * forward - first)
            case _:
                return None


def random(shape: tuple[int, ...], seed: int) -> Array:
    """Draw numbers of both signs around zero."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def pictures(shape: tuple[int, ...]) -> Array:
    """Draw brightnesses from 0 to 1, for the networks."""
    return np.random.default_rng(4).random(shape, dtype=np.float32)


def labels(batch: int) -> NDArray[np.int64]:
    """Draw a class for every image."""
    return np.random.default_rng(3).integers(0, 10, batch)


def _grey(size: int, target: float, *, keep_output: bool) -> Workload:
    return Workload(
        name=f"grey_{size}{'_out' if keep_output else ''}",
        title=f"512x512 grey, one {size}x{size} filter{', with out=' if keep_output else ''}",
        task=Convolution((1, 512, 512, 1), (size, size, 1, 1), keep_output=keep_output),
        tolerance=DIRECT,
        targets={"torch": (target, target), "OpenCV": (1.8, 2.5)},
    )


def _volume(function: str, target: float) -> Workload:
    title = {"relu": "ReLU", "elu": "ELU"}.get(function, function)
    return Workload(function, title, Activation(function), DIRECT, {"torch": (target, target)})


WORKLOADS = (
    _grey(3, 12, keep_output=False),
    _grey(5, 10, keep_output=False),
    _grey(7, 10, keep_output=False),
    _grey(3, 20, keep_output=True),
    _grey(5, 15, keep_output=True),
    _grey(7, 15, keep_output=True),
    Workload(
        "rgb",
        "512x512x3, one 3x3x3 filter",
        Convolution((1, 512, 512, 3), (3, 3, 3, 1)),
        DIRECT,
        {"torch": (4.5, 4.5)},
    ),
    Workload(
        "bank",
        "512x512x1, sixteen 3x3 filters",
        Convolution((1, 512, 512, 1), (3, 3, 1, 16)),
        DIRECT,
        {"torch": (3, 3)},
    ),
    # Three direct convolutions that no Winograd transform shortens: how near to the machine's peak?
    Workload(
        "direct_32",
        "8x74x74x32, 32 filters 5x5",
        Convolution((8, 74, 74, 32), (5, 5, 32, 32)),
        DIRECT,
        peak_share=0.85,
    ),
    Workload(
        "direct_64",
        "8x36x36x32, 64 filters 3x3, stride 2",
        Convolution((8, 36, 36, 32), (3, 3, 32, 64), stride=2),
        DIRECT,
        peak_share=0.85,
    ),
    Workload(
        "direct_256",
        "8x27x27x96, 256 filters 5x5, padding 2",
        Convolution((8, 27, 27, 96), (5, 5, 96, 256), padding=2),
        DIRECT,
        peak_share=0.85,
    ),
    Workload("lenet_1", "LeNet-5, one image", Prediction("lenet5", 1), NETWORK, {"torch": (5, 5)}),
    Workload(
        "lenet_step",
        "LeNet-5, training step of 64",
        TrainingStep("lenet5", 64),
        NETWORK,
        {"torch": (1.9, 1.9)},
    ),
    Workload(
        "lenet_epoch",
        "LeNet-5, epoch of 6,400 images",
        Epoch("lenet5", 64, 6_400),
        NETWORK,
        {"torch": (2, 2)},
    ),
    Workload(
        "deck_1", "deck network, one image", Prediction("deck", 1), NETWORK, {"torch": (1.1, 1.3)}
    ),
    Workload(
        "deck_32", "deck network, 32 images", Prediction("deck", 32), NETWORK, {"torch": (2.2, 2.2)}
    ),
    Workload(
        "deck_step",
        "deck network, training step of 32",
        TrainingStep("deck", 32),
        NETWORK,
        {"torch": (2.1, 2.1)},
    ),
    Workload(
        "vgg16",
        "VGG-16, one image",
        Prediction("vgg16", 1),
        NETWORK,
        {"torch": (2.3, 2.3)},
        memory_ratio=1.2,
    ),
    Workload(
        "alexnet", "AlexNet, one image", Prediction("alexnet", 1), NETWORK, {"torch": (1.1, 1.25)}
    ),
    Workload("max_pool_2", "max pooling 2x2", Pooling("max", 2, 2), DIRECT, {"torch": (1.3, 1.3)}),
    Workload(
        "max_pool_3",
        "max pooling 3x3, stride 2",
        Pooling("max", 3, 2),
        DIRECT,
        {"torch": (1.3, 1.3)},
    ),
    Workload(
        "avg_pool_2", "average pooling 2x2", Pooling("average", 2, 2), DIRECT, {"torch": (1.3, 1.3)}
    ),
    Workload(
        "max_pool_2_back",
        "max pooling 2x2, backward",
        Pooling("max", 2, 2, backward=True),
        DIRECT,
        {"torch": (1.3, 1.3)},
    ),
    _volume("tanh", 8),
    _volume("elu", 4),
    _volume("relu", 0.95),
    _volume("sigmoid", 0.95),
)
