"""FilterMerge from Python: maps by SciPy, settings, code. No browser here."""

import base64
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cnnlab import display, filters, images
from cnnlab import functional as F
from cnnlab.errors import DataError, ShapeError
from cnnlab.widgets import FilterMerge

signal = pytest.importorskip("scipy.signal", reason="SciPy is the referee here")

RNG = np.random.default_rng(30)
PICTURE = RNG.random((17, 23)).astype(np.float32)
FIRST = RNG.normal(size=(3, 2)).astype(np.float32)
SECOND = RNG.normal(size=(2, 5)).astype(np.float32)
MINUS_PLUS = [[-1, 0, 1]]


def slid(image, weights):
    return signal.correlate2d(image.astype(float), np.asarray(weights, float), "valid")


# -- Numbers known from elsewhere -----------------------------------------------------------------


def test_both_ways_are_those_of_scipy():
    lab = FilterMerge(PICTURE, FIRST, SECOND)
    np.testing.assert_allclose(lab.middle, slid(PICTURE, FIRST), atol=1e-5)
    two = slid(slid(PICTURE, FIRST), SECOND)
    np.testing.assert_allclose(lab.output, two, atol=1e-5)
    np.testing.assert_allclose(lab.merged, signal.convolve2d(FIRST, SECOND), atol=1e-6)
    np.testing.assert_allclose(lab.merged_output, two, atol=1e-5)
    lab.between = "relu"
    bent = slid(np.maximum(slid(PICTURE, FIRST), 0), SECOND)
    np.testing.assert_allclose(lab.output, bent, atol=1e-5)
    np.testing.assert_allclose(lab.merged_output, two, atol=1e-5)
    np.testing.assert_allclose(lab.difference, bent - two, atol=2e-5)


def test_the_row_of_the_notes_is_one_filter_of_five_weights():
    lab = FilterMerge([[0, 0, 1, 0, 0, 4]], [[1, 2, 1]], [[1, 0, -1]])
    assert lab.merged.tolist() == [[1, 2, 0, -2, -1]]
    assert lab.output.tolist() == lab.merged_output.tolist() == [[0, 2 - 4]]
    assert not lab.difference.any()


def test_a_relu_between_loses_what_is_below_zero():
    lab = FilterMerge([[3, 1, 1, 5]], [[-1, 1]], [[1, 1]], between="relu")
    assert lab.middle.tolist() == [[0, 0, 4]]  # from -2, 0, 4
    assert lab.output.tolist() == [[0, 4]]
    assert lab.merged_output.tolist() == [[-2, 4]]
    assert lab.difference.tolist() == [[2, 0]]
    assert lab.differing == 0.5


@pytest.mark.parametrize("pair", [("sobel_x", "gaussian_3"), ("laplacian_8", "unsharp")])
def test_without_a_relu_a_photograph_differs_by_rounding_only_and_with_it_by_more(pair):
    lab = FilterMerge("camera", *pair)
    assert lab.differing == 0
    assert np.abs(lab.difference).max() <= lab.rounding < 1e-3
    lab.between = "relu"
    assert lab.differing > 0.5
    assert np.abs(lab.difference).max() > 1


def test_rounding_stays_below_its_bound_whatever_the_numbers():
    rng = np.random.default_rng(31)
    for _ in range(60):
        sizes = rng.integers(1, 6, (2, 2))
        pair = [rng.normal(size=size) * 10 ** rng.uniform(-3, 3) for size in sizes]
        lab = FilterMerge(rng.normal(size=(30, 20)), *pair)
        assert np.abs(lab.difference).max() <= lab.rounding
        assert lab.differing == 0


def test_a_relu_that_meets_nothing_below_zero_changes_nothing():
    lab = FilterMerge("camera", "gaussian_3", "sobel_x", between="relu")
    assert lab.differing == 0


# -- Settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("first", "blur", r"there is no filter 'blur'; try one of identity"),
        ("second", np.ones((6, 2)), r"filters of 1x1 to 5x5, got 6x2; for larger ones use"),
        ("first", "gabor_45", r"filters of 1x1 to 5x5, got 7x7"),
        ("second", [[np.nan]], r"must be finite, .* try np\.nan_to_num"),
        ("first", np.ones((2, 2, 3)), r"rows and columns only, .*shape \(2, 2, 3\), try weights\["),
        ("between", "sigmoid", r"between is one of none, relu; got 'sigmoid'"),
        ("merging", "yes", r"merging is True or False"),
        ("colour", True, r"FilterMerge sees every picture as grey; .* try FilterLab"),
    ],
)
def test_what_makes_no_sense_is_refused(setting, value, message):
    with pytest.raises(ValueError, match=message):
        FilterMerge("astronaut", **{setting: value})


def test_filters_that_do_not_fit_are_said_in_words():
    lab = FilterMerge([[1, 2, 3, 4]], [[1, 1, 1]], [[1, 1, 1]])
    for name in ("middle", "output", "difference", "differing"):
        with pytest.raises(ShapeError, match="1x5 pair of filters does not fit in a 1x4 image"):
            getattr(lab, name)
    assert repr(lab).endswith("which do not fit)")
    assert "image/jpeg" not in (lab._repr_mimebundle_() or [{}])[0]


def test_a_colour_picture_is_seen_as_grey():
    lab = FilterMerge("astronaut")
    assert lab.image.shape == (512, 512)
    lab.image = "coffee"
    assert lab.image.ndim == 2
    assert not lab.colour


def test_results_are_read_only_and_follow_every_setting():
    lab = FilterMerge([[1, 2, 4, 8]], MINUS_PLUS, [[1]])
    assert lab.output.tolist() == [[3, 6]]
    for name in ("merged", "middle", "output", "merged_output", "difference"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(lab, name)[0, 0] = 1
    lab.second = [[2]]
    assert lab.output.tolist() == lab.merged_output.tolist() == [[6, 12]]
    lab.image = [[9, 2, 4]]
    assert lab.output.tolist() == [[-10]]
    lab.between = "relu"
    assert lab.output.tolist() == [[0]]


def test_a_situation_is_handed_on():
    lab = FilterMerge("coffee", FIRST, SECOND, between="relu", merging=True, palette="night")
    again = FilterMerge.from_state(json.dumps(lab.state(), allow_nan=False))
    assert again.state() == lab.state()
    np.testing.assert_array_equal(again.output, lab.output)


# -- What the page is told ------------------------------------------------------------------------


def parts(answer, steps):
    """The steps of each map, by name."""
    found, start = {}, 0
    for name, about in answer["maps"].items():
        size = about["height"] * about["width"]
        found[name] = steps[start : start + size]
        start += size
    assert start == len(steps)
    return found


def test_a_frame_holds_the_maps_that_are_shown_and_what_sets_them_apart(page):
    lab = FilterMerge(PICTURE, FIRST, SECOND)
    answer, (steps,) = page(lab, "frame")
    assert list(answer["maps"]) == ["middle", "two"]
    assert "largest" not in answer
    lab.between = "relu"
    answer, (steps,) = page(lab, "frame")
    painted = parts(answer, steps)
    limit = max(display.limit_of(lab.output), display.limit_of(lab.merged_output))
    shown = {"two": lab.output, "one": lab.merged_output, "difference": lab.difference}
    for name, values in shown.items():
        assert painted[name] == display.levels(values, limit=limit).tobytes()
        assert answer["maps"][name]["limit"] == limit
    assert painted["middle"] == display.levels(lab.middle).tobytes()
    assert answer["largest"] == np.abs(lab.difference).max()
    assert (answer["differing"], answer["rounding"]) == (lab.differing, lab.rounding)
    assert answer["zeroed"] == pytest.approx((slid(PICTURE, FIRST) < 0).mean())


def test_a_difference_keeps_its_sign_in_a_palette_that_has_none(page):
    lab = FilterMerge(PICTURE, FIRST, SECOND, merging=True, palette="grey", limit=2.5)
    answer, (steps,) = page(lab, "frame")
    painted = parts(answer, steps)
    assert painted["difference"] == display.levels(lab.difference, limit=2.5).tobytes()
    assert painted["two"] == display.levels(lab.output, "grey", 2.5).tobytes()


def test_filters_that_do_not_fit_are_answered_in_words(page):
    answer, _ = page(FilterMerge([[1, 2]], MINUS_PLUS), "frame")
    assert "does not fit" in answer["error"]


def test_a_picture_with_infinite_pixels_is_answered_as_json(page):
    picture = PICTURE.copy()
    picture[5, 5], picture[0, 0] = np.inf, np.nan
    answer, _ = page(FilterMerge(picture, FIRST, SECOND, merging=True), "frame")
    assert answer["differing"] == 0


# -- In words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lab",
    [
        FilterMerge("camera"),
        FilterMerge("astronaut", FIRST, "sobel_y", between="relu"),
        FilterMerge(PICTURE, [[0.1, -0.3]], SECOND, merging=True, palette="night", limit=7.5),
    ],
    ids=["grey", "colour", "small"],
)
def test_the_code_makes_these_very_maps(lab):
    found = {"lab": lab}
    exec(lab.code(), found)  # noqa: S102 - that it runs is the claim
    for name in ("middle", "output", "merged", "merged_output", "difference"):
        np.testing.assert_array_equal(found[name], getattr(lab, name))


@pytest.mark.parametrize("between", ["none", "relu"])
def test_where_no_widget_runs_there_are_a_picture_and_text_without_a_compiler(between, monkeypatch):
    lab = FilterMerge("camera", between=between)
    output = lab.output
    monkeypatch.setattr(F, "conv2d", None)
    data, metadata = lab._repr_mimebundle_()
    pair = {
        "none": "3x3 and 3x3 filters as one of 5x5",
        "relu": "3x3 filter, ReLU, 3x3 filter",
    }[between]
    assert data["text/plain"] == f"FilterMerge('camera', {pair}, 508x508 feature map)"
    assert metadata["image/jpeg"]["alt"] == data["text/plain"]
    still = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))))
    assert still.shape[0] == 320
    two = Image.fromarray(display.paint(output)).resize((320, 320), Image.Resampling.BOX)
    left = 320 + 16 + 2 * (3 * 44 + 16)
    apart = np.abs(lab._still()[:, left : left + 320].astype(int) - np.asarray(two))
    assert apart.max() <= 9  # at most one step of colour


def test_a_cell_shows_its_widget_before_numba_is_loaded():
    code = (
        "import sys; from cnnlab import widgets\n"
        "widgets.FilterMerge(between='relu')._repr_mimebundle_()\n"
        "print(sys.modules.keys() & {'numba', 'scipy', 'matplotlib'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_every_example_of_the_page_is_a_pair_that_can_be_set():
    lab = FilterMerge(images.sample("camera")[:40, :30])
    for _, first, second in lab._facts["pairs"]:
        lab.first, lab.second = first, second
        assert lab.differing == 0
    assert filters.CATALOGUE["sobel_x"].weights.tolist() in [
        filters.merge(first, second).tolist() for _, first, second in lab._facts["pairs"]
    ]


def test_what_is_no_state_is_refused():
    with pytest.raises(DataError, match="pass what FilterMerge"):
        FilterMerge.from_state("{")
