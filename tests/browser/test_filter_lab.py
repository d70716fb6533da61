"""FilterLab in JupyterLab in Chromium: hands on it, and the very pixels on its canvas."""

import io
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from cnnlab import display, filters, images
from cnnlab import functional as F
from tests.browser.jupyterlab import Notebook, Server, pixels_of

pytestmark = pytest.mark.needs("browser")

MINUS = "\N{MINUS SIGN}"
CELLS = [
    "from cnnlab import widgets, filters\nlab = widgets.FilterLab('camera', filter='sobel_x')\nlab",
    "lab  # a second view of the same lab",
    "other = widgets.FilterLab([[1, 2, 3], [4, 5, 6], [7, 8, 9]], filter=[[1, -1]])\nother",
]
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
SOBEL = filters.CATALOGUE["sobel_x"].weights


def painted(
    image: ArrayLike, weights: ArrayLike, palette: str = "blue_red", bias: float = 0, **how: Any
) -> NDArray[np.uint8]:
    """What must be on the canvas, by way of functional and display alone."""
    pixels, bank = np.float32(image), np.float32(weights)
    volume = pixels.reshape(1, *pixels.shape[:2], -1)
    output = F.conv2d(volume, bank.reshape(*bank.shape[:2], -1, 1), [bias], **how)
    return display.paint(output[0, ..., 0], palette)


class Hands:
    """A lab on the page, as seen and as touched."""

    def __init__(self, notebook: Notebook, index: int = 0) -> None:
        self.notebook = notebook
        self.page = notebook.page
        self.lab = notebook.panel.locator(".cnnlab").nth(index)
        self.map = self.lab.locator("[data-role=map]")
        self.input = self.lab.locator("[data-role=input]")
        self.range = self.lab.locator("[data-role=range]")

    def weight(self, row: int, column: int) -> Locator:
        weights = self.lab.get_by_role("grid", name="Weights of the filter")
        return weights.locator(f"[data-row='{row}'][data-column='{column}']")

    def control(self, name: str) -> Locator:
        return self.lab.locator(f"[data-control={name}]")

    def press(self, words: str) -> None:
        self.lab.get_by_role("button", name=words, exact=True).click()

    def shows(self, expected: NDArray[np.uint8], within: float = 8, off_by: int = 0) -> None:
        """Wait until the canvas holds exactly these pixels."""
        deadline = time.monotonic() + within
        while True:
            found = pixels_of(self.map)
            if found.shape == expected.shape:
                apart = np.abs(found.astype(int) - expected).max()
                if apart <= off_by:
                    return
            if time.monotonic() > deadline:
                sizes = f"{found.shape}, expected {expected.shape}"
                assert found.shape == expected.shape, sizes
                wrong = np.mean((found != expected).any(axis=2))
                pytest.fail(f"{wrong:.1%} of the pixels differ, by up to {apart}")
            self.page.wait_for_timeout(50)

    def reset(self) -> None:
        self.press("Reset")
        self.shows(painted(images.sample("camera"), SOBEL))


@pytest.fixture(scope="module")
def notebook(open_notebook: Callable[[str], Notebook], server: Server) -> Notebook:
    notebook = open_notebook(server.write("filter_lab.ipynb", *CELLS))
    notebook.run_all()
    return notebook


@pytest.fixture
def hands(notebook: Notebook) -> Hands:
    hands = Hands(notebook)
    hands.lab.scroll_into_view_if_needed()
    hands.reset()
    return hands


def test_the_map_is_that_of_conv2d_from_the_kernel(hands: Hands, keep: Callable[..., None]) -> None:
    expect(hands.map).to_have_attribute("data-source", "kernel")
    assert (pixels_of(hands.input) == display.photograph(images.sample("camera"))).all()
    expect(hands.lab.locator("[data-role=source]")).to_be_hidden()
    keep("filter_lab")


def test_a_weight_changes_by_keyboard(hands: Hands, notebook: Notebook) -> None:
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


def test_typing_nonsense_changes_nothing_and_is_marked(hands: Hands) -> None:
    cell = hands.weight(0, 0)
    cell.click()
    hands.page.keyboard.type("x")
    expect(cell).to_have_attribute("aria-invalid", "true")
    cell.blur()
    expect(cell).to_have_value(f"{MINUS}1")
    hands.shows(painted(images.sample("camera"), SOBEL))


def test_a_weight_changes_by_mouse(hands: Hands) -> None:
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


def test_every_control_takes_part(hands: Hands, notebook: Notebook) -> None:
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


def test_python_sets_and_both_views_follow_while_the_other_lab_does_not(
    hands: Hands, notebook: Notebook
) -> None:
    other = Hands(notebook, 2)
    before = pixels_of(other.map)
    notebook.run("lab.filter = filters.CATALOGUE['laplacian']; lab.palette = 'night'")
    expected = painted(images.sample("camera"), filters.CATALOGUE["laplacian"].weights, "night")
    hands.shows(expected)
    Hands(notebook, 1).shows(expected)
    expect(hands.control("preset")).to_have_value("laplacian")
    assert (pixels_of(other.map) == before).all()
    assert (before == painted([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, -1]])).all()


def test_an_uploaded_photograph_is_filtered_and_undone(
    hands: Hands, keep: Callable[..., None]
) -> None:
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


def test_a_file_that_is_no_picture_gets_a_notice(hands: Hands) -> None:
    notes = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"}
    hands.control("file").set_input_files(notes)
    notice = hands.lab.get_by_role("alert")
    expect(notice).to_contain_text("not a picture of a kind known here")
    hands.control("sample").select_option("coins")
    expect(notice).to_be_hidden()
    hands.shows(painted(images.sample("coins"), SOBEL))


def test_a_pixel_is_taken_apart_by_pointer_and_by_keyboard(
    hands: Hands, notebook: Notebook
) -> None:
    hands.map.focus()
    inspector = hands.lab.locator("[data-role=inspector]")
    expect(inspector).to_contain_text("Row 255, column 255")
    hands.page.keyboard.press("Shift+ArrowDown")
    hands.page.keyboard.press("ArrowLeft")
    expect(inspector).to_contain_text("Row 265, column 254")
    value = float(notebook.run("print(lab.output[265, 254])"))
    formula = hands.lab.locator("[data-role=formula]")
    expect(formula).to_contain_text(f"= {value:.3f}".rstrip("0").replace("-", MINUS))
    hands.page.keyboard.press("Escape")
    expect(inspector).to_contain_text("Point at the feature map")
    box = hands.map.bounding_box()
    assert box
    hands.page.mouse.move(box["x"] + 0.4, box["y"] + 0.4)
    expect(inspector).to_contain_text("Row 0, column 0")
    tables = inspector.get_by_role("table")
    first = [
        float(cell.replace(MINUS, "-")) for cell in tables.nth(0).locator("td").all_inner_texts()
    ]
    patch = images.sample("camera")[:3, :3].ravel()
    np.testing.assert_allclose(first, patch, atol=0.0051)


def test_a_situation_is_handed_out_and_looks_the_same(hands: Hands, notebook: Notebook) -> None:
    hands.control("preset").select_option("emboss")
    hands.control("stride").fill("2")
    hands.shows(painted(images.sample("camera"), filters.CATALOGUE["emboss"].weights, stride=2))
    text = "import json; text = json.dumps(lab.state()); lab.filter = 'sharpen'"
    notebook.run(text)
    same = "again = widgets.FilterLab.from_state(text); print(again.filter.tolist(), again.stride)"
    assert notebook.run(same).strip() == f"{filters.CATALOGUE['emboss'].weights.tolist()} 2"


def test_the_code_of_the_picture_is_shown_and_copied(hands: Hands, notebook: Notebook) -> None:
    hands.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    hands.press("Copy as code")
    shown = hands.lab.locator(".lab-code pre")
    expect(shown).to_be_visible()
    assert shown.inner_text().strip() == notebook.run("print(lab.code())").strip()
    expect(hands.lab.get_by_text("Copied.")).to_be_visible()
    assert hands.page.evaluate("navigator.clipboard.readText()") == shown.inner_text()
    hands.press("Close")
    expect(hands.lab.get_by_role("button", name="Copy as code")).to_be_focused()


def test_a_drawing_is_filtered_while_it_is_drawn(hands: Hands, keep: Callable[..., None]) -> None:
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


def test_the_webcam_runs_live_and_is_refused_in_words(hands: Hands) -> None:
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
    expect(hands.lab.locator(".lab-input figcaption")).to_have_text(
        re.compile(r"Picture 240 . 320 . 3")
    )
    filmed = pixels_of(hands.input)
    assert filmed.std(axis=2).max() > 10  # in colour indeed
    hands.shows(painted(filmed / np.float32(255), np.stack([SOBEL] * 3, axis=2)))


def test_a_slow_kernel_is_not_flooded_and_the_last_value_wins(
    hands: Hands, notebook: Notebook
) -> None:
    notebook.run(
        "import time\nquick, asked = lab._answer_frame, []\n"
        "def slow(request, buffers):\n"
        "    asked.append(request['settings']['filter'][0][0]); time.sleep(0.05)\n"
        "    return quick(request, buffers)\n"
        "lab._answer_frame = slow"
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
    notebook.run("del lab._answer_frame")


def test_the_page_hears_nothing_of_a_kernel_that_is_busy_for_a_moment(hands: Hands) -> None:
    page = hands.page
    page.evaluate(
        """() => {
          const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
          window.said = [];
          kernel.statusChanged.connect((_, status) => window.said.push(status));
        }"""
    )
    hands.weight(1, 1).click()
    weights = SOBEL.copy()
    for step in range(1, 11):
        page.keyboard.press("Shift+ArrowUp")
        weights[1, 1] = step
        hands.shows(painted(images.sample("camera"), weights))
    # Each was "busy" and "idle" once; on a crowded machine one may last long enough to be told.
    assert len(page.evaluate("window.said")) < 10


def test_every_control_has_a_name_and_is_reached_with_a_visible_focus(hands: Hands) -> None:
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
    assert roles.get_by_role("row").count() == 3
    assert roles.get_by_role("gridcell").count() == 9


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_text_is_readable_in_both_themes_and_nothing_sticks_out(
    hands: Hands, theme: str, keep: Callable[..., None]
) -> None:
    page = hands.page
    name = f"JupyterLab {theme}"
    page.evaluate(
        "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", name
    )
    page.wait_for_function("(name) => document.body.dataset.jpThemeName === name", arg=name)
    try:
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


def test_when_the_kernel_dies_the_browser_goes_on_and_says_so(
    hands: Hands, notebook: Notebook, keep: Callable[..., None], page: Page
) -> None:
    notebook.shut_down()
    hands.weight(1, 1).click()
    page.keyboard.press("Shift+ArrowUp")
    expect(hands.map).to_have_attribute("data-source", "browser", timeout=6000)
    expect(hands.lab.locator("[data-role=source]")).to_have_text(
        "Computed by your browser: no kernel answers."
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
    expect(hands.lab.get_by_role("alert")).to_contain_text("no kernel answers")
    hands.map.focus()
    expect(hands.lab.locator("[data-role=formula]")).to_contain_text("sum")
