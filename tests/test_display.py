"""Colours: zero in the middle, minus and plus told apart by every eye."""

import io

import numpy as np
import pytest
from PIL import Image

from cnnlab import display
from cnnlab.errors import DataError

SIGNED = [name for name, palette in display.PALETTES.items() if palette.signed]

# Machado, Oliveira and Fernandes 2009, A physiologically-based model for simulation of color vision
# deficiency, severity 1: on linear red, green, blue.
COLOUR_BLIND = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def seen_as(rgb, matrix):
    """CIE L*a*b* of a colour (0 to 255) as seen by an eye with this deficiency."""
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    dull = np.clip(linear @ np.array(matrix).T, 0, 1)
    xyz = dull @ np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    ).T / [0.9505, 1, 1.089]  # fmt: skip
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1
    )


def test_zero_has_the_middle_of_a_signed_palette():
    assert display.levels([-1, 0, 1], limit=1).tolist() == [0, 127, 254]


def test_black_is_zero_and_white_the_limit_in_grey():
    assert display.paint([-1, 0, 2, 9], "grey", limit=2)[:, 0].tolist() == [0, 0, 255, 255]


def test_infinity_takes_the_last_colours_and_what_is_not_a_number_has_its_own():
    steps = display.levels([-np.inf, np.inf, np.nan], limit=1)
    assert steps.tolist() == [0, 254, display.NAN_LEVEL]
    for palette in display.PALETTES.values():
        rest = palette.colours[: display.NAN_LEVEL].astype(int)
        own = palette.colours[display.NAN_LEVEL].astype(int)
        assert np.abs(rest - own).sum(axis=1).min() > 60


def test_the_strongest_colour_goes_to_ninety_nine_in_a_hundred():
    values = np.append(np.ones(3_990), np.full(10, 50.0))
    assert display.limit_of(values) == 1
    assert display.limit_of([1, 2, -8]) == 8  # so few are all shown
    assert display.limit_of(np.zeros((3, 3))) == 1
    assert display.limit_of([np.nan, np.inf, 2]) == 2
    assert display.limit_of([np.nan]) == 1


def test_a_map_with_one_bright_pixel_does_not_vanish():
    values = np.zeros((100, 100))
    values[40, 40] = 1  # beyond the ninety-nine in a hundred, which are zero
    assert display.limit_of(values) == 1
    assert display.limit_of(5 * values[40:41, 30:50]) == 5


def test_the_limit_of_a_large_map_looks_at_all_its_columns():
    values = np.zeros((512, 512), np.float32)
    values[:, 1::2] = 3  # a step of 64 would see even columns only
    assert display.limit_of(values) == 3


@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.parametrize("eye", COLOUR_BLIND)
def test_colour_blind_eyes_tell_minus_from_plus(name, eye):
    colours = display.PALETTES[name].colours[:255].astype(float)
    seen = seen_as(colours, COLOUR_BLIND[eye])
    apart = np.linalg.norm(seen[:127] - seen[:127:-1], axis=1)
    assert apart[:64].min() > 20  # the outer halves, where the sign must be seen at a glance


@pytest.mark.parametrize("name", SIGNED)
def test_both_sides_grow_away_from_zero_in_lightness(name):
    plain = np.eye(3).tolist()
    light = seen_as(display.PALETTES[name].colours[:255].astype(float), plain)[:, 0]
    away = np.abs(light - light[127])
    assert (np.diff(away[127:]) > -0.8).all()
    assert (np.diff(away[127::-1]) > -0.8).all()


def test_a_photograph_keeps_its_bytes():
    pixels = np.arange(256, dtype=np.uint8)
    assert (display.photograph(pixels[None] / np.float32(255))[0, :, 0] == pixels).all()
    assert display.photograph([[np.nan, -1, 2, np.inf]])[0, :, 0].tolist() == [0, 0, 255, 255]
    assert display.photograph([[0, 9]], white=9)[0, :, 2].tolist() == [0, 255]
    assert display.photograph(np.zeros((2, 2, 3))).shape == (2, 2, 3)


def test_a_jpeg_holds_nearly_the_pixels():
    pixels = display.paint(np.linspace(-1, 1, 1200).reshape(30, 40))
    found = np.asarray(Image.open(io.BytesIO(display.jpeg(pixels))))
    assert np.abs(found.astype(int) - pixels).mean() < 4


def test_a_wrong_palette_or_limit_is_refused_with_what_to_try():
    with pytest.raises(DataError, match=r"no palette 'jet'; try one of blue_red, night, grey"):
        display.paint([1], "jet")
    with pytest.raises(DataError, match=r"limit must be a number above 0, got -1; try limit=1"):
        display.levels([1], limit=-1)
