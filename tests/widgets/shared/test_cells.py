"""What a cell showed gives its memory back when the cell runs again, in a real kernel."""

import pytest
from jupyter_client.manager import start_new_kernel

START = """
import gc, psutil
from cnnlab import images, widgets

def megabytes():
    gc.collect()
    print(psutil.Process().memory_info().rss / 1e6)
"""
LAB = "lab = widgets.FilterLab('camera', filter='sobel_x')\nlab.output.mean()\nlab"
KEPT = "print(lab._output is not None)"


@pytest.fixture(scope="module")
def run():
    """Run code as a cell of JupyterLab; returns what it printed."""
    manager, client = start_new_kernel(kernel_name="python3")

    def run_one(code, cell):
        content = {"code": code, "silent": False, "store_history": True}
        message = client.session.msg("execute_request", content, metadata={"cellId": cell})
        client.shell_channel.send(message)
        printed = ""
        while True:
            heard = client.get_iopub_msg(timeout=60)
            if heard["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            assert heard["msg_type"] != "error", heard["content"]["traceback"]
            if heard["msg_type"] == "stream":
                printed += heard["content"]["text"]
            if heard["content"].get("execution_state") == "idle":
                return printed

    run_one(START, "start")
    yield run_one
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_a_cell_that_runs_25_times_keeps_one_picture(run):
    """58 MB where each keeps its picture and its map; 5 MB of what IPython and traitlets keep."""
    for _ in range(3):
        run(LAB, "lab")
    before = float(run("megabytes()", "measure"))
    for _ in range(25):
        run(LAB, "lab")
    assert float(run("megabytes()", "measure")) - before < 12


def test_what_another_cell_shows_rests_only_when_that_runs_too(
    run,
):
    run(LAB, "made")
    run("lab", "second")
    run("old = lab\n'the cell shows something else now'", "made")
    assert run(KEPT, "ask") == "True\n"
    run("1", "second")
    assert run(KEPT, "ask") == "False\n"


def test_what_rests_goes_on_when_it_is_asked(run):
    run(LAB, "made")
    run("1", "made")
    assert run(KEPT, "ask") == "False\n"
    assert run("print(lab.output.shape)", "ask") == "(510, 510)\n"
