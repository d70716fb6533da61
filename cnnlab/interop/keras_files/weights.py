"""The arrays of a network in an HDF5 file, found by layer; a file is not trusted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.buffers import in_words
from cnnlab.errors import DataError
from cnnlab.interop.assembly import Named
from cnnlab.interop.keras_files.described import Described
from cnnlab.layers import Shape

__all__ = ["KerasWeights", "LegacyWeights", "Weights"]


class Weights:
    """Arrays in an HDF5 file, found by layer.

    Parameters
    ----------
    file : h5py.File
    size : int
        Bytes of the file. Keras does not compress, so its arrays cannot be larger together.
    """

    def __init__(self, file: Any, size: int) -> None:
        self.file = file
        self.size = size
        self.taken = 0  # bytes

    def places(self, layer: Described) -> list[str]:
        """Say where in the file the arrays of a layer are, in their order."""
        raise NotImplementedError

    def take(self, layer: Described, names: list[tuple[str, Shape | None]]) -> Named:
        """Read the arrays of a layer under these names; they must have these shapes."""
        places = self.places(layer)
        if len(places) != len(names):
            raise DataError(
                f"{layer} takes {len(names)} arrays, the file has {len(places)}; "
                'save it again with model.save("model.keras")'
            )
        return {
            name: self._array(layer, place, shape)
            for (name, shape), place in zip(names, places, strict=True)
        }

    def _array(self, layer: Described, place: str, shape: Shape | None) -> NDArray[np.float32]:
        import h5py

        # A link can point into other files of this computer: only what lies in this one is read.
        steps = place.split("/")
        links = ("/".join(steps[: count + 1]) for count in range(len(steps)))
        if not all(isinstance(self.file.get(link, getlink=True), h5py.HardLink) for link in links):
            raise DataError(f"{layer}: {place} points out of the file; do not trust it")
        stored = self.file[place]
        if not isinstance(stored, h5py.Dataset) or stored.external or stored.is_virtual:
            raise DataError(f"{layer}: {place} is not an array in this file; do not trust it")
        if stored.shape != shape or stored.dtype.kind != "f":
            raise DataError(
                f"{layer} needs numbers of shape {shape}, the file has {stored.dtype} of shape "
                f"{stored.shape}; save it again"
            )
        self.taken += stored.nbytes
        if self.taken > self.size:
            raise DataError(
                f"up to {layer} the arrays take {in_words(self.taken)}, more than the whole file, "
                f"which has {in_words(self.size)}; do not trust it"
            )
        array: NDArray[np.float32] = stored[()].astype(np.float32)
        return array


class KerasWeights(Weights):
    """In a .keras archive: under the class of the layer and how many of them came before."""

    def places(self, layer: Described) -> list[str]:
        """List what is in the folder of the layer."""
        folder = f"{layer.folder}vars"
        return [f"{folder}/{key}" for key in sorted(self.file.get(folder, ()), key=int)]


class LegacyWeights(Weights):
    """In an .h5 file: under the name of the layer, in the order of a list beside them.

    Those of a model within the model are not told apart there.
    """

    def places(self, layer: Described) -> list[str]:
        """Read the list."""
        folder = f"model_weights/{layer.name}"
        if folder not in self.file or layer.depth > 1:
            return []
        names = self.file[folder].attrs["weight_names"]
        texts = [name.decode() if isinstance(name, bytes) else str(name) for name in names]
        return [f"{folder}/{text}" for text in texts]
