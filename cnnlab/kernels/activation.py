"""Activations and their slopes. Axes: any; softmax works along the last, maxout in groups of it.

Memory is what limits these: each number is read once and written once, while the vector unit could
do thirty multiplications on it. So the work is cut into chunks that threads draw, every function
is computed on whole vectors (see `_exponential`), and the slopes come from the output, so that one
array is kept and not two. Five functions share a kernel; which of them it is costs one well
predicted branch a vector, and saves compiling eight more kernels.

`out` may be the very array that comes in (as may `grad_output`): a vector is read before it is
written. Twin of `cnnlab.naive.activation`.
"""

import numpy as np
from numba import float32

from cnnlab.buffers import empty
from cnnlab.kernels import vector
from cnnlab.kernels._exponential import exp, exp_minus_one
from cnnlab.kernels._jit import inlined, kernel
from cnnlab.kernels._threads import begin, draw, launch
from cnnlab.kernels.vector import (
    WIDE,
    add,
    divide,
    fma,
    greater,
    is_nan,
    lanes,
    load,
    load_first,
    multiply,
    select,
    splat,
    store,
    store_first,
    subtract,
    total,
    zeros,
)

__all__ = [
    "elu",
    "elu_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "maxout",
    "maxout_backward",
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "tanh",
    "tanh_backward",
]

RELU, LEAKY_RELU, ELU, SIGMOID, TANH = range(5)

CHUNK = 1 << 14  # numbers a job: 64 kB in, 64 kB out
WORK = 16  # one number, read and written, takes as long as so many multiply-adds
ROWS_WORK = 1 << 12  # numbers a job of softmax or maxout, at least one row


# ---- element by element -------------------------------------------------------------------------


@inlined
def _value(function, x, parameter):
    """Apply one of the five functions to a vector."""
    zero, one = zeros(WIDE), splat(WIDE, float32(1))
    positive = greater(x, zero)
    if function == RELU:
        return vector.relu(x)
    if function == LEAKY_RELU:
        return select(positive, x, multiply(splat(WIDE, parameter), x))
    if function == ELU:
        return select(positive, x, multiply(splat(WIDE, parameter), exp_minus_one(WIDE, x)))
    # The rest is symmetric: computed on -abs(x), where exp cannot overflow.
    downward = select(positive, subtract(zero, x), x)
    if function == SIGMOID:
        small = exp(WIDE, downward)
        return divide(select(positive, one, small), add(one, small))
    # tanh(x) = (exp(2x) - 1) / (exp(2x) + 1), odd; x itself where it is 0 keeps the sign of -0.
    fall = exp_minus_one(WIDE, add(downward, downward))
    squashed = divide(fall, add(fall, splat(WIDE, float32(2))))
    return select(positive, subtract(zero, squashed), select(greater(zero, x), squashed, x))


@inlined
def _through(function, grad, output, parameter):
    """Multiply a vector of gradients by the slope, which `output` tells."""
    one = splat(WIDE, float32(1))
    broken = is_nan(output)
    answered = select(broken, broken, greater(output, zeros(WIDE)))
    if function == RELU:
        return select(answered, grad, zeros(WIDE))
    if function == LEAKY_RELU:
        return select(answered, grad, multiply(splat(WIDE, parameter), grad))
    if function == ELU:
        return select(answered, grad, multiply(grad, add(output, splat(WIDE, parameter))))
    if function == SIGMOID:
        return multiply(grad, multiply(output, subtract(one, output)))
    return multiply(grad, fma(subtract(zeros(WIDE), output), output, one))


@kernel
def _apply(tickets, jobs, function, x, output, parameter):
    step = lanes(WIDE)
    job = begin(tickets)
    while job < jobs:
        first, behind = job * CHUNK, min(x.size, (job + 1) * CHUNK)
        whole = behind - (behind - first) % step
        for i in range(first, whole, step):
            store(output, i, _value(function, load(WIDE, x, i), parameter))
        count = behind - whole
        if count > 0:
            rest = _value(function, load_first(WIDE, x, whole, count), parameter)
            store_first(output, whole, rest, count)
        job = draw(tickets, jobs)


@kernel
def _pass_back(tickets, jobs, function, grad_output, output, grad_x, parameter):
    step = lanes(WIDE)
    job = begin(tickets)
    while job < jobs:
        first, behind = job * CHUNK, min(output.size, (job + 1) * CHUNK)
        whole = behind - (behind - first) % step
        for i in range(first, whole, step):
            grad = load(WIDE, grad_output, i)
            store(grad_x, i, _through(function, grad, load(WIDE, output, i), parameter))
        count = behind - whole
        if count > 0:
            grad = load_first(WIDE, grad_output, whole, count)
            answer = load_first(WIDE, output, whole, count)
            store_first(grad_x, whole, _through(function, grad, answer, parameter), count)
        job = draw(tickets, jobs)


def _forward(function, x, out, parameter=0.0):
    out = empty(x.shape) if out is None else out
    launch(
        _apply, -(-x.size // CHUNK), WORK * x.size,
        function, x.reshape(-1), out.reshape(-1), np.float32(parameter),
    )  # fmt: skip
    return out


def _backward(function, grad_output, output, out, parameter=0.0):
    out = empty(output.shape) if out is None else out
    launch(
        _pass_back, -(-output.size // CHUNK), WORK * output.size,
        function, grad_output.reshape(-1), output.reshape(-1), out.reshape(-1),
        np.float32(parameter),
    )  # fmt: skip
    return out


def relu(x, *, out=None):
    """0 where ``x <= 0``, else ``x``."""
    return _forward(RELU, x, out)


def relu_backward(grad_output, output, *, out=None):
    """Let the gradient through where the unit answered."""
    return _backward(RELU, grad_output, output, out)


def leaky_relu(x, slope=0.1, *, out=None):
    """``slope * x`` where ``x <= 0``, else ``x``."""
    return _forward(LEAKY_RELU, x, out, slope)


def leaky_relu_backward(grad_output, output, slope=0.1, *, out=None):
    """Let the gradient through where the unit answered, `slope` of it elsewhere."""
    return _backward(LEAKY_RELU, grad_output, output, out, slope)


def elu(x, alpha=1.0, *, out=None):
    """``alpha * (exp(x) - 1)`` where ``x <= 0``, else ``x``."""
    return _forward(ELU, x, out, alpha)


def elu_backward(grad_output, output, alpha=1.0, *, out=None):
    """Multiply by the slope: ``output + alpha`` below zero, 1 above."""
    return _backward(ELU, grad_output, output, out, alpha)


def sigmoid(x, *, out=None):
    """``1 / (1 + exp(-x))``."""
    return _forward(SIGMOID, x, out)


def sigmoid_backward(grad_output, output, *, out=None):
    """Multiply by the slope ``output * (1 - output)``."""
    return _backward(SIGMOID, grad_output, output, out)


def tanh(x, *, out=None):
    """Hyperbolic tangent."""
    return _forward(TANH, x, out)


def tanh_backward(grad_output, output, *, out=None):
    """Multiply by the slope ``1 - output ** 2``."""
    return _backward(TANH, grad_output, output, out)


# ---- maxout: groups of neighbouring channels ----------------------------------------------------


@inlined
def _winner(x, first, pieces):
    """Find the first largest of `pieces` numbers; the first NaN if there is one."""
    best = first
    for i in range(first + 1, first + pieces):
        if x[i] > x[best] or (np.isnan(x[i]) and not np.isnan(x[best])):
            best = i
    return best


@kernel
def _maxout(tickets, jobs, x, output, pieces):
    job = begin(tickets)
    while job < jobs:
        for unit in range(job * ROWS_WORK, min(output.size, (job + 1) * ROWS_WORK)):
            output[unit] = x[_winner(x, unit * pieces, pieces)]
        job = draw(tickets, jobs)


@kernel
def _maxout_backward(tickets, jobs, grad_output, x, grad_x, pieces):
    job = begin(tickets)
    while job < jobs:
        for unit in range(job * ROWS_WORK, min(grad_output.size, (job + 1) * ROWS_WORK)):
            first = unit * pieces
            winner = _winner(x, first, pieces)
            for i in range(first, first + pieces):
                grad_x[i] = grad_output[unit] if i == winner else float32(0)
        job = draw(tickets, jobs)


def maxout(x, pieces=2, *, out=None):
    """Keep the largest of every `pieces` neighbouring channels."""
    if out is None:
        out = empty((*x.shape[:-1], x.shape[-1] // pieces))
    jobs = -(-out.size // ROWS_WORK)
    launch(_maxout, jobs, WORK * x.size, x.reshape(-1), out.reshape(-1), pieces)
    return out


def maxout_backward(grad_output, x, pieces=2, *, out=None):
    """Hand each gradient back to the first channel that won."""
    out = empty(x.shape) if out is None else out
    launch(
        _maxout_backward, -(-grad_output.size // ROWS_WORK), WORK * x.size,
        grad_output.reshape(-1), x.reshape(-1), out.reshape(-1), pieces,
    )  # fmt: skip
    return out


# ---- softmax: rows of class scores --------------------------------------------------------------


@inlined
def exponentials(x, row, output):
    """Write ``exp(x - largest)`` of a row; give the largest number, and the sum of what is written.

    The largest is taken off so that no exponential overflows.
    """
    classes = x.shape[1]
    step = lanes(WIDE)
    largest = x[row, 0]
    for c in range(1, classes):
        if x[row, c] > largest or np.isnan(x[row, c]):
            largest = x[row, c]
    sums = zeros(WIDE)
    for c in range(0, classes, step):
        i, count = row * classes + c, classes - c
        score = subtract(load_first(WIDE, x, i, count), splat(WIDE, largest))
        store_first(output, i, exp(WIDE, score), count)
        sums = add(sums, load_first(WIDE, output, i, count))  # 0 behind the last class
    return largest, total(sums)


@kernel
def _softmax(tickets, jobs, x, output, rows_a_job):
    rows, classes = x.shape
    step = lanes(WIDE)
    job = begin(tickets)
    while job < jobs:
        for row in range(job * rows_a_job, min(rows, (job + 1) * rows_a_job)):
            _, powers = exponentials(x, row, output)
            share = splat(WIDE, float32(1) / powers)
            for c in range(0, classes, step):
                i, count = row * classes + c, classes - c
                store_first(output, i, multiply(load_first(WIDE, output, i, count), share), count)
        job = draw(tickets, jobs)


@kernel
def _softmax_backward(tickets, jobs, grad_output, output, grad_x, rows_a_job):
    rows, classes = output.shape
    step = lanes(WIDE)
    job = begin(tickets)
    while job < jobs:
        for row in range(job * rows_a_job, min(rows, (job + 1) * rows_a_job)):
            sums = zeros(WIDE)
            for c in range(0, classes, step):
                i, count = row * classes + c, classes - c
                grad = load_first(WIDE, grad_output, i, count)
                sums = fma(grad, load_first(WIDE, output, i, count), sums)
            common = splat(WIDE, total(sums))
            for c in range(0, classes, step):
                i, count = row * classes + c, classes - c
                grad = subtract(load_first(WIDE, grad_output, i, count), common)
                share = load_first(WIDE, output, i, count)
                store_first(grad_x, i, multiply(share, grad), count)
        job = draw(tickets, jobs)


def softmax(x, *, out=None):
    """``exp(x) / sum(exp(x))`` along the last axis."""
    return _by_rows(_softmax, out, x)


def softmax_backward(grad_output, output, *, out=None):
    """Multiply by the slopes ``output_i * ([i = j] - output_j)``."""
    return _by_rows(_softmax_backward, out, grad_output, output)


def _by_rows(compiled, out, *arrays):
    out = empty(arrays[0].shape) if out is None else out
    classes = out.shape[-1]
    rows_a_job = max(1, ROWS_WORK // classes)
    rows = [array.reshape(-1, classes) for array in (*arrays, out)]
    launch(compiled, -(-len(rows[0]) // rows_a_job), WORK * out.size, *rows, rows_a_job)
    return out
