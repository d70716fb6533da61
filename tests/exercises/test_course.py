import pytest

from cnnlab import exercises
from cnnlab.exercises import CHAPTERS
from cnnlab.exercises import filters as lesson
from cnnlab.exercises._base import STORE


@pytest.fixture(autouse=True)
def _fresh_home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path))


def first_row():
    return exercises.progress().rows[0]


def test_the_map_lists_every_chapter_in_order():
    assert [chapter.stem[:2] for chapter in CHAPTERS] == [f"{n:02}" for n in range(1, 11)]
    lines = repr(exercises.progress()).splitlines()
    assert len(lines) == 2 + len(CHAPTERS)
    assert lines[2].startswith("01 Filters")


def test_progress_counts_predictions_exercises_and_first_answers_of_the_quiz():
    assert first_row()[2:] == ("0 of 2", "0 of 5", "0 of 5")
    lesson.even_sky.commit(0)  # a prediction counts, right or wrong
    lesson.puzzle.check(1, 0)
    lesson.quiz[0].commit(lesson.quiz[0].right)
    wrong = (lesson.quiz[1].right + 1) % 3
    lesson.quiz[1].commit(wrong)
    lesson.quiz[1].commit(lesson.quiz[1].right)
    assert first_row()[2:] == ("1 of 2", "1 of 5", "1 of 5")


def test_progress_that_cannot_be_written_says_so(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path / "file" / "home"))
    lesson.puzzle.check(1, 0)
    assert "Set CNNLAB_HOME to a folder you can write to" in repr(exercises.progress())
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path))
    STORE.change("99_test.done", dict)  # writes what had to wait
    assert STORE.saved
