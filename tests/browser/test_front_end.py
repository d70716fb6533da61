"""The front end by itself in Chromium: its twin of the arithmetic, its manners on the wire.

The widget is mounted on an empty page with a model made of a few lines of JavaScript, so that a
test decides what the kernel answers and when.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from cnnlab import display, filters, images
from cnnlab import functional as F
from cnnlab.widgets import FilterLab, _base
from tests.browser.jupyterlab import pixels_of

pytestmark = pytest.mark.needs("browser")

HERE = Path(__file__).parent

MOUNT = (HERE / "mount.js").read_text()


@pytest.fixture
def blank(page: Page) -> Iterator[Page]:
    page.goto("about:blank")
    yield page
    page.evaluate("window.lab?.close()")


def mount(page: Page, lab: FilterLab, silent: str = "waits") -> None:
    names = ("_key", "_settings", "_initial", "_picture", "_choices")
    traits = {name: getattr(lab, name) for name in names}
    pixels = base64.b64encode(lab._pixels).decode()
    page.evaluate(MOUNT, [str(lab._esm), str(lab._css), traits, pixels, silent])


def small_lab(**options: Any) -> FilterLab:
    return FilterLab(np.arange(25).reshape(5, 5) / 25, filter="sobel_x", **options)


def sent(page: Page, kind: str = "frame") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(
        "(kind) => window.lab.sent.map((one) => one.content).filter((one) => one.kind === kind)",
        kind,
    )
    return found


def turn_up(page: Page, times: int = 1) -> None:
    page.locator("[data-row='0'][data-column='0']").first.evaluate(
        """(cell, times) => {
          const press = () => new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true });
          for (let k = 0; k < times; k++) cell.dispatchEvent(press());
        }""",
        times,
    )


def trips(page: Page, *lasting: int) -> None:
    """Change the filter after each answer; the answers have taken so long."""
    for seq, trip in enumerate(lasting, start=1):
        page.wait_for_timeout(trip + 50)
        page.evaluate("([seq, trip]) => window.lab.answer(seq, 10, { trip })", [seq, trip])
        turn_up(page)


def keep_turning(page: Page, milliseconds: int) -> None:
    """Turn a weight up every ten milliseconds, as a hand that does not rest."""
    page.evaluate(
        """async (milliseconds) => {
          const cell = document.querySelector("[data-row='0'][data-column='0']");
          for (const end = performance.now() + milliseconds; performance.now() < end;) {
            cell.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true }));
            await new Promise((next) => setTimeout(next, 10));
          }
        }""",
        milliseconds,
    )


def flying_while_turning(page: Page) -> int:
    """Count the requests under way, of which one left before."""
    before = len(sent(page))
    keep_turning(page, 700)
    return len(sent(page)) - before + 1


# -- The twin of the arithmetic -------------------------------------------------------------------

TWIN = (HERE / "twin.js").read_text()
IMPORT = 'await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })))'


def random_case(rng: np.random.Generator) -> tuple[dict[str, Any], NDArray[np.float32]]:
    """One convolution: as JSON for the browser, and its output by functional."""
    while True:
        height, width = rng.integers(1, 40, 2).tolist()
        rows, columns = rng.integers(1, 8, 2).tolist()
        channels = int(rng.choice([1, 3]))
        stride, dilation = rng.integers(1, 4, 2).tolist()
        padding: Any = rng.choice(["same", "valid", 0, 1, 2, 3])
        padding = str(padding) if padding in {"same", "valid"} else int(padding)
        image = rng.random((height, width, channels), np.float32)
        weights = rng.normal(size=(rows, columns, channels)).astype(np.float32)
        bias, relu = float(np.float32(rng.normal())), bool(rng.integers(2))
        try:
            output = F.conv2d(
                image[None], weights[..., None], [bias], stride=stride, padding=padding,
                dilation=dilation,
            )[0, ..., 0]  # fmt: skip
        except ValueError:
            continue
        case = {
            "image": {
                "height": height, "width": width, "channels": channels,
                "values": image.ravel().tolist(),
            },
            "filter": {
                "height": rows, "width": columns, "channels": channels,
                "weights": weights.ravel().tolist(),
            },
            "bias": bias, "stride": stride, "padding": padding, "dilation": dilation, "relu": relu,
        }  # fmt: skip
        return case, F.relu(output) if relu else output


def test_the_browsers_arithmetic_is_that_of_functional_on_200_random_cases(blank: Page) -> None:
    rng = np.random.default_rng(20)
    cases = [random_case(rng) for _ in range(200)]
    found = blank.evaluate(TWIN, [_base._file("_arithmetic.js"), [case for case, _ in cases]])
    for (case, expected), twin in zip(cases, found, strict=True):
        assert (twin["height"], twin["width"]) == expected.shape, case
        values = np.array(twin["values"], np.float32)
        scale = np.abs(expected).max() or 1
        np.testing.assert_allclose(values / scale, expected.ravel() / scale, atol=2e-6)
        # The colours of the same numbers are the same bytes.
        assert twin["limit"] == display.limit_of(values)
        assert twin["signed"] == display.levels(values, limit=twin["limit"]).tolist()
        assert twin["grey"] == display.levels(values, "grey", twin["limit"]).tolist()
        assert twin["range"] == [values.min(), values.max()]
        row, column = expected.shape[0] - 1, expected.shape[1] // 2
        assert twin["pixel"]["activated"] == pytest.approx(expected[row, column], abs=1e-4)


def test_the_browser_limits_a_large_map_as_python_does(blank: Page) -> None:
    image = images.sample("camera")
    output = filters.apply(image, filters.CATALOGUE["laplacian"])
    code = f"""async ([module, text]) => {{
      const twin = {IMPORT};
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const values = new Float32Array(bytes.buffer), limit = twin.limitOf(values);
      const steps = twin.levelsOf(values, limit, true).subarray(0, 5000);
      return [limit, btoa(String.fromCharCode(...steps))];
    }}"""
    text = base64.b64encode(output.tobytes()).decode()
    limit, steps = blank.evaluate(code, [_base._file("_arithmetic.js"), text])
    assert limit == display.limit_of(output)
    assert base64.b64decode(steps) == display.levels(output).tobytes()[:5000]


def test_what_is_not_a_number_gets_its_own_colour_in_the_browser(blank: Page) -> None:
    code = f"""async (module) => {{
      const twin = {IMPORT};
      return Array.from(twin.levelsOf(Float32Array.of(NaN, Infinity, -Infinity, 0), 1, true));
    }}"""
    steps = blank.evaluate(code, _base._file("_arithmetic.js"))
    assert steps == display.levels([np.nan, np.inf, -np.inf, 0], limit=1).tolist()


# -- Manners on the wire --------------------------------------------------------------------------


def test_one_request_flies_and_only_the_newest_value_waits(blank: Page) -> None:
    mount(blank, small_lab())
    turn_up(blank, 30)
    assert len(sent(blank)) == 1
    blank.evaluate("window.lab.answer(1, 10, { trip: 2 })")
    asked = sent(blank)
    assert len(asked) == 2
    assert asked[1]["settings"]["filter"][0][0] == pytest.approx(2)  # -1 and thirty times 0.1
    blank.evaluate("window.lab.answer(2, 10)")
    assert len(sent(blank)) == 2  # nothing more to ask


def test_an_older_answer_is_not_painted_over_a_newer_one(blank: Page) -> None:
    mount(blank, small_lab())
    trips(blank, 100, 100)
    keep_turning(blank, 100)
    canvas = blank.locator("[data-role=map]")
    before = int(canvas.get_attribute("data-frame") or 0)
    blank.evaluate("window.lab.answer(4, 200)")
    blank.evaluate("window.lab.answer(3, 50)")
    expect(canvas).to_have_attribute("data-frame", str(before + 1))
    assert (pixels_of(canvas) == display.PALETTES["blue_red"].colours[200]).all()
    expect(canvas).to_have_attribute("data-source", "kernel")


@pytest.mark.parametrize(("trip", "flying"), [(2, 1), (40, 1), (70, 2), (100, 3), (400, 6)])
def test_as_many_requests_fly_as_thirty_pictures_a_second_need(
    blank: Page, trip: int, flying: int
) -> None:
    mount(blank, small_lab())
    trips(blank, *[trip] * 8)
    assert flying_while_turning(blank) == flying


def test_where_requests_queue_fewer_fly(blank: Page) -> None:
    """As on a slow page: trips get longer the more requests are on their way."""
    mount(blank, small_lab())
    trips(blank, 160, 240, 240, 240)
    assert flying_while_turning(blank) == 1


def test_one_queue_is_learnt_from_once(blank: Page) -> None:
    mount(blank, small_lab())
    trips(blank, *[100] * 4)
    assert flying_while_turning(blank) == 3
    for seq in (5, 6, 7):
        blank.evaluate("(seq) => window.lab.answer(seq, 10)", seq)  # late by half a second
    assert flying_while_turning(blank) == 2


@pytest.mark.parametrize(("calm", "flying"), [(9, 1), (10, 2)])
def test_after_a_queue_another_request_is_tried_with_caution(
    blank: Page, calm: int, flying: int
) -> None:
    mount(blank, small_lab())
    trips(blank, 160, 240, *[160] * calm)
    assert flying_while_turning(blank) == flying


def test_a_far_kernel_is_asked_at_even_distances(blank: Page) -> None:
    mount(blank, small_lab())
    trips(blank, *[120] * 4)
    keep_turning(blank, 300)
    moments = blank.evaluate("window.lab.sent.slice(-4).map((one) => one.at)")
    assert np.diff(moments).min() >= 120 / 4


NEXT_MOVEMENT = """(moves) => {
  const { lab } = window, cell = document.querySelector("[data-row='0'][data-column='0']");
  const turn = () => cell.dispatchEvent(
    new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true }));
  const before = lab.sent.length;
  turn();
  lab.answer(2, 10, { trip: 100 });
  const held = lab.sent.length - before;
  if (moves) turn();
  return [held, lab.sent.length - before];
}"""


def test_a_far_kernel_is_asked_for_what_the_hand_shows_next(blank: Page) -> None:
    mount(blank, small_lab())
    trips(blank, 100)
    keep_turning(blank, 200)  # until there is no more room
    held, asked = blank.evaluate(NEXT_MOVEMENT, True)
    assert (held, asked) == (0, 1)  # what waits while the hand moves is old
    shown = blank.locator("[data-row='0'][data-column='0']").first.input_value()
    assert sent(blank)[-1]["settings"]["filter"][0][0] == pytest.approx(float(shown))


def test_a_far_kernel_hears_the_last_value_of_a_hand_that_rests(blank: Page) -> None:
    mount(blank, small_lab())
    trips(blank, 100)
    keep_turning(blank, 200)
    before = len(sent(blank))
    assert blank.evaluate(NEXT_MOVEMENT, False) == [0, 0]
    blank.wait_for_function("(before) => window.lab.sent.length > before", arg=before)
    shown = blank.locator("[data-row='0'][data-column='0']").first.input_value()
    assert sent(blank)[-1]["settings"]["filter"][0][0] == pytest.approx(float(shown))


def test_answers_for_another_page_are_left_alone(blank: Page) -> None:
    mount(blank, small_lab())
    blank.evaluate("window.lab.fire('msg:custom', { client: 'other', seq: 1, busy: 0 }, [])")
    assert blank.locator("[data-role=map]").get_attribute("data-source") != "kernel"


@pytest.mark.parametrize("silent", ["waits", "gone"])
def test_without_a_kernel_the_page_computes_and_says_so(blank: Page, silent: str) -> None:
    """As in an exported page: the widget's state is there, and nobody answers."""
    lab = FilterLab("astronaut", filter="emboss", stride=2, padding="same", activation="relu")
    mount(blank, lab, silent)
    label = blank.locator("[data-role=source]")
    expect(label).to_be_visible(timeout=4000)
    canvas = blank.locator("[data-role=map]")
    expect(canvas).to_have_attribute("data-source", "browser")
    assert np.abs(pixels_of(canvas).astype(int) - lab.painted).max() <= 9  # a step of colour
    blank.locator("[data-control=preset]").select_option("sobel_y")
    lab.filter = "sobel_y"
    blank.wait_for_timeout(200)
    assert np.abs(pixels_of(canvas).astype(int) - lab.painted).max() <= 9
    blank.get_by_role("button", name="Undo").click()
    lab.filter = "emboss"
    blank.wait_for_timeout(200)
    assert np.abs(pixels_of(canvas).astype(int) - lab.painted).max() <= 9


def test_before_the_patience_ends_there_is_a_picture_already(blank: Page) -> None:
    lab = small_lab()
    mount(blank, lab)
    # Looked at in the very frame in which the picture appears, however slow the machine is.
    label_was_hidden = blank.wait_for_function(
        """() => {
          const map = document.querySelector("[data-role=map]");
          const label = document.querySelector("[data-role=source]");
          return map.dataset.source === "browser" && [label.hidden];
        }"""
    ).json_value()
    assert label_was_hidden == [True]
    assert (pixels_of(blank.locator("[data-role=map]")) == lab.painted).all()


def test_when_the_kernel_comes_back_its_numbers_are_shown_again(blank: Page) -> None:
    mount(blank, small_lab())
    expect(blank.locator("[data-role=source]")).to_be_visible(timeout=4000)
    blank.evaluate("window.lab.answer(1, 10)")  # at last
    expect(blank.locator("[data-role=source]")).to_be_hidden()
    newest = sent(blank)[-1]["seq"]
    assert newest > 1  # asked again
    blank.evaluate("(seq) => window.lab.answer(seq, 99)", newest)
    canvas = blank.locator("[data-role=map]")
    expect(canvas).to_have_attribute("data-source", "kernel")
    assert (pixels_of(canvas) == display.PALETTES["blue_red"].colours[99]).all()


def test_a_picture_travels_until_the_kernel_has_it(blank: Page) -> None:
    mount(blank, small_lab())
    trips(blank, 100, 100)
    blank.get_by_role("button", name="Draw").click()
    keep_turning(blank, 150)
    with_picture = [request["seq"] for request in sent(blank) if "picture" in request]
    assert len(with_picture) >= 2
    blank.evaluate("(seq) => window.lab.answer(seq, 10)", with_picture[-1])
    keep_turning(blank, 150)
    latest = sent(blank)[-1]
    assert latest["seq"] > with_picture[-1]
    assert "picture" not in latest
    blank.get_by_role("button", name="Done").click()


def test_the_settings_are_stored_when_the_hand_rests(blank: Page) -> None:
    mount(blank, small_lab())
    turn_up(blank, 5)
    assert "client" not in blank.evaluate("window.lab.state._settings")
    blank.wait_for_timeout(500)
    stored = blank.evaluate("window.lab.state._settings")
    assert stored["values"]["filter"][0][0] == -0.5
    assert stored["seq"] == sent(blank)[-1]["seq"]


def test_what_python_sets_is_shown_asked_for_and_can_be_undone(blank: Page) -> None:
    lab = small_lab()
    mount(blank, lab)
    blank.evaluate("window.lab.answer(1, 10)")
    values = {**lab._settings["values"], "stride": 2}
    blank.evaluate(
        "(value) => window.lab.change('_settings', value)", {"revision": 7, "values": values}
    )
    expect(blank.locator("[data-control=stride]")).to_have_value("2")
    assert sent(blank)[-1]["settings"]["stride"] == 2
    blank.get_by_role("button", name="Undo").click()
    expect(blank.locator("[data-control=stride]")).to_have_value("1")


def test_nothing_listens_any_more_when_the_view_is_gone(blank: Page) -> None:
    mount(blank, small_lab())
    assert blank.evaluate("window.lab.listening()") > 0
    blank.evaluate("window.lab.close()")
    assert blank.evaluate("window.lab.listening()") == 0
    assert blank.locator(".cnnlab").count() == 0
    asked = len(sent(blank))
    blank.wait_for_timeout(1800)
    assert len(sent(blank)) == asked


def test_what_waits_for_a_far_kernel_is_not_sent_when_the_view_is_gone(blank: Page) -> None:
    mount(blank, small_lab())
    trips(blank, 100)
    keep_turning(blank, 200)  # until there is no more room
    assert blank.evaluate(NEXT_MOVEMENT, False) == [0, 0]
    blank.evaluate("window.lab.close()")
    asked = len(sent(blank))
    blank.wait_for_timeout(200)
    assert len(sent(blank)) == asked


def test_rows_that_no_window_reaches_are_marked(blank: Page) -> None:
    mount(blank, FilterLab(np.zeros((6, 8)), filter=np.ones((3, 3)), stride=2))
    dropped = blank.locator(".over-dropped")
    expect(dropped).to_have_count(2)
    assert [dropped.nth(k).get_attribute(name) for k, name in [(0, "y"), (1, "x")]] == ["5", "7"]


def test_a_state_is_plain_json_for_the_page_too() -> None:
    json.dumps(small_lab()._settings, allow_nan=False)
