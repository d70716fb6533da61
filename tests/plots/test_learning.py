"""Pictures of training."""

import numpy as np
import pytest

from cnnlab import plots
from cnnlab.callbacks import History
from cnnlab.errors import DataError, ShapeError
from cnnlab.training import Evaluation, Snapshot


def snapshots(count: int = 20, *, validated: bool = True) -> list[Snapshot]:
    return [
        Snapshot(
            epoch=1 + step // 10,
            step=step + 1,
            steps=count,
            loss=2 / (1 + step),
            accuracy=1 - 0.9 / (1 + step),
            learning_rate=0.1,
            gradient_norms={},
            seconds=0.1 * step,
            images_per_second=100.0,
            epoch_end=step % 10 == 9,
            validation=Evaluation(0.5, 0.75) if validated and step % 10 == 9 else None,
        )
        for step in range(count)
    ]


def lines(picture, panel: int) -> list[np.ndarray]:
    return [line.get_ydata() for line in picture.axes[panel].lines]


def test_curves_show_every_snapshot_and_the_validation():
    picture = plots.learning_curves(snapshots())
    raw, smooth, validation = lines(picture, 0)
    np.testing.assert_allclose(raw, [2 / (1 + step) for step in range(20)])
    assert smooth.min() >= raw.min()
    assert validation.tolist() == [0.5, 0.5]
    assert lines(picture, 1)[2].tolist() == [0.75, 0.75]
    assert "loss from 2 to 0.1, accuracy from 10.0% to 95.5% in 20 steps, 75.0%" in picture.alt


def test_a_smoothed_curve_is_the_mean_of_its_neighbours():
    raw, smooth = lines(plots.learning_curves(snapshots(400, validated=False)), 1)
    np.testing.assert_allclose(smooth, raw.reshape(40, 10).mean(axis=1))


def test_a_history_and_several_trainings_are_taken_too():
    history = History()
    for snapshot in snapshots():
        history(snapshot)
    assert plots.learning_curves(history).alt == plots.learning_curves(snapshots()).alt
    picture = plots.learning_curves({"slow": history, "fast": snapshots()})
    assert len(lines(picture, 0)) == 6
    legend = [text.get_text() for text in picture.axes[1].get_legend().get_texts()]
    assert legend == ["slow", "slow, validation", "fast", "fast, validation"]


def test_nothing_to_draw_is_refused():
    with pytest.raises(DataError, match=r"no snapshots to draw; .* list\(training.run"):
        plots.learning_curves([])


def test_more_trainings_than_colours_are_refused():
    with pytest.raises(DataError, match="7 trainings are too many to tell apart, 6"):
        plots.learning_curves({str(number): snapshots() for number in range(7)})


def test_a_confusion_matrix_prints_its_counts_under_their_names():
    picture = plots.confusion([[8, 2], [0, 10]], ["cat", "dog"])
    axes = picture.axes[0]
    assert [text.get_text() for text in axes.texts] == ["8", "2", "10"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["cat", "dog"]
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.8, 0.2], [0, 1]])
    assert "18 of 20 right; most often cat is taken for dog (2 times)" in picture.alt


def test_a_class_without_examples_is_no_division_by_zero():
    assert "4 of 4 right" in plots.confusion([[4, 0], [0, 0]]).alt


@pytest.mark.parametrize(
    ("matrix", "names", "message"),
    [
        (np.zeros((2, 3)), None, r"as many rows as columns, got \(2, 3\)"),
        (np.eye(2), ["one"], "2 classes take 2 names, got 1"),
    ],
)
def test_what_is_no_confusion_matrix_is_refused(matrix, names, message):
    with pytest.raises(ShapeError, match=message):
        plots.confusion(matrix, names)
