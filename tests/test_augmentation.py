import numpy as np
import pytest
from scipy import ndimage

from cnnlab import augmentation
from cnnlab.augmentation import Crop, Flip, Noise, Shift
from cnnlab.errors import DataError, ShapeError


def images(count=50, shape=(9, 7, 2)):
    return np.random.default_rng(0).random((count, *shape), np.float32)


@pytest.mark.parametrize("change", [Shift(3), Flip(), Crop(0.6), Noise(0.1)])
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


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ShapeError, match="pixels must be at least 1"):
        Shift(0)
    with pytest.raises(DataError, match=r"share must be above 0 and at most 1, got 0; try 0.8"):
        Crop(0)
    with pytest.raises(DataError, match="deviation must be 0 or more"):
        Noise(-1)
    assert {"Crop", "Flip", "Noise", "Shift"} < set(augmentation.__all__)
