"""A notebook as one page that works from a file, with no network, no kernel and no installation.

`nbconvert` writes the page. A widget whose arithmetic the browser knows too is alive in it: the
page carries its scripts and its saved state, and ``widgets/page/alone.js`` plays the model to it.
Questions are text there, with the answers given so far. Formulas stay as they were written: what
typesets them would come from a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from cnnlab import widget_state, widgets
from cnnlab.errors import DataError
from cnnlab.widget_state import STATE, VIEW
from cnnlab.widgets.shared.assets import LETTERS, joined_script

__all__ = ["export"]

_TEMPLATE = """
{%- extends "lab/index.html.j2" -%}
{% block html_head_js %}{% endblock %}
{% block jupyter_widgets %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
{% block data_widget_view scoped %}
<div class="jp-OutputArea-output" data-cnnlab-model="{{ output.data[resources.view].model_id }}">
</div>
{% endblock %}
{% block footer %}
{{ super() }}
<script type="module">{{ resources.script }}</script>
{% endblock %}
"""  # each block left empty would fetch something from a network; the states are in the footer


def export(notebook: Path, folder: Path) -> Path:
    """Write a notebook as one HTML page.

    Parameters
    ----------
    notebook : Path
        Run first, in a kernel of its own, unless it was saved with its widgets.
    folder : Path
        Made if it is not there.

    Returns
    -------
    Path
        The page, named as the notebook.

    Raises
    ------
    DataError
        If it is no notebook, or a cell of it ends in an error.
    """
    import nbformat
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    try:
        book: Any = nbformat.read(notebook, as_version=4)
    except (OSError, UnicodeDecodeError, nbformat.reader.NotJSONError) as error:
        raise DataError(
            f"{notebook} cannot be read as a notebook ({error}); try 01_filters or the path of a "
            f"file that ends in .ipynb"
        ) from None
    if not widget_state.of_notebook(book):
        _run(book, notebook.parent)
    _keep_what_lives_alone(book)
    exporter = HTMLExporter(
        template_file="cnnlab.html.j2", extra_loaders=[DictLoader({"cnnlab.html.j2": _TEMPLATE})]
    )
    resources = {
        "metadata": {"name": notebook.stem}, "view": VIEW,
        "script": joined_script("page/alone").replace("</", "<\\/"),
    }  # fmt: skip
    page, _ = exporter.from_notebook_node(book, resources)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{notebook.stem}.html"
    target.write_text(page, "utf-8")
    return target


def _run(book: Any, folder: Path) -> None:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    client = NotebookClient(book, timeout=600, resources={"metadata": {"path": str(folder)}})
    try:
        client.execute()
    except CellExecutionError as error:
        raise DataError(
            f"a cell ended in an error; run the notebook in JupyterLab, save it and export it "
            f"then:\n{error}"
        ) from None


def _keep_what_lives_alone(book: Any) -> None:
    """Leave the views of those widgets only that need no kernel, and their states."""
    states = widget_state.of_notebook(book)
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    for data in [output["data"] for output in outputs if VIEW in output.get("data", {})]:
        state = states.get(data[VIEW]["model_id"], {}).get("state", {})
        if "_shown" in state:
            data["text/html"] = "\n".join(map(_question, state["_shown"]))
        if "_shown" in state or not _lives_alone(state):
            del data[VIEW]  # others show their picture, or their text
    book.metadata["widgets"] = {STATE: {"state": widget_state.shown(book, states)}}


def _lives_alone(state: Mapping[str, Any]) -> bool:
    """Whether a state is that of a widget of ours whose arithmetic the browser knows."""
    name = str(state.get("_anywidget_id", "")).rpartition(".")[2]
    return name in widgets.__all__


def _question(shown: Mapping[str, Any]) -> str:
    """Write a question, its choices, and what has been answered so far."""
    lines = [f"<p><strong>{escape(shown['prompt'])}</strong></p>", "<ul>"]
    for place, text in enumerate(shown["choices"]):
        picked = " (your answer)" if place in shown["picked"] else ""
        feedback = shown["feedback"].get(str(place), "")
        lines.append(
            f"<li>{LETTERS[place]}) {escape(text)}<strong>{picked}</strong>"
            f"{f'<br>{escape(feedback)}' if feedback else ''}</li>"
        )
    return "\n".join([*lines, "</ul>"])
