"""The lessons as a learner meets them: opened in JupyterLab, run from top to bottom, answered."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.jupyterlab import Notebook, Server, pixels_of

pytestmark = pytest.mark.needs("browser")

LESSONS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))
ASKING = [
    "from cnnlab import widgets\nfrom cnnlab.exercises import filters as lesson",
    "prediction = widgets.Predict(lesson.map_size)\nprediction",
    "quiz = widgets.Quiz(lesson.quiz)\nquiz",
    "widgets.FilterLab('coins')",
]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_in_the_browser_without_an_error(
    path: Path,
    server: Server,
    open_notebook: Callable[[str], Notebook],
    keep: Callable[..., None],
) -> None:
    shutil.copy(path, server.notebooks)
    notebook = open_notebook(path.name)
    notebook.run_all()
    widgets = notebook.panel.locator(".cnnlab")
    expect(widgets.first).to_be_visible()
    expect(notebook.panel.locator(".jp-OutputArea-output", has_text="Error")).to_have_count(0)
    for canvas in notebook.panel.locator("[data-role=map]").all():
        expect(canvas).to_have_attribute("data-source", "kernel")
        assert len(np.unique(pixels_of(canvas).reshape(-1, 3), axis=0)) > 1
    broken = "(all) => all.filter((one) => !one.naturalWidth).map((one) => one.outerHTML)"
    assert not notebook.panel.locator("img").evaluate_all(broken)
    keep(f"lesson-{path.stem}")


@pytest.fixture(scope="module")
def asking(server: Server, open_notebook: Callable[[str], Notebook]) -> Notebook:
    notebook = open_notebook(server.write("asking.ipynb", *ASKING))
    notebook.run_all()
    return notebook


def card(notebook: Notebook, kind: str, number: int = 0) -> Locator:
    widget = notebook.panel.locator(f"[data-widget={kind}]")
    return widget.locator(".cnnlab-question").nth(number)


def press(question: Locator, words: str) -> None:
    question.get_by_role("button", name=words, exact=True).click()


def test_a_prediction_is_locked_then_revealed_then_tried_again(
    asking: Notebook, keep: Callable[..., None]
) -> None:
    question = card(asking, "predict")
    expect(question).to_contain_text("How large is the map of its answers?")
    expect(question.get_by_role("button", name="Lock my answer")).to_be_disabled()
    question.get_by_role("radio").nth(0).check()
    press(question, "Lock my answer")
    expect(question).to_contain_text("Your answer, a, is locked")
    expect(question.get_by_role("radio").nth(1)).to_be_disabled()
    expect(question).not_to_contain_text("would hang over the edge")
    press(question, "Reveal")
    expect(question).to_contain_text("a part of it would hang over the edge")
    expect(question).to_contain_text("not this")
    press(question, "Try again")
    question.get_by_role("radio").nth(2).check()
    press(question, "Lock my answer")
    expect(question).to_contain_text("right")
    expect(question.get_by_role("radio").nth(2)).to_be_checked()
    assert asking.run("print(prediction.question.picked)").strip() == "[0, 2]"
    keep("prediction")


def test_the_quiz_is_answered_with_the_keyboard(asking: Notebook) -> None:
    question = card(asking, "quiz", 0)
    question.get_by_role("radio").nth(0).focus()
    asking.page.keyboard.press("ArrowDown")
    asking.page.keyboard.press("Tab")
    asking.page.keyboard.press("Enter")
    expect(question).to_contain_text("everything is nine times as bright")
    score = asking.panel.locator(".cnnlab-score")
    expect(score).to_have_text("1 of 5 answered, 1 right at once")


def test_keys_pressed_in_a_list_do_not_lead_out_of_the_widget(asking: Notebook) -> None:
    asking.page.keyboard.press("Escape")  # where arrow keys would go from cell to cell
    samples = asking.panel.locator("[data-widget=FilterLab] select").first
    samples.focus()
    asking.page.keyboard.press("ArrowDown")
    asking.page.keyboard.press("ArrowUp")
    expect(samples).to_be_focused()


def test_answering_one_question_keeps_what_is_chosen_in_another(asking: Notebook) -> None:
    chosen = card(asking, "quiz", 3).get_by_role("radio").nth(1)
    chosen.check()
    other = card(asking, "quiz", 2)
    other.get_by_role("radio").nth(0).check()
    press(other, "Answer")
    expect(other).to_contain_text("its left and right side swap")
    expect(chosen).to_be_checked()


def test_an_answer_given_in_python_shows_on_the_page(asking: Notebook) -> None:
    asking.run("quiz.commit(5, 'a')")
    expect(card(asking, "quiz", 4)).to_contain_text("why a filter is called a feature detector")


def test_a_dead_kernel_is_mentioned_instead_of_waited_for(asking: Notebook) -> None:
    question = card(asking, "quiz", 1)
    question.get_by_role("radio").nth(0).check()
    asking.shut_down()
    asking.page.wait_for_timeout(1000)
    press(question, "Answer")
    expect(question).to_contain_text("The kernel does not answer", timeout=10_000)
