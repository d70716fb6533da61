"""Which cell shows which widget: when it runs again, what it showed gives its memory back.

A widget is never collected by itself. ipywidgets keeps each one that was made, IPython each that a
cell ended in (`Out`) with all that was shown of it (`history_manager.outputs`), and what anywidget
adds to a widget keeps it too (its issues 613 and 929). So a widget that nobody sees any more
forgets what it can compute again. What stays of a FilterLab is 0.2 MB a run: half of it the still
picture, as text, that IPython notes down, the rest settings and traits.
"""

from __future__ import annotations

from typing import Any, Protocol
from weakref import WeakKeyDictionary, WeakSet

from IPython.core.getipython import get_ipython

__all__ = ["shown_now"]


class Restful(Protocol):
    """What can be shown in a cell."""

    def rest(self) -> None:
        """Forget what can be had again."""


_shown: dict[str | None, WeakSet[Restful]] = {}  # by the id of the cell; None is never run again
_watched: WeakKeyDictionary[Any, None] = WeakKeyDictionary()


def shown_now(widget: Restful) -> None:
    """Note that the cell that runs shows a widget.

    Parameters
    ----------
    widget : Restful
        Its `rest` is called when no cell shows it any more.
    """
    shell = get_ipython()
    if shell is None:
        return
    if shell not in _watched:
        _watched[shell] = None
        shell.events.register("pre_run_cell", _on_cell)
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = (parent.get("metadata") or {}).get("cellId")
    _shown.setdefault(cell, WeakSet()).add(widget)


def _on_cell(info: Any) -> None:
    """Let what the cell showed rest, unless another one shows it too."""
    cell = getattr(info, "cell_id", None)
    if cell is None:
        return
    for widget in _shown.pop(cell, ()):
        if not any(widget in others for others in _shown.values()):
            widget.rest()
