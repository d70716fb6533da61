"""Measure a class on one lab machine: the real hub and proxy, and learners at a human pace.

    python -m tests.load --learners 20 --seconds 60

Each learner logs in, pulls the course, opens chapter 01 and runs it from top to bottom; then all of
them set a filter every two seconds. They have a websocket and draw nothing. Three more sit at real
browsers, which work on this machine too: a room with machines of its own has it easier. What is
printed and kept: how long a change takes to come back as a picture, and in the browsers to be
painted, and to be the kernel's; what a learner holds in memory (PSS: shared pages shared out); how
long it took until the last of them was there. Needs root, Chromium and the extra ``instructor``. No
figure counts on a machine that does something else at the same time, so the load before the start
is kept with it.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from playwright.async_api import Error, async_playwright

from tests.hub.lab import Lab, Learner, missing
from tests.hub.page import Page
from tests.load.screen import Screen, Seen
from tests.tools import NO_BROWSER, browser_path

BROWSERS = 3  # beside the learners with a websocket
CHAPTER = "course/notebooks/01_filters.ipynb"
PAUSE = 2.0  # seconds from one change to the next
LONGEST = 15 * 60  # seconds for everything
_RESULTS = Path(__file__).parent / "results.json"
ARTEFACTS = Path(__file__).parents[2] / "artefacts"


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured.

    Attributes
    ----------
    learners, browsers, processors : int
        The browsers are besides the learners.
    load_before : float
        Of the machine in the minute before; above 0.5 it was not idle.
    all_there : float
        Seconds until everybody had the chapter open.
    all_ran : float
        Seconds until everybody had run it.
    changes : int
    median, p95, p99, longest : float
        Milliseconds from a change to its picture, for those with a websocket.
    seen : int
        Changes in the browsers.
    painted_median, painted_p95, painted_longest : float
        Milliseconds from a key press to the painted picture.
    answered_median, answered_p95, answered_longest : float
        Milliseconds until the painted picture was the kernel's.
    memory : float
        MB for each learner, server and kernel, averaged.
    memory_of_hub : float
        MB for hub and proxy together.
    lost : int
        Changes that got no picture.
    """

    learners: int
    browsers: int
    processors: int
    load_before: float
    all_there: float
    all_ran: float
    changes: int
    median: float
    p95: float
    p99: float
    longest: float
    seen: int
    painted_median: float
    painted_p95: float
    painted_longest: float
    answered_median: float
    answered_p95: float
    answered_longest: float
    memory: float
    memory_of_hub: float
    lost: int


async def _in_turns(work: Sequence[Callable[[], Awaitable[None]]], at_once: int) -> None:
    places = asyncio.Semaphore(at_once)

    async def one(task: Callable[[], Awaitable[None]]) -> None:
        async with places:
            await task()

    await asyncio.gather(*map(one, work))


async def _come(learner: Learner) -> None:
    def come() -> None:
        assert learner.log_in(), f"{learner.name} cannot log in"
        learner.start_server(240)
        learner.pull()

    await asyncio.to_thread(come)


def _filter() -> list[list[float]]:
    return [[round(random.uniform(-2, 2), 1) for _ in range(3)] for _ in range(3)]  # noqa: S311 - no secret


async def _play(page: Page, seconds: float, times: list[float], lost: list[str]) -> None:
    """Set filters, beside what JupyterLab asks by itself."""
    looked = time.monotonic()

    async def change() -> None:
        nonlocal looked
        times.append(1000 * await page.change("FilterLab", {"filter": _filter()}))
        if time.monotonic() - looked > 10:  # JupyterLab asks for the list of sessions
            await page.ask("/api/sessions")
            looked = time.monotonic()

    await _at_human_pace(page.learner.name, change, seconds, lost)


async def _watch(screen: Screen, seconds: float, seen: list[Seen], lost: list[str]) -> None:
    """Change a weight in a browser."""

    async def change() -> None:
        try:
            seen.append(await screen.change())
        except Error as error:
            raise TimeoutError(
                f"{error.message.splitlines()[0]} ({await screen.state()})"
            ) from error

    await _at_human_pace(screen.learner.name, change, seconds, lost)


async def _at_human_pace(
    name: str, change: Callable[[], Awaitable[None]], seconds: float, lost: list[str]
) -> None:
    await asyncio.sleep(random.uniform(0, PAUSE))  # noqa: S311 - nobody moves in step
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        started = time.monotonic()
        try:
            await change()
        except (TimeoutError, AssertionError) as error:
            lost.append(f"{name}: {error!r}")
        await asyncio.sleep(max(0.0, PAUSE - (time.monotonic() - started)))


async def measure(lab: Lab, names: list[str], seconds: float, picture: Path) -> Figures:
    """Let a class in, have it work, and measure; the last of the names sit at browsers."""
    load = os.getloadavg()[0]
    learners = [Learner(lab, name) for name in names]
    start = time.monotonic()
    await _in_turns([partial(_come, learner) for learner in learners], at_once=4)
    pages = [Page(learner, CHAPTER) for learner in learners[:-BROWSERS]]
    screens = [Screen(learner, CHAPTER) for learner in learners[-BROWSERS:]]
    async with async_playwright() as playwright:
        opening = [page.open for page in pages]
        opening += [partial(screen.open, playwright) for screen in screens]
        await _in_turns(opening, at_once=4)
        there = time.monotonic() - start
        print(f"all there after {there:.0f} s", flush=True)
        await asyncio.gather(*(one.run_all() for one in (*pages, *screens)))
        ran = time.monotonic() - start - there
        print(f"all ran it after {ran:.0f} s", flush=True)
        times: list[float] = []
        seen: list[Seen] = []
        lost: list[str] = []
        await asyncio.gather(
            *(_play(page, seconds, times, lost) for page in pages),
            *(_watch(screen, seconds, seen, lost) for screen in screens),
        )
        memory = [lab.memory(name) for name in names]
        await screens[0].picture(picture)
        for screen in screens:
            await screen.close()
    for page in pages:
        page.close()
    for one in lost[:5]:
        print(one)
    assert len(times) > 1 < len(seen), "hardly a change came back"
    parts = statistics.quantiles(times, n=100)
    painted = [one.painted for one in seen]
    answered = [one.answered for one in seen]
    return Figures(
        len(pages), len(screens), os.cpu_count() or 0, round(load, 2), round(there, 1),
        round(ran, 1), len(times), round(statistics.median(times), 1), round(parts[94], 1),
        round(parts[98], 1), round(max(times), 1), len(seen), *_three(painted), *_three(answered),
        round(statistics.mean(memory), 1), round(lab.memory_of_hub(), 1), len(lost),
    )  # fmt: skip


def _three(times: list[float]) -> tuple[float, float, float]:
    """Median, p95 and the longest."""
    p95 = statistics.quantiles(times, n=20)[-1]
    return round(statistics.median(times), 1), round(p95, 1), round(max(times), 1)


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.load", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--learners", type=int, nargs="+", default=[20])
    parser.add_argument("--seconds", type=float, default=60, help="of work, after all have come")
    parser.add_argument("--output", type=Path, default=_RESULTS)
    options = parser.parse_args()
    lacking = missing() or (None if browser_path() else NO_BROWSER)
    if lacking:
        raise SystemExit(lacking)
    kept = json.loads(options.output.read_text()) if options.output.exists() else {}
    ARTEFACTS.mkdir(exist_ok=True)
    for count in options.learners:
        names = [f"learner{number:02}" for number in range(count + BROWSERS)]
        with Lab(names) as lab:
            work = measure(lab, names, options.seconds, ARTEFACTS / f"load-{count}.png")
            try:
                figures = asyncio.run(asyncio.wait_for(work, LONGEST))
            except BaseException:
                print(lab.tail())
                raise
        kept[str(count)] = asdict(figures)
        print(json.dumps(asdict(figures), indent=1), flush=True)
        options.output.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
