"""The base of every widget: one class on the Python side of the wire.

A widget is three files with one stem, ``filter_lab.py``, ``.js`` and ``.css``. What the learner can
set are its *settings*: public traits, declared with `traits`, written as JSON in ``state()``, in
the page and in every request. The browser asks, Python answers:

    browser -> Python   {kind, client, seq, revision, settings, ...}   and perhaps bytes
    Python -> browser   {client, seq, ...} or {client, seq, error}   and perhaps bytes

A request carries all settings, so that any one of them may be skipped when newer ones wait
(``page/wire.js``), and the revision of Python's settings that the page has heard of: what it asked
before is answered, but sets nothing back. When the hand rests, the page stores the settings in the
synced trait ``_settings``: a second page, a saved notebook and an exported one read them there.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from threading import RLock
from typing import Any, ClassVar, Self
from uuid import uuid4

import anywidget
import numpy as np
import traitlets
from numpy.typing import NDArray

from cnnlab import display
from cnnlab.errors import DataError
from cnnlab.widgets.shared import cells, common
from cnnlab.widgets.shared.assets import joined_script, joined_style
from cnnlab.widgets.shared.traits import Setting

__all__ = ["Reply", "Request", "Widget"]

Reply = tuple[dict[str, Any], list[Any]]
"""What goes back to the page: an object that JSON can hold, and perhaps bytes."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a page asked for.

    Attributes
    ----------
    content : dict
        As it was sent; ``request["name"]`` reads it.
    buffers : sequence of bytes
    """

    content: Mapping[str, Any]
    buffers: Sequence[Any]

    def __getitem__(self, name: str) -> Any:
        return self.content[name]

    def __contains__(self, name: str) -> bool:
        return name in self.content


class Widget(anywidget.AnyWidget):
    """The base of every widget of the course.

    A subclass names the stem of its files, declares its settings in the order in which they are to
    be set, and answers requests: ``answer_frame(self, request)`` answers those of kind ``"frame"``
    with a `Reply`. The settings in the request have been set by then.

    Parameters
    ----------
    **options
        Settings by name.

    Raises
    ------
    TypeError
        If an option is not a setting; the message names the nearest one.
    """

    settings: ClassVar[tuple[str, ...]] = ()
    contents: ClassVar[tuple[str, ...]] = ()  # set first, and too large to be a setting

    _esm = joined_script("page/loader")
    _script: ClassVar[str] = "export default { render() {} };\n"
    _style: ClassVar[str] = ""

    _identity = traitlets.Unicode().tag(sync=True)  # by which the page finds its model
    _kind = traitlets.Unicode().tag(sync=True)
    _settings = traitlets.Dict().tag(sync=True)
    _initial = traitlets.Dict().tag(sync=True)
    _facts = traitlets.Dict().tag(sync=True)

    def __init_subclass__(cls, stem: str | None = None, **options: Any) -> None:
        """Collect the settings and join the files of the widget."""
        own = [name for name, part in vars(cls).items() if isinstance(part, Setting)]
        cls.settings = tuple(dict.fromkeys([*cls.settings, *own]))
        if stem is not None:  # traitlets makes nameless subclasses of its own
            cls._script = joined_script(stem)
            cls._style = joined_style(stem)
        super().__init_subclass__(**options)

    def __init__(self, **options: Any) -> None:
        known = (*self.contents, *self.settings)
        for name in options:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"try {', '.join(known)}"
                raise TypeError(f"{type(self).__name__} has no option {name!r}; {hint}")
        # Callbacks of the page run in another thread, beside a running cell.
        self._lock = RLock()
        self._from_page = self._together = False
        self._newest: dict[str, int] = {}
        for name in known:
            if name in options:
                setattr(self, name, options[name])
        self._known = {name: self._setting_as_json(name) for name in self.settings}
        self._revision = 0
        identity = uuid4().hex
        super().__init__(
            model_id=identity,
            _identity=identity,
            _kind=common.refer(self._script, self._common),
            _initial=dict(self._known),
            _settings={"revision": 0, "values": dict(self._known)},
            _facts=self._page_facts(),
        )
        if self.settings:  # an empty list of names would mean all of them
            self.observe(self._on_setting, names=list(self.settings))
        self.observe(self._on_stored_settings, names=["_settings"])
        self.on_msg(self._on_message)

    @classmethod
    def _common(cls) -> dict[str, str]:
        return {"script": cls._script, "style": cls._style}

    # -- what a subclass says -----------------------------------------------------------------

    def _page_facts(self) -> dict[str, Any]:
        """Hand the page what it would otherwise have to say again."""
        traits: dict[str, Any] = self.traits()
        return {"settings": {name: traits[name].facts() for name in self.settings}}

    def _settings_changed(self) -> None:
        """Forget what was computed from the old settings."""

    def _reset_contents(self) -> None:
        """Bring back the contents that the widget was made with."""

    def _still(self) -> NDArray[np.uint8] | None:
        """Paint the picture to show where no kernel and no widget front end run, if any."""
        return None

    def _still_text(self) -> str:
        """Describe that picture to those who do not see it."""
        return repr(self)

    def code(self) -> str:
        """Write the Python that makes what is shown."""
        raise DataError(f"{type(self).__name__} has no code to show")

    # -- state --------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Write down the situation, to hand it out or to come back to it.

        Returns
        -------
        dict
            Plain JSON; `from_state` reads it.
        """
        with self._lock:
            return {"widget": type(self).__name__, "version": 1, "settings": dict(self._known)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any] | str) -> Self:
        """Make a widget that shows a situation written down by `state`.

        Parameters
        ----------
        state : dict or str
            What `state` returned, or the same as JSON text.

        Raises
        ------
        DataError
            If it is not the state of such a widget.
        """
        return cls(**cls._options_of(cls._checked_state(state)))

    @classmethod
    def _options_of(cls, state: Mapping[str, Any]) -> dict[str, Any]:
        return dict(state["settings"])

    @classmethod
    def _checked_state(cls, state: Mapping[str, Any] | str) -> Mapping[str, Any]:
        try:
            found = json.loads(state) if isinstance(state, str) else state
            kind, version, settings = found["widget"], found["version"], found["settings"]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"this is not the state of a widget ({type(error).__name__}: {error}); "
                f"pass what {cls.__name__}.state() returned, or the same as JSON"
            ) from None
        if kind != cls.__name__ or version != 1 or not isinstance(settings, Mapping):
            raise DataError(
                f"this is the state of {kind} version {version}, and {cls.__name__} version 1 is "
                f"needed; pass what {cls.__name__}.state() returned"
            )
        unknown = sorted(set(settings) - set(cls.settings))
        if unknown:
            raise DataError(
                f"the state has settings that {cls.__name__} does not know: {', '.join(unknown)}; "
                f"it knows {', '.join(cls.settings)}"
            )
        return found

    def rest(self) -> None:
        """Forget what can be computed again; nobody sees the widget now, and it goes on as ever."""
        with self._lock:
            self._settings_changed()

    def reset(self) -> None:
        """Set everything back to how the widget was made."""
        with self._lock:
            self._reset_contents()
            self._adopt(self._initial)
            self._publish_settings()

    # -- Python to page -----------------------------------------------------------------------

    def _setting_as_json(self, name: str) -> Any:
        trait: Any = self.traits()[name]
        return trait.as_json(getattr(self, name))

    def _on_setting(self, change: Any) -> None:
        with self._lock:
            self._known[change["name"]] = self._setting_as_json(change["name"])
            self._settings_changed()
            if not (self._from_page or self._together):
                self._publish_settings()

    @contextmanager
    def _as_one(self) -> Iterator[None]:
        """Let the page hear of several changes at once, when the last one is made."""
        outer, self._together = self._together, True
        try:
            yield
        finally:
            self._together = outer
        if not outer and not self._from_page:
            self._publish_settings()

    def _publish_settings(self) -> None:
        """Store the settings where every page reads them.

        The revision makes each of these a change, even back to what the trait held before: the
        page may have moved on since, without having stored its settings yet.
        """
        self._revision += 1
        self._settings = {"revision": self._revision, "values": dict(self._known)}

    # -- page to Python -----------------------------------------------------------------------

    @contextmanager
    def _changed_by_page(self) -> Iterator[None]:
        """Do not send back what the page knows."""
        outer, self._from_page = self._from_page, True
        try:
            yield
        finally:
            self._from_page = outer

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over traits from the page, one thread at a time."""
        with self._lock:
            super().set_state(sync_data)

    def _adopt(self, values: Mapping[str, Any]) -> None:
        """Set what differs, in the order of the settings."""
        with self._changed_by_page():
            for name in self.settings:
                if name in values and values[name] != self._known.get(name):
                    setattr(self, name, values[name])

    def _heard(self, told: Mapping[str, Any]) -> bool:
        """Whether a page had heard of all that Python set when it told something."""
        return bool(told.get("revision", self._revision) == self._revision)

    def _on_stored_settings(self, change: Any) -> None:
        stored = change["new"]
        client, sequence = stored.get("client"), stored.get("seq", 0)
        with self._lock:
            if client is None:
                return  # stored by Python
            if not self._heard(stored):
                self._publish_settings()  # else other pages would read there what holds no more
            # Messages that store settings can be overtaken by requests sent after them.
            elif sequence >= self._newest.get(client, 0):
                self._adopt(stored.get("values", {}))

    def _on_message(self, _widget: object, content: Any, buffers: Sequence[Any]) -> None:
        """Answer a request; whatever happens, the page hears of it, since it waits."""
        client, sequence, kind = (content.get(key) for key in ("client", "seq", "kind"))
        reply: dict[str, Any] = {}
        out: list[Any] = []
        with self._lock:
            try:
                answer = getattr(self, f"answer_{kind}", None)
                if answer is None:
                    raise DataError(f"{type(self).__name__} has no answer to {kind!r}")
                request = Request(content, buffers)
                self._newest[client] = max(sequence, self._newest.get(client, 0))
                self._prepare(request)
                reply, out = answer(request)
            except (ValueError, traitlets.TraitError) as error:
                reply = {"error": str(error)}
            except Exception as error:  # the page must not wait for an answer that never comes
                self.log.exception("%s could not answer %r", type(self).__name__, kind)
                reply = {"error": f"{type(error).__name__}: {error}"}
        self.send({"client": client, "seq": sequence, **reply}, out)

    def _prepare(self, request: Request) -> None:
        """Take over what came with a request before it is answered."""
        if "settings" in request and self._heard(request.content):
            self._adopt(request["settings"])

    def answer_hello(self, _request: Request) -> Reply:
        """Let the page know that somebody is here."""
        return {}, []

    def answer_code(self, _request: Request) -> Reply:
        """Hand the page its picture as code."""
        return {"code": self.code()}, []

    # -- where no front end runs --------------------------------------------------------------

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle: tuple[dict[str, Any], dict[str, Any]] | None = super()._repr_mimebundle_(**options)
        still = self._still()
        cells.shown_now(self)
        if bundle is not None:
            data, metadata = bundle
            data["text/plain"] = repr(self)
            if still is not None:
                # A photograph as PNG would make stored notebooks large, and cells slow.
                data["image/jpeg"] = base64.b64encode(display.jpeg(still)).decode()
                metadata["image/jpeg"] = {"alt": self._still_text()}
        return bundle

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
