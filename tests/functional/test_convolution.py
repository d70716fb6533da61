"""Convolution through the checked rim: against PyTorch, SciPy, central differences, by hand."""

import numpy as np
import pytest

from cnnlab import functional as F
from cnnlab.errors import DataError, ShapeError

IMAGES = np.ones((1, 5, 5, 2), np.float32)
FILTERS = np.ones((3, 3, 2, 4), np.float32)

# ---- what it computes ---------------------------------------------------------------------------


def worst_error(ours, reference):
    """Largest difference, as a share of the largest number of the reference."""
    reference = np.asarray(reference)
    assert ours.shape == reference.shape
    assert ours.dtype == np.float32
    return np.abs(ours - reference).max() / max(np.abs(reference).max(), 1e-6)


def drawn(rng, channels, filters, *, least=1, sliding=False):
    """Draw images, filters, bias, and how the filters slide; None if they do not fit."""
    height, width = (int(n) for n in rng.integers(least, 34 + least, 2))
    size = (3, 3) if sliding else tuple(int(n) for n in rng.integers(1, 8, 2))
    ones = (1, 1)
    stride = ones if sliding else tuple(int(n) for n in rng.integers(1, 5, 2))
    dilation = ones if sliding else tuple(int(n) for n in rng.integers(1, 4, 2))
    padding = tuple(int(n) for n in rng.integers(0, 5, 2))
    for n, f, p, d in zip((height, width), size, padding, dilation, strict=True):
        if d * (f - 1) + 1 > n + 2 * p:
            return None
    images = rng.standard_normal((int(rng.integers(1, 4)), height, width, channels))
    weights = rng.standard_normal((*size, channels, filters))
    bias = rng.standard_normal(filters)
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    return *(array.astype(np.float32) for array in (images, weights, bias)), options


def torch_says(images, filters, bias, options, grad_output=None):
    """Compute output and gradients with PyTorch, in float32, in this package's order of axes."""
    torch = pytest.importorskip("torch", reason="PyTorch, the referee, is not installed")
    x = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().requires_grad_()
    w = torch.from_numpy(filters).permute(3, 2, 0, 1).contiguous().requires_grad_()
    b = torch.from_numpy(bias).requires_grad_()
    torch.backends.mkldnn.enabled = False  # it crashes on some of these shapes, on some processors
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # these images are too small for more
    try:
        output = torch.nn.functional.conv2d(x, w, b, **options)
        slopes = grad_output(output.permute(0, 2, 3, 1).shape)
        output.backward(torch.from_numpy(slopes).permute(0, 3, 1, 2))
    finally:
        torch.backends.mkldnn.enabled = True
        torch.set_num_threads(threads)
    return [
        output.detach().permute(0, 2, 3, 1).numpy(),
        x.grad.permute(0, 2, 3, 1).numpy(),
        w.grad.permute(2, 3, 1, 0).numpy(),
        b.grad.numpy(),
    ]


def compare_with_torch(rng, count, tolerance, draw):
    compared = 0
    while compared < count:
        case = draw(rng)
        if case is None:
            continue
        images, filters, bias, options = case
        gradients = {}

        def grad_output(shape, gradients=gradients):
            gradients["output"] = rng.standard_normal(tuple(shape)).astype(np.float32)
            return gradients["output"]

        expected = torch_says(images, filters, bias, options, grad_output)
        ours = [
            F.conv2d(images, filters, bias, **options),
            *F.conv2d_backward(gradients["output"], images, filters, **options),
        ]
        # a bias gradient is a plain sum, whose terms may cancel: its scale is that of the terms
        scale = np.abs(gradients["output"]).sum((0, 1, 2)).max()
        for name, one, other in zip(["output", "images", "filters"], ours, expected, strict=False):
            error = worst_error(one, other)
            assert error < tolerance, (name, error, images.shape, filters.shape, options)
        assert np.abs(ours[3] - expected[3]).max() / scale < tolerance
        compared += 1


def few_channels(rng):
    channels = int(rng.integers(1, 9))
    filters = int(rng.choice([1, 2, 5, 8, 16, 17, 31, 32, 33, 64, 70]))
    return drawn(rng, channels, filters)


def pictures(rng):
    """One channel or filter, stride and dilation 1: the ways that widgets and first layers take."""
    channels, filters = [(1, 1), (3, 1), (1, 16), (1, 32), (2, 1), (1, 2), (1, 6)][rng.integers(7)]
    case = drawn(rng, channels, filters, least=20)
    if case is None:
        return None
    images, filters, bias, options = case
    size = [int(n) for n in rng.choice([3, 4, 5, 7], 2)]
    if rng.random() < 0.7:
        size[1] = size[0]
    if min(images.shape[1:3]) < max(size):
        return None
    filters = rng.standard_normal((*size, *filters.shape[2:])).astype(np.float32)
    return images, filters, bias, options | {"stride": (1, 1), "dilation": (1, 1)}


def many_channels(rng):
    channels, filters = (int(n) for n in rng.choice([16, 17, 32, 40, 64, 130], 2))
    return drawn(rng, channels, filters, sliding=True)


def test_forward_and_backward_agree_with_torch_on_any_geometry():
    compare_with_torch(np.random.default_rng(0), 500, 2e-5, few_channels)


def test_forward_and_backward_agree_with_torch_on_pictures_and_first_layers():
    compare_with_torch(np.random.default_rng(1), 100, 2e-5, pictures)


def test_forward_and_backward_agree_with_torch_where_winograd_takes_over():
    compare_with_torch(np.random.default_rng(2), 100, 2e-4, many_channels)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 9])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_one_channel_agrees_with_scipy(size, padding):
    signal = pytest.importorskip("scipy.signal", reason="SciPy, the referee, is not installed")
    rng = np.random.default_rng(size)
    image, weights = rng.random((60, 75)), rng.standard_normal((size, size))
    expected = signal.correlate2d(image, weights, mode=padding)
    if padding == "same" and size % 2 == 0:  # SciPy puts the odd zero before, TensorFlow after
        expected = signal.correlate2d(
            np.pad(image, [(size // 2 - 1, size // 2)] * 2), weights, "valid"
        )
    ours = F.conv2d(image[None, :, :, None], weights[:, :, None, None], padding=padding)
    assert worst_error(ours[0, :, :, 0], expected) < 2e-6


def test_worked_example_b_of_the_course_comes_out():
    image = [[0, 1, 0, 1, 1], [0, 0, 1, 1, 0], [1, 1, 0, 1, 0], [0, 1, 0, 0, 1], [0, 0, 1, 1, 0]]
    laplacian = np.reshape([0, 1, 0, 1, -4, 1, 0, 1, 0], (3, 3, 1, 1))
    output = F.conv2d(np.reshape(image, (1, 5, 5, 1)), laplacian)
    assert output[0, :, :, 0].tolist() == [[3, -3, -1], [-2, 3, -3], [-3, 2, 3]]


def test_an_output_is_not_clipped_by_a_bias_of_zero():
    assert np.array_equal(F.conv2d(-IMAGES, FILTERS, np.zeros(4)), F.conv2d(-IMAGES, FILTERS))


@pytest.mark.parametrize(
    ("images", "filters"),
    [
        ((2, 9, 9, 3), (2, 3, 3, 5)),  # the tile
        ((1, 40, 40, 1), (3, 3, 1, 1)),  # a picture
        ((2, 20, 20, 3), (3, 3, 3, 1)),
        ((2, 9, 9, 1), (3, 3, 1, 6)),  # a bank
        ((2, 9, 9, 16), (3, 3, 16, 20)),  # Winograd
        ((1, 9, 9, 16), (3, 3, 16, 140)),
    ],
)
def test_relu_in_one_go_is_relu_afterwards(images, filters):
    rng = np.random.default_rng(3)
    images, filters = (rng.standard_normal(shape).astype(np.float32) for shape in (images, filters))
    bias = rng.standard_normal(filters.shape[3])
    plain = F.conv2d(images, filters, bias, padding=1)
    assert np.array_equal(F.conv2d_relu(images, filters, bias, padding=1), np.maximum(plain, 0))


@pytest.mark.parametrize(
    ("images", "filters"),
    [
        ((1, 12, 12, 3), (3, 3, 3, 5)),
        ((1, 40, 40, 1), (3, 3, 1, 1)),
        ((1, 40, 40, 3), (3, 3, 3, 1)),
        ((1, 12, 12, 1), (3, 3, 1, 6)),
        ((1, 12, 12, 16), (3, 3, 16, 20)),
        ((1, 12, 12, 16), (3, 3, 16, 140)),
    ],
)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("relu", [False, True])
def test_nan_and_infinity_spread_to_the_pixels_that_see_them_and_no_further(
    images, filters, value, relu
):
    rng = np.random.default_rng(4)
    images, filters = rng.random(images).astype(np.float32) + 1, rng.random(filters) + 1
    clean = F.conv2d(images, filters)
    images[0, 5, 6, 0] = value
    output = (F.conv2d_relu if relu else F.conv2d)(images, filters)
    seen = np.zeros(output.shape, bool)
    seen[0, 3:6, 4:7] = True
    expected = 0 if relu and value == -np.inf else value  # no filter weight is zero or negative
    assert np.array_equal(output[seen], np.full(seen.sum(), expected), equal_nan=True)
    np.testing.assert_allclose(output[~seen], clean[~seen], rtol=1e-4)


def test_nan_in_the_filters_is_allowed_and_reaches_every_output_of_its_filter():
    filters = FILTERS.copy()
    filters[1, 1, 0, 2] = np.nan
    output = F.conv2d(IMAGES, filters)
    assert np.isnan(output[..., 2]).all()
    assert np.isfinite(np.delete(output, 2, -1)).all()


@pytest.mark.parametrize("channels", [2, 32])
def test_nan_in_the_output_gradient_reaches_what_it_was_made_of(channels):
    grad_output = np.ones((2, 40, 40, channels), np.float32)
    grad_output[0, 3, 4, 1] = np.nan
    images = np.ones((2, 42, 42, channels), np.float32)
    grad_images, grad_filters, grad_bias = F.conv2d_backward(
        grad_output, images, np.ones((3, 3, channels, channels))
    )
    seen = np.zeros(images.shape, bool)
    seen[0, 3:6, 4:7] = True
    assert np.array_equal(np.isnan(grad_images), seen)
    assert np.array_equal(np.isnan(grad_bias), np.arange(channels) == 1)
    assert np.array_equal(np.isnan(grad_filters).all((0, 1, 2)), np.arange(channels) == 1)


def test_the_first_layer_of_a_network_may_skip_the_gradient_to_its_images():
    grad_output = np.ones((1, 3, 3, 4))
    nothing, *rest = F.conv2d_backward(grad_output, IMAGES, FILTERS, images_gradient=False)
    assert nothing is None
    for one, other in zip(rest, F.conv2d_backward(grad_output, IMAGES, FILTERS)[1:], strict=True):
        assert np.array_equal(one, other)


# ---- what it accepts ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int64, np.uint8, bool, ">f4"])
def test_numbers_of_any_real_type_are_converted(dtype):
    rng = np.random.default_rng(5)
    images = rng.integers(0, 2, (1, 6, 6, 2)).astype(dtype)
    expected = F.conv2d(images.astype(np.float32), FILTERS)
    output = F.conv2d(images, FILTERS)
    assert output.dtype == np.float32
    assert np.array_equal(output, expected)


def test_lists_are_converted():
    assert F.conv2d([[[[1], [2]]]], [[[[3]], [[4]]]]).tolist() == [[[[11]]]]


def test_strided_and_read_only_arrays_are_accepted_and_left_alone():
    rng = np.random.default_rng(6)
    whole = rng.random((1, 12, 12, 4)).astype(np.float32)
    view = whole[:, ::2, ::-1, 1:3]
    frozen = view.copy()
    frozen.flags.writeable = False
    expected = F.conv2d(view.copy(), FILTERS)
    assert np.array_equal(F.conv2d(view, FILTERS), expected)
    assert np.array_equal(F.conv2d(frozen, FILTERS), expected)
    assert np.array_equal(frozen, view)
    assert not frozen.flags.writeable


def test_a_pair_may_be_a_list():
    assert F.conv2d(IMAGES, FILTERS, stride=[2, 1], padding=[0, 1]).shape == (1, 2, 5, 4)


def test_out_takes_the_result():
    out = np.full((1, 3, 3, 4), np.nan, np.float32)
    assert F.conv2d(IMAGES, FILTERS, out=out) is out
    assert np.array_equal(out, np.full_like(out, 18))


# ---- what it refuses ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("images", "filters", "options", "message"),
    [
        (np.ones((5, 5)), FILTERS, {}, r"images must have 4 axes \(batch, height, width, "
         r"channels\), got shape \(5, 5\); a single grey picture is images\[None, :, :, None\]"),
        (np.ones((5, 5, 3)), FILTERS, {}, r"a single colour picture is images\[None\]"),
        (IMAGES, np.ones((3, 3)), {}, r"filters must have 4 axes .* a single flat filter is"),
        (IMAGES, np.ones((3, 3, 5, 4)), {}, r"images have 2 channels, but the filters expect 5; "
         r"try filters of shape \(3, 3, 2, 4\)"),
        (IMAGES, np.ones((7, 7, 2, 1)), {}, r"a 7x7 filter does not fit in a 5x5 image; use "
         r"padding >= 1 or a filter of 5x5 or less"),
        (IMAGES, FILTERS, {"dilation": 3}, r"with dilation 3x3 does not fit"),
        (IMAGES, FILTERS, {"stride": 0}, r"stride must be at least 1, got 0; try stride=1"),
        (IMAGES, FILTERS, {"stride": 1.5}, r"stride must be a whole number or a pair"),
        (IMAGES, FILTERS, {"padding": -1}, r"padding must be at least 0, got -1"),
        (IMAGES, FILTERS, {"padding": "full"}, r'padding must be "same", "valid" or a number'),
        (np.ones((0, 5, 5, 2)), FILTERS, {}, r"images must not be empty, got shape \(0, 5, 5, 2\)"),
        (IMAGES, np.ones((3, 3, 2, 0)), {}, r"filters must not be empty"),
        (IMAGES, FILTERS, {"bias": np.ones(3)}, r"bias has 3 values for 4 filters; .* \(4,\)"),
        (IMAGES, FILTERS, {"bias": 1.0}, r"bias must have 1 axis"),
        ([[1, 2], [3]], FILTERS, {}, r"rows differ in length"),
        (IMAGES, FILTERS, {"out": np.empty((1, 3, 3, 5), np.float32)}, r"out has shape .*result"),
    ],
)  # fmt: skip
def test_sizes_that_do_not_fit_are_explained(images, filters, options, message):
    with pytest.raises(ShapeError, match=message):
        F.conv2d(images, filters, **options)


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (IMAGES * 1j, {}, r"images must hold real numbers, got complex numbers; try images.real"),
        (IMAGES.astype(object), {}, r"images must hold real numbers, got Python objects"),
        (IMAGES.astype(str), {}, r"images must hold real numbers, got text"),
        (IMAGES, {"out": np.empty((1, 3, 3, 4))}, r"out must be a float32 array, got float64"),
        (IMAGES, {"out": [1]}, r"out must be a float32 array, got list"),
        (
            IMAGES,
            {"out": np.empty((4, 3, 3, 1), np.float32).T},
            r"out must be C-contiguous and writable",
        ),
    ],
)
def test_values_that_make_no_sense_are_explained(images, options, message):
    with pytest.raises(DataError, match=message):
        F.conv2d(images, FILTERS, **options)


def test_out_may_not_share_memory_with_what_is_read():
    memory = np.ones((1, 5, 5, 2), np.float32)
    out = memory.reshape(-1)[: 3 * 3 * 4].reshape(1, 3, 3, 4)
    with pytest.raises(DataError, match="out shares memory with an input"):
        F.conv2d(memory, FILTERS, out=out)


def test_a_gradient_of_another_shape_is_explained():
    with pytest.raises(
        ShapeError, match=r"grad_output has shape \(1, 5, 5, 4\), but conv2d's output has"
    ):
        F.conv2d_backward(np.ones((1, 5, 5, 4)), IMAGES, FILTERS)


@pytest.mark.parametrize("wrong", [(2.0, 2.0), 2.0, "2", True, None])
@pytest.mark.parametrize("name", ["stride", "dilation"])
def test_only_whole_numbers_are_sizes_whatever_was_called_before(name, wrong):
    images, filters = np.zeros((1, 9, 9, 1)), np.zeros((3, 3, 1, 1))
    F.conv2d(images, filters, **{name: (2, 2)})
    with pytest.raises(ShapeError, match=f"{name} must be a whole number or a pair"):
        F.conv2d(images, filters, **{name: wrong})


def test_small_integers_of_numpy_do_not_overflow():
    images, filters = np.zeros((1, 100, 100, 1)), np.zeros((3, 3, 1, 1))
    assert F.conv2d(images, filters, padding=np.int8(100)).shape == (1, 298, 298, 1)
