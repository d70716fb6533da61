"""From nothing to the first feature map: fresh processes, in turns, on the clock of whoever waits.

The time is from starting Python to its word that the picture is there. The compile cache is in a
temporary folder: empty before each "cold" start, filled before the first "warm" one.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from operator import sub, truediv
from pathlib import Path
from typing import Any

from . import machine

BARE = "bare Python"
IMPORT = "import cnnlab"
WARM = "cnnlab, first feature map, warm cache"
COLD = "cnnlab, first feature map, cold cache"
TORCH = "import torch, first conv2d"

_OURS = """
import numpy as np
from cnnlab import functional as F
image = np.random.default_rng(0).random((1, 512, 512, 1), dtype=np.float32)
F.conv2d(image, np.full((3, 3, 1, 1), 1 / 9, np.float32))
"""
_PROGRAMS = {
    BARE: "",
    IMPORT: "import cnnlab",
    WARM: _OURS,
    COLD: _OURS,
    TORCH: """
import torch
import torch.nn.functional as F
image = torch.rand(1, 1, 512, 512)
with torch.inference_mode():
    F.conv2d(image, torch.full((1, 1, 3, 3), 1 / 9))
""",
}


def run(rounds: int, patience: machine.Patience) -> dict[str, Any]:
    """Start every program `rounds` times, in turns."""
    circumstances = machine.Circumstances(patience)
    times: dict[str, list[float]] = {name: [] for name in _PROGRAMS if _installed(name)}
    with tempfile.TemporaryDirectory() as warm:
        _start(WARM, warm)
        if not any(Path(warm).rglob("*.nbc")):
            raise RuntimeError(f"nothing was compiled into {warm}: is the cache elsewhere now?")
        for number in range(rounds):
            patience.wait()
            for name in list(times)[:: -1 if number % 2 else 1]:
                with tempfile.TemporaryDirectory() as cold:
                    times[name].append(_start(name, cold if name == COLD else warm))
    return circumstances.around(
        {
            "rounds": rounds,
            "rows": [
                {"name": name, "seconds": statistics.median(mine)} for name, mine in times.items()
            ],
            "import_seconds": statistics.median(map(sub, times[IMPORT], times[BARE])),
            "share_of_torch": statistics.median(map(truediv, times[WARM], times[TORCH]))
            if TORCH in times
            else None,
        }
    )


def _installed(name: str) -> bool:
    return name != TORCH or find_spec("torch") is not None


def _start(name: str, cache: str) -> float:
    """Start a program and wait for its word; then let it end."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAMS[name] + "\nprint('there', flush=True)"],
        env=os.environ | {"NUMBA_CACHE_DIR": cache},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    word = process.stdout.readline()
    seconds = time.perf_counter() - started
    process.communicate()
    if not word:
        raise RuntimeError(f"{name} ended with code {process.returncode}")
    return seconds
