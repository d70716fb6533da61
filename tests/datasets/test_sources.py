"""Where files come from: the learner's folder, the cache, one mirror after another."""

import functools
import gzip
import hashlib
import http.server
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from cnnlab import datasets
from cnnlab.datasets import mnist_like
from cnnlab.datasets.sources import Source
from cnnlab.errors import DataError

CONTENT = b"the file that is meant"
OWN_MNIST = Path(os.environ.get("CNNLAB_DATA", "/nowhere"), "mnist")
NOWHERE = "http://127.0.0.1:9/"  # the discard port: nobody listens, the refusal comes at once


def source(*mirrors: str) -> Source:
    return Source("letters", mirrors, {"a.gz": hashlib.sha256(CONTENT).hexdigest()})


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch, tmp_path):
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.delenv("CNNLAB_DATA", raising=False)


@pytest.fixture
def server(tmp_path):
    """A web server over a folder; yields the folder and the address."""
    folder = tmp_path / "web"
    folder.mkdir()

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Silent, directory=folder)
    ) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


def test_the_learners_folder_comes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.gz").write_bytes(b"my own")
    assert source(NOWHERE).locate("a.gz").read_bytes() == b"my own"


def test_the_learners_folder_may_hold_the_file_uncompressed(monkeypatch, tmp_path):
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a").write_bytes(b"my own")
    assert source(NOWHERE).locate("a.gz").read_bytes() == b"my own"


def test_the_second_mirror_is_asked_when_the_first_fails(server):
    folder, address = server
    (folder / "a.gz").write_bytes(CONTENT)
    assert source(NOWHERE, address + "missing/", address).locate("a.gz").read_bytes() == CONTENT


def test_a_fetched_file_is_kept(server):
    folder, address = server
    (folder / "a.gz").write_bytes(CONTENT)
    first = source(address).locate("a.gz")
    (folder / "a.gz").unlink()
    assert source(address).locate("a.gz") == first


def test_a_file_with_another_checksum_is_never_kept(server, tmp_path):
    folder, address = server
    (folder / "a.gz").write_bytes(b"something else")
    with pytest.raises(DataError, match="its SHA-256 differs"):
        source(address).locate("a.gz")
    assert not list((tmp_path / "cache").rglob("a.gz"))


def test_with_nothing_to_be_had_the_message_says_what_was_tried(monkeypatch, server, tmp_path):
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    _, address = server
    with pytest.raises(DataError) as caught:
        source(NOWHERE, address).locate("a.gz")
    message = str(caught.value)
    assert f"{tmp_path / 'letters' / 'a.gz'}: no such file" in message
    assert f"{NOWHERE}a.gz: no connection (ConnectionError)" in message
    assert f"{address}a.gz: the server answered 404" in message
    assert "set CNNLAB_DATA" in message
    assert "datasets.digits() works without a network" in message


def write_mnist(folder, idx_file, train=6, test=3):
    folder.mkdir()
    for prefix, count in (("train", train), ("t10k", test)):
        images = np.zeros((count, 28, 28), dtype=np.uint8)
        images[:, 3, 5] = 255
        labels = (np.arange(count) % 10).astype(np.uint8)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            packed = gzip.compress(idx_file(array))
            (folder / f"{prefix}-{kind}-ubyte.gz").write_bytes(packed)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_four_files_become_training_and_test_images(monkeypatch, tmp_path, idx_file, name):
    write_mnist(tmp_path / name, idx_file)
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    train, test = getattr(datasets, name)()
    assert (len(train), len(test)) == (6, 3)
    assert train.images[:, 3, 5, 0].tolist() == [1.0] * 6
    assert train.images.sum() == 6
    assert train.labels.tolist() == [0, 1, 2, 3, 4, 5]
    assert len(train.class_names) == 10


def test_files_exchanged_by_mistake_are_noticed(monkeypatch, tmp_path, idx_file):
    write_mnist(tmp_path / "mnist", idx_file)
    files = tmp_path / "mnist"
    labels = (files / "train-labels-idx1-ubyte.gz").read_bytes()
    (files / "train-images-idx3-ubyte.gz").write_bytes(labels)
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    with pytest.raises(DataError, match="check that the files have not been exchanged"):
        datasets.mnist()


def test_offline_mnist_offers_the_digits(monkeypatch):
    offline = Source("mnist", (NOWHERE,), mnist_like._MNIST.sha256)
    monkeypatch.setattr(mnist_like, "_MNIST", offline)
    with pytest.raises(DataError, match=r"train-images.*could not be fetched(.|\n)*digits\(\)"):
        datasets.mnist()


@pytest.mark.skipif(
    not OWN_MNIST.is_dir(), reason="no MNIST here; CNNLAB_DATA names a folder that holds mnist/"
)
def test_the_real_mnist_has_its_seventy_thousand_digits(monkeypatch):
    monkeypatch.setenv("CNNLAB_DATA", str(OWN_MNIST.parent))
    train, test = datasets.mnist()
    assert train.images.shape == (60_000, 28, 28, 1)
    assert test.images.shape == (10_000, 28, 28, 1)
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.class_counts.tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
