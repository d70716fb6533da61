"""What a class sees of a learner: nothing without a yes, and then counts, places and choices."""

import json

import pytest

from cnnlab import cli
from cnnlab.errors import DataError
from cnnlab.exercises import consent, filters, progress, share, start
from cnnlab.exercises.store import STORE


@pytest.fixture
def drop(tmp_path, monkeypatch):
    """The folder that a hub makes for the learner."""
    place = tmp_path / "board" / "ada"
    place.mkdir(parents=True)
    monkeypatch.setenv("CNNLAB_BOARD", str(place))
    return place


def shown(drop):
    return json.loads((drop / "summary.json").read_text())


def test_nothing_is_shared_before_the_learner_says_so(drop):
    filters.map_size.commit(1)
    assert list(drop.iterdir()) == []
    assert "Your class sees nothing" in repr(progress())


def test_a_learner_alone_is_told_nothing_of_classes(monkeypatch):
    monkeypatch.delenv("CNNLAB_BOARD", raising=False)
    filters.map_size.commit(1)
    assert "class" not in progress().note
    assert "no server of a class" in repr(share("on"))


def test_what_is_shared_is_counts_places_and_choices(drop):
    share("on")
    filters.map_size.commit(1)
    filters.map_size.commit(2)  # what was thought first is what a room talks about
    filters.quiz[0].commit(2)
    filters.one_number.check(3.5)
    filters.one_number.check(4.5)
    told = shown(drop)
    assert told.pop("alias").isalpha()
    assert told == {
        "version": 1,
        "named": True,
        "at": "01_filters.one_number",
        "tries": 2,
        "done": {"01_filters": [1, 0, 1]},
        "picks": {"01_filters.map_size": 1, filters.quiz[0].key: 2},
    }


def test_who_begins_to_share_after_an_answer_is_where_the_last_one_was(drop):
    filters.quiz[0].commit(0)
    filters.map_size.commit(1)
    share("on")
    assert shown(drop)["at"] == filters.quiz[0].key  # in the order of the chapter
    filters.map_size.commit(2)
    share("on")
    assert shown(drop)["at"] == filters.map_size.key


def test_code_and_the_tests_of_the_course_are_never_shared(drop):
    share("on")
    STORE.change(filters.loops.key, lambda _: {"source": "SECRET", "attempts": 1, "solved": True})
    start.test[0].commit(0)
    text = (drop / "summary.json").read_text()
    assert "SECRET" not in text
    assert shown(drop)["picks"] == {}
    assert shown(drop)["done"] == {"00_start_here": [0, 0, 0], "01_filters": [0, 1, 0]}


def test_who_is_anonymous_keeps_three_letters_until_sharing_ends(drop):
    first = share("anonymous")
    assert shown(drop)["named"] is False
    assert first.alias == shown(drop)["alias"] == share("anonymous").alias == share("on").alias
    share("off")
    drawn = set()
    for _ in range(5):
        drawn.add(share("anonymous").alias)
        share("off")
    assert drawn != {first.alias}


def test_who_switches_off_is_taken_off_at_once_and_stays_off(drop):
    share("anonymous")
    (drop / "summary-left-by-a-crash.tmp").write_text("{}")
    assert (drop / "summary.json").exists()
    share("off")
    assert list(drop.iterdir()) == []
    filters.map_size.commit(1)
    assert list(drop.iterdir()) == []


def test_a_choice_made_in_another_notebook_meanwhile_is_the_one_that_holds(drop, monkeypatch):
    share("on")
    real = consent.replace

    def interrupted(path, content, mode):
        real(path, content, mode)
        if path.parent == drop:
            monkeypatch.setattr(consent, "replace", real)
            consent.keep(consent.Consent())

    monkeypatch.setattr(consent, "replace", interrupted)
    filters.map_size.commit(1)
    assert list(drop.iterdir()) == []


@pytest.mark.parametrize("text", ["", "[]", '{"way": "all"}', '{"way": "on", "alias": 3}', "{"])
def test_a_choice_that_cannot_be_read_means_no(drop, text):
    share("on")
    (STORE.path.parent / "sharing.json").write_text(text)
    filters.map_size.commit(1)
    assert list(drop.iterdir()) == []


def test_progress_does_not_depend_on_the_board(drop, monkeypatch):
    share("on")
    monkeypatch.setenv("CNNLAB_BOARD", str(drop / "gone"))
    filters.map_size.commit(1)
    assert filters.map_size.picked == [1]
    assert "cannot be reached" in repr(progress())
    assert "cannot be reached" in repr(share("anonymous"))
    monkeypatch.setenv("CNNLAB_BOARD", str(drop))
    cli.main(["progress"])
    assert shown(drop)["picks"] == {"01_filters.map_size": 1}


def test_a_reset_is_seen_too(drop):
    share("on")
    filters.map_size.commit(1)
    STORE.reset()
    assert shown(drop)["done"] == {}


def test_the_command_says_what_the_class_sees(drop, capsys):
    assert cli.main(["progress", "share", "anonymous"]) == 0
    assert f"how far {shown(drop)['alias']} is: that is you" in capsys.readouterr().out
    assert cli.main(["progress", "share", "off"]) == 0
    assert "sees nothing" in capsys.readouterr().out
    assert cli.main(["progress", "share"]) == 1
    assert "takes on, anonymous or off, got 0 words" in capsys.readouterr().err


def test_a_way_that_is_none_is_refused_with_those_that_are():
    with pytest.raises(DataError, match="'maybe' to share; try one of off, on, anonymous"):
        share("maybe")
