"""How long a convolution takes, and what the machine could do at most.

A function is called until patience is over, and its fastest call counts: whatever else the machine
does can only add to it. The roof of a machine (multiply-adds a second, bytes a second) is measured
once and remembered. What may come to harm runs in a Python of its own.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import functional as F
from cnnlab.checks import flag, kind_of, real, text, whole
from cnnlab.errors import DataError
from cnnlab.rungs import Maps, fitting

__all__ = ["Roof", "Timing", "calls", "in_a_child", "measure", "roof"]

_LONGEST_CHILD = 60.0  # seconds
_MOST_CALLS = 200


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a convolution took.

    Attributes
    ----------
    name : str
    seconds : float
        The fastest of several calls: whatever else the machine does can only add to it.
    multiply_adds : int
        Products, each added to a sum.
    moved : int
        Bytes that have to be moved at least: image, filters and maps, each once.
    """

    name: str
    seconds: float
    multiply_adds: int
    moved: int

    @property
    def rate(self) -> float:
        """Multiply-adds a second."""
        return self.multiply_adds / self.seconds

    @property
    def intensity(self) -> float:
        """Multiply-adds for each byte moved."""
        return self.multiply_adds / self.moved


def measure(
    functions: Mapping[str, Callable[[Maps, Maps], Any]],
    image: ArrayLike,
    filters: ArrayLike,
    *,
    patience: float = 0.2,
) -> list[Timing]:
    """Time functions at the same work.

    Each is called once on a corner of the image, so that what is to be compiled or imported is not
    counted; then again and again, at most 200 times, until `patience` is over.

    Parameters
    ----------
    functions : dict of callable
        By name; each takes an image and filters.
    image : array_like of shape (height, width, channels)
    filters : array_like of shape (filter_height, filter_width, channels, count)
    patience : float
        Seconds for each, at least one call.

    Returns
    -------
    list of Timing

    Raises
    ------
    DataError, ShapeError
        If there is nothing to call, or filters do not fit the image.
    """
    named = dict(kind_of(functions, dict, "functions", "rungs.RUNGS"))
    if not named or not all(isinstance(name, str) for name in named):
        raise DataError('functions must have names and be at least one; try {"tile": rungs.tile}')
    for name, function in named.items():
        if not callable(function):
            raise DataError(f"{name} cannot be called; try rungs.tile")
    patience = real(patience, "patience", 0.2, above=0.0, most=60.0)
    pixels, weights = (np.array(one) for one in fitting(image, filters))  # may be written to
    height, width, _, count = weights.shape
    corner = np.ascontiguousarray(pixels[: height + 1, : width + 1])
    places = (pixels.shape[0] - height + 1) * (pixels.shape[1] - width + 1)
    products, moved = places * weights.size, 4 * (pixels.size + weights.size + places * count)
    found = []
    for name, function in named.items():
        function(corner, weights)
        seconds = _fastest(partial(function, pixels, weights), patience)
        found.append(Timing(name, seconds, products, moved))
    return found


def _fastest(work: Callable[[], object], patience: float) -> float:
    end, fastest = perf_counter() + patience, float("inf")
    for _ in range(_MOST_CALLS):
        started = perf_counter()
        work()
        now = perf_counter()
        fastest = min(fastest, now - started)
        if now > end:
            break
    return max(fastest, 1e-9)  # clocks of some systems stand still that long


def calls(function: Callable[..., Any], *arguments: Any, count: int = 2) -> list[float]:
    """Time calls one after another, the very first among them.

    Parameters
    ----------
    function : callable
    *arguments
        What it is called with.
    count : int

    Returns
    -------
    list of float
        Seconds of each call.

    Raises
    ------
    DataError
        If it cannot be called.
    """
    if not callable(function):
        raise DataError(
            "function must be one that can be called; try calls(fast_map, image, weights)"
        )
    seconds = []
    for _ in range(whole(count, "count", most=1000)):
        started = perf_counter()
        function(*arguments)
        seconds.append(max(perf_counter() - started, 1e-9))
    return seconds


def in_a_child(code: str) -> str:
    """Run a few lines in a Python of their own, which may come to harm.

    Parameters
    ----------
    code : str

    Returns
    -------
    str
        What they printed, and the last line of an error if there was one.

    Raises
    ------
    DataError
        If they come to no end within a minute.
    """
    arguments = [sys.executable, "-c", text(code, "code")]
    try:
        ended = subprocess.run(  # noqa: S603 - the reader's own lines, run as a cell would run them
            arguments, capture_output=True, text=True, timeout=_LONGEST_CHILD, check=False
        )
    except subprocess.TimeoutExpired:
        raise DataError(
            f"the code did not end within {_LONGEST_CHILD:g} seconds; try fewer rounds"
        ) from None
    except ValueError as error:  # a NUL character
        raise DataError(f"code is no Python ({error}); try in_a_child('print(1)')") from None
    words = ended.stdout.strip()
    if ended.returncode:
        last = ended.stderr.strip().splitlines()[-1:] or [f"it crashed ({ended.returncode})"]
        words = "\n".join(filter(None, [words, *last]))
    return words


# -- the roof -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Roof:
    """What a machine can do at most; nothing that is measured on it should lie far above.

    Attributes
    ----------
    multiply_adds : float
        A second, all cores together, float32.
    moved : float
        Bytes a second between memory and processor.
    cached : float
        Bytes a second where all lies in the caches.
    threads : int
    """

    multiply_adds: float
    moved: float
    cached: float
    threads: int

    @property
    def ridge(self) -> float:
        """Multiply-adds for each byte from which on memory no longer holds the processor up."""
        return self.multiply_adds / self.moved

    def over(self, intensity: float) -> float:
        """Say how many multiply-adds a second are possible at an intensity.

        Parameters
        ----------
        intensity : float
            Multiply-adds for each byte moved.

        Returns
        -------
        float
        """
        intensity = real(intensity, "intensity", 1.0, above=0.0)
        return min(self.multiply_adds, intensity * self.moved)


def roof(*, fresh: bool = False) -> Roof:
    """Measure what this machine can do, in a second; once, and then it is remembered.

    The flat part: every thread multiplies and adds on vectors that never leave its registers. The
    slopes: every thread copies its part of 64 megabytes, more than most caches hold, and then 128
    kilobytes of its own again and again; what is read counts as well as what is written. All are
    the best of many rounds. The figures are kept in the
    folder of the compiled kernels, for this machine, its processor and this number of threads.

    Parameters
    ----------
    fresh : bool
        Whether to measure again; as when the machine was busy the first time.

    Returns
    -------
    Roof

    Notes
    -----
    Williams, Waterman and Patterson 2009, *Roofline: an insightful visual performance model*.
    """
    from cnnlab.kernels._jit import cache_folder

    threads = F.get_num_threads()
    file = cache_folder() / "roof.json"
    key = f"{platform.node()}, {_processor()}, {threads} threads"
    known = _remembered(file)
    if not flag(fresh, "fresh"):
        try:
            return Roof(**known[key])
        except (KeyError, TypeError):
            pass  # of another machine, or of no machine at all
    with ThreadPoolExecutor(threads) as pool:
        found = Roof(
            _peak(pool, threads),
            _bandwidth(pool, threads, 1 << 24, 1),
            _bandwidth(pool, threads, threads << 15, 500),
            threads,
        )
    _remember(file, {**known, key: asdict(found)})
    return found


def _processor() -> str:
    from llvmlite import binding

    return str(binding.get_host_cpu_name())


def _remembered(file: Path) -> dict[str, Any]:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(file: Path, known: dict[str, Any]) -> None:
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as written:
            json.dump(known, written)
        Path(name).replace(file)
    except OSError:
        pass  # a folder that cannot be written: measured again next time


_STEPS, _ROUNDS = 400_000, 40


def _peak(pool: ThreadPoolExecutor, threads: int) -> float:
    from cnnlab.kernels.peak import LANES, spin

    spin(1, np.float32(0.5))  # compiles
    work = [_STEPS] * threads, [np.float32(0.5)] * threads
    seconds = min(calls(lambda: list(pool.map(spin, *work)), count=_ROUNDS))
    return 6 * LANES * _STEPS * threads / seconds


def _bandwidth(pool: ThreadPoolExecutor, threads: int, size: int, times: int) -> float:
    source = np.ones(size, np.float32)
    target = np.zeros_like(source)
    work = np.array_split(target, threads), np.array_split(source, threads)

    def copy(there: Maps, here: Maps) -> None:
        for _ in range(times):
            np.copyto(there, here)

    seconds = min(calls(lambda: list(pool.map(copy, *work)), count=10))
    return 2 * source.nbytes * times / seconds
