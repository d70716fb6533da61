"""What a learner, or the cell above, may hand over by mistake: each has a name."""

import datetime
import decimal
import fractions
import functools
import io
import operator
import pathlib
import types

import numpy as np

from cnnlab import Network, Sequential, datasets, optimizers, training
from cnnlab.layers import Conv2D, Dense, Flatten

try:
    import torch
except ImportError:  # one value less
    torch = None


def _in_itself(kind):
    outer = kind()
    if kind is list:
        outer.append(outer)
    else:
        outer["itself"] = outer
    return outer


def _nested(depth):
    value = 1.0
    for _ in range(depth):
        value = [value]
    return value


class _Refusing:
    """An object whose conversion to an array fails."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("not today")


class _Number:
    """Neither an int nor a float, but whole when asked."""

    def __index__(self):
        return 2


def _random(*shape):
    return np.random.default_rng(0).random(shape)


def _small_network():
    return Network(Sequential([Conv2D(2), Flatten(), Dense(3)], (8, 8, 1)))


_PLAIN = {
    "None": None,
    "True": True,
    "False": False,
    "0": 0,
    "1": 1,
    "-1": -1,
    "3": 3,
    "300": 300,
    "2**31": 2**31,
    "2**63": 2**63,
    "10**9": 10**9,
    "10**6": 10**6,
    "-10**9": -(10**9),
    "10**400": 10**400,
    "0.5": 0.5,
    "2.0": 2.0,
    "-0.0": -0.0,
    "nan": np.nan,
    "inf": np.inf,
    "-inf": -np.inf,
    "1e300": 1e300,
    "5e-324": 5e-324,
    "1j": 1j,
    "Fraction": fractions.Fraction(1, 3),
    "Decimal": decimal.Decimal("0.3"),
    "empty text": "",
    "text": "hello",
    "text of a number": "3",
    "same": "same",
    "long text": "x" * 100_000,
    "NUL": "a\0b",
    "surrogate": "\ud800",
    "bytes": b"abc",
    "empty tuple": (),
    "(2, 2)": (2, 2),
    "(2, -2)": (2, -2),
    "(2.0, 2.0)": (2.0, 2.0),
    "(1, 2, 3)": (1, 2, 3),
    "(0, 0, 0)": (0, 0, 0),
    "(8, 8, 1)": (8, 8, 1),
    "(2,) * 40": (2,) * 40,
    "(10**9,)": (10**9,),
    "(10**6, 10**6, 3)": (10**6, 10**6, 3),
    "('a', 'b')": ("a", "b"),
    "(None, None)": (None, None),
    "Ellipsis": ...,
    "NotImplemented": NotImplemented,
    "slice": slice(None),
    "range": range(5),
    "date": datetime.date(2020, 1, 1),
    "path": pathlib.Path("missing") / "file",
    "folder": pathlib.Path(),
    "int8": np.int8(100),
    "uint8": np.uint8(200),
    "bool_": np.bool_(True),
    "float64": np.float64(2),
    "float16": np.float16(2),
    "type int": int,
    "class Dense": Dense,
    "class SGD": optimizers.SGD,
    "function": operator.add,
    "len": len,
    "partial": functools.partial(int, "7"),
    "module": np,
    "error": ValueError("what?"),
    "layer": Dense(3),
    "optimizer": optimizers.SGD(),
    "deck": Sequential([Flatten(), Dense(3)], (8, 8, 1)),
    "namespace": types.SimpleNamespace(images=1, labels=2),
}
_MADE = {
    "empty list": list,
    "[1, 2]": lambda: [1, 2],
    "[0, 2]": lambda: [0, 2],
    "ragged": lambda: [[1, 2], [3]],
    "[None]": lambda: [None, None],
    "['a']": lambda: ["cat", "dog"],
    "list in itself": lambda: _in_itself(list),
    "dict in itself": lambda: _in_itself(dict),
    "nested 50 deep": lambda: _nested(50),
    "nested 1000 deep": lambda: _nested(1000),
    "long list": lambda: list(range(20_000)),
    "empty dict": dict,
    "dict": lambda: {"a": 1},
    "dict of arrays": lambda: {"a": _random(4, 4), "b": _random(4, 4, 3)},
    "dict of None": lambda: {None: None},
    "set": lambda: {1, 2},
    "object": object,
    "generator": lambda: (number for number in (1, 2)),
    "refuses to be an array": _Refusing,
    "index": _Number,
    "open file": io.BytesIO,
    "Generator": lambda: np.random.default_rng(0),
    "RandomState": lambda: np.random.RandomState(0),
    "network": _small_network,
    "evaluation": lambda: training.Evaluation(0.5, 0.5),
    "data set": lambda: datasets.Dataset(_random(4, 8, 8, 1), [0, 1, 1, 2], ["a", "b", "c"]),
    "split": lambda: datasets.Split(None, None),
    "history": lambda: [training.Evaluation(0.5, 0.5)],
    "0-d": lambda: np.array(2),
    "empty array": lambda: np.array([]),
    "no images": lambda: np.zeros((0, 8, 8, 1)),
    "no channels": lambda: np.zeros((2, 8, 8, 0)),
    "array 8": lambda: _random(8),
    "array 8x8": lambda: _random(8, 8),
    "array 8x8x1": lambda: _random(8, 8, 1),
    "array 8x8x3": lambda: _random(8, 8, 3),
    "array 2x8x8x1": lambda: _random(2, 8, 8, 1),
    "array 3x3x1x2": lambda: _random(3, 3, 1, 2),
    "array of 40 axes": lambda: np.zeros((1,) * 40),
    "whole array": lambda: np.arange(128).reshape(2, 8, 8, 1),
    "whole 2x3": lambda: np.arange(6).reshape(2, 3),
    "bytes array": lambda: np.arange(64, dtype=np.uint8).reshape(8, 8),
    "float16 array": lambda: _random(2, 8, 8, 1).astype(np.float16),
    "longdouble array": lambda: _random(2, 8, 8, 1).astype(np.longdouble),
    "bool array": lambda: _random(8, 8) > 0.5,
    "complex array": lambda: _random(8, 8) + 1j,
    "object array": lambda: _random(2, 8, 8, 1).astype(object),
    "array of None": lambda: np.full((2, 8, 8, 1), None),
    "text array": lambda: np.array(["a", "b"]),
    "date array": lambda: np.array(["2020-01-01", "2020-01-02"], "M8[D]"),
    "record array": lambda: np.zeros(3, [("a", "i4"), ("b", "f4")]),
    "masked array": lambda: np.ma.masked_array(_random(8, 8), _random(8, 8) > 0.5),
    "matrix": lambda: np.matrix([[1, 2], [3, 4]]),
    "nan array": lambda: np.full((2, 8, 8, 1), np.nan),
    "inf array": lambda: np.full((8, 8), np.inf),
    "1e300 array": lambda: np.full((8, 8), 1e300),
    "2**62 array": lambda: np.full((2, 3), 2**62),
    "big-endian array": lambda: _random(8, 8).astype(">f4"),
    "backwards": lambda: _random(8, 8)[::-1, ::-1],
    "broadcast": lambda: np.broadcast_to(np.float32(1), (2, 8, 8, 1)),
    "enormous broadcast": lambda: np.broadcast_to(np.float32(1), (10**6, 10**6)),
}
_OF_TORCH = {
    "tensor": lambda: torch.rand(2, 8, 8, 1),
    "tensor of two axes": lambda: torch.rand(2, 3),
    "half tensor": lambda: torch.rand(8, 8).half(),
    "tensor with slopes": lambda: torch.rand(2, 8, 8, 1, requires_grad=True),
    "bfloat16 tensor": lambda: torch.rand(8, 8).bfloat16(),
    "tensor without memory": lambda: torch.empty(2, 8, 8, 1, device="meta"),
    "module of torch": lambda: torch.nn.Linear(3, 3),
}

VALUES = {name: (lambda value=value: value) for name, value in _PLAIN.items()}
VALUES |= _MADE | (_OF_TORCH if torch else {})
