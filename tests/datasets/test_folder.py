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


def test_hidden_files_are_passed_over(pets):
    (pets / "cat" / "._a.jpg").write_bytes(b"what macOS leaves behind")
    (pets / "cat" / "Thumbs.db").write_bytes(b"what Windows leaves behind")
    (pets / ".cache").mkdir()
    assert len(datasets.from_folder(pets, size=4)) == 3


def test_what_is_passed_over_is_counted(pets):
    for name in ("1.heic", "2.HEIC", "notes.txt", "README"):
        (pets / "cat" / name).write_text("a cat")
    (pets / "dog" / "old").mkdir()
    counts = "2 .heic, 1 .txt, 1 folder, 1 without ending; if they are pictures, save them as PNG"
    with pytest.warns(UserWarning, match=f"passed over, .* known here: {counts}"):
        assert len(datasets.from_folder(pets, size=4)) == 3


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        (".pgm", "PPM"), (".pbm", "PPM"), (".pnm", "PPM"), (".jfif", "JPEG"), (".jpe", "JPEG"),
        (".apng", "PNG"), (".mpo", "MPO"), (".TIFF", "TIFF"),
    ],
)  # fmt: skip
def test_every_ending_that_opens_is_read(tmp_path, suffix, kind):
    (tmp_path / "white").mkdir()
    mode = "1" if suffix == ".pbm" else "L"
    Image.new(mode, (8, 8), "white").save(tmp_path / "white" / f"a{suffix}", kind)
    np.testing.assert_allclose(datasets.from_folder(tmp_path, size=4).images, 1, atol=0.01)


def test_a_long_panorama_is_as_sharp_as_its_middle(tmp_path):
    pixels = np.zeros((300, 9000))
    pixels[:, ::6] = pixels[:, 1::6] = pixels[:, 2::6] = 255  # lines three pixels wide
    save(tmp_path / "x" / "long.png", pixels)
    middle = Image.fromarray(pixels[:, 4350:4650].astype(np.uint8))
    expected = np.asarray(middle.resize((150, 150), Image.Resampling.BILINEAR)) / 255
    image = datasets.from_folder(tmp_path, size=150, grey=True).images[0, ..., 0]
    assert image.std() > 0.8 * expected.std()
    assert expected.std() > 0.3


def test_a_broken_picture_is_named(pets):
    (pets / "cat" / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with pytest.raises(DataError, match=r"cat/c.png: .*or take it out of the folder"):
        datasets.from_folder(pets)


def test_an_empty_class_is_named(pets):
    (pets / "bird").mkdir()
    with pytest.raises(DataError, match=r"no pictures in the folder bird of .*; put the pictures"):
        datasets.from_folder(pets)
    (pets / "bird" / "1.heic").write_text("a bird")
    with pytest.raises(DataError, match=r"the folder bird of .* \(it holds 1 .heic\); put the"):
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


@pytest.mark.parametrize("size", [200, 199, 100, 64])
def test_a_small_picture_is_made_larger_whatever_the_rounding(tmp_path, size):
    save(tmp_path / "x" / "tiny.png", np.full((9, 7), 255))
    assert datasets.from_folder(tmp_path, size=size).images.min() == 1


@pytest.mark.parametrize(
    ("folder", "options", "message"),
    [
        (None, {}, "folder must name a file or folder, got None; try"),
        ("x" * 10_000, {}, "folder must name a file or folder, got 'xx"),
        (".", {"grey": np.ones(3)}, r"grey must be True or False, got an array of shape \(3,\)"),
    ],
)
def test_what_is_no_folder_or_no_switch_is_refused(folder, options, message):
    with pytest.raises(DataError, match=message):
        datasets.from_folder(folder, **options)
