"""Recipes: how the networks of the course are trained, and the weights that ship were.

``cnnlab train lenet5 --seed 1`` is ``train("lenet5", seed=1)``: the same seed on the same machine
gives the same bits. A recipe is settings and nothing else; `training.run` does the work.
"""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from cnnlab import __version__, checkpoints, datasets, training, zoo
from cnnlab.augmentation import Augmentation, Flip, Shift
from cnnlab.datasets import Split
from cnnlab.errors import DataError
from cnnlab.network import Network
from cnnlab.optimizers import SGD, AdamW, OneCycle, Optimizer, Schedule
from cnnlab.training import Snapshot

__all__ = ["RECIPES", "Recipe", "Record", "class_names", "measure", "recipe", "save", "train"]


@dataclass(frozen=True)
class Recipe:
    """How to train one network of the zoo.

    Attributes
    ----------
    network, dataset : str
        Names in `zoo` and `datasets`.
    epochs, batch_size : int
    optimizer : Optimizer
    schedule : Schedule
    augment : tuple of callable
    """

    network: str
    dataset: str
    epochs: int
    batch_size: int
    optimizer: Optimizer
    schedule: Schedule
    augment: tuple[Augmentation, ...] = ()

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
    recipe : str
        All settings.
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
    recipe: str
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
        epochs=20,
        batch_size=64,
        optimizer=SGD(0.05, momentum=0.9, weight_decay=5e-4),
        schedule=OneCycle(),
        augment=(Shift(2),),
    ),
    Recipe(
        "digits_net",
        "digits",
        epochs=15,
        batch_size=32,
        optimizer=SGD(0.05, momentum=0.9, weight_decay=5e-4),
        schedule=OneCycle(),
    ),
    Recipe(
        "face_net",
        "faces",
        epochs=40,
        batch_size=32,
        optimizer=AdamW(0.003),
        schedule=OneCycle(),
        augment=(Flip(), Shift(1)),
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
    try:
        return RECIPES[name]
    except KeyError:
        raise DataError(
            f"there is no recipe for {name!r}; there is one for {', '.join(RECIPES)}, "
            "and training.fit(net, data) trains any network"
        ) from None


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
        Other than in the recipe.
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
    split = chosen.data()
    net = Network(zoo.build(name), seed=seed)
    training.fit(
        net,
        split.train,
        callbacks=callbacks,
        progress=progress,
        validation=split.test,
        epochs=chosen.epochs if epochs is None else epochs,
        optimizer=chosen.optimizer,
        batch_size=chosen.batch_size,
        seed=seed,
        augment=chosen.augment,
        schedule=chosen.schedule,
        every=50,
        checkpoint=checkpoint,
        resume=resume,
    )
    asked = "" if epochs is None else f" --epochs {epochs}"
    return net, Record(
        command=f"cnnlab train {name} --seed {seed}{asked}",
        recipe=repr(chosen),
        seed=seed,
        data=f"{chosen.dataset}: {split}",
        class_names=tuple(split.train.class_names),
        measures=measure(name, net, split),
        date=datetime.now(UTC).date().isoformat(),
        version=__version__,
    )


def measure(name: str, net: Network, split: Split) -> dict[str, float]:
    """Measure a network as is fit for what it was trained for.

    Parameters
    ----------
    name : str
        One of `RECIPES`.
    net : Network
    split : Split
        From its recipe's `data`.

    Returns
    -------
    dict of float
        ``accuracy`` on the test images; for faces also ``false_positives``, the share of 500 unseen
        crops of photographs without a face that are taken for one.
    """
    found = {"accuracy": training.evaluate(net, split.test).accuracy}
    if recipe(name).dataset == "faces":
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
    checkpoints.save(net, path)
    contents: dict[str, Any] = asdict(record)
    beside = Path(path).with_suffix(".json")
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
        Plain numbers where there is no record, or it speaks of another network.
    """
    try:
        names = json.loads(Path(path).with_suffix(".json").read_text("utf-8"))["class_names"]
        fitting = len(names) == classes
    except (OSError, ValueError, KeyError, TypeError):
        fitting = False
    return tuple(map(str, names if fitting else range(classes)))
