"""What becomes of a file that may be damaged: a picture, or a reason, and nothing else."""

import numpy as np

from cnnlab import images
from cnnlab.errors import DataError


def opens(data: bytes) -> bool:
    """Whether a file gives a picture, which then is a sound one; else there must be a reason."""
    try:
        image = images.load(data)
    except DataError:
        return False
    assert image.dtype == np.float32
    assert image.min() >= 0
    assert image.max() <= 1
    return True
