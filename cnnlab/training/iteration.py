"""The training on its way: an iterator of steps, each of which is either done or not done."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cnnlab.buffers import Pool
from cnnlab.checks import flag, path_of, whole
from cnnlab.divergence import DivergedError, diagnose
from cnnlab.errors import DataError
from cnnlab.layers import Array
from cnnlab.losses import softmax_cross_entropy
from cnnlab.network import Differentiated, Network, checked_network
from cnnlab.optimizers.checks import checked_rate
from cnnlab.training import resuming
from cnnlab.training.data import Data, check_batches, checked_data
from cnnlab.training.evaluation import evaluate
from cnnlab.training.resuming import Reached
from cnnlab.training.settings import Settings
from cnnlab.training.snapshot import Snapshot

__all__ = ["Run"]

_ORDER, _STEP = 0, 1  # streams of random numbers: the order of an epoch, all else of a step
_LOOK_AGAIN = 0.02  # seconds, while paused


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
        self._images, self._labels = checked_data(net, train_data)
        check_batches(net, len(self._images), settings.batch_size)
        if validation is not None:
            checked_data(net, validation)  # now, and not after an epoch
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
        self._told = resuming.told(settings, self._images, self._labels)
        resume = flag(resume, "resume")
        if resume and self._checkpoint is None:
            raise DataError("to resume a training, say from which file: checkpoint=...")
        if resume and self._checkpoint is not None and self._checkpoint.exists():
            self._done, self.learning_rate = resuming.read(
                self._checkpoint, net, self._told, self.steps
            )
            net.replace(self._done.parameters)
        else:
            self._done = Reached.nothing(net, settings.optimizer)
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
        >>> from cnnlab.training import run
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
        resuming.write(path, self.network, self._done, self._told, self._learning_rate)

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
        self, found: Differentiated, done: Reached, rate: float
    ) -> tuple[Reached, dict[str, float]]:
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
        return Reached(done.step + 1, tuple(parameters), tuple(slots)), norms

    def _diverged(self, found: Differentiated, reached: Reached | None = None) -> DivergedError:
        images, _, rng = self._batch(self.step)
        return diagnose(
            self.network, images, rng, found, None if reached is None else reached.parameters,
            step=self.step + 1, learning_rate=self._learning_rate,
        )  # fmt: skip
