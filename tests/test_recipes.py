import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnnlab import checkpoints, datasets, recipes, training, zoo
from cnnlab.errors import DataError


def test_every_recipe_names_a_network_and_a_data_set_that_go_together():
    for name, recipe in recipes.RECIPES.items():
        assert name == recipe.network
        assert hasattr(datasets, recipe.dataset)
        if recipe.dataset != "mnist":
            assert recipe.data().train.images.shape[1:] == zoo.build(name).input_shape


def test_weights_ship_for_every_recipe_and_for_nothing_else():
    assert set(zoo.PRETRAINED) == set(recipes.RECIPES)
    shipped = {path.stem for path in zoo.weights_file("lenet5").parent.iterdir()}
    assert shipped == set(recipes.RECIPES)


@pytest.mark.parametrize("name", zoo.PRETRAINED)
def test_the_record_beside_the_weights_says_how_they_were_made(name):
    record = json.loads(zoo.weights_file(name).with_suffix(".json").read_text(encoding="utf-8"))
    assert record["command"] == f"cnnlab train {name} --seed {record['seed']}"
    settings = replace(recipes.recipe(name).settings, seed=record["seed"])
    assert record["settings"] == settings.as_json()
    assert set(record) == {
        "command", "settings", "seed", "data", "class_names", "measures", "date", "version",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["digits_net", "face_net"])
def test_shipped_weights_measure_what_their_record_says(name):
    record = json.loads(zoo.weights_file(name).with_suffix(".json").read_text(encoding="utf-8"))
    net = zoo.pretrained(name)
    assert net.sequential == zoo.build(name)
    measures = recipes.measure(recipes.recipe(name), net, recipes.recipe(name).data())
    assert measures == pytest.approx(record["measures"])
    assert measures["accuracy"] >= (0.975 if name == "digits_net" else 0.95)
    assert measures.get("false_positives", 0) <= 0.03


@pytest.mark.skipif(
    not (Path(os.environ.get("CNNLAB_DATA", "")) / "mnist").is_dir(),
    reason="MNIST is not here; set CNNLAB_DATA to a folder that has it",
)
def test_lenet5_as_it_ships_reads_mnist():
    accuracy = training.evaluate(zoo.pretrained("lenet5"), datasets.mnist().test).accuracy
    assert accuracy >= 0.991


def test_lenet5_as_it_ships_knows_a_one_from_a_seven():
    """Without MNIST: two strokes, drawn here."""
    images = np.zeros((2, 28, 28, 1), np.float32)
    images[0, 5:23, 13:15] = 1
    images[1, 6:8, 8:20] = 1
    for row in range(8, 23):
        column = 19 - (row - 8) // 2
        images[1, row, column - 1 : column + 1] = 1
    assert zoo.pretrained("lenet5").predict(images).argmax(axis=1).tolist() == [1, 7]


def test_training_by_a_recipe_learns_and_leaves_a_file_and_a_record(tmp_path):
    net, record = recipes.train("digits_net", seed=3, epochs=2, progress=False)
    assert record.measures["accuracy"] > 0.85
    assert record.command == "cnnlab train digits_net --seed 3 --epochs 2"
    path = tmp_path / "mine.safetensors"
    recipes.save(net, record, path)
    again = checkpoints.load(path)
    assert all((again.parameters[key] == net.parameters[key]).all() for key in net.parameters)
    assert json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["seed"] == 3
    with pytest.raises(DataError, match="cannot write"):
        recipes.save(net, record, tmp_path / "missing" / "mine.safetensors")


def test_the_same_seed_gives_the_same_network():
    nets = [recipes.train("digits_net", seed=1, epochs=1, progress=False)[0] for _ in range(2)]
    for name, array in nets[0].parameters.items():
        np.testing.assert_array_equal(array, nets[1].parameters[name])


def test_a_network_without_a_recipe_is_answered_with_those_that_have_one():
    with pytest.raises(DataError, match=r"no recipe for 'vgg16'; there is one for lenet5, .*fit\("):
        recipes.recipe("vgg16")


@pytest.mark.parametrize(
    "contents", ["", "{}", "[]", '{"class_names": 2}', '{"class_names": ["a"]}']
)
def test_classes_are_numbered_where_the_record_does_not_name_them(tmp_path, contents):
    path = tmp_path / "net.safetensors"
    assert recipes.class_names(path, 2) == ("0", "1")
    path.with_suffix(".json").write_text(contents, encoding="utf-8")
    assert recipes.class_names(path, 2) == ("0", "1")
    assert recipes.class_names(zoo.weights_file("face_net"), 2) == ("other", "face")
