"""Maps of importance as the page gets them: on scales that say what they are, and in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import display
from cnnlab.widgets.shared.explaining import Asked, Explaining
from cnnlab.widgets.shared.looking import Packing
from cnnlab.widgets.shared.maps import finite
from cnnlab.widgets.shared.traits import Palette

__all__ = ["limits", "palette_of", "told", "words"]

Float32 = NDArray[np.float32]

NO_EVIDENCE = "No positive evidence"
_NO_SLOPE = "No slope: where the probability is all or nothing, no pixel moves it. Watch the score."
_NOTHING = "Nothing moves this score."
_TOO_LONG = "This map would take many minutes; try a larger cover."


def palette_of(palette: str) -> str:
    """Name the palette of these maps: the chosen one where it has zero in its middle."""
    named = Palette.named(palette)
    return named if display.PALETTES[named].signed else "blue_red"


def limits(shown: list[Float32], *, shared: bool) -> list[float]:
    """Find the number of the strongest colour of each map: its own, or the largest of them all.

    Parameters
    ----------
    shown : list of ndarray of shape (height, width), float32
    shared : bool

    Returns
    -------
    list of float
    """
    own = [display.limit_of(one) for one in shown]
    # A map of zeros has no scale, and gives the others none.
    count = [limit for limit, one in zip(own, shown, strict=True) if one.any()]
    return [max(count, default=1.0)] * len(own) if shared else own


def words(name: str, found: Float32, asked: Asked, *, slope: bool) -> str:
    """Say what a map does not show: a flat colour would be read as an answer, or as a mistake.

    Parameters
    ----------
    name : str
        One of `explaining.MAPS`.
    found : ndarray of shape (height, width), float32
    asked : Asked
    slope : bool
        Whether what is watched moves with any pixel.

    Returns
    -------
    str
        Empty where the map speaks for itself.
    """
    if not slope and name != "occlusion":
        return _NO_SLOPE if asked.of == "probability" else _NOTHING
    if name == "saliency" or float(found.max()) > 0:
        return ""
    if name == "occlusion":
        return f"{NO_EVIDENCE}: no place of the cover lowers the {asked.of}."
    before = "All of it is below zero." if asked.signed else "Before the ReLU all of it is below."
    return f"{NO_EVIDENCE}: no place speaks for this class. {before}"


def told(
    explaining: Explaining, asked: Asked, packing: Packing, *, shared: bool, palette: str
) -> dict[str, Any]:
    """Pack the maps that have been computed, of the network and of the control.

    Parameters
    ----------
    explaining : Explaining
    asked : Asked
    packing : Packing
        Takes the maps.
    shared : bool
        Whether all maps have one scale.
    palette : str
        As the setting has it.

    Returns
    -------
    dict
        ``rows``, each with ``shuffled`` and ``maps``: name, ``part`` of the packing, numbers and
        words; ``alike``, the rank correlations for 0, 1, ... layers shuffled, None where one is to
        come and "flat" where there is none; ``step``, from one place of the cover to the next.
    """
    counts = dict.fromkeys([0, asked.shuffled])
    rows = [
        (count, [(name, *_found(explaining, name, wanted)) for name in explaining.names])
        for count in counts
        for wanted in [replace(asked, shuffled=count)]
    ]
    flat = [found for _, maps in rows for _, found, _ in maps if found is not None]
    scale = iter(limits(flat, shared=shared))
    about: list[dict[str, Any]] = []
    for count, maps in rows:
        wanted = replace(asked, shuffled=count)
        slope = explaining.slope(wanted)
        row: list[dict[str, Any]] = []
        for name, found, share in maps:
            one: dict[str, Any] = {"name": name, "share": share}
            if found is None:
                late = name == "occlusion" and explaining.too_long(asked.size)
                one["words"] = _TOO_LONG if late else ""
            else:
                limit = next(scale)
                one["part"] = len(packing.parts)
                packing.add(
                    0, found[..., None], 0, 1, max(found.shape), limit=limit,
                    palette=palette_of(palette),
                )  # fmt: skip
                one |= {
                    "low": finite(found.min()), "high": finite(found.max()), "limit": limit,
                    "flat": not found.any(), "words": "" if share < 1 else
                    words(name, found, wanted, slope=slope),
                }  # fmt: skip
            row.append(one)
        about.append({"shuffled": count, "maps": row})
    # Two maps of which one is flat have no order in common: JSON has no nan, so a word says it.
    alike = {
        name: ["flat" if one is not None and np.isnan(one) else one for one in values]
        for name, values in explaining.alike(asked).items()
    }
    step = explaining.stride(asked.size)
    return {"rows": about, "alike": alike, "step": step}


def _found(explaining: Explaining, name: str, asked: Asked) -> tuple[Float32 | None, float]:
    """Give a map and the share of it that is done."""
    found = explaining.map(name, asked)
    if found is not None:
        return found, 1.0
    so_far = explaining.so_far(asked) if name == "occlusion" else None
    return so_far or (None, 0.0)
