"""Run lessons from top to bottom and store their outputs as the tests want them.

``python tests/refresh_notebooks.py 01_filters`` after a change; without names, all of them. The
first use of each word of the glossary in a chapter becomes a link to it.
"""

import os
import re
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


# Where a word is no prose: code, headings, formulas, tags, links.
APART = re.compile(
    r"(```.*?```|`[^`]*`|^#.*?$|\$[^$]*\$|<[^>]*>|!?\[[^\]]*\]\([^)]*\))", re.M | re.S
)
TO_GLOSSARY = re.compile(r"\[([^\]]*)\]\(glossary\.ipynb#[^)]*\)")


def terms() -> dict[str, re.Pattern[str]]:
    """Read the words of the glossary, the longer first, and how each is found in a text."""
    glossary = nbformat.read(FOLDER / "glossary.ipynb", as_version=4)
    titles = [cell.source.partition("\n")[0] for cell in glossary.cells]
    words = [title.removeprefix("### ") for title in titles if title.startswith("### ")]
    return {word: _pattern(word) for word in sorted(words, key=len, reverse=True)}


def _pattern(word: str) -> re.Pattern[str]:
    stem, ends = (word[:-1], "(?:y|ies)") if word.endswith("y") else (word, "(?:s|es)?")
    return re.compile(rf"(?<![\w-]){stem}{ends}(?![\w-])", re.IGNORECASE)


def first_use(notebook: nbformat.NotebookNode, pattern: re.Pattern[str]) -> tuple[int, int] | None:
    """Find a word in the prose: which cell, and where in it."""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "markdown":
            continue
        start = 0
        for k, piece in enumerate(APART.split(cell.source)):
            if k % 2 == 0 and (found := pattern.search(piece)):
                return number, start + found.start()
            start += len(piece)
    return None


def link(notebook: nbformat.NotebookNode) -> None:
    """Make the first use of each word of the glossary a link to it."""
    for cell in notebook.cells:
        cell.source = TO_GLOSSARY.sub(r"\1", cell.source)
    for word, pattern in terms().items():
        if place := first_use(notebook, pattern):
            cell = notebook.cells[place[0]]
            found = pattern.match(cell.source, place[1])
            assert found
            before, after = cell.source[: found.start()], cell.source[found.end() :]
            cell.source = f"{before}[{found[0]}](glossary.ipynb#{word.replace(' ', '-')}){after}"


def refresh(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    if path.stem[:2].isdigit():
        link(notebook)
    with tempfile.TemporaryDirectory() as home:
        os.environ["CNNLAB_HOME"] = home  # a learner who has not answered anything yet
        NotebookClient(
            notebook,
            timeout=120,
            coalesce_streams=True,
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
    for lesson in named or sorted(FOLDER.glob("*.ipynb")):
        refresh(lesson)
