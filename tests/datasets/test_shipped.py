"""The digits and the faces: there without a network, with no leak between the parts."""

import hashlib
from importlib import resources

import numpy as np
import pytest

from cnnlab import datasets, images
from cnnlab.datasets import shipped
from cnnlab.errors import DataError


def keys(data: datasets.Dataset) -> set[bytes]:
    return {image.tobytes() for image in data.images}


def test_the_digits_are_those_of_the_repository():
    train, test = datasets.digits(held_out="writers")
    pixels = np.concatenate([train.images, test.images]) * 16
    labels = np.concatenate([train.labels, test.labels])
    assert pixels.shape == (1797, 8, 8, 1)
    np.testing.assert_array_equal(
        pixels[0, :, :, 0],  # as printed in the introduction of scikit-learn
        [
            [0, 0, 5, 13, 9, 1, 0, 0],
            [0, 0, 13, 15, 10, 15, 5, 0],
            [0, 3, 15, 2, 0, 11, 8, 0],
            [0, 4, 12, 0, 0, 8, 8, 0],
            [0, 5, 8, 0, 0, 9, 8, 0],
            [0, 4, 11, 0, 1, 12, 7, 0],
            [0, 2, 14, 5, 10, 12, 0, 0],
            [0, 0, 6, 13, 10, 0, 0, 0],
        ],
    )
    assert labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_digits_travel_with_their_notice():
    folder = resources.files("cnnlab.datasets")
    notice = folder.joinpath("digits.NOTICE.txt").read_text()
    assert "CC BY 4.0" in notice
    assert "10.24432/C50P49" in notice
    assert len(folder.joinpath("digits.npz").read_bytes()) < 50_000


def test_a_fifth_of_every_digit_is_held_out():
    train, test = datasets.digits()
    share = test.class_counts / (train.class_counts + test.class_counts)
    assert share.min() > 0.19
    assert share.max() < 0.21
    assert len(train) + len(test) == 1797


def test_the_last_writers_are_the_last_rows():
    fifth = datasets.digits()
    writers = datasets.digits(held_out="writers")
    assert len(writers.test) == 360
    assert keys(fifth.train) | keys(fifth.test) == keys(writers.train) | keys(writers.test)


def test_an_unknown_choice_is_told_the_two_there_are():
    with pytest.raises(DataError, match='"fifth" or "writers", got \'half\''):
        datasets.digits(held_out="half")


def test_faces_are_faces():
    from skimage.data import lfw_subset

    train, test = datasets.faces(crops=0)
    faces = {image.astype(np.float32).tobytes() for image in lfw_subset()[:100]}
    assert keys(train[train.labels == 1]) | keys(test[test.labels == 1]) == faces
    assert test.class_counts.tolist() == [25, 25]
    assert train.class_names[1] == "face"
    assert train.images.max() > 0.9


def test_crops_join_the_training_images_only():
    plain, more = datasets.faces(crops=0), datasets.faces(crops=40)
    assert more.train.class_counts.tolist() == [115, 75]
    assert keys(more.test) == keys(plain.test)


def test_training_and_test_crops_come_from_different_photographs():
    used = shipped._PHOTOGRAPHS
    assert not set(used["train"]) & set(used["test"])
    assert set(used["train"]) | set(used["test"]) <= set(images.SAMPLES)


def test_no_crop_touches_a_head(monkeypatch):
    """Heads painted white and all else black: a crop that touches one is not black."""

    def painted(name):
        canvas = np.zeros((512, 512), dtype=np.float32)
        if name in shipped._HEADS:
            top, left, bottom, right = shipped._HEADS[name]
            canvas[top:bottom, left:right] = 1
        return canvas

    monkeypatch.setattr(images, "sample", painted)
    for part in ("train", "test"):
        assert datasets.photograph_crops(300, part=part).images.max() == 0


def test_crops_follow_their_seed():
    first, again, other = (datasets.photograph_crops(5, seed=seed).images for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"part": "exam"}, "part must be"),
        ({"count": 0}, "count must be at least 1, got 0"),
        ({"seed": -1}, "seed must be a whole number, 0 or more, got -1; try seed=0"),
    ],
)
def test_crops_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(DataError, match=message):
        datasets.photograph_crops(**arguments)


def test_more_crops_than_fit_are_refused_before_the_first_is_cut():
    with pytest.raises(DataError, match="crops must be at most 100,000, got 1000000000"):
        datasets.faces(crops=10**9)


def test_the_default_parts_never_change():
    """Weights that ship were trained on these parts; another deal would mix in test images."""
    digest = hashlib.sha256()
    for split in (datasets.digits(), datasets.faces(crops=0)):
        digest.update(split.test.labels.tobytes())
        digest.update(split.test.images.tobytes())
    assert digest.hexdigest() == (
        "8dcf9430fd8c2b38ae2343d87fba77e6de39445d03675b5f876df4323d8bb099"
    )
