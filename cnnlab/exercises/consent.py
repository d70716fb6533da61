"""Whether a class may see how far its learner is: nothing, until the learner says so.

A hub gives each learner a folder that they and their instructors alone can read, in the environment
variable ``CNNLAB_BOARD``; without it there is nowhere to show anything. What is said here is kept
beside the progress. A file that cannot be read means no.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cnnlab.exercises.store import folder

__all__ = ["WAYS", "Consent", "drop", "keep", "read", "replace", "words"]

WAYS = ("off", "on", "anonymous")
"""What a learner may choose; the first is so until they do."""

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # no I and no O: they are read as digits
_EXPLAINED = {
    "off": "Your class sees nothing of this. exercises.share('anonymous') shows how far you are.",
    "on": "Your class sees how far you are, under your name. exercises.share('off') ends that.",
    "anonymous": "Your class sees how far {alias} is: that is you. exercises.share('off') ends it.",
}


@dataclass(frozen=True, slots=True)
class Consent:
    """What a learner has chosen.

    Attributes
    ----------
    way : str
        One of `WAYS`.
    alias : str
        Three letters in place of the name, drawn anew each time sharing begins; empty while it
        is off.
    """

    way: str = WAYS[0]
    alias: str = ""

    def turned(self, way: str) -> Consent:
        """Choose another way; who goes on sharing keeps the letters."""
        if way == WAYS[0]:
            return Consent()
        return Consent(way, self.alias or "".join(secrets.choice(_LETTERS) for _ in range(3)))


def drop() -> Path | None:
    """Find the folder that the hub reads; None where there is no class."""
    chosen = os.environ.get("CNNLAB_BOARD")
    return Path(chosen) if chosen else None


def read() -> Consent:
    """Read what the learner has chosen."""
    try:
        found = Consent(**json.loads(_file().read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return Consent()
    return found if found.way in WAYS and isinstance(found.alias, str) else Consent()


def keep(consent: Consent) -> None:
    """Write what the learner has chosen.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    _file().parent.mkdir(parents=True, exist_ok=True)
    replace(_file(), asdict(consent), 0o600)


def words() -> str:
    """Say what the class sees; empty where there is no class."""
    consent, place = read(), drop()
    if place is None:
        return ""
    if consent.way != WAYS[0] and not os.access(place, os.W_OK):
        return (
            "You share how far you are, but the class board cannot be reached. Your progress is "
            "kept all the same; exercises.share('off') ends it."
        )
    return _EXPLAINED[consent.way].format(alias=consent.alias)


def replace(path: Path, content: dict[str, Any], mode: int) -> None:
    """Put a complete new file in place of the old."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, sort_keys=True)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _file() -> Path:
    return folder() / "sharing.json"
