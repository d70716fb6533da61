"""One register tile, walked three ways: what a convolution is made of, forward and backward.

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
which is enough to keep both multipliers busy through the four cycles that each result takes. That
step is `six`; the sums are a tuple, and tuples of a kernel live in registers.

No patches are copied out ("im2col"). With the channels of a pixel side by side, one row of a patch
is ``FW * C`` numbers side by side, in the image as in the filter. And any six output pixels make a
tile: it may run over the end of a row of pixels, or of an image, so that small maps, strides
and batches need no code of their own. Padding is a copy of the image in a frame of zeros.

* **Forward**: the sums are six pixels by L filters; walk along the filter.
* **Gradient to the filters**: the sums are six weights by L filters; walk along the image.
* **Gradient to the images**: the sums are six pixels by L numbers of a patch row; walk along the
  filters, then add the sums to the patches, which overlap: each output pixel hands its gradient
  back to the patch it saw.

Axes: B batch, H W image rows and columns, C input channels, CO output channels, OH OW output rows
and columns, FH FW filter rows and columns; b y x c o i j along them. SH SW stride, DH DW dilation.
`cnnlab.kernels.convolution` calls what is here; `steps_along` says how a patch is walked.
"""

import numpy as np

from cnnlab.kernels._jit import inlined, kernel
from cnnlab.kernels._threads import begin, draw
from cnnlab.kernels.transpose import transpose_into
from cnnlab.kernels.vector import (
    NARROW,
    WIDE,
    Fixed,
    add,
    at,
    fma,
    known,
    lanes,
    load,
    load_first,
    relu,
    splat,
    store,
    store_first,
    zeros,
)

__all__ = [
    "add_bias_gradient",
    "add_six",
    "forward_narrow",
    "forward_wide",
    "pack",
    "six",
    "steps_along",
    "to_filters_narrow",
    "to_filters_wide",
    "to_images_by_five",
    "to_images_by_six",
    "turn_filters",
]


@inlined
def six(width, X, xs, r, w, sums):
    """Add six numbers, each `r` behind its place in `xs`, times one vector to six sums."""
    x0, x1, x2, x3, x4, x5 = xs
    a0, a1, a2, a3, a4, a5 = sums
    return (
        fma(splat(width, at(X, x0 + r)), w, a0),
        fma(splat(width, at(X, x1 + r)), w, a1),
        fma(splat(width, at(X, x2 + r)), w, a2),
        fma(splat(width, at(X, x3 + r)), w, a3),
        fma(splat(width, at(X, x4 + r)), w, a4),
        fma(splat(width, at(X, x5 + r)), w, a5),
    )


@inlined
def add_six(width, D, places, n, sums):
    """Add six sums, `n` numbers each, to what lies at `places`.

    The last tile may name its last place several times: all are read before any is written.
    """
    d0, d1, d2, d3, d4, d5 = places
    a0, a1, a2, a3, a4, a5 = sums
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


def steps_along(filters_shape, row, dilation):
    """Say how the tile walks along a patch: FH, runs a row, numbers a run, and the way between.

    `row` is the number of numbers in a row of the image; a run of numbers lies side by side.
    """
    FH, FW, C, _ = filters_shape
    runs, length = (1, FW * C) if dilation[1] == 1 else (FW, C)
    return FH, runs, length, dilation[1] * C, dilation[0] * row


# ---- forward: walk along the filter -------------------------------------------------------------


@inlined
def _patch(q, OH, OW, H, W, C, SH, SW):
    """Find where the patch of output pixel `q` starts in the images."""
    b, p = q // (OH * OW), q % (OH * OW)
    return ((b * H + p // OW * SH) * W + p % OW * SW) * C


@inlined
def pack(width, F, K, CO, c, P):
    """Copy one block of filters into the order in which the tile reads it; zeros past the last."""
    for k in range(K):
        store(P, k * lanes(width), load_first(width, F, k * CO + c, CO - c))


@inlined
def _put(width, O, qs, o, CO, sums, rectify):
    """Store the sums of six pixels for the filters from `o` on."""
    for n in range(6):
        a = relu(sums[n]) if rectify else sums[n]
        if CO - o >= lanes(width):
            store(O, qs[n] * CO + o, a)
        else:
            store_first(O, qs[n] * CO + o, a, CO - o)


@inlined
def _forward(tickets, jobs, width, X, F, bias, O, steps, stride, rectify, groups, span):
    """Jobs are spans of tiles times groups of filter blocks."""
    _, H, W, C = X.shape
    B, OH, OW, CO = O.shape
    FH, runs, length, run, below = steps
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
                pack(width, F, K, CO, o, P)
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
                a = (start, start, start, start, start, start)
                p = 0
                for i in range(FH):
                    for j in range(runs):
                        r = i * below + j * run
                        for _ in range(length):
                            a = six(width, X, (x0, x1, x2, x3, x4, x5), r, load(width, P, p), a)
                            p += L
                            r += 1
                _put(width, O, (q0, q1, q2, q3, q4, q5), o, CO, a, rectify)
                column += 6
                x0 += 6 * step
        job = draw(tickets, jobs)


@kernel
def forward_wide(tickets, jobs, X, F, bias, O, steps, stride, rectify, groups, span):
    """Convolve with many filters: six pixels, a wide vector of filters."""
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


@kernel
def forward_narrow(tickets, jobs, X, F, bias, O, steps, stride, rectify, span):
    """Convolve with few filters: jobs are spans of tiles of twelve pixels; one block of filters."""
    _, H, W, C = X.shape
    B, OH, OW, CO = O.shape
    FH, runs, length, run, below = steps
    L = lanes(NARROW)
    P = F
    if CO != L:
        P = np.empty(FH * runs * length * L, np.float32)
        pack(NARROW, F, FH * runs * length, CO, 0, P)
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
                        a = six(NARROW, X, (x0, x1, x2, x3, x4, x5), r, w, a)
                        b = six(NARROW, X, (x6, x7, x8, x9, xa, xb), r, w, b)
                        p += L
                        r += 1
            _put(NARROW, O, (q0, q1, q2, q3, q4, q5), 0, CO, a, rectify)
            _put(NARROW, O, (q6, q7, q8, q9, qa, qb), 0, CO, b, rectify)
        job = draw(tickets, jobs)


# ---- gradient to the filters: walk along the image ----------------------------------------------


@inlined
def _weight(k, steps, FWC):
    """Find what weight `k` of a filter sees, counted from the start of the patch."""
    _, _, length, run, row = steps
    return k // FWC * row + k % FWC // length * run + k % length


@inlined
def _filters_tile(width, X, x, xs, row_of_x, G, g, row_of_g, n, OW, rows, SWC, CO, D, ds):
    """Six weights times one block of filters, over some rows of output pixels."""
    z = zeros(width)
    a = (z, z, z, z, z, z)
    for _ in range(rows):
        p = x
        q = g
        if n >= lanes(width):
            for _ in range(OW):
                a = six(width, X, xs, p, load(width, G, q), a)
                p += SWC
                q += CO
        else:
            for _ in range(OW):
                a = six(width, X, xs, p, load_first(width, G, q, n), a)
                p += SWC
                q += CO
        x += row_of_x
        g += row_of_g
    add_six(width, D, ds, n, a)


@inlined
def add_bias_gradient(width, G, g, n, pixels, CO, D, d):
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
                    add_bias_gradient(width, G, g + o, CO - o, rows * OW, CO, DB, part * CO + o)
            row += rows
        job = draw(tickets, jobs)


@kernel
def to_filters_wide(tickets, jobs, X, G, D, DB, steps, stride, groups, visit):
    """Sum for many filters: six weights, a wide vector of filters."""
    _to_filters(tickets, jobs, WIDE, X, G, D, DB, steps, stride, groups, visit)


@kernel
def to_filters_narrow(tickets, jobs, X, G, D, DB, steps, stride, groups, visit):
    """Sum for few filters: six weights, a narrow vector of filters."""
    _to_filters(tickets, jobs, NARROW, X, G, D, DB, steps, stride, groups, visit)


# ---- gradient to the images: walk along the filters, scatter to the patches ---------------------


@kernel
def turn_filters(tickets, jobs, F, T):
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


@inlined
def _scatter_tile(size, G, g, line, CO, T, t, D, d, step, n, pixels):
    """Sum what five or six pixels of a column hand back to one vector of their patches.

    The pixels lie `line` numbers apart, their patches `step`. The first `pixels` of them count.
    """
    last = pixels - 1
    gs = (
        g, g + line * min(1, last), g + line * min(2, last), g + line * min(3, last),
        g + line * min(4, last), g + line * min(5, last),
    )  # fmt: skip
    z = zeros(WIDE)
    a = (z, z, z, z, z, z)
    for o in range(CO):
        a = six(WIDE, G, gs, o, load(WIDE, T, t), a)
        t += lanes(WIDE)
    for k in range(known(size)):  # of five nobody reads the sixth sum, and the compiler drops it
        if k < pixels:
            place = d + k * step
            store_first(D, place, add(load_first(WIDE, D, place, n), a[k]), n)


@inlined
def _to_images(tickets, jobs, size, G, T, D, flat, steps, stride, frame):
    """Jobs are images: patches overlap, so one image is added up by one thread.

    The pixels of a tile lie below each other: one row of their patches then lies in as many rows of
    the image. Those of neighbours overlap, and each addition would wait for the one before.
    """
    _, H, W, C = D.shape
    _, OH, OW, CO = G.shape
    FH, runs, length, run, below = steps
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
                row = s + y * SH * FRW * C + i * below
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


_FIVE, _SIX = Fixed(5), Fixed(6)


@kernel
def to_images_by_six(tickets, jobs, G, T, D, flat, steps, stride, frame):
    """Hand back from six rows of output pixels at a time."""
    _to_images(tickets, jobs, _SIX, G, T, D, flat, steps, stride, frame)


@kernel
def to_images_by_five(tickets, jobs, G, T, D, flat, steps, stride, frame):
    """Hand back from five: maps whose rows five divides leave six some empty tiles."""
    _to_images(tickets, jobs, _FIVE, G, T, D, flat, steps, stride, frame)
