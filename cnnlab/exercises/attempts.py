"""The learner's attempts at a network of their own: a table that is there again tomorrow.

Each attempt is an entry of the progress file, so that it is as safe as an answer and travels with
``cnnlab progress export``. The weights lie beside it, a file a network. What tells attempts apart
is the trained network itself: who runs a cell again gets no second line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from html import escape
from math import isfinite
from typing import TYPE_CHECKING, Any, overload

from cnnlab.checks import kind_of, real, text, whole
from cnnlab.errors import DataError
from cnnlab.exercises.identity import digest_of_data, digest_of_network
from cnnlab.exercises.store import STORE, Entry, folder

if TYPE_CHECKING:  # loaded by whoever has a network to show
    from pathlib import Path

    from cnnlab.datasets import Dataset
    from cnnlab.network import Network
    from cnnlab.sequential import Sequential

__all__ = ["Attempt", "Attempts"]

_LARGEST_KEPT = 1_000_000  # parameters: four megabytes a network
_HEAD = (
    "", "right", "budget", "layers", "parameters", "multiply-adds", "seconds", "seed", "note",
    "when",
)  # fmt: skip
_LEFT = {2, 3, 8, 9}  # columns of words; the others hold numbers
_BUDGET = _HEAD.index("budget")
_LONGEST = 60  # characters of a note; twice as many of a list of layers
_MOST_ROWS = 40


@dataclass(frozen=True, slots=True, repr=False)
class Attempt:
    """A network that was trained, and how it did.

    Attributes
    ----------
    digest : str
        Tells this trained network from all others.
    date : str
        When it was first tried, in ISO 8601.
    layers : str
        From the input on.
    parameters, multiply_adds : int
        Of the network; for one picture.
    seconds : float
        Time of its training; the shortest, where it was trained more than once.
    seed : int
    validation : float
        Share of the validation pictures it gets right.
    times : int
        How often it was tried.
    note : str
        What the learner wanted to remember, such as the learning rate.
    """

    digest: str
    date: str
    layers: str
    parameters: int
    multiply_adds: int
    seconds: float
    seed: int
    validation: float
    times: int = 1
    note: str = ""

    def __repr__(self) -> str:
        return (
            f"{self.validation:.1%} right in validation; {self.layers}; "
            f"{self.parameters:,} parameters, {self.seconds:.1f} seconds"
        )


class Attempts(Sequence[Attempt]):
    """The attempts on one set of validation pictures, the oldest first; kept on this machine.

    Parameters
    ----------
    validation : Dataset
        What attempts are compared on. The same pictures find the same table again; scores on others
        could not be compared with it.
    parameters, multiply_adds : int, optional
        The budget: how many a network may have, and may take for one picture.
    seconds : float, optional
        The budget of time for training.

    Raises
    ------
    DataError
        If a budget makes no sense.

    Examples
    --------
    >>> from cnnlab import datasets
    >>> table = Attempts(datasets.digits().test, parameters=1000, seconds=10)
    >>> table.excess(Attempt("", "2026-01-01T12:00+00:00", "Dense 10", 1490, 1480, 0.5, 0, 0.96))
    ('parameters',)
    """

    def __init__(
        self,
        validation: Dataset,
        *,
        parameters: int | None = None,
        multiply_adds: int | None = None,
        seconds: float | None = None,
    ) -> None:
        from cnnlab.datasets import Dataset

        self._validation = kind_of(validation, Dataset, "validation", "datasets.digits().test")
        self.budget: dict[str, float] = {}
        if parameters is not None:
            self.budget["parameters"] = whole(parameters, "parameters")
        if multiply_adds is not None:
            self.budget["multiply_adds"] = whole(multiply_adds, "multiply_adds")
        if seconds is not None:
            self.budget["seconds"] = real(seconds, "seconds", 10.0, above=0)
        self._key = f"attempts.{digest_of_data(validation)}"

    # -- adding -------------------------------------------------------------------------------

    def add(self, network: Network, *, seconds: float, seed: int = 0, note: str = "") -> Attempt:
        """Measure a network on the validation pictures, and keep it.

        Parameters
        ----------
        network : Network
            Trained; it is not changed.
        seconds : float
            How long the training took.
        seed : int
            With which it was trained.
        note : str
            What else there is to remember, such as the learning rate; up to 60 characters.

        Returns
        -------
        Attempt

        Raises
        ------
        DataError, ShapeError
            If it is no network, or the pictures do not go with it, or a number makes no sense.
        """
        from cnnlab import training

        score = training.evaluate(network, self._validation).accuracy
        took, seed = real(seconds, "seconds", 1.0, least=0), whole(seed, "seed", 0)
        if len(text(note, "note")) > _LONGEST:
            raise DataError(f"note must have at most {_LONGEST} characters, got {len(note)}")
        digest, stack = digest_of_network(network), network.sequential
        entry: Entry = {
            "date": datetime.now().astimezone().isoformat(timespec="milliseconds"),
            "layers": _layers(stack), "parameters": stack.num_parameters,
            "multiply_adds": stack.multiply_adds, "seconds": took, "seed": seed,
            "validation": score, "times": 1, "note": note,
        }  # fmt: skip
        kept = STORE.change(f"{self._key}.{digest}", partial(_once_more, now=entry))
        if stack.num_parameters <= _LARGEST_KEPT:
            _keep(network, self._file(digest))
        return Attempt(digest, **kept)

    def network(self, number: int | None = None) -> Network:
        """Load the network of an attempt, with the weights it had.

        Parameters
        ----------
        number : int, optional
            Its number in the table, counted from 1; by default that of the best.

        Raises
        ------
        DataError
            If there is none, or its weights are not on this machine.
        """
        from cnnlab import checkpoints

        attempts = self._read()
        if not attempts:
            raise DataError("there are no attempts yet; add one: attempts.add(network, seconds=1)")
        attempt = (
            self.best if number is None else attempts[whole(number, "number", 1, len(attempts)) - 1]
        )
        if attempt is None:
            raise DataError(
                "no attempt is within the budget, so there is no best one; name one by its number: "
                "attempts.network(1)"
            )
        file = self._file(attempt.digest)
        if not file.is_file():
            raise DataError(
                f"the weights of this attempt are not on this machine; train it again: "
                f"{attempt.layers}, seed {attempt.seed}"
            )
        return checkpoints.load(file)

    def _file(self, digest: str) -> Path:
        return folder() / "networks" / f"{digest}.safetensors"

    # -- reading ------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._read())

    @overload
    def __getitem__(self, place: int) -> Attempt: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Attempt]: ...
    def __getitem__(self, place: Any) -> Any:
        """Take an attempt by its place, counted from 0, the oldest first."""
        return self._read()[place]

    def __iter__(self) -> Iterator[Attempt]:
        return iter(self._read())

    def _read(self) -> list[Attempt]:
        entries = STORE.entries().items()
        mine = [(key, entry) for key, entry in entries if key.startswith(f"{self._key}.")]
        found = [_attempt(key.rpartition(".")[2], entry) for key, entry in mine]
        return sorted(filter(None, found), key=lambda one: datetime.fromisoformat(one.date))

    def excess(self, attempt: Attempt) -> tuple[str, ...]:
        """Say of what an attempt takes more than the budget allows."""
        return tuple(name for name, most in self.budget.items() if getattr(attempt, name) > most)

    @property
    def best(self) -> Attempt | None:
        """The one within the budget that gets most right; of equals the smallest. None if none is.

        Its score was chosen for being high, so it is a little too good: `SealedTest` tells more.
        """
        within = [one for one in self if not self.excess(one)]
        return max(within, key=lambda one: (one.validation, -one.parameters), default=None)

    def _rows(self) -> list[tuple[str, ...]]:
        """Write the newest attempts out, and the best one however old it is."""
        kept, best = self._read(), self.best
        shown = [
            (number, one)
            for number, one in enumerate(kept, start=1)
            if number > len(kept) - _MOST_ROWS or one == best
        ]
        return [
            (
                str(number), f"{one.validation:.1%}",
                f"over: {', '.join(over).replace('_', '-')}" if (over := self.excess(one))
                else "best" if one == best else "within" if self.budget else "",
                one.layers, f"{one.parameters:,}", f"{one.multiply_adds:,}", f"{one.seconds:.1f}",
                str(one.seed), one.note, _when(one.date),
            )
            for number, one in shown
        ]  # fmt: skip

    def _below(self) -> str:
        words = [
            f"{f'{most:,}' if isinstance(most, int) else f'{most:g}'} {name.replace('_', '-')}"
            for name, most in self.budget.items()
        ]
        older = len(self) - _MOST_ROWS
        said = [
            f"Budget: at most {', '.join(words)}." if words else "",
            f"Older ones are not shown; there are {len(self)} in all." if older > 0 else "",
            STORE.trouble,
        ]
        return " ".join(filter(None, said))

    def __repr__(self) -> str:
        rows = self._rows()
        if not rows:
            return f"No attempts yet. {self._below()}".rstrip()
        table = [_HEAD, *rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(
                word.ljust(width) if column in _LEFT else word.rjust(width)
                for column, (word, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in table
        ]
        return "\n".join(filter(None, [*lines, self._below()]))

    def _repr_html_(self) -> str:
        rows = self._rows()
        if not rows:
            return f"<p>{escape(repr(self))}</p>"
        head = "".join(f"<th {_side(column)}>{word}</th>" for column, word in enumerate(_HEAD))
        body = "".join(
            f"<tr>{''.join(_cell(column, word, row) for column, word in enumerate(row))}</tr>"
            for row in rows
        )
        below = escape(self._below())
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"{below and f'<p>{below}</p>'}"
        )


def _side(column: int) -> str:
    side = "left" if column in _LEFT else "right"
    whole = "; white-space: nowrap" if _HEAD[column] in {"when", "note"} else ""
    return f'style="text-align: {side}{whole}"'


def _cell(column: int, word: str, row: tuple[str, ...]) -> str:
    shown = f"<b>{escape(word)}</b>" if row[_BUDGET] == "best" else escape(word)
    return f"<td {_side(column)}>{shown}</td>"


def _once_more(before: Entry, *, now: Entry) -> Entry:
    """Make one entry of two trainings that ended with the same network."""
    if _attempt("", before) is None:
        return now
    return {
        **before, "times": before["times"] + 1, "seconds": min(before["seconds"], now["seconds"]),
        "note": now["note"] or before["note"],
    }  # fmt: skip


def _attempt(digest: str, entry: Entry) -> Attempt | None:
    """Read an entry; None where it is not what `Attempts.add` writes."""
    try:
        attempt = Attempt(digest, **entry)
        date = datetime.fromisoformat(attempt.date)
        fine = date.tzinfo is not None and isfinite(attempt.validation + attempt.seconds)
        f"{attempt.parameters:,} {attempt.multiply_adds:,} {attempt.times:,} {attempt.seed:d}"
    except (TypeError, ValueError):
        return None
    return attempt if fine and isinstance(attempt.layers + attempt.note, str) else None


def _layers(stack: Sequential) -> str:
    """Name the layers in a line: those with weights or windows, and how many maps they make."""
    words = [
        f"{row.layer.kind} {row.output_shape[-1]}" if row.parameters else row.layer.kind
        for row in stack.rows
    ]
    line = ", ".join(words)
    return line if len(line) <= 2 * _LONGEST else f"{line[: 2 * _LONGEST]}..."


def _when(date: str) -> str:
    return datetime.fromisoformat(date).astimezone().strftime("%Y-%m-%d %H:%M")


def _keep(network: Network, file: Path) -> None:
    """Write the weights; where that cannot be, the line in the table is there all the same."""
    from cnnlab import checkpoints

    with suppress(OSError, DataError):
        file.parent.mkdir(parents=True, exist_ok=True)
        checkpoints.save(network, file)
