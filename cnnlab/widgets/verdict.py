"""The verdict on an answer that is not there yet, its next steps as buttons."""

from __future__ import annotations

from typing import Any

import traitlets

from cnnlab.errors import DataError
from cnnlab.exercises import Steps, Verdict
from cnnlab.widgets.shared.widget import Reply, Request, Widget

__all__ = ["VerdictSteps"]

_VIEW = "application/vnd.jupyter.widget-view+json"


class VerdictSteps(Widget, stem="verdict"):
    """What is said of an answer, with *Hint*, *Solution* and *Try again*.

    Made by the notebook when it shows a verdict, not by the learner. The page is told a hint, and
    the solution, when they are asked for; the solution may be asked for after a first try.

    Parameters
    ----------
    verdict : Verdict
        One with steps.
    """

    _shown = traitlets.Dict().tag(sync=True)

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self._solution = ""
        super().__init__()

    @classmethod
    def bundle(cls, verdict: Verdict) -> dict[str, Any]:
        """Give what a notebook shows in place of the verdict's folded text."""
        shown = cls(verdict)._repr_mimebundle_()
        return {_VIEW: shown[0][_VIEW]} if shown and _VIEW in shown[0] else {}

    @property
    def steps(self) -> Steps:
        """The task that was answered."""
        if self.verdict.steps is None:
            raise DataError("this verdict has no next steps; show it as it is")
        return self.verdict.steps

    @traitlets.default("_shown")
    def _told(self) -> dict[str, Any]:
        verdict, steps = self.verdict, self.steps
        return {
            "kind": "wrong" if verdict.passed is False else "open",
            "opening": verdict.opening,
            "message": verdict.message,
            "note": verdict.note,
            "hints": list(steps.hints[: steps.hints_given]),
            "total": len(steps.hints),
            "tried": steps.tried,
            "solution": self._solution,
        }

    def _show(self) -> None:
        self._shown = self._told()

    def answer_hint(self, _request: Request) -> Reply:
        """Give the next hint."""
        self.steps.hint()
        self._show()
        return {}, []

    def answer_solution(self, _request: Request) -> Reply:
        """Show the solution to somebody who has tried."""
        if not self.steps.tried:
            raise DataError("Try first: any answer will do. Then the solution can be shown.")
        self._solution = str(self.steps.solution())
        self._show()
        return {}, []

    def __repr__(self) -> str:
        return repr(self.verdict)
