"""Files of numbers: arrays by name, and a header of texts that says what they are.

The format is safetensors: a header that says what lies where, then plain numbers. Nothing in a
file is ever executed. Before a number is read, every name, type and shape is held against what the
header says must be there; after, the whole against a checksum. A file is written under another name
and renamed when it is whole, so that the file under its own name is always one that can be read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from cnnlab.checks import shown
from cnnlab.errors import DataError

__all__ = ["Expected", "Header", "Refusal", "checksum_of", "json_of", "read", "write"]

Header = Mapping[str, str]
Expected = Mapping[str, tuple[str, tuple[int, ...]]]
"""By name: the type, as safetensors writes it (``"F32"``), and the shape."""

_HEADER_LIMIT = 1 << 20  # bytes: the header of a network of a thousand layers is a quarter of that


class Refusal:
    """How a reader of files says that one is of no use.

    Parameters
    ----------
    path : Path
    kind : str
        What it should have been: "a usable checkpoint".
    """

    def __init__(self, path: Path, kind: str) -> None:
        self.path, self.kind = path, kind

    def __call__(self, why: str, error: BaseException | None = None) -> NoReturn:
        """Refuse the file.

        Raises
        ------
        DataError
            Always.
        """
        raise DataError(f"{self.path} is not {self.kind}: {why}") from error


def write(path: Path, arrays: Mapping[str, NDArray[Any]], header: Header) -> str:
    """Write a file; one already there is replaced in one go.

    Parameters
    ----------
    path : Path
    arrays : dict of ndarray
    header : dict of str

    Returns
    -------
    str
        The checksum, which the header holds as ``sha256``.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    told = {**header, "sha256": _checksum(header, arrays)}
    if not path.name:
        raise DataError(f"cannot write {shown(str(path))}: it is a folder; name a file in it")
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.touch()
        readers = partial.stat().st_mode  # as the user has it; the writer would let nobody else in
        save_file(dict(arrays), partial, told)
        partial.chmod(readers)
        _flush(partial)
        partial.replace(path)
        with suppress(OSError):  # not every system lets a folder be flushed
            _flush(path.parent)
    except (OSError, SafetensorError) as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise DataError(
            f"cannot write {path}: {error}; does the folder exist, and is there room?"
        ) from error
    return told["sha256"]


def read(
    refuse: Refusal, expected: Callable[[Header], Expected]
) -> tuple[Header, dict[str, NDArray[Any]]]:
    """Read a file that is not trusted.

    Parameters
    ----------
    refuse : Refusal
        Knows the path.
    expected : callable
        Says, from the header, what must be in the file.

    Returns
    -------
    dict of str
        The header.
    dict of ndarray

    Raises
    ------
    DataError
        If the file is missing, cut short, changed, or something else altogether.
    """
    path = refuse.path
    try:
        _check_header_size(refuse)
        with safe_open(path, framework="numpy") as file:  # checks that the header fits the file
            header: dict[str, str] = file.metadata() or {}
            wanted = expected(header)
            _compare(refuse, file, wanted)
            arrays = {name: np.array(file.get_tensor(name)) for name in wanted}
    except (OSError, SafetensorError) as error:
        refuse(f"it cannot be read ({error}); was it copied or downloaded whole?", error)
    if header.get("sha256") != _checksum(header, arrays):
        refuse("its contents are not those that were saved; take another copy of the file")
    return header, arrays


def checksum_of(path: Path) -> str | None:
    """Look up the checksum in the header of a file; None if it is no file of ours."""
    try:
        _check_header_size(Refusal(path, "a file of numbers"))
        with safe_open(path, framework="numpy") as file:
            found = (file.metadata() or {}).get("sha256")
    except (DataError, OSError, SafetensorError):
        return None
    return None if found is None else str(found)


def json_of(refuse: Refusal, header: Header, key: str, missing: str) -> Any:
    """Read an entry of the header as JSON.

    Parameters
    ----------
    refuse : Refusal
    header : dict of str
    key : str
    missing : str
        Why the file is of no use without it.

    Raises
    ------
    DataError
        If it is missing, or no JSON.
    """
    if key not in header:
        refuse(missing)
    try:
        return json.loads(header[key])
    except (RecursionError, ValueError) as error:
        refuse(f"its {key} is not JSON ({error})", error)


def _check_header_size(refuse: Refusal) -> None:
    """Refuse what cannot be such a file before anything is read into memory."""
    with refuse.path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
    size = refuse.path.stat().st_size
    if size < 8 or length > size - 8:
        refuse("it is cut short, or not a safetensors file; take another copy of the file")
    if length > _HEADER_LIMIT:
        refuse(f"its header of {length} bytes is longer than any of ours")


def _compare(refuse: Refusal, file: Any, expected: Expected) -> None:
    names = set(file.keys())
    if names != expected.keys():
        missing, extra = sorted(expected.keys() - names), sorted(names - expected.keys())
        refuse(f"its arrays are not those of its network: missing {missing}, extra {extra}")
    for name, (kind, shape) in expected.items():
        held = file.get_slice(name)
        if held.get_dtype() != kind or tuple(held.get_shape()) != shape:
            refuse(
                f"{name} must be {kind} of shape {shape}, got {held.get_dtype()} of shape "
                f"{tuple(held.get_shape())}"
            )


def _checksum(header: Header, arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = sha256()
    for key in sorted(header.keys() - {"sha256"}):
        digest.update(f"{key}={header[key]}\n".encode())
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


def _flush(path: Path) -> None:
    """Wait until the disk has it: a rename must not overtake the contents."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
