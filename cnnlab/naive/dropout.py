"""Dropout: which units a training step leaves out. A seed and a position decide each one.

Those that stay are scaled up to make up for the others. The mask is float32 and always the same.
"""

import numpy as np

__all__ = ["dropout_mask"]


def dropout_mask(count, rate, seed):
    """Roll a die for each unit: 0 leaves it out, ``1 / (1 - rate)`` keeps it.

    Parameters
    ----------
    count : int
        How many units.
    rate : float
        The share of them to drop, at least 0 and below 1.
    seed : int
        64 random bits. The same seed and rate give the same mask.

    Returns
    -------
    ndarray of shape (count,), float32

    Notes
    -----
    The die is the SplitMix64 generator (Steele, Lea and Flood 2014, *Fast splittable pseudorandom
    number generators*, figure 17): its n-th number is a function of n and the seed alone, so that
    any number of threads roll the same.

    Examples
    --------
    >>> dropout_mask(6, 0.5, seed=1).tolist()
    [2.0, 2.0, 2.0, 0.0, 0.0, 2.0]
    """
    position = np.arange(1, count + 1, dtype=np.uint64)
    bits = np.uint64(seed) + position * np.uint64(0x9E3779B97F4A7C15)  # wraps around at 2**64
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits = bits ^ (bits >> np.uint64(31))
    die = (bits >> np.uint64(40)).astype(np.float32) / np.float32(2**24)  # at least 0, below 1
    return np.where(die < np.float32(rate), 0, 1 / (1 - rate)).astype(np.float32)
