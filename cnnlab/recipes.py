"""Recipes: how the course's networks, and the weights that ship, are trained.

``cnnlab train lenet5 --seed 1`` is ``train("lenet5", seed=1)``: the same seed on the same machine
gives the same bits. A recipe is settings and nothing else; `training.run` does the work.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import numpy as np

from cnnlab import __version__, checkpoints, datasets, training, zoo
from cnnlab.augmentation import Flip, Shift
from cnnlab.checks import kind_of, path_of, shown, whole
from cnnlab.datasets import Split
from cnnlab.errors import DataError
from cnnlab.network import Network
from cnnlab.optimizers import SGD, AdamW, OneCycle
from cnnlab.training import Settings, Snapshot

__all__ = ["RECIPES", "Recipe", "Record", "class_names", "measure", "recipe", "save", "train"]

_MOST_CLASSES = 1_000_000


@dataclass(frozen=True)
class Recipe:
    """How to train one network of the zoo.

    Attributes
    ----------
    network, dataset : str
        Names in `zoo` and `datasets`.
    settings : training.Settings
    """

    network: str
    dataset: str
    settings: Settings

    def data(self) -> Split:
        """Load the images to train on and to test with.

        Raises
        ------
        DataError
            If they do not ship and cannot be found.
        """
        split: Split = getattr(datasets, self.dataset)()
        return split


@dataclass(frozen=True)
class Record:
    """How a file of weights was made; it lies beside the file as JSON.

    Attributes
    ----------
    command : str
        What makes the same weights again.
    settings : dict
        Of the training, as plain values.
    seed : int
    data : str
        What was trained on and tested with.
    class_names : tuple of str
        What each score stands for.
    measures : dict of float
        On the test images: shares in [0, 1].
    date : str
        Of the training, UTC.
    version : str
        Of this package.
    """

    command: str
    settings: dict[str, Any]
    seed: int
    data: str
    class_names: tuple[str, ...]
    measures: dict[str, float]
    date: str
    version: str


_RECIPES = (
    Recipe(
        "lenet5",
        "mnist",
        Settings(
            epochs=20,
            batch_size=64,
            optimizer=SGD(0.05, momentum=0.9, weight_decay=5e-4),
            schedule=OneCycle(),
            augment=(Shift(2),),
        ),
    ),
    Recipe(
        "digits_net",
        "digits",
        Settings(
            epochs=15,
            batch_size=32,
            optimizer=SGD(0.05, momentum=0.9, weight_decay=5e-4),
            schedule=OneCycle(),
        ),
    ),
    Recipe(
        "face_net",
        "faces",
        Settings(
            epochs=40,
            batch_size=32,
            optimizer=AdamW(0.003),
            schedule=OneCycle(),
            augment=(Flip(), Shift(1)),
        ),
    ),
)

RECIPES: MappingProxyType[str, Recipe] = MappingProxyType(
    {recipe.network: recipe for recipe in _RECIPES}
)


def recipe(name: str) -> Recipe:
    """Look up how a network is trained.

    Parameters
    ----------
    name : str
        Of the network.

    Raises
    ------
    DataError
        If there is no recipe for it; the message lists those there are.

    Examples
    --------
    >>> recipe("lenet5").dataset
    'mnist'
    """
    if not isinstance(name, str) or name not in RECIPES:
        raise DataError(
            f"there is no recipe for {shown(name)}; there is one for {', '.join(RECIPES)}, "
            "and training.fit(net, data) trains any network"
        )
    return RECIPES[name]


def train(
    name: str,
    *,
    seed: int = 0,
    epochs: int | None = None,
    callbacks: Iterable[Callable[[Snapshot], object]] = (),
    progress: bool = True,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
) -> tuple[Network, Record]:
    """Train a network by its recipe, and measure it.

    Parameters
    ----------
    name : str
        One of `RECIPES`.
    seed : int
        Decides the first weights, and all else that is random.
    epochs : int, optional
        Instead of the recipe's.
    callbacks, progress
        As in `training.fit`.
    checkpoint, resume
        As in `training.run`.

    Returns
    -------
    Network
    Record

    Raises
    ------
    DataError
        If there is no recipe, or its data cannot be found.
    """
    chosen = recipe(name)
    settings = replace(
        chosen.settings, seed=seed, epochs=chosen.settings.epochs if epochs is None else epochs
    )
    split = chosen.data()
    net = Network(zoo.build(name), seed=seed)
    training.fit(
        net,
        split.train,
        callbacks=callbacks,
        progress=progress,
        validation=split.test,
        every=50,
        checkpoint=checkpoint,
        resume=resume,
        **vars(settings),
    )
    asked = "" if epochs is None else f" --epochs {epochs}"
    return net, Record(
        command=f"cnnlab train {name} --seed {seed}{asked}",
        settings=settings.as_json(),
        seed=seed,
        data=f"{chosen.dataset}: {split}",
        class_names=tuple(split.train.class_names),
        measures=measure(chosen, net, split),
        date=datetime.now(UTC).date().isoformat(),
        version=__version__,
    )


def measure(chosen: Recipe, net: Network, split: Split) -> dict[str, float]:
    """Measure a network by what it was trained for.

    Parameters
    ----------
    chosen : Recipe
        What it was trained by.
    net : Network
    split : Split
        From the recipe's `data`.

    Returns
    -------
    dict of float
        ``accuracy`` on the test images; for faces also ``false_positives``, the share of 500 unseen
        crops of photographs without a face that are taken for one.
    """
    kind_of(chosen, Recipe, "chosen", "recipes.recipe('digits_net')")
    kind_of(split, Split, "split", "datasets.digits()")
    found = {"accuracy": training.evaluate(net, split.test).accuracy}
    if chosen.dataset == "faces":
        crops = datasets.photograph_crops(500)
        taken = net.predict(crops.images).argmax(axis=1) != crops.labels
        found["false_positives"] = float(np.mean(taken))
    return found


def save(net: Network, record: Record, path: str | os.PathLike[str]) -> None:
    """Write a network, and beside it, as JSON, how it was made.

    Parameters
    ----------
    net : Network
    record : Record
    path : path_like
        Of the weights; the record gets the suffix ``.json``.

    Raises
    ------
    DataError
        If a file cannot be written.
    """
    contents: dict[str, Any] = asdict(
        kind_of(record, Record, "record", "recipes.train('digits_net')[1]")
    )
    checkpoints.save(net, path)
    beside = path_of(path, "path").with_suffix(".json")
    try:
        beside.write_text(json.dumps(contents, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot write {beside}: {error}") from error


def class_names(path: str | os.PathLike[str], classes: int) -> tuple[str, ...]:
    """Read what the scores of a network stand for from the record beside its weights.

    Parameters
    ----------
    path : path_like
        Of the weights.
    classes : int
        How many there are.

    Returns
    -------
    tuple of str
        Plain numbers where there is no record, or it is about another network.
    """
    classes = whole(classes, "classes", 1, _MOST_CLASSES)
    weights = path_of(path, "path")
    try:
        names = json.loads(weights.with_suffix(".json").read_text("utf-8"))["class_names"]
        fitting = len(names) == classes
    except (OSError, ValueError, KeyError, TypeError):
        fitting = False
    return tuple(map(str, names if fitting else range(classes)))
