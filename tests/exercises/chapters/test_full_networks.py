"""Chapter 06: its counts by hand, by PyTorch and by the papers, and what it claims of networks."""

import numpy as np
import pytest

from cnnlab import filters, zoo
from cnnlab.exercises import full_networks as lesson

# -- Numbers known from elsewhere -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "claim"),
    [
        ("one_neuron", 120_000),
        ("flat_width", 1568),
        ("alexnet_first", 54),
        ("work_or_weights", ("Dense", "Conv2D")),
        ("three_in_a_row", 7),
        ("quiz_first_layer", 9472),
        ("quiz_no_flatten", 37_752_832),
        ("quiz_lenet", (60_000, 61_706)),
        ("quiz_field", 8),
        ("quiz_values", 15.24),
        ("quiz_stored", (0.2, 47)),
    ],
)
def test_a_question_is_answered_as_the_misconceptions_were_recomputed(question, claim):
    asked = getattr(lesson, question)
    assert asked.choices[asked.right].value == claim


def test_the_old_lenet_is_counted_as_its_paper_prints_it():
    """LeCun et al. 1998, section II.B."""
    printed = {"C1": 156, "S2": 12, "C3": 1516, "S4": 32, "C5": 48_120, "F6": 10_164}
    assert printed == lesson.OLD_LENET5
    assert sum(printed.values()) == 60_000


def test_alexnet_in_two_halves_has_the_parameters_that_are_known():
    rows = [row for row in zoo.alexnet() if row.layer.kind == "Conv2D"]
    halves = sum(np.prod(rows[n - 1].parameter_shapes["filters"]) // 2 for n in lesson.GROUPED)
    assert zoo.alexnet().num_parameters - halves == 60_965_224
    assert 55 * 48 * 96 == 253_440 != np.prod(rows[0].output_shape)


def test_two_orders_of_one_flat_vector_give_the_scores_of_the_misconception():
    assert lesson.MAPS.transpose(2, 0, 1).ravel() @ lesson.WEIGHTS == 10
    assert lesson.MAPS.ravel() @ lesson.WEIGHTS == 33


@pytest.mark.parametrize("name", ["alexnet", "vgg16"])
def test_dense_layers_counted_as_wide_convolutions_give_the_known_counts(name):
    title, side = {"alexnet": ("AlexNet", 227), "vgg16": ("VGG-16", 224)}[name]
    found = lesson.count_network.answer()(lesson.LAYERS[title], side, 3)
    assert found[0] == {"alexnet": 62_378_344, "vgg16": 138_357_544}[name]
    assert found[1] == zoo.build(name).multiply_adds


def test_weights_in_another_order_carry_a_layer_over_from_pytorch():
    torch = pytest.importorskip("torch", reason="pip install -e '.[peers]' brings PyTorch")
    maps = torch.randn(5, 3, 2, 4)  # batch, channels, height, width
    dense = torch.nn.Linear(24, 6)
    weights = lesson.reordered.answer()(dense.weight.detach().numpy().T, 2, 4, 3)
    ours = maps.permute(0, 2, 3, 1).reshape(5, -1).numpy() @ weights + dense.bias.detach().numpy()
    np.testing.assert_allclose(ours, dense(maps.flatten(1)).detach().numpy(), atol=1e-5)


def test_a_receptive_field_is_where_the_gradient_of_pytorch_is_not_zero():
    torch = pytest.importorskip("torch", reason="pip install -e '.[peers]' brings PyTorch")
    for layers in ([(3, 1), (2, 2), (3, 1)], [(3, 2), (3, 2)], [(5, 3), (4, 2), (3, 1)]):
        x = torch.ones(1, 1, 64, requires_grad=True)
        out = x
        for window, stride in layers:
            out = torch.nn.functional.conv1d(out, torch.ones(1, 1, window), stride=stride)
        out[0, 0, 0].backward()
        assert lesson.field.answer()(np.array(layers)) == int((x.grad != 0).sum())


# -- What is accepted, and what is told -----------------------------------------------------------


def by_walking_back(layers):
    field = 1
    for window, stride in layers[::-1]:
        field = (field - 1) * stride + window
    return field


def test_other_ways_of_writing_it_are_accepted():
    assert lesson.field.check(by_walking_back).passed
    assert lesson.shared.check(120, 6).passed
    assert lesson.second_layer.check((3 * 3 * 32 + 1) * 32).passed
    by_places = lesson.reordered.answer()
    assert lesson.reordered.check(lambda *how: np.array(by_places(*how))).passed


def test_a_half_that_is_right_does_not_hide_the_other():
    assert "a bias besides" in lesson.head.check(16_384, 16_384 * 512).message
    assert "one number for each map" in lesson.head.check(64, 8_389_120).message


# -- What the chapter claims ----------------------------------------------------------------------


def test_the_matrix_of_a_filter_holds_nine_weights_sixteen_times():
    matrix = filters.matrix(np.arange(1, 10).reshape(3, 3), 6, 6)
    assert matrix.shape == (16, 36)
    assert [np.count_nonzero(matrix == weight) for weight in range(1, 10)] == [16] * 9


def test_in_vgg16_dense_layers_hold_the_parameters_and_convolutions_do_the_work():
    rows = zoo.vgg16().rows
    dense = sum(row.parameters for row in rows if row.layer.kind == "Dense")
    work = sum(row.multiply_adds for row in rows if row.layer.kind == "Conv2D")
    assert 0.89 < dense / zoo.vgg16().num_parameters < 0.90
    assert 0.99 < work / zoo.vgg16().multiply_adds < 1
