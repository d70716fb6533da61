"""Optimisers: from gradients to the next parameters. Schedules: how the learning rate changes.

An optimiser holds settings and nothing that changes: the averages it keeps go in and come out as
*slots*, arrays of the shape of the parameters, so that a training can be saved and taken up again
to the bit. Schedules are functions of how far the training has come, from 0 at its first step
towards 1 after its last; they give a factor for the learning rate.
No per-layer learning rates, no gradient clipping.
"""

from __future__ import annotations

from cnnlab.optimizers.rules import SGD, Adam, AdamW, Optimizer, RMSprop
from cnnlab.optimizers.schedules import Constant, Cosine, Exponential, OneCycle, Schedule, Steps

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "Exponential",
    "OneCycle",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "Steps",
]

# What a checkpoint may name.
OPTIMIZERS: dict[str, type[Optimizer]] = {
    kind.__name__: kind for kind in (SGD, RMSprop, Adam, AdamW)
}
SCHEDULES: dict[str, type[Schedule]] = {
    kind.__name__: kind for kind in (Constant, Steps, Exponential, Cosine, OneCycle)
}
