"""Compile everything the course uses, once: afterwards no lesson waits for the compiler.

What was compiled is kept on disk, see `cnnlab.kernels._jit`. Every operation is called on arrays as
small as will reach each of its kernels; only their types matter to the compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from cnnlab import functional as F
from cnnlab.functional._checks import Float32
from cnnlab.functional._kernels import loaded
from cnnlab.functional.chain import Chain, Link

__all__ = ["compilations", "warm"]

Progress = Callable[[list[Callable[[], object]]], Iterable[Callable[[], object]]]


def warm(progress: Progress | None = None) -> int:
    """Fill the compile cache.

    Parameters
    ----------
    progress : callable, optional
        Wraps the list of steps, as ``tqdm.tqdm`` does.

    Returns
    -------
    int
        How many functions had to be compiled; 0 if the cache was full.
    """
    before = compilations()
    steps = _steps()
    for step in steps if progress is None else progress(steps):
        step()
    return compilations() - before


def compilations() -> int:
    """Count what this process had to compile because the cache on disk had no answer.

    Returns
    -------
    int
    """
    return int(loaded("_jit").compilations())


def _steps() -> list[Callable[[], object]]:
    return [*_convolutions(), *_elementwise(), *_others(), _chained, _in_parallel, _roof]


def _ones(*shape: int) -> Float32:
    return np.ones(shape, np.float32)


def _convolutions() -> list[Callable[[], object]]:
    """List images and filters that reach every way of computing a convolution."""
    ways = [
        *(((1, 40, 80, 1), (size, size, 1, 1)) for size in (3, 5, 7, 4)),  # one filter on a picture
        *(((1, 10, 10, 1), (3, 3, 1, filters)) for filters in (2, 12, 20)),  # pairs; a bank
        *(((1, 10, 10, 1), (5, 5, 1, filters)) for filters in (2, 12)),
        ((1, 9, 9, 4), (3, 3, 4, 2)),  # runs of weights
        *(((1, 9, 9, 2), (2, 2, 2, filters)) for filters in (2, 80)),  # the tile, narrow and wide
        ((1, 70, 70, 16), (3, 3, 16, 16)),  # Winograd: many tiles, and many filters
        ((1, 9, 9, 16), (3, 3, 16, 160)),
    ]
    steps: list[Callable[[], object]] = []
    for images, filters in ways:
        steps.append(partial(F.conv2d, _ones(*images), _ones(*filters)))
        steps.append(partial(_backward, _ones(*images), _ones(*filters)))
    return steps


def _backward(images: Float32, filters: Float32) -> None:
    grad_output = np.ones_like(F.conv2d(images, filters))
    F.conv2d_backward(grad_output, images, filters)


def _elementwise() -> list[Callable[[], object]]:
    x = _ones(3, 40)
    steps: list[Callable[[], object]] = []
    for name in ("relu", "leaky_relu", "elu", "sigmoid", "tanh", "softmax"):
        steps.append(partial(getattr(F, name), x))
        steps.append(partial(getattr(F, f"{name}_backward"), x, x))
    steps.append(partial(F.maxout, x))
    steps.append(partial(F.maxout_backward, _ones(3, 20), x))
    return steps


def _others() -> list[Callable[[], object]]:
    images, small = _ones(1, 8, 8, 3), _ones(1, 4, 4, 3)
    steps: list[Callable[[], object]] = []
    for window, stride in ((2, 2), (3, 2)):
        pooled = small if window == 2 else _ones(1, 3, 3, 3)
        steps.append(partial(F.max_pool2d, images, window, stride))
        steps.append(partial(F.avg_pool2d, images, window, stride))
        steps.append(partial(F.max_pool2d_backward, pooled, images, window, stride))
        steps.append(partial(F.avg_pool2d_backward, pooled, images.shape, window, stride))
    for batch, inputs_count in ((1, 50), (3, 50), (40, 50), (2, 4096)):
        inputs, weights = _ones(batch, inputs_count), _ones(inputs_count, 70)
        units = _ones(batch, 70)
        steps.append(partial(F.dense, inputs, weights, _ones(70)))
        steps.append(partial(F.dense_backward, units, inputs, weights))
    steps.append(partial(F.dropout_mask, (8,), 0.5, np.random.default_rng(0)))
    steps.append(partial(F.cross_entropy, _ones(2, 3), [0, 2]))
    p = _ones(8)
    steps.append(partial(F.sgd_step, p, p, learning_rate=0.1))
    steps.append(partial(F.sgd_step, p, p, p, learning_rate=0.1, momentum=0.9))
    steps.append(partial(F.rmsprop_step, p, p, p, learning_rate=0.1))
    steps.append(partial(F.adam_step, p, p, p, p, step=1, learning_rate=0.1))
    return steps


def _chained() -> None:
    chain = Chain([Link("conv2d", 2, 3), Link("dense", 2)], (4, 4, 1))
    chain(_ones(1, 4, 4, 1), chain.joined([(_ones(3, 3, 1, 2), None), (_ones(8, 2), None)]))


def _in_parallel() -> None:
    """Compile what only helpers run."""
    loaded("_threads").prepare()


def _roof() -> None:
    """Compile what a measurement of this machine spins."""
    loaded("peak").spin(1, np.float32(0.5))
