"""The errors a learner can meet. Each message says what was got, why it fails, what to try."""

from __future__ import annotations

__all__ = ["DataError", "ShapeError"]


class ShapeError(ValueError):
    """Sizes that do not fit together: a filter larger than its image, channels that differ."""


class DataError(ValueError):
    """Data that cannot be used: a broken file, a wrong type of number, a missing data set."""
