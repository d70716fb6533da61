"""From the hand to the painted picture: FilterLab in JupyterLab in a real browser.

Hand-to-paint is the time from a key press on a weight to the task after the frame that shows the
new feature map. The floor is the same for a handler in the same page that paints as many pixels and
asks nobody. Then a weight is dragged for five seconds, as often as a mouse reports: how many
pictures appear, how old is each, how often is the kernel asked meanwhile, and is the last
picture, pixel by pixel, the one that the kernel makes of the last weight? All of it directly,
through a proxy that adds delay, and beside ten more kernels that work too. At last, how long a
fresh kernel takes to show a lab at all.
"""

import math
import os
import statistics
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page

from cnnlab import display
from tests.browser.jupyterlab import Notebook, Server, chromium, pixels_of

from . import machine
from .machine import ROOT
from .page import percentile, probe

DELAYS = (0, 80, 200)  # milliseconds added to a round trip
CROWD = 10  # kernels beside ours, each asked twice a second

_PROBE = probe("browser_page.js")
_WEIGHT = ".jp-Notebook input.cnnlab-number[data-row='1'][data-column='1']"
_STEPS = 250  # of 0.1 from one end of the drag to the other: more than a picture lies behind
_LOWEST, _LIMIT = -12.5, 12.7  # with this limit of the colours, every step has a colour of its own
_PALETTE = "blue_red"


class Scene(NamedTuple):
    """A lab to be dragged in."""

    name: str
    picture: str
    filter: str


SCENES = (
    Scene("512x512 grey, 3x3", 'images.sample("camera")', '"sharpen"'),
    Scene(
        "1024x1024 grey, 3x3",
        'images.sample("camera").repeat(2, axis=0).repeat(2, axis=1)',
        '"sharpen"',
    ),
    Scene("512x512 colour, 7x7", 'images.sample("astronaut")', '"motion_blur"'),
)

_PHOTOGRAPH = """
from cnnlab import images, widgets
lab = widgets.FilterLab({picture}, filter={filter})
lab
"""
_ONES = f"""
import numpy as np
from cnnlab import widgets
weights = np.zeros((3, 3))
weights[1, 1] = {_LOWEST}
lab = widgets.FilterLab(np.ones((512, 512)), filter=weights, palette="{_PALETTE}", limit={_LIMIT})
lab
"""
_COUNT = """
answer, asked = lab.answer_frame, []
lab.answer_frame = lambda request: asked.append(request["settings"]) or answer(request)
"""
_LAST = "import zlib; del lab.answer_frame; print(zlib.crc32(lab.painted.tobytes()), len(asked))"
_FIRST = """
from cnnlab import widgets
widgets.FilterLab("camera", filter="sobel_x")
"""


def run(changes: int, seconds: float, patience: machine.Patience) -> dict[str, Any]:
    """Measure every scene with and without delay, in a crowd, and the start."""
    circumstances = machine.Circumstances(patience)
    rows = []
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        for delay in DELAYS:
            with _address(server, delay) as address:
                patience.wait()
                rows += _rows(server, address, f"{delay} ms", changes, seconds)
        with _crowd(CROWD):
            rows += _rows(server, server.address, f"{CROWD} kernels", changes, seconds)
    starts = {"warm": _starts(5), "cold": _starts(3, cold=True)}
    return circumstances.around({"rows": rows, "start_ms": starts})


def _rows(
    server: Server, address: str, where: str, changes: int, seconds: float
) -> Iterator[dict[str, Any]]:
    for scene in SCENES:
        row = {"scene": scene.name, "where": where}
        row |= _photograph(server, address, scene, changes, seconds)
        if scene is SCENES[0]:
            row |= _ages(server, address, seconds)
        print(row, file=sys.stderr, flush=True)
        yield row


@contextmanager
def _address(server: Server, delay: int) -> Iterator[str]:
    """Give the address of the server, or of a proxy before it that delays."""
    if not delay:
        yield server.address
        return
    command = [sys.executable, "-m", f"{__package__}.delay", str(server.port), str(delay)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdout
        yield f"http://127.0.0.1:{int(proxy.stdout.readline())}"
        proxy.terminate()


@contextmanager
def _crowd(size: int) -> Iterator[None]:
    """Keep as many other kernels at work."""
    command = [sys.executable, "-m", f"{__package__}.crowd", str(size)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as crowd:
        assert crowd.stdin
        assert crowd.stdout
        crowd.stdout.readline()  # all are there
        yield
        crowd.stdin.close()  # they go


@contextmanager
def _lab(server: Server, address: str, name: str, code: str) -> Iterator[tuple[Notebook, Page]]:
    """Open a notebook that shows a lab, in a browser of its own, ready to be measured."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        notebook = Notebook(page, server, server.write(name, code), address)
        notebook.run_all()
        page.wait_for_selector(".jp-Notebook canvas[data-role=map][data-source=kernel]")
        page.locator(_WEIGHT).scroll_into_view_if_needed()
        page.evaluate(_PROBE)
        page.evaluate("benchmark.latency(10)")
        yield notebook, page
        notebook.shut_down()


def _photograph(
    server: Server, address: str, scene: Scene, changes: int, seconds: float
) -> dict[str, Any]:
    code = _PHOTOGRAPH.format(picture=scene.picture, filter=scene.filter)
    with _lab(server, address, "photograph.ipynb", code) as (notebook, page):
        # In turns, so that whatever slows the machine for a while slows both.
        latency, floor = [], []
        for _ in range(4):
            latency += page.evaluate("(n) => benchmark.latency(n)", changes // 4)
            floor += page.evaluate("(n) => benchmark.floor(n)", changes // 4)
        notebook.run(_COUNT)
        pictures = _drag(page, seconds)["pictures_per_second"]
        canvas = page.locator(".jp-Notebook canvas[data-role=map]")
        shown = zlib.crc32(pixels_of(canvas).tobytes())
        kernels, asked = map(int, notebook.run(_LAST).split())
        return {
            "median_ms": statistics.median(latency),
            "p95_ms": percentile(latency, 95),
            "floor_median_ms": statistics.median(floor),
            "floor_p95_ms": percentile(floor, 95),
            "pictures_per_second": pictures,
            "requests_per_second": asked / seconds,
            "last_pixels": shown == kernels,
        }


def _ages(server: Server, address: str, seconds: float) -> dict[str, Any]:
    """Drag over a picture of ones: there the colour of the map tells the weight it is of."""
    with _lab(server, address, "ones.ipynb", _ONES) as (notebook, page):
        seen = _drag(page, seconds)
        ages = _ages_of(seen["changes"], seen["pictures"])
        kept = float(notebook.run("print(lab.filter[1, 1])"))
    last = seen["changes"][-1]["weight"]
    return {
        "age_median_ms": statistics.median(ages),
        "age_p95_ms": percentile(ages, 95),
        "age_max_ms": max(ages),
        "last_wins": math.isclose(_weight_of(seen["pictures"][-1]["colour"]), last, abs_tol=0.05)
        and math.isclose(kept, last, abs_tol=1e-6),
    }


def _starts(times: int, *, cold: bool = False) -> dict[str, float]:
    """Time fresh kernels from running the cell to the first map, and to the kernel's own."""
    painted, answered = [], []
    for _ in range(times):
        with (
            tempfile.TemporaryDirectory() as folder,
            tempfile.TemporaryDirectory() as cache,
            _environment(NUMBA_CACHE_DIR=cache if cold else None),
            Server(Path(folder)) as server,
            chromium() as browser,
        ):
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            notebook = Notebook(page, server, server.write("first.ipynb", _FIRST))
            page.evaluate(_PROBE)
            found = page.evaluate("benchmark.start()")
            painted.append(found["painted"])
            answered.append(found["answered"])
            notebook.shut_down()
    return {"painted": statistics.median(painted), "answered": statistics.median(answered)}


@contextmanager
def _environment(**variables: str | None) -> Iterator[None]:
    """Set variables for the servers that are started meanwhile; None leaves one as it is."""
    before = dict(os.environ)
    os.environ.update({name: value for name, value in variables.items() if value is not None})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _drag(page: Page, seconds: float) -> dict[str, Any]:
    seen: dict[str, Any] = page.evaluate(
        "([seconds, steps]) => benchmark.drag(seconds, steps)", [seconds, _STEPS]
    )
    return seen


def _ages_of(changes: Sequence[Any], pictures: Sequence[Any]) -> list[float]:
    """Say how long before each picture its weight was set; none may be older than the last."""
    ages, newest = [], 0
    for picture in pictures:
        weight = _weight_of(picture["colour"])
        place = next(
            place
            for place, change in reversed([*enumerate(changes)])
            if change["at"] <= picture["at"]
            and math.isclose(change["weight"], weight, abs_tol=0.05)
        )
        if place < newest:
            raise RuntimeError(f"the picture of weight {weight} was painted over a newer one")
        newest = place
        ages.append(picture["at"] - changes[place]["at"])
    return ages


def _weight_of(colour: Sequence[int]) -> float:
    palette = [tuple(step) for step in display.PALETTES[_PALETTE].colours.tolist()]
    return (palette.index(tuple(colour)) - 127) / 127 * _LIMIT
