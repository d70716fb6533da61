"""Measure what the course promises about speed, and say which promises hold.

    python -m tests.benchmarks kernels     every operation against PyTorch, OpenCV, SciPy and others
    python -m tests.benchmarks startup     import, and the first feature map of a fresh process
    python -m tests.benchmarks browser     from the slider to the painted picture, in a real browser
    python -m tests.benchmarks boards      training, exploring and building while one looks
    python -m tests.benchmarks stepper     how long the page works on a step, or on a dragged number
    python -m tests.benchmarks all         the five, one after another

Run it at the root of a checkout with the extras ``test`` and ``peers`` installed, on a machine that
does nothing else. It prints a table and the targets, and writes the figures (JSON), the table
(Markdown, for the README) and, with ``--picture``, a chart into ``tests/benchmarks/results``.
``--quick`` takes minutes, not the better part of an hour: for looking at a change, not for quoting.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import boards, browser, kernels, machine, report, startup, stepper

_RESULTS = Path(__file__).parent / "results"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmarks named on the command line."""
    options = _parser().parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    for name in _BENCHMARKS if options.what == "all" else (options.what,):
        _BENCHMARKS[name](options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=(*_BENCHMARKS, "all"))
    parser.add_argument("--quick", action="store_true", help="fewer rounds, less waiting")
    parser.add_argument("--picture", action="store_true", help="draw the kernel table as a chart")
    parser.add_argument("--rows", nargs="+", default=[], help="kernels: only these rows, by name")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], help="kernels: 1 2")
    parser.add_argument("--output", type=Path, default=_RESULTS, help="folder for what is written")
    return parser


def _kernels(options: argparse.Namespace) -> None:
    effort = kernels.QUICK if options.quick else kernels.Effort()
    figures = kernels.run(options.rows, options.threads, effort)
    _publish(
        "kernels", figures, report.kernel_table(figures), report.kernel_verdicts(figures), options
    )
    _keep_markdown("kernels", report.kernel_summary(figures), figures, options)
    if options.picture:
        report.kernel_picture(figures, str(options.output / "kernels.png"))


def _startup(options: argparse.Namespace) -> None:
    rounds = 5 if options.quick else 21
    figures = startup.run(rounds, machine.Patience(2.0 if options.quick else 20.0, 300.0))
    table = report.startup_table(figures)
    _publish("startup", figures, table, report.startup_verdicts(figures), options)
    _keep_markdown("startup", table, figures, options)


def _browser(options: argparse.Namespace) -> None:
    changes, seconds = (20, 3.0) if options.quick else (60, 5.0)
    patience = machine.Patience(2.0 if options.quick else 20.0, 300.0)
    figures = browser.run(changes, seconds, patience)
    table = report.browser_table(figures)
    _publish("browser", figures, table, report.browser_verdicts(figures), options)
    _keep_markdown("browser", table, figures, options)


def _boards(options: argparse.Namespace) -> None:
    pairs, seconds, times = (4, 2.0, 20) if options.quick else (20, 3.0, 100)
    patience = machine.Patience(2.0 if options.quick else 20.0, 300.0)
    figures = boards.run(pairs, seconds, times, patience)
    table = report.boards_table(figures)
    _publish("boards", figures, table, report.boards_verdicts(figures), options)
    _keep_markdown("boards", table, figures, options)


def _stepper(options: argparse.Namespace) -> None:
    patience = machine.Patience(2.0 if options.quick else 20.0, 300.0)
    figures = stepper.run(30 if options.quick else 120, patience)
    table = report.stepper_table(figures)
    _publish("stepper", figures, table, report.stepper_verdicts(figures), options)
    _keep_markdown("stepper", table, figures, options)


def _publish(
    name: str,
    figures: Mapping[str, Any],
    table: report.Table,
    verdicts: Iterable[report.Verdict],
    options: argparse.Namespace,
) -> None:
    """Print the table and the verdicts; keep the figures in a file."""
    verdicts = list(verdicts)
    missed = sum(not verdict.reached for verdict in verdicts)
    where = report.where_and_when(figures)
    print(f"\n{name}: {where}\n\n{table.text()}\n")
    print(report.verdict_table(verdicts).text())
    print(f"\n{len(verdicts) - missed} of {len(verdicts)} targets reached")
    if figures["load"]["rounds_on_a_busy_machine"]:
        print(f"the machine was busy, do not quote this (rows with *): {figures['load']}")
    kept = {**figures, "verdicts": [vars(verdict) for verdict in verdicts]}
    (options.output / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")


def _keep_markdown(
    name: str, table: report.Table, figures: Mapping[str, Any], options: argparse.Namespace
) -> None:
    where = report.where_and_when(figures)
    (options.output / f"{name}.md").write_text(f"{table.markdown()}\n\n{where}\n")


_BENCHMARKS: dict[str, Callable[[argparse.Namespace], None]] = {
    "kernels": _kernels,
    "startup": _startup,
    "browser": _browser,
    "boards": _boards,
    "stepper": _stepper,
}

if __name__ == "__main__":
    main()
