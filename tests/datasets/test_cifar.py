"""The binary archive of CIFAR-10: planes become pixels, anything odd is refused."""

import io
import tarfile

import numpy as np
import pytest

from cnnlab.datasets import cifar10
from cnnlab.datasets.cifar import read_archive
from cnnlab.errors import DataError

BATCHES = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]


def record(label: int, red: int, green: int, blue: int) -> bytes:
    """One picture: every pixel of one colour, but a white one at row 2, column 30."""
    planes = np.empty((3, 32, 32), dtype=np.uint8)
    planes[:] = np.reshape([red, green, blue], (3, 1, 1))
    planes[:, 2, 30] = 255
    return bytes([label]) + planes.tobytes()


def write(path, contents: dict[str, bytes]):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def good() -> dict[str, bytes]:
    return {name: record(place, 51, 102, 0) for place, name in enumerate(BATCHES)}


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "cifar-10-binary.tar.gz"


def test_planes_become_pixels(archive):
    train, test = read_archive(write(archive, good()))
    assert train.labels.tolist() == [0, 1, 2, 3, 4]
    assert test.labels.tolist() == [5]
    assert test.class_names[5] == "dog"
    np.testing.assert_allclose(test.images[0, 0, 0], [0.2, 0.4, 0])
    np.testing.assert_allclose(test.images[0, 2, 30], [1, 1, 1])
    assert (test.images == 1).sum() == 3


def test_it_is_found_in_the_learners_folder(archive, monkeypatch):
    folder = archive.parent / "data" / "cifar10"
    folder.mkdir(parents=True)
    write(folder / archive.name, good())
    monkeypatch.setenv("CNNLAB_DATA", str(folder.parent))
    assert len(cifar10().train) == 5


def test_a_missing_batch_is_named(archive):
    contents = good()
    del contents["data_batch_3.bin"]
    with pytest.raises(DataError, match=r"lacks data_batch_3.bin; it must be the binary version"):
        read_archive(write(archive, contents))


@pytest.mark.parametrize("content", [b"", record(1, 2, 3, 4)[:-1], record(1, 2, 3, 4) + b"!"])
def test_a_batch_of_a_wrong_length_is_refused(archive, content):
    with pytest.raises(DataError, match=r"test_batch.bin has \d+ bytes, expected records of 3073"):
        read_archive(write(archive, good() | {"test_batch.bin": content}))


def test_a_batch_that_claims_to_be_large_is_not_read(archive):
    member = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
    member.size = 3073 * 10_001
    archive.write_bytes(member.tobuf() + b"\0" * 512)
    with pytest.raises(DataError, match="10000 at most"):
        read_archive(archive)


def test_a_label_beyond_nine_is_refused(archive):
    with pytest.raises(DataError, match="a label of CIFAR-10 is 10, expected 0 to 9"):
        read_archive(write(archive, good() | {"test_batch.bin": record(10, 0, 0, 0)}))


def test_a_folder_in_place_of_a_batch_is_refused(archive):
    with tarfile.open(archive, "w:gz") as packed:
        member = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
        member.type = tarfile.DIRTYPE
        packed.addfile(member)
    with pytest.raises(DataError, match=r"test_batch.bin has 0 bytes"):
        read_archive(archive)


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08 no gzip either"])
def test_what_is_no_archive_is_refused(archive, content):
    archive.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read.*fetch it again"):
        read_archive(archive)


def test_an_archive_cut_short_is_refused(archive):
    whole = write(archive, good()).read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cannot be read|lacks"):
        read_archive(archive)
