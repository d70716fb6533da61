"""Files that the real Keras wrote give the answers that Keras gave; anything odd is refused."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnlab import Network, interop
from cnnlab.errors import DataError, ShapeError

h5py = pytest.importorskip("h5py", reason='no h5py; get it with: pip install -e ".[keras]"')

DATA = Path(__file__).parents[1] / "data"
MODEL = DATA / "keras_lenet_like.keras"
LEGACY = DATA / "keras_lenet_like.h5"
EVERY = DATA / "keras_every_layer.keras"

Layers = list[dict[str, Any]]


@pytest.mark.parametrize("file", [MODEL, LEGACY, EVERY], ids=lambda file: file.name)
def test_the_answers_are_those_that_keras_gave(file):
    net = Network.from_keras(file)
    shape = (3, *net.sequential.input_shape)
    images = np.random.default_rng(5).random(shape, dtype=np.float32) - np.float32(0.5)
    expected = np.load(DATA / "keras_answers.npz")[file.stem]
    np.testing.assert_allclose(net.predict(images), expected, rtol=0, atol=1e-5)


def test_a_model_in_memory_saves_itself():
    class Model:
        def save(self, path: str) -> None:
            shutil.copy(MODEL, path)

    sequential, parameters = interop.from_keras(Model())
    assert sequential == interop.from_keras(MODEL)[0]
    assert parameters.keys() == interop.from_keras(MODEL)[1].keys()


@pytest.fixture
def altered(tmp_path: Path) -> Callable[..., Path]:
    """Write the model again with other layers, and with other weights if asked to."""

    def alter(
        change: Callable[[Layers], object] = list,
        weights: Callable[[Any], object] | None = None,
        kind: str = "Sequential",
    ) -> Path:
        target, store = tmp_path / "altered.keras", tmp_path / "weights.h5"
        with zipfile.ZipFile(MODEL) as archive:
            model = json.loads(archive.read("config.json"))
            store.write_bytes(archive.read("model.weights.h5"))
        change(model["config"]["layers"])
        model["class_name"] = kind
        if weights is not None:
            with h5py.File(store, "r+") as file:
                weights(file)
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("config.json", json.dumps(model))
            archive.write(store, "model.weights.h5")
        return target

    return alter


def setting(place: int, **values: Any) -> Callable[[Layers], None]:
    return lambda layers: layers[place]["config"].update(values)


CONVOLUTION, POOLING, NORMALIZATION, LEAKY, FLATTEN, DENSE = 1, 2, 4, 5, 6, 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (setting(CONVOLUTION, groups=2), r"layer conv2d \(Conv2D\) with groups .* try groups=1"),
        (setting(CONVOLUTION, data_format="channels_first"), r"channels_first .* channels_last"),
        (setting(CONVOLUTION, activation="gelu"), r"the activation 'gelu' .* try one of elu,"),
        (setting(CONVOLUTION, activation={"class_name": "Mine"}), r"the activation \{'class_name'"),
        (setting(NORMALIZATION, axis=1), r"batch_normalization .* axis 1 .* try axis=-1"),
        (lambda layers: layers[LEAKY].update(class_name="Lambda"), r"Lambda.*never allowed to run"),
        (lambda layers: layers[LEAKY].update(class_name="PReLU"), r"PReLU.* try one of Activation"),
        (
            lambda layers: (
                layers[POOLING].update(class_name="AveragePooling2D")
                or layers[POOLING]["config"].update(padding="same")
            ),
            r'AveragePooling2D\) with padding="same" .* try padding="valid"',
        ),
        (
            lambda layers: layers.__setitem__(
                LEAKY, {"class_name": "ReLU", "config": {"name": "six", "max_value": 6.0}}
            ),
            r"layer six \(ReLU\) with max_value .* try max_value=None",
        ),
    ],
)
def test_a_layer_without_counterpart_is_named(altered, change, message):
    with pytest.raises(DataError, match=message):
        interop.from_keras(altered(change))


def test_a_model_that_branches_is_told_what_to_try(altered):
    with pytest.raises(DataError, match=r"got Functional; try keras.Sequential\(model.layers\)"):
        interop.from_keras(altered(kind="Functional"))


def test_a_model_without_a_size_is_asked_for_one(altered):
    change = setting(0, batch_shape=[None, None, None, 2])
    with pytest.raises(DataError, match=r"how large the images are.*keras.Input"):
        interop.from_keras(altered(change))


def test_weights_of_another_network_are_noticed(altered):
    with pytest.raises(DataError, match=r"conv2d .* needs numbers of shape \(3, 3, 2, 7\)"):
        interop.from_keras(altered(setting(CONVOLUTION, filters=7)))


def test_a_layer_that_does_not_fit_is_noticed(altered):
    change = setting(POOLING, pool_size=[40, 40])
    with pytest.raises(ShapeError, match=r"layer max_pooling2d .* does not fit on \(10, 9, 4\)"):
        interop.from_keras(altered(change))


def test_missing_weights_are_noticed(altered):
    def forget(file):
        del file["layers/dense/vars/1"]

    with pytest.raises(DataError, match=r"layer dense .* takes 2 arrays, the file has 1"):
        interop.from_keras(altered(weights=forget))


def test_a_link_out_of_the_file_is_never_followed(altered, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret["numbers"] = np.zeros(6, np.float32)

    def point_elsewhere(file):
        del file["layers/dense/vars/1"]
        file["layers/dense/vars/1"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "numbers")

    with pytest.raises(DataError, match=r"layer dense .*points out of the file; do not trust it"):
        interop.from_keras(altered(weights=point_elsewhere))


def test_an_array_kept_outside_the_file_is_never_read(altered, tmp_path):
    (tmp_path / "secret.bin").write_bytes(bytes(24))

    def keep_outside(file):
        del file["layers/dense/vars/1"]
        file["layers/dense/vars"].create_dataset(
            "1", (6,), "f4", external=[(str(tmp_path / "secret.bin"), 0, 24)]
        )

    with pytest.raises(DataError, match="is not an array in this file; do not trust it"):
        interop.from_keras(altered(weights=keep_outside))


@pytest.mark.parametrize("size", [0, 100, 20_000, 37_000])
@pytest.mark.parametrize("file", [MODEL, LEGACY], ids=lambda file: file.name)
def test_a_file_cut_short_is_refused(tmp_path, file, size):
    broken = tmp_path / file.name
    broken.write_bytes(file.read_bytes()[: min(size, file.stat().st_size - 200)])
    with pytest.raises(DataError, match=r"cannot be read|save it again|save the"):
        interop.from_keras(broken)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.keras cannot be read"):
        interop.from_keras(tmp_path / "nowhere.keras")


def test_another_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("letter.txt", "hello")
    with pytest.raises(DataError, match=r"no config.json in this archive, so Keras did not"):
        interop.from_keras(tmp_path / "a.keras")


def test_a_description_that_claims_to_be_huge_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", " " * 20_000_000)
    with pytest.raises(DataError, match=r"config.json claims 20,000,000 bytes"):
        interop.from_keras(tmp_path / "a.keras")


@pytest.mark.parametrize("text", ["{}", "[]", "not json", '{"class_name": "Sequential"}', "\xff"])
def test_a_description_that_is_none_is_refused(tmp_path, text):
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("config.json", text.encode("latin-1"))
        archive.writestr("model.weights.h5", zipfile.ZipFile(MODEL).read("model.weights.h5"))
    with pytest.raises(DataError, match=r"does not describe a network|cannot be read"):
        interop.from_keras(tmp_path / "a.keras")


@pytest.mark.parametrize("wrong", [[], [1], [3, 3, 3], "same", None, -1, {"a": 1}])
@pytest.mark.parametrize("name", ["kernel_size", "strides", "filters", "padding", "use_bias"])
def test_a_setting_that_makes_no_sense_is_refused_or_changes_nothing(altered, name, wrong):
    try:
        interop.from_keras(altered(setting(CONVOLUTION, **{name: wrong})))
    except (DataError, ShapeError):
        return
    assert name == "use_bias", "any value is true or false"
    assert wrong, "without a bias there would be an array too many"


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("file", [MODEL, LEGACY], ids=lambda file: file.name)
def test_random_damage_is_refused_or_does_no_harm(tmp_path, file, seed):
    rng = np.random.default_rng(seed)
    damaged = np.frombuffer(file.read_bytes(), np.uint8).copy()
    damaged[rng.integers(0, 4000, 20)] = rng.integers(0, 256, 20)
    (tmp_path / file.name).write_bytes(damaged.tobytes())
    try:
        sequential, _ = interop.from_keras(tmp_path / file.name)
    except (DataError, ShapeError):
        return
    assert sequential == interop.from_keras(file)[0]


def test_an_hdf5_file_of_weights_only_is_told_what_is_missing(tmp_path):
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["a"] = np.zeros(3)
    with pytest.raises(DataError, match="holds weights but no network; save the whole model"):
        interop.from_keras(tmp_path / "weights.h5")
