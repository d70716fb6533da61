"""The table of attempts: what is in it, that it stays, and that nothing in it is lost."""

import json
import subprocess
import sys

import numpy as np
import pytest

from cnnlab import Network, Sequential, checkpoints, exercises
from cnnlab.datasets import Dataset
from cnnlab.errors import DataError
from cnnlab.exercises import Attempts
from cnnlab.exercises.store import STORE
from cnnlab.layers import Conv2D, Dense, Flatten, Layer, ReLU

STACK = Sequential([Conv2D(2, 3), ReLU(), Flatten(), Dense(3)], (6, 5, 1))


def pictures(seed=0, count=20):
    rng = np.random.default_rng(seed)
    return Dataset(rng.random((count, 6, 5, 1)), rng.integers(0, 3, count), ["a", "b", "c"])


def test_an_attempt_is_measured_counted_and_written_down():
    data, net = pictures(), Network(STACK, seed=4)
    attempt = Attempts(data).add(net, seconds=1.25, seed=4, note="rate 0.1")
    right = (net.predict(data.images).argmax(axis=1) == data.labels).mean()
    assert attempt.validation == right
    filters, units = 2 * 9 + 2, 3 * (4 * 3 * 2) + 3  # by hand: weights and biases
    assert attempt.parameters == filters + units
    assert attempt.multiply_adds == 4 * 3 * 2 * 9 + 3 * 24
    assert (attempt.seconds, attempt.seed, attempt.times) == (1.25, 4, 1)
    assert attempt.layers == "Conv2D 2, ReLU, Flatten, Dense 3"


def test_the_table_of_these_pictures_is_found_again_in_another_kernel():
    Attempts(pictures()).add(Network(STACK, seed=1), seconds=0.5, seed=1, note="mine")
    again = (
        "from tests.exercises.test_attempts import Attempts, pictures\n"
        "print(len(Attempts(pictures())), len(Attempts(pictures(seed=9))))\n"
        "print(Attempts(pictures())[0].note)"
    )
    done = subprocess.run([sys.executable, "-c", again], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "0", "mine"]


def test_the_same_trained_network_is_one_attempt_with_its_shortest_time():
    table = Attempts(pictures())
    for seconds in (3.0, 1.0, 2.0):
        table.add(Network(STACK, seed=1), seconds=seconds, seed=1)
    (attempt,) = table
    assert (attempt.times, attempt.seconds) == (3, 1.0)
    table.add(Network(STACK, seed=2), seconds=1, seed=2)
    assert [one.seed for one in table] == [1, 2]


def test_the_best_is_the_best_within_the_budget_and_of_equals_the_smallest():
    data = pictures()
    large = Sequential([Flatten(), Dense(40), ReLU(), Dense(3)], (6, 5, 1))
    table = Attempts(data, parameters=100, seconds=2)
    assert table.best is None
    table.add(Network(large, seed=0), seconds=0.1)
    assert table.best is None
    assert table.excess(table[0]) == ("parameters",)
    slow = table.add(Network(STACK, seed=0), seconds=5)
    assert table.excess(slow) == ("seconds",)
    scores = {table.add(Network(STACK, seed=k), seconds=1, seed=k).validation for k in range(1, 9)}
    assert table.best.validation == max(scores)
    assert not table.excess(table.best)


def saying(answer, units):
    """Make a network that gives every picture the same answer, with so many hidden units."""
    net = Network(Sequential([Flatten(), Dense(units), ReLU(), Dense(3)], (6, 5, 1)))
    still = {name: np.zeros_like(array) for name, array in net.parameters.items()}
    still["dense_2.bias"] = np.eye(3, dtype=np.float32)[answer]
    net.parameters = still
    return net


def test_what_is_right_counts_before_what_is_small():
    data = pictures()
    by_count = np.argsort(data.class_counts)
    table = Attempts(data)
    table.add(saying(by_count[0], units=1), seconds=1)
    larger = table.add(saying(by_count[2], units=5), seconds=1)
    assert table.best == larger
    smaller = table.add(saying(by_count[2], units=4), seconds=1)
    assert table.best == smaller
    table.add(saying(by_count[2], units=6), seconds=1)
    assert table.best == smaller


def test_the_weights_come_back():
    table, net = Attempts(pictures(), parameters=100), Network(STACK, seed=3)
    table.add(net, seconds=1, seed=3)
    for found in (table.network(), table.network(1)):
        for name, array in net.parameters.items():
            np.testing.assert_array_equal(found.parameters[name], array)


def test_what_cannot_be_loaded_is_told():
    table = Attempts(pictures(), parameters=10)
    with pytest.raises(DataError, match="there are no attempts yet; add one"):
        table.network()
    attempt = table.add(Network(STACK), seconds=1, seed=0)
    with pytest.raises(DataError, match=r"no attempt is within the budget.*attempts.network\(1\)"):
        table.network()
    with pytest.raises(DataError, match="number"):
        table.network(2)
    (exercises.folder() / "networks" / f"{attempt.digest}.safetensors").unlink()
    with pytest.raises(DataError, match=r"not on this machine; train it again: Conv2D 2.*seed 0"):
        table.network(1)


def test_the_table_tells_what_is_over_and_which_is_best():
    table = Attempts(pictures(), parameters=100, multiply_adds=50)
    assert repr(table) == "No attempts yet. Budget: at most 100 parameters, 50 multiply-adds."
    table.add(Network(STACK), seconds=1.26, note="<b>")
    head, line, below = repr(table).splitlines()
    assert head.split()[:5] == ["right", "budget", "layers", "parameters", "multiply-adds"]
    assert "Conv2D 2, ReLU, Flatten, Dense 3" in line
    assert "%  over: multiply-adds  " in line
    assert "1.3" in line
    assert below.startswith("Budget")
    page = table._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page  # nothing is best
    within = Attempts(pictures(), parameters=1000)
    assert "%  best  " in repr(within).splitlines()[1]
    assert "<b>best</b>" in within._repr_html_()
    assert "within" not in repr(Attempts(pictures()))


def test_of_many_attempts_the_newest_are_shown_and_the_best():
    table = Attempts(pictures())
    for seed in range(45):
        table.add(Network(STACK, seed=seed), seconds=1, seed=seed)
    lines = repr(table).splitlines()
    assert lines[-1] == "Older ones are not shown; there are 45 in all."
    assert len(lines) in {42, 43}
    assert sum("%  best  " in line for line in lines) == 1
    assert len(table[:]) == 45


def test_attempts_travel_with_the_progress_and_add_up(tmp_path):
    table = Attempts(pictures())
    table.add(Network(STACK, seed=1), seconds=3, seed=1)
    STORE.export(tmp_path / "there.json")
    STORE.reset()
    assert len(table) == 0
    table.add(Network(STACK, seed=1), seconds=2, seed=1)
    table.add(Network(STACK, seed=2), seconds=2, seed=2)
    STORE.take_in(tmp_path / "there.json")
    assert sorted(one.seed for one in table) == [1, 2]


def test_entries_that_somebody_has_damaged_are_passed_over():
    table = Attempts(pictures())
    table.add(Network(STACK, seed=1), seconds=1, seed=1)
    content = json.loads(STORE.path.read_text())
    ((key, entry),) = content["entries"].items()
    for number, change in enumerate(
        [
            {"date": "yesterday"},
            {"date": "2026-01-01"},
            {"seconds": "x"},
            {"odd": 1},
            {"times": None},
        ]
    ):
        content["entries"][f"{key}{number}"] = {**entry, **change}
    content["entries"][f"{key}x"] = {}
    STORE.path.write_text(json.dumps(content))
    assert len(table) == 1
    assert table.add(Network(STACK, seed=1), seconds=1, seed=1).times == 2


def test_where_nothing_can_be_written_the_table_is_there_and_says_so(tmp_path, monkeypatch):
    blocked = tmp_path / "a file"
    blocked.write_text("")
    monkeypatch.setenv("CNNLAB_HOME", str(blocked / "home"))
    table = Attempts(pictures())
    table.add(Network(STACK, seed=1), seconds=1, seed=1)
    assert len(table) == 1
    assert "Your progress lasts until the kernel stops" in repr(table)
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path / "home"))
    STORE.flush()


class Double(Layer):
    """A layer of one's own that nobody else knows, and no dataclass."""

    def output_shape(self, input_shape):
        return input_shape

    def forward(self, parameters, x, *, training=False, rng=None):
        return 2 * x, None

    def backward(self, parameters, cache, grad_output):
        return 2 * grad_output, {}


def test_a_network_with_a_layer_of_ones_own_is_an_attempt_too():
    own = Sequential([Double(), Flatten(), Dense(3)], (6, 5, 1))
    table = Attempts(pictures())
    table.add(Network(own), seconds=1)
    assert len(table) == 1
    assert "Double" in repr(table)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seconds": -1}, "seconds"),
        ({"seconds": 1, "seed": 0.5}, "seed"),
        ({"seconds": 1, "note": "x" * 61}, "note must have at most 60 characters, got 61"),
    ],
)
def test_a_wrong_word_is_told_and_nothing_is_kept(wrong, message):
    table = Attempts(pictures())
    with pytest.raises(DataError, match=message):
        table.add(Network(STACK), **wrong)
    assert len(table) == 0


def test_budgets_and_pictures_are_checked():
    with pytest.raises(DataError, match="validation must be a Dataset"):
        Attempts("digits")
    with pytest.raises(DataError, match="parameters"):
        Attempts(pictures(), parameters=0)
    with pytest.raises(DataError, match="seconds"):
        Attempts(pictures(), seconds=0)


def test_a_file_of_weights_is_an_ordinary_checkpoint():
    attempt = Attempts(pictures()).add(Network(STACK, seed=8), seconds=1)
    (file,) = (exercises.folder() / "networks").iterdir()
    assert file.name == f"{attempt.digest}.safetensors"
    assert checkpoints.load(file).sequential == STACK
