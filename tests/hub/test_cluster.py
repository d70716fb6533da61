"""A class on a cluster: the pods that the real spawner asks for, and their folders mounted here.

There is no Kubernetes. What it does for a pod, a folder of a volume mounted into it, is done with
bind mounts; how the chart hands `values.yaml` to the spawner is written down below.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from tests.hub.lab import ROOT, _opening

VALUES = yaml.safe_load((ROOT / "binder" / "values.yaml").read_text())
LEARNER = VALUES["singleuser"]
HOME = LEARNER["storage"]["homeMountPath"]
BOARD = LEARNER["extraEnv"]["CNNLAB_BOARD"]
SHARE = "from cnnlab import exercises\nprint(exercises.share({!r}))"
ANSWER = "from cnnlab.exercises import filters as lesson\nlesson.map_size.commit(2)\n"
SHOW = "from cnnlab.classroom import board\nprint(board.read())"


@pytest.fixture(scope="module")
def pod():
    """A function that gives the pod of somebody's server, as Kubernetes would get it."""
    pytest.importorskip("kubespawner", reason='no KubeSpawner; get it: pip install -e ".[peers]"')
    from kubernetes_asyncio.client import ApiClient
    from kubespawner import KubeSpawner, spawner
    from traitlets.config import Config

    config = Config()
    for name, section in VALUES["hub"]["config"].items():
        config[name].update(section)
    config.Authenticator.admin_users = ["teacher"]
    config.KubeSpawner.update(
        image="{name}:{tag}".format(**LEARNER["image"]),
        cmd=LEARNER["cmd"],
        environment=LEARNER["extraEnv"],
        init_containers=LEARNER["initContainers"],
        mem_limit=LEARNER["memory"]["limit"],
        uid=1000,  # this and what follows are what the chart has where nobody says otherwise
        fs_gid=100,
        volumes=[
            {"name": "home", "persistentVolumeClaim": {"claimName": "claim-{username}"}},
            *LEARNER["storage"]["extraVolumes"],
        ],
        volume_mounts=[
            {"name": "home", "mountPath": HOME},
            *LEARNER["storage"]["extraVolumeMounts"],
        ],
    )
    exec(VALUES["hub"]["extraConfig"]["board"], {"c": config})  # noqa: S102 - as the chart does

    def made(name):
        user = SimpleNamespace(
            name=name, escaped_name=name, url=f"/user/{name}/", id=1, settings={}
        )

        async def asked():
            asking = KubeSpawner(user=user, config=config, _mock=True)
            model = asking.modify_pod_hook(asking, await asking.get_pod_manifest())
            async with ApiClient() as client:
                return client.sanitize_for_serialization(model)["spec"]

        return asyncio.run(asked())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spawner, "load_config", lambda **_: None)  # there is nothing to connect to
        patch.setattr(spawner, "shared_client", lambda _: None)
        yield made


@pytest.fixture
def cluster(pod, tmp_path):
    """A function that runs Python in somebody's server; the volume is an attribute of it."""
    if not shutil.which("unshare") or os.geteuid() != 0:
        pytest.skip("mounts need root and util-linux; run as root")
    volume = tmp_path / "volume"
    volume.mkdir()

    def run(name, code):
        asked = pod(name)
        home = tmp_path / f"home-{name}"
        home.mkdir(exist_ok=True)
        os.chown(home, 1000, 1000)
        for one in asked["initContainers"]:
            inside(
                one["volumeMounts"], ["env", "-i", f"PATH={os.environ['PATH']}", *one["command"]]
            )
        (server,) = asked["containers"]
        settings = {one["name"]: one["value"] for one in server["env"] if "CNNLAB" in one["name"]}
        settings |= {"CNNLAB_HOME": "/srv/home", "HOME": "/srv/home", "PYTHONPATH": str(ROOT)}
        account = server["securityContext"]["runAsUser"]
        group = asked["securityContext"]["fsGroup"]
        return inside(
            [one for one in server["volumeMounts"] if one["name"] == "board"],
            ["setpriv", f"--reuid={account}", "--regid=1000", f"--groups={group}",
             "env", "-i", *(f"{key}={value}" for key, value in settings.items()),
             sys.executable, "-c", code],
            home,
        )  # fmt: skip

    def inside(mounts, command, home=volume):
        lines = ["set -e", _opening(tmp_path / "aside"), "mount -t tmpfs tmpfs /srv"]
        lines += ["mkdir /srv/home", f"mount --bind {home} /srv/home"]
        for one in mounts:
            folder, place = volume / (one.get("subPath") or ""), one["mountPath"]
            folder.mkdir(exist_ok=True)  # whose it is then, the init container has to put right
            lines += [f"mkdir -p {place}", f"mount --bind {folder} {place}"]
            lines += [f"mount -o remount,bind,ro {place}"] if one.get("readOnly") else []
        script = "\n".join([*lines, 'cd / && exec "$@"'])
        done = subprocess.run(
            ["unshare", "--mount", "--propagation=private", "sh", "-c", script, "sh", *command],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return done.stdout + done.stderr

    run.volume = volume
    return run


def tried(action):
    """Write the code that tries something; it prints what it got, or the name of the error."""
    return (
        "import os, pathlib\n"
        f"try: print('got', {action})\nexcept OSError as error: print(type(error).__name__)"
    )


def board_of(asked):
    """Give what a pod's server has of the volume: the folder, whether to read, what names it."""
    (server,) = asked["containers"]
    (mount,) = [one for one in server["volumeMounts"] if one["name"] == "board"]
    names = [one["name"] for one in server["env"] if one["name"].startswith("CNNLAB")]
    return mount.get("subPath"), mount.get("readOnly", False), names


def test_a_learner_has_a_folder_of_the_volume_and_an_instructor_the_whole_to_read(pod):
    assert board_of(pod("ada")) == ("ada", False, ["CNNLAB_BOARD"])
    assert board_of(pod("bob")) == ("bob", False, ["CNNLAB_BOARD"])
    assert board_of(pod("teacher")) == (None, True, ["CNNLAB_CLASS"])
    assert board_of(pod("ada")) == ("ada", False, ["CNNLAB_BOARD"])  # after a teacher's, too
    (volume,) = [one for one in pod("ada")["volumes"] if one["name"] == "board"]
    claim = yaml.safe_load((ROOT / "binder" / "board.yaml").read_text())
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]


def test_no_two_names_have_one_folder(pod):
    names = ["a", "a-", "a--b", "a-b", "ada", "ada-1", "x" * 31]
    assert len({board_of(pod(name))[0] for name in names}) == len(names)


def test_a_server_begins_in_the_home_that_stays_and_its_learner_is_never_root(pod):
    (server,) = pod("ada")["containers"]
    assert server["workingDir"] == HOME
    assert server["args"][:2] == LEARNER["cmd"]
    assert server["securityContext"] == {"runAsUser": 1000, "allowPrivilegeEscalation": False}
    assert server["resources"]["limits"]["memory"] == 2**30


def test_what_is_shared_reaches_the_instructor_until_it_is_not(cluster):
    assert "under your name" in cluster("ada", ANSWER + SHARE.format("on"))
    said = cluster("bob", SHARE.format("anonymous"))
    rows = cluster("teacher", SHOW)
    assert "ada      01 map size (prediction)" in rows
    assert "bob" not in rows
    assert said.split(": that is you")[0].split()[-2] in rows
    cluster("ada", SHARE.format("off"))
    assert "ada" not in cluster("teacher", SHOW)
    assert list((cluster.volume / "ada").iterdir()) == []


def test_nobody_writes_or_reads_in_the_name_of_another(cluster):
    for name in ("ada", "bob"):
        cluster(name, ANSWER + SHARE.format("on"))
    seen = cluster("ada", tried(f"os.listdir({BOARD!r}), os.listdir({str(Path(BOARD).parent)!r})"))
    assert "['summary.json']" in seen
    assert "bob" not in seen
    assert "bob" not in cluster("ada", tried("open('/proc/self/mountinfo').read()"))
    for action in (f"open({BOARD + '/ada/summary.json'!r}, 'a')", f"os.mkdir({BOARD + '/eve'!r})"):
        assert cluster("teacher", tried(action)).strip() == "OSError", action  # read-only
    # What leads from her folder to his leads nowhere with her, and the board does not follow it.
    link = f"os.unlink({BOARD + '/summary.json'!r}), os.symlink('../bob/summary.json', "
    assert "got" in cluster("ada", tried(link + f"{BOARD + '/summary.json'!r})"))
    opened = cluster("ada", tried(f"open({BOARD + '/summary.json'!r}).read()"))
    assert opened.strip() == "FileNotFoundError"
    rows = cluster("teacher", SHOW)
    assert "bob" in rows
    assert "ada" not in rows
