"""The command line, run as a learner would run it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from cnnlab import Network, Sequential, checkpoints, cli, datasets, doctor
from cnnlab.doctor import Check
from cnnlab.layers import Conv2D, Dense, Flatten, Softmax


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "cnnlab", *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, **environment}, timeout=300,
    )  # fmt: skip


def test_doctor_finds_this_machine_in_order():
    result = run("doctor")
    assert result.returncode == 0, result.stdout
    for subject in ("Python", "packages", "widget front end", "CPU vectors", "compile cache"):
        assert f"ok       {subject}" in result.stdout
    assert result.stdout.rstrip().endswith("checks passed.")


def test_doctor_says_what_to_do_about_each_failure(monkeypatch):
    def broken():
        raise OSError("disk on fire")

    monkeypatch.setattr(doctor, "_memory", broken)
    checks = doctor.examine()
    report = doctor.report(checks)
    assert "problem  memory             OSError: disk on fire" in report
    assert "to do: install cnnlab again" in report
    assert report.endswith(f"\n1 of {len(checks)} checks needs attention.")
    assert sum(not check.passed for check in checks) == 1


def test_doctor_counts_in_plain_english():
    checks = [Check("memory", False, "0.2 GB free", "close other programs")] * 2
    assert doctor.report(checks).endswith("\n2 of 2 checks need attention.")
    assert doctor.report(checks[:1]).endswith("\n1 of 1 checks needs attention.")


def test_doctor_notices_a_missing_package(monkeypatch):
    real = doctor.metadata.version

    def version(name):
        if name == "anywidget":
            raise doctor.metadata.PackageNotFoundError(name)
        return "1.0" if name == "numpy" else real(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    (check,) = [check for check in doctor.examine() if check.name == "packages"]
    assert not check.passed
    assert "anywidget is missing" in check.found
    assert "numpy 1.0 is not >=2.0" in check.found


def test_open_refuses_a_notebook_that_is_not_there(tmp_path):
    result = run("open", "99_magic", "--no-browser", "--folder", str(tmp_path))
    assert result.returncode == 1
    assert "there is no notebook '99_magic'" in result.stderr
    assert "01_filters" in result.stderr


@contextmanager
def lab_of(home, *words):
    """Start what opens JupyterLab; gives what reads an address of it, and then what was printed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home.mkdir()
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "HOME")
    environment = {**os.environ, **dict.fromkeys(folders, str(home)), "JUPYTER_TOKEN": "t0ken"}
    server = subprocess.Popen(
        [sys.executable, "-m", "cnnlab", *words, "--no-browser", "--port", str(port)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    printed = []

    def read(path):
        for _ in range(240):
            try:
                address = f"http://127.0.0.1:{port}{path}{'&' if '?' in path else '?'}token=t0ken"
                with urllib.request.urlopen(address, timeout=5) as reply:
                    return reply.read().decode()
            except OSError:
                assert server.poll() is None, server.stdout and server.stdout.read()
                time.sleep(0.25)
        raise TimeoutError(path)

    try:
        yield read, printed
    finally:
        os.killpg(server.pid, 15)
        printed += server.communicate(timeout=30)[:1]


def test_open_serves_the_learners_copy_of_a_lesson(tmp_path):
    folder = tmp_path / "mine"
    with lab_of(tmp_path / "home", "open", "01", "--folder", str(folder)) as (read, printed):
        served = json.loads(read("/api/contents/01_filters.ipynb?content=0"))
    assert served["path"] == "01_filters.ipynb"
    assert (folder / "01_filters.ipynb").is_file()
    assert f"Your notebooks are in {folder}" in printed[0]
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0  # JupyterLab would not start
    assert ("You are root" in printed[0]) == is_root


def test_present_brings_what_turns_screens_and_open_does_not(tmp_path):
    with lab_of(tmp_path / "home", "present", "01") as (read, printed):
        page = read("/lab/workspaces/cnnlab-present/tree/01_filters.ipynb")
        assert '"name": "cnnlab-present"' in page
        assert "cnnlab-talk" in read("/lab/extensions/cnnlab-present/static/remoteEntry.js")
    assert "Page Down and Page Up" in printed[0]
    assert (tmp_path / "home" / "cnnlab-notebooks" / "01_filters.ipynb").is_file()


def test_assign_says_what_it_cannot_make(tmp_path):
    result = run("assign", str(tmp_path / "course"), "99")
    assert result.returncode == 1
    lacking = "nbgrader is not installed" in result.stderr
    assert lacking or "there is no one chapter '99' with tasks; try one of 00_" in result.stderr


def test_summary_prints_the_table_of_a_network_without_building_it():
    result = run("summary", "deck_network")
    assert "Total params: 8,459,242" in result.stdout
    assert "Multiply-adds for one image" in result.stdout
    refused = run("summary", "resnet")
    assert refused.returncode == 1
    assert "there is no network 'resnet' in the zoo; try one of lenet5" in refused.stderr


def test_train_writes_weights_that_predict_reads(tmp_path):
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


def test_train_never_overwrites_weights(tmp_path):
    weights = tmp_path / "mine.safetensors"
    weights.write_text("a week of work")
    refused = run("train", "digits_net", "--output", str(weights))
    assert refused.returncode == 1
    assert "already exists; name another file with --output" in refused.stderr
    assert weights.read_text() == "a week of work"


def test_predict_inverts_a_dark_digit_on_light_paper(tmp_path):
    digits = datasets.digits().test
    picture = digits.images[digits.labels == 4][0, :, :, 0]
    Image.fromarray((255 - 255 * picture).astype(np.uint8)).save(tmp_path / "paper.png")
    seen = run("predict", "digits_net", "--invert", str(tmp_path / "paper.png"))
    assert seen.stdout.split(": ")[1].startswith("4 (")


@pytest.fixture
def gradient(tmp_path):
    path = tmp_path / "gradient.png"
    Image.fromarray(np.arange(0, 256, 16, np.uint8).reshape(4, 4)).save(path)
    return path


def save_network(path, *layers):
    checkpoints.save(Network(Sequential(layers, input_shape=(4, 4, 1)), seed=0), path)
    return path


def test_predict_takes_the_softmax_once(tmp_path, gradient, capsys):
    said = []
    for name, layers in {
        "scores": [Flatten(), Dense(3)],
        "carried": [Flatten(), Dense(3, activation="softmax")],
        "layer": [Flatten(), Dense(3), Softmax()],
    }.items():
        weights = save_network(tmp_path / f"{name}.safetensors", *layers)
        assert cli.main(["predict", str(weights), str(gradient)]) == 0
        said.append(capsys.readouterr().out)
    pixels = np.arange(0, 256, 16) / 255
    network = checkpoints.load(tmp_path / "scores.safetensors")
    scores = pixels @ network.parameters["dense_1.weights"]
    shares = np.exp(scores) / np.exp(scores).sum()
    assert f"{shares.argmax()} ({100 * shares.max():.1f} %)" in said[0]
    assert said[0] == said[1] == said[2]


def test_predict_names_a_bad_file_and_tries_the_rest(tmp_path, gradient, capsys):
    weights = save_network(tmp_path / "net.safetensors", Flatten(), Dense(3))
    (tmp_path / "bad.png").write_bytes(gradient.read_bytes()[:40])
    files = [gradient, tmp_path / "bad.png", tmp_path / "none.png", gradient]
    assert cli.main(["predict", str(weights), *map(str, files)]) == 1
    said = capsys.readouterr()
    assert [line.split(": ")[0] for line in said.out.splitlines()] == [str(gradient)] * 2
    bad, none = said.err.splitlines()
    assert bad.startswith(f"cnnlab predict: {files[1]}: this PNG picture is damaged")
    assert none.startswith(f"cnnlab predict: {files[2]}: there is no file")


@pytest.mark.parametrize(
    ("layers", "numbers"),
    [([Conv2D(2, 3)], "2x2x2"), ([Flatten(), Dense(1, activation="sigmoid")], "1")],
)
def test_predict_says_that_a_network_gives_no_score_for_each_class(
    tmp_path, gradient, capsys, layers, numbers
):
    weights = save_network(tmp_path / "net.safetensors", *layers)
    assert cli.main(["predict", str(weights), str(gradient)]) == 1
    assert f"gives {numbers} numbers for a picture, not a score for each" in capsys.readouterr().err
