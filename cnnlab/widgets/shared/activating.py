"""An activation function with its settings, on numbers of any shape: values and slopes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlab import functional
from cnnlab.errors import DataError
from cnnlab.naive import activation as naive
from cnnlab.widgets.shared import code

__all__ = ["SIX", "Activated", "Shares", "code_of", "preview", "ranges"]

Map = NDArray[np.float32]

SIX = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "maxout")
_PARAMETERS = {"leaky_relu": "slope", "elu": "alpha"}


class Activated(NamedTuple):
    """One of the functions and what it is made of.

    Attributes
    ----------
    name : str
        One of `SIX`.
    slope, alpha : float
        Of leaky ReLU, of ELU.
    lines : ndarray of shape (pieces, 2), float32
        Slope and height at zero of each line of maxout.
    """

    name: str
    slope: float
    alpha: float
    lines: Map

    @property
    def _parameters(self) -> tuple[float, ...]:
        name = _PARAMETERS.get(self.name)
        return (getattr(self, name),) if name else ()

    def __call__(self, x: Map) -> tuple[Map, Map]:
        """Apply the function; returns values and slopes of the shape of `x`.

        Raises
        ------
        DataError
            For softmax.
        """
        if self.name not in SIX:
            raise DataError(
                f"{self.name} takes a few scores together, not the pixels of a map one by one; "
                f"set function to one of {', '.join(SIX)} for that"
            )
        if self.name == "maxout":
            weights, pieces = self.lines[:, 0], len(self.lines)
            competing = functional.dense(x.reshape(-1, 1), weights[None], self.lines[:, 1])
            values = functional.maxout(competing, pieces)
            winners = functional.maxout_backward(np.ones_like(values), competing, pieces)
            return values.reshape(x.shape), (winners @ weights).reshape(x.shape)
        forward = getattr(functional, self.name)
        backward = getattr(functional, f"{self.name}_backward")
        values = forward(x, *self._parameters)
        return values, backward(np.ones_like(x), values, *self._parameters)


def ranges(
    functions: Sequence[Activated], sweeps: Sequence[float]
) -> dict[str, tuple[tuple[float, float], ...]]:
    """Measure the least and the largest output of functions on ever wider sweeps.

    Parameters
    ----------
    functions : sequence of Activated
    sweeps : sequence of float
        How far from zero the inputs go. A wider sweep has the narrower ones in it; the first is
        only there to be in the others.

    Returns
    -------
    dict
        For every name, a pair for each sweep but the first.
    """
    found = {}
    for function in functions:
        inputs = (np.linspace(-far, far, 2001, dtype=np.float32) for far in sweeps)
        values = [function(one)[0] for one in inputs]
        lows = np.minimum.accumulate([one.min() for one in values])
        highs = np.maximum.accumulate([one.max() for one in values])
        pairs = zip(lows[1:].tolist(), highs[1:].tolist(), strict=True)
        found[function.name] = tuple(pairs)
    return found


def preview(function: Activated, before: Map) -> Map:
    """Compute the values by NumPy alone: a still picture does not wait for Numba."""
    if function.name == "maxout":
        weights, heights = function.lines.T
        return np.asarray((before[..., None] * weights + heights).max(axis=-1))
    values: Map = getattr(naive, function.name)(before, *function._parameters)
    return values


def code_of(function: Activated) -> list[str]:
    """Write the lines that make ``output`` and ``slopes`` of ``before``."""
    name, parameter = function.name, _PARAMETERS.get(function.name)
    if name != "maxout":
        how = f", {parameter}={getattr(function, parameter)!r}" if parameter else ""
        return [
            f"output = F.{name}(before{how})",
            f"slopes = F.{name}_backward(np.ones_like(output), output{how})",
        ]
    pieces = len(function.lines)
    return [
        *code.array("lines", function.lines),
        "weights, heights = lines.T.copy()  # of each line",
        "competing = F.dense(before.reshape(-1, 1), weights[None], heights)",
        f"output = F.maxout(competing, pieces={pieces})",
        f"slopes = F.maxout_backward(np.ones_like(output), competing, pieces={pieces})",
        "slopes = (slopes @ weights).reshape(before.shape)",
        "output = output.reshape(before.shape)",
    ]


class Shares(NamedTuple):
    """Scores and what softmax does with them.

    Attributes
    ----------
    logits : ndarray of shape (examples, classes), float32
    axis : "classes" or "batch"
        Over what the shares add up to 1.
    twice : bool
        Whether a second softmax follows.
    """

    logits: Map
    axis: str
    twice: bool

    def __call__(self, softmax: Callable[[Map], Map]) -> Map:
        """Turn the scores into shares, of the shape of the logits."""
        found = softmax(self.logits if self.axis == "classes" else self.logits.T.copy())
        if self.twice:
            found = softmax(found)
        return found if self.axis == "classes" else found.T.copy()

    def code(self) -> list[str]:
        """Write the lines that make ``probabilities``."""
        over = "" if self.axis == "classes" else ".T"
        return [
            "import numpy as np", "", "from cnnlab import functional as F", "",
            *code.array("logits", self.logits),
            f"probabilities = F.softmax(logits{over})",
            *(["probabilities = F.softmax(probabilities)  # a mistake"] if self.twice else []),
            *(["probabilities = probabilities.T  # over the batch: a mistake"] if over else []),
        ]  # fmt: skip
