"""The compiled kernels, from where the rim takes them: imported when first needed, not before."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType

__all__ = ["loaded"]


@cache
def loaded(name: str) -> ModuleType:
    """Import a module of `cnnlab.kernels`: Numba takes a moment, and `import cnnlab` must not.

    Parameters
    ----------
    name : str
        As ``"convolution"``.
    """
    return import_module(f"cnnlab.kernels.{name}")
