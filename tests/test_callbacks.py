import numpy as np
import pytest

from cnnlab import Network, Sequential, callbacks, checkpoints, training
from cnnlab.errors import DataError
from cnnlab.layers import Dense, Flatten
from cnnlab.training import Evaluation, Snapshot


def snapshot(epoch, loss=None, accuracy=0.5, end=True):
    validation = None if loss is None else Evaluation(loss, accuracy)
    return Snapshot(epoch, epoch, 100, 1.0, 0.5, 0.1, {}, 0.0, 1.0, end, validation)


def test_early_stopping_waits_for_its_patience_and_no_longer():
    stopping = callbacks.EarlyStopping(patience=2)
    answers = [stopping(snapshot(*each)) for each in enumerate([3.0, 2.0, 2.5, 1.9, 2.0, 1.95])]
    assert answers == [False, False, False, False, False, True]


def test_early_stopping_can_look_at_the_accuracy_and_ask_for_a_margin():
    stopping = callbacks.EarlyStopping(patience=1, monitor="accuracy", margin=0.01)
    assert not stopping(snapshot(1, 1.0, 0.9))
    assert not stopping(snapshot(2, 9.0, 0.92))
    assert stopping(snapshot(3, 0.1, 0.925))


def test_steps_within_an_epoch_do_not_count():
    stopping = callbacks.EarlyStopping(patience=1)
    assert not any(stopping(snapshot(1, end=False)) for _ in range(5))


def test_a_callback_that_needs_a_validation_says_so():
    with pytest.raises(DataError, match=r"pass validation=... to the training"):
        callbacks.EarlyStopping()(snapshot(1))
    with pytest.raises(DataError, match="monitor must be one of loss, accuracy, got 'acc'"):
        callbacks.EarlyStopping(monitor="acc")
    with pytest.raises(DataError, match="patience must be at least 1"):
        callbacks.EarlyStopping(patience=0)


def test_save_best_keeps_the_best_and_not_the_last(tmp_path):
    net, path = Network(Sequential([Flatten(), Dense(2)], (2, 2, 1))), tmp_path / "best.safetensors"
    saving = callbacks.SaveBest(net, path)
    for epoch, accuracy in enumerate([0.5, 0.8, 0.7]):
        net.parameters = net.parameters | {"dense_1.bias": np.full(2, epoch)}
        saving(snapshot(epoch, 1.0, accuracy))
    assert saving.value == 0.8
    assert (checkpoints.load(path).parameters["dense_1.bias"] == 1).all()


def test_a_history_keeps_what_a_training_gave():
    rng = np.random.default_rng(0)
    images = rng.random((40, 2, 2, 1), np.float32)
    data = type("Data", (), {"images": images, "labels": (images[:, 0, 0, 0] > 0.5).astype(int)})
    history = callbacks.History()
    net = Network(Sequential([Flatten(), Dense(2)], (2, 2, 1)))
    epochs = training.fit(net, data, epochs=3, batch_size=20, callbacks=[history], progress=False)
    assert len(history) == 6
    assert history.epochs == epochs
