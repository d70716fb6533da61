"""Settings: their range is said once, refused in words, told to the page."""

import numpy as np
import pytest

from cnnlab import display
from cnnlab.errors import DataError, ShapeError
from cnnlab.widgets.shared import traits
from cnnlab.widgets.shared.widget import Widget


class Sample(Widget):
    """Has one setting of each kind, in an order that is not that of the alphabet."""

    zeros = traits.PaddingOf(most=2, words=False)
    numbers = traits.Numbers([[1, 2], [3, 4]], most=4)
    kind = traits.OneOf(max="Maximum", average="Average")
    count = traits.Count(2, least=1, most=4)
    stride = traits.StrideOf(most=3)
    amount = traits.Amount(0.5)
    on = traits.Switch(True)
    palette = traits.Palette()


def test_settings_keep_the_order_in_which_they_are_declared():
    assert Sample.settings == (
        "zeros", "numbers", "kind", "count", "stride", "amount", "on", "palette",
    )  # fmt: skip
    assert Sample().state()["settings"] == {
        "zeros": 0, "numbers": [[1, 2], [3, 4]], "kind": "max", "count": 2, "stride": None,
        "amount": 0.5, "on": True, "palette": "auto",
    }  # fmt: skip


def test_a_class_below_adds_its_settings_behind_those_above():
    class More(Sample):
        extra = traits.Count(1)

    assert More.settings == (*Sample.settings, "extra")


def test_the_page_is_told_what_each_setting_offers():
    facts = Sample()._facts["settings"]
    assert facts["zeros"] == {"options": [[0, "0 (valid)"], [1, "1"], [2, "2"]]}
    assert facts["numbers"] == {"most": 4, "rows": 4}
    assert facts["kind"] == {"options": [["max", "Maximum"], ["average", "Average"]]}
    assert facts["count"] == {"least": 1, "most": 4}
    assert facts["stride"]["options"] == [[None, "as the window"], [1, "1"], [2, "2"], [3, "3"]]
    assert [name for name, _ in facts["palette"]["options"]] == ["auto", *display.PALETTES]


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("zeros", "same", ShapeError, r"padding must be a whole number"),
        ("numbers", [[1, 2], [3]], DataError, r"numbers must be rows of finite numbers"),
        ("numbers", [[1, np.nan]], DataError, r"numbers must be rows of finite numbers"),
        ("numbers", np.ones((5, 2)), DataError, r"4 rows and columns at the most, got 5x2"),
        ("numbers", 3, DataError, r"must be rows of finite numbers, got 3; try \[\[1, 2\]"),
        ("kind", "median", DataError, r"kind is one of max, average; got 'median'"),
        ("count", 5, DataError, r"count can be 1 to 4 here, got 5; try count=4"),
        ("count", 0, ShapeError, r"count must be at least 1, got 0"),
        ("count", None, ShapeError, r"count must be a whole number"),
        ("stride", 4, DataError, r"stride can be 1 to 3 here, got 4; try stride=3"),
        ("stride", 1.5, ShapeError, r"stride must be a whole number"),
        ("amount", None, DataError, r"amount must be a finite number, got None; try 0\.5"),
        ("on", "yes", DataError, r"on is True or False, got 'yes'"),
        ("palette", "rainbow", DataError, r"palette is one of auto, blue_red"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(name, value, error, message):
    widget = Sample()
    before = widget.state()
    with pytest.raises(error, match=message):
        setattr(widget, name, value)
    assert widget.state() == before


def test_numpy_numbers_are_taken_as_the_numbers_they_are():
    widget = Sample(count=np.int8(3), amount=np.float32(0.25), on=np.bool_(False))
    assert widget.state()["settings"]["count"] == 3
    assert type(widget.count) is int
    assert widget.on is False


def test_two_widgets_do_not_share_their_numbers():
    one, other = Sample(), Sample()
    one.numbers = [[5]]
    assert other.numbers.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match="read-only"):
        other.numbers[0, 0] = 7


def test_float32_numbers_are_written_with_the_digits_that_mean_them():
    assert traits.shortest(np.float32([[0.1, -1 / 3], [1e-8, 5]])) == [
        [0.1, -0.33333334],
        [1e-08, 5.0],
    ]
