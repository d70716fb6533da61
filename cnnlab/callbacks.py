"""Consumers of a training: each is given every `training.Snapshot`, and may say stop.

A callback is any function of a snapshot; one that returns True ends the training. Use them with
``training.fit(..., callbacks=[...])``, or call them in a loop of your own::

    history = History()
    for snapshot in training.run(net, data):
        history(snapshot)
"""

from __future__ import annotations

import math
import os
from typing import Literal

from cnnlab import checkpoints
from cnnlab.checks import kind_of, one_of, path_of, real, whole
from cnnlab.errors import DataError
from cnnlab.network import Network, checked_network
from cnnlab.training import ProgressBar, Snapshot

__all__ = ["EarlyStopping", "History", "Monitor", "ProgressBar", "SaveBest"]

Monitor = Literal["loss", "accuracy"]


class History:
    """Keeps every snapshot.

    Attributes
    ----------
    snapshots : list of Snapshot
    """

    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []

    def __call__(self, snapshot: Snapshot) -> None:
        """Keep a snapshot."""
        self.snapshots.append(_checked(snapshot))

    def __len__(self) -> int:
        return len(self.snapshots)

    @property
    def epochs(self) -> list[Snapshot]:
        """The snapshots at the ends of the epochs."""
        return [snapshot for snapshot in self.snapshots if snapshot.epoch_end]


def _checked(snapshot: Snapshot) -> Snapshot:
    return kind_of(snapshot, Snapshot, "snapshot", "for snapshot in training.run(net, data)")


class _Best:
    """Remembers the best value of the validation seen so far."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = one_of(monitor, "monitor", ("loss", "accuracy"))
        self.value = math.nan

    def beaten(self, snapshot: Snapshot, margin: float = 0.0) -> bool:
        """Say whether the snapshot is better by more than a margin; then it is the one to beat."""
        if snapshot.validation is None:
            raise DataError(
                "this callback looks at the validation, and there is none; "
                "pass validation=... to the training"
            )
        value = getattr(snapshot.validation, self._monitor)
        gain = value - self.value if self._monitor == "accuracy" else self.value - value
        better = math.isnan(self.value) or gain > margin
        if better:
            self.value = value
        return better


class EarlyStopping:
    """Stops when the validation has not improved for some epochs.

    Parameters
    ----------
    patience : int
        Epochs to wait for an improvement.
    monitor : "loss" or "accuracy"
        Which number of the validation to look at.
    margin : float
        What counts as an improvement.

    Notes
    -----
    Prechelt 1998, *Early stopping - but when?*
    """

    def __init__(self, patience: int = 3, monitor: Monitor = "loss", margin: float = 0.0) -> None:
        self._patience = whole(patience, "patience")
        self._margin = real(margin, "margin", 0)
        self._best = _Best(monitor)
        self._waited = 0

    def __call__(self, snapshot: Snapshot) -> bool:
        """Look at a snapshot.

        Returns
        -------
        bool
            Whether to stop.

        Raises
        ------
        DataError
            If there is no validation.
        """
        if not _checked(snapshot).epoch_end:
            return False
        self._waited = 0 if self._best.beaten(snapshot, self._margin) else self._waited + 1
        return self._waited >= self._patience


class SaveBest:
    """Writes the network to a file whenever the validation is better than ever before.

    Parameters
    ----------
    net : Network
        The one that is trained.
    path : path_like
    monitor : "loss" or "accuracy"
        Which number of the validation to look at.

    Attributes
    ----------
    value : float
        The best one so far.
    """

    def __init__(
        self, net: Network, path: str | os.PathLike[str], monitor: Monitor = "accuracy"
    ) -> None:
        self._net = checked_network(net)
        self._path = path_of(path, "path")
        self._best = _Best(monitor)

    @property
    def value(self) -> float:
        """The best value so far; NaN before the first epoch."""
        return self._best.value

    def __call__(self, snapshot: Snapshot) -> None:
        """Look at a snapshot.

        Raises
        ------
        DataError
            If there is no validation, or the file cannot be written.
        """
        if _checked(snapshot).epoch_end and self._best.beaten(snapshot):
            checkpoints.save(self._net, self._path)
