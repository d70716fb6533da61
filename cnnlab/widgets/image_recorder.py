"""ImageRecorder: pictures of one's own, class by class, and a network that learns them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.callbacks import History
from cnnlab.checks import flag, listed, numbers, real, seeded, shown, whole
from cnnlab.datasets import Dataset
from cnnlab.errors import DataError
from cnnlab.layers import Layer
from cnnlab.network import Network
from cnnlab.sequential import Sequential
from cnnlab.widgets.shared import recorder_file
from cnnlab.widgets.shared.album import Album, Picture, class_names_of
from cnnlab.widgets.shared.fitting import fitted, opened
from cnnlab.widgets.shared.photo import Photo
from cnnlab.widgets.shared.recorder_widget import RecorderWidget
from cnnlab.widgets.shared.recording_training import Learner
from cnnlab.widgets.shared.traits import Count, Switch
from cnnlab.widgets.shared.widget import Reply, Request

__all__ = ["ImageRecorder"]

_LEAST_SIZE, _LARGEST_SIZE = 16, 96


class ImageRecorder(RecorderWidget, stem="image_recorder"):
    """Record pictures of some classes by the camera, train a network on them, hold something up.

    One holding of a button is one *recording*. Neighbouring frames of it are nearly the same, so
    recordings are divided, never pictures: what is held out of a training was filmed another time.
    The pictures go from the page to its kernel and nowhere else; they are kept in no notebook.

    Parameters
    ----------
    class_names : sequence of str
        Two to six; the page may add, rename and remove some.
    size : int
        Rows and columns of a picture, 16 to 96; what is taken is cut to a square first.
    grey : bool
        One channel instead of three.
    network : Sequential or Network, optional
        What is trained, instead of a small one. A training begins from the weights of a
        `Network`, and leaves that itself as it is.
    seed : int
        Decides the first weights, the order of the pictures and which recordings are held out.
    speed : int
        Pictures a second while a button is held.
    mirrored : bool
        Whether the camera shows, and takes, what a mirror would.
    epochs : int
        Passes of a training over the pictures.
    augment : bool
        Whether a training moves the pictures about and changes their brightness.

    Raises
    ------
    DataError
        If names, size or network make no sense together.
    TypeError
        If an option is not known.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> recorder = ImageRecorder(("dark", "bright"), size=16, grey=True, epochs=20)
    >>> for _ in range(2):  # two recordings each
    ...     recorder.add(rng.random((12, 16, 16, 1)) / 3, "dark")
    ...     recorder.add(1 - rng.random((12, 16, 16, 1)) / 3, "bright")
    >>> recorder.train()
    >>> recorder.wait(60), recorder.recognise(np.ones((16, 16)))["bright"] > 0.5
    (True, True)
    >>> recorder
    ImageRecorder(dark 24, bright 24 pictures; finished, 100 % of 24 held out right)
    """

    speed = Count(5, most=15)
    mirrored = Switch(True)
    epochs = Count(40, most=500)
    augment = Switch(True)

    def __init__(
        self,
        class_names: Sequence[str] = ("open hand", "fist"),
        *,
        size: int = 32,
        grey: bool = False,
        network: Sequential | Network | None = None,
        seed: int = 0,
        **options: Any,
    ) -> None:
        names = class_names_of(listed(class_names, "class_names", '("open hand", "fist")'))
        side = whole(size, "size", _LEAST_SIZE, _LARGEST_SIZE)
        seeded(seed)
        self._seed = int(seed)
        self._shape = (side, side, 1 if flag(grey, "grey") else 3)
        self._album = Album(names, self._shape)
        self._learner = Learner(network, self._shape, len(names), self._seed, self._on_rest)
        self._keeper = recorder_file.Keeper()
        self._numbers = count()
        super().__init__(**options)

    # -- pictures -----------------------------------------------------------------------------

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the classes are called now."""
        return self._album.names

    @property
    def dataset(self) -> Dataset:
        """All pictures with their labels: images of shape (pictures, size, size, channels)."""
        with self._lock:
            return self._album.dataset()

    @property
    def recordings(self) -> NDArray[np.int64]:
        """Which recording each picture of `dataset` belongs to, counted from 0 as they came."""
        with self._lock:
            return self._album.arrays()[2]

    def split(self) -> tuple[Dataset, Dataset]:
        """Divide the pictures by recordings: what to learn from, and what is held out.

        Returns
        -------
        train, held_out : Dataset
            Of every class, a fifth of its pictures or more is held out; no recording is in both.

        Raises
        ------
        DataError
            If a class has no two recordings.
        """
        with self._lock:
            return self._album.split(self._seed)

    def add(self, images: Any, label: str | int, recordings: ArrayLike | None = None) -> None:
        """Add pictures from code.

        Parameters
        ----------
        images : array_like of shape (pictures, height, width, channels), path, or list of pictures
            Pixels in [0, 1], or uint8; a picture file; a folder of them; or a list of files and
            arrays. Each is cut to a square about its middle and brought to the size, in 8 bits.
        label : str or int
            The class, by its name or number.
        recordings : array_like of int, optional
            Pictures with one number belong together, and are never divided. By default all of one
            call do.

        Raises
        ------
        DataError, ShapeError
            If there is no such class, a picture cannot be read, or there would be too many.
        """
        of = self._album.key_of(label)
        found = opened(images)
        groups = np.zeros(len(found), int) if recordings is None else numbers(recordings, "groups")
        if groups.shape != (len(found),):
            raise DataError(
                f"{len(found)} pictures need {len(found)} numbers of recordings in one row, got "
                f"{shown(recordings)}; leave recordings out to make one of them all"
            )
        call = f"python-{next(self._numbers)}"
        taken = [
            Picture(f"{call}-{k}", of, f"{call}-{groups[k]}", fitted(one, self._shape).tobytes())
            for k, one in enumerate(found)
        ]
        with self._lock:
            self._album.put(taken)
            self._tell()

    # -- training -----------------------------------------------------------------------------

    def train(self) -> None:
        """Train from the first weights on all that is recorded now; returns at once.

        Where each class has two recordings or more, some are held out. A training that is under
        way goes on instead.

        Raises
        ------
        DataError
            If a class has no picture, or the network answers with another number of classes.
        """
        with self._lock:
            self._learner.start(self._album, epochs=self.epochs, augment=self.augment)
            self._tell()

    def stop(self) -> None:
        """End the training after the step under way; what was learned stays."""
        self._learner.stop()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no training is under way. An interrupt stops it.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at the most.

        Returns
        -------
        bool
            Whether it rests.
        """
        left = None if timeout is None else real(timeout, "timeout", 60, least=0)
        try:
            return self._learner.wait(left)
        except KeyboardInterrupt:
            self.stop()
            raise

    @property
    def network(self) -> Network | None:
        """The network as it was trained last, or is being trained; None before."""
        known = self._learner.known
        return None if known is None else known.network

    @property
    def history(self) -> History:
        """Every snapshot of the last training."""
        return self._learner.history

    def recognise(self, image: Any) -> dict[str, float]:
        """Ask the network what is on a picture.

        Parameters
        ----------
        image : array_like of shape (height, width) or (height, width, 3), or path
            Cut and resized as in `add`.

        Returns
        -------
        dict of float
            The probability of each class, by name.

        Raises
        ------
        DataError
            If nothing was trained yet, or the picture cannot be read.
        """
        pixels = fitted(Photo.read(image).source, self._shape)
        return dict(self._learner.recognised(pixels, self._album))

    # -- one file -----------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Keep pictures, classes, recordings and weights in one file of numbers.

        Parameters
        ----------
        path : path_like
            Ends in ``.safetensors`` by custom. What this recorder saved or loaded there before is
            replaced in one go.
        overwrite : bool
            Whether anything else that is there may be lost.

        Raises
        ------
        DataError
            If something else is there, there are no pictures, or the file cannot be written.
        """
        overwrite = flag(overwrite, "overwrite")
        with self._lock:
            contents = recorder_file.contents_of(self._album, self._learner, self.state())
        self._keeper.write(path, contents, overwrite)

    @classmethod
    def load(cls, path: str | os.PathLike[str], layers: Iterable[type[Layer]] = ()) -> Self:
        """Open what `save` kept.

        Parameters
        ----------
        path : path_like
            It is not trusted.
        layers : iterable of Layer classes
            Layers of your own that its network may name.

        Raises
        ------
        DataError
            If the file is missing, damaged, or something else.
        """
        keeper = recorder_file.Keeper()
        found = keeper.read(path, layers)
        with found.trusted_not():
            recorder = cls.from_state(found.about["state"], network=found.networks.get("first"))
            found.fill(recorder._album, recorder._learner)
        recorder._keeper = keeper
        recorder._tell()
        return recorder

    def answer_save(self, request: Request) -> Reply:
        """Keep everything in a file beside the notebook."""
        self.save(request["path"])
        return {}, []

    # -- in words -----------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Write down the settings and the classes, to hand them out; no picture is in it.

        Returns
        -------
        dict
            Plain JSON; `from_state` reads it.
        """
        with self._lock:
            made = {"size": self._shape[0], "grey": self._shape[2] == 1, "seed": self._seed}
            return {**super().state(), "class_names": list(self.class_names), "made": made}

    @classmethod
    def from_state(
        cls, state: Mapping[str, Any] | str, network: Sequential | Network | None = None
    ) -> Self:
        """Make a recorder as written down by `state`; it has no pictures yet.

        Parameters
        ----------
        state : dict or str
        network : Sequential or Network, optional
            A state is plain JSON, and holds none.
        """
        found = cls._checked_state(state)
        made = found.get("made", {})
        if not isinstance(made, Mapping) or set(made) - {"size", "grey", "seed"}:
            raise DataError(
                f"the state says that the recorder was made with {shown(made)}; pass what "
                "ImageRecorder.state() returned"
            )
        names = found.get("class_names", ())
        return cls(names, network=network, **made, **cls._options_of(found))

    def code(self) -> str:
        """Write the Python that trains in the same way.

        Returns
        -------
        str
            Lines that take their pictures from ``recorder``, and end with ``net`` trained.
        """
        return self._learner.code(self._album, epochs=self.epochs, augment=self.augment)

    def _still(self) -> NDArray[np.uint8] | None:
        """Paint a square a picture, a row a class: whoever is on them stays out of the notebook."""
        return self._album.chart(self._seed)

    def _still_text(self) -> str:
        return f"{self!r}: a square a picture, a row a class; orange is held out"

    def __repr__(self) -> str:
        counts = self._outline["counts"]
        told = ", ".join(f"{name} {counts.get(key, 0)}" for key, name in self._album.classes)
        words = self._learner.words
        return f"ImageRecorder({told} pictures{words and f'; {words}'})"
