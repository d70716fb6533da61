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


@pytest.mark.parametrize("measure", [metrics.accuracy, metrics.top_accuracy])
@pytest.mark.parametrize(
    ("scores", "labels", "error", "message"),
    [
        ([[0.0, np.nan]], [0], DataError, "NaN .* in 1 of 1 rows, first in row 0; look for NaN"),
        ([[0.0, 1.0]], [2], DataError, "labels must lie between 0 and 1 for 2 scores, got 2 to 2"),
        ([[0.0, 1.0]], [-1], DataError, "got -1 to -1"),
        ([[0.0, 1.0]], [0.5], DataError, "labels must be whole numbers, got float64"),
        ([[0.0, 1.0]], [0, 1], ShapeError, r"1 rows of scores need as many labels, got .*\(2,\)"),
        ([["a", "b"]], [0], DataError, "scores must hold real numbers, got text"),
        (np.zeros((0, 3)), [], ShapeError, r"got shape \(0, 3\); try net.predict"),
    ],
)
def test_scores_and_labels_that_mean_nothing_are_refused(measure, scores, labels, error, message):
    with pytest.raises(error, match=message):
        measure(scores, labels)


def test_infinite_scores_can_be_the_highest():
    assert metrics.accuracy([[0.0, np.inf], [-np.inf, 0.0]], [1, 0]) == 0.5


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_whatever_holds_the_numbers_plain_arrays_come_back():
    torch = pytest.importorskip("torch", reason="PyTorch is one of the kinds")
    confusion = np.array([[3, 1], [0, 2]])
    scores = np.array(SCORES)
    kinds = [list, np.asmatrix, torch.tensor, lambda array: array.astype(np.float16)]
    for kind in kinds:
        shares = metrics.recall(kind(confusion))
        assert type(shares) is np.ndarray
        np.testing.assert_array_equal(shares, [0.75, 1])
        np.testing.assert_array_equal(metrics.precision(kind(confusion)), [1, 2 / 3])
        assert metrics.accuracy(kind(scores), np.array(LABELS, np.uint8)) == 0.5


@pytest.mark.parametrize("share", [metrics.precision, metrics.recall])
@pytest.mark.parametrize(
    ("confusion", "error", "message"),
    [
        (
            [[1, 2]],
            ShapeError,
            r"as many rows as columns, got shape \(1, 2\); try confusion_matrix",
        ),
        ([[1, -2], [3, 4]], DataError, "no number in it is below 0, got -2"),
    ],
)
def test_what_is_no_confusion_matrix_is_refused(share, confusion, error, message):
    with pytest.raises(error, match=message):
        share(confusion)


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
