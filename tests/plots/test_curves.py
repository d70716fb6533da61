"""Curves over a common axis."""

import numpy as np
import pytest

from cnnlab import plots
from cnnlab.errors import DataError, ShapeError

X = np.linspace(-2, 2, 5)


def test_every_curve_has_its_own_points_colour_and_name():
    picture = plots.curves(X, {"square": X**2, "$half$": X / 2}, "two", across="input")
    (panel,) = picture.axes
    square, half = panel.lines
    np.testing.assert_allclose(square.get_xdata(), X)
    np.testing.assert_allclose(square.get_ydata(), [4, 1, 0, 1, 4])
    np.testing.assert_allclose(half.get_ydata(), [-1, -0.5, 0, 0.5, 1])
    assert square.get_color() != half.get_color()
    names = [text.get_text() for text in panel.get_legend().get_texts()]
    assert names == ["square", r"\$half\$"]
    assert panel.get_xlabel() == "input"


def test_the_words_tell_ends_and_extremes():
    picture = plots.curves(X, {"square": [4, 1, -3, 1, np.nan]}, "one", across="input")
    words = "one: 5 points from -2 to 2 input; square: from 4 to nan, least -3, largest 4"
    assert picture.alt == words
    assert picture.encoded()[0] == "image/png"


@pytest.mark.parametrize(
    ("x", "lines", "message"),
    [
        (X, {"short": X[1:]}, r"'short' has shape \(4,\), and x has \(5,\); give one number"),
        ([X, X], {"two": X}, r"x must have shape \(points,\), got \(2, 5\)"),
        (X, {}, r"1 to 6 curves, got 0; try plots.curves"),
        (X, dict.fromkeys("abcdefg", X), "got 7"),
        ([], {"none": []}, r"got \(0,\)"),
    ],
)
def test_what_does_not_fit_is_told(x, lines, message):
    with pytest.raises(ShapeError, match=message):
        plots.curves(x, lines)


def test_curves_without_names_are_refused():
    with pytest.raises(DataError, match="lines must be a dict, got"):
        plots.curves(X, [X])
