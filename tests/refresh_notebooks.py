"""Run lessons from top to bottom and store their outputs as the tests want them.

``python tests/refresh_notebooks.py 01_filters`` after a change; without names, all of them.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
LANGUAGE = {
    "name": "python",
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "pygments_lexer": "ipython3",
}


def refresh(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as home:
        os.environ["CNNLAB_HOME"] = home  # a learner who has not answered anything yet
        NotebookClient(
            notebook,
            timeout=120,
            store_widget_state=False,
            resources={"metadata": {"path": str(FOLDER)}},
        ).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            tidy(cell)
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": LANGUAGE})
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


def tidy(cell: nbformat.NotebookNode) -> None:
    """Take out what would be stale or tell of this machine when the notebook is opened again."""
    cell.metadata.pop("execution", None)
    if any(tag.startswith("nbval") for tag in cell.metadata.get("tags", [])):
        cell.outputs = []
    for output in cell.outputs:
        output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)


if __name__ == "__main__":
    named = [FOLDER / f"{Path(name).stem}.ipynb" for name in sys.argv[1:]]
    for lesson in named or sorted(FOLDER.glob("[0-9]*.ipynb")):
        refresh(lesson)
