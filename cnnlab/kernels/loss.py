"""The loss that nearly every network here is trained with, and its slope, in one pass.

Axes: batch, class. So few numbers that each of the many calls NumPy would need costs more than its
arithmetic. Twin of `cnnlab.naive.loss`.
"""

import numpy as np
from numba import float32

from cnnlab.buffers import empty
from cnnlab.kernels._jit import kernel
from cnnlab.kernels._threads import begin, draw, launch
from cnnlab.kernels.activation import ROWS_WORK, WORK, exponentials
from cnnlab.kernels.vector import WIDE, lanes, load_first, multiply, splat, store_first

__all__ = ["cross_entropy"]


@kernel
def _cross_entropy(tickets, jobs, scores, labels, charges, grad_scores, rows_a_job):
    rows, classes = scores.shape
    step = lanes(WIDE)
    job = begin(tickets)
    while job < jobs:
        for row in range(job * rows_a_job, min(rows, (job + 1) * rows_a_job)):
            largest, powers = exponentials(scores, row, grad_scores)
            label = labels[row]
            charges[row] = np.log(powers) - (scores[row, label] - largest)
            share = grad_scores[row, label] / powers
            scale = splat(WIDE, float32(1) / (powers * float32(rows)))
            for c in range(0, classes, step):
                i, count = row * classes + c, classes - c
                power = load_first(WIDE, grad_scores, i, count)
                store_first(grad_scores, i, multiply(power, scale), count)
            grad_scores[row, label] = (share - float32(1)) / float32(rows)
        job = draw(tickets, jobs)


def cross_entropy(scores, labels):
    """Charge every row minus the logarithm of the share its label gets; also give the slope."""
    rows, classes = scores.shape
    charges, grad_scores = np.empty(rows, np.float32), empty(scores.shape)
    rows_a_job = max(1, ROWS_WORK // classes)
    launch(
        _cross_entropy, -(-rows // rows_a_job), WORK * scores.size,
        scores, labels, charges, grad_scores, rows_a_job,
    )  # fmt: skip
    return charges, grad_scores
