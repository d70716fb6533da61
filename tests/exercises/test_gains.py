"""The tests before and after the course, and what they say of a class."""

import json
from pathlib import Path

import pytest

from cnnlab import cli
from cnnlab.errors import DataError
from cnnlab.exercises import CHAPTERS, Probe, results
from cnnlab.exercises import start as lesson
from cnnlab.exercises.chapters.before_and_after import After, Before
from cnnlab.exercises.store import STORE
from cnnlab.widgets import Quiz

FORMS = [
    [item for item in vars(form).values() if isinstance(item, Probe)] for form in (Before, After)
]


@pytest.fixture
def course(monkeypatch):
    """A course of the first two chapters and the last, which has the second test."""
    monkeypatch.setattr("cnnlab.exercises.gains.CHAPTERS", (*CHAPTERS[:2], CHAPTERS[-1]))
    return CHAPTERS[-1].lesson()


def answer(questions, right):
    """Answer the first so many rightly, the others wrongly."""
    for k, question in enumerate(questions):
        question.commit((question.right + (k >= right)) % len(question.choices))


def test_both_forms_ask_the_same_twelve_ideas_with_other_numbers():
    before, after = FORMS
    assert len(before) == len(after) == 12
    for one, other in zip(before, after, strict=True):
        assert one.name.removeprefix("before_") == other.name.removeprefix("after_")
        assert one.prompt != other.prompt
        assert len(one.choices) == len(other.choices) >= 3


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [  # by hand, from the texts
        ("even_area", "0", "0"),
        ("stride", "4", "6"),
        ("same", "2", "3"),
        ("depth", "750", "288"),
        ("maps", "4", "6"),
        ("shift", "2 of 3", "2 of 3"),
        ("merged", "one of 5x5", "one of 7x7"),
        ("sees", "7", "9"),
        ("gradient", "21", "23"),
        ("nothing", "nothing", "nothing"),
        ("chosen", "0.9", "0.8"),
    ],
)
def test_the_keys_are_computed(name, first, second):
    for form, prefix, expected in [(Before, "before", first), (After, "after", second)]:
        question = vars(form)[f"{prefix}_{name}"]
        assert question.choices[question.right].text == expected


def test_the_right_answer_stands_at_every_place_now_and_then():
    for form in FORMS:
        assert len({question.right for question in form}) == 4


def test_nothing_is_told_before_the_second_test_is_done(course):
    quiz = Quiz(lesson.test)
    verdict = quiz.commit(1, "a")
    assert verdict.passed is None
    shown = quiz._shown[0]
    assert (shown["revealed"], shown["done"], shown["feedback"]) == (False, False, {})
    assert "right" not in repr(quiz)
    with pytest.raises(DataError, match="noted already, and a test takes one"):
        quiz.commit(1, "b")
    answer(FORMS[1][:-1], 11)
    assert Quiz(lesson.test)._shown[0]["feedback"] == {}
    answer(FORMS[1][-1:], 1)
    shown = Quiz(lesson.test)._shown[0]
    assert shown["revealed"]
    assert shown["feedback"]
    assert Quiz(lesson.test).score == (lesson.test[0].right == 0)


def test_the_gain_is_the_share_of_what_was_missing(course):
    answer(lesson.test, 4)
    assert results().gain is None
    answer(course.test, 10)
    assert results().gain == pytest.approx(6 / 8)  # Hake's: (10 - 4) / (12 - 4)
    assert results().learners[0].row == ("you", "4", "10", "12", "0.75")


def test_a_class_is_read_from_its_files(course, tmp_path, capsys):
    answer(lesson.test, 4)
    answer(course.test, 10)
    STORE.export(tmp_path / "ada.json")
    STORE.reset()
    answer(lesson.test, 6)
    STORE.export(tmp_path / "bob.json")
    files = [str(tmp_path / name) for name in ("ada.json", "bob.json")]
    table = tmp_path / "class.csv"
    assert cli.main(["progress", "results", *files, "--output", str(table)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].split() == ["ada", "4", "10", "12", "0.75"]
    assert printed[2].split() == ["bob", "6", "12"]
    assert printed[3] == "mean gain 0.75"
    head, ada, bob = (line.split(",") for line in table.read_text().splitlines())
    assert head[5:7] == ["before_even_area", "before_stride"]
    assert head[17] == "after_even_area"
    assert len(head) == len(ada) == len(bob) == 5 + 24
    assert ada[5:17] == ["1"] * 4 + ["0"] * 8
    assert bob[17:] == [""] * 12
    with pytest.raises(DataError, match=r"class.csv already exists; name another file"):
        results(*files).save(table)


def test_progress_goes_to_another_machine_and_nothing_is_lost(tmp_path, capsys):
    file = tmp_path / "mine.json"
    quiz = lesson.test[2]
    quiz.commit(1)
    STORE.change("01_filters.blur", lambda _: {"attempts": 3, "solved": True})
    assert cli.main(["progress", "export", str(file)]) == 0
    assert cli.main(["progress", "export", str(file)]) == 1
    assert "already exists; name another file" in capsys.readouterr().err
    assert cli.main(["progress", "reset"]) == 0
    aside = capsys.readouterr().out.split(" kept as ")[1].strip()
    assert json.loads(Path(aside).read_text())["entries"] == json.loads(file.read_text())["entries"]
    assert STORE.entries() == {}
    STORE.change("01_filters.blur", lambda _: {"attempts": 5, "solved": False, "here": [1]})
    lesson.test[3].commit(2)
    assert cli.main(["progress", "import", str(file)]) == 0
    assert STORE.read("01_filters.blur") == {"attempts": 5, "solved": True, "here": [1]}
    assert quiz.picked == [1]
    assert lesson.test[3].picked == [2]
    capsys.readouterr()
    assert cli.main(["progress"]) == 0
    assert "01 Filters" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "[]", '{"entries": 3}', "no"])
def test_a_file_that_is_no_progress_changes_nothing(content, tmp_path, capsys):
    file = tmp_path / "other.json"
    file.write_text(content)
    assert cli.main(["progress", "import", str(file)]) == 1
    assert "holds no progress" in capsys.readouterr().err
    assert cli.main(["progress", "import", str(tmp_path / "absent")]) == 1
    assert "there is no file" in capsys.readouterr().err
    assert STORE.entries() == {}


def test_a_command_with_too_many_files_says_so(capsys):
    assert cli.main(["progress", "export"]) == 1
    assert "`export` takes 1 file, got 0" in capsys.readouterr().err
