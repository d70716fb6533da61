"""The course in a class: chapters as assignments of nbgrader, and grading that nothing upsets.

`course` writes the chapters as nbgrader wants them; nbgrader itself hands out, collects, grades and
gives feedback. It runs the submissions with `examination`, whose kernels `confinement` holds apart
from the rest of the machine, and asks `grading` for the marks. `board` shows an instructor how far
those are who share it. What is left out: grades for predictions and quizzes, which are there to be
wrong in.
"""

from __future__ import annotations

from cnnlab.classroom.grading import grade

__all__ = ["grade"]
