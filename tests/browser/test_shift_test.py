"""ShiftTest in Chromium: dragged by hand, counts by Python; one test has a kernel."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cnnlab import display
from cnnlab.widgets import ShiftTest
from cnnlab.widgets.shared.traits import Palette
from tests.browser.jupyterlab import pixels_of, turn_to
from tests.browser.mounting import mount, sent
from tests.browser.reaching import nameless, reached
from tests.browser.touching import WidgetHands, without_kernel
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
COUNT_FLASHES = """() => {
  const { animate } = Element.prototype;
  window.flashed = [];
  Element.prototype.animate = function (...how) {
    window.flashed.push(this.tagName.toLowerCase());
    return animate.apply(this, how);
  };
}"""
LOPSIDED = [[1, -9, 2, 5, 5.5], [0, 0, 3, 5, 1], [2, 4, -4, 1, 0]]


class Hands(WidgetHands):
    """A shift test on the page, as seen and as touched."""

    def __init__(self, within):
        super().__init__(within)
        self.picture = self.role("input")
        self.before = self.widget.locator("canvas[data-role=before]")
        self.after = self.widget.locator("canvas[data-role=after]")
        self.change = self.widget.get_by_role("img", name=re.compile("^Change"))
        self.where = self.role("where")
        self.harmless = self.role("harmless")
        self.marks = self.widget.locator(".cnnlab-shift-changed")

    def table(self, name):
        return self.widget.get_by_role("table", name=name).evaluate(
            """(table) => [...table.tBodies[0].rows].map(
              (row) => [...row.querySelectorAll("td")].map((cell) => cell.innerText))"""
        )

    def drag(self, right, down, steps=4):
        """Drag by whole pixels of the picture, and hold on to it."""
        box = self.picture.bounding_box()
        scale = box["width"] / int(self.picture.get_attribute("width"))
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + right * scale, y + down * scale, steps=steps)

    def shows(self, test):
        """Wait until pictures and counts are those of Python."""
        expect(self.change).to_have_attribute("height", str(test.after.shape[0]))
        self.page.wait_for_timeout(50)
        painted = display.paint(test.change, Palette.named(test.palette), test._limit())
        apart = pixels_of(self.change).astype(int) - painted
        assert abs(apart).max() <= (0 if test.kind == "max" else 9)
        white = max(1, float(test.image.max()))
        for canvas, array in ((self.picture, test.shifted), (self.before, test.before),
                              (self.after, test.after)):  # fmt: skip
            expected = display.photograph(array, white=white).astype(int)
            assert abs(pixels_of(canvas) - expected).max() <= 1
        for row, counts in zip(
            self.table("What this shift changes"), (test.pixels, test.cells, test.whole),
            strict=True,
        ):  # fmt: skip
            assert row[0] == f"{counts.changed:,} of {counts.cells:,}"
        eight = [row[0] for row in self.table("The eight shifts by one pixel")]
        assert eight == [f"{one.changed:,} of {one.cells:,}" for one in test.one_pixel_shifts]


hold = without_kernel(ShiftTest, Hands)


# -- The counts -----------------------------------------------------------------------------------


def test_pictures_and_counts_are_those_of_python_whatever_is_set(hold):
    test = ShiftTest("noise")
    hands = hold("noise")
    hands.shows(test)
    hands.control("right").fill("3")
    hands.control("down").fill("-2")
    test.right, test.down = 3, -2
    hands.shows(test)
    hands.control("window").fill("3")
    hands.control("stride").select_option("1")
    test.window, test.stride = 3, 1
    hands.shows(test)
    hands.press("Average")
    hands.control("palette").select_option("night")
    test.kind, test.palette = "average", "night"
    hands.shows(test)
    hands.press("Reset")
    hands.shows(ShiftTest("noise"))
    hands.press("Undo")
    hands.shows(test)


def test_a_photograph_is_counted_in_the_browser_too(hold):
    hands = hold("camera", right=1)
    hands.shows(ShiftTest("camera", right=1))
    comes(
        lambda: hands.table("What this shift changes")[1], ["34,060 of 65,536", "52.0 %", "0.0195"]
    )
    expect(hands.harmless).to_have_text("Of these 8 shifts, 0 change nothing.")


def test_of_eight_shifts_three_change_nothing_for_a_dot(hold):
    hands = hold()
    expect(hands.harmless).to_have_text("Of these 8 shifts, 3 change nothing.")
    table = hands.widget.get_by_role("table", name="The eight shifts by one pixel")
    expect(table.locator("tr[data-look=nothing]")).to_have_count(3)
    hands.press("Shift one pixel down and right")
    expect(hands.where).to_have_text("1 right, 1 down")
    expect(table.locator("tr[data-current=true]")).to_contain_text("0 of 16")
    comes(lambda: hands.table("What this shift changes"), [
        ["2 of 64", "3 %", "0.0313"], ["0 of 16", "0 %", "0"], ["0 of 1", "0 %", "0"],
    ])  # fmt: skip
    expect(hands.marks).to_have_count(0)


# -- The hand -------------------------------------------------------------------------------------


def test_it_is_dragged_by_whole_pixels_and_a_drag_is_one_step_of_undo(hold):
    hands = hold(LOPSIDED)
    hands.drag(1, 0)
    expect(hands.where).to_have_text("1 right")
    box = hands.picture.bounding_box()
    hands.page.mouse.move(box["x"] + box["width"] * 0.71, box["y"] - 20)
    expect(hands.where).to_contain_text("1 right, ")
    hands.page.mouse.up()
    moved = hands.where.text_content()
    hands.page.mouse.move(box["x"], box["y"])  # let go of
    comes(hands.where.text_content, moved)
    hands.press("Undo")
    expect(hands.where).to_have_text("where it was")
    hands.shows(ShiftTest(LOPSIDED))


def test_what_leaves_on_one_side_comes_in_on_the_other(hold):
    hands = hold(LOPSIDED)
    hands.control("right").fill("5")
    hands.shows(ShiftTest(LOPSIDED, right=5))
    hands.control("right").fill("0")
    hands.drag(4, -1)
    hands.page.mouse.up()
    expect(hands.where).to_have_text("1 left, 1 up")  # which is the same
    hands.shows(ShiftTest(LOPSIDED, right=4, down=-1))


def test_arrow_keys_shift_it_from_the_picture_and_from_the_buttons(hold):
    hands = hold("noise")
    hands.picture.focus()
    hands.page.keyboard.press("ArrowRight")
    hands.page.keyboard.press("ArrowUp")
    expect(hands.where).to_have_text("1 right, 1 up")
    hands.widget.get_by_role("button", name="Shift left", exact=True).focus()
    hands.page.keyboard.press("ArrowDown")
    expect(hands.where).to_have_text("1 right")
    expect(hands.widget.locator(".cnnlab-spoken")).to_contain_text(
        "1 right: 12 of 16 cells changed"
    )
    hands.press("Put back")
    expect(hands.where).to_have_text("where it was")
    hands.picture.focus()
    hands.page.keyboard.press("Shift+ArrowRight")
    expect(hands.where).to_have_text("2 right")  # ten, once around


def test_what_changed_is_flashed_and_marked_where_it_is_little(hold):
    hands = hold()
    hands.page.evaluate(COUNT_FLASHES)
    hands.press("Shift right")
    hands.page.wait_for_function("() => document.querySelector('[data-role=where]').innerText")
    expect(hands.marks).to_have_count(0)
    hands.press("Shift right")
    expect(hands.marks).to_have_count(2)
    comes(lambda: [hands.marks.nth(k).get_attribute("x") for k in (0, 1)], ["1", "2"])
    comes(lambda: hands.page.evaluate("window.flashed"), ["rect", "rect"])
    hands = hold("camera")
    hands.page.evaluate("() => { window.flashed = []; }")
    hands.press("Average")
    hands.press("Shift up")
    hands.page.wait_for_function("() => window.flashed.length")
    comes(
        lambda: hands.page.evaluate("window.flashed"), ["canvas"]
    )  # one veil, for the shift alone
    expect(hands.marks).to_have_count(0)


def test_who_asks_for_little_motion_is_flashed_nothing(browser):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    mount(page, ShiftTest("dot", right=1))
    hands = Hands(page.locator("body"))
    page.evaluate(COUNT_FLASHES)
    hands.press("Shift right")
    expect(hands.marks).to_have_count(2)
    assert page.evaluate("window.flashed") == []
    context.close()


# -- Pictures, what does not fit, wire ------------------------------------------------------------


def test_small_pictures_need_no_kernel_and_show_numbers_and_windows(hold):
    hands = hold("camera", right=7)
    windows = hands.widget.locator(".cnnlab-shift-window")
    expect(windows).to_have_count(0)
    hands.control("sample").select_option("dot")
    expect(windows).to_have_count(16)
    expect(hands.control("sample")).to_have_value("dot")
    hands.shows(ShiftTest("dot"))
    numbers = hands.after.locator("xpath=..").locator("svg text")
    comes(numbers.all_text_contents, ["0"] * 5 + ["1"] + ["0"] * 10)
    hands.control("stride").select_option("1")  # windows over each other are not drawn
    expect(windows).to_have_count(0)
    hands.press("Undo")
    hands.press("Undo")
    hands.shows(ShiftTest("camera", right=7))
    asked = sent(hands.page)[-1]
    assert asked["settings"]["right"] == 7


def test_a_drawing_is_shifted_when_it_is_done(hold):
    hands = hold("dot", right=2)
    hands.press("Draw")
    expect(hands.where).to_have_text("where it was")
    hands.picture.focus()
    for _ in range(8):
        hands.page.keyboard.press("ArrowRight")  # draws
    expect(hands.where).to_have_text("where it was")
    hands.press("Done")
    hands.picture.focus()
    hands.page.keyboard.press("ArrowRight")
    expect(hands.where).to_have_text("1 right")


def test_what_does_not_fit_is_said_and_mended(hold):
    hands = hold(LOPSIDED)
    notice = hands.widget.get_by_role("alert")
    hands.control("window").fill("4")
    expect(notice).to_have_text("The window does not fit in the picture; try a smaller window.")
    hands.press("Shift up")  # all else goes on
    hands.control("window").fill("3")
    expect(notice).to_be_hidden()
    hands.shows(ShiftTest(LOPSIDED, window=3, down=-1))


def test_the_kernels_counts_stay(hold):
    hands = hold("dot")
    (asked,) = sent(hands.page)
    one = {"changed": 7, "cells": 9, "by": 0.5}
    counts = {"pixels": one, "cells": one, "whole": one, "eight": [one] * 8}
    answer = {"height": 4, "width": 4, "low": 0, "high": 0, "limit": 1, "numbers": [0] * 16}
    reply = "([seq, answer]) => window.lab.reply(seq, answer, Array(16).fill(127))"
    hands.page.evaluate(reply, [asked["seq"], {**answer, "counts": counts}])
    expect(hands.change).to_have_attribute("data-source", "kernel")
    comes(lambda: hands.table("What this shift changes"), [["7 of 9", "78 %", "0.5000"]] * 3)


# -- For everybody --------------------------------------------------------------------------------


def test_everything_has_a_name_and_is_reached_with_a_visible_focus(hold):
    hands = hold()
    assert not nameless(hands.widget)
    seen, outlines = reached(hands.page)
    wanted = {"Average", "sample", "Upload", "Copy as code", "window", "stride", "palette",
              "The picture", "Shift up and left", "right", "down", "Put back",
              "Shift one pixel down and right"}  # fmt: skip
    assert wanted <= seen
    assert outlines == {("solid", "2px")}


@pytest.mark.parametrize("picture", ["dot", "rocket"])
def test_nothing_sticks_out_from_480_to_1920_pixels(hold, keep, picture):
    hands = hold(picture, right=1)
    try:
        for width in (480, 1366, 1920):
            hands.page.set_viewport_size({"width": width, "height": 1100})
            hands.page.wait_for_timeout(100)
            keep(f"shift_test_{picture}_{width}")
            sizes = hands.widget.evaluate("(one) => [one.scrollWidth, one.clientWidth]")
            assert sizes[0] <= sizes[1]
    finally:
        hands.page.set_viewport_size({"width": 1400, "height": 1100})


# -- With a kernel --------------------------------------------------------------------------------


def test_page_and_python_follow_each_other_in_jupyterlab(open_notebook, server, keep):
    cell = "from cnnlab import widgets\ntest = widgets.ShiftTest('coins')\ntest"
    notebook = open_notebook(server.write("shift_test.ipynb", cell))
    notebook.run_all()
    hands = Hands(notebook.panel)
    expect(hands.change).to_have_attribute("data-source", "kernel")
    test = ShiftTest("coins")
    hands.picture.scroll_into_view_if_needed()
    hands.drag(6, -4)
    hands.page.mouse.up()
    test.right, test.down = 6, -4
    hands.press("Average")
    test.kind = "average"
    expect(hands.change).to_have_attribute("data-source", "kernel")
    hands.shows(test)
    assert notebook.run("print(test.cells)").strip() == str(test.cells)
    hands.control("sample").select_option("astronaut")
    expect(hands.picture).to_have_attribute("height", "512")
    expect(hands.where).to_have_text("where it was")
    told = notebook.run("test.window, test.right = 8, 1; print(test)").strip()
    test.image = "astronaut"
    test.window, test.right = 8, 1
    assert told == repr(test)
    hands.shows(test)
    assert notebook.run("print(test.code())").strip() == test.code().strip()
    try:
        for theme in ("Dark", "Light"):
            turn_to(hands.page, theme)
            keep(f"shift_test_{theme.lower()}")
            contrast = hands.widget.evaluate(CONTRAST)
            assert min(contrast.values()) >= 4.5, contrast
    finally:
        notebook.shut_down()
