"""PoolingStepper in Chromium: hands on it, numbers by hand; one test has a kernel."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from cnnlab import display
from cnnlab.widgets import PoolingStepper
from cnnlab.widgets.shared.traits import Palette
from tests.browser.jupyterlab import pixels_of, turn_to
from tests.browser.mounting import mount, sent
from tests.browser.reaching import nameless, reached
from tests.browser.touching import WidgetHands, without_kernel
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

MINUS = "\N{MINUS SIGN}"
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
COUNT_FLASHES = """() => {
  const { animate } = Element.prototype;
  window.flashed = 0;
  Element.prototype.animate = function (...how) {
    window.flashed += 1;
    return animate.apply(this, how);
  };
}"""
DOT, TIMES = "\N{BLACK CIRCLE}", "\N{MULTIPLICATION SIGN}"
LOPSIDED = [[1, 9, 2, 5, 5], [0, 0, 3, 5, 1], [2, 4, 4, 1, 0]]


class Hands(WidgetHands):
    """A stepper on the page, as seen and as touched."""

    def __init__(self, within):
        super().__init__(within)
        self.output = self.widget.get_by_role("img", name=re.compile("^Output"))
        self.gradient = self.widget.get_by_role("img", name=re.compile("^Gradient"))
        self.words = self.role("words")
        self.sums = self.role("sums")
        self.moved = self.role("moved")
        self.step = self.role("step")

    def number(self, row, column, grid="Numbers"):
        cells = self.widget.get_by_role("grid", name=grid)
        return cells.locator(f"[data-row='{row}'][data-column='{column}']")

    def signs(self):
        """What stands in the corner of each number: who won, and how often."""
        return self.widget.get_by_role("grid", name="Numbers").evaluate(
            """(grid) => [...grid.querySelectorAll("[role=row]")]
              .map((row) => [...row.querySelectorAll("[data-sign]")].map((one) => one.dataset.sign))
              .filter((row) => row.length)"""
        )

    def written(self, picture):
        """The numbers over a picture."""
        return picture.locator("xpath=..").locator("svg text").all_text_contents()

    def paints(self, stepper):
        """Wait until the map is the one of Python."""
        backward = stepper.mode == "backward"
        shown = stepper.gradient if backward else stepper.output
        limit = max(np.abs(part).max() for part in (shown, stepper._given()))
        picture = self.gradient if backward else self.output
        expect(picture).to_have_attribute("height", str(shown.shape[0]))
        self.page.wait_for_timeout(40)
        expected = display.paint(shown, Palette.named(stepper.palette), limit)
        assert (pixels_of(picture) == expected).all()


hold = without_kernel(PoolingStepper, Hands)


# -- Forward --------------------------------------------------------------------------------------


def test_the_output_is_that_of_python_whatever_is_set(hold):
    stepper = PoolingStepper(LOPSIDED, stride=1)
    hands = hold(LOPSIDED, stride=1)
    hands.paints(stepper)
    hands.control("window").fill("3")
    hands.control("padding").fill("1")
    stepper.window, stepper.padding = 3, 1
    hands.paints(stepper)
    hands.press("Average")
    stepper.kind = "average"
    hands.paints(stepper)
    hands.control("stride").select_option("as the window")
    stepper.stride = None
    hands.paints(stepper)
    hands.number(0, 1).fill("-2.5")
    stepper.numbers = [[1, -2.5, *LOPSIDED[0][2:]], *LOPSIDED[1:]]
    hands.paints(stepper)
    hands.control("palette").select_option("night")
    hands.press("Backward")
    stepper.palette, stepper.mode = "night", "backward"
    hands.paints(stepper)
    for _ in range(7):
        hands.press("Undo")
    hands.paints(PoolingStepper(LOPSIDED, stride=1))
    hands.control("window").fill("3")
    hands.press("Reset")
    hands.paints(PoolingStepper(LOPSIDED, stride=1))


def test_who_won_is_seen_and_how_often(hold):
    hands = hold([[1, 9, 2], [0, 0, 0]], stride=1)
    comes(hands.signs, [["", f"{TIMES}2", ""], ["", "", ""]])
    hands.press("Average")
    comes(hands.signs, [["", "", ""], ["", "", ""]])


def test_numbers_that_no_window_reaches_are_hatched(hold):
    hands = hold(np.ones((3, 5)), window=1, stride=2)
    skipped = hands.widget.locator("[data-look=skipped]")
    expect(skipped).to_have_count(15 - 6)
    background = skipped.first.locator("input").evaluate(
        "(one) => getComputedStyle(one).background"
    )
    assert "gradient" in background
    hands.number(1, 0).focus()
    expect(hands.words).to_have_text("Number in row 1, column 0: no window reaches it.")


def test_pointing_works_both_ways(hold):
    hands = hold([[1, 9, 2], [0, 3, 3]], stride=1)
    hands.output.focus()
    hands.page.keyboard.press("ArrowLeft")
    said = "Output in row 0, column 0: the largest of 1, 9, 0, 3 is 9 from row 0, column 1."
    expect(hands.words).to_have_text(said)
    expect(hands.widget.locator(".cnnlab-spoken")).to_have_text(said)
    frames = hands.widget.get_by_role("grid", name="Numbers").locator(".cnnlab-over-line")
    expect(frames).to_have_count(2)  # the window and the winner
    comes(lambda: [frames.nth(0).get_attribute(name) for name in ("x", "width")], ["0", "2"])
    comes(lambda: [frames.nth(1).get_attribute(name) for name in ("x", "width")], ["1.05", "0.9"])
    hands.number(1, 1).focus()
    expect(hands.words).to_have_text("Number in row 1, column 1 lies under 2 windows; wins in 0.")
    over = hands.output.locator("xpath=..")
    expect(over.locator(".cnnlab-pool-idle")).to_have_count(2)
    hands.number(0, 1).hover()
    expect(hands.words).to_have_text("Number in row 0, column 1 lies under 2 windows; wins in 2.")
    expect(over.locator(".cnnlab-over-line")).to_have_count(2)


def test_equal_winners_and_averages_are_told_in_words(hold):
    hands = hold([[7, 7], [7, 7]], padding=1)
    hands.press("Next window")
    words = "Output in row 0, column 0: the largest of 7 is 7 from row 0, column 0."
    expect(hands.words).to_have_text(words)
    hands.control("padding").fill("0")
    first = "the largest of 7, 7, 7, 7 is 7 from row 0, column 0, the first of 4 equal ones."
    expect(hands.words).to_contain_text(first)
    hands.press("Average")
    hands.control("padding").fill("1")
    expect(hands.words).to_have_text(
        "Output in row 0, column 0: (7 + 3 zeros of padding) / 4 = 1.75."
    )


# -- Steps ----------------------------------------------------------------------------------------


def test_the_output_fills_in_step_by_step(hold):
    hands = hold(LOPSIDED, stride=1)
    later = hands.output.locator("xpath=..").locator(".cnnlab-pool-later")
    expect(hands.step).to_have_text("all 8 windows")
    expect(later).to_have_count(0)
    hands.press("Next window")
    expect(hands.step).to_have_text("window 1 of 8")
    expect(later).to_have_count(7)
    comes(lambda: hands.signs()[0], ["", DOT, "", "", ""])
    hands.press("Next window")
    comes(lambda: hands.signs()[0], ["", f"{TIMES}2", "", "", ""])
    slider = hands.control("step")
    slider.focus()
    hands.page.keyboard.press("End")
    expect(later).to_have_count(0)
    hands.page.keyboard.press("ArrowLeft")
    expect(hands.step).to_have_text("window 7 of 8")
    expect(hands.words).to_contain_text("Output in row 1, column 2: ")
    hands.press("One window back")
    expect(later).to_have_count(2)
    hands.control("stride").select_option("2")  # fewer windows than steps were done
    expect(hands.step).to_have_text("window 2 of 2")
    hands.press("Show all")
    expect(hands.step).to_have_text("all 2 windows")


def test_it_plays_to_the_end_and_can_be_halted(browser):
    context = browser.new_context()
    page = context.new_page()
    page.clock.install(time=0)
    page.goto("about:blank")
    page.clock.pause_at(1000)
    mount(page, PoolingStepper(LOPSIDED, stride=1))
    hands = Hands(page.locator("body"))
    page.clock.run_for(100)
    hands.press("Play")
    expect(hands.step).to_have_text("window 1 of 8")
    page.clock.run_for(1500)
    expect(hands.step).to_have_text("window 3 of 8")
    hands.press("Pause")
    page.clock.run_for(3000)
    expect(hands.step).to_have_text("window 3 of 8")
    hands.press("Play")
    page.clock.run_for(9000)
    expect(hands.step).to_have_text("window 8 of 8")
    expect(hands.widget.get_by_role("button", name="Play")).to_be_visible()
    hands.press("Play")
    page.evaluate("window.lab.close()")
    page.clock.run_for(3000)  # nothing beats any more, or the page would complain
    context.close()


def test_who_asks_for_little_motion_steps_and_is_flashed_nothing(browser):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    mount(page, PoolingStepper(LOPSIDED))
    hands = Hands(page.locator("body"))
    expect(hands.widget.get_by_role("button", name="Play")).to_be_hidden()
    hands.press("Next window")
    expect(hands.step).to_have_text("window 1 of 2")
    page.evaluate(COUNT_FLASHES)
    hands.press("Shift right")
    expect(hands.widget.locator(".cnnlab-shift-changed")).to_have_count(2)
    assert page.evaluate("window.flashed") == 0
    context.close()


# -- Shifts ---------------------------------------------------------------------------------------


def test_a_shift_tells_and_shows_what_changed(hold):
    lone = np.zeros((2, 8))
    lone[0, 2] = 9
    hands = hold(lone)
    hands.page.evaluate(COUNT_FLASHES)
    hands.press("Shift right")
    expect(hands.number(0, 3)).to_have_value("9")
    expect(hands.moved).to_contain_text("0 of 4 outputs changed.")
    hands.press("Shift right")
    expect(hands.moved).to_contain_text("2 of 4 outputs changed.")
    changed = hands.output.locator("xpath=..").locator(".cnnlab-shift-changed")
    expect(changed).to_have_count(2)
    comes(lambda: [changed.nth(k).get_attribute("x") for k in (0, 1)], ["1", "2"])
    comes(lambda: hands.page.evaluate("window.flashed"), 2)
    expect(hands.widget.locator(".cnnlab-spoken")).to_contain_text("2 of 4 outputs changed")
    hands.number(1, 1).fill("3")  # another change: the marks were about the one before
    expect(changed).to_have_count(0)
    expect(hands.moved).to_be_empty()
    hands.press("Undo")
    hands.press("Undo")
    expect(hands.number(0, 3)).to_have_value("9")


def test_of_eight_shifts_three_change_nothing_for_a_lone_pixel_and_none_for_noise(
    hold,
):
    lone = np.zeros((8, 8))
    lone[2, 1] = 1
    hands = hold(lone)
    hands.press("Shift right")
    expect(hands.moved).to_contain_text("3 of 8 shifts change nothing: → ↓ ↘.")
    hands = hold(np.random.default_rng(0).random((8, 8)))
    hands.press("Shift down and left")
    expect(hands.moved).to_contain_text("From here, 0 of 8 shifts change nothing.")


def test_arrow_keys_shift_in_a_circle_or_let_zeros_in(hold):
    hands = hold([[1, 2], [3, 4]])
    hands.widget.get_by_role("button", name="Shift left", exact=True).focus()
    hands.page.keyboard.press("ArrowDown")
    expect(hands.number(0, 0)).to_have_value("3")
    hands.control("wrap").uncheck()
    hands.widget.get_by_role("button", name="Shift left", exact=True).focus()
    hands.page.keyboard.press("ArrowRight")
    expect(hands.number(0, 0)).to_have_value("0")
    expect(hands.number(0, 1)).to_have_value("3")


# -- Backward -------------------------------------------------------------------------------------


def test_two_windows_that_share_a_winner_add_up(hold):
    hands = hold([[1, 9, 2], [0, 0, 0]], stride=1, mode="backward", upstream=[[3, 4]])
    hands.paints(
        PoolingStepper([[1, 9, 2], [0, 0, 0]], stride=1, mode="backward", upstream=[[3, 4]])
    )
    comes(lambda: hands.written(hands.gradient), ["0", "7", "0", "0", "0", "0"])
    expect(hands.sums).to_have_text("From above 7, to the numbers 7: nothing is lost.")
    hands.number(0, 1).focus()
    expect(hands.words).to_have_text("Number in row 0, column 1 gets 3 + 4 = 7.")
    hands.number(0, 1, "Gradient from above").focus()
    expect(hands.words).to_have_text(
        "Output in row 0, column 1: all of 4 flows back to the winner, 9 from row 0, column 1."
    )
    hands.number(0, 0).focus()
    expect(hands.words).to_contain_text("gets 0, for it wins in no window.")
    hands.number(0, 1, "Gradient from above").fill("-5")
    expect(hands.sums).to_contain_text(f"From above {MINUS}2, to the numbers {MINUS}2")


def test_the_gradient_adds_up_step_by_step(hold):
    hands = hold([[1, 9, 2], [0, 0, 0]], stride=1, mode="backward", upstream=[[3, 4]])
    hands.press("Next window")
    comes(lambda: hands.written(hands.gradient)[1], "3")
    expect(hands.sums).to_contain_text("From above 3, to the numbers 3")
    hands.press("Next window")
    comes(lambda: hands.written(hands.gradient)[1], "7")


def test_an_average_shares_out_and_padding_swallows(hold):
    hands = hold([[1, 5], [2, 3]], kind="average", mode="backward", upstream=[[4]])
    comes(lambda: hands.written(hands.gradient), ["1", "1", "1", "1"])
    expect(hands.sums).to_contain_text("nothing is lost")
    hands.control("padding").fill("1")
    expect(hands.sums).to_have_text("From above 7, to the numbers 1.75: 5.25 went to the padding.")
    hands.number(0, 0, "Gradient from above").focus()
    expect(hands.words).to_have_text(
        "Output in row 0, column 0: 4 / 4 = 1 flows back to each of 1 number, and 3 shares to the "
        "padding, where they are lost."
    )


# -- What does not fit, size, wire ----------------------------------------------------------------


@pytest.mark.parametrize("mode", ["forward", "backward"])
def test_what_does_not_fit_is_said_and_mended(hold, mode):
    hands = hold(LOPSIDED, mode=mode)
    notice = hands.widget.get_by_role("alert")
    hands.control("window").fill("4")
    expect(notice).to_contain_text("The window does not fit")
    hands.number(0, 0).fill("8")  # all else goes on
    hands.control("window").fill("3")
    expect(notice).to_be_hidden()
    hands.control("padding").fill("2")
    expect(notice).to_contain_text("more padding than half the window")
    hands.press("Shift up")
    hands.press("Undo")
    hands.press("Undo")
    expect(notice).to_be_hidden()


def test_the_image_grows_and_shrinks_up_to_twelve_rows(hold):
    hands = hold([[1, 2], [3, 4]])
    hands.control("numbers-columns").fill("3")
    hands.control("numbers-rows").fill("1")
    hands.control("numbers-rows").fill("2")
    values = [hands.number(k // 3, k % 3).input_value() for k in range(6)]
    assert values == ["1", "2", "0", "0", "0", "0"]
    comes(lambda: hands.control("numbers-rows").get_attribute("max"), "12")


def test_the_kernel_is_asked_with_all_settings_and_its_picture_stays(
    hold,
):
    hands = hold([[1, 2], [3, 4]], mode="backward")
    (asked,) = sent(hands.page)
    assert asked["settings"]["stride"] is None
    assert asked["settings"]["mode"] == "backward"
    answer = {"height": 2, "width": 2, "low": 0, "high": 1, "limit": 1, "numbers": [0, 0, 0, 1]}
    reply = "([seq, answer]) => window.lab.reply(seq, answer, [127, 127, 127, 254])"
    hands.page.evaluate(reply, [asked["seq"], answer])
    expect(hands.gradient).to_have_attribute("data-source", "kernel")


# -- For everybody --------------------------------------------------------------------------------


def test_everything_has_a_name_and_is_reached_with_a_visible_focus(
    hold,
):
    hands = hold(LOPSIDED, mode="backward")
    assert not nameless(hands.widget)
    seen, outlines = reached(hands.page)
    wanted = {"Forward", "Average", "Copy as code", "Shift up and left", "wrap", "numbers-rows",
              "row 0, column 0", "Gradient of the numbers", "window", "stride", "padding",
              "palette", "Next window", "Play", "step"}  # fmt: skip
    assert wanted <= seen
    assert outlines == {("solid", "2px")}


@pytest.mark.parametrize("mode", ["forward", "backward"])
def test_nothing_sticks_out_from_480_to_1920_pixels(hold, keep, mode):
    hands = hold(np.arange(-72, 72).reshape(12, 12) / 8, mode=mode, window=4, stride=1, padding=2)
    try:
        for width in (480, 1366, 1920):
            hands.page.set_viewport_size({"width": width, "height": 1100})
            hands.page.wait_for_timeout(100)
            keep(f"pooling_stepper_{mode}_{width}")
            sizes = hands.widget.evaluate("(one) => [one.scrollWidth, one.clientWidth]")
            assert sizes[0] <= sizes[1]
    finally:
        hands.page.set_viewport_size({"width": 1400, "height": 1100})


# -- With a kernel --------------------------------------------------------------------------------


def test_page_and_python_follow_each_other_in_jupyterlab(open_notebook, server, keep):
    cell = f"from cnnlab import widgets\nstepper = widgets.PoolingStepper({LOPSIDED})\nstepper"
    notebook = open_notebook(server.write("pooling_stepper.ipynb", cell))
    notebook.run_all()
    hands = Hands(notebook.panel)
    expect(hands.output).to_have_attribute("data-source", "kernel")
    hands.paints(PoolingStepper(LOPSIDED))
    hands.control("stride").select_option("1")
    hands.press("Shift up and right")
    hands.press("Backward")
    hands.number(0, 1, "Gradient from above").fill("2.5")
    twin = PoolingStepper(LOPSIDED, stride=1, mode="backward")
    twin.shift(-1, 1)
    twin.upstream = [[1, 2.5]]
    hands.paints(twin)
    expect(hands.gradient).to_have_attribute("data-source", "kernel")
    told = notebook.run("print(stepper.gradient.tolist(), stepper.stride)")
    assert told.strip() == f"{twin.gradient.tolist()} 1"
    notebook.run("stepper.kind = 'average'; stepper.shift(right=1)")
    twin.kind = "average"
    twin.shift(right=1)
    hands.paints(twin)
    assert notebook.run("print(stepper.code())").strip() == twin.code().strip()
    hands.press("Copy as code")
    expect(hands.widget.locator("pre")).to_have_text(twin.code())
    hands.press("Close")
    notebook.run("stepper.window = 4")
    notice = hands.widget.get_by_role("alert")
    expect(notice).to_contain_text("a 4x4 pooling window does not fit in a 3x5 image")
    notebook.run("stepper.reset()")
    hands.paints(PoolingStepper(LOPSIDED))
    try:
        for theme in ("Dark", "Light"):
            turn_to(hands.page, theme)
            keep(f"pooling_stepper_{theme.lower()}")
            contrast = hands.widget.evaluate(CONTRAST)
            assert min(contrast.values()) >= 4.5, contrast
    finally:
        notebook.shut_down()
