"""The browser's twin of sums: of two filters as one, and of a row of bends, in Chromium."""

import numpy as np
import pytest

from cnnlab import filters
from cnnlab.widgets import BendFitter, FilterMerge
from cnnlab.widgets.shared import assets

pytestmark = pytest.mark.needs("browser")

MERGING = assets.bundle("page/twin/merging")
BENDING = assets.bundle("page/twin/bending")
IMPORT = (
    '(await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })))).default'
)


@pytest.fixture
def blank(page):
    page.goto("about:blank")
    return page


# -- Two filters and the one ----------------------------------------------------------------------

MERGE = f"""async ([module, cases]) => {{
  const {{ merge, Merging, pixelOf }} = {IMPORT};
  const plain = (map) => ({{ ...map, values: Array.from(map.values) }});
  return cases.map(({{ image: source, steps }}) => {{
    const image = {{ ...source, values: Float32Array.from(source.values) }};
    const following = new Merging(), last = steps.at(-1);
    for (const pair of steps) following.run(image, pair, true);
    const found = [new Merging().run(image, last, true), following.run(image, last, true)];
    const [{{ largest, differing, rounding, zeroed }}] = found;
    const maps = found.map(({{ middle, two, one, difference }}) =>
      [middle, two, one, difference].map(plain));
    const row = maps[0][1].height - 1, column = Math.floor(maps[0][1].width / 2);
    const merged = merge(last.first, last.second);
    const pixel = pixelOf(image, last, row, column);
    return {{ maps, merged, pixel, row, column, largest, differing, rounding, zeroed }};
  }});
}}"""


def test_the_browser_merges_as_python_does_on_100_random_pairs(blank):
    rng = np.random.default_rng(23)
    cases, labs = [], []
    for _ in range(100):
        height, width = rng.integers(9, 30, 2).tolist()
        image = rng.normal(size=(height, width)).astype(np.float32)
        pairs = [rng.normal(size=size).astype(np.float32) for size in rng.integers(1, 6, (2, 2))]
        between = str(rng.choice(["none", "relu"]))
        # The hand changes a weight of the first, then one of the second, then what is between.
        steps = [[part.copy() for part in pairs] for _ in range(3)]
        steps[0][0][0, 0] += 1
        steps[0][1][-1, -1] -= 2
        steps[1][1][-1, -1] -= 2
        names = [between, between, "relu" if between == "none" else "none", between]
        steps = [
            {"first": first.tolist(), "second": second.tolist(), "between": name}
            for (first, second), name in zip([*steps, pairs], names, strict=True)
        ]
        values = image.ravel().tolist()
        about = {"height": height, "width": width, "channels": 1, "values": values}
        cases.append({"image": about, "steps": steps})
        labs.append(FilterMerge(image, *pairs, between=between))
    for lab, twin in zip(labs, blank.evaluate(MERGE, [MERGING, cases]), strict=True):
        assert np.array_equal(np.array(twin["merged"], np.float32), lab.merged)
        expected = [lab.middle, lab.output, lab.merged_output, lab.difference]
        for maps in twin["maps"]:
            for found, array in zip(maps, expected, strict=True):
                np.testing.assert_allclose(
                    np.reshape(found["values"], array.shape), array, atol=lab.rounding
                )
        assert twin["rounding"] == pytest.approx(lab.rounding, rel=1e-12)
        assert twin["differing"] == pytest.approx(lab.differing, abs=0.02)
        assert (twin["differing"] == 0) == (lab.differing == 0)
        assert twin["largest"] == pytest.approx(np.abs(lab.difference).max(), abs=lab.rounding)
        zeroed = (filters.apply(lab.image, lab.first) < 0).mean()
        assert twin["zeroed"] == pytest.approx(zeroed, abs=0.02)
        place = twin["row"], twin["column"]
        assert twin["pixel"]["two"] == pytest.approx(lab.output[place], abs=lab.rounding)
        assert twin["pixel"]["one"] == pytest.approx(lab.merged_output[place], abs=lab.rounding)


# -- Bends ----------------------------------------------------------------------------------------


def test_the_browser_fits_bends_as_numpy_does_on_100_random_rows(blank):
    rng = np.random.default_rng(24)
    fitters = [BendFitter(curve="abs", positions=[0, 0], facing=[1, -1]), BendFitter(32)]
    for _ in range(100):
        bends = int(rng.integers(0, 33))
        # On whole hundredths, as by hand: some lie on each other, and have no weights of their own.
        positions = rng.integers(-100, 101, bends) / 100
        facing = rng.choice([-1, 1], bends)
        fitter = BendFitter(curve=rng.uniform(-2, 2, 101), positions=positions, facing=facing)
        if rng.random() < 0.3:
            fitter.by_hand = rng.normal(size=bends + 2)
        fitters.append(fitter)
    code = f"""async ([module, cases]) => {{
      const {{ bending }} = {IMPORT};
      return cases.map(bending);
    }}"""
    cases = [fitter.state()["settings"] for fitter in fitters]
    for fitter, twin in zip(fitters, blank.evaluate(code, [BENDING, cases]), strict=True):
        np.testing.assert_allclose(np.transpose(twin["parts"]), fitter.parts, atol=1e-12)
        np.testing.assert_allclose(twin["fit"], fitter.fit, atol=2e-6)
        assert twin["gap"] == pytest.approx(fitter.gap, abs=2e-6)
        assert np.abs(fitter.curve - fitter.fit)[twin["at"]] == pytest.approx(fitter.gap, abs=2e-6)
        numbers = np.array([*fitter.line, *fitter.weights])
        scale = max(1, np.abs(numbers).max())
        np.testing.assert_allclose(np.divide(twin["numbers"], scale), numbers / scale, atol=1e-6)
        fitted = BendFitter(curve=fitter.curve, units=fitter.units)
        assert twin["best"] == pytest.approx(fitted.gap, abs=2e-6)
