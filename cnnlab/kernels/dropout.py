"""Dropout: a die for every unit, rolled from a seed and the unit's position, on whole vectors.

Drawing the numbers from a NumPy generator would go one by one, and in one thread; it hands over 64
random bits as a seed instead. Twin of `cnnlab.naive.dropout`, where the die is explained.
"""

import numpy as np
from numba import float32, uint64

from cnnlab.buffers import empty
from cnnlab.kernels._jit import kernel
from cnnlab.kernels._threads import begin, draw, launch

__all__ = ["dropout_mask"]

CHUNK = 1 << 14  # units a job
WORK = 16  # one die takes as long as so many multiply-adds


@kernel
def _dropout_mask(tickets, jobs, mask, rate, kept, seed):
    job = begin(tickets)
    while job < jobs:
        for i in range(job * CHUNK, min(mask.size, (job + 1) * CHUNK)):
            bits = seed + uint64(i + 1) * uint64(0x9E3779B97F4A7C15)
            bits = (bits ^ (bits >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
            bits = (bits ^ (bits >> uint64(27))) * uint64(0x94D049BB133111EB)
            bits = bits ^ (bits >> uint64(31))
            die = float32(bits >> uint64(40)) * float32(2.0**-24)
            mask[i] = float32(0) if die < rate else kept
        job = draw(tickets, jobs)


def dropout_mask(count, rate, seed, *, out=None):
    """0 for a unit that is left out, ``1 / (1 - rate)`` for one that stays."""
    out = empty((count,)) if out is None else out
    launch(
        _dropout_mask, -(-count // CHUNK), WORK * count,
        out.reshape(-1), np.float32(rate), np.float32(1 / (1 - rate)), np.uint64(seed),
    )  # fmt: skip
    return out
