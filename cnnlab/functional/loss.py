"""The cross-entropy of scores and labels, checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.checks import class_numbers
from cnnlab.errors import ShapeError
from cnnlab.functional._checks import Float32, as_float32
from cnnlab.functional._kernels import loaded

__all__ = ["checked_labels", "cross_entropy"]


def cross_entropy(scores: ArrayLike, labels: ArrayLike) -> tuple[Float32, Float32]:
    """Cross-entropy: minus the log-probability of each row's label; also its gradient.

    Parameters
    ----------
    scores : array_like of shape (batch, classes)
        What the last dense layer gives, before any softmax.
    labels : array_like of shape (batch,), integer
        The true class of each row, counted from 0.

    Returns
    -------
    losses : ndarray of shape (batch,), float32
        Of each example, in nats: ``log(classes)`` for equal scores, 0 for one that is sure and
        right.
    grad_scores : ndarray of shape (batch, classes), float32
        Of the mean of `losses`: ``(softmax(scores) - one_hot(labels)) / batch``.

    Raises
    ------
    ShapeError
        If the shapes do not go together.
    DataError
        If a label is no class.

    Notes
    -----
    Bridle 1990, *Probabilistic interpretation of feedforward classification network outputs*. The
    largest score is subtracted first, so that no exponential overflows.

    Examples
    --------
    >>> losses, grad_scores = cross_entropy([[0, 0]], [0])
    >>> grad_scores
    array([[-0.5,  0.5]], dtype=float32)
    """
    result: tuple[Float32, Float32] = loaded("loss").cross_entropy(*checked_labels(scores, labels))
    return result


def checked_labels(scores: ArrayLike, labels: ArrayLike) -> tuple[Float32, NDArray[np.int64]]:
    """Check scores and labels against each other.

    Parameters
    ----------
    scores : array_like of shape (batch, classes)
    labels : array_like of shape (batch,), integer

    Returns
    -------
    scores : ndarray of shape (batch, classes), float32
    labels : ndarray of shape (batch,), int64

    Raises
    ------
    ShapeError, DataError
        As `cross_entropy`.
    """
    scores = as_float32(scores, "scores")
    if scores.ndim != 2:
        raise ShapeError(
            f"scores must have shape (batch, classes), got {scores.shape}; "
            "end the network in Dense(classes)"
        )
    return scores, class_numbers(labels, *scores.shape)
