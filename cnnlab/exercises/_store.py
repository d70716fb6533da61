"""The learner's progress: one small JSON file, safe from crashes, damage and two open notebooks.

A change reads the file, alters one entry and puts a whole new file in the place of the old, under
a lock that the system frees if the process dies. What cannot be read is set aside under another
name, never overwritten. Where nothing can be written, progress lasts as long as the kernel.
"""

import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import platformdirs

__all__ = ["Entry", "Store", "folder"]

Entry = dict[str, Any]
"""What is known of one exercise or question: small values that JSON can hold."""


def folder() -> Path:
    """Find where progress is kept: ``CNNLAB_HOME``, or the system's place for such data."""
    chosen = os.environ.get("CNNLAB_HOME")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("cnnlab"))


class Store:
    """Entries by key, kept in ``progress.json``.

    Parameters
    ----------
    directory : Path, optional
        By default `folder`, asked anew each time.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._guard = threading.RLock()  # widget callbacks run beside a cell
        self._unsaved: dict[str, Entry] = {}

    @property
    def path(self) -> Path:
        """The file."""
        return (self._directory or folder()) / "progress.json"

    @property
    def saved(self) -> bool:
        """Whether everything so far has reached the disk."""
        return not self._unsaved

    def read(self, key: str) -> Entry:
        """Look up an entry; an empty one if there is none yet."""
        return self.entries().get(key, {})

    def entries(self) -> dict[str, Entry]:
        """Look up all entries by key."""
        with self._guard:
            return {**(_parsed(self.path) or {}), **self._unsaved}

    def change(self, key: str, change: Callable[[Entry], Entry]) -> Entry:
        """Replace an entry by what `change` makes of it, nobody else writing meanwhile.

        Parameters
        ----------
        key : str
        change : callable of Entry -> Entry
            Gets a copy of the entry as it stands on the disk.

        Returns
        -------
        Entry
            The new one.
        """
        with self._guard:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with _locked(self.path.with_name("progress.lock")):
                    entries = {**self._readable(), **self._unsaved}
                    entry = change(dict(entries.get(key, {})))
                    _replace(self.path, {**entries, key: entry})
                    self._unsaved.clear()
            except OSError:  # a full or read-only disk must not stop a lesson
                entry = change(dict(self.read(key)))
                self._unsaved[key] = entry
            return entry

    def _readable(self) -> dict[str, Entry]:
        """Read the file before it is replaced; what is damaged is renamed first."""
        entries = _parsed(self.path)
        if entries is None:
            number = 1
            while (aside := self.path.with_name(f"progress.damaged-{number}.json")).exists():
                number += 1
            self.path.rename(aside)
        return entries or {}


def _parsed(path: Path) -> dict[str, Entry] | None:
    """Read the entries of a file: none if it is absent, None if it is damaged."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        return None
    except OSError:
        return {}
    try:
        entries = json.loads(text)["entries"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if isinstance(entries, dict) and all(isinstance(entry, dict) for entry in entries.values()):
        return entries
    return None


def _replace(path: Path, entries: dict[str, Entry]) -> None:
    """Put a complete new file in place of the old: a crash leaves one or the other."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix="progress-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"version": 1, "entries": entries}, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a+b") as file:
        locked = _lock(file.fileno())
        try:
            yield
        finally:
            if locked:
                _unlock(file.fileno())


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # tries for ten seconds
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:  # a network folder without locks: still whole files, last writer wins
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
