"""A whole small network for one image, in one call.

LeNet-5 takes ten microseconds for an image, and twenty calls from Python take thirty. So here the
calls are made outside Python: a *program*, one row of numbers for each link of the chain, says
which kernel comes next and on which sizes, and every output is written where the one before
the last has been. The kernels are those of `convolution`, `pooling` and `dense`, and so are the
numbers that come out. Only one thread works: what needs two is no small network.

A row of a program: what to do; whether to rectify; H W C of the input; OH OW CO of the output;
FH FW rows and columns of a window; SH SW stride; where the weights start, and the biases. Left out:
dilation, average pooling, every activation but ReLU, more than one image.
"""

import numpy as np

from cnnlab.kernels._jit import kernel
from cnnlab.kernels.convolution import (
    _forward_narrow,
    _forward_wide,
    _pairs3,
    _pairs5,
    _way,
)
from cnnlab.kernels.dense import _one
from cnnlab.kernels.pooling import MAX, _pool
from cnnlab.kernels.vector import NARROW

__all__ = ["DENSE", "FIELDS", "FRAME", "POOL", "convolution_by", "run"]

FRAME, POOL, DENSE, _WIDE, _NARROW, _PAIRS3, _PAIRS5 = range(7)  # what a link may do
FIELDS = 14  # numbers in a row of a program


@kernel
def _run(program, image, weights, scratch, output):
    tickets = np.zeros(1, np.int64)
    last = program.shape[0] - 1
    X = image
    for n in range(last + 1):
        way, rectify, H, W, C, OH, OW, CO, FH, FW, SH, SW, f, b = (
            program[n, 0], program[n, 1] == 1, program[n, 2], program[n, 3], program[n, 4],
            program[n, 5], program[n, 6], program[n, 7], program[n, 8], program[n, 9],
            program[n, 10], program[n, 11], program[n, 12], program[n, 13],
        )  # fmt: skip
        place = n % 2 * (scratch.size // 2)
        O = output if n == last else scratch[place : place + OH * OW * CO]
        x, o = X[: H * W * C].reshape(1, H, W, C), O.reshape(1, OH, OW, CO)
        F, bias = weights[f : f + FH * FW * C * CO], weights[b : b + CO]
        steps, tiles = (FH, 1, FW * C, C, W * C), (OH * OW + 5) // 6
        tickets[0] = 0
        if way == _NARROW:
            _forward_narrow(tickets, 1, x, F, bias, o, steps, (SH, SW), rectify, tiles)
        elif way == _WIDE:
            _forward_wide(tickets, 1, x, F, bias, o, steps, (SH, SW), rectify, 1, tiles)
        elif way == _PAIRS3:
            _pairs3(tickets, (OH + 7) // 8, x, F, bias, o, rectify)
        elif way == _PAIRS5:
            _pairs5(tickets, (OH + 7) // 8, x, F, bias, o, rectify)
        elif way == POOL:
            _pool(tickets, 1, OH, MAX, x, o, (FH, FW), (SH, SW), (0, 0))
        elif way == DENSE:
            _one(tickets, 1, X[:C].reshape(1, C), F.reshape(C, CO), bias, O)
        elif way == FRAME:  # FH and FW are the rows above and the columns left of the image
            O[:] = 0
            for y in range(H):
                for i in range(W * C):
                    O[((y + FH) * OW + FW) * C + i] = X[y * W * C + i]
        if rectify and way in (POOL, DENSE):
            for i in range(O.size):
                if O[i] <= 0:  # noqa: PLR1730 - max(0, O[i]) would hide NaN
                    O[i] = 0
        X = O


def convolution_by(filters_shape, out_shape, stride):
    """Say which kernel convolves: the first number in the row of a program."""
    if _way(filters_shape, (1, *out_shape), stride, (1, 1)) == "pairs":
        return _PAIRS3 if filters_shape[0] == 3 else _PAIRS5
    return _NARROW if out_shape[2] <= NARROW.lanes else _WIDE


def run(program, image, weights, scratch, output):
    """Carry a program out; `scratch` has room for the largest output twice."""
    _run(program, image.reshape(-1), weights, scratch, output.reshape(-1))
