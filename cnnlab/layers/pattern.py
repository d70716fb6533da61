"""The pattern that most networks follow: blocks of convolutions, then dense layers."""

from __future__ import annotations

from cnnlab.checks import flag, shown
from cnnlab.errors import ShapeError
from cnnlab.layers.activation import ReLU
from cnnlab.layers.base import Layer
from cnnlab.layers.convolution import Conv2D
from cnnlab.layers.dense import Dense
from cnnlab.layers.flatten import Flatten
from cnnlab.layers.pooling import MaxPool2D
from cnnlab.shapes import whole

__all__ = ["pattern"]

_MOST_LAYERS = 1000


def pattern(
    classes: int,
    N: int = 2,  # noqa: N803 - as in the pattern
    M: int = 3,  # noqa: N803 - as the pattern is written
    K: int = 1,  # noqa: N803 - as the pattern is written
    pool: bool = True,
    filters: int = 32,
    units: int = 512,
) -> list[Layer]:
    """List the layers of ``[[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC``.

    Parameters
    ----------
    classes, N, M, K, pool, filters, units
        As in `Sequential.pattern`.

    Returns
    -------
    list of Layer
        Whether they fit on an input is not asked here.

    Raises
    ------
    ShapeError
        If a number makes no sense.
    """
    N, M, K = whole(N, "N"), whole(M, "M"), whole(K, "K", least=0)  # noqa: N806 - as the pattern is written
    if N * M + K > _MOST_LAYERS:
        raise ShapeError(
            f"{shown(N)} convolutions in each of {shown(M)} blocks and {shown(K)} dense layers "
            f"are more than the {_MOST_LAYERS:,} layers allowed; try N=2, M=3, K=1"
        )
    filters, pool = whole(filters, "filters"), flag(pool, "pool")
    layers: list[Layer] = []
    for block in range(M):
        depth = filters * 2**block if pool else filters
        for _ in range(N):
            layers += [Conv2D(depth, 3, padding="same", initializer="he_normal"), ReLU()]
        if pool:
            layers.append(MaxPool2D(2))
    layers.append(Flatten())
    for _ in range(K):
        layers += [Dense(units, initializer="he_normal"), ReLU()]
    return [*layers, Dense(classes)]
