"""The house as a whole: who imports whom, what importing costs, what stands at the top."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_floor_imports_only_from_the_floors_below():
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_house_in_contributing_is_the_one_the_linter_holds():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = [set(layer.split(" | ")) for layer in contracts["contracts"][0]["layers"]]
    house = (ROOT / "CONTRIBUTING.md").read_text().split("## The house")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in house.splitlines() if line.startswith("| `")]
    assert [set(re.findall(r"`(\w+)/?`", row)) for row in rows] == layers


def test_importing_the_package_loads_neither_numba_nor_numpy_nor_matplotlib():
    code = (
        "import cnnlab, sys; print(sorted(sys.modules.keys() & {'numpy', 'numba', 'matplotlib'}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_every_lazy_name_of_the_package_can_be_reached():
    code = "import cnnlab; [getattr(cnnlab, name) for name in cnnlab.__all__]"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_name_that_is_not_there_is_refused_with_those_that_are():
    code = "import cnnlab; cnnlab.tensors"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "no attribute 'tensors'; try one of" in run.stderr


def test_every_dependency_is_justified_in_contributing():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *(line for extra in extras.values() for line in extra)]
    rows = [
        line.split("|")[1]
        for line in (ROOT / "CONTRIBUTING.md").read_text().splitlines()
        if line.startswith("|")
    ]
    justified = {name.split(" ")[0] for row in rows for name in row.strip().split(", ")}
    names = {re.split("[>=;]", line)[0] for line in needed if not line.startswith("cnnlab")}
    assert names <= justified, names - justified


def test_binder_pins_what_the_package_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {line.split(">")[0] for line in project["dependencies"]}
    pins = [
        line
        for line in (ROOT / "binder" / "requirements.txt").read_text().splitlines()
        if line[0] != "#"
    ]
    assert needed <= {line.split("==")[0] for line in pins if "==" in line}
