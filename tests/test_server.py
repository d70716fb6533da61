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

# A server as `jupyter lab` starts it, asked from inside: the option is read off its own socket.
PROBE = """
import json, socket
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import websocket_connect

app = ServerApp()
app.initialize(["--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root",
    "--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", "--ServerApp.log_level=40"])
connect, seen = ZMQChannelsWebsocketConnection.connect, {}

def noting(self):
    stream = self.websocket_handler.ws_connection.stream
    option = stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    seen.update(connection=type(self).__name__, option=option)
    return connect(self)

ZMQChannelsWebsocketConnection.connect = noting

async def probe():
    try:
        address = f"127.0.0.1:{app.port}"
        kernels, ask = f"http://{address}/api/kernels", AsyncHTTPClient().fetch
        answer = await ask(kernels, method="POST", body="{}")
        kernel = json.loads(answer.body)["id"]
        page = await websocket_connect(f"ws://{address}/api/kernels/{kernel}/channels")
        page.close()
        await app.kernel_manager.shutdown_kernel(kernel, now=True)
    finally:
        app.stop()

app.io_loop.add_callback(probe)
app.start()
print(json.dumps(seen))
"""


def start_server(folder: Path, *options: str) -> dict[str, object]:
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    environment = dict.fromkeys(folders, str(folder))
    run = subprocess.run(
        [sys.executable, "-c", PROBE, *options],
        env={**os.environ, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    found: dict[str, object] = json.loads(run.stdout.splitlines()[-1])
    return found


def test_a_real_server_sets_the_option_on_a_kernels_websocket(tmp_path: Path) -> None:
    assert start_server(tmp_path) == {"connection": "NoDelayConnection", "option": 1}


def test_without_the_extension_a_server_leaves_the_option_off(tmp_path: Path) -> None:
    switch = tmp_path / "jupyter_server_config.json"
    switch.write_text(json.dumps({"ServerApp": {"jpserver_extensions": {"cnnlab.server": False}}}))
    found = start_server(tmp_path)
    assert found == {"connection": "ZMQChannelsWebsocketConnection", "option": 0}


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
        server.NoDelayConnection if usual else chosen
    )
