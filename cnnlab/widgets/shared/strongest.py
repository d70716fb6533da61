"""The strongest patches of a unit, packed for the page while a data set is looked through."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnlab import features
from cnnlab.datasets import Dataset
from cnnlab.network import LayerArrays, Network
from cnnlab.widgets.shared.looking import Packing
from cnnlab.widgets.shared.maps import finite

__all__ = ["PATCHES", "Strongest"]

PATCHES = 9
_LARGEST = 96  # pixels a side of an image that is sent


class Strongest:
    """What the units of a layer respond to in a data set.

    One look through the images serves all units of a layer; it is kept while the weights stay.

    Parameters
    ----------
    net : Network
    data : Dataset
    """

    def __init__(self, net: Network, data: Dataset) -> None:
        self._net, self._data = net, data
        self._searches: dict[str, features.PatchSearch] = {}
        self._weights: LayerArrays | None = None

    def search(self, layer: str) -> features.PatchSearch:
        """Give the search through a layer with the weights that the network has now."""
        if self._weights is not self._net.layer_parameters:
            self._weights, self._searches = self._net.layer_parameters, {}
        if layer not in self._searches:
            self._searches[layer] = features.PatchSearch(self._net, self._data, layer)
        return self._searches[layer]

    def told(
        self, layer: str, unit: int, seconds: float, known: Any
    ) -> tuple[dict[str, Any], bytes]:
        """Look a little further, and tell what was found.

        Parameters
        ----------
        layer : str
        unit : int
        seconds : float
            After how long to stop.
        known : list of int or None
            The images that the page has: they do not travel again.

        Returns
        -------
        dict
            ``done`` of ``count`` images, and ``found``: of each patch its image, its label, how
            strongly the unit responds and where, in pixels of the image as it is.
        bytes
            The images, as `Packing` has them.
        """
        search = self.search(layer)
        search.advance(seconds)
        found = search.strongest(unit, PATCHES)
        packing = Packing("grey", each=True)
        which = [patch.image for patch in found]
        if which != known:
            for number in which:
                packing.add_input(self._data.images[number], _LARGEST)
        names, labels = self._data.class_names, self._data.labels
        about = {
            "layer": layer, "unit": unit, "done": search.done, "count": search.count,
            "parts": packing.parts,
            "found": [
                {"image": patch.image, "name": names[labels[patch.image]], "box": list(patch.box),
                 "activation": finite(np.float32(patch.activation))}
                for patch in found
            ],
        }  # fmt: skip
        return about, packing.packed()
