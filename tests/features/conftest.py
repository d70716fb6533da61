"""Images to look through."""

import numpy as np
import pytest

from cnnlab.datasets import Dataset
from tests.features.examples import SHAPE


@pytest.fixture
def data() -> Dataset:
    images = np.random.default_rng(8).random((300, *SHAPE))  # more than one batch
    return Dataset(images, np.zeros(300, dtype=int), ["noise"])
