"""The learner's own folder of notebooks: filled from the package, never overwritten.

A notebook the learner has changed stays as it is; a newer edition is laid beside it under a name
of its own. What the package last put there is remembered by its hash in a small hidden file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cnnlab import __version__
from cnnlab.errors import DataError

__all__ = ["Filled", "default_folder", "fill", "shipped_notebooks"]

_RECORD = ".cnnlab.json"


@dataclass(frozen=True, slots=True)
class Filled:
    """What `fill` did to a folder.

    Attributes
    ----------
    folder : Path
    added, updated, kept : tuple of str
        Files that are new, that were replaced (the learner had not touched them), and that hold
        the learner's own work.
    """

    folder: Path
    added: tuple[str, ...]
    updated: tuple[str, ...]
    kept: tuple[str, ...]


def default_folder() -> Path:
    """Where the notebooks go unless told otherwise: ``cnnlab-notebooks`` in the home folder."""
    return Path.home() / "cnnlab-notebooks"


def shipped_notebooks() -> Path:
    """Find the notebooks that came with the package, in a wheel or in a clone.

    Raises
    ------
    DataError
        If neither place has them.
    """
    package = Path(__file__).parent
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / "00_start_here.ipynb").is_file():
            return folder
    raise DataError(
        f"no notebooks beside the package in {package}; the installation is incomplete: "
        "install cnnlab again"
    )


def fill(folder: Path) -> Filled:
    """Copy the course into a folder without touching what the learner changed there.

    Parameters
    ----------
    folder : Path
        Made if it does not exist.

    Raises
    ------
    DataError
        If the folder cannot be written.

    Returns
    -------
    Filled
    """
    source = shipped_notebooks()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _fill(source, folder)
    except OSError as error:
        raise DataError(
            f"cannot write the notebooks to {folder}: {error.strerror or error}; "
            "choose another place with --folder"
        ) from error


def _fill(source: Path, folder: Path) -> Filled:
    laid = _read_record(folder)
    added, updated, kept = [], [], []
    for name in _course_files(source):
        shipped, own = source / name, folder / name
        edition = _digest(shipped)
        if not own.exists():
            added.append(name)
            _copy(shipped, own)
        elif (current := _digest(own)) == edition:
            pass
        elif current == laid.get(name):
            updated.append(name)
            _copy(shipped, own)
        else:
            kept.append(name)
            beside = own.with_stem(f"{own.stem} ({__version__})")
            if laid.get(name) != edition and not beside.exists():
                _copy(shipped, beside)
        laid[name] = edition
    _write_atomically(folder / _RECORD, json.dumps(laid, indent=1).encode())
    return Filled(folder, tuple(added), tuple(updated), tuple(kept))


def _course_files(source: Path) -> Iterator[str]:
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        hidden = any(part.startswith((".", "__")) for part in name.parts)
        taught = name.parts[0] == "instructor"  # the pages of whoever teaches a class
        if path.is_file() and not hidden and not taught and path.suffix != ".py":
            yield name.as_posix()


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _read_record(folder: Path) -> dict[str, str]:
    try:
        record = json.loads((folder / _RECORD).read_text())
    except (FileNotFoundError, ValueError):
        return {}  # nothing remembered: whatever is there counts as the learner's own
    return record if isinstance(record, dict) else {}


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    _write_atomically(target, source.read_bytes())


def _write_atomically(target: Path, content: bytes) -> None:
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(target)
