"""The learner's progress: one small JSON file, safe from crashes, damage and two open notebooks.

A change reads the file, alters one entry and puts a whole new file in the place of the old, under
a lock (`store_file`). Nothing is written over a file that could not be read: a damaged one is set
aside under another name, one by a newer version stays as it is. Changes that cannot be written are
kept as changes and made as soon as they can be; `trouble` says why.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path

import platformdirs

from cnnlab.errors import DataError
from cnnlab.exercises import store_file
from cnnlab.exercises.store_file import Entry

__all__ = ["STORE", "Change", "Entry", "Store", "entries_of", "folder", "whole"]

Change = Callable[[Entry], Entry]
"""Makes the new entry of the old one."""


def folder() -> Path:
    """Find where progress is kept: ``CNNLAB_HOME``, or the system's place for such data."""
    chosen = os.environ.get("CNNLAB_HOME")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("cnnlab"))


def whole(entry: Entry, name: str) -> int:
    """Read a count from an entry; 0 where none is, or something else."""
    value = entry.get(name)
    return value if type(value) is int else 0


class Store:
    """Entries by key, kept in ``progress.json``.

    Parameters
    ----------
    directory : Path, optional
        By default `folder`, asked anew each time.

    Attributes
    ----------
    watchers : list of callable
        Each is told the key of what has changed, or "" where all has; none of them may raise.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self.watchers: list[Callable[[str], object]] = []
        self._directory = directory
        self._guard = threading.RLock()  # widget callbacks run beside a cell
        self._waiting: list[tuple[str, Change]] = []
        self._seen: dict[str, Entry] = {}  # what was read last, for when reading fails
        self._seen_in: Path | None = None
        self._trouble = ""
        self._set_aside: dict[Path, str] = {}
        self._told = ""

    @property
    def path(self) -> Path:
        """The file."""
        return (self._directory or folder()) / "progress.json"

    @property
    def saved(self) -> bool:
        """Whether everything so far has reached the disk."""
        return not self._waiting

    @property
    def trouble(self) -> str:
        """What a learner should know about the file, in sentences; empty if all is well."""
        unsaved = self._trouble if self._waiting else ""
        return " ".join(filter(None, [unsaved, self._set_aside.get(self.path)]))

    def news(self) -> str:
        """Give the trouble once, and then only when it has changed."""
        told, self._told = self._told, self.trouble
        return "" if self._told == told else self._told

    def read(self, key: str) -> Entry:
        """Look up an entry; an empty one if there is none yet."""
        return self.entries().get(key, {})

    def entries(self) -> dict[str, Entry]:
        """Look up all entries by key."""
        with self._guard:
            try:
                entries = self._remember(store_file.read(self.path))
            except store_file.DamagedError:
                entries = {}
            except OSError:
                entries = dict(self._seen) if self._seen_in == self.path else {}
            return _with_changes(entries, self._waiting)

    def change(self, key: str, change: Change) -> Entry:
        """Replace an entry by what `change` makes of it, nobody else writing meanwhile.

        Parameters
        ----------
        key : str
        change : callable of Entry -> Entry
            Gets a copy of the entry as it stands on the disk. If that cannot be written now, the
            change is made once more, later: on the entry as it stands then.

        Returns
        -------
        Entry
            The new one.
        """
        with self._guard:
            self._waiting.append((key, change))
            try:
                written = self.flush()
            except BaseException:
                self._waiting.pop()  # interrupted: this change is not made
                raise
            entry = self.read(key) if written is None else written[key]
        self._tell(key)
        return entry

    def flush(self) -> dict[str, Entry] | None:
        """Write what is waiting; returns all entries, or None if they could not be written."""
        with self._guard:
            try:
                if self._waiting:
                    self.path.parent.mkdir(parents=True, exist_ok=True)
                    with store_file.locked(self.path.with_name("progress.lock")):
                        entries = _with_changes(self._readable(), self._waiting)
                        store_file.replace(self.path, entries)
                    self._waiting.clear()
                    return self._remember(entries)
            except OSError as error:  # a full or read-only disk must not stop a lesson
                self._trouble = self._reason(error)
            return None

    def export(self, path: Path) -> None:
        """Write everything into a file of the learner's choice, for another machine or a teacher.

        Parameters
        ----------
        path : Path

        Raises
        ------
        DataError
            If there is such a file already, or it cannot be written.
        """
        if path.exists():
            raise DataError(f"{path} already exists; name another file")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            store_file.replace(path, self.entries())
        except OSError as error:
            raise DataError(f"cannot write {path}: {error.strerror or error}") from None

    def take_in(self, path: Path) -> int:
        """Add what another machine has kept; what was answered here first stays first.

        Parameters
        ----------
        path : Path
            A file that `export` has written.

        Returns
        -------
        int
            How many entries are new here, or know more than before.

        Raises
        ------
        DataError
            If the file is none of those; nothing is changed then.
        """
        before = self.entries()
        for key, entry in entries_of(path).items():
            self.change(key, partial(_joined, there=entry))
        after = self.entries()
        return sum(after[key] != before.get(key) for key in after)

    def reset(self) -> Path | None:
        """Begin anew. What was kept is renamed, not deleted.

        Returns
        -------
        Path or None
            Where it is now; None if there was nothing.
        """
        with self._guard:
            self.flush()
            self._waiting.clear()
            self._seen = {}
            if not self.path.exists():
                return None
            with store_file.locked(self.path.with_name("progress.lock")):
                aside = store_file.free(self.path, "before-reset")
                self.path.rename(aside)
        self._tell("")
        return aside

    def _tell(self, key: str) -> None:
        for watcher in self.watchers:
            watcher(key)

    def _remember(self, entries: dict[str, Entry]) -> dict[str, Entry]:
        self._seen, self._seen_in = entries, self.path
        return dict(entries)

    def _readable(self) -> dict[str, Entry]:
        """Read the file before it is replaced; what is damaged is renamed first."""
        try:
            return store_file.read(self.path)
        except store_file.DamagedError:
            aside = store_file.free(self.path, "damaged")
            self.path.rename(aside)
            self._set_aside[self.path] = (
                f"The file with your progress was damaged. It is kept as {aside}, and a new one "
                f"has been started."
            )
            return {}

    def _reason(self, error: OSError) -> str:
        kept = "Your progress lasts until the kernel stops"
        if isinstance(error, store_file.NewerError):
            return (
                f"{kept}: a newer version of cnnlab wrote {self.path}, which is left as it is. "
                f"Get the newer cnnlab, or set CNNLAB_HOME to another folder."
            )
        if isinstance(error, store_file.BusyError):
            return (
                f"{kept}, unless it can be written before: another program holds "
                f"{self.path.with_name('progress.lock')}. Close other notebooks of this course."
            )
        return (
            f"{kept}: it cannot be kept in {self.path.parent} ({error.strerror or error}). Set "
            f"CNNLAB_HOME to a folder you can write to."
        )


def entries_of(path: Path) -> dict[str, Entry]:
    """Read the entries of a file that `Store.export` has written.

    Raises
    ------
    DataError
        If there is none, or it is something else.
    """
    if not path.is_file():
        raise DataError(f"there is no file {path}; `cnnlab progress export FILE` writes one")
    try:
        return store_file.read(path)
    except store_file.NewerError:
        raise DataError(f"{path} was written by a newer version of cnnlab; get that one") from None
    except (store_file.DamagedError, OSError) as error:
        raise DataError(
            f"{path} holds no progress ({error}); `cnnlab progress export FILE` writes such a file"
        ) from None


def _joined(here: Entry, there: Entry) -> Entry:
    """Make one entry of two: counts are the larger, what was once true is, lists go on."""
    joined = {**there, **here}
    if "source" not in here:  # code is run again one day: only what was written here
        joined.pop("source", None)
    for name in here.keys() & there.keys():
        one, other = here[name], there[name]
        if type(one) is not type(other):
            continue
        if isinstance(one, int):  # of two truths the one that is true
            joined[name] = max(one, other)
        elif isinstance(one, list) and other[: len(one)] == one:
            joined[name] = other
    return joined


def _with_changes(entries: dict[str, Entry], changes: list[tuple[str, Change]]) -> dict[str, Entry]:
    changed = dict(entries)
    for key, change in changes:
        changed[key] = change(deepcopy(changed.get(key, {})))
    return changed


STORE = Store()
"""Where this kernel keeps the learner's progress."""

atexit.register(STORE.flush)
