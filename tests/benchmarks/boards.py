"""Widgets that train, explore and build, in JupyterLab in a real browser.

How much of its speed a training loses to the TrainingBoard that shows it: the same training runs
for a while without it and for a while with it, in turns, in one kernel with one page before it. How
often the board repaints meanwhile. How many steps a FilterTrainer shows, and how soon it has found
Sobel's filter from ten random beginnings. How often a NetworkExplorer repaints all maps of LeNet-5
while a digit is drawn, and how soon it answers, also beside a training in the same kernel. How soon
a NetworkBuilder has repainted VGG-16 after an edit.
"""

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from cnnlab import filters
from tests.browser.jupyterlab import Notebook, Server, chromium

from . import machine
from .page import percentile, probe

SEEDS = range(10)
NEAR = 0.05  # by which a weight that was found may be off
LIMIT = 15  # seconds in which they must be found

_PROBE = probe("boards_page.js")
_AWAKE = "benchmarkTools.awake()"
_WARM = 1.5  # seconds of a training before it is timed

_DATA = {
    "LeNet-5 on MNIST": "data, layers = datasets.mnist().train, zoo.lenet5()",
    "digits_net on digits": "data, layers = datasets.digits().train, zoo.digits_net()",
}
_BOARD = """
import time
from cnnlab import Network, datasets, training, widgets, zoo
{data}
def a_run():
    return training.run(Network(layers, seed=0), data, epochs=200)
alone, watched = a_run(), a_run()
board = widgets.TrainingBoard(watched)
board
"""
_ALONE = """
begun, done = time.perf_counter(), alone.step
while time.perf_counter() < begun + {seconds}:
    next(alone)
print((alone.step - done) / (time.perf_counter() - begun))
"""
_BEGIN = "begun, done = time.perf_counter(), watched.step"
_END = "print((watched.step - done) / (time.perf_counter() - begun))"
_REST = "board.pause(); board.wait()"

_TRAINER = """
from cnnlab import widgets
trainer = widgets.FilterTrainer("camera", "sobel_x")
trainer
"""
_EXPLORER = """
explorer = widgets.NetworkExplorer(watched.network, data.images[0])
explorer
"""
_BUILDER = """
from cnnlab import widgets
widgets.NetworkBuilder("vgg16")
"""


def run(pairs: int, seconds: float, times: int, patience: machine.Patience) -> dict[str, Any]:
    """Measure all of it.

    Parameters
    ----------
    pairs : int
        How often a training is timed with and without its board.
    seconds : float
        How long each time, and how long a digit is drawn.
    times : int
        How often an answer or a repaint is timed.
    patience : Patience
    """
    circumstances = machine.Circumstances(patience)
    name = _training()
    board = _BOARD.format(data=_DATA[name])
    figures: dict[str, Any] = {"training": name}
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        patience.wait()
        with _shown(server, "board.ipynb", board) as (notebook, page):
            figures["board"] = _told(_watched(notebook, page, pairs, seconds))
        patience.wait()
        with _shown(server, "trainer.ipynb", _TRAINER) as (notebook, page):
            figures["trainer"] = _told(_walks(notebook, page))
        patience.wait()
        with _shown(server, "explorer.ipynb", board, _EXPLORER) as (notebook, page):
            figures["explorer"] = _told(_explored(notebook, page, seconds, times))
        patience.wait()
        with _shown(server, "builder.ipynb", _BUILDER) as (_, page):
            page.evaluate(_AWAKE)
            page.evaluate("benchmark.edits(4)")
            figures["builder"] = _told(_summed(page.evaluate("(n) => benchmark.edits(n)", times)))
    return circumstances.around(figures)


def _training() -> str:
    """Choose what is trained: digits where MNIST is not on this machine."""
    large, small = _DATA
    return large if Path(os.environ.get("CNNLAB_DATA", "nowhere"), "mnist").is_dir() else small


@contextmanager
def _shown(server: Server, name: str, *cells: str) -> Iterator[tuple[Notebook, Page]]:
    """Open a notebook whose last cell shows what is measured, in a browser of its own."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1100})
        notebook = Notebook(page, server, server.write(name, *cells))
        notebook.run_all()
        shown = page.locator(".jp-Notebook [data-widget]").last
        shown.wait_for()
        shown.scroll_into_view_if_needed()
        page.evaluate(_PROBE)
        yield notebook, page
        notebook.shut_down()


def _watched(notebook: Notebook, page: Page, pairs: int, seconds: float) -> dict[str, Any]:
    """Time a training without and with its board, in turns."""
    rows = []
    for pair in range(pairs + 1):
        alone = float(notebook.run(_ALONE.format(seconds=seconds if pair else _WARM)))
        notebook.run("board.start()")
        page.wait_for_timeout(1000 * _WARM)
        notebook.run(_BEGIN)
        repaints = page.evaluate("(seconds) => benchmark.repaints(seconds)", seconds)
        watched = float(notebook.run(_END))
        notebook.run(_REST)
        rows.append({"alone": alone, "watched": watched, "repaints": repaints})
    rows = rows[1:]  # the first one warmed up
    return {
        "pairs": rows,
        "loss": 1 - statistics.median(row["watched"] / row["alone"] for row in rows),
        "repaints_per_second": statistics.median(row["repaints"] for row in rows),
    }


def _walks(notebook: Notebook, page: Page) -> list[dict[str, Any]]:
    """Let a FilterTrainer find Sobel's filter from every seed."""
    goal = filters.CATALOGUE["sobel_x"].weights.ravel().tolist()
    page.evaluate(_AWAKE)
    rows = []
    for seed in SEEDS:
        notebook.run(f"trainer.restart(seed={seed})")
        found = page.evaluate(
            "([goal, near, limit]) => benchmark.walk(goal, near, limit)", [goal, NEAR, LIMIT]
        )
        rows.append({"seed": seed, **found})
    return rows


def _explored(notebook: Notebook, page: Page, seconds: float, times: int) -> dict[str, Any]:
    """Draw on a NetworkExplorer and ask it, before and while the network that it shows learns."""
    page.evaluate(_AWAKE)
    page.evaluate("benchmark.draw(1)")
    page.evaluate("benchmark.answers(4)")
    figures: dict[str, Any] = {}
    for where in ("alone", "beside a training"):
        if where != "alone":
            notebook.run("board.start()")
            page.wait_for_timeout(1000 * _WARM)
        figures[where] = {
            "pictures_per_second": page.evaluate("(seconds) => benchmark.draw(seconds)", seconds),
            **_summed(page.evaluate("(n) => benchmark.answers(n)", times)),
        }
    notebook.run(_REST)
    return figures


def _summed(milliseconds: Sequence[float]) -> dict[str, float]:
    return {
        "median_ms": statistics.median(milliseconds),
        "p95_ms": percentile(milliseconds, 95),
    }


def _told(figures: Any) -> Any:
    print(figures, file=sys.stderr, flush=True)
    return figures
