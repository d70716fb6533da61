"""The sealed test: what a look says, and that looks are counted rightly and for long."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from cnnlab import Network, Sequential
from cnnlab.datasets import Dataset
from cnnlab.errors import DataError, ShapeError
from cnnlab.exercises import Look, SealedTest, luck_of_the_best
from cnnlab.exercises.store import STORE
from cnnlab.layers import Dense, Flatten

STACK = Sequential([Flatten(), Dense(2)], (3, 4, 1))


def pictures(seed=0, count=50):
    rng = np.random.default_rng(seed)
    return Dataset(rng.random((count, 3, 4, 1)), rng.integers(0, 2, count), ["cat", "dog"])


def net(seed):
    return Network(STACK, seed=seed)


def test_a_look_counts_what_is_right_and_how_far_that_scatters():
    data = pictures()
    look = SealedTest(data).score(net(1))
    right = int((net(1).predict(data.images).argmax(axis=1) == data.labels).sum())
    assert (look.right, look.images, look.score) == (right, 50, right / 50)
    assert look.standard_error == pytest.approx(stats.binom(50, right / 50).std() / 50)
    assert repr(look).startswith(f"{right} of 50 right: ")
    assert repr(look).endswith(
        "The first look at these pictures. The number is as good as it says."
    )


def test_mistakes_come_with_the_surest_first():
    data = pictures()
    look = SealedTest(data).score(net(1))
    shares = net(1).probabilities(data.images)
    wrong = [k for k in range(50) if shares[k].argmax() != data.labels[k]]
    assert sorted(look.mistakes) == wrong
    assert list(look.mistakes) == sorted(wrong, key=lambda k: -shares[k].max())


def test_other_networks_are_looks_and_the_same_one_again_is_none():
    sealed = SealedTest(pictures())
    assert repr(sealed) == "SealedTest(50 pictures of 2 classes; nobody has looked)"
    assert (sealed.score(net(1)).number, sealed.looks) == (1, 1)
    again = sealed.score(net(1))
    assert (again.number, again.again, sealed.looks) == (1, True, 1)
    assert "still the first look" in repr(again)
    assert "looked at once" in repr(sealed)
    second = sealed.score(net(2))
    assert (second.number, second.again) == (2, False)
    assert "If you chose nothing by the looks before, this number is as good" in repr(second)
    assert f"about {100 * second.luck:.1f} points" in repr(second)
    assert "looked at twice" in repr(sealed)
    assert "counts as no look. Look 2" in repr(sealed.score(net(1)))
    sealed.score(net(3))
    assert "looked at 3 times" in repr(sealed)


def test_looks_are_counted_by_the_pictures_whatever_they_are_called_and_wherever():
    SealedTest(pictures()).score(net(1))
    data = pictures()
    renamed = Dataset(data.images, data.labels, ["chat", "chien"])
    assert SealedTest(renamed).looks == 1
    assert SealedTest(data[:-1]).looks == 0
    assert SealedTest(Dataset(data.images, 1 - data.labels, ["cat", "dog"])).looks == 0
    again = (
        "from tests.exercises.test_sealed import SealedTest, net, pictures\n"
        "sealed = SealedTest(pictures())\n"
        "print(sealed.looks, sealed.score(net(1)).again, sealed.score(net(2)).number)"
    )
    done = subprocess.run([sys.executable, "-c", again], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "True", "2"]
    assert SealedTest(pictures()).looks == 2


def test_looks_on_two_machines_add_up(tmp_path):
    sealed = SealedTest(pictures())
    sealed.score(net(1))
    STORE.export(tmp_path / "there.json")
    STORE.reset()
    sealed.score(net(1))
    sealed.score(net(2))
    STORE.take_in(tmp_path / "there.json")
    assert sealed.looks == 2


def test_what_cannot_be_scored_is_no_look():
    sealed = SealedTest(pictures())
    with pytest.raises(DataError, match=r"network must be a Network, got .*SealedTest\(test\)"):
        sealed.score("network")
    with pytest.raises((DataError, ShapeError)):
        sealed.score(Network(Sequential([Flatten(), Dense(2)], (5, 5, 1))))
    assert sealed.looks == 0
    with pytest.raises(DataError, match="data must be a Dataset"):
        SealedTest([1, 2])


def test_the_pictures_are_not_handed_out():
    sealed = SealedTest(pictures())
    assert not any(
        isinstance(getattr(sealed, name), Dataset) for name in dir(sealed) if name[0] != "_"
    )
    assert len(sealed) == 50


@pytest.mark.parametrize("count", [2, 5, 20, 100])
def test_the_luck_of_the_best_is_that_of_the_largest_normal_number(count):
    largest = stats.norm.expect(
        lambda x: x * count * stats.norm.cdf(x) ** (count - 1), lb=-10, ub=10
    )
    assert luck_of_the_best(count, 1.0) == pytest.approx(largest, rel=1e-4)
    assert luck_of_the_best(count, 0.02) == pytest.approx(0.02 * largest, rel=1e-4)


def test_the_luck_of_the_best_of_twenty_is_that_of_the_notes():
    drawn = np.random.default_rng(1).binomial(1000, 0.9, (20_000, 20)).max(axis=1).mean() / 1000
    assert luck_of_the_best(20, (0.9 * 0.1 / 1000) ** 0.5) == pytest.approx(drawn - 0.9, abs=1e-3)
    with pytest.raises(DataError, match="networks"):
        luck_of_the_best(0, 0.01)


def test_a_perfect_score_has_no_error_and_no_mistakes():
    data = pictures()
    look = Look(3, False, data, data.labels, np.ones(50, np.float32))
    assert (look.standard_error, look.luck, look.mistakes.size) == (0, 0, 0)
    # At 94 %, fifty right ones in a row happen five times of a hundred.
    assert stats.binom.pmf(50, 50, 0.94) == pytest.approx(0.05, abs=0.01)
    assert look.figures == "50 of 50 right: 100.0%. This many pictures cannot tell that from 94.0%."
    none = Look(1, False, data, 1 - data.labels, np.ones(50, np.float32))
    assert none.figures == "0 of 50 right: 0.0%. This many pictures cannot tell that from 6.0%."


def test_on_a_page_the_score_stands_first_and_its_words_are_text():
    page = SealedTest(pictures()).score(net(1))._repr_html_()
    assert page.startswith("<p><b>")
    assert page.index("right: ") < page.index("The first look")
