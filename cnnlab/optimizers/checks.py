"""What is asked of the settings of optimisers and schedules."""

from __future__ import annotations

import math
from typing import Any, NoReturn

from cnnlab.checks import as_float, shown
from cnnlab.errors import DataError

__all__ = [
    "check_above_0",
    "check_epsilon",
    "check_from_0",
    "check_rates",
    "check_share",
    "checked_rate",
    "refuse",
]


def checked_rate(value: Any) -> float:
    """Check a learning rate.

    Raises
    ------
    DataError
        If it is not a finite number above 0.
    """
    check_above_0(value, "learning_rate", "0.05 for SGD, 0.001 for Adam")
    return float(value)


def check_rates(learning_rate: Any, weight_decay: Any) -> None:
    """Refuse a learning rate that is not above 0, and a decay below it."""
    checked_rate(learning_rate)
    check_from_0(weight_decay, "weight_decay", "0.0005")


def check_share(value: Any, name: str, usual: float) -> None:
    """Refuse what is no share of 1, from 0 to below 1."""
    if not 0 <= as_float(value) < 1:
        refuse(value, name, "at least 0 and below 1", f"{name}={usual}")


def check_epsilon(epsilon: Any) -> None:
    """Refuse what would not keep a divisor above 0."""
    check_above_0(epsilon, "epsilon", "epsilon=1e-8")


def check_above_0(value: Any, name: str, remedy: str) -> None:
    """Refuse what is no finite number above 0."""
    if not 0 < as_float(value) < math.inf:
        refuse(value, name, "a number above 0", remedy)


def check_from_0(value: Any, name: str, remedy: str) -> None:
    """Refuse what is no finite number of 0 or more."""
    if not 0 <= as_float(value) < math.inf:
        refuse(value, name, "0 or more", remedy)


def refuse(value: Any, name: str, wanted: str, remedy: str) -> NoReturn:
    """Say what was wanted, what was got, and what to try."""
    raise DataError(f"{name} must be {wanted}, got {shown(value)}; try {remedy}")
