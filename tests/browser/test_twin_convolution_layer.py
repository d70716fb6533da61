"""The browser's twin of a layer of filters, forward and backward, in Chromium."""

import numpy as np
import pytest

from cnnlab import functional as F
from cnnlab.widgets.shared import assets
from tests.browser.mounting import IMPORT

pytestmark = pytest.mark.needs("browser")

LAYER = assets.bundle("page/twin/convolution_layer")

RUN_LAYER = f"""async ([module, cases]) => {{
  const {{ ConvolutionLayer, volumeOf, bankOf }} = {IMPORT};
  const listed = (parts) => Object.fromEntries(
    Object.entries(parts).map(([name, values]) => [name, Array.from(values)]));
  return cases.map(({{ image, filters, how, upstream }}) => {{
    const layer = new ConvolutionLayer(volumeOf(image), bankOf(filters), how);
    const from = Float64Array.from(upstream.flat(2)), slope = layer.slope(from);
    const kinds = ["image", "filters", "bias"];
    return {{
      output: Array.from(layer.output.values), loss: layer.loss(from),
      scatter: listed(layer.backward(slope)), gather: listed(layer.gather(slope)),
      differences: listed(Object.fromEntries(kinds.map((k) => [k, layer.differences(from, k)]))),
    }};
  }});
}}"""


def random_layer(rng, activation):
    """One layer with several filters, its output and gradients by functional."""
    while True:
        height, width = rng.integers(1, 9, 2).tolist()
        rows, columns = rng.integers(1, 5, 2).tolist()
        channels, count = rng.integers(1, 4, 2).tolist()
        padding = rng.choice(["same", "valid", 0, 1, 2])
        padding = str(padding) if padding in {"same", "valid"} else int(padding)
        stride, dilation = rng.integers(1, 3, 2).tolist()
        image = rng.normal(size=(height, width, channels)).astype(np.float32)
        bank = rng.normal(size=(rows, columns, channels, count)).astype(np.float32)
        bias = rng.normal(size=count).astype(np.float32)
        how = {"stride": stride, "padding": padding, "dilation": dilation}
        try:
            output = F.conv2d(image[None], bank, bias, **how)
        except ValueError:
            continue
        slope = upstream = rng.normal(size=output.shape).astype(np.float32)
        if activation == "relu":
            output = F.relu(output)
            slope = F.relu_backward(upstream, output)
        gradients = F.conv2d_backward(slope, image[None], bank, **how)
        case = {
            "image": image.tolist(), "filters": bank.tolist(), "upstream": upstream[0].tolist(),
            "how": {**how, "bias": bias.tolist(), "activation": activation},
        }  # fmt: skip
        return case, output, dict(zip(("image", "filters", "bias"), gradients, strict=True))


@pytest.mark.parametrize("activation", ["none", "relu"])
def test_the_browser_scatters_and_gathers_as_functional_goes_backward(blank, activation):
    rng = np.random.default_rng(23)
    cases = [random_layer(rng, activation) for _ in range(80)]
    found = blank.evaluate(RUN_LAYER, [LAYER, [case for case, *_ in cases]])
    for (case, output, gradients), twin in zip(cases, found, strict=True):
        np.testing.assert_allclose(twin["output"], output.ravel(), rtol=1e-5, atol=1e-5)
        loss = float((output[0] * np.array(case["upstream"])).sum())
        assert twin["loss"] == pytest.approx(loss, rel=1e-4, abs=1e-4)
        for kind, expected in gradients.items():
            for order in ("scatter", "gather"):
                np.testing.assert_allclose(
                    twin[order][kind], expected.ravel(), rtol=1e-5, atol=1e-5, err_msg=order
                )


def test_the_browsers_central_differences_check_its_gradients(blank):
    rng = np.random.default_rng(24)
    cases = [random_layer(rng, "none") for _ in range(30)]
    found = blank.evaluate(RUN_LAYER, [LAYER, [case for case, *_ in cases]])
    for (_, _, gradients), twin in zip(cases, found, strict=True):
        for kind, expected in gradients.items():
            np.testing.assert_allclose(
                twin["differences"][kind], expected.ravel(), rtol=1e-5, atol=1e-5
            )


def test_the_numbers_of_the_notes_come_out_backward(blank):
    """w = (1, 2, 5) over four numbers: a flip, an average and a lost sum would show."""
    how = {"stride": 1, "padding": 0, "dilation": 1, "bias": [0], "activation": "none"}
    case = {
        "image": [[[1], [2], [3], [4]]], "filters": [[[[1]], [[2]], [[5]]]],
        "upstream": [[[1], [10]]], "how": how,
    }  # fmt: skip
    (found,) = blank.evaluate(RUN_LAYER, [LAYER, [case]])
    expected = {"image": [1, 12, 25, 50], "filters": [21, 32, 43], "bias": [11]}
    assert found["scatter"] == found["gather"] == found["differences"] == expected
    assert found["loss"] == 300
