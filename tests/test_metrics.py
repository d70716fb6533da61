import numpy as np
import pytest

from cnnlab import metrics
from cnnlab.errors import DataError, ShapeError

SCORES = [[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.4, 0.4, 0.2], [0.1, 0.2, 0.7]]
LABELS = [0, 2, 1, 2]


def test_accuracy_counts_the_images_whose_class_is_highest_and_the_first_wins_a_tie():
    assert metrics.accuracy(SCORES, LABELS) == 0.5


def test_top_accuracy_counts_those_among_the_highest():
    assert metrics.top_accuracy(SCORES, LABELS, top=1) == metrics.accuracy(SCORES, LABELS)
    assert metrics.top_accuracy(SCORES, LABELS, top=2) == 1.0


def test_a_broken_score_is_never_right():
    assert metrics.accuracy([[0.0, np.nan]], [0]) == 0.0


def test_the_confusion_matrix_has_truth_down_and_answers_across():
    matrix = metrics.confusion_matrix([0, 0, 1, 2, 2], [0, 1, 1, 2, 0], classes=4)
    expected = [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(matrix, expected)
    np.testing.assert_array_equal(metrics.recall(matrix), [0.5, 1, 0.5, np.nan])
    np.testing.assert_array_equal(metrics.precision(matrix), [0.5, 0.5, 1, np.nan])


@pytest.mark.parametrize(
    ("measure", "error", "message"),
    [
        (lambda: metrics.accuracy([1.0, 2.0], [0, 1]), ShapeError, "need one label a row"),
        (lambda: metrics.confusion_matrix([0], [0, 1], 2), ShapeError, "of the same length"),
        (lambda: metrics.confusion_matrix([0], [2], 2), DataError, "got 0 to 2; try classes=3"),
    ],
)
def test_what_does_not_go_together_is_refused(measure, error, message):
    with pytest.raises(error, match=message):
        measure()
