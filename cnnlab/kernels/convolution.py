"""Convolution, forward and backward, by one register tile walked in three ways.

A convolution adds up products: every output pixel and every filter needs ``FH * FW * C`` of them.
A processor core multiplies far faster than it can fetch, so what counts is how often a fetched
number is used before it is dropped. The *tile* keeps six output pixels times one vector of filters
in registers, and walks along the filter::

                        filters k, one vector of L of them
                        [ w0  w1  w2  ...  wL-1 ]            one load
        pixel of patch 0  a0 a0 a0 ... a0      a0 += x0 * w
        pixel of patch 1  a1 a1 a1 ... a1      a1 += x1 * w
        pixel of patch 2  a2 a2 a2 ... a2      ...           then k moves on by one:
        pixel of patch 3  a3 a3 a3 ... a3                    FH * FW * C steps in all
        pixel of patch 4  a4 a4 a4 ... a4
        pixel of patch 5  a5 a5 a5 ... a5
             six loads, each copied into all lanes

Each step loads L weights and six pixels and does ``6 L`` multiply-adds: with L = 32 that is 5 for
each number loaded, where the plain loops have 0.5. Twelve of the 32 AVX-512 registers hold sums,
which is enough to keep both multipliers busy through the four cycles that each result takes.

No patches are copied out ("im2col"). With the channels of a pixel side by side, one row of a patch
is ``FW * C`` numbers side by side, in the image as in the filter. And any six output pixels make a
tile: it may run over the end of a row of pixels, or of an image, so that small maps, strides
and batches need no code of their own. Padding is a copy of the image in a frame of zeros.

* **Forward**: the sums are six pixels by L filters; walk along the filter.
* **Gradient to the filters**: the sums are six weights by L filters; walk along the image.
* **Gradient to the images**: the sums are six pixels by L numbers of a patch row; walk along the
  filters, then add the sums to the patches, which overlap: each output pixel hands its gradient
  back to the patch it saw.

Some convolutions have faster ways than the tile; `_way` says which takes which.

Axes: B batch, H W image rows and columns, C input channels, CO output channels, OH OW output rows
and columns, FH FW filter rows and columns; b y x c o i j along them. SH SW stride, DH DW dilation.
Left out: groups, transposed convolution.
"""

from functools import lru_cache

import numpy as np

from cnnlab.buffers import empty
from cnnlab.kernels import picture, winograd
from cnnlab.kernels._jit import inlined, kernel
from cnnlab.kernels._threads import begin, draw, launch
from cnnlab.kernels.transpose import transpose_into
from cnnlab.kernels.vector import (
    HALF,
    NARROW,
    WIDE,
    Fixed,
    add,
    at,
    constant,
    evens,
    fma,
    known,
    lanes,
    load,
    load_first,
    odds,
    relu,
    splat,
    splat_two,
    store,
    store_first,
    zeros,
    zipped,
)

__all__ = ["conv2d", "conv2d_backward"]

# ---- forward: walk along the filter -------------------------------------------------------------


@inlined
def _tile(width, X, x0, x1, x2, x3, x4, x5, steps, P, start):
    """Sum six patches (x: where they start) times one block of filters (P: packed)."""
    FH, runs, length, run, row = steps
    a0 = start
    a1 = start
    a2 = start
    a3 = start
    a4 = start
    a5 = start
    p = 0
    for i in range(FH):
        for j in range(runs):
            r = i * row + j * run
            for _ in range(length):
                w = load(width, P, p)
                a0 = fma(splat(width, at(X, x0 + r)), w, a0)
                a1 = fma(splat(width, at(X, x1 + r)), w, a1)
                a2 = fma(splat(width, at(X, x2 + r)), w, a2)
                a3 = fma(splat(width, at(X, x3 + r)), w, a3)
                a4 = fma(splat(width, at(X, x4 + r)), w, a4)
                a5 = fma(splat(width, at(X, x5 + r)), w, a5)
                p += lanes(width)
                r += 1
    return a0, a1, a2, a3, a4, a5


@inlined
def _patch(q, OH, OW, H, W, C, SH, SW):
    """Find where the patch of output pixel `q` starts in the images."""
    b, p = q // (OH * OW), q % (OH * OW)
    return ((b * H + p // OW * SH) * W + p % OW * SW) * C


@inlined
def _pack(width, F, K, CO, c, P):
    """Copy one block of filters into the order in which the tile reads it; zeros past the last."""
    for k in range(K):
        store(P, k * lanes(width), load_first(width, F, k * CO + c, CO - c))


@inlined
def _forward(tickets, jobs, width, X, F, bias, O, steps, stride, rectify, groups, span):
    """Jobs are spans of tiles times groups of filter blocks."""
    _, H, W, C = X.shape
    B, OH, OW, CO = O.shape
    FH, runs, length, _, _ = steps
    SH, SW = stride
    L = lanes(width)
    K = FH * runs * length
    blocks = (CO + L - 1) // L
    last = B * OH * OW - 1
    step = SW * C
    P = F
    if CO != L:
        P = np.empty(K * L, np.float32)
    job = begin(tickets)
    while job < jobs:
        group = job % groups
        first = 6 * span * (job // groups)
        end = min(first + 6 * span, last + 1)
        for block in range(blocks * group // groups, blocks * (group + 1) // groups):
            o = block * L
            if CO != L:
                _pack(width, F, K, CO, o, P)
            start = load_first(width, bias, o, CO - o)
            x0 = 0
            column = OW  # of pixel q0; past the end: x0 is to be found
            for q0 in range(first, end, 6):
                q1, q2, q3 = min(q0 + 1, last), min(q0 + 2, last), min(q0 + 3, last)
                q4, q5 = min(q0 + 4, last), min(q0 + 5, last)
                if column >= OW:
                    x0 = _patch(q0, OH, OW, H, W, C, SH, SW)
                    column = q0 % OW
                x1, x2, x3 = x0 + step, x0 + 2 * step, x0 + 3 * step
                x4, x5 = x0 + 4 * step, x0 + 5 * step
                if column + 5 >= OW:  # the tile runs over the end of a row of pixels
                    x1 = _patch(q1, OH, OW, H, W, C, SH, SW)
                    x2 = _patch(q2, OH, OW, H, W, C, SH, SW)
                    x3 = _patch(q3, OH, OW, H, W, C, SH, SW)
                    x4 = _patch(q4, OH, OW, H, W, C, SH, SW)
                    x5 = _patch(q5, OH, OW, H, W, C, SH, SW)
                a0, a1, a2, a3, a4, a5 = _tile(width, X, x0, x1, x2, x3, x4, x5, steps, P, start)
                if rectify:
                    a0, a1, a2 = relu(a0), relu(a1), relu(a2)
                    a3, a4, a5 = relu(a3), relu(a4), relu(a5)
                if CO - o >= L:
                    store(O, q0 * CO + o, a0)
                    store(O, q1 * CO + o, a1)
                    store(O, q2 * CO + o, a2)
                    store(O, q3 * CO + o, a3)
                    store(O, q4 * CO + o, a4)
                    store(O, q5 * CO + o, a5)
                else:
                    store_first(O, q0 * CO + o, a0, CO - o)
                    store_first(O, q1 * CO + o, a1, CO - o)
                    store_first(O, q2 * CO + o, a2, CO - o)
                    store_first(O, q3 * CO + o, a3, CO - o)
                    store_first(O, q4 * CO + o, a4, CO - o)
                    store_first(O, q5 * CO + o, a5, CO - o)
                column += 6
                x0 += 6 * step
        job = draw(tickets, jobs)


@kernel
def _forward_wide(tickets, jobs, X, F, bias, O, steps, stride, rectify, groups, span):
    _forward(tickets, jobs, WIDE, X, F, bias, O, steps, stride, rectify, groups, span)


# Few filters fill one register, and six sums would leave a multiplier waiting: twelve pixels then.


@inlined
def _next(q, last, x, column, row, step, row_skip, image_skip, OH, OW):
    """Go from output pixel `q`, whose patch starts at `x`, to the next; stay at the last."""
    if q < last:
        q += 1
        x += step
        column += 1
        if column == OW:
            column = 0
            x += row_skip
            row += 1
            if row == OH:
                row = 0
                x += image_skip
    return q, x, column, row


@inlined
def _six(X, r, xs, w, sums):
    """Add pixel `r` of six patches times one block of filters."""
    x0, x1, x2, x3, x4, x5 = xs
    a0, a1, a2, a3, a4, a5 = sums
    return (
        fma(splat(NARROW, at(X, x0 + r)), w, a0),
        fma(splat(NARROW, at(X, x1 + r)), w, a1),
        fma(splat(NARROW, at(X, x2 + r)), w, a2),
        fma(splat(NARROW, at(X, x3 + r)), w, a3),
        fma(splat(NARROW, at(X, x4 + r)), w, a4),
        fma(splat(NARROW, at(X, x5 + r)), w, a5),
    )


@inlined
def _put_six(O, qs, sums, CO, rectify):
    for n in range(6):
        a = relu(sums[n]) if rectify else sums[n]
        if CO >= lanes(NARROW):
            store(O, qs[n] * CO, a)
        else:
            store_first(O, qs[n] * CO, a, CO)


@kernel
def _forward_narrow(tickets, jobs, X, F, bias, O, steps, stride, rectify, span):
    """Jobs are spans of tiles of twelve pixels; all filters are one block."""
    _, H, W, C = X.shape
    B, OH, OW, CO = O.shape
    FH, runs, length, run, below = steps
    L = lanes(NARROW)
    P = F
    if CO != L:
        P = np.empty(FH * runs * length * L, np.float32)
        _pack(NARROW, F, FH * runs * length, CO, 0, P)
    start = load_first(NARROW, bias, 0, CO)
    step = stride[1] * C
    row_skip = stride[0] * W * C - OW * step
    image_skip = (H - OH * stride[0]) * W * C
    job = begin(tickets)
    while job < jobs:
        q = 12 * span * job
        last = min(q + 12 * span, B * OH * OW) - 1
        x = _patch(q, OH, OW, H, W, C, stride[0], stride[1])
        column, row = q % OW, q // OW % OH
        for _ in range((last - q) // 12 + 1):
            q0, x0 = q, x
            ways = (step, row_skip, image_skip, OH, OW)
            q1, x1, column, row = _next(q0, last, x0, column, row, *ways)
            q2, x2, column, row = _next(q1, last, x1, column, row, *ways)
            q3, x3, column, row = _next(q2, last, x2, column, row, *ways)
            q4, x4, column, row = _next(q3, last, x3, column, row, *ways)
            q5, x5, column, row = _next(q4, last, x4, column, row, *ways)
            q6, x6, column, row = _next(q5, last, x5, column, row, *ways)
            q7, x7, column, row = _next(q6, last, x6, column, row, *ways)
            q8, x8, column, row = _next(q7, last, x7, column, row, *ways)
            q9, x9, column, row = _next(q8, last, x8, column, row, *ways)
            qa, xa, column, row = _next(q9, last, x9, column, row, *ways)
            qb, xb, column, row = _next(qa, last, xa, column, row, *ways)
            q, x, column, row = _next(qb, last, xb, column, row, *ways)
            a = (start, start, start, start, start, start)
            b = a
            p = 0
            for i in range(FH):
                for j in range(runs):
                    r = i * below + j * run
                    for _ in range(length):
                        w = load(NARROW, P, p)
                        a = _six(X, r, (x0, x1, x2, x3, x4, x5), w, a)
                        b = _six(X, r, (x6, x7, x8, x9, xa, xb), w, b)
                        p += L
                        r += 1
            _put_six(O, (q0, q1, q2, q3, q4, q5), a, CO, rectify)
            _put_six(O, (q6, q7, q8, q9, qa, qb), b, CO, rectify)
        job = draw(tickets, jobs)


# ---- forward, one channel and few filters: every weight stays in a register ---------------------

_THREE, _FIVE, _SIX = Fixed(3), Fixed(5), Fixed(6)


@inlined
def _bank(tickets, jobs, width, size, X, F, bias, O, stride, rectify):
    """Jobs are eight rows of output pixels; only pixels are loaded on the way along a row."""
    _, H, W, _ = X.shape
    _, OH, OW, CO = O.shape
    SH, SW = stride
    f = known(size)
    P = np.empty(f * f * lanes(width), np.float32)
    _pack(width, F, f * f, CO, 0, P)
    start = load_first(width, bias, 0, CO)
    job = begin(tickets)
    while job < jobs:
        for r in range(8 * job, min(8 * job + 8, O.shape[0] * OH)):
            p = (r // OH * H + r % OH * SH) * W
            q = r * OW * CO
            for _ in range(OW):
                a = start
                for i in range(f):
                    for j in range(f):
                        w = constant(width, P, (i * f + j) * lanes(width))
                        a = fma(splat(width, at(X, p + i * W + j)), w, a)
                if rectify:
                    a = relu(a)
                if CO >= lanes(width):
                    store(O, q, a)
                else:
                    store_first(O, q, a, CO)
                p += SW
                q += CO
        job = draw(tickets, jobs)


@kernel
def _bank3_wide(tickets, jobs, X, F, bias, O, stride, rectify):
    _bank(tickets, jobs, WIDE, _THREE, X, F, bias, O, stride, rectify)


@kernel
def _bank3_narrow(tickets, jobs, X, F, bias, O, stride, rectify):
    _bank(tickets, jobs, NARROW, _THREE, X, F, bias, O, stride, rectify)


@kernel
def _bank5_narrow(tickets, jobs, X, F, bias, O, stride, rectify):
    _bank(tickets, jobs, NARROW, _FIVE, X, F, bias, O, stride, rectify)


# ---- one channel and very few filters: two neighbouring pixels side by side in a vector ---------
#
# Six filters fill six of sixteen lanes. So every other lane belongs to the pixel next door:
#
#     lanes     filter 0 filter 0 filter 1 filter 1 ...    zipped
#     weights   w0       w0       w1       w1
#     pixels    x        x+1      x        x+1             one load of two numbers, copied


@inlined
def _pairs(tickets, jobs, size, X, F, bias, O, rectify):
    """Jobs are four times two rows of output pixels: what both look at is loaded once."""
    B, H, W, _ = X.shape
    _, OH, OW, CO = O.shape
    f = known(size)
    P = np.empty(f * f * lanes(NARROW), np.float32)
    for k in range(f * f):
        w = load_first(HALF, F, k * CO, CO)
        store(P, k * lanes(NARROW), zipped(w, w))
    biases = load_first(HALF, bias, 0, CO)
    start = zipped(biases, biases)
    twos = (OH + 1) // 2
    job = begin(tickets)
    while job < jobs:
        for r in range(4 * job, min(4 * job + 4, B * twos)):
            y = min(r % twos * 2, OH - 2)  # the last rows, and the last pixels, may be done again
            for pair in range((OW + 1) // 2):
                x = min(2 * pair, OW - 2)
                p = (r // twos * H + y) * W + x
                a, b = start, start
                a_rest, b_rest = zeros(NARROW), zeros(NARROW)  # one sum would wait for itself
                for i in range(f + 1):
                    for j in range(f):
                        v = splat_two(NARROW, X, p + i * W + j)
                        if i < f:
                            w = constant(NARROW, P, (i * f + j) * lanes(NARROW))
                            if (i + j) % 2 == 0:
                                a = fma(v, w, a)
                            else:
                                a_rest = fma(v, w, a_rest)
                        if i > 0:
                            w = constant(NARROW, P, ((i - 1) * f + j) * lanes(NARROW))
                            if (i + j) % 2 == 0:
                                b = fma(v, w, b)
                            else:
                                b_rest = fma(v, w, b_rest)
                a, b = add(a, a_rest), add(b, b_rest)
                if rectify:
                    a, b = relu(a), relu(b)
                o = ((r // twos * OH + y) * OW + x) * CO
                store_first(O, o, evens(a), CO)
                store_first(O, o + CO, odds(a), CO)
                o += OW * CO
                store_first(O, o, evens(b), CO)
                store_first(O, o + CO, odds(b), CO)
        job = draw(tickets, jobs)


@kernel
def _pairs3(tickets, jobs, X, F, bias, O, rectify):
    _pairs(tickets, jobs, _THREE, X, F, bias, O, rectify)


@kernel
def _pairs5(tickets, jobs, X, F, bias, O, rectify):
    _pairs(tickets, jobs, _FIVE, X, F, bias, O, rectify)


@inlined
def _pairs_tile(size, X, x, above, W, G, g, CO, pairs, rows, D, d, below, DB, s):
    """Two rows of weights, `above` numbers apart, over rows of pairs of output pixels."""
    f = known(size)
    a0 = zeros(NARROW)
    a1, a2, a3, a4 = a0, a0, a0, a0
    b0, b1, b2, b3, b4 = a0, a0, a0, a0, a0
    total = a0
    for _ in range(rows):
        p = x
        for _ in range(pairs):
            v = zipped(load_first(HALF, G, g, CO), load_first(HALF, G, g + CO, CO))
            total = add(total, v)
            q = p + above
            a0 = fma(splat_two(NARROW, X, p), v, a0)
            a1 = fma(splat_two(NARROW, X, p + 1), v, a1)
            a2 = fma(splat_two(NARROW, X, p + 2), v, a2)
            b0 = fma(splat_two(NARROW, X, q), v, b0)
            b1 = fma(splat_two(NARROW, X, q + 1), v, b1)
            b2 = fma(splat_two(NARROW, X, q + 2), v, b2)
            if f > 3:
                a3 = fma(splat_two(NARROW, X, p + 3), v, a3)
                a4 = fma(splat_two(NARROW, X, p + 4), v, a4)
                b3 = fma(splat_two(NARROW, X, q + 3), v, b3)
                b4 = fma(splat_two(NARROW, X, q + 4), v, b4)
            p += 2
            g += 2 * CO
        x += W
    _collect(a0, CO, D, d)
    _collect(a1, CO, D, d + CO)
    _collect(a2, CO, D, d + 2 * CO)
    if f > 3:
        _collect(a3, CO, D, d + 3 * CO)
        _collect(a4, CO, D, d + 4 * CO)
    if above == 0:  # the last row stands alone
        _collect(total, CO, DB, s)
        return
    d += below
    _collect(b0, CO, D, d)
    _collect(b1, CO, D, d + CO)
    _collect(b2, CO, D, d + 2 * CO)
    if f > 3:
        _collect(b3, CO, D, d + 3 * CO)
        _collect(b4, CO, D, d + 4 * CO)


@inlined
def _collect(a, CO, D, d):
    """Add both pixels' share of a weight's gradient to what there is."""
    store_first(D, d, add(load_first(HALF, D, d, CO), add(evens(a), odds(a))), CO)


@inlined
def _pairs_to_filters(tickets, jobs, size, X, G, D, DB):
    """Jobs are parts of the output rows, each with sums of its own."""
    _, H, W, _ = X.shape
    B, OH, OW, CO = G.shape
    f = known(size)
    job = begin(tickets)
    while job < jobs:
        row, end = B * OH * job // jobs, B * OH * (job + 1) // jobs
        while row < end:
            b, y = row // OH, row % OH
            rows = min(end - row, OH - y)
            for i in range(0, f, 2):
                _pairs_tile(
                    size, X, (b * H + y + i) * W, W if i + 1 < f else 0, W, G, row * OW * CO, CO,
                    OW // 2, rows, D, (job * f + i) * f * CO, f * CO, DB, job * CO,
                )  # fmt: skip
            row += rows
        job = draw(tickets, jobs)


@kernel
def _pairs3_to_filters(tickets, jobs, X, G, D, DB):
    _pairs_to_filters(tickets, jobs, _THREE, X, G, D, DB)


@kernel
def _pairs5_to_filters(tickets, jobs, X, G, D, DB):
    _pairs_to_filters(tickets, jobs, _FIVE, X, G, D, DB)


# ---- gradient to the filters: walk along the image ----------------------------------------------


@inlined
def _weight(k, steps, FWC):
    """Find what weight `k` of a filter sees, counted from the start of the patch."""
    _, _, length, run, row = steps
    return k // FWC * row + k % FWC // length * run + k % length


@inlined
def _filters_tile(width, X, x, xs, row_of_x, G, g, row_of_g, n, OW, rows, SWC, CO, D, ds):
    """Six weights times one block of filters, over some rows of output pixels."""
    x0, x1, x2, x3, x4, x5 = xs
    d0, d1, d2, d3, d4, d5 = ds
    a0 = zeros(width)
    a1 = a0
    a2 = a0
    a3 = a0
    a4 = a0
    a5 = a0
    for _ in range(rows):
        p = x
        q = g
        if n >= lanes(width):
            for _ in range(OW):
                v = load(width, G, q)
                a0 = fma(splat(width, at(X, p + x0)), v, a0)
                a1 = fma(splat(width, at(X, p + x1)), v, a1)
                a2 = fma(splat(width, at(X, p + x2)), v, a2)
                a3 = fma(splat(width, at(X, p + x3)), v, a3)
                a4 = fma(splat(width, at(X, p + x4)), v, a4)
                a5 = fma(splat(width, at(X, p + x5)), v, a5)
                p += SWC
                q += CO
        else:
            for _ in range(OW):
                v = load_first(width, G, q, n)
                a0 = fma(splat(width, at(X, p + x0)), v, a0)
                a1 = fma(splat(width, at(X, p + x1)), v, a1)
                a2 = fma(splat(width, at(X, p + x2)), v, a2)
                a3 = fma(splat(width, at(X, p + x3)), v, a3)
                a4 = fma(splat(width, at(X, p + x4)), v, a4)
                a5 = fma(splat(width, at(X, p + x5)), v, a5)
                p += SWC
                q += CO
        x += row_of_x
        g += row_of_g
    # the last tile may name its last weight several times: read all before writing any
    a0 = add(a0, load_first(width, D, d0, n))
    a1 = add(a1, load_first(width, D, d1, n))
    a2 = add(a2, load_first(width, D, d2, n))
    a3 = add(a3, load_first(width, D, d3, n))
    a4 = add(a4, load_first(width, D, d4, n))
    a5 = add(a5, load_first(width, D, d5, n))
    store_first(D, d0, a0, n)
    store_first(D, d1, a1, n)
    store_first(D, d2, a2, n)
    store_first(D, d3, a3, n)
    store_first(D, d4, a4, n)
    store_first(D, d5, a5, n)


_RUN = 10  # weights: with vectors of one register, six sums would leave a multiplier waiting


@inlined
def _ten(width, X, p, v, a):
    """Ten neighbouring weights, one output pixel."""
    a0, a1, a2, a3, a4, a5, a6, a7, a8, a9 = a
    return (
        fma(splat(width, at(X, p)), v, a0),
        fma(splat(width, at(X, p + 1)), v, a1),
        fma(splat(width, at(X, p + 2)), v, a2),
        fma(splat(width, at(X, p + 3)), v, a3),
        fma(splat(width, at(X, p + 4)), v, a4),
        fma(splat(width, at(X, p + 5)), v, a5),
        fma(splat(width, at(X, p + 6)), v, a6),
        fma(splat(width, at(X, p + 7)), v, a7),
        fma(splat(width, at(X, p + 8)), v, a8),
        fma(splat(width, at(X, p + 9)), v, a9),
    )


@inlined
def _run_tile(width, X, x, row_of_x, G, g, row_of_g, n, OW, rows, SWC, CO, D, d, done):
    """Ten neighbouring weights times one block of filters; the first `done` have their sums."""
    z = zeros(width)
    a = (z, z, z, z, z, z, z, z, z, z)
    for _ in range(rows):
        p = x
        q = g
        if n >= lanes(width):
            for _ in range(OW):
                a = _ten(width, X, p, load(width, G, q), a)
                p += SWC
                q += CO
        else:
            for _ in range(OW):
                a = _ten(width, X, p, load_first(width, G, q, n), a)
                p += SWC
                q += CO
        x += row_of_x
        g += row_of_g
    for k in range(done, _RUN):
        place = d + k * CO
        store_first(D, place, add(load_first(width, D, place, n), a[k]), n)


@inlined
def _runs_to_filters(tickets, jobs, X, G, D, DB, steps, stride, visit):
    """Jobs are parts of the output rows; rows of a filter are covered by runs of ten weights."""
    _, H, W, C = X.shape
    B, OH, OW, CO = G.shape
    SH, SW = stride
    FH, _, length, _, below = steps
    job = begin(tickets)
    while job < jobs:
        row, end = B * OH * job // jobs, B * OH * (job + 1) // jobs
        while row < end:
            b, y = row // OH, row % OH
            rows = min(visit, end - row, OH - y)
            x = (b * H + y * SH) * W * C
            g = row * OW * CO
            for i in range(FH):
                for k in range(0, length, _RUN):
                    first = min(k, length - _RUN)  # the last run overlaps the one before
                    _run_tile(
                        NARROW, X, x + i * below + first, SH * W * C, G, g, OW * CO, CO, OW, rows,
                        SW * C, CO, D, ((job * FH + i) * length + first) * CO, k - first,
                    )  # fmt: skip
            _bias_tile(NARROW, G, g, CO, rows * OW, CO, DB, job * CO)
            row += rows
        job = draw(tickets, jobs)


@kernel
def _to_filters_by_runs(tickets, jobs, X, G, D, DB, steps, stride, visit):
    _runs_to_filters(tickets, jobs, X, G, D, DB, steps, stride, visit)


@inlined
def _bias_tile(width, G, g, n, pixels, CO, D, d):
    """Add up the output gradients of some pixels."""
    a = zeros(width)
    for _ in range(pixels):
        a = add(a, load_first(width, G, g, n))
        g += CO
    store_first(D, d, add(a, load_first(width, D, d, n)), n)


@inlined
def _to_filters(tickets, jobs, width, X, G, D, DB, steps, stride, groups, visit):
    """Jobs are parts of the output rows times groups of tiles; each part has sums of its own."""
    _, H, W, C = X.shape
    B, OH, OW, CO = G.shape
    SH, SW = stride
    FH, runs, length, _, _ = steps
    L = lanes(width)
    FWC = runs * length
    K = FH * FWC
    tiles = (K + 5) // 6
    blocks = (CO + L - 1) // L
    parts = jobs // groups
    job = begin(tickets)
    while job < jobs:
        part, group = job // groups, job % groups
        row, end = B * OH * part // parts, B * OH * (part + 1) // parts
        while row < end:
            b, y = row // OH, row % OH
            rows = min(visit, end - row, OH - y)
            x = (b * H + y * SH) * W * C
            g = row * OW * CO
            for block in range(blocks):
                o = block * L
                for t in range(tiles * group // groups, tiles * (group + 1) // groups):
                    k0, k1, k2 = 6 * t, min(6 * t + 1, K - 1), min(6 * t + 2, K - 1)
                    k3, k4, k5 = min(6 * t + 3, K - 1), min(6 * t + 4, K - 1), min(6 * t + 5, K - 1)
                    xs = (
                        _weight(k0, steps, FWC), _weight(k1, steps, FWC), _weight(k2, steps, FWC),
                        _weight(k3, steps, FWC), _weight(k4, steps, FWC), _weight(k5, steps, FWC),
                    )  # fmt: skip
                    d = part * K * CO + o
                    ds = (
                        d + k0 * CO, d + k1 * CO, d + k2 * CO,
                        d + k3 * CO, d + k4 * CO, d + k5 * CO,
                    )  # fmt: skip
                    _filters_tile(
                        width, X, x, xs, SH * W * C, G, g + o, OW * CO, CO - o, OW, rows, SW * C,
                        CO, D, ds,
                    )  # fmt: skip
                if group == 0:
                    _bias_tile(width, G, g + o, CO - o, rows * OW, CO, DB, part * CO + o)
            row += rows
        job = draw(tickets, jobs)


@kernel
def _to_filters_wide(tickets, jobs, X, G, D, DB, steps, stride, groups, visit):
    _to_filters(tickets, jobs, WIDE, X, G, D, DB, steps, stride, groups, visit)


@kernel
def _to_filters_narrow(tickets, jobs, X, G, D, DB, steps, stride, groups, visit):
    _to_filters(tickets, jobs, NARROW, X, G, D, DB, steps, stride, groups, visit)


# ---- gradient to the images: walk along the filters, scatter to the patches ---------------------


@kernel
def _turn_filters(tickets, jobs, F, T):
    """Put the filters into the order in which the scatter reads them, a job for every run.

    F is (runs, length, CO); T is (runs, blocks, CO, L): L numbers of a patch row side by side.
    """
    _, length, CO = F.shape
    blocks = T.shape[1]
    L = lanes(WIDE)
    job = begin(tickets)
    while job < jobs:
        T[job, blocks - 1] = 0  # behind the end of the row
        for block in range(blocks):
            f, t = (job * length + block * L) * CO, (job * blocks + block) * CO * L
            transpose_into(F, f, L, CO, T, t, 0, min(L, length - block * L), 0, CO)
        job = draw(tickets, jobs)


@kernel
def _turn(tickets, jobs, F, T):
    """Turn the filters by half a turn, and exchange channels and filters; jobs are weights."""
    _, C, CO = F.shape
    job = begin(tickets)
    while job < jobs:
        f, t = job * C * CO, (jobs - 1 - job) * C * CO
        transpose_into(F, f, C, CO, T, t, 0, C, 0, CO)
        job = draw(tickets, jobs)


@inlined
def _scatter_tile(size, G, g, line, CO, T, t, D, d, step, n, pixels):
    """Sum what five or six pixels of a column hand back to one vector of their patches.

    The pixels lie `line` numbers apart, their patches `step`. The first `pixels` of them count.
    """
    six = known(size) == 6
    last = pixels - 1
    g1, g2, g3 = g + line * min(1, last), g + line * min(2, last), g + line * min(3, last)
    g4, g5 = g + line * min(4, last), g + line * min(5, last)
    a0 = zeros(WIDE)
    a1 = a0
    a2 = a0
    a3 = a0
    a4 = a0
    a5 = a0
    for o in range(CO):
        w = load(WIDE, T, t)
        a0 = fma(splat(WIDE, at(G, g + o)), w, a0)
        a1 = fma(splat(WIDE, at(G, g1 + o)), w, a1)
        a2 = fma(splat(WIDE, at(G, g2 + o)), w, a2)
        a3 = fma(splat(WIDE, at(G, g3 + o)), w, a3)
        a4 = fma(splat(WIDE, at(G, g4 + o)), w, a4)
        if six:
            a5 = fma(splat(WIDE, at(G, g5 + o)), w, a5)
        t += lanes(WIDE)
    store_first(D, d, add(load_first(WIDE, D, d, n), a0), n)
    if pixels > 1:
        d += step
        store_first(D, d, add(load_first(WIDE, D, d, n), a1), n)
    if pixels > 2:
        d += step
        store_first(D, d, add(load_first(WIDE, D, d, n), a2), n)
    if pixels > 3:
        d += step
        store_first(D, d, add(load_first(WIDE, D, d, n), a3), n)
    if pixels > 4:
        d += step
        store_first(D, d, add(load_first(WIDE, D, d, n), a4), n)
    if six and pixels > 5:
        d += step
        store_first(D, d, add(load_first(WIDE, D, d, n), a5), n)


@inlined
def _to_images(tickets, jobs, size, G, T, D, flat, steps, stride, frame):
    """Jobs are images: patches overlap, so one image is added up by one thread.

    The pixels of a tile lie below each other: one row of their patches then lies in as many rows of
    the image. Those of neighbours overlap, and each addition would wait for the one before.
    """
    _, H, W, C = D.shape
    _, OH, OW, CO = G.shape
    FH, runs, length, run, _ = steps
    SH, SW = stride
    top, left, FRH, FRW = frame
    blocks = T.shape[1]
    L = lanes(WIDE)
    framed = FRH != H or FRW != W
    S = flat
    if framed:
        S = np.empty(FRH * FRW * C, np.float32)
    numbers = FRH * FRW * C
    job = begin(tickets)
    while job < jobs:
        s = 0 if framed else job * numbers
        S[s : s + numbers] = 0
        for y in range(0, OH, known(size)):
            for i in range(FH):
                row = s + y * SH * FRW * C + i * steps[4]
                for x in range(OW):
                    g = ((job * OH + y) * OW + x) * CO
                    for j in range(runs):
                        for block in range(blocks):
                            _scatter_tile(
                                size, G, g, OW * CO, CO,
                                T, ((i * runs + j) * blocks + block) * CO * L,
                                S, row + x * SW * C + j * run + block * L, SH * FRW * C,
                                length - block * L, min(known(size), OH - y),
                            )  # fmt: skip
        if framed:
            for y in range(H):
                d = (job * H + y) * W * C
                p = ((y + top) * FRW + left) * C
                flat[d : d + W * C] = S[p : p + W * C]
        job = draw(tickets, jobs)


@kernel
def _to_images_by_six(tickets, jobs, G, T, D, flat, steps, stride, frame):
    _to_images(tickets, jobs, _SIX, G, T, D, flat, steps, stride, frame)


@kernel
def _to_images_by_five(tickets, jobs, G, T, D, flat, steps, stride, frame):
    _to_images(tickets, jobs, _FIVE, G, T, D, flat, steps, stride, frame)


# ---- the choice of a way, and the calls ---------------------------------------------------------


_BANKS = {
    (3, 3, True): _bank3_narrow,
    (3, 3, False): _bank3_wide,
    (5, 5, True): _bank5_narrow,
}
_PAIRS = {(3, 3): (_pairs3, _pairs3_to_filters), (5, 5): (_pairs5, _pairs5_to_filters)}


@lru_cache(maxsize=1024)
def _way(filters_shape, out_shape, stride, dilation):
    """Say which forward kernel is fastest: with `_gradient_way` the one place that decides.

    ``"picture"``: one filter, dense, stride 1; lanes along the row, so a row must fill a vector.
    ``"pairs"``: one channel, very few filters, dense, stride 1; two pixels in a vector.
    ``"bank"``: one channel, few filters; every weight in a register.
    ``"winograd"``: 3x3, dense, stride 1; mixing pays from 16 channels and 16 filters on.
    ``"tile"``: everything.
    """
    FH, FW, C, CO = filters_shape
    _, OH, OW, _ = out_shape
    sliding = stride == dilation == (1, 1)
    if sliding and CO == 1 and FH >= 3 and OH >= picture.ROWS and OW >= WIDE.lanes:
        return "picture"
    if sliding and C == 1 and CO <= HALF.lanes and (FH, FW) in _PAIRS and min(OH, OW) > 1:
        return "pairs"
    if (
        C == 1
        and dilation == (1, 1)
        and CO <= WIDE.lanes
        and (FH, FW, CO <= NARROW.lanes) in _BANKS
    ):
        return "bank"
    if sliding and FH == FW == 3 and min(C, CO) >= 16 and min(OH, OW) >= 4:
        return "winograd"
    return "tile"


@lru_cache(maxsize=1024)
def _gradient_way(filters_shape, out_shape, stride, dilation):
    """Say which kernel is fastest for the gradient to the filters.

    ``"winograd"``: where `_way` says so, as long as the tiles are many beside the filters, whose
    36 mixed numbers each are kept and mixed back.
    ``"pairs"``: where `_way` says so, if the pixels of a row make pairs.
    ``"runs"``: dense, few filters; ten neighbouring weights at a time.
    ``"tile"``: everything.
    """
    _, FW, C, CO = filters_shape
    B, OH, OW, _ = out_shape
    way = _way(filters_shape, out_shape, stride, dilation)
    if way == "pairs" and OW % 2 == 0:
        return "pairs"
    tiles = B * -(-OH // 4) * -(-OW // 4)
    few_filters = C * CO <= min(256 * 256, 256 * tiles) and tiles >= 64
    if few_filters and way == "winograd":
        return "winograd"
    if dilation[1] == 1 and CO <= NARROW.lanes and FW * C >= _RUN:
        return "runs"
    return "tile"


@lru_cache(maxsize=64)
def _zeros(count):
    return np.zeros(count, np.float32)


def _framed(images, padding):
    """Copy the images into a frame of zeros."""
    (top, bottom), (left, right) = padding
    if not (top or bottom or left or right):
        return images
    B, H, W, C = images.shape
    frame = empty((B, H + top + bottom, W + left + right, C))
    frame.fill(0)
    frame[:, top : top + H, left : left + W] = images
    return frame


def _steps(filters_shape, row, dilation):
    """Say how the tile walks along a patch: FH, runs a row, numbers a run, and the way between."""
    FH, FW, C, _ = filters_shape
    runs, length = (1, FW * C) if dilation[1] == 1 else (FW, C)
    return FH, runs, length, dilation[1] * C, dilation[0] * row


def conv2d(images, filters, bias, stride, padding, dilation, *, out=None, relu=False):
    """Slide every filter over every image; parameters as in `cnnlab.naive.convolution.conv2d`."""
    FH, FW, C, CO = filters.shape
    if out is None:
        out = empty(_output_shape(images, filters, stride, padding, dilation))
    way = _way(filters.shape, out.shape, stride, dilation)
    if way == "picture":
        picture.one_filter(images, filters, bias, padding, out, relu)
        return out
    start = _zeros(CO) if bias is None else bias
    if way == "winograd":
        winograd.conv2d(images, filters, start, padding[0][0], padding[1][0], out, relu)
        return out
    work = float(out.size) * FH * FW * C
    X = _framed(images, padding)
    F = filters.reshape(-1)
    if way == "pairs":
        twos = out.shape[0] * -(-out.shape[1] // 2)
        launch(_PAIRS[FH, FW][0], -(-twos // 4), work, X, F, start, out, relu)
        return out
    if way == "bank":
        bank = _BANKS[FH, FW, CO <= NARROW.lanes]
        launch(bank, -(-out.shape[0] * out.shape[1] // 8), work, X, F, start, out, stride, relu)
        return out
    narrow = CO <= NARROW.lanes
    blocks = -(-CO // (NARROW if narrow else WIDE).lanes)
    tiles = -(-out.size // (6 * CO))
    if tiles < 256 and blocks > 1:  # a small map: share out the filters
        groups, span = blocks, tiles
    else:
        groups, span = 1, min(64, max(8, -(-tiles // 16)))
    steps = _steps(filters.shape, X.shape[2] * C, dilation)
    if narrow:
        span = -(-span // 2)  # its tiles are twice as large
        jobs = -(-out.size // (12 * span * CO))
        launch(_forward_narrow, jobs, work, X, F, start, out, steps, stride, relu, span)
        return out
    launch(
        _forward_wide, -(-tiles // span) * groups, work,
        X, F, start, out, steps, stride, relu, groups, span,
    )  # fmt: skip
    return out


def conv2d_backward(
    grad_output, images, filters, stride, padding, dilation, *, images_gradient=True
):
    """Hand gradients back; parameters as in `cnnlab.naive.convolution.conv2d_backward`.

    Without `images_gradient` the first of the three results is None: the first layer of a network
    has nobody to hand it to.
    """
    grad_filters, grad_bias = _filters_gradient(
        grad_output, images, filters.shape, stride, padding, dilation
    )
    if not images_gradient:
        return None, grad_filters, grad_bias
    grad_images = _images_gradient(grad_output, images.shape, filters, stride, padding, dilation)
    return grad_images, grad_filters, grad_bias


def _filters_gradient(G, images, filters_shape, stride, padding, dilation):
    FH, FW, C, CO = filters_shape
    way = _gradient_way(filters_shape, G.shape, stride, dilation)
    if way == "winograd":
        gradients = winograd.filters_gradient(G, images, padding[0][0], padding[1][0])
        if gradients is not None:  # else NaN or infinity is about: directly, as the definition says
            return gradients
    X = _framed(images, padding)
    K = FH * FW * C
    # every part has sums of its own: as many as fit in 8 MB, so that the sums of a job stay near
    parts = max(1, min(8, G.shape[0] * G.shape[1], 2_000_000 // (K * CO)))
    groups = max(1, min(8 // parts, -(-K // 6)))
    D = np.zeros((parts, K * CO), np.float32)
    DB = np.zeros((parts, CO), np.float32)
    work = float(G.size) * K
    steps = _steps(filters_shape, X.shape[2] * C, dilation)
    visit = max(1, min(16, 1024 // G.shape[2]))
    if way == "pairs":
        launch(_PAIRS[FH, FW][1], parts, work, X, G, D, DB)
    elif way == "runs":
        launch(_to_filters_by_runs, parts, work, X, G, D, DB, steps, stride, visit)
    else:
        launch(
            _to_filters_narrow if CO <= NARROW.lanes else _to_filters_wide, parts * groups,
            work, X, G, D, DB, steps, stride, groups, visit,
        )  # fmt: skip
    total = D[0] if parts == 1 else D.sum(0)
    return total.reshape(filters_shape), DB.sum(0)


def _images_gradient(G, images_shape, filters, stride, padding, dilation):
    B, H, W, C = images_shape
    FH, FW, _, CO = filters.shape
    (top, bottom), (left, right) = padding
    frame = top, left, H + top + bottom, W + left + right
    D = empty(images_shape)
    if _way((FH, FW, CO, C), images_shape, stride, dilation) == "winograd":
        # handing back is a convolution of the gradients with the filters turned by half a turn
        turned = np.empty((FH, FW, CO, C), np.float32)
        launch(_turn, FH * FW, turned.size, filters.reshape(-1, C, CO), turned.reshape(-1, CO, C))
        winograd.conv2d(G, turned, _zeros(C), FH - 1 - top, FW - 1 - left, D, False)
        return D
    steps = _steps(filters.shape, frame[3] * C, dilation)
    _, runs, length, _, _ = steps
    L = WIDE.lanes
    T = np.empty((FH * runs, -(-length // L), CO, L), np.float32)
    launch(_turn_filters, FH * runs, T.size, filters.reshape(FH * runs, length, CO), T)
    # the taller tile, unless more of it would be empty than the other one costs more
    OH = G.shape[1]
    by_five = 5 * -(-OH // 5) < 0.95 * 6 * -(-OH // 6)
    launch(
        _to_images_by_five if by_five else _to_images_by_six, B, float(G.size) * FH * FW * C,
        G, T, D, D.reshape(-1), steps, stride, frame,
    )  # fmt: skip
    return D


def _output_shape(images, filters, stride, padding, dilation):
    B, H, W, _ = images.shape
    FH, FW, _, CO = filters.shape
    OH = (H + sum(padding[0]) - dilation[0] * (FH - 1) - 1) // stride[0] + 1
    OW = (W + sum(padding[1]) - dilation[1] * (FW - 1) - 1) // stride[1] + 1
    return B, OH, OW, CO
