"""TrainingBoard from Python: the same training as without it, to the bit. No browser here."""

import _thread
import json
import sys
import threading
import time
from functools import partial

import numpy as np
import pytest

from cnnlab import (
    Network,
    augmentation,
    datasets,
    losses,
    metrics,
    optimizers,
    training,
    zoo,
)  # fmt: skip
from cnnlab.errors import DataError
from cnnlab.layers import Dense, Dropout, Flatten
from cnnlab.optimizers import SGD
from cnnlab.sequential import Sequential
from cnnlab.widgets import TrainingBoard
from cnnlab.widgets.shared import watching
from cnnlab.widgets.shared.maps import finite

DIGITS = datasets.digits()


def a_run(rate=0.05, epochs=2, seed=0, **more):
    return training.run(
        Network(zoo.digits_net(), seed=seed), DIGITS.train, validation=DIGITS.test,
        epochs=epochs, optimizer=SGD(rate, momentum=0.9), **more,
    )  # fmt: skip


def losses_of(snapshots):
    return [one.loss for one in snapshots]


@pytest.fixture(scope="module")
def alone():
    """The same training, without a board."""
    run = a_run()
    return list(run), run.network.parameters


def test_a_board_begins_idle_and_trains_as_without_it(alone):
    snapshots, parameters = alone
    run = a_run()
    board = TrainingBoard(run)
    assert repr(board) == "TrainingBoard(ready at step 0 of 46)"
    assert len(board.history) == run.step == 0
    board.start()
    assert board.wait(60)
    assert board.state_of_training == "finished"
    assert losses_of(board.history.snapshots) == losses_of(snapshots)
    assert board.history.epochs[-1].validation == snapshots[-1].validation
    for name, array in run.network.parameters.items():
        np.testing.assert_array_equal(array, parameters[name])


def test_pausing_stepping_stopping_and_going_on_change_nothing(alone):
    board = TrainingBoard(a_run(), slow=True, pace=30)
    board.start()
    board.pause()
    assert board.wait(60)
    board.step()
    assert board.wait(60)
    done = len(board.history)
    assert 1 <= done < 46
    assert board.state_of_training == "paused"
    board.stop()
    assert board.state_of_training == "stopped"
    board.slow = False
    board.start()
    assert board.wait(60)
    assert losses_of(board.history.snapshots) == losses_of(alone[0])


def test_dropout_goes_on_with_the_same_bits():
    layers = [Flatten(), Dropout(0.5), Dense(10)]

    def one():
        net = Network(Sequential(layers, input_shape=(8, 8, 1)))
        return training.run(net, DIGITS.test, epochs=2)

    board = TrainingBoard(one())
    for _ in range(3):
        board.step()
        assert board.wait(60)
    board.start()
    assert board.wait(60)
    assert losses_of(board.history.snapshots) == losses_of(list(one()))


@pytest.mark.parametrize("keep", [True, False])
def test_start_again_is_from_the_first_weights(alone, keep, page):
    run = a_run()
    first = run.network.parameters
    board = TrainingBoard(run)
    board.start()
    assert board.wait(60)
    board.restart(keep=keep)
    assert board.state_of_training == "ready"
    for name, array in run.network.parameters.items():
        np.testing.assert_array_equal(array, first[name])
    answer, _ = page(board, "frame", known=[{"have": 46, "attempt": 0, "counted": [0, 46]}])
    assert len(answer["runs"][0]["kept"]) == (46 if keep else 0)
    board.start()
    assert board.wait(60)
    assert losses_of(board.history.snapshots) == losses_of(alone[0])


def test_divergence_says_layer_remedy_and_the_rate_that_was_live():
    run = a_run()
    board = TrainingBoard(run)
    board.step()
    assert board.wait(60)
    board.learning_rate = 1e39
    board.start()
    assert board.wait(60)
    assert board.state_of_training == "diverged"
    told = board._threads[""].words
    assert "try a learning rate of 1e+38 (it is 1e+39)" in told
    assert any(row.name in told for row in run.network.sequential.rows)
    assert all(np.isfinite(array).all() for array in run.network.parameters.values())
    done = len(board.history)
    board.learning_rate = 1e-3
    board.step()
    assert board.wait(60)
    assert (board.state_of_training, len(board.history)) == ("paused", done + 1)


def test_an_interrupt_of_wait_pauses_after_a_whole_step(alone):
    board = TrainingBoard(a_run(), slow=True, pace=1)
    board.start()
    timer = threading.Timer(0.2, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        board.wait()
    timer.join()
    assert board.wait(60)
    assert board.state_of_training == "paused"
    board.slow = False
    board.start()
    assert board.wait(60)
    assert losses_of(board.history.snapshots) == losses_of(alone[0])


def test_what_a_learners_layer_raises_is_told():
    def broken(scores, labels):
        raise ZeroDivisionError("my own mistake")

    run = training.run(Network(zoo.digits_net()), DIGITS.test, loss=broken)
    board = TrainingBoard(run)
    board.start()
    assert board.wait(60)
    assert board.state_of_training == "failed"
    assert board._threads[""].words == "ZeroDivisionError: my own mistake"


def test_two_runs_stand_side_by_side_each_with_its_rate(alone):
    board = TrainingBoard({"small": a_run(0.01), "usual": a_run()})
    board.start()
    assert board.wait(60)
    assert board.learning_rate == {"small": 0.01, "usual": 0.05}
    assert losses_of(board.history["usual"].snapshots) == losses_of(alone[0])
    assert losses_of(board.history["small"].snapshots) == losses_of(list(a_run(0.01)))
    board.learning_rate = {"small": 0.5}
    assert board.learning_rate == {"small": 0.5, "usual": 0.05}
    assert repr(board) == (
        "TrainingBoard(small finished at step 46 of 46, usual finished at step 46 of 46)"
    )


# -- What the page is told ------------------------------------------------------------------------


def test_the_page_gets_what_it_does_not_know_yet(alone, page):
    run = a_run()
    board = TrainingBoard(run)
    board.start()
    assert board.wait(60)
    known = {"have": 40, "attempt": 0, "counted": None}
    answer, out = page(board, "frame", known=[known])
    (told,) = answer["runs"]
    points = np.frombuffer(out[0], np.float32).reshape(-1, 3)
    expected = [(one.step, one.loss, one.accuracy) for one in alone[0][40:]]
    np.testing.assert_array_equal(points, np.array(expected, np.float32))
    assert told["from"] == 40
    assert told["validation"][0][:2] == [23, finite(alone[0][22].validation.loss)]
    predicted = run.network.predict(DIGITS.test.images).argmax(axis=1)
    matrix = metrics.confusion_matrix(DIGITS.test.labels, predicted, 10)
    assert told["confusion"] == matrix.tolist()
    answer, _ = page(board, "frame", known=[{**known, "counted": told["counted"]}])
    assert "confusion" not in answer["runs"][0]  # the page has it
    row, column = np.unravel_index((matrix - np.diag(np.diag(matrix))).argmax(), matrix.shape)
    behind, pixels = page(board, "pictures", run=0, row=int(row), column=int(column))
    found = np.flatnonzero((DIGITS.test.labels == row) & (predicted == column))
    assert behind["numbers"] == found.tolist()
    seen = np.frombuffer(pixels[0], np.uint8).reshape(8, 8, 3)[..., 1] / 255
    np.testing.assert_allclose(seen, DIGITS.test.images[found[0], ..., 0], atol=0.6 / 255)


def test_a_page_that_watches_is_told_without_asking_as_often_as_it_wanted(page, monkeypatch):
    board = TrainingBoard(a_run(), slow=True, pace=30)
    answer, out = page(board, "frame", known=[], looks=3)
    assert (answer["runs"][0]["state"], len(out[0])) == ("ready", 0)
    told = []
    monkeypatch.setattr(board, "send", lambda content, out=None: told.append((content, out)))
    board.start()
    while len(board.history) < 20:
        time.sleep(0.01)
    board.pause()
    assert board.wait(60)
    assert [content["left"] for content, _ in told] == [2, 1, 0]
    assert {content["client"] for content, _ in told} == {"page"}
    known = 0
    for content, out in told:
        (about,) = content["runs"]
        points = np.frombuffer(out[0], np.float32).reshape(-1, 3)
        assert about["from"] == known  # nothing twice, and nothing left out
        known += len(points)
        assert points[:, 0].tolist() == list(range(about["from"] + 1, known + 1))
        assert len(out) == 3  # the picture is there already
    assert 3 <= known <= 20


def test_looks_take_no_more_than_their_share_of_the_time(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(watching.time, "monotonic", lambda: now[0])
    looks = []

    def tell(page, known, left):
        looks.append((page, left))
        now[0] += 0.5  # a look at a large network
        return known

    watched = watching.Watching(tell)
    assert not watched.due  # nobody watches
    watched.want("page", watching.Known([], None), 5)
    assert not watched.due  # it has just been told
    begun = now[0]
    while now[0] < begun + 100:
        if watched.due:
            watched.look()
        now[0] += 0.01
        if len(looks) < 5:
            continue
        assert 5 * 0.5 / (now[0] - begun) < 0.12  # four rests between five looks
        break
    assert looks == [("page", left) for left in (4, 3, 2, 1, 0)]
    watched.more("page", 1)
    watched.look()
    watched.look()
    assert looks[5:] == [("page", 0)]
    watched.more("page", 1)
    now[0] += 10
    assert not watched.due  # a page that has used up its looks is forgotten


def test_sizes_are_those_of_the_step_by_numpy(page):
    net = Network(zoo.digits_net())
    run = training.run(net, DIGITS.train, optimizer=SGD(0.5))
    before = net.parameters
    board = TrainingBoard(run)
    board.step()
    assert board.wait(60)
    after = net.parameters
    answer, _ = page(board, "frame", known=[])
    for size in answer["runs"][0]["sizes"]:
        names = [name for name in before if name.startswith(f"{size['layer']}.")]
        weight, update = (
            np.sqrt(sum((arrays.astype(float) ** 2).sum() for arrays in parts))
            for parts in (
                [before[name] for name in names],
                [after[name] - before[name] for name in names],
            )
        )
        assert size["weight"] == pytest.approx(weight, rel=1e-4)
        assert size["update"] == pytest.approx(update, rel=1e-4)
        assert size["ratio"] == pytest.approx(update / weight, rel=1e-4)
        assert size["update"] == pytest.approx(0.5 * size["gradient"], rel=1e-3)  # plain SGD


def test_a_page_without_a_kernel_finds_what_was_seen_last():
    board = TrainingBoard(a_run())
    board.start()
    assert board.wait(60)
    for _ in range(200):  # it is stored just after the training rests
        if board._rested["runs"][0]["state"] == "finished":
            break
        threading.Event().wait(0.05)
    assert board._rested["runs"][0]["state"] == "finished"
    assert sum(board._rested["lengths"]) == len(board._rested_bytes)
    json.dumps(board._rested, allow_nan=False)


def test_buttons_and_rate_come_from_the_page(page):
    board = TrainingBoard(a_run())
    page(board, "act", act="step")
    assert board.wait(60)
    page(board, "rate", run=0, value=0.25)
    assert (len(board.history), board.learning_rate) == (1, 0.25)
    answer, _ = page(board, "act", act="fly")
    assert "act" in answer["error"]
    answer, _ = page(board, "rate", run=0, value=-1)
    assert "learning" in answer["error"]


# -- Doors ----------------------------------------------------------------------------------------


def test_what_makes_no_sense_is_refused():
    run = a_run()
    with pytest.raises(DataError, match=r"runs .*training.run\(net, data\)"):
        TrainingBoard(run.network)
    with pytest.raises(DataError, match=r"one run or 2 fit on a board, got 3"):
        TrainingBoard(dict.fromkeys("abc", run))
    with pytest.raises(DataError, match=r"train the same network"):
        TrainingBoard({"a": run, "b": run})
    with pytest.raises(DataError, match=r"10 classes take 10 names, got 2"):
        TrainingBoard(run, class_names=["cat", "dog"])
    with pytest.raises(DataError, match=r"picture can be 0 to 358 here, got 500"):
        TrainingBoard(run, picture=500)
    with pytest.raises(TypeError, match=r"did you mean 'slow'"):
        TrainingBoard(run, slo=True)


def test_a_state_is_taken_up_with_runs_of_ones_own():
    board = TrainingBoard(a_run(), slow=True, pace=7)
    state = json.loads(json.dumps(board.state()))
    again = TrainingBoard.from_state(state, a_run())
    assert (again.slow, again.pace, again._threads[""].pace) == (True, 7, 7)
    with pytest.raises(DataError, match=r"holds no networks"):
        TrainingBoard.from_state(state)


def shares(scores, labels):
    """A loss of the learner's own, as a cell of the notebook defines it."""
    loss, slope = losses.squared_error(scores, labels)
    return loss / 2, slope / 2


def half(progress):
    return 0.5


@pytest.fixture
def notebook(monkeypatch):
    """Let functions of this file be those of a notebook."""
    for one in (shares, half):
        monkeypatch.setattr(one, "__module__", "__main__")
        monkeypatch.setattr(sys.modules["__main__"], one.__name__, one, raising=False)


def finished(board):
    board.start()
    assert board.wait(60)
    return board


def repeated(board, **more):
    """Run the code of a board in a notebook of its own."""
    scope = {"data": DIGITS.test, "net": Network(zoo.digits_net()), **vars(sys.modules["__main__"])}
    scope |= more
    exec(board.code(), scope)  # noqa: S102 - running it is the test
    return scope


def same(one, other):
    return all(
        np.array_equal(array, other.parameters[name]) for name, array in one.parameters.items()
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"loss": losses.hinge, "schedule": optimizers.OneCycle(0.5), "batch_size": 50, "seed": 7},
        {"loss": partial(losses.hinge, margin=0.5), "optimizer": optimizers.RMSprop(0.002)},
        {"augment": [augmentation.Shift(1), augmentation.Noise(np.float32(0.1))]},
        {"augment": augmentation.Flip(), "schedule": optimizers.Steps((0.3, 0.6), 0.5)},
        {"optimizer": optimizers.AdamW(np.float32(0.003)), "loss": shares, "schedule": half},
    ],
    ids=["as by default", "hinge", "partial", "augmented", "steps", "of the notebook"],
)
@pytest.mark.usefixtures("notebook")
def test_the_code_repeats_the_training_to_the_bit(settings):
    run = training.run(Network(zoo.digits_net()), DIGITS.test, **{"epochs": 2, **settings})
    board = finished(TrainingBoard(run))
    scope = repeated(board)
    assert same(run.network, scope["net"])
    told = scope["history"].snapshots
    assert [one.loss for one in told] == [one.loss for one in board.history.snapshots]


def test_the_code_calls_things_by_their_public_names():
    settings = {"schedule": optimizers.Cosine(), "loss": losses.hinge}
    code = TrainingBoard(
        training.run(Network(zoo.digits_net()), DIGITS.test, epochs=1, **settings)
    ).code()
    assert code.startswith("from cnnlab import losses, optimizers, training\n")
    assert "optimizers.Cosine(" in code


def test_the_code_sets_the_rates_that_were_set_by_hand():
    run = training.run(Network(zoo.digits_net()), DIGITS.test, epochs=60)
    board = TrainingBoard(run, slow=True, pace=30)
    board.learning_rate = 0.01  # before the first step
    board.start()
    while len(board.history) < 3:
        time.sleep(0.01)
    board.learning_rate = 0.002  # amid the training
    while len(board.history) < 6:
        time.sleep(0.01)
    board.pause()
    assert board.wait(60)
    board.learning_rate = 0.5
    board.learning_rate = 0.02  # while it rests
    board.slow = False
    finished(board)
    assert same(run.network, repeated(board)["net"])
    board.restart()
    finished(board)  # all of it with the last rate
    assert same(run.network, repeated(board)["net"])


def test_a_setting_without_a_name_is_told_in_the_code():
    run = training.run(
        Network(zoo.digits_net()), DIGITS.test, epochs=1, schedule=lambda progress: 1 - progress
    )
    code = TrainingBoard(run).code()
    assert "# schedule: yours is a lambda" in code
    assert not same(finished(TrainingBoard(run))._threads[""].run.network, repeated_of(code))
    named = code.replace("    # this is another", "    schedule=falling,\n    # this is another")
    scope = {"falling": lambda progress: 1 - progress}
    assert same(run.network, repeated_of(named, **scope))


def repeated_of(code, **more):
    scope = {"data": DIGITS.test, "net": Network(zoo.digits_net()), **more}
    exec(code, scope)  # noqa: S102 - running it is the test
    return scope["net"]


def test_the_code_of_two_trainings_keeps_their_networks_apart():
    runs = {
        name: training.run(Network(zoo.digits_net(), seed=k), DIGITS.test, validation=DIGITS.train,
                           epochs=1, optimizer=SGD(rate))
        for k, (name, rate) in enumerate({"small": 0.01, "a\nnew line": 0.1}.items())
    }  # fmt: skip
    board = finished(TrainingBoard(runs))
    nets = {f"net_{k + 1}": Network(zoo.digits_net(), seed=k) for k in range(2)}
    data = {f"data_{k + 1}": DIGITS.test for k in range(2)}
    validation = {f"validation_{k + 1}": DIGITS.train for k in range(2)}
    scope = repeated(board, **nets, **data, **validation)
    for k, run in enumerate(runs.values(), 1):
        assert same(run.network, scope[f"net_{k}"])
        assert scope[f"history_{k}"].epochs[-1].validation.loss > 0


def test_the_code_of_a_training_from_a_checkpoint_says_so(tmp_path):
    kept = {"epochs": 1, "checkpoint": tmp_path / "half.safetensors", "checkpoint_every": 2}
    first = training.run(Network(zoo.digits_net()), DIGITS.test, **kept)
    for _ in range(2):
        next(first)
    run = training.run(Network(zoo.digits_net()), DIGITS.test, **kept, resume=True)
    board = TrainingBoard(run)
    assert "# step 2 came from a checkpoint" in board.code()
    finished(board)
    assert same(run.network, repeated(board)["net"])


def test_a_still_picture_shows_the_start():
    bundle = TrainingBoard(a_run())._repr_mimebundle_()
    data, metadata = bundle
    assert data["text/plain"] == "TrainingBoard(ready at step 0 of 46)"
    assert "filters of the first convolution" in metadata["image/jpeg"]["alt"]
