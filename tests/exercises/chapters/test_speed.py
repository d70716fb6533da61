"""Chapter 09: what it claims, held against others."""

import numba
import numpy as np
import pytest
from scipy.signal import correlate2d

from cnnlab.exercises import filters as chapter_01
from cnnlab.exercises import speed as lesson
from cnnlab.exercises.store import STORE


def test_im2col_gives_what_scipy_gives():
    rng = np.random.default_rng(0)
    image, weights = rng.normal(size=(6, 8, 2)), rng.normal(size=(3, 2, 2))
    expected = sum(correlate2d(image[..., c], weights[..., c], "valid") for c in range(2))
    np.testing.assert_allclose(lesson.im2col_map.answer()(image, weights), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("task", "numbers"),  # by hand, from the notes on misconceptions
    [("counts", (14_400, 14_400)), ("strides", (4800, 8, 480, 48))],
)
def test_the_numbers_are_those_of_the_notes(task, numbers):
    assert tuple(getattr(lesson, task).answer()) == numbers
    assert round(lesson.reuse.answer(), 1) == 4.5


def test_any_way_to_compile_without_the_lock_is_accepted():
    own, _ = lesson.own_loop()
    assert lesson.compile_it.check(numba.jit(nopython=True, nogil=True)(own)).passed
    assert not lesson.compile_it.check(own).passed


def test_something_compiled_that_computes_something_else_is_refused():
    wrong = numba.njit(nogil=True)(lambda image, weights: image * weights[0, 0])
    assert not lesson.compile_it.check(wrong).passed


def test_the_loop_of_chapter_01_is_the_learners_own():
    _, lines = lesson.own_loop()
    assert lines == chapter_01.loops.solution_code
    mine = chapter_01.loops.solution_code.replace("def ", "# mine\ndef ", 1)
    scope = chapter_01.loops.value(mine)
    assert chapter_01.loops.check(scope).passed
    STORE.change(chapter_01.loops.key, lambda entry: {**entry, "source": mine})
    assert lesson.own_loop()[1] == mine


def test_lines_from_another_machine_are_not_run_here(tmp_path):
    STORE.change(chapter_01.loops.key, lambda _: {"attempts": 1, "source": "raise SystemExit"})
    STORE.export(tmp_path / "theirs.json")
    STORE.reset()
    STORE.take_in(tmp_path / "theirs.json")
    assert STORE.read(chapter_01.loops.key) == {"attempts": 1}
