"""FeatureExplorer in Chromium: maps against Python's, a cover by mouse and keys, the control."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from cnnlab import Network, Sequential, datasets, display, features, zoo
from cnnlab.layers import Conv2D, Dense, Flatten, GlobalAvgPool2D
from cnnlab.widgets import FeatureExplorer
from tests.browser.jupyterlab import pixels_of, turn_to
from tests.browser.mounting import mount, sent
from tests.browser.touching import WidgetHands, with_kernel
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

CAMERA = (Path(__file__).parent / "camera.js").read_text()
DIGITS = datasets.digits().test[2:]  # all classes have something to say of the first image
NAMES = ("saliency", "occlusion", "grad_cam")


class Hands(WidgetHands):
    """An explorer on the page, as seen and as touched."""

    def __init__(self, within):
        super().__init__(within)
        self.seen = self.role("seen")
        self.told = self.role("cover-told")
        self.gallery = self.role("gallery")
        self.patches = self.role("patches").get_by_role("listitem")

    def choose(self, name):
        self.control("target").select_option(label=name)

    def slide(self, name, value):
        self.control(name).fill(str(value))

    def keys(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def figure(self, name, row="trained"):
        return self.role(f"{row}-{name}-figure")

    def like(self, name):
        return self.figure(name, "shuffled").locator("[data-role=like]")

    def point(self, canvas, row, column, size, act="move"):
        """Move to a pixel of a picture of that size, or click it."""
        box = canvas.bounding_box()
        x = box["x"] + (column + 0.5) * box["width"] / size
        y = box["y"] + (row + 0.5) * box["height"] / size
        getattr(self.page.mouse, act)(x, y)

    def maps(self, row="trained"):
        """The pixels of the three maps, by their names."""
        return {name: pixels_of(self.role(f"{row}-{name}")).tobytes() for name in NAMES}

    def costs(self):
        """What the cover costs, as numbers: score before, after and drop."""
        cells = self.told.get_by_role("row").nth(1).get_by_role("cell").all_text_contents()
        return [float(text.replace("\N{MINUS SIGN}", "-")) for text in cells]

    def sets(self, read, expected):
        """Wait until the widget, which hears while the page is waited for, has been set."""

        def later():
            self.page.wait_for_timeout(5)
            return read()

        comes(later, expected)

    def paints(self, explorer):
        """Wait until the maps are painted as Python would."""
        comes(self.maps, painted(explorer, explorer.explanations))

    def sees(self, explorer):
        """Wait until the picture, covered, is painted as Python would."""
        read = lambda: pixels_of(self.seen).tobytes()  # noqa: E731 - a word
        comes(lambda: read() == display.photograph(explorer.covered.squeeze()).tobytes(), True)


def painted(explorer, found, limit=None):
    return {
        name: display.paint(one, "blue_red", limit or display.limit_of(one)).tobytes()
        for name, one in found.items()
    }


@pytest.fixture(scope="module")
def digits_net():
    return zoo.pretrained("digits_net")


hold = with_kernel(FeatureExplorer, Hands)


# -- Maps of a class ------------------------------------------------------------------------------


def test_no_map_until_a_class_is_chosen_and_then_python_s(hold, digits_net):
    hands, explorer = hold(digits_net, data=DIGITS)
    expect(hands.control("target")).to_have_value("")
    expect(hands.role("no-class")).to_contain_text("Choose a class.")
    expect(hands.figure("saliency")).to_be_hidden()
    hands.choose("5")
    hands.sets(lambda: explorer.target, 5)
    hands.paints(explorer)
    expect(hands.role("no-class")).to_be_hidden()
    expect(hands.role("trained-row")).to_contain_text("Trained network: score of 5")
    first = hands.maps()
    hands.choose("0")
    hands.sets(lambda: explorer.target, 0)
    hands.paints(explorer)
    assert hands.maps() != first
    hands.press("Undo")
    comes(hands.maps, first)
    hands.control("target").select_option("")
    expect(hands.figure("saliency")).to_be_hidden()


def test_score_or_probability_and_grad_cam_before_its_relu(hold, digits_net):
    hands, explorer = hold(digits_net, data=DIGITS, target=5)
    hands.press("Probability")
    hands.sets(lambda: explorer.of, "probability")
    hands.paints(explorer)
    expect(hands.figure("occlusion")).to_contain_text("drop of the probability")
    hands.control("signed").check()
    hands.sets(lambda: explorer.signed, True)
    hands.paints(explorer)
    assert explorer.explanations["grad_cam"].min() < 0


def test_each_scale_says_what_it_is_in_numbers(hold, digits_net):
    hands, explorer = hold(digits_net, data=DIGITS, target=5)
    ticks = lambda name: hands.figure(name).locator(".cnnlab-ticks span")  # noqa: E731 - a word
    scale = lambda name: hands.figure(name).locator("[data-role=scale]")  # noqa: E731 - a word
    expect(scale("saliency")).to_have_text(re.compile(r"^Own scale: full colour at [\d.]+$"))
    own = {scale(name).text_content() for name in NAMES}
    assert len(own) == 3
    hands.press("Shared scale")
    hands.sets(lambda: explorer.colours, "shared")
    expect(scale("grad_cam")).to_have_text(re.compile("^Scale of all maps: full colour at "))
    found = explorer.explanations
    limit = max(display.limit_of(one) for one in found.values())
    comes(hands.maps, painted(explorer, found, limit))
    assert len({scale(name).text_content() for name in NAMES}) == 1
    for name in NAMES:
        expect(ticks(name).nth(1)).to_have_text("0")  # in the middle


def test_a_map_without_positive_evidence_says_so_in_place_of_one_flat_colour(hold):
    net = Network(Sequential([Conv2D(1, 1), GlobalAvgPool2D(), Dense(2)], (6, 5, 1)))
    net.parameters = {
        "conv2d_1.filters": np.ones((1, 1, 1, 1)), "conv2d_1.bias": np.zeros(1),
        "dense_1.weights": np.array([[-2.0, 0]]), "dense_1.bias": np.zeros(2),
    }  # fmt: skip
    image = 0.1 + np.random.default_rng(0).random((6, 5))
    hands, explorer = hold(net, image, target=0, occluder=2)
    instead = hands.figure("grad_cam").locator("[data-role=instead]")
    expect(instead).to_contain_text("No positive evidence")
    expect(hands.role("trained-grad_cam")).to_be_hidden()
    expect(hands.figure("grad_cam").locator(".cnnlab-bar")).to_be_hidden()
    expect(hands.figure("occlusion").locator("[data-role=note]")).to_contain_text(
        "No positive evidence: no place of the cover lowers the score."
    )
    expect(hands.role("trained-occlusion")).to_be_visible()
    hands.control("signed").check()
    expect(hands.role("trained-grad_cam")).to_be_visible()
    hands.paints(explorer)


def test_a_sure_probability_says_that_it_has_no_slope(hold):
    net = Network(Sequential([Conv2D(1), Flatten(), Dense(2)], (6, 5, 1)), seed=0)
    parameters = dict(net.parameters)
    parameters["dense_1.bias"] = np.array([300, 0])
    net.parameters = parameters
    hands, _ = hold(net, np.eye(6, 5), target=0, of="probability")
    for name in ("saliency", "grad_cam"):
        expect(hands.figure(name).locator("[data-role=instead]")).to_contain_text("No slope")
    hands.press("Score")
    expect(hands.role("trained-saliency")).to_be_visible()


# -- The cover ------------------------------------------------------------------------------------


def test_the_mouse_slides_the_cover_and_the_score_follows(hold, digits_net):
    hands, explorer = hold(digits_net, data=DIGITS, target=5, occluder=3)
    hands.point(hands.seen, 2, 4, 8)
    hands.sets(lambda: explorer.cover, (1, 3))
    hands.sees(explorer)
    before = digits_net.predict(explorer.network_input[None])[0, 5]
    after = digits_net.predict(explorer.covered[None])[0, 5]
    comes(lambda: hands.costs() == pytest.approx([before, after, before - after], abs=1e-3), True)
    hands.point(hands.seen, 7, 7, 8)
    hands.sets(lambda: explorer.cover, (5, 5))  # it stays on the picture
    hands.point(hands.seen, 4, 4, 8, "click")  # and now where it is
    hands.sets(lambda: explorer.cover, (3, 3))
    hands.point(hands.seen, 0, 0, 8)
    hands.sees(explorer)
    assert explorer.cover == (3, 3)
    hands.keys("Escape")
    hands.sets(lambda: explorer.cover, None)
    expect(hands.told.get_by_role("table")).to_be_hidden()
    hands.sees(explorer)


def test_the_arrow_keys_slide_the_cover(hold, digits_net):
    hands, explorer = hold(digits_net, data=DIGITS, target=5, occluder=2)
    hands.seen.focus()
    assert explorer.cover is None  # passing by chooses nothing
    hands.keys("ArrowRight")
    hands.sets(lambda: explorer.cover, (3, 4))
    hands.keys("ArrowUp", "ArrowUp", "ArrowLeft")
    hands.sets(lambda: explorer.cover, (1, 3))
    hands.keys("Shift+ArrowDown")
    hands.sets(lambda: explorer.cover, (6, 3))
    hands.sees(explorer)
    expect(hands.seen).to_have_attribute("aria-label", re.compile("covered at row 6, column 3"))
    comes(lambda: hands.costs()[2] == pytest.approx(explorer.drop, abs=1e-3), True)


def test_where_the_cover_lies_is_stored_when_the_hand_rests(hold, digits_net):
    hands, _ = hold(digits_net, data=DIGITS, target=5, cover=(2, 2))
    stored = lambda: hands.page.evaluate("window.lab.state._settings.values.cover")  # noqa: E731 - a word
    hands.seen.focus()
    hands.keys("ArrowDown", "ArrowRight")
    hands.sets(stored, [3, 3])
    expect(hands.widget.get_by_role("button", name="Undo")).to_be_disabled()


def test_the_maps_to_choose_from_stand_in_as_many_columns_as_there_is_room_for(hold):
    net = Network(Sequential([Conv2D(40), Flatten(), Dense(3)], (9, 9, 1)), seed=2)
    hands, _ = hold(net, np.eye(9), layer="conv2d_1")
    expect(hands.gallery).to_be_visible()
    width = lambda: int(hands.gallery.get_attribute("width"))  # noqa: E731 - a word
    wide = width()
    hands.page.set_viewport_size({"width": 420, "height": 1100})
    hands.sets(lambda: width() < wide, True)
    hands.page.set_viewport_size({"width": 1400, "height": 1100})
    hands.sets(width, wide)


def test_the_cover_has_any_size_and_brightness(hold, digits_net):
    hands, explorer = hold(digits_net, data=DIGITS, target=5, cover=(4, 4))
    hands.slide("occluder", 6)
    hands.sets(lambda: (explorer.occluder, explorer.cover), (6, (2, 2)))
    hands.slide("fill", 0.75)
    hands.sets(lambda: explorer.fill, 0.75)
    hands.sees(explorer)
    hands.paints(explorer)  # the occlusion map is made with the same cover
    hands.press("Mean of the picture")
    hands.sets(lambda: explorer.fill, None)
    hands.sees(explorer)
    hands.paints(explorer)
    hands.press("Undo")
    hands.sets(lambda: explorer.fill, 0.75)
    hands.press("Take it off")
    hands.sets(lambda: explorer.cover, None)
    hands.sees(explorer)


def test_on_a_coloured_picture_the_cover_has_a_colour(hold):
    net = Network(Sequential([Conv2D(3), Flatten(), Dense(2)], (9, 9, 3)), seed=0)
    image = np.random.default_rng(1).integers(0, 256, (9, 9, 3), np.uint8)
    hands, explorer = hold(net, image, target=1, cover=(2, 3))
    hands.control("fill-colour").fill("#ff8000")
    hands.sets(lambda: explorer.fill, (1.0, pytest.approx(128 / 255), 0.0))
    hands.sees(explorer)
    hands.paints(explorer)


def test_without_a_class_the_cover_tells_the_answer_and_asks_for_one(hold, digits_net):
    hands, explorer = hold(digits_net, data=DIGITS, cover=(0, 0))
    answer = hands.role("cover-answer")
    name = digits_net.predict(explorer.covered[None])[0].argmax()
    expect(answer).to_contain_text(f"Answer to the covered picture: {name}, ")
    expect(answer).to_contain_text("Choose a class to read its score.")
    expect(hands.told.get_by_role("table")).to_be_hidden()


def test_a_click_on_a_map_puts_the_cover_there(hold, digits_net):
    hands, explorer = hold(digits_net, data=DIGITS, target=5, occluder=1)
    canvas = hands.role("trained-occlusion")
    canvas.scroll_into_view_if_needed()
    hands.point(canvas, 5, 2, 8)
    hands.point(canvas, 5, 2, 8, "click")
    hands.sets(lambda: explorer.cover, (5, 2))
    hands.sees(explorer)
    box = hands.figure("saliency").locator("rect.cnnlab-over-line")
    expect(box).to_have_count(1)  # the cover is framed in every map


def test_what_stands_before_the_camera_is_explained_and_stays_when_it_is_frozen(hold):
    net = zoo.pretrained("face_net")
    hands, explorer = hold(net, data=datasets.faces()[1], target=0, occluder=8, cover=(8, 8))
    hands.page.evaluate(CAMERA)  # a hand, and no face: it is the other class that has evidence
    before = explorer.network_input.copy()
    hands.press("Webcam")
    hands.sets(lambda: np.abs(explorer.network_input - before).max() > 0.1, True)
    hands.press("Freeze")
    hands.sets(lambda: hands.maps() == painted(explorer, explorer.explanations), True)
    seen = explorer.network_input[None]
    covered = seen.copy()
    covered[:, 8:16, 8:16] = 0
    whole, less = (float(net.predict(one)[0, 0]) for one in (seen, covered))
    comes(hands.costs, pytest.approx([whole, less, whole - less], abs=0.01))


# -- The control ----------------------------------------------------------------------------------


def test_weights_are_shuffled_layer_by_layer_from_the_top_and_come_back(hold, digits_net):
    hands, explorer = hold(digits_net, data=DIGITS, target=5)
    before = {name: array.copy() for name, array in digits_net.parameters.items()}
    trained = hands.maps()
    expect(hands.figure("saliency", "shuffled")).to_be_hidden()
    for count, layer in enumerate(["dense_2", "dense_1", "conv2d_2", "conv2d_1"], 1):
        hands.press(f"Shuffle the weights of {layer}")
        hands.sets(lambda: explorer.shuffled, count)
        expect(hands.role("alike").get_by_role("columnheader")).to_have_count(count + 2)
        for name, alike in explorer.alike.items():
            if np.isnan(alike):
                expect(hands.like(name)).to_have_text("A flat map has no order to compare.")
                continue
            text = f"{round(alike, 2):g}".replace("-", "\N{MINUS SIGN}")
            expect(hands.like(name)).to_have_text(
                re.compile(f"^Rank correlation with the trained map: {text}0*$")
            )
        control = {name: one for name, one in explorer.control.items() if one.any()}
        expected = painted(explorer, control)
        comes(lambda c=control: {name: hands.maps("shuffled")[name] for name in c}, expected)
        assert hands.maps() == trained
    expect(hands.control("shuffle")).to_be_disabled()
    first = hands.maps("shuffled")
    hands.press("Shuffle otherwise")
    comes(lambda: hands.maps("shuffled") != first, True)
    hands.press("Trained weights back")
    expect(hands.figure("saliency", "shuffled")).to_be_hidden()
    expect(hands.role("alike")).to_be_hidden()
    hands.sets(lambda: explorer.shuffled, 0)
    for name, array in digits_net.parameters.items():
        np.testing.assert_array_equal(array, before[name])


# -- One unit -------------------------------------------------------------------------------------


def test_a_unit_is_chosen_and_its_strongest_patches_are_found(hold, digits_net):
    hands, explorer = hold(digits_net, data=DIGITS)
    expect(hands.role("search")).to_contain_text("Choose a map to see what it responds to.")
    hands.control("layer").select_option("conv2d_2")
    expect(hands.gallery).to_be_visible()
    hands.gallery.focus()
    hands.keys("ArrowRight", "ArrowRight", "ArrowRight")
    hands.sets(lambda: (explorer.layer, explorer.unit), ("conv2d_2", 2))
    expect(hands.patches).to_have_count(9)
    found = explorer.patches
    expect(hands.role("search")).to_contain_text("of 357 images to which it responds")
    for k, patch in enumerate(found):
        image = display.photograph(DIGITS.images[patch.image, ..., 0])
        read = lambda k=k: pixels_of(hands.patches.nth(k).locator("canvas")).tobytes()  # noqa: E731 - a word
        comes(read, image.tobytes())
        label = DIGITS.class_names[DIGITS.labels[patch.image]]
        expect(hands.patches.nth(k)).to_contain_text(f"image {patch.image}, {label}")
        top, left, bottom, right = patch.box
        frame = hands.patches.nth(k).locator("rect.cnnlab-over-line")
        size = [float(frame.get_attribute(name)) for name in ("width", "height")]
        assert size == [right - left, bottom - top]
    hands.patches.nth(0).get_by_role("button").click()
    hands.sets(lambda: np.array_equal(explorer.network_input, DIGITS.images[found[0].image]), True)
    expect(hands.role("example")).to_contain_text(f"Image {found[0].image}, ")


def test_the_receptive_field_is_framed_on_the_picture(hold, digits_net):
    hands, explorer = hold(digits_net, data=DIGITS, layer="conv2d_2", unit=3, at=(0, 0))
    frame = hands.widget.locator("rect.cnnlab-field-line")

    def framed():
        left, top, width, height = (
            float(frame.get_attribute(name)) for name in ("x", "y", "width", "height")
        )
        return (top, left, top + height, left + width)

    comes(framed, features.receptive_field(digits_net, "conv2d_2", 0, 0))
    expect(hands.role("field")).to_contain_text("Unit 3 at row 0, column 0 gives ")
    expect(hands.role("legend")).to_have_text("Dashed: what unit 3 of conv2d_2 sees.")
    hands.role("unit-map").focus()
    hands.keys("ArrowDown", "ArrowRight")
    hands.sets(lambda: explorer.at, (1, 1))
    comes(framed, features.receptive_field(digits_net, "conv2d_2", 1, 1))


def test_a_search_that_takes_long_says_how_far_it_is(hold, digits_net, monkeypatch):
    monkeypatch.setattr("cnnlab.widgets.FeatureExplorer._moment", 0)
    monkeypatch.setattr("cnnlab.features.sweep._BATCH", 1)
    hands, explorer = hold(digits_net, data=DIGITS, layer="conv2d_2", unit=3)
    expect(hands.role("search")).to_have_text(re.compile(r"^\d+ of 357 images looked through.$"))
    expect(hands.role("patches").get_by_role("progressbar")).to_be_visible()
    # The cover is answered meanwhile.
    hands.choose("5")
    hands.seen.focus()
    hands.keys("ArrowRight")
    hands.sets(lambda: explorer.cover, (2, 3))
    expect(hands.told.get_by_role("table")).to_be_visible()


def test_without_a_data_set_it_says_that_there_are_no_patches(hold, digits_net):
    hands, _ = hold(digits_net, layer="conv2d_2", unit=3)
    expect(hands.role("search")).to_contain_text("Without a data set there are no patches")


# -- The learner's own picture --------------------------------------------------------------------


def test_everything_follows_a_drawing(hold):
    hands, explorer = hold(zoo.pretrained("lenet5"), target=7)
    first = explorer.network_input
    hands.press("Draw")
    box = hands.role("input").bounding_box()
    mouse = hands.page.mouse
    mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.8 * box["height"], steps=4)
    mouse.up()
    hands.press("Done")
    hands.sets(lambda: explorer.image.shape == (128, 128) and explorer.network_input.any(), True)
    hands.sets(lambda: np.array_equal(first, explorer.network_input), False)
    hands.sees(explorer)
    hands.paints(explorer)


# -- Without a kernel -----------------------------------------------------------------------------


def test_without_a_kernel_the_last_maps_stay_and_the_cover_can_be_seen(hold, digits_net):
    hands, explorer = hold(
        digits_net, kernel=False, data=DIGITS, target=5, shuffled=1, layer="conv2d_2", unit=1
    )
    hands.paints(explorer)
    expect(hands.like("saliency")).to_contain_text("Rank correlation")
    hands.seen.focus()
    hands.keys("ArrowRight")
    expect(hands.seen).to_have_attribute("aria-label", re.compile("covered at row 2, column 3"))
    expect(hands.role("source")).to_contain_text("The last maps stay.")
    hands.paints(explorer)


def test_what_came_last_is_kept_for_a_page_without_a_kernel(hold, page, digits_net):
    hands, explorer = hold(digits_net, data=DIGITS)
    hands.choose("3")
    hands.control("layer").select_option("conv2d_1")
    expect(hands.gallery).to_be_visible()
    hands.gallery.focus()
    hands.keys("ArrowRight")
    expect(hands.patches).to_have_count(9)
    hands.paints(explorer)
    kept = "() => window.lab.state._kept.patches?.found.length"
    page.wait_for_function(f"{kept.removeprefix('() => ')} === 9")
    about, settings = page.evaluate("() => [window.lab.state._kept, window.lab.state._settings]")
    packed = page.evaluate(
        """() => { const { buffer, byteOffset, byteLength } = window.lab.state._maps;
          return Array.from(new Uint8Array(buffer, byteOffset, byteLength)); }"""
    )
    page.evaluate("() => { window.lab.closed = true; window.lab.close(); }")
    explorer._kept, explorer._maps, explorer._settings = about, bytes(packed), settings
    page.goto("about:blank")
    mount(page, explorer)
    again = Hands(page.locator("body"))
    expect(again.patches).to_have_count(9)
    again.paints(explorer)


def test_newest_first_and_never_an_older_over_a_newer(hold, digits_net):
    hands, _ = hold(digits_net, kernel=False, data=DIGITS, target=5)
    page = hands.page
    first = sent(page)[-1]["seq"]
    hands.seen.focus()
    hands.keys("ArrowRight", "ArrowRight")
    assert sent(page)[-1]["seq"] == first  # one under way, the newest waits
    page.evaluate("(seq) => window.lab.reply(seq, { error: 'no' })", first)
    page.wait_for_function("(seq) => window.lab.sent.at(-1).content.seq > seq", arg=first)
    assert sent(page)[-1]["settings"]["cover"] == [2, 4]


# -- How it looks ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "where",
    [{}, {"target": 5, "shuffled": 2, "layer": "conv2d_2", "unit": 3, "cover": (1, 2)}],
    ids=["empty", "full"],
)
def test_nothing_sticks_out_from_480_to_1400_pixels(hold, keep, digits_net, where):
    hands, _ = hold(digits_net, data=DIGITS, **where)
    try:
        for width in (480, 800, 1400):
            hands.page.set_viewport_size({"width": width, "height": 1100})
            hands.page.evaluate("() => new Promise(requestAnimationFrame)")
            keep(f"feature_explorer_{len(where)}_{width}")
            sizes = hands.widget.evaluate("(one) => [one.scrollWidth, one.clientWidth]")
            assert sizes[0] <= sizes[1], width
            if where:  # side by side at every width
                tops = {round(hands.figure(name).bounding_box()["y"]) for name in NAMES}
                assert len(tops) == 1, width
    finally:
        hands.page.set_viewport_size({"width": 1400, "height": 1100})


def test_tab_reaches_everything_and_the_focus_is_seen(hold, digits_net):
    hands, explorer = hold(digits_net, data=DIGITS, target=5, shuffled=1, layer="conv2d_2", unit=1)
    expect(hands.patches).to_have_count(9)
    page, seen, outlines = hands.page, set(), set()
    hands.control("sample").focus()
    for _ in range(60):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """() => { const one = document.activeElement, look = getComputedStyle(one);
              return one.closest(".cnnlab") && [
                one.dataset.control || one.dataset.role || one.ariaLabel || one.innerText,
                look.outlineStyle, look.outlineWidth]; }"""
        )
        if here is None:
            break
        seen.add(here[0])
        outlines.add(tuple(here[1:]))
    wanted = {
        "Upload", "Draw", "class", "seen", "occluder", "fill", "mean", "target", "signed",
        "Probability", "Shared scale", "palette", "shuffle", "seed", "unshuffle", "layer",
        "gallery", "unit-map",
        *(f"{row}-{name}" for row in ("trained", "shuffled") for name in NAMES),
    }  # fmt: skip
    assert wanted <= seen, wanted - seen
    assert outlines == {("solid", "2px")}
    assert explorer.cover is None


# -- With a kernel --------------------------------------------------------------------------------


START = """import threading
from cnnlab import datasets, training, widgets, zoo
net = zoo.pretrained("digits_net")
train, test = datasets.digits()
explorer = widgets.FeatureExplorer(
    net, data=test, target=5, shuffled=1, layer="conv2d_2", unit=3, cover=(1, 2)
)
explorer"""
TRAIN = """ends = threading.Event()
def go():
    for _ in training.run(net, train, epochs=1000):
        if ends.is_set():
            break
threading.Thread(target=go).start()"""


def test_in_jupyterlab_it_answers_while_a_training_runs(open_notebook, server, keep):
    notebook = open_notebook(server.write("feature_explorer.ipynb", START))
    notebook.run_all()
    hands = Hands(notebook.panel.locator("[data-widget=FeatureExplorer]").first.locator("xpath=.."))
    expect(hands.widget).to_have_attribute("data-source", "kernel")
    expect(hands.patches).to_have_count(9)
    notebook.run(TRAIN)
    before = hands.role("alike").text_content()
    hands.press("Next image")
    expect(hands.role("example")).to_contain_text("Image 1, counted from 0 to 358: ")
    expect(hands.role("alike")).not_to_have_text(before)
    costs = hands.told.get_by_role("table").text_content()
    hands.seen.focus()
    hands.keys("ArrowRight", "ArrowDown")
    expect(hands.told.get_by_role("table")).not_to_have_text(costs)
    notebook.run("ends.set()")
    for theme in ("Dark", "Light"):
        turn_to(notebook.page, theme)
        hands.widget.scroll_into_view_if_needed()
        keep(f"feature_explorer_{theme.lower()}")
