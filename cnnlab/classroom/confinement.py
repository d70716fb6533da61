"""A kernel for other people's code: it sees no network, no file of ours, and meets limits.

The engine is bubblewrap, with util-linux's prlimit inside it. Both are small, in every Linux
distribution, need no root and no service, and end with the grader. A container engine would need a
daemon and an image; systemd-run has the better memory limit, of a whole group of processes, and
needs systemd, which a container or a login without a session has not. The kernel speaks over
sockets in a folder: it has no network card, not even for itself.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from traitlets import Int

import cnnlab
from cnnlab.errors import DataError

__all__ = ["ConfinedKernelManager", "confined"]

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/fonts",
           "/etc/ld.so.cache", "/etc/localtime")  # fmt: skip
_PACKAGE = Path(cnnlab.__file__).parent
_SCRATCH = 256_000_000  # bytes for files that are gone afterwards
_HOME = "/tmp/home"  # noqa: S108 - inside, where nobody else is


def confined(
    command: list[str], *, shared: Path, work: Path, memory: int, seconds: int
) -> list[str]:
    """Write the command that runs a command in a sandbox.

    A limit that holds for us already, as on a hub, is never raised.

    Parameters
    ----------
    command : list of str
    shared : Path
        A folder that both sides write.
    work : Path
        Where it runs; it can be read only, by way of a link it could have us write elsewhere.
    memory : int
        Bytes for a process.
    seconds : int
        Of a processor, for a process.

    Returns
    -------
    list of str

    Raises
    ------
    DataError
        If bubblewrap or prlimit are not there.
    """
    tools = {name: shutil.which(name) for name in ("bwrap", "prlimit")}
    missing = [name for name, path in tools.items() if not path]
    if missing:
        raise DataError(
            f"submissions run in a sandbox, and {' and '.join(missing)} cannot be found; "
            "try: apt install bubblewrap util-linux"
        )
    python = dict.fromkeys((sys.prefix, sys.base_prefix, str(_PACKAGE)))
    given = {**_settings(), "HOME": _HOME, "CNNLAB_HOME": f"{_HOME}/cnnlab", "LANG": "C.UTF-8"}
    given["PYTHONPATH"] = str(_PACKAGE.parent)  # where a checkout is used, nothing is installed
    given["PATH"] = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    return [
        str(tools["bwrap"]), "--unshare-all", "--die-with-parent", "--new-session", "--clearenv",
        *(word for name, value in given.items() for word in ("--setenv", name, value)),
        "--size", str(_SCRATCH), "--tmpfs", "/tmp", "--dir", _HOME,  # noqa: S108 - a new one, inside
        *(word for path in _SYSTEM for word in ("--ro-bind-try", path, path)),
        "--proc", "/proc", "--dev", "/dev", "--size", str(_SCRATCH), "--tmpfs", "/dev/shm",  # noqa: S108 - inside
        "--remount-ro", "/dev",
        *(word for path in python for word in ("--ro-bind", path, path)), *_compiled(),
        "--ro-bind", str(work), str(work), "--bind", str(shared), str(shared),
        "--chdir", str(work),
        str(tools["prlimit"]), *_limits(memory, seconds), *command,
    ]  # fmt: skip


def _limits(memory: int, seconds: int) -> Iterator[str]:
    """Write the limits of a process; nobody but root may raise one that holds already."""
    import resource

    limits = {"data": memory, "cpu": seconds, "nproc": 512, "core": 0, "fsize": _SCRATCH}
    for name, most in limits.items():
        _, ours = resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}"))
        yield f"--{name}={most if ours == resource.RLIM_INFINITY else min(most, ours)}"


def _settings() -> dict[str, str]:
    """Pass on how kernels are compiled; one thread each, as many are graded on one machine."""
    compiled = {name: value for name, value in os.environ.items() if name.startswith("NUMBA_C")}
    single = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return {**compiled, **dict.fromkeys(single, "1")}


def _compiled() -> list[str]:
    """Lend the kernels that are compiled, where they are looked for inside."""
    from cnnlab.kernels._jit import cache_folder

    folder = cache_folder()
    chosen = "NUMBA_CACHE_DIR" in os.environ or folder.is_relative_to(_PACKAGE)
    return ["--ro-bind", str(folder), str(folder) if chosen else f"{_HOME}/.cache/cnnlab/kernels"]


class ConfinedKernelManager(AsyncKernelManager):
    """Starts kernels in a sandbox; otherwise as Jupyter does."""

    memory = Int(2_000_000_000, help="bytes for a process").tag(config=True)
    seconds = Int(900, help="of a processor, for a process").tag(config=True)

    def __init__(self, **options: Any) -> None:
        self._shared = Path(tempfile.mkdtemp(prefix="cnnlab-kernel-"))
        weakref.finalize(self, shutil.rmtree, self._shared, ignore_errors=True)
        file = str(self._shared / "kernel.json")
        super().__init__(**{**options, "transport": "ipc", "connection_file": file})

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """Write the kernel's command, as the manager asks for it before each start."""
        command = super().format_kernel_cmd(extra_arguments)
        launched: Any = self._launch_args or {}
        work = Path(launched.get("cwd") or Path.cwd())
        return confined(
            command, shared=self._shared, work=work.absolute(), memory=self.memory,
            seconds=self.seconds,
        )  # fmt: skip
