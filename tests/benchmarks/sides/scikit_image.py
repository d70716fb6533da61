"""scikit-image's sliding windows, multiplied and summed: it has no correlation of its own."""

import numpy as np
from skimage.util import view_as_windows

from .. import workloads
from . import Run
from .planes import Plane, plane_by_plane


def prepare(task: workloads.Task, weights: bool, threads: int) -> Run | None:
    """Build one row; it computes on one thread whatever `threads` says."""
    return plane_by_plane(task, _correlate)


def _correlate(plane: Plane, filter_: Plane) -> Plane:
    windows = view_as_windows(plane, filter_.shape)
    result: Plane = np.einsum("ijkl,kl->ij", windows, filter_)
    return result
