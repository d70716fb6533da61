"""A step is done or not done, whoever interrupts; the same seed gives the same bits."""

import signal
import threading

import numpy as np
import pytest

from cnnlab import Network, training, zoo
from cnnlab import functional as F
from cnnlab.errors import DataError
from cnnlab.optimizers import SGD, Adam
from tests.training.examples import STACK, assert_same, data, everything


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
