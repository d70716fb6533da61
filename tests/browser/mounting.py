"""A widget on an empty page, with a model made of a few lines of JavaScript (mount.js).

A test decides what the kernel answers and when, and what the clock says.
"""

import base64
from itertools import count
from pathlib import Path
from typing import Any

from ipywidgets.widgets.widget import _instances as widgets
from playwright.sync_api import Page, expect

from cnnlab.widgets.shared.widget import Widget

HERE = Path(__file__).parent
MOUNT = (HERE / "mount.js").read_text()
IMPORT = (
    '(await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })))).default'
)
"""A module that a page was handed as text: what it exports."""

_OURS = {"_settings", "_initial", "_facts", "_kind", "_identity"}
_BASE = set(Widget.class_traits(sync=True)) - _OURS


def mount(page: Page, widget: Widget, silent: str = "waits") -> None:
    """Show a widget; `window.lab` then plays its kernel, which is silent unless told."""
    traits = {name: getattr(widget, name) for name in set(widget.traits(sync=True)) - _BASE}
    pixels = {
        name: base64.b64encode(value).decode()
        for name, value in traits.items()
        if isinstance(value, bytes)
    }
    told = {name: value for name, value in traits.items() if name not in pixels}
    # What is common to many widgets stands in models of its own.
    references = (told["_kind"], told.get("_picture", {}).get("common"))
    held = {
        name: widgets[name].content
        for name in (one.removeprefix("IPY_MODEL_") for one in references if one)
    }
    page.evaluate(MOUNT, [str(widget._esm), told, pixels, held, silent])


def sent(page: Page, kind: str = "frame") -> list[dict[str, Any]]:
    """What the page has asked for, of one kind."""
    found: list[dict[str, Any]] = page.evaluate(
        "(kind) => window.lab.sent.map((one) => one.content).filter((one) => one.kind === kind)",
        kind,
    )
    return found


def answer(page: Page, seq: int, level: int = 10) -> None:
    """Answer a request for a frame with a map of one colour."""
    page.evaluate("([seq, level]) => window.lab.answer(seq, level)", [seq, level])


def turn_up(page: Page, times: int = 1) -> None:
    """Press the arrow key on the first weight."""
    page.locator("[data-row='0'][data-column='0']").first.evaluate(
        """(cell, times) => {
          const press = () => new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true });
          for (let k = 0; k < times; k++) cell.dispatchEvent(press());
        }""",
        times,
    )


def play(page: Page, widget: Widget) -> None:
    """Let the widget itself answer whatever its mounted page asks, as a kernel would."""
    told: list[tuple[dict[str, Any], list[Any]]] = []
    widget.send = lambda content, buffers=None: told.append((content, list(buffers or [])))
    synced = [name for name in ("_outline", "_picture", "_settings") if widget.has_trait(name)]
    known = {name: getattr(widget, name) for name in synced}

    def coded(data: bytes) -> str:
        return base64.b64encode(bytes(data)).decode()

    def ask(_source: object, content: dict[str, Any], buffers: list[str]) -> list[Any]:
        told.clear()
        widget._on_message(widget, content, [base64.b64decode(one) for one in buffers])
        ((answer, out),) = told
        changed = {name: now for name in synced if (now := getattr(widget, name)) != known[name]}
        known.update(changed)
        pixels = coded(widget._pixels) if "_picture" in changed else None
        return [answer, [coded(one) for one in out], changed, pixels]

    name = f"askKernel{next(_NUMBERS)}"  # a binding stays with its page
    page.expose_binding(name, ask)
    page.evaluate(PLAY, name)


def hold(page: Page, widget: Widget, *, kernel: bool = True) -> None:
    """Mount a widget that answers its page itself, or nobody does, and wait for what it paints."""
    mount(page, widget)
    if kernel:
        play(page, widget)
    source = "kernel" if kernel else "kept"
    expect(page.locator(".cnnlab")).to_have_attribute("data-source", source)


def leave(page: Page) -> None:
    """Take the widget away, so that it asks nothing more."""
    page.evaluate("() => { if (window.lab) { window.lab.closed = true; window.lab.close(); } }")


_NUMBERS = count()

PLAY = """(name) => {
  const text = (view) => {
    const bytes = new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength);
    return btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(""));
  };
  const read = (coded) =>
    new DataView(Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0)).buffer);
  const { lab } = window;
  let next = 0;
  const turn = async () => {
    while (next < lab.sent.length) {
      const { content, buffers = [] } = lab.sent[next++];
      const asked = await window[name](content, buffers.map(text));
      const [answer, out, changed, pixels] = asked;
      if (lab.closed) return;
      if (pixels !== null) lab.state._pixels = read(pixels);
      for (const [trait, value] of Object.entries(changed)) lab.change(trait, value);
      lab.fire("msg:custom", answer, out.map(read));
    }
    if (!lab.closed) setTimeout(turn, 2);
  };
  turn();
}"""
"""What a page does with its requests: one after another to the widget, the answers to the page."""
