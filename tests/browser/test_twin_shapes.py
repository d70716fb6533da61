"""The browser's twin of sizes, of layers and of what they see, in Chromium."""

import numpy as np
import pytest

from cnnlab import Sequential, shapes, zoo
from cnnlab import functional as F
from cnnlab.errors import ShapeError
from cnnlab.layers import (
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    Maxout,
    MaxPool2D,
    ReLU,
)
from cnnlab.widgets import NetworkBuilder, ShapeCalculator
from cnnlab.widgets.shared import assets
from tests.browser.mounting import IMPORT

pytestmark = pytest.mark.needs("browser")

SHAPES = assets.bundle("page/twin/shapes")
LAYERS = assets.bundle("page/twin/layers")
STACKS = assets.bundle("page/twin/sequential")

ALONG = f"""async ([module, cases]) => {{
  const {{ laidAlong, untouched, sumsOf }} = {IMPORT};
  return cases.map(({{ values, pad, ...along }}) => {{
    const laid = laidAlong(along);
    return [laid, untouched(laid), sumsOf(laid, values, pad)];
  }});
}}"""


def test_the_browser_lays_a_window_along_a_side_as_shapes_does_on_500_random_cases(blank):
    rng = np.random.default_rng(23)
    cases = []
    for _ in range(500):
        size, window, stride, dilation = (int(rng.integers(1, most)) for most in (30, 8, 6, 5))
        padding = [int(rng.integers(0, 7)), "same", "valid"][int(rng.choice(3, p=[0.6, 0.3, 0.1]))]
        case = {"size": size, "window": window, "stride": stride, "padding": padding}
        values = rng.integers(-9, 10, size).tolist()
        cases.append({**case, "dilation": dilation, "values": values, "pad": 0.5})
    fitting = 0
    for case, (laid, untouched, sums) in zip(
        cases, blank.evaluate(ALONG, [SHAPES, cases]), strict=True
    ):
        along = [case[name] for name in ("size", "window", "stride", "padding", "dilation")]
        if laid["error"]:
            with pytest.raises(ShapeError) as refused:
                shapes.output_size(*along)
            assert (laid["outputs"], laid["error"]) == (0, str(refused.value)), case
            continue
        outputs = shapes.output_size(*along)
        fitting += 1
        assert (laid["outputs"], laid["error"]) == (outputs, ""), case
        assert laid["dropped"] == shapes.dropped(*along), case
        assert untouched == shapes.untouched(*along), case
        padding = case["padding"]
        if padding == "same":
            zeros = shapes.same_padding(*(along[k] for k in (0, 1, 2, 4)))
        else:
            zeros = (0, 0) if padding == "valid" else (padding, padding)
        assert (laid["before"], laid["after"]) == zeros
        padded = np.pad(np.array(case["values"], np.float32), zeros, constant_values=0.5)
        ones = np.ones((1, case["window"], 1, 1), np.float32)
        how = {"stride": (1, case["stride"]), "dilation": (1, case["dilation"])}
        found = F.conv2d(padded[None, None, :, None], ones, **how)[0, 0, :, 0]
        np.testing.assert_allclose(sums, found, atol=1e-5)
    assert fitting > 300


CHAINS = f"""async ([module, cases]) => {{
  const {{ chainOf }} = {IMPORT};
  return cases.map(([shape, layers]) => chainOf(shape, layers)
    .map(({{ shape, field, error }}) => error ? {{ error }} : {{ shape, field }}));
}}"""


def random_layer(rng):
    """A layer of any kind that changes a shape, most of them with a window."""
    both = lambda most: tuple(rng.integers(1, most, 2).tolist())  # noqa: E731 - a word
    kind = rng.choice(["conv", "max", "average", "other"], p=[0.5, 0.2, 0.15, 0.15])
    padding = ["same", "valid", 1, (2, 0)][int(rng.integers(4))]
    if kind == "conv":
        return Conv2D(int(rng.integers(1, 9)), both(6), both(4), padding, both(3))
    if kind == "other":
        others = Flatten(), Dense(7), ReLU(), Dropout(0.1), Maxout(2), GlobalAvgPool2D()
        return others[int(rng.integers(len(others)))]
    stride = None if rng.random() < 0.5 else both(4)
    return (MaxPool2D if kind == "max" else AvgPool2D)(both(5), stride, padding)


def test_the_browser_lays_layers_out_as_their_output_shape_says_on_300_random_chains(blank):
    rng = np.random.default_rng(24)
    chains = [
        ShapeCalculator(
            tuple(rng.integers(1, 60, 2).tolist()),
            layers=[random_layer(rng) for _ in range(int(rng.integers(1, 6)))],
            channels=int(rng.integers(1, 5)),
        )
        for _ in range(300)
    ]
    chains += [
        ShapeCalculator(net.input_shape[:2], layers=net.layers, channels=net.input_shape[2])
        for net in (zoo.build(name) for name in zoo.NETWORKS)
    ]
    cases = [
        [[*chain.size, chain.channels], chain.state()["settings"]["layers"]] for chain in chains
    ]
    found = blank.evaluate(CHAINS, [LAYERS, cases])
    errors = set()
    for chain, entries in zip(chains, found, strict=True):
        assert entries == chain.answer_frame(None)[0]["chain"]
        errors |= {entry["error"].split()[0] for entry in entries if "error" in entry}
        if all("shape" in entry for entry in entries):
            rows = Sequential(chain.layers, (*chain.size, chain.channels))
            assert [tuple(entry["shape"]) for entry in entries] == [r.output_shape for r in rows]
            assert [tuple(entry["field"]) for entry in entries] == [r.receptive_field for r in rows]
    assert len(errors) >= 5  # every way not to fit has been met


STACK = f"""async ([module, cases]) => {{
  const {{ stackOf }} = {IMPORT};
  return cases.map(([shape, layers]) => {{
    const {{ rows, error }} = stackOf(shape, layers);
    return {{ rows: rows.map(({{ sides: _, ...row }}) => row), unfit: error }};
  }});
}}"""


def test_the_browser_counts_a_stack_as_python_does_of_the_zoo_and_of_300_random_ones(blank):
    rng = np.random.default_rng(26)
    builders = [NetworkBuilder(name) for name in zoo.NETWORKS]
    for _ in range(300):
        layers = [random_layer(rng) for _ in range(int(rng.integers(1, 6)))]
        layers.insert(int(rng.integers(len(layers) + 1)), BatchNorm())
        layers += [Flatten(), Dense(int(rng.integers(1, 9)), bias=bool(rng.integers(2)))]
        shape = tuple(rng.integers(1, 60, 3 if rng.random() < 0.9 else 1).tolist())
        builders.append(NetworkBuilder(layers=layers, input_shape=shape))
    states = [builder.state()["settings"] for builder in builders]
    cases = [[state["input_shape"], state["layers"]] for state in states]
    unfit = 0
    for builder, found in zip(builders, blank.evaluate(STACK, [STACKS, cases]), strict=True):
        assert found == builder.answer_frame(None)[0]
        unfit += found["unfit"] != ""
    assert 50 < unfit < 250


def test_the_browser_writes_the_pattern_as_python_does(blank):
    code = f"""async ([module, [cases, like]]) => {{
      const {{ patternOf }} = {IMPORT};
      return cases.map((one) => patternOf(one, like));
    }}"""
    builders = [
        NetworkBuilder(N=n, M=m, K=k, pool=pool, filters=8 * n + m, units=9 + k, classes=n + 2)
        for n in (1, 3) for m in (1, 2, 4) for k in (0, 2) for pool in (True, False)
    ]  # fmt: skip
    facts = builders[0]._page_facts()["settings"]["layers"]["kinds"]
    like = {kind["entry"]["layer"]: kind["entry"] for kind in facts}
    cases = [builder.state()["settings"] for builder in builders]
    found = blank.evaluate(code, [STACKS, [cases, like]])
    for builder, layers in zip(builders, found, strict=True):
        assert list(NetworkBuilder(layers=layers).layers) == list(builder.network.layers)
        again = NetworkBuilder(layers=builder.network.layers)
        assert layers == again.state()["settings"]["layers"]  # as the presets are compared


def test_what_one_number_sees_is_where_its_gradient_goes(blank):
    code = f"""async ([module, cases]) => {{
      const {{ laidAlong, under }} = {IMPORT};
      return cases.map(({{ size, windows, place }}) => {{
        const laid = [];
        for (const how of windows) {{
          laid.push(laidAlong({{ size: laid.at(-1)?.outputs ?? size, ...how }}));
        }}
        return laid.reverse().reduce((seen, one) => under(one, seen), [place, place]);
      }});
    }}"""
    rng = np.random.default_rng(25)
    cases, expected = [], []
    while len(cases) < 60:
        size, windows = int(rng.integers(12, 40)), []
        x = np.ones((1, 1, size, 1), np.float32)
        inputs = [x]
        for _ in range(int(rng.integers(1, 4))):
            window, stride, dilation, padding = rng.integers(1, (5, 4, 3, 3)).tolist()
            ones = np.ones((1, window, 1, 1), np.float32)
            how = {"stride": (1, stride), "padding": (0, padding), "dilation": (1, dilation)}
            try:
                x = F.conv2d(x, ones, **how)
            except ShapeError:
                break
            inputs.append(x)
            windows.append((ones, how))
        if not windows:
            continue
        place = int(rng.integers(inputs[-1].shape[2]))
        gradient = np.zeros_like(inputs[-1])
        gradient[0, 0, place, 0] = 1
        for before, (ones, how) in zip(inputs[-2::-1], windows[::-1], strict=True):
            gradient = F.conv2d_backward(gradient, before, ones, **how)[0]
        seen = np.flatnonzero(gradient)
        cases.append({
            "size": size, "place": place,
            "windows": [
                {"window": ones.shape[1], "stride": how["stride"][1], "padding": how["padding"][1],
                 "dilation": how["dilation"][1]}
                for ones, how in windows
            ],
        })  # fmt: skip
        expected.append(seen)
    for case, (first, last), seen in zip(
        cases, blank.evaluate(code, [SHAPES, cases]), expected, strict=True
    ):
        if len(seen):
            assert first <= seen[0] <= seen[-1] <= last, case
            dense = all(one["dilation"] == 1 for one in case["windows"])
            wide = all(one["stride"] <= one["window"] for one in case["windows"])
            if dense and wide and first >= 0 and last < case["size"]:
                assert (first, last) == (seen[0], seen[-1]), case


def test_a_pooling_that_rounds_up_has_the_place_that_pytorch_has(blank):
    torch = pytest.importorskip("torch")
    code = f"""async ([module, cases]) => {{
      const {{ laidAlong, roundedUp }} = {IMPORT};
      return cases.map((along) => {{
        const laid = laidAlong({{ ...along, dilation: 1 }});
        return laid.error ? null : laid.outputs + (roundedUp(laid) === null ? 0 : 1);
      }});
    }}"""
    cases = [
        {"size": size, "window": window, "stride": stride, "padding": padding}
        for size in range(1, 12)
        for window in range(1, 6)
        for stride in range(1, 6)
        for padding in range(window // 2 + 1)
    ]
    for case, found in zip(cases, blank.evaluate(code, [SHAPES, cases]), strict=True):
        if found is not None:
            how = (case["window"], case["stride"], case["padding"])
            row = torch.zeros(1, 1, case["size"])
            pooled = torch.nn.functional.max_pool1d(row, *how, ceil_mode=True)
            assert found == pooled.shape[2], case
