"""How fast: times as bars, and each as a dot under the roof of the machine.

Both axes of both pictures are logarithmic: a step to the right is ten times as much.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnnlab.checks import kind_of, listed, real
from cnnlab.errors import DataError
from cnnlab.plots.picture import (
    BLUE,
    COLOURS,
    INK,
    LINE,
    MUTED,
    ORANGE,
    Picture,
    captioned,
    literal,
    worded,
)

if TYPE_CHECKING:
    from cnnlab.timing import Roof, Timing

__all__ = ["roofline", "times"]

_MOST_BARS = 24
_MARKERS = "osD^vPX*"
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def times(seconds: Mapping[str, float], title: str = "", *, mark: str = "") -> Picture:
    """Draw times as bars on a logarithmic scale, each with its time and how often it fits.

    Parameters
    ----------
    seconds : dict of float
        By name, above 0; up to 24.
    title : str
    mark : str, optional
        The name of the bar in another colour, with which the others are compared; by default the
        first.

    Returns
    -------
    Picture

    Raises
    ------
    DataError
        If there are none or too many, one is no time, or `mark` is none of them.

    Examples
    --------
    >>> times({"loop": 1.5, "tile": 0.00003})
    Times: loop 1.5 s, tile 30 µs (50,000 times faster than loop)
    """
    title, mark = worded(title), worded(mark, "mark")
    kept = {
        worded(name, "a name"): real(value, "a time", 0.5, above=0.0)
        for name, value in kind_of(seconds, dict, "seconds", '{"loop": 1.5}').items()
    }
    if not 0 < len(kept) <= _MOST_BARS:
        raise DataError(
            f"between 1 and {_MOST_BARS} times can be drawn, got {len(kept)}; try fewer"
        )
    mark = mark or next(iter(kept))
    if mark not in kept:
        raise DataError(f"mark must be one of {', '.join(kept)}, got {mark!r}")
    said = {name: _compared(name, value, mark, kept[mark]) for name, value in kept.items()}
    alt = f"{title or 'Times'}: " + ", ".join(
        f"{name} {_time(value)}{f' ({said[name]})' if said[name] else ''}"
        for name, value in kept.items()
    )
    picture = Picture(8.2, 0.9 + 0.36 * len(kept), alt)
    axes = picture.subplots()
    least = min(kept.values()) / 10
    for row, (name, value) in enumerate(kept.items()):
        axes.barh(
            row, value - least, left=least, height=0.62, color=ORANGE if name == mark else BLUE
        )
        words = f"  {_time(value)}{f',  {said[name]}' if said[name] else ''}"
        axes.text(value, row, literal(words), va="center", fontsize=9, color=INK)
    axes.set_xscale("log")
    axes.set_xlim(least, max(kept.values()) * (max(kept.values()) / least) ** 0.55)
    ticks = [
        10.0**power
        for power in range(
            math.ceil(math.log10(least)), math.floor(math.log10(max(kept.values()))) + 1
        )
    ]
    axes.set_xticks(ticks, [_time(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(kept)), list(map(literal, kept)))
    axes.invert_yaxis()
    axes.set_xlabel(
        "time of a call; each line is ten times the one before", fontsize=9, color=MUTED
    )
    _quiet(axes, "x")
    captioned(axes, title)
    return picture


def roofline(timings: Sequence[Timing], roof: Roof, title: str = "") -> Picture:
    """Draw a dot for each timing under the roof of the machine.

    Across: multiply-adds for each byte moved. Up: multiply-adds a second. Left of the ridge the
    roof slopes: there the processor waits for numbers. Right of it all that counts is how fast it
    multiplies.

    Parameters
    ----------
    timings : sequence of Timing
        From `timing.measure`; up to 24.
    roof : Roof
        From `timing.roof`.
    title : str

    Returns
    -------
    Picture

    Raises
    ------
    DataError
        If they are not what `rungs` gives, or none or too many.

    Notes
    -----
    Williams, Waterman and Patterson 2009, *Roofline: an insightful visual performance model*.
    """
    from cnnlab.timing import Roof, Timing  # the other pictures measure nothing

    title = worded(title)
    kept = [
        kind_of(one, Timing, "a timing", "timing.measure(rungs.RUNGS, image, filters)")
        for one in listed(timings, "timings", "timing.measure(rungs.RUNGS, image, filters)")
    ]
    kind_of(roof, Roof, "roof", "timing.roof()")
    if not 0 < len(kept) <= _MOST_BARS:
        raise DataError(f"between 1 and {_MOST_BARS} dots can be drawn, got {len(kept)}; try fewer")
    alt = f"{title or 'Under the roof'}: at most {_rate(roof.multiply_adds)}; " + ", ".join(
        f"{one.name} {_rate(one.rate)} at {one.intensity:.3g} a byte, "
        f"{one.rate / roof.over(one.intensity):.2g} of the roof"
        for one in kept
    )
    picture = Picture(8.2, 4.6, alt)
    axes = picture.subplots()
    least = min(0.1, *(one.intensity / 3 for one in kept))
    most = max(100.0, *(one.intensity * 3 for one in kept))
    for slope, style, words in (
        (roof.cached, ":", "slope of the caches"),
        (roof.moved, "-", "slope of the memory"),
    ):
        ridge = min(max(roof.multiply_adds / slope, least), most)
        corners = [least, ridge, most], [least * slope, ridge * slope, roof.multiply_adds]
        axes.plot(*corners, color=INK, lw=1.6, ls=style, label=words)
    for number, one in enumerate(kept):
        axes.plot(
            one.intensity, one.rate, _MARKERS[number % len(_MARKERS)], ms=9, ls="",
            color=COLOURS[number % len(COLOURS)], mec="white", label=literal(one.name),
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("multiply-adds for each byte moved", fontsize=9, color=MUTED)
    axes.set_ylabel("multiply-adds a second", fontsize=9, color=MUTED)
    axes.text(
        most, roof.multiply_adds * 1.15, f"roof: {_rate(roof.multiply_adds)} ", ha="right",
        va="bottom", fontsize=9, color=INK,
    )  # fmt: skip
    axes.set_ylim(top=roof.multiply_adds * 6)
    picture.legend(loc="outside right center", frameon=False, fontsize=9)
    _quiet(axes, "both")
    captioned(axes, title)
    return picture


def _quiet(axes: Any, lines: str) -> None:
    axes.tick_params(labelsize=9, colors=INK, length=0)
    axes.grid(visible=True, axis=lines, color=LINE, lw=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(LINE)


def _time(seconds: float) -> str:
    shown = float(f"{seconds:.2g}")
    size, unit = next((one for one in _UNITS if shown >= one[0]), _UNITS[-1])
    return f"{float(f'{seconds / size:.2g}'):g} {unit}"


def _rate(rate: float) -> str:
    return f"{float(f'{rate / 1e9:.2g}'):,g} billion a second"


def _compared(name: str, value: float, mark: str, marked: float) -> str:
    if name == mark:
        return ""
    factor, word = (marked / value, "faster") if value <= marked else (value / marked, "slower")
    rounded = float(f"{factor:.2g}")
    return f"{rounded:,g} times {word} than {mark}"
