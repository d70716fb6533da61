"""Pooling, forward and backward: maxima and sums of whole vectors, a pixel's channels side by side.

Axes: b batch, y x output row and column, c channel, i j row and column within the image. Padding
is never stored: every window is clipped to the image first. Arithmetic is free here; what counts is
that memory is read and written once, and in an order that the processor foresees:

- forward, one job is a few output rows, each made from one image row after the other, left to
  right; where half a vector holds all channels, from one window after the other, in a register;
- backward, nothing was kept but the image: the winner of a window is found again, which is cheaper
  than storing its position and reading it. One job is one output row and the image rows that it
  alone reaches. Where windows do not overlap, every pixel is written once, zeros included. Else
  the rows are cleared first and then added to; if windows overlap downwards, a job is an image.

Twin of `cnnlab.naive.pooling`.
"""

import numpy as np
from numba import float32

from cnnlab.buffers import empty
from cnnlab.kernels._jit import inlined, kernel
from cnnlab.kernels._threads import begin, draw, launch
from cnnlab.kernels.vector import (
    HALF,
    NARROW,
    WIDE,
    add,
    any_lane,
    equal,
    greater,
    is_nan,
    lanes,
    load,
    load_first,
    maximum,
    multiply,
    prefetch,
    select,
    splat,
    store,
    store_first,
    zeros,
)

__all__ = ["avg_pool2d", "avg_pool2d_backward", "max_pool2d", "max_pool2d_backward"]

MAX, AVERAGE, AVERAGE_INSIDE = 0, 1, 2  # the last one leaves padding out of its count

JOB = 1 << 13  # numbers a job, at least: less, and the threads would get into each other's way
BACK_JOB = 1 << 17
_CACHE_LINE = 16  # numbers
WORK = 8  # one number, read from memory, takes as long as so many multiply-adds

# ---- a pixel's channels -------------------------------------------------------------------------


@inlined
def _read(width, array, place, count):
    """Take as many channels as are left, at most a whole vector of them."""
    if count >= lanes(width):
        return load(width, array, place)
    return load_first(width, array, place, count)


@inlined
def _write(width, array, place, vector, count):
    """Store as many channels as are left, at most a whole vector of them."""
    if count >= lanes(width):
        store(array, place, vector)
    else:
        store_first(array, place, vector, count)


@inlined
def _fill(array, start, count, value):
    for i in range(0, count, lanes(WIDE)):
        _write(WIDE, array, start + i, splat(WIDE, value), count - i)


@inlined
def _clipped(position, window, stride, before, size):
    """Clip one side of a window to the image: its first pixel, and how many there are."""
    start = position * stride - before
    first = min(max(start, 0), size)
    return first, max(min(start + window, size) - first, 0)


@inlined
def _part(rows, columns):
    """Give the weight of each of so many pixels in their average."""
    return float32(1) / float32(max(1, rows * columns))


# ---- forward ------------------------------------------------------------------------------------


@inlined
def _window(width, kind, images, pixel, line, channels, rows, columns, nothing):
    """Pool the few channels of one window, which starts at `pixel`; its rows lie `line` apart."""
    pooled = splat(width, nothing)
    for i in range(rows):
        for j in range(columns):
            value = load_first(width, images, pixel + i * line + j * channels, channels)
            pooled = maximum(value, pooled) if kind == MAX else add(value, pooled)
    return pooled


@inlined
def _pool_few(
    width, kind, images, pixel, line, channels, rows, columns, nothing, part, output, place
):
    """Pool the few channels of one window and store them; the usual size is spelled out."""
    if rows == 2 and columns == 2:
        pooled = _window(width, kind, images, pixel, line, channels, 2, 2, nothing)
    else:
        pooled = _window(width, kind, images, pixel, line, channels, rows, columns, nothing)
    if kind != MAX:
        pooled = multiply(pooled, splat(width, part))
    store_first(output, place, pooled, channels)


@kernel
def pool(tickets, jobs, rows_a_job, kind, images, output, window, stride, before):
    batch, in_height, in_width, channels = images.shape
    _, out_height, out_width, _ = output.shape
    nothing = float32(-np.inf if kind == MAX else 0)
    part = float32(1) / float32(window[0] * window[1])
    job = begin(tickets)
    while job < jobs:
        for row in range(job * rows_a_job, min((job + 1) * rows_a_job, batch * out_height)):
            b, y = row // out_height, row % out_height
            top, rows = _clipped(y, window[0], stride[0], before[0], in_height)
            if rows == 0:  # nothing but padding
                _fill(output, row * out_width * channels, out_width * channels, nothing)
            line = in_width * channels
            few = channels <= lanes(NARROW)
            for x in range(out_width if few else 0):
                left, columns = _clipped(x, window[1], stride[1], before[1], in_width)
                pixel = (b * in_height + top) * line + left * channels
                place = (row * out_width + x) * channels
                if kind == AVERAGE_INSIDE:
                    part = _part(rows, columns)
                if channels <= lanes(HALF):
                    _pool_few(
                        HALF, kind, images, pixel, line, channels, rows, columns, nothing, part,
                        output, place,
                    )  # fmt: skip
                else:
                    _pool_few(
                        NARROW, kind, images, pixel, line, channels, rows, columns, nothing, part,
                        output, place,
                    )  # fmt: skip
            for i in range(top, top if few else top + rows):
                for x in range(out_width):
                    left, columns = _clipped(x, window[1], stride[1], before[1], in_width)
                    pixel = ((b * in_height + i) * in_width + left) * channels
                    place = (row * out_width + x) * channels
                    if kind == AVERAGE_INSIDE:
                        part = _part(rows, columns)
                    for c in range(0, channels, lanes(WIDE)):
                        count = channels - c
                        pooled = splat(WIDE, nothing)
                        if i > top:
                            pooled = _read(WIDE, output, place + c, count)
                        for j in range(columns):
                            value = _read(WIDE, images, pixel + j * channels + c, count)
                            pooled = maximum(value, pooled) if kind == MAX else add(value, pooled)
                        if kind != MAX and i == top + rows - 1:
                            pooled = multiply(pooled, splat(WIDE, part))
                        _write(WIDE, output, place + c, pooled, count)
        job = draw(tickets, jobs)


# ---- backward -----------------------------------------------------------------------------------


@inlined
def _give(
    width, kind, tiled, grad, images, grad_images, pixel, line, channels, rows, columns, count
):
    """Give the gradient of one window to the first pixel that won, or to each pixel its share.

    The window starts at `pixel`; its rows lie `line` numbers apart.
    """
    largest = splat(width, float32(-np.inf))
    if kind == MAX:
        for i in range(rows):
            for j in range(columns):
                value = _read(width, images, pixel + i * line + j * channels, count)
                largest = maximum(value, largest)
    for i in range(rows):
        for j in range(columns):
            place = pixel + i * line + j * channels
            part = grad
            if kind == MAX:
                value = _read(width, images, place, count)
                broken = is_nan(value)
                won = select(broken, broken, equal(value, largest))
                part = select(won, grad, zeros(width))
                grad = select(won, zeros(width), grad)  # later ties get nothing
            if not tiled:
                part = add(_read(width, grad_images, place, count), part)
            _write(width, grad_images, place, part, count)


@inlined
def _either(some, others):
    """Mask of the lanes that are true in either mask."""
    return select(some, some, others)


@inlined
def _larger(left, right):
    """Take the larger of numbers that are none of them NaN."""
    return select(greater(left, right), left, right)


@inlined
def _fetch(array, pixel, line, channels):
    """Have four pixels brought near: so many rows at once are more than the processor foresees."""
    for place in range(pixel, pixel + lanes(WIDE) + channels, _CACHE_LINE):
        prefetch(array, place)
        prefetch(array, place + line)


@inlined
def _give_two_by_two(width, kind, grad, images, grad_images, pixel, line, channels, count):
    """Give the gradient of the usual window, which shares its pixels with no other."""
    below, none = pixel + line, zeros(width)
    a, b = _read(width, images, pixel, count), _read(width, images, pixel + channels, count)
    c, d = _read(width, images, below, count), _read(width, images, below + channels, count)
    broken = _either(_either(is_nan(a), is_nan(b)), _either(is_nan(c), is_nan(d)))
    if kind != MAX or any_lane(broken):
        _give(width, kind, True, grad, images, grad_images, pixel, line, channels, 2, 2, count)
        return
    largest = _larger(_larger(a, b), _larger(c, d))
    a_won, b_won, c_won = equal(a, largest), equal(b, largest), equal(c, largest)
    _write(width, grad_images, pixel, select(a_won, grad, none), count)
    grad = select(a_won, none, grad)  # later ties get nothing
    _write(width, grad_images, pixel + channels, select(b_won, grad, none), count)
    grad = select(b_won, none, grad)
    _write(width, grad_images, below, select(c_won, grad, none), count)
    _write(width, grad_images, below + channels, select(c_won, none, grad), count)


@inlined
def _give_few(
    width, kind, tiled, weight, grad_output, place, images, grad_images, pixel, line, channels,
    rows, columns,
):  # fmt: skip
    """Give the few channels of one window's gradient; the usual size is spelled out."""
    grad = multiply(load_first(width, grad_output, place, channels), splat(width, weight))
    if tiled and rows == 2 and columns == 2:
        _give_two_by_two(
            width, kind, grad, images, grad_images, pixel, line, channels, channels
        )  # fmt: skip
    else:
        _give(
            width, kind, tiled, grad, images, grad_images, pixel, line, channels, rows, columns,
            channels,
        )  # fmt: skip


@kernel
def pool_back(
    tickets, jobs, rows_a_job, kind, grad_output, images, grad_images, window, stride, before
):
    _, in_height, in_width, channels = grad_images.shape
    _, out_height, out_width, _ = grad_output.shape
    line = in_width * channels
    weight = float32(1 if kind == MAX else 1 / (window[0] * window[1]))
    few = channels <= lanes(NARROW)  # half a vector holds them
    tiled = stride[0] >= window[0] and stride[1] >= window[1]
    whole = lanes(WIDE)
    job = begin(tickets)
    while job < jobs:
        b, first = job * rows_a_job // out_height, job * rows_a_job % out_height
        image = b * in_height * line
        start, _ = _clipped(first, window[0], stride[0], before[0], in_height)
        behind = in_height  # of the image rows that belong to this job
        if first + rows_a_job < out_height:
            behind, _ = _clipped(first + rows_a_job, window[0], stride[0], before[0], in_height)
        if not tiled:
            _fill(grad_images, image + start * line, (behind - start) * line, float32(0))
        for y in range(first, first + rows_a_job):
            top, rows = _clipped(y, window[0], stride[0], before[0], in_height)
            done = 0  # columns of these image rows
            for x in range(out_width + 1):  # one more: what lies behind the last window
                left, columns = in_width, 0
                if x < out_width:
                    left, columns = _clipped(x, window[1], stride[1], before[1], in_width)
                if tiled and done < left:  # no window reaches these pixels
                    for i in range(top, top + rows):
                        gap = image + i * line + done * channels
                        _fill(grad_images, gap, (left - done) * channels, float32(0))
                done = left + columns
                if rows == 0 or columns == 0:
                    continue
                if kind == AVERAGE_INSIDE:
                    weight = _part(rows, columns)
                place = ((b * out_height + y) * out_width + x) * channels
                if few:
                    pixel = image + top * line + left * channels
                    if channels <= lanes(HALF):
                        _give_few(
                            HALF, kind, tiled, weight, grad_output, place, images, grad_images,
                            pixel, line, channels, rows, columns,
                        )  # fmt: skip
                    else:
                        _give_few(
                            NARROW, kind, tiled, weight, grad_output, place, images, grad_images,
                            pixel, line, channels, rows, columns,
                        )  # fmt: skip
                    continue
                for c in range(0, channels, whole):
                    pixel, count = image + top * line + left * channels + c, channels - c
                    grad = _read(WIDE, grad_output, place + c, count)
                    grad = multiply(grad, splat(WIDE, weight))
                    # The usual sizes are spelled out for the compiler, which unrolls them. Else one
                    # load jumps back and forth between image rows, and nobody foresees where to.
                    if count < whole:
                        _give(
                            WIDE, kind, tiled, grad, images, grad_images,
                            pixel, line, channels, rows, columns, count,
                        )  # fmt: skip
                    elif tiled and rows == 2 and columns == 2:
                        if y + 1 < first + rows_a_job:  # what follows is another thread's
                            _fetch(images, pixel + 2 * line, line, channels)
                            _fetch(grad_images, pixel + 2 * line, line, channels)
                        _give_two_by_two(
                            WIDE, kind, grad, images, grad_images, pixel, line, channels, whole
                        )  # fmt: skip
                    elif rows == 3 and columns == 3:
                        _give(
                            WIDE, kind, tiled, grad, images, grad_images,
                            pixel, line, channels, 3, 3, whole,
                        )  # fmt: skip
                    else:
                        _give(
                            WIDE, kind, tiled, grad, images, grad_images,
                            pixel, line, channels, rows, columns, whole,
                        )  # fmt: skip
            if tiled:  # nor the rows below this one, before the next
                below, _ = _clipped(y + 1, window[0], stride[0], before[0], in_height)
                if y + 1 == out_height:
                    below = in_height
                gap = image + (top + rows) * line
                _fill(grad_images, gap, (below - top - rows) * line, float32(0))
        job = draw(tickets, jobs)


# ---- called from outside; `cnnlab.shapes` knows the size of `out` --------------------------------


def max_pool2d(images, window, stride, padding, *, out):
    """Keep the largest number under each position of the window; padding never wins."""
    return _forward(MAX, images, window, stride, padding, out)


def avg_pool2d(images, window, stride, padding, count_padding=True, *, out):
    """Average what lies under each position of the window; padding counts as zeros or not."""
    kind = AVERAGE if count_padding else AVERAGE_INSIDE
    return _forward(kind, images, window, stride, padding, out)


def max_pool2d_backward(grad_output, images, window, stride, padding, *, out=None):
    """Hand each gradient back to the first pixel that won."""
    out = empty(images.shape) if out is None else out
    return _backward(MAX, grad_output, images, out, window, stride, padding)


def avg_pool2d_backward(
    grad_output, shape, window, stride, padding, count_padding=True, *, out=None
):
    """Share each gradient out equally among the pixels that were averaged."""
    out = empty(shape) if out is None else out
    kind = AVERAGE if count_padding else AVERAGE_INSIDE
    return _backward(kind, grad_output, out, out, window, stride, padding)


def _forward(kind, images, window, stride, padding, out):
    before = padding[0][0], padding[1][0]
    rows = out.shape[0] * out.shape[1]
    rows_a_job = -(-JOB * rows // images.size)
    launch(
        pool, -(-rows // rows_a_job), WORK * images.size,
        rows_a_job, kind, images, out, window, stride, before,
    )  # fmt: skip
    return out


def _backward(kind, grad_output, images, out, window, stride, padding):
    batch, out_height, _, _ = grad_output.shape
    rows_a_job = out_height
    if stride[0] >= window[0]:  # else windows overlap downwards, and an image is one job
        numbers = -(-out.size // (batch * out_height))
        rows_a_job = min(out_height, max(1, BACK_JOB // numbers))
        while out_height % rows_a_job:  # a job stays within an image
            rows_a_job -= 1
    before = padding[0][0], padding[1][0]
    launch(
        pool_back, batch * out_height // rows_a_job, 2 * WORK * out.size,
        rows_a_job, kind, grad_output, images, out, window, stride, before,
    )  # fmt: skip
    return out
