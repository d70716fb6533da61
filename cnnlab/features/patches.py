"""Patches: what of a data set a unit responds to most strongly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlab import checks
from cnnlab.checks import kind_of
from cnnlab.datasets import Dataset
from cnnlab.errors import DataError
from cnnlab.features._checks import checked_unit
from cnnlab.features.cutting import cut_after
from cnnlab.features.fields import Box, receptive_field
from cnnlab.features.sweep import Sweep, batch_of
from cnnlab.layers import Array
from cnnlab.network import Network

__all__ = ["Patch", "PatchSearch", "strongest_patches"]


class Patch(NamedTuple):
    """A place in an image that a unit responds to.

    Attributes
    ----------
    activation : float
        How strongly.
    image : int
        Which image of the data set.
    box : (top, left, bottom, right)
        Where in it: the unit's receptive field.
    pixels : ndarray of shape (bottom - top, right - left, channels), float32
        What is there.
    """

    activation: float
    image: int
    box: Box
    pixels: Array


def strongest_patches(
    net: Network, data: Dataset, layer: str, unit: int, count: int = 9
) -> list[Patch]:
    """Look through a data set for what a unit responds to most strongly.

    Of each image only the strongest place counts, so that the patches come from as many images.

    Parameters
    ----------
    net : Network
    data : Dataset
    layer : str
        Its name, as in the summary.
    unit : int
        Which channel of its maps, or which number of its vector, from 0.
    count : int
        How many patches.

    Returns
    -------
    list of Patch
        The strongest first.

    Raises
    ------
    DataError
        If there is no such layer.
    ShapeError
        If there is no such unit, or the images are not of the shape that the network takes.

    Notes
    -----
    Zeiler and Fergus 2014, *Visualizing and understanding convolutional networks*, figure 2.
    """
    search = PatchSearch(net, data, layer, unit)
    search.advance()
    return search.strongest(unit, count)


class PatchSearch(Sweep):
    """Look for what the units of a layer respond to, a piece of the data set at a time.

    One look through the images serves all units of the layer.

    Parameters
    ----------
    net : Network
    data : Dataset
    layer : str
        Its name, as in the summary.
    unit : int, optional
        Look for this one only, which takes less memory.

    Attributes
    ----------
    done, count : int
        Images looked at so far, and of how many.

    Raises
    ------
    DataError, ShapeError
        As in `strongest_patches`.

    Examples
    --------
    >>> from cnnlab import datasets, zoo
    >>> search = PatchSearch(zoo.pretrained("digits_net"), datasets.digits().test, "conv2d_2")
    >>> search.advance(), search.done
    (True, 359)
    >>> [patch.image for patch in search.strongest(0, 3)]
    [274, 95, 125]
    """

    def __init__(self, net: Network, data: Dataset, layer: str, unit: int | None = None) -> None:
        self._data, self._net = kind_of(data, Dataset, "data", "datasets.digits().test"), net
        self._until, self._layer = cut_after(net, layer), layer
        self._only = None if unit is None else checked_unit(self._until, layer, unit)
        self._batch = batch_of(self._until)
        self._strength: list[Array] = []
        self._places: list[NDArray[np.int64]] = []
        self.done, self.count = 0, len(data)

    def _take_some(self) -> None:
        answers = self._until.predict(self._data.images[self.done : self.done + self._batch])
        if self._only is not None:
            answers = answers[..., self._only, np.newaxis]
        flat = answers.reshape(len(answers), -1, answers.shape[-1])
        place = flat.argmax(axis=1)
        self._places.append(place)
        self._strength.append(np.take_along_axis(flat, place[:, np.newaxis], 1)[:, 0])
        self.done += len(answers)

    def strongest(self, unit: int, count: int = 9) -> list[Patch]:
        """Give what a unit responds to most strongly, of the images looked at so far.

        Parameters
        ----------
        unit : int
            From 0.
        count : int
            How many patches.

        Returns
        -------
        list of Patch
            The strongest first, one of each image; none before `advance`.

        Raises
        ------
        DataError
            If this unit was not looked for.
        ShapeError
            If there is no such unit.
        """
        unit, count = checked_unit(self._until, self._layer, unit), checks.whole(count, "count")
        if self._only not in {None, unit}:
            raise DataError(
                f"this search looks for unit {self._only} only, got unit={unit}; "
                f"try PatchSearch(net, data, {self._layer!r})"
            )
        if not self.done:
            return []
        column = 0 if self._only is not None else unit
        strength = np.concatenate([part[:, column] for part in self._strength])
        where = np.concatenate([part[:, column] for part in self._places])
        shape = self._until.sequential.output_shape
        across = shape[1] if len(shape) == 3 else 1
        patches = []
        # A stable sort, so that of equal answers the first image comes first.
        for image in np.argsort(-strength, kind="stable")[:count]:
            box = receptive_field(self._net, self._layer, *divmod(int(where[image]), across))
            top, left, bottom, right = box
            pixels = self._data.images[image, top:bottom, left:right].copy()
            patches.append(Patch(float(strength[image]), int(image), box, pixels))
        return patches
