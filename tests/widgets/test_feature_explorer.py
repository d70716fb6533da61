"""FeatureExplorer from Python: what is sent against `features`, NumPy and SciPy, and when."""

import json

import numpy as np
import pytest

from cnnlab import Network, Sequential, datasets, display, features, zoo
from cnnlab.datasets import Dataset
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import Conv2D, Dense, Flatten, GlobalAvgPool2D, MaxPool2D, ReLU, Softmax
from cnnlab.widgets import FeatureExplorer
from cnnlab.widgets.shared.explaining import Asked, Explaining

DIGITS = datasets.digits().test
NAMES = ("saliency", "occlusion", "grad_cam")


@pytest.fixture(scope="module")
def digits_net():
    return zoo.pretrained("digits_net")


def noise(shape, seed=0):
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def coloured(*ending, seed=1):
    layers = [Conv2D(5, activation="relu"), MaxPool2D(), Conv2D(4), Flatten(), Dense(3), *ending]
    return Network(Sequential(layers, (14, 11, 3)), seed=seed)


def one_map(weight, bias=0.0):
    """A network whose only map is the picture, and whose score of class 0 is a multiple of it."""
    net = Network(Sequential([Conv2D(1, 1), GlobalAvgPool2D(), Dense(2)], (6, 5, 1)))
    net.parameters = {
        "conv2d_1.filters": np.ones((1, 1, 1, 1)), "conv2d_1.bias": np.zeros(1),
        "dense_1.weights": np.array([[weight, 0]]), "dense_1.bias": np.array([bias, 0]),
    }  # fmt: skip
    return net


def unpacked(about, packed):
    """Read the maps of an answer: all ranges come first, then all steps."""
    data, read = bytes(packed), []
    at = sum(8 * part["count"] for part in about["parts"])
    for part in about["parts"]:
        shape = (part["count"], part["height"], part["width"], part.get("channels", 1))
        size = int(np.prod(shape))
        read.append(np.frombuffer(data, np.uint8, size, at).reshape(shape))
        at += size
    assert at == len(data)
    return read


def told_maps(about):
    return {
        (row["shuffled"], one["name"]): one
        for row in about["sections"]["maps"]["rows"]
        for one in row["maps"]
    }


def expected_maps(net, image, target, *, of="score", size=4, fill=0.0, signed=False):
    return {
        "saliency": features.saliency(net, image, target, of=of),
        "occlusion": features.occlusion(net, image, target, size, fill=fill, of=of),
        "grad_cam": features.grad_cam(net, image, target, of=of, signed=signed),
    }


# -- Maps of a class ------------------------------------------------------------------------------


@pytest.mark.parametrize("of", ["score", "probability"])
@pytest.mark.parametrize(("fill", "signed"), [(0.0, False), (None, True), (0.75, False)])
def test_the_three_maps_are_sent_as_features_finds_them(digits_net, page, of, fill, signed):
    explorer = FeatureExplorer(
        digits_net, DIGITS.images[3], target=5, of=of, fill=fill, signed=signed, occluder=3
    )
    about, (packed,) = page(explorer, "frame", have={})
    steps, told = unpacked(about, packed), told_maps(about)
    expected = expected_maps(
        digits_net, DIGITS.images[3], 5, of=of, size=3, fill=fill, signed=signed
    )
    assert [name for _, name in told] == list(NAMES)
    for name, found in expected.items():
        one, limit = told[0, name], display.limit_of(found)
        assert (one["low"], one["high"]) == (found.min(), found.max()), name
        assert one["limit"] == limit
        assert np.array_equal(
            steps[one["part"]][0, ..., 0], display.levels(found, "blue_red", limit)
        )
        np.testing.assert_array_equal(explorer.explanations[name], found)
    assert about["sections"]["maps"]["of"] == of
    assert not about["more"]


def test_a_shared_scale_is_the_largest_of_all_that_are_shown(digits_net, page):
    explorer = FeatureExplorer(digits_net, DIGITS.images[3], target=5, colours="shared", shuffled=1)
    about, (packed,) = page(explorer, "frame", have={})
    steps, told = unpacked(about, packed), told_maps(about)
    every = [*explorer.explanations.values(), *explorer.control.values()]
    limit = max(display.limit_of(one) for one in every)
    assert {one["limit"] for one in told.values()} == {limit}
    weak = explorer.explanations["grad_cam"]
    found = steps[told[0, "grad_cam"]["part"]][0, ..., 0]
    assert np.array_equal(found, display.levels(weak, "blue_red", limit))
    # With a scale of its own a weak map looks as strong as a strong one: 08.5.
    explorer.colours = "own"
    about, (packed,) = page(explorer, "frame", have={}, seq=2)
    own = unpacked(about, packed)[told_maps(about)[0, "grad_cam"]["part"]][0, ..., 0]
    assert own.max() > found.max()


def test_without_a_class_there_is_no_map_and_no_class_is_chosen_for_the_learner(digits_net, page):
    explorer = FeatureExplorer(digits_net, DIGITS.images[0], cover=(0, 0))
    about, _ = page(explorer, "frame", have={})
    assert explorer.target is None
    assert "maps" not in about["sections"]
    assert set(about["cover"]) == {"at", "best", "sure"}
    for name in ("explanations", "control", "alike", "drop"):
        with pytest.raises(DataError, match=r"needs a class; choose one: explorer.target = 0"):
            getattr(explorer, name)


def test_maps_in_grey_keep_zero_in_the_middle(digits_net, page):
    explorer = FeatureExplorer(digits_net, DIGITS.images[3], target=5, palette="grey")
    about, (packed,) = page(explorer, "frame", have={})
    found = features.occlusion(digits_net, DIGITS.images[3], 5, 4, fill=0.0, of="score")
    one = told_maps(about)[0, "occlusion"]
    steps = unpacked(about, packed)[one["part"]][0, ..., 0]
    assert np.array_equal(steps > 127, display.levels(found, "blue_red", one["limit"]) > 127)
    assert (steps[found < -0.1 * one["limit"]] < 127).all()


# -- What a map does not show ---------------------------------------------------------------------


def test_a_map_that_its_relu_empties_says_no_positive_evidence(page):
    picture = 0.1 + noise((6, 5))
    explorer = FeatureExplorer(one_map(-2), picture, target=0, occluder=2)
    about, _ = page(explorer, "frame", have={})
    told = told_maps(about)[0, "grad_cam"]
    assert told["flat"]
    assert told["words"].startswith("No positive evidence")
    assert "Before the ReLU" in told["words"]
    # Black instead of a bright place raises this score: no place of the cover lowers it.
    covered = told_maps(about)[0, "occlusion"]
    assert covered["words"].startswith("No positive evidence")
    assert not covered["flat"]
    explorer.signed = True
    about, _ = page(explorer, "frame", have={}, seq=2)
    told = told_maps(about)[0, "grad_cam"]
    assert not told["flat"]
    assert told["high"] < 0
    assert explorer.explanations["grad_cam"] == pytest.approx(-2 / 30 * picture, rel=1e-4)


def test_a_probability_of_exactly_one_says_that_it_has_no_slope(page):
    picture = 0.1 + noise((6, 5))
    explorer = FeatureExplorer(one_map(2, bias=200), picture, target=0, of="probability")
    assert explorer.probabilities[0] == 1
    told = told_maps(page(explorer, "frame", have={})[0])
    for name in ("saliency", "grad_cam"):
        assert told[0, name]["flat"]
        assert told[0, name]["words"].startswith("No slope")
    explorer.of = "score"
    told = told_maps(page(explorer, "frame", have={}, seq=2)[0])
    assert not any(told[0, name]["flat"] or told[0, name]["words"] for name in NAMES)


def test_a_network_without_a_convolution_has_two_maps(page):
    net = Network(Sequential([Flatten(), Dense(3)], (6, 5, 1)), seed=0)
    explorer = FeatureExplorer(net, noise((6, 5)), target=1, shuffled=1)
    told = told_maps(page(explorer, "frame", have={})[0])
    assert set(told) == {(k, name) for k in (0, 1) for name in NAMES[:2]}
    assert set(explorer.alike) == set(NAMES[:2])


def test_a_network_that_ends_in_maps_explains_nothing_and_says_so(page):
    net = Network(Sequential([Conv2D(3)], (6, 5, 1)), seed=0)
    explorer = FeatureExplorer(net, noise((6, 5)), layer="conv2d_1", unit=2, cover=(1, 1))
    about, _ = page(explorer, "frame", have={})
    assert set(about["sections"]) == {"input", "layer", "unit"}
    assert not explorer._facts["explains"]
    with pytest.raises(ShapeError, match=r"maps of shape .* no class scores, got target=0"):
        explorer.target = 0


# -- The cover ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fill", [0.0, 0.25, None, (1, 0, 0.5)])
def test_the_cover_costs_what_numpy_finds(page, fill):
    net, picture = coloured(), noise((14, 11, 3))
    explorer = FeatureExplorer(net, picture, target=2, fill=fill, occluder=5, cover=(9, 6))
    covered = picture.copy()
    covered[9:14, 6:11] = picture.mean((0, 1)) if fill is None else fill
    np.testing.assert_allclose(explorer.covered, covered, atol=1e-7)
    before, after = net.predict(np.stack([picture, covered])).astype(np.float64)
    chances = [np.exp(one)[2] / np.exp(one).sum() for one in (before, after)]
    told = page(explorer, "frame", have={})[0]["cover"]
    assert told["at"] == [9, 6]
    assert told["score"] == pytest.approx([before[2], after[2]], abs=1e-5)
    assert told["probability"] == pytest.approx(chances, abs=1e-5)
    assert told["best"] == after.argmax()
    assert explorer.drop == pytest.approx(before[2] - after[2], abs=1e-5)
    explorer.of = "probability"
    assert explorer.drop == pytest.approx(chances[0] - chances[1], abs=1e-5)


def test_black_is_not_a_neutral_cover():
    """08.9: w = (2, -1, 3), x = (0, 0, 1); black on a black pixel costs nothing, grey does."""
    net = Network(Sequential([Flatten(), Dense(2)], (1, 3, 1)))
    net.parameters = {
        "dense_1.weights": np.array([[2, 0], [-1, 0], [3, 0]]), "dense_1.bias": np.zeros(2),
    }  # fmt: skip
    explorer = FeatureExplorer(net, [[0, 0, 1]], target=0, occluder=1, cover=(0, 0))
    assert explorer.drop == 0
    explorer.fill = 0.5
    assert explorer.drop == -1


def test_of_a_network_with_a_softmax_the_score_is_the_one_before_it(page):
    net, picture = coloured(Softmax()), noise((14, 11, 3))
    explorer = FeatureExplorer(net, picture, target=0, cover=(0, 0))
    plain = coloured()
    plain.parameters = net.parameters
    told = page(explorer, "frame", have={})[0]["cover"]
    assert told["score"][0] == pytest.approx(plain.predict(picture[None])[0, 0], abs=1e-5)
    assert told["probability"][0] == pytest.approx(net.predict(picture[None])[0, 0], abs=1e-6)


def test_a_larger_cover_is_pushed_onto_the_picture(digits_net):
    explorer = FeatureExplorer(digits_net, DIGITS.images[0], occluder=2, cover=(6, 5))
    explorer.occluder = 4
    assert explorer.cover == (4, 4)


# -- The control ----------------------------------------------------------------------------------


def test_shuffled_weights_give_the_control_and_the_trained_ones_are_never_touched(digits_net, page):
    from scipy.stats import spearmanr

    before = {name: array.copy() for name, array in digits_net.parameters.items()}
    explorer = FeatureExplorer(digits_net, DIGITS.images[3], target=5, shuffled=3, seed=4)
    about, (packed,) = page(explorer, "frame", have={})
    while about["more"]:
        about, (packed,) = page(explorer, "frame", have={}, seq=2)
    steps, told = unpacked(about, packed), told_maps(about)
    assert {count for count, _ in told} == {0, 3}
    trained = expected_maps(digits_net, DIGITS.images[3], 5)
    for count in range(4):
        net = features.shuffled(digits_net, count, seed=4)
        for name, found in expected_maps(net, DIGITS.images[3], 5).items():
            alike = about["sections"]["maps"]["alike"][name][count]
            if found.any():
                assert alike == pytest.approx(
                    spearmanr(trained[name], found, axis=None).statistic, abs=1e-6
                )
            else:
                assert alike == "flat"
            if count == 3 and found.any():
                one = told[3, name]
                assert np.array_equal(
                    steps[one["part"]][0, ..., 0],
                    display.levels(found, "blue_red", one["limit"]),
                )
    for name, array in digits_net.parameters.items():
        np.testing.assert_array_equal(array, before[name])
    explorer.shuffled = 0
    for name, found in explorer.control.items():
        np.testing.assert_array_equal(found, trained[name])
    assert explorer.alike == pytest.approx(dict.fromkeys(NAMES, 1.0))


def test_another_seed_shuffles_otherwise(digits_net):
    explorer = FeatureExplorer(digits_net, DIGITS.images[3], target=5, shuffled=1)
    one = explorer.control["saliency"]
    explorer.seed = 1
    assert not np.array_equal(explorer.control["saliency"], one)
    explorer.seed = 0
    np.testing.assert_array_equal(explorer.control["saliency"], one)


# -- What is sent, and when -----------------------------------------------------------------------


def test_a_cover_that_moves_brings_its_score_and_no_map_again(digits_net, page):
    explorer = FeatureExplorer(
        digits_net, DIGITS.images[3], target=5, cover=(0, 0), layer="conv2d_1", unit=1
    )
    about, _ = page(explorer, "frame", have={})
    assert set(about["sections"]) == set(about["keys"]) == {"input", "layer", "unit", "maps"}
    settings = {**explorer._settings["values"], "cover": [2, 3]}
    moved, (packed,) = page(explorer, "frame", have=about["keys"], settings=settings, seq=2)
    assert moved["cover"]["at"] == [2, 3]
    assert moved["cover"]["score"] != about["cover"]["score"]
    assert (moved["sections"], moved["parts"], len(packed)) == ({}, [], 0)
    settings["target"] = 6
    other, _ = page(explorer, "frame", have=about["keys"], settings=settings, seq=3)
    assert set(other["sections"]) == {"maps"}


@pytest.mark.parametrize(
    "change",
    [
        {"fill": 0.5}, {"occluder": 2}, {"of": "probability"}, {"signed": True}, {"shuffled": 1},
        {"target": 6}, {"colours": "shared"}, {"palette": "night"},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_what_is_set_otherwise_brings_the_maps_that_a_new_widget_would_have(
    digits_net, page, change
):
    explorer = FeatureExplorer(digits_net, DIGITS.images[3], target=5)
    about, _ = page(explorer, "frame", have={})
    settings = {**explorer._settings["values"], **change}
    told, (packed,) = page(explorer, "frame", have=about["keys"], settings=settings, seq=2)
    anew = FeatureExplorer(digits_net, DIGITS.images[3], **{"target": 5, **change})
    expected, (other,) = page(anew, "frame", have={})
    assert set(told["sections"]) == {"maps"}
    first = unpacked(expected, other)
    for one, steps in zip(told_maps(expected).values(), unpacked(told, packed), strict=True):
        assert np.array_equal(steps, first[one["part"]])


def test_other_weights_bring_everything_anew(page):
    net, picture = coloured(), noise((14, 11, 3))
    explorer = FeatureExplorer(net, picture, target=1)
    about, _ = page(explorer, "frame", have={})
    net.parameters = coloured(seed=2).parameters
    anew, _ = page(explorer, "frame", have=about["keys"], seq=2)
    assert set(anew["sections"]) == {"input", "maps"}
    np.testing.assert_array_equal(
        explorer.explanations["saliency"], features.saliency(net, picture, 1)
    )


def test_what_takes_long_comes_in_slices_and_ends_where_features_does(page, monkeypatch):
    monkeypatch.setattr("cnnlab.widgets.FeatureExplorer._moment", 0)
    monkeypatch.setattr("cnnlab.features.sweep._BATCH", 20)
    net, picture = coloured(), noise((14, 11, 3))
    explorer = FeatureExplorer(net, picture, target=1, shuffled=1)
    explorer._explaining, have, shares = None, {}, []
    for seq in range(200):
        about, (packed,) = page(explorer, "frame", have=have, seq=seq)
        have = about["keys"]
        if "maps" in about["sections"]:
            shares.append(told_maps(about)[0, "occlusion"]["share"])
        if not about["more"]:
            break
    assert not about["more"]
    assert shares[0] < 1
    assert shares == sorted(shares)
    about, (packed,) = page(explorer, "frame", have={}, seq=300)
    for (count, name), one in told_maps(about).items():
        other = features.shuffled(net, count)
        found = expected_maps(other, picture, 1)[name]
        steps = unpacked(about, packed)[one["part"]][0, ..., 0]
        expected = display.levels(found, "blue_red", one["limit"])
        assert np.abs(steps.astype(int) - expected).max() <= 1, (count, name)


def test_on_large_images_the_cover_steps_and_what_would_take_for_ever_is_not_begun():
    net = Network(Sequential([Conv2D(2, 3), GlobalAvgPool2D(), Dense(2)], (230, 200, 1)))
    explaining = Explaining(net, noise((230, 200, 1)))
    # 211 x 181 places of a cover of 20: every fourth row and column leaves fewer than 4,096.
    assert (explaining.stride(1), explaining.stride(20)) == (1, 4)
    assert not explaining.too_long(4)
    heavy = Explaining(Network(zoo.deck_network()), noise((28, 28, 1)))
    assert heavy.stride(4) == 1
    large = Network(
        Sequential([Conv2D(64, 9, padding=4), Conv2D(64, 9, padding=4), Flatten()], (300, 300, 3))
    )
    stuck = Explaining(large, noise((300, 300, 3)))
    assert stuck.too_long(2)
    assert [name for _, name in stuck._wanted(Asked(0, size=2))] == ["saliency", "grad_cam"]


# -- One unit -------------------------------------------------------------------------------------


def test_the_patches_are_the_strongest_that_numpy_finds(digits_net, page):
    explorer = FeatureExplorer(digits_net, data=DIGITS, layer="conv2d_2", unit=3)
    about, (packed,) = page(explorer, "patches", known=None)
    while about["done"] < about["count"]:
        about, (packed,) = page(explorer, "patches", known=None, seq=2)
    maps = features.feature_maps(digits_net, DIGITS.images)["conv2d_2"][..., 3]
    strength = maps.reshape(len(maps), -1).max(axis=1)
    which = np.argsort(-strength, kind="stable")[:9]
    assert [one["image"] for one in about["found"]] == which.tolist()
    for one, steps in zip(about["found"], unpacked(about, packed), strict=True):
        number = one["image"]
        assert one["activation"] == pytest.approx(strength[number])
        assert one["name"] == DIGITS.class_names[DIGITS.labels[number]]
        place = np.unravel_index(maps[number].argmax(), maps[number].shape)
        assert tuple(one["box"]) == features.receptive_field(digits_net, "conv2d_2", *place)
        painted = display.photograph(DIGITS.images[number, ..., 0])[..., :1]
        assert np.array_equal(steps[0], painted)
    known = [one["image"] for one in about["found"]]
    again, (packed,) = page(explorer, "patches", known=known, seq=3)
    assert (again["found"], len(packed)) == (about["found"], 0)
    assert [patch.image for patch in explorer.patches] == which.tolist()


def test_the_search_goes_on_in_slices_and_begins_anew_with_other_weights(page, monkeypatch):
    monkeypatch.setattr("cnnlab.widgets.FeatureExplorer._moment", 0)
    monkeypatch.setattr("cnnlab.features.sweep._BATCH", 7)
    net = coloured()
    data = Dataset(noise((20, 14, 11, 3)), np.arange(20) % 3, ["a", "b", "c"])
    explorer = FeatureExplorer(net, data=data, layer="conv2d_2", unit=0)
    done = [page(explorer, "patches", known=None, seq=seq)[0]["done"] for seq in range(4)]
    assert done == [7, 14, 20, 20]
    net.parameters = coloured(seed=5).parameters
    assert page(explorer, "patches", known=None, seq=9)[0]["done"] == 7


def test_patches_need_data_and_a_unit(digits_net, page):
    explorer = FeatureExplorer(digits_net, DIGITS.images[0], layer="conv2d_1", unit=0)
    assert "no data set here" in page(explorer, "patches")[0]["error"]
    with pytest.raises(DataError, match="no unit is chosen"):
        _ = FeatureExplorer(digits_net, data=DIGITS).patches


def test_the_chosen_place_and_its_field_are_told(digits_net, page):
    explorer = FeatureExplorer(digits_net, data=DIGITS, layer="conv2d_2", unit=3)
    about, (packed,) = page(explorer, "frame", have={})
    told, chosen = about["sections"]["unit"], explorer.maps["conv2d_2"][..., 3]
    row, column = np.unravel_index(chosen.argmax(), chosen.shape)
    assert told["place"] == [row, column]
    assert told["value"] == chosen[row, column]
    field = features.receptive_field(digits_net, "conv2d_2", row, column)
    assert tuple(told["field"]) == field == explorer.field
    steps = unpacked(about, packed)[told["part"]][0, ..., 0]
    assert np.array_equal(steps, display.levels(chosen, "blue_red", told["limit"]))
    explorer.at = (0, 0)
    about, _ = page(explorer, "frame", have={}, seq=2)
    assert about["sections"]["unit"]["place"] == [0, 0]
    assert explorer.field == features.receptive_field(digits_net, "conv2d_2", 0, 0)


def test_a_number_of_a_vector_sees_the_whole_picture(digits_net, page):
    explorer = FeatureExplorer(digits_net, data=DIGITS, layer="dense_1", unit=7)
    about, _ = page(explorer, "frame", have={})
    told = about["sections"]["unit"]
    assert told == {
        "layer": "dense_1", "unit": 7, "field": [0, 0, 8, 8],
        "value": float(explorer.maps["dense_1"][7]),
    }  # fmt: skip
    assert len(page(explorer, "patches", known=None, seq=2)[0]["found"]) == 9


# -- Refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": 10}, "the network tells 10 classes, counted from 0 to 9, got 10; try 9"),
        ({"target": "7"}, "a whole number is needed, got '7'"),
        ({"cover": 3}, r"cover is \(row, column\), got 3"),
        ({"cover": (5, 0)}, "for a cover of 4x4 this picture has 5 rows, .* got 5; try 4"),
        ({"occluder": 9}, "a cover of 9x9 is larger than the picture of 8x8 .* try occluder=8"),
        ({"shuffled": 5}, "this network has 4 layers with weights, got shuffled=5"),
        ({"fill": (0, 1)}, "fill is one finite number, or one for each of 1 channels"),
        ({"fill": float("nan")}, "fill is one finite number"),
        ({"of": "logit"}, "of is one of score, probability; got 'logit'"),
        ({"layer": "conv2d_1", "unit": 99}, "conv2d_1 has .* maps"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(digits_net, options, words):
    with pytest.raises((DataError, ShapeError), match=words):
        FeatureExplorer(digits_net, DIGITS.images[0], **options)


def test_an_option_that_is_not_known_names_the_nearest(digits_net):
    with pytest.raises(TypeError, match="did you mean 'occluder'"):
        FeatureExplorer(digits_net, occluders=3)


# -- Handed on ------------------------------------------------------------------------------------

LOOK = {
    "target": 5, "of": "probability", "colours": "shared", "signed": True, "occluder": 3,
    "fill": 0.25, "cover": (1, 2), "shuffled": 2, "seed": 3, "layer": "conv2d_2", "unit": 1,
    "at": (0, 1), "palette": "night",
}  # fmt: skip


def test_its_state_comes_back(digits_net):
    explorer = FeatureExplorer(digits_net, data=DIGITS, **LOOK)
    again = FeatureExplorer.from_state(json.dumps(explorer.state()), data=DIGITS)
    assert again.state() == explorer.state()
    assert {name: getattr(again, name) for name in LOOK} == LOOK
    np.testing.assert_array_equal(again.network_input, explorer.network_input)
    assert again.alike == explorer.alike
    assert again.data is DIGITS


def test_the_state_of_a_network_of_ones_own_needs_that_network():
    net = coloured()
    state = FeatureExplorer(net, noise((14, 11, 3)), target=1).state()
    with pytest.raises(DataError, match=r"try FeatureExplorer.from_state\(state, network\)"):
        FeatureExplorer.from_state(state)
    assert FeatureExplorer.from_state(state, net).target == 1


def test_the_code_gives_what_is_shown(digits_net):
    explorer = FeatureExplorer(digits_net, data=DIGITS, **LOOK)
    found = {"explorer": explorer}
    exec(explorer.code(), found)  # noqa: S102 - what a learner does with it
    for name in NAMES:
        np.testing.assert_array_equal(found["maps"][name], explorer.explanations[name])
        np.testing.assert_array_equal(found["control"][name], explorer.control[name])
    assert found["alike"] == explorer.alike
    assert found["field"] == explorer.field
    assert [patch.image for patch in found["patches"]] == [p.image for p in explorer.patches]
    np.testing.assert_allclose(found["covered"], explorer.covered)


@pytest.mark.parametrize("fill", [None, (0.5, 0, 1)])
def test_the_code_covers_with_a_colour_or_the_mean(fill):
    explorer = FeatureExplorer(
        coloured(), noise((14, 11, 3)), target=0, fill=fill, cover=(2, 2), occluder=6
    )
    found = {"explorer": explorer}
    exec(explorer.code(), found)  # noqa: S102 - what a learner does with it
    np.testing.assert_allclose(found["covered"], explorer.covered, atol=1e-7)
    assert found["before"][0] - found["after"][0] == pytest.approx(explorer.drop, abs=1e-5)
    for name in NAMES:
        np.testing.assert_array_equal(found["maps"][name], explorer.explanations[name])


def test_it_says_in_words_what_it_shows(digits_net):
    explorer = FeatureExplorer(digits_net, data=DIGITS, **LOOK)
    assert repr(explorer).endswith(
        "-> 10, probability of 5, covered at 1, 2, unit 1 of conv2d_2, 2 shuffled)"
    )
    assert "saliency, occlusion, grad-cam" in explorer._still_text()
    assert explorer._still().shape == (200, 4 * 200 + 3 * 16, 3)
    assert FeatureExplorer(digits_net, data=DIGITS)._still().shape == (200, 200, 3)


def test_at_rest_it_forgets_what_can_be_computed_again_and_goes_on(digits_net, page):
    explorer = FeatureExplorer(digits_net, data=DIGITS, **LOOK)
    before, patches = explorer.alike, [patch.image for patch in explorer.patches]
    explorer.rest()
    assert explorer._explaining is None
    about, _ = page(explorer, "frame", have={})
    assert set(about["sections"]) == {"input", "layer", "unit", "maps"}
    assert explorer.alike == before
    assert [patch.image for patch in explorer.patches] == patches


def test_a_class_stays_chosen_when_the_picture_changes(digits_net):
    explorer = FeatureExplorer(digits_net, data=DIGITS, target=5)
    first = explorer.explanations["saliency"]
    explorer.image = DIGITS.images[7]
    assert explorer.target == 5
    assert not np.array_equal(explorer.explanations["saliency"], first)
    np.testing.assert_array_equal(
        explorer.explanations["saliency"], features.saliency(digits_net, DIGITS.images[7], 5)
    )


def test_unused_activation_layers_do_not_hide_the_maps(page):
    net = Network(Sequential([Conv2D(4), ReLU(), Flatten(), Dense(2)], (8, 8, 1)), seed=0)
    explorer = FeatureExplorer(net, noise((8, 8)), target=0)
    assert set(explorer.explanations) == set(NAMES)
    assert explorer._facts["camLayer"] == "conv2d_1"
    assert explorer._facts["weights"] == ["conv2d_1", "dense_1"]
