"""The lessons as files, and with every blank filled in. With open blanks, nbval runs them."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from cnnlab.exercises import CHAPTERS, Exercise

FOLDER = Path(__file__).parents[1] / "notebooks"
LESSONS = sorted(FOLDER.glob("[0-9]*.ipynb"))
CHECK = re.compile(r"^lesson\.(\w+)\.check\(.*\)$")

every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def opened(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in opened(path).cells if cell.cell_type == "code"]


def lesson_of(path):
    chapter = next(chapter for chapter in CHAPTERS if chapter.stem == path.stem)
    return import_module(f"cnnlab.exercises.{chapter.module}")


def exercise_in(cell, path):
    """The exercise that a cell checks, and the learner's part of the cell."""
    *attempt, last = cell.source.splitlines()
    found = CHECK.match(last)
    return (getattr(lesson_of(path), found[1]), "\n".join(attempt).strip()) if found else None


def exercises_in(path):
    return list(filter(None, (exercise_in(cell, path) for cell in code_cells(path))))


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
                assert len(output.data["text/plain"]) > 1
                assert not output.data["text/plain"].startswith("<"), cell.id


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


@every_lesson
def test_every_exercise_of_the_chapter_is_in_its_notebook(path):
    lesson = lesson_of(path)
    offered = {name for name in lesson.__all__ if isinstance(getattr(lesson, name), Exercise)}
    assert {exercise.name for exercise, _ in exercises_in(path)} == offered


@every_lesson
def test_a_skeleton_becomes_its_solution_by_filling_in_the_blanks(path):
    for exercise, skeleton in exercises_in(path):
        assert "..." in skeleton
        blanks = "(.+)".join(re.escape(part) for part in skeleton.split("..."))
        assert re.fullmatch(blanks, exercise.solution_code, flags=re.DOTALL), exercise.key


@pytest.fixture(scope="module")
def warm_cache():
    subprocess.run([sys.executable, "-m", "cnnlab", "warm", "--quiet"], check=True)


@every_lesson
def test_a_lesson_runs_with_every_solution_filled_in_and_compiles_nothing(
    path, warm_cache, tmp_path, monkeypatch
):
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path))
    notebook = opened(path)
    for cell in notebook.cells:
        found = exercise_in(cell, path) if cell.cell_type == "code" else None
        if found:
            exercise, skeleton = found
            cell.source = cell.source.replace(skeleton, exercise.solution_code)
    count = "from cnnlab.functional import warm\nprint(warm.compilations())"
    notebook.cells.append(nbformat.v4.new_code_cell(count))
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(FOLDER)}})
    client.execute()
    verdicts = [
        cell.outputs[-1].data["text/plain"]
        for cell in notebook.cells
        if cell.cell_type == "code" and CHECK.match(cell.source.splitlines()[-1])
    ]
    assert len(verdicts) == len(exercises_in(path))
    assert all(verdict.startswith("Right. ") for verdict in verdicts), verdicts
    assert notebook.cells[-1].outputs[0].text == "0\n", "a lesson had to wait for the compiler"
