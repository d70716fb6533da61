"""What the tests of all widgets share."""

import json

import pytest


@pytest.fixture
def page(monkeypatch):
    """Ask a widget as its page does; returns the answer and its buffers."""

    def ask(widget, kind, buffers=(), seq=1, **body):
        sent = []
        monkeypatch.setattr(
            widget, "send", lambda content, out=None: sent.append((content, out or []))
        )
        content = {"kind": kind, "client": "page", "seq": seq, **body}
        widget._handle_custom_msg(content, list(buffers))
        ((answer, out),) = sent
        json.dumps(answer, allow_nan=False)  # as the wire takes it
        return answer, out

    return ask
