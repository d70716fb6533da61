"""Checks are checked: every small change to a solution is refused, unless it changes nothing.

Each task's solution is altered in one place at a time: operators, signs, numbers, names, sizes,
axes, steps left out, other types, clipping and rounding. A mutant that is praised all the same
must be listed below with the reason why it is as right as the solution.
"""

import ast
import copy
import re
from difflib import unified_diff
from functools import singledispatch

import numpy as np
import pytest

from cnnlab.exercises import CHAPTERS, trial
from cnnlab.exercises.store import STORE

_STEPS = {
    r"(rows|columns) = (abs|int|round|np\.\w+)\(.*": "a size is whole and above 0 as it is",
    r"height, width = np\.\w+\(weights\.shape.*": "sizes are whole and above 0 as they are",
    r"height, width = \(.*weights.*\)\.shape": "only the shape is read, whatever the numbers",
    r"(rows|columns) = \(\(.*image.*\)\.shape.*": "only the shape is read, not the numbers",
    r"columns = .*image\.shape\[-1\] .*": "the last of two axes is axis 1",
    r"top, left = np\..*": "places are whole and not below 0 as they are",
    r"output = np\.ones\(.*|output = .* \+ 1": "every number of it is written over",
    r"output = (-|abs|np\.[cfs]).*|output = .*(\* 2|::-1\])": "nothing but zeros, in any order",
    r"output = .* dtype=np\.float32\)": "as exact as the package itself",
    r"output\[row, column\] = np\.(flip|transpose).*": "a single number has no order",
    r"output\[row, column\] = str\(.*": "NumPy reads the text as the number it is",
}
"""Of a loop that takes steps."""

_POOLS = {
    form: reason for form, reason in _STEPS.items() if "height" not in form and "top" not in form
}
"""Of the same loop with a square window."""

_SUMS = {
    r".*\(.*(image|upstream|weights).*\)\.shape.*": "only the shape is read, whatever the numbers",
    r".*\.shape\[-1\].*": "the last of two axes is axis 1",
    r"gradient = (-|abs|np\.[cfs]).*|gradient = .*(\* 2|::-1\])": "nothing but zeros, in any order",
    r"gradient = .* dtype=np\.float32\)": "as exact as the package itself",
}
"""Of a loop that adds up over the places of a filter."""

EQUAL = {
    "01_filters.loops": {
        r"(rows|columns) = (abs|int|round|np\.\w+)\(.*": "a size is whole and above 0 as it is",
        r"height, width = np\.\w+\(weights\.shape.*": "sizes are whole and above 0 as they are",
        r".* = \(.*(image|weights).*\)\.shape.*": "only the shape is read, whatever the numbers",
        r"columns = image\.shape\[-1\] .*": "the last of two axes is axis 1",
        r"output = np\.ones\(.*|output = .* \+ 1": "every number of it is written over",
        r"output = (-|abs|np\.[cfs]).*|output = .*(\* 2|::-1\])": "nothing but zeros, in any order",
        r"output = .* dtype=np\.float32\)": "as exact as the package itself",
        r"output\[row, column\] = np\.(flip|transpose).*": "a single number has no order",
        r"output\[row, column\] = str\(.*": "NumPy reads the text as the number it is",
    },
    "03_convolutional_layers.one_map": {
        r"for channel in range\(\(.*image.*\)\.shape\[2\]\):": "only the shape is read there",
        r"for channel in range\(weights\.shape\[2\]\):": "a filter is as deep as its image",
        r"total = .*\b0\b.*": "zero is zero, however it is written",
    },
    "03_convolutional_layers.many_maps": {
        r"for number in range\(\(.*bank.*\)\.shape\[3\]\):": "only the shape is read there",
        r"maps = \[\].*": "an empty list has nothing to double or to turn round",
    },
    "03_convolutional_layers.backward": {
        r".*\(-?x.*\)\.shape.*|.*\(-?grad_output.*\)\.shape.*": "only the shape is read there",
        r".* = .*\.reshape\(-2, .*": "NumPy takes any negative length for the one to find out",
        r"grad_bias = np\.transpose\(.*": "a row of numbers has one axis and cannot be turned",
        r"grad_x = \(grad_output @ weights\.T\).*": "matrices of every image are multiplied alike",
    },
    "03_convolutional_layers.layer": {
        r"return .*\(input_shape \* 2\)\[.*": "a shape written twice begins with the shape",
        r"filters: .*": "what an annotation says does not run",
        r"return np\..*\(\(input_shape\[0\], .*": "a shape may come as an array",
        r"return np\.flip\(\{.*": "NumPy hands a dict back as it is",
    },
    "01_filters.upright_edges": {
        r".*\* 2|.*\[1:\]|.*\[:-1\]": "two rows, or six, compare right and left like three",
    },
    "02_stride_and_padding.padded": {
        r"(rows|columns) = (abs|int|round|np\.\w+)\(.*": "a size is whole and above 0 as it is",
        r"height, width = np\.\w+\(image\.shape.*": "sizes are whole and above 0 as they are",
        r"height, width = \(.*image.*\)\.shape": "only the shape is read, whatever the numbers",
        r"output = (-|abs|np\.[cfs]).*|output = .*(\* 2|::-1\])": "nothing but zeros, in any order",
        r"output = .* dtype=np\.float32\)": "as exact as the package itself",
    },
    "02_stride_and_padding.map_shape": {
        r"for .*\(.*(image|weights).*\)\.shape.*": "only the shape is read, whatever the numbers",
        r"room = (abs|int|round|np\.\w+)\(.*": "room is whole and above 0 as it is",
        r"return np\.(asarray|clip|transpose)\(.*": "sizes are whole and above 0 as they are",
        r"sizes = \[\].+": "nothing is in it yet, in any order",
    },
    "02_stride_and_padding.strided": _STEPS,
    "02_stride_and_padding.same_zeros": {
        r"(places|missing|total|before) = (abs|int|round|np\.\w+)\(.*": "whole as they are",
        r"size, window = .*len\((-|row |weights ).*": "only the length is read, not the numbers",
        r"size, window = np\..*": "lengths are whole and above 0 as they are",
        r"return np\.(asarray|clip|transpose)\(.*": "counts are whole and not below 0 as they are",
    },
    "02_stride_and_padding.whole": {
        **_STEPS,
        r"(down|across) = (abs|int|round|np\.\w+)\(.*": "a span is whole and above 0 as it is",
    },
    "04_pooling.max_pool": {
        **_POOLS,
        r"(top|left) = (abs|int|round|np\.\w+)\(.*": "a place is whole and never below 0",
    },
    "04_pooling.avg_pool": {
        **_POOLS,
        r"top, left = np\..*": "places are whole and not below 0 as they are",
    },
    "04_pooling.max_pool_backward": {
        r"(gradient|for|i, j) .*\(.*(image|upstream|under).*\)\.shape.*": "only the shape is read, "
        "whatever the numbers",
        r"gradient = (-|abs|np\.[cfs]).*|gradient = .*(\* 2|::-1\])": "nothing but zeros, in any "
        "order",
        r"gradient = .* dtype=np\.float32\)": "as exact as the package itself",
        r"(top, left|i, j) = np\.(asarray|clip|transpose)\(.*": "two places, whole, never below 0",
        r"i, j = .*\(under (\*|\+|-) \d\)\.argmax.*": "the same one is the largest",
        r"under = .*(\* 2|\+ 1|- 1).*": "the same one is the largest",
    },
    "04_pooling.avg_pool_backward": {
        r"(gradient|for) .*\(.*(image|upstream).*\)\.shape.*": "only the shape is read",
        r"gradient = (-|abs|np\.[cfs]).*|gradient = .*(\* 2|::-1\])": "nothing but zeros, in any "
        "order",
        r"gradient = .* dtype=np\.float32\)": "as exact as the package itself",
        r"top, left = np\.(asarray|clip|transpose)\(.*": "two places, whole, never below 0",
        r"share = np\.(flip|transpose)\(.*": "a single number has no order",
        r"share = .* / \(-window\) \*\* 2": "a square does not know the sign",
    },
    "05_activations.merge": {
        r"(rows|columns) = (abs|int|round|np\.\w+)\(.*": "a size is whole and above 0 as it is",
        r"height, width = np\.\w+\(first\.shape.*": "sizes are whole and above 0 as they are",
        r".*\(.*(first|second).*\)\.shape.*": "only the shape is read, whatever the numbers",
        r".*second\.shape\[-1\].*": "the last of two axes is axis 1",
        r"merged = (-|abs|np\.[cfs]).*|merged = .*(\* 2|::-1\])": "nothing but zeros, in any order",
        r"merged = .* dtype=np\.float32\)": "as exact as the package itself",
    },
    "05_activations.absolute": {
        r"return (abs|np\.clip)\(.*": "without its sign a number is never below 0",
    },
    "05_activations.tanh": {
        r"return np\.clip\(.*|value = np\.clip\(.*": "nothing here goes beyond -1 and 1",
        r"slope = (abs|np\.clip)\(.*": "the slope lies between 0 and 1 anyway",
        r"slope = 1 - \(-value\) \*\* 2": "a square does not know the sign",
    },
    "05_activations.leaky_relu": {
        r"slope = (abs|np\.clip)\(.*": "both slopes lie between 0 and 1 anyway",
        r".*where\(x \* 2 > 0.*|.*where\(value > 0.*": "twice x, and the value, have the sign of x",
    },
    "05_activations.elu": {
        r"slope = (abs|np\.clip)\(.*": "every slope lies between 0 and 1 anyway",
        r".*where\(x \* 2 > 0.*|.*where\(value > 0.*": "twice x, and the value, have the sign of x",
        r".*where\(x >= 0.*": "at 0 both pieces meet, value and slope",
    },
    "05_activations.relu_backward": {
        r".*where\(x \* 2 > 0.*": "twice x has the sign of x",
    },
    "05_activations.dead": {
        r"return \(sums \* 2 <= 0\).*": "twice a sum has its sign",
        r".*axis=\((2, 1, 0|0, 1, -2)\)\)": "the same three axes, named in another way",
        r"return (abs|np\.transpose)\(.*": "a row of truths stays as it is",
    },
    "05_activations.maxout": {
        r".*\.max\(axis=(0|-1)\)": "the sums have one axis only",
        r"return np\.(flip|transpose)\(.*": "a single number has no order",
    },
    "05_activations.softmax": {
        r"largest = .*(\+ 1|scores - 1|dtype).*": "any number close to the largest does as well",
        r"powers = (.* - 1|.* \+ 1).*|powers = (-|.*\* 2).*": "the division takes factors out",
        r"(powers =|return) (abs|np\.clip)\(.*": "powers and shares lie between 0 and 1 anyway",
        r".*axis=-1.*": "the last of two axes is axis 1",
        r"largest = np\.flip\(.*, -1\)": "there is one number in each row",
    },
    "06_full_networks.reordered": {
        r".*reshape\(channels, height, width, -2\)": "NumPy takes any negative length "
        "for the one to find out",
        r".*transpose\(1, -2, 0, 3\).*": "the last but one of four axes is axis 2",
        r".*reshape\(\(.*weights.*\)\.shape\)": "only the shape is read, whatever the numbers",
    },
    "06_full_networks.conv_costs": {
        r"height, width, channels = (abs|np\.\w+)\(.*": "sizes are whole and above 0 as they are",
        r"(parameters|work) = (abs|int|round|np\.(clip|flip|transpose))\(.*": "a count is one "
        "whole number above 0",
        r"(parameters|work) = np\.asarray\(.*, dtype=int\)": "a count is whole as it is",
        r"return np\.(asarray|clip|transpose)\(.*": "two counts, whole and above 0 as they are",
    },
    "06_full_networks.field": {
        r"field, step = (np\.\w+)?\(.*": "two ones are alike and exact, in any order or type",
        r"return (abs|int|round|np\.(asarray|clip|flip|transpose))\(.*": "one whole number above 0",
    },
    "06_full_networks.count_network": {
        r"parameters, work = (np\.\w+)?\(.*": "two zeros are alike and exact, in any order or type",
        r"(side|weights|channels) = (abs|int|round|np\.(clip|flip|transpose))\(.*": "one whole "
        "number above 0, as it is",
        r"(side|weights|channels) = np\.asarray\(.*, dtype=int\)": "a size is whole as it is",
        r"side = np\.asarray\(.*, dtype=np\.float16\)": "sides as small as these are exact in it",
        r"if filters \* 2 > 0:": "twice as many are above 0 too",
        r"return np\.(asarray|clip|transpose)\(.*": "two counts, whole and above 0 as they are",
    },
    "07_training.cross_entropy": {
        r"log_p = np\.clip\(.*": "the logarithm of a probability is never above 0",
        r".*axis=-1, .*": "the last of two axes is axis 1",
        r"powers = (abs|np\.clip)\(.*": "powers lie between 0 and 1 as they are",
        r"powers = np\.flip\(.*|powers = .*::-1\]": "the mean takes every row's sum",
        r"return .*arange\(len\((-?labels|log_p|powers|scores).*": "there are as many of each",
        r"return .*\.mean\(axis=(0|-1)\)": "the row of losses has one axis only",
        r"return (abs|np\.clip)\(.*": "a mean of such losses is never below 0",
        r"return np\.(flip|transpose)\(.*": "a single number has no order",
        r"scores = np\.clip\(.*": "less their largest, scores are never above 0",
        r"scores = .*1.* - scores\.max.*|scores = .*(\(scores [+-] 1\)|keepdims=True\) \+ 1).*": (
            "any number close to the largest does as well"
        ),
    },
    "07_training.score_gradient": {
        r"return np\.clip\(.*": "no probability is farther than 1 from its wish",
        r".*len\((-?labels|scores|slope).*": "there are as many of each",
        r"slope = F\.softmax\(scores [+-] 1\)": "softmax looks at differences alone",
        r"slope = (abs|np\.clip)\(.*": "probabilities lie between 0 and 1 as they are",
    },
    "07_training.hinge": {
        r"images = .*len\((-?scores|labels).*": "only the count is read, and it is the same",
        r"images = (abs|np\.\w+)\(.*": "places are whole and never below 0",
        r"missing = (abs|np\.clip)\(.*": "what is missing is never below 0",
        r"missing\[images, labels\] = .*": "zero is zero, however it is written",
        r"return (abs|np\.clip)\(.*": "what is missing is never below 0",
        r"return .*sum\(axis=-1\).*": "the last of two axes is axis 1",
        r"return .*\.mean\(axis=(0|-1)\)": "the row of losses has one axis only",
        r"return np\.(flip|transpose)\(.*": "a single number has no order",
        r"true = np\.flip\(.*, -1\)": "there is one number in each row",
    },
    "07_training.filter_gradient": {
        **_SUMS,
        r"(height|width) = (abs|int|round|np\.\w+)\(.*": "a size is whole and above 0 as it is",
    },
    "07_training.image_gradient": {
        **_SUMS,
        r"height, width = np\.\w+\(weights\.shape.*": "sizes are whole and above 0 as they are",
        r"(rows|columns) = (abs|int|round|np\.\w+)\(.*": "a size is whole and above 0 as it is",
    },
    "07_training.measured": {
        r".*\(.*weights.*\)\.shape.*|for place in .*slopes\.shape.*": "only the shape is read",
        r"more, less = .*": "two copies of the same weights, in any order",
        r"slopes = .*": "every number of it is written over",
        r"slopes\[place\] = np\.(flip|transpose)\(.*": "a single number has no order",
        r"slopes\[place\] = str\(.*": "NumPy reads the text as the number it is",
    },
    "07_training.leak_free": {
        r"held_out = (abs|np\.transpose)\(.*": "a row of truths stays as it is",
        r"return .*\(-train\)\.std\(\)": "a spread does not know the sign",
        r"return .*\(train [+-] 1\)\.std\(\)": "moved together, numbers spread as before",
    },
    "08_what_networks_see.hidden": {
        r".* = (abs|np\.(clip|flip|transpose))\(0\.5.*": "one half is one half, in any order",
        r".* = np\.asarray\(0\.5, dtype=np\.float16\)": "one half is exact in few bits",
        r".* = str\(0\.5\)": "NumPy reads the text as the number it is",
        r"rows, columns = np\.transpose\(.*": "a row of two slices stays as it is",
    },
    "08_what_networks_see.occluded": {
        r"(rows|columns) = \(.*image.*\)\.shape.*": "only the shape is read, not the numbers",
        r"(rows|columns) = (abs|int|round|np\.\w+)\(.*": "a size is whole and above 0 as it is",
        r"drops = np\.ones\(.*|drops = .* \+ 1": "every number of it is written over",
        r"drops = (-|abs|np\.[cfs]).*|drops = .*(\* 2|::-1\])": "nothing but zeros, in any order",
        r"drops = .* dtype=np\.float32\)": "as exact as the package itself",
        r"(covered|drops)\[.*\] = np\.(flip|transpose).*": "a single number has no order",
        r"(covered|drops)\[.*\] = str\(.*": "NumPy reads the text as the number it is",
    },
    "08_what_networks_see.saliency_map": {
        r"return (abs|np\.clip)\(.*": "a size is never below 0",
        r"return np\.abs\(-slopes\).*": "a size does not know the sign",
        r"return .*axis=-1\)": "the last of three axes is axis 2",
    },
    "08_what_networks_see.my_cam": {
        r"return (abs|np\.clip)\(.*": "what ReLU leaves is never below 0",
        r"heat = np\.clip\(.*": "ReLU comes in the next line anyway",
        r"heat = .*axis=-1\)": "the last of three axes is axis 2",
        r"weights = np\.transpose\(.*": "a row of numbers has one axis and cannot be turned",
        r"weights = .*axis=\(1, 0\)\)": "the same two axes, named in another order",
    },
    "08_what_networks_see.one_scale": {
        r"positive = (abs|np\.clip)\(.*": "what ReLU leaves is never below 0",
        r"positive = np\.maximum\(0, maps( \* 2\)|\) \* 2)": "the division takes factors out",
        r"largest = (abs|np\.clip)\(.*": "the largest of such numbers is never below 0",
        r"largest = np\.(flip|transpose)\(.*": "a single number has no order",
        r"largest = maps\.max\(\)": "where it is above 0 it is the same number",
        r"return (abs|np\.clip)\(.*": "all of it lies between 0 and 1 as it is",
        r"return .* if largest \* 2 > 0 .*": "twice the largest has its sign",
        r"return .* else (-positive|positive \* 2)": "zeros stay zeros, turned round or doubled",
    },
    "08_what_networks_see.step_away": {
        r"moved = .*np\.sign\(slopes \* 2\)": "twice a slope has its sign",
        r"moved = np\.clip\(.*": "it is clipped in the next line anyway",
        r"return (abs|np\.clip)\((np\.clip)?\(?.*": "all of it lies between 0 and 1 as it is",
    },
    "09_making_it_fast.im2col_map": {
        r".*reshape\((-rows \* columns|rows \* -columns|-rows, columns|rows, -columns).*": "NumPy "
        "takes any negative length for the one to find out",
        r".*\(-?weights.*\)\.(size|shape).*|rows, columns = \(.*windows.*": "only a shape is read",
        r"rows, columns = np\..*": "sizes are whole and above 0 as they are",
    },
    "09_making_it_fast.tally": {
        r"output = (-|abs|np\.[cfst]).*|output = .*(\* 2|::-1\])": "only zeros, however laid",
        r"output = .* dtype=np\.float32\)": "as exact as the package itself",
        r"pay_in = np\.flip\(.*": "a single function has no order",
        r"return np\.transpose\(.*": "a single row stays as it is",
    },
    "09_making_it_fast.compile_it": {
        r"fast_map = np\.flip\(.*": "a single function has no order",
    },
    "09_making_it_fast.in_strips": {
        r"(rows|edges) = .*(\+ 1 \+ 1|\+ 2|- 1\) \+ 1).*|edges = \[\(rows \+ 1.*": "a slice of the "
        "picture ends where the picture ends",
        r"edges = .*(\* 2|range\(.*(rows \+ 1|\* 2 \+ 1|\+ 1 \+ 1|\+ 2)).*": "edges after the last "
        "are not used",
        r"rows = image\.shape\[0\] \+ 1": "beyond the picture there is nothing to slice",
        r"first, last = .*edges \* 2.*": "edges after the last are not used",
        r"(rows|edges|height) = (abs|int|round|np\.\w+)\(.*": "whole and above 0 as they are",
        r"first, last = np\..*": "places are whole and above 0 as they are",
        r"(rows|height) = \(.*(image|weights).*\)\.shape.*": "only the shape is read",
        r"with ThreadPoolExecutor\((height|rows|threads (\*|\+) \d)\).*": "threads without a strip "
        "have nothing to do",
    },
    "09_making_it_fast.partial_sums": {
        r"sums = (-|abs|np\.[cfst]).*|sums = .*(\* 2|::-1\])": "nothing but zeros, in any order",
        r"sums = .* dtype=np\.float32\)": "as exact as the package itself",
        r"return np\.transpose\(.*": "a single row stays as it is",
        r"with ThreadPoolExecutor\(threads.*": "who has no thread waits for one, and sums the same",
    },
    "09_making_it_fast.reuse": {
        r".* [+-] 1\)?( / moved)?": "one in some 800,000 is less than the rounding that is allowed",
    },
    "10_your_own_network.honest_score": {
        r"chosen = (abs|int|round|np\.\w+)\(np\.argmax.*": "a place is whole as it is",
        r"chosen = np\.argmax\(validation . \d\)": "the largest stays the largest",
        r"return np\.transpose\(\(chosen, .*": "a pair has one axis and cannot be turned",
    },
    "10_your_own_network.by_person": {
        r"bins = .*len\(.*persons.*\), int\)": "only the length is read, whatever the numbers",
        r"bins = (-|abs|np\.[acfst]).*|bins = .*(\* 2|::-1\])": "nothing but zeros, in any order",
        r"bins\[.*\] = (abs|int|round|str|np\.\w+)\([12].*": "a whole number above 0 as it is",
        r"bins\[np\.isin\(persons, order\[:count (\* 2|\+ 1)\]\)\] = 2": "the line after it puts "
        "those of the next bin right",
        r"return (abs|np\.(asarray|clip|transpose))\(.*": "bins are whole and never below 0",
    },
    "10_your_own_network.nearest": {
        r"apart = .*axis=\(1, -2, 3\)\).*|apart = .*axis=\(3, 2, 1\)\).*": "the same three axes "
        "in another order",
        r"apart = \(\(.*\.mean\(axis=\(1, 2, 3\)\)|apart = .* (\* 2|\+ 1)": "the nearest stays the "
        "nearest, shifted or divided",
        r"apart = \(\(picture - others\) .*": "a square does not know the sign",
        r"apart = (abs|np\.\w+)\(.*": "distances are never below 0, and a row as they are",
        r"places = \[\].+": "an empty list has nothing to double or to turn round",
        r"places\.append\(\(apart . \d\)\.argmin\(\)\)": "the nearest stays the nearest",
        r"return (abs|np\.\w+)\(np\.array\(.*": "places are whole and not below 0 as they are",
    },
    "10_your_own_network.layers": {
        r"layers = \[Conv2D\(.*": "another design that fits the budget",
    },
    "10_your_own_network.train_within": {
        r"best = .*": "an accuracy is above 0 after any of these epochs",
        r"best, kept = np\.transpose\(.*": "a pair has one axis and cannot be turned",
        r"network\.parameters = np\.flip\(kept\)": "NumPy hands a dict back as it is",
        r"if snapshot\.epoch_end and snapshot\.seconds .*seconds.*": "no training here ends within "
        "a second of its time: clocks differ",
        r"return (abs|np\.\w+)\(best.*": "one number between 0 and 1 as it is",
    },
    "10_your_own_network.draw_rates": {
        r"(return|exponents =) np\.transpose\(.*": "a row of numbers has one axis",
        r"return (abs|np\.clip)\(10 \*\* exponents.*": "a rate is above 0 as it is",
    },
    "10_your_own_network.standard_error": {
        r"return (abs|np\.(clip|transpose))\(.*": "between 0 and 1, one row at most",
    },
}
"""By task: what the changed lines look like, and why they are as right as the solution's."""

TASKS = [
    item
    for chapter in CHAPTERS
    if chapter.module
    for item in chapter.lesson().items
    if item.kind == "solved"
]

OTHER_OPERATORS = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Add, ast.Sub, ast.Div, ast.MatMult),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Div,),
    ast.MatMult: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
OTHER_METHODS = {
    "sum": ("mean", "max", "min", "prod"),
    "mean": ("sum", "max", "min"),
    "max": ("min", "sum", "mean"),
    "min": ("max", "sum", "mean"),
    "zeros": ("ones",),
    "ones": ("zeros",),
}
AROUND_A_VALUE = (
    *("abs({})", "round({})", "int({})", "-({})", "({}) + 1", "({}) * 2"),
    *("np.clip({}, 0, None)", "np.clip({}, None, 0)", "np.clip({}, -1, 1)"),
    *("np.flip({})", "np.flip({}, 0)", "np.flip({}, -1)", "np.transpose({})", "({})[::-1]"),
    *("np.asarray({}, dtype=int)", "np.asarray({}, dtype=np.float16)", "np.sign({})"),
    *("np.asarray({}, dtype=np.uint8)", "({})[:-1]", "({})[1:]", "({})[..., 0]", "str({})", "None"),
)


def expression(text):
    return ast.parse(text, mode="eval").body


@singledispatch
def alternatives(node, names):
    """What could stand in the place of one node of the code."""
    return []


@alternatives.register
def _(node: ast.stmt, names):
    return [] if isinstance(node, ast.FunctionDef) else [ast.Pass()]


@alternatives.register
def _(node: ast.Constant, names):
    number = node.value
    if type(number) not in {int, float}:
        return []
    others = dict.fromkeys([number + 1, number - 1, -number, 0, 1, 2 * number])
    return [ast.Constant(other) for other in others if other != number]


@alternatives.register
def _(node: ast.Name, names):
    if not isinstance(node.ctx, ast.Load):
        return []
    others = [name for name in names if name != node.id]
    changes = [f"{node.id} + 1", f"{node.id} - 1", f"{node.id} * 2", f"-{node.id}"]
    return list(map(expression, [*others, *changes]))


@alternatives.register
def _(node: ast.UnaryOp, names):
    return [node.operand]


@alternatives.register
def _(node: ast.BinOp, names):
    operators = OTHER_OPERATORS.get(type(node.op), ())
    found = [ast.BinOp(node.left, other(), node.right) for other in operators]
    if not isinstance(node.op, ast.Add | ast.Mult):
        found.append(ast.BinOp(node.right, node.op, node.left))
    return [*found, node.left, node.right]


@alternatives.register
def _(node: ast.Compare, names):
    operators = OTHER_OPERATORS.get(type(node.ops[0]), ())
    return [ast.Compare(node.left, [other()], node.comparators) for other in operators]


@alternatives.register
def _(node: ast.Tuple, names):
    return [ast.Tuple(node.elts[::-1], node.ctx)] if isinstance(node.ctx, ast.Load) else []


@alternatives.register
def _(node: ast.Call, names):
    whole, function = ast.unparse(node), ast.unparse(node.func)
    owner, _, name = function.rpartition(".")
    inside = whole[len(function) :]
    others = OTHER_METHODS.get(name, ())
    found = [f"{owner}.{other}{inside}".lstrip(".") for other in others]
    if owner and name in {"sum", "mean", "max", "min"}:
        found += [owner, f"{function}(axis=0)", f"{function}(axis=-1)"]
    if name in {"zeros", "ones"}:
        found += [f"{whole[:-1]}, dtype={kind})" for kind in ("int", "bool", "np.float16")]
        found += [f"{whole[:-1]}, dtype={kind})" for kind in ("np.uint8", "np.float32")]
    if name == "range":
        end = ast.unparse(node.args[-1])
        found += [f"range(1, {end})", f"range({end} - 1)", f"range(0, {end}, 2)"]
    return list(map(expression, found))


def places(tree):
    """Give every node in the tree with the place where it hangs."""
    for number, parent in enumerate(ast.walk(tree)):
        for field, value in ast.iter_fields(parent):
            for index, node in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(node, ast.AST):
                    yield (number, field, index), parent, node


def replaced(tree, place, other):
    """Write the code with another node at one place."""
    number, field, index = place
    version = copy.deepcopy(tree)
    parent = list(ast.walk(version))[number]
    value = getattr(parent, field)
    if isinstance(value, list):
        value[index] = other
    else:
        setattr(parent, field, other)
    return ast.unparse(ast.fix_missing_locations(version))


def mutants(source):
    """Give the source in plain spelling, and every changed version of it, once."""
    tree = ast.parse(source)
    for function in ast.walk(tree):  # without its docstring, which may say what it likes
        if isinstance(function, ast.FunctionDef) and ast.get_docstring(function) is not None:
            del function.body[0]
    names = sorted({node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - {"np"})
    versions = {}
    for place, parent, node in places(tree):
        others = list(alternatives(node, names))
        if place[1] == "value" and isinstance(parent, ast.Assign | ast.Return):
            text = ast.unparse(node)
            others += [expression(form.format(text)) for form in AROUND_A_VALUE]
        versions |= dict.fromkeys(replaced(tree, place, other) for other in others)
    original = ast.unparse(tree)
    return original, [text for text in versions if text != original]


def label(original, text):
    """The lines that differ, as they are after the change; those left out with a minus."""
    lines = list(unified_diff(original.splitlines(), text.splitlines(), lineterm="", n=0))[2:]
    new = [line[1:].strip() for line in lines if line.startswith("+")]
    return "; ".join(new) if new != ["pass"] and new else f"without {lines[1][1:].strip()}"


def made_by(task, text):
    """Run a version of the cell; where it stops with an error, nothing would be checked."""
    try:
        return task.value(text)
    except Exception as error:
        return error


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.key)
def test_no_mutant_of_a_solution_is_praised(task, monkeypatch):
    monkeypatch.setattr(trial, "SECONDS", 1.0)
    monkeypatch.setattr(trial, "rehearse", lambda *_: None)  # no mutant crashes, or holds Python
    monkeypatch.setattr(STORE, "change", lambda key, change: {})  # thousands of attempts
    solution = task.value(task.solution_code)
    original, versions = mutants(task.solution_code)
    assert len(versions) >= 20
    survivors = set()
    for text in versions:
        answer = made_by(task, text)
        if not task.calls and np.array_equal(answer, solution):
            continue  # the same numbers: there is nothing to tell apart
        if task.check(answer).passed:
            survivors.add(label(original, text))
    known = EQUAL.get(task.key, {})
    praised = [one for one in survivors if not any(re.fullmatch(form, one) for form in known)]
    assert not praised
    for form, reason in known.items():
        assert any(re.fullmatch(form, one) for one in survivors), f"{form}: refused by now"
        assert len(reason.split()) >= 4
