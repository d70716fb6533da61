"""FilterBank from Python: maps by SciPy, settings, what the page is told, code. No browser here."""

import base64
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from scipy.signal import correlate

from cnnlab import banks, display, filters, images
from cnnlab import functional as F
from cnnlab.errors import DataError, ShapeError
from cnnlab.widgets import FilterBank

PIXEL = [[[2, 3, 5]]]


def rng_picture(height=9, width=12, channels=3):
    rng = np.random.default_rng(5)
    return rng.random((height, width, channels)[: 3 if channels > 1 else 2], np.float32)


# -- What comes out -------------------------------------------------------------------------------


def test_three_channels_become_one_number_and_the_bias_is_added_once():
    bank = FilterBank(PIXEL, filters=[[[[1, 0, 2]]]], bias=1)
    assert bank.maps.tolist() == [[[13]]]
    assert bank.num_parameters == 4


def test_a_mixing_desk_gives_a_map_for_each_filter():
    bank = FilterBank(PIXEL, filters=[[[[1, 1, 0]]], [[[0, -1, 1]]]])
    assert bank.maps.tolist() == [[[5, 2]]]


def test_every_map_is_what_scipy_computes():
    picture, rng = rng_picture(), np.random.default_rng(6)
    weights = rng.normal(size=(2, 3, 3, 4)).astype(np.float32)
    bank = FilterBank(picture, filters=weights, bias=[0, 1, -2, 0.5])
    assert bank.maps.shape == (8, 10, 4)
    for k, bias in enumerate(bank.bias):
        expected = correlate(picture, weights[..., k], "valid")[..., 0] + bias
        np.testing.assert_allclose(bank.maps[..., k], expected, atol=1e-5)
    bank.activation = "relu"
    assert bank.maps.min() == 0


def test_sixteen_filters_have_448_parameters():
    bank = FilterBank()
    assert bank.filters.shape == (3, 3, 3, 16)
    assert bank.num_parameters == 448
    assert repr(bank) == (
        "FilterBank('astronaut', 16 filters of 3x3x3, 16 maps of 168x168, 448 parameters)"
    )


def test_grey_is_three_equal_channels_and_silences_what_sees_colour():
    grey = rng_picture(channels=1)
    bank = FilterBank(grey, filters=["redness", "sobel_x"])
    assert bank.image.shape == (9, 12, 3)
    assert (bank.image == grey[..., None]).all()
    assert not bank.maps[..., 0].any()  # exactly: a rounding error would be painted
    expected = 3 * correlate(grey, filters.CATALOGUE["sobel_x"], "valid")
    np.testing.assert_allclose(bank.maps[..., 1], expected, atol=1e-5)


def test_the_filters_outlive_a_picture_in_grey():
    bank = FilterBank("astronaut", filters=["redness"])
    weights = bank.filters.copy()
    bank.image = "camera"
    bank.colour = False
    bank.image = "astronaut"
    assert (bank.filters == weights).all()
    assert bank.colour


@pytest.mark.parametrize(
    ("name", "factor"), [("camera", 3), ("chelsea", 3), ("coffee", 4), ("rocket", 4)]
)
def test_a_large_picture_is_averaged_to_fewer_pixels(name, factor):
    picture = images.sample(name)
    image = FilterBank(name).image
    assert max(image.shape) <= 180
    corner = picture[:factor, :factor].mean((0, 1))
    np.testing.assert_allclose(image[0, 0], np.broadcast_to(corner, 3), rtol=1e-6)
    row, column = image.shape[0] - 1, image.shape[1] - 1
    square = picture[row * factor :, column * factor :][:factor, :factor]
    np.testing.assert_allclose(image[-1, -1], np.broadcast_to(square.mean((0, 1)), 3), rtol=1e-6)


def test_a_narrow_picture_keeps_at_least_one_pixel():
    assert FilterBank(np.ones((2, 900, 3)), filters=[[[1]]]).image.shape == (1, 450, 3)


# -- What can be set ------------------------------------------------------------------------------


def test_filters_come_by_name_as_filters_as_numbers_or_stacked():
    by_name = FilterBank(rng_picture(), filters=["emboss", "blueness"])
    entries = [filters.CATALOGUE["emboss"], banks.COLOURS["blueness"].weights]
    assert (FilterBank(rng_picture(), filters=entries).filters == by_name.filters).all()
    assert (FilterBank(rng_picture(), filters=by_name.filters).filters == by_name.filters).all()


def test_a_bias_goes_with_its_filter():
    bank = FilterBank(rng_picture(), filters=["emboss", "sharpen", "redness"], bias=[1, 2, 3])
    bank.filters = ["emboss", "sharpen"]
    assert bank.bias.tolist() == [1, 2]
    bank.filters = banks.SIXTEEN[:4]
    assert bank.bias.tolist() == [1, 2, 0, 0]
    assert bank._settings["values"]["bias"] == [1, 2, 0, 0]
    assert len(bank._settings["values"]["filters"]) == 4


@pytest.mark.parametrize(
    ("setting", "value", "error", "message"),
    [
        ("filters", ["sobel"], DataError, "there is no filter 'sobel'"),
        ("filters", [], DataError, "at least one filter"),
        ("filters", ["emboss"] * 17, ShapeError, r"up to 16 filters of up to 7x7, got 17 of 3x3"),
        ("filters", [np.ones((9, 9))], ShapeError, r"got 1 of 9x9; for more use functional"),
        ("filters", np.ones((3, 3, 1, 2)), ShapeError, r"\(height, width, 3, filters\), got"),
        ("filters", [[[np.nan]]], DataError, r"must be finite.*np\.nan_to_num"),
        ("bias", [1, 2], DataError, r"one finite number, or 16, one for each filter; got \[1, 2\]"),
        ("bias", "x", DataError, "one finite number"),
        ("activation", "tanh", DataError, "activation is one of none, relu"),
        ("scale", "log", DataError, "scale is one of own, shared"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(setting, value, error, message):
    bank = FilterBank(rng_picture())
    with pytest.raises(error, match=message):
        setattr(bank, setting, value)
    assert bank.filters.shape == (3, 3, 3, 16)


def test_an_unknown_option_names_the_nearest():
    with pytest.raises(TypeError, match="did you mean 'filters'"):
        FilterBank("coins", filter=["emboss"], filtres=["emboss"])


def test_filters_that_do_not_fit_say_so():
    bank = FilterBank(np.ones((2, 5, 3)))
    with pytest.raises(ShapeError, match="does not fit"):
        _ = bank.maps
    assert "which do not fit" in repr(bank)
    assert bank._still() is None


# -- State, code, stills --------------------------------------------------------------------------


def test_a_situation_is_written_down_and_comes_back():
    bank = FilterBank("coins", filters=["emboss", np.eye(5)], bias=[0, 0.1], activation="relu")
    again = FilterBank.from_state(json.dumps(bank.state()))
    assert (again.maps == bank.maps).all()
    assert again.state() == bank.state()


def test_reset_brings_back_how_it_was_made():
    bank = FilterBank("coffee", filters=["emboss"], bias=0.25)
    first = bank.state()
    bank.filters, bank.image, bank.scale = ["sharpen", "redness"], "camera", "shared"
    bank.reset()
    assert bank.state() == first


@pytest.mark.parametrize(
    "bank",
    [
        FilterBank("coffee", bias=0.5),
        FilterBank("camera", filters=["sobel_x", [[1, 2]]], bias=[0, 1], activation="relu"),
        FilterBank("chelsea", filters=["redness"], colour=False),
        FilterBank(rng_picture(4, 3), filters=[[[1]], "identity"]),
        FilterBank(rng_picture(4, 3, 1), filters=[[[1]]]),
    ],
    ids=repr,
)
def test_the_code_makes_these_very_maps(bank):
    named = {}
    exec(bank.code(), named)  # noqa: S102 - what the widget wrote
    assert (named["maps"] == bank.maps).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_code_of_a_picture_of_ones_own_takes_it_from_the_widget(channels):
    bank = FilterBank(rng_picture(300, 40, channels))
    named = {"bank": bank}
    exec(bank.code(), named)  # noqa: S102 - what the widget wrote
    assert (named["maps"] == bank.maps).all()


def test_without_a_page_there_is_a_picture_and_a_sentence():
    data, metadata = FilterBank("coins")._repr_mimebundle_()
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"])))
    assert picture.height == 480
    assert metadata["image/jpeg"]["alt"].startswith("FilterBank('coins', 16 filters of 3x3x3")


def test_showing_it_does_not_wait_for_numba():
    code = (
        "import sys; from cnnlab.widgets import FilterBank; FilterBank()._repr_mimebundle_();"
        "print('numba' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "False"


# -- The page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["own", "shared"])
def test_the_page_gets_all_maps_one_after_another(page, scale):
    bank = FilterBank(rng_picture(), filters=["sobel_x", "redness", "emboss"], scale=scale)
    about, (steps,) = page(bank, "frame", settings=bank.state()["settings"])
    assert (about["height"], about["width"]) == (7, 10)
    found = np.frombuffer(steps, np.uint8).reshape(3, 7, 10)
    limits = [display.limit_of(bank.maps[..., k]) for k in range(3)]
    for k, told in enumerate(about["maps"]):
        limit = limits[k] if scale == "own" else max(limits)
        assert told["limit"] == limit
        assert told["low"] == bank.maps[..., k].min()
        assert told["high"] == bank.maps[..., k].max()
        assert (found[k] == display.levels(bank.maps[..., k], limit=limit)).all()


def test_what_the_page_sets_is_what_python_reads(page):
    bank = FilterBank(rng_picture())
    values = bank.state()["settings"]
    values = {**values, "filters": values["filters"][:2], "bias": [0.5, -1]}
    page(bank, "frame", settings=values)
    assert bank.filters.shape == (3, 3, 3, 2)
    assert bank.bias.tolist() == [0.5, -1]
    weights = F.conv2d(bank.image[None], bank.filters, bank.bias)[0]
    assert (weights == bank.maps).all()
