"""Pages that watch a training: they are told how it goes without asking, between two steps.

To ask for every look would cost more than the look: at each request JupyterLab shows that the
kernel is busy, and then that it is not, in the toolbar, the status bar and the icon of the page. So
a page asks for a number of looks in advance, and again before they are used up; one that has gone
is told no more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Known", "Watching"]

_SPACING = 0.092  # seconds from one look to the next, at the least
_SHARE = 0.08  # of the time of a training that looks may take


@dataclass
class Known:
    """What a page has been told.

    Attributes
    ----------
    runs : list of dict
        Of each training how many points of which attempt, and the confusion matrix.
    picture : int or None
        The number of the picture that it has.
    """

    runs: list[dict[str, Any]]
    picture: int | None


@dataclass
class _Page:
    known: Known
    left: int


class Watching:
    """Keeps what each page knows, and how many looks it still wants.

    Parameters
    ----------
    tell : callable
        Given a page, what it knows and how many looks are left, sends what is new; returns what it
        knows then.
    """

    def __init__(self, tell: Callable[[str, Known, int], Known]) -> None:
        self._tell = tell
        self._pages: dict[str, _Page] = {}
        self._due = 0.0

    def want(self, page: str, known: Known, looks: int) -> None:
        """Note that a page, which has just been told, wants so many looks from now on."""
        self._pages[page] = _Page(known, looks)
        self._due = time.monotonic() + _SPACING

    def more(self, page: str, looks: int) -> None:
        """Note that a page wants so many looks on; one that had used up its own asks anew."""
        if page in self._pages:
            self._pages[page].left = looks

    @property
    def due(self) -> bool:
        """Whether it is time for a look."""
        return bool(self._pages) and time.monotonic() >= self._due

    def look(self) -> None:
        """Tell every page what it does not know yet; the longer that takes, the later the next."""
        begun = time.monotonic()
        for name, page in list(self._pages.items()):
            page.left -= 1
            if page.left < 0:
                del self._pages[name]
            else:
                page.known = self._tell(name, page.known, page.left)
        self._due = begun + max(_SPACING, (time.monotonic() - begun) / _SHARE)
