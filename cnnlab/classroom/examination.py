"""How nbgrader makes a release of the course, and how it runs what comes back.

nbgrader finds the two classes in ``nbgrader_config.py``. They need no nbgrader themselves: it takes
any preprocessor of nbconvert.
"""

from __future__ import annotations

import time
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert.preprocessors import ExecutePreprocessor, Preprocessor
from nbformat.v4 import new_output
from traitlets import Bool, Int, List, Type

from cnnlab.classroom.confinement import ConfinedKernelManager
from cnnlab.classroom.grading import task_named

__all__ = ["BlankSolutions", "Examination"]


class BlankSolutions(Preprocessor):
    """Puts the cell with its blanks back in the place of each solution."""

    enabled = Bool(True).tag(config=True)

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:  # noqa: ARG002 - nbconvert's signature
        """Replace one cell, if it is the solution of a task."""
        key = cell.metadata.get("cnnlab", {}).get("task", "")
        if key:
            cell.source = task_named(key).notebook_cell
        return cell, resources


class Examination(ExecutePreprocessor):
    """Runs a submission to its end, whatever is in it.

    A cell that raises an error is marked with it, and the next one runs, as in nbgrader. A cell
    that does not end, or takes the kernel along, is marked too. Then the notebook starts anew, in a
    new kernel and without that cell: what was right elsewhere still counts.
    """

    enabled = Bool(True).tag(config=True)
    timeout = Int(60, help="seconds for a cell").tag(config=True)
    longest = Int(600, help="seconds for a notebook, all its starts together").tag(config=True)
    characters = Int(4_000_000, help="that a cell may show").tag(config=True)
    allow_errors = Bool(True).tag(config=True)
    interrupt_on_timeout = Bool(False).tag(config=True)
    kernel_manager_class = Type(ConfinedKernelManager).tag(config=True)
    extra_arguments = List(["--HistoryManager.hist_file=:memory:"]).tag(config=True)

    def preprocess(self, nb: Any, resources: Any = None, km: Any = None) -> tuple[Any, Any]:
        """Run a notebook; changes it in place."""
        self._ends: dict[int, Any] = {}
        self._printed = (-1, 0)  # the cell that shows something, and how much so far
        self._deadline = time.monotonic() + self.longest
        while True:
            try:
                return super().preprocess(nb, resources, km)
            except CellTimeoutError:
                said = f"This cell did not come to an end within {self.timeout} seconds."
                self._ends[self._place] = _stopped("Timeout", said)
            except DeadKernelError:
                said = "This cell ended the kernel: it crashed, or wanted too much memory."
                self._ends[self._place] = _stopped("DeadKernel", said)
            self.log.warning("cell %s is left out: %s", self._place, said)

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        """Run a cell, unless it is known to come to no good end or the time is over."""
        self._place = index
        if cell.cell_type != "code":
            return cell, resources
        end = self._ends.get(index)
        if end is None and time.monotonic() > self._deadline:
            end = _stopped("Timeout", f"The notebook took longer than {self.longest} seconds.")
        if end is not None:
            cell.outputs = [end]
            return cell, resources
        self.execute_cell(cell, index, store_history=True)
        return cell, resources

    def output(self, outs: Any, msg: Any, display_id: str | None, cell_index: int) -> Any:
        """Keep what a cell shows, up to a limit: a flood must not fill our own memory."""
        if self._printed[0] != cell_index:
            self._printed = (cell_index, 0)
        length = sum(map(len, map(str, msg["content"].values())))
        self._printed = (cell_index, self._printed[1] + length)
        if self._printed[1] > self.characters:
            return None
        return super().output(outs, msg, display_id, cell_index)

    def on_cell_executed(self, **happened: Any) -> None:
        """Mark a cell whose error the kernel did not show."""
        cell, reply = happened["cell"], happened["execute_reply"]["content"]
        shown = any(output.output_type == "error" for output in cell.outputs)
        if reply["status"] == "error" and not shown:
            cell.outputs.append(_stopped(reply.get("ename", "Error"), reply.get("evalue", "")))


def _stopped(name: str, said: str) -> Any:
    return new_output("error", ename=name, evalue=said, traceback=[f"{name}: {said}"])
