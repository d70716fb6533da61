"""The ``cnnlab`` command: open the course, check the machine, train and try networks."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from urllib.parse import quote

from cnnlab import __version__
from cnnlab.errors import DataError, ShapeError

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
        The exit status: 0 where all went well, 1 where something has to be fixed.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (DataError, ShapeError) as error:
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

    command = commands.add_parser(
        "present", help="show a notebook to a class, one idea a screen",
        description="Open a notebook in JupyterLab for a beamer: one idea a screen, in big type, "
        "widgets live. Cells run as their screen comes, and can be changed there.",
    )  # fmt: skip
    command.add_argument("notebook", metavar="NOTEBOOK",
                         help="a file, or one of your lessons, for example 01_filters")  # fmt: skip
    command.add_argument("--no-browser", action="store_true", help="print the address only")
    command.add_argument("--port", type=int, metavar="N", help="where JupyterLab listens")
    command.set_defaults(run=_present)

    command = commands.add_parser(
        "export", help="write a notebook as one page that needs no network",
        description="Write a notebook as one HTML page, widgets included, that opens from a file. "
        "A notebook that was not saved with its widgets is run first.",
    )  # fmt: skip
    command.add_argument("notebook", metavar="NOTEBOOK",
                         help="a file, or one of your lessons, for example 01_filters")  # fmt: skip
    command.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="FOLDER",
                         help="where the page goes (default: here)")  # fmt: skip
    command.set_defaults(run=_export)

    command = commands.add_parser(
        "progress", help="show how far you are; export, import or reset it",
        description="Show the map of the course. `export FILE` writes what is kept on this "
        "machine, `import FILE` adds what another machine has kept, `reset` begins anew (what was "
        "there is renamed, not deleted), `results` says how the tests before and after the course "
        "came out: yours, or those in the files of a class. `share on`, `share anonymous` and "
        "`share off` say what the board of your class shows of you.",
    )  # fmt: skip
    acts = ("show", "export", "import", "reset", "results", "share")
    command.add_argument("act", nargs="?", default="show", choices=acts)
    command.add_argument("files", nargs="*", type=Path, metavar="FILE",
                         help="for share: on, anonymous or off")  # fmt: skip
    command.add_argument("--output", type=Path, metavar="CSV", help="results: write a table here")
    command.set_defaults(run=_progress)

    command = commands.add_parser("doctor", help="check this machine, say what to fix")
    command.set_defaults(run=_doctor)

    command = commands.add_parser("warm", help="compile everything the course uses, once")
    command.add_argument("--quiet", action="store_true", help="no progress bar")
    command.set_defaults(run=_warm)

    command = commands.add_parser("summary", help="print the layers of a network of the zoo")
    command.add_argument("network", metavar="NAME", help="for example lenet5 or vgg16")
    command.set_defaults(run=_summary)

    command = commands.add_parser(
        "train", help="train a network of the course by its recipe",
        description="Train a network by its recipe, as the weights that ship were. "
        "With --checkpoint a training that was stopped goes on where it was.",
    )  # fmt: skip
    command.add_argument("network", metavar="NAME", help="for example digits_net")
    command.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed for everything random"
    )
    command.add_argument("--epochs", type=int, metavar="N", help="instead of the recipe's")
    command.add_argument("--output", type=Path, metavar="FILE",
                         help="where the weights go (default: NAME.safetensors)")  # fmt: skip
    command.add_argument("--checkpoint", type=Path, metavar="FILE",
                         help="keep the training here, and take it up from here")  # fmt: skip
    command.set_defaults(run=_train)

    command = commands.add_parser(
        "predict", help="classify pictures",
        description="Print what a trained network takes each picture for.",
    )  # fmt: skip
    command.add_argument("weights", metavar="WEIGHTS", help="a file, or a name such as lenet5")
    command.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    command.add_argument("--invert", action="store_true",
                         help="swap black and white, for a dark digit on light paper")  # fmt: skip
    command.set_defaults(run=_predict)

    _add_those_of_a_class(commands)
    return parser


def _add_those_of_a_class(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "assign", help="make the chapters assignments of a class, for nbgrader",
        description="Write the chapters as assignments into a course of nbgrader, and their "
        "release without solutions and hidden tests. From there nbgrader hands out, collects and "
        "grades.",
    )  # fmt: skip
    command.add_argument("folder", type=Path, metavar="COURSE", help="the folder of the course")
    command.add_argument("chapters", nargs="*", metavar="CHAPTER",
                         help="for example 01_filters or just 01 (default: all)")  # fmt: skip
    command.add_argument("--term", default="", metavar="NAME",
                         help="another term, other hidden tests (default: COURSE)")  # fmt: skip
    command.set_defaults(run=_assign)

    command = commands.add_parser(
        "board", help="show how far a class is: those who share it",
        description="Print how far the learners of a hub are who share it; live, and with what "
        "they predict, it is in instructor/class_board.ipynb.",
    )  # fmt: skip
    command.add_argument("folder", nargs="?", type=Path, metavar="FOLDER",
                         help="where the hub collects it (default: CNNLAB_CLASS)")  # fmt: skip
    command.set_defaults(run=_board)


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
    return _start_lab(notebook, options)


def _present(options: argparse.Namespace) -> int:
    from cnnlab import workspace

    notebook = Path(options.notebook).absolute()
    if not notebook.is_file():
        folder = workspace.fill(workspace.default_folder()).folder
        notebook = _find_notebook(folder, options.notebook)
    print("Next and back: Page Down and Page Up, or the arrow keys. Code: C. Full screen: F11.")
    extension = Path(__file__).parent / "jupyter" / "present"
    return _start_lab(
        notebook, options, f"--LabApp.extra_labextensions_path={extension}",
        page="/lab/workspaces/cnnlab-present/tree/",
    )  # fmt: skip


def _start_lab(
    notebook: Path, options: argparse.Namespace, *more: str, page: str = "/lab/tree/"
) -> int:
    """Open a notebook in JupyterLab, which takes the place of this process."""
    _warm_in_background()
    command = [
        sys.executable, "-m", "jupyter", "lab", *more,
        f"--ServerApp.root_dir={notebook.parent}",
        f"--LabApp.default_url={page}{quote(notebook.name)}",
    ]  # fmt: skip
    if options.no_browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container there may be nobody else
        print("You are root: every notebook may change anything on this machine.")
        command.append("--allow-root")
    if options.port is not None:
        command += [f"--port={options.port}", "--ServerApp.port_retries=0"]
    # Our settings come after the learner's own, and hold for this start of JupyterLab only.
    settings = [os.environ.get("JUPYTER_CONFIG_PATH"), str(Path(__file__).parent / "jupyter")]
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, settings))}
    sys.stdout.flush()
    if os.name == "posix":  # JupyterLab takes our place: what stops us then stops it
        os.execve(command[0], command, environment)  # noqa: S606 - our own arguments
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - likewise


def _export(options: argparse.Namespace) -> int:
    from cnnlab import export, workspace

    path = Path(options.notebook)
    if not path.is_file():
        mine = workspace.default_folder()
        path = _find_notebook(
            mine if mine.is_dir() else workspace.shipped_notebooks(), options.notebook
        )
    print(f"wrote {export.export(path, options.folder)}")
    return 0


def _progress(options: argparse.Namespace) -> int:
    from cnnlab import exercises
    from cnnlab.exercises.sharing import publish
    from cnnlab.exercises.store import STORE

    act, files = options.act, options.files
    if act == "share":
        return _share([str(word) for word in files])
    wanted = {"export": 1, "import": 1, "show": 0, "reset": 0}.get(act, len(files))
    if len(files) != wanted:
        raise DataError(
            f"`{act}` takes {wanted or 'no'} file{'s' * (wanted != 1)}, got {len(files)}"
        )
    if act == "export":
        STORE.export(files[0])
        print(f"wrote {files[0]}")
    elif act == "import":
        print(f"{STORE.take_in(files[0])} answers are new here")
    elif act == "reset":
        aside = STORE.reset()
        print(f"your progress so far is kept as {aside}" if aside else "there was nothing yet")
    elif act == "results":
        found = exercises.results(*files)
        if options.output:
            found.save(options.output)
        print(found)
    else:
        publish()  # what could not be shown to the class before
        print(exercises.progress())
    return 0


def _share(ways: Sequence[str]) -> int:
    from cnnlab import exercises

    if len(ways) != 1:
        raise DataError(f"`share` takes on, anonymous or off, got {len(ways)} words")
    print(exercises.share(ways[0]))
    return 0


def _board(options: argparse.Namespace) -> int:
    from cnnlab.classroom import board

    print(board.read(options.folder))
    return 0


def _assign(options: argparse.Namespace) -> int:
    from importlib.util import find_spec

    from cnnlab.classroom import course

    if find_spec("nbgrader") is None:
        raise DataError('nbgrader is not installed; try: pip install "cnnlab[instructor]"')
    sources = course.set_up(options.folder, options.chapters, term=options.term)
    for source in sources:
        print(f"{source.name}: the solved source is {source}", flush=True)
        command = [
            sys.executable, "-m", "nbgrader", "generate_assignment", source.name, "--force",
            "--log-level=WARN",
        ]  # fmt: skip
        made = subprocess.run(command, cwd=options.folder, check=False)  # noqa: S603 - our own arguments
        if made.returncode:
            return 1
    print(f"what learners get is in {options.folder / 'release'}; to hand it out, in that course: "
          f"nbgrader release_assignment {sources[0].name}")  # fmt: skip
    return 0


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


def _summary(options: argparse.Namespace) -> int:
    from cnnlab import zoo

    network = zoo.build(options.network)
    network.summary()
    print(f"Multiply-adds for one image: {network.multiply_adds:,}")
    return 0


def _train(options: argparse.Namespace) -> int:
    from cnnlab import recipes

    output = options.output or Path(f"{options.network}.safetensors")
    if output.exists():
        raise DataError(f"{output} already exists; name another file with --output")
    network, record = recipes.train(
        options.network, seed=options.seed, epochs=options.epochs,
        checkpoint=options.checkpoint,
        resume=options.checkpoint is not None and options.checkpoint.exists(),
    )  # fmt: skip
    recipes.save(network, record, output)
    for measure, share in record.measures.items():
        print(f"{measure.replace('_', ' ')}: {100 * share:.2f} %")
    print(f"wrote {output} and {output.with_suffix('.json').name}")
    return 0


def _predict(options: argparse.Namespace) -> int:
    from cnnlab import checkpoints, images, recipes, zoo

    shipped = options.weights in zoo.PRETRAINED
    file = zoo.weights_file(options.weights) if shipped else Path(options.weights)
    network = checkpoints.load(file)
    given = network.sequential.output_shape
    if len(given) != 1 or given[0] < 2:
        numbers = "x".join(map(str, given))
        raise ShapeError(
            f"{options.weights} gives {numbers} numbers for a picture, not a score for each "
            "of its classes; try one that ends in a dense layer with a unit for each class"
        )
    names = recipes.class_names(file, given[0])
    unread = 0
    for path in options.images:
        try:
            picture = images.load(path)
        except DataError as error:
            print(f"cnnlab predict: {path}: {error}", file=sys.stderr)
            unread += 1
            continue
        fitted = images.fit(picture, network.sequential.input_shape)
        chances = network.probabilities((1 - fitted if options.invert else fitted)[None])[0]
        best = chances.argsort()[::-1][:3]
        print(f"{path}: " + ", ".join(f"{names[k]} ({100 * chances[k]:.1f} %)" for k in best))
    return 1 if unread else 0
