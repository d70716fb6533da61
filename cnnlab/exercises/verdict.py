"""What is said of an answer, and the next steps from there: a hint, the solution, another try.

Where widgets run they show the steps as buttons: `cnnlab.widgets` is a floor above this one and
puts itself into `show_steps_with`. Elsewhere, as in an exported page, the steps are folded text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol

__all__ = ["Steps", "Text", "Verdict", "show_steps_with"]


class Steps(Protocol):
    """What a task offers to somebody who is not there yet."""

    hints: tuple[str, ...]

    @property
    def hints_given(self) -> int:
        """How many hints have been asked for."""

    @property
    def tried(self) -> bool:
        """Whether an answer has been given: then the solution may be offered."""

    @property
    def solution_code(self) -> str:
        """Code that solves the task."""

    def hint(self) -> Text:
        """Give the next hint."""

    def solution(self) -> Text:
        """Show the solution, and remember that it was looked at."""


Show = Callable[["Verdict"], dict[str, Any]]
"""Makes the MIME bundle that shows a verdict with live steps."""

_shows: list[Show] = []


def show_steps_with(show: Show) -> None:
    """Let somebody show verdicts with live steps from now on."""
    _shows[:] = [show]


@dataclass(frozen=True, slots=True)
class Text:
    """A text to read, such as a hint."""

    text: str

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of an answer.

    Attributes
    ----------
    passed : bool or None
        None if there is no answer yet.
    message : str
        What is right about it, or what to look at.
    steps : Steps, optional
        What can be done next.
    note : str
        What else the learner should know, such as that progress is not saved.
    """

    passed: bool | None
    message: str
    steps: Steps | None = None
    note: str = ""

    @property
    def opening(self) -> str:
        """The judgement in a word or two."""
        return {True: "Right.", False: "Not quite.", None: "Not yet."}[self.passed]

    def __repr__(self) -> str:
        return " ".join(filter(None, [self.opening, self.message, self.note]))

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        bundle = {"text/plain": repr(self), "text/html": self._repr_html_()}
        if self.steps is not None:
            for show in _shows:
                bundle.update(show(self))
        return bundle

    def _repr_html_(self) -> str:
        colour = {True: "success", False: "warn", None: "info"}[self.passed]
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        return (
            f'<div style="border-left: 4px solid var(--jp-{colour}-color1, gray); '
            f'padding: 0.2em 0.8em"><b>{self.opening}</b> {escape(self.message)}{note}'
            f"{_folded(self.steps) if self.steps else ''}</div>"
        )


def _folded(steps: Steps) -> str:
    hints = "".join(f"<li>{escape(hint)}</li>" for hint in steps.hints)
    code = f"<pre><code>{escape(steps.solution_code)}</code></pre>"
    return (
        f"<details><summary>Hints</summary><ol>{hints}</ol></details>"
        f"<details><summary>Solution</summary>{code}</details>"
    )
