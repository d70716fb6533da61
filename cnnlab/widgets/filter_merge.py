"""FilterMerge: two filters, the one for both, and why a ReLU between them ends that."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import display, filters, functional, shapes
from cnnlab.errors import ShapeError
from cnnlab.widgets.shared import code, maps, weights
from cnnlab.widgets.shared.photo import white_of
from cnnlab.widgets.shared.photo_widget import PhotoWidget
from cnnlab.widgets.shared.traits import Array, OneOf, Palette, Positive, Switch, shortest
from cnnlab.widgets.shared.widget import Reply, Request

__all__ = ["FilterMerge"]

_LARGEST_FILTER = 5  # so that a merged filter has 9x9 weights at the most, which can be read
_HALF_STEP = 2.0**-24  # by what share of itself a float32 number is rounded at the most

_Maps = dict[str, NDArray[np.float32]]

_PAIRS: list[tuple[str, Any, Any]] = [
    ("Edges, then a blur", "sobel_x", "gaussian_3"),
    ("A blur, then edges", "gaussian_3", "sobel_x"),
    ("A blur, twice", "gaussian_3", "gaussian_3"),
    ("Edges across, then down", "sobel_x", "sobel_y"),
    ("A column and a row", [[1], [2], [1]], [[-1, 0, 1]]),
    ("1 2 1, then 1 0 \N{MINUS SIGN}1", [[1, 2, 1]], [[1, 0, -1]]),
]


class FilterMerge(PhotoWidget, stem="filter_merge"):
    """Two filters one after the other on a photograph, and the one filter that does their work.

    Everything can be set on the page and in Python, and each follows the other. The numbers are
    those of `cnnlab.filters`. Nothing is padded, so that both ways give a map of the same size and,
    without anything bent between the filters, the same map up to rounding.

    Parameters
    ----------
    image : str, path, bytes or array_like of shape (height, width) or (height, width, 3)
        A sample photograph (`images.SAMPLES`), a file or what is in it, or pixels: uint8 counts
        from 0 to 255, anything else is taken as it is. Colours are seen as grey.
    first, second : str, Filter or array_like of shape (filter_height, filter_width)
        Names of `filters.CATALOGUE` or weights, 1x1 to 5x5; the first is applied to the picture.
    between : "none" or "relu"
        What becomes of the first map before the second filter sees it.
    merging : bool
        Whether the page shows the one filter, its map and the difference; with a ReLU between it
        shows them anyway.
    palette : str
        One of `display.PALETTES`, or "auto": on a dark page zero is dark, else light.
    limit : float, optional
        The number that gets the strongest colour; by default it follows the maps.

    Raises
    ------
    DataError, ShapeError
        If the picture cannot be opened or a filter makes no sense.
    TypeError
        If an option is not known.

    Examples
    --------
    >>> lab = FilterMerge([[1, 5, 2, 0, 7, 3]], [[1, 2, 1]], [[1, 0, -1]])
    >>> lab.merged
    array([[ 1.,  2.,  0., -2., -1.]], dtype=float32)
    >>> lab.output, lab.difference
    (array([[ 4., -8.]], dtype=float32), array([[0., 0.]], dtype=float32))
    >>> lab
    FilterMerge(1x6 picture, 1x3 and 1x3 filters as one of 1x5, 1x2 feature map)
    """

    grey_only = True

    first = Array("_read", "sobel_x")
    second = Array("_read", "gaussian_3")
    between = OneOf(none="Nothing", relu="ReLU")
    merging = Switch()
    palette = Palette()
    limit = Positive(1, "to follow the map")

    def __init__(
        self,
        image: str | os.PathLike[str] | bytes | ArrayLike = "camera",
        first: str | filters.Filter | ArrayLike = "sobel_x",
        second: str | filters.Filter | ArrayLike = "gaussian_3",
        **options: Any,
    ) -> None:
        self._found: _Maps = {}
        super().__init__(image, first=first, second=second, **options)

    def _read(self, value: Any) -> NDArray[np.float32]:
        read = weights.read(value, _LARGEST_FILTER)
        if read.ndim == 3:
            raise ShapeError(
                f"a filter here has rows and columns only, as the picture has one channel; got "
                f"weights of shape {read.shape}, try weights[..., 0]"
            )
        return read

    # -- what comes out -----------------------------------------------------------------------

    def _settings_changed(self) -> None:
        self._found = {}

    @property
    def merged(self) -> NDArray[np.float32]:
        """The one filter that does the work of both where nothing is between; read-only."""
        return self._once("merged", lambda: filters.merge(self.first, self.second))

    @property
    def middle(self) -> NDArray[np.float32]:
        """What the second filter sees: the map of the first and, if set, its ReLU; read-only.

        Raises
        ------
        ShapeError
            If the filters do not fit in the picture.
        """
        return self._once("middle", self._compute_middle)

    @property
    def output(self) -> NDArray[np.float32]:
        """The map after both filters, of shape (out_height, out_width), float32; read-only.

        Raises
        ------
        ShapeError
            If the filters do not fit in the picture.
        """
        return self._once("output", lambda: filters.apply(self.middle, self.second))

    @property
    def merged_output(self) -> NDArray[np.float32]:
        """The map of the one filter, of the shape of `output`, float32; read-only.

        Raises
        ------
        ShapeError
            If the filters do not fit in the picture.
        """
        return self._once("merged_output", lambda: filters.apply(self.image, self.merged))

    @property
    def difference(self) -> NDArray[np.float32]:
        """`output` minus `merged_output`: rounding only, unless something bent is between.

        Raises
        ------
        ShapeError
            If the filters do not fit in the picture.
        """
        with np.errstate(invalid="ignore"):  # infinity minus infinity is no number
            return self._once("difference", lambda: self.output - self.merged_output)

    @property
    def rounding(self) -> float:
        """The most by which rounding alone can set the two maps apart.

        Each sum of n products of float32 numbers is rounded n times, each time by 2**-24 of what
        has been added up at the most: here by the sizes of all weights times the brightest pixel.
        """
        with self._lock:
            sizes = np.abs(self.image[np.isfinite(self.image)])
            terms = self.first.size + self.second.size + self.merged.size + 2
            reach = _size(self.first) * _size(self.second) * float(sizes.max(initial=0))
            return float(terms * _HALF_STEP * reach)

    @property
    def differing(self) -> float:
        """The share of pixels in which the two maps differ by more than rounding, from 0 to 1.

        Raises
        ------
        ShapeError
            If the filters do not fit in the picture.
        """
        with self._lock:
            return float((np.abs(self.difference) > self.rounding).mean())

    def _once(self, name: str, compute: Any) -> NDArray[np.float32]:
        with self._lock:
            if name not in self._found:
                found = compute()
                found.setflags(write=False)
                self._found[name] = found
            return self._found[name]

    def _compute_middle(self) -> NDArray[np.float32]:
        self._window()
        found = filters.apply(self.image, self.first)
        self._found["first"] = found
        return functional.relu(found) if self.between == "relu" else found

    def _window(self) -> shapes.Window:
        """Lay the merged filter over the picture, or say why it does not fit."""
        height, width = self.image.shape[:2]
        (rows, columns), (lower, further) = self.first.shape, self.second.shape
        return shapes.Window.over(
            (height, width), (rows + lower - 1, columns + further - 1), noun="pair of filters"
        )

    # -- answers to the page ------------------------------------------------------------------

    @property
    def _both(self) -> bool:
        """Whether the one filter is shown beside the two."""
        return bool(self.merging or self.between == "relu")

    def answer_frame(self, _request: Request) -> Reply:
        """Paint the map between, that of both filters and, where shown, the one's and the rest."""
        shown: _Maps = {"middle": self.middle, "two": self.output}
        about: dict[str, Any] = {"zeroed": float((self._found["first"] < 0).mean())}
        if self._both:
            shown |= {"one": self.merged_output, "difference": self.difference}
            largest = np.fmax.reduce(np.abs(self.difference), axis=None)
            about |= {"largest": maps.finite(largest), "differing": self.differing}
            about["rounding"] = self.rounding
        limits = {"middle": None, **dict.fromkeys(("two", "one", "difference"), self._limit())}
        painted = {
            name: maps.message(values, self._palette(name), limits[name])
            for name, values in shown.items()
        }
        about["maps"] = {name: told for name, (told, _) in painted.items()}
        return about, [b"".join(steps for _, (steps,) in painted.values())]

    def _limit(self) -> float:
        """Find the number with the strongest colour: equal numbers have equal colours in all."""
        if self.limit is not None:
            return float(self.limit)
        limits = [display.limit_of(self.output)]
        if self._both:
            limits.append(display.limit_of(self.merged_output))
        return max(limits)

    def _palette(self, name: str) -> str:
        """Name the palette of a map; a difference goes below zero."""
        palette = Palette.named(self.palette)
        signed = display.PALETTES[palette].signed
        return "blue_red" if name == "difference" and not signed else palette

    def _page_facts(self) -> dict[str, Any]:
        pairs = [
            [words, *(shortest(weights.read(one, _LARGEST_FILTER)) for one in pair)]
            for words, *pair in _PAIRS
        ]
        return {
            **super()._page_facts(), "filters": weights.presets(_LARGEST_FILTER),
            "largestFilter": _LARGEST_FILTER, "pairs": pairs,
        }  # fmt: skip

    # -- in words -----------------------------------------------------------------------------

    def code(self) -> str:
        """Write the Python that makes these very maps.

        Returns
        -------
        str
            Lines that end with ``difference``, an array of shape (out_height, out_width). A picture
            that was drawn, filmed or handed over as an array is taken from ``lab``.
        """
        with self._lock:
            bent = self.between == "relu"
            lines = [
                "import numpy as np", "", "from cnnlab import filters, images",
                *(["from cnnlab import functional as F"] if bent else []), "",
                *self._photo.code(colour=False, widget="lab"),
                *code.weights(self.first, "first"), *code.weights(self.second, "second"),
                "middle = filters.apply(image, first)",
                *(["middle = F.relu(middle)"] if bent else []),
                "output = filters.apply(middle, second)", "",
                "merged = filters.merge(first, second)",
                "merged_output = filters.apply(image, merged)",
                "difference = output - merged_output",
            ]  # fmt: skip
            return "\n".join(lines) + "\n"

    def _still(self) -> NDArray[np.uint8] | None:
        try:
            self._window()
        except ShapeError:
            return None
        middle = _previewed(self.image, self.first)
        if self.between == "relu":
            middle = np.maximum(middle, 0)
        two, one = _previewed(middle, self.second), _previewed(self.image, self.merged)
        limit = self.limit or display.limit_of(two)
        signed = self._palette("difference")
        parts = [
            maps.at_still_size(display.photograph(self.image, white=white_of(self.image))),
            maps.numbers(self.first, signed),
            maps.numbers(self.second, signed),
            maps.at_still_size(display.paint(two, self._palette("two"), limit)),
        ]
        if self._both:
            parts += [
                maps.numbers(self.merged, signed),
                maps.at_still_size(display.paint(two - one, signed, limit)),
            ]
        return maps.side_by_side(*parts)

    def __repr__(self) -> str:
        with self._lock:
            sizes = ["x".join(map(str, one.shape)) for one in (self.first, self.second)]
            if self.between == "relu":
                pair = f"{sizes[0]} filter, ReLU, {sizes[1]} filter"
            else:
                merged = "x".join(map(str, self.merged.shape))
                pair = f"{sizes[0]} and {sizes[1]} filters as one of {merged}"
            try:
                window = self._window()
                size = f"{window.out_height}x{window.out_width} feature map"
            except ShapeError:
                size = "which do not fit"
            return f"FilterMerge({self._photo.name}, {pair}, {size})"


def _size(filter_weights: NDArray[np.float32]) -> float:
    """Add up the sizes of all weights."""
    return float(np.abs(filter_weights.astype(np.float64)).sum())


def _previewed(
    image: NDArray[np.float32], filter_weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    size, (rows, columns) = image.shape, filter_weights.shape
    window = shapes.Window.over((size[0], size[1]), (rows, columns))
    return maps.preview(image, filter_weights, window)
