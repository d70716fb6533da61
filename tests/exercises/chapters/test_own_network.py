"""Chapter 10: its numbers by others, what else is accepted, and what it claims of networks."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from cnnlab import Network, Sequential, datasets, exercises, optimizers, training
from cnnlab.exercises import own_network as lesson
from cnnlab.exercises import trial
from cnnlab.exercises.chapters import own_network_questions as questions
from cnnlab.layers import AvgPool2D, Conv2D, Dense, Flatten, GlobalAvgPool2D, MaxPool2D, ReLU

# -- Numbers known from elsewhere -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "claim"),
    [
        ("which_number", 0.91),
        ("known_people", 99.998),
        ("copies", 0.895),
        ("even_draw", (10, 75)),
        ("grid_rates", (3, 9)),
        ("a_win", 0.45),
        ("quiz_best", 0.85),
        ("quiz_peeks", (0, 0.017)),
        ("quiz_example", 0),
        ("quiz_win", 0.5),
        ("quiz_grid", (4, 16)),
        ("quiz_hold", 100),
        ("quiz_stopped", 0.9),
    ],
)
def test_a_question_is_answered_as_the_misconceptions_were_recomputed(question, claim):
    asked = getattr(lesson, question)
    assert asked.choices[asked.right].value == claim


@pytest.mark.parametrize(
    ("networks", "truth", "images", "reads"), [(20, 0.9, 1000, 0.917), (10, 0.9, 500, 0.920)]
)
def test_the_best_of_equals_reads_what_order_statistics_say(networks, truth, images, reads):
    count = np.arange(images + 1)
    largest = np.diff(stats.binom.cdf(count, images, truth) ** networks, prepend=0)
    assert round(float(largest @ count) / images, 3) == reads
    assert questions.best_of(networks, truth, images) == (reads, truth)


def test_nobody_known_is_as_rare_as_the_hypergeometric_says():
    """Of a person's ten pictures one is in the test: are the other nine there too?"""
    assert round(100 * (1 - float(Fraction(3, 10) ** 9)), 3) == 99.998


def test_two_scores_lie_apart_as_the_test_of_two_shares_says():
    p, n = np.array([0.906, 0.900]), 1000
    by_hand = (p[0] - p[1]) / np.sqrt((p * (1 - p) / n).sum())
    assert questions.standard_errors_apart(0.906, 0.900, 1000) == pytest.approx(by_hand)
    assert round(by_hand, 2) == 0.45


# -- What is accepted, and what is told -----------------------------------------------------------


def by_loops(persons, order, count):
    bins = {person: 2 if k < count else 1 if k < 2 * count else 0 for k, person in enumerate(order)}
    return [bins[person] for person in persons]


def by_cdist(pictures, others):
    flat = cdist(pictures.reshape(len(pictures), -1), others.reshape(len(others), -1))
    return flat.argmin(axis=1)


def by_logs(low, high, count, rng):
    return np.exp(rng.uniform(np.log(low), np.log(high), count))


def by_history(network, train, validation, seconds, **how):
    kept = []
    for snapshot in training.run(network, train, validation=validation, **how):
        if snapshot.epoch_end:
            kept.append((snapshot.validation.accuracy, network.parameters))
            if snapshot.seconds > seconds:
                break
    best = max(range(len(kept)), key=lambda k: (kept[k][0], -k))
    network.parameters = kept[best][1]
    return kept[best][0]


def test_other_ways_of_writing_it_are_accepted():
    assert lesson.by_person.check(by_loops).passed
    assert lesson.nearest.check(by_cdist).passed
    assert lesson.draw_rates.check(by_logs).passed
    assert lesson.train_within.check(by_history).passed
    assert lesson.standard_error.check(lambda p, n: stats.bernoulli.std(p) / np.sqrt(n)).passed


@pytest.mark.parametrize(
    "layers",
    [
        [Conv2D(6, 3), ReLU(), MaxPool2D(2), Flatten()],
        [Conv2D(8, 3, activation="relu"), Conv2D(8, 3), ReLU(), AvgPool2D(2), Flatten()],
        (Conv2D(12, 3), ReLU(), GlobalAvgPool2D()),
    ],
)
def test_any_design_within_the_budget_is_accepted(layers):
    assert lesson.layers.check(layers).passed
    stack = Sequential([*layers, Dense(10)], (8, 8, 1))
    assert sum(array.size for array in Network(stack).parameters.values()) <= 1000


def test_a_design_that_fits_nowhere_is_told_what_the_layers_say():
    verdict = lesson.layers.check([Conv2D(4, 9), ReLU(), Flatten()])
    assert "conv2d_1" in verdict.message
    assert "does not fit" in verdict.message
    over = lesson.layers.check([Conv2D(9, 3), ReLU(), Flatten()])
    assert "Over 1,000 parameters" in over.message


def test_a_training_that_keeps_the_last_epoch_is_told_so():
    def last(network, train, validation, seconds, **how):
        for snapshot in training.run(network, train, validation=validation, **how):
            if snapshot.epoch_end and snapshot.seconds > seconds:
                break
        return snapshot.validation.accuracy

    assert not lesson.train_within.check(last).passed


def test_the_trainings_that_are_looked_at_get_worse_at_the_end_and_have_equals():
    """Else keeping the last epoch, or the last of equals, would pass for right."""
    from cnnlab.exercises.chapters import own_network

    accuracies = {}
    for seed in (9, 2):
        train, validation = own_network._few(seed)
        net = Network(Sequential([Flatten(), Dense(10)], (8, 8, 1)), seed=seed)
        how = {"epochs": 7, "batch_size": 16, "optimizer": optimizers.SGD(0.5, momentum=0.9)}
        run = training.run(net, train, validation=validation, **how)
        accuracies[seed] = [one.validation.accuracy for one in run if one.epoch_end]
    assert accuracies[9][-1] < max(accuracies[9])
    assert accuracies[9][0] < max(accuracies[9])
    assert accuracies[2].count(max(accuracies[2])) > 1


def test_the_twelve_questions_stand_behind_the_chapters_quiz():
    assert len(lesson.quiz) >= 5
    assert len(lesson.test) == 12
    assert not {item.key for item in lesson.quiz} & {item.key for item in lesson.test}


# -- What the chapter claims ----------------------------------------------------------------------


def test_a_thousand_parameters_read_the_digits_nearly_as_well_as_thirty_four_thousand():
    pictures, test = datasets.digits()
    train, _ = pictures.split(0.75, 0.25)
    own = lesson.layers.value(lesson.layers.solution_code)
    large = [Conv2D(16, 3, padding="same"), ReLU(), MaxPool2D(2), Flatten(), Dense(128), ReLU()]
    scores, sizes = [], []
    for layers in (own, large):
        stack = Sequential([*layers, Dense(10)], (8, 8, 1))
        net = Network(stack, seed=0)
        descent = optimizers.SGD(0.05, momentum=0.9)
        training.fit(net, train, epochs=20, batch_size=32, optimizer=descent, progress=False)
        scores.append(training.evaluate(net, test).accuracy)
        sizes.append(stack.num_parameters)
    assert sizes == [994, 34_346]
    assert min(scores) > 0.94
    assert scores[0] > scores[1] - 0.04


def test_the_digits_that_ship_have_no_copy_in_two_bins():
    train, test = datasets.digits()
    apart = cdist(train.images.reshape(len(train), -1), test.images.reshape(len(test), -1))
    assert apart.min() > 0.1


def test_the_gain_is_told_when_both_tests_are_answered():
    from cnnlab.exercises import start

    for item in start.test:
        item.commit((item.right + 1) % len(item.choices))
    assert exercises.results().gain is None
    assert all(item.sealed for item in [*start.test, *lesson.test])
    for item in lesson.test:
        item.commit(item.right)
    assert not any(item.sealed for item in [*start.test, *lesson.test])
    assert exercises.results().gain == 1


def test_a_layer_of_ones_own_that_never_tells_its_shape_is_stopped(monkeypatch):
    class Mine(ReLU):
        def output_shape(self, input_shape):
            while True:
                pass

    monkeypatch.setattr(trial, "SECONDS", 0.5)
    verdict = lesson.layers.check([Mine(), Flatten()])
    assert "did not come to an end within 0.5 seconds" in verdict.message
