"""PoolingStepper from Python: numbers by hand and by PyTorch, settings, code. No browser here."""

import base64
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from cnnlab import display, images
from cnnlab.errors import DataError, ShapeError
from cnnlab.widgets import PoolingStepper

EXAMPLE_B = [[3, -3, -1], [-2, 3, -3], [-3, 2, 3]]


# -- Numbers known from elsewhere -----------------------------------------------------------------


def test_the_worked_example_of_the_slides_comes_out():
    assert PoolingStepper(EXAMPLE_B, stride=1).output.tolist() == [[3, 3], [3, 3]]
    average = PoolingStepper(EXAMPLE_B, kind="average", stride=1)
    assert average.output.tolist() == [[0.25, -1], [0, 1.25]]


def test_the_right_four_numbers_are_compared():
    assert PoolingStepper(np.arange(16).reshape(4, 4)).output.tolist() == [[5, 7], [13, 15]]


def test_a_gradient_goes_to_the_winner_or_is_shared_out():
    cell = [[1, 5], [2, 3]]
    assert PoolingStepper(cell, upstream=[[4]]).gradient.tolist() == [[0, 4], [0, 0]]
    shared = PoolingStepper(cell, kind="average", upstream=[[4]])
    assert shared.gradient.tolist() == [[1, 1], [1, 1]]
    shared.upstream = [[2]]
    assert shared.gradient.tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_two_windows_that_share_a_winner_add_up():
    stepper = PoolingStepper([[1, 9, 2], [0, 0, 0]], stride=1, upstream=[[3, 4]])
    assert stepper.gradient.tolist() == [[0, 7, 0], [0, 0, 0]]


def test_the_first_of_equal_winners_gets_the_gradient():
    assert PoolingStepper([[7, 7], [7, 7]], upstream=[[5]]).gradient.tolist() == [[5, 0], [0, 0]]


def test_pads_never_win_and_count_as_zeros_in_an_average():
    negative = PoolingStepper([[-2, -1], [-4, -3]], padding=1)
    assert negative.output.tolist() == [[-2, -1], [-4, -3]]
    average = PoolingStepper([[1, 2], [3, 4]], kind="average", window=3, stride=1, padding=1)
    assert average.output[0, 0] == pytest.approx(10 / 9)


def test_the_stride_is_that_of_the_window_unless_said():
    stepper = PoolingStepper(np.zeros((8, 8)), window=3)
    assert stepper.output.shape == (2, 2)
    stepper.window = 2
    assert stepper.output.shape == (4, 4)  # it follows
    stepper.stride = 1
    stepper.window = 3
    assert stepper.output.shape == (6, 6)  # it does not: 1 was said
    stepper.stride = None
    assert stepper.output.shape == (2, 2)


def test_any_pooling_is_that_of_numpys_windows():
    rng = np.random.default_rng(3)
    for _ in range(60):
        numbers = rng.normal(size=rng.integers(4, 13, 2)).astype(np.float32)
        window, stride = rng.integers(1, 5, 2).tolist()
        padding = int(rng.integers(0, window // 2 + 1))
        for kind, fill in {"max": -np.inf, "average": 0}.items():
            stepper = PoolingStepper(
                numbers, kind=kind, window=window, stride=stride, padding=padding
            )
            padded = np.pad(numbers, padding, constant_values=fill)
            under = sliding_window_view(padded, (window, window))[::stride, ::stride]
            expected = under.max((2, 3)) if kind == "max" else under.mean((2, 3))
            np.testing.assert_allclose(stepper.output, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize(("window", "stride", "padding"), [(3, 1, 1), (2, 3, 0), (4, 2, 2)])
def test_gradients_are_those_of_pytorch(kind, window, stride, padding):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(4)
    numbers = rng.normal(size=(7, 10)).astype(np.float32)
    stepper = PoolingStepper(numbers, kind=kind, window=window, stride=stride, padding=padding)
    stepper.upstream = rng.normal(size=stepper.output.shape)
    tensor = torch.tensor(numbers[None, None], requires_grad=True)
    pool = {"max": torch.nn.functional.max_pool2d, "average": torch.nn.functional.avg_pool2d}
    output = pool[kind](tensor, window, stride, padding)
    output.backward(torch.tensor(stepper.upstream[None, None].copy()))
    np.testing.assert_allclose(stepper.output, output.detach().numpy()[0, 0], rtol=1e-6)
    np.testing.assert_allclose(stepper.gradient, tensor.grad.numpy()[0, 0], rtol=1e-5, atol=1e-6)


# -- Shifts ---------------------------------------------------------------------------------------


def test_a_lone_pixel_may_move_within_its_window_and_not_out_of_it():
    lone = np.zeros((2, 8))
    lone[0, 2] = 9
    stepper = PoolingStepper(lone)
    assert stepper.shift(right=1) == 0
    assert stepper.shift(right=1) == 2
    assert stepper.numbers[0].tolist() == [0, 0, 0, 0, 9, 0, 0, 0]


def unchanged(numbers):
    shifts = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]
    return sum(PoolingStepper(numbers).shift(down, right) == 0 for down, right in shifts)


def test_three_of_eight_shifts_change_nothing_for_one_pixel_and_none_for_noise():
    lone = np.zeros((8, 8))
    lone[2, 2] = 1
    assert unchanged(lone) == 3
    assert unchanged(np.random.default_rng(0).random((8, 8))) == 0


def test_what_is_pushed_out_comes_in_again_or_zeros_do():
    stepper = PoolingStepper([[1, 2], [3, 4]])
    stepper.shift(down=1)
    assert stepper.numbers.tolist() == [[3, 4], [1, 2]]
    stepper.wrap = False
    stepper.shift(down=-1, right=1)
    assert stepper.numbers.tolist() == [[0, 1], [0, 0]]


# -- Settings -------------------------------------------------------------------------------------


def test_a_part_of_a_photograph_can_be_cut_out():
    part = images.sample("camera")[100:112, 200:208]
    assert (PoolingStepper(part).numbers == part).all()
    with pytest.raises(DataError, match=r"12 rows and columns at the most, got 512x512; .*:12"):
        PoolingStepper(images.sample("camera"))


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("kind", "median", r"kind is one of max, average"),
        ("window", 5, r"window can be 1 to 4 here, got 5"),
        ("stride", 5, r"stride can be 1 to 4 here, got 5; try stride=4"),
        ("stride", 0, r"stride must be at least 1, got 0"),
        ("padding", "same", r"padding must be a whole number"),
        ("upstream", [[np.inf]], r"upstream must be rows of finite numbers"),
    ],
)
def test_what_makes_no_sense_is_refused(setting, value, message):
    with pytest.raises(ValueError, match=message):
        PoolingStepper(**{setting: value})


def test_a_window_that_does_not_fit_is_said_in_words():
    stepper = PoolingStepper([[1, 2, 3]])
    with pytest.raises(ShapeError, match="2x2 pooling window does not fit in a 1x3 image"):
        _ = stepper.output
    assert repr(stepper).endswith("stride 2, which does not fit)")
    assert "image/jpeg" not in (stepper._repr_mimebundle_() or [{}])[0]


@pytest.mark.parametrize("kind", ["max", "average"])
def test_more_padding_than_half_the_window_is_refused(kind):
    stepper = PoolingStepper(kind=kind, window=3, padding=2)
    message = r"half the window at the most.* got padding=2 with a 3x3 window, try padding=1 or"
    for name in ("output", "gradient"):
        with pytest.raises(ShapeError, match=message):
            getattr(stepper, name)


def test_upstream_gradients_are_one_where_none_is_given_and_wait_where_none_is_needed():
    stepper = PoolingStepper(np.arange(16).reshape(4, 4), upstream=[[2, 3, 9]])
    assert stepper.gradient[1::2, 1::2].tolist() == [[2, 3], [1, 1]]
    stepper.stride = 1
    assert stepper.gradient[1, 1:].tolist() == [2, 3, 9]


def test_a_situation_is_handed_on():
    stepper = PoolingStepper([[1.5, 2], [3, 4]], kind="average", padding=1, upstream=[[0.1]])
    stepper.mode, stepper.wrap = "backward", False
    again = PoolingStepper.from_state(json.dumps(stepper.state(), allow_nan=False))
    assert again.state() == stepper.state()
    assert (again.gradient == stepper.gradient).all()
    assert again.state()["settings"]["stride"] is None


def test_results_are_read_only_and_follow_every_setting():
    stepper = PoolingStepper([[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="read-only"):
        stepper.output[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        stepper.gradient[0, 0] = 1
    stepper.kind = "average"
    assert stepper.output.tolist() == [[2.5]]
    stepper.numbers = [[4, 4], [4, 4]]
    assert stepper.output.tolist() == [[4]]
    stepper.upstream = [[8]]
    assert stepper.gradient.tolist() == [[2, 2], [2, 2]]


# -- What the page is told ------------------------------------------------------------------------


def test_a_frame_holds_the_output_or_the_gradient(page):
    stepper = PoolingStepper([[1, -8], [2, 3]], stride=1, window=1, upstream=[[5, 0], [-16, 2]])
    answer, (steps,) = page(stepper, "frame", settings=stepper.state()["settings"])
    assert answer["numbers"] == [1, -8, 2, 3]
    assert (answer["height"], answer["width"], answer["limit"]) == (2, 2, 8)
    assert steps == display.levels(stepper.output, limit=8).tobytes()
    back = {**stepper.state()["settings"], "mode": "backward"}
    answer, (steps,) = page(stepper, "frame", settings=back)
    assert answer["numbers"] == [5, 0, -16, 2]
    assert (answer["low"], answer["high"], answer["limit"]) == (-16, 5, 16)
    assert steps == display.levels(stepper.gradient, limit=16).tobytes()


def test_a_window_that_does_not_fit_is_answered_in_words(page):
    answer, _ = page(PoolingStepper([[1]]), "frame")
    assert "does not fit" in answer["error"]


@pytest.mark.parametrize("mode", ["forward", "backward"])
@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("stride", [None, 1])
def test_the_code_gives_the_same_numbers(kind, mode, stride):
    numbers = np.random.default_rng(5).normal(size=(5, 7)).astype(np.float32)
    stepper = PoolingStepper(
        numbers, kind=kind, mode=mode, window=3, stride=stride, padding=1, upstream=[[0.1, 3]]
    )
    made = {}
    exec(stepper.code(), made)  # noqa: S102 - running it is the test
    assert (made["output"] == stepper.output).all()
    assert ("gradient" in made) == (mode == "backward")
    if mode == "backward":
        assert (made["gradient"] == stepper.gradient).all()


def test_without_a_page_there_is_a_still_picture_and_text():
    stepper = PoolingStepper(EXAMPLE_B, stride=1)
    words = "PoolingStepper(3x3 numbers, max pooling, 2x2 window, stride 1, 2x2 output)"
    assert repr(stepper) == words
    data, metadata = stepper._repr_mimebundle_() or ({}, {})
    assert data["text/plain"] == words
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))))
    assert picture.shape == (3 * 44, 3 * 44 + 16 + 2 * 44, 3)
    assert metadata["image/jpeg"]["alt"] == f"{words}: [[3.0, 3.0], [3.0, 3.0]]"


@pytest.mark.parametrize("mode", ["forward", "backward"])
@pytest.mark.parametrize("kind", ["max", "average"])
def test_the_still_picture_shows_what_the_kernel_computes(kind, mode):
    numbers = np.random.default_rng(6).normal(size=(4, 6)).astype(np.float32)
    stepper = PoolingStepper(numbers, kind=kind, mode=mode, window=3, stride=1, padding=1)
    expected = stepper.output if mode == "forward" else stepper.gradient
    np.testing.assert_allclose(stepper._previewed(), expected, rtol=1e-6, atol=1e-6)


def test_a_cell_shows_its_widget_before_numba_is_loaded():
    code = (
        "import sys; from cnnlab import widgets\n"
        "widgets.PoolingStepper(mode='backward')._repr_mimebundle_()\n"
        "print(sys.modules.keys() & {'numba', 'scipy', 'matplotlib'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
