"""What a training learns from, and what is no such thing."""

import pytest

from cnnlab import Network, Sequential, datasets, training, zoo
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import Dense, Flatten, Softmax
from tests.training.examples import STACK, data


def test_data_that_do_not_go_with_the_network_are_refused():
    net = Network(STACK)
    with pytest.raises(ShapeError, match=r"takes images of shape \(batch, 8, 8, 1\), got"):
        training.run(net, data(shape=(9, 9, 1)))
    with pytest.raises(DataError, match=r"labels from 0 to 3 do not go .* end .* in Dense\(4\)"):
        training.run(net, data(classes=4))
    uneven = data()
    uneven.labels = uneven.labels[:-1]
    with pytest.raises(DataError, match=r"images of shape .90, 8, 8, 1. and labels of shape .89"):
        training.run(net, uneven)


def test_what_is_no_data_or_no_network_is_answered_with_what_is_wanted():
    net, split = Network(zoo.digits_net()), datasets.digits()
    pairs = [
        lambda: training.run(net, split),
        lambda: training.run(net, split.train, validation=split),
        lambda: training.evaluate(net, split),
    ]
    for ask in pairs:
        with pytest.raises(
            DataError, match=r"got a Split, which has two; try .*split\.train.*split\.test"
        ):
            ask()
    with pytest.raises(
        DataError, match=r"data with images and labels are wanted, got a tuple; try .*Dataset"
    ):
        training.run(net, (split.train.images, split.train.labels))
    with pytest.raises(ShapeError, match=r"takes images of shape \(batch, 8, 8, 1\)"):
        training.run(net, split.train, validation=data(shape=(9, 9, 1)))
    for ask in [lambda: training.run(STACK, data()), lambda: training.evaluate(STACK, data())]:
        with pytest.raises(
            DataError, match=r"a Sequential has no weights; try Network\(sequential, seed=0\)"
        ):
            ask()
    with pytest.raises(DataError, match="a Network is wanted, got None"):
        training.run(None, data())
    with pytest.raises(DataError, match=r"loss must be .*, got 'hinge'; try loss=losses.hinge"):
        training.evaluate(net, split.test, "hinge")


@pytest.mark.parametrize("end", [[Dense(3), Softmax()], [Dense(3, activation="softmax")]])
def test_a_softmax_before_a_loss_that_has_one_is_refused(end):
    net = Network(Sequential([Flatten(), *end], (8, 8, 1)))
    with pytest.raises(DataError, match="takes plain scores, but the network ends in softmax"):
        training.run(net, data())
