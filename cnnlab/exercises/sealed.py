"""The third bin: test pictures that nobody looks at, until a network is to be scored on them once.

Looking again is allowed. It is counted, here and tomorrow, and said: what a look costs depends on
what is chosen by it, and nothing is spoiled by a look that chooses nothing. A network that is asked
a second time gives the number it gave, so that counts as no look.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape
from math import erf, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnnlab.checks import kind_of, whole
from cnnlab.exercises.identity import digest_of_data, digest_of_network
from cnnlab.exercises.store import STORE, Entry

if TYPE_CHECKING:  # loaded by whoever has a network to show
    from cnnlab.datasets import Dataset
    from cnnlab.network import Network

__all__ = ["Look", "SealedTest", "luck_of_the_best"]

_MOST = 1_000_000


def luck_of_the_best(networks: int, error: float) -> float:
    """Say how far the best of several equally good networks lies above their common truth.

    Parameters
    ----------
    networks : int
        How many the best was chosen from.
    error : float
        The standard error of one score.

    Returns
    -------
    float
        The mean over all sets of pictures: the expected largest of that many normal numbers.

    Notes
    -----
    David and Nagaraja 2003, *Order statistics*, section 3.2.

    Examples
    --------
    >>> round(luck_of_the_best(20, 0.0095), 3)
    0.018
    >>> luck_of_the_best(1, 0.0095)
    0.0
    """
    if whole(networks, "networks", 1, _MOST) == 1:
        return 0.0
    steps = np.linspace(-8, 8, 4001)
    below = np.array([0.5 + 0.5 * erf(step / sqrt(2)) for step in steps]) ** networks
    middles = (steps[1:] + steps[:-1]) / 2
    return float(error * (np.diff(below) * middles).sum())


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Look:
    """What a network scored on the test pictures, and how often anybody has looked.

    Attributes
    ----------
    number : int
        The first look is 1.
    again : bool
        Whether this very network was asked before: it counts as no look then.
    data : Dataset
        The test pictures.
    predicted : ndarray of shape (images,), int64
        The class each was taken for.
    confidence : ndarray of shape (images,), float32
        The probability the network gave to that class.

    Examples
    --------
    >>> from cnnlab.datasets import Dataset
    >>> test = Dataset(np.zeros((4, 2, 2, 1)), [0, 1, 1, 0], ["cat", "dog"])
    >>> Look(1, False, test, np.array([0, 1, 1, 1]), np.array([0.9, 0.8, 0.7, 0.6]))
    3 of 4 right: 75.0%, give or take 21.7 points (one standard error). The first look at these
    pictures. The number is as good as it says.
    """

    number: int
    again: bool
    data: Dataset
    predicted: NDArray[np.int64]
    confidence: NDArray[np.float32]

    @property
    def images(self) -> int:
        """How many test pictures there are."""
        return len(self.predicted)

    @property
    def right(self) -> int:
        """How many of them the network gets right."""
        return int((self.predicted == self.data.labels).sum())

    @property
    def score(self) -> float:
        """The share it gets right."""
        return self.right / self.images

    @property
    def standard_error(self) -> float:
        """How far such a score lies from the truth, as a rule: by the binomial distribution."""
        return sqrt(self.score * (1 - self.score) / self.images)

    @property
    def luck(self) -> float:
        """By how much the score leans upward, if the best of all looks so far was kept."""
        return luck_of_the_best(self.number, self.standard_error)

    @property
    def mistakes(self) -> NDArray[np.int64]:
        """The places of the pictures it gets wrong, those it is most confident of first."""
        wrong = np.flatnonzero(self.predicted != self.data.labels)
        ordered: NDArray[np.int64] = wrong[np.argsort(-self.confidence[wrong], kind="stable")]
        return ordered

    @property
    def told(self) -> str:
        """What is to be said of the look itself."""
        if self.again and self.number == 1:
            return (
                "You have asked this network before, and it is the only one: still the first look."
            )
        again = "You have asked this network before: that counts as no look. " if self.again else ""
        if self.number == 1:
            return "The first look at these pictures. The number is as good as it says."
        return (
            f"{again}Look {self.number} at these pictures. If you chose nothing by the looks "
            f"before, this number is as good as the first. If you keep the best of {self.number}, "
            f"it leans upward by about {100 * self.luck:.1f} points: say so, or test it on new "
            f"pictures."
        )

    @property
    def figures(self) -> str:
        """The score and how far it scatters, in words.

        Where none is wrong the error by the binomial formula is 0, which says nothing; then it is
        the rule of three (Hanley and Lippman-Hand 1983): up to 3 of so many may be, at 95 %.
        """
        score = f"{self.right:,} of {self.images:,} right: {self.score:.1%}"
        if self.right in {0, self.images}:
            most = min(1.0, 3 / self.images)
            return (
                f"{score}. This many pictures cannot tell that from {abs(self.score - most):.1%}."
            )
        return f"{score}, give or take {100 * self.standard_error:.1f} points (one standard error)."

    def __repr__(self) -> str:
        return f"{self.figures} {self.told}"

    def _repr_html_(self) -> str:
        return f"<p><b>{escape(self.figures)}</b></p><p>{escape(self.told)}</p>"


class SealedTest:
    """Test pictures that are shown to a network only when it is to be scored.

    Parameters
    ----------
    data : Dataset
        The same pictures are known again tomorrow, and with them how often they were looked at.

    Examples
    --------
    >>> from cnnlab import datasets
    >>> _, test = datasets.digits(seed=7)
    >>> SealedTest(test)
    SealedTest(359 pictures of 10 classes; nobody has looked)
    """

    def __init__(self, data: Dataset) -> None:
        from cnnlab.datasets import Dataset

        self._data = kind_of(data, Dataset, "data", "datasets.digits().test")
        self._key = f"looks.{digest_of_data(data)}"

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        looks = self.looks
        said = {0: "nobody has looked", 1: "looked at once", 2: "looked at twice"}
        return (
            f"SealedTest({len(self)} pictures of {len(self._data.class_names)} classes; "
            f"{said.get(looks, f'looked at {looks} times')})"
        )

    @property
    def looks(self) -> int:
        """How many different networks have been scored on these pictures."""
        return len(self._kept())

    def score(self, network: Network) -> Look:
        """Open the bin: score a network on the test pictures, and count the look.

        Parameters
        ----------
        network : Network

        Returns
        -------
        Look
            Prints as a sentence.

        Raises
        ------
        DataError, ShapeError
            If it is no network, or the pictures do not go with it. That counts as no look.
        """
        from cnnlab.network import Network

        kind_of(network, Network, "network", "SealedTest(test).score(network)")
        shares = network.probabilities(self._data.images)
        key = f"{self._key}.{digest_of_network(network)}"
        before = self._kept()
        STORE.change(key, _noted)
        return Look(
            number=len(before | {key}),
            again=key in before,
            data=self._data,
            predicted=shares.argmax(axis=1).astype(np.int64),
            confidence=shares.max(axis=1),
        )

    def _kept(self) -> set[str]:
        return {key for key in STORE.entries() if key.startswith(f"{self._key}.")}


def _noted(before: Entry) -> Entry:
    now = datetime.now().astimezone().isoformat(timespec="milliseconds")
    return {"date": now, **before}
