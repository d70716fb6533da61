"""A training kept in a file, and taken up again."""

import pytest

from cnnlab import Network, checkpoints, training, zoo
from cnnlab.errors import DataError
from cnnlab.optimizers import SGD
from tests.training.examples import STACK, assert_same, data, everything


class TestCheckpoints:
    def test_are_written_every_so_often_and_at_the_end(self, tmp_path):
        path, net = tmp_path / "run.safetensors", Network(STACK, seed=0)
        written = []
        for snapshot in training.run(net, data(90), batch_size=30, epochs=2, checkpoint=path):
            written.append(path.exists() and checkpoints.load_progress(path)[1].settings["step"])
            assert snapshot.step == len(written)
        assert written == [False, False, 3, 3, 3, 6]
        assert_same(checkpoints.load(path), net)

    def test_a_changed_learning_rate_survives_a_resume(self, tmp_path):
        path = tmp_path / "run.safetensors"
        run = training.run(Network(STACK), data(), epochs=2, checkpoint=path)
        next(run)
        run.learning_rate = 0.007
        run.save(path)
        resumed = training.run(Network(STACK), data(), epochs=2, checkpoint=path, resume=True)
        assert resumed.learning_rate == 0.007

    def test_resuming_without_a_file_starts_at_the_beginning(self, tmp_path):
        path = tmp_path / "none.safetensors"
        assert training.run(Network(STACK), data(), checkpoint=path, resume=True).step == 0

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            (
                {"batch_size": 17},
                "holds a training with batch_size=16, but this one has batch_size",
            ),
            ({"optimizer": SGD(0.05)}, r"optimizer=AdamW\(.*this one has optimizer=SGD\("),
            ({"augment": ()}, r"augment=.*Shift\(pixels=1\).*start a new training"),
            ({"seed": 6}, "seed=5, but this one has seed=6"),
        ],
    )
    def test_resuming_something_else_is_refused(self, tmp_path, changes, message):
        path = tmp_path / "run.safetensors"
        run = training.run(Network(STACK), data(), **everything())
        next(run)
        run.save(path)
        settings = everything(**changes)
        with pytest.raises(DataError, match=message):
            training.run(Network(STACK), data(), **settings, checkpoint=path, resume=True)

    def test_the_training_of_another_network_or_of_other_data_is_refused(self, tmp_path):
        path = tmp_path / "run.safetensors"
        run = training.run(Network(STACK), data(), **everything(), checkpoint=path)
        next(run)
        run.save(path)
        other = Network(zoo.digits_net())
        settings = everything(checkpoint=path, resume=True)
        with pytest.raises(DataError, match="holds the training of another network"):
            training.run(other, data(), **settings)
        with pytest.raises(DataError, match="with labels="):
            training.run(Network(STACK), data(seed=1), **settings)
        checkpoints.save(Network(STACK), path)
        with pytest.raises(DataError, match="not the state of a training"):
            training.run(Network(STACK), data(), **settings)
