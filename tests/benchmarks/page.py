"""What measuring in a page needs: its scripts, and how figures are summed up."""

import statistics
from collections.abc import Sequence
from pathlib import Path

_HERE = Path(__file__).parent


def probe(name: str) -> str:
    """Read a script for the page, the tools that it uses before it."""
    return "\n".join((_HERE / one).read_text() for one in ("page_tools.js", name))


def percentile(values: Sequence[float], percent: int) -> float:
    """Say below which value so many of 100 lie."""
    return statistics.quantiles(values, n=100)[percent - 1]
