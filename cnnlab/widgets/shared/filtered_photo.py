"""The base of widgets that lay a filter on a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import ShapeError
from cnnlab.widgets.shared import weights
from cnnlab.widgets.shared.photo import channels_of
from cnnlab.widgets.shared.photo_widget import PhotoWidget
from cnnlab.widgets.shared.traits import Array

__all__ = ["FilteredPhoto"]

_LARGEST_FILTER = 7


class FilteredPhoto(PhotoWidget):
    """A widget with a picture and a filter that fits its channels.

    ``widget.filter`` is set to a name of `filters.CATALOGUE` or to weights, and reads as weights of
    shape (filter_height, filter_width) or, for a picture in colour, (..., 3).
    """

    filter = Array("_read_filter", "identity")

    def _read_filter(self, value: Any) -> NDArray[np.float32]:
        read = weights.read(value, _LARGEST_FILTER)
        channels = channels_of(self.image)
        if read.ndim == 3 and read.shape[2] == 1:
            read = read[..., 0]
        if read.ndim == 3 and read.shape[2] != channels:
            raise ShapeError(
                f"the filter has {read.shape[2]} slices and the picture {channels} "
                f"channel{'s' if channels > 1 else ''}; give one slice of weights for each "
                f"channel, or set lab.colour"
            )
        return np.stack([read] * 3, axis=2) if read.ndim < channels else read

    def _photo_changed(self) -> None:
        """Keep the look of the filter when the picture turns from grey to colour or back."""
        super()._photo_changed()
        if self.filter.ndim == 3 and self.image.ndim == 2:
            self.filter = self.filter.mean(axis=2)
        else:
            self.filter = self.filter  # read anew: a slice for each channel

    def _page_facts(self) -> dict[str, Any]:
        presets = weights.presets(_LARGEST_FILTER)
        return {**super()._page_facts(), "filters": presets, "largestFilter": _LARGEST_FILTER}
