"""Chapter 07, training: its tasks, beside the questions of ``learning_questions``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import functional as F
from cnnlab import gradients, losses, optimizers
from cnnlab.exercises.cases import lopsided
from cnnlab.exercises.chapters.learning_questions import (
    AFTER,
    BEFORE,
    SORTED,
    UPSTREAM,
    WISH,
    LearningQuestions,
    W,
    X,
    filter_gradient,
    image_gradient,
)
from cnnlab.exercises.lesson import Lesson
from cnnlab.exercises.task import Task
from cnnlab.exercises.trial import called

Float64 = NDArray[np.float64]

_CASES = [
    (np.array([[2.0, 0.5, -1.0]]), np.array([0])),
    (3 * lopsided(2, 4), np.array([3, 1])),
    (2 * lopsided(5, 3) - 0.4, np.array([1, 0, 2, 2, 1])),
    (np.array([[900.0, 899.5], [-0.5, 0.25], [-900.0, 900.0]]), np.array([1, 0, 1])),
]
"""Scores and labels: pictures unlike classes, and scores too large for a plain exp."""


def _cross_entropy(scores: Float64, labels: NDArray[np.int64]) -> float:
    return losses.softmax_cross_entropy(scores.astype(np.float32), labels)[0]


def _score_gradient(scores: Float64, labels: NDArray[np.int64]) -> NDArray[np.float32]:
    return losses.softmax_cross_entropy(scores.astype(np.float32), labels)[1]


def _hinge(scores: Float64, labels: NDArray[np.int64]) -> float:
    return losses.hinge(scores.astype(np.float32), labels)[0]


def _sgd_step(weights: Float64, gradient: Float64, rate: ArrayLike) -> NDArray[np.float32]:
    new, _, _ = optimizers.SGD().update(
        weights.astype(np.float32),
        gradient.astype(np.float32),
        (),
        step=1,
        learning_rate=float(rate),  # type: ignore[arg-type]  # an array without axes
    )
    return new


def _leak_free(
    pictures: Float64, owners: NDArray[np.int64], order: NDArray[np.int64], count: int
) -> Float64:
    held_out = np.isin(owners, order[:count])
    ruler = pictures[~held_out]
    test: Float64 = (pictures[held_out] - ruler.mean()) / ruler.std()
    return test


def _cube(weights: Float64) -> float:
    """Give a loss that bends differently along each weight, up and down, so that slips show."""
    times = (1 + np.arange(weights.size)).reshape(weights.shape)
    return float(((weights**3 - weights) * times).sum())


_AT = lopsided(2, 3) - 0.35


def _slopes_seen(function: Any) -> Mapping[str, Any] | None:
    """Measure two losses with a function: one of rows and columns, one of a single row."""
    if not callable(function):
        return None
    kept = _AT.copy()
    cases: dict[str, tuple[Callable[[Float64], float], Float64, float]] = {
        "the slopes of a loss of 2x3 weights": (_cube, kept, 0.01),
        "the slopes of a loss of 4 weights": (_cube, lopsided(4) + 0.2, 0.5),
    }
    seen = {
        name: called(function, loss, at.copy(), step) for name, (loss, at, step) in cases.items()
    }
    return {name: ["nothing"] if found is None else found for name, found in seen.items()}


_MEASURED = "(loss(more) - loss(less)) / (2 * step)"
_HINGE = """images = np.arange(len(scores))
true = scores[images, labels][:, None]
missing = np.maximum(0, scores - true + 1)
missing[images, labels] = 0
return missing.sum(axis=1).mean()"""
_BACK = """rows = upstream.shape[0] + weights.shape[0] - 1
columns = upstream.shape[1] + weights.shape[1] - 1
gradient = np.zeros((rows, columns))
height, width = weights.shape
for row, column in np.ndindex(upstream.shape):
    share = upstream[row, column] * weights
    gradient[row : row + height, column : column + width] += share
return gradient"""
_SPLIT = """held_out = np.isin(owners, order[:count])
train, test = pictures[~held_out], pictures[held_out]
return (test - train.mean()) / train.std()"""
_WINDOW = "image[row : row + height, column : column + width]"
_LOGS = "log_p[np.arange(len(labels)), labels]"


def _indented(code: str) -> str:
    return code.replace("\n", "\n" + " " * 16)


class Learning(LearningQuestions, Lesson, chapter="07_training"):
    """What chapter 07 shows and asks."""

    X, W, WISH, UPSTREAM = X, W, WISH, UPSTREAM
    BEFORE, AFTER = BEFORE, AFTER
    SORTED = SORTED

    # -- tasks: from one blank to a whole function --------------------------------------------

    one_loss = Task(  # 07.10
        "Give the loss of one picture, from its probabilities and its label.",
        given=lambda: {"probabilities": np.array([0.1, 0.7, 0.2]), "label": 2},
        cell="loss = <<-np.log(probabilities[label])>>",
        answer=lambda: float(-np.log(0.2)),
        wrong={
            "np.log(probabilities[label])": "The logarithm of a number below 1 is below 0. A loss "
            "is larger the worse it is: put a minus in front.",
            "1 - probabilities[label]": "That is what is missing to 1. The loss is minus the "
            "logarithm: it grows without end as the probability goes to 0.",
            "-np.log(probabilities.max())": "You took the largest probability. What counts is that "
            "of the true class: probabilities[label].",
            "-np.log(probabilities).sum()": "You counted all three classes. Only the true one "
            "counts.",
            "-np.log(label)": "That is the logarithm of the label. It says which probability to "
            "look at: probabilities[label].",
            "-np.log10(probabilities[label])": "That is the logarithm to base 10. Here it is the "
            "natural one: np.log.",
        },
        hints=(
            "Which of the three probabilities belongs to the true class?",
            "np.log is the logarithm; a loss has a minus in front of it.",
            "-np.log(probabilities[label])",
        ),
        praise="Sure and right costs nothing; sure and wrong costs without end.",
    )

    cross_entropy = Task(
        "Write the loss for a batch of scores: of each picture the true class, and the average.",
        cell=f'''
            def cross_entropy(scores, labels):
                """Give the mean of minus the log-probability of the true classes."""
                scores = scores - scores.max(axis=1, keepdims=True)
                powers = np.exp(scores)
                log_p = scores - <<np.log(powers.sum(axis=1, keepdims=True))>>
                return <<-{_LOGS}.mean()>>
            ''',
        answer=lambda: _cross_entropy,
        calls=_CASES,
        wrong={
            ("np.log(powers.sum())", None): "You added up the powers of all pictures. Each row is "
            "a picture with a sum of its own: axis=1, keepdims=True.",
            ("powers.sum(axis=1, keepdims=True)", None): "The logarithm is missing: a quotient "
            "becomes a difference of logarithms, scores - log(sum).",
            ("np.log(powers.sum(axis=0))", None): "You added up over the pictures. It is the "
            "classes of one picture that share the probability: axis=1.",
            (None, f"{_LOGS}.mean()"): "The minus is missing: your loss is below 0, and falls as "
            "the network gets worse.",
            (None, f"-{_LOGS}.sum()"): "You added up. The average is asked for, so that a large "
            "batch is not worse than a small one.",
            (None, "-log_p.max(axis=1).mean()"): "You took the class with the largest probability. "
            "The true one counts: log_p[..., labels], picture by picture.",
            (None, "-log_p[:, labels].mean()"): "log_p[:, labels] takes the labels of all pictures "
            "for every picture. Pair them: log_p[np.arange(len(labels)), labels].",
            (None, "-log_p.mean()"): "You averaged over all classes. Only the true class of each "
            "picture counts.",
        },
        hints=(
            "log(power / sum) is log(power) - log(sum), and log(power) is the score itself.",
            "log_p[np.arange(len(labels)), labels] takes one number from each row.",
            f"np.log(powers.sum(axis=1, keepdims=True)), and -{_LOGS}.mean()",
        ),
        praise="Scores in, one number out. All that follows is about making it smaller.",
    )

    hinge = Task(  # seed row 17
        "Write the loss of a support vector machine, from its description alone.",
        cell=f'''
            def hinge(scores, labels):
                """Give the mean over the pictures of what is missing to a lead of 1.

                Each wrong class of a picture costs max(0, its score - score of the true class + 1).
                Add up over the wrong classes; average over the pictures.
                """
                <<{_indented(_HINGE)}>>
            ''',
        answer=lambda: _hinge,
        calls=_CASES,
        wrong={
            _HINGE.replace("missing[images, labels] = 0\n", ""): "The true class counts too in "
            "yours: it costs 0 + 1 for each picture. Only wrong classes cost something.",
            _HINGE.replace("- true + 1", "- true"): "The margin is missing. A wrong class costs "
            "something unless the true one leads by 1.",
            _HINGE.replace("np.maximum(0, scores - true + 1)", "scores - true + 1"): "Classes far "
            "behind get a reward in yours. Nothing is better than 0: np.maximum(0, ...).",
            _HINGE.replace(".sum(axis=1).mean()", ".mean()"): "You averaged over the classes too. "
            "Add up over the wrong classes, then average over the pictures.",
            _HINGE.replace(".sum(axis=1).mean()", ".sum()"): "You added up over the pictures too. "
            "Average over them.",
            _HINGE.replace("scores - true + 1", "true - scores + 1"): "The wrong way round: yours "
            "costs most where the true class leads.",
        },
        hints=(
            "scores[np.arange(len(labels)), labels] are the scores of the true classes; "
            "with [:, None] they stand in a column.",
            "np.maximum(0, scores - true + 1) has all classes; set the true ones to 0.",
            _HINGE,
        ),
        praise="Here a lead of 1 is enough, and beyond it nothing is left to learn. Softmax is "
        "never quite content.",
    )

    sgd_step = Task(
        "Take one step downhill.",
        cell='''
            def sgd_step(weights, gradient, rate):
                """Give the new weights after one step."""
                return <<weights - rate * gradient>>
            ''',
        answer=lambda: _sgd_step,
        calls=[
            (np.array([1.0, 2.0, 5.0]), np.array([21.0, 32.0, 43.0]), np.array(0.01)),
            (lopsided(2, 3), 3 * lopsided(3, 2).T, np.array(1.5)),
        ],
        wrong={
            "weights + rate * gradient": "That walks uphill: the gradient points to where the loss "
            "grows. Subtract it.",
            "weights - gradient": "The rate is missing. The gradient says which way, the rate how "
            "far.",
            "rate * gradient": "That is the step alone. It has to be taken off the weights.",
            "weights - rate * np.sign(gradient)": "You took the sign alone. A steep slope moves "
            "its weight further than a flat one.",
            "weights * (1 - rate * gradient)": "You multiplied. A weight of 0 would never move.",
            "weights - rate": "The gradient is missing: all weights move alike in yours.",
        },
        hints=(
            "The gradient points uphill.",
            "Multiply the gradient by the rate, and take that off.",
            "weights - rate * gradient",
        ),
        praise="One line. All of learning is this line, many times.",
    )

    filter_gradient = Task(  # 07.2
        "Give the slope of the loss by every weight of a filter.",
        cell=f'''
            def filter_gradient(image, upstream):
                """Add up what a filter owes to each place where it worked."""
                height = image.shape[0] - upstream.shape[0] + 1
                width = <<image.shape[1] - upstream.shape[1] + 1>>
                gradient = np.zeros((height, width))
                for row, column in np.ndindex(upstream.shape):
                    window = {_WINDOW}
                    <<gradient += upstream[row, column] * window>>
                return gradient
            ''',
        answer=lambda: filter_gradient,
        calls=[
            (np.array([X]), np.array([UPSTREAM])),
            (lopsided(5, 8), lopsided(3, 5)),
            (2 * lopsided(6, 5) - 0.3, lopsided(5, 2) + 0.1),
        ],
        wrong={
            ("height", None): "The filter is as wide as it is high in yours. That holds for square "
            "ones only: use shape[1].",
            ("image.shape[1] - upstream.shape[1]", None): "One column is missing. A filter of one "
            "column makes a map as wide as the image: add 1.",
            (None, "gradient = upstream[row, column] * window"): "The last place wipes out all "
            "others. Every place has its say: +=.",
            (None, "gradient += window"): "All places count alike in yours. Each counts as much as "
            "the loss feels it: multiply by upstream[row, column].",
            (None, "gradient += upstream[row, column] * window / upstream.size"): "You took the "
            "average over the places. The loss feels them all: add up.",
            (None, "gradient += upstream[row, column] * window[::-1, ::-1]"): "You turned the "
            "window round. The weight at the top left met the pixel at the top left.",
            (None, "gradient += upstream[-1 - row, -1 - column] * window"): "Each slope met the "
            "window of another place. Place by place: upstream[row, column].",
        },
        hints=(
            "The line above says how many rows there are. Columns work the same way.",
            "At each place a weight was multiplied by the pixel under it. So its slope there is "
            "that pixel, times what comes from above.",
            "image.shape[1] - upstream.shape[1] + 1, and gradient += upstream[row, column] * "
            "window",
        ),
        praise="The window, times what comes from above, added up over all places.",
    )

    image_gradient = Task(  # 07.1
        "Give the slope of the loss by every pixel, by scattering, from the description alone.",
        cell=f'''
            def image_gradient(weights, upstream):
                """Hand back to each pixel what it did to the loss.

                The filter stood at every place of upstream, with its corner at that row and
                column of the image; stride 1, no padding. Gives an array of the image's shape.
                """
                <<{_indented(_BACK)}>>
            ''',
        answer=lambda: image_gradient,
        calls=[
            (np.array([W]), np.array([UPSTREAM])),
            (lopsided(2, 4), lopsided(3, 2)),
            (lopsided(3, 2) - 0.2, 2 * lopsided(4, 5)),
        ],
        wrong={
            _BACK.replace("* weights\n", "* weights[::-1, ::-1]\n"): "You turned the filter round. "
            "Scattering, it stays as it is; it is turned only when a pixel gathers.",
            _BACK.replace("+= share", "= share"): "Where windows overlap, the last one wipes out "
            "what the others gave. Add up: +=.",
            _BACK.replace("upstream[row, column] * weights", "weights"): "All places hand out the "
            "same. Each hands out what comes to it from above: multiply.",
            _BACK.replace(
                "column : column + width] += share",
                "column : column + width] += upstream[row, column]",
            ): "Each pixel gets what came from above, "
            "whatever its weight. A pixel under a large weight did more.",
            _BACK.replace("upstream.shape[1] + weights.shape[1] - 1", "rows"): "There are as many "
            "columns as rows in yours. That holds for square images only.",
        },
        hints=(
            "An image of n columns and a filter of k give n - k + 1 places. Turn that round for "
            "rows and columns of the image.",
            "Begin with zeros. For each place add upstream[row, column] * weights to the window "
            "that begins there.",
            _BACK,
        ),
        praise="What was gathered on the way up is scattered on the way down.",
    )

    score_gradient = Task(  # 07.5: the mean is in it
        "Give the slope of this loss by every score.",
        given=lambda: {"F": F},
        cell='''
            def score_gradient(scores, labels):
                """Give what each score does to the mean loss: an array of the shape of scores."""
                slope = F.softmax(scores)
                slope[np.arange(len(labels)), labels] -= <<1>>
                return <<slope / len(labels)>>
            ''',
        answer=lambda: _score_gradient,
        calls=_CASES,
        wrong={
            (None, "slope"): "That is the slope of the sum over the pictures. The loss is their "
            "average: divide by how many there are.",
            (None, "slope / slope.size"): "You divided by pictures times classes. The average is "
            "over the pictures alone.",
            (None, "slope / slope.shape[1]"): "You divided by the number of classes. The average "
            "is over the pictures: len(labels).",
            ("-1", None): "Two minus signs: you added 1. A larger score of the true class makes "
            "the loss smaller, so its slope is below 0.",
            ("0", None): "Nothing is taken off. For the true class the slope is its probability "
            "less 1.",
            ("labels", None): "You took off the label itself. The wish is a probability of 1 for "
            "the true class: take off 1.",
        },
        hints=(
            "The slope is what the network says less what it should say: probability less wish.",
            "The wish is 1 for the true class. And the loss was an average.",
            "1, and slope / len(labels)",
        ),
        praise="What it says less what it should say. It could hardly be simpler, and that is why "
        "softmax and this loss go together.",
    )

    measured = Task(  # 07.4
        "Write the check: measure the slope by every weight, without any formula.",
        cell=f'''
            def measured(loss, weights, step):
                """Move each weight up and down by step, and see what the loss does."""
                slopes = np.zeros(weights.shape)
                for place in np.ndindex(weights.shape):
                    more, less = weights.copy(), weights.copy()
                    more[place] += step
                    <<less[place] -= step>>
                    slopes[place] = <<{_MEASURED}>>
                return slopes
            ''',
        answer=lambda: gradients.central_difference,
        seen=_slopes_seen,
        wrong={
            (None, "(loss(more) - loss(less)) / step"): "From less to more it is two steps: divide "
            "by 2 * step.",
            (None, "loss(more) - loss(less)"): "That is by how much the loss changed. A slope is "
            "the change divided by the way: 2 * step.",
            (None, "(loss(less) - loss(more)) / (2 * step)"): "The sign is wrong: a loss that "
            "grows with the weight has a slope above 0.",
            (None, "(loss(more) - loss(weights)) / step"): "That looks to one side only, and the "
            "bend of the loss gets in. Use more and less: both sides cancel it.",
            (None, "(loss(more) + loss(less)) / (2 * step)"): "You added. It is the difference "
            "that tells the slope.",
            (
                "less[place] += step",
                None,
            ): "more and less are the same in yours. less has to go down.",
        },
        hints=(
            "A slope is how much higher, divided by how far.",
            "How much higher is more than less, and how far is it from less to more?",
            f"less[place] -= step, and {_MEASURED}",
        ),
        praise="Slow, and it cannot be wrong in the way a formula can. Whoever writes a formula "
        "holds it against this.",
    )

    leak_free = Task(  # 07.11, 07.12, 07.13: one function, three mistakes
        "Write a split without a leak, from the description alone.",
        cell=f'''
            def leak_free(pictures, owners, order, count):
                """Give the pictures for the test, normalised.

                owners says for each picture which original it was made from: a picture and its
                mirror image have the same. order has each original once, shuffled. All
                pictures of the first count originals in order are held out for the test.
                Normalise them by the mean and the standard deviation of all the others.
                """
                <<{_indented(_SPLIT)}>>
            ''',
        answer=lambda: _leak_free,
        calls=[
            (lopsided(4, 1, 2), np.array([7, 7, 3, 3]), np.array([3, 7]), 1),
            (
                2 * lopsided(8, 2, 3) - 0.5,
                np.array([0, 1, 2, 3, 3, 2, 1, 0]),
                np.array([2, 0, 3, 1]),
                2,
            ),
            (
                lopsided(9, 3, 2) + 0.3,
                np.array([4, 4, 4, 1, 1, 0, 2, 3, 3]),
                np.array([1, 3, 0, 4, 2]),
                3,
            ),
        ],
        wrong={
            _SPLIT.replace("train.mean()) / train.std()", "test.mean()) / test.std()"): "You "
            "normalised the test by itself. The ruler comes from the others, and is laid on "
            "the test.",
            _SPLIT.replace("train.mean()) / train.std()", "pictures.mean()) / pictures.std()"): (
                "The test has been measured along with the others: it leaked into the ruler. Use "
                "the others alone."
            ),
            _SPLIT.replace("np.isin(owners, order[:count])", "np.arange(len(owners)) < count"): (
                "You took the first pictures as they lie in the file. Often these are all of one "
                "kind; take the originals in the shuffled order."
            ),
            _SPLIT.replace(
                "np.isin(owners, order[:count])", "np.isin(np.arange(len(owners)), order[:count])"
            ): "You dealt out pictures, not originals: twins land on both sides. Look at owners.",
            _SPLIT.replace("order[:count]", "range(count)"): "You took originals 0, 1, 2 and so "
            "on, in the order of the file. They have been shuffled for you: order.",
            _SPLIT.replace("np.isin(owners", "~np.isin(owners"): "Training and test have changed "
            "places.",
            _SPLIT.replace(" / train.std()", ""): "The mean is taken off. Then divide by the "
            "standard deviation.",
        },
        hints=(
            "np.isin(owners, some) says for each picture whether its owner is among some.",
            "pictures[held_out] are those for the test, pictures[~held_out] all the others.",
            _SPLIT,
        ),
        praise="Shuffled before it is cut, twins on one side, and one ruler, made without the "
        "test.",
    )
