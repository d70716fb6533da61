"""3x3 filters with a quarter of the multiplications: Winograd's F(4x4, 3x3).

Sixteen neighbouring outputs of a 3x3 filter take ``16 * 9 = 144`` multiplications a channel. They
can be had with 36: one for each pixel of the 6x6 patch they see. The patch d and the filter g are
first mixed, by additions and a few constants, into 36 numbers each; these are multiplied one by
one and added up over the channels; sixteen mixtures of the 36 sums are the outputs::

    output = A' [ (G g G') * (B' d B) ] A            ' transposed,  * number by number

The mixing is paid once per patch and channel and once per filter, the products for every pair of
them, so it pays when there are many channels *and* many filters. Adding up over the channels is a
matrix product for each of the 36 numbers, done by the six-by-L tile of `cnnlab.kernels.tile`.

The price is rounding: about 1e-5 of the largest output instead of 1e-6, since the constants differ
in size. And mixing would spread a NaN or an infinity over the whole patch: outputs that are not
finite are computed again directly.

Axes: B batch, H W image rows and columns, C input channels, CO output channels, OH OW output rows
and columns, TH TW tiles of four output rows and columns; z one of the 36 numbers. Left out: other
filter sizes, strides, dilation.

Source: Lavin and Gray 2016, *Fast algorithms for convolutional neural networks*, section 4.3.
"""

import numpy as np

from cnnlab.buffers import empty
from cnnlab.kernels._jit import inlined, kernel
from cnnlab.kernels._threads import begin, draw, launch
from cnnlab.kernels.tile import add_six, six
from cnnlab.kernels.transpose import transpose_into
from cnnlab.kernels.vector import (
    WIDE,
    add,
    any_lane,
    at,
    fma,
    is_nan,
    lanes,
    load,
    load_first,
    multiply,
    prefetch,
    relu,
    splat,
    store,
    store_first,
    subtract,
    zeros,
)

__all__ = ["conv2d", "filters_gradient", "images_gradient"]

_DEPTH = 128  # channels multiplied before moving on: their mixed filters fit in the second cache
# The 36 numbers of a patch or filter lie far apart; were the distance a power of two they would all
# compete for the same few lines of the cache. A line more keeps them out of step.
_LINE = 16


# ---- the three mixtures, one row or column at a time --------------------------------------------


@inlined
def _mix_pixels(d0, d1, d2, d3, d4, d5):
    """Mix six pixels into six numbers: B' d."""
    two, four = splat(WIDE, 2), splat(WIDE, 4)
    even = subtract(d4, multiply(four, d2))
    odd = subtract(d3, multiply(four, d1))
    small_even = subtract(d4, d2)
    small_odd = multiply(two, subtract(d3, d1))
    first = fma(four, d0, fma(splat(WIDE, -5), d2, d4))
    last = fma(four, d1, fma(splat(WIDE, -5), d3, d5))
    return (
        first,
        add(even, odd),
        subtract(even, odd),
        add(small_even, small_odd),
        subtract(small_even, small_odd),
        last,
    )


@inlined
def _mix_weights(g0, g1, g2):
    """Mix three weights into six numbers: G g."""
    sixth = splat(WIDE, -1 / 6)
    ends = multiply(sixth, add(g0, g2))
    middle = multiply(sixth, g1)
    far = fma(splat(WIDE, 1 / 24), g0, multiply(splat(WIDE, 1 / 6), g2))
    near = multiply(splat(WIDE, 1 / 12), g1)
    return (
        multiply(splat(WIDE, 0.25), g0),
        add(ends, middle),
        subtract(ends, middle),
        add(far, near),
        subtract(far, near),
        g2,
    )


@inlined
def _mix_sums(m0, m1, m2, m3, m4, m5):
    """Mix six sums into four outputs: A' m."""
    p, q = add(m1, m2), subtract(m1, m2)
    r, s = add(m3, m4), subtract(m3, m4)
    return (
        add(m0, add(p, r)),
        fma(splat(WIDE, 2), s, q),
        fma(splat(WIDE, 4), r, p),
        add(fma(splat(WIDE, 8), s, q), m5),
    )


@inlined
def _mix_gradients(y0, y1, y2, y3):
    """Mix four output gradients into six numbers: A y."""
    two, four = splat(WIDE, 2), splat(WIDE, 4)
    even, odd = add(y0, y2), add(y1, y3)
    far_even = fma(four, y2, y0)
    far_odd = multiply(two, fma(four, y3, y1))
    return (
        y0,
        add(even, odd),
        subtract(even, odd),
        add(far_even, far_odd),
        subtract(far_even, far_odd),
        y3,
    )


# ---- patches, filters and outputs ---------------------------------------------------------------


@inlined
def _row(X, q, y, H, pitch, n):
    """Load one pixel of a column of the patch; zeros above and below the image."""
    return load_first(WIDE, X, q + max(0, min(H - 1, y)) * pitch, n if 0 <= y < H else 0)


@inlined
def _fetch_column(X, q, pitch):
    """Have a column of a patch fetched that will be read soon."""
    for i in range(6):
        for line in range(0, lanes(WIDE), _LINE):
            prefetch(X, q + i * pitch + line)


@inlined
def _mix_patches(X, top, left, TH, TW, first, end, T, V, v, step):
    """Mix the patches of tiles ``first .. end``; a patch's number z goes to ``V[v + z * step]``."""
    _, H, W, C = X.shape
    L = lanes(WIDE)
    pitch = W * C
    for t in range(first, end):
        b = t // (TH * TW)
        y = 4 * (t % (TH * TW) // TW) - top
        x = 4 * (t % TW) - left
        inside = 0 <= y and y + 6 <= H and 0 <= x and x + 6 <= W and C % L == 0
        for c in range(0, C, L):
            for j in range(6):
                if inside:
                    q = ((b * H + y) * W + x + j) * C + c
                    if j >= 2:  # the next tile begins four pixels on, with two of these columns
                        _fetch_column(X, q + 4 * C, pitch)
                    e0, e1, e2, e3, e4, e5 = _mix_pixels(
                        load(WIDE, X, q), load(WIDE, X, q + pitch),
                        load(WIDE, X, q + 2 * pitch), load(WIDE, X, q + 3 * pitch),
                        load(WIDE, X, q + 4 * pitch), load(WIDE, X, q + 5 * pitch),
                    )  # fmt: skip
                else:
                    q = (b * H * W + max(0, min(W - 1, x + j))) * C + c
                    n = C - c if 0 <= x + j < W else 0
                    e0, e1, e2, e3, e4, e5 = _mix_pixels(
                        _row(X, q, y, H, pitch, n), _row(X, q, y + 1, H, pitch, n),
                        _row(X, q, y + 2, H, pitch, n), _row(X, q, y + 3, H, pitch, n),
                        _row(X, q, y + 4, H, pitch, n), _row(X, q, y + 5, H, pitch, n),
                    )  # fmt: skip
                store(T, j * L, e0)
                store(T, (6 + j) * L, e1)
                store(T, (12 + j) * L, e2)
                store(T, (18 + j) * L, e3)
                store(T, (24 + j) * L, e4)
                store(T, (30 + j) * L, e5)
            for i in range(6):
                s = 6 * i * L
                e0, e1, e2, e3, e4, e5 = _mix_pixels(
                    load(WIDE, T, s), load(WIDE, T, s + L), load(WIDE, T, s + 2 * L),
                    load(WIDE, T, s + 3 * L), load(WIDE, T, s + 4 * L), load(WIDE, T, s + 5 * L),
                )  # fmt: skip
                d = v + 6 * i * step + (t - first) * C + c
                store_first(V, d, e0, C - c)
                store_first(V, d + step, e1, C - c)
                store_first(V, d + 2 * step, e2, C - c)
                store_first(V, d + 3 * step, e3, C - c)
                store_first(V, d + 4 * step, e4, C - c)
                store_first(V, d + 5 * step, e5, C - c)


@inlined
def _mix_filters(F, C, CO, o, first, end, P, T, U, u, step):
    """Mix channels ``first .. end`` of one block of filters, as `_mix_patches` does patches.

    The nine weights of a channel lie so far apart, often by a power of two, that they would drive
    each other out of the cache: they are copied together first, to P.
    """
    L = lanes(WIDE)
    size = (end - first) * L
    for k in range(9):
        f = (k * C + first) * CO + o
        for c in range(end - first):
            store(P, k * size + c * L, load_first(WIDE, F, f + c * CO, CO - o))
    for c in range(first, end):
        p = (c - first) * L
        for j in range(3):
            e0, e1, e2, e3, e4, e5 = _mix_weights(
                load(WIDE, P, p + j * size),
                load(WIDE, P, p + (3 + j) * size),
                load(WIDE, P, p + (6 + j) * size),
            )
            store(T, j * L, e0)
            store(T, (3 + j) * L, e1)
            store(T, (6 + j) * L, e2)
            store(T, (9 + j) * L, e3)
            store(T, (12 + j) * L, e4)
            store(T, (15 + j) * L, e5)
        d = u + (c - first) * L
        for i in range(6):
            s = 3 * i * L
            e0, e1, e2, e3, e4, e5 = _mix_weights(
                load(WIDE, T, s), load(WIDE, T, s + L), load(WIDE, T, s + 2 * L)
            )
            store(U, d, e0)
            store(U, d + step, e1)
            store(U, d + 2 * step, e2)
            store(U, d + 3 * step, e3)
            store(U, d + 4 * step, e4)
            store(U, d + 5 * step, e5)
            d += 6 * step


@inlined
def _multiply(V, v, C, depth, U, u, M, m, pitch, tiles, more):
    """Add up over `depth` channels: all patches times one block of filters, for one z."""
    for t in range(0, tiles, 6):
        last = tiles - 1 - t
        t1, t2, t3, t4, t5 = min(1, last), min(2, last), min(3, last), min(4, last), min(5, last)
        x = v + t * C
        xs = (x, x + t1 * C, x + t2 * C, x + t3 * C, x + t4 * C, x + t5 * C)
        s = m + t * pitch
        sums = (s, s + t1 * pitch, s + t2 * pitch, s + t3 * pitch, s + t4 * pitch, s + t5 * pitch)
        z = zeros(WIDE)
        a = (z, z, z, z, z, z)
        p = u
        for k in range(depth):
            a = six(WIDE, V, xs, k, load(WIDE, U, p), a)
            p += lanes(WIDE)
        if more:
            add_six(WIDE, M, sums, lanes(WIDE), a)
        else:
            for n in range(6):
                store(M, sums[n], a[n])


@inlined
def _finish(a, start, rectify, O, q, n, check):
    """Store one vector of outputs; `check` turns NaN if one of them is not finite."""
    a = add(a, start)
    check = fma(a, zeros(WIDE), check)
    if rectify:
        a = relu(a)
    store_first(O, q, a, n)
    return check


@inlined
def _outputs(M, m, step, pitch, X, F, top, left, bias, o, rectify, O, TH, TW, first, end, T):
    """Turn the sums of tiles ``first .. end`` for one block of filters into outputs."""
    _, OH, OW, CO = O.shape
    L = lanes(WIDE)
    n = CO - o
    start = load_first(WIDE, bias, o, n)
    for t in range(first, end):
        b = t // (TH * TW)
        y = t % (TH * TW) // TW * 4
        x = t % TW * 4
        p = m + (t - first) * pitch
        for j in range(6):
            e0, e1, e2, e3 = _mix_sums(
                load(WIDE, M, p + j * step), load(WIDE, M, p + (6 + j) * step),
                load(WIDE, M, p + (12 + j) * step), load(WIDE, M, p + (18 + j) * step),
                load(WIDE, M, p + (24 + j) * step), load(WIDE, M, p + (30 + j) * step),
            )  # fmt: skip
            store(T, j * L, e0)
            store(T, (6 + j) * L, e1)
            store(T, (12 + j) * L, e2)
            store(T, (18 + j) * L, e3)
        check = zeros(WIDE)
        for i in range(min(4, OH - y)):
            s = 6 * i * L
            e0, e1, e2, e3 = _mix_sums(
                load(WIDE, T, s), load(WIDE, T, s + L), load(WIDE, T, s + 2 * L),
                load(WIDE, T, s + 3 * L), load(WIDE, T, s + 4 * L), load(WIDE, T, s + 5 * L),
            )  # fmt: skip
            q = ((b * OH + y + i) * OW + x) * CO + o
            check = _finish(e0, start, rectify, O, q, n, check)
            if x + 1 < OW:
                check = _finish(e1, start, rectify, O, q + CO, n, check)
            if x + 2 < OW:
                check = _finish(e2, start, rectify, O, q + 2 * CO, n, check)
            if x + 3 < OW:
                check = _finish(e3, start, rectify, O, q + 3 * CO, n, check)
        if any_lane(is_nan(check)):
            _directly(X, F, top, left, start, o, rectify, O, b, y, x)


@inlined
def _fetch_outputs(O, o, TH, TW, first, end, share):
    """Have the outputs of tiles ``first .. end`` brought near, one of 36 shares of them.

    What is written must be fetched first, for want of its whole line; while products are added up
    memory has nothing else to do.
    """
    _, OH, OW, CO = O.shape
    rows = 4 * (end - first)
    for r in range(rows * share // 36, rows * (share + 1) // 36):
        t = first + r // 4
        b = t // (TH * TW)
        y = min(OH - 1, t % (TH * TW) // TW * 4 + r % 4)
        q = ((b * OH + y) * OW + t % TW * 4) * CO + o
        for _ in range(4):
            for line in range(0, lanes(WIDE), _LINE):
                prefetch(O, q + line)
            prefetch(O, q + lanes(WIDE) - 1)  # a vector seldom begins where a line does
            q += CO


@inlined
def _directly(X, F, top, left, start, o, rectify, O, b, y0, x0):
    """Compute one tile of outputs as the definition says: where NaN or infinity is about."""
    _, H, W, C = X.shape
    _, OH, OW, CO = O.shape
    for y in range(y0, min(y0 + 4, OH)):
        for x in range(x0, min(x0 + 4, OW)):
            a = start
            for i in range(3):
                for j in range(3):
                    row, column = y + i - top, x + j - left
                    if 0 <= row < H and 0 <= column < W:
                        for c in range(C):
                            pixel = splat(WIDE, at(X, ((b * H + row) * W + column) * C + c))
                            f = ((i * 3 + j) * C + c) * CO + o
                            a = fma(pixel, load_first(WIDE, F, f, CO - o), a)
            if rectify:
                a = relu(a)
            store_first(O, ((b * OH + y) * OW + x) * CO + o, a, CO - o)


# ---- forward: jobs of tiles where there are many, jobs of filters where there are few -----------


@kernel
def _mixed_filters(tickets, jobs, F, U):
    """U (36, blocks * C * L + a line): a job for each block of filters."""
    _, _, C, CO = F.shape
    L = lanes(WIDE)
    T = np.empty(18 * L, np.float32)
    P = np.empty(9 * C * L, np.float32)
    job = begin(tickets)
    while job < jobs:
        _mix_filters(F, C, CO, job * L, 0, C, P, T, U, job * C * L, U.shape[1])
        job = draw(tickets, jobs)


@kernel
def _by_tiles(tickets, jobs, X, U, F, bias, O, top, left, rectify, span):
    """Many tiles: a job takes `span` of them through all three steps."""
    B, OH, OW, CO = O.shape
    C = X.shape[3]
    L = lanes(WIDE)
    TH, TW = (OH + 3) // 4, (OW + 3) // 4
    T = np.empty(36 * L, np.float32)
    v, m = span * C + _LINE, span * L + _LINE
    V = np.empty(36 * v, np.float32)
    M = np.empty(36 * m, np.float32)
    job = begin(tickets)
    while job < jobs:
        first, end = job * span, min(B * TH * TW, (job + 1) * span)
        _mix_patches(X, top, left, TH, TW, first, end, T, V, 0, v)
        for block in range((CO + L - 1) // L):
            for z in range(36):
                _fetch_outputs(O, block * L, TH, TW, first, end, z)
                u = z * U.shape[1] + block * C * L
                _multiply(V, z * v, C, C, U, u, M, z * m, L, end - first, False)
            _outputs(
                M, 0, m, L, X, F, top, left, bias, block * L, rectify, O, TH, TW, first,
                end, T,
            )  # fmt: skip
        job = draw(tickets, jobs)


@kernel
def _mixed_patches(tickets, jobs, X, V, top, left, TH, TW, span):
    """V (36, tiles * C + a line): a job for each `span` of tiles."""
    C = X.shape[3]
    tiles = X.shape[0] * TH * TW
    T = np.empty(36 * lanes(WIDE), np.float32)
    job = begin(tickets)
    while job < jobs:
        first, end = job * span, min(tiles, (job + 1) * span)
        _mix_patches(X, top, left, TH, TW, first, end, T, V, first * C, V.shape[1])
        job = draw(tickets, jobs)


@kernel
def _by_filters(tickets, jobs, X, V, F, bias, O, top, left, rectify, depth):
    """Few tiles, many filters: a job takes one block of filters over all tiles."""
    _, OH, OW, CO = O.shape
    C = X.shape[3]
    L = lanes(WIDE)
    TH, TW = (OH + 3) // 4, (OW + 3) // 4
    tiles = X.shape[0] * TH * TW
    T = np.empty(36 * L, np.float32)
    u, m = depth * L + _LINE, tiles * L + _LINE
    U = np.empty(36 * u, np.float32)
    M = np.empty(36 * m, np.float32)
    P = np.empty(9 * depth * L, np.float32)
    job = begin(tickets)
    while job < jobs:
        for c in range(0, C, depth):
            end = min(C, c + depth)
            _mix_filters(F, C, CO, job * L, c, end, P, T, U, 0, u)
            for z in range(36):
                if end == C:
                    _fetch_outputs(O, job * L, TH, TW, 0, tiles, z)
                _multiply(V, z * V.shape[1] + c, C, end - c, U, z * u, M, z * m, L, tiles, c > 0)
        _outputs(M, 0, m, L, X, F, top, left, bias, job * L, rectify, O, TH, TW, 0, tiles, T)
        job = draw(tickets, jobs)


def conv2d(images, filters, bias, top, left, out, rectify):
    """Slide 3x3 filters with stride 1; `top` and `left` zeros, others wherever `out` asks."""
    C, CO = filters.shape[2:]
    B, OH, OW, _ = out.shape
    L = WIDE.lanes
    blocks = -(-CO // L)
    TH, TW = -(-OH // 4), -(-OW // 4)
    tiles = B * TH * TW
    work = 36.0 * tiles * C * CO
    if tiles <= 256 and blocks >= 4:
        V = empty((36, tiles * C + _LINE))
        span = max(1, min(24, tiles // 8))
        launch(_mixed_patches, -(-tiles // span), work, images, V, top, left, TH, TW, span)
        launch(_by_filters, blocks, work, images, V, filters, bias, out, top, left, rectify, _DEPTH)
    else:
        U = empty((36, blocks * C * L + _LINE))
        launch(_mixed_filters, blocks, 100.0 * C * CO, filters, U)
        # the mixed patches of a job should stay in the second cache
        span = max(12, min(24, 3000 // C // 6 * 6, -(-tiles // 16)))
        launch(
            _by_tiles, -(-tiles // span), work, images, U, filters, bias, out, top, left, rectify,
            span,
        )  # fmt: skip


# ---- gradient to the images: the filters turned by half a turn slide over the gradients ----------


@kernel
def _turn(tickets, jobs, F, T):
    """Turn filters by half a turn, exchange channels and filters; jobs are the nine weights."""
    _, C, CO = F.shape
    job = begin(tickets)
    while job < jobs:
        f, t = job * C * CO, (jobs - 1 - job) * C * CO
        transpose_into(F, f, C, CO, T, t, 0, C, 0, CO)
        job = draw(tickets, jobs)


def images_gradient(grad_output, filters, no_bias, top, left, out):
    """Hand back gradients through 3x3 filters; `top` and `left` zeros were added forward."""
    C, CO = filters.shape[2:]
    turned = np.empty((3, 3, CO, C), np.float32)
    launch(_turn, 9, turned.size, filters.reshape(9, C, CO), turned.reshape(9, CO, C))
    conv2d(grad_output, turned, no_bias, 2 - top, 2 - left, out, False)


# ---- gradient to the filters: G' [ sum over tiles of (B' d B) * (A y A') ] G --------------------


@inlined
def _gradient_pixel(G, q, n, inside):
    return load_first(WIDE, G, q, n if inside else 0)


@inlined
def _mix_output_gradients(G, TH, TW, first, end, T, Q, step, pitch, DB, db):
    """Mix the output gradients of tiles ``first .. end``, and add them up for the bias."""
    _, OH, OW, CO = G.shape
    L = lanes(WIDE)
    for t in range(first, end):
        b = t // (TH * TW)
        y = t % (TH * TW) // TW * 4
        x = t % TW * 4
        for o in range(0, CO, L):
            summed = zeros(WIDE)
            for j in range(4):
                n = CO - o if x + j < OW else 0
                q = ((b * OH + y) * OW + min(x + j, OW - 1)) * CO + o
                y0 = _gradient_pixel(G, q, n, True)
                y1 = _gradient_pixel(G, q + OW * CO, n, y + 1 < OH)
                y2 = _gradient_pixel(G, q + 2 * OW * CO, n, y + 2 < OH)
                y3 = _gradient_pixel(G, q + 3 * OW * CO, n, y + 3 < OH)
                summed = add(summed, add(add(y0, y1), add(y2, y3)))
                e0, e1, e2, e3, e4, e5 = _mix_gradients(y0, y1, y2, y3)
                store(T, j * L, e0)
                store(T, (6 + j) * L, e1)
                store(T, (12 + j) * L, e2)
                store(T, (18 + j) * L, e3)
                store(T, (24 + j) * L, e4)
                store(T, (30 + j) * L, e5)
            store_first(DB, db + o, add(load_first(WIDE, DB, db + o, CO - o), summed), CO - o)
            for i in range(6):
                s = 6 * i * L
                e0, e1, e2, e3, e4, e5 = _mix_gradients(
                    load(WIDE, T, s), load(WIDE, T, s + L), load(WIDE, T, s + 2 * L),
                    load(WIDE, T, s + 3 * L),
                )  # fmt: skip
                d = 6 * i * step + (t - first) * pitch + o
                store(Q, d, e0)
                store(Q, d + step, e1)
                store(Q, d + 2 * step, e2)
                store(Q, d + 3 * step, e3)
                store(Q, d + 4 * step, e4)
                store(Q, d + 5 * step, e5)


@inlined
def _gradient_tile(V, v, C, c, Q, q, pitch, tiles, D, d):
    """Six channels times one block of filters, added up over the tiles."""
    last = C - 1 - c
    k1, k2, k3, k4, k5 = min(1, last), min(2, last), min(3, last), min(4, last), min(5, last)
    z = zeros(WIDE)
    a = (z, z, z, z, z, z)
    v += c
    for _ in range(tiles):
        a = six(WIDE, V, (0, k1, k2, k3, k4, k5), v, load(WIDE, Q, q), a)
        q += pitch
        v += C
    d += c * pitch
    ds = (
        d, d + k1 * pitch, d + k2 * pitch, d + k3 * pitch, d + k4 * pitch, d + k5 * pitch,
    )  # fmt: skip
    add_six(WIDE, D, ds, lanes(WIDE), a)


@kernel
def _to_filters(tickets, jobs, X, G, D, DB, top, left, span):
    """D (parts, 36, C, blocks * L): jobs are parts of the tiles, each with sums of its own."""
    B, OH, OW, CO = G.shape
    C = X.shape[3]
    L = lanes(WIDE)
    pitch = D.shape[3]
    TH, TW = (OH + 3) // 4, (OW + 3) // 4
    tiles = B * TH * TW
    T = np.empty(36 * L, np.float32)
    v, q = span * C + _LINE, span * pitch + _LINE
    V = np.empty(36 * v, np.float32)
    Q = np.empty(36 * q, np.float32)
    job = begin(tickets)
    while job < jobs:
        stop = tiles * (job + 1) // jobs
        for first in range(tiles * job // jobs, stop, span):
            end = min(stop, first + span)
            _mix_patches(X, top, left, TH, TW, first, end, T, V, 0, v)
            _mix_output_gradients(G, TH, TW, first, end, T, Q, q, pitch, DB, job * CO)
            for z in range(36):
                for o in range(0, pitch, L):
                    for c in range(0, C, 6):
                        _gradient_tile(
                            V, z * v, C, c, Q, z * q + o, pitch, end - first,
                            D, (job * 36 + z) * C * pitch + o,
                        )  # fmt: skip
        job = draw(tickets, jobs)


_WEIGHT_MIX = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    np.float32,
)


def filters_gradient(grad_output, images, top, left):
    """Compute the gradients to 3x3 filters and to the bias, or None if they are not finite."""
    C, CO = images.shape[3], grad_output.shape[3]
    B, OH, OW, _ = grad_output.shape
    L = WIDE.lanes
    pitch = -(-CO // L) * L
    tiles = B * -(-OH // 4) * -(-OW // 4)
    parts = max(1, min(8, tiles // 12, 2_400_000 // (36 * C * pitch)))
    D = np.zeros((parts, 36, C, pitch), np.float32)
    DB = np.zeros((parts, CO), np.float32)
    launch(_to_filters, parts, 36.0 * tiles * C * CO, images, grad_output, D, DB, top, left, 24)
    mixed = D.sum(0).reshape(6, 6, C * pitch)
    gradient = np.einsum("zi,yj,zyk->ijk", _WEIGHT_MIX, _WEIGHT_MIX, mixed, optimize=True)
    gradient = np.ascontiguousarray(gradient.reshape(3, 3, C, pitch)[..., :CO])
    return (gradient, DB.sum(0)) if np.isfinite(gradient).all() else None
