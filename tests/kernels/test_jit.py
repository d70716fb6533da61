"""The compile cache: what is compiled once stays, what changed is compiled anew."""

import os
import platform
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import cnnlab

FIRST_MAP = """
import numpy as np
from cnnlab import functional as F
from cnnlab.functional import warm

output = F.conv2d(np.ones((1, 8, 9, 2)), np.ones((3, 3, 2, 5)))
assert (output == 18).all()
print(warm.compilations())
"""


def python(script, folder=None, *, home=None, **environment):
    """Run a script in a process of its own; return what it printed."""
    environment = {**os.environ, **environment}
    if folder is not None:
        environment["NUMBA_CACHE_DIR"] = str(folder)
    if home is not None:
        environment |= {"PYTHONPATH": str(home)}
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    return finished.stdout.strip()


@pytest.fixture
def copied(tmp_path):
    """Copy the package, to change it."""
    home = tmp_path / "home"
    shutil.copytree(
        Path(cnnlab.__file__).parent,
        home / "cnnlab",
        ignore=shutil.ignore_patterns("__pycache__", "*.ipynb", "*.npz"),
    )
    return home


def test_a_second_process_compiles_nothing(tmp_path):
    assert python(FIRST_MAP, tmp_path) == "1"
    assert python(FIRST_MAP, tmp_path) == "0"


def test_a_changed_vector_layer_recompiles_what_was_made_from_it(copied, tmp_path):
    cache = tmp_path / "cache"
    assert python(FIRST_MAP, cache, home=copied) == "1"
    other = copied / "cnnlab" / "kernels" / "pooling.py"
    other.write_text(other.read_text() + "\n# convolution does not lean on this\n")
    assert python(FIRST_MAP, cache, home=copied) == "0"
    vector = copied / "cnnlab" / "kernels" / "vector.py"
    stamps = vector.stat()
    changed = vector.read_text().replace("builder.fadd(x, y)", "builder.fadd(y, x)")
    assert changed != vector.read_text()
    vector.write_text(changed)
    os.utime(vector, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))  # dates and sizes do not count
    assert python(FIRST_MAP, cache, home=copied) == "1"


def test_a_touched_file_with_the_same_contents_recompiles_nothing(copied, tmp_path):
    cache = tmp_path / "cache"
    assert python(FIRST_MAP, cache, home=copied) == "1"
    for file in (copied / "cnnlab" / "kernels").glob("*.py"):
        os.utime(file, (0, 0))
    assert python(FIRST_MAP, cache, home=copied) == "0"


# root may write everywhere, so the package is told that it may not
READ_ONLY = """
import os
import platform

access = os.access
os.access = lambda path, mode, **options: mode != os.W_OK and access(path, mode, **options)

from numba.core.caching import IndexDataCacheFile

def refuse(*_arguments):
    raise PermissionError("read-only")

IndexDataCacheFile._open_for_write = refuse
"""


def test_a_read_only_cache_folder_is_read(tmp_path):
    assert python(FIRST_MAP, tmp_path) == "1"
    assert python(READ_ONLY + FIRST_MAP, tmp_path) == "0"


def test_an_empty_read_only_cache_folder_is_no_obstacle_and_makes_no_noise(tmp_path):
    assert python(READ_ONLY + FIRST_MAP, tmp_path) == "1"
    assert not list(tmp_path.rglob("*.nb?"))


def test_a_cache_folder_that_cannot_be_made_is_no_obstacle(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert python(FIRST_MAP, blocked) == "1"


def test_a_broken_cache_is_made_anew(tmp_path):
    assert python(FIRST_MAP, tmp_path) == "1"
    for file in tmp_path.rglob("*.nb?"):
        file.write_bytes(file.read_bytes()[:20])
    assert python(FIRST_MAP, tmp_path) == "1"
    assert python(FIRST_MAP, tmp_path) == "0"


@pytest.mark.parametrize("processor", ["generic", "x86-64-v3"])
def test_kernels_are_right_on_lesser_processors(processor, tmp_path):
    """On the x86 baseline, and with AVX2: other widths, no masked instructions, no fused one."""
    if processor != "generic" and platform.machine() != "x86_64":
        pytest.skip("this processor cannot run x86 code")
    printed = python(
        """
        import numpy as np
        from cnnlab import functional as F
        from cnnlab.kernels.vector import WIDE
        from scipy.signal import correlate

        rng = np.random.default_rng(0)
        for images, filters in [
            ((1, 40, 70, 3), (3, 3, 3, 1)),
            ((1, 12, 13, 5), (2, 3, 5, 7)),
            ((1, 12, 13, 17), (3, 3, 17, 70)),
        ]:
            x, w = rng.standard_normal(images), rng.standard_normal(filters)
            output = F.conv2d(x, w)
            for n in range(filters[3]):
                expected = correlate(x[0], w[..., n], mode="valid")[..., 0]
                assert np.abs(output[0, ..., n] - expected).max() < 1e-4 * np.abs(expected).max()
            if images[3] != 5:  # compiling the ways back takes long: one of them will do
                continue
            g = rng.standard_normal(output.shape)
            to_images, to_filters, to_bias = F.conv2d_backward(g, x, w)
            scale = np.abs(g * output).sum()  # <g, w * x> in three ways
            assert abs((to_images * x).sum() - (g * output).sum()) < 1e-4 * scale
            assert abs((to_filters * w).sum() - (g * output).sum()) < 1e-4 * scale
        print(WIDE.lanes)
        """,
        tmp_path,
        NUMBA_CPU_NAME=processor,
        NUMBA_CPU_FEATURES="",
    )
    if platform.machine() == "x86_64":
        assert printed == {"generic": "8", "x86-64-v3": "16"}[processor]


def test_where_numba_is_told_not_to_compile_it_is_said_and_what_is_advised_helps(tmp_path):
    printed = python(
        """
        import numpy as np
        from cnnlab import functional as F
        from cnnlab.naive import activation

        for attempt in range(2):  # the second is told the same
            try:
                F.relu(np.ones(3))
            except RuntimeError as error:
                print(error)
        print(activation.relu(np.array([-1.0, 2.0])))
        import numba
        numba.config.DISABLE_JIT = False
        """
        + textwrap.indent(FIRST_MAP, 8 * " "),
        tmp_path,
        NUMBA_DISABLE_JIT="1",
    )
    first, second, plain, compiled = printed.splitlines()
    assert first == second
    assert first.startswith("NUMBA_DISABLE_JIT tells Numba not to compile, and the kernels of")
    assert "try numba.config.DISABLE_JIT = False" in first
    assert first.endswith("call cnnlab.naive instead")
    assert (plain, compiled) == ("[0. 2.]", "1")


def test_with_a_warm_cache_nothing_is_left_to_compile(tmp_path):
    script = """
        from cnnlab.functional import warm
        from cnnlab.kernels import _jit

        compiled = warm.warm()
        missing = [kernel.__name__ for kernel in _jit.kernels() if not kernel.signatures]
        print(compiled > 0, missing)
        """
    assert python(script, NUMBA_NUM_THREADS="2") in {"True []", "False []"}
    assert python(script, NUMBA_NUM_THREADS="2") == "False []"


def test_progress_sees_every_step():
    from cnnlab.functional import warm

    seen = []
    warm.warm(lambda steps: (seen.append(step) or step for step in steps))
    assert len(seen) == len(warm._steps()) > 20


def test_the_first_picture_does_not_wait_for_scipy_and_numba_still_finds_it():
    printed = python(
        FIRST_MAP
        + """
import sys
print("scipy.linalg" in sys.modules)

from numba import njit
print(njit(lambda matrix: np.dot(matrix, matrix))(2 * np.eye(2)).trace())
"""
    )
    assert printed.splitlines()[1:] == ["False", "8.0"]
