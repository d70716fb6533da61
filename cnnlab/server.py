"""A Jupyter Server extension: what the kernel answers is sent at once, what widgets show is saved.

Jupyter Server leaves Nagle's algorithm on for the kernel's websocket: an answer of up to some 45 kB
then waits some 40 ms for the acknowledgement of the one before. The extension sets TCP_NODELAY. And
as a notebook is saved, it has `widget_state` see to the widgets in it. It does nothing else.

It is switched on by the file ``cnnlab.json`` that the package installs beside the server's
configuration, and off by ``jupyter server extension disable cnnlab.server``: widgets then work all
the same, the kernel's pictures come a little later, and a saved notebook may lose widgets, or pile
them up.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from cnnlab.widget_state import tidy_saved

__all__ = ["QuickConnection"]


class QuickConnection(ZMQChannelsWebsocketConnection):
    """A kernel's websocket without Nagle's algorithm."""

    def connect(self) -> Any:
        """Set TCP_NODELAY, then connect as always."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "cnnlab.server"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Take over the connection, unless the server's owner, or a gateway, chose another."""
    server.contents_manager.register_pre_save_hook(tidy_saved)
    if (
        server.web_app.settings["kernel_websocket_connection_class"]
        is ZMQChannelsWebsocketConnection
    ):
        server.web_app.settings["kernel_websocket_connection_class"] = QuickConnection
        server.log.info("cnnlab: quick replies are on for kernel websockets")
