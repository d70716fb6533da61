"""From a file of Keras to a network: its two kinds of file, opened and not trusted."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

from cnnlab.buffers import refuse_beyond_memory
from cnnlab.checks import path_of
from cnnlab.errors import DataError, ShapeError
from cnnlab.interop.assembly import Assembly, Named
from cnnlab.interop.keras_files.counterparts import add
from cnnlab.interop.keras_files.described import MODELS, REBUILD, Described, input_shape, layers_of
from cnnlab.interop.keras_files.weights import KerasWeights, LegacyWeights, Weights
from cnnlab.sequential import Sequential

__all__ = ["from_keras"]

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_LARGEST_CONFIG = 10_000_000  # bytes
_PACKED_AT_MOST = 20  # times the archive's size: Keras does not pack, and weights hardly can be


def from_keras(model: Any) -> tuple[Sequential, Named]:
    """Take over a network from a file that Keras saved.

    Parameters
    ----------
    model : str or Path, or keras.Model
        What ``model.save("model.keras")`` wrote, or an older ``.h5`` file of a whole model. Where
        Keras is installed, the model itself will do: it is saved to a temporary file.

    Returns
    -------
    sequential : Sequential
    parameters : dict of ndarray
        By name, as ``Network.parameters``.

    Raises
    ------
    DataError
        If h5py is missing, the file is damaged or no such file, its arrays would not fit, or a
        layer has no counterpart here; the message names it and says what to try.
    ShapeError
        If the weights do not fit the layers.
    """
    try:
        import h5py
    except ImportError as error:
        raise DataError(
            'files of Keras need h5py, which is not installed; try pip install "cnnlab[keras]"'
        ) from error
    if hasattr(type(model), "save"):
        with tempfile.TemporaryDirectory() as folder:
            file_name = str(Path(folder, "model.keras"))
            model.save(file_name)
            return from_keras(file_name)
    path = path_of(model, "model", "model.keras").expanduser()
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                config = _member(archive, _CONFIG, _LARGEST_CONFIG)
                weights = _member(archive, _WEIGHTS, _PACKED_AT_MOST * path.stat().st_size)
            with h5py.File(io.BytesIO(weights), "r") as file:
                return _assembled(json.loads(config), KerasWeights(file, len(weights)))
        _refuse_beyond_memory(path.stat().st_size, path.name)
        with h5py.File(path, "r") as file:
            weights_inside = LegacyWeights(file, path.stat().st_size)
            return _assembled(json.loads(_legacy_config(file)), weights_inside)
    except (DataError, ShapeError):
        raise
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path.name} cannot be read ({error}); save it again") from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # What random changes to a good file have been seen to end in.
        raise DataError(
            f"{path.name} does not describe a network as Keras does ({error!r}); "
            'save it again with model.save("model.keras")'
        ) from error


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    if name not in archive.namelist():
        raise DataError(
            f"there is no {name} in this archive, so Keras did not write it; "
            'save the network with model.save("model.keras")'
        )
    size = archive.getinfo(name).file_size
    if size > most:
        raise DataError(f"{name} claims {size:,} bytes, {most:,} are the most; save it again")
    _refuse_beyond_memory(2 * size, f"{name} in this archive")  # the file, and its arrays
    return archive.read(name)


def _refuse_beyond_memory(size: int, what: str) -> None:
    try:
        refuse_beyond_memory(size, what, "try a smaller network, or a computer with more memory")
    except ShapeError as error:
        raise DataError(str(error)) from error


def _legacy_config(file: Any) -> str:
    config = file.attrs.get("model_config")
    if config is None:
        raise DataError(
            "this HDF5 file holds weights but no network; save the whole model with "
            'model.save("model.keras")'
        )
    return config.decode() if isinstance(config, bytes) else str(config)


def _assembled(model: dict[str, Any], weights: Weights) -> tuple[Sequential, Named]:
    described = Described.read(model)
    if described.kind not in MODELS:
        raise DataError(
            "only a keras.Sequential, or a Functional model without branches, can be taken over, "
            f"got {described.kind}; {REBUILD}"
        )
    found = list(layers_of(described))
    assembly = Assembly(input_shape(described.config, found))
    for layer in found:
        try:
            add(assembly, layer, weights)
        except (DataError, ShapeError) as error:
            if str(layer) in str(error):
                raise
            raise type(error)(f"{layer} has no counterpart here: {error}") from error
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise DataError(
                f"{layer} is not described as Keras does ({error!r}); "
                'save it again with model.save("model.keras")'
            ) from error
    return assembly.finished()
