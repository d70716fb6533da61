"""Small networks to look into, and pictures for them."""

import numpy as np

from cnnlab import Network, Sequential
from cnnlab.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU, Tanh

SHAPE = (12, 10, 2)


def network(*layers, shape=SHAPE, seed=3) -> Network:
    net = Network(Sequential(layers, shape), seed=seed)
    rng = np.random.default_rng(seed)
    net.parameters = {
        name: array + 0.05 * rng.standard_normal(array.shape)  # biases that are not zero
        for name, array in net.parameters.items()
    }
    return net


def classifier(*ending) -> Network:
    return network(Conv2D(5), ReLU(), MaxPool2D(), Conv2D(4), Tanh(), Flatten(), Dense(3), *ending)


def picture(seed=0, shape=SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)
