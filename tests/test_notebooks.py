"""The lessons as files, and with every blank filled in. With open blanks, nbval runs them."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from cnnlab import widgets
from cnnlab.exercises import CHAPTERS
from tests import refresh_notebooks

FOLDER = Path(__file__).parents[1] / "notebooks"
LESSONS = sorted(FOLDER.glob("*.ipynb"))
CHAPTER_FILES = [path for path in LESSONS if path.stem[:2].isdigit()]

every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def opened(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in opened(path).cells if cell.cell_type == "code"]


def tasks_of(path):
    lesson = next((one.lesson() for one in CHAPTERS if one.stem == path.stem), None)
    return [item for item in lesson.items if item.kind == "solved"] if lesson else []


def test_there_are_lessons():
    assert {"00_start_here", "01_filters"} <= {path.stem for path in LESSONS}


@every_lesson
def test_a_lesson_is_a_valid_notebook_for_any_python_3(path):
    notebook = opened(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) == {"kernelspec", "language_info"}  # no widget state


@every_lesson
def test_every_code_cell_was_run_in_order_so_that_nbval_compares_it(path):
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert all(output.output_type != "error" for cell in cells for output in cell.outputs)


@every_lesson
def test_no_output_points_to_a_widget_of_a_kernel_long_gone(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            assert "application/vnd.jupyter.widget-view+json" not in output.get("data", {})


@every_lesson
def test_every_picture_and_widget_has_words(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            if "data" in output:
                words = output.data["text/plain"]
                assert len(words) > 1 or words.isdigit()
                assert not words.startswith("<"), cell.id


@every_lesson
def test_what_is_not_compared_says_why_and_is_not_stored(path):
    for cell in code_cells(path):
        tags = [tag for tag in cell.metadata.get("tags", []) if tag.startswith("nbval")]
        assert bool(tags) == ("reason" in cell.metadata), cell.id
        if tags:
            assert len(cell.metadata.reason.split()) >= 4
            assert cell.outputs == []


@every_lesson
def test_cells_have_lasting_names_and_are_short(path):
    ids = [cell.id for cell in opened(path).cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) for name in ids), ids
    assert max(len(cell.source.splitlines()) for cell in code_cells(path)) <= 14


@every_lesson
def test_links_lead_somewhere(path):
    for cell in opened(path).cells:
        for target in re.findall(r"\]\(([^)#]+)\)", cell.source):
            assert "://" in target or (FOLDER / target).is_file(), target


@pytest.mark.parametrize("path", CHAPTER_FILES, ids=lambda path: path.stem)
def test_the_first_use_of_a_word_leads_to_the_glossary(path):
    """Where a word stands before its link, the chapter is to be refreshed."""
    notebook = opened(path)
    as_it_is = [cell.source for cell in notebook.cells]
    refresh_notebooks.link(notebook)
    assert [cell.source for cell in notebook.cells] == as_it_is
    links = "".join(as_it_is).count("](glossary.ipynb#")
    assert links >= (8 if path.stem[:2] != "00" else 1)


def test_every_link_into_the_glossary_has_its_heading():
    words = {word.replace(" ", "-") for word in refresh_notebooks.terms()}
    assert len(words) >= 30
    for path in LESSONS:
        for cell in opened(path).cells:
            assert set(re.findall(r"\(glossary\.ipynb#([^)]*)\)", cell.source)) <= words


def test_the_gallery_shows_every_widget_once_and_says_three_things_to_try():
    cells = opened(FOLDER / "gallery.ipynb").cells
    titles = [re.match(r"### (\w+)", cell.source) for cell in cells]
    named = [(title[1], number) for number, title in enumerate(titles) if title]
    assert sorted(name for name, _ in named) == sorted(widgets.__all__)
    for name, number in named:
        assert len(re.findall("^- ", cells[number].source, re.M)) == 3, name
        assert f"widgets.{name}(" in cells[number + 1].source


WORDS, LINES = 160, 12  # read in a minute
MINUTES = {"solved": 2.5, "predicted": 1, "quiz": 0.7, "probed": 0}  # the test takes its own time
ON_A_WIDGET = 1.5


@pytest.mark.parametrize("path", CHAPTER_FILES[1:], ids=lambda path: path.stem)
def test_the_time_at_the_top_is_that_of_its_words_and_tasks(path):
    cells = opened(path).cells
    words = sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown")
    lines = sum(len(cell.source.splitlines()) for cell in code_cells(path))
    shown = sum("widgets." in cell.source for cell in code_cells(path))
    items = next(one.lesson() for one in CHAPTERS if one.stem == path.stem).items
    asked = sum(item.kind == "predicted" for item in items)
    minutes = words / WORDS + lines / LINES + sum(MINUTES[item.kind] for item in items)
    minutes += ON_A_WIDGET * (shown - asked - 1)
    said = int(re.search(r"\*\*About (\d+) minutes", cells[0].source + cells[1].source)[1])
    assert abs(said - minutes) <= max(10, 0.15 * minutes)


ITEMS = [
    line for line in (FOLDER / "README.md").read_text("utf-8").splitlines()
    if re.match(r"\| \d+ \| ", line) and ".ipynb#" in line
]  # fmt: skip


def test_every_item_of_the_notes_has_a_row():
    assert [int(row.split("|")[1]) for row in ITEMS] == list(range(1, 28))


@pytest.mark.parametrize("row", ITEMS, ids=lambda row: f"item-{row.split('|')[1].strip()}")
def test_an_item_of_the_notes_is_taught_where_the_row_says_and_its_numbers_come_out(row):
    places = re.split(r"\[\d\d: ", row)[1:]
    for place in places:
        title, file, anchor = re.match(r"(.*?)\]\(([\w.]+)#(.*?)\) ?(?:`|;|\||$)", place).groups()
        assert anchor == title.replace(" ", "-")
        inside, printed = False, ""
        for cell in opened(FOLDER / file).cells:
            if cell.cell_type == "markdown":
                for heading in re.findall(r"^#{1,2} (.*)", cell.source, re.M):
                    inside = heading == title
            elif inside:
                printed += " ".join(map(words_of, cell.outputs)) + " "
        assert printed, f"{file} has no section {title!r}"
        for number in re.findall("`(.*?)`", place):
            assert number in printed, f"{number} does not come out in {title!r}"


def words_of(output):
    """What an output says, on one line."""
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    return " ".join(text.split())


@every_lesson
def test_the_cells_that_are_checked_are_the_skeletons_of_the_chapters_tasks_in_order(path):
    checked = [cell.source for cell in code_cells(path) if re.search(r"\.check\(", cell.source)]
    assert checked == [task.notebook_cell for task in tasks_of(path)]


@pytest.fixture(scope="module")
def warm_cache():
    subprocess.run([sys.executable, "-m", "cnnlab", "warm", "--quiet"], check=True)


@every_lesson
def test_a_lesson_runs_with_every_solution_filled_in_and_compiles_nothing(
    path, warm_cache, tmp_path, monkeypatch
):
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path))
    notebook = opened(path)
    solved = {task.notebook_cell: task for task in tasks_of(path)}
    attempts = [cell for cell in notebook.cells if cell.source in solved]
    for cell in attempts:
        task = solved[cell.source]
        cell.source = cell.source.replace(task.cell.skeleton, task.solution_code)
    count = "from cnnlab.functional import warm\nprint(warm.compilations())"
    notebook.cells.append(nbformat.v4.new_code_cell(count))
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(FOLDER)}})
    client.execute()
    verdicts = [cell.outputs[-1].data["text/plain"] for cell in attempts]
    assert len(verdicts) == len(solved)
    assert all(verdict.startswith("Right. ") for verdict in verdicts), verdicts
    printed = "".join(output.text for output in notebook.cells[-1].outputs)
    assert printed == "0\n", "a lesson had to wait for the compiler"
