"""The link that brings the course: what is new comes, what a learner made stays, byte for byte."""

import json

CHAPTERS = "notebooks/01_filters.ipynb", "notebooks/02_stride_and_padding.ipynb"


def write(path, notebook):
    """Write a notebook as JupyterLab does, so that only what was changed differs."""
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")


def altered(path, remark):
    """Change a notebook in its first cell and in one of its last, as a new edition would."""
    notebook = json.loads(path.read_text())
    for cell in (notebook["cells"][0], notebook["cells"][-1]):
        cell["source"] = ["".join(cell["source"]), f"\n\n{remark}"]
    write(path, notebook)


def test_a_new_edition_comes_without_touching_what_a_learner_made(lab, cyd):
    mine, course = lab.home("cyd") / "course", lab.hub / "course"
    changed, untouched = CHAPTERS
    notebook = json.loads((mine / changed).read_text())
    notebook["cells"][5]["source"] = ["my own words"]
    write(mine / changed, notebook)
    (mine / "notebooks" / "own.txt").write_text("mine")
    (mine / "notebooks" / "later.ipynb").write_text("mine too")
    before = (mine / changed).read_bytes()
    for name in CHAPTERS:
        altered(course / name, "A second edition.")
    (course / "notebooks" / "later.ipynb").write_text(json.dumps({"cells": []}))
    lab.publish("Second edition")
    cyd.pull()
    assert (mine / changed).read_bytes() == before
    assert "A second edition." in (mine / untouched).read_text()
    assert (mine / "notebooks" / "own.txt").read_text() == "mine"
    kept = list((mine / "notebooks").glob("later__*.ipynb"))
    assert [path.read_text() for path in kept] == ["mine too"]


def test_a_link_can_be_followed_again_and_a_deleted_chapter_comes_back(lab, cyd):
    mine = lab.home("cyd") / "course"
    before = (mine / CHAPTERS[0]).read_bytes()
    (mine / CHAPTERS[1]).unlink()
    cyd.pull()
    cyd.pull()
    assert (mine / CHAPTERS[0]).read_bytes() == before
    assert json.loads((mine / CHAPTERS[1]).read_text())["cells"]
