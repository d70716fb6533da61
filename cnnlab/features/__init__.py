"""What a network looks at: maps, fields, the patches a unit likes, the pixels a class rests on.

Axes: row, column, channel of one image; maps of importance are (row, column), as large as the
image, ready for `plots.overlay`. Everything follows from outputs that were kept and from gradients
that come out at the bottom: no hooks, nothing is changed in the network. A class is explained by
its score before a final softmax, or by its probability after one; where nothing is said, only
occlusion watches the probability.
"""

from __future__ import annotations

from cnnlab.features.controls import rank_correlation, shuffled, shuffles
from cnnlab.features.covering import OcclusionSweep, occlusion
from cnnlab.features.cutting import without_softmax
from cnnlab.features.dreams import activation_maximisation
from cnnlab.features.fields import Box, receptive_field, receptive_fields
from cnnlab.features.gradients import grad_cam, input_gradient, saliency
from cnnlab.features.maps import feature_maps
from cnnlab.features.patches import Patch, PatchSearch, strongest_patches

__all__ = [
    "Box",
    "OcclusionSweep",
    "Patch",
    "PatchSearch",
    "activation_maximisation",
    "feature_maps",
    "grad_cam",
    "input_gradient",
    "occlusion",
    "rank_correlation",
    "receptive_field",
    "receptive_fields",
    "saliency",
    "shuffled",
    "shuffles",
    "strongest_patches",
    "without_softmax",
]
