"""A notebook as one page: opened from its file, with the network cut."""

import base64
import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from playwright.sync_api import expect

from cnnlab import cli, display, export, images, widgets
from cnnlab.errors import DataError
from cnnlab.exercises import filters as lesson
from cnnlab.widgets import FilterLab
from tests.browser.jupyterlab import pixels_of
from tests.browser.waiting import comes

CELLS = [
    "from cnnlab import widgets\nfrom cnnlab.exercises import filters as lesson",
    "lab = widgets.FilterLab('coins', filter='sobel_x')\nlab",
    "lab",
    "widgets.FilterLab([[0.5, 1], [2, 3]])",
    "prediction = widgets.Predict(lesson.map_size)\nprediction",
    "prediction.commit('a')",
    "widgets.Quiz(lesson.quiz[:2])",
    "lesson.one_number",
    "import ipywidgets\nipywidgets.IntSlider(7)",
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbformat.write(book, folder / "mine.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNLAB_HOME", str(folder / "home"))
        assert cli.main(["export", str(folder / "mine.ipynb"), str(folder / "site")]) == 0
    return folder / "site" / "mine.html"


def test_the_page_fetches_nothing(exported):
    text = exported.read_text("utf-8")
    fetched = (
        r"""<(?:script|link|img|iframe)[^>]+(?:src|href)=["'](?!data:)[^"']*|@import|url\(http"""
    )
    assert not re.findall(fetched, text)


def test_photographs_and_scripts_stand_in_it_once(exported):
    text = exported.read_text("utf-8")
    place = r'<script type="application/vnd.jupyter.widget-state[^>]*>(.*?)</script>'
    held = re.search(place, text, re.DOTALL)
    states = json.dumps(json.loads(held[1])) if held else ""
    photograph = display.photograph(images.sample("coins"))[..., 0]
    for once in (FilterLab._script, base64.b64encode(photograph.tobytes()).decode()):
        assert states.count(json.dumps(once)) == 1
    assert len(text) < 2_000_000


@pytest.mark.needs("browser")
def test_widgets_live_in_it_with_the_network_cut(exported, browser):
    complaints = []
    context = browser.new_context(offline=True, viewport={"width": 1200, "height": 1000})
    opened = context.new_page()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("requestfailed", lambda request: complaints.append(request.url))
    opened.goto(exported.as_uri())
    labs = opened.locator("[data-widget=FilterLab]")
    labs.nth(2).wait_for()
    assert labs.count() == 3
    first, second = labs.nth(0), labs.nth(1)
    photograph = display.photograph(images.sample("coins"))
    assert (pixels_of(first.locator("[data-role=input]")) == photograph).all()
    expected = FilterLab("coins", filter="sobel_x")
    first.locator("[data-role=map][data-source=browser]").wait_for()
    assert near(pixels_of(first.locator("[data-role=map]")), expected.painted)
    line = first.locator("[data-role=source]")
    assert "This page has no kernel." in line.inner_text()
    first.locator("[data-control=preset]").select_option("laplacian")
    opened.wait_for_timeout(500)
    expected.filter = "laplacian"
    for lab in (first, second):  # two views of one
        assert near(pixels_of(lab.locator("[data-role=map]")), expected.painted)
    opened.screenshot(path=exported.parent / "page.png", full_page=True)
    text = opened.locator("main").inner_text()
    assert lesson.map_size.prompt in text
    assert f"a) {lesson.map_size.choices[0].text} (your answer)" in text
    assert "IntSlider(value=7)" in text
    context.close()
    assert not complaints


HANDS = {
    "FilterLab": ("[data-row='0'][data-column='0']", "ArrowUp"),
    "ConvolutionStepper": ("[data-row='0'][data-column='0']", "ArrowUp"),
    "ShapeCalculator": ("input[type=number]", "ArrowUp"),
    "FilterBank": ("[data-row='0'][data-column='0']", "ArrowUp"),
    "PoolingStepper": ("[data-row='0'][data-column='0']", "ArrowUp"),
    "ShiftTest": ("[data-control=right]", "ArrowUp"),
    "ActivationExplorer": ("text=Tanh", "Enter"),
    "FilterMerge": ("[data-row='0'][data-column='0']", "ArrowUp"),
    "BendFitter": ("[data-control=bends]", "ArrowUp"),
    "SharedWeights": ("[data-row='0'][data-column='0']", "ArrowUp"),
    "NetworkBuilder": ("input", "ArrowUp"),
    "FilterTrainer": ("[data-row='0'][data-column='0']", "ArrowUp"),
}
"""What is touched, and by which key, in a widget whose arithmetic the browser knows."""

LOOK = """(widget) => widget.innerText + [...widget.querySelectorAll("canvas")]
  .map((one) => one.toDataURL()).join() + [...widget.querySelectorAll("input")]
  .map((one) => one.value).join() + [...widget.querySelectorAll("svg")]
  .map((one) => one.innerHTML).join()"""


@pytest.mark.needs("browser")
def test_every_widget_stands_in_the_page_and_those_with_a_twin_follow_the_hand(tmp_path, browser):
    gallery = Path(__file__).parents[2] / "notebooks" / "gallery.ipynb"
    page = export.export(gallery, tmp_path)
    complaints = []
    context = browser.new_context(offline=True, viewport={"width": 1200, "height": 1000})
    opened = context.new_page()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(page.as_uri())
    for name in sorted(set(widgets.__all__) - {"Predict", "Quiz"}):
        one = opened.locator(f"[data-widget={name}]")
        expect(one).to_be_visible()
        if name in HANDS:
            place, key = HANDS[name]
            before = one.evaluate(LOOK)
            one.locator(place).first.press(key)
            comes(lambda one, before: one.evaluate(LOOK) != before, True, one, before)
    context.close()
    assert not complaints


def near(found, expected):
    """Whether pixels are apart by a step of colour at the most."""
    return found.shape == expected.shape and bool(abs(found.astype(int) - expected).max() <= 9)


def test_what_was_saved_with_its_widgets_is_not_run_again(tmp_path):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELLS[0] + "\n" + CELLS[1])])
    NotebookClient(book).execute()
    book.cells[0].source = "1 / 0"
    nbformat.write(book, tmp_path / "saved.ipynb")
    page = export.export(tmp_path / "saved.ipynb", tmp_path)
    assert "data-cnnlab-model=" in page.read_text("utf-8")


def test_what_cannot_be_exported_is_said_in_words(tmp_path):
    broken = tmp_path / "broken.ipynb"
    broken.write_text("no notebook")
    with pytest.raises(DataError, match=r"broken\.ipynb cannot be read as a notebook"):
        export.export(broken, tmp_path)
    failing = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    nbformat.write(failing, tmp_path / "failing.ipynb")
    with pytest.raises(DataError, match=r"(?s)a cell ended in an error.*ZeroDivisionError"):
        export.export(tmp_path / "failing.ipynb", tmp_path)
    assert not (tmp_path / "failing.html").exists()
