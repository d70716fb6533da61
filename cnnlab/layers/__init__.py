"""Layers: settings and arithmetic of one step of a network, without any weights of their own."""

from __future__ import annotations

from cnnlab.layers.activation import (
    ACTIVATIONS,
    ELU,
    Activation,
    LeakyReLU,
    Maxout,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from cnnlab.layers.base import Array, Layer, Parameters, Shape
from cnnlab.layers.convolution import Conv2D
from cnnlab.layers.dense import Dense
from cnnlab.layers.dropout import Dropout
from cnnlab.layers.flatten import Flatten
from cnnlab.layers.normalization import BatchNorm
from cnnlab.layers.pooling import AvgPool2D, GlobalAvgPool2D, MaxPool2D
from cnnlab.layers.rescaling import Rescaling

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "LAYERS",
    "Activation",
    "Array",
    "AvgPool2D",
    "BatchNorm",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAvgPool2D",
    "Layer",
    "LeakyReLU",
    "MaxPool2D",
    "Maxout",
    "Parameters",
    "ReLU",
    "Rescaling",
    "Shape",
    "Sigmoid",
    "Softmax",
    "Tanh",
]

# Every layer that a file may name; see `checkpoints`.
LAYERS: dict[str, type[Layer]] = {
    layer.__name__: layer
    for layer in (
        AvgPool2D, BatchNorm, Conv2D, Dense, Dropout, ELU, Flatten, GlobalAvgPool2D, LeakyReLU,
        MaxPool2D, Maxout, ReLU, Rescaling, Sigmoid, Softmax, Tanh,
    )
}  # fmt: skip
