"""The one place that decides how kernels compile, and where the result is kept.

`kernel` marks what Python calls; `inlined` marks what only kernels call. Both compile with the
same rules: no Python objects, division as in NumPy, and of the fast-math freedoms only *contract*
(a multiplication and an addition may round once instead of twice), so that NaN and infinity behave
as in NumPy.

What was compiled is kept on disk. Numba would notice a change in a kernel's own file but not in
the files it imports; here the key is a fingerprint of the file and of every file of this package
it leans on, so that a changed vector layer recompiles whatever was made from it. Contents count,
not dates: a checkout, a wheel and a container image share a warm cache. A folder that cannot be
written is read, and otherwise left alone.
"""

import hashlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import platformdirs
from numba import config, njit
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.np import linalg

__all__ = ["cache_folder", "compilations", "inlined", "kernel", "kernels"]


def _start_numba_without_scipy() -> None:
    """Save a learner a quarter of the wait for the first picture.

    When Numba first compiles or loads anything it imports SciPy's linear algebra, to note whether
    it could be imported. That it is installed is as good: Numba looks again where it uses it.
    """

    def installed() -> None:
        if find_spec("scipy") is None:
            raise ImportError

    ensure, linalg.ensure_blas = linalg.ensure_blas, installed
    try:
        import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = ensure


if config.DISABLE_JIT:  # vectors and atomic counters are there only when compiled
    raise RuntimeError(
        "NUMBA_DISABLE_JIT tells Numba not to compile, and the kernels of cnnlab exist only "
        "compiled; try numba.config.DISABLE_JIT = False, or take it out of the environment and "
        "start again. To step through the arithmetic line by line, call cnnlab.naive instead"
    )

_start_numba_without_scipy()

_PACKAGE = __name__.rpartition(".")[0]
_OPTIONS = {"error_model": "numpy", "fastmath": {"contract"}, "nogil": True}
_kernels: list[Any] = []


@cache
def fingerprint(module: str) -> str:
    """Hash the source of a kernel module and of every kernel module it leans on."""
    found, waiting = set(), {module, __name__}
    while waiting:
        name = waiting.pop()
        found.add(name)
        for value in vars(sys.modules[name]).values():
            owner = value.__name__ if isinstance(value, ModuleType) else value_module(value)
            if owner.startswith(_PACKAGE + ".") and owner not in found:
                waiting.add(owner)
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(name.encode() + Path(sys.modules[name].__file__).read_bytes())
    return digest.hexdigest()


def value_module(value: object) -> str:
    """Name the module a function or object comes from, or nothing."""
    return getattr(value, "__module__", None) or ""


@cache
def cache_folder() -> Path:
    """Find the folder that keeps compiled kernels.

    ``NUMBA_CACHE_DIR`` if set, else beside the source, else the user's own cache folder: the first
    that can be written, or that holds kernels already.
    """
    here = Path(__file__).parent
    choices = [here / "__pycache__", Path(platformdirs.user_cache_dir("cnnlab")) / "kernels"]
    if config.CACHE_DIR:
        choices = [Path(config.CACHE_DIR) / "cnnlab"]
    for folder in choices:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK) or next(folder.glob("*.nbi"), None):
            return folder
    return choices[-1]


class _Locator(_CacheLocator):
    """Tell Numba where a kernel is kept and what it was made from."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._py_file = function.__code__.co_filename  # Numba names it in warnings

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> "_Locator":  # noqa: ARG003 - Numba's signature
        return cls(py_func)

    def get_cache_path(self) -> str:
        return str(cache_folder())

    def get_source_stamp(self) -> str:
        return fingerprint(self._function.__module__)

    def get_disambiguator(self) -> str:
        return "cnnlab"  # a kernel's module and name are already unique


class _KernelCacheImpl(CompileResultCacheImpl):
    _locator_classes = [_Locator]  # noqa: RUF012 - Numba's own way of saying it


class _KernelCache(FunctionCache):
    _impl_class = _KernelCacheImpl

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # a file cut short or of another kind, a folder that is none: start anew
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):  # a read-only folder or a full disk: compiled again next time
            super().save_overload(sig, data)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls: it runs without Python's lock, and is kept on disk."""
    compiled = njit(**_OPTIONS)(function)
    compiled._cache = _KernelCache(function)
    _kernels.append(compiled)
    return compiled


def inlined(function: Callable[..., Any]) -> Any:
    """Compile a function that only kernels call: it becomes a part of each."""
    return njit(**_OPTIONS, forceinline=True)(function)


def kernels() -> tuple[Any, ...]:
    """List every kernel of the modules imported so far."""
    return tuple(_kernels)


def compilations() -> int:
    """Count how often this process had to compile, because the cache on disk had no answer."""
    return sum(sum(compiled.stats.cache_misses.values()) for compiled in _kernels)
