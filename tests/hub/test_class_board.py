"""The class board on a hub: what a learner shares is for the instructors, and for nobody else."""

import asyncio
import json

from tests.hub.page import Page

CHAPTER = "course/notebooks/01_filters.ipynb"
SHARE = "from cnnlab import exercises\nprint(exercises.share({!r}))"
ANSWER = "from cnnlab.exercises import filters as lesson\nlesson.map_size.commit(2)"
BOARD = "from cnnlab.classroom import board\nprint(board.read())"


def in_kernel(learner, code):
    """Run code in a kernel of the learner's own server; returns what it printed."""

    async def work():
        async with Page(learner, CHAPTER) as page:
            return await page.run(code)

    return asyncio.run(work())


def test_what_a_learner_shares_is_the_instructors_to_read_and_nobody_elses(lab, teacher, ada, bob):
    in_kernel(ada, ANSWER)
    assert "Nobody shares" in in_kernel(teacher, BOARD)
    assert "under your name" in in_kernel(ada, SHARE.format("on"))
    row = in_kernel(teacher, BOARD).splitlines()[-1]
    assert row.split()[:5] == ["ada", "01", "map", "size", "(prediction)"]
    place = lab.hub / "board" / "ada"
    for action in (
        f"open({str(place / 'summary.json')!r}).read()",
        f"open({str(place / 'summary.json')!r}, 'w')",
        f"os.listdir({str(place)!r})",
        f"open({str(place / 'other.json')!r}, 'w')",
        f"os.rename({str(place)!r}, {str(place.parent / 'bob' / 'ada')!r})",
        f"os.listdir({str(place.parent)!r})",
        f"os.mkdir({str(place.parent / 'eve')!r})",
    ):
        assert lab.tried(action, "bob") == "PermissionError", action
    assert lab.tried(f"os.listdir({str(place.parent / 'bob')!r})", "bob") == "got []"


def test_an_instructor_reads_the_board_and_cannot_write_it(lab, teacher, ada):
    in_kernel(ada, SHARE.format("on"))
    file = lab.hub / "board" / "ada" / "summary.json"
    code = f"try: open({str(file)!r}, 'a')\nexcept PermissionError: print('refused')"
    assert in_kernel(teacher, code).strip() == "refused"


def test_who_is_anonymous_is_shown_by_letters_and_who_switches_off_is_gone(lab, teacher, ada):
    said = in_kernel(ada, SHARE.format("anonymous"))
    letters = json.loads((lab.hub / "board" / "ada" / "summary.json").read_text())["alias"]
    assert f"how far {letters} is" in said
    rows = in_kernel(teacher, BOARD)
    assert letters in rows
    assert "ada" not in rows
    in_kernel(ada, SHARE.format("off"))
    assert list((lab.hub / "board" / "ada").iterdir()) == []
    assert "Nobody shares" in in_kernel(teacher, BOARD)
