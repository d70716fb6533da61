"""A vector of float32 lanes, so that a kernel reads as mathematics and runs on the vector unit.

A processor multiplies eight or sixteen numbers in the time it takes for one, if it is told to.
Left to itself a compiler often does not find out that it may. Here Numba gets a value that *is* a
vector, and every operation on it becomes the machine's own instruction::

    total = zeros(WIDE)
    for k in range(depth):
        weights = load(WIDE, filters, k * channels)             # WIDE numbers side by side
        total = fma(splat(WIDE, at(pixels, k)), weights, total) # pixel * weights + total, per lane
    store(sums, 0, total)

Widths. ``WIDE`` suits a register tile: six vectors of sums, and what feeds them, just fill the
vector registers. ``NARROW`` is half as wide, for layers of few channels whose other lanes would
idle. Both are longer than one register where several are needed to keep the multipliers busy;
LLVM splits them.

    ============  ========================  ====  ======
    machine       registers                 WIDE  NARROW
    ============  ========================  ====  ======
    AVX-512       32 of 16 lanes              32      16
    AVX2          16 of 8 lanes               16       8
    AArch64 NEON  32 of 4 lanes               16       8
    SSE, others   16 of 4 lanes                8       4
    ============  ========================  ====  ======

Memory. An array is addressed by one flat index that nothing checks, neither its end nor its
sign, so only C-contiguous float32 arrays are let in: others are refused when the kernel is
compiled. ``load_first`` and ``store_first`` touch the first `count` lanes only, and so end exactly
where the array does; a count below 1 touches nothing, one above the width touches all.

NaN. `maximum`, `minimum` and `relu` hand NaN on, as NumPy does; a comparison with NaN is false.

Left out: integers, float64, gathers; of reductions across lanes there are `total` and `any_lane`.
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.core.imputils import lower_constant
from numba.core.registry import cpu_target
from numba.extending import intrinsic, models, register_model, typeof_impl

__all__ = [
    "HALF",
    "NARROW",
    "WIDE",
    "Fixed",
    "add",
    "any_lane",
    "at",
    "constant",
    "divide",
    "equal",
    "evens",
    "fma",
    "greater",
    "is_nan",
    "known",
    "lanes",
    "load",
    "load_first",
    "load_thirds",
    "maximum",
    "minimum",
    "multiply",
    "odds",
    "prefetch",
    "put",
    "relu",
    "select",
    "splat",
    "splat_two",
    "store",
    "store_apart",
    "store_first",
    "subtract",
    "total",
    "zeros",
    "zipped",
]


class Fixed:
    """A number known while compiling: each one makes a version of a kernel of its own.

    The width of a vector is one; so is the size of a loop that is to be written out in full.
    """

    def __init__(self, number: int) -> None:
        self.lanes = number


def _lanes_of_this_machine() -> int:
    """Count the lanes of a WIDE vector on the processor that Numba compiles for."""
    triple, processor, features = cpu_target.target_context.codegen().magic_tuple()
    if "+avx512f" in features or processor == "x86-64-v4":
        return 32
    if "+avx2" in features or processor == "x86-64-v3" or "aarch64" in triple or "arm64" in triple:
        return 16
    return 8


WIDE = Fixed(_lanes_of_this_machine())
NARROW = Fixed(WIDE.lanes // 2)
HALF = Fixed(NARROW.lanes // 2)  # of a narrow one

# ---- what Numba must know: the type of a fixed number, of a vector, and of a mask ---------------


class _FixedType(types.Type):
    def __init__(self, lanes):
        self.lanes = lanes
        super().__init__(name=f"fixed{lanes}")


class _VectorType(types.Type):
    def __init__(self, lanes):
        self.lanes = lanes
        super().__init__(name=f"float32x{lanes}")


class _MaskType(types.Type):
    def __init__(self, lanes):
        self.lanes = lanes
        super().__init__(name=f"mask{lanes}")


register_model(_FixedType)(models.OpaqueModel)


@register_model(_VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, ir.VectorType(ir.FloatType(), numba_type.lanes))


@register_model(_MaskType)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, ir.VectorType(ir.IntType(1), numba_type.lanes))


@typeof_impl.register(Fixed)
def _type_of_fixed(fixed, _context):
    return _FixedType(fixed.lanes)


@lower_constant(_FixedType)
def _constant_fixed(context, _builder, _type, _value):
    return context.get_dummy_value()


# ---- how an operation becomes LLVM: builders used by the operations below -----------------------

_INT32 = ir.IntType(32)
_FLOAT_BYTES = 4


def _readable(array):
    if not isinstance(array, types.Array) or array.dtype != types.float32 or array.layout != "C":
        raise TypingError(f"the vector unit reads C-contiguous float32 arrays only, got {array}")


def _writable(array):
    _readable(array)
    if not array.mutable:
        raise TypingError(f"cannot store into a read-only array, got {array}")


def _vector(lanes):
    return ir.VectorType(ir.FloatType(), lanes)


def _address(context, builder, array_type, array, index):
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [index])


def _vector_address(context, builder, array_type, array, index, lanes):
    address = _address(context, builder, array_type, array, index)
    return builder.bitcast(address, _vector(lanes).as_pointer())


def _broadcast(builder, value, lanes):
    """Copy one number into every lane."""
    undefined = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = builder.insert_element(undefined, value, _INT32(0))
    return builder.shuffle_vector(
        first, undefined, ir.Constant(ir.VectorType(_INT32, lanes), [0] * lanes)
    )


def _first_lanes(builder, count, lanes):
    """Make a mask that is true in the first `count` lanes."""
    # a vector of 64-bit numbers would take twice the registers: count in 32 bits, once it fits
    most = count.type(lanes)
    count = builder.select(builder.icmp_signed("<", count, most), count, most)
    count = builder.select(builder.icmp_signed(">", count, count.type(0)), count, count.type(0))
    count = builder.trunc(count, _INT32)
    numbers = ir.Constant(ir.VectorType(_INT32, lanes), list(range(lanes)))
    return builder.icmp_signed("<", numbers, _broadcast(builder, count, lanes))


def _llvm(builder, name, result, arguments):
    """Call one of LLVM's own functions."""
    function_type = ir.FunctionType(result, [argument.type for argument in arguments])
    function = cgutils.get_or_insert_function(builder.module, function_type, name)
    return builder.call(function, arguments)


def _lanewise(build):
    """Make an operation on vectors of one width out of a function that builds its LLVM."""

    def generate(_context, builder, _signature, arguments):
        return build(builder, *arguments)

    return generate


# ---- making vectors -----------------------------------------------------------------------------


@intrinsic
def lanes(_typing, width):
    """Count the lanes of `width`; a constant while compiling."""

    def generate(context, _builder, signature, _arguments):
        return context.get_constant(types.intp, signature.args[0].lanes)

    return types.intp(width), generate


known = lanes  # the same question, asked of a number that is not a width


@intrinsic
def zeros(_typing, width):
    """0 in every lane."""

    def generate(_context, _builder, signature, _arguments):
        return ir.Constant(_vector(signature.return_type.lanes), [0.0] * width.lanes)

    return _VectorType(width.lanes)(width), generate


@intrinsic
def splat(_typing, width, _value):
    """`value` in every lane."""

    def generate(_context, builder, signature, arguments):
        return _broadcast(builder, arguments[1], signature.return_type.lanes)

    return _VectorType(width.lanes)(width, types.float32), generate


@intrinsic
def zipped(_typing, left, right):
    """Put two vectors into one of twice the width: left 0, right 0, left 1, right 1, ..."""

    def generate(_context, builder, signature, arguments):
        lanes = signature.args[0].lanes
        order = [lane // 2 + lane % 2 * lanes for lane in range(2 * lanes)]
        mask = ir.Constant(ir.VectorType(_INT32, 2 * lanes), order)
        return builder.shuffle_vector(*arguments, mask)

    return _VectorType(2 * left.lanes)(left, right), generate


def _every_other(first):
    def generate(_context, builder, signature, arguments):
        order = list(range(first, signature.args[0].lanes, 2))
        mask = ir.Constant(ir.VectorType(_INT32, len(order)), order)
        return builder.shuffle_vector(arguments[0], arguments[0], mask)

    return generate


@intrinsic
def evens(_typing, vector):
    """Lanes 0, 2, 4, ...: the left half of what was `zipped`."""
    return _VectorType(vector.lanes // 2)(vector), _every_other(0)


@intrinsic
def odds(_typing, vector):
    """Lanes 1, 3, 5, ...: the right half of what was `zipped`."""
    return _VectorType(vector.lanes // 2)(vector), _every_other(1)


# ---- memory -------------------------------------------------------------------------------------


@intrinsic
def at(_typing, array, _index):
    """One number: ``array.flat[index]``, unchecked."""
    _readable(array)

    def generate(context, builder, signature, arguments):
        address = _address(context, builder, signature.args[0], *arguments)
        return builder.load(address, align=_FLOAT_BYTES)

    return types.float32(array, types.intp), generate


@intrinsic
def put(_typing, array, _index, _value):
    """Write one number: ``array.flat[index] = value``, unchecked."""
    _writable(array)

    def generate(context, builder, signature, arguments):
        address = _address(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], address, align=_FLOAT_BYTES)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.float32), generate


@intrinsic
def load(_typing, width, array, _index):
    """All lanes from ``array.flat[index:]``."""
    _readable(array)

    def generate(context, builder, signature, arguments):
        address = _vector_address(
            context, builder, signature.args[1], *arguments[1:], signature.return_type.lanes
        )
        return builder.load(address, align=_FLOAT_BYTES)

    return _VectorType(width.lanes)(width, array, types.intp), generate


@intrinsic
def splat_two(_typing, width, array, _index):
    """Two neighbouring numbers, the first in every even lane, the second in every odd one."""
    _readable(array)

    def generate(context, builder, signature, arguments):
        lanes = signature.return_type.lanes
        address = _vector_address(context, builder, signature.args[1], *arguments[1:], 2)
        # as one number of 64 bits, which one instruction loads into every lane
        both = builder.bitcast(address, ir.IntType(64).as_pointer())
        wide = _broadcast(builder, builder.load(both, align=_FLOAT_BYTES), lanes // 2)
        return builder.bitcast(wide, _vector(lanes))

    return _VectorType(width.lanes)(width, array, types.intp), generate


@intrinsic
def load_thirds(_typing, width, array, _index):
    """Load three vectors, each of every third number: the colours of pixels."""
    _readable(array)

    def generate(context, builder, signature, arguments):
        lanes = signature.args[0].lanes
        address = _vector_address(context, builder, signature.args[1], *arguments[1:], 3 * lanes)
        pixels = builder.load(address, align=_FLOAT_BYTES)
        colours = []
        for first in range(3):
            picks = list(range(first, 3 * lanes, 3))
            mask = ir.Constant(ir.VectorType(_INT32, lanes), picks)
            colours.append(builder.shuffle_vector(pixels, pixels, mask))
        return context.make_tuple(builder, signature.return_type, colours)

    colour = _VectorType(width.lanes)
    return types.UniTuple(colour, 3)(width, array, types.intp), generate


@intrinsic
def constant(_typing, width, array, _index):
    """All lanes from memory nobody writes while the kernel runs: may stay in a register."""
    _readable(array)

    def generate(context, builder, signature, arguments):
        address = _vector_address(
            context, builder, signature.args[1], *arguments[1:], signature.return_type.lanes
        )
        loaded = builder.load(address, align=_FLOAT_BYTES)
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
        return loaded

    return _VectorType(width.lanes)(width, array, types.intp), generate


@intrinsic
def store(_typing, array, _index, vector):
    """All lanes to ``array.flat[index:]``."""
    _writable(array)

    def generate(context, builder, signature, arguments):
        address = _vector_address(
            context, builder, signature.args[0], *arguments[:2], signature.args[2].lanes
        )
        builder.store(arguments[2], address, align=_FLOAT_BYTES)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


@intrinsic
def store_apart(_typing, array, _index, vector, width, _step):
    """Store a vector in pieces of `width` lanes, each `step` numbers behind the last one."""
    _writable(array)

    def generate(context, builder, signature, arguments):
        array, index, vector, _, step = arguments
        lanes, piece = signature.args[2].lanes, signature.args[3].lanes
        for first in range(0, lanes, piece):
            mask = ir.Constant(ir.VectorType(_INT32, piece), list(range(first, first + piece)))
            part = builder.shuffle_vector(vector, vector, mask)
            address = _vector_address(context, builder, signature.args[0], array, index, piece)
            builder.store(part, address, align=_FLOAT_BYTES)
            index = builder.add(index, step)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector, width, types.intp), generate


@intrinsic
def prefetch(_typing, array, _index):
    """Have the line of the cache that holds ``array.flat[index]`` fetched; needs not exist."""
    _readable(array)

    def generate(context, builder, signature, arguments):
        address = _address(context, builder, signature.args[0], *arguments)
        address = builder.bitcast(address, ir.IntType(8).as_pointer())
        to_read, near, data = _INT32(0), _INT32(3), _INT32(1)
        _llvm(builder, "llvm.prefetch.p0", ir.VoidType(), [address, to_read, near, data])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


@intrinsic
def load_first(_typing, width, array, _index, _count):
    """Load the first `count` lanes from ``array.flat[index:]``, 0 in the rest."""
    _readable(array)

    def generate(context, builder, signature, arguments):
        lanes = signature.return_type.lanes
        _, array, index, count = arguments
        address = _vector_address(context, builder, signature.args[1], array, index, lanes)
        mask = _first_lanes(builder, count, lanes)
        rest = ir.Constant(_vector(lanes), [0.0] * lanes)
        name = f"llvm.masked.load.v{lanes}f32.p0"
        return _llvm(builder, name, rest.type, [address, _INT32(_FLOAT_BYTES), mask, rest])

    return _VectorType(width.lanes)(width, array, types.intp, types.intp), generate


@intrinsic
def store_first(_typing, array, _index, vector, _count):
    """Store the first `count` lanes to ``array.flat[index:]``; nothing behind them is touched."""
    _writable(array)

    def generate(context, builder, signature, arguments):
        lanes = signature.args[2].lanes
        array, index, vector, count = arguments
        address = _vector_address(context, builder, signature.args[0], array, index, lanes)
        mask = _first_lanes(builder, count, lanes)
        name = f"llvm.masked.store.v{lanes}f32.p0"
        _llvm(builder, name, ir.VoidType(), [vector, address, _INT32(_FLOAT_BYTES), mask])
        return context.get_dummy_value()

    return types.void(array, types.intp, vector, types.intp), generate


# ---- arithmetic, lane by lane -------------------------------------------------------------------


@intrinsic
def add(_typing, left, right):
    """``left + right``."""
    return left(left, right), _lanewise(lambda builder, x, y: builder.fadd(x, y))


@intrinsic
def subtract(_typing, left, right):
    """``left - right``."""
    return left(left, right), _lanewise(lambda builder, x, y: builder.fsub(x, y))


@intrinsic
def multiply(_typing, left, right):
    """``left * right``."""
    return left(left, right), _lanewise(lambda builder, x, y: builder.fmul(x, y))


@intrinsic
def divide(_typing, left, right):
    """``left / right``."""
    return left(left, right), _lanewise(lambda builder, x, y: builder.fdiv(x, y))


@intrinsic
def fma(_typing, left, right, addend):
    """``left * right + addend``, rounded once where the machine can do both in one go."""

    def generate(_context, builder, signature, arguments):
        # fmuladd, not fma: on a machine without the instruction fma is a slow library call
        name = f"llvm.fmuladd.v{signature.return_type.lanes}f32"
        return _llvm(builder, name, arguments[0].type, arguments)

    return left(left, right, addend), generate


@intrinsic
def total(_typing, vector):
    """Add up the lanes in the order they lie."""

    def generate(_context, builder, signature, arguments):
        lanes = signature.args[0].lanes
        name = f"llvm.vector.reduce.fadd.v{lanes}f32"
        return _llvm(builder, name, ir.FloatType(), [ir.Constant(ir.FloatType(), 0.0), *arguments])

    return types.float32(vector), generate


def _larger(builder, x, y, order):
    """Take the larger (or smaller) lane; NaN if either is."""
    # `fcmp` is false for NaN, which leaves y: right unless x is the NaN
    ordered = builder.select(builder.fcmp_ordered(order, x, y), x, y)
    return builder.select(builder.fcmp_unordered("uno", x, x), x, ordered)


@intrinsic
def maximum(_typing, left, right):
    """Take the larger; NaN if either is NaN, as ``np.maximum``."""
    return left(left, right), _lanewise(lambda builder, x, y: _larger(builder, x, y, ">"))


@intrinsic
def minimum(_typing, left, right):
    """Take the smaller; NaN if either is NaN, as ``np.minimum``."""
    return left(left, right), _lanewise(lambda builder, x, y: _larger(builder, x, y, "<"))


@intrinsic
def relu(_typing, vector):
    """0 where ``vector <= 0``, else `vector`: NaN stays NaN, so that divergence shows."""

    def build(builder, x):
        zero = ir.Constant(x.type, [0.0] * x.type.count)
        return builder.select(builder.fcmp_ordered("<=", x, zero), zero, x)

    return vector(vector), _lanewise(build)


# ---- comparing and choosing ---------------------------------------------------------------------


@intrinsic
def equal(_typing, left, right):
    """Mask of the lanes where ``left == right``."""
    return _MaskType(left.lanes)(left, right), _lanewise(
        lambda builder, x, y: builder.fcmp_ordered("==", x, y)
    )


@intrinsic
def greater(_typing, left, right):
    """Mask of the lanes where ``left > right``."""
    return _MaskType(left.lanes)(left, right), _lanewise(
        lambda builder, x, y: builder.fcmp_ordered(">", x, y)
    )


@intrinsic
def is_nan(_typing, vector):
    """Mask of the lanes that are NaN."""
    return _MaskType(vector.lanes)(vector), _lanewise(
        lambda builder, x: builder.fcmp_unordered("uno", x, x)
    )


@intrinsic
def select(_typing, mask, yes, no):
    """`yes` where `mask` is true, else `no`; vectors or masks."""
    return yes(mask, yes, no), _lanewise(lambda builder, m, x, y: builder.select(m, x, y))


@intrinsic
def any_lane(_typing, mask):
    """Whether `mask` is true in any lane."""

    def generate(_context, builder, signature, arguments):
        bits = builder.bitcast(arguments[0], ir.IntType(signature.args[0].lanes))
        return builder.icmp_unsigned("!=", bits, bits.type(0))

    return types.boolean(mask), generate
