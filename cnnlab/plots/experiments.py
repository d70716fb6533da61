"""Pictures of experiments: how data were dealt out, how scores spread, what a search has tried."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter
from numpy.typing import ArrayLike, NDArray

from cnnlab.checks import flag, kind_of, real, whole
from cnnlab.errors import DataError, ShapeError
from cnnlab.plots.picture import (
    BLUE,
    COLOURS,
    INK,
    LINE,
    MUTED,
    ORANGE,
    Picture,
    as_numbers,
    captioned,
    headline,
    literal,
    worded,
)

__all__ = ["bins", "search", "strip_plot"]

_MOST_ROWS = 12
_MOST_DOTS = 5000
_LEVELS = 5  # heights over which the dots of a row are dealt, so that equal ones are seen
_SLIM = 0.07  # of the whole: a bin that is slimmer has its words above it


def bins(counts: Mapping[str, int], title: str = "", *, sealed: str = "test") -> Picture:
    """Draw the bins that pictures were dealt into, to scale; the sealed one is hatched.

    Parameters
    ----------
    counts : dict of int
        Pictures in each bin, for up to six bins.
    title : str
    sealed : str
        Which bin is not to be looked into; one that is not there is allowed.

    Returns
    -------
    Picture

    Raises
    ------
    DataError
        If there are no bins or too many, or a count is no whole number above 0.

    Examples
    --------
    >>> bins({"training": 60, "validation": 20, "test": 20})
    Bins: training 60, validation 20, test 20 (sealed)
    """
    title, sealed = worded(title), worded(sealed, "sealed")
    given = kind_of(counts, dict, "counts", 'plots.bins({"training": 60, "test": 20})')
    kept = {worded(name, "a name"): whole(count, "a count") for name, count in given.items()}
    if not 0 < len(kept) <= len(COLOURS):
        raise DataError(f"between 1 and {len(COLOURS)} bins can be drawn, got {len(kept)}")
    words = {
        name: f"{name} {count:,}{' (sealed)' if name == sealed else ''}"
        for name, count in kept.items()
    }
    picture = Picture(7.6, 1.1, f"{title or 'Bins'}: {', '.join(words.values())}")
    axes = picture.subplots()
    total, left = sum(kept.values()), 0
    for (name, count), colour in zip(kept.items(), COLOURS, strict=False):
        hidden = name == sealed
        axes.barh(
            0, count, left=left, height=0.8, color="white" if hidden else colour,
            edgecolor=MUTED if hidden else "white", hatch="////" if hidden else "", lw=1.2,
        )  # fmt: skip
        slim = count / total < _SLIM
        axes.text(
            left + count / 2, 0.62 if slim else 0, literal(words[name]), ha="center",
            va="bottom" if slim else "center", fontsize=9.5,
            color=INK if hidden or slim else "white",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 2} if hidden else None,
        )  # fmt: skip
        left += count
    axes.set_xlim(0, total)
    axes.set_axis_off()
    captioned(axes, title)
    return picture


def strip_plot(
    groups: Mapping[str, ArrayLike],
    title: str = "",
    *,
    across: str = "",
    error: float | None = None,
    truth: float | None = None,
    log: bool = False,
) -> Picture:
    """Draw every number as a dot, a row for each group, and the mean of each as a line.

    Parameters
    ----------
    groups : dict of array_like of shape (numbers,)
        Up to twelve groups.
    title : str
    across : str
        What the numbers are, written below them.
    error : float, optional
        Standard error of one number: a pale band about each mean, one to either side.
    truth : float, optional
        What the numbers scatter about, as a dashed line.
    log : bool
        Whether each power of ten gets as much room as any other.

    Returns
    -------
    Picture

    Raises
    ------
    ShapeError
        If a group is no row of numbers, or there are too many numbers or groups.
    DataError
        If a number is not finite, or not above 0 where powers of ten are drawn.

    Examples
    --------
    >>> strip_plot({"seeds": [0.96, 0.98, 0.97]}, across="score")
    Strip plot: seeds: 3 from 0.96 to 0.98 score, mean 0.97
    """
    title, across, log = worded(title), worded(across, "across"), flag(log, "log")
    error = None if error is None else real(error, "error", 0.01, least=0)
    truth = None if truth is None else real(truth, "truth", 0.9)
    given = kind_of(groups, dict, "groups", 'plots.strip_plot({"seeds": [0.96, 0.98]})')
    rows = {worded(name, "a name"): _row(numbers, log) for name, numbers in given.items()}
    if not 0 < len(rows) <= _MOST_ROWS:
        raise ShapeError(f"between 1 and {_MOST_ROWS} groups can be drawn, got {len(rows)}")
    told = [_told(name, row, across, log) for name, row in rows.items()]
    picture = Picture(7.6, 0.9 + 0.55 * len(rows), f"{title or 'Strip plot'}: {'; '.join(told)}")
    axes = picture.subplots()
    for place, row in enumerate(rows.values()):
        middle = _middle(row, log)
        if error is not None:
            axes.barh(place, 2 * error, left=middle - error, height=0.7, color=BLUE, alpha=0.15)
        height = place + 0.09 * (np.arange(len(row)) % _LEVELS - _LEVELS // 2)
        axes.plot(
            row, height, "o", ms=6 if len(row) <= 60 else 3.5, color=BLUE, alpha=0.65, mec="white",
            mew=0.5,
        )  # fmt: skip
        axes.vlines(middle, place - 0.35, place + 0.35, color=ORANGE, lw=2)
    if truth is not None:
        axes.axvline(truth, color=MUTED, ls="--", lw=1.2)
    axes.set_yticks(range(len(rows)), list(map(literal, rows)))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    _plain(axes, across, log)
    captioned(axes, title)
    return picture


def search(
    plans: Mapping[str, ArrayLike],
    title: str = "",
    *,
    across: str = "",
    up: str = "",
    log: bool = True,
) -> Picture:
    """Draw what searches have tried, as dots, and below them their shadows on the axis.

    Parameters
    ----------
    plans : dict of array_like of shape (trials, 2)
        One or two searches: of each trial the setting across, and the one up.
    title : str
    across, up : str
        What the two settings are.
    log : bool
        Whether the axis across gives each power of ten as much room as any other.

    Returns
    -------
    Picture

    Raises
    ------
    ShapeError
        If a search is no table of two columns, or there are none or more than two.
    DataError
        If a number is not finite, or one across not above 0 where powers of ten are drawn.

    Examples
    --------
    >>> search({"grid": [[0.1, 8], [0.1, 16], [1, 8], [1, 16]]}, across="rate")
    Search: grid: 4 trials with 2 values of rate
    """
    title, log = worded(title), flag(log, "log")
    across, up = worded(across, "across"), worded(up, "up")
    given = kind_of(plans, dict, "plans", 'plots.search({"grid": [[0.1, 8], [1, 16]]})')
    kept = {worded(name, "a name"): _table(plan, log) for name, plan in given.items()}
    if not 0 < len(kept) <= 2:
        raise ShapeError(f"one or two searches can be drawn beside each other, got {len(kept)}")
    told = [
        f"{name}: {len(plan)} trials with {len(np.unique(plan[:, 0]))} values"
        f"{across and f' of {across}'}"
        for name, plan in kept.items()
    ]
    picture = Picture(3.9 * len(kept), 3.2, f"{title or 'Search'}: {'; '.join(told)}")
    panels = picture.subplots(1, len(kept), squeeze=False, sharex=True, sharey=True).ravel()
    heights = np.concatenate([plan[:, 1] for plan in kept.values()])
    low, high = heights.min(), heights.max()
    room = (high - low) or 1.0
    floor = low - 0.25 * room
    for panel, (name, plan) in zip(panels, kept.items(), strict=True):
        panel.vlines(plan[:, 0], floor, plan[:, 1], color=LINE, lw=1, zorder=0)
        panel.plot(*plan.T, "o", ms=8, color=BLUE, mec="white")
        panel.plot(plan[:, 0], np.full(len(plan), floor), "^", ms=8, color=ORANGE, clip_on=False)
        panel.set_ylim(floor, high + 0.1 * room)
        _plain(panel, across, log)
        captioned(panel, name)
    panels[0].set_ylabel(literal(up), fontsize=9, color=MUTED)
    headline(picture, title)
    return picture


def _row(values: ArrayLike, log: bool) -> NDArray[np.float64]:
    row = as_numbers(values, "a group").astype(np.float64)
    if row.ndim != 1 or not 0 < row.size <= _MOST_DOTS:
        raise ShapeError(
            f"a group is a row of 1 to {_MOST_DOTS:,} numbers, got an array of shape {row.shape}"
        )
    return _drawable(row, log)


def _table(values: ArrayLike, log: bool) -> NDArray[np.float64]:
    table = as_numbers(values, "a search").astype(np.float64)
    if table.ndim != 2 or table.shape[1] != 2 or not 0 < len(table) <= _MOST_DOTS:
        raise ShapeError(
            f"a search has one row for each trial and two columns, got shape {table.shape}; "
            "try [[0.1, 8], [1, 16]]"
        )
    _drawable(table[:, 0], log)
    return _drawable(table, log=False)


def _drawable(numbers: NDArray[np.float64], log: bool) -> NDArray[np.float64]:
    if not np.isfinite(numbers).all() or (log and numbers.min() <= 0):
        wanted = "finite and above 0" if log else "finite"
        raise DataError(
            f"what is drawn as dots must be {wanted}, got numbers from {numbers.min():g} to "
            f"{numbers.max():g}{'; try log=False' if log else ''}"
        )
    return numbers


def _middle(row: NDArray[np.float64], log: bool) -> float:
    return float(np.exp(np.log(row).mean())) if log else float(row.mean())


def _told(name: str, row: NDArray[np.float64], across: str, log: bool) -> str:
    mean = f"{'geometric ' if log else ''}mean {_middle(row, log):.3g}"
    spread = f"from {row.min():.3g} to {row.max():.3g}{across and f' {across}'}"
    return f"{name}: {len(row)} {spread}, {mean}"


def _plain(axes: Axes, across: str, log: bool) -> None:
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda tick, _: f"{tick:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(labelsize=9, colors=INK, length=0)
    axes.grid(axis="x", color=LINE, lw=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.set_xlabel(literal(across), fontsize=9, color=MUTED)
