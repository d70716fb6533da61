"""One learner against another, and against the graders: each way in is tried, none opens."""

import asyncio
import json
from pathlib import Path

import pytest
from tornado.httpclient import HTTPClientError

from tests.hub.lab import Learner
from tests.hub.page import Page

CHAPTER = "course/notebooks/01_filters.ipynb"
ANSWER = "from cnnlab.exercises import filters as lesson\nlesson.one_number.check(15)"


@pytest.fixture(scope="module")
def worked(ada):
    """Ada has answered something, and her kernel runs."""

    async def work():
        async with Page(ada, CHAPTER) as page:
            await page.run(ANSWER)
            await page.save()
            return page.kernel

    return asyncio.run(work())


def as_bob(lab, code):
    """Run Python as Bob's kernel could; returns what it printed."""
    return lab.run(code, "bob").strip()


def test_files_and_answers_of_another_can_be_neither_read_nor_changed(lab, bob, worked):
    home = lab.home("ada")
    notebook = home / CHAPTER
    (progress,) = home.rglob("progress.json")
    assert '"attempts"' in progress.read_text()
    for action in (
        f"os.listdir({str(home)!r})",
        f"open({str(notebook)!r}).read(1)",
        f"open({str(notebook)!r}, 'a')",
        f"open({str(progress)!r}).read(1)",
        f"open({str(progress)!r}, 'w')",
        f"os.rename({str(home)!r}, {str(home.parent / 'gone')!r})",
        f"shutil.rmtree({str(home)!r})",
        f"os.symlink('/etc/passwd', {str(home / 'link')!r})",
        f"os.listdir({str(lab.hub / 'state')!r})",
    ):
        assert lab.tried(action, "bob") == "PermissionError", action
    assert lab.tried(f"open({str(lab.home('bob') / CHAPTER)!r}).read(1)", "bob") == "got {"


def test_kernels_and_processes_of_another_can_be_neither_reached_nor_stopped(lab, bob, worked):
    process = lab.processes("ada")[0]
    inside = next(
        int(line.split()[-1])
        for line in Path(f"/proc/{process}/status").read_text().splitlines()
        if line.startswith("NSpid")
    )
    for action in (
        "os.listdir('/run/cnnlab/ada')",
        f"os.kill({inside}, signal.SIGTERM)",
        f"open('/proc/{inside}/environ').read()",
        f"open('/proc/{inside}/mem', 'rb').read(1)",
    ):
        assert lab.tried(action, "bob") == "PermissionError", action
    # Her server listens, which asks who comes, and a pipe of her kernel, which takes what begins
    # with 16 bytes that only the kernel's children know. The kernel's own channels are files.
    assert len(ports_of(lab, "ada")) == 2
    (connection,) = Path(f"/proc/{process}/root/run/cnnlab/ada").glob("kernel-*.json")
    assert json.loads(connection.read_text())["transport"] == "ipc"


def ports_of(lab, name):
    """Find, as anybody on the machine can, where the processes of a learner listen."""
    code = (
        "import pathlib\n"
        "rows = [line.split() for line in pathlib.Path('/proc/net/tcp').read_text().splitlines()]\n"
        f"print([int(row[1].split(':')[1], 16) for row in rows[1:]"
        f" if row[3] == '0A' and row[7] == '{lab.account(name)}'])"
    )
    return json.loads(as_bob(lab, code))


def test_the_server_of_another_lets_nobody_in(lab, ada, bob, worked):
    for path in ("/api/contents", f"/api/contents/{CHAPTER}", "/api/kernels", "/lab"):
        status, address, text = bob.ask(f"/user/ada{path}")
        assert status == 403 or "/hub/" in address, (path, status, address)
        assert "cells" not in text
    changed = {"type": "file", "format": "text", "content": "mine"}
    assert bob.ask("/user/ada/api/contents/own.txt", method="PUT", data=changed)[0] == 403
    assert bob.ask(f"/user/ada/api/kernels/{worked}", method="DELETE")[0] == 403
    assert not (lab.home("ada") / "own.txt").exists()
    stranger = Page(bob, CHAPTER)
    stranger.kernel = worked
    stranger.learner = _with_cookies_of(bob, "ada")
    with pytest.raises(HTTPClientError, match="403"):
        asyncio.run(stranger.connect())


def _with_cookies_of(learner, name):
    """Somebody who asks in another's name, with cookies of their own."""
    posing = Learner(learner.lab, name)
    posing.cookies = learner.cookies
    posing.cookie_header = lambda _path: "; ".join(
        f"{one.name}={one.value}" for one in learner.cookies
    )
    return posing


def test_her_server_is_no_more_open_to_those_who_go_round_the_proxy(lab, ada, bob, worked):
    for port in ports_of(lab, "ada"):
        address = f"http://127.0.0.1:{port}/user/ada/api/contents"
        said = lab.tried(f"urllib.request.urlopen({address!r}, timeout=2).read()", "bob")
        assert said in {"HTTPError", "RemoteDisconnected", "TimeoutError", "BadStatusLine"}, said
    for inner in (
        f"http://127.0.0.1:{lab.api}/api/routes",
        f"http://127.0.0.1:{lab.inner}/hub/api/users",
    ):
        assert lab.tried(f"urllib.request.urlopen({inner!r}).read()", "bob") == "HTTPError"


def test_a_learner_is_no_instructor(lab, bob):
    for path in ("/hub/api/users", "/hub/api/users/ada", "/hub/api/proxy", "/hub/admin"):
        assert bob.ask(path)[0] in {403, 404}, path
    assert bob.ask("/hub/api/users/ada/server", method="DELETE")[0] in {403, 404}


def test_an_instructor_has_a_terminal_and_still_no_way_into_a_learners_server(teacher, ada, bob):
    assert teacher.ask("/user/teacher/api/terminals")[0] == 200
    assert bob.ask("/user/bob/api/terminals")[0] == 404
    assert teacher.ask("/hub/api/users")[0] == 200
    assert teacher.ask("/user/ada/api/contents")[0] == 403


def test_who_is_on_no_list_or_is_an_account_of_the_machine_gets_no_server(lab):
    assert not Learner(lab, "eve").log_in()
    assert not Learner(lab, "ada", "a password of somebody else").log_in()
    root = Learner(lab, "root")
    if root.log_in():
        status, _, _ = root.ask("/hub/spawn/root")
        assert status == 500
    assert not lab.home("root").exists()
    assert "is an account of this machine" in lab.log.read_text()


def test_the_course_and_the_compiled_kernels_are_not_for_learners_to_write(lab, bob):
    course = lab.hub / "course"
    compiled = as_bob(lab, "from cnnlab.kernels._jit import cache_folder\nprint(cache_folder())")
    for action in (
        f"open({str(course / 'notebooks/01_filters.ipynb')!r}, 'a')",
        f"open({str(course / 'binder/gitconfig')!r}, 'a')",
        f"open({compiled!r} + '/poisoned.nbi', 'w')",
    ):
        assert lab.tried(action, "bob") == "PermissionError", action
    warm = "from cnnlab.functional import warm\nprint(warm.warm(None))"
    assert as_bob(lab, warm) == "0"  # what everybody shares is there, and is used


def test_tokens_and_passwords_stand_in_no_log_and_no_notebook(lab, ada, bob, worked):
    environment = {}
    for process in lab.processes("ada"):
        for entry in Path(f"/proc/{process}/environ").read_bytes().split(b"\0"):
            name, _, value = entry.decode(errors="replace").partition("=")
            environment[name] = value
        assert b"token" not in Path(f"/proc/{process}/cmdline").read_bytes().lower()
    tokens = {value for name, value in environment.items() if "TOKEN" in name and value}
    secrets = {*tokens, lab.token, ada.password, bob.password}
    # What logs somebody in; a session's number and the mark against forged requests do not.
    signed = ("jupyterhub-hub-login", "jupyterhub-user-ada")
    secrets |= {one.value for one in ada.cookies if one.name in signed}
    assert len(secrets) >= 6
    written = [lab.log.read_text(), (lab.home("ada") / CHAPTER).read_text()]
    written += [
        path.read_text(errors="replace")
        for path in lab.home("ada").rglob("*")
        if path.is_file() and path.suffix in {".json", ".ipynb", ".log", ".py"}
    ]
    for text in written:
        for secret in secrets:
            assert secret not in text
    assert (lab.hub / "state").stat().st_mode & 0o077 == 0
    assert json.loads((lab.home("ada") / CHAPTER).read_text())["cells"]
