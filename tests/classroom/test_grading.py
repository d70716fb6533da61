"""The marks: who can do a task gets its point, who has only heard the results of the check not."""

import sys

import numpy as np
import pytest

from cnnlab import classroom
from cnnlab.classroom.course import assignment, chapters_with_tasks
from cnnlab.classroom.grading import lesson_of, task_named, tasks_of, unseen_calls
from cnnlab.errors import DataError
from cnnlab.exercises import CHAPTERS

CHAPTERS_WITH_TASKS = [chapter.stem for chapter in CHAPTERS if chapter.module]
TASKS = [
    f"{stem}.{task.name}" for stem in CHAPTERS_WITH_TASKS for task in tasks_of(lesson_of(stem))
]
FUNCTIONS = [key for key in TASKS if task_named(key).calls]


def answers(task, code):
    """Run a cell; a task takes one answer, or several as its cell names them."""
    value = task.value(code)
    return value if isinstance(value, tuple) and "," in task.cell.asks else (value,)


@pytest.mark.parametrize("key", TASKS)
def test_the_solution_of_a_task_gets_its_point_and_a_blank_none(key):
    task = task_named(key)
    classroom.grade(key, *answers(task, task.solution_code))
    blank = answers(task, task.cell.skeleton) if key in FUNCTIONS else (...,)
    with pytest.raises(AssertionError, match=r"Not (yet|quite)"):
        classroom.grade(key, *blank)


@pytest.mark.parametrize("key", FUNCTIONS)
def test_results_learned_by_heart_get_no_point(key):
    task = task_named(key)
    right = task.value(task.solution_code)
    known = [(call, right(*map(np.copy, call))) for call in task.calls]

    def by_heart(*given):
        for call, result in known:
            if all(map(np.array_equal, call, given)):
                return result
        return known[0][1]

    assert task.check(by_heart).passed
    with pytest.raises(AssertionError, match="not for others"):
        classroom.grade(key, by_heart)


def test_a_mistake_gets_no_point_and_is_told_what_it_is():
    task = task_named("01_filters.loops")
    code, mistake = task.mistakes[0]
    with pytest.raises(AssertionError) as raised:
        classroom.grade("01_filters.loops", task.value(code))
    assert mistake.hint in str(raised.value)


def test_another_term_has_other_calls_and_the_same_term_the_same():
    task = task_named("01_filters.loops")
    first, again, other = (unseen_calls(task, term) for term in ("fall", "fall", "spring"))
    assert all(map(np.array_equal, first[0], again[0]))
    assert not all(map(np.array_equal, first[0], other[0]))


def test_what_an_answer_prints_to_its_standard_error_costs_no_point(capsys):
    task = task_named("01_filters.loops")
    right = task.value(task.solution_code)

    def talking(image, weights):
        sys.stderr.write("working")
        return right(image, weights)

    classroom.grade("01_filters.loops", talking)
    assert capsys.readouterr().err == ""


def test_a_task_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(
        DataError, match="01_filters has no task 'loop'; try one of one_number, loo"
    ):
        classroom.grade("01_filters.loop", 1)
    with pytest.raises(DataError, match=r"there is no chapter '1'.*try one of 00_start_here"):
        classroom.grade("1.loops", 1)


def test_a_chapter_whose_notebook_lacks_a_task_is_no_assignment():
    import nbformat

    with pytest.raises(DataError, match="lacks the cells of one_number, loops"):
        assignment(nbformat.v4.new_notebook(), "01_filters")
    assert chapters_with_tasks() == CHAPTERS_WITH_TASKS
