"""The board of an instructor: who shares is on it, and what others wrote is not believed."""

import json
import os
import time

import pytest

from cnnlab import cli
from cnnlab.classroom import board
from cnnlab.errors import DataError
from cnnlab.exercises import filters, share

SUMMARY = {
    "version": 1, "named": True, "alias": "QXD", "at": "01_filters.one_number", "tries": 3,
    "done": {"01_filters": [1, 2, 3]}, "picks": {"01_filters.map_size": 1},
}  # fmt: skip


@pytest.fixture
def room(tmp_path):
    """The folder of a class; the function puts a summary into a learner's folder."""

    def put(name, text=None, **changes):
        place = tmp_path / "room" / name
        place.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**SUMMARY, **changes}) if text is None else text
        (place / "summary.json").write_text(text)
        return place / "summary.json"

    put.folder = tmp_path / "room"
    put.folder.mkdir()
    return put


def names(room):
    return [one.name for one in board.read(room.folder).learners]


def test_what_a_learner_shares_is_what_the_board_shows(room, monkeypatch):
    place = room("ada").parent
    monkeypatch.setenv("CNNLAB_BOARD", str(place))
    share("on")
    filters.map_size.commit(2)
    filters.one_number.check(0.5)
    (ada,) = board.read(room.folder).learners
    assert (ada.name, ada.at, ada.tries) == ("ada", "01_filters.one_number", 1)
    assert ada.done == {"01_filters": (1, 0, 0)}
    assert board.read(room.folder).votes(filters.map_size) == (0, 0, 1, 0)
    share("off")
    assert names(room) == []


def test_a_row_has_the_place_the_tries_and_the_share_of_each_chapter(room):
    file = room("ada")
    room("bob", named=False, alias="KMP", tries=0, done={})
    lines = repr(board.read(room.folder)).splitlines()
    assert lines[0].split() == ["learner", "works", "at", "last", "answer", "01"]
    assert "bob" not in repr(board.read(room.folder))
    assert lines[1].split()[0] == "KMP"
    # 1 of 2 predictions, 2 of 5 tasks, 3 of 5 quiz questions: 6 of 12.
    os.utime(file, (time.time() - 190,) * 2)
    assert "3 min ago" in repr(board.read(room.folder))
    assert lines[2].split() == [
        "ada",
        "01",
        "one",
        "number",
        "(task,",
        "3",
        "tries)",
        "just",
        "now",
        "50%",
    ]


def test_on_the_beamer_nobody_has_a_name(room):
    room("ada", alias="ZZZ")
    room("bob", alias="AAA")
    hidden = board.read(room.folder).anonymous
    assert [one.name for one in hidden.learners] == ["AAA", "ZZZ"]  # not in the order of the names
    for text in (repr(hidden), hidden._repr_html_()):
        assert "ada" not in text
        assert "bob" not in text


def test_the_votes_of_a_room_are_counted_choice_by_choice(room):
    for name, place in [("ada", 1), ("bob", 1), ("cyd", 2)]:
        room(name, picks={"01_filters.map_size": place})
    standings = board.read(room.folder)
    assert standings.votes(filters.map_size) == (0, 2, 1, 0)
    html = standings.predictions("01_filters")
    assert "--share: 67%" in html
    assert "--share: 33%" in html
    assert filters.quiz[0].prompt not in html  # nobody has answered it
    assert "has an answer yet" in standings.predictions("02_stride_and_padding")


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "[" * 5000, "{}", json.dumps({**SUMMARY, "version": 2}),
        json.dumps({**SUMMARY, "alias": "<b>"}), json.dumps({**SUMMARY, "done": []}),
        json.dumps({**SUMMARY, "done": {"01_filters": [1]}}),
        json.dumps({**SUMMARY, "done": {"01_filters": ["1", 2, 3]}}), "x" * 200_000,
    ],
)  # fmt: skip
def test_what_is_no_summary_is_left_out_and_the_others_stay(room, text):
    room("ada", text)
    room("bob")
    assert names(room) == ["bob"]


def test_what_a_summary_cannot_hold_is_not_taken_from_it(room):
    room(
        "ada", at="01_filters.<script>", tries=10**9, done={"01_filters": [99, -4, 0], "99": [1]},
        picks={"01_filters.map_size": 17, "01_filters.loops": 0, "<script>": 1},
    )  # fmt: skip
    (ada,) = board.read(room.folder).learners
    assert (ada.at, ada.picks, ada.done) == ("", {}, {"01_filters": (2, 0, 0)})
    assert "<script" not in board.read(room.folder)._repr_html_()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes among files")
def test_links_and_pipes_in_place_of_a_summary_are_not_opened(room, tmp_path):
    real = room("ada")
    for name in ("bob", "cyd"):
        room(name).unlink()
    (room.folder / "bob" / "summary.json").symlink_to(real)
    os.mkfifo(room.folder / "cyd" / "summary.json")
    (room.folder / "dan").symlink_to(real.parent)
    assert names(room) == ["ada"]


def test_the_board_on_a_page_looks_again_by_itself_until_it_is_closed(room):
    shown = board.ClassBoard(room.folder, seconds=0.1)
    try:
        assert "Nobody shares" in shown._rows.value
        room("ada")
        for _ in range(100):
            if "ada" in shown._rows.value:
                break
            shown._closed.wait(0.1)
        assert "ada" in shown._rows.value
        shown._names.value = False
        assert "ada" not in shown._rows.value
        assert "QXD" in shown._rows.value
    finally:
        shown.close()


def test_where_there_is_no_class_the_board_says_where_there_is_one(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("CNNLAB_CLASS", raising=False)
    with pytest.raises(DataError, match="CNNLAB_CLASS"):
        board.ClassBoard()
    assert cli.main(["board", str(tmp_path / "none")]) == 1
    assert "cannot list" in capsys.readouterr().err
    monkeypatch.setenv("CNNLAB_CLASS", str(tmp_path))
    assert cli.main(["board"]) == 0
    assert "Nobody shares" in capsys.readouterr().out
