"""Measure a class on one lab machine: the real hub and proxy, and learners at a human pace.

    python -m tests.load --learners 20 --seconds 60

Each learner logs in, pulls the course, opens chapter 01 and runs it from top to bottom; then all of
them set a filter every two seconds. What is printed and kept: how long a change takes to come back
as a picture, what a learner holds in memory (PSS: shared pages shared out), how long it took until
the last of them was there. Needs root and the extra ``instructor``; no figure counts on a machine
that does something else at the same time, so the load before the start is kept with it.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.hub.lab import Lab, Learner, missing
from tests.hub.page import Page

CHAPTER = "course/notebooks/01_filters.ipynb"
PAUSE = 2.0  # seconds from one change to the next
LONGEST = 15 * 60  # seconds for everything
_RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured.

    Attributes
    ----------
    learners, processors : int
    load_before : float
        Of the machine in the minute before; above 0.5 it was not idle.
    all_there : float
        Seconds until everybody had the chapter open.
    all_ran : float
        Seconds until everybody had run it.
    changes : int
    median, p95, p99, longest : float
        Milliseconds from a change to its picture.
    memory : float
        MB for each learner, server and kernel, averaged.
    memory_of_hub : float
        MB for hub and proxy together.
    lost : int
        Changes that got no picture.
    """

    learners: int
    processors: int
    load_before: float
    all_there: float
    all_ran: float
    changes: int
    median: float
    p95: float
    p99: float
    longest: float
    memory: float
    memory_of_hub: float
    lost: int


async def _in_turns(
    work: Callable[[Learner], Awaitable[None]], learners: list[Learner], at_once: int
) -> None:
    places = asyncio.Semaphore(at_once)

    async def one(learner: Learner) -> None:
        async with places:
            await work(learner)

    await asyncio.gather(*map(one, learners))


async def _come(learner: Learner) -> None:
    def come() -> None:
        assert learner.log_in(), f"{learner.name} cannot log in"
        learner.start_server(240)
        learner.pull()

    await asyncio.to_thread(come)


def _filter() -> list[list[float]]:
    return [[round(random.uniform(-2, 2), 1) for _ in range(3)] for _ in range(3)]  # noqa: S311 - no secret


async def _play(page: Page, seconds: float, times: list[float], lost: list[str]) -> None:
    """Set a filter every two seconds, beside what JupyterLab asks by itself."""
    await asyncio.sleep(random.uniform(0, PAUSE))  # noqa: S311 - nobody moves in step
    end = time.monotonic() + seconds
    looked = time.monotonic()
    while time.monotonic() < end:
        started = time.monotonic()
        try:
            times.append(1000 * await page.change("FilterLab", {"filter": _filter()}))
        except (TimeoutError, AssertionError) as error:
            lost.append(f"{page.learner.name}: {error!r}")
        if time.monotonic() - looked > 10:  # JupyterLab asks for the list of sessions
            await page.ask("/api/sessions")
            looked = time.monotonic()
        await asyncio.sleep(max(0.0, PAUSE - (time.monotonic() - started)))


async def measure(lab: Lab, names: list[str], seconds: float) -> Figures:
    """Let a class in, have it work, and measure."""
    load = os.getloadavg()[0]
    learners = [Learner(lab, name) for name in names]
    start = time.monotonic()
    await _in_turns(_come, learners, at_once=4)
    pages = [Page(learner, CHAPTER) for learner in learners]
    by_learner = dict(zip(learners, pages, strict=True))

    async def open_it(learner: Learner) -> None:
        await by_learner[learner].open()

    async def run_it(learner: Learner) -> None:
        await by_learner[learner].run_all()

    await _in_turns(open_it, learners, at_once=4)
    there = time.monotonic() - start
    print(f"all there after {there:.0f} s", flush=True)
    await _in_turns(run_it, learners, at_once=len(learners))
    ran = time.monotonic() - start - there
    print(f"all ran it after {ran:.0f} s", flush=True)
    times: list[float] = []
    lost: list[str] = []
    await asyncio.gather(*(_play(page, seconds, times, lost) for page in pages))
    memory = [lab.memory(name) for name in names]
    for page in pages:
        page.close()
    for one in lost[:5]:
        print(one)
    parts = statistics.quantiles(times, n=100)
    return Figures(
        len(names), os.cpu_count() or 0, round(load, 2), round(there, 1), round(ran, 1),
        len(times), round(statistics.median(times), 1), round(parts[94], 1), round(parts[98], 1),
        round(max(times), 1), round(statistics.mean(memory), 1), round(lab.memory_of_hub(), 1),
        len(lost),
    )  # fmt: skip


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
    lacking = missing()
    if lacking:
        raise SystemExit(lacking)
    kept = json.loads(options.output.read_text()) if options.output.exists() else {}
    for count in options.learners:
        names = [f"learner{number:02}" for number in range(count)]
        with Lab(names) as lab:
            try:
                figures = asyncio.run(
                    asyncio.wait_for(measure(lab, names, options.seconds), LONGEST)
                )
            except BaseException:
                print(lab.tail())
                raise
        kept[str(count)] = asdict(figures)
        print(json.dumps(asdict(figures), indent=1), flush=True)
        options.output.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
