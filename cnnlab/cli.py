"""The ``cnnlab`` command: open the course, check the machine, fill the compile cache."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from cnnlab import __version__
from cnnlab.errors import DataError

__all__ = ["main"]

_FIRST_NOTEBOOK = "00_start_here.ipynb"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name; read from the shell if absent.

    Returns
    -------
    int
        The exit status: 0 where all went well, 1 where something has to be put right.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except DataError as error:
        print(f"cnnlab {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cnnlab", description="An interactive course on convolutional neural networks."
    )
    parser.add_argument("--version", action="version", version=f"cnnlab {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    command = commands.add_parser(
        "open", help="open the course in JupyterLab",
        description="Copy the notebooks to a folder of your own and open them in JupyterLab. "
        "Your changes are kept: a notebook you have edited is never overwritten.",
    )  # fmt: skip
    command.add_argument("notebook", nargs="?", default=_FIRST_NOTEBOOK, metavar="NOTEBOOK",
                         help="which lesson, for example 01_filters or just 01")  # fmt: skip
    command.add_argument("--no-browser", action="store_true", help="print the address only")
    command.add_argument("--port", type=int, metavar="N", help="where JupyterLab listens")
    command.add_argument("--folder", type=Path, metavar="DIR",
                         help="where your notebooks are (default: ~/cnnlab-notebooks)")  # fmt: skip
    command.set_defaults(run=_open)

    command = commands.add_parser("doctor", help="check this machine, say what to put right")
    command.set_defaults(run=_doctor)

    command = commands.add_parser("warm", help="compile everything the course uses, once")
    command.add_argument("--quiet", action="store_true", help="no progress bar")
    command.set_defaults(run=_warm)
    return parser


def _open(options: argparse.Namespace) -> int:
    from cnnlab import workspace

    filled = workspace.fill((options.folder or workspace.default_folder()).expanduser().absolute())
    notebook = _find_notebook(filled.folder, options.notebook)
    print(f"Your notebooks are in {filled.folder}")
    for verb, names in [
        ("new", filled.added),
        ("updated", filled.updated),
        ("yours, kept", filled.kept),
    ]:
        if names:
            print(f"  {verb}: {', '.join(names)}")
    _warm_in_background()
    command = [
        sys.executable, "-m", "jupyter", "lab", str(notebook),
        f"--ServerApp.root_dir={filled.folder}",
    ]  # fmt: skip
    if options.no_browser:
        command.append("--no-browser")
    if options.port is not None:
        command += [f"--port={options.port}", "--ServerApp.port_retries=0"]
    return subprocess.run(command, check=False).returncode


def _find_notebook(folder: Path, wanted: str) -> Path:
    lessons = sorted(folder.glob("[0-9]*.ipynb"))
    for lesson in lessons:
        if wanted in {lesson.name, lesson.stem}:
            return lesson
    starting = [lesson for lesson in lessons if lesson.name.startswith(wanted)]
    if len(starting) == 1:
        return starting[0]
    raise DataError(
        f"there is no notebook {wanted!r} in {folder}; try one of "
        + ", ".join(lesson.stem for lesson in lessons)
    )


def _warm_in_background() -> None:
    """Compile while JupyterLab starts and the learner reads, so that no lesson has to wait."""
    subprocess.Popen(
        [sys.executable, "-m", "cnnlab", "warm", "--quiet"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        start_new_session=os.name == "posix",
    )  # fmt: skip


def _doctor(_: argparse.Namespace) -> int:
    from cnnlab import doctor

    checks = doctor.examine()
    print(doctor.report(checks))
    return 0 if all(check.passed for check in checks) else 1


def _warm(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from cnnlab.functional import warm

    compiled = warm.warm(None if options.quiet else partial(tqdm, desc="compiling", unit="step"))
    if not options.quiet:
        print(f"compiled {compiled} functions" if compiled else "everything was compiled already")
    return 0
