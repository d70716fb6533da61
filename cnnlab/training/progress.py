"""A bar that shows how far a training is."""

from __future__ import annotations

from typing import Any

from tqdm.auto import tqdm

from cnnlab.checks import kind_of, whole
from cnnlab.training.snapshot import Snapshot

__all__ = ["ProgressBar"]


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
