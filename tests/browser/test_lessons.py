"""The lessons as a learner meets them: opened in JupyterLab, run from top to bottom, answered."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cnnlab.exercises import CHAPTERS

pytestmark = pytest.mark.needs("browser")

LESSONS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))
RAISED = ", ".join(
    f"[data-mime-type='application/vnd.jupyter.{one}']" for one in ("error", "stderr")
)
BROKEN = re.compile("Error (displaying|creating) widget|Failed to load model")
BY_THE_PAGE = "[aria-label^='Central difference']"  # the page measures these slopes itself
EVEN = """(all) => all.filter((canvas) => {
  const { width, height } = canvas;
  if (width * height === 1) return false;  // a bias is a single number
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const colours = new Uint32Array(data.buffer);
  return colours.every((one) => one === colours[0]);
}).map((canvas) => canvas.outerHTML)"""
"""Maps that are of one colour throughout."""

ASKING = [
    "from cnnlab import widgets\nfrom cnnlab.exercises import filters as lesson",
    "prediction = widgets.Predict(lesson.map_size)\nprediction",
    "quiz = widgets.Quiz(lesson.quiz)\nquiz",
    "widgets.FilterLab('coins')",
]


class Lesson:
    """A chapter open in JupyterLab, and what it asks."""

    def __init__(self, path, notebook):
        self.path, self.notebook, self.panel = path, notebook, notebook.panel
        chapter = next(chapter for chapter in CHAPTERS if chapter.stem == path.stem)
        items = chapter.lesson().items
        self.predictions = [item for item in items if item.kind == "predicted"]
        self.tasks = [item for item in items if item.kind == "solved"]
        self.quiz = [item for item in items if item.kind == "quiz"]
        self.test = [item for item in items if item.kind == "probed"]

    def answer(self, task, before, answer):
        """Write an answer into the cell of a task and run it; returns its text and the cell.

        At first with the cell above: one further down may have used a name of it again.
        """
        after = task.notebook_cell.replace(task.cell.skeleton, answer)
        first = before == task.notebook_cell
        return after, self.notebook.rewrite(before, after, above=first)


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def lesson(request, server, open_notebook, tmp_path_factory):
    """Open a lesson as somebody who has answered nothing yet, and run it."""
    path = request.param
    shutil.copy(path, server.notebooks)
    notebook = open_notebook(path.name)
    home = str(tmp_path_factory.mktemp("home"))
    notebook.run(f"import os; os.environ['CNNLAB_HOME'] = {home!r}")
    notebook.run_all()
    return Lesson(path, notebook)


def test_a_lesson_is_taken_from_its_first_cell_to_its_place_on_the_map(lesson, keep):
    """One test, so that one that is tried again begins with a fresh lesson."""
    it_runs_without_an_error(lesson)
    keep(f"lesson-{lesson.path.stem}")
    every_prediction_is_locked_wrongly_and_then_told_why(lesson)
    every_exercise_is_answered_wrongly_and_then_rightly(lesson)
    the_quiz_is_answered(lesson)
    nothing_of_the_test_around_the_course_is_told_before_its_end(lesson)
    what_was_answered_counts_on_the_map(lesson)


def it_runs_without_an_error(lesson):
    panel = lesson.panel
    expect(panel.locator(".cnnlab").first).to_be_visible()
    expect(panel.locator(RAISED)).to_have_count(0)
    expect(panel.locator(".jp-OutputArea-output", has_text=BROKEN)).to_have_count(0)
    maps = panel.locator(f"[data-role=map]:visible:not({BY_THE_PAGE})")
    for canvas in maps.all():
        expect(canvas).to_have_attribute("data-source", "kernel")
    assert maps.evaluate_all(EVEN) == []
    broken = "(all) => all.filter((one) => !one.naturalWidth).map((one) => one.outerHTML)"
    assert not panel.locator("img").evaluate_all(broken)


def every_prediction_is_locked_wrongly_and_then_told_why(lesson):
    expect(lesson.panel.locator("[data-widget=Predict]")).to_have_count(len(lesson.predictions))
    for number, prediction in enumerate(lesson.predictions):
        wrong = next(n for n in range(len(prediction.choices)) if n != prediction.right)
        question = lesson.panel.locator("[data-widget=Predict]").nth(number)
        expect(question).to_contain_text(prediction.prompt)
        question.get_by_role("radio").nth(wrong).check()
        press(question, "Lock my answer")
        press(question, "Reveal")
        expect(question.locator("[data-state=wrong]")).to_contain_text(
            prediction.choices[wrong].feedback
        )


def every_exercise_is_answered_wrongly_and_then_rightly(lesson):
    for task in lesson.tasks:
        code, mistake = task.mistakes[0]
        written, cell = lesson.answer(task, task.notebook_cell, code)
        verdict = cell.locator("[data-widget=Verdict]")
        expect(verdict).to_contain_text(f"Not quite. {mistake.hint}")
        press(verdict, "Hint")
        expect(verdict.get_by_role("listitem")).to_have_text([task.hints[0]])
        _, cell = lesson.answer(task, written, task.solution_code)
        expect(cell.locator(".jp-OutputArea").first).to_contain_text(f"Right. {task.praise}")


def the_quiz_is_answered(lesson):
    for number, asked in enumerate(lesson.quiz):
        question = card(lesson.notebook, "Quiz", number)
        question.get_by_role("radio").nth(asked.right).check()
        press(question, "Answer")
        expect(question).to_contain_text(asked.choices[asked.right].feedback)
    if lesson.quiz:
        total = len(lesson.quiz)
        score = lesson.panel.locator("[data-widget=Quiz]").first.locator("[data-role=score]")
        expect(score).to_have_text(f"{total} of {total} answered, {total} right first time")


def nothing_of_the_test_around_the_course_is_told_before_its_end(lesson):
    """The second one is done with its last answer: then it opens, whatever became of the first."""
    if not lesson.test:
        return
    opens = lesson.path.stem == CHAPTERS[-1].stem
    cards = [
        card(lesson.notebook, "Quiz", len(lesson.quiz) + place) for place in range(len(lesson.test))
    ]
    for asked, question in zip(lesson.test, cards, strict=True):
        expect(question).to_contain_text(asked.prompt)
        question.get_by_role("radio").nth(asked.right).check()
        press(question, "Answer")
        expect(question.get_by_role("radio").first).to_be_disabled()
        if asked is not lesson.test[-1]:
            expect(question).not_to_contain_text(asked.choices[asked.right].feedback)
    for asked, question in zip(lesson.test, cards, strict=True):
        told = expect(question)
        words = asked.choices[asked.right].feedback
        (told.to_contain_text if opens else told.not_to_contain_text)(words)


def what_was_answered_counts_on_the_map(lesson):
    stem = lesson.path.stem
    counts = lesson.notebook.run(
        "from cnnlab import exercises\n"
        "for one in exercises.progress().standings:\n"
        f"    if one.chapter.stem == {stem!r}: print(one.counts)"
    )
    kinds = (lesson.predictions, lesson.tasks, lesson.quiz)
    assert counts.strip() == str(tuple((len(kind), len(kind)) for kind in kinds))


def test_an_error_in_a_lesson_would_be_seen(server, open_notebook):
    name = server.write("failing.ipynb", "import sys; print('mind', file=sys.stderr)", "[][1]")
    notebook = open_notebook(name)
    with pytest.raises(AssertionError, match="IndexError"):
        notebook.run_all()
    expect(notebook.panel.locator(RAISED)).to_have_count(2)


@pytest.fixture(scope="module")
def asking(server, open_notebook):
    notebook = open_notebook(server.write("asking.ipynb", *ASKING))
    notebook.run_all()
    return notebook


def card(notebook, kind, number=0):
    widget = notebook.panel.locator(f"[data-widget={kind}]")
    return widget.locator(".cnnlab-question").nth(number)


def press(question, words):
    question.get_by_role("button", name=words, exact=True).click()


def test_a_prediction_is_locked_then_revealed_then_tried_again(asking, keep):
    question = card(asking, "Predict")
    expect(question).to_contain_text("How large is its feature map?")
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


def test_the_quiz_is_answered_with_the_keyboard(asking):
    question = card(asking, "Quiz", 0)
    question.get_by_role("radio").nth(0).focus()
    asking.page.keyboard.press("ArrowDown")
    asking.page.keyboard.press("Tab")
    asking.page.keyboard.press("Enter")
    expect(question).to_contain_text("everything is nine times as bright")
    score = asking.panel.locator("[data-role=score]")
    expect(score).to_have_text("1 of 5 answered, 1 right first time")


def test_keys_pressed_in_a_list_do_not_lead_out_of_the_widget(asking):
    asking.page.keyboard.press("Escape")  # where arrow keys would go from cell to cell
    samples = asking.panel.locator("[data-widget=FilterLab] select").first
    samples.focus()
    asking.page.keyboard.press("ArrowDown")
    asking.page.keyboard.press("ArrowUp")
    expect(samples).to_be_focused()


def test_answering_one_question_keeps_what_is_chosen_in_another(asking):
    chosen = card(asking, "Quiz", 3).get_by_role("radio").nth(1)
    chosen.check()
    other = card(asking, "Quiz", 2)
    other.get_by_role("radio").nth(0).check()
    press(other, "Answer")
    expect(other).to_contain_text("its left and right side swap")
    expect(chosen).to_be_checked()


def test_an_answer_given_in_python_shows_on_the_page(asking):
    asking.run("quiz.commit(5, 'a')")
    expect(card(asking, "Quiz", 4)).to_contain_text("why a filter is called a feature detector")


def test_a_dead_kernel_is_mentioned_instead_of_waited_for(asking):
    question = card(asking, "Quiz", 1)
    question.get_by_role("radio").nth(0).check()
    asking.shut_down()
    asking.page.wait_for_timeout(1000)
    press(question, "Answer")
    expect(question).to_contain_text("The kernel is not responding", timeout=10_000)
