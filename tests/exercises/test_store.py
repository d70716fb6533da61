import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

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
        *(b'{"version": "1", "entries": {}}', b'{"version": null, "entries": {}}'),
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
        "import sys, pathlib; from cnnlab.exercises.store import Store\n"
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


def written(folder, **fields):
    content = {"version": 1, "entries": {"old": {"count": 7}}, **fields}
    (folder / "progress.json").write_text(json.dumps(content))
    return (folder / "progress.json").read_bytes()


def unreadable(monkeypatch):
    """A file that is there and cannot be read, as where another program keeps it open."""

    def refused(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", refused)


def test_what_could_not_be_read_is_not_written_over(tmp_path, monkeypatch):
    before = written(tmp_path)
    store = Store(tmp_path)
    with monkeypatch.context() as patched:
        unreadable(patched)
        store.change("new", counted)
        store.change("old", counted)
        assert (tmp_path / "progress.json").read_bytes() == before
        assert store.read("new") == {"count": 1}
        assert "Your progress lasts until the kernel stops" in store.trouble
        assert "(Permission denied)" in store.trouble
    store.change("new", counted)
    assert Store(tmp_path).entries() == {"old": {"count": 8}, "new": {"count": 2}}
    assert store.saved
    assert store.trouble == ""


def test_what_was_read_once_is_remembered_while_it_cannot_be_read(tmp_path, monkeypatch):
    written(tmp_path)
    store = Store(tmp_path)
    assert store.read("old") == {"count": 7}
    unreadable(monkeypatch)
    assert store.read("old") == {"count": 7}
    assert store.change("old", counted) == {"count": 8}
    assert store.change("old", counted) == {"count": 9}


def test_what_waits_is_written_when_the_kernel_ends(tmp_path):
    code = """if True:
        import os, pathlib, sys
        from cnnlab.exercises.store import STORE
        home = pathlib.Path(os.environ["CNNLAB_HOME"])
        home.write_text("in the way")
        STORE.change("key", lambda entry: {"count": 1})
        assert not STORE.saved
        home.unlink()
    """
    home = tmp_path / "home"
    subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "CNNLAB_HOME": str(home)}, check=True
    )
    assert Store(home).read("key") == {"count": 1}


def test_a_file_of_a_newer_version_is_left_as_it_is_and_the_learner_is_told(tmp_path):
    before = written(tmp_path, version=2, settings={"colour": "blue"})
    store = Store(tmp_path)
    assert store.change("old", counted) == {"count": 1}
    assert store.change("old", counted) == {"count": 2}
    assert (tmp_path / "progress.json").read_bytes() == before
    assert "a newer version of cnnlab wrote" in store.trouble
    assert not list(tmp_path.glob("*damaged*"))


def test_a_damaged_file_is_set_aside_with_a_word_that_is_said_once(tmp_path):
    (tmp_path / "progress.json").write_text("{")
    store = Store(tmp_path)
    store.change("key", counted)
    assert f"is kept as {tmp_path / 'progress.damaged-1.json'}" in store.news()
    assert store.news() == ""
    assert "was damaged" in store.trouble  # the map of the course goes on saying so
    assert store.saved


def test_an_entry_that_is_null_takes_no_other_with_it(tmp_path):
    written(tmp_path, entries={"old": {"count": 7}, "nothing": None})
    store = Store(tmp_path)
    assert store.entries() == {"old": {"count": 7}}
    assert store.change("nothing", counted) == {"count": 1}
    assert store.read("old") == {"count": 7}


def test_a_lock_held_by_another_process_ends_in_a_sentence(tmp_path):
    code = """if True:
        import pathlib, sys, time
        from cnnlab.exercises.store_file import locked
        with locked(pathlib.Path(sys.argv[1])):
            print("locked", flush=True)
            time.sleep(60)
    """
    lock = tmp_path / "progress.lock"
    written(tmp_path)
    with subprocess.Popen([sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout.readline().strip() == b"locked"
            store = Store(tmp_path)
            began = time.monotonic()
            assert store.change("old", counted) == {"count": 8}
            assert time.monotonic() - began < 3
            assert f"another program holds {lock}" in store.trouble
        finally:
            other.kill()
    store.change("new", counted)
    assert Store(tmp_path).entries() == {"old": {"count": 8}, "new": {"count": 1}}


def test_a_full_disk_loses_nothing(tmp_path, monkeypatch):
    before = written(tmp_path)
    store = Store(tmp_path)

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        store.change("old", counted)
        assert (tmp_path / "progress.json").read_bytes() == before
        assert "No space left on device" in store.trouble
    store.change("new", counted)
    assert Store(tmp_path).entries() == {"old": {"count": 8}, "new": {"count": 1}}
