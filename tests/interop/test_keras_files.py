"""Files that the real Keras wrote give the answers that Keras gave; anything odd is refused."""

import json
import shutil
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest

from cnnlab import Network, buffers, interop
from cnnlab.errors import DataError, ShapeError

h5py = pytest.importorskip("h5py", reason='no h5py; get it with: pip install -e ".[keras]"')

DATA = Path(__file__).parents[1] / "data"
MODEL = DATA / "keras_lenet_like.keras"
LEGACY = DATA / "keras_lenet_like.h5"
EVERY = DATA / "keras_every_layer.keras"
NETWORKS = DATA / "keras_networks.zip"

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
        model: Callable[[dict[str, Any]], object] = dict,
    ) -> Path:
        target, store = tmp_path / "altered.keras", tmp_path / "weights.h5"
        with zipfile.ZipFile(MODEL) as archive:
            described = json.loads(archive.read("config.json"))
            store.write_bytes(archive.read("model.weights.h5"))
        change(described["config"]["layers"])
        described["class_name"] = kind
        model(described)
        if weights is not None:
            with h5py.File(store, "r+") as file:
                weights(file)
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("config.json", json.dumps(described))
            archive.write(store, "model.weights.h5")
        return target

    return alter


def setting(place: int, **values: Any) -> Callable[[Layers], None]:
    return lambda layers: layers[place]["config"].update(values)


def replaced(kind: str, **config: Any) -> Callable[[Layers], None]:
    """Put another layer in the place of the one that has no weights and keeps the shape."""
    entry = {"class_name": kind, "config": {"name": "mine", **config}}
    return lambda layers: layers.__setitem__(LEAKY, entry)


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
        (replaced("ReLU", max_value=6.0), r"layer mine \(ReLU\) with max_value .* max_value=None"),
        (replaced("ReLU"), r"layer mine \(ReLU\) is not described as Keras does .*'max_value'"),
        (replaced("Softmax"), r"layer mine \(Softmax\) is not described as Keras does"),
        (
            lambda layers: layers[LEAKY].update(module=None, registered_name="mine>LeakyReLU"),
            r"leaky_re_lu \(LeakyReLU\) with a class of its own .* try the layer of Keras that",
        ),
        (
            lambda layers: layers[LEAKY].update(module=None, registered_name="LeakyReLU"),
            r"leaky_re_lu \(LeakyReLU\) with a class of its own",
        ),
        (
            replaced("Dropout", rate=1.0),
            r"layer mine \(Dropout\) .* at least 0 and below 1, got 1.0",
        ),
        (replaced("ELU", alpha=-1), r"layer mine \(ELU\) has no counterpart here: alpha must be"),
        (
            replaced("Rescaling", scale=[1, 2], offset=0),
            r"layer mine \(Rescaling\) with a scale for",
        ),
        (
            lambda layers: layers.__delitem__(FLATTEN),
            r"layer dense \(Dense\) with an input of \(3, 2, 5\) .* put Flatten before it, or try",
        ),
        (
            replaced("ZeroPadding2D", padding=[[1, 1], [1, 1]]),
            r"layer mine .* in front of layer flat",
        ),
        (replaced("CenterCrop"), r"layer mine \(CenterCrop\) .* crop the images before"),
    ],
)
def test_a_layer_without_counterpart_is_named(altered, change, message):
    with pytest.raises(DataError, match=message):
        interop.from_keras(altered(change))


def test_networks_that_keras_made_at_random_answer_alike_or_are_refused_by_name(tmp_path):
    equal, refused = 0, {}
    with zipfile.ZipFile(NETWORKS) as archive:
        archive.extractall(tmp_path)
    for file in sorted({*tmp_path.glob("*.keras"), *tmp_path.glob("*.h5")}):
        expected = np.load(file.with_suffix(".npy"))
        try:
            net = Network.from_keras(file)
        except (DataError, ShapeError) as error:
            refused[file.name] = str(error)
            continue
        images = asked(net)
        np.testing.assert_allclose(
            net.predict(images), expected, rtol=1e-4, atol=1e-5, err_msg=file.name
        )
        equal += 1
    assert all("layer " in message for message in refused.values()), refused
    assert equal >= 90
    assert len(refused) >= 10


def asked(net: Network) -> Any:
    """Draw the images that Keras was asked about; it takes grey ones without a channel too."""
    shape = net.sequential.input_shape
    return np.random.default_rng(5).random((2, *shape), dtype=np.float32) - np.float32(0.5)


IN_TRAINING_ONLY = [
    ("RandomFlip", {"mode": "horizontal"}), ("RandomRotation", {"factor": 0.1}),
    ("RandomZoom", {}), ("RandomContrast", {}), ("RandomTranslation", {}),
    ("RandomBrightness", {}), ("GaussianNoise", {"stddev": 0.1}), ("GaussianDropout", {}),
    ("AlphaDropout", {}), ("SpatialDropout2D", {"rate": 0.5}), ("Identity", {}),
    ("ActivityRegularization", {}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "config"), IN_TRAINING_ONLY, ids=str)
def test_what_only_acts_in_training_is_left_out(altered, kind, config):
    entry = {"class_name": kind, "config": {"name": "mine", **config}}
    net = Network.from_keras(altered(lambda layers: layers.insert(LEAKY, entry)))
    assert net.sequential == interop.from_keras(MODEL)[0]


def test_a_global_maximum_and_a_change_of_scale_are_taken_over(altered):
    def change(layers):
        scale = {"name": "bytes", "scale": 1 / 255, "offset": -0.5}
        layers.insert(1, {"class_name": "Rescaling", "config": scale})
        config = {"name": "top", "data_format": "channels_last", "keepdims": False}
        del layers[FLATTEN + 1 :]
        layers.append({"class_name": "GlobalMaxPooling2D", "config": config})

    net, plain = Network.from_keras(altered(change)), Network.from_keras(MODEL)
    images = 255 * np.random.default_rng(0).random((2, 12, 11, 2))
    before = plain.forward(images / 255 - 0.5)["leaky_relu_1"]
    np.testing.assert_allclose(net.predict(images), before.max((1, 2)), rtol=1e-4, atol=1e-5)


def test_an_average_leaves_uneven_padding_out_as_keras_does(altered):
    torch = pytest.importorskip("torch", reason="PyTorch is the referee (pip install torch)")

    def change(layers):
        del layers[POOLING + 1 :]
        layers[POOLING]["class_name"] = "AveragePooling2D"
        layers[POOLING]["config"].update(padding="same", pool_size=[3, 2], strides=[2, 2])

    net = Network.from_keras(
        altered(change)
    )  # 10 x 9 maps: a row more below, a column to the right
    images = np.random.default_rng(3).random((2, 12, 11, 2), dtype=np.float32)
    maps = torch.from_numpy(net.forward(images)["conv2d_1"]).permute(0, 3, 1, 2)
    sums, counts = (
        torch.nn.functional.avg_pool2d(torch.nn.functional.pad(x, (0, 1, 0, 1)), (3, 2), 2)
        for x in (maps, torch.ones_like(maps))
    )
    expected = (sums / counts).permute(0, 2, 3, 1)
    np.testing.assert_allclose(net.predict(images), expected, rtol=1e-4, atol=1e-5)


class TestZeroPadding:
    @pytest.fixture
    def strided(self, altered):
        def make(sides, stride=2, padding="valid"):
            def change(layers):
                del layers[CONVOLUTION + 1 :]
                layers[0]["config"]["batch_shape"] = [None, 8, 8, 2]
                layers[CONVOLUTION]["config"].update(strides=[stride, stride], padding=padding)
                zeros = {"name": "zeros", "padding": sides, "data_format": "channels_last"}
                layers.insert(1, {"class_name": "ZeroPadding2D", "config": zeros})

            return altered(change)

        return make

    @pytest.mark.parametrize(
        ("sides", "stride", "ours"),
        [
            ([[1, 1], [1, 1]], 2, (1, 1)),
            ([[0, 1], [0, 1]], 2, "same"),  # on an even size: not the padding of 1 above
            ([[1, 0], [1, 0]], 2, (1, 1)),  # the stride would drop the last row
            ([[2, 2], [1, 1]], 1, (2, 1)),
        ],
    )
    def test_goes_into_the_convolution_that_follows(self, strided, sides, stride, ours):
        torch = pytest.importorskip("torch", reason="PyTorch is the referee (pip install torch)")
        net = Network.from_keras(strided(sides, stride))
        assert net.sequential.layers[0].padding == ours
        images = np.random.default_rng(1).random((2, 8, 8, 2), dtype=np.float32)
        framed = torch.from_numpy(np.pad(images, ((0, 0), *map(tuple, sides), (0, 0))))
        filters = torch.from_numpy(net.parameters["conv2d_1.filters"]).permute(3, 2, 0, 1)
        bias = torch.from_numpy(net.parameters["conv2d_1.bias"])
        expected = torch.nn.functional.conv2d(framed.permute(0, 3, 1, 2), filters, bias, stride)
        expected = torch.relu(expected).permute(0, 2, 3, 1)
        np.testing.assert_allclose(net.predict(images), expected, rtol=1e-4, atol=1e-5)

    def test_that_no_convolution_can_say_is_refused_by_name(self, strided):
        with pytest.raises(
            DataError, match=r"layer zeros .* in front of layer conv2d .* as many zeros on every"
        ):
            interop.from_keras(strided([[0, 2], [0, 2]], 1))

    def test_counts_in_the_average_of_a_whole_map(self, altered):
        def change(layers):
            del layers[POOLING + 1 :]
            zeros = {"name": "zeros", "padding": [[1, 1], [0, 0]]}
            whole = {"name": "all", "data_format": "channels_last", "keepdims": True}
            layers[POOLING:] = [
                {"class_name": "ZeroPadding2D", "config": zeros},
                {"class_name": "GlobalAveragePooling2D", "config": whole},
            ]

        net = Network.from_keras(altered(change))
        images = np.random.default_rng(4).random((2, 12, 11, 2), dtype=np.float32)
        maps = net.forward(images)["conv2d_1"]  # of 10 x 9
        expected = maps.sum((1, 2), keepdims=True) / (12 * 9)
        np.testing.assert_allclose(net.predict(images), expected, rtol=1e-4, atol=1e-6)

    def test_that_comes_last_is_refused_by_name(self, altered):
        def change(layers):
            zeros = {"name": "zeros", "padding": [[1, 1], [1, 1]]}
            layers[FLATTEN:] = [{"class_name": "ZeroPadding2D", "config": zeros}]

        with pytest.raises(DataError, match=r"layer zeros \(ZeroPadding2D\) comes last"):
            interop.from_keras(altered(change))


def chained(form: str, **options: Any) -> Callable[[dict[str, Any]], None]:
    """Write a model as a Functional one: each layer called on the one before."""

    def change(model: dict[str, Any]) -> None:
        layers, before = model["config"]["layers"], None
        for layer in layers:
            layer["name"] = layer["config"]["name"]
            place = [before, 0, 0]
            tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": place}}
            calls = {
                "3": [{"args": [tensor], "kwargs": {"training": True, **options}}],
                "2": [[[*place, options]]],
            }
            layer["inbound_nodes"] = calls[form] if before else []
            before = layer["name"]
        ends = {"input_layers": [layers[0]["name"], 0, 0], "output_layers": [before, 0, 0]}
        if form == "2":
            ends = {key: [end] for key, end in ends.items()}
        model["config"].update(ends)
        model.update(class_name="Functional", registered_name="Functional", module="keras.models")

    return change


class TestFunctionalModels:
    @pytest.mark.parametrize("form", ["2", "3"])
    def test_without_branches_are_chains(self, altered, form):
        sequential, parameters = interop.from_keras(altered(model=chained(form)))
        expected, arrays = interop.from_keras(MODEL)
        assert sequential == expected
        np.testing.assert_array_equal(parameters["dense_1.weights"], arrays["dense_1.weights"])

    def test_of_keras_2_that_always_train_are_refused(self, altered):
        with pytest.raises(DataError, match=r"with the call \{'training': True\}"):
            interop.from_keras(altered(model=chained("2", training=True)))

    @pytest.mark.parametrize("form", ["2", "3"])
    def test_with_a_branch_name_the_layer(self, altered, form):
        def two_inputs(model):
            chained(form)(model)
            layer = next(entry for entry in model["config"]["layers"] if entry["name"] == "dense")
            (call,) = layer["inbound_nodes"]
            if form == "3":
                call["args"] = [call["args"] * 2]
            else:
                call.append(call[0])

        def two_outputs(model):
            chained(form)(model)
            model["config"]["output_layers"] = [["dense", 0, 0], ["dense_1", 0, 0]]

        def beside(model):
            chained(form)(model)
            named = {entry["name"]: entry for entry in model["config"]["layers"]}
            named["dense_1"]["inbound_nodes"] = named["dense"]["inbound_nodes"]

        def twice(model):
            chained(form)(model)
            named = {entry["name"]: entry for entry in model["config"]["layers"]}
            named["dense"]["inbound_nodes"] *= 2

        for change, message in [
            (two_inputs, r"layer dense \(Dense\) with more than one input .* try keras.Sequential"),
            (two_outputs, r"with 2 inputs or outputs"),
            (beside, r"layer dense.* with dense.* beside it behind dropout"),
            (twice, r"layer dense \(Dense\) with 2 places in the model"),
        ]:
            with pytest.raises(DataError, match=message):
                interop.from_keras(altered(model=change))

    def test_of_another_class_are_refused(self, altered):
        with pytest.raises(DataError, match=r"got Mine; try keras.Sequential\(model.layers\)"):
            interop.from_keras(altered(kind="Mine"))


def test_pictures_without_a_channel_axis_are_grey(altered):
    def change(layers):
        layers[0]["config"]["batch_shape"] = [None, 5, 6]
        del layers[1:FLATTEN]

    net = Network.from_keras(altered(change))
    assert net.sequential.input_shape == (5, 6, 1)
    images = np.random.default_rng(2).random((2, 5, 6))
    weights, bias = net.parameters["dense_1.weights"], net.parameters["dense_1.bias"]
    expected = images.reshape(2, -1) @ weights + bias
    scores = net.forward(images[..., None])
    np.testing.assert_allclose(scores["dense_1"], np.tanh(expected), rtol=1e-4, atol=1e-5)


class TestArraysThatWouldNotFit:
    def test_because_the_file_does_not_hold_them(self, altered):
        def claim(file):
            del file["layers/dense/vars/0"]
            file.create_dataset("layers/dense/vars/0", (30, 2_000_000), "f4")  # nothing written

        file = altered(setting(DENSE, units=2_000_000), weights=claim)
        tracemalloc.start()
        try:
            with pytest.raises(
                DataError, match=r"up to layer dense .* take 240 MB, more than the whole file"
            ):
                interop.from_keras(file)
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()

    def test_because_several_layers_claim_the_same_numbers(self, altered):
        def change(layers):
            first = layers[DENSE]["config"]
            size = {"units": 30, "activation": "linear"}
            many = [
                {"class_name": "Dense", "config": {**first, **size, "name": f"dense_{n}"}}
                for n in range(60)
            ]
            layers[DENSE:] = many

        def link(file):
            del file["layers/dense"], file["layers/dense_1"]
            file["layers/dense/vars/0"] = np.zeros((30, 30), np.float32)
            file["layers/dense/vars/1"] = np.zeros(30, np.float32)
            for n in range(1, 60):
                file[f"layers/dense_{n}"] = file["layers/dense"]

        with pytest.raises(DataError, match=r"up to layer dense_\d+ .* more than the whole file"):
            interop.from_keras(altered(change, weights=link))

    def test_because_the_archive_is_packed_beyond_belief(self, tmp_path):
        file = tmp_path / "a.keras"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("config.json", zipfile.ZipFile(MODEL).read("config.json"))
            archive.writestr("model.weights.h5", bytes(50_000_000))
        with pytest.raises(
            DataError, match=r"model.weights.h5 claims 50,000,000 bytes, [\d,]+ are"
        ):
            interop.from_keras(file)

    @pytest.mark.parametrize("file", [MODEL, LEGACY], ids=lambda file: file.name)
    def test_because_the_computer_is_small(self, monkeypatch, file):
        free = SimpleNamespace(available=10_000, free=0)
        monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
        monkeypatch.setattr(psutil, "swap_memory", lambda: free)
        monkeypatch.setattr(buffers, "_LEAST_ASKED", 0)
        with pytest.raises(
            DataError, match=r"takes \d+ kB, and about 10 kB are free here; try a smal"
        ):
            interop.from_keras(file)


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
