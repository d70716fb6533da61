"""SharedWeights from Python: matrices, counts, shifts, costs, code. No browser here."""

import base64
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cnnlab import display, filters
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import Conv2D, Dense
from cnnlab.sequential import Sequential
from cnnlab.widgets import SharedWeights
from cnnlab.widgets.shared import sharing

LOPSIDED = [[1, -2, 0.5], [0, 3, 4], [2, 5, -1], [7, 0, 0.25]]
SMALL = [[1, -2], [0.5, 3]]
KINDS = ("convolution", "local", "dense")


# -- One layer in three ways ----------------------------------------------------------------------


def test_the_matrix_of_the_convolution_holds_the_filter_in_every_row():
    shared = SharedWeights(np.zeros((3, 3)), [[1, 2], [3, 4]])
    assert shared.matrix.tolist() == [
        [1, 2, 0, 3, 4, 0, 0, 0, 0],
        [0, 1, 2, 0, 3, 4, 0, 0, 0],
        [0, 0, 0, 1, 2, 0, 3, 4, 0],
        [0, 0, 0, 0, 1, 2, 0, 3, 4],
    ]


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("layer", KINDS)
def test_all_three_give_the_map_of_the_picture_that_they_have_learned(layer, stride, padding):
    shared = SharedWeights(LOPSIDED, SMALL, stride=stride, padding=padding, layer=layer)
    expected = filters.apply(LOPSIDED, SMALL, stride, padding)
    np.testing.assert_allclose(shared.output, expected, atol=1e-5)
    assert shared.output.shape == expected.shape
    product = shared.matrix @ shared.picture.ravel()
    np.testing.assert_allclose(product, expected.ravel(), atol=1e-5)


def test_what_is_learned_is_what_least_squares_finds():
    shared = SharedWeights(LOPSIDED, SMALL, layer="dense")
    target = filters.apply(LOPSIDED, SMALL).reshape(-1, 1)
    pixels = np.reshape(LOPSIDED, (1, -1))
    found = np.linalg.lstsq(pixels, target.T, rcond=None)[0].T  # of the smallest norm
    np.testing.assert_allclose(shared.matrix, found, atol=1e-5)


def test_a_locally_connected_layer_learns_each_place_by_itself():
    shared = SharedWeights(LOPSIDED, SMALL, layer="local")
    made = filters.matrix(SMALL, 4, 3)
    outside = filters.matrix(np.ones((2, 2)), 4, 3) == 0
    assert (shared.matrix[outside] == 0).all()
    for row, target in zip(shared.matrix, made @ np.ravel(LOPSIDED), strict=True):
        under = np.where(row != 0, np.ravel(LOPSIDED), 0)
        np.testing.assert_allclose(row, target * under / (under**2).sum(), atol=1e-5)


def test_gradient_descent_from_zero_ends_where_they_are():
    for layer in ("local", "dense"):
        shared = SharedWeights(LOPSIDED, SMALL, layer=layer)
        pixels = np.ravel(LOPSIDED)
        target = filters.matrix(SMALL, 4, 3) @ pixels
        joined = shared._connected(layer)
        weights = np.zeros(joined.shape)
        for _ in range(4000):
            weights -= 0.005 * np.outer(weights @ pixels - target, pixels) * joined
        np.testing.assert_allclose(shared.matrix, weights, atol=1e-3)


def test_equal_pixels_nowhere_give_weights_of_zero():
    shared = SharedWeights(np.zeros((3, 3)), [[1, 2]], layer="local")
    assert (shared.matrix == 0).all()
    assert (shared.output == 0).all()


# -- Counts ---------------------------------------------------------------------------------------


def test_connections_weights_and_zeros_are_counted():
    counts = SharedWeights().counts
    assert counts["convolution"] == sharing.Counts(connections=144, weights=9, zeros=432)
    assert counts["local"] == sharing.Counts(connections=144, weights=144, zeros=432)
    assert counts["dense"] == sharing.Counts(connections=576, weights=576, zeros=0)


def test_weights_that_are_equal_are_counted_apart_and_a_weight_of_zero_is_one():
    counts = SharedWeights(np.ones((5, 5)), "sobel_x").counts["convolution"]
    assert counts == sharing.Counts(connections=81, weights=9, zeros=225 - 81)


def test_pads_join_nothing():
    counts = SharedWeights([[1, 2]], [[3, 4, 5]], padding=1).counts["convolution"]
    made = filters.matrix([[3, 4, 5]], 1, 2, padding=1)
    assert counts.connections == np.count_nonzero(made) == 4
    assert counts.connections + counts.zeros == made.size


def test_the_numbers_of_the_notes_come_out():
    shared = SharedWeights()
    costs = shared.costs
    assert costs["dense"].neuron == 3072
    assert costs["convolution"].parameters == 3 * 3 * 3 + 1 == 28
    shared.side = 200
    assert shared.costs["dense"].neuron == 120_000
    assert shared.costs["convolution"].parameters == 28


@pytest.mark.parametrize(("side", "channels", "stride", "padding"), [(9, 2, 2, 1), (5, 3, 1, 0)])
def test_the_costs_are_those_of_layers(side, channels, stride, padding):
    shared = SharedWeights(
        side=side, channels=channels, stride=stride, padding=padding, filter=[[1, 2], [3, 4]]
    )
    layer = Conv2D(1, 2, stride, padding)
    alone = Sequential([layer], (side, side, channels))
    rows, columns, _ = alone.output_shape
    costs = shared.costs
    assert costs["convolution"].parameters == alone.num_parameters
    full = Sequential([Dense(rows * columns)], (side * side * channels,))
    assert costs["dense"].parameters == full.num_parameters
    assert costs["local"].parameters == rows * columns * alone.num_parameters


# -- Shifts ---------------------------------------------------------------------------------------


def test_the_map_of_the_convolution_moves_along_and_the_others_do_not():
    shared = SharedWeights(right=1)
    assert (shared.picture[:, 1:] == shared.image[:, :-1]).all()
    assert (shared.picture[:, 0] == 0).all()
    before = filters.apply(shared.image, shared.filter)
    assert (shared.output[:, 1:] == before[:, :-1]).all()
    moved = shared.moved
    assert moved["convolution"].along == moved["convolution"].places > 5
    assert moved["local"].along == moved["dense"].along == 0


def test_a_fully_connected_layer_gives_the_old_map_at_the_old_place_but_paler():
    shared = SharedWeights(layer="dense", right=1)
    before = filters.apply(shared.image, shared.filter)
    pixels, now = shared.image.ravel(), shared.picture.ravel()
    share = float(pixels @ now / (pixels @ pixels))
    assert 0 < share < 0.5
    np.testing.assert_allclose(shared.output, share * before, atol=1e-4)


def test_a_filter_as_large_as_the_picture_is_a_fully_connected_layer():
    shared = SharedWeights([[1, 2], [3, 4]], SMALL)
    assert shared.matrix.shape == (1, 4)
    assert (shared.matrix.ravel() == np.ravel(SMALL)).all()
    counts = shared.counts
    assert counts["convolution"] == counts["dense"] == sharing.Counts(4, 4, 0)


def test_with_stride_two_a_shift_by_one_pixel_is_half_a_place():
    shared = SharedWeights(stride=2, right=1)
    assert all(one == sharing.Moved(0, 0) for one in shared.moved.values())
    shared.right = 2
    moved = shared.moved["convolution"]
    assert moved.along == moved.places > 0


def test_the_border_of_padded_maps_may_not_move_along():
    image = np.zeros((4, 4))
    image[1, 3] = 1
    shared = SharedWeights(image, np.ones((3, 3)), padding=1, right=1)
    assert shared.picture.max() == 0  # it left
    assert shared.moved["convolution"] == sharing.Moved(0, 3)


def test_what_is_pushed_out_comes_back():
    shared = SharedWeights(LOPSIDED, SMALL, down=3, right=-2)
    assert shared.picture[3].tolist() == [0.5, 0, 0]
    shared.down = shared.right = 0
    assert (shared.picture == np.float32(LOPSIDED)).all()


# -- Settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("image", np.zeros((9, 2)), "image can have 8 rows and columns at the most, got 9x2"),
        ("filter", np.ones((4, 4)), "filter can have 3 rows and columns at the most, got 4x4"),
        ("filter", "sobel", "there is no filter 'sobel'; try one of identity"),
        ("layer", "conv", "layer is one of convolution, local, dense; got 'conv'"),
        ("right", 8, "right can be -7 to 7 here, got 8; try right=7"),
        ("side", 2, "side must be at least 3, got 2"),
        ("padding", "same", "padding must be a whole number"),
    ],
)
def test_what_makes_no_sense_is_refused(setting, value, message):
    with pytest.raises(ValueError, match=message):
        SharedWeights(**{setting: value})


def test_an_option_that_is_misspelt_is_named():
    with pytest.raises(TypeError, match="did you mean 'layer'"):
        SharedWeights(layers="dense")


def test_a_filter_that_does_not_fit_is_said_in_words(page):
    shared = SharedWeights([[1, 2]])
    for name in ("matrix", "output", "counts", "moved"):
        with pytest.raises(ShapeError, match="3x3 filter does not fit in a 1x2 image"):
            getattr(shared, name)
    assert repr(shared).endswith("which does not fit)")
    assert "image/jpeg" not in (shared._repr_mimebundle_() or [{}])[0]
    assert "does not fit" in page(shared, "frame")[0]["error"]


def test_a_situation_is_handed_on():
    shared = SharedWeights(LOPSIDED, "sobel_y", layer="local", down=-1, side=77)
    again = SharedWeights.from_state(json.dumps(shared.state(), allow_nan=False))
    assert again.state() == shared.state()
    assert (again.matrix == shared.matrix).all()
    with pytest.raises(DataError, match="SharedWeights does not know: speed"):
        SharedWeights.from_state({**shared.state(), "settings": {"speed": 1}})
    again.reset()
    assert again.state() == shared.state()


def test_results_are_read_only_and_follow_every_setting():
    shared = SharedWeights(LOPSIDED, SMALL)
    with pytest.raises(ValueError, match="read-only"):
        shared.output[0, 0] = 1
    shared.filter = [[2, 0]]
    assert shared.output.tolist() == [[2, -4], [0, 6], [4, 10], [14, 0]]
    shared.down = 1
    assert shared.output[0].tolist() == [0, 0]


# -- What the page is told ------------------------------------------------------------------------


@pytest.mark.parametrize("layer", KINDS)
def test_a_frame_holds_the_matrix_with_nothing_where_nothing_is_joined_and_three_maps(page, layer):
    shared = SharedWeights(LOPSIDED, SMALL, layer=layer, right=1)
    answer, (steps,) = page(shared, "frame", settings=shared.state()["settings"])
    assert [answer[k] for k in ("rows", "columns", "height", "width")] == [6, 12, 3, 2]
    steps = np.frombuffer(steps, np.uint8)
    assert steps.size == 72 + 3 * 6
    entries = steps[:72].reshape(6, 12)
    joined = filters.matrix(np.ones((2, 2)), 4, 3) > 0
    if layer == "dense":
        joined[:] = True
    assert ((entries == display.NAN_LEVEL) == ~joined).all()
    weights, maps = answer["limits"]
    assert (entries[joined] == display.levels(shared.matrix, limit=weights)[joined]).all()
    k = KINDS.index(layer)
    shown = steps[72:].reshape(3, 3, 2)[k]
    assert (shown == display.levels(shared.output, limit=maps)).all()


@pytest.mark.parametrize("layer", KINDS)
@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1)])
def test_the_code_gives_the_same_numbers(layer, stride, padding):
    shared = SharedWeights(
        LOPSIDED, SMALL, layer=layer, stride=stride, padding=padding, down=1, right=-1
    )
    made = {}
    exec(shared.code(), made)  # noqa: S102 - running it is the test
    assert (made["matrix"] == shared.matrix).all()
    assert (made["output"] == shared.output).all()


def test_without_a_page_there_is_a_still_picture_and_text():
    shared = SharedWeights([[1, 2, 3]], [[1, -1]])
    words = "SharedWeights(1x3 image, 1x2 filter, convolution: 4 connections, 2 weights)"
    assert repr(shared) == words
    data, metadata = shared._repr_mimebundle_() or ({}, {})
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))))
    assert picture.shape[1] == 3 * 44 + 16 + 2 * 44 + 16 + 3 * 12 + 2
    assert metadata["image/jpeg"]["alt"] == words


def test_a_cell_shows_its_widget_before_numba_is_loaded():
    code = (
        "import sys; from cnnlab import widgets\n"
        "widgets.SharedWeights(layer='dense', right=1)._repr_mimebundle_()\n"
        "print(sys.modules.keys() & {'numba', 'scipy', 'matplotlib'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
