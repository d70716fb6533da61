"""PyTorch on the CPU, in either memory layout, written as its documentation would have it.

Weights arrive HWIO and (inputs, units), images NHWC. Nothing is computed here that the row does not
ask for: no gradient graph in prediction, no loss read back in training.
"""

import os
from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from .. import networks, workloads
from ..networks import ARCHITECTURES, Architecture
from . import Run

LAYOUT = (
    torch.channels_last
    if os.environ.get("BENCHMARK_LAYOUT") == "channels_last"
    else torch.contiguous_format
)
_ACTIVATIONS = {"relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "elu": F.elu}
_POOLS = {"max": F.max_pool2d, "average": F.avg_pool2d}


def prepare(task: workloads.Task, weights: bool, threads: int) -> Run:
    """Build one row."""
    torch.set_num_threads(threads)
    match task:
        case workloads.Convolution():
            return _convolution(task)
        case workloads.Pooling(backward=True):
            return _pooling_backward(task)
        case workloads.Pooling(kind, window, stride):
            return _function(
                lambda images: _POOLS[kind](images, window, stride), _images(task.images)
            )
        case workloads.Activation(name):
            return _function(_ACTIVATIONS[name], _images(task.images))
        case workloads.Prediction(name, batch):
            architecture = ARCHITECTURES[name]
            network = _network(architecture, weights).eval()
            return _function(network, _pictures(batch, architecture))
        case workloads.TrainingStep():
            return _training_step(task, weights)
        case workloads.Epoch():
            return _epoch(task, weights)


def _laid_out(values: Tensor) -> Tensor:
    """Copy into the layout; ``contiguous`` leaves strides as they are if there is one channel."""
    return torch.empty(values.shape, memory_format=LAYOUT).copy_(values)


def _tensor(nhwc: NDArray[np.float32]) -> Tensor:
    return _laid_out(torch.from_numpy(nhwc).permute(0, 3, 1, 2))


def _images(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return _tensor(workloads.random(shape, seed))


def _pictures(batch: int, architecture: Architecture) -> Tensor:
    return _tensor(workloads.pictures((batch, *architecture.input_shape)))


def _nhwc(result: Tensor) -> NDArray[np.float32]:
    array = result.detach().numpy()
    return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array


def _function(function: Callable[..., Tensor], *arguments: Tensor) -> Run:
    def call() -> Tensor:
        with torch.inference_mode():
            return function(*arguments)

    return Run(call, lambda: _nhwc(call()))


def _convolution(task: workloads.Convolution) -> Run:
    filters = torch.from_numpy(workloads.random(task.filters, 1)).permute(3, 2, 0, 1)
    return _function(
        lambda images, filters: F.conv2d(images, filters, stride=task.stride, padding=task.padding),
        _images(task.images),
        _laid_out(filters),
    )


def _pooling_backward(task: workloads.Pooling) -> Run:
    """Hand the gradient back to the winners, which the forward pass has already found."""
    images = _images(task.images)
    window, stride = [task.window] * 2, [task.stride] * 2
    output, winners = F.max_pool2d(images, window, stride, return_indices=True)
    shape = (output.shape[0], *output.shape[2:], output.shape[1])
    gradient = _images(shape, 2)
    return _function(
        lambda: torch.ops.aten.max_pool2d_with_indices_backward(
            gradient, images, window, stride, [0, 0], [1, 1], False, winners
        )
    )


def _network(architecture: Architecture, weights: bool) -> nn.Sequential:
    network = nn.Sequential(*_modules(architecture)).to(memory_format=LAYOUT)
    if weights:
        with torch.no_grad():
            arrays = architecture.weights(seed=0)
            for parameter, value in zip(network.parameters(), arrays, strict=True):
                parameter.copy_(_to_torch(torch.from_numpy(value), architecture))
    return network


def _modules(architecture: Architecture) -> Iterator[nn.Module]:
    for layer, before, _ in architecture.sizes():
        match layer:
            case networks.Conv(filters, size, stride, padding):
                yield nn.Conv2d(before[-1], filters, size, stride, padding)
            case networks.MaxPool(window, stride):
                yield nn.MaxPool2d(window, stride)
            case networks.Relu():
                yield nn.ReLU(inplace=True)
            case networks.Flatten():
                yield nn.Flatten()
            case networks.Dropout(rate):
                yield nn.Dropout(rate)
            case networks.Dense(units):
                yield nn.Linear(before[0], units)


def _flattened(architecture: Architecture) -> tuple[int, ...]:
    """Find the volume that the first dense layer sees: PyTorch flattens it channel by channel."""
    return next(
        before for layer, before, _ in architecture.sizes() if isinstance(layer, networks.Flatten)
    )


def _to_torch(value: Tensor, architecture: Architecture) -> Tensor:
    """Turn HWIO into OIHW, and (inputs, units) into (units, inputs)."""
    if value.ndim == 4:
        return value.permute(3, 2, 0, 1)
    if value.ndim == 2:
        height, width, channels = _flattened(architecture)
        if value.shape[0] == height * width * channels:
            volume = value.reshape(height, width, channels, -1)
            return volume.permute(3, 2, 0, 1).reshape(value.shape[1], -1)
        return value.T
    return value


def _from_torch(parameter: Tensor, architecture: Architecture) -> NDArray[np.float32]:
    value = parameter.detach()
    if value.ndim == 4:
        value = value.permute(2, 3, 1, 0)
    elif value.ndim == 2:
        height, width, channels = _flattened(architecture)
        if value.shape[1] == height * width * channels:
            volume = value.reshape(-1, channels, height, width)
            value = volume.permute(2, 3, 1, 0)
        else:
            value = value.T
    return value.reshape(-1).numpy()


def _step(
    network: nn.Sequential, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor
) -> None:
    optimizer.zero_grad(set_to_none=True)
    F.cross_entropy(network(images), labels).backward()
    optimizer.step()


def _training_step(task: workloads.TrainingStep, weights: bool) -> Run:
    architecture = ARCHITECTURES[task.network]
    images = _pictures(task.batch, architecture)
    labels = torch.from_numpy(workloads.labels(task.batch))

    def trainer(architecture: Architecture) -> tuple[nn.Sequential, torch.optim.Optimizer]:
        network = _network(architecture, weights).train()
        return network, torch.optim.SGD(network.parameters(), lr=task.learning_rate)

    network, optimizer = trainer(architecture)

    def answer() -> NDArray[np.float32]:
        """Change of every weight in one step, without dropout: its mask is each side's own."""
        plain = architecture.without_dropout()
        network, optimizer = trainer(plain)
        before = [_from_torch(parameter, plain).copy() for parameter in network.parameters()]
        _step(network, optimizer, images, labels)
        after = [_from_torch(parameter, plain) for parameter in network.parameters()]
        return np.concatenate(after) - np.concatenate(before)

    return Run(lambda: _step(network, optimizer, images, labels), answer)


def _epoch(task: workloads.Epoch, weights: bool) -> Run:
    """The loop as everybody writes it: shuffle, cut into batches, step."""
    step = workloads.TrainingStep(task.network, task.batch)
    architecture = ARCHITECTURES[task.network]
    images = _pictures(task.images, architecture)
    labels = torch.from_numpy(workloads.labels(task.images))
    network = _network(architecture, weights).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=step.learning_rate)

    def call() -> None:
        for batch in torch.randperm(len(images)).split(task.batch):
            _step(network, optimizer, images[batch], labels[batch])

    return Run(call, _training_step(step, weights).answer)
