"""A class through the real nbgrader: handed out, submitted, collected, graded, given back.

Five learners on one machine: nbgrader knows them by their names in ``/etc/passwd``, so each runs it
with a passwd of their own, which bubblewrap lays over the machine's.
"""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest

from cnnlab.classroom.grading import lesson_of, task_named, tasks_of

pytestmark = [pytest.mark.needs("nbgrader"), pytest.mark.needs("bubblewrap")]

CHAPTER = "01_filters"
SETTINGS = """
c.Exchange.root = {exchange!r}
c.Examination.timeout = 12
"""
CRASH = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
LOOP = """
while True:
    try:
        while True:
            pass
    except KeyboardInterrupt:
        pass
"""
GRADES = {"full": 5, "partial": 3, "wrong": 0, "crashing": 4, "endless": 4}


def solved(task):
    return task.notebook_cell.replace(task.cell.skeleton, task.solution_code)


def mistaken(task):
    return task.notebook_cell.replace(task.cell.skeleton, task.mistakes[0][0])


def answers(learner):
    """Write what a learner makes of each task's cell."""
    tasks = tasks_of(lesson_of(CHAPTER))
    cells = {task.name: solved(task) for task in tasks}
    if learner == "partial":
        cells |= {task.name: task.notebook_cell for task in tasks[3:]}
    if learner == "wrong":
        cells = {task.name: mistaken(task) for task in tasks}
    if learner == "crashing":
        cells["loops"] = CRASH + cells["loops"]
    if learner == "endless":
        cells["puzzle"] = LOOP + cells["puzzle"]
    return cells


class Class:
    """A course with its exchange, and the homes of its learners."""

    def __init__(self, folder):
        self.folder = folder
        self.course, self.exchange = folder / "cnn", folder / "exchange"
        self.exchange.mkdir(mode=0o777)
        self.exchange.chmod(0o777)

    def run(self, *command, cwd, home, passwd=None):
        """Run nbgrader as the instructor, or as the learner of a passwd; returns what it says."""
        words = [sys.executable, "-m", *command]
        if passwd:
            words = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", passwd, "/etc/passwd", *words]
        settings = {
            "HOME": str(home), "JUPYTER_CONFIG_DIR": str(home), "NO_COLOR": "1",
            "PATH": "/usr/local/bin:/usr/bin:/bin",  # the environment is not activated
        }  # fmt: skip
        done = subprocess.run(
            words, cwd=cwd, env={**os.environ, **settings}, capture_output=True, text=True,
            check=False, timeout=500,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def instructor(self, *command):
        return self.run("nbgrader", *command, cwd=self.course, home=self.folder)

    def home(self, learner):
        return self.folder / "homes" / learner

    def learner(self, name, *command):
        home = self.home(name)
        home.mkdir(parents=True, exist_ok=True)
        passwd = self.folder / f"passwd-{name}"
        passwd.write_text(f"{name}:x:{os.getuid()}:{os.getgid()}::{home}:/bin/sh\n")
        settings = SETTINGS.format(exchange=str(self.exchange))
        (home / "nbgrader_config.py").write_text(f"c = get_config()\n{settings}")
        return self.run("nbgrader", *command, "--course=cnn", cwd=home, home=home, passwd=passwd)


@pytest.fixture(scope="module")
def group(tmp_path_factory):
    """The class after the whole round."""
    group = Class(tmp_path_factory.mktemp("class"))
    group.run("cnnlab", "assign", group.course, "01", cwd=group.folder, home=group.folder)
    with (group.course / "nbgrader_config.py").open("a") as configuration:
        configuration.write(SETTINGS.format(exchange=str(group.exchange)))
    group.instructor("release_assignment", CHAPTER)

    def work(learner):
        group.learner(learner, "fetch_assignment", CHAPTER)
        page = group.home(learner) / CHAPTER / f"{CHAPTER}.ipynb"
        book = nbformat.read(page, as_version=4)
        made = answers(learner)
        for cell in book.cells:
            marks = cell.metadata.get("nbgrader", {})
            if marks.get("solution"):
                cell.source = made[marks["grade_id"]]
        nbformat.write(book, page)
        group.learner(learner, "submit", CHAPTER)

    at_once(work)
    group.instructor("collect", CHAPTER)
    group.said = group.instructor("autograde", CHAPTER)
    group.instructor("generate_feedback", CHAPTER)
    group.instructor("release_feedback", CHAPTER)
    return group


def at_once(work):
    """Let all learners do something, side by side."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(work, GRADES))


def grades(group):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{group.course / 'gradebook.db'}") as book:
        return {
            one.student.id: (one.score, one.max_score)
            for one in book.assignment_submissions(CHAPTER)
        }


def test_each_learner_gets_the_grade_they_earned(group):
    assert grades(group) == {name: (points, 5) for name, points in GRADES.items()}


def test_the_release_has_the_blanks_of_the_course_and_neither_solutions_nor_hidden_tests(group):
    text = (group.course / "release" / CHAPTER / f"{CHAPTER}.ipynb").read_text()
    book = nbformat.reads(text, as_version=4)
    sources = [cell.source for cell in book.cells]
    for task in tasks_of(lesson_of(CHAPTER)):
        assert task.notebook_cell in sources
        assert all(task.solution_code not in source for source in sources)
    assert "HIDDEN" not in text
    assert "classroom" not in text
    assert all(not cell.get("outputs") for cell in book.cells)


def test_the_source_has_every_task_solved(group):
    source = group.course / "source" / CHAPTER / f"{CHAPTER}.ipynb"
    book = nbformat.read(source, as_version=4)
    sources = [cell.source for cell in book.cells]
    assert all(solved(task) in sources for task in tasks_of(lesson_of(CHAPTER)))


def test_every_learner_gets_feedback_that_names_the_points_and_what_was_said(group):
    at_once(lambda learner: group.learner(learner, "fetch_feedback", CHAPTER))
    for learner, points in GRADES.items():
        (page,) = (group.home(learner) / CHAPTER / "feedback").rglob("*.html")
        text = page.read_text()
        assert f"(Score: {points:.1f} / 5.0)" in text
        if learner == "endless":
            assert "did not come to an end within 12 seconds" in text
        if learner == "crashing":
            assert "ended the kernel" in text
        if learner == "wrong":
            assert task_named(f"{CHAPTER}.one_number").mistakes[0][1].hint[:20] in text


def test_grading_a_second_time_changes_nothing(group):
    before = grades(group)
    group.instructor("autograde", CHAPTER, "--student=partial", "--force")
    assert grades(group) == before


def test_grade_cells_that_were_deleted_come_back_and_changed_ones_are_restored(group):
    submitted = group.course / "submitted" / "sly" / CHAPTER
    submitted.mkdir(parents=True)
    book = nbformat.read(group.course / "release" / CHAPTER / f"{CHAPTER}.ipynb", as_version=4)
    graded = [cell for cell in book.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    book.cells.remove(graded[0])
    graded[1].source = "print('full marks, please')"
    graded[2].metadata.nbgrader.points = 100
    nbformat.write(book, submitted / f"{CHAPTER}.ipynb")
    group.instructor("autograde", CHAPTER, "--student=sly")
    assert grades(group)["sly"] == (0, 5)
    shutil.rmtree(submitted)
