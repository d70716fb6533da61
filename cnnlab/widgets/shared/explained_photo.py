"""The base of widgets that explain an answer: a class, what covers the picture, the control."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import traitlets
from numpy.typing import NDArray

from cnnlab import features
from cnnlab import functional as F
from cnnlab.checks import shown
from cnnlab.errors import DataError, ShapeError
from cnnlab.widgets.shared.explaining import Asked, Explaining
from cnnlab.widgets.shared.traits import Count, OneOf, Setting, Switch
from cnnlab.widgets.shared.unit_photo import Chosen, UnitPhoto, within
from cnnlab.widgets.shared.volumes import times

__all__ = ["ExplainedPhoto"]

Float32 = NDArray[np.float32]


class _Fill(Setting):
    """Brightness of what covers a picture: a number, three for a colour, None for the mean."""

    info_text = "a number, three of them, or None for the mean of the picture"

    def __init__(self, default: float) -> None:
        super().__init__(default)

    def validate(self, obj: Any, value: Any) -> float | tuple[float, ...] | None:
        """Refuse what is no brightness."""
        if value is None:
            return None
        try:
            tones = np.asarray(value, np.float32)
        except (TypeError, ValueError):
            tones = np.empty(0, np.float32)
        channels = obj.network.sequential.input_shape[2]
        if tones.shape not in {(), (channels,)} or not np.isfinite(tones).all():
            raise DataError(
                f"fill is one finite number, or one for each of {channels} channels, or None for "
                f"the mean of the picture; got {shown(value)}; try fill=0.5"
            )
        return float(str(tones)) if tones.ndim == 0 else tuple(float(str(one)) for one in tones)

    def as_json(self, value: Any) -> Any:
        """Write a list."""
        return list(value) if isinstance(value, tuple) else value


class ExplainedPhoto(UnitPhoto):
    """A widget that explains what its network says of its picture.

    What was computed is kept for as long as the picture and the weights stay.
    """

    target = Chosen()
    of = OneOf(score="Score", probability="Probability")
    signed = Switch()
    occluder = Count(4, most=512)
    fill = _Fill(0.0)
    cover = Chosen()
    shuffled = Count(0, least=0, most=999)
    seed = Count(0, least=0, most=9999)

    _explaining: tuple[int, Explaining] | None = None

    # -- what is found ------------------------------------------------------------------------

    @property
    def explanations(self) -> dict[str, Float32]:
        """The maps of the chosen class: "saliency", "occlusion", "grad_cam", (height, width).

        Raises
        ------
        DataError
            If no class is chosen.
        """
        with self._lock:
            return self._explained(replace(self._asked(), shuffled=0))

    @property
    def control(self) -> dict[str, Float32]:
        """The same maps of the network with shuffled weights.

        Raises
        ------
        DataError
            If no class is chosen.
        """
        with self._lock:
            return self._explained(self._asked())

    @property
    def alike(self) -> dict[str, float]:
        """How alike each map of the control is to that of the network: rank correlations.

        Raises
        ------
        DataError
            If no class is chosen.
        """
        with self._lock:
            trained, control = self.explanations, self.control
            return {
                name: features.rank_correlation(one, control[name]) for name, one in trained.items()
            }

    @property
    def covered(self) -> Float32:
        """The picture as the network takes it, with the occluder on it."""
        with self._lock:
            at = self.cover
            explaining, asked = self._explainer(), self._asked(0)
            return self.network_input if at is None else explaining.covered(at, asked)

    @property
    def drop(self) -> float:
        """By how much the occluder lowers the score, or the probability, of the chosen class.

        Raises
        ------
        DataError
            If no class is chosen.
        """
        with self._lock:
            target = self._asked().target
            before, after = self._watched(self.network_input), self._watched(self.covered)
            number = 0 if self.of == "score" else 1
            return float(before[number][target] - after[number][target])

    # -- what is set --------------------------------------------------------------------------

    def _size(self) -> int:
        """Rows and columns of the cover: those of a small picture, if it is smaller."""
        return min(int(self.occluder), *self._shape[:2])

    def _asked(self, target: int | None = None) -> Asked:
        chosen = self.target if target is None else target
        if chosen is None:
            raise DataError("a map needs a class; choose one: explorer.target = 0")
        of: Literal["score", "probability"] = self.of
        return Asked(
            chosen, of, self._size(), self.fill, bool(self.signed), self.shuffled, self.seed
        )

    def _read_target(self, value: Any) -> int:
        shape = self._network.sequential.output_shape
        if len(shape) != 1:
            raise ShapeError(
                f"this network gives maps of shape {times(shape)} and no class scores, got "
                f"target={shown(value)}; end it with Flatten() and Dense()"
            )
        return within(value, shape[0], "the network tells", "classes")

    def _read_cover(self, value: Any) -> tuple[int, int]:
        try:
            row, column = value
        except (TypeError, ValueError):
            raise DataError(f"cover is (row, column), got {shown(value)}; try (0, 0)") from None
        height, width, size = *self._shape[:2], self._size()
        owner = f"for a cover of {size}x{size} this picture has"
        return (
            within(row, height - size + 1, owner, "rows"),
            within(column, width - size + 1, owner, "columns"),
        )

    @traitlets.validate("occluder")
    def _checked_occluder(self, proposal: Any) -> int:
        size, most = int(proposal["value"]), min(self._shape[:2])
        if size > most:
            raise ShapeError(
                f"a cover of {size}x{size} is larger than the picture of {times(self._shape[:2])} "
                f"that the network takes; try occluder={most}"
            )
        return size

    @traitlets.validate("shuffled")
    def _checked_shuffled(self, proposal: Any) -> int:
        count, most = int(proposal["value"]), len(features.shuffles(self._network))
        if count > most:
            raise DataError(
                f"this network has {most} layers with weights, got shuffled={count}; "
                f"try shuffled={most}"
            )
        return count

    @traitlets.observe("occluder")
    def _on_occluder(self, _change: Any) -> None:
        """Keep what covers the picture on it."""
        if self.cover is not None:
            size = self._size()
            row, column = self.cover
            self.cover = min(row, self._shape[0] - size), min(column, self._shape[1] - size)

    def rest(self) -> None:
        """Forget what can be computed again; nobody sees the widget now, and it goes on as ever."""
        with self._lock:
            self._explaining = None
        super().rest()

    # -- what is computed ---------------------------------------------------------------------

    def _explainer(self) -> Explaining:
        """Give what is known of this picture with these weights, or begin anew."""
        run = self._current()
        if self._explaining is None or self._explaining[0] != self._token:
            self._explaining = self._token, Explaining(self._network, run.image)
        return self._explaining[1]

    def _explained(self, asked: Asked) -> dict[str, Float32]:
        explaining = self._explainer()
        explaining.advance(asked)
        found = {name: explaining.map(name, asked) for name in explaining.names}
        return {name: one for name, one in found.items() if one is not None}

    def _watched(self, image: Float32) -> tuple[Float32, Float32]:
        """Give the scores before a softmax, and the probabilities after it."""
        net = self._explainer().net
        scores = features.without_softmax(net).predict(image[None])[0]
        return scores, F.softmax(scores[None])[0]
