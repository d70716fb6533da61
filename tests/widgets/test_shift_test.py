"""ShiftTest from Python: counts by NumPy and by hand, settings, code. No browser here."""

import base64
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from cnnlab import images
from cnnlab.errors import DataError, ShapeError
from cnnlab.widgets import ShiftTest

LOPSIDED = [[1, -9, 2, 5, 5.5], [0, 0, 3, 5, 1], [2, 4, -4, 1, 0]]


def nothing(test):
    return [change.changed for change in test.one_pixel_shifts].count(0)


# -- Numbers known from elsewhere -----------------------------------------------------------------


def test_three_of_eight_shifts_change_nothing_for_a_dot_and_none_for_noise_or_photographs():
    assert nothing(ShiftTest("dot")) == 3
    for name in ("noise", "camera", "coins", "astronaut"):
        assert nothing(ShiftTest(name)) == 0


def test_any_dot_may_move_within_its_cell_and_not_out_of_it():
    for row, column in np.ndindex(8, 8):
        picture = np.zeros((8, 8))
        picture[row, column] = 0.25
        shifts = ShiftTest(picture).one_pixel_shifts
        harmless = {(one.down, one.right) for one in shifts if not one.changed}
        down, right = 1 - 2 * (row % 2), 1 - 2 * (column % 2)  # towards the rest of its cell
        assert harmless == {(down, 0), (0, right), (down, right)}


def test_global_pooling_forgives_every_shift():
    for kind in ("max", "average"):
        test = ShiftTest("camera", kind=kind, right=37, down=-101)
        assert (test.whole.changed, test.whole.cells) == (0, 1)
        assert test.cells.share > 0.5


def test_a_larger_window_forgives_more_cells_but_not_all():
    shares = [ShiftTest("camera", window=size, right=1).cells.share for size in (2, 4, 8, 16)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] > 0.1


def test_an_average_changes_in_more_cells_than_a_maximum_and_by_less():
    largest, average = (ShiftTest("camera", kind=kind, right=2) for kind in ("max", "average"))
    assert average.cells.changed > largest.cells.changed
    assert average.cells.by < largest.cells.by < largest.pixels.by


@pytest.mark.parametrize("kind", ["max", "average"])
def test_any_shift_is_counted_as_numpy_counts_it(kind):
    rng = np.random.default_rng(3)
    for _ in range(40):
        picture = rng.integers(-5, 6, rng.integers(4, 15, 2)).astype(np.float32)
        window, stride = rng.integers(1, 5, 2).tolist()
        down, right = rng.integers(-20, 21, 2).tolist()
        test = ShiftTest(picture, kind=kind, window=window, stride=stride, right=right, down=down)
        pooled = []
        for one in (picture, np.roll(picture, (down, right), (0, 1))):
            under = sliding_window_view(one, (window, window))[::stride, ::stride]
            pooled.append(under.max((2, 3)) if kind == "max" else under.mean((2, 3)))
        np.testing.assert_allclose(test.before, pooled[0], rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(test.after, pooled[1], rtol=1e-6, atol=1e-6)
        apart = np.abs(pooled[1] - pooled[0])
        assert test.cells.changed == (apart > 1e-4).sum() == test.changed.sum()
        assert test.cells.by == pytest.approx(apart.mean(), abs=1e-6)
        assert test.pixels.changed == (picture != np.roll(picture, (down, right), (0, 1))).sum()


# -- Settings -------------------------------------------------------------------------------------


def test_results_follow_every_setting_and_are_read_only():
    test = ShiftTest(LOPSIDED, right=1)
    assert test.before.tolist() == [[1, 5]]
    assert test.after.tolist() == [[5.5, 3]]
    with pytest.raises(ValueError, match="read-only"):
        test.after[0, 0] = 1
    assert str(test.cells) == "right 1, down 0: 2 of 2 changed (100.0 %), by 3.2500 on average"
    test.kind = "average"
    assert test.before.tolist() == [[-2, 3.75]]
    test.down = -3  # a whole picture up
    assert test.cells.changed == 2
    test.right = 5
    assert test.cells.changed == test.pixels.changed == 0
    before = test.one_pixel_shifts
    test.window = 3
    assert test.one_pixel_shifts != before


def test_a_new_picture_begins_unshifted():
    test = ShiftTest("dot", right=3, down=-1)
    test.image = LOPSIDED
    assert (test.right, test.down) == (0, 0)
    assert (test.shifted == np.float32(LOPSIDED)).all()
    test.reset()
    assert (test.right, test.down) == (3, -1)
    assert test.image.shape == (8, 8)


def test_a_picture_in_colour_is_seen_as_grey():
    test = ShiftTest("astronaut")
    assert (test.image == images.to_grey(images.sample("astronaut"))).all()
    test.image = images.sample("coffee")
    assert test.image.ndim == 2
    with pytest.raises(
        DataError, match=r"ShiftTest sees every picture as grey; for one in colour try FilterLab"
    ):
        test.colour = True


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "median"}, r"kind is one of max, average"),
        ({"window": 17}, r"window can be 1 to 16 here, got 17"),
        ({"stride": 0}, r"stride must be at least 1, got 0"),
        ({"right": 0.5}, r"right must be a whole number"),
        ({"down": 4000}, r"down can be -2048 to 2048 here, got 4000"),
        ({"image": [[np.nan]]}, r"this picture has nan or inf; try np.nan_to_num"),
    ],
)
def test_what_makes_no_sense_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ShiftTest(**options)


def test_a_window_that_does_not_fit_is_said_in_words(page):
    test = ShiftTest(LOPSIDED, window=4)
    with pytest.raises(ShapeError, match="4x4 pooling window does not fit in a 3x5 image"):
        _ = test.cells
    assert "which does not fit" in repr(test)
    assert "image/jpeg" not in (test._repr_mimebundle_() or [{}])[0]
    answer, _ = page(test, "frame")
    assert "does not fit" in answer["error"]


def test_a_situation_is_handed_on():
    for picture in ("dot", "camera", LOPSIDED):
        test = ShiftTest(picture, kind="average", window=3, stride=1, right=2, down=-1)
        again = ShiftTest.from_state(json.dumps(test.state(), allow_nan=False))
        assert again.state() == test.state()
        assert (again.after == test.after).all()
        assert repr(again) == repr(test)


# -- What the page is told ------------------------------------------------------------------------


def test_a_frame_holds_the_change_and_all_counts(page):
    test = ShiftTest("dot")
    answer, (steps,) = page(test, "frame", settings={**test.state()["settings"], "right": 2})
    assert (answer["height"], answer["width"], answer["limit"]) == (4, 4, 1)
    assert (answer["low"], answer["high"], len(steps)) == (-1, 1, 16)
    assert answer["counts"]["cells"] == {"changed": 2, "cells": 16, "by": 0.125}
    assert answer["counts"]["pixels"] == {"changed": 2, "cells": 64, "by": 2 / 64}
    assert answer["counts"]["whole"]["changed"] == 0
    assert [one["changed"] for one in answer["counts"]["eight"]] == [2, 2, 2, 2, 0, 2, 0, 0]


def test_the_page_opens_the_small_pictures_and_the_samples(page):
    test = ShiftTest("camera", right=4)
    page(test, "open", sample="noise")
    assert (test.image.shape, test.right) == ((8, 8), 0)
    page(test, "open", sample="coins")
    assert (test.image == images.sample("coins")).all()


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("picture", ["dot", "astronaut", LOPSIDED])
def test_the_code_gives_the_same_numbers(kind, picture):
    test = ShiftTest(picture, kind=kind, window=3, stride=2, right=2, down=1)
    made = {}
    exec(test.code(), made)  # noqa: S102 - running it is the test
    assert (made["after"] == test.after).all()
    assert (made["changed"], made["by"]) == (test.cells.changed, test.cells.by)


@pytest.mark.parametrize("kind", ["max", "average"])
def test_without_a_page_there_is_a_still_picture_and_text(kind):
    test = ShiftTest("dot", kind=kind, right=2)
    data, metadata = test._repr_mimebundle_() or ({}, {})
    words = f"ShiftTest('dot', {kind} pooling, 2x2 window, stride 2, 4x4 cells, right 2, down 0)"
    assert data["text/plain"] == words
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))))
    assert picture.shape == (320, 4 * 320 + 3 * 16, 3)
    assert metadata["image/jpeg"]["alt"] == f"{words}: {test.cells}"
    for shown, computed in zip(test._previewed(), (test.before, test.after), strict=True):
        np.testing.assert_allclose(shown, computed, atol=1e-6)


def test_a_cell_shows_its_widget_before_numba_is_loaded():
    code = (
        "import sys; from cnnlab import widgets\n"
        "widgets.ShiftTest('camera', right=1)._repr_mimebundle_()\n"
        "print(sys.modules.keys() & {'numba', 'scipy', 'matplotlib'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
