"""The exponential function on vectors: sigmoid, tanh, ELU and softmax are all made of it.

A processor has no instruction for exp, and calling the library once a lane is seventy times slower
than this. Every number splits into a whole number of halvings and a short rest::

    exp(x) = 2**n * exp(r)      n = x / log(2), rounded      -0.35 <= r = x - n * log(2) <= 0.35

The factor 2**n is written straight into the exponent bits of a float. On so short a stretch a
polynomial of seven terms gives ``exp(r) - 1`` to the last bit or so; its coefficients are those of
``expf`` in Cephes (Moshier 1992). Only x <= 0 is met: a sigmoid needs exp(-abs(x)), a softmax takes
its largest score off first, so nothing can overflow. Below -87.7 the result is 0.

Errors stay below 2e-7 of the result, for `exp` and for `exp_minus_one`; NaN stays NaN.
"""

from llvmlite import ir
from numba import float32
from numba.extending import intrinsic

from cnnlab.kernels._jit import inlined
from cnnlab.kernels.vector import _lanewise, fma, greater, multiply, select, splat, subtract

__all__ = ["exp", "exp_minus_one"]

LOWEST = float32(-87.7)  # exp of it is below the smallest normal float
HALVINGS = float32(1.4426950408889634)  # 1 / log(2)
LOG2_HIGH, LOG2_LOW = float32(0.693359375), float32(-2.12194440e-4)  # log(2), in two pieces
# Floats of this size are whole numbers apart: adding it rounds, and leaves n in the lowest bits.
ROUND = float32(1.5 * 2**23)
TERM2, TERM3, TERM4 = float32(5.0000001201e-1), float32(1.6666665459e-1), float32(4.1665795894e-2)
TERM5, TERM6, TERM7 = float32(8.3334519073e-3), float32(1.3981999507e-3), float32(1.9875691500e-4)


@intrinsic
def _two_to_the(_typing, rounded):
    """``2**n``, where `rounded` is ``n + ROUND``; 0 for n = -127."""

    def build(builder, x):
        def every_lane(number):
            return ir.Constant(integers, [number] * x.type.count)

        integers = ir.VectorType(ir.IntType(32), x.type.count)
        exponent = builder.add(builder.bitcast(x, integers), every_lane(127))
        return builder.bitcast(builder.shl(exponent, every_lane(23)), x.type)

    return rounded(rounded), _lanewise(build)


@inlined
def _split(width, x):
    """Split into ``2**n`` and ``exp(r) - 1``."""
    lowest = splat(width, LOWEST)
    x = select(greater(lowest, x), lowest, x)  # NaN is not below anything, and so stays
    rounded = fma(x, splat(width, HALVINGS), splat(width, ROUND))
    n = subtract(rounded, splat(width, ROUND))
    r = fma(n, splat(width, -LOG2_LOW), fma(n, splat(width, -LOG2_HIGH), x))
    terms = fma(splat(width, TERM7), r, splat(width, TERM6))
    terms = fma(terms, r, splat(width, TERM5))
    terms = fma(terms, r, splat(width, TERM4))
    terms = fma(terms, r, splat(width, TERM3))
    terms = fma(terms, r, splat(width, TERM2))
    return _two_to_the(rounded), fma(terms, multiply(r, r), r)


@inlined
def exp(width, x):
    """``e ** x`` for x <= 0."""
    power, rest = _split(width, x)
    return fma(power, rest, power)


@inlined
def exp_minus_one(width, x):
    """``e ** x - 1`` for x <= 0, exact next to 0, where ``exp`` would have rounded it away."""
    power, rest = _split(width, x)
    return fma(power, rest, subtract(power, splat(width, float32(1))))
