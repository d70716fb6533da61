"""The browser's twin of activations against functional, in Chromium."""

import numpy as np
import pytest

from cnnlab.widgets import ActivationExplorer
from cnnlab.widgets.shared import assets, histogram
from tests.browser.mounting import IMPORT

pytestmark = pytest.mark.needs("browser")

ACTIVATION = assets.bundle(
    "page/twin/activating", "page/twin/activation", "page/twin/histogram", "page/twin/colour"
)

ACTIVATE = f"""async ([module, cases, sweeps]) => {{
  const twin = {IMPORT}, room = new twin.Room();
  return cases.map(({{ name, values, settings, low, high }}) => {{
    const numbers = Float32Array.from(values, Number);
    const {{ output, slopes }} = twin.activate(name, numbers, settings, room);
    return {{
      output: Array.from(output, String), slopes: Array.from(slopes, String),
      counts: twin.counts(output, low, high, 64), range: twin.commonRange(numbers, output),
      zero: twin.zeroShare(output), dead: twin.zeroShare(slopes),
      ranges: twin.rangesOf(name, settings, sweeps),
    }};
  }});
}}"""


def as_numbers(texts):
    return np.array([float(one) for one in texts], np.float32)


def test_the_browser_activates_as_functional_does_on_240_random_cases(blank):
    rng = np.random.default_rng(23)
    cases, explorers = [], []
    for k in range(240):
        explorer = ActivationExplorer(
            ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "maxout"][k % 6],
            np.zeros((3, 3)),
            slope=float(rng.choice([0, 0.1, 1.5])),
            alpha=float(rng.choice([0, 1, 2.5])),
            lines=rng.integers(-2, 3, (rng.integers(1, 5), 2)) / 2,
        )
        values = rng.normal(0, rng.choice([1, 9, 60]), 40).astype(np.float32)
        values[:4] = 0, rng.choice([0, np.nan]), rng.choice([1, np.inf]), rng.choice([2, -np.inf])
        settings = explorer.state()["settings"]
        texts = [str(one).replace("inf", "Infinity") for one in values]
        range_ = {"low": -3, "high": float(rng.integers(1, 9))}
        cases.append({"name": explorer.function, "values": texts, "settings": settings, **range_})
        explorers.append(explorer)
    sweeps = list(explorers[0]._page_facts()["sweeps"])
    found = blank.evaluate(ACTIVATE, [ACTIVATION, cases, sweeps])
    for case, explorer, twin in zip(cases, explorers, found, strict=True):
        values = as_numbers(one.replace("Infinity", "inf") for one in case["values"])
        with np.errstate(invalid="ignore"):
            output, slopes = explorer.curve(values)
        close = {"rtol": 3e-6, "atol": 1e-6, "err_msg": str(case)}
        told = [
            as_numbers(t.replace("Infinity", "inf") for t in twin[n]) for n in ("output", "slopes")
        ]
        np.testing.assert_allclose(told[0], output, **close)
        np.testing.assert_allclose(told[1], slopes, **close)
        assert twin["zero"] == (told[0] == 0).mean()
        assert twin["dead"] == (told[1] == 0).mean()
        assert twin["counts"] == histogram.counts(told[0], case["low"], case["high"])
        assert tuple(twin["range"]) == histogram.common_range(values, told[0])
        ranges = explorer.ranges[case["name"]]
        np.testing.assert_allclose(twin["ranges"], ranges, rtol=3e-6, atol=1e-6)


def test_the_browsers_softmax_is_that_of_functional(blank):
    rng = np.random.default_rng(24)
    settings = [
        ActivationExplorer(
            "softmax",
            np.zeros((3, 3)),
            logits=rng.normal(0, 9, (rng.integers(1, 4), rng.integers(1, 11))),
            axis=["classes", "batch"][k % 2],
            twice=bool(k % 3),
        )
        for k in range(60)
    ]
    code = f"""async ([module, cases]) => {{
      const {{ probabilitiesOf }} = {IMPORT};
      return cases.map((one) => probabilitiesOf(one).map((row) => [...row]));
    }}"""
    cases = [explorer.state()["settings"] for explorer in settings]
    found = blank.evaluate(code, [ACTIVATION, cases])
    for explorer, twin in zip(settings, found, strict=True):
        np.testing.assert_allclose(twin, explorer.output, rtol=3e-6, atol=1e-7)
