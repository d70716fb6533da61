"""IDX files: read exactly, or refused with the reason."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest

from cnnlab.datasets import idx
from cnnlab.errors import DataError

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


@pytest.fixture
def read(tmp_path):
    def write_and_read(content: bytes):
        path = tmp_path / "images"
        path.write_bytes(content)
        return idx.read(path)

    return write_and_read


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_values_come_back_in_their_places(read, idx_file, pack):
    np.testing.assert_array_equal(read(pack(idx_file(IMAGES))), IMAGES)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda good: good[:10], "ends within its list of sizes"),
        (lambda good: good[:-1], "claims 2x3x4 values and ends after 23"),
        (lambda good: good + b"!", "claims 2x3x4 values and goes on after that"),
        (lambda good: good[:2] + b"\x0d" + good[3:], "IDX type 0x0d, not unsigned bytes"),
        (lambda good: gzip.compress(good)[:-12], "cannot be read"),
    ],
)
def test_a_spoiled_file_is_refused(read, idx_file, spoil, message):
    with pytest.raises(DataError, match=message):
        read(spoil(idx_file(IMAGES)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file: it begins with the bytes of nothing"),
        (b"\x89PNG\r\n", "not an IDX file: it begins with the bytes 89 50 4e 47"),
        (b"\0\0\x08\x00", "claims 0 axes"),
        (b"\0\0\x08\x09" + b"\0\0\0\x01" * 9, "claims 9 axes"),
        (b"\0\0\x08\x03" + b"\0\0\0\0" * 3, "claims 0x0x0 values"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "claims 4294967295x4294967295x4294967295 values"),
        (b"\x1f\x8b garbage that is no gzip", "cannot be read"),
    ],
)
def test_a_file_that_is_not_right_is_refused(read, content, message):
    with pytest.raises(DataError, match=message):
        read(content)


def test_a_small_file_that_claims_to_be_large_takes_no_memory(read):
    claim = b"\0\0\x08\x03" + struct.pack(">3I", 60_000, 60, 60)  # 216 million pixels
    tracemalloc.start()
    with pytest.raises(DataError, match="ends after 0"):
        read(gzip.compress(claim))
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(DataError, match="train-images cannot be read"):
        idx.read(tmp_path / "train-images")
