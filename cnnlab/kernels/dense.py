"""Dense layers, forward and backward: mostly the convolution's register tile once more.

Axes: B batch, K inputs, N units; k and c walk along K and N, q along B. A dense layer is a
convolution with 1x1 filters whose pixels are the examples, so three of its four products go to
`cnnlab.kernels.convolution`:

- forward, few inputs: pixels = rows of the inputs, filters = weights;
- gradient to the weights: pixels = columns of the inputs, filters = `grad_output`;
- gradient to the inputs: pixels = rows of the weights, filters = columns of `grad_output`.

The fourth, forward with many inputs, would walk down columns of weights that no cache holds. Here
the weights stream past once, in the order they lie in memory: a block of DEPTH rows and WIDTH
columns at a time is cut into panels of one vector's width (256 kB together, in the second cache),
and against each panel (16 kB, in the first) goes every example. Their inputs are copied side by
side too: rows as long as a power of two would drive each other out of the cache. Each number of a
panel is loaded once for six examples: the convolution's tile.

One example alone is bound by memory whatever one does; it takes four rows of weights at a time.

Large layers are cut along K into slabs, each with sums of its own that are added up at the end.
Their number depends on the sizes alone, so the result does not depend on the threads. Twin of
`cnnlab.naive.dense`.
"""

import numpy as np

from cnnlab.buffers import empty
from cnnlab.kernels._jit import inlined, kernel
from cnnlab.kernels._threads import begin, draw, launch
from cnnlab.kernels.convolution import conv2d, no_bias
from cnnlab.kernels.tile import add_six, six
from cnnlab.kernels.transpose import transposed
from cnnlab.kernels.vector import (
    WIDE,
    at,
    fma,
    lanes,
    load,
    load_first,
    prefetch,
    splat,
    store,
    store_first,
    zeros,
)

__all__ = ["dense", "dense_backward"]

DEPTH = 128  # rows of weights in a panel
WIDTH = 512  # columns of weights in a row of panels
LINE = 16  # numbers in a line of the cache; one more a panel keeps panels out of step in it
AHEAD = 2048  # weights between the one that is read and the one that memory is asked for
SLAB = 1 << 18  # weights a job, if there are so many
SLABS = 8  # jobs at most: each has its own (B, N) sums
WEIGHT_WORK = 8  # reading one weight from memory takes as long as so many multiply-adds

_POINT = ((1, 1), ((0, 0), (0, 0)), (1, 1))  # stride, padding, dilation of a 1x1 convolution


@inlined
def _tile(X, depth, panel, p, Y, y, q0, q1, q2, q3, q4, q5, c, N):
    """Add to six examples' sums what `depth` inputs bring to a panel of units."""
    xs = (q0 * DEPTH, q1 * DEPTH, q2 * DEPTH, q3 * DEPTH, q4 * DEPTH, q5 * DEPTH)
    z = zeros(WIDE)
    a = (z, z, z, z, z, z)
    for r in range(depth):
        a = six(WIDE, X, xs, r, load(WIDE, panel, p), a)
        p += lanes(WIDE)
    y += c
    ys = (y + q0 * N, y + q1 * N, y + q2 * N, y + q3 * N, y + q4 * N, y + q5 * N)
    add_six(WIDE, Y, ys, N - c, a)


@inlined
def _fetch(W, w):
    """Have one vector of weights fetched that will be read soon."""
    for line in range(0, lanes(WIDE), LINE):
        prefetch(W, w + line)


@inlined
def _begin(Y, y, bias, B, N, first):
    """Start the sums of a slab: the first one with the biases, the others with zeros."""
    for q in range(B):
        for c in range(0, N, lanes(WIDE)):
            start = load_first(WIDE, bias, c, N - c) if first else zeros(WIDE)
            store_first(Y, y + q * N + c, start, N - c)


@kernel
def many_examples(tickets, jobs, X, W, bias, Y, P):
    B, K = X.shape
    N = W.shape[1]
    last = B - 1
    L = lanes(WIDE)
    near = np.empty(B * DEPTH, np.float32)
    job = begin(tickets)
    while job < jobs:
        y, panels = job * B * N, P.size // jobs * job
        _begin(Y, y, bias, B, N, job == 0)
        behind = K * (job + 1) // jobs
        for k in range(K * job // jobs, behind, DEPTH):
            depth = min(DEPTH, behind - k)
            for q in range(B):
                for r in range(0, depth, L):
                    store(near, q * DEPTH + r, load_first(WIDE, X, q * K + k + r, depth - r))
            for first in range(0, N, WIDTH):
                end = min(first + WIDTH, N)
                for r in range(depth):
                    for c in range(first, end, L):
                        w = (k + r) * N + c
                        _fetch(W, w + AHEAD)
                        p = panels + (c - first) // L * (DEPTH * L + LINE) + r * L
                        store(P, p, load_first(WIDE, W, w, N - c))
                for c in range(first, end, L):
                    p = panels + (c - first) // L * (DEPTH * L + LINE)
                    for q in range(0, B, 6):  # behind the last example comes the last one again
                        _tile(
                            near, depth, P, p, Y, y, q, min(q + 1, last), min(q + 2, last),
                            min(q + 3, last), min(q + 4, last), min(q + 5, last), c, N,
                        )  # fmt: skip
        job = draw(tickets, jobs)


@kernel
def one_example(tickets, jobs, X, W, bias, Y):
    K, N = W.shape
    L = lanes(WIDE)
    whole = N - N % L
    job = begin(tickets)
    while job < jobs:
        y = job * N
        _begin(Y, y, bias, 1, N, job == 0)
        k, behind = K * job // jobs, K * (job + 1) // jobs
        while k + 4 <= behind:
            x0, x1 = splat(WIDE, at(X, k)), splat(WIDE, at(X, k + 1))
            x2, x3 = splat(WIDE, at(X, k + 2)), splat(WIDE, at(X, k + 3))
            w0, w1, w2, w3 = k * N, (k + 1) * N, (k + 2) * N, (k + 3) * N
            for c in range(0, whole, L):
                if N < AHEAD:  # longer rows the processor foresees by itself
                    _fetch(W, w0 + c + AHEAD)
                    _fetch(W, w1 + c + AHEAD)
                    _fetch(W, w2 + c + AHEAD)
                    _fetch(W, w3 + c + AHEAD)
                a = load(WIDE, Y, y + c)
                a = fma(x0, load(WIDE, W, w0 + c), a)
                a = fma(x1, load(WIDE, W, w1 + c), a)
                a = fma(x2, load(WIDE, W, w2 + c), a)
                a = fma(x3, load(WIDE, W, w3 + c), a)
                store(Y, y + c, a)
            n = N - whole
            if n > 0:
                a = load_first(WIDE, Y, y + whole, n)
                a = fma(x0, load_first(WIDE, W, w0 + whole, n), a)
                a = fma(x1, load_first(WIDE, W, w1 + whole, n), a)
                a = fma(x2, load_first(WIDE, W, w2 + whole, n), a)
                a = fma(x3, load_first(WIDE, W, w3 + whole, n), a)
                store_first(Y, y + whole, a, n)
            k += 4
        while k < behind:
            x0 = splat(WIDE, at(X, k))
            for c in range(0, N, L):
                a = load_first(WIDE, Y, y + c, N - c)
                a = fma(x0, load_first(WIDE, W, k * N + c, N - c), a)
                store_first(Y, y + c, a, N - c)
            k += 1
        job = draw(tickets, jobs)


def dense(inputs, weights, bias=None, *, out=None):
    """Weigh all inputs of an example for every unit, and add the unit's bias."""
    B, K = inputs.shape
    N = weights.shape[1]
    if out is None:
        out = empty((B, N))
    if B > 1 and K <= 8 * DEPTH:
        conv2d(
            inputs.reshape(1, 1, B, K), weights.reshape(1, 1, K, N), bias, *_POINT,
            out=out.reshape(1, 1, B, N),
        )  # fmt: skip
        return out
    # No more slabs than keep their sums small beside the weights.
    slabs = max(1, min(SLABS, K * N // SLAB, K // (8 * B)))
    sums = out if slabs == 1 else empty((slabs, B, N))
    bias = no_bias(N) if bias is None else bias
    work = max(B, WEIGHT_WORK) * weights.size
    if B == 1:
        launch(one_example, slabs, work, inputs, weights, bias, sums.reshape(-1))
    else:
        panels = empty((slabs * WIDTH // WIDE.lanes * (DEPTH * WIDE.lanes + LINE),))
        launch(many_examples, slabs, work, inputs, weights, bias, sums.reshape(-1), panels)
    if slabs > 1:
        np.add.reduce(sums, axis=0, out=out)
    return out


def dense_backward(grad_output, inputs, weights, *, out=(None, None, None)):
    """Hand the gradient back: to the inputs, to the weights, to the biases."""
    B, K = inputs.shape
    N = weights.shape[1]
    grad_inputs, grad_weights, grad_bias = out
    grad_inputs = empty((B, K)) if grad_inputs is None else grad_inputs
    grad_weights = empty((K, N)) if grad_weights is None else grad_weights
    columns = empty((1, 1, K, B))
    conv2d(
        weights.reshape(1, 1, K, N), transposed(grad_output).reshape(1, 1, N, B), None, *_POINT,
        out=columns,
    )  # fmt: skip
    transposed(columns.reshape(K, B), out=grad_inputs)
    conv2d(
        transposed(inputs).reshape(1, 1, K, B), grad_output.reshape(1, 1, B, N), None, *_POINT,
        out=grad_weights.reshape(1, 1, K, N),
    )  # fmt: skip
    return grad_inputs, grad_weights, np.add.reduce(grad_output, axis=0, out=grad_bias)
