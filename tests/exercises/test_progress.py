from itertools import pairwise

import pytest

from cnnlab import exercises
from cnnlab.errors import DataError
from cnnlab.exercises import CHAPTERS
from cnnlab.exercises import filters as lesson
from cnnlab.exercises.store import STORE


def row_of_filters():
    return exercises.progress().standings[1].words


def answer_all(asking):
    for item in asking.items:
        if item.kind == "solved":
            item.check(item.value(item.solution_code))
        else:
            item.commit(item.right)


def test_the_map_lists_every_chapter_in_order():
    assert [chapter.stem[:2] for chapter in CHAPTERS] == [f"{n:02}" for n in range(11)]
    lines = repr(exercises.progress()).splitlines()
    assert len(lines) == 2 + len(CHAPTERS) + 1
    assert lines[3].startswith("01 Filters")


def test_a_lesson_is_taken_from_the_package_by_the_name_of_its_module():
    assert lesson is CHAPTERS[1].lesson()
    assert lesson.chapter == "01_filters"
    with pytest.raises(AttributeError, match=r"no attribute 'filter'; its lessons are start, fil"):
        _ = exercises.filter


def test_progress_counts_predictions_tasks_and_first_answers_of_the_quiz():
    assert row_of_filters() == ("0 of 2", "0 of 5", "0 of 5")
    lesson.even_sky.commit(0)  # a prediction counts, right or wrong
    lesson.puzzle.check(1, 0)
    lesson.quiz[0].commit(lesson.quiz[0].right)
    wrong = (lesson.quiz[1].right + 1) % 3
    lesson.quiz[1].commit(wrong)
    lesson.quiz[1].commit(lesson.quiz[1].right)
    assert row_of_filters() == ("1 of 2", "1 of 5", "1 of 5")


def test_answers_kept_by_older_versions_still_count():
    STORE.change("01_filters.loops", lambda _: {"attempts": 3, "solved": True})
    STORE.change("01_filters.upright_edges", lambda _: {"attempts": 1, "solved": True})
    STORE.change("01_filters.even_sky", lambda _: {"picked": [2], "revealed": True})
    assert row_of_filters() == ("1 of 2", "2 of 5", "0 of 5")
    assert lesson.vertical_edges.done


def test_what_comes_next_is_the_first_chapter_with_something_left():
    assert exercises.progress().next.chapter.stem == "00_start_here"
    assert repr(exercises.progress()).endswith("Next: 00 Start here")
    there = [chapter for chapter in CHAPTERS if chapter.module]
    for chapter, following in pairwise(there):
        answer_all(chapter.lesson())
        assert exercises.progress().next.chapter == following
        assert repr(exercises.progress()).endswith(f"Next: {following.heading}")
    answer_all(there[-1].lesson())
    assert exercises.progress().next is None


def test_on_a_page_chapters_are_links_and_those_to_come_are_not():
    exercises.start.pixels.check(512 * 512)
    page = exercises.progress()._repr_html_()
    assert '<b><a href="01_filters.ipynb">01 Filters</a></b>' in page
    assert '<a href="00_start_here.ipynb">' in page
    for chapter in CHAPTERS:
        assert (f'<a href="{chapter.stem}.ipynb">' in page) is bool(chapter.module)
    assert page.count("to come") == sum(not chapter.module for chapter in CHAPTERS)
    assert page.count("<b>next</b>") == 1
    assert " done</td>" in page


def test_progress_that_cannot_be_written_says_so(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path / "file" / "home"))
    lesson.puzzle.check(1, 0)
    for shown in (repr(exercises.progress()), exercises.progress()._repr_html_()):
        assert "Set CNNLAB_HOME to a folder you can write to" in shown
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path))
    STORE.change("99_test.done", dict)  # writes what had to wait
    assert STORE.saved


def test_an_unknown_question_is_answered_with_the_known_ones():
    with pytest.raises(DataError, match=r"no question '01.sky'; try one of 00_start_here"):
        exercises.question("01.sky")
