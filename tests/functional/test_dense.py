"""Dense layers through the public rim, against PyTorch and sums done by hand."""

import numpy as np
import pytest

from cnnlab import functional as F
from cnnlab.errors import DataError, ShapeError

CONFIGURATIONS = 500
TOLERANCE = 2e-5


def assert_close(ours, theirs):
    """Within the tolerance, relative to the largest number: sums of thousands of terms round."""
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE * max(1, np.abs(theirs).max()))


def agrees_with_pytorch(rng, batch, inputs, units):
    torch = pytest.importorskip("torch", reason="PyTorch is the referee (pip install torch)")
    x = rng.standard_normal((batch, inputs), dtype=np.float32)
    weights = rng.standard_normal((inputs, units), dtype=np.float32)
    bias = rng.standard_normal(units, dtype=np.float32)
    grad_output = rng.standard_normal((batch, units), dtype=np.float32)
    leaves = [torch.from_numpy(array).requires_grad_() for array in (x, weights, bias)]
    expected = leaves[0] @ leaves[1] + leaves[2]
    expected.backward(torch.from_numpy(grad_output))
    assert_close(F.dense(x, weights, bias), expected.detach().numpy())
    for ours, leaf in zip(F.dense_backward(grad_output, x, weights), leaves, strict=True):
        assert_close(ours, leaf.grad.numpy())


def test_dense_and_its_gradients_agree_with_pytorch():
    rng = np.random.default_rng(10)
    for _ in range(CONFIGURATIONS):
        agrees_with_pytorch(rng, *(int(n) for n in rng.integers(1, 100, size=3)))


@pytest.mark.parametrize(
    ("batch", "inputs", "units"), [(1, 5000, 700), (32, 3000, 513), (7, 2049, 10), (300, 400, 120)]
)
def test_layers_large_enough_to_be_shared_among_cores_agree_with_pytorch(batch, inputs, units):
    agrees_with_pytorch(np.random.default_rng(11), batch, inputs, units)


def test_two_inputs_and_one_unit_by_hand():
    assert F.dense([[1, 2]], [[3], [4]], [0.5]).tolist() == [[11.5]]
    assert F.dense([[1, 2]], [[3], [4]]).tolist() == [[11]]
    gradients = F.dense_backward([[10]], [[1, 2]], [[3], [4]])
    assert [gradient.tolist() for gradient in gradients] == [[[30, 40]], [[10], [20]], [10]]


@pytest.mark.parametrize("batch", [1, 2, 9])
def test_nan_and_infinity_spread_as_in_numpy(batch):
    rng = np.random.default_rng(12)
    x = rng.standard_normal((batch, 40), dtype=np.float32)
    weights = rng.standard_normal((40, 35), dtype=np.float32)
    x[0, 3], weights[5, 34], weights[6, 0] = np.inf, np.nan, -np.inf
    with np.errstate(invalid="ignore"):
        expected = x @ weights
    np.testing.assert_allclose(F.dense(x, weights), expected, rtol=1e-3, atol=1e-4)
    # Nothing times infinity is NaN: an input that is zero does not hide a broken weight.
    x[0, 5] = 0
    assert np.isnan(F.dense(x, weights)[0, 34])


def test_results_can_be_written_into_arrays_at_hand():
    rng = np.random.default_rng(13)
    x, weights = rng.standard_normal((4, 50)), rng.standard_normal((50, 33))
    grad_output = rng.standard_normal((4, 33))
    out = np.full((4, 33), np.nan, np.float32)
    assert F.dense(x, weights, out=out) is out
    np.testing.assert_array_equal(out, F.dense(x, weights))
    expected = F.dense_backward(grad_output, x, weights)
    outs = tuple(np.full(gradient.shape, np.nan, np.float32) for gradient in expected)
    for written, out, gradient in zip(
        F.dense_backward(grad_output, x, weights, out=outs), outs, expected, strict=True
    ):
        assert written is out
        np.testing.assert_array_equal(written, gradient)
    only_weights = np.empty((50, 33), np.float32)
    written = F.dense_backward(grad_output, x, weights, out=(None, only_weights, None))
    assert written[1] is only_weights
    np.testing.assert_array_equal(written[0], expected[0])


# ---- what is refused, and in which words ---------------------------------------------------------


def test_weights_for_another_number_of_features_are_refused():
    message = r"inputs have 3 features, but the weights expect 2; try weights of shape \(3, 5\)"
    with pytest.raises(ShapeError, match=message):
        F.dense(np.zeros((1, 3)), np.zeros((2, 5)))


def test_images_must_be_flattened_first():
    with pytest.raises(ShapeError, match=r"inputs must have 2 axes \(batch, features\), got shape"):
        F.dense(np.zeros((1, 4, 4, 3)), np.zeros((48, 5)))
    with pytest.raises(ShapeError, match=r"a single example is inputs\[None\]"):
        F.dense(np.zeros(3), np.zeros((3, 5)))


def test_a_bias_for_another_number_of_units_is_refused():
    with pytest.raises(ShapeError, match=r"bias has 4 values for 5 units; try .*\(5,\)"):
        F.dense(np.zeros((1, 3)), np.zeros((3, 5)), np.zeros(4))


def test_empty_arrays_and_complex_numbers_are_refused_by_dense():
    with pytest.raises(ShapeError, match="inputs must not be empty"):
        F.dense(np.zeros((0, 3)), np.zeros((3, 5)))
    with pytest.raises(DataError, match="weights must hold real numbers, got complex"):
        F.dense(np.zeros((1, 3)), np.zeros((3, 5), complex))


def test_a_gradient_of_another_layer_is_refused():
    message = r"grad_output has shape \(1, 4\), but dense gives \(1, 5\) here; pass the inputs"
    with pytest.raises(ShapeError, match=message):
        F.dense_backward(np.zeros((1, 4)), np.zeros((1, 3)), np.zeros((3, 5)))


def test_outputs_of_the_wrong_kind_are_refused():
    arrays = np.zeros((1, 5), np.float32), np.zeros((1, 3), np.float32), np.zeros((3, 5))
    with pytest.raises(ShapeError, match=r"out must be three arrays or None.*try out=\(None"):
        F.dense_backward(*arrays, out=(None, None))
    with pytest.raises(ShapeError, match=r"out has shape \(5, 3\), the result has \(3, 5\)"):
        F.dense_backward(*arrays, out=(None, np.empty((5, 3), np.float32), None))
    with pytest.raises(DataError, match="out shares memory with an input"):
        F.dense_backward(*arrays, out=(arrays[1], None, None))
