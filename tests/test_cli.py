"""The command line, run as a learner would run it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnlab import datasets, doctor
from cnnlab.doctor import Check


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cnnlab", *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, **environment}, timeout=300,
    )  # fmt: skip


def test_doctor_finds_this_machine_in_order() -> None:
    result = run("doctor")
    assert result.returncode == 0, result.stdout
    for subject in ("Python", "packages", "widget front end", "CPU vectors", "compile cache"):
        assert f"ok       {subject}" in result.stdout
    assert result.stdout.rstrip().endswith("checks passed.")


def test_doctor_says_what_to_do_about_each_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Check:
        raise OSError("disk on fire")

    monkeypatch.setattr(doctor, "_memory", broken)
    checks = doctor.examine()
    report = doctor.report(checks)
    assert "problem  memory             OSError: disk on fire" in report
    assert "to do: install cnnlab again" in report
    assert sum(not check.passed for check in checks) == 1


def test_doctor_notices_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    real = doctor.metadata.version

    def version(name: str) -> str:
        if name == "anywidget":
            raise doctor.metadata.PackageNotFoundError(name)
        return "1.0" if name == "numpy" else real(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    (check,) = [check for check in doctor.examine() if check.name == "packages"]
    assert not check.passed
    assert "anywidget is missing" in check.found
    assert "numpy 1.0 is not >=2.0" in check.found


def test_open_refuses_a_notebook_that_is_not_there(tmp_path: Path) -> None:
    result = run("open", "99_magic", "--no-browser", "--folder", str(tmp_path))
    assert result.returncode == 1
    assert "there is no notebook '99_magic'" in result.stderr
    assert "01_filters" in result.stderr


def test_open_serves_the_learners_copy_of_a_lesson(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder, home = tmp_path / "mine", tmp_path / "home"
    home.mkdir()
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    environment = {**os.environ, **dict.fromkeys(folders, str(home)), "JUPYTER_TOKEN": "t0ken"}
    command = [sys.executable, "-m", "cnnlab", "open", "01", "--no-browser"]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--folder", str(folder)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}/api/contents/01_filters.ipynb?content=0&token=t0ken"
        for _ in range(240):
            try:
                with urllib.request.urlopen(address, timeout=5) as reply:
                    served = json.load(reply)
                break
            except OSError:
                assert server.poll() is None, server.stdout and server.stdout.read()
                time.sleep(0.25)
        assert served["path"] == "01_filters.ipynb"
        assert (folder / "01_filters.ipynb").is_file()
    finally:
        os.killpg(server.pid, 15)
        output, _ = server.communicate(timeout=30)
    assert f"Your notebooks are in {folder}" in output
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0  # JupyterLab would not start
    assert ("You are root" in output) == is_root


def test_summary_prints_the_table_of_a_network_without_building_it() -> None:
    result = run("summary", "deck_network")
    assert "Total params: 8,459,242" in result.stdout
    assert "Multiply-adds for one image" in result.stdout
    refused = run("summary", "resnet")
    assert refused.returncode == 1
    assert "there is no network 'resnet' in the zoo; try one of lenet5" in refused.stderr


def test_train_writes_weights_that_predict_reads(tmp_path: Path) -> None:
    weights = tmp_path / "mine.safetensors"
    trained = run("train", "digits_net", "--epochs", "2", "--output", str(weights))
    assert trained.returncode == 0, trained.stderr
    assert float(trained.stdout.split("accuracy: ")[1].split(" %")[0]) > 90
    assert json.loads(weights.with_suffix(".json").read_text())["seed"] == 0

    digits = datasets.digits().test
    pictures = []
    for label in (0, 7):
        picture = digits.images[digits.labels == label][0, :, :, 0]
        pictures.append(tmp_path / f"{label}.png")
        Image.fromarray((255 * picture).astype(np.uint8)).save(pictures[-1])
    seen = run("predict", str(weights), *map(str, pictures))
    assert [line.split(": ")[1][0] for line in seen.stdout.splitlines()] == ["0", "7"]


def test_train_never_overwrites_weights(tmp_path: Path) -> None:
    weights = tmp_path / "mine.safetensors"
    weights.write_text("a week of work")
    refused = run("train", "digits_net", "--output", str(weights))
    assert refused.returncode == 1
    assert "is there already; name another file with --output" in refused.stderr
    assert weights.read_text() == "a week of work"


def test_predict_inverts_a_dark_digit_on_light_paper(tmp_path: Path) -> None:
    digits = datasets.digits().test
    picture = digits.images[digits.labels == 4][0, :, :, 0]
    Image.fromarray((255 - 255 * picture).astype(np.uint8)).save(tmp_path / "paper.png")
    seen = run("predict", "digits_net", "--invert", str(tmp_path / "paper.png"))
    assert seen.stdout.split(": ")[1].startswith("4 (")
