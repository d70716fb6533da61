"""Receptive fields, held against brute force."""

import numpy as np
import pytest

from cnnlab import Network, Sequential, features
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import AvgPool2D, Conv2D, Dense, Flatten, MaxPool2D
from tests.features.examples import classifier, network, picture

FIELDS = {
    "convolutions": [Conv2D(2), Conv2D(2, 5)],
    "rectangles": [Conv2D(2, (1, 4)), Conv2D(2, (3, 2))],
    "strides": [Conv2D(2, 3, stride=2), Conv2D(2, 2, stride=(1, 2))],
    "padding": [Conv2D(2, 3, padding=2), Conv2D(2, 3, padding=(0, 1))],
    "same padding": [Conv2D(2, 4, padding="same"), AvgPool2D(3, 2, "same"), Conv2D(2, 2, 2)],
    "dilation": [Conv2D(2, 3, dilation=2), Conv2D(2, 2, dilation=(3, 1))],
    "pooling": [Conv2D(2), AvgPool2D(2), Conv2D(2, 3, padding=1), AvgPool2D(2)],
}  # fmt: skip


def brute_force(net: Network, layer: str, row: int, column: int) -> tuple[int, ...]:
    """Change the image pixel by pixel, and see which changes arrive."""
    image = picture()
    height, width, _ = image.shape
    changed = np.repeat(image[None], height * width, axis=0)
    for place in range(height * width):
        changed[place, place // width, place % width] += 1
    before = features.feature_maps(net, image)[layer][0, row, column]
    after = features.feature_maps(net, changed)[layer][:, row, column]
    arrived = (after != before).any(axis=1).reshape(height, width)
    rows, columns = np.flatnonzero(arrived.any(axis=1)), np.flatnonzero(arrived.any(axis=0))
    return rows[0], columns[0], rows[-1] + 1, columns[-1] + 1


@pytest.mark.parametrize("layers", FIELDS.values(), ids=FIELDS)
def test_a_receptive_field_is_exactly_what_a_changed_pixel_reaches(layers):
    net = network(*layers)
    for target in net.sequential.rows:
        rows, columns, _ = target.output_shape
        for row, column in {(0, 0), (rows // 2, columns // 2), (rows - 1, columns - 1)}:
            box = features.receptive_field(net, target.name, row, column)
            assert box == brute_force(net, target.name, row, column), (target.name, row, column)


@pytest.mark.parametrize("layers", FIELDS.values(), ids=FIELDS)
def test_the_fields_on_the_way_down_are_those_of_the_layers_above_by_themselves(layers):
    net = network(*layers)
    rows = net.sequential.rows
    target = rows[-1]
    place = target.output_shape[0] - 1, target.output_shape[1] // 2
    fields = features.receptive_fields(net, target.name, *place)
    assert list(fields) == [row.name for row in reversed(rows)] + ["input"]
    assert fields["input"] == features.receptive_field(net, target.name, *place)
    for k in range(1, len(rows)):
        above = Sequential([row.layer for row in rows[k:]], rows[k].input_shape)
        expected = features.receptive_field(above, above.rows[-1].name, *place)
        assert fields[rows[k - 1].name] == expected


def test_a_flat_vector_is_traced_to_all_of_the_maps_below_it():
    stack = Sequential([Conv2D(4), MaxPool2D(), Flatten(), Dense(3)], (12, 10, 1))
    fields = features.receptive_fields(stack, "dense_1", 0, 0)
    assert fields == {
        "max_pooling2d_1": (0, 0, 5, 4), "conv2d_1": (0, 0, 10, 8), "input": (0, 0, 12, 10)
    }  # fmt: skip


def test_a_receptive_field_needs_no_weights():
    stack = Sequential([Conv2D(64, 3), MaxPool2D(), Conv2D(64, 3)], (224, 224, 3))
    assert features.receptive_field(stack, "conv2d_2", 10, 20) == (20, 40, 28, 48)


def test_a_dense_layer_sees_the_whole_image():
    assert features.receptive_field(classifier(), "dense_1", 0, 0) == (0, 0, 12, 10)


def test_a_place_that_sees_only_padding_has_an_empty_field():
    stack = Sequential([Conv2D(1, 2, padding=3)], (8, 8, 1))
    assert features.receptive_field(stack, "conv2d_1", 0, 0) == (0, 0, 0, 0)


@pytest.mark.parametrize(("row", "column"), [(10, 0), (0, 8)])
def test_a_place_outside_the_maps_is_refused(row, column):
    with pytest.raises(ShapeError, match=r"conv2d_1 has 10x8 places, got row \d+, column \d"):
        features.receptive_field(classifier(), "conv2d_1", row, column)


def test_a_place_is_counted_from_nought():
    with pytest.raises(ShapeError, match="row must be at least 0, got -1; try row=0"):
        features.receptive_field(classifier(), "conv2d_1", -1, 0)


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(DataError, match="there is no layer 'conv9'; try one of conv2d_1"):
        features.receptive_field(classifier(), "conv9", 0, 0)
