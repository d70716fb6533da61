"""What a recorder keeps in one file: pictures, classes, recordings, weights. Numbers only."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from cnnlab import __version__, checkpoints, number_files
from cnnlab.checks import path_of
from cnnlab.errors import DataError
from cnnlab.layers import Layer
from cnnlab.network import Network
from cnnlab.widgets.shared.album import Album, Class, Picture, class_names_of
from cnnlab.widgets.shared.recording_training import Learned, Learner

__all__ = ["Contents", "Keeper", "contents_of"]

_KIND = "a file of recordings"
_FORMAT = "recordings 1"
_NAME = "gestures.safetensors"
_LARGEST = 1 << 28  # bytes of pictures


@dataclass(frozen=True)
class Contents:
    """What stands in the file.

    Attributes
    ----------
    about : dict
        What JSON can hold: whatever the recorder wants to find again.
    classes : tuple of (str, str)
    pixels : ndarray of shape (pictures, rows, columns, channels), uint8
    labels, recordings : ndarray of shape (pictures,), int64
    networks : dict of Network
        By what they are to the recorder: "first" is what a training begins from, if that was
        given; "network" is what was trained.
    path : Path
        Where it was read.
    """

    about: Mapping[str, Any]
    classes: tuple[Class, ...]
    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    recordings: NDArray[np.int64]
    networks: Mapping[str, Network]
    path: Path = Path()

    @contextmanager
    def trusted_not(self) -> Iterator[None]:
        """Say of whatever goes wrong within that it is the file's fault."""
        try:
            yield
        except (KeyError, TypeError, ValueError, traitlets.TraitError) as error:
            raise DataError(
                f"{self.path} is not {_KIND}: what it says of itself makes no sense "
                f"({type(error).__name__}: {error})"
            ) from error

    def fill(self, album: Album, learner: Learner) -> None:
        """Put everything where it belongs in a new recorder."""
        album.arrange(self.classes)
        rows = zip(self.labels.tolist(), self.recordings.tolist(), self.pixels, strict=True)
        album.put(
            Picture(f"file-{k}", self.classes[label][0], f"file-{recording}", pixels.tobytes())
            for k, (label, recording, pixels) in enumerate(rows)
        )
        learned, net = self.about["learned"], self.networks.get("network")
        if learned is None or net is None:
            return
        classes = tuple((str(key), str(name)) for key, name in learned)
        revision = album.revision if self.about["current"] else -1
        share, of = self.about["examined"] or (None, 0)
        examined = None if share is None else (float(share), int(of))
        learner.remember(Learned(net, classes, revision), examined)


def contents_of(album: Album, learner: Learner, state: Mapping[str, Any]) -> Contents:
    """Collect what a recorder keeps.

    Raises
    ------
    DataError
        If there are no pictures.
    """
    album.dataset()  # says so where there is nothing to keep
    pixels, labels, recordings = album.arrays()
    known = learner.known
    about = {
        "state": state,
        "learned": None if known is None else [list(one) for one in known.classes],
        "current": known is not None and known.revision == album.revision,
        "examined": learner.examined,
    }
    networks = {"first": learner.first, "network": None if known is None else known.network}
    there = {role: net for role, net in networks.items() if net is not None}
    return Contents(about, album.classes, pixels, labels, recordings, there)


class Keeper:
    """Writes and reads files, and remembers which of them are a recorder's own."""

    def __init__(self) -> None:
        self._own: dict[Path, str] = {}  # checksums

    def write(self, path: str | os.PathLike[str], contents: Contents, overwrite: bool) -> None:
        """Write a file.

        Raises
        ------
        DataError
            If something is there that is not the recorder's own, or it cannot be written.
        """
        target = path_of(path, "path", _NAME).expanduser()
        if not overwrite:
            _check_overwriting(target, self._own.get(target.absolute()))
        self._own[target.absolute()] = _write(target, contents)

    def read(self, path: str | os.PathLike[str], layers: Iterable[type[Layer]]) -> Contents:
        """Read a file that is not trusted.

        Raises
        ------
        DataError
            If it is missing, damaged, or something else.
        """
        source = path_of(path, "path", _NAME).expanduser()
        found, self._own[source.absolute()] = _read(source, layers)
        return found


def _write(path: Path, contents: Contents) -> str:
    """Write a file; returns its checksum."""
    arrays: dict[str, NDArray[Any]] = {
        "pictures": contents.pixels,
        "labels": contents.labels,
        "recordings": contents.recordings,
    }
    for role, net in contents.networks.items():
        arrays |= {f"{role}/{name}": array for name, array in net.parameters.items()}
    header = {
        "format": _FORMAT,
        "cnnlab": __version__,
        "about": json.dumps(contents.about),
        "classes": json.dumps(contents.classes),
        "shape": json.dumps(contents.pixels.shape),
        "networks": json.dumps(
            {role: checkpoints.describe(net.sequential) for role, net in contents.networks.items()}
        ),
    }
    return number_files.write(path, arrays, header)


def _read(path: Path, layers: Iterable[type[Layer]] = ()) -> tuple[Contents, str]:
    """Read a file that is not trusted; returns also its checksum."""
    refuse = number_files.Refusal(path, _KIND)
    layers = tuple(layers)

    def told(header: number_files.Header, key: str) -> Any:
        if header.get("format") != _FORMAT:
            refuse("something else is in it; name a file that recorder.save(path) wrote")
        return number_files.json_of(refuse, header, key, f"its {key} is missing")

    def stacks(header: number_files.Header) -> dict[str, Any]:
        found = told(header, "networks")
        if not isinstance(found, dict):
            refuse("its networks are not named")
        return {role: checkpoints.rebuild(one, layers) for role, one in found.items()}

    def expected(header: number_files.Header) -> number_files.Expected:
        shape = told(header, "shape")
        fine = isinstance(shape, list) and len(shape) == 4
        if not (fine and all(isinstance(side, int) and side > 0 for side in shape)):
            refuse(f"pictures of shape {shape} make no sense")
        pictures, rows, columns, channels = shape
        if pictures * rows * columns * channels > _LARGEST:
            refuse(f"pictures of shape {shape} are more than any recorder keeps")
        wanted = {
            "pictures": ("U8", tuple(shape)),
            "labels": ("I64", (pictures,)),
            "recordings": ("I64", (pictures,)),
        }
        for role, sequential in stacks(header).items():
            for name, size in checkpoints.parameter_shapes(sequential).items():
                wanted[f"{role}/{name}"] = ("F32", size)
        return wanted

    header, arrays = number_files.read(refuse, expected)
    try:
        classes = tuple((str(key), str(name)) for key, name in told(header, "classes"))
        class_names_of(name for _, name in classes)
    except (TypeError, ValueError) as error:
        refuse(f"its classes make no sense ({error})", error)
    labels, about = arrays["labels"], told(header, "about")
    if labels.min() < 0 or labels.max() >= len(classes) or not isinstance(about, dict):
        refuse("its labels are not those of its classes")
    networks = {
        role: Network.from_parameters(
            sequential,
            {name: arrays[f"{role}/{name}"] for name in checkpoints.parameter_shapes(sequential)},
            copy=False,
        )
        for role, sequential in stacks(header).items()
    }
    found = Contents(
        about, classes, arrays["pictures"], labels, arrays["recordings"], networks, path
    )
    return found, header["sha256"]


def _check_overwriting(path: Path, known: str | None) -> None:
    """Refuse to write over what the recorder has neither read nor written there."""
    if not path.exists():
        return
    if path.is_dir():
        raise DataError(f"{path} is a folder; name a file in it, such as {_NAME}")
    there = number_files.checksum_of(path)
    if there is None or there != known:
        what = "something else" if there is None else "other recordings or a network"
        raise DataError(
            f"{path} holds {what}, which would be lost; choose another name, or pass overwrite=True"
        )
