"""What a saved notebook keeps of its widgets: what it shows, and nothing else.

JupyterLab writes the state of the widgets into a notebook when it saves it, so that they are there
again the next day. Two things go wrong there, and are put right as the file is written:

- It writes those that have a kernel behind them only. A notebook that is opened the next day, read
  and saved again would lose all its widgets: here they are kept from the file as it was.
- It writes all that were ever made. A cell that was run ten times would leave ten widgets: here
  those stay that an output shows, or that one of these refers to.

A widget of the class `PASSING` is never kept, nor is what it holds: that is somebody else's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["PASSING", "STATE", "VIEW", "keep_what_is_shown", "of_notebook", "shown", "tidy_saved"]

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"

PASSING = "cnnlab-passing"

_REFERENCE = re.compile(r"IPY_MODEL_([0-9A-Za-z-]+)")


def of_notebook(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Give the states of the widgets in a notebook, by the id of their models.

    Parameters
    ----------
    notebook : dict
        As in its file, nbformat 4.
    """
    states: dict[str, Any] = (
        notebook.get("metadata", {}).get("widgets", {}).get(STATE, {}).get("state", {})
    )
    return states


def shown(notebook: Mapping[str, Any], states: Mapping[str, Any]) -> dict[str, Any]:
    """Choose the states that the outputs of a notebook show, and those that these refer to.

    Parameters
    ----------
    notebook : dict
        As in its file, nbformat 4.
    states : dict
        By the id of their models.
    """
    outputs = [out for cell in notebook.get("cells", []) for out in cell.get("outputs", [])]
    views = [output.get("data", {}).get(VIEW) for output in outputs]
    wanted = [view["model_id"] for view in views if view]
    found: dict[str, Any] = {}
    while wanted:
        name = wanted.pop()
        if name in states and name not in found and not _passes(states[name]):
            found[name] = states[name]
            wanted += _REFERENCE.findall(json.dumps(states[name]))
    return {name: state for name, state in states.items() if name in found}


def _passes(state: Mapping[str, Any]) -> bool:
    return PASSING in state.get("state", {}).get("_dom_classes", ())


def keep_what_is_shown(notebook: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Keep in a notebook the state of the widgets that it shows, and of no other.

    Parameters
    ----------
    notebook : dict
        As it is about to be written; changed in place. One without state stays without: the
        learner, or an editor, wants none.
    before : dict
        The same notebook as it was written last.
    """
    if STATE in notebook.get("metadata", {}).get("widgets", {}):
        known = {**of_notebook(before), **of_notebook(notebook)}
        notebook["metadata"]["widgets"][STATE]["state"] = shown(notebook, known)


def tidy_saved(model: Mapping[str, Any], path: str, contents_manager: Any, **_: Any) -> None:
    """Do so as Jupyter Server saves a notebook; it calls this before it writes.

    Parameters
    ----------
    model : dict
        What is to be saved.
    path : str
        Where, as the server counts.
    contents_manager : ContentsManager
    """
    if model.get("type") != "notebook" or model.get("content") is None:
        return
    find = getattr(contents_manager, "_get_os_path", None)  # notebooks need not be files
    try:
        before = json.loads(Path(find(path)).read_text("utf-8")) if find else {}
    except (OSError, ValueError):  # a new notebook
        before = {}
    keep_what_is_shown(model["content"], before)
