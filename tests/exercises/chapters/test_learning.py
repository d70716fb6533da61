"""Chapter 07: its numbers by hand, by NumPy and by PyTorch, and what it claims of networks."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import convolve2d, correlate2d
from scipy.special import log_softmax

from cnnlab import (
    Network,
    Sequential,
    augmentation,
    datasets,
    filters,
    images,
    optimizers,
    training,
)
from cnnlab.datasets import Dataset
from cnnlab.exercises import learning as lesson
from cnnlab.exercises import trial
from cnnlab.layers import Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU

X, W, UPSTREAM = (np.array([row]) for row in (lesson.X, lesson.W, lesson.UPSTREAM))


def train(layers, data, *, rate=0.05, epochs=6, **how):
    """Train a network from the same seed; give it and what each epoch ended with."""
    net = Network(Sequential(layers, input_shape=(8, 8, 1)), seed=0)
    descent = optimizers.SGD(rate, momentum=0.9)
    run = training.run(net, data, epochs=epochs, optimizer=descent, **{"batch_size": 32, **how})
    return net, [snapshot for snapshot in run if snapshot.epoch_end]


# -- Numbers known from elsewhere -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "claim"),
    [
        ("knows_nothing", 2.303),
        ("loss_and_accuracy", (1, 1)),
        ("whose_gradient", (21, 32, 43)),
        ("way_back", (1, 12, 25, 50)),
        ("close_enough", 0.33),
        ("falls_anyway", 0.51),
        ("sum_or_mean", (0.005, 0.16)),
        ("dropped", (6, 12)),
        ("last_fifth", (4,)),
        ("one_ruler", (-1.22, 2.45)),
        ("quiz_three", 1.099),
        ("quiz_same_sum", (88, 88)),
        ("quiz_pot", 0.6),
        ("quiz_logged", 0.6),
        ("quiz_twins", 84),
        ("quiz_both", True),
    ],
)
def test_a_question_is_answered_as_the_misconceptions_were_recomputed(question, claim):
    asked = getattr(lesson, question)
    assert asked.choices[asked.right].value == claim


def test_the_example_by_hand_is_what_scipy_makes_of_it():
    off = correlate2d(X, W, "valid") - np.array([lesson.WISH])
    assert off.tolist() == UPSTREAM.tolist()
    assert (off**2).sum() / 2 == 50.5
    assert correlate2d(X, off, "valid").tolist() == [[21, 32, 43]]
    assert convolve2d(off, W).tolist() == [[1, 12, 25, 50]]
    assert convolve2d(off, W[:, ::-1]).tolist() == [[5, 52, 21, 10]]


def test_accuracy_and_loss_disagree_as_the_chapter_says():
    before, after = np.array(lesson.BEFORE), np.array(lesson.AFTER)
    assert ((before > 0.5).mean(), (after > 0.5).mean()) == (0.5, 0.75)
    assert np.round([-np.log(before).mean(), -np.log(after).mean()], 2).tolist() == [0.70, 1.53]


# -- What is accepted, and what is told -----------------------------------------------------------


def by_scipy(scores, labels):
    return -log_softmax(scores, axis=1)[np.arange(len(labels)), labels].mean()


def by_pairs(scores, labels):
    total = 0.0
    for row, true in zip(scores, labels, strict=True):
        total += sum(max(0, row[j] - row[true] + 1) for j in range(len(row)) if j != true)
    return total / len(labels)


def by_windows(image, upstream):
    return (sliding_window_view(image, upstream.shape) * upstream).sum((2, 3))


def by_gathering(weights, upstream):
    rows, columns = np.array(weights.shape) - 1
    framed = np.pad(upstream, ((rows, rows), (columns, columns)))
    return correlate2d(framed, weights[::-1, ::-1], "valid")


def by_loops(pictures, owners, order, count):
    kept = set(order[:count].tolist())
    test = [one for one, owner in zip(pictures, owners, strict=True) if owner in kept]
    rest = np.array([one for one, owner in zip(pictures, owners, strict=True) if owner not in kept])
    return (np.array(test) - rest.mean()) / rest.std()


def test_other_ways_of_writing_it_are_accepted():
    assert lesson.cross_entropy.check(by_scipy).passed
    assert lesson.hinge.check(by_pairs).passed
    assert lesson.filter_gradient.check(by_windows).passed
    assert lesson.image_gradient.check(by_gathering).passed
    assert lesson.leak_free.check(by_loops).passed


def test_slopes_by_the_scores_are_those_of_pytorch(monkeypatch):
    torch = pytest.importorskip("torch", reason='pip install -e ".[peers]"')
    # Its threads do not come along into a copy of the process: there it may wait for them for ever.
    monkeypatch.setattr(trial, "rehearse", lambda *_: None)

    def by_torch(scores, labels):
        leaf = torch.tensor(scores, requires_grad=True)
        torch.nn.functional.cross_entropy(leaf, torch.tensor(labels)).backward()
        return leaf.grad.numpy()

    assert lesson.score_gradient.check(by_torch).passed
    doubled = lesson.score_gradient.check(lambda *given: 2 * by_torch(*given))
    assert doubled.message.startswith("Called with arrays of 1x3 and 1")


def test_slopes_that_are_measured_to_one_side_are_told_so():
    def one_side(loss, weights, step):
        slopes = np.zeros(weights.shape)
        for place in np.ndindex(weights.shape):
            moved = weights.copy()
            moved[place] += step
            slopes[place] = (loss(moved) - loss(weights)) / step
        return slopes

    assert "one side only" in lesson.measured.check(one_side).message
    assert "a loss of 2x3 weights" in lesson.measured.check(lambda *_: np.ones((2, 3))).message


# -- What the chapter claims ----------------------------------------------------------------------


class FlippedConv2D(Conv2D):
    """The mistake of the chapter: the filters are turned round on the way back."""

    def backward(self, parameters, cache, grad_output):
        turned = {**parameters, "filters": parameters["filters"][::-1, ::-1]}
        by_input, _ = super().backward(turned, cache, grad_output)
        return by_input, super().backward(parameters, cache, grad_output)[1]

    def backward_in_place(self, parameters, cache, grad_output, *, inputs=True):
        return self.backward(parameters, cache, grad_output)


def test_a_network_with_a_wrong_gradient_learns_all_the_same_but_slower_at_first():
    digits = datasets.digits()
    ends = {}
    for kind in (Conv2D, FlippedConv2D):
        first = [Conv2D(8, 3, padding="same"), ReLU(), kind(16, 3, padding="same"), ReLU()]
        layers = [*first, MaxPool2D(2), Flatten(), Dense(10)]
        _, ends[kind] = train(layers, digits.train, validation=digits.test)
    assert ends[FlippedConv2D][-1].validation.accuracy > 0.95
    assert ends[FlippedConv2D][0].loss > 1.2 * ends[Conv2D][0].loss


def test_a_hundred_digits_are_learned_by_heart_and_both_tricks_help():
    digits = datasets.digits()
    few = digits.train.split(0.07, seed=0)[0]
    best = {}
    for name, dropout, shift in [
        ("plain", [], ()),
        ("dropout", [Dropout(0.5)], ()),
        ("shifted", [], augmentation.Shift(1)),
    ]:
        layers = [Conv2D(16, 3, padding="same"), ReLU(), MaxPool2D(2), Flatten(), Dense(128)]
        how = {"epochs": 60, "batch_size": 20, "validation": digits.test, "augment": shift}
        _, ends = train([*layers, ReLU(), *dropout, Dense(10)], few, **how)
        best[name] = min(end.validation.loss for end in ends)
        if name == "plain":
            assert ends[-1].loss < 0.01
            assert ends[-1].validation.loss > best[name] + 0.02
    assert max(best["dropout"], best["shifted"]) < best["plain"] - 0.04


def test_labels_drawn_by_lot_are_read_only_where_twins_are_apart():
    digits, rng = datasets.digits(), np.random.default_rng(0)
    shown, lot = digits.train.images[:400], rng.integers(0, 10, 400)
    twins = np.clip(augmentation.Noise(0.05)(shown, rng), 0, 1)
    pictures, labels = np.concatenate([shown, twins]), np.tile(lot, 2)

    def asked(held_out):
        layers = [Conv2D(16, 3, padding="same"), ReLU(), MaxPool2D(2), Flatten(), Dense(128)]
        parts = (
            Dataset(pictures[part], labels[part], digits.train.class_names)
            for part in (~held_out, held_out)
        )
        learned, test = parts
        net, _ = train([*layers, ReLU(), Dense(10)], learned, epochs=30, batch_size=20)
        return training.evaluate(net, test).accuracy

    assert asked(np.isin(np.arange(800), rng.permutation(800)[:160])) > 0.5
    assert asked(np.isin(np.tile(np.arange(400), 2), rng.permutation(400)[:80])) < 0.25


def test_digits_by_other_writers_are_read_worse():
    layers = [Conv2D(8, 3, padding="same"), ReLU(), MaxPool2D(2), Flatten(), Dense(10)]
    found = {}
    for held_out in ("fifth", "writers"):
        learned, test = datasets.digits(held_out)
        net, _ = train(layers, learned, epochs=8)
        found[held_out] = training.evaluate(net, test).accuracy
    assert found["fifth"] > 0.95
    assert found["fifth"] - found["writers"] > 0.03


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_filter_finds_itself_and_momentum_makes_it_quick(momentum):
    photo = images.to_grey(images.sample("camera"))[100:148, 200:248]
    photo = photo - photo.mean()
    sobel = filters.CATALOGUE["sobel_x"].weights
    wish = correlate2d(photo, sobel, "valid")
    weights, velocity = np.random.default_rng(0).normal(size=(3, 3)), 0
    for _ in range(600):
        off = correlate2d(photo, weights, "valid") - wish
        velocity = momentum * velocity + lesson.filter_gradient.answer()(photo, off / off.size)
        weights = lesson.sgd_step.answer()(weights, velocity, 2.0)
    far = np.abs(weights - sobel).max()
    assert far < 0.05 if momentum else 0.2 < far < 1
