"""The machine: what it is, whether it is idle, and how fast it multiplies and adds at best."""

import ctypes
import platform
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import psutil

ROOT = Path(__file__).parents[2]  # of the checkout

_CHAINS = 12  # independent sums: enough to hide the latency of a multiply-add on any core
_STEPS = 1_000_000


def description() -> dict[str, object]:
    """Name processor, cores, memory and system."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        name = next((line.split(":")[1].strip() for line in lines if "model name" in line), name)
    return {
        "processor": name,
        "vector_bits": 32 * _lanes(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def wait_until_idle(limit: float, busy: float = 0.1, window: float = 0.1) -> bool:
    """Sleep until the processors did nearly nothing for a moment; False if that took too long.

    Parameters
    ----------
    limit : float
        Give up after so many seconds.
    busy : float
        Share of all processors' time that still counts as idle.
    window : float
        Length of that moment, in seconds.
    """
    started = time.monotonic()
    while psutil.cpu_percent(window) > 100 * busy:
        if time.monotonic() - started > limit:
            return False
        time.sleep(window)
    return True


class Patience:
    """Waits for an idle machine before every round, but not for ever.

    Parameters
    ----------
    each : float
        Seconds to wait at most before a round.
    altogether : float
        Seconds to wait at most in all; rounds after that start at once.
    """

    def __init__(self, each: float, altogether: float) -> None:
        self._each = each
        self._left = altogether
        self.exhausted = 0  # rounds that had to start on a busy machine

    def wait(self) -> None:
        """Return when the machine is idle, or when the waiting has lasted long enough."""
        started = time.monotonic()
        if not wait_until_idle(min(self._each, max(self._left, 0.0))):
            self.exhausted += 1
        self._left -= time.monotonic() - started


class Circumstances:
    """What belongs beside every figure: machine, releases, date, and how busy it was."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._load_before = _load()

    def around(self, figures: Mapping[str, object]) -> dict[str, Any]:
        """Put the circumstances beside the figures, now that all are taken."""
        return {
            "machine": description(),
            "versions": versions(),
            "date": time.strftime("%Y-%m-%d"),
            "load": {
                "before": self._load_before,
                "after": _load(),
                "rounds_on_a_busy_machine": self._patience.exhausted,
            },
            **figures,
        }


def _load() -> float:
    """Number of processes that wanted a processor in the last minute."""
    return round(psutil.getloadavg()[0], 2)


def versions() -> dict[str, str]:
    """Name the releases that are compared, where they are installed."""
    found = {}
    for package in ("numpy", "numba", "torch", "opencv-python-headless", "scipy", "scikit-image"):
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def peak_gflops(threads: int) -> float:
    """Measure how many float32 operations the processor can do, in 10**9 a second.

    Each thread runs a loop of independent vector multiply-adds that touches no memory: nothing that
    multiplies and adds can be faster. A multiply-add counts as two operations.
    """
    engine = _compiled()
    loop = ctypes.CFUNCTYPE(ctypes.c_float, ctypes.c_int64)(engine.get_function_address("loop"))
    with ThreadPoolExecutor(threads) as pool:  # ctypes lets go of the interpreter's lock
        fastest = float("inf")
        for _ in range(50):
            started = time.perf_counter()
            list(pool.map(loop, [_STEPS] * threads))
            fastest = min(fastest, time.perf_counter() - started)
    return 2e-9 * _CHAINS * _lanes() * _STEPS * threads / fastest


def _lanes() -> int:
    features = llvm.get_host_cpu_features()
    return 16 if features.get("avx512f") else 8 if features.get("avx2") else 4


def _compiled() -> llvm.ExecutionEngine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
    )
    return llvm.create_mcjit_compiler(llvm.parse_assembly(_assembly()), machine)


def _assembly() -> str:
    """Write the loop in LLVM's language: `_CHAINS` vectors, each halved and increased by one."""
    vector = f"<{_lanes()} x float>"
    half, one = (
        f"{vector} <{', '.join([f'float {number}'] * _lanes())}>" for number in ("0.5", "1.0")
    )
    chains = range(_CHAINS)
    phis = "\n".join(
        f"%a{i} = phi {vector} [zeroinitializer, %entry], [%b{i}, %loop]" for i in chains
    )
    steps = "\n".join(
        f"%b{i} = call {vector} @multiply_add({vector} %a{i}, {half}, {one})" for i in chains
    )
    sums = "\n".join(
        f"%s{i} = fadd {vector} {f'%s{i - 1}' if i else 'zeroinitializer'}, %b{i}" for i in chains
    )
    text = f"""
        declare {vector} @multiply_add({vector}, {vector}, {vector})
        define float @loop(i64 %steps) {{
        entry:
          br label %loop
        loop:
          %step = phi i64 [0, %entry], [%next, %loop]
          {phis}
          {steps}
          %next = add i64 %step, 1
          %more = icmp slt i64 %next, %steps
          br i1 %more, label %loop, label %done
        done:
          {sums}
          %result = extractelement {vector} %s{_CHAINS - 1}, i32 0
          ret float %result
        }}"""
    return text.replace("@multiply_add", f"@llvm.fmuladd.v{_lanes()}f32")
