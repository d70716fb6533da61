"""Pictures that were recorded, class by class, and which recording each of them belongs to.

Neighbouring frames of a film are twins: a picture that is held out of a training says something
only if its whole recording is. So recordings are what is divided, never pictures.
Axes of pictures: picture, row, column, channel; bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.checks import shown
from cnnlab.datasets import Dataset
from cnnlab.errors import DataError

__all__ = ["FEWEST", "MOST", "MOST_PICTURES", "Album", "Picture", "class_names_of"]

FEWEST, MOST = 2, 6  # classes
MOST_PICTURES = 3000
_HELD_OUT = 0.2  # of the pictures of a class, at the least
_LONGEST = 40  # letters of a class name
_CHARTED, _SQUARE = 60, 10  # pictures of a class on the chart; pixels of each
_BLUE, _ORANGE = (0, 114, 178), (213, 94, 0)  # Okabe and Ito

Class = tuple[str, str]
"""A key that stays, and a name that may change."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture; nothing of it ever changes.

    Attributes
    ----------
    key : str
        Its own, unlike that of any other.
    of : str
        The key of its class.
    recording : str
        The key of its recording.
    pixels : bytes
        Row by row.
    """

    key: str
    of: str
    recording: str
    pixels: bytes


def class_names_of(names: Iterable[Any]) -> tuple[str, ...]:
    """Check names of classes: two to six, each its own.

    Raises
    ------
    DataError
        If they are too few, too many, empty, too long, or twice the same.
    """
    found = tuple(" ".join(name.split()) if isinstance(name, str) else "" for name in names)
    if not FEWEST <= len(found) <= MOST:
        raise DataError(
            f"a recorder has {FEWEST} to {MOST} classes, got {len(found)}; "
            'try ("open hand", "fist")'
        )
    for name in found:
        if not 0 < len(name) <= _LONGEST:
            raise DataError(
                f"the name of a class is a text of 1 to {_LONGEST} letters, got {shown(name)}; "
                'try "fist"'
            )
    if len(set(found)) < len(found):
        twice = next(name for name, times in Counter(found).items() if times > 1)
        raise DataError(f"two classes are called {twice!r}; give each a name of its own")
    return found


class Album:
    """All pictures and classes there are; what is removed can be brought back.

    Parameters
    ----------
    names : sequence of str
    shape : (int, int, int)
        Rows, columns and channels of every picture.

    Attributes
    ----------
    classes : tuple of (str, str)
        Key and name of each, in order.
    revision : int
        Counts the changes.
    """

    def __init__(self, names: Sequence[str], shape: tuple[int, int, int]) -> None:
        self.shape = shape
        self.classes: tuple[Class, ...] = tuple((f"class-{k}", one) for k, one in enumerate(names))
        self.revision = 0
        self._pool: dict[str, Picture] = {}  # in the order in which they came
        self._hidden: frozenset[str] = frozenset()
        self._seen: tuple[int, list[Picture]] = (-1, [])

    @property
    def names(self) -> tuple[str, ...]:
        """What the classes are called."""
        return tuple(name for _, name in self.classes)

    @property
    def pictures(self) -> list[Picture]:
        """Those that have not been removed, in the order in which they came."""
        if self._seen[0] != self.revision:
            there = {key for key, _ in self.classes}
            found = [
                one
                for one in self._pool.values()
                if one.of in there and one.key not in self._hidden
            ]
            self._seen = (self.revision, found)
        return self._seen[1]

    def picture(self, key: str) -> Picture:
        """Look a picture up, removed or not."""
        return self._pool[key]

    def put(self, pictures: Iterable[Picture]) -> None:
        """Take pictures in; one that is there already is passed over, so that all may come twice.

        Raises
        ------
        DataError
            If one has another size, or there would be too many; then none is taken.
        """
        new = [one for one in pictures if one.key not in self._pool]
        size = int(np.prod(self.shape))
        for one in new:
            if len(one.pixels) != size:
                raise DataError(
                    f"a picture here has {size} bytes for {'x'.join(map(str, self.shape))}, got "
                    f"{len(one.pixels)}; reload the page and try again"
                )
        if len(self.pictures) + len(new) > MOST_PICTURES:
            raise DataError(
                f"a recorder keeps {MOST_PICTURES} pictures at the most; delete a recording first"
            )
        self._pool.update({one.key: one for one in new})
        self.revision += bool(new)

    def arrange(
        self, classes: Sequence[Class], hide: Iterable[str] = (), show: Iterable[str] = ()
    ) -> None:
        """Name, add or remove classes; remove pictures, or bring them back.

        Parameters
        ----------
        classes : sequence of (str, str)
            All that are to be there.
        hide, show : iterable of str
            Keys of pictures.

        Raises
        ------
        DataError
            If the names make no sense.
        """
        names = class_names_of(name for _, name in classes)
        keys = [str(key) for key, _ in classes]
        if len(set(keys)) < len(keys):
            raise DataError("two classes have one key; reload the page and try again")
        self.classes = tuple(zip(keys, names, strict=True))
        self._hidden = (self._hidden | set(hide)) - set(show)
        self.revision += 1

    def key_of(self, label: Any) -> str:
        """Find a class by its name or its number.

        Raises
        ------
        DataError
            If there is none.
        """
        if isinstance(label, str):
            found = [key for key, name in self.classes if name == label]
        else:
            number = label if isinstance(label, int | np.integer) else -1
            inside = not isinstance(label, bool) and 0 <= number < len(self.classes)
            found = [self.classes[int(number)][0]] if inside else []
        if not found:
            raise DataError(
                f"there is no class {shown(label)}; label is one of {', '.join(self.names)}, or a "
                f"number from 0 to {len(self.classes) - 1}"
            )
        return found[0]

    # -- what is learned from -----------------------------------------------------------------

    def arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
        """Give pixels, class numbers, and recordings numbered as they came."""
        pictures = self.pictures
        pixels = np.frombuffer(b"".join(one.pixels for one in pictures), np.uint8)
        number = {key: place for place, (key, _) in enumerate(self.classes)}
        came = {key: place for place, key in enumerate(dict.fromkeys(self._recordings()))}
        return (
            pixels.reshape(len(pictures), *self.shape),
            np.array([number[one.of] for one in pictures], np.int64),
            np.array([came[key] for key in self._recordings()], np.int64),
        )

    def _recordings(self) -> list[str]:
        return [one.recording for one in self.pictures]

    def dataset(self) -> Dataset:
        """Make a data set of them.

        Raises
        ------
        DataError
            If there are no pictures.
        """
        if not self.pictures:
            raise DataError(
                "there are no pictures yet; hold Record on the widget, or try "
                "recorder.add(images, label)"
            )
        pixels, labels, _ = self.arrays()
        return Dataset(pixels / np.float32(255), labels, self.names)

    def empty_classes(self) -> list[str]:
        """Name the classes without a picture."""
        used = {one.of for one in self.pictures}
        return [name for key, name in self.classes if key not in used]

    def held_out(self, seed: int) -> frozenset[str]:
        """Choose the recordings that a training must not see: of every class a fifth or more.

        Parameters
        ----------
        seed : int

        Returns
        -------
        frozenset of str
            Keys of recordings.

        Raises
        ------
        DataError
            If a class has no two recordings; the message names it.
        """
        chosen: set[str] = set()
        few = []
        for place, (key, name) in enumerate(self.classes):
            sizes = Counter(one.recording for one in self.pictures if one.of == key)
            if len(sizes) < 2:
                few.append((name, len(sizes)))
                continue
            rng = np.random.default_rng((seed, place))
            came = list(sizes)
            order = [came[k] for k in rng.permutation(len(came))]
            total, held = sum(sizes.values()), 0
            for recording in order:
                fits = held + sizes[recording] <= total / 2  # more is left to learn from
                if held < _HELD_OUT * total and fits:
                    chosen.add(recording)
                    held += sizes[recording]
            if not held:
                chosen.add(min(order, key=lambda recording: sizes[recording]))
        if few:
            told = " and ".join(
                f"{name} has {['no recording', 'one recording only'][count]}" for name, count in few
            )
            raise DataError(
                f"nothing can be held out: {told}. Record each class twice or more, so that one "
                "recording can be kept for the examination"
            )
        return frozenset(chosen)

    def held_or_why(self, seed: int) -> tuple[frozenset[str], str]:
        """Choose them like `held_out`, or say in words why none can be."""
        try:
            return self.held_out(seed), ""
        except DataError as error:
            return frozenset(), str(error)

    def split(self, seed: int) -> tuple[Dataset, Dataset]:
        """Divide the data set by recordings.

        Raises
        ------
        DataError
            If a class has no two recordings.
        """
        held = self.held_out(seed)
        inside = np.array([key in held for key in self._recordings()])
        data = self.dataset()
        return data[~inside], data[inside]

    # -- to look at ---------------------------------------------------------------------------

    def outline(self) -> dict[str, Any]:
        """Write down the classes, and how many pictures each has."""
        counts = Counter(one.of for one in self.pictures)
        return {
            "classes": [list(one) for one in self.classes],
            "counts": {key: counts[key] for key, _ in self.classes},
        }

    def chart(self, seed: int) -> NDArray[np.uint8] | None:
        """Paint a row a class, a square a picture: who is on it is not to be seen.

        Returns
        -------
        ndarray of shape (height, width, 3), uint8, or None
            Blue is learned from, orange held out; at most 60 a class.
        """
        if not self.pictures:
            return None
        held, _ = self.held_or_why(seed)
        squares = np.full((len(self.classes), _CHARTED, 3), 255, np.uint8)
        for row, (key, _) in enumerate(self.classes):
            of = [one for one in self.pictures if one.of == key][:_CHARTED]
            for column, one in enumerate(of):
                squares[row, column] = _ORANGE if one.recording in held else _BLUE
        painted = np.repeat(np.repeat(squares, _SQUARE, axis=0), _SQUARE, axis=1)
        painted[::_SQUARE] = painted[:, ::_SQUARE] = 255
        return painted
