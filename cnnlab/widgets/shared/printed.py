"""What papers and courses print about networks of the zoo, to be laid beside what comes out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

__all__ = ["PRINTED", "Ledger"]


@dataclass(frozen=True)
class Ledger:
    """Numbers as printed, layer by layer.

    Attributes
    ----------
    source : str
        Who printed them.
    counts : "parameters" or "values"
        What they count; values are the numbers that come out of a layer.
    rows : tuple of (int or None)
        One for each layer of the network; None where nothing is printed.
    total : int or None
        As printed, which need not be the sum.
    why : str
        Where they differ from what comes out, and why.
    """

    source: str
    counts: str
    rows: tuple[int | None, ...]
    total: int | None
    why: str

    def facts(self) -> dict[str, Any]:
        """Write it for the page."""
        return asdict(self)


PRINTED: MappingProxyType[str, Ledger] = MappingProxyType({
    "lenet5": Ledger(
        "LeCun et al. 1998",
        "parameters",
        (156, 12, 1_516, 32, None, 48_120, 10_164, 0),
        60_000,
        "In 1998 each map of the second convolution saw only some of the six maps before it, the "
        "pooling layers had weights, and the last layer compared with fixed patterns.",
    ),
    "alexnet": Ledger(
        "Krizhevsky et al. 2012",
        "values",
        (
            253_440, None, 186_624, None, 64_896, 64_896, 43_264, None,
            None, None, 4_096, None, 4_096, 1_000,
        ),
        None,
        "The paper prints 224 x 224 pixels and 253,440 = 55 x 48 x 96; no stride and padding alike "
        "on all sides gives both. 227 x 227 pixels give 55 x 55 x 96.",
    ),
    "vgg16": Ledger(
        "a well-known course",
        "values",
        (None,) * 24,
        24_000_000,
        "The course adds up to 24 million values; its own lines, input included, give what stands "
        "here.",
    ),
})  # fmt: skip
