"""From a step, or a dragged number, to all that depends on it: ConvolutionStepper at its largest.

A step is pressed; a number is dragged to and fro, by one each time, so that for a part of the way
it is the largest and all others change their colours with it. What counts is how long the page's
own thread works on each, until the frame that shows it has been handed to the screen: script,
style, layout and paint, as Chromium's trace has them, without the time for which other programs
had the processor.
"""

import json
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from playwright.sync_api import Browser

from cnnlab.widgets import ConvolutionStepper
from tests.browser.jupyterlab import chromium
from tests.browser.mounting import mount

from . import machine
from .page import percentile, probe

_PROBE = probe("stepper_page.js")
_LARGEST = 9  # of all numbers, to begin with
_REACH = 12  # of the drag, up and down
_CELL = "[aria-label='{}'] [data-row='2'][data-column='2']"
_FIELDS = {
    "number of the image": _CELL.format("Image, channel 1"),
    "weight": _CELL.format("Weights, channel 1"),
    "gradient from above": _CELL.format("Gradient from above, map 0"),  # backward only
    "step": "[aria-label='Next step']",
}
_TRACED = ("blink.user_timing", "devtools.timeline", "disabled-by-default-devtools.timeline")
_WORK = {
    "RunTask": "all",
    "UpdateLayoutTree": "style",
    "Layout": "layout",
    **dict.fromkeys(("PrePaint", "Paint", "Layerize", "Commit"), "paint"),
}


def run(changes: int, patience: machine.Patience) -> dict[str, Any]:
    """Measure steps and dragged numbers, forward and backward."""
    circumstances = machine.Circumstances(patience)
    rows: list[dict[str, Any]] = []
    with chromium() as browser:
        for mode in ("forward", "backward"):
            patience.wait()
            rows += _rows(browser, mode, changes)
    return circumstances.around({"rows": rows})


def _rows(browser: Browser, mode: str, changes: int) -> Iterator[dict[str, Any]]:
    """Measure on an empty page without a kernel: all that is shown is the browser's own work."""
    random = np.random.default_rng(0)
    image, filters = (
        random.integers(-_LARGEST, _LARGEST + 1, size) for size in ((12, 12, 3), (5, 5, 3, 4))
    )
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    mount(page, ConvolutionStepper(image, filters, mode=mode))
    page.wait_for_selector("canvas[data-source=browser]")
    page.evaluate(_PROBE)
    for what, field in _FIELDS.items():
        if not page.locator(field).is_visible():
            continue
        act = "([field, reach, times]) => benchmark.change(field, reach, times)"
        page.evaluate(act, [field, _REACH, 10])  # once for the browser's compiler
        browser.start_tracing(page=page, categories=_TRACED)
        page.evaluate(act, [field, _REACH, changes])
        costs = costs_of(json.loads(browser.stop_tracing())["traceEvents"])
        row = {"mode": mode, "what": what, **_summary(costs)}
        print(row, file=sys.stderr, flush=True)
        yield row
    page.close()


def _summary(costs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    median = {kind: statistics.median(cost[kind] for cost in costs) for kind in costs[0]}
    p95 = percentile([cost["all"] for cost in costs], 95)
    parts = {f"{kind}_ms": median[kind] for kind in ("script", "style", "layout", "paint")}
    return {"median_ms": median["all"], "p95_ms": p95, **parts}


def costs_of(events: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """Add up what the page's own thread did from the mark of each change to that of its picture.

    Returns
    -------
    list of dict
        Milliseconds of each change: all tasks; of these style, layout, paint; script is the rest.
    """
    marks = [one for one in events if one["name"] in ("change", "painted")]
    thread = {(mark["pid"], mark["tid"]) for mark in marks}
    own = [one for one in events if (one["pid"], one["tid"]) in thread and one["name"] in _WORK]
    work = [one for one in own if one.get("dur") and "tdur" in one]
    costs = []
    times = sorted(mark["ts"] for mark in marks)
    for change, painted in zip(times[::2], times[1::2], strict=True):
        cost = dict.fromkeys(("all", "style", "layout", "paint"), 0.0)
        for one in work:
            within = min(painted, one["ts"] + one["dur"]) - max(change, one["ts"])
            cost[_WORK[one["name"]]] += max(0, within) / one["dur"] * one["tdur"] / 1000
        cost["script"] = 2 * cost["all"] - sum(cost.values())
        costs.append(cost)
    return costs
