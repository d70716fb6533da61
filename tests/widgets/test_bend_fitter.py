"""BendFitter from Python: sums by hand and by SciPy, settings, code. No browser here."""

import base64
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cnnlab import display
from cnnlab.widgets import BendFitter

linalg = pytest.importorskip("scipy.linalg", reason="SciPy is the referee here")

X = np.linspace(-1, 1, 101)


# -- Numbers known from elsewhere -----------------------------------------------------------------


def test_two_bends_at_zero_one_turned_round_are_the_absolute_value():
    fitter = BendFitter(curve="abs", positions=[0, 0], facing=[1, -1])
    np.testing.assert_allclose(fitter.weights, [1, 1], atol=1e-6)
    np.testing.assert_allclose(fitter.line, [0, 0], atol=1e-6)
    np.testing.assert_allclose(fitter.fit, np.maximum(X, 0) + np.maximum(-X, 0), atol=1e-6)
    assert fitter.gap < 1e-6


def test_one_bend_and_a_line_are_the_absolute_value_too():
    fitter = BendFitter(1, curve="abs")
    np.testing.assert_allclose([*fitter.line, *fitter.weights], [0, -1, 2], atol=1e-6)


def test_a_hat_is_three_bends():
    fitter = BendFitter(3, curve="hat")
    assert fitter.positions.tolist() == [-0.5, 0, 0.5]
    np.testing.assert_allclose(fitter.weights, [2, -4, 2], atol=1e-6)
    np.testing.assert_allclose(fitter.line, [0, 0], atol=1e-6)


def test_without_bends_every_sum_is_a_straight_line():
    fitter = BendFitter(0, curve="abs")
    np.testing.assert_allclose(np.diff(fitter.fit, 2), 0, atol=1e-12)
    assert fitter.gap > 0.4
    slope, offset = np.polyfit(X, np.float32(np.abs(X)), 1)
    np.testing.assert_allclose(fitter.line, [offset, slope], atol=1e-7)


def test_the_weights_are_scipys_least_squares_on_bends_written_out_by_hand():
    rng = np.random.default_rng(50)
    for bends in (0, 1, 2, 5, 17, 32):
        curve = np.float32(rng.uniform(-1, 1, 101))
        positions = np.float32(rng.uniform(-1, 1, bends))
        facing = rng.choice([-1, 1], bends)
        fitter = BendFitter(curve=curve, positions=positions, facing=facing)
        columns = [np.ones(101), X]
        for place, side in zip(positions.tolist(), facing, strict=True):
            columns.append(np.where(side * (X - place) > 0, side * (X - place), 0))
        solution, *_ = linalg.lstsq(np.column_stack(columns), curve.astype(float))
        fit = np.column_stack(columns) @ solution
        np.testing.assert_allclose(fitter.fit, fit, atol=1e-9)
        assert fitter.gap == pytest.approx(np.abs(curve - fit).max())


def test_more_bends_come_nearer_to_a_sine_and_never_to_a_step():
    sine, step = ([BendFitter(n, curve=c).gap for n in (1, 4, 8, 32)] for c in ("sine", "step"))
    assert sine == sorted(sine, reverse=True)
    assert sine[-1] < 0.01
    assert min(step) > 0.2


# -- Settings -------------------------------------------------------------------------------------


def test_curves_come_by_name_as_a_function_or_as_numbers():
    np.testing.assert_allclose(BendFitter(curve=np.sin).curve, np.sin(X), atol=1e-7)
    few = BendFitter(curve=[-1, 0, 1]).curve
    np.testing.assert_allclose(few, X, atol=1e-7)
    assert BendFitter(curve=[9, -9]).curve[[0, -1]].tolist() == [1.5, -1.5]  # the plane ends there
    assert np.array_equal(BendFitter().curve, np.float32(np.sin(np.pi * X)))


def test_the_number_the_places_and_the_weights_can_be_set():
    fitter = BendFitter(2, curve="hat")
    fitter.bends = 4
    np.testing.assert_allclose(fitter.positions, [-0.6, -0.2, 0.2, 0.6], atol=1e-7)
    fitter.positions = [0.5, -0.5, 0]
    assert fitter.bends == 3
    np.testing.assert_allclose(fitter.weights, [2, 2, -4], atol=1e-6)
    fitter.facing = [1, -1, 1]
    assert fitter.gap < 1e-6
    fitter.weights = [1, 0, 0.5]
    assert fitter.weights.tolist() == [1, 0, 0.5]
    fitter.line = [0.25, -1]
    expected = 0.25 - X + np.maximum(X - 0.5, 0) + 0.5 * np.maximum(X, 0)
    np.testing.assert_allclose(fitter.fit, expected, atol=1e-7)
    fitter.positions = [0.5, -0.5, -1]  # as many: what was set by hand stays
    assert fitter.weights.tolist() == [1, 0, 0.5]
    fitter.by_hand = []
    assert fitter.weights.tolist() != [1, 0, 0.5]
    fitter.weights = [1, 1, 1]
    fitter.units = [[0, 1]]  # another number of bends: they are fitted again
    assert fitter.by_hand.size == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bends": 33}, r"bends can be 0 to 32 here, got 33; try bends=16"),
        ({"bends": -1}, r"bends must be at least 0, got -1"),
        ({"bends": 2.5}, r"bends must be a whole number"),
        ({"bends": 2, "positions": [0]}, r"place of each of 2 bends, .*\(1,\); leave out"),
        ({"positions": [0, 2]}, r"between -1 and 1, .* got positions \[0\.0, 2\.0\]; try np\.clip"),
        ({"positions": [0], "facing": [0]}, r"facing 1, to the right, or -1, .* got \[0\.0\]"),
        ({"positions": [0], "facing": [1, 1]}, r"two rows of as many numbers, .* \(1,\) and"),
        ({"units": [[1, 2, 3]]}, r"up to 32 rows of position and facing, got .*\(1, 3\); try \[\["),
        ({"units": [[0, 1]], "bends": 1}, r"units says where the bends are; leave out"),
        ({"curve": "circle"}, r"there is no curve 'circle'; try one of sine, step, hat, abs, wave"),
        ({"curve": [1]}, r"two finite numbers or more in a row, got an array of shape \(1,\)"),
        ({"curve": [1, np.nan]}, r"with nan or inf; try curve='sine'"),
        ({"by_hand": [1, 2]}, r"weight for each of 4 bends, got 2 numbers; try \[0\.0, 0\.0"),
        ({"by_hand": [[1]]}, r"by_hand is offset, slope and one finite weight for each bend"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        BendFitter(**options)


def test_an_unknown_option_is_refused_by_name():
    with pytest.raises(TypeError, match="no option 'curv'; did you mean 'curve'"):
        BendFitter(curv="sine")


@pytest.mark.parametrize("by_hand", [[], [0.1, -2, 0.5, 1.25]])
def test_a_situation_is_handed_on(by_hand):
    fitter = BendFitter(curve=np.cos, positions=[0.1, -0.7], facing=[-1, 1], by_hand=by_hand)
    again = BendFitter.from_state(json.dumps(fitter.state(), allow_nan=False))
    assert again.state() == fitter.state()
    np.testing.assert_array_equal(again.fit, fitter.fit)


def test_no_bends_are_a_situation_too():
    again = BendFitter.from_state(BendFitter(0).state())
    assert again.bends == 0


# -- What the page is told ------------------------------------------------------------------------


def test_a_frame_holds_the_numbers_the_sum_and_both_gaps(page):
    fitter = BendFitter(3, curve="sine")
    answer, (steps,) = page(fitter, "frame")
    assert answer["numbers"] == [*fitter.line, *fitter.weights]
    assert answer["fit"] == fitter.fit.tolist()
    assert answer["gap"] == answer["best"] == fitter.gap
    assert steps == display.levels(fitter.fit, limit=1.5).tobytes()
    values = {**fitter.state()["settings"], "by_hand": [0, 0, 1, 1, 1]}
    told, _ = page(fitter, "frame", settings=values)
    assert fitter.weights.tolist() == [1, 1, 1]
    assert told["best"] == answer["best"] < told["gap"]


def test_the_page_may_change_the_number_of_bends_and_weights_by_hand_at_once(page):
    fitter = BendFitter(2, by_hand=[0, 0, 1, 1])
    values = {
        "units": [[0, 1]],
        "by_hand": [0.5, 0, 2],
        "curve": fitter.state()["settings"]["curve"],
    }
    page(fitter, "frame", settings=values)
    assert fitter.weights.tolist() == [2]


@pytest.mark.parametrize(
    "fitter",
    [
        BendFitter(),
        BendFitter(0, curve="abs"),
        BendFitter(curve=np.cos, positions=[0.1, -0.7], facing=[-1, 1]),
        BendFitter(2, curve="step", by_hand=[0.1, 0.2, 3, -4]),
    ],
    ids=["fitted", "line", "turned", "by hand"],
)
def test_the_code_gives_these_very_numbers(fitter):
    found = {}
    exec(fitter.code(), found)  # noqa: S102 - that it runs is the claim
    np.testing.assert_array_equal(found["fit"], fitter.fit)
    assert found["gap"] == fitter.gap
    np.testing.assert_array_equal(found["weights"], fitter.weights)


def test_without_a_page_there_is_a_still_picture_and_text():
    fitter = BendFitter(1, curve="abs")
    assert repr(fitter) == f"BendFitter(1 bend, largest gap {fitter.gap:.3g})"
    data, metadata = fitter._repr_mimebundle_() or ({}, {})
    assert data["text/plain"] == repr(fitter)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))))
    assert picture.shape == (320, 480, 3)
    assert metadata["image/jpeg"]["alt"].endswith("weights [2]")
    # The bold line is where the sum is: at x = 0 it lies on the axis, at the ends at 1.
    blue = (fitter._still() == (0x15, 0x65, 0xC0)).all(axis=2)
    rows = [np.flatnonzero(blue[:, column]).mean() for column in (2, 240, 477)]
    np.testing.assert_allclose(rows, [53, 160, 53], atol=3)


def test_a_cell_shows_its_widget_before_numba_is_loaded():
    code = (
        "import sys; from cnnlab import widgets\n"
        "widgets.BendFitter()._repr_mimebundle_()\n"
        "print(sys.modules.keys() & {'numba', 'scipy', 'matplotlib'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
