"""Networks made from a network, with its weights: cut short after a layer, or without a softmax.

Their layers keep their names, which count from the input on.
"""

from __future__ import annotations

from dataclasses import replace

from cnnlab.layers import Conv2D, Dense, Layer
from cnnlab.network import Network, checked_network
from cnnlab.sequential import Sequential

__all__ = ["cut_after", "without_softmax"]


def without_softmax(net: Network) -> Network:
    """Take a network without a softmax at its end: what it gives are the scores.

    After a softmax a class that is sure has no slope left.

    Parameters
    ----------
    net : Network

    Returns
    -------
    Network
        With the same weights; `net` itself where it ends without a softmax.

    Examples
    --------
    >>> from cnnlab.layers import Dense
    >>> net = Network(Sequential([Dense(2, activation="softmax")], input_shape=(3,)), seed=0)
    >>> without_softmax(net).sequential.gives_probabilities
    False
    """
    if not checked_network(net).sequential.gives_probabilities:
        return net
    *before, last = [row.layer for row in net.sequential.rows]
    if isinstance(last, Conv2D | Dense):
        return _with_layers(net, [*before, replace(last, activation=None)])
    return _with_layers(net, before) if before else net


def cut_after(net: Network, layer: str) -> Network:
    """Take a network up to a layer, with the same weights."""
    rows = checked_network(net).sequential.rows
    kept = rows[: rows.index(net.sequential.row(layer)) + 1]
    return net if len(kept) == len(rows) else _with_layers(net, [row.layer for row in kept])


def _with_layers(net: Network, layers: list[Layer]) -> Network:
    """Make a network of these layers; its first ones are the network's own, with their weights."""
    stack = Sequential(layers, net.sequential.input_shape)
    parameters = net.parameters
    return Network.from_parameters(
        stack,
        {
            (key := f"{row.name}.{name}"): parameters[key]
            for row in stack.rows
            for name in row.parameter_shapes
        },
        copy=False,
    )
