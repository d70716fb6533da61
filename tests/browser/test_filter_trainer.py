"""FilterTrainer in Chromium: a real widget answers its mounted page, step by step."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from cnnlab.widgets import FilterTrainer
from tests.browser.jupyterlab import READY
from tests.browser.mounting import mount, play, sent, turn_up
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

NOISE = np.random.default_rng(3).random((12, 15)).astype(np.float32)


def opened(page, widget):
    mount(page, widget)
    play(page, widget)
    expect(now(page)).to_contain_text("0 steps, loss")
    return page.locator(".cnnlab")


def now(page):
    return page.locator("[data-role=now]")


def weights(page):
    cells = page.get_by_role("grid", name="Weights of the filter").locator("input")
    return [float(cell.get_attribute("title")) for cell in cells.all()]


def test_played_the_numbers_walk_to_the_wish_and_undo_takes_the_play_back(blank):
    widget = FilterTrainer(NOISE, "sobel_x", seed=1)
    first = widget.filter.copy()
    view = opened(blank, widget)
    view.locator("[data-control=play]").click()
    comes(lambda: np.abs(weights(blank) - widget.wish.ravel()).max() < 0.05, True)
    blank.evaluate('window.lab.fire("msg:custom", { do: "pause" }, [])')  # as from Python
    expect(view.locator("[data-control=play]")).to_have_text("Play")
    comes(lambda: np.allclose(weights(blank), widget.filter.ravel(), atol=1e-6), True)
    painted = view.locator("canvas[data-role=map]").first
    expect(painted).to_have_attribute("data-source", "kernel")  # while it played, the browser's
    view.get_by_role("button", name="Undo").click()
    comes(lambda: np.allclose(weights(blank), first.ravel(), atol=1e-6), True)


def test_a_hand_may_change_a_weight_while_it_plays(blank):
    widget = FilterTrainer(NOISE, "sobel_x", seed=1)
    view = opened(blank, widget)
    view.locator("[data-control=play]").click()
    expect(now(blank)).to_contain_text(re.compile(r"\b1\d steps"))
    turn_up(blank, times=50)  # by five
    comes(lambda: np.abs(weights(blank) - widget.wish.ravel()).max() > 2, True)
    comes(lambda: np.abs(weights(blank) - widget.wish.ravel()).max() < 0.05, True)
    view.locator("[data-control=play]").click()
    comes(lambda: np.allclose(weights(blank), widget.filter.ravel(), atol=1e-6), True)
    assert max(widget.losses[12:]) > widget.losses[9]  # it was taken from where the hand had put it
    expect(view.get_by_text("picture and the kernel's differ")).to_have_count(0)


def test_one_step_is_one_request_and_shows_the_gradient_beside_the_numbers(blank):
    widget = FilterTrainer(NOISE, "sobel_x")
    view = opened(blank, widget)
    signs = ["↓" if slope > 0 else "↑" for slope in widget.gradient.ravel()]
    grid = view.get_by_role("grid", name="Weights of the filter")
    shown = "(all) => all.map((one) => one.dataset.sign)"
    comes(lambda: grid.locator("[data-sign]").evaluate_all(shown), signs)
    view.locator("[data-control=step]").press("Enter")
    expect(now(blank)).to_contain_text("1 step,")
    assert [one["times"] for one in sent(blank, "steps")] == [1]
    assert widget.steps == 1


def test_a_rate_that_is_too_high_stops_with_the_sentence_that_says_so(blank):
    widget = FilterTrainer(NOISE, "sobel_x")
    view = opened(blank, widget)
    slide = view.locator("[data-control=learning_rate]")
    expect(slide).to_have_attribute("aria-valuetext", re.compile(r"\d"))
    slide.press("End")
    expect(view.locator("[data-role=rule]")).to_contain_text("they run away")
    view.locator("[data-control=play]").press("Enter")
    expect(view.get_by_text(re.compile("the numbers ran away"))).to_be_visible()
    expect(view.locator("[data-control=play]")).to_have_text("Play")
    assert np.isfinite(widget.filter).all()


def test_new_numbers_begin_anew(blank):
    widget = FilterTrainer(NOISE, "sobel_x")
    view = opened(blank, widget)
    view.locator("[data-control=step]").click()
    expect(now(blank)).to_contain_text("1 step,")
    view.locator("[data-control=restart]").click()
    expect(now(blank)).to_contain_text("0 steps, loss")
    comes(lambda: np.allclose(weights(blank), widget.filter.ravel(), atol=1e-6), True)
    assert widget.seed == 1


def test_without_a_kernel_the_hand_still_changes_the_map_and_play_says_what_is_missing(blank):
    widget = FilterTrainer(NOISE, "sobel_x")
    mount(blank, widget, "gone")
    view = blank.locator(".cnnlab")
    expect(now(blank)).to_contain_text(re.compile(r"0 steps, loss \d"))
    before = now(blank).inner_text()
    view.locator("[data-row='0'][data-column='0']").first.press("ArrowUp")
    expect(now(blank)).not_to_have_text(before)
    loss = float(now(blank).inner_text().split("loss ")[1])
    changed = widget.filter.copy()
    changed[0, 0] = np.round(changed[0, 0] + 0.1, 4)
    assert loss == pytest.approx(FilterTrainer(NOISE, "sobel_x", filter=changed).loss, rel=1e-3)
    view.locator("[data-control=play]").click()
    expect(view.get_by_text("The steps are computed by the kernel.")).to_be_visible()
    expect(view.locator("[data-control=play]")).to_have_text("Play")


def test_a_wish_larger_than_the_filter_gives_both_sides_the_same_map(blank):
    widget = FilterTrainer(NOISE, "gaussian_5", size=2)
    view = opened(blank, widget)
    size = (
        view.locator("[data-role=map-figure]")
        .filter(has_text="Map")
        .get_by_text(re.compile("^8 . 11$"))
    )
    expect(size).to_be_visible()
    view.locator("[data-row='0'][data-column='0']").first.press("ArrowUp")
    comes(lambda: len(sent(blank)), 2)
    expect(view.get_by_text("picture and the kernel's differ")).to_have_count(0)


def test_a_wish_is_painted_by_mouse_and_keys_and_played(blank, keep):
    widget = FilterTrainer("camera", "sobel_x")
    view = opened(blank, widget)

    def painted(look):
        blank.evaluate("1")  # the page is heard meanwhile
        return look(widget.painted)

    view.locator("[data-control=wish]").select_option("painted")
    comes(painted, (48, 48), lambda cells: cells.shape)
    wish = view.locator("[data-role=wish]")
    box = wish.bounding_box()
    blank.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.5)
    blank.mouse.down()
    blank.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.5, steps=30)
    blank.mouse.up()
    comes(painted, [1] * 20, lambda cells: list(cells[24, 14:34]))
    view.get_by_role("button", name=re.compile("^Paint [^01]1")).click()
    wish.press("ArrowDown")
    comes(painted, -1, lambda cells: min(cells[25]))
    keep("painted-wish")
    before = widget.loss
    view.locator("[data-control=play]").click()
    comes(painted, True, lambda _: widget.steps > 20 and widget.loss < before)
    view.locator("[data-control=play]").click()
    expect(view.get_by_text("picture and the kernel's differ")).to_have_count(0)
    view.get_by_role("button", name="Undo").click()  # the play
    view.get_by_role("button", name="Undo").click()  # the key
    comes(painted, False, lambda cells: -1 in cells)
    view.locator("[data-control=wish]").select_option("sobel_y")
    expect(view.locator(".cnnlab-wish-brush")).to_be_hidden()
    comes(painted, (0, [-1, -2, -1]), lambda cells: (cells.size, widget.wish[0].tolist()))


# -- With a kernel --------------------------------------------------------------------------------

INTERRUPT = """async () => {
  const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
  for (let k = 0; k < 3; k++) {
    await kernel.interrupt();
    await new Promise((go) => setTimeout(go, 100));
  }
}"""


def test_a_walk_survives_an_interrupt_its_cell_and_its_page(open_notebook, server):
    show = "from cnnlab import widgets\ntrainer = widgets.FilterTrainer('camera')\ntrainer"
    name = server.write("filter_trainer.ipynb", show, "trainer")
    notebook = open_notebook(name)
    notebook.run_all()
    page = notebook.page
    first, again = (
        notebook.panel.locator("[data-widget=FilterTrainer]").nth(place) for place in (0, 1)
    )

    def steps():
        return int(notebook.run("print(trainer.steps)"))

    expect(first.locator("[data-role=now]")).to_contain_text("0 steps")
    first.locator("[data-control=play]").click()
    comes(lambda: steps() > 5, True)
    page.evaluate(INTERRUPT)
    if first.locator("[data-control=play]").text_content() == "Play":  # it came amid a step
        first.locator("[data-control=play]").click()
    before = steps()
    comes(lambda: steps() > before, True)

    # Both views show one walk, and either can end it.
    expect(again.locator("[data-control=play]")).to_have_text("Pause")
    again.locator("[data-control=play]").click()
    expect(first.locator("[data-control=play]")).to_have_text("Play")
    done = steps()
    expect(first.locator("[data-role=now]")).to_contain_text(f"{done} steps")
    expect(again.locator("[data-role=now]")).to_contain_text(f"{done} steps")
    assert notebook.run("print(len(trainer.losses) == trainer.steps)").strip() == "True"

    # A page that is opened again finds the kernel, and the cell shows where the walk stands.
    page.reload()
    page.wait_for_function(READY, timeout=60_000)
    notebook.run("1")
    notebook.rewrite("trainer", "trainer ")
    shown = notebook.panel.locator("[data-widget=FilterTrainer]").last
    expect(shown.locator("[data-role=now]")).to_contain_text(f"{done} steps")
    assert steps() == done
