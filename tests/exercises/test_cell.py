import pytest

from cnnlab.exercises.cell import Cell

TWO = Cell("""
    def area(width, height):
        if width < 0:
            return <<0>>
        return <<width * height>>
    """)


def test_skeleton_solution_and_mistakes_come_from_one_text():
    assert TWO.skeleton.splitlines()[2:] == ["        return ...", "    return ..."]
    assert TWO.solution.splitlines()[2:] == ["        return 0", "    return width * height"]
    assert TWO.filled(None, "width").splitlines()[2:] == ["        return 0", "    return width"]


def test_a_blank_of_several_lines_keeps_its_indentation():
    cell = Cell("""
        def area(width, height):
            <<product = width * height
            return product>>
        """)
    assert cell.skeleton == "def area(width, height):\n    ..."
    text = """\
        total = width + height
        return total"""
    assert cell.filled(text).splitlines()[1:] == ["    total = width + height", "    return total"]
    assert cell.value(cell.filled(text), {})(2, 3) == 5


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("a = 1\nb = <<2>>", "b"),
        ("row, column = <<1>>, <<0>>", "row, column"),
        ("def f(x):\n    return <<x>>", "f"),
        ("class Layer:\n    size = <<3>>", "Layer"),
    ],
)
def test_what_is_asked_for_is_what_the_last_statement_sets(text, asks):
    assert Cell(text).asks == asks


def test_a_cell_that_sets_nothing_is_refused():
    with pytest.raises(ValueError, match=r"the last statement of a cell sets a name, got: f\(x\)"):
        _ = Cell("f(x)").asks


def test_the_line_that_checks_stands_below():
    assert Cell("a = <<1>>").checked_by("check") == "a = ...\ncheck(a)"
    assert TWO.checked_by("check").splitlines()[-2:] == ["", "check(area)"]


def test_more_texts_than_blanks_are_refused():
    with pytest.raises(ValueError, match="argument"):
        TWO.filled("1", "2", "3")
