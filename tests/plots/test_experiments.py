"""Bins, scores as dots, and searches with their shadows."""

import numpy as np
import pytest

from cnnlab import plots
from cnnlab.errors import DataError, ShapeError


def test_bins_are_drawn_to_scale_and_the_sealed_one_is_hatched():
    picture = plots.bins({"training": 60, "validation": 15, "test": 25}, "mine")
    bars = picture.axes[0].patches
    assert [bar.get_width() for bar in bars] == [60, 15, 25]
    assert [bar.get_x() for bar in bars] == [0, 60, 75]
    assert [bool(bar.get_hatch()) for bar in bars] == [False, False, True]
    assert picture.alt == "mine: training 60, validation 15, test 25 (sealed)"
    assert picture.encoded()[0] == "image/png"


def test_the_words_of_a_slim_bin_stand_above_it():
    picture = plots.bins({"training": 1000, "validation": 10, "test": 1000})
    heights = [text.get_position()[1] for text in picture.axes[0].texts]
    assert heights[1] > heights[0] == heights[2] == 0


def test_every_number_is_a_dot_and_the_mean_a_line():
    groups = {"one": [0.9, 0.92, 0.91], "$other$": np.array([0.5])}
    picture = plots.strip_plot(groups, "seeds", across="score", error=0.01, truth=0.9)
    (axes,) = picture.axes
    dots = [line.get_xdata() for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots[0], [0.9, 0.92, 0.91])
    np.testing.assert_allclose(dots[1], [0.5])
    middles = [segments.get_segments()[0][0][0] for segments in axes.collections]
    np.testing.assert_allclose(middles, [0.91, 0.5], rtol=1e-6)
    bands = [(band.get_x(), band.get_width()) for band in axes.patches]
    np.testing.assert_allclose(bands, [(0.9, 0.02), (0.49, 0.02)], rtol=1e-6)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["one", r"\$other\$"]
    assert picture.alt == (
        "seeds: one: 3 from 0.9 to 0.92 score, mean 0.91; $other$: 1 from 0.5 to 0.5 score, "
        "mean 0.5"
    )
    assert any(line.get_linestyle() == "--" for line in axes.lines)


def test_on_powers_of_ten_the_mean_is_the_geometric_one():
    picture = plots.strip_plot({"rates": [0.001, 0.1]}, log=True)
    (axes,) = picture.axes
    assert axes.get_xscale() == "log"
    assert axes.collections[0].get_segments()[0][0][0] == pytest.approx(0.01, rel=1e-5)
    assert "geometric mean 0.01" in picture.alt
    picture.encoded()
    assert {label.get_text() for label in axes.get_xticklabels()} >= {"0.001", "0.01", "0.1"}


def test_a_search_shows_its_trials_and_their_shadows():
    grid = [(rate, count) for rate in (0.01, 0.1) for count in (4, 8)]
    drawn = [(0.02, 5), (0.03, 6), (0.5, 7), (0.7, 8)]
    picture = plots.search({"grid": grid, "random": drawn}, across="rate", up="filters")
    for axes, plan in zip(picture.axes, (grid, drawn), strict=True):
        trials, shadows = axes.lines
        np.testing.assert_allclose(np.transpose(trials.get_data()), plan, rtol=1e-6)
        np.testing.assert_allclose(shadows.get_xdata(), np.array(plan)[:, 0], rtol=1e-6)
        assert len(set(shadows.get_ydata())) == 1
        assert shadows.get_ydata()[0] < 4
        assert axes.get_xscale() == "log"
    assert picture.alt == (
        "Search: grid: 4 trials with 2 values of rate; random: 4 trials with 4 values of rate"
    )


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.bins({}), "between 1 and 6 bins"),
        (lambda: plots.bins({"a": 0}), "a count"),
        (lambda: plots.bins([1]), "counts must be a dict"),
        (lambda: plots.strip_plot({"a": []}), "row of 1 to 5,000 numbers"),
        (lambda: plots.strip_plot({"a": [[1, 2]]}), r"shape \(1, 2\)"),
        (lambda: plots.strip_plot({"a": [0, 1]}, log=True), "finite and above 0.*try log=False"),
        (lambda: plots.strip_plot({"a": [np.nan]}), "must be finite"),
        (lambda: plots.strip_plot({}), "between 1 and 12 groups"),
        (lambda: plots.strip_plot({"a": [1]}, error=-1), "error"),
        (lambda: plots.search({"a": [1, 2]}), "two columns"),
        (lambda: plots.search({"a": [[0, 2]]}), "finite and above 0"),
        (lambda: plots.search({key: [[1, 2]] for key in "abc"}), "one or two searches"),
    ],
)
def test_what_cannot_be_drawn_is_told(draw, message):
    with pytest.raises((DataError, ShapeError), match=message):
        draw()
