"""The zoo: networks with a history, and the small ones that are trained in the course.

Each function gives a `Sequential`: counted and drawn without a byte of weights. `Network`
allocates. `pretrained` loads the weights that ship. All end in plain class scores; the softmax is
part of the loss.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import MappingProxyType

from cnnlab import checkpoints
from cnnlab.checks import shown
from cnnlab.errors import DataError
from cnnlab.layers import Conv2D, Dense, Dropout, Flatten, Layer, MaxPool2D
from cnnlab.network import Network
from cnnlab.sequential import Sequential

__all__ = [
    "NETWORKS",
    "PRETRAINED",
    "alexnet",
    "build",
    "deck_network",
    "deep_convnet",
    "digits_net",
    "face_net",
    "lenet5",
    "pretrained",
    "vgg16",
    "weights_file",
]

# A rectifier follows every layer but the last; He's weights keep the signal's size through it.
_Conv2D = partial(Conv2D, activation="relu", initializer="he_normal")
_Dense = partial(Dense, activation="relu", initializer="he_normal")


def lenet5() -> Sequential:
    """Build LeNet-5: 61,706 parameters, for 28x28 grey digits.

    Returns
    -------
    Sequential

    Notes
    -----
    LeCun, Bottou, Bengio and Haffner 1998, *Gradient-based learning applied to document
    recognition*, section II.B. What differs: the images of 32x32 are 28x28 with two zeros on each
    side; each C3 map sees all six S2 maps (the paper leaves some out, for 60,000 parameters); the
    pooling takes maxima and has no weights; units rectify instead of squashing with a tanh; the
    last layer is plain, where the paper measures distances to fixed patterns.

    Examples
    --------
    >>> lenet5().num_parameters
    61706
    """
    return Sequential(
        [
            _Conv2D(6, 5, padding=2),
            MaxPool2D(2),
            _Conv2D(16, 5),
            MaxPool2D(2),
            Flatten(),
            _Dense(120),
            _Dense(84),
            Dense(10),
        ],
        input_shape=(28, 28, 1),
    )


def alexnet(classes: int = 1000) -> Sequential:
    """Build AlexNet in one tower: 62,378,344 parameters, for 227x227 colour photographs.

    Parameters
    ----------
    classes : int

    Returns
    -------
    Sequential

    Notes
    -----
    Krizhevsky, Sutskever and Hinton 2012, *ImageNet classification with deep convolutional neural
    networks*, section 3. What differs: one tower instead of two halves on two processors (so every
    filter sees all channels: 62 million parameters for their 60); no local response normalisation;
    images of 227x227, for which the sizes come out (the paper says 224x224).

    Examples
    --------
    >>> alexnet().num_parameters
    62378344
    """
    return Sequential(
        [
            _Conv2D(96, 11, stride=4),
            MaxPool2D(3, stride=2),
            _Conv2D(256, 5, padding=2),
            MaxPool2D(3, stride=2),
            _Conv2D(384, 3, padding=1),
            _Conv2D(384, 3, padding=1),
            _Conv2D(256, 3, padding=1),
            MaxPool2D(3, stride=2),
            Flatten(),
            Dropout(0.5),
            _Dense(4096),
            Dropout(0.5),
            _Dense(4096),
            Dense(classes),
        ],
        input_shape=(227, 227, 3),
    )


def vgg16(classes: int = 1000) -> Sequential:
    """Build VGG-16: 138,357,544 parameters, for 224x224 colour photographs.

    Parameters
    ----------
    classes : int

    Returns
    -------
    Sequential

    Notes
    -----
    Simonyan and Zisserman 2015, *Very deep convolutional networks for large-scale image
    recognition*, table 1, column D. What differs: nothing in the layers; the weights begin as He et
    al. 2015 advise.

    Examples
    --------
    >>> vgg16().num_parameters
    138357544
    """
    layers: list[Layer] = []
    for repeats, filters in [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]:
        layers += [_Conv2D(filters, 3, padding=1)] * repeats
        layers.append(MaxPool2D(2))
    head = [Flatten(), _Dense(4096), Dropout(0.5), _Dense(4096), Dropout(0.5), Dense(classes)]
    return Sequential([*layers, *head], input_shape=(224, 224, 3))


def deck_network() -> Sequential:
    """Build the network of the source deck, row for row: 8,459,242 parameters, 150x150 grey images.

    Returns
    -------
    Sequential

    Notes
    -----
    *Convolutional Neural Networks 101* (note 004). The deck prints neither the dropout rates nor
    the activations: 0.25 behind the last pooling and 0.5 behind the dense layer, and rectifiers,
    are what was usual.

    Examples
    --------
    >>> deck_network().num_parameters
    8459242
    """
    return Sequential(
        [
            _Conv2D(32, 3),
            MaxPool2D(2),
            _Conv2D(32, 3),
            MaxPool2D(2),
            _Conv2D(64, 3),
            _Conv2D(64, 3),
            MaxPool2D(2),
            Dropout(0.25),
            Flatten(),
            _Dense(512),
            Dropout(0.5),
            Dense(10),
        ],
        input_shape=(150, 150, 1),
    )


def deep_convnet(classes: int = 10) -> Sequential:
    """Build the example of note 001: 39x39x3 shrinks to 7x7x40, which is 1,960 numbers.

    Parameters
    ----------
    classes : int
        The note leaves them open.

    Returns
    -------
    Sequential

    Notes
    -----
    The standard lecture example: Ng, *Convolutional neural networks* (deeplearning.ai), week 1,
    "Simple convolutional network example". What differs: nothing; the rectifiers are not in the
    drawing.

    Examples
    --------
    >>> [row.output_shape for row in deep_convnet()]
    [(37, 37, 10), (17, 17, 20), (7, 7, 40), (1960,), (10,)]
    """
    return Sequential(
        [
            _Conv2D(10, 3, stride=1),
            _Conv2D(20, 5, stride=2),
            _Conv2D(40, 5, stride=2),
            Flatten(),
            Dense(classes),
        ],
        input_shape=(39, 39, 3),
    )


def digits_net() -> Sequential:
    """Build a small network for the 8x8 digits that ship with the course: 38,282 parameters.

    Returns
    -------
    Sequential

    Notes
    -----
    Made for this course. An epoch takes a few milliseconds: small enough to watch.

    Examples
    --------
    >>> digits_net().num_parameters
    38282
    """
    return Sequential(
        [
            _Conv2D(16, 3, padding="same"),
            _Conv2D(32, 3, padding="same"),
            MaxPool2D(2),
            Flatten(),
            _Dense(64),
            Dense(10),
        ],
        input_shape=(8, 8, 1),
    )


def face_net() -> Sequential:
    """Build a small network that tells 25x25 grey faces from other pictures: 16,690 parameters.

    Returns
    -------
    Sequential

    Notes
    -----
    Made for this course: three layers of filters, so that simple features can be seen to become
    complex ones. A demonstration, and not a detector: it has seen a hundred faces.
    """
    return Sequential(
        [
            _Conv2D(12, 3, padding="same"),
            MaxPool2D(2),
            _Conv2D(24, 3, padding="same"),
            MaxPool2D(2),
            _Conv2D(32, 3, padding="same"),
            MaxPool2D(2),
            Flatten(),
            Dropout(0.3),
            Dense(2),
        ],
        input_shape=(25, 25, 1),
    )


# What the command line and the widgets call them.
NETWORKS: MappingProxyType[str, Callable[[], Sequential]] = MappingProxyType(
    {
        network.__name__: network
        for network in (lenet5, alexnet, vgg16, deck_network, deep_convnet, digits_net, face_net)
    }
)

PRETRAINED = ("lenet5", "digits_net", "face_net")


def build(name: str) -> Sequential:
    """Build a network by its name.

    Parameters
    ----------
    name : str
        One of `NETWORKS`.

    Raises
    ------
    DataError
        If there is none of that name; the message lists them.
    """
    if not isinstance(name, str) or name not in NETWORKS:
        raise DataError(
            f"there is no network {shown(name)} in the zoo; try one of {', '.join(NETWORKS)}"
        )
    return NETWORKS[name]()


def weights_file(name: str) -> Path:
    """Find the weights that ship for a network; the record of their training lies beside them.

    Parameters
    ----------
    name : str
        One of `PRETRAINED`.

    Returns
    -------
    Path
        A safetensors file; with the suffix ``.json``, how it was made.

    Raises
    ------
    DataError
        If none ship for that name.
    """
    if not isinstance(name, str) or name not in PRETRAINED:
        raise DataError(
            f"no weights ship for {shown(name)}; there are some for {', '.join(PRETRAINED)}"
        )
    return Path(__file__).parent / "weights" / f"{name}.safetensors"


def pretrained(name: str) -> Network:
    """Load a network with the weights that ship.

    Parameters
    ----------
    name : str
        One of `PRETRAINED`.

    Returns
    -------
    Network

    Raises
    ------
    DataError
        If none ship for that name.
    """
    return checkpoints.load(weights_file(name))
