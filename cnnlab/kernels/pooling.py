"""Pooling, forward and backward: maxima and sums of whole vectors, a pixel's channels side by side.

Axes: b batch, y x output row and column, c channel, i j row and column of the image. Padding is
never stored: every window is clipped to the image first. What a window costs is reading it from
memory once, so nothing is kept for the way back: the winner of a max pool is found again from the
image, which is cheaper than storing its position and reading it.

One job is one output row of one image. On the way back a job clears the image rows that its output
row alone reaches, then adds to them while they are in the nearest cache; where windows overlap
downwards, one job is a whole image. Twin of `cnnlab.naive.pooling`.
"""

import numpy as np
from numba import float32

from cnnlab.kernels._jit import inlined, kernel
from cnnlab.kernels._threads import draw, launch
from cnnlab.kernels.vector import (
    WIDE,
    add,
    equal,
    is_nan,
    lanes,
    load_first,
    maximum,
    multiply,
    select,
    splat,
    store_first,
    zeros,
)

__all__ = ["avg_pool2d", "avg_pool2d_backward", "max_pool2d", "max_pool2d_backward"]

WORK = 8  # one number, read from memory, takes as long as so many multiply-adds


@inlined
def _clipped(position, window, stride, before, size):
    """Clip one side of a window to the image: from the first pixel on, up to before the second."""
    start = position * stride - before
    return max(start, 0), min(start + window, size)


@kernel
def _max_pool2d(tickets, jobs, images, output, window, stride, before):
    _, in_height, in_width, channels = images.shape
    _, out_height, out_width, _ = output.shape
    job = draw(tickets)
    while job < jobs:
        b, y = job // out_height, job % out_height
        top, bottom = _clipped(y, window[0], stride[0], before[0], in_height)
        for x in range(out_width):
            left, right = _clipped(x, window[1], stride[1], before[1], in_width)
            for c in range(0, channels, lanes(WIDE)):
                count = channels - c
                largest = splat(WIDE, float32(-np.inf))
                for i in range(top, bottom):
                    pixel = ((b * in_height + i) * in_width + left) * channels + c
                    for _ in range(left, right):
                        largest = maximum(load_first(WIDE, images, pixel, count), largest)
                        pixel += channels
                store_first(output, (job * out_width + x) * channels + c, largest, count)
        job = draw(tickets)


@kernel
def _avg_pool2d(tickets, jobs, images, output, window, stride, before):
    _, in_height, in_width, channels = images.shape
    _, out_height, out_width, _ = output.shape
    share = splat(WIDE, float32(1) / float32(window[0] * window[1]))
    job = draw(tickets)
    while job < jobs:
        b, y = job // out_height, job % out_height
        top, bottom = _clipped(y, window[0], stride[0], before[0], in_height)
        for x in range(out_width):
            left, right = _clipped(x, window[1], stride[1], before[1], in_width)
            for c in range(0, channels, lanes(WIDE)):
                count = channels - c
                sums = zeros(WIDE)
                for i in range(top, bottom):
                    pixel = ((b * in_height + i) * in_width + left) * channels + c
                    for _ in range(left, right):
                        sums = add(load_first(WIDE, images, pixel, count), sums)
                        pixel += channels
                average = multiply(sums, share)
                store_first(output, (job * out_width + x) * channels + c, average, count)
        job = draw(tickets)


@inlined
def _own_rows(first, behind, out_height, stride, before, in_height):
    """Find the image rows that only the output rows from `first` to before `behind` write to."""
    top = max(first * stride - before, 0) if first > 0 else 0
    bottom = min(behind * stride - before, in_height) if behind < out_height else in_height
    return min(top, in_height), max(bottom, 0)


@inlined
def _clear(array, start, behind):
    for i in range(start, behind, lanes(WIDE)):
        store_first(array, i, zeros(WIDE), behind - i)


@kernel
def _max_pool2d_backward(
    tickets, jobs, rows, grad_output, images, grad_images, window, stride, before
):
    _, in_height, in_width, channels = images.shape
    _, out_height, out_width, _ = grad_output.shape
    jobs_an_image = out_height // rows
    line = in_width * channels
    job = draw(tickets)
    while job < jobs:
        b, first = job // jobs_an_image, job % jobs_an_image * rows
        start, behind = _own_rows(first, first + rows, out_height, stride[0], before[0], in_height)
        _clear(grad_images, (b * in_height + start) * line, (b * in_height + behind) * line)
        for y in range(first, first + rows):
            top, bottom = _clipped(y, window[0], stride[0], before[0], in_height)
            for x in range(out_width):
                left, right = _clipped(x, window[1], stride[1], before[1], in_width)
                for c in range(0, channels, lanes(WIDE)):
                    count = channels - c
                    largest = splat(WIDE, float32(-np.inf))
                    for i in range(top, bottom):
                        pixel = ((b * in_height + i) * in_width + left) * channels + c
                        for _ in range(left, right):
                            largest = maximum(load_first(WIDE, images, pixel, count), largest)
                            pixel += channels
                    place = ((b * out_height + y) * out_width + x) * channels + c
                    grad = load_first(WIDE, grad_output, place, count)
                    for i in range(top, bottom):
                        pixel = ((b * in_height + i) * in_width + left) * channels + c
                        for _ in range(left, right):
                            value = load_first(WIDE, images, pixel, count)
                            broken = is_nan(value)
                            won = select(broken, broken, equal(value, largest))
                            sums = load_first(WIDE, grad_images, pixel, count)
                            sums = add(sums, select(won, grad, zeros(WIDE)))
                            store_first(grad_images, pixel, sums, count)
                            grad = select(won, zeros(WIDE), grad)  # later ties get nothing
                            pixel += channels
        job = draw(tickets)


@kernel
def _avg_pool2d_backward(tickets, jobs, rows, grad_output, grad_images, window, stride, before):
    _, in_height, in_width, channels = grad_images.shape
    _, out_height, out_width, _ = grad_output.shape
    jobs_an_image = out_height // rows
    line = in_width * channels
    share = splat(WIDE, float32(1) / float32(window[0] * window[1]))
    job = draw(tickets)
    while job < jobs:
        b, first = job // jobs_an_image, job % jobs_an_image * rows
        start, behind = _own_rows(first, first + rows, out_height, stride[0], before[0], in_height)
        _clear(grad_images, (b * in_height + start) * line, (b * in_height + behind) * line)
        for y in range(first, first + rows):
            top, bottom = _clipped(y, window[0], stride[0], before[0], in_height)
            for x in range(out_width):
                left, right = _clipped(x, window[1], stride[1], before[1], in_width)
                for c in range(0, channels, lanes(WIDE)):
                    count = channels - c
                    place = ((b * out_height + y) * out_width + x) * channels + c
                    grad = multiply(load_first(WIDE, grad_output, place, count), share)
                    for i in range(top, bottom):
                        pixel = ((b * in_height + i) * in_width + left) * channels + c
                        for _ in range(left, right):
                            sums = add(load_first(WIDE, grad_images, pixel, count), grad)
                            store_first(grad_images, pixel, sums, count)
                            pixel += channels
        job = draw(tickets)


def max_pool2d(images, window, stride, padding, *, out=None):
    """Keep the largest number under each position of the window; padding never wins."""
    return _pool(_max_pool2d, images, window, stride, padding, out)


def avg_pool2d(images, window, stride, padding, *, out=None):
    """Average what lies under each position of the window; padding counts as zeros."""
    return _pool(_avg_pool2d, images, window, stride, padding, out)


def max_pool2d_backward(grad_output, images, window, stride, padding, *, out=None):
    """Hand each gradient back to the first pixel that won."""
    out = np.empty_like(images) if out is None else out
    jobs, rows = _jobs_back(grad_output, window, stride)
    launch(
        _max_pool2d_backward, jobs, 2 * WORK * images.size,
        rows, grad_output, images, out, window, stride, _before(padding),
    )  # fmt: skip
    return out


def avg_pool2d_backward(grad_output, shape, window, stride, padding, *, out=None):
    """Share each gradient out equally among the pixels that were averaged."""
    out = np.empty(shape, np.float32) if out is None else out
    jobs, rows = _jobs_back(grad_output, window, stride)
    launch(
        _avg_pool2d_backward, jobs, WORK * out.size,
        rows, grad_output, out, window, stride, _before(padding),
    )  # fmt: skip
    return out


def _pool(compiled, images, window, stride, padding, out):
    batch, in_height, in_width, channels = images.shape
    if out is None:
        out_height = (in_height + sum(padding[0]) - window[0]) // stride[0] + 1
        out_width = (in_width + sum(padding[1]) - window[1]) // stride[1] + 1
        out = np.empty((batch, out_height, out_width, channels), np.float32)
    jobs = batch * out.shape[1]
    launch(compiled, jobs, WORK * images.size, images, out, window, stride, _before(padding))
    return out


def _jobs_back(grad_output, window, stride):
    """Count the jobs, and the output rows of each: one, unless rows overlap."""
    batch, out_height, _, _ = grad_output.shape
    rows = 1 if stride[0] >= window[0] else out_height
    return batch * out_height // rows, rows


def _before(padding):
    return padding[0][0], padding[1][0]
