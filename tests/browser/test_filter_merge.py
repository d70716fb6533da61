"""FilterMerge in Chromium: hands on it, and the pixels on its canvases; one test has a kernel."""

import re
import time
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from cnnlab import display
from cnnlab.widgets import FilterMerge
from tests.browser.jupyterlab import pixels_of, turn_to
from tests.browser.mounting import sent
from tests.browser.reaching import nameless, reached
from tests.browser.touching import WidgetHands, without_kernel
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

MINUS, TIMES, SPACE = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}", "\N{NO-BREAK SPACE}"
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
PICTURE = np.random.default_rng(40).random((24, 31)).astype(np.float32)
TITLES = {
    "middle": "Map between",
    "output": "Two filters",
    "merged_output": "One filter",
    "difference": "Difference",
}


class Hands(WidgetHands):
    """A lab on the page, as seen and as touched."""

    def __init__(self, within):
        super().__init__(within)
        self.words = self.role("words")
        self.pixel = self.role("pixel")
        self.merged = self.map("Merged filter")
        self.button = self.control("merge")

    def map(self, title):
        return self.widget.get_by_role("img", name=re.compile(f"^{title}"))

    def weight(self, which, row, column):
        weights = self.widget.get_by_role("grid", name=f"Weights of the {which} filter")
        return weights.locator(f"[data-row='{row}'][data-column='{column}']")

    def frames(self, title):
        """Left, top and width of what is drawn over a picture."""
        over = self.map(title).locator("xpath=..").locator(".cnnlab-over-line")
        return [
            [float(one.get_attribute(name)) for name in ("x", "y", "width")] for one in over.all()
        ]

    def paints(self, lab, off_by=9):
        """Wait until the maps are those of Python; `off_by`: one step of colour."""
        both = lab.merging or lab.between == "relu"
        deadline = time.monotonic() + 8
        limits = [display.limit_of(lab.output)]
        if both:
            limits.append(display.limit_of(lab.merged_output))
        for name, title in TITLES.items():
            shown = self.map(title)
            if not both and name in {"merged_output", "difference"}:
                expect(shown).to_be_hidden()
                continue
            values = getattr(lab, name)
            expect(shown).to_have_attribute("height", str(values.shape[0]))
            expect(shown).to_have_attribute("width", str(values.shape[1]))
            limit = None if name == "middle" else max(limits)
            expected = display.paint(values, limit=limit).astype(int)
            while abs(pixels_of(shown) - expected).max() > off_by:
                assert time.monotonic() < deadline, name
                self.page.wait_for_timeout(20)


hold = without_kernel(FilterMerge, Hands)


def test_two_filters_become_one_by_a_press_and_all_follows_the_hand(hold):
    lab = FilterMerge(PICTURE)
    hands = hold(PICTURE)
    hands.paints(lab)
    expect(hands.words).to_contain_text("Which one filter does the work of both?")
    expect(hands.merged).to_be_hidden()
    hands.press("Merge")
    lab.merging = True
    hands.paints(lab)
    expect(hands.words).to_contain_text(f"One 5{SPACE}{TIMES}{SPACE}5 filter does the work of both")
    hands.weight("first", 0, 2).fill("-2.5")
    lab.first = [[-1, 0, -2.5], [-2, 0, 2], [-1, 0, 1]]
    hands.paints(lab)
    hands.control("second-size").select_option("2")
    lab.second = [[0.25, 0.125], [0.125, 0.0625]]  # the middle stays where it is
    hands.paints(lab)
    label = hands.merged.get_attribute("aria-label")
    assert label.startswith(f"Merged filter, 4 by 4, row by row: {MINUS}0.25, ")
    hands.control("first-preset").select_option("Laplacian")
    lab.first = "laplacian"
    hands.paints(lab)
    hands.press("Take apart")
    lab.merging = False
    hands.paints(lab)
    for _ in range(5):
        hands.press("Undo")
    hands.paints(FilterMerge(PICTURE))
    hands.press("Redo")
    hands.press("Reset")
    hands.paints(FilterMerge(PICTURE))


def test_the_row_of_the_notes_is_an_example_and_merges_into_five_weights(hold):
    hands = hold([[0, 0, 1, 0, 0, 4]])
    expect(hands.widget.get_by_role("alert")).to_contain_text("The two filters do not fit")
    hands.control("pair").select_option(label=f"1 2 1, then 1 0 {MINUS}1")
    expect(hands.widget.get_by_role("alert")).to_be_hidden()
    expect(hands.control("first-size").locator("option:checked")).to_have_text(f"1 {TIMES} 3")
    hands.press("Merge")
    label = f"Merged filter, 1 by 5, row by row: 1, 2, 0, {MINUS}2, {MINUS}1"
    expect(hands.merged).to_have_attribute("aria-label", label)
    written = hands.merged.locator("xpath=..").locator("svg text").all_text_contents()
    assert written == ["1", "2", "0", f"{MINUS}2", f"{MINUS}1"]
    expect(hands.words).to_contain_text("The largest difference is 0")


def test_with_a_relu_between_merging_is_gone_and_the_difference_is_said_in_numbers(hold):
    lab = FilterMerge(PICTURE, between="relu")
    hands = hold(PICTURE)
    hands.press("ReLU")
    expect(hands.button).to_be_disabled()
    expect(hands.button).to_have_text("Merge")
    hands.paints(lab)
    words = hands.words.text_content().replace(SPACE, " ")
    largest = f"{np.abs(lab.difference).max():.4f}".rstrip("0")
    assert f"{round(100 * lab.differing, 1):g} % of the pixels differ, by up to {largest}." in words
    zeroed = round(100 * float((lab.middle == 0).mean()), 1)
    assert f"merging is gone: it sets {zeroed:g} % of the map between to zero" in words
    expect(hands.widget.locator(".cnnlab-spoken")).to_contain_text("merging is gone")
    hands.control("pair").select_option(label="A blur, then edges")
    expect(hands.words).to_contain_text("the first map has no number below zero")
    hands.press("Nothing")
    expect(hands.button).to_be_enabled()


def test_a_pixel_shows_what_it_has_seen_by_mouse_and_by_keys(hold):
    lab = FilterMerge(PICTURE, merging=True)
    hands = hold(PICTURE, merging=True)
    hands.map("One filter").focus()
    for key in ("ArrowUp", "Shift+ArrowLeft"):
        hands.page.keyboard.press(key)
    row, column = 20 // 2 - 1, 27 // 2 - 10
    said = f"Row {row}, column {column}: after both filters {lab.output[row, column]:.3f}".replace(
        "-", MINUS
    ).rstrip("0")
    expect(hands.pixel).to_contain_text(said)
    expect(hands.widget.locator(".cnnlab-spoken")).to_contain_text(said)
    (seen,) = hands.frames("The picture")
    assert seen == [column, row, 5]
    comes(lambda: hands.frames("Map between"), [[column, row, 3]])
    for title in ("Two filters", "One filter", "Difference"):
        comes(lambda title: len(hands.frames(title)), 1, title)
    hands.page.keyboard.press("Escape")
    expect(hands.pixel).to_contain_text("Point at a map")
    comes(lambda: hands.frames("The picture"), [])
    hands.map("Difference").hover()
    expect(hands.pixel).to_contain_text(re.compile(r"Row (9|10), column 13: "))


def test_a_frame_is_as_wide_on_the_screen_on_a_narrow_page(hold):
    hands = hold("camera", merging=True)
    hands.map("Difference").hover()
    comes(lambda: len(hands.frames("Difference")), 1)

    def frame():
        """Width of the frame around one pixel, and of the picture, in pixels of the screen."""
        [[_, _, width]] = hands.frames("Difference")
        across = hands.map("Difference").bounding_box()["width"]
        return width * across / int(hands.map("Difference").get_attribute("width")), across

    wide, across = frame()
    assert wide == pytest.approx(7, abs=0.1)
    hands.page.set_viewport_size({"width": 500, "height": 1100})
    comes(lambda: frame()[1] < across and round(frame()[0], 1), 7.0)


def test_a_picture_in_colour_is_seen_as_grey_and_offers_no_colours(hold):
    hands = hold(np.random.default_rng(41).random((12, 14, 3)), merging=True)
    expect(hands.control("colour")).to_be_hidden()
    expect(hands.map("Two filters")).to_have_attribute("width", "10")


def test_the_kernel_is_asked_with_all_settings_and_its_pictures_stay(hold):
    lab = FilterMerge(PICTURE, merging=True)
    hands = hold(PICTURE, merging=True)
    asked = sent(hands.page)[-1]
    assert asked["settings"]["between"] == "none"
    replies = []
    lab.send = lambda content, buffers=None: replies.append((content, buffers))
    lab._on_message(None, {**asked, "client": "page"}, [])
    ((content, (steps,)),) = replies
    answer = {key: value for key, value in content.items() if key not in {"client", "seq"}}
    reply = "([seq, answer, steps]) => window.lab.reply(seq, answer, steps)"
    hands.page.evaluate(reply, [asked["seq"], answer, list(steps)])
    expect(hands.map("Two filters")).to_have_attribute("data-source", "kernel")
    expect(hands.map("Difference")).to_have_attribute("data-source", "kernel")
    expect(hands.widget.get_by_role("alert")).to_be_hidden()
    hands.paints(lab)


# -- For everybody --------------------------------------------------------------------------------


def test_everything_has_a_name_and_is_reached_with_a_visible_focus(hold):
    hands = hold(PICTURE, merging=True)
    assert not nameless(hands.widget)
    seen, outlines = reached(hands.page)
    wanted = {"pair", "sample", "first-preset", "first-size", "second-preset", "Nothing", "ReLU",
              "merge", "palette", "limit", "row 1, column 1", "Two filters", "One filter",
              "Difference", "Copy as code", "Reset"}  # fmt: skip
    assert wanted <= seen
    assert outlines == {("solid", "2px")}


def test_nothing_sticks_out_from_480_to_1920_pixels(hold, keep):
    hands = hold("camera", "gaussian_5", "unsharp", between="relu")
    try:
        for width in (480, 700, 1366, 1920):
            hands.page.set_viewport_size({"width": width, "height": 1100})
            hands.page.wait_for_timeout(100)
            keep(f"filter_merge_{width}")
            sizes = hands.widget.evaluate("(one) => [one.scrollWidth, one.clientWidth]")
            assert sizes[0] <= sizes[1]
            inner = hands.widget.evaluate(
                """(lab) => [...lab.querySelectorAll(".cnnlab-merge-stage > *")].filter((part) =>
                  part.offsetParent && part.scrollWidth > part.clientWidth + 1).length"""
            )
            assert inner == 0, width
    finally:
        hands.page.set_viewport_size({"width": 1400, "height": 1100})


# -- With a kernel --------------------------------------------------------------------------------


def test_page_and_python_follow_each_other_in_jupyterlab(open_notebook, server, keep):
    cell = "from cnnlab import widgets\nlab = widgets.FilterMerge('camera')\nlab"
    notebook = open_notebook(server.write("filter_merge.ipynb", cell))
    notebook.run_all()
    hands = Hands(notebook.panel)
    two = hands.map("Two filters")
    expect(two).to_have_attribute("data-source", "kernel")
    hands.press("Merge")
    hands.weight("second", 1, 1).fill("-0.5")
    twin = FilterMerge("camera", merging=True)
    twin.second = [[0.0625, 0.125, 0.0625], [0.125, -0.5, 0.125], [0.0625, 0.125, 0.0625]]
    expect(hands.map("Difference")).to_have_attribute("data-source", "kernel")
    told = notebook.run("print(lab.merging, lab.second.tolist(), lab.differing)")
    assert told.strip() == f"True {twin.second.tolist()} 0.0"
    hands.paints(twin, off_by=0)
    notebook.run("lab.between = 'relu'; lab.first = 'laplacian'")
    twin.between, twin.first = "relu", "laplacian"
    expect(hands.button).to_be_disabled()
    expect(two).to_have_attribute("data-source", "kernel")
    hands.paints(twin)
    hands.press("Copy as code")
    expect(hands.widget.locator("pre")).to_have_text(twin.code())
    hands.press("Close")
    try:
        for theme in ("Dark", "Light"):
            turn_to(hands.page, theme)
            keep(f"filter_merge_{theme.lower()}")
            contrast = hands.widget.evaluate(CONTRAST)
            assert min(contrast.values()) >= 4.5, contrast
    finally:
        notebook.shut_down()
