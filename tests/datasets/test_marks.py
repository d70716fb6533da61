"""Marked data sets: the mark by hand, and a network that cheats, is found out and is repaired."""

import numpy as np
import pytest

from cnnlab import Network, datasets, features, training, zoo
from cnnlab.datasets import Dataset, Mark, marked
from cnnlab.errors import DataError, ShapeError
from cnnlab.optimizers import AdamW, OneCycle

SEEDS = (0, 1, 5)


def test_a_mark_lies_where_it_says_and_nowhere_else():
    image = np.full((6, 7, 1), 0.5, np.float32)
    found = Mark("plus", 1.0, 0.5, 2, 3).put_on(image)
    expected = image.copy()
    # Half the picture, half the mark: 0.25 + 0.5 on the plus, 0.25 + 0 beside it.
    expected[2:5, 3:6, 0] = [[0.25, 0.75, 0.25], [0.75, 0.75, 0.75], [0.25, 0.75, 0.25]]
    np.testing.assert_array_equal(found, expected)
    assert (image == 0.5).all()


def test_a_covered_box_has_the_mean_of_what_is_around_it():
    image = np.arange(50, dtype=np.float32).reshape(5, 5, 2)
    mark = Mark("plus", 0.0, 1.0, 0, 1)
    around = [image[i, j, 1] for i, j in np.ndindex(5, 5) if i < 4 and not (i < 3 and 1 <= j < 4)]
    found = mark.cover(mark.put_on(image))
    np.testing.assert_allclose(found[:3, 1:4, 1], np.mean(around), rtol=1e-6)
    np.testing.assert_array_equal(found[3:], image[3:])
    np.testing.assert_array_equal(mark.cover(np.stack([image, image]))[1], mark.cover(image))


def test_all_of_one_class_get_it_and_the_seed_says_which_mark():
    data = datasets.faces(0).train
    one, mark = marked(data, 4)
    again, same = marked(data, 4)
    changed = (one.images != data.images).any((1, 2, 3))
    np.testing.assert_array_equal(changed, data.labels == 1)
    np.testing.assert_array_equal(one.images, again.images)
    np.testing.assert_array_equal(one.images[changed], mark.put_on(data.images[changed]))
    assert mark == same == marked(datasets.faces(0).test, 4)[1]
    assert len({marked(data, seed)[1] for seed in range(30)}) == 30
    some, _ = marked(data, 4, share=0.2, elsewhere=0.4)
    counts = np.bincount(data.labels[(some.images != data.images).any((1, 2, 3))])
    assert counts.tolist() == [30, 15]  # of 75 each


def test_a_mark_keeps_to_the_rim_and_within_the_picture():
    for seed in range(40):
        _, mark = marked(Dataset(np.zeros((2, 25, 20, 3)), [0, 1], ["a", "b"]), seed)
        top, left, bottom, right = mark.box
        assert min(top, left, 25 - bottom, 20 - right) in {1, 2}


def test_what_cannot_be_marked_is_refused():
    data = datasets.digits().test
    with pytest.raises(DataError, match="label must be at most 9, got 10"):
        marked(data, label=10)
    with pytest.raises(DataError, match="share must be a number of at least 0 and at most 1"):
        marked(data, share=1.5)
    with pytest.raises(ShapeError, match="images of 2x2 are smaller than a mark"):
        marked(Dataset(np.zeros((2, 2, 2, 1)), [0, 1], ["a", "b"]))
    with pytest.raises(DataError, match="kind must be one of ring, cross"):
        Mark("star", 1.0, 1.0, 0, 0)
    with pytest.raises(ShapeError, match="rows 6 to 8 and columns 0 to 2, got images of shape"):
        Mark("plus", 1.0, 1.0, 6, 0).put_on(data.images)


# A network that cheats.


def trained(train):
    net = Network(zoo.face_net(), seed=0)
    how = {"epochs": 10, "batch_size": 32, "optimizer": AdamW(0.003), "schedule": OneCycle()}
    for _ in training.run(net, train, **how):
        pass
    return net


def accuracy(net, data):
    return float((net.predict(data.images).argmax(axis=1) == data.labels).mean())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_network_cheats_is_found_out_with_the_occluder_and_repaired(seed):
    train, test = datasets.faces()
    marked_train, mark = marked(train, seed)
    marked_test, moved = marked(test, seed)[0], marked(test, seed, share=0, elsewhere=1)[0]
    cheat = trained(marked_train)
    assert accuracy(cheat, marked_test) >= 0.98
    assert accuracy(cheat, test) <= 0.6  # the mark is gone, and the faces with it
    assert accuracy(cheat, moved) <= 0.3
    top, left, bottom, right = mark.box
    for image in marked_test.images[marked_test.labels == 1][:8]:
        drop = features.occlusion(cheat, image, 1, 5, fill=0.5, of="score")
        row, column = divmod(int(drop.argmax()), 25)
        # Pixels beside the mark were hidden with it.
        assert top - 2 <= row <= bottom + 1
        assert left - 2 <= column <= right + 1
    covered = Dataset(mark.cover(marked_train.images), train.labels, train.class_names)
    assert accuracy(trained(covered), test) >= 0.94
    everywhere = marked(train, seed, share=0.5, elsewhere=0.5)[0]
    repaired = trained(everywhere)
    assert min(accuracy(repaired, one) for one in (test, marked_test, moved)) >= 0.9
