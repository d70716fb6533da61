"""Presenting: one idea a screen, widgets live, by keyboard, from JupyterLab itself."""

import re
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

import cnnlab
from tests.browser.conftest import ARTEFACTS
from tests.browser.jupyterlab import TOKEN, Server

pytestmark = pytest.mark.needs("browser")

PRESENT = Path(cnnlab.__file__).parent / "jupyter" / "present"
CELLS = [
    ("markdown", "# First idea"),
    ("code", "from cnnlab import widgets\nprint('ready')"),
    ("markdown", "# Second idea"),
    ("code", "lab = widgets.FilterLab('camera', filter='laplacian')\nlab"),
    ("markdown", "# Third idea"),
    ("code", "print('sum of the weights', lab.filter.sum().round(3))"),
    ("markdown", "# A long one\n\n" + "\n\n".join(f"line {number}" for number in range(80))),
]


@pytest.fixture(scope="module")
def presenting(tmp_path_factory):
    option = f"--LabApp.extra_labextensions_path={PRESENT}"
    with Server(tmp_path_factory.mktemp("present"), "lab", option) as server:
        yield server


@pytest.fixture(scope="module")
def opened(presenting, browser):
    """A talk, opened once."""
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    book = nbformat.v4.new_notebook(
        cells=[make[kind](text) for kind, text in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(book, presenting.notebooks / "talk.ipynb")
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{presenting.address}/lab/tree/talk.ipynb?reset&token={TOKEN}")
    expect(page.locator(".cnnlab-talk-place")).to_have_text("1 / 4", timeout=60_000)
    yield page
    page.evaluate("window.jupyterapp.shell.currentWidget?.sessionContext?.shutdown()")
    page.close()
    assert not errors


@pytest.fixture
def talk(opened):
    """The talk at its first screen."""
    opened.evaluate("document.activeElement?.blur()")
    opened.keyboard.press("Home")
    expect(opened.locator(".cnnlab-talk-place")).to_have_text("1 / 4")
    return opened


def on_screen(page, text):
    expect(page.locator(".jp-Cell:visible", has_text=text)).to_have_count(1)


def off_screen(page, *texts):
    for text in texts:
        expect(page.locator(".jp-Cell:visible", has_text=text)).to_have_count(0)


def test_a_screen_shows_one_idea_and_runs_its_cells_as_it_comes(talk):
    on_screen(talk, "First idea")
    on_screen(talk, "ready")
    off_screen(talk, "Second idea", "Third idea")
    talk.keyboard.press("ArrowRight")
    on_screen(talk, "Second idea")
    off_screen(talk, "First idea", "Third idea")
    expect(talk.locator("[data-widget=FilterLab] canvas").first).to_be_visible()
    ARTEFACTS.mkdir(exist_ok=True)
    talk.screenshot(path=ARTEFACTS / "present.png")
    talk.keyboard.press("ArrowLeft")
    on_screen(talk, "First idea")


def test_the_keys_of_a_widget_are_its_own_and_a_clicker_turns_all_the_same(talk):
    talk.keyboard.press("ArrowRight")
    lab = talk.locator("[data-widget=FilterLab]")
    expect(lab.locator("canvas").first).to_be_visible()
    lab.get_by_role("button", name="Copy as code").focus()
    talk.keyboard.press("ArrowRight")
    on_screen(talk, "Second idea")
    for _ in range(4):  # the lab is longer than the screen
        talk.keyboard.press("PageDown")
        talk.wait_for_timeout(100)
    off_screen(talk, "First idea", "Second idea")


def test_a_widget_is_live_and_what_is_set_there_holds_on_the_next_screen(talk):
    talk.keyboard.press("ArrowRight")
    lab = talk.locator("[data-widget=FilterLab]")
    lab.locator("select").nth(1).select_option(label="Box blur 3")
    talk.evaluate("document.activeElement?.blur()")
    talk.keyboard.press("ArrowRight")
    talk.locator(".cm-content:visible").click()
    talk.keyboard.press("Control+Enter")  # a cell can be run again, and changed, as ever
    shown = talk.locator(".jp-OutputArea-output:visible", has_text="sum of the weights")
    expect(shown).to_have_text(re.compile("sum of the weights 1.0"))
    talk.keyboard.press("Escape")


def test_the_code_of_a_widget_is_hidden_until_it_is_asked_for(talk):
    talk.keyboard.press("ArrowRight")
    expect(talk.locator("[data-widget=FilterLab]")).to_be_visible()
    code = talk.locator(".jp-Cell-inputWrapper:visible", has_text="FilterLab")
    expect(code).to_have_count(0)
    talk.keyboard.press("c")
    expect(code).to_have_count(1)
    talk.keyboard.press("c")
    expect(code).to_have_count(0)


def test_a_jump_to_the_end_runs_what_lies_between_and_a_long_screen_is_scrolled_first(talk):
    talk.keyboard.press("End")
    on_screen(talk, "A long one")
    expect(talk.locator(".cnnlab-talk-place")).to_have_text("4 / 4")
    talk.keyboard.press("ArrowLeft")
    expect(
        talk.locator(".jp-OutputArea-output:visible", has_text="sum of the weights")
    ).to_be_visible()
    talk.keyboard.press("End")
    last = talk.get_by_text("line 79")
    expect(last).not_to_be_in_viewport()
    for _ in range(8):
        talk.keyboard.press("PageDown")
    expect(last).to_be_in_viewport()


def test_the_text_is_big(talk):
    size = "(one) => parseFloat(getComputedStyle(one).fontSize)"
    assert talk.locator(".jp-RenderedMarkdown h1:visible").first.evaluate(size) >= 32
    assert talk.locator(".cm-content:visible").first.evaluate(size) >= 17
