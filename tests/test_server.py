"""The server extension: active in a real server, and the socket option really set."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from tornado.websocket import WebSocketHandler

from cnnlab import server

# A server as `jupyter lab` starts it, asked from inside: the option is read off its own socket, and
# what is said of a cell, of a widget's short message and of a long one comes from its own kernel.
PROBE = """
import asyncio, json, socket, uuid
from cnnlab import server
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import websocket_connect

app = ServerApp()
app.initialize(["--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root",
    "--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", "--ServerApp.log_level=40"])
usual, gone, seen = ZMQChannelsWebsocketConnection, [], {"late": False}
connect, handle = usual.connect, usual.handle_outgoing_message

TARGET = '''
import time
from comm import get_comm_manager

def opened(comm, message):
    @comm.on_msg
    def answer(message):
        time.sleep(message["content"]["data"]["seconds"])
        comm.send("done")

get_comm_manager().register_target("probe", opened)
'''

def noting(self):
    stream = self.websocket_handler.ws_connection.stream
    option = stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    seen.update(connection=type(self).__name__, option=option)
    return connect(self)

def watching(*message):
    seen["late"] = seen["late"] or bool(gone)
    return handle(*message)

usual.connect, usual.handle_outgoing_message = noting, watching

async def send(page, kind, **content):
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "probe", "username": "",
        "date": "2026-01-01T00:00:00Z", "version": "5.3"}
    await page.write_message(json.dumps({"header": header, "parent_header": {}, "metadata": {},
        "content": content, "channel": "shell", "buffers": []}))
    return header

async def said_of(page, kind, **content):
    header, said = await send(page, kind, **content), []
    while said[-1:] != ["idle"]:
        message = json.loads(await page.read_message())
        if message["channel"] == "iopub" and message["parent_header"]["msg_id"] == header["msg_id"]:
            said.append(message["content"].get("execution_state", message["msg_type"]))
    return said

async def probe():
    try:
        address = f"127.0.0.1:{app.port}"
        kernels, ask = f"http://{address}/api/kernels", AsyncHTTPClient().fetch
        answer = await ask(kernels, method="POST", body="{}")
        kernel = json.loads(answer.body)["id"]
        page = await websocket_connect(f"ws://{address}/api/kernels/{kernel}/channels")
        seen["cell"] = await said_of(page, "execute_request", code=TARGET, silent=False)
        await said_of(page, "comm_open", comm_id="1", target_name="probe", data={})
        for name, seconds, quiet in [("short", 0, 30), ("long", 1, 0.1), ("again", 0, 30)]:
            server.QUIET = quiet
            seen[name] = await said_of(page, "comm_msg", comm_id="1", data={"seconds": seconds})

        server.QUIET = 0.5
        await send(page, "comm_msg", comm_id="1", data={"seconds": 2})
        await asyncio.sleep(0.3)  # time for "busy" to arrive
        page.close()
        await page.read_message()  # the answer to closing
        gone.append(page)
        await asyncio.sleep(0.6)
        await app.kernel_manager.shutdown_kernel(kernel, now=True)
    finally:
        app.stop()

app.io_loop.add_callback(probe)
app.start()
print(json.dumps(seen))
"""
CELL = ["busy", "execute_input", "idle"]
ANSWER = ["busy", "comm_msg", "idle"]


def start_server(folder: Path) -> dict[str, object]:
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    environment = dict.fromkeys(folders, str(folder))
    run = subprocess.run(
        [sys.executable, "-c", PROBE],
        env={**os.environ, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    found: dict[str, object] = json.loads(run.stdout.splitlines()[-1])
    return found


def test_a_real_server_sends_at_once_and_keeps_a_widgets_moments_to_itself(tmp_path: Path) -> None:
    assert start_server(tmp_path) == {
        "connection": "QuickConnection",
        "option": 1,
        "cell": CELL,
        "short": ["comm_msg", "idle"],
        "long": ANSWER,
        "again": ["comm_msg", "idle"],
        "late": False,  # what was held is not sent to a page that has gone
    }


def test_without_the_extension_a_server_does_neither(tmp_path: Path) -> None:
    switch = tmp_path / "jupyter_server_config.json"
    switch.write_text(json.dumps({"ServerApp": {"jpserver_extensions": {"cnnlab.server": False}}}))
    found = start_server(tmp_path)
    assert found == {
        "connection": "ZMQChannelsWebsocketConnection",
        "option": 0,
        "cell": CELL,
        "short": ANSWER,
        "long": ANSWER,
        "again": ANSWER,
        "late": False,
    }


def test_the_file_that_is_installed_switches_the_extension_on() -> None:
    path = Path(server.__file__).parent / "jupyter" / "jupyter_server_config.d" / "cnnlab.json"
    assert json.loads(path.read_text()) == {
        "ServerApp": {"jpserver_extensions": {"cnnlab.server": True}}
    }


@pytest.mark.parametrize("chosen", [WebSocketHandler, ZMQChannelsWebsocketConnection])
def test_only_the_usual_connection_is_replaced(chosen: type) -> None:
    settings = {"kernel_websocket_connection_class": chosen}
    app = SimpleNamespace(
        web_app=SimpleNamespace(settings=settings), log=logging.getLogger("cnnlab")
    )
    server._load_jupyter_server_extension(app)
    usual = chosen is ZMQChannelsWebsocketConnection
    assert settings["kernel_websocket_connection_class"] is (
        server.QuickConnection if usual else chosen
    )
