"""The same network in PyTorch.

Axes there: image, channel, row, column; filters are (filter, channel, row, column), dense weights
(unit, input). So filters and weights are transposed, and the inputs of a dense layer behind a
flatten are put in another order: PyTorch lines up channel by channel, this package pixel by pixel.
Only `torch.nn.Sequential` with the layers of the course; no groups, no ceil mode. What only acts in
training, such as the dropping of whole maps, is left out. A module that is used twice comes twice,
each time with a copy of its weights.
"""

from __future__ import annotations

from cnnlab.interop.pytorch.reading import from_torch
from cnnlab.interop.pytorch.writing import to_torch

__all__ = ["from_torch", "to_torch"]
