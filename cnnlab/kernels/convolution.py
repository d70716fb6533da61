"""Convolution, forward and backward. See the drawing below for how the tile works.

Axes: B batch, H W image rows and columns, C input channels, CO output channels, OH OW output rows
and columns, FH FW filter rows and columns. Left out: groups, transposed convolution.
"""

from functools import lru_cache

import numpy as np

from cnnlab.kernels._jit import inlined, kernel
from cnnlab.kernels._threads import draw, launch
from cnnlab.kernels.vector import (
    NARROW,
    WIDE,
    at,
    fma,
    lanes,
    load,
    relu,
    splat,
    store,
    store_first,
)

__all__ = ["conv2d", "conv2d_backward"]


@inlined
def _tile(
    width,
    X,
    x0,
    x1,
    x2,
    x3,
    x4,
    x5,
    row,
    run,
    runs,
    length,
    F,
    FH,
    bias,
    c,
    O,
    q0,
    q1,
    q2,
    q3,
    q4,
    q5,
    CO,
    rectify,
):
    """Six output pixels (x: where their patches start, q: where they go) times one block of filters."""
    n = F.shape[1]
    a0 = load(width, bias, c)
    a1 = a0
    a2 = a0
    a3 = a0
    a4 = a0
    a5 = a0
    f = c
    for i in range(FH):
        for j in range(runs):
            r = i * row + j * run
            for _ in range(length):
                w = load(width, F, f)
                a0 = fma(splat(width, at(X, x0 + r)), w, a0)
                a1 = fma(splat(width, at(X, x1 + r)), w, a1)
                a2 = fma(splat(width, at(X, x2 + r)), w, a2)
                a3 = fma(splat(width, at(X, x3 + r)), w, a3)
                a4 = fma(splat(width, at(X, x4 + r)), w, a4)
                a5 = fma(splat(width, at(X, x5 + r)), w, a5)
                f += n
                r += 1
    if rectify:
        a0 = relu(a0)
        a1 = relu(a1)
        a2 = relu(a2)
        a3 = relu(a3)
        a4 = relu(a4)
        a5 = relu(a5)
    if CO - c >= lanes(width):
        store(O, q0 * CO + c, a0)
        store(O, q1 * CO + c, a1)
        store(O, q2 * CO + c, a2)
        store(O, q3 * CO + c, a3)
        store(O, q4 * CO + c, a4)
        store(O, q5 * CO + c, a5)
    else:
        m = CO - c
        store_first(O, q0 * CO + c, a0, m)
        store_first(O, q1 * CO + c, a1, m)
        store_first(O, q2 * CO + c, a2, m)
        store_first(O, q3 * CO + c, a3, m)
        store_first(O, q4 * CO + c, a4, m)
        store_first(O, q5 * CO + c, a5, m)


@inlined
def _patch(q, OH, OW, H, W, C, SH, SW):
    """Where the patch of output pixel `q` starts in the images."""
    b, p = q // (OH * OW), q % (OH * OW)
    return ((b * H + p // OW * SH) * W + p % OW * SW) * C


@inlined
def _correlate(
    width, tickets, jobs, X, F, bias, O, FH, runs, length, run, row, SH, SW, rectify, groups, tiles
):
    """Jobs are spans of tiles times groups of filter blocks."""
    _, H, W, C = X.shape
    B, OH, OW, CO = O.shape
    L = lanes(width)
    blocks = (CO + L - 1) // L
    pixels = B * OH * OW
    last = pixels - 1
    step = SW * C
    job = draw(tickets)
    while job < jobs:
        span, group = job // groups, job % groups
        for block in range(blocks * group // groups, blocks * (group + 1) // groups):
            for t in range(span * tiles, min((span + 1) * tiles, (pixels + 5) // 6)):
                q0 = 6 * t
                q1, q2, q3 = min(q0 + 1, last), min(q0 + 2, last), min(q0 + 3, last)
                q4, q5 = min(q0 + 4, last), min(q0 + 5, last)
                x0 = _patch(q0, OH, OW, H, W, C, SH, SW)
                if q0 % OW + 5 < OW:
                    x1 = x0 + step
                    x2 = x1 + step
                    x3 = x2 + step
                    x4 = x3 + step
                    x5 = x4 + step
                else:  # the tile runs over the end of a row of pixels
                    x1 = _patch(q1, OH, OW, H, W, C, SH, SW)
                    x2 = _patch(q2, OH, OW, H, W, C, SH, SW)
                    x3 = _patch(q3, OH, OW, H, W, C, SH, SW)
                    x4 = _patch(q4, OH, OW, H, W, C, SH, SW)
                    x5 = _patch(q5, OH, OW, H, W, C, SH, SW)
                _tile(
                    width, X, x0, x1, x2, x3, x4, x5, row, run, runs, length, F, FH, bias, block * L,
                    O, q0, q1, q2, q3, q4, q5, CO, rectify,
                )  # fmt: skip
        job = draw(tickets)


@kernel
def _correlate_wide(
    tickets, jobs, X, F, bias, O, FH, runs, length, run, row, SH, SW, rectify, groups, tiles
):
    _correlate(
        WIDE,
        tickets,
        jobs,
        X,
        F,
        bias,
        O,
        FH,
        runs,
        length,
        run,
        row,
        SH,
        SW,
        rectify,
        groups,
        tiles,
    )


@kernel
def _correlate_narrow(
    tickets, jobs, X, F, bias, O, FH, runs, length, run, row, SH, SW, rectify, groups, tiles
):
    _correlate(
        NARROW,
        tickets,
        jobs,
        X,
        F,
        bias,
        O,
        FH,
        runs,
        length,
        run,
        row,
        SH,
        SW,
        rectify,
        groups,
        tiles,
    )


@lru_cache(maxsize=64)
def _no_bias(count):
    return np.zeros(count, np.float32)


def _framed(images, padding):
    """Copy the images into a frame of zeros."""
    (top, bottom), (left, right) = padding
    if not (top or bottom or left or right):
        return images
    B, H, W, C = images.shape
    frame = np.zeros((B, H + top + bottom, W + left + right, C), np.float32)
    frame[:, top : top + H, left : left + W] = images
    return frame


def _rounded_up(array, count):
    """Fill the last axis up to `count` with zeros, so that whole vectors can be read."""
    if array.shape[-1] == count:
        return array
    padded = np.zeros((*array.shape[:-1], count), np.float32)
    padded[..., : array.shape[-1]] = array
    return padded


def conv2d(images, filters, bias, stride, padding, dilation, *, out=None, relu=False):
    """Slide every filter over every image; parameters as in `cnnlab.naive.convolution.conv2d`."""
    FH, FW, C, CO = filters.shape
    X = _framed(images, padding)
    B, H, W, _ = X.shape
    SH, SW = stride
    DH, DW = dilation
    if out is None:
        OH, OW = (H - DH * (FH - 1) - 1) // SH + 1, (W - DW * (FW - 1) - 1) // SW + 1
        out = np.empty((B, OH, OW, CO), np.float32)
    correlate, L = (
        (_correlate_narrow, NARROW.lanes) if CO <= NARROW.lanes else (_correlate_wide, WIDE.lanes)
    )
    blocks = -(-CO // L)
    F = _rounded_up(filters.reshape(-1, CO), blocks * L)
    bias = _no_bias(blocks * L) if bias is None else _rounded_up(bias, blocks * L)
    runs, length = (1, FW * C) if DW == 1 else (FW, C)
    tiles = -(-out.size // CO // 6)
    work = float(out.size) * FH * FW * C
    groups, span = 1, 64
    if tiles < 512:
        groups, span = blocks, 64
    launch(
        correlate, -(-tiles // span) * groups, work, X, F, bias, out, FH, runs, length, DW * C,
        DH * W * C, SH, SW, relu, groups, span,
    )  # fmt: skip
    return out


def conv2d_backward(grad_output, images, filters, stride, padding, dilation):
    raise NotImplementedError
