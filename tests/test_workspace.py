"""The learner's folder: filled once, and never at the cost of the learner's work."""

import pytest

from cnnlab import workspace
from cnnlab.errors import DataError


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    folder = tmp_path / "shipped"
    (folder / "_static").mkdir(parents=True)
    (folder / "00_start_here.ipynb").write_text("start")
    (folder / "01_filters.ipynb").write_text("filters")
    (folder / "_static" / "drawing.png").write_bytes(b"png")
    monkeypatch.setattr(workspace, "shipped_notebooks", lambda: folder)
    return folder


def test_an_empty_folder_gets_every_file_of_the_course(shipped, tmp_path):
    filled = workspace.fill(tmp_path / "own")
    assert filled.added == ("00_start_here.ipynb", "01_filters.ipynb", "_static/drawing.png")
    assert (tmp_path / "own" / "_static" / "drawing.png").read_bytes() == b"png"


def test_a_notebook_the_learner_changed_is_kept_and_the_new_edition_laid_beside(shipped, tmp_path):
    own = tmp_path / "own"
    workspace.fill(own)
    (own / "01_filters.ipynb").write_text("my answers")
    (shipped / "01_filters.ipynb").write_text("second edition")
    filled = workspace.fill(own)
    assert filled.kept == ("01_filters.ipynb",)
    assert (own / "01_filters.ipynb").read_text() == "my answers"
    (beside,) = own.glob("01_filters (*).ipynb")
    assert beside.read_text() == "second edition"


def test_a_notebook_beside_is_not_overwritten_either(shipped, tmp_path):
    own = tmp_path / "own"
    workspace.fill(own)
    (own / "01_filters.ipynb").write_text("my answers")
    for edition in ("second edition", "third edition"):
        (shipped / "01_filters.ipynb").write_text(edition)
        workspace.fill(own)
        (beside,) = own.glob("01_filters (*).ipynb")
        beside.write_text("my answers in the new one")
    assert beside.read_text() == "my answers in the new one"


def test_a_notebook_the_learner_never_touched_is_brought_up_to_date(shipped, tmp_path):
    own = tmp_path / "own"
    workspace.fill(own)
    (shipped / "00_start_here.ipynb").write_text("second edition")
    filled = workspace.fill(own)
    assert filled.updated == ("00_start_here.ipynb",)
    assert (own / "00_start_here.ipynb").read_text() == "second edition"


def test_a_file_of_unknown_origin_counts_as_the_learners(shipped, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "00_start_here.ipynb").write_text("from somewhere else")
    assert workspace.fill(own).kept == ("00_start_here.ipynb",)
    assert (own / "00_start_here.ipynb").read_text() == "from somewhere else"


def test_a_damaged_record_costs_nobody_their_work(shipped, tmp_path):
    own = tmp_path / "own"
    workspace.fill(own)
    (own / "01_filters.ipynb").write_text("my answers")
    (own / ".cnnlab.json").write_text("{broken")
    workspace.fill(own)
    assert (own / "01_filters.ipynb").read_text() == "my answers"


def test_a_deleted_notebook_comes_back(shipped, tmp_path):
    own = tmp_path / "own"
    workspace.fill(own)
    (own / "01_filters.ipynb").unlink()
    assert workspace.fill(own).added == ("01_filters.ipynb",)


def test_a_folder_that_cannot_be_made_says_what_to_do(shipped, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"cannot write the notebooks to .*; choose another place"):
        workspace.fill(tmp_path / "file" / "folder")


def test_the_package_finds_the_notebooks_it_ships():
    assert (workspace.shipped_notebooks() / "01_filters.ipynb").is_file()


def test_the_pages_of_whoever_teaches_a_class_are_no_part_of_a_learners_folder(shipped, tmp_path):
    (shipped / "instructor").mkdir()
    (shipped / "instructor" / "01_filters.md").write_text("answers")
    assert not any("instructor" in name for name in workspace.fill(tmp_path / "own").added)
