import struct
from collections.abc import Callable

import numpy as np
import pytest


def _encoded(array: np.ndarray, kind: int = 0x08) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape)
    return header + array.tobytes()


@pytest.fixture(scope="session")
def idx_file() -> Callable[..., bytes]:
    """Write an array as an IDX file would hold it, independently of the reader."""
    return _encoded
