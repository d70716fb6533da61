"""Pictures of pixels: the colours are those of `cnnlab.display`, the numbers those of the array."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from cnnlab import display, plots
from cnnlab.errors import ShapeError

MAP = np.array([[-2.0, 0.0, 1.0], [0.5, 2.0, -1.0]])


def pixels_of(picture, panel=0):
    return np.asarray(picture.axes[panel].images[0].get_array())


def words_of(picture, panel=0):
    return [text.get_text() for text in picture.axes[panel].texts]


def frames_of(picture):
    return [
        (*patch.get_xy()[::-1], patch.get_height(), patch.get_width())
        for patch in picture.axes[0].patches
        if isinstance(patch, Rectangle)
    ]


def test_what_lies_in_zero_to_one_is_a_photograph():
    image = np.random.default_rng(0).random((4, 5, 3))
    np.testing.assert_array_equal(pixels_of(plots.image(image)), display.photograph(image))
    grey = image[..., :1]
    np.testing.assert_array_equal(pixels_of(plots.image(grey)), display.photograph(grey[..., 0]))


def test_a_map_has_the_colours_of_the_widgets():
    picture = plots.image(MAP, "map", limit=2)
    np.testing.assert_array_equal(pixels_of(picture), display.paint(MAP, "blue_red", 2))
    bar = picture.axes[1]
    assert [label.get_text() for label in bar.get_yticklabels()] == ["−2", "0", "2"]  # noqa: RUF001 - a true minus


def test_a_palette_makes_a_map_of_anything():
    half = np.full((2, 2), 0.5)
    picture = plots.image(half, palette="grey", limit=0.5)
    np.testing.assert_array_equal(pixels_of(picture), display.paint(half, "grey", 0.5))


def test_pictures_stand_beside_each_other_under_their_names():
    picture = plots.side_by_side({"one": np.eye(3), "two": MAP})
    assert [axes.get_title() for axes in picture.axes[:2]] == ["one", "two"]
    listed = plots.side_by_side([np.eye(3), MAP], ["one", "two"])
    assert listed.alt == picture.alt
    assert "one: 3x3 pixels from 0 to 1; two: 2x3 feature map from -2 to 2" in picture.alt


def test_every_number_is_printed_in_its_place():
    picture = plots.numbers([[1, -2, 0.333], [10, np.nan, -0.0]])
    assert words_of(picture) == ["1", "−2", "0.33", "10", "nan", "0"]  # noqa: RUF001 - a true minus
    assert [text.get_position() for text in picture.axes[0].texts[:4]] == [
        (0, 0), (1, 0), (2, 0), (0, 1),
    ]  # fmt: skip


def test_numbers_have_the_colours_of_the_widgets():
    picture = plots.numbers(MAP)
    np.testing.assert_array_equal(pixels_of(picture), display.paint(MAP, "blue_red", 2))


def test_below_zero_is_blue_and_above_is_red():
    red, _, blue = np.moveaxis(pixels_of(plots.numbers([[-3, 0, 3]]))[0].astype(int), 1, 0)
    assert blue[0] > red[0] + 50
    assert red[2] > blue[2] + 50
    assert abs(red[1] - blue[1]) < 5


def contrast(colour, background):
    """Contrast by the Web Content Accessibility Guidelines 2.2."""

    def luminance(channels):
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        return float(linear @ [0.2126, 0.7152, 0.0722])

    from matplotlib.colors import to_rgb

    light, dark = sorted([luminance(np.array(to_rgb(colour))), luminance(background / 255)])[::-1]
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", display.PALETTES)
def test_every_printed_number_can_be_read_on_its_colour(palette):
    values = np.linspace(-3, 3, 21)[None]
    picture = plots.numbers(values, palette=palette)
    for text, background in zip(picture.axes[0].texts, pixels_of(picture)[0], strict=True):
        assert contrast(text.get_color(), background) > 4.5


def test_a_marked_window_is_framed():
    picture = plots.numbers(
        {"input": np.ones((5, 5)), "filter": np.ones((3, 3))}, mark=(1, 2, 4, 5)
    )
    assert frames_of(picture) == [(0.5, 1.5, 3, 3)]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((3, 3, 2)), r"rows and columns, got an array of shape \(3, 3, 2\)"),
        (np.zeros((3, 25)), "a table of 3x25 numbers is too large to read, 24 along a side"),
    ],
)
def test_what_cannot_be_printed_is_refused(wrong, message):
    with pytest.raises(ShapeError, match=message):
        plots.numbers(wrong)


def test_an_overlay_is_grey_where_nothing_mattered():
    image = np.random.default_rng(0).random((4, 4, 3)).astype(np.float32)
    heat = np.zeros((4, 4))
    heat[1, 1], heat[2, 2] = 1, -1
    red, green, blue = np.moveaxis(pixels_of(plots.overlay(image, heat, limit=1)).astype(int), 2, 0)
    assert red[0, 0] == green[0, 0] == blue[0, 0]
    assert red[1, 1] > blue[1, 1] + 50
    assert blue[2, 2] > red[2, 2] + 50


def test_an_overlay_of_another_size_is_refused():
    with pytest.raises(ShapeError, match=r"a map of shape \(2, 2\) does not cover .* 4x4 pixels"):
        plots.overlay(np.zeros((4, 4)), np.zeros((2, 2)))


def test_what_is_outside_a_receptive_field_is_dimmed():
    picture = plots.receptive_field(np.ones((6, 8)), (1, 2, 4, 5), "seen")
    lit = pixels_of(picture)[..., 0] == 255
    assert lit.sum() == 9
    assert lit[1:4, 2:5].all()
    assert frames_of(picture) == [(0.5, 1.5, 3, 3)]


def test_a_field_that_reaches_into_the_padding_has_room():
    picture = plots.receptive_field(np.ones((6, 8)), (-2, -1, 3, 3))
    assert picture.axes[0].get_ylim() == (5.5, -2.5)
    assert picture.axes[0].get_xlim() == (-1.5, 7.5)


def test_patches_have_their_captions():
    picture = plots.patches([np.zeros((2, 2))] * 10, [f"{n}" for n in range(10)], columns=4)
    assert len(picture.axes) == 10
    assert picture.axes[7].get_title() == "7"


def test_a_large_number_is_written_out_not_as_a_power_of_ten():
    picture = plots.numbers([[123.4, -2500.0], [0.25, 1e6]])
    written = {text.get_text() for text in picture.axes[0].texts}
    assert written == {"123", "\N{MINUS SIGN}2500", "0.25", "1e+06"}
