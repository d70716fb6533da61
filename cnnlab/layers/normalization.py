"""Batch normalisation. The last axis is the channel; all axes before it are averaged over."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from cnnlab.checks import as_float, shown
from cnnlab.errors import DataError
from cnnlab.layers.base import Array, Layer, Parameters, Shape, checked_shape, filled, settle

__all__ = ["BatchNorm"]


class _Cache(NamedTuple):
    normalized: Array
    deviation: Array  # per channel
    mean: Array | None  # of the batch; None outside training, where statistics are constants
    variance: Array | None
    averaged: int  # numbers in each average


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Shift and scale each channel to mean 0 and variance 1 over the batch; then learn both anew.

    While training, the batch's own mean and variance are used. Running averages of them are kept
    for later, among the parameters, but no gradient changes them: `forward` leaves them alone and
    `running_averages` gives their new values, to be put in place with the step of the optimiser.

    Parameters
    ----------
    momentum : float
        Share of the running averages that survives a step.
    epsilon : float
        Added to the variance, so that a constant channel is not divided by zero.

    Notes
    -----
    Ioffe and Szegedy 2015, *Batch normalization*, algorithms 1 and 2. As there, the running
    variance is the unbiased one (divided by one less than the count).

    Examples
    --------
    >>> BatchNorm().parameter_shapes((8, 8, 16))["running_mean"]
    (16,)
    """

    kind: ClassVar[str] = "BatchNormalization"
    non_trainable: ClassVar[tuple[str, ...]] = ("running_mean", "running_variance")

    momentum: float = 0.9
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        if not 0 <= as_float(self.momentum) < 1:
            raise DataError(
                "momentum must be at least 0 and below 1, "
                f"got {shown(self.momentum)}; try momentum=0.9"
            )
        if not 0 < as_float(self.epsilon) < math.inf:
            raise DataError(f"epsilon must be above 0, got {shown(self.epsilon)}; try epsilon=1e-5")
        settle(self, momentum=as_float(self.momentum), epsilon=as_float(self.epsilon))

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        channels = checked_shape(input_shape)[-1:]
        return {
            "scale": channels,
            "shift": channels,
            "running_mean": channels,
            "running_variance": channels,
        }

    def initialize(self, input_shape: Shape, rng: np.random.Generator) -> dict[str, Array]:
        del rng
        first = {"scale": 1, "shift": 0, "running_mean": 0, "running_variance": 1}
        shapes = self.parameter_shapes(input_shape)
        return {name: filled(shapes[name], value) for name, value in first.items()}

    def forward(
        self,
        parameters: Parameters,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        del rng
        count = x.size // x.shape[-1]
        if not training:
            deviation = np.sqrt(parameters["running_variance"] + np.float32(self.epsilon))
            normalized = (x - parameters["running_mean"]) / deviation
            cache = _Cache(normalized, deviation, None, None, count)
        else:
            if count < 2:
                raise DataError(
                    "BatchNorm cannot learn from one number a channel: its variance is 0; "
                    "use a batch of 2 or more"
                )
            # Thousands of float32 numbers summed one after the other lose digits: sum in float64.
            axes = tuple(range(x.ndim - 1))
            mean = x.mean(axes, dtype=np.float64).astype(np.float32)
            normalized = x - mean
            variance = np.square(normalized).mean(axes, dtype=np.float64).astype(np.float32)
            deviation = np.sqrt(variance + np.float32(self.epsilon))
            normalized /= deviation
            cache = _Cache(normalized, deviation, mean, variance, count)
        return normalized * parameters["scale"] + parameters["shift"], cache

    def running_averages(self, parameters: Parameters, cache: Any) -> dict[str, Array]:
        if cache.mean is None:
            return {}
        old, new = np.float32(self.momentum), np.float32(1 - self.momentum)
        unbiased = cache.variance * np.float32(cache.averaged / (cache.averaged - 1))
        return {
            "running_mean": old * parameters["running_mean"] + new * cache.mean,
            "running_variance": old * parameters["running_variance"] + new * unbiased,
        }

    def backward(
        self, parameters: Parameters, cache: Any, grad_output: Array
    ) -> tuple[Array, dict[str, Array]]:
        axes = tuple(range(grad_output.ndim - 1))
        grad_shift = grad_output.sum(axes, dtype=np.float64).astype(np.float32)
        grad_scale = (grad_output * cache.normalized).sum(axes, dtype=np.float64)
        grad_scale = grad_scale.astype(np.float32)
        grad_input = grad_output
        if cache.mean is not None:
            # Moving one input moves the mean and the variance of its whole channel.
            grad_input = grad_output - (grad_shift + cache.normalized * grad_scale) / np.float32(
                cache.averaged
            )
        grad_input = grad_input * (parameters["scale"] / cache.deviation)
        return grad_input, {"scale": grad_scale, "shift": grad_shift}
