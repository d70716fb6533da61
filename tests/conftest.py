"""What all tests share: a home of their own, and the rule for tools that a machine may lack.

A test that needs a tool says so, ``@pytest.mark.needs("browser")``, and is skipped with the way to
get it where the tool is missing. ``CNNLAB_REQUIRE=browser,torch,network`` turns that into an error
(and ``nbgrader,bubblewrap,hub`` of a class, and the front ends of `tests.tools.FRONT_ENDS`).
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache

import pytest

from tests.hub.lab import missing as no_lab
from tests.tools import FRONT_ENDS, NO_BROWSER, browser_path, missing_for


@cache
def missing(tool: str) -> str | None:
    """Why a tool cannot be used here and how to get it; None where it is there."""
    if tool == "browser":
        return None if browser_path() else NO_BROWSER
    if tool == "torch":
        found = importlib.util.find_spec("torch")
        return None if found else 'no PyTorch; get it with: pip install -e ".[peers]"'
    if tool == "network":
        with tempfile.TemporaryDirectory() as folder:
            fetch = [sys.executable, "-m", "pip", "download", "--no-deps", "-d", folder, "nbval"]
            reached = subprocess.run(fetch, capture_output=True, check=False).returncode == 0
        return None if reached else "no package index can be reached; connect and run again"
    if tool == "nbgrader":
        found = importlib.util.find_spec("nbgrader")
        return None if found else 'no nbgrader; get it with: pip install -e ".[instructor]"'
    if tool == "bubblewrap":
        nothing = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
        found = (
            shutil.which("bwrap")
            and not subprocess.run(nothing, capture_output=True, check=False).returncode
        )
        return None if found else "no bubblewrap that works; get it with: apt install bubblewrap"
    if tool == "hub":
        return no_lab()
    if tool in FRONT_ENDS:
        return missing_for(tool)
    known = ", ".join(["browser", "torch", "network", "nbgrader", "bubblewrap", "hub", *FRONT_ENDS])
    raise pytest.UsageError(f"no test needs {tool!r}; CNNLAB_REQUIRE knows {known}")


def required() -> list[str]:
    return [tool for tool in os.environ.get("CNNLAB_REQUIRE", "").split(",") if tool]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs(tool): skipped where a browser, torch, ... is missing"
    )
    absent = list(filter(None, map(missing, required())))
    if absent:
        raise pytest.UsageError(f"CNNLAB_REQUIRE: {'; '.join(absent)}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        reason = missing(marker.args[0])
        if reason:
            pytest.skip(reason)


@pytest.fixture(autouse=True, scope="session")
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the learner's own progress out of the tests, and the tests out of it."""
    os.environ["CNNLAB_HOME"] = str(tmp_path_factory.mktemp("home"))
