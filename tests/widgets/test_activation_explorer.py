"""ActivationExplorer from Python: values and slopes by PyTorch and SciPy, settings, code."""

import base64
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import correlate
from scipy.special import expit
from scipy.special import softmax as scipy_softmax

from cnnlab import display, filters, images
from cnnlab.errors import DataError, ShapeError
from cnnlab.widgets import ActivationExplorer
from cnnlab.widgets.shared import histogram

SIX = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "maxout")
LINES = [[-0.75, 0.5], [0.25, -1], [2, -3]]
LOPSIDED = np.random.default_rng(50).normal(size=(7, 11)).astype(np.float32)


def by_pytorch(function, x):
    """Value and slope of a function with slope 0.3, alpha 1.5 and LINES, by autograd."""
    torch = pytest.importorskip("torch")
    inputs = torch.tensor(x, requires_grad=True)
    lines = torch.tensor(LINES)
    value = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "leaky_relu": lambda one: torch.nn.functional.leaky_relu(one, 0.3),
        "elu": lambda one: torch.nn.functional.elu(one, 1.5),
        "maxout": lambda one: (one[..., None] * lines[:, 0] + lines[:, 1]).amax(-1),
    }[function](inputs)
    value.sum().backward()
    return value.detach().numpy(), inputs.grad.numpy()


# -- Values and slopes ----------------------------------------------------------------------------


@pytest.mark.parametrize("function", SIX)
def test_values_and_slopes_are_those_of_pytorch(function):
    x = np.random.default_rng(51).normal(0, 3, (40, 7)).astype(np.float32)
    explorer = ActivationExplorer(function, slope=0.3, alpha=1.5, lines=LINES)
    for found, expected in zip(explorer.curve(x), by_pytorch(function, x), strict=True):
        assert found.shape == (40, 7)
        np.testing.assert_allclose(found, expected, rtol=3e-6, atol=1e-6)


def test_sigmoid_is_scipys_and_its_slope_is_a_quarter_at_most():
    x = np.linspace(-30, 30, 601)
    values, slopes = ActivationExplorer("sigmoid").curve(x)
    np.testing.assert_allclose(values, expit(x.astype(np.float32)), rtol=1e-6)
    assert slopes.max() == 0.25
    assert x[slopes.argmax()] == pytest.approx(0)


@pytest.mark.parametrize("function", SIX)
def test_slopes_are_difference_quotients(function):
    x = np.array([-3.3, -0.6, 0.4, 2.7])
    explorer = ActivationExplorer(function, slope=0.3, alpha=1.5, lines=LINES)
    ahead, behind = (explorer.curve(x + by)[0].astype(np.float64) for by in (0.01, -0.01))
    np.testing.assert_allclose((ahead - behind) / 0.02, explorer.curve(x)[1], rtol=2e-3, atol=1e-3)


def test_relu_is_no_straight_line():
    (left, right, middle), _ = ActivationExplorer("relu").curve([-1, 1, 0])
    assert (left + right, middle) == (1, 0)


def test_the_gate_looks_at_the_input_and_not_at_the_gradient():
    slopes = ActivationExplorer("relu").curve([-1, 0, 2])[1]
    assert (slopes * [5, -7, 3]).tolist() == [0, 0, 3]


def test_maxout_can_be_x_or_its_size_and_is_no_maximum_of_inputs():
    x = np.linspace(-4, 4, 33, dtype=np.float32)
    explorer = ActivationExplorer("maxout", lines=[[1, 0], [1, 0]])
    np.testing.assert_array_equal(explorer.curve(x)[0], x)
    explorer.lines = [[-1, 0], [1, 0]]
    np.testing.assert_array_equal(explorer.curve(x)[0], abs(x))
    assert explorer.curve([2])[0] == 2
    explorer.lines = [[1, 1]]  # one line is a line
    np.testing.assert_array_equal(explorer.curve(x), [x + 1, np.ones_like(x)])


def test_two_of_the_six_squash_and_the_source_notes_are_wrong_about_the_rest():
    ranges = ActivationExplorer("relu").ranges
    assert tuple(ranges) == SIX
    same = [name for name, (near, far) in ranges.items() if near == far]
    assert same == ["sigmoid", "tanh"]
    assert ranges["sigmoid"][1] == (0, 1)
    assert ranges["tanh"][1] == (-1, 1)
    assert ranges["leaky_relu"] == ((-10, 100), (-1000, 10_000))
    assert ranges["elu"][1] == (-1, 10_000)
    assert ActivationExplorer("relu", alpha=3).ranges["elu"][0] == (-3, 100)


# -- On a map -------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", SIX)
def test_the_map_is_the_filters_map_with_the_function_on_every_pixel(function):
    weights = [[1, -2, 0.5], [0, 3, -1]]
    explorer = ActivationExplorer(
        function, LOPSIDED, filter=weights, bias=-0.25, slope=0.3, alpha=1.5, lines=LINES
    )
    before = correlate(LOPSIDED, np.float32(weights))[1:, 1:-1] - np.float32(0.25)
    assert explorer.before.shape == (6, 9)
    np.testing.assert_allclose(explorer.before, before, rtol=1e-5, atol=1e-5)
    values, slopes = by_pytorch(function, explorer.before)
    np.testing.assert_allclose(explorer.output, values, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(explorer.slopes, slopes, rtol=1e-5, atol=1e-5)
    assert explorer.dead_share == pytest.approx((slopes == 0).mean())


def test_zero_for_most_inputs_is_not_dead_and_zero_for_all_is():
    explorer = ActivationExplorer("relu", [[-1, 0, 2]], filter=[[1]], bias=-1)
    assert explorer.output.tolist() == [[0, 0, 1]]
    assert explorer.dead_share == pytest.approx(2 / 3)
    explorer.bias = -3
    assert explorer.dead_share == explorer.zero_share == 1
    explorer.function = "leaky_relu"
    assert explorer.dead_share == 0


def test_a_bias_below_the_largest_sum_kills_the_unit_on_every_pixel_of_a_photograph():
    explorer = ActivationExplorer("relu")
    most = float(explorer.before.max())
    explorer.bias = -most + 0.01
    assert 0.99 < explorer.dead_share < 1
    explorer.bias = -most - 0.01
    assert explorer.dead_share == 1


def test_saturated_is_not_dead_but_nothing_is_left_beyond_what_float32_can_tell():
    explorer = ActivationExplorer("sigmoid", [[-5, 0, 5]], filter=[[1]])
    assert explorer.dead_share == 0
    explorer.bias = 30
    assert explorer.dead_share == 1


def test_rounding_does_not_say_which_pixels_of_a_uniform_area_are_dead():
    """255 greys and whole weights: the sums are known exactly, and so is which of them are 0."""
    explorer = ActivationExplorer("relu")
    greys = np.rint(images.sample("camera") * 255).astype(np.int64)
    sums = correlate(greys, filters.CATALOGUE["sobel_x"].weights.astype(np.int64))[1:-1, 1:-1]
    assert explorer.dead_share == (sums <= 0).mean()
    assert ((explorer.before == 0) == (sums == 0)).all()


def test_a_picture_in_colour_gets_a_slice_for_each_channel():
    explorer = ActivationExplorer("tanh", "chelsea", filter="laplacian")
    assert explorer.filter.shape == (3, 3, 3)
    grey = ActivationExplorer("tanh", "chelsea", filter="laplacian", colour=False)
    assert grey.filter.shape == (3, 3)
    summed = images.sample("chelsea").sum(axis=2)
    laplacian = filters.CATALOGUE["laplacian"].weights
    expected = np.tanh(correlate(summed, laplacian)[1:-1, 1:-1])
    np.testing.assert_allclose(explorer.output, expected, atol=1e-5)


def test_counts_are_numpys_histogram():
    values = np.random.default_rng(52).normal(size=5000).astype(np.float32)
    low, high = histogram.common_range(values, np.float32([9, np.inf, np.nan]))
    assert (low, high) == (values.min(), 9)
    expected = np.histogram(values.astype(np.float64), 64, (low, high))[0]
    assert histogram.counts(np.append(values, np.float32(np.nan)), low, high) == expected.tolist()
    assert histogram.counts(np.float32([2, 2]), *histogram.common_range(np.float32([2])))[0] == 2
    assert histogram.common_range(np.float32([np.nan])) == (0, 1)


# -- Softmax --------------------------------------------------------------------------------------


def test_softmax_is_scipys():
    logits = np.random.default_rng(53).normal(0, 3, (3, 5)).astype(np.float32)
    explorer = ActivationExplorer("softmax", logits=logits)
    np.testing.assert_allclose(explorer.output, scipy_softmax(logits, axis=1), rtol=1e-6)
    np.testing.assert_allclose(explorer.output.sum(axis=1), 1, rtol=1e-6)


def test_one_score_is_certain_whatever_it_is():
    for score in (-5, 0, 3.2):
        assert ActivationExplorer("softmax", logits=[[score]]).output.tolist() == [[1]]


def test_over_the_batch_the_wrong_sums_are_1():
    explorer = ActivationExplorer("softmax", logits=[[2, 0], [0, 0]])
    np.testing.assert_allclose(explorer.output[0], [0.881, 0.119], atol=5e-4)
    explorer.axis = "batch"
    np.testing.assert_allclose(explorer.output[0], [0.881, 0.5], atol=5e-4)
    assert explorer.output[0].sum() == pytest.approx(1.381, abs=5e-4)


def test_a_second_softmax_has_a_floor_under_its_loss():
    explorer = ActivationExplorer("softmax", logits=[[4] + 9 * [0]])
    assert explorer.loss[0] == pytest.approx(0.153, abs=5e-4)
    explorer.twice = True
    assert explorer.loss[0] == pytest.approx(1.584, abs=5e-4)
    explorer.logits = [[90] + 9 * [-90]]
    assert explorer.loss[0] == pytest.approx(1.461, abs=5e-4)
    explorer.right = 9
    assert explorer.loss[0] > 2


def test_what_softmax_does_not_have_is_refused_in_words():
    explorer = ActivationExplorer("softmax")
    for ask in (lambda: explorer.curve([1]), lambda: explorer.slopes, lambda: explorer.dead_share):
        with pytest.raises(DataError, match=r"takes a few scores together.*set function to one of"):
            ask()
    with pytest.raises(DataError, match=r"loss is taken of probabilities, and elu gives none"):
        _ = ActivationExplorer("elu").loss


# -- Settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("function", "swish", r"function is one of sigmoid, tanh, .*; got 'swish'"),
        ("slope", -0.1, r"slope must be 0 or more, got -0.1; try slope = 0.1"),
        ("alpha", -1, r"alpha must be 0 or more, got -1"),
        ("alpha", np.nan, r"alpha must be a finite number, got nan"),
        ("bias", "much", r"bias must be a finite number, got 'much'"),
        ("lines", [[1, 2, 3]], r"lines are 1 to 4 pairs of a slope and a height"),
        ("lines", np.ones((5, 2)), r"lines are 1 to 4 pairs"),
        ("lines", "x", r"lines are 1 to 4 pairs.*try \[\[-1, 0\], \[1, 0\]\]"),
        ("lines", [[1, np.inf]], r"lines must be finite numbers"),
        ("logits", np.ones((4, 3)), r"3 rows of 10 columns at the most, got 4x3; .*\[:3, :10\]"),
        ("logits", [[]], r"logits must be rows of finite numbers"),
        ("right", 10, r"right can be 0 to 9 here, got 10"),
        ("view", "input", r"view is one of output, slopes"),
        ("filter", "sobel", r"there is no filter 'sobel'"),
    ],
)
def test_what_makes_no_sense_is_refused(setting, value, message):
    with pytest.raises(ValueError, match=message):
        ActivationExplorer(**{setting: value})


def test_an_unknown_option_is_named_with_the_nearest():
    with pytest.raises(TypeError, match="no option 'slopes'; did you mean 'slope'"):
        ActivationExplorer("relu", slopes=1)


def test_a_filter_that_does_not_fit_is_said_in_words(page):
    explorer = ActivationExplorer("relu", [[1, 2]], filter="sobel_x")
    with pytest.raises(ShapeError, match=r"3x3 .* does not fit in a 1x2 image"):
        _ = explorer.output
    assert repr(explorer).endswith("bias 0, which does not fit)")
    assert "image/jpeg" not in (explorer._repr_mimebundle_() or [{}])[0]
    assert "does not fit" in page(explorer, "frame")[0]["error"]


def test_a_situation_is_handed_on():
    explorer = ActivationExplorer("maxout", LOPSIDED, filter=[[1, -1]], lines=LINES, bias=0.1)
    explorer.x, explorer.upstream, explorer.view = -2.5, 3, "slopes"
    again = ActivationExplorer.from_state(json.dumps(explorer.state(), allow_nan=False))
    assert again.state() == explorer.state()
    assert (again.output == explorer.output).all()


def test_results_are_read_only_and_follow_every_setting():
    explorer = ActivationExplorer("relu", [[-2, 4]], filter=[[1]])
    for result in (explorer.before, explorer.output, explorer.slopes, explorer.lines):
        with pytest.raises(ValueError, match="read-only"):
            result[0, 0] = 1
    explorer.bias = 1
    assert explorer.output.tolist() == [[0, 5]]
    explorer.function, explorer.slope = "leaky_relu", 0.5
    assert explorer.output.tolist() == [[-0.5, 5]]
    explorer.filter = [[2]]
    assert explorer.output.tolist() == [[-1.5, 9]]
    explorer.image = [[1, -1]]
    assert explorer.output.tolist() == [[3, -0.5]]
    explorer.reset()
    assert explorer.output.tolist() == [[0, 4]]


# -- What the page is told ------------------------------------------------------------------------


def test_a_frame_holds_both_maps_their_counts_and_shares(page):
    explorer = ActivationExplorer("relu", [[-4, 0, 2, -1]], filter=[[1]])
    settings = explorer.state()["settings"]
    answer, (after, before) = page(explorer, "frame", settings=settings)
    assert (answer["numbers"], answer["before"]["numbers"]) == ([0, 0, 2, 0], [-4, 0, 2, -1])
    assert (answer["zero"], answer["dead"], answer["slopes"]) == (0.75, 0.75, [0, 1])
    assert answer["limit"] == answer["before"]["limit"] == 4  # equal numbers, equal colours
    assert after == display.levels(explorer.output, limit=4).tobytes()
    assert before == display.levels(explorer.before, limit=4).tobytes()
    told = answer["histogram"]
    assert (told["low"], told["high"], sum(told["before"]), sum(told["after"])) == (-4, 2, 4, 4)
    assert told["after"][42] == 3
    answer, (after, _) = page(explorer, "frame", settings={**settings, "view": "slopes"}, seq=2)
    assert answer["numbers"] == [0, 0, 1, 0]
    assert after == display.levels(explorer.slopes, limit=1).tobytes()


def test_a_frame_of_softmax_holds_the_probabilities(page):
    explorer = ActivationExplorer("softmax", logits=[[1, 1], [0, 0]])
    answer, (steps,) = page(explorer, "frame")
    assert answer["numbers"] == [0.5, 0.5, 0.5, 0.5]
    assert steps == display.levels(explorer.output, limit=1).tobytes()


@pytest.mark.parametrize("view", ["output", "slopes"])
@pytest.mark.parametrize("function", SIX)
def test_the_code_gives_the_same_numbers(function, view):
    explorer = ActivationExplorer(
        function, "camera", filter="emboss", bias=-0.3, view=view, slope=0.25, alpha=2, lines=LINES
    )
    made = {}
    exec(explorer.code(), made)  # noqa: S102 - running it is the test
    assert (made["before"] == explorer.before).all()
    assert (made["output"] == explorer.output).all()
    assert (made["slopes"] == explorer.slopes).all()
    assert made["dead_share"] == explorer.dead_share
    limit = max(display.limit_of(explorer.before), display.limit_of(explorer.output))
    shown = (explorer.output, "blue_red", limit) if view == "output" else (explorer.slopes,)
    assert (made["picture"] == display.paint(*shown)).all()


def test_the_code_of_a_picture_in_colour_runs():
    explorer = ActivationExplorer("relu", "chelsea")
    made = {}
    exec(explorer.code(), made)  # noqa: S102 - running it is the test
    assert (made["output"] == explorer.output).all()


@pytest.mark.parametrize("axis", ["classes", "batch"])
@pytest.mark.parametrize("twice", [False, True])
def test_the_code_of_softmax_gives_the_same_numbers(axis, twice):
    explorer = ActivationExplorer("softmax", logits=[[1, 2, 0.1], [0, -3, 1]], axis=axis)
    explorer.twice = twice
    made = {}
    exec(explorer.code(), made)  # noqa: S102 - running it is the test
    assert (made["probabilities"] == explorer.output).all()


@pytest.mark.parametrize("function", SIX)
def test_the_still_picture_shows_what_the_kernel_computes(function):
    explorer = ActivationExplorer(function, LOPSIDED, filter="sobel_y", bias=0.5, lines=LINES)
    before, after = explorer._previewed(explorer._window())
    np.testing.assert_allclose(before, explorer.before, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(after, explorer.output, rtol=1e-5, atol=1e-5)


def test_without_a_page_there_is_a_still_picture_and_text():
    explorer = ActivationExplorer("relu", bias=-0.5)
    words = "ActivationExplorer(relu, 'camera', 3x3 filter, bias -0.5, 510x510 feature map)"
    assert repr(explorer) == words
    data, metadata = explorer._repr_mimebundle_() or ({}, {})
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))))
    assert picture.shape == (320, 656, 3)
    assert metadata["image/jpeg"]["alt"] == words
    bars = ActivationExplorer("softmax")
    assert repr(bars) == "ActivationExplorer(softmax, 1x4 logits)"
    assert "image/jpeg" in (bars._repr_mimebundle_() or [{}])[0]


def test_a_cell_shows_its_widget_before_numba_is_loaded():
    code = (
        "import sys; from cnnlab import widgets\n"
        "for name in ('elu', 'maxout', 'softmax'):\n"
        "    widgets.ActivationExplorer(name)._repr_mimebundle_()\n"
        "print(sys.modules.keys() & {'numba', 'scipy', 'matplotlib'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
