"""Curves over a common axis: functions side by side, losses and their floors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from cnnlab.checks import kind_of
from cnnlab.errors import ShapeError
from cnnlab.plots.picture import (
    COLOURS,
    INK,
    LINE,
    MUTED,
    Picture,
    as_numbers,
    captioned,
    literal,
    worded,
)

__all__ = ["curves"]


def curves(
    x: ArrayLike, lines: Mapping[str, ArrayLike], title: str = "", *, across: str = ""
) -> Picture:
    """Draw one or several curves, each under its name.

    Parameters
    ----------
    x : array_like of shape (points,)
        Where the curves were computed.
    lines : dict of array_like of shape (points,)
        Up to six curves.
    title : str
    across : str
        What `x` is, written below it.

    Returns
    -------
    Picture

    Raises
    ------
    ShapeError
        If a curve has another number of points than `x`, or there are none or too many.

    Examples
    --------
    >>> curves([0, 1, 2], {"squares": [0, 1, 4]})
    3 points from 0 to 2; squares: from 0 to 4, least 0, largest 4
    """
    title, across = worded(title), worded(across, "across")
    points = as_numbers(x, "x")
    kept = dict(kind_of(lines, dict, "lines", 'a dict such as {"squares": x**2}'))
    if points.ndim != 1 or not points.size or not 0 < len(kept) <= len(COLOURS):
        raise ShapeError(
            f"x must have shape (points,), got {points.shape}, and lines hold 1 to {len(COLOURS)} "
            f'curves, got {len(kept)}; try plots.curves(x, {{"squares": x**2}})'
        )
    heights = {worded(name, "a name"): as_numbers(line, "a curve") for name, line in kept.items()}
    for name, line in heights.items():
        if line.shape != points.shape:
            raise ShapeError(
                f"the curve {name!r} has shape {line.shape}, and x has {points.shape}; "
                "give one number for each point of x"
            )
    alt = f"{title}: " if title else ""
    alt += (
        f"{points.size} points from {points[0]:.3g} to {points[-1]:.3g}{across and f' {across}'}; "
    )
    alt += "; ".join(
        f"{name}: from {line[0]:.3g} to {line[-1]:.3g}, "
        f"least {np.fmin.reduce(line):.3g}, largest {np.fmax.reduce(line):.3g}"
        for name, line in heights.items()
    )
    figure = Picture(5.6, 3.2, alt)
    panel = figure.subplots()
    for (name, line), colour in zip(heights.items(), COLOURS, strict=False):
        panel.plot(points, line, color=colour, linewidth=2, label=literal(name))
    panel.grid(color=LINE, linewidth=0.7)
    panel.set_axisbelow(True)
    panel.tick_params(labelsize=8.5, labelcolor=INK, length=0)
    panel.spines[:].set_visible(False)
    panel.set_xlabel(literal(across), fontsize=9, color=MUTED)
    captioned(panel, title)
    panel.legend(frameon=False, fontsize=9, labelcolor=INK)
    return figure
