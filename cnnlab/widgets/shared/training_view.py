"""What a training looks like after a step: numbers and bytes for the page."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import display, losses, metrics
from cnnlab.layers import Conv2D
from cnnlab.network import LayerArrays, Network
from cnnlab.training import Run, Snapshot
from cnnlab.widgets.shared.maps import finite
from cnnlab.widgets.shared.training_thread import TrainingThread

__all__ = ["POINT_BYTES", "TrainingView", "drawable", "filter_grid", "shown_data"]

POINT_BYTES = 12  # step, loss and accuracy
_PICTURES = 1000  # that are looked at for the confusion matrix
_MAPS = 16  # filters that are shown
_BEHIND = 24  # pictures behind a cell
_KEPT = 300  # points of a curve to compare with
_REST = 40  # times what a confusion matrix cost: until the next one
_LEAST_REST = 1.0  # seconds


def shown_data(run: Run) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Choose what is looked at: the validation, else the training images, evenly thinned."""
    data = run.train_data if run.validation is None else run.validation
    chosen = slice(None, None, -(-len(data.labels) // _PICTURES))
    images = np.ascontiguousarray(data.images[chosen], np.float32)
    return images, np.asarray(data.labels[chosen])


def filter_grid(net: Network) -> NDArray[np.float32] | None:
    """Give the filters of the first convolution, (filters, height, width): means over channels."""
    for row, arrays in zip(net.sequential.rows, net.layer_parameters, strict=True):
        if isinstance(row.layer, Conv2D):
            weights = arrays["filters"]
            return np.ascontiguousarray(weights.mean(axis=2)[..., :_MAPS].transpose(2, 0, 1))
    return None


class TrainingView:
    """Looks at one training; what costs more than a glance is looked at now and then.

    Parameters
    ----------
    name : str
    thread : TrainingThread
    """

    def __init__(self, name: str, thread: TrainingThread) -> None:
        self.name, self.thread = name, thread
        run = thread.run
        self._net = Network.from_parameters(run.network.sequential, run.network.parameters)
        self.images, self.labels = shown_data(run)
        self._classes = run.network.sequential.output_shape[0]
        convolutions = (
            row.name for row in self._net.sequential.rows if isinstance(row.layer, Conv2D)
        )
        self._first = next(convolutions, None)
        self._counted: tuple[int, int] | None = None
        self._predicted = np.zeros(0, np.int64)
        self._due = 0.0

    def message(
        self, have: int, attempt: int, counted: list[int] | None, picture: int, palette: str
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Write what a page does not know yet.

        Parameters
        ----------
        have, attempt : int
            How many points of which attempt the page has.
        counted : list of int, optional
            The confusion matrix that it has.
        picture : int
            Whose maps are wanted.
        palette : str

        Returns
        -------
        dict
            Plain JSON.
        list of bytes
            Points of the curves (step, loss, accuracy; float32); filters; maps.
        """
        thread, run = self.thread, self.thread.run
        sample, snapshots = thread.sample, thread.history.snapshots
        again = attempt != thread.attempt
        begun = 0 if again else min(have, len(snapshots))
        newest = snapshots[begun:]
        points = np.array([_point(one) for one in newest], np.float32).reshape(-1, 3)
        about: dict[str, Any] = {
            "name": self.name, "state": thread.state, "words": thread.words,
            "ended": thread.ended, "attempt": thread.attempt, "from": begun,
            "step": run.step, "steps": run.steps, "rate": thread.rate,
            "classes": self._classes,
            "knowsNothing": run.settings.loss is losses.softmax_cross_entropy,
            "validation": [
                [one.step, finite(one.validation.loss), one.validation.accuracy]
                for one in thread.validated
                if one.validation is not None
            ],
        }  # fmt: skip
        if again:
            thinned = thread.kept[:: -(-len(thread.kept) // _KEPT) or 1]
            about["kept"] = [list(map(finite, _point(one))) for one in thinned]
        if snapshots:
            last = snapshots[-1]
            about |= {
                "epoch": last.epoch, "seconds": last.seconds, "loss": finite(last.loss),
                "accuracy": last.accuracy, "rateOfStep": last.learning_rate,
                "speed": _speed(snapshots),
            }  # fmt: skip
        about["sizes"] = self._sizes(sample.snapshot, sample.before, sample.after)
        self._net.replace(sample.after)
        parts = [points.tobytes(), *self._filters_and_maps(about, picture, palette)]
        self.count()
        about["counted"] = list(self._counted or ())
        if about["counted"] != counted:
            matrix = metrics.confusion_matrix(self.labels, self._predicted, self._classes)
            about["confusion"] = matrix.tolist()
            about["of"] = "training" if run.validation is None else "validation"
        return about, parts

    def behind(self, true: int, taken: int) -> tuple[dict[str, Any], list[bytes]]:
        """Write the pictures behind a cell of the confusion matrix."""
        found = np.flatnonzero((self.labels == true) & (self._predicted == taken))
        shown = found[:_BEHIND]
        pixels = [display.photograph(drawable(self.images[one])) for one in shown]
        sides = self.images.shape[1:3]
        about = {"height": sides[0], "width": sides[1], "all": len(found)}
        return about | {"numbers": shown.tolist()}, [one.tobytes() for one in pixels]

    def _sizes(
        self, snapshot: Snapshot | None, before: LayerArrays, after: LayerArrays
    ) -> list[dict[str, Any]]:
        sizes = []
        for row, old, new in zip(self._net.sequential.rows, before, after, strict=True):
            learned = [key for key in old if key not in row.layer.non_trainable]
            if not learned:
                continue
            weight = _length([old[key] for key in learned])
            update = _length([new[key] - old[key] for key in learned])
            gradient = snapshot.gradient_norms.get(row.name) if snapshot else None
            sizes.append({
                "layer": row.name, "weight": weight, "gradient": gradient,
                "update": update if snapshot else None,
                "ratio": update / weight if snapshot and weight else None,
            })  # fmt: skip
        return sizes

    def _filters_and_maps(self, about: dict[str, Any], picture: int, palette: str) -> list[bytes]:
        image = self.images[picture]
        seen = self._net.forward(image[None])
        scores = next(reversed(seen.values()))[0]
        about["picture"] = {"label": int(self.labels[picture]), "says": int(scores.argmax())}
        filters = filter_grid(self._net)
        if filters is None or self._first is None:
            return [b"", b""]
        maps = np.ascontiguousarray(seen[self._first][0, ..., :_MAPS].transpose(2, 0, 1))
        parts = []
        for name, grids in (("filters", filters), ("maps", maps)):
            limit = display.limit_of(grids)
            about[name] = {
                "layer": self._first, "count": grids.shape[0], "height": grids.shape[1],
                "width": grids.shape[2], "limit": limit,
            }  # fmt: skip
            parts.append(display.levels(grids, palette, limit).tobytes())
        return parts

    def count(self) -> None:
        """Sort the pictures anew, if it is time, or the training rests."""
        thread, now = self.thread, time.monotonic()
        snapshot, _, weights = thread.sample
        version = (thread.attempt, 0 if snapshot is None else snapshot.step)
        if self._counted == version or (thread.alive and now < self._due):
            return
        self._net.replace(weights)
        self._predicted, self._counted = self._net.predict(self.images).argmax(axis=1), version
        self._due = now + max(_LEAST_REST, _REST * (time.monotonic() - now))


def _point(snapshot: Snapshot) -> tuple[float, float, float]:
    return snapshot.step, snapshot.loss, snapshot.accuracy


def _length(arrays: list[NDArray[np.float32]]) -> float:
    return float(np.sqrt(sum(float(np.vdot(one, one)) for one in arrays)))


def _speed(snapshots: list[Snapshot]) -> float:
    """Count the steps a second over the last of them."""
    some = snapshots[-50:]
    begun = snapshots[-51] if len(snapshots) > 50 else None
    steps = some[-1].step - (begun.step if begun else 0)
    return steps / max(some[-1].seconds - (begun.seconds if begun else 0.0), 1e-9)


def drawable(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make a picture of three channels, whatever it has."""
    if image.shape[-1] == 3:
        return image
    return np.repeat(image.mean(axis=-1, keepdims=True), 3, axis=-1)
