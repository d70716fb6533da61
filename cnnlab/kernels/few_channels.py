"""Few channels or few filters: what the tile would leave idle is filled in three ways.

The tile of `cnnlab.kernels.tile` gives every lane a filter of its own, and every pixel it loads
meets a vector of weights that is loaded too. Where there is little to share, other ways are faster:

* **bank**: one channel, so few weights that all stay in registers; only pixels are loaded;
* **pairs**: one channel, very few filters; two neighbouring pixels lie side by side in a vector;
* **runs**: the gradient to few filters, ten neighbouring weights at a time.

`cnnlab.kernels.convolution` says which takes which. Axes as in the tile; f is the side of a square
filter. One filter alone has its own kernel, in `cnnlab.kernels.picture`.
"""

import numpy as np

from cnnlab.kernels._jit import inlined, kernel
from cnnlab.kernels._threads import begin, draw
from cnnlab.kernels.tile import add_bias_gradient, pack
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

__all__ = ["BANKS", "PAIRS", "RUN", "to_filters_by_runs"]

_THREE, _FIVE = Fixed(3), Fixed(5)

# ---- bank: every weight stays in a register -----------------------------------------------------


@inlined
def _bank(tickets, jobs, width, size, X, F, bias, O, stride, rectify):
    """Jobs are eight rows of output pixels; only pixels are loaded on the way along a row."""
    _, H, W, _ = X.shape
    _, OH, OW, CO = O.shape
    SH, SW = stride
    f = known(size)
    P = np.empty(f * f * lanes(width), np.float32)
    pack(width, F, f * f, CO, 0, P)
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


BANKS = {  # by the size of the filters, and whether a narrow vector holds one weight of each
    (3, 3, True): _bank3_narrow,
    (3, 3, False): _bank3_wide,
    (5, 5, True): _bank5_narrow,
}


# ---- pairs: two neighbouring pixels side by side in a vector ------------------------------------
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


PAIRS = {(3, 3): (_pairs3, _pairs3_to_filters), (5, 5): (_pairs5, _pairs5_to_filters)}


# ---- runs: the gradient to ten neighbouring weights at a time -----------------------------------

RUN = 10  # weights: with vectors of one register, six sums would leave a multiplier waiting


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
    for k in range(done, RUN):
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
                for k in range(0, length, RUN):
                    first = min(k, length - RUN)  # the last run overlaps the one before
                    _run_tile(
                        NARROW, X, x + i * below + first, SH * W * C, G, g, OW * CO, CO, OW, rows,
                        SW * C, CO, D, ((job * FH + i) * length + first) * CO, k - first,
                    )  # fmt: skip
            add_bias_gradient(NARROW, G, g, CO, rows * OW, CO, DB, job * CO)
            row += rows
        job = draw(tickets, jobs)


@kernel
def to_filters_by_runs(tickets, jobs, X, G, D, DB, steps, stride, visit):
    """Sum for few filters: ten neighbouring weights, a narrow vector of filters."""
    _runs_to_filters(tickets, jobs, X, G, D, DB, steps, stride, visit)
