import colorsys

import numpy as np
import pytest
from scipy.signal import correlate

from cnnlab import banks, images
from cnnlab import functional as F
from cnnlab.errors import DataError, ShapeError
from cnnlab.filters import CATALOGUE


@pytest.mark.parametrize("name", banks.COLOURS)
def test_a_filter_for_colour_is_silent_where_there_is_none(name):
    entry = banks.COLOURS[name]
    assert entry.name == name
    assert entry.weights.shape == (3, 3, 3)
    assert entry.purpose.endswith(".")
    assert len(entry.source) > 10
    grey = np.repeat(images.sample("camera")[:40, :40, None], 3, axis=2)
    assert abs(F.conv2d(grey[None], entry.weights[..., None])).max() < 1e-6


@pytest.mark.parametrize(
    ("name", "hue"), [("redness", 0), ("greenness", 1 / 3), ("blueness", 2 / 3)]
)
def test_a_filter_for_a_colour_responds_most_to_its_own(name, hue):
    wheel = np.array([colorsys.hsv_to_rgb(step / 12, 1, 1) for step in range(12)])
    answers = wheel @ banks.COLOURS[name].weights[1, 1]
    assert answers.argmax() == round(12 * hue)
    assert answers.max() == 1


def test_an_edge_of_colour_has_its_sign():
    halves = np.zeros((5, 6, 3))
    halves[:, :3, 1] = halves[:, 3:, 0] = 0.5  # green on the left, red on the right
    across = F.conv2d(halves[None], banks.stack(["red_green_x", "red_green_y", "sobel_x"]))[0]
    assert across[..., 0].max() == 4
    assert across[..., 0].min() == 0
    assert not across[..., 1:].any()  # as bright on both sides: no grey filter sees it


def test_sixteen_are_sixteen_different_ones():
    bank = banks.stack(banks.SIXTEEN)
    assert bank.shape == (3, 3, 3, 16)
    assert len({bank[..., k].tobytes() for k in range(16)}) == 16


def test_a_bank_computes_what_scipy_does_filter_by_filter():
    rng = np.random.default_rng(0)
    own = rng.normal(size=(5, 3, 3)).astype(np.float32)
    picture = images.sample("chelsea")[:30, :20]
    maps = F.conv2d(picture[None], banks.stack(["emboss", own, "blue_yellow_y"]))[0]
    assert maps.shape == (26, 18, 3)
    np.testing.assert_allclose(maps[..., 1], correlate(picture, own, "valid")[..., 0], atol=1e-5)
    emboss = np.repeat(CATALOGUE["emboss"].weights[..., None], 3, axis=2)
    expected = correlate(picture[1:-1], emboss, "valid")[..., 0]
    np.testing.assert_allclose(maps[..., 0], expected, atol=1e-5)


def test_what_is_no_bank_is_refused():
    with pytest.raises(DataError, match=r"there is no filter 'sobel'; try one of identity"):
        banks.stack(["sobel"])
    with pytest.raises(DataError, match="at least one filter, got none"):
        banks.stack([])
    with pytest.raises(ShapeError, match=r"three slices, red, green and blue, got .*\(3, 3, 2\)"):
        banks.stack([np.ones((3, 3, 2))])
    with pytest.raises(DataError, match="must be a list"):
        banks.stack("sobel_x")
