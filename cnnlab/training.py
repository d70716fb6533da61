"""Training: an iterator of steps, each of which is either done or not done.

`run` hands out a `Snapshot` after every step; progress bars, curves and live boards consume them.
Stopping is ``break``, pausing is not asking for the next. Which images a step sees, how they are
augmented and what dropout drops follow from the seed and the number of the step alone, so that a
training resumed from a checkpoint ends with the same bits.
One process, one machine; no mixed precision, no gradient accumulation.
"""

from __future__ import annotations

import math
import os
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from cnnlab import checkpoints
from cnnlab.augmentation import Augmentation
from cnnlab.buffers import Pool
from cnnlab.checks import flag, kind_of, listed, numbers, path_of, shown, whole
from cnnlab.divergence import DivergedError, diagnose
from cnnlab.errors import DataError
from cnnlab.layers import Array, BatchNorm
from cnnlab.losses import LOSSES, Loss, softmax_cross_entropy
from cnnlab.metrics import accuracy
from cnnlab.network import Differentiated, LayerArrays, Network, checked_network
from cnnlab.optimizers import OPTIMIZERS, SCHEDULES, SGD, Optimizer, checked_rate

__all__ = [
    "Data",
    "DivergedError",
    "Evaluation",
    "ProgressBar",
    "Run",
    "Settings",
    "Snapshot",
    "evaluate",
    "fit",
    "run",
]

LayerSlots = tuple[dict[str, tuple[Array, ...]], ...]  # what the optimiser keeps, layer by layer

_ORDER, _STEP = 0, 1  # streams of random numbers: the order of an epoch, all else of a step
_LOOK_AGAIN = 0.02  # seconds, while paused

# What a setting must be, and what to offer instead of something else.
_WANTED: dict[str, tuple[str, list[str]]] = {
    "optimizer": ("one of cnnlab.optimizers", [f"optimizers.{name}()" for name in OPTIMIZERS]),
    "loss": (
        "one of cnnlab.losses, or a function like them",
        [f"losses.{name}" for name in LOSSES],
    ),
    "schedule": (
        "one of the schedules of cnnlab.optimizers, or a function like them",
        [f"optimizers.{name}()" for name in SCHEDULES],
    ),
    "augment": (
        "one or several of cnnlab.augmentation, or functions like them",
        [f"augmentation.{name}()" for name in ("Shift", "Flip", "Crop", "Noise")],
    ),
    "callbacks": ("functions of a snapshot", ["[callbacks.History()]"]),
}


class Data(Protocol):
    """Images and their labels; `datasets.Dataset` is one."""

    @property
    def images(self) -> NDArray[np.float32]:
        """Shape (images, height, width, channels), pixels in [0, 1]."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """Shape (images,): the class of each, counted from 0."""


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


@dataclass(frozen=True)
class Settings:
    """What a training is told besides the network and the images; the same give the same bits.

    A recipe holds them, and ``run(net, train_data, **vars(settings))`` follows them.

    Parameters
    ----------
    epochs, optimizer, batch_size, seed, loss, schedule
        As in `run`.
    augment : tuple of callable

    Raises
    ------
    DataError
        If one of them makes no sense.
    """

    epochs: int = 3
    optimizer: Optimizer = SGD(0.05, momentum=0.9)
    batch_size: int = 64
    seed: int = 0
    loss: Loss = softmax_cross_entropy
    augment: tuple[Augmentation, ...] = ()
    schedule: Callable[[float], float] | None = None

    def __post_init__(self) -> None:
        for name, least in [("epochs", 1), ("batch_size", 1), ("seed", 0)]:
            object.__setattr__(self, name, whole(getattr(self, name), name, least))
        object.__setattr__(self, "augment", _several(self.augment))
        if not isinstance(self.optimizer, Optimizer):
            _refuse("optimizer", self.optimizer)
        _check_function("loss", self.loss)
        if self.schedule is not None:
            _check_function("schedule", self.schedule)
        for stage in self.augment:
            _check_function("augment", stage)

    def as_json(self) -> dict[str, Any]:
        """Say them in plain values: a training is resumed with the same, in whatever process."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


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

    Raises
    ------
    DataError, ShapeError
        If the data are unusable, or do not go with the network.
    """
    checked_network(net)
    _check_function("loss", loss)
    images, labels = _checked(net, data)
    scores = net.predict(images)
    return Evaluation(loss(scores, labels)[0], accuracy(scores, labels))


def run(
    net: Network,
    train_data: Data,
    *,
    validation: Data | None = None,
    epochs: int = Settings.epochs,
    optimizer: Optimizer = Settings.optimizer,
    batch_size: int = Settings.batch_size,
    seed: int = Settings.seed,
    loss: Loss = Settings.loss,
    augment: Augmentation | Sequence[Augmentation] = Settings.augment,
    schedule: Callable[[float], float] | None = Settings.schedule,
    every: int = 1,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int | None = None,
    resume: bool = False,
) -> Run:
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
    optimizer : Optimizer
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
        From the iterator, when the loss, a gradient or what would be the new parameters are not
        finite.

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
    settings = Settings(
        epochs=epochs,
        optimizer=optimizer,
        batch_size=batch_size,
        seed=seed,
        loss=loss,
        augment=augment,  # type: ignore[arg-type]  # becomes a tuple there
        schedule=schedule,
    )
    return Run(
        net,
        train_data,
        settings,
        validation=validation,
        every=every,
        checkpoint=checkpoint,
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
    consumers: list[Callable[[Snapshot], object]] = []
    for consumer in listed(callbacks, "callbacks", "callbacks=[callbacks.History()]"):
        _check_function("callbacks", consumer)
        consumers.append(consumer)
    training = run(net, train_data, **settings)
    bar = ProgressBar(done=training.step) if flag(progress, "progress") else None
    if bar:
        consumers.append(bar)
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
        self._done = whole(done, "done", least=0)
        self._bar: Any = None

    def __call__(self, snapshot: Snapshot) -> None:
        """Show a snapshot."""
        kind_of(snapshot, Snapshot, "snapshot", "for snapshot in training.run(net, data)")
        if self._bar is None:
            self._bar = tqdm(total=snapshot.steps, initial=self._done, unit=" steps")
        self._bar.update(snapshot.step - self._bar.n)
        figures = {"loss": f"{snapshot.loss:.3f}", "accuracy": f"{snapshot.accuracy:.1%}"}
        if snapshot.validation is not None:
            figures["validation"] = f"{snapshot.validation.accuracy:.1%}"
        self._bar.set_description(f"epoch {snapshot.epoch}", refresh=False)
        self._bar.set_postfix(figures, refresh=snapshot.step == snapshot.steps)

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

    @property
    def finite(self) -> bool:
        """Whether all parameters are finite; to ask takes about a hundredth of a step."""
        return all(
            np.isfinite(array).all() for arrays in self.parameters for array in arrays.values()
        )


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
    network : Network
        The one that is trained.
    train_data, validation : Dataset
        What it learns from; what it is evaluated on, or None.
    settings : Settings
    """

    def __init__(
        self,
        net: Network,
        train_data: Data,
        settings: Settings,
        *,
        validation: Data | None,
        every: int,
        checkpoint: str | os.PathLike[str] | None,
        checkpoint_every: int | None,
        resume: bool,
    ) -> None:
        checked_network(net)
        if settings.loss is softmax_cross_entropy and net.sequential.gives_probabilities:
            raise DataError(
                "the loss softmax_cross_entropy takes plain scores, but the network ends in "
                "softmax; leave that out, and use net.probabilities(images) for the probabilities"
            )
        self.network = net
        self.train_data, self.validation, self.settings = train_data, validation, settings
        self._images, self._labels = _checked(net, train_data)
        _check_batches(net, len(self._images), settings.batch_size)
        if validation is not None:
            _checked(net, validation)  # now, and not after an epoch
        self._every = whole(every, "every", 1)
        self._checkpoint = None if checkpoint is None else path_of(checkpoint, "checkpoint")
        self._steps_an_epoch = -(-len(self._images) // settings.batch_size)
        self._checkpoint_every = (
            self._steps_an_epoch
            if checkpoint_every is None
            else whole(checkpoint_every, "checkpoint_every", 1)
        )
        self.learning_rate = settings.optimizer.learning_rate
        self._draws = bool(settings.augment) or any(layer.random for layer in net.sequential.layers)
        self._pool = Pool()
        self._paused = self._stopped = False
        self._seconds = 0.0
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))
        self.steps = settings.epochs * self._steps_an_epoch
        resume = flag(resume, "resume")
        if resume and self._checkpoint is None:
            raise DataError("to resume a training, say from which file: checkpoint=...")
        if resume and self._checkpoint is not None and self._checkpoint.exists():
            self._done = self._resumed(self._checkpoint)
            net.replace(self._done.parameters)
        else:
            self._done = _Done(0, net.layer_parameters, self._no_slots())
        self._next = self._first = self._done

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
        self._learning_rate = checked_rate(value)

    def pause(self) -> None:
        """Make `next` wait after the step under way, until `proceed` or `stop`."""
        self._paused = True

    def proceed(self) -> None:
        """Go on after `pause`."""
        self._paused = False

    def stop(self) -> None:
        """End the iteration after the step under way."""
        self._stopped = True

    def restart(self) -> None:
        """Put the weights back that the training began with, and begin again.

        The learning rate stays as it is set. Nobody else may be in `next` meanwhile.

        Examples
        --------
        >>> from cnnlab import datasets, zoo
        >>> training = run(Network(zoo.digits_net()), datasets.digits().test)
        >>> before = next(training).loss
        >>> training.restart()
        >>> training.step, next(training).loss == before
        (0, True)
        """
        self._next = self._done = self._first
        self.network.replace(self._first.parameters)
        self._seconds, self._paused, self._stopped = 0.0, False, False

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
                for row, layer in zip(self.network.sequential.rows, done.slots, strict=True)
                for key, kept in layer.items()
            }
            for place, slot in enumerate(self.settings.optimizer.slots)
        }
        settings = {**self._told(), "step": done.step, "learning_rate": self._learning_rate}
        frozen = Network.from_parameters(
            self.network.sequential, self.network.parameters, copy=False
        )
        checkpoints.save(frozen, path, checkpoints.Progress(settings, slots))

    def _told(self) -> dict[str, Any]:
        """Say what must be the same when this training is resumed."""
        return {
            **self.settings.as_json(),
            "images": len(self._images),
            "labels": zlib.crc32(self._labels.tobytes()),
            "slots": list(self.settings.optimizer.slots),
        }

    def __next__(self) -> Snapshot:
        self._recover()
        total, right, seen, begun = 0.0, 0, 0, time.perf_counter()
        waited = 0.0
        last = min(self.step + self._every, self._end_of_epoch())
        while self.step < last:
            waited += self._wait()
            if self._stopped:
                break
            found, labels, norms, rate = self._take_step()
            total += found.loss * len(labels)
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
        if epoch_end and self.validation is not None:
            validation = evaluate(self.network, self.validation, self.settings.loss)
        self._seconds += time.perf_counter() - begun - waited
        return Snapshot(
            epoch=(self.step - 1) // self._steps_an_epoch + 1,
            step=self.step,
            steps=self.steps,
            loss=total / seen,
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
            if self.network.layer_parameters is self._next.parameters:
                self._done = self._next
            self._next = self._done

    def _take_step(self) -> tuple[Differentiated, NDArray[np.int64], dict[str, float], float]:
        done = self._done
        images, labels, rng = self._batch(done.step)
        rate = self._rate()
        # Numbers that run away are looked for below, and reported with what to try.
        with self._pool, np.errstate(over="ignore", invalid="ignore"):
            found = self.network.differentiate(images, labels, self.settings.loss, rng=rng)
            if not math.isfinite(found.loss):
                raise self._diverged(found)
            reached, norms = self._updated(found, done, rate)
        if not (all(map(math.isfinite, norms.values())) and reached.finite):
            raise self._diverged(found, reached)
        # An interrupt may fall between any two of these lines: see _recover.
        self._next = reached
        self.network.replace(reached.parameters)
        self._done = reached
        return found, labels, norms, rate

    def _rate(self) -> float:
        """Give the learning rate of the next step, after the schedule."""
        rate, schedule = self._learning_rate, self.settings.schedule
        if schedule is None:
            return rate
        factor = schedule(self.step / self.steps)
        try:
            if 0 <= rate * factor < math.inf:
                return float(rate * factor)
        except TypeError:
            pass  # not a number: said below
        raise DataError(
            "the schedule must make a finite learning rate of 0 or more, "
            f"got a factor of {factor!r} for {rate:g} in step {self.step + 1} of {self.steps}; "
            "the network is as it was before; try schedule=optimizers.OneCycle()"
        )

    def _batch(self, step: int) -> tuple[Array, NDArray[np.int64], np.random.Generator | None]:
        """Pick the images of a step, the same ones whenever it is asked for."""
        epoch, place = divmod(step, self._steps_an_epoch)
        if self._order[0] != epoch:
            order = np.random.default_rng((self.settings.seed, _ORDER, epoch))
            self._order = (epoch, order.permutation(len(self._images)))
        size = self.settings.batch_size
        chosen = self._order[1][place * size : (place + 1) * size]
        images = self._images[chosen]
        rng = np.random.default_rng((self.settings.seed, _STEP, step)) if self._draws else None
        for stage in self.settings.augment:
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
            self.network.sequential.rows,
            self.network.layer_parameters,
            done.slots,
            found.gradients,
            found.running_averages,
            strict=True,
        ):
            new, new_slots, squares = {**arrays, **others}, {}, 0.0
            for key, gradient in gradients.items():
                new[key], new_slots[key], square = self.settings.optimizer.update(
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
                key: tuple(np.zeros_like(array) for _ in self.settings.optimizer.slots)
                for key, array in arrays.items()
                if key not in row.layer.non_trainable
            }
            for row, arrays in zip(
                self.network.sequential.rows, self.network.layer_parameters, strict=True
            )
        )

    def _resumed(self, path: Path) -> _Done:
        """Read where a training was left, and see that it is the same training."""
        net, progress = checkpoints.load_progress(
            path, {type(layer) for layer in self.network.sequential.layers}
        )
        if net.sequential != self.network.sequential:
            raise DataError(f"{path} holds the training of another network; start a new one")
        for name, now in self._told().items():
            then = progress.settings.get(name)
            if then != now:
                raise DataError(
                    f"{path} holds a training with {name}={then}, but this one has {name}={now}; "
                    "give the same settings, or start a new training"
                )
        step, rate = progress.settings.get("step"), progress.settings.get("learning_rate")
        if not isinstance(step, int) or not 0 <= step <= self.steps:
            raise DataError(
                f"{path} says it is at step {step!r} of {self.steps}; start a new training"
            )
        if not isinstance(rate, float):
            raise DataError(f"{path} says its learning rate is {rate!r}; start a new training")
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

    def _diverged(self, found: Differentiated, reached: _Done | None = None) -> DivergedError:
        images, _, rng = self._batch(self.step)
        return diagnose(
            self.network, images, rng, found, None if reached is None else reached.parameters,
            step=self.step + 1, learning_rate=self._learning_rate,
        )  # fmt: skip


def _checked(net: Network, data: Data) -> tuple[Array, NDArray[np.int64]]:
    """Check images and labels once, so that no step has to."""
    if not (hasattr(data, "images") and hasattr(data, "labels")):
        kind = type(data).__name__
        if hasattr(data, "train") and hasattr(data, "test"):
            raise DataError(
                f"one set of data is wanted, got a {kind}, which has two; "
                "try split.train to train on, and split.test for the validation"
            )
        raise DataError(
            f"data with images and labels are wanted, got a {kind}; "
            "try datasets.Dataset(images, labels, class_names)"
        )
    images = np.ascontiguousarray(numbers(data.images, "images"), np.float32)
    labels = numbers(data.labels, "labels")
    if not images.ndim or not labels.ndim or len(images) != len(labels) or not len(images):
        raise DataError(
            f"every image needs a label, got images of shape {images.shape} and labels of shape "
            f"{labels.shape}; "
            "try labels of shape (images,)"
        )
    net.predict(images[:1])  # says so if the images are not of the network's shape
    classes = net.sequential.output_shape[0]
    if labels.dtype.kind in "iu" and not 0 <= labels.min() <= labels.max() < classes:
        raise DataError(
            f"labels from {labels.min()} to {labels.max()} do not go with {classes} scores; "
            f"end the network in Dense({int(labels.max()) + 1})"
        )
    return images, labels


def _check_batches(net: Network, images: int, size: int) -> None:
    """Find a batch that has no variance before the first step, and not at the end of an epoch."""
    if (images % size or size) > 1:
        return
    for row in net.sequential.rows:
        if isinstance(row.layer, BatchNorm) and math.prod(row.input_shape[:-1]) == 1:
            fitting = (some for some in range(2, images + 1) if images % some != 1)
            remedy = (
                f"batch_size={min(fitting, key=lambda some: abs(some - size))}"
                if images > 1
                else "two images or more"
            )
            raise DataError(
                f"{images} images by {size} leave a batch of one image, and {row.name} "
                f"({row.layer.kind}) cannot learn from that: one number has no variance; "
                f"try {remedy}"
            )


def _check_function(name: str, value: Any) -> None:
    if not callable(value) or isinstance(value, type):
        _refuse(name, value)


def _refuse(name: str, got: Any) -> NoReturn:
    """Say what was wanted; of a class or a name, what was probably meant."""
    wanted, offers = _WANTED[name]
    if isinstance(got, type):
        offers = [f"{got.__name__}()"]
    elif isinstance(got, str):
        asked = got.lower()
        offers = [each for each in offers if f".{asked}" in each.lower()] or offers
    remedies = " or ".join(f"{name}={offer}" for offer in offers)
    raise DataError(f"{name} must be {wanted}, got {shown(got)}; try {remedies}")


def _several(augment: Any) -> tuple[Augmentation, ...]:
    return tuple(augment) if isinstance(augment, list | tuple) else (augment,)


def _plain(setting: Any) -> Any:
    """Turn a setting into plain values, naming functions so that the next process agrees."""
    if setting is None or isinstance(setting, int):
        return setting
    if isinstance(setting, tuple):
        return [_plain(each) for each in setting]
    if is_dataclass(setting):
        return repr(setting)
    return getattr(setting, "__qualname__", type(setting).__qualname__)
