"""NetworkExplorer: what a trained network makes of a picture, from all its maps to one product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import display
from cnnlab.widgets.shared import maps, unit_arithmetic
from cnnlab.widgets.shared.assets import NUMBERS_UP_TO
from cnnlab.widgets.shared.looking import Packing, Pass
from cnnlab.widgets.shared.traits import OneOf, Palette
from cnnlab.widgets.shared.unit_photo import UnitPhoto
from cnnlab.widgets.shared.widget import Reply, Request

__all__ = ["NetworkExplorer"]

_PAGE = 32  # maps of a layer that are sent at once
_LARGE = 112  # pixels a side


class NetworkExplorer(UnitPhoto, stem="network_explorer"):
    """Look into a network: all maps of all layers, one layer, one map, one number taken apart.

    The picture is drawn, uploaded, filmed or taken from a data set, and brought to the size that
    the network takes. What one number depends on is framed in every layer below it.

    Parameters
    ----------
    network : Network
        Any one that takes grey or coloured images, imported ones too.
    image : str, path, bytes or array_like of shape (height, width) or (height, width, channels)
        What `FilterLab` takes, or an image as the network takes it. Without one, the first image
        of `data`, or an image of the kind that the network was trained on.
    data : Dataset, optional
        To leaf through; its images have the size that the network takes.
    class_names : sequence of str
        One for each score; by default those of `data`, or of the weights that ship.
    layer : str, optional
        The layer to look at, as in the summary.
    unit : int, optional
        Which of its maps, or which number of its vector, from 0.
    at : (int, int), optional
        Row and column in that map, from 0; by default where it responds most strongly.
    fitting : "auto", "ink" or "whole"
        How a picture of another size becomes an input: what is drawn on it is scaled and centred as
        in MNIST, or all of it is resized. Automatically the first for a network of ten digits.
    colours : "layer" or "map"
        Whether maps of one layer share a scale of colours.
    palette : str
        One of `display.PALETTES`, or "auto": on a dark page zero is dark, else light.

    Raises
    ------
    DataError, ShapeError
        If there is no such layer or unit, or the network does not take pictures.
    TypeError
        If an option is not known.

    Notes
    -----
    Wang et al. 2020, *CNN Explainer: learning convolutional neural networks with interactive
    visualization*: from the overview to the arithmetic.

    Examples
    --------
    >>> from cnnlab import zoo
    >>> explorer = NetworkExplorer(zoo.pretrained("lenet5"), layer="conv2d_2", unit=3)
    >>> explorer
    NetworkExplorer(8 layers: 28x28x1 -> 10, at conv2d_2, map 3)
    >>> explorer.maps["conv2d_2"].shape
    (10, 10, 16)
    """

    colours = OneOf(layer="One scale a layer", map="One scale a map")

    # -- what is looked at --------------------------------------------------------------------

    def explain(self) -> dict[str, Any]:
        """Take the chosen number apart, and trace what it depends on down to the picture.

        Returns
        -------
        dict
            ``value``, what it was computed from, and ``fields``: by the names of the layers below
            and ``"input"``, the places that count, as `features.receptive_fields` gives them;
            ``only`` names the map where one alone counts, as below a pooling.

        Raises
        ------
        DataError
            If no unit is chosen.
        """
        with self._lock:
            _, unit = self._chosen_unit()
            run, number, place = self._current(), self._number(), self.place
            fields, only = unit_arithmetic.traced(self._network, number, unit, place)
            told = unit_arithmetic.explained(
                run.rows[number], run.parameters[number], run.output(number - 1),
                run.output(number), unit, place,
            )  # fmt: skip
            boxes = {name: list(box) for name, box in fields.items()}
            return {**told, "fields": boxes, "only": only}

    # -- answers to the page ------------------------------------------------------------------

    def _answered(self, content: Mapping[str, Any], seconds: float) -> Reply:
        run = self._current()
        known = content.get("have") if content.get("token") == self._token else 0
        begin, page = min(int(known or 0), len(run.rows)), content.get("page")
        run.advance(len(run.rows), seconds)
        packing = Packing(Palette.named(self.palette), each=self.colours == "map")
        if not begin:
            packing.add_input(run.image, _LARGE)
        for number in range(begin, run.done):
            packing.add_thumbnails(number, run.outputs[number])
        about: dict[str, Any] = {
            "token": self._token, "begin": begin, "done": run.done, "parts": packing.parts,
        }  # fmt: skip
        number = self._number()
        if self.layer and number < run.done:
            output = run.outputs[number]
            if page is not None and self.unit is None and output.ndim == 3:
                first = max(0, int(page))
                about["page"] = packing.add(number, output, first, _PAGE, _LARGE)
            about["chosen"] = self._chosen(run, number, packing)
        if run.done == len(run.rows):
            about["scores"] = self._told_scores()
        return about, [packing.packed()]

    def _chosen(self, run: Pass, number: int, packing: Packing) -> dict[str, Any] | None:
        """Pack the chosen map as it is, and take its number apart."""
        if self.unit is None:
            return None
        output = run.outputs[number]
        about = self.explain()
        about["layer"] = self.layer
        if output.ndim == 3:
            part = packing.add(number, output, self.unit, 1, 2048)
            chosen = output[..., self.unit]
            about["map"] = {
                "part": len(packing.parts) - 1, **maps.ends(chosen),
                "limit": display.limit_of(chosen) if self.colours == "map" else part["limit"],
            }  # fmt: skip
            if chosen.size <= NUMBERS_UP_TO**2:
                about["map"]["numbers"] = [maps.finite(one) for one in chosen.reshape(-1)]
        return about

    def answer_unit(self, request: Request) -> Reply:
        """Take one number apart: what follows the pointer."""
        del request
        return {"chosen": {**self.explain(), "layer": self.layer}, "token": self._token}, []

    def _page_facts(self) -> dict[str, Any]:
        return {**super()._page_facts(), "pageOf": _PAGE}

    # -- in words -----------------------------------------------------------------------------

    def code(self) -> str:
        """Write the Python that computes what is shown.

        Returns
        -------
        str
            Lines that end with ``maps``, and ``field``, what the chosen number depends on.
        """
        with self._lock:
            lines = [
                *self._opening_code(),
                "outputs = features.feature_maps(net, image)",
                "scores = net.predict(image[None])[0]",
            ]
            if self.layer:
                unit = "" if self.unit is None else f"[..., {self.unit}]"
                lines.append(f'maps = outputs["{self.layer}"][0]{unit}')
            if self.place:
                row, column = self.place
                lines += [
                    f"value = maps[{row}, {column}]",
                    f'field = features.receptive_fields(net, "{self.layer}", {row}, {column})',
                ]
            return "\n".join(lines) + "\n"

    def _still(self) -> NDArray[np.uint8]:
        photograph = maps.at_still_size(self._photograph(), 160)
        if not self._quick:
            return photograph
        run = self._current()
        run.advance(len(run.rows))
        columns = [_column(out, Palette.named(self.palette)) for out in run.outputs]
        return maps.side_by_side(photograph, *columns)

    def _still_text(self) -> str:
        words = repr(self)
        if not self._quick:
            return words
        told = self._told_scores()
        if told is None:
            return words
        best = told["best"]
        return f"{words}: {self._class_names[best]}, {self.probabilities[best]:.1%}"

    def _said(self) -> list[str]:
        if not self.layer:
            return []
        noun = "map" if len(self._chosen_shape()) == 3 else "unit"
        return [f"at {self.layer}", *([] if self.unit is None else [f"{noun} {self.unit}"])]


def _column(output: NDArray[np.float32], palette: str) -> NDArray[np.uint8]:
    """Paint the first maps of a layer below each other, for a still picture."""
    limit = display.limit_of(output)
    if output.ndim == 1:
        return maps.at_still_size(display.paint(output[:40, None], palette, limit), 320)
    chosen = np.moveaxis(output[..., :6], 2, 0)
    tiles = [maps.at_still_size(display.paint(one, palette, limit), 48) for one in chosen]
    return maps.one_below_another(*tiles)
