"""Libraries that correlate one plane with one filter: volumes are summed, banks are lists."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .. import workloads
from . import Run

Plane = NDArray[np.float32]


def plane_by_plane(
    task: workloads.Task,
    correlate: Callable[[Plane, Plane], Plane],
    correlate_into: Callable[[Plane, Plane, Plane], object] | None = None,
    split: Callable[[Plane], Sequence[Plane]] = lambda image: list(
        np.ascontiguousarray(image.transpose(2, 0, 1))
    ),
) -> Run | None:
    """Build a convolution of one picture from `correlate` of one plane, as its users would.

    Filters are cut into planes beforehand, the picture in the call: it is what changes. A result as
    large as the picture includes a border that was made up; only the rest is compared.
    """
    if not isinstance(task, workloads.Convolution) or task.images[0] != 1 or task.padding:
        return None
    image = workloads.random(task.images, 0)[0]
    stacks = [
        [np.ascontiguousarray(plane) for plane in stack]
        for stack in workloads.random(task.filters, 1).transpose(3, 2, 0, 1)
    ]
    grey = np.ascontiguousarray(image[:, :, 0])
    first = stacks[0][0]

    def bank() -> list[Plane]:
        return [correlate(grey, stack[0]) for stack in stacks]

    def volume() -> list[Plane]:
        planes = split(image)
        total = correlate(planes[0], first)
        for plane, weights in zip(planes[1:], stacks[0][1:], strict=True):
            total += correlate(plane, weights)
        return [total]

    if task.keep_output:
        if correlate_into is None:
            return None
        kept = np.empty_like(correlate(grey, first))
        return Run(
            lambda: correlate_into(grey, first, kept),
            lambda: _inner([correlate(grey, first)], task),
        )
    call = volume if len(stacks[0]) > 1 else bank
    return Run(call, lambda: _inner(call(), task))


def _inner(planes: list[Plane], task: workloads.Convolution) -> Plane:
    border = task.filters[0] // 2 if planes[0].shape == task.images[1:3] else 0
    height, width = planes[0].shape
    inner = [plane[border : height - border, border : width - border] for plane in planes]
    return np.stack(inner, axis=-1)[None]
