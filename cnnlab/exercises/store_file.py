"""The file of entries, safe from crashes, damage and two programs that write.

A whole new file is put in the place of the old, under a lock that the system frees if the process
dies.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

__all__ = [
    "BusyError",
    "DamagedError",
    "Entry",
    "NewerError",
    "free",
    "locked",
    "read",
    "replace",
]

Entry = dict[str, Any]
"""What is known of one task or question: small values that JSON can hold."""

T = TypeVar("T")

_VERSION = 1
_PATIENCE = 1.0  # seconds to wait for another process that writes, or for a file in use


class DamagedError(ValueError):
    """The file does not hold what this module writes."""


class NewerError(OSError):
    """The file was written by a newer version."""


class BusyError(OSError):
    """Another process holds the lock."""


def free(path: Path, word: str) -> Path:
    """Find a name beside a file that nothing has yet."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.{word}-{number}.json")).exists():
        number += 1
    return aside


def read(path: Path) -> dict[str, Entry]:
    """Read the entries of a file: none if it is absent.

    Raises
    ------
    DamagedError
        If it holds something else.
    OSError
        If it cannot be read, or was written by a newer version.
    """
    try:
        content = json.loads(_patiently(lambda: path.read_text(encoding="utf-8")))
        version, entries = content.get("version", _VERSION), content["entries"]
        if type(version) is int and version > _VERSION:
            raise NewerError(f"version {version}")
        known = {key: entry for key, entry in entries.items() if entry is not None}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError(str(error)) from None
    if version != _VERSION or not all(isinstance(entry, dict) for entry in known.values()):
        raise DamagedError("entries are missing")
    return known


def replace(path: Path, entries: dict[str, Entry]) -> None:
    """Put a complete new file in place of the old: a crash leaves one or the other."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix="progress-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"version": _VERSION, "entries": entries}, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        _patiently(lambda: Path(name).replace(path))
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _patiently(act: Callable[[], T]) -> T:
    """Try again for a moment: on Windows a file that another program looks into is refused."""
    for pause in (0.01, 0.05, 0.1):
        try:
            return act()
        except PermissionError:
            time.sleep(pause)
    return act()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock on a file, waiting for it as long as patience lasts."""
    with path.open("a+b") as file:
        held = _lock_in_time(file.fileno())
        try:
            yield
        finally:
            if held:
                _unlock(file.fileno())


def _lock_in_time(descriptor: int) -> bool:
    """Wait for the lock as long as patience lasts; False where there are no locks at all."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            _lock(descriptor)
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EACCES, errno.EDEADLK}:
                return False  # a network folder without locks: still whole files, last writer wins
            if time.monotonic() > deadline:
                raise BusyError("another process holds the lock") from None
            time.sleep(0.005)
        else:
            return True


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
