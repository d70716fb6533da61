"""Chapter 10, your own network: its tasks; the questions are in ``own_network_questions``.

The test after the course stands here too, behind the chapter's own quiz.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import DataError, ShapeError
from cnnlab.exercises.cases import lopsided
from cnnlab.exercises.chapters.before_and_after import After
from cnnlab.exercises.chapters.own_network_questions import OwnNetworkQuestions
from cnnlab.exercises.compare import named
from cnnlab.exercises.lesson import Lesson
from cnnlab.exercises.task import Mistake, Task
from cnnlab.exercises.trial import called, within_limits
from cnnlab.layers import Conv2D, Dense, Flatten, Layer, MaxPool2D, ReLU
from cnnlab.sequential import Sequential

if TYPE_CHECKING:
    from cnnlab.datasets import Dataset
    from cnnlab.network import Network

Float64 = NDArray[np.float64]

MOST_PARAMETERS, MOST_SECONDS = 1000, 10

# -- the right answers ----------------------------------------------------------------------------


def _honest_score(validation: Float64, test: Float64) -> tuple[int, float]:
    chosen = int(validation.argmax())
    return chosen, float(test[chosen])


def _by_person(persons: NDArray[Any], order: NDArray[Any], count: int) -> NDArray[np.int64]:
    bins = np.zeros(len(persons), np.int64)
    for number, held_out in ((2, order[:count]), (1, order[count : 2 * count])):
        bins[np.isin(persons, held_out)] = number
    return bins


def _nearest(pictures: Float64, others: Float64) -> NDArray[np.int64]:
    flat, there = pictures.reshape(len(pictures), -1), others.reshape(len(others), -1)
    apart = ((flat[:, None] - there) ** 2).sum(axis=2)
    places: NDArray[np.int64] = apart.argmin(axis=1)
    return places


def _draw_rates(low: float, high: float, count: int, rng: np.random.Generator) -> Float64:
    shares = rng.uniform(0, 1, count)
    rates: Float64 = low * (high / low) ** shares
    return rates


def _standard_error(score: Any, pictures: int) -> Any:
    return (score * (1 - score) / pictures) ** 0.5


def _train_within(
    network: Network, train: Dataset, validation: Dataset, seconds: float, **how: Any
) -> float:
    from cnnlab import training

    best, kept = -1.0, network.parameters
    for snapshot in training.run(network, train, validation=validation, **how):
        if snapshot.validation is None:
            continue
        if snapshot.validation.accuracy > best:
            best, kept = snapshot.validation.accuracy, network.parameters
        if snapshot.seconds > seconds:
            break
    network.parameters = kept
    return best


# -- what is seen of a learner's ------------------------------------------------------------------


def _seen(cases: Mapping[str, tuple[Any, ...]]) -> Callable[[Any], Mapping[str, Any] | None]:
    """Make what looks at a function by calling it with each case, under the case's name."""

    def look(function: Any) -> Mapping[str, Any] | None:
        if not callable(function):
            return None
        found = {name: called(function, *arguments) for name, arguments in cases.items()}
        return {name: ["nothing"] if one is None else one for name, one in found.items()}

    return look


_PERSONS = {
    "the bins of 6 pictures of 3 persons": (
        np.array([7, 7, 3, 3, 9, 9]), np.array([3, 9, 7]), 1,
    ),
    "the bins of 9 pictures of 5 persons": (
        np.array([4, 0, 2, 4, 1, 1, 3, 0, 4]), np.array([1, 4, 0, 3, 2]), 2,
    ),
    "the bins of 8 pictures, two of each person": (
        np.array([0, 1, 2, 3, 3, 2, 1, 0]), np.array([2, 0, 3, 1]), 1,
    ),
}  # fmt: skip
_SCORES = {
    "for 0.9 of 1,000 pictures": (0.9, 1000),
    "for 0.2 of 40 pictures": (0.2, 40),
    "for three scores of 359 pictures": (np.array([0.5, 0.97, 0.986]), 359),
}


def _rates_seen(function: Any) -> Mapping[str, Any] | None:
    """Draw with a function from two generators that start alike each time."""
    if not callable(function):
        return None
    cases = {"5 rates from 0.0001 to 1": (1e-4, 1.0, 5), "3 from 0.02 to 50": (0.02, 50.0, 3)}
    found = {
        name: called(lambda given=given: function(*given, np.random.default_rng(3)))
        for name, given in cases.items()
    }
    return {name: ["nothing"] if one is None else one for name, one in found.items()}


@cache
def _few(seed: int) -> tuple[Dataset, ...]:
    from cnnlab import datasets

    return datasets.digits().train.split(0.08, 0.06, seed=seed)


def _trainings_seen(function: Any) -> Mapping[str, Any] | None:
    """Train with a function, on digits of which some epochs are better than those that follow."""
    if not callable(function):
        return None
    from cnnlab import optimizers
    from cnnlab.network import Network

    seen: dict[str, Any] = {}
    for name, seed, seconds in (
        ("in all the time there is", 9, np.inf),
        ("where two epochs are equally good", 2, np.inf),
        ("in no time", 9, 0.0),
    ):
        train, validation = _few(seed)
        network = Network(Sequential([Flatten(), Dense(10)], (8, 8, 1)), seed=seed)
        how = {"epochs": 7, "batch_size": 16, "optimizer": optimizers.SGD(0.5, momentum=0.9)}
        score = called(lambda: function(network, train, validation, seconds, **how))  # noqa: B023 - now
        seen[f"the accuracy {name}"] = ["nothing"] if score is None else score
        seen[f"the weights {name}"] = network.parameters["dense_1.weights"][20:30]
    return seen


def _fits(answer: Any) -> Sequential | None:
    """Put a last layer on a list of layers, for small grey digits; None if it does not fit."""
    if not isinstance(answer, list | tuple) or not all(isinstance(one, Layer) for one in answer):
        return None
    try:
        return Sequential([*answer, Dense(10)], (8, 8, 1))
    except (DataError, ShapeError):
        return None


def _judged_layers(answer: Any) -> str | None:
    if not isinstance(answer, list | tuple) or not all(isinstance(one, Layer) for one in answer):
        return f"expected a list of layers, got {'nothing' if answer is None else named(answer)}"
    try:
        stack = Sequential([*answer, Dense(10)], (8, 8, 1))
    except (DataError, ShapeError) as error:
        return f"that does not fit: {error}"
    if stack.num_parameters > MOST_PARAMETERS:
        return f"it has {stack.num_parameters:,} parameters, and the budget is {MOST_PARAMETERS:,}"
    if not _convolutions(answer):
        return "no layer of it is a convolution"
    if _two_in_a_row(answer):
        return "two layers follow each other with nothing in between that bends"
    return None


def _convolutions(answer: Any) -> int:
    return sum(isinstance(layer, Conv2D) for layer in answer)


def _two_in_a_row(answer: Any) -> bool:
    """Whether two convolutions do the work of one."""
    return any(
        isinstance(one, Conv2D) and isinstance(other, Conv2D) and one.activation is None
        for one, other in pairwise(answer)
    )


def _over(answer: Any) -> bool:
    stack = _fits(answer)
    return stack is not None and stack.num_parameters > MOST_PARAMETERS


def _layer_names() -> dict[str, Any]:
    return {kind.__name__: kind for kind in (Conv2D, Dense, Flatten, MaxPool2D, ReLU)}


def _with_training() -> dict[str, Any]:
    from cnnlab import training

    return {"training": training}


_BINS = """bins = np.zeros(len(persons), int)
bins[np.isin(persons, order[:count])] = 2
bins[np.isin(persons, order[count : 2 * count])] = 1
return bins"""
_TRAINED = """best = -1
for snapshot in training.run(network, train, validation=validation, **how):
    if snapshot.epoch_end and snapshot.validation.accuracy > best:
        best, kept = snapshot.validation.accuracy, network.parameters
    if snapshot.epoch_end and snapshot.seconds > seconds:
        break
network.parameters = kept
return best"""
_LAYERS = "[Conv2D(8, 3), ReLU(), Conv2D(8, 3), ReLU(), MaxPool2D(2), Flatten()]"
_APART = "((others - picture) ** 2).sum(axis=(1, 2, 3))"
_SPREAD = "np.sqrt(score * (1 - score) / pictures)"
_DIFFERENCE = "np.sqrt(standard_error(0.906, 1000) ** 2 + standard_error(0.900, 1000) ** 2)"


def _indented(code: str) -> str:
    return code.replace("\n", "\n" + " " * 16)


class OwnNetwork(OwnNetworkQuestions, After, Lesson, chapter="10_your_own_network"):
    """What chapter 10 shows and asks, and the test after the course."""

    MOST_PARAMETERS, MOST_SECONDS = MOST_PARAMETERS, MOST_SECONDS

    # -- tasks --------------------------------------------------------------------------------

    honest_score = Task(  # 10.2, 10.9
        "Choose by validation, and report what the test says of the choice.",
        cell='''
            def honest_score(validation, test):
                """Give the place of the choice, and the score to report."""
                chosen = <<np.argmax(validation)>>
                return chosen, <<test[chosen]>>
            ''',
        answer=lambda: _honest_score,
        calls=[
            (np.array([0.89, 0.92, 0.90]), np.array([0.88, 0.91, 0.93])),
            (lopsided(7), -lopsided(7) + 0.1),
            (2 * lopsided(5) - 0.4, lopsided(5)[::-1]),
            (np.array([0.2, 0.7, 0.7, -0.1]), np.array([0.6, 0.5, 0.4, 0.3])),
            (lopsided(6)[::-1] - 0.9, 3 * lopsided(6)),
        ],
        wrong={
            ("np.argmax(test)", None): "You chose by the test. Then the test had a say in the "
            "choice, and its number leans upward. Choose by validation.",
            (None, "validation[chosen]"): "You report the number by which you chose. It is the "
            "largest of several, so part of it is luck. Report what the test says of the choice.",
            (None, "test.max()"): "You report the best the test has to offer, whoever it belongs "
            "to. The choice is made; report its own score.",
            (None, "test.mean()"): "You report the mean of all. Only one of them is kept.",
            ("len(validation) - 1", None): "You took the last, whatever validation says. Take the "
            "one with the best validation.",
            ("np.argmin(validation)", None): "You took the worst: these numbers count what is "
            "right, so the largest is the best.",
        },
        hints=(
            "np.argmax gives the place of the largest number.",
            "The first blank looks at one bin only, the second at the other one only.",
            "np.argmax(validation), and test[chosen]",
        ),
        praise="One bin chooses, another one judges. That is all there is to it.",
    )

    by_person = Task(  # 10.8
        "Deal pictures into three bins, so that nobody is in two of them.",
        cell=f'''
            def by_person(persons, order, count):
                """Give the number of the bin of each picture: 0 training, 1 validation, 2 test.

                persons says who is on each picture. order has each person once, shuffled.
                All pictures of the first count persons in order go into bin 2, those of the
                next count persons into bin 1, and all others into bin 0.
                """
                <<{_indented(_BINS)}>>
            ''',
        answer=lambda: _by_person,
        seen=_seen(_PERSONS),
        wrong={
            _BINS.replace("np.isin(persons, order[:count])", "order[:count]"): "You took the "
            "persons for places of pictures. np.isin(persons, some) says for each picture whether "
            "its person is among some.",
            _BINS.replace("order[count : 2 * count]", "order[count:]"): "Everybody else is in "
            "validation, and nobody is left to learn from. The next count persons are asked for.",
            _BINS.replace("] = 2", "] = 9").replace("] = 1", "] = 2").replace("] = 9", "] = 1"): (
                "Validation and test have changed places: the first persons go into bin 2."
            ),
            _BINS.replace("order[", "np.unique(persons)["): "You took the persons in the order of "
            "their numbers. They have been shuffled for you: order.",
            _BINS.replace("np.isin(persons, order[:count])", ":count").replace(
                "np.isin(persons, order[count : 2 * count])", "count : 2 * count"
            ): "You counted pictures, not persons: the first pictures of the file, whoever is on "
            "them.",
            _BINS.replace("order[count : 2 * count]", "order[:count]"): "The same persons twice: "
            "the second line has put those of the test into validation.",
        },
        hints=(
            "Begin with zeros, one for each picture: then everything is in training.",
            "np.isin(persons, order[:count]) says for each picture whether its person is among "
            "the first count.",
            _BINS,
        ),
        praise="The number of pictures in a bin is no longer quite what you wanted, and the score "
        "means what it says.",
    )

    nearest = Task(  # 10.7
        "Find the picture that is most like another.",
        cell=f'''
            def nearest(pictures, others):
                """For each picture, give the place of the nearest one of the others.

                Near means: the sum of the squared differences of all pixels is small.
                """
                places = []
                for picture in pictures:
                    apart = <<{_APART}>>
                    places.append(<<apart.argmin()>>)
                return np.array(places)
            ''',
        answer=lambda: _nearest,
        calls=[
            (lopsided(2, 2, 1, 1), lopsided(3, 2, 1, 1)[::-1]),
            (lopsided(6, 3, 2, 2), lopsided(7, 2, 2, 3).reshape(7, 3, 2, 2) * 0.8),
            (lopsided(9, 1, 4, 1) * 2, lopsided(40, 1).reshape(10, 1, 4, 1) - 0.2),
            (lopsided(6, 3, 2, 2), 0.9 * lopsided(21, 3, 2, 2)[7:14] - 0.3),
        ],
        wrong={
            ("(others - picture).sum(axis=(1, 2, 3))", None): "Differences above and below 0 "
            "cancel out in yours. Square them first.",
            ("abs(others - picture).sum(axis=(1, 2, 3))", None): "That is a distance too, but "
            "another one, and sometimes another picture is the nearest. Square the differences.",
            ("((others - picture) ** 2).sum(axis=0).ravel()", None): "You added up over the "
            "others. It is the pixels of each that are added up: the axes behind the first.",
            ("(others * picture).sum(axis=(1, 2, 3))", None): "A product is large where both are "
            "bright, and smallest for the darkest picture. Look at the differences.",
            (None, "apart.argmax()"): "That is the least similar one: the distance is largest "
            "there.",
            (None, "apart.min()"): "That says how far it is. Where it is, is asked for.",
            ("((others.mean(axis=(1, 2, 3)) - picture.mean())) ** 2", None): "You compared how "
            "bright the pictures are on the whole. Compare them pixel by pixel.",
        },
        hints=(
            "others - picture takes the picture away from each of the others at once.",
            "Square the differences and add them up over rows, columns and channels: axes 1, 2, 3.",
            f"{_APART}, and apart.argmin()",
        ),
        praise="Where the nearest is very near, look at the two of them yourself.",
    )

    layers = Task(
        "Design a network for the budget: at most 1,000 parameters on digits of 8x8, the last "
        "layer included.",
        given=_layer_names,
        cell=f"layers = <<{_LAYERS}>>",
        answer=lambda: [
            Conv2D(6, 3),
            ReLU(),
            MaxPool2D(2),
            Conv2D(10, 2),
            ReLU(),
            Flatten(),
        ],
        judge=lambda answer: within_limits(partial(_judged_layers, answer)),  # own layers, too
        wrong={
            "[Conv2D(8, 3), ReLU(), Conv2D(8, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(10)]": (
                Mistake(
                    "You have put the last dense layer in as well. It comes by itself, with as "
                    "many units as there are classes.",
                    sign=lambda answer: bool(answer) and answer[-1] == Dense(10),
                )
            ),
            '[Conv2D(8, 3, padding="same"), ReLU(), MaxPool2D(2), Flatten()]': Mistake(
                "Over 1,000 parameters. Most of them are in the last layer: make what it gets "
                "smaller, by pooling or without padding, before you take filters away.",
                sign=_over,
            ),
            "[Conv2D(8, 3), Conv2D(8, 3), ReLU(), MaxPool2D(2), Flatten()]": Mistake(
                "Two convolutions follow each other with nothing in between: together they are one "
                "filter (chapter 05). Put a ReLU() between them.",
                sign=_two_in_a_row,
            ),
            "[Flatten()]": Mistake(
                "That fits, but there is no filter in it: each pixel counts by itself. Put a "
                "convolution first.",
                sign=lambda answer: _fits(answer) is not None and not _convolutions(answer),
            ),
        },
        hints=(
            "A 3x3 convolution makes 8x8 into 6x6, a second one into 4x4, a pooling into 2x2.",
            "The last layer has 10 weights for each number that it gets, and 10 biases. So 32 "
            "numbers cost 330.",
            _LAYERS,
        ),
        praise="It fits. Whether it is any good is for the pictures to say.",
    )

    train_within = Task(  # 10.9
        "Write the training, from its description alone: in time, and with the best epoch kept.",
        given=_with_training,
        cell=f'''
            def train_within(network, train, validation, seconds, **how):
                """Train, stop in time, keep the best epoch, and give its validation accuracy.

                Goes through training.run(network, train, validation=validation, **how), and stops
                after the first epoch at whose end snapshot.seconds is more than seconds. Then
                the network gets the parameters back that it had after the epoch with the
                highest snapshot.validation.accuracy; of equals the first.
                """
                <<{_indented(_TRAINED)}>>
            ''',
        answer=lambda: _train_within,
        seen=_trainings_seen,
        wrong={
            _TRAINED.replace("network.parameters = kept\n", ""): "The number is that of the best "
            "epoch, and the network is that of the last. Put the parameters back before you "
            "return.",
            _TRAINED.replace("accuracy > best", "accuracy >= best"): "Of epochs that are equally "
            "good you keep the last. The first is asked for: it has learned less by heart.",
            _TRAINED.replace(
                "    if snapshot.epoch_end and snapshot.seconds > seconds:\n        break\n", ""
            ): "It never stops before all epochs are done. Look at snapshot.seconds at the end of "
            "each.",
            _TRAINED.replace("snapshot.validation.accuracy", "snapshot.accuracy"): "You chose by "
            "the pictures it learns from. Those are what it knows by heart: choose by "
            "snapshot.validation.accuracy.",
            _TRAINED.replace(", **how", ""): "What comes in how is not handed on: the learning "
            "rate and the epochs are not those that were asked for. Write **how into the call.",
            _TRAINED.replace("return best", "return snapshot.validation.accuracy"): "You give back "
            "the accuracy of the last epoch. The network you hand back is that of the best.",
        },
        hints=(
            "for snapshot in training.run(...): gives a snapshot after each step. "
            "snapshot.epoch_end says whether an epoch is complete; then snapshot.validation is "
            "there.",
            "Keep two things as you go: the best accuracy so far, and network.parameters at that "
            "moment. break leaves the loop.",
            _TRAINED,
        ),
        praise="In time, and the network that you get is the one whose number you get.",
    )

    draw_rates = Task(  # 10.5
        "Draw learning rates, each power of ten as likely as any other.",
        cell='''
            def draw_rates(low, high, count, rng):
                """Draw count rates between low and high, evenly by their exponents."""
                exponents = rng.uniform(<<np.log10(low)>>, <<np.log10(high)>>, count)
                return <<10**exponents>>
            ''',
        answer=lambda: _draw_rates,
        seen=_rates_seen,
        wrong={
            ("low", "high", "exponents"): "You drew the rate itself evenly. Then nine of ten lie "
            "in the topmost power of ten. Draw the exponent.",
            (None, None, "exponents"): "Those are the exponents, from -4 to 0. The rate is 10 to "
            "their power.",
            ("np.log(low)", "np.log(high)", None): "np.log has the base e. With 10 ** exponents "
            "take np.log10; or np.log with np.exp.",
            (None, None, "exponents**10"): "The wrong way round: 10 to the power of the exponent.",
            ("low", "high", None): "10 to the power of the rate lies between 1 and 10 here. Draw "
            "between the exponents of low and high: np.log10.",
            ("np.log10(high)", "np.log10(low)", None): "low and high have changed places: they "
            "are drawn from the other end.",
        },
        hints=(
            "The exponent of 0.0001 is -4, that of 1 is 0. np.log10 finds it.",
            "Draw between the two exponents, then make rates of them again.",
            "np.log10(low), np.log10(high), and 10**exponents",
        ),
        praise="As many rates between 0.001 and 0.01 as between 0.1 and 1.",
    )

    standard_error = Task(  # 10.4
        "How far does a score scatter?",
        cell=f'''
            def standard_error(score, pictures):
                """Give the standard error of a share of right answers."""
                return <<{_SPREAD}>>
            ''',
        answer=lambda: _standard_error,
        seen=_seen(_SCORES),
        wrong={
            "score * (1 - score) / pictures": "That is the variance. The standard error is its "
            "square root.",
            "np.sqrt(score * (1 - score)) / pictures": "Divide before you take the root: with "
            "100 times as many pictures it scatters a tenth as much, not a hundredth.",
            "np.sqrt(score * (1 - score))": "That is how far a single picture scatters. A mean of "
            "many scatters less: divide by their number under the root.",
            "np.sqrt(score / pictures)": "(1 - score) is missing: a network that is always right "
            "does not scatter at all.",
            "np.sqrt((1 - score) / pictures)": "score is missing: a network that is never right "
            "does not scatter either.",
            "1 / np.sqrt(pictures)": "That is the largest it can be, twice over. It depends on the "
            "score too: score * (1 - score).",
        },
        hints=(
            "One picture is right or wrong, and has the variance score * (1 - score).",
            "The mean of n pictures has the n-th part of that. The standard error is the root.",
            _SPREAD,
        ),
        praise="One line, and after it you read other people's tables with other eyes.",
    )

    difference_error = Task(  # 10.4
        "The standard error of the difference of two scores, each on 1,000 pictures of its own.",
        given=lambda: {"standard_error": _standard_error},
        cell=f"error = <<{_DIFFERENCE}>>",
        answer=lambda: float(np.sqrt((0.906 * 0.094 + 0.9 * 0.1) / 1000)),
        wrong={
            "standard_error(0.906, 1000) + standard_error(0.900, 1000)": "You added the errors. "
            "They rarely both go the same way: add their squares, and take the root.",
            "standard_error(0.906, 1000) - standard_error(0.900, 1000)": "The scores are "
            "subtracted, their errors are not: both make the difference scatter.",
            "standard_error(0.006, 1000)": "The difference is no share of right answers. Both "
            "scores scatter: add the squares of their errors, and take the root.",
            "standard_error(0.906, 1000) ** 2 + standard_error(0.900, 1000) ** 2": "That is the "
            "variance. Take the root.",
            "standard_error(0.900, 1000)": "That is the error of one of the two.",
        },
        hints=(
            "Variances add up: the square of what is asked for is the sum of two squares.",
            "standard_error(0.906, 1000) ** 2 is one of them.",
            _DIFFERENCE,
        ),
        praise="Larger than each of the two. A difference is harder to be sure of than a score.",
    )
