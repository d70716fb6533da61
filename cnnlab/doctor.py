"""Checks of the machine that a course needs, each with what to do where it fails."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from time import perf_counter

__all__ = ["Check", "examine", "report"]

_FAST_LANES = 16  # what AVX2 and NEON give
_LEAST_MEMORY = 1.0  # GB free: the notebooks stay below it, VGG-16 in chapter 6 does not


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Attributes
    ----------
    name : str
        What was looked at.
    passed : bool
    found : str
        What is there.
    remedy : str
        What to do; empty where the check passed.
    """

    name: str
    passed: bool
    found: str
    remedy: str = ""


def examine() -> list[Check]:
    """Look at everything the course needs.

    Returns
    -------
    list of Check
        In the order in which to fix things. Nothing is changed, nothing is raised: a check
        that cannot be made has failed.
    """
    checks: list[tuple[str, Callable[[], Check]]] = [
        ("Python", _python),
        ("packages", _packages),
        ("widget front end", _front_end),
        ("server extension", _server_extension),
        ("CPU vectors", _vectors),
        ("threads", _threads),
        ("compile cache", _cache),
        ("first feature map", _first_feature_map),
        ("memory", _memory),
        ("notebooks", _notebooks),
    ]
    return [_guarded(name, check) for name, check in checks]


def report(checks: list[Check]) -> str:
    """Set the checks out as text, a line each, with what to do below each failure.

    Parameters
    ----------
    checks : list of Check

    Returns
    -------
    str

    Examples
    --------
    >>> print(report([Check("memory", False, "0.2 GB free", "close other programs")]))
    problem  memory             0.2 GB free
             to do: close other programs
    1 of 1 checks needs attention.
    """
    lines = []
    for check in checks:
        lines.append(f"{'ok' if check.passed else 'problem':8} {check.name:18} {check.found}")
        if not check.passed:
            lines.append(f"{'':8} to do: {check.remedy}")
    failures = sum(not check.passed for check in checks)
    lines.append(
        f"{failures} of {len(checks)} checks need{'s' if failures == 1 else ''} attention."
        if failures
        else f"All {len(checks)} checks passed."
    )
    return "\n".join(lines)


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as error:  # whatever is broken, the other checks go on
        return Check(
            name,
            False,
            f"{type(error).__name__}: {error}",
            "install cnnlab again, as its README says",
        )


def _python() -> Check:
    found = f"{platform.python_version()} in {sys.prefix}"
    return Check(
        "Python", sys.version_info >= (3, 11), found,
        "install Python 3.11 or newer, then make a new virtual environment",
    )  # fmt: skip


def _packages() -> Check:
    from packaging.requirements import Requirement

    wrong = []
    needed = [Requirement(line) for line in metadata.requires("cnnlab") or []]
    needed = [one for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    for one in needed:
        try:
            version = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{one.name} is missing")
            continue
        if not one.specifier.contains(version, prereleases=True):
            wrong.append(f"{one.name} {version} is not {one.specifier}")
    found = "; ".join(wrong) or f"{len(needed)} found, versions fit"
    return Check(
        "packages",
        not wrong,
        found,
        "install cnnlab again, as its README says: that brings the right versions",
    )


def _front_end() -> Check:
    from jupyter_core.paths import jupyter_path

    missing = [
        name
        for name in ("anywidget", "@jupyter-widgets/jupyterlab-manager")
        if not any(
            Path(path, name, "package.json").is_file() for path in jupyter_path("labextensions")
        )
    ]
    found = f"{' and '.join(missing)} missing" if missing else "anywidget and ipywidgets are there"
    return Check(
        "widget front end", not missing, found,
        "pip install --force-reinstall anywidget jupyterlab_widgets, then reload the page",
    )  # fmt: skip


def _server_extension() -> Check:
    from jupyter_core.paths import jupyter_config_path

    enabled = False
    for folder in jupyter_config_path():
        file = Path(folder, "jupyter_server_config.d", "cnnlab.json")
        if file.is_file():
            extensions = json.loads(file.read_text())["ServerApp"]["jpserver_extensions"]
            enabled = bool(extensions.get("cnnlab.server"))
            break
    return Check(
        "server extension", enabled,
        "quick replies are on; jupyter server extension disable cnnlab.server switches them off"
        if enabled else "not enabled",
        "jupyter server extension enable cnnlab.server (widgets work without it, a little later)",
    )  # fmt: skip


def _vectors() -> Check:
    from llvmlite import binding

    from cnnlab.kernels import vector

    lanes = vector.WIDE.lanes
    return Check(
        "CPU vectors", lanes >= _FAST_LANES, f"{binding.get_host_cpu_name()}, {lanes} lanes wide",
        "nothing is wrong: kernels run, but slowly, on a processor without AVX2 or NEON; "
        "unset NUMBA_CPU_NAME if you set it",
    )  # fmt: skip


def _threads() -> Check:
    import numpy as np

    from cnnlab import functional

    picture = np.arange(256.0 * 256).reshape(1, 256, 256, 1) / 256**2
    filters = np.ones((3, 3, 1, 16))
    together = functional.conv2d(picture, filters)
    with functional.threads(1):
        alone = functional.conv2d(picture, filters)
    count = functional.get_num_threads()
    return Check(
        "threads", np.allclose(together, alone, rtol=1e-5),
        f"{count} at work" + (", same result as one" if count > 1 else ""),
        "set NUMBA_NUM_THREADS=1 and report this: several threads computed something else",
    )  # fmt: skip


def _cache() -> Check:
    from cnnlab.kernels._jit import cache_folder

    folder = cache_folder()
    return Check(
        "compile cache", os.access(folder, os.W_OK), str(folder),
        "set NUMBA_CACHE_DIR to a folder you can write, or every start compiles again",
    )  # fmt: skip


def _first_feature_map() -> Check:
    from cnnlab import functional

    image = [[3, 5, 2, 8, 1], [9, 7, 5, 4, 3], [2, 0, 6, 1, 6], [6, 3, 7, 9, 2], [1, 4, 9, 5, 1]]
    weights = [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    start = perf_counter()
    feature_map = functional.conv2d(
        [[[[value] for value in row] for row in image]],
        [[[[weight]] for weight in row] for row in weights],
    )[0, :, :, 0].tolist()
    milliseconds = 1000 * (perf_counter() - start)
    return Check(
        "first feature map", feature_map == [[25, 18, 17], [18, 22, 14], [20, 15, 23]],
        f"{feature_map[0]} ... in {milliseconds:.1f} ms",
        "remove the folder named under compile cache, then run cnnlab warm",
    )  # fmt: skip


def _memory() -> Check:
    import psutil

    free = psutil.virtual_memory().available / 1e9
    return Check(
        "memory", free >= _LEAST_MEMORY, f"{free:.1f} GB free",
        f"close other programs until {_LEAST_MEMORY:.0f} GB is free",
    )  # fmt: skip


def _notebooks() -> Check:
    from cnnlab import workspace

    folder = workspace.shipped_notebooks()
    return Check("notebooks", True, f"{len(list(folder.glob('*.ipynb')))} in {folder}")
