"""A training, seen after a step: what its consumers are given."""

from __future__ import annotations

from dataclasses import dataclass

from cnnlab.training.evaluation import Evaluation

__all__ = ["Snapshot"]


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
