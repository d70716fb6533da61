"""Where the numbers of a training run away, and that nothing is lost unannounced."""

import itertools
import re
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from cnnlab import Network, Sequential, losses, training, zoo
from cnnlab.errors import DataError
from cnnlab.layers import BatchNorm, Conv2D, Dense, Flatten
from cnnlab.optimizers import OPTIMIZERS, SCHEDULES, SGD, Cosine, Exponential, Optimizer
from cnnlab.training import DivergedError
from tests.training.examples import STACK, assert_same, data


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
