"""Losses: how wrong the scores are, as one number, and the slope of that number by every score.

Axes: batch, class. A loss is the mean over the batch, and so is its gradient: ``1 / batch`` is
already in it. Scores are what the last dense layer gives, before any softmax.
No label smoothing, no class weights.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import functional as F
from cnnlab.checks import numbers, real
from cnnlab.functional._checks import as_float32
from cnnlab.functional.loss import checked_labels

__all__ = ["LOSSES", "Loss", "hinge", "softmax_cross_entropy", "squared_error"]

Loss = Callable[[NDArray[np.float32], ArrayLike], tuple[float, NDArray[np.float32]]]


def softmax_cross_entropy(
    scores: NDArray[np.float32], labels: ArrayLike
) -> tuple[float, NDArray[np.float32]]:
    """Cross-entropy: minus the log-probability of the true class, averaged over the images.

    Parameters
    ----------
    scores : ndarray of shape (batch, classes), float32
    labels : array_like of shape (batch,), integer
        The true class of each image, counted from 0.

    Returns
    -------
    loss : float
        In nats: ``log(classes)`` for a network that knows nothing, 0 for one that is sure
        and right.
    grad_scores : ndarray of shape (batch, classes), float32
        ``(softmax(scores) - one_hot(labels)) / batch``.

    Raises
    ------
    ShapeError
        If the shapes do not go together.
    DataError
        If a label is no class.

    Notes
    -----
    The mean of `functional.cross_entropy`, which see.

    Examples
    --------
    >>> loss, slope = softmax_cross_entropy(np.zeros((1, 2), np.float32), [0])
    >>> round(loss, 3), slope.tolist()
    (0.693, [[-0.5, 0.5]])
    """
    each, grad = F.cross_entropy(scores, labels)
    return float(each.mean(dtype=np.float64)), grad


def hinge(
    scores: NDArray[np.float32], labels: ArrayLike, margin: float = 1.0
) -> tuple[float, NDArray[np.float32]]:
    """Add up by how much wrong classes come within a margin of the true one (multi-class SVM).

    Parameters
    ----------
    scores : ndarray of shape (batch, classes), float32
    labels : array_like of shape (batch,), integer
    margin : float
        By how much the true class must lead.

    Returns
    -------
    loss : float
        Mean over the images of ``sum over wrong j of max(0, score_j - score_true + margin)``.
    grad_scores : ndarray of shape (batch, classes), float32

    Raises
    ------
    ShapeError, DataError
        As `softmax_cross_entropy`.

    Notes
    -----
    Weston and Watkins 1999, *Support vector machines for multi-class pattern recognition*.

    Examples
    --------
    >>> hinge(np.array([[3.0, 2.5, -1.0]], np.float32), [0])[0]
    0.5
    """
    scores, labels = checked_labels(scores, labels)
    margin = real(margin, "margin", 1)
    images = np.arange(len(scores))
    with np.errstate(invalid="ignore"):
        excess = scores - scores[images, labels][:, np.newaxis] + np.float32(margin)
        excess[images, labels] = 0
        missing = np.where(excess <= 0, np.float32(0), excess)  # NaN stays
    grad = (missing > 0).astype(np.float32)
    grad[images, labels] = -grad.sum(axis=1)
    grad /= np.float32(len(scores))
    return float(missing.sum(axis=1).mean(dtype=np.float64)), grad


def squared_error(
    scores: NDArray[np.float32], labels: ArrayLike
) -> tuple[float, NDArray[np.float32]]:
    """Take half the squared distance of the scores from their targets, averaged over the images.

    Parameters
    ----------
    scores : ndarray of shape (batch, ...), float32
    labels : array_like
        Integer classes of shape ``(batch,)``, whose targets are 1 for the true class and 0 for the
        others; or targets of the shape of `scores`.

    Returns
    -------
    loss : float
        Mean over the images of ``sum (score - target)² / 2``: the half cancels the 2 of the slope.
    grad_scores : ndarray of the shape of `scores`, float32

    Raises
    ------
    ShapeError, DataError
        As `softmax_cross_entropy`.

    Examples
    --------
    >>> squared_error(np.array([[0.5, 1.0]], np.float32), [1])[0]
    0.125
    """
    scores, targets = as_float32(scores, "scores"), numbers(labels, "labels")
    if targets.shape != scores.shape or not scores.ndim or targets.dtype.kind in "iu":
        scores, known = checked_labels(scores, labels)
        targets = np.zeros(scores.shape, np.float32)
        targets[np.arange(len(scores)), known] = 1
    with np.errstate(invalid="ignore", over="ignore"):
        difference = scores - targets.astype(np.float32)
        each = np.square(difference, dtype=np.float64).reshape(len(difference), -1).sum(axis=1)
    return float(each.mean() / 2), difference / np.float32(len(difference))


# What a checkpoint and the command line call them.
LOSSES: MappingProxyType[str, Loss] = MappingProxyType(
    {loss.__name__: loss for loss in (softmax_cross_entropy, hinge, squared_error)}
)
