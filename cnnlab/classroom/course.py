"""Chapters as assignments of nbgrader: one a chapter, with the glossary beside the notebook.

The source has each task solved, and below it a cell that grades. As nbgrader makes the release,
`BlankSolutions` puts back the cell that the course has, so that a learner of a class and one alone
read the same page, and nbgrader takes the graders' own lines out.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cnnlab import export, workspace
from cnnlab.classroom.grading import lesson_of, tasks_of
from cnnlab.errors import DataError
from cnnlab.exercises import CHAPTERS, Task

__all__ = ["assignment", "chapters_with_tasks", "configure", "set_up"]

_LINK = re.compile(r"\]\((\w+)\.ipynb")

_CONFIGURATION = '''\
"""What nbgrader needs to know of this course; yours to change, `cnnlab assign` leaves it alone."""

from pathlib import Path

from cnnlab.classroom.course import configure

c = get_config()  # noqa: F821 - nbgrader reads this file
c.CourseDirectory.course_id = {name!r}
c.CourseDirectory.root = str(Path(__file__).parent)

configure(c)  # releases have the blanks of the course, and submissions run in a sandbox
c.Examination.timeout = 60  # seconds for a cell
c.Examination.longest = 600  # seconds for a notebook
c.ConfinedKernelManager.memory = 2_000_000_000  # bytes for a process
'''


def configure(settings: Any) -> None:
    """Set up nbgrader for the course: its blanks in the release, a sandbox for what comes back.

    Parameters
    ----------
    settings : traitlets.config.Config
        Of nbgrader, or of the server that has its tabs.
    """
    from nbgrader import preprocessors
    from nbgrader.converters import Autograde, GenerateAssignment

    from cnnlab.classroom.examination import BlankSolutions, Examination

    if not shutil.which("alembic"):  # nbgrader starts it by name
        os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings.GenerateAssignment.preprocessors = [
        BlankSolutions if one is preprocessors.ClearSolutions else one
        for one in GenerateAssignment.preprocessors.default()
    ]
    # Submissions are other people's code.
    settings.Autograde.autograde_preprocessors = [
        Examination if one is preprocessors.Execute else one
        for one in Autograde.autograde_preprocessors.default()
    ]
    settings.OverwriteCells.add_missing_cells = True  # a grade cell that a learner deleted


def chapters_with_tasks() -> list[str]:
    """List the chapters that can be handed out.

    Examples
    --------
    >>> chapters_with_tasks()[:2]
    ['00_start_here', '01_filters']
    """
    return [one.stem for one in CHAPTERS if one.module and tasks_of(lesson_of(one.stem))]


def set_up(folder: Path, chapters: Sequence[str] = (), *, term: str = "") -> list[Path]:
    """Write a course for nbgrader, or more chapters into one that is there.

    Parameters
    ----------
    folder : Path
        The course's; made if it is not there. Its configuration is written once.
    chapters : sequence of str
        Stems, or what they begin with, such as ``"01"``; all by default.
    term : str
        Seeds the calls that learners have not seen; by default the name of the folder.

    Returns
    -------
    list of Path
        The source of each assignment.

    Raises
    ------
    DataError
        If there is no such chapter, or the folder cannot be written.
    """
    wanted = [_found(chapter) for chapter in chapters] or chapters_with_tasks()
    term = term or folder.resolve().name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        configuration = folder / "nbgrader_config.py"
        if not configuration.exists():
            configuration.write_text(_CONFIGURATION.format(name=folder.resolve().name), "utf-8")
        sources = [_write(folder / "source", chapter, term) for chapter in wanted]
        glossary = export.export(workspace.shipped_notebooks() / "glossary.ipynb", sources[0])
        for source in sources[1:]:
            shutil.copy(glossary, source)
        return sources
    except OSError as error:
        raise DataError(
            f"cannot write the course to {folder}: {error.strerror or error}; choose another place"
        ) from error


def _found(wanted: str) -> str:
    known = chapters_with_tasks()
    starting = [chapter for chapter in known if chapter.startswith(wanted)]
    if wanted in known or len(starting) == 1:
        return wanted if wanted in known else starting[0]
    raise DataError(f"there is no one chapter {wanted!r} with tasks; try one of {', '.join(known)}")


def _write(source: Path, chapter: str, term: str) -> Path:
    import nbformat

    notebooks = workspace.shipped_notebooks()
    book: Any = nbformat.read(notebooks / f"{chapter}.ipynb", as_version=4)
    folder = source / chapter
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(assignment(book, chapter, term=term), folder / f"{chapter}.ipynb")
    return folder


def assignment(book: Any, chapter: str, *, term: str = "") -> Any:
    """Make the source of an assignment of a chapter.

    Parameters
    ----------
    book : NotebookNode
        The chapter as it ships; changed in place.
    chapter : str
        Its stem.
    term : str
        Seeds the calls that learners have not seen.

    Returns
    -------
    NotebookNode

    Raises
    ------
    DataError
        If the notebook lacks the cell of a task: it is not that of this version.
    """
    from nbformat.v4 import new_code_cell

    tasks = {task.notebook_cell: task for task in tasks_of(lesson_of(chapter))}
    cells = []
    for cell in book.cells:
        cells.append(cell)
        if cell.cell_type == "markdown":
            cell.source = _LINK.sub(_leading_elsewhere, cell.source)
            continue
        cell.outputs, cell.execution_count = [], None
        task = tasks.pop(cell.source, None)
        if task:
            solved = cell.source.replace(task.cell.skeleton, task.solution_code)
            cell.source, cell.metadata = solved, _marked(task.name, solution=True)
            cell.metadata["cnnlab"] = {"task": f"{chapter}.{task.name}"}
            graded = _marked(f"{task.name}-graded", grade=True, locked=True, points=1)
            source = _graded(chapter, task, term)
            cells.append(new_code_cell(source, metadata=graded, id=f"{cell.id}-graded"))
    if tasks:
        names = ", ".join(task.name for task in tasks.values())
        raise DataError(f"{chapter} lacks the cells of {names}; install cnnlab again")
    book.cells = cells
    book.metadata.pop("widgets", None)
    return book


def _leading_elsewhere(link: re.Match[str]) -> str:
    """Other chapters are assignments beside this one; the glossary is a page."""
    name = link[1]
    return "](glossary.html" if name == "glossary" else f"](../{name}/{name}.ipynb"


def _marked(name: str, **marks: Any) -> dict[str, Any]:
    usual = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {**usual, **marks, "grade_id": name, "schema_version": 3}}


def _graded(chapter: str, task: Task, term: str) -> str:
    """Write the cell that grades a task; of its own name, so that learners see what it is about."""
    return "\n".join([
        f"# 1 point for {task.cell.asks}, when this page is collected. Leave this cell as it is.",
        "### BEGIN HIDDEN TESTS",
        "from cnnlab import classroom",
        f"classroom.grade('{chapter}.{task.name}', {task.cell.asks}, term={term!r})",
        "### END HIDDEN TESTS",
    ])  # fmt: skip
