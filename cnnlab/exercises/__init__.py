"""Tasks, predictions and quizzes, and the progress a learner makes with them.

The machine is in this folder and knows nothing of the content, which is in ``chapters/``: one
module with one `Lesson` a chapter. A notebook takes its lesson from here by the module's name,
``from cnnlab.exercises import filters as lesson``; it is loaded when it is asked for. What is left
out: grades and accounts. Nothing leaves the learner's machine; a class sees how far its learner is
where a hub asks for it and the learner says so (`share`).
"""

from __future__ import annotations

from typing import Any

from cnnlab.exercises.attempts import Attempt, Attempts
from cnnlab.exercises.compare import difference
from cnnlab.exercises.gains import Result, Results, results
from cnnlab.exercises.lesson import Item, Lesson
from cnnlab.exercises.progress import CHAPTERS, Chapter, Progress, Standing, progress, question
from cnnlab.exercises.question import Choice, Prediction, Probe, Question
from cnnlab.exercises.rehearsal import prepare
from cnnlab.exercises.sealed import Look, SealedTest, luck_of_the_best
from cnnlab.exercises.sharing import Sharing, share
from cnnlab.exercises.store import Store, folder
from cnnlab.exercises.task import Mistake, Task
from cnnlab.exercises.verdict import Steps, Verdict, show_steps_with

__all__ = [
    "CHAPTERS",
    "Attempt",
    "Attempts",
    "Chapter",
    "Choice",
    "Item",
    "Lesson",
    "Look",
    "Mistake",
    "Prediction",
    "Probe",
    "Progress",
    "Question",
    "Result",
    "Results",
    "SealedTest",
    "Sharing",
    "Standing",
    "Steps",
    "Store",
    "Task",
    "Verdict",
    "difference",
    "folder",
    "luck_of_the_best",
    "progress",
    "question",
    "results",
    "share",
    "show_steps_with",
]


def __getattr__(name: str) -> Any:
    for chapter in CHAPTERS:
        if chapter.module == name and name:
            lesson = chapter.lesson()
            prepare()
            return lesson
    known = [chapter.module for chapter in CHAPTERS if chapter.module]
    raise AttributeError(
        f"module 'cnnlab.exercises' has no attribute {name!r}; its lessons are {', '.join(known)}"
    )
