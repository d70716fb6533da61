"""How nbval runs the notebooks: with a home of their own, and with their cells' history stored."""

import os
import tempfile

import pytest
from nbval.kernel import RunningKernel


def _execute(self: RunningKernel, code: str, allow_stdin: bool | None = None) -> str:
    """Run a cell as JupyterLab does: nbval leaves the history out, and a trailing ; unheard."""
    message: str = self.kc.execute(
        code, store_history=True, allow_stdin=allow_stdin, stop_on_error=False
    )
    return message


def pytest_configure(config: pytest.Config) -> None:
    """Keep the learner's own progress out of the stored outputs, and each notebook's to itself."""
    RunningKernel.execute_cell_input = _execute
    start = RunningKernel.__init__

    def start_in_a_home_of_its_own(self: RunningKernel, *options: object, **named: object) -> None:
        home = tempfile.TemporaryDirectory(prefix="cnnlab-home-")
        config.add_cleanup(home.cleanup)
        before = os.environ.get("CNNLAB_HOME")
        os.environ["CNNLAB_HOME"] = home.name
        try:
            start(self, *options, **named)
        finally:
            if before is None:
                del os.environ["CNNLAB_HOME"]
            else:
                os.environ["CNNLAB_HOME"] = before

    RunningKernel.__init__ = start_in_a_home_of_its_own
