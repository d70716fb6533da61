"""The life of a page: the next day, a kernel that restarts, keys and clicks that miss a control.

Every test here holds for every widget of the course: a new one is added to `CELLS`.
"""

import base64
import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cnnlab import display, filters, images, widget_state, widgets
from cnnlab.widgets import FilterLab
from tests.browser.jupyterlab import READY, Notebook, Server, pixels_of

pytestmark = pytest.mark.needs("browser")

START = """import os, tempfile
os.environ["CNNLAB_HOME"] = tempfile.mkdtemp()  # a learner who has not answered anything yet
from cnnlab import Network, datasets, training, widgets, zoo
from cnnlab.exercises import filters as lesson"""
CELLS = {
    "ActivationExplorer": "widgets.ActivationExplorer('elu', [[1, 5], [2, 3]], filter=[[1]])",
    "BendFitter": "widgets.BendFitter(3, curve='hat')",
    "ConvolutionStepper": "widgets.ConvolutionStepper([[1, 5, 2], [2, 3, 0]], [[1, -1], [0, 2]])",
    "FeatureExplorer": "widgets.FeatureExplorer(zoo.pretrained('digits_net'), target=0)",
    "FilterBank": "widgets.FilterBank('camera', filters=['sobel_x', 'redness'])",
    "FilterLab": "widgets.FilterLab('camera', filter='sobel_x')",
    "FilterMerge": "widgets.FilterMerge('camera', merging=True)",
    "FilterTrainer": "widgets.FilterTrainer('camera', 'sobel_x')",
    "ImageRecorder": "widgets.ImageRecorder(('left', 'right'), size=24)",
    "NetworkBuilder": "widgets.NetworkBuilder('lenet5', parameter_budget=50_000)",
    "NetworkExplorer": "widgets.NetworkExplorer(zoo.pretrained('digits_net'))",
    "Predict": "widgets.Predict(lesson.map_size)",
    "PoolingStepper": "widgets.PoolingStepper([[1, 5, 2], [2, 3, 0], [4, 1, 6]], stride=1)",
    "Quiz": "widgets.Quiz(lesson.quiz)",
    "ShapeCalculator": "widgets.ShapeCalculator(8, 3, stride=2)",
    "SharedWeights": "widgets.SharedWeights([[1, 5, 2], [2, 3, 0], [4, 1, 6]], [[1, -2], [3, 4]])",
    "ShiftTest": "widgets.ShiftTest('dot', right=2)",
    "TrainingBoard": "widgets.TrainingBoard("
    "training.run(Network(zoo.digits_net()), datasets.digits().train))",
}
NO_KERNEL = "() => window.jupyterapp.shell.currentWidget.sessionContext.hasNoKernel"
NO_WIDGET = "Error displaying widget"


def test_every_widget_of_the_course_is_looked_at_here():
    assert set(CELLS) == set(widgets.__all__)


def stored(server, name):
    return json.loads((server.notebooks / name).read_text())


def size_of(*kinds):
    """Characters of the scripts and sheets of some widgets, each of which is stored once."""
    parts = [
        getattr(getattr(widgets, kind), part) for kind in kinds for part in ("_script", "_style")
    ]
    return sum(len(json.dumps(one)) for one in parts)


def save(page):
    page.evaluate("window.jupyterapp.shell.currentWidget.context.save()")


def widget(notebook, kind):
    return notebook.panel.locator(f"[data-widget={kind}]").first


def all_there(notebook):
    for kind in CELLS:
        expect(widget(notebook, kind)).to_be_visible()
    expect(notebook.panel.get_by_text(NO_WIDGET)).to_have_count(0)


# -- The next day ---------------------------------------------------------------------------------


def test_the_next_day_and_the_day_after_every_widget_is_there_as_it_was_left(
    server, open_notebook, keep
):
    again = CELLS["FilterLab"]
    name = server.write("days.ipynb", START, *CELLS.values(), again, again)
    notebook = open_notebook(name)
    page = notebook.page
    notebook.run_all()
    weight = widget(notebook, "FilterLab").locator("[data-row='0'][data-column='0']").first
    weight.click()
    page.keyboard.press("Shift+ArrowUp")  # from -1 to 0
    question = widget(notebook, "Predict")
    question.get_by_role("radio").nth(0).check()
    question.get_by_role("button", name="Lock my answer").click()
    expect(question).to_contain_text("Your answer, a, is locked")
    page.wait_for_timeout(600)  # after which settings are stored
    save(page)
    saved = stored(server, name)
    states = widget_state.of_notebook(saved).values()
    text = json.dumps(list(states))
    assert sum(one["model_name"] == "AnyModel" for one in states) == len(CELLS) + 2
    photograph = display.photograph(images.sample("camera"))
    pixels = base64.b64encode(photograph[..., 0].tobytes()).decode()
    for once in (FilterLab._script, FilterLab._style, pixels):
        assert text.count(json.dumps(once)) == 1
    # Nothing else is large.
    assert len(text) < len(pixels) + size_of(*CELLS) + 11_000 * len(CELLS)

    for day in ("the next day", "the day after"):
        notebook = open_notebook(name)  # the kernel of the day before has ended
        all_there(notebook)
        lab = FilterLab("camera", filter=[[0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
        shown = widget(notebook, "FilterLab")
        expect(shown.locator("[data-role=map]")).to_have_attribute("data-source", "browser")
        apart = pixels_of(shown.locator("[data-role=map]")).astype(int) - lab.painted
        assert abs(apart).max() <= 9  # a step of colour, as the browser may be off by
        assert (pixels_of(shown.locator("[data-role=input]")) == photograph).all()
        expect(widget(notebook, "Predict")).to_contain_text("Your answer, a, is locked")
        save(page)  # read only: what has no kernel is not lost
        assert len(widget_state.of_notebook(stored(server, name))) == len(states), day
    keep("next_day")


def test_a_cell_that_ran_ten_times_leaves_one_widget_in_the_file(server, open_notebook):
    name = server.write("often.ipynb", START, CELLS["FilterLab"])
    notebook = open_notebook(name)
    for _ in range(10):
        notebook.run_all()
    save(notebook.page)
    states = widget_state.of_notebook(stored(server, name)).values()
    assert sum(one["model_name"] == "AnyModel" for one in states) == 1


def test_the_file_of_the_lesson_with_the_most_widgets_stays_small(server, open_notebook):
    lesson = Path(__file__).parents[2] / "notebooks" / "01_filters.ipynb"
    target = server.notebooks / "small.ipynb"
    target.write_bytes(lesson.read_bytes())
    notebook = open_notebook(target.name)
    notebook.run_all()
    save(notebook.page)
    saved = stored(server, target.name)
    state = len(json.dumps(widget_state.of_notebook(saved)))
    kinds = size_of("ConvolutionStepper", "FilterLab", "Predict", "Quiz")
    assert state < 350_000 + kinds + 75_000  # a photograph as text, the scripts, the settings


# -- Keys and clicks ------------------------------------------------------------------------------

PLACES = """(frame) => {
  const box = frame.getBoundingClientRect(), seen = new Map();
  const control = "button, input, select, label, a, [tabindex]";
  for (let y = 2; y < box.height; y += 6) for (let x = 2; x < box.width; x += 6) {
    const at = [box.left + x, box.top + y], one = document.elementFromPoint(...at);
    const hit = one?.closest(control), missed = !hit || hit === frame || !frame.contains(hit);
    if (frame.contains(one) && missed && !seen.has(one)) seen.set(one, at);
  }
  return [...seen.values()];
}"""

NOTEBOOK = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .map((cell) => `${cell.model.type} ${cell.model.sharedModel.getSource()}`)"""


@pytest.fixture(scope="module")
def notebook(open_notebook, server):
    notebook = open_notebook(server.write("life.ipynb", START, *CELLS.values()))
    notebook.page.set_viewport_size({"width": 1400, "height": 2400})
    notebook.run_all()
    return notebook


@pytest.mark.parametrize("kind", CELLS)
def test_keys_after_a_click_that_missed_the_controls_leave_the_notebook_alone(notebook, kind):
    page, frame = notebook.page, widget(notebook, kind)
    before = page.evaluate(NOTEBOOK)
    frame.scroll_into_view_if_needed()
    places = frame.evaluate(PLACES)
    assert len(places) > 3
    for x, y in places:
        page.mouse.click(x, y)
        for key in "xddmab":
            page.keyboard.press(key)
        assert page.evaluate(NOTEBOOK) == before, (x, y)
    assert frame.evaluate("(frame) => frame.contains(document.activeElement)")


def test_the_focus_goes_to_what_comes_next(notebook):
    question = widget(notebook, "Predict")
    question.get_by_role("radio").nth(0).check()
    question.get_by_role("button", name="Lock my answer").click()
    reveal = question.get_by_role("button", name="Reveal")
    expect(reveal).to_be_focused()
    reveal.click()
    again = question.get_by_role("button", name="Try again")
    expect(again).to_be_focused()
    again.click()
    expect(question.get_by_role("radio").nth(1)).to_be_focused()
    question.get_by_role("radio").nth(2).check()
    question.get_by_role("button", name="Lock my answer").click()
    expect(question.locator("[data-state=right] .cnnlab-feedback")).to_be_focused()
    first = widget(notebook, "Quiz").locator(".cnnlab-question").first
    first.get_by_role("radio").nth(0).check()
    first.get_by_role("button", name="Answer").click()
    expect(first.get_by_role("button", name="Try again")).to_be_focused()


# -- A kernel that restarts -----------------------------------------------------------------------


def test_after_a_restart_every_widget_says_at_once_what_heals_it(notebook, keep):
    page = notebook.page
    notebook.run_all()
    for kind in CELLS:
        expect(widget(notebook, kind).locator("[data-role=source]")).to_be_hidden()
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    for kind in CELLS:  # nobody has touched them
        line = widget(notebook, kind).locator("[data-role=source]")
        expect(line).to_contain_text("Run All Above Selected Cell, then run this cell")
    keep("restarted")
    notebook.run_all()
    for kind in CELLS:
        expect(widget(notebook, kind).locator("[data-role=source]")).to_be_hidden()


# anywidget gives up a model whose script does not stand after two seconds. Here after none at all.
HURRY = """() => {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  AbortSignal.timeout = (time) => timeout(time === 2000 ? 0 : time);
}"""


def test_a_page_too_busy_while_its_widgets_came_hears_the_kernel_all_the_same(browser, server):
    page = browser.new_page(viewport={"width": 1400, "height": 1100})
    page.add_init_script(f"({HURRY})()")
    given_up = []
    page.on("console", lambda message: given_up.append("Failed to initialize" in message.text))
    page.on("pageerror", lambda error: given_up.append("Failed to initialize" in str(error)))
    others = [code for kind, code in CELLS.items() if kind != "FilterLab"]
    early = f"lab = {CELLS['FilterLab']}\nlab.filter = 'sobel_y'"  # set before it is shown
    name = server.write("busy.ipynb", START, early, "lab", *others)
    notebook = Notebook(page, server, name)
    try:
        notebook.run_all()
        lab, question = widget(notebook, "FilterLab"), widget(notebook, "Predict")
        shown = lab.locator("[data-role=map]")
        top = lab.locator("[data-row='0'][data-column='1']").first
        expect(shown).to_have_attribute("data-source", "kernel")
        expect(top).to_have_value("\N{MINUS SIGN}2")
        assert any(given_up)
        top.press("ArrowUp")
        expect(shown).to_have_attribute("data-source", "kernel")
        notebook.rewrite("lab", "lab.filter = 'sobel_x'\nlab")
        expect(top).to_have_value("0")
        question.get_by_role("radio").first.check()
        question.get_by_role("button", name="Lock my answer").click()
        expect(question).to_contain_text("is locked")
        for kind in CELLS:
            expect(widget(notebook, kind)).to_be_visible()
            expect(widget(notebook, kind).locator("[data-role=source]")).to_be_hidden()
    finally:
        notebook.shut_down()
        page.close()


def test_when_the_server_goes_the_browser_computes_on_and_a_new_one_heals(browser, tmp_path):
    server = Server(tmp_path)
    page = browser.new_page(viewport={"width": 1400, "height": 1100})
    try:
        with server:
            cells = [START, CELLS["FilterLab"], CELLS["Predict"]]
            notebook = Notebook(page, server, server.write("server.ipynb", *cells))
            notebook.run_all()
            lab, question = widget(notebook, "FilterLab"), widget(notebook, "Predict")
            expect(lab.locator("[data-role=map]")).to_have_attribute("data-source", "kernel")
        dialog = page.get_by_role("dialog")  # JupyterLab's own
        dialog.get_by_label("Do not show this message again").check(timeout=60_000)
        dialog.get_by_role("button", name="Close").click()
        lab.locator("[data-row='0'][data-column='0']").first.press("ArrowUp")
        lines = [one.locator("[data-role=source]") for one in (lab, question)]
        expect(lines[0]).to_contain_text("The kernel is not responding")
        weights = filters.CATALOGUE["sobel_x"].weights.copy()
        weights[0, 0] = -0.9
        highest = f"{FilterLab('camera', filter=weights).output.max():.2f}".rstrip("0")
        expect(lab.locator("[data-role=range]")).to_contain_text(highest)
        question.get_by_role("radio").first.check()
        question.get_by_role("button", name="Lock my answer").click()
        expect(lines[1]).to_contain_text("Run All Above Selected Cell, then run this cell")
        expect(question.get_by_role("radio").first).to_be_checked()  # what was chosen stays
        with server:
            page.wait_for_function(NO_KERNEL, timeout=60_000)  # JupyterLab sees the new server
            page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.startKernel()")
            page.wait_for_function(READY, timeout=60_000)
            notebook.run_all()
            for line in lines:
                expect(line).to_be_hidden()
            expect(lab.locator("[data-role=map]")).to_have_attribute("data-source", "kernel")
    finally:
        page.close()
