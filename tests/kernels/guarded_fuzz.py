"""Run kernels on arrays that end, or begin, at memory nobody may touch. Run by `test_bounds.py`.

One number read or written outside an array ends this process with a segmentation fault.
"""

import ctypes
import mmap
import sys

import numpy as np

from cnnlab import functional as F
from cnnlab.functional.chain import Chain, Link

NOTHING = 0  # neither reading nor writing: PROT_NONE
KEPT = []  # the memory behind the arrays


def guarded(array, *, at_end):
    """Copy an array to memory with a forbidden page on either side, flush with one of them."""
    array = np.asarray(array, np.float32)
    page = mmap.PAGESIZE
    room = -(-array.nbytes // page) * page
    memory = mmap.mmap(-1, room + 2 * page)
    KEPT.append(memory)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    for start in (address, address + page + room):
        if protect(start, page, NOTHING):
            raise OSError(ctypes.get_errno(), "mprotect")
    offset = page + (room - array.nbytes if at_end else 0)
    copy = np.frombuffer(memory, np.float32, array.size, offset).reshape(array.shape)
    copy[...] = array
    return copy


def fuzz(rounds, seed):
    """Draw shapes, strides and padding, and call every function on guarded arrays."""
    rng = np.random.default_rng(seed)
    for trial in range(rounds):
        KEPT.clear()
        at_end = trial % 4 != 0

        def fresh(*shape, at_end=at_end):
            return guarded(rng.standard_normal(shape, dtype=np.float32), at_end=at_end)

        convolution(rng, fresh)
        pooling(rng, fresh)
        elementwise(rng, fresh)
        dense(rng, fresh)
        chain(rng, fresh)


def convolution(rng, fresh):
    channels, filters = rng.choice([1, 1, 2, 3, 16, 17, 33, 40], 2)
    height, width = (int(n) for n in rng.integers(1, rng.choice([12, 50]), size=2))
    padding = tuple(int(p) for p in rng.integers(0, 5, size=2))
    stride = tuple(int(s) for s in rng.integers(1, 4, size=2))
    dilation = tuple(int(d) for d in rng.integers(1, 4, size=2))
    size = tuple(int(f) for f in rng.integers(1, 8, size=2))
    if rng.random() < 0.6:  # what has kernels of its own
        size, stride, dilation = (int(rng.choice([3, 5, 7])),) * 2, (1, 1), (1, 1)
        filters = rng.choice([1, filters])
    reach = [d * (f - 1) + 1 for d, f in zip(dilation, size, strict=True)]
    if any(r > n + 2 * p for r, n, p in zip(reach, (height, width), padding, strict=True)):
        return
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    images = fresh(int(rng.integers(1, 4)), height, width, channels)
    weights, bias = fresh(*size, channels, filters), fresh(filters)
    shape = F.conv2d(images, weights, bias, **options).shape
    F.conv2d_relu(images, weights, bias, **options, out=fresh(*shape))
    F.conv2d_backward(fresh(*shape), images, weights, **options)


def chain(rng, fresh):
    height, width, channels = (int(n) for n in rng.integers((6, 6, 1), (16, 16, 4)))
    filters, units = (int(n) for n in rng.choice([1, 2, 6, 17, 33], 2))
    links = [
        Link("conv2d", filters, int(rng.choice([3, 4, 5])), padding=int(rng.integers(3))),
        Link("max_pool2d", filters, 2, int(rng.integers(1, 3)), relu=True),
        Link("dense", units),
    ]
    network = Chain(links, (height, width, channels))
    network(fresh(1, height, width, channels), fresh(network.weights))


def pooling(rng, fresh):
    batch, channels = rng.integers(1, 4), rng.choice([1, 2, 3, 15, 16, 17, 31, 32, 33, 64, 70])
    height, width = (int(n) for n in rng.integers(1, 12, size=2))
    window = tuple(int(n) for n in rng.integers(1, 8, size=2))
    padding = tuple(int(rng.integers(0, n // 2 + 1)) for n in window)
    window = tuple(
        min(n, size + 2 * p) for n, size, p in zip(window, (height, width), padding, strict=True)
    )
    options = {
        "window": window,
        "stride": tuple(int(s) for s in rng.integers(1, 5, size=2)),
        "padding": rng.choice(["same", "valid"])
        if rng.random() < 0.3 and window <= (height, width) and window[1] <= width
        else padding,
    }
    images = fresh(batch, height, width, channels)
    shape = F.max_pool2d(images, **options).shape
    F.max_pool2d(images, **options, out=fresh(*shape))
    F.max_pool2d_backward(fresh(*shape), images, **options, out=fresh(*images.shape))
    options["count_padding"] = bool(rng.integers(2))
    F.avg_pool2d(images, **options, out=fresh(*shape))
    F.avg_pool2d_backward(fresh(*shape), images.shape, **options, out=fresh(*images.shape))


def elementwise(rng, fresh):
    shape = tuple(int(n) for n in rng.integers(1, 70, size=rng.integers(1, 4)))
    for name in ("relu", "leaky_relu", "elu", "sigmoid", "tanh", "softmax"):
        x = fresh(*shape)
        output = getattr(F, name)(x, out=fresh(*shape))
        getattr(F, name)(x, out=x)
        getattr(F, f"{name}_backward")(fresh(*shape), output, out=fresh(*shape))
    pieces = int(rng.integers(1, 5))
    x = fresh(*shape[:-1], shape[-1] * pieces)
    F.maxout(x, pieces, out=fresh(*shape))
    F.maxout_backward(fresh(*shape), x, pieces, out=fresh(*x.shape))
    F.dropout_mask(shape, 0.5, rng, out=fresh(*shape))
    F.cross_entropy(fresh(shape[0], shape[-1]), rng.integers(shape[-1], size=shape[0]))


def dense(rng, fresh):
    batch, units = int(rng.choice([1, 2, 5, 6, 7, 13])), int(rng.integers(1, 70))
    features = int(rng.choice([1, 3, 4, 5, 31, 64, 1023, 1025, 1300]))
    inputs, weights, bias = fresh(batch, features), fresh(features, units), fresh(units)
    F.dense(inputs, weights, bias, out=fresh(batch, units))
    outs = fresh(batch, features), fresh(features, units), fresh(units)
    F.dense_backward(fresh(batch, units), inputs, weights, out=outs)


def overrun():
    """Read one number too many, to see that it is noticed."""
    array = guarded(np.ones(5), at_end=True)
    np.ctypeslib.as_array(array.ctypes.data_as(ctypes.POINTER(ctypes.c_float)), (6,)).sum()


if __name__ == "__main__":
    if sys.argv[1] == "overrun":
        overrun()
    else:
        fuzz(int(sys.argv[1]), seed=int(sys.argv[2]))
    print("no number was touched outside the arrays")  # noqa: T201 - read by the test
