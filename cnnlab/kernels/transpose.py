"""Rows become columns, an eight by eight tile at a time.

Written number by number, a transposed matrix is slow to make: whichever way one walks, either what
is read or what is written lies far apart. A tile is eight loads of eight numbers and eight such
stores; in between, the rows are zipped like a pack of cards that is riffled::

    a0 a1 ..  and  c0 c1 ..  give  a0 c0 a1 c1 ..
    b0 b1 ..  and  d0 d1 ..  give  b0 d0 b1 d1 ..   and these two  a0 b0 c0 d0 a1 b1 c1 d1 ..

Blocks of tiles keep the lines of the cache that several tiles share. Twin: ``matrix.T``.
"""

from cnnlab.buffers import empty
from cnnlab.kernels._jit import inlined, kernel
from cnnlab.kernels._threads import begin, draw, launch
from cnnlab.kernels.vector import Fixed, at, load, put, store_apart, zipped

__all__ = ["transpose_into", "transposed"]

_EIGHT = Fixed(8)
_BLOCK = 64  # rows and columns of a job
_WORK = 8  # one number, read and written, takes as long as so many multiply-adds


@inlined
def _tile(X, x, columns, T, t, rows):
    a, b = load(_EIGHT, X, x), load(_EIGHT, X, x + columns)
    c, d = load(_EIGHT, X, x + 2 * columns), load(_EIGHT, X, x + 3 * columns)
    x += 4 * columns
    e, f = load(_EIGHT, X, x), load(_EIGHT, X, x + columns)
    g, h = load(_EIGHT, X, x + 2 * columns), load(_EIGHT, X, x + 3 * columns)
    evens = zipped(zipped(a, e), zipped(c, g))
    odds = zipped(zipped(b, f), zipped(d, h))
    store_apart(T, t, zipped(evens, odds), _EIGHT, rows)


@inlined
def transpose_into(X, x, rows, columns, T, t, top, bottom, left, right):
    """Transpose a part of the matrix at ``X.flat[x:]``; the result is at ``T.flat[t:]``.

    `rows` and `columns` are those of the whole matrix, `top` to `right` bound the part.
    """
    whole = left + (right - left) // 8 * 8
    for j in range(left, whole, 16):
        i = top
        while i + 8 <= bottom:
            _tile(X, x + i * columns + j, columns, T, t + j * rows + i, rows)
            if j + 16 <= whole:  # the other half of a line of the cache
                _tile(X, x + i * columns + j + 8, columns, T, t + (j + 8) * rows + i, rows)
            i += 8
        while i < bottom:
            for k in range(j, min(j + 16, whole)):
                put(T, t + k * rows + i, at(X, x + i * columns + k))
            i += 1
    for j in range(whole, right):
        for i in range(top, bottom):
            put(T, t + j * rows + i, at(X, x + i * columns + j))


@kernel
def _transpose(tickets, jobs, X, T):
    rows, columns = X.shape
    across = (columns + _BLOCK - 1) // _BLOCK
    job = begin(tickets)
    while job < jobs:
        top, left = job // across * _BLOCK, job % across * _BLOCK
        bottom, right = min(rows, top + _BLOCK), min(columns, left + _BLOCK)
        transpose_into(X, 0, rows, columns, T, 0, top, bottom, left, right)
        job = draw(tickets, jobs)


def transposed(matrix, *, out=None):
    """Return the transpose of a matrix, in memory of its own."""
    rows, columns = matrix.shape
    out = empty((columns, rows)) if out is None else out
    blocks = -(-rows // _BLOCK) * -(-columns // _BLOCK)
    launch(_transpose, blocks, _WORK * matrix.size, matrix, out)
    return out
