"""ConvolutionStepper from Python: numbers by hand, by SciPy and PyTorch; settings, code."""

import base64
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from scipy.signal import correlate

from cnnlab import display, filters
from cnnlab.errors import DataError, ShapeError
from cnnlab.exercises import filters as lesson
from cnnlab.widgets import ConvolutionStepper

RNG = np.random.default_rng(3)
IMAGE = RNG.normal(size=(6, 7, 3)).astype(np.float32)
FILTERS = RNG.normal(size=(2, 3, 3, 2)).astype(np.float32)
UPSTREAM = RNG.normal(size=(4, 5, 2)).astype(np.float32)


# -- Numbers known from elsewhere -----------------------------------------------------------------


def test_the_worked_examples_of_the_slides_come_out():
    stepper = ConvolutionStepper(lesson.IMAGE_A, lesson.WEIGHTS_A)
    assert stepper.output.tolist() == [[25, 18, 17], [18, 22, 14], [20, 15, 23]]
    right = lesson.SLIDE_MAP_B.copy()
    right[0, 0] = ConvolutionStepper(lesson.IMAGE_B, "laplacian").output[0, 0]
    assert ConvolutionStepper(lesson.IMAGE_B, "laplacian").output.tolist() == right.tolist()
    assert right[0, 0] != lesson.SLIDE_MAP_B[0, 0]  # the misprint


def test_three_products_drop_into_one_number():
    pixel = ConvolutionStepper([[[2, 3, 5]]], [[[1, 0, 2]]], 1)
    assert pixel.output.tolist() == [[13]]
    two = ConvolutionStepper([[[2, 3, 5]]], np.reshape([1, 0, 1, -1, 0, 1], (1, 1, 3, 2)))
    assert two.output.tolist() == [[[5, 2]]]


def test_scatter_and_gather_give_what_is_computed_by_hand():
    stepper = ConvolutionStepper([[1, 2, 3, 4]], [[1, 2, 5]], upstream=[[1, 10]])
    assert stepper.image_gradient.tolist() == [[1, 12, 25, 50]]
    assert stepper.filter_gradient.tolist() == [[21, 32, 43]]
    assert stepper.bias_gradient == 11


def test_the_output_is_the_correlation_of_scipy():
    stepper = ConvolutionStepper(IMAGE, FILTERS, [0.5, -1])
    for f, bias in enumerate([0.5, -1]):
        expected = correlate(IMAGE, FILTERS[..., f], "valid")[..., 0] + bias
        np.testing.assert_allclose(stepper.output[..., f], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", ["none", "relu"])
@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2)])
def test_output_and_gradients_are_those_of_pytorch(activation, stride, padding, dilation):
    torch = pytest.importorskip("torch")
    how = {"stride": stride, "padding": padding, "dilation": dilation}
    stepper = ConvolutionStepper(IMAGE, FILTERS, [0.5, -1], **how, activation=activation)
    stepper.upstream = RNG.normal(size=stepper.output.shape)
    image = torch.tensor(IMAGE).permute(2, 0, 1)[None].requires_grad_()
    weights = torch.tensor(FILTERS).permute(3, 2, 0, 1).requires_grad_()
    bias = torch.tensor([0.5, -1.0], requires_grad=True)
    output = torch.nn.functional.conv2d(image, weights, bias, **how)
    output = torch.relu(output) if activation == "relu" else output
    output.backward(torch.tensor(stepper.upstream).permute(2, 0, 1)[None])
    for found, expected in [
        (stepper.output, output[0].permute(1, 2, 0).detach()),
        (stepper.image_gradient, image.grad[0].permute(1, 2, 0)),
        (stepper.filter_gradient, weights.grad.permute(2, 3, 1, 0)),
        (stepper.bias_gradient, bias.grad),
    ]:
        np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-5)


# -- What can be set ------------------------------------------------------------------------------


def test_an_axis_of_length_one_that_says_nothing_is_left_out():
    stepper = ConvolutionStepper(np.ones((4, 5, 1)), np.ones((2, 2, 1, 1)), [3])
    assert (stepper.image.shape, stepper.filters.shape, stepper.bias.shape) == ((4, 5), (2, 2), ())
    assert (stepper.output.shape, stepper.bias_gradient.shape) == ((3, 4), ())
    stepper.filters = np.ones((2, 2, 1, 3))
    assert (stepper.filters.shape, stepper.output.shape) == ((2, 2, 1, 3), (3, 4, 3))
    assert stepper.filter_gradient.shape == (2, 2, 1, 3)
    assert stepper.bias.tolist() == [3, 0, 0]  # what is new is zero


def test_filters_follow_the_channels_of_the_image():
    stepper = ConvolutionStepper(np.ones((3, 3)), np.full((2, 2), 5))
    stepper.image = np.ones((3, 3, 2))
    assert stepper.filters.shape == (2, 2, 2)
    assert stepper.output.tolist() == [[20, 20], [20, 20]]
    stepper.image = np.ones((3, 4))
    assert stepper.filters.tolist() == [[5, 5], [5, 5]]


def test_a_filter_of_rows_and_columns_is_laid_on_every_channel():
    stepper = ConvolutionStepper(IMAGE, "laplacian")
    assert stepper.filters.shape == (3, 3, 3)
    assert (stepper.filters == filters.CATALOGUE["laplacian"].weights[..., None]).all()
    again = ConvolutionStepper(IMAGE, filters.CATALOGUE["laplacian"])
    assert (again.output == stepper.output).all()


def test_without_image_or_filters_there_is_an_example_that_fits():
    assert ConvolutionStepper().output.shape == (3, 4)
    assert ConvolutionStepper(filters=FILTERS).image.shape == (5, 6, 3)
    assert ConvolutionStepper(IMAGE).filters.shape == (3, 3, 3)


@pytest.mark.parametrize(
    ("setting", "value", "error", "message"),
    [
        ("image", np.ones((13, 4)), DataError, r"12x12x3 here at the most, got 13x4; .*\[:12, :12"),
        ("image", [1, 2], DataError, r"image must be finite numbers with 2 or 3 axes, got \[1,"),
        ("image", [[np.nan]], DataError, r"image must be finite numbers"),
        ("filters", np.ones((6, 6)), DataError, r"can be 5x5x3x4 here at the most, got 6x6x1"),
        ("filters", "sobol_x", DataError, r"there is no filter 'sobol_x'; try one of identity"),
        ("filters", np.ones((2, 2, 3)), ShapeError, r"have 3 slices each, and the image has 1 c"),
        ("filters", [[[[[1]]]]], DataError, r"with 2, 3 or 4 axes"),
        ("bias", [1, 2], ShapeError, r"bias has 2 numbers for 1 filter; give one for each filter"),
        ("bias", "big", DataError, r"bias must be finite numbers with 0 or 1 axes, got 'big'"),
        ("padding", 5, DataError, r"padding can be 0 to 4 here, got 5; try padding=4"),
        ("stride", 0, ValueError, r"stride must be at least 1, got 0"),
        ("activation", "tanh", DataError, r"activation is one of none, relu"),
        ("upstream", [[np.inf]], DataError, r"upstream must be finite numbers"),
        ("step", -1, ValueError, r"step must be at least 0, got -1"),
        ("order", "both", DataError, r"order is one of scatter, gather"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(setting, value, error, message):
    with pytest.raises(error, match=message):
        ConvolutionStepper(**{"image": [[1, 2], [3, 4]], setting: value})
    stepper = ConvolutionStepper()
    before = stepper.state()
    with pytest.raises(error, match=message):
        setattr(stepper, setting, value)
    assert stepper.state() == before


def test_a_filter_that_does_not_fit_is_said_in_words(page):
    stepper = ConvolutionStepper([[1, 2], [3, 4]])
    for name in ("output", "image_gradient", "filter_gradient", "bias_gradient"):
        with pytest.raises(ShapeError, match="3x3 filter does not fit in a 2x2 image"):
            getattr(stepper, name)
    assert repr(stepper).endswith("which does not fit)")
    assert "image/jpeg" not in (stepper._repr_mimebundle_() or [{}])[0]
    answer, _ = page(stepper, "frame")
    assert "does not fit" in answer["error"]


def test_upstream_gradients_are_one_where_none_is_given():
    stepper = ConvolutionStepper(np.ones((3, 3)), [[1]], upstream=[[5, 6, 7, 8]])
    assert stepper.image_gradient.tolist() == [[5, 6, 7], [1, 1, 1], [1, 1, 1]]
    stepper.upstream = 2
    assert stepper.image_gradient[0].tolist() == [2, 1, 1]


def test_results_are_read_only_and_follow_every_setting():
    stepper = ConvolutionStepper([[1, 2], [3, 4]], [[1]], 1)
    for name in ("output", "image_gradient", "filter_gradient"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(stepper, name)[0, 0] = 1
    stepper.bias = -3
    assert stepper.output.tolist() == [[-2, -1], [0, 1]]
    stepper.activation = "relu"
    assert stepper.output.tolist() == [[0, 0], [0, 1]]
    assert stepper.image_gradient.tolist() == [[0, 0], [0, 1]]  # at zero ReLU is shut
    assert (stepper.bias_gradient, stepper.filter_gradient.tolist()) == (1, [[4]])


def test_a_situation_is_handed_on():
    stepper = ConvolutionStepper(IMAGE, FILTERS, [0.5, -1], padding="same", upstream=UPSTREAM)
    stepper.mode, stepper.order, stepper.check = "backward", "gather", True
    again = ConvolutionStepper.from_state(json.dumps(stepper.state(), allow_nan=False))
    assert again.state() == stepper.state()
    assert (again.image_gradient == stepper.image_gradient).all()
    small = ConvolutionStepper([[1, 2]], [[3]])
    assert ConvolutionStepper.from_state(small.state()).state() == small.state()
    assert small.state()["settings"]["filters"] == [[[[3]]]]  # the page gets all axes


def test_the_page_hears_at_once_of_an_image_and_the_filters_that_follow():
    stepper, heard = ConvolutionStepper(np.ones((3, 3)), np.ones((2, 2))), []
    stepper.observe(lambda change: heard.append(change["new"]["values"]), "_settings")
    stepper.image = np.ones((3, 3, 3))
    (told,) = heard
    assert np.shape(told["image"])[2] == np.shape(told["filters"])[2] == 3


# -- What the page is told ------------------------------------------------------------------------


def test_a_frame_holds_the_output_or_all_gradients(page):
    stepper = ConvolutionStepper(IMAGE, FILTERS, [0.5, -1], upstream=UPSTREAM)
    answer, (steps,) = page(stepper, "frame", settings=stepper.state()["settings"])
    (part,) = answer["parts"]
    assert part["numbers"] == stepper.output.ravel().tolist()
    assert part["limit"] == np.abs(stepper.output).max()
    assert steps == display.levels(stepper.output, limit=part["limit"]).tobytes()
    back = {**stepper.state()["settings"], "mode": "backward"}
    answer, (steps,) = page(stepper, "frame", settings=back)
    gradients = stepper.image_gradient, stepper.filter_gradient, stepper.bias_gradient
    assert [np.size(part["numbers"]) for part in answer["parts"]] == [126, 36, 2]
    painted = [display.levels(one, limit=np.abs(one).max()).tobytes() for one in gradients]
    assert steps == b"".join(painted)


@pytest.mark.parametrize("mode", ["forward", "backward"])
@pytest.mark.parametrize("activation", ["none", "relu"])
@pytest.mark.parametrize(
    ("image", "weights"),
    [(IMAGE, FILTERS), (IMAGE, FILTERS[..., 0]), (IMAGE[..., 0], FILTERS[..., 0, 0]),
     (IMAGE[..., :1], FILTERS[:, :, :1])],
)  # fmt: skip
def test_the_code_gives_the_same_numbers(mode, activation, image, weights):
    stepper = ConvolutionStepper(
        image, weights, stride=2, padding=1, mode=mode, activation=activation, upstream=[[0.1, 3]]
    )
    stepper.bias = np.full(stepper.bias.shape, 0.25)
    made = {}
    exec(stepper.code(), made)  # noqa: S102 - running it is the test
    assert np.array_equal(made["output"], stepper.output)
    for name in ("image_gradient", "filter_gradient", "bias_gradient"):
        assert (name in made) == (mode == "backward")
        if mode == "backward":
            assert np.array_equal(np.ravel(made[name]), np.ravel(getattr(stepper, name)))


def test_without_a_page_there_is_a_still_picture_and_text():
    stepper = ConvolutionStepper(lesson.IMAGE_A, lesson.WEIGHTS_A)
    words = "ConvolutionStepper(5x5x1 image, 1 filter of 3x3x1, 3x3x1 output)"
    assert repr(stepper) == words
    data, metadata = stepper._repr_mimebundle_() or ({}, {})
    assert data["text/plain"] == words
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))))
    assert picture.shape == (200, 200 + 132 + 132 + 2 * 16, 3)
    assert metadata["image/jpeg"]["alt"].startswith(f"{words}: [[25.0, 18.0, 17.0]")
    large = ConvolutionStepper(np.ones((12, 12, 3)), np.ones((5, 5, 3, 4)), padding="same")
    assert large._still().shape[1] < 1400


@pytest.mark.parametrize("activation", ["none", "relu"])
def test_the_still_picture_shows_what_the_kernel_computes(activation):
    stepper = ConvolutionStepper(
        IMAGE,
        FILTERS,
        [0.5, -1],
        mode="backward",
        padding="same",
        activation=activation,
        dilation=2,
    )
    for name, found in stepper._previewed().items():
        np.testing.assert_allclose(found, getattr(stepper, name), rtol=1e-4, atol=1e-5)


def test_a_cell_shows_its_widget_before_numba_is_loaded():
    code = (
        "import sys; from cnnlab import widgets\n"
        "widgets.ConvolutionStepper(mode='backward')._repr_mimebundle_()\n"
        "print(sys.modules.keys() & {'numba', 'scipy', 'matplotlib'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
