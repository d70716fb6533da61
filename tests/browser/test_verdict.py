"""A verdict and its buttons as a learner meets them, and the map of the course."""

import pytest
from playwright.sync_api import expect

from cnnlab.exercises import filters as lesson

pytestmark = pytest.mark.needs("browser")

ANSWERING = [
    "from cnnlab import exercises, widgets\nfrom cnnlab.exercises import filters as lesson\n"
    "piece = __import__('cnnlab').images.sample('coins')[lesson.COIN]",
    lesson.finder.notebook_cell,
    "exercises.progress()",
    lesson.vertical_edges.notebook_cell,
]


@pytest.fixture(scope="module")
def answering(server, open_notebook):
    notebook = open_notebook(server.write("answering.ipynb", *ANSWERING))
    notebook.run_all()
    return notebook


def verdict_of(notebook):
    return notebook.panel.locator("[data-widget=Verdict]").first


def step(notebook, words):
    return verdict_of(notebook).get_by_role("button", name=words)


def test_a_verdict_gives_hints_one_at_a_time_and_no_solution_before_a_try(answering, keep):
    verdict = verdict_of(answering)
    expect(verdict).to_contain_text("Not yet. Put your answer where the ... is")
    expect(step(answering, "Solution")).to_be_hidden()
    step(answering, "Hint").click()
    expect(verdict.get_by_role("listitem")).to_have_text([lesson.finder.hints[0]])
    step(answering, "Next hint (2 of 3)").focus()
    answering.page.keyboard.press("Enter")
    expect(verdict.get_by_role("listitem")).to_have_text(list(lesson.finder.hints[:2]))
    answering.page.keyboard.press("Space")
    expect(verdict.get_by_role("listitem")).to_have_count(3)
    expect(step(answering, "hint")).to_be_hidden()
    expect(step(answering, "Try again")).to_be_focused()  # what had the focus is gone
    keep("verdict-hints")


def test_try_again_leads_back_to_the_blank_and_running_the_cell_shows_the_next_verdict(
    answering, keep
):
    step(answering, "Try again").click()
    answering.page.keyboard.type("piece")
    cell = answering.panel.locator(".jp-Cell:has([data-widget=Verdict])").first
    expect(cell.locator(".cm-content")).to_contain_text("weights = piecelesson.finder.check")
    answering.page.keyboard.press("Control+Enter")
    verdict = verdict_of(answering)
    expect(verdict).to_contain_text("Not quite. This is the piece as it is.")
    expect(verdict.get_by_role("listitem")).to_have_count(3)  # the hints of before
    step(answering, "Solution").click()
    expect(verdict.locator(".cnnlab-verdict-code")).to_have_text("weights = piece - piece.mean()")
    expect(step(answering, "Solution")).to_be_hidden()
    stored = answering.run(
        "from cnnlab.exercises.store import STORE\nprint(STORE.read(lesson.finder.key))"
    )
    assert "'solution_seen': True" in stored
    keep("verdict-solution")


def test_the_map_links_to_the_notebooks(answering, keep):
    link = answering.panel.get_by_role("link", name="01 Filters")
    expect(link).to_be_visible()
    assert "01_filters.ipynb" in (link.get_attribute("href") or "")
    link.scroll_into_view_if_needed()
    keep("map")


def test_a_verdict_whose_kernel_is_gone_says_so(answering):
    waiting = answering.panel.locator("[data-widget=Verdict]").last
    expect(waiting).to_contain_text("Not yet.")
    answering.shut_down()
    answering.page.wait_for_timeout(1000)
    waiting.get_by_role("button", name="Hint").click()
    expect(waiting).to_contain_text("The kernel is not responding", timeout=10_000)
