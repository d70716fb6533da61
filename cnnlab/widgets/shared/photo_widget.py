"""The base of widgets that show a picture: opened, drawn or filmed, in colour or as grey."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import NDArray

from cnnlab import images
from cnnlab.errors import DataError
from cnnlab.widgets.shared import common
from cnnlab.widgets.shared.photo import Photo
from cnnlab.widgets.shared.traits import Switch
from cnnlab.widgets.shared.widget import Reply, Request, Widget

__all__ = ["PhotoWidget"]


class PhotoWidget(Widget):
    """A widget with a picture: ``widget.image`` is set to anything that `Photo.read` opens.

    ``image`` then reads as the pixels that are seen, of shape (height, width) or, in colour,
    (height, width, 3), float32, read-only. A subclass follows it in `_photo_changed`; one that
    is `grey_only` sees every picture as grey.
    """

    contents: ClassVar[tuple[str, ...]] = ("image",)
    grey_only: ClassVar[bool] = False

    colour = Switch()

    # What the page is told about the picture, and its pixels unless they are a sample's, which all
    # widgets have in common. They are not echoed: a megabyte that
    # came from the page need not travel back to it.
    _picture = traitlets.Dict().tag(sync=True, no_echo=True)
    _pixels = traitlets.Bytes().tag(sync=True, no_echo=True)

    def __init__(self, image: Any, **options: Any) -> None:
        self._photo = self._first = self._opened(image)
        self._grey: NDArray[np.float32] | None = None
        self._pictures = 0
        self._newest_picture: dict[str, int] = {}
        self._publish_picture()  # before the page is there: it finds it, and hears of no change
        in_colour = self._photo.channels == 3 and not self.grey_only
        super().__init__(**{"colour": in_colour, **options})
        self.observe(self._on_stored_picture, names=["_picture"])

    def _opened(self, value: Any) -> Photo:
        """Open what was handed over; a subclass may know more names, or refuse some pictures."""
        return Photo.read(value)

    @property
    def image(self) -> NDArray[np.float32]:
        """The pixels that are seen; set it to a sample's name, a file, bytes or an array."""
        if self._photo.channels == 1 or self.colour:
            return self._photo.source
        if self._grey is None:
            self._grey = images.to_grey(self._photo.source)
            self._grey.setflags(write=False)
        return self._grey

    @image.setter
    def image(self, value: Any) -> None:
        photo = self._opened(value)
        with self._lock, self._as_one():
            self._take(photo)
            self._publish_picture()

    def _take(self, photo: Photo) -> None:
        """Show another picture. A page that films goes on in grey if that is what it shows."""
        in_colour = photo.channels == 3 and (self.colour or not self._from_page)
        self._photo, self._grey = photo, None
        self.colour = in_colour and not self.grey_only
        self._photo_changed()

    def _photo_changed(self) -> None:
        """Follow another picture, or the same one in colour or as grey."""
        self._settings_changed()

    @traitlets.validate("colour")
    def _checked_colour(self, proposal: Any) -> bool:
        if proposal["value"] and self.grey_only:
            raise DataError(
                f"{type(self).__name__} sees every picture as grey; for one in colour try FilterLab"
            )
        if proposal["value"] and self._photo.channels == 1:
            raise DataError(
                "this picture is grey, so there are no colours to take; try image='astronaut'"
            )
        return bool(proposal["value"])

    @traitlets.observe("colour")
    def _on_colour(self, _change: Any) -> None:
        with self._lock:
            self._photo_changed()

    def rest(self) -> None:
        """Forget what can be computed again; nobody sees the widget now, and it goes on as ever."""
        with self._lock:
            self._grey = None
        super().rest()

    def _reset_contents(self) -> None:
        if self._photo is not self._first:
            self._take(self._first)
            self._publish_picture()

    def _publish_picture(self) -> None:
        about, pixels = self._photo.packed()
        if "sample" in about:
            text = base64.b64encode(pixels).decode()
            about["common"] = common.refer(("sample", about["sample"]), lambda: text)
            pixels = b""
        self._pictures += 1
        self._pixels = pixels
        self._picture = {"revision": self._pictures, **about}

    # -- from the page ------------------------------------------------------------------------

    def _prepare(self, request: Request) -> None:
        if "picture" in request:
            data = request.buffers[0] if request.buffers else b""
            self._take_from_page(request["picture"], data)
            self._newest_picture[request["client"]] = request["seq"]
        super()._prepare(request)

    def _on_stored_picture(self, change: Any) -> None:
        """Take over a picture that the page drew, filmed, or went back to."""
        about = change["new"]
        # One of the page's requests may have brought this picture, or a newer one, before.
        newest = self._newest_picture.get(about.get("from", ""), -1)
        if "from" in about and about.get("seq", 0) >= newest:
            self._take_from_page(about, self._pixels)

    def _take_from_page(self, about: Mapping[str, Any], data: Any) -> None:
        with self._lock, self._changed_by_page():
            self._take(self._opened(Photo.from_page(about, data)))

    def answer_open(self, request: Request) -> Reply:
        """Open a sample by its name or a file by its bytes; the page then gets the picture."""
        if "sample" in request:
            name = str(request["sample"])
            if name not in images.SAMPLES:
                raise DataError(f"there is no sample {name!r}; try {', '.join(images.SAMPLES)}")
            photo = Photo.read(name)
        else:
            opened = self._opened(bytes(request.buffers[0]))
            photo = Photo(opened.source, {"file": str(request.content.get("file", "picture"))})
        with self._as_one():
            self._take(photo)
            self._publish_picture()
        return {}, []

    # -- handed on ----------------------------------------------------------------------------

    def _page_facts(self) -> dict[str, Any]:
        samples = [[entry.name, entry.description] for entry in images.SAMPLES.values()]
        return {**super()._page_facts(), "samples": samples, "greyOnly": self.grey_only}

    def state(self) -> dict[str, Any]:
        """Write down the situation, picture included, to hand it out or to come back to it.

        Returns
        -------
        dict
            Plain JSON; `from_state` reads it.
        """
        with self._lock:
            return {**super().state(), "picture": self._photo.as_state()}

    @classmethod
    def _options_of(cls, state: Mapping[str, Any]) -> dict[str, Any]:
        return {"image": Photo.from_state(state.get("picture")), **super()._options_of(state)}
