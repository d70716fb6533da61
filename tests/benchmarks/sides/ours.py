"""cnnlab, through its public functions and nothing below them."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cnnlab import functional as F

from .. import workloads
from . import Run


def prepare(task: workloads.Task, weights: bool, threads: int) -> Run:
    """Build one row."""
    match task:
        case workloads.Convolution():
            return _convolution(task)
        case workloads.Pooling(kind, window, stride, backward):
            images = workloads.random(task.images, 0)
            pool = {"max": F.max_pool2d, "average": F.avg_pool2d}[kind]
            if not backward:
                return _function(partial(pool, images, window, stride))
            gradient = workloads.random(pool(images, window, stride).shape, 2)
            return _function(partial(F.max_pool2d_backward, gradient, images, window, stride))
        case workloads.Activation(name):
            return _function(partial(getattr(F, name), workloads.random(task.images, 0)))
        case _:
            from . import our_networks

            return our_networks.prepare(task, weights)


def _function(call: Callable[[], NDArray[np.float32]]) -> Run:
    return Run(call, call)


def _convolution(task: workloads.Convolution) -> Run:
    call = partial(
        F.conv2d,
        workloads.random(task.images, 0),
        workloads.random(task.filters, 1),
        stride=task.stride,
        padding=task.padding,
    )
    return _function(partial(call, out=call()) if task.keep_output else call)
