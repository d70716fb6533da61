import json
import os
import subprocess
import sys
import threading

import pytest

from cnnlab.exercises import Store, folder


def counted(entry):
    return {"count": entry.get("count", 0) + 1}


def test_an_entry_outlives_the_kernel(tmp_path):
    Store(tmp_path).change("01.one", counted)
    Store(tmp_path).change("01.one", counted)
    Store(tmp_path).change("01.two", counted)
    assert Store(tmp_path).entries() == {"01.one": {"count": 2}, "01.two": {"count": 1}}
    assert Store(tmp_path).read("01.three") == {}


def test_the_folder_is_the_one_the_environment_names(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path / "not made yet"))
    assert folder() == tmp_path / "not made yet"
    Store().change("key", counted)
    assert (tmp_path / "not made yet" / "progress.json").is_file()
    monkeypatch.delenv("CNNLAB_HOME")
    assert folder().name == "cnnlab"


@pytest.mark.parametrize(
    "damage",
    [
        *(b"", b"{", b"[]", b"null", b'{"entries": []}', b'{"entries": {"a": 1}}'),
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_set_aside_and_never_lost(tmp_path, damage):
    (tmp_path / "progress.json").write_bytes(damage)
    store = Store(tmp_path)
    assert store.entries() == {}
    assert (tmp_path / "progress.json").read_bytes() == damage  # reading alone moves nothing
    store.change("key", counted)
    assert store.entries() == {"key": {"count": 1}}
    assert (tmp_path / "progress.damaged-1.json").read_bytes() == damage


def test_a_second_damaged_file_does_not_replace_the_first(tmp_path):
    for content in (b"first", b"second"):
        (tmp_path / "progress.json").write_bytes(content)
        Store(tmp_path).change("key", counted)
    assert (tmp_path / "progress.damaged-1.json").read_bytes() == b"first"
    assert (tmp_path / "progress.damaged-2.json").read_bytes() == b"second"


def test_a_crash_while_writing_leaves_the_old_file_whole(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.change("key", counted)

    def crash(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", crash)
        with pytest.raises(KeyboardInterrupt):
            store.change("key", counted)
    assert Store(tmp_path).entries() == {"key": {"count": 1}}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["progress.json", "progress.lock"]
    store.change("key", counted)
    assert Store(tmp_path).read("key") == {"count": 2}


def test_where_nothing_can_be_written_progress_lasts_as_long_as_the_kernel(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file" / "folder")
    assert store.change("key", counted) == {"count": 1}
    assert store.change("key", counted) == {"count": 2}
    assert store.read("key") == {"count": 2}
    assert not store.saved


def test_what_could_not_be_written_is_written_as_soon_as_it_can_be(tmp_path):
    (tmp_path / "home").write_text("in the way")
    store = Store(tmp_path / "home")
    store.change("early", counted)
    (tmp_path / "home").unlink()
    store.change("late", counted)
    assert store.saved
    assert set(Store(tmp_path / "home").entries()) == {"early", "late"}


def test_threads_lose_no_change(tmp_path):
    store = Store(tmp_path)

    def work():
        for _ in range(20):
            store.change("key", counted)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.read("key") == {"count": 80}


def test_two_kernels_lose_no_change(tmp_path):
    code = (
        "import sys, pathlib; from cnnlab.exercises._store import Store\n"
        "store = Store(pathlib.Path(sys.argv[1]))\n"
        "for _ in range(25):\n"
        "    store.change('key', lambda entry: {'count': entry.get('count', 0) + 1})\n"
    )
    kernels = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(2)]
    assert [kernel.wait() for kernel in kernels] == [0, 0]
    assert Store(tmp_path).read("key") == {"count": 50}


def test_the_file_is_json_that_a_person_can_read(tmp_path):
    Store(tmp_path).change("01.one", counted)
    content = json.loads((tmp_path / "progress.json").read_text())
    assert content == {"version": 1, "entries": {"01.one": {"count": 1}}}
