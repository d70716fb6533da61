"""TrainingBoard: a training under one's hands, and what changes in the network meanwhile."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, Self, TypeVar

import numpy as np
import traitlets
from numpy.typing import NDArray

from cnnlab import display
from cnnlab.callbacks import History
from cnnlab.checks import flag, kind_of, listed, one_of, real
from cnnlab.errors import DataError
from cnnlab.training import Run
from cnnlab.widgets.shared import maps
from cnnlab.widgets.shared.training_code import training_code
from cnnlab.widgets.shared.training_thread import TrainingThread
from cnnlab.widgets.shared.training_view import (
    POINT_BYTES,
    TrainingView,
    drawable,
    filter_grid,
)  # fmt: skip
from cnnlab.widgets.shared.traits import Count, Palette, Switch
from cnnlab.widgets.shared.watching import Known, Watching
from cnnlab.widgets.shared.widget import Reply, Request, Widget

__all__ = ["TrainingBoard"]

T = TypeVar("T")

_MOST = 2
_ACTS = ("start", "pause", "step", "stop", "restart")
_WHAT = 'training.run(net, data), or {"one": training.run(...), "other": training.run(...)}'


class TrainingBoard(Widget, stem="training_board"):
    """Drive a training, or two side by side: start, pause, step, stop, begin again.

    The training runs in a thread of the kernel, the notebook stays free. Closing the cell, showing
    the board again and loading the page anew leave it going. An interrupt of the kernel ends what
    a cell does: if that cell is in `wait`, the training pauses after the step under way; else it
    goes on, and the buttons of the board stop it.

    Parameters
    ----------
    runs : training.Run or dict of training.Run
        What `training.run` returned; or two at the most, with a network each, by name.
    class_names : sequence of str
        By default those of the data, else the classes are numbered.
    slow : bool
        Slow motion.
    pace : int
        Steps a second in slow motion, 1 to 30.
    picture : int
        Whose maps are shown: its number among the pictures that are looked at (the validation, or
        the training images where there is none; of many every so-and-so-manyth).
    palette : str
        One of `display.PALETTES`, or "auto".

    Raises
    ------
    DataError
        If there is no run, or too many, or two that share a network.
    TypeError
        If an option is not known.

    Examples
    --------
    >>> from cnnlab import Network, datasets, training, zoo
    >>> net = Network(zoo.digits_net())
    >>> board = TrainingBoard(training.run(net, datasets.digits().test, epochs=1))
    >>> board.step()
    >>> board.wait(60), len(board.history), board
    (True, 1, TrainingBoard(paused at step 1 of 6))
    """

    slow = Switch(False)
    pace = Count(4, most=30)
    picture = Count(0, least=0, most=999)
    palette = Palette()

    _pulse = traitlets.Int(0).tag(sync=True)
    _rested = traitlets.Dict().tag(sync=True)
    _rested_bytes = traitlets.Bytes(b"").tag(sync=True)

    def __init__(
        self, runs: Run | Mapping[str, Run], *, class_names: Any = (), **options: Any
    ) -> None:
        named = _named(runs)
        self._watching = Watching(self._tell)
        self._threads = {
            name: TrainingThread(run, self._on_rest, self._on_step) for name, run in named.items()
        }
        self._views = [TrainingView(name, thread) for name, thread in self._threads.items()]
        self._class_names = _class_names(named, class_names)
        self._most = min(len(view.labels) for view in self._views) - 1
        self._open = False
        super().__init__(**options)
        if self.picture > self._most:
            raise DataError(
                f"picture can be 0 to {self._most} here, got {self.picture}; "
                f"try picture={self._most}"
            )
        self._open = True
        self._settings_changed()

    def _page_facts(self) -> dict[str, Any]:
        facts = super()._page_facts()
        facts["settings"]["picture"]["most"] = self._most
        return {**facts, "classes": self._class_names}

    # -- by hand ------------------------------------------------------------------------------

    def start(self) -> None:
        """Train, or go on; returns at once."""
        self._all("start")

    def pause(self) -> None:
        """Rest after the step under way."""
        self._all("pause")

    def step(self) -> None:
        """Take one step, and rest."""
        self._all("step")

    def stop(self) -> None:
        """End after the step under way; the network keeps its weights, `start` would go on."""
        self._all("stop")

    def restart(self, *, keep: bool = True) -> None:
        """Go back to the weights that the training began with, and rest there.

        Parameters
        ----------
        keep : bool
            Whether the curve so far stays, faint, to compare with; else it is forgotten.
        """
        keep = flag(keep, "keep")
        for thread in self._threads.values():
            thread.restart(keep)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the training rests. An interrupt pauses it.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at the most.

        Returns
        -------
        bool
            Whether it rests.
        """
        left = None if timeout is None else real(timeout, "timeout", 0)
        end = None if left is None else time.monotonic() + left
        try:
            return all(
                thread.wait(None if end is None else max(0.0, end - time.monotonic()))
                for thread in self._threads.values()
            )
        except KeyboardInterrupt:
            self.pause()
            raise

    def _all(self, act: str) -> None:
        for thread in self._threads.values():
            getattr(thread, act)()
        self._pulse += 1

    # -- what comes out -----------------------------------------------------------------------

    @property
    def history(self) -> History | dict[str, History]:
        """Every snapshot so far; of two trainings a dict by name."""
        return self._one_or_named({name: one.history for name, one in self._threads.items()})

    @property
    def state_of_training(self) -> str | dict[str, str]:
        """Say "ready", "running", "paused", "stopped", "finished", "diverged" or "failed"."""
        return self._one_or_named({name: one.state for name, one in self._threads.items()})

    @property
    def learning_rate(self) -> float | dict[str, float]:
        """The learning rate before the schedule; of two trainings a dict by name.

        May be set at any time: a number for all, or a dict by name.
        """
        return self._one_or_named({name: one.rate for name, one in self._threads.items()})

    @learning_rate.setter
    def learning_rate(self, value: float | Mapping[str, float]) -> None:
        rates = value if isinstance(value, Mapping) else dict.fromkeys(self._threads, value)
        for name, rate in rates.items():
            one_of(name, "a name of learning_rate", tuple(self._threads))
            self._threads[name].rate = rate
        self._pulse += 1

    def _one_or_named(self, found: dict[str, T]) -> T | dict[str, T]:
        return found if len(found) > 1 else next(iter(found.values()))

    # -- answers to the page ------------------------------------------------------------------

    def _settings_changed(self) -> None:
        if self._open:
            for thread in self._threads.values():
                thread.pace = self.pace if self.slow else None
                thread.wake()

    def _frame(self, known: Known) -> tuple[Reply, Known]:
        """Write what a page does not know yet; also what it knows then."""
        told, out, then = [], [], []
        picture = min(self.picture, self._most)
        for place, view in enumerate(self._views):
            has = known.runs[place] if place < len(known.runs) else {}
            about, parts = view.message(
                has.get("have", 0), has.get("attempt", -1), has.get("counted"), picture,
                Palette.named(self.palette),
            )  # fmt: skip
            told.append(about)
            out += parts
            have = about["from"] + len(parts[0]) // POINT_BYTES
            then.append({"have": have, "attempt": about["attempt"], "counted": about["counted"]})
        pixels = self._views[0].images[picture]
        image = {"height": pixels.shape[0], "width": pixels.shape[1], "number": picture}
        if known.picture != picture:
            out.append(display.photograph(drawable(pixels)).tobytes())
        return ({"runs": told, "image": image}, out), Known(then, picture)

    def answer_frame(self, request: Request) -> Reply:
        """Tell what the page does not know yet, and note how often it wants to be told more."""
        known = Known(request["known"], request.content.get("seen"))
        reply, then = self._frame(known)
        self._watching.want(request["client"], then, request.content.get("looks", 0))
        return reply

    def answer_watch(self, request: Request) -> Reply:
        """Note that the page, which is told without asking, wants to be told on."""
        self._watching.more(request["client"], request["looks"])
        return {}, []

    def _tell(self, page: str, known: Known, left: int) -> Known:
        (about, out), then = self._frame(known)
        self.send({"client": page, "left": left, **about}, out)
        return then

    def _on_step(self) -> None:
        """Tell the pages that watch, unless one is being answered: then after the next step."""
        if not self._watching.due or not self._lock.acquire(blocking=False):
            return
        try:
            for view in self._views:
                view.count()  # which has a share of the time of its own
            self._watching.look()
        finally:
            self._lock.release()

    def answer_act(self, request: Request) -> Reply:
        """Do what a button says."""
        act = one_of(request["act"], "act", _ACTS)
        if act == "restart":
            self.restart(keep=request["keep"])
        else:
            self._all(act)
        return {}, []

    def answer_rate(self, request: Request) -> Reply:
        """Set the learning rate of a training."""
        self.learning_rate = {self._views[request["run"]].name: request["value"]}
        return {}, []

    def answer_pictures(self, request: Request) -> Reply:
        """Hand out the pictures behind a cell of the confusion matrix."""
        view: TrainingView = self._views[request["run"]]
        return view.behind(request["row"], request["column"])

    def _on_rest(self) -> None:
        self._store()
        self._pulse += 1

    def _store(self) -> None:
        """Keep what is seen now where a page without a kernel reads it."""
        with self._lock:
            self._rested, self._rested_bytes = self._at_rest()

    def _at_rest(self) -> tuple[dict[str, Any], bytes]:
        (reply, out), _ = self._frame(Known([], None))
        return {**reply, "lengths": [len(part) for part in out]}, b"".join(out)

    @traitlets.default("_rested")
    def _first_rested(self) -> dict[str, Any]:
        return self._at_rest()[0]

    @traitlets.default("_rested_bytes")
    def _first_rested_bytes(self) -> bytes:
        return self._at_rest()[1]

    # -- in words -----------------------------------------------------------------------------

    @classmethod
    def from_state(
        cls, state: Mapping[str, Any] | str, runs: Run | Mapping[str, Run] | None = None
    ) -> Self:
        """Make a board as written down by `state`, for runs that are handed over.

        Parameters
        ----------
        state : dict or str
        runs : training.Run or dict of training.Run
            A state is plain JSON, and holds neither networks nor pictures.
        """
        found = cls._checked_state(state)
        if runs is None:
            raise DataError(
                "the state of a TrainingBoard holds no networks and no pictures; "
                "try TrainingBoard.from_state(state, training.run(net, data))"
            )
        return cls(runs, **cls._options_of(found))

    def code(self) -> str:
        """Write the Python that repeats the training to the bit, rates set by hand included.

        Returns
        -------
        str
            Lines that fill ``history``; ``net`` and ``data`` are the notebook's. Of two trainings
            all names end with ``_1`` and ``_2``. A setting without a name, such as a lambda, is
            left out, and a comment says so.
        """
        return training_code(self._threads)

    def _still(self) -> NDArray[np.uint8] | None:
        rows = []
        for view in self._views:
            filters = filter_grid(view.thread.run.network)
            if filters is None:
                return None
            limit = display.limit_of(filters)
            painted = (
                maps.at_still_size(display.paint(one, Palette.named(self.palette), limit), 80)
                for one in filters[:8]
            )
            rows.append(maps.side_by_side(*painted))
        return maps.one_below_another(*rows)

    def _still_text(self) -> str:
        return f"{self!r}: filters of the first convolution"

    def __repr__(self) -> str:
        told = (
            f"{name and name + ' '}{one.state} at step {one.run.step} of {one.run.steps}"
            for name, one in self._threads.items()
        )
        return f"TrainingBoard({', '.join(told)})"


def _named(runs: Any) -> dict[str, Run]:
    named = dict(runs) if isinstance(runs, Mapping) else {"": runs}
    if not 0 < len(named) <= _MOST:
        raise DataError(f"one run or {_MOST} fit on a board, got {len(named)}; try {_WHAT}")
    for name, run in named.items():
        kind_of(name, str, "a name of runs", '"with dropout"')
        kind_of(run, Run, "runs" if not name else f"runs[{name!r}]", _WHAT)
    if len({id(run.network) for run in named.values()}) < len(named):
        raise DataError(
            "both runs train the same network, each would undo what the other does; "
            "make a second one: Network(sequential, seed=0)"
        )
    return named


def _class_names(named: Mapping[str, Run], given: Any) -> list[str]:
    run = next(iter(named.values()))
    classes = math.prod(run.network.sequential.output_shape)
    names = [str(one) for one in listed(given, "class_names", '["cat", "dog"]')]
    names = names or [str(one) for one in getattr(run.train_data, "class_names", ())]
    if names and given and len(names) != classes:
        raise DataError(
            f"{classes} classes take {classes} names, got {len(names)}; "
            "leave class_names out to have the classes numbered"
        )
    return names if len(names) == classes else [str(one) for one in range(classes)]
