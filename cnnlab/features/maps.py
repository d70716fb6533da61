"""Feature maps: what every layer makes of some images."""

from __future__ import annotations

from numpy.typing import ArrayLike

from cnnlab.checks import numbers
from cnnlab.features._checks import one_image
from cnnlab.layers import Array
from cnnlab.network import Network, checked_network

__all__ = ["feature_maps"]


def feature_maps(net: Network, images: ArrayLike) -> dict[str, Array]:
    """Compute what every layer makes of some images.

    Parameters
    ----------
    net : Network
    images : array_like of shape (batch, height, width, channels), or one image
        Of one grey image the channel may be left out.

    Returns
    -------
    dict of ndarray, float32
        By the names of the layers: maps of shape ``(batch, height, width, channels)``, or vectors
        of shape ``(batch, numbers)``.

    Raises
    ------
    ShapeError
        If the images are not of the shape that the network takes.

    Examples
    --------
    >>> import numpy as np
    >>> from cnnlab import Sequential
    >>> from cnnlab.layers import Conv2D, Dense, Flatten
    >>> net = Network(Sequential([Conv2D(4), Flatten(), Dense(2)], input_shape=(8, 8, 1)))
    >>> {name: maps.shape for name, maps in feature_maps(net, np.zeros((8, 8))).items()}
    {'conv2d_1': (1, 6, 6, 4), 'flatten_1': (1, 144), 'dense_1': (1, 2)}
    """
    array, shape = numbers(images, "images"), checked_network(net).sequential.input_shape
    single = array.shape in {shape, shape[:2]}
    return net.forward(one_image(net, array) if single else array)
