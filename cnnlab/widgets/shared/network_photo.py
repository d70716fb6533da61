"""The base of widgets in which a network looks at a picture: drawn, opened or from a data set."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from cnnlab import display, images, recipes, zoo
from cnnlab import functional as F
from cnnlab.checks import kind_of, listed, shown
from cnnlab.datasets import Dataset
from cnnlab.errors import DataError, ShapeError
from cnnlab.network import Network, checked_network
from cnnlab.widgets.shared import ink, maps
from cnnlab.widgets.shared.looking import Pass
from cnnlab.widgets.shared.photo import Photo
from cnnlab.widgets.shared.photo_widget import PhotoWidget
from cnnlab.widgets.shared.traits import OneOf, Palette
from cnnlab.widgets.shared.volumes import times
from cnnlab.widgets.shared.widget import Reply, Request

__all__ = ["TEN_DIGITS", "NetworkPhoto"]

TEN_DIGITS = tuple(map(str, range(10)))
"""What the classes of a network of digits are called."""

_QUICK = 20_000_000  # multiply-adds up to which a network is run as its widget is made


class NetworkPhoto(PhotoWidget):
    """A widget with a picture and a network that looks at it.

    The picture is brought to the size that the network takes; what the layers make of it is
    computed as far as it is asked for, and anew when the weights have changed.
    """

    _moment: ClassVar[float] = 0.05  # seconds after which an answer leaves with what is done

    fitting = OneOf(auto="Automatic", ink="Ink centred", whole="Whole picture")
    palette = Palette()

    # The last answer as a page without a kernel finds it.
    _kept = traitlets.Dict().tag(sync=True, no_echo=True)
    _maps = traitlets.Bytes().tag(sync=True, no_echo=True)

    def __init__(
        self,
        network: Network,
        image: str | os.PathLike[str] | bytes | ArrayLike | None = None,
        *,
        data: Dataset | None = None,
        class_names: Sequence[str] = (),
        **options: Any,
    ) -> None:
        self._network = checked_network(network)
        self._shape = network.sequential.input_shape
        if len(self._shape) != 3 or self._shape[2] not in {1, 3}:
            raise ShapeError(
                f"this network takes {shown(self._shape)}, which is no picture; "
                f"{type(self).__name__} needs an input of (height, width, 1) or (height, width, 3)"
            )
        self._data = (
            None if data is None else kind_of(data, Dataset, "data", "datasets.digits()[1]")
        )
        if self._data is not None and self._data.image_shape != self._shape:
            raise ShapeError(
                f"the images of data are {times(self._data.image_shape)} and the network takes "
                f"{times(self._shape)}; try data of that size"
            )
        self._shipped = _shipped_name(network)
        self._class_names = self._named(class_names)
        self._pass: Pass | None = None
        self._token = 0
        super().__init__(self._first_image() if image is None else image, **options)
        if self._quick:
            self._kept, (self._maps,) = self._answered({}, np.inf)

    @property
    def network(self) -> Network:
        """The network, whose weights may change: what is asked next is answered by the new ones."""
        return self._network

    @property
    def data(self) -> Dataset | None:
        """The data set to leaf through, if there is one."""
        return self._data

    @property
    def class_names(self) -> tuple[str, ...]:
        """One name for each score."""
        return self._class_names

    @property
    def network_input(self) -> NDArray[np.float32]:
        """The picture as the network takes it, of shape `network.sequential.input_shape`."""
        with self._lock:
            return self._current().image

    @property
    def maps(self) -> dict[str, NDArray[np.float32]]:
        """What every layer makes of the picture, by its name: (height, width, maps), or (numbers,).

        A large network takes its time: all layers are computed.
        """
        with self._lock:
            run = self._current()
            run.advance(len(run.rows))
            return {row.name: out for row, out in zip(run.rows, run.outputs, strict=True)}

    @property
    def scores(self) -> NDArray[np.float32]:
        """What the last layer gives."""
        return self.maps[self._network.sequential.rows[-1].name]

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """The softmax of the scores, or the scores where the network ends with a softmax."""
        scores = self.scores
        if self._network.sequential.gives_probabilities:
            return scores
        return F.softmax(scores[None])[0] if scores.ndim == 1 else scores

    @property
    def _quick(self) -> bool:
        """Whether all layers are computed in no time."""
        return self._network.sequential.multiply_adds <= _QUICK

    # -- pictures and inputs ------------------------------------------------------------------

    def _opened(self, value: Any) -> Photo:
        if isinstance(value, np.ndarray) and value.shape == (1, *self._shape):
            value = value[0]
        return super()._opened(value)

    def _first_image(self) -> Any:
        if self._data is not None:
            return self._example(0)
        if self._class_names == TEN_DIGITS:
            from cnnlab import datasets

            return datasets.digits().test.images[0]
        return "astronaut" if self._shape[2] == 3 else "camera"

    def _leafed(self) -> Dataset:
        if self._data is None:
            raise DataError(f"there is no data set here; try {type(self).__name__}(net, data=...)")
        return self._data

    def _example(self, number: int) -> Photo:
        data = self._leafed()
        image, label = data[number]
        name = f"{number}: {data.class_names[label]}"
        return Photo(image[..., 0] if image.shape[2] == 1 else image, {"pattern": name})

    def _named(self, class_names: Sequence[str]) -> tuple[str, ...]:
        shape = self._network.sequential.output_shape
        given = tuple(map(str, listed(class_names, "class_names", '("cat", "dog")')))
        if given and (len(shape) != 1 or len(given) != shape[0]):
            raise DataError(
                f"class_names has {len(given)} names and the network gives {times(shape)} "
                "scores; give one name for each"
            )
        if given or len(shape) != 1:
            return given
        if self._data is not None and len(self._data.class_names) == shape[0]:
            return self._data.class_names
        if self._shipped:
            return recipes.class_names(zoo.weights_file(self._shipped), shape[0])
        return tuple(map(str, range(shape[0])))

    @property
    def by_ink(self) -> bool:
        """Whether what is drawn on a picture of another size is scaled and centred, as in MNIST."""
        ten = self.fitting == "auto" and self._class_names == TEN_DIGITS
        return self._shape[2] == 1 and (self.fitting == "ink" or ten)

    def _fitted(self) -> NDArray[np.float32]:
        """Bring the picture to what the network takes."""
        image, (height, width, channels) = self.image, self._shape
        if image.shape[:2] == (height, width) and (image.ndim == 3) == (channels == 3):
            return np.ascontiguousarray(image.reshape(self._shape))
        if self.by_ink:
            grey = images.to_grey(image) if image.ndim == 3 else image
            shown_images = None if self._data is None else self._data.images
            share = ink.share_of(shown_images, height)
            return ink.centred(grey, (height, width), share)[..., None]
        return images.fit(image, self._shape)

    def _settings_changed(self) -> None:
        """Keep what was computed: it is asked for the picture and the weights each time."""

    def _photo_changed(self) -> None:
        self._pass = None

    @traitlets.observe("fitting")
    def _on_fitting(self, _change: Any) -> None:
        self._pass = None

    def rest(self) -> None:
        """Forget what can be computed again; nobody sees the widget now, and it goes on as ever."""
        with self._lock:
            self._pass = None
        super().rest()

    def _current(self) -> Pass:
        """Give what is computed of this picture with these weights, or begin anew."""
        run = self._pass
        if run is None or run.parameters is not self._network.layer_parameters:
            image = self._fitted() if run is None else run.image
            run = self._pass = Pass(self._network, image)
            self._token += 1
        return run

    # -- answers to the page ------------------------------------------------------------------

    def answer_frame(self, request: Request) -> Reply:
        """Give what the page lacks, as far as it is done within a moment."""
        return self._answered(request.content, self._moment)

    def _answered(self, content: Mapping[str, Any], seconds: float) -> Reply:
        """Give what a page that says so lacks, as far as it is done in that time."""
        raise NotImplementedError

    # -- the data set -------------------------------------------------------------------------

    def answer_example(self, request: Request) -> Reply:
        """Take another image of the data set: the next of a class, or the one before."""
        data = self._leafed()
        label, step, number = (request.content.get(key) for key in ("label", "step", "number"))
        which = np.arange(len(data))
        if label is not None:
            which = np.flatnonzero(data.labels == int(label))
            if not len(which):
                raise DataError(f"the data set has no image of {data.class_names[int(label)]}")
        if number is None:
            number = which[0]
        elif step is None or int(step) > 0:
            number = which[np.searchsorted(which, int(number), "right") % len(which)]
        else:
            number = which[np.searchsorted(which, int(number), "left") - 1]
        with self._as_one():
            self._take(self._example(int(number)))
            self._publish_picture()
        return {"number": int(number)}, []

    def _scored(self) -> bool:
        """Whether the network ends with a score for each class."""
        return self._network.sequential.output_shape == (len(self._class_names),)

    def _told_scores(self) -> dict[str, Any] | None:
        scores, chances = self.scores, self.probabilities
        if not self._scored():
            return None
        order = np.argsort(-scores, kind="stable")[:10] if len(scores) > 10 else range(len(scores))
        best = int(np.argmax(scores))
        return {
            "best": best, "of": len(scores),
            "softmax": not self._network.sequential.gives_probabilities,
            "rows": [
                {"number": int(k), "score": maps.finite(scores[k]),
                 "probability": maps.finite(chances[k])}
                for k in order
            ],
        }  # fmt: skip

    def _page_facts(self) -> dict[str, Any]:
        data = None
        if self._data is not None:
            data = {"count": len(self._data), "names": list(self._data.class_names)}
        rows = [
            {"name": row.name, "kind": row.layer.kind, "shape": list(row.output_shape)}
            for row in self._network.sequential.rows
        ]
        names = self._class_names
        return {
            **super()._page_facts(), "layers": rows, "input": list(self._shape), "data": data,
            "classNames": list(names), "pen": 13 if names == TEN_DIGITS else 6,
        }  # fmt: skip

    # -- in words -----------------------------------------------------------------------------

    def _photograph(self) -> NDArray[np.uint8]:
        image = self._current().image
        image = image[..., 0] if image.shape[2] == 1 else image
        return display.photograph(image, white=max(1.0, float(np.nanmax(image))))

    def _opening_code(self) -> list[str]:
        """Write the Python that opens the network as ``net``, and its input as ``image``."""
        net = f'zoo.pretrained("{self._shipped}")' if self._shipped else "explorer.network"
        exact = self.image.shape[:2] == self._shape[:2]
        opened = ["image = explorer.network_input  # the picture in this widget"]
        origin = {"sample", "file"} & set(self._photo.origin)
        if origin and not exact and not self.by_ink:
            opened = [
                *self._photo.code(colour=bool(self.colour), widget="explorer"),
                f"image = images.fit(image, {self._shape})",
            ]
        return ["from cnnlab import features, images, zoo", "", f"net = {net}", *opened]

    def state(self) -> dict[str, Any]:
        """Write down the situation, picture included; of the network only its name, if it ships.

        Returns
        -------
        dict
            Plain JSON; `from_state` reads it.
        """
        return {**super().state(), "network": self._shipped}

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, Any] | str,
        network: Network | None = None,
        data: Dataset | None = None,
    ) -> Self:
        """Make a widget that shows a situation written down by `state`.

        Parameters
        ----------
        state : dict or str
            What `state` returned, or the same as JSON text.
        network : Network, optional
            The one that looked; those that ship are loaded by their names.
        data : Dataset, optional
            As for a new widget.

        Raises
        ------
        DataError
            If it is not the state of such a widget, or the network is missing.
        """
        found = cls._checked_state(state)
        if network is None:
            if found.get("network") not in zoo.NETWORKS:
                raise DataError(
                    "this state is of a network that does not ship; "
                    f"try {cls.__name__}.from_state(state, network)"
                )
            network = zoo.pretrained(found["network"])
        return cls(network, data=data, **cls._options_of(found))

    def _said(self) -> list[str]:
        """Say in a few words what is looked at."""
        return []

    def __repr__(self) -> str:
        with self._lock:
            stack = self._network.sequential
            first, last = times(stack.input_shape), times(stack.output_shape)
            said = [f"{len(stack)} layers: {first} -> {last}", *self._said()]
            return f"{type(self).__name__}({', '.join(said)})"


def _shipped_name(network: Network) -> str | None:
    """Say which of the weights that ship these are, if any."""
    for name in zoo.NETWORKS:
        if zoo.build(name) != network.sequential:
            continue
        try:
            known = zoo.pretrained(name).layer_parameters
        except DataError:
            return None
        same = all(
            np.array_equal(one[key], other[key])
            for one, other in zip(known, network.layer_parameters, strict=True)
            for key in one
        )
        return name if same else None
    return None
