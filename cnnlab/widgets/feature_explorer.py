"""FeatureExplorer: why a network answers as it does, and the control that tells what to believe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from cnnlab import display, features
from cnnlab.layers import Conv2D
from cnnlab.widgets.shared import evidence, maps
from cnnlab.widgets.shared.explained_photo import ExplainedPhoto
from cnnlab.widgets.shared.looking import Packing
from cnnlab.widgets.shared.photo import white_of
from cnnlab.widgets.shared.strongest import PATCHES, Strongest
from cnnlab.widgets.shared.traits import OneOf, Palette
from cnnlab.widgets.shared.widget import Reply, Request

__all__ = ["FeatureExplorer"]

Float32 = NDArray[np.float32]

_LARGE = 512  # pixels a side of the input and of the chosen map


class FeatureExplorer(ExplainedPhoto, stem="feature_explorer"):
    """Ask a network why: cover the picture, map what a class rests on, shuffle the weights.

    An occluder slides over the picture as the network sees it, and the score follows. Saliency,
    occlusion and Grad-CAM stand side by side for the class that was chosen; where weights are
    shuffled, from the top layer on, each map tells how alike it is to that of the trained network.
    Of any unit the strongest patches of a data set are found, and its receptive field is framed.

    Parameters
    ----------
    network : Network
        Any one that takes grey or coloured images. It stays as it is: a copy is shuffled.
    image : str, path, bytes or array_like of shape (height, width) or (height, width, channels)
        What `FilterLab` takes, or an image as the network takes it. Without one, the first image
        of `data`, or an image of the kind that the network was trained on.
    data : Dataset, optional
        To look for patches in, and to leaf through; its images are as the network takes them.
    class_names : sequence of str
        One for each score; by default those of `data`, or of the weights that ship.
    layer : str, optional
        The layer to look at, as in the summary.
    unit : int, optional
        Which of its maps, or which number of its vector, from 0.
    at : (int, int), optional
        Row and column in that map, from 0; by default where it responds most strongly.
    target : int, optional
        The class that is explained, from 0. None explains nothing: a map needs a class.
    of : "score" or "probability"
        Whether the score before a final softmax is explained, or the probability after it.
    colours : "own" or "shared"
        Whether each map has a scale of its own, or all that are shown have one.
    signed : bool
        Whether Grad-CAM is shown before its ReLU, with what counts against the class.
    occluder : int
        Rows and columns of what covers the picture, in pixels of the network's input.
    fill : float, (float, float, float) or None
        Its brightness, or colour; None is the mean of the picture.
    cover : (int, int), optional
        Row and column of its upper left corner, from 0; None takes it off the picture.
    shuffled : int
        How many layers, from the top, have had their weights shuffled in the control.
    seed : int
        Decides how.
    fitting : "auto", "ink" or "whole"
        How a picture of another size becomes an input, as in `NetworkExplorer`.
    palette : str
        One of `display.PALETTES`, or "auto". Maps of importance keep zero in the middle.

    Raises
    ------
    DataError, ShapeError
        If there is no such layer, unit or class, or the network does not take pictures.
    TypeError
        If an option is not known.

    Notes
    -----
    Zeiler and Fergus 2014, *Visualizing and understanding convolutional networks*; Simonyan,
    Vedaldi and Zisserman 2013; Selvaraju et al. 2017, *Grad-CAM*; Adebayo et al. 2018, *Sanity
    checks for saliency maps*.

    Examples
    --------
    >>> from cnnlab import zoo
    >>> explorer = FeatureExplorer(zoo.pretrained("lenet5"), target=7, cover=(0, 0))
    >>> explorer
    FeatureExplorer(8 layers: 28x28x1 -> 10, score of 7, covered at 0, 0)
    >>> explorer.explanations["grad_cam"].shape
    (28, 28)
    >>> explorer.shuffled = 1
    >>> sorted(explorer.alike)
    ['grad_cam', 'occlusion', 'saliency']
    """

    colours = OneOf(own="Own scale", shared="Shared scale")

    _keys = traitlets.Dict()  # of each section of the last answer: what it depends on, its number
    _strongest: Strongest | None = None

    # -- what is found ------------------------------------------------------------------------

    @property
    def patches(self) -> list[features.Patch]:
        """What the chosen unit responds to most strongly in the data set.

        Raises
        ------
        DataError
            If there is no data set, or no unit is chosen.
        """
        with self._lock:
            finder = self._finder()
            layer, unit = self._chosen_unit()
            search = finder.search(layer)
            search.advance()
            return search.strongest(unit, PATCHES)

    @property
    def field(self) -> features.Box | None:
        """What of the picture the chosen place depends on: (top, left, bottom, right), or None."""
        with self._lock:
            if self.layer is None or self.unit is None:
                return None
            row, column = self.place or (0, 0)
            return features.receptive_field(self._network, self.layer, row, column)

    def _finder(self) -> Strongest:
        """Give what looks through the data set, if there is one."""
        data = self._leafed()
        if self._strongest is None:
            self._strongest = Strongest(self._network, data)
        return self._strongest

    def rest(self) -> None:
        """Forget what can be computed again; nobody sees the widget now, and it goes on as ever."""
        with self._lock:
            self._strongest = None
        super().rest()

    # -- answers to the page ------------------------------------------------------------------

    def _answered(self, content: Mapping[str, Any], seconds: float) -> Reply:
        have, ends = content.get("have") or {}, perf_counter() + seconds
        run = self._current()
        run.advance(len(run.rows), seconds)
        packing = Packing(Palette.named(self.palette), each=False)
        about: dict[str, Any] = {"keys": {}, "sections": {}, "more": run.done < len(run.rows)}

        def section(name: str, depends: Any, write: Callable[[Packing], dict[str, Any]]) -> None:
            key = self._key(name, (self._token, depends))
            about["keys"][name] = key
            if have.get(name) != key:
                about["sections"][name] = write(packing)

        section("input", None, self._told_input)
        number = self._number()
        if self.layer and number < run.done:
            section("layer", (self.layer, self.palette), self._told_layer)
            if self.unit is not None:
                chosen = self.layer, self.unit, self.at, self.palette
                section("unit", chosen, self._told_unit)
        if run.done == len(run.rows) and (scores := self._told_scores()) is not None:
            about |= {"scores": scores, "cover": self._told_cover()}
            if self.target is not None:
                asked, explaining = self._asked(), self._explainer()
                finished = explaining.advance(asked, ends - perf_counter())
                about["more"] = not finished
                depends = asked, self.colours, self.palette, explaining.progress(asked)
                section("maps", depends, self._told_maps)
        return {**about, "parts": packing.parts}, [packing.packed()]

    def _key(self, name: str, depends: Any) -> int:
        """Give what a section of an answer depends on a number: the page says which it has."""
        before, number = self._keys.get(name, (None, 0))
        if before != depends:
            number += 1
            self._keys[name] = depends, number
        return int(number)

    def _told_input(self, packing: Packing) -> dict[str, Any]:
        image = self._current().image
        part = len(packing.parts)
        packing.add_input(image, _LARGE)
        means = image.mean(axis=(0, 1), dtype=np.float64)
        return {"part": part, "white": white_of(image), "mean": list(map(maps.finite, means))}

    def _told_layer(self, packing: Packing) -> dict[str, Any]:
        number, part = self._number(), len(packing.parts)
        output = self._current().output(number)
        packing.add_thumbnails(number, output)
        return {"part": part, "name": self.layer}

    def _told_unit(self, packing: Packing) -> dict[str, Any]:
        """Pack the chosen map as it is, and say what its place depends on."""
        number, part, place = self._number(), len(packing.parts), self.place
        output = self._current().output(number)
        about = {"layer": self.layer, "unit": self.unit, "field": list(self.field or ())}
        if output.ndim != 3:
            return {**about, "value": maps.finite(output[self.unit])}
        chosen = output[..., self.unit]
        limit = display.limit_of(chosen)
        packing.add(number, output, self.unit, 1, _LARGE, limit=limit)
        return {
            **about, "part": part, "place": list(place or ()), "value": maps.finite(chosen[place]),
            **maps.ends(chosen), "limit": limit, "shape": list(chosen.shape),
        }  # fmt: skip

    def _told_maps(self, packing: Packing) -> dict[str, Any]:
        shared = self.colours == "shared"
        asked, explaining = self._asked(), self._explainer()
        about = evidence.told(explaining, asked, packing, shared=shared, palette=self.palette)
        return {**about, "target": asked.target, "of": asked.of}

    def _told_cover(self) -> dict[str, Any] | None:
        """Say what the network answers to the covered picture, and what it answered before."""
        if self.cover is None:
            return None
        before, after = self._watched(self.network_input), self._watched(self.covered)
        best = int(after[0].argmax())
        about: dict[str, Any] = {
            "at": list(self.cover), "best": best, "sure": maps.finite(after[1][best]),
        }  # fmt: skip
        if self.target is None:
            return about
        pairs = zip(("score", "probability"), before, after, strict=True)
        return {
            **about, "target": self.target,
            **{
                name: [maps.finite(one[self.target]), maps.finite(other[self.target])]
                for name, one, other in pairs
            },
        }  # fmt: skip

    def answer_patches(self, request: Request) -> Reply:
        """Look a little further for the strongest patches of the chosen unit."""
        finder, known = self._finder(), request.content.get("known")
        if self.layer is None or self.unit is None:
            return {"found": None}, []
        about, packed = finder.told(self.layer, self.unit, self._moment, known)
        return about, [packed]

    def _page_facts(self) -> dict[str, Any]:
        weights = [name.split(".")[0] for name in features.shuffles(self._network)]
        rows = self._network.sequential.rows
        maps_of = [row.name for row in rows if isinstance(row.layer, Conv2D)]
        after = [row for row in rows if maps_of and row.name == maps_of[-1]]
        return {
            **super()._page_facts(), "weights": weights, "explains": self._scored(),
            "most": min(self._shape[:2]), "camLayer": after[0].name if after else None,
        }  # fmt: skip

    # -- in words -----------------------------------------------------------------------------

    def code(self) -> str:
        """Write the Python that computes what is shown.

        Returns
        -------
        str
            Lines that end with ``maps``, ``alike`` and ``patches``, as far as they are shown.
        """
        with self._lock:
            lines = self._opening_code()
            if self.cover is not None:
                (row, column), size = self.cover, self._size()
                tone = "image.mean(axis=(0, 1))" if self.fill is None else self.fill
                lines += [
                    "covered = image.copy()",
                    f"covered[{row}:{row + size}, {column}:{column + size}] = {tone}",
                    "scoring = features.without_softmax(net)",
                    "before, after = scoring.predict([image, covered])",
                ]
            if self.target is not None:
                lines += self._code_of_maps()
            if self.layer and self.unit is not None:
                row, column = self.place or (0, 0)
                lines.append(
                    f'field = features.receptive_field(net, "{self.layer}", {row}, {column})'
                )
                if self._data is not None:
                    lines += [
                        "data = explorer.data  # the images in this widget",
                        f'patches = features.strongest_patches(net, data, "{self.layer}", '
                        f"{self.unit})",
                    ]
            return "\n".join(lines) + "\n"

    def _code_of_maps(self) -> list[str]:
        asked, explaining = self._asked(), self._explainer()
        of = f'of="{asked.of}"'
        calls = {
            "saliency": f"features.saliency(net, image, target, {of})",
            "occlusion": f"features.occlusion(net, image, target, {asked.size}, "
            f"{explaining.stride(asked.size)}, fill={asked.fill}, {of})",
            "grad_cam": f"features.grad_cam(net, image, target, {of}, signed={asked.signed})",
        }
        lines = [
            f"target = {asked.target}  # {self._class_names[asked.target]}",
            "def explain(net):", "    return {",
            *(f'        "{name}": {calls[name]},' for name in explaining.names),
            "    }", "maps = explain(net)",
        ]  # fmt: skip
        if asked.shuffled:
            lines += [
                f"control = explain(features.shuffled(net, {asked.shuffled}, seed={asked.seed}))",
                "alike = {",
                "    name: features.rank_correlation(one, control[name]) "
                "for name, one in maps.items()",
                "}",
            ]
        return lines

    def _still(self) -> NDArray[np.uint8]:
        image = self.covered[..., 0] if self._shape[2] == 1 else self.covered
        shown = [display.photograph(image, white=white_of(image))]
        if self.target is not None and self._quick:
            found = list(self.explanations.values())
            scale = evidence.limits(found, shared=self.colours == "shared")
            palette = evidence.palette_of(self.palette)
            shown += [
                display.paint(one, palette, limit) for one, limit in zip(found, scale, strict=True)
            ]
        return maps.side_by_side(*(maps.at_still_size(one, 200) for one in shown))

    def _still_text(self) -> str:
        if self.target is None or not self._quick:
            return repr(self)
        names = ", ".join(name.replace("_", "-") for name in self.explanations)
        return f"{self!r}: the picture, and its maps of {names}"

    def _said(self) -> list[str]:
        said = []
        if self.target is not None:
            said.append(f"{self.of} of {self._class_names[self.target]}")
        if self.cover is not None:
            said.append(f"covered at {self.cover[0]}, {self.cover[1]}")
        if self.layer and self.unit is not None:
            said.append(f"unit {self.unit} of {self.layer}")
        if self.shuffled:
            said.append(f"{self.shuffled} shuffled")
        return said
