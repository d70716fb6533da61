"""One step of an optimiser in one pass. Flat arrays, cut into chunks that threads draw.

Memory limits this: a few operations on every number read. So all of a step is done to one chunk,
in short loops while it lies in the nearest cache, before the next is touched. Each loop runs over
few enough arrays that LLVM can prove them apart and use vectors. The sum of the squared gradients
rides along. Every chunk has a sum of its own, and these are added up in order, so that the result
does not depend on who drew what. Twin of `cnnlab.naive.optimization`.
"""

import math

import numpy as np

from cnnlab.buffers import empty
from cnnlab.kernels._jit import inlined, kernel
from cnnlab.kernels._threads import begin, draw, launch
from cnnlab.kernels.vector import WIDE, fma, lanes, load, load_first, total, zeros

__all__ = ["adam_step", "rmsprop_step", "sgd_step"]

CHUNK = 1 << 12  # numbers a job: 16 kB of each array
WORK = 32  # one number of each array takes as long as so many multiply-adds


@inlined
def _sum_of_squares(gradients, first, behind):
    step = lanes(WIDE)
    sums = zeros(WIDE)
    whole = behind - (behind - first) % step
    for i in range(first, whole, step):
        slope = load(WIDE, gradients, i)
        sums = fma(slope, slope, sums)
    slope = load_first(WIDE, gradients, whole, behind - whole)
    return total(fma(slope, slope, sums))


@kernel
def _sgd(
    tickets, jobs, parameters, gradients, velocity, new_parameters, new_velocity, squares,
    rate, momentum, nesterov, decay,
):  # fmt: skip
    job = begin(tickets)
    while job < jobs:
        first, behind = job * CHUNK, min(parameters.size, (job + 1) * CHUNK)
        p, g = parameters[first:behind], gradients[first:behind]
        new_p, v, new_v = (
            new_parameters[first:behind], velocity[first:behind], new_velocity[first:behind]
        )  # fmt: skip
        squares[job] = _sum_of_squares(gradients, first, behind)
        if momentum == 0:
            for i in range(p.size):
                new_p[i] = p[i] - rate * (g[i] + decay * p[i])
        else:
            for i in range(p.size):
                new_v[i] = momentum * v[i] + (g[i] + decay * p[i])
            if nesterov:
                for i in range(p.size):
                    new_p[i] = p[i] - rate * (g[i] + decay * p[i] + momentum * new_v[i])
            else:
                for i in range(p.size):
                    new_p[i] = p[i] - rate * new_v[i]
        job = draw(tickets, jobs)


@kernel
def _rmsprop(
    tickets, jobs, parameters, gradients, square, velocity, new_parameters, new_square,
    new_velocity, squares, rate, beta, rest, momentum, epsilon, decay,
):  # fmt: skip
    job = begin(tickets)
    while job < jobs:
        first, behind = job * CHUNK, min(parameters.size, (job + 1) * CHUNK)
        p, g, new_p = (
            parameters[first:behind],
            gradients[first:behind],
            new_parameters[first:behind],
        )
        s, new_s = square[first:behind], new_square[first:behind]
        v, new_v = velocity[first:behind], new_velocity[first:behind]
        squares[job] = _sum_of_squares(gradients, first, behind)
        for i in range(p.size):
            slope = g[i] + decay * p[i]
            new_s[i] = beta * s[i] + rest * slope * slope
        if momentum == 0:
            for i in range(p.size):
                slope = g[i] + decay * p[i]
                new_p[i] = p[i] - rate * (slope / (np.sqrt(new_s[i]) + epsilon))
        else:
            for i in range(p.size):
                slope = g[i] + decay * p[i]
                new_v[i] = momentum * v[i] + slope / (np.sqrt(new_s[i]) + epsilon)
            for i in range(p.size):
                new_p[i] = p[i] - rate * new_v[i]
        job = draw(tickets, jobs)


@kernel
def _adam(
    tickets, jobs, parameters, gradients, mean, square, new_parameters, new_mean, new_square,
    squares, rate, beta1, beta2, rest1, rest2, scale, epsilon, decay, kept,
):  # fmt: skip
    job = begin(tickets)
    while job < jobs:
        first, behind = job * CHUNK, min(parameters.size, (job + 1) * CHUNK)
        p, g, new_p = (
            parameters[first:behind],
            gradients[first:behind],
            new_parameters[first:behind],
        )
        m, new_m = mean[first:behind], new_mean[first:behind]
        s, new_s = square[first:behind], new_square[first:behind]
        squares[job] = _sum_of_squares(gradients, first, behind)
        for i in range(p.size):
            new_m[i] = beta1 * m[i] + rest1 * (g[i] + decay * p[i])
        for i in range(p.size):
            slope = g[i] + decay * p[i]
            new_s[i] = beta2 * s[i] + rest2 * slope * slope
        for i in range(p.size):
            new_p[i] = kept * p[i] - rate * new_m[i] / (np.sqrt(new_s[i]) * scale + epsilon)
        job = draw(tickets, jobs)


def _added(squares):
    """Add up the sums of the chunks, in their order."""
    return float(squares[0]) if squares.size == 1 else float(squares.sum(dtype=np.float64))


def sgd_step(
    parameters, gradients, velocity=None, *,
    learning_rate, momentum=0.0, nesterov=False, weight_decay=0.0,
):  # fmt: skip
    """Return new parameters, new velocity or None, and the sum of the squared gradients."""
    jobs = -(-parameters.size // CHUNK)
    squares = np.empty(jobs, np.float32)
    new_parameters = empty(parameters.shape)
    new_velocity = None if velocity is None else empty(velocity.shape)
    if velocity is None:  # not looked at: anything of the right type will do
        momentum, old, new = 0.0, parameters, new_parameters
    else:
        old, new = velocity, new_velocity
    launch(
        _sgd, jobs, WORK * parameters.size,
        parameters.reshape(-1), gradients.reshape(-1), old.reshape(-1),
        new_parameters.reshape(-1), new.reshape(-1), squares,
        np.float32(learning_rate), np.float32(momentum), nesterov, np.float32(weight_decay),
    )  # fmt: skip
    return new_parameters, new_velocity, _added(squares)


def rmsprop_step(
    parameters, gradients, square, velocity=None, *,
    learning_rate, beta=0.9, momentum=0.0, epsilon=1e-8, weight_decay=0.0,
):  # fmt: skip
    """Return new parameters, new average, new velocity or None, and the sum of the squares."""
    jobs = -(-parameters.size // CHUNK)
    squares = np.empty(jobs, np.float32)
    new_parameters, new_square = empty(parameters.shape), empty(parameters.shape)
    new_velocity = None if velocity is None else empty(velocity.shape)
    if velocity is None:  # not looked at: anything of the right type will do
        momentum, old, new = 0.0, parameters, new_parameters
    else:
        old, new = velocity, new_velocity
    launch(
        _rmsprop, jobs, WORK * parameters.size,
        parameters.reshape(-1), gradients.reshape(-1), square.reshape(-1), old.reshape(-1),
        new_parameters.reshape(-1), new_square.reshape(-1), new.reshape(-1), squares,
        np.float32(learning_rate), np.float32(beta), np.float32(1 - beta), np.float32(momentum),
        np.float32(epsilon), np.float32(weight_decay),
    )  # fmt: skip
    return new_parameters, new_square, new_velocity, _added(squares)


def adam_step(
    parameters, gradients, mean, square, *,
    step, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0, decoupled=False,
):  # fmt: skip
    """Return new parameters, both new averages, and the sum of the squared gradients."""
    jobs = -(-parameters.size // CHUNK)
    squares = np.empty(jobs, np.float32)
    new_parameters, new_mean, new_square = (empty(parameters.shape) for _ in range(3))
    launch(
        _adam, jobs, WORK * parameters.size,
        parameters.reshape(-1), gradients.reshape(-1), mean.reshape(-1), square.reshape(-1),
        new_parameters.reshape(-1), new_mean.reshape(-1), new_square.reshape(-1), squares,
        np.float32(learning_rate / (1 - beta1**step)), np.float32(beta1), np.float32(beta2),
        np.float32(1 - beta1), np.float32(1 - beta2), np.float32(1 / math.sqrt(1 - beta2**step)),
        np.float32(epsilon), np.float32(0 if decoupled else weight_decay),
        np.float32(1 - learning_rate * weight_decay if decoupled else 1),
    )  # fmt: skip
    return new_parameters, new_mean, new_square, _added(squares)
