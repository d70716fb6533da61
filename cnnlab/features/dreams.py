"""Activation maximisation: an image that a unit likes, dreamt up by climbing along the gradient."""

from __future__ import annotations

import numpy as np

from cnnlab import checks
from cnnlab.checks import real, seeded
from cnnlab.features._checks import checked_unit
from cnnlab.features.cutting import cut_after
from cnnlab.layers import Array
from cnnlab.network import Network

__all__ = ["activation_maximisation"]

_MOST_STEPS = 10_000  # of a dream: minutes on a large network
_MOST_JITTER = 1000


def activation_maximisation(
    net: Network,
    layer: str,
    unit: int,
    *,
    steps: int = 128,
    step_size: float = 0.02,
    decay: float = 0.01,
    jitter: int = 1,
    seed: int = 0,
) -> Array:
    """Dream up an image that a unit responds to as strongly as it can.

    Starts from grey noise and climbs: each step moves the pixels along the gradient of the unit's
    mean response. A little shaking and a pull towards grey keep out patterns that only a gradient
    can see.

    Parameters
    ----------
    net : Network
    layer : str
        Its name, as in the summary.
    unit : int
        Which channel of its maps, or which number of its vector, from 0. For a class take the
        last layer before a softmax.
    steps : int
    step_size : float
        Mean change of a pixel in a step.
    decay : float
        Share of the distance to grey that is lost in each step.
    jitter : int
        Pixels by which the image is shifted at random before a step, and back after it.
    seed : int
        Decides the noise and the shifts.

    Returns
    -------
    ndarray of shape (height, width, channels), float32
        In [0, 1].

    Raises
    ------
    DataError
        If there is no such layer.
    ShapeError
        If there is no such unit.

    Notes
    -----
    Erhan, Bengio, Courville and Vincent 2009, *Visualizing higher-layer features of a deep
    network*; shaking after Mordvintsev, Olah and Tyka 2015, *Inceptionism*.
    """
    until = cut_after(net, layer)
    unit, rng = checked_unit(until, layer, unit), seeded(seed)
    steps = checks.whole(steps, "steps", 0, _MOST_STEPS)
    jitter = checks.whole(jitter, "jitter", 0, _MOST_JITTER)
    step_size, decay = real(step_size, "step_size", 0.02), real(decay, "decay", 0.01)
    shape = (1, *until.sequential.input_shape)
    image = (0.5 + 0.05 * rng.standard_normal(shape)).clip(0, 1).astype(np.float32)
    for _ in range(steps):
        shift = tuple(rng.integers(-jitter, jitter + 1, size=2))
        shaken = np.roll(image, shift, axis=(1, 2))
        trace = until.trace(shaken)
        grad = np.zeros_like(trace.outputs[layer])
        grad[..., unit] = 1 / grad[..., unit].size
        slope = until.output_gradients(trace, grad)["input"]
        # Where the unit is switched off, no direction leads up: stay, and let the shaking go on.
        length = np.abs(slope).mean() or 1.0
        shaken = shaken + np.float32(step_size / length) * slope
        shaken = 0.5 + (1 - decay) * (shaken - 0.5)
        image = np.roll(shaken, (-shift[0], -shift[1]), axis=(1, 2)).clip(0, 1)
    dreamt: Array = image[0].astype(np.float32)
    return dreamt
