"""A Jupyter Server extension that sends what the kernel answers at once.

Jupyter Server leaves Nagle's algorithm on for the kernel's websocket: an answer of up to about
45 kB then waits some 40 ms for the acknowledgement of the one before, and a picture that follows
the hand limps. The extension sets TCP_NODELAY. It is switched on by the file ``cnnlab.json`` that
the package installs beside the server's configuration; there is nothing else to it.
"""

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

__all__ = ["NoDelayConnection"]


class NoDelayConnection(ZMQChannelsWebsocketConnection):
    """A kernel's websocket without Nagle's algorithm."""

    def connect(self) -> Any:
        """Set TCP_NODELAY, then connect as always."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "cnnlab.server"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Take over the connection, unless the server's owner, or a gateway, chose another."""
    if (
        server.web_app.settings["kernel_websocket_connection_class"]
        is ZMQChannelsWebsocketConnection
    ):
        server.web_app.settings["kernel_websocket_connection_class"] = NoDelayConnection
        server.log.info("cnnlab: TCP_NODELAY is set on kernel websockets")
