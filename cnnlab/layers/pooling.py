"""Pooling layers: no weights, fewer numbers. Volumes: height, width, channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cnnlab import functional as F
from cnnlab.checks import flag
from cnnlab.layers.base import Array, Layer, Parameters, Shape, WindowSide, settle, volume
from cnnlab.shapes import IntPair, Padding, Window, whole_or_pair, zeros_per_side

__all__ = ["AvgPool2D", "GlobalAvgPool2D", "MaxPool2D"]


@dataclass(frozen=True)
class _Pool2D(Layer):
    """What both kinds share: the sizes."""

    window: IntPair = 2
    stride: IntPair | None = None
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        settle(
            self,
            window=whole_or_pair(self.window, "window"),
            stride=None if self.stride is None else whole_or_pair(self.stride, "stride"),
            padding=zeros_per_side(self.padding),
        )

    def _over(self, input_shape: Shape) -> Window:
        height, width, _ = volume(input_shape, type(self).__name__)
        return Window.pooling((height, width), self.window, self.stride, self.padding)

    def output_shape(self, input_shape: Shape) -> Shape:
        window = self._over(input_shape)
        return window.out_height, window.out_width, input_shape[2]

    def sliding_window(self, input_shape: Shape) -> tuple[WindowSide, WindowSide] | None:
        window = self._over(input_shape)
        return (window.height, window.stride[0], 1), (window.width, window.stride[1], 1)


@dataclass(frozen=True)
class MaxPool2D(_Pool2D):
    """Keep the largest number under each position of a window, channel by channel.

    Parameters
    ----------
    window : int or (int, int)
        Rows and columns of the pooling window.
    stride : int or (int, int), optional
        As far as the window is large, unless given.
    padding : int or (int, int) or "same" or "valid"
        Never wins; at most half the window.

    Examples
    --------
    >>> MaxPool2D().output_shape((148, 148, 32))
    (74, 74, 32)
    """

    kind: ClassVar[str] = "MaxPooling2D"

    def forward(
        self,
        parameters: Parameters,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        del parameters, training, rng
        return F.max_pool2d(x, self.window, self.stride, self.padding), x

    def backward(
        self, parameters: Parameters, cache: Any, grad_output: Array
    ) -> tuple[Array, dict[str, Array]]:
        del parameters
        grad_input = F.max_pool2d_backward(
            grad_output, cache, self.window, self.stride, self.padding
        )
        return grad_input, {}


@dataclass(frozen=True)
class AvgPool2D(_Pool2D):
    """Average what lies under each position of a window, channel by channel.

    Parameters
    ----------
    window : int or (int, int)
        Rows and columns of the pooling window.
    stride : int or (int, int), optional
        As far as the window is large, unless given.
    padding : int or (int, int) or "same" or "valid"
        At most half the window.
    count_padding : bool
        Whether it counts as zeros. Else an average is that of the pixels of the image alone.

    Examples
    --------
    >>> AvgPool2D(window=3, stride=2).output_shape((7, 7, 4))
    (3, 3, 4)
    """

    kind: ClassVar[str] = "AveragePooling2D"

    count_padding: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, count_padding=flag(self.count_padding, "count_padding"))

    def forward(
        self,
        parameters: Parameters,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        del parameters, training, rng
        output = F.avg_pool2d(
            x, self.window, self.stride, self.padding, count_padding=self.count_padding
        )
        return output, x.shape

    def backward(
        self, parameters: Parameters, cache: Any, grad_output: Array
    ) -> tuple[Array, dict[str, Array]]:
        del parameters
        grad_input = F.avg_pool2d_backward(
            grad_output,
            cache,
            self.window,
            self.stride,
            self.padding,
            count_padding=self.count_padding,
        )
        return grad_input, {}


@dataclass(frozen=True)
class GlobalAvgPool2D(Layer):
    """Average each whole feature map into one number.

    Notes
    -----
    Lin, Chen and Yan 2014, *Network in network*, section 3.2.

    Examples
    --------
    >>> GlobalAvgPool2D().output_shape((7, 7, 64))
    (64,)
    """

    kind: ClassVar[str] = "GlobalAveragePooling2D"

    def output_shape(self, input_shape: Shape) -> Shape:
        return (volume(input_shape, "GlobalAvgPool2D")[2],)

    def sliding_window(self, input_shape: Shape) -> tuple[WindowSide, WindowSide] | None:
        height, width, _ = volume(input_shape, "GlobalAvgPool2D")
        return (height, 1, 1), (width, 1, 1)

    def forward(
        self,
        parameters: Parameters,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        del parameters, training, rng
        output = F.avg_pool2d(x, (x.shape[1], x.shape[2]))
        return output.reshape(len(x), -1), x.shape

    def backward(
        self, parameters: Parameters, cache: Any, grad_output: Array
    ) -> tuple[Array, dict[str, Array]]:
        del parameters
        grad_output = grad_output[:, np.newaxis, np.newaxis, :]
        return F.avg_pool2d_backward(grad_output, cache, cache[1:3]), {}
