"""BendFitter in Chromium: a curve drawn by hand, bends moved by hand; one test has a kernel."""

import re
import time
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from cnnlab.widgets import BendFitter
from tests.browser.jupyterlab import turn_to
from tests.browser.mounting import mount, sent
from tests.browser.reaching import nameless
from tests.browser.touching import WidgetHands, without_kernel
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

MINUS = "\N{MINUS SIGN}"
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
REACH = 1.5
FRAME = "() => new Promise((keep) => requestAnimationFrame(() => requestAnimationFrame(keep)))"


class Hands(WidgetHands):
    """A fitter on the page, as seen and as touched."""

    def __init__(self, within):
        super().__init__(within)
        self.words = self.role("words")
        self.formula = self.role("formula")
        self.area = self.widget.locator(".cnnlab-plot-area")

    def handle(self, name):
        return self.widget.locator(f"[data-handle='{name}']")

    def at(self, x, y):
        """Where a place of the plane is on the screen."""
        box = self.area.bounding_box()
        return (
            box["x"] + (x + 1) / 2 * box["width"],
            box["y"] + (REACH - y) / (2 * REACH) * box["height"],
        )

    def drag(self, *places):
        mouse = self.page.mouse
        mouse.move(*self.at(*places[0]))
        mouse.down()
        for place in places[1:]:
            mouse.move(*self.at(*place))
            self.page.evaluate(FRAME)  # moves within a frame are told as one
        mouse.up()

    def drawn(self, look):
        """The heights of a curve on the plane, from left to right."""
        path = self.widget.locator(f".cnnlab-plot-drawing .cnnlab-curve[data-look={look}]").last
        pairs = re.findall(r"[ML]([-\d.]+),([-\d.]+)", path.get_attribute("d"))
        return np.array([REACH - float(up) / 1000 * 2 * REACH for _, up in pairs])

    def shows(self, fitter):
        """Wait until the sum and the curve are those of Python."""
        deadline = time.monotonic() + 8
        for look, curve in (("first", fitter.fit), ("second", fitter.curve)):
            while np.abs(self.drawn(look) - curve).max() > 1e-3:
                assert time.monotonic() < deadline, look
                self.page.wait_for_timeout(20)
        gap = f"{fitter.gap:.3f}".rstrip("0").rstrip(".") if fitter.gap > 1e-6 else "exactly"
        expect(self.words).to_contain_text(gap)


hold = without_kernel(BendFitter, Hands)


def slide(hands, bends):
    hands.control("bends").evaluate(
        """(one, value) => { one.value = value;
          one.dispatchEvent(new Event("input", { bubbles: true })); }""",
        str(bends),
    )


def test_more_bends_follow_better_and_without_one_there_is_a_straight_line(hold):
    hands = hold(4)
    hands.shows(BendFitter(4))
    for bends in (0, 1, 9, 32):
        slide(hands, bends)
        hands.shows(BendFitter(bends))
        comes(lambda: hands.widget.locator("[data-handle^=bend-]").count(), bends)
    slide(hands, 0)
    expect(hands.words).to_contain_text("Without a bend every sum is a straight line.")
    hands.control("curve").select_option("Hat")
    slide(hands, 3)
    hands.shows(BendFitter(3, curve="hat"))
    expect(hands.words).to_contain_text("3 bends: the sum follows the curve exactly.")
    expect(hands.widget.locator(".cnnlab-spoken")).to_contain_text("follows the curve exactly")
    hands.press("Reset")
    hands.shows(BendFitter(4))
    hands.press("Undo")
    hands.shows(BendFitter(3, curve="hat"))


def test_two_bends_at_zero_are_the_absolute_value(hold):
    hands = hold()
    hands.press("|x| from two")
    hands.shows(BendFitter(curve="abs", positions=[0, 0], facing=[1, -1]))
    expect(hands.formula).to_have_text(f"Sum = 0 + 0·x + 1·relu(x) + 1·relu({MINUS}x)")


def test_a_curve_is_drawn_with_the_mouse_and_the_bends_follow(hold):
    hands = hold(6)
    hands.drag((-0.6, 0.5), (0, -1), (0.4, 1.2))
    curve = np.sin(np.pi * np.linspace(-1, 1, 101))
    curve[20:51] = np.linspace(0.5, -1, 31)
    curve[50:71] = np.linspace(-1, 1.2, 21)
    drawn = hands.drawn("second")
    np.testing.assert_allclose(drawn, curve, atol=0.03)  # whole steps of the pen
    hands.shows(BendFitter(6, curve=sent_curve(hands)))
    hands.press("Undo")  # the whole stroke
    hands.shows(BendFitter(6))
    expect(hands.control("curve")).to_have_value("sine")


def sent_curve(hands):
    """The curve as the page stores it."""
    held = "() => window.lab.state._settings.values.curve"
    hands.page.wait_for_timeout(400)  # after which settings are stored
    return hands.page.evaluate(held)


def test_a_curve_is_drawn_with_the_keys(hold):
    hands = hold(2, curve=[0, 0])
    pen = hands.handle("pen")
    pen.focus()
    for key in ("Shift+ArrowUp", "Shift+ArrowUp", "Shift+ArrowRight", "ArrowRight"):
        hands.page.keyboard.press(key)
    curve = np.zeros(101)
    curve[:12] = 0.4
    hands.shows(BendFitter(2, curve=curve))
    expect(pen).to_be_focused()
    expect(pen).to_have_attribute("aria-valuetext", f"{MINUS}0.78, 0.4")


def test_a_finger_draws_too(browser):
    context = browser.new_context(has_touch=True, viewport={"width": 700, "height": 900})
    page = context.new_page()
    mount(page, BendFitter(4, curve=[0, 0]))
    hands = Hands(page.locator("body"))
    touch = context.new_cdp_session(page)

    def send(kind, *place):
        points = [dict(zip("xy", hands.at(*place), strict=True))] if place else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", -0.2, -0.8)  # beside the bends, each of which takes a fingertip
    send("touchMove", 0, 0.6)
    page.evaluate(FRAME)
    send("touchMove", 0.3, 1)
    send("touchEnd")
    drawn = hands.drawn("second")
    np.testing.assert_allclose(drawn[50:66], np.linspace(0.6, 1, 16), atol=0.03)
    assert abs(drawn[:39]).max() == 0
    context.close()


def test_a_bend_is_moved_turned_round_and_weighed_by_hand(hold):
    hands = hold(curve="hat", positions=[-0.5, 0.2])
    expect(hands.handle("weight")).to_have_count(0)
    hands.handle("bend-1").focus()
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowLeft"):
        hands.page.keyboard.press(key)
    fitter = BendFitter(curve="hat", positions=[-0.5, 0.4])
    hands.shows(fitter)
    expect(hands.widget.get_by_text("Bend 2")).to_be_visible()
    hands.press("Turn round")
    fitter.facing = [1, -1]
    hands.shows(fitter)
    cells = hands.widget.get_by_role("grid", name="Position and weight")
    cells.locator("[data-column='1']").fill("-1.5")
    fitter.weights = [fitter.weights[0], -1.5]
    hands.shows(fitter)
    expect(hands.words).to_contain_text("By hand, 2 bends.")
    best = BendFitter(curve="hat", units=fitter.units).gap
    expect(hands.words).to_contain_text(f"Least squares leaves {best:.3f}".rstrip("0"))
    cells.locator("[data-column='0']").fill("0.7")
    fitter.positions = [-0.5, 0.7]
    hands.shows(fitter)
    hands.press("Least squares")
    hands.shows(BendFitter(curve="hat", positions=[-0.5, 0.7], facing=[1, -1]))
    hands.press("Undo")
    hands.shows(fitter)


def test_the_handle_of_a_weight_stays_under_the_hand(hold):
    hands = hold(curve=[0, 0], positions=[-0.5])
    hands.handle("bend-0").click()
    weight = hands.handle("weight")
    box = weight.bounding_box()
    start = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    hands.page.mouse.move(*start)
    hands.page.mouse.down()
    for up in (0.2, 0.6):
        hands.page.mouse.move(*hands.at(0, up))
        hands.page.evaluate(FRAME)
    hands.page.mouse.up()
    fitter = BendFitter(curve=[0, 0], positions=[-0.5], by_hand=[0, 0, 0.6 / 0.5])
    np.testing.assert_allclose(hands.drawn("first"), fitter.fit, atol=0.03)
    expect(weight).to_have_attribute("aria-label", "Weight of bend 1")


def test_the_straight_line_is_moved_by_its_ends(hold):
    hands = hold(0, curve="abs")
    hands.handle("line-1").focus()
    hands.page.keyboard.press("End")
    fitter = BendFitter(0, curve="abs")
    right = fitter.line.sum()
    fitter.line = [(1.5 + right) / 2, (right - 1.5) / 2]
    hands.shows(fitter)


def test_the_kernel_is_asked_with_all_settings_and_may_answer(hold):
    fitter = BendFitter(3)
    hands = hold(3)
    asked = sent(hands.page)[-1]
    assert asked["settings"]["by_hand"] == []
    assert len(asked["settings"]["units"]) == 3
    replies = []
    fitter.send = lambda content, buffers=None: replies.append((content, buffers))
    fitter._on_message(None, {**asked, "client": "page"}, [])
    ((content, (steps,)),) = replies
    answer = {key: value for key, value in content.items() if key not in {"client", "seq"}}
    reply = "([seq, answer, steps]) => window.lab.reply(seq, answer, steps)"
    hands.page.evaluate(reply, [asked["seq"], answer, list(steps)])
    expect(hands.widget.get_by_role("alert")).to_be_hidden()  # both have the same picture
    hands.shows(fitter)


# -- For everybody --------------------------------------------------------------------------------


def test_everything_has_a_name_and_is_reached_with_a_visible_focus(hold):
    hands = hold(2, by_hand=[0, 0, 1, 1])
    hands.handle("bend-1").focus()
    assert not nameless(hands.widget)
    hands.control("curve").focus()
    seen, outlines = {"curve"}, []
    for _ in range(30):
        hands.page.keyboard.press("Tab")
        here = hands.page.evaluate(
            """() => { const one = document.activeElement, look = getComputedStyle(one);
              return one.closest(".cnnlab") && [one.dataset.control || one.dataset.handle ||
                one.getAttribute("aria-label") || one.innerText,
                look.outlineStyle, look.outlineWidth]; }"""
        )
        if here is None:
            break
        seen.add(here[0].split(":")[0])
        outlines.append(tuple(here[1:]))
    wanted = {"curve", "bends", "pair", "Least squares", "By hand", "bend-0", "bend-1", "pen",
              "weight", "line-1", "line1", "Position", "turn", "Copy as code"}  # fmt: skip
    assert wanted <= seen
    assert set(outlines) == {("solid", "2px")}


def test_nothing_sticks_out_from_480_to_1920_pixels(hold, keep):
    hands = hold(32, curve="wave")
    hands.handle("bend-9").focus()
    try:
        for width in (480, 1366, 1920):
            hands.page.set_viewport_size({"width": width, "height": 1100})
            hands.page.wait_for_timeout(100)
            keep(f"bend_fitter_{width}")
            sizes = hands.widget.evaluate("(one) => [one.scrollWidth, one.clientWidth]")
            assert sizes[0] <= sizes[1]
    finally:
        hands.page.set_viewport_size({"width": 1400, "height": 1100})


# -- With a kernel --------------------------------------------------------------------------------


def test_page_and_python_follow_each_other_in_jupyterlab(open_notebook, server, keep):
    cell = "from cnnlab import widgets\nfitter = widgets.BendFitter(4)\nfitter"
    notebook = open_notebook(server.write("bend_fitter.ipynb", cell))
    notebook.run_all()
    hands = Hands(notebook.panel)
    twin = BendFitter(4)
    hands.shows(twin)
    hands.control("curve").select_option("Step")
    slide(hands, 7)
    twin = BendFitter(7, curve="step")
    hands.shows(twin)
    told = "print(fitter.bends, round(fitter.gap, 6), len(fitter.weights))"
    expect(hands.widget.locator("[data-role=source]")).to_be_hidden()
    notebook.page.wait_for_timeout(600)  # after which settings are stored
    assert notebook.run(told).strip() == f"7 {twin.gap:.6f} 7"
    notebook.run("fitter.curve = 'hat'; fitter.positions = [-0.5, 0.1, 0.5]")
    twin = BendFitter(curve="hat", positions=[-0.5, 0.1, 0.5])
    hands.shows(twin)
    notebook.run("fitter.weights = [2, -4, 2]")
    twin.weights = [2, -4, 2]
    hands.shows(twin)
    hands.press("Copy as code")
    expect(hands.widget.locator("pre")).to_have_text(twin.code())
    hands.press("Close")
    try:
        for theme in ("Dark", "Light"):
            turn_to(hands.page, theme)
            keep(f"bend_fitter_{theme.lower()}")
            contrast = hands.widget.evaluate(CONTRAST)
            assert min(contrast.values()) >= 4.5, contrast
    finally:
        notebook.shut_down()
