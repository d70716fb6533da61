"""What many widgets need, scripts and photographs: it travels once a kernel and is saved once.

A notebook that is saved holds the state of each widget. What is common stands in a model of its
own there, and the widgets refer to it, as ipywidgets has them refer to a layout.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import ipywidgets
import traitlets

__all__ = ["refer"]


class _Common(ipywidgets.Widget):  # type: ignore[misc] # ipywidgets has no types
    """A model without a view, of the kind that every front end of ipywidgets knows."""

    content = traitlets.Any().tag(sync=True)


_MADE: dict[Hashable, _Common] = {}


def refer(key: Hashable, content: Callable[[], Any]) -> str:
    """Hand the page something once, whoever asks for it; ``page/common.js`` reads it there.

    Parameters
    ----------
    key : hashable
        What it is called.
    content : callable
        Makes it where it has not been made: what JSON can hold, for a front end saves no bytes of
        such a model.

    Returns
    -------
    str
        The reference, ``"IPY_MODEL_..."``.
    """
    made = _MADE.get(key)
    if made is None or made.comm is None:  # closed by `ipywidgets.Widget.close_all`
        made = _MADE[key] = _Common(content=content())
    return f"IPY_MODEL_{made.model_id}"
