"""To and from other worlds: the same network in PyTorch, and out of a file that Keras wrote.

What comes back is a `Sequential` and its parameters by name; `Network` puts the two together.
"""

from __future__ import annotations

from cnnlab.interop.keras_files import from_keras
from cnnlab.interop.pytorch import from_torch, to_torch

__all__ = ["from_keras", "from_torch", "to_torch"]
