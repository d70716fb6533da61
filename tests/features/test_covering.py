"""Occlusion, held against a plain loop."""

import numpy as np
import pytest

from cnnlab import features
from cnnlab.errors import ShapeError
from cnnlab.layers import Softmax
from tests.features.examples import classifier, picture


@pytest.mark.parametrize(
    ("window", "stride", "fill"), [(3, 1, 0.0), ((4, 2), (3, 2), None), (5, 7, 1.0)]
)
def test_occlusion_is_what_a_plain_loop_finds(window, stride, fill):
    net, image, target = classifier(), picture(), 0
    rows, columns = window if isinstance(window, tuple) else (window, window)
    down, across = stride if isinstance(stride, tuple) else (stride, stride)
    tops = sorted({*range(0, 12 - rows + 1, down), 12 - rows})
    lefts = sorted({*range(0, 10 - columns + 1, across), 10 - columns})
    before = net.probabilities(image[None])[0, target]
    drops = [[[] for _ in range(10)] for _ in range(12)]
    for top in tops:
        for left in lefts:
            covered = image.copy()
            cover = image.mean(axis=(0, 1)) if fill is None else fill
            covered[top : top + rows, left : left + columns] = cover
            drop = before - net.probabilities(covered[None])[0, target]
            for row in range(top, top + rows):
                for column in range(left, left + columns):
                    drops[row][column].append(drop)
    expected = [[np.mean(cell) if cell else 0 for cell in line] for line in drops]
    found = features.occlusion(net, image, target, window, stride, fill=fill)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_a_sweep_in_slices_ends_where_the_map_is():
    net, image = classifier(), picture()
    sweep = features.OcclusionSweep(net, image, 2, window=1, fill=0.5, of="score")
    assert (sweep.done, sweep.count) == (0, 120)
    sweep._batch = 50  # as of a network so large that no more fit in a slice
    assert not sweep.advance(0)
    assert sweep.done == 50
    whole = features.occlusion(net, image, 2, window=1, fill=0.5, of="score")
    np.testing.assert_allclose(sweep.map[:5], whole[:5], rtol=1e-4, atol=1e-6)
    assert not sweep.map[5:].any()  # nothing is known of these yet
    while not sweep.advance(0):
        pass
    np.testing.assert_allclose(sweep.map, whole, rtol=1e-4, atol=1e-6)


def test_a_cover_has_a_tone_for_each_channel_and_the_score_may_be_watched():
    net, image = classifier(Softmax()), picture()
    plain = classifier()
    plain.parameters = net.parameters
    covered = image.copy()
    found = features.occlusion(net, image, 1, (12, 10), fill=[0.25, 1], of="score")
    covered[:] = [0.25, 1]
    before, after = plain.predict(np.stack([image, covered]))[:, 1]
    np.testing.assert_allclose(found, before - after, rtol=1e-4)
    with pytest.raises(ShapeError, match="one for each of 2 channels"):
        features.occlusion(net, image, fill=[1, 2, 3])


def test_a_cover_larger_than_the_image_is_refused():
    with pytest.raises(ShapeError, match="a cover of 11x11 is larger than the image of 12x10"):
        features.occlusion(classifier(), picture(), window=11)
