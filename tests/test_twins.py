"""Every compiled function has a plain twin: same name, same parameters, same numbers."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import cnnlab.naive

MODULES = [module.name for module in pkgutil.iter_modules(cnnlab.naive.__path__)]


def twins():
    for module in MODULES:
        naive = importlib.import_module(f"cnnlab.naive.{module}")
        kernels = importlib.import_module(f"cnnlab.kernels.{module}")
        for name in naive.__all__:
            yield pytest.param(getattr(naive, name), getattr(kernels, name), id=f"{module}.{name}")


def sides(rng):
    return tuple(tuple(int(n) for n in rng.integers(0, 3, 2)) for _ in range(2))


def convolution(rng):
    """Draw images, filters, bias, stride, padding and dilation that fit together."""
    channels, filters = (int(n) for n in rng.choice([1, 3, 16, 17, 33], 2))
    height, width = (int(n) for n in rng.integers(5, 9, 2))
    size = tuple(int(n) for n in rng.integers(1, 4, 2))
    stride, dilation = (tuple(int(n) for n in rng.integers(1, 3, 2)) for _ in range(2))
    if rng.random() < 0.5:
        size, stride, dilation = (3, 3), (1, 1), (1, 1)
    images = rng.standard_normal((2, height, width, channels))
    weights = rng.standard_normal((*size, channels, filters))
    return images, weights, rng.standard_normal(filters), stride, sides(rng), dilation


def pooling(rng):
    images = rng.standard_normal((2, *rng.integers(4, 9, 2), int(rng.choice([1, 3, 33]))))
    window, stride = (tuple(int(n) for n in rng.integers(1, 4, 2)) for _ in range(2))
    padding = tuple(tuple(int(n) for n in rng.integers(0, f // 2 + 1, 2)) for f in window)
    return images, window, stride, padding


def draw(function, rng):  # noqa: PLR0912 - a case for every kind of arguments
    """Draw arguments for a function: whatever it takes, by the name of the parameter."""
    x = rng.standard_normal((3, 40))
    options = {}
    match function.__name__:
        case "conv2d":
            arguments = convolution(rng)
        case "conv2d_backward":
            images, filters, bias, *rest = convolution(rng)
            output = importlib.import_module("cnnlab.naive.convolution").conv2d(
                images, filters, bias, *rest
            )
            arguments = rng.standard_normal(output.shape), images, filters, *rest
        case "max_pool2d":
            arguments = pooling(rng)
        case "avg_pool2d":
            arguments = *pooling(rng), bool(rng.integers(2))
        case "max_pool2d_backward" | "avg_pool2d_backward" as name:
            images, *rest = pooling(rng)
            forward = getattr(importlib.import_module("cnnlab.naive.pooling"), name[:-9])
            seen = images if name.startswith("max") else images.shape
            counted = () if name.startswith("max") else (bool(rng.integers(2)),)
            arguments = rng.standard_normal(forward(images, *rest).shape), seen, *rest, *counted
        case "dense":
            arguments = x, rng.standard_normal((40, 35)), rng.standard_normal(35)
        case "dense_backward":
            arguments = rng.standard_normal((3, 35)), x, rng.standard_normal((40, 35))
        case "maxout_backward":
            arguments = x[:, :20], rng.standard_normal((3, 40)), 2
        case "dropout_mask":
            arguments = 100, 0.3, int(rng.integers(2**32))
        case "cross_entropy":
            arguments = 5 * x, rng.integers(0, 40, 3)
        case "sgd_step":
            arguments = x, rng.standard_normal(x.shape), rng.standard_normal(x.shape)
            options = {"learning_rate": 0.1, "momentum": 0.9, "nesterov": bool(rng.integers(2))}
        case "rmsprop_step":
            arguments = x, rng.standard_normal(x.shape), rng.random(x.shape)
            options = {"learning_rate": 0.1, "weight_decay": 0.01}
            if rng.integers(2):
                arguments = *arguments, rng.standard_normal(x.shape)
                options["momentum"] = 0.9
        case "adam_step":
            arguments = x, *(rng.random(x.shape) for _ in range(3))
            options = {"step": 3, "learning_rate": 0.1, "decoupled": bool(rng.integers(2))}
        case name if name.endswith("_backward"):
            arguments = x, np.abs(rng.standard_normal(x.shape)) * 0.9 - 0.5
        case _:
            arguments = (x,)
    return arguments, options


def single(value):
    return np.ascontiguousarray(value, np.float32) if real(value) else value


def wants_room(function):
    """Tell whether a function must be told where to write: the twin says how large that is."""
    out = inspect.signature(function).parameters.get("out")
    return out is not None and out.default is out.empty


def real(value):
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


@pytest.mark.parametrize(("naive", "compiled"), list(twins()))
def test_twins_take_the_same_parameters(naive, compiled):
    ours = inspect.signature(compiled).parameters.values()
    expected = inspect.signature(naive).parameters.values()
    # the compiled one may know more, by keyword: where to write, what to leave out
    shared = [parameter for parameter in ours if parameter.name in {e.name for e in expected}]
    more = [parameter for parameter in ours if parameter not in shared]
    assert [str(parameter) for parameter in shared] == [str(parameter) for parameter in expected]
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in more)


@pytest.mark.parametrize(("naive", "compiled"), list(twins()))
def test_twins_compute_the_same_numbers(naive, compiled):
    rng = np.random.default_rng(0)
    rounds = 12 if naive.__name__.startswith("conv") else 4
    for _ in range(rounds):
        arguments, options = draw(naive, rng)
        rounded = [single(argument) for argument in arguments]
        exact = [argument.astype(float) if real(argument) else argument for argument in rounded]
        expected = naive(*exact, **options)
        if wants_room(compiled):
            options["out"] = np.empty(expected.shape, np.float32)
        ours = compiled(*rounded, **options)
        if not isinstance(expected, tuple):
            expected, ours = (expected,), (ours,)
        for one, other in zip(ours, expected, strict=True):
            if other is None:
                assert one is None
                continue
            finite = np.isfinite(other)
            scale = np.abs(np.where(finite, other, 0)).max() + 1
            np.testing.assert_allclose(one, other, rtol=0, atol=2e-5 * scale)


def test_the_gradients_of_the_plain_convolution_are_its_slopes():
    """Central differences: nudge every number a little both ways, and look."""
    naive = importlib.import_module("cnnlab.naive.convolution")
    rng = np.random.default_rng(1)
    geometry = (2, 1), ((1, 0), (0, 2)), (1, 2)
    arrays = [rng.standard_normal(shape) for shape in ((2, 5, 6, 2), (2, 3, 2, 3), (3,))]
    weights = rng.standard_normal(naive.conv2d(*arrays, *geometry).shape)  # of a loss: a sum
    gradients = naive.conv2d_backward(weights, *arrays[:2], *geometry)
    for array, gradient in zip(arrays, gradients, strict=True):
        for position in np.ndindex(array.shape):
            losses = []
            for nudge in (1e-5, -2e-5):
                array[position] += nudge
                losses.append((naive.conv2d(*arrays, *geometry) * weights).sum())
            array[position] += 1e-5
            slope = (losses[0] - losses[1]) / 2e-5
            assert abs(slope - gradient[position]) < 1e-6 * max(1, abs(slope))
