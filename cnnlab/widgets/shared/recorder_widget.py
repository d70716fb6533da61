"""What a recorder answers its page: pictures come and go, a network is trained, the camera sees.

Each picture has a key, which the page gives it: what is sent twice arrives once, and a page that
got no answer sends again. Pictures are in no synced trait, so that no notebook keeps them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets

from cnnlab import images
from cnnlab.widgets.shared.album import FEWEST, MOST, MOST_PICTURES, Album, Picture
from cnnlab.widgets.shared.fitting import fitted
from cnnlab.widgets.shared.recording_training import Learner
from cnnlab.widgets.shared.widget import Reply, Request, Widget

__all__ = ["RecorderWidget"]

_SURE = 0.8  # probability from which the page names a class


class RecorderWidget(Widget):
    """A widget with an album and a learner, which are made before it."""

    # What a page without a kernel still says, and how each page hears that something changed.
    _outline = traitlets.Dict().tag(sync=True)

    _turn = 0
    _album: Album
    _learner: Learner
    _shape: tuple[int, int, int]
    _seed: int

    def _page_facts(self) -> dict[str, Any]:
        return {
            **super()._page_facts(),
            "shape": list(self._shape),
            "fewest": FEWEST,
            "most": MOST,
            "mostPictures": MOST_PICTURES,
            "sure": _SURE,
        }

    def _on_rest(self) -> None:
        with self._lock:
            self._tell()

    def train(self) -> None:
        """Train on all that is there."""
        raise NotImplementedError

    def _tell(self) -> None:
        """Let every page hear that something changed."""
        self._turn += 1
        self._outline = self._told()

    @traitlets.default("_outline")
    def _told(self) -> dict[str, Any]:
        return self._album.outline() | {"turn": self._turn, "learned": self._learner.words}

    def answer_look(self, request: Request) -> Reply:
        """Tell what the page does not know yet."""
        album = self._album
        told: dict[str, Any] = {"revision": album.revision}
        if request["revision"] != album.revision:
            told["classes"] = [list(one) for one in album.classes]
            told["pictures"] = [[one.key, one.of, one.recording] for one in album.pictures]
        held, few = album.held_or_why(self._seed)
        told |= {"held": sorted(held), "few": few}
        more, parts = self._learner.message(album, request["training"])
        return told | more, parts

    def answer_pixels(self, request: Request) -> Reply:
        """Hand out pictures, one after another."""
        found = [self._album.picture(str(key)).pixels for key in request["keys"]]
        return {}, [b"".join(found)]

    def answer_put(self, request: Request) -> Reply:
        """Take in what a page recorded."""
        before = self._album.revision
        size = int(np.prod(self._shape))
        data = bytes(request.buffers[0])
        self._album.put(
            Picture(str(key), str(of), str(recording), data[k * size : (k + 1) * size])
            for k, (key, of, recording) in enumerate(request["pictures"])
        )
        return self._changed(before)

    def answer_file(self, request: Request) -> Reply:
        """Take in a picture file of a kind that the browser does not know."""
        key, of, recording = map(str, request["picture"])
        image = images.load(bytes(request.buffers[0]), min_side=self._shape[0])
        before = self._album.revision
        self._album.put([Picture(key, of, recording, fitted(image, self._shape).tobytes())])
        return self._changed(before)

    def answer_arrange(self, request: Request) -> Reply:
        """Name, add and remove classes and pictures."""
        before = self._album.revision
        self._album.arrange(request["classes"], request["hide"], request["show"])
        return self._changed(before)

    def _changed(self, before: int) -> Reply:
        """Tell the page that changed something what it need not ask for."""
        self._tell()
        return {"before": before, "revision": self._album.revision}, []

    def answer_act(self, request: Request) -> Reply:
        """Do what a button says."""
        if request["act"] == "train":
            self.train()
        else:
            self._learner.stop()
        return {}, []

    def answer_see(self, request: Request) -> Reply:
        """Say what the camera sees."""
        pixels = np.frombuffer(request.buffers[0], np.uint8).reshape(self._shape)
        found = self._learner.recognised(pixels, self._album)
        return {"names": [name for name, _ in found], "chances": [one for _, one in found]}, []

    def answer_behind(self, request: Request) -> Reply:
        """Hand out the pictures behind a cell of the confusion matrix."""
        return self._learner.behind(request["row"], request["column"])
