"""What every function of the rim asks of its arrays: checked once, converted where it makes sense.

An array that is already right costs a fraction of a microsecond.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.checks import numbers
from cnnlab.errors import DataError, ShapeError

__all__ = ["Float32", "as_float32", "checked_out"]

Float32 = NDArray[np.float32]

_FLOAT32 = np.dtype(np.float32)
_AXES = {
    "images": "(batch, height, width, channels)",
    "filters": "(filter_height, filter_width, in_channels, out_channels)",
    "grad_output": "(batch, out_height, out_width, out_channels)",
    "inputs": "(batch, features)",
    "weights": "(features, units)",
    "bias": "(out_channels,)",
}
_HINTS = {
    ("images", 2): "a single grey picture is images[None, :, :, None]",
    ("images", 3): "a single colour picture is images[None]",
    ("filters", 2): "a single flat filter is filters[:, :, None, None]",
    ("filters", 3): "a single filter is filters[:, :, :, None]",
    ("inputs", 1): "a single example is inputs[None]",
}


def as_float32(value: ArrayLike, name: str, rank: int | None = None) -> Float32:
    """Return `value` as the C-contiguous float32 array that a kernel reads, copying only if needed.

    Parameters
    ----------
    value : array_like
        Numbers of any real type; lists, strided views and read-only arrays too.
    name : str
        What the array is called in a message.
    rank : int, optional
        How many axes it must have.

    Returns
    -------
    ndarray, float32
        `value` itself where possible. Kernels never write to it.

    Raises
    ------
    ShapeError
        If the number of axes is wrong or an axis is empty.
    DataError
        If the values are not real numbers.
    """
    # `carray` is true for a C-contiguous, aligned, writable array: all that a kernel asks
    if type(value) is np.ndarray and value.dtype is _FLOAT32 and value.flags.carray:
        array = value
    else:
        array = _converted(value, name)
    if rank is not None and array.ndim != rank:
        _refuse_rank(array, name, rank)
    if array.size == 0:
        raise ShapeError(
            f"{name} must not be empty, got shape {array.shape}; "
            f"try an array with at least one element along each axis"
        )
    return array


def _refuse_rank(array: Float32, name: str, rank: int) -> None:
    axes = f" {_AXES[name]}" if name in _AXES and _AXES[name].count(",") >= rank - 1 else ""
    hint = _HINTS.get((name, array.ndim), f"try {name}.reshape(...)")
    noun = "axis" if rank == 1 else "axes"
    raise ShapeError(f"{name} must have {rank} {noun}{axes}, got shape {array.shape}; {hint}")


def _converted(value: ArrayLike, name: str) -> Float32:
    array = np.require(numbers(value, name), np.float32, ["C", "A"])
    return array if array.flags.writeable or array.size == 0 else _writable_alias(array)


def _writable_alias(array: Float32) -> Float32:
    """Look at read-only memory through an array that does not say so.

    To the compiler a read-only array is a type of its own: every kernel would be compiled once
    more for it, seconds for the learner. Kernels do not write to what they are given.
    """
    memory = (ctypes.c_float * array.size).from_address(array.ctypes.data)
    memory.owner = array  # type: ignore[attr-defined]  # keeps the memory as long as the alias
    alias: Float32 = np.frombuffer(memoryview(memory), np.float32).reshape(array.shape)
    return alias


def checked_out(out: Any, shape: tuple[int, ...], *inputs: Float32) -> Float32:
    """Check that a result can be written to `out`.

    Parameters
    ----------
    out : ndarray
        Where the caller wants the result.
    shape : tuple of int
        The shape the result has.
    *inputs : ndarray
        What the kernel reads while it writes.

    Returns
    -------
    ndarray
        `out`.

    Raises
    ------
    ShapeError
        If `out` has another shape.
    DataError
        If it is not a writable, C-contiguous float32 array of its own.
    """
    if type(out) is not np.ndarray or out.dtype != _FLOAT32:
        kind = out.dtype if isinstance(out, np.ndarray) else type(out).__name__
        raise DataError(
            f"out must be a float32 array, got {kind}; try np.empty({shape}, np.float32)"
        )
    if out.shape != shape:
        raise ShapeError(
            f"out has shape {out.shape}, the result has {shape}; try np.empty({shape}, np.float32)"
        )
    if not out.flags.carray:
        raise DataError(
            f"out must be C-contiguous and writable, which this array is not; "
            f"try np.empty({shape}, np.float32)"
        )
    # the bounds decide, exactly: every array here fills its memory without gaps
    for array in inputs:
        if np.may_share_memory(out, array):
            raise DataError(
                "out shares memory with an input, which would change while it is read; "
                "try an array of its own"
            )
    return out
