"""Sizes against brute force: windows laid down one by one, and what PyTorch makes of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlab import shapes
from cnnlab.errors import ShapeError
from cnnlab.shapes import Window

sides = st.tuples(
    st.integers(1, 40), st.integers(1, 8), st.integers(1, 5), st.integers(0, 6), st.integers(1, 4)
)


def positions(size, window, stride, before, after, dilation):
    """List the first pixel of every window, padding included, by trying them all."""
    reach = dilation * (window - 1)
    return [p for p in range(0, before + size + after, stride) if p + reach < before + size + after]


@given(sides)
def test_the_output_has_one_pixel_for_every_window_that_fits(side):
    size, window, stride, padding, dilation = side
    found = positions(size, window, stride, padding, padding, dilation)
    if found:
        assert shapes.output_size(size, window, stride, padding, dilation) == len(found)
    else:
        with pytest.raises(ShapeError, match="does not fit"):
            shapes.output_size(size, window, stride, padding, dilation)


@given(sides)
def test_dropped_pixels_are_those_behind_the_last_window(side):
    size, window, stride, padding, dilation = side
    found = positions(size, window, stride, padding, padding, dilation)
    if found:
        last = found[-1] + dilation * (window - 1)
        expected = size + 2 * padding - 1 - last
        assert shapes.dropped(size, window, stride, padding, dilation) == expected


@given(sides)
def test_untouched_pixels_are_those_that_no_weight_stands_on(side):
    size, window, stride, padding, dilation = side
    found = positions(size, window, stride, padding, padding, dilation)
    if found:
        stood = {p + tap * dilation - padding for p in found for tap in range(window)}
        expected = [pixel for pixel in range(size) if pixel not in stood]
        assert shapes.untouched(size, window, stride, padding, dilation) == expected


def test_untouched_pixels_of_too_long_a_row_are_not_listed():
    with pytest.raises(ShapeError, match=r"2,147,483,648 pixels .* try up to 100,000 pixels"):
        shapes.untouched(2**31, 3)


@given(st.integers(1, 40), st.integers(1, 8), st.integers(1, 5), st.integers(1, 4))
def test_same_padding_keeps_one_output_for_every_stride(size, window, stride, dilation):
    before, after = shapes.same_padding(size, window, stride, dilation)
    assert len(positions(size, window, stride, before, after, dilation)) == -(-size // stride)
    assert 0 <= after - before <= 1
    if before + after:  # not one zero too many
        fewer = positions(size, window, stride, before, after - 1, dilation)
        assert len(fewer) < -(-size // stride)


@given(sides, sides)
def test_a_window_over_an_image_resolves_both_directions(down, across):
    names = [(3, "padding"), (2, "stride"), (4, "dilation")]
    options = {name: (down[n], across[n]) for n, name in names}
    image, size = (down[0], across[0]), (down[1], across[1])
    expected = [len(positions(n, f, s, p, p, d)) for n, f, s, p, d in (down, across)]
    if min(expected):
        window = Window.over(image, size, **options)
        assert [window.out_height, window.out_width] == expected
        assert (window.top, window.bottom) == (down[3], down[3])
        assert (window.left, window.right) == (across[3], across[3])
    else:
        with pytest.raises(ShapeError, match=f"a {size[0]}x{size[1]} filter .*does not fit in a "):
            Window.over(image, size, **options)


def test_sizes_are_those_of_torch():
    torch = pytest.importorskip("torch", reason="PyTorch, the referee, is not installed")
    rng = np.random.default_rng(0)
    compared = 0
    while compared < 200:
        size, window, stride, padding, dilation = (int(n) for n in rng.integers(1, 9, 5))
        if dilation * (window - 1) + 1 > size + 2 * padding:
            continue
        layer = torch.nn.Conv1d(1, 1, window, stride, padding, dilation)
        expected = layer(torch.zeros(1, 1, size)).shape[-1]
        assert shapes.output_size(size, window, stride, padding, dilation) == expected
        compared += 1


def test_the_lecture_examples_come_out():
    assert shapes.output_size(7, 3, stride=2) == 3
    layers = [(39, 3, 1), (37, 5, 2), (17, 5, 2)]
    assert [shapes.output_size(*layer) for layer in layers] == [37, 17, 7]


def test_parameters_are_counted_as_the_lecture_counts_them():
    assert shapes.conv2d_parameters(3, 3, in_channels=3, filters=10) == 280
    assert shapes.conv2d_parameters(3, 3, in_channels=3, filters=10, bias=False) == 270
    assert shapes.dense_parameters(16_384, 512) == 8_389_120


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 3)), max_size=4))
def test_a_receptive_field_is_what_one_output_pixel_can_be_traced_back_to(windows):
    seen = {0}
    for window, stride, dilation in reversed(windows):
        seen = {stride * p + dilation * k for p in seen for k in range(window)}
    assert shapes.receptive_field(windows) == max(seen) - min(seen) + 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"window": 7},
            "a 7x7 filter does not fit in a 5x5 image; use padding >= 1 or a filter of 5x5",
        ),
        (
            {"window": 7, "noun": "pooling window"},
            "a 7x7 pooling window does not fit .* of 5x5 or less",
        ),
        ({"window": (3, 9), "padding": (0, 1)}, "a 3x9 filter .* padded to 5x7; use padding >= 2"),
        (
            {"window": 3, "dilation": 3},
            "with dilation 3x3 does not fit in a 5x5 image; use padding >= 1",
        ),
        ({"window": 0}, "filter must be at least 1, got 0; try filter=1"),
        ({"window": 3, "stride": 0}, "stride must be at least 1, got 0; try stride=1"),
        (
            {"window": 3, "stride": (1, 2, 3)},
            r"stride must be a whole number or a pair .*got \(1, 2, 3\)",
        ),
        ({"window": 3, "stride": 1.5}, "stride must be a whole number or a pair"),
        ({"window": 3, "padding": -1}, "padding must be at least 0, got -1; try padding=0"),
        (
            {"window": 3, "padding": "half"},
            'padding must be "same", "valid" or a number .*got \'half\'',
        ),
    ],
)
def test_what_does_not_fit_is_explained(options, message):
    with pytest.raises(ShapeError, match=message):
        Window.over((5, 5), **options)


def test_a_side_too_short_for_its_window_is_explained():
    with pytest.raises(
        ShapeError, match="a window of 5 pixels does not fit in 4 pixels; use padding >= 1"
    ):
        shapes.output_size(4, 3, dilation=2)


SMALL = (np.int8, np.uint8, np.int16)


@pytest.mark.parametrize("kind", SMALL)
def test_small_integers_of_numpy_do_not_overflow(kind):
    n, f, p, c = kind(100), kind(3), kind(60), kind(100)
    assert shapes.output_size(n, f, kind(1), p, kind(50)) == 100 + 120 - 100
    assert shapes.dropped(n, f, kind(2), p) == shapes.dropped(100, 3, 2, 60)
    assert shapes.same_padding(n, c, kind(1), kind(2)) == shapes.same_padding(100, 100, 1, 2)
    assert shapes.conv2d_parameters(f, f, c, c) == 90_100
    assert shapes.dense_parameters(c, c) == 10_100
    assert shapes.receptive_field([(c, c), (c, f, f)]) == 1 + 99 + 3 * 99 * 100
    window = Window.over((n, c), (c, f), (kind(1), kind(1)), (p, p), kind(1))
    assert (window.out_height, window.out_width) == (121, 218)
    assert all(type(number) is int for number in (window.height, window.top, window.stride[0]))


@pytest.mark.parametrize("wrong", [2.0, "2", True, np.float32(2), None, [2, 2.0], (2.0, 2.0)])
def test_only_whole_numbers_count_as_sizes(wrong):
    with pytest.raises(ShapeError, match=r"stride must be a whole number or a pair .*try stride=1"):
        Window.over((5, 5), 3, stride=wrong)


@pytest.mark.parametrize("wrong", [2.0, "2", True, (2, 2), None])
def test_one_side_takes_one_whole_number(wrong):
    for function in (shapes.output_size, shapes.dropped, shapes.same_padding):
        with pytest.raises(
            ShapeError, match=r"window must be a whole number, got .*; try window=1"
        ):
            function(9, wrong)
    with pytest.raises(ShapeError, match="units must be a whole number, got"):
        shapes.dense_parameters(9, wrong)


def test_a_number_beyond_all_images_is_refused():
    with pytest.raises(ShapeError, match=r"padding must be below 2147483648, got 10000000000"):
        Window.over((5, 5), 3, padding=10**10)


class TestPoolingWindows:
    def test_step_as_far_as_they_are_large_unless_told(self):
        assert Window.pooling((9, 9), (2, 3)).stride == (2, 3)

    @pytest.mark.parametrize(("window", "padding"), [(2, 1), (3, 1), ((4, 2), (2, 1)), (5, "same")])
    def test_take_padding_up_to_half_of_them(self, window, padding):
        assert Window.pooling((9, 9), window, 1, padding).out_height > 0

    @pytest.mark.parametrize(("window", "padding"), [(2, 2), (3, 2), (1, 1), ((4, 2), (2, 2))])
    def test_refuse_more_for_some_would_lie_in_nothing_but_padding(self, window, padding):
        with pytest.raises(
            ShapeError, match=r"padding .* more than half .* pooling window.*at most"
        ):
            Window.pooling((9, 9), window, 1, padding)
