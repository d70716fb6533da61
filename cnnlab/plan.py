"""What to compute for a stack of layers, and in which order, where nobody looks in between.

`Network.forward` shows every layer's output and keeps to the layers as they were declared. A
prediction, or a step of training, needs only what comes out: there is a shorter way to the same
answer and the same gradients.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from cnnlab.functional.chain import MOST_WORK, Chain, Link
from cnnlab.layers import Conv2D, Dense, Dropout, Flatten, Layer, MaxPool2D, ReLU
from cnnlab.sequential import Sequential
from cnnlab.shapes import pair

__all__ = ["Step", "chain", "steps"]


class Step(NamedTuple):
    """One layer to compute, and the place in `Sequential.rows` whose parameters it takes."""

    place: int
    layer: Layer


def steps(stack: Sequential) -> tuple[Step, ...]:
    """Say what to compute, one after the other.

    The largest of some numbers stays the largest when all of them are rectified: so ReLU comes
    *behind* max pooling, where a quarter of the numbers are left. Elsewhere the convolution before
    it rectifies its sums at once.

    Parameters
    ----------
    stack : Sequential

    Returns
    -------
    tuple of Step

    Examples
    --------
    >>> layers = [Conv2D(4), ReLU(), MaxPool2D(), Conv2D(8), ReLU()]
    >>> [step.layer.kind for step in steps(Sequential(layers, (12, 12, 1)))]
    ['Conv2D', 'MaxPooling2D', 'ReLU', 'Conv2D']
    """
    planned: list[Step] = []
    for place, layer in enumerate(stack.layers):
        last = planned[-1].layer if planned else None
        if type(layer) is ReLU and type(last) is Conv2D and last.activation is None:
            planned[-1] = Step(planned[-1].place, replace(last, activation="relu"))
        elif type(layer) is MaxPool2D and layer.padding in ("valid", 0) and _rectifies(last):
            before = planned.pop()
            if type(last) is Conv2D:
                planned.append(Step(before.place, replace(last, activation=None)))
            planned += [Step(place, layer), Step(place, ReLU())]
        else:
            planned.append(Step(place, layer))
    return tuple(planned)


def _rectifies(layer: Layer | None) -> bool:
    """Whether ReLU is the last thing that happens in a layer."""
    return type(layer) is ReLU or (type(layer) is Conv2D and layer.activation == "relu")


def chain(stack: Sequential) -> Chain | None:
    """Put the steps into one compiled call, for one image; None if too large or too varied.

    The same kernels do the same work, but for a small network calling them one by one from Python
    takes several times as long.
    """
    if len(stack.input_shape) != 3 or stack.multiply_adds > MOST_WORK:
        return None
    links: list[Link] = []
    for _, layer in steps(stack):
        if type(layer) in {Flatten, Dropout}:  # nothing to compute for an answer
            continue
        if type(layer) is ReLU and links:
            links[-1] = links[-1]._replace(relu=True)
            continue
        link = _link(layer, links[-1].channels if links else stack.input_shape[2])
        if link is None:
            return None
        links.append(link)
    return Chain(links, stack.input_shape) if links else None


def _link(layer: Layer, channels: int) -> Link | None:
    """Give what a layer does to so many channels as a link of a chain; None if it cannot be."""
    relu = getattr(layer, "activation", None) == "relu"
    if type(layer) is Conv2D and pair(layer.dilation, "dilation") == (1, 1):
        link = Link("conv2d", layer.filters, layer.kernel_size, layer.stride, layer.padding, relu)
        return link if layer.activation in {None, "relu"} else None
    if type(layer) is MaxPool2D and layer.padding in {"valid", 0}:
        stride = layer.window if layer.stride is None else layer.stride
        return Link("max_pool2d", channels, layer.window, stride)
    if type(layer) is Dense and layer.activation in {None, "relu"}:
        return Link("dense", layer.units, relu=relu)
    return None
