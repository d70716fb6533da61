"""The class board in JupyterLab: a learner answers, and the row and the votes follow."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cnnlab.exercises import filters as lesson
from tests.browser.jupyterlab import turn_to
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

PAGE = Path(__file__).parents[2] / "notebooks" / "instructor" / "class_board.ipynb"
MAP_SIZE = "slides over a 5x5 image"
HEAD = "from cnnlab import exercises\nfrom cnnlab.exercises import filters as lesson\n"


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """The folder of a class; the function runs code as one of its learners' kernels would."""
    folder = tmp_path_factory.mktemp("room")

    def learn(name, code):
        place = folder / name
        place.mkdir(exist_ok=True)
        own = {"CNNLAB_HOME": str(folder.parent / f"home-{name}"), "CNNLAB_BOARD": str(place)}
        environment = {**os.environ, **own}
        subprocess.run([sys.executable, "-c", HEAD + code], env=environment, check=True)

    learn.folder = folder
    return learn


@pytest.fixture(scope="module")
def board(server, open_notebook, room):
    room("ada", "exercises.share('on')\nlesson.map_size.commit(1)\nlesson.one_number.check(0.5)")
    room("bob", "exercises.share('anonymous')\nlesson.map_size.commit(2)")
    room("cyd", "lesson.map_size.commit(2)")  # has not said yes
    (server.notebooks / PAGE.name).write_text(PAGE.read_text())
    notebook = open_notebook(PAGE.name)
    notebook.run(f"import os\nos.environ['CNNLAB_CLASS'] = {str(room.folder)!r}")
    notebook.run_all()
    return notebook


def rows(board):
    return board.panel.locator(".cnnlab-class tbody tr")


def votes(board):
    """The counts of the question that all have answered."""
    question = board.panel.locator(".cnnlab-votes").filter(has_text=MAP_SIZE)
    return question.locator("td:last-child")


def test_the_board_shows_who_shares_and_no_names_before_they_are_asked_for(board, keep):
    expect(rows(board)).to_have_count(2)
    expect(board.panel.get_by_text("2 learners share how far they are")).to_be_visible()
    expect(board.panel.locator(".cnnlab-class")).not_to_contain_text("ada")
    expect(votes(board)).to_have_text(["0", "1", "1", "0"])
    keep("class-board")
    turn_to(board.page, "Dark")
    keep("class-board-dark")
    turn_to(board.page, "Light")
    assert lesson.map_size.prompt.count(MAP_SIZE) == 1


def test_a_row_and_the_votes_follow_what_a_learner_does_elsewhere(board, room):
    board.panel.get_by_label("Names").check()
    ada = rows(board).filter(has_text="ada")
    expect(ada).to_contain_text("01 one number (task)")
    expect(ada).to_contain_text("8%")  # 1 of 12
    expect(rows(board).filter(has_text="bob")).to_have_count(0)  # letters: that is what bob chose
    room("ada", "lesson.one_number.check(0.25)\nlesson.even_sky.commit(0)")
    expect(ada).to_contain_text("01 even sky (prediction)")
    expect(ada).to_contain_text("17%")
    room("cyd", "exercises.share('on')\nlesson.map_size.reveal()")
    expect(rows(board)).to_have_count(3)
    expect(votes(board)).to_have_text(["0", "1", "2", "0"])


def test_a_learner_who_switches_off_leaves_the_board(board, room):
    room("bob", "exercises.share('off')")
    expect(rows(board)).to_have_count(2)
    expect(rows(board).filter(has_text="cyd")).to_have_count(1)
    expect(votes(board)).to_have_text(["0", "1", "1", "0"])


def test_another_chapter_can_be_looked_at(board):
    board.panel.get_by_label("Chapter").select_option("02 Stride and padding")
    expect(board.panel.get_by_text("No prediction of this chapter has an answer")).to_be_visible()


def test_a_saved_notebook_keeps_nothing_of_the_class(board, server):
    expect(rows(board)).to_have_count(2)
    board.page.evaluate("window.jupyterapp.shell.currentWidget.context.save()")
    file = server.notebooks / PAGE.name
    comes(lambda: "run this cell to see it" in file.read_text(), True)
    text = file.read_text()
    for shown in (">ada<", "cyd", MAP_SIZE, "cnnlab-class"):
        assert shown not in text
