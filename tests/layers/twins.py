"""A foreign referee for whole networks: each layer's arithmetic in PyTorch, on NHWC images."""

from typing import Any

import numpy as np

from cnnlab import layers
from cnnlab.layers import Layer

ACTIVATIONS = {
    "relu": lambda torch, x: torch.relu(x),
    "leaky_relu": lambda torch, x: torch.nn.functional.leaky_relu(x, 0.1),
    "elu": lambda torch, x: torch.nn.functional.elu(x),
    "sigmoid": lambda torch, x: torch.sigmoid(x),
    "tanh": lambda torch, x: torch.tanh(x),
    "softmax": lambda torch, x: torch.softmax(x, -1),
    None: lambda torch, x: x,
}


def channels_first(x: Any) -> Any:
    return x.permute(0, 3, 1, 2)


def channels_last(x: Any) -> Any:
    return x.permute(0, 2, 3, 1)


def pad_same(torch: Any, x: Any, layer: Any) -> tuple[Any, int | tuple[int, int]]:
    """Resolve padding: PyTorch knows no uneven "same", so the zeros are laid round the image."""
    if layer.padding == "valid":
        return x, 0
    if layer.padding != "same":
        return x, layer.padding
    total = layer.kernel_size - 1  # the tests say "same" with stride and dilation 1 only
    sides = (total // 2, total - total // 2)
    return torch.nn.functional.pad(x, (0, 0, *sides, *sides)), 0


def apply(torch: Any, layer: Layer, arrays: dict[str, Any], x: Any) -> Any:  # noqa: PLR0912 - one case a layer
    """Compute a layer, outside training, as PyTorch does it."""
    functional = torch.nn.functional
    match layer:
        case layers.Conv2D():
            x, padding = pad_same(torch, x, layer)
            filters = arrays["filters"].permute(3, 2, 0, 1)
            sums = functional.conv2d(
                channels_first(x), filters, arrays.get("bias"), layer.stride, padding,
                layer.dilation,
            )  # fmt: skip
            return ACTIVATIONS[layer.activation](torch, channels_last(sums))
        case layers.Dense():
            sums = x @ arrays["weights"] + arrays.get("bias", 0)
            return ACTIVATIONS[layer.activation](torch, sums)
        case layers.MaxPool2D():
            padding = 0 if layer.padding == "valid" else layer.padding
            return channels_last(
                functional.max_pool2d(channels_first(x), layer.window, layer.stride, padding)
            )
        case layers.AvgPool2D():
            padding = 0 if layer.padding == "valid" else layer.padding
            return channels_last(
                functional.avg_pool2d(
                    channels_first(x),
                    layer.window,
                    layer.stride,
                    padding,
                    count_include_pad=layer.count_padding,
                )
            )
        case layers.GlobalAvgPool2D():
            return x.mean((1, 2))
        case layers.Flatten():
            return x.reshape(len(x), -1)
        case layers.Dropout():
            return x
        case layers.BatchNorm():
            first = channels_first(x) if x.ndim == 4 else x
            out = functional.batch_norm(
                first, arrays["running_mean"], arrays["running_variance"], arrays["scale"],
                arrays["shift"], False, 0.0, layer.epsilon,
            )  # fmt: skip
            return channels_last(out) if x.ndim == 4 else out
        case layers.Rescaling():
            return x * layer.scale + layer.offset
        case layers.ReLU():
            return torch.relu(x)
        case layers.LeakyReLU():
            return functional.leaky_relu(x, layer.slope)
        case layers.ELU():
            return functional.elu(x, layer.alpha)
        case layers.Sigmoid():
            return torch.sigmoid(x)
        case layers.Tanh():
            return torch.tanh(x)
        case layers.Softmax():
            return torch.softmax(x, -1)
        case layers.Maxout():
            return x.reshape(*x.shape[:-1], -1, layer.pieces).amax(-1)
    raise TypeError(f"no twin for {layer}")


def leaf(torch: Any, array: np.ndarray) -> Any:
    return torch.from_numpy(np.array(array)).requires_grad_()


def close(ours: np.ndarray, theirs: Any, tolerance: float = 2e-5) -> bool:
    """Compare with the largest number around, as rounding does."""
    theirs = theirs.detach().numpy()
    scale = max(1e-6, float(np.abs(theirs).max()))
    return ours.shape == theirs.shape and float(np.abs(ours - theirs).max()) <= tolerance * scale
