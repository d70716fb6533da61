"""The data set: what it refuses, how it is taken apart, how it is dealt into parts."""

import numpy as np
import pytest

from cnnlab.datasets import Dataset
from cnnlab.errors import DataError


def numbered(count: int, classes: int = 2) -> Dataset:
    """Images that carry their own number as brightness; classes in turn."""
    images = np.arange(count).reshape(count, 1, 1, 1) / count * np.ones((1, 4, 5, 1))
    return Dataset(images, np.arange(count) % classes, [f"class {n}" for n in range(classes)])


def numbers(data: Dataset, count: int) -> list[int]:
    return np.rint(data.images[:, 0, 0, 0] * count).astype(int).tolist()


def test_images_and_labels_get_the_types_the_kernels_take():
    data = Dataset(np.zeros((3, 4, 5, 1), dtype=np.float64), [0, 1, 0], ["cat", "dog"])
    assert data.images.dtype == np.float32
    assert data.labels.dtype == np.int64
    assert data.images.flags.c_contiguous
    assert data.image_shape == (4, 5, 1)
    assert data.class_counts.tolist() == [2, 1]


def test_a_data_set_cannot_be_changed_by_assignment():
    with pytest.raises(AttributeError):
        numbered(4).labels = np.zeros(4)


def test_grey_images_without_a_channel_are_told_how_to_get_one():
    with pytest.raises(DataError, match=r"four axes.*\(3, 8, 8\).*images\[\.\.\., None\]"):
        Dataset(np.zeros((3, 8, 8)), [0, 0, 0], ["cat"])


@pytest.mark.parametrize("dtype", [np.uint8, int, bool])
def test_images_that_are_not_fractions_are_refused(dtype):
    with pytest.raises(DataError, match=r"must be fractions from 0 to 1.*images / 255"):
        Dataset(np.zeros((1, 2, 2, 1), dtype=dtype), [0], ["cat"])


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((1, 2, 2, 1), complex), "images must hold real numbers, got complex numbers"),
        (np.full((1, 2, 2, 1), None), "images must hold real numbers, got Python objects"),
        (None, "images must hold real numbers, got None; try a list or array of numbers"),
    ],
)
def test_images_that_are_no_numbers_are_refused(images, message):
    with pytest.raises(DataError, match=message):
        Dataset(images, [0], ["cat"])


@pytest.mark.parametrize("wrong", [-0.1, 1.1, 255.0, np.nan, np.inf])
def test_a_single_pixel_outside_zero_to_one_is_found(wrong):
    images = np.full((2, 3, 3, 1), 0.5)
    images[1, 2, 2, 0] = wrong
    with pytest.raises(DataError, match="must lie from 0 to 1, got values from"):
        Dataset(images, [0, 0], ["cat"])


def test_no_images_at_all_are_refused():
    with pytest.raises(DataError, match=r"no pixels in images of shape \(0, 2, 2, 1\)"):
        Dataset(np.zeros((0, 2, 2, 1)), [], ["cat"])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0], "2 images need 2 labels in one row"),
        ([[0], [1]], "2 images need 2 labels in one row"),
        ([0.0, 1.0], "labels are class numbers, got float64"),
        (["cat", "dog"], "labels must hold real numbers, got text; try the position of each name"),
        ([0, 2], "labels must count from 0 to 1.*got labels from 0 to 2"),
        ([-1, 0], "got labels from -1 to 0"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels, message):
    with pytest.raises(DataError, match=message):
        Dataset(np.zeros((2, 2, 2, 1)), labels, ["cat", "dog"])


def test_a_text_is_no_list_of_names():
    with pytest.raises(DataError, match=r"class_names must be a list, got 'cat'; try \["):
        Dataset(np.zeros((1, 2, 2, 1)), [0], "cat")


@pytest.mark.parametrize(
    ("which", "message"),
    [
        (10, "the number of an image must be at most 9, got 10"),
        ("all", "the positions of images must hold real numbers, got 'all'"),
        ([0, 10], "images are counted from 0 to 9, got 0 to 10"),
        (
            [0.5],
            r"picked by a list of whole numbers, .* got \[0.5\]; try data\[\[0, 1\]\]",
        ),
    ],
)
def test_images_that_are_not_there_are_not_given(which, message):
    with pytest.raises(DataError, match=message):
        numbered(10)[which]


def test_images_come_one_by_one_each_with_its_label():
    data = numbered(4)
    assert [label for _, label in data] == data.labels.tolist()
    assert len(list(data)) == 4


@pytest.mark.parametrize("names", [[], ["cat", "cat"]])
def test_every_class_needs_a_name_of_its_own(names):
    with pytest.raises(DataError, match="every class needs a name of its own"):
        Dataset(np.zeros((1, 2, 2, 1)), [0], names)


def test_a_number_takes_one_image_and_anything_else_a_smaller_data_set():
    data = numbered(10)
    image, label = data[-1]
    assert image.shape == (4, 5, 1)
    assert label == 1
    assert numbers(data[2:5], 10) == [2, 3, 4]
    assert numbers(data[[7, 1]], 10) == [7, 1]
    assert numbers(data[data.labels == 1], 10) == [1, 3, 5, 7, 9]
    assert [label for _, label in data] == [0, 1] * 5


def test_a_data_set_with_nothing_left_is_refused():
    with pytest.raises(DataError, match="nothing is left of 10 images"):
        numbered(10)[10:]


def test_parts_share_no_image_and_leave_none_out():
    data = numbered(60, classes=3)
    parts = data.split(0.6, 0.2, 0.2)
    assert [len(part) for part in parts] == [36, 12, 12]
    assert sorted(place for part in parts for place in numbers(part, 60)) == list(range(60))


def test_every_part_has_the_classes_in_proportion():
    labels = np.repeat([0, 1, 2], [10, 50, 140])
    data = Dataset(np.zeros((200, 2, 2, 1)), labels, ["rare", "common", "most"])
    train, test = data.split(0.8, 0.2, seed=3)
    assert train.class_counts.tolist() == [8, 40, 112]
    assert test.class_counts.tolist() == [2, 10, 28]


def test_the_seed_decides_the_parts_and_the_order_stays():
    data = numbered(40)
    first, again, other = (data.split(0.5, seed=seed)[0] for seed in (1, 1, 2))
    assert numbers(first, 40) == numbers(again, 40)
    assert numbers(first, 40) != numbers(other, 40)
    assert numbers(first, 40) == sorted(numbers(first, 40))


def test_shares_below_one_leave_images_out():
    (tenth,) = numbered(100).split(0.1)
    assert len(tenth) == 10


@pytest.mark.parametrize("fractions", [(), (0.8, 0.3), (1.2,), (0.5, 0.0), (-0.1, 0.5)])
def test_shares_that_make_no_sense_are_refused(fractions):
    with pytest.raises(DataError, match="shares must be above 0 and add up to 1 at most"):
        numbered(10).split(*fractions)


def test_a_share_too_small_for_one_image_is_refused():
    with pytest.raises(DataError, match=r"a share of 0.01 of 10 images in 2 classes is no image"):
        numbered(10).split(0.99, 0.01)


def test_many_classes_do_not_flood_the_page():
    data = numbered(40, classes=20)
    assert repr(data).endswith("class 9 2, ... 10 more)")
