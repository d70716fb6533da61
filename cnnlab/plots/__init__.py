"""Pictures for the page: every function draws one and returns it, ready to be shown or saved.

A `Picture` is a matplotlib figure (``picture.axes``, ``picture.savefig("mine.png")``) that shows
itself at the end of a cell and carries a description in words. Nothing is global: no pyplot.
"""

from __future__ import annotations

from cnnlab.plots.boxes import volumes
from cnnlab.plots.curves import curves
from cnnlab.plots.experiments import bins, search, strip_plot
from cnnlab.plots.learning import confusion, learning_curves
from cnnlab.plots.networks import feature_maps, filters
from cnnlab.plots.picture import Picture
from cnnlab.plots.pixels import image, numbers, overlay, patches, receptive_field, side_by_side
from cnnlab.plots.speed import roofline, times

__all__ = [
    "Picture",
    "bins",
    "confusion",
    "curves",
    "feature_maps",
    "filters",
    "image",
    "learning_curves",
    "numbers",
    "overlay",
    "patches",
    "receptive_field",
    "roofline",
    "search",
    "side_by_side",
    "strip_plot",
    "times",
    "volumes",
]
