import numpy as np
import pytest
from scipy import ndimage

from cnnlab import augmentation
from cnnlab.augmentation import Brightness, Crop, Flip, Noise, Shift
from cnnlab.errors import DataError, ShapeError


def images(count=50, shape=(9, 7, 2)):
    return np.random.default_rng(0).random((count, *shape), np.float32)


@pytest.mark.parametrize("change", [Shift(3), Flip(), Crop(0.6), Noise(0.1), Brightness(0.3)])
def test_each_keeps_the_shape_repeats_from_a_seed_and_leaves_its_input_alone(change):
    before = images()
    first, again, other = (change(before, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == before.shape
    assert first.dtype == np.float32
    assert first.flags.c_contiguous
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    np.testing.assert_array_equal(before, images())


def test_a_shift_agrees_with_scipy_and_reaches_every_distance():
    before, after = images(400), Shift(2)(images(400), np.random.default_rng(0))
    seen = set()
    for old, new in zip(before, after, strict=True):
        matches = [
            (down, across)
            for down in range(-2, 3)
            for across in range(-2, 3)
            if np.array_equal(new, ndimage.shift(old, (down, across, 0), order=0))
        ]
        assert len(matches) == 1
        seen.add(matches[0])
    assert len(seen) == 25


def test_a_flip_mirrors_half_of_the_images():
    before, after = images(400), Flip()(images(400), np.random.default_rng(0))
    mirrored = (after == before[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (mirrored | (after == before).all(axis=(1, 2, 3))).all()
    assert 150 < mirrored.sum() < 250


def test_a_crop_of_a_ramp_is_a_flatter_ramp():
    """What is read between pixels of a plane lies on the plane."""
    row, column = np.mgrid[0:20.0, 0:30.0]
    plane = np.repeat((row + 2 * column).astype(np.float32)[None, :, :, None], 20, axis=0)
    cropped = Crop(0.5)(plane, np.random.default_rng(0))
    down, across = np.diff(cropped, axis=1), np.diff(cropped, axis=2)
    for image in range(20):
        assert np.ptp(down[image]) < 1e-4
        assert np.ptp(across[image]) < 1e-4
        assert 0.5 <= down[image].mean() <= 1
        assert across[image].mean() == pytest.approx(2 * down[image].mean(), rel=1e-4)
    assert cropped.min() >= 0
    assert cropped.max() <= plane.max()


def test_noise_has_the_deviation_asked_for():
    added = Noise(0.2)(images(), np.random.default_rng(0)) - images()
    assert added.std() == pytest.approx(0.2, rel=0.05)


def test_brightness_is_one_factor_an_image_from_the_whole_range():
    before = images(400) + np.float32(0.1)
    factors = Brightness(0.3)(before, np.random.default_rng(0)) / before
    assert np.ptp(factors, axis=(1, 2, 3)).max() < 1e-6
    own = factors[:, 0, 0, 0]
    assert 0.7 <= own.min() < 0.72
    assert 1.28 < own.max() <= 1.3
    assert own.mean() == pytest.approx(1, abs=0.03)


def test_small_integers_of_numpy_do_not_overflow():
    dots = np.ones((1, 101, 101, 1), np.float32)
    assert Shift(np.int8(100))(dots, np.random.default_rng(0)).shape == dots.shape
    assert type(Shift(np.int8(100)).pixels) is int


def kinds(array):
    """The same numbers as NumPy, lists and PyTorch have them."""
    yield "half", array.astype(np.float16)
    yield "list", array.tolist()
    yield "backwards in memory", np.asfortranarray(array)
    torch = pytest.importorskip("torch", reason="PyTorch is one of the kinds")
    yield "tensor", torch.from_numpy(array)


@pytest.mark.parametrize("change", [Shift(3), Flip(), Crop(0.6), Noise(0.1), Brightness(0.3)])
def test_whatever_holds_the_images_plain_float32_comes_back(change):
    before = images(4).astype(np.float16).astype(np.float32)  # half floats hold them exactly
    expected = change(before, np.random.default_rng(0))
    for kind, same in kinds(before):
        found = change(same, np.random.default_rng(0))
        assert type(found) is np.ndarray, kind
        assert found.dtype == np.float32, kind
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("change", [Shift(3), Flip(), Crop(0.6), Noise(0.1), Brightness(0.3)])
@pytest.mark.parametrize(
    ("before", "rng", "error", "message"),
    [
        (
            np.zeros((2, 9, 7, 1)),
            None,
            DataError,
            r"rng must be a numpy.random.Generator, got None",
        ),
        (np.zeros((2, 9, 7, 1)), 3, DataError, r"got 3; try numpy.random.default_rng\(0\)"),
        (None, np.random.default_rng(0), DataError, "images must hold real numbers, got None"),
        (np.zeros((9, 7)), np.random.default_rng(0), ShapeError, "images must have 4 axes"),
        (np.full((1, 2, 2, 1), None), np.random.default_rng(0), DataError, "got Python objects"),
    ],
)
def test_what_is_no_batch_or_no_generator_is_refused(change, before, rng, error, message):
    with pytest.raises(error, match=message):
        change(before, rng)


def test_images_are_not_shifted_out_of_sight():
    with pytest.raises(ShapeError, match=r"a shift by up to 9 pixels moves images of 9x7 out of"):
        Shift(9)(images(1), np.random.default_rng(0))


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ShapeError, match="pixels must be at least 1"):
        Shift(0)
    with pytest.raises(
        DataError, match=r"share must be a number above 0 and at most 1, got 0; try share=0.8"
    ):
        Crop(0)
    with pytest.raises(DataError, match="deviation must be a number of at least 0, got -1"):
        Noise(-1)
    assert {"Brightness", "Crop", "Flip", "Noise", "Shift"} < set(augmentation.__all__)
