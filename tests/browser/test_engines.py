"""Lesson 01 where the other browser tests do not go: Firefox, WebKit, Notebook 7, marimo."""

import time
from pathlib import Path

import nbformat
import numpy as np
import pytest

from cnnlab import display, filters, images
from cnnlab import functional as F
from cnnlab.exercises import filters as lesson
from tests.browser.engines import opened
from tests.tools import FRONT_ENDS

LESSON = Path(__file__).parents[2] / "notebooks" / "01_filters.ipynb"
# A cell of marimo may not name again what another cell has named, as the lesson does.
CELLS_FOR_MARIMO = {"setup", "predict-sky", "lab", "a-show", "one-number"}
WEIGHT = "[aria-label='Weights of the filter'] [data-row='1'][data-column='1']"


def painted(weights):
    """What must be on the canvas, by way of functional and display alone."""
    image = images.sample("camera")
    return display.paint(F.conv2d(image[None, ..., None], weights[..., None, None])[0, ..., 0])


def shows(browser, expected):
    """Wait until the kernel has painted exactly these pixels."""
    deadline = time.monotonic() + 30
    while True:
        canvas = browser.find("[data-widget=FilterLab] [data-role=map]")
        source = browser.ask("(canvas) => canvas.dataset.source", canvas)
        found = browser.pixels_of(canvas)
        if source == "kernel" and np.array_equal(found, expected):
            return
        assert time.monotonic() < deadline, (
            f"the {source} painted {found.shape}, of which {np.sum(found != expected)} bytes differ"
        )
        time.sleep(0.1)


def click(browser, selector, words=""):
    browser.click(browser.find(selector, words))


def lesson_for(front_end, folder):
    """The lesson; of it, for marimo, what can be said there."""
    if front_end != "marimo":
        return LESSON
    part = nbformat.read(LESSON, 4)
    part.cells = [cell for cell in part.cells if cell.id in CELLS_FOR_MARIMO]
    nbformat.write(part, folder / LESSON.name)
    return folder / LESSON.name


@pytest.mark.parametrize(
    "front_end", [pytest.param(name, marks=pytest.mark.needs(name)) for name in FRONT_ENDS]
)
def test_lesson_01_follows_the_hand_in(front_end, tmp_path, browser):
    weights = filters.CATALOGUE["laplacian"].weights.copy()
    part = lesson_for(front_end, tmp_path)
    with opened(front_end, part, tmp_path, browser) as driver:
        shows(driver, painted(weights))
        driver.press_up(driver.find(WEIGHT))
        weights[1, 1] += 0.1
        shows(driver, painted(weights))

        click(driver, "[data-widget=Predict] input[type=radio]")
        click(driver, "[data-widget=Predict] button", "Lock my answer")
        driver.find("[data-widget=Predict]", "Your answer, a, is locked")
        click(driver, "[data-widget=Predict] button", "Reveal")
        driver.find("[data-widget=Predict] [data-state=wrong]", "not this")

        # marimo shows what the check returns as it stands in an exported page: folded text.
        click(driver, "[data-widget=Verdict] button, summary", "Hint")
        driver.find("li", lesson.one_number.hints[0])
        assert not driver.complaints()
