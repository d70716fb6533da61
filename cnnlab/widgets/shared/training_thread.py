"""A training in a thread of its own: started, paused, stepped, stopped and begun again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from threading import Condition, Thread
from typing import NamedTuple

from cnnlab.callbacks import History
from cnnlab.divergence import DivergedError
from cnnlab.network import LayerArrays
from cnnlab.optimizers.checks import checked_rate
from cnnlab.training import Run, Snapshot

__all__ = ["Sample", "TrainingThread"]

_SLICE = 0.1  # seconds


class Sample(NamedTuple):
    """A step and the weights on both sides of it; nobody writes to them.

    Attributes
    ----------
    snapshot : Snapshot or None
        None before the first step.
    before, after : tuple of dict
        By layer.
    """

    snapshot: Snapshot | None
    before: LayerArrays
    after: LayerArrays


class TrainingThread:
    """Takes the steps of a run, as long as it is wanted.

    Parameters
    ----------
    run : training.Run
    onrest : callable
        Called, without arguments and in the thread, whenever the training has come to rest.
    onstep : callable, optional
        Called in the same way after every other step; the next one waits for it.

    Attributes
    ----------
    history : History
        Every snapshot since the training began, or began again.
    validated : list of Snapshot
        Those with a validation, which are few.
    kept : list of Snapshot
        The training before, to be compared with.
    attempt : int
        How often it began again.
    state : str
        "ready", "running", "paused", "stopped", "finished", "diverged" or "failed".
    words : str
        What went wrong, if something did.
    sample : Sample
        The newest step.
    begun : int
        The step at which the training was taken up.
    rates : dict of float
        Learning rates that were set since the training began, by the steps done before.
    pace : int or None
        Steps a second; None is as fast as it goes.
    """

    def __init__(
        self, run: Run, onrest: Callable[[], None], onstep: Callable[[], None] | None = None
    ) -> None:
        self.run, self._onrest, self._onstep = run, onrest, onstep
        self.kept: list[Snapshot] = []
        self.validated: list[Snapshot]
        self.rates: dict[int, float]
        self.attempt = 0
        self.pace: int | None = None
        self._changed = Condition()
        self._thread: Thread | None = None
        self._wanted, self._single, self._rest = False, 0, "paused"
        self._rate: float | None = None  # that waits for the step under way
        self._begin()

    def _begin(self) -> None:
        weights = self.run.network.layer_parameters
        self.history, self.validated = History(), []
        self.sample = Sample(None, weights, weights)
        self.begun, self.rates = self.run.step, {}
        self.state, self.words = "ready", ""

    @property
    def rate(self) -> float:
        """The learning rate before the schedule; one that is set counts from the next step on."""
        return self.run.learning_rate if self._rate is None else self._rate

    @rate.setter
    def rate(self, value: float) -> None:
        rate = checked_rate(value)
        with self._changed:
            self._rate = rate
            if self._thread is None:
                self._take_rate()

    def _take_rate(self) -> None:
        """Hand the run what was set, and note with which rate its next step is taken."""
        if self._rate is not None:
            self.run.learning_rate, self._rate = self._rate, None
        known = [self.run.settings.optimizer.learning_rate, *self.rates.values()][-1]
        if self.run.learning_rate != known:
            self.rates[self.run.step] = self.run.learning_rate

    @property
    def alive(self) -> bool:
        """Whether steps are being taken."""
        return self._thread is not None

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to do but to begin again."""
        return self.state == "finished" or self.run.step == self.run.steps

    def start(self) -> None:
        """Go on from where the training is; after a divergence, from the last good weights."""
        self._want(True, 0)

    def step(self) -> None:
        """Take one step, and rest."""
        self._want(False, 1)

    def pause(self) -> None:
        """Rest after the step under way."""
        self._let_go("paused")

    def stop(self) -> None:
        """End after the step under way; the weights stay as they are."""
        self._let_go("stopped")

    def restart(self, keep: bool) -> None:
        """Put the first weights back; the curve so far is kept to compare with, or forgotten."""
        self.pause()
        self.wait(None)
        with self._changed:
            if self.history.snapshots:
                self.kept = self.history.snapshots if keep else []
            self.run.restart()
            self.attempt += 1
            self._begin()
        self._onrest()

    def wait(self, timeout: float | None) -> bool:
        """Wait until no step is under way or wanted; False if that took too long."""
        end = math.inf if timeout is None else time.monotonic() + timeout
        with self._changed:
            while self._thread is not None:
                left = end - time.monotonic()
                if left <= 0:
                    return False
                # In slices: where a lock cannot be interrupted, an interrupt waits for one at most.
                self._changed.wait(min(left, _SLICE))
        return True

    def wake(self) -> None:
        """Look at the pace again."""
        with self._changed:
            self._changed.notify_all()

    def _want(self, wanted: bool, single: int) -> None:
        with self._changed:
            if self.ended:
                return
            self._wanted, self._single, self._rest = wanted, single, "paused"
            self.state, self.words = "running", ""
            self._changed.notify_all()
            if self._thread is None:
                self._thread = Thread(target=self._work, name="cnnlab-training", daemon=True)
                self._thread.start()

    def _let_go(self, rest: str) -> None:
        with self._changed:
            self._wanted, self._single, self._rest = False, 0, rest
            self._changed.notify_all()
            settles = self._thread is None and self.state == "paused" != rest
            if settles:
                self.state = rest
        if settles:
            self._onrest()

    def _work(self) -> None:
        while self._take_step():
            begun = time.monotonic()
            if self._onstep:
                self._onstep()
            self._keep_pace(begun)
        self._onrest()

    def _take_step(self) -> bool:
        """Take a step if one is wanted; else, or if it was the last, leave for good."""
        with self._changed:
            if not (self._wanted or self._single):
                return self._leave(self._rest)
            self._single = 0
            self._take_rate()
        before, end, words = self.run.network.layer_parameters, "", ""
        try:
            snapshot = next(self.run)
            self.history(snapshot)
            if snapshot.validation is not None:
                self.validated.append(snapshot)
            self.sample = Sample(snapshot, before, self.run.network.layer_parameters)
            if self.run.step == self.run.steps:
                end = "finished"
        except StopIteration:
            end = "finished"
        except DivergedError as error:
            end, words = "diverged", str(error)
        except Exception as error:  # a learner's own layer may raise anything, and must hear of it
            end, words = "failed", f"{type(error).__name__}: {error}"
        if not end:
            return True
        with self._changed:
            return self._leave(end, words)

    def _leave(self, state: str, words: str = "") -> bool:
        self.state, self.words, self._wanted, self._thread = state, words, False, None
        self._changed.notify_all()
        return False

    def _keep_pace(self, begun: float) -> None:
        with self._changed:
            while self._wanted and self.pace is not None:
                left = begun + 1 / self.pace - time.monotonic()
                if left <= 0:
                    return
                self._changed.wait(left)
