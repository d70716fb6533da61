"""What a training learns and tells, step by step and to the end."""

import numpy as np
import pytest

from cnnlab import Network, training, zoo
from cnnlab.optimizers import SGD, Adam
from tests.layers.twins import apply, leaf
from tests.training.examples import STACK, data


def test_a_network_learns_what_there_is_to_learn():
    net = Network(STACK, seed=0)
    before = training.evaluate(net, data(seed=1)).accuracy
    *_, last = training.run(net, data(), validation=data(seed=1), epochs=8)
    assert before < 0.6
    assert last.validation.accuracy > 0.95
    assert last.validation == training.evaluate(net, data(seed=1))


def test_snapshots_say_where_the_training_stands():
    net = Network(STACK, seed=0)
    run = training.run(
        net, data(90), validation=data(30), epochs=2, batch_size=40, optimizer=SGD(0.1),
        schedule=lambda progress: 1 - progress,
    )  # fmt: skip
    snapshots = list(run)
    assert [(each.epoch, each.step, each.steps) for each in snapshots] == [
        (1, 1, 6), (1, 2, 6), (1, 3, 6), (2, 4, 6), (2, 5, 6), (2, 6, 6),
    ]  # fmt: skip
    assert [each.epoch_end for each in snapshots] == [False, False, True] * 2
    assert [each.validation is not None for each in snapshots] == [False, False, True] * 2
    np.testing.assert_allclose(
        [each.learning_rate for each in snapshots], 0.1 * (1 - np.arange(6) / 6)
    )
    assert set(snapshots[0].gradient_norms) == {
        "conv2d_1", "batch_normalization_1", "dense_1", "dense_2",
    }  # fmt: skip
    assert all(0 < norm < 100 for norm in snapshots[0].gradient_norms.values())
    seconds = [each.seconds for each in snapshots]
    assert seconds == sorted(seconds)
    assert all(each.images_per_second > 0 for each in snapshots)


def test_a_snapshot_of_several_steps_holds_their_means():
    fine = list(training.run(Network(STACK), data(90), batch_size=40, epochs=1, every=1))
    coarse = list(training.run(Network(STACK), data(90), batch_size=40, epochs=1, every=2))
    assert [each.step for each in coarse] == [2, 3]  # the end of an epoch always shows
    assert coarse[0].loss == pytest.approx((fine[0].loss + fine[1].loss) / 2)
    assert coarse[0].accuracy == pytest.approx((fine[0].accuracy + fine[1].accuracy) / 2)
    assert coarse[1].loss == pytest.approx(fine[2].loss)


def test_gradient_norms_are_those_of_the_layers():
    net = Network(zoo.digits_net(), seed=0)
    batch = data(10, classes=3)
    gradients = net.gradients(batch.images, batch.labels)[1]
    snapshot = next(training.run(net, batch, batch_size=10))
    for name in ("conv2d_1", "dense_2"):
        own = [array for key, array in gradients.items() if key.startswith(name)]
        expected = np.sqrt(sum(np.square(array).sum() for array in own))
        assert snapshot.gradient_norms[name] == pytest.approx(expected, rel=1e-4)


def test_every_epoch_shows_each_image_once_in_an_order_of_its_own():
    seen = []

    def remember(images, rng):
        seen.append(images[:, 0, 0, 0].copy())
        return images

    marked = data(90)
    marked.images[:, 0, 0, 0] = np.arange(90)
    list(training.run(Network(STACK), marked, epochs=2, batch_size=25, augment=remember))
    assert [len(batch) for batch in seen] == [25, 25, 25, 15] * 2
    first, second = np.concatenate(seen[:4]), np.concatenate(seen[4:])
    assert sorted(first) == sorted(second) == list(range(90))
    assert (first != second).any()
    assert list(first) != sorted(first)


def test_fit_gives_the_epochs_and_asks_its_callbacks():
    seen = []

    def enough(snapshot):
        seen.append(snapshot.step)
        return snapshot.step == 5

    epochs = training.fit(
        Network(STACK), data(90), epochs=4, batch_size=30, callbacks=[enough], progress=False
    )
    assert seen == [1, 2, 3, 4, 5]
    assert [snapshot.epoch for snapshot in epochs] == [1]


def test_fit_shows_a_bar(capsys):
    training.fit(Network(STACK), data(60), epochs=2, batch_size=30, validation=data(30))
    shown = capsys.readouterr().err
    assert "4/4" in shown
    assert "epoch 2" in shown
    assert "validation=" in shown


class TestAgainstPyTorch:
    @pytest.mark.parametrize("optimizer", [SGD(0.01, momentum=0.9), Adam(0.002)])
    def test_twenty_steps_have_the_same_losses(self, optimizer):
        torch = pytest.importorskip("torch", reason="PyTorch is the referee (pip install torch)")
        net = Network(zoo.lenet5(), seed=0)
        leaves = {key: leaf(torch, array) for key, array in net.parameters.items()}
        if isinstance(optimizer, SGD):
            twin = torch.optim.SGD(leaves.values(), lr=0.01, momentum=0.9)
        else:
            twin = torch.optim.Adam(leaves.values(), lr=0.002)
        seen = []

        def remember(images, rng):
            seen.append(images)
            return images

        shown = data(320, (28, 28, 1), classes=4)
        losses_here = [
            snapshot.loss
            for snapshot in training.run(
                net, shown, epochs=2, batch_size=32, optimizer=optimizer,
                augment=remember,
            )
        ]  # fmt: skip
        losses_there = []
        for images in seen:
            matches = (images[:, None] == shown.images[None]).all(axis=(2, 3, 4))
            labels = torch.from_numpy(shown.labels[matches.argmax(axis=1)])
            out = torch.from_numpy(images)
            for row in net.sequential:
                own = {key: leaves[f"{row.name}.{key}"] for key in row.parameter_shapes}
                out = apply(torch, row.layer, own, out)
            loss = torch.nn.functional.cross_entropy(out, labels)
            twin.zero_grad()
            loss.backward()
            twin.step()
            losses_there.append(loss.item())
        assert len(losses_here) == 20
        np.testing.assert_allclose(losses_here, losses_there, rtol=1e-4)
