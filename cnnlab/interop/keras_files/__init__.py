"""Networks out of files that Keras wrote, read without TensorFlow or Keras.

A ``.keras`` file is a zip archive: the layers as JSON, the weights in HDF5. The older ``.h5`` file
holds both in HDF5. Axes there are the same as here. Nothing in a file is ever run: what is not in
the list of known layers is refused. Only layers in a row: `keras.Sequential`, and Functional models
without branches; channels last. What only acts in training, such as noise and random flips, is left
out.
"""

from __future__ import annotations

from cnnlab.interop.keras_files.reading import from_keras

__all__ = ["from_keras"]
