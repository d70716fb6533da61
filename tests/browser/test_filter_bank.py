"""FilterBank in Chromium: hands on it, the very pixels of its maps; one test has a kernel."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from cnnlab import banks, display, images
from cnnlab.widgets import FilterBank
from cnnlab.widgets.shared.traits import Palette
from tests.browser.jupyterlab import pixels_of
from tests.browser.mounting import mount, sent
from tests.browser.touching import WidgetHands
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
STEP = 9  # a step of colour, by which the browser may be off


class Hands(WidgetHands):
    """A bank on the page, as seen and as touched."""

    def __init__(self, within):
        super().__init__(within, "[data-widget=FilterBank]")
        self.tiles = self.widget.locator(".cnnlab-gallery-tile")
        self.large = self.widget.locator("[data-role=map-figure] [data-role=map]")
        self.counted = self.role("counted")
        self.formula = self.role("formula")
        self.heading = self.widget.locator(".cnnlab-bank-heading")

    def weight(self, row, column):
        weights = self.widget.get_by_role("grid", name="Weights of the filter")
        return weights.locator(f"[data-row='{row}'][data-column='{column}']")

    def paints(self, bank, chosen=0, off_by=STEP):
        """Wait until every map, and the chosen one in large, is the one of Python."""
        maps = np.moveaxis(bank.maps, 2, 0)
        limits = [display.limit_of(one) for one in maps]
        limits = [max(limits)] * len(limits) if bank.scale == "shared" else limits
        expect(self.tiles).to_have_count(len(maps))
        canvases = [self.tiles.nth(k).locator("[data-role=map]") for k in range(len(maps))]
        expect(canvases[0]).to_have_attribute("height", str(maps.shape[1]))
        palette = Palette.named(bank.palette)
        for k, canvas in enumerate(canvases):
            expected = display.paint(maps[k], palette, limits[k]).astype(int)
            comes(self.near, True, canvas, expected, off_by)
            if k == chosen:
                comes(self.near, True, self.large, expected, off_by)

    def near(self, canvas, expected, off_by):
        found = pixels_of(canvas)
        return found.shape == expected.shape and np.abs(found - expected).max() <= off_by


@pytest.fixture
def hold(page):
    """Mount a bank on an empty page without a kernel."""
    page.goto("about:blank")
    page.set_viewport_size({"width": 1400, "height": 1100})

    def hold_one(*picture, **options):
        bank = FilterBank(*picture, **options)
        mount(page, bank)
        return Hands(page.locator("body")), bank

    yield hold_one
    page.evaluate("window.lab?.close()")


def test_sixteen_maps_are_painted_by_the_browser_alone(hold):
    hands, bank = hold("coffee")
    hands.paints(bank)
    expect(hands.counted).to_have_text(
        f"16 filters of 3 {TIMES} 3 {TIMES} 3 make 16 feature maps of 98 {TIMES} 148. "
        "Parameters: (3 · 3 · 3 + 1) · 16 = 448."
    )
    expect(hands.tiles.nth(8)).to_contain_text("8 Redness")
    shown = pixels_of(hands.widget.locator("[data-role=input]"))
    assert np.abs(shown.astype(int) - display.photograph(bank.image)).max() <= 1


def test_whatever_is_set_the_maps_are_those_of_python_and_all_is_undone(hold):
    filters = ["sobel_x", "redness", "sharpen"]
    hands, bank = hold("coffee", filters=filters)
    hands.control("activation").select_option("relu")
    hands.control("scale").select_option("shared")
    bank.activation, bank.scale = "relu", "shared"
    hands.paints(bank)
    hands.tiles.nth(1).click()
    hands.press("Green")
    hands.weight(0, 2).fill("0.75")
    weights = bank.filters.copy()
    weights[0, 2, 1, 1] = 0.75
    bank.filters = weights
    hands.paints(bank, chosen=1)
    expect(hands.tiles.nth(1)).to_contain_text("1 your own")
    hands.widget.get_by_role("grid", name="Bias").locator("input").fill("-0.25")
    bank.bias = [0, -0.25, 0]
    hands.paints(bank, chosen=1)
    hands.control("palette").select_option("night")
    bank.palette = "night"
    hands.press("Grey")
    bank.colour = False
    hands.paints(bank, chosen=1)
    for _ in range(6):
        hands.press("Undo")
    hands.paints(FilterBank("coffee", filters=filters), chosen=1)
    hands.control("preset").select_option("blueness")
    hands.press("Reset")
    hands.paints(FilterBank("coffee", filters=filters), chosen=1)


def test_filters_are_added_from_the_stock_and_taken_away(hold):
    hands, bank = hold("coffee", filters=["sobel_x", "identity"], bias=[0.5, 1])
    hands.control("filters").fill("4")
    bank.filters = ["sobel_x", "identity", "gaussian_3", "sharpen"]
    hands.paints(bank)
    expect(hands.counted).to_contain_text("(3 · 3 · 3 + 1) · 4 = 112")
    hands.tiles.nth(3).click()
    expect(hands.heading).to_have_text("Filter 3: three slices")
    hands.control("filters").fill("1")
    bank.filters = ["sobel_x"]
    hands.paints(bank)
    expect(hands.heading).to_have_text("Filter 0: three slices")
    expect(hands.counted).to_contain_text(
        f"1 filter of 3 {TIMES} 3 {TIMES} 3 makes 1 feature map of"
    )
    hands.press("Undo")
    hands.press("Undo")
    hands.paints(FilterBank("coffee", filters=["sobel_x", "identity"], bias=[0.5, 1]))


def test_all_filters_of_a_bank_have_one_size(hold):
    hands, bank = hold("coffee", filters=["sobel_x", "redness"])
    hands.control("preset").select_option("gaussian_5")
    bank.filters = ["gaussian_5", "redness"]
    hands.paints(bank)
    expect(hands.tiles.nth(1)).to_contain_text("1 Redness")
    expect(hands.counted).to_contain_text(f"2 filters of 5 {TIMES} 5 {TIMES} 3")
    hands.control("preset").select_option("emboss")  # smaller: zeros around it
    bank.filters = ["emboss", np.pad(banks.COLOURS["redness"].weights, ((1, 1), (1, 1), (0, 0)))]
    hands.paints(bank)
    hands.control("size").select_option("1")
    expect(hands.counted).to_contain_text(f"2 filters of 1 {TIMES} 1 {TIMES} 3")
    bank.filters = [[[1]], [[[1, -0.5, -0.5]]]]
    hands.paints(bank)


def test_three_sums_drop_into_one_number(hold):
    """03.1: pixel (2, 3, 5), filter (1, 0, 2), bias 1 is 13; not three numbers, not their mean."""
    hands, _ = hold([[[2, 3, 5]]], filters=[[[[1, 0, 2]]]], bias=1)
    expect(hands.formula).to_have_text("sums 2 + 0 + 10 + bias 1 = 13")
    expect(hands.widget.get_by_role("group", name="Arithmetic of blue")).to_contain_text("Σ10")


def test_a_pixel_is_taken_apart_by_pointer_and_by_keyboard(hold):
    hands, bank = hold("coffee", filters=["sobel_x", "redness"], bias=[0, 0.5])
    hands.tiles.nth(1).click()
    hands.large.focus()
    expect(hands.widget).to_contain_text("Row 49, column 74")
    hands.page.keyboard.press("Shift+ArrowUp")
    hands.page.keyboard.press("ArrowLeft")
    expect(hands.widget).to_contain_text("Row 39, column 73")
    value = float(bank.maps[39, 73, 1])
    written = f"= {value:.3f}".rstrip("0").replace("-", MINUS)
    expect(hands.formula).to_contain_text(re.compile(re.escape(written)))
    box = hands.large.bounding_box()
    hands.page.mouse.move(box["x"] + 0.5, box["y"] + 0.5)
    expect(hands.widget).to_contain_text("Row 39, column 73")  # a key holds it
    hands.page.keyboard.press("Escape")
    hands.large.hover(position={"x": 1, "y": 1})
    expect(hands.widget).to_contain_text("Row 0, column 0")


def test_maps_are_chosen_with_the_arrow_keys_and_said_aloud(hold):
    hands, bank = hold("coffee")
    hands.tiles.nth(0).focus()
    for keys, number in {"ArrowRight": 1, "ArrowDown": 5, "End": 15, "ArrowUp": 11}.items():
        hands.page.keyboard.press(keys)
        expect(hands.tiles.nth(number)).to_be_focused()
        expect(hands.tiles.nth(number)).to_have_attribute("aria-pressed", "true")
    hands.page.keyboard.press("ArrowRight")  # the last of its row: the next row begins
    expect(hands.tiles.nth(12)).to_be_focused()
    expect(hands.widget.locator("[tabindex='0'].cnnlab-gallery-tile")).to_have_count(1)
    spoken = hands.widget.locator(".cnnlab-spoken")
    expect(spoken).to_contain_text("Map 12, Red green x: from")
    hands.paints(bank, chosen=12)


def test_the_slices_of_a_filter_are_painted_below_its_map(hold):
    hands, bank = hold("coffee")
    weights = bank.filters[..., 12]
    for c in range(3):
        slice_ = pixels_of(hands.tiles.nth(12).locator("[data-role=slice]").nth(c))
        assert (slice_ == display.paint(weights[..., c], limit=2)).all()


def test_grey_silences_the_eight_that_see_colour(hold):
    hands, bank = hold("coffee")
    hands.press("Grey")
    bank.colour = False
    hands.page.wait_for_timeout(100)
    for k in range(16):
        label = hands.tiles.nth(k).get_attribute("aria-label")
        assert label.endswith("from 0 to 0") is (k > 7), label


def test_filters_that_do_not_fit_leave_the_old_maps_faded(hold):
    hands, _ = hold(np.random.default_rng(0).random((4, 6, 3)), filters=["identity"])
    hands.control("size").select_option("7")
    expect(hands.widget.get_by_role("alert")).to_contain_text("do not fit in the picture")
    expect(hands.widget.locator(".cnnlab-stale")).to_have_count(2)
    hands.control("size").select_option("3")
    expect(hands.widget.locator(".cnnlab-stale")).to_have_count(0)


def test_drawing_is_seen_by_all_filters(hold):
    hands, _ = hold("coffee", filters=["sobel_x", "sobel_y"])
    hands.press("Draw")
    surface = hands.widget.locator("[data-role=input]")
    surface.focus()
    for _ in range(8):
        hands.page.keyboard.press("ArrowDown")
    hands.press("Done")
    drawn = pixels_of(surface)
    assert drawn.shape == (128, 128, 3)
    bank = FilterBank(drawn[..., 0], filters=["sobel_x", "sobel_y"])
    hands.paints(bank)
    hands.press("Undo")
    hands.paints(FilterBank("coffee", filters=["sobel_x", "sobel_y"]))


@pytest.mark.parametrize("width", [480, 1366, 1920])
def test_nothing_sticks_out_and_all_is_readable(hold, width):
    hands, _ = hold("astronaut")
    hands.page.set_viewport_size({"width": width, "height": 900})
    hands.page.wait_for_timeout(100)
    assert hands.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert min(hands.widget.evaluate(CONTRAST).values()) >= 4.5


def test_what_the_page_asks_carries_all_settings(hold):
    hands, _ = hold("coffee", filters=["redness"])
    hands.control("filters").fill("2")
    hands.page.wait_for_function("window.lab.sent.length > 1 || window.lab.sent.length")
    last = sent(hands.page)[-1]
    assert set(last["settings"]) == set(FilterBank.settings)


def test_with_a_kernel_its_maps_stay_and_python_is_followed(open_notebook, server, keep):
    cell = "from cnnlab import widgets\nbank = widgets.FilterBank('astronaut')\nbank"
    notebook = open_notebook(server.write("filter_bank.ipynb", cell))
    notebook.run_all()
    hands = Hands(notebook.panel)
    for k in (0, 15):
        expect(hands.tiles.nth(k).locator("canvas").first).to_have_attribute(
            "data-source", "kernel"
        )
    hands.paints(FilterBank("astronaut"), off_by=0)
    keep("filter_bank")
    notebook.run("bank.filters = ['laplacian', 'blueness']; bank.bias = [0, 1]")
    bank = FilterBank("astronaut", filters=["laplacian", "blueness"], bias=[0, 1])
    hands.paints(bank)
    hands.weight(1, 1).fill("-5")
    filters = bank.filters.copy()
    filters[1, 1, :, 0] = -5
    hands.paints(FilterBank("astronaut", filters=filters, bias=[0, 1]))
    expect(hands.tiles.nth(0).locator("canvas").first).to_have_attribute("data-source", "kernel")
    assert notebook.run("print(bank.filters[1, 1, :, 0])").strip() == "[-5. -5. -5.]"
    buffer = io.BytesIO()
    Image.fromarray(np.uint8(images.sample("chelsea")[:200, :300] * 255)).save(buffer, "PNG")
    photograph = {"name": "cat.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    hands.control("file").set_input_files(photograph)
    expect(hands.large).to_have_attribute("width", "148")
    expect(hands.large).to_have_attribute("data-source", "kernel")
    assert notebook.run("print(bank.image.shape, bank.maps.shape)").split(") ") == [
        "(100, 150, 3",
        "(98, 148, 2)\n",
    ]
