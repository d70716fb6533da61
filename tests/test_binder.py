"""The Binder image: its build steps, replayed in a fresh environment, give a course that runs."""

import os
import re
import subprocess
import venv
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
BINDER = ROOT / "binder"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Binder images run Linux")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The files of this checkout, as Binder would clone them."""
    folder = tmp_path_factory.mktemp("image") / "cnnlab"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(listed, cwd=ROOT, text=True).split("\0")
    for name in filter(None, names):
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
            target.chmod(source.stat().st_mode)
    return folder


@pytest.fixture(scope="module")
def image(checkout):
    """The environment variables of a session in the image that the build steps made."""
    environment = checkout.parent / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    own = ("NUMBA", "PYTHON", "VIRTUAL")
    session = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    session |= {"PATH": f"{environment / 'bin'}:{os.environ['PATH']}", "HOME": str(checkout.parent)}
    install = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "-r",
        checkout / "binder/requirements.txt",
    ]
    for step in (install, [checkout / "binder" / "postBuild"]):
        done = subprocess.run(
            step, cwd=checkout, env=session, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return session


def test_the_image_asks_for_a_python_the_package_supports():
    name, version = (BINDER / "runtime.txt").read_text().strip().split("-")
    assert name == "python"
    assert version.count(".") == 1  # a patch version is refused there
    assert tuple(map(int, version.split("."))) >= (3, 11)


def test_a_cluster_gives_a_learner_what_the_lab_machine_gives():
    values = yaml.safe_load((BINDER / "values.yaml").read_text())
    config = (BINDER / "jupyterhub_config.py").read_text()
    learner, hub = values["singleuser"], values["hub"]["config"]
    assert f'mem_limit = "{learner["memory"]["limit"]}"' in config
    assert f"cpu_limit = {learner['cpu']['limit']:.1f}" in config
    assert hub["JupyterHub"]["authenticator_class"] in config
    assert hub["FirstUseAuthenticator"]["create_users"] is False
    assert not hub["Authenticator"]["allow_all"]
    pattern = hub["Authenticator"]["username_pattern"]
    assert f'username_pattern = r"{pattern}"' in config
    assert [name for name in ("ada-1", "a_b", "ada\n", "a;b") if re.match(pattern, name)] == [
        "ada-1"
    ]
    assert learner["cmd"][0].endswith("binder/start")
    assert "nbgitpuller==" in (BINDER / "requirements.txt").read_text()


def test_the_page_sets_up_a_lab_machine_in_fewer_than_ten_commands():
    page = (ROOT / "notebooks" / "instructor" / "README.md").read_text()
    commands = page.split("<!-- lab machine -->")[1].split("```")[1].splitlines()[1:]
    assert 5 < len(commands) < 10
    for unit in ("jupyterhub.service", "jupyterhub-proxy.service"):
        assert f"/srv/cnnlab/course/binder/{unit}" in commands[-1]
        assert "ExecStart=" in (BINDER / unit).read_text()


@pytest.mark.needs("network")
def test_a_lesson_runs_in_the_image_and_finds_its_kernels_compiled(checkout, image):
    notebook = checkout / "notebooks" / "01_filters.ipynb"
    lesson = [checkout / "binder" / "start", "jupyter", "execute", "--timeout=120", notebook]
    ran = subprocess.run(
        lesson, cwd=checkout, env=image, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    again = [checkout / "binder" / "start", "cnnlab", "warm"]
    output = subprocess.check_output(again, cwd=checkout, env=image, text=True)
    assert output.strip() == "everything was compiled already"
