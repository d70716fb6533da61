"""A cell of code with blanks: skeleton, solution and typical mistakes come from one text.

A blank is written ``<<...>>`` around what belongs into it. Code that shifts bits has no place here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from inspect import cleandoc
from textwrap import dedent
from typing import Any

import numpy as np

__all__ = ["Cell"]

_BLANK = re.compile(r"<<(.*?)>>", re.DOTALL)


class Cell:
    """A cell whose last statement makes what is asked for.

    Parameters
    ----------
    text : str
        Python with blanks; indented as it happens to stand.

    Examples
    --------
    >>> cell = Cell("area = <<width * height>>")
    >>> cell.skeleton, cell.asks
    ('area = ...', 'area')
    >>> cell.value(cell.filled("width + height"), {"width": 2, "height": 4})
    6
    """

    def __init__(self, text: str) -> None:
        self._text = dedent(text).strip()

    @property
    def blanks(self) -> list[str]:
        """What belongs into each blank."""
        return _BLANK.findall(self._text)

    @property
    def skeleton(self) -> str:
        """The cell as the learner finds it: each blank is written ``...``."""
        return self.filled(*["..."] * len(self.blanks))

    @property
    def solution(self) -> str:
        """The cell as it should become."""
        return self.filled(*self.blanks)

    @property
    def asks(self) -> str:
        """The names that the last statement sets: a variable, several, or a function."""
        last = ast.parse(self.skeleton).body[-1]
        if isinstance(last, ast.Assign):
            target = last.targets[0]
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            return ", ".join(map(ast.unparse, parts))
        if isinstance(last, ast.FunctionDef | ast.ClassDef):
            return last.name
        raise ValueError(f"the last statement of a cell sets a name, got: {ast.unparse(last)}")

    def checked_by(self, check: str) -> str:
        """Write the skeleton with the line that checks it, as it stands in the notebook."""
        gap = "\n\n" if self.skeleton.splitlines()[-1].startswith(" ") else "\n"
        return f"{self.skeleton}{gap}{check}({self.asks})"

    def filled(self, *texts: str | None) -> str:
        """Write something into the blanks; where it is None, what belongs there.

        Of several lines the first stands where the blank stood; the others line up with it.
        """
        rest: Sequence[str | None] = [*texts, *[None] * (len(self.blanks) - len(texts))]
        pieces, end = [], 0
        for found, text in zip(_BLANK.finditer(self._text), rest, strict=True):
            before = self._text[end : found.start()]
            line = before.rpartition("\n")[2]
            indent = line[: len(line) - len(line.lstrip())]
            written = found[1] if text is None else cleandoc(text).replace("\n", f"\n{indent}")
            pieces += [before, written]
            end = found.end()
        return "".join([*pieces, self._text[end:]])

    def value(self, code: str, given: Mapping[str, Any]) -> Any:
        """Run a version of the cell and give what is asked for.

        Parameters
        ----------
        code : str
            From `filled` or `solution`.
        given : mapping
            What the cells above it have set.
        """
        names: dict[str, Any] = {"np": np, **given}
        exec(code, names)  # noqa: S102 - the course's own text, or a test's version of it
        return eval(self.asks, names)  # noqa: S307 - likewise
