"""The learner's own pictures."""

import numpy as np
import pytest
from PIL import Image

from cnnlab import datasets
from cnnlab.errors import DataError


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(path)


@pytest.fixture
def pets(tmp_path):
    save(tmp_path / "dog" / "wide.png", np.full((20, 60, 3), (255, 0, 0)))
    save(tmp_path / "cat" / "b.png", np.full((40, 40), 51))
    save(tmp_path / "cat" / "a.jpg", np.full((40, 40), 204))
    return tmp_path


def test_each_folder_is_a_class(pets):
    data = datasets.from_folder(pets, size=16)
    assert data.class_names == ("cat", "dog")
    assert data.labels.tolist() == [0, 0, 1]
    assert data.images.shape == (3, 16, 16, 3)
    np.testing.assert_allclose(data.images[0], 0.8, atol=0.01)
    np.testing.assert_allclose(data.images[1], 0.2, atol=1e-6)
    np.testing.assert_allclose(data.images[2], np.full((16, 16, 3), (1, 0, 0)), atol=1e-6)


def test_grey_has_one_channel(pets):
    data = datasets.from_folder(pets, size=(8, 12), grey=True)
    assert data.images.shape == (3, 8, 12, 1)
    np.testing.assert_allclose(data.images[2], 0.2125, atol=1e-5)


def test_a_wide_picture_is_cut_at_both_sides_not_squeezed(tmp_path):
    pixels = np.zeros((20, 60, 3))
    pixels[:, 20:40] = 255
    save(tmp_path / "x" / "wide.png", pixels)
    data = datasets.from_folder(tmp_path, size=20)
    np.testing.assert_allclose(data.images[0], 1, atol=1e-6)


def test_other_files_and_hidden_ones_are_passed_over(pets):
    (pets / "cat" / "notes.txt").write_text("a cat")
    (pets / "cat" / "._a.jpg").write_bytes(b"what macOS leaves behind")
    (pets / ".cache").mkdir()
    assert len(datasets.from_folder(pets, size=4)) == 3


def test_a_broken_picture_is_named(pets):
    (pets / "cat" / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with pytest.raises(DataError, match=r"cat/c.png: .*or take it out of the folder"):
        datasets.from_folder(pets)


def test_an_empty_class_is_named(pets):
    (pets / "bird").mkdir()
    with pytest.raises(DataError, match="no pictures in the folder bird"):
        datasets.from_folder(pets)


def test_pictures_that_lie_about_loose_are_not_a_class(tmp_path):
    save(tmp_path / "a.png", np.zeros((4, 4)))
    with pytest.raises(DataError, match="has no folders; put the pictures of each class"):
        datasets.from_folder(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"there is no folder .*pets"):
        datasets.from_folder(tmp_path / "pets")


def test_more_than_a_gigabyte_is_refused_before_it_is_taken(pets):
    with pytest.raises(DataError, match="3 pictures of 9000x9000x3 take more than a gigabyte"):
        datasets.from_folder(pets, size=9000)
