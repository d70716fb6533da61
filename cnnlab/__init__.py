"""cnnlab: convolutional neural networks, from one filter to a trained network.

Importing the package costs nothing: every module below is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_MODULES = frozenset(
    {
        "augmentation",
        "banks",
        "callbacks",
        "checkpoints",
        "datasets",
        "display",
        "errors",
        "exercises",
        "features",
        "filters",
        "functional",
        "gradients",
        "images",
        "initializers",
        "interop",
        "layers",
        "losses",
        "metrics",
        "naive",
        "optimizers",
        "plots",
        "recipes",
        "rungs",
        "shapes",
        "timing",
        "training",
        "widgets",
        "zoo",
    }
)
_NAMES = {"Network": "network", "Sequential": "sequential"}

__all__ = ["Network", "Sequential", "__version__", *sorted(_MODULES)]  # noqa: PLE0604 - lazy


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(f"cnnlab.{_NAMES[name]}"), name)
    if name in _MODULES:
        return import_module(f"cnnlab.{name}")
    raise AttributeError(f"module 'cnnlab' has no attribute {name!r}; try one of {__all__}")


def __dir__() -> list[str]:
    return __all__
