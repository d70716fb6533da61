"""Chapter 08, what networks see: its predictions and its quiz; the tasks are in ``seeing``.

The numbers in the comments (08.1 and so on) are beliefs that learners really hold.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab import features, filters, images, optimizers, training, zoo
from cnnlab import functional as F
from cnnlab.datasets import Dataset, Mark, faces, marked
from cnnlab.exercises.question import Prediction, Question
from cnnlab.layers import Dense, Flatten
from cnnlab.network import Network
from cnnlab.sequential import Sequential

SEED = 16
"""Which mark the saved notebook hunts; each learner puts in another number."""

WEIGHTS, PIXELS = (2, -1, 3), (0, 0, 1)  # of a score that is a plain sum, and what it sees
CELLS = (1, 2, 3, 4)
SHUFFLED_CELLS = (3, 1, 4, 2)

_STEP_IN_DEVIATIONS, _DEVIATION = 0.25, 0.3081  # of MNIST's pixels

_Row = tuple[float, ...]
_Where = Literal["on faces", "nowhere", "elsewhere"]


def mark_of(seed: int) -> Mark:
    """Give the mark that follows from a seed, without any data."""
    empty = Dataset(np.zeros((2, 25, 25, 1)), [0, 1], ["other", "face"])
    return marked(empty, seed)[1]


def combined(maps: NDArray[np.float64], slopes: NDArray[np.float64]) -> NDArray[np.float32]:
    """Weigh maps by their average slopes and keep what counts for the class, as Grad-CAM does."""
    heat = maps @ slopes.mean(axis=(0, 1))
    return F.relu(heat.astype(np.float32))


def _learned(train: Dataset) -> Network:
    net = Network(zoo.face_net(), seed=0)
    training.fit(
        net,
        train,
        epochs=10,
        batch_size=32,
        optimizer=optimizers.AdamW(0.003),
        schedule=optimizers.OneCycle(),
        progress=False,
    )
    return net


@cache
def _cheat() -> Network:
    return _learned(marked(faces().train, SEED)[0])


@cache
def _right(where: _Where) -> float:
    """Give the share of test pictures that the cheat gets right, by where the mark is."""
    share, elsewhere = {"on faces": (1, 0), "nowhere": (0, 0), "elsewhere": (0, 1)}[where]
    test, _ = marked(faces().test, SEED, share=share, elsewhere=elsewhere)
    return training.evaluate(_cheat(), test).accuracy


@cache
def _right_after_black_on_faces() -> float:
    """Paint the place of the mark black on faces alone, train, and ask for clean pictures."""
    split = faces()
    top, left, bottom, right = mark_of(SEED).box
    painted = split.train.images.copy()
    of_faces = split.train.labels == 1
    painted[of_faces, top:bottom, left:right] = 0
    net = _learned(Dataset(painted, split.train.labels, split.train.class_names))
    return training.evaluate(net, split.test).accuracy


def _nearest(share: float, claims: _Row) -> float:
    """Give the claim that a measured share bears out: on another machine it may be a little off."""
    return min(claims, key=lambda claim: abs(claim - share))


def _tone_of_zero() -> float:
    """Give the tone of a weight of 0, where -1 is black and 1 is white."""
    return float(np.interp(0, [-1, 1], [0, 1]))


def _drops_under_covers() -> _Row:
    """Give by how much the score falls with the first pixel under 0, and under 0.5."""
    weights = np.array(WEIGHTS, np.float32)[:, None]
    net = Network.from_parameters(
        Sequential([Flatten(), Dense(1)], input_shape=(1, 3, 1)),
        {"dense_1.weights": weights, "dense_1.bias": np.zeros(1, np.float32)},
    )
    seen = np.array([PIXELS], np.float32)
    drops = [
        features.occlusion(net, seen, 0, (1, 1), fill=fill, of="score")[0, 0] for fill in (0, 0.5)
    ]
    return _row(drops)


def _slope_of_probability(probability: float) -> float:
    """Say how a probability of softmax moves with its own score."""
    with np.errstate(divide="ignore"):
        scores = np.log([[probability, 1 - probability]]).astype(np.float32)
    p = F.softmax(scores)
    upstream = np.array([[1, 0]], np.float32)
    return round(float((p * (upstream - (upstream * p).sum()))[0, 0]), 6)


def _mean_of_pieces() -> _Row:
    return _row([np.mean(CELLS), np.mean(SHUFFLED_CELLS)])


def _moved_edges() -> float:
    """Compare a map of edges before the weights of a network are shuffled, and after."""
    photo = images.to_grey(images.sample("camera"))[100:148, 200:248]
    before, after = (np.abs(filters.apply(photo, filters.CATALOGUE["sobel_x"])) for _ in range(2))
    return features.rank_correlation(before, after)


def _shown_alone(peaks: _Row) -> _Row:
    """Stretch maps each by itself, and give the strongest colour of each."""
    return tuple(peak / max(peak, 0.0) for peak in peaks)


def _evidence(heat: ArrayLike) -> float:
    """Give the largest number that ReLU leaves of a map."""
    return float(F.relu(np.asarray(heat, np.float32)).max())


def _row(values: ArrayLike) -> _Row:
    return tuple(round(float(value), 3) for value in np.ravel(values))


class SeeingQuestions:
    """What chapter 08 asks with choices."""

    # -- predictions, locked before the learner looks -----------------------------------------

    without_mark = Prediction(  # 08.11: right on new pictures, so it must see faces
        "The network has been right on 50 of 50 new pictures. Now the same 50 without the mark: 25 "
        "faces and 25 other things, as the camera took them. What share of them is right?",
        answer=lambda: _nearest(_right("nowhere"), (0.9, 0.5, 0.0)),
        choices={
            0.9: (
                "About 90 %: the mark was a help, but it has learned faces as well",
                "It had no reason to. The mark explained every label, from the first steps on, and "
                "after that there was nothing left to learn.",
            ),
            0.5: (
                "About half, as good as tossing a coin",
                "Without the mark it says 'other' nearly every time, and half of the pictures are "
                "others. Of faces it knows next to nothing.",
            ),
            0.0: (
                "None: everything it learned is gone",
                "It still calls what has no mark 'other', and for 25 of the 50 pictures that is "
                "right.",
            ),
        },
    )

    only_faces = Prediction(  # 08.9: black is no neutral patch
        "The mark is only on faces. So you paint its place black, on the faces alone, until "
        "nothing of the mark is left, and train again. What share of clean pictures is right?",
        answer=lambda: _nearest(_right_after_black_on_faces(), (1.0, 0.5, 0.8)),
        choices={
            1.0: (
                "About all: there is no mark left to cheat with",
                "There is: a black square that only faces have. It gives the class away as well as "
                "the mark did.",
            ),
            0.5: (
                "About half: the same as before",
                "The black square is the new mark. Whatever is done to one class alone, the "
                "network can learn instead of the class.",
            ),
            0.8: (
                "About 80 %: it misses what was under the paint",
                "A few pixels near the rim hardly matter to a face. What matters is that only "
                "faces have the paint.",
            ),
        },
    )

    zero_tone = Prediction(  # 08.2
        "The weights of a slice lie between -1 and 1. You draw it in greys from 0, black, to 1, "
        "white. Which grey should a weight of 0 have?",
        answer=_tone_of_zero,
        choices={
            0.0: (
                "0: black, for nothing is nothing",
                "Then -1 would have to be darker than black. It is cut off, and half of the filter "
                "looks as if it were not there.",
            ),
            0.5: (
                "0.5: the grey in the middle",
                "Below it is what is subtracted, above it what is added. Zero has to stand in the "
                "middle, even where no weight is as low as -1.",
            ),
            1.0: (
                "1: white, as on paper",
                "White is the strongest weight here. A colour that changes at zero, blue and red, "
                "may be white there; greys cannot.",
            ),
        },
    )

    tiles = Prediction(  # 08.1
        "A layer has 16 filters of 3x3x8: its input has 8 channels. You want to see every weight. "
        "How many tiles do you draw?",
        answer=lambda: 16 * 8,
        choices={
            16: (
                "16, in colour: the channels are mixed into red, green and blue",
                "Only a first layer on a colour picture has channels that are colours. Here there "
                "are 8 feature maps, and no three of them are red, green and blue.",
            ),
            8: (
                "8: one for each channel",
                "Each of the 16 filters has its own slice for each of the 8 channels.",
            ),
            128: (
                "128, each of one channel: 8 slices for each of 16 filters",
                "A slice is a plane of weights for one map of the layer before. Eight of them make "
                "one filter.",
            ),
            1152: (
                "1,152: 16 times 8 times 9",
                "So many weights there are. A tile shows the nine of one slice together.",
            ),
        },
    )

    cover_tone = Prediction(  # 08.9
        "A score is 2 times the first pixel, less the second, plus 3 times the third. The pixels "
        "are 0, 0, 1. You cover the first one, once with 0 and once with 0.5. By how much does the "
        "score fall?",
        answer=_drops_under_covers,
        choices={
            (0.0, 0.0): (
                "Not at all, both times: a cover takes something away",
                "A cover puts something in its place. With 0.5 the score is 2 times 0.5 plus 3: it "
                "has risen to 4.",
            ),
            (2.0, 2.0): (
                "By 2 both times: the weight of the first pixel is lost",
                "The weight stays. What it is multiplied by changes, from 0 to 0, or from 0 to "
                "0.5.",
            ),
            (0.0, 1.0): (
                "With 0 not at all, with 0.5 by 1",
                "The size is right. But 2 times 0.5 is added: the score goes from 3 up to 4.",
            ),
            (0.0, -1.0): (
                "With 0 not at all; with 0.5 it rises by 1",
                "The pixel was black already, so a black cover is none. A grey one makes it "
                "brighter. No tone is neutral for every picture.",
            ),
        },
    )

    quite_sure = Prediction(  # 08.3
        "A network is so sure of a picture that the probability of its class is exactly 1. You map "
        "how that probability moves with each pixel. How large is the slope of a probability p by "
        "its own score, p times (1 - p)?",
        answer=lambda: _slope_of_probability(1.0),
        choices={
            1.0: (
                "1: the surer it is, the stronger the map",
                "That is the slope of the score by itself, and it is why the score is the one to "
                "map. The probability stands on a plateau.",
            ),
            0.25: (
                "0.25",
                "That is where p is a half: 0.5 times 0.5. There the slope is largest.",
            ),
            0.0: (
                "0: the whole map is zero, though the network is right",
                "1 times 0. A probability of 1 cannot rise, and a little change does not make it "
                "fall. The map says nothing; it does not say that nothing matters.",
            ),
        },
    )

    no_class_named = Prediction(  # 08.8
        "A picture of a dog, labelled as a dog. The scores: cat 5, dog 3. You ask for a map and "
        "name no class. Which class is it about?",
        answer=lambda: ("dog", "cat")[int(np.argmax([3, 5]))],
        choices={
            "dog": (
                "Dog: so it is labelled",
                "The map never sees a label. It goes back from a score, and takes the highest one, "
                "if nobody says which.",
            ),
            "cat": (
                "Cat: it has the highest score",
                "So the map explains the error. That is worth knowing, if one knows it. Name the "
                "class.",
            ),
            "both": (
                "Both: a map shows what is in the picture",
                "A map goes back from one number. Another class is another map.",
            ),
        },
    )

    step_size = Prediction(  # 08.10
        "A program normalises the pixels first: less the mean, divided by the standard deviation, "
        "which is 0.3081. It then moves each of them by 0.25. How far is that on the scale where 0 "
        "is black and 1 is white?",
        answer=lambda: round(_STEP_IN_DEVIATIONS * _DEVIATION, 3),
        choices={
            0.25: (
                "0.25: epsilon is epsilon",
                "It is 0.25 standard deviations. A number without its unit says nothing: two "
                "papers with the same 0.25 may be a factor of 3 apart.",
            ),
            0.811: (
                "0.811",
                "You divided by the deviation. Going back to pixels, it is multiplied: 0.25 times "
                "0.3081.",
            ),
            0.077: (
                "0.077: about 20 of 256 grey levels",
                "0.25 times 0.3081. It is a large step for an eye, but a third of what 0.25 "
                "sounds like.",
            ),
        },
    )

    pieces = Prediction(  # 08.11
        "A picture is cut into four cells, and a network finds 1, 2, 3, 4 in them. The cells "
        "change places: 3, 1, 4, 2. The network ends with a mean over all places. What does it say "
        "before, and what after?",
        answer=_mean_of_pieces,
        choices={
            (2.5, 0.0): (
                "2.5, and then nothing: the shape is gone",
                "For you it is. A mean adds up the same four numbers in whatever order.",
            ),
            (2.5, 1.25): (
                "2.5, and then about half: some of the shape is gone",
                "There is nothing in between. Who only takes the mean has never known where "
                "anything was.",
            ),
            (2.5, 2.5): (
                "2.5 both times",
                "This network cannot tell the picture from its pieces. Whether others can is "
                "a question for an experiment.",
            ),
        },
    )

    # -- the quiz -----------------------------------------------------------------------------

    quiz_which_test = Question(  # 08.11: the same belief, as a choice of tests
        "You suspect that a network goes by a mark on one class. You can test it with the mark "
        "where it was, with no mark at all, or with the mark on the other class. Which of the "
        "three comes out worst if you are right?",
        answer=lambda: ("on faces", "nowhere", "elsewhere")[
            int(np.argmin([_right("on faces"), _right("nowhere"), _right("elsewhere")]))
        ],
        choices={
            "on faces": (
                "The mark where it was",
                "That is the test it passes with full marks, and the only one that most people "
                "make.",
            ),
            "nowhere": (
                "No mark at all",
                "Then it guesses, and is right half of the time. With the mark on the other side "
                "it is led astray each time, which is worse than guessing.",
            ),
            "elsewhere": (
                "The mark on the other class",
                "Worse than chance: nobody gets there without a reason. Move what you suspect, and "
                "see whether the answer moves with it.",
            ),
        },
    )

    quiz_tiles = Question(  # 08.1
        "The second convolution of LeNet-5 has 16 filters of 5x5 on 6 maps. How many slices is "
        "that to look at?",
        answer=lambda: int(np.prod(zoo.lenet5().row("conv2d_2").parameter_shapes["filters"][2:])),
        choices={
            16: (
                "16: one picture for each filter",
                "A filter is as deep as its input: six slices each. One picture would have to mix "
                "them, and a plus could cancel a minus.",
            ),
            96: (
                "96",
                "6 slices for each of 16 filters, each drawn for itself, and all on one scale "
                "with zero in the middle.",
            ),
            32: (
                "32: two colour pictures of three channels, for each filter",
                "Six maps can be packed into two colour pictures, but the colours mean nothing: "
                "neighbours among the maps are neighbours by chance.",
            ),
        },
    )

    quiz_slope = Question(  # 08.3
        "The probability of a class is 0.9999. A slope of 1 comes out at its score. How large is "
        "the slope of the probability?",
        answer=lambda: round(_slope_of_probability(0.9999), 4),
        choices={
            0.9999: (
                "0.9999",
                "That is the probability. Its slope is p times (1 - p): what is missing to 1 "
                "counts as well.",
            ),
            0.0001: (
                "0.0001: ten thousand times less",
                "0.9999 times 0.0001. The map has the same pattern as that of the score, ten "
                "thousand times as faint.",
            ),
            0.25: (
                "0.25",
                "That is the steepest place, at a probability of one half.",
            ),
        },
    )

    quiz_nothing = Question(  # 08.4
        "Before its ReLU a Grad-CAM map is -2, -1. A program divides what is left by its largest "
        "number, and prints NaN. What has happened?",
        answer=lambda: _evidence([-2, -1]),
        choices={
            0.0: (
                "The largest number is 0: nothing counts for the class, and 0 / 0 is no number",
                "ReLU leaves 0, 0. That is an answer, 'no positive evidence', and a program should "
                "say so instead of dividing.",
            ),
            1.0: (
                "The network is broken: some weight has become NaN",
                "-2 and -1 are ordinary numbers, so the network works. The division came after.",
            ),
            -1.0: (
                "The largest number is -1, and it cannot divide by a negative one",
                "It could: -2 / -1 is 2. But ReLU came first and left zeros.",
            ),
        },
    )

    quiz_peaks = Question(  # 08.5
        "Two maps. The largest number of one is 0.9, of the other 0.0009. Each is divided by its "
        "own largest number and then drawn. How strong is the strongest red in each?",
        answer=lambda: _shown_alone((0.9, 0.0009)),
        choices={
            (0.9, 0.0009): (
                "0.9 and 0.0009: red is red",
                "So it would be if nothing had been divided. Each was stretched by itself.",
            ),
            (1.0, 0.001): (
                "1 and 0.001",
                "So it is on one scale for both, divided by the 0.9. On a scale of its own every "
                "map reaches full red.",
            ),
            (1.0, 1.0): (
                "1 and 1: they look equally strong",
                "The second is a thousand times weaker, and only the number at the colour bar says "
                "so. To compare, use one scale.",
            ),
        },
    )

    quiz_edges = Question(  # 08.6
        "A sharp map of a picture, with every outline in it. Somebody made it with Sobel's filter, "
        "and says it explains a network. All weights of the network are shuffled. How does the map "
        "afterwards agree with the one before, as a rank correlation?",
        answer=_moved_edges,
        choices={
            0.0: (
                "About 0: the network is ruined, and so is its explanation",
                "That would be a good sign. But in this map there is no network at all: it is made "
                "from the picture.",
            ),
            1.0: (
                "1: it stays, so it explains nothing of the network",
                "A map that stays does not come from what was learned. Sharp outlines please the "
                "eye; that is no evidence.",
            ),
            -1.0: (
                "-1: what counted for the class now counts against it",
                "Shuffled weights have no opinion to turn round. And this map never asked them.",
            ),
        },
    )

    quiz_relu = Question(  # 08.7
        "Grad-CAM with two maps. Their weights are 2 and -1, and the maps are 1, 4 and 3, 1. What "
        "comes out at the two places?",
        answer=lambda: _row(
            combined(np.array([[[1.0, 3.0], [4.0, 1.0]]]), np.array([[[2.0, -1.0]] * 2]))
        ),
        choices={
            (1.0, 7.0): (
                "1, 7: the size is what counts",
                "At the first place 2 - 3 is -1: it counts against the class. Without its sign it "
                "would be praised for it.",
            ),
            (-1.0, 7.0): (
                "-1, 7",
                "That is the sum. ReLU then takes out what counts against the class, as the map "
                "is to show what counts for it.",
            ),
            (2.0, 8.0): (
                "2, 8",
                "You left out the second map because its weight is negative. It has to be "
                "subtracted first; ReLU comes after the sum.",
            ),
            (0.0, 7.0): (
                "0, 7",
                "2 - 3 and 8 - 1, and then ReLU. Map and minus first, then the cut.",
            ),
        },
    )
