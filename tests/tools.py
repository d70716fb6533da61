"""Tools of the machine that tests and benchmarks use, and what to say where one is missing."""

import importlib.util
import shutil
from collections.abc import Iterable

NO_BROWSER = "no Chromium found; get it with: apt install chromium (or install Google Chrome)"

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FIREFOX = ("firefox", "firefox-esr")

# What a front end needs beside JupyterLab: programs, Python packages, and how to get them.
FRONT_ENDS = {
    "firefox": ([_FIREFOX], [], "apt install firefox-esr"),
    "webkit": (
        [["WebKitWebDriver"], ["Xvfb"]], [],
        "apt install webkit2gtk-driver xvfb",
    ),
    "notebook": ([_BROWSERS], ["notebook"], "apt install chromium; pip install notebook"),
    "marimo": ([_BROWSERS], ["marimo"], "apt install chromium; pip install marimo"),
}  # fmt: skip


def first_of(programs: Iterable[str]) -> str | None:
    """Find the first of these programs that is on the path."""
    return next(filter(None, map(shutil.which, programs)), None)


def browser_path() -> str | None:
    """Find Chromium or Chrome on the path; None where there is neither."""
    return first_of(_BROWSERS)


def firefox_path() -> str | None:
    """Find Firefox on the path; None where there is none."""
    return first_of(_FIREFOX)


def missing_for(front_end: str) -> str | None:
    """Say what a front end lacks here and how to get it; None where all is there."""
    programs, packages, way = FRONT_ENDS[front_end]
    lacking = [names[0] for names in programs if not first_of(names)]
    lacking += [name for name in packages if not importlib.util.find_spec(name)]
    return f"no {', no '.join(lacking)}; get it with: {way}" if lacking else None
