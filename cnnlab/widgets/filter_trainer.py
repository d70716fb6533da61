"""FilterTrainer: random numbers walk, step by step, to the filter whose map is wished for."""

from __future__ import annotations

import os
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import display, filters
from cnnlab.checks import whole
from cnnlab.errors import DataError, ShapeError
from cnnlab.shapes import Window
from cnnlab.widgets.shared import code, maps
from cnnlab.widgets.shared.filter_training import (
    MOST_CELLS,
    FilterTraining,
    crop,
    drawn,
    padded,
    painted_wish,
    spread,
    wished,
)  # fmt: skip
from cnnlab.widgets.shared.filtered_photo import FilteredPhoto
from cnnlab.widgets.shared.photo import white_of
from cnnlab.widgets.shared.traits import Array, Count, Palette, Positive, shortest
from cnnlab.widgets.shared.widget import Reply, Request

__all__ = ["FilterTrainer"]

Map = NDArray[np.float32]

_LARGEST = 7  # rows and columns of a filter
_MOST_STEPS = 64  # from one picture to the next
_MOST_PICTURES = 8  # in one answer to the page, which the kernel is held for
_MOST_SEED = 9999
_STILL = 1e-6  # of the largest weight: a step that changes less is rounding


class FilterTrainer(FilteredPhoto, stem="filter_trainer"):
    """A filter that finds itself: press play, and its numbers walk to those that make the wish.

    Gradient descent with momentum on the mean of the squared differences between the map of the
    filter and the map that is wished for. Convolution and gradients are those of
    `cnnlab.functional`. Everything can be set on the page and in Python, and each follows the
    other; while it plays, the page asks for one step after another, so that Python stays free.

    Parameters
    ----------
    image : str, path, bytes or array_like of shape (height, width)
        A sample photograph (`images.SAMPLES`), a file or what is in it, or pixels. A picture in
        colour is seen as grey.
    wish : str, Filter or array_like of shape (wish_height, wish_width)
        The filter whose map is wished for: a name of `filters.CATALOGUE` or weights, 1x1 to 7x7.
        The training sees its map only.
    painted : array_like of shape (rows, columns), optional
        A wish that is painted instead: where the filter shall respond, and how much, from -1 to 1;
        up to 64x64 numbers, each of which is a block of the map. No filter may make it all; the
        training finds the one that comes closest.
    size : int
        Rows and columns of the filter that learns, 1 to 7.
    learning_rate : float, optional
        None, the default, is the rate that brings the numbers home soonest on this picture.
    seed : int
        Of the random numbers that the filter begins with, 0 to 9999.
    filter : array_like, optional
        Begin with these weights; `size` then is theirs.
    palette : str
        One of `display.PALETTES`, or "auto": on a dark page zero is dark, else light.

    Raises
    ------
    DataError, ShapeError
        If the picture cannot be opened, has nothing to learn from, or a filter does not fit it.
    TypeError
        If an option is not known.

    Examples
    --------
    >>> trainer = FilterTrainer("camera", "sobel_x")
    >>> trainer.step(400)
    >>> (trainer.filter.round(1) + 0.0).tolist()
    [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
    """

    grey_only: ClassVar[bool] = True

    wish = Array("_read_filter", "sobel_x")
    painted = Array("_read_painted", [])
    learning_rate = Positive(0.1, "for the rate that suits the picture")
    seed = Count(0, least=0, most=_MOST_SEED)
    palette = Palette()

    def __init__(
        self,
        image: str | os.PathLike[str] | bytes | ArrayLike = "camera",
        wish: str | filters.Filter | ArrayLike = "sobel_x",
        *,
        size: int = 3,
        learning_rate: float | None = None,
        seed: int = 0,
        **options: Any,
    ) -> None:
        self._trained: FilterTraining | None = None
        self._looked: tuple[Map, float, Map] | None = None
        self._limit = 1.0  # the number with the strongest colour, that of the wish
        self._run = 0  # counts the trainings, each with losses of its own
        self._stepping = False
        size = whole(size, "size", least=1, most=_LARGEST)
        first = drawn(whole(seed, "seed", least=0, most=_MOST_SEED), (size, size))
        own = {"wish": wish, "learning_rate": learning_rate, "seed": seed}
        super().__init__(image, **{"filter": first, **own, **options})

    def _read_painted(self, value: Any) -> Map:
        return painted_wish(value)

    # -- the training -------------------------------------------------------------------------

    def _forget(self) -> None:
        self._trained = self._looked = None

    def _photo_changed(self) -> None:
        self._forget()
        super()._photo_changed()

    def rest(self) -> None:
        """Nobody sees the widget now; what it has learnt stays."""

    def _on_setting(self, change: Any) -> None:
        with self._lock:
            training, name = self._trained, change["name"]
            if name in {"wish", "painted", "colour"}:
                self._forget()
            elif training and name == "learning_rate":
                training.learning_rate = self.learning_rate or training.pace.learning_rate
            elif training and name == "filter" and not self._stepping:
                if training.filter.shape == self.filter.shape:
                    training.filter = self.filter
                    training.velocity = np.zeros_like(self.filter)
                    self._looked = None
                else:
                    self._forget()
            super()._on_setting(change)

    def _training(self) -> FilterTraining:
        if self._trained is None:
            image, wish = self._aim()
            training = FilterTraining(image, wish, learning_rate=self.learning_rate)
            training.filter = self.filter
            self._trained = training
            self._limit = display.limit_of(wish) or 1.0
            self._run += 1
        return self._trained

    def _aim(self) -> tuple[Map, Map]:
        """Say which part of the picture the filter sees, and the map it shall make of it."""
        image, size = self.image, self.filter.shape
        if not self.painted.size:
            return wished(image, self.wish, size)
        rows, columns = (one - other + 1 for one, other in zip(image.shape, size, strict=True))
        return np.ascontiguousarray(image), spread(self.painted, max(rows, 0), max(columns, 0))

    def _look(self) -> tuple[Map, float, Map]:
        if self._looked is None:
            output, loss, gradient = self._training().look()
            self._looked = output.copy(), loss, gradient  # the training writes over its map
            self._looked[0].setflags(write=False)
        return self._looked

    @property
    def output(self) -> Map:
        """The map of the filter as it stands, of shape (out_height, out_width); read-only."""
        with self._lock:
            return self._look()[0]

    @property
    def loss(self) -> float:
        """The mean of the squared differences between the map and the wish."""
        with self._lock:
            return self._look()[1]

    @property
    def gradient(self) -> Map:
        """The slope of the loss by each weight, of the shape of the filter."""
        with self._lock:
            return self._look()[2].copy()

    @property
    def losses(self) -> list[float]:
        """The loss before each step that was taken."""
        with self._lock:
            return list(self._trained.losses) if self._trained else []

    @property
    def steps(self) -> int:
        """How many steps were taken since the numbers were drawn."""
        with self._lock:
            return self._trained.steps if self._trained else 0

    def step(self, times: int = 1) -> None:
        """Take steps against the gradient.

        Parameters
        ----------
        times : int
            How many.

        Raises
        ------
        DataError
            If the numbers ran away; the filter then is the one with the least loss so far.
        """
        times = whole(times, "times", least=1)
        try:
            for _ in range(times):
                with self._lock:  # one step at a time: the page is answered in between
                    self._training().step()
                    if self._from_page:
                        continue
                    self._follow()
        finally:
            with self._lock:
                self._follow()

    def _follow(self) -> None:
        """Show the filter of the training."""
        self._looked, outer = None, self._stepping
        self._stepping = True
        try:
            self.filter = self._training().filter
        finally:
            self._stepping = outer

    def restart(self, seed: int | None = None) -> None:
        """Draw new random numbers and forget the losses.

        Parameters
        ----------
        seed : int, optional
            By default the next one.
        """
        seed = (self.seed + 1) % (_MOST_SEED + 1) if seed is None else seed
        seed = whole(seed, "seed", least=0, most=_MOST_SEED)
        with self._lock, self._as_one():
            self._forget()
            self.seed = seed
            self.filter = drawn(seed, self.filter.shape)

    def play(self) -> None:
        """Let the page that shows the widget take one step after another."""
        self.send({"do": "play"})

    def pause(self) -> None:
        """Let the page stand still."""
        self.send({"do": "pause"})

    # -- answers to the page ------------------------------------------------------------------

    def answer_frame(self, request: Request) -> Reply:
        """Say where the training stands: maps, loss, gradient, losses that are news to the page."""
        training = self._training()
        output, _, _ = self._look()
        palette, limit = Palette.named(self.palette), self._limit
        about, steps = maps.message(output, palette, limit)
        about["difference"], more = maps.message(output - training.wish, palette, limit)
        steps += more
        if not request.content.get("walking"):  # the wish stays as it is from step to step
            about["wish"], more = maps.message(training.wish, palette, limit)
            steps += more
        return {**about, **self._told(self._losses_heard(request))}, steps

    def _losses_heard(self, request: Request) -> int:
        """Count the losses that a page has heard of."""
        return request.content.get("have", 0) if request.content.get("run") == self._run else 0

    def _told(self, have: int) -> dict[str, Any]:
        """Say in numbers where the training stands, to a page that has so many of the losses."""
        training = self._training()
        _, loss, gradient = self._look()
        begin = have if 0 <= have <= training.steps else 0
        return {
            "run": self._run, "from": begin, "losses": training.losses[begin:],
            "loss": maps.finite(loss), "gradient": shortest(gradient),
            "rate": training.learning_rate, "momentum": training.momentum,
            "chosen": training.pace.learning_rate, "runaway": training.pace.largest_rate,
        }  # fmt: skip

    def answer_steps(self, request: Request) -> Reply:
        """Take a few steps, and say where that leads; a page that paints hears of several."""
        times = min(whole(request["times"], "times", least=1), _MOST_STEPS)
        pictures = min(whole(request["pictures"], "pictures", least=0), _MOST_PICTURES)
        stopped, settled, have = "", False, self._losses_heard(request)
        walked: list[dict[str, Any]] = []
        # Whoever has not heard what Python set since would step on from there: no step is taken.
        wanted = max(pictures, 1) if self._heard(request.content) else 0
        while not (stopped or settled) and len(walked) < wanted:
            before = self.filter
            with self._changed_by_page():
                try:
                    self.step(times)
                except DataError as error:
                    stopped = str(error)
            moved = float(np.abs(self.filter - before).max())
            settled = not stopped and moved <= _STILL * float(np.abs(self.filter).max())
            walked.append({**self._told(have), "filter": shortest(self.filter)})
            have = self.steps
        walked = walked or [{**self._told(have), "filter": shortest(self.filter)}]
        kept = stopped or settled or not pictures or not wanted
        about, steps = self.answer_frame(request) if kept else ({}, [])
        over = {"stopped": stopped, "settled": settled, "before": walked[:-1]}
        return {**about, **walked[-1], **over}, steps

    def answer_restart(self, _request: Request) -> Reply:
        """Draw new numbers."""
        self.restart()
        return {}, []

    def _page_facts(self) -> dict[str, Any]:
        return {**super()._page_facts(), "mostCells": MOST_CELLS}

    # -- in words -----------------------------------------------------------------------------

    def code(self) -> str:
        """Write the Python that takes one step, without momentum, from where the filter stands.

        Returns
        -------
        str
            Lines that end with ``loss``, ``gradient`` and ``after``, the weights after the step. A
            picture that was drawn, filmed or handed over as an array is taken from ``trainer``.
        """
        with self._lock:
            training = self._training()
            cut, aim = "", [
                "height, width = (1 + np.array(image.shape) - weights.shape).tolist()",
                *code.array("painted", self.painted),
                "down = np.arange(height) * len(painted) // height",
                "across = np.arange(width) * painted.shape[1] // width",
                "wish = painted[down][:, across][None, :, :, None]",
            ]  # fmt: skip
            if not self.painted.size:
                seen = crop(self.image.shape, self.wish.shape, self.filter.shape)
                cut = "[{}:{}, {}:{}]".format(*seen)
                aim = [
                    *code.weights(padded(self.wish, self.filter.shape), "wish_weights"),
                    "whole = image[None, :, :, None]  # one image, one channel",
                    "wish = F.conv2d(whole, wish_weights[..., None, None])",
                ]
            lines = [
                "import numpy as np", "", "from cnnlab import filters, images",
                "from cnnlab import functional as F", "",
                *self._photo.code(colour=False, widget="trainer"),
                *code.array("weights", self.filter),
                *aim,
                f"seen = image{cut}[None, :, :, None]",
                "bank = weights[..., None, None]",
                "difference = F.conv2d(seen, bank) - wish",
                "loss = float(np.square(difference, dtype=float).mean())",
                "slope = difference * np.float32(2 / difference.size)",
                "gradient = F.conv2d_backward(slope, seen, bank)[1][..., 0, 0]",
                f"after = weights - np.float32({training.learning_rate!r}) * gradient",
            ]  # fmt: skip
            return "\n".join(lines) + "\n"

    def _still(self) -> NDArray[np.uint8] | None:
        size = self.image.shape[:2]
        try:
            one, other = (Window.over(size, part.shape) for part in (self.wish, self.filter))
        except ShapeError:
            return None
        palette = Palette.named(self.palette)
        wish = maps.preview(self.image, self.wish, one)
        output = maps.preview(self.image, self.filter, other)
        wish = spread(self.painted, *output.shape) if self.painted.size else wish
        limit = display.limit_of(wish) or 1.0
        signed = palette if display.PALETTES[palette].signed else "blue_red"
        photograph = display.photograph(self.image, white=white_of(self.image))
        return maps.side_by_side(
            maps.at_still_size(photograph),
            maps.at_still_size(display.paint(wish, palette, limit)),
            maps.numbers(self.filter, signed),
            maps.at_still_size(display.paint(output, palette, limit)),
        )

    def __repr__(self) -> str:
        with self._lock:
            rows, columns = self.filter.shape
            named = [
                name
                for name, entry in filters.CATALOGUE.items()
                if np.array_equal(entry.weights, self.wish)
            ]
            wish = named[0] if named else "x".join(map(str, self.wish.shape)) + " weights"
            wish = "painted" if self.painted.size else wish
            return (
                f"FilterTrainer({self._photo.name}, wish {wish}, {rows}x{columns} filter, "
                f"{self.steps} steps)"
            )
