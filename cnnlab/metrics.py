"""Metrics: how often a network is right, and what it takes for what.

Axes: batch, class; in a confusion matrix, true class down and predicted class across. Shares lie in
[0, 1]; what would be a division by nothing is NaN.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.errors import DataError, ShapeError

__all__ = ["accuracy", "confusion_matrix", "precision", "recall", "top_accuracy"]


def accuracy(scores: ArrayLike, labels: ArrayLike) -> float:
    """Give the share of images whose true class has the highest score.

    Parameters
    ----------
    scores : array_like of shape (batch, classes)
        Scores or probabilities. Of equal scores the first wins.
    labels : array_like of shape (batch,), integer

    Returns
    -------
    float

    Raises
    ------
    ShapeError
        If the shapes do not go together.

    Examples
    --------
    >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    0.5
    """
    scores, labels = _checked(scores, labels)
    return float((scores.argmax(axis=1) == labels).mean())


def top_accuracy(scores: ArrayLike, labels: ArrayLike, top: int = 5) -> float:
    """Give the share of images whose true class is among the `top` highest scores.

    Parameters
    ----------
    scores, labels
        As in `accuracy`.
    top : int

    Examples
    --------
    >>> top_accuracy([[0.1, 0.3, 0.6]], [1], top=2)
    1.0
    """
    scores, labels = _checked(scores, labels)
    # A class is in if fewer than `top` are better; of equal scores the first counts as better.
    own = scores[np.arange(len(labels)), labels][:, np.newaxis]
    before = np.arange(scores.shape[1]) < labels[:, np.newaxis]
    better = (scores > own) | ((scores == own) & before)
    return float((better.sum(axis=1) < top).mean())


def confusion_matrix(labels: ArrayLike, predicted: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Count how often each true class was taken for each class.

    Parameters
    ----------
    labels, predicted : array_like of shape (batch,), integer
    classes : int

    Returns
    -------
    ndarray of shape (classes, classes), int64
        True class down, predicted class across.

    Raises
    ------
    ShapeError
        If the two differ in length.
    DataError
        If a number is no class.

    Examples
    --------
    >>> confusion_matrix([0, 1, 1], [0, 1, 0], classes=2)
    array([[1, 0],
           [1, 1]])
    """
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    if labels.shape != predicted.shape or labels.ndim != 1:
        raise ShapeError(
            f"labels and predictions must be two lists of the same length, got shapes "
            f"{labels.shape} and {predicted.shape}; take scores.argmax(axis=1) as predictions"
        )
    both = np.concatenate([labels, predicted])
    if both.size and (both.min() < 0 or both.max() >= classes):
        raise DataError(
            f"classes must lie between 0 and {classes - 1}, got {both.min()} to {both.max()}; "
            f"try classes={both.max() + 1}"
        )
    pairs = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return pairs.reshape(classes, classes)


def precision(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give, for each class, the share of right ones among those taken for it.

    Parameters
    ----------
    confusion : ndarray of shape (classes, classes)
        From `confusion_matrix`.

    Examples
    --------
    >>> precision(np.array([[1, 0], [1, 1]])).tolist()
    [0.5, 1.0]
    """
    with np.errstate(invalid="ignore"):
        shares: NDArray[np.float64] = np.diag(confusion) / confusion.sum(axis=0)
    return shares


def recall(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give, for each class, the share of it that was found.

    Parameters
    ----------
    confusion : ndarray of shape (classes, classes)
        From `confusion_matrix`.

    Examples
    --------
    >>> recall(np.array([[1, 0], [1, 1]])).tolist()
    [1.0, 0.5]
    """
    with np.errstate(invalid="ignore"):
        shares: NDArray[np.float64] = np.diag(confusion) / confusion.sum(axis=1)
    return shares


def _checked(scores: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    scores, labels = np.asarray(scores), np.asarray(labels)
    if scores.ndim != 2 or labels.shape != scores.shape[:1]:
        raise ShapeError(
            f"scores of shape (batch, classes) need one label a row, got {scores.shape} and "
            f"{labels.shape}"
        )
    return scores, labels
