"""The browser's twin of the arithmetic against functional and display, in Chromium."""

import base64

import numpy as np
import pytest

from cnnlab import display, filters, images, shapes
from cnnlab import functional as F
from cnnlab.widgets.shared import assets
from tests.browser.mounting import HERE, IMPORT

pytestmark = pytest.mark.needs("browser")

TWIN = (HERE / "twin.js").read_text()
MODULE = assets.bundle("page/twin/convolution", "page/twin/activation", "page/twin/colour")
SHRINKING = assets.bundle("page/twin/shrinking")
POOLING = assets.bundle("page/twin/pooling")


def random_case(rng):
    """One convolution: as JSON for the browser, and its output by functional."""
    while True:
        height, width = rng.integers(1, 40, 2).tolist()
        rows, columns = rng.integers(1, 8, 2).tolist()
        channels = int(rng.choice([1, 3]))
        stride, dilation = rng.integers(1, 4, 2).tolist()
        padding = rng.choice(["same", "valid", 0, 1, 2, 3])
        padding = str(padding) if padding in {"same", "valid"} else int(padding)
        image = rng.random((height, width, channels), np.float32)
        weights = rng.normal(size=(rows, columns, channels)).astype(np.float32)
        bias, relu = float(np.float32(rng.normal())), bool(rng.integers(2))
        how = {"stride": stride, "padding": padding, "dilation": dilation}
        pad = float(np.float32(rng.choice([0, rng.normal()])))
        try:
            window = shapes.Window.over((height, width), (rows, columns), **how)
        except ValueError:
            continue
        sides = [(window.top, window.bottom), (window.left, window.right), (0, 0)]
        padded = np.pad(image, sides, constant_values=pad)[None]
        output = F.conv2d(padded, weights[..., None], [bias], **{**how, "padding": 0})[0, ..., 0]
        case = {
            "image": {
                "height": height, "width": width, "channels": channels,
                "values": image.ravel().tolist(),
            },
            "filter": {
                "height": rows, "width": columns, "channels": channels,
                "weights": weights.ravel().tolist(),
            },
            "how": {"bias": bias, "pad_value": pad, **how}, "relu": relu,
        }  # fmt: skip
        return case, F.relu(output) if relu else output


def test_the_browsers_arithmetic_is_that_of_functional_on_200_random_cases(blank):
    rng = np.random.default_rng(20)
    cases = [random_case(rng) for _ in range(200)]
    found = blank.evaluate(TWIN, [MODULE, [case for case, _ in cases]])
    for (case, expected), twin in zip(cases, found, strict=True):
        assert (twin["height"], twin["width"]) == expected.shape, case
        values = np.array(twin["values"], np.float32)
        scale = np.abs(expected).max() or 1
        np.testing.assert_allclose(values / scale, expected.ravel() / scale, atol=2e-6)
        # A map that followed the hand, weight by weight, is the map made at once.
        followed = np.array(twin["followed"], np.float32)
        followed = np.maximum(followed, 0) if case["relu"] else followed
        np.testing.assert_allclose(followed, values, rtol=1e-6, atol=1e-7 * scale)
        # The colours of the same numbers are the same bytes.
        assert twin["limit"] == display.limit_of(values)
        assert twin["signed"] == display.levels(values, limit=twin["limit"]).tolist()
        assert twin["grey"] == display.levels(values, "grey", twin["limit"]).tolist()
        assert twin["range"] == [values.min(), values.max()]


def test_the_browser_takes_a_pixel_apart_as_python_does(blank):
    rng = np.random.default_rng(21)
    cases = [case for case, _ in (random_case(rng) for _ in range(60))]
    for case, twin in zip(cases, blank.evaluate(TWIN, [MODULE, cases]), strict=True):
        sizes = [
            [case[name][side] for side in ("height", "width", "channels")]
            for name in ("image", "filter")
        ]
        image = np.reshape(case["image"]["values"], sizes[0])
        weights = np.reshape(case["filter"]["weights"], sizes[1])
        row, column = twin["height"] - 1, twin["width"] // 2
        how = dict(case["how"])
        pad = how.pop("pad_value")
        pixel = filters.explain(image, weights, row, column, **how)
        under = np.where(pixel.inside[..., None], pixel.pixels, pad)
        sums = (under * weights).sum(axis=(0, 1))
        told = twin["pixel"]
        assert (told["row"], told["column"]) == (row, column)
        assert (told["top"], told["left"]) == (pixel.top, pixel.left)
        assert told["result"] == pytest.approx(sums.sum() + how["bias"], rel=1e-5, abs=1e-6)
        for channel, parts in enumerate(told["channels"]):
            assert parts["sum"] == pytest.approx(sums[channel], rel=1e-5, abs=1e-6)
            expected = np.where(pixel.inside, pixel.pixels[..., channel], np.nan)
            np.testing.assert_allclose(np.array(parts["pixels"], float), expected, rtol=1e-6)


def test_the_browser_limits_a_large_map_as_python_does(blank):
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
    limit, steps = blank.evaluate(code, [MODULE, text])
    assert limit == display.limit_of(output)
    assert base64.b64decode(steps) == display.levels(output).tobytes()[:5000]


def test_what_is_not_a_number_gets_its_own_colour_in_the_browser(blank):
    code = f"""async (module) => {{
      const twin = {IMPORT};
      return Array.from(twin.levelsOf(Float32Array.of(NaN, Infinity, -Infinity, 0), 1, true));
    }}"""
    steps = blank.evaluate(code, MODULE)
    assert steps == display.levels([np.nan, np.inf, -np.inf, 0], limit=1).tolist()


def test_what_is_infinite_is_added_up_anew_when_a_weight_changes(blank):
    """Infinity cannot be taken off again: what follows the hand must not turn into NaN."""
    code = f"""async (module) => {{
      const {{ Convolution }} = {IMPORT}, convolution = new Convolution();
      const image = {{ height: 1, width: 3, channels: 1, values: Float32Array.of(1, Infinity, 2) }};
      const run = (weight) => convolution.run(
        image, {{ height: 1, width: 1, channels: 1, weights: Float32Array.of(weight) }}, {{}});
      run(1);
      return Array.from(run(2).values, String);
    }}"""
    assert blank.evaluate(code, MODULE) == ["2", "Infinity", "4"]


def test_the_browser_averages_a_picture_to_fewer_pixels_as_functional_does(blank):
    rng = np.random.default_rng(24)
    code = f"""async ([module, cases]) => {{
      const {{ shrunk }} = {IMPORT};
      return cases.map(([image, factor]) => {{
        const found = shrunk({{ ...image, values: Float32Array.from(image.values) }}, factor);
        return {{ ...found, values: Array.from(found.values) }};
      }});
    }}"""
    pictures, cases = [], []
    for _ in range(40):
        height, width = rng.integers(4, 30, 2).tolist()
        factor, channels = int(rng.integers(1, 5)), int(rng.choice([1, 3]))
        picture = rng.normal(size=(height, width, channels)).astype(np.float32)
        sizes = {"height": height, "width": width, "channels": channels}
        cases.append([{**sizes, "values": picture.ravel().tolist()}, factor])
        pictures.append(F.avg_pool2d(picture[None], factor)[0])
    for expected, twin in zip(pictures, blank.evaluate(code, [SHRINKING, cases]), strict=True):
        assert (twin["height"], twin["width"], twin["channels"]) == expected.shape
        np.testing.assert_allclose(twin["values"], expected.ravel(), rtol=1e-5, atol=1e-6)


# -- Pooling --------------------------------------------------------------------------------------

POOL = f"""async ([module, cases]) => {{
  const twin = {IMPORT};
  // JSON has no NaN and no infinity: they travel as text.
  const numbers = (grid) => ({{ ...grid, values: Float32Array.from(grid.values, Number) }});
  return cases.map((one) => {{
    const image = numbers(one.image), gradient = numbers(one.gradient), {{ how }} = one;
    const found = {{
      max: twin.maxPool2d(image, how), average: twin.avgPool2d(image, how),
      maxBack: twin.maxPool2dBackward(gradient, image, how),
      averageBack: twin.avgPool2dBackward(gradient, image, how),
    }};
    return Object.fromEntries(Object.entries(found).map(([name, grid]) =>
      [name, {{ ...grid, values: Array.from(grid.values, String) }}]));
  }});
}}"""


def as_grid(array):
    height, width = array.shape
    values = [str(one).replace("inf", "Infinity") for one in array.ravel()]
    return {"height": height, "width": width, "values": values}


def from_grid(grid):
    found = np.array([float(one) for one in grid["values"]], np.float32)
    return found.reshape(grid["height"], grid["width"])


def random_pooling(rng):
    """One pooling with ties, and now and then what is no number; its answers by functional."""
    while True:
        height, width = rng.integers(1, 13, 2).tolist()
        window, stride = rng.integers(1, 5, 2).tolist()
        padding = int(rng.integers(0, window // 2 + 1))
        image = rng.integers(-2, 3, (height, width)).astype(np.float32)
        if rng.random() < 0.3:
            image[rng.random(image.shape) < 0.2] = rng.choice([np.nan, np.inf, -np.inf])
        volume, how = image[None, ..., None], (window, stride, padding)
        try:
            largest = F.max_pool2d(volume, *how)
        except ValueError:
            continue
        gradient = rng.normal(size=largest.shape).astype(np.float32)
        found = {
            "max": largest,
            "average": F.avg_pool2d(volume, *how),
            "maxBack": F.max_pool2d_backward(gradient, volume, *how),
            "averageBack": F.avg_pool2d_backward(gradient, volume, *how),
        }
        case = {
            "image": as_grid(image),
            "gradient": as_grid(gradient[0, ..., 0]),
            "how": {"window": window, "stride": stride, "padding": padding},
        }
        return case, {name: array[0, ..., 0] for name, array in found.items()}


def test_the_browser_pools_as_functional_does_on_300_random_cases(blank):
    rng = np.random.default_rng(22)
    cases = [random_pooling(rng) for _ in range(300)]
    found = blank.evaluate(POOL, [POOLING, [case for case, _ in cases]])
    for (case, expected), twin in zip(cases, found, strict=True):
        for name, array in expected.items():
            np.testing.assert_allclose(
                from_grid(twin[name]), array, rtol=1e-6, atol=1e-6, err_msg=f"{name} of {case}"
            )


def test_the_browser_knows_which_windows_do_not_fit(blank):
    code = f"""async (module) => {{
      const {{ maxPool2d, avgPool2d, winnersOf }} = {IMPORT};
      const image = {{ height: 2, width: 4, values: new Float32Array(8) }};
      const how = {{ window: 3, stride: 1, padding: 0 }};
      return [maxPool2d(image, how), avgPool2d(image, how), winnersOf(image, how)];
    }}"""
    assert blank.evaluate(code, POOLING) == [None, None, []]


def test_the_first_of_equal_winners_wins_and_not_a_number_beats_all(blank):
    code = f"""async (module) => {{
      const {{ winnersOf }} = {IMPORT}, how = {{ window: 2, stride: 2, padding: 0 }};
      const values = Float32Array.of(7, 7, 1, NaN, 7, 7, 9, NaN);
      return winnersOf({{ height: 2, width: 4, values }}, how);
    }}"""
    assert blank.evaluate(code, POOLING) == [0, 3]
