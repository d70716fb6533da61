import itertools
import json
import re
import signal
import threading
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from cnnlab import Network, Sequential, checkpoints, datasets, losses, training, zoo
from cnnlab import functional as F
from cnnlab.augmentation import Noise, Shift
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU, Softmax
from cnnlab.optimizers import (
    OPTIMIZERS,
    SCHEDULES,
    SGD,
    Adam,
    AdamW,
    Cosine,
    Exponential,
    Optimizer,
)
from cnnlab.training import DivergedError
from tests.layers.twins import apply, leaf

STACK = Sequential(
    [
        Conv2D(4, 3, bias=False),
        BatchNorm(),
        ReLU(),
        MaxPool2D(2),
        Dropout(0.2),
        Flatten(),
        Dense(16, activation="relu"),
        Dense(3),
    ],
    (8, 8, 1),
)


def data(count=90, shape=(8, 8, 1), classes=3, seed=0):
    """Bright in the left, the middle or the right: easy to tell apart."""
    rng = np.random.default_rng(seed)
    images = 0.5 * rng.random((count, *shape), np.float32)
    labels = rng.integers(0, classes, count)
    width = shape[1] // classes
    for image, label in zip(images, labels, strict=True):
        image[:, label * width : (label + 1) * width] += 0.3
    return SimpleNamespace(images=images, labels=labels)


def everything(**changes):
    """A training in which all that can be random is random."""
    settings = {
        "epochs": 3,
        "batch_size": 16,
        "seed": 5,
        "optimizer": AdamW(0.01),
        "schedule": Cosine(warmup=0.1),
        "augment": (Shift(1), Noise(0.05)),
    }
    return settings | changes


def assert_same(net, other):
    for name, array in net.parameters.items():
        np.testing.assert_array_equal(array, other.parameters[name], err_msg=name)


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


class TestDeterminism:
    def test_the_same_seed_gives_the_same_bits_and_another_seed_others(self):
        nets = [Network(STACK, seed=0) for _ in range(3)]
        for net, seed in zip(nets, (5, 5, 6), strict=True):
            list(training.run(net, data(), **everything(seed=seed)))
        assert_same(nets[0], nets[1])
        first, third = (net.parameters["dense_1.weights"] for net in (nets[0], nets[2]))
        assert (first != third).any()

    @pytest.mark.parametrize("optimizer", [SGD(0.05), SGD(0.05, momentum=0.9), Adam(0.01)])
    def test_a_training_that_is_resumed_ends_with_the_same_bits(self, tmp_path, optimizer):
        straight, path = Network(STACK, seed=0), tmp_path / "run.safetensors"
        settings = everything(optimizer=optimizer)
        list(training.run(straight, data(), **settings))

        settings |= {"checkpoint": path, "checkpoint_every": 2}
        for snapshot in training.run(Network(STACK, seed=0), data(), **settings):
            if snapshot.step == 9:  # the file holds step 8
                break
        resumed = Network(STACK, seed=99)
        run = training.run(resumed, data(), **settings, resume=True)
        assert run.step == 8
        steps = [snapshot.step for snapshot in run]
        assert steps == list(range(9, 19))
        assert_same(resumed, straight)
        assert list(training.run(resumed, data(), **settings, resume=True)) == []

    def test_a_large_network_trains_to_the_same_bits_with_several_threads(self):
        """Which thread computes which part of a sum must not matter."""
        nets = [Network(zoo.deck_network(), seed=0) for _ in range(2)]
        for net in nets:
            with F.threads(3):
                next(training.run(net, data(4, (150, 150, 1)), batch_size=4, every=2, epochs=2))
        assert_same(*nets)

    def test_predictions_beside_a_training_neither_disturb_it_nor_see_half_a_step(self):
        """As widgets do: a training in one thread, questions from another."""
        straight, net = Network(STACK, seed=0), Network(STACK, seed=0)
        images = data(seed=2).images
        settings = everything(epochs=6)
        answers = [straight.predict(images)]
        answers += [straight.predict(images) for _ in training.run(straight, data(), **settings)]
        run = training.run(net, data(), **settings)
        worker = threading.Thread(target=list, args=(run,))
        worker.start()
        asked = []
        while worker.is_alive():
            asked.append(net.predict(images))
        worker.join()
        assert_same(net, straight)
        assert all(any((scores == answer).all() for answer in answers) for scores in asked)


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


class TestStopping:
    def test_a_break_keeps_the_last_finished_step(self):
        net, other = Network(STACK, seed=0), Network(STACK, seed=0)
        for snapshot in training.run(net, data(), **everything()):
            if snapshot.step == 4:
                break
        run = training.run(other, data(), **everything(every=4))
        next(run)
        assert run.step == 4
        assert_same(net, other)

    def test_a_paused_training_waits_and_goes_on_from_another_thread(self):
        run = training.run(Network(STACK), data(), epochs=3)
        run.pause()
        taken = []
        worker = threading.Thread(target=lambda: taken.append(next(run)))
        worker.start()
        worker.join(0.2)
        assert worker.is_alive()
        assert run.step == 0
        run.proceed()
        worker.join(20)
        assert taken[0].step == 1

    def test_stop_ends_the_iteration_even_while_paused(self):
        run = training.run(Network(STACK), data(), epochs=3)
        next(run)
        run.pause()
        run.stop()
        assert list(run) == []
        assert run.step == 1

    def test_the_learning_rate_can_be_changed_on_the_way(self):
        run = training.run(Network(STACK), data(), optimizer=SGD(0.1), epochs=3)
        assert next(run).learning_rate == 0.1
        run.learning_rate = 0.02
        assert next(run).learning_rate == 0.02
        with pytest.raises(DataError, match="learning_rate must be a number above 0, got -1"):
            run.learning_rate = -1
        with pytest.raises(DataError, match=r"learning_rate must be a number above 0, got '0.1'"):
            run.learning_rate = "0.1"

    def test_an_interrupt_at_any_moment_leaves_a_finished_step_and_can_be_gone_on_from(self):
        """Two hundred interrupts, wherever they fall; in the end the bits are the same."""
        straight = Network(STACK, seed=0)
        finished = [straight.layer_parameters]
        settings = everything(epochs=20)
        finished += [straight.layer_parameters for _ in training.run(straight, data(), **settings)]

        net = Network(STACK, seed=0)
        run = training.run(net, data(), **settings)
        rng = np.random.default_rng(0)
        before = signal.signal(signal.SIGALRM, signal.default_int_handler)
        interrupts = 0
        try:
            while run.step < run.steps:
                try:
                    if interrupts < 200:
                        signal.setitimer(signal.ITIMER_REAL, rng.uniform(2e-5, 3e-3))
                    for _ in run:
                        pass
                except KeyboardInterrupt:
                    interrupts += 1
                signal.setitimer(signal.ITIMER_REAL, 0)
                mine = net.layer_parameters
                assert any(
                    all(
                        np.array_equal(array, layer[key])
                        for own, layer in zip(mine, known, strict=True)
                        for key, array in own.items()
                    )
                    for known in finished[max(0, run.step - 1) : run.step + 2]
                )
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert interrupts > 20
        assert_same(net, straight)

    @pytest.mark.parametrize("reached", [False, True])
    def test_an_interrupt_between_the_last_two_lines_of_a_step_is_settled(
        self, monkeypatch, reached
    ):
        """The instant that random interrupts hardly ever meet: weights are just being put in."""
        straight, net = Network(STACK, seed=0), Network(STACK, seed=0)
        list(training.run(straight, data(), **everything()))
        run = training.run(net, data(), **everything())
        next(run)

        def interrupted(parameters):
            if reached:
                Network.replace(net, parameters)
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(net, "replace", interrupted)
            with pytest.raises(KeyboardInterrupt):
                next(run)
        list(run)
        assert run.step == run.steps
        assert_same(net, straight)


class TestDivergence:
    def test_the_first_layer_to_break_is_named_with_what_to_try(self):
        net = Network(STACK, seed=0)
        broken = net.parameters
        broken["dense_1.weights"][3, 4] = np.inf
        net.parameters = broken
        with pytest.raises(
            DivergedError,
            match=r"the loss became (nan|inf) in step 1; dense_1 \(Dense\) is the first layer "
            r"whose output is not finite; the network is as it was before; try a learning rate of "
            r"0.005 \(it is 0.05\), .*he_normal",
        ) as caught:
            next(training.run(net, data(), optimizer=SGD(0.05)))
        assert (caught.value.layer, caught.value.step) == ("dense_1", 1)

    def test_a_learning_rate_that_is_far_too_high_stops_before_the_network_is_lost(self):
        net = Network(zoo.digits_net(), seed=0)
        run = training.run(net, data(), optimizer=SGD(1e7), epochs=50)
        kept = []
        with pytest.raises(DivergedError, match=r"try a learning rate of 1e\+06"):
            kept.extend(net.parameters for _ in run)
        assert len(kept) == run.step
        assert_same(net, SimpleNamespace(parameters=kept[-1]))
        assert all(np.isfinite(array).all() for array in net.parameters.values())

    def test_the_rate_that_is_named_is_the_one_that_was_set_on_the_way(self):
        run = training.run(Network(zoo.digits_net()), data(), optimizer=SGD(0.05), epochs=50)
        next(run)
        run.learning_rate = 1e8
        with pytest.raises(DivergedError, match=r"try a learning rate of 1e\+07 \(it is 1e\+08\)"):
            list(run)

    def test_broken_images_are_told_from_a_broken_network(self):
        broken = data()
        broken.images[:] = np.nan
        with pytest.raises(DivergedError, match=r"look for NaN in the data") as caught:
            next(training.run(Network(STACK), broken))
        assert caught.value.layer is None

    def test_a_gradient_that_breaks_alone_is_found_too(self):
        def steep(scores, labels):
            loss, gradient = losses.softmax_cross_entropy(scores, labels)
            return loss, gradient * np.float32(np.inf)

        with pytest.raises(
            DivergedError, match=r"the gradient of dense_2 \(Dense\) is the first on"
        ):
            next(training.run(Network(STACK), data(), loss=steep))


class Careless(Optimizer):
    """A learner's own optimiser, with a slip in it."""

    learning_rate = 0.1
    slots = ()

    def update(self, parameters, gradients, slots, *, step, learning_rate):
        new = parameters - learning_rate * gradients
        new[..., -1] = np.nan
        return new, (), float(np.square(gradients).sum())


class TestNothingIsLostUnannounced:
    """Whatever a step would do, the weights it leaves are finite, or it says so and leaves none."""

    @pytest.mark.parametrize(
        ("factor", "shown"),
        [
            (np.nan, "nan"),
            (np.inf, "inf"),
            (-0.5, "-0.5"),
            (None, "None"),
            (1j, "1j"),
            ("1", "'1'"),
        ],
    )
    def test_a_schedule_that_gives_no_factor_is_found_before_the_step(self, factor, shown):
        net = Network(STACK, seed=0)
        run = training.run(net, data(), schedule=lambda progress: 1 if progress < 0.1 else factor)
        next(run)
        before = net.layer_parameters
        with pytest.raises(
            DataError,
            match=rf"or more, got a factor of {re.escape(shown)} for 0.05 in step 2 of 6; .*as it",
        ):
            next(run)
        assert net.layer_parameters is before
        assert run.step == 1

    def test_a_rate_and_a_factor_that_are_too_much_together_are_found_too(self):
        run = training.run(
            Network(STACK), data(), optimizer=SGD(1e300), schedule=lambda progress: 1e300
        )
        with pytest.raises(DataError, match=r"a factor of 1e\+300 for 1e\+300 in step 1 of 6"):
            next(run)

    def test_weights_that_would_not_be_finite_are_not_put_in_place(self):
        net = Network(STACK, seed=0)
        before = net.layer_parameters
        with pytest.raises(
            DivergedError,
            match=r"step 1 would give conv2d_1 \(Conv2D\) filters with numbers that are not finite"
            r"; the network is as it was before; try a learning rate of 0.01 \(it is 0.1\)",
        ) as caught:
            next(training.run(net, data(), optimizer=Careless()))
        assert (caught.value.layer, caught.value.step) == ("conv2d_1", 1)
        assert net.layer_parameters is before

    def test_a_gradient_too_long_for_float32_is_told_by_its_layer(self):
        def steep(scores, labels):
            loss, gradient = losses.softmax_cross_entropy(scores, labels)
            return loss, gradient * np.float32(1e25)

        with pytest.raises(
            DivergedError, match=r"gradient of dense_\d \(Dense\) is so long that float32 cannot"
        ) as caught:
            next(training.run(Network(zoo.digits_net(), seed=0), data(), loss=steep))
        assert caught.value.layer.startswith("dense_")

    def test_running_averages_count_as_well(self):
        """The square of 1e25 is no float32, and the scores behind it are finite all the same."""
        stack = Sequential([Flatten(), BatchNorm(), Dense(3)], (8, 8, 1))
        huge = data()
        huge.images *= np.float32(1e25)
        net = Network(stack, seed=0)
        with pytest.raises(DivergedError, match=r"would give batch_normalization_1 .* running_var"):
            next(training.run(net, huge))
        assert all(np.isfinite(array).all() for array in net.parameters.values())

    @pytest.mark.parametrize("loss", losses.LOSSES.values(), ids=losses.LOSSES)
    @pytest.mark.parametrize(
        "optimizer", [*OPTIMIZERS.values(), partial(SGD, momentum=0.99, nesterov=True), None]
    )
    @pytest.mark.parametrize(
        "schedule", [*(kind() for kind in SCHEDULES.values()), Cosine(warmup=0.5), Exponential(1e6)]
    )
    def test_a_training_ends_finite_or_says_why_it_does_not(self, loss, optimizer, schedule):
        """Rates and pixels from sensible to absurd; the sensible ones must go through."""
        stacks = [STACK, Sequential([Flatten(), Dense(3)], (8, 8, 1))]
        through = 0
        for rate, scale, stack in itertools.product(
            [1e-3, 1.0, 1e6, 1e39], [1, 1e12, 1e30], stacks
        ):
            net = Network(stack, seed=0)
            shown = data(48)
            shown.images *= np.float32(scale)
            rule = optimizer(rate) if optimizer else Careless()
            run = training.run(
                net, shown, epochs=3, batch_size=16, loss=loss, optimizer=rule, schedule=schedule
            )
            taken = 0
            try:
                for snapshot in run:
                    taken = snapshot.step
            except (DivergedError, DataError) as error:
                words = str(error)
            else:
                words = ""
                through += 1
            assert run.step == taken
            assert (taken == run.steps) == (not words)
            assert not words or "the network is as it was before" in words
            assert all(np.isfinite(array).all() for array in net.parameters.values())
        assert through >= (1 if optimizer else 0)

    @pytest.mark.parametrize(
        ("images", "batch_size", "remedy"),
        [(65, 64, "batch_size=63"), (1, 64, "two images or more"), (9, 1, "batch_size=3")],
    )
    def test_a_batch_of_one_behind_batch_norm_is_found_before_the_first_step(
        self, images, batch_size, remedy
    ):
        net = Network(Sequential([Flatten(), Dense(4), BatchNorm(), Dense(3)], (8, 8, 1)))
        with pytest.raises(
            DataError,
            match=f"leave a batch of one image, and batch_normalization_1 .*; try {remedy}",
        ):
            training.run(net, data(images), batch_size=batch_size)

    def test_batch_norm_of_maps_learns_from_one_image(self):
        net = Network(Sequential([Conv2D(2), BatchNorm(), Flatten(), Dense(3)], (8, 8, 1)))
        assert len(list(training.run(net, data(17), batch_size=16, epochs=1))) == 2


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
