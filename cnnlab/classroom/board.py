"""The class board: how far those are who share it, and what they predict.

It reads the folder in which a hub has one for each learner, whose name it bears (`learner`). What
is left out: which answers are right (a room votes before it is told), and whatever is not shared.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets

from cnnlab.checks import flag, path_of, real
from cnnlab.classroom.learner import Learner, item_of, items, learner_in, totals
from cnnlab.errors import DataError
from cnnlab.exercises import CHAPTERS, Chapter, Question
from cnnlab.exercises.progress import COLUMNS
from cnnlab.widget_state import PASSING, VIEW

__all__ = ["ClassBoard", "Standings", "read"]

_SHEET = Path(__file__).with_suffix(".css")
_WORKED = {"predicted": "prediction", "solved": "task", "quiz": "quiz", "probed": "test"}


@dataclass(frozen=True, slots=True)
class Standings:
    """Those of a class who share how far they are; prints as a table.

    Attributes
    ----------
    learners : tuple of Learner
        By name.
    """

    learners: tuple[Learner, ...]

    @property
    def anonymous(self) -> Standings:
        """The same without any name, by letters."""
        hidden = [
            Learner(one.alias, one.alias, one.at, one.tries, one.when, one.done, one.picks)
            for one in self.learners
        ]
        return Standings(tuple(sorted(hidden, key=lambda one: one.name)))

    @property
    def chapter(self) -> str:
        """Where most learners are; the first chapter before anybody has begun."""
        at = Counter(one.chapter for one in self.learners if one.at)
        return at.most_common(1)[0][0] if at else CHAPTERS[0].stem

    def votes(self, question: Question) -> tuple[int, ...]:
        """Count how often each choice of a question was the first one."""
        picked = Counter(one.picks.get(question.key) for one in self.learners)
        return tuple(picked[place] for place in range(len(question.choices)))

    @property
    def begun(self) -> tuple[Chapter, ...]:
        """The chapters in which somebody has answered something."""
        return tuple(
            chapter
            for chapter in CHAPTERS
            if any(any(one.done.get(chapter.stem, ())) for one in self.learners)
        )

    def __repr__(self) -> str:
        if not self.learners:
            return _NOBODY
        table = [(*_HEAD, *(chapter.stem[:2] for chapter in self.begun))]
        table += [
            (*_words(one), *(_share(one, chapter.stem) for chapter in self.begun))
            for one in self.learners
        ]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        return "\n".join(
            "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        )

    def _repr_html_(self) -> str:
        if not self.learners:
            return f"<p>{_NOBODY}</p>"
        heads = "".join(f'<th scope="col">{word}</th>' for word in _HEAD)
        heads += "".join(
            f'<th scope="col" title="{escape(chapter.title)}">{chapter.stem[:2]}</th>'
            for chapter in self.begun
        )
        rows = "".join(_row(one, self.begun) for one in self.learners)
        return (
            f'<div class="cnnlab-scroll"><table class="cnnlab-class"><thead><tr>{heads}</tr>'
            f"</thead><tbody>{rows}</tbody></table></div>"
        )

    def predictions(self, chapter: str) -> str:
        """Draw, as HTML, how the answers to the questions of a chapter are spread."""
        found = [item for item in items(chapter).values() if isinstance(item, Question)]
        asked = [question for question in found if question.kind in {"predicted", "quiz"}]
        answered = [question for question in asked if any(self.votes(question))]
        if not answered:
            return "<p>No prediction of this chapter has an answer yet.</p>"
        return "".join(_bars(question, self.votes(question)) for question in answered)


def read(folder: str | os.PathLike[str] | None = None) -> Standings:
    """Read what is shared at this moment.

    Parameters
    ----------
    folder : path_like, optional
        Where the hub has a folder for each learner; by default the environment's ``CNNLAB_CLASS``.

    Returns
    -------
    Standings

    Raises
    ------
    DataError
        If there is no such folder, or it may not be listed.
    """
    place = (
        path_of(folder, "folder", "/srv/cnnlab/board")
        if folder is not None
        else _folder_of_the_hub()
    )
    try:
        places = sorted(one for one in place.iterdir() if one.is_dir() and not one.is_symlink())
    except OSError as error:
        raise DataError(
            f"cannot list {place}: {error.strerror or error}; it is for the instructors of a hub, "
            f"whose servers have it in CNNLAB_CLASS"
        ) from None
    learners = [learner for one in places if (learner := learner_in(one))]
    return Standings(tuple(sorted(learners, key=lambda one: one.name)))


class ClassBoard:
    """The board on a page, brought up to date by itself until it is closed.

    A notebook that is saved keeps nothing of it: who switches off is gone from there too.

    Parameters
    ----------
    folder : path_like, optional
        As for `read`.
    names : bool, default True
        False for the beamer: letters for everybody. The tick on the board changes it.
    seconds : float, default 2.0
        Between two looks.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        names: bool = True,
        seconds: float = 2.0,
    ) -> None:
        self._folder = (
            path_of(folder, "folder", "/srv/cnnlab/board")
            if folder is not None
            else _folder_of_the_hub()
        )
        self._seconds = real(seconds, "seconds", 2.0, least=0.1)
        self._names = ipywidgets.Checkbox(
            value=flag(names, "names"), description="Names", indent=False
        )
        self._chapter = ipywidgets.Dropdown(
            options=[("where most are", ""), *((one.heading, one.stem) for one in CHAPTERS)],
            description="Chapter",
        )
        self._count, self._rows, self._votes = (ipywidgets.HTML() for _ in range(3))
        self._closed = threading.Event()
        controls = ipywidgets.HBox([self._names, self._chapter])
        sheet = ipywidgets.HTML(f"<style>{_SHEET.read_text('utf-8')}</style>")
        parts = [sheet, self._count, controls, self._rows, self._votes]
        self._page = ipywidgets.VBox(parts).add_class(PASSING)
        for control in (self._names, self._chapter):
            control.observe(lambda _: self.look(), "value")
        self.look()
        threading.Thread(target=self._go_on, daemon=True).start()

    def look(self) -> None:
        """Bring the board up to date now."""
        try:
            standings = read(self._folder)
        except DataError as error:
            self._count.value = f"<p>{escape(str(error))}</p>"
            return
        shown = standings if self._names.value else standings.anonymous
        chapter = self._chapter.value or standings.chapter
        title = next(one.heading for one in CHAPTERS if one.stem == chapter)
        # A value that is the same is not sent.
        self._count.value = f"<p>{_counted(standings)}</p>"
        self._rows.value = shown._repr_html_()
        self._votes.value = f"<h3>{escape(title)}</h3>{standings.predictions(chapter)}"

    def close(self) -> None:
        """Take the board from the page, and look no more."""
        self._closed.set()
        self._page.close()

    def __repr__(self) -> str:
        return repr(read(self._folder))

    def _repr_mimebundle_(self, **options: Any) -> Any:
        view = self._page._repr_mimebundle_(**options)[VIEW]
        return {VIEW: view, "text/plain": "The class board: run this cell to see it."}

    def _go_on(self) -> None:
        while not self._closed.wait(self._seconds):
            self.look()


def _folder_of_the_hub() -> Path:
    chosen = os.environ.get("CNNLAB_CLASS")
    if not chosen:
        raise DataError(
            "there is no class here: a hub names its folder in CNNLAB_CLASS on the servers of its "
            "instructors; elsewhere, give the folder"
        )
    return Path(chosen)


# -- what is shown ------------------------------------------------------------------------------

_HEAD = ("learner", "works at", "last answer")
_NOBODY = (
    "Nobody shares how far they are yet: exercises.share('on') or exercises.share('anonymous')."
)


def _words(one: Learner) -> tuple[str, str, str]:
    """Fill the columns of `_HEAD`."""
    minutes = max(int(time.time() - one.when) // 60, 0)
    return one.name, _place(one), f"{minutes} min ago" if minutes else "just now"


def _place(one: Learner) -> str:
    item = item_of(one.at)
    if item is None:
        return ""
    tries = f", {one.tries} tries" if one.tries > 1 else ""
    return f"{one.at[:2]} {item.name.replace('_', ' ')} ({_WORKED[item.kind]}{tries})"


def _share(one: Learner, stem: str) -> str:
    done = one.done.get(stem, ())
    return f"{100 * sum(done) / max(sum(totals(stem)), 1):.0f}%" if any(done) else ""


def _row(one: Learner, chapters: tuple[Chapter, ...]) -> str:
    name, *words = map(escape, _words(one))
    cells = "".join(f"<td>{word}</td>" for word in words)
    cells += "".join(_cell(one, chapter.stem) for chapter in chapters)
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'


def _cell(one: Learner, stem: str) -> str:
    share = _share(one, stem)
    if not share:
        return "<td data-share></td>"
    counts = zip(COLUMNS, one.done[stem], totals(stem), strict=True)
    words = ", ".join(f"{kind} {some} of {total}" for kind, some, total in counts if total)
    bar = f'<div class="cnnlab-share" style="--share: {share}"></div>'
    return f'<td data-share title="{words}">{share}{bar}</td>'


def _counted(standings: Standings) -> str:
    total = len(standings.learners)
    recent = sum(time.time() - one.when < 300 for one in standings.learners)
    share = f"{total} learner{'s share' if total != 1 else ' shares'} how far they are"
    return f"{share}; {recent} answered something in the last five minutes."


def _bars(question: Question, votes: tuple[int, ...]) -> str:
    total = sum(votes)
    rows = "".join(
        f'<tr><th scope="row">{letter}) {escape(choice.text)}</th><td><div class="cnnlab-bar" '
        f'style="--share: {100 * count / total:.0f}%"></div></td><td>{count}</td></tr>'
        for letter, choice, count in zip("abcdefgh", question.choices, votes, strict=False)
    )
    asked = f"{escape(question.prompt)} ({total} vote{'s' * (total != 1)})"
    return f'<table class="cnnlab-votes"><caption>{asked}</caption><tbody>{rows}</tbody></table>'
