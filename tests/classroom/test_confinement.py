"""What a submission can do on the grader's machine: compute, and nothing else."""

import os
import resource
import socket
from pathlib import Path

import nbformat
import pytest

from cnnlab.classroom.confinement import confined
from cnnlab.classroom.examination import Examination
from cnnlab.errors import DataError

pytestmark = pytest.mark.needs("bubblewrap")


def examined(tmp_path, *cells, **limits):
    """Run cells as a submission; returns what each showed, an error as its last line."""
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    work = tmp_path / "submission"
    work.mkdir(exist_ok=True)
    run = Examination(**{"timeout": 30, **limits})
    book, _ = run.preprocess(book, {"metadata": {"path": str(work)}})
    return ["".join(map(_said, cell.outputs)).strip() for cell in book.cells]


def _said(output):
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    return output.get("text") or output.data["text/plain"]


def test_a_submission_computes_with_the_course(tmp_path):
    said = examined(
        tmp_path,
        "from cnnlab import filters, images",
        "filters.apply(images.sample('camera'), filters.CATALOGUE['sobel_x']).shape",
        "import os; os.getcwd()",
    )
    assert said == ["", "(510, 510)", repr(str(tmp_path / "submission"))]


def test_a_submission_reaches_no_network_not_even_of_its_own_machine(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = examined(
            tmp_path,
            f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=3)",
            "socket.create_connection(('192.0.2.1', 80), timeout=3)",
            "print(open('/proc/net/dev').read().count(':'))",
        )
        with socket.create_connection(("127.0.0.1", port), timeout=3):
            pass  # it was there to be reached
    assert said[0].startswith("ConnectionRefusedError")
    assert said[1].startswith("OSError")
    assert said[2] == "1"  # its own loopback


def test_a_submission_sees_neither_files_nor_processes_nor_secrets_of_the_grader(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "known to the grader alone")
    gradebook = tmp_path / "gradebook.db"
    gradebook.write_text("marks")
    said = examined(
        tmp_path,
        f"open({str(gradebook)!r}).read()",
        f"import os; os.listdir({str(Path.home())!r})",
        "'JUPYTERHUB_API_TOKEN' in os.environ",
        "len([one for one in os.listdir('/proc') if one.isdigit()]) < 6",
        "open('left-behind.txt', 'w')",
        "open('/usr/left-behind.txt', 'w')",
        "open('/tmp/own.txt', 'w').write('x')",
    )
    assert said[0].startswith("FileNotFoundError")
    assert said[1].startswith("FileNotFoundError") or "progress" not in said[1]
    assert said[2:4] == ["False", "True"]
    assert said[4].startswith("OSError: [Errno 30]")
    assert said[5].startswith("OSError: [Errno 30]") or said[5].startswith("PermissionError")
    assert said[6] == "1"
    assert not Path("/tmp/own.txt").exists()  # noqa: S108 - outside, where it must not be


def test_a_submission_that_wants_all_the_memory_gets_an_error_and_goes_on(tmp_path):
    said = examined(tmp_path, "rows = bytearray(8_000_000_000)", "1 + 1")
    assert said == ["MemoryError:", "2"]


def test_a_submission_that_fills_the_disk_is_stopped(tmp_path):
    code = (
        "with open('/tmp/large', 'wb') as file:\n    for _ in range(600): file.write(bytes(10**6))"
    )
    said = examined(tmp_path, code, "1 + 1")
    assert said[0].startswith("OSError")
    assert said[1] == "2"


def test_a_cell_without_an_end_or_one_that_kills_the_kernel_leaves_the_others_their_marks(tmp_path):
    forever = "while True:\n    try:\n        while True: pass\n    except KeyboardInterrupt: pass"
    said = examined(
        tmp_path, "a = 1", forever, "b = a + 1", "import os; os._exit(1)", "print(a, b)", timeout=5
    )
    assert said[1] == "Timeout: This cell did not come to an end within 5 seconds."
    assert said[3].startswith("DeadKernel: This cell ended the kernel")
    assert said[4] == "1 2"


def test_a_flood_of_output_is_cut_and_the_time_of_a_notebook_is_limited(tmp_path):
    flood = "while True: print('x' * 100_000)"
    said = examined(tmp_path, flood, "1 + 1", timeout=5, characters=200_000, longest=1)
    assert len(said[0]) < 400_000
    assert said[1] == "Timeout: The notebook took longer than 1 seconds."


def test_a_limit_that_holds_for_the_grader_already_is_not_raised(tmp_path, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (300, 300))
    command = confined(["true"], shared=tmp_path, work=tmp_path, memory=2_000, seconds=200)
    assert {"--nproc=300", "--data=300", "--cpu=200"} <= set(command)


def test_where_the_sandbox_is_missing_nothing_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(DataError, match="bwrap and prlimit cannot be found; try: apt install"):
        confined(["true"], shared=tmp_path, work=tmp_path, memory=1, seconds=1)
