"""The sheet every plot is drawn on: it shows itself, describes itself, and leaves no trace."""

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from cnnlab import plots
from cnnlab.errors import DataError, ShapeError


def test_a_picture_shows_itself_with_its_description():
    picture = plots.numbers(np.eye(3), "a diagonal")
    data, about = picture._repr_mimebundle_()
    with Image.open(io.BytesIO(data["image/png"])) as file:
        assert file.text["Description"] == picture.alt
        assert about["image/png"]["width"] == pytest.approx(file.width / 1.25, abs=1)
    assert about["image/png"]["alt"] == data["text/plain"] == repr(picture) == picture.alt
    assert "a diagonal: 3x3 numbers [[1 0 0] [0 1 0] [0 0 1]]" in picture.alt


def test_jupyter_shows_the_picture_and_no_address():
    from IPython.core.interactiveshell import InteractiveShell

    formatter = InteractiveShell.instance().display_formatter
    data, _ = formatter.format(plots.image(np.zeros((3, 3)), "night"))
    assert data.keys() == {"image/png", "text/plain"}
    assert data["text/plain"] == "night: 3x3 pixels from 0 to 0"


def test_a_photograph_becomes_a_small_file():
    noise = np.random.default_rng(0).random((512, 512, 3))
    data, _ = plots.image(noise)._repr_mimebundle_()
    assert "image/jpeg" in data
    assert len(data["image/jpeg"]) < 700_000


def test_plots_never_touch_pyplot():
    code = (
        "import numpy as np, sys; from cnnlab import plots;"
        "plots.image(np.eye(4)).encoded(); plots.numbers(np.eye(2)).encoded();"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_plots_drawn_in_several_threads_do_not_mix():
    def draw(value: int) -> bytes:
        return plots.numbers([[value]], str(value)).encoded()[1]

    alone = [draw(value) for value in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(draw, range(4)))
    assert together == alone


def test_a_picture_is_a_figure_of_matplotlib(tmp_path):
    picture = plots.image(np.eye(4), "mine")
    picture.axes[0].set_title("another title")
    picture.savefig(tmp_path / "mine.svg")
    assert "<!-- another title -->" in (tmp_path / "mine.svg").read_text()


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((2, 2, 4)), np.zeros((3, 4, 4, 1)), [[]]])
def test_what_is_no_picture_is_told_what_to_try(wrong):
    with pytest.raises(ShapeError, match=r"one picture is \(height, width\) or .* try plots"):
        plots.image(wrong)


def test_titles_must_match_the_pictures():
    with pytest.raises(ShapeError, match="got 2 pictures and 1 titles"):
        plots.side_by_side([np.eye(2), np.eye(2)], ["only one"])
    with pytest.raises(ShapeError, match="got 0 pictures and 0 titles"):
        plots.side_by_side([])


@pytest.mark.parametrize(
    ("title", "message"),
    [
        (None, 'title must be a text, got None; try title="..."'),
        (np.ones(2), r"title must be a text, got an array of shape \(2,\)"),
        ("x" * 100_000, r"at most 200 characters that can be drawn, got 100,000: 'xx.*; try a few"),
        ("a\0b", "title must be at most 200 characters that can be drawn, got 3"),
    ],
)
def test_a_title_that_cannot_be_drawn_is_refused(title, message):
    with pytest.raises(DataError, match=message):
        plots.image(np.eye(3), title)


def test_a_dollar_sign_is_a_dollar_sign():
    """Matplotlib would read a formula between two of them, and stop at this one."""
    picture = plots.image(np.eye(3), "from $5 to $x_{")
    assert picture.alt.startswith("from $5 to $x_{")
    assert picture.encoded()[0] == "image/png"


def test_more_pictures_than_can_be_seen_are_refused():
    with pytest.raises(ShapeError, match="20,000 pictures are too many to see at once, 400 are"):
        plots.patches([np.eye(2)] * 20_000)


def test_filters_that_broke_are_drawn_as_broken():
    picture = plots.filters(np.full((3, 3, 1, 2), np.nan))
    assert picture.encoded()[0] == "image/png"
