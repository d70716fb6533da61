"""One filter that learns a map: gradient descent with momentum on the mean squared error.

Axes: row, column. Nothing is padded; one channel, one filter, no bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import functional as F
from cnnlab.checks import numbers, real, seeded, whole
from cnnlab.errors import DataError, ShapeError
from cnnlab.optimizers import SGD

__all__ = [
    "MOST_CELLS",
    "FilterTraining",
    "Pace",
    "crop",
    "drawn",
    "pace_of",
    "padded",
    "painted_wish",
    "spread",
    "wished",
]

Array = NDArray[np.float32]

MOST_CELLS = 64  # rows and columns of a wish that is painted
_FLATTEST = 1e-7  # share of the largest curvature: a flatter way is one that float32 cannot see


@dataclass(frozen=True)
class Pace:
    """How far a step goes, and how much of the last step it keeps.

    Attributes
    ----------
    learning_rate, momentum : float
    largest_rate : float
        From here on the numbers run away with this momentum.
    """

    learning_rate: float
    momentum: float
    largest_rate: float


def pace_of(image: Array, height: int, width: int) -> Pace:
    """Choose the rate and the momentum that bring every weight home in the fewest steps.

    Neighbouring pixels are alike, so that the loss is steep one way and nearly flat another. Its
    curvatures are the eigenvalues of twice the mean product of any two pixels under the filter.
    With the steepest, L, and the flattest, m, the rate is ``1 / L`` and the momentum
    ``(1 - sqrt(m / L))**2``: no way swings, and the flattest shrinks by ``1 - sqrt(m / L)`` a step.
    Without momentum it would be ``1 - m / L``.

    Parameters
    ----------
    image : ndarray of shape (rows, columns), float32
    height, width : int
        Of the filter.

    Raises
    ------
    ShapeError
        If the filter does not fit in the image.
    DataError
        If the image has nothing to learn from: it is black, or not finite.

    Notes
    -----
    Polyak 1964, *Some methods of speeding up the convergence of iteration methods*.
    """
    rows, columns = image.shape[0] - height + 1, image.shape[1] - width + 1
    if rows < 1 or columns < 1:
        raise ShapeError(
            f"a {height}x{width} filter does not fit in a {image.shape[0]}x{image.shape[1]} "
            f"picture; try a smaller filter or a larger picture"
        )
    wide = image.astype(np.float64)
    views = [wide[i : i + rows, j : j + columns] for i, j in np.ndindex(height, width)]
    products = [[(one * other).mean() for other in views] for one in views]
    curvatures = 2 * np.linalg.eigvalsh(products) if np.isfinite(products).all() else np.zeros(1)
    steepest = float(curvatures[-1])
    if steepest <= 0:
        raise DataError(
            "this picture is black, or not all of it is a finite number: every gradient is zero or "
            "none; try image='camera'"
        )
    flattest = max(float(curvatures[0]) / steepest, _FLATTEST)
    momentum = (1 - flattest**0.5) ** 2
    return Pace(1 / steepest, momentum, 2 * (1 + momentum) / steepest)


def drawn(seed: int, shape: tuple[int, ...]) -> Array:
    """Draw weights evenly from -1 to 1."""
    rng = seeded(whole(seed, "seed", least=0))
    return rng.uniform(-1, 1, shape).astype(np.float32)


class FilterTraining:
    """Random weights that walk, step by step, to the filter whose map is wished for.

    Parameters
    ----------
    image : ndarray of shape (in_height, in_width), float32
    wish : ndarray of shape (out_height, out_width), float32
        The map to reach; its size and the image's give that of the filter.
    learning_rate, momentum : float, optional
        By default those of `pace_of`.
    seed : int
        Of the first weights, drawn evenly from -1 to 1.

    Attributes
    ----------
    filter, velocity : ndarray of shape (filter_height, filter_width), float32
    losses : list of float
        Before each step that was taken.

    Raises
    ------
    ShapeError, DataError
        If the wish is no map of the image, or there is nothing to learn from.

    Examples
    --------
    >>> image = np.random.default_rng(0).random((12, 14)).astype(np.float32)
    >>> training = FilterTraining(image, image[1:-1, 2:] - image[1:-1, :-2])
    >>> for _ in range(200):
    ...     training.step()
    >>> (training.filter.round(2) + 0)[1].tolist(), training.steps
    ([-1.0, 0.0, 1.0], 200)
    """

    def __init__(
        self,
        image: Array,
        wish: Array,
        *,
        learning_rate: float | None = None,
        momentum: float | None = None,
        seed: int = 0,
    ) -> None:
        height, width = (
            one - other + 1 for one, other in zip(image.shape, wish.shape, strict=True)
        )
        if min(height, width) < 1:
            raise ShapeError(
                f"a map of {wish.shape[0]}x{wish.shape[1]} is larger than the picture of "
                f"{image.shape[0]}x{image.shape[1]}; try wish[:{image.shape[0]}, :{image.shape[1]}]"
            )
        if not np.isfinite(wish).all():
            raise DataError(
                "the map that is wished for has nan or inf, which no filter reaches; "
                "try np.nan_to_num(wish)"
            )
        self.image, self.wish = image, wish
        self.pace = pace_of(image, height, width)
        self.learning_rate = real(
            self.pace.learning_rate if learning_rate is None else learning_rate,
            "learning_rate", 0.1, above=0,
        )  # fmt: skip
        momentum = self.pace.momentum if momentum is None else momentum
        self.momentum = real(momentum, "momentum", 0.9, least=0, most=1)
        self._shape = (height, width)
        self._map = np.empty((1, *wish.shape, 1), np.float32)
        self.restart(seed)

    def restart(self, seed: int) -> None:
        """Draw new weights and stand still."""
        self.filter = drawn(seed, self._shape)
        self.velocity = np.zeros(self._shape, np.float32)
        self.losses: list[float] = []
        self._least = np.inf, self.filter

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.losses)

    def look(self) -> tuple[Array, float, Array]:
        """Say where the filter stands.

        Returns
        -------
        output : ndarray of shape (out_height, out_width), float32
        loss : float
            The mean of the squared differences between the map and the wish.
        gradient : ndarray of shape (filter_height, filter_width), float32
            Slope of the loss by each weight.
        """
        images, filters = self.image[None, ..., None], self.filter[..., None, None]
        with np.errstate(over="ignore", invalid="ignore"):  # what runs away is told by `step`
            output = F.conv2d(images, filters, out=self._map)[0, ..., 0]
            difference = output - self.wish
            loss = float(np.square(difference, dtype=np.float64).mean())
            slope = (difference * np.float32(2 / difference.size))[None, ..., None]
            _, gradient, _ = F.conv2d_backward(slope, images, filters, images_gradient=False)
        return output, loss, gradient[..., 0, 0]

    def step(self) -> None:
        """Take one step against the gradient.

        Raises
        ------
        DataError
            If the numbers ran away; the filter then is the one with the least loss, standing still.
        """
        _, loss, gradient = self.look()
        if loss < self._least[0]:
            self._least = loss, self.filter
        rule = SGD(self.learning_rate, momentum=self.momentum)
        slots: tuple[Array, ...] = (self.velocity,) if self.momentum else ()
        with np.errstate(over="ignore", invalid="ignore"):
            filter_, slots, size = rule.update(
                self.filter, gradient, slots, step=self.steps + 1, learning_rate=self.learning_rate
            )
        if not (np.isfinite([loss, size]).all() and np.isfinite(filter_).all()):
            self.filter = self._least[1]
            self.velocity = np.zeros(self._shape, np.float32)
            raise DataError(
                f"the numbers ran away at step {self.steps + 1}: with a learning rate of "
                f"{self.learning_rate:.3g} each step goes further past the valley than the last; "
                f"try {self.pace.learning_rate:.3g} (from {self.pace.largest_rate:.3g} on they run "
                f"away)"
            )
        self.losses.append(loss)
        self.filter = filter_
        if slots:
            (self.velocity,) = slots


def wished(image: Array, wish: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Give the picture and the map to learn, such that a filter of a shape makes maps of that size.

    A wish smaller than the filter is laid into zeros; from one that is larger the picture keeps
    what lies under the middle of it.
    """
    top, bottom, left, right = crop(image.shape, wish.shape, shape)
    weights = padded(wish, shape)
    output = F.conv2d(image[None, ..., None], weights[..., None, None])[0, ..., 0]
    return np.ascontiguousarray(image[top:bottom, left:right]), output


def padded(wish: Array, shape: tuple[int, ...]) -> Array:
    """Lay a filter into zeros, so that it has the rows and columns of another at the least."""
    rows = max(wish.shape[0], shape[0])
    columns = max(wish.shape[1], shape[1])
    top = (rows - 1) // 2 - (wish.shape[0] - 1) // 2
    left = (columns - 1) // 2 - (wish.shape[1] - 1) // 2
    laid = np.zeros((rows, columns), np.float32)
    laid[top : top + wish.shape[0], left : left + wish.shape[1]] = wish
    return laid


def crop(
    size: tuple[int, ...], wish: tuple[int, ...], shape: tuple[int, ...]
) -> tuple[int, int, int, int]:
    """Say which rows and columns of the picture the filter sees: from, to, from, to."""
    found = []
    for pixels, larger, own in zip(size, wish, shape, strict=True):
        spare = max(0, larger - own)
        begin = max(0, (larger - 1) // 2 - (own - 1) // 2)
        found += [begin, pixels - spare + begin]
    return found[0], found[1], found[2], found[3]


def spread(painted: Array, height: int, width: int) -> Array:
    """Make a map of so many rows and columns of a coarse one: each number is a block of it."""
    down = np.arange(height) * len(painted) // height
    across = np.arange(width) * painted.shape[1] // width
    return np.ascontiguousarray(painted[down][:, across])


def painted_wish(value: Any) -> Array:
    """Read a wish that is painted: rows and columns of numbers from -1 to 1, or none of them."""
    cells = numbers(value, "painted").astype(np.float32)
    if not cells.size:
        return np.zeros((0, 0), np.float32)
    if cells.ndim != 2 or max(cells.shape) > MOST_CELLS:
        raise ShapeError(
            f"a painted wish has rows and columns, {MOST_CELLS} at the most, got an array of "
            f"shape {cells.shape}; try painted[:{MOST_CELLS}, :{MOST_CELLS}]"
        )
    if not (np.abs(cells) <= 1).all():
        raise DataError(
            "a painted wish is between -1 and 1 everywhere, got numbers "
            "beyond; try np.clip(painted, -1, 1)"
        )
    return cells
