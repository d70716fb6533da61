"""The marks: an answer has to pass the check that its learner sees, and calls nobody has seen.

The calls are those of the task with their numbers in another order. A function that only knows the
results of the calls it was checked with does not pass them.
"""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from typing import Any
from zlib import crc32

import numpy as np

from cnnlab.errors import DataError
from cnnlab.exercises import CHAPTERS, Lesson, Task
from cnnlab.exercises.compare import Arguments, difference_of_calls, outcomes
from cnnlab.exercises.trial import Failure, within_limits

__all__ = ["grade", "lesson_of", "task_named", "tasks_of", "unseen_calls"]


def lesson_of(chapter: str) -> type[Lesson]:
    """Find what a chapter asks.

    Parameters
    ----------
    chapter : str
        The stem of its notebook.

    Raises
    ------
    DataError
        If there is no such chapter, or it asks nothing.

    Examples
    --------
    >>> lesson_of("01_filters").__name__
    'Filters'
    """
    asking = {known.stem: known for known in CHAPTERS if known.module}
    lesson = asking[chapter].lesson() if chapter in asking else None
    if lesson is None:
        raise DataError(
            f"there is no chapter {chapter!r} with tasks; try one of {', '.join(asking)}"
        )
    return lesson


def tasks_of(lesson: type[Lesson]) -> list[Task]:
    """Choose what is graded of a chapter: its tasks.

    Examples
    --------
    >>> [task.name for task in tasks_of(lesson_of("01_filters"))][:2]
    ['one_number', 'loops']
    """
    return [item for item in lesson.items if isinstance(item, Task)]


def task_named(key: str) -> Task:
    """Find a task.

    Parameters
    ----------
    key : str
        Its chapter and name.

    Raises
    ------
    DataError
        If there is none of that name.

    Examples
    --------
    >>> task_named("01_filters.loops").prompt
    'Write the loop that slides a filter over an image.'
    """
    chapter, _, name = key.partition(".")
    tasks = {task.name: task for task in tasks_of(lesson_of(chapter))}
    if name not in tasks:
        raise DataError(f"{chapter} has no task {name!r}; try one of {', '.join(tasks)}")
    return tasks[name]


def grade(key: str, *answers: Any, term: str = "") -> None:
    """Say nothing if an answer is right; for an autograder test of nbgrader.

    Parameters
    ----------
    key : str
        The task's chapter and name, such as ``"01_filters.loops"``.
    *answers
        What the task's cell has made, as its check takes it.
    term : str
        Seeds the calls that nobody has seen.

    Raises
    ------
    AssertionError
        If it is wrong, or not there yet; says what the check says.
    DataError
        If there is no such task.

    Examples
    --------
    >>> grade("01_filters.one_number", 15)
    Traceback (most recent call last):
    ...
    AssertionError: Not quite. ...
    """
    task = task_named(key)
    with redirect_stderr(io.StringIO()):  # nbgrader takes whatever stands there for a failure
        verdict = task.check(*answers)
        if not verdict.passed:
            raise AssertionError(repr(verdict))
        calls = unseen_calls(task, term)
        right = outcomes(task.answer(), calls)
        try:
            found = within_limits(lambda: outcomes(answers[0], calls)) if calls else []
        except Exception as error:  # an answer can be any object at all
            raise AssertionError(f"This could not be checked ({type(error).__name__}).") from None
    difference = difference_of_calls(found, right, calls)
    if difference:
        raise AssertionError(
            f"Right for the calls of the check, but not for others: {difference}. Does it work the "
            f"numbers out from what it is given?"
        )


def unseen_calls(task: Task, term: str = "") -> list[Arguments]:
    """Make calls for a task that its check does not make.

    Parameters
    ----------
    task : Task
    term : str
        Another term, other calls.

    Returns
    -------
    list of tuple
        Empty for a task whose answer is no function. Only calls to which the solution gives what
        the package gives: numbers in another order can be none that a function is meant for.

    Examples
    --------
    >>> loops = task_named("01_filters.loops")
    >>> [part.shape for part in unseen_calls(loops)[0]] == [part.shape for part in loops.calls[0]]
    True
    """
    if not task.calls:
        return []
    random = np.random.default_rng(crc32(f"{task.key} {term}".encode()))
    calls = [tuple(_shuffled(part, random) for part in call) for call in task.calls]
    right = outcomes(task.answer(), calls)
    solved = outcomes(task.value(task.solution_code), calls)
    return [
        call
        for call, expected, found in zip(calls, right, solved, strict=True)
        if not isinstance(expected, Failure)
        and difference_of_calls([found], [expected], [call]) is None
    ]


def _shuffled(part: Any, random: np.random.Generator) -> Any:
    if not isinstance(part, np.ndarray):
        return part
    return random.permutation(part.ravel()).reshape(part.shape)
