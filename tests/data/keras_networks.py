"""Let Keras make networks at random, and keep what it answered: run by hand, where Keras is.

``KERAS_BACKEND=torch python tests/data/keras_networks.py COUNT FOLDER`` writes one archive.
Layers that cannot be taken over are among them on purpose.
"""

import itertools
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

ACTIVATIONS = ["linear", "relu", "relu", "sigmoid", "tanh", "elu", "leaky_relu", "softmax"]
MOST_PIXELS = 16


def pictures(shape: tuple[int, ...]) -> Any:
    return np.random.default_rng(5).random((2, *shape), dtype="float32") - np.float32(0.5)


class Maker:
    def __init__(self, seed: int) -> None:
        from keras import layers

        self.layers = layers
        self.rng = np.random.default_rng(seed)

    def number(self, least: int, most: int) -> int:
        return int(self.rng.integers(least, most + 1))

    def pick(self, *choices: Any) -> Any:
        return choices[self.number(0, len(choices) - 1)]

    def pair(self, least: int, most: int) -> tuple[int, int]:
        return self.number(least, most), self.number(least, most)

    def shape(self) -> tuple[int, ...]:
        size = self.pair(8, MOST_PIXELS)
        return self.pick((*size, 1), (*size, 3), (*size, 2), (*size, 2), size, (size[0],))

    def same(self) -> Any:
        """Give a layer that keeps what it gets, or does the same to every number."""
        make, layers = self.pick, self.layers
        return make(
            lambda: layers.BatchNormalization(
                epsilon=0.01, scale=bool(self.number(0, 1)), center=bool(self.number(0, 1))
            ),
            lambda: layers.ReLU(negative_slope=self.pick(0.0, 0.1)),
            lambda: layers.ELU(0.7),
            lambda: layers.LeakyReLU(0.2),
            layers.Softmax,
            lambda: layers.Activation(self.pick(*ACTIVATIONS)),
            lambda: layers.Dropout(0.3),
            lambda: layers.GaussianNoise(0.4),
            lambda: layers.GaussianDropout(0.4),
            layers.Identity,
            lambda: layers.Rescaling(self.pick(1 / 255, 2), self.pick(0.0, -1.0)),
            lambda: layers.ActivityRegularization(0.1),
        )()

    def on_maps(self) -> list[Any]:
        layers, kind = self.layers, self.number(0, 6)
        padding = self.pick("same", "valid")
        if kind == 0:
            return [layers.MaxPooling2D(self.pair(1, 3), self.pick(None, (2, 2), (1, 2)), padding)]
        if kind == 1 and padding == "same":
            # As much on every side: where it is uneven, Keras on PyTorch repeats the last row
            # instead of leaving the padding out, as Keras on JAX and TensorFlow does.
            return [layers.AveragePooling2D(self.pick(1, 3, (3, 1)), 1, padding)]
        if kind == 1:
            return [layers.AveragePooling2D(self.pair(1, 3), self.pick(None, (2, 2), (1, 2)))]
        if kind == 2:
            return [self.pick(
                layers.SpatialDropout2D(0.3), layers.RandomFlip(), layers.RandomRotation(0.1),
                layers.RandomZoom(0.2), layers.RandomContrast(0.2),
                layers.RandomTranslation(0.1, 0.1),
            )]  # fmt: skip
        stride, dilation = self.pick(((1, 1), self.pair(1, 2)), (self.pair(1, 2), (1, 1)))
        convolution = layers.Conv2D(
            self.number(1, 4), self.pair(1, 4), stride, padding, dilation_rate=dilation,
            activation=self.pick(*ACTIVATIONS), use_bias=bool(self.number(0, 1)),
        )  # fmt: skip
        if kind == 3:
            sides = self.pick(1, 1, (2, 1), ((0, 1), (0, 1)), ((1, 2), (1, 2)), ((1, 0), (0, 0)))
            pool = layers.AveragePooling2D(self.pair(2, 3), self.pick(None, (1, 2)))
            return [layers.ZeroPadding2D(sides), self.pick(convolution, convolution, pool)]
        return [convolution]

    def foreign(self) -> Any:
        layers = self.layers
        return self.pick(
            layers.PReLU,
            lambda: layers.ReLU(max_value=6.0),
            lambda: layers.DepthwiseConv2D(2),
            lambda: layers.Dense(3),  # also on maps
            layers.UpSampling2D,
            lambda: layers.Conv2D(2, 1, activation="gelu"),
            lambda: layers.Dropout(1.0),
            lambda: layers.Permute((2, 1, 3)),
            layers.LayerNormalization,
            lambda: layers.ZeroPadding2D(1),
        )()

    def stack(self, shape: tuple[int, ...]) -> list[Any]:
        layers, stack = self.layers, []
        if len(shape) == 3:
            for _ in range(self.number(1, 4)):
                stack += self.on_maps() if self.number(0, 2) else [self.same()]
        if self.number(0, 9) == 0:
            stack.append(self.foreign())
        if len(shape) == 3 and self.number(0, 4):
            pool = self.pick(layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)
            stack += self.pick([layers.Flatten()], [layers.Flatten()], [pool()], [
                pool(keepdims=True), layers.Conv2D(3, 1), layers.Flatten(),
            ])  # fmt: skip
        elif len(shape) == 3:
            return stack
        else:
            stack.append(layers.Flatten())
        for _ in range(self.number(0, 2)):
            if self.number(0, 2):
                stack.append(layers.Dense(self.number(1, 6), activation=self.pick(*ACTIVATIONS)))
            else:
                stack.append(self.same())
        return stack

    def model(self) -> Any:
        import keras

        shape = self.shape()
        stack = self.stack(shape)
        form = self.number(0, 3)
        if form == 0:  # layers in a model of their own, as augmentation often is
            cut = self.number(1, 2)
            stack = [keras.Sequential(stack[:cut]), *stack[cut:]]
        start = keras.Input(shape)
        if form <= 1:
            end = start
            for layer in stack:
                end = layer(end)
            if self.number(0, 9) == 0:  # a branch
                end = keras.layers.Add(name="both")([end, end])
            return keras.Model(start, end)
        return keras.Sequential([start, *stack])


def networks(folder: Path) -> Any:
    """Yield file, images and answers, one network after the other, for ever."""
    for seed in itertools.count():
        maker = Maker(seed)
        try:
            model = maker.model()
        except ValueError:  # something did not fit
            continue
        if not model.layers:
            continue
        rng = np.random.default_rng(seed)
        for layer in model.variables:
            if len(layer.shape) and layer.dtype == "float32":
                size = tuple(layer.shape)
                normal = rng.normal(0, 0.4, size) if len(size) > 1 else rng.uniform(0.1, 0.4, size)
                layer.assign(normal.astype("float32"))
        images = pictures(tuple(model.input_shape[1:]))
        answers = np.asarray(model.predict(images, verbose=0), "float32")
        file = folder / f"{seed:04}{'.keras' if seed % 3 else '.h5'}"
        model.save(file)
        yield file, images, answers


def main() -> None:
    count, target = int(sys.argv[1]), Path(sys.argv[2])
    with (
        tempfile.TemporaryDirectory() as folder,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
    ):
        for file, _, answers in itertools.islice(networks(Path(folder)), count):
            archive.write(file, file.name)
            with archive.open(f"{file.stem}.npy", "w") as stream:
                np.save(stream, answers)


if __name__ == "__main__":
    main()
