"""Controls of an explanation: a network with its weights shuffled, and how alike two maps are."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import checks
from cnnlab.checks import numbers, seeded
from cnnlab.errors import ShapeError
from cnnlab.network import Network, checked_network

__all__ = ["rank_correlation", "shuffled", "shuffles"]


def shuffled(net: Network, layers: int | None = None, *, seed: int = 0) -> Network:
    """Copy a network, and shuffle the weights of its last layers: the control of an explanation.

    What has been learned in a layer is gone, while its numbers are the same. A map that stays when
    the weights are shuffled does not come from what the network has learned.

    Parameters
    ----------
    net : Network
        It stays as it is.
    layers : int, optional
        How many layers with filters or weights are shuffled, counted from the top; by default all.
    seed : int
        Decides the order.

    Returns
    -------
    Network

    Raises
    ------
    DataError
        If there are not so many layers with filters or weights.

    Notes
    -----
    Adebayo, Gilmer, Muelly, Goodfellow, Hardt and Kim 2018, *Sanity checks for saliency maps*:
    independent and cascading randomisation. Their layers get new random weights; here the old ones
    change places, so that each layer keeps its scale.
    """
    learned = shuffles(net)
    count = len(learned) if layers is None else checks.whole(layers, "layers", 0, len(learned))
    rng, parameters = seeded(seed), dict(net.parameters)
    for name in learned[len(learned) - count :][::-1]:
        weights = parameters[name]
        parameters[name] = rng.permutation(weights.reshape(-1)).reshape(weights.shape)
    return Network.from_parameters(net.sequential, parameters, copy=False)


def shuffles(net: Network) -> list[str]:
    """Name what `shuffled` shuffles: the filters and weights of every layer, from the input on.

    Parameters
    ----------
    net : Network

    Returns
    -------
    list of str
        As in `net.parameters`.

    Examples
    --------
    >>> from cnnlab import zoo
    >>> shuffles(zoo.pretrained("digits_net"))[-1]
    'dense_2.weights'
    """
    wanted = {"filters", "weights"}
    return [
        f"{row.name}.{name}"
        for row in checked_network(net).sequential.rows
        for name in row.parameter_shapes
        if name in wanted
    ]


def rank_correlation(one: ArrayLike, other: ArrayLike) -> float:
    """Compare where two maps are strong, whatever their scales: Spearman's rank correlation.

    Parameters
    ----------
    one, other : array_like of the same shape
        Maps with at least two numbers.

    Returns
    -------
    float
        1 if they put all places in the same order, -1 in the opposite one, near 0 if they have
        nothing to do with each other; nan if one of them is the same everywhere.

    Raises
    ------
    ShapeError
        If they are not of the same shape, or have a single number.

    Notes
    -----
    Spearman 1904, *The proof and measurement of association between two things*. Equal numbers
    share the mean of their ranks.

    Examples
    --------
    >>> rank_correlation([[0, 1], [2, 3]], [[0, 10], [20, 999]])
    1.0
    """
    first, second = numbers(one, "one"), numbers(other, "other")
    if first.shape != second.shape or first.size < 2:
        raise ShapeError(
            f"two maps of the same shape are compared, got {first.shape} and {second.shape}; "
            "try maps of the same image"
        )
    ranks = [_ranks(part.reshape(-1)) for part in (first, second)]
    apart = [part - part.mean() for part in ranks]
    lengths = [float(np.sqrt(part @ part)) for part in apart]
    if not all(lengths):
        return float("nan")
    return round(float(apart[0] @ apart[1]) / (lengths[0] * lengths[1]), 12)


def _ranks(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Give each value its place by size; equal ones get the mean of their places."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[which.reshape(-1)]
    return ranks
