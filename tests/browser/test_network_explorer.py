"""NetworkExplorer in Chromium: every map against Python's, hands and keys; one has a kernel."""

import re
import time
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from cnnlab import Network, Sequential, datasets, display, zoo
from cnnlab.layers import Conv2D, Dense, Flatten, MaxPool2D
from cnnlab.widgets import NetworkExplorer
from cnnlab.widgets.shared.traits import Palette
from tests.browser.jupyterlab import pixels_of, turn_to
from tests.browser.mounting import sent
from tests.browser.touching import WidgetHands, with_kernel

pytestmark = pytest.mark.needs("browser")

CAMERA = (Path(__file__).parent / "camera.js").read_text()
DIGITS = datasets.digits().test


class Hands(WidgetHands):
    """An explorer on the page, as seen and as touched."""

    def __init__(self, within):
        super().__init__(within)
        self.trail = self.widget.get_by_role("navigation").get_by_role("listitem")
        self.title = self.role("unit-title")
        self.formula = self.role("formula")
        self.gallery = self.role("gallery")
        self.map = self.role("unit-map")
        self.answer = self.role("answer")

    def layer(self, name):
        return self.widget.locator(f"canvas[data-layer={name}]")

    def head(self, name):
        return self.widget.get_by_role("button", name=re.compile(f"^{name}"))

    def where(self, *steps):
        expect(self.trail).to_have_text(["All layers", *steps])

    def frames(self, name):
        """The frames over the maps of a layer, as boxes in pixels of its canvas."""
        path = self.layer(name).locator("xpath=../*[name()='svg']").locator(".cnnlab-over-line")
        return path.evaluate_all("(all) => all.map((one) => one.getAttribute('d'))")

    def click_map(self, name, share):
        box = self.layer(name).bounding_box()
        self.layer(name).click(
            position={"x": box["width"] * share[0], "y": box["height"] * share[1]}
        )

    def press_keys(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def draw(self, *places):
        """Draw a stroke through places on the pad, as shares of its sides."""
        box = self.role("input").bounding_box()
        mouse = self.page.mouse
        for k, (x, y) in enumerate(places):
            mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=3)
            if not k:
                mouse.down()
        mouse.up()

    def until(self, right, told=lambda: None):
        """Wait until something is right."""
        deadline = time.monotonic() + 8
        while not right():
            assert time.monotonic() < deadline, told()
            self.page.wait_for_timeout(30)

    def paints(self, explorer):
        """Wait until every map of every layer is painted as Python would."""
        for name in explorer.maps:
            right = lambda n=name: self.tiles(n, explorer) == tiles(explorer, n)  # noqa: E731 - a word
            self.until(right, lambda n=name: n)

    def tiles(self, name, explorer):
        """The pixels of a layer's canvas, cut into its maps, without what is between them."""
        pixels = pixels_of(self.layer(name))
        maps = explorer.maps[name]
        count = min(maps.shape[-1], 64 if maps.ndim == 3 else 512)
        height, width = maps.shape[:2] if maps.ndim == 3 else (1, 1)
        for gap in range(6):
            across, down = pixels.shape[1] + gap, pixels.shape[0] + gap
            columns, rows = across / (width + gap), down / (height + gap)
            if columns % 1 == rows % 1 == 0 and columns * (rows - 1) < count <= columns * rows:
                break
        else:
            return None
        found = []
        for k in range(count):
            row, column = divmod(k, int(columns))
            top, left = row * (height + gap), column * (width + gap)
            found.append(pixels[top : top + height, left : left + width].tobytes())
        return found


def tiles(explorer, name):
    """What those pixels are to be."""
    maps = explorer.maps[name]
    palette, limit = Palette.named(explorer.palette), display.limit_of(maps)
    volume = maps if maps.ndim == 3 else maps[None, None, :512]
    return [display.paint(volume[..., k], palette, limit).tobytes() for k in range(volume.shape[2])]


@pytest.fixture(scope="module")
def lenet():
    return zoo.pretrained("lenet5")


hold = with_kernel(NetworkExplorer, Hands)


def small():
    """A network whose first layer has more maps than a page of them."""
    return Network(Sequential([Conv2D(40), MaxPool2D(), Flatten(), Dense(3)], (12, 10, 1)), seed=2)


# -- Maps -----------------------------------------------------------------------------------------


def test_all_maps_are_those_of_python_and_follow_a_drawing(hold, lenet):
    hands, explorer = hold(lenet)
    hands.paints(explorer)
    first = explorer.network_input
    hands.press("Draw")
    hands.draw((0.5, 0.2), (0.5, 0.8))
    hands.until(lambda: explorer.image.shape[0] == 128 and explorer.network_input.any())
    hands.until(lambda: not np.array_equal(first, explorer.network_input))
    hands.paints(explorer)
    name = explorer.class_names[explorer.scores.argmax()]
    expect(hands.answer).to_contain_text(f"Answer: {name}, ")
    hands.press("Done")
    hands.press("Undo")
    hands.paints(explorer)


def test_all_maps_follow_the_camera_and_stay_when_it_is_frozen(hold, lenet):
    hands, explorer = hold(lenet)
    page = hands.page
    page.evaluate(CAMERA)  # a drawn room with a hand that moves
    painted = "(all) => all.map((one) => Number(one.dataset.frame))"
    layers = hands.widget.locator("canvas[data-layer]")
    begun = np.array(layers.evaluate_all(painted))
    seen = [explorer.network_input]
    hands.press("Webcam")
    for _ in range(3):
        hands.until(lambda: not np.array_equal(explorer.network_input, seen[-1]))
        seen.append(explorer.network_input)
    assert explorer.image.shape == (240, 320)
    hands.until(lambda: min(np.array(layers.evaluate_all(painted)) - begun) >= 3)
    hands.press("Freeze")
    hands.paints(explorer)
    frozen = explorer.network_input.copy()
    assert (pixels_of(hands.role("input")) == display.photograph(explorer.image)).all()
    for name, maps in lenet.forward(frozen[None]).items():
        np.testing.assert_allclose(explorer.maps[name], maps[0], rtol=1e-4, atol=1e-5)
    name = explorer.class_names[explorer.scores.argmax()]
    expect(hands.answer).to_contain_text(f"Answer: {name}, ")
    page.wait_for_timeout(300)  # the hand before the camera goes on moving
    np.testing.assert_array_equal(explorer.network_input, frozen)
    hands.paints(explorer)
    hands.press("Undo")  # all that was filmed is one step
    hands.until(lambda: np.array_equal(explorer.network_input, seen[0]))


def test_scores_and_probabilities_are_told_for_each_class(hold):
    hands, explorer = hold(zoo.pretrained("digits_net"), data=DIGITS)
    rows = hands.role("scores").locator("tbody tr")
    expect(rows).to_have_count(10)
    for k, (score, chance) in enumerate(zip(explorer.scores, explorer.probabilities, strict=True)):
        cells = rows.nth(k).locator(".cnnlab-score-number")
        text = cells.nth(0).text_content().replace("\N{MINUS SIGN}", "-")
        assert float(text) == pytest.approx(score, abs=0.051)
        if 0.001 < chance < 0.999:
            shown = float(cells.nth(1).text_content().removesuffix(" %"))
            assert shown == pytest.approx(100 * chance, abs=0.06)


def test_a_network_that_ends_in_maps_has_no_scores(hold):
    hands, explorer = hold(Network(Sequential([Conv2D(3), MaxPool2D()], (9, 7, 3))), noise())
    hands.paints(explorer)
    expect(hands.role("scores")).to_be_hidden()
    hands.head("max_pooling2d_1").click()
    hands.where("max_pooling2d_1")


def noise():
    return np.random.default_rng(1).random((9, 7, 3))


def test_the_data_set_is_leafed_through(hold):
    hands, explorer = hold(zoo.pretrained("digits_net"), data=DIGITS)
    expect(hands.role("example")).to_have_text(
        f"Image 0, counted from 0 to 358: {DIGITS.labels[0]}"
    )
    hands.press("Next image")
    hands.until(lambda: np.array_equal(explorer.network_input, DIGITS.images[1]))
    hands.paints(explorer)
    hands.control("class").select_option("7")
    expect(hands.role("example")).to_have_text(re.compile(": 7$"))


def test_maps_in_colours_of_their_own_are_asked_for_again(hold, lenet):
    hands, explorer = hold(lenet)
    hands.press("One scale a map")
    hands.until(lambda: explorer.colours == "map")
    maps = explorer.maps["conv2d_1"]
    expected = [
        display.paint(maps[..., k], "blue_red", display.limit_of(maps[..., k])).tobytes()
        for k in range(6)
    ]
    hands.until(lambda: hands.tiles("conv2d_1", explorer) == expected)


def test_a_large_network_comes_layer_by_layer(hold, monkeypatch):
    monkeypatch.setattr("cnnlab.widgets.NetworkExplorer._moment", 0)
    hands, explorer = hold(small(), np.eye(12, 10))
    hands.paints(explorer)
    explorer._pass = None
    hands.press("One scale a map")
    hands.press("One scale a layer")
    hands.paints(explorer)


# -- In and out -----------------------------------------------------------------------------------


def test_a_click_on_a_map_opens_it_and_the_trail_goes_out(hold, lenet):
    hands, explorer = hold(lenet)
    hands.where()
    hands.head("conv2d_2").click()
    hands.where("conv2d_2")
    expect(hands.gallery).to_be_visible()
    hands.click_map("conv2d_1", (0.5, 0.25))
    hands.where("conv2d_1", "Map 1")
    hands.until(lambda: (explorer.layer, explorer.unit) == ("conv2d_1", 1))
    row, column = explorer.place
    expect(hands.title).to_have_text(f"conv2d_1: Map 1, row {row}, column {column}")
    expect(hands.gallery).to_be_hidden()
    hands.press("conv2d_1")
    hands.where("conv2d_1")
    hands.press("All layers")
    hands.where()
    hands.press("Undo")
    hands.where("conv2d_1")


def test_the_keyboard_goes_everywhere(hold, lenet):
    hands, explorer = hold(lenet)
    hands.layer("conv2d_1").focus()
    hands.press_keys("ArrowDown")
    hands.where("conv2d_1", "Map 0")
    hands.press_keys("ArrowDown", "ArrowDown")
    hands.where("conv2d_1", "Map 2")
    expect(hands.layer("conv2d_1")).to_have_attribute("aria-label", re.compile("map 2 of 6: from"))
    hands.press_keys("ArrowRight", "ArrowRight")
    hands.where("conv2d_2", "Map 2")
    expect(hands.layer("conv2d_2")).to_be_focused()
    hands.press_keys("End")
    hands.where("conv2d_2", "Map 15")
    expect(hands.title).to_contain_text("conv2d_2: Map 15")
    hands.press_keys("Enter")
    expect(hands.map).to_be_focused()
    place = explorer.place
    way = "ArrowUp" if place[0] else "ArrowDown"
    hands.press_keys(way)
    to = (place[0] + (1 if way == "ArrowDown" else -1), place[1])
    expect(hands.title).to_have_text(f"conv2d_2: Map 15, row {to[0]}, column {to[1]}")
    hands.press_keys("Backspace")
    hands.where("conv2d_2")
    expect(hands.gallery).to_be_focused()
    hands.press_keys("ArrowLeft", "ArrowLeft", "Enter")
    hands.until(lambda: explorer.unit is not None)
    hands.press_keys("Backspace", "Backspace")
    hands.where()


def test_maps_of_a_wide_layer_are_turned_page_by_page(hold):
    hands, explorer = hold(small(), np.eye(12, 10))
    hands.head("conv2d_1").click()
    pager = hands.role("detail").get_by_role("status")
    expect(pager).to_have_text("maps 0 to 31 of 40")
    hands.press("Next maps")
    expect(pager).to_have_text("maps 32 to 39 of 40")
    box = hands.gallery.bounding_box()
    hands.gallery.click(position={"x": 30, "y": min(30, box["height"] / 2)})
    hands.where("conv2d_1", "Map 32")
    hands.until(lambda: explorer.unit == 32)


def test_large_maps_stand_in_as_many_columns_as_there_is_room_for(hold):
    hands, _ = hold(small(), np.eye(12, 10), layer="conv2d_1")
    expect(hands.gallery).to_be_visible()
    width = lambda: int(hands.gallery.get_attribute("width"))  # noqa: E731 - a word
    wide = width()
    hands.page.set_viewport_size({"width": 500, "height": 1100})
    hands.until(lambda: width() < wide / 2)
    hands.page.set_viewport_size({"width": 1400, "height": 1100})
    hands.until(lambda: width() == wide)


def test_a_place_that_was_pointed_at_is_stored_when_the_hand_rests(hold, lenet):
    hands, _ = hold(lenet, layer="conv2d_2", unit=3, at=(0, 0))
    stored = lambda: hands.page.evaluate("window.lab.state._settings.values.at")  # noqa: E731 - a word
    hands.map.focus()
    hands.press_keys("ArrowDown", "ArrowRight")
    hands.until(lambda: stored() == [1, 1])
    expect(hands.widget.get_by_role("button", name="Undo")).to_be_disabled()


# -- One number -----------------------------------------------------------------------------------


def test_pointing_at_a_map_takes_its_number_apart_and_frames_what_it_sees(hold, lenet):
    hands, explorer = hold(lenet, layer="conv2d_2", unit=3)
    box = hands.map.bounding_box()
    hands.map.click(position={"x": box["width"] * 0.75, "y": box["height"] * 0.25})
    hands.until(lambda: explorer.at == (2, 7))
    expect(hands.title).to_have_text("conv2d_2: Map 3, row 2, column 7")
    told = explorer.explain()
    expect(hands.role("slices").get_by_role("group")).to_have_count(6)
    total = f"{told['sum']:.3f}".replace("-", "\N{MINUS SIGN}").rstrip("0")
    expect(hands.formula).to_contain_text(f"= {total}")
    expect(hands.role("field")).to_contain_text(
        "It depends on 14 \u00d7 14 pixels of the input: rows 2 to 15, columns 12 to 25."
    )
    assert told["fields"]["input"] == [2, 12, 16, 26]
    # All six maps below are seen, each in five by five places.
    (path,) = hands.frames("max_pooling2d_1")
    assert path.count("M") == 6
    assert path.startswith("M7 2h5v5h-5z")
    assert hands.frames("dense_1") == []


def test_below_a_pooling_one_map_is_framed(hold, lenet):
    hands, _explorer = hold(lenet, layer="max_pooling2d_1", unit=4, at=(0, 0))
    expect(hands.formula).to_contain_text("the largest of 4 numbers is ")
    (path,) = hands.frames("conv2d_1")
    assert path.count("M") == 1
    assert path.endswith("h2v2h-2z")


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("flatten_1", r"row \d+, column \d+, map 1 of max_pooling2d_2 = "),
        ("dense_2", r"\(24 products\).*\(96 others\).* bias .* = .* → relu "),
        ("dense_3", r"\(24 products\).*\(60 others\).* bias [\d.]+ = "),
    ],
)
def test_numbers_without_a_map_are_taken_apart_too(hold, lenet, layer, words):
    hands, _explorer = hold(lenet, layer=layer, unit=1)
    expect(hands.title).to_have_text(f"{layer}: Unit 1")
    expect(hands.formula).to_have_text(re.compile(words))
    expect(hands.map).to_be_hidden()
    explained = hands.role("products").locator("td b")
    expect(explained).to_have_count(24 if layer.startswith("dense") else 0)


def test_a_layer_out_of_sight_is_brought_into_it(hold):
    layers = [Conv2D(8, 3, padding=1) for _ in range(20)]
    net = Network(Sequential([*layers, Flatten(), Dense(3)], (8, 8, 1)))
    hands, _ = hold(net, np.eye(8), layer="conv2d_20", unit=2)
    shown = """(canvas) => { const own = canvas.getBoundingClientRect(),
      room = canvas.closest("[data-role=overview]").getBoundingClientRect();
      return own.left >= room.left && own.right <= room.right; }"""
    hands.until(lambda: hands.layer("conv2d_20").evaluate(shown))
    hands.layer("conv2d_20").focus()
    hands.press_keys(*["ArrowLeft"] * 19)
    hands.where("conv2d_1", "Map 2")
    hands.until(lambda: hands.layer("conv2d_1").evaluate(shown))


def test_tab_reaches_everything_and_the_focus_is_seen(hold):
    hands, _ = hold(zoo.pretrained("digits_net"), data=DIGITS, layer="conv2d_2", unit=1)
    page, seen, outlines = hands.page, set(), set()
    hands.control("sample").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """() => { const one = document.activeElement, look = getComputedStyle(one);
              return one.closest(".cnnlab") && [
                one.dataset.control || one.dataset.role || one.innerText.split("\\n")[0],
                look.outlineStyle, look.outlineWidth]; }"""
        )
        if here is None:
            break
        seen.add(here[0])
        outlines.add(tuple(here[1:]))
    wanted = {
        "Upload", "Webcam", "Draw", "class", "Previous image", "Next image", "fitting", "palette",
        "One scale a map", "All layers", "conv2d_2", "layer-maps", "unit-map",
    }  # fmt: skip
    assert wanted <= seen, wanted - seen
    assert outlines == {("solid", "2px")}
    expect(hands.trail.last).to_have_text("Map 1")  # passing by chooses nothing


# -- Without a kernel -----------------------------------------------------------------------------


def test_without_a_kernel_the_last_picture_stays_and_can_be_looked_at(hold, lenet):
    hands, explorer = hold(lenet, kernel=False, layer="conv2d_2", unit=3)
    hands.paints(explorer)
    expect(hands.answer).to_contain_text("Answer: ")
    expect(hands.title).to_contain_text("conv2d_2: Map 3")
    hands.head("conv2d_1").click()
    expect(hands.gallery).to_be_visible()
    hands.click_map("conv2d_1", (0.5, 0.9))
    hands.where("conv2d_1", "Map 5")
    expect(hands.map).to_be_visible()
    expect(hands.role("hint")).to_contain_text("computed by the kernel")
    expect(hands.role("source")).to_contain_text("The last picture stays")
    hands.paints(explorer)


def test_what_was_drawn_last_is_kept_for_a_page_without_a_kernel(hold, lenet):
    hands, explorer = hold(lenet)
    hands.press("Draw")
    hands.draw((0.3, 0.3), (0.7, 0.3), (0.4, 0.8))
    hands.press("Done")
    hands.paints(explorer)
    bytes_of = """() => { const { _maps: { buffer, byteOffset, byteLength } } = window.lab.state;
      return Array.from(new Uint8Array(buffer, byteOffset, byteLength)); }"""
    expected = lambda: list(explorer._answered({}, np.inf)[1][0])  # noqa: E731 - a word
    hands.until(lambda: hands.page.evaluate(bytes_of) == expected())


def test_newest_first_and_never_an_older_over_a_newer(hold, lenet):
    hands, _ = hold(lenet, kernel=False)
    page = hands.page
    first = sent(page)[-1]["seq"]
    hands.head("conv2d_1").click()
    hands.head("conv2d_2").click()
    assert sent(page)[-1]["seq"] == first  # one under way, the newest waits
    page.evaluate("(seq) => window.lab.reply(seq, { error: 'no' })", first)
    page.wait_for_function("(seq) => window.lab.sent.at(-1).content.seq > seq", arg=first)
    assert sent(page)[-1]["settings"]["layer"] == "conv2d_2"


# -- How it looks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [{}, {"layer": "conv2d_2"}, {"layer": "conv2d_2", "unit": 3}])
def test_nothing_sticks_out_from_480_to_1920_pixels(hold, keep, lenet, where):
    hands, _ = hold(lenet, **where)
    try:
        for width in (480, 800, 1920):
            hands.page.set_viewport_size({"width": width, "height": 1100})
            hands.page.evaluate("() => new Promise(requestAnimationFrame)")
            keep(f"network_explorer_{len(where)}_{width}")
            sizes = hands.widget.evaluate("(one) => [one.scrollWidth, one.clientWidth]")
            assert sizes[0] <= sizes[1], width
    finally:
        hands.page.set_viewport_size({"width": 1400, "height": 1100})


# -- With a kernel --------------------------------------------------------------------------------


START = """import threading
from cnnlab import datasets, training, widgets, zoo
net = zoo.pretrained("digits_net")
train, test = datasets.digits()
explorer = widgets.NetworkExplorer(net, data=test, layer="conv2d_2", unit=3)
explorer"""
TRAIN = """ends = threading.Event()
def go():
    for _ in training.run(net, train, epochs=1000):
        if ends.is_set():
            break
threading.Thread(target=go).start()"""


def test_in_jupyterlab_it_answers_while_a_training_runs(open_notebook, server, keep):
    notebook = open_notebook(server.write("network_explorer.ipynb", START))
    notebook.run_all()
    hands = Hands(notebook.panel.locator("[data-widget=NetworkExplorer]").first.locator("xpath=.."))
    expect(hands.widget).to_have_attribute("data-source", "kernel")
    notebook.run(TRAIN)
    for number in (1, 2):
        hands.press("Next image")
        expect(hands.role("example")).to_have_text(
            f"Image {number}, counted from 0 to 358: {DIGITS.labels[number]}"
        )
    before = hands.formula.text_content()
    hands.click_map("conv2d_1", (0.5, 0.02))
    hands.where("conv2d_1", "Map 1")
    expect(hands.title).to_contain_text("conv2d_1: Map 1")
    expect(hands.formula).not_to_have_text(before)
    notebook.run("ends.set()")
    for theme in ("Dark", "Light"):
        turn_to(notebook.page, theme)
        keep(f"network_explorer_{theme.lower()}")
