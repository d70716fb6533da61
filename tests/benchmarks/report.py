"""What a person reads: tables for the terminal and the README, verdicts on the targets, pictures.

Everything here is made from the JSON that a benchmark returns, and can be made again from its file.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .kernels import OURS, SIDES
from .workloads import WORKLOADS, Workload

_WORKLOADS = {workload.name: workload for workload in WORKLOADS}


@dataclass(frozen=True)
class Verdict:
    """One promise: what it is about, what was promised, what was measured."""

    subject: str
    wanted: str
    got: str
    reached: bool


@dataclass(frozen=True)
class Table:
    """Columns with titles; the first one is text, the others stand right."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        """Write it for a terminal."""
        lines = [list(self.columns), *map(list, self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                cell.rjust(width) if number else cell.ljust(width)
                for number, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        )

    def markdown(self) -> str:
        """Write it for the README."""
        rule = ["---", *["---:"] * (len(self.columns) - 1)]
        return "\n".join(f"| {' | '.join(line)} |" for line in [self.columns, rule, *self.rows])


def verdict_table(verdicts: Sequence[Verdict], *, only_missed: bool = False) -> Table:
    """Set the promises beside what came out."""
    rows = [
        (verdict.subject, verdict.wanted, verdict.got, "reached" if verdict.reached else "MISSED")
        for verdict in verdicts
        if not (only_missed and verdict.reached)
    ]
    return Table(("target", "wanted", "got", ""), rows)


def where_and_when(report: Mapping[str, Any]) -> str:
    """Name the machine, the date and the releases in one line."""
    machine = report["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['vector_bits']}-bit vectors, "
        f"{machine['system']}, Python {machine['python']}, {versions}; {report['date']}"
    )


# The kernel table


def kernel_table(report: Mapping[str, Any]) -> Table:
    """One line a workload and thread count: times, ratios, share of the peak, memory."""
    return Table(
        (
            "workload",
            "threads",
            "cnnlab ms",
            "best PyTorch ms",
            "PyTorch / cnnlab",
            "OpenCV",
            "SciPy",
            "scikit-image",
            "GFLOP/s",
            "of peak",
            "MB (PyTorch)",
        ),
        [_kernel_line(row, report["peak_gflops"]) for row in report["rows"]],
    )


def kernel_summary(report: Mapping[str, Any]) -> Table:
    """One line a workload, for the README: our time and the ratio, by thread count."""
    counts = sorted({row["threads"] for row in report["rows"]})
    columns = ["workload"]
    for count in counts:
        columns += [f"ms, {count} thread{'s' * (count > 1)}", "PyTorch / cnnlab"]
    lines: dict[str, list[str]] = {}
    for row in sorted(report["rows"], key=lambda row: row["threads"]):
        line = lines.setdefault(row["name"], [_WORKLOADS[row["name"]].title])
        torch = _best(row, "torch")
        line.append(_milliseconds(row["sides"][OURS]["seconds"]) if row["sides"] else "")
        line.append(f"{torch['ratio']:.3g}" if torch else "")
    return Table(columns, list(lines.values()))


def _kernel_line(row: Mapping[str, Any], peaks: Mapping[str, float]) -> list[str]:
    workload = _WORKLOADS[row["name"]]
    # Threads that wait for each other's processor say nothing about a library: mark such rows.
    busy = "*" if row.get("busy_rounds", 0) > row.get("rounds", 0) / 4 else ""
    line = [workload.title + busy, str(row["threads"])]
    if not row["sides"]:
        return line + [""] * 9
    torch = _best(row, "torch")
    gflops = _gflops(workload, row)
    line.append(_milliseconds(row["sides"][OURS]["seconds"]))
    line.append(_milliseconds(torch["seconds"]) if torch else "")
    for library in ("torch", "OpenCV", "SciPy", "scikit-image"):
        best = _best(row, library)
        line.append(f"{best['ratio']:.3g}" if best else "")
    line.append(f"{gflops:.0f}" if gflops else "")
    line.append(f"{gflops / peaks[str(row['threads'])]:.0%}" if gflops else "")
    sizes = row.get("memory_bytes", {})
    line.append(f"{sizes[OURS] / 1e6:.0f} ({_torch_memory(sizes) / 1e6:.0f})" if sizes else "")
    return line


def kernel_verdicts(report: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge every row by its targets; a row that could not be measured misses them."""
    for row in report["rows"]:
        workload = _WORKLOADS[row["name"]]
        subject = f"{workload.title}, {row['threads']} thread{'s' * (row['threads'] > 1)}"
        for library, targets in workload.targets.items():
            wanted = targets[min(row["threads"], len(targets)) - 1]
            best = _best(row, library)
            got = f"{best['ratio']:.3g}" if best else "not measured"
            reached = best is not None and best["ratio"] >= wanted
            yield Verdict(f"{subject}: {library} / cnnlab", f"{wanted:.3g}", got, reached)
        if workload.peak_share:
            share = (_gflops(workload, row) or 0.0) / report["peak_gflops"][str(row["threads"])]
            yield Verdict(
                f"{subject}: share of peak",
                f"{workload.peak_share:.0%}",
                f"{share:.0%}",
                share >= workload.peak_share,
            )
        sizes = row.get("memory_bytes", {})
        if sizes and _torch_memory(sizes):
            ratio = sizes[OURS] / _torch_memory(sizes)
            yield Verdict(
                f"{subject}: memory, cnnlab / torch",
                f"{workload.memory_ratio:.3g}",
                f"{ratio:.2f}",
                ratio <= workload.memory_ratio,
            )


def _best(row: Mapping[str, Any], library: str) -> Mapping[str, float] | None:
    """Find the configuration of `library` that comes nearest to us."""
    sides = [side for name, side in row["sides"].items() if SIDES[name].library == library]
    return min(sides, key=lambda side: side["ratio"], default=None)


def _torch_memory(sizes: Mapping[str, int]) -> int:
    return min((size for name, size in sizes.items() if SIDES[name].library == "torch"), default=0)


def _gflops(workload: Workload, row: Mapping[str, Any]) -> float | None:
    operations = workload.multiply_adds()
    if not operations or not row["sides"]:
        return None
    return 2e-9 * operations / float(row["sides"][OURS]["seconds"])


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.3g}" if seconds < 0.1 else f"{1e3 * seconds:.0f}"


def kernel_picture(report: Mapping[str, Any], path: str) -> None:
    """Draw the ratios to PyTorch's best as bars, readable on a light and on a dark page."""
    from matplotlib.figure import Figure

    ink, colours = "#7f7f7f", {1: "#56b4e9", 2: "#0072b2"}
    ratios = {
        (row["name"], row["threads"]): best["ratio"]
        for row in report["rows"]
        if (best := _best(row, "torch"))
    }
    names = [name for name in _WORKLOADS if any((name, threads) in ratios for threads in colours)]
    figure = Figure(figsize=(8, 0.8 + 0.32 * len(names)), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    for threads, colour in colours.items():
        if not any(count == threads for _, count in ratios):
            continue
        places = [place for place, name in enumerate(names) if (name, threads) in ratios]
        widths = [ratios[names[place], threads] for place in places]
        offset = -0.2 if threads == 1 else 0.2
        bars = axes.barh(
            [place + offset for place in places],
            [width - 1 for width in widths],
            left=1,
            height=0.38,
            color=colour,
            label=f"{threads} thread{'s' * (threads > 1)}",
        )
        axes.bar_label(bars, [f"{width:.1f}" for width in widths], padding=2, color=ink, fontsize=7)
    axes.axvline(1, color=ink, linewidth=1)
    axes.set_xscale("log")
    axes.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    axes.minorticks_off()
    axes.set_xlabel("times as fast as PyTorch's best configuration", color=ink)
    axes.set_yticks(range(len(names)), [_WORKLOADS[name].title for name in names])
    axes.tick_params(colors=ink, labelsize=8)
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    axes.legend(loc="lower right", frameon=False, labelcolor=ink, fontsize=8)
    figure.savefig(path, transparent=True)


# The start-up table


def startup_table(report: Mapping[str, Any]) -> Table:
    """One line a program: how long until its picture was there."""
    return Table(
        ("fresh process", "ms"),
        [(row["name"], _milliseconds(row["seconds"])) for row in report["rows"]],
    )


def startup_verdicts(report: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge importing, and the first feature map against PyTorch's."""
    added = 1e3 * report["import_seconds"]
    yield Verdict("import cnnlab, over bare Python", "50 ms", f"{added:.0f} ms", added < 50)
    share = report["share_of_torch"]
    if share is not None:
        yield Verdict(
            "first feature map, warm cache: time / PyTorch's", "0.6", f"{share:.2f}", share <= 0.6
        )


# The browser table

_FRAME = 1000 / 60  # milliseconds


def browser_table(report: Mapping[str, Any]) -> Table:
    """One line a scene and place: from the hand to the screen, against the page's own floor."""
    return Table(
        (
            "picture and filter",
            "kernel",
            "to paint: median, p95 ms",
            "floor: median, p95 ms",
            "pictures/s",
            "requests/s",
            "age: median, p95, max ms",
            "last pixels",
        ),
        [
            (
                row["scene"],
                row["where"],
                f"{row['median_ms']:.0f}, {row['p95_ms']:.0f}",
                f"{row['floor_median_ms']:.0f}, {row['floor_p95_ms']:.0f}",
                f"{row['pictures_per_second']:.0f}",
                f"{row['requests_per_second']:.1f}",
                f"{row['age_median_ms']:.0f}, {row['age_p95_ms']:.0f}, {row['age_max_ms']:.0f}"
                if "age_median_ms" in row
                else "",
                "equal" if row["last_pixels"] else "differ",
            )
            for row in report["rows"]
        ]
        + [
            (
                f"first lab of a fresh kernel, {cache} cache",
                "0 ms",
                f"{start['painted']:.0f}; by the kernel {start['answered']:.0f}",
                *[""] * 5,
            )
            for cache, start in report["start_ms"].items()
        ],
    )


def browser_verdicts(report: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge what the hand sees, how often the kernel is asked, and the last picture always."""
    for row in report["rows"]:
        subject = f"{row['scene']}, {row['where']}"
        first = row["scene"].startswith("512x512 grey")
        if first:
            for what, more in (("median", 8), ("p95", 8 + _FRAME)):
                wanted, got = row["floor_median_ms"] + more, row[f"{what}_ms"]
                yield Verdict(
                    f"{subject}: hand to paint, {what}",
                    f"{wanted:.0f} ms",
                    f"{got:.0f} ms",
                    got <= wanted,
                )
            asked = row["requests_per_second"]
            yield Verdict(f"{subject}: requests a second", "5", f"{asked:.1f}", asked <= 5)
            last = row["last_wins"]
            yield Verdict(f"{subject}: last value wins", "yes", "yes" if last else "no", last)
        least, rate = 55 if first else 30, row["pictures_per_second"]
        yield Verdict(f"{subject}: pictures a second", f"{least}", f"{rate:.0f}", rate >= least)
        equal = row["last_pixels"]
        yield Verdict(f"{subject}: last pixels", "equal", "equal" if equal else "differ", equal)
    for cache, limit in (("warm", 1000), ("cold", 3000)):
        got = report["start_ms"][cache]["painted"]
        yield Verdict(
            f"first lab of a fresh kernel, {cache} cache",
            f"{limit} ms",
            f"{got:.0f} ms",
            got <= limit,
        )


# The table of boards

_LOSS, _REPAINTS, _STEPS, _FOUND, _DRAWN, _ANSWERS, _EDIT = 0.15, 10, 30, 15, 20, 100, 50


def boards_table(report: Mapping[str, Any]) -> Table:
    """One line a figure."""
    board, walks = report["board"], report["trainer"]
    alone = statistics.median(row["alone"] for row in board["pairs"])
    shown = sorted(row["pictures"] / row["seconds"] for row in walks)
    took = sorted(row["seconds"] for row in walks)
    steps = sorted(row["steps"] for row in walks)
    lines = [
        (f"TrainingBoard, {report['training']}: steps a second without it", f"{alone:.0f}"),
        ("speed lost to the board", f"{board['loss']:.1%}"),
        ("repaints a second meanwhile", f"{board['repaints_per_second']:.1f}"),
        (
            "FilterTrainer, 512x512 grey, 3x3: steps shown a second, least and most of ten seeds",
            f"{shown[0]:.0f}, {shown[-1]:.0f}",
        ),
        ("steps until Sobel is found", f"{steps[0]}, {steps[-1]}"),
        ("seconds until Sobel is found", f"{took[0]:.1f}, {took[-1]:.1f}"),
    ]
    for where, row in report["explorer"].items():
        lines += [
            (
                f"NetworkExplorer, {where}: pictures a second while a digit is drawn",
                f"{row['pictures_per_second']:.0f}",
            ),
            ("answer: median, p95 ms", f"{row['median_ms']:.0f}, {row['p95_ms']:.0f}"),
        ]
    edit = report["builder"]
    lines.append((
        "NetworkBuilder, VGG-16: repainted after an edit: median, p95 ms",
        f"{edit['median_ms']:.0f}, {edit['p95_ms']:.0f}",
    ))  # fmt: skip
    return Table(("widget", "measured"), lines)


def boards_verdicts(report: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge what a board costs and shows, and how soon a hand is answered."""
    board = report["board"]
    loss, repaints = board["loss"], board["repaints_per_second"]
    yield Verdict("TrainingBoard: speed lost", f"{_LOSS:.0%}", f"{loss:.1%}", loss <= _LOSS)
    yield _at_least("TrainingBoard: repaints a second", _REPAINTS, repaints)
    shown = min(row["pictures"] / row["seconds"] for row in report["trainer"])
    yield _at_least("FilterTrainer: steps shown a second", _STEPS, shown)
    missed = [row["seed"] for row in report["trainer"] if not row["found"]]
    slowest = max(row["seconds"] for row in report["trainer"])
    found = f"not from {missed}" if missed else f"{slowest:.1f} s"
    reached = not missed and slowest < _FOUND
    yield Verdict("FilterTrainer: Sobel from every seed", f"{_FOUND} s", found, reached)
    drawn = report["explorer"]["alone"]["pictures_per_second"]
    yield _at_least("NetworkExplorer: pictures a second", _DRAWN, drawn)
    for what, subject, most in (
        (report["explorer"]["beside a training"], "NetworkExplorer beside a training", _ANSWERS),
        (report["builder"], "NetworkBuilder, VGG-16: repaint", _EDIT),
    ):
        for name in ("median", "p95"):
            got = what[f"{name}_ms"]
            yield Verdict(f"{subject}, {name}", f"{most} ms", f"{got:.0f} ms", got <= most)


def _at_least(subject: str, wanted: float, got: float) -> Verdict:
    return Verdict(subject, f"{wanted:.0f}", f"{got:.1f}", got >= wanted)


# The stepper's table

_KINDS = ("script", "style", "layout", "paint")


def stepper_table(report: Mapping[str, Any]) -> Table:
    """One line a step or number: how long the page works on it, and on what."""
    return Table(
        ("ConvolutionStepper, 12x12x3 and four filters of 5x5", "median ms", "p95 ms", *_KINDS),
        [
            (
                _stepper_subject(row),
                *(f"{row[f'{what}_ms']:.1f}" for what in ("median", "p95", *_KINDS)),
            )
            for row in report["rows"]
        ],
    )


def stepper_verdicts(report: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge whether what the hand changes is there within a frame, and seldom in the next one."""
    for row in report["rows"]:
        for what, limit in (("median", _FRAME), ("p95", 2 * _FRAME)):
            got = row[f"{what}_ms"]
            yield Verdict(
                f"{_stepper_subject(row)}: {what}", f"{limit:.1f} ms", f"{got:.1f} ms", got < limit
            )


def _stepper_subject(row: Mapping[str, Any]) -> str:
    return f"{row['mode']}, {row['what']}"
