"""The Python that repeats a training to the bit, as far as its settings have names."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from cnnlab.training import Run, Settings
from cnnlab.widgets.shared.training_thread import TrainingThread

__all__ = ["training_code"]

_ALWAYS = {"epochs", "optimizer", "batch_size", "seed"}  # all else only where it is set
_NAMELESS = (
    "    # {}: yours is a lambda, or made inside a function, and has no name to write here;",
    "    # this is another training until you put it here",
)


class NamelessError(Exception):
    """Something that code cannot call by a name."""


class Imports:
    """Collects what lines of code need to be imported."""

    def __init__(self) -> None:
        self._ours = {"training"}
        self._others: set[str] = set()

    def name(self, thing: Any) -> str:
        """Write what a function or a class is called once the lines are there."""
        home, name = getattr(thing, "__module__", ""), getattr(thing, "__qualname__", "")
        if not name or getattr(sys.modules.get(home), name, None) is not thing:
            raise NamelessError
        if home == "__main__":  # the notebook's own: it is there already
            return str(name)
        package, _, inside = home.partition(".")
        module = inside.partition(".")[0]
        public = sys.modules.get(f"{package}.{module}")
        if package == "cnnlab" and getattr(public, name, None) is thing:
            self._ours.add(module)
            return f"{module}.{name}"
        self._others.add(f"from {home} import {name}")
        return str(name)

    def lines(self) -> list[str]:
        """Write the imports."""
        return [
            f"from cnnlab import {', '.join(sorted(self._ours))}",
            "from cnnlab.callbacks import History",
            *sorted(self._others),
        ]


def training_code(threads: Mapping[str, TrainingThread]) -> str:
    """Write the Python that trains as a board does: settings, and rates that were set by hand.

    Parameters
    ----------
    threads : dict of TrainingThread
        By name; a single one has none.

    Returns
    -------
    str
        Lines for networks and data that are the notebook's: ``net`` and ``data``, and ``history``
        comes out; of two trainings ``net_1``, ``net_2`` and so on.
    """
    imports = Imports()
    several = len(threads) > 1
    body: list[str] = []
    for number, (name, thread) in enumerate(threads.items(), 1):
        body += ["", *_one(thread, name, f"_{number}" if several else "", imports)]
    return "\n".join([*imports.lines(), *body]) + "\n"


def _one(thread: TrainingThread, name: str, end: str, imports: Imports) -> list[str]:
    run = thread.run
    yours = [f"net{end}", f"data{end}"]
    arguments = list(yours)
    if run.validation is not None:
        yours.append(f"validation{end}")
        arguments.append(f"validation=validation{end}")
    call = [*(f"    {argument}," for argument in arguments), *_settings(run, imports)]
    told = f"{' '.join(name.split())}: " if name else ""
    lines = [
        f"# {told}{', '.join(yours[:-1])} and {yours[-1]} are yours, "
        f"net{end} as it was before its first step",
    ]
    if thread.begun:
        lines.append(f"# step {thread.begun} came from a checkpoint; here all are taken anew")
    lines.append(f"history{end} = History()")
    rates = {step: rate for step, rate in thread.rates.items() if step < run.steps}
    if not rates:
        return [
            *lines, "for snapshot in training.run(", *call, "):", f"    history{end}(snapshot)",
        ]  # fmt: skip
    return [
        *lines,
        f"run{end} = training.run(", *call, ")",
        f"rates{end} = {rates!r}  # set by hand, after so many steps",
        f"run{end}.learning_rate = rates{end}.get(0, run{end}.learning_rate)",
        f"for snapshot in run{end}:",
        f"    history{end}(snapshot)",
        f"    run{end}.learning_rate = rates{end}.get(snapshot.step, run{end}.learning_rate)",
    ]  # fmt: skip


def _settings(run: Run, imports: Imports) -> list[str]:
    """Write what `training.run` is told besides network and data."""
    lines: list[str] = []
    for field in dataclasses.fields(Settings):
        value = getattr(run.settings, field.name)
        if field.name not in _ALWAYS and value == field.default:
            continue
        try:
            lines.append(f"    {field.name}={_written(value, imports)},")
        except NamelessError:
            lines += [line.format(field.name) for line in _NAMELESS]
    return lines


def _written(value: Any, imports: Imports) -> str:
    """Write a setting: a number, a name, or something made of them."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)
    if isinstance(value, tuple):
        return f"({''.join(f'{_written(each, imports)}, ' for each in value).rstrip()})"
    if isinstance(value, partial):
        called = [_written(each, imports) for each in (value.func, *value.args)]
        named = value.keywords
        maker: Any = partial
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        called, maker = [], type(value)
        named = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    else:
        return imports.name(value)
    called += [f"{key}={_written(each, imports)}" for key, each in named.items()]
    return f"{imports.name(maker)}({', '.join(called)})"
