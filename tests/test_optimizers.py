import numpy as np
import pytest

from cnnlab import functional as F
from cnnlab import optimizers
from cnnlab.errors import DataError, ShapeError
from cnnlab.optimizers import SGD, Adam, AdamW, Cosine, Exponential, OneCycle, RMSprop, Steps

CASES = [
    (SGD(0.1), lambda t, p: t.optim.SGD(p, lr=0.1)),
    (SGD(0.1, weight_decay=0.01), lambda t, p: t.optim.SGD(p, lr=0.1, weight_decay=0.01)),
    (SGD(0.1, momentum=0.9), lambda t, p: t.optim.SGD(p, lr=0.1, momentum=0.9)),
    (
        SGD(0.1, momentum=0.8, nesterov=True, weight_decay=0.01),
        lambda t, p: t.optim.SGD(p, lr=0.1, momentum=0.8, nesterov=True, weight_decay=0.01),
    ),
    (RMSprop(0.01, beta=0.99), lambda t, p: t.optim.RMSprop(p, lr=0.01)),
    (
        RMSprop(0.01, beta=0.8, momentum=0.9, epsilon=1e-4, weight_decay=0.1),
        lambda t, p: t.optim.RMSprop(
            p, lr=0.01, alpha=0.8, momentum=0.9, eps=1e-4, weight_decay=0.1
        ),
    ),
    (Adam(0.01), lambda t, p: t.optim.Adam(p, lr=0.01)),
    (
        Adam(0.01, beta1=0.8, beta2=0.95, epsilon=1e-6, weight_decay=0.1),
        lambda t, p: t.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1),
    ),
    (AdamW(0.01), lambda t, p: t.optim.AdamW(p, lr=0.01)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case[0]))
@pytest.mark.parametrize("size", [1, 7, 5000])
def test_three_steps_agree_with_pytorch(case, size):
    torch = pytest.importorskip("torch", reason="PyTorch is the referee (pip install torch)")
    optimizer, make = case
    rng = np.random.default_rng(0)
    ours = rng.standard_normal(size, np.float32)
    leaf = torch.nn.Parameter(torch.from_numpy(ours.copy()))
    twin = make(torch, [leaf])
    slots = tuple(np.zeros(size, np.float32) for _ in optimizer.slots)
    for step in (1, 2, 3):
        slope = rng.standard_normal(size, np.float32)
        ours, slots, square = optimizer.update(
            ours, slope, slots, step=step, learning_rate=optimizer.learning_rate
        )
        leaf.grad = torch.from_numpy(slope)
        twin.step()
        assert square == pytest.approx(float(np.square(slope, dtype=float).sum()), rel=1e-5)
    np.testing.assert_allclose(ours, leaf.detach().numpy(), atol=1e-5 * abs(ours).max())


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case[0]))
def test_nothing_that_goes_in_is_written_to(case):
    optimizer = case[0]
    arrays = [np.full(5000, value, np.float32) for value in (1, 2, 3, 4)]
    slots = tuple(arrays[2 : 2 + len(optimizer.slots)])
    optimizer.update(arrays[0], arrays[1], slots, step=1, learning_rate=0.1)
    assert [array[0] for array in arrays] == [1, 2, 3, 4]
    assert all((array == array[0]).all() for array in arrays)


def test_a_broken_gradient_shows_in_its_length():
    slope = np.ones(5000, np.float32)
    slope[4321] = np.nan
    assert np.isnan(F.sgd_step(np.ones(5000), slope, learning_rate=0.1)[2])


def test_gradients_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match=r"gradients have shape \(3,\), the parameters \(4,\)"):
        F.sgd_step(np.ones(4), np.ones(3), learning_rate=0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(0), "learning_rate must be a number above 0, got 0; try 0.05 for SGD"),
        (lambda: Adam(float("nan")), "above 0, got nan"),
        (lambda: SGD(0.1, momentum=1), "momentum must be at least 0 and below 1, got 1"),
        (lambda: SGD(0.1, nesterov=True), "looks ahead along the momentum; try momentum=0.9"),
        (lambda: SGD(0.1, weight_decay=-1), "weight_decay must be 0 or more, got -1"),
        (lambda: Adam(beta2=1.5), "beta2 must be at least 0 and below 1, got 1.5"),
        (lambda: RMSprop(beta=1), "beta must be at least 0 and below 1, got 1"),
        (lambda: RMSprop(momentum=-0.1), "momentum must be at least 0 and below 1, got -0.1"),
        (lambda: RMSprop(epsilon=0), "epsilon must be a number above 0, got 0"),
        (lambda: Adam(epsilon=0), "epsilon must be a number above 0, got 0; try epsilon=1e-8"),
        (lambda: Adam(epsilon=np.inf), "epsilon must be a number above 0, got inf"),
        (lambda: SGD("0.1"), "learning_rate must be a number above 0, got '0.1'"),
        (lambda: SGD([0.1, 0.2]), r"above 0, got \[0.1, 0.2\]"),
        (lambda: SGD(np.array([0.1, 0.2])), r"above 0, got an array of shape \(2,\)"),
        (lambda: SGD(np.inf), "above 0, got inf"),
        (lambda: SGD(0.1, momentum=None), "momentum must be at least 0 and below 1, got None"),
        (lambda: AdamW(weight_decay=np.inf), "weight_decay must be 0 or more, got inf"),
        (lambda: AdamW(weight_decay=np.nan), "weight_decay must be 0 or more, got nan; try"),
        (
            lambda: Steps(at=0.5),
            r"at must be shares of the training .*, got 0.5; try at=\(0.5, 0.75",
        ),
        (lambda: Steps(at=(10, 20)), r"at must be shares of the training .*, got \(10, 20\)"),
        (lambda: Steps(factor=np.nan), "factor must be 0 or more, got nan; try factor=0.1"),
        (lambda: Exponential(0), "final must be a number above 0, got 0; try final=0.01"),
        (lambda: Exponential(-0.1), "final must be a number above 0, got -0.1"),
        (lambda: Cosine(final=np.inf), "final must be 0 or more, got inf; try final=0"),
        (lambda: Cosine(warmup=1), "warmup must be at least 0 and below 1, got 1; try warmup=0.1"),
        (lambda: OneCycle(peak=1), "peak must be at least 0 and below 1, got 1; try peak=0.3"),
        (lambda: OneCycle(start=-1), "start must be 0 or more, got -1; try start=0.1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(DataError, match=message):
        make()


def test_rmsprop_can_be_named_by_a_checkpoint():
    assert optimizers.OPTIMIZERS["RMSprop"] is RMSprop
    assert RMSprop().slots == ("square",)
    assert RMSprop(momentum=0.9).slots == ("square", "velocity")


class TestSchedules:
    def test_points_given_in_a_list_are_kept(self):
        assert Steps(at=[0.5]) == Steps(at=(0.5,))

    def test_begin_and_end_where_they_say(self):
        ends = {
            optimizers.Constant(): (1, 1),
            optimizers.Steps(at=(0.5,), factor=0.1): (1, 0.1),
            optimizers.Exponential(final=0.01): (1, 0.01),
            optimizers.Cosine(final=0.1): (1, 0.1),
            optimizers.Cosine(warmup=0.2): (0, 0),
            optimizers.OneCycle(start=0.1): (0.1, 0),
        }
        for schedule, (first, last) in ends.items():
            assert schedule(0) == pytest.approx(first)
            assert schedule(1) == pytest.approx(last, abs=1e-12)

    def test_cosine_agrees_with_pytorch(self):
        torch = pytest.importorskip("torch", reason="PyTorch is the referee (pip install torch)")
        twin = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(twin, T_max=10)
        for step in range(10):
            assert optimizers.Cosine()(step / 10) == pytest.approx(falling.get_last_lr()[0])
            twin.step()
            falling.step()

    def test_stay_between_nothing_and_the_full_rate(self):
        for kind in optimizers.SCHEDULES.values():
            assert all(0 <= kind()(progress) <= 1 for progress in np.linspace(0, 1, 101))
