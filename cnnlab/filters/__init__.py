"""A catalogue of classical filters, each with its purpose and source, and how to apply one.

Axes of a filter: row, column and, where it has one slice per channel, channel. A filter is not
flipped: it lies on the image as it is printed. What is left out: filters that are learned.
"""

from __future__ import annotations

from cnnlab.filters.applying import apply, matrix, merge
from cnnlab.filters.catalogue import CATALOGUE
from cnnlab.filters.definition import Filter
from cnnlab.filters.explanation import Explanation, explain

__all__ = ["CATALOGUE", "Explanation", "Filter", "apply", "explain", "matrix", "merge"]
