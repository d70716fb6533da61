"""SharedWeights: one small layer as a convolution and as a matrix, and what sharing saves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import display, filters, functional
from cnnlab.errors import ShapeError
from cnnlab.shapes import Window
from cnnlab.widgets.shared import code, maps, sharing, weights
from cnnlab.widgets.shared.traits import Count, Numbers, OneOf, Palette
from cnnlab.widgets.shared.widget import Reply, Request, Widget

__all__ = ["SharedWeights"]

_LARGEST_IMAGE, _LARGEST_FILTER = 8, 3
_IMAGE = [
    [0, 0, 0, 0, 0, 0],
    [0, 3, 0, 0, 0, 0],
    [0, 3, 0, 0, 0, 0],
    [0, 3, 2, 0, 0, 0],
    [0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0],
]
_FILTER = [[4, -1, -3], [5, 1, -4], [3, 2, -2]]  # nine weights, nine colours

Map = NDArray[np.float32]


class _FilterOf(Numbers):
    """A filter by hand, or by its name in the catalogue."""

    def validate(self, obj: Any, value: Any) -> Map:
        return super().validate(obj, weights.named(value))


class SharedWeights(Widget, stem="shared_weights"):
    """One small layer as a convolution and as a matrix; counts; a shift test.

    The same picture goes through three layers: a convolution, a locally connected layer (a filter
    of its own for every place) and a fully connected one. The last two have learned, from the
    picture where it stands at first, to give the very map of the convolution. Then the picture is
    shifted. Everything can be set on the page and in Python, and each follows the other.

    Parameters
    ----------
    image : array_like of shape (height, width), optional
        A small picture, 8x8 at the most.
    filter : str, Filter or array_like of shape (filter_height, filter_width), optional
        A name of `filters.CATALOGUE`, or weights; 3x3 at the most.
    stride : int
        Pixels from one place of the filter to the next, 1 to 3.
    padding : int
        Zeros on each side, 0 to 2.
    layer : "convolution", "local" or "dense"
        Which one's matrix is shown.
    down, right : int
        By how many pixels the picture has been shifted; zeros come in, and what is pushed out
        comes back with it.
    side, channels : int
        Of the square picture of real size for which weights are counted: 3 to 512, 1 to 16.
    palette : str
        One of `display.PALETTES`, or "auto": on a dark page zero is dark, else light.

    Raises
    ------
    DataError, ShapeError
        If a setting makes no sense.
    TypeError
        If an option is not known.

    Examples
    --------
    >>> shared = SharedWeights([[5, 0, 0, 7]], [[1, 2]])
    >>> shared
    SharedWeights(1x4 image, 1x2 filter, convolution: 6 connections, 2 weights)
    >>> shared.matrix
    array([[1., 2., 0., 0.],
           [0., 1., 2., 0.],
           [0., 0., 1., 2.]], dtype=float32)
    >>> shared.costs["dense"].neuron
    3072
    """

    image = Numbers(_IMAGE, most=_LARGEST_IMAGE)
    filter = _FilterOf(_FILTER, most=_LARGEST_FILTER)
    stride = Count(1, most=3)
    padding = Count(0, least=0, most=2)
    layer = OneOf(**sharing.KINDS)
    down = Count(0, least=1 - _LARGEST_IMAGE, most=_LARGEST_IMAGE - 1)
    right = Count(0, least=1 - _LARGEST_IMAGE, most=_LARGEST_IMAGE - 1)
    side = Count(32, least=3, most=512)
    channels = Count(3, most=16)
    palette = Palette()

    def __init__(
        self,
        image: ArrayLike | None = None,
        filter: ArrayLike | filters.Filter | str | None = None,  # noqa: A002 - the course's word
        **options: Any,
    ) -> None:
        self._results: dict[str, Map] = {}
        given = {"image": image, "filter": filter}
        super().__init__(**{k: one for k, one in given.items() if one is not None}, **options)

    def _settings_changed(self) -> None:
        self._results = {}

    # -- what comes out -----------------------------------------------------------------------

    @property
    def _window(self) -> Window:
        height, width = self.filter.shape
        return Window.over(self.image.shape, (height, width), self.stride, self.padding)

    @property
    def picture(self) -> Map:
        """The image as it stands now, shifted, of shape (height, width), float32."""
        with self._lock:
            return sharing.shifted(self.image, self.down, self.right)

    def _connected(self, kind: str) -> NDArray[np.bool_]:
        return sharing.connected(kind, self.image.shape, self._window)

    def _matrix(self, kind: str) -> Map:
        """Write one of the layers as a matrix, by NumPy alone: a still picture needs it too."""
        height, width = self.image.shape
        shared = filters.matrix(self.filter, height, width, self.stride, self.padding)
        if kind == "convolution":
            return shared
        target = shared.astype(np.float64) @ self.image.reshape(-1)
        return sharing.learned(self._connected(kind), self.image, target)

    @property
    def matrix(self) -> Map:
        """The layer that is shown as a matrix, of shape (outputs, pixels), float32.

        Rows are the numbers of the output, columns the pixels, both row by row; zero where nothing
        is connected.

        Raises
        ------
        ShapeError
            If the filter does not fit in the padded image.
        """
        with self._lock:
            return self._matrix(self.layer)

    def _output(self, kind: str, picture: Map) -> Map:
        if kind == "convolution":
            return filters.apply(picture, self.filter, self.stride, self.padding)
        window = self._window
        out = functional.dense(picture.reshape(1, -1), self._matrix(kind).T)
        return out.reshape(window.out_height, window.out_width)

    def _outputs(self) -> dict[str, Map]:
        """Compute what each layer makes of the shifted picture, and the map where it began."""
        if not self._results:
            found = {kind: self._output(kind, self.picture) for kind in sharing.KINDS}
            found["before"] = self._output("convolution", self.image)
            for one in found.values():
                one.setflags(write=False)
            self._results = found
        return self._results

    @property
    def output(self) -> Map:
        """What comes out of the layer, of shape (out_height, out_width), float32; read-only.

        Raises
        ------
        ShapeError
            If the filter does not fit in the padded image.
        """
        with self._lock:
            return self._outputs()[self.layer]

    @property
    def counts(self) -> dict[str, sharing.Counts]:
        """Connections, weights and zeros of each matrix, by layer.

        Two weights of a filter that happen to be equal are two, and a weight of 0 is a weight.

        Raises
        ------
        ShapeError
            If the filter does not fit in the padded image.
        """
        with self._lock:
            found = {}
            for kind in sharing.KINDS:
                joined = self._connected(kind)
                joins = int(joined.sum())
                own = self.filter.size if kind == "convolution" else joins
                found[kind] = sharing.Counts(joins, own, joined.size - joins)
            return found

    @property
    def moved(self) -> dict[str, sharing.Moved]:
        """How many numbers of each layer's output moved along with the picture, by layer.

        Raises
        ------
        ShapeError
            If the filter does not fit in the padded image.
        """
        with self._lock:
            outputs, shift = self._outputs(), (self.down, self.right)
            return {
                kind: sharing.moved(outputs["before"], outputs[kind], shift, self.stride)
                for kind in sharing.KINDS
            }

    @property
    def costs(self) -> dict[str, sharing.Cost]:
        """What each layer has to learn on a picture of real size, by layer.

        The filter has as many rows and columns as the small one, and a slice for every channel.

        Raises
        ------
        ShapeError
            If the filter does not fit in the padded picture.
        """
        with self._lock:
            height, width = self.filter.shape
            side = self.side
            window = Window.over((side, side), (height, width), self.stride, self.padding)
            return sharing.costs(side, self.channels, window)

    def _weights_limit(self, matrix: Map) -> float:
        """Find the strongest colour; a weight has one colour in the filter and in its matrix."""
        return _limit(self.filter if self.layer == "convolution" else matrix)

    # -- answers to the page ------------------------------------------------------------------

    def answer_frame(self, _request: Request) -> Reply:
        """Paint the matrix, nothing where nothing is connected, and the three maps below it."""
        palette, matrix = Palette.named(self.palette), self.matrix
        outputs = self._outputs()
        height, width = self.output.shape
        limits = self._weights_limit(matrix), _limit(*outputs.values())
        empty = np.where(self._connected(self.layer), matrix, np.nan)
        parts = [display.levels(empty, palette, limits[0])]
        parts += [display.levels(outputs[kind], palette, limits[1]) for kind in sharing.KINDS]
        about = {
            "rows": matrix.shape[0], "columns": matrix.shape[1],
            "height": height, "width": width, "limits": limits,
        }  # fmt: skip
        return about, [b"".join(part.tobytes() for part in parts)]

    # -- in words -----------------------------------------------------------------------------

    def code(self) -> str:
        """Write the Python that gives this very matrix and this very output.

        Returns
        -------
        str
            Lines that make ``matrix`` and ``output``.
        """
        with self._lock:
            how = f"stride={self.stride}, padding={self.padding}"
            shared = f"filters.matrix(weights, *picture.shape, {how})"
            lines = [
                "import numpy as np", "", "from cnnlab import filters",
                *(["from cnnlab import functional as F"] if self.layer != "convolution" else []),
                "",
                *code.array("picture", self.picture),
                *code.weights(self.filter),
            ]  # fmt: skip
            if self.layer == "convolution":
                lines += [
                    f"matrix = {shared}",
                    f"output = filters.apply(picture, weights, {how})",
                    "assert np.allclose(matrix @ picture.ravel(), output.ravel(), atol=1e-4)",
                ]
                return "\n".join(lines) + "\n"
            joined = f"filters.matrix(np.ones(weights.shape), *picture.shape, {how}) > 0"
            lines += [
                "# The smallest weights that give the map of the convolution for one picture:",
                *code.array("learned_from", self.image),
                f"shared = {shared}",
                f"connected = {joined if self.layer == 'local' else 'np.ones(shared.shape, bool)'}",
                "target = shared.astype(np.float64) @ learned_from.ravel()",
                "under = np.where(connected, learned_from.ravel().astype(np.float64), 0)",
                "squares = (under**2).sum(1, keepdims=True)",
                "share = np.divide(",
                "    target[:, None], squares, out=np.zeros_like(squares), where=squares > 0",
                ")",
                "matrix = (share * under).astype(np.float32)",
                "output = F.dense(picture.reshape(1, -1), matrix.T)",
                f"output = output.reshape({self.output.shape})",
            ]
            return "\n".join(lines) + "\n"

    def _still(self) -> NDArray[np.uint8] | None:
        try:
            matrix, joined = self.matrix, self._connected(self.layer)
        except ShapeError:
            return None
        palette = Palette.named(self.palette)
        painted = display.paint(matrix, palette, self._weights_limit(matrix))
        painted = np.where(joined[..., None], painted, np.uint8(255))
        parts = [maps.numbers(part, palette) for part in (self.picture, self.filter)]
        side = max(2, min(12, 720 // matrix.shape[1]))
        squares = np.repeat(np.repeat(painted, side, axis=0), side, axis=1)
        edges = np.pad(squares, ((1, 1), (1, 1), (0, 0)), constant_values=128)
        return maps.side_by_side(*parts, edges)

    def __repr__(self) -> str:
        with self._lock:
            height, width = self.image.shape
            rows, columns = self.filter.shape
            try:
                one = self.counts[self.layer]
                told = f"{self.layer}: {one.connections} connections, {one.weights} weights"
            except ShapeError:
                told = "which does not fit"
            return f"SharedWeights({height}x{width} image, {rows}x{columns} filter, {told})"


def _limit(*parts: Map) -> float:
    """Find the number with the strongest colour: equal numbers have equal colours in all parts."""
    return max(float(np.abs(part).max()) for part in parts) or 1.0
