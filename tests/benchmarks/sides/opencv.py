"""OpenCV's filter2D: the rival that image processing would pick for one filter on one picture."""

import cv2

from .. import workloads
from . import Run
from .planes import plane_by_plane


def prepare(task: workloads.Task, weights: bool, threads: int) -> Run | None:
    """Build one row."""
    cv2.setNumThreads(threads)
    return plane_by_plane(
        task,
        lambda plane, filter_: cv2.filter2D(plane, cv2.CV_32F, filter_),
        lambda plane, filter_, kept: cv2.filter2D(plane, cv2.CV_32F, filter_, dst=kept),
        split=cv2.split,
    )
