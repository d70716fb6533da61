"""The sides of the comparison: each module builds the rows it can, in a process of its own.

A module offers ``prepare(task, weights, threads)``, which returns a `Run`, or None where its
library has nothing to offer. With ``weights=False`` a network keeps the weights its own constructor
drew: that is how memory is measured, so that no copy made for the comparison counts.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Run:
    """What is timed, and its answer in the common layout (NHWC, HWIO) for the comparison."""

    call: Callable[[], object]
    answer: Callable[[], NDArray[np.float32]]
