"""How fast a core can multiply and add: six vectors that never leave their registers.

Each step depends on the one before it in its own vector only, so that both multipliers of a core
stay busy, as in the tile; no memory is touched. Nothing that multiplies and adds can be faster.
"""

import numpy as np

from cnnlab.kernels._jit import kernel
from cnnlab.kernels.vector import WIDE, add, fma, splat, total

__all__ = ["LANES", "spin"]

LANES = WIDE.lanes


@kernel
def spin(steps, factor):
    """Multiply by `factor` and add one, `steps` times in each of six vectors."""
    f, one = splat(WIDE, factor), splat(WIDE, np.float32(1))
    a0, a1 = splat(WIDE, np.float32(0)), splat(WIDE, np.float32(1))
    a2, a3 = splat(WIDE, np.float32(2)), splat(WIDE, np.float32(3))
    a4, a5 = splat(WIDE, np.float32(4)), splat(WIDE, np.float32(5))
    for _ in range(steps):
        a0, a1, a2 = fma(a0, f, one), fma(a1, f, one), fma(a2, f, one)
        a3, a4, a5 = fma(a3, f, one), fma(a4, f, one), fma(a5, f, one)
    return total(add(add(add(a0, a1), add(a2, a3)), add(a4, a5)))
