"""Pictures of training: how the loss fell, and what is still taken for what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import ArrayLike, NDArray

from cnnlab.checks import kind_of, listed, numbers
from cnnlab.errors import DataError, ShapeError
from cnnlab.plots.picture import (
    BLUE,
    COLOURS,
    INK,
    LINE,
    MUTED,
    ORANGE,
    Picture,
    bare,
    captioned,
    headline,
    literal,
    worded,
)

if TYPE_CHECKING:  # the first lesson draws pictures and trains nothing
    from cnnlab.callbacks import History
    from cnnlab.training import Snapshot

__all__ = ["confusion", "learning_curves"]

_MOST_CLASSES = 100
_CELL = 0.5  # inches
_SMOOTHED = 40  # points that a noisy curve is reduced to


def learning_curves(
    runs: Iterable[Snapshot] | History | Mapping[str, Iterable[Snapshot] | History],
    title: str = "",
) -> Picture:
    """Show how loss and accuracy changed over the steps of a training, or of several.

    Thick lines are the training images, smoothed (pale behind them: every snapshot). Dots are the
    validation at the end of each epoch.

    Parameters
    ----------
    runs : iterable of Snapshot, or History, or dict of them
        What `training.run` yielded. A dict compares up to six trainings under their names.
    title : str

    Returns
    -------
    Picture

    Raises
    ------
    DataError
        If there is no snapshot, or there are more than six trainings.
    """
    title = worded(title)
    named = runs if isinstance(runs, Mapping) else {"": runs}
    named = {worded(name, "a name"): run for name, run in named.items()}
    kept = {name: _snapshots_of(run) for name, run in named.items()}
    if not kept or not all(kept.values()):
        raise DataError(
            "there are no snapshots to draw; collect them first: "
            "history = list(training.run(net, data))"
        )
    if len(kept) > len(COLOURS):
        raise DataError(
            f"{len(kept)} trainings are too many to tell apart, {len(COLOURS)} are the most; "
            "draw them in two pictures"
        )
    alt = "; ".join(_told(name, snapshots) for name, snapshots in kept.items())
    figure = Picture(8.4, 3.0, f"{title or 'Learning curves'}: {alt}")
    panels = figure.subplots(1, 2)
    for panel, quantity in zip(panels, ("loss", "accuracy"), strict=True):
        for (name, snapshots), colour in zip(kept.items(), COLOURS, strict=False):
            _draw_run(panel, quantity, name, snapshots, colour)
        _dress(panel, quantity)
    panels[0].set_ylim(bottom=0)
    panels[1].set_ylim(top=1.005)
    if len(kept) > 1 or _validated(next(iter(kept.values()))):
        panels[1].legend(frameon=False, fontsize=9, labelcolor=INK, loc="lower right")
    headline(figure, title)
    return figure


def _snapshots_of(run: Any) -> list[Snapshot]:
    from cnnlab.training import Snapshot  # here as well: a lesson that only draws trains nothing

    kept = run.snapshots if hasattr(run, "snapshots") else run
    snapshots = listed(kept, "runs", "list(training.run(net, data))")
    return [kind_of(each, Snapshot, "each of runs", "training.run's") for each in snapshots]


def _draw_run(
    panel: Axes, quantity: str, name: str, snapshots: Sequence[Snapshot], colour: str
) -> None:
    steps = np.array([snapshot.step for snapshot in snapshots])
    values = np.array([getattr(snapshot, quantity) for snapshot in snapshots], dtype=np.float64)
    panel.plot(steps, values, color=colour, alpha=0.25, linewidth=0.8)
    panel.plot(
        *_smoothed(steps, values), color=colour, linewidth=2, label=literal(name) or "training"
    )
    ends = _validated(snapshots)
    if ends:
        panel.plot(
            [end.step for end in ends],
            [getattr(end.validation, quantity) for end in ends],
            color=colour if name else ORANGE,
            marker="o",
            markersize=4.5,
            linestyle=":",
            linewidth=1.2,
            label=f"{literal(name)}, validation" if name else "validation",
        )


def _validated(snapshots: Iterable[Snapshot]) -> list[Snapshot]:
    return [snapshot for snapshot in snapshots if snapshot.validation is not None]


def _smoothed(
    steps: NDArray[np.int64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average neighbouring points, so that at most `_SMOOTHED` are left."""
    groups = np.array_split(np.arange(len(steps)), min(len(steps), _SMOOTHED))
    means = [(steps[group].mean(), values[group].mean()) for group in groups]
    across, up = np.array(means).T
    return across, up


def _dress(panel: Axes, quantity: str) -> None:
    panel.set_xlabel("step", fontsize=9, color=MUTED)
    captioned(panel, quantity)
    panel.grid(axis="y", color=LINE, linewidth=0.7)
    panel.set_axisbelow(True)
    panel.tick_params(labelsize=8.5, labelcolor=INK, length=0)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.spines["bottom"].set_color(LINE)


def _told(name: str, snapshots: Sequence[Snapshot]) -> str:
    first, last = snapshots[0], snapshots[-1]
    text = f"{name}: " if name else ""
    text += f"loss from {first.loss:.3g} to {last.loss:.3g}, "
    text += f"accuracy from {first.accuracy:.1%} to {last.accuracy:.1%} in {last.step} steps"
    ends = _validated(snapshots)
    if ends and ends[-1].validation is not None:
        text += f", {ends[-1].validation.accuracy:.1%} in the last validation"
    return text


def confusion(
    matrix: ArrayLike, class_names: Sequence[str] | None = None, title: str = ""
) -> Picture:
    """Show how often each class was taken for each: the counts, the deeper the more.

    The colour is the share of the row, so that rare classes are judged like common ones.

    Parameters
    ----------
    matrix : array_like of shape (classes, classes), int
        True class down, predicted class across, as `metrics.confusion_matrix` counts.
    class_names : sequence of str, optional
        By default the classes are numbered.
    title : str

    Returns
    -------
    Picture

    Raises
    ------
    ShapeError
        If the matrix is not square, or there are not as many names.

    Examples
    --------
    >>> confusion([[8, 2], [1, 9]], ["cat", "dog"])
    Confusion matrix: 17 of 20 right; most often cat is taken for dog (2 times)
    """
    title, counts = worded(title), numbers(matrix, "matrix")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ShapeError(
            f"a confusion matrix has as many rows as columns, got {counts.shape}; "
            "try metrics.confusion_matrix"
        )
    classes = len(counts)
    if classes > _MOST_CLASSES or not (counts >= 0).all():  # NaN is not
        raise ShapeError(
            f"a confusion matrix counts, for {_MOST_CLASSES} classes at most, "
            f"got {classes} classes and numbers from {counts.min()}; try metrics.confusion_matrix"
        )
    names: Sequence[str] = [str(number) for number in range(classes)]
    if class_names is not None:
        names = listed(class_names, "class_names", '["cat", "dog"]')
    if len(names) != classes:
        raise ShapeError(
            f"{classes} classes take {classes} names, got {len(names)}; give one for each class"
        )
    names = [worded(name, "a class name") for name in names]
    wrong = counts - np.diag(np.diag(counts))
    alt = f"{title or 'Confusion matrix'}: {np.trace(counts)} of {counts.sum()} right"
    if wrong.any():
        true, taken = np.unravel_index(wrong.argmax(), wrong.shape)
        often = "once" if wrong.max() == 1 else f"{wrong.max()} times"
        alt += f"; most often {names[true]} is taken for {names[taken]} ({often})"
    side = max(2.0, _CELL * classes)
    figure = Picture(side + 1, side + 0.8, alt)
    axes = figure.subplots()
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(
        share, cmap=LinearSegmentedColormap.from_list("blues", ["white", BLUE]), vmin=0, vmax=1
    )
    bare(axes)
    labels = list(map(literal, names))
    axes.set_xticks(range(classes), labels, fontsize=9, color=INK)
    axes.set_yticks(range(classes), labels, fontsize=9, color=INK)
    if max(map(len, names)) > 3:
        axes.tick_params(axis="x", rotation=45)
    axes.tick_params(length=0)
    axes.set_xlabel("predicted", fontsize=9.5, color=MUTED)
    axes.set_ylabel("true", fontsize=9.5, color=MUTED)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(
                column,
                row,
                f"{count:,}",
                ha="center",
                va="center",
                fontsize=9,
                color="white" if share[row, column] > 0.6 else INK,
                fontweight="bold" if row == column else "normal",
            )
    captioned(axes, title)
    return figure
