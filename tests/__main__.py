"""Run every test, in parts side by side: ``python -m tests``.

Those of the arithmetic and of the rest of the package want a processor; those of the page mostly
wait, for a browser, a kernel or an installer. Three at a time leave no core idle, the longest
first. What the first part prints is seen at once, what the others print when they end. ``python -m
tests page`` runs one part; further arguments go to pytest, such as ``--durations=20``.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
LESSONS = ("tests/browser/test_lessons.py", "notebooks")
AROUND = (
    "tests/browser/test_life.py", "tests/browser/test_engines.py", "tests/browser/test_export.py",
    "tests/browser/test_notebooks.py",
)  # fmt: skip
INSTALLED = (
    "tests/test_binder.py", "tests/test_packaging.py", "tests/test_cli.py",
    "tests/test_notebooks.py",
)  # fmt: skip
ARITHMETIC = (
    "cnnlab", "tests/kernels", "tests/functional", "tests/layers", "tests/fuzz",
    "tests/test_twins.py",
)  # fmt: skip
_apart = [f"--ignore={path}" for path in (*LESSONS, *AROUND, *INSTALLED)]
PARTS = {
    "page": ("tests/browser", *_apart),
    "lessons": LESSONS,
    "package": (
        "tests", "--ignore=tests/browser", *_apart, *(f"--ignore={path}" for path in ARITHMETIC),
    ),
    "around": AROUND,
    "installed": INSTALLED,
    "arithmetic": ARITHMETIC,
}  # fmt: skip
AT_ONCE = 3
LONGEST = 35 * 60  # seconds for a part


def start(part: str, options: Sequence[str], output: IO[str] | None) -> subprocess.Popen[bytes]:
    """Start a part in a session of its own, so that it ends with all that it started."""
    command = [sys.executable, "-m", "pytest", *PARTS[part], *options]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """End a part and all that it started; what has ended already stays as it is."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def main(arguments: Sequence[str]) -> int:
    """Run the parts that are named, or all; 0 if every test passed."""
    waiting = [word for word in arguments if word in PARTS] or list(PARTS)
    options = [word for word in arguments if word not in PARTS]
    first, code = waiting[0], 0
    running: dict[subprocess.Popen[bytes], tuple[float, IO[str] | None]] = {}
    with ExitStack() as files:
        try:
            while waiting or running:
                while waiting and len(running) < AT_ONCE:
                    part = waiting.pop(0)
                    live = part == first
                    output = None if live else files.enter_context(tempfile.TemporaryFile("w+"))
                    running[start(part, options, output)] = (time.monotonic() + LONGEST, output)
                time.sleep(0.1)
                for process, (deadline, output) in list(running.items()):
                    if process.poll() is None and time.monotonic() > deadline:
                        print(f"a part of the tests took longer than {LONGEST} s and was ended")
                        end(process)
                    if process.poll() is not None:
                        del running[process]
                        code = max(code, abs(process.returncode))
                        if output:
                            output.seek(0)
                            sys.stdout.write(output.read())
                            sys.stdout.flush()
        finally:
            for process in running:
                end(process)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
