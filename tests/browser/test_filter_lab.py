"""FilterLab in JupyterLab in Chromium: hands on it, and the very pixels on its canvas."""

import io
import re
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from cnnlab import display, filters, images
from cnnlab import functional as F
from cnnlab.widgets import FilterLab
from tests.browser.jupyterlab import pixels_of, turn_to
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

MINUS = "\N{MINUS SIGN}"
CELLS = [
    "from cnnlab import widgets, filters\nlab = widgets.FilterLab('camera', filter='sobel_x')\nlab",
    "lab  # a second view of the same lab",
    "other = widgets.FilterLab([[1, 2, 3], [4, 5, 6], [7, 8, 9]], filter=[[1, -1]])\nother",
]
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
SOBEL = filters.CATALOGUE["sobel_x"].weights


def painted(image, weights, palette="blue_red", bias=0, **how):
    """What must be on the canvas, by way of functional and display alone."""
    pixels, bank = np.float32(image), np.float32(weights)
    volume = pixels.reshape(1, *pixels.shape[:2], -1)
    output = F.conv2d(volume, bank.reshape(*bank.shape[:2], -1, 1), [bias], **how)
    return display.paint(output[0, ..., 0], palette)


class Hands:
    """A lab on the page, as seen and as touched."""

    def __init__(self, notebook, index=0):
        self.notebook = notebook
        self.page = notebook.page
        self.lab = notebook.panel.locator(".cnnlab").nth(index)
        self.map = self.lab.locator("[data-role=map]")
        self.input = self.lab.locator("[data-role=input]")
        self.range = self.lab.locator("[data-role=range]")

    def weight(self, row, column):
        weights = self.lab.get_by_role("grid", name="Weights of the filter")
        return weights.locator(f"[data-row='{row}'][data-column='{column}']")

    def control(self, name):
        return self.lab.locator(f"[data-control={name}]")

    def press(self, words):
        self.lab.get_by_role("button", name=words, exact=True).click()

    def shows(self, expected, within=8, off_by=0):
        """Wait until the canvas holds exactly these pixels, and the kernel has painted them.

        Those of the browser may be off by a step of colour.
        """
        deadline = time.monotonic() + within
        by_kernel = not off_by
        while True:
            found = pixels_of(self.map)
            if found.shape == expected.shape:
                apart = np.abs(found.astype(int) - expected).max()
                source = self.map.get_attribute("data-source")
                if apart <= off_by and (source == "kernel" or not by_kernel):
                    return
            if time.monotonic() > deadline:
                sizes = f"{found.shape}, expected {expected.shape}"
                assert found.shape == expected.shape, sizes
                wrong = np.mean((found != expected).any(axis=2))
                pytest.fail(f"{wrong:.1%} of the pixels differ, by up to {apart}")
            self.page.wait_for_timeout(50)

    def reset(self):
        self.press("Reset")
        self.shows(painted(images.sample("camera"), SOBEL))


@pytest.fixture(scope="module")
def notebook(open_notebook, server):
    notebook = open_notebook(server.write("filter_lab.ipynb", *CELLS))
    notebook.run_all()
    return notebook


@pytest.fixture
def hands(notebook):
    hands = Hands(notebook)
    hands.lab.scroll_into_view_if_needed()
    hands.reset()
    return hands


def test_the_map_is_that_of_conv2d_from_the_kernel(hands, keep):
    expect(hands.map).to_have_attribute("data-source", "kernel")
    assert (pixels_of(hands.input) == display.photograph(images.sample("camera"))).all()
    expect(hands.lab.locator("[data-role=source]")).to_be_hidden()
    keep("filter_lab")


def test_a_weight_changes_by_keyboard(hands, notebook):
    weights, page = SOBEL.copy(), hands.page
    hands.weight(1, 1).click()
    steps = {"ArrowUp": 0.1, "Shift+ArrowUp": 1.1, "Alt+ArrowDown": 1.09, "PageDown": 0.09}
    for keys, value in steps.items():
        page.keyboard.press(keys)
        expect(hands.weight(1, 1)).to_have_value(str(value))
    weights[1, 1] = 0.09
    hands.shows(painted(images.sample("camera"), weights))
    page.keyboard.press("ArrowRight")
    expect(hands.weight(1, 2)).to_be_focused()
    page.keyboard.press("Control+ArrowUp")
    expect(hands.weight(0, 2)).to_be_focused()
    page.keyboard.type("-1/8")
    page.keyboard.press("Enter")
    weights[0, 2] = -0.125
    hands.shows(painted(images.sample("camera"), weights))
    assert notebook.run("print(lab.filter[0, 2], lab.filter[1, 1])").split() == ["-0.125", "0.09"]
    spoken = hands.lab.locator(".cnnlab-spoken")
    expect(spoken).to_contain_text("Feature map 510 by 510, from ")


def test_typing_nonsense_changes_nothing_and_is_marked(hands):
    cell = hands.weight(0, 0)
    cell.click()
    hands.page.keyboard.type("x")
    expect(cell).to_have_attribute("aria-invalid", "true")
    cell.blur()
    expect(cell).to_have_value(f"{MINUS}1")
    hands.shows(painted(images.sample("camera"), SOBEL))


def test_a_weight_changes_by_mouse(hands):
    box = hands.weight(2, 1).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    hands.page.mouse.move(x, y)
    hands.page.mouse.down()
    hands.page.mouse.move(x + 60, y, steps=10)
    hands.page.mouse.up()
    weights = SOBEL.copy()
    weights[2, 1] = 1.5
    expect(hands.weight(2, 1)).to_have_value("1.5")
    hands.shows(painted(images.sample("camera"), weights))
    hands.press("Undo")  # the whole drag is one step
    hands.shows(painted(images.sample("camera"), SOBEL))
    hands.press("Redo")
    hands.shows(painted(images.sample("camera"), weights))


def test_every_control_takes_part(hands, notebook):
    image = images.sample("camera")
    hands.control("preset").select_option("gaussian_5")
    hands.shows(painted(image, filters.CATALOGUE["gaussian_5"].weights))
    hands.control("stride").fill("3")
    hands.control("padding").select_option("same")
    hands.control("dilation").fill("2")
    hands.control("palette").select_option("grey")
    how = {"stride": 3, "padding": "same", "dilation": 2}
    hands.shows(painted(image, filters.CATALOGUE["gaussian_5"].weights, "grey", **how))
    bias = hands.lab.get_by_role("grid", name="Bias").locator("input")
    bias.click()
    hands.page.keyboard.type("-0.5")
    hands.page.keyboard.press("Enter")
    hands.control("activation").select_option("relu")
    hands.control("size").select_option("3")
    middle = filters.CATALOGUE["gaussian_5"].weights[1:4, 1:4]
    output = F.relu(F.conv2d(image[None, ..., None], middle[..., None, None], [-0.5], **how))
    hands.shows(display.paint(output[0, ..., 0], "grey"))
    found = notebook.run("print(lab.stride, lab.padding, lab.dilation, lab.bias, lab.activation)")
    assert found.split() == ["3", "same", "2", "-0.5", "relu"]


def test_what_is_laid_around_the_picture_is_slid_from_black_to_white(hands, notebook):
    image, blur = images.sample("camera"), filters.CATALOGUE["box_blur_5"].weights
    expect(hands.control("pad_value")).to_be_hidden()
    hands.control("preset").select_option("box_blur_5")
    hands.control("padding").select_option("same")
    slider = hands.control("pad_value")
    expect(slider).to_be_visible()
    slider.focus()
    for _ in range(5):
        hands.page.keyboard.press("ArrowRight")
    hands.shows(painted(np.pad(image, 2, constant_values=0.25), blur))
    assert notebook.run("print(lab.pad_value)").strip() == "0.25"
    box, mouse = slider.bounding_box(), hands.page.mouse
    mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    mouse.down()
    hands.shows(painted(np.pad(image, 2, constant_values=1), blur))
    mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    mouse.up()
    hands.shows(painted(np.pad(image, 2, constant_values=0.5), blur))
    hands.press("Undo")  # the whole movement is one step
    hands.shows(painted(np.pad(image, 2, constant_values=0.25), blur))
    hands.control("padding").select_option("0")
    expect(slider).to_be_hidden()


def test_python_sets_and_both_views_follow_while_the_other_lab_does_not(hands, notebook):
    other = Hands(notebook, 2)
    before = pixels_of(other.map)
    notebook.run("lab.filter = filters.CATALOGUE['laplacian']; lab.palette = 'night'")
    expected = painted(images.sample("camera"), filters.CATALOGUE["laplacian"].weights, "night")
    hands.shows(expected)
    Hands(notebook, 1).shows(expected)
    expect(hands.control("preset")).to_have_value("laplacian")
    assert (pixels_of(other.map) == before).all()
    assert (before == painted([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, -1]])).all()


def test_an_uploaded_photograph_is_filtered_and_undone(hands, keep):
    buffer = io.BytesIO()
    Image.fromarray(np.uint8(images.sample("chelsea")[:200, :300] * 255)).save(buffer, "JPEG")
    photograph = {"name": "cat.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}
    hands.control("file").set_input_files(photograph)
    picture = images.load(buffer.getvalue())
    assert picture.shape == (200, 300, 3)
    hands.shows(painted(picture, np.stack([SOBEL] * 3, axis=2)))
    assert (pixels_of(hands.input) == display.photograph(picture)).all()
    keep("filter_lab_upload")
    hands.press("Blue")
    hands.weight(1, 2).click()
    hands.page.keyboard.press("Shift+ArrowUp")
    weights = np.stack([SOBEL] * 3, axis=2)
    weights[1, 2, 2] = 3
    hands.shows(painted(picture, weights))
    hands.press("Grey")
    hands.shows(painted(images.to_grey(picture), weights.mean(axis=2)))
    for _ in range(3):  # to grey, the weight, the photograph
        hands.page.keyboard.press("Control+z")
    hands.shows(painted(images.sample("camera"), SOBEL))


@pytest.mark.parametrize("megabytes", [1, 9, 11, 60])
def test_a_file_of_any_size_is_shown_and_the_connection_stays(hands, tmp_path, megabytes):
    """Jupyter Server ends the connection of a page that sends more than 10 MiB at once."""
    closed = []
    hands.page.on("websocket", lambda socket: closed.append(socket.url))  # opened anew
    side = round((megabytes * 2**20 / 3) ** 0.5)
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    path = tmp_path / f"noise-{megabytes}.png"
    Image.fromarray(noise).save(path, compress_level=0)
    assert path.stat().st_size > 0.98 * megabytes * 2**20
    hands.control("file").set_input_files(path)
    shown = str(min(side, images.LARGEST_SIDE))
    expect(hands.input).to_have_attribute("width", shown, timeout=30_000)
    expect(hands.map).to_have_attribute("data-source", "kernel", timeout=30_000)
    expect(hands.lab.get_by_role("alert")).to_be_hidden()
    assert not closed


def test_a_large_file_that_is_no_picture_is_refused_with_its_size(hands, tmp_path):
    path = tmp_path / "noise.raw"
    path.write_bytes(bytes(12 * 2**20))
    hands.control("file").set_input_files(path)
    expect(hands.lab.get_by_role("alert")).to_contain_text("It has 12 MB, too much to be sent")


def test_a_file_that_is_no_picture_gets_a_notice(hands):
    notes = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"}
    hands.control("file").set_input_files(notes)
    notice = hands.lab.get_by_role("alert")
    expect(notice).to_contain_text("not a picture of a kind known here")
    hands.control("sample").select_option("coins")
    expect(notice).to_be_hidden()
    hands.shows(painted(images.sample("coins"), SOBEL))


def test_a_pixel_is_taken_apart_by_pointer_and_by_keyboard(hands, notebook):
    inspector = hands.lab.locator("[data-role=inspector]")
    telling = inspector.locator("strong").inner_text()  # there from the start
    row, column = map(int, re.findall(r"\d+", telling))
    value = float(notebook.run(f"print(lab.output[{row}, {column}])"))
    assert abs(value) > 0.4 * display.limit_of(FilterLab("camera", filter="sobel_x").output)
    hands.map.focus()
    hands.page.keyboard.press("Shift+ArrowDown")
    hands.page.keyboard.press("ArrowLeft")
    expect(inspector).to_contain_text(f"Row {row + 10}, column {column - 1}")
    value = float(notebook.run(f"print(lab.output[{row + 10}, {column - 1}])"))
    formula = hands.lab.locator("[data-role=formula]")
    expect(formula).to_contain_text(f"= {value:.3f}".rstrip("0").replace("-", MINUS))
    hands.page.keyboard.press("Escape")
    expect(inspector).to_contain_text(telling)
    box = hands.map.bounding_box()
    assert box
    hands.page.mouse.move(box["x"] + 0.4, box["y"] + 0.4)
    expect(inspector).to_contain_text("Row 0, column 0")
    tables = inspector.get_by_role("table")
    expect(inspector).to_contain_text("Row 0, column 0")
    hands.page.mouse.move(box["x"] - 30, box["y"] - 30)
    expect(inspector).to_contain_text("Row 0, column 0")  # it stays in sight
    first = [
        float(cell.replace(MINUS, "-")) for cell in tables.nth(0).locator("td").all_inner_texts()
    ]
    patch = images.sample("camera")[:3, :3].ravel()
    np.testing.assert_allclose(first, patch, atol=0.0051)


def test_a_situation_is_handed_out_and_looks_the_same(hands, notebook):
    hands.control("preset").select_option("emboss")
    hands.control("stride").fill("2")
    hands.shows(painted(images.sample("camera"), filters.CATALOGUE["emboss"].weights, stride=2))
    text = "import json; text = json.dumps(lab.state()); lab.filter = 'sharpen'"
    notebook.run(text)
    same = "again = widgets.FilterLab.from_state(text); print(again.filter.tolist(), again.stride)"
    assert notebook.run(same).strip() == f"{filters.CATALOGUE['emboss'].weights.tolist()} 2"


def test_the_code_of_the_picture_is_shown_and_copied(hands, notebook):
    hands.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    hands.press("Copy as code")
    shown = hands.lab.locator(".cnnlab-code pre")
    expect(shown).to_be_visible()
    comes(lambda: shown.inner_text().strip(), notebook.run("print(lab.code())").strip())
    expect(hands.lab.get_by_text("Copied.")).to_be_visible()
    comes(lambda: hands.page.evaluate("navigator.clipboard.readText()"), shown.inner_text())
    hands.press("Close")
    expect(hands.lab.get_by_role("button", name="Copy as code")).to_be_focused()


def test_what_the_notebook_says_of_buttons_and_code_ends_at_the_frame(hands):
    """JupyterLab rounds every button and strips every <pre>, and its rules are in no layer."""
    look = "(one, name) => getComputedStyle(one)[name]"
    last = hands.lab.locator(".cnnlab-segment").last
    comes(lambda: last.evaluate(look, "borderTopLeftRadius"), "0px")
    comes(lambda: last.evaluate(look, "borderTopRightRadius"), "4px")
    hands.press("Copy as code")
    code = hands.lab.locator(".cnnlab-code pre")
    expect(code).to_be_visible()
    comes(lambda: code.evaluate(look, "paddingTop"), "10px")
    comes(lambda: code.evaluate(look, "borderTopWidth"), "1px")
    hands.press("Close")


def test_a_drawing_is_filtered_while_it_is_drawn(hands, keep):
    hands.press("Draw")
    box = hands.input.bounding_box()
    assert box
    hands.page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.3)
    hands.page.mouse.down()
    hands.page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.6, steps=8)
    hands.page.mouse.up()
    for _ in range(5):
        hands.page.keyboard.press("ArrowDown")
    drawn = pixels_of(hands.input)
    assert drawn.shape == (128, 128, 3)
    assert 100 < (drawn[..., 0] > 200).sum() < 3000
    hands.shows(painted(drawn[..., 0] / np.float32(255), SOBEL))
    keep("filter_lab_drawing")
    hands.press("Done")
    hands.control("stride").fill("2")  # after the live frames, the picture has been kept
    hands.shows(painted(drawn[..., 0] / np.float32(255), SOBEL, stride=2))
    hands.press("Undo")
    hands.press("Undo")
    hands.shows(painted(images.sample("camera"), SOBEL))


def test_the_webcam_runs_live_and_is_refused_in_words(hands):
    context = hands.page.context
    context.clear_permissions()
    hands.press("Webcam")
    notice = hands.lab.get_by_role("alert")
    expect(notice).to_contain_text("webcam")
    context.grant_permissions(["camera"])
    hands.press("Webcam")
    expect(hands.input).to_have_attribute("height", "240", timeout=15_000)
    first = int(hands.map.get_attribute("data-frame") or 0)
    hands.page.wait_for_function(
        "([canvas, first]) => Number(canvas.dataset.frame) > first + 3",
        arg=[hands.map.element_handle(), first],
    )
    hands.press("Freeze")
    hands.press("Colour")
    expect(hands.lab.locator("[data-role=input-figure] figcaption")).to_have_text(
        re.compile(r"Picture 240 . 320 . 3")
    )
    filmed = pixels_of(hands.input)
    assert filmed.std(axis=2).max() > 10  # in colour indeed
    hands.shows(painted(filmed / np.float32(255), np.stack([SOBEL] * 3, axis=2)))


def test_a_slow_kernel_is_not_flooded_and_the_last_value_wins(hands, notebook):
    notebook.run(
        "import time\nquick, asked = lab.answer_frame, []\n"
        "def slow(request):\n"
        "    asked.append(request['settings']['filter'][0][0]); time.sleep(0.05)\n"
        "    return quick(request)\n"
        "lab.answer_frame = slow"
    )
    hands.weight(0, 0).focus()
    hands.weight(0, 0).evaluate(
        """async (cell) => { for (let k = 0; k < 60; k++) {
          cell.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true }));
          await new Promise((next) => setTimeout(next, 8));
        } }"""
    )
    weights = SOBEL.copy()
    weights[0, 0] = 5
    hands.shows(painted(images.sample("camera"), weights))
    asked = [float(word) for word in notebook.run("print(*asked)").split()]
    assert asked == sorted(asked)
    assert asked[-1] == 5
    assert len(asked) < 40  # the others were skipped, not queued
    notebook.run("del lab.answer_frame")


def test_every_control_has_a_name_and_is_reached_with_a_visible_focus(hands):
    controls = "button:not([hidden]), input:not([hidden]), select, canvas[tabindex]"
    nameless = hands.lab.locator(controls).evaluate_all(
        """(all) => all.filter((one) => !(one.getAttribute("aria-label") || one.innerText?.trim()
             || one.labels?.[0]?.innerText.trim())).map((one) => one.outerHTML)"""
    )
    assert not nameless
    hands.control("sample").focus()
    seen, outlines = set(), []
    for _ in range(24):
        hands.page.keyboard.press("Tab")
        here = hands.page.evaluate(
            """() => { const one = document.activeElement, look = getComputedStyle(one);
              return [one.dataset.control || one.getAttribute("aria-label") || one.innerText,
                Boolean(one.closest(".cnnlab")), look.outlineStyle, look.outlineWidth]; }"""
        )
        if not here[1]:
            break
        seen.add(here[0].split(":")[0].split(",")[0])
        outlines.append((here[2], here[3]))
    wanted = {"Upload", "Webcam", "Draw", "Reset", "Copy as code", "preset", "size", "Bias",
              "stride", "padding", "dilation", "activation", "palette", "limit"}  # fmt: skip
    assert wanted <= seen
    assert "Feature map" in seen
    assert any(one.startswith("row ") for one in seen)  # the weight that was touched last
    assert set(outlines) == {("solid", "2px")}
    roles = hands.lab.get_by_role("grid", name="Weights of the filter")
    comes(lambda: roles.get_by_role("row").count(), 3)
    comes(lambda: roles.get_by_role("gridcell").count(), 9)


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_text_is_readable_in_both_themes_and_nothing_sticks_out(hands, theme, keep):
    page = hands.page
    turn_to(page, theme)
    try:
        # Zero is white on a light page and dark on a dark one.
        palette = "night" if theme == "Dark" else "blue_red"
        hands.shows(painted(images.sample("camera"), SOBEL, palette))
        for width in (1400, 620):
            page.set_viewport_size({"width": width, "height": 1100})
            page.wait_for_timeout(300)
            keep(f"filter_lab_{theme.lower()}_{width}")
            sizes = hands.lab.evaluate("(lab) => [lab.scrollWidth, lab.clientWidth]")
            assert sizes[0] <= sizes[1]
        contrast = hands.lab.evaluate(CONTRAST)
        assert contrast
        assert min(contrast.values()) >= 4.5, contrast
    finally:
        page.set_viewport_size({"width": 1400, "height": 1100})
        turn_to(page, "Light")


def test_when_the_kernel_dies_the_browser_goes_on_and_says_so(hands, notebook, keep, page):
    notebook.shut_down()
    hands.weight(1, 1).click()
    page.keyboard.press("Shift+ArrowUp")
    expect(hands.map).to_have_attribute("data-source", "browser", timeout=6000)
    expect(hands.lab.locator("[data-role=source]")).to_have_text(
        re.compile("^Computed in your browser. The kernel is not responding.")
    )
    weights = SOBEL.copy()
    weights[1, 1] = 1
    hands.shows(painted(images.sample("camera"), weights), off_by=9)  # at most one step of colour
    keep("filter_lab_no_kernel")
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    weights[1, 1] = 1.3
    hands.shows(painted(images.sample("camera"), weights), off_by=9)
    hands.control("padding").select_option("same")
    hands.shows(painted(images.sample("camera"), weights, padding="same"), off_by=9)
    hands.press("Copy as code")
    expect(hands.lab.get_by_role("alert")).to_contain_text("The kernel is not responding")
    hands.map.focus()
    expect(hands.lab.locator("[data-role=formula]")).to_contain_text("sum")
