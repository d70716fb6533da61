"""The test before the course and the one after it: twelve ideas, asked twice with other numbers.

Each function is one idea of the course; its numbers make the two forms, so that the two cannot
drift apart. What is right is computed, as everywhere, and every wrong choice is what one belief
gives. Nothing is said of any answer until the second test is done.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from math import log
from typing import Any

import numpy as np

from cnnlab import filters, shapes
from cnnlab import functional as F
from cnnlab.exercises.question import Probe
from cnnlab.layers import Conv2D, Dense

__all__ = ["After", "Before"]


def _done() -> bool:
    """Whether every question of the second test has an answer."""
    return all(item.picked for item in vars(After).values() if isinstance(item, Probe))


def _probe(
    prompt: str, *, choices: dict[Any, tuple[str, str]], answer: Callable[[], Hashable]
) -> Probe:
    """Put numbers in order, so that no place gives the right one away."""
    numbers = sorted(claim for claim in choices if isinstance(claim, (int, float)))
    words = [claim for claim in choices if claim not in numbers]
    ordered = {claim: choices[claim] for claim in [*numbers, *words]}
    return Probe(prompt, choices=ordered, answer=answer, opens=_done)


def _even_area(weights: tuple[tuple[int, ...], ...], value: float) -> Probe:
    total = sum(map(sum, weights))
    rows = "; ".join(" ".join(map(str, row)) for row in weights)
    return _probe(
        f"A filter with the rows {rows} slides over an area where every pixel is {value}. What "
        "does its feature map hold there?",
        choices={
            round(total * value, 4): (
                f"{round(total * value, 4):g}",
                "Every weight meets the same number, so the answer is the sum of the weights "
                f"times that number: {total} times {value}.",
            ),
            value: (f"{value}", "The filter would have to leave an even area as it is."),
            round(9 * value, 4): (f"{round(9 * value, 4):g}", "That is the sum of the pixels."),
            "depends": (
                "it depends on the neighbours",
                "In an even area all neighbours are the same.",
            ),
        },
        answer=lambda: round(
            float(filters.apply(np.full((3, 3), value), np.array(weights, float))[0, 0]), 4
        ),
    )


def _stride_size(size: int, window: int, stride: int) -> Probe:
    dense, exact = size - window + 1, size // stride
    return _probe(
        f"An image is {size} pixels wide. A filter {window} wide slides over it with stride "
        f"{stride} and without padding. How wide is the feature map?",
        choices={
            shapes.output_size(size, window, stride): (
                f"{shapes.output_size(size, window, stride)}",
                f"Whole steps of {stride} in {size} - {window} places, and one for the start.",
            ),
            exact: (f"{exact}", f"That is {size} divided by {stride}: the window needs room too."),
            dense: (f"{dense}", "That is the width with stride 1."),
            -(-(size - window) // stride) + 1: (
                f"{-(-(size - window) // stride) + 1}",
                "The last step would end outside: it is dropped.",
            ),
        },
        answer=lambda: shapes.output_size(size, window, stride),
    )


def _same_padding(window: int) -> Probe:
    half = (window - 1) // 2
    return _probe(
        f"How many zeros are needed on each side so that a filter {window} wide, with stride 1, "
        "gives a map as wide as the image?",
        choices={
            half: (f"{half}", f"The map would be {window - 1} too small; half of it on each side."),
            window - 1: (f"{window - 1}", "So many in all, both sides together."),
            1: ("1", f"That is enough for a filter 3 wide, not for one {window} wide."),
            window: (f"{window}", "The map would be wider than the image."),
        },
        answer=lambda: next(
            p for p in range(window + 1) if shapes.output_size(50, window, padding=p) == 50
        ),
    )


def _depth_of_a_filter(channels: int, size: int, count: int) -> Probe:
    flat = size * size * count
    return _probe(
        f"A layer has {count} filters of {size}x{size} and its input has {channels} channels. How "
        "many weights does it have, without the biases?",
        choices={
            flat * channels: (
                f"{flat * channels:,}",
                f"A filter is as deep as its input: {size} x {size} x {channels}, {count} times.",
            ),
            flat: (f"{flat:,}", "A filter has a slice of weights for each channel of its input."),
            size * size * channels: (f"{size * size * channels:,}", "That is one filter."),
            flat * channels * channels: (
                f"{flat * channels * channels:,}",
                "The channels were counted twice.",
            ),
        },
        answer=lambda: Conv2D(count, size).num_parameters((32, 32, channels)) - count,
    )


def _number_of_maps(channels: int, count: int) -> Probe:
    return _probe(
        f"{count} filters go over an image with {channels} channels. How many feature maps come "
        "out?",
        choices={
            count: (f"{count}", "One a filter: the products of all channels become one sum."),
            count * channels: (
                f"{count * channels}",
                "A filter adds its channels up; it does not keep them apart.",
            ),
            channels: (f"{channels}", "The filters decide, not the channels of the image."),
            1: ("1", "Each filter makes a map of its own."),
        },
        answer=lambda: Conv2D(count, 3).output_shape((9, 8, channels))[-1],
    )


def _shift_and_pool(row: tuple[int, ...]) -> Probe:
    moved = (0, *row[:-1])

    def pooled(numbers: tuple[int, ...]) -> list[float]:
        one = np.reshape(np.array(numbers, np.float32), (1, 1, -1, 1))
        largest: list[float] = F.max_pool2d(one, (1, 2)).ravel().tolist()
        return largest

    changed = sum(a != b for a, b in zip(pooled(row), pooled(moved), strict=True))
    places = len(row) // 2
    why = {
        0: "Pooling forgives a shift within a window, not one into the next.",
        1: "Look at each number that moves: it may leave one window and enter another.",
        places: "A number that stays within its window leaves the pooled row as it is.",
        changed: "Two windows win or lose a number; within its window a number may move.",
    }
    texts = {n: (f"{n} of {places}" if n else "none", text) for n, text in why.items()}
    return _probe(
        f"The row {', '.join(map(str, row))} is pooled: the larger of every two numbers stays. "
        f"Then the row is shifted to the right by one, which makes it "
        f"{', '.join(map(str, moved))}. How many of the pooled numbers change?",
        choices=texts,
        answer=lambda: changed,
    )


def _two_filters(first: int, second: int) -> Probe:
    reach = first + second - 1
    return _probe(
        f"A filter of {first}x{first} and then one of {second}x{second}, with nothing in between. "
        "Which single filter does the same?",
        choices={
            reach: (f"one of {reach}x{reach}", "Each number sees what the one before has seen."),
            max(first, second): (
                f"one of {max(first, second)}x{max(first, second)}",
                "The second sees through the first, and so further.",
            ),
            first + second: (
                f"one of {first + second}x{first + second}",
                "The pixel in the middle was counted twice.",
            ),
            "none": ("none", "Without an activation in between, sums of sums are sums."),
        },
        answer=lambda: filters.merge(np.ones((first, first)), np.ones((second, second))).shape[0],
    )


def _weights_and_work(side: int, channels: int, count: int, units: int) -> Probe:
    conv, dense = Conv2D(count, 3, padding="same"), Dense(units)
    told = {
        ("dense", "dense"): (
            "both in the dense layer",
            "It has most of the weights, but each is used only once for a picture.",
        ),
        ("conv", "conv"): (
            "both in the convolution",
            "It computes most, but with the same few weights at every place.",
        ),
        ("dense", "conv"): (
            "more weights in the dense layer, more products in the convolution",
            "A dense weight is used once for a picture, a weight of a filter at every place.",
        ),
        ("conv", "dense"): (
            "more weights in the convolution, more products in the dense layer",
            "It is the other way round: a filter has few weights and uses them everywhere.",
        ),
    }

    def leads() -> tuple[str, str]:
        image, flat = (side, side, channels), (512,)
        few, many = conv.num_parameters(image), dense.num_parameters(flat)
        work, little = conv.multiply_adds(image), dense.multiply_adds(flat)
        return ("conv" if few > many else "dense", "conv" if work > little else "dense")

    return _probe(
        f"A 3x3 convolution with {count} filters on an image of {side}x{side}x{channels}, and a "
        f"dense layer with {units} units on 512 numbers. Where are more weights, and where are "
        "more products computed for one picture?",
        choices=told,
        answer=leads,
    )


def _sees(layers: int) -> Probe:
    reach = 2 * layers + 1
    return _probe(
        f"{layers} layers of 3x3 filters with stride 1 follow each other. How wide is the part of "
        "the image that one number of the last map sees?",
        choices={
            reach: (f"{reach}", "The first sees 3, and each further layer 2 more."),
            3: ("3", "That is what it sees of the layer before."),
            3 * layers: (f"{3 * layers}", "The windows overlap, so they do not add up."),
            3**layers: (f"{3**layers}", "So fast it grows only with stride 3."),
        },
        answer=lambda: shapes.receptive_field([(3, 1)] * layers),
    )


def _gradient_of_a_weight(row: tuple[int, ...], upstream: tuple[int, int]) -> Probe:
    first, second = row[0] * upstream[0], row[1] * upstream[1]

    def right() -> float:
        image = np.reshape(np.array(row, np.float32), (1, 1, -1, 1))
        grad = np.reshape(np.array(upstream, np.float32), (1, 1, 2, 1))
        taps = np.zeros((1, len(row) - 1, 1, 1), np.float32)
        return float(F.conv2d_backward(grad, image, taps)[1][0, 0, 0, 0])

    return _probe(
        f"A filter slides over the row {', '.join(map(str, row))} and stands at two places. The "
        f"gradients that come back to those are {upstream[0]} and {upstream[1]}. What is the "
        "gradient of the filter's first weight?",
        choices={
            float(first + second): (
                f"{first + second}",
                f"It was used at both places: {row[0]} x {upstream[0]} + {row[1]} x {upstream[1]}.",
            ),
            float(second): (f"{second}", "The share of the first place was overwritten."),
            (first + second) / 2: (f"{(first + second) / 2:g}", "Shares add up; no mean is taken."),
            float(sum(upstream)): (
                f"{sum(upstream)}",
                "That would be the gradient of the bias: the pixels count too.",
            ),
        },
        answer=right,
    )


def _knows_nothing(classes: int) -> Probe:
    loss = round(log(classes), 3)
    return _probe(
        f"A network tells {classes} classes apart. After an hour of training its loss (softmax "
        f"and cross-entropy) is still {loss}. What has it learned?",
        choices={
            "something": (
                "something, it needs more time",
                f"Guessing evenly gives just this loss: ln {classes} = {loss}.",
            ),
            "nothing": (
                "nothing",
                f"ln {classes} = {loss}: so much one loses by giving every class the same "
                "probability.",
            ),
            "one": (
                f"one of the {classes} classes",
                "A loss counts no classes; it is the price of the probability given to the truth.",
            ),
        },
        answer=lambda: "nothing" if abs(loss - log(classes)) < 1e-3 else "something",
    )


def _chosen_on_the_test(networks: int, truth: float, best: float) -> Probe:
    even_better = round(best + (best - truth), 3)
    return _probe(
        f"{networks} networks are equally good: each is right on {truth:.0%} of all pictures. On "
        f"the 1,000 pictures of a test they score a little less or more; the best reads {best}. "
        "You keep that one. What will it score on new pictures, about?",
        choices={
            truth: (
                f"{truth}",
                "Its lead was luck of these pictures, and luck does not come along.",
            ),
            best: (f"{best}", "It was chosen for this score: the lead was luck."),
            even_better: (f"{even_better}", "Nothing makes it better on new pictures."),
        },
        answer=lambda: _second_score(networks, truth),
    )


def _second_score(networks: int, truth: float) -> float:
    """Choose the best of a first test, score it on a second; the mean of many times, rounded."""
    rng = np.random.default_rng(0)
    first = rng.binomial(1000, truth, (4000, networks))
    second = rng.binomial(1000, truth, (4000, networks)) / 1000
    return round(float(np.take_along_axis(second, first.argmax(1)[:, None], 1).mean()), 2)


class Before:
    """The first form."""

    before_even_area = _even_area(((0, -1, 0), (-1, 4, -1), (0, -1, 0)), 0.6)
    before_stride = _stride_size(12, 5, 2)
    before_same = _same_padding(5)
    before_depth = _depth_of_a_filter(3, 5, 10)
    before_maps = _number_of_maps(3, 4)
    before_shift = _shift_and_pool((0, 5, 0, 0, 2, 0))
    before_merged = _two_filters(3, 3)
    before_cost = _weights_and_work(32, 3, 8, 10)
    before_sees = _sees(3)
    before_gradient = _gradient_of_a_weight((1, 2, 3, 4), (1, 10))
    before_nothing = _knows_nothing(10)
    before_chosen = _chosen_on_the_test(20, 0.9, 0.917)


class After:
    """The second form: the same ideas in the same order."""

    after_even_area = _even_area(((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)), 0.3)
    after_stride = _stride_size(18, 7, 2)
    after_same = _same_padding(7)
    after_depth = _depth_of_a_filter(8, 3, 4)
    after_maps = _number_of_maps(5, 6)
    after_shift = _shift_and_pool((3, 0, 0, 7, 0, 0))
    after_merged = _two_filters(5, 3)
    after_cost = _weights_and_work(40, 4, 6, 20)
    after_sees = _sees(4)
    after_gradient = _gradient_of_a_weight((2, 3, 1), (4, 5))
    after_nothing = _knows_nothing(4)
    after_chosen = _chosen_on_the_test(30, 0.8, 0.826)
