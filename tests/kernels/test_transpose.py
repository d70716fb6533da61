"""The transpose beside NumPy's: edges of tiles, edges of blocks, more threads than one."""

import numpy as np
import pytest

from cnnlab import functional as F
from cnnlab.kernels.transpose import transposed

SIDES = [1, 2, 7, 8, 9, 15, 16, 17, 24, 63, 64, 65, 130]


@pytest.mark.parametrize("rows", SIDES)
def test_rows_become_columns(rows):
    for columns in SIDES:
        matrix = np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)
        np.testing.assert_array_equal(transposed(matrix), matrix.T)


def test_nothing_beside_the_result_is_written():
    for rows, columns in [(9, 17), (16, 8), (3, 70)]:
        memory = np.full(rows * columns + 64, -1, np.float32)
        out = memory[32:-32].reshape(columns, rows)
        transposed(np.ones((rows, columns), np.float32), out=out)
        assert (out == 1).all()
        assert (memory[:32] == -1).all()
        assert (memory[-32:] == -1).all()


def test_threads_share_the_blocks():
    matrix = np.random.default_rng(0).random((1000, 1030), np.float32)
    with F.threads(3):
        np.testing.assert_array_equal(transposed(matrix), matrix.T)
