import json
import struct
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from cnnlab import Network, Sequential, checkpoints, layers, zoo
from cnnlab.errors import DataError
from cnnlab.layers import (
    ELU,
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    LeakyReLU,
    Maxout,
    MaxPool2D,
)

EVERYTHING = Sequential(
    [
        Conv2D(4, (3, 2), stride=(1, 2), padding=(1, 0), activation="relu"),
        BatchNorm(momentum=0.8),
        LeakyReLU(0.3),
        MaxPool2D(2, stride=1, padding="same"),
        Conv2D(4, 2, padding="same", dilation=2, bias=False, initializer="he_normal"),
        AvgPool2D((2, 1)),
        ELU(0.5),
        Maxout(2),
        Dropout(0.1),
        Flatten(),
        Dense(3),
    ],
    (12, 12, 2),
)


@dataclass(frozen=True)
class Scale(layers.Layer):
    """A learner's own layer."""

    factor: float = 2.0

    def parameter_shapes(self, input_shape):
        return {"own": (input_shape[-1],)}

    def forward(self, parameters, x, *, training=False, rng=None):
        return self.factor * x, None

    def backward(self, parameters, cache, grad_output):
        return self.factor * grad_output, {"own": np.zeros(grad_output.shape[-1], np.float32)}


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "net.safetensors"
    checkpoints.save(Network(EVERYTHING, seed=4), path)
    return path


def test_a_network_sized_by_its_labels_can_be_saved(tmp_path):
    labels = np.array([0, 2, 1])
    net = Network(Sequential([Flatten(), Dense(labels.max() + 1)], (4, 4, 1)))
    checkpoints.save(net, tmp_path / "net.safetensors")
    assert checkpoints.load(tmp_path / "net.safetensors").sequential == net.sequential


def rewritten(path, tensors=None, **changes):
    """Write the file again with another header or other arrays, as a careful forger would."""
    with path.open("rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))["__metadata__"]
    header |= changes
    header = {name: value for name, value in header.items() if value is not None}
    save_file(load_file(path) if tensors is None else tensors, path, header)


def test_a_network_comes_back_bit_for_bit(saved):
    net, again = Network(EVERYTHING, seed=4), checkpoints.load(saved)
    assert again.sequential == net.sequential
    assert again.parameters.keys() == net.parameters.keys()
    for name, array in net.parameters.items():
        np.testing.assert_array_equal(again.parameters[name], array)
    x = np.random.default_rng(0).random((2, 12, 12, 2))
    np.testing.assert_array_equal(again.predict(x), net.predict(x))


@pytest.mark.parametrize("name", zoo.NETWORKS)
def test_every_network_of_the_zoo_can_be_described_and_rebuilt(name):
    stack = zoo.build(name)
    description = json.loads(json.dumps(checkpoints.describe(stack)))
    assert checkpoints.rebuild(description) == stack


def test_the_file_is_open_to_whoever_new_files_are_open_to(saved):
    other = saved.with_name("other")
    other.touch()
    assert saved.stat().st_mode == other.stat().st_mode


def test_other_programs_can_read_the_file(saved):
    arrays = load_file(saved)
    np.testing.assert_array_equal(
        arrays["dense_1.weights"], checkpoints.load(saved).parameters["dense_1.weights"]
    )


def test_a_layer_of_your_own_must_be_named_to_be_loaded(tmp_path):
    path = tmp_path / "own.safetensors"
    checkpoints.save(Network(Sequential([Flatten(), Scale(3.0)], (2, 2, 1))), path)
    with pytest.raises(DataError, match=r"'Scale' is not known here; .* pass layers=\[Scale\]"):
        checkpoints.load(path)
    assert checkpoints.load(path, layers=[Scale]).sequential.layers[1] == Scale(3.0)


def test_a_file_cut_short_anywhere_is_refused(saved):
    whole = saved.read_bytes()
    for length in [0, 4, 8, 100, 2000, len(whole) // 2, len(whole) - 1]:
        saved.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"net.safetensors is not a usable checkpoint: it "):
            checkpoints.load(saved)


def test_a_changed_number_is_noticed(saved):
    contents = bytearray(saved.read_bytes())
    contents[-5] ^= 1
    saved.write_bytes(contents)
    with pytest.raises(DataError, match="its contents are not those that were saved"):
        checkpoints.load(saved)


def test_no_damaged_byte_passes_or_raises_anything_else(saved):
    """Two hundred files with one wrong byte each, in the header more often than not."""
    whole = saved.read_bytes()
    header = struct.unpack("<Q", whole[:8])[0] + 8
    rng = np.random.default_rng(0)
    for turn in range(200):
        contents = bytearray(whole)
        contents[rng.integers(header if turn % 4 else len(whole))] ^= 1 << rng.integers(8)
        saved.write_bytes(contents)
        with pytest.raises(DataError, match=r"is not a usable checkpoint|not the architecture"):
            checkpoints.load(saved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": None}, "does not say what network it belongs to"),
        ({"architecture": "{"}, "its architecture is not JSON"),
        ({"architecture": "[" * 100_000}, "its architecture is not JSON"),
        ({"architecture": "[]"}, "not the architecture of a network"),
        ({"architecture": '{"input_shape": [4, 4, 1], "layers": 7}'}, "not the architecture"),
        ({"architecture": '{"input_shape": [4, 4, 1], "layers": []}'}, "at least one layer"),
        (
            {"architecture": '{"input_shape": [4, 4, 1], "layers": [{"layer": "os.system"}]}'},
            "the layer 'os.system' is not known here",
        ),
        (
            {"architecture": '{"input_shape": [4, 4, 1], "layers": [{"layer": "Layer"}]}'},
            "the layer 'Layer' is not known here",
        ),
        (
            {
                "architecture": '{"input_shape": [4, 4, 1], '
                '"layers": [{"layer": "Flatten", "__class__": 1}]}'
            },
            "not the architecture of a network: .*unexpected keyword",
        ),
        (
            {
                "architecture": '{"input_shape": [4, 4, 1], '
                '"layers": [{"layer": "Conv2D", "filters": 1e400}]}'
            },
            "filters must be a whole number",
        ),
        (
            {
                "architecture": '{"input_shape": [1000000, 1000000, 1000000], '
                '"layers": [{"layer": "Flatten"}, {"layer": "Dense", "units": 1000000}]}'
            },
            "its arrays are not those of its network",
        ),
        ({"architecture": json.dumps({"input_shape": [4], "layers": [{}] * 1001})}, "1001 layers"),
        ({"sha256": None}, "its contents are not those that were saved"),
        ({"progress": "[]"}, "does not name its slots"),
        ({"progress": '{"slots": ["velocity"]}'}, "missing .*velocity/conv2d_1.bias"),
    ],
)
def test_a_forged_header_is_refused_before_anything_is_allocated(saved, changes, message):
    rewritten(saved, **changes)
    with pytest.raises(DataError, match=message):
        checkpoints.load(saved)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("dense_1.bias"), r"missing \['dense_1.bias'\], extra \[\]"),
        (lambda t: t.update(more=np.zeros(3, np.float32)), r"missing \[\], extra \['more'\]"),
        (
            lambda t: t.update({"dense_1.bias": np.zeros(4, np.float32)}),
            r"dense_1.bias must be F32 of shape \(3,\), got F32 of shape \(4,\)",
        ),
        (
            lambda t: t.update({"dense_1.bias": np.zeros(3)}),
            r"dense_1.bias must be F32 of shape \(3,\), got F64",
        ),
    ],
)
def test_arrays_that_are_not_those_of_the_network_are_refused(saved, change, message):
    tensors = load_file(saved)
    change(tensors)
    rewritten(saved, tensors)
    with pytest.raises(DataError, match=message):
        checkpoints.load(saved)


def test_a_header_that_claims_to_be_enormous_is_refused_without_reading_it(saved):
    with saved.open("r+b") as file:
        file.write(struct.pack("<Q", 1 << 62))
    with pytest.raises(DataError, match="cut short, or not a safetensors file"):
        checkpoints.load(saved)
    with saved.open("wb") as file:  # a hole: nothing is on the disk, and nothing may be read
        file.write(struct.pack("<Q", 1 << 30))
        file.truncate(1 << 31)
    with pytest.raises(
        DataError, match="its header of 1073741824 bytes is longer than any of ours"
    ):
        checkpoints.load(saved)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(DataError, match="not a safetensors file"):
        checkpoints.load(path)
    with pytest.raises(DataError, match=r"cannot be read .*No such file"):
        checkpoints.load(tmp_path / "nothing.safetensors")
    with pytest.raises(DataError, match="cannot be read"):
        checkpoints.load(tmp_path)
    save_file({"weight": np.zeros(3, np.float32)}, tmp_path / "foreign.safetensors")
    with pytest.raises(DataError, match="does not say what network it belongs to"):
        checkpoints.load(tmp_path / "foreign.safetensors")


def test_a_network_alone_cannot_be_taken_up_again(saved):
    with pytest.raises(DataError, match="not the state of a training; start a new one from it"):
        checkpoints.load_progress(saved)


def test_a_file_that_cannot_be_written_is_reported_and_nothing_is_left(tmp_path):
    net = Network(Sequential([Flatten(), Dense(2)], (2, 2, 1)))
    with pytest.raises(DataError, match="does the folder exist, and is there room"):
        checkpoints.save(net, tmp_path / "missing" / "net.safetensors")
    (tmp_path / "taken").mkdir()
    with pytest.raises(DataError, match=r"cannot write .*taken"):
        checkpoints.save(net, tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


KILLED = """
import os, random, signal, sys, time
import numpy as np
from cnnlab import Network, Sequential, checkpoints
from cnnlab.layers import Dense, Flatten

stack = Sequential([Flatten(), Dense(64)], (64, 64, 1))
shapes = {"dense_1.weights": (4096, 64), "dense_1.bias": (64,)}
path = sys.argv[1]

def filled(value):
    return Network.from_parameters(
        stack, {name: np.full(shape, value, np.float32) for name, shape in shapes.items()}
    )

checkpoints.save(filled(0), path)
began = time.perf_counter()
checkpoints.save(filled(0), path)
saving = time.perf_counter() - began  # on this machine, as busy as it is
random.seed(0)
last, midway = 0, 0
for turn in range(50):
    child = os.fork()
    if not child:
        value = last
        while True:
            value += 1
            checkpoints.save(filled(value), path)
    time.sleep(random.uniform(0.1, 4) * saving)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    midway += os.path.exists(path + ".partial")
    weights = checkpoints.load(path).parameters
    values = {float(array.flat[0]) for array in weights.values()}
    assert len(values) == 1 and all((array == array.flat[0]).all() for array in weights.values())
    assert values.pop() >= last
    last = int(weights["dense_1.bias"][0])
print(last, midway)
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs a system that can fork")
def test_a_process_killed_while_it_writes_leaves_the_last_good_file(tmp_path):
    """SIGKILL at fifty random moments; the file under its own name always loads."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "net.safetensors")],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    written, midway = map(int, done.stdout.split())
    assert written > 0
    assert midway > 0  # some were killed in the middle, or this would prove nothing
