"""Pooling through the public rim, against PyTorch and numbers worked out by hand."""

import numpy as np
import pytest

from cnnlab import functional as F
from cnnlab.errors import DataError, ShapeError

CONFIGURATIONS = 500
TOLERANCE = 2e-5

# The feature map of the lecture's edge detector.
EDGES = np.array([[3, -3, -1], [-2, 3, -3], [-3, 2, 3]], np.float32).reshape(1, 3, 3, 1)


def random_pooling(rng):
    """Draw images and a pooling window that fits them: any stride, padding up to half of it."""
    batch, channels = rng.integers(1, 4), rng.integers(1, 41)
    height, width = rng.integers(1, 34, size=2)
    window = tuple(int(n) for n in rng.integers(1, 7, size=2))
    padding = tuple(int(rng.integers(0, n // 2 + 1)) for n in window)
    window = tuple(
        min(n, int(size) + 2 * p)
        for n, size, p in zip(window, (height, width), padding, strict=True)
    )
    stride = tuple(int(s) for s in rng.integers(1, 5, size=2))
    images = rng.standard_normal((batch, height, width, channels), dtype=np.float32)
    return images, {"window": window, "stride": stride, "padding": padding}


def torch_pooling(kind, images, window, stride, padding, count_padding=None):
    """PyTorch's answer and a function for its gradient."""
    torch = pytest.importorskip("torch", reason="PyTorch is the referee (pip install torch)")
    leaf = torch.from_numpy(images).permute(0, 3, 1, 2).requires_grad_()
    pool = getattr(torch.nn.functional, f"{kind}_pool2d")
    counted = {} if count_padding is None else {"count_include_pad": count_padding}
    output = pool(leaf, window, stride, padding, **counted)

    def backward(grad_output):
        output.backward(torch.from_numpy(grad_output).permute(0, 3, 1, 2))
        return leaf.grad.permute(0, 2, 3, 1).numpy()

    return output.detach().permute(0, 2, 3, 1).numpy(), backward


def assert_close(ours, theirs):
    assert ours.shape == theirs.shape
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("kind", ["max", "avg"])
def test_pooling_and_its_gradient_agree_with_pytorch(kind):
    forward, backward = {
        "max": (F.max_pool2d, F.max_pool2d_backward),
        "avg": (F.avg_pool2d, F.avg_pool2d_backward),
    }[kind]
    rng = np.random.default_rng(1)
    for _ in range(CONFIGURATIONS):
        images, geometry = random_pooling(rng)
        expected, gradient = torch_pooling(kind, images, **geometry)
        assert_close(forward(images, **geometry), expected)
        grad_output = rng.standard_normal(expected.shape, dtype=np.float32)
        assert_close(backward(grad_output, images, **geometry), gradient(grad_output))


def test_the_edge_map_of_the_lecture_pools_to_threes():
    np.testing.assert_array_equal(F.max_pool2d(EDGES, 2, stride=1)[0, :, :, 0], [[3, 3], [3, 3]])
    np.testing.assert_array_equal(
        F.avg_pool2d(EDGES, 2, stride=1)[0, :, :, 0], [[0.25, -1], [0, 1.25]]
    )


def test_the_stride_is_the_window_unless_told():
    images = np.zeros((2, 6, 9, 4), np.float32)
    assert F.max_pool2d(images, 3).shape == (2, 2, 3, 4)
    assert F.avg_pool2d(images, (2, 3)).shape == (2, 3, 3, 4)


def test_a_tie_sends_the_gradient_to_the_first_pixel():
    grad_output = np.array([[[[10], [20]]]], np.float32)
    tied = np.full((1, 2, 4, 1), 7, np.float32)
    expected = [[10, 0, 20, 0], [0, 0, 0, 0]]
    gradient = F.max_pool2d_backward(grad_output, tied, 2)
    np.testing.assert_array_equal(gradient[0, :, :, 0], expected)


def test_a_tie_under_overlapping_windows_sends_each_gradient_to_its_first_pixel():
    gradient = F.max_pool2d_backward(np.ones((1, 2, 2, 1)), np.zeros((1, 3, 3, 1)), 2, stride=1)
    np.testing.assert_array_equal(gradient[0, :, :, 0], [[1, 1, 0], [1, 1, 0], [0, 0, 0]])


def test_a_pixel_that_wins_in_several_windows_collects_their_gradients():
    image = np.zeros((1, 3, 3, 1))
    image[0, 1, 1, 0] = 5
    grad_output = np.array([1, 2, 3, 4]).reshape(1, 2, 2, 1)
    gradient = F.max_pool2d_backward(grad_output, image, 2, stride=1)
    np.testing.assert_array_equal(gradient[0, :, :, 0], [[0, 0, 0], [0, 10, 0], [0, 0, 0]])


@pytest.mark.parametrize("channels", [1, 3, 16, 33])
@pytest.mark.parametrize("position", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_nan_wins_wherever_it_stands(position, channels):
    images = np.zeros((1, 2, 2, channels), np.float32)
    images[0, *position] = np.nan
    assert np.isnan(F.max_pool2d(images, 2)).all()
    assert np.isnan(F.avg_pool2d(images, 2)).all()
    gradient = F.max_pool2d_backward(np.ones((1, 1, 1, channels)), images, 2)
    expected = np.zeros_like(images)
    expected[0, *position] = 1
    np.testing.assert_array_equal(gradient, expected)


def test_the_first_of_two_nans_gets_the_gradient():
    image = np.array([[1, np.nan], [np.nan, 2]]).reshape(1, 2, 2, 1)
    gradient = F.max_pool2d_backward(np.ones((1, 1, 1, 1)), image, 2)
    np.testing.assert_array_equal(gradient[0, :, :, 0], [[0, 1], [0, 0]])


def test_padding_never_wins_against_a_pixel():
    darkest = np.full((1, 2, 2, 3), -np.inf)
    assert (F.max_pool2d(darkest, 2, padding=1) == -np.inf).all()
    gradient = F.max_pool2d_backward(np.ones((1, 2, 2, 3)), darkest, 2, padding=1)
    assert (gradient == 1).all()
    negative = np.full((1, 2, 2, 1), -5)
    assert (F.max_pool2d(negative, 2, padding=1) == -5).all()


def test_average_pooling_counts_padding_as_zeros():
    assert F.avg_pool2d(np.ones((1, 1, 1, 1)), 2, padding=1)[0, 0, 0, 0] == 0.25


def test_an_average_that_leaves_the_padding_out_agrees_with_pytorch():
    rng = np.random.default_rng(11)
    for _ in range(200):
        images, options = random_pooling(rng)
        options["count_padding"] = bool(rng.integers(2))
        expected, expected_gradient = torch_pooling("avg", images, **options)
        assert_close(F.avg_pool2d(images, **options), expected)
        grad_output = rng.standard_normal(expected.shape, dtype=np.float32)
        gradient = F.avg_pool2d_backward(grad_output, images.shape, **options)
        assert_close(gradient, expected_gradient(grad_output))


def test_an_average_without_padding_divides_by_the_pixels_it_sees():
    ones = np.ones((1, 3, 3, 1))
    averaged = F.avg_pool2d(ones, 2, padding="same", stride=2, count_padding=False)
    np.testing.assert_array_equal(averaged[0, :, :, 0], [[1, 1], [1, 1]])


def test_same_padding_puts_the_odd_row_after():
    image = np.arange(9).reshape(1, 3, 3, 1)
    pooled = F.max_pool2d(image, 2, stride=2, padding="same")
    np.testing.assert_array_equal(pooled[0, :, :, 0], [[4, 5], [7, 8]])
    gradient = F.max_pool2d_backward(np.ones((1, 2, 2, 1)), image, 2, stride=2, padding="same")
    np.testing.assert_array_equal(gradient[0, :, :, 0], [[0, 0, 0], [0, 1, 1], [0, 1, 1]])
    averaged = F.avg_pool2d(image, 2, stride=2, padding="same")
    np.testing.assert_array_equal(averaged[0, :, :, 0], [[2, 1.75], [3.25, 2]])


def test_pixels_that_no_window_reaches_get_no_gradient():
    image = np.arange(25).reshape(1, 5, 5, 1)
    for backward in (F.max_pool2d_backward, F.avg_pool2d_backward):
        gradient = backward(np.ones((1, 2, 2, 1)), image, 2)
        assert (gradient[0, 4] == 0).all()
        assert (gradient[0, :, 4] == 0).all()
        gaps = backward(np.ones((1, 2, 2, 1)), image, 1, stride=3)
        assert np.count_nonzero(gaps) == 4


def test_infinity_is_a_number_like_any_other():
    image = np.array([[1, np.inf], [-np.inf, 2]]).reshape(1, 2, 2, 1)
    assert F.max_pool2d(image, 2).item() == np.inf
    assert np.isnan(F.avg_pool2d(image, 2).item())


def test_average_pooling_needs_only_the_shape_of_its_images_to_go_back():
    images = np.ones((2, 5, 4, 3), np.float32)
    grad_output = np.arange(24, dtype=np.float32).reshape(2, 2, 2, 3)
    np.testing.assert_array_equal(
        F.avg_pool2d_backward(grad_output, images.shape, 2),
        F.avg_pool2d_backward(grad_output, images, 2),
    )


def test_lists_integers_and_views_are_converted():
    image = np.arange(2 * 6 * 6 * 2).reshape(2, 6, 6, 2)
    whole = F.max_pool2d(image.astype(np.float32))
    np.testing.assert_array_equal(F.max_pool2d(image.tolist()), whole)
    np.testing.assert_array_equal(F.max_pool2d(image.astype(np.float64)), whole)
    every_other = image[:, ::2, ::-2]
    np.testing.assert_array_equal(
        F.avg_pool2d(every_other), F.avg_pool2d(np.ascontiguousarray(every_other))
    )


@pytest.mark.parametrize(
    "pool",
    [
        lambda images, out: F.max_pool2d(images, out=out),
        lambda images, out: F.avg_pool2d(images, out=out),
    ],
)
def test_the_result_can_be_written_into_an_array_at_hand(pool):
    images = np.random.default_rng(3).standard_normal((2, 6, 6, 5), dtype=np.float32)
    out = np.full((2, 3, 3, 5), np.nan, np.float32)
    assert pool(images, out) is out
    np.testing.assert_array_equal(out, pool(images, None))


def test_the_gradient_can_be_written_into_an_array_at_hand():
    images = np.random.default_rng(4).standard_normal((2, 7, 7, 5), dtype=np.float32)
    grad_output = np.ones((2, 3, 3, 5), np.float32)
    for backward in (F.max_pool2d_backward, F.avg_pool2d_backward):
        out = np.full(images.shape, np.nan, np.float32)
        assert backward(grad_output, images, 2, out=out) is out
        np.testing.assert_array_equal(out, backward(grad_output, images, 2))


# ---- what is refused, and in which words ---------------------------------------------------------

POOLS = [F.max_pool2d, F.avg_pool2d]


@pytest.mark.parametrize("pool", POOLS)
def test_a_window_that_does_not_fit_says_by_how_much(pool):
    message = (
        r"a 7x7 pooling window does not fit in a 5x5 image; use padding >= 1 or .* 5x5 or less"
    )
    with pytest.raises(ShapeError, match=message):
        pool(np.zeros((1, 5, 5, 1)), 7)


@pytest.mark.parametrize("pool", POOLS)
def test_a_picture_without_batch_or_channels_is_told_how_to_get_them(pool):
    with pytest.raises(ShapeError, match=r"images must have 4 axes.*got shape \(5, 5\).*images\["):
        pool(np.zeros((5, 5)))


@pytest.mark.parametrize("pool", POOLS)
def test_an_empty_batch_is_refused(pool):
    with pytest.raises(ShapeError, match=r"images must not be empty, got shape \(0, 4, 4, 1\)"):
        pool(np.zeros((0, 4, 4, 1)))


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize(
    "numbers", [np.zeros((1, 4, 4, 1), complex), np.full((1, 4, 4, 1), None), [[[["dark"]]]]]
)
def test_what_is_no_real_number_is_refused(pool, numbers):
    with pytest.raises(DataError, match=r"images must hold real numbers, got .*; try"):
        pool(numbers, 1)


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 0}, r"pooling window must be at least 1, got 0"),
        ({"window": 2.5}, r"pooling window must be a whole number or a pair .*got 2\.5"),
        ({"stride": 0}, r"stride must be at least 1, got 0; try stride=1"),
        ({"padding": -1}, r"padding must be at least 0, got -1"),
        ({"padding": 2}, r"a padding of 2x2 is more than half .* 2x2 pooling window.* at most 1x1"),
        ({"window": (2.0, 2.0)}, r"pooling window must be a whole number or a pair .*got \(2\.0"),
        ({"padding": "full"}, r'padding must be "same", "valid" or a number.*got .full.'),
    ],
)
def test_sizes_that_make_no_sense_are_refused(pool, options, message):
    with pytest.raises(ShapeError, match=message):
        pool(np.zeros((1, 4, 4, 1)), **options)


@pytest.mark.parametrize("backward", [F.max_pool2d_backward, F.avg_pool2d_backward])
def test_the_way_back_refuses_the_same_padding(backward):
    with pytest.raises(ShapeError, match="more than half of the 2x2 pooling window"):
        backward(np.zeros((1, 4, 4, 1)), np.zeros((1, 4, 4, 1)), 2, padding=2)


def test_a_shape_of_numpys_small_integers_does_not_overflow():
    shape = tuple(np.int8(n) for n in (1, 100, 100, 1))
    grad = F.avg_pool2d_backward(np.ones((1, 50, 50, 1)), shape, np.int8(2))
    assert grad.shape == (1, 100, 100, 1)


def test_an_output_of_the_wrong_kind_is_refused():
    images = np.zeros((1, 4, 4, 2), np.float32)
    with pytest.raises(ShapeError, match=r"out has shape \(1, 4, 4, 2\), the result has \(1, 2"):
        F.max_pool2d(images, out=np.empty((1, 4, 4, 2), np.float32))
    with pytest.raises(DataError, match="out must be a float32 array, got float64"):
        F.avg_pool2d(images, out=np.empty((1, 2, 2, 2)))
    with pytest.raises(DataError, match="out shares memory with an input"):
        F.max_pool2d(images, 1, out=images)


@pytest.mark.parametrize("backward", [F.max_pool2d_backward, F.avg_pool2d_backward])
def test_a_gradient_of_another_pooling_is_refused(backward):
    message = r"grad_output has shape \(1, 3, 3, 1\), but pooling these images gives \(1, 2, 2, 1\)"
    with pytest.raises(ShapeError, match=message):
        backward(np.zeros((1, 3, 3, 1)), np.zeros((1, 4, 4, 1)), 2)


def test_a_shape_without_pixels_is_refused():
    with pytest.raises(ShapeError, match=r"at least one element .*got shape \(1, 0, 4, 1\); try"):
        F.avg_pool2d_backward(np.zeros((1, 2, 2, 1)), (1, 0, 4, 1))
