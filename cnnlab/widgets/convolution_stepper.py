"""ConvolutionStepper: filters step over a few numbers; every product, and every gradient, in print.

Axes: row, column, channel for images; row, column, channel, filter for filters. An axis of length
one that says nothing is left out: one channel is rows and columns, one filter has no filter axis.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import display, functional, shapes
from cnnlab.errors import ShapeError
from cnnlab.filters import Filter
from cnnlab.naive import convolution as naive
from cnnlab.widgets.shared import code, maps, weights
from cnnlab.widgets.shared.traits import Count, OneOf, PaddingOf, Palette, Step, Switch
from cnnlab.widgets.shared.volumes import Volume, finite, resized, times, within
from cnnlab.widgets.shared.widget import Reply, Request, Widget

__all__ = ["ConvolutionStepper"]

Float32 = NDArray[np.float32]

_LARGEST_IMAGE = (12, 12, 3)
_LARGEST_FILTERS = (5, 5, 3, 4)
_EXAMPLE = [
    [0, 0, 1, 5, 5, 4],
    [0, 1, 0, 5, 4, 5],
    [1, 0, 0, 4, 5, 5],
    [0, 0, 2, 5, 5, 4],
    [1, 0, 0, 5, 4, 5],
]
_LAYER = ("stride", "padding", "dilation")


class ConvolutionStepper(Widget, stem="convolution_stepper"):
    """Convolution step by step: edit image and filters, see every product; go backward.

    Everything can be set on the page and in Python, and each follows the other. The results are
    those of `cnnlab.functional`. Where a channel or a filter is added, its numbers are zero.

    Parameters
    ----------
    image : array_like of shape (height, width) or (height, width, channels), optional
        12x12x3 at the most; an example if it is not given.
    filters : str, Filter or array_like, optional
        Of shape (filter_height, filter_width), laid on every channel; or (..., channels); or
        (..., channels, filters). Up to four filters of 1x1 to 5x5. "sobel_x" if not given.
    bias : float or array_like of shape (filters,), optional
        Added to every number of a filter's map; 0 if it is not given.
    stride, dilation : int
        Pixels from one window to the next; pixels from one weight to the next; 1 to 4.
    padding : int or "same" or "valid"
        Zeros on each side, 4 at the most.
    activation : "none" or "relu"
        What becomes of each sum.
    mode : "forward" or "backward"
        What the page shows: the maps, or the gradients.
    upstream : array_like of shape (out_height, out_width) or (out_height, out_width, filters)
        What comes back to each output, the slope of the loss; 1 wherever no number is given.
    order : "scatter" or "gather"
        What a step is on the way back: an output hands its gradient to all that made it, or a
        number of the image collects from all outputs that it fed. The sums are the same.
    check : bool
        Whether the page shows the central difference beside every gradient.
    step : int, optional
        How many steps are done as the page begins; all, if it is not given.
    palette : str
        One of `display.PALETTES`, or "auto": on a dark page zero is dark, else light.

    Raises
    ------
    DataError, ShapeError
        If a setting makes no sense, or the filters do not belong to the image.
    TypeError
        If an option is not known.

    Examples
    --------
    >>> stepper = ConvolutionStepper([[1, 2, 3, 4]], [[1, 2, 5]], upstream=[[1, 10]])
    >>> stepper
    ConvolutionStepper(1x4x1 image, 1 filter of 1x3x1, 1x2x1 output)
    >>> stepper.output
    array([[20., 28.]], dtype=float32)
    >>> stepper.image_gradient
    array([[ 1., 12., 25., 50.]], dtype=float32)
    >>> stepper.filter_gradient, float(stepper.bias_gradient)
    (array([[21., 32., 43.]], dtype=float32), 11.0)
    """

    image = Volume("_read_image", _EXAMPLE, _LARGEST_IMAGE)
    filters = Volume("_read_filters", "sobel_x", _LARGEST_FILTERS)
    bias = Volume("_read_bias", 0, (4,))
    stride = Count(1, most=4)
    padding = PaddingOf(most=4, strict=True)
    dilation = Count(1, most=4)
    activation = OneOf(none="None", relu="ReLU")
    mode = OneOf(forward="Forward", backward="Backward")
    upstream = Volume("_read_upstream", 1, (20, 20, 4))  # 12 pixels, 4 of padding on each side
    order = OneOf(scatter="Scatter", gather="Gather")
    check = Switch(False)
    step = Step()
    palette = Palette()

    def __init__(
        self,
        image: ArrayLike | None = None,
        filters: str | Filter | ArrayLike | None = None,
        bias: ArrayLike | None = None,
        **options: Any,
    ) -> None:
        self._results: dict[str, Float32] = {}
        filters = "sobel_x" if filters is None else filters
        if image is None:
            depth = 1 if isinstance(filters, str) else np.shape(filters)[2:3] or 1
            image = np.stack([np.roll(_EXAMPLE, c, 1) for c in range(int(np.max(depth)))], axis=2)
        if bias is None:
            count = () if isinstance(filters, str) else np.shape(filters)[3:4]
            bias = np.zeros(count)
        super().__init__(image=image, filters=filters, bias=bias, **options)

    # -- what is set --------------------------------------------------------------------------

    def _read_image(self, value: Any) -> NDArray[Any]:
        volume = finite(value, "image", (2, 3), "[[1, 2], [3, 4]]")
        within(volume.shape, _LARGEST_IMAGE, "image")
        return _without_one(volume) if volume.ndim == 3 else volume

    def _read_filters(self, value: Any) -> NDArray[Any]:
        value = weights.named(value)
        if isinstance(value, Filter):
            value = value.weights
        bank = finite(value, "filters", (2, 3, 4), "[[1, 0], [0, -1]]")
        channels = self._volume.shape[2]
        if bank.ndim == 2:
            bank = np.stack([bank] * channels, axis=2)
        if bank.shape[2] != channels:
            raise ShapeError(
                f"filters of shape {bank.shape} have {bank.shape[2]} slices each, and the image "
                f"has {channels} channel{'s' if channels > 1 else ''}; give one slice of weights "
                f"for each channel, (height, width, channels) or (height, width, channels, filters)"
            )
        within(bank.shape, _LARGEST_FILTERS, "filters")
        if bank.shape[3:] == (1,):
            bank = bank[..., 0]
        return bank[..., 0] if bank.shape[2:] == (1,) else bank

    def _read_bias(self, value: Any) -> NDArray[Any]:
        biases, count = finite(value, "bias", (0, 1), "0.5"), self._bank.shape[3]
        if biases.ndim and biases.size != count:
            raise ShapeError(
                f"bias has {biases.size} number{'s' if biases.size != 1 else ''} for {count} "
                f"filter{'s' if count > 1 else ''}; give one for each filter, or one for all"
            )
        return biases.reshape(-1)[0] if count == 1 else np.broadcast_to(biases, count)

    def _read_upstream(self, value: Any) -> NDArray[Any]:
        upstream = finite(value, "upstream", (0, 2, 3), "[[1, 10]]")
        within(upstream.shape, (20, 20, 4), "upstream")
        return upstream if upstream.ndim else upstream.reshape(1, 1)

    def _on_setting(self, change: Any) -> None:
        """Let the filters follow the channels of the image, and the bias the number of filters."""
        with self._lock, self._as_one():
            super()._on_setting(change)
            bank, channels = self._bank, self._volume.shape[2]
            if change["name"] == "image" and bank.shape[2] != channels:
                self.filters = resized(bank, (*bank.shape[:2], channels, bank.shape[3]))
            if change["name"] == "filters" and self.bias.size != bank.shape[3]:
                self.bias = resized(self.bias.reshape(-1), (bank.shape[3],))

    @property
    def _volume(self) -> Float32:
        image: Float32 = self.image
        return image.reshape(*image.shape[:2], -1)

    @property
    def _bank(self) -> Float32:
        bank: Float32 = self.filters
        return bank.reshape(*bank.shape, *(1,) * (4 - bank.ndim))

    def _window(self) -> shapes.Window:
        """Lay the filters over the image, or say why they do not fit."""
        size, (rows, columns) = self.image.shape[:2], self.filters.shape[:2]
        return shapes.Window.over(size, (rows, columns), **self._how)

    @property
    def _how(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _LAYER}

    def _fitted_upstream(self) -> Float32:
        """Cut what comes back to the size of the output; where there is nothing, it is 1."""
        window = self._window()
        size = (window.out_height, window.out_width, self._bank.shape[3])
        return resized(self.upstream.reshape(*self.upstream.shape[:2], -1), size, 1)

    # -- what comes out -----------------------------------------------------------------------

    def _settings_changed(self) -> None:
        self._results = {}

    @property
    def output(self) -> Float32:
        """The maps, of shape (out_height, out_width) or (..., filters), float32; read-only.

        Raises
        ------
        ShapeError
            If the filters do not fit in the padded image.
        """
        return self._result("output")

    @property
    def image_gradient(self) -> Float32:
        """What flows back to each number of the image, of its shape, float32; read-only.

        Raises
        ------
        ShapeError
            As for `output`.
        """
        return self._result("image_gradient")

    @property
    def filter_gradient(self) -> Float32:
        """What flows back to each weight, shaped as `filters`, float32; read-only.

        Raises
        ------
        ShapeError
            As for `output`.
        """
        return self._result("filter_gradient")

    @property
    def bias_gradient(self) -> Float32:
        """What flows back to each bias, shaped as `bias`, float32; read-only.

        Raises
        ------
        ShapeError
            As for `output`.
        """
        return self._result("bias_gradient")

    def _result(self, name: str) -> Float32:
        with self._lock:
            if not self._results:
                self._results = self._computed()
                for array in self._results.values():
                    array.setflags(write=False)
            return self._results[name]

    def _computed(self) -> dict[str, Float32]:
        images, bank = self._volume[None], self._bank
        output = functional.conv2d(images, bank, self.bias.reshape(-1), **self._how)
        slope = self._fitted_upstream()[None]
        if self.activation == "relu":
            output = functional.relu(output)
            slope = functional.relu_backward(slope, output)
        gradients = functional.conv2d_backward(slope, images, bank, **self._how)
        return {"output": _without_one(output[0]), **self._shaped(*gradients)}

    def _shaped(self, *gradients: Any) -> dict[str, Float32]:
        """Give each gradient the axes of what it belongs to."""
        parts = {"image": self.image, "filter": self.filters, "bias": self.bias}
        return {
            f"{name}_gradient": gradient.reshape(part.shape)
            for (name, part), gradient in zip(parts.items(), gradients, strict=True)
        }

    # -- answers to the page ------------------------------------------------------------------

    def answer_frame(self, _request: Request) -> Reply:
        """Send the maps, or in backward mode all gradients: numbers, and steps of the palette."""
        palette, parts, steps = Palette.named(self.palette), [], b""
        for name in _SHOWN[self.mode]:
            part = self._result(name)
            limit = _limit(part)
            steps += display.levels(part, palette, limit).tobytes()
            numbers = [maps.finite(number) for number in part.reshape(-1)]
            parts.append({"limit": limit, "numbers": numbers})
        return {"parts": parts}, [steps]

    # -- in words -----------------------------------------------------------------------------

    def code(self) -> str:
        """Write the Python that gives these very numbers.

        Returns
        -------
        str
            Lines that end with ``output``, in backward mode with ``image_gradient``,
            ``filter_gradient`` and ``bias_gradient``.
        """
        with self._lock:
            one_map = self._bank.shape[3] == 1
            images = "image[None]" if self.image.ndim == 3 else "image[None, :, :, None]"
            axes = {2: "[:, :, None, None]", 3: "[..., None]", 4: ""}[self.filters.ndim]
            how = [f"{name}={value!r}" for name, value in self._how.items()]
            relu = self.activation == "relu"
            lines = [
                "import numpy as np", "", "from cnnlab import functional as F", "",
                *code.array("image", self.image), *code.array("filters", self.filters),
                f"images = {images}  # (batch, height, width, channels)",
                f"bank = filters{axes}  # (height, width, channels, filters)",
                f"bias = {self.bias.reshape(-1).tolist()!r}",
                f"how = dict({', '.join(how)})",
                "outputs = F.conv2d(images, bank, bias, **how)",
                *(["outputs = F.relu(outputs)"] if relu else []),
                f"output = outputs[0{', ..., 0' if one_map else ''}]",
            ]  # fmt: skip
            if self.mode == "backward":
                slope = "F.relu_backward(upstream[None], outputs)" if relu else "upstream[None]"
                lines += [
                    *code.array("upstream", self._fitted_upstream()),
                    f"gradients = F.conv2d_backward({slope}, images, bank, **how)",
                    "image_gradient = gradients[0].reshape(image.shape)",
                    "filter_gradient = gradients[1].reshape(filters.shape)",
                    "bias_gradient = gradients[2]  # one for each filter",
                ]
            return "\n".join(lines) + "\n"

    def _previewed(self) -> dict[str, Float32]:
        """Compute what is shown by the plain loops: a still picture does not wait for Numba."""
        window, bank = self._window(), self._bank
        sums = [maps.preview(self._volume, bank[..., f], window) for f in range(bank.shape[3])]
        output = np.stack(sums, axis=2) + self.bias.reshape(-1)
        slope = self._fitted_upstream()
        if self.activation == "relu":
            output, slope = np.maximum(output, 0), np.where(output > 0, slope, 0)
        found = {"output": _without_one(output)}
        if self.mode == "backward":
            sides = ((window.top, window.bottom), (window.left, window.right))
            how = window.stride, sides, window.dilation
            backward: Any = naive.conv2d_backward
            found |= self._shaped(*backward(slope[None], self._volume[None], bank, *how))
        return found

    def _still(self) -> NDArray[np.uint8] | None:
        try:
            found = self._previewed()
        except ShapeError:
            return None
        parts = [self.image, self.filters, found["output"]]
        if self.mode == "backward":
            parts = [self._fitted_upstream(), found["filter_gradient"], found["image_gradient"]]
        palette, lines = Palette.named(self.palette), []
        for part in parts:
            volumes = np.moveaxis(part, 3, 0) if part.ndim == 4 else [part]  # a line a filter
            for volume in volumes:
                slices = np.moveaxis(volume.reshape(*volume.shape[:2], -1), 2, 0)
                limit = _limit(part)
                grids = [maps.numbers(one, palette, limit) for one in slices]
                lines.append(maps.side_by_side(*grids))
        small = len(lines) == len(parts) and max(line.shape[1] for line in lines) < 240
        return maps.side_by_side(*lines) if small else maps.one_below_another(*lines)

    def _still_text(self) -> str:
        shown = "image_gradient" if self.mode == "backward" else "output"
        return f"{self!r}: {self._previewed()[shown].tolist()}"

    def __repr__(self) -> str:
        with self._lock:
            bank = self._bank
            try:
                window = self._window()
                size = f"{window.out_height}x{window.out_width}x{bank.shape[3]} output"
            except ShapeError:
                size = "which does not fit"
            count = f"{bank.shape[3]} filter{'s' if bank.shape[3] > 1 else ''}"
            image, each = (times(part.shape[:3]) for part in (self._volume, bank))
            return f"ConvolutionStepper({image} image, {count} of {each}, {size})"


_SHOWN = {
    "forward": ("output",),
    "backward": ("image_gradient", "filter_gradient", "bias_gradient"),
}


def _limit(part: Float32) -> float:
    """Find the number with the strongest colour."""
    return max((float(one) for one in np.abs(part).flat if np.isfinite(one)), default=0) or 1.0


def _without_one(volume: Float32) -> Float32:
    """Leave the last axis out where it is of length one."""
    return volume[..., 0] if volume.shape[2] == 1 else volume
