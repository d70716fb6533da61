"""What a saved notebook keeps of its widgets."""

import asyncio
import json

import nbformat
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from cnnlab import widget_state
from cnnlab.widget_state import STATE, VIEW


def notebook(shown, states):
    """A cell for each model that is shown, and the states that JupyterLab writes."""
    cells = [
        nbformat.v4.new_code_cell(
            "lab", outputs=[nbformat.v4.new_output("display_data", {VIEW: {"model_id": name}})]
        )
        for name in shown
    ]
    widgets = {STATE: {"version_major": 2, "version_minor": 0, "state": states}}
    metadata = {} if states is None else {"widgets": widgets}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def kept(book):
    return sorted(widget_state.of_notebook(book))


def test_what_is_shown_stays_with_what_it_refers_to():
    states = {
        "a": {"state": {"layout": "IPY_MODEL_l1", "_picture": {"common": "IPY_MODEL_p"}}},
        "p": {"state": {"content": "IPY_MODEL_a is where it is used"}},
        "l1": {}, "b": {"state": {"layout": "IPY_MODEL_l2"}}, "l2": {},
    }  # fmt: skip
    book = notebook(["a"], states)
    widget_state.keep_what_is_shown(book, {})
    assert kept(book) == ["a", "l1", "p"]


def test_what_belongs_to_others_is_not_kept_and_nor_is_what_it_holds():
    board = {"_dom_classes": [widget_state.PASSING], "children": ["IPY_MODEL_rows"]}
    states = {"a": {"state": {"_dom_classes": []}}, "b": {"state": board}, "rows": {"state": {}}}
    book = notebook(["a", "b"], states)
    widget_state.keep_what_is_shown(book, book)
    assert kept(book) == ["a"]


def test_what_has_no_kernel_any_more_is_kept_from_the_file():
    before = notebook(["a", "b"], {"a": {"old": 1}, "b": {"old": 1}})
    book = notebook(["a", "b", "never saved"], {"b": {"new": 1}})
    widget_state.keep_what_is_shown(book, before)
    assert widget_state.of_notebook(book) == {"a": {"old": 1}, "b": {"new": 1}}


def test_a_notebook_without_state_stays_without():
    book = notebook(["a"], None)
    widget_state.keep_what_is_shown(book, notebook(["a"], {"a": {}}))
    assert "widgets" not in book.metadata


def test_a_server_does_so_whenever_it_saves(tmp_path):
    manager = AsyncLargeFileManager(root_dir=str(tmp_path))
    manager.register_pre_save_hook(widget_state.tidy_saved)

    def save(name, book):
        asyncio.run(manager.save({"type": "notebook", "format": "json", "content": book}, name))
        return json.loads((tmp_path / name).read_text())

    assert kept(save("new.ipynb", notebook(["a"], {"a": {}, "b": {}}))) == ["a"]
    assert kept(save("new.ipynb", notebook(["a"], {}))) == ["a"]
    (tmp_path / "broken.ipynb").write_text("not a notebook")
    assert kept(save("broken.ipynb", notebook(["a"], {"a": {}}))) == ["a"]
    text = {"type": "file", "format": "text", "content": "no notebook"}
    asyncio.run(manager.save(text, "notes.txt"))
    assert (tmp_path / "notes.txt").read_text() == "no notebook"
