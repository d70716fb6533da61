"""The pages for instructors: every chapter has one, its numbers are the course's own, it loads."""

import json
import re

import numpy as np
import pytest

from cnnlab import widgets
from cnnlab.errors import DataError
from cnnlab.exercises import CHAPTERS
from tests.instructor import PAGES, files

CHAPTERS_THERE = [chapter.stem for chapter in CHAPTERS if chapter.module]
STATES = sorted(PAGES.glob("*.json"))


def said_of(page, name):
    """Find what a page says of a situation."""
    return re.search(rf"^\| `{re.escape(name)}` \| (.+) \|$", page, re.MULTILINE)[1]


def loaded(stem, name):
    """Load a situation as an instructor would; gives the widget, and what is said of it."""
    (path,) = [one for one in STATES if one.stem.startswith(stem)]
    state = json.loads(path.read_text("utf-8"))[name]
    page = path.with_suffix(".md").read_text("utf-8")
    return getattr(widgets, state["widget"]).from_state(state), said_of(page, name)


@pytest.mark.parametrize("stem", CHAPTERS_THERE)
def test_every_chapter_has_a_page_with_forty_five_minutes(stem):
    text = (PAGES / f"{stem}.md").read_text("utf-8")
    for heading in ("45 minutes", "90 minutes", "What goes wrong", "Situations", "Answers"):
        assert f"\n## {heading}\n" in text
    plan = text.split("## 45 minutes")[1].split("## 90 minutes")[0]
    assert sum(map(int, re.findall(r"^\| (\d+) \|", plan, re.MULTILINE))) == 45


def test_answers_and_situations_are_those_of_the_course():
    for path, text in files().items():
        assert path.read_text("utf-8") == text, f"run: python -m tests.instructor ({path.name})"


@pytest.mark.parametrize("path", STATES, ids=lambda path: path.stem)
def test_every_situation_loads_and_is_named_in_its_page(path):
    page = path.with_suffix(".md").read_text("utf-8")
    for name, state in json.loads(path.read_text("utf-8")).items():
        loaded = getattr(widgets, state["widget"]).from_state(state)
        assert loaded.state() == state
        assert f"situations[{json.dumps(name)}]" in page
        assert len(said_of(page, name)) > 20


def test_what_a_page_calls_a_situation_is_one():
    for path in STATES:
        text = path.with_suffix(".md").read_text("utf-8").split("## Situations")[0]
        names = set(json.loads(path.read_text("utf-8")))
        lesson = next(one.lesson() for one in CHAPTERS if one.stem == path.stem)
        assert set(re.findall(r"`([^`]+)`", text)) <= names | {item.name for item in lesson.items}


def test_an_eye_counts_for_a_face_and_the_forehead_counts_more():
    explorer, said = loaded("08", "a finger on an eye")
    assert f"falls by {explorer.drop:.1f};" in said
    explorer.cover = (2, 6)
    assert f"falls by {explorer.drop:.1f}." in said


def test_with_all_weights_shuffled_no_map_is_like_the_one_before():
    explorer, _ = loaded("08", "all weights shuffled")
    with pytest.raises(DataError, match=f"try shuffled={explorer.shuffled}$"):
        explorer.shuffled += 1
    assert max(explorer.alike.values()) < 0.3


def test_on_a_wall_nothing_counts_for_a_face():
    explorer, _ = loaded("08", "nothing here is a face")
    assert explorer.explanations["grad_cam"].max() == 0


def test_a_four_is_read_as_a_nine_and_its_map_has_both_signs():
    explorer, _ = loaded("08", "a four that is read as a nine")
    scores = explorer.network.predict(explorer.network_input[None])[0]
    assert (scores.argmax(), explorer.target) == (9, 4)
    heat = explorer.explanations["grad_cam"]
    assert heat.min() < 0 < heat.max()


def test_a_unit_answers_along_the_top_of_a_five_and_hardly_to_a_four():
    explorer, _ = loaded("08", "a unit without a name")
    heat = explorer.maps["conv2d_2"][..., explorer.unit]
    five, row = heat.max(), heat.max(axis=1).argmax()
    assert row <= 2
    assert (heat[row] > five / 2).sum() >= 4
    explorer.image = loaded("08", "a four that is read as a nine")[0].image
    assert 2 * explorer.maps["conv2d_2"][..., explorer.unit].max() < five


def test_a_photograph_and_a_table_of_windows_have_the_products_that_are_said():
    lab, said = loaded("09", "two million at each touch")
    assert f"{lab.output.size * 9:,}" in said
    sizes, said = loaded("09", "a table of windows")
    assert f"{sizes.output_size[0] ** 2 * 5**2:,}" in said
    assert f"the picture {28**2}." in said


def test_a_weight_on_the_second_map_gives_ten_and_in_the_wrong_order_two():
    stepper, _ = loaded("09", "ten, not two")
    assert stepper.output.ravel() == [10]
    turned = stepper.image.transpose(2, 0, 1).ravel() @ stepper.filters.ravel()
    assert turned == 2


def test_of_a_convolution_that_is_split_all_parts_are_counted():
    builder, said = loaded("09", "the half that mixes")
    whole, mixing = (row.multiply_adds for row in builder.network.rows)
    rest = 56 * 56 * 128 * 3 * 3
    for count in (f"{whole / 1e6:.0f} million", f"{mixing / 1e6:.0f} million", f"{rest / 1e6:.1f}"):
        assert count in said
    assert round(whole / (mixing + rest), 1) == 8.4


def test_one_recording_of_each_sign_leaves_nothing_to_ask_and_two_do():
    recorder, _ = loaded("10", "three signs")
    for round_ in range(2):
        if round_ == 1:
            with pytest.raises(DataError, match="recording"):
                recorder.split()
        for name in recorder.class_names:
            recorder.add(np.zeros((3, 32, 32, 3)), name)
    assert len(recorder.split()[1]) == 9
    assert loaded("10", "with and without glasses")[0].class_names == ("glasses", "none")


def test_a_budget_is_broken_by_the_last_layer_and_kept_with_six_to_spare():
    dear, said = loaded("10", "the last layer is too dear")
    assert f"{dear.network.num_parameters:,} of {dear.parameter_budget:,}" in said
    last = dear.network.rows[-1].parameters
    assert last > 0.9 * dear.network.num_parameters
    small, said = loaded("10", "six parameters to spare")
    assert f"{small.network.num_parameters}." in said
    assert small.parameter_budget - small.network.num_parameters == 6
    assert not small.over_budget
