import numpy as np
import pytest

from cnnlab import exercises
from cnnlab.exercises import CHAPTERS
from cnnlab.exercises import filters as lesson
from cnnlab.exercises._base import STORE

EXERCISES = [task for chapter in CHAPTERS for task in chapter.parts()[1]]
QUESTIONS = [
    part
    for chapter in CHAPTERS
    for parts in (chapter.parts()[0], chapter.parts()[2])
    for part in parts
]


@pytest.fixture(autouse=True)
def _fresh_home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path))


def row_of_filters():
    return exercises.progress().rows[1]


def test_the_map_lists_every_chapter_in_order():
    assert [chapter.stem[:2] for chapter in CHAPTERS] == [f"{n:02}" for n in range(11)]
    lines = repr(exercises.progress()).splitlines()
    assert len(lines) == 2 + len(CHAPTERS)
    assert lines[3].startswith("01 Filters")


def test_progress_counts_predictions_exercises_and_first_answers_of_the_quiz():
    assert row_of_filters()[2:] == ("0 of 2", "0 of 5", "0 of 5")
    lesson.even_sky.commit(0)  # a prediction counts, right or wrong
    lesson.puzzle.check(1, 0)
    lesson.quiz[0].commit(lesson.quiz[0].right)
    wrong = (lesson.quiz[1].right + 1) % 3
    lesson.quiz[1].commit(wrong)
    lesson.quiz[1].commit(lesson.quiz[1].right)
    assert row_of_filters()[2:] == ("1 of 2", "1 of 5", "1 of 5")


def test_progress_that_cannot_be_written_says_so(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path / "file" / "home"))
    lesson.puzzle.check(1, 0)
    assert "Set CNNLAB_HOME to a folder you can write to" in repr(exercises.progress())
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path))
    STORE.change("99_test.done", dict)  # writes what had to wait
    assert STORE.saved


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_every_typical_mistake_gets_the_hint_that_names_it(exercise):
    assert len(exercise.mistakes) >= 3
    for mistake in exercise.mistakes:
        verdict = exercise.check(mistake.example())
        assert verdict.passed is False
        assert verdict.message == mistake.hint
    assert not exercise.solved


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_the_right_answer_passes(exercise):
    assert exercise.check(exercise.answer()).passed
    assert exercise.solved


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
@pytest.mark.parametrize("answer", [None, "x", np.zeros((2, 2, 2)), {}, object(), lambda: 0, 1e300])
def test_an_absurd_answer_is_wrong_and_raises_nothing(exercise, answer):
    assert exercise.check(answer).passed is False


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_an_open_blank_is_not_yet(exercise):
    assert exercise.check(...).passed is None


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_hints_are_sentences_that_lead_on(exercise):
    assert len(exercise.hints) >= 2
    assert len({repr(exercise.hint()) for _ in exercise.hints}) == len(exercise.hints)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.key)
def test_a_question_has_one_right_choice_and_feedback_for_each(question):
    assert 0 <= question.right < len(question.choices)
    feedback = [choice.feedback for choice in question.choices]
    assert all(text.endswith(".") for text in feedback)
    assert len(set(feedback)) == len(feedback) >= 3


def test_every_name_in_the_course_is_used_once():
    keys = [part.key for part in [*EXERCISES, *QUESTIONS]]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    "chapter", [one for one in CHAPTERS if one.module], ids=lambda one: one.stem
)
def test_exercises_and_questions_know_their_chapter_and_their_name(chapter):
    predictions, tasks, quiz = chapter.parts()
    for part in [*predictions, *tasks]:
        assert getattr(chapter.lesson(), part.name) is part
    assert all(part.chapter == chapter.stem for part in [*predictions, *tasks, *quiz])
