"""FilterLab from Python: what is set, what is computed, what the page is told. No browser here."""

import base64
import io
import json
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from scipy.signal import correlate2d

from cnnlab import display, filters, images
from cnnlab import functional as F
from cnnlab.errors import DataError, ShapeError
from cnnlab.widgets import FilterLab

EXAMPLE_A = [[3, 5, 2, 8, 1], [9, 7, 5, 4, 3], [2, 0, 6, 1, 6], [6, 3, 7, 9, 2], [1, 4, 9, 5, 1]]
DIAGONAL = [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
ANSWER_A = [[25, 18, 17], [18, 22, 14], [20, 15, 23]]
EMPTY = {"widget": "FilterLab", "version": 1, "settings": {}}


def settings_of(lab, **changes):
    return {**lab.state()["settings"], **changes}


# -- What comes out -------------------------------------------------------------------------------


def test_worked_example_a_comes_out():
    assert FilterLab(EXAMPLE_A, filter=DIAGONAL).output.tolist() == ANSWER_A


def test_a_photograph_comes_out_as_scipy_has_it():
    lab = FilterLab("camera", filter="sobel_x", bias=0.25, padding=1, stride=2)
    expected = correlate2d(images.sample("camera"), filters.CATALOGUE["sobel_x"], "same")[::2, ::2]
    np.testing.assert_allclose(lab.output, expected + 0.25, atol=1e-5)


def test_the_channels_of_a_colour_picture_are_added():
    weights = np.random.default_rng(0).normal(size=(3, 3, 3)).astype(np.float32)
    lab = FilterLab("astronaut", filter=weights)
    picture = images.sample("astronaut")
    expected = sum(correlate2d(picture[..., c], weights[..., c], "valid") for c in range(3))
    np.testing.assert_allclose(lab.output, expected, atol=1e-4)


def test_relu_and_dilation_take_part():
    lab = FilterLab(EXAMPLE_A, filter=[[-1, 0], [0, 1]], dilation=2, activation="relu")
    by_hand = np.maximum(0, np.array(EXAMPLE_A)[2:, 2:] - np.array(EXAMPLE_A)[:-2, :-2])
    assert lab.output.tolist() == by_hand.tolist()


def test_the_output_is_read_only():
    lab = FilterLab(EXAMPLE_A)
    with pytest.raises(ValueError, match="read-only"):
        lab.output[0, 0] = 1
    with pytest.raises(AttributeError):
        lab.output = np.zeros((3, 3))  # type: ignore[misc]  # that is the test


# -- What can be set ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["laplacian", filters.CATALOGUE["laplacian"], [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
     np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.int8)],
)  # fmt: skip
def test_a_filter_is_set_by_name_as_a_filter_or_as_numbers(value):
    lab = FilterLab("camera")
    lab.filter = value
    assert lab.filter.tolist() == [[0, 1, 0], [1, -4, 1], [0, 1, 0]]


def test_a_filter_without_channels_lies_on_every_channel_of_a_colour_picture():
    lab = FilterLab("astronaut", filter="sobel_x")
    assert lab.filter.shape == (3, 3, 3)
    assert (lab.filter == filters.CATALOGUE["sobel_x"].weights[..., None]).all()


def test_a_picture_in_colour_can_be_taken_as_grey_and_back():
    lab = FilterLab("astronaut", filter="sobel_x")
    lab.colour = False
    assert lab.image.shape == (512, 512)
    assert lab.filter.shape == (3, 3)
    np.testing.assert_array_equal(lab.image, images.to_grey(images.sample("astronaut")))
    lab.colour = True
    np.testing.assert_array_equal(lab.image, images.sample("astronaut"))
    assert lab.filter.shape == (3, 3, 3)


def test_a_grey_picture_takes_the_place_of_one_in_colour():
    lab = FilterLab("astronaut", filter="gaussian_3")
    lab.image = "camera"
    assert lab.colour is False
    assert lab.filter.shape == (3, 3)
    assert lab.output.shape == (510, 510)


def test_a_picture_is_taken_from_a_file_its_bytes_or_whole_numbers(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 9), np.uint8)
    file = tmp_path / "small.png"
    Image.fromarray(pixels).save(file)
    for value in (file, str(file), file.read_bytes(), pixels):
        np.testing.assert_array_equal(FilterLab(value).image, pixels / np.float32(255))


def test_setting_equal_weights_tells_nobody():
    lab, heard = FilterLab("camera", filter="sobel_x"), []
    lab.observe(heard.append, "filter")
    lab.filter = filters.CATALOGUE["sobel_x"].weights.copy()
    assert not heard
    lab.filter = "sobel_y"
    assert len(heard) == 1


def test_the_weights_cannot_be_changed_behind_the_labs_back():
    mine = np.eye(3, dtype=np.float32)
    lab = FilterLab("camera", filter=mine)
    mine[:] = 7
    assert lab.filter.tolist() == np.eye(3).tolist()
    with pytest.raises(ValueError, match="read-only"):
        lab.filter[0, 0] = 1


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"filter": np.ones((9, 9))}, ShapeError, r"1x1 to 7x7, got 9x9; for larger ones"),
        ({"filter": [[np.nan, 1]]}, DataError, r"must be finite, and this one has nan or inf"),
        ({"filter": "sobel"}, DataError, r"no filter 'sobel'; try one of identity, "),
        ({"filter": np.ones((3, 3, 3))}, ShapeError, r"3 slices and the picture 1 channel;"),
        ({"filter": [1, 2]}, ShapeError, r"need rows .* got an array of shape \(2,\)"),
        ({"image": np.ones((2, 2, 4))}, ShapeError, r"\(2, 2, 4\); try picture\[\.\.\., :3\]"),
        ({"image": np.ones((4, 4), complex)}, DataError, r"real numbers, got .* complex128"),
        ({"image": np.ones((3000, 2))}, ShapeError, r"2048 pixels .* got 3000x2; try pict"),
        ({"image": "nowhere.png"}, DataError, r"there is no file 'nowhere\.png'"),
        ({"padding": -1}, ShapeError, r"padding must be at least 0, got -1"),
        ({"padding": "some"}, ShapeError, r"must be \"same\", \"valid\" or a number .* got 'some'"),
        ({"limit": 0}, DataError, r"must be above 0, got 0; try limit = 1, or None"),
        ({"colour": True}, DataError, r"this picture is grey, so there are no colours to take"),
        ({"limit": np.nan}, DataError, r"limit must be a finite number, got nan; try 0\.5"),
        ({"bias": "3"}, DataError, r"bias must be a finite number, got '3'"),
        ({"bias": np.inf}, DataError, r"bias must be a finite number, got inf"),
        ({"stride": 0}, ShapeError, r"stride must be at least 1, got 0; try stride=1"),
        ({"stride": 9}, DataError, r"stride can be 1 to 8 here, got 9; try stride=8"),
        ({"dilation": 1.5}, ShapeError, r"dilation must be a whole number"),
        ({"activation": "tanh"}, DataError, r"activation is one of none, relu; got 'tanh'"),
        ({"palette": 3}, DataError, r"palette is one of auto, blue_red, night, grey; got 3"),
        ({"colour": 1}, DataError, r"colour is True or False, got 1"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_what_to_try(change, error, message):
    lab = FilterLab(EXAMPLE_A)
    before = lab.state()
    ((name, value),) = change.items()
    with pytest.raises(error, match=message):
        setattr(lab, name, value)
    assert lab.state() == before


def test_an_unknown_option_is_refused_with_the_nearest_one():
    with pytest.raises(
        TypeError, match=r"FilterLab has no option 'strid'; did you mean 'stride'\?"
    ):
        FilterLab("camera", strid=2)
    with pytest.raises(TypeError, match=r"has no option 'zzz'; try image, colour, filter"):
        FilterLab("camera", zzz=2)


def test_a_filter_that_does_not_fit_says_so_when_the_map_is_read():
    lab = FilterLab(EXAMPLE_A, filter="motion_blur")
    with pytest.raises(
        ShapeError, match=r"7x7 filter does not fit in a 5x5 image; use padding >= 1"
    ):
        _ = lab.output
    assert repr(lab) == "FilterLab(5x5 picture, 7x7 filter, which does not fit)"
    assert "image/jpeg" not in lab._repr_mimebundle_()[0]


def test_reset_goes_back_to_how_the_lab_was_made():
    lab = FilterLab("astronaut", filter="sharpen", stride=2)
    made = lab.state()
    lab.image, lab.filter, lab.stride, lab.palette = "camera", "emboss", 1, "night"
    lab.reset()
    assert lab.state() == made


# -- What the page is told ------------------------------------------------------------------------


def test_a_frame_is_the_painted_feature_map(page):
    lab = FilterLab("camera", filter="sobel_x")
    new = settings_of(lab, filter=[[1, 2], [-3, 0.1]], bias=0.5, palette="night")
    answer, (steps,) = page(lab, "frame", seq=7, settings=new)
    expected = F.conv2d(
        images.sample("camera")[None, ..., None],
        np.array([[1, 2], [-3, 0.1]], np.float32)[..., None, None],
        [0.5],
    )[0, ..., 0]
    painted = display.PALETTES["night"].colours[np.frombuffer(steps, np.uint8)]
    assert (painted.reshape(511, 511, 3) == display.paint(expected, "night")).all()
    assert (answer["client"], answer["seq"]) == ("page", 7)
    assert (answer["low"], answer["high"]) == (expected.min(), expected.max())
    assert (lab.painted == painted.reshape(511, 511, 3)).all()
    np.testing.assert_array_equal(lab.filter, np.float32([[1, 2], [-3, 0.1]]))


def test_a_small_map_comes_with_its_numbers(page):
    lab = FilterLab(EXAMPLE_A, filter=DIAGONAL)
    answer, _ = page(lab, "frame", settings=settings_of(lab))
    assert answer["numbers"] == np.ravel(ANSWER_A).tolist()


def test_what_the_page_set_is_observed_in_python_and_not_sent_back(
    page,
):
    lab, heard = FilterLab("camera"), []
    lab.observe(lambda change: heard.append(change["new"]), "stride")
    stored = lab._settings
    page(lab, "frame", settings=settings_of(lab, stride=3))
    assert heard == [3]
    assert lab._settings is stored


def test_what_python_set_is_stored_for_the_page_even_back_to_what_it_was(
    page,
):
    lab = FilterLab("camera", stride=1)
    first = lab._settings
    page(lab, "frame", settings=settings_of(lab, stride=3))
    lab.stride = 1
    assert lab._settings["values"] == first["values"]
    assert lab._settings != first  # so that the page hears of it


def test_settings_stored_late_do_not_undo_newer_ones(page):
    lab = FilterLab("camera")
    page(lab, "frame", seq=5, settings=settings_of(lab, stride=4))
    old = {"client": "page", "seq": 3, "values": settings_of(lab, stride=2)}
    lab.set_state({"_settings": old})
    assert lab.stride == 4
    lab.set_state({"_settings": {**old, "seq": 5}})
    assert lab.stride == 2


def test_what_a_page_asked_before_it_heard_of_python_sets_nothing_back(
    page,
):
    lab = FilterLab(EXAMPLE_A)
    older = settings_of(lab, bias=1)
    page(lab, "frame", settings=older, revision=0)
    assert lab.bias == 1
    lab.stride = 2
    lab.bias = 3
    for revision in (0, 1):  # the page has heard of nothing, or of the stride alone
        answer, _ = page(lab, "frame", settings=older, revision=revision)
        assert (lab.stride, lab.bias, answer["height"]) == (2, 3, 2)
        stored = {"client": "page", "seq": 9, "revision": revision, "values": older}
        lab.set_state({"_settings": stored})
        assert (lab.stride, lab.bias) == (2, 3)
        assert lab._settings["values"] == settings_of(lab)  # for all pages to read
    page(lab, "frame", settings=settings_of(lab, bias=4), revision=lab._settings["revision"])
    assert (lab.stride, lab.bias) == (2, 4)


def test_a_pixel_is_taken_apart_as_it_was_computed(page):
    weights = np.random.default_rng(1).normal(size=(3, 3, 3)).astype(np.float32)
    lab = FilterLab("astronaut", filter=weights, bias=-0.5, padding=1, stride=2, activation="relu")
    answer, _ = page(lab, "pixel", settings=settings_of(lab), point={"row": 0, "column": 20})
    answer = answer["pixel"]
    assert (answer["top"], answer["left"]) == (-1, 39)
    assert [channel["pixels"][0] for channel in answer["channels"]] == [[None] * 3] * 3
    patch = images.sample("astronaut")[0:2, 39:42]
    sums = (patch * weights[1:]).sum(axis=(0, 1))
    np.testing.assert_allclose([channel["sum"] for channel in answer["channels"]], sums, atol=1e-6)
    assert answer["result"] == pytest.approx(sums.sum() - 0.5, abs=1e-6)
    assert answer["activated"] == lab.output[0, 20]


def test_what_is_laid_around_the_picture_can_be_any_number(page):
    image, weights = np.random.default_rng(2).random((6, 9)), [[1, -2, 0.5], [3, 0.25, -1]]
    lab = FilterLab(image, filter=weights, padding="same", pad_value=0.75)
    expected = ndimage.correlate(image, weights, mode="constant", cval=0.75, origin=(-1, 0))
    np.testing.assert_allclose(lab.output, expected, atol=1e-5)
    answer, _ = page(lab, "pixel", settings=settings_of(lab), point={"row": 5, "column": 8})
    (channel,) = answer["pixel"]["channels"]
    assert channel["pixels"][1] == [None] * 3
    assert channel["products"][1] == [0.75 * weight for weight in weights[1]]
    assert answer["pixel"]["result"] == pytest.approx(expected[5, 8], abs=1e-5)
    lab.padding = 0
    np.testing.assert_allclose(lab.output, expected[:-1, 1:-1], atol=1e-5)


def test_a_pixel_outside_the_map_is_refused(page):
    lab = FilterLab(EXAMPLE_A)
    answer, _ = page(lab, "pixel", settings=settings_of(lab), point={"row": 3, "column": 0})
    assert re.search(r"no pixel in row 3, column 0 of a map of 3x3; count from 0", answer["error"])


def test_a_frame_brings_the_pixel_that_is_pointed_at_while_the_map_has_it(
    page,
):
    lab = FilterLab(EXAMPLE_A, filter=DIAGONAL)
    point = {"row": 2, "column": 1}
    answer, _ = page(lab, "frame", settings=settings_of(lab), point=point)
    assert answer["pixel"]["result"] == ANSWER_A[2][1]
    answer, _ = page(lab, "frame", settings=settings_of(lab, stride=2), point=point)
    assert (answer["height"], "pixel" in answer) == (2, False)


def test_a_filter_that_does_not_fit_is_told_to_the_page(page):
    lab = FilterLab(EXAMPLE_A)
    answer, out = page(lab, "frame", settings=settings_of(lab, dilation=4))
    assert re.search(r"does not fit in a 5x5 image; use padding >= 2", answer["error"])
    assert not out


@pytest.mark.parametrize("body", [{"settings": 3}, {"settings": {"filter": [["x"]]}}])
def test_a_request_that_makes_no_sense_gets_an_answer_all_the_same(page, body):
    answer, _ = page(FilterLab(EXAMPLE_A), "frame", **body)
    assert answer["error"]
    answer, _ = page(FilterLab(EXAMPLE_A), "unheard_of", **body)
    assert answer["error"] == "FilterLab has no answer to 'unheard_of'"


def test_numbers_that_are_not_finite_reach_the_page(page):
    lab = FilterLab([[1, np.nan], [np.inf, 2]])
    lab.filter = [[1]]
    answer, (steps,) = page(lab, "frame", settings=settings_of(lab))
    assert answer["numbers"] == [1, None, None, 2]
    assert np.frombuffer(steps, np.uint8)[1] == display.NAN_LEVEL


def test_a_picture_with_numbers_that_are_not_finite_keeps_state_and_code_whole():
    lab = FilterLab([[1, np.nan, 0], [np.inf, 2, -np.inf]], filter=[[1, 0]])
    again = FilterLab.from_state(json.dumps(lab.state(), allow_nan=False))
    np.testing.assert_array_equal(again.image, lab.image)
    found = {}
    exec(lab.code(), found)  # noqa: S102 - that it runs is the claim
    assert (found["picture"] == lab.painted).all()
    json.dumps(lab._picture, allow_nan=False)


def test_an_uploaded_file_becomes_the_picture(page):
    lab, buffer = FilterLab("camera"), io.BytesIO()
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(buffer, "PNG")
    answer, _ = page(lab, "open", [buffer.getvalue()], file="mine.png")
    assert "error" not in answer
    assert lab.image.shape == (20, 30, 3)
    assert (lab._picture["height"], lab._picture["width"], lab._picture["file"]) == (
        20,
        30,
        "mine.png",
    )
    answer, _ = page(lab, "open", [b"no picture"], file="notes.txt")
    assert "not a picture of a kind known here" in answer["error"]


def test_a_picture_filmed_by_the_page_takes_part_at_once(page):
    lab = FilterLab("camera", filter="identity", padding="same")
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6), np.uint8)
    about = {"height": 4, "width": 6, "channels": 1, "kind": "uint8"}
    answer, _ = page(lab, "frame", [pixels.tobytes()], settings=settings_of(lab), picture=about)
    np.testing.assert_allclose(answer["numbers"], pixels.ravel() / 255, atol=1e-6)
    assert lab._picture["height"] == 512  # nothing is sent back
    answer, _ = page(lab, "frame", [b"short"], settings=settings_of(lab), picture=about)
    assert "no picture that can be read (ValueError: 5 bytes for 4x6x1)" in answer["error"]


def test_a_page_that_films_in_colour_may_show_grey(page):
    lab = FilterLab("camera", filter="sobel_x")
    pixels = np.random.default_rng(0).integers(0, 256, (6, 7, 3), np.uint8)
    about = {"height": 6, "width": 7, "channels": 3, "kind": "uint8"}
    page(lab, "frame", [pixels.tobytes()], settings=settings_of(lab), picture=about)
    np.testing.assert_array_equal(lab.image, images.to_grey(pixels / np.float32(255)))
    assert lab.filter.shape == (3, 3)
    colour = np.repeat(lab.filter[..., None], 3, axis=2).tolist()
    page(lab, "frame", settings=settings_of(lab, colour=True, filter=colour))
    np.testing.assert_array_equal(lab.image, pixels / np.float32(255))


def test_a_picture_that_the_page_stored_before_it_closed_is_kept(page):
    """No request brought it: the page went while one was still waiting."""
    lab = FilterLab("camera", filter="identity", padding="same")
    page(lab, "frame", seq=4, settings=settings_of(lab))
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6), np.uint8)
    about = {"height": 4, "width": 6, "channels": 1, "kind": "uint8", "from": "page", "seq": 4}
    lab.set_state({"_pixels": pixels.tobytes(), "_picture": about})
    np.testing.assert_allclose(lab.output, pixels / np.float32(255), atol=1e-6)
    newer = {key: about[key] for key in ("height", "width", "channels", "kind")}
    page(lab, "frame", [bytes(24)], seq=9, settings=settings_of(lab), picture=newer)
    lab.set_state({"_pixels": pixels.tobytes(), "_picture": {**about, "seq": 5}})  # came too late
    assert not lab.output.any()


def test_pixels_travel_as_bytes_that_tell_them_exactly():
    assert FilterLab("camera")._picture["kind"] == "uint8"
    odd = FilterLab([[0.1, 0.2]], filter=[[1]])
    assert odd._picture["kind"] == "float32"
    np.testing.assert_array_equal(np.frombuffer(odd._pixels, np.float32), np.float32([0.1, 0.2]))


def test_a_cell_and_the_page_can_work_at_the_same_time(page):
    lab = FilterLab("astronaut")
    stop, failures = threading.Event(), []

    def cell():
        while not stop.is_set():
            for name in ("camera", "astronaut"):
                try:
                    lab.image = name
                    _ = lab.output
                except Exception as error:  # whatever it is, it is the finding
                    failures.append(error)

    worker = threading.Thread(target=cell)
    worker.start()
    for seq in range(60):
        answer, _ = page(lab, "frame", seq=seq, settings={"bias": seq / 8})
        if "error" in answer:
            failures.append(answer["error"])
    stop.set()
    worker.join()
    assert not failures
    assert lab.bias == 59 / 8


def test_a_cell_that_changes_the_filter_waits_until_the_frame_is_computed(page, monkeypatch):
    lab = FilterLab("camera", filter="sobel_x")
    changing = threading.Thread(target=lambda: setattr(lab, "filter", "sobel_y"))
    quick = F.conv2d

    def slow(*arrays, **options):
        changing.start()
        changing.join(0.1)
        assert changing.is_alive()
        assert (lab.filter == filters.CATALOGUE["sobel_x"].weights).all()
        return quick(*arrays, **options)

    settings = settings_of(lab, stride=2)
    monkeypatch.setattr(F, "conv2d", slow)
    answer, _ = page(lab, "frame", settings=settings)
    assert "error" not in answer
    changing.join()
    assert (lab.filter == filters.CATALOGUE["sobel_y"].weights).all()


# -- In words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lab",
    [
        FilterLab("camera", filter="sobel_x"),
        FilterLab("coffee", filter="gabor_45", padding="same", palette="grey", stride=2),
        FilterLab("astronaut", colour=False, filter="sharpen", bias=0.1, dilation=2),
        FilterLab("astronaut", filter=np.arange(12).reshape(2, 2, 3) / 7, activation="relu"),
        FilterLab(EXAMPLE_A, filter=[[0.1, -0.3]], palette="night", limit=7.5),
        FilterLab("coffee", filter="emboss", padding="same", pad_value=0.1, stride=2),
        FilterLab("camera", filter="emboss", padding=0, pad_value=0.1),
    ],
    ids=["grey", "colour", "taken as grey", "own slices", "small", "pad", "no pad"],
)
def test_the_code_makes_this_very_picture(lab):
    found = {}
    exec(lab.code(), found)  # noqa: S102 - that it runs is the claim
    assert (found["picture"] == lab.painted).all()
    np.testing.assert_array_equal(found["output"], lab.output)


def test_the_code_takes_a_picture_of_unknown_origin_from_the_lab(page):
    lab = FilterLab(np.random.default_rng(0).random((64, 64)))
    found = {"lab": lab}
    exec(lab.code(), found)  # noqa: S102 - that it runs is the claim
    assert (found["picture"] == lab.painted).all()
    assert page(lab, "code")[0]["code"] == lab.code()


@pytest.mark.parametrize("image", ["coffee", EXAMPLE_A, np.random.default_rng(0).random((5, 6, 3))])
def test_a_state_makes_the_same_lab_again(image):
    lab = FilterLab(
        image, filter="gaussian_3", stride=2, padding=3, pad_value=0.4, bias=0.1, limit=0.25,
        palette="night",
    )  # fmt: skip
    text = json.dumps(lab.state())
    again = FilterLab.from_state(text)
    np.testing.assert_array_equal(again.output, lab.output)
    assert again.state() == lab.state() == FilterLab.from_state(lab.state()).state()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("{", r"not the state of a widget .* pass what FilterLab\.state"),
        ([1], r"not the state of a widget"),
        ({**EMPTY, "widget": "Other"}, r"state of Other version 1, and"),
        ({**EMPTY, "version": 2}, r"FilterLab version 2, and"),
        ({**EMPTY, "settings": {"size": 3}}, r"know: size; it knows"),
        (EMPTY, r"picture .* cannot be read"),
        ({**EMPTY, "picture": {"sample": "/etc/hostname"}}, r"there is no sample '/etc/hostname'"),
        ({**EMPTY, "picture": {"shape": [2**40, 2**40], "float32": ""}}, r"cannot be read"),
        ({**EMPTY, "picture": {"shape": [9999, 9999], "float32": ""}}, r"of shape \(9999, 9999\)"),
        ({**EMPTY, "picture": {"shape": [2, 2], "float32": "AAAA"}}, r"cannot be read"),
    ],
)  # fmt: skip
def test_what_is_no_state_is_refused(state, message):
    with pytest.raises(DataError, match=message):
        FilterLab.from_state(state)


def test_where_no_widget_runs_there_is_a_picture_and_text():
    lab = FilterLab("camera", filter="sobel_x")
    data, metadata = lab._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == "FilterLab('camera', 3x3 filter, 510x510 feature map)"
    still = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))))
    assert still.shape == (320, 2 * 320 + 3 * 44 + 2 * 16, 3)  # picture, nine weights, map
    assert metadata["image/jpeg"]["alt"].startswith("FilterLab('camera'")


@pytest.mark.parametrize(
    "lab",
    [
        FilterLab("coffee", filter="gabor_45", padding="same", stride=3, bias=0.3),
        FilterLab("camera", filter="emboss", dilation=3, padding=2, activation="relu"),
        FilterLab(np.arange(42).reshape(6, 7), filter=[[1, -2, 3]], stride=2),
        FilterLab(np.ones((9, 12)), filter="box_blur_3", padding=2, pad_value=0.25),
    ],
    ids=["colour", "dilated", "small", "pad"],
)
def test_the_still_picture_is_that_of_the_map_and_needs_no_compiler(lab, monkeypatch):
    painted = lab.painted
    monkeypatch.setattr(F, "conv2d", None)
    still = lab._still()
    assert still is not None
    rows, columns = painted.shape[:2]
    size = max(1, round(columns * 320 / rows)), 320
    how = Image.Resampling.BOX if rows > 320 else Image.Resampling.NEAREST
    expected = np.asarray(Image.fromarray(painted).resize(size, how))
    apart = np.abs(still[:, -size[0] :].astype(int) - expected)
    assert apart.max() <= 9  # at most one step of colour


def test_a_cell_shows_its_widget_before_numba_is_loaded():
    code = (
        "import sys; from cnnlab import widgets\n"
        "widgets.FilterLab('camera', filter='sobel_x')._repr_mimebundle_()\n"
        "print(sys.modules.keys() & {'numba', 'scipy', 'matplotlib'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_the_name_of_a_lab_is_the_same_in_every_run():
    assert repr(FilterLab(EXAMPLE_A)) == "FilterLab(5x5 picture, 3x3 filter, 3x3 feature map)"
