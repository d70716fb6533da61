"""Maps of importance from gradients: what a class rests on, by one way back through the network.

Maps are (row, column), as large as the image.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import checks
from cnnlab import functional as F
from cnnlab.datasets.resampling import resample
from cnnlab.errors import DataError, ShapeError
from cnnlab.features._checks import Of, checked_of, checked_target, one_image
from cnnlab.features.cutting import without_softmax
from cnnlab.layers import Array, Conv2D
from cnnlab.layers.activation import Activation
from cnnlab.network import Network, Trace
from cnnlab.sequential import Sequential

__all__ = ["grad_cam", "input_gradient", "saliency"]


def input_gradient(
    net: Network, image: ArrayLike, target: int | None = None, *, of: Of = "score"
) -> Array:
    """Compute how the score of a class moves with every pixel, up or down.

    Parameters
    ----------
    net : Network
    image : array_like of shape (height, width, channels)
        Of a grey image the channel may be left out.
    target : int, optional
        The class; by default the one with the highest score.
    of : "score" or "probability"
        Whether the score before a final softmax is explained, or the probability p after it, whose
        slope is p (1 - p) times as large: nothing, where the network is sure.

    Returns
    -------
    ndarray of shape (height, width, channels), float32
        Score, or probability, per unit of brightness.

    Raises
    ------
    ShapeError
        If the image is not of the shape that the network takes, or there is no such class.
    """
    scoring, picture = without_softmax(net), one_image(net, image)
    slope: Array = _gradients(scoring, scoring.trace(picture), target, of)["input"][0]
    return slope


def saliency(
    net: Network, image: ArrayLike, target: int | None = None, *, of: Of = "score"
) -> Array:
    """Map how much each pixel could move the score of a class, in either direction.

    Parameters
    ----------
    net, image, target, of
        As in `input_gradient`.

    Returns
    -------
    ndarray of shape (height, width), float32
        Size of the gradient; of several channels the largest.

    Raises
    ------
    ShapeError
        As in `input_gradient`.

    Notes
    -----
    Simonyan, Vedaldi and Zisserman 2013, *Deep inside convolutional networks*, section 3.
    """
    strongest: Array = np.abs(input_gradient(net, image, target, of=of)).max(axis=2)
    return strongest


def grad_cam(
    net: Network,
    image: ArrayLike,
    target: int | None = None,
    layer: str | None = None,
    *,
    of: Of = "score",
    signed: bool = False,
) -> Array:
    """Map the places whose features count for a class.

    The maps of a layer are added up, each weighted by how the score moves with it on average;
    what counts against the class is left out; the result is stretched over the image.

    Parameters
    ----------
    net, image, target, of
        As in `input_gradient`.
    layer : str, optional
        A layer that gives feature maps; by default the last convolution, after its activation.
    signed : bool
        Whether what counts against the class is kept, below zero: the map before its ReLU.

    Returns
    -------
    ndarray of shape (height, width), float32
        Not negative, unless `signed`. All zero: nothing counts for the class, or, of a probability
        that is exactly 1, nothing has a slope.

    Raises
    ------
    DataError
        If there is no such layer, or no layer gives feature maps.
    ShapeError
        As in `input_gradient`, or if the layer gives a flat vector.

    Notes
    -----
    Selvaraju et al. 2017, *Grad-CAM: visual explanations from deep networks via gradient-based
    localization*, equations 1 and 2.
    """
    scoring, picture = without_softmax(net), one_image(net, image)
    name = _last_maps(scoring.sequential) if layer is None else layer
    if len(scoring.sequential.row(name).output_shape) != 3:
        raise ShapeError(
            f"{name} gives a flat vector, which has no places; try layer="
            f"{_last_maps(scoring.sequential)!r}"
        )
    trace = scoring.trace(picture)
    maps = trace.outputs[name][0]
    weights = _gradients(scoring, trace, target, of)[name][0].mean(axis=(0, 1))
    heat = maps @ weights
    if not checks.flag(signed, "signed"):
        heat = np.maximum(heat, 0)
    _, height, width, _ = picture.shape
    return resample(heat, (0, 0, *heat.shape), height, width)


def _gradients(net: Network, trace: Trace, target: int | None, of: Of) -> dict[str, Array]:
    """Go back from what is watched of one class to every layer and to the image."""
    scores = trace.outputs[net.sequential.rows[-1].name]
    grad_scores = np.zeros_like(scores)
    number = checked_target(scores[0], target)
    grad_scores[0, number] = 1
    if checked_of(of) == "probability":
        probabilities = F.softmax(scores)
        grad_scores = probabilities[0, number] * (grad_scores - probabilities)
    return net.output_gradients(trace, grad_scores)


def _last_maps(stack: Sequential) -> str:
    """Name the last convolution, or the activation that follows it."""
    for place in reversed(range(len(stack.rows))):
        if isinstance(stack.rows[place].layer, Conv2D):
            after = stack.rows[place + 1 :]
            activated = after and isinstance(after[0].layer, Activation)
            return after[0].name if activated else stack.rows[place].name
    raise DataError("this network has no convolution, so no maps to weigh; try features.occlusion")
