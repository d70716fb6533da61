"""Networks of PyTorch at random: they answer alike here, or the layer that cannot is named."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from cnnlab import Network
from cnnlab.errors import DataError, ShapeError

torch = pytest.importorskip("torch", reason='no PyTorch; get it with: pip install -e ".[peers]"')
nn = torch.nn

NETWORKS = 320


class Block(nn.Sequential):
    """A constructor of its own, and nothing else."""


class Reversed(nn.Sequential):
    """Computes something else than its layers in their order."""

    def forward(self, x: Any) -> Any:
        for module in reversed(self):
            x = module(x)
        return x


class ReLU(nn.ReLU):
    """Has the name of a layer that is known, and computes something else."""

    def forward(self, x: Any) -> Any:
        return -super().forward(x)


class Maker:
    """Draws modules one by one; only what PyTorch itself can compute goes in."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.shared: list[Any] = []
        height, width, channels = self.number(4, 12), self.number(4, 12), self.number(1, 3)
        self.flat = self.number(0, 4) == 0
        self.shape = (channels,) if self.flat else (height, width, channels)
        self.x = torch.zeros(2, *((channels,) if self.flat else (channels, height, width)))

    def number(self, least: int, most: int) -> int:
        return int(self.rng.integers(least, most + 1))

    def pick(self, *choices: Any) -> Any:
        return choices[self.number(0, len(choices) - 1)]

    def pair(self, least: int, most: int) -> Any:
        return self.pick(self.number(least, most), (self.number(least, most), least))

    def on_vectors(self) -> list[Callable[[], Any]]:
        size = self.x.shape[1]
        return [
            lambda: nn.Linear(size, self.number(1, 5), bias=self.pick(True, False)),
            lambda: nn.Linear(size, size),
            lambda: nn.BatchNorm1d(size, eps=0.01, affine=self.pick(True, False)),
        ]

    def on_maps(self) -> list[Callable[[], Any]]:
        channels, height, _ = self.x.shape[1:]
        return [
            lambda: nn.Conv2d(channels, self.number(1, 4), self.pair(1, 4), padding="same"),
            lambda: nn.Conv2d(
                channels, self.number(1, 4), self.pair(1, 3), self.pair(1, 2), self.pair(0, 2),
                self.pair(1, 2), bias=self.pick(True, False),
                padding_mode=self.pick("zeros", "zeros", "zeros", "reflect"),
            ),
            lambda: nn.BatchNorm2d(channels, momentum=0.3, affine=self.pick(True, False)),
            lambda: nn.MaxPool2d(self.pair(1, 3), self.pick(None, 1, 2), self.pick(0, 0, 1),
                                 ceil_mode=self.pick(False, False, True)),
            lambda: nn.AvgPool2d(self.pair(1, 3), self.pick(None, 1, 2), self.pick(0, 1),
                                 count_include_pad=self.pick(True, False)),
            lambda: self.pick(nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)(
                self.pick(1, [1, 1], (1, 2), (height, 1), (None, 1), 2)
            ),
            nn.Softmax2d,
            lambda: nn.Dropout2d(0.3),
            lambda: nn.Sequential(
                nn.ZeroPad2d(self.pick(1, 1, (2, 2, 0, 0), (0, 1, 0, 1))),
                self.pick(
                    *[nn.Conv2d(channels, 2, 3, self.pick(1, 2))] * 6,
                    nn.AvgPool2d(2, 1), nn.AdaptiveAvgPool2d(1), nn.MaxPool2d(2),
                ),
            ),
            nn.Flatten,
            lambda: nn.Flatten(self.pick(1, -3, 2, -1), self.pick(-1, 3)),
        ]  # fmt: skip

    def anywhere(self) -> list[Callable[[], Any]]:
        return [
            lambda: nn.ReLU(inplace=self.pick(True, False)),
            lambda: nn.LeakyReLU(self.pick(0.1, 1.5)),
            lambda: nn.ELU(self.pick(1.0, 0.3)),
            nn.Sigmoid,
            nn.Tanh,
            nn.Identity,
            lambda: nn.Dropout(0.4),
            lambda: nn.AlphaDropout(0.4),
            lambda: nn.Softmax(dim=self.pick(1, 1, -1)),
            lambda: Block(nn.Tanh(), nn.ELU()),
            lambda: self.pick(*self.shared) if self.shared else nn.ReLU(),
        ]

    def unlike(self) -> Any:
        """Draw what cannot be taken over, or would be silently wrong."""
        hooked = nn.Tanh()
        hooked.register_forward_hook(lambda module, inputs, output: -output)
        before = nn.Sequential(nn.Tanh())
        before.register_forward_pre_hook(lambda module, inputs: (inputs[0] + 1,))
        changed = nn.Sigmoid()
        changed.forward = torch.tanh
        return self.pick(
            nn.PReLU(), nn.GELU(), nn.ReLU6(), hooked, before, changed, ReLU(),
            Reversed(nn.Tanh(), nn.ELU()), nn.LayerNorm(self.x.shape[1:]),
            nn.utils.parametrizations.weight_norm(nn.Linear(self.x.shape[-1], 2)),
            nn.Dropout(1.0), nn.Linear(self.x.shape[-1], 2),
        )  # fmt: skip

    def module(self) -> Any:
        modules = []
        for _ in range(self.number(1, 8)):
            special = self.on_maps() if self.x.ndim == 4 else self.on_vectors()
            kinds = special if self.number(0, 2) else self.anywhere()
            module = self.unlike() if self.number(0, 39) == 0 else self.pick(*kinds)()
            lively(module, self.rng)
            try:
                with torch.no_grad():
                    y = module.eval()(self.x)
            except (LookupError, RuntimeError, TypeError, ValueError):  # does not fit there
                continue
            if isinstance(y, tuple) or y.ndim not in (2, 4) or not y.numel():
                continue
            self.x = y
            modules.append(module)
            self.shared.append(module)
        if self.number(0, 7):
            modules += [nn.Flatten(), nn.Linear(self.x[0].numel(), self.number(1, 4))]
        return nn.Sequential(*modules)


def lively(module: Any, rng: np.random.Generator) -> None:
    with torch.no_grad():
        for tensor in [*module.parameters(), *module.buffers()]:
            if tensor.is_floating_point():
                signed, positive = (
                    rng.normal(0, 0.4, tensor.shape),
                    rng.uniform(0.1, 0.4, tensor.shape),
                )
                tensor.copy_(torch.as_tensor(signed if tensor.ndim > 1 else positive))


def answers_of(module: Any, images: Any) -> Any:
    x = torch.from_numpy(images.copy())
    with torch.no_grad():
        y = module.eval()(x.permute(0, 3, 1, 2) if x.ndim == 4 else x)
    return (y.permute(0, 2, 3, 1) if y.ndim == 4 else y).numpy()


@pytest.fixture
def _one_thread() -> Iterator[None]:
    """Small arrays: several threads would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("_one_thread")
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_they_answer_alike_there_and_back_or_the_layer_is_named():
    taken, returned, refused = 0, 0, {}
    for seed in range(NETWORKS):
        maker = Maker(seed)
        module = maker.module()
        rng = np.random.default_rng(seed)
        images = rng.normal(0, 1, (3, *maker.shape)).astype(np.float32)
        try:
            net = Network.from_torch(module, maker.shape)
        except (DataError, ShapeError) as error:
            refused[seed] = str(error)
            continue
        expected = answers_of(module, images)
        np.testing.assert_allclose(
            net.predict(images), expected, rtol=1e-4, atol=1e-4, err_msg=f"{seed}: {module}"
        )
        taken += 1
        try:
            back = net.to_torch()
        except DataError as error:
            assert "count_padding" in str(error), error  # noqa: PT017 - the only thing it cannot
            continue
        again = answers_of(back, images)
        np.testing.assert_allclose(again, expected, rtol=1e-4, atol=1e-4, err_msg=f"{seed}")
        returned += 1
    named = ("layer ", "between layer ", "there are no layers")
    assert not [text for text in refused.values() if not text.startswith(named)]
    assert taken >= 0.6 * NETWORKS
    assert returned >= 0.9 * taken
    assert len(refused) >= 0.05 * NETWORKS
