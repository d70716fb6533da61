"""One side, alone in its process: builds a row when asked, answers it, times it.

``python -m tests.benchmarks.worker SIDE THREADS`` reads one request a line (JSON) from its standard
input and answers each with one line; between requests it sleeps in that read. With ``--memory ROW``
it computes that row a few times instead and says how much memory that took.
"""

import argparse
import gc
import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import psutil

from .sides import Run
from .workloads import WORKLOADS

_BY_NAME = {workload.name: workload for workload in WORKLOADS}


class Worker:
    """Holds one row at a time, ready to run."""

    def __init__(self, side: str, threads: int) -> None:
        self._prepare: Callable[..., Run | None] = importlib.import_module(
            f".sides.{side}", __package__
        ).prepare
        self._threads = threads
        self._run: Run | None = None

    def build(self, row: str, weights: bool = True) -> dict[str, Any]:
        """Prepare a row and compute it once, so that nothing is compiled or loaded afterwards."""
        self._run = None
        gc.collect()
        self._run = self._prepare(_BY_NAME[row].task, weights, self._threads)
        if self._run is None:
            return {"available": False}
        self._run.call()
        return {"available": True, "seconds": self._timed()}

    def answer(self, path: str) -> dict[str, Any]:
        """Save the row's result for the comparison."""
        np.save(path, np.ascontiguousarray(self._ready().answer(), dtype=np.float32))
        return {}

    def time(self, calls: int) -> dict[str, Any]:
        """Compute the row `calls` times; the median of their times."""
        self._ready().call()  # another process had the caches until now
        return {"seconds": statistics.median(self._timed() for _ in range(calls))}

    def memory(self, row: str) -> dict[str, Any]:
        """Measure the largest size, in bytes, of a process that computed one row a few times."""
        available = self.build(row, weights=False)["available"]
        for _ in range(3 * available):
            self._ready().call()
        return {"available": available, "bytes": _peak_memory()}

    def _ready(self) -> Run:
        if self._run is None:
            raise RuntimeError("no row has been built")
        return self._run

    def _timed(self) -> float:
        call = self._ready().call
        started = time.perf_counter()
        result = call()
        seconds = time.perf_counter() - started
        del result  # giving the memory back is the next call's business, as in any program
        return seconds


def _peak_memory() -> int:
    status = Path("/proc/self/status")
    if status.exists():  # Linux: what rusage says there would include the parent's size before exec
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _replies_only() -> TextIO:
    """Keep standard output for replies; whatever a library prints goes to standard error."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return replies


def main() -> None:
    """Serve requests until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side")
    parser.add_argument("threads", type=int)
    parser.add_argument("--memory", metavar="ROW")
    arguments = parser.parse_args()
    replies = _replies_only()
    worker = Worker(arguments.side, arguments.threads)
    if arguments.memory:
        print(json.dumps(worker.memory(arguments.memory)), file=replies)
        return
    print(json.dumps({}), file=replies)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = getattr(worker, request.pop("do"))(**request)
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies)


if __name__ == "__main__":
    main()
