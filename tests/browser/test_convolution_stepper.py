"""ConvolutionStepper in Chromium: hands on it, numbers by hand; one test has a kernel."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from cnnlab import display
from cnnlab.exercises import filters as lesson
from cnnlab.widgets import ConvolutionStepper
from tests.browser.jupyterlab import pixels_of, turn_to
from tests.browser.mounting import mount, sent
from tests.browser.reaching import nameless, tab
from tests.browser.test_access import heavy
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
RNG = np.random.default_rng(8)
IMAGE = RNG.integers(-4, 5, (5, 6, 3))
FILTERS = RNG.integers(-2, 3, (2, 3, 3, 2))
ROW = {"image": [[1, 2, 3, 4]], "filters": [[1, 2, 5]], "upstream": [[1, 10]], "mode": "backward"}


class Hands:
    """A stepper on the page, as seen and as touched."""

    def __init__(self, within):
        self.page = within.page
        self.widget = within.locator(".cnnlab")
        self.words = self.widget.locator("[data-role=words]")
        self.check = self.widget.locator("[data-role=check]")
        self.loss = self.widget.locator("[data-role=loss]")
        self.step = self.widget.locator("[data-role=step]")

    def number(self, row, column, grid="Image, channel 0"):
        cells = self.widget.get_by_role("grid", name=grid)
        return cells.locator(f"[data-row='{row}'][data-column='{column}']")

    def map(self, name):
        return self.widget.get_by_role("img", name=re.compile(f"^{re.escape(name)}: "))

    def written(self, name):
        """The numbers on a map."""
        return self.map(name).locator("xpath=..").locator("text").all_text_contents()

    def frames(self, name):
        """Row and column of each frame on a map."""
        return self._placed(self.map(name).locator("xpath=.."))

    def frames_on(self, grid):
        return self._placed(self.widget.get_by_role("grid", name=grid))

    def _placed(self, holder):
        return holder.evaluate(
            """(one) => [...one.querySelectorAll(".cnnlab-over-line, .cnnlab-tap")]
              .map((box) => [box.y.baseVal.value, box.x.baseVal.value].map(Math.floor))"""
        )

    def control(self, name):
        return self.widget.locator(f"[data-control={name}]")

    def press(self, words):
        self.widget.get_by_role("button", name=words, exact=True).click()

    def tables(self):
        """Caption, factors and products of every table, and its sum."""
        return self.widget.locator("[data-role=products]").evaluate_all(
            """(tables) => tables.filter((one) => one.offsetParent).map((one) => ({
              caption: one.querySelector("caption").textContent,
              factors: [...one.querySelectorAll("small")].map((cell) => cell.textContent),
              products: [...one.querySelectorAll("b")].map((cell) => cell.textContent),
              sum: one.querySelector("p").textContent,
            }))"""
        )

    def paints(self, name, array, limit=None):
        """Wait until a map is that array, in numbers and pixel by pixel."""
        array = np.asarray(array, np.float32)
        expect(self.map(name)).to_have_attribute("height", str(array.shape[0]))
        limit = limit or float(np.abs(array).max()) or 1
        expected = display.paint(array, limit=limit)
        for _ in range(100):
            if (painted := pixels_of(self.map(name))).tobytes() == expected.tobytes():
                break
            self.page.wait_for_timeout(40)
        assert (painted == expected).all()
        texts = [float(text.replace(MINUS, "-")) for text in self.written(name)]
        np.testing.assert_allclose(texts, array.ravel(), atol=0.006)

    def shows(self, stepper):
        """Wait until the maps, or in backward mode the gradients, are those of Python."""
        if stepper.mode == "forward":
            output = stepper.output.reshape(*stepper.output.shape[:2], -1)
            for f in range(output.shape[2]):
                name = f"Map {f}" if output.shape[2] > 1 else "Output"
                self.paints(name, output[..., f], float(np.abs(output).max()))
            return
        for c in range(3):
            channel = f", channel {c}"
            image = stepper.image_gradient
            self.paints(f"Gradient, image{channel}", image[..., c], float(np.abs(image).max()))


@pytest.fixture
def hold(page):
    """Mount a stepper on an empty page without a kernel."""
    page.goto("about:blank")

    def hold_one(**options):
        mount(page, ConvolutionStepper(**options))
        return Hands(page.locator("body"))

    yield hold_one
    page.evaluate("window.lab?.close()")


@pytest.fixture
def example(hold):
    return hold(image=lesson.IMAGE_A, filters=lesson.WEIGHTS_A)


# -- Forward --------------------------------------------------------------------------------------


def test_every_product_and_every_sum_is_in_print(example):
    (table,) = example.tables()
    assert table["factors"][3:6] == [f"9 {TIMES} 1", f"7 {TIMES} 1", f"5 {TIMES} 0"]
    assert table["products"] == ["3", "0", "0", "9", "7", "0", "0", "0", "6"]
    assert table["sum"] == "Sum 25"
    expect(example.words).to_have_text("Output, row 0, column 0: sum 25 + bias 0 = 25.")
    comes(lambda: example.frames("Output"), [[0, 0]])
    comes(lambda: example.written("Output"), ["25", "18", "17", "18", "22", "14", "20", "15", "23"])


def test_the_output_is_that_of_python_whatever_is_set(hold):
    how = {"image": IMAGE, "filters": FILTERS, "bias": [1, -2]}
    stepper, hands = ConvolutionStepper(**how), hold(**how)
    hands.shows(stepper)
    hands.control("padding").select_option("same")
    hands.control("stride").fill("2")
    hands.control("activation").select_option("relu")
    stepper.padding, stepper.stride, stepper.activation = "same", 2, "relu"
    hands.shows(stepper)
    hands.number(0, 1, "Image, channel 1").fill("7.5")
    hands.press("Filter 1")
    hands.number(1, 2, "Weights, channel 2").fill("-3")
    hands.number(0, 0, "Bias").fill("2.5")
    image, bank = stepper.image.copy(), stepper.filters.copy()
    image[0, 1, 1], bank[1, 2, 2, 1] = 7.5, -3
    stepper.image, stepper.filters, stepper.bias = image, bank, [1, 2.5]
    hands.shows(stepper)
    hands.control("padding").select_option("2")
    hands.control("dilation").fill("2")
    stepper.padding, stepper.dilation = 2, 2
    hands.shows(stepper)
    for _ in range(8):
        hands.press("Undo")
    hands.shows(ConvolutionStepper(**how))


def test_several_channels_drop_into_one_number_and_several_filters_make_several_maps(hold):
    bank = np.reshape([1, 0, 1, -1, 0, 1], (1, 1, 3, 2))
    hands = hold(image=[[[2, 3, 5]]], filters=bank, bias=[0, 1])
    comes(lambda: [table["products"] for table in hands.tables()], [["2"], ["3"], ["0"]])
    expect(hands.words).to_have_text("Map 0, row 0, column 0: sums 2 + 3 + 0 + bias 0 = 5.")
    hands.map("Map 1").hover()
    said = f"Map 1, row 0, column 0: sums 0 {MINUS} 3 + 5 + bias 1 = 3."
    expect(hands.words).to_have_text(said)
    expect(hands.widget.locator(".cnnlab-spoken")).to_contain_text(said)
    expect(hands.number(0, 0, "Weights, channel 1")).to_have_value(f"{MINUS}1")
    comes(
        lambda: hands.widget.get_by_role("button", name="Filter 1").get_attribute("aria-pressed"),
        "true",
    )
    hands.control("filters-filters").fill("3")
    expect(hands.map("Map 2")).to_be_visible()
    comes(lambda: hands.written("Map 2"), ["0"])
    hands.control("image-channels").fill("1")
    hands.control("filters-filters").fill("1")
    comes(lambda: hands.written("Output"), ["2"])
    hands.press("Undo")
    hands.press("Undo")
    hands.press("Undo")
    comes(lambda: [table["products"] for table in hands.tables()], [["0"], [f"{MINUS}3"], ["5"]])


def test_padding_and_what_no_window_reaches_look_different(hold):
    hands = hold(image=np.ones((4, 6)), filters=np.ones((3, 3)), stride=2, padding="same")
    comes(lambda: hands.widget.locator(".cnnlab-pad").count(), 5 * 7 - 4 * 6)  # one row, one column
    hands.control("padding").select_option("0 (valid)")
    skipped = hands.widget.locator("[data-look=skipped]")
    expect(skipped).to_have_count(4 * 6 - 3 * 5)
    look = skipped.first.locator("input").evaluate("(one) => getComputedStyle(one).background")
    assert "gradient" in look
    hands.number(3, 0).focus()
    expect(hands.words).to_have_text("Number, row 3, column 0: no window reaches it.")
    hands.control("padding").select_option("1")
    hands.number(1, 1).focus()  # it feeds four outputs, so nine weights are in four products
    comes(lambda: hands.tables()[0]["factors"].count(""), 9 - 4)


TOUCHED = """async (stage) => {
  const touched = new Set();
  const watch = new MutationObserver((all) => {
    for (const { target } of all) touched.add(target.nodeType === 3 ? target.parentNode : target);
  });
  const all = { subtree: true, childList: true, attributes: true, characterData: true };
  watch.observe(stage.parentNode, all);
  const cell = stage.querySelector("[data-row='0'][data-column='0']");
  cell.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true }));
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  watch.disconnect();
  const there = (one) => one === stage || one.closest(".cnnlab-grid, .cnnlab-overlay");
  return [...touched].filter(there).map((one) => one.dataset.row ?? one.localName);
}"""
"""What a change of the first number writes anew on grids, on drawings and on what holds them."""


def test_a_change_touches_only_what_depends_on_it(hold):
    image = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    hands = hold(image=image, filters=[[1, 0], [0, 0]], step=4)
    hands.number(0, 0).focus()
    comes(lambda: hands.written("Output"), ["1", "2", "4", "5"])
    touched = hands.widget.locator(".cnnlab-convolution").evaluate(TOUCHED)
    assert sorted(touched) == [
        "0",
        "div",
        "text",
    ]  # the number, its square, the output that it feeds
    comes(lambda: hands.written("Output"), ["2", "2", "4", "5"])


# -- Pointing -------------------------------------------------------------------------------------


def test_an_output_shows_its_window_and_a_number_every_output_it_feeds(example):
    example.map("Output").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        example.page.keyboard.press(key)
    comes(lambda: example.frames_on("Image, channel 0"), [[2, 1]])  # the window, from its corner
    box = example.widget.locator(".cnnlab-grid-overlay .cnnlab-over-line").first
    comes(lambda: [box.get_attribute(side) for side in ("width", "height")], ["3", "3"])
    expect(example.words).to_contain_text("Output, row 2, column 1: sum 15")
    example.number(1, 1).focus()
    expect(example.words).to_have_text(
        "Number, row 1, column 1: 7 feeds 4 outputs, each by another weight."
    )
    comes(lambda: sorted(example.frames("Output")), [[0, 0], [0, 1], [1, 0], [1, 1]])
    comes(lambda: len(example.frames_on("Weights, channel 0")), 4)
    (table,) = example.tables()
    assert table["factors"][4] == f"7 {TIMES} 1"  # its product in the output of the same place
    example.number(0, 2, "Weights, channel 0").focus()
    expect(example.words).to_have_text(
        "Weight, row 0, column 2: 0 is in 9 products, one for every output."
    )
    comes(
        lambda: example.frames_on("Image, channel 0"),
        [[i, j] for i in (0, 1, 2) for j in (2, 3, 4)],
    )
    comes(lambda: len(example.frames("Output")), 9)
    (table,) = example.tables()
    assert table["factors"][:3] == [f"{one} {TIMES} 0" for one in (2, 8, 1)]


def test_dilation_shows_which_numbers_lie_under_a_weight(hold):
    hands = hold(image=np.ones((5, 5)), filters=np.ones((2, 2)), dilation=3)
    frames = hands.frames_on("Image, channel 0")
    assert frames == [[0, 0], [0, 0], [0, 3], [3, 0], [3, 3]]  # the window, and its four numbers


# -- Steps ----------------------------------------------------------------------------------------


def covered(hands, name):
    path = hands.map(name).locator("xpath=..").locator(".cnnlab-later").get_attribute("d") or ""
    return path.count("M")


def test_the_maps_fill_one_after_the_other_by_keyboard(hold):
    hands = hold(image=np.ones((3, 3)), filters=np.ones((2, 2, 1, 2)), step=1)
    expect(hands.step).to_have_text("step 1 of 8")
    comes(lambda: (covered(hands, "Map 0"), covered(hands, "Map 1")), (3, 4))
    hands.press("Show all")
    expect(hands.step).to_have_text("all 8 steps")
    slider = hands.control("step")
    slider.focus()
    hands.page.keyboard.press("Home")
    expect(hands.step).to_have_text("step 0 of 8")
    comes(lambda: (covered(hands, "Map 0"), covered(hands, "Map 1")), (4, 4))
    comes(hands.tables, [])
    for _ in range(3):
        hands.page.keyboard.press("ArrowRight")
    comes(lambda: (covered(hands, "Map 0"), covered(hands, "Map 1")), (1, 4))
    expect(hands.words).to_contain_text("Map 0, row 1, column 0:")
    hands.press("Filter 1")
    expect(hands.step).to_have_text("step 7 of 8")  # the same place of the other map
    expect(hands.words).to_contain_text("Map 1, row 1, column 0:")
    hands.press("One step back")
    comes(lambda: (covered(hands, "Map 0"), covered(hands, "Map 1")), (0, 2))
    hands.press("Show all")
    comes(lambda: covered(hands, "Map 1"), 0)


def test_it_plays_to_the_end(browser):
    context = browser.new_context()
    page = context.new_page()
    page.clock.install(time=0)
    page.goto("about:blank")
    page.clock.pause_at(1000)
    mount(page, ConvolutionStepper(lesson.IMAGE_A, lesson.WEIGHTS_A))
    hands = Hands(page.locator("body"))
    page.clock.run_for(100)
    hands.press("Play")
    expect(hands.step).to_have_text("step 1 of 9")
    page.clock.run_for(1500)
    expect(hands.step).to_have_text("step 3 of 9")
    hands.press("Pause")
    page.clock.run_for(3000)
    expect(hands.words).to_contain_text("row 0, column 2: sum 17")
    hands.press("Play")
    page.clock.run_for(9000)
    expect(hands.step).to_have_text("step 9 of 9")
    page.evaluate("window.lab.close()")
    page.clock.run_for(3000)
    context.close()


# -- Backward -------------------------------------------------------------------------------------


def test_gradients_scatter_output_by_output(hold):
    hands = hold(**ROW)
    hands.press("Next step")
    comes(lambda: hands.written("Gradient, image"), ["1", "2", "5", "0"])
    comes(lambda: hands.written("Gradient, filter"), ["1", "2", "3"])
    comes(lambda: hands.written("Gradient, bias"), ["1"])
    hands.press("Next step")
    to_image, to_filter = hands.tables()
    assert to_image["products"] == ["10", "20", "50"]
    assert to_filter["products"] == ["20", "30", "40"]
    expect(hands.words).to_contain_text("10 from above")
    comes(lambda: hands.frames("Gradient, image"), [[0, 1]])
    comes(lambda: hands.written("Gradient, image"), ["1", "12", "25", "50"])
    comes(lambda: hands.written("Gradient, filter"), ["21", "32", "43"])
    comes(lambda: hands.written("Gradient, bias"), ["11"])
    expect(hands.loss).to_contain_text("added up): 300.")


def test_gradients_gather_number_by_number_with_the_filter_flipped(hold):
    hands = hold(**ROW)
    hands.press("Gather")
    for _ in range(2):
        hands.press("Next step")
    expect(hands.step).to_have_text("step 2 of 4")
    (table,) = hands.tables()
    assert table["caption"].endswith("flipped")
    assert table["factors"] == ["", f"1 {TIMES} 2", f"10 {TIMES} 1"]
    assert table["sum"] == "Sum 12"
    expect(hands.words).to_have_text("Number, row 0, column 1: gets 12 from 2 outputs.")
    comes(lambda: covered(hands, "Gradient, image"), 2)
    hands.number(0, 2, "Weights, channel 0").focus()
    expect(hands.words).to_have_text("Weight, row 0, column 2: gets 3 + 40 = 43.")


def test_every_gradient_has_its_central_difference_beside_it(hold):
    hands = hold(**ROW)
    expect(hands.map("Central difference, image")).to_be_hidden()
    hands.control("check").check()
    comes(lambda: hands.written("Central difference, image"), ["1", "12", "25", "50"])
    comes(lambda: hands.written("Central difference, filter"), ["21", "32", "43"])
    comes(lambda: hands.written("Central difference, bias"), ["11"])
    expect(hands.loss).to_contain_text("of 8 gradients the largest relative error is 0.")
    hands.map("Gradient, filter").focus()
    expect(hands.check).to_have_text("Gradient 21, central difference 21, relative error 0.")
    hands.number(0, 1, "Gradient from above, map 0").fill("0.1")
    hands.map("Gradient, filter").focus()
    hands.page.keyboard.press("ArrowRight")
    expect(hands.check).to_contain_text("Gradient 2.3, central difference 2.3, relative error")
    expect(hands.loss).to_contain_text("largest relative error is ")
    error = re.search(r"largest relative error is (\S+)\.$", hands.loss.text_content())[1]
    assert float(error.replace(MINUS, "-")) < 1e-6


def test_all_gradients_are_those_of_python_with_several_channels_and_filters(hold):
    upstream = RNG.normal(size=(4, 4, 2)).round(2)
    how = {"image": IMAGE, "filters": FILTERS, "upstream": upstream, "mode": "backward"}
    stepper, hands = ConvolutionStepper(**how), hold(**how)
    hands.shows(stepper)
    hands.control("activation").select_option("relu")
    stepper.activation = "relu"
    hands.shows(stepper)
    most = float(np.abs(stepper.filter_gradient).max())
    slice_of_two = stepper.filter_gradient[:, :, 1, 1]
    hands.press("Filter 1")
    hands.paints("Gradient, filter 1, channel 1", slice_of_two, most)
    shut = np.argwhere((stepper.output[..., 1] == 0) & (upstream[..., 1] != 0))[0]
    hands.number(*shut, "Gradient from above, map 1").focus()
    expect(hands.words).to_contain_text("so ReLU was shut")
    for order in ("Gather", "Scatter"):
        hands.press(order)
        hands.control("step").focus()
        hands.page.keyboard.press("End")
        hands.shows(stepper)


# -- What does not fit, size, wire ----------------------------------------------------------------


@pytest.mark.parametrize("mode", ["forward", "backward"])
def test_what_does_not_fit_is_said_and_mended(hold, mode):
    hands = hold(image=IMAGE, filters=FILTERS, mode=mode)
    notice = hands.widget.get_by_role("alert")
    hands.control("dilation").fill("4")
    expect(notice).to_contain_text("The filter does not fit in the padded image")
    hands.number(0, 0).fill("8")  # all else goes on
    hands.control("padding").select_option("4")
    expect(notice).to_be_hidden()


def test_a_volume_grows_and_shrinks_within_its_bounds(hold):
    hands = hold(image=[[1, 2], [3, 4]], filters=[[1]])
    for name, most in [("image-rows", 12), ("image-channels", 3), ("filters-rows", 5),
                       ("filters-filters", 4)]:  # fmt: skip
        comes(hands.control(name).get_attribute, str(most), "max")
    hands.control("image-columns").fill("3")
    hands.control("image-channels").fill("2")
    values = [hands.number(k // 3, k % 3).input_value() for k in range(6)]
    assert values == ["1", "2", "0", "3", "4", "0"]
    comes(lambda: hands.number(0, 0, "Image, channel 1").input_value(), "0")


def test_the_kernel_is_asked_with_all_settings_and_its_numbers_stay(hold):
    hands = hold(**ROW)
    (asked,) = sent(hands.page)
    assert asked["settings"]["filters"] == [[[[1]], [[2]], [[5]]]]
    assert asked["settings"]["bias"] == [0]
    parts = [{"limit": 50, "numbers": [1, 12, 25, 50]}, {"limit": 43, "numbers": [21, 32, 43]},
             {"limit": 11, "numbers": [11]}]  # fmt: skip
    reply = "([seq, parts, steps]) => window.lab.reply(seq, { parts }, steps)"
    painted = [display.levels(one["numbers"], limit=one["limit"]) for one in parts]
    hands.page.evaluate(reply, [asked["seq"], parts, np.concatenate(painted).tolist()])
    expect(hands.map("Gradient, image")).to_have_attribute("data-source", "kernel")
    expect(hands.widget.get_by_role("alert")).to_be_hidden()


# -- For everybody --------------------------------------------------------------------------------


def test_everything_has_a_name_and_is_reached_with_a_visible_focus(hold):
    hands = hold(image=IMAGE[:3, :3, :2], filters=FILTERS[:, :2, :2], mode="backward", check=True)
    assert not nameless(hands.widget)
    seen, outlines = set(), []
    for _ in range(60):
        here = tab(hands.page)
        if here is None and "filters-filters" in seen:
            break
        assert here is not None, "the focus was lost within the widget"
        seen.add(here[0].split(":")[0])
        outlines.append(tuple(here[1:]))
    wanted = {"Forward", "Gather", "check", "Next step", "step", "row 0, column 0", "Filter 1",
              "Bias", "Gradient, image, channel 1", "stride", "padding",
              "Gradient, filter 0, channel 0", "Central difference, image, channel 0",
              "activation", "palette", "image-channels", "filters-filters"}  # fmt: skip
    assert wanted <= seen
    assert set(outlines) == {("solid", "2px")}


def test_a_product_is_read_on_every_colour(hold):
    ramp = np.linspace(-37, 37, 75).reshape(5, 5, 3)
    assert not heavy(hold(image=np.ones((5, 5, 3)), filters=ramp).page)


@pytest.mark.parametrize("mode", ["forward", "backward"])
def test_nothing_sticks_out_from_480_to_1920_pixels(hold, keep, mode):
    large = {
        "image": RNG.normal(size=(12, 12, 3)).round(2) * 10,
        "filters": RNG.normal(size=(5, 5, 3, 4)).round(2),
    }
    hands = hold(**large, mode=mode, padding=1)
    try:
        for width in (480, 1366, 1920):
            hands.page.set_viewport_size({"width": width, "height": 1100})
            hands.page.wait_for_timeout(100)
            keep(f"convolution_stepper_{mode}_{width}")
            sizes = hands.widget.evaluate("(one) => [one.scrollWidth, one.clientWidth]")
            assert sizes[0] <= sizes[1]
    finally:
        hands.page.set_viewport_size({"width": 1400, "height": 1100})


# -- With a kernel --------------------------------------------------------------------------------


def test_page_and_python_follow_each_other_in_jupyterlab(open_notebook, server, keep):
    how = f"{IMAGE.tolist()}, {FILTERS.tolist()}, [1, -2]"
    cell = f"from cnnlab import widgets\nstepper = widgets.ConvolutionStepper({how})\nstepper"
    notebook = open_notebook(server.write("convolution_stepper.ipynb", cell))
    notebook.run_all()
    hands, twin = Hands(notebook.panel), ConvolutionStepper(IMAGE, FILTERS, [1, -2])
    expect(hands.map("Map 0")).to_have_attribute("data-source", "kernel")
    hands.shows(twin)
    hands.control("stride").fill("2")
    hands.press("Backward")
    hands.number(0, 1, "Gradient from above, map 0").fill("2.5")
    expect(hands.map("Gradient, image, channel 0")).to_have_attribute("data-source", "kernel")
    twin.stride, twin.mode = 2, "backward"
    twin.upstream = [[[1, 1], [2.5, 1]], [[1, 1], [1, 1]]]
    hands.shows(twin)
    told = notebook.run("print(stepper.filter_gradient.tolist(), stepper.stride)")
    assert told.strip() == f"{twin.filter_gradient.tolist()} 2"
    notebook.run("stepper.image = stepper.image[..., 0]; stepper.filters = [[1, 2], [3, 4]]")
    notebook.run("stepper.mode, stepper.bias = 'forward', 3")
    twin.image = twin.image[..., 0]
    twin.filters, twin.mode, twin.bias = [[1, 2], [3, 4]], "forward", 3
    hands.shows(twin)
    assert notebook.run("print(stepper.code())").strip() == twin.code().strip()
    hands.press("Copy as code")
    expect(hands.widget.locator("pre")).to_have_text(twin.code())
    hands.press("Close")
    notebook.run("stepper.dilation = 4; stepper.filters = [[1] * 5] * 5")
    notice = hands.widget.get_by_role("alert")
    expect(notice).to_contain_text("does not fit in a 5x6 image")
    notebook.run("stepper.reset(); stepper.mode = 'backward'")
    hands.shows(ConvolutionStepper(IMAGE, FILTERS, [1, -2], mode="backward"))
    try:
        for theme in ("Dark", "Light"):
            turn_to(hands.page, theme)
            keep(f"convolution_stepper_{theme.lower()}")
            contrast = hands.widget.evaluate(CONTRAST)
            assert min(contrast.values()) >= 4.5, contrast
    finally:
        notebook.shut_down()
