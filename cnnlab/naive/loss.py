"""The cross-entropy of scores and labels, and its slope. Axes: batch, class.

NumPy only, any float type: the yardstick of `cnnlab.kernels.loss`, which has the same function.
"""

import numpy as np

__all__ = ["cross_entropy"]


def cross_entropy(scores, labels):
    """Cross-entropy: minus the log-probability of each row's label; also its gradient.

    Parameters
    ----------
    scores : ndarray of shape (batch, classes)
    labels : ndarray of shape (batch,), integer

    Returns
    -------
    losses : ndarray of shape (batch,)
    grad_scores : ndarray of shape (batch, classes)
        Of the mean of `losses`: ``(softmax(scores) - one_hot(labels)) / batch``.

    Notes
    -----
    Bridle 1990, *Probabilistic interpretation of feedforward classification network outputs*.

    Examples
    --------
    >>> cross_entropy(np.zeros((1, 2)), np.array([0]))
    (array([0.69314718]), array([[-0.5,  0.5]]))
    """
    rows = np.arange(len(scores))
    # The largest score is subtracted first, so that no exponential overflows.
    shifted = scores - scores.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    totals = powers.sum(axis=1, keepdims=True)
    grad_scores = powers / totals
    grad_scores[rows, labels] -= 1
    return np.log(totals[:, 0]) - shifted[rows, labels], grad_scores / len(scores)
