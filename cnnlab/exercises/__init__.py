"""Exercises, predictions and quizzes, and the progress a learner makes with them.

Each chapter has a module of its own here, imported in its notebook as ``lesson``. What is left
out: grades, accounts, and anything that leaves the learner's machine.
"""

from cnnlab.exercises._base import Exercise, Mistake, Verdict, difference, same_results
from cnnlab.exercises._course import CHAPTERS, Chapter, Progress, progress, question
from cnnlab.exercises._question import Choice, Question
from cnnlab.exercises._store import Store, folder

__all__ = [
    "CHAPTERS",
    "Chapter",
    "Choice",
    "Exercise",
    "Mistake",
    "Progress",
    "Question",
    "Store",
    "Verdict",
    "difference",
    "folder",
    "progress",
    "question",
    "same_results",
]
