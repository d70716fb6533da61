"""SharedWeights in Chromium: hands on it, numbers by hand; one test has a kernel."""

import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from cnnlab import display
from cnnlab.widgets import SharedWeights
from cnnlab.widgets.shared.traits import Palette
from tests.browser.jupyterlab import pixels_of, turn_to
from tests.browser.mounting import sent
from tests.browser.reaching import nameless, reached
from tests.browser.touching import WidgetHands, without_kernel
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
KINDS = ("convolution", "local", "dense")
LOPSIDED = [[1, -2, 0.5, 0], [0, 3, 4, 1], [2, 5, -1, 0]]
SMALL = [[1, -2], [0.5, 3]]


class Hands(WidgetHands):
    """The widget on the page, as seen and as touched."""

    def __init__(self, within):
        super().__init__(within)
        self.matrix = self.widget.locator("canvas[data-role=matrix]")
        self.words = self.role("words")

    def map(self, kind):
        return self.widget.locator(f"figure[data-kind={kind}] canvas")

    def number(self, row, column, grid="Picture"):
        cells = self.widget.get_by_role("grid", name=grid)
        return cells.locator(f"[data-row='{row}'][data-column='{column}']")

    def point(self, picture, row, column):
        """Move the mouse over the middle of a pixel."""
        box = picture.bounding_box()
        height, width = (int(picture.get_attribute(name)) for name in ("height", "width"))
        position = {
            "x": (column + 0.5) * box["width"] / width,
            "y": (row + 0.5) * box["height"] / height,
        }
        picture.hover(position=position)

    def frames(self, picture):
        """Left and top of what is framed over a picture or a grid, a little inside each cell."""
        lines = picture.locator("xpath=..").locator("svg .cnnlab-over-line")
        places = lines.evaluate_all(
            "(all) => all.map((one) => [one.getAttribute('x'), one.getAttribute('y')].map(Number))"
        )
        return sorted((round(y), round(x)) for x, y in places)

    def framed(self, grid):
        return self.frames(self.widget.get_by_role("grid", name=grid).locator(".cnnlab-row").first)

    def paints(self, shared):
        """Wait until the matrix and the three maps are those of Python."""
        palette = Palette.named(shared.palette)
        about, (levels,) = shared.answer_frame(None)
        steps = np.frombuffer(levels, np.uint8)
        size, cells = about["rows"] * about["columns"], about["height"] * about["width"]
        expect(self.matrix).to_have_attribute("width", str(about["columns"]))
        expect(self.matrix).to_have_attribute("height", str(about["rows"]))
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => "
                           "requestAnimationFrame(done)))")  # fmt: skip
        joined = shared._connected(shared.layer)
        limit = about["limits"][0]
        expected = display.paint(np.where(joined, shared.matrix, np.nan), palette, limit)
        assert (pixels_of(self.matrix) == expected).all()
        colours = display.PALETTES[palette].colours
        for k, kind in enumerate(KINDS):
            part = steps[size + k * cells :][:cells].reshape(about["height"], about["width"])
            found = pixels_of(self.map(kind))
            assert (found == colours[part]).mean() > 0.9
            assert (np.abs(found.astype(int) - colours[part]) < 12).all()  # one step, by rounding


hold = without_kernel(SharedWeights, Hands)


# -- The matrix -----------------------------------------------------------------------------------


def test_matrix_and_maps_are_those_of_python_whatever_is_set(hold):
    shared = SharedWeights(LOPSIDED, SMALL)
    hands = hold(LOPSIDED, SMALL)
    hands.paints(shared)
    hands.press("Fully connected")
    shared.layer = "dense"
    hands.paints(shared)
    hands.press("Shift right")
    shared.right = 1
    hands.paints(shared)
    hands.press("Locally connected")
    hands.control("padding").fill("1")
    shared.layer, shared.padding = "local", 1
    hands.paints(shared)
    hands.control("stride").fill("2")
    hands.number(1, 0, "Filter").fill("-4")
    shared.stride, shared.filter = 2, [[1, -2], [-4, 3]]
    hands.paints(shared)
    hands.control("palette").select_option("night")
    hands.control("image-rows").fill("4")
    shared.palette, shared.image = "night", [*LOPSIDED, [0, 0, 0, 0]]
    hands.paints(shared)
    for _ in range(8):
        hands.press("Undo")
    hands.paints(SharedWeights(LOPSIDED, SMALL))
    hands.press("Redo")
    hands.press("Reset")
    hands.paints(SharedWeights(LOPSIDED, SMALL))


def test_an_entry_is_linked_with_its_pixel_weight_and_output(hold):
    hands = hold(np.ones((4, 4)), SMALL)
    hands.point(hands.matrix, 4, 5)  # output row 1, column 1; pixel row 1, column 1
    expect(hands.words).to_have_text(
        "Row 4, column 5 of the matrix: the weight 1 of the filter, row 0, column 0, joins pixel "
        "row 1, column 1 with output row 1, column 1. It stands in 9 rows of the matrix and is "
        "learned once."
    )
    comes(lambda: hands.framed("Picture"), [(1, 1)])
    comes(lambda: hands.framed("Filter"), [(0, 0)])
    comes(lambda: hands.frames(hands.map("convolution")), [(1, 1)])
    diagonal = [(3 * i + j, 4 * i + j) for i in range(3) for j in range(3)]
    comes(
        lambda: hands.frames(hands.matrix), sorted([*diagonal, (4, 5)])
    )  # all that share it, and it
    hands.point(hands.matrix, 0, 15)
    expect(hands.words).to_contain_text("empty. Nothing joins pixel row 3, column 3 with output")
    comes(lambda: hands.framed("Filter"), [])


def test_pixel_weight_and_output_lead_back_to_the_matrix(hold):
    hands = hold(LOPSIDED, SMALL)
    hands.number(0, 1).hover()
    expect(hands.words).to_have_text(
        f"Pixel row 0, column 1, {MINUS}2: column 0 · 4 + 1 = 1 of the matrix, joined with 2 of 6 "
        "outputs."
    )
    comes(lambda: hands.frames(hands.map("convolution")), [(0, 0), (0, 1)])
    hands.number(1, 1, "Filter").hover()
    expect(hands.words).to_have_text(
        "Filter, row 1, column 1: the weight 3 is one number to learn and stands in 6 entries of "
        "the matrix."
    )
    comes(lambda: len(hands.frames(hands.matrix)), 6)
    hands.point(hands.map("convolution"), 0, 1)
    expect(hands.words).to_have_text(
        f"Output row 0, column 1: row 1 of the matrix, 4 pixels: 1 · ({MINUS}2) + "
        f"({MINUS}2) · 0.5 + 0.5 · 3 + 3 · 4 = 10.5."
    )
    comes(lambda: hands.framed("Picture"), [(0, 1), (0, 2), (1, 1), (1, 2)])
    hands.press("Locally connected")
    hands.number(1, 1, "Filter").hover()
    expect(hands.words).to_contain_text("this layer has 6 weights, each learned by itself")


def test_what_is_empty_and_what_is_a_weight_of_zero_look_different(hold):
    hands = hold(np.ones((3, 3)), [[1, 0]])
    empty = hands.widget.locator(".cnnlab-matrix-empty")
    zeros = hands.widget.locator(".cnnlab-matrix-zero")
    comes(lambda: empty.get_attribute("d").count("M"), 6 * 9 - 12)
    comes(lambda: zeros.get_attribute("d").count("M"), 6)
    hands.press("Fully connected")
    expect(empty).to_have_attribute("d", "")


def test_the_keyboard_walks_through_the_matrix(hold):
    hands = hold(LOPSIDED, SMALL)
    hands.matrix.focus()
    expect(hands.words).to_contain_text("Row 0, column 0 of the matrix: the weight 1")
    hands.page.keyboard.press("ArrowRight")
    hands.page.keyboard.press("ArrowDown")
    expect(hands.words).to_contain_text("Row 1, column 1 of the matrix: the weight 1")
    expect(hands.widget.get_by_role("status")).to_contain_text("Row 1, column 1")
    hands.page.keyboard.press("Escape")
    expect(hands.words).to_contain_text("Point at an entry")


# -- Counts ---------------------------------------------------------------------------------------


def test_connections_weights_and_zeros_stand_in_a_table(hold):
    hands = hold()
    rows = {"convolution": [144, 9, 432], "local": [144, 144, 432], "dense": [576, 576, 0]}
    for kind, numbers in rows.items():
        cells = [hands.role(f"{kind}-{name}") for name in ("connections", "weights", "zeros")]
        comes(lambda cells: [int(one.text_content()) for one in cells], numbers, cells)


def test_dragging_the_size_leaves_the_convolution_at_28(hold):
    hands = hold()
    expect(hands.role("dense-neuron")).to_have_text("3,072 + 1 bias = 3,073")
    expect(hands.role("convolution-map")).to_have_text("27 + 1 bias = 28")
    hands.control("side-slider").fill("200")
    expect(hands.role("dense-neuron")).to_have_text("120,000 + 1 bias = 120,001")
    expect(hands.role("convolution-map")).to_have_text("27 + 1 bias = 28")
    total = 120_000 * 198**2 + 198**2
    expect(hands.role("dense-map")).to_contain_text(f"{total:,}")
    expect(hands.role("cost-words")).to_contain_text("has 200 · 200 · 3 = 120,000 weights")
    expect(hands.role("cost-words")).to_contain_text(
        "112 bytes of weights as a convolution, 18.8 GB"
    )
    expect(hands.widget.get_by_text("logarithmic scale")).to_be_visible()
    # A bar of n parameters ends at log10(n) of 13 marks.
    wide = hands.role("dense-map").locator("xpath=..").locator(".cnnlab-map-cost-bar")
    share = float(wide.evaluate("(one) => one.style.getPropertyValue('--share')"))
    assert share == pytest.approx(np.log10(total) / 13, abs=1e-3)
    hands.press(f"32 {TIMES} 32 {TIMES} 3")
    expect(hands.control("side")).to_have_value("32")
    hands.press("Undo")
    expect(hands.control("side-slider")).to_have_value("200")
    hands.control("channels").fill("1")
    expect(hands.role("convolution-map")).to_have_text("9 + 1 bias = 10")


def test_where_the_layers_are_one_it_is_said(hold):
    hands = hold([[1, 2], [3, 4]], SMALL)
    expect(hands.role("same")).to_contain_text("as large as the picture")
    hands.control("filter-rows").fill("1")
    expect(hands.role("same")).to_be_hidden()
    hands.control("filter-columns").fill("1")
    expect(hands.role("same")).to_contain_text("only the diagonal is left")


# -- Shifts ---------------------------------------------------------------------------------------


def test_the_map_of_the_convolution_moves_along_and_the_others_do_not(hold):
    hands = hold()
    expect(hands.role("moved-dense")).to_have_text("Has learned the same map.")
    hands.press("Shift right")
    shared = SharedWeights(right=1)
    for kind in KINDS:
        one = shared.moved[kind]
        expect(hands.role(f"moved-{kind}")).to_have_text(
            f"{one.along} of {one.places} moved along."
        )
    spoken = hands.widget.get_by_role("status")
    expect(spoken).to_contain_text("Fully connected: 0 of ")
    hands.page.keyboard.press("ArrowDown")  # the pad has the focus
    expect(hands.role("shifted")).to_have_text("Shifted: 1 right, 1 down.")
    hands.press("Put it back")
    expect(hands.role("shifted")).to_have_text("Where the layers have learned it.")
    expect(hands.widget.get_by_role("button", name="Put it back")).to_be_disabled()


def test_what_did_not_move_along_at_the_rim_is_explained(hold):
    hands = hold(np.ones((3, 3)), np.ones((3, 3)), padding=1)
    hands.press("Shift right")
    shared = SharedWeights(np.ones((3, 3)), np.ones((3, 3)), padding=1, right=1)
    one = shared.moved["convolution"]
    assert 0 < one.along < one.places
    expect(hands.role("moved-convolution")).to_have_text(
        f"{one.along} of {one.places} moved along. The others lie at the rim, where pixels have "
        "left the picture."
    )


def test_half_a_step_of_the_stride_cannot_be_compared(hold):
    hands = hold(stride=2)
    hands.press("Shift right")
    expect(hands.role("moved-convolution")).to_have_text(
        "No place to compare: the shift is no whole step of stride 2."
    )
    hands.press("Shift right")
    expect(hands.role("moved-convolution")).to_contain_text("moved along")


def test_a_shifted_picture_is_changed_where_it_stands_and_nothing_is_lost(hold):
    hands = hold(LOPSIDED, SMALL, right=1)
    hands.number(0, 1).fill("7")
    expect(hands.widget.get_by_role("alert")).to_be_hidden()
    hands.number(0, 0).fill("9")
    expect(hands.widget.get_by_role("alert")).to_contain_text("came in from outside")
    hands.press("Put it back")
    hands.paints(SharedWeights([[7, *LOPSIDED[0][1:]], *LOPSIDED[1:]], SMALL))
    expect(hands.number(0, 3)).to_have_value("0")


# -- What does not fit, wire ----------------------------------------------------------------------


def test_what_does_not_fit_is_said_and_mended(hold):
    hands = hold()
    notice = hands.widget.get_by_role("alert")
    hands.control("image-rows").fill("2")
    expect(notice).to_contain_text("The filter does not fit in the picture")
    hands.press("Shift up")
    hands.press("Fully connected")
    hands.number(0, 0).fill("8")  # all else goes on
    hands.control("padding").fill("1")
    expect(notice).to_be_hidden()
    for _ in range(5):
        hands.press("Undo")
    hands.paints(SharedWeights())


def test_the_kernel_is_asked_with_all_settings_and_its_picture_stays(hold):
    shared = SharedWeights(LOPSIDED, SMALL, layer="local")
    hands = hold(LOPSIDED, SMALL, layer="local")
    asked = sent(hands.page)[-1]
    assert asked["settings"] == json.loads(json.dumps(shared.state()["settings"]))
    about, (levels,) = shared.answer_frame(None)
    reply = "([seq, about, levels]) => window.lab.reply(seq, about, levels)"
    hands.page.evaluate(reply, [asked["seq"], about, list(levels)])
    expect(hands.matrix).to_have_attribute("data-source", "kernel")
    expect(hands.widget.get_by_role("alert")).to_be_hidden()
    hands.paints(shared)


# -- For everybody --------------------------------------------------------------------------------


def test_everything_has_a_name_and_is_reached_with_a_visible_focus(hold):
    hands = hold(LOPSIDED, SMALL)
    assert not nameless(hands.widget)
    seen, outlines = reached(hands.page)
    wanted = {"Convolution", "Fully connected", "Copy as code", "image-rows", "filter-columns",
              "row 0, column 0", "Shift up and left", "stride", "padding", "palette", "Matrix",
              "side", "side-slider", "channels", f"200 {TIMES} 200 {TIMES} 3"}  # fmt: skip
    assert wanted <= seen
    assert outlines == {("solid", "2px")}


@pytest.mark.parametrize("layer", KINDS)
def test_nothing_sticks_out_from_480_to_1920_pixels(hold, keep, layer):
    hands = hold(np.ones((8, 8)), padding=2, layer=layer, right=1, side=512, channels=16)
    try:
        for width in (480, 800, 1366, 1920):
            hands.page.set_viewport_size({"width": width, "height": 1000})
            sizes = hands.widget.evaluate("(one) => [one.scrollWidth, one.clientWidth]")
            assert sizes[0] <= sizes[1], (layer, width)
            keep(f"shared_weights_{layer}_{width}")
    finally:
        hands.page.set_viewport_size({"width": 1400, "height": 1100})


# -- With a kernel --------------------------------------------------------------------------------


def test_python_and_the_page_follow_each_other_in_a_notebook(server, open_notebook, keep):
    cell = "from cnnlab import widgets\nshared = widgets.SharedWeights()\nshared"
    notebook = open_notebook(server.write("shared_weights.ipynb", cell))
    notebook.run_all()
    hands = Hands(notebook.panel)
    expect(hands.matrix).to_have_attribute("data-source", "kernel")
    hands.press("Shift right")
    hands.press("Fully connected")
    shared = SharedWeights(layer="dense", right=1)
    expect(hands.matrix).to_have_attribute("data-source", "kernel")
    hands.page.wait_for_timeout(600)  # after which settings are stored
    told = notebook.run("print(shared.right, shared.layer, shared.moved['dense'].along)")
    assert told.strip() == "1 dense 0"
    hands.paints(shared)
    notebook.run("shared.filter = 'laplacian'; shared.side = 200")
    shared.filter = "laplacian"
    expect(hands.role("dense-neuron")).to_contain_text("120,000")
    hands.paints(shared)
    hands.press("Copy as code")
    expect(hands.widget.locator("pre")).to_contain_text('filters.CATALOGUE["laplacian"]')
    hands.press("Copy as code")
    for theme in ("Dark", "Light"):
        turn_to(hands.page, theme)
        keep(f"shared_weights_{theme.lower()}")
        contrast = hands.widget.evaluate(CONTRAST)
        assert min(contrast.values()) >= 4.5, contrast
