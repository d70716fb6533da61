"""What a network looks at: maps, fields, the patches a unit likes, the pixels a class rests on.

Axes: row, column, channel of one image; maps of importance are (row, column), as large as the
image, ready for `plots.overlay`. Everything follows from outputs that were kept and from gradients
that come out at the bottom: no hooks, nothing is changed in the network. A class is explained by
its score before a final softmax, except by occlusion, which watches its share of certainty.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.datasets import Dataset
from cnnlab.datasets.resampling import resample
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import Array, Conv2D, Dense, Layer
from cnnlab.layers.activation import Activation
from cnnlab.network import Network, Trace
from cnnlab.sequential import Row, Sequential
from cnnlab.shapes import IntPair, Window, pair

__all__ = [
    "Box",
    "Patch",
    "activation_maximisation",
    "feature_maps",
    "grad_cam",
    "input_gradient",
    "occlusion",
    "receptive_field",
    "saliency",
    "strongest_patches",
]

Box = tuple[int, int, int, int]  # top, left, bottom, right: rows top to bottom - 1

_BATCH = 256  # images pushed through at once


class Patch(NamedTuple):
    """A place in an image that a unit answers to.

    Attributes
    ----------
    activation : float
        How strongly.
    image : int
        Which image of the data set.
    box : (top, left, bottom, right)
        Where in it: the unit's receptive field.
    pixels : ndarray of shape (bottom - top, right - left, channels), float32
        What is there.
    """

    activation: float
    image: int
    box: Box
    pixels: Array


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
    >>> from cnnlab.layers import Conv2D, Dense, Flatten
    >>> net = Network(Sequential([Conv2D(4), Flatten(), Dense(2)], input_shape=(8, 8, 1)))
    >>> {name: maps.shape for name, maps in feature_maps(net, np.zeros((8, 8))).items()}
    {'conv2d_1': (1, 6, 6, 4), 'flatten_1': (1, 144), 'dense_1': (1, 2)}
    """
    array, shape = np.asarray(images), net.sequential.input_shape
    single = array.shape in {shape, shape[:2]}
    return net.forward(_one_image(net, array) if single else array)


def receptive_field(network: Network | Sequential, layer: str, row: int, column: int) -> Box:
    """Find the pixels of the image that one place in a layer's feature maps depends on.

    Zeros that padding adds are not pixels of the image: near the rim the field is smaller. Where
    strides leave pixels out, the field is the smallest box around all that count.

    Parameters
    ----------
    network : Network or Sequential
    layer : str
        Its name, as in the summary.
    row, column : int
        The place in its maps, from 0. For a layer that gives a flat vector they do not matter: it
        sees the whole image.

    Returns
    -------
    (top, left, bottom, right)
        Rows `top` to ``bottom - 1``: ``image[top:bottom, left:right]``. Empty, ``(0, 0, 0, 0)``,
        if the place sees nothing but padding.

    Raises
    ------
    DataError
        If there is no such layer.
    ShapeError
        If there is no such place, or the network does not take images.

    Examples
    --------
    >>> from cnnlab.layers import MaxPool2D
    >>> stack = Sequential([Conv2D(4), MaxPool2D(), Conv2D(4)], input_shape=(32, 32, 1))
    >>> receptive_field(stack, "conv2d_2", 0, 5)
    (0, 10, 8, 18)
    """
    stack = network.sequential if isinstance(network, Network) else network
    height, width = _image_size(stack)
    target = stack.row(layer)
    if len(target.output_shape) != 3:
        return 0, 0, height, width
    rows, columns, _ = target.output_shape
    if not (0 <= row < rows and 0 <= column < columns):
        raise ShapeError(
            f"{layer} has {rows}x{columns} places, got row {row}, column {column}; "
            "rows and columns count from 0"
        )
    (top, left), (bottom, right) = (row, column), (row, column)  # the last ones included
    for below in reversed(stack.rows[: stack.rows.index(target) + 1]):
        window = _window(below)
        if window is None:
            continue
        size = below.input_shape
        top, bottom = _span(
            top, bottom, window.stride[0], window.top, window.height, window.dilation[0], size[0]
        )
        left, right = _span(
            left, right, window.stride[1], window.left, window.width, window.dilation[1], size[1]
        )
        if top > bottom or left > right:
            return 0, 0, 0, 0
    return top, left, bottom + 1, right + 1


def strongest_patches(
    net: Network, data: Dataset, layer: str, unit: int, count: int = 9
) -> list[Patch]:
    """Look through a data set for what a unit answers to most strongly.

    Of each image only the strongest place counts, so that the patches come from as many images.

    Parameters
    ----------
    net : Network
    data : Dataset
    layer : str
        Its name, as in the summary.
    unit : int
        Which channel of its maps, or which number of its vector, from 0.
    count : int
        How many patches.

    Returns
    -------
    list of Patch
        The strongest first.

    Raises
    ------
    DataError
        If there is no such layer.
    ShapeError
        If there is no such unit, or the images are not of the shape that the network takes.

    Notes
    -----
    Zeiler and Fergus 2014, *Visualizing and understanding convolutional networks*, figure 2.
    """
    until = _until(net, layer)
    _checked_unit(until, layer, unit)
    best, places = [], []
    for start in range(0, len(data), _BATCH):
        answers = until.predict(data.images[start : start + _BATCH])[..., unit]
        flat = answers.reshape(len(answers), -1)
        place = flat.argmax(axis=1)
        best.append(flat[np.arange(len(flat)), place])
        places.append(place)
    strength, where = np.concatenate(best), np.concatenate(places)
    across = until.sequential.output_shape[1] if len(until.sequential.output_shape) == 3 else 1
    patches = []
    # A stable sort, so that of equal answers the first image comes first.
    for image in np.argsort(-strength, kind="stable")[:count]:
        box = receptive_field(net, layer, *divmod(int(where[image]), across))
        top, left, bottom, right = box
        pixels = data.images[image, top:bottom, left:right].copy()
        patches.append(Patch(float(strength[image]), int(image), box, pixels))
    return patches


def input_gradient(net: Network, image: ArrayLike, target: int | None = None) -> Array:
    """Compute how the score of a class moves with every pixel, up or down.

    Parameters
    ----------
    net : Network
    image : array_like of shape (height, width, channels)
        Of a grey image the channel may be left out.
    target : int, optional
        The class; by default the one with the highest score.

    Returns
    -------
    ndarray of shape (height, width, channels), float32
        Score per unit of brightness.

    Raises
    ------
    ShapeError
        If the image is not of the shape that the network takes, or there is no such class.
    """
    scoring, picture = _scoring(net), _one_image(net, image)
    slope: Array = _gradients(scoring, scoring.trace(picture), target)["input"][0]
    return slope


def saliency(net: Network, image: ArrayLike, target: int | None = None) -> Array:
    """Map how much each pixel could move the score of a class, in either direction.

    Parameters
    ----------
    net, image, target
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
    strongest: Array = np.abs(input_gradient(net, image, target)).max(axis=2)
    return strongest


def occlusion(
    net: Network,
    image: ArrayLike,
    target: int | None = None,
    window: IntPair = 5,
    stride: IntPair = 1,
    *,
    fill: float | None = None,
) -> Array:
    """Cover the image piece by piece, and map how much certainty of a class each piece costs.

    Parameters
    ----------
    net, image, target
        As in `input_gradient`.
    window : int or (int, int)
        Rows and columns of the cover.
    stride : int or (int, int)
        From one place of the cover to the next; the last place always touches the rim.
    fill : float, optional
        Brightness of the cover; by default the mean of each channel of the image.

    Returns
    -------
    ndarray of shape (height, width), float32
        For each pixel, the mean loss of the class's share over all places that cover it: above
        zero where the network needs the pixel, below where it does better without.

    Raises
    ------
    ShapeError
        As in `input_gradient`, or if the cover is larger than the image.

    Notes
    -----
    Zeiler and Fergus 2014, *Visualizing and understanding convolutional networks*, section 4.2.
    """
    picture = _one_image(net, image)
    _, height, width, _ = picture.shape
    rows, columns = pair(window, "window")
    down, across = pair(stride, "stride")
    if rows > height or columns > width:
        raise ShapeError(
            f"a cover of {rows}x{columns} is larger than the image of {height}x{width}; "
            "try a smaller window"
        )
    shares = net.probabilities(picture)[0]
    target = _checked_target(shares, target)
    cover = picture.mean(axis=(1, 2), keepdims=True) if fill is None else np.float32(fill)
    corners = [
        (top, left)
        for top in _places(height, rows, down)
        for left in _places(width, columns, across)
    ]
    loss = np.zeros((height, width))
    times = np.zeros((height, width))
    for start in range(0, len(corners), _BATCH):
        batch = corners[start : start + _BATCH]
        covered = np.repeat(picture, len(batch), axis=0)
        for copy, (top, left) in zip(covered, batch, strict=True):
            copy[top : top + rows, left : left + columns] = cover
        drops = shares[target] - net.probabilities(covered)[:, target]
        for drop, (top, left) in zip(drops, batch, strict=True):
            loss[top : top + rows, left : left + columns] += drop
            times[top : top + rows, left : left + columns] += 1
    # A stride longer than the cover leaves pixels out: nothing is known of them.
    return np.divide(loss, times, out=np.zeros_like(loss), where=times > 0).astype(np.float32)


def grad_cam(
    net: Network, image: ArrayLike, target: int | None = None, layer: str | None = None
) -> Array:
    """Map the places whose features speak for a class.

    The maps of a layer are added up, each weighted by how the score moves with it on average;
    what speaks against the class is left out; the result is stretched over the image.

    Parameters
    ----------
    net, image, target
        As in `input_gradient`.
    layer : str, optional
        A layer that gives feature maps; by default the last convolution, after its activation.

    Returns
    -------
    ndarray of shape (height, width), float32
        Not negative.

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
    scoring, picture = _scoring(net), _one_image(net, image)
    name = _last_maps(scoring.sequential) if layer is None else layer
    if len(scoring.sequential.row(name).output_shape) != 3:
        raise ShapeError(
            f"{name} gives a flat vector, which has no places; try layer="
            f"{_last_maps(scoring.sequential)!r}"
        )
    trace = scoring.trace(picture)
    maps = trace.outputs[name][0]
    weights = _gradients(scoring, trace, target)[name][0].mean(axis=(0, 1))
    heat = np.maximum(maps @ weights, 0)
    _, height, width, _ = picture.shape
    return resample(heat, (0, 0, *heat.shape), height, width)


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
    """Dream up an image that a unit answers to as strongly as it can.

    Starts from grey noise and climbs: each step moves the pixels along the gradient of the unit's
    mean answer. A little shaking and a pull towards grey keep out patterns that only a gradient
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
    until = _until(net, layer)
    _checked_unit(until, layer, unit)
    rng = np.random.default_rng(seed)
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


# Networks cut short: their layers keep their names, which count from the input on.


def _until(net: Network, layer: str) -> Network:
    """Take a network up to a layer, with the same weights."""
    rows = net.sequential.rows
    kept = rows[: rows.index(net.sequential.row(layer)) + 1]
    return net if len(kept) == len(rows) else _of(net, [row.layer for row in kept])


def _of(net: Network, layers: list[Layer]) -> Network:
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


def _scoring(net: Network) -> Network:
    """Take a network without a softmax at its end, where a sure class has no slope left."""
    if not net.sequential.gives_shares:
        return net
    *before, last = [row.layer for row in net.sequential.rows]
    if isinstance(last, Conv2D | Dense):
        return _of(net, [*before, replace(last, activation=None)])
    return _of(net, before) if before else net


def _last_maps(stack: Sequential) -> str:
    """Name the last convolution, or the activation that follows it."""
    for place in reversed(range(len(stack.rows))):
        if isinstance(stack.rows[place].layer, Conv2D):
            after = stack.rows[place + 1 :]
            activated = after and isinstance(after[0].layer, Activation)
            return after[0].name if activated else stack.rows[place].name
    raise DataError("this network has no convolution, so no maps to weigh; try features.occlusion")


def _gradients(net: Network, trace: Trace, target: int | None) -> dict[str, Array]:
    """Go back from the score of one class to every layer and to the image."""
    scores = trace.outputs[net.sequential.rows[-1].name]
    grad_scores = np.zeros_like(scores)
    grad_scores[0, _checked_target(scores[0], target)] = 1
    return net.output_gradients(trace, grad_scores)


# What is checked.


def _image_size(stack: Sequential) -> tuple[int, int]:
    if len(stack.input_shape) != 3:
        raise ShapeError(
            f"this network takes flat vectors of {stack.input_shape[0]} numbers, not images; "
            "begin it with input_shape=(height, width, channels) and Flatten()"
        )
    height, width, _ = stack.input_shape
    return height, width


def _one_image(net: Network, image: ArrayLike) -> Array:
    """Bring one image to a batch of one."""
    shape = net.sequential.input_shape
    _image_size(net.sequential)
    array = np.asarray(image)
    if array.shape == (1, *shape):
        array = array[0]
    if array.shape == shape[:2] and shape[2] == 1:
        array = array[..., np.newaxis]
    if array.shape != shape or array.dtype.kind not in "biuf":
        raise ShapeError(
            f"this network takes one image of shape {shape}, got {array.dtype} of shape "
            f"{array.shape}; resize it, or take one image of a batch: images[0]"
        )
    return np.ascontiguousarray(array[np.newaxis], dtype=np.float32)


def _checked_unit(net: Network, layer: str, unit: int) -> None:
    units = net.sequential.output_shape[-1]
    if not 0 <= unit < units:
        raise ShapeError(f"{layer} has {units} units, counted from 0, got {unit}; try unit=0")


def _checked_target(scores: NDArray[np.float32], target: int | None) -> int:
    if scores.ndim != 1:
        raise ShapeError(
            f"this network gives maps of shape {scores.shape} and no class scores; "
            "end it with Flatten() and Dense()"
        )
    if target is None:
        return int(scores.argmax())
    if not 0 <= target < len(scores):
        raise ShapeError(
            f"there are {len(scores)} classes, counted from 0, got target={target}; "
            "leave it out for the class with the highest score"
        )
    return int(target)


# Geometry.


def _window(row: Row) -> Window | None:
    """Resolve the window of a layer, padding included; None for a layer without one."""
    sides = row.layer.sliding_window(row.input_shape)
    if sides is None or len(row.input_shape) != 3:
        return None
    (rows, down, spread_down), (columns, across, spread_across) = sides
    return Window.over(
        (row.input_shape[0], row.input_shape[1]),
        (rows, columns),
        (down, across),
        getattr(row.layer, "padding", "valid"),
        (spread_down, spread_across),
    )


def _span(
    first: int, last: int, stride: int, before: int, window: int, dilation: int, size: int
) -> tuple[int, int]:
    """Say which input pixels a run of outputs sees, cut off at the rim of the input."""
    nearest = first * stride - before
    furthest = last * stride - before + dilation * (window - 1)
    return max(0, nearest), min(size - 1, furthest)


def _places(size: int, window: int, stride: int) -> Iterator[int]:
    yield from range(0, size - window, stride)
    yield size - window
