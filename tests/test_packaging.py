"""The wheel: what is installed is what a learner needs."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def python_of(environment):
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A fresh environment with the wheel in it; its dependencies are lent by the present one."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, with_pip=False, symlinks=os.name != "nt")
    python = python_of(environment)
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.check_output([python, "-c", code], text=True).strip())
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--quiet", wheel],
        check=True, capture_output=True,
    )  # fmt: skip
    return environment


def test_the_wheel_holds_notebooks_front_end_and_server_switch(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"cnnlab/notebooks/00_start_here.ipynb", "cnnlab/notebooks/01_filters.ipynb"} <= names
    assert "cnnlab/jupyter/present/cnnlab-present/static/remoteEntry.js" in names
    assert not any("instructor" in name for name in names)  # a learner's folder is filled from it
    assert {
        "cnnlab/widgets/filter_lab.js",
        "cnnlab/widgets/page/dom.js",
        "cnnlab/py.typed",
    } <= names
    assert any(name.endswith("etc/jupyter/jupyter_server_config.d/cnnlab.json") for name in names)
    saves = "share/jupyter/lab/settings/overrides.d/cnnlab.json"  # the state of widgets
    assert any(name.endswith(saves) for name in names)
    assert not any("test" in Path(name).parts[0] for name in names)


def test_the_installed_wheel_fills_a_folder_from_its_own_notebooks(installed, tmp_path):
    code = (
        "import sys; from pathlib import Path; from cnnlab import workspace;"
        "print(workspace.shipped_notebooks()); print(*workspace.fill(Path(sys.argv[1])).added)"
    )
    output = subprocess.check_output(
        [python_of(installed), "-c", code, tmp_path / "mine"], cwd=tmp_path, text=True
    )
    source, added = output.splitlines()
    assert Path(source).is_relative_to(installed)
    assert "00_start_here.ipynb 01_filters.ipynb" in added
    assert (tmp_path / "mine" / "01_filters.ipynb").is_file()


def test_the_installed_wheel_computes_a_feature_map(installed, tmp_path):
    code = (
        "from cnnlab import filters, images;"
        "print(filters.apply(images.sample('camera'), filters.CATALOGUE['sobel_x']).shape)"
    )
    output = subprocess.check_output([python_of(installed), "-c", code], cwd=tmp_path, text=True)
    assert output.strip() == "(510, 510)"
