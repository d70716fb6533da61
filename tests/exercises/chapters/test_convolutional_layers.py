"""Chapter 03 against referees that are not ours: the notes' numbers, SciPy, central differences."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.signal import correlate

from cnnlab import Network, Sequential, layers
from cnnlab.exercises import convolutional_layers as lesson

PREDICTIONS = {
    "in_grey": 8, "one_number": (13,), "two_filters": (4, 4, 2), "ten_filters": 280,
    "reshaped": ((1, 11), (21, 2)),
}  # fmt: skip
QUIZ = {
    "quiz_deep": 222, "quiz_bias": 2432, "quiz_desk": (5, 2), "quiz_slices": (10, 280),
    "quiz_tool": (80, 72), "quiz_loop": "last",
}  # fmt: skip


@pytest.mark.parametrize(("name", "right"), [*PREDICTIONS.items(), *QUIZ.items()])
def test_the_right_answers_are_those_worked_out_by_hand(name, right):
    question = getattr(lesson, name)
    assert question.choices[question.right].value == right


def test_there_is_enough_to_answer():
    kinds = [item.kind for item in lesson.items]
    assert kinds.count("predicted") >= 3
    assert kinds.count("solved") >= 6
    assert kinds.count("quiz") >= 5


def test_the_volume_of_the_notes_gives_two_maps_of_4x4():
    """Seed row 11."""
    layer = lesson.many_maps.value(lesson.many_maps.solution_code)
    volume, bank = lesson.VOLUME.astype(float), lesson.TWO_FILTERS.astype(float)
    maps = layer(volume, bank, np.array([0, 1.0]))
    assert maps.shape == (4, 4, 2)
    for k in range(2):
        expected = correlate(volume, bank[..., k], "valid")[..., 0] + k
        np.testing.assert_allclose(maps[..., k], expected)


def test_the_small_volumes_can_tell_their_mirror_images():
    for volume in (lesson.VOLUME, lesson.TWO_FILTERS[..., 0], lesson.TWO_FILTERS[..., 1]):
        for axis in range(3):
            assert not np.array_equal(volume, np.flip(volume, axis))
        assert not np.array_equal(volume, volume.swapaxes(0, 1))


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((2600, 222, 1040), "only if a filter is flat"),
        ((7600, 60, 1040), "as deep as its input: four slices"),
        ((7600, 222, 32), "a weight for each of the 64"),
        ((7800, 222, 1040), "gave each slice a bias"),
        ((7600, 222, 1041), "At position 2 you have 1041"),
    ],
)
def test_each_wrong_count_is_told_its_belief(numbers, message):
    verdict = lesson.counts.check(*numbers)
    assert verdict.passed is False
    assert message in verdict.message


def test_a_loop_that_forgets_the_earlier_channels_is_told_so():
    from cnnlab import filters

    def mine(image, weights):
        for channel in range(image.shape[2]):
            total = filters.apply(image[:, :, channel], weights[:, :, channel])
        return total

    assert "Each channel overwrites the one before" in lesson.one_map.check(mine).message


def test_the_trap_of_reshape_is_named():
    verdict = lesson.planes.check(lesson.SMALL.reshape(3, 2, 4))
    assert "The shape is right and the picture is not" in verdict.message


# -- The layer ------------------------------------------------------------------------------------


def written(task, *blanks):
    return task.value(task.cell.filled(*blanks))


def test_the_layer_of_the_solution_works_in_a_network_and_its_gradients_are_right():
    mix = written(lesson.layer)
    stack = Sequential(
        [mix(4), layers.Tanh(), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3)], (6, 6, 3)
    )
    net = Network(stack, seed=0)
    pictures, labels, step = np.stack([lesson.VOLUME, lesson.VOLUME[::-1]]) / 5, [0, 2], 0.01
    _, gradients = net.gradients(pictures, labels)
    for name in ("mix_1.weights", "mix_1.bias"):
        for place in np.ndindex(gradients[name].shape):
            losses = []
            for change in (step, -step):
                changed = {key: array.copy() for key, array in net.parameters.items()}
                changed[name][place] += change
                losses.append(
                    Network.from_parameters(stack, changed).gradients(pictures, labels)[0]
                )
            measured = (losses[0] - losses[1]) / (2 * step)
            assert gradients[name][place] == pytest.approx(measured, abs=5e-5)


def test_a_layer_that_goes_back_wrongly_is_told_which_gradient():
    right = written(lesson.layer)

    @dataclass(frozen=True)
    class Mine(right):
        def backward(self, parameters, cache, grad_output):
            grad_x, named = super().backward(parameters, cache, grad_output)
            return grad_x, {**named, "bias": 2 * named["bias"]}

    message = lesson.layer.check(Mine).message
    assert message.startswith("The gradient by the bias: at position 0 you have")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (layers.Layer, "Your layer stopped with TypeError"),
        (layers.Flatten, "Your layer stopped with TypeError"),
        (dict, "Expected something that can be used, got a type"),
        (None, "got None, which is nothing"),
        (lambda *_: 0, "Expected something that can be used, got a function"),
    ],
)
def test_what_is_no_such_layer_is_told_so(answer, message):
    verdict = lesson.layer.check(answer)
    assert verdict.passed is False
    assert message in verdict.message


def test_a_layer_whose_forward_fails_is_told_how():
    mine = written(lesson.layer, None, None, 'x @ parameters["filters"]')
    message = lesson.layer.check(mine).message
    assert message == "Your layer, used, stopped with KeyError: 'filters'."


def test_a_layer_that_never_ends_is_stopped():
    right = written(lesson.layer)

    @dataclass(frozen=True)
    class Mine(right):
        def forward(self, parameters, x, **_):
            while True:
                pass

    assert "did not come to an end within 3 seconds" in lesson.layer.check(Mine).message


def test_an_open_blank_in_a_method_is_not_yet():
    verdict = lesson.layer.check(written(lesson.layer, None, None, "..."))
    assert verdict.passed is None
    assert "still a ... to replace in your class" in verdict.message


def test_the_measured_slope_is_close_to_the_derived_one():
    measured = lesson.slope.value(lesson.slope.solution_code)
    assert measured == pytest.approx(3 * 2.0**2, abs=0.02)
