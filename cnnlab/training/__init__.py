"""Training: an iterator of steps, each of which is either done or not done.

`run` hands out a `Snapshot` after every step; progress bars, curves and live boards consume them.
Stopping is ``break``, pausing is not asking for the next. Which images a step sees, how they are
augmented and what dropout drops follow from the seed and the number of the step alone, so that a
training resumed from a checkpoint ends with the same bits.
One process, one machine; no mixed precision, no gradient accumulation.
"""

from __future__ import annotations

from cnnlab.divergence import DivergedError
from cnnlab.training.data import Data
from cnnlab.training.evaluation import Evaluation, evaluate
from cnnlab.training.iteration import Run
from cnnlab.training.progress import ProgressBar
from cnnlab.training.running import fit, run
from cnnlab.training.settings import Settings
from cnnlab.training.snapshot import Snapshot

__all__ = [
    "Data",
    "DivergedError",
    "Evaluation",
    "ProgressBar",
    "Run",
    "Settings",
    "Snapshot",
    "evaluate",
    "fit",
    "run",
]
