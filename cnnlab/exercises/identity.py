"""What tells pictures and networks apart: the same numbers have the same digest, whatever the name.

So that a set of pictures is known again tomorrow, in another notebook and on another machine.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from cnnlab.errors import DataError

if TYPE_CHECKING:  # loaded by whoever has a network to show
    from cnnlab.datasets import Dataset
    from cnnlab.network import Network
    from cnnlab.sequential import Sequential

__all__ = ["architecture", "digest_of_data", "digest_of_network"]

_LENGTH = 16  # hexadecimal digits: two of a million differ for all but one in ten million


def digest_of_data(data: Dataset) -> str:
    """Give the digest of pictures and their labels; what the classes are called does not count.

    Examples
    --------
    >>> from cnnlab.datasets import Dataset
    >>> pixels = np.zeros((2, 5, 4, 1))
    >>> one, other = (Dataset(pixels, labels, ["a", "b"]) for labels in ([0, 1], [1, 1]))
    >>> digest_of_data(one) == digest_of_data(other)
    False
    """
    found = sha256(str(data.images.shape).encode())
    found.update(np.ascontiguousarray(data.images).data)
    found.update(np.ascontiguousarray(data.labels).data)
    return found.hexdigest()[:_LENGTH]


def digest_of_network(network: Network) -> str:
    """Give the digest of a network: of its layers and of its parameters as they are now."""
    found = sha256(json.dumps(architecture(network.sequential), sort_keys=True).encode())
    for name, array in network.parameters.items():
        found.update(name.encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()[:_LENGTH]


def architecture(sequential: Sequential) -> dict[str, object]:
    """Say in plain values what a network is made of; layers of one's own by what they print."""
    from cnnlab import checkpoints

    try:
        return checkpoints.describe(sequential)
    except DataError:
        return {"input_shape": list(sequential.input_shape), "layers": repr(sequential.layers)}
