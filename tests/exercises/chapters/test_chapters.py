"""Every chapter by the same rules: solutions pass, mistakes get their hints, skeletons wait."""

import numpy as np
import pytest

from cnnlab.exercises import CHAPTERS

LESSONS = [chapter.lesson() for chapter in CHAPTERS if chapter.module]
TASKS = [item for lesson in LESSONS for item in lesson.items if item.kind == "solved"]
QUESTIONS = [item for lesson in LESSONS for item in lesson.items if item.kind != "solved"]

ITSELF = [1, 2]
ITSELF.append(ITSELF)

COUNTING = {
    "06_full_networks.conv_costs",
    "06_full_networks.field",
    "06_full_networks.count_network",
}
"""Tasks that are called with sizes and strides, which are whole and above 0."""

every_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.key)


@every_task
def test_the_solution_passes(task):
    assert task.check(task.value(task.solution_code)).passed
    assert task.done


@every_task
def test_what_the_package_computes_passes(task):
    assert task.check(task.answer()).passed


@every_task
def test_every_typical_mistake_gets_the_hint_that_names_it(task):
    assert len(task.mistakes) >= 3
    for code, mistake in task.mistakes:
        verdict = task.check(task.value(code))
        assert (verdict.passed, verdict.message) == (False, mistake.hint), code
    assert not task.done


@every_task
def test_the_skeleton_is_not_yet(task):
    assert task.check(task.value(task.cell.skeleton)).passed is None
    assert not task.tried


@every_task
@pytest.mark.parametrize(
    "answer",
    [
        ITSELF,
        None,
        "x",
        np.zeros((2, 2, 2)),
        {},
        object(),
        lambda: 0,
        1e300,
        [],
        np.nan,
        True,
        10**400,
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_an_absurd_answer_is_wrong_and_raises_nothing(task, answer):
    verdict = task.check(answer)
    assert verdict.passed is False
    assert answer is ITSELF or "could not be checked" not in verdict.message


@every_task
def test_nothing_where_a_value_is_due_is_named_as_such(task):
    verdict = task.check((lambda *_: None) if task.calls else None)
    assert "nothing" in verdict.message


@every_task
def test_hints_are_sentences_that_lead_on(task):
    assert len(task.hints) >= 2
    assert len({repr(task.hint()) for _ in task.hints}) == len(task.hints)


@every_task
def test_a_function_is_called_with_lopsided_cases(task):
    """Negative, fractional, height unlike width, filters of two sizes: see the mutants for more."""
    if not task.calls:
        return
    if task.key in COUNTING:
        assert len({repr(arguments) for arguments in task.calls}) == len(task.calls) >= 5
        return
    arrays = [array for arguments in task.calls for array in arguments if np.ndim(array)]
    assert any((array < 0).any() for array in arrays)
    assert any((array != np.round(array)).any() for array in arrays)
    grids = [array for array in arrays if array.ndim > 1]
    assert not grids or any(len(set(grid.shape)) > 1 for grid in grids)
    for arguments in zip(*task.calls, strict=True):
        assert len({np.shape(argument) or int(argument) for argument in arguments}) > 1


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.key)
def test_a_question_has_one_right_choice_and_feedback_for_each(question):
    assert 0 <= question.right < len(question.choices)
    feedback = [choice.feedback for choice in question.choices]
    assert all(text.endswith(".") for text in feedback)
    assert len(set(feedback)) == len(feedback) >= 3


def test_every_key_in_the_course_is_used_once():
    keys = [item.key for item in [*TASKS, *QUESTIONS]]
    assert len(set(keys)) == len(keys)


def test_lessons_know_the_chapter_they_are_listed_under():
    for chapter in CHAPTERS:
        if chapter.module:
            assert chapter.lesson().chapter == chapter.stem
