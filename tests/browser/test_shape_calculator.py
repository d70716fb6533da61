"""ShapeCalculator in Chromium: hands on it, numbers by hand and PyTorch; one has a kernel."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from cnnlab import shapes, zoo
from cnnlab.layers import Conv2D, Dense, Dropout, Flatten, MaxPool2D
from cnnlab.widgets import ShapeCalculator
from tests.browser.jupyterlab import turn_to
from tests.browser.mounting import mount, sent
from tests.browser.reaching import nameless, tab
from tests.browser.touching import WidgetHands
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
MINUS, TIMES, DOT, ARROW = (
    "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}", "\N{MIDDLE DOT}", "\N{RIGHTWARDS ARROW}"
)  # fmt: skip


class Hands(WidgetHands):
    """A calculator on the page, as seen and as touched."""

    def __init__(self, within):
        super().__init__(within)
        self.stage = self.widget.locator(".cnnlab-shape")
        self.notice = self.widget.get_by_role("alert")
        self.layers = self.widget.locator(".cnnlab-layers > li")
        self.across = self.axis("across")

    def axis(self, name):
        return Axis(self.widget.locator(f"[data-role=window] [data-axis={name}]"))

    def control(self, name):
        return self.widget.locator(f"[data-control={name}]:visible")

    def sizes(self):
        """What stands on the arrows between the layers."""
        return [
            text.removeprefix("\N{DOWNWARDS ARROW} ").split(", ")[0].replace(f" {TIMES} ", "x")
            for text in self.layers.locator("[data-role=layer-size]").all_text_contents()
        ]


class Axis:
    """One strip with its words."""

    def __init__(self, figure):
        self.figure = figure
        self.title = figure.locator("figcaption")
        self.words = figure.locator("[data-role=words]")
        self.rulers = figure.locator("[data-role=rulers]")
        self.place = figure.locator("[data-role=place]")
        self.strip = figure.locator(".cnnlab-strip-drawing")

    def bars(self):
        """Where each place begins on the screen, in cells from the first pixel, and its taps."""
        return self.strip.evaluate(
            """(strip) => {
              const pixels = strip.querySelector(".cnnlab-strip-pixels");
              const left = Number(pixels.getAttribute("x"));
              const cell = Number(pixels.getAttribute("width"))
                / strip.closest("figure").querySelectorAll("input[data-row]").length;
              return [...strip.querySelectorAll(".cnnlab-strip-bar[data-place]")].map((bar) =>
                [...bar.getAttribute("d").matchAll(/M([-\\d.]+) [-\\d.]+h([-\\d.]+)/g)]
                  .filter((one) => Number(one[2]) < cell)
                  .map((one) => Math.round((Number(one[1]) - left) / cell)));
            }"""
        )

    def sums(self):
        return [float(text.replace(MINUS, "-")) for text in self.texts("sum")]

    def texts(self, look):
        return self.strip.locator(f".cnnlab-strip-{look}-text").all_text_contents()

    def formula(self):
        return self.figure.locator(".cnnlab-size-formula-sum").all_text_contents()

    def lost(self):
        """The pixels that are hatched."""
        hatched = self.strip.locator(".cnnlab-strip-lost")
        return hatched.evaluate_all("(all) => all.map((one) => Number(one.dataset.pixel))")

    def number(self, pixel):
        return self.figure.locator(f"input[data-column='{pixel}']")


def hears(notebook, code, expected):
    """Wait until Python has heard of what was set on the page."""
    for _ in range(100):
        told = notebook.run(code).strip()
        if told == expected:
            break
    assert told == expected


@pytest.fixture
def hold(page):
    """Mount a calculator on an empty page without a kernel."""
    page.goto("about:blank")

    def hold_one(*sizes, **options):
        mount(page, ShapeCalculator(*sizes, **options))
        drawn = page.locator("svg[role=img]:visible > rect").first
        expect(drawn).to_be_attached()  # when the browser has given it a width
        return Hands(page.locator("body"))

    yield hold_one
    page.evaluate("window.lab?.close()")


# -- One window -----------------------------------------------------------------------------------


def test_the_window_stands_at_every_place_and_the_column_it_never_reaches_is_hatched(hold):
    hands = hold(8, 3, stride=2)
    across = hands.across
    comes(across.bars, [[0, 1, 2], [2, 3, 4], [4, 5, 6]])
    comes(across.sums, [6, 12, 18])
    comes(lambda: across.texts("index"), [str(k) for k in range(8)])
    comes(across.lost, [7])
    expect(across.words).to_contain_text("3 places. Column 7 is dropped")
    expect(across.words).to_contain_text("as in Caffe, has 4")
    expect(across.strip.locator(".cnnlab-strip-ghost")).to_have_count(1)
    hands.control("stride").fill("1")
    comes(across.lost, [])
    expect(across.words).to_contain_text("6 places. Every column is seen.")
    expect(across.strip.locator(".cnnlab-strip-ghost")).to_have_count(0)


def test_the_formula_is_worked_out_step_by_step(hold):
    hands = hold(8, 3, stride=2, padding=1)
    comes(
        hands.across.formula,
        [
            f"floor((n + 2p {MINUS} d(f {MINUS} 1) {MINUS} 1) / s) + 1",
            f"floor((8 + 2{DOT}1 {MINUS} 1{DOT}(3 {MINUS} 1) {MINUS} 1) / 2) + 1",
            "floor(7 / 2) + 1",
            "3 + 1",
            "= 4",
        ],
    )
    formula = hands.across.figure.locator(".cnnlab-size-formula")
    expect(formula).to_contain_text(
        f"7 = 3{DOT}2 + 1: the first place, then 3 jumps of 2; the remainder, 1, is dropped"
    )
    expect(hands.across.title).to_contain_text("padding 1 + 1, together 2")


@pytest.mark.parametrize(
    ("settings", "outputs"),
    [
        ((7, 3, 2, 1, 1), 4),
        ((8, 5, 1, 2, 1), 8),
        ((5, 3, 1, 1, 1), 5),
        ((8, 4, 1, "same", 1), 8),
        ((7, 3, 2, "same", 1), 4),
        ((32, 3, 1, 1, 2), 30),
    ],
)
def test_the_questions_that_learners_get_wrong_come_out_right(hold, settings, outputs):
    hands = hold(1, 1)
    for name, value in zip(("size", "window", "stride", "padding", "dilation"), settings):  # noqa: B905 - some are left out
        if value == "same":
            hands.control("padding-same").check()
        else:
            hands.control(name).fill(str(value))
    expect(hands.across.title).to_contain_text(f"{settings[0]} {ARROW} {outputs}")
    assert f"= {outputs}" in hands.across.formula()
    assert len(hands.across.bars()) >= outputs  # of "same" there are two kinds


def test_any_window_adds_up_what_pytorch_does(hold):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    hands = hold(12, 3)
    done = 0
    while done < 4:
        size, window, stride, dilation = rng.integers(1, (13, 6, 4, 4)).tolist()
        padding = int(rng.integers(4))
        values = {"size": size, "window": window, "stride": stride, "dilation": dilation}
        for name, value in {**values, "padding": padding}.items():
            hands.control(name).fill(str(value))
        row = torch.arange(1, size + 1, dtype=torch.float32)[None, None]
        how = {"stride": stride, "padding": padding, "dilation": dilation}
        if dilation * (window - 1) + 1 > size + 2 * padding:
            expect(hands.across.words).to_contain_text("does not fit")
            comes(hands.across.sums, [])
            continue
        expected = torch.nn.functional.conv1d(row, torch.ones(1, 1, window), **how)
        assert hands.across.sums() == expected.flatten().tolist(), (values, padding)
        done += 1


def test_a_dilated_window_has_holes_and_keeps_its_weights(hold):
    hands = hold(9, 3, dilation=2, stride=3, padding=2)
    comes(hands.across.bars, [[-2, 0, 2], [1, 3, 5], [4, 6, 8]])
    comes(hands.across.lost, [7, 9, 10])
    expect(hands.across.words).to_contain_text("No weight ever stands on column 7: it lies in the")
    weights = hands.widget.locator("[data-role=weights]")
    expect(weights).to_contain_text(f"3 {TIMES} 3 = 9 weights a channel, over 5 {TIMES} 5 pixels")
    hands.control("dilation").fill("1")
    expect(weights).to_contain_text(f"3 {TIMES} 3 = 9 weights a channel, over 3 {TIMES} 3 pixels")


def test_two_rulers_lie_over_one_row(hold):
    hands = hold(6, 3, stride=2, padding="same")
    across = hands.across
    comes(across.sums, [6, 12, 11, 3, 9, 15])
    comes(across.bars, [[0, 1, 2], [2, 3, 4], [4, 5, 6], [-1, 0, 1], [1, 2, 3], [3, 4, 5]])
    expect(across.rulers).to_contain_text(
        "Both give 3 numbers, from other places: [6, 12, 11] and [3, 9, 15]; not one number agrees."
    )
    expect(across.figure.locator("[data-role=ruler-above]")).to_contain_text("0 + 1")
    expect(across.figure.locator("[data-role=ruler-below]")).to_contain_text("Symmetric: 1 + 1")
    across.number(0).fill("10")
    comes(across.sums, [15, 12, 11, 12, 9, 15])
    hands.control("stride").fill("1")
    expect(across.rulers).to_contain_text("stand on the same places")
    hands.control("window").fill("4")
    expect(across.rulers).to_contain_text("(2 + 2) gives 7, not 6")
    hands.control("padding-same").uncheck()
    expect(across.rulers).to_be_hidden()


def test_the_value_of_the_padding_is_seen_and_added(hold):
    hands = hold(3, 3, padding=1)
    comes(lambda: hands.across.texts("pad"), ["0", "0"])
    value = hands.widget.get_by_role("grid", name="Value of the padding").locator("input")
    value.fill("-5")
    comes(lambda: hands.across.texts("pad"), [f"{MINUS}5"] * 2)
    comes(hands.across.sums, [-2, 6, 0])
    hands.press("Undo")
    comes(hands.across.sums, [3, 6, 5])


def test_one_steps_from_place_to_place(hold):
    hands = hold(7, 3, stride=2, padding=1)
    across = hands.across
    across.strip.focus()
    hands.page.keyboard.press("ArrowRight")
    expect(across.place).to_have_text(
        f"Place 1 of 4 begins at 0{DOT}2 {MINUS} 1 = {MINUS}1, 1 column before the image. "
        "It adds up 0 + 1 + 2 = 3."
    )
    hands.page.keyboard.press("ArrowRight")
    expect(across.place).to_contain_text(
        f"Place 2 of 4 begins at 1{DOT}2 {MINUS} 1 = 1. It adds up 2 + 3 + 4 = 9."
    )
    expect(hands.widget.locator(".cnnlab-spoken")).to_contain_text("2 + 3 + 4 = 9")
    hands.page.keyboard.press("End")
    expect(across.place).to_contain_text("Place 4 of 4")
    across.strip.locator(".cnnlab-strip-out").nth(2).click()
    expect(across.place).to_contain_text("Place 3 of 4")
    expect(across.strip.locator(".cnnlab-strip-frame")).to_have_count(1)
    hands.press("Next place")
    expect(across.place).to_contain_text("Place 4 of 4")
    hands.press("Show all")
    expect(across.strip.locator(".cnnlab-strip-frame")).to_have_count(0)


def test_what_does_not_fit_is_said_in_place_and_nothing_is_lost(hold):
    hands = hold(3, 3, row=[7, 8, 9])
    hands.control("window").fill("6")
    expect(hands.across.words).to_have_text(
        "A window of 6 pixels does not fit in 3 pixels; use padding >= 2 or a smaller window."
    )
    expect(hands.across.strip.locator(".cnnlab-strip-unfit")).to_have_count(1)
    assert f"3 {MINUS} 6 = {MINUS}3" in hands.across.formula()
    hands.control("padding").fill("2")
    comes(hands.across.sums, [24, 24])
    hands.control("size").fill("2")
    hands.across.number(0).fill("6")
    hands.control("size").fill("3")
    comes(hands.across.sums, [23, 23])  # the third number is still 9


def test_numbers_are_dragged_and_bad_ones_refused_in_words(hold):
    hands = hold(8, 3)
    field = hands.control("size")
    expect(hands.widget.locator("[data-role=source]")).to_be_visible()  # nothing moves after it
    field.focus()
    field.select_text()  # the browser would drag the text that is selected
    box = field.bounding_box()
    x, y = box["x"] + 14, box["y"] + box["height"] / 2
    hands.page.mouse.move(x, y)
    hands.page.mouse.down()
    hands.page.mouse.move(x + 42, y, steps=6)
    hands.page.mouse.up()
    expect(field).to_have_value("12")
    expect(hands.across.title).to_contain_text(f"12 {ARROW} 10")
    hands.press("Undo")  # the whole drag is one step
    expect(field).to_have_value("8")
    field.focus()
    hands.page.keyboard.press("ArrowUp")
    expect(hands.across.title).to_contain_text(f"9 {ARROW} 7")
    field.fill("900")
    expect(hands.notice).to_have_text("n pixels can be 1 to 512 here.")
    hands.control("window").focus()
    expect(field).to_have_value("9")
    expect(hands.notice).to_be_hidden()


def test_height_and_width_can_be_taken_apart_and_put_together(hold):
    hands = hold(8, 3, stride=2)
    down = hands.axis("down")
    expect(down.figure).to_be_hidden()
    expect(hands.across.title).to_contain_text("Height and width alike")
    hands.control("apart").check()
    expect(down.figure).to_be_visible()
    hands.control("size-down").fill("5")
    hands.control("padding-across").fill("1")
    expect(down.title).to_contain_text(f"Height: 5 {ARROW} 2")
    expect(hands.across.title).to_contain_text(f"Width: 8 {ARROW} 4")
    down.number(1).fill("-2")
    comes(down.sums, [2, 12])
    comes(hands.across.sums, [3, 9, 15, 21])
    hands.control("apart").uncheck()
    expect(down.figure).to_be_hidden()
    expect(hands.across.title).to_contain_text(f"alike: 8 {ARROW} 4")
    hands.press("Undo")
    expect(down.title).to_contain_text(f"Height: 5 {ARROW} 2")


# -- A chain --------------------------------------------------------------------------------------


def test_the_decks_network_is_a_preset_with_all_its_sizes(hold):
    hands = hold(8, 3)
    hands.press("Chain of layers")
    hands.control("preset").select_option("The deck's network, 150x150")
    comes(hands.sizes, [
        "148x148x32", "74x74x32", "72x72x32", "36x36x32", "34x34x64", "32x32x64", "16x16x64",
        "16x16x64", "16384", "512", "512", "10",
    ])  # fmt: skip
    field = hands.widget.locator("[data-role=chain] [data-axis=across]")
    grows = f" {ARROW} ".join(["1", "3", "4", "8", "10", "18", "26", "30"])
    expect(field.locator("figcaption")).to_have_text(f"What one number sees: {grows} pixels")
    hands.control("preset").select_option("A deep ConvNet, 39x39x3")
    comes(hands.sizes, ["37x37x10", "17x17x20", "7x7x40", "1960", "10"])
    hands.press("Undo")
    hands.press("Undo")
    comes(hands.sizes, ["6x6x8", "3x3x8", "1x1x16"])


def test_layers_are_added_edited_moved_and_removed(hold):
    hands = hold(12, layers=[Conv2D(4, 3), MaxPool2D(2)])
    hands.press("Add: Convolution")
    comes(hands.sizes, ["10x10x4", "5x5x4", "3x3x8"])
    first, _second, last = (hands.layers.nth(k) for k in range(3))
    first.locator("[data-control=layer-kernel_size]").fill("5")
    first.locator("[data-control=layer-filters]").fill("9")
    last.locator("[data-control=layer-padding-same]").check()
    comes(hands.sizes, ["8x8x9", "4x4x9", "4x4x8"])
    hands.press("Move up layer 2")
    comes(hands.sizes, ["6x6x1", "2x2x9", "2x2x8"])
    expect(hands.layers.nth(0).get_by_role("button", name="Move down")).to_be_focused()
    hands.page.keyboard.press("Alt+ArrowDown")
    comes(hands.sizes, ["8x8x9", "4x4x9", "4x4x8"])
    first.locator("[data-control=kind]").select_option("Average pooling")
    comes(hands.sizes, ["2x2x1", "1x1x1", "1x1x8"])  # its window is still 5
    hands.press("Remove layer 1")
    comes(hands.sizes, ["6x6x1", "6x6x8"])
    expect(hands.layers.nth(0).get_by_role("button", name="Remove")).to_be_focused()
    for _ in range(4):
        hands.press("Undo")
    comes(hands.sizes, ["8x8x9", "4x4x9", "4x4x8"])


def test_a_pooling_steps_as_far_as_its_window_unless_told(hold):
    hands = hold(8, layers=[MaxPool2D(3)])
    comes(hands.sizes, ["2x2x1"])
    hands.control("layer-window").fill("2")
    comes(hands.sizes, ["4x4x1"])
    expect(hands.control("layer-follows")).to_be_checked()
    hands.control("layer-window").fill("3")
    hands.control("layer-stride").fill("1")
    expect(hands.control("layer-follows")).not_to_be_checked()
    comes(hands.sizes, ["6x6x1"])
    hands.control("layer-follows").check()
    comes(hands.sizes, ["2x2x1"])


def test_a_layer_that_does_not_fit_says_why_where_it_stands(hold):
    hands = hold(6, layers=[Conv2D(2, 3), MaxPool2D(2), Conv2D(2, 5), Flatten(), Dense(3)])
    said = hands.layers.locator("[data-role=layer-size]").all_text_contents()
    assert said[2].startswith("a 5x5 filter does not fit in a 2x2 image; use padding >= 2")
    assert said[3] == said[4] == "Nothing arrives here: a layer above does not fit."
    hands.layers.nth(2).locator("[data-control=layer-padding]").fill("2")
    comes(lambda: hands.sizes()[2:], ["2x2x2", "8", "3"])


def test_one_number_is_traced_to_the_pixels_that_it_sees(hold):
    hands = hold(20, layers=[Conv2D(2, 3, stride=2, padding=1), MaxPool2D(2), Conv2D(1, 3)])
    figure = hands.widget.locator("[data-role=chain] [data-axis=across]")
    words = figure.locator("[data-role=field]")
    sees = shapes.receptive_field([(3, 2), (2, 2), (3, 1)])
    expect(words).to_have_text(
        f"Number 1, of 0 to 2, behind the last window sees {sees} pixels: 3 to 15."
    )
    drawing = figure.locator("svg")
    drawing.focus()
    hands.page.keyboard.press("Home")
    expect(words).to_contain_text(f"sees {sees} pixels: {MINUS}1 to 11, 1 of them padding.")
    expect(figure.locator(".cnnlab-strip-pads")).to_have_count(1)
    box = drawing.bounding_box()
    drawing.click(position={"x": box["width"] * 0.99, "y": 20})
    expect(words).to_contain_text("Number 2, of 0 to 2,")
    expect(hands.widget.locator(".cnnlab-spoken")).to_contain_text("Number 2, of 0 to 2,")


def test_both_axes_are_traced_where_they_differ(hold):
    hands = hold((20, 30), layers=[Conv2D(4, (3, 5), stride=2), MaxPool2D((1, 2))])
    down = hands.widget.locator("[data-role=chain] [data-axis=down]")
    expect(down.locator("figcaption")).to_have_text(f"Down: 1 {ARROW} 3 {ARROW} 3 pixels")
    hands.layers.nth(0).locator("[data-control=layer-kernel_size-down]").fill("4")
    expect(down.locator("figcaption")).to_have_text(f"Down: 1 {ARROW} 4 {ARROW} 4 pixels")


# -- For everybody --------------------------------------------------------------------------------


def test_every_number_is_repainted_by_the_edit_itself(hold):
    hands = hold(32, 3, padding=1)
    assert hands.page.evaluate(
        """() => {
          const input = document.querySelector("[data-control=padding]");
          const title = () => document.querySelector("[data-axis=across] figcaption").innerText
            + document.querySelector("[data-axis=across] .cnnlab-size-formula").innerText
            + document.querySelectorAll("[data-axis=across] .cnnlab-strip-out").length;
          return [2, 3, 2].every((padding) => {
            const before = title();
            input.value = String(padding);
            input.dispatchEvent(new Event("input", { bubbles: true }));
            return title() !== before;
          });
        }"""
    )


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        (
            {"size": (8, 6), "padding": (1, 0)},
            {"One window", "size-down", "size-across", "window-across", "stride-down",
             "padding-down", "padding-same", "dilation-across", "value of the padding", "apart",
             "Height", "Width", "row 0", "column 0", "Next place", "step"},
        ),
        (
            {"layers": [Conv2D(4, 3), MaxPool2D(2)]},
            {"preset", "size", "channels", "kind", "layer-filters", "layer-kernel_size",
             "layer-stride", "layer-padding", "layer-dilation", "layer-window", "layer-follows",
             "Move down layer 1", "Remove layer 2", "Add: Dense"},
        ),
    ],
)  # fmt: skip
def test_everything_has_a_name_and_is_reached_with_a_visible_focus(hold, settings, wanted):
    hands = hold(**settings)
    assert not nameless(hands.widget)
    seen, outlines = set(), set()
    for _ in range(70):
        here = tab(hands.page)
        if here is None:
            break
        seen.add(here[0].split(":")[0] if not here[0].startswith("Add") else here[0])
        outlines.add(tuple(here[1:]))
    assert wanted <= seen, wanted - seen
    assert outlines == {("solid", "2px")}


@pytest.mark.parametrize("view", ["window", "chain"])
def test_nothing_sticks_out_from_480_to_1920_pixels(hold, keep, view):
    layers = [Conv2D(512, (3, 5), stride=(2, 1)), Dropout(), MaxPool2D(3, 2), *zoo.vgg16().layers]
    hands = hold((500, 300), (3, 5), padding=2, layers=layers, view=view)
    try:
        for width in (480, 1366, 1920):
            hands.page.set_viewport_size({"width": width, "height": 1100})
            hands.page.evaluate("() => new Promise(requestAnimationFrame)")
            keep(f"shape_calculator_{view}_{width}")
            sizes = hands.widget.evaluate("(one) => [one.scrollWidth, one.clientWidth]")
            assert sizes[0] <= sizes[1]
            drawn = hands.widget.locator("svg[role=img]:visible").evaluate_all(
                "(all) => all.map((one) => one.clientWidth - one.parentElement.clientWidth)"
            )
            assert max(drawn) <= 0
    finally:
        hands.page.set_viewport_size({"width": 1400, "height": 1100})


# -- With a kernel --------------------------------------------------------------------------------


def test_the_kernel_is_asked_with_all_settings_and_a_difference_is_said_aloud(hold):
    hands = hold(8, 3, stride=2)
    (asked,) = sent(hands.page)
    assert asked["settings"]["size"] == 8
    calculator = ShapeCalculator(8, 3, stride=2)
    reply = "([seq, answer]) => window.lab.reply(seq, answer)"
    hands.page.evaluate(reply, [asked["seq"], calculator.answer_frame(None)[0]])
    expect(hands.stage).to_have_attribute("data-source", "kernel")
    expect(hands.notice).to_be_hidden()
    hands.control("stride").fill("3")
    hands.page.wait_for_function(
        "window.lab.sent.some((one) => one.content.settings?.stride === 3)"
    )
    hands.page.evaluate(reply, [sent(hands.page)[-1]["seq"], calculator.answer_frame(None)[0]])
    expect(hands.notice).to_contain_text("The browser's picture and the kernel's differ.")


def test_page_and_python_follow_each_other_in_jupyterlab(open_notebook, server, keep):
    cell = (
        "from cnnlab import widgets, zoo\nfrom cnnlab.layers import *\n"
        "shape = widgets.ShapeCalculator(6, 3, stride=2)\nshape"
    )
    notebook = open_notebook(server.write("shape_calculator.ipynb", cell))
    notebook.run_all()
    hands = Hands(notebook.panel)
    expect(hands.stage).to_have_attribute("data-source", "kernel")
    hands.control("padding-same").check()
    hands.across.number(0).fill("2")
    expect(hands.stage).to_have_attribute("data-source", "kernel")
    told = "print(shape.padding, shape.sums.tolist(), shape.symmetric_sums.tolist())"
    hears(notebook, told, "same [7.0, 12.0, 11.0] [4.0, 9.0, 15.0]")
    notebook.run("shape.size = (6, 9); shape.row = []")
    expect(hands.axis("down").title).to_contain_text(f"Height: 6 {ARROW} 3")
    expect(hands.across.title).to_contain_text(f"Width: 9 {ARROW} 5")
    hands.press("Copy as code")
    expect(hands.widget.locator("pre")).to_have_text(
        notebook.run("print(shape.code())").rstrip("\n")
    )
    hands.press("Close")
    try:
        for theme, view in (("Dark", "window"), ("Dark", "chain"), ("Light", "window")):
            notebook.run(f"shape.view = {view!r}")
            turn_to(hands.page, theme)
            expect(hands.widget.locator(f"[data-role={view}]")).to_be_visible()
            keep(f"shape_calculator_{view}_{theme.lower()}")
            contrast = hands.widget.evaluate(CONTRAST)
            assert min(contrast.values()) >= 4.5, contrast
        notebook.run("shape.size = 28; shape.layers = zoo.lenet5().layers; shape.view = 'chain'")
        expect(hands.layers).to_have_count(8)
        hands.press("Remove layer 8")
        hands.layers.nth(0).locator("[data-control=layer-filters]").fill("7")
        told = "print(len(shape.layers), shape.layers[0].filters, shape.output_shapes)"
        shown = [(28, 28, 7), (14, 14, 7), (10, 10, 16), (5, 5, 16), (400,), (120,), (84,)]
        hears(notebook, told, f"7 7 {shown}")
        notebook.run("shape.reset()")
        expect(hands.across.title).to_contain_text(f"6 {ARROW} 2")
    finally:
        notebook.shut_down()
