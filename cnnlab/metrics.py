"""Metrics: how often a network is right, and what it takes for what.

Axes: batch, class; in a confusion matrix, true class down and predicted class across. Shares lie in
[0, 1]; what would be a division by nothing is NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.checks import class_numbers, numbers, whole
from cnnlab.errors import DataError, ShapeError

__all__ = ["accuracy", "confusion_matrix", "precision", "recall", "top_accuracy"]

_MOST_CLASSES = 10_000  # whose confusion matrix takes 800 MB


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
    DataError
        If a score is NaN, or a label is no class.

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

    Raises
    ------
    ShapeError, DataError
        As `accuracy`.

    Examples
    --------
    >>> top_accuracy([[0.1, 0.3, 0.6]], [1], top=2)
    1.0
    """
    scores, labels = _checked(scores, labels)
    top = whole(top, "top", least=1)
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
    labels, predicted = numbers(labels, "labels"), numbers(predicted, "predicted")
    classes = whole(classes, "classes", least=1, most=_MOST_CLASSES)
    if labels.shape != predicted.shape or labels.ndim != 1:
        raise ShapeError(
            f"labels and predictions must be two lists of the same length, got shapes "
            f"{labels.shape} and {predicted.shape}; take scores.argmax(axis=1) as predictions"
        )
    both = np.concatenate([labels, predicted])
    if both.size and both.dtype.kind not in "iu":
        raise DataError(
            f"classes must be whole numbers, got {both.dtype}; take scores.argmax(axis=1) as "
            "predictions"
        )
    if both.size and (both.min() < 0 or both.max() >= classes):
        raise DataError(
            f"classes must lie between 0 and {classes - 1}, got {both.min()} to {both.max()}; "
            f"try classes={both.max() + 1}"
        )
    true, taken = labels.astype(np.int64), predicted.astype(np.int64)
    pairs = np.bincount(true * classes + taken, minlength=classes * classes)
    return pairs.reshape(classes, classes)


def precision(confusion: ArrayLike) -> NDArray[np.float64]:
    """Give, for each class, the share of right ones among those taken for it.

    Parameters
    ----------
    confusion : array_like of shape (classes, classes)
        From `confusion_matrix`.

    Raises
    ------
    ShapeError
        If it is not square.
    DataError
        If a number in it is below 0, or none.

    Examples
    --------
    >>> precision(np.array([[1, 0], [1, 1]])).tolist()
    [0.5, 1.0]
    """
    counts = _counts(confusion)
    with np.errstate(invalid="ignore"):
        shares: NDArray[np.float64] = np.diag(counts) / counts.sum(axis=0)
    return shares


def recall(confusion: ArrayLike) -> NDArray[np.float64]:
    """Give, for each class, the share of it that was found.

    Parameters
    ----------
    confusion : array_like of shape (classes, classes)
        From `confusion_matrix`.

    Raises
    ------
    ShapeError
        If it is not square.
    DataError
        If a number in it is below 0, or none.

    Examples
    --------
    >>> recall(np.array([[1, 0], [1, 1]])).tolist()
    [1.0, 0.5]
    """
    counts = _counts(confusion)
    with np.errstate(invalid="ignore"):
        shares: NDArray[np.float64] = np.diag(counts) / counts.sum(axis=1)
    return shares


def _counts(confusion: ArrayLike) -> NDArray[np.float64]:
    counts = numbers(confusion, "confusion")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ShapeError(
            f"a confusion matrix has as many rows as columns, got shape {counts.shape}; "
            "try confusion_matrix(labels, predicted, classes)"
        )
    if not (counts >= 0).all():  # NaN is not
        raise DataError(
            f"a confusion matrix counts, so no number in it is below 0, got {counts.min()}; "
            "try confusion_matrix(labels, predicted, classes)"
        )
    return counts.astype(np.float64)


def _checked(scores: ArrayLike, labels: ArrayLike) -> tuple[NDArray[Any], NDArray[np.int64]]:
    checked = numbers(scores, "scores")
    if checked.ndim != 2 or not checked.size:
        raise ShapeError(
            f"scores of shape (batch, classes) need one label a row, got shape {checked.shape}; "
            "try net.predict(images)"
        )
    broken = np.isnan(checked).any(axis=1)
    if broken.any():
        raise DataError(
            f"scores are NaN (not a number) in {broken.sum()} of {len(checked)} rows, first in row "
            f"{broken.argmax()}; look for NaN in the images, or train with a smaller learning rate"
        )
    return checked, class_numbers(labels, *checked.shape)
