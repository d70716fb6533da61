"""One filter over pictures of few channels: the vector's lanes lie along the row of pixels.

The tile of `cnnlab.kernels.tile` gives every lane a filter of its own; with one filter all
lanes but one would idle. Here neighbouring lanes are neighbouring output pixels, so that one weight
times one load of pixels moves all of them on. Four output rows are summed at once, because
they share pixels: a row of the image is loaded once and meets every filter row it lies under::

    image row 0   a0 += filter row 0
    image row 1   a0 += filter row 1   a1 += filter row 0
    image row 2   a0 += filter row 2   a1 += filter row 1   a2 += filter row 0
    image row 3                        a1 += filter row 2   a2 += filter row 1   a3 += filter row 0
    image row 4                                             a2 += filter row 2   a3 += filter row 1
    image row 5                                                                  a3 += filter row 2

That is a 3x3 filter; a higher one has more rows in the middle where all four sums take part. Per
load of pixels there are four multiply-adds instead of one, which is what the multipliers need: two
of them wait for two loads a cycle, and a load that is not aligned counts double.

A grey picture without padding is read where it lies. Otherwise a job first copies the rows it needs
into a scratch of its own, small enough to stay in the cache: one plane a channel, zeros around.

Axes: C channels, H W image rows and columns, OH OW output rows and columns, FH FW filter rows and
columns. Left out: strides and dilation, filters of fewer than 3 rows, outputs smaller than one
vector by four rows: the tile takes those.
"""

import numpy as np

from cnnlab.kernels._jit import inlined, kernel
from cnnlab.kernels._threads import begin, draw, launch
from cnnlab.kernels.vector import (
    WIDE,
    Fixed,
    at,
    fma,
    known,
    lanes,
    load,
    load_first,
    load_thirds,
    relu,
    splat,
    store,
    store_first,
)

__all__ = ["ROWS", "one_filter"]

ROWS = 4  # output rows summed at once
_BAND = 32  # output rows of one job


_ANY, _THREE, _FIVE, _SEVEN = Fixed(0), Fixed(3), Fixed(5), Fixed(7)


@inlined
def _taps(size, S, x, F, f, FW, a):
    """Add one row of pixels under one row of weights; written out where the size is fixed."""
    for j in range(known(size) or FW):
        a = fma(splat(WIDE, at(F, f + j)), load(WIDE, S, x + j), a)
    return a


@inlined
def _plane(size, S, x, row, F, f, FH, FW, a0, a1, a2, a3):
    """Add one plane under its filter to four output rows by one vector of columns."""
    a0 = _taps(size, S, x, F, f, FW, a0)
    x += row
    a0 = _taps(size, S, x, F, f + FW, FW, a0)
    a1 = _taps(size, S, x, F, f, FW, a1)
    x += row
    a0 = _taps(size, S, x, F, f + 2 * FW, FW, a0)
    a1 = _taps(size, S, x, F, f + FW, FW, a1)
    a2 = _taps(size, S, x, F, f, FW, a2)
    for _ in range(3, known(size) or FH):
        x += row
        f += FW
        a0 = _taps(size, S, x, F, f + 2 * FW, FW, a0)
        a1 = _taps(size, S, x, F, f + FW, FW, a1)
        a2 = _taps(size, S, x, F, f, FW, a2)
        a3 = _taps(size, S, x, F, f - FW, FW, a3)
    x += row
    a1 = _taps(size, S, x, F, f + 2 * FW, FW, a1)
    a2 = _taps(size, S, x, F, f + FW, FW, a2)
    a3 = _taps(size, S, x, F, f, FW, a3)
    x += row
    a2 = _taps(size, S, x, F, f + 2 * FW, FW, a2)
    a3 = _taps(size, S, x, F, f + FW, FW, a3)
    x += row
    a3 = _taps(size, S, x, F, f + 2 * FW, FW, a3)
    return a0, a1, a2, a3


@inlined
def _four_rows(size, S, s, row, plane, C, F, FH, FW, start, O, o, OW, rectify):
    """Compute four output rows by one vector of columns."""
    a0, a1, a2, a3 = _plane(size, S, s, row, F, 0, FH, FW, start, start, start, start)
    for c in range(1, C):
        a0, a1, a2, a3 = _plane(size, S, s + c * plane, row, F, c * FH * FW, FH, FW, a0, a1, a2, a3)
    if rectify:
        a0, a1, a2, a3 = relu(a0), relu(a1), relu(a2), relu(a3)
    store(O, o, a0)
    store(O, o + OW, a1)
    store(O, o + 2 * OW, a2)
    store(O, o + 3 * OW, a3)


@inlined
def _copy_planes(X, b, first, rows, top, left, S, row):
    """Copy rows of image `b`, counted from the top of the padded image, into planes of zeros."""
    _, H, W, C = X.shape
    L = lanes(WIDE)
    plane = rows * row
    for r in range(rows):
        y = first + r - top
        x = (b * H + y) * W * C
        s = r * row
        inside = 0 <= y < H
        for c in range(C):
            S[s + c * plane : s + c * plane + (left if inside else row)] = 0
            S[s + c * plane + left + W : s + c * plane + row] = 0
        s += left
        if inside and C == 1:
            for i in range(0, W, L):
                store_first(S, s + i, load_first(WIDE, X, x + i, W - i), W - i)
        elif inside:
            whole = 0
            if C == 3:
                whole = W // L * L
                for i in range(0, whole, L):
                    red, green, blue = load_thirds(WIDE, X, x + 3 * i)
                    store(S, s + i, red)
                    store(S, s + plane + i, green)
                    store(S, s + 2 * plane + i, blue)
            for c in range(C):
                for i in range(whole, W):
                    S[s + c * plane + i] = at(X, x + i * C + c)


@inlined
def _one_filter(tickets, jobs, size, X, flat, F, FH, FW, bias, O, top, left, right, rectify):
    _, H, W, C = X.shape
    B, OH, OW, _ = O.shape
    bands = jobs // B
    L = lanes(WIDE)
    start = splat(WIDE, bias)
    copied = C > 1 or OH != H - FH + 1 or OW != W - FW + 1
    row = left + W + right
    S = flat
    if copied:
        S = np.empty(C * (_BAND + FH - 1) * row, np.float32)
    job = begin(tickets)
    while job < jobs:
        b = job // bands
        y1 = min(job % bands * _BAND + _BAND, OH)
        y0 = max(0, min(y1 - ROWS, job % bands * _BAND))  # the last band may redo rows
        rows = y1 - y0 + FH - 1
        s = (b * H + y0) * W
        if copied:
            _copy_planes(X, b, y0, rows, top, left, S, row)
            s = 0
        for y in range(0, y1 - y0, ROWS):
            y = min(y, y1 - y0 - ROWS)  # noqa: PLW2901 - the last four rows may overlap
            for i in range(0, OW, L):
                x = min(i, OW - L)  # as may the last columns
                _four_rows(
                    size, S, s + y * row + x, row, rows * row, C, F, FH, FW, start,
                    O, (b * OH + y0 + y) * OW + x, OW, rectify,
                )  # fmt: skip
        job = draw(tickets, jobs)


@kernel
def _three_by_three(tickets, jobs, X, flat, F, FH, FW, bias, O, top, left, right, rectify):
    _one_filter(tickets, jobs, _THREE, X, flat, F, FH, FW, bias, O, top, left, right, rectify)


@kernel
def _five_by_five(tickets, jobs, X, flat, F, FH, FW, bias, O, top, left, right, rectify):
    _one_filter(tickets, jobs, _FIVE, X, flat, F, FH, FW, bias, O, top, left, right, rectify)


@kernel
def _seven_by_seven(tickets, jobs, X, flat, F, FH, FW, bias, O, top, left, right, rectify):
    _one_filter(tickets, jobs, _SEVEN, X, flat, F, FH, FW, bias, O, top, left, right, rectify)


@kernel
def _any_size(tickets, jobs, X, flat, F, FH, FW, bias, O, top, left, right, rectify):
    _one_filter(tickets, jobs, _ANY, X, flat, F, FH, FW, bias, O, top, left, right, rectify)


_KERNELS = {(3, 3): _three_by_three, (5, 5): _five_by_five, (7, 7): _seven_by_seven}


def one_filter(images, filters, bias, padding, out, rectify):
    """Slide one filter over every image, stride 1."""
    FH, FW, C, _ = filters.shape
    (top, _), (left, right) = padding
    by_plane = filters.reshape(-1) if C == 1 else filters[..., 0].transpose(2, 0, 1).ravel()
    launch(
        _KERNELS.get((FH, FW), _any_size), out.shape[0] * -(-out.shape[1] // _BAND),
        float(out.size) * FH * FW * C, images, images.reshape(-1), by_plane, FH, FW,
        0.0 if bias is None else float(bias[0]), out, top, left, right, rectify,
    )  # fmt: skip
