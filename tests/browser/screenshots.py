"""Take the pictures of the README from JupyterLab in a real browser.

python -m tests.browser.screenshots

A film of FilterLab, in which one number is changed, and a sheet with other widgets.
"""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator

from tests.browser.jupyterlab import Notebook, Server, chromium

PICTURES = Path(__file__).parents[2] / ".github"
WIDTH = 960

FILM = """\
from cnnlab import widgets

widgets.FilterLab("astronaut", colour=False, filter="identity")"""
CHANGES = [-k / 12 for k in range(13)]
"""What the weight beside the middle becomes: at 0 the map is the photograph, at -1 its edges."""
FRAME, REST = 120, 1500  # milliseconds: a picture of the film, and the first and last of them

SHEET = """\
from cnnlab import Network, datasets, optimizers, training, widgets, zoo

train, test = datasets.digits()
run = training.run(
    Network(zoo.digits_net(), seed=0), train, validation=test, epochs=6, batch_size=32,
    optimizer=optimizers.SGD(0.05, momentum=0.9),
)""", """\
widgets.ConvolutionStepper(
    [[1, 5, 2, 0], [2, 3, 0, 7], [4, 1, 6, 2], [3, 8, 1, 5]], [[1, -1], [0, 2]],
)""", """\
widgets.NetworkExplorer(zoo.pretrained("lenet5"))""", """\
widgets.NetworkBuilder("lenet5", parameter_budget=50_000)""", """\
widgets.TrainingBoard(run)""", """\
widgets.ActivationExplorer("relu", "camera", filter="sobel_x")"""  # fmt: skip
COLUMNS, GAP = 2, 16


def film(browser: Browser) -> None:
    """Change one number step by step, and back."""
    with _opened(browser, FILM) as lab:
        weight = lab.locator("[data-row='1'][data-column='0']")
        frames = []
        for value in CHANGES:
            weight.fill(f"{value:.2f}")
            lab.page.wait_for_timeout(500)
            frames.append(_shot(lab).crop((0, 0, WIDTH, 500)))
    there = [REST, *[FRAME] * (len(frames) - 2), REST]
    frames, times = frames + frames[-2:0:-1], there + there[-2:0:-1]
    frames[0].save(
        PICTURES / "filter_lab.webp", save_all=True, append_images=frames[1:], duration=times,
        loop=3, quality=50, method=6,
    )  # fmt: skip


def sheet(browser: Browser) -> None:
    """Put several widgets side by side, as high as they are."""
    with _opened(browser, *SHEET) as first:
        page = first.page
        widgets = page.locator(".jp-OutputArea-output .cnnlab")
        page.get_by_role("button", name="Start", exact=True).click()
        page.get_by_text("step 270 of 270").wait_for()
        page.wait_for_timeout(1000)
        shots = [_shot(widgets.nth(k)) for k in range(widgets.count())]
    width = (WIDTH * 2 - GAP) // COLUMNS
    shots = [one.resize((width, round(one.height * width / one.width))) for one in shots]
    columns: list[list[Image.Image]] = [[] for _ in range(COLUMNS)]
    for one in shots:
        min(columns, key=lambda column: sum(each.height + GAP for each in column)).append(one)
    height = max(sum(one.height + GAP for one in column) for column in columns) - GAP
    whole = Image.new("RGB", (width * COLUMNS + GAP, height), "white")
    for place, column in enumerate(columns):
        top = 0
        for one in column:
            whole.paste(one, (place * (width + GAP), top))
            top += one.height + GAP
    whole.save(PICTURES / "widgets.webp", quality=70, method=6)


@contextmanager
def _opened(browser: Browser, *cells: str) -> Iterator[Locator]:
    """Run a notebook; gives its first widget."""
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        notebook = Notebook(page, server, server.write("lesson.ipynb", *cells))
        notebook.run_all()
        widget = page.locator(".jp-OutputArea-output .cnnlab").first
        widget.locator("canvas:visible").first.wait_for()
        yield widget
        notebook.shut_down()
        page.close()


def _shot(widget: Locator) -> Image.Image:
    widget.scroll_into_view_if_needed()
    widget.page.wait_for_timeout(300)
    picture = Image.open(io.BytesIO(widget.screenshot())).convert("RGB")
    size = (WIDTH, round(picture.height * WIDTH / picture.width))
    return picture.resize(size, Image.Resampling.LANCZOS)


if __name__ == "__main__":
    with chromium() as browser:
        film(browser)
        sheet(browser)
