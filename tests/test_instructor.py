"""The pages for instructors: every chapter has one, its numbers are the course's own, it loads."""

import json
import re

import pytest

from cnnlab import widgets
from cnnlab.exercises import CHAPTERS
from tests.instructor import PAGES, files

CHAPTERS_THERE = [chapter.stem for chapter in CHAPTERS if chapter.module]
STATES = sorted(PAGES.glob("*.json"))


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


def test_what_a_page_calls_a_situation_is_one():
    for path in STATES:
        text = path.with_suffix(".md").read_text("utf-8").split("## Situations")[0]
        names = set(json.loads(path.read_text("utf-8")))
        lesson = next(one.lesson() for one in CHAPTERS if one.stem == path.stem)
        assert set(re.findall(r"`([^`]+)`", text)) <= names | {item.name for item in lesson.items}
