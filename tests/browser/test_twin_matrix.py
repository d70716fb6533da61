"""The browser's twin of a layer as a matrix, in Chromium."""

import numpy as np
import pytest

from cnnlab import filters
from cnnlab.errors import ShapeError
from cnnlab.widgets import SharedWeights
from cnnlab.widgets.shared import assets
from tests.browser.mounting import IMPORT

pytestmark = pytest.mark.needs("browser")

MATRIX = assets.bundle("page/twin/matrix")
KINDS = ("convolution", "local", "dense")

LAYERS = f"""async ([module, cases]) => {{
  const {{ matrixOf, times, learned, joins, countsOf, movedAlong, costsOf }} = {IMPORT};
  return cases.map((settings) => {{
    const {{ image, filter, stride, padding, down, right, kind, picture }} = settings;
    const costs = costsOf(filter, settings);
    const matrix = matrixOf(filter, image.length, image[0].length, stride, padding);
    if (!matrix) return {{ matrix, costs }};
    const pixels = image.flat();
    const values = kind === "convolution" ? matrix.values : learned(kind, matrix, pixels);
    const before = times(matrix, matrix.values, pixels);
    const after = times(matrix, values, picture.flat());
    return {{
      matrix: Array.from(values),
      joined: Array.from(values, (_, k) => joins(kind, matrix, k)),
      taps: Array.from(matrix.taps),
      size: [matrix.height, matrix.width],
      output: Array.from(after),
      counts: countsOf(kind, matrix, filter.flat().length),
      moved: movedAlong(matrix, before, after, {{ down, right }}, stride),
      costs,
    }};
  }});
}}"""


def random_widget(rng):
    """A layer of any kind, with whole, fractional and negative numbers, zeros among them."""
    grid = rng.integers(-6, 7, rng.integers(2, 9, 2)) / rng.choice([1, 2, 4])
    weights = rng.integers(-4, 5, rng.integers(1, 4, 2)) / rng.choice([1, 2])
    return SharedWeights(
        grid, weights,
        stride=int(rng.integers(1, 4)), padding=int(rng.integers(0, 3)),
        layer=str(rng.choice(KINDS)), down=int(rng.integers(-2, 3)), right=int(rng.integers(-2, 3)),
        side=int(rng.integers(3, 60)), channels=int(rng.integers(1, 5)),
    )  # fmt: skip


def test_the_browser_makes_the_layers_of_python_on_300_random_cases(blank):
    rng = np.random.default_rng(41)
    made = [random_widget(rng) for _ in range(300)]
    cases = [
        {**one.state()["settings"], "kind": one.layer, "picture": one.picture.tolist()}
        for one in made
    ]
    moving = fitting = 0
    for one, found in zip(made, blank.evaluate(LAYERS, [MATRIX, cases]), strict=True):
        costs = one.costs
        for kind in KINDS:
            told = {name: getattr(costs[kind], name) for name in ("neuron", "weights", "biases")}
            assert found["costs"][kind] == told, one.state()
        if found["matrix"] is None:
            with pytest.raises(ShapeError, match="does not fit"):
                _ = one.matrix
            continue
        fitting += 1
        assert tuple(found["size"]) == one.output.shape
        shape = one.matrix.shape
        np.testing.assert_allclose(
            np.reshape(found["matrix"], shape), one.matrix, rtol=1e-6, atol=1e-7
        )
        assert np.array_equal(np.reshape(found["joined"], shape), one._connected(one.layer))
        np.testing.assert_allclose(found["output"], one.output.ravel(), atol=2e-4)
        counts, moved = one.counts[one.layer], one.moved[one.layer]
        assert found["counts"] == {
            "connections": counts.connections, "weights": counts.weights, "zeros": counts.zeros,
        }  # fmt: skip
        assert found["moved"] == {"along": moved.along, "places": moved.places}, one.state()
        moving += moved.along > 0
    assert fitting > 250
    assert moving > 30


def test_an_entry_knows_its_weight(blank):
    numbered = np.arange(6).reshape(2, 3)
    one = SharedWeights(np.zeros((4, 5)), numbered, padding=1, stride=2)
    case = {**one.state()["settings"], "kind": "convolution", "picture": one.picture.tolist()}
    (found,) = blank.evaluate(LAYERS, [MATRIX, [case]])
    expected = filters.matrix(numbered + 1, 4, 5, 2, 1) - 1  # -1 where none
    assert (np.reshape(found["taps"], expected.shape) == expected).all()
