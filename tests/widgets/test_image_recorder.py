"""ImageRecorder from Python: what is recorded, divided, learned and kept. No browser here."""

import _thread
import json
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from cnnlab import Network, Sequential, checkpoints, datasets, training, zoo
from cnnlab.errors import DataError, ShapeError
from cnnlab.layers import Dense, Flatten
from cnnlab.widgets import ImageRecorder

SIZE = 16
RNG = np.random.default_rng(0)


def stripes(across, count=12, size=SIZE, channels=1):
    """Pictures of stripes, upright or across, each with a phase and noise of its own."""
    row, column = np.mgrid[:size, :size]
    place = row if across else column
    phase = RNG.random((count, 1, 1)) * 6
    waves = 0.5 + 0.4 * np.sin(place * 1.3 + phase) + 0.05 * RNG.random((count, size, size))
    return np.repeat(waves[..., None].astype(np.float32), channels, axis=3)


def filled(recordings=3, **options):
    recorder = ImageRecorder(
        ("across", "upright"), **{"size": SIZE, "grey": True, "epochs": 30, **options}
    )
    for _ in range(recordings):
        recorder.add(stripes(True, channels=recorder._shape[2]), "across")
        recorder.add(stripes(False, channels=recorder._shape[2]), 1)
    return recorder


@pytest.fixture(scope="module")
def trained():
    recorder = filled()
    recorder.train()
    assert recorder.wait(120)
    return recorder


# -- Pictures -------------------------------------------------------------------------------------


def test_pictures_come_out_as_they_went_in_to_eight_bits():
    recorder = ImageRecorder(("a", "b"), size=SIZE)
    first, second = RNG.random((3, SIZE, SIZE, 3)), RNG.random((2, SIZE, SIZE, 3))
    recorder.add(first, "b")
    recorder.add((second * 255).astype(np.uint8), "a")
    data = recorder.dataset
    assert data.images.shape == (5, SIZE, SIZE, 3)
    assert data.images.dtype == np.float32
    assert data.labels.tolist() == [1, 1, 1, 0, 0]
    assert data.class_names == ("a", "b")
    assert recorder.recordings.tolist() == [0, 0, 0, 1, 1]
    np.testing.assert_allclose(data.images[:3], first, atol=0.5 / 255 + 1e-6)
    np.testing.assert_array_equal(data.images[3:], np.float32((second * 255) // 1) / 255)


def test_a_large_picture_is_cut_to_its_middle_square_and_averaged():
    recorder = ImageRecorder(size=SIZE, grey=True)
    wide = np.zeros((32, 80), np.float32)
    wide[:, 24:56] = np.kron(np.eye(16), np.ones((2, 2)))
    recorder.add([wide], 0)
    image = recorder.dataset.images[0, ..., 0]
    assert image[0, 0] > 0.5 > image[0, 5]
    assert (image.argmax(axis=1) == np.arange(16)).all()


def test_a_folder_of_files_is_one_recording_unless_told_otherwise(tmp_path):
    for k in range(4):
        Image.new("RGB", (20, 30), (60 * k, 0, 0)).save(tmp_path / f"{k}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    recorder = ImageRecorder(size=SIZE)
    recorder.add(tmp_path, "fist")
    recorder.add([tmp_path / "1.png", tmp_path / "3.png"], "fist", recordings=[7, 8])
    np.testing.assert_allclose(
        recorder.dataset.images[:, 0, 0, 0] * 255, [0, 60, 120, 180, 60, 180], atol=1
    )
    assert recorder.recordings.tolist() == [0, 0, 0, 0, 1, 2]


@pytest.mark.parametrize("seed", range(4))
def test_no_recording_is_on_both_sides_of_the_split(seed):
    recorder = ImageRecorder(("a", "b", "c"), size=SIZE, grey=True, seed=seed)
    number = 0
    sizes = {"a": [3, 9, 4, 4], "b": [5, 5], "c": [1, 20, 6]}
    for name, counts in sizes.items():
        for count in counts:
            number += 1  # every picture of a recording has one level
            recorder.add(np.full((count, SIZE, SIZE, 1), number / 20), name)
    train, held_out = recorder.split()
    assert len(train) + len(held_out) == 57
    seen, examined = (set(one.images[:, 0, 0, 0].tolist()) for one in (train, held_out))
    assert not seen & examined
    assert len(seen | examined) == number
    for label, counts in enumerate(sizes.values()):
        share = held_out.class_counts[label] / sum(counts)
        assert 0.2 <= share <= 0.5
    again = recorder.split()[1]
    np.testing.assert_array_equal(again.images, held_out.images)


def test_where_nothing_can_be_held_out_it_says_so_and_trains_all_the_same():
    recorder = filled(1, epochs=2)
    with pytest.raises(DataError, match=r"across has one recording only and upright has one"):
        recorder.split()
    recorder.train()
    assert recorder.wait(60)
    assert recorder.history.snapshots[-1].validation is None
    assert len(recorder.history) == 2 * 2  # 24 pictures in steps of 16
    assert repr(recorder) == "ImageRecorder(across 12, upright 12 pictures; finished)"


# -- Training -------------------------------------------------------------------------------------


def test_it_learns_stripes_and_names_them(trained):
    held_out = trained.split()[1]
    assert len(held_out) == 24
    scores = trained.network.predict(held_out.images)
    right = float((scores.argmax(axis=1) == held_out.labels).mean())
    assert right > 0.9
    assert repr(trained).endswith(f"finished, {100 * right:.3g} % of 24 held out right)")
    last = trained.history.snapshots[-1]
    assert last.validation == training.evaluate(trained.network, held_out)
    chances = trained.recognise(held_out.images[0, ..., 0])
    exact = np.exp(scores[0].astype(float))
    assert list(chances) == ["across", "upright"]
    np.testing.assert_allclose(list(chances.values()), exact / exact.sum(), atol=1e-4)


def test_the_code_trains_the_same_network(trained):
    scope = {"recorder": trained}
    exec(trained.code(), scope)  # noqa: S102 - running it is the test
    for name, array in scope["net"].parameters.items():
        np.testing.assert_array_equal(array, trained.network.parameters[name])


def test_stopping_keeps_what_was_learned():
    recorder = filled(epochs=500)
    assert recorder.network is None
    recorder.train()
    while len(recorder.history) < 3:
        threading.Event().wait(0.01)
    recorder.stop()
    assert recorder.wait(60)
    done = len(recorder.history)
    assert 3 <= done < 2000
    alone = filled_like(recorder, done)
    for name, array in recorder.network.parameters.items():
        np.testing.assert_array_equal(array, alone.parameters[name])
    assert "stopped" in repr(recorder)


def filled_like(recorder, steps):
    """The same training without the widget, by its own code, for some steps."""
    scope = {"recorder": recorder}
    code = recorder.code().replace("    pass", f"    if snapshot.step == {steps}: break")
    exec(code, scope)  # noqa: S102 - ours
    return scope["net"]


def test_an_interrupt_of_wait_stops_and_loses_nothing():
    recorder = filled(epochs=500)
    recorder.train()
    timer = threading.Timer(0.2, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        recorder.wait()
    timer.join()
    assert recorder.wait(60)
    assert len(recorder.dataset) == 72
    assert len(recorder.history) > 0


def test_a_network_of_ones_own_is_trained_and_left_as_it_is():
    stack = Sequential([Flatten(), Dense(2)], input_shape=(SIZE, SIZE, 1))
    net = Network(stack, seed=3)
    before = net.parameters
    recorder = filled(network=net, epochs=1, augment=False)
    recorder.train()
    assert recorder.wait(60)
    assert recorder.network is not net
    for name, array in net.parameters.items():
        np.testing.assert_array_equal(array, before[name])
    assert (recorder.network.parameters["dense_1.weights"] != before["dense_1.weights"]).any()
    scope = {"recorder": recorder, "network": net}
    exec(recorder.code(), scope)  # noqa: S102 - running it is the test
    np.testing.assert_array_equal(
        scope["net"].parameters["dense_1.bias"], recorder.network.parameters["dense_1.bias"]
    )


# -- One file -------------------------------------------------------------------------------------


def test_what_was_saved_is_there_again(trained, tmp_path):
    path = tmp_path / "gestures.safetensors"
    trained.save(path)
    trained.save(path)  # its own file may be replaced
    again = ImageRecorder.load(path)
    np.testing.assert_array_equal(again.dataset.images, trained.dataset.images)
    np.testing.assert_array_equal(again.dataset.labels, trained.dataset.labels)
    np.testing.assert_array_equal(again.recordings, trained.recordings)
    assert again.class_names == trained.class_names
    assert again.state() == trained.state()
    probe = trained.dataset.images[5]
    assert again.recognise(probe) == trained.recognise(probe)
    assert repr(again) == repr(trained).replace("finished", "loaded")
    again.add(stripes(True), "across")
    again.save(path)  # it was loaded from there
    assert len(ImageRecorder.load(path).dataset) == len(trained.dataset) + 12
    arrays = load_file(path)
    assert arrays["pictures"].dtype == np.uint8
    assert arrays["labels"].tolist() == again.dataset.labels.tolist()


def test_a_network_of_ones_own_is_kept_with_its_first_weights(tmp_path):
    net = Network(Sequential([Flatten(), Dense(2)], input_shape=(SIZE, SIZE, 1)), seed=9)
    recorder = filled(network=net)
    recorder.save(tmp_path / "r.safetensors")
    again = ImageRecorder.load(tmp_path / "r.safetensors")
    assert again.network is None
    np.testing.assert_array_equal(
        again._learner.first.parameters["dense_1.weights"], net.parameters["dense_1.weights"]
    )


def test_what_is_not_its_own_is_not_overwritten(trained, tmp_path):
    for name, write in {
        "text": lambda path: path.write_text("dear diary"),
        "network": lambda path: checkpoints.save(Network(zoo.digits_net()), path),
        "other": lambda path: filled(1).save(path),
    }.items():
        path = tmp_path / name
        write(path)
        before = path.read_bytes()
        with pytest.raises(DataError, match=r"holds .* would be lost; choose another name"):
            trained.save(path)
        assert path.read_bytes() == before
        trained.save(path, overwrite=True)
        assert ImageRecorder.load(path).class_names == ("across", "upright")
    with pytest.raises(DataError, match="is a folder; name a file in it"):
        trained.save(tmp_path)
    with pytest.raises(DataError, match="there are no pictures yet"):
        ImageRecorder().save(tmp_path / "empty")
    assert not (tmp_path / "empty").exists()


def _changed(path, **arrays):
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        header = file.metadata()
    save_file(load_file(path) | arrays, path, header)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "cannot be read"),
        (lambda path: path.write_bytes(b"GIF89a"), "not a safetensors file"),
        (lambda path: _changed(path, labels=np.zeros(72, np.int64)), "not those that were saved"),
        (lambda path: _changed(path, labels=np.zeros(72, np.int32)), "labels must be I64"),
        (lambda path: _changed(path, more=np.zeros(2)), "extra"),
        (lambda path: checkpoints.save(Network(zoo.digits_net()), path), "something else is in it"),
        (Path.unlink, "cannot be read"),
    ],
)
def test_a_broken_file_is_refused_in_words(trained, tmp_path, spoil, why):
    path = tmp_path / "gestures.safetensors"
    trained.save(path)
    spoil(path)
    with pytest.raises(DataError, match=rf"is not a file of recordings: .*{why}"):
        ImageRecorder.load(path)


# -- What the page does ---------------------------------------------------------------------------


def put(page, recorder, of, recording, *keys, level=0):
    pixels = np.full((len(keys), *recorder._shape), level, np.uint8)
    pictures = [[key, of, recording] for key in keys]
    return page(recorder, "put", [pixels.tobytes()], pictures=pictures)[0]


def look(page, recorder, revision=-1):
    has = {"have": 0, "attempt": -1, "counted": None}
    return page(recorder, "look", revision=revision, training=has)


def test_what_is_sent_twice_arrives_once(page):
    recorder = ImageRecorder(size=SIZE, grey=True)
    first = put(page, recorder, "class-0", "r1", "a", "b", level=255)
    assert first["revision"] == first["before"] + 1
    again = put(page, recorder, "class-0", "r1", "b", "c", level=7)
    assert recorder.dataset.images[:, 0, 0, 0].tolist() == [1, 1, np.float32(7 / 255)]
    answer, _ = look(page, recorder)
    assert [one[0] for one in answer["pictures"]] == ["a", "b", "c"]
    assert "pictures" not in look(page, recorder, again["revision"])[0]
    _, out = page(recorder, "pixels", keys=["c", "a"])
    assert out[0] == bytes([7] * SIZE**2 + [255] * SIZE**2)


def test_what_is_removed_comes_back_when_it_is_shown_again(page):
    recorder = ImageRecorder(size=SIZE, grey=True)
    put(page, recorder, "class-0", "r1", "a", "b")
    put(page, recorder, "class-1", "r2", "c")
    classes = [["class-0", "palm"], ["class-9", "new"]]
    page(recorder, "arrange", classes=classes, hide=["b"], show=[])
    assert recorder.class_names == ("palm", "new")
    assert recorder.dataset.labels.tolist() == [0]
    before = [["class-0", "open hand"], ["class-1", "fist"]]
    page(recorder, "arrange", classes=before, hide=[], show=["a", "b", "c"])
    assert recorder.dataset.labels.tolist() == [0, 0, 1]
    answer, _ = page(recorder, "arrange", classes=[["x", "same"], ["y", "same"]], hide=[], show=[])
    assert "two classes are called 'same'" in answer["error"]
    assert recorder.class_names == ("open hand", "fist")


def test_the_page_hears_of_training_and_network(page, trained):
    answer, out = look(page, trained)
    held = {key for key, _, recording in answer["pictures"] if recording in answer["held"]}
    assert len(held) == 24
    assert answer["learned"]["names"] == ["across", "upright"]
    assert answer["learned"]["current"] is True
    assert answer["learned"]["examined"][1] == 24
    about = answer["training"]
    assert (about["state"], about["epochs"], about["few"]) == ("finished", 30, "")
    points = np.frombuffer(out[0], np.float32).reshape(-1, 3)
    expected = [(one.step, one.loss, one.accuracy) for one in trained.history.snapshots]
    np.testing.assert_array_equal(points, np.array(expected, np.float32))
    pixels = (trained.dataset.images[0] * 255).round().astype(np.uint8)
    seen, _ = page(trained, "see", [pixels.tobytes()])
    assert seen["names"] == ["across", "upright"]
    np.testing.assert_allclose(
        seen["chances"], list(trained.recognise(trained.dataset.images[0]).values()), atol=1e-6
    )


def test_a_class_that_is_called_otherwise_is_recognised_by_its_new_name(page):
    recorder = filled(epochs=1)
    recorder.train()
    assert recorder.wait(60)
    page(
        recorder, "arrange", classes=[["class-0", "flat"], ["class-1", "upright"]], hide=[], show=[]
    )
    assert list(recorder.recognise(stripes(True)[0])) == ["flat", "upright"]
    assert look(page, recorder)[0]["learned"]["current"] is False  # the album has changed


def test_no_synced_trait_holds_a_picture():
    recorder = ImageRecorder(("dark", "bright"), size=SIZE, grey=True)
    before = len(json.dumps(recorder.get_state(), default=str))
    recorder.add(stripes(True, 50), "dark")
    assert len(json.dumps(recorder.get_state(), default=str)) < before + 20
    still = recorder._repr_mimebundle_()
    assert "a square a picture" in still[1]["image/jpeg"]["alt"]


# -- Doors ----------------------------------------------------------------------------------------


def test_a_state_makes_the_same_recorder_without_pictures():
    recorder = filled(seed=5, speed=9, mirrored=False)
    again = ImageRecorder.from_state(json.loads(json.dumps(recorder.state())))
    assert again.state() == recorder.state()
    assert (again.speed, again._seed, again._shape) == (9, 5, (SIZE, SIZE, 1))
    with pytest.raises(DataError, match="there are no pictures yet"):
        _ = again.dataset
    broken = recorder.state() | {"made": {"path": "/"}}
    with pytest.raises(DataError, match="the state says that the recorder was made with"):
        ImageRecorder.from_state(broken)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"class_names": ["one"]}, "2 to 6 classes, got 1"),
        ({"class_names": list("abcdefg")}, "2 to 6 classes, got 7"),
        ({"class_names": ["a", " a "]}, "two classes are called 'a'"),
        ({"class_names": ["a", ""]}, "the name of a class is a text"),
        ({"class_names": "ab"}, "class_names must be a list"),
        ({"size": 8}, "size must be at least 16"),
        ({"grey": 1}, "grey must be True or False"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"network": 7}, "must be a Sequential or a Network, got 7"),
        ({"network": zoo.digits_net()}, "takes pictures of .*; try size=8, grey=True"),
        ({"network": zoo.lenet5(), "size": 28, "grey": True}, r"ends in Dense\(2\)"),
    ],
)
def test_what_makes_no_sense_is_refused(options, why):
    with pytest.raises(DataError, match=why):
        ImageRecorder(**options)


@pytest.mark.parametrize(
    ("images", "label", "why"),
    [
        (stripes(True), "thumb", "there is no class 'thumb'; label is one of across, upright"),
        (stripes(True), 2, "a number from 0 to 1"),
        (stripes(True), True, "there is no class True"),
        (stripes(True) * 300, 0, "pixels lie from 0 to 1, .* got"),
        (stripes(True)[..., 0], 0, r"try \[image\] for one picture"),
        (np.zeros((2, 5, 5, 4)), 0, "a picture is"),
        ("no/such/file.png", 0, "no/such/file.png"),
        ([], 0, "a folder or a list"),
    ],
)
def test_pictures_that_are_none_are_refused_and_none_is_taken(images, label, why):
    recorder = ImageRecorder(("across", "upright"), size=SIZE, grey=True)
    with pytest.raises((DataError, ShapeError), match=why):
        recorder.add(images, label)
    with pytest.raises(DataError, match="there are no pictures yet"):
        _ = recorder.recordings, recorder.dataset


def test_training_asks_for_pictures_of_every_class_and_for_a_network_that_fits(page):
    recorder = ImageRecorder(("across", "upright"), size=SIZE, grey=True)
    recorder.add(stripes(True), 0)
    with pytest.raises(DataError, match="there is no picture of upright yet"):
        recorder.train()
    with pytest.raises(DataError, match="no network was trained yet; press Train"):
        recorder.recognise(np.zeros((SIZE, SIZE)))
    with pytest.raises(DataError, match="12 pictures need 12 numbers of recordings"):
        recorder.add(stripes(True), 0, recordings=[1, 2])
    stack = Sequential([Flatten(), Dense(2)], input_shape=(SIZE, SIZE, 1))
    own = filled(network=stack)
    classes = [*map(list, own._album.classes), ["third", "third"]]
    page(own, "arrange", classes=classes, hide=[], show=[])
    own.add(stripes(True), "third")
    answer, _ = page(own, "act", act="train")
    assert "there are 3 classes; try a network that ends in Dense(3)" in answer["error"]


def test_there_is_an_end_to_the_pictures():
    recorder = ImageRecorder(size=SIZE, grey=True)
    many = np.zeros((1500, SIZE, SIZE, 1), np.uint8)
    recorder.add(many, 0)
    recorder.add(many, 1)
    with pytest.raises(DataError, match="3000 pictures at the most"):
        recorder.add(many[:1], 1)
    assert len(recorder.dataset) == 3000


def test_the_default_network_takes_every_size():
    for size in (16, 30, 96):
        recorder = ImageRecorder(size=size, grey=True, epochs=1)
        for label in (0, 1):
            recorder.add(stripes(True, 4, size), label)
        recorder.train()
        assert recorder.wait(60)
        assert "finished" in repr(recorder)
    assert isinstance(recorder.dataset, datasets.Dataset)
