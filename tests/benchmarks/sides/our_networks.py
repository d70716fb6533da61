"""cnnlab's networks: the same lists of layers, through `Sequential`, `Network` and `training`."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

import cnnlab
from cnnlab import Network, Sequential, layers
from cnnlab.datasets import Dataset

from .. import networks, workloads
from ..networks import ARCHITECTURES, Architecture
from . import Run


def prepare(task: workloads.Task, weights: bool) -> Run:
    """Build one row."""
    match task:
        case workloads.Prediction(name, batch):
            architecture = ARCHITECTURES[name]
            network = _network(architecture, weights)
            images = workloads.pictures((batch, *architecture.input_shape))
            return Run(lambda: network.predict(images), lambda: network.predict(images))
        case workloads.TrainingStep():
            return _training_step(task, weights)
        case workloads.Epoch():
            return _epoch(task, weights)
        case _:
            raise TypeError(f"{task} is not a task for a network")


def _network(architecture: Architecture, weights: bool) -> Network:
    network = Network(Sequential(list(_layers(architecture)), architecture.input_shape), seed=0)
    if weights:
        network.parameters = dict(
            zip(network.parameters, architecture.weights(seed=0), strict=True)
        )
    return network


def _layers(architecture: Architecture) -> Iterator[layers.Layer]:
    for layer in architecture.layers:
        match layer:
            case networks.Conv(filters, size, stride, padding):
                yield layers.Conv2D(filters, size, stride=stride, padding=padding)
            case networks.MaxPool(window, stride):
                yield layers.MaxPool2D(window, stride=stride)
            case networks.Relu():
                yield layers.ReLU()
            case networks.Flatten():
                yield layers.Flatten()
            case networks.Dropout(rate):
                yield layers.Dropout(rate)
            case networks.Dense(units):
                yield layers.Dense(units)


def _steps(
    network: Network, architecture: Architecture, images: int, task: workloads.TrainingStep
) -> Iterator[object]:
    """Train for as long as somebody asks for the next step."""
    data = Dataset(
        workloads.pictures((images, *architecture.input_shape)),
        workloads.labels(images),
        class_names="0123456789",
    )
    return cnnlab.training.run(
        network,
        data,
        epochs=1_000_000,
        optimizer=cnnlab.optimizers.SGD(task.learning_rate),
        batch_size=task.batch,
        seed=0,
    )


def _training_step(task: workloads.TrainingStep, weights: bool) -> Run:
    architecture = ARCHITECTURES[task.network]
    steps = _steps(_network(architecture, weights), architecture, task.batch, task)

    def answer() -> NDArray[np.float32]:
        """Change of every weight in one step, without dropout: its mask is each side's own."""
        plain = architecture.without_dropout()
        network = _network(plain, weights)
        before = _flat(network)
        next(_steps(network, plain, task.batch, task))
        return _flat(network) - before

    return Run(lambda: next(steps), answer)


def _flat(network: Network) -> NDArray[np.float32]:
    return np.concatenate([array.ravel() for array in network.parameters.values()])


def _epoch(task: workloads.Epoch, weights: bool) -> Run:
    step = workloads.TrainingStep(task.network, task.batch)
    architecture = ARCHITECTURES[task.network]
    steps = _steps(_network(architecture, weights), architecture, task.images, step)

    def call() -> None:
        for _ in range(task.images // task.batch):
            next(steps)

    return Run(call, _training_step(step, weights).answer)
