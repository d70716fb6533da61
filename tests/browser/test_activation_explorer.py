"""ActivationExplorer in Chromium: hands on its curves, maps and bars; one test has a kernel."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from cnnlab import images
from cnnlab.widgets import ActivationExplorer
from tests.browser.exploring import MINUS, Hands
from tests.browser.mounting import sent
from tests.browser.reaching import nameless
from tests.browser.touching import without_kernel
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
LOPSIDED = np.random.default_rng(60).normal(size=(9, 14)).astype(np.float32)


hold = without_kernel(ActivationExplorer, Hands)


# -- The map --------------------------------------------------------------------------------------


def test_both_maps_are_those_of_python_whatever_is_set(hold):
    explorer = ActivationExplorer("relu", LOPSIDED)
    hands = hold("relu", LOPSIDED)
    hands.paints(explorer)
    for title in ("Sigmoid", "Tanh", "Leaky ReLU", "ELU", "Maxout"):
        hands.press(title)
        explorer.function = title.lower().replace(" ", "_")
        hands.paints(explorer, off_by=3)  # a step of colour where rounding decides
    hands.press("ReLU")
    explorer.function = "relu"
    hands.number("bias").fill("-0.75")
    explorer.bias = -0.75
    hands.paints(explorer)
    hands.control("preset").select_option("sobel_y")
    explorer.filter = "sobel_y"
    hands.paints(explorer)
    hands.press("Slope")
    expect(hands.after).to_have_attribute("aria-label", re.compile("^Slope: 7 rows, 12 columns"))
    hands.control("palette").select_option("night")
    explorer.view, explorer.palette = "slopes", "night"
    hands.paints(explorer)
    hands.control("palette").select_option("grey")
    explorer.palette = "grey"
    hands.paints(explorer)
    hands.press("Reset")
    hands.paints(ActivationExplorer("relu", LOPSIDED))
    hands.press("Undo")
    hands.paints(explorer)


def test_counts_and_shares_are_those_of_python(hold):
    explorer = ActivationExplorer("relu", LOPSIDED, bias=-0.5)
    hands = hold("relu", LOPSIDED, bias=-0.5)
    share = f"{100 * explorer.dead_share:.1f} %"
    expect(hands.role("verdict")).to_contain_text(
        f"Of 84 pixels {share} have output 0 and {share} slope 0 (dead here); slopes from 0 to 1."
    )
    expect(hands.role("verdict")).to_contain_text("The unit is alive")
    low, high = explorer.before.min(), max(explorer.before.max(), explorer.output.max())
    for name, values in (("before", explorer.before), ("after", explorer.output)):
        counts, _ = np.histogram(values.astype(np.float64), 64, (low, high))
        label = hands.widget.get_by_role("group", name=re.compile(f"^Histogram {name}"))
        most = f"{100 * counts.max() / counts.sum():.0f}"
        expect(label).to_have_attribute("aria-label", re.compile(rf"most pixels, {most} %"))
        drawn = label.locator("path.cnnlab-curve").get_attribute("d")
        heights = [float(y) for y in re.findall(r"[ML][\d.-]+,([\d.-]+)", drawn)][::2]
        assert int(np.argmin(heights)) == int(counts.argmax())
        assert len(heights) == 64
        assert [one == max(heights) for one in heights] == (counts == 0).tolist()


def test_zero_for_most_inputs_is_not_dead(hold):
    hands = hold("relu", [[-1, 0, 2]], filter=[[1]], bias=-1)
    expect(hands.role("verdict")).to_contain_text("66.7 % slope 0 (dead here)")
    expect(hands.role("verdict")).to_contain_text("The unit is alive")
    hands.number("bias").fill("-3")
    expect(hands.role("verdict")).to_contain_text("Dead on every one of 3 pixels")
    written = hands.after.locator("xpath=..").locator("svg text").all_text_contents()
    assert written == ["0", "0", "0"]


def test_the_bias_slider_kills_the_unit_for_every_pixel_and_for_every_picture(hold, keep):
    hands = hold("relu", "camera")
    slider = hands.control("bias-slider")
    expect(slider).to_have_attribute("min", "-5")
    verdict = hands.role("verdict")
    hands.number("bias").fill("-3.3")
    expect(verdict).to_contain_text("over 99.9 % slope 0 (dead here)")
    expect(verdict).to_contain_text("The unit is alive")
    hands.number("bias").fill("-3.5")
    expect(verdict).to_contain_text("Dead on every one of 260,100 pixels: slope 0")
    expect(verdict).to_contain_text(
        f"could give is 4 {MINUS} 3.5 = 0.5: another picture might wake it"
    )
    hands.keys(slider, "Home")
    expect(verdict).to_contain_text(f"4 {MINUS} 5 = {MINUS}1: no picture can wake it")
    expect(verdict).to_have_attribute("data-dead", "true")
    expect(hands.widget.locator(".cnnlab-spoken")).to_contain_text("Dead on every one")
    hands.paints(ActivationExplorer("relu", bias=-5), off_by=4)
    keep("activation_explorer_dead")
    hands.press("Leaky ReLU")
    expect(verdict).to_contain_text("0 % slope 0 (dead here); slopes from 0.1 to 0.1")
    hands.press("Undo")
    hands.press("Undo")
    hands.keys(slider, "End", "ArrowLeft")
    expect(hands.number("bias")).to_have_value("4.99")


def test_a_pixel_that_is_pointed_at_is_found_on_the_curve(hold):
    explorer = ActivationExplorer("leaky_relu", [[-2, 0.5], [1, 3]], filter=[[1]])
    hands = hold("leaky_relu", explorer.image, filter=[[1]])
    hands.after.hover(position={"x": 3, "y": 3})
    said = f"Pixel in row 0, column 0: {MINUS}2 before, {MINUS}0.2 after, slope 0.1."
    expect(hands.role("pixel")).to_have_text(said)
    note = hands.widget.get_by_role("group", name="Value").locator(".cnnlab-plot-note")
    expect(note).to_have_text("pixel")
    hands.before.focus()
    hands.page.keyboard.press("ArrowDown")
    expect(hands.role("pixel")).to_contain_text("Pixel in row 1, column 0: 1 before, 1 after")
    expect(hands.before.locator("xpath=..").locator(".cnnlab-over-line")).to_have_count(1)
    hands.page.keyboard.press("Escape")
    expect(note).to_have_count(0)


def test_a_filter_that_does_not_fit_is_said_and_nothing_breaks(hold):
    hands = hold("relu", [[1, 2], [3, 4]], filter=[[1]])
    hands.control("preset").select_option("sobel_x")
    expect(hands.widget.get_by_role("alert")).to_contain_text("The filter does not fit")
    hands.press("Undo")
    expect(hands.widget.get_by_role("alert")).to_be_hidden()
    hands.paints(ActivationExplorer("relu", [[1, 2], [3, 4]], filter=[[1]]))


# -- For everybody --------------------------------------------------------------------------------


def test_the_input_costs_the_map_nothing(hold):
    """What moves on the curve alone paints no picture again."""
    hands = hold("relu", LOPSIDED)
    hands.paints(ActivationExplorer("relu", LOPSIDED))
    painted = hands.after.get_attribute("data-frame")
    hands.keys(hands.handle("x"), *["ArrowRight"] * 5)
    expect(hands.handle("x")).to_have_attribute("aria-valuenow", "1.5")
    hands.page.evaluate("() => new Promise((go) => requestAnimationFrame(() => setTimeout(go)))")
    comes(lambda: hands.after.get_attribute("data-frame"), painted)
    assert sent(hands.page)[-1]["kind"] == "frame"


@pytest.mark.parametrize("function", ["maxout", "softmax"])
def test_everything_has_a_name_and_is_reached_with_a_visible_focus(hold, function):
    hands = hold(function, LOPSIDED)
    assert not nameless(hands.widget)
    seen, outlines = set(), set()
    for _ in range(60):
        hands.page.keyboard.press("Tab")
        here = hands.page.evaluate(
            """() => { const one = document.activeElement, look = getComputedStyle(one);
              return one.closest(".cnnlab") && [
                one.dataset.control || one.dataset.handle || one.getAttribute("aria-label")
                  || one.innerText,
                look.outlineStyle, look.outlineWidth]; }"""
        )
        if here is None:
            break
        seen.add(here[0].split(":")[0])
        outlines.add(tuple(here[1:]))
    wanted = {
        "maxout": {"sample", "ReLU", "x", "line 1 left", "line 2 right", "lines", "Add a line",
                   "bias-slider", "Slope", "palette", "preset", "Before", "After"},
        "softmax": {"score 0 0", "score 0 3", "logits-rows", "axis", "twice", "right"},
    }[function]  # fmt: skip
    assert wanted <= seen, wanted - seen
    assert outlines == {("solid", "2px")}


@pytest.mark.parametrize("function", ["leaky_relu", "maxout", "softmax"])
def test_nothing_sticks_out_from_480_to_1920_pixels(hold, keep, function):
    logits = np.zeros((3, 10))
    hands = hold(function, "camera", logits=logits)
    hands.widget.get_by_text("Which of the six squash").click()
    try:
        for width in (480, 1366, 1920):
            hands.page.set_viewport_size({"width": width, "height": 1100})
            hands.page.wait_for_function("() => document.body.offsetWidth > 0")
            keep(f"activation_explorer_{function}_{width}")
            sizes = hands.widget.evaluate("(one) => [one.scrollWidth, one.clientWidth]")
            assert sizes[0] <= sizes[1], width
    finally:
        hands.page.set_viewport_size({"width": 1400, "height": 1100})


# -- With a kernel --------------------------------------------------------------------------------


def test_page_and_python_follow_each_other_in_jupyterlab(open_notebook, server, keep):
    cell = "from cnnlab import widgets\nexplorer = widgets.ActivationExplorer()\nexplorer"
    notebook = open_notebook(server.write("activation_explorer.ipynb", cell))
    notebook.run_all()
    hands = Hands(notebook.panel)
    twin = ActivationExplorer()
    expect(hands.after).to_have_attribute("data-source", "kernel")
    hands.paints(twin)
    hands.press("Leaky ReLU")
    hands.keys(hands.handle("slope"), "Shift+ArrowDown")
    hands.number("bias").fill("-0.5")
    twin.function, twin.slope, twin.bias = "leaky_relu", 0.2, -0.5
    expect(hands.after).to_have_attribute("data-source", "kernel")
    hands.paints(twin)
    told = notebook.run("print(explorer.slope, explorer.bias, explorer.output.sum())")
    assert told.split() == ["0.2", "-0.5", str(twin.output.sum())]
    notebook.run("explorer.function = 'relu'; explorer.view = 'slopes'; explorer.x = -2")
    twin.function, twin.view = "relu", "slopes"
    hands.paints(twin)
    share = f"{round(100 * twin.dead_share, 1):g} % slope 0"
    expect(hands.role("verdict")).to_contain_text(share)
    assert notebook.run("print(explorer.dead_share)").strip() == str(twin.dead_share)
    expect(hands.handle("x")).to_have_attribute("aria-valuenow", "-2")
    twin.x = -2
    hands.press("Copy as code")
    expect(hands.widget.locator("pre")).to_have_text(twin.code())
    hands.press("Close")
    hands.control("sample").select_option("coins")
    twin.image = images.sample("coins")
    hands.paints(twin)
    notebook.run("explorer.logits = [[1, 2, 3]]; explorer.function = 'softmax'")
    table = hands.role("probabilities")
    expect(table).to_have_attribute("data-source", "kernel")
    hands.tells("row-0", 0.09, 0.245, 0.665, 1)
    try:
        for function in ("softmax", "maxout", "relu"):
            notebook.run(f"explorer.function = '{function}'; explorer.bias = -5")
            for theme in ("Dark", "Light"):
                name = f"JupyterLab {theme}"
                change = (
                    "(theme) => "
                    "window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
                )
                hands.page.evaluate(change, name)
                hands.page.wait_for_function(
                    "(name) => document.body.dataset.jpThemeName === name", arg=name
                )
                # JupyterLab complains where a theme comes before the splash of the last is gone.
                expect(hands.page.locator("#jupyterlab-splash")).to_have_count(0)
                keep(f"activation_explorer_{function}_{theme.lower()}")
                contrast = hands.widget.evaluate(CONTRAST)
                assert min(contrast.values()) >= 4.5, contrast
    finally:
        notebook.shut_down()
