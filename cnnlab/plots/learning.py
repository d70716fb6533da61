"""Pictures of training: how the loss fell, and what is still taken for what."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import ArrayLike

from cnnlab.errors import ShapeError
from cnnlab.plots.picture import BLUE, INK, MUTED, Picture, bare, captioned

__all__ = ["confusion"]

_CELL = 0.5  # inches


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
    counts = np.asarray(matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ShapeError(
            f"a confusion matrix has as many rows as columns, got {counts.shape}; "
            "try metrics.confusion_matrix"
        )
    classes = len(counts)
    names = [str(number) for number in range(classes)] if class_names is None else class_names
    if len(names) != classes:
        raise ShapeError(
            f"{classes} classes take {classes} names, got {len(names)}; give one for each class"
        )
    wrong = counts - np.diag(np.diag(counts))
    alt = f"{title or 'Confusion matrix'}: {np.trace(counts)} of {counts.sum()} right"
    if wrong.any():
        true, taken = np.unravel_index(wrong.argmax(), wrong.shape)
        alt += f"; most often {names[true]} is taken for {names[taken]} ({wrong.max()} times)"
    side = max(2.0, _CELL * classes)
    figure = Picture(side + 1, side + 0.8, alt)
    axes = figure.subplots()
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(
        share, cmap=LinearSegmentedColormap.from_list("blues", ["white", BLUE]), vmin=0, vmax=1
    )
    bare(axes)
    axes.set_xticks(range(classes), names, fontsize=9, color=INK)
    axes.set_yticks(range(classes), names, fontsize=9, color=INK)
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
