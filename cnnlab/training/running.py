"""How a training is begun: step by step, or to its end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cnnlab.augmentation import Augmentation
from cnnlab.checks import flag, listed
from cnnlab.losses import Loss
from cnnlab.network import Network
from cnnlab.optimizers import Optimizer
from cnnlab.training.data import Data
from cnnlab.training.iteration import Run
from cnnlab.training.progress import ProgressBar
from cnnlab.training.settings import Settings, check_function
from cnnlab.training.snapshot import Snapshot

__all__ = ["fit", "run"]


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
    >>> import numpy as np
    >>> from cnnlab import Sequential
    >>> from cnnlab.layers import Dense, Flatten
    >>> from cnnlab.optimizers import SGD
    >>> from cnnlab.training import evaluate
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
        check_function("callbacks", consumer)
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
