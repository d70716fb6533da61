"""The map of the course, and how far the learner has come on it."""

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from cnnlab.errors import DataError
from cnnlab.exercises._base import STORE, Exercise
from cnnlab.exercises._question import Question

__all__ = ["CHAPTERS", "Chapter", "Progress", "progress", "question"]


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
        Its module of exercises in this package; empty where there is none yet.
    """

    stem: str
    title: str
    carries: str
    module: str = ""

    def lesson(self) -> ModuleType | None:
        """Load the exercises of this chapter."""
        return import_module(f"cnnlab.exercises.{self.module}") if self.module else None

    def parts(self) -> tuple[list[Question], list[Exercise], list[Question]]:
        """List its predictions, exercises and quiz questions."""
        lesson = self.lesson()
        found = [getattr(lesson, name) for name in getattr(lesson, "__all__", ())]
        return (
            [part for part in found if isinstance(part, Question)],
            [part for part in found if isinstance(part, Exercise)],
            list(getattr(lesson, "quiz", ())),
        )


CHAPTERS = (
    Chapter("00_start_here", "Start here", "a first filter, how the pages work", "start"),
    Chapter("01_filters", "Filters", "images as numbers, blur, edges, detectors", "filters"),
    Chapter("02_stride_and_padding", "Stride and padding", "sizes, dropped rows, the dark rim"),
    Chapter("03_convolutional_layers", "Convolutional layers", "channels, bias, many filters"),
    Chapter("04_pooling", "Pooling", "fewer numbers, tolerance to shifts"),
    Chapter("05_activations", "Activations", "six functions and their slopes"),
    Chapter("06_full_networks", "Full networks", "sharing, sparsity, LeNet to VGG, cost"),
    Chapter("07_training", "Training", "losses, backpropagation, live training"),
    Chapter("08_what_networks_see", "What networks see", "from edges to faces"),
    Chapter("09_making_it_fast", "Making it fast", "from loops to your own kernels"),
    Chapter("10_your_own_network", "Your own network", "a capstone on a budget"),
)
"""The chapters in order; those without a module of exercises are still to come."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the learner has come, as a table."""

    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def __repr__(self) -> str:
        header = ("chapter", "about", "predicted", "solved", "quiz")
        table = [header, *self.rows]
        widths = [max(len(row[column]) for row in table) for column in range(len(header))]
        lines = [
            "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([*lines, self.note] if self.note else lines)


def question(key: str) -> Question:
    """Find a question of the course.

    Parameters
    ----------
    key : str
        Its chapter and name, such as ``"01_filters.even_sky"``.

    Raises
    ------
    DataError
        If there is none of that name.

    Examples
    --------
    >>> question("01_filters.map_size").choices[2].text
    '3x3'
    """
    known = {}
    for chapter in CHAPTERS:
        predictions, _, quiz = chapter.parts()
        known.update({part.key: part for part in [*predictions, *quiz]})
    if key not in known:
        raise DataError(f"there is no question {key!r}; try one of {', '.join(known)}")
    return known[key]


def progress() -> Progress:
    """Show the map of the course and what has been done so far.

    Returns
    -------
    Progress
        It prints as a table. Quiz questions count where the first answer was right.
    """
    rows: list[tuple[str, ...]] = []
    for chapter in CHAPTERS:
        title = f"{chapter.stem[:2]} {chapter.title}"
        if not chapter.module:
            rows.append((title, chapter.carries, "to come", "", ""))
            continue
        predictions, tasks, quiz = chapter.parts()
        counts = [
            (sum(bool(part.picked) for part in predictions), len(predictions)),
            (sum(task.solved for task in tasks), len(tasks)),
            (sum(part.picked[:1] == [part.right] for part in quiz), len(quiz)),
        ]
        done = [f"{done} of {total}" if total else "" for done, total in counts]
        rows.append((title, chapter.carries, *done))
    note = (
        ""
        if STORE.saved
        else f"Progress cannot be written to {STORE.path.parent}, so it lasts until the kernel "
        f"stops. Set CNNLAB_HOME to a folder you can write to."
    )
    return Progress(tuple(rows), note)
