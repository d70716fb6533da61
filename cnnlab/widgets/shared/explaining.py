"""Why a network answers as it does: maps of importance, computed a slice of time at a time.

Axes of a map: row, column of the image as the network takes it. All numbers are those of
`features`: what is added is that they are kept while other questions are asked, and that a long
one may be left and taken up again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnnlab import features
from cnnlab.layers import Conv2D
from cnnlab.network import Network

__all__ = ["MAPS", "Asked", "Explaining"]

Float32 = NDArray[np.float32]

MAPS = ("saliency", "occlusion", "grad_cam")
"""What a class is explained by, in the order in which the maps are computed and shown."""

_MOST_WORK = 20_000_000_000_000  # multiply-adds of an occlusion map: ten minutes
_PLACES = 4096  # of the cover: from so many on the steps from one to the next get longer
_KEPT = 256  # maps


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the network.

    Attributes
    ----------
    target : int
        The class.
    of : "score" or "probability"
    size : int
        Rows and columns of what covers the image.
    fill : float, tuple of float, or None
        Its brightness; None is the mean of the image.
    signed : bool
        Whether Grad-CAM is left as it is before its ReLU.
    shuffled : int
        How many layers, from the top, have had their weights shuffled.
    seed : int
        Decides the order of what is shuffled.
    """

    target: int
    of: Literal["score", "probability"] = "score"
    size: int = 4
    fill: float | tuple[float, ...] | None = 0.0
    signed: bool = False
    shuffled: int = 0
    seed: int = 0


class Explaining:
    """The maps of one image and one network, trained and shuffled, as far as they are asked for.

    Parameters
    ----------
    net : Network
        It stays as it is: what is shuffled is a copy.
    image : ndarray of shape `net.sequential.input_shape`, float32
    """

    def __init__(self, net: Network, image: Float32) -> None:
        # A copy that shares its arrays: they are replaced, never written to, as it is trained on.
        self.net = Network.from_parameters(net.sequential, net.parameters, copy=False)
        self.image = image
        self._maps: dict[Hashable, Float32] = {}
        self._shuffled: dict[tuple[int, int], Network] = {}
        self._sweep: tuple[Hashable, features.OcclusionSweep] | None = None
        self._asked: Asked | None = None
        convolves = any(isinstance(row.layer, Conv2D) for row in net.sequential.rows)
        self.names = MAPS if convolves else MAPS[:2]
        """Which maps there are: without a convolution there is nothing for Grad-CAM to weigh."""

    def covered(self, at: tuple[int, int], asked: Asked) -> Float32:
        """Give the image with the cover on it, its upper left corner at a row and a column."""
        image, (row, column) = self.image.copy(), at
        tone = self.image.mean(axis=(0, 1)) if asked.fill is None else asked.fill
        image[row : row + asked.size, column : column + asked.size] = tone
        return image

    def stride(self, size: int) -> int:
        """Say how far the cover steps: 1, on large images further, but never over a pixel."""
        height, width, _ = self.image.shape
        places = (height - size + 1) * (width - size + 1)
        return min(size, max(1, int(np.ceil(np.sqrt(places / _PLACES)))))

    def too_long(self, size: int) -> bool:
        """Whether an occlusion map would take more than minutes."""
        height, width, _ = self.image.shape
        step = self.stride(size)
        places = -(-(height - size + 1) // step) * -(-(width - size + 1) // step)
        work: int = places * self.net.sequential.multiply_adds
        return work > _MOST_WORK

    def advance(self, asked: Asked, seconds: float = np.inf) -> bool:
        """Compute what is still missing: first the maps of the trained network, then the control's.

        Returns
        -------
        bool
            Whether nothing is missing.
        """
        ends = perf_counter() + seconds
        if asked != self._asked and len(self._maps) > _KEPT:
            self._maps.clear()
        self._asked = asked
        for wanted, name in self._wanted(asked):
            while self.map(name, wanted) is None:
                self._step(name, wanted, ends - perf_counter())
                if perf_counter() > ends:
                    return next(self._missing(asked), None) is None
        return True

    def map(self, name: str, asked: Asked) -> Float32 | None:
        """Give a map, of shape (height, width), or None where it has not been computed."""
        return self._maps.get(_key(name, asked))

    def so_far(self, asked: Asked) -> tuple[Float32, float] | None:
        """Give the occlusion map of the places covered so far, and their share of all."""
        if self._sweep is None or self._sweep[0] != _key("occlusion", asked):
            return None
        sweep = self._sweep[1]
        return sweep.map, sweep.done / sweep.count

    def progress(self, asked: Asked) -> tuple[int, int]:
        """Count the maps that are done, and the places of the one under way."""
        going = self._sweep[1].done if self._sweep is not None else 0
        return sum(self.map(name, one) is not None for one, name in self._wanted(asked)), going

    def alike(self, asked: Asked) -> dict[str, list[float | None]]:
        """Compare every map with that of the trained network, for 0, 1, ... layers shuffled.

        Returns
        -------
        dict of list of float or None
            By the names of the maps: rank correlations; None for what has not been computed, nan
            where one of the two is the same everywhere.
        """
        told: dict[str, list[float | None]] = {}
        for name in self.names:
            trained = self.map(name, replace(asked, shuffled=0))
            others = (
                self.map(name, replace(asked, shuffled=count))
                for count in range(asked.shuffled + 1)
            )
            told[name] = [
                None
                if trained is None or other is None
                else features.rank_correlation(trained, other)
                for other in others
            ]
        return told

    def slope(self, asked: Asked) -> bool:
        """Whether what is watched has a slope at all: a probability of exactly 1 has none."""
        found = self.map("saliency", asked)
        return found is None or bool(found.any())

    def network(self, asked: Asked) -> Network:
        """Give the network, or the copy with shuffled weights."""
        if not asked.shuffled:
            return self.net
        which = asked.shuffled, asked.seed
        if which not in self._shuffled:
            self._shuffled = {key: net for key, net in self._shuffled.items() if key[1] == which[1]}
            self._shuffled[which] = features.shuffled(self.net, asked.shuffled, seed=asked.seed)
        return self._shuffled[which]

    def _wanted(self, asked: Asked) -> Iterator[tuple[Asked, str]]:
        # What is seen comes first: both rows of maps, then what only the table of numbers needs.
        counts = dict.fromkeys([0, asked.shuffled, *range(1, asked.shuffled)])
        for count in counts:
            for name in self.names:
                if name != "occlusion" or not self.too_long(asked.size):
                    yield replace(asked, shuffled=count), name

    def _missing(self, asked: Asked) -> Iterator[tuple[Asked, str]]:
        return (one for one in self._wanted(asked) if self.map(one[1], one[0]) is None)

    def _step(self, name: str, asked: Asked, seconds: float) -> None:
        net, how = self.network(asked), {"of": asked.of}
        key = _key(name, asked)
        if name == "saliency":
            self._maps[key] = features.saliency(net, self.image, asked.target, **how)
        elif name == "grad_cam":
            self._maps[key] = features.grad_cam(
                net, self.image, asked.target, signed=asked.signed, **how
            )
        else:
            if self._sweep is None or self._sweep[0] != key:
                step = self.stride(asked.size)
                sweep = features.OcclusionSweep(
                    net, self.image, asked.target, asked.size, step, fill=asked.fill, **how
                )
                self._sweep = key, sweep
            if self._sweep[1].advance(max(0.0, min(seconds, 3600))):
                self._maps[key] = self._sweep[1].map
                self._sweep = None


def _key(name: str, asked: Asked) -> tuple[Any, ...]:
    """Say what a map depends on."""
    own: tuple[Any, ...] = ()
    if name == "occlusion":
        own = asked.size, asked.fill
    elif name == "grad_cam":
        own = (asked.signed,)
    control = (asked.shuffled, asked.seed) if asked.shuffled else ()
    return name, asked.target, asked.of, own, control
