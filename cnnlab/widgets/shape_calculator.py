"""ShapeCalculator: where a window stands, what comes out, how far a chain of layers sees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import functional, shapes, zoo
from cnnlab.errors import ShapeError
from cnnlab.layers import AvgPool2D, Conv2D, Dense, Flatten, Layer, MaxPool2D
from cnnlab.layers.base import WindowSide
from cnnlab.widgets.shared import code, maps, strips
from cnnlab.widgets.shared.sizes import Layers, Line, Sides, ZerosPerSide
from cnnlab.widgets.shared.traits import Amount, Count, OneOf
from cnnlab.widgets.shared.widget import Reply, Request, Widget

__all__ = ["ShapeCalculator"]

_CHAIN = (Conv2D(8, 3), MaxPool2D(2), Conv2D(16, 3))
_KINDS = {
    "Convolution": Conv2D(8, 3),
    "Max pooling": MaxPool2D(2),
    "Average pooling": AvgPool2D(2),
    "Flatten": Flatten(),
    "Dense": Dense(10),
}
_PRESETS = {
    "deep_convnet": "A deep ConvNet, 39x39x3",
    "deck_network": "The deck's network, 150x150",
    "lenet5": "LeNet-5, 28x28",
    "alexnet": "AlexNet, 227x227x3",
    "vgg16": "VGG-16, 224x224x3",
}
_SIDES = ("down", "across")


class ShapeCalculator(Widget, stem="shape_calculator"):
    """Sizes by hand: where a window stands, what is dropped, and how far a chain of layers sees.

    Everything can be set on the page and in Python, and each follows the other. The sizes are those
    of `cnnlab.shapes` and of the layers of `cnnlab.layers`.

    Parameters
    ----------
    size : int or (int, int)
        Pixels of the image, height and width; 512 at the most.
    window : int or (int, int)
        Rows and columns of the filter or pooling window.
    stride, dilation : int or (int, int)
        Down and across.
    padding : int or (int, int) or "same" or "valid"
        Pixels added on *each* side. With "same" the page lays TensorFlow's zeros and symmetric ones
        over one row.
    layers : list of Layer, optional
        A chain of layers, shown at first if it is given; read back as a tuple.
    channels : int
        Channels of the image that enters the chain.
    row, column : array_like of shape (numbers,)
        What stands in the pixels, across and down, from the first on; the others hold 1, 2, 3 and
        so on. Each place of the window gives the sum of what it sees: its weights are ones.
    pad_value : float
        What stands in the padding.
    view : "window" or "chain"
        What the page shows: one window, or the chain of layers.

    Raises
    ------
    DataError, ShapeError
        If a setting makes no sense.
    TypeError
        If an option is not known.

    Examples
    --------
    >>> calculator = ShapeCalculator(8, 3, stride=2)
    >>> calculator
    ShapeCalculator(size 8, window 3, stride 2, padding 0, dilation 1: 3x3 places)
    >>> calculator.dropped, calculator.sums.tolist()
    ((1, 1), [6.0, 12.0, 18.0])
    >>> ShapeCalculator(39, layers=[Conv2D(10, 3), MaxPool2D(2)], channels=3)
    ShapeCalculator(39x39x3 -> 37x37x10 -> 18x18x10)
    """

    size = Sides(8, most=512)
    window = Sides(3, most=32)
    stride = Sides(1, most=16)
    padding = ZerosPerSide(most=32)
    dilation = Sides(1, most=16)
    row = Line(most=64)
    column = Line(most=64)
    pad_value = Amount(0.0)
    channels = Count(1, most=4096)
    layers = Layers(_CHAIN, _KINDS)
    view = OneOf(window="One window", chain="Chain of layers")

    def __init__(
        self,
        size: shapes.IntPair = 8,
        window: shapes.IntPair = 3,
        *,
        layers: Iterable[Layer] | None = None,
        **options: Any,
    ) -> None:
        if layers is not None:
            options = {"view": "chain", "layers": layers, **options}
        super().__init__(size=size, window=window, **options)

    # -- what comes out -----------------------------------------------------------------------

    @property
    def output_size(self) -> tuple[int, int]:
        """Places of the window, down and across.

        Raises
        ------
        ShapeError
            If the window does not fit; the message says what would help.
        """
        with self._lock:
            down, across = (shapes.output_size(*self._along(axis)) for axis in (0, 1))
            return down, across

    @property
    def dropped(self) -> tuple[int, int]:
        """Rows and columns at the far end, padding included, that no window reaches.

        Raises
        ------
        ShapeError
            As for `output_size`.
        """
        with self._lock:
            down, across = (shapes.dropped(*self._along(axis)) for axis in (0, 1))
            return down, across

    @property
    def sums(self) -> NDArray[np.float32]:
        """What the window finds across, of shape (out_width,), float32: sums of what it sees.

        Raises
        ------
        ShapeError
            As for `output_size`.
        """
        with self._lock:
            return self._sums(1)

    @property
    def symmetric_sums(self) -> NDArray[np.float32]:
        """The same with half the reach of the window as padding on both sides, whatever is set.

        Of "same", this is what PyTorch's users write; TensorFlow's may begin elsewhere.
        """
        with self._lock:
            return self._sums(1, symmetric=True)

    @property
    def output_shapes(self) -> list[tuple[int, ...]]:
        """What comes out of each layer of the chain.

        Raises
        ------
        ShapeError
            If a layer does not fit; the message names it.
        """
        return [tuple(entry["shape"]) for entry in self._fitting()]

    @property
    def receptive_field(self) -> tuple[int, int]:
        """Pixels of the image that one number behind the whole chain sees, down and across.

        Raises
        ------
        ShapeError
            As for `output_shapes`.
        """
        entries = self._fitting()
        down, across = entries[-1]["field"] if entries else (1, 1)
        return down, across

    def _along(self, axis: int, *, symmetric: bool = False) -> tuple[int, int, int, Any, int]:
        """Give size, window, stride, padding and dilation along one axis."""
        size, window, stride, dilation = (
            shapes.pair(value, "size")[axis]
            for value in (self.size, self.window, self.stride, self.dilation)
        )
        padding = self.padding
        if symmetric:
            padding = (dilation * (window - 1) + 1) // 2
        elif not isinstance(padding, str):
            padding = shapes.pair(padding, "padding", 0)[axis]
        return size, window, stride, padding, dilation

    def _values(self, axis: int) -> NDArray[np.float32]:
        """Give what stands in the pixels: as set, and else 1, 2, 3."""
        values = np.arange(1, self._along(axis)[0] + 1, dtype=np.float32)
        given = (self.column, self.row)[axis][: len(values)]
        values[: len(given)] = given
        return values

    def _zeros(self, axis: int, *, symmetric: bool = False) -> tuple[int, int]:
        size, window, stride, padding, dilation = self._along(axis, symmetric=symmetric)
        if padding == "same":
            return shapes.same_padding(size, window, stride, dilation)
        return (0, 0) if padding == "valid" else (padding, padding)

    def _sums(self, axis: int, *, symmetric: bool = False) -> NDArray[np.float32]:
        along = self._along(axis, symmetric=symmetric)
        shapes.output_size(*along)  # says along which side it does not fit
        zeros = self._zeros(axis, symmetric=symmetric)
        padded = np.pad(self._values(axis), zeros, constant_values=np.float32(self.pad_value))
        ones = np.ones((1, along[1], 1, 1), np.float32)
        stride, dilation = (1, along[2]), (1, along[4])
        images = padded[None, None, :, None]
        found = functional.conv2d(images, ones, stride=stride, dilation=dilation)[0, 0, :, 0]
        found.setflags(write=False)
        return found

    def _chain(self) -> list[dict[str, Any]]:
        """Lay the layers out; the first that does not fit says why, and is the last."""
        shape: tuple[int, ...] = (*shapes.pair(self.size, "size"), self.channels)
        whole, entries = list(shape[:2]), list[dict[str, Any]]()
        walked: tuple[list[WindowSide], list[WindowSide]] = ([], [])
        sees_all = False
        for layer in self.layers:
            try:
                sliding = layer.sliding_window(shape)
                shape = layer.output_shape(shape)
            except ShapeError as error:
                return [*entries, {"error": str(error)}]
            for side, one in zip(walked, sliding or (), strict=False):
                side.append(one)
            sees_all = sees_all or isinstance(layer, Dense)
            field = whole if sees_all else [shapes.receptive_field(side) for side in walked]
            entries.append({"shape": list(shape), "field": field})
        return entries

    def _fitting(self) -> list[dict[str, Any]]:
        with self._lock:
            entries = self._chain()
            if entries and "error" in entries[-1]:
                number = len(entries)
                layer, why = type(self.layers[number - 1]).__name__, entries[-1]["error"]
                raise ShapeError(f"layer {number}, {layer}, does not fit: {why}")
            return entries

    # -- answers to the page ------------------------------------------------------------------

    def _page_facts(self) -> dict[str, Any]:
        """Add networks whose layers can be laid out."""
        presets = []
        for name, title in _PRESETS.items():
            network = zoo.build(name)
            trait: Any = self.traits()["layers"]
            height, width, channels = network.input_shape
            presets.append(
                {
                    "title": title,
                    "size": height if height == width else [height, width],
                    "channels": channels,
                    "layers": trait.as_json(network.layers),
                }
            )
        return {**super()._page_facts(), "presets": presets}

    def answer_frame(self, _request: Request) -> Reply:
        """Give all sizes that the page shows."""
        return {
            "axes": [self._axis(axis) for axis in (0, 1)],
            "symmetric": [self._axis(axis, symmetric=True) for axis in (0, 1)],
            "chain": self._chain(),
        }, []

    def _axis(self, axis: int, *, symmetric: bool = False) -> dict[str, Any]:
        along = self._along(axis, symmetric=symmetric)
        try:
            outputs = shapes.output_size(*along)
        except ShapeError as error:
            return {"error": str(error)}
        return {
            "zeros": list(self._zeros(axis, symmetric=symmetric)),
            "outputs": outputs,
            "dropped": shapes.dropped(*along),
            "untouched": shapes.untouched(*along),
            "sums": [maps.finite(one) for one in self._sums(axis, symmetric=symmetric)],
        }

    # -- in words -----------------------------------------------------------------------------

    def code(self) -> str:
        """Write the Python that gives these very numbers.

        Returns
        -------
        str
            Lines that set ``rows``, ``columns``, ``dropped`` and ``sums``; of a chain ``sizes`` and
            ``fields``.
        """
        with self._lock:
            lines = self._chain_code() if self.view == "chain" else self._window_code()
            return "\n".join(lines) + "\n"

    def _window_code(self) -> list[str]:
        calls = []
        for axis in (0, 1):
            size, window, stride, padding, dilation = self._along(axis)
            calls.append(f"{size}, {window}, {stride=}, {padding=}, {dilation=}".replace("'", '"'))
        size, window, stride, padding, dilation = self._along(1)
        zeros = f"{(padding, padding)}"
        if isinstance(padding, str):
            same = f"shapes.same_padding({size}, {window}, {stride=}, {dilation=})"
            zeros = same if padding == "same" else "(0, 0)"
        return [
            "import numpy as np", "", "from cnnlab import functional as F",
            "from cnnlab import shapes", "",
            f"rows = shapes.output_size({calls[0]})",
            f"columns = shapes.output_size({calls[1]})",
            f"dropped = shapes.dropped({calls[0]}), shapes.dropped({calls[1]})", "",
            "# The row, its padding, and a window of ones that slides over it",
            *code.array("row", self._values(1)[None, :]),
            f"before, after = {zeros}",
            "padded = np.pad(row, ((0, 0), (before, after)), "
            f"constant_values={self.pad_value!r})",
            f"ones = np.ones((1, {window}, 1, 1), np.float32)",
            "images = padded[None, :, :, None]",
            f"sums = F.conv2d(images, ones, stride=(1, {stride}), dilation=(1, {dilation}))"
            "[0, 0, :, 0]",
        ]  # fmt: skip

    def _chain_code(self) -> list[str]:
        if not self.layers:
            return ["sizes, fields = [], []  # no layer yet"]
        shape = (*shapes.pair(self.size, "size"), self.channels)
        return [
            *code.stack(self.layers, shape, "chain"),
            "sizes = [row.output_shape for row in chain]",
            "fields = [row.receptive_field for row in chain]  # pixels seen, down and across",
        ]  # fmt: skip

    def _still(self) -> NDArray[np.uint8]:
        if self.view == "chain":
            shapes_along = [(*shapes.pair(self.size, "size"), self.channels)]
            shapes_along += [one["shape"] for one in self._chain() if "shape" in one]
            return strips.chain([tuple(shape) for shape in shapes_along])
        return strips.window(*(self._along(axis) for axis in self._shown_axes()))

    def _shown_axes(self) -> tuple[int, ...]:
        """Both axes where they differ, else the one across."""
        return (1,) if self._along(0) == self._along(1) else (0, 1)

    def _still_text(self) -> str:
        if self.view == "chain":
            fields = ["{}x{}".format(*one["field"]) for one in self._chain() if "field" in one]
            return f"{self!r}; one number sees {', '.join(fields) or '1x1'} pixels"
        parts = [repr(self)]
        for axis in self._shown_axes():
            lost = self._axis_words(axis)
            parts.append(f"{_SIDES[axis]}: {lost}")
        return "; ".join(parts)

    def _axis_words(self, axis: int) -> str:
        along = self._along(axis)
        try:
            found = shapes.untouched(*along)
        except ShapeError as error:
            return str(error)
        listed = ", ".join(map(str, found))
        return f"no window reaches pixel {listed}" if found else "a window reaches every pixel"

    def __repr__(self) -> str:
        with self._lock:
            if self.view == "chain":
                first = "x".join(map(str, (*shapes.pair(self.size, "size"), self.channels)))
                rest = ["x".join(map(str, one.get("shape", ["?"]))) for one in self._chain()]
                return f"ShapeCalculator({' -> '.join([first, *rest])})"
            settings = ", ".join(
                f"{name} {getattr(self, name)}"
                for name in ("size", "window", "stride", "padding", "dilation")
            )
            try:
                places = "{}x{} places".format(*self.output_size)
            except ShapeError:
                places = "it does not fit"
            return f"ShapeCalculator({settings}: {places})"
