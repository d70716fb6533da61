"""Times and the roof: what is counted, what is remembered, what the pictures say of them."""

import json

import numpy as np
import pytest

from cnnlab import plots, rungs, timing
from cnnlab.errors import DataError


def drawn(shape, filters, seed=0):
    rng = np.random.default_rng(seed)
    image, weights = rng.standard_normal(shape), rng.standard_normal(filters)
    return image.astype(np.float32), weights.astype(np.float32)


def test_a_timing_counts_products_and_bytes():
    work = drawn((9, 8, 2), (3, 2, 2, 5))
    (found,) = timing.measure({"own": rungs.im2col}, *work, patience=0.01)
    assert found.name == "own"
    assert found.multiply_adds == 7 * 7 * 5 * 3 * 2 * 2
    assert found.moved == 4 * (9 * 8 * 2 + 3 * 2 * 2 * 5 + 7 * 7 * 5)
    assert found.seconds > 0


def test_every_call_is_timed_the_first_among_them():
    made = []
    assert len(timing.calls(made.append, 1, count=3)) == 3
    assert made == [1, 1, 1]


def test_a_child_comes_to_harm_and_says_so():
    assert timing.in_a_child("print(1)") == "1"
    assert timing.in_a_child("print(1); [][0]") == "1\nIndexError: list index out of range"
    assert "crashed" in timing.in_a_child("import os; os.abort()")


def test_the_roof_is_measured_once_and_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr("cnnlab.kernels._jit.cache_folder", lambda: tmp_path)
    first = timing.roof()
    assert timing.roof() == first
    assert first.over(1e9) == first.multiply_adds
    assert first.over(first.ridge / 4) == pytest.approx(first.multiply_adds / 4)
    file = tmp_path / "roof.json"
    (key,) = json.loads(file.read_text())
    file.write_text(json.dumps({key: {"nonsense": 1}}))
    assert timing.roof().threads == first.threads
    file.write_text("[")
    assert timing.roof().threads == first.threads


def test_pictures_say_in_words_what_they_show():
    bars = plots.times({"loop": 2.0, "list": 1.0, "tile": 0.0005})
    assert bars.alt == (
        "Times: loop 2 s, list 1 s (2 times faster than loop), "
        "tile 500 µs (4,000 times faster than loop)"
    )
    roof = timing.Roof(100e9, 20e9, 80e9, 2)
    dots = plots.roofline([timing.Timing("tile", 1e-3, 10_000_000, 1_000_000)], roof)
    assert "tile 10 billion a second at 10 a byte, 0.1 of the roof" in dots.alt
    for picture in (bars, dots):
        assert picture.encoded()[1]


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(DataError, match="between 1 and 24 times"):
        plots.times({})
    with pytest.raises(DataError, match="mark must be one of loop"):
        plots.times({"loop": 1.0}, mark="tile")
    with pytest.raises(DataError, match="between 1 and 24 dots"):
        plots.roofline([], timing.Roof(1.0, 1.0, 1.0, 1))
