"""What a training is told, and what is refused."""

import json

import numpy as np
import pytest

from cnnlab import Network, losses, training
from cnnlab.augmentation import Shift
from cnnlab.errors import DataError
from cnnlab.optimizers import SGD, Cosine
from tests.training.examples import STACK, assert_same, data, everything


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"epochs": 0}, DataError, "epochs must be at least 1, got 0; try epochs=1"),
        (
            {"batch_size": 2.5},
            DataError,
            "batch_size must be a whole number, got 2.5",
        ),
        ({"seed": -1}, DataError, "seed must be at least 0, got -1; try seed=0"),
        ({"every": 0}, DataError, "every must be at least 1, got 0"),
        ({"checkpoint_every": 0}, DataError, "checkpoint_every must be at least 1, got 0"),
        ({"resume": True}, DataError, "say from which file: checkpoint=..."),
        (
            {"optimizer": SGD},
            DataError,
            r"optimizer must be one of cnnlab.optimizers, got the class SGD; try optimizer=SGD\(\)",
        ),
        ({"optimizer": "adam"}, DataError, r"got 'adam'; try optimizer=optimizers.Adam\(\) or"),
        ({"optimizer": None}, DataError, r"got None; try optimizer=optimizers.SGD\(\) or"),
        (
            {"loss": "hinge"},
            DataError,
            r"loss must be one of cnnlab.losses, .*, got 'hinge'; try loss=losses.hinge$",
        ),
        (
            {"loss": "mse"},
            DataError,
            "got 'mse'; try loss=losses.softmax_cross_entropy or loss=losses.hinge or loss",
        ),
        (
            {"schedule": Cosine},
            DataError,
            r"schedule must be one .*, got the class Cosine; try schedule=Cosine\(\)",
        ),
        ({"schedule": 0.1}, DataError, r"got 0.1; try schedule=optimizers.Constant\(\) or"),
        (
            {"augment": Shift},
            DataError,
            r"augment must be one .*, got the class Shift; try augment=Shift\(\)",
        ),
        ({"augment": "flip"}, DataError, r"got 'flip'; try augment=augmentation.Flip\(\)"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, error, message):
    with pytest.raises(error, match=message):
        training.run(Network(STACK), data(), **changes)


def test_settings_are_held_once_and_followed_by_a_run():
    nets = [Network(STACK, seed=0) for _ in range(2)]
    settings = training.Settings(**everything())
    list(training.run(nets[0], data(), **vars(settings)))
    list(training.run(nets[1], data(), **everything()))
    assert_same(*nets)


def test_settings_read_the_same_in_every_process():
    settings = training.Settings(
        **everything(epochs=np.int64(3), schedule=lambda progress: 1, loss=losses.hinge)
    )
    told = json.loads(json.dumps(settings.as_json()))
    assert told == settings.as_json()
    assert told["epochs"] == 3
    assert told["loss"] == "hinge"
    assert told["augment"] == ["Shift(pixels=1)", "Noise(deviation=0.05)"]
    assert "0x" not in str(told)  # no address in memory
