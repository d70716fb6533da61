"""A network: a stack of layers with its weights, which answers, and says what would change them.

Parameters are called by layer and name: ``net.parameters["conv2d_1.filters"]``. A set of parameters
that was put in place is never written to again. A step of training makes a new set and puts that in
place with one assignment: an interrupt, or a prediction in another thread, sees the network
before the step or after it, and nothing in between. So an array taken from `parameters` stays what
it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import functional as F
from cnnlab import plan
from cnnlab.buffers import Pool, fresh, refuse_beyond_memory
from cnnlab.checks import flag, kind_of, numbers, seeded, shown
from cnnlab.errors import DataError, ShapeError
from cnnlab.functional.chain import Chain
from cnnlab.layers import Array, Shape
from cnnlab.losses import Loss, softmax_cross_entropy
from cnnlab.plan import Step
from cnnlab.sequential import Sequential, checked_parameters

__all__ = ["Differentiated", "LayerArrays", "Network", "Trace", "checked_network"]

LayerArrays = tuple[dict[str, Array], ...]  # one dict a layer, in their order

_FLOAT32 = np.dtype(np.float32)

# How many images `predict` pushes through at once: few where feature maps are written and read
# again, so that they stay near; many behind them, where every group reads all weights.
_GROUP = 256
_LEAST_GROUP = 4
_MAPS_BYTES = 12 << 20  # of the largest feature maps of a group

_memory = Pool(most=96 << 20)  # what predictions take for their maps, one after another


@dataclass(frozen=True)
class Trace:
    """A forward pass that was kept.

    Attributes
    ----------
    outputs : dict of ndarray
        What each layer gave, by its name, from the input on.
    caches : tuple
        What each layer needs to go back.
    parameters : tuple of dict
        The parameters that took part, whatever has happened to the network since.
    """

    outputs: dict[str, Array]
    caches: tuple[Any, ...]
    parameters: LayerArrays


class Differentiated(NamedTuple):
    """A loss and its slopes: all that one step of training needs.

    Attributes
    ----------
    loss : float
        Mean over the batch.
    scores : ndarray of shape (batch, classes), float32
    gradients : tuple of dict
        By every trainable parameter, one dict a layer.
    running_averages : tuple of dict
        New values of the others, such as the running averages of `BatchNorm`.
    """

    loss: float
    scores: Array
    gradients: LayerArrays
    running_averages: LayerArrays


class Network:
    """Layers with weights.

    Parameters
    ----------
    sequential : Sequential
        What to allocate.
    seed : int
        Decides the first weights.

    Raises
    ------
    ShapeError
        If the weights would not fit in memory; the message says how large they are.
    DataError
        If `sequential` is none, or the seed is no whole number of at least 0.

    Attributes
    ----------
    sequential : Sequential

    Examples
    --------
    >>> from cnnlab.layers import Dense, Flatten
    >>> net = Network(Sequential([Flatten(), Dense(10)], input_shape=(8, 8, 1)), seed=0)
    >>> net.predict(np.zeros((5, 8, 8, 1))).shape
    (5, 10)
    >>> net
    Network of 2 layers with 650 parameters: (8, 8, 1) -> (10,)
    """

    # Small networks: the parameters that were joined for one call, and what came of it.
    _joined: tuple[LayerArrays, Array] | None = None

    def __init__(self, sequential: Sequential, seed: int = 0) -> None:
        rng = seeded(seed)
        self.sequential = kind_of(sequential, Sequential, "sequential", "Network(zoo.lenet5())")
        refuse_beyond_memory(
            4 * sequential.num_parameters,
            f"a network of {sequential.num_parameters:,} parameters",
            "try fewer filters or units, or pooling before the first dense layer",
        )
        self._parameters: LayerArrays = tuple(
            row.layer.initialize(row.input_shape, rng) for row in sequential.rows
        )

    @classmethod
    def from_parameters(
        cls, sequential: Sequential, parameters: Mapping[str, ArrayLike], *, copy: bool = True
    ) -> Network:
        """Make a network from weights that exist already.

        Parameters
        ----------
        sequential : Sequential
        parameters : dict of array_like
            One for each name in `Network.parameters`.
        copy : bool
            False hands the arrays over: nobody else may write to them from then on.

        Raises
        ------
        DataError
            If a name is missing or unknown.
        ShapeError
            If an array has the wrong shape.
        """
        net = cls.__new__(cls)
        net.sequential = kind_of(sequential, Sequential, "sequential", "net.sequential")
        net.replace(net._by_layer(parameters, copy=flag(copy, "copy")))
        return net

    # To and from other worlds; see `interop`.

    @classmethod
    def from_torch(cls, module: Any, input_shape: Shape | None = None) -> Network:
        """Take a network over from PyTorch, weights and all.

        Parameters
        ----------
        module : torch.nn.Sequential
        input_shape : tuple of int, optional
            ``(height, width, channels)`` of the images: PyTorch does not store it.

        Raises
        ------
        DataError
            If a layer has no counterpart here; the message names it.
        """
        from cnnlab import interop

        return cls.from_parameters(*interop.from_torch(module, input_shape), copy=False)

    @classmethod
    def from_keras(cls, model: Any) -> Network:
        """Take a network over from a file that Keras saved, without TensorFlow.

        Parameters
        ----------
        model : path_like, or keras.Model
            What ``model.save("model.keras")`` wrote, or the model itself: layers in a row, without
            branches. What only acts in training, such as random flips, is left out.

        Raises
        ------
        DataError
            If the file is unusable, or a layer has no counterpart here; the message names it.
        """
        from cnnlab import interop

        return cls.from_parameters(*interop.from_keras(model), copy=False)

    def to_torch(self) -> Any:
        """Build the same network in PyTorch, with a copy of the weights.

        Returns
        -------
        torch.nn.Sequential
            In evaluation mode; it takes images as (batch, channels, height, width).

        Raises
        ------
        DataError
            If PyTorch is not installed, or a layer has no counterpart there.
        """
        from cnnlab import interop

        return interop.to_torch(self.sequential, self.parameters)

    def __repr__(self) -> str:
        stack = self.sequential
        return (
            f"Network of {len(stack)} layers with {stack.num_parameters:,} parameters: "
            f"{stack.input_shape} -> {stack.output_shape}"
        )

    # Parameters.

    @property
    def parameters(self) -> dict[str, Array]:
        """All parameters by name, as they are now. Assign a whole new dict to replace them."""
        return {
            f"{row.name}.{key}": array
            for row, arrays in zip(self.sequential.rows, self._parameters, strict=True)
            for key, array in arrays.items()
        }

    @parameters.setter
    def parameters(self, parameters: Mapping[str, ArrayLike]) -> None:
        self._parameters = self._by_layer(parameters, copy=True)

    def _by_layer(self, parameters: Mapping[str, ArrayLike], *, copy: bool) -> LayerArrays:
        arrays = checked_parameters(self.sequential, parameters, copy=copy)
        return tuple(
            {key: arrays[f"{row.name}.{key}"] for key in row.parameter_shapes}
            for row in self.sequential.rows
        )

    @property
    def layer_parameters(self) -> LayerArrays:
        """The parameters as layers take them: one dict a layer. Not to be written to."""
        return self._parameters

    def replace(self, parameters: LayerArrays) -> None:
        """Put a whole new set in place, in one assignment, unchecked: the last act of a step."""
        self._parameters = parameters

    # Answers.

    def predict(self, images: ArrayLike) -> Array:
        """Compute the class scores.

        Safe while the network is trained in another thread: all images meet the same parameters.

        Parameters
        ----------
        images : array_like of shape (batch, *input_shape)

        Returns
        -------
        ndarray of shape (batch, *output_shape), float32

        Raises
        ------
        ShapeError
            If the images are not of the shape that the network takes.
        """
        images = self._checked(images)
        parameters = self._parameters
        if len(images) == 1 and self._chain is not None:
            return self._at_once(self._chain, images, parameters)
        x = images
        with _memory:
            for steps, group in self._parts:
                x = _pushed(x, steps, parameters, group)
        return x.copy() if np.may_share_memory(x, images) else x

    def _at_once(self, chain: Chain, image: Array, parameters: LayerArrays) -> Array:
        """Push one image through a small network in one call."""
        known = self._joined
        if known is None or known[0] is not parameters:
            weights = chain.joined(
                [
                    (arrays["filters" if "filters" in arrays else "weights"], arrays.get("bias"))
                    for arrays in parameters
                    if arrays
                ]
            )
            self._joined = known = parameters, weights
        return chain(image, known[1]).reshape(1, *self.sequential.output_shape)

    @cached_property
    def _plan(self) -> tuple[Step, ...]:
        return plan.steps(self.sequential)

    @cached_property
    def _chain(self) -> Chain | None:
        return plan.chain(self.sequential)

    @cached_property
    def _parts(self) -> tuple[tuple[tuple[Step, ...], int], ...]:
        """The plan, cut where feature maps end, and how many images each part takes at once."""
        steps, rows = self._plan, self.sequential.rows
        maps = [step for step in steps if len(rows[step.place].output_shape) == 3]
        largest = max((rows[step.place].activation_bytes for step in maps), default=_MAPS_BYTES)
        group = min(_GROUP, max(_LEAST_GROUP, _MAPS_BYTES // largest))
        return (steps[: len(maps)], group), (steps[len(maps) :], _GROUP)

    def probabilities(self, images: ArrayLike) -> Array:
        """Compute the probability of each class: the softmax of the scores.

        Parameters
        ----------
        images : array_like of shape (batch, *input_shape)

        Returns
        -------
        ndarray of shape (batch, classes), float32
            Each row sums to 1.
        """
        scores = self.predict(images)
        return scores if self.sequential.gives_probabilities else F.softmax(scores)

    def forward(self, images: ArrayLike) -> dict[str, Array]:
        """Compute what every layer gives.

        Parameters
        ----------
        images : array_like of shape (batch, *input_shape)

        Returns
        -------
        dict of ndarray, float32
            By the names of the layers, from the input on: feature maps of shape
            ``(batch, height, width, channels)``, or vectors of shape ``(batch, numbers)``.
        """
        return self.trace(images).outputs

    # Slopes.

    def trace(
        self, images: ArrayLike, *, training: bool = False, rng: np.random.Generator | None = None
    ) -> Trace:
        """Push images through, and keep every output and all that the way back needs.

        Parameters
        ----------
        images : array_like of shape (batch, *input_shape)
        training : bool
            Whether dropout drops and batch normalisation looks at the batch.
        rng : numpy.random.Generator, optional
            For dropout.
        """
        x, training = self._checked(images), flag(training, "training")
        parameters = self._parameters
        outputs, caches = {}, []
        for row, arrays in zip(self.sequential.rows, parameters, strict=True):
            x, cache = row.layer.forward(arrays, x, training=training, rng=rng)
            outputs[row.name] = x
            caches.append(cache)
        return Trace(outputs, tuple(caches), parameters)

    def output_gradients(self, trace: Trace, grad_scores: ArrayLike) -> dict[str, Array]:
        """Go all the way back, and keep the gradient by every layer's output and by the images.

        Parameters
        ----------
        trace : Trace
        grad_scores : array_like of shape (batch, *output_shape)
            What the slope of every score counts: a 1 for one class asks what moves its score.

        Returns
        -------
        dict of ndarray, float32
            By the names of the layers, and ``"input"`` for the images: each the shape of what it
            is the gradient of.

        Raises
        ------
        ShapeError
            If `grad_scores` has not the shape of the scores.
        """
        rows = self.sequential.rows
        kind_of(trace, Trace, "trace", "net.trace(images)")
        if trace.outputs.keys() != {row.name for row in rows}:
            raise DataError(
                f"trace is of another network, with {', '.join(trace.outputs) or 'no layers'}; "
                "try net.trace(images)"
            )
        scores = trace.outputs[rows[-1].name]
        grad = np.ascontiguousarray(numbers(grad_scores, "grad_scores"), np.float32)
        if grad.shape != scores.shape:
            raise ShapeError(
                f"grad_scores must have the shape of the scores, {scores.shape}, got {grad.shape}"
            )
        gradients: dict[str, Array] = {}
        taken = zip(rows, trace.parameters, trace.caches, strict=True)
        for row, arrays, cache in reversed(list(taken)):
            gradients[row.name] = grad
            grad = row.layer.backward(arrays, cache, grad)[0]
        gradients["input"] = grad
        return gradients

    def gradients(
        self, images: ArrayLike, labels: ArrayLike, loss: Loss = softmax_cross_entropy
    ) -> tuple[float, dict[str, Array]]:
        """Compute the loss and its gradient by every trainable parameter.

        As in use, not as in training: nothing is dropped, and batch normalisation keeps to its
        running averages. See `differentiate` for a step of training.

        Parameters
        ----------
        images : array_like of shape (batch, *input_shape)
        labels : array_like of shape (batch,), integer
        loss : callable
            One of `losses`.

        Returns
        -------
        loss : float
        gradients : dict of ndarray, float32
            Named as in `parameters`.
        """
        found = self.differentiate(images, labels, loss, training=False)
        return found.loss, {
            f"{row.name}.{key}": array
            for row, arrays in zip(self.sequential.rows, found.gradients, strict=True)
            for key, array in arrays.items()
        }

    def differentiate(
        self,
        images: ArrayLike,
        labels: ArrayLike,
        loss: Loss = softmax_cross_entropy,
        *,
        training: bool = True,
        rng: np.random.Generator | None = None,
    ) -> Differentiated:
        """Compute the loss, its gradients and the new running averages; change nothing.

        What a layer kept is let go as soon as its gradients are there, and the gradient by the
        images, which nobody needs, is not computed.

        Parameters
        ----------
        images : array_like of shape (batch, *input_shape)
        labels : array_like of shape (batch,), integer
        loss : callable
            One of `losses`.
        training : bool
            Whether dropout drops and batch normalisation looks at the batch.
        rng : numpy.random.Generator, optional
            For dropout.

        Returns
        -------
        Differentiated
        """
        x, training = self._checked(images), flag(training, "training")
        steps, rows, parameters = self._plan, self.sequential.rows, self._parameters
        caches = []
        for place, layer in steps:
            x, cache = layer.forward(parameters[place], x, training=training, rng=rng)
            caches.append(cache)
        mean_loss, grad = _charged(loss, x, labels)
        averages: list[dict[str, Array]] = [{} for _ in rows]
        for (place, layer), cache in zip(steps, caches, strict=True):
            if layer.non_trainable:
                averages[place] = layer.running_averages(parameters[place], cache)
        first = next((place for place, row in enumerate(rows) if row.parameters), None)
        gradients: list[dict[str, Array]] = [{} for _ in rows]
        del cache
        back: Array | None = grad
        while caches:
            cache = caches.pop()
            place, layer = steps[len(caches)]
            back, found = layer.backward_in_place(
                parameters[place], cache, _writable(back), inputs=place != first
            )
            gradients[place].update(found)
            if place == first:
                break
        return Differentiated(mean_loss, x, tuple(gradients), tuple(averages))

    def _checked(self, images: ArrayLike) -> Array:
        images = numbers(images, "images")
        shape = self.sequential.input_shape
        if images.shape[1:] != shape or not len(images):
            hint = (
                "one image is images[None]"
                if images.shape == shape
                else "resize them, or build the network for their shape"
            )
            raise ShapeError(
                f"this network takes images of shape (batch, {', '.join(map(str, shape))}), "
                f"got {images.shape}; {hint}"
            )
        return np.ascontiguousarray(images, np.float32)


def _pushed(images: Array, steps: Sequence[Step], parameters: LayerArrays, group: int) -> Array:
    """Push images through a part of the plan, so many at a time."""
    if len(images) <= group:
        x = images
        for place, layer in steps:
            x = layer.forward(parameters[place], x, training=False, rng=None)[0]
        return x
    for start in range(0, len(images), group):
        x = _pushed(images[start : start + group], steps, parameters, group)
        if start == 0:
            results = fresh((len(images), *x.shape[1:]))
        results[start : start + group] = x
        del x  # the next group takes its memory
    return results


def checked_network(net: Any) -> Network:
    """Ask for a network: layers alone, without weights, can neither learn nor answer.

    Raises
    ------
    DataError
        If it is something else.
    """
    if isinstance(net, Network):
        return net
    if isinstance(net, Sequential):
        raise DataError(
            "a Network is wanted, and a Sequential has no weights; try Network(sequential, seed=0)"
        )
    raise DataError(f"a Network is wanted, got {shown(net)}; try Network(sequential, seed=0)")


def _charged(loss: Loss, scores: Array, labels: ArrayLike) -> tuple[float, Array]:
    """Ask a loss, and see that what it gives is one."""
    answer = loss(scores, labels) if callable(loss) else None
    if not isinstance(answer, tuple) or len(answer) != 2 or np.shape(answer[1]) != scores.shape:
        raise DataError(
            "loss must be a function of scores and labels that gives a number and its gradient by "
            f"every score, got {shown(loss)}; try losses.softmax_cross_entropy"
        )
    return answer


def _writable(grad: Array | None) -> Array:
    """See to it that a gradient is an array that the next layer may write to."""
    if isinstance(grad, np.ndarray) and grad.dtype is _FLOAT32 and grad.flags.carray:
        return grad
    return np.array(grad, np.float32, order="C")
