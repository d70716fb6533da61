"""What the benchmarks say must follow from what they measured; nothing is timed here."""

import json
from pathlib import Path

import numpy as np
import pytest

from cnnlab import zoo
from tests.benchmarks import browser, kernels, report, stepper
from tests.benchmarks.networks import ARCHITECTURES
from tests.benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "tests" / "benchmarks" / "results"

PARAMETERS = {
    "lenet5": 61_706,
    "deck": 8_459_242,
    "vgg16": 138_357_544,
    "alexnet": 62_378_344,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_networks_are_as_large_as_their_papers_and_the_deck_say(name):
    shapes = ARCHITECTURES[name].weight_shapes()
    assert sum(int(np.prod(shape)) for shape in shapes) == PARAMETERS[name]


@pytest.mark.parametrize(
    ("name", "ours"), [("deck", zoo.deck_network), ("vgg16", zoo.vgg16), ("alexnet", zoo.alexnet)]
)
def test_multiply_adds_are_those_that_the_package_counts(name, ours):
    assert ARCHITECTURES[name].multiply_adds()[0] == ours().multiply_adds


def measured(name, ours, **others):
    """Write a row as `kernels.run` does, with a ratio for each of the others."""
    sides = {"cnnlab": {"seconds": ours, "ratio": 1.0}}
    sides |= {side: {"seconds": ours * ratio, "ratio": ratio} for side, ratio in others.items()}
    return {"name": name, "threads": 1, "sides": sides, "refused": {}, "rounds": 9}


def verdicts(row):
    figures = {"rows": [row], "peak_gflops": {"1": 100.0}}
    return {verdict.subject: verdict for verdict in report.kernel_verdicts(figures)}


def test_pytorch_counts_in_the_best_of_its_configurations():
    row = measured("rgb", 1e-4, **{"torch NCHW": 9.0, "torch channels_last": 4.4})
    (verdict,) = verdicts(row).values()
    assert (verdict.wanted, verdict.got, verdict.reached) == ("4.5", "4.4", False)


def test_what_was_not_measured_is_not_reached():
    (verdict,) = verdicts(measured("rgb", 1e-4)).values()
    assert verdict.got == "not measured"
    assert not verdict.reached


def test_the_share_of_the_peak_follows_from_time_and_multiply_adds():
    workload = next(workload for workload in WORKLOADS if workload.name == "direct_32")
    seconds = 2e-9 * workload.multiply_adds() / 86  # at 86 of the 100 GFLOP/s that are possible
    (verdict,) = verdicts(measured("direct_32", seconds)).values()
    assert (verdict.got, verdict.reached) == ("86%", True)


def test_memory_is_held_against_the_least_that_pytorch_needs():
    row = measured("relu", 1e-3, **{"torch NCHW": 1.0})
    row["memory_bytes"] = {"cnnlab": 330, "torch NCHW": 400, "torch channels_last": 300}
    verdict = verdicts(row)["ReLU, 1 thread: memory, cnnlab / torch"]
    assert (verdict.got, verdict.reached) == ("1.10", False)


def test_a_wrong_answer_has_an_error_that_no_tolerance_admits():
    right = np.ones((2, 3), np.float32)
    answers = {"torch NCHW": right, "cnnlab": right.copy(), "OpenCV": np.ones((3, 2), np.float32)}
    answers["cnnlab"][0, 0] = np.nan
    errors = kernels._relative_errors(answers)
    assert errors["torch NCHW"] == 0
    assert not errors["cnnlab"] <= 1
    assert not errors["OpenCV"] <= 1


def picture_of(weight, at):
    level = round(weight / browser._LIMIT * 127) + 127
    return {"at": at, "colour": browser.display.PALETTES["blue_red"].colours[level].tolist()}


CHANGES = [{"at": 10.0 * step, "weight": 0.1 * step} for step in range(20)]


def test_the_age_of_a_picture_is_the_time_since_its_weight_was_set():
    ages = browser._ages_of(CHANGES, [picture_of(0.3, 70.0), picture_of(1.1, 180.0)])
    assert ages == pytest.approx([40.0, 70.0])


def test_an_older_picture_over_a_newer_one_is_noticed():
    with pytest.raises(RuntimeError, match="painted over a newer one"):
        browser._ages_of(CHANGES, [picture_of(0.5, 100.0), picture_of(0.4, 120.0)])


def traced(name, began, took=0.0, thread=1):
    """An event of Chromium's trace; milliseconds, half of which other programs had."""
    times = {"ts": 1000 * began, "dur": 1000 * took, "tdur": 500 * took}
    return {"name": name, "pid": 7, "tid": thread, **times}


def test_a_change_costs_what_its_own_thread_does_from_its_mark_to_its_picture():
    trace = [
        traced("RunTask", 0, 5),  # in the midst of it the hand acts
        traced("change", 2),
        traced("RunTask", 6, 10),
        traced("UpdateLayoutTree", 7, 3),
        traced("Layout", 10, 2),
        traced("PrePaint", 12, 1),
        traced("Paint", 13, 0.5),
        traced("RunTask", 6, 10, thread=2),
        traced("RunTask", 20, 4),
        traced("painted", 21),
        traced("RunTask", 30, 9),  # nobody waits for it
        traced("change", 40),
        traced("painted", 50),
    ]
    first, second = stepper.costs_of(trace)
    wanted = {"all": 7, "script": 3.75, "style": 1.5, "layout": 1, "paint": 0.75}
    assert first == pytest.approx(wanted)
    assert second == dict.fromkeys(wanted, 0)


def test_a_table_reads_the_same_in_the_terminal_and_in_the_readme():
    table = report.Table(("workload", "ms"), [("ReLU", "0.5")])
    assert table.text() == "workload   ms\nReLU      0.5"
    assert table.markdown() == "| workload | ms |\n| --- | ---: |\n| ReLU | 0.5 |"


def boards(loss=0.1, repaints=12.0, seconds=8.0, found=True, p95=80.0):
    """Write figures as `boards.run` does."""
    pairs = [{"alone": 100.0, "watched": 100 * (1 - loss), "repaints": repaints}]
    walks = [
        {"seed": seed, "seconds": seconds, "steps": 300, "pictures": 35 * seconds, "found": found}
        for seed in range(10)
    ]
    answers = {"pictures_per_second": 25.0, "median_ms": 30.0, "p95_ms": p95}
    return {
        "training": "LeNet-5 on MNIST",
        "board": {"pairs": pairs, "loss": loss, "repaints_per_second": repaints},
        "trainer": walks,
        "explorer": {"alone": answers, "beside a training": answers},
        "builder": {"median_ms": 30.0, "p95_ms": 40.0},
    }


@pytest.mark.parametrize(
    ("figures", "missed"),
    [
        ({}, []),
        ({"loss": 0.16}, ["TrainingBoard: speed lost"]),
        ({"repaints": 9.9}, ["TrainingBoard: repaints a second"]),
        ({"seconds": 15.5}, ["FilterTrainer: Sobel from every seed"]),
        ({"found": False}, ["FilterTrainer: Sobel from every seed"]),
        ({"p95": 107.0}, ["NetworkExplorer beside a training, p95"]),
    ],
)
def test_a_board_is_judged_by_what_it_costs_and_shows(figures, missed):
    verdicts = report.boards_verdicts(boards(**figures))
    assert [verdict.subject for verdict in verdicts if not verdict.reached] == missed


def test_the_table_of_boards_is_the_one_that_was_measured_last():
    kept = (RESULTS / "boards.md").read_text()
    figures = json.loads((RESULTS / "boards.json").read_text())
    assert kept.startswith(report.boards_table(figures).markdown())


def last_run():
    return json.loads((RESULTS / "kernels.json").read_text())


def test_the_readme_shows_the_table_that_was_measured_last():
    shown = (ROOT / "README.md").read_text().split("<!-- kernels -->\n")[1]
    table = report.kernel_summary(last_run()).markdown()
    assert shown.startswith(f"{table}\n\n{report.where_and_when(last_run())}\n")


def test_the_summary_gives_the_ratio_to_the_best_of_pytorch_for_both_thread_counts():
    figures = last_run()
    titles = {row[0]: row for row in report.kernel_summary(figures).rows}
    shown = titles["512x512 grey, one 3x3 filter"]
    for threads, ratio in ((1, shown[2]), (2, shown[4])):
        (row,) = (
            row for row in figures["rows"] if (row["name"], row["threads"]) == ("grey_3", threads)
        )
        ratios = [side["ratio"] for name, side in row["sides"].items() if name.startswith("torch")]
        assert ratio == f"{min(ratios):.3g}"
