"""The map of the course, and how far the learner has come on it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from importlib import import_module

from cnnlab.errors import DataError
from cnnlab.exercises import consent
from cnnlab.exercises.lesson import Lesson
from cnnlab.exercises.question import Question
from cnnlab.exercises.store import STORE

__all__ = ["CHAPTERS", "Chapter", "Progress", "Standing", "progress", "question"]

COLUMNS = ("predicted", "solved", "quiz")
"""The kinds of items, each a column of the map."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter of the course.

    Attributes
    ----------
    stem : str
        The name of its notebook.
    title : str
    carries : str
        What it is about, in a few words.
    module : str
        Its module in `cnnlab.exercises.chapters`; empty where there is none yet.
    """

    stem: str
    title: str
    carries: str
    module: str = ""

    @property
    def heading(self) -> str:
        """Its number and title."""
        return f"{self.stem[:2]} {self.title}"

    def lesson(self) -> type[Lesson] | None:
        """Load what it asks."""
        if not self.module:
            return None
        module = import_module(f"cnnlab.exercises.chapters.{self.module}")
        lessons: list[type[Lesson]] = [
            part
            for part in vars(module).values()
            if isinstance(part, type) and issubclass(part, Lesson) and part is not Lesson
        ]
        (lesson,) = lessons
        return lesson


CHAPTERS = (
    Chapter("00_start_here", "Start here", "a first filter, how the pages work", "start"),
    Chapter("01_filters", "Filters", "images as numbers, blur, edges, detectors", "filters"),
    Chapter(
        "02_stride_and_padding",
        "Stride and padding",
        "sizes, dropped rows, the dark rim",
        "stride_and_padding",
    ),
    Chapter(
        "03_convolutional_layers",
        "Convolutional layers",
        "channels, bias, many filters",
        "convolutional_layers",
    ),
    Chapter("04_pooling", "Pooling", "fewer numbers, tolerance to shifts", "pooling"),
    Chapter("05_activations", "Activations", "six functions and their slopes", "activations"),
    Chapter(
        "06_full_networks",
        "Full networks",
        "sharing, sparsity, LeNet to VGG, cost",
        "full_networks",
    ),
    Chapter("07_training", "Training", "losses, backpropagation, live training", "learning"),
    Chapter("08_what_networks_see", "What networks see", "from edges to faces", "seeing"),
    Chapter("09_making_it_fast", "Making it fast", "from loops to your own kernels", "speed"),
    Chapter(
        "10_your_own_network",
        "Your own network",
        "small, quick and right, and tested once",
        "own_network",
    ),
)
"""The chapters in order; those without a module of exercises are still to come."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the learner has come in one chapter.

    Attributes
    ----------
    chapter : Chapter
    counts : tuple of (int, int)
        How many are done, and of how many, for each of `COLUMNS`; empty for a chapter to come.
    """

    chapter: Chapter
    counts: tuple[tuple[int, int], ...] = ()

    @property
    def done(self) -> int:
        """How many items are done."""
        return sum(done for done, _ in self.counts)

    @property
    def total(self) -> int:
        """How many items there are."""
        return sum(total for _, total in self.counts)

    @property
    def words(self) -> tuple[str, ...]:
        """What the columns say."""
        if not self.counts:
            return ("to come", *[""] * (len(COLUMNS) - 1))
        return tuple(f"{done} of {total}" if total else "" for done, total in self.counts)


@dataclass(frozen=True, slots=True)
class Progress:
    """The map: a table in print, and links to the notebooks on a page.

    Attributes
    ----------
    standings : tuple of Standing
    note : str
        What is wrong with the file of the progress, and what a class sees of it, if anything.
    """

    standings: tuple[Standing, ...]
    note: str = ""

    @property
    def next(self) -> Standing | None:
        """The first chapter that is there and not yet finished."""
        return next((one for one in self.standings if one.done < one.total), None)

    def __repr__(self) -> str:
        table: list[tuple[str, ...]] = [("chapter", "about", *COLUMNS)]
        table += [(one.chapter.heading, one.chapter.carries, *one.words) for one in self.standings]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        lines.insert(1, "  ".join("-" * width for width in widths))
        lines += [f"Next: {self.next.chapter.heading}"] if self.next else []
        return "\n".join([*lines, self.note] if self.note else lines)

    def _repr_html_(self) -> str:
        rows = "".join(self._row(one) for one in self.standings)
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        head = "".join(f"<th {_LEFT}>{word}</th>" for word in ("chapter", "about", *COLUMNS, ""))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{note}"

    def _row(self, one: Standing) -> str:
        title = escape(one.chapter.heading)
        if not one.counts:
            grey = 'style="text-align: left; color: var(--jp-ui-font-color2, gray)"'
            cells = [title, escape(one.chapter.carries), "to come"]
            return f"<tr>{''.join(f'<td {grey}>{cell}</td>' for cell in cells)}<td colspan=3></tr>"
        link = f'<a href="{one.chapter.stem}.ipynb">{title}</a>'
        cells = [link, escape(one.chapter.carries), *one.words, self._mark(one)]
        if one is self.next:
            cells[0] = f"<b>{link}</b>"
        return f"<tr>{''.join(f'<td {_LEFT}>{cell}</td>' for cell in cells)}</tr>"

    def _mark(self, one: Standing) -> str:
        share = round(100 * one.done / one.total) if one.total else 0
        bar = (
            f'<div title="{one.done} of {one.total}" style="display: inline-block; width: 80px; '
            f"height: 8px; border: 1px solid var(--jp-border-color1, gray); background: "
            f"linear-gradient(to right, var(--jp-brand-color1, steelblue) {share}%, "
            f'transparent {share}%)"></div>'
        )
        words = "<b>next</b>" if one is self.next else "done" if one.done == one.total else ""
        return f"{bar} {words}"


_LEFT = 'style="text-align: left"'


def question(key: str) -> Question:
    """Find a question of the course.

    Parameters
    ----------
    key : str
        Its chapter and name, such as ``"01_filters.map_size"``.

    Raises
    ------
    DataError
        If there is none of that name.

    Examples
    --------
    >>> question("01_filters.map_size").choices[2].text
    '3x3'
    """
    known = {
        item.key: item
        for chapter in CHAPTERS
        if (lesson := chapter.lesson())
        for item in lesson.items
        if isinstance(item, Question)
    }
    if key not in known:
        raise DataError(f"there is no question {key!r}; try one of {', '.join(known)}")
    return known[key]


def progress() -> Progress:
    """Show the map of the course and what has been done so far.

    Returns
    -------
    Progress
        Quiz questions count where the first answer was right.
    """
    note = " ".join(filter(None, [STORE.trouble, consent.words()]))
    return Progress(tuple(map(_standing, CHAPTERS)), note)


def _standing(chapter: Chapter) -> Standing:
    lesson = chapter.lesson()
    if lesson is None:
        return Standing(chapter)
    kinds = [[item.done for item in lesson.items if item.kind == kind] for kind in COLUMNS]
    return Standing(chapter, tuple((sum(kind), len(kind)) for kind in kinds))
