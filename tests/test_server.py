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
from cnnlab.widget_state import tidy_saved

# A server as `jupyter lab` starts it, asked from inside: the option is read off its own socket, and
# what is said of a cell and of a widget's message comes from its own kernel.
PROBE = """
import json, socket, uuid
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import websocket_connect

app = ServerApp()
app.initialize(["--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root",
    "--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", "--ServerApp.log_level=40"])
usual, seen = ZMQChannelsWebsocketConnection, {}
connect = usual.connect

TARGET = '''
from comm import get_comm_manager

def opened(comm, message):
    comm.on_msg(lambda message: comm.send("done"))

get_comm_manager().register_target("probe", opened)
'''

def noting(self):
    stream = self.websocket_handler.ws_connection.stream
    option = stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    seen.update(connection=type(self).__name__, option=option)
    return connect(self)

usual.connect = noting

async def said_of(page, kind, **content):
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "probe", "username": "",
        "date": "2026-01-01T00:00:00Z", "version": "5.3"}
    await page.write_message(json.dumps({"header": header, "parent_header": {}, "metadata": {},
        "content": content, "channel": "shell", "buffers": []}))
    said = []
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
        seen["widget"] = await said_of(page, "comm_msg", comm_id="1", data={})
        page.close()
        await app.kernel_manager.shutdown_kernel(kernel, now=True)
    finally:
        app.stop()

app.io_loop.add_callback(probe)
app.start()
print(json.dumps(seen))
"""
CELL = ["busy", "execute_input", "idle"]
ANSWER = ["busy", "comm_msg", "idle"]


def start_server(folder):
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
    return json.loads(run.stdout.splitlines()[-1])


def test_a_real_server_sends_at_once_and_leaves_every_message_as_it_is(tmp_path):
    assert start_server(tmp_path) == {
        "connection": "QuickConnection", "option": 1, "cell": CELL, "widget": ANSWER,
    }  # fmt: skip


def test_without_the_extension_a_server_does_not(tmp_path):
    switch = tmp_path / "jupyter_server_config.json"
    switch.write_text(json.dumps({"ServerApp": {"jpserver_extensions": {"cnnlab.server": False}}}))
    assert start_server(tmp_path) == {
        "connection": "ZMQChannelsWebsocketConnection", "option": 0, "cell": CELL, "widget": ANSWER,
    }  # fmt: skip


def test_the_file_that_is_installed_switches_the_extension_on():
    path = Path(server.__file__).parent / "jupyter" / "jupyter_server_config.d" / "cnnlab.json"
    assert json.loads(path.read_text()) == {
        "ServerApp": {"jpserver_extensions": {"cnnlab.server": True}}
    }


@pytest.mark.parametrize("chosen", [WebSocketHandler, ZMQChannelsWebsocketConnection])
def test_only_the_usual_connection_is_replaced(chosen):
    settings = {"kernel_websocket_connection_class": chosen}
    hooks = []
    app = SimpleNamespace(
        web_app=SimpleNamespace(settings=settings),
        log=logging.getLogger("cnnlab"),
        contents_manager=SimpleNamespace(register_pre_save_hook=hooks.append),
    )
    server._load_jupyter_server_extension(app)
    assert hooks == [tidy_saved]
    usual = chosen is ZMQChannelsWebsocketConnection
    assert settings["kernel_websocket_connection_class"] is (
        server.QuickConnection if usual else chosen
    )
