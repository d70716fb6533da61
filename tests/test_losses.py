import numpy as np
import pytest

from cnnlab import functional as F
from cnnlab import losses
from cnnlab.errors import DataError, ShapeError


def scores_and_labels(batch=6, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    return 3 * rng.standard_normal((batch, classes), np.float32), rng.integers(0, classes, batch)


def theirs(torch, name, scores, labels):
    if name == "softmax_cross_entropy":
        return torch.nn.functional.cross_entropy(scores, labels)
    if name == "hinge":  # PyTorch divides by the number of classes as well
        return torch.nn.functional.multi_margin_loss(scores, labels) * scores.shape[1]
    one_hot = torch.nn.functional.one_hot(labels, scores.shape[1])
    return ((scores - one_hot) ** 2).sum(1).mean() / 2


@pytest.mark.parametrize("name", losses.LOSSES)
def test_each_loss_and_its_gradient_agree_with_pytorch(name):
    torch = pytest.importorskip("torch", reason="PyTorch is the referee (pip install torch)")
    scores, labels = scores_and_labels()
    loss, gradient = losses.LOSSES[name](scores, labels)
    leaf = torch.from_numpy(scores).requires_grad_()
    expected = theirs(torch, name, leaf, torch.from_numpy(labels))
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-6)
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), atol=1e-6)
    assert gradient.dtype == np.float32


@pytest.mark.parametrize(("batch", "classes"), [(1, 1), (1, 2), (64, 10), (7, 33), (300, 1000)])
def test_each_row_is_charged_as_pytorch_does(batch, classes):
    torch = pytest.importorskip("torch", reason="PyTorch is the referee (pip install torch)")
    scores, labels = scores_and_labels(batch, classes)
    scores *= 10
    leaf = torch.from_numpy(scores).double().requires_grad_()
    expected = torch.nn.functional.cross_entropy(leaf, torch.from_numpy(labels), reduction="none")
    expected.mean().backward()
    with F.threads(3):
        charges, gradient = F.cross_entropy(scores, labels)
    np.testing.assert_allclose(charges, expected.detach().numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-4, atol=1e-7 / batch)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_each_gradient_agrees_with_central_differences(name):
    scores, labels = scores_and_labels(seed=1)
    gradient = losses.LOSSES[name](scores, labels)[1]
    for place in np.ndindex(scores.shape):
        nudge = np.zeros_like(scores)
        nudge[place] = 1e-2
        up, down = (losses.LOSSES[name](scores + sign * nudge, labels)[0] for sign in (1, -1))
        assert (up - down) / 2e-2 == pytest.approx(gradient[place], abs=2e-3)


def test_a_network_that_knows_nothing_pays_the_logarithm_of_the_classes():
    assert losses.softmax_cross_entropy(np.zeros((5, 10)), [0] * 5)[0] == pytest.approx(np.log(10))


def test_huge_scores_do_not_overflow():
    loss, gradient = losses.softmax_cross_entropy(np.array([[1e30, -1e30]], np.float32), [0])
    assert loss == 0
    assert (gradient == 0).all()


def test_the_loss_of_a_broken_score_is_not_a_number():
    broken = np.array([[np.nan, 1.0, 2.0]], np.float32)
    for loss in losses.LOSSES.values():
        assert np.isnan(loss(broken, [1])[0])


def test_squared_error_takes_targets_of_any_shape():
    loss, gradient = losses.squared_error(np.ones((2, 3)), np.zeros((2, 3)))
    assert loss == 1.5
    np.testing.assert_array_equal(gradient, np.full((2, 3), 0.5))


@pytest.mark.parametrize("loss", losses.LOSSES.values())
@pytest.mark.parametrize(
    ("scores", "labels", "error", "message"),
    [
        (np.zeros(3), [0], ShapeError, r"end the network in Dense\(classes\)"),
        (np.zeros((2, 3)), [0], ShapeError, r"2 rows .* labels of shape \(1,\); give one class"),
        (np.zeros((1, 3)), [0.5], DataError, r"whole numbers, got float64; try labels.astype\(int"),
        (np.zeros((1, 3)), [3], DataError, "between 0 and 2 for 3 scores, got 3 to 3"),
        (np.zeros((1, 3)), [-1], DataError, "got -1 to -1; give the last Dense layer one unit"),
    ],
)
def test_labels_that_do_not_fit_are_refused(loss, scores, labels, error, message):
    with pytest.raises(error, match=message):
        loss(scores, labels)
