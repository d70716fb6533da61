"""Pictures of networks: nothing is left out unsaid, and volumes are to scale."""

import numpy as np
import pytest
from matplotlib.patches import Polygon

from cnnlab import Sequential, display, plots, zoo
from cnnlab.errors import ShapeError
from cnnlab.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU


def test_filters_share_one_scale():
    weights = np.zeros((3, 3, 1, 2), dtype=np.float32)
    weights[0, 0, 0] = [1, 4]
    picture = plots.filters(weights)
    for number, axes in enumerate(picture.axes):
        expected = display.paint(weights[:, :, 0, number], "blue_red", 4)
        np.testing.assert_array_equal(axes.images[0].get_array(), expected)


def test_deep_filters_have_a_row_each_and_say_what_is_left_out():
    picture = plots.filters(np.ones((3, 3, 16, 20)), "second layer")
    assert len(picture.axes) == 64
    assert "8 of 20 filters of 3x3x16" in picture.alt


def test_one_filter_without_its_axes_is_told_how():
    with pytest.raises(ShapeError, match=r"four axes.*filters\[:, :, None, None\]"):
        plots.filters(np.zeros((3, 3)))


def test_feature_maps_of_one_layer_are_all_there():
    maps = np.random.default_rng(0).normal(size=(6, 5, 12))
    picture = plots.feature_maps(maps, "conv2d_1")
    assert len(picture.axes) == 12
    expected = display.paint(maps[..., 7], "blue_red", display.limit_of(maps))
    np.testing.assert_array_equal(picture.axes[7].images[0].get_array(), expected)


def test_feature_maps_of_several_layers_have_a_row_each():
    maps = {"a": np.zeros((1, 8, 8, 3)), "b": np.zeros((1, 4, 4, 9)), "flat": np.zeros((1, 10))}
    picture = plots.feature_maps(maps)
    assert len(picture.axes) == 3 + 8
    assert picture.alt == "Feature maps: a 3 of 3 maps of 8x8, b 8 of 9 maps of 4x4"


@pytest.mark.parametrize("wrong", [{"flat": np.zeros((1, 10))}, np.zeros((4, 4))])
def test_without_a_volume_there_are_no_maps(wrong):
    with pytest.raises(ShapeError, match="there are no volumes"):
        plots.feature_maps(wrong)


def sizes(picture, panel: int = 0) -> list[tuple[float, float]]:
    """Width and height of the front face of each box, and of each bar."""
    return sizes_of(picture.axes[panel])


def sizes_of(axes):
    found = []
    faces = [patch for patch in axes.patches if isinstance(patch, Polygon)]
    for face in faces:
        corners = face.get_xy()
        width, height = np.ptp(corners, axis=0)
        if len({*np.round(corners[:4, 0], 9)}) == len({*np.round(corners[:4, 1], 9)}) == 2:
            found.append((width, height))
    return found


def test_volumes_are_to_scale():
    stack = Sequential([Conv2D(4), ReLU(), MaxPool2D(), Flatten(), Dense(10)], (10, 6, 1))
    boxes = sizes(plots.volumes(stack))
    assert len(boxes) == 5  # the activation changes no shape and is passed over
    (width, height), convolved, pooled, flat, dense = boxes
    assert height / width == pytest.approx(10 / 6)
    np.testing.assert_allclose(convolved, (width * 4 / 6, height * 8 / 10))
    np.testing.assert_allclose(pooled, (width * 2 / 6, height * 4 / 10))
    assert flat[1] / dense[1] == pytest.approx(np.log(1 + 32) / np.log(1 + 10))


def test_an_ordinary_network_and_a_convolutional_one_are_drawn_together():
    """Seed fact 1: volumes against flat vectors."""
    ordinary = Sequential([Flatten(), Dense(300), Dense(10)], (28, 28, 1))
    picture = plots.volumes({"ordinary": ordinary, "convolutional": zoo.lenet5()})
    assert "ordinary, to scale: 28x28x1 input, 784 flatten_1, 300 dense_1" in picture.alt
    assert "convolutional, to scale: " in picture.alt
    assert picture.axes[0].get_title() == "ordinary"
    assert len(sizes(picture, 0)) == 4


def test_a_deep_network_continues_on_the_next_line():
    picture = plots.volumes(zoo.vgg16(), "VGG-16")
    assert len(picture.axes) > 1
    assert picture.get_figwidth() < 12
    written = [text.get_text() for axes in picture.axes for text in axes.texts]
    assert "224x224x64" in written
    assert "25,088" in written


@pytest.mark.parametrize("name", ["deck_network", "lenet5", "alexnet", "digits_net", "face_net"])
def test_a_network_that_fits_on_one_line_is_drawn_on_one(name):
    picture = plots.volumes(zoo.build(name))
    assert len(picture.axes) == 1
    assert picture.get_figwidth() < 11.5


def test_the_last_line_is_no_orphan():
    for depth in range(8, 40):
        stack = Sequential([Conv2D(4, 3, padding="same")] * depth, (32, 32, 3))
        panels = plots.volumes(stack).axes
        counts = [len(sizes_of(axes)) for axes in panels]
        assert sum(counts) == depth + 1
        assert 2 * min(counts) >= max(counts)


def test_a_small_network_is_drawn_larger_than_a_long_one():
    small = plots.volumes(Sequential([Flatten(), Dense(10)], (8, 8, 1)))
    long = plots.volumes(zoo.vgg16())
    assert sizes(small)[0][1] > 2 * sizes(long)[0][1]
    for picture in (small, long):
        lowest = min(sizes(picture), key=lambda size: size[1])
        assert lowest[1] > 0.03  # inches
