"""Nothing public answers a wrong argument with an error that explains nothing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnlab import checks, filters
from tests.fuzz.__main__ import explained
from tests.fuzz.table import everything

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="memory is bounded the Linux way"
)
ROOT = Path(__file__).parents[2]


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


def test_wrong_arguments_end_in_an_answer_or_an_explanation(tmp_path):
    """Too much memory, too much time, a crash: each is a failure, and ends the other process."""
    last = tmp_path / "last"
    finished = run("--calls", "2500", "--seed", "1", "--last", str(last))
    died = f"died at {last.read_text()}:\n{finished.stderr[-2000:]}" if last.exists() else ""
    assert finished.returncode == 0, finished.stdout or finished.stderr[-2000:] or died
    assert "0 unexplained errors in 2,500 generated calls" in finished.stdout


@pytest.mark.parametrize(
    ("wrong", "fine"),
    [
        (lambda: checks.flag(3, "pool"), True),
        (lambda: filters.apply(np.zeros((2, 2)), np.zeros((3, 3))), True),
        (lambda: filters.CATALOGUE["blur"], False),  # a KeyError of Python's
        (lambda: len(3), False),  # a TypeError of Python's
        (lambda: np.zeros(3).reshape(2), False),  # a ValueError of NumPy's
        (checks.shown, False),  # ours, but Python says that something is missing
    ],
)
def test_an_explanation_is_told_from_what_python_and_numpy_say(wrong, fine):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is the question
        wrong()
    assert explained(caught.value) is fine


def test_everything_public_is_in_it():
    names = {public.name for public in everything()}
    assert {"Network.predict", "plots.image", "features.grad_cam", "metrics.recall"} < names
    assert len(names) > 150
