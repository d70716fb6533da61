"""Chapter 07, training: its predictions and its quiz; the tasks are in ``learning``.

The numbers in the comments (07.1 and so on) are beliefs that learners really hold.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import functional as F
from cnnlab import gradients, losses
from cnnlab.datasets import Dataset
from cnnlab.exercises.question import Prediction, Question
from cnnlab.optimizers import SGD

X, W, WISH, UPSTREAM = (1, 2, 3, 4), (1, 2, 5), (19, 18), (1, 10)
BEFORE, AFTER = (0.55, 0.55, 0.45, 0.45), (0.60, 0.60, 0.60, 0.01)  # of the true class, of two
SORTED = (0, 0, 1, 1, 2, 2, 3, 3, 4, 4)

Row = tuple[float, ...]


def filter_gradient(image: ArrayLike, upstream: ArrayLike) -> NDArray[np.float32]:
    """Find the slope by every weight of one filter, as `functional` does."""
    image, upstream = np.asarray(image, np.float32), np.asarray(upstream, np.float32)
    shape = np.subtract(image.shape, upstream.shape) + 1
    volumes = upstream[None, :, :, None], image[None, :, :, None]
    found = F.conv2d_backward(*volumes, np.zeros((*shape, 1, 1), np.float32))
    gradient: NDArray[np.float32] = found[1][..., 0, 0]
    return gradient


def image_gradient(weights: ArrayLike, upstream: ArrayLike) -> NDArray[np.float32]:
    """Find the slope by every pixel under one filter, as `functional` does."""
    weights, upstream = np.asarray(weights, np.float32), np.asarray(upstream, np.float32)
    shape = np.add(weights.shape, upstream.shape) - 1
    image = np.zeros((1, *shape, 1), np.float32)
    found = F.conv2d_backward(upstream[None, :, :, None], image, weights[..., None, None])
    return cast(NDArray[np.float32], found[0])[0, ..., 0]


def back_to_image(weights: tuple[int, ...] = W) -> Row:
    """Send the example's upstream back through a row of weights."""
    return _row(image_gradient(np.array([weights]), np.array([UPSTREAM])))


def cosine(one: ArrayLike, other: ArrayLike) -> float:
    """Say how far two arrows point the same way: 1 the same, 0 square, -1 against each other."""
    a, b = np.ravel(one), np.ravel(other)
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def rights_and_loss(p_true: ArrayLike) -> tuple[float, float]:
    """Of two classes, by the probability of the true one: the share of rights, and the loss."""
    p = np.asarray(p_true)
    scores = np.stack([np.log(p), np.log(1 - p)], axis=1).astype(np.float32)
    loss, _ = losses.softmax_cross_entropy(scores, np.zeros(len(p), int))
    return float((p > 0.5).mean()), round(loss, 2)


def _row(numbers: ArrayLike) -> Row:
    return tuple(float(number) for number in np.ravel(numbers))


def _knowing_nothing(classes: int) -> float:
    return round(float(F.cross_entropy(np.zeros((1, classes)), [0])[0][0]), 3)


def _changes() -> tuple[int, int]:
    """Say which way accuracy and loss go: 1 up, -1 down."""
    (before, loss), (after, new_loss) = rights_and_loss(BEFORE), rights_and_loss(AFTER)
    return int(np.sign(after - before)), int(np.sign(new_loss - loss))


def _step_of(slopes: float) -> float:
    (new,), _, _ = SGD().update(
        np.zeros(1, np.float32), np.array([slopes], np.float32), (), step=1, learning_rate=0.01
    )
    return round(float(-new), 3)


def _two_steps() -> float:
    """Take two steps with the slope 2, each with a slope of its own."""
    weight, slope = np.ones(1, np.float32), np.array([2], np.float32)
    for step in (1, 2):
        weight, _, _ = SGD().update(weight, slope, (), step=step, learning_rate=0.1)
    return round(float(weight[0]), 2)


def _kept_by_dropout() -> tuple[float, float]:
    """Say what becomes of a 6 after training, and in training where it is kept."""
    masks = F.dropout_mask((64,), 0.5, np.random.default_rng(0))
    return 6.0, 6.0 * float(masks.max())


def _classes_held_out() -> Row:
    count = len(SORTED)
    data = Dataset(np.zeros((count, 1, 1, 1)), SORTED, [str(digit) for digit in range(5)])
    return _row(np.unique(data[int(0.8 * count) :].labels))


def _by_training_ruler() -> Row:
    train, test = np.array([2, 4, 6]), np.array([2, 8])
    return _row(((test - train.mean()) / train.std()).round(2))


def _with_a_twin() -> int:
    """In percent: of pictures dealt out with their mirrors, who has the other one in training."""
    originals, held_out = 10, 4
    return round(100 * (2 * originals - held_out) / (2 * originals - 1))


class LearningQuestions:
    """What chapter 07 asks with choices."""

    # -- predictions, locked before the learner looks -----------------------------------------

    knows_nothing = Prediction(  # 07.10
        "A network that has learned nothing gives all ten digits the same score. How large is its "
        "loss, minus the logarithm of the probability of the true digit?",
        answer=lambda: _knowing_nothing(10),
        choices={
            0.9: (
                "0.9: it is wrong nine times of ten",
                "That is the share of wrong answers. The loss looks at the probability that the "
                "true digit got, 0.1, and takes its logarithm.",
            ),
            2.303: (
                "2.303",
                "Each digit gets the probability 0.1, and minus the logarithm of 0.1 is 2.303. "
                "Keep this number in mind: whoever sees it knows that the network knows nothing.",
            ),
            1.0: (
                "1: as wrong as can be",
                "It could be worse: a network that is sure of the wrong digit has a far larger "
                "loss. One that gives every digit 0.1 has minus the logarithm of 0.1.",
            ),
            10.0: (
                "10: one for each digit",
                "Only the probability of the true digit counts: 0.1. Minus its logarithm is asked "
                "for.",
            ),
        },
    )

    loss_and_accuracy = Prediction(  # 07.9
        "Four pictures, two classes. The true class of each had the probabilities 0.55, 0.55, 0.45 "
        "and 0.45; a few steps later they are 0.60, 0.60, 0.60 and 0.01. What happened to the "
        "accuracy and to the loss?",
        answer=_changes,
        choices={
            (1, -1): (
                "The accuracy went up, so the loss went down",
                "Three of four are right now, that is true. But the fourth is surely wrong, and "
                "minus the logarithm of 0.01 is 4.6: it outweighs the others.",
            ),
            (-1, 1): (
                "Both got worse",
                "The loss did. But count who is above 0.5: two before, three now.",
            ),
            (1, 1): (
                "Both went up: more are right, and the loss is larger",
                "One picture crossed the line at 0.5, so the accuracy rose. Another fell deep, and "
                "the loss counts how deep.",
            ),
        },
    )

    whose_gradient = Prediction(  # 07.2
        "The picture is 1, 2, 3, 4 and the filter has three weights, so there are two places. The "
        "slopes at the two places are 1 and 10. What are the slopes by the three weights?",
        answer=lambda: _row(filter_gradient([X], [UPSTREAM])),
        choices={
            (20.0, 30.0, 40.0): (
                "20, 30, 40",
                "That is the second place alone, 10 times 2, 3, 4: the first was written over. The "
                "weights worked at both places.",
            ),
            (10.5, 16.0, 21.5): (
                "10.5, 16, 21.5",
                "You took the average of the two places. The loss feels what a weight does at "
                "each of them: add up.",
            ),
            (12.0, 23.0, 34.0): (
                "12, 23, 34",
                "That is 10 times 1, 2, 3 and once 2, 3, 4: each slope met the window of the other "
                "place.",
            ),
            (21.0, 32.0, 43.0): (
                "21, 32, 43",
                "Once 1, 2, 3 and ten times 2, 3, 4, added up. Every place where a weight worked "
                "has its say.",
            ),
        },
    )

    way_back = Prediction(  # 07.1
        "Same picture, same slopes 1 and 10; the weights are 1, 2, 5. What are the slopes by the "
        "four pixels?",
        answer=back_to_image,
        choices={
            (5.0, 52.0, 21.0, 10.0): (
                "5, 52, 21, 10: the filter has to be turned round",
                "That comes out if the turned filter is handed out. Handing out, the filter stays "
                "as it is: the left weight touched the left pixel.",
            ),
            (1.0, 12.0, 25.0, 50.0): (
                "1, 12, 25, 50",
                "The first place hands out 1, 2, 5, the second 10, 20, 50 one pixel further on. "
                "Where they meet, they add up.",
            ),
            (1.0, 10.0, 20.0, 50.0): (
                "1, 10, 20, 50",
                "The second place wiped out what the first had given. Pixels that both places saw "
                "owe to both: 2 + 10, and 5 + 20.",
            ),
            (11.0, 22.0, 55.0, 0.0): (
                "11, 22, 55, 0",
                "Both places handed out to the same three pixels. The second window stands one "
                "pixel further on.",
            ),
        },
    )

    close_enough = Prediction(  # 07.4
        "Your formula says 0.30. Moving the weight up and down says 0.60. Same sign, same order of "
        "size. How large is the relative error, |a - b| / (|a| + |b|)?",
        answer=lambda: round(gradients.relative_error([0.30], [0.60]), 2),
        choices={
            0.3: (
                "0.3, and small numbers round badly",
                "That is the difference alone. And rounding, with numbers of 64 bits, shows in the "
                "tenth digit, not in the first.",
            ),
            0.33: (
                "0.33: something is wrong",
                "A third. A right gradient has less than 0.000001. A factor of exactly 2 is "
                "a forgotten half, or something counted twice.",
            ),
            0.0: (
                "Nearly 0: they agree",
                "They agree in their sign, and one is twice the other. The formula says a third.",
            ),
        },
    )

    falls_anyway = Prediction(  # 07.3
        "1, 12, 25, 50 is right, and 5, 52, 21, 10 comes from the turned filter. As arrows they "
        "have a cosine: 1 if they point the same way, 0 if they are square to each other, -1 if "
        "against. Guess it: what does a network do that walks along the wrong one?",
        answer=lambda: round(cosine(back_to_image(), back_to_image(W[::-1])), 2),
        choices={
            -1.0: (
                "-1: it walks uphill, and the loss rises",
                "Then everybody would notice. No number here has the wrong sign, so the arrows "
                "cannot point against each other.",
            ),
            0.0: (
                "0: it walks along the slope, and the loss stays",
                "Nearly every other bug would be kinder. These two arrows share much of their way.",
            ),
            0.51: (
                "About a half: it walks downhill all the same, but not the shortest way",
                "The cosine is 0.51. Anything above 0 leads down, for small steps. So the loss "
                "falls, and says nothing about the gradient.",
            ),
            1.0: (
                "1: the sums are equal, so it makes no difference",
                "Both add up to 88, and they are still two different arrows: 50 against 10 for the "
                "last pixel.",
            ),
        },
    )

    sum_or_mean = Prediction(  # 07.5
        "Each of 32 pictures says: this weight has the slope 0.5. The learning rate is 0.01. How "
        "long is the step if the 32 slopes are averaged, and if they are added up?",
        answer=lambda: (_step_of(np.full(32, 0.5).mean()), _step_of(np.full(32, 0.5).sum())),
        choices={
            (0.005, 0.005): (
                "0.005 both times: it is the same direction",
                "The direction is the same, the length is not: 32 times 0.5 is 16. Whoever adds up "
                "needs a rate 32 times smaller.",
            ),
            (0.005, 0.16): (
                "0.005 averaged, 0.16 added up",
                "0.01 times 0.5, and 0.01 times 16. A rate that works for the one blows up the "
                "other.",
            ),
            (0.16, 0.005): (
                "0.16 averaged, 0.005 added up",
                "The other way round: 32 slopes added up are 32 times as long as their average.",
            ),
        },
    )

    dropped = Prediction(  # 07.7
        "Dropout keeps half of the units in training. A unit gives 6. What does the next layer get "
        "of it after training, and what in training, if it is kept?",
        answer=_kept_by_dropout,
        choices={
            (3.0, 6.0): (
                "3 after training, 6 in training",
                "So it was once done: shrink everything afterwards. Now what is kept is doubled "
                "while training, and afterwards nothing need be done.",
            ),
            (3.0, 12.0): (
                "3 after training, 12 in training",
                "That makes up for it twice. In training 12 or 0, on average 6; so afterwards it "
                "is 6.",
            ),
            (6.0, 12.0): (
                "6 after training, 12 in training",
                "12 half of the time, else 0: on average 6, and 6 is what it gives afterwards.",
            ),
            (12.0, 12.0): (
                "12 both times",
                "Afterwards nobody is dropped. If all gave the double, the next layer would get "
                "twice what it is used to.",
            ),
        },
    )

    last_fifth = Prediction(  # 07.11
        "Ten pictures in the order of their labels: 0 0 1 1 2 2 3 3 4 4. The last fifth is held "
        "out to be asked later, and then the rest is shuffled. Which labels are asked?",
        answer=_classes_held_out,
        choices={
            (0.0, 1.0, 2.0, 3.0, 4.0): (
                "A mixture of all: the data are shuffled",
                "Too late: what is held out was cut off before the shuffling. The last two are "
                "both 4.",
            ),
            (4.0,): (
                "4 alone",
                "And no 4 is left to learn from. The network cannot be right even once.",
            ),
            (0.0,): (
                "0 alone",
                "The last ones are held out, not the first: 4 and 4.",
            ),
        },
    )

    one_ruler = Prediction(  # 07.12
        "Pixels for training: 2, 4, 6. For the test: 2, 8. Normalised means: less the mean, "
        "divided by the standard deviation. What should the network be given in the test?",
        answer=_by_training_ruler,
        choices={
            (-1.0, 1.0): (
                "-1 and 1",
                "You took the mean and the deviation of the test itself. Then the same 2 is -1 "
                "in the test and -1.22 in training: two rulers.",
            ),
            (-1.22, 2.45): (
                "-1.22 and 2.45",
                "Mean and deviation come from training, and are laid on everything. A 2 is a 2 "
                "wherever it turns up.",
            ),
            (2.0, 8.0): (
                "2 and 8: a test is left alone",
                "The network has learned with normalised pixels, and knows no others.",
            ),
        },
    )

    # -- the quiz -----------------------------------------------------------------------------

    quiz_three = Question(  # 07.10
        "A network with three classes has trained for an hour. Its loss is 1.099, and has been "
        "since the beginning. What do you say?",
        answer=lambda: _knowing_nothing(3),
        choices={
            2.303: (
                "It has come down from 2.303, so it is learning",
                "2.303 belongs to ten classes. With three, a network that knows nothing begins at "
                "the logarithm of 3.",
            ),
            1.099: (
                "That is the logarithm of 3: it knows nothing yet. Look for a bug, or the rate",
                "A third for each class, whatever the picture. More of the same hour will not "
                "help.",
            ),
            0.0: (
                "It is nearly at its best: a few more hours",
                "The best is 0. A loss that never moved from the logarithm of the number of "
                "classes is no progress.",
            ),
        },
    )

    quiz_same_sum = Question(  # 07.1
        "A test adds up all the slopes by the pixels, and compares the sum with the right one. "
        "The filter was turned round by mistake. Right sum and wrong sum?",
        answer=lambda: (sum(back_to_image()), sum(back_to_image(W[::-1]))),
        choices={
            (88.0, 88.0): (
                "88 and 88: the test sees nothing",
                "The same numbers are handed out, to other pixels. Only a comparison number by "
                "number finds it.",
            ),
            (88.0, -88.0): (
                "88 and -88: the sign gives it away",
                "Turning a filter moves its weights and changes no sign.",
            ),
            (88.0, 44.0): (
                "88 and 44: half of it goes astray",
                "Nothing goes astray: 1 times 8 and 10 times 8, in both cases.",
            ),
        },
    )

    quiz_pot = Question(  # 07.6
        "A weight of 1, a rate of 0.1, and a slope of 2 in each of two steps. Where is the weight "
        "after them, if each step uses its own slope alone?",
        answer=_two_steps,
        choices={
            0.4: (
                "0.4",
                "Then the second step used 2 + 2: the slope of the first was still in the pot. "
                "Libraries that collect slopes want it poured out before each step.",
            ),
            0.6: (
                "0.6",
                "1 - 0.2 - 0.2. In this package each step makes new slopes, and there is no pot to "
                "pour out.",
            ),
            0.8: (
                "0.8",
                "That is after one step.",
            ),
        },
    )

    quiz_logged = Question(  # 07.8
        "In one epoch the loss of three batches is 1.0, then 0.6, then 0.2. The log says so much "
        "for training, and 0.3 for validation. What is logged for training?",
        answer=lambda: round(float(np.mean([1.0, 0.6, 0.2])), 2),
        choices={
            0.2: (
                "0.2: the loss at the end of the epoch",
                "That would be fair. What is logged is the average over the epoch, with the bad "
                "beginning in it.",
            ),
            0.6: (
                "0.6, so validation looks better, and nothing is wrong",
                "The average over the epoch. Validation is measured at its end, when the network "
                "has got better, and without dropout.",
            ),
            1.0: (
                "1.0, so the validation pictures must have leaked into training",
                "The average of the three is 0.6, an older and worse network's. A better "
                "validation loss alone is no sign of a leak.",
            ),
        },
    )

    quiz_twins = Question(  # 07.13
        "Ten pictures and the mirror image of each: twenty. Four of the twenty are dealt out at "
        "random for the test. How probable is it that a test picture has its twin in training?",
        answer=_with_a_twin,
        choices={
            0: (
                "0 %: all twenty are different pictures",
                "It would be so if the ten had been dealt out first, and mirrored afterwards.",
            ),
            20: (
                "20 %",
                "That is the share of the test. The twin is one of the other 19, of which 16 are "
                "in training.",
            ),
            84: (
                "84 %",
                "The twin is one of the other 19, and 16 of these are in training. Split first, "
                "then augment.",
            ),
        },
    )

    quiz_both = Question(  # 07.9
        "From one epoch to the next the validation loss goes up, and the accuracy goes up as well. "
        "Is that possible?",
        answer=lambda: _changes() == (1, 1),
        choices={
            False: (
                "No: one of the two must be computed wrongly",
                "You have computed such a case: three right of four, and a loss of 1.53 instead of "
                "0.70.",
            ),
            True: (
                "Yes: more are right, and those that are wrong are surer of it",
                "Accuracy asks on which side of the line, loss asks how far. Networks that have "
                "seen their pictures too often become too sure.",
            ),
            None: (
                "Only with a learning rate that is too large",
                "It takes no step at all to see it: four probabilities are enough.",
            ),
        },
    )
