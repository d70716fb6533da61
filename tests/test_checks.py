import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from cnnlab import Network, checks, zoo
from cnnlab.errors import DataError, ShapeError


@pytest.mark.parametrize("seed", [None, -1, 1.5, "3", [1, 2], True, np.random.default_rng(0)])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(
        DataError, match=r"seed must be a whole number, 0 or more, got .*try seed=0"
    ):
        Network(zoo.digits_net(), seed=seed)


def test_a_seed_that_contains_itself_ends_in_words_and_not_the_process():
    """NumPy recurses without end: so it is asked in a process of its own."""
    code = (
        "from cnnlab import Network, zoo; seed = []; seed.append(seed); "
        "Network(zoo.digits_net(), seed=seed)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "seed must be a whole number, 0 or more, got [[" in run.stderr


def test_all_kinds_of_whole_numbers_are_one():
    assert checks.whole(np.uint8(200), "units") * 2 == 400
    assert checks.whole(np.array(3), "units") == 3
    for wrong in (True, 3.0, "3", None, np.ones(2)):
        with pytest.raises(ShapeError, match=r"units must be a whole number, got .*; try units=1"):
            checks.whole(wrong, "units", error=ShapeError)
    with pytest.raises(
        DataError, match=r"units must be at most 5, got a whole number of 1329 bits"
    ):
        checks.whole(10**400, "units", most=5)


def test_all_kinds_of_real_numbers_are_one_but_for_those_that_are_not_finite():
    for right in (1, np.float16(1), np.int8(1), Fraction(1)):
        assert checks.real(right, "margin", 1) == 1
    for wrong in (np.nan, np.inf, 10**400, 1j, "1", None, True, np.ones(2)):
        with pytest.raises(DataError, match=r"margin must be a number, got .*; try margin=1"):
            checks.real(wrong, "margin", 1)
    with pytest.raises(DataError, match="share must be a number above 0 and at most 1, got 0"):
        checks.real(0, "share", 0.8, above=0, most=1)


def test_what_was_got_is_told_in_a_few_words_however_large_or_odd_it_is():
    nested = []
    nested.append(nested)
    deep = []
    for _ in range(5000):
        deep = [deep]
    for value in (nested, deep, "x" * 10**6, list(range(10**5)), 10**5000, np.ones((500, 500))):
        assert len(checks.shown(value)) < 120
    assert checks.shown(np.ones((2, 3))) == "an array of shape (2, 3)"
    assert checks.shown(int) == "the class int"


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_numbers_are_read_from_whatever_holds_them():
    torch = pytest.importorskip("torch", reason="PyTorch is one of the kinds")
    for kind in (list, tuple, np.asmatrix, torch.tensor, np.float16):
        array = checks.numbers(kind([[1, 2], [3, 4]]), "matrix")
        assert type(array) is np.ndarray
        np.testing.assert_array_equal(array, [[1, 2], [3, 4]])
    with pytest.raises(
        DataError, match=r"scores .* cannot be read \(Can't call numpy.*try an array"
    ):
        checks.numbers(torch.ones(2, requires_grad=True), "scores")
    nested = []
    nested.append(nested)
    with pytest.raises(
        ShapeError, match=r"scores must be .*, but it is nested too deeply; try rows"
    ):
        checks.numbers(nested, "scores")
    with pytest.raises(ShapeError, match=r"scores of shape \(1000000, 1000000\) takes 8.0 TB"):
        checks.numbers(np.broadcast_to(1.0, (10**6, 10**6)), "scores")


@pytest.mark.parametrize("path", [None, 3, b"bytes", "a\0b", "\ud800", "x" * 10**5])
def test_a_file_has_a_name(path):
    with pytest.raises(DataError, match=r"path must name a file or folder, got .*; try path="):
        checks.path_of(path, "path")
