"""JupyterHub for one lab machine: accounts by list, private homes, limits, one shared course.

Set up as notebooks/instructor/README.md says; started as root, as JupyterHub starts each learner's
server under an account of their own. What is kept of the hub is below one folder, ``CNNLAB_HUB``:

    course/           a clone of the course, which learners pull from and cannot write
    learners.txt      who may come in, a name a line
    instructors.txt   who may stop and start servers as well
    homes/            one folder a learner, for nobody else to read
    board/            one folder a learner, for the instructors to read: what the learner shares
    state/            the hub's own: accounts, passwords (hashed), tokens
    tls/              key.pem and cert.pem, if the machine is reached over a network
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

HUB = Path(os.environ.get("CNNLAB_HUB", "/srv/cnnlab"))
HOMES, STATE, COURSE, BOARD = (HUB / name for name in ("homes", "state", "course", "board"))
INSTRUCTORS = "cnnlab-instructors"  # a group of this machine
EXCHANGE = Path("/usr/local/share/nbgrader/exchange")  # where nbgrader looks by itself
SOCKETS = Path("/run/cnnlab")  # of kernels; the path of a socket has to be short
BIN = Path(sys.executable).parent
SERVER = [str(BIN / "jupyterhub-singleuser")]
SYSTEMD = Path("/run/systemd/system").is_dir()
FIRST = "notebooks/00_start_here.ipynb"

c = get_config()  # noqa: F821 - JupyterHub reads this file

for folder, mode in ((HOMES, 0o711), (SOCKETS, 0o711), (STATE, 0o700), (EXCHANGE, 0o1777)):
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(mode)  # 1777: all may hand in, nobody may move what another has handed in
subprocess.run(["groupadd", "--force", "--system", INSTRUCTORS], check=True)
BOARD.mkdir(exist_ok=True)
shutil.chown(BOARD, "root", INSTRUCTORS)
BOARD.chmod(0o751)  # learners find their own folder in it, and cannot list the others


# -- who may come in ----------------------------------------------------------------------------


def names(file):
    """Read a list of names; a # begins a remark."""
    lines = file.read_text().splitlines() if file.exists() else []
    return {word for line in lines for word in line.partition("#")[0].lower().split()}


instructors = names(HUB / "instructors.txt")
c.JupyterHub.authenticator_class = "firstuseauthenticator.FirstUseAuthenticator"
c.FirstUseAuthenticator.create_users = False  # the first password of a name on the list is its own
c.FirstUseAuthenticator.dbm_path = str(STATE / "passwords.dbm")
c.Authenticator.allowed_users = names(HUB / "learners.txt") | instructors
c.Authenticator.allow_all = False
c.Authenticator.admin_users = instructors
c.Authenticator.username_pattern = r"[a-z][a-z0-9-]{0,30}\Z"  # the hub looks from the left
c.Authenticator.delete_invalid_users = False  # who is taken off the list keeps what they have made
c.JupyterHub.admin_access = False  # an instructor sees what is handed in, not what is written


def prepare(spawner):
    """Give a learner an account and a home before the first start."""
    name = spawner.user.name
    try:
        home = Path(pwd.getpwnam(name).pw_dir)
    except KeyError:
        home = HOMES / name
        add = ["useradd", "--create-home", "--home-dir", home, "--shell", "/bin/bash", name]
        subprocess.run(add, check=True)
    if home.parent != HOMES:
        raise RuntimeError(f"{name} is an account of this machine; put another name on the list")
    home.chmod(0o700)
    sockets = SOCKETS / name
    sockets.mkdir(exist_ok=True)
    shutil.chown(sockets, name, name)
    sockets.chmod(0o700)
    spawner.environment["JUPYTER_RUNTIME_DIR"] = str(sockets)
    # Who has left the list is no instructor any more; that they were none is no failure.
    change = "--add" if name in instructors else "--delete"
    subprocess.run(["gpasswd", change, name, INSTRUCTORS], check=name in instructors)
    if name in instructors:  # who sees the class board, has a terminal, and grades
        spawner.environment["CNNLAB_CLASS"] = str(BOARD)
        spawner.environment["JUPYTER_CONFIG_PATH"] = settings_of("instructor")
        spawner.args = [word for word in spawner.args if "terminals" not in word]
        spawner.mem_limit = "4G"  # a submission in its sandbox may take 2
    else:
        shared = BOARD / name
        shared.mkdir(exist_ok=True)
        shutil.chown(shared, name, INSTRUCTORS)
        shared.chmod(0o2750)  # what is written into it is the group's to read as well
        spawner.environment["CNNLAB_BOARD"] = str(shared)
    if not SYSTEMD:  # such as in a container: limits of each process
        data = f"--data={spawner.mem_limit}"
        spawner.cmd = ["prlimit", data, "--nproc=400", "--core=0", *SERVER]


# -- what a learner gets ------------------------------------------------------------------------


def settings_of(whom):
    """Name the folders with settings of a learner's or an instructor's server."""
    return os.pathsep.join(str(COURSE / "binder" / folder) for folder in (whom, "lab"))


c.Spawner.pre_spawn_hook = prepare
c.Spawner.cmd = SERVER
c.Spawner.args = [
    "--KernelManager.transport=ipc",  # sockets in a folder of the learner's: no port others reach
    "--ServerApp.terminals_enabled=False",
    "--MappingKernelManager.cull_idle_timeout=3600",  # a page left open overnight frees its kernel
    "--MappingKernelManager.cull_connected=True",
]
head = subprocess.run(
    ["git", "-c", f"safe.directory={COURSE}", "-C", COURSE, "symbolic-ref", "--short", "HEAD"],
    capture_output=True, text=True, check=False,
)  # fmt: skip
branch = head.stdout.strip() or "main"
# The link pulls the course into the learner's home. What they have changed stays as it is: see
# .gitattributes, and tests/hub/test_pulling.py.
c.Spawner.default_url = (
    f"/git-pull?repo={COURSE}&branch={branch}&targetpath=course&urlpath=lab/tree/course/{FIRST}"
)
c.Spawner.environment = {
    "NUMBA_NUM_THREADS": "1",  # a class shares the processors
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "JUPYTER_CONFIG_PATH": settings_of("learner"),  # leaves out what no lesson needs
    "GIT_CONFIG_SYSTEM": str(COURSE / "binder" / "gitconfig"),
    "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
}
c.Spawner.env_keep = ["LANG", "LC_ALL", "TZ"]
c.Spawner.mem_limit = "1G"
c.Spawner.cpu_limit = 1.0
c.Spawner.start_timeout = c.Spawner.http_timeout = 120  # a whole class comes in at once
c.JupyterHub.concurrent_spawn_limit = 4
c.JupyterHub.active_server_limit = int(os.environ.get("CNNLAB_SEATS", "0"))

if SYSTEMD:  # limits of a whole server and its kernels, by the system's control groups
    c.JupyterHub.spawner_class = "systemdspawner.SystemdSpawner"
    c.SystemdSpawner.isolate_tmp = c.SystemdSpawner.isolate_devices = True
    c.SystemdSpawner.disable_user_sudo = True
    c.SystemdSpawner.unit_extra_properties = {
        "ProtectSystem": "strict",
        "ReadWritePaths": f"{HOMES} {SOCKETS} {EXCHANGE} {BOARD}",
        "InaccessiblePaths": str(STATE),
        "TasksMax": "200",
    }
else:
    c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"


# -- the hub itself -----------------------------------------------------------------------------

c.JupyterHub.db_url = f"sqlite:///{STATE / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")
c.JupyterHub.cleanup_servers = False  # learners go on while the hub is started anew
# A proxy that runs by itself, as binder/jupyterhub-proxy.service has it, keeps them connected too.
c.ConfigurableHTTPProxy.should_start = "CONFIGPROXY_AUTH_TOKEN" not in os.environ
if (HUB / "tls" / "key.pem").exists():
    c.JupyterHub.ssl_key = str(HUB / "tls" / "key.pem")
    c.JupyterHub.ssl_cert = str(HUB / "tls" / "cert.pem")

c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=7200"],
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    }
]
