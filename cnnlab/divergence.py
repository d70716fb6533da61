"""Divergence: where the numbers of a training ran away, and what to try.

A step that went wrong is taken apart once more, in the order in which it was computed: images,
outputs of the layers, loss, gradients, new parameters. The first number that is not finite is the
cause; all behind it follow from it.
"""

from __future__ import annotations

import math

import numpy as np

from cnnlab.layers import Array
from cnnlab.network import Differentiated, LayerArrays, Network
from cnnlab.sequential import Row

__all__ = ["DivergedError", "diagnose"]


class DivergedError(ArithmeticError):
    """A training whose numbers ran away. The network is as it was before that step.

    Attributes
    ----------
    layer : str or None
        The first layer that gave anything but finite numbers; None if it was the images, or
        the loss.
    step : int
        Which step, counted from 1.
    """

    def __init__(self, message: str, layer: str | None, step: int) -> None:
        super().__init__(message)
        self.layer = layer
        self.step = step


def diagnose(
    net: Network,
    images: Array,
    rng: np.random.Generator | None,
    found: Differentiated,
    reached: LayerArrays | None = None,
    *,
    step: int,
    learning_rate: float,
) -> DivergedError:
    """Find out where the numbers of a step ran away, and say what to try.

    Parameters
    ----------
    net : Network
        As it was before the step.
    images : ndarray of shape (batch, *input_shape), float32
        What the step saw.
    rng : numpy.random.Generator or None
        As it was before dropout drew from it.
    found : Differentiated
        What came of them.
    reached : tuple of dict, optional
        The parameters that the step would have put in place; None if it did not get so far.
    step : int
        Counted from 1.
    learning_rate : float
        As it is set, before the schedule.

    Returns
    -------
    DivergedError
    """
    if not np.isfinite(images).all():
        return DivergedError(
            f"the images of step {step} are not all finite numbers; "
            "look for NaN in the data with np.isfinite(images)",
            None,
            step,
        )
    what, row = _first_break(net, images, rng, found, reached, step)
    return DivergedError(
        f"{what}; the network is as it was before; "
        f"try a learning rate of {learning_rate / 10:g} (it is {learning_rate:g}), "
        "first weights of initializer='he_normal', and images scaled to [0, 1]",
        None if row is None else row.name,
        step,
    )


def _first_break(
    net: Network,
    images: Array,
    rng: np.random.Generator | None,
    found: Differentiated,
    reached: LayerArrays | None,
    step: int,
) -> tuple[str, Row | None]:
    rows = net.sequential.rows
    with np.errstate(all="ignore"):  # what would be warned of is what is being looked for
        outputs = net.trace(images, training=True, rng=rng).outputs
    for row in rows:
        if not np.isfinite(outputs[row.name]).all():
            return (
                f"the loss became {found.loss} in step {step}; {row.name} ({row.layer.kind}) "
                "is the first layer whose output is not finite"
            ), row
    if not math.isfinite(found.loss):
        return f"the loss became {found.loss} in step {step}, from scores that are finite", None
    for row, gradients in zip(reversed(rows), reversed(found.gradients), strict=True):
        if not all(np.isfinite(gradient).all() for gradient in gradients.values()):
            return (
                f"in step {step} the gradient of {row.name} ({row.layer.kind}) "
                "is the first on the way back that is not finite"
            ), row
    for row, arrays in zip(rows, reached or (), strict=False):
        for key, array in arrays.items():
            if not np.isfinite(array).all():
                return (
                    f"step {step} would give {row.name} ({row.layer.kind}) {key} "
                    "with numbers that are not finite"
                ), row
    steepest, _ = max(
        zip(rows, found.gradients, strict=True),
        key=lambda pair: max((np.abs(array).max() for array in pair[1].values()), default=0),
    )
    return (
        f"in step {step} the gradient of {steepest.name} ({steepest.layer.kind}) "
        "is so long that float32 cannot hold its square"
    ), steepest
