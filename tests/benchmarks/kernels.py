"""The kernel table: cnnlab against PyTorch, OpenCV, SciPy and scikit-image, row by row.

Every side lives in a process of its own with its own threads, and answers over a pipe; the sides
that are not asked sleep. A row is built on all sides from the same numbers and the answers are
compared. Then come rounds: in each, every side computes the row for a moment, in an order that
turns around from round to round. A ratio is the median over the rounds of (their time / our time in
that round), so that whatever slows the machine for a while slows both. PyTorch counts in the best
of its three configurations: as written (NCHW), channels_last, and channels_last with an allocator
that keeps its pages. Every side makes a new result in every call, unless the row says otherwise.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import machine
from .machine import ROOT
from .workloads import WORKLOADS, Workload


@dataclass(frozen=True)
class Side:
    """A library in one configuration: its module in `sides`, and its process's environment."""

    module: str
    library: str
    environment: Mapping[str, str] = field(default_factory=dict)


_CHANNELS_LAST = {"BENCHMARK_LAYOUT": "channels_last"}
_KEEPS_PAGES = {  # glibc: no request is large enough to be mapped afresh, nothing goes back
    "MALLOC_MMAP_THRESHOLD_": str(2**33),
    "MALLOC_TRIM_THRESHOLD_": str(2**34),
    "MALLOC_TOP_PAD_": str(2**28),
}
OURS = "cnnlab"
SIDES = {
    OURS: Side("ours", OURS),
    "torch NCHW": Side("pytorch", "torch"),
    "torch channels_last": Side("pytorch", "torch", _CHANNELS_LAST),
    "torch channels_last, pages kept": Side("pytorch", "torch", _CHANNELS_LAST | _KEEPS_PAGES),
    "OpenCV": Side("opencv", "OpenCV"),
    "SciPy": Side("scipy_ndimage", "SciPy"),
    "scikit-image": Side("scikit_image", "scikit-image"),
}


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    rounds: int = 15
    burst: float = 0.06  # seconds of computing a side and round, or one call if that takes longer
    row_limit: float = 20.0  # seconds of rounds, after which the least number is enough
    least_rounds: int = 7
    idle_limit: float = 10.0  # seconds to wait for an idle machine, each round
    patience: float = 200.0  # seconds to wait for it, altogether
    memory: bool = True


QUICK = Effort(
    rounds=7,
    burst=0.03,
    row_limit=10.0,
    least_rounds=5,
    idle_limit=1.0,
    patience=60.0,
    memory=False,
)


class Process:
    """A worker process, asked and answering line by line."""

    def __init__(self, side: Side, threads: int) -> None:
        self._process = subprocess.Popen(
            _command(side, threads),
            cwd=ROOT,
            env=_environment(side, threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Have one request answered; what went wrong over there is raised here."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._process.stdin.flush()
        reply = self._read()
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply

    def close(self) -> None:
        """End the process: its input ends, so it does."""
        self._process.communicate()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"worker ended with code {self._process.wait()}")
        reply: dict[str, Any] = json.loads(line)
        return reply


def _command(side: Side, threads: int, *more: str) -> list[str]:
    return [sys.executable, "-m", f"{__package__}.worker", side.module, str(threads), *more]


def _environment(side: Side, threads: int) -> dict[str, str]:
    limits = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return os.environ | dict.fromkeys(limits, str(threads)) | dict(side.environment)


def run(names: Sequence[str], threads: Sequence[int], effort: Effort) -> dict[str, Any]:
    """Measure the rows named (all, if none is) and return what the report is made from.

    Parameters
    ----------
    names : sequence of str
        Names of `workloads.WORKLOADS`.
    threads : sequence of int
        How many threads each side may use, one table half for each; memory is measured at the most.
    effort : Effort
        How long to measure.
    """
    workloads = _chosen(names)
    patience = machine.Patience(effort.idle_limit, effort.patience)
    circumstances = machine.Circumstances(patience)
    peaks, rows = {}, []
    for count in threads:
        patience.wait()
        peaks[str(count)] = machine.peak_gflops(count)
        with _processes(count) as processes:
            for workload in workloads:
                row = _measure(workload, count, processes, effort, patience)
                if effort.memory and count == max(threads):
                    row["memory_bytes"] = _memory(workload, count, list(row["sides"]))
                rows.append(row)
                print(_progress(workload, row), file=sys.stderr, flush=True)
        peaks[str(count)] = max(peaks[str(count)], machine.peak_gflops(count))
    return circumstances.around({"peak_gflops": peaks, "rows": rows})


def _progress(workload: Workload, row: Mapping[str, Any]) -> str:
    ratios = [f"{name} {side['ratio']:.2f}" for name, side in row["sides"].items() if name != OURS]
    refused = [f"{name}: {why}" for name, why in row["refused"].items()]
    return f"{row['threads']} thread(s)  {workload.title}  " + ", ".join(ratios + refused)


def _chosen(names: Sequence[str]) -> list[Workload]:
    known = {workload.name: workload for workload in WORKLOADS}
    for name in names:
        if name not in known:
            raise SystemExit(f"no row is called {name!r}; the rows are: {' '.join(known)}")
    return [known[name] for name in names] or list(WORKLOADS)


@contextmanager
def _processes(threads: int) -> Iterator[dict[str, Process]]:
    """Start every side; one whose library is not installed is left out, and said to be."""
    processes: dict[str, Process] = {}
    try:
        for name, side in SIDES.items():
            try:
                processes[name] = Process(side, threads)
            except RuntimeError as error:
                print(f"without {name}: {error}", file=sys.stderr)
        yield processes
    finally:
        for process in processes.values():
            process.close()


def _measure(
    workload: Workload,
    threads: int,
    processes: Mapping[str, Process],
    effort: Effort,
    patience: machine.Patience,
) -> dict[str, Any]:
    """Build a row on every side that can, compare the answers, then time them in turns."""
    row: dict[str, Any] = {"name": workload.name, "threads": threads, "sides": {}, "refused": {}}
    seconds: dict[str, float] = {}
    answers: dict[str, NDArray[np.float32]] = {}
    for name, process in processes.items():
        try:
            built = process.ask("build", row=workload.name)
            if built["available"]:
                answers[name] = _answer(process)
                seconds[name] = built["seconds"]
        except RuntimeError as problem:
            row["refused"][name] = str(problem)
        if OURS not in seconds:
            return row
    errors = _relative_errors(answers)
    for name, error in errors.items():
        if not error <= workload.tolerance:  # nor is a NaN an answer
            row["refused"][name] = f"wrong answer, relative error {error:.1e}"
            del seconds[name]
    if OURS not in seconds:
        return row
    busy_before = patience.exhausted
    times = _rounds({name: processes[name] for name in seconds}, seconds, effort, patience)
    row["rounds"] = len(times[OURS])
    row["busy_rounds"] = patience.exhausted - busy_before
    for name, mine in times.items():
        ratios = [other / ours for other, ours in zip(mine, times[OURS], strict=True)]
        row["sides"][name] = {
            "seconds": statistics.median(mine),
            "ratio": statistics.median(ratios),
            "relative_error": errors[name],
        }
    return row


def _answer(process: Process) -> NDArray[np.float32]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "answer.npy")
        process.ask("answer", path=str(file))
        answer: NDArray[np.float32] = np.load(file)
        return answer


def _relative_errors(answers: Mapping[str, NDArray[np.float32]]) -> dict[str, float]:
    """Divide the largest difference from the referee's answer by its largest number.

    The referee is PyTorch as written; where that is absent, the last side that gave an answer.
    """
    referee = next((name for name in answers if SIDES[name].library == "torch"), [*answers][-1])
    wanted = answers[referee]
    return {
        name: float(np.abs(got - wanted).max() / np.abs(wanted).max())
        if got.shape == wanted.shape
        else float("inf")
        for name, got in answers.items()
    }


def _rounds(
    processes: Mapping[str, Process],
    seconds: Mapping[str, float],
    effort: Effort,
    patience: machine.Patience,
) -> dict[str, list[float]]:
    """Let every side compute for a moment, again and again; the order turns around each time."""
    calls = {name: min(2000, max(1, round(effort.burst / once))) for name, once in seconds.items()}
    times: dict[str, list[float]] = {name: [] for name in processes}
    started = time.monotonic()
    for number in range(effort.rounds):
        if number >= effort.least_rounds and time.monotonic() - started > effort.row_limit:
            break
        patience.wait()
        for name in list(processes)[:: -1 if number % 2 else 1]:
            times[name].append(processes[name].ask("time", calls=calls[name])["seconds"])
            time.sleep(0.02)  # the threads of some libraries spin for a while after their work
    return times


def _memory(workload: Workload, threads: int, names: Sequence[str]) -> dict[str, int]:
    """Measure the largest size of a fresh process that computes nothing but this row."""
    sizes = {}
    for name in names:
        side = SIDES[name]
        answer = subprocess.run(
            _command(side, threads, "--memory", workload.name),
            cwd=ROOT,
            env=_environment(side, threads),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        sizes[name] = json.loads(answer.stdout)["bytes"]
    return sizes
