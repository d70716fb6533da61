"""No kernel touches memory outside its arrays: guard pages, each run a process of its own."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="guard pages are set up the Linux way"
)

FUZZ = Path(__file__).with_name("guarded_fuzz.py")


def run(*arguments):
    return subprocess.run(
        [sys.executable, str(FUZZ), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_number_too_many_is_noticed():
    assert run("overrun").returncode == -signal.SIGSEGV


@pytest.mark.parametrize("seed", [1, 2])
def test_odd_shapes_strides_and_padding_stay_inside(seed):
    finished = run("150", str(seed))
    assert finished.returncode == 0, finished.stderr
    assert "no number was touched" in finished.stdout
