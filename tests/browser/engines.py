"""A lesson in other browsers than Chromium and in other front ends than JupyterLab.

`opened` opens a notebook in one of them, runs it, and hands out a `Browser`: four
verbs that all browsers share. Everything else is asked in JavaScript.

Firefox and WebKit are driven with what is built into them, so that nothing has to be installed
beside them: both speak the commands of the WebDriver standard, https://www.w3.org/TR/webdriver2,
Firefox through a socket (Marionette), WebKit over HTTP.
"""

import base64
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from tests.browser.jupyterlab import CELLS, READY, RUN_ALL, TOKEN, Server
from tests.tools import firefox_path

PATIENCE = 120.0  # seconds that anything may take, on a busy machine too
SIZE = (1400, 1100)

# How the WebDriver standard writes an element in JSON, and the one key that is pressed.
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_ARROW_UP = "\ue013"

# Its commands by name, as Firefox wants them, and where WebKit has them.
_PATHS = {
    "Navigate": "url",
    "SetWindowRect": "window/rect",
    "ExecuteScript": "execute/sync",
    "ElementClick": "element/{id}/click",
    "ElementSendKeys": "element/{id}/value",
}

# A widget in marimo stands in a shadow tree, into which querySelector does not look.
_FIND = """(selector, words) => {
  const trees = [document];
  for (const tree of trees) {
    for (const one of tree.querySelectorAll("*")) if (one.shadowRoot) trees.push(one.shadowRoot);
  }
  const found = trees.flatMap((tree) => [...tree.querySelectorAll(selector)]);
  return found.find((one) => one.checkVisibility() && one.textContent.includes(words)) ?? null;
}"""

# A ResizeObserver that is called again in the next frame is no fault of a script.
_LISTEN = """() => {
  window.complaints = [];
  const hear = (said) => said.startsWith("ResizeObserver loop") || window.complaints.push(said);
  addEventListener("error", (event) => hear(event.message));
  addEventListener("unhandledrejection", (event) => hear(String(event.reason)));
}"""


class Browser(ABC):
    """A page of a browser, whatever drives it."""

    @abstractmethod
    def go(self, address: str) -> None:
        """Open an address."""

    @abstractmethod
    def ask(self, function: str, *arguments: Any) -> Any:
        """Call a JavaScript function; returns what it returns, JSON or an element."""

    @abstractmethod
    def click(self, element: Any) -> None:
        """Click on an element, as a hand does."""

    @abstractmethod
    def press_up(self, element: Any) -> None:
        """Press the arrow key in an element, as a hand does."""

    def until(self, function: str, *arguments: Any, within: float = PATIENCE) -> Any:
        """Ask until the answer is true or an element; returns it."""
        deadline = time.monotonic() + within
        while not (answer := self.ask(function, *arguments)):
            assert time.monotonic() < deadline, f"not within {within} s: {function}, {arguments}"
            time.sleep(0.1)
        return answer

    def find(self, selector: str, words: str = "") -> Any:
        """Wait for the first element in sight that a selector finds and that has these words."""
        return self.until(_FIND, selector, words)

    def pixels_of(self, canvas: Any) -> NDArray[np.uint8]:
        """Read the pixels of a canvas, of shape (height, width, 3)."""
        address: str = self.ask("(canvas) => canvas.toDataURL('image/png')", canvas)
        picture = Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])))
        return np.asarray(picture.convert("RGB"))

    def complaints(self) -> list[str]:
        """What scripts have complained of since the page was opened."""
        found: list[str] = self.ask("() => window.complaints")
        return found


class PlaywrightPage(Browser):
    """A page that Playwright drives."""

    def __init__(self, page: Page) -> None:
        self._page = page
        page.set_default_timeout(PATIENCE * 1000)

    def go(self, address: str) -> None:
        self._page.goto(address)

    def ask(self, function: str, *arguments: Any) -> Any:
        call = f"(them) => ({function})(...them)"
        answer = self._page.evaluate_handle(call, list(arguments))
        return answer.as_element() or answer.json_value()

    def click(self, element: Any) -> None:
        element.click()

    def press_up(self, element: Any) -> None:
        element.press("ArrowUp")


class WebDriver(Browser):
    """A page driven with the commands of WebDriver.

    Parameters
    ----------
    send : callable
        Carries out a command of `_PATHS`, with its parameters.
    """

    def __init__(self, send: Callable[[str, dict[str, Any]], Any]) -> None:
        self._send = send
        width, height = SIZE
        send("SetWindowRect", {"x": 0, "y": 0, "width": width, "height": height})

    def go(self, address: str) -> None:
        self._send("Navigate", {"url": address})

    def ask(self, function: str, *arguments: Any) -> Any:
        script = f"return ({function})(...arguments)"
        return self._send("ExecuteScript", {"script": script, "args": arguments})

    def click(self, element: Any) -> None:
        self._send("ElementClick", {"id": element[_ELEMENT]})

    def press_up(self, element: Any) -> None:
        self._send("ElementSendKeys", {"id": element[_ELEMENT], "text": _ARROW_UP})


@contextmanager
def running(
    command: Sequence[str],
    is_ready: Callable[[], bool],
    folder: Path,
    environment: Mapping[str, str],
) -> Iterator[None]:
    """Run a program in a session of its own, until the block ends and all that it started."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while not is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(command)} did not start:\n{log.read_text()}")
            time.sleep(0.1)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


# -- browsers ---------------------------------------------------------------------------------


@contextmanager
def in_chromium(chromium: Chromium) -> Iterator[Browser]:
    """Open a page in a Chromium that runs."""
    width, height = SIZE
    page = chromium.new_page(viewport={"width": width, "height": height})
    yield PlaywrightPage(page)
    page.close()


@contextmanager
def in_firefox(folder: Path) -> Iterator[Browser]:
    """Start Firefox, with a profile of its own."""
    profile = folder / "profile"
    profile.mkdir()
    (profile / "user.js").write_text('user_pref("marionette.port", 0);\n')  # any free one
    told = profile / "MarionetteActivePort"
    options = ["--headless", "--no-remote", "--marionette", "--profile", str(profile)]

    def is_ready() -> bool:
        return told.exists() and bool(told.read_text())

    def send(name: str, parameters: dict[str, Any]) -> Any:
        # A message is its length in bytes, a colon and JSON: [0, number, command, parameters],
        # answered by [1, number, error, result]. Without a sandbox a script sees the page's own.
        if name == "ExecuteScript":
            parameters = {**parameters, "sandbox": None}
        message = json.dumps([0, 1, f"WebDriver:{name}", parameters]).encode()
        wire.write(b"%d:%b" % (len(message), message))
        wire.flush()
        _, _, error, result = receive()
        if error:
            raise RuntimeError(f"Firefox, {name}: {error['message']}")
        return result.get("value")

    def receive() -> Any:
        length = b""
        while (digit := wire.read(1)) not in (b":", b""):
            length += digit
        return json.loads(wire.read(int(length)))

    with running([str(firefox_path()), *options], is_ready, folder, {"HOME": str(folder)}):
        address = ("127.0.0.1", int(told.read_text()))
        with (
            socket.create_connection(address, PATIENCE) as connection,
            connection.makefile("rwb") as wire,
        ):
            receive()  # it greets
            send("NewSession", {})
            yield WebDriver(send)


@contextmanager
def in_webkit(folder: Path) -> Iterator[Browser]:
    """Start WebKit's own small browser, on a screen that nobody sees."""
    port = _free_port()
    session = f"http://127.0.0.1:{port}/session"
    width, height = SIZE
    # The screen writes its number, any free one, where all that it says goes.
    screen = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{width}x{height}x24"]

    def number() -> str | None:
        found = re.search(r"^\d+$", (folder / "Xvfb.log").read_text(), re.MULTILINE)
        return found and found[0]

    def post(address: str, parameters: dict[str, Any]) -> Any:
        request = urllib.request.Request(address, json.dumps(parameters).encode())
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"WebKit, {address}: {error.read().decode()}") from None

    def send(name: str, parameters: dict[str, Any]) -> Any:
        return post(f"{session}/{_PATHS[name].format(**parameters)}", parameters)

    def is_ready() -> bool:
        return _answers(f"http://127.0.0.1:{port}/status")

    driver = ["WebKitWebDriver", f"--port={port}"]
    with running(screen, lambda: bool(number()), folder, {}):
        own = {"HOME": str(folder), "DISPLAY": f":{number()}", "GDK_BACKEND": "x11"}
        with running(driver, is_ready, folder, own):
            session += "/" + post(session, {"capabilities": {}})["sessionId"]
            yield WebDriver(send)


# -- front ends -------------------------------------------------------------------------------


@contextmanager
def _jupyter(
    front_end: str, path: str, notebook: Path, folder: Path, driven: AbstractContextManager[Browser]
) -> Iterator[Browser]:
    """Run a notebook in JupyterLab or Notebook 7."""
    with Server(folder / "server", front_end, whole=True) as server, driven as browser:
        (server.notebooks / notebook.name).write_bytes(notebook.read_bytes())
        browser.go(f"{server.address}/{path}/{notebook.name}?token={TOKEN}")
        browser.until(READY)
        browser.ask(_LISTEN)
        browser.ask(RUN_ALL)
        browser.until("() => window.ranAll !== null")
        errors = [error for cell in browser.ask(CELLS) for error in cell["errors"]]
        assert not errors, errors
        assert browser.ask("() => window.ranAll") is True
        yield browser


@contextmanager
def _marimo(notebook: Path, folder: Path, chromium: Chromium) -> Iterator[Browser]:
    """Turn a notebook into an app of marimo, which runs as it is opened."""
    program = [sys.executable, "-m", "marimo"]
    app = folder / "app.py"
    own = {"XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}
    subprocess.run(
        [*program, "convert", str(notebook), "-o", str(app)],
        env={**os.environ, **own},
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    command = [*program, "run", str(app), "--headless", "--no-token", f"--port={port}"]
    with running(command, lambda: _answers(address), folder, own), in_chromium(chromium) as browser:
        browser.go(address)
        browser.ask(_LISTEN)
        yield browser


def opened(
    front_end: str, notebook: Path, folder: Path, chromium: Chromium
) -> AbstractContextManager[Browser]:
    """Open a notebook in one of `tests.tools.FRONT_ENDS` and run it, with a folder to work in."""
    match front_end:
        case "firefox":
            return _jupyter("lab", "lab/tree", notebook, folder, in_firefox(folder))
        case "webkit":
            return _jupyter("lab", "lab/tree", notebook, folder, in_webkit(folder))
        case "notebook":
            return _jupyter("notebook", "notebooks", notebook, folder, in_chromium(chromium))
        case "marimo":
            return _marimo(notebook, folder, chromium)
    raise ValueError(f"there is no front end {front_end!r}")
