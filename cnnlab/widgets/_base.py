"""What every widget shares: one class on the Python side of the wire.

A widget is a pair of files with one stem, ``filter_lab.py`` and ``filter_lab.js``. What the learner
can set are its *settings*: public traits, written as JSON in ``state()``, in the page and in every
request. The browser asks, Python answers:

    browser -> Python   {kind, client, seq, settings, ...}   and perhaps bytes
    Python -> browser   {client, seq, busy, ...} or {client, seq, error}   and perhaps bytes

A request carries all settings, so that any one of them may be skipped when newer ones wait; the
browser (``Line`` in ``_common.js``) keeps no more in flight than a far kernel needs, and never
paints an older answer over a newer one. When the hand rests, the page stores the settings in the
synced trait ``_settings``: a second page, a saved notebook and an exported one read them there.
"""

import base64
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import resources
from threading import RLock
from typing import Any, ClassVar, Self
from uuid import uuid4

import anywidget
import numpy as np
import traitlets
from numpy.typing import NDArray

from cnnlab import display
from cnnlab.errors import DataError

__all__ = ["Array", "Widget"]

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)


class Array(traitlets.TraitType[Any, Any]):
    """A read-only array that counts as changed only if its numbers are.

    Parameters
    ----------
    read : str
        The method of the widget that turns what was set into an array.
    """

    info_text = "an array"

    def __init__(self, read: str) -> None:
        super().__init__()
        self.read = read

    def validate(self, obj: Any, value: Any) -> NDArray[np.float32]:
        """Keep a copy that nobody can change behind the widget's back."""
        array = np.array(getattr(obj, self.read)(value), dtype=np.float32, order="C")
        array.setflags(write=False)
        return array

    def set(self, obj: Any, value: Any) -> None:
        """Notify nobody when an equal array is set.

        The widget is locked until all who follow the array have: a picture in colour is never seen
        with a filter for grey, whichever thread looks.
        """
        with obj._lock:
            new: Any = self._validate(obj, value)
            old: Any = obj._trait_values.get(self.name)
            same = isinstance(old, np.ndarray) and np.array_equal(old, new, equal_nan=True)
            if not same:
                obj._trait_values[self.name] = new
                obj._notify_trait(self.name, old, new)


class Widget(anywidget.AnyWidget):
    """The base of every widget of the course.

    A subclass names the stem of its files, lists its settings in the order in which they are to be
    set, and answers requests: ``_answer_frame(self, request, buffers)`` answers those of kind
    ``"frame"`` with a JSON object and a list of buffers.

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

    _key = traitlets.Unicode().tag(sync=True)
    _settings = traitlets.Dict().tag(sync=True)
    _initial = traitlets.Dict().tag(sync=True)

    def __init_subclass__(cls, stem: str | None = None, **options: Any) -> None:
        """Join the files of the widget; no build step, no network."""
        if stem is not None:  # traitlets makes nameless subclasses of its own
            cls._esm = joined_module(stem)
            cls._css = joined_style(stem)
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
        self._from_page = False
        self._newest: dict[str, int] = {}
        for name in known:
            if name in options:
                setattr(self, name, options[name])
        self._known = {name: self._setting_as_json(name) for name in self.settings}
        self._revision = 0
        super().__init__(
            _key=uuid4().hex, _initial=dict(self._known),
            _settings={"revision": 0, "values": dict(self._known)},
        )  # fmt: skip
        self.observe(self._on_setting, names=list(self.settings))
        self.observe(self._on_stored_settings, names=["_settings"])
        self.on_msg(self._on_message)

    # -- what a subclass says -----------------------------------------------------------------

    def _setting_as_json(self, name: str) -> Any:
        value = getattr(self, name)
        return shortest(value) if isinstance(value, np.ndarray) else value

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

    def reset(self) -> None:
        """Set everything back to how the widget was made."""
        with self._lock:
            self._reset_contents()
            self._adopt(self._initial)
            self._publish_settings()

    # -- Python to page -----------------------------------------------------------------------

    def _on_setting(self, change: Any) -> None:
        with self._lock:
            self._known[change["name"]] = self._setting_as_json(change["name"])
            self._settings_changed()
            if not self._from_page:
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

    def _on_stored_settings(self, change: Any) -> None:
        stored = change["new"]
        client, sequence = stored.get("client"), stored.get("seq", 0)
        with self._lock:
            # Messages that store settings can be overtaken by requests sent after them.
            if client is not None and sequence >= self._newest.get(client, 0):
                self._adopt(stored.get("values", {}))

    def _on_message(self, _widget: object, content: Any, buffers: Sequence[Any]) -> None:
        """Answer a request; whatever happens, the page hears of it, since it counts them."""
        began = time.perf_counter()
        client, sequence, kind = (content.get(key) for key in ("client", "seq", "kind"))
        reply, out = {}, []
        with self._lock:
            try:
                answer = getattr(self, f"_answer_{kind}", None)
                if answer is None:
                    raise DataError(f"{type(self).__name__} has no answer to {kind!r}")
                self._newest[client] = max(sequence, self._newest.get(client, 0))
                reply, out = answer(content, buffers)
            except (ValueError, traitlets.TraitError) as error:
                reply = {"error": str(error)}
            except Exception as error:  # the page must not wait for an answer that never comes
                self.log.exception("%s could not answer %r", type(self).__name__, kind)
                reply = {"error": f"{type(error).__name__}: {error}"}
        busy = round(1000 * (time.perf_counter() - began), 3)
        self.send({"client": client, "seq": sequence, "busy": busy, **reply}, out)

    # -- where no front end runs --------------------------------------------------------------

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle: tuple[dict[str, Any], dict[str, Any]] | None = super()._repr_mimebundle_(**options)
        still = self._still()
        if bundle is not None and still is not None:
            data, metadata = bundle
            data["image/png"] = base64.b64encode(display.png(still)).decode()
            metadata["image/png"] = {"alt": self._still_text()}
        return bundle

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def shortest(array: NDArray[np.float32] | np.float32) -> Any:
    """Write float32 numbers with the fewest digits that mean them: 0.1, not 0.10000000149."""
    if isinstance(array, np.ndarray) and array.ndim:
        return [shortest(part) for part in array]
    return float(str(array))


def joined_module(stem: str) -> str:
    """Join a widget's ES module with the shared modules that it imports, in that order.

    Each file is a module that a browser or an editor can read by itself; here the imports between
    them are resolved, because a notebook hands the page a single text.
    """
    done: list[str] = []

    def text_of(module: str) -> str:
        if module in done:
            return ""
        done.append(module)
        text = _palettes_module() if module == "_palettes" else _file(f"{module}.js")
        needed = "".join(text_of(found) for found in _IMPORT.findall(text))
        text = _IMPORT.sub("", text)
        if module != stem:
            text = re.sub(r"^export ", "", text, flags=re.MULTILINE)
        return f"{needed}// --- {module}.js\n{text}"

    return text_of(stem)


def joined_style(stem: str) -> str:
    """Join the shared style sheet with the widget's own, if it has one."""
    own = resources.files(__package__).joinpath(f"{stem}.css")
    return _file("_common.css") + (own.read_text("utf-8") if own.is_file() else "")


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def _palettes_module() -> str:
    """Write the palettes of `display` as a module: colours have one home, and it is Python."""
    palettes = {
        palette.name: {
            "title": palette.title,
            "signed": palette.signed,
            "colours": base64.b64encode(palette.colours.tobytes()).decode(),
        }
        for palette in display.PALETTES.values()
    }
    return f"export const PALETTES = {json.dumps(palettes)};\n"
