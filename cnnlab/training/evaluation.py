"""How well a network does on images and labels."""

from __future__ import annotations

from typing import NamedTuple

from cnnlab.losses import Loss, softmax_cross_entropy
from cnnlab.metrics import accuracy
from cnnlab.network import Network, checked_network
from cnnlab.training.data import Data, checked_data
from cnnlab.training.settings import check_function

__all__ = ["Evaluation", "evaluate"]


class Evaluation(NamedTuple):
    """How well a network does on images it was not trained on.

    Attributes
    ----------
    loss : float
        Mean over the images.
    accuracy : float
        Share of the images whose true class has the highest score.
    """

    loss: float
    accuracy: float


def evaluate(net: Network, data: Data, loss: Loss = softmax_cross_entropy) -> Evaluation:
    """Measure a network on images and labels.

    Parameters
    ----------
    net : Network
    data : Dataset
    loss : callable
        One of `losses`.

    Returns
    -------
    Evaluation

    Raises
    ------
    DataError, ShapeError
        If the data are unusable, or do not go with the network.
    """
    checked_network(net)
    check_function("loss", loss)
    images, labels = checked_data(net, data)
    scores = net.predict(images)
    return Evaluation(loss(scores, labels)[0], accuracy(scores, labels))
