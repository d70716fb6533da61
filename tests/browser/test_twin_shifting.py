"""The browser's twin of pooling of shifted pictures, in Chromium."""

import numpy as np
import pytest

from cnnlab import functional as F
from cnnlab.widgets.shared import assets
from tests.browser.mounting import IMPORT

pytestmark = pytest.mark.needs("browser")

SHIFTED = assets.bundle("page/twin/shifting")
SHIFT = f"""async ([module, cases]) => {{
  const twin = {IMPORT};
  return cases.map(({{ image, kind, how, shift }}) => {{
    const picture = {{ ...image, values: Float32Array.from(image.values) }};
    const moved = twin.rolled(picture, shift);
    const pooling = new twin.ShiftedPooling(picture, kind, how);
    if (!pooling.fits) return null;
    const [before, after] = [pooling.at({{ down: 0, right: 0 }}), pooling.at(shift)];
    const {{ counts, changed, change }} = twin.compared(before, after, 1e-5);
    const plain = (grid) => ({{ ...grid, values: Array.from(grid.values) }});
    const whole = twin.globalPool(moved, kind).values[0];
    return {{ moved: plain(moved), before: plain(before), after: plain(after),
      change: plain(change), counts, changed, whole }};
  }});
}}"""


def from_grid(grid):
    return np.array(grid["values"], np.float32).reshape(grid["height"], grid["width"])


def test_the_browser_pools_shifted_pictures_as_functional_does_on_200_random_cases(blank):
    rng = np.random.default_rng(24)
    cases, pictures = [], []
    for _ in range(200):
        picture = rng.integers(-4, 5, rng.integers(1, 25, 2)).astype(np.float32)
        window, stride = rng.integers(1, 9, 2).tolist()
        down, right = rng.integers(-60, 61, 2).tolist()
        pictures.append(picture)
        cases.append({
            "image": {"height": picture.shape[0], "width": picture.shape[1],
                      "values": picture.ravel().tolist()},
            "kind": str(rng.choice(["max", "average"])),
            "how": {"window": window, "stride": stride},
            "shift": {"down": down, "right": right},
        })  # fmt: skip
    pools = {"max": F.max_pool2d, "average": F.avg_pool2d}
    fitting = 0
    for case, picture, twin in zip(
        cases, pictures, blank.evaluate(SHIFT, [SHIFTED, cases]), strict=True
    ):
        pool = pools[case["kind"]]
        moved = np.roll(picture, (case["shift"]["down"], case["shift"]["right"]), (0, 1))
        if min(picture.shape) < case["how"]["window"]:
            assert twin is None
            continue
        fitting += 1
        before, after = (
            pool(one[None, ..., None], **case["how"])[0, ..., 0] for one in (picture, moved)
        )
        assert (from_grid(twin["moved"]) == moved).all()
        for name, array in {"before": before, "after": after, "change": after - before}.items():
            np.testing.assert_allclose(
                from_grid(twin[name]), array, rtol=1e-6, atol=2e-6, err_msg=f"{name} of {case}"
            )
        apart = np.abs(after - before)
        assert twin["counts"]["changed"] == (apart > 1e-5).sum()
        assert twin["changed"] == np.flatnonzero(apart > 1e-5).tolist()
        assert abs(twin["counts"]["by"] - apart.mean(dtype=float)) < 1e-6
        whole = moved.max() if case["kind"] == "max" else moved.mean(dtype=float)
        assert abs(twin["whole"] - whole) < 1e-6
    assert fitting > 100
