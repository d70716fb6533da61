"""JupyterLab in a real browser: a server of its own in empty folders, and a page to look at it.

Used by the browser tests, by the benchmark of the widgets and by the script that takes the pictures
of the README.
"""

import base64
import io
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nbformat
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

import cnnlab
from tests.tools import NO_BROWSER, browser_path

TOKEN = "browser-tests"  # noqa: S105 - opens a server on this machine that lives for minutes

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--force-color-profile=srgb",
]

_SETTINGS: dict[str, Any] = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True,
    },
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}  # fmt: skip

_WHOLE = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}

_INSTALLED = Path(cnnlab.__file__).parent / "jupyter/lab/overrides.d/cnnlab.json"
"""What the wheel puts beside JupyterLab's own settings; a checkout puts nothing there."""

READY = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget, context = panel?.sessionContext;
  return Boolean(panel?.content?.widgets && panel.context?.isReady && context?.isReady
    && context.session?.kernel?.status === "idle"
    && context.session.kernel.connectionStatus === "connected");
}"""

# The promise of run-all-cells has no time-out of its own, so it is not awaited here.
RUN_ALL = """() => {
  window.ranAll = null;
  window.jupyterapp.commands.execute("notebook:run-all-cells").then(
    (fine) => { window.ranAll = fine; }, (error) => { window.ranAll = String(error); });
}"""

CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter((cell) => cell.model.type === "code" && cell.model.sharedModel.getSource().trim())
  .map((cell) => ({
    count: cell.model.executionCount,
    source: cell.model.sharedModel.getSource(),
    errors: cell.model.outputs.toJSON().filter((output) => output.output_type === "error")
      .map((output) => `${output.ename}: ${output.evalue}`),
  }))"""

REWRITE = """async ([before, after, above]) => {
  const { content } = window.jupyterapp.shell.currentWidget;
  const place = content.widgets.findIndex((cell) => cell.model.sharedModel.getSource() === before);
  if (place < 0) return place;
  const run = async (index) => {
    content.activeCellIndex = index;
    content.deselectAll();
    await window.jupyterapp.commands.execute("notebook:run-cell");
  };
  const code = content.widgets.slice(0, place).findLastIndex((cell) => cell.model.type === "code");
  if (above) await run(code);
  content.widgets[place].model.sharedModel.setSource(after);
  await run(place);
  return place;
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser; nothing is downloaded."""
    path = browser_path()
    if path is None:
        raise RuntimeError(NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Server:
    """A JupyterLab server on a free port, its settings and the user's kept apart.

    Parameters
    ----------
    folder : Path
        An empty folder for notebooks and settings.
    front_end : str, optional
        What `jupyter` starts: "lab", or "notebook" for Notebook 7.
    *options : str
        More of its command line.
    whole : bool
        Whether all cells are laid out, seen or not, for drivers that do not wait for a layout.
    """

    def __init__(
        self, folder: Path, front_end: str = "lab", *options: str, whole: bool = False
    ) -> None:
        self.front_end, self.options = front_end, options
        self.notebooks = folder / "notebooks"
        self.settings = folder / "settings"
        overrides = self.settings / "config" / "labconfig" / "default_setting_overrides.json"
        for needed in (self.notebooks, overrides.parent):
            needed.mkdir(parents=True)
        installed = {**_SETTINGS, **json.loads(_INSTALLED.read_text())}
        overrides.write_text(json.dumps({**installed, **(_WHOLE if whole else {})}))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = self.settings / "server.log"

    def __enter__(self) -> Self:
        folders = {
            "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime", "JUPYTERLAB_SETTINGS_DIR": "lab",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "IPYTHONDIR": "ipython",
            "CNNLAB_HOME": "progress",
        }  # fmt: skip
        environment = {name: str(self.settings / folder) for name, folder in folders.items()}
        options = [
            "--no-browser", "--ip=127.0.0.1", f"--port={self.port}", "--allow-root",
            f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={self.notebooks}",
            "--ServerApp.port_retries=0", "--LabApp.expose_app_in_browser=True",
            "--JupyterNotebookApp.expose_app_in_browser=True",
            "--LabApp.news_url=", "--LabApp.extension_manager=readonly",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", *self.options,
        ]  # fmt: skip
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyter", self.front_end, *options],
                env={**os.environ, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                raise RuntimeError(
                    f"jupyter {self.front_end} did not start:\n{self.log.read_text()}"
                )
            time.sleep(0.2)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/api?token={TOKEN}", timeout=1):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def write(self, name: str, *cells: str) -> str:
        """Write a notebook of code cells; returns its name."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, self.notebooks / name)
        return name


class Notebook:
    """A notebook open in JupyterLab.

    Parameters
    ----------
    page : Page
        A page of the browser.
    server : Server
    name : str
        The notebook, below the server's folder.
    address : str, optional
        Where to reach the server if not directly, as through a proxy that adds delay.
    """

    def __init__(self, page: Page, server: Server, name: str, address: str | None = None) -> None:
        self.page = page
        # A workspace of its own: else JupyterLab opens what was open last.
        workspace = f"{name.rsplit('/', 1)[-1].removesuffix('.ipynb')}-{time.monotonic_ns()}"
        path = f"lab/workspaces/{workspace}/tree/{name}?reset&token={TOKEN}"
        page.goto(f"{address or server.address}/{path}")
        page.wait_for_function(READY, timeout=60_000)
        page.evaluate("window.jupyterapp.shell.collapseLeft()")
        self.panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def run_all(self, timeout: float = 120) -> None:
        """Run every cell; fails with the cells that did not run or ended in an error."""
        self.page.evaluate(RUN_ALL)
        self.page.wait_for_function("() => window.ranAll !== null", timeout=timeout * 1000)
        cells = self.page.evaluate(CELLS)
        failed = [cell for cell in cells if cell["errors"] or not cell["count"]]
        assert self.page.evaluate("window.ranAll") is True, failed
        assert not failed, failed

    def rewrite(self, before: str, after: str, *, above: bool = False) -> Locator:
        """Change the text of a cell and run it, after the code cell above it if asked to.

        Returns
        -------
        Locator
            The cell.

        Raises
        ------
        AssertionError
            If no cell reads like that.
        """
        place: int = self.page.evaluate(REWRITE, [before, after, above])
        assert place >= 0, f"no cell reads:\n{before}"
        return self.panel.locator(".jp-Notebook-cell").nth(place)

    def run(self, code: str) -> str:
        """Run code in the notebook's kernel, beside its cells; returns what it printed."""
        result: dict[str, Any] = self.page.evaluate(
            """async (code) => {
              const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
              const future = kernel.requestExecute({ code, store_history: false });
              let text = "", error = null;
              future.onIOPub = (message) => {
                const { header, content } = message;
                if (header.msg_type === "stream") text += content.text;
                if (header.msg_type === "error") error = content.traceback.join("\\n");
              };
              await future.done;
              return { text, error };
            }""",
            code,
        )
        assert result["error"] is None, result["error"]
        return str(result["text"])

    def shut_down(self) -> None:
        """End the kernel, so that the next notebook has the machine to itself."""
        self.page.evaluate("window.jupyterapp.shell.currentWidget?.sessionContext?.shutdown()")


def turn_to(page: Page, theme: str) -> None:
    """Give JupyterLab its theme "Light" or "Dark".

    The splash of one change goes before the next one comes: they share an element.
    """
    name = f"JupyterLab {theme}"
    change = "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
    page.evaluate(change, name)
    page.wait_for_function("(name) => document.body.dataset.jpThemeName === name", arg=name)
    page.wait_for_selector("#jupyterlab-splash", state="detached")


def pixels_of(canvas: Locator) -> NDArray[np.uint8]:
    """Read the pixels of a canvas, of shape (height, width, 3); a PNG loses none of them."""
    address: str = canvas.evaluate("(canvas) => canvas.toDataURL('image/png')")
    picture = Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])))
    return np.asarray(picture.convert("RGB"))
