"""A whole small network for one image, in one call.

LeNet-5 takes ten microseconds for an image, and its eleven calls from Python take fifty. So here
the calls are made outside Python: a *program*, one `Row` for each link of the chain, says which
kernel comes next and on which sizes, and every output is written where the one before
the last has been. The kernels are those of `convolution`, `pooling` and `dense`, and so are the
numbers that come out. Only one thread works: what needs two is no small network.

Letters as in `cnnlab.kernels.tile`. Left out: dilation, average pooling, every activation but ReLU,
more than one image.
"""

from typing import NamedTuple

import numpy as np

from cnnlab.kernels._jit import kernel
from cnnlab.kernels.convolution import fastest_way
from cnnlab.kernels.dense import one_example
from cnnlab.kernels.few_channels import PAIRS
from cnnlab.kernels.pooling import MAX, pool
from cnnlab.kernels.tile import forward_narrow, forward_wide
from cnnlab.kernels.vector import NARROW

__all__ = ["DENSE", "FRAME", "POOL", "Row", "convolution_by", "run"]

FRAME, POOL, DENSE, _WIDE, _NARROW, _PAIRS3, _PAIRS5 = range(7)  # what a row may ask for
_pairs3, _pairs5 = PAIRS[3, 3][0], PAIRS[5, 5][0]


class Row(NamedTuple):
    """One step of a program: whole numbers, in the order in which the kernel unpacks them."""

    way: int
    rectify: int
    in_height: int
    in_width: int
    in_channels: int
    out_height: int
    out_width: int
    out_channels: int
    window_height: int = 1  # of a frame: the rows of zeros above,
    window_width: int = 1  # and the columns of zeros left
    stride_down: int = 1
    stride_across: int = 1
    weights: int = 0  # where they begin among all weights and biases
    bias: int = 0


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
        )  # fmt: skip # a Row, which compiled code cannot take whole from an array
        place = n % 2 * (scratch.size // 2)
        O = output if n == last else scratch[place : place + OH * OW * CO]
        x, o = X[: H * W * C].reshape(1, H, W, C), O.reshape(1, OH, OW, CO)
        F, bias = weights[f : f + FH * FW * C * CO], weights[b : b + CO]
        steps, tiles = (FH, 1, FW * C, C, W * C), (OH * OW + 5) // 6
        tickets[0] = 0
        if way == _NARROW:
            forward_narrow(tickets, 1, x, F, bias, o, steps, (SH, SW), rectify, tiles)
        elif way == _WIDE:
            forward_wide(tickets, 1, x, F, bias, o, steps, (SH, SW), rectify, 1, tiles)
        elif way == _PAIRS3:
            _pairs3(tickets, (OH + 7) // 8, x, F, bias, o, rectify)
        elif way == _PAIRS5:
            _pairs5(tickets, (OH + 7) // 8, x, F, bias, o, rectify)
        elif way == POOL:
            pool(tickets, 1, OH, MAX, x, o, (FH, FW), (SH, SW), (0, 0))
        elif way == DENSE:
            one_example(tickets, 1, X[:C].reshape(1, C), F.reshape(C, CO), bias, O)
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
    if fastest_way(filters_shape, (1, *out_shape), stride, (1, 1)) == "pairs":
        return _PAIRS3 if filters_shape[0] == 3 else _PAIRS5
    return _NARROW if out_shape[2] <= NARROW.lanes else _WIDE


def run(program, image, weights, scratch, output):
    """Carry a program out; `scratch` has room for the largest output twice."""
    _run(program, image.reshape(-1), weights, scratch, output.reshape(-1))
