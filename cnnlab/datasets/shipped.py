"""Data sets that need no network: small digits in this package, faces that scikit-image brings."""

from __future__ import annotations

import math
from importlib import resources
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cnnlab import images
from cnnlab.checks import seeded, shown, whole
from cnnlab.datasets.dataset import Dataset, Split
from cnnlab.datasets.resampling import resample
from cnnlab.errors import DataError

__all__ = ["digits", "faces", "photograph_crops"]

_INK = 16  # the darkest value of a digit's pixel
_LAST_WRITERS = 360

_SIDE = 25  # of the faces
_MOST_CROPS = 100_000
_CLASS_NAMES = ("other", "face")
# Other photographs altogether for the examination, objects and textures in both lists.
_PHOTOGRAPHS = {
    "train": ("chelsea", "astronaut", "brick", "grass", "rocket"),
    "test": ("camera", "coffee", "gravel"),
}
# (top, left, bottom, right) of the human heads in them: no crop of a non-face may touch one.
_HEADS = {"astronaut": (0, 130, 200, 310), "camera": (40, 180, 140, 300)}


def digits(held_out: Literal["fifth", "writers"] = "fifth", *, seed: int = 0) -> Split:
    """Return 1,797 handwritten digits of 8x8 pixels, grey. They ship with the package.

    Parameters
    ----------
    held_out : "fifth" or "writers"
        What is kept for the test. ``"fifth"`` is a fifth of every class, drawn at random, so that
        the same hands wrote what is learned and what is asked. ``"writers"`` is the last 360 rows
        of the file, which other people probably wrote: a network does worse there, and that is
        what it would do on *your* digits.
    seed : int
        Deals the fifth.

    Returns
    -------
    Split

    Raises
    ------
    DataError
        If `held_out` is neither, or the seed is no whole number of at least 0.

    Notes
    -----
    Alpaydin and Kaynak 1998, *Optical recognition of handwritten digits*, UCI Machine Learning
    Repository, test part (13 writers), CC BY 4.0. That the rows are in the order of the writers is
    not documented; every model tried loses 4 to 7 points on the last ones.

    Examples
    --------
    >>> digits().test
    Dataset(359 images of 8x8x1; 10 classes: 0 36, 1 36, 2 35, 3 37, ...)
    >>> train, test = digits(held_out="writers")
    >>> len(train), len(test)
    (1437, 360)
    """
    if not isinstance(held_out, str) or held_out not in {"fifth", "writers"}:
        raise DataError(
            f'held_out must be "fifth" or "writers", got {shown(held_out)}; '
            'try digits(held_out="writers") for digits by other people'
        )
    with (
        resources.files("cnnlab.datasets").joinpath("digits.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):
        pixels, labels = arrays["images"], arrays["labels"]
    names = [str(digit) for digit in range(10)]
    whole = Dataset(pixels[..., None] / np.float32(_INK), labels.astype(np.int64), names)
    if held_out == "writers":
        return Split(whole[:-_LAST_WRITERS], whole[-_LAST_WRITERS:])
    train, test = whole.split(0.8, 0.2, seed=seed)
    return Split(train, test)


def faces(crops: int = 300, *, seed: int = 0) -> Split:
    """Return faces and other things, 25x25 pixels, grey.

    The test holds 25 faces and 25 other things. The training part holds 75 of each and random
    crops of photographs as further other things: without them a network learns what the corners
    of a portrait look like, and finds faces in every wall. So do not only ask for the accuracy:
    ask how many of `photograph_crops` it takes for faces (false positives).

    Parameters
    ----------
    crops : int
        Photograph crops among the training images; 0 to see what happens without them.
    seed : int
        Deals the parts and places the crops.

    Returns
    -------
    Split

    Raises
    ------
    DataError
        If the crops are not from 0 to 100,000 (which take 250 MB), or the seed is no whole number
        of at least 0.

    Notes
    -----
    From scikit-image: a part of Labeled Faces in the Wild, Huang, Ramesh, Berg and Learned-Miller
    2007, and its sample photographs.

    Examples
    --------
    >>> faces()
    Split(train=Dataset(450 images of 25x25x1; 2 classes: other 375, face 75),
          test=Dataset(50 images of 25x25x1; 2 classes: other 25, face 25))
    """
    from skimage.data import lfw_subset

    windows: NDArray[np.float64] = lfw_subset()[..., None]
    half = len(windows) // 2  # faces first, then as many other things
    labels = np.repeat([1, 0], half)
    train, test = Dataset(windows, labels, _CLASS_NAMES).split(0.75, 0.25, seed=seed)
    if whole(crops, "crops", 0, _MOST_CROPS):
        further = photograph_crops(crops, part="train", seed=seed)
        train = Dataset(
            np.concatenate([train.images, further.images]),
            np.concatenate([train.labels, further.labels]),
            _CLASS_NAMES,
        )
    return Split(train, test)


def photograph_crops(
    count: int = 500, *, part: Literal["train", "test"] = "test", seed: int = 0
) -> Dataset:
    """Cut random squares without a human face out of the sample photographs, 25x25, grey.

    A square's side is between 25 pixels and half the photograph's shorter side; small and large
    ones are equally likely on a logarithmic scale. Training and test use different photographs.

    Parameters
    ----------
    count : int
        How many, taken from the photographs of that part in turn.
    part : "train" or "test"
        Which photographs.
    seed : int
        Places the squares.

    Returns
    -------
    Dataset
        All of the class ``other``: whatever a face detector calls a face here is a mistake.

    Raises
    ------
    DataError
        If there is no such part, the count is not from 1 to 100,000 (which take 250 MB), or the
        seed is no whole number of at least 0.

    Examples
    --------
    >>> photograph_crops(3)
    Dataset(3 images of 25x25x1; 2 classes: other 3, face 0)
    """
    if not isinstance(part, str) or part not in _PHOTOGRAPHS:
        raise DataError(f'part must be "train" or "test", got {shown(part)}; try part="test"')
    count, rng = whole(count, "count", 1, _MOST_CROPS), seeded(seed)
    names = _PHOTOGRAPHS[part]
    photographs = {name: images.to_grey(images.sample(name)) for name in names}
    crops = [_crop(photographs[name], _HEADS.get(name), rng) for name in _in_turn(names, count)]
    return Dataset(
        np.clip(np.stack(crops)[..., None], 0, 1), np.zeros(count, dtype=np.int64), _CLASS_NAMES
    )


def _in_turn(names: tuple[str, ...], count: int) -> list[str]:
    return [names[position % len(names)] for position in range(count)]


def _crop(
    photograph: NDArray[np.float32],
    head: tuple[int, int, int, int] | None,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    height, width = photograph.shape
    largest = min(height, width) / 2
    while True:  # ends: each photograph is mostly free of heads
        side = round(math.exp(rng.uniform(math.log(_SIDE), math.log(largest))))
        top = int(rng.integers(height - side + 1))
        left = int(rng.integers(width - side + 1))
        box = (top, left, top + side, left + side)
        if head is None or not _overlap(box, head):
            return resample(photograph, box, _SIDE, _SIDE)


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    (top, left, bottom, right), (top2, left2, bottom2, right2) = one, other
    return top < bottom2 and top2 < bottom and left < right2 and left2 < right
