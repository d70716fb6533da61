"""A small network learns recorded pictures: what it is, how it is trained, what it then knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.augmentation import Augmentation, Brightness, Crop
from cnnlab.callbacks import History
from cnnlab.checks import shown
from cnnlab.errors import DataError
from cnnlab.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from cnnlab.network import Network
from cnnlab.optimizers import Adam
from cnnlab.sequential import Sequential
from cnnlab.training import Run, evaluate, run
from cnnlab.widgets.shared import code
from cnnlab.widgets.shared.album import Album, Class
from cnnlab.widgets.shared.training_thread import TrainingThread
from cnnlab.widgets.shared.training_view import TrainingView

__all__ = ["Learned", "Learner", "check_classes", "network_for"]

# A hand is held up a little nearer, to the side, and in another light.
_AUGMENTATION: tuple[Augmentation, ...] = (Crop(0.65), Brightness(0.4))

_BATCH = 16
_UNUSED = {"sizes", "picture", "filters", "maps"}  # of what a TrainingView tells
_OPTIMIZER = Adam(0.002)

_Conv = partial(Conv2D, activation="relu", initializer="he_normal", padding="same")


@dataclass(frozen=True)
class Learned:
    """A network, and what its answers mean.

    Attributes
    ----------
    network : Network
    classes : tuple of (str, str)
        Key and name of each class as it was when the training began.
    revision : int
        Of the pictures that it learned from.
    """

    network: Network
    classes: tuple[Class, ...]
    revision: int

    def names(self, album: Album) -> list[str]:
        """Name its classes as they are called now; one that was removed keeps its last name."""
        now = dict(album.classes)
        return [now.get(key, name) for key, name in self.classes]


def network_for(shape: tuple[int, int, int], classes: int) -> Sequential:
    """Build the network that a recorder trains unless it is given one.

    Parameters
    ----------
    shape : (int, int, int)
        Rows, columns and channels of a picture.
    classes : int

    Returns
    -------
    Sequential

    Examples
    --------
    >>> network_for((32, 32, 3), 2).num_parameters
    19070
    """
    return Sequential(
        [
            BatchNorm(),  # each colour about its mean: the light of a room matters less
            _Conv(16, 3),
            MaxPool2D(2),
            _Conv(32, 3),
            MaxPool2D(2),
            _Conv(48, 3),
            MaxPool2D(shape[0] // 4),  # found anywhere: where the hand is does not matter
            Flatten(),
            Dropout(0.3),
            Dense(classes),
        ],
        input_shape=shape,
    )


def _code(
    sequential: Sequential, *, held_out: bool, epochs: int, augment: bool, seed: int, given: bool
) -> list[str]:
    """Write the Python that trains like a `Learner`; ``recorder`` is the notebook's."""
    stages = ", ".join(f"augmentation.{stage!r}" for stage in _AUGMENTATION)
    needed = ["Network", *(["augmentation"] if augment else []), "optimizers", "training"]
    data = "train, held_out = recorder.split()" if held_out else "train = recorder.dataset"
    build = code.stack(sequential.layers, sequential.input_shape)
    return [
        f"from cnnlab import {', '.join(needed)}",
        *(["", "# network is the one that you gave to the recorder"] if given else build),
        "",
        f"{data}  # by recordings: neighbouring pictures are twins" if held_out else data,
        f"net = {'network' if given else f'Network(network, seed={seed})'}",
        "for snapshot in training.run(",
        "    net,",
        "    train,",
        *(["    validation=held_out,"] if held_out else []),
        f"    epochs={epochs},",
        f"    optimizer=optimizers.{_OPTIMIZER!r},",
        f"    batch_size={_BATCH},",
        f"    seed={seed},",
        *([f"    augment=[{stages}],"] if augment else []),
        "):",
        "    pass",
    ]


class Learner:
    """Trains a network on an album, remembers what it learned, and recognises.

    Parameters
    ----------
    network : Sequential or Network, optional
        What is trained, instead of a small one.
    shape : (int, int, int)
        Of a picture.
    classes : int
    seed : int
    onrest : callable
        Called, without arguments and in a thread, whenever a training has come to rest.

    Attributes
    ----------
    first : Network or None
        What a training begins from, if that was given.
    """

    def __init__(
        self,
        network: Any,
        shape: tuple[int, int, int],
        classes: int,
        seed: int,
        onrest: Callable[[], None],
    ) -> None:
        self.first = _given(network, shape, classes, seed)
        self._shape, self._seed, self._onrest = shape, seed, onrest
        self._thread: TrainingThread | None = None
        self._view: TrainingView | None = None
        self._learned: Learned | None = None
        self._before: Learned | None = None  # what was known until a new training makes a step
        self._attempt = 0  # which training it is
        self._few = ""  # why nothing was held out
        self._examined: tuple[int, float, int] | None = None  # after which step, and with what

    # -- training -----------------------------------------------------------------------------

    def start(self, album: Album, *, epochs: int, augment: bool) -> None:
        """Begin a training on what is in an album now; one under way goes on instead.

        Raises
        ------
        DataError
            If a class is empty, or the network answers with another number of classes.
        """
        if self._thread is not None and self._thread.alive:
            return
        training_run = self._prepared(album, epochs, augment)
        thread = TrainingThread(training_run, self._onrest)
        self._before, self._examined = self.known, None
        self._thread, self._view = thread, TrainingView("", thread)
        self._attempt += 1
        self._learned = Learned(training_run.network, album.classes, album.revision)
        thread.start()

    def _prepared(self, album: Album, epochs: int, augment: bool) -> Run:
        empty = album.empty_classes()
        if empty:
            raise DataError(
                f"there is no picture of {' or '.join(empty)} yet; record some, or remove the class"
            )
        net = self._begun(len(album.classes))
        train, held_out, self._few = album.dataset(), None, ""
        try:
            train, held_out = album.split(self._seed)
        except DataError as error:
            self._few = str(error)
        return run(
            net,
            train,
            validation=held_out,
            epochs=epochs,
            optimizer=_OPTIMIZER,
            batch_size=_BATCH,
            seed=self._seed,
            augment=_AUGMENTATION if augment else (),
        )

    def _begun(self, classes: int) -> Network:
        if self.first is None:
            return Network(network_for(self._shape, classes), self._seed)
        check_classes(self.first.sequential, classes)
        return Network.from_parameters(self.first.sequential, self.first.parameters)

    def stop(self) -> None:
        """End after the step under way."""
        if self._thread is not None:
            self._thread.stop()

    def wait(self, timeout: float | None) -> bool:
        """Wait until no training is under way; False if that took too long."""
        return self._thread is None or self._thread.wait(timeout)

    # -- what was learned ---------------------------------------------------------------------

    @property
    def known(self) -> Learned | None:
        """What has been learned so far."""
        begun = self._thread is None or self._thread.run.step > 0
        return self._learned if begun else self._before

    @property
    def examined(self) -> tuple[float, int] | None:
        """The share of the held-out pictures that is right, and how many they are; if known."""
        thread = self._thread
        held_out = None if thread is None or thread.alive else thread.run.validation
        if thread is not None and held_out is not None and thread.run.step:
            step = thread.run.step
            if self._examined is None or self._examined[0] != step:
                share = evaluate(thread.run.network, held_out).accuracy
                self._examined = (step, share, len(held_out.labels))
        return None if self._examined is None else self._examined[1:]

    def remember(self, learned: Learned, examined: tuple[float, int] | None) -> None:
        """Take over what was learned another day."""
        check_classes(learned.network.sequential, len(learned.classes))
        self._learned = learned
        self._examined = None if examined is None else (0, *examined)

    @property
    def history(self) -> History:
        """Every snapshot of the last training."""
        return History() if self._thread is None else self._thread.history

    def recognised(self, pixels: NDArray[np.uint8], album: Album) -> list[tuple[str, float]]:
        """Name each class, as it is called now, with its probability.

        Raises
        ------
        DataError
            If nothing was learned yet.
        """
        known = self.known
        if known is None:
            raise DataError("no network was trained yet; press Train, or try recorder.train()")
        chances = known.network.probabilities(pixels[None] / np.float32(255))[0].tolist()
        return list(zip(known.names(album), chances, strict=True))

    # -- for the page -------------------------------------------------------------------------

    @property
    def words(self) -> str:
        """What the last training came to, in a few words."""
        if self.known is None:
            return ""
        state = "loaded" if self._thread is None else self._thread.state
        examined = self.examined
        if examined is None:
            return state
        share, of = examined
        return f"{state}, {100 * share:.3g} % of {of} held out right"

    def message(self, album: Album, has: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Write what a page does not know yet of training and network."""
        told: dict[str, Any] = {}
        known = self.known
        if known is not None:
            told["learned"] = {
                "names": known.names(album),
                "current": known.revision == album.revision,
                "examined": self.examined,
            }
        if self._view is None or self._learned is None:
            return told, []
        attempt, settings = self._attempt, self._view.thread.run.settings
        have, counted = (has["have"], has["counted"]) if has["attempt"] == attempt else (0, None)
        about, parts = self._view.message(have, 0, counted, 0, "blue_red")
        told["training"] = {name: about[name] for name in about.keys() - _UNUSED}
        told["training"] |= {
            "attempt": attempt, "few": self._few, "epochs": settings.epochs,
            "classNames": self._learned.names(album),
        }  # fmt: skip
        return told, parts[:1]

    def behind(self, row: int, column: int) -> tuple[dict[str, Any], list[bytes]]:
        """Write the pictures behind a cell of the confusion matrix."""
        if self._view is None:
            raise DataError("no network was trained yet; press Train")
        return self._view.behind(row, column)

    def code(self, album: Album, *, epochs: int, augment: bool) -> str:
        """Write the Python that trains in the same way."""
        held_out = bool(album.held_or_why(self._seed)[0])
        stack = network_for(self._shape, len(album.classes))
        lines = _code(
            stack if self.first is None else self.first.sequential,
            held_out=held_out, epochs=epochs, augment=augment, seed=self._seed,
            given=self.first is not None,
        )  # fmt: skip
        return "\n".join(lines) + "\n"


def _given(network: Any, shape: tuple[int, int, int], classes: int, seed: int) -> Network | None:
    if network is None:
        return None
    if not isinstance(network, Sequential | Network):
        raise DataError(
            f"network must be a Sequential or a Network, got {shown(network)}; "
            "leave it out for a small one"
        )
    net = Network(network, seed) if isinstance(network, Sequential) else network
    wanted = tuple(net.sequential.input_shape)
    if wanted != shape:
        rows, channels = wanted[0], wanted[-1]
        square = len(wanted) == 3 and wanted[0] == wanted[1] and channels in {1, 3}
        hint = f"size={rows}, grey={channels == 1}" if square else "another network"
        raise DataError(
            f"the network takes pictures of {shown(wanted)}, and these are of {shape}; try {hint}"
        )
    check_classes(net.sequential, classes)
    return Network.from_parameters(net.sequential, net.parameters)


def check_classes(sequential: Sequential, classes: int) -> None:
    """Refuse a network that answers with another number of classes."""
    answers = sequential.output_shape
    if answers != (classes,):
        raise DataError(
            f"the network answers with {shown(answers)} numbers, and there are {classes} classes; "
            f"try a network that ends in Dense({classes})"
        )
