"""The dropout kernel beside its plain twin, and the twin beside the generator it names."""

import inspect

import numpy as np
import pytest

from cnnlab.kernels import _threads, dropout
from cnnlab.naive import dropout as plain

MASK_64 = 2**64 - 1


def splitmix64(seed):
    """Yield the generator's numbers, in whole numbers of Python: the published algorithm."""
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & MASK_64
        z = seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK_64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK_64
        yield z ^ (z >> 31)


def test_twins_take_the_same_parameters():
    of_kernel = inspect.signature(dropout.dropout_mask).parameters
    assert [key for key in of_kernel if key != "out"] == list(
        inspect.signature(plain.dropout_mask).parameters
    )


@pytest.mark.parametrize("seed", [0, 1, 1234567, MASK_64])
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.99])
def test_the_twin_rolls_the_published_generator(seed, rate):
    rolls = splitmix64(seed)
    dice = [(next(rolls) >> 40) / 2**24 for _ in range(50)]
    expected = [0 if die < np.float32(rate) else np.float32(1 / (1 - rate)) for die in dice]
    assert plain.dropout_mask(50, rate, seed).tolist() == expected


def test_the_generator_starts_with_its_known_numbers():
    rolls = splitmix64(1234567)
    assert [next(rolls) for _ in range(2)] == [6457827717110365317, 3203168211198807973]


@pytest.mark.parametrize("count", [1, 33, 16_384, 100_003])
@pytest.mark.parametrize("seed", [0, MASK_64])
def test_the_kernel_rolls_what_its_twin_does(count, seed):
    for rate in (0.0, 0.3, 0.5):
        expected = plain.dropout_mask(count, rate, seed)
        for threads in (1, 2):
            with _threads.threads(threads):
                np.testing.assert_array_equal(dropout.dropout_mask(count, rate, seed), expected)
