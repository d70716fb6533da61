"""The cross-entropy of scores and labels, checked."""

from functools import cache
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.errors import DataError, ShapeError
from cnnlab.functional._checks import Float32, as_float32

__all__ = ["checked_labels", "cross_entropy"]


@cache
def _kernels() -> ModuleType:
    """Load the compiled kernels when they are first needed: Numba takes a moment to import."""
    from cnnlab.kernels import loss

    return loss


def cross_entropy(scores: ArrayLike, labels: ArrayLike) -> tuple[Float32, Float32]:
    """Charge each row minus the logarithm of the share its label gets; also give the slope.

    Parameters
    ----------
    scores : array_like of shape (batch, classes)
        What the last dense layer gives, before any softmax.
    labels : array_like of shape (batch,), integer
        The true class of each row, counted from 0.

    Returns
    -------
    charges : ndarray of shape (batch,), float32
        In nats: ``log(classes)`` for equal scores, 0 for one that is certain and right.
    grad_scores : ndarray of shape (batch, classes), float32
        Of the mean of `charges`: ``(softmax(scores) - one_hot(labels)) / batch``.

    Raises
    ------
    ShapeError
        If the shapes do not go together.
    DataError
        If a label is no class.

    Notes
    -----
    Bridle 1990, *Probabilistic interpretation of feedforward classification network outputs*. The
    largest score is taken off first, so that no exponential overflows.

    Examples
    --------
    >>> charges, grad_scores = cross_entropy([[0, 0]], [0])
    >>> grad_scores
    array([[-0.5,  0.5]], dtype=float32)
    """
    result: tuple[Float32, Float32] = _kernels().cross_entropy(*checked_labels(scores, labels))
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
    if np.ndim(scores) != 2:
        raise ShapeError(
            f"scores must have shape (batch, classes), got {np.shape(scores)}; "
            "end the network in Dense(classes)"
        )
    scores, labels = as_float32(scores, "scores"), np.asarray(labels)
    classes = scores.shape[1]
    if labels.shape != scores.shape[:1]:
        raise ShapeError(
            f"{len(scores)} rows of scores need as many labels, got labels of shape "
            f"{labels.shape}; give one class number an image"
        )
    if labels.dtype.kind not in "iu":
        raise DataError(f"labels must be whole numbers, got {labels.dtype}; try labels.astype(int)")
    if labels.min() < 0 or labels.max() >= classes:
        raise DataError(
            f"labels must lie between 0 and {classes - 1} for {classes} scores, "
            f"got {labels.min()} to {labels.max()}; give the last Dense layer one unit a class"
        )
    return scores, np.require(labels, np.int64, ["C", "A", "W"])
