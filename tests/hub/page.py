"""A notebook as a browser has it open: its session, its websocket, its widgets. No drawing.

Speaks what JupyterLab speaks to a server: contents, sessions and the kernel's channels.
"""

import asyncio
import json
import time
import uuid
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from jupyter_server.services.kernels.connection.base import deserialize_binary_message
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.hub.lab import Learner

_DATE = "2026-01-01T00:00:00Z"


class Page:
    """A notebook open under a learner's name.

    Parameters
    ----------
    learner : Learner
        With a server that runs.
    path : str
        The notebook, below the learner's home.
    """

    def __init__(self, learner: Learner, path: str) -> None:
        self.learner, self.path = learner, path
        self.name = uuid.uuid4().hex
        self.widgets: dict[str, str] = {}  # the kind of each by the id of its comm
        self._waiting: dict[str, asyncio.Queue[dict[str, Any]]] = {}  # by the request's id
        self._answers: dict[tuple[str, int], asyncio.Future[dict[str, Any]]] = {}
        self._sent = 0

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()
        async with asyncio.timeout(10):  # the server says goodbye too, and the socket is closed
            while await self.socket.read_message() is not None:
                pass

    async def ask(self, path: str, **options: Any) -> Any:
        """Ask the learner's server, beside the others."""
        return await asyncio.to_thread(self.learner.server, path, **options)

    async def open(self) -> None:
        """Read the notebook, start a kernel for it or find it, and connect."""
        self.notebook = (await self.ask(f"/api/contents/{quote(self.path)}"))["content"]
        session = {
            "path": self.path, "type": "notebook", "name": self.path,
            "kernel": {"name": "python3"},
        }  # fmt: skip
        started = await self.ask("/api/sessions", method="POST", data=session)
        self.kernel = started["kernel"]["id"]
        await self.connect()

    async def connect(self) -> None:
        """Open the kernel's websocket, and wait until the kernel answers."""
        own = f"/user/{self.learner.name}"
        address = f"{self.learner.lab.address}{own}/api/kernels/{self.kernel}/channels"
        request = HTTPRequest(
            f"ws{address[4:]}?session_id={self.name}&_xsrf={quote(self.learner.xsrf(own + '/'))}",
            headers={"Cookie": self.learner.cookie_header(f"{own}/")}, request_timeout=60,
        )  # fmt: skip
        self.socket: WebSocketClientConnection = await websocket_connect(request)
        self._reader = asyncio.create_task(self._read())
        await self._request("kernel_info_request", {}, seconds=90)

    def close(self) -> None:
        """Leave, as somebody does who closes the browser."""
        self._reader.cancel()
        self.socket.close()

    @property
    def connected(self) -> bool:
        """Whether the websocket is still the one it was."""
        return not self._reader.done()

    # -- messages --------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            text = await self.socket.read_message()
            if text is None:
                return
            message = (
                deserialize_binary_message(text) if isinstance(text, bytes) else json.loads(text)
            )
            kind, content = message["header"]["msg_type"], message["content"]
            if kind == "comm_open":
                state = content["data"].get("state", {})
                name = str(state.get("_anywidget_id", "")).rpartition(".")[2]
                self.widgets[content["comm_id"]] = name
            if kind == "comm_msg" and content["data"].get("method") == "custom":
                told = content["data"]["content"]
                answer = self._answers.pop((told.get("client", ""), told.get("seq", 0)), None)
                if answer and not answer.done():
                    answer.set_result(told | {"bytes": sum(map(len, message.get("buffers", [])))})
            parent = message["parent_header"].get("msg_id", "")
            if parent in self._waiting:
                self._waiting[parent].put_nowait(message)

    async def _send(self, kind: str, content: dict[str, Any]) -> str:
        number = uuid.uuid4().hex
        header = {
            "msg_id": number, "msg_type": kind, "session": self.name, "username": "",
            "date": _DATE, "version": "5.3",
        }  # fmt: skip
        message = {
            "header": header, "parent_header": {}, "metadata": {}, "content": content,
            "channel": "shell", "buffers": [],
        }  # fmt: skip
        self._waiting[number] = asyncio.Queue()
        await self.socket.write_message(json.dumps(message))
        return number

    async def _request(
        self, kind: str, content: dict[str, Any], seconds: float
    ) -> list[dict[str, Any]]:
        """Send a request and collect what is said of it, to the reply and the idle kernel."""
        number = await self._send(kind, content)
        heard: list[dict[str, Any]] = []
        replied = idle = False
        try:
            async with asyncio.timeout(seconds):
                while not (replied and idle):
                    message = await self._waiting[number].get()
                    heard.append(message)
                    replied |= message["channel"] == "shell"
                    idle |= message["content"].get("execution_state") == "idle"
        finally:
            del self._waiting[number]
        return heard

    async def run(self, code: str, seconds: float = 120) -> str:
        """Run code; returns what it printed and showed as text.

        Raises
        ------
        AssertionError
            If it ends in an error.
        """
        content = {"code": code, "silent": False, "store_history": True, "stop_on_error": True}
        said = ""
        for message in await self._request("execute_request", content, seconds):
            kind, told = message["header"]["msg_type"], message["content"]
            assert kind != "error", f"{told['ename']}: {told['evalue']}\n{code}"
            said += told.get("text", "") if kind == "stream" else ""
            said += told["data"].get("text/plain", "") if kind == "execute_result" else ""
        return said

    async def run_all(self) -> None:
        """Run every cell of the notebook."""
        for cell in self.notebook["cells"]:
            if cell["cell_type"] == "code":
                await self.run("".join(cell["source"]))

    async def save(self) -> None:
        """Save the notebook, as JupyterLab does by itself every two minutes."""
        model = {"type": "notebook", "format": "json", "content": self.notebook}
        await self.ask(f"/api/contents/{quote(self.path)}", method="PUT", data=model)

    async def change(self, widget: str, settings: dict[str, Any], seconds: float = 30) -> float:
        """Set something in a widget, as its page does; returns how long its picture took, in s."""
        comm = next(one for one, kind in self.widgets.items() if kind == widget)
        self._sent += 1
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[self.name, self._sent] = answer
        asked = {
            "kind": "frame", "client": self.name, "seq": self._sent, "revision": 0,
            "settings": settings,
        }  # fmt: skip
        data = {"method": "custom", "content": asked}
        start = time.perf_counter()
        number = await self._send("comm_msg", {"comm_id": comm, "data": data})
        try:
            told = await asyncio.wait_for(answer, seconds)
        finally:
            del self._waiting[number]
        taken = time.perf_counter() - start
        assert "error" not in told, told["error"]
        assert told["bytes"] > 0
        return taken
