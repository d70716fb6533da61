"""From the hand to the painted picture: FilterLab in JupyterLab in a real browser.

Slider-to-paint is the time from a key press on a weight to the task after the frame that shows the
new feature map. The floor is the same for a handler in the same page that paints as many pixels and
asks nobody. Then a weight is dragged for five seconds, sixty times a second: how many pictures
appear, how old is each when it appears, and is the last one the picture of the last weight? All of
it directly, and through a proxy that adds 80 ms of delay.
"""

import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from cnnlab import display
from tests.browser.jupyterlab import Notebook, Server, chromium

from . import machine
from .machine import ROOT

SIZES = (256, 512, 1024)
DELAYS = (0, 80)  # milliseconds added to a round trip

_PROBE = Path(__file__).with_name("browser_page.js")
_WEIGHT = ".jp-Notebook input.cnnlab-number[data-row='1'][data-column='1']"
_STEPS = 250  # of 0.1 from one end of the drag to the other: more than a picture lies behind
_LOWEST, _LIMIT = -12.5, 12.7  # with this limit of the colours, every step has a colour of its own
_PALETTE = "blue_red"

_PHOTOGRAPH = """
from cnnlab import images, widgets
photograph = images.sample("camera")
lab = widgets.FilterLab({picture}, filter="sharpen")
lab
"""
_PICTURES = {
    256: "photograph[::2, ::2]",
    512: "photograph",
    1024: "photograph.repeat(2, axis=0).repeat(2, axis=1)",
}
_ONES = f"""
import numpy as np
from cnnlab import widgets
weights = np.zeros((3, 3))
weights[1, 1] = {_LOWEST}
lab = widgets.FilterLab(
    np.ones(({{size}}, {{size}})), filter=weights, palette="{_PALETTE}", limit={_LIMIT}
)
lab
"""


def run(changes: int, seconds: float, patience: machine.Patience) -> dict[str, Any]:
    """Measure every size with and without delay."""
    circumstances = machine.Circumstances(patience)
    rows = []
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        for delay in DELAYS:
            with _address(server, delay) as address:
                for size in SIZES:
                    patience.wait()
                    row = {"size": size, "delay_ms": delay}
                    row |= _photograph(server, address, size, changes, seconds)
                    row |= _ages(server, address, size, seconds)
                    rows.append(row)
                    print(row, file=sys.stderr, flush=True)
    return circumstances.around({"rows": rows})


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
def _lab(server: Server, address: str, name: str, code: str) -> Iterator[tuple[Notebook, Page]]:
    """Open a notebook that shows a lab, in a browser of its own, ready to be measured."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        notebook = Notebook(page, server, server.write(name, code), address)
        notebook.run_all()
        page.wait_for_selector(".jp-Notebook canvas[data-role=map][data-source=kernel]")
        page.locator(_WEIGHT).scroll_into_view_if_needed()
        page.evaluate(_PROBE.read_text())
        page.evaluate("benchmark.latency(10)")
        yield notebook, page
        notebook.shut_down()


def _photograph(
    server: Server, address: str, size: int, changes: int, seconds: float
) -> dict[str, Any]:
    code = _PHOTOGRAPH.format(picture=_PICTURES[size])
    with _lab(server, address, f"photograph-{size}.ipynb", code) as (_, page):
        # In turns, so that whatever slows the machine for a while slows both.
        latency, floor = [], []
        for _ in range(4):
            latency += page.evaluate("(n) => benchmark.latency(n)", changes // 4)
            floor += page.evaluate("(n) => benchmark.floor(n)", changes // 4)
        return {
            "median_ms": statistics.median(latency),
            "p95_ms": _percentile(latency, 95),
            "floor_median_ms": statistics.median(floor),
            "floor_p95_ms": _percentile(floor, 95),
            "pictures_per_second": _drag(page, seconds)["pictures_per_second"],
        }


def _ages(server: Server, address: str, size: int, seconds: float) -> dict[str, Any]:
    """Drag over a picture of ones: there the colour of the map tells the weight it is of."""
    with _lab(server, address, f"ones-{size}.ipynb", _ONES.format(size=size)) as (notebook, page):
        seen = _drag(page, seconds)
        ages = _ages_of(seen["changes"], seen["pictures"])
        kept = float(notebook.run("print(lab.filter[1, 1])"))
    last = seen["changes"][-1]["weight"]
    return {
        "age_median_ms": statistics.median(ages),
        "age_p95_ms": _percentile(ages, 95),
        "age_max_ms": max(ages),
        "last_wins": math.isclose(_weight_of(seen["pictures"][-1]["colour"]), last, abs_tol=0.05)
        and math.isclose(kept, last, abs_tol=1e-6),
    }


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


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]
