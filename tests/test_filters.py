import copy
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from cnnlab import filters, images
from cnnlab.errors import DataError, ShapeError
from cnnlab.filters import CATALOGUE, Filter

ndimage = pytest.importorskip("scipy.ndimage", reason="SciPy is the referee here")
signal = pytest.importorskip("scipy.signal", reason="SciPy is the referee here")

NAMES = {
    "identity", "box_blur_3", "box_blur_5", "gaussian_3", "gaussian_5", "sharpen", "unsharp",
    "laplacian", "laplacian_8", "sobel_x", "sobel_y", "prewitt_x", "prewitt_y", "scharr_x",
    "scharr_y", "emboss", "outline", "motion_blur", "gabor_0", "gabor_45", "gabor_90", "gabor_135",
}  # fmt: skip

A_IMAGE = [[3, 5, 2, 8, 1], [9, 7, 5, 4, 3], [2, 0, 6, 1, 6], [6, 3, 7, 9, 2], [1, 4, 9, 5, 1]]
A_FILTER = [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
B_IMAGE = [[0, 1, 0, 1, 1], [0, 0, 1, 1, 0], [1, 1, 0, 1, 0], [0, 1, 0, 0, 1], [0, 0, 1, 1, 0]]


def test_every_promised_filter_is_there_under_its_name():
    assert set(CATALOGUE) == NAMES
    assert all(CATALOGUE[name].name == name for name in NAMES)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_filter_says_what_it_is_for_and_where_it_comes_from(name):
    entry = CATALOGUE[name]
    assert entry.purpose.endswith(".")
    assert len(entry.source) > 10
    assert entry.weights.dtype == np.float32
    assert entry.weights.shape[0] % 2 == entry.weights.shape[1] % 2 == 1


def test_weights_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        CATALOGUE["laplacian"].weights[0, 0] = 5
    with pytest.raises(FrozenInstanceError):
        CATALOGUE["laplacian"].weights = np.zeros((3, 3))
    with pytest.raises(TypeError, match="does not support item assignment"):
        CATALOGUE["laplacian"] = None


def test_a_filter_keeps_its_own_copy_of_the_weights():
    mine = np.ones((3, 3), dtype=np.float32)
    made = Filter("mine", mine)
    mine[0, 0] = 7
    assert made.weights[0, 0] == 1


def test_a_copied_or_pickled_filter_is_the_same_filter():
    emboss = CATALOGUE["emboss"]
    pickled = pickle.loads(pickle.dumps(emboss))  # noqa: S301 - our own bytes
    for twin in (copy.deepcopy(emboss), pickled):
        assert repr(twin) == repr(emboss)
        np.testing.assert_array_equal(twin.weights, emboss.weights)


def test_printing_a_filter_shows_its_weights():
    assert repr(CATALOGUE["laplacian"]) == (
        "Filter 'laplacian', 3x3: Finds edges in every direction: the four neighbours minus "
        "four times the middle.\n"
        "   0   1   0\n"
        "   1  -4   1\n"
        "   0   1   0"
    )
    assert repr(Filter("one", np.ones((1, 1, 3)))) == "Filter 'one', 1x1x3\n  1\n  1\n  1"


@pytest.mark.parametrize("weights", [[1, 2, 3], np.zeros((3, 0)), np.zeros((1, 1, 1, 1))])
def test_weights_without_rows_and_columns_are_refused(weights):
    with pytest.raises(ShapeError, match=r"rows and columns .* got an array of shape \("):
        Filter("odd", weights)


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ([[1, 2], [3]], ShapeError, "filter must be a regular block of numbers, but its rows"),
        ([[1j]], DataError, "filter must hold real numbers, got complex numbers; try filter.real"),
        ([["a"]], DataError, "filter must hold real numbers, got text; try a list or array"),
        (None, DataError, "filter must hold real numbers, got None; try a list or array"),
    ],
)
def test_weights_that_are_no_numbers_are_refused(weights, error, message):
    with pytest.raises(error, match=message):
        Filter("odd", weights)


def test_blurs_keep_the_brightness_and_edge_finders_give_zero_on_a_uniform_area():
    sums = {name: float(CATALOGUE[name].weights.sum(dtype=np.float64)) for name in NAMES}
    keep = {"identity", "sharpen", "unsharp", "emboss", "motion_blur"}
    keep |= {name for name in NAMES if name.startswith(("box", "gaussian"))}
    assert {name for name in NAMES if abs(sums[name] - 1) < 1e-6} == keep
    assert {name for name in NAMES if abs(sums[name]) < 1e-6} == NAMES - keep


SCIPY = {
    "identity": lambda x: x,
    "box_blur_3": lambda x: ndimage.uniform_filter(x, 3, mode="constant"),
    "box_blur_5": lambda x: ndimage.uniform_filter(x, 5, mode="constant"),
    "laplacian": lambda x: ndimage.laplace(x, mode="constant"),
    "sobel_x": lambda x: ndimage.sobel(x, axis=1, mode="constant"),
    "sobel_y": lambda x: ndimage.sobel(x, axis=0, mode="constant"),
    "prewitt_x": lambda x: ndimage.prewitt(x, axis=1, mode="constant"),
    "prewitt_y": lambda x: ndimage.prewitt(x, axis=0, mode="constant"),
    "laplacian_8": lambda x: 9 * (ndimage.uniform_filter(x, 3, mode="constant") - x),
    "outline": lambda x: 9 * (x - ndimage.uniform_filter(x, 3, mode="constant")),
    "sharpen": lambda x: x - ndimage.laplace(x, mode="constant"),
}


@pytest.mark.parametrize("name", sorted(SCIPY))
def test_a_filter_does_what_scipys_filter_of_that_name_does(name):
    image = np.random.default_rng(0).random((20, 23)).astype(np.float32)
    ours = filters.apply(image, CATALOGUE[name], padding="same")
    expected = SCIPY[name](image.astype(np.float64))
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-5)


def test_scharr_is_sixteen_times_scikit_images_weights():
    edges = pytest.importorskip("skimage.filters.edges")
    # scikit-image takes bright minus dark with the opposite sign, halves and divides by the sum 16.
    np.testing.assert_allclose(CATALOGUE["scharr_y"].weights, -32 * edges.HSCHARR_WEIGHTS / 2)
    np.testing.assert_allclose(CATALOGUE["scharr_x"].weights, -32 * edges.VSCHARR_WEIGHTS / 2)


def test_gaussians_are_two_and_four_blurs_of_two_pixels():
    pair = np.array([0.5, 0.5])
    three = np.convolve(pair, pair)
    five = np.convolve(three, three)
    np.testing.assert_array_equal(CATALOGUE["gaussian_3"].weights, np.outer(three, three))
    np.testing.assert_array_equal(CATALOGUE["gaussian_5"].weights, np.outer(five, five))


def test_unsharp_adds_to_a_picture_what_its_blur_takes_away():
    image = np.random.default_rng(1).random((12, 12)).astype(np.float32)
    blurred = filters.apply(image, CATALOGUE["gaussian_5"], padding=2)
    np.testing.assert_allclose(
        filters.apply(image, CATALOGUE["unsharp"], padding=2), image + (image - blurred), atol=1e-5
    )


@pytest.mark.parametrize("degrees", [0, 45, 90, 135])
def test_a_gabor_filter_is_scikit_images_with_its_response_to_uniform_areas_subtracted(degrees):
    skimage_filters = pytest.importorskip("skimage.filters")
    angle = np.deg2rad(degrees)
    theirs = skimage_filters.gabor_kernel(0.25, angle, sigma_x=2, sigma_y=2, n_stds=3).real
    bell = np.abs(skimage_filters.gabor_kernel(0.25, angle, sigma_x=2, sigma_y=2, n_stds=3))
    middle = theirs.shape[0] // 2
    window = slice(middle - 3, middle + 4)
    theirs, bell = theirs[window, window], bell[window, window]
    expected = theirs - bell * theirs.sum() / bell.sum()
    expected *= 2 / np.abs(expected).sum()
    np.testing.assert_allclose(CATALOGUE[f"gabor_{degrees}"].weights, expected, atol=1e-6)


@pytest.mark.parametrize("degrees", [0, 45, 90, 135])
def test_a_gabor_filter_responds_most_to_the_stripes_its_purpose_names(degrees):
    down, across = np.mgrid[:40, :40]
    stripes = {
        "run vertically": across, "run horizontally": down,
        "a slash": (across + down) / np.sqrt(2), "a backslash": (across - down) / np.sqrt(2),
    }  # fmt: skip
    entry = CATALOGUE[f"gabor_{degrees}"]
    responses = {
        name: filters.apply(np.cos(2 * np.pi * wave / 4), entry).max()
        for name, wave in stripes.items()
    }
    assert max(responses, key=responses.get) in entry.purpose


def test_example_a_of_the_notes_gives_25_and_flipped_21():
    np.testing.assert_array_equal(
        filters.apply(A_IMAGE, A_FILTER), [[25, 18, 17], [18, 22, 14], [20, 15, 23]]
    )
    flipped = np.flip(np.array(A_FILTER))
    np.testing.assert_array_equal(
        filters.apply(A_IMAGE, flipped), [[21, 15, 15], [22, 23, 14], [21, 21, 18]]
    )


def test_example_b_of_the_notes_has_3_in_the_corner_where_the_slide_prints_4():
    laplacian = CATALOGUE["laplacian"]
    right = [[3, -3, -1], [-2, 3, -3], [-3, 2, 3]]
    np.testing.assert_array_equal(filters.apply(B_IMAGE, laplacian), right)
    np.testing.assert_array_equal(filters.apply(B_IMAGE, laplacian, stride=2), [[3, -1], [-3, 3]])


def test_one_single_changed_pixel_explains_the_slides_map():
    slide = [[4, -3, -1], [-2, 3, -3], [-3, 2, 3]]
    found = []
    for row in range(5):
        for column in range(5):
            image = np.array(B_IMAGE)
            image[row, column] = 1 - image[row, column]
            if np.array_equal(filters.apply(image, CATALOGUE["laplacian"]), slide):
                found.append((row, column))
    assert found == [(1, 0)]


def test_a_colour_image_is_filtered_channel_by_channel():
    image = images.sample("chelsea")[:40, :50]
    output = filters.apply(image, CATALOGUE["sobel_x"], stride=2, padding=1)
    assert output.shape == (20, 25, 3)
    assert output.flags.c_contiguous
    for channel in range(3):
        expected = signal.correlate2d(image[..., channel], CATALOGUE["sobel_x"], mode="same")
        np.testing.assert_allclose(output[..., channel], expected[::2, ::2], atol=1e-5)


def test_a_filter_with_a_slice_per_channel_adds_the_channels_up():
    rng = np.random.default_rng(2)
    image, weights = rng.random((9, 8, 3)), rng.normal(size=(3, 2, 3))
    expected = sum(
        signal.correlate2d(image[..., channel], weights[..., channel], mode="valid")
        for channel in range(3)
    )
    for filter_ in (weights, Filter("mine", weights)):
        output = filters.apply(image, filter_)
        assert output.shape == (7, 7)
        np.testing.assert_allclose(output, expected, atol=1e-5)


def test_lists_integers_and_read_only_arrays_are_taken():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    image.setflags(write=False)
    np.testing.assert_array_equal(
        filters.apply(image, [[1, 1]]), [[1, 3, 5], [9, 11, 13], [17, 19, 21]]
    )


@pytest.mark.parametrize(
    ("image", "weights", "error", "message"),
    [
        ([1, 2, 3], [[1]], ShapeError, r"an image is \(height, width\).* shape \(3,\)"),
        (np.zeros((1, 5, 5, 1)), [[1]], ShapeError, "for a whole batch use functional.conv2d"),
        (np.zeros((5, 5)), [1, 2], ShapeError, r"a filter is \(height, width\).* shape \(2,\)"),
        (np.zeros((5, 5)), np.ones((3, 3, 3)), ShapeError, "3 slices and the image 1 channel;"),
        (np.zeros((5, 5, 3)), np.ones((3, 3, 2)), ShapeError, "2 slices and the image 3 channels;"),
        (np.zeros((2, 2)), np.ones((3, 3)), ShapeError, "a 3x3 filter does not fit in a 2x2 image"),
        (np.zeros((5, 5), complex), [[1]], DataError, r"image must hold real .* complex"),
        ([[1, 2], [3]], [[1]], ShapeError, "image must be a regular block"),
        ([[1, 2]], [["x"]], DataError, "filter must hold real numbers"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_a_reason(image, weights, error, message):
    with pytest.raises(error, match=message):
        filters.apply(image, weights)


# -- Two filters as one ---------------------------------------------------------------------------


def test_the_row_of_the_notes_merges_into_five_weights():
    assert filters.merge([[1, 2, 1]], [[1, 0, -1]]).tolist() == [[1, 2, 0, -2, -1]]
    # By hand: 1*3, 1*4 + 2*3, 2*4 down a column, and what a correlation would give is another.
    assert filters.merge([[1], [2]], [[3], [4]]).tolist() == [[3], [10], [8]]


def test_a_column_and_a_row_are_sobels_filter():
    merged = filters.merge([[1], [2], [1]], [[-1, 0, 1]])
    np.testing.assert_array_equal(merged, CATALOGUE["sobel_x"])


def test_two_blurs_of_two_pixels_and_two_of_three_are_the_gaussians():
    pair = np.full((2, 2), 0.25)
    np.testing.assert_allclose(filters.merge(pair, pair), CATALOGUE["gaussian_3"])
    small = CATALOGUE["gaussian_3"]
    np.testing.assert_allclose(filters.merge(small, small), CATALOGUE["gaussian_5"])


def lopsided_pairs():
    rng = np.random.default_rng(9)
    for _ in range(40):
        yield (rng.normal(size=rng.integers(1, 6, 2)).astype(np.float32) for _ in range(2))


def test_any_merged_filter_is_scipys_full_convolution_and_the_order_does_not_matter():
    for first, second in lopsided_pairs():
        merged = filters.merge(first, second)
        expected = signal.convolve2d(first.astype(float), second.astype(float), "full")
        np.testing.assert_allclose(merged, expected, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(filters.merge(second, first), merged, rtol=1e-6, atol=1e-7)


def test_the_merged_filter_does_the_work_of_both_by_scipys_correlation():
    image = images.sample("camera")[100:164, 200:251]
    for first, second in lopsided_pairs():
        two = signal.correlate2d(
            signal.correlate2d(image.astype(float), first, "valid"), second, "valid"
        )
        one = filters.apply(image, filters.merge(first, second))
        assert one.shape == two.shape
        scale = np.abs(first).sum() * np.abs(second).sum()
        np.testing.assert_allclose(one / scale, two / scale, atol=2e-6)


def test_a_filter_with_slices_merges_with_a_filter_of_rows_and_columns_whichever_comes_first():
    rng = np.random.default_rng(10)
    image, deep = rng.random((9, 8, 3)), rng.normal(size=(2, 3, 3)).astype(np.float32)
    flat = rng.normal(size=(3, 1)).astype(np.float32)
    for first, second in ((deep, flat), (flat, deep)):
        merged = filters.merge(first, second)
        assert merged.shape == (4, 3, 3)
        two = filters.apply(filters.apply(image, first), second)
        np.testing.assert_allclose(filters.apply(image, merged), two, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("first", "second", "error", "message"),
    [
        ([1, 2, 1], [[1]], ShapeError, r"first filter needs rows .*shape \(3,\); try"),
        ([[1]], [[]], ShapeError, r"second filter needs rows .* of shape \(1, 0\)"),
        ([[1, 2], [3]], [[1]], ShapeError, r"first filter must be a regular block"),
        ([[1]], "blur", DataError, r"second filter must hold real numbers, got 'blur'"),
        (np.ones((2, 2, 3)), np.ones((3, 3, 3)), ShapeError, r"both filters have slices, of"),
        (np.ones((2000, 2000)), np.ones((999, 999)), ShapeError, r"2000x2000 and 999x999 fil"),
    ],
)  # fmt: skip
def test_what_cannot_be_merged_is_refused_with_a_reason(first, second, error, message):
    with pytest.raises(error, match=message):
        filters.merge(first, second)


# -- As a matrix ----------------------------------------------------------------------------------


def test_a_row_of_the_matrix_is_the_filter_further_along():
    expected = [
        [1, 2, 0, 3, 4, 0, 0, 0, 0],
        [0, 1, 2, 0, 3, 4, 0, 0, 0],
        [0, 0, 0, 1, 2, 0, 3, 4, 0],
        [0, 0, 0, 0, 1, 2, 0, 3, 4],
    ]
    np.testing.assert_array_equal(filters.matrix([[1, 2], [3, 4]], 3, 3), expected)


def test_the_matrix_times_the_pixels_is_scipys_correlation():
    rng = np.random.default_rng(31)
    for _ in range(40):
        height, width = rng.integers(3, 9, 2).tolist()
        weights = rng.normal(size=rng.integers(1, 4, 2))
        image = rng.normal(size=(height, width)).astype(np.float32)
        stride, padding = int(rng.integers(1, 4)), int(rng.integers(0, 3))
        made = filters.matrix(weights, height, width, stride, padding)
        padded = np.pad(image, padding)
        expected = signal.correlate2d(padded, weights, mode="valid")[::stride, ::stride]
        np.testing.assert_allclose(made @ image.ravel(), expected.ravel(), atol=1e-5)
        flipped = signal.convolve2d(padded, weights[::-1, ::-1], mode="valid")[::stride, ::stride]
        np.testing.assert_allclose(made @ image.ravel(), flipped.ravel(), atol=1e-5)
        ours = filters.apply(image, weights, stride, padding)
        np.testing.assert_allclose(made @ image.ravel(), ours.ravel(), atol=1e-5)


def test_the_matrix_is_the_one_that_pytorch_unfolds():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(32)
    weights = rng.normal(size=(2, 3, 2)).astype(np.float32)
    stride, padding, height, width = (2, 1), (1, 2), 6, 5
    made = filters.matrix(weights, height, width, stride, padding)
    # One picture a pixel: what the unfolded patches, weighed, make of it is that pixel's column.
    unit = torch.eye(height * width * 2).reshape(-1, height, width, 2).permute(0, 3, 1, 2)
    patches = torch.nn.functional.unfold(unit, (2, 3), padding=padding, stride=stride)
    flat = torch.tensor(weights).permute(2, 0, 1).reshape(1, -1, 1)
    np.testing.assert_allclose(made.T, (patches * flat).sum(1).numpy(), atol=1e-6)
    image = rng.normal(size=(height, width, 2)).astype(np.float32)
    ours = filters.apply(image, weights, stride, padding)
    np.testing.assert_allclose(made @ image.ravel(), ours.ravel(), atol=1e-5)


def test_words_for_padding_are_taken_and_zeros_have_no_columns():
    assert filters.matrix(CATALOGUE["sobel_x"], 4, 6, padding="same").shape == (24, 24)
    np.testing.assert_array_equal(filters.matrix([[5]], 1, 2, padding=1)[3], [0, 0])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([1, 2], 3, 3), ShapeError, r"a filter is \(height, width\).* shape \(2,\); for each"),
        (([[1]], 0, 3), ShapeError, "height must be at least 1, got 0"),
        (([[1]], 3, 2.5), ShapeError, "width must be a whole number"),
        ((np.ones((3, 3)), 2, 2), ShapeError, "a 3x3 filter does not fit in a 2x2 image"),
        ((np.ones((3, 3)), 9000, 9000), ShapeError, r"of \d+x81000000 takes .* try a smaller"),
        (([["x"]], 3, 3), DataError, "filter must hold real numbers"),
    ],
)  # fmt: skip
def test_a_matrix_that_makes_no_sense_is_refused_with_a_reason(arguments, error, message):
    with pytest.raises(error, match=message):
        filters.matrix(*arguments)
