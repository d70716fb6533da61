"""Chapter 08: its numbers by hand, by NumPy and by SciPy, and what it claims of networks."""

from functools import cache

import numpy as np
import pytest
from scipy.stats import spearmanr

from cnnlab import Network, Sequential, datasets, features, optimizers, training, zoo
from cnnlab.datasets import Dataset
from cnnlab.exercises import seeing as lesson
from cnnlab.layers import Conv2D, Dense, GlobalAvgPool2D

TRAIN, TEST = datasets.faces()
SEEDS = [0, 2, 7, lesson.SEED, lesson.SEED + 1]


def learned(pictures):
    network = Network(zoo.face_net(), seed=0)
    training.fit(
        network,
        pictures,
        epochs=10,
        batch_size=32,
        optimizer=optimizers.AdamW(0.003),
        schedule=optimizers.OneCycle(),
        progress=False,
    )
    return network


@cache
def cheat(seed):
    return learned(datasets.marked(TRAIN, seed)[0])


def painted(images, box, tone, chosen=slice(None)):
    """Paint a box of some images, by loops."""
    copies = images.copy()
    top, left, bottom, right = box
    for image in copies[chosen] if isinstance(chosen, slice) else map(copies.__getitem__, chosen):
        for row in range(top, bottom):
            for column in range(left, right):
                image[row, column] = tone
    return copies


def right(network, pictures):
    return float((network.predict(pictures.images).argmax(axis=1) == pictures.labels).mean())


# -- Numbers known from elsewhere -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "claim"),
    [
        ("without_mark", 0.5),
        ("only_faces", 0.5),
        ("tiles", 128),
        ("zero_tone", 0.5),
        ("cover_tone", (0, -1)),
        ("quite_sure", 0),
        ("no_class_named", "cat"),
        ("step_size", 0.077),
        ("pieces", (2.5, 2.5)),
        ("quiz_which_test", "elsewhere"),
        ("quiz_tiles", 96),
        ("quiz_slope", 0.0001),
        ("quiz_nothing", 0),
        ("quiz_peaks", (1, 1)),
        ("quiz_edges", 1),
        ("quiz_relu", (0, 7)),
    ],
)
def test_a_question_is_answered_as_the_misconceptions_were_recomputed(question, claim):
    asked = getattr(lesson, question)
    assert asked.choices[asked.right].value == claim


def test_the_two_maps_give_one_and_nothing():
    assert lesson.two_maps.answer().tolist() == [1, 0]
    sums = np.array(lesson.CAM_WEIGHTS) @ np.array([lesson.FIRST, lesson.SECOND])
    assert sums.tolist() == [1, -4]


def test_a_cover_of_half_grey_raises_the_score_by_one():
    weights, pixels = np.array(lesson.WEIGHTS), np.array(lesson.PIXELS)
    assert weights @ pixels == 3
    assert weights @ [0.5, *pixels[1:]] == 4


# -- What is accepted, and what is told -----------------------------------------------------------


def by_spot(score, image, size, fill):
    places = [
        (row, column)
        for row in range(image.shape[0] - size + 1)
        for column in range(image.shape[1] - size + 1)
    ]
    drops = []
    for top, left in places:
        copy = image.copy()
        for row in range(size):
            for column in range(size):
                copy[top + row, left + column] = fill
        drops.append(score(image) - score(copy))
    return np.reshape(drops, (image.shape[0] - size + 1, -1))


def by_sums(maps, slopes):
    rows, columns, channels = maps.shape
    heat = np.zeros((rows, columns))
    for channel in range(channels):
        weight = slopes[:, :, channel].sum() / (rows * columns)
        heat += weight * maps[:, :, channel]
    heat[heat < 0] = 0
    return heat


def by_cases(maps):
    kept = np.where(maps > 0, maps, 0.0)
    return kept / kept.max() if kept.any() else kept


def test_other_ways_of_writing_it_are_accepted():
    box_first = lesson.hidden.check(
        lambda images, top, left, bottom, right: painted(images, (top, left, bottom, right), 0.5)
    )
    assert box_first.passed
    assert lesson.occluded.check(by_spot).passed
    assert lesson.my_cam.check(by_sums).passed
    assert lesson.one_scale.check(by_cases).passed
    assert lesson.saliency_map.check(lambda s: np.sqrt((s**2).max(axis=2))).passed
    assert lesson.step_away.check(
        lambda image, slopes, epsilon: np.clip(image + epsilon * np.sign(-slopes), 0, 1)
    ).passed


@pytest.mark.parametrize("seed", SEEDS)
def test_the_place_that_is_asked_for_is_that_of_the_learners_own_seed(seed):
    _, mark = datasets.marked(TEST, seed)
    top, left, bottom, right = mark.box
    check = lesson.found.check
    for row, column in [(top, left), (bottom - 1, right - 1), (max(0, top - 2), left)]:
        assert check((seed, row, column)).passed
    assert check((seed, np.int64(top), float(left))).passed
    assert not check((seed, (top + 12) % 25, left)).passed
    assert not check((seed, top, (left + 12) % 25)).passed


def test_a_place_that_is_wrong_is_told_why():
    _, mark = datasets.marked(TEST, lesson.SEED)
    said = {
        (lesson.SEED, mark.left, mark.top): "changed places",
        (lesson.SEED, 24 - mark.top, mark.left): "from below",
        (lesson.SEED, 11, 13): "middle of the face",
        (lesson.SEED, 25, 3): "rows and columns 0 to 24",
        (lesson.SEED, 2, 21): "hardly falls",
        (-1, 3, 20): "eave my_seed as it is",
        (0.5, 3, 20): "eave my_seed as it is",
        (2, 2): "three numbers",
    }
    for where, words in said.items():
        verdict = lesson.found.check(where)
        assert verdict.passed is False
        assert words in verdict.message, where


# -- What the chapter claims ----------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cheat_is_right_by_its_mark_alone_and_the_repair_makes_it_honest(seed):
    secret, mark = datasets.marked(TRAIN, seed)
    moved, _ = datasets.marked(TEST, seed, share=0, elsewhere=1)
    suspect = cheat(seed)
    assert right(suspect, datasets.marked(TEST, seed)[0]) >= 0.98
    assert 0.4 <= right(suspect, TEST) <= 0.64
    assert right(suspect, moved) <= 0.35

    grey = painted(secret.images, mark.box, 0.5)
    honest = learned(Dataset(grey, secret.labels, secret.class_names))
    assert min(right(honest, TEST), right(honest, moved)) >= 0.86


@pytest.mark.parametrize("seed", SEEDS)
def test_the_learners_map_finds_the_mark_of_any_seed(seed):
    suspect = cheat(seed)
    pictures, _ = datasets.marked(TEST, seed)
    drops = np.mean(
        [
            by_spot(lambda one: suspect.predict(one[None])[0, 1], image, 4, 0.5)
            for image in pictures.images[pictures.labels == 1][:3]
        ],
        axis=0,
    )
    row, column = np.unravel_index(drops.argmax(), drops.shape)
    assert lesson.found.check((seed, row, column)).passed


def test_paint_on_faces_alone_is_the_next_mark():
    secret, mark = datasets.marked(TRAIN, lesson.SEED)
    faces = np.flatnonzero(secret.labels == 1)
    black = painted(secret.images, mark.box, 0, faces)
    still = learned(Dataset(black, secret.labels, secret.class_names))
    assert right(still, TEST) <= 0.65


def test_three_maps_fall_apart_when_weights_are_shuffled():
    net, face = zoo.pretrained("face_net"), TEST.images[TEST.labels == 1][4]
    ways = {
        "saliency": lambda one: features.saliency(one, face, 1),
        "occlusion": lambda one: features.occlusion(one, face, 1, 5, fill=0.5, of="score"),
        "grad_cam": lambda one: features.grad_cam(one, face, 1, signed=True),
    }
    for name, make in ways.items():
        before = make(net).ravel()
        alike = [
            spearmanr(before, make(features.shuffled(net, 4, seed=seed)).ravel()).statistic
            for seed in range(5)
        ]
        assert abs(np.mean(alike)) < 0.3, name


def test_a_wall_has_no_positive_evidence_for_a_face():
    net, wall = zoo.pretrained("face_net"), TEST.images[TEST.labels == 0][0]
    assert features.grad_cam(net, wall, 1).max() == 0
    assert features.grad_cam(net, wall, 1, signed=True).min() < 0


def test_a_step_against_the_slope_does_more_than_one_by_lot():
    net, rng = zoo.pretrained("face_net"), np.random.default_rng(0)
    step = lesson.step_away.answer()
    lead = np.array(
        [
            features.input_gradient(net, one, int(label))
            - features.input_gradient(net, one, 1 - int(label))
            for one, label in zip(TEST.images, TEST.labels, strict=True)
        ]
    )
    by_lot = rng.choice([-1, 1], TEST.images.shape)
    worst, random = (
        Dataset(step(TEST.images, way, 20 / 255), TEST.labels, TEST.class_names)
        for way in (lead, by_lot)
    )
    assert np.abs(worst.images - TEST.images).max() <= 20 / 255 + 1e-6
    assert right(net, random) - right(net, worst) > 0.3


def test_a_mean_over_all_places_gives_mixed_cells_the_same_answer():
    layers = [Conv2D(64, 5, stride=5, activation="relu"), Conv2D(64, 1), GlobalAvgPool2D()]
    bag = Network(Sequential([*layers, Dense(2)], input_shape=(25, 25, 1)), seed=0)
    cells = TEST.images[0].reshape(5, 5, 5, 5).swapaxes(1, 2).reshape(25, 5, 5)
    mixed = np.random.default_rng(0).permutation(cells).reshape(5, 5, 5, 5).swapaxes(1, 2)
    mixed = mixed.reshape(25, 25, 1)
    assert not np.allclose(mixed, TEST.images[0])
    assert np.allclose(bag.predict(mixed[None]), bag.predict(TEST.images[:1]), atol=1e-5)
    placed = zoo.pretrained("face_net")
    assert not np.allclose(placed.predict(mixed[None]), placed.predict(TEST.images[:1]), atol=0.5)
