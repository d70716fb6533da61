"""Training: an iterator of steps, each of which is either done or not done.

`run` hands out a `Snapshot` after every step; progress bars, curves and live boards consume them.
Stopping is ``break``, pausing is not asking for the next. Which images a step sees, how they are
augmented and what dropout drops follow from the seed and the number of the step alone, so that a
training resumed from a checkpoint ends with the same bits.
One process, one machine; no mixed precision, no gradient accumulation.
"""

import math
import os
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from cnnlab import checkpoints
from cnnlab.augmentation import Augmentation
from cnnlab.buffers import Pool
from cnnlab.errors import DataError
from cnnlab.layers import Array
from cnnlab.losses import Loss, softmax_cross_entropy
from cnnlab.metrics import accuracy
from cnnlab.network import Differentiated, LayerArrays, Network
from cnnlab.optimizers import SGD, Optimizer

__all__ = [
    "Data",
    "DivergedError",
    "Evaluation",
    "ProgressBar",
    "Run",
    "Snapshot",
    "evaluate",
    "fit",
    "run",
]

LayerSlots = tuple[dict[str, tuple[Array, ...]], ...]  # what the optimiser keeps, layer by layer

_ORDER, _STEP = 0, 1  # streams of random numbers: the order of an epoch, all else of a step
_LOOK_AGAIN = 0.02  # seconds, while paused


class Data(Protocol):
    """Images and their labels; `datasets.Dataset` is one."""

    @property
    def images(self) -> NDArray[np.float32]:
        """Shape (images, height, width, channels), pixels in [0, 1]."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """Shape (images,): the class of each, counted from 0."""


class DivergedError(ArithmeticError):
    """A training whose numbers ran away. The network is as it was before that step.

    Attributes
    ----------
    layer : str or None
        The first layer that gave something else than finite numbers; None if it was the images, or
        the loss.
    step : int
        Which step, counted from 1.
    """

    def __init__(self, message: str, layer: str | None, step: int) -> None:
        super().__init__(message)
        self.layer = layer
        self.step = step


class Evaluation(NamedTuple):
    """How well a network does on images it was not trained on.

    Attributes
    ----------
    loss : float
        Mean over the images.
    accuracy : float
        Share of the images whose true class has the highest score.
    """

    loss: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A training, seen after a step.

    Attributes
    ----------
    epoch : int
        The pass over the images that the step belongs to, counted from 1.
    step, steps : int
        Steps done; steps of the whole training.
    loss, accuracy : float
        Means over the training images since the snapshot before, each as the network did on it
        just before it learned from it.
    learning_rate : float
        Of the step, after the schedule.
    gradient_norms : dict of float
        By layer: length of the gradient of the step.
    seconds : float
        Time spent on steps and validation so far.
    images_per_second : float
        In the steps since the snapshot before.
    epoch_end : bool
        Whether the epoch is complete.
    validation : Evaluation or None
        At the end of an epoch, if there is validation data.
    """

    epoch: int
    step: int
    steps: int
    loss: float
    accuracy: float
    learning_rate: float
    gradient_norms: dict[str, float]
    seconds: float
    images_per_second: float
    epoch_end: bool
    validation: Evaluation | None


def evaluate(net: Network, data: Data, loss: Loss = softmax_cross_entropy) -> Evaluation:
    """Measure a network on images and labels.

    Parameters
    ----------
    net : Network
    data : Dataset
    loss : callable
        One of `losses`.

    Returns
    -------
    Evaluation
    """
    scores = net.predict(data.images)
    return Evaluation(loss(scores, data.labels)[0], accuracy(scores, data.labels))


def run(
    net: Network,
    train_data: Data,
    *,
    validation: Data | None = None,
    epochs: int = 3,
    optimizer: Optimizer | None = None,
    batch_size: int = 64,
    seed: int = 0,
    loss: Loss = softmax_cross_entropy,
    augment: Augmentation | Sequence[Augmentation] = (),
    schedule: Callable[[float], float] | None = None,
    every: int = 1,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int | None = None,
    resume: bool = False,
) -> "Run":
    """Train a network, step by step.

    Parameters
    ----------
    net : Network
        Its parameters are replaced after every step.
    train_data : Dataset
    validation : Dataset, optional
        Evaluated after every epoch.
    epochs : int
        Passes over the images.
    optimizer : Optimizer, optional
        ``SGD(0.05, momentum=0.9)`` unless given.
    batch_size : int
        Images in a step; the last step of an epoch takes what is left.
    seed : int
        Decides the order of the images, their augmentation and what dropout drops.
    loss : callable
        One of `losses`.
    augment : callable or sequence of callables
        From `augmentation`.
    schedule : callable, optional
        From `optimizers`: a factor for the learning rate, by the share of the training done.
    every : int
        Steps from one snapshot to the next; the end of an epoch always gives one.
    checkpoint : path_like, optional
        File to keep the training in.
    checkpoint_every : int, optional
        Steps from one writing of that file to the next; once an epoch unless given.
    resume : bool
        Take the training up where `checkpoint` left it, if that file exists. All else must be as
        it was then.

    Returns
    -------
    Run
        An iterator of snapshots.

    Raises
    ------
    DataError
        If the data are unusable, a number makes no sense, or there is nothing to resume from.
    ShapeError
        If images and network do not go together.
    DivergedError
        From the iterator, when the loss or a gradient is no longer finite.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from cnnlab import Sequential
    >>> from cnnlab.layers import Dense, Flatten
    >>> rng = np.random.default_rng(0)
    >>> images = rng.random((200, 4, 4, 1), np.float32)
    >>> data = SimpleNamespace(images=images, labels=(images[:, 0, 0, 0] > 0.5).astype(int))
    >>> net = Network(Sequential([Flatten(), Dense(2)], input_shape=(4, 4, 1)))
    >>> for snapshot in run(net, data, epochs=20, optimizer=SGD(0.5, momentum=0.9)):
    ...     pass
    >>> snapshot.step, evaluate(net, data).accuracy > 0.9
    (80, True)
    """
    stages = tuple(augment) if isinstance(augment, Iterable) else (augment,)
    return Run(
        net,
        train_data,
        validation=validation,
        epochs=epochs,
        optimizer=SGD(0.05, momentum=0.9) if optimizer is None else optimizer,
        batch_size=batch_size,
        seed=seed,
        loss=loss,
        augment=stages,
        schedule=schedule,
        every=every,
        checkpoint=None if checkpoint is None else Path(checkpoint),
        checkpoint_every=checkpoint_every,
        resume=resume,
    )


def fit(
    net: Network,
    train_data: Data,
    *,
    callbacks: Iterable[Callable[[Snapshot], object]] = (),
    progress: bool = True,
    **settings: Any,
) -> list[Snapshot]:
    """Train a network to the end, with a progress bar.

    Parameters
    ----------
    net : Network
    train_data : Dataset
    callbacks : iterable of callable
        Each is given every snapshot; one that returns True stops the training. See `callbacks`.
    progress : bool
        Whether to show the bar.
    **settings
        As in `run`.

    Returns
    -------
    list of Snapshot
        Those at the ends of the epochs.

    Raises
    ------
    DataError, ShapeError, DivergedError
        As `run`.
    """
    training = run(net, train_data, **settings)
    bar = ProgressBar(done=training.step) if progress else None
    consumers: list[Callable[[Snapshot], object]] = [*callbacks, *([bar] if bar else [])]
    epochs = []
    try:
        for snapshot in training:
            if snapshot.epoch_end:
                epochs.append(snapshot)
            stop = False
            for consumer in consumers:  # everybody sees the snapshot, also when somebody says stop
                stop |= consumer(snapshot) is True
            if stop:
                break
    finally:
        if bar:
            bar.close()
    return epochs


class ProgressBar:
    """A bar with the loss and the accuracy beside it, in a terminal or a notebook.

    Parameters
    ----------
    done : int
        Steps that were done before.
    """

    def __init__(self, done: int = 0) -> None:
        self._done = done
        self._bar: Any = None

    def __call__(self, snapshot: Snapshot) -> None:
        """Show a snapshot."""
        if self._bar is None:
            self._bar = tqdm(total=snapshot.steps, initial=self._done, unit=" steps")
        self._bar.update(snapshot.step - self._bar.n)
        shown = {"loss": f"{snapshot.loss:.3f}", "accuracy": f"{snapshot.accuracy:.1%}"}
        if snapshot.validation is not None:
            shown["validation"] = f"{snapshot.validation.accuracy:.1%}"
        self._bar.set_description(f"epoch {snapshot.epoch}", refresh=False)
        self._bar.set_postfix(shown, refresh=snapshot.step == snapshot.steps)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()


@dataclass(frozen=True)
class _Done:
    """What a training has reached: parameters and slots belong together."""

    step: int
    parameters: LayerArrays
    slots: LayerSlots


class Run(Iterator[Snapshot]):
    """A training on its way; `run` makes one.

    ``next(run)`` takes the steps up to the next snapshot. After an interrupt, it goes on from the
    last finished step. Other threads may pause it, stop it and change its learning rate.

    Attributes
    ----------
    step, steps : int
        Steps done; steps of the whole training.
    learning_rate : float
        Before the schedule. May be set at any time.
    """

    def __init__(
        self,
        net: Network,
        train_data: Data,
        *,
        validation: Data | None,
        epochs: int,
        optimizer: Optimizer,
        batch_size: int,
        seed: int,
        loss: Loss,
        augment: tuple[Augmentation, ...],
        schedule: Callable[[float], float] | None,
        every: int,
        checkpoint: Path | None,
        checkpoint_every: int | None,
        resume: bool,
    ) -> None:
        for value, name, least in [
            (epochs, "epochs", 1), (batch_size, "batch_size", 1), (seed, "seed", 0),
            (every, "every", 1), (checkpoint_every or 1, "checkpoint_every", 1),
        ]:  # fmt: skip
            if not isinstance(value, int) or value < least:
                raise DataError(f"{name} must be a whole number of at least {least}, got {value!r}")
        if loss is softmax_cross_entropy and net.sequential.gives_shares:
            raise DataError(
                "the loss softmax_cross_entropy takes plain scores, but the network ends in "
                "softmax; leave that out, and use net.probabilities(images) for the shares"
            )
        self._net = net
        self._images, self._labels = _checked(net, train_data)
        self._validation = validation
        self._optimizer = optimizer
        self._batch_size = batch_size
        self._seed = seed
        self._loss = loss
        self._augment = augment
        self._schedule = schedule
        self._every = every
        self._checkpoint = checkpoint
        self._steps_an_epoch = -(-len(self._images) // batch_size)
        self._checkpoint_every = checkpoint_every or self._steps_an_epoch
        self._learning_rate = optimizer.learning_rate
        self._draws = bool(augment) or any(layer.random for layer in net.sequential.layers)
        self._pool = Pool()
        self._paused = self._stopped = False
        self._seconds = 0.0
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))
        self.steps = epochs * self._steps_an_epoch
        self._settings = {
            "epochs": epochs,
            "batch_size": batch_size,
            "seed": seed,
            "images": len(self._images),
            "labels": zlib.crc32(self._labels.tobytes()),
            "optimizer": repr(optimizer),
            "loss": _called(loss),
            "augment": [_called(stage) for stage in augment],
            "schedule": _called(schedule),
            "slots": list(optimizer.slots),
        }
        if resume and checkpoint is None:
            raise DataError("to resume a training, say from which file: checkpoint=...")
        if resume and checkpoint is not None and checkpoint.exists():
            self._done = self._resumed(checkpoint)
            net.replace(self._done.parameters)
        else:
            self._done = _Done(0, net.layer_parameters, self._no_slots())
        self._next = self._done

    def __repr__(self) -> str:
        return f"Run at step {self.step} of {self.steps}"

    @property
    def step(self) -> int:
        """Steps done."""
        return self._done.step

    @property
    def learning_rate(self) -> float:
        """The learning rate before the schedule."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if not 0 < value < math.inf:
            raise DataError(f"learning_rate must be a number above 0, got {value!r}")
        self._learning_rate = float(value)

    def pause(self) -> None:
        """Make `next` wait after the step under way, until `proceed` or `stop`."""
        self._paused = True

    def proceed(self) -> None:
        """Go on after `pause`."""
        self._paused = False

    def stop(self) -> None:
        """End the iteration after the step under way."""
        self._stopped = True

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network and the state of this training, to be resumed.

        Parameters
        ----------
        path : path_like

        Raises
        ------
        DataError
            If the file cannot be written.
        """
        self._recover()
        done = self._done
        slots = {
            slot: {
                f"{row.name}.{key}": kept[place]
                for row, layer in zip(self._net.sequential.rows, done.slots, strict=True)
                for key, kept in layer.items()
            }
            for place, slot in enumerate(self._optimizer.slots)
        }
        settings = {**self._settings, "step": done.step, "learning_rate": self._learning_rate}
        frozen = Network.from_parameters(self._net.sequential, self._net.parameters, copy=False)
        checkpoints.save(frozen, path, checkpoints.Progress(settings, slots))

    def __next__(self) -> Snapshot:
        self._recover()
        charged, right, seen, begun = 0.0, 0, 0, time.perf_counter()
        waited = 0.0
        last = min(self.step + self._every, self._end_of_epoch())
        while self.step < last:
            waited += self._wait()
            if self._stopped:
                break
            found, labels, norms, rate = self._take_step()
            charged += found.loss * len(labels)
            right += int(np.count_nonzero(found.scores.argmax(axis=1) == labels))
            seen += len(labels)
            if self._checkpoint is not None and (
                self.step % self._checkpoint_every == 0 or self.step == self.steps
            ):
                self.save(self._checkpoint)
        if not seen:
            raise StopIteration
        taken = time.perf_counter() - begun - waited
        epoch_end = self.step % self._steps_an_epoch == 0
        validation = None
        if epoch_end and self._validation is not None:
            validation = evaluate(self._net, self._validation, self._loss)
        self._seconds += time.perf_counter() - begun - waited
        return Snapshot(
            epoch=(self.step - 1) // self._steps_an_epoch + 1,
            step=self.step,
            steps=self.steps,
            loss=charged / seen,
            accuracy=right / seen,
            learning_rate=rate,
            gradient_norms=norms,
            seconds=self._seconds,
            images_per_second=seen / taken,
            epoch_end=epoch_end,
            validation=validation,
        )

    def _end_of_epoch(self) -> int:
        """Give the number of the step that completes the epoch of the next step."""
        return min(self.steps, (self.step // self._steps_an_epoch + 1) * self._steps_an_epoch)

    def _wait(self) -> float:
        """Wait while paused; give the seconds it took.

        By looking again and again: an interrupt can leave the lock of an event shut for good.
        """
        begun = time.perf_counter()
        while self._paused and not self._stopped:
            time.sleep(_LOOK_AGAIN)
        return time.perf_counter() - begun

    def _recover(self) -> None:
        """Settle a step that an interrupt caught between its last three assignments."""
        if self._next is not self._done:
            if self._net.layer_parameters is self._next.parameters:
                self._done = self._next
            self._next = self._done

    def _take_step(self) -> tuple[Differentiated, NDArray[np.int64], dict[str, float], float]:
        done = self._done
        images, labels, rng = self._batch(done.step)
        rate = self._learning_rate
        if self._schedule is not None:
            rate *= self._schedule(done.step / self.steps)
        # Numbers that run away are looked for below, and reported with what to try.
        with self._pool, np.errstate(over="ignore", invalid="ignore"):
            found = self._net.differentiate(images, labels, self._loss, rng=rng)
            if not math.isfinite(found.loss):
                raise self._diverged(done.step, found)
            reached, norms = self._updated(found, done, rate)
        if not all(map(math.isfinite, norms.values())):
            raise self._diverged(done.step, found)
        # An interrupt may fall between any two of these lines: see _recover.
        self._next = reached
        self._net.replace(reached.parameters)
        self._done = reached
        return found, labels, norms, rate

    def _batch(self, step: int) -> tuple[Array, NDArray[np.int64], np.random.Generator | None]:
        """Pick the images of a step, the same ones whenever it is asked for."""
        epoch, place = divmod(step, self._steps_an_epoch)
        if self._order[0] != epoch:
            order = np.random.default_rng((self._seed, _ORDER, epoch))
            self._order = (epoch, order.permutation(len(self._images)))
        chosen = self._order[1][place * self._batch_size : (place + 1) * self._batch_size]
        images = self._images[chosen]
        rng = np.random.default_rng((self._seed, _STEP, step)) if self._draws else None
        for stage in self._augment:
            images = stage(images, rng)  # type: ignore[arg-type]  # there is one: see _draws
        return images, self._labels[chosen], rng

    def _updated(
        self, found: Differentiated, done: _Done, rate: float
    ) -> tuple[_Done, dict[str, float]]:
        """Make the parameters and slots of the next step; also the lengths of the gradients."""
        parameters: list[dict[str, Array]] = []
        slots: list[dict[str, tuple[Array, ...]]] = []
        norms: dict[str, float] = {}
        for row, arrays, kept, gradients, others in zip(
            self._net.sequential.rows,
            self._net.layer_parameters,
            done.slots,
            found.gradients,
            found.updated,
            strict=True,
        ):
            new, new_slots, squares = {**arrays, **others}, {}, 0.0
            for key, gradient in gradients.items():
                new[key], new_slots[key], square = self._optimizer.update(
                    arrays[key], gradient, kept[key], step=done.step + 1, learning_rate=rate
                )
                squares += square
            if gradients:
                norms[row.name] = math.sqrt(squares)
            parameters.append(new)
            slots.append(new_slots)
        return _Done(done.step + 1, tuple(parameters), tuple(slots)), norms

    def _no_slots(self) -> LayerSlots:
        """Begin with zeros for everything the optimiser keeps."""
        return tuple(
            {
                key: tuple(np.zeros_like(array) for _ in self._optimizer.slots)
                for key, array in arrays.items()
                if key not in row.layer.non_trainable
            }
            for row, arrays in zip(
                self._net.sequential.rows, self._net.layer_parameters, strict=True
            )
        )

    def _resumed(self, path: Path) -> _Done:
        """Read where a training was left, and see that it is the same training."""
        net, progress = checkpoints.load_progress(
            path, {type(layer) for layer in self._net.sequential.layers}
        )
        if net.sequential != self._net.sequential:
            raise DataError(f"{path} holds the training of another network; start a new one")
        for name, now in self._settings.items():
            then = progress.settings.get(name)
            if then != now:
                raise DataError(
                    f"{path} holds a training with {name}={then}, but this one has {name}={now}; "
                    "give the same settings, or start a new training"
                )
        step, rate = progress.settings.get("step"), progress.settings.get("learning_rate")
        if not isinstance(step, int) or not 0 <= step <= self.steps:
            raise DataError(f"{path} says it is at step {step!r} of {self.steps}; start anew")
        if not isinstance(rate, float):
            raise DataError(f"{path} says its learning rate is {rate!r}; start anew")
        self.learning_rate = rate
        slots = tuple(
            {
                key: tuple(progress.slots[slot][f"{row.name}.{key}"] for slot in progress.slots)
                for key in row.parameter_shapes
                if key not in row.layer.non_trainable
            }
            for row in net.sequential.rows
        )
        return _Done(step, net.layer_parameters, slots)

    def _diverged(self, step: int, found: Differentiated) -> DivergedError:
        """Find out where the numbers ran away, and say what to try."""
        images, _, rng = self._batch(step)
        rate = self._optimizer.learning_rate
        remedies = (
            f"try a learning rate of {rate / 10:g} (it is {rate:g}), "
            "first weights of initializer='he_normal', and images scaled to [0, 1]"
        )
        if not np.isfinite(images).all():
            return DivergedError(
                f"the images of step {step + 1} are not all finite numbers; "
                "look for NaN in the data with np.isfinite(images)",
                None,
                step + 1,
            )
        trace = self._net.trace(images, training=True, rng=rng)
        what, layer = f"the loss became {found.loss} in step {step + 1}", None
        for row in self._net.sequential.rows:
            if not np.isfinite(trace.outputs[row.name]).all():
                layer = row.name
                what += (
                    f"; {layer} ({row.layer.kind}) is the first layer whose output is not finite"
                )
                break
        else:
            for row, gradients in zip(
                reversed(self._net.sequential.rows), reversed(found.gradients), strict=True
            ):
                if not all(np.isfinite(gradient).all() for gradient in gradients.values()):
                    layer = row.name
                    what = (
                        f"in step {step + 1} the gradient of {layer} ({row.layer.kind}) is the "
                        "first on the way back that is not finite"
                    )
                    break
        return DivergedError(
            f"{what}; the network is as it was before; {remedies}", layer, step + 1
        )


def _checked(net: Network, data: Data) -> tuple[Array, NDArray[np.int64]]:
    """Check images and labels once, so that no step has to."""
    images = np.ascontiguousarray(data.images, np.float32)
    labels = np.asarray(data.labels)
    if len(images) != len(labels) or not len(images):
        raise DataError(
            f"training needs one label an image, got {len(images)} images and {len(labels)} labels"
        )
    net.predict(images[:1])  # says so if the images are not of the network's shape
    classes = net.sequential.output_shape[0]
    if labels.dtype.kind in "iu" and not 0 <= labels.min() <= labels.max() < classes:
        raise DataError(
            f"labels from {labels.min()} to {labels.max()} do not go with {classes} scores; "
            f"end the network in Dense({labels.max() + 1})"
        )
    return images, labels


def _called(function: Any) -> str | None:
    """Name a function in a way that is the same in the next process."""
    if function is None:
        return None
    return repr(function) if is_dataclass(function) else getattr(function, "__qualname__", "")
