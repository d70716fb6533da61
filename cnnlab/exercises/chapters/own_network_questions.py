"""Chapter 10, your own network: its predictions and its quiz; the tasks are in ``own_network``.

The numbers in the comments (10.1 and so on) are beliefs that learners really hold.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from cnnlab.exercises.question import Prediction, Question

EPOCHS = {"validation": (0.89, 0.92, 0.90), "test": (0.88, 0.91, 0.93)}
_TIMES = 4000  # how often a simulated choice is made


@cache
def best_of(networks: int, truth: float, images: int) -> tuple[float, float]:
    """Choose the best of equal networks, many times: its mean score, and its mean on new pictures.

    Parameters
    ----------
    networks : int
        All of them right on a share of `truth` of all pictures there are.
    images : int
        In the set by which is chosen, and again in the new one.
    """
    rng = np.random.default_rng(0)
    first, fresh = rng.binomial(images, truth, (2, _TIMES, networks)) / images
    chosen = first.argmax(axis=1)[:, None]
    means = [np.take_along_axis(scores, chosen, 1).mean() for scores in (first, fresh)]
    return round(float(means[0]), 3), round(float(means[1]), 3)


def standard_errors_apart(one: float, other: float, images: int) -> float:
    """Say how many standard errors of the difference two scores lie apart."""
    variances = [score * (1 - score) / images for score in (one, other)]
    return float((one - other) / np.sqrt(sum(variances)))


def _leans() -> tuple[float, float]:
    """By how much a score leans: of a network that was not chosen, and of the best of twenty."""
    truth, images = 0.9, 1000
    return tuple(round(best_of(count, truth, images)[0] - truth, 3) for count in (1, 20))  # type: ignore[return-value]  # two


def _to_report() -> float:
    chosen = int(np.argmax(EPOCHS["validation"]))
    return EPOCHS["test"][chosen]


def _below(limit: float, low: float, high: float) -> tuple[int, int]:
    """In percent: of rates drawn evenly, and of exponents drawn evenly, how many are below."""
    even = (limit - low) / (high - low)
    log = np.log(limit / low) / np.log(high / low)
    return round(100 * even), round(100 * float(log))


def _values_of_a_setting(side: int) -> tuple[int, int]:
    """Count the different rates of a grid with so many of each setting, and of as many draws."""
    grid = [(rate, size) for rate in range(side) for size in range(side)]
    drawn = np.random.default_rng(0).random((side * side, 2))
    return len({rate for rate, _ in grid}), len(np.unique(drawn[:, 0]))


def _without_copies(score: float, copies: float) -> float:
    return round((score - copies) / (1 - copies), 3)


def _known(pictures: int, share: float) -> float:
    """In percent: of test pictures, on how many is somebody who is in training too.

    Of a person's other pictures at least one must have been dealt into training.
    """
    return round(100 * (1 - (1 - share) ** (pictures - 1)), 3)


class OwnNetworkQuestions:
    """What chapter 10 asks with choices."""

    EPOCHS = EPOCHS

    # -- predictions, locked before the learner looks -----------------------------------------

    which_number = Prediction(  # 10.2, 10.9
        "Three epochs. Right in validation: 0.89, 0.92, 0.90. On the test pictures, in the same "
        "epochs: 0.88, 0.91, 0.93. Which number may you report?",
        answer=_to_report,
        choices={
            0.91: (
                "0.91",
                "Validation chooses the second epoch, and the test says how good that one is. It "
                "had no say in the choice, so its number does not lean.",
            ),
            0.92: (
                "0.92: the best of validation",
                "It was chosen because it is the largest of three. Part of it is luck, and "
                "luck does not come along to new pictures.",
            ),
            0.93: (
                "0.93: the best on the test",
                "To find it you had to choose by the test. Then the test is a second validation, "
                "and nothing is left that had no say.",
            ),
            0.9: (
                "0.90: the mean of validation over the epochs",
                "Nobody keeps a network that is the mean of three. The second one is kept, and "
                "its score is asked for.",
            ),
        },
    )

    known_people = Prediction(  # 10.8
        "Each person is on 10 pictures. All pictures are shuffled; 70 of 100 go into training, "
        "the others into the test. Of how many test pictures has the network seen the person?",
        answer=lambda: _known(10, 0.7),
        choices={
            0.0: (
                "nearly none: no picture is in both",
                "No picture is. But the same person is on nine others, and to have none of these "
                "in training, all nine must have been left out: 0.3 to the power of 9.",
            ),
            70.0: (
                "70 %",
                "So much for each single picture. One of nine others in training is enough.",
            ),
            99.998: (
                "99.998 %",
                "1 - 0.3 to the power of 9. Such a test asks whether it knows these people, not "
                "whether it knows people.",
            ),
        },
    )

    copies = Prediction(  # 10.7
        "A network scores 0.90. Then somebody finds that 5 of 100 test pictures stand nearly the "
        "same among those for training; it gets all of these right. What is its score on the rest?",
        answer=lambda: _without_copies(0.90, 0.05),
        choices={
            0.9: (
                "0.90: a right answer is a right answer",
                "Five of the ninety were remembered, not recognised. 85 of the other 95 are right.",
            ),
            0.85: (
                "0.85",
                "85 right ones are left, that is true, but also only 95 pictures: 85 / 95.",
            ),
            0.895: (
                "0.895",
                "(0.90 - 0.05) / 0.95. Half a point, that is all; but papers have been written "
                "about half a point.",
            ),
        },
    )

    even_draw = Prediction(  # 10.5
        "You draw learning rates at random between 0.0001 and 1. In how many of 100 draws is the "
        "rate below 0.1, if you draw the rate evenly, and if you draw its exponent evenly?",
        answer=lambda: _below(0.1, 1e-4, 1),
        choices={
            (75, 75): (
                "75 both times: three of the four powers of ten",
                "That is right for exponents, from -4 to 0. An evenly drawn rate lies anywhere "
                "between 0 and 1, and below 0.1 there is a tenth of it.",
            ),
            (50, 50): (
                "50 both times: drawing is fair",
                "Fair to what? To lengths on the scale of the rates, or to powers of ten.",
            ),
            (10, 75): (
                "10, and 75 for the exponent",
                "Nine of ten evenly drawn rates are between 0.1 and 1, where most trainings break. "
                "The exponent gives each power of ten its share.",
            ),
            (10, 10): (
                "10 both times",
                "That is right for evenly drawn rates. Exponents lie between -4 and 0, and three "
                "quarters of these are below -1.",
            ),
        },
    )

    grid_rates = Prediction(  # 10.6
        "Nine trainings, two settings: the rate and the number of filters. Once as a grid of 3 by "
        "3, once as nine random pairs. How many different rates have been tried?",
        answer=lambda: _values_of_a_setting(3),
        choices={
            (9, 9): (
                "9 and 9",
                "Nine trainings each, but the grid uses every rate three times over.",
            ),
            (3, 3): (
                "3 and 3",
                "Random pairs hardly ever share a rate: each trial tries a new one.",
            ),
            (3, 9): (
                "3 in the grid, 9 at random",
                "If only the rate matters, and often only one setting does, the grid has spent six "
                "of nine trainings on nothing new.",
            ),
        },
    )

    a_win = Prediction(  # 10.4
        "Two networks, 1,000 test pictures. One scores 0.906, the other 0.900. A difference means "
        "little as long as it is within two of its standard errors. How many is this one?",
        answer=lambda: round(standard_errors_apart(0.906, 0.900, 1000), 2),
        choices={
            0.45: (
                "0.45: it may well be luck",
                "The difference has a standard error of 0.013, twice what it is itself. Six more "
                "right of a thousand say nothing.",
            ),
            6.0: (
                "6: one is right six times more often",
                "Six pictures, not six standard errors. The difference is 0.006, and it scatters "
                "by 0.013.",
            ),
            2.0: (
                "2: just enough for a win",
                "For that the difference would have to be 0.026: 26 pictures of a thousand.",
            ),
        },
    )

    # -- the quiz -----------------------------------------------------------------------------

    quiz_best = Question(  # 10.1
        "Fifty networks are equally good: each is right on 85 of 100 pictures. On 400 test "
        "pictures the best of them reads 0.89. What will it read on 400 new ones, on average?",
        answer=lambda: best_of(50, 0.85, 400)[1],
        choices={
            0.89: (
                "0.89: it is the best",
                "It had the best luck with these 400. All fifty are alike, and on new pictures so "
                "is the winner.",
            ),
            0.87: (
                "0.87: half of the lead was luck",
                "All of it was: no network here is better than another.",
            ),
            0.85: (
                "0.85",
                "The lead was chosen, not earned. Deal new pictures, and the winner falls back.",
            ),
        },
    )

    quiz_peeks = Question(  # 10.3
        "A network that is right on 0.900 of all pictures is scored on 1,000. By how much does "
        "the score lean upward, if you look once and choose nothing? And if it is the best of "
        "twenty equals?",
        answer=_leans,
        choices={
            (0.0, 0.0): (
                "By nothing, and by nothing: the test pictures are real ones",
                "They are. But the best of twenty was chosen for its luck with just these.",
            ),
            (0.0, 0.017): (
                "By nothing, and by 0.017",
                "A look spoils nothing. What leans is the number by which something was chosen.",
            ),
            (0.017, 0.017): (
                "By 0.017 both times: a single look ruins a test",
                "The pictures do not know that they were looked at. Without a choice a score lies "
                "as often above the truth as below.",
            ),
        },
    )

    quiz_example = Question(  # 10.2
        "A well-known example hands the test pictures over as validation, prints their score "
        "after each of 12 epochs, and reports that of the last. Nothing is stopped or chosen by "
        "it. By how much does the number lean, if all epochs were equally good?",
        answer=lambda: round(best_of(1, 0.9, 1000)[0] - 0.9, 3),
        choices={
            0.0: (
                "By nothing, as long as nothing is chosen by it",
                "Right. Report the best of the twelve instead, and it leans. Because that is so "
                "easily done, use three bins of your own.",
            ),
            0.015: (
                "By 0.015, as for the best of twelve",
                "So it would, if the best of the twelve were reported. The last is the last, "
                "whatever it scores.",
            ),
            None: (
                "It cannot be said: the network has learned from the test",
                "It has not: validation pictures are looked at, no weight is changed by them.",
            ),
        },
    )

    quiz_win = Question(  # 10.4
        "Your network is right on 0.962 of 359 test pictures, somebody else's on 0.954. How many "
        "standard errors of the difference is that, and who has won?",
        answer=lambda: round(standard_errors_apart(0.962, 0.954, 359), 1),
        choices={
            0.5: (
                "0.5: nobody has. Three pictures more",
                "Give both numbers with their standard errors, and over several seeds.",
            ),
            8.0: (
                "8: you, by eight thousandths",
                "A thousandth is no standard error. With 359 pictures the difference scatters by "
                "0.015.",
            ),
            2.9: (
                "2.9: you, by three pictures",
                "Three pictures is the difference itself. It scatters by more than five.",
            ),
        },
    )

    quiz_grid = Question(  # 10.6
        "Sixteen trainings. A grid of four rates and four sizes of batch, or sixteen random "
        "pairs. It turns out that only the rate matters. How many rates did each try?",
        answer=lambda: _values_of_a_setting(4),
        choices={
            (16, 16): ("16 each", "In the grid each rate was trained with four sizes of batch."),
            (4, 4): ("4 each", "At random no rate comes twice."),
            (4, 16): (
                "4 and 16",
                "The grid answered the same question four times over.",
            ),
        },
    )

    quiz_hold = Question(  # 10.8, 10.7
        "You hold a button, and a camera takes 30 pictures of your fist in two seconds. All "
        "pictures are shuffled, 80 of 100 go into training. Of how many test pictures has a "
        "picture of the same two seconds been learned?",
        answer=lambda: _known(30, 0.8),
        choices={
            0.0: (
                "none: every picture is another one",
                "Another one, and nearly the same: the hand hardly moved. Split by recording.",
            ),
            80.0: ("80 %", "One of 29 neighbours in training is enough, and it is hard to miss."),
            100.0: (
                "all of them",
                "1 - 0.2 to the power of 29. The score would say how well it remembers two "
                "seconds. Whole recordings belong in one bin.",
            ),
        },
    )

    quiz_stopped = Question(  # 10.9
        "Ten equally good epochs, each right on 0.900. You stop at the one that is best on 500 "
        "validation pictures, where it reads 0.920. What will the sealed test say, on average?",
        answer=lambda: best_of(10, 0.9, 500)[1],
        choices={
            0.92: (
                "0.920: validation pictures are not trained on",
                "No weight has seen them, but the choice has: it took the luckiest of ten.",
            ),
            0.9: (
                "0.900",
                "Stopping is choosing. Report what a bin says that had no part in it.",
            ),
            0.88: (
                "0.880: it falls back as far below",
                "Luck is gone the next time, it does not turn into bad luck.",
            ),
        },
    )
