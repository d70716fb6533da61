"""A lab machine inside this one: the real hub, the real proxy, real accounts, on loopback.

It has mounts, processes and an ``/etc`` of its own, so that the accounts the hub makes are gone
with it and nothing of it outlives the test. Needs root, as a hub does, and what `missing` names.

Used by the tests of this folder and by the load test.
"""

import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
PACKAGES = ("jupyterhub", "firstuseauthenticator", "jupyterhub_idle_culler", "nbgitpuller")
PASSWORD = "correct horse {}"  # noqa: S105 - of accounts that live for minutes

# An /etc to make accounts in.
_ENTER = """
set -e
mount --bind {etc} /etc
mkdir -p /usr/local/share
mount -t tmpfs tmpfs /usr/local/share
mount -t tmpfs tmpfs /run
{open}
exec sleep infinity
"""

# A folder below one that is its owner's alone, such as an interpreter in /root, for all to read.
_SET_ASIDE = "mkdir -p {aside}\nmount --bind {folder} {aside}"
_CLOSED = "mount -t tmpfs -o mode=755 tmpfs {closed}"
_BACK = "mkdir -p {folder}\nmount --move {aside} {folder}"


def missing() -> str | None:
    """Say what a lab machine lacks here and how to get it; None where all is there."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "a hub starts servers under other accounts and needs root; run as root"
    lacking = [name for name in PACKAGES if not importlib.util.find_spec(name)]
    if lacking:
        return f'no {", no ".join(lacking)}; get it with: pip install -e ".[instructor]"'
    if not proxy():
        return "no configurable-http-proxy; get it with: npm install -g configurable-http-proxy"
    try_out = ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    if subprocess.run(try_out, check=False, capture_output=True).returncode:
        return "this container forbids mounts of its own; run on a machine, or in a privileged one"
    return None


def proxy() -> str | None:
    """Find the proxy: on the path, or where ``npm install`` puts it beside the environment."""
    beside = Path(sys.prefix) / "node" / "node_modules" / ".bin" / "configurable-http-proxy"
    return shutil.which("configurable-http-proxy") or (str(beside) if beside.exists() else None)


class Lab:
    """A lab machine with its hub and proxy.

    Parameters
    ----------
    learners, instructors : sequence of str
        Who may come in.
    """

    def __init__(self, learners: list[str], instructors: tuple[str, ...] = ("teacher",)) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cnnlab-lab-"))
        self.folder.chmod(0o755)
        self.hub = self.folder / "hub"
        (self.hub / "state").mkdir(parents=True, mode=0o700)
        shutil.copytree("/etc", self.folder / "etc", symlinks=True)
        # What drives a browser asks JupyterLab's own objects, as do the browser tests.
        (self.folder / "etc" / "jupyter").mkdir(exist_ok=True)
        settings = json.dumps({"LabApp": {"expose_app_in_browser": True}})
        (self.folder / "etc" / "jupyter" / "jupyter_server_config.json").write_text(settings)
        (self.hub / "learners.txt").write_text("\n".join(learners))
        (self.hub / "instructors.txt").write_text("\n".join(instructors))
        self._publish_course()
        # As the page for instructors has it, once: what all learners share.
        subprocess.run([sys.executable, "-m", "cnnlab", "warm", "--quiet"], check=True)
        with socket.socket() as first, socket.socket() as second, socket.socket() as third:
            for one in (first, second, third):
                one.bind(("127.0.0.1", 0))
            self.port, self.api, self.inner = (
                int(one.getsockname()[1]) for one in (first, second, third)
            )
        self.address = f"http://127.0.0.1:{self.port}"
        self.token = os.urandom(32).hex()
        self.log = self.folder / "hub.log"
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def _publish_course(self) -> None:
        """Give the lab a clone of the course as it stands here."""
        course = self.hub / "course"
        course.mkdir()
        for name in ("notebooks", "binder"):
            shutil.copytree(
                ROOT / name, course / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        shutil.copy(ROOT / ".gitattributes", course)
        self.git("init", "--quiet", "--initial-branch=main")
        self.publish("The course")

    def git(self, *words: str) -> None:
        """Run git in the lab's clone of the course."""
        author = ["-c", "user.name=teacher", "-c", "user.email=teacher@example.org"]
        subprocess.run(["git", *author, *words], cwd=self.hub / "course", check=True)

    def publish(self, message: str) -> None:
        """Commit what was changed in the lab's clone, as an instructor would."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)

    # -- life ------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        script = _ENTER.format(etc=self.folder / "etc", open=_opening(self.folder / "aside"))
        self._inside = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
             "sh", "-c", script],
        )  # fmt: skip
        time.sleep(0.5)
        try:
            self.start("proxy")
            self.start("hub")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._inside.kill()  # all processes inside end with the first of them
        self._inside.wait()
        for process in self._running.values():
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, what: str) -> None:
        """Start the hub or the proxy, and wait until it answers."""
        keys = {"PATH", "LANG", "HOME"}
        environment = {name: value for name, value in os.environ.items() if name in keys}
        environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment |= {"CNNLAB_HUB": str(self.hub), "CONFIGPROXY_AUTH_TOKEN": self.token}
        command = {
            "proxy": [
                str(proxy()), "--ip=127.0.0.1", f"--port={self.port}", "--api-ip=127.0.0.1",
                f"--api-port={self.api}",
                f"--error-target=http://127.0.0.1:{self.inner}/hub/error",
            ],
            "hub": [
                sys.executable, "-m", "jupyterhub", "-f", str(ROOT / "binder/jupyterhub_config.py"),
                f"--JupyterHub.bind_url={self.address}",
                f"--ConfigurableHTTPProxy.api_url=http://127.0.0.1:{self.api}",
                f"--JupyterHub.hub_bind_url=http://127.0.0.1:{self.inner}",
            ],
        }[what]  # fmt: skip
        with self.log.open("ab") as log:
            self._running[what] = subprocess.Popen(
                self.within(*command), cwd=self.hub / "state", env=environment,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        address = {"proxy": self.address, "hub": f"{self.address}/hub/api"}[what]
        self.wait(lambda: (what == "proxy" and _listens(self.port)) or _answers(address), 60)

    def stop(self, what: str) -> None:
        """End the hub or the proxy, as a crash would."""
        inside = self._inside_pid(self._running[what])
        os.kill(inside, signal.SIGKILL)
        self._running[what].wait()

    def _inside_pid(self, process: subprocess.Popen[bytes]) -> int:
        """Find the process that `nsenter` has become, or has started."""
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        return int(children[0]) if children else process.pid

    def within(self, *command: str, account: str | None = None) -> list[str]:
        """Write the command that runs a command inside, as root or under another account."""
        words = ["nsenter", f"--target={self._first}", "--mount", "--pid", "--"]
        if account:
            number, home = self.account(account), self.home(account)
            words += ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups",
                      "env", f"HOME={home}"]  # fmt: skip
        return [*words, *command]

    def run(self, code: str, account: str) -> str:
        """Run Python under a learner's account, beside their server; returns what it printed."""
        done = subprocess.run(
            self.within(sys.executable, "-c", code, account=account),
            capture_output=True, text=True, check=False, timeout=60, cwd="/",
        )  # fmt: skip
        return done.stdout + done.stderr

    def tried(self, action: str, account: str) -> str:
        """Try something as a learner's kernel could; returns the error's name, or what it got."""
        code = (
            "import os, pathlib, shutil, signal, socket, urllib.request, urllib.error\n"
            f"try: print('got', {action})\nexcept Exception as error: print(type(error).__name__)"
        )
        return self.run(code, account).strip()

    def wait(self, happened: Any, seconds: float, pause: float = 0.2) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds} s; the hub's log ends:\n{self.tail()}")
            time.sleep(pause)

    def tail(self) -> str:
        """Give the end of the log."""
        return self.log.read_text()[-4000:] if self.log.exists() else ""

    # -- what is inside --------------------------------------------------------------------------

    def home(self, name: str) -> Path:
        """Where a learner's files are."""
        return self.hub / "homes" / name

    def account(self, name: str) -> int:
        """The number of a learner's account."""
        for line in (self.folder / "etc" / "passwd").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split(":")[2])
        raise KeyError(name)

    def processes(self, name: str = "") -> list[int]:
        """Find the processes of a learner, or those of hub and proxy."""
        number, found = self.account(name) if name else 0, []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if entry.stat().st_uid == number and self._is_inside(entry):
                        found.append(int(entry.name))
                except OSError:  # it has just ended
                    continue
        return found

    def memory(self, name: str) -> float:
        """What a learner's processes hold, in MB; pages that several share are shared out (PSS)."""
        return sum(map(_held, self.processes(name)))

    def memory_of_hub(self) -> float:
        """What hub, proxy and their helpers hold, in MB."""
        return sum(map(_held, self.processes()))

    def _is_inside(self, entry: Path) -> bool:
        return (entry / "ns" / "mnt").readlink() == Path(f"/proc/{self._first}/ns/mnt").readlink()

    @property
    def _first(self) -> str:
        """The first process inside."""
        outer = self._inside.pid
        return Path(f"/proc/{outer}/task/{outer}/children").read_text().split()[0]


class Learner:
    """Somebody who logs in to a lab, by HTTP alone.

    Parameters
    ----------
    lab : Lab
    name : str
    password : str, optional
        By default one of their own.
    """

    def __init__(self, lab: Lab, name: str, password: str | None = None) -> None:
        self.lab, self.name = lab, name
        self.password = PASSWORD.format(name) if password is None else password
        self.cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def ask(
        self, path: str, *, method: str = "GET", data: Any = None, form: Any = None
    ) -> tuple[int, str, str]:
        """Ask the proxy for something; returns the status, the address it led to, and the text."""
        body, headers = None, {}
        if data is not None:
            body, headers["Content-Type"] = json.dumps(data).encode(), "application/json"
        if form is not None:
            body = urllib.parse.urlencode(form).encode()
        mark = self.xsrf(path)
        if mark:
            headers["X-XSRFToken"] = mark
        address = f"{self.lab.address}{path}"
        request = urllib.request.Request(address, body, headers, method=method)
        try:
            with self._opener.open(request, timeout=120) as answer:
                return answer.status, answer.url, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.url or address, error.read().decode(errors="replace")

    def xsrf(self, path: str) -> str:
        """Find the mark against forged requests that belongs to a path."""
        fitting = [one for one in self.cookies if one.name == "_xsrf" and path.startswith(one.path)]
        return str(max(fitting, key=lambda one: len(one.path)).value) if fitting else ""

    def cookie_header(self, path: str) -> str:
        """Write the cookies as a browser would send them, for a websocket."""
        fitting = [one for one in self.cookies if path.startswith(one.path)]
        return "; ".join(f"{one.name}={one.value}" for one in fitting)

    def log_in(self) -> bool:
        """Log in; the first time this sets the password."""
        self.ask("/hub/login")
        form = {"username": self.name, "password": self.password, "_xsrf": self.xsrf("/hub/login")}
        status, address, _ = self.ask("/hub/login?next=/hub/home", method="POST", form=form)
        return status == 200 and "/hub/home" in address

    def start_server(self, seconds: float = 120) -> None:
        """Start the server and come in, as a browser does."""
        self.ask(f"/hub/spawn/{self.name}")
        own = f"/user/{self.name}/lab"  # a page, which asks the hub who comes

        def ready() -> bool:
            status, address, _ = self.ask(own)
            return status == 200 and f"{self.lab.address}{own}" in address

        self.lab.wait(ready, seconds, pause=1)

    def pull(self) -> str:
        """Follow the link that brings the course; returns what it says."""
        link = f"/git-pull/api?repo={self.lab.hub / 'course'}&branch=main&targetpath=course"
        status, _, text = self.ask(f"/user/{self.name}{link}")
        assert status == 200, text
        assert '"phase": "finished"' in text, text
        return text

    def server(self, path: str, **options: Any) -> Any:
        """Ask the learner's own server; returns the JSON of its answer."""
        status, _, text = self.ask(f"/user/{self.name}{path}", **options)
        if status >= 400:
            raise RuntimeError(f"{path}: {status} {text[:300]}")
        return json.loads(text) if text else None


def _opening(aside: Path) -> str:
    """Write how interpreter, environment and checkout come to where everybody may read them."""
    folders = {Path(sys.base_prefix), Path(sys.prefix), ROOT}
    outer = [
        one for one in folders if not any(one != two and one.is_relative_to(two) for two in folders)
    ]
    closed = {one: above for one in outer if (above := _closed_to_others(one))}
    places = {one: {"folder": one, "aside": aside / str(n)} for n, one in enumerate(closed)}
    steps = [_SET_ASIDE.format(**place) for place in places.values()]
    steps += [_CLOSED.format(closed=above) for above in set(closed.values())]
    steps += [_BACK.format(**place) for place in places.values()]
    return "\n".join(steps)


def _closed_to_others(folder: Path) -> Path | None:
    """Find the folder above another that only its owner may enter."""
    return next((one for one in reversed(folder.parents) if not one.stat().st_mode & 0o001), None)


def _held(process: int) -> float:
    """Read what a process holds, in MB (PSS)."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:  # it has just ended
        return 0
    return int(re.findall(r"^Pss: +(\d+)", text, re.MULTILINE)[0]) / 1024


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
