"""SciPy's ndimage.correlate: its fastest way (signal.correlate2d takes three times longer)."""

from scipy import ndimage

from .. import workloads
from . import Run
from .planes import plane_by_plane


def prepare(task: workloads.Task, weights: bool, threads: int) -> Run | None:
    """Build one row; it computes on one thread whatever `threads` says."""
    return plane_by_plane(
        task,
        ndimage.correlate,
        lambda plane, filter_, kept: ndimage.correlate(plane, filter_, output=kept),
    )
