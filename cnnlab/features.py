"""What a network looks at: maps, fields, the patches a unit likes, the pixels a class rests on.

Axes: row, column, channel of one image; maps of importance are (row, column), as large as the
image, ready for `plots.overlay`. Everything follows from outputs that were kept and from gradients
that come out at the bottom: no hooks, nothing is changed in the network. A class is explained by
its score before a final softmax, or by its probability after one; where nothing is said, only
occlusion watches the probability.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import checks
from cnnlab import functional as F
from cnnlab.checks import kind_of, numbers, real, seeded, shown
from cnnlab.datasets import Dataset
from cnnlab.datasets.resampling import resample
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import Array, Conv2D, Dense, Layer
from cnnlab.layers.activation import Activation
from cnnlab.network import Network, Trace, checked_network
from cnnlab.sequential import Row, Sequential
from cnnlab.shapes import IntPair, Window, pair, whole

__all__ = [
    "Box",
    "OcclusionSweep",
    "Patch",
    "PatchSearch",
    "activation_maximisation",
    "feature_maps",
    "grad_cam",
    "input_gradient",
    "occlusion",
    "rank_correlation",
    "receptive_field",
    "receptive_fields",
    "saliency",
    "shuffled",
    "shuffles",
    "strongest_patches",
    "without_softmax",
]

Box = tuple[int, int, int, int]  # top, left, bottom, right: rows top to bottom - 1
Of = Literal["score", "probability"]  # what of a class is watched

_BATCH = 256  # images pushed through at once, and of a large network so many that
_BATCH_WORK = 1_000_000_000  # multiply-adds are not exceeded: tens of milliseconds
_MOST_STEPS = 10_000  # of a dream: minutes on a large network
_MOST_JITTER = 1000


class Patch(NamedTuple):
    """A place in an image that a unit responds to.

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
    array, shape = numbers(images, "images"), checked_network(net).sequential.input_shape
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
    return receptive_fields(network, layer, row, column)["input"]


def receptive_fields(
    network: Network | Sequential, layer: str, row: int, column: int
) -> dict[str, Box]:
    """Trace what one place depends on down through every layer, to the image.

    Parameters
    ----------
    network, layer, row, column
        As in `receptive_field`.

    Returns
    -------
    dict of (top, left, bottom, right)
        By the names of the layers, from this one down, and ``"input"`` for the image: the places in
        their maps that count. Flat vectors, which have no places, are left out.

    Raises
    ------
    DataError, ShapeError
        As in `receptive_field`.

    Examples
    --------
    >>> from cnnlab.layers import MaxPool2D
    >>> stack = Sequential([Conv2D(4), MaxPool2D(), Conv2D(4)], input_shape=(32, 32, 1))
    >>> receptive_fields(stack, "max_pooling2d_1", 0, 5)
    {'max_pooling2d_1': (0, 5, 1, 6), 'conv2d_1': (0, 10, 2, 12), 'input': (0, 10, 4, 14)}
    """
    stack = network if isinstance(network, Sequential) else checked_network(network).sequential
    height, width = _image_size(stack)
    target = stack.row(layer)
    shape, fields = target.output_shape, dict[str, Box]()
    box: Box | None = None  # of a flat vector: all of what it was made of
    if len(shape) == 3:
        row = whole(row, "row", least=0)
        column = whole(column, "column", least=0)
        if not (0 <= row < shape[0] and 0 <= column < shape[1]):
            raise ShapeError(
                f"{layer} has {shape[0]}x{shape[1]} places, got row {row}, column {column}; "
                "rows and columns count from 0"
            )
        box = row, column, row + 1, column + 1
    below = stack.rows[: stack.rows.index(target) + 1]
    for number in reversed(range(len(below))):
        one = below[number]
        if box is not None:
            fields[one.name] = box
        if len(one.input_shape) != 3:
            continue
        rows, columns, _ = one.input_shape
        box = (0, 0, rows, columns) if box is None else _seen(one, box)
    return {**fields, "input": box or (0, 0, height, width)}


def _seen(row: Row, box: Box) -> Box:
    """Say which places of its input a box in a layer's maps depends on."""
    window, (height, width, _) = _window(row), row.input_shape
    top, left, bottom, right = box
    if top >= bottom or left >= right:
        return 0, 0, 0, 0  # nothing but padding, further down neither
    if window is None:
        # Neighbours are not mixed, except where all of a map becomes one number.
        return box if row.output_shape[:2] == (height, width) else (0, 0, height, width)
    first, last = _span(
        top, bottom - 1, window.stride[0], window.top, window.height, window.dilation[0], height
    )
    nearest, furthest = _span(
        left, right - 1, window.stride[1], window.left, window.width, window.dilation[1], width
    )
    if first > last or nearest > furthest:
        return 0, 0, 0, 0
    return first, nearest, last + 1, furthest + 1


def strongest_patches(
    net: Network, data: Dataset, layer: str, unit: int, count: int = 9
) -> list[Patch]:
    """Look through a data set for what a unit responds to most strongly.

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
    search = PatchSearch(net, data, layer, unit)
    search.advance()
    return search.strongest(unit, count)


class PatchSearch:
    """Look for what the units of a layer respond to, a piece of the data set at a time.

    One look through the images serves all units of the layer.

    Parameters
    ----------
    net : Network
    data : Dataset
    layer : str
        Its name, as in the summary.
    unit : int, optional
        Look for this one only, which takes less memory.

    Attributes
    ----------
    done, count : int
        Images looked at so far, and of how many.

    Raises
    ------
    DataError, ShapeError
        As in `strongest_patches`.

    Examples
    --------
    >>> from cnnlab import datasets, zoo
    >>> search = PatchSearch(zoo.pretrained("digits_net"), datasets.digits().test, "conv2d_2")
    >>> search.advance(), search.done
    (True, 359)
    >>> [patch.image for patch in search.strongest(0, 3)]
    [274, 95, 125]
    """

    def __init__(self, net: Network, data: Dataset, layer: str, unit: int | None = None) -> None:
        self._data, self._net = kind_of(data, Dataset, "data", "datasets.digits().test"), net
        self._until, self._layer = _cut_after(net, layer), layer
        self._only = None if unit is None else _checked_unit(self._until, layer, unit)
        self._batch = _batch_of(self._until)
        self._strength: list[Array] = []
        self._places: list[NDArray[np.int64]] = []
        self.done, self.count = 0, len(data)

    def advance(self, seconds: float | None = None) -> bool:
        """Look at further images, at least at some.

        Parameters
        ----------
        seconds : float, optional
            After how long to stop; by default when all have been looked at.

        Returns
        -------
        bool
            Whether all have been looked at.
        """
        limit = np.inf if seconds is None else real(seconds, "seconds", 0.1, least=0)
        began = time.monotonic()
        while self.done < self.count:
            answers = self._until.predict(self._data.images[self.done : self.done + self._batch])
            if self._only is not None:
                answers = answers[..., self._only, np.newaxis]
            flat = answers.reshape(len(answers), -1, answers.shape[-1])
            place = flat.argmax(axis=1)
            self._places.append(place)
            self._strength.append(np.take_along_axis(flat, place[:, np.newaxis], 1)[:, 0])
            self.done += len(answers)
            if time.monotonic() - began >= limit:
                break
        return self.done == self.count

    def strongest(self, unit: int, count: int = 9) -> list[Patch]:
        """Give what a unit responds to most strongly, of the images looked at so far.

        Parameters
        ----------
        unit : int
            From 0.
        count : int
            How many patches.

        Returns
        -------
        list of Patch
            The strongest first, one of each image; none before `advance`.

        Raises
        ------
        DataError
            If this unit was not looked for.
        ShapeError
            If there is no such unit.
        """
        unit, count = _checked_unit(self._until, self._layer, unit), checks.whole(count, "count")
        if self._only not in {None, unit}:
            raise DataError(
                f"this search looks for unit {self._only} only, got unit={unit}; "
                f"try PatchSearch(net, data, {self._layer!r})"
            )
        if not self.done:
            return []
        column = 0 if self._only is not None else unit
        strength = np.concatenate([part[:, column] for part in self._strength])
        where = np.concatenate([part[:, column] for part in self._places])
        shape = self._until.sequential.output_shape
        across = shape[1] if len(shape) == 3 else 1
        patches = []
        # A stable sort, so that of equal answers the first image comes first.
        for image in np.argsort(-strength, kind="stable")[:count]:
            box = receptive_field(self._net, self._layer, *divmod(int(where[image]), across))
            top, left, bottom, right = box
            pixels = self._data.images[image, top:bottom, left:right].copy()
            patches.append(Patch(float(strength[image]), int(image), box, pixels))
        return patches


def without_softmax(net: Network) -> Network:
    """Take a network without a softmax at its end: what it gives are the scores.

    After a softmax a class that is sure has no slope left.

    Parameters
    ----------
    net : Network

    Returns
    -------
    Network
        With the same weights; `net` itself where it ends without a softmax.

    Examples
    --------
    >>> from cnnlab.layers import Dense
    >>> net = Network(Sequential([Dense(2, activation="softmax")], input_shape=(3,)), seed=0)
    >>> without_softmax(net).sequential.gives_probabilities
    False
    """
    if not checked_network(net).sequential.gives_probabilities:
        return net
    *before, last = [row.layer for row in net.sequential.rows]
    if isinstance(last, Conv2D | Dense):
        return _with_layers(net, [*before, replace(last, activation=None)])
    return _with_layers(net, before) if before else net


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
    scoring, picture = without_softmax(net), _one_image(net, image)
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


def occlusion(
    net: Network,
    image: ArrayLike,
    target: int | None = None,
    window: IntPair = 5,
    stride: IntPair = 1,
    *,
    fill: ArrayLike | None = None,
    of: Of = "probability",
) -> Array:
    """Cover the image piece by piece, and map what each piece costs a class.

    Parameters
    ----------
    net, image, target
        As in `input_gradient`.
    window : int or (int, int)
        Rows and columns of the cover.
    stride : int or (int, int)
        From one place of the cover to the next; the last place always touches the rim.
    fill : float or array_like of shape (channels,), optional
        Brightness of the cover; by default the mean of each channel of the image.
    of : "probability" or "score"
        Whether the class's probability is watched, or its score before a final softmax.

    Returns
    -------
    ndarray of shape (height, width), float32
        For each pixel, by how much the probability or score falls, averaged over all places that
        cover it: above zero where the network needs the pixel, below where it does better without.

    Raises
    ------
    ShapeError
        As in `input_gradient`, or if the cover is larger than the image.

    Notes
    -----
    Zeiler and Fergus 2014, *Visualizing and understanding convolutional networks*, section 4.2.
    """
    sweep = OcclusionSweep(net, image, target, window, stride, fill=fill, of=of)
    sweep.advance()
    return sweep.map


class OcclusionSweep:
    """Cover an image piece by piece, some places at a time.

    Parameters
    ----------
    net, image, target, window, stride, fill, of
        As in `occlusion`.

    Attributes
    ----------
    done, count : int
        Places covered so far, and of how many.

    Raises
    ------
    ShapeError
        As in `occlusion`.

    Examples
    --------
    >>> from cnnlab import zoo
    >>> sweep = OcclusionSweep(zoo.pretrained("digits_net"), np.zeros((8, 8)), 3, window=4)
    >>> sweep.count, sweep.advance(), sweep.map.shape
    (25, True, (8, 8))
    """

    def __init__(
        self,
        net: Network,
        image: ArrayLike,
        target: int | None = None,
        window: IntPair = 5,
        stride: IntPair = 1,
        *,
        fill: ArrayLike | None = None,
        of: Of = "probability",
    ) -> None:
        self._picture = _one_image(net, image)
        _, height, width, _ = self._picture.shape
        rows, columns = self._window = pair(window, "window")
        down, across = pair(stride, "stride")
        if rows > height or columns > width:
            raise ShapeError(
                f"a cover of {rows}x{columns} is larger than the image of {height}x{width}; "
                "try a smaller window"
            )
        self._answers, self._batch = _answering(net, of), _batch_of(net)
        before = self._answers(self._picture)[0]
        self._target = _checked_target(before, target)
        self._before, self._cover = before[self._target], _cover(self._picture, fill)
        self._corners = [
            (top, left)
            for top in _places(height, rows, down)
            for left in _places(width, columns, across)
        ]
        self._loss, self._times = np.zeros((2, height, width))
        self.done, self.count = 0, len(self._corners)

    def advance(self, seconds: float | None = None) -> bool:
        """Cover further places, at least some.

        Parameters
        ----------
        seconds : float, optional
            After how long to stop; by default when all places have been covered.

        Returns
        -------
        bool
            Whether all places have been covered.
        """
        limit = np.inf if seconds is None else real(seconds, "seconds", 0.1, least=0)
        began = time.monotonic()
        while self.done < self.count:
            self._cover_next()
            if time.monotonic() - began >= limit:
                break
        return self.done == self.count

    def _cover_next(self) -> None:
        batch = self._corners[self.done : self.done + self._batch]
        rows, columns = self._window
        covered = np.repeat(self._picture, len(batch), axis=0)
        for copy, (top, left) in zip(covered, batch, strict=True):
            copy[top : top + rows, left : left + columns] = self._cover
        drops = self._before - self._answers(covered)[:, self._target]
        for drop, (top, left) in zip(drops, batch, strict=True):
            self._loss[top : top + rows, left : left + columns] += drop
            self._times[top : top + rows, left : left + columns] += 1
        self.done += len(batch)

    @property
    def map(self) -> Array:
        """What the places covered so far cost: (height, width), float32; 0 where none was."""
        # A stride longer than the cover leaves pixels out: nothing is known of them.
        loss, times = self._loss, self._times
        costs = np.divide(loss, times, out=np.zeros_like(loss), where=times > 0)
        return costs.astype(np.float32)


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
    scoring, picture = without_softmax(net), _one_image(net, image)
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


def shuffled(net: Network, layers: int | None = None, *, seed: int = 0) -> Network:
    """Copy a network, and shuffle the weights of its last layers: the control of an explanation.

    What has been learned in a layer is gone, while its numbers are the same. A map that stays when
    the weights are shuffled does not come from what the network has learned.

    Parameters
    ----------
    net : Network
        It stays as it is.
    layers : int, optional
        How many layers with filters or weights are shuffled, counted from the top; by default all.
    seed : int
        Decides the order.

    Returns
    -------
    Network

    Raises
    ------
    DataError
        If there are not so many layers with filters or weights.

    Notes
    -----
    Adebayo, Gilmer, Muelly, Goodfellow, Hardt and Kim 2018, *Sanity checks for saliency maps*:
    independent and cascading randomisation. Their layers get new random weights; here the old ones
    change places, so that each layer keeps its scale.
    """
    learned = shuffles(net)
    count = len(learned) if layers is None else checks.whole(layers, "layers", 0, len(learned))
    rng, parameters = seeded(seed), dict(net.parameters)
    for name in learned[len(learned) - count :][::-1]:
        weights = parameters[name]
        parameters[name] = rng.permutation(weights.reshape(-1)).reshape(weights.shape)
    return Network.from_parameters(net.sequential, parameters, copy=False)


def shuffles(net: Network) -> list[str]:
    """Name what `shuffled` shuffles: the filters and weights of every layer, from the input on.

    Parameters
    ----------
    net : Network

    Returns
    -------
    list of str
        As in `net.parameters`.

    Examples
    --------
    >>> from cnnlab import zoo
    >>> shuffles(zoo.pretrained("digits_net"))[-1]
    'dense_2.weights'
    """
    wanted = {"filters", "weights"}
    return [
        f"{row.name}.{name}"
        for row in checked_network(net).sequential.rows
        for name in row.parameter_shapes
        if name in wanted
    ]


def rank_correlation(one: ArrayLike, other: ArrayLike) -> float:
    """Compare where two maps are strong, whatever their scales: Spearman's rank correlation.

    Parameters
    ----------
    one, other : array_like of the same shape
        Maps with at least two numbers.

    Returns
    -------
    float
        1 if they put all places in the same order, -1 in the opposite one, near 0 if they have
        nothing to do with each other; nan if one of them is the same everywhere.

    Raises
    ------
    ShapeError
        If they are not of the same shape, or have a single number.

    Notes
    -----
    Spearman 1904, *The proof and measurement of association between two things*. Equal numbers
    share the mean of their ranks.

    Examples
    --------
    >>> rank_correlation([[0, 1], [2, 3]], [[0, 10], [20, 999]])
    1.0
    """
    first, second = numbers(one, "one"), numbers(other, "other")
    if first.shape != second.shape or first.size < 2:
        raise ShapeError(
            f"two maps of the same shape are compared, got {first.shape} and {second.shape}; "
            "try maps of the same image"
        )
    ranks = [_ranks(part.reshape(-1)) for part in (first, second)]
    apart = [part - part.mean() for part in ranks]
    lengths = [float(np.sqrt(part @ part)) for part in apart]
    if not all(lengths):
        return float("nan")
    return round(float(apart[0] @ apart[1]) / (lengths[0] * lengths[1]), 12)


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
    until = _cut_after(net, layer)
    unit, rng = _checked_unit(until, layer, unit), seeded(seed)
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


# Networks cut short: their layers keep their names, which count from the input on.


def _cut_after(net: Network, layer: str) -> Network:
    """Take a network up to a layer, with the same weights."""
    rows = checked_network(net).sequential.rows
    kept = rows[: rows.index(net.sequential.row(layer)) + 1]
    return net if len(kept) == len(rows) else _with_layers(net, [row.layer for row in kept])


def _with_layers(net: Network, layers: list[Layer]) -> Network:
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


def _answering(net: Network, of: Of) -> Callable[[Array], Array]:
    """Give what scores many images, or gives their probabilities."""
    checked_network(net)
    return net.probabilities if _checked_of(of) == "probability" else without_softmax(net).predict


def _batch_of(net: Network) -> int:
    """Say how many images are pushed through at once."""
    return max(1, min(_BATCH, _BATCH_WORK // max(1, net.sequential.multiply_adds)))


def _ranks(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Give each value its place by size; equal ones get the mean of their places."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[which.reshape(-1)]
    return ranks


def _last_maps(stack: Sequential) -> str:
    """Name the last convolution, or the activation that follows it."""
    for place in reversed(range(len(stack.rows))):
        if isinstance(stack.rows[place].layer, Conv2D):
            after = stack.rows[place + 1 :]
            activated = after and isinstance(after[0].layer, Activation)
            return after[0].name if activated else stack.rows[place].name
    raise DataError("this network has no convolution, so no maps to weigh; try features.occlusion")


def _gradients(net: Network, trace: Trace, target: int | None, of: Of) -> dict[str, Array]:
    """Go back from what is watched of one class to every layer and to the image."""
    scores = trace.outputs[net.sequential.rows[-1].name]
    grad_scores = np.zeros_like(scores)
    number = _checked_target(scores[0], target)
    grad_scores[0, number] = 1
    if _checked_of(of) == "probability":
        probabilities = F.softmax(scores)
        grad_scores = probabilities[0, number] * (grad_scores - probabilities)
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
    shape = checked_network(net).sequential.input_shape
    _image_size(net.sequential)
    array = numbers(image, "image")
    if array.shape == (1, *shape):
        array = array[0]
    if array.shape == shape[:2] and shape[2] == 1:
        array = array[..., np.newaxis]
    if array.shape != shape:
        raise ShapeError(
            f"this network takes one image of shape {shape}, got an array of shape "
            f"{array.shape}; resize it, or take one image of a batch: images[0]"
        )
    return np.ascontiguousarray(array[np.newaxis], dtype=np.float32)


def _checked_unit(net: Network, layer: str, unit: int) -> int:
    units, number = net.sequential.output_shape[-1], whole(unit, "unit", least=0)
    if number >= units:
        raise ShapeError(
            f"{layer} has {units} units, counted from 0, got {shown(unit)}; try unit=0"
        )
    return number


def _checked_of(of: Of) -> str:
    return checks.one_of(of, "of", ("score", "probability"))


def _cover(picture: Array, fill: ArrayLike | None) -> Array:
    """Bring what covers to one number a channel."""
    if fill is None:
        mean: Array = picture.mean(axis=(1, 2), keepdims=True)
        return mean
    tones, channels = numbers(fill, "fill"), picture.shape[3]
    if tones.shape not in {(), (channels,)} or not np.isfinite(tones).all():
        raise ShapeError(
            f"fill must be one finite number, or one for each of {channels} channels, "
            f"got {shown(fill)}; try fill=0.5"
        )
    return tones.astype(np.float32)


def _checked_target(scores: NDArray[np.float32], target: int | None) -> int:
    if scores.ndim != 1:
        raise ShapeError(
            f"this network gives maps of shape {scores.shape} and no class scores; "
            "end it with Flatten() and Dense()"
        )
    if target is None:
        return int(scores.argmax())
    if not 0 <= whole(target, "target", least=0) < len(scores):
        raise ShapeError(
            f"there are {len(scores)} classes, counted from 0, got target={shown(target)}; "
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
