"""A Jupyter Server extension that sends what the kernel answers at once.

Two things between a kernel and the page make a picture that follows the hand limp:

- Jupyter Server leaves Nagle's algorithm on for the kernel's websocket: an answer of up to about
  45 kB then waits some 40 ms for the acknowledgement of the one before. The extension sets
  TCP_NODELAY.
- A kernel says "busy" before and "idle" after every message of a widget, and for each JupyterLab
  draws its toolbar and its status bar anew, just when the picture comes. The extension holds back
  the "busy" of a widget's message; where "idle" follows within `QUIET` seconds, the page never
  hears of it. A longer one is told, only later. Cells that run are told at once, as ever.

It is switched on by the file ``cnnlab.json`` that the package installs beside the server's
configuration.
"""

import asyncio
from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from traitlets import Dict

__all__ = ["QUIET", "QuickConnection"]

QUIET = 0.25  # seconds for which the kernel may work for a widget before the page says "busy"

# Where the parts of a message lie once the addresses before its signature are cut off:
# https://jupyter-client.readthedocs.io/en/stable/messaging.html
_HEADER, _PARENT, _CONTENT = 1, 2, 4


class QuickConnection(ZMQChannelsWebsocketConnection):
    """A kernel's websocket without Nagle's algorithm, and without the "busy" of a moment."""

    # By the message that the kernel is busy with; in quotes, for a trait takes no brackets.
    _held: "Dict[str, asyncio.TimerHandle]" = Dict()

    def connect(self) -> Any:
        """Set TCP_NODELAY, then connect as always."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()

    def disconnect(self) -> Any:
        """Forget what is held back, then disconnect as always."""
        for timer in self._held.values():
            timer.cancel()
        self._held.clear()
        # Jupyter Server has types, but none on this method.
        return super().disconnect()  # type: ignore[no-untyped-call]

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        """Send on what the kernel says, except a "busy" that is over before it matters."""
        state, cause = self._state_and_cause(outgoing_msg)
        if state == "busy":
            send = super().handle_outgoing_message

            def send_late() -> None:
                del self._held[cause]
                send(stream, outgoing_msg)

            self._held[cause] = asyncio.get_running_loop().call_later(QUIET, send_late)
            return
        if state == "idle" and cause in self._held:
            self._held.pop(cause).cancel()
        super().handle_outgoing_message(stream, outgoing_msg)

    def _state_and_cause(self, message: list[Any]) -> tuple[str, str]:
        """Give a status and the id of the widget's message it is about; empty for all else."""
        _, parts = self.session.feed_identities(message)
        if self.session.unpack(parts[_HEADER])["msg_type"] != "status":
            return "", ""
        parent = self.session.unpack(parts[_PARENT])
        if parent.get("msg_type") != "comm_msg":
            return "", ""
        return self.session.unpack(parts[_CONTENT])["execution_state"], parent["msg_id"]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "cnnlab.server"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Take over the connection, unless the server's owner, or a gateway, chose another."""
    if (
        server.web_app.settings["kernel_websocket_connection_class"]
        is ZMQChannelsWebsocketConnection
    ):
        server.web_app.settings["kernel_websocket_connection_class"] = QuickConnection
        server.log.info("cnnlab: quick replies are on for kernel websockets")
